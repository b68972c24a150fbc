//! A phase that waits until its instances have applied it: they report over HTTP, as SDKs do.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tidegate::wire::Connection;

use crate::common::Harness;
use crate::snapshots::{connection, server};

/// An instance that reports.
struct Played<'h> {
    harness: &'h Harness,
    connection: Connection,
    id: &'static str,
}

impl Played<'_> {
    async fn report(&self, version: u64, more: Json) {
        let mut report = json!({ "instance": self.id, "sdk": { "name": "rust", "version": "0.1.0" }, "schema_version": 1,
            "interval_s": 10, "source": "stream", "version": version });
        report.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let key = self.connection.sdk_key.as_ref().unwrap().secret();
        let url = format!("{}/sdk/v1/report", self.connection.url);
        let answer = self.harness.http.post(url).bearer_auth(key).json(&report).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
}

async fn release(harness: &Harness, id: &str) -> Json {
    harness.get(&format!("/releases/{id}")).await.expect(200).body
}

/// Waits until the phase that the release is at has a status.
async fn until(harness: &Harness, id: &str, status: &str) -> Json {
    let began = Instant::now();
    loop {
        let shown = release(harness, id).await;
        let place = shown["state"]["phase"].as_u64().unwrap() as usize;
        if shown["state"]["phases"][place]["status"] == status {
            return shown;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "not {status}: {}", shown["waiting_for"]);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn head(harness: &Harness) -> u64 {
    harness.server().writer().world().snapshot_heads.get("prod").unwrap().body.version
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_report_one_refuses_and_somebody_goes_past_it() {
    let harness = server().await;
    let phases = json!([
        { "id": "prod", "target": [{ "environments": ["prod"] }], "propagation": { "percent": 50 }, "bake_s": 60,
          "ramp": { "steps": [{ "percent": 10, "hold_s": 20 }, { "percent": 100 }] } },
        { "id": "end", "target": [{ "environments": ["prod"] }], "bake_s": 60 }]);
    let draft = json!({ "key": "slow", "body": { "phases": phases, "allow_uncovered": true } });
    let made = harness.post("/pipelines", draft).await.expect(201).body;
    let publish = json!({ "base_revision": made["revision"] });
    harness.post("/pipelines/slow/publish", publish).await.expect(200);
    let new = json!({ "key": "spread", "definition": { "kind": "gate" } });
    harness.post("/features", new).await.expect(201);
    let attach = json!({ "pipeline": "slow" });
    harness.call(&harness.admin, "PUT", "/features/spread/pipeline", Some(attach)).await.expect(200);
    let connection = connection(&harness, "prod").await;
    let played = |id| Played { harness: &harness, connection: connection.clone(), id };
    let (a, b) = (played("a"), played("b"));
    let before = head(&harness);
    for one in [&a, &b] {
        one.report(before, json!({})).await;
    }

    let save = json!({ "definition": { "kind": "gate", "default": "on" }, "base_revision": 1 });
    let saved = harness.call(&harness.admin, "PUT", "/features/spread", Some(save)).await.expect(202).body;
    let id = saved["release"]["key"].as_str().unwrap().to_owned();
    let shown = until(&harness, &id, "propagating").await;
    let wait = &shown["waiting_for"][0];
    assert_eq!(
        (&wait["wait"], &wait["applied"], &wait["targeted"]),
        (&json!("propagation"), &json!(0), &json!(2))
    );
    assert!(wait["text"].as_str().unwrap().contains("0 of 2 instances"), "{wait}");

    // One refuses it: that holds, though half have it.
    let needed = head(&harness);
    assert!(needed > before);
    let nack = json!({ "version": needed, "code": "TG2001", "message": "no such kind" });
    b.report(before, json!({ "nack": nack })).await;
    a.report(needed, json!({})).await;
    let began = Instant::now();
    let held = loop {
        let shown = release(&harness, &id).await;
        if shown["state"]["phases"][0]["applied"]["holding"][0]["instance"] == "b" {
            break shown;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{}", shown["state"]);
    };
    assert_eq!(held["waiting_for"][0]["applied"], 1);
    harness.clock.advance(5_000);
    assert_eq!(release(&harness, &id).await["state"]["phases"][0]["status"], "propagating");

    // It applies a newer one: the hold of the first share begins.
    b.report(needed, json!({})).await;
    a.report(needed, json!({})).await;
    let shown = until(&harness, &id, "ramping").await;
    assert_eq!(shown["waiting_for"][0]["wait"], "timer");
    harness.clock.advance(20_000);
    until(&harness, &id, "propagating").await;
    // Within their three intervals both are still live.
    let second = head(&harness);
    assert!(second > needed, "each share is a version of its own");

    // Of the second share, the other one isolates the feature; somebody goes past it, by a bypass.
    let isolated = json!([{ "feature": "spread", "code": "TG2009", "message": "an operator of tomorrow" }]);
    b.report(second, json!({ "isolated": isolated })).await;
    // Only now: half would be enough.
    a.report(second, json!({})).await;
    let began = Instant::now();
    let shown = loop {
        let shown = release(&harness, &id).await;
        if shown["state"]["phases"][0]["applied"]["holding"][0]["why"] == "isolated" {
            break shown;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{}", shown["state"]);
    };
    let mut skip = json!({ "revision": shown["revision"], "phase": "prod", "reason": "one old host" });
    harness.post(&format!("/releases/{id}/skip"), skip.clone()).await.problem(423, "needs_bypass");
    skip["bypass"] = json!(true);
    harness.post(&format!("/releases/{id}/skip"), skip).await.expect(200);
    let shown = release(&harness, &id).await;
    assert_eq!(shown["state"]["phases"][0]["bypassed"], true);
    assert_eq!(shown["state"]["phases"][1]["status"], "baking");
    harness.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_nobody_is_passed_over() {
    let mut harness = server().await;
    let phases =
        json!([{ "id": "prod", "target": [{ "environments": ["prod"] }], "propagation": {}, "bake_s": 60 }]);
    let draft = json!({ "key": "slow", "body": { "phases": phases, "allow_uncovered": true } });
    let made = harness.post("/pipelines", draft).await.expect(201).body;
    let publish = json!({ "base_revision": made["revision"] });
    harness.post("/pipelines/slow/publish", publish).await.expect(200);
    let new = json!({ "key": "spread", "definition": { "kind": "gate" } });
    harness.post("/features", new).await.expect(201);
    let attach = json!({ "pipeline": "slow" });
    harness.call(&harness.admin, "PUT", "/features/spread/pipeline", Some(attach)).await.expect(200);
    let connection = connection(&harness, "prod").await;
    let before = head(&harness);
    Played { harness: &harness, connection, id: "a" }.report(before, json!({})).await;
    let save = json!({ "definition": { "kind": "gate", "default": "on" }, "base_revision": 1 });
    let saved = harness.call(&harness.admin, "PUT", "/features/spread", Some(save)).await.expect(202).body;
    let id = saved["release"]["key"].as_str().unwrap().to_owned();
    until(&harness, &id, "propagating").await;
    harness.restart().await;
    // `a` was live before, and has three intervals to report again; that it does not is known only then.
    for _ in 0..28 {
        harness.clock.advance(1_000);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(release(&harness, &id).await["state"]["phases"][0]["status"], "propagating");
    }
    harness.clock.advance(5_000);
    let shown = until(&harness, &id, "baking").await;
    assert_eq!(shown["state"]["phases"][0]["applied"]["targeted"], 0);
    harness.stop().await;
}
