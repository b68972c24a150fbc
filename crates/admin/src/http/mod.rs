//! The API over HTTP.
//!
//! ```text
//!   compression ─▶ observe (id, log, metrics, time limit, problems) ─▶ catch panics ─▶ route ─▶ token ─▶ access ─▶ command | view
//! ```

mod app;
mod body;
mod command;
mod document;
mod events;
mod limit;
mod meta;
mod metrics;
mod observe;
mod operation;
mod page;
mod problem;
mod routes;
mod schema;
mod view;

use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use self::app::{App, Shared};
pub(crate) use self::limit::Limits;
pub(crate) use self::metrics::Metrics;

/// All operations, and the document of them.
fn operations() -> (Router<App>, OpenApi) {
    let mut router = OpenApiRouter::with_openapi(document::base());
    for (tag, operations) in routes::all() {
        for operation in operations {
            router = router.routes(operation.into_route(tag));
        }
    }
    router.split_for_parts()
}

/// The OpenAPI document of the API, as it is served and checked in.
///
/// # Errors
/// If it cannot be written as JSON (never, in fact).
pub fn openapi() -> Result<String, serde_json::Error> {
    document::text(&operations().1)
}

/// The router of a server.
pub(crate) fn router(app: &App) -> Router {
    let (operations, _) = operations();
    operations
        .merge(meta::router())
        .fallback(observe::no_route)
        .method_not_allowed_fallback(observe::no_method)
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(middleware::from_fn_with_state(app.clone(), observe::observe))
        .layer(CompressionLayer::new())
        .with_state(app.clone())
}
