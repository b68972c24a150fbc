//! The server that a relay follows, over HTTP.
//!
//! No redirects: what was written is what is asked. Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY`). The stream
//! has no time limit over all of it; what is silent for [`Times::silence`] is given up.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use reqwest::header::{ACCEPT, IF_NONE_MATCH};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use tidegate::value::MAX_BYTES;
use tidegate::wire::{Connection, RelayReport, ReportAnswer, SdkKey};
use tokio::time::timeout;

use super::sse::{Event, Parser};
use crate::admission::Admission;

/// The most bytes of an answer that is no document.
const SMALL_BYTES: usize = 4 << 20;
const HEAD: &str = "tidegate-head";

/// How long a relay waits for an upstream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Times {
    /// For a connection.
    pub connect: Duration,
    /// For an answer that is not a stream, all of it; of a document, for its beginning.
    pub answer: Duration,
    /// For the next byte of a stream: three heartbeats.
    pub silence: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            silence: Duration::from_secs(45),
        }
    }
}

/// Why the upstream did not answer as it should; for people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// The SDK key is not good there.
    Unauthorized,
    /// Everything else.
    Other(Arc<str>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized => f.write_str("the SDK key is not good there"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

impl From<reqwest::Error> for Failure {
    /// The innermost cause, without the URL.
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Other("no answer in time".into());
        }
        let error = error.without_url();
        let mut cause: &dyn Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Self::Other(cause.to_string().into())
    }
}

fn other(why: impl Into<Arc<str>>) -> Failure {
    Failure::Other(why.into())
}

/// A whole document, as it was answered.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) token: String,
    /// None: the one that is held (304).
    pub(super) document: Option<Bytes>,
}

/// An address, and the SDK key that asks there.
#[derive(Clone, Debug)]
pub(super) struct Upstream {
    client: Client,
    url: Arc<str>,
    sdk_key: SdkKey,
    times: Times,
}

impl Upstream {
    /// Of a live connection.
    pub(super) fn new(client: Client, connection: &Connection, times: Times) -> Option<Self> {
        let sdk_key = connection.sdk_key.clone()?;
        Some(Self { client, url: connection.url.as_str().into(), sdk_key, times })
    }

    /// Where it is.
    pub(super) fn url(&self) -> &Arc<str> {
        &self.url
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.sdk_key.secret())
    }

    /// Opens the stream, from a version on.
    pub(super) async fn stream(&self, from: Option<u64>) -> Result<Stream, Failure> {
        let mut request =
            self.client.get(format!("{}/sdk/v1/stream", self.url)).header(ACCEPT, "text/event-stream");
        if let Some(from) = from {
            request = request.header("last-event-id", from.to_string());
        }
        let response = self.begin(self.authorized(request)).await?;
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return Err(other(format!(
                "expected `text/event-stream`, found `{}`",
                kind.unwrap_or("nothing")
            )));
        }
        Ok(Stream { response, parser: Parser::default(), ready: Vec::new(), silence: self.times.silence })
    }

    /// Polls the document; `etag` names the one that is held.
    pub(super) async fn snapshot(&self, etag: Option<&str>) -> Result<Whole, Failure> {
        let mut request = self.client.get(format!("{}/sdk/v1/snapshot", self.url));
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let response = self.begin(self.authorized(request)).await?;
        let token = response.headers().get(HEAD).and_then(|token| token.to_str().ok()).map(str::to_owned);
        let token = token.ok_or_else(|| other(format!("expected the header `{HEAD}`, found none")))?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Whole { token, document: None });
        }
        let document = body(response, MAX_BYTES, self.times.silence).await?;
        Ok(Whole { token, document: Some(document.into()) })
    }

    /// The endorsements of signing keys, for those who poll.
    pub(super) async fn keys(&self) -> Result<Vec<String>, Failure> {
        let request = self.client.get(format!("{}/sdk/v1/keys", self.url));
        self.json(self.authorized(request)).await
    }

    /// What an SDK key is good for here.
    pub(super) async fn me(&self, sdk_key: &SdkKey) -> Result<Admission, Failure> {
        let request = self.client.get(format!("{}/sdk/v1/me", self.url)).bearer_auth(sdk_key.secret());
        self.json(request).await
    }

    /// Reports on the instances that are served.
    pub(super) async fn report(&self, report: &RelayReport) -> Result<ReportAnswer, Failure> {
        let request = self.client.post(format!("{}/sdk/v1/relay-report", self.url)).json(report);
        self.json(self.authorized(request)).await
    }

    /// Sends, and waits until the answer begins; it is a success, or 304.
    async fn begin(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = timeout(self.times.answer, request.send()).await;
        let response = response.map_err(|_| other("no answer in time"))??;
        match response.status() {
            status if status.is_success() || status == StatusCode::NOT_MODIFIED => Ok(response),
            StatusCode::UNAUTHORIZED => Err(Failure::Unauthorized),
            status => {
                let text = body(response, 8_192, Duration::from_secs(1)).await.unwrap_or_default();
                let text: String = String::from_utf8_lossy(&text).chars().take(300).collect();
                Err(other(format!("expected an answer with status 200, found {status}: {text}")))
            }
        }
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let response = self.begin(request).await?;
        let bytes = timeout(self.times.answer, body(response, SMALL_BYTES, self.times.answer)).await;
        let bytes = bytes.map_err(|_| other("no answer in time"))??;
        serde_json::from_slice(&bytes).map_err(|error| other(format!("the answer cannot be read: {error}")))
    }
}

/// A body of at most so many bytes; `silence`: how long its next piece may take.
async fn body(mut response: Response, limit: usize, silence: Duration) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    loop {
        let chunk = timeout(silence, response.chunk()).await.map_err(|_| other("the answer stalled"))??;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(other(format!("expected an answer of at most {limit} bytes, found more")));
        }
        body.extend_from_slice(&chunk);
    }
}

/// The events of an upstream.
#[derive(Debug)]
pub(super) struct Stream {
    response: Response,
    parser: Parser,
    /// What has arrived, the next at the end.
    ready: Vec<Event>,
    silence: Duration,
}

impl Stream {
    /// The next event; none when the stream has ended.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if let Some(event) = self.ready.pop() {
                return Ok(Some(event));
            }
            let chunk = timeout(self.silence, self.response.chunk()).await;
            let Some(chunk) = chunk.map_err(|_| other("the stream stalled"))?? else { return Ok(None) };
            self.parser
                .push(&chunk, &mut self.ready)
                .map_err(|_| other("the stream has an event that is larger than a document can be"))?;
            self.ready.reverse();
        }
    }
}

/// The client that asks upstreams.
///
/// # Errors
/// If TLS cannot be set up; for people.
pub(super) fn client(times: Times) -> Result<Client, String> {
    // Fails if the process has a provider already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("tidegate-relay/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(times.connect)
        .tcp_nodelay(true)
        .build()
        .map_err(|error| format!("TLS cannot be set up: {}", Failure::from(error)))
}
