mod isolation;
mod stream;
mod structure;

use serde_json::{Value as Json, json};

use super::*;
use crate::error::{Diagnostic, Severity};
use crate::value::{Parsed, parse};

fn parsed(document: &Json) -> Parsed<'static> {
    parse(document.to_string().leak().as_bytes()).unwrap()
}

fn strict(document: &Json) -> Decoded {
    decode(parsed(document), Mode::Strict)
}

fn lenient(document: &Json) -> Decoded {
    decode(parsed(document), Mode::Lenient)
}

/// `TG2003 /features/f/default`, …
fn places(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|d| format!("{} {}", d.code, d.pointer)).collect()
}

fn document(features: Json) -> Json {
    json!({ "schema_version": 1, "version": 1, "features": features })
}

/// A document of one gate with one rule of that condition.
fn conditioned(condition: Json) -> Json {
    document(json!({ "f": { "kind": "gate", "rules": [{ "id": "r", "if": condition, "variant": "on" }] } }))
}

/// The places of the problems of a condition, without what is in front of it.
fn in_condition(condition: Json) -> Vec<String> {
    let decoded = strict(&conditioned(condition));
    assert_eq!(decoded.refused, !decoded.diagnostics.is_empty());
    places(&decoded.diagnostics).iter().map(|place| place.replace("/features/f/rules/0/if", "")).collect()
}

/// One of everything.
fn everything() -> Json {
    json!({
        "schema_version": 1, "version": 42, "environment": "prod", "description": "all",
        "environments": { "prod": { "production": true, "description": "p" }, "dev": {} },
        "attributes": {
            "plan": { "type": "string", "description": "p" }, "region": { "type": "string", "process": true } },
        "segments": { "beta": { "description": "b", "if": { "attribute": "plan", "op": "eq", "value": "beta" } } },
        "features": {
            "gate": { "kind": "gate", "description": "g", "unit": "org_id", "salt": "s", "enabled": false,
                "archived": true },
            "other": { "kind": "gate", "variants": { "yes": true, "no": false }, "default": "no" },
            "config": {
                "kind": "config", "variants": { "a": { "x": [1, 2.5] }, "b": null }, "default": "a",
                "rules": [
                    { "id": "all", "description": "d", "variant": "b", "otherwise": "default",
                      "rollout": { "percent": 12.5, "unit": "org_id", "salt": "r" },
                      "if": { "all": [
                        { "any": [{ "segment": "beta" }, { "not": { "feature": "gate", "variants": ["on"] } }] },
                        { "bucket": { "unit": "user_id", "salt": "b", "from": 0, "to": 10 } },
                        { "time": { "from": "2026-01-01T00:00:00Z", "to": 1800000000000_i64 } },
                        { "attribute": "plan", "op": "in", "value": ["a", "b"], "ignore_case": true },
                        { "attribute": "n", "op": "modulo", "value": { "divisor": 10, "remainder": 3 } },
                        { "attribute": "n", "op": "between", "value": [1, 2.5] },
                        { "attribute": "n", "op": "is_set" }] } },
                    { "id": "split", "split": [
                        { "variant": "a", "weight": 33.3333 }, { "variant": "b", "weight": 66.6667 }] }],
                "environments": { "prod": { "description": "d", "enabled": false, "default": "b", "rules": [] } } },
            "experiment": {
                "kind": "experiment", "variants": { "a": 1, "b": 2 }, "default": "a", "exclusion_group": "x",
                "allocation": { "percent": 50, "salt": "al" } } },
        "exclusion_groups": {
            "x": { "description": "x", "unit": "user_id", "salt": "x",
                "ranges": { "experiment": { "from": 0, "to": 500000 } } } },
        "pipelines": { "p": { "version": 3, "description": "p", "phases": [{
            "id": "one", "description": "o", "target": [{ "environments": ["prod"] }],
            "entry": { "trigger": { "wait_for_s": 60, "at": "2026-01-01T00:00:00Z" },
                "approvals": { "count": 2, "role": "sre" }, "requires": ["other"] },
            "ramp": { "steps": [{ "percent": 5, "hold_s": 60 }, { "percent": 100 }] },
            "propagation": { "percent": 95, "timeout_s": 300 },
            "bake_s": 600, "guards": [{ "id": "errors", "description": "e" }] }] } },
        "releases": [
            { "id": "r1", "description": "r", "pipeline": { "key": "p", "version": 3 },
              "features": { "gate": { "candidate": { "kind": "gate" } }, "new": { "candidate": { "kind": "gate" } },
                "other": { "candidate": null }, "config": {} },
              "segments": { "beta": { "candidate": { "if": { "all": [] } } } },
              "ramp": { "unit": "org_id", "salt": "line" },
              "phases": [
                { "id": "one", "description": "o", "live": true, "ramp": { "percent": 10 },
                  "target": [{ "description": "t", "environments": ["prod"], "if": { "segment": "beta" } }],
                  "patches": [
                    { "patch": "apply", "feature": "gate", "for": "beta" },
                    { "patch": "apply", "segment": "beta" },
                    { "patch": "disable", "feature": "config" },
                    { "patch": "set", "feature": "config", "variant": "b" }] },
                { "id": "two", "live": false }] }],
        "kills": [{ "feature": "gate", "environment": "prod", "reason": "smoke" }]
    })
}

#[test]
fn document_with_everything_is_sound_and_comes_back_the_same() {
    let decoded = strict(&everything());
    assert_eq!(places(&decoded.diagnostics), [""; 0]);
    assert!(!decoded.refused);
    let json = serde_json::to_value(&decoded.snapshot).unwrap();
    assert_eq!(strict(&json).snapshot, decoded.snapshot);
    assert_eq!(serde_json::from_value::<Snapshot>(json.clone()).unwrap(), decoded.snapshot);
    assert_eq!(json["features"]["config"], everything()["features"]["config"]);
    assert_eq!(json["releases"], everything()["releases"]);
    assert_eq!(json["pipelines"]["p"]["phases"][0]["ramp"]["steps"][1]["percent"], 100);
}

/// Each place of a document.
fn pointers(json: &Json, at: String, out: &mut Vec<String>) {
    let member = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    match json {
        Json::Object(map) => map.iter().for_each(|(key, value)| pointers(value, member(key), out)),
        Json::Array(list) => {
            list.iter().enumerate().for_each(|(i, v)| pointers(v, member(&i.to_string()), out))
        }
        _ => {}
    }
    out.push(at);
}

#[test]
fn wrong_type_anywhere_is_reported_there() {
    let document = everything();
    let mut all = Vec::new();
    pointers(&document, String::new(), &mut all);
    for pointer in all {
        // Values of variants are of any type, and a candidate may be null.
        if pointer.contains("/variants/") && !pointer.contains("/rules/") {
            continue;
        }
        let was = document.pointer(&pointer).unwrap().clone();
        for other in [json!(null), json!(true), json!(-1), json!("?"), json!([7]), json!({ "?": 1 })] {
            let same = std::mem::discriminant(&was) == std::mem::discriminant(&other);
            let instant = pointer.ends_with("/time/from") || pointer.ends_with("/time/to");
            let operand = pointer.ends_with("/value") || pointer.contains("/value/");
            let candidate = pointer.ends_with("/candidate") && other.is_null();
            if same || candidate || (instant && !other.is_array()) || (operand && !other.is_null()) {
                continue;
            }
            let mut changed = document.clone();
            *changed.pointer_mut(&pointer).unwrap() = other.clone();
            let decoded = strict(&changed);
            let near = decoded.diagnostics.iter().any(|d| d.pointer.starts_with(&pointer));
            assert!(decoded.refused && near, "{pointer} as {other}: {:?}", places(&decoded.diagnostics));
            let _ = lenient(&changed);
        }
    }
}

#[test]
fn unknown_field_anywhere_is_reported_there_and_changes_nothing_in_lenient_mode() {
    let document = everything();
    let sound = strict(&document).snapshot;
    let mut all = Vec::new();
    pointers(&document, String::new(), &mut all);
    for pointer in all {
        let keyed = [
            "/environments",
            "/attributes",
            "/segments",
            "/features",
            "/exclusion_groups",
            "/pipelines",
            "/ranges",
        ];
        let is_map = keyed.iter().any(|end| pointer.ends_with(end)) || pointer.contains("/variants");
        let mut changed = document.clone();
        let Some(object) = changed.pointer_mut(&pointer).unwrap().as_object_mut().filter(|_| !is_map) else {
            continue;
        };
        object.insert("x-unknown".into(), json!([1]));
        let expected = [format!("TG2001 {pointer}/x-unknown")];
        assert_eq!(places(&strict(&changed).diagnostics), expected);
        let decoded = lenient(&changed);
        assert_eq!(places(&decoded.diagnostics), expected);
        assert_eq!(decoded.diagnostics[0].severity, crate::error::Severity::Warning);
        assert!(!decoded.refused && decoded.snapshot == sound, "{pointer}");
    }
}

#[test]
fn percents_have_at_most_four_decimals() {
    for (percent, buckets) in
        [(0.0, 0), (100.0, 1_000_000), (12.5, 125_000), (33.3333, 333_333), (0.0001, 1), (99.9999, 999_999)]
    {
        assert_eq!(Percent::from_f64(percent), Some(Percent(buckets)));
        assert_eq!(Percent(buckets).as_f64(), percent);
    }
    for buckets in 0..=1_000_000 {
        let text = format!("{}.{:04}", buckets / 10_000, buckets % 10_000);
        assert_eq!(Percent::from_f64(text.parse().unwrap()), Some(Percent(buckets)), "{text}");
    }
    for percent in [-0.0001, 100.0001, 0.00001, 33.33333, f64::NAN, f64::INFINITY] {
        assert_eq!(Percent::from_f64(percent), None, "{percent}");
    }
    assert_eq!(serde_json::to_string(&[Percent(10_000), Percent(125_000)]).unwrap(), "[1,12.5]");
    assert_eq!(serde_json::from_str::<Percent>("12.5").unwrap(), Percent(125_000));
    assert!(serde_json::from_str::<Percent>("101").is_err());
}

#[test]
fn operators_and_their_names_match_serde() {
    for (name, op) in Op::ALL {
        assert_eq!(serde_json::to_value(op).unwrap(), *name);
        assert_eq!((Op::from_name(name), op.name()), (Some(*op), *name));
    }
    assert_eq!(Op::ALL.len(), 30);
}
