//! Refusals as problem documents (RFC 9457), in the form that the admin server's API has.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Map, Value as Json, json};

/// The seconds after which one who was sent away for want of room comes again: at least, and this many more at random, so that
/// many who were sent away at once do not come again at once.
const RETRY_S: u64 = 2;
const RETRY_SPREAD_S: u64 = 8;

/// A refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem(Box<Refusal>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    pointer: Option<String>,
    hint: Option<String>,
    retry_after_s: Option<u64>,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let detail = detail.into();
        Self(Box::new(Refusal {
            status,
            code,
            title,
            detail,
            pointer: None,
            hint: None,
            retry_after_s: None,
        }))
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "the request is malformed", detail)
    }

    pub(crate) fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "no valid SDK key was given", detail)
    }

    pub(crate) fn no_method(detail: impl Into<String>) -> Self {
        let title = "the method is not allowed here";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", title, detail)
    }

    pub(crate) fn timeout(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the request took too long", detail)
    }

    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too large", detail)
    }

    pub(crate) fn unsupported_media(detail: impl Into<String>) -> Self {
        let title = "the body is not JSON";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media", title, detail)
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        let title = "the body is not what was expected";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title, detail)
    }

    /// With a `Retry-After` that differs from one to the next.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        let title = "the server cannot serve this now";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title, detail)
            .retry_after(RETRY_S.saturating_add(fastrand::u64(0..=RETRY_SPREAD_S)))
    }

    /// With a `Retry-After` that differs from one to the next.
    pub(crate) fn too_many(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "too many requests", detail)
            .retry_after(RETRY_S.saturating_add(fastrand::u64(0..=RETRY_SPREAD_S)))
    }

    /// With the place in the body.
    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.0.pointer = Some(pointer.into());
        self
    }

    /// With what helps.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    fn document(&self) -> Json {
        let Self(refusal) = self;
        let mut document = Map::new();
        document.insert("type".into(), json!(format!("/problems/{}", refusal.code)));
        document.insert("title".into(), json!(refusal.title));
        document.insert("status".into(), json!(refusal.status.as_u16()));
        document.insert("code".into(), json!(refusal.code));
        document.insert("detail".into(), json!(refusal.detail));
        if let Some(pointer) = &refusal.pointer {
            document.insert("pointer".into(), json!(pointer));
        }
        if let Some(hint) = &refusal.hint {
            document.insert("hint".into(), json!(hint));
        }
        if let Some(seconds) = refusal.retry_after_s {
            document.insert("retry_after_s".into(), json!(seconds));
        }
        Json::Object(document)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(Body::from(self.document().to_string()));
        *response.status_mut() = self.0.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
