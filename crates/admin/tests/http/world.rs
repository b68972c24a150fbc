//! Things to act on, each made anew for one test of one operation.

use serde_json::{Value as Json, json};

use crate::common::{Harness, START};

/// A server with environments `dev` and `prod` (production), and somebody who makes things.
pub(crate) struct World {
    pub(crate) harness: Harness,
    /// A token of `maker`, an admin: so that nobody who is tested is author or starter.
    maker: String,
    count: std::cell::Cell<u32>,
}

/// A definition of a gate that serves `on`.
pub(crate) fn gate(on: bool) -> Json {
    json!({ "kind": "gate", "enabled": on })
}

impl World {
    pub(crate) async fn new() -> Self {
        let harness = Harness::start().await;
        let maker = harness.person("maker", json!([{ "role": "admin" }])).await;
        harness.post("/environments", json!({ "name": "dev" })).await.expect(201);
        harness.post("/environments", json!({ "name": "prod", "production": true })).await.expect(201);
        Self { harness, maker, count: std::cell::Cell::new(0) }
    }

    /// Another name.
    pub(crate) fn name(&self, kind: &str) -> String {
        self.count.set(self.count.get() + 1);
        format!("{kind}-{}", self.count.get())
    }

    /// Calls as the maker; the answer's body.
    pub(crate) async fn make(&self, method: &str, path: &str, body: Json) -> Json {
        let made = self.harness.call(&self.maker, method, path, Some(body)).await;
        assert!((200..300).contains(&made.status), "{method} {path}: {made:?}");
        made.body
    }

    pub(crate) async fn environment(&self) -> String {
        let name = self.name("env");
        // Outside pipelines, so that it is nothing to those that are published.
        self.make("POST", "/environments", json!({ "name": name, "pipelines": false })).await;
        name
    }

    pub(crate) async fn attribute(&self) -> String {
        let name = self.name("attribute");
        self.make("PUT", &format!("/attributes/{name}"), json!({ "type": "string" })).await;
        name
    }

    pub(crate) async fn group(&self) -> String {
        let name = self.name("group");
        self.make("PUT", &format!("/exclusion-groups/{name}"), json!({ "ranges": {} })).await;
        name
    }

    pub(crate) async fn feature(&self) -> String {
        let key = self.name("feature");
        self.make("POST", "/features", json!({ "key": key, "definition": gate(false) })).await;
        key
    }

    pub(crate) async fn experiment(&self) -> String {
        let key = self.name("experiment");
        let definition = json!({
            "kind": "experiment",
            "enabled": true,
            "variants": { "a": 1, "b": 2 },
            "default": "a",
            "rules": [{ "id": "all", "split": [{ "variant": "a", "weight": 50 }, { "variant": "b", "weight": 50 }] }],
        });
        self.make("POST", "/features", json!({ "key": key, "definition": definition })).await;
        key
    }

    pub(crate) async fn segment(&self) -> String {
        let key = self.name("segment");
        self.make("POST", "/segments", json!({ "key": key, "definition": condition("us") })).await;
        key
    }

    pub(crate) async fn principal(&self) -> String {
        let id = self.name("person");
        self.make("POST", "/principals", json!({ "id": id, "kind": "person", "grants": [] })).await;
        id
    }

    /// A token of the maker.
    pub(crate) async fn token(&self) -> String {
        key(&self.make("POST", "/tokens", json!({})).await)
    }

    pub(crate) async fn sdk_key(&self) -> String {
        key(&self.make("POST", "/sdk-keys", json!({ "environment": "dev" })).await)
    }

    /// Sees to it that there is no next signing key.
    pub(crate) async fn no_next_key(&self) {
        let keys = self.harness.get("/signing-keys").await.expect(200).body;
        for next in keys["items"].as_array().unwrap().iter().filter(|key| key["state"] == "next") {
            self.make("POST", &format!("/signing-keys/{}/retire", key(next)), json!({})).await;
        }
    }

    pub(crate) async fn webhook(&self) -> String {
        key(&self.make("POST", "/webhooks", json!({ "url": "http://127.0.0.1:9/", "disabled": true })).await)
    }

    /// A delivery to a webhook; and the webhook.
    pub(crate) async fn delivery(&self) -> String {
        let webhook = key(&self.make("POST", "/webhooks", json!({ "url": "http://127.0.0.1:9/" })).await);
        self.make("POST", &format!("/webhooks/{webhook}/test"), json!({})).await;
        let put = json!({ "url": "http://127.0.0.1:9/", "disabled": true });
        let path = format!("/webhooks/{webhook}");
        let sent = self.harness.get(&format!("{path}/deliveries")).await.expect(200).body;
        self.make("PUT", &path, put).await;
        sent["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{sent}")).to_owned()
    }

    /// A pipeline in draft.
    pub(crate) async fn draft(&self) -> (String, u64) {
        let name = self.name("pipeline");
        let made = self.make("POST", "/pipelines", json!({ "key": name, "body": body(false, &[]) })).await;
        (name, made["revision"].as_u64().unwrap())
    }

    async fn publish(&self, body: Json) -> String {
        let name = self.name("pipeline");
        let made = self.make("POST", "/pipelines", json!({ "key": name, "body": body })).await;
        let publish = json!({ "base_revision": made["revision"] });
        self.make("POST", &format!("/pipelines/{name}/publish"), publish).await;
        name
    }

    /// A published pipeline whose phase starts at once and ends at once.
    pub(crate) async fn pipeline(&self) -> String {
        self.publish(body(false, &[])).await
    }

    /// A release that waits for an approval; and its feature.
    pub(crate) async fn waiting(&self) -> (String, String) {
        let pipeline = self.publish(body(true, &[])).await;
        self.release(&pipeline).await
    }

    /// A release that bakes, with a guard `errors`; and its feature.
    pub(crate) async fn baking(&self) -> (String, String) {
        let pipeline = self.publish(body(false, &["errors"])).await;
        self.release(&pipeline).await
    }

    /// A release that has completed; and its feature.
    pub(crate) async fn completed(&self) -> (String, String) {
        let pipeline = self.pipeline().await;
        let feature = self.feature().await;
        let attach = json!({ "pipeline": pipeline });
        self.make("PUT", &format!("/features/{feature}/pipeline"), attach).await;
        let save = json!({ "definition": gate(true), "base_revision": 1 });
        let saved = self.make("PUT", &format!("/features/{feature}"), save).await;
        let id = saved["release"]["key"].as_str().unwrap_or_else(|| panic!("{saved}")).to_owned();
        assert_eq!(saved["release"]["status"], "completed", "{saved}");
        (id, feature)
    }

    async fn release(&self, pipeline: &str) -> (String, String) {
        let feature = self.name("feature");
        let create = json!({ "key": feature, "definition": gate(true), "pipeline": pipeline });
        let made = self.make("POST", "/features", create).await;
        let id = made["release"]["key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        assert_eq!(made["release"]["status"], "running", "{made}");
        (id, feature)
    }

    /// The revision of a release, and the phase that it is at.
    pub(crate) async fn seen(&self, release: &str, more: Json) -> Json {
        let shown = self.harness.get(&format!("/releases/{release}")).await.expect(200).body;
        let mut body = json!({ "revision": shown["revision"], "phase": shown["phase"], "reason": "test" });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    /// A change that is scheduled.
    pub(crate) async fn schedule(&self) -> String {
        let feature = self.feature().await;
        let start = json!({ "at": START + 1_000_000_000 });
        let save = json!({ "definition": gate(true), "base_revision": 1, "start": start });
        key(&self.make("PUT", &format!("/features/{feature}"), save).await)
    }

    /// A proposal to change an environment.
    pub(crate) async fn proposal(&self) -> String {
        let name = self.name("env");
        let floor = json!({ "approvals": 1 });
        let create = json!({ "name": name, "production": true, "pipelines": false, "floor": floor });
        self.make("POST", "/environments", create).await;
        let update = json!({ "production": true, "pipelines": false, "floor": {} });
        key(&self.make("PUT", &format!("/environments/{name}"), update).await)
    }
}

/// A definition of a segment.
pub(crate) fn condition(country: &str) -> Json {
    json!({ "if": { "attribute": "country", "op": "eq", "value": country } })
}

/// A pipeline: one phase everywhere; with approvals, or with guards and a bake.
pub(crate) fn body(approvals: bool, guards: &[&str]) -> Json {
    let mut phase = json!({ "id": "all" });
    if approvals {
        phase["entry"] = json!({ "approvals": { "count": 1 } });
    }
    if !guards.is_empty() {
        phase["bake_s"] = json!(3600);
        phase["guards"] = guards.iter().map(|id| json!({ "id": id })).collect();
    }
    json!({ "phases": [phase] })
}

pub(crate) fn key(made: &Json) -> String {
    made["key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}
