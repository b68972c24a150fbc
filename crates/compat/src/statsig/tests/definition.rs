//! Definitions, references, layers, releases, and the report.

use serde_json::{Value, json};

use super::super::{ImportError, import};
use super::{condition, gate_of, kinds, outcome, payload, rule, spec, test_of, with};
use crate::report::{Entity, Kind, Outcome};

#[test]
fn what_is_no_payload_is_an_error() {
    assert_eq!(import(&json!([])).unwrap_err(), ImportError::NotAnObject);
    let other = with(payload(json!({}), json!({}), json!({}), json!({})), "response_format", json!("dcs-v1"));
    assert_eq!(
        import(&other).unwrap_err().to_string(),
        "expected the `response_format` \"dcs-v2\", found `\"dcs-v1\"`"
    );
    assert_eq!(import(&json!({})).unwrap_err(), ImportError::MissingField { field: "condition_map" });
    let list = with(payload(json!({}), json!({}), json!({}), json!({})), "feature_gates", json!([]));
    assert_eq!(import(&list).unwrap_err(), ImportError::WrongType { field: "feature_gates" });
}

#[test]
fn malformed_definition_is_reported_and_leaves_others_alone() {
    let gates = json!({ "bad": { "salt": 1 }, "worse": 5, "": spec("feature_gate", json!(true), json!([])),
        "good": spec("feature_gate", json!(true), json!([])) });
    let import = import(&payload(gates, json!({}), json!({}), json!({}))).unwrap();
    assert_eq!(
        import.snapshot["features"],
        json!({ "good": {
        "kind": "gate", "unit": "userID", "salt": "spec-salt", "default": "on", "rules": [] } })
    );
    assert_eq!(kinds(&import), [Kind::InvalidName, Kind::InvalidSpec, Kind::InvalidSpec]);
    assert_eq!(import.report.summary.entities[&Entity::Gate].not_imported, 3);
    assert_eq!(import.report.items[1].pointer, "/feature_gates/bad");
}

#[test]
fn unsupported_condition_ends_evaluation() {
    let rules = json!([rule("a", "c", json!(true)), rule("b", "p", json!(true))]);
    let gates = json!({ "g": spec("feature_gate", json!(true), rules) });
    let conditions = json!({ "c": condition("martian", "any", "", json!([])), "p": { "type": "public" } });
    let import = import(&payload(gates, json!({}), json!({}), conditions)).unwrap();
    assert_eq!(import.snapshot["features"]["g"]["rules"], json!([{ "id": "a", "variant": "off" }]));
    assert_eq!(kinds(&import), [Kind::UnsupportedCondition]);
}

fn gate_conditions() -> Value {
    let refer = |kind: &str, name: &str| json!({ "type": kind, "targetValue": name, "idType": "userID" });
    json!({
        "pass_a": refer("pass_gate", "a"), "fail_a": refer("fail_gate", "a"), "pass_b": refer("pass_gate", "b"),
        "gone": refer("fail_gate", "gone"), "public": { "type": "public" },
        "half": condition("user_bucket", "lt", "", json!(500)),
    })
}

#[test]
fn reference_to_what_is_inexact_is_inexact() {
    let gates = json!({
        "a": spec("segment", json!(false), json!([rule("r", "half", json!(true))])),
        "b": spec("feature_gate", json!(false), json!([rule("r", "fail_a", json!(true))])),
        "c": spec("feature_gate", json!(false), json!([rule("r", "pass_b", json!(true))])),
        "d": spec("feature_gate", json!(false), json!([rule("r", "gone", json!(true))])),
    });
    let import = import(&payload(gates, json!({}), json!({}), gate_conditions())).unwrap();
    let test = &import.snapshot["features"]["b"]["rules"][0]["if"];
    assert_eq!(*test, json!({ "not": { "feature": "a", "variants": ["on"] } }));
    assert_eq!(outcome(&import, "c"), Outcome::Inexact);
    assert_eq!(outcome(&import, "d"), Outcome::Exact);
    let found = import.report.items.iter().filter(|item| item.kind == Kind::InexactReference).count();
    assert_eq!(found, 2);
}

#[test]
fn cycle_is_cut() {
    let gates = json!({
        "a": spec("feature_gate", json!(false), json!([rule("r", "pass_b", json!(true))])),
        "b": spec("feature_gate", json!(false), json!([rule("r", "fail_a", json!(true))])),
    });
    let import = import(&payload(gates, json!({}), json!({}), gate_conditions())).unwrap();
    assert_eq!(import.snapshot["features"]["a"]["rules"][0]["if"], json!({ "any": [] }));
    assert_eq!(kinds(&import), [Kind::ReferenceCycle, Kind::ReferenceCycle]);
}

#[test]
fn percentage_is_a_rollout_that_ends_at_the_default() {
    let rules = json!([
        with(rule("half", "public", json!(true)), "passPercentage", json!(0.505)),
        with(rule("none", "public", json!(true)), "passPercentage", json!(0)),
    ]);
    let gates = json!({ "g": spec("holdout", json!(false), rules) });
    let import = import(&payload(gates, json!({}), json!({}), gate_conditions())).unwrap();
    assert_eq!(
        import.snapshot["features"]["g"]["rules"],
        json!([
            { "id": "half", "rollout": { "percent": 0.51, "unit": "userID", "salt": "spec-salt.rule-salt" }, "variant": "on", "otherwise": "default" },
            { "id": "none", "variant": "off" },
        ])
    );
}

#[test]
fn layer_has_the_rules_of_its_delegates() {
    let inner = json!([
        with(
            with(rule("c", "half", json!({ "v": 1 })), "groupName", json!("Control")),
            "passPercentage",
            json!(50)
        ),
        with(rule("t", "public", json!({ "v": 2 })), "groupName", json!("Test")),
    ]);
    let outer = json!([
        with(rule("x", "pass_a", json!({ "v": 0 })), "configDelegate", json!("exp")),
        with(rule("x", "public", json!({ "v": 0 })), "configDelegate", json!("gone")),
    ]);
    let import = import(&payload(
        json!({ "a": spec("feature_gate", json!(false), json!([])) }),
        json!({ "exp": spec("experiment", json!({ "v": 3 }), inner) }),
        json!({ "lay": spec("layer", json!({ "v": 0 }), outer) }),
        gate_conditions(),
    ))
    .unwrap();
    let layer = &import.snapshot["features"]["lay"];
    let pick = |field: &str| -> Vec<Value> {
        layer["rules"].as_array().unwrap().iter().map(|rule| rule[field].clone()).collect()
    };
    assert_eq!(pick("id"), ["x/c", "x/c#2", "x/t", "x", "x#2"]);
    assert_eq!(pick("variant"), ["Control", "exp default", "Test", "exp default", "default"]);
    assert_eq!(layer["variants"]["exp default"], json!({ "v": 3 }));
    assert_eq!(layer["rules"][0]["otherwise"], "next");
    assert_eq!(layer["rules"][0]["if"]["all"][0], json!({ "feature": "a", "variants": ["on"] }));
    assert_eq!(layer["rules"][1]["if"], layer["rules"][0]["if"]);
    assert!(kinds(&import).contains(&Kind::MissingDelegate));
}

#[test]
fn name_that_is_taken_is_prefixed() {
    let one = json!({ "n": spec("feature_gate", json!(false), json!([])) });
    let two = json!({ "n": spec("layer", json!({}), json!([])) });
    let import = import(&payload(one, json!({}), two, json!({}))).unwrap();
    assert_eq!(import.snapshot["features"]["layer:n"]["kind"], "config");
    assert_eq!(kinds(&import), [Kind::Renamed]);
}

#[test]
fn id_and_field_of_one_name_collide() {
    let rules = json!([with(rule("r", "c", json!(true)), "idType", json!("orgID"))]);
    let gates = json!({ "g": with(spec("feature_gate", json!(false), rules), "idType", json!("orgID")) });
    let conditions = json!({ "c": condition("user_field", "any", "orgID", json!(["a"])) });
    let import = import(&payload(gates, json!({}), json!({}), conditions)).unwrap();
    assert_eq!(kinds(&import).iter().filter(|kind| **kind == Kind::AttributeCollision).count(), 2);
    assert_eq!(outcome(&import, "g"), Outcome::Inexact);
}

#[test]
fn group_of_an_experiment_is_its_variants() {
    let rules = json!([
        with(rule("c", "pass_a", json!({ "v": 1 })), "groupName", json!("Control")),
        with(rule("t", "public", json!({ "v": 1 })), "groupName", json!("Test")),
    ]);
    let in_test = condition("experiment_group", "any", "exp", json!(["test"]));
    let import = import(&payload(
        json!({ "a": spec("feature_gate", json!(false), json!([])),
                "g": spec("feature_gate", json!(false), json!([rule("r", "in_test", json!(true))])) }),
        json!({ "exp": spec("experiment", json!({ "v": 1 }), rules) }),
        json!({}),
        with(gate_conditions(), "in_test", in_test),
    ))
    .unwrap();
    assert_eq!(*test_of(&import), json!({ "feature": "exp", "variants": ["Test"] }));
    assert_eq!(outcome(&import, "g"), Outcome::Exact);
}

#[test]
fn override_is_a_release_with_a_phase_for_each_rule() {
    let configs = json!({
        "old": spec("dynamic_config", json!({ "v": 1 }), json!([])),
        "old_v2": spec("dynamic_config", json!({ "v": 2 }), json!([])),
    });
    let conditions = json!({ "dev": condition("environment_field", "any", "tier", json!(["dev"])), "public": { "type": "public" } });
    let mut payload = payload(json!({}), configs, json!({}), conditions);
    payload["override_rules"] = json!({
        "phase-1": rule("phase-1", "dev", json!(true)),
        "phase-2": with(rule("phase-2", "public", json!(true)), "passPercentage", json!(10)),
    });
    payload["overrides"] = json!({ "old": [{ "new_config_name": "old_v2", "rules": [
        { "rule_name": "phase-1" }, { "rule_name": "gone" }, { "rule_name": "phase-2", "start_time": 1_700_000_000_000_i64 },
    ] }] });
    let import = import(&payload).unwrap();
    let release = &import.snapshot["releases"][0];
    assert_eq!(release["id"], "override:old");
    assert_eq!(release["features"]["old"]["candidate"]["variants"], json!({ "default": { "v": 2 } }));
    assert_eq!(
        release["phases"],
        json!([
            { "id": "phase-1", "live": true, "target": [{ "if":
                { "attribute": "environment", "op": "in", "value": ["dev"], "ignore_case": true } }] },
            { "id": "phase-2", "live": true, "target": [{ "if": { "all": [
                { "bucket": { "unit": "userID", "salt": "spec-salt.rule-salt", "from": 0, "to": 100_000 } },
                { "time": { "from": 1_700_000_000_000_i64 } },
            ] } }] },
        ])
    );
    assert_eq!(
        kinds(&import),
        [Kind::MissingOverride, Kind::BucketingDiffers, Kind::MissingUnit, Kind::OverrideRelease]
    );
    assert_eq!(outcome(&import, "old_v2"), Outcome::Exact);
}

#[test]
fn second_candidate_is_reported() {
    let config = |value: i64| spec("dynamic_config", json!({ "v": value }), json!([]));
    let conditions = json!({ "public": { "type": "public" } });
    let mut payload =
        payload(json!({}), json!({ "a": config(1), "b": config(2), "c": config(3) }), json!({}), conditions);
    payload["override_rules"] = json!({ "r": rule("r", "public", json!(true)) });
    let to = |name: &str| json!({ "new_config_name": name, "rules": [{ "rule_name": "r" }] });
    payload["overrides"] = json!({ "a": [to("b"), to("c")], "created": [to("c")] });
    let import = import(&payload).unwrap();
    let ids: Vec<&Value> =
        import.snapshot["releases"].as_array().unwrap().iter().map(|release| &release["id"]).collect();
    assert_eq!(ids, ["override:a", "override:created"]);
    assert_eq!(kinds(&import), [Kind::OverrideNotImported, Kind::OverrideRelease, Kind::OverrideRelease]);
}

#[test]
fn what_is_not_read_is_listed() {
    let mut payload = payload(json!({}), json!({}), json!({}), json!({ "lonely": { "type": "public" } }));
    payload["param_stores"] = json!({ "one": {}, "two": {} });
    payload["checksum"] = json!("1");
    let import = import(&payload).unwrap();
    let pointers: Vec<&str> = import.report.items.iter().map(|item| item.pointer.as_str()).collect();
    assert_eq!(pointers, ["/checksum", "/param_stores/one", "/param_stores/two", "/condition_map/lonely"]);
}

#[test]
fn report_is_readable_and_serialisable() {
    let import = gate_of(condition("user_bucket", "lt", "", json!(500)));
    let text = import.report.to_string();
    assert!(text.starts_with("gate: 1 imported (0 exact, 1 inexact), 0 not imported\n"), "{text}");
    let json = serde_json::to_value(&import.report).unwrap();
    assert_eq!(json["summary"]["items"]["bucketing_differs"], 1);
    assert_eq!(json["items"][0]["effect"], "differs");
    for kind in Kind::all() {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}
