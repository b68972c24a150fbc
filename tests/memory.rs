//! `Program::memory_usage` tells what a program owns: what is freed with it, whatever its features are made of.

#![expect(clippy::expect_used, reason = "a test that fails must stop")]

use allocation_counter::measure;
use serde_json::{Map, Value as Json, json};
use tidegate::Engine;

const FEATURES: usize = 300;

fn gate(rules: &Json) -> Json {
    json!({"kind": "gate", "unit": "id", "rules": rules})
}

fn features(of: impl Fn(usize) -> Json) -> Json {
    (0..FEATURES).map(|at| (format!("feature_number_{at:06}"), of(at))).collect::<Map<_, _>>().into()
}

/// What a program of such features says that it owns, and what is freed with it.
fn told_and_freed(what: &str, document: &Json) -> (f64, f64) {
    let engine = Engine::new();
    let update = engine.load(document.to_string().as_bytes()).expect("a valid document");
    assert!(update.isolated.is_empty(), "{what}: {:?}", update.diagnostics);
    let program = engine.program();
    drop((engine, update));
    let told = program.memory_usage();
    let freed = -measure(|| drop(program)).bytes_current;
    (told as f64, freed as f64)
}

#[track_caller]
fn assert_exact(what: &str, document: &Json) {
    let (told, freed) = told_and_freed(what, document);
    let off = (told - freed) / freed * 100.0;
    assert!(off.abs() < 5.0, "{what}: {told} bytes are told, {freed} are freed: {off:.1} % off");
}

fn document(features: &Json) -> Json {
    json!({"schema_version": 1, "version": 1, "features": features})
}

#[test]
fn of_rules_that_are_a_switch() {
    let rule = |at: usize, value: usize| json!({"id": format!("rule-{value}"), "if": {"attribute": "country", "op": "eq", "value": format!("{at}-{value}")}, "variant": "on"});
    let rules = |at: usize| (0..20).map(|value| rule(at, value)).collect::<Vec<_>>();
    assert_exact("switches", &document(&features(|at| gate(&json!(rules(at))))));
}

#[test]
fn of_variants_with_values() {
    let value = |at: usize| {
        json!({"text": "x".repeat(at % 50), "list": ["one", "two", at.to_string()], "mixed": [1, 2.5, null, "x", [at]],
            "deep": {"a": {"b": {"c": at}}}})
    };
    let config = |at: usize| json!({"kind": "config", "variants": {"small": value(at), "large": {"of": value(at), "and": value(at + 1)}}, "default": "small"});
    assert_exact("values", &document(&features(config)));
}

#[test]
fn of_splits() {
    let experiment = |at: usize| {
        let names: Vec<String> = (0..10).map(|arm| format!("variant {at} {arm}")).collect();
        let variants: Map<_, _> = names.iter().map(|name| (name.clone(), json!(name))).collect();
        let split: Vec<Json> = names.iter().map(|name| json!({"variant": name, "weight": 10})).collect();
        json!({"kind": "experiment", "unit": "id", "variants": variants, "default": names[0], "rules": [{"id": "r", "split": split}]})
    };
    assert_exact("splits", &document(&features(experiment)));
}

#[test]
fn of_bucket_ranges() {
    let rule = |at: usize, part: usize| {
        json!({"id": format!("part-{part}"), "if": {"all": [
            {"bucket": {"unit": "id", "salt": format!("{at}"), "from": part * 1_000, "to": part * 1_000 + 10}},
            {"attribute": "plan", "op": "eq", "value": "pro"}]}, "variant": "on"})
    };
    let rules = |at: usize| (0..10).map(|part| rule(at, part)).collect::<Vec<_>>();
    assert_exact("ranges", &document(&features(|at| gate(&json!(rules(at))))));
}

#[test]
fn of_references_to_variants() {
    let names: Vec<String> = (0..20).map(|name| format!("a variant with a name, {name}")).collect();
    let variants: Map<_, _> = names.iter().map(|name| (name.clone(), json!(1))).collect();
    let mut all = features(|_| {
        let condition = json!({"feature": "experiment", "variants": names});
        gate(&json!([{"id": "r", "if": condition, "variant": "on"}]))
    });
    all["experiment"] = json!({"kind": "config", "variants": variants, "default": names[0]});
    assert_exact("references", &document(&all));
}

#[test]
fn of_releases() {
    let all = features(|_| gate(&json!([])));
    let phases: Vec<Json> = (0..10)
        .map(|phase| json!({"id": format!("a phase with a name, {phase}"), "live": true, "target": [{"environments": [format!("e{phase}")]}], "ramp": {"percent": 25}}))
        .collect();
    let releases: Vec<Json> = (0..FEATURES)
        .map(|at| {
            let candidate = gate(&json!([{"id": "all", "variant": "on"}]));
            json!({"id": format!("release_of_{at}"), "features": {format!("feature_number_{at:06}"): {"candidate": candidate}}, "phases": phases})
        })
        .collect();
    assert_exact(
        "releases",
        &json!({"schema_version": 1, "version": 1, "features": all, "releases": releases}),
    );
}

#[test]
fn of_tests_of_every_kind() {
    let tests = |at: usize| {
        let ids: Vec<String> = (0..100).map(|id| format!("user-{at}-{id:015x}")).collect();
        [
            json!({"attribute": "country", "op": "in", "value": ["US", "CA", "GB", "DE", "FR", "ES", "IT", "NL"]}),
            json!({"attribute": "id", "op": "in", "value": ids}),
            json!({"attribute": "email", "op": "ends_with", "value": format!("@corp-{at}.example")}),
            json!({"attribute": "email", "op": "starts_with", "value": [format!("a{at}"), "b"]}),
            json!({"attribute": "version", "op": "semver_gte", "value": "2.5.0"}),
            json!({"attribute": "seats", "op": "in", "value": [1, 2, 3, at]}),
            json!({"attribute": "network", "op": "in_cidr", "value": ["10.0.0.0/8", "2001:db8::/32"]}),
        ]
    };
    let rules = |at: usize| {
        let all = tests(at).into_iter().enumerate();
        all.map(|(id, test)| json!({"id": format!("r{id}"), "if": test, "variant": "on"})).collect::<Vec<_>>()
    };
    assert_exact("tests", &document(&features(|at| gate(&json!(rules(at))))));
}
