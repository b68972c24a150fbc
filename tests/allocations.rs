//! Evaluation allocates nothing, not even at the first look at a context (which hashes its unit and parses its version).
//!
//! `benches/memory.rs` asserts the same over the bench workload; here is one of every kind of instruction.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test that fails must stop")]

use std::hint::black_box;

use allocation_counter::measure;
use serde_json::{Value as Json, json};
use tidegate::{Context, Engine};

const ATTRIBUTES: [&str; 8] =
    ["id", "email", "country", "plan", "app_version", "region", "environment", "network"];

fn rule(id: &str, condition: &Json, rollout: Option<u32>) -> Json {
    let mut rule = json!({"id": id, "if": condition, "variant": "on"});
    if let Some(percent) = rollout {
        rule["rollout"] = json!({"percent": percent});
    }
    rule
}

fn test(attribute: &str, op: &str, value: &Json) -> Json {
    json!({"attribute": attribute, "op": op, "value": value})
}

fn gate(rules: &[Json]) -> Json {
    json!({"kind": "gate", "unit": "id", "rules": rules})
}

/// A gate for each kind of test, a realistic one, an experiment, references that meet again, and a release on top.
fn document() -> Vec<u8> {
    let ids: Vec<String> = (0..1_000).map(|number| format!("user-{:015x}", number * 7_919)).collect();
    let tests = [
        test("country", "eq", &json!("US")),
        test("country", "in", &json!(["US", "CA", "GB"])),
        test("country", "in", &json!(["US", "CA", "GB", "DE", "FR", "ES", "IT", "NL"])),
        test("id", "in", &json!(ids)),
        test("email", "ends_with", &json!("@corp.example")),
        test("email", "contains", &json!("corp")),
        test("email", "starts_with", &json!(["a", "b"])),
        test("email", "matches", &json!("^[0-9a-f]+@.*\\.example$")),
        test("app_version", "semver_gte", &json!("2.5.0")),
        test("app_version", "version_lt", &json!("3")),
        test("network", "in_cidr", &json!(["10.0.0.0/8", "2001:db8::/32"])),
        test("region", "is_type", &json!("string")),
        json!({"time": {"from": 0, "to": "2100-01-01T00:00:00Z"}}),
        json!({"bucket": {"unit": "id", "salt": "s", "from": 1_000, "to": 500_000}}),
    ];
    let mut features = serde_json::Map::new();
    for (number, condition) in tests.iter().enumerate() {
        features.insert(format!("test_{number}"), gate(&[rule("r", condition, None)]));
        features.insert(format!("not_{number}"), gate(&[rule("r", &json!({"not": condition}), Some(50))]));
    }
    let realistic = gate(&[
        rule("r0", &tests[3], None),
        rule("r1", &tests[4], None),
        rule("r2", &json!({"all": [tests[8], tests[2]]}), None),
        rule("r3", &test("region", "eq", &json!("us-west")), Some(10)),
        rule("r4", &json!({"all": []}), Some(50)),
    ]);
    features.insert("realistic".into(), realistic.clone());
    features.insert("released".into(), realistic.clone());
    let variants = json!({"a": {"n": 1}, "b": {"n": 2}});
    let split = json!([{"variant": "a", "weight": 30}, {"variant": "b", "weight": 70}]);
    features.insert(
        "experiment".into(),
        json!({"kind": "experiment", "unit": "id", "variants": variants, "default": "a",
               "rules": [{"id": "r", "split": split}]}),
    );
    let any = json!({"any": [{"segment": "staff"}, {"feature": "released", "variants": ["on"]}]});
    features.insert("referring".into(), gate(&[rule("r", &any, None)]));
    let twice = json!({"any": [{"feature": "referring", "variants": ["off"]}, {"segment": "staff"}]});
    features.insert("twice".into(), gate(&[rule("r", &twice, Some(40))]));

    let phases: Vec<Json> = ["dev", "staging", "prod-us-west", "prod-us-east", "prod-eu"]
        .iter()
        .map(|name| {
            json!({"id": name, "live": true, "target": [{"environments": [name]}], "ramp": {"percent": 25}})
        })
        .collect();
    let mut candidate = realistic;
    candidate["rules"][4]["rollout"]["percent"] = json!(60);
    let document = json!({
        "schema_version": 1, "version": 1, "features": features,
        "segments": {"staff": {"if": tests[4]}},
        "releases": [{"id": "release", "features": {"released": {"candidate": candidate}}, "phases": phases}],
    });
    document.to_string().into_bytes()
}

fn contexts(engine: &Engine) -> Vec<Context<'static>> {
    let keys = ATTRIBUTES.map(|name| engine.attribute(name).expect("few attributes"));
    let mut contexts: Vec<Context<'static>> = (0..64_usize)
        .map(|number| {
            let mut context = Context::with_capacity(keys.len());
            let environments = ["dev", "staging", "prod-us-west", "prod-us-east", "prod-eu", "qa"];
            let values = [
                format!("user-{:015x}", number * 7_919 * 100),
                format!("{number:08x}@{}.example", if number % 10 == 0 { "corp" } else { "mail" }),
                ["US", "CA", "JP", "KR"][number % 4].into(),
                "pro".into(),
                ["1.9.3", "2.10.1", "3.0.0-rc.1", "99999999999999999999.0.0"][number % 4].into(),
                "us-west".into(),
                environments[number % 6].into(),
                ["10.1.2.3", "2001:db8::1", "none"][number % 3].into(),
            ];
            for (key, value) in keys.into_iter().zip(&values) {
                context.set_owned(key, value);
            }
            context
        })
        .collect();
    contexts.push(Context::default());
    contexts
}

#[test]
fn evaluation_allocates_nothing() {
    for counters in [false, true] {
        let engine = Engine::builder().counters(counters).build();
        let update = engine.load(&document()).expect("a valid document");
        assert!(update.diagnostics.is_empty(), "{:?}", update.diagnostics);
        let program = engine.program();
        let features: Vec<_> =
            program.present().map(|(_, name)| (name, engine.feature(name), engine.gate(name))).collect();
        assert!(features.len() > 30);
        let mut reader = engine.reader();
        // What comes once: the reader's counters, and the table that a thread has for patterns.
        let warm = contexts(&engine);
        for (_, feature, _) in &features {
            for context in &warm {
                black_box(reader.decide(*feature, context));
            }
        }
        let fresh = contexts(&engine);
        let mut decisions = 0_usize;
        for (name, feature, gate) in &features {
            let measured = measure(|| {
                for context in &fresh {
                    black_box(reader.check(*gate, context));
                    black_box(reader.check_name(name, context));
                    let decision = reader.decide(*feature, context);
                    black_box((decision.value(), decision.rule(), decision.phase(), decision.reason()));
                    decisions += 1;
                }
            });
            assert_eq!(measured.count_total, 0, "{name}, counters {counters}: {measured:?}");
        }
        assert_eq!(decisions, features.len() * fresh.len());
        let measured = measure(|| {
            let view = reader.view();
            for context in &fresh {
                black_box(view.evaluate_all(context).filter(|decision| decision.is_on()).count());
            }
        });
        assert_eq!(measured.count_total, 0, "evaluate_all: {measured:?}");
    }
}
