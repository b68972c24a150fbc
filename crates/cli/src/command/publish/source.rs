//! What a server gives: the document, its signed head, the endorsements of keys. All of it verified.

use std::time::Duration;

use tidegate::error::Code;
use tidegate::wire::{Connection, Head, KeyRing, Kind, SdkKey, Trust};
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

use super::MOST_BYTES;
use crate::admin::{agent, is_safe};
use crate::failure::{Exit, Failure};
use crate::output;

/// A server or relay, and whom to trust there.
pub(super) struct Source {
    agent: Agent,
    connection: Connection,
    ring: KeyRing,
    /// The last document, to be asked for only if there is another one.
    last: Option<Last>,
}

struct Last {
    etag: String,
    document: Vec<u8>,
}

/// What is to be published.
pub(super) struct Publication {
    pub(super) head: Head,
    /// The head as it was signed.
    pub(super) token: String,
    /// The endorsements, as a JSON list.
    pub(super) keys: Vec<u8>,
}

impl Source {
    pub(super) fn new(connection: Connection) -> Result<Self, Failure> {
        if connection.kind == Kind::Static {
            return Err(Failure::usage(
                "expected the connection string of a server or relay, found one of static hosting",
            )
            .hint("`tidegate sdk-key new` prints one"));
        }
        if !is_safe(&connection.url) {
            let message = format!("the SDK key goes to {} without encryption", connection.url);
            output::warning(&message, Some("use https"));
        }
        let ring = match connection.trust {
            Trust::Pinned(key) => KeyRing::pinned(key),
            Trust::Unsigned => KeyRing::unsigned(),
        };
        Ok(Self { agent: agent(), connection, ring, last: None })
    }

    /// The environment.
    pub(super) fn environment(&self) -> &str {
        &self.connection.environment
    }

    /// What a head that lies somewhere says, if it is to be believed.
    pub(super) fn verify(&self, token: &str) -> Result<Head, tidegate::Error> {
        self.ring.verify(token, &self.connection.environment)
    }

    /// Asks for what is current; the document is then in [`Source::document`].
    pub(super) fn fetch(&mut self) -> Result<Publication, Failure> {
        let mut keys = self.endorsements()?;
        let etag = self.last.as_ref().map(|last| last.etag.clone());
        let mut response = self.get("/sdk/v1/snapshot", etag.as_deref())?;
        let token = header(&response, "tidegate-head");
        let token = token.ok_or_else(|| self.strange("gave no `tidegate-head` with the snapshot".into()))?;
        let mut verified = self.verify(&token);
        if verified.as_ref().is_err_and(|error| error.code() == Code::UntrustedKey) {
            // The key may have been rotated between the two questions.
            keys = self.endorsements()?;
            verified = self.verify(&token);
        }
        let head = verified.map_err(|error| self.unverified("the head", &error))?;
        if response.status() != 304 {
            let etag = header(&response, "etag").unwrap_or_default();
            let document = self.body(&mut response)?;
            self.last = Some(Last { etag, document });
        }
        head.matches(self.document()).map_err(|error| self.unverified("the snapshot", &error))?;
        Ok(Publication { head, token, keys: serde_json::to_vec(&keys)? })
    }

    /// The document that was fetched last; empty before.
    pub(super) fn document(&self) -> &[u8] {
        self.last.as_ref().map(|last| last.document.as_slice()).unwrap_or_default()
    }

    /// The endorsements that the server tells. Those by keys that are not trusted here stay in the list: they are of use to
    /// who pinned an older key. A forged one refuses all.
    fn endorsements(&mut self) -> Result<Vec<String>, Failure> {
        let mut response = self.get("/sdk/v1/keys", None)?;
        let body = self.body(&mut response)?;
        let list: Vec<String> = serde_json::from_slice(&body)
            .map_err(|_| self.strange("gave no JSON list of texts as its keys".into()))?;
        self.ring.trust_all(&list);
        for endorsement in &list {
            match self.ring.trust(endorsement) {
                Err(error) if error.code() != Code::UntrustedKey => {
                    return Err(self.unverified("an endorsement of a key", &error));
                }
                _ => {}
            }
        }
        Ok(list)
    }

    fn get(&self, path: &str, etag: Option<&str>) -> Result<Response<Body>, Failure> {
        let mut request = Request::builder().uri(format!("{}{path}", self.connection.url));
        if let Some(key) = &self.connection.sdk_key {
            request = request.header("Authorization", format!("Bearer {}", SdkKey::secret(key)));
        }
        if let Some(etag) = etag {
            request = request.header("If-None-Match", etag);
        }
        let response = request.body(()).map_err(ureq::Error::from).and_then(|request| {
            let request = self.agent.configure_request(request).timeout_global(Some(PATIENCE)).build();
            self.agent.run(request)
        });
        let mut response = response.map_err(|error| self.unreachable(&error))?;
        match response.status().as_u16() {
            200 | 304 => Ok(response),
            401 | 403 => {
                Err(Failure::new(Exit::Refused, format!("{} refused the SDK key", self.connection.url))
                    .hint("was it revoked? `tidegate sdk-key new` makes another one"))
            }
            status => {
                let body =
                    response.body_mut().with_config().limit(4_096).read_to_string().unwrap_or_default();
                let detail = serde_json::from_str::<serde_json::Value>(&body).ok();
                let detail = detail
                    .as_ref()
                    .and_then(|problem| problem.get("detail")?.as_str())
                    .unwrap_or("no reason given");
                Err(self.strange(format!("answered {status} to {path}: {detail}")))
            }
        }
    }

    fn body(&self, response: &mut Response<Body>) -> Result<Vec<u8>, Failure> {
        let body = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
        body.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let why = match error {
            ureq::Error::Io(error) => crate::failure::reason(error),
            other => other.to_string(),
        };
        Failure::new(Exit::Server, format!("cannot reach the server {}: {why}", self.connection.url))
            .hint("is the address in the connection string (`--connect`, TIDEGATE_CONNECTION) right?")
    }

    fn strange(&self, what: String) -> Failure {
        Failure::new(Exit::Server, format!("{} {what}", self.connection.url))
    }

    fn unverified(&self, what: &str, error: &tidegate::Error) -> Failure {
        let failure =
            Failure::new(Exit::Server, format!("{what} of {} does not verify: {error}", self.connection.url));
        match error.code() {
            Code::UntrustedKey | Code::UnsignedToken => {
                failure.hint("is the connection string of this server? nothing was written")
            }
            _ => failure,
        }
    }
}

fn header(response: &Response<Body>, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// How long an answer may take, to its last byte.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long to wait between two questions whether there is something new.
pub(super) const ASK_EVERY: Duration = Duration::from_secs(2);
