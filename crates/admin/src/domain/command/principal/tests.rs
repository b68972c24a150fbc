use serde_json::{Value as Json, json};

use super::super::fixture::{Fixture, body, users};
use super::super::token::{self, NewToken};
use super::{create, delete, disable, update};
use crate::domain::command::access::Because;
use crate::domain::{Code, Problem};

#[test]
fn made_changed_disabled_deleted() {
    let mut fixture = Fixture::new();
    let new =
        json!({"id": "cy", "kind": "service", "grants": [{"role": "releaser", "environments": ["dev"]}]});
    assert_eq!(fixture.run("ann", |tx| create(tx, body(new))).unwrap().status, 201);
    let mine = NewToken::of("tg_cy");
    fixture.run("ann", |tx| token::create(tx, body(json!({"principal": "cy"})), mine, None)).unwrap();
    let change = json!({"name": "Cy", "grants": [{"role": "viewer"}]});
    let changed = fixture.run("ann", |tx| update(tx, "cy", body(change))).unwrap();
    assert_eq!((&changed.body["name"], &changed.body["kind"]), (&json!("Cy"), &json!("service")));
    fixture.run("ann", |tx| disable(tx, "cy", Because::default())).unwrap();
    assert!(fixture.world.principals.get("cy").unwrap().body.disabled);
    fixture.run("ann", |tx| delete(tx, "cy", Because::default())).unwrap();
    assert!(!fixture.world.principals.contains_key("cy"));
    assert!(fixture.world.tokens.is_empty(), "its tokens went with it");
}

#[test]
fn refusals() {
    let mut fixture = Fixture::new();
    let mut refuse =
        |who: &str, json: Json| -> Problem { fixture.run(who, |tx| create(tx, body(json))).unwrap_err() };
    let place = |problem: &Problem| (problem.code, problem.pointer.clone().unwrap_or_default());
    let person = |id: &str| json!({"id": id, "kind": "person", "grants": []});
    assert_eq!(refuse("ed", person("x")).code, Code::Forbidden);
    assert_eq!(place(&refuse("ann", person("ed"))), (Code::AlreadyExists, "/id".into()));
    assert_eq!(place(&refuse("ann", person("system"))), (Code::AlreadyExists, "/id".into()));
    assert_eq!(place(&refuse("ann", person("a/b"))), (Code::Invalid, "/id".into()));
    let system = json!({"id": "x", "kind": "system", "grants": []});
    assert_eq!(place(&refuse("ann", system)), (Code::Invalid, "/kind".into()));
    let grants = |environments: Json| json!({"id": "x", "kind": "person", "grants": [{"role": "viewer", "environments": environments}]});
    assert_eq!(place(&refuse("ann", grants(json!([])))).1, "/grants/0/environments");
    assert_eq!(place(&refuse("ann", grants(json!(["dev", "no"])))).1, "/grants/0/environments/1");
    assert_eq!(
        fixture.run("ann", |tx| disable(tx, "no", Because::default())).unwrap_err().code,
        Code::NotFound
    );
}

#[test]
fn the_last_admin_stays() {
    let mut fixture = Fixture::new();
    fixture.run("ann", |tx| disable(tx, "bob", Because::default())).unwrap();
    let code = |it: Result<crate::domain::Outcome, Problem>| it.unwrap_err().code;
    assert_eq!(code(fixture.run("ann", |tx| disable(tx, "ann", Because::default()))), Code::WrongState);
    assert_eq!(code(fixture.run("ann", |tx| delete(tx, "ann", Because::default()))), Code::WrongState);
    // An admin of some environments is not one.
    let less = json!({"grants": [{"role": "admin", "environments": ["dev"]}]});
    assert_eq!(code(fixture.run("ann", |tx| update(tx, "ann", body(less.clone())))), Code::WrongState);
    let enabled = json!({"grants": [{"role": "admin"}]});
    fixture.run("ann", |tx| update(tx, "bob", body(enabled))).unwrap();
    fixture.run("ann", |tx| update(tx, "ann", body(less))).unwrap();
}

#[test]
fn who_is_needed_is_not_deleted() {
    let mut fixture = Fixture::new();
    fixture.feature("f", json!({"kind": "gate"}));
    fixture.pipeline("p", json!([{"id": "one", "entry": {"approvals": {"count": 1, "services": ["vi"]}}}]));
    fixture.release("r", "p", "f", json!({"kind": "gate", "enabled": false}), "running");
    let refused = fixture.run("ann", |tx| delete(tx, "ed", Because::default())).unwrap_err();
    assert_eq!((refused.code, users(&refused)), (Code::InUse, vec!["release r /author".to_owned()]));
    let refused = fixture.run("ann", |tx| delete(tx, "vi", Because::default())).unwrap_err();
    assert_eq!(
        users(&refused),
        [
            "pipeline p /published/phases/0/entry/approvals/services/0",
            "release r /phases/0/entry/approvals/services/0",
        ]
    );
}
