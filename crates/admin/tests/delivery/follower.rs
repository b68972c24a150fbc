//! One that follows a stream and believes nothing: each token, hash and delta is checked.

use std::time::Duration;

use reqwest::{Client, Response};
use tidegate::model::Mode;
use tidegate::wire::{Connection, Head, KeyRing, Rows, Trust};
use tidegate::{Context, Engine};
use tokio::time::timeout;

/// What came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Came {
    /// A delta between these versions.
    Delta(u64, u64),
    /// The end.
    End,
    /// A head of this version.
    Head(u64),
    /// Endorsements.
    Keys(usize),
    /// A whole document.
    Snapshot(u64),
}

/// Follows a stream.
pub(crate) struct Follower {
    response: Response,
    text: String,
    environment: std::sync::Arc<str>,
    /// The last token of a head.
    pub(crate) token: String,
    pub(crate) ring: KeyRing,
    pub(crate) rows: Option<Rows>,
    pub(crate) engine: Engine,
}

/// The request of a path, as a client with that connection string sends it.
pub(crate) fn request(http: &Client, connection: &Connection, path: &str) -> reqwest::RequestBuilder {
    let key = connection.sdk_key.as_ref().unwrap().secret();
    http.get(format!("{}/sdk/v1{path}", connection.url)).bearer_auth(key)
}

impl Follower {
    /// Opens a stream, as one that has nothing.
    pub(crate) async fn open(http: &Client, connection: &Connection) -> Self {
        let ring = match connection.trust {
            Trust::Pinned(key) => KeyRing::pinned(key),
            Trust::Unsigned => KeyRing::unsigned(),
        };
        let response = request(http, connection, "/stream").send().await.unwrap();
        assert_eq!(response.status(), 200);
        let environment = connection.environment.clone();
        let engine = Engine::builder().process("environment", &*environment).mode(Mode::Strict).build();
        let (text, token) = (String::new(), String::new());
        Self { response, text, environment, token, ring, rows: None, engine }
    }

    /// Opens another stream, from what it has.
    pub(crate) async fn again(self, http: &Client, connection: &Connection) -> Self {
        let last = self.version().to_string();
        let response =
            request(http, connection, "/stream").header("last-event-id", last).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { response, text: String::new(), ..self }
    }

    /// The version that it has.
    pub(crate) fn version(&self) -> u64 {
        self.rows.as_ref().map_or(0, Rows::version)
    }

    /// Whether a gate is on.
    pub(crate) fn is_on(&self, gate: &str) -> bool {
        self.engine.check(gate, &Context::default())
    }

    /// The next event, checked.
    pub(crate) async fn next(&mut self) -> Came {
        let next = timeout(Duration::from_secs(20), self.event());
        let Some((name, id, data)) = next.await.expect("an event within 20 s") else { return Came::End };
        let mut lines = data.split('\n');
        let first = lines.next().unwrap();
        match name.as_str() {
            "keys" => {
                let keys: Vec<String> = serde_json::from_str(first).unwrap();
                self.ring.trust_all(&keys);
                Came::Keys(keys.len())
            }
            "head" => Came::Head(self.verified(first).version),
            "snapshot" => {
                let (head, document) = (self.verified(first), lines.next().unwrap());
                head.matches(document.as_bytes()).unwrap();
                let rows = Rows::parse(document.as_bytes()).unwrap();
                assert_eq!((rows.version(), id), (head.version, Some(head.version)));
                self.rows = Some(rows);
                self.engine.load(document.as_bytes()).unwrap();
                Came::Snapshot(head.version)
            }
            "delta" => {
                let (head, delta) = (self.verified(first), lines.next().unwrap());
                head.matches_delta(delta.as_bytes()).unwrap();
                let rows = self.rows.as_mut().unwrap();
                let from = rows.version();
                rows.apply(delta.as_bytes()).unwrap();
                head.matches_hash(rows.sha256()).unwrap();
                assert_eq!(id, Some(head.version));
                self.engine.apply_delta(delta.as_bytes()).unwrap();
                Came::Delta(from, head.version)
            }
            other => panic!("{other}: {data}"),
        }
    }

    /// The next event that is no head.
    pub(crate) async fn news(&mut self) -> Came {
        loop {
            match self.next().await {
                Came::Head(_) => {}
                came => return came,
            }
        }
    }

    /// Reads until it has this version.
    pub(crate) async fn until(&mut self, version: u64) {
        while self.version() < version {
            assert_ne!(self.news().await, Came::End);
        }
    }

    fn verified(&mut self, token: &str) -> Head {
        token.clone_into(&mut self.token);
        self.ring.verify(token, &self.environment).unwrap()
    }

    /// Name, id and data of the next event; none at the end.
    async fn event(&mut self) -> Option<(String, Option<u64>, String)> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let fields = block.lines().filter_map(|line| line.split_once(':'));
                    let values = fields.filter(|(own, _)| *own == name);
                    values.map(|(_, value)| value.trim_start().to_owned()).collect::<Vec<_>>()
                };
                if let Some(name) = field("event").pop() {
                    let id = field("id").pop().map(|id| id.parse().unwrap());
                    return Some((name, id, field("data").join("\n")));
                }
            }
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}
