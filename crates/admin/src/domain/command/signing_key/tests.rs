use serde_json::json;

use super::super::fixture::{Fixture, body};
use super::{NewSigningKey, active, bootstrap, create, endorsements, retire, rotate};
use crate::domain::command::access::Because;
use crate::domain::entity::Endorsement;
use crate::domain::{Code, Outcome, Problem};

/// A key that another one vouches for.
fn key(id: &str, by: Option<&str>) -> NewSigningKey {
    let endorsement = by.map(|by| Endorsement { by: by.into(), token: format!("{by} vouches for {id}") });
    NewSigningKey { id: id.into(), public: format!("public-{id}"), seed: format!("sealed-{id}"), endorsement }
}

fn fixture() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.system(|tx| bootstrap(tx, key("k1", None))).unwrap();
    fixture
}

fn turn(fixture: &mut Fixture, new: NewSigningKey) -> Result<Outcome, Problem> {
    fixture.clock.0 += 1;
    fixture.run("ann", |tx| rotate(tx, body(json!({"reason": "time"})), new))
}

fn state(fixture: &Fixture, id: &str) -> String {
    let view = crate::domain::view::signing_key(&fixture.world, id).unwrap();
    json!(view)["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_key_goes_from_next_to_active_to_retiring_to_retired() {
    let mut fixture = fixture();
    fixture.clock.0 += 1;
    let made = fixture.run("ann", |tx| create(tx, key("k2", Some("k1")))).unwrap();
    assert_eq!((made.status, &made.body["state"]), (201, &json!("next")));
    assert!(made.body.get("seed").is_none());
    assert_eq!(endorsements(&fixture.world), ["k1 vouches for k2"]);
    // There is a next key: the one that was made in case is not used.
    let turned = turn(&mut fixture, key("spare", Some("k1"))).unwrap();
    assert_eq!((&turned.body["key"], turned.reason.as_deref()), (&json!("k2"), Some("time")));
    assert_eq!((state(&fixture, "k1").as_str(), state(&fixture, "k2").as_str()), ("retiring", "active"));
    turn(&mut fixture, key("k3", Some("k2"))).unwrap();
    assert_eq!(&**active(&fixture.world).unwrap().0, "k3");
    fixture.run("ann", |tx| retire(tx, "k2", Because::default())).unwrap();
    assert_eq!(state(&fixture, "k2"), "retired");
    assert_eq!(fixture.world.signing_keys.get("k2").unwrap().body.seed, None);
    // Who trusts only the first still follows.
    assert_eq!(endorsements(&fixture.world), ["k1 vouches for k2", "k2 vouches for k3"]);
}

#[test]
fn a_next_key_that_is_dropped_is_told_to_nobody() {
    let mut fixture = fixture();
    fixture.run("ann", |tx| create(tx, key("k2", Some("k1")))).unwrap();
    let again = fixture.run("ann", |tx| create(tx, key("k3", Some("k1"))));
    assert_eq!(again.unwrap_err().code, Code::WrongState);
    fixture.run("ann", |tx| retire(tx, "k2", Because::default())).unwrap();
    assert!(endorsements(&fixture.world).is_empty());
    fixture.run("ann", |tx| create(tx, key("k3", Some("k1")))).unwrap();
}

#[test]
fn refusals() {
    let mut fixture = fixture();
    let code = |it: Result<Outcome, Problem>| it.unwrap_err().code;
    assert_eq!(code(fixture.system(|tx| bootstrap(tx, key("k2", None)))), Code::WrongState);
    assert_eq!(code(fixture.run("ann", |tx| bootstrap(tx, key("k2", None)))), Code::Forbidden);
    assert_eq!(code(fixture.run("ed", |tx| create(tx, key("k2", Some("k1"))))), Code::Forbidden);
    assert_eq!(code(fixture.run("ann", |tx| retire(tx, "k1", Because::default()))), Code::WrongState);
    assert_eq!(code(fixture.run("ann", |tx| retire(tx, "no", Because::default()))), Code::NotFound);
    // Another was active when it was made, or none vouched for it.
    assert_eq!(code(turn(&mut fixture, key("k2", Some("k0")))), Code::Stale);
    assert_eq!(code(turn(&mut fixture, key("k2", None))), Code::Stale);
    assert_eq!(code(fixture.run("ann", |tx| create(tx, key("k2", None)))), Code::Stale);
    let mut none = Fixture::new();
    assert_eq!(code(turn(&mut none, key("k1", None))), Code::WrongState);
    // Of a server that was unsigned so far.
    let made = none.run("ann", |tx| create(tx, key("k1", None))).unwrap();
    assert_eq!(made.body["state"], "active");
}

#[test]
fn a_lost_key_vouches_for_nothing_and_takes_a_reason() {
    let mut fixture = fixture();
    let lost = |reason: &str| body(json!({"lost": true, "reason": reason}));
    let refused = fixture.run("ann", |tx| rotate(tx, lost(" "), key("k2", None))).unwrap_err();
    assert_eq!(refused.code, Code::ReasonRequired);
    fixture.run("ann", |tx| rotate(tx, lost("the disk died"), key("k2", None))).unwrap();
    assert_eq!((state(&fixture, "k2").as_str(), endorsements(&fixture.world).len()), ("active", 0));
}
