//! The outermost layer: the id of a request, its time limit, its line in the access log, its metrics, and problems written down.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use super::app::App;
use super::problem::{self, MEDIA_TYPE};
use crate::domain::{Code, Problem};

/// The id of a request.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// See the module.
pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(none)".to_owned(), |path| path.as_str().to_owned());
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let span = tracing::info_span!("request", id = &*id);
    let answered = tokio::time::timeout(app.limits.request, next.run(request).instrument(span)).await;
    let response = answered.unwrap_or_else(|_| late(&app).into_response());
    let mut response = write_down(response, &id, &method);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let (status, took) = (response.status().as_u16(), started.elapsed());
    app.metrics.request(&method, &route, status, took);
    // The path, not the query: and never a header or a body, which may carry secrets.
    tracing::info!(target: "access", id = &*id, %method, route, status, ms = took.as_millis(), "answered");
    response
}

fn late(app: &App) -> Problem {
    let seconds = app.limits.request.as_secs();
    Problem::new(Code::Timeout, format!("expected to be done within {seconds} s"))
        .hint("it may still be done; send it again with the same `Idempotency-Key` to learn what came of it")
}

/// The id that the client gave, if it is harmless; else a new one.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    let is_sane = |id: &&str| {
        (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(is_sane);
    given.map_or_else(|| uuid::Uuid::now_v7().to_string().into(), Arc::from)
}

/// Writes the problem down, also of an error that came from below without one.
fn write_down(response: Response, id: &str, method: &Method) -> Response {
    let status = response.status();
    let (mut parts, body) = response.into_parts();
    let problem = match parts.extensions.remove::<Problem>() {
        Some(problem) => problem,
        None if status.is_client_error() || status.is_server_error() => problem::of_status(status),
        None => return Response::from_parts(parts, body),
    };
    if problem.code == Code::Internal {
        tracing::error!(id, detail = problem.detail, "internal error");
    }
    let text = problem::document(&problem, id).to_string();
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = if method == Method::HEAD { axum::body::Body::empty() } else { text.into() };
    Response::from_parts(parts, body)
}

/// There is no such route.
pub(crate) async fn no_route(request: Request) -> Problem {
    let path: String = request.uri().path().chars().take(200).collect();
    Problem::new(Code::NotFound, format!("there is no route `{path}`"))
        .hint("GET /api/v1/openapi.json lists the routes; GET /api/v1/docs shows them")
}

/// The route has other methods.
pub(crate) async fn no_method(request: Request) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("the route has no method {}", request.method()))
        .hint("GET /api/v1/openapi.json lists the methods of each route")
}
