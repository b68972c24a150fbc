//! `GET /sdk/v1/stream`: what comes, in which order, and what happens to those who do not read it.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use serde_json::{Value as Json, json};
use tidegate::wire::{Head, Rows, Sha256, SigningKey, Token};
use tidegate_delivery::{Limits, Publication, Signer, Timeouts, Unfit, heartbeat};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{DEV, Event, Events, PROD, SOON, Server, eventually, gate};

/// What a client has, kept by the events that came.
struct Held {
    rows: Option<Rows>,
}

impl Held {
    fn take(&mut self, server: &Server, event: &Event) {
        let (token, document) = event.lines();
        let head = server.ring().verify(token, &"prod".into()).unwrap();
        assert_eq!(Some(head.version), event.id);
        match event.name.as_str() {
            "snapshot" => {
                assert_eq!(head.sha256, Sha256::of(document.as_bytes()));
                self.rows = Some(Rows::parse(document.as_bytes()).unwrap());
            }
            "delta" => {
                head.matches_delta(document.as_bytes()).unwrap();
                let rows = self.rows.as_mut().unwrap();
                assert_eq!(head.delta.unwrap().from, rows.version());
                rows.apply(document.as_bytes()).unwrap();
            }
            other => panic!("an event `{other}`"),
        }
        let rows = self.rows.as_ref().unwrap();
        assert_eq!(head.sha256, rows.sha256(), "the document is not that of the head");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_client_gets_the_whole_then_deltas() {
    let server = Server::new().await;
    let filler = gate("filler", 5_000);
    server.publish("prod", 1, &[("a", gate("a1", 20)), ("b", gate("b1", 20)), ("filler", filler)]);
    let mut stream = server.stream(PROD, None).await;
    let mut held = Held { rows: None };
    let first = stream.next().await.unwrap();
    assert_eq!(first.name, "snapshot");
    held.take(&server, &first);
    for (version, changes) in [
        (2, vec![("a", gate("a2", 20))]),
        (5, vec![("b", None)]),
        (6, vec![("c", gate("c6", 20)), ("a", gate("a6", 20))]),
    ] {
        server.publish("prod", version, &changes);
        let event = stream.next().await.unwrap();
        assert_eq!((event.name.as_str(), event.id), ("delta", Some(version)));
        held.take(&server, &event);
        assert_eq!(held.rows.as_ref().unwrap().render(), server.document("prod"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_again_gets_the_difference_from_each_of_the_last_50_versions() {
    let server = Server::new().await;
    let mut documents = Vec::new();
    for version in 1..=60_u64 {
        let name = format!("f{}", version % 7);
        let text = if version % 9 == 0 { None } else { gate(&format!("v{version}"), 100) };
        let filler = ("filler", gate("filler", if version == 1 { 20_000 } else { 0 }));
        let mut changes = vec![(name.as_str(), text)];
        if version == 1 {
            changes.push(filler);
        }
        server.publish("prod", version, &changes);
        documents.push(server.document("prod"));
    }
    for from in 1..60_u64 {
        let mut stream = server.stream(PROD, Some(from)).await;
        let event = stream.next().await.unwrap();
        let expected = if from < 10 { "snapshot" } else { "delta" };
        assert_eq!((event.name.as_str(), event.id), (expected, Some(60)), "from {from}");
        let rows = Rows::parse(&documents[usize::try_from(from).unwrap() - 1]).unwrap();
        let mut held = Held { rows: Some(rows) };
        held.take(&server, &event);
        assert_eq!(held.rows.unwrap().render(), server.document("prod"), "from {from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_up_to_date_gets_the_head_and_who_has_what_never_was_gets_the_whole() {
    let server = Server::new().await;
    server.publish("prod", 7, &[("a", gate("a", 100))]);
    server.publish("prod", 9, &[("a", gate("b", 100))]);
    let event = server.stream(PROD, Some(9)).await.next().await.unwrap();
    assert_eq!((event.name.as_str(), event.id), ("head", None));
    let head = server.ring().verify(&event.data, &"prod".into()).unwrap();
    assert_eq!(head.version, 9);
    for unknown in [0, 6, 8, 10, u64::MAX] {
        let event = server.stream(PROD, Some(unknown)).await.next().await.unwrap();
        assert_eq!(event.name, "snapshot", "{unknown}");
    }
    for no_version in ["", "x", "-1", "99999999999999999999999"] {
        let request = server.get("/sdk/v1/stream", PROD).header("last-event-id", no_version);
        let event = Events::of(request.send().await.unwrap()).next().await.unwrap();
        assert_eq!(event.name, "snapshot", "{no_version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_with_a_time_of_its_own_to_come_again() {
    let server = Server::new().await;
    let mut times = BTreeSet::new();
    for _ in 0..10 {
        let opening = server.stream(PROD, None).await.any().await.unwrap();
        let retry = opening.retry.expect("no `retry` at first");
        assert!((500..=1_500).contains(&retry), "{retry}");
        times.insert(retry);
    }
    assert!(times.len() > 2, "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_come_before_the_first_version() {
    let server = Server::new().await;
    let mut stream = server.stream(PROD, None).await;
    assert!(stream.any().await.unwrap().retry.is_some());
    server.publish("prod", 1, &[]);
    assert_eq!(stream.next().await.unwrap().id, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_of_another_environment() {
    let server = Server::new().await;
    server.publish("prod", 1, &[]);
    server.publish("dev", 1, &[]);
    let (mut prod, mut dev) = (server.stream(PROD, Some(1)).await, server.stream(DEV, Some(1)).await);
    assert_eq!(prod.next().await.unwrap().name, "head");
    assert_eq!(dev.next().await.unwrap().name, "head");
    server.publish("prod", 2, &[("secret", gate("of prod", 10))]);
    assert_eq!(prod.next().await.unwrap().id, Some(2));
    server.publish("dev", 3, &[]);
    let event = dev.next().await.unwrap();
    assert_eq!(event.id, Some(3));
    assert!(!event.data.contains("secret"));
}

/// A signer that counts.
struct Counting(Arc<dyn Signer>, AtomicUsize);

impl Signer for Counting {
    fn sign(&self, head: &Head) -> Token {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.sign(head)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_signs_once_an_environment_and_everybody_gets_it() {
    let server = Server::new().await;
    server.publish("prod", 1, &[("filler", gate("filler", 2_000))]);
    server.publish("dev", 1, &[]);
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = server.stream(PROD, Some(1)).await;
        assert_eq!(stream.next().await.unwrap().name, "head");
        streams.push(stream);
    }
    let signer = Counting(Arc::clone(&server.pen) as Arc<dyn Signer>, AtomicUsize::new(0));
    server.hub.beat(Some(&signer), 1_234).unwrap();
    let mut tokens = BTreeSet::new();
    for stream in &mut streams {
        let event = stream.next().await.unwrap();
        assert_eq!(event.name, "head");
        tokens.insert(event.data);
    }
    assert_eq!((tokens.len(), signer.1.load(Ordering::SeqCst)), (1, 2));
    let token = tokens.pop_first().unwrap();
    assert_eq!(server.ring().verify(&token, &"prod".into()).unwrap().at, 1_234);
    // Who comes after it gets that one, with the delta as well.
    server.publish("prod", 2, &[]);
    server.hub.beat(Some(&signer), 5_678).unwrap();
    let mut late = server.stream(PROD, Some(1)).await;
    assert_eq!(late.next().await.unwrap().id, Some(2));
    let renewed = late.next().await.unwrap();
    assert_eq!(server.ring().verify(&renewed.data, &"prod".into()).unwrap().at, 5_678);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_signer_a_heartbeat_is_a_comment_and_renewals_come_from_above() {
    let server = Server::new().await;
    server.publish("prod", 1, &[]);
    let mut stream = server.stream(PROD, Some(1)).await;
    let first = stream.next().await.unwrap();
    assert_eq!(first.name, "head");
    let beats = heartbeat(Arc::clone(&server.hub), None, Duration::from_millis(10), || 0);
    let beats = tokio::spawn(beats);
    for _ in 0..3 {
        assert!(stream.any().await.unwrap().comment);
    }
    beats.abort();
    let head = Head { at: 77, ..server.hub.current(&"prod".into()).unwrap().head().clone() };
    let other = Head { version: 2, ..head.clone() };
    assert!(!server.hub.renew(&other, server.pen.sign(&other)), "of another version");
    assert!(server.hub.renew(&head, server.pen.sign(&head)));
    let renewed = stream.next().await.unwrap();
    assert_eq!(server.ring().verify(&renewed.data, &"prod".into()).unwrap().at, 77);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_only_grow() {
    let server = Server::new().await;
    server.publish("prod", 5, &[]);
    for version in [4, 5] {
        let document = Bytes::from(format!("{{\"version\":{version}}}"));
        let head = Head {
            version,
            sha256: Sha256::of(&document),
            ..server.hub.current(&"prod".into()).unwrap().head().clone()
        };
        let token = server.pen.sign(&head);
        assert!(!server.hub.publish(Publication::new(head, token, document, None).unwrap()));
    }
    assert_eq!(server.hub.current(&"prod".into()).unwrap().version(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_ends_its_streams_and_no_others() {
    let server = Server::new().await;
    server.wallet.keys.lock().insert("tgs_other".to_owned(), "prod".into());
    server.publish("prod", 1, &[]);
    let mut streams = Vec::new();
    for key in [PROD, PROD, "tgs_other"] {
        let mut stream = server.stream(key, Some(1)).await;
        assert_eq!(stream.next().await.unwrap().name, "head");
        streams.push(stream);
    }
    // That it cannot be told ends nothing.
    *server.wallet.unavailable.lock() = true;
    server.hub.beat(Some(server.pen.as_ref()), 2).unwrap();
    for stream in &mut streams {
        assert_eq!(stream.next().await.unwrap().name, "head");
    }
    *server.wallet.unavailable.lock() = false;
    server.wallet.keys.lock().remove(PROD);
    server.hub.recheck();
    assert_eq!(streams[0].next().await, None);
    assert_eq!(streams[1].next().await, None);
    server.hub.beat(Some(server.pen.as_ref()), 3).unwrap();
    assert_eq!(streams[2].next().await.unwrap().name, "head");
    // A heartbeat does as well.
    server.wallet.keys.lock().clear();
    server.hub.beat(Some(server.pen.as_ref()), 4).unwrap();
    assert_eq!(streams[2].next().await, None);
    server.wait_for_streams(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_is_gone_ends_its_streams() {
    let server = Server::new().await;
    server.publish("prod", 1, &[]);
    server.publish("dev", 1, &[]);
    let (mut prod, mut dev) = (server.stream(PROD, None).await, server.stream(DEV, None).await);
    assert!(prod.next().await.is_some() && dev.next().await.is_some());
    server.hub.retire(&"prod".into());
    assert_eq!(prod.next().await, None);
    assert_eq!(server.get("/sdk/v1/snapshot", PROD).send().await.unwrap().status(), 503);
    server.publish("dev", 2, &[]);
    assert_eq!(dev.next().await.unwrap().id, Some(2));
    assert_eq!(server.hub.environments(), ["dev".into()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_its_streams_spread_and_takes_no_new_ones() {
    let server = Server::new().await;
    server.publish("prod", 1, &[]);
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = server.stream(PROD, Some(1)).await;
        assert!(stream.next().await.is_some());
        streams.push(stream);
    }
    let spread = Duration::from_millis(400);
    let started = std::time::Instant::now();
    server.hub.close(spread);
    let refused = server.get("/sdk/v1/stream", PROD).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let ends = streams.into_iter().map(|mut stream| async move {
        assert_eq!(stream.next().await, None);
        started.elapsed()
    });
    let mut ends = futures_util::future::join_all(ends).await;
    ends.sort();
    assert!(ends[19] - ends[0] > spread / 4, "all at once: {ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_room_for_so_many_streams() {
    let limits = Limits { streams: 2, ..Limits::default() };
    let server = Server::with(limits, Timeouts::default()).await;
    server.publish("prod", 1, &[]);
    let (first, _second) = (server.stream(PROD, None).await, server.stream(PROD, None).await);
    let refused = server.get("/sdk/v1/stream", PROD).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: Json = refused.json().await.unwrap();
    assert_eq!(problem["code"], "unavailable");
    drop(first);
    server.wait_for_streams(1).await;
    assert!(server.stream(PROD, None).await.next().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sdk_key_does_not_take_all_the_room() {
    let limits = Limits { streams_per_key: 2, ..Limits::default() };
    let server = Server::with(limits, Timeouts::default()).await;
    server.publish("prod", 1, &[]);
    server.publish("dev", 1, &[]);
    let (first, _second) = (server.stream(PROD, None).await, server.stream(PROD, None).await);
    let refused = server.get("/sdk/v1/stream", PROD).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: Json = refused.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&json!("rate_limited"), &json!(429)));
    assert!(problem["detail"].as_str().unwrap().contains("at most 2 streams"), "{problem}");
    assert!(!problem.to_string().contains(PROD), "{problem}");
    // Others have theirs, and who may not stream may poll.
    assert!(server.stream(DEV, None).await.next().await.is_some());
    assert_eq!(server.get("/sdk/v1/snapshot", PROD).send().await.unwrap().status(), 200);
    drop(first);
    server.wait_for_streams(1).await;
    assert!(server.stream(PROD, None).await.next().await.is_some());
}

/// A new key, endorsed by the one that signs, which it then replaces.
fn rotate(server: &Server, endorsements: &mut Vec<String>, seed: u8) {
    let new = SigningKey::from_seed(&[seed; 32]).unwrap();
    let endorsement = server.pen.0.lock().endorse(&new.public(), 1);
    endorsements.push(endorsement.into_string());
    server.hub.set_endorsements(endorsements);
    *server.pen.0.lock() = new;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_told_before_what_it_signs() {
    let server = Arc::new(Server::new().await);
    server.publish("prod", 1, &[("a", gate("a", 2_000))]);
    let writer = Arc::clone(&server);
    let versions = 60_u8;
    let rotations = tokio::task::spawn_blocking(move || {
        let mut endorsements = Vec::new();
        for seed in 8..versions {
            rotate(&writer, &mut endorsements, seed);
            writer.hub.beat(Some(writer.pen.as_ref()), seed.into()).unwrap();
            writer.publish("prod", seed.into(), &[("b", gate("b", 10))]);
        }
    });
    // Clients that come in the middle of it, and stay: each token can be verified with what came before it.
    let clients = (0..8).map(|_| async {
        let mut ring = server.ring();
        let mut stream = server.stream(PROD, None).await;
        loop {
            let event = stream.next().await.unwrap();
            if event.name == "keys" {
                ring.trust_all(&serde_json::from_str::<Vec<String>>(&event.data).unwrap());
                continue;
            }
            let token = event.data.lines().next().unwrap();
            let head = ring.verify(token, &"prod".into()).unwrap();
            if head.version == u64::from(versions) - 1 {
                return;
            }
        }
    });
    tokio::time::timeout(SOON, futures_util::future::join_all(clients)).await.unwrap();
    rotations.await.unwrap();
    // And who comes after it.
    let mut late = server.stream(PROD, Some(59)).await;
    assert_eq!(late.next().await.unwrap().name, "keys");
    assert_eq!(late.next().await.unwrap().name, "head");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_gzip_can_be_read_event_by_event() {
    let server = Server::new().await;
    server.publish("prod", 1, &[("a", gate("a", 100_000)), ("b", gate("b", 100_000))]);
    let client = reqwest::Client::builder().gzip(true).no_proxy().build().unwrap();
    let request = client.get(format!("{}/sdk/v1/stream", server.url)).bearer_auth(PROD);
    let mut stream = Events::of(request.send().await.unwrap());
    let mut held = Held { rows: None };
    let first = stream.next().await.unwrap();
    assert_eq!(first.lines().1.as_bytes(), server.document("prod"));
    held.take(&server, &first);
    for version in 2..10_u64 {
        // Small ones, and one that is too large to be compressed at once.
        let bytes = if version == 5 { 90_000 } else { 100 };
        server.publish("prod", version, &[("a", gate("a", bytes))]);
        let event = stream.next().await.unwrap();
        assert_eq!((event.name.as_str(), event.id), ("delta", Some(version)));
        held.take(&server, &event);
        server.hub.beat(Some(server.pen.as_ref()), i64::MAX).unwrap();
        assert_eq!(stream.next().await.unwrap().name, "head");
    }
    server.hub.beat(None, 0).unwrap();
    assert!(stream.any().await.unwrap().comment);
    // Really gzip, one whole file when the stream has ended.
    let raw = server.get("/sdk/v1/stream", PROD).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(raw.headers()["content-encoding"], "gzip");
    server.hub.close(Duration::from_millis(1));
    let bytes = raw.bytes().await.unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_ref()).read_to_string(&mut text).unwrap();
    assert!(text.starts_with("retry: ") && text.ends_with("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_change_of_a_large_snapshot_is_small() {
    let server = Server::new().await;
    let features: Vec<(String, Option<String>)> =
        (0..1_000).map(|n| (format!("f{n:04}"), gate("x", 300))).collect();
    let features: Vec<(&str, Option<String>)> =
        features.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    server.publish("prod", 1, &features);
    let mut stream = server.stream(PROD, Some(1)).await;
    assert_eq!(stream.next().await.unwrap().name, "head");
    let before = stream.read;
    server.publish("prod", 2, &[("f0500", gate("y", 300))]);
    assert_eq!(stream.next().await.unwrap().name, "delta");
    assert!(stream.read - before < 2_048, "{} bytes", stream.read - before);
}

/// A document that counts itself.
struct Counted {
    bytes: Vec<u8>,
    live: Arc<AtomicUsize>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Ordering::SeqCst);
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Publishes a document of 2 MB.
fn publish_large(server: &Server, version: u64, live: &Arc<AtomicUsize>) {
    let mut bytes = format!("{{\"version\":{version},\"x\":\"").into_bytes();
    bytes.resize(2 << 20, b'x');
    bytes.extend_from_slice(b"\"}");
    live.fetch_add(1, Ordering::SeqCst);
    let document = Bytes::from_owner(Counted { bytes, live: Arc::clone(live) });
    let sha256 = Sha256::of(&document);
    let head = Head { environment: "prod".into(), version, sha256, at: 1, delta: None };
    let token = server.pen.sign(&head);
    assert!(server.hub.publish(Publication::new(head, token, document, None).unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_coalesce_while_a_client_does_not_read_and_none_is_kept_for_it() {
    let server = Server::new().await;
    let live = Arc::new(AtomicUsize::new(0));
    publish_large(&server, 1, &live);
    let mut stream = server.stream(PROD, None).await;
    assert!(stream.any().await.unwrap().retry.is_some());
    let versions = 60;
    for version in 2..=versions {
        publish_large(&server, version, &live);
        tokio::task::yield_now().await;
        // The current one, and what the connection is busy with.
        assert!(live.load(Ordering::SeqCst) <= 5, "{} documents are kept", live.load(Ordering::SeqCst));
    }
    let mut came = Vec::new();
    while came.last() != Some(&versions) {
        let event = stream.next().await.unwrap();
        let (token, document) = event.lines();
        let head = server.ring().verify(token, &"prod".into()).unwrap();
        head.matches(document.as_bytes()).unwrap();
        came.push(head.version);
    }
    assert!(came.len() < 30, "nothing was left out: {came:?}");
    assert!(came.is_sorted());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_dropped_and_nobody_else_suffers() {
    let timeouts = Timeouts { write: Duration::from_secs(1), ..Timeouts::default() };
    let server = Server::with(Limits::default(), timeouts).await;
    let live = Arc::new(AtomicUsize::new(0));
    publish_large(&server, 1, &live);
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut deaf = Vec::new();
    for _ in 0..5 {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        let request =
            format!("GET /sdk/v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {PROD}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        deaf.push(socket);
    }
    let mut reader = server.stream(PROD, None).await;
    let read = Arc::new(AtomicU64::new(0));
    let came = Arc::clone(&read);
    tokio::spawn(async move {
        while let Some(event) = reader.next().await {
            came.store(event.id.unwrap_or(0), Ordering::SeqCst);
        }
    });
    server.wait_for_streams(6).await;
    let mut version = 1;
    // More than the buffers of the system take, until they are gone; the reader keeps up.
    let gone = async {
        while server.service.streams() > 1 {
            version += 1;
            publish_large(&server, version, &live);
            eventually(|| read.load(Ordering::SeqCst) == version).await;
        }
    };
    tokio::time::timeout(SOON * 3, gone).await.expect("who does not read is not dropped");
    // Nothing of what was made for them is left.
    eventually(|| live.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_leaves_nothing() {
    let server = Server::new().await;
    server.publish("prod", 1, &[]);
    let streams = futures_util::future::join_all((0..30).map(|_| server.stream(PROD, None))).await;
    server.wait_for_streams(30).await;
    assert_eq!(server.hub.streams(&"prod".into()), 30);
    drop(streams);
    server.wait_for_streams(0).await;
    assert_eq!(server.hub.streams(&"prod".into()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_is_sent_where_it_is_less_than_the_difference() {
    let server = Server::new().await;
    let names: Vec<String> = (0..200).map(|n| format!("feature-{n}")).collect();
    let features: Vec<(&str, Option<String>)> =
        names.iter().map(|name| (name.as_str(), gate("x", 8))).collect();
    server.publish("prod", 1, &features);
    let mut stream = server.stream(PROD, Some(1)).await;
    assert_eq!(stream.next().await.unwrap().name, "head");
    // A delta of 200 times `null` is longer than a document without features.
    let gone: Vec<(&str, Option<String>)> = names.iter().map(|name| (name.as_str(), None)).collect();
    server.publish("prod", 2, &gone);
    let event = stream.next().await.unwrap();
    assert_eq!((event.name.as_str(), event.id), ("snapshot", Some(2)));
    assert_eq!(event.lines().1.as_bytes(), server.document("prod"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_several_lines_is_not_published() {
    let server = Server::new().await;
    for text in ["{\n}", "{}\n", "{\r}"] {
        let document = Bytes::from(text);
        let sha256 = Sha256::of(&document);
        let head = Head { environment: "prod".into(), version: 1, sha256, at: 1, delta: None };
        let token = server.pen.sign(&head);
        assert_eq!(Publication::new(head, token, document, None).unwrap_err(), Unfit::LineBreak);
    }
}
