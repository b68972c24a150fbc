//! What the upstream learns about the instances behind relays.

use std::time::Duration;

use tidegate::Engine;
use tidegate::client::ConnectOptions;
use tidegate::wire::{Isolated, Nack, RelayReport, Report};

use crate::support::{Front, Origin, connection, eventually, keys, report};

const GATE: &str = r#"{"kind":"gate"}"#;
const ON: &str = r#"{"kind":"gate","default":"on"}"#;

/// The newest report of each relay: version and count of each group.
fn counts(origin: &Origin) -> Vec<(u64, u64)> {
    let relayed = origin.desk.relayed.lock();
    relayed.last().map(of).unwrap_or_default()
}

fn of(report: &RelayReport) -> Vec<(u64, u64)> {
    report.groups.iter().map(|group| (group.version, group.count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn acks_are_counted_in_one_report() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let front = Front::of(origin.address).await;
    let [_, key, _] = keys();
    for i in 0..40 {
        front.report(&key, &report(&format!("i-{i}"), 7, None)).await;
    }
    eventually("all are counted", async || counts(&origin) == [(7, 40)]).await;
    for i in 0..30 {
        front.report(&key, &report(&format!("i-{i}"), 8, None)).await;
    }
    let bad = Isolated { feature: "a".into(), code: "TG2002".into(), message: "m".into() };
    let nack = Nack { version: 8, code: "TG1001".into(), message: "m".into(), pointer: None };
    let told = Report { stale: true, isolated: vec![bad], nack: Some(nack), ..report("i-39", 7, None) };
    front.report(&key, &told).await;
    eventually("the acks are counted", async || counts(&origin) == [(7, 10), (8, 30)]).await;
    let told = async || {
        let relayed = origin.desk.relayed.lock();
        let group = relayed.last().unwrap().groups[0].clone();
        group.stale == ["i-39"] && group.nacked.len() == 1 && group.isolated.len() == 1
    };
    eventually("who is stale, nacked and isolated is named", told).await;
    let reports = origin.desk.relayed.lock().len();
    assert!(reports < 20, "{reports} reports of 71");
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_behind_relays_are_counted_with_them() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let upper = Front::of(origin.address).await;
    let lower = Front::of(upper.address).await;
    let [_, key, _] = keys();
    lower.wait_for(7).await;
    lower.report(&key, &report("below", 7, Some(1))).await;
    upper.report(&key, &report("above", 7, None)).await;
    eventually("both are counted", async || counts(&origin) == [(7, 2)]).await;
    let stored = async || lower.report(&key, &report("below", 7, Some(1))).await.stored_batch == Some(1);
    eventually("the batch went all the way and back", stored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_kept_until_the_upstream_has_it() {
    let mut origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let front = Front::of(origin.address).await;
    let [_, key, _] = keys();
    front.wait_for(7).await;
    assert_eq!(front.report(&key, &report("i", 7, None)).await.stored_batch, None);
    origin.kill();
    assert_eq!(
        front.report(&key, &report("i", 7, Some(1))).await.stored_batch,
        None,
        "not before it is stored"
    );
    *origin.desk.stores.lock() = false;
    origin.restart().await;
    let came = async || origin.desk.relayed.lock().iter().any(|report| !report.exposures.is_empty());
    eventually("it comes, and is not stored", came).await;
    assert_eq!(front.report(&key, &report("i", 7, Some(1))).await.stored_batch, None);
    *origin.desk.stores.lock() = true;
    let stored = async || front.report(&key, &report("i", 7, Some(1))).await.stored_batch == Some(1);
    eventually("it is stored", stored).await;
    let next = async || front.report(&key, &report("i", 7, Some(2))).await.stored_batch == Some(2);
    eventually("and the next one", next).await;
    assert_eq!(origin.desk.stored.lock().get("i"), Some(&2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_upstream_would_refuse_is_refused_at_the_door() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let front = Front::of(origin.address).await;
    let [_, key, _] = keys();
    for (bad, pointer) in [
        (report("", 7, None), "/instance"),
        (report(&"x".repeat(257), 7, None), "/instance"),
        (report("i\n", 7, None), "/instance"),
        (report("i", 7, Some(0)), "/exposures/batch"),
    ] {
        let response = front.post("/sdk/v1/report", &key).json(&bad).send().await.unwrap();
        assert_eq!(response.status(), 422, "{pointer}");
        let problem: serde_json::Value = response.json().await.unwrap();
        assert_eq!(problem["pointer"], pointer);
    }
    front.report(&key, &report("good", 7, None)).await;
    eventually("the good one is counted", async || counts(&origin) == [(7, 1)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_behind_a_relay_gets_changes_and_is_counted() {
    let origin = Origin::new().await;
    origin.publish(7, &[("a", GATE)]);
    let front = Front::of(origin.address).await;
    front.wait_for(7).await;
    let connection = connection(front.address, &keys()[1]);
    let client = tokio::task::spawn_blocking(move || {
        let client = Engine::connect(ConnectOptions::new(connection).process("region", "eu")).unwrap();
        client.wait_ready(Duration::from_secs(20)).unwrap();
        client
    });
    let client = client.await.unwrap();
    assert!(!client.engine().check("a", &client.engine().context().build()));
    origin.publish(8, &[("a", ON)]);
    eventually("the engine has it", async || client.engine().check("a", &client.engine().context().build()))
        .await;
    eventually("and said so", async || counts(&origin) == [(8, 1)]).await;
    let group = origin.desk.relayed.lock().last().unwrap().groups[0].clone();
    assert_eq!(group.process["region"], "eu".into());
    assert!(group.operators.is_some(), "the operators are known");
    tokio::task::spawn_blocking(move || client.close()).await.unwrap();
}
