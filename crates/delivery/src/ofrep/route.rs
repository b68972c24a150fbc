//! The two routes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use serde::Serialize;
use tidegate::Engine;
use tidegate::model::Key;
use tidegate::wire::Sha256;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::answer::{Answer, Bulk, ErrorCode, Failure};
use super::engines::{Engines, NotReady};
use super::pace::Pacer;
use super::request::Asked;
use crate::admission::{Keys, admit, sdk_key};
use crate::conditional;
use crate::problem::Problem;
use crate::service::Service;

/// The largest body: a context is a few attributes, perhaps with a list or two.
const BODY_BYTES: usize = 256 << 10;
/// When to come back where there is no snapshot yet.
const SOON: HeaderValue = HeaderValue::from_static("1");

#[derive(Clone)]
struct App {
    engines: Arc<Engines>,
    keys: Arc<dyn Keys>,
    pacer: Arc<Pacer>,
    /// How long a body may take to arrive.
    body_time: Duration,
}

/// The routes under `/ofrep/v1`, over what the service publishes and for those whom it admits.
pub(crate) fn router(service: &Service) -> Router {
    let engines = Arc::new(Engines::new(Arc::clone(service.hub())));
    let app = App {
        engines,
        keys: Arc::clone(service.keys()),
        pacer: Arc::new(Pacer::new(service.shared().limits.evaluations)),
        body_time: service.shared().limits.report_time,
    };
    Router::new()
        .route("/ofrep/v1/evaluate/flags", only(post(bulk)))
        .route("/ofrep/v1/evaluate/flags/{key}", only(post(one)))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(app)
}

fn only(route: MethodRouter<App>) -> MethodRouter<App> {
    route.fallback(async |method: Method| Problem::no_method(format!("the route has no method {method}")))
}

/// One flag.
async fn one(
    State(app): State<App>,
    key: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let key = key.map_or_else(|_| String::new(), |Path(key)| key);
    let (environment, engine, asked) = match app.ask(&headers, request, Some(&key)).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let view = engine.view();
    let context = asked.context(&engine);
    let answer = Answer::new(&view.decide_name(&key, &context), &environment);
    let status = match &answer {
        Answer::Success(_) => StatusCode::OK,
        Answer::Failure(failure) => failure.error_code.status(),
    };
    json(status, &answer)
}

/// All flags.
async fn bulk(State(app): State<App>, headers: HeaderMap, request: Request) -> Response {
    let (environment, engine, asked) = match app.ask(&headers, request, None).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    // A hundred thousand decisions and their text take too long for a thread that others wait for.
    let rendered = spawn_blocking(move || render(&environment, &engine, &asked)).await;
    let Ok(Some((body, etag))) = rendered else { return internal("the answer could not be written", None) };
    let mut response = if conditional::has(&headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, "application/json")], body).into_response()
    };
    response.headers_mut().insert(ETAG, etag);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The answer, and its entity tag.
fn render(environment: &str, engine: &Engine, asked: &Asked) -> Option<(Vec<u8>, HeaderValue)> {
    let view = engine.view();
    let context = asked.context(engine);
    let bulk = Bulk::new(view.evaluate_all(&context), environment, view.version());
    let body = serde_json::to_vec(&bulk).ok()?;
    let etag = HeaderValue::try_from(format!("\"{}\"", Sha256::of(&body))).ok()?;
    Some((body, etag))
}

impl App {
    /// Who asks, and with what; or the answer to one who may not, or asks badly.
    async fn ask(
        &self,
        headers: &HeaderMap,
        request: Request,
        key: Option<&str>,
    ) -> Result<(Key, Engine, Asked), Response> {
        let key_text = sdk_key(headers).map_err(IntoResponse::into_response)?;
        let who = admit(&*self.keys, key_text).await.map_err(IntoResponse::into_response)?;
        if let Err(seconds) = self.pacer.admit(&who.key_id) {
            return Err(too_many(seconds));
        }
        // Not before: strangers shall not have bodies read.
        let body = timeout(self.body_time, Bytes::from_request(request, &())).await.map_err(|_| {
            let details = format!("expected the body within {} s", self.body_time.as_secs());
            json(StatusCode::REQUEST_TIMEOUT, &Failure::new(ErrorCode::ParseError, details).of(key))
        })?;
        let body = body.map_err(|rejection| {
            let details = format!("expected a body of at most {BODY_BYTES} bytes: {}", rejection.body_text());
            json(rejection.status(), &Failure::new(ErrorCode::ParseError, details).of(key))
        })?;
        let asked =
            Asked::parse(&body).map_err(|failure| json(failure.error_code.status(), &failure.of(key)))?;
        let engine = self.engines.of(&who.environment).await.map_err(|error| not_ready(error, key))?;
        Ok((who.environment, engine, asked))
    }
}

impl ErrorCode {
    fn status(self) -> StatusCode {
        match self {
            Self::FlagNotFound => StatusCode::NOT_FOUND,
            Self::General => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InvalidContext | Self::ParseError => StatusCode::BAD_REQUEST,
        }
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => {
            let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
            (status, headers, body).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn internal(details: &str, key: Option<&str>) -> Response {
    json(StatusCode::INTERNAL_SERVER_ERROR, &Failure::new(ErrorCode::General, details).of(key))
}

fn not_ready(error: NotReady, key: Option<&str>) -> Response {
    match error {
        NotReady::Refused(why) => internal(&format!("the snapshot cannot be served: {why}"), key),
        NotReady::NoSnapshot => {
            let failure = Failure::new(ErrorCode::General, "there is no snapshot of this environment yet");
            let mut response = json(StatusCode::SERVICE_UNAVAILABLE, &failure.of(key));
            response.headers_mut().insert(RETRY_AFTER, SOON);
            response
        }
    }
}

fn too_many(seconds: u64) -> Response {
    let details = format!("expected fewer requests; try again in {seconds} s");
    let mut response = json(StatusCode::TOO_MANY_REQUESTS, &Failure::new(ErrorCode::General, details));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}
