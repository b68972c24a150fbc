//! What the OpenAPI document says besides the operations: title, security, problems.

use serde_json::{Value as Json, json};
use utoipa::openapi::schema::Components;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Info, OpenApi, OpenApiBuilder, Ref, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::operation::problem_name;
use super::problem::MEDIA_TYPE;
use crate::domain::Code;

const ABOUT: &str = "Definitions, pipelines and releases. Times are milliseconds since 1970-01-01T00:00:00Z unless a \
name ends in `_s`. Errors are problem documents (RFC 9457) with a stable `code`. Lists come in pages (`limit`, `after`). Entities carry an \
`ETag`; a write with `If-Match` fails with 412 if somebody was faster. A write with `Idempotency-Key` can be repeated without harm.";

/// A problem document (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is what the document shows; `problem.rs` writes it")]
struct Problem {
    /// `/problems/<code>`.
    r#type: String,
    /// What the code means.
    title: String,
    /// The HTTP status.
    status: u16,
    /// The stable code.
    #[schema(example = "stale")]
    code: String,
    /// What is wrong with this request.
    detail: String,
    /// The JSON pointer of the place in the body.
    pointer: Option<String>,
    /// What helps.
    hint: Option<String>,
    /// The id of the request.
    instance: String,
    /// Of a release: where it is now.
    #[schema(value_type = Option<Object>)]
    state: Option<Json>,
    /// Of a release: what can be done to it now.
    #[schema(value_type = Option<Vec<Object>>)]
    allowed_actions: Option<Vec<Json>>,
    /// What uses the thing that was to be removed.
    #[schema(value_type = Option<Vec<Object>>)]
    users: Option<Vec<Json>>,
    /// All that is wrong with a definition, each with its place.
    #[schema(value_type = Option<Vec<Object>>)]
    problems: Option<Vec<Json>>,
    /// When the window opens (ms).
    opens_at: Option<i64>,
}

/// The document without operations.
pub(crate) fn base() -> OpenApi {
    let mut components = Components::new();
    components.schemas.insert("Problem".to_owned(), Problem::schema());
    let mut statuses: Vec<u16> = Code::ALL.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let codes: Vec<&Code> = Code::ALL.iter().filter(|code| code.status() == status).collect();
        let meanings: Vec<String> =
            codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.meaning())).collect();
        let example = codes.first().map(|code| {
            super::problem::document(
                &crate::domain::Problem::new(**code, code.meaning()),
                "0198c0de-0000-7000-8000-000000000000",
            )
        });
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).example(example);
        let response =
            ResponseBuilder::new().description(meanings.join("; ")).content(MEDIA_TYPE, content.build());
        components.responses.insert(problem_name(status), response.build().into());
    }
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("tg_<64 hexadecimal digits>");
    components.security_schemes.insert("token".to_owned(), SecurityScheme::Http(token.build()).into());
    let mut info = Info::new("Tidegate", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// The document as it is served and checked in.
///
/// # Errors
/// If it cannot be written as JSON (never, in fact).
pub(crate) fn text(api: &OpenApi) -> Result<String, serde_json::Error> {
    let value = json!(api);
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}
