//! SDK keys and signing keys: made, rotated, revoked while somebody follows; servers that sign nothing.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tidegate::wire::{Connection, KeyRing, PublicKey, Trust};
use tidegate_admin::clock::ManualClock;
use tidegate_admin::config::Config;
use tidegate_admin::outbound;
use tidegate_admin::server::{ServeError, serve_with};

use crate::common::{Harness, START, reply};
use crate::follower::{Came, Follower, request};
use crate::snapshots::{connection, gate, server};

/// The state of each signing key.
async fn states(harness: &Harness) -> Vec<String> {
    let keys = harness.get("/signing-keys").await.expect(200).body;
    let mut states: Vec<String> = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["state"].as_str().unwrap().to_owned())
        .collect();
    states.sort_unstable();
    states
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_pinned_the_old_key_follows_a_rotation_under_way_and_later() {
    let harness = server().await;
    let old = connection(&harness, "prod").await;
    let mut follower = Follower::open(&harness.http, &old).await;
    assert!(matches!(follower.news().await, Came::Snapshot(_)));
    // The next key is told of before it signs.
    let next = harness.post("/signing-keys", json!({})).await.expect(201).body;
    assert_eq!((next["state"].as_str(), follower.news().await), (Some("next"), Came::Keys(1)));
    harness.post("/signing-keys", json!({})).await.problem(409, "wrong_state");
    let active = harness.post("/signing-keys/rotate", json!({ "reason": "test" })).await.expect(200).body;
    assert_eq!((&active["key"], active["state"].as_str()), (&next["key"], Some("active")));
    assert_eq!(states(&harness).await, ["active", "retiring"]);
    // Signed anew at once: a head that only the new key verifies.
    let new: PublicKey = active["public"].as_str().unwrap().parse().unwrap();
    let only_new = KeyRing::pinned(new);
    while only_new.verify(&follower.token, &"prod".into()).is_err() {
        assert_eq!(follower.next().await, Came::Head(follower.version()));
    }
    harness
        .post("/features/checkout/kill", json!({ "environment": "prod", "reason": "test" }))
        .await
        .expect(200);
    assert!(matches!(follower.news().await, Came::Delta(..)));

    // Twice more, and the first is retired: who only has the first connection string follows all the same.
    harness.post("/signing-keys/rotate", json!({ "reason": "test" })).await.expect(200);
    harness.post("/signing-keys/rotate", json!({ "reason": "test" })).await.expect(200);
    let keys = harness.get("/signing-keys").await.expect(200).body;
    for key in keys["items"].as_array().unwrap() {
        let retire = format!("/signing-keys/{}/retire", key["key"].as_str().unwrap());
        let answer = harness.post(&retire, json!({ "reason": "test" })).await;
        if key["state"] == "active" { answer.problem(409, "wrong_state") } else { drop(answer.expect(200)) }
    }
    let mut late = Follower::open(&harness.http, &old).await;
    // The publisher may still be on its way to the last rotation.
    let mut told = 0;
    while told < 3 || late.rows.is_none() {
        match late.news().await {
            Came::Keys(count) => told = count,
            Came::Snapshot(_) => {}
            other => panic!("{other:?}"),
        }
    }
    let polled = reply(request(&harness.http, &old, "/keys")).await.expect(200);
    assert_eq!(polled.body.as_array().unwrap().len(), 3);
    // A connection string that is made now needs none of that.
    let now = connection(&harness, "prod").await;
    let Trust::Pinned(pinned) = now.trust else { panic!("{now}") };
    let polled = request(&harness.http, &now, "/snapshot").send().await.unwrap();
    KeyRing::pinned(pinned)
        .verify(polled.headers()["tidegate-head"].to_str().unwrap(), &"prod".into())
        .unwrap();
    harness.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_outlives_a_restart() {
    let mut harness = server().await;
    let old = connection(&harness, "prod").await;
    harness.post("/signing-keys/rotate", json!({ "reason": "test" })).await.expect(200);
    harness.restart().await;
    let old = Connection { url: harness.server().url(), ..old };
    let mut follower = Follower::open(&harness.http, &old).await;
    assert_eq!(follower.news().await, Came::Keys(1));
    assert!(matches!(follower.news().await, Came::Snapshot(_)));
    assert_eq!(states(&harness).await, ["active", "retiring"]);
    harness.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_ends_its_stream_and_no_other() {
    let harness = server().await;
    let made = harness.post("/sdk-keys", json!({ "environment": "prod" })).await.expect(201).body;
    let revoked: Connection = made["secret"].as_str().unwrap().parse().unwrap();
    let kept = connection(&harness, "prod").await;
    let mut one = Follower::open(&harness.http, &revoked).await;
    let mut other = Follower::open(&harness.http, &kept).await;
    assert!(matches!(one.news().await, Came::Snapshot(_)));
    assert!(matches!(other.news().await, Came::Snapshot(_)));
    let path = format!("/sdk-keys/{}/revoke", made["key"].as_str().unwrap());
    harness.post(&path, json!({ "reason": "leaked" })).await.expect(200);
    assert_eq!(one.news().await, Came::End);
    reply(request(&harness.http, &revoked, "/stream")).await.expect(401);
    harness.post("/features", json!({ "key": "new", "definition": gate(true) })).await.expect(201);
    assert!(matches!(other.news().await, Came::Delta(..)));
    let listed = harness.get("/sdk-keys").await.expect(200).body;
    let listed = listed["items"].as_array().unwrap();
    assert_eq!(listed.iter().filter(|key| key["revoked_at"].is_i64()).count(), 1);
    assert!(listed.iter().all(|key| key["last_used"].is_i64()), "{listed:?}");
    harness.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_kept_told_or_shown_again() {
    let harness = server().await;
    let send = || {
        let request = harness.request(&harness.admin, "POST", "/sdk-keys");
        reply(request.header("idempotency-key", "one").json(&json!({ "environment": "prod" })))
    };
    let made = send().await.expect(201);
    let connection: Connection = made.body["secret"].as_str().unwrap().parse().unwrap();
    let secret = connection.sdk_key.unwrap().secret().to_owned();
    let again = send().await.expect(201);
    assert!(again.body.get("secret").is_none() && again.body["key"] == made.body["key"], "{again:?}");
    let seeds: Vec<String> = harness
        .server()
        .writer()
        .world()
        .signing_keys
        .values()
        .filter_map(|row| row.body.seed.clone())
        .collect();
    assert_eq!(seeds.len(), 1);
    for path in ["/sdk-keys", "/signing-keys"] {
        let text = harness.get(path).await.expect(200).body.to_string();
        assert!(!text.contains(&secret) && !text.contains("hash") && !text.contains("seed"), "{text}");
    }
    let log = harness.get("/audit/export").await.expect(200).body.to_string();
    assert!(!log.contains(&secret));
    harness.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_asked_to_sign_nothing_says_so_in_connection_strings() {
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        store: "sqlite::memory:".to_owned(),
        key_file: Some(std::env::temp_dir().join(format!("tidegate-unsigned-{}", uuid::Uuid::new_v4()))),
        unsigned: true,
        ..Config::default()
    };
    let server = serve_with(config.clone(), Arc::new(ManualClock::new(START))).await.unwrap();
    let http = outbound::client(Duration::from_secs(60)).unwrap();
    let url = |path: &str| format!("{}/api/v1{path}", server.url());
    let once = http.post(url("/tokens")).bearer_auth(server.admin_token().unwrap()).json(&json!({}));
    let token = reply(once).await.expect(201).body["secret"].as_str().unwrap().to_owned();
    let post = |path: &str, body| reply(http.post(url(path)).bearer_auth(&token).json(&body));
    post("/environments", json!({ "name": "prod" })).await.expect(201);
    let bad = post("/sdk-keys", json!({ "environment": "prod", "url": "ftp://x" })).await;
    bad.problem(422, "invalid");
    let made =
        post("/sdk-keys", json!({ "environment": "prod", "url": "http://[::1]:9/x/" })).await.expect(201);
    let connection: Connection = made.body["secret"].as_str().unwrap().parse().unwrap();
    assert_eq!((connection.trust, connection.url.as_str()), (Trust::Unsigned, "http://[::1]:9/x"));
    let connection = Connection { url: server.url(), ..connection };
    let mut follower = Follower::open(&http, &connection).await;
    assert!(matches!(follower.news().await, Came::Snapshot(_)));
    let listed = reply(http.get(url("/signing-keys")).bearer_auth(&token)).await.expect(200);
    assert_eq!(listed.body["items"], json!([]));
    server.shut_down().await;
    let wrong = Config { public_url: Some("flags.example".to_owned()), ..config.clone() };
    let refused = serve_with(wrong, Arc::new(ManualClock::new(START))).await.unwrap_err();
    assert!(matches!(refused, ServeError::PublicUrl(_)), "{refused}");
    std::fs::remove_file(config.key_path()).unwrap();
}
