use serde_json::json;

use super::super::fixture::{Fixture, body, users};
use super::{create, delete, update};
use crate::domain::Code;
use crate::domain::command::access::Because;

#[test]
fn made_changed_deleted() {
    let mut fixture = Fixture::new();
    let made = fixture.run("ann", |tx| create(tx, body(json!({"name": "staging"})))).unwrap();
    assert_eq!(
        (made.status, &made.body["key"], &made.body["pipelines"]),
        (201, &json!("staging"), &json!(true))
    );
    assert_eq!(fixture.told, ["environment.created"]);
    let change = json!({"pipelines": false, "description": "d", "reason": "why"});
    let changed = fixture.run("ann", |tx| update(tx, "staging", body(change.clone()))).unwrap();
    assert_eq!((changed.status, changed.reason.as_deref()), (200, Some("why")));
    assert!(!fixture.world.environments.get("staging").unwrap().body.pipelines);
    // The same again is no event.
    let seq = fixture.world.seq;
    fixture.run("ann", |tx| update(tx, "staging", body(change))).unwrap();
    assert_eq!(fixture.world.seq, seq);
    fixture.run("ann", |tx| delete(tx, "staging", Because::default())).unwrap();
    assert!(!fixture.world.environments.contains_key("staging"));
}

#[test]
fn refusals() {
    let mut fixture = Fixture::new();
    let code = |it: Result<_, crate::domain::Problem>| it.map(|_: crate::domain::Outcome| ()).unwrap_err();
    let new = || body(json!({"name": "staging"}));
    assert_eq!(code(fixture.run("ed", |tx| create(tx, new()))).code, Code::Forbidden);
    let twice = code(fixture.run("ann", |tx| create(tx, body(json!({"name": "dev"})))));
    assert_eq!((twice.code, twice.pointer.as_deref()), (Code::AlreadyExists, Some("/name")));
    for name in ["", "a/b", ".hidden", "a b", "ü", &"x".repeat(300)] {
        let bad = code(fixture.run("ann", |tx| create(tx, body(json!({"name": name})))));
        assert_eq!((bad.code, bad.pointer.as_deref()), (Code::Invalid, Some("/name")), "{name}");
    }
    assert_eq!(code(fixture.run("ann", |tx| update(tx, "no", body(json!({}))))).code, Code::NotFound);
    assert_eq!(code(fixture.run("ed", |tx| update(tx, "dev", body(json!({}))))).code, Code::Forbidden);
    let windows = json!({"floor": {"windows": {"deny": [{"weekdays": ["friday"], "from": "25:00"}]}}});
    let bad = code(fixture.run("ann", |tx| update(tx, "dev", body(windows))));
    assert_eq!(bad.code, Code::Invalid);
    assert!(bad.pointer.unwrap().starts_with("/floor/windows/deny/0"));
    let many = json!({"floor": {"approvals": 101}});
    let bad = code(fixture.run("ann", |tx| update(tx, "dev", body(many))));
    assert_eq!(bad.pointer.as_deref(), Some("/floor/approvals"));
}

#[test]
fn what_is_in_use_is_not_deleted() {
    let mut fixture = Fixture::new();
    fixture.feature("f", json!({"kind": "gate", "environments": {"dev": {"enabled": false}}}));
    fixture.pipeline("p", json!([{"id": "one", "target": [{"environments": ["prod", "dev"]}]}]));
    fixture.feature("g", json!({"kind": "gate"}));
    let candidate = json!({"kind": "gate", "environments": {"dev": {"enabled": true}}});
    fixture.release("r", "p", "g", candidate, "running");
    let refused = fixture.run("ann", |tx| delete(tx, "dev", Because::default())).unwrap_err();
    assert_eq!(refused.code, Code::InUse);
    assert_eq!(
        users(&refused),
        [
            "feature f /definition/environments/dev",
            "pipeline p /published/phases/0/target/0/environments/1",
            "release r /phases/0/target/0/environments/1",
            "release r /features/g/candidate/environments/dev",
        ]
    );
}

#[test]
fn an_admin_of_one_environment_changes_that_one() {
    let mut fixture = Fixture::new();
    let dan = json!({"id": "dan", "kind": "person", "grants": [{"role": "admin", "environments": ["dev"]}]});
    fixture.system(|tx| crate::domain::command::principal::create(tx, body(dan))).unwrap();
    fixture.run("dan", |tx| update(tx, "dev", body(json!({"pipelines": false})))).unwrap();
    let refused = fixture.run("dan", |tx| update(tx, "prod", body(json!({})))).unwrap_err();
    assert_eq!(refused.code, Code::Forbidden);
    assert!(refused.hint.unwrap().contains("`prod`"));
    // The grant is a use of the environment.
    let refused = fixture.run("ann", |tx| delete(tx, "dev", Because::default())).unwrap_err();
    assert_eq!(users(&refused), ["principal dan /grants/0/environments/0"]);
}
