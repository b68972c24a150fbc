//! The HTTP client: JSON in, JSON or a problem out.
//!
//! Every write carries an `Idempotency-Key`, so that one whose answer was lost can be sent again without being done twice.

use std::io::{BufRead, BufReader, ErrorKind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;
pub(crate) use ureq::http::Method;
use ureq::http::{HeaderValue, Request, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::config::Access;
use super::problem;
use crate::failure::{Exit, Failure};
use crate::output;

/// The largest answer that is read into memory, in bytes.
const LARGEST: u64 = 256 << 20;
/// The largest page that the server gives.
const PAGE: usize = 500;

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status, of the 2xx.
    pub(crate) status: u16,
    /// The body; `null` if there is none.
    pub(crate) body: Json,
}

/// A server.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    server: String,
    token: Option<String>,
    /// Problems are told as JSON.
    json: bool,
    /// Why writes are to be done although SDKs that are live cannot compile what comes of them.
    force: Option<String>,
}

impl Client {
    pub(super) fn new(access: Access, json: bool, force: Option<String>) -> Self {
        let agent = agent();
        if access.token.is_some() && !is_safe(&access.server) {
            output::warning(
                &format!("the token goes to {} without encryption", access.server),
                Some("use https"),
            );
        }
        Self { agent, server: access.server, token: access.token, json, force }
    }

    /// The base URL.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Something, by its path below `/api/v1`.
    pub(crate) fn get(&self, path: &str) -> Result<Json, Failure> {
        Ok(self.read(self.call(&Method::GET, path, None, &[])?)?.body)
    }

    /// Something, if it is there.
    pub(crate) fn find(&self, path: &str) -> Result<Option<Json>, Failure> {
        let response = self.call(&Method::GET, path, None, &[])?;
        if response.status() == 404 {
            return Ok(None);
        }
        Ok(Some(self.read(response)?.body))
    }

    /// A list, all of it or the first `limit`; page by page.
    pub(crate) fn list(&self, path: &str, limit: Option<usize>) -> Result<Vec<Json>, Failure> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let wanted = limit.map_or(PAGE, |limit| (limit - items.len()).min(PAGE));
            let mark = if path.contains('?') { '&' } else { '?' };
            let mut page = format!("{path}{mark}limit={wanted}");
            if let Some(after) = &after {
                page.push_str("&after=");
                page.push_str(&encode(after));
            }
            let mut body = self.get(&page)?;
            let next = body.get("next").and_then(super::json::as_text);
            match body.get_mut("items").map(Json::take) {
                Some(Json::Array(some)) => items.extend(some),
                // A list that is small by nature may come whole.
                _ => match body {
                    Json::Array(all) => items.extend(all),
                    _ => return Err(unexpected(path, "a list")),
                },
            }
            if next.is_none() || next == after || limit.is_some_and(|limit| items.len() >= limit) {
                return Ok(items);
            }
            after = next;
        }
    }

    /// Makes or does something.
    pub(crate) fn post(&self, path: &str, body: &Json) -> Result<Answer, Failure> {
        self.write(&Method::POST, path, Some(body), None)
    }

    /// Asks with a body; nothing is written, so there is no idempotency key.
    pub(crate) fn ask(&self, method: &Method, path: &str, body: &Json) -> Result<Json, Failure> {
        Ok(self.read(self.call(method, path, Some(body), &[])?)?.body)
    }

    /// Replaces something.
    pub(crate) fn put(&self, path: &str, body: &Json) -> Result<Answer, Failure> {
        self.write(&Method::PUT, path, Some(body), None)
    }

    /// Replaces something, if it is still as it was seen.
    pub(crate) fn put_over(&self, path: &str, body: &Json, seen: &Json) -> Result<Answer, Failure> {
        let revision = seen.get("revision").and_then(Json::as_u64).map(|revision| format!("\"{revision}\""));
        self.write(&Method::PUT, path, Some(body), revision.as_deref())
    }

    /// Removes something.
    pub(crate) fn delete(&self, path: &str, body: Option<&Json>) -> Result<Answer, Failure> {
        self.write(&Method::DELETE, path, body, None)
    }

    /// The lines of an endless or large answer.
    pub(crate) fn lines(
        &self,
        path: &str,
        last_event: Option<&str>,
    ) -> Result<impl BufRead + use<>, Failure> {
        let headers: Vec<_> = last_event.map(|id| ("Last-Event-ID", id)).into_iter().collect();
        let response = self.call(&Method::GET, path, None, &headers)?;
        if !response.status().is_success() {
            return Err(match self.read(response) {
                Err(failure) => failure,
                Ok(_) => unexpected(path, "a stream"),
            });
        }
        Ok(BufReader::new(response.into_body().into_with_config().limit(u64::MAX).reader()))
    }

    fn write(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Json>,
        seen: Option<&str>,
    ) -> Result<Answer, Failure> {
        let key = idempotency_key()?;
        let mut headers = vec![("Idempotency-Key", key.as_str())];
        headers.extend(seen.map(|revision| ("If-Match", revision)));
        headers.extend(self.force.as_deref().map(|reason| ("Tidegate-Force", reason)));
        self.read(self.call(method, path, body, &headers)?)
    }

    /// Calls; again, if the connection broke or the server has too much to do: reading is harmless, and writing is
    /// idempotent by its key.
    fn call(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Json>,
        headers: &[(&str, &str)],
    ) -> Result<Response<Body>, Failure> {
        let mut waits = [Duration::from_millis(200), Duration::from_secs(1)].into_iter();
        loop {
            let wait = waits.next();
            match (self.call_once(method, path, body, headers), wait) {
                (Ok(response), Some(wait)) if response.status() == 429 => {
                    thread::sleep(retry_after(&response).unwrap_or(wait));
                }
                (Ok(response), _) => return Ok(response),
                (Err(ureq::Error::Io(error)), Some(wait)) if error.kind() != ErrorKind::ConnectionRefused => {
                    thread::sleep(wait);
                }
                (Err(error), _) => return Err(self.unreachable(&error)),
            }
        }
    }

    fn call_once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Json>,
        headers: &[(&str, &str)],
    ) -> Result<Response<Body>, ureq::Error> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}/api/v1{path}", self.server))
            .header("Accept", "application/json, application/problem+json, text/event-stream");
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            // Not `from_str`: a reason may be in any language.
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(ureq::http::Error::from)?;
            request = request.header(*name, value);
        }
        match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_string())?;
                self.agent.run(request)
            }
            None => self.agent.run(request.body(())?),
        }
    }

    fn read(&self, mut response: Response<Body>) -> Result<Answer, Failure> {
        let status = response.status().as_u16();
        let text = response
            .body_mut()
            .with_config()
            .limit(LARGEST)
            .read_to_string()
            .map_err(|error| self.unreachable(&error))?;
        if !response.status().is_success() {
            return Err(problem::failure(status, &text, self.json, self.token.is_some()));
        }
        let body = match text.trim() {
            "" => Json::Null,
            text => serde_json::from_str(text).map_err(|_| {
                Failure::new(Exit::Server, format!("{} answered something that is no JSON", self.server))
                    .hint("is it the admin server of Tidegate?")
            })?,
        };
        Ok(Answer { status, body })
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let why = match error {
            ureq::Error::Io(error) => crate::failure::reason(error),
            other => other.to_string(),
        };
        Failure::new(Exit::Server, format!("cannot reach the server {}: {why}", self.server))
            .hint("is it running (`tidegate serve`)? --server or TIDEGATE_SERVER say where it is")
    }
}

/// Speaks HTTP: certificates of the system, no redirects, no waiting for ever.
pub(crate) fn agent() -> Agent {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .user_agent(concat!("tidegate-cli/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .new_agent()
}

/// How long the server asks to wait, at most half a minute.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let seconds = response.headers().get("Retry-After")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(Duration::from_secs(30)))
}

/// Something in a path or a query, escaped (RFC 3986).
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The parts of a query that are given, with the `?` in front.
pub(crate) fn query<'a>(parts: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let mut out = String::new();
    for (name, value) in parts {
        let Some(value) = value else { continue };
        out.push(if out.is_empty() { '?' } else { '&' });
        out.push_str(&format!("{name}={}", encode(&value)));
    }
    out
}

fn unexpected(path: &str, wanted: &str) -> Failure {
    Failure::new(Exit::Server, format!("the server answered something other than {wanted} to {path}"))
        .hint("is the server of another version than this command?")
}

/// A key that no other write has.
fn idempotency_key() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Exit::Io, format!("the system gives no random numbers: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether a token may travel there: encrypted, or within the machine.
pub(crate) fn is_safe(server: &str) -> bool {
    let Some(rest) = server.strip_prefix("http://") else { return true };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(host, _)| host);
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_cannot_be_left() {
        assert_eq!(encode("a/../b?c#d é"), "a%2F..%2Fb%3Fc%23d%20%C3%A9");
        assert_eq!(query([("a", Some("x&y".into())), ("b", None), ("c", Some("1".into()))]), "?a=x%26y&c=1");
        assert_eq!(query([("a", None)]), "");
    }

    #[test]
    fn tokens_stay_on_the_machine_or_are_encrypted() {
        for (server, safe) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost", true),
            ("http://[::1]:8080", true),
            ("https://tidegate.example", true),
            ("http://tidegate.example:8080", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(is_safe(server), safe, "{server}");
        }
    }

    #[test]
    fn idempotency_keys_differ() {
        assert_ne!(idempotency_key().unwrap(), idempotency_key().unwrap());
    }
}
