//! How a question comes in and its answer goes out: token, access, query, path, ETag.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts as _, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tidegate::model::Key;
use tidegate::release::{Now, Permission};
use utoipa::IntoParams;

use super::app::App;
use super::operation::Access;
use crate::auth::Caller;
use crate::domain::{Code, Problem, World};

/// What answers a question.
pub(crate) type Fetch =
    Arc<dyn Fn(Ask, &Uri) -> Pin<Box<dyn Future<Output = Result<Shown, Problem>> + Send>> + Send + Sync>;

/// A question.
pub(crate) struct Ask {
    /// The server.
    pub(crate) app: App,
    /// Who asks; absent where everybody may.
    pub(crate) caller: Option<Caller>,
    /// The world that it is answered from.
    pub(crate) world: Arc<World>,
    /// When.
    pub(crate) now: Now,
    at: Vec<Key>,
}

impl Ask {
    /// The first parameter of the path; empty if it has none.
    pub(crate) fn key(&self) -> &str {
        self.at.first().map_or("", |key| key)
    }

    /// The second parameter of the path.
    pub(crate) fn second(&self) -> &str {
        self.at.get(1).map_or("", |key| key)
    }

    /// Who asks.
    ///
    /// # Errors
    /// If the operation was declared public (never, in fact).
    pub(crate) fn caller(&self) -> Result<&Caller, Problem> {
        self.caller
            .as_ref()
            .ok_or_else(|| Problem::new(Code::Unauthenticated, "the request carries no token"))
    }
}

/// The hash of the last event of the audit log that a document has in it.
const AUDIT_HEAD: HeaderName = HeaderName::from_static("tidegate-audit-head");

/// What is shown.
pub(crate) enum Shown {
    /// A JSON body; its ETag is its `revision` and a hash of the rest, if it has a revision.
    Json(Json),
    /// The bytes of a document, with the media type, the ETag, and the hash of the last event of the log that is in it.
    Document(Vec<u8>, &'static str, String, Option<String>),
}

impl Shown {
    /// An entity, if there is one.
    ///
    /// # Errors
    /// 404.
    pub(crate) fn of<V: Serialize>(what: &str, key: &str, view: Option<V>) -> Result<Self, Problem> {
        let view = view.ok_or_else(|| Problem::not_found(what, key))?;
        Ok(Self::Json(json!(view)))
    }
}

impl From<Json> for Shown {
    fn from(body: Json) -> Self {
        Self::Json(body)
    }
}

/// A query that takes nothing.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Answers a question.
pub(crate) async fn run(
    app: App,
    access: Access,
    fetch: &Fetch,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let ask = ask(app, access, &mut parts).await?;
    let shown = fetch(ask, &parts.uri).await?;
    Ok(match shown {
        Shown::Json(body) => {
            let etag = etag(&body);
            unless_known(&parts.headers, etag, || axum::Json(body).into_response())
        }
        Shown::Document(bytes, media, etag, head) => {
            let etag = HeaderValue::from_str(&format!("\"{etag}\"")).ok();
            let mut response = unless_known(&parts.headers, etag, || {
                ([(header::CONTENT_TYPE, media)], Body::from(bytes)).into_response()
            });
            if let Some(head) = head.and_then(|head| HeaderValue::from_str(&head).ok()) {
                response.headers_mut().insert(AUDIT_HEAD, head);
            }
            response
        }
    })
}

/// Who asks what, if they may.
///
/// # Errors
/// 401, 403, 429; 400 if the path is not UTF-8.
pub(crate) async fn ask(app: App, access: Access, parts: &mut Parts) -> Result<Ask, Problem> {
    let (caller, world, now) = if access == Access::Public {
        (None, app.writer.world(), app.writer.now())
    } else {
        let (caller, world, now) = app.authenticate(parts)?;
        check(access, &caller)?;
        (Some(caller), world, now)
    };
    let at = path(parts).await?;
    Ok(Ask { app, caller, world, now, at })
}

/// Whether an actor may use an operation at all.
///
/// # Errors
/// 403 with the permission that is missing.
pub(crate) fn check(access: Access, caller: &Caller) -> Result<(), Problem> {
    if caller.once && access != Access::Once {
        let detail = "the one-time token is good for nothing but making another token";
        return Err(Problem::new(Code::Forbidden, detail).hint("POST /api/v1/tokens"));
    }
    let actor = &caller.actor;
    let needed = match access {
        Access::Public | Access::Caller | Access::Once => return Ok(()),
        Access::May(permission) => permission,
        Access::Step(_) => Permission::Read,
    };
    if actor.grants.iter().any(|grant| grant.role.allows(needed)) {
        return Ok(());
    }
    let permission = json!(needed);
    let detail = format!("`{}` lacks the permission `{}`", actor.id, permission.as_str().unwrap_or_default());
    Err(Problem::new(Code::Forbidden, detail).with("permission", permission))
}

/// The parameters of the path, in order.
///
/// # Errors
/// 400 if one is not UTF-8, or holds a NUL.
pub(crate) async fn path(parts: &mut Parts) -> Result<Vec<Key>, Problem> {
    let raw = RawPathParams::from_request_parts(parts, &()).await;
    let raw = raw.map_err(|e| Problem::new(Code::BadRequest, format!("the path is malformed: {e}")))?;
    let at: Vec<Key> = raw.iter().map(|(_, value)| Key::from(value)).collect();
    if at.iter().any(|value| value.contains('\0')) {
        return Err(Problem::new(Code::BadRequest, "the path holds a NUL character"));
    }
    Ok(at)
}

/// The query.
///
/// # Errors
/// 400 if it has unknown names or values of another type.
pub(crate) fn query<Q: DeserializeOwned>(uri: &Uri) -> Result<Q, Problem> {
    let Query(query) = Query::<Q>::try_from_uri(uri)
        .map_err(|e| Problem::new(Code::BadRequest, format!("the query is malformed: {}", e.body_text())))?;
    if uri.query().is_some_and(|query| query.contains("%00")) {
        return Err(Problem::new(Code::BadRequest, "the query holds a NUL character"));
    }
    Ok(query)
}

/// The ETag of a body that has a revision: `"<revision>-<hash>"`, since what is derived may change without the revision.
pub(crate) fn etag(body: &Json) -> Option<HeaderValue> {
    let revision = body.get("revision")?.as_u64()?;
    let sum = hex::encode(Sha256::digest(body.to_string().as_bytes()));
    HeaderValue::from_str(&format!("\"{revision}-{}\"", sum.get(..16)?)).ok()
}

/// 304 if the client has it.
fn unless_known(headers: &HeaderMap, etag: Option<HeaderValue>, show: impl FnOnce() -> Response) -> Response {
    let Some(etag) = etag else { return show() };
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_it = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes();
    let is_known = known.flat_map(|value| value.split(',')).any(|tag| is_it(tag.trim()));
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { show() };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response.headers_mut().insert(header::ETAG, etag);
    response
}
