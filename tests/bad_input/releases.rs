//! Releases of which much is written often.

use serde_json::{Value as Json, json};
use tidegate::Engine;
use tidegate::error::Code;
use tidegate::model::Mode;

use super::{Peak, SO_MANY, all, isolated, running};

/// A config `f` under a release, of so many rules; in each of so many phases, a patch for a segment sets a variant, one
/// disables or enables, and one applies the candidate; and in so many environments it has the members.
fn patched(rules: usize, phases: usize, environments: usize, block: fn(usize) -> Json) -> Json {
    let variants: serde_json::Map<String, Json> = (0..100).map(|i| (format!("v{i}"), json!(i))).collect();
    let blocks: serde_json::Map<String, Json> =
        (0..environments).map(|i| (format!("e{i}"), block(i))).collect();
    let definition = |shift: usize| {
        let condition = |i| json!({"attribute": "a", "op": "eq", "value": i + shift});
        let rule =
            |i| json!({"id": format!("r{i}"), "if": condition(i), "variant": "v0", "otherwise": "default"});
        let rules: Vec<Json> = (0..rules).map(rule).collect();
        json!({"kind": "config", "variants": variants, "default": "v0", "rules": rules, "environments": blocks})
    };
    let segment = |i: usize| (format!("s{i}"), json!({"if": {"attribute": "x", "op": "eq", "value": i}}));
    let segments: serde_json::Map<String, Json> = (0..3 * phases).map(segment).collect();
    let phase = |i: usize| {
        let set = json!({"patch": "set", "feature": "f", "variant": format!("v{}", i % 100), "for": format!("s{}", 3 * i)});
        let switch = ["enable", "disable"][i % 2];
        let switch = json!({"patch": switch, "feature": "f", "for": format!("s{}", 3 * i + 1)});
        let apply = json!({"patch": "apply", "feature": "f", "for": format!("s{}", 3 * i + 2)});
        json!({"id": format!("p{i}"), "live": true, "patches": [set, switch, apply]})
    };
    let phases: Vec<Json> = (0..phases).map(phase).collect();
    json!({
        "schema_version": 1, "version": 2, "segments": segments, "features": {"f": definition(0)},
        "releases": [{"id": "x", "features": {"f": {"candidate": definition(7)}}, "phases": phases}],
    })
}

#[test]
fn what_patches_and_environments_repeat_is_written_once() {
    let peak = Peak::start();
    // Environments that differ in nothing, and a hundred patches that lead to the same rules.
    let document = patched(100, 30, 100, |_| json!({"enabled": true}));
    let engine = Engine::builder().mode(Mode::Strict).build();
    engine.load(document.to_string().as_bytes()).unwrap();
    let context = engine.context().with("environment", "e7").with("x", 89).with("a", 106).build();
    assert_eq!(engine.view().decide(engine.feature("f"), &context).phase(), Some("p29"));
    peak.assert_below_mb(100);
}

#[test]
fn what_patches_and_environments_repeat_too_often_is_refused() {
    let peak = Peak::start();
    let documents = [
        (patched(100, 100, 100, |i| json!({"default": format!("v{i}")})), "/releases/0/features/f"),
        (patched(5_000, 100, 0, |_| json!({})), "/releases/0/features/f"),
    ];
    for (document, place) in documents {
        let (error, update) = isolated(document.to_string().as_bytes());
        assert_eq!(all(&error), [format!("TG2015 {place}")]);
        // Its base is served, as if there were no release.
        assert_eq!(update.isolated.iter().map(|own| &**own).collect::<Vec<_>>(), ["f"]);
    }
    let mut many = patched(10_000, 0, 200, |i| json!({"default": format!("v{}", i % 100)}));
    many["releases"] = json!([]);
    let (error, update) = isolated(many.to_string().as_bytes());
    assert_eq!(all(&error), ["TG2015 /features/f/environments"]);
    assert_eq!(update.isolated.len(), 1);
    peak.assert_below_mb(400);
}

#[test]
fn a_target_is_written_for_few_patches_only() {
    let peak = Peak::start();
    let leaf = |i: usize| json!({"attribute": "a", "op": "eq", "value": i});
    let of = |leaves: usize, patches: usize| {
        let target = json!([{"if": {"any": (0..leaves).map(leaf).collect::<Vec<_>>()}}]);
        let patch = json!({"patch": "set", "feature": "f", "variant": "on", "for": "s"});
        let phase = json!({"id": "p", "live": true, "target": target, "patches": vec![patch; patches]});
        json!({
            "schema_version": 1, "version": 2, "segments": {"s": {"if": leaf(1)}}, "features": {"f": {"kind": "gate"}},
            "releases": [{"id": "x", "features": {"f": {}}, "phases": [phase]}],
        })
    };
    let (error, _) = isolated(of(10, 501).to_string().as_bytes());
    assert_eq!(all(&error), ["TG2015 /releases/0/features/f"]);
    let (error, _) = isolated(of(2_000, 400).to_string().as_bytes());
    assert_eq!(all(&error), ["TG2015 /releases/0/features/f"]);
    let engine = running(Mode::Strict);
    engine.load(of(900, 500).to_string().as_bytes()).unwrap();
    assert!(engine.check("f", &engine.context().with("a", 1).build()));
    assert!(!engine.check("f", &engine.context().with("a", 2).build()));
    peak.assert_below_mb(300);
}

/// A document of these features, and of one release with these features and phases.
fn under_release(features: &Json, released: &Json, phases: &Json) -> Json {
    let release = json!({"id": "x", "ramp": {"unit": "u"}, "features": released, "phases": phases});
    json!({"schema_version": 1, "version": 2, "features": features, "releases": [release]})
}

fn members(count: usize, prefix: &str, member: impl Fn(usize) -> Json) -> Json {
    Json::Object((0..count).map(|i| (format!("{prefix}{i}"), member(i))).collect())
}

fn rules(count: usize, condition: impl Fn(usize) -> Json) -> Json {
    (0..count).map(|i| json!({"id": format!("r{i}"), "if": condition(i), "variant": "on"})).collect()
}

/// A config of so many variants, each the default of an environment of its own.
fn in_many_environments(count: usize, rules: &Json) -> Json {
    let mut variants = members(count, "v", |i| json!(i));
    variants["on"] = json!(true);
    let blocks = members(count, "e", |i| json!({"default": format!("v{i}")}));
    json!({"kind": "config", "variants": variants, "default": "on", "rules": rules, "environments": blocks})
}

#[test]
fn nothing_that_is_written_often_is_copied_each_time() {
    let is = |attribute: &str, value: String| json!({"attribute": attribute, "op": "eq", "value": value});
    let gate = |members: Json| {
        let mut gate = members;
        gate["kind"] = json!("gate");
        gate
    };
    let live = |phase: Json| {
        let mut phase = phase;
        (phase["id"], phase["live"]) = (json!("p"), json!(true));
        json!([phase])
    };
    let documents = [
        // A release that is not live yet: its candidate's environments do not divide the base.
        under_release(
            &json!({"f": gate(json!({"rules": rules(2_000, |i| is("a", format!("v{i}")))}))}),
            &json!({"f": {"candidate": gate(json!({"environments": members(2_000, "e", |_| json!({"enabled": false}))}))}}),
            &json!([{"id": "p", "live": false}]),
        ),
        // Environments without rules are all alike.
        under_release(
            &json!({"f": gate(json!({}))}),
            &json!({"f": {"candidate": gate(json!({"environments": members(2_000, "e", |_| json!({"rules": []}))}))}}),
            &live(
                json!({"target": [{"if": {"any": (0..2_000).map(|i| is("a", format!("v{i}"))).collect::<Vec<_>>()}}]}),
            ),
        ),
        // Names of variants, long texts and lists are the same however often the rule is written.
        json!({"schema_version": 1, "version": 2, "features": {
            "g": gate(json!({})),
            "f": in_many_environments(1_000, &rules(1, |_| json!({"feature": "g", "variants": vec!["on"; 50_000]}))),
        }}),
        json!({"schema_version": 1, "version": 2, "features": {
            "f": in_many_environments(1_000, &rules(30, |i| is("a", format!("{i}{}", "x".repeat(10_000))))),
        }}),
        json!({"schema_version": 1, "version": 2, "features": {
            "f": in_many_environments(1_000, &rules(1, |_| {
                json!({"attribute": "a", "op": "in", "value": (0..10_000).map(|i| format!("user-{i:08}")).collect::<Vec<_>>()})
            })),
        }}),
        // What environments share is not in the switch of each.
        under_release(
            &json!({"f": gate(json!({"rules": rules(3_000, |i| is("environment", format!("x{i}")))}))}),
            &json!({"f": {"candidate": gate(json!({"environments": members(3_000, "e", |_| {
                json!({"rules": [{"id": "r", "variant": "on"}]})
            })}))}}),
            &live(json!({"target": [{"environments": ["prod"]}], "ramp": {"percent": 50}})),
        ),
    ];
    for (index, document) in documents.into_iter().enumerate() {
        let text = document.to_string();
        let peak = Peak::start();
        let engine = Engine::builder().mode(Mode::Strict).build();
        engine.load(text.as_bytes()).unwrap();
        assert!(peak.grown_kb() < 60 << 10, "document {index}: {} KB", peak.grown_kb());
    }
}

#[test]
fn targets_of_many_features_are_bounded_together() {
    let peak = Peak::start();
    let features = members(2_000, "f", |_| json!({"kind": "gate"}));
    let released = members(2_000, "f", |_| json!({"candidate": {"kind": "gate", "default": "on"}}));
    let names: Vec<String> = (0..5_000).map(|i| format!("e{i}")).collect();
    let phases = json!([{"id": "p", "live": true, "target": [{"environments": names}]}]);
    let (error, update) = isolated(under_release(&features, &released, &phases).to_string().as_bytes());
    assert_eq!((error.code(), error.diagnostics().len()), (Code::Limit, 1_001));
    // As many as fit; they are served by the release, the others without it.
    assert_eq!(update.isolated.len(), 2_000 - 1_000_000 / 5_001);
    peak.assert_below_mb(250);
}

/// Not of each feature that is in the release: that would be millions of references.
#[test]
fn what_phases_of_a_release_refer_to_is_held_once() {
    const COUNT: usize = 2_500;
    let features = members(COUNT, "f", |_| json!({"kind": "gate"}));
    let released = members(COUNT, "f", |_| json!({"candidate": {"kind": "gate", "default": "on"}}));
    let segments = members(COUNT, "s", |i| json!({"if": {"attribute": "a", "op": "eq", "value": i}}));
    let any: Vec<Json> = (0..COUNT).map(|i| json!({"segment": format!("s{i}")})).collect();
    // Without patches no limit of patches is in the way.
    let phases =
        json!([{"id": "p", "live": true, "target": [{"if": {"any": any.as_slice()}}], "patches": []}]);
    let mut document = under_release(&features, &released, &phases);
    document["segments"] = segments;
    let peak = Peak::start();
    let (error, update) = isolated(document.to_string().as_bytes());
    assert_eq!((error.code(), error.diagnostics().len()), (Code::ChainTooLong, 1_001));
    assert_eq!(update.isolated.len(), COUNT);
    peak.assert_below_mb(100);
    drop(peak);
    // And so is what they refer to that is not sound: a phase that cannot be read.
    document["releases"][0]["phases"][0]["live"] = json!("perhaps");
    let peak = Peak::start();
    let (error, _) = isolated(document.to_string().as_bytes());
    assert_eq!(all(&error), ["TG2004 /releases/0/phases/0/live"]);
    peak.assert_below_mb(100);
}

#[test]
fn patches_beyond_the_limit_take_time_in_proportion() {
    let _peak = Peak::start();
    let set = |i: usize| format!(r#"{{"patch": "set", "feature": "f", "variant": "v{i}"}}"#);
    let patches: Vec<String> = (0..SO_MANY).map(set).collect();
    let phases = json!([{"id": "p", "live": true, "patches": []}]);
    let broken = json!({"f": {"kind": "config", "variants": 5, "default": "a"}});
    let document = under_release(&broken, &json!({"f": {}}), &phases).to_string();
    let document = document.replace(r#""patches":[]"#, &format!(r#""patches":[{}]"#, patches.join(",")));
    let (error, update) = isolated(document.as_bytes());
    assert!(all(&error).contains(&"TG2015 /releases/0/features/f".to_owned()), "{:?}", all(&error));
    assert_eq!(update.isolated.len(), 1);
}

#[test]
fn pointer_to_a_patch_counts_those_that_are_ignored() {
    let _peak = Peak::start();
    let document = json!({"schema_version": 1, "version": 2, "segments": {"s": {"if": {"segment": "s"}}},
        "features": {"f": {"kind": "gate"}, "g": {"kind": "gate"}},
        "releases": [{"id": "r",
            "features": {"f": {"candidate": {"kind": "nonsense"}}, "g": {"candidate": {"kind": "gate"}}},
            "phases": [{"id": "p", "live": true, "patches": [
                {"patch": "apply", "feature": "f"}, {"patch": "apply", "feature": "g", "for": "s"}]}]}]});
    let update = Engine::new().load(document.to_string().as_bytes()).unwrap();
    let places: Vec<&str> = update.diagnostics.iter().map(|own| own.pointer.as_str()).collect();
    assert!(places.contains(&"/releases/0/phases/0/patches/1/for"), "{places:?}");
}
