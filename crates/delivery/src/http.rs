//! The endpoints for SDKs and relays.
//!
//! | route | answer |
//! |---|---|
//! | `GET /sdk/v1/snapshot` | the document's exact bytes, or 304; the signed head in `tidegate-head` |
//! | `GET /sdk/v1/stream` | server-sent events, see the module `stream` |
//! | `GET /sdk/v1/keys` | the endorsements of signing keys, a JSON list |
//! | `GET /sdk/v1/me` | what the SDK key is good for |
//! | `POST /sdk/v1/report`, `POST /sdk/v1/relay-report` | what the server wants to know next |

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidegate::wire::ReportAnswer;

use crate::admission::{Admission, admit, sdk_key};
use crate::body;
use crate::conditional;
use crate::encoding;
use crate::ofrep;
use crate::problem::Problem;
use crate::service::{ReportRefused, Service};
use crate::stream;

/// The signed head of the document that is current.
pub(crate) const HEAD: HeaderName = HeaderName::from_static("tidegate-head");

/// A body of more bytes is parsed beside: a relay's report of megabytes would hold up the streams that the thread has.
const AT_ONCE: usize = 64 << 10;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The routes under `/sdk/v1`, and those of OFREP. No layer is needed around them; one that compresses, buffers or limits the time of answers would
/// harm the streams.
pub fn router(service: Service) -> Router {
    let evaluations = ofrep::router(&service);
    Router::new()
        .route("/sdk/v1/snapshot", only(get(snapshot)))
        .route("/sdk/v1/stream", only(get(stream::follow)))
        .route("/sdk/v1/keys", only(get(keys)))
        .route("/sdk/v1/me", only(get(me)))
        .route("/sdk/v1/report", only(post(report)))
        .route("/sdk/v1/relay-report", only(post(relay_report)))
        .with_state(service)
        .merge(evaluations)
}

fn only(route: MethodRouter<Service>) -> MethodRouter<Service> {
    route.fallback(async |method: Method| Problem::no_method(format!("the route has no method {method}")))
}

async fn snapshot(State(service): State<Service>, request: Request) -> Result<Response, Problem> {
    let headers = request.headers();
    let who = admitted(&service, headers).await?;
    let publication = service.hub().current(&who.environment).ok_or_else(|| nothing_yet(&who))?;
    if conditional::has(headers, publication.etag()) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        common(&mut response, publication.etag().clone(), publication.header());
        return Ok(response);
    }
    let coded = match encoding::wanted(headers) {
        Some(encoding) => publication.encoded(encoding).await.map(|bytes| (encoding, bytes)),
        None => None,
    };
    let (encoding, bytes) = match coded {
        Some((encoding, bytes)) => (Some(encoding), bytes),
        None => (None, publication.document().clone()),
    };
    let mut response = Response::new(Body::from(bytes));
    common(&mut response, publication.etag().clone(), publication.header());
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    if let Some(encoding) = encoding {
        response.headers_mut().insert(header::CONTENT_ENCODING, encoding.header());
    }
    Ok(response)
}

/// What 200 and 304 have in common. The tag is that of the document, in whatever coding it travels: it is compared, never used for
/// ranges.
fn common(response: &mut Response, etag: HeaderValue, head: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag);
    headers.insert(HEAD, head);
    headers.insert(header::CACHE_CONTROL, NO_CACHE);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, authorization, x-api-key"));
}

async fn keys(State(service): State<Service>, request: Request) -> Result<Response, Problem> {
    admitted(&service, request.headers()).await?;
    Ok(json(service.hub().endorsements().json.clone()))
}

async fn me(State(service): State<Service>, request: Request) -> Result<Response, Problem> {
    admitted(&service, request.headers()).await.and_then(|who| written(&who))
}

async fn report(State(service): State<Service>, request: Request) -> Result<Response, Problem> {
    let limit = service.shared().limits.report_bytes;
    let (who, report) = reported(&service, request, limit).await?;
    answered(service.shared().reports.report(&who, report).await)
}

async fn relay_report(State(service): State<Service>, request: Request) -> Result<Response, Problem> {
    let limit = service.shared().limits.relay_report_bytes;
    let (who, report) = reported(&service, request, limit).await?;
    answered(service.shared().reports.relay_report(&who, report).await)
}

/// Who sent a request.
async fn admitted(service: &Service, headers: &HeaderMap) -> Result<Admission, Problem> {
    admit(service.keys().as_ref(), sdk_key(headers)?).await
}

/// Who sent a report, and the report.
async fn reported<T: DeserializeOwned + Send + 'static>(
    service: &Service,
    request: Request,
    limit: usize,
) -> Result<(Admission, T), Problem> {
    let (parts, body) = request.into_parts();
    let who = admitted(service, &parts.headers).await?;
    body::check_media(&parts.headers)?;
    let time = service.shared().limits.report_time;
    let read = tokio::time::timeout(time, body::read(body, limit)).await;
    let bytes = read.unwrap_or_else(|_| Err(late(time)))?;
    if bytes.len() <= AT_ONCE {
        return Ok((who, body::parse(&bytes)?));
    }
    let parsed = tokio::task::spawn_blocking(move || body::parse(&bytes)).await;
    let parsed = parsed.map_err(|error| {
        tracing::error!(%error, "a report cannot be read");
        Problem::unavailable("the report cannot be read")
    })?;
    Ok((who, parsed?))
}

fn late(limit: Duration) -> Problem {
    Problem::timeout(format!("expected the body within {} s", limit.as_secs()))
}

fn answered(answer: Result<ReportAnswer, ReportRefused>) -> Result<Response, Problem> {
    match answer {
        Ok(answer) => written(&answer),
        Err(ReportRefused::Invalid { pointer, detail }) => Err(Problem::invalid(detail).at(pointer)),
        Err(ReportRefused::Unavailable(detail)) => Err(Problem::unavailable(detail)),
    }
}

/// The environment has no publication: the server has just started, or the environment is gone.
pub(crate) fn nothing_yet(who: &Admission) -> Problem {
    Problem::unavailable(format!("nothing is published for `{}` now", who.environment))
}

fn written(answer: &impl Serialize) -> Result<Response, Problem> {
    let written = serde_json::to_vec(answer).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Problem::unavailable("the answer cannot be written")
    })?;
    Ok(json(written.into()))
}

fn json(bytes: Bytes) -> Response {
    let headers = [(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, NO_STORE)];
    (headers, bytes).into_response()
}
