use serde_json::json;

use super::super::fixture::{Fixture, WALL, body};
use super::super::principal;
use super::{NewToken, authenticate, bootstrap, create, revoke, secret};
use crate::domain::command::access::Because;
use crate::domain::{Code, Outcome, Problem, Who};

fn own(fixture: &mut Fixture, who: &str, secret: &str) -> Result<Outcome, Problem> {
    fixture.run(who, |tx| create(tx, body(json!({})), NewToken::of(secret), None))
}

#[test]
fn a_secret_is_256_bits_and_only_its_hash_is_kept() {
    let secret = secret(&[0xab; 32]);
    assert_eq!((secret.len(), &secret[..5]), (67, "tg_ab"));
    let mut fixture = Fixture::new();
    let made = own(&mut fixture, "vi", &secret).unwrap();
    assert_eq!((made.status, &made.body["principal"]), (201, &json!("vi")));
    assert!(made.body.get("hash").is_none());
    let told = serde_json::to_string(&fixture.last).unwrap();
    assert!(!told.contains(&secret) && told.contains(&NewToken::of(&secret).hash));
    let found = authenticate(&fixture.world, &secret, WALL).unwrap();
    assert_eq!(found.who(), Who::Principal { id: "vi".into(), token: Some(found.token.clone()) });
}

#[test]
fn who_is_not_let_in() {
    let mut fixture = Fixture::new();
    own(&mut fixture, "vi", "tg_1").unwrap();
    let why = |fixture: &Fixture, secret: &str, wall: i64| {
        let refused = authenticate(&fixture.world, secret, wall).unwrap_err();
        assert_eq!(refused.code, Code::Unauthenticated);
        refused.detail
    };
    assert!(why(&fixture, "tg_2", WALL).contains("not known"));
    let short = json!({"expires_at": WALL + 10});
    fixture.run("vi", |tx| create(tx, body(short), NewToken::of("tg_short"), None)).unwrap();
    authenticate(&fixture.world, "tg_short", WALL + 9).unwrap();
    assert!(why(&fixture, "tg_short", WALL + 10).contains("expired"));
    let id = NewToken::of("tg_1").id;
    let revoked = fixture.run("vi", |tx| revoke(tx, &id, Because::default())).unwrap();
    assert_eq!(revoked.body["revoked_at"], WALL);
    assert!(why(&fixture, "tg_1", WALL).contains("revoked"));
    // Again is no event.
    let seq = fixture.world.seq;
    fixture.run("vi", |tx| revoke(tx, &id, Because::default())).unwrap();
    assert_eq!(fixture.world.seq, seq);
    fixture.run("ann", |tx| principal::disable(tx, "vi", Because::default())).unwrap();
    assert!(why(&fixture, "tg_short", WALL).contains("disabled"));
}

#[test]
fn refusals() {
    let mut fixture = Fixture::new();
    let others = || body(json!({"principal": "ann"}));
    let code = |it: Result<Outcome, Problem>| it.unwrap_err().code;
    let new = || NewToken::of("tg_x");
    assert_eq!(code(fixture.run("ed", |tx| create(tx, others(), new(), None))), Code::Forbidden);
    fixture.run("bob", |tx| create(tx, others(), new(), None)).unwrap();
    assert_eq!(code(fixture.run("ed", |tx| revoke(tx, &new().id, Because::default()))), Code::Forbidden);
    fixture.run("bob", |tx| revoke(tx, &new().id, Because::default())).unwrap();
    let past = json!({"expires_at": WALL});
    let refused = fixture.run("ed", |tx| create(tx, body(past), NewToken::of("y"), None)).unwrap_err();
    assert_eq!((refused.code, refused.pointer.as_deref()), (Code::Invalid, Some("/expires_at")));
    let nobody = json!({"principal": "no"});
    assert_eq!(
        code(fixture.run("ann", |tx| create(tx, body(nobody), NewToken::of("y"), None))),
        Code::NotFound
    );
    fixture.run("ann", |tx| principal::disable(tx, "vi", Because::default())).unwrap();
    let disabled = json!({"principal": "vi"});
    let refused = fixture.run("ann", |tx| create(tx, body(disabled), NewToken::of("y"), None));
    assert_eq!(code(refused), Code::WrongState);
    assert_eq!(code(fixture.run("ann", |tx| revoke(tx, "tk_no", Because::default()))), Code::NotFound);
}

#[test]
fn the_first_admin_spends_its_token() {
    let mut fixture = Fixture::default();
    fixture.system(|tx| bootstrap(tx, NewToken::of("tg_once"))).unwrap();
    let first = authenticate(&fixture.world, "tg_once", WALL).unwrap();
    assert!(first.once && *first.principal == *"admin");
    let used = first.token;
    let lasting = NewToken::of("tg_lasting");
    fixture.run("admin", |tx| create(tx, body(json!({})), lasting, Some(&used))).unwrap();
    assert_eq!(fixture.told, ["token.revoked", "token.created"]);
    assert!(authenticate(&fixture.world, "tg_once", WALL).is_err());
    assert!(!authenticate(&fixture.world, "tg_lasting", WALL).unwrap().once);
    // A token that is not for once is not spent.
    let (lasting, third) = (NewToken::of("tg_lasting").id, NewToken::of("tg_3"));
    fixture.run("admin", |tx| create(tx, body(json!({})), third, Some(&lasting))).unwrap();
    authenticate(&fixture.world, "tg_lasting", WALL).unwrap();
    let again = fixture.system(|tx| bootstrap(tx, NewToken::of("tg_again"))).unwrap_err();
    assert_eq!(again.code, Code::WrongState);
    let person = fixture.run("admin", |tx| bootstrap(tx, NewToken::of("tg_again"))).unwrap_err();
    assert_eq!(person.code, Code::Forbidden);
}
