//! Requests of a client: what is asked, with which limits, and what went wrong in words.
//!
//! INVARIANT: the SDK key goes to the host of the connection only; redirects to another one are not followed with it.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use flate2::write::MultiGzDecoder;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap,
    HeaderValue, IF_NONE_MATCH, RETRY_AFTER,
};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::time::timeout;

use super::options::{ConnectOptions, Proxy};
use crate::error::{Code, Error};
use crate::wire::{Connection, Kind, Report, ReportAnswer, Sha256};

/// The most bytes of a document, as the compiler has it.
pub(super) const MOST_DOCUMENT: usize = 256 << 20;
/// The most bytes of any other answer.
const MOST_ANSWER: usize = 1 << 20;
const MOST_REDIRECTS: usize = 5;

/// The header of answers that carry a head.
const HEAD: &str = "tidegate-head";

/// Asks one server.
#[derive(Clone)]
pub(super) struct Http {
    client: reqwest::Client,
    base: String,
    kind: Kind,
    authorization: Option<HeaderValue>,
    answer_timeout: Duration,
    read_stall: Duration,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("base", &self.base).finish_non_exhaustive()
    }
}

/// A request that failed.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    /// Something answered; else no connection was made.
    pub(super) reached: bool,
    /// How long the server asked to wait.
    pub(super) asked: Option<Duration>,
}

/// The answer to a poll.
#[derive(Debug)]
pub(super) enum Polled {
    /// What the client has is what there is, says this head.
    Same { token: String },
    /// A head and its document.
    Whole { token: String, document: Vec<u8> },
}

/// An answer whose body is read piece by piece.
pub(super) struct Answer {
    response: Response,
    /// Of any number of gzip members, each of which may be an event: what HTTP libraries have stops at the first.
    inflate: Option<MultiGzDecoder<Vec<u8>>>,
}

impl Http {
    /// # Errors
    /// If proxy or certificates of the options cannot be used.
    pub(super) fn new(connection: &Connection, options: &ConnectOptions) -> Result<Self, Error> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(connection, options)?)
            .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.connect_timeout)
            .redirect(redirects(connection.kind))
            .http1_only()
            // Decoded here, also if another crate of the program has reqwest decode by itself.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30));
        builder = match &options.proxy {
            Proxy::Direct => builder.no_proxy(),
            Proxy::Environment => builder,
            Proxy::Url(url) => {
                // The error may have the URL, and with it a password.
                let proxy = reqwest::Proxy::all(url).map_err(|_| {
                    bad("/proxy", "expected the URL of a proxy, such as `http://proxy:3128`".into())
                })?;
                builder.no_proxy().proxy(proxy)
            }
        };
        let client = builder
            .build()
            .map_err(|error| bad("", format!("no HTTP client can be made: {}", causes(&error))))?;
        let authorization = match &connection.sdk_key {
            None => None,
            Some(key) => {
                let mut value = HeaderValue::from_str(&format!("Bearer {}", key.secret()))
                    .map_err(|_| bad("/sdk_key", "expected an SDK key that fits into a header".into()))?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        Ok(Self {
            client,
            base: connection.url.trim_end_matches('/').to_owned(),
            kind: connection.kind,
            authorization,
            answer_timeout: options.answer_timeout,
            read_stall: options.read_stall,
        })
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.with_key(self.client.get(format!("{}/{path}", self.base)).header(ACCEPT_ENCODING, "gzip"))
    }

    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization.clone()),
            None => request,
        }
    }

    /// Opens the stream; what comes then is a delta to `version`, unless that is 0.
    pub(super) async fn stream(&self, version: u64) -> Result<Answer, Failed> {
        let mut request =
            self.get("sdk/v1/stream").header(ACCEPT, "text/event-stream").header(CACHE_CONTROL, "no-store");
        if version > 0 {
            request = request.header("last-event-id", version);
        }
        let answer = self.send(request).await?;
        let content_type = text_header(answer.headers(), CONTENT_TYPE.as_str()).unwrap_or_default();
        if content_type.split(';').next().map(str::trim) != Some("text/event-stream") {
            let message = format!("expected a stream of events, found `{content_type}`");
            return Err(reached(Code::BadAnswer, message));
        }
        Ok(answer)
    }

    /// The next piece of an answer; none at its end.
    pub(super) async fn piece(
        &self,
        answer: &mut Answer,
        patience: Duration,
    ) -> Result<Option<Vec<u8>>, Failed> {
        match timeout(patience, answer.response.chunk()).await {
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(piece))) => answer.inflated(&piece).map(Some),
            Ok(Err(error)) => {
                Err(reached(Code::BadAnswer, format!("the answer broke off: {}", causes(&error))))
            }
            Err(_) => {
                Err(reached(Code::Stalled, format!("expected to hear more, found silence for {patience:?}")))
            }
        }
    }

    /// The document of the server, unless its hash is one of `known`.
    pub(super) async fn snapshot(&self, known: &[Sha256]) -> Result<Polled, Failed> {
        let mut request = self.get("sdk/v1/snapshot");
        if !known.is_empty() {
            let tags: Vec<String> = known.iter().map(|hash| format!("\"{hash}\"")).collect();
            request = request.header(IF_NONE_MATCH, tags.join(", "));
        }
        let mut answer = self.send(request).await?;
        let Some(token) = text_header(answer.headers(), HEAD) else {
            let message = format!("expected the header `{HEAD}` beside a document, found none");
            return Err(reached(Code::BadAnswer, message));
        };
        if answer.response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Polled::Same { token });
        }
        let document = self.body(&mut answer, MOST_DOCUMENT).await?;
        Ok(Polled::Whole { token, document })
    }

    /// The head of static hosting.
    pub(super) async fn static_head(&self) -> Result<String, Failed> {
        self.text("head").await.map(|text| text.trim().to_owned())
    }

    /// The document of static hosting.
    pub(super) async fn static_document(&self) -> Result<Vec<u8>, Failed> {
        let request = self.get("snapshot.json").header(CACHE_CONTROL, "no-cache");
        let mut answer = self.send(request).await?;
        self.body(&mut answer, MOST_DOCUMENT).await
    }

    /// The endorsements that the server knows.
    pub(super) async fn keys(&self) -> Result<Vec<String>, Failed> {
        let text = match self.kind {
            Kind::Live => self.text("sdk/v1/keys").await?,
            Kind::Static => self.text("keys.json").await?,
        };
        serde_json::from_str(&text)
            .map_err(|error| reached(Code::BadAnswer, format!("expected a list of endorsements: {error}")))
    }

    pub(super) async fn report(&self, report: &Report) -> Result<ReportAnswer, Failed> {
        let body = serde_json::to_vec(report)
            .map_err(|error| reached(Code::BadAnswer, format!("a report cannot be written: {error}")))?;
        let request = self.client.post(format!("{}/sdk/v1/report", self.base));
        let request = self.with_key(request).header(CONTENT_TYPE, "application/json").body(body);
        let mut answer = self.send(request).await?;
        let body = self.body(&mut answer, MOST_ANSWER).await?;
        serde_json::from_slice(&body)
            .map_err(|error| reached(Code::BadAnswer, format!("expected the answer to a report: {error}")))
    }

    async fn text(&self, path: &str) -> Result<String, Failed> {
        let mut answer = self.send(self.get(path).header(CACHE_CONTROL, "no-cache")).await?;
        let body = self.body(&mut answer, MOST_ANSWER).await?;
        String::from_utf8(body).map_err(|_| reached(Code::BadAnswer, format!("expected text at `{path}`")))
    }

    /// Sends a request; an answer other than success or 304 is an error.
    async fn send(&self, request: RequestBuilder) -> Result<Answer, Failed> {
        let response = match timeout(self.answer_timeout, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(not_sent(&error)),
            Err(_) => {
                let message = format!(
                    "expected an answer from {} within {:?}, none came",
                    self.base, self.answer_timeout
                );
                return Err(reached(Code::Stalled, message));
            }
        };
        let status = response.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Answer::new(response);
        }
        let asked = text_header(response.headers(), RETRY_AFTER.as_str()).and_then(|text| retry_after(&text));
        let hint = match status.as_u16() {
            300..=399 => ": it redirects to another host; name that in the connection string",
            401 | 403 => ": is the SDK key revoked, or of another server?",
            404 => ": is the base path of the connection string right?",
            _ => "",
        };
        let message = format!("expected success from {}, found status {}{hint}", self.base, status.as_u16());
        Err(Failed { error: Error::new(Code::BadStatus, "", message), reached: true, asked })
    }

    async fn body(&self, answer: &mut Answer, most: usize) -> Result<Vec<u8>, Failed> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece(answer, self.read_stall).await? {
            if body.len() + piece.len() > most {
                let message = format!("expected an answer of at most {most} bytes, found more");
                return Err(reached(Code::BadAnswer, message));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

impl Answer {
    fn new(response: Response) -> Result<Self, Failed> {
        let encoding = text_header(response.headers(), CONTENT_ENCODING.as_str());
        let inflate = match encoding.as_deref() {
            None | Some("" | "identity") => None,
            Some("gzip" | "x-gzip") => Some(MultiGzDecoder::new(Vec::new())),
            Some(other) => {
                let message = format!("expected gzip or no encoding, found `{other}`");
                return Err(reached(Code::BadAnswer, message));
            }
        };
        Ok(Self { response, inflate })
    }

    fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// What a piece stands for, as far as it can be told.
    fn inflated(&mut self, piece: &[u8]) -> Result<Vec<u8>, Failed> {
        let Some(inflate) = &mut self.inflate else { return Ok(piece.to_vec()) };
        let written = inflate.write_all(piece).and_then(|()| inflate.flush());
        written.map_err(|error| {
            reached(Code::BadAnswer, format!("expected gzip, found other bytes: {error}"))
        })?;
        Ok(std::mem::take(inflate.get_mut()))
    }
}

/// With a key: on the same host only. Never from TLS to plain text.
fn redirects(kind: Kind) -> Policy {
    Policy::custom(move |attempt| {
        let Some(before) = attempt.previous().last() else { return attempt.stop() };
        let (next, same_host) = (attempt.url(), before.host_str() == attempt.url().host_str());
        let is_plainer = before.scheme() == "https" && next.scheme() != "https";
        if attempt.previous().len() > MOST_REDIRECTS {
            return attempt.error("too many redirects");
        }
        if is_plainer || kind == Kind::Live && !same_host { attempt.stop() } else { attempt.follow() }
    })
}

/// TLS with the roots of the system and those of the options. For a server without TLS, none are read.
fn tls(connection: &Connection, options: &ConnectOptions) -> Result<ClientConfig, Error> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(std::sync::Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("", format!("no TLS can be set up: {error}")))?;
    let mut roots: Vec<CertificateDer<'static>> = Vec::new();
    let mut checked = rustls::RootCertStore::empty();
    for pem in &options.root_certificates {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let refused = |error| bad("/root_certificate", format!("expected certificates in PEM: {error}"));
            let certificate = certificate.map_err(refused)?;
            checked.add(certificate.clone()).map_err(|error| {
                bad("/root_certificate", format!("expected the certificate of an authority: {error}"))
            })?;
            roots.push(certificate);
        }
        if roots.len() == before {
            return Err(bad("/root_certificate", "expected certificates in PEM, found none".into()));
        }
    }
    let is_plain = connection.url.starts_with("http://") && matches!(options.proxy, Proxy::Direct);
    if is_plain {
        return Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
    }
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider)
        .map_err(|error| bad("/root_certificate", format!("no certificates can be trusted: {error}")))?;
    let verified = builder.dangerous().with_custom_certificate_verifier(std::sync::Arc::new(verifier));
    Ok(verified.with_no_client_auth())
}

fn not_sent(error: &reqwest::Error) -> Failed {
    // A connection that was made and then broken is something that answered.
    let reached = !error.is_connect();
    let code = if reached { Code::BadAnswer } else { Code::Unreachable };
    let message = format!("the server cannot be asked: {}", causes(error));
    Failed { error: Error::new(code, "", message), reached, asked: None }
}

fn reached(code: Code, message: String) -> Failed {
    Failed { error: Error::new(code, "", message), reached: true, asked: None }
}

fn bad(pointer: &str, message: String) -> Error {
    Error::new(Code::BadConnectOption, pointer, message)
}

/// Seconds; a date is not read, as the clock may be wrong.
fn retry_after(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// An error and what caused it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text.replace('\n', " ")
}
