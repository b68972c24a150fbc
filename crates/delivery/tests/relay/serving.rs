//! What a relay serves is what its upstream signed, byte for byte, and at once.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tidegate::wire::{Rows, Sha256, SigningKey};
use tidegate_delivery::relay::{Config, Relay, StartError};

use crate::support::{Front, Origin, connection, eventually, keys, ring};

const GATE: &str = r#"{"kind":"gate"}"#;
const ON: &str = r#"{"kind":"gate","default":"on"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn bytes_tokens_and_deltas_are_the_upstreams() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", GATE), ("b", GATE)]);
    let front = Front::of(origin.address).await;
    front.wait_for(7).await;
    let [_, key, _] = keys();
    let (status, token, bytes) = front.snapshot(&key).await;
    assert_eq!((status, &bytes), (200, &origin.document()));
    let upstream = origin.hub.current(&"prod".into()).unwrap();
    assert_eq!(token, upstream.token().as_str(), "the very token");

    // Two changes while nobody is connected below: who was at 7 gets both, in order, each as it was signed.
    for (version, feature) in [(8, "a"), (9, "b")] {
        origin.publish(version, &[(feature, ON)]);
        front.wait_for(version).await;
    }
    let mut rows = Rows::parse(&bytes).unwrap();
    let mut stream = front.stream(&key, Some(7)).await;
    for version in [8, 9] {
        let data = stream.next_of("delta").await;
        let (token, delta) = data.split_once('\n').unwrap();
        let head = ring().verify(token, &"prod".into()).unwrap();
        head.matches_delta(delta.as_bytes()).unwrap();
        rows.apply(delta.as_bytes()).unwrap();
        head.matches(&rows.render()).unwrap();
        assert_eq!(head.version, version);
    }
    assert_eq!(rows.render(), origin.document());
    // From a version that the relay never had, all of it.
    let data = front.stream(&key, Some(3)).await.next_of("snapshot").await;
    assert_eq!(data.split_once('\n').unwrap().1.as_bytes(), origin.document());

    // A renewed head comes through: on the stream, and at a poll with 304.
    origin.beat(1_000_000);
    let token = stream.next_of("head").await;
    assert_eq!(ring().verify(&token, &"prod".into()).unwrap().at, 1_000_000);
    let etag = format!("\"{}\"", Sha256::of(&origin.document()));
    let polled = front.get("/sdk/v1/snapshot", &key).header("if-none-match", etag).send().await.unwrap();
    assert_eq!(polled.status(), 304);
    assert_eq!(polled.headers()["tidegate-head"], token);
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_stand_behind_one_another() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let first = Front::of(origin.address).await;
    let second = Front::of(first.address).await;
    second.wait_for(7).await;
    let [_, key, _] = keys();
    let mut stream = second.stream(&key, Some(7)).await;
    origin.publish(8, &[("a", ON)]);
    let data = stream.next_of("delta").await;
    ring().verify(data.split_once('\n').unwrap().0, &"prod".into()).unwrap();
    assert_eq!(second.snapshot(&key).await.2, origin.document());
    assert_eq!(second.get("/sdk/v1/me", &crate::support::sdk_key(9)).send().await.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_is_endorsed_below_before_its_first_token() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let front = Front::of(origin.address).await;
    front.wait_for(7).await;
    let [_, key, _] = keys();
    let mut stream = front.stream(&key, Some(7)).await;
    origin.rotate();
    origin.publish(8, &[("a", ON)]);
    let mut ring = ring();
    loop {
        let (name, data) = stream.next().await.unwrap();
        match &*name {
            "keys" => ring.trust_all(&serde_json::from_str::<Vec<String>>(&data).unwrap()),
            "delta" => {
                let head = ring.verify(data.split_once('\n').unwrap().0, &"prod".into()).unwrap();
                assert_eq!(head.version, 8);
                break;
            }
            _ => 0,
        };
    }
    let new = SigningKey::from_seed(&[8; 32]).unwrap().public();
    assert!(ring.trusts(&new));
    let polled: Vec<String> = front.get("/sdk/v1/keys", &key).send().await.unwrap().json().await.unwrap();
    assert_eq!(polled.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn evaluations_over_http_are_answered_from_what_is_relayed() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", ON)]);
    let front = Front::of(origin.address).await;
    let [_, key, _] = keys();
    front.wait_for(7).await;
    let ask = async || {
        let request = front.post("/ofrep/v1/evaluate/flags/a", &key).json(&json!({ "context": {} }));
        request.send().await.unwrap().json::<Json>().await.unwrap()
    };
    assert_eq!(ask().await["value"], true);
    origin.publish(8, &[("a", GATE)]);
    eventually("the new version is evaluated", async || ask().await["value"] == false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_says_when_it_is_ready() {
    let origin = Origin::new().await;
    let front = Front::of(origin.address).await;
    let ready = async || front.client.get(format!("http://{}/readyz", front.address)).send().await.unwrap();
    assert_eq!(ready().await.status(), 503);
    origin.publish(7, &[("a", GATE)]);
    eventually("it is ready", async || ready().await.status() == 200).await;
    let found: Json = ready().await.json().await.unwrap();
    assert_eq!(found["environments"]["prod"]["version"], 7);
    assert_eq!(
        front.client.get(format!("http://{}/healthz", front.address)).send().await.unwrap().status(),
        200
    );
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused_at_the_start() {
    let address = "127.0.0.1:1".parse().unwrap();
    let [one, other, _] = keys();
    let twice = vec![connection(address, &one), connection(address, &other)];
    assert!(matches!(Relay::start(Config::new(twice)).await, Err(StartError::Twice(_))));
    assert!(matches!(Relay::start(Config::new(Vec::new())).await, Err(StartError::NoUpstream)));
    let files = "tidegate+static+http://h/d?environment=prod&key=none".parse().unwrap();
    assert!(matches!(Relay::start(Config::new(vec![files])).await, Err(StartError::Static(_))));
    let file = tempfile::NamedTempFile::new().unwrap();
    let config =
        Config { cache: Some(file.path().to_owned()), ..Config::new(vec![connection(address, &one)]) };
    assert!(matches!(Relay::start(config).await, Err(StartError::Cache { .. })));
}

/// How much later a change comes through a relay than directly, of a document with 1 000 gates. The time itself is in the benchmarks;
/// here it must only not be of another order, on a machine that does other things as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_goes_through_at_once() {
    let origin = Origin::new().await;
    let names: Vec<String> = (0..1_000).map(|i| format!("gate-{i}")).collect();
    origin.publish(7, &names.iter().map(|name| (&**name, GATE)).collect::<Vec<_>>());
    let front = Front::of(origin.address).await;
    front.wait_for(7).await;
    let [_, key, _] = keys();
    let mut stream = front.stream(&key, Some(7)).await;
    let mut took = Vec::new();
    for version in 8..58 {
        let started = Instant::now();
        origin.publish(version, &[("gate-1", if version % 2 == 0 { ON } else { GATE })]);
        stream.next_of("delta").await;
        took.push(started.elapsed());
    }
    took.sort_unstable();
    println!("upstream → relay → client: p50 {:?}, max {:?}", took[25], took[49]);
    assert!(took[25] < Duration::from_millis(250), "{took:?}");
}
