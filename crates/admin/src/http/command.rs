//! How a command comes in and its answer goes out.
//!
//! ```text
//!   token, rate ─▶ access ─▶ body ─▶ parse ─▶ writer: token still valid? If-Match? ─▶ the command ─▶ answer, ETag, Location
//! ```

use std::sync::Arc;

use axum::extract::Request as HttpRequest;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use tidegate::model::Key;

use super::app::App;
use super::observe::RequestId;
use super::operation::Access;
use super::{body, view};
use crate::auth::{self, Caller};
use crate::domain::entity::{Kind, Token};
use crate::domain::{Code, Command, Problem, Tx, Who, World, capabilities};
use crate::writer::{Answer, Idempotency, Request};

/// The header with the reason for a change that SDKs which are live cannot compile.
pub(crate) const FORCE: &str = "tidegate-force";

/// What makes a command of a body.
pub(crate) type Act =
    Arc<dyn Fn(&App, Call, &[u8]) -> Result<(Command, Option<String>), Problem> + Send + Sync>;

/// What a command is told besides its body.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The parameters of the path, in order.
    at: Vec<Key>,
    /// Who calls.
    pub(crate) caller: Caller,
    uri: Uri,
}

impl Call {
    /// The first parameter of the path; empty if it has none.
    pub(crate) fn key(&self) -> &str {
        self.at.first().map_or("", |key| key)
    }

    /// The query.
    ///
    /// # Errors
    /// 400 if it has unknown names or values of another type.
    pub(crate) fn query<Q: DeserializeOwned>(&self) -> Result<Q, Problem> {
        view::query(&self.uri)
    }

    /// The second parameter of the path.
    pub(crate) fn second(&self) -> &str {
        self.at.get(1).map_or("", |key| key)
    }
}

/// Who calls, and the body.
///
/// # Errors
/// 401, 403, 429; 400, 413, 415 for what can be told of the request without its operation.
pub(crate) async fn receive(
    app: &App,
    access: Access,
    request: HttpRequest,
) -> Result<(Parts, Call, Vec<u8>), Problem> {
    let (mut parts, raw) = request.into_parts();
    let (caller, _, _) = app.authenticate(&parts)?;
    view::check(access, &caller)?;
    let at = view::path(&mut parts).await?;
    let bytes = body::read(raw, app.limits.body_bytes).await?;
    body::check_media(&parts.headers, &bytes)?;
    let call = Call { at, caller, uri: parts.uri.clone() };
    Ok((parts, call, bytes))
}

/// Runs a command.
pub(crate) async fn run(
    app: App,
    access: Access,
    kind: Option<Kind>,
    act: &Act,
    request: HttpRequest,
) -> Result<Response, Problem> {
    let (parts, call, bytes) = receive(&app, access, request).await?;
    let Call { at, caller, .. } = call.clone();
    let expected = kind.and_then(|kind| Some((kind, IfMatch::of(&parts.headers)?)));
    let idempotency = idempotency(&parts, &bytes)?;
    let force = force(&parts.headers)?;
    let (inner, secret) = act(&app, call, &bytes)?;
    let token = Key::clone(&caller.token);
    let key = at.first().cloned();
    let command: Command = Box::new(move |tx: &mut Tx| {
        // The token may have been revoked while the command waited.
        if let Some(token) = tx.find::<Token>(&token) {
            auth::is_live(&token, tx.now.wall)?;
        }
        if let (Some((kind, expected)), Some(key)) = (expected, key) {
            expected.check(revision(tx.world(), kind, &key))?;
        }
        inner(tx)
    });
    let who = Who::Principal { id: caller.actor.id, token: Some(caller.token) };
    let request = parts.extensions.get::<RequestId>().map(|RequestId(id)| id.to_string());
    let mut answer = app.writer.run(Request { who, request, idempotency, force, command }).await?;
    // Not part of the answer that is kept for the idempotency key: a secret is nowhere but with whom it was made for.
    if let (Some(secret), false, Some(fields)) = (secret, answer.replayed, answer.body.as_object_mut()) {
        fields.insert("secret".to_owned(), Json::String(secret));
    }
    Ok(respond(&parts, answer))
}

fn respond(parts: &Parts, answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut headers = HeaderMap::new();
    if answer.replayed {
        headers.insert(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
    }
    if let Some(etag) = view::etag(&answer.body) {
        headers.insert(header::ETAG, etag);
    }
    if status == StatusCode::CREATED && parts.method == Method::POST {
        let key = ["key", "id", "name"].iter().find_map(|name| answer.body.get(name)?.as_str());
        let path = parts.uri.path();
        if let Some(Ok(location)) = key.map(|key| HeaderValue::from_str(&format!("{path}/{key}"))) {
            headers.insert(header::LOCATION, location);
        }
    }
    (status, headers, axum::Json(answer.body)).into_response()
}

/// Why the change is to be made although SDKs that are live cannot compile it.
pub(crate) fn force(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let text = headers.get(FORCE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    text.map(|text| capabilities::reason(&text)).transpose()
}

/// The idempotency key of a request.
fn idempotency(parts: &Parts, bytes: &[u8]) -> Result<Option<Idempotency>, Problem> {
    let Some(value) = parts.headers.get("idempotency-key") else { return Ok(None) };
    // The draft has it as a quoted string; a bare one is what clients send.
    let key = value.to_str().unwrap_or_default().trim_matches('"').trim();
    if key.is_empty() || key.len() > 200 {
        let detail = "expected an `Idempotency-Key` of 1 to 200 printable ASCII characters";
        return Err(Problem::new(Code::BadRequest, detail));
    }
    let mut sum = Sha256::new();
    sum.update(parts.method.as_str().as_bytes());
    sum.update([0]);
    sum.update(parts.uri.path().as_bytes());
    sum.update([0]);
    sum.update(bytes);
    Ok(Some(Idempotency { key: key.to_owned(), fingerprint: hex::encode(sum.finalize()) }))
}

/// What an `If-Match` header asks for.
enum IfMatch {
    /// That it is there.
    Any,
    /// One of these revisions; what does not look like one matches none.
    Revisions(Vec<u64>),
}

impl IfMatch {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut revisions = Vec::new();
        let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
        values.peek()?;
        for tag in values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
            let tag = tag.trim();
            if tag == "*" {
                return Some(Self::Any);
            }
            let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
            revisions.extend(tag.split('-').next().and_then(|revision| revision.parse::<u64>().ok()));
        }
        Some(Self::Revisions(revisions))
    }

    fn check(&self, now: Option<u64>) -> Result<(), Problem> {
        let holds = match self {
            Self::Any => now.is_some(),
            Self::Revisions(revisions) => now.is_some_and(|now| revisions.contains(&now)),
        };
        if holds {
            return Ok(());
        }
        let found = now.map_or_else(|| "nothing".to_owned(), |now| format!("revision {now}"));
        let problem =
            Problem::new(Code::PreconditionFailed, format!("`If-Match` does not hold: found {found}"));
        Err(problem.with("revision", now).hint("get it again, look at what changed, and send the new ETag"))
    }
}

/// The revision of an entity, as it is shown.
fn revision(world: &World, kind: Kind, key: &str) -> Option<u64> {
    macro_rules! of {
        ($table:ident) => {
            world.$table.get(key).map(|row| row.revision)
        };
    }
    match kind {
        Kind::Attribute => of!(attributes),
        Kind::Environment => of!(environments),
        Kind::ExclusionGroup => of!(exclusion_groups),
        Kind::Feature => of!(features),
        Kind::Kill => of!(kills),
        Kind::Pipeline => of!(pipelines),
        Kind::PipelineVersion => of!(pipeline_versions),
        Kind::Principal => of!(principals),
        Kind::Proposal => of!(proposals),
        // A release is shown with the revision of its state, which decisions are made on.
        Kind::Release | Kind::ReleaseState => {
            world.release_states.get(key).map(|row| row.body.state.revision)
        }
        Kind::Schedule => of!(schedules),
        Kind::SdkKey => of!(sdk_keys),
        Kind::Segment => of!(segments),
        Kind::SigningKey => of!(signing_keys),
        Kind::SnapshotHead => of!(snapshot_heads),
        Kind::Token => of!(tokens),
        Kind::Webhook => of!(webhooks),
    }
}
