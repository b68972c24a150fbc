//! From a commit to those who follow: deltas, after a restart, from another server on the same store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tidegate::wire::{Connection, Rows, Section, Trust};
use tidegate_admin::clock::ManualClock;
use tidegate_admin::config::Config;
use tidegate_admin::outbound;
use tidegate_admin::server::serve_with;

use crate::common::{Harness, START, generous, reply};
use crate::follower::{Came, Follower, request};
use crate::places;

pub(crate) fn gate(on: bool) -> Json {
    json!({ "kind": "gate", "rules": [{ "id": "all", "variant": if on { "on" } else { "off" } }] })
}

/// A server with the environments `dev` and `prod`, and some features.
pub(crate) async fn server() -> Harness {
    let harness = Harness::start().await;
    for name in ["dev", "prod"] {
        harness.post("/environments", json!({ "name": name })).await.expect(201);
    }
    for key in ["checkout", "search", "other"] {
        harness.post("/features", json!({ "key": key, "definition": gate(true) })).await.expect(201);
    }
    // What is committed is published a little later; who follows from here on gets the newest first.
    let published = |name: &str| {
        let head = harness.server().writer().world().snapshot_heads[name].body.version;
        harness.server().hub().current(&name.into()).is_some_and(|current| current.version() == head)
    };
    let began = Instant::now();
    while !["dev", "prod"].into_iter().all(published) {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing is published");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    harness
}

/// A new connection string.
pub(crate) async fn connection(harness: &Harness, environment: &str) -> Connection {
    let made = harness.post("/sdk-keys", json!({ "environment": environment })).await.expect(201);
    made.body["secret"].as_str().unwrap().parse().unwrap()
}

async fn kill(harness: &Harness, feature: &str) {
    let kill = json!({ "environment": "prod", "reason": "test" });
    harness.post(&format!("/features/{feature}/kill"), kill).await.expect(200);
}

/// The version that `prod` has.
fn version(harness: &Harness) -> u64 {
    harness.server().writer().world().snapshot_heads["prod"].body.version
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_arrives_as_a_signed_delta() {
    let harness = server().await;
    let connection = connection(&harness, "prod").await;
    assert_eq!(connection.url, harness.server().url());
    let mut follower = Follower::open(&harness.http, &connection).await;
    assert_eq!(follower.news().await, Came::Snapshot(version(&harness)));
    assert!(follower.is_on("checkout"));
    let before = version(&harness);
    kill(&harness, "checkout").await;
    assert_eq!(follower.news().await, Came::Delta(before, version(&harness)));
    assert!(!follower.is_on("checkout") && follower.is_on("search"));
    // Another environment's change is no news here: the next that comes is of `prod`.
    let in_dev = json!({ "environment": "dev", "reason": "test" });
    harness.post("/features/search/kill", in_dev).await.expect(200);
    let before = version(&harness);
    harness.call(&harness.admin, "DELETE", "/features/other", Some(json!({}))).await.expect(200);
    assert_eq!(follower.news().await, Came::Delta(before, version(&harness)));
    // What is polled is the same, byte for byte, as what the API shows.
    let polled = request(&harness.http, &connection, "/snapshot").send().await.unwrap();
    let etag = polled.headers()["etag"].to_str().unwrap().to_owned();
    let bytes = polled.bytes().await.unwrap();
    assert_eq!(bytes, follower.rows.as_ref().unwrap().render());
    let shown = harness.request(&harness.admin, "GET", "/snapshots/prod").send().await.unwrap();
    assert_eq!(shown.headers()["etag"].to_str().unwrap(), etag);
    assert_eq!(shown.bytes().await.unwrap(), bytes);
    let known = request(&harness.http, &connection, "/snapshot").header("if-none-match", etag);
    let known = reply(known).await.expect(304);
    follower.ring.verify(known.header("tidegate-head").unwrap(), &"prod".into()).unwrap();
    harness.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lost_a_row_or_was_given_another_byte_notices() {
    let harness = server().await;
    let connection = connection(&harness, "prod").await;
    let mut follower = Follower::open(&harness.http, &connection).await;
    assert!(matches!(follower.news().await, Came::Snapshot(_)));
    let polled = request(&harness.http, &connection, "/snapshot").send().await.unwrap();
    let token = polled.headers()["tidegate-head"].to_str().unwrap().to_owned();
    let head = follower.ring.verify(&token, &"prod".into()).unwrap();
    let document = polled.bytes().await.unwrap().to_vec();
    head.matches(&document).unwrap();
    let mut other = document.clone();
    let middle = other.len() / 2;
    other[middle] ^= 1;
    head.matches(&other).unwrap_err();
    let mut fewer = Rows::parse(&document).unwrap();
    assert!(fewer.remove(Section::Features, "other").is_some());
    head.matches_hash(fewer.sha256()).unwrap_err();
    // Signed for `prod`, good for nothing else; and no byte of the token can be another.
    follower.ring.verify(&token, &"dev".into()).unwrap_err();
    let mut forged = token.into_bytes();
    let place = forged.len() / 2;
    forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
    follower.ring.verify(std::str::from_utf8(&forged).unwrap(), &"prod".into()).unwrap_err();
    harness.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_there_is_still_a_delta() {
    let mut harness = server().await;
    let connection = connection(&harness, "prod").await;
    let mut follower = Follower::open(&harness.http, &connection).await;
    assert!(matches!(follower.news().await, Came::Snapshot(_)));
    let before = follower.version();
    kill(&harness, "checkout").await;
    harness.call(&harness.admin, "DELETE", "/features/other", Some(json!({}))).await.expect(200);
    harness.restart().await;
    let connection = Connection { url: harness.server().url(), ..connection };
    let mut follower = follower.again(&harness.http, &connection).await;
    // If the old stream had not ended before, it has what is new already.
    if follower.version() == before {
        assert_eq!(follower.news().await, Came::Delta(before, version(&harness)));
    }
    assert!(!follower.is_on("checkout"));
    let before = version(&harness);
    kill(&harness, "search").await;
    assert_eq!(follower.news().await, Came::Delta(before, version(&harness)));
    // A version that never was: the whole.
    follower.rows.as_mut().unwrap().set_version(before - 1_000_000);
    let mut follower = follower.again(&harness.http, &connection).await;
    follower.rows = None;
    assert_eq!(follower.news().await, Came::Snapshot(version(&harness)));
    harness.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_changes_lead_to_the_same_bytes() {
    let harness = server().await;
    let connection = connection(&harness, "prod").await;
    let mut follower = Follower::open(&harness.http, &connection).await;
    assert!(matches!(follower.news().await, Came::Snapshot(_)));
    for n in 0..100 {
        let key = format!("feature-{}", n % 7);
        match n % 3 {
            0 => {
                harness.post("/features", json!({ "key": key, "definition": gate(n % 2 == 0) })).await;
            }
            1 => {
                let kill = json!({ "environment": "prod", "reason": "test" });
                harness.post(&format!("/features/{key}/kill"), kill).await;
            }
            _ => drop(
                harness.call(&harness.admin, "DELETE", &format!("/features/{key}"), Some(json!({}))).await,
            ),
        }
    }
    follower.until(version(&harness)).await;
    let shown = harness.request(&harness.admin, "GET", "/snapshots/prod").send().await.unwrap();
    assert_eq!(shown.bytes().await.unwrap(), follower.rows.unwrap().render());
    let metrics = harness.call("", "GET", "//metrics", None).await.expect(200);
    let metrics = metrics.body.as_str().unwrap();
    let line = format!("tidegate_snapshot_version{{environment=\"prod\"}} {}", version(&harness));
    assert!(metrics.contains(&line), "{metrics}");
    assert!(metrics.contains("tidegate_sdk_streams{environment=\"prod\"} 1"), "{metrics}");
    assert!(
        metrics.contains("tidegate_snapshot_publication_seconds_count{environment=\"prod\"}"),
        "{metrics}"
    );
    harness.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_that_is_gone_serves_nobody() {
    let harness = server().await;
    harness.post("/environments", json!({ "name": "trial", "pipelines": false })).await.expect(201);
    let made = harness.post("/sdk-keys", json!({ "environment": "trial" })).await.expect(201);
    let connection: Connection = made.body["secret"].as_str().unwrap().parse().unwrap();
    let mut follower = Follower::open(&harness.http, &connection).await;
    assert!(matches!(follower.news().await, Came::Snapshot(_)));
    let delete = || harness.call(&harness.admin, "DELETE", "/environments/trial", Some(json!({})));
    delete().await.problem(409, "in_use");
    let revoke = format!("/sdk-keys/{}/revoke", made.body["key"].as_str().unwrap());
    harness.post(&revoke, json!({})).await.expect(200);
    assert_eq!(follower.news().await, Came::End);
    reply(request(&harness.http, &connection, "/snapshot")).await.expect(401);
    delete().await.expect(200);
    harness.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_one_server_arrives_at_the_streams_of_another() {
    let Some(place) = places::postgres().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        store: place.address.clone(),
        key_file: Some(folder.path().join("key")),
        public_url: Some("https://flags.example/base/".to_owned()),
        limits: generous(),
        grace: Duration::from_secs(5),
        ..Config::default()
    };
    let start = || serve_with(config.clone(), Arc::new(ManualClock::new(START)));
    let (one, http) = (start().await.unwrap(), outbound::client(Duration::from_secs(60)).unwrap());
    let other = start().await.unwrap();
    let post = |path: &str, token: &str, body: Json| {
        reply(http.post(format!("{}/api/v1{path}", one.url())).bearer_auth(token).json(&body))
    };
    let made = post("/tokens", one.admin_token().unwrap(), json!({})).await.expect(201);
    let token = made.body["secret"].as_str().unwrap().to_owned();
    post("/environments", &token, json!({ "name": "prod" })).await.expect(201);
    let made = post("/sdk-keys", &token, json!({ "environment": "prod" })).await.expect(201);
    let connection: Connection = made.body["secret"].as_str().unwrap().parse().unwrap();
    assert_eq!(connection.url, "https://flags.example/base");
    assert!(matches!(connection.trust, Trust::Pinned(_)));
    // The key is admitted, and the environment published, as soon as the other server has heard of them.
    let connection = Connection { url: other.url(), ..connection };
    let heard = async {
        while reply(request(&http, &connection, "/snapshot")).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap();
    let mut follower = Follower::open(&http, &connection).await;
    assert!(matches!(follower.news().await, Came::Snapshot(_)));
    let before = follower.version();
    post("/features", &token, json!({ "key": "checkout", "definition": gate(true) })).await.expect(201);
    let version = one.writer().world().snapshot_heads["prod"].body.version;
    assert_eq!(follower.news().await, Came::Delta(before, version));
    assert!(follower.is_on("checkout"));
    // Rotated by one, followed at the other.
    post("/signing-keys/rotate", &token, json!({ "reason": "test" })).await.expect(200);
    assert_eq!(follower.news().await, Came::Keys(1));
    post("/features/checkout/kill", &token, json!({ "environment": "prod", "reason": "test" }))
        .await
        .expect(200);
    assert!(matches!(follower.news().await, Came::Delta(..)));
    assert!(!follower.is_on("checkout"));
    one.shut_down().await;
    other.shut_down().await;
}
