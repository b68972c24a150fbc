use serde_json::json;

use super::super::environment;
use super::super::fixture::{Fixture, body, users};
use super::{delete, put};
use crate::domain::command::access::Because;
use crate::domain::{Code, references};

fn experiment() -> serde_json::Value {
    json!({"kind": "experiment", "exclusion_group": "checkout", "variants": {"a": 1, "b": 2}, "default": "a",
        "rules": [{"id": "all", "split": [{"variant": "a", "weight": 50}, {"variant": "b", "weight": 50}]}]})
}

#[test]
fn made_changed_deleted() {
    let mut fixture = Fixture::new();
    let group = json!({"ranges": {"e": {"from": 0, "to": 500_000}}});
    let unknown = fixture.run("ed", |tx| put(tx, "checkout", body(group.clone()))).unwrap_err();
    assert_eq!((unknown.code, unknown.pointer.as_deref()), (Code::Invalid, Some("/ranges/e")));
    fixture.feature("e", json!({"kind": "gate"}));
    assert_eq!(fixture.run("ed", |tx| put(tx, "checkout", body(group))).unwrap().status, 201);
    assert_eq!(fixture.told, ["exclusion_group.changed"]);
    fixture.feature("e", experiment());
    // Without a range for its experiment, the group is invalid.
    let without = json!({"ranges": {}});
    let refused = fixture.run("ed", |tx| put(tx, "checkout", body(without))).unwrap_err();
    assert_eq!((refused.code, &refused.more["problems"][0]["code"]), (Code::Invalid, &json!("TG3006")));
    let refused = fixture.run("ed", |tx| delete(tx, "checkout", Because::default())).unwrap_err();
    assert_eq!(users(&refused), ["feature e /definition/exclusion_group"]);
    let ranges = references::feature(&fixture.world, "e");
    assert_eq!((ranges.len(), ranges[0].place.as_str()), (1, "/ranges/e"));
    fixture.feature("e", json!({"kind": "gate"}));
    fixture.run("ed", |tx| delete(tx, "checkout", Because::default())).unwrap();
    assert!(fixture.world.exclusion_groups.is_empty());
}

#[test]
fn overlaps_are_refused_where_they_are() {
    let mut fixture = Fixture::new();
    let group = json!({"ranges": {"e": {"from": 0, "to": 500_000}, "f": {"from": 400_000, "to": 600_000}}});
    let refused = fixture.run("ed", |tx| put(tx, "check/out", body(group))).unwrap_err();
    assert_eq!(refused.code, Code::Invalid);
    let pointer = refused.pointer.unwrap();
    assert!(pointer.starts_with("/ranges"), "{pointer}");
}

#[test]
fn where_a_floor_asks_it_is_an_admins() {
    let mut fixture = Fixture::new();
    let floor = json!({"production": true, "floor": {"pipeline_required": true}});
    fixture.run("ann", |tx| environment::update(tx, "prod", body(floor))).unwrap();
    let group = || body(json!({"ranges": {}}));
    assert_eq!(fixture.run("ed", |tx| put(tx, "g", group())).unwrap_err().code, Code::Forbidden);
    fixture.run("ann", |tx| put(tx, "g", group())).unwrap();
}
