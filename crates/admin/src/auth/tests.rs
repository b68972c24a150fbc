use std::sync::Arc;

use axum::http::HeaderValue;
use tidegate::release::{ActorKind, Grant, Role};

use super::*;
use crate::domain::Row;
use crate::domain::entity::Principal;

const NOW: Now = Now { wall: 1_000, uptime: 5 };

fn world(secret: &str) -> World {
    let mut world = World::default();
    let grants = vec![Grant { role: Role::Viewer, environments: None }];
    let principal = Principal { kind: ActorKind::Person, name: None, grants, disabled: false, created_at: 0 };
    world.principals.insert("ana".into(), Row { revision: 1, body: Arc::new(principal) });
    let token = Token {
        principal: "ana".into(),
        description: None,
        hash: hash(secret),
        created_at: 0,
        expires_at: Some(2_000),
        revoked_at: None,
        once: false,
    };
    world.tokens.insert("t1".into(), Row { revision: 1, body: Arc::new(token) });
    world
}

fn headers(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    headers
}

#[test]
fn a_token_tells_its_principal_until_it_expires_or_is_revoked() {
    let secret = new_secret().unwrap();
    assert_eq!(secret.len(), PREFIX.len() + 64);
    let tokens = Tokens::default();
    let mut world = world(&secret);
    let asked = headers(&format!("Bearer {secret}"));
    let caller = tokens.caller(&world, &asked, NOW).unwrap();
    assert_eq!((&*caller.actor.id, &*caller.token), ("ana", "t1"));
    assert_eq!(tokens.last_used("t1"), Some(1_000));
    assert_eq!(tokens.take_used().len(), 1);

    let late = Now { wall: 2_000, uptime: 6 };
    assert!(tokens.caller(&world, &asked, late).unwrap_err().detail.contains("expired"));

    let mut revoked = Token::clone(&world.tokens.get("t1").unwrap().body);
    revoked.revoked_at = Some(1_500);
    world.tokens.insert("t1".into(), Row { revision: 2, body: Arc::new(revoked) });
    assert!(tokens.caller(&world, &asked, NOW).unwrap_err().detail.contains("revoked"));

    world.tokens.remove("t1");
    assert!(tokens.caller(&world, &asked, NOW).unwrap_err().detail.contains("not known"));
}

#[test]
fn other_headers_and_other_tokens_are_nobody() {
    let secret = new_secret().unwrap();
    let (tokens, world) = (Tokens::default(), world(&secret));
    assert!(tokens.caller(&world, &HeaderMap::new(), NOW).is_err());
    for value in [
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        &secret,
        &format!("Bearer {secret}0"),
        &format!("Bearer {}", secret.to_uppercase()),
        &format!("Bearer {}", hash(&secret)),
    ] {
        let problem = tokens.caller(&world, &headers(value), NOW).unwrap_err();
        assert_eq!(problem.code, Code::Unauthenticated, "{value}");
        assert!(!problem.detail.contains(&secret));
    }
    assert!(tokens.take_used().is_empty());
}
