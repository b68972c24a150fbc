//! What the document says of an operation.

use serde_json::{Value as Json, json};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, PathItem, Ref, RefOr, Required, ResponseBuilder, Schema,
    SecurityRequirement,
};
use utoipa_axum::router::UtoipaMethodRouter;

use super::{API, Access, Draft, Operation};
use crate::domain::Code;
use crate::http::app::App;

impl Operation {
    /// As utoipa's router takes it; its tag is the noun.
    pub(crate) fn into_route(self, tag: &str) -> UtoipaMethodRouter<App> {
        let Self { draft, query, body, media, is_command, repeats, forces, route } = self;
        let mut operation = OperationBuilder::new()
            .tag(tag)
            .operation_id(Some(draft.id))
            .summary(Some(draft.summary))
            .description(Some(describe(draft.access, draft.about)))
            .extensions(Some(ExtensionsBuilder::new().add("x-permission", permission(draft.access)).build()));
        for parameter in path_parameters(draft.path).into_iter().chain(query) {
            operation = operation.parameter(parameter);
        }
        if repeats {
            operation = operation.parameter(header("Idempotency-Key", IDEMPOTENCY));
            if draft.kind.is_some() {
                operation = operation.parameter(header("If-Match", IF_MATCH));
            }
        }
        if forces {
            operation = operation.parameter(header("Tidegate-Force", FORCE));
        }
        if let Some(body) = body {
            let content = ContentBuilder::new().schema(Some(body)).example(draft.example.clone()).build();
            let body = RequestBodyBuilder::new().content("application/json", content);
            operation = operation.request_body(Some(body.required(Some(Required::False)).build()));
        }
        let mut answers = draft.answers.clone();
        if answers.is_empty() {
            answers.push((200, "done", anything()));
        }
        for (status, text, schema) in answers {
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let mut answer = ResponseBuilder::new().description(text).content(media, content);
            for (name, what) in HEADERS {
                answer = answer.header(*name, HeaderBuilder::new().description(Some(*what)).build());
            }
            operation = operation.response(status.to_string(), answer.build());
        }
        for status in refusals(&draft, is_command) {
            operation = operation.response(status.to_string(), Ref::from_response_name(problem_name(status)));
        }
        operation = match draft.access {
            Access::Public => operation.securities(Some(Vec::<SecurityRequirement>::new())),
            _ => operation.security(SecurityRequirement::new("token", Vec::<String>::new())),
        };
        let mut paths = Paths::new();
        let path = format!("{API}{}", draft.path);
        paths.paths.insert(path, PathItem::new(draft.method, operation.build()));
        (draft.schemas, paths, route)
    }
}

const IDEMPOTENCY: &str =
    "names this request (1 to 200 printable characters); a repetition within 24 h gets the first answer";
const IF_MATCH: &str =
    "the ETag or `\"<revision>\"` that the change was decided on; 412 if it is another now";
const FORCE: &str = "why the change is to be made although SDKs that are live cannot compile it (409 `sdk_too_old`); kept in the log";
const HEADERS: &[(&str, &str)] = &[
    ("ETag", "of entities: to be sent as `If-Match` or `If-None-Match`"),
    ("X-Request-Id", "the id of the request, as in the access log"),
];

/// The name of the component for the problems of a status.
pub(crate) fn problem_name(status: u16) -> String {
    format!("Problem{status}")
}

/// Which statuses an operation may refuse with.
fn refusals(draft: &Draft, is_command: bool) -> Vec<u16> {
    let mut all: Vec<u16> = Code::ALL.iter().map(|code| code.status()).collect();
    all.sort_unstable();
    all.dedup();
    let with_path = draft.path.contains('{');
    all.retain(|status| match status {
        401 => draft.access != Access::Public,
        403 => !matches!(draft.access, Access::Public),
        404 => with_path || is_command,
        405 => false,
        409 | 413 | 415 | 422 | 423 | 428 => is_command,
        412 => is_command && draft.kind.is_some(),
        _ => true,
    });
    all
}

fn permission(access: Access) -> Json {
    match access {
        Access::Public => json!("public"),
        Access::Caller | Access::Once => json!("any"),
        Access::May(permission) | Access::Step(permission) => json!(permission),
    }
}

fn describe(access: Access, about: Option<&str>) -> String {
    let who = match access {
        Access::Public => "Needs no token.".to_owned(),
        Access::Caller | Access::Once => "Needs any valid token.".to_owned(),
        Access::May(permission) | Access::Step(permission) => {
            format!("Needs the permission `{}`.", json!(permission).as_str().unwrap_or_default())
        }
    };
    match about {
        Some(about) => format!("{about}\n\n{who}"),
        None => who,
    }
}

fn path_parameters(path: &str) -> Vec<Parameter> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| {
        let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).build();
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        parameter.required(Required::True).schema(Some(Schema::from(schema))).build()
    };
    names.map(parameter).collect()
}

fn header(name: &str, text: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).build();
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header);
    parameter.required(Required::False).description(Some(text)).schema(Some(Schema::from(schema))).build()
}

/// Any JSON.
fn anything() -> RefOr<Schema> {
    RefOr::T(Schema::from(
        ObjectBuilder::new().schema_type(utoipa::openapi::schema::SchemaType::AnyValue).build(),
    ))
}
