//! Completion changes no decision of a context that the release covers, decided by the real engine before and after.
#![cfg(all(feature = "release", feature = "regex"))]
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a document that is not of the form that `support` makes must fail"
)]
#![expect(dead_code, reason = "`support` has more than this test needs")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use tidegate::model::{self, Feature, Key, Mode, Percent, PipelineRef};
use tidegate::release::{self, Change, Now, PhaseStatus, Plan, State, Status, fold, served, start};
use tidegate::{Engine, Value};

use self::support::{ENVIRONMENTS, contexts, plain, releases};

type Attributes = Map<String, Json>;
const NOW: Now = Now { wall: 1_700_000_000_000, uptime: 5_000 };

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn of<T: serde::de::DeserializeOwned>(json: &Json) -> T {
    serde_json::from_str(&json.to_string()).unwrap()
}

fn key(text: &str) -> Key {
    text.into()
}

/// A plan of one release of the document, and its state: phases that are not live were skipped.
fn planned(document: &Json, release: &Json) -> (Plan, State) {
    let release: model::Release = of(release);
    let base = |key: &Key| document["features"].get(&**key).map(|json| Arc::new(of::<Feature>(json)));
    let features = release.features.iter().map(|(key, change)| {
        (Key::clone(key), Change { base: base(key), candidate: change.candidate.clone() })
    });
    let phases: Vec<release::Phase> = release
        .phases
        .iter()
        .map(|phase| release::Phase {
            id: Key::clone(&phase.id),
            target: phase.target.clone(),
            patches: phase.patches.as_ref().map(|patches| {
                let patch = |patch: &model::Patch| release::PhasePatch {
                    patch: patch.patch,
                    feature: patch.feature.clone(),
                    audience: patch.audience.clone(),
                    variant: patch.variant.clone(),
                };
                patches.iter().map(patch).collect()
            }),
            ..release::Phase::default()
        })
        .collect();
    let plan = Plan {
        id: Key::clone(&release.id),
        description: None,
        pipeline: PipelineRef { key: key("line"), version: 1 },
        environments: vec![vec![]; phases.len()],
        windows: vec![vec![]; phases.len()],
        phases,
        start_at: 0,
        features: features.collect(),
        segments: BTreeMap::new(),
        ramp: release.ramp.clone().unwrap_or_default(),
        opted_out: vec![],
        requires: vec![],
        author: key("ann"),
        starter: key("ann"),
        digest: "d".to_owned(),
    };
    let mut state = start(&plan, NOW).state;
    state.status = Status::Running;
    for (at, phase) in state.phases.iter_mut().zip(&release.phases) {
        at.status = if phase.live { PhaseStatus::Done } else { PhaseStatus::Skipped };
        at.percent = phase.ramp.map_or(Percent::ALL, |ramp| ramp.percent);
    }
    (plan, state)
}

fn environments() -> Vec<Key> {
    ENVIRONMENTS.iter().map(|name| key(name)).collect()
}

/// The document without the release, with what completion leaves.
fn completed(document: &Json, plan: &Plan, state: &State) -> Json {
    let mut after = document.clone();
    let folded = fold(plan, state, &environments());
    for (key, feature) in folded.features {
        let features = after["features"].as_object_mut().unwrap();
        match feature {
            Some(feature) => features.insert(key.to_string(), serde_json::to_value(feature).unwrap()),
            None => features.remove(&*key),
        };
    }
    after
}

fn overlaid(document: &Json, plan: &Plan, state: &State) -> Json {
    let mut before = document.clone();
    before["releases"] = json!([serde_json::to_value(served(plan, state)).unwrap()]);
    before
}

fn loaded(document: &Json) -> Engine {
    let engine = Engine::builder().mode(Mode::Lenient).build();
    engine.load(document.to_string().as_bytes()).unwrap();
    engine
}

fn decided(engine: &Engine, feature: &str, context: &Attributes) -> (Json, Json) {
    let context = engine.context().with_object(&of::<Value>(&Json::Object(context.clone()))).build();
    let decision = serde_json::to_value(engine.view().at(NOW.wall).decide_name(feature, &context)).unwrap();
    (decision["variant"].clone(), decision["value"].clone())
}

/// A gate that is on for whom an `apply` on the feature takes part; none if none can.
fn probe(plan: &Plan, state: &State, feature: &str) -> Option<Json> {
    let release = serde_json::to_value(served(plan, state)).unwrap();
    let salt = served(plan, state).ramp_salt();
    let mut rules = Vec::new();
    for phase in release["phases"].as_array().unwrap().iter().filter(|phase| phase["live"] == true) {
        let everyone = vec![json!({"patch": "apply", "feature": feature})];
        let patches = phase["patches"].as_array().unwrap_or(&everyone);
        for patch in patches.iter().filter(|patch| patch["patch"] == "apply" && patch["feature"] == feature) {
            let mut all = Vec::new();
            if let Some(entries) = phase["target"].as_array() {
                let entry = |entry: &Json| {
                    let mut parts = Vec::new();
                    if entry["environments"].is_array() {
                        parts.push(
                            json!({"attribute": "environment", "op": "in", "value": entry["environments"]}),
                        );
                    }
                    parts.extend(entry.get("if").cloned());
                    json!({"all": parts})
                };
                all.push(json!({"any": entries.iter().map(entry).collect::<Vec<_>>()}));
            }
            if let Some(percent) = phase["ramp"]["percent"].as_f64() {
                let share = (percent * 10_000.0).round() as u32;
                let unit = release["ramp"]["unit"].clone();
                all.push(match share {
                    0 => json!({"any": []}),
                    _ => json!({"bucket": {"unit": unit, "salt": &*salt, "from": 0, "to": share}}),
                });
            }
            if let Some(segment) = patch.get("for") {
                all.push(json!({"segment": segment}));
            }
            rules.push(json!({"id": format!("r{}", rules.len()), "if": {"all": all}, "variant": "on"}));
        }
    }
    (!rules.is_empty()).then(|| json!({"kind": "gate", "rules": rules}))
}

/// The release over `b` and `e`, the documents' releases being what they may.
fn left() -> impl Strategy<Value = Json> {
    releases().prop_filter_map("the release `left`", |releases| {
        releases.iter().find(|release| release["id"] == "left").cloned()
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn covered_contexts_decide_the_same_before_and_after_completion(
        document in plain(),
        release in left(),
        contexts in contexts(),
        (rolls_out, opts_out) in any::<(bool, bool)>(),
    ) {
        let mut document = document.0.clone();
        // A kill serves the base's default, and completion makes another base.
        document.as_object_mut().unwrap().remove("kills");
        let (mut plan, mut state) = planned(&document, &release);
        if opts_out {
            plan.opted_out = vec![key("staging")];
        }
        if rolls_out {
            for phase in &mut state.phases {
                phase.status = PhaseStatus::Done;
                phase.percent = Percent::ALL;
            }
        }
        let before = loaded(&overlaid(&document, &plan, &state));
        let mut ended = state.clone();
        ended.status = Status::Completed;
        if rolls_out {
            ended.rolled_out = true;
            for phase in &mut ended.phases {
                phase.status = PhaseStatus::Pending;
                phase.percent = Percent::NONE;
            }
        }
        let after = loaded(&completed(&document, &plan, &ended));
        for feature in ["b", "e"] {
            let candidate = &release["features"][feature]["candidate"];
            let probe = probe(&plan, &state, feature);
            let is_archived = match &probe {
                Some(_) => &candidate["archived"],
                None => &document["features"][feature]["archived"],
            };
            if is_archived == true {
                continue; // one default for all: said in `fold`
            }
            let mut probing = overlaid(&document, &plan, &state);
            probing["features"]["probe"] = probe.clone().unwrap_or_default();
            let probing = probe.is_some().then(|| loaded(&probing));
            for context in &contexts {
                let is_covered = probing.as_ref().is_none_or(|probing| decided(probing, "probe", context).0 == "on");
                if is_covered {
                    prop_assert_eq!(
                        decided(&before, feature, context),
                        decided(&after, feature, context),
                        "{} of {}\n{}\n{}", feature, Json::Object(context.0.clone()),
                        overlaid(&document, &plan, &state), completed(&document, &plan, &ended)
                    );
                }
            }
        }
    }

    #[test]
    fn an_abort_restores_the_base(document in plain(), release in left(), contexts in contexts()) {
        let (plan, mut state) = planned(&document, &release);
        let engine = loaded(&overlaid(&document, &plan, &state));
        state.status = Status::Aborted;
        let mut aborted = overlaid(&document, &plan, &state);
        aborted["version"] = 2.into();
        engine.load(aborted.to_string().as_bytes()).unwrap();
        let base = loaded(&document);
        for (feature, context) in ["a", "b", "c", "d"].iter().flat_map(|key| contexts.iter().map(move |c| (*key, c))) {
            prop_assert_eq!(decided(&engine, feature, context), decided(&base, feature, context));
        }
    }
}

fn simple(patch: Json, environments: Json) -> (Plan, State) {
    let document = json!({"features": {"f": {"kind": "gate", "enabled": false, "default": "on"}}});
    let release = json!({"id": "r", "features": {"f": {}}, "phases": [
        {"id": "p", "live": true, "target": [{"environments": environments}], "patches": [patch]}]});
    planned(&document, &release)
}

#[test]
fn a_switch_in_one_environment_is_one_field_of_its_block() {
    let (plan, state) = simple(json!({"patch": "enable", "feature": "f"}), json!(["prod"]));
    let folded = fold(&plan, &state, &environments());
    let feature = folded.features["f"].clone().unwrap();
    assert_eq!(
        serde_json::to_value(feature).unwrap(),
        json!({"kind": "gate", "enabled": false, "default": "on", "environments": {"prod": {"enabled": true}}})
    );
}

#[test]
fn a_last_share_stays_as_a_bucket_on_the_salt_of_the_ramp() {
    let (plan, mut state) = simple(json!({"patch": "enable", "feature": "f"}), json!(["prod"]));
    state.phases[0].percent = Percent(250_000);
    let folded = fold(&plan, &state, &environments());
    let feature = serde_json::to_value(folded.features["f"].clone().unwrap()).unwrap();
    // Without rules, enabled serves what disabled does: nothing is left to be told apart.
    assert_eq!(feature["environments"]["prod"], json!({"enabled": true}));

    let (plan, mut state) =
        simple(json!({"patch": "set", "feature": "f", "variant": "off"}), json!(["prod"]));
    state.phases[0].percent = Percent(250_000);
    let folded = fold(&plan, &state, &environments());
    let feature = serde_json::to_value(folded.features["f"].clone().unwrap()).unwrap();
    let bucket = json!({"bucket": {"unit": "user_id", "salt": "ramp/f", "from": 0, "to": 250_000}});
    assert_eq!(feature["environments"]["prod"]["rules"][0]["if"], bucket);
    assert_eq!(feature["environments"]["prod"]["rules"][0]["variant"], "off");
}

#[test]
fn skipped_phases_leave_nothing_and_a_full_roll_out_everything() {
    let (mut plan, mut state) = simple(json!({"patch": "apply", "feature": "f"}), json!(["prod"]));
    let candidate: Arc<Feature> = Arc::new(of(&json!({"kind": "gate", "default": "on"})));
    plan.features.get_mut("f").unwrap().candidate = Some(Some(Arc::clone(&candidate)));
    let base = plan.features["f"].base.clone();
    let folded = |state: &State| fold(&plan, state, &environments()).features["f"].clone();
    assert_eq!(folded(&state), Some(Arc::clone(&candidate)), "everywhere, bit for bit");
    state.phases[0].status = PhaseStatus::Skipped;
    assert_eq!(folded(&state), base);
    state.rolled_out = true;
    assert_eq!(folded(&state), Some(candidate));
}

#[test]
fn segments_and_deletions_follow_an_apply() {
    let (mut plan, mut state) = simple(json!({"patch": "apply"}), json!(["prod"]));
    let condition = json!({"if": {"attribute": "plan", "op": "is_set"}});
    let candidate: Arc<model::Segment> = Arc::new(of(&condition));
    plan.features.get_mut("f").unwrap().candidate = Some(None);
    plan.segments.insert(key("s"), Change { base: None, candidate: Some(Some(Arc::clone(&candidate))) });
    let applied = fold(&plan, &state, &environments());
    assert_eq!((applied.features["f"].clone(), applied.segments["s"].clone()), (None, Some(candidate)));
    state.phases[0].status = PhaseStatus::Skipped;
    let skipped = fold(&plan, &state, &environments());
    assert!(skipped.features["f"].is_some() && skipped.segments["s"].is_none());
}

/// Both copies of a rule keep the units of the one that they are copies of.
#[test]
fn a_rule_that_is_copied_keeps_its_units() {
    let rule = json!({"id": "tenth", "rollout": {"percent": 10}, "variant": "on"});
    let plan_attribute = |value: &str| json!({"attribute": "plan", "op": "eq", "value": value});
    let document = json!({"features": {"f": {"kind": "gate", "rules": [rule]}}});
    let phase = |id: &str, patch: &str, value: &str| json!({"id": id, "live": true, "target": [{"if": plan_attribute(value)}], "patches": [{"patch": patch, "feature": "f"}]});
    let phases = [phase("p", "disable", "pro"), phase("q", "enable", "free")];
    let release = json!({"id": "r", "features": {"f": {}}, "phases": phases});
    let (plan, state) = planned(&document, &release);
    let feature = fold(&plan, &state, &environments()).features["f"].clone().unwrap();
    let rules = serde_json::to_value(&feature.rules).unwrap();
    assert_eq!(rules[0]["id"], "tenth");
    assert_eq!(rules[0]["if"], plan_attribute("free"));
    let copy = rules.as_array().unwrap().last().unwrap();
    assert_eq!((&copy["id"], &copy["rollout"]["salt"]), (&json!("tenth-2"), &json!("rollout/f/tenth")));
}

/// `otherwise: default` leads to the default of the context, which a `set` for some makes two.
#[test]
fn a_rule_that_falls_to_the_default_falls_to_that_of_the_context() {
    let rule = json!({"id": "none", "rollout": {"percent": 0}, "variant": "a", "otherwise": "default"});
    let rest = json!({"id": "rest", "variant": "a"});
    let feature = json!({"kind": "config", "variants": {"a": 1, "b": 2, "c": 3}, "default": "b", "rules": [rule, rest]});
    let mut document = json!({"schema_version": 1, "version": 1, "features": {"f": feature}});
    let pro = json!({"attribute": "plan", "op": "eq", "value": "pro"});
    let phase = json!({"id": "p", "live": true, "target": [{"if": pro}],
        "patches": [{"patch": "set", "feature": "f", "variant": "c"}]});
    let (plan, mut state) = planned(&document, &json!({"id": "r", "features": {"f": {}}, "phases": [phase]}));
    let before = loaded(&overlaid(&document, &plan, &state));
    state.status = Status::Completed;
    document = completed(&document, &plan, &state);
    let after = loaded(&document);
    for (plan, variant) in [("pro", "c"), ("free", "b")] {
        let context: Attributes = of(&json!({"user_id": "u", "plan": plan}));
        assert_eq!(decided(&before, "f", &context).0, variant);
        assert_eq!(decided(&after, "f", &context).0, variant, "{document}");
    }
}
