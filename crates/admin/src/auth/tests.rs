use std::sync::Arc;

use axum::http::HeaderValue;
use tidegate::release::{ActorKind, Grant, Role};

use super::*;
use crate::domain::Row;
use crate::domain::command::token::NewToken;
use crate::domain::entity::Principal;

const NOW: Now = Now { wall: 1_000, uptime: 5 };

fn world(secret: &str) -> (World, Key) {
    let mut world = World::default();
    let grants = vec![Grant { role: Role::Viewer, environments: None }];
    let principal = Principal { kind: ActorKind::Person, name: None, grants, disabled: false, created_at: 0 };
    world.principals.insert("ana".into(), Row { revision: 1, body: Arc::new(principal) });
    let NewToken { id, hash } = NewToken::of(secret);
    let token = Token {
        principal: "ana".into(),
        description: None,
        hash,
        created_at: 0,
        expires_at: Some(2_000),
        revoked_at: None,
        once: false,
    };
    world.tokens.insert(id.clone(), Row { revision: 1, body: Arc::new(token) });
    (world, id)
}

fn headers(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    headers
}

#[test]
fn a_token_tells_its_principal_until_it_expires_or_is_revoked() {
    let secret = new_secret().unwrap();
    assert_eq!(secret.len(), "tg_".len() + 64);
    let (mut world, id) = world(&secret);
    let asked = headers(&format!("Bearer {secret}"));
    let found = caller(&world, &asked, NOW).unwrap();
    assert_eq!((&*found.actor.id, &found.token), ("ana", &id));

    let late = Now { wall: 2_000, uptime: 6 };
    assert!(caller(&world, &asked, late).unwrap_err().detail.contains("expired"));

    let mut revoked = Token::clone(&world.tokens.get(&id).unwrap().body);
    assert!(is_live(&revoked, 1_999).is_ok());
    assert!(is_live(&revoked, 2_000).is_err());
    revoked.revoked_at = Some(1_500);
    assert!(is_live(&revoked, 1_999).is_err());
    world.tokens.insert(id.clone(), Row { revision: 2, body: Arc::new(revoked) });
    assert!(caller(&world, &asked, NOW).unwrap_err().detail.contains("revoked"));

    world.tokens.remove(&id);
    assert!(caller(&world, &asked, NOW).unwrap_err().detail.contains("not known"));
}

#[test]
fn other_headers_and_other_tokens_are_nobody() {
    let secret = new_secret().unwrap();
    let (world, id) = world(&secret);
    assert!(caller(&world, &HeaderMap::new(), NOW).is_err());
    let hash = world.tokens.get(&id).unwrap().body.hash.clone();
    for value in [
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        &secret,
        &format!("Bearer {secret}0"),
        &format!("Bearer {}", secret.to_uppercase()),
        &format!("Bearer {hash}"),
        &format!("Bearer {id}"),
    ] {
        let problem = caller(&world, &headers(value), NOW).unwrap_err();
        assert_eq!(problem.code, Code::Unauthenticated, "{value}");
        assert!(!problem.detail.contains(&secret));
    }
}

#[test]
fn the_last_use_is_kept_until_it_is_written() {
    let used = Used::default();
    used.note(&"a".into(), 5);
    used.note(&"a".into(), 3);
    let taken = used.take();
    assert_eq!(taken.get("a"), Some(&5));
    assert!(used.peek().is_empty());
    used.note(&"a".into(), 9);
    used.put_back(taken);
    assert_eq!(used.peek().get("a"), Some(&9));
}
