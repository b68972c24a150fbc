use serde_json::json;

use crate::domain::command::fixture::Fixture;
use crate::domain::{Code, validate};

#[test]
fn a_sound_world_passes() {
    let mut fixture = Fixture::new();
    validate::definitions(&fixture.world).unwrap();
    fixture.segment("s", json!({"attribute": "plan", "op": "eq", "value": "pro"}));
    fixture.feature(
        "f",
        json!({"kind": "gate", "rules": [{"id": "a", "if": {"segment": "s"}, "variant": "on"}],
        "environments": {"dev": {"enabled": false}}}),
    );
    validate::definitions(&fixture.world).unwrap();
}

#[test]
fn every_problem_is_told_with_its_place() {
    let mut fixture = Fixture::new();
    fixture.feature(
        "a/b",
        json!({"kind": "gate", "rules": [{"id": "a", "if": {"segment": "no"}, "variant": "on"}]}),
    );
    fixture.feature("g", json!({"kind": "gate", "environments": {"nowhere": {"enabled": false}}}));
    let refused = validate::definitions_at(&fixture.world, &[("/features/a~1b", "/definition")]).unwrap_err();
    assert_eq!(refused.code, Code::Invalid);
    let found: Vec<_> = refused.more["problems"].as_array().unwrap().iter().collect();
    let places: Vec<_> =
        found.iter().map(|p| (p["code"].as_str().unwrap(), p["pointer"].as_str().unwrap())).collect();
    assert!(places.contains(&("TG3001", "/definition/rules/0/if/segment")), "{places:?}");
    assert!(places.contains(&("TG3007", "/features/g/environments/nowhere")), "{places:?}");
}

#[test]
fn a_phase_that_is_not_live_yet_counts() {
    let mut fixture = Fixture::new();
    fixture.feature("f", json!({"kind": "gate"}));
    fixture.pipeline("p", json!([{"id": "one"}]));
    let bad = json!({"kind": "gate", "rules": [{"id": "a", "if": {"segment": "no"}, "variant": "on"}]});
    let mut running = fixture.clone();
    running.release("r", "p", "f", bad.clone(), "running");
    let refused = validate::definitions(&running.world).unwrap_err();
    assert_eq!(refused.pointer.as_deref(), Some("/releases/r/features/f/candidate/rules/0/if/segment"));
    // That of a release that is over does not.
    fixture.release("r", "p", "f", bad, "aborted");
    validate::definitions(&fixture.world).unwrap();
}

#[test]
fn a_cycle_through_a_phase_is_found() {
    let mut fixture = Fixture::new();
    fixture.feature("f", json!({"kind": "gate"}));
    fixture.segment("s", json!({"feature": "f", "variants": ["on"]}));
    fixture.pipeline("p", json!([{"id": "one", "target": [{"if": {"segment": "s"}}]}]));
    validate::definitions(&fixture.world).unwrap();
    fixture.release("r", "p", "f", json!({"kind": "gate", "enabled": false}), "running");
    let refused = validate::definitions(&fixture.world).unwrap_err();
    assert_eq!(refused.more["problems"][0]["code"], "TG3003");
}

#[test]
fn a_feature_that_a_release_creates_may_be_tested() {
    let mut fixture = Fixture::new();
    fixture.feature("new", json!(null));
    fixture.pipeline("p", json!([{"id": "one", "ramp": {"start": 5, "step": 5, "every_s": 60}}]));
    fixture.release("r", "p", "new", json!({"kind": "gate"}), "running");
    fixture.feature(
        "f",
        json!({"kind": "gate", "rules": [
        {"id": "a", "if": {"feature": "new", "variants": ["on"]}, "variant": "on"}]}),
    );
    validate::definitions(&fixture.world).unwrap();
}

#[test]
fn names_and_keys() {
    validate::name("x", "prod-us_west.2", "/name").unwrap();
    assert_eq!(validate::name("x", "a@b", "/name").unwrap_err().pointer.as_deref(), Some("/name"));
    validate::id("x", "ann+x@corp.example", "/id").unwrap();
    assert!(validate::id("x", "a/b", "/id").is_err() && validate::id("x", "a\0", "/id").is_err());
    validate::key("x", "anything goes: ü/@", "/key").unwrap();
    assert!(validate::key("x", "line\nbreak", "/key").is_err());
    assert!(validate::key("x", "", "/key").is_err());
}
