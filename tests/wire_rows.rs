//! A document taken apart into rows, put together again, and led from one version to another.
#![cfg(feature = "regex")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a document that is not of the form that `support` makes must fail"
)]

#[expect(dead_code, reason = "shared with the other property tests, which use more of it")]
mod support;

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use tidegate::Engine;
use tidegate::error::Code;
use tidegate::model::{Key, Mode};
use tidegate::wire::{Rows, Section, Sha256};

use self::support::{FEATURES, Shown, condition, contexts, document};

const NOW: i64 = 1_700_000_000_000;
/// Features that no definition refers to: the first is killed now and then, the second in a group, the others come and go.
const LEAVES: [&str; 4] = ["x0", "x1", "x2", "ключ \"é\"\n"];

type Attributes = Map<String, Json>;
type Changed = BTreeSet<(Section, Key)>;

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The rows of a document of the environment `prod`.
fn rows_of(document: &Json, version: u64) -> Rows {
    let mut rows = Rows::new("prod".into(), version);
    for section in Section::ALL {
        let put = |rows: &mut Rows, key: &str, row: &Json| rows.insert(section, key.into(), row.to_string());
        let key = if section == Section::Releases { "id" } else { "feature" };
        match &document[section.name()] {
            Json::Object(members) => members.iter().for_each(|(key, row)| drop(put(&mut rows, key, row))),
            Json::Array(list) => {
                list.iter().for_each(|row| drop(put(&mut rows, row[key].as_str().unwrap(), row)));
            }
            _ => {}
        }
    }
    rows
}

/// A document in one environment, with features that come and go.
fn environment_document() -> BoxedStrategy<Shown<Json>> {
    let leaves = vec(option::of(option::weighted(0.7, condition(vec![]))), LEAVES.len());
    (document(), leaves, any::<bool>(), any::<bool>())
        .prop_map(|(mut document, leaves, wide, killed)| {
            document["environments"] = json!({"prod": {"production": true}});
            restrict(&mut document);
            for (index, (key, leaf)) in LEAVES.into_iter().zip(leaves).enumerate() {
                if let Some(condition) = leaf.or_else(|| (index < 2).then_some(None)) {
                    let rule = match condition {
                        Some(condition) => json!({"id": "r", "if": condition, "variant": "on"}),
                        None => json!({"id": "r", "rollout": {"percent": 50}, "variant": "on"}),
                    };
                    document["features"][key] = json!({"kind": "gate", "rules": [rule]});
                }
            }
            if wide {
                document["exclusion_groups"]["wide"] = json!({"ranges": {"x1": {"from": 0, "to": 500_000}}});
            }
            if killed {
                let mut kills = document["kills"].as_array().cloned().unwrap_or_default();
                kills.push(json!({"feature": "x0", "environment": "prod"}));
                document["kills"] = kills.into();
            }
            document
        })
        .boxed()
}

/// Leaves out what is about other environments than `prod`, as the admin server does.
fn restrict(document: &mut Shown<Json>) {
    for kill in document["kills"].as_array_mut().into_iter().flatten() {
        kill["environment"] = "prod".into();
    }
    others(document);
}

fn others(value: &mut Json) {
    match value {
        Json::Object(members) => {
            match members.get_mut("environments") {
                Some(Json::Object(blocks)) => blocks.retain(|key, _| key == "prod"),
                Some(Json::Array(names)) => names.retain(|name| name == "prod"),
                _ => {}
            }
            members.values_mut().for_each(others);
        }
        Json::Array(items) => items.iter_mut().for_each(others),
        _ => {}
    }
}

/// A document, and another one that has each row of the first or of a second document.
fn two() -> BoxedStrategy<(Rows, Rows)> {
    (environment_document(), environment_document(), vec(prop::bool::weighted(0.3), 64))
        .prop_map(|(first, second, take)| {
            let (before, other) = (rows_of(&first, 10), rows_of(&second, 12));
            let mut after = before.clone();
            after.set_version(12);
            for ((section, key), take) in changed(&before, &other).into_iter().zip(take) {
                if take {
                    match other.row(section, &key) {
                        Some(text) => after.insert(section, key, std::sync::Arc::clone(text)),
                        None => after.remove(section, &key),
                    };
                }
            }
            (before, after)
        })
        .boxed()
}

/// The rows that differ.
fn changed(before: &Rows, after: &Rows) -> Changed {
    let keys = before.iter().chain(after.iter()).map(|(section, key, _)| (section, Key::clone(key)));
    keys.filter(|(section, key)| before.row(*section, key) != after.row(*section, key)).collect()
}

fn loaded(document: &[u8]) -> Engine {
    let engine = Engine::builder().mode(Mode::Strict).build();
    if let Err(error) = engine.load(document) {
        panic!("refused: {error}\n{}", String::from_utf8_lossy(document));
    }
    engine
}

fn decisions(engine: &Engine, attributes: &Attributes) -> Vec<Json> {
    let attributes = serde_json::from_value(Json::Object(attributes.clone())).unwrap();
    let context = engine.context().with_object(&attributes).build();
    let view = engine.view().at(NOW);
    let all = FEATURES.into_iter().chain(LEAVES);
    all.map(|feature| serde_json::to_value(view.decide_name(feature, &context)).unwrap()).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn rendered_documents_come_back_byte_for_byte(document in environment_document()) {
        let bytes = rows_of(&document, 7).render();
        let rows = Rows::parse(&bytes).unwrap();
        prop_assert_eq!(rows.render(), bytes.clone());
        prop_assert_eq!(rows.sha256(), Sha256::of(&bytes));
        prop_assert_eq!((rows.version(), &**rows.environment()), (7, "prod"));
        loaded(&bytes);
    }

    #[test]
    fn delta_leads_from_one_document_to_the_other((before, after) in two()) {
        let delta = after.delta(10, &changed(&before, &after)).unwrap();
        let mut rows = before.clone();
        rows.apply(&delta).unwrap();
        prop_assert_eq!(&rows, &after);
        prop_assert_eq!(String::from_utf8(rows.render()).unwrap(), String::from_utf8(after.render()).unwrap());
    }

    #[test]
    fn engine_takes_deltas_and_decides_as_after_the_document((before, after) in two(), contexts in contexts()) {
        let (step, fresh) = (loaded(&before.render()), loaded(&after.render()));
        let delta = after.delta(10, &changed(&before, &after)).unwrap();
        if let Err(error) = step.apply_delta(&delta) {
            panic!("refused: {error}\n{}\n{}", String::from_utf8_lossy(&before.render()), String::from_utf8_lossy(&delta));
        }
        prop_assert_eq!(step.version(), 12);
        for context in contexts {
            prop_assert_eq!(decisions(&step, &context), decisions(&fresh, &context));
        }
        for feature in FEATURES.into_iter().chain(LEAVES) {
            prop_assert_eq!(step.listing(Some(feature)), fresh.listing(Some(feature)));
        }
    }

    #[test]
    fn deltas_over_more_than_was_changed_lead_there_as_well((before, after) in two()) {
        // A client that is several versions behind gets one delta over all rows that changed since, some of them back.
        let mut all = changed(&before, &after);
        all.extend(before.iter().map(|(section, key, _)| (section, Key::clone(key))).filter(|(section, _)| {
            !matches!(section, Section::Attributes | Section::Environments)
        }));
        let delta = after.delta(10, &all).unwrap();
        let mut rows = before.clone();
        rows.apply(&delta).unwrap();
        prop_assert_eq!(&rows, &after);
        let step = loaded(&before.render());
        step.apply_delta(&delta).unwrap();
        prop_assert_eq!(step.listing(None), loaded(&after.render()).listing(None));
    }
}

fn small() -> Rows {
    rows_of(
        &json!({
            "environments": {"prod": {"production": true}},
            "segments": {"staff": {"if": {"attribute": "plan", "op": "eq", "value": "staff"}}},
            "features": {
                "a": {"kind": "gate", "rules": []}, "b": {"kind": "gate", "rules": []}, "c": {"kind": "gate", "rules": []}
            },
            "releases": [{
                "id": "r", "features": {"b": {"candidate": null}, "new": {"candidate": {"kind": "gate", "rules": []}}},
                "segments": {"staff": {"candidate": {"if": {"all": []}}}},
                "ramp": {"unit": "user_id"}, "phases": []
            }],
            "kills": [{"feature": "c", "environment": "prod"}],
        }),
        10,
    )
}

fn text(bytes: &[u8]) -> Json {
    serde_json::from_slice(bytes).unwrap()
}

fn names(value: &Json) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn document_is_that_of_the_admin_server() {
    let mut rows = Rows::new("prod".into(), 3);
    assert_eq!(rows.render(), br#"{"schema_version":1,"version":3,"environment":"prod"}"#);
    rows.insert(Section::Kills, "b".into(), r#"{"feature":"b","environment":"prod"}"#);
    rows.insert(Section::Kills, "a".into(), r#"{"feature":"a","environment":"prod"}"#);
    rows.insert(Section::Features, "é".into(), r#"{ "kind":"gate" }"#);
    rows.insert(Section::Features, "\"".into(), "{}");
    rows.insert(Section::Environments, "prod".into(), "{}");
    let expected = r#"{"schema_version":1,"version":3,"environment":"prod","environments":{"prod":{}},"features":{"\"":{},"é":{ "kind":"gate" }},"kills":[{"feature":"a","environment":"prod"},{"feature":"b","environment":"prod"}]}"#;
    assert_eq!(String::from_utf8(rows.render()).unwrap(), expected);
    assert_eq!(Rows::parse(expected.as_bytes()).unwrap(), rows);
}

#[test]
fn delta_carries_what_a_changed_release_or_kill_names() {
    let mut rows = small();
    rows.set_version(11);
    let delta = text(&rows.delta(10, &[(Section::Releases, "r".into())].into()).unwrap());
    assert_eq!(names(&delta["features"]), ["b"], "what is being created has no definition");
    assert_eq!(names(&delta["segments"]), ["staff"]);
    assert_eq!(delta["releases"].as_array().unwrap().len(), 1);
    assert!(delta.get("kills").is_none() && delta.get("environments").is_none());
    assert_eq!(
        (&delta["from"], &delta["version"], &delta["environment"]),
        (&json!(10), &json!(11), &json!("prod"))
    );

    rows.remove(Section::Kills, "c");
    let delta = text(&rows.delta(10, &[(Section::Kills, "c".into())].into()).unwrap());
    assert_eq!((names(&delta["features"]), &delta["kills"]), (vec!["c"], &json!([])));

    rows.remove(Section::Releases, "r");
    let delta = text(&rows.delta(10, &[(Section::Releases, "r".into())].into()).unwrap());
    assert_eq!(delta["removed_releases"], json!(["r"]));
    assert!(delta.get("releases").is_none());

    rows.insert(Section::ExclusionGroups, "g".into(), r#"{"ranges":{"a":{"from":0,"to":1}}}"#);
    let delta = text(&rows.delta(10, &[(Section::ExclusionGroups, "g".into())].into()).unwrap());
    assert_eq!((names(&delta["features"]), names(&delta["exclusion_groups"])), (vec!["a"], vec!["g"]));
}

#[test]
fn no_delta_leads_over_a_change_of_declarations() {
    let mut rows = small();
    rows.set_version(11);
    for section in [Section::Attributes, Section::Environments] {
        assert_eq!(rows.delta(10, &[(section, "prod".into())].into()), None);
    }
    assert!(rows.delta(10, &Changed::new()).is_some());
}

#[test]
fn delta_that_does_not_fit_changes_nothing() {
    let delta = |members: Json| {
        let mut delta = json!({"schema_version": 1, "from": 10, "version": 11, "environment": "prod", "features": {"a": null}});
        delta.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        delta.to_string()
    };
    for (members, code) in [
        (json!({"from": 9}), Code::DeltaBase),
        (json!({"from": null}), Code::BadRows),
        (json!({"version": 10}), Code::OlderVersion),
        (json!({"environment": "dev"}), Code::OtherEnvironment),
        (json!({"schema_version": 2}), Code::SchemaVersion),
        (json!({"pipelines": {}}), Code::BadRows),
        (json!({"kills": [{"feature": "a"}, {"feature": "a"}]}), Code::BadRows),
        (json!({"releases": [{}]}), Code::BadRows),
        (json!({"releases": [7]}), Code::BadRows),
        (json!({"segments": []}), Code::BadRows),
    ] {
        let mut rows = small();
        assert_eq!(rows.apply(delta(members.clone()).as_bytes()).unwrap_err().code(), code, "{members}");
        assert_eq!(rows, small());
    }
    let mut rows = small();
    rows.apply(delta(json!({})).as_bytes()).unwrap();
    assert_eq!((rows.version(), rows.row(Section::Features, "a")), (11, None));
    assert!(rows.apply(b"{\"schema_version\":1").is_err());
}

#[test]
fn what_is_no_document_of_one_environment_is_not_taken_apart() {
    for document in [
        r#""#,
        r#"[]"#,
        r#"{"schema_version":1,"version":1}"#,
        r#"{"schema_version":1,"version":-1,"environment":"prod"}"#,
        r#"{"schema_version":1,"version":1,"environment":"prod","pipelines":{}}"#,
        r#"{"schema_version":1,"version":1,"environment":"prod","from":0}"#,
        r#"{"schema_version":1,"version":1,"environment":"prod","features":{"a":null}}"#,
        r#"{"schema_version":1,"version":1,"environment":"prod","features":{"a":{},"a":{}}}"#,
        r#"{"schema_version":1,"version":1,"environment":"prod","features":{},"features":{}}"#,
        r#"{"schema_version":1,"version":1,"environment":"prod","kills":[null]}"#,
        r#"{"schema_version":1,"version":1,"environment":"prod"} x"#,
    ] {
        assert_eq!(Rows::parse(document.as_bytes()).unwrap_err().code(), Code::BadRows, "{document}");
    }
    let other = br#"{"schema_version":2,"version":1,"environment":"prod"}"#;
    assert_eq!(Rows::parse(other).unwrap_err().code(), Code::SchemaVersion);
    assert!(
        Rows::parse(
            b"{\"schema_version\":1,\"version\":1,\"environment\":\"prod\",\"features\":{\"a\":\"\xff\"}}"
        )
        .is_err()
    );
    // Deep nesting is text here: it is passed over, not walked down.
    let deep = format!(
        r#"{{"schema_version":1,"version":1,"environment":"prod","features":{{"a":{}{}}}}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    assert_eq!(Rows::parse(deep.as_bytes()).unwrap().render(), deep.as_bytes());
}
