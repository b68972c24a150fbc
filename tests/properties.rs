//! What holds for every document and context (strategies: `support/`). `PROPTEST_CASES` is the number of cases.
#![cfg(feature = "regex")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a document that is not of the form that `support` makes must fail"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value as Json, json};
use tidegate::context::{AttributeKey, Subject};
use tidegate::engine::trace_document;
use tidegate::model::Mode;
use tidegate::value::ValueRef;
use tidegate::{Context, Engine, Value};

use self::support::{
    ENVIRONMENTS, FEATURES, PROCESS, Shown, buckets, condition, context, contexts, document, percent, plain,
    releases, shuffled, with_releases,
};

const NOW: i64 = 1_700_000_000_000;
type Attributes = Map<String, Json>;

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn value(json: &Json) -> Value {
    serde_json::from_str(&json.to_string()).unwrap()
}

fn engine(process: &Attributes) -> Engine {
    let mut builder = Engine::builder().mode(Mode::Strict);
    for (name, json) in process {
        builder = builder.process(name, value(json));
    }
    builder.build()
}

/// Loads a document as a version.
fn load(engine: &Engine, document: &Json, version: u64) {
    let mut document = document.clone();
    document["version"] = version.into();
    if let Err(error) = engine.load(document.to_string().as_bytes()) {
        panic!("refused: {error}\n{document}");
    }
}

fn loaded(document: &Json) -> Engine {
    let engine = engine(&Attributes::new());
    load(&engine, document, 1);
    engine
}

/// All decisions for a context, by feature and without their version.
fn decisions(engine: &Engine, attributes: &Attributes) -> BTreeMap<&'static str, Json> {
    let context = engine.context().with_object(&value(&Json::Object(attributes.clone()))).build();
    decided(engine, &context)
}

fn decided(engine: &Engine, subject: &impl Subject) -> BTreeMap<&'static str, Json> {
    let view = engine.view().at(NOW);
    let decide =
        |key: &'static str| (key, unversioned(serde_json::to_value(view.decide_name(key, subject)).unwrap()));
    FEATURES.into_iter().map(decide).collect()
}

fn unversioned(mut decision: Json) -> Json {
    decision.as_object_mut().unwrap().remove("version");
    decision
}

fn unattributed(mut decisions: BTreeMap<&'static str, Json>) -> BTreeMap<&'static str, Json> {
    for decision in decisions.values_mut() {
        let fields = decision.as_object_mut().unwrap();
        fields.retain(|name, _| !matches!(name.as_str(), "release" | "phase" | "indirect"));
    }
    decisions
}

fn all(engine: &Engine, contexts: &[Shown<Attributes>]) -> Vec<BTreeMap<&'static str, Json>> {
    contexts.iter().map(|context| decisions(engine, context)).collect()
}

fn units(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("unit-{number}")).collect()
}

/// The units for which the gate is on.
fn on(engine: &Engine, gate: &str, units: &[String]) -> BTreeSet<String> {
    let (gate, key, view) = (engine.gate(gate), engine.attribute("user_id").unwrap(), engine.view());
    let inside = units.iter().filter(|unit| {
        let mut context = Context::default();
        context.set(key, unit.as_str());
        view.check(gate, &context)
    });
    inside.cloned().collect()
}

fn gate(rules: &Json) -> Json {
    json!({"kind": "gate", "rules": rules})
}

fn document_of(key: &str, feature: &Json) -> Json {
    json!({"schema_version": 1, "version": 1, "features": {key: feature}})
}

/// A document whose feature `a` a release turns on for a share.
fn ramped(share: u32, condition: Option<&Json>, candidate: &Json) -> Json {
    let mut document = document_of(
        "a",
        &json!({"kind": candidate["kind"], "variants": candidate["variants"], "default": "off"}),
    );
    let mut phase = json!({"id": "p", "live": true, "ramp": {"percent": percent(share)}});
    if let Some(condition) = condition {
        phase["target"] = json!([{"if": condition}]);
    }
    document["releases"] =
        json!([{"id": "r", "features": {"a": {"candidate": candidate}}, "phases": [phase]}]);
    document
}

fn switched_on() -> Json {
    json!({"kind": "gate", "variants": {"on": true, "off": false}, "default": "on"})
}

/// What changes a document into another (see `Compiler::apply`). All features are carried if a release or kill changed.
fn delta(from: &Json, to: &Json) -> Json {
    let mut delta = json!({"from": 1, "version": 2});
    let linked = ["releases", "kills", "exclusion_groups"].iter().any(|section| from[section] != to[section]);
    for section in ["features", "segments"] {
        let (old, new) = (from[section].as_object().unwrap(), to[section].as_object().unwrap());
        let changed = new.iter().filter(|(key, definition)| linked || old.get(*key) != Some(definition));
        let mut members: Attributes =
            changed.map(|(key, definition)| (key.clone(), definition.clone())).collect();
        members.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Json::Null)));
        delta[section] = members.into();
    }
    let ids = |document: &Json| -> BTreeSet<String> {
        document["releases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|release| release["id"].as_str().unwrap().to_owned())
            .collect()
    };
    if !to["releases"].as_array().unwrap().iter().any(|release| release["id"] == "left") {
        delta["features"]["e"] = Json::Null; // it is gone with its release
    }
    delta["releases"] = to["releases"].clone();
    delta["removed_releases"] = ids(from).difference(&ids(to)).cloned().collect();
    delta["kills"] = if to["kills"].is_null() { json!([]) } else { to["kills"].clone() };
    delta["exclusion_groups"] = to["exclusion_groups"].clone();
    delta
}

/// One document, and another that shares some of its parts.
fn two_documents() -> impl Strategy<Value = (Shown<Json>, Shown<Json>)> {
    (document(), document(), any::<u16>()).prop_map(|(from, other, taken)| {
        let mut to = from.clone();
        let parts = [
            ("segments", "s0"),
            ("segments", "s1"),
            ("features", "a"),
            ("features", "b"),
            ("features", "c"),
            ("features", "d"),
        ];
        for (bit, (section, key)) in parts.into_iter().enumerate() {
            if taken & (1 << bit) != 0 {
                to[section][key] = other[section][key].clone();
            }
        }
        if taken & (1 << 6) != 0 {
            to["releases"] = other["releases"].clone();
        }
        if taken & (1 << 7) != 0 {
            to["kills"] = if other["kills"].is_null() { json!([]) } else { other["kills"].clone() };
        }
        // Nothing refers to `d`; without its release it can go.
        let released = to["releases"].as_array().unwrap().iter().any(|release| release["id"] == "right");
        let killed = to["kills"][0]["feature"] == "d";
        if taken & (1 << 8) != 0 && !released && !killed {
            to["features"].as_object_mut().unwrap().remove("d");
        }
        (from, to)
    })
}

/// A subject of one's own, as a binding would have it.
struct Row(HashMap<AttributeKey, Value>);

impl Subject for Row {
    fn value(&self, attribute: AttributeKey) -> ValueRef<'_> {
        self.0.get(&attribute).map_or(ValueRef::Missing, ValueRef::from)
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn raising_a_rollout_only_adds_units(
        low in buckets(),
        high in buckets(),
        salt in "[a-zé/]{0,6}",
        otherwise in select(&["next", "default"][..]),
    ) {
        let (low, high) = (low.min(high), low.max(high));
        let share = |share| {
            let rollout = json!({"percent": percent(share)});
            let rule = json!({"id": "r", "rollout": rollout, "variant": "on", "otherwise": otherwise});
            let mut feature = gate(&json!([rule]));
            feature["salt"] = salt.as_str().into();
            document_of("f", &feature)
        };
        let (engine, units) = (loaded(&share(low)), units(200));
        let before = on(&engine, "f", &units);
        load(&engine, &share(high), 2);
        let after = on(&engine, "f", &units);
        prop_assert!(before.is_subset(&after));
        load(&engine, &share(low), 3);
        prop_assert_eq!(before, on(&engine, "f", &units));
        prop_assert!(high < 1_000_000 || after.len() == units.len());
        prop_assert!(low > 0 || on(&engine, "f", &units).is_empty());
    }

    #[test]
    fn raising_a_ramp_only_adds_units_and_keeps_the_others_variant(
        low in buckets(),
        high in buckets(),
        at in buckets(),
        condition in proptest::option::of(condition(vec![])),
        contexts in contexts(),
    ) {
        let (low, high) = (low.min(high), low.max(high));
        let weights = (percent(at), percent(1_000_000 - at));
        let split = json!([{"variant": "on", "weight": weights.0}, {"variant": "dark", "weight": weights.1}]);
        let candidate = json!({"kind": "experiment", "variants": {"on": 1, "dark": 2, "off": 0}, "default": "off",
            "rules": [{"id": "all", "split": split}]});
        let engine = loaded(&ramped(low, condition.as_ref(), &candidate));
        let before = all(&engine, &contexts);
        load(&engine, &ramped(high, condition.as_ref(), &candidate), 2);
        for (before, after) in before.iter().zip(all(&engine, &contexts)) {
            if before["a"]["release"] == "r" {
                prop_assert_eq!(before, &after);
            }
        }
    }

    #[test]
    fn a_release_that_is_aborted_and_started_again_serves_the_same_units(
        document in document(),
        contexts in contexts(),
    ) {
        let engine = loaded(&document);
        let before = all(&engine, &contexts);
        load(&engine, &with_releases(&document, &[]), 2);
        load(&engine, &document, 3);
        prop_assert_eq!(before, all(&engine, &contexts));
    }

    #[test]
    fn a_release_that_is_paused_and_resumed_serves_the_same_units(
        document in document(),
        contexts in contexts(),
    ) {
        let mut paused = document.clone();
        for release in paused["releases"].as_array_mut().unwrap() {
            for phase in release["phases"].as_array_mut().unwrap() {
                phase["live"] = false.into();
            }
        }
        let engine = loaded(&document);
        let before = all(&engine, &contexts);
        load(&engine, &paused, 2);
        let none = all(&engine, &contexts);
        load(&engine, &document, 3);
        prop_assert_eq!(before, all(&engine, &contexts));
        for decisions in none {
            prop_assert!(decisions.values().all(|decision| decision["release"].is_null()));
        }
    }

    #[test]
    fn an_abort_restores_the_base(
        plain in plain(),
        releases in releases(),
        contexts in contexts(),
    ) {
        let engine = loaded(&plain);
        let before = all(&engine, &contexts);
        load(&engine, &with_releases(&plain, &releases), 2);
        load(&engine, &plain, 3);
        prop_assert_eq!(&before, &all(&engine, &contexts));
        prop_assert_eq!(&before, &all(&loaded(&with_releases(&plain, &[])), &contexts));
    }

    #[test]
    fn rules_in_another_order_keep_their_own_units(
        shares in [buckets(), buckets(), buckets()],
        order in Just(vec![0, 1, 2]).prop_shuffle(),
    ) {
        let variants = json!({"v0": 0, "v1": 1, "v2": 2, "none": null});
        let rule = |number: usize| {
            let rollout = json!({"percent": percent(shares[number])});
            json!({"id": format!("r{number}"), "rollout": rollout, "variant": format!("v{number}")})
        };
        let feature = |order: &[usize]| {
            let rules: Vec<Json> = order.iter().map(|number| rule(*number)).collect();
            let config = json!({"kind": "config", "variants": variants, "default": "none", "rules": rules});
            loaded(&document_of("f", &config))
        };
        let alone = [feature(&[0]), feature(&[1]), feature(&[2])];
        let together = feature(&order);
        for unit in units(100) {
            let attributes = Attributes::from_iter([("user_id".to_owned(), Json::from(unit))]);
            let rule_of = |engine: &Engine| {
                let context = engine.context().with_object(&value(&Json::Object(attributes.clone()))).build();
                engine.view().decide_name("f", &context).rule().map(str::to_owned)
            };
            let inside = |number: &&usize| rule_of(&alone[**number]).is_some();
            let expected = order.iter().find(inside).map(|number| format!("r{number}"));
            prop_assert_eq!(rule_of(&together), expected);
        }
    }

    #[test]
    fn unrelated_features_and_the_order_of_members_change_nothing(
        document in document(),
        other in plain(),
        seed in any::<u64>(),
        contexts in contexts(),
    ) {
        let before = all(&loaded(&document), &contexts);
        let mut wider = document.0;
        for (key, feature) in other["features"].as_object().unwrap() {
            let text = feature.to_string().replace("\"group\"", "\"other-group\"");
            let text = text.replace("\"feature\":\"", "\"feature\":\"other-");
            let text = text.replace("\"segment\":\"", "\"segment\":\"other-");
            wider["features"][format!("other-{key}")] = serde_json::from_str(&text).unwrap();
        }
        for (key, segment) in other["segments"].as_object().unwrap() {
            let text = segment.to_string().replace("\"segment\":\"", "\"segment\":\"other-");
            wider["segments"][format!("other-{key}")] = serde_json::from_str(&text).unwrap();
        }
        wider["exclusion_groups"]["other-group"] = json!({"ranges": {"other-c": {"from": 0, "to": 1}}});
        let engine = engine(&Attributes::new());
        engine.load(shuffled(&wider, seed).as_bytes()).unwrap();
        prop_assert_eq!(before, all(&engine, &contexts));
    }

    #[test]
    fn an_update_and_a_delta_decide_as_a_full_load_does(
        (from, to) in two_documents(),
        contexts in contexts(),
    ) {
        let full = loaded(&to);
        let expected = all(&full, &contexts);
        let (updated, patched) = (loaded(&from), loaded(&from));
        let before = all(&updated, &contexts);
        let mut next = to.clone();
        next["version"] = 2.into();
        let update = updated.load(next.to_string().as_bytes()).unwrap();
        let after = all(&updated, &contexts);
        prop_assert_eq!(&expected, &after);
        for (before, after) in before.iter().zip(&after) {
            for key in FEATURES.iter().filter(|key| before[*key] != after[*key]) {
                let said = update.changed.iter().any(|changed| **changed == **key);
                prop_assert!(said, "{key} is not said to have changed");
            }
        }
        let delta = delta(&from, &to);
        let patch = patched.apply_delta(delta.to_string().as_bytes());
        prop_assert!(patch.is_ok(), "{:?}\n{}", patch, delta);
        prop_assert_eq!(&expected, &all(&patched, &contexts));
    }

    #[test]
    fn a_process_attribute_decides_as_the_same_attribute_of_the_context(
        document in document(),
        process in context(),
        taken in 1..8_usize,
        contexts in contexts(),
    ) {
        let process: Attributes = PROCESS
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| taken & (1 << bit) != 0)
            .map(|(_, name)| (name.to_owned(), process.get(name).cloned().unwrap_or_default()))
            .collect();
        let (folded, unfolded) = (engine(&process), loaded(&document));
        load(&folded, &document, 1);
        for attributes in contexts {
            let mut whole = attributes.clone();
            whole.0.extend(process.clone());
            let expected = unattributed(decisions(&unfolded, &whole));
            prop_assert_eq!(&expected, &unattributed(decisions(&folded, &whole)));
            // What the context says of a process attribute does not count (SEMANTICS 1.4).
            prop_assert_eq!(&expected, &unattributed(decisions(&folded, &attributes)));
        }
    }

    #[test]
    fn check_decide_and_trace_agree(
        document in document(),
        process in context(),
        folds in any::<bool>(),
        contexts in contexts(),
    ) {
        let taken = |name: &str| folds && PROCESS.contains(&name);
        let process: Attributes = process.0.into_iter().filter(|(name, _)| taken(name)).collect();
        let engine = engine(&process);
        load(&engine, &document, 1);
        let own = process.iter().map(|(name, json)| (name.clone(), value(json))).collect();
        let bytes = document.to_string().into_bytes();
        let mut reader = engine.reader();
        for attributes in contexts {
            let map: BTreeMap<String, Value> =
                attributes.iter().map(|(name, json)| (name.clone(), value(json))).collect();
            let context = engine.context().with_object(&value(&Json::Object(attributes.0))).build();
            let view = engine.view().at(NOW);
            let listed: BTreeMap<_, _> =
                view.evaluate_all(&context).map(|decision| (decision.feature().to_owned(), json!(decision))).collect();
            for key in FEATURES {
                let decision = view.decide_name(key, &context);
                let trace = trace_document(&bytes, &own, key, &map, NOW).unwrap();
                let text = serde_json::to_value(decision).unwrap();
                prop_assert_eq!(&text, &serde_json::to_value(&trace.decision).unwrap(), "{}", trace);
                prop_assert_eq!(decision.is_on(), trace.check, "{}", trace);
                prop_assert_eq!(decision.is_on(), view.check_name(key, &context));
                prop_assert_eq!(decision.is_on(), view.check(engine.gate(key), &context));
                match listed.get(key) {
                    Some(listed) => prop_assert_eq!(listed, &text),
                    None => prop_assert_eq!(&text["reason"], "unknown_feature"),
                }
                // The reader has the clock of the engine, and agrees where no time is asked for.
                if !bytes.windows(6).any(|part| part == b"\"time\"") {
                    prop_assert_eq!(decision.is_on(), reader.check(engine.gate(key), &context));
                    let read = reader.decide(engine.feature(key), &context);
                    prop_assert_eq!(decision.variant(), read.variant());
                }
            }
        }
    }

    #[test]
    fn a_kill_decides_the_default_of_the_base_whatever_a_release_does(
        document in document(),
        key in select(&["a", "b", "c", "d"][..]),
        environment in select(&ENVIRONMENTS[..]),
        contexts in contexts(),
    ) {
        let mut killed = document.clone();
        killed["kills"] = json!([{"feature": key, "environment": environment}]);
        let base = &document["features"][key];
        let own = &base["environments"][environment]["default"];
        let default = if own.is_null() { &base["default"] } else { own };
        let engine = loaded(&killed);
        for mut attributes in contexts {
            attributes.insert("environment".to_owned(), environment.into());
            let decision = &decisions(&engine, &attributes)[key];
            prop_assert_eq!(&decision["variant"], default);
            prop_assert_eq!(&decision["reason"], "killed");
            prop_assert_eq!((&decision["release"], &decision["rule"]), (&Json::Null, &Json::Null));
        }
    }

    #[test]
    fn contexts_decide_the_same_however_they_are_made(
        document in document(),
        contexts in contexts(),
    ) {
        let engine = loaded(&document);
        for attributes in contexts {
            let values: Vec<(AttributeKey, Value)> =
                attributes.iter().map(|(name, json)| (engine.attribute(name).unwrap(), value(json))).collect();
            let (mut borrowed, mut owned) = (Context::default(), Context::with_capacity(4));
            if let Some((key, _)) = values.first() {
                owned.set_owned(*key, "overwritten");
            }
            for (key, value) in &values {
                borrowed.set(*key, value);
                owned.set_owned(*key, value);
            }
            let built = decisions(&engine, &attributes);
            prop_assert_eq!(&built, &decided(&engine, &borrowed));
            prop_assert_eq!(&built, &decided(&engine, &owned));
            prop_assert_eq!(&built, &decided(&engine, &Row(values.iter().cloned().collect())));
            // What a context remembers of its first decisions changes none of the later ones.
            prop_assert_eq!(&built, &decided(&engine, &borrowed));
        }
    }

    #[test]
    fn a_number_and_its_text_are_the_same_unit(
        number in -(1_i64 << 53)..=(1 << 53), share in buckets(), salt in "[a-z]{0,4}",
    ) {
        let rule = json!({"id": "r", "rollout": {"percent": percent(share), "salt": salt}, "variant": "on"});
        let engine = loaded(&document_of("f", &gate(&json!([rule]))));
        let key = engine.attribute("user_id").unwrap();
        let (text, view) = (number.to_string(), engine.view());
        let by = |set: &dyn Fn(&mut Context<'_>)| {
            let mut context = Context::default();
            set(&mut context);
            view.check_name("f", &context)
        };
        let expected = by(&|context| context.set_owned(key, text.as_str()));
        prop_assert_eq!(expected, by(&|context| context.set_owned(key, number)));
        prop_assert_eq!(expected, by(&|context| context.set_owned(key, number as f64)));
    }
}

/// Of `count` trials with this probability, the farthest from the mean that is seen once in 15 000 times.
fn tolerance(count: usize, probability: f64) -> f64 {
    4.0 * (count as f64 * probability * (1.0 - probability)).sqrt()
}

#[test]
fn a_delta_that_ends_a_release_ends_what_it_created() {
    let (features, phase) = (json!({"a": {"candidate": switched_on()}}), json!({"id": "p", "live": true}));
    let release = json!({"id": "r", "features": features, "phases": [phase]});
    let created = json!({"schema_version": 1, "version": 1, "features": {}, "releases": [release]});
    let engine = loaded(&created);
    assert!(engine.check("a", &Context::default()));
    engine.apply_delta(br#"{"from": 1, "version": 2, "removed_releases": ["r"]}"#).unwrap();
    let view = engine.view();
    assert_eq!(view.decide_name("a", &Context::default()).reason(), tidegate::Reason::UnknownFeature);
}

const COUNT: usize = 20_000;

fn rollout(salt: &str, share: u32) -> Engine {
    let rule = json!({"id": "r", "rollout": {"percent": percent(share), "salt": salt}, "variant": "on"});
    loaded(&document_of("f", &gate(&json!([rule]))))
}

#[test]
fn shares_are_within_four_sigma() {
    let units = units(COUNT);
    for salt in [
        "",
        "a",
        "b",
        "rollout/checkout/share",
        "ünï",
        "0",
        "a long salt, longer than thirty-two bytes of text",
    ] {
        for share in [1_000, 10_000, 125_000, 333_333, 500_000, 990_000] {
            let inside = on(&rollout(salt, share), "f", &units).len() as f64;
            let probability = f64::from(share) / 1_000_000.0;
            let off = (inside - COUNT as f64 * probability).abs();
            assert!(
                off <= tolerance(COUNT, probability),
                "salt {salt:?}, share {share}: {inside} of {COUNT}"
            );
        }
    }
}

#[test]
fn shares_of_two_salts_are_independent() {
    let units = units(COUNT);
    let salts =
        ["a", "b", "rollout/f/r0", "rollout/f/r1", "split/f", "allocation/f", "ramp/f", "exclusion/f"];
    let inside: Vec<_> = salts.iter().map(|salt| on(&rollout(salt, 300_000), "f", &units)).collect();
    for (index, one) in inside.iter().enumerate() {
        for other in &inside[..index] {
            let both = one.intersection(other).count() as f64;
            let off = (both - COUNT as f64 * 0.09).abs();
            assert!(off <= tolerance(COUNT, 0.09), "salt {:?}: {both} of {COUNT} in both", salts[index]);
        }
    }
}

#[test]
fn ramp_of_a_release_serves_its_share() {
    let units = units(COUNT);
    for percent in [1, 5, 25, 50, 75] {
        let inside = on(&loaded(&ramped(percent * 10_000, None, &switched_on())), "a", &units).len() as f64;
        let probability = f64::from(percent) / 100.0;
        let off = (inside - COUNT as f64 * probability).abs();
        assert!(off <= tolerance(COUNT, probability), "{percent} %: {inside} of {COUNT}");
    }
}
