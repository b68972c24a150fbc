//! What is not of the API: health, metrics, the OpenAPI document and the page to browse it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::json;
use tidegate::model::Key;
use utoipa_swagger_ui::{Config, serve};

use super::app::App;
use super::metrics::Counts;
use super::operation::API;
use crate::domain::{Code, Problem};

/// Routes outside the document.
pub(crate) fn router() -> Router<App> {
    let docs = format!("{API}/docs");
    let slash = format!("{docs}/");
    let config = Arc::new(Config::new([format!("{API}/openapi.json")]));
    let file = move |path: &str| page(path, Arc::clone(&config));
    let index = file.clone();
    Router::new()
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route(&format!("{API}/openapi.json"), get(document))
        .route(&docs, get(move || async move { Redirect::permanent(&slash) }))
        .route(&format!("{docs}/"), get(move || async move { index("") }))
        .route(
            &format!("{docs}/{{*rest}}"),
            get(move |axum::extract::Path(rest): axum::extract::Path<String>| async move { file(&rest) }),
        )
}

/// The process lives.
async fn healthy() -> Response {
    axum::Json(json!({ "status": "ok" })).into_response()
}

/// It can answer and write; says no while it stops, so that a balancer looks elsewhere.
async fn ready(State(app): State<App>) -> Result<Response, Problem> {
    if app.stop.is_cancelled() {
        return Err(Problem::new(Code::Unavailable, "the server stops"));
    }
    app.store.head().await.map_err(|e| e.problem())?;
    Ok(axum::Json(json!({ "status": "ok", "seq": app.writer.world().seq })).into_response())
}

async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let deliveries = app.store.delivery_counts().await.map_err(|e| e.problem())?;
    let streams = app.limits.streams.saturating_sub(app.streams.available_permits());
    let hub = &app.delivery.hub;
    let snapshot = |environment: Key| {
        let version = hub.current(&environment)?.version();
        let streams = hub.streams(&environment);
        Some((environment, version, streams))
    };
    let snapshots = hub.environments().into_iter().filter_map(snapshot).collect();
    let counts = Counts { queue: app.writer.queued(), streams, deliveries, snapshots };
    app.metrics.of_fleet(&app.writer.world(), &app.fleet);
    let text = app.metrics.text(&app.writer.world(), app.writer.now(), &counts);
    let text = text.map_err(|e| Problem::new(Code::Internal, e.to_string()))?;
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, media)], text).into_response())
}

async fn document(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], app.openapi.clone()).into_response()
}

/// A file of the page; all of them are in the binary.
fn page(path: &str, config: Arc<Config<'static>>) -> Result<Response, Problem> {
    match serve(path, config) {
        Ok(Some(file)) => {
            Ok((StatusCode::OK, [(header::CONTENT_TYPE, file.content_type)], file.bytes.to_vec())
                .into_response())
        }
        Ok(None) => Err(Problem::not_found("page", path)),
        Err(e) => Err(Problem::new(Code::Internal, e.to_string())),
    }
}
