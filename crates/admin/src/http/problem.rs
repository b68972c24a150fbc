//! Refusals as problem documents (RFC 9457).
//!
//! A handler answers with the [`Problem`] itself, as an extension of the response; the outermost layer, which knows the id of the
//! request, writes it down (see `observe.rs`). So there is one place that renders, and no rejection can forget to.

use std::any::Any;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value as Json, json};

use crate::domain::{Code, Problem};

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = status(self.code).into_response();
        if self.code == Code::Unauthenticated {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.more.get("retry_after_s").and_then(Json::as_u64) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response.extensions_mut().insert(self);
        response
    }
}

fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The document; `instance` is the id of the request.
pub(crate) fn document(problem: &Problem, instance: &str) -> Json {
    let mut document = Map::new();
    let code = problem.code.as_str();
    document.insert("type".into(), json!(format!("/problems/{code}")));
    document.insert("title".into(), json!(problem.code.meaning()));
    document.insert("status".into(), json!(problem.code.status()));
    document.insert("code".into(), json!(code));
    document.insert("detail".into(), json!(problem.detail));
    if let Some(pointer) = &problem.pointer {
        document.insert("pointer".into(), json!(pointer));
    }
    if let Some(hint) = &problem.hint {
        document.insert("hint".into(), json!(hint));
    }
    document.insert("instance".into(), json!(instance));
    for (name, value) in &problem.more {
        document.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Json::Object(document)
}

/// What an error of the HTTP layer itself is called, so that it is a problem document as well.
pub(crate) fn of_status(status: StatusCode) -> Problem {
    let code = match status {
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::Forbidden,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => Code::Timeout,
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMedia,
        StatusCode::TOO_MANY_REQUESTS => Code::RateLimited,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        status if status.is_client_error() => Code::BadRequest,
        _ => Code::Internal,
    };
    Problem::new(code, code.meaning())
}

/// A handler that panicked; what it said goes to the log, not to the client.
pub(crate) fn of_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)");
    tracing::error!(panic = said, "a handler panicked");
    Problem::new(Code::Internal, "the server failed on this request").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_problem_that_does_not_tell_what_it_said() {
        let response = of_panic(Box::new("the password is 1234".to_owned()));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let problem = response.extensions().get::<Problem>().unwrap();
        let document = document(problem, "r-1");
        assert_eq!((&document["code"], &document["instance"]), (&json!("internal"), &json!("r-1")));
        assert!(!document.to_string().contains("1234"));
    }

    #[test]
    fn what_is_more_never_takes_the_place_of_what_is_always_there() {
        let problem =
            Problem::new(Code::Stale, "it moved").at("/revision").with("status", 200).with("revision", 7);
        let document = document(&problem, "r-1");
        assert_eq!((&document["status"], &document["revision"]), (&json!(409), &json!(7)));
        assert_eq!(document["type"], "/problems/stale");
    }
}
