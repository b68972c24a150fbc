//! What a relay does when its upstream lies, stalls or is gone.

use std::fs;
use std::time::Duration;

use crate::support::{Front, Origin, Wire, eventually, flip_after, keys, ring, sdk_key};

const GATE: &str = r#"{"kind":"gate"}"#;
const ON: &str = r#"{"kind":"gate","default":"on"}"#;
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_never_served() {
    // In the document, in the delta, in the token.
    for place in [r#""features":{"a"#, r#""kind":"g"#, "data: ey", "tidegate-head: ey"] {
        let origin = Origin::new().await;
        origin.publish(7, &[("a", GATE)]);
        let wire = Wire::to(origin.address).await;
        let front = Front::of(wire.address).await;
        front.wait_for(7).await;
        let good = front.snapshot(&keys()[1]).await;
        wire.meddle(flip_after(place));
        origin.publish(8, &[("b", ON)]);
        if place != "tidegate-head: ey" {
            let problem = async || front.relay.status("prod").unwrap().problem.is_some();
            eventually("it is told", problem).await;
        }
        let found = front.snapshot(&keys()[1]).await;
        let is_new = found.2 == origin.document();
        assert!(found == good || is_new, "neither the old nor the new: {found:?}");
        wire.meddle(|_| {});
        front.wait_for(8).await;
        let (_, token, bytes) = front.snapshot(&keys()[1]).await;
        assert_eq!(bytes, origin.document(), "flipped at {place}");
        ring().verify(&token, &"prod".into()).unwrap().matches(&bytes).unwrap();
        eventually("it is well again", async || front.relay.status("prod").unwrap().problem.is_none()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_version_that_is_replayed_is_passed_over() {
    let (old, new) = (Origin::new().await, Origin::new().await);
    old.publish(7, &[("a", GATE)]);
    new.publish(8, &[("a", ON)]);
    let wire = Wire::to(new.address).await;
    let front = Front::of(wire.address).await;
    front.wait_for(8).await;
    wire.lead(old.address);
    let told =
        async || front.relay.status("prod").unwrap().problem.is_some_and(|why| why.contains("version 7"));
    eventually("it is told", told).await;
    assert_eq!(front.snapshot(&keys()[1]).await.2, new.document());
    old.publish(9, &[("z", GATE)]);
    front.wait_for(9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_upstream_is_gone_serving_goes_on_also_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache");
    let mut origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let front = Front::with(origin.address, Some(&cache), Duration::from_millis(50)).await;
    front.wait_for(7).await;
    let [_, known, unknown] = keys();
    assert_eq!(front.snapshot(&known).await.0, 200);
    origin.rotate();
    origin.publish(8, &[("a", ON)]);
    front.wait_for(8).await;
    let document = origin.document();
    let stored = || fs::read(cache.join("relay-prod.snapshot")).unwrap_or_default();
    eventually("it is stored", async || stored().ends_with(&document)).await;

    origin.kill();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(front.snapshot(&known).await.2, document, "a known key, though its answer is old");
    assert_eq!(front.get("/sdk/v1/me", &unknown).send().await.unwrap().status(), 503, "it cannot be told");
    let mut stream = front.stream(&known, None).await;
    assert!(stream.next_of("snapshot").await.ends_with(std::str::from_utf8(&document).unwrap()));
    drop(front);

    // Signed by the new key, which is known by what is stored beside it.
    let front = Front::with(origin.address, Some(&cache), MINUTE).await;
    assert_eq!(front.version(), Some(8), "served from the first moment on");
    let (status, token, bytes) = front.snapshot(&known).await;
    assert_eq!((status, &bytes), (200, &document));
    let mut ring = ring();
    let keys: Vec<String> = front.get("/sdk/v1/keys", &known).send().await.unwrap().json().await.unwrap();
    ring.trust_all(&keys);
    ring.verify(&token, &"prod".into()).unwrap().matches(&bytes).unwrap();
    assert_eq!(front.get("/sdk/v1/me", &unknown).send().await.unwrap().status(), 503);
    let mut stream = front.stream(&known, Some(8)).await;

    origin.restart().await;
    origin.publish(9, &[("a", GATE)]);
    stream.next_of("delta").await;
    let admitted = async || front.snapshot(&unknown).await.2 == origin.document();
    eventually("the other key is asked about again", admitted).await;
    let secret = known.trim_start_matches("tgs_");
    for file in fs::read_dir(&cache).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(secret), "a key is stored");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_file_with_a_flipped_byte_is_not_served() {
    let directory = tempfile::tempdir().unwrap();
    let mut origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let path = directory.path().join("relay-prod.snapshot");
    let front = Front::with(origin.address, Some(directory.path()), MINUTE).await;
    eventually("it is stored", async || path.exists()).await;
    drop(front);
    origin.kill();
    let good = fs::read(&path).unwrap();
    for at in [10, good.len() - 3] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, bad).unwrap();
        let front = Front::with(origin.address, Some(directory.path()), MINUTE).await;
        assert_eq!(front.version(), None);
        assert!(front.relay.status("prod").unwrap().problem.is_some());
    }
    fs::write(&path, good).unwrap();
    let front = Front::with(origin.address, Some(directory.path()), MINUTE).await;
    assert_eq!(front.version(), Some(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_when_its_answer_is_old_and_its_streams_end() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let front = Front::with(origin.address, None, Duration::from_millis(500)).await;
    front.wait_for(7).await;
    let [_, key, other] = keys();
    assert_eq!(front.snapshot(&key).await.0, 200);
    let mut stream = front.stream(&key, Some(7)).await;
    let mut staying = front.stream(&other, Some(7)).await;
    origin.desk.good.lock().remove(&key);
    eventually("it is refused", async || front.snapshot(&key).await.0 == 401).await;
    while stream.next().await.is_some() {}
    origin.publish(8, &[("a", ON)]);
    staying.next_of("delta").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upstream_is_asked_once_about_a_key_and_not_for_what_is_none() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let front = Front::of(origin.address).await;
    front.wait_for(7).await;
    let [_, key, _] = keys();
    let asked = || origin.desk.asked.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(front.snapshot(&key).await.0, 200);
    assert_eq!(front.snapshot(&sdk_key(9)).await.0, 401);
    let before = asked();
    for _ in 0..20 {
        assert_eq!(front.snapshot(&key).await.0, 200);
        assert_eq!(front.snapshot(&sdk_key(9)).await.0, 401);
        assert_eq!(front.snapshot("tgs_short").await.0, 401);
    }
    // Its own streams and reports ask with the relay's own key, at most now and then.
    assert!(asked() - before <= 3, "{} times", asked() - before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_cut_or_stalls_is_taken_up_again() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let wire = Wire::to(origin.address).await;
    let front = Front::of(wire.address).await;
    front.wait_for(7).await;
    wire.cut();
    origin.publish(8, &[("a", ON)]);
    front.wait_for(8).await;
    // Nothing comes any more, and nothing is closed: given up after the silence that the test allows.
    wire.meddle(Vec::clear);
    origin.publish(9, &[("a", GATE)]);
    tokio::time::sleep(Duration::from_millis(50)).await;
    wire.meddle(|_| {});
    front.wait_for(9).await;
}
