//! A change that an SDK which is live cannot compile.

use serde_json::json;
use tidegate_admin::domain::{Capabilities, Capable};

use crate::common::reply;
use crate::snapshots::server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_refused_and_with_a_reason_done_and_logged() {
    let harness = server().await;
    let old = Capable {
        instance: "shop-7".to_owned(),
        sdk: "python".to_owned(),
        version: "1.2.0".to_owned(),
        count: 3,
        schema_version: 1,
        operators: Some(["eq".to_owned()].into()),
    };
    harness.server().writer().set_capabilities(Capabilities::new([("prod".into(), old)]));
    let condition = json!({ "attribute": "ip", "op": "in_cidr", "value": ["10.0.0.0/8"] });
    let definition = json!({ "kind": "gate", "rules": [{ "id": "r", "if": condition, "variant": "on" }] });
    let new = json!({ "key": "office", "definition": definition });
    let refused = harness.post("/features", new.clone()).await;
    refused.problem(409, "sdk_too_old");
    assert_eq!(refused.body["operators"], json!(["in_cidr"]));
    assert_eq!(refused.body["members"][0]["instance"], "shop-7");
    assert_eq!(
        (&refused.body["members"][0]["environment"], &refused.body["count"]),
        (&json!("prod"), &json!(3))
    );
    harness.post("/features", json!({ "key": "plain", "definition": { "kind": "gate" } })).await.expect(201);
    let change = json!({ "definition": definition, "base_revision": 1 });
    harness.post("/features/plain/preview", change.clone()).await.problem(409, "sdk_too_old");
    let preview = harness.request(&harness.admin, "POST", "/features/plain/preview");
    reply(preview.header("tidegate-force", "tonight").json(&change)).await.expect(200);
    let forced = |reason: &str| {
        let request = harness.request(&harness.admin, "POST", "/features");
        reply(request.header("tidegate-force", reason.as_bytes()).json(&new))
    };
    forced(" ").await.problem(422, "reason_required");
    forced("sie gehen heute zurück").await.expect(201);
    let event = harness.get(&format!("/audit/{}", harness.seq())).await.expect(200).body;
    let told = event["facts"].as_array().unwrap().iter().find(|fact| fact["name"] == "sdk.forced").unwrap();
    assert_eq!(told["data"]["reason"], "sie gehen heute zurück");
    // What takes back is never refused.
    harness
        .post("/features/office/kill", json!({ "environment": "prod", "reason": "test" }))
        .await
        .expect(200);
    harness.stop().await;
}
