//! The body of a report: read up to a limit, parsed with the place of what is wrong.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::problem::Problem;

/// So much of a body that is too large is read and thrown away, times the limit: else the client sees a broken connection where
/// it should see the refusal.
const DRAIN: usize = 4;

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut seen = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Problem::bad_request(format!("the body broke off: {error}")))?;
        seen = seen.saturating_add(chunk.len());
        if seen <= limit {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
            if seen > limit.saturating_mul(DRAIN) {
                break;
            }
        }
    }
    if seen > limit {
        return Err(Problem::too_large(format!("expected at most {limit} bytes, found more")));
    }
    Ok(bytes)
}

/// Checks that a body says that it is JSON.
pub(crate) fn check_media(headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(coding) = headers.get(header::CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        let coding = clip(coding.to_str().unwrap_or("?"));
        return Err(Problem::unsupported_media(format!("bodies coded as `{coding}` are not read"))
            .hint("send the JSON as it is, without `content-encoding`"));
    }
    let found = headers.get(header::CONTENT_TYPE).map_or("nothing", |value| value.to_str().unwrap_or("?"));
    let essence = found.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = format!("expected `content-type: application/json`, found `{}`", clip(found));
    Err(Problem::unsupported_media(detail))
}

/// Parses a body; 400 if it is not JSON, 422 if it is another JSON than expected.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Problem::bad_request(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    // A struct would also take a list, field by field.
    if text.trim_start().starts_with('[') {
        return Err(Problem::invalid("expected an object, found a list").at(""));
    }
    let mut de = serde_json::Deserializer::from_str(text);
    let parsed = serde_path_to_error::deserialize::<_, T>(&mut de).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        let problem = if error.is_data() {
            Problem::invalid(error.to_string())
        } else {
            Problem::bad_request(error.to_string())
        };
        problem.at(pointer)
    })?;
    de.end().map_err(|error| Problem::bad_request(error.to_string()))?;
    Ok(parsed)
}

/// The JSON pointer (RFC 6901) of a path.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let step = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { variant } => variant.clone(),
            // Where the text broke off, there is no name yet.
            Segment::Unknown => break,
        };
        pointer.push('/');
        pointer.push_str(&step);
    }
    pointer
}

/// At most 100 characters of what a client sent.
fn clip(text: &str) -> String {
    text.chars().take(100).collect()
}
