use serde_json::json;
use tidegate::wire::SdkKey;

use super::super::environment;
use super::super::fixture::{Fixture, body, users};
use super::{NewSdkKey, admit, create, revoke};
use crate::domain::command::access::Because;
use crate::domain::{Code, Outcome, Problem};

fn make(fixture: &mut Fixture, who: &str, environment: &str, secret: &str) -> Result<Outcome, Problem> {
    let new = json!({"environment": environment, "description": "shop"});
    fixture.run(who, |tx| create(tx, body(new), NewSdkKey::of(secret)))
}

#[test]
fn a_secret_is_256_bits_and_only_its_hash_is_kept() {
    let secret = SdkKey::from_bytes(&[0xab; 32]).secret().to_owned();
    assert_eq!((secret.len(), &secret[..6]), (68, "tgs_ab"));
    let mut fixture = Fixture::new();
    let made = make(&mut fixture, "ann", "prod", &secret).unwrap();
    assert_eq!((made.status, &made.body["environment"]), (201, &json!("prod")));
    assert!(made.body.get("hash").is_none());
    let told = serde_json::to_string(&fixture.last).unwrap();
    assert!(!told.contains(&secret) && told.contains(&NewSdkKey::of(&secret).hash));
    let (id, environment) = admit(&fixture.world, &secret).unwrap();
    assert_eq!((&**id, &**environment), (made.body["key"].as_str().unwrap(), "prod"));
}

#[test]
fn who_is_not_admitted() {
    let mut fixture = Fixture::new();
    make(&mut fixture, "ann", "prod", "tgs_1").unwrap();
    assert!(admit(&fixture.world, "tgs_2").is_none());
    assert!(admit(&fixture.world, "").is_none());
    let id = NewSdkKey::of("tgs_1").id;
    let revoked = fixture.run("ann", |tx| revoke(tx, &id, Because::default())).unwrap();
    assert!(revoked.body["revoked_at"].is_i64());
    assert!(admit(&fixture.world, "tgs_1").is_none());
    // Again is no event.
    let seq = fixture.world.seq;
    fixture.run("ann", |tx| revoke(tx, &id, Because::default())).unwrap();
    assert_eq!(fixture.world.seq, seq);
}

#[test]
fn refusals() {
    let mut fixture = Fixture::new();
    let code = |it: Result<Outcome, Problem>| it.unwrap_err().code;
    assert_eq!(code(make(&mut fixture, "ed", "prod", "x")), Code::Forbidden);
    assert_eq!(code(make(&mut fixture, "ann", "no", "x")), Code::NotFound);
    make(&mut fixture, "ann", "dev", "x").unwrap();
    assert_eq!(code(make(&mut fixture, "ann", "dev", "x")), Code::AlreadyExists);
    let id = NewSdkKey::of("x").id;
    assert_eq!(code(fixture.run("ed", |tx| revoke(tx, &id, Because::default()))), Code::Forbidden);
    assert_eq!(code(fixture.run("ann", |tx| revoke(tx, "sk_no", Because::default()))), Code::NotFound);
    let long = json!({"environment": "dev", "description": "x".repeat(501)});
    let refused = fixture.run("ann", |tx| create(tx, body(long), NewSdkKey::of("y"))).unwrap_err();
    assert_eq!((refused.code, refused.pointer.as_deref()), (Code::Invalid, Some("/description")));
}

#[test]
fn an_environment_with_a_live_key_stays() {
    let mut fixture = Fixture::new();
    make(&mut fixture, "ann", "dev", "x").unwrap();
    let id = NewSdkKey::of("x").id;
    let refused = fixture.run("ann", |tx| environment::delete(tx, "dev", Because::default())).unwrap_err();
    assert_eq!((refused.code, users(&refused)), (Code::InUse, vec![format!("sdk_key {id} /environment")]));
    fixture.run("ann", |tx| revoke(tx, &id, Because::default())).unwrap();
    fixture.run("ann", |tx| environment::delete(tx, "dev", Because::default())).unwrap();
    assert!(admit(&fixture.world, "x").is_none());
}
