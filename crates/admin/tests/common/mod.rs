//! A real server on a temporary SQLite file, with a clock that the test moves, and a client for it.
//!
//! ```text
//!   Harness::start ─▶ server on port 0, fresh file ─▶ one-time token ─▶ a token of `admin`
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value as Json, json};
use tidegate_admin::clock::ManualClock;
use tidegate_admin::config::{Config, Limits, Rate};
use tidegate_admin::outbound;
use tidegate_admin::server::{Server, serve_with};

/// The wall clock at the start: 2026-01-05T12:00:00Z, a Monday.
pub(crate) const START: i64 = 1_767_614_400_000;

/// A server at work.
pub(crate) struct Harness {
    server: Option<Server>,
    /// The client.
    pub(crate) http: Client,
    /// A token of `admin`.
    pub(crate) admin: String,
    /// The one-time token of the first start; spent.
    pub(crate) once: String,
    /// The clock of the server.
    pub(crate) clock: Arc<ManualClock>,
    config: Config,
    folder: PathBuf,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body: JSON, or a string of what it was.
    pub(crate) body: Json,
}

impl Harness {
    /// Starts a server with limits that tests do not meet.
    pub(crate) async fn start() -> Self {
        Self::start_with(generous()).await
    }

    /// Starts a server with these limits.
    pub(crate) async fn start_with(limits: Limits) -> Self {
        let folder = std::env::temp_dir().join(format!("tidegate-http-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            store: format!("sqlite://{}", folder.join("tidegate.db").display()),
            limits,
            grace: Duration::from_secs(5),
            ..Config::default()
        };
        let clock = Arc::new(ManualClock::new(START));
        let server = serve_with(config.clone(), clock.clone()).await.unwrap();
        let once = server.admin_token().unwrap().to_owned();
        let http = outbound::client(Duration::from_secs(60)).unwrap();
        let mut harness = Self {
            server: Some(server),
            http,
            admin: String::new(),
            once: once.clone(),
            clock,
            config,
            folder,
        };
        let made = harness.post_as(&once, "/tokens", json!({ "description": "test" })).await;
        assert_eq!(made.status, 201, "{made:?}");
        harness.admin = made.body["secret"].as_str().unwrap().to_owned();
        harness
    }

    /// The server.
    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// The number of the last event: what nothing changed if it stays.
    pub(crate) fn seq(&self) -> u64 {
        self.server().writer().world().seq
    }

    /// A URL: of the API, or of the server if the path begins with `//`.
    pub(crate) fn url(&self, path: &str) -> String {
        let base = self.server().url();
        match path.strip_prefix("//") {
            Some(rest) => format!("{base}/{rest}"),
            None => format!("{base}/api/v1{path}"),
        }
    }

    /// A request with a token.
    pub(crate) fn request(&self, token: &str, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, self.url(path));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    /// Calls with a token and a body.
    pub(crate) async fn call(&self, token: &str, method: &str, path: &str, body: Option<Json>) -> Reply {
        let mut request = self.request(token, method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        reply(request).await
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Gets as admin.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(&self.admin, "GET", path, None).await
    }

    /// Posts as admin.
    pub(crate) async fn post(&self, path: &str, body: Json) -> Reply {
        self.post_as(&self.admin, path, body).await
    }

    /// Posts with a token.
    pub(crate) async fn post_as(&self, token: &str, path: &str, body: Json) -> Reply {
        self.call(token, "POST", path, Some(body)).await
    }

    /// Makes a person with these grants; gives a token of theirs.
    pub(crate) async fn person(&self, id: &str, grants: Json) -> String {
        let made = self.post("/principals", json!({ "id": id, "kind": "person", "grants": grants })).await;
        assert_eq!(made.status, 201, "{made:?}");
        let made = self.post("/tokens", json!({ "principal": id })).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body["secret"].as_str().unwrap().to_owned()
    }

    /// Stops the server and starts it again on the same file.
    pub(crate) async fn restart(&mut self) {
        self.server.take().unwrap().shut_down().await;
        self.server = Some(serve_with(self.config.clone(), self.clock.clone()).await.unwrap());
    }

    /// Stops the server and removes its files.
    pub(crate) async fn stop(mut self) {
        self.server.take().unwrap().shut_down().await;
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// Limits that tests do not meet.
pub(crate) fn generous() -> Limits {
    let rate = Rate::new(1_000_000, 1_000_000);
    Limits { principal: rate, stranger: rate, ..Limits::default() }
}

/// Sends a request.
pub(crate) async fn reply(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = serde_json::from_str(&text).unwrap_or(Json::String(text));
    Reply { status, headers, body }
}

impl Reply {
    /// Asserts a status; gives itself.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Asserts that it is a whole problem document with that code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.body["type"], format!("/problems/{code}"), "{self:?}");
        assert_eq!(self.body["status"], status, "{self:?}");
        assert_eq!(self.body["instance"].as_str(), self.header("x-request-id"), "{self:?}");
        for text in ["title", "detail"] {
            assert!(self.body[text].as_str().is_some_and(|text| !text.is_empty()), "{self:?}");
        }
    }
}
