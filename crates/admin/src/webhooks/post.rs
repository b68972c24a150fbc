//! One attempt: signed (Standard Webhooks), posted, and what the receiver said.

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, StatusCode};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook as Signer,
};

use crate::outbound;

/// How much of a refusal is kept, in bytes.
const EXCERPT: usize = 300;

/// What came of an attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Reply {
    /// 2xx.
    Taken(u16),
    /// 410: the endpoint wants nothing any more.
    Gone,
    /// Another status.
    Refused { why: String, retry_after_s: Option<u64> },
    /// Nobody answered; the next delivery would fare no better.
    Unreachable(String),
}

/// What is posted where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Post<'a> {
    pub(super) url: &'a str,
    /// `whsec_…`
    pub(super) secret: &'a str,
    pub(super) id: &'a str,
    /// Wall clock, seconds; receivers refuse what is 5 minutes off.
    pub(super) at_s: i64,
    pub(super) body: &'a str,
}

pub(super) async fn post(http: &Client, post: Post<'_>) -> Reply {
    let refused = |why: String| Reply::Refused { why, retry_after_s: None };
    let url = match outbound::address(post.url) {
        Ok(url) => url,
        Err(why) => return refused(why),
    };
    let signed =
        Signer::new(post.secret).and_then(|signer| signer.sign(post.id, post.at_s, post.body.as_bytes()));
    let Ok(signature) = signed else {
        return refused("the secret is not `whsec_` and base64: rotate it".to_owned());
    };
    let request = http
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header(HEADER_WEBHOOK_ID, post.id)
        .header(HEADER_WEBHOOK_TIMESTAMP, post.at_s)
        .header(HEADER_WEBHOOK_SIGNATURE, signature)
        .body(post.body.to_owned());
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Reply::Unreachable(outbound::reason(error).to_string()),
    };
    let status = response.status();
    if status.is_success() {
        return Reply::Taken(status.as_u16());
    }
    if status == StatusCode::GONE {
        return Reply::Gone;
    }
    let after =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let hint = if status.is_redirection() { "; redirects are not followed" } else { "" };
    // The status has been said; what else it says is a help, not a need.
    let excerpt = outbound::body(response, EXCERPT).await.map(|(body, _)| body).unwrap_or_default();
    let excerpt = String::from_utf8_lossy(&excerpt);
    let excerpt: String = excerpt.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let colon = if excerpt.trim().is_empty() { "" } else { ": " };
    Reply::Refused { why: format!("{status}{hint}{colon}{}", excerpt.trim()), retry_after_s: after }
}
