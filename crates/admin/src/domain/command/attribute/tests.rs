use serde_json::json;

use super::super::fixture::{Fixture, body, users};
use super::{delete, put};
use crate::domain::Code;
use crate::domain::command::access::Because;

#[test]
fn declared_changed_removed() {
    let mut fixture = Fixture::new();
    let made = fixture.run("ed", |tx| put(tx, "plan", body(json!({"type": "string"})))).unwrap();
    assert_eq!((made.status, &made.body["type"]), (201, &json!("string")));
    let changed = json!({"type": "string", "description": "what they pay for", "process": true});
    assert_eq!(fixture.run("ed", |tx| put(tx, "plan", body(changed))).unwrap().status, 200);
    assert!(fixture.world.attributes.get("plan").unwrap().body.process);
    fixture.run("ed", |tx| delete(tx, "plan", Because::default())).unwrap();
    assert!(fixture.world.attributes.is_empty());
    let gone = fixture.run("ed", |tx| delete(tx, "plan", Because::default())).unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
    let refused = fixture.run("vi", |tx| put(tx, "plan", body(json!({"type": "string"})))).unwrap_err();
    assert_eq!(refused.code, Code::Forbidden);
    let empty = fixture.run("ed", |tx| put(tx, "", body(json!({"type": "string"})))).unwrap_err();
    assert_eq!(empty.code, Code::Invalid);
}

#[test]
fn a_type_that_definitions_contradict_is_refused() {
    let mut fixture = Fixture::new();
    fixture.segment("pro", json!({"attribute": "plan", "op": "starts_with", "value": "pro"}));
    let refused = fixture.run("ed", |tx| put(tx, "plan", body(json!({"type": "number"})))).unwrap_err();
    assert_eq!((refused.code, &refused.more["problems"][0]["code"]), (Code::Invalid, &json!("TG2023")));
    assert!(refused.pointer.unwrap().starts_with("/segments/pro/if"));
    fixture.run("ed", |tx| put(tx, "plan", body(json!({"type": "string"})))).unwrap();
    let refused = fixture.run("ed", |tx| delete(tx, "plan", Because::default())).unwrap_err();
    assert_eq!(users(&refused), ["segment pro /definition/if/attribute"]);
}
