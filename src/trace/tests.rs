use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::*;

fn snapshot(mut document: Json) -> Snapshot {
    document["schema_version"] = json!(1);
    document["version"] = json!(42);
    serde_json::from_value(document).unwrap()
}

fn attributes(json: Json) -> BTreeMap<String, Value> {
    serde_json::from_value(json).unwrap()
}

fn trace(document: Json, process: Json, context: Json) -> Trace {
    let snapshot = snapshot(document);
    Tracer::new(&snapshot, attributes(process)).trace("f", &attributes(context), 1_700_000_000_000)
}

fn gate(condition: &Json) -> Json {
    json!({"kind": "gate", "rules": [{"id": "r", "if": condition, "variant": "on"}]})
}

fn checkout() -> Json {
    json!({
        "segments": {"beta": {"if": {"attribute": "plan", "op": "in", "value": ["beta", "alpha"]}}},
        "features": {"f": {"kind": "gate"}},
        "releases": [{
            "id": "rel_7",
            "features": {"f": {"candidate": {"kind": "gate", "rules": [
                {"id": "staff", "if": {"attribute": "email", "op": "ends_with", "value": "@corp.example"}, "variant": "on"},
                {"id": "beta-users", "if": {"all": [{"segment": "beta"}, {"not": {"attribute": "bot", "op": "eq", "value": true}}]},
                 "variant": "on"},
                {"id": "rest", "rollout": {"percent": 1}, "variant": "on"}
            ]}}},
            "phases": [
                {"id": "prod-us-west", "live": true, "target": [{"environments": ["prod"]}], "ramp": {"percent": 50}},
                {"id": "prod-eu", "live": true, "target": [{"environments": ["prod"], "if": {"attribute": "region", "op": "eq", "value": "eu"}}]},
                {"id": "rest", "target": []}
            ]
        }]
    })
}

#[test]
fn the_tree_tells_how_it_came() {
    let context = json!({"user_id": "u1", "email": "a@b.example", "plan": "beta", "bot": false});
    let trace = trace(checkout(), json!({"environment": "prod", "region": "us-west"}), context);
    let expected = r#"f = true (variant `on`) because rule `beta-users` matched  [release rel_7, phase prod-us-west]  snapshot 42
├─ release rel_7
│  ├─ phase rest: apply for everyone — not live
│  ├─ phase prod-eu: apply for everyone — did not take part
│  │  └─ target 0 ✗
│  │     ├─ environments [prod] ✓ (process: environment = "prod")
│  │     └─ region eq "eu" ✗ (process: region = "us-west")
│  └─ phase prod-us-west: apply for everyone — took part
│     ├─ target 0: environments [prod] ✓ (process: environment = "prod")
│     └─ ramp 50 %: bucket 424015 of user_id "u1" with salt "ramp/f" < 500000 ✓
├─ definition: the candidate, enabled, default `off`
└─ rules of the candidate
   ├─ rule `staff`: email ends_with "@corp.example" ✗ (saw "a@b.example")
   ├─ rule `beta-users` ✓ → `on`
   │  └─ all of 2 ✓
   │     ├─ segment `beta`: plan in ["beta", "alpha"] ✓ (saw "beta")
   │     └─ not bot eq true ✓ (saw false)
   └─ 1 more · not evaluated
"#;
    let found = trace.to_string();
    assert_eq!(found, expected, "{found}");
    assert!(trace.check);
}

#[test]
fn a_trace_is_data_as_well() {
    let trace = trace(checkout(), json!({"environment": "dev"}), json!({}));
    let json = serde_json::to_value(&trace).unwrap();
    assert_eq!(json["decision"]["reason"], "default");
    assert_eq!(json["decision"]["release"], Json::Null);
    let examined = &json["steps"][0]["children"][1];
    assert_eq!(
        (&examined["step"], &examined["phase"], &examined["outcome"]),
        (&json!("patch"), &json!("prod-eu"), &json!("fails"))
    );
    let environments = &examined["children"][0]["children"][0];
    assert_eq!((&environments["seen"], &environments["folded"]), (&json!("dev"), &json!(true)));
}

#[test]
fn what_process_attributes_decide_is_marked_and_the_rest_is_skipped() {
    let condition = json!({"any": [
        {"segment": "s"}, {"all": [{"segment": "s"}, {"attribute": "region", "op": "eq", "value": "us"}]},
        {"attribute": "region", "op": "eq", "value": "eu"}
    ]});
    let document = json!({"features": {"f": gate(&condition)}, "segments": {"s": {"if": {"any": []}}}});
    let found = trace(document, json!({"region": "eu"}), json!({})).to_string();
    let expected = r#"   └─ rule `r` ✓ → `on`
      └─ any of 3 ✓ (process)
         ├─ segment `s` · not evaluated
         ├─ all of 2 ✗ (process)
         │  ├─ segment `s` · not evaluated
         │  └─ region eq "us" ✗ (process: region = "eu")
         └─ region eq "eu" ✓ (process: region = "eu")
"#;
    assert!(found.ends_with(expected), "{found}");
}

#[test]
fn a_process_attribute_hides_that_of_the_context() {
    let is_set = json!({"attribute": "region", "op": "is_set"});
    let document = || json!({"features": {"f": gate(&is_set)}});
    assert!(trace(document(), json!({}), json!({"region": "eu"})).check);
    assert!(!trace(document(), json!({"region": null}), json!({"region": "eu"})).check);
    assert!(!trace(document(), json!({}), json!({"region": null})).check);
}

#[test]
fn a_reference_is_evaluated_once_and_shown_once() {
    let condition = json!({"all": [{"feature": "g", "variants": ["on"]}, {"not": {"feature": "g", "variants": ["off"]}}, {"segment": "s"}, {"segment": "s"}]});
    let document = json!({
        "features": {"f": gate(&condition), "g": {"kind": "gate", "default": "on"}},
        "segments": {"s": {"if": {"attribute": "a", "op": "is_set"}}}
    });
    let found = trace(document, json!({}), json!({"a": 1})).to_string();
    assert!(found.contains("not feature `g` is one of [off] ✓ (decided `on`) (as above)"), "{found}");
    assert!(found.contains("segment `s`: a is_set ✓ (saw 1)"), "{found}");
    assert!(found.contains("segment `s` ✓ (as above)"), "{found}");
    assert_eq!(found.matches("definition:").count(), 2, "{found}");
}

#[test]
fn references_that_share_references_take_no_exponential_time() {
    let mut segments = serde_json::Map::new();
    for level in 0..60 {
        let next = format!("s{}", level + 1);
        let condition =
            json!({"any": [{"all": [{"segment": next}, {"segment": next}]}, {"not": {"segment": next}}]});
        segments.insert(format!("s{level}"), json!({"if": condition}));
    }
    segments.insert("s60".to_owned(), json!({"if": {"attribute": "a", "op": "eq", "value": 1}}));
    let document = json!({"features": {"f": gate(&json!({"segment": "s0"}))}, "segments": segments});
    let before = Instant::now();
    let text = trace(document, json!({}), json!({"a": 2})).to_string();
    assert!(before.elapsed() < Duration::from_secs(2));
    assert!(text.lines().count() < 1000, "{}", text.lines().count());
}

#[test]
fn the_longest_chain_of_the_deepest_conditions_fits_the_stack() {
    let mut segments = serde_json::Map::new();
    for level in 0..64 {
        let mut condition = json!({"segment": format!("s{}", level + 1)});
        for _ in 0..31 {
            condition =
                json!({"all": [{"any": [{"attribute": "a", "op": "is_set"}, {"not": {"not": condition}}]}]});
        }
        segments.insert(format!("s{level}"), json!({"if": condition}));
    }
    segments.insert("s64".to_owned(), json!({"if": {"all": []}}));
    let document = json!({"features": {"f": gate(&json!({"segment": "s0"}))}, "segments": segments});
    let trace = trace(document, json!({}), json!({}));
    assert!(trace.check);
    assert!(trace.to_string().contains("… deeper than is shown"));
    assert!(serde_json::to_string(&trace).is_ok());
}

#[test]
fn a_cycle_ends() {
    let document = json!({"features": {"f": gate(&json!({"any": [{"feature": "f", "variants": ["off"]}, {"segment": "s"}]}))},
        "segments": {"s": {"if": {"not": {"segment": "t"}}}, "t": {"if": {"segment": "s"}}}});
    assert_eq!(trace(document.clone(), json!({}), json!({})).decision.reason, Reason::Default);
    let snapshot = snapshot(document);
    let decoded = crate::model::Decoded { snapshot: snapshot.clone(), ..Default::default() };
    let ignored = Ignored::find(&decoded);
    assert_eq!((ignored.features.len(), ignored.segments.len()), (1, 2));
    let tracer = Tracer::new(&snapshot, BTreeMap::new()).with_ignored(ignored);
    assert_eq!(tracer.trace("f", &BTreeMap::new(), 0).decision.reason, Reason::InvalidDefinition);
}

#[test]
fn indirect_attribution_is_that_of_the_first_reference_that_was_evaluated() {
    let applied = |id: &str, key: &str| json!({"id": id, "segments": {key: {"candidate": {"if": {"all": []}}}}, "phases": [{"id": "p", "live": true}]});
    let any = json!({"if": {"any": []}});
    let document = |order: [&str; 2]| {
        let members: Vec<Json> = order.iter().map(|key| json!({"segment": key})).collect();
        json!({"features": {"f": gate(&json!({"all": members}))}, "segments": {"a": any, "b": any},
            "releases": [applied("ra", "a"), applied("rb", "b")]})
    };
    for (order, release) in [(["a", "b"], "ra"), (["b", "a"], "rb")] {
        let decision = trace(document(order), json!({}), json!({})).decision;
        assert_eq!((decision.release.as_deref(), decision.indirect), (Some(release), true));
    }
}

#[test]
fn long_operands_and_values_are_shortened() {
    let ids: Vec<String> = (0..1000).map(|id| format!("u{id}")).collect();
    let document =
        json!({"features": {"f": gate(&json!({"attribute": "user_id", "op": "in", "value": ids}))}});
    let found = trace(document, json!({}), json!({"user_id": "x\n".repeat(500)})).to_string();
    assert!(found.contains("user_id in [\"u0\", \"u1\", \"u2\", \"u3\", … 996 more] ✗"), "{found}");
    assert!(found.lines().count() == 4 && found.lines().all(|line| line.chars().count() < 400), "{found}");
}

#[test]
fn tombstones_kills_and_unknown_features_say_so() {
    let creating = json!({"releases": [{"id": "r", "features": {"f": {"candidate": {"kind": "gate"}}}, "phases": [{"id": "p"}]}],
        "kills": [{"feature": "f", "environment": "prod", "reason": "it burns"}]});
    let found = trace(creating.clone(), json!({}), json!({})).to_string();
    assert!(found.contains("f = the caller's default because there is no such feature"), "{found}");
    assert!(found.contains("definition: none (a tombstone)"), "{found}");
    let found = trace(creating, json!({"environment": "prod"}), json!({})).to_string();
    assert!(found.contains("killed in prod, because \"it burns\" ✓"), "{found}");
    assert_eq!(trace(json!({}), json!({}), json!({})).steps, []);
}

#[test]
fn a_skipped_share_shows_no_bucket_as_if_it_counted() {
    let found = trace(checkout(), json!({"environment": "dev"}), json!({"user_id": "u1"})).to_string();
    assert!(found.contains("with salt \"ramp/f\" < 500000 · not evaluated"), "{found}");
}
