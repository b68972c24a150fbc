use serde_json::{Value as Json, json};

use super::super::fixture::{Fixture, body};
use super::{create, delete, rotate, test, update};
use crate::domain::Code;
use crate::domain::command::access::Because;

#[test]
fn made_changed_rotated_tested_deleted() {
    let mut fixture = Fixture::new();
    let put = json!({"url": "https://hooks.example/x", "facts": ["release.aborted"]});
    let made = fixture.run("ann", |tx| create(tx, &"w".into(), body(put), "sealed".into())).unwrap();
    assert_eq!((made.status, &made.body["facts"]), (201, &json!(["release.aborted"])));
    assert!(made.body.get("secret").is_none());
    let changed = json!({"url": "http://localhost:9/", "disabled": true});
    fixture.run("ann", |tx| update(tx, "w", body(changed))).unwrap();
    fixture.run("ann", |tx| rotate(tx, "w", Because::default(), "sealed again".into())).unwrap();
    let webhook = fixture.world.webhooks.get("w").unwrap().body.clone();
    assert_eq!((webhook.secret.as_str(), webhook.disabled, webhook.facts.len()), ("sealed again", true, 0));
    assert_eq!(fixture.run("ann", |tx| test(tx, "w")).unwrap().status, 202);
    assert_eq!(fixture.last.as_ref().unwrap().facts[0].data, json!({"webhook": "w"}));
    fixture.run("ann", |tx| delete(tx, "w", Because::default())).unwrap();
    assert!(fixture.world.webhooks.is_empty());
    assert_eq!(fixture.run("ann", |tx| test(tx, "w")).unwrap_err().code, Code::NotFound);
}

#[test]
fn refusals() {
    let mut fixture = Fixture::new();
    let put = |url: &str, facts: Json| json!({"url": url, "facts": facts});
    let good = put("https://x.example/", json!([]));
    let refused =
        fixture.run("ed", |tx| create(tx, &"w".into(), body(good.clone()), String::new())).unwrap_err();
    assert_eq!(refused.code, Code::Forbidden);
    for url in ["", "x", "ftp://x.example/", "file:///etc/passwd", "https://u:p@x.example/", "//x"] {
        let bad = put(url, json!([]));
        let refused = fixture.run("ann", |tx| create(tx, &"w".into(), body(bad), String::new())).unwrap_err();
        assert_eq!((refused.code, refused.pointer.as_deref()), (Code::Invalid, Some("/url")), "{url}");
    }
    let unknown = put("https://x.example/", json!(["release.exploded"]));
    let refused = fixture.run("ann", |tx| create(tx, &"w".into(), body(unknown), String::new())).unwrap_err();
    assert_eq!((refused.code, refused.pointer.as_deref()), (Code::Invalid, Some("/facts")));
    assert!(refused.more["known"].as_array().unwrap().contains(&json!("release.aborted")));
}
