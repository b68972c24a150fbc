//! HTTP to other servers: Prometheus, and the receivers of webhooks.
//!
//! Only `http` and `https`; no redirects, so that what an administrator wrote is what is asked; a time limit over all of it; no more
//! of an answer is read than was asked for. Proxies are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`).

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

/// A client that follows no redirect and gives up after `timeout`.
///
/// # Errors
/// If TLS cannot be set up.
pub fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    // Fails if the process has a provider already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .timeout(timeout)
        .build()
}

/// An address that may be asked.
///
/// # Errors
/// If it is no absolute URL, or neither `http` nor `https`; the text says which.
pub fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`{text}` is not an absolute URL: {error}"))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        scheme => Err(format!("the URL must begin with `http://` or `https://`, not `{scheme}:`")),
    }
}

/// The first bytes of an answer's body, and whether that is all of it.
///
/// # Errors
/// If the connection breaks, or the time is over.
pub async fn body(mut response: Response, limit: usize) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = limit.saturating_sub(body.len());
        if let Some(part) = chunk.get(..room).filter(|_| chunk.len() > room) {
            body.extend_from_slice(part);
            return Ok((body, false));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body, true))
}

/// What went wrong, in one line: the innermost cause, without the URL, which may hold a password.
#[must_use]
pub fn reason(error: reqwest::Error) -> Arc<str> {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().into()
}
