//! An operation of the API, declared once.
//!
//! ```text
//!                        ┌─▶ route: method, path, handler ──▶ axum
//!   Operation (one line) ┼─▶ access: checked before the body is looked at
//!                        └─▶ document: parameters, body, answers, security ──▶ OpenAPI 3.1
//! ```
//! Route, check and document come from the same value, so that they cannot differ; there is no way to declare an operation
//! without saying who may use it.

mod document;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tidegate::release::Permission;
use utoipa::openapi::path::{HttpMethod, Parameter, ParameterIn};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

pub(crate) use self::document::problem_name;
use super::app::App;
use super::command::{self, Act, Call};
use super::view::{self, Ask, Fetch, Nothing, Shown};
use crate::domain::entity::Kind;
use crate::domain::{Outcome, Problem, Tx};

/// The path of the API.
pub(crate) const API: &str = "/api/v1";

/// Who may use an operation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    /// Everybody, without a token.
    Public,
    /// Everybody with a valid token; the operation itself decides about what is not the caller's own.
    Caller,
    /// As [`Access::Caller`], and also with the one-time token, which can do nothing else.
    Once,
    /// Who has the permission in one environment at least; the operation itself asks for those that it touches.
    May(Permission),
    /// Who may read; the release's state machine decides, since a phase may name its approvers.
    Step(Permission),
}

/// An operation that lacks its handler.
pub(crate) struct Draft {
    method: HttpMethod,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    access: Access,
    about: Option<&'static str>,
    kind: Option<Kind>,
    example: Option<Json>,
    answers: Vec<(u16, &'static str, RefOr<Schema>)>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

/// An operation.
pub(crate) struct Operation {
    draft: Draft,
    query: Vec<Parameter>,
    body: Option<RefOr<Schema>>,
    media: &'static str,
    is_command: bool,
    /// Whether `Idempotency-Key` is heeded.
    repeats: bool,
    /// It takes a reason to pass over SDKs that cannot compile the change.
    forces: bool,
    route: MethodRouter<App>,
}

pub(crate) fn get(path: &'static str, id: &'static str, access: Access, summary: &'static str) -> Draft {
    Draft::new(HttpMethod::Get, path, id, access, summary)
}

pub(crate) fn post(path: &'static str, id: &'static str, access: Access, summary: &'static str) -> Draft {
    Draft::new(HttpMethod::Post, path, id, access, summary)
}

pub(crate) fn put(path: &'static str, id: &'static str, access: Access, summary: &'static str) -> Draft {
    Draft::new(HttpMethod::Put, path, id, access, summary)
}

pub(crate) fn delete(path: &'static str, id: &'static str, access: Access, summary: &'static str) -> Draft {
    Draft::new(HttpMethod::Delete, path, id, access, summary)
}

impl Draft {
    fn new(
        method: HttpMethod,
        path: &'static str,
        id: &'static str,
        access: Access,
        summary: &'static str,
    ) -> Self {
        let (answers, schemas) = (Vec::new(), Vec::new());
        Self { method, path, id, summary, access, about: None, kind: None, example: None, answers, schemas }
    }

    /// With more to say than the summary.
    pub(crate) fn about(mut self, text: &'static str) -> Self {
        self.about = Some(text);
        self
    }

    /// `If-Match` is compared with the revision of the entity of this kind that the path's first parameter names.
    pub(crate) fn of(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// With an example of the body.
    pub(crate) fn example(mut self, body: Json) -> Self {
        self.example = Some(body);
        self
    }

    /// With what is answered.
    pub(crate) fn answer<T: ToSchema>(mut self, status: u16, text: &'static str) -> Self {
        T::schemas(&mut self.schemas);
        self.schemas.push((T::name().into_owned(), T::schema()));
        self.answers.push((status, text, Ref::from_schema_name(T::name()).into()));
        self
    }

    /// A command with a body of type `B`.
    pub(crate) fn command<B, F>(self, act: F) -> Operation
    where
        B: DeserializeOwned + ToSchema + Send + 'static,
        F: Fn(&mut Tx, &Call, B) -> Result<Outcome, Problem> + Clone + Send + Sync + 'static,
    {
        self.prepared::<B, _, _, _>(|_, _| Ok(((), None)), move |tx, call, body, ()| act(tx, call, body))
    }

    /// A command that needs something that is not pure (randomness, the key file): `prepare` makes it before the command runs; and
    /// a secret that is shown with the first answer, and only there.
    pub(crate) fn prepared<B, P, G, F>(mut self, prepare: G, act: F) -> Operation
    where
        B: DeserializeOwned + ToSchema + Send + 'static,
        P: Send + 'static,
        G: Fn(&App, &B) -> Result<(P, Option<String>), Problem> + Send + Sync + 'static,
        F: Fn(&mut Tx, &Call, B, P) -> Result<Outcome, Problem> + Clone + Send + Sync + 'static,
    {
        B::schemas(&mut self.schemas);
        let body = B::schema();
        let parse: Act = Arc::new(move |app, call, bytes| {
            call.query::<Nothing>()?;
            let body: B = super::body::parse(bytes)?;
            let (prepared, secret) = prepare(app, &body)?;
            let act = act.clone();
            Ok((Box::new(move |tx: &mut Tx| act(tx, &call, body, prepared)), secret))
        });
        self.run(parse, Vec::new(), body)
    }

    /// A command with a query as well.
    pub(crate) fn command_asking<Q, B, F>(mut self, act: F) -> Operation
    where
        Q: DeserializeOwned + IntoParams + Send + 'static,
        B: DeserializeOwned + ToSchema + Send + 'static,
        F: Fn(&mut Tx, &Call, Q, B) -> Result<Outcome, Problem> + Clone + Send + Sync + 'static,
    {
        B::schemas(&mut self.schemas);
        let parse: Act = Arc::new(move |_, call, bytes| {
            let query: Q = call.query()?;
            let body: B = super::body::parse(bytes)?;
            let act = act.clone();
            Ok((Box::new(move |tx: &mut Tx| act(tx, &call, query, body)), None))
        });
        self.run(parse, Q::into_params(|| Some(ParameterIn::Query)), B::schema())
    }

    fn run(self, parse: Act, query: Vec<Parameter>, body: RefOr<Schema>) -> Operation {
        let (access, kind) = (self.access, self.kind);
        let route = on(self.filter(), move |State(app): State<App>, request: Request| {
            let parse = Arc::clone(&parse);
            async move { command::run(app, access, kind, &parse, request).await }
        });
        Operation {
            draft: self,
            query,
            body: Some(body),
            media: "application/json",
            is_command: true,
            repeats: true,
            forces: true,
            route,
        }
    }

    /// A view of the world with a query of type `Q`.
    pub(crate) fn view<Q, F>(self, show: F) -> Operation
    where
        Q: DeserializeOwned + IntoParams + Send + 'static,
        F: Fn(&Ask, Q) -> Result<Shown, Problem> + Clone + Send + Sync + 'static,
    {
        self.fetch::<Q, _, _>(move |ask, query| {
            let shown = show(&ask, query);
            async move { shown }
        })
    }

    /// A view that asks the store.
    pub(crate) fn fetch<Q, F, R>(self, show: F) -> Operation
    where
        Q: DeserializeOwned + IntoParams + Send + 'static,
        F: Fn(Ask, Q) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Shown, Problem>> + Send + 'static,
    {
        let fetch: Fetch = Arc::new(move |ask, uri| {
            let (show, query) = (show.clone(), view::query::<Q>(uri));
            Box::pin(async move { show(ask, query?).await })
        });
        let access = self.access;
        let route = on(self.filter(), move |State(app): State<App>, request: Request| {
            let fetch = Arc::clone(&fetch);
            async move { view::run(app, access, &fetch, request).await }
        });
        let query = Q::into_params(|| Some(ParameterIn::Query));
        Operation {
            draft: self,
            query,
            body: None,
            media: "application/json",
            is_command: false,
            repeats: false,
            forces: false,
            route,
        }
    }

    /// Something else than JSON.
    pub(crate) fn stream<Q, F, R>(self, media: &'static str, answer: F) -> Operation
    where
        Q: DeserializeOwned + IntoParams + Send + 'static,
        F: Fn(Ask, Q, axum::http::HeaderMap) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let access = self.access;
        let route = on(self.filter(), move |State(app): State<App>, request: Request| {
            let answer = answer.clone();
            async move {
                let (mut parts, _) = request.into_parts();
                let ask = view::ask(app, access, &mut parts).await?;
                let query = view::query::<Q>(&parts.uri)?;
                answer(ask, query, parts.headers).await
            }
        });
        let query = Q::into_params(|| Some(ParameterIn::Query));
        Operation {
            draft: self,
            query,
            body: None,
            media,
            is_command: false,
            repeats: false,
            forces: false,
            route,
        }
    }

    /// What a command would do: it runs on a copy of the world, which is thrown away.
    pub(crate) fn trial<B, F>(mut self, act: F) -> Operation
    where
        B: DeserializeOwned + ToSchema + Send + 'static,
        F: Fn(&mut Tx, &Call, B) -> Result<Outcome, Problem> + Clone + Send + Sync + 'static,
    {
        B::schemas(&mut self.schemas);
        let access = self.access;
        let route = on(self.filter(), move |State(app): State<App>, request: Request| {
            let act = act.clone();
            async move {
                let (parts, call, bytes) = command::receive(&app, access, request).await?;
                call.query::<Nothing>()?;
                let body: B = super::body::parse(&bytes)?;
                let world = (*app.writer.world()).clone();
                let mut tx = Tx::new(world, call.caller.actor.clone(), app.writer.now());
                (tx.fleet, tx.force) = (app.writer.capabilities(), command::force(&parts.headers)?);
                Ok::<_, Problem>(axum::Json(act(&mut tx, &call, body)?.body))
            }
        });
        let media = "application/json";
        Operation {
            draft: self,
            query: Vec::new(),
            body: Some(B::schema()),
            media,
            is_command: true,
            repeats: false,
            forces: true,
            route,
        }
    }

    /// An act on the store alone, which is in no log: `act` checks the body and gives what is done, with status and answer.
    pub(crate) fn act<F, R>(self, act: F) -> Operation
    where
        F: Fn(App, Call, Vec<u8>) -> Result<R, Problem> + Clone + Send + Sync + 'static,
        R: Future<Output = Result<(u16, Json), Problem>> + Send + 'static,
    {
        let access = self.access;
        let route = on(self.filter(), move |State(app): State<App>, request: Request| {
            let act = act.clone();
            async move {
                let (_, call, bytes) = command::receive(&app, access, request).await?;
                call.query::<Nothing>()?;
                let (status, body) = act(app, call, bytes)?.await?;
                let status = axum::http::StatusCode::from_u16(status).unwrap_or_default();
                Ok::<_, Problem>((status, axum::Json(body)))
            }
        });
        let body = Some(<super::schema::Empty as utoipa::PartialSchema>::schema());
        Operation {
            draft: self,
            query: Vec::new(),
            body,
            media: "application/json",
            is_command: true,
            repeats: false,
            forces: false,
            route,
        }
    }

    fn filter(&self) -> MethodFilter {
        match self.method {
            HttpMethod::Delete => MethodFilter::DELETE,
            HttpMethod::Put => MethodFilter::PUT,
            HttpMethod::Post => MethodFilter::POST,
            _ => MethodFilter::GET,
        }
    }
}
