//! OFREP over sockets: who may ask, what is answered, and that answers follow what is published.
//!
//! What each published provider makes of it is tested by `tests/ofrep/run.py` of the workspace, which also holds all answers against the
//! protocol's schema.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by a panic"
)]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value as Json, json};
use tidegate::model::Key;
use tidegate::wire::{Head, RelayReport, Report, ReportAnswer, Sha256, Token};
use tidegate_delivery::{
    Admission, Hub, Keys, Limits, Publication, Refused, ReportRefused, Reports, Service, ofrep, router,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(20);
const FLAGS: &str = "/ofrep/v1/evaluate/flags";

/// Each environment's key is its name.
struct Names;

#[async_trait]
impl Keys for Names {
    async fn admit(&self, sdk_key: &str) -> Result<Admission, Refused> {
        match sdk_key {
            "dev" | "prod" => Ok(Admission { environment: sdk_key.into(), key_id: sdk_key.to_owned() }),
            "later" => Err(Refused::Unavailable),
            _ => Err(Refused::Unknown),
        }
    }
}

#[async_trait]
impl Reports for Names {
    async fn report(&self, _: &Admission, _: Report) -> Result<ReportAnswer, ReportRefused> {
        Ok(ReportAnswer::default())
    }

    async fn relay_report(&self, _: &Admission, _: RelayReport) -> Result<ReportAnswer, ReportRefused> {
        Ok(ReportAnswer::default())
    }
}

struct Server {
    url: String,
    hub: Arc<Hub>,
    client: Client,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn new() -> Self {
        Self::paced(ofrep::Pace::default()).await
    }

    #[expect(clippy::field_reassign_with_default, reason = "no expression of another crate can make one")]
    async fn paced(pace: ofrep::Pace) -> Self {
        let hub = Arc::new(Hub::new());
        let mut limits = Limits::default();
        limits.evaluations = pace;
        let routes = router(Service::new(Arc::clone(&hub), Arc::new(Names), Arc::new(Names), limits));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        // Nothing here is encrypted, but the client wants to be able to.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { url, hub, client: Client::builder().no_proxy().build().unwrap(), task }
    }

    fn publish(&self, environment: &str, version: u64, features: &Json) {
        let document = json!({
            "schema_version": 1, "version": version, "environment": environment, "features": features,
        });
        self.publish_document(environment, version, &document);
    }

    fn publish_document(&self, environment: &str, version: u64, document: &Json) {
        let document = document.to_string().into_bytes();
        let head = Head {
            environment: Key::from(environment),
            version,
            sha256: Sha256::of(&document),
            at: 0,
            delta: None,
        };
        let token = Token::unsigned(&head);
        assert!(self.hub.publish(Publication::new(head, token, document.into(), None).unwrap()));
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url))
    }

    /// One flag, in prod.
    async fn one(&self, key: &str, context: Json) -> (u16, Json) {
        let request = self.post(&format!("{FLAGS}/{key}")).bearer_auth("prod");
        read(request.json(&json!({ "context": context })).send().await.unwrap()).await
    }

    /// All flags, in prod.
    async fn all(&self, context: Json, etag: Option<&str>) -> Response {
        let request = self.post(FLAGS).header("x-api-key", "prod").json(&json!({ "context": context }));
        match etag {
            Some(etag) => request.header("if-none-match", etag),
            None => request,
        }
        .send()
        .await
        .unwrap()
    }

    /// Waits until one flag has a value.
    async fn wait_for(&self, key: &str, value: &Json) {
        let wait = async {
            while self.one(key, json!({})).await.1["value"] != *value {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, wait).await.expect("the new version is not served");
    }
}

async fn read(response: Response) -> (u16, Json) {
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

#[tokio::test]
async fn a_stranger_is_refused_without_waiting_for_the_body() {
    let server = Server::new().await;
    let mut socket = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST {FLAGS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer nobody\r\ncontent-length: 100\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    tokio::time::timeout(SOON, socket.read_exact(&mut status)).await.expect("an answer").unwrap();
    assert_eq!(&status, b"HTTP/1.1 401");
}

/// A gate that is on for everyone, or off.
fn gate(on: bool) -> Json {
    json!({ "kind": "gate", "default": if on { "on" } else { "off" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_answered_in_the_words_of_openfeature() {
    let server = Server::new().await;
    server.publish_document(
        "prod",
        7,
        &json!({
            "schema_version": 1, "version": 7, "environment": "prod",
            "features": {
                "staff": {"kind": "gate", "rules": [
                    {"id": "corp", "if": {"attribute": "email", "op": "ends_with", "value": "@corp.example"}, "variant": "on"}]},
                "split": {"kind": "experiment", "variants": {"a": 1.5, "b": {"x": [null]}}, "default": "a", "rules": [
                    {"id": "all", "split": [{"variant": "a", "weight": 0}, {"variant": "b", "weight": 100}]}]},
                "dark": {"kind": "gate", "enabled": false},
                "old": {"kind": "gate", "archived": true},
                "dead": {"kind": "gate"},
                "launch": {"kind": "gate"},
                "broken": {"kind": "gate", "rules": [{"id": "r", "if": {"attribute": "a", "op": "no_such"}, "variant": "on"}]},
            },
            "releases": [
                {"id": "r-1", "features": {"launch": {"candidate": {"kind": "gate", "default": "on"}}},
                    "phases": [{"id": "first", "live": true}]},
                {"id": "r-2", "features": {"born": {"candidate": {"kind": "gate"}}},
                    "phases": [{"id": "first", "live": true, "target": [{"if": {"attribute": "plan", "op": "eq", "value": "pro"}}]}]},
            ],
            "kills": [{"feature": "dead", "environment": "prod"}],
        }),
    );
    let success = |key: &str, value: Json, variant: &str, reason: &str, more: Json| {
        let mut metadata = json!({ "version": 7 });
        for (name, value) in more.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        (
            200,
            json!({ "key": key, "value": value, "variant": variant, "reason": reason, "metadata": metadata }),
        )
    };
    for (key, context, expected) in [
        (
            "staff",
            json!({ "email": "ann@corp.example" }),
            success(
                "staff",
                json!(true),
                "on",
                "TARGETING_MATCH",
                json!({ "reason": "rule", "rule": "corp" }),
            ),
        ),
        (
            "staff",
            json!({}),
            success("staff", json!(false), "off", "UNKNOWN", json!({ "reason": "default" })),
        ),
        (
            "split",
            json!({ "targetingKey": "u-1" }),
            success(
                "split",
                json!({ "x": [null] }),
                "b",
                "SPLIT",
                json!({ "reason": "split", "rule": "all" }),
            ),
        ),
        ("split", json!({}), success("split", json!(1.5), "a", "UNKNOWN", json!({ "reason": "default" }))),
        (
            "dark",
            json!({}),
            success("dark", json!(false), "off", "DISABLED", json!({ "reason": "disabled" })),
        ),
        ("old", json!({}), success("old", json!(false), "off", "DISABLED", json!({ "reason": "archived" }))),
        ("dead", json!({}), success("dead", json!(false), "off", "DISABLED", json!({ "reason": "killed" }))),
        (
            "launch",
            json!({}),
            success(
                "launch",
                json!(true),
                "on",
                "UNKNOWN",
                json!({ "reason": "default", "release": "r-1", "phase": "first" }),
            ),
        ),
    ] {
        assert_eq!(server.one(key, context.clone()).await, expected, "{key} {context}");
    }
    let (status, failure) = server.one("broken", json!({})).await;
    assert_eq!(
        (status, &failure["errorCode"], &failure["key"]),
        (400, &json!("PARSE_ERROR"), &json!("broken"))
    );
    assert_eq!(failure["metadata"], json!({ "reason": "invalid_definition", "version": 7 }));
    for key in ["none", "born", "%2F", "%FF"] {
        let (status, failure) = server.one(key, json!({})).await;
        assert_eq!((status, &failure["errorCode"]), (404, &json!("FLAG_NOT_FOUND")), "{key}: {failure}");
        assert!(failure["errorDetails"].as_str().unwrap().contains("`prod`"), "{failure}");
    }
    assert_eq!(server.one("born", json!({ "plan": "pro" })).await.0, 200, "it exists for whom it is created");

    let all: Json = server.all(json!({}), None).await.json().await.unwrap();
    let keys: Vec<&str> =
        all["flags"].as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["broken", "dark", "dead", "launch", "old", "split", "staff"]);
    assert_eq!(all["metadata"], json!({ "environment": "prod", "version": 7 }));
    for flag in all["flags"].as_array().unwrap() {
        assert_eq!(*flag, server.one(flag["key"].as_str().unwrap(), json!({})).await.1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_asked_for_and_sees_its_own_environment() {
    let server = Server::new().await;
    server.publish("prod", 7, &json!({ "f": gate(true) }));
    server.publish("dev", 8, &json!({ "f": gate(false) }));
    for path in [FLAGS.to_owned(), format!("{FLAGS}/f")] {
        let body = json!({ "context": { "environment": "prod" } });
        for (request, status) in [
            (server.post(&path), 401),
            (server.post(&path).bearer_auth("nobody"), 401),
            (server.post(&path).header("x-api-key", "nobody"), 401),
            (server.post(&path).bearer_auth("later"), 503),
            (server.post(&path).header("x-api-key", "dev"), 200),
            (server.post(&path).bearer_auth("dev"), 200),
        ] {
            let response = request.json(&body).send().await.unwrap();
            assert_eq!(response.status(), status, "{path}");
            let found: Json = response.json().await.unwrap();
            if status == 200 {
                let flag = found["flags"].get(0).unwrap_or(&found);
                assert_eq!(flag["value"], false, "of dev, whatever the context says: {found}");
            }
        }
        let response =
            server.client.get(format!("{}{path}", server.url)).bearer_auth("prod").send().await.unwrap();
        assert_eq!(response.status(), 405);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_context_is_a_bad_request() {
    let server = Server::new().await;
    server.publish("prod", 7, &json!({ "f": gate(true) }));
    let large = json!({ "context": { "a": "x".repeat(300 << 10) } }).to_string();
    for (body, status, code) in [
        ("{", 400, "PARSE_ERROR"),
        ("{}", 400, "INVALID_CONTEXT"),
        (r#"{"context": []}"#, 400, "INVALID_CONTEXT"),
        (r#"{"context": {"targetingKey": {}}}"#, 400, "INVALID_CONTEXT"),
        (&large, 413, "PARSE_ERROR"),
    ] {
        let one = server
            .post(&format!("{FLAGS}/f"))
            .bearer_auth("prod")
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        let (found, failure) = read(one).await;
        assert_eq!((found, &failure["errorCode"], &failure["key"]), (status, &json!(code), &json!("f")));
        assert!(!failure["errorDetails"].as_str().unwrap().is_empty());
        let all = server.post(FLAGS).bearer_auth("prod").body(body.to_owned()).send().await.unwrap();
        let (found, failure) = read(all).await;
        assert_eq!((found, &failure["errorCode"], failure.get("key")), (status, &json!(code), None));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_tag_holds_until_an_answer_differs() {
    let server = Server::new().await;
    let soon = "2999-01-01T00:00:00Z";
    let features = json!({ "f": {"kind": "gate", "rules": [
        {"id": "pro", "if": {"attribute": "plan", "op": "eq", "value": "pro"}, "variant": "on"},
        {"id": "later", "if": {"time": {"from": soon}}, "variant": "on"}]} });
    server.publish("prod", 7, &features);
    let first = server.all(json!({ "targetingKey": "a" }), None).await;
    let etag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert!(etag.starts_with('"'), "{etag}");
    let body = first.bytes().await.unwrap();
    let again = server.all(json!({ "targetingKey": "a" }), Some(&etag)).await;
    assert_eq!(again.status(), 304);
    assert_eq!(again.headers()["etag"], etag);
    assert!(again.bytes().await.unwrap().is_empty());
    assert_eq!(server.all(json!({}), Some(&format!("\"x\", W/{etag}"))).await.status(), 304);
    assert_eq!(server.all(json!({ "plan": "pro" }), Some(&etag)).await.status(), 200);

    server.publish("prod", 8, &features);
    let wait = async {
        loop {
            let now = server.all(json!({ "targetingKey": "a" }), Some(&etag)).await;
            if now.status() == 200 {
                return now.bytes().await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert_ne!(tokio::time::timeout(SOON, wait).await.unwrap(), body, "the version stands in it");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let one = NonZeroU32::MIN;
    let server = Server::paced(ofrep::Pace { per_second: one, burst: one }).await;
    server.publish("prod", 7, &json!({ "f": gate(true) }));
    assert_eq!(server.one("f", json!({})).await.0, 200);
    let response = server.all(json!({}), None).await;
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(wait, 1);
    let dev = server.post(FLAGS).bearer_auth("nobody").json(&json!({ "context": {} })).send().await.unwrap();
    assert_eq!(dev.status(), 401, "another key is not held up");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_follow_what_is_published() {
    let server = Server::new().await;
    let asked = tokio::time::timeout(SOON, server.one("f", json!({}))).await.unwrap();
    assert_eq!((asked.0, &asked.1["errorCode"]), (503, &json!("GENERAL")), "nothing is published yet");
    server.publish("prod", 7, &json!({ "f": gate(false) }));
    server.wait_for("f", &json!(false)).await;
    server.publish("prod", 8, &json!({ "f": gate(true) }));
    server.wait_for("f", &json!(true)).await;
    // What cannot be served at all leaves what is served.
    server.publish_document("prod", 9, &json!({ "schema_version": 99, "version": 9, "environment": "prod" }));
    server.publish_document(
        "prod",
        10,
        &json!({ "schema_version": 1, "version": 10, "environment": "other" }),
    );
    assert_eq!(server.one("f", json!({})).await.1["metadata"]["version"], 8);
    server.publish("prod", 11, &json!({ "f": gate(false) }));
    server.wait_for("f", &json!(false)).await;
    // An environment that is gone, and one of its name.
    server.hub.retire(&"prod".into());
    let wait = async {
        while server.one("f", json!({})).await.0 != 503 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap();
    server.publish("prod", 12, &json!({ "g": gate(true) }));
    server.wait_for("g", &json!(true)).await;
    assert_eq!(server.one("f", json!({})).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_document_that_cannot_be_served_says_why() {
    let server = Server::new().await;
    server.publish_document("prod", 9, &json!({ "schema_version": 99, "version": 9, "environment": "prod" }));
    let (status, failure) = server.one("f", json!({})).await;
    assert_eq!((status, &failure["errorCode"]), (500, &json!("GENERAL")));
    assert!(failure["errorDetails"].as_str().unwrap().contains("schema_version"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_first_requests_compile_once_and_all_are_answered() {
    let server = Server::new().await;
    let features: serde_json::Map<String, Json> =
        (0..2_000).map(|i| (format!("f{i}"), gate(i % 2 == 0))).collect();
    server.publish("prod", 7, &features.into());
    let ask = |i: usize| server.one_at(i);
    let answers = futures_util::future::join_all((0..32).map(ask)).await;
    for (i, (status, answer)) in answers.into_iter().enumerate() {
        assert_eq!((status, &answer["value"]), (200, &json!(i % 2 == 0)));
    }
    let all: Json = server.all(json!({}), None).await.json().await.unwrap();
    assert_eq!(all["flags"].as_array().unwrap().len(), 2_000);
}

impl Server {
    async fn one_at(&self, i: usize) -> (u16, Json) {
        self.one(&format!("f{i}"), json!({})).await
    }
}
