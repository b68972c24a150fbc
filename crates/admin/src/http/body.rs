//! The body of a request: read up to a limit, checked, parsed with the place of what is wrong.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::domain::{Code, Problem};

/// So much of a body that is too large is read and thrown away, times the limit: else the client sees a broken connection where
/// it should see the refusal.
const DRAIN: usize = 4;

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// If it is larger, or the connection broke.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut seen = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|e| Problem::new(Code::BadRequest, format!("the body broke off: {e}")))?;
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
        let detail = format!("expected at most {limit} bytes, found more");
        return Err(Problem::new(Code::TooLarge, detail).with("limit_bytes", limit));
    }
    Ok(bytes)
}

/// Checks that a body that is not empty says that it is JSON.
///
/// # Errors
/// If it says something else, or nothing.
pub(crate) fn check_media(headers: &HeaderMap, bytes: &[u8]) -> Result<(), Problem> {
    if bytes.is_empty() {
        return Ok(());
    }
    if let Some(coding) = headers.get(header::CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        let coding = clip(coding.to_str().unwrap_or("?")).to_string();
        return Err(Problem::new(Code::UnsupportedMedia, format!("bodies coded as `{coding}` are not read"))
            .hint("send the JSON as it is, without `content-encoding`"));
    }
    let found = headers.get(header::CONTENT_TYPE).map_or("nothing", |value| value.to_str().unwrap_or("?"));
    let essence = found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    let detail = format!("expected `content-type: application/json`, found `{}`", clip(found));
    Err(Problem::new(Code::UnsupportedMedia, detail))
}

/// Parses a body; an empty one is `{}`.
///
/// # Errors
/// 400 if it is not UTF-8 or not JSON, 422 if it is another JSON than expected; both with the place.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = if bytes.is_empty() { b"{}".as_slice() } else { bytes };
    let text = std::str::from_utf8(bytes).map_err(|e| {
        Problem::new(Code::BadRequest, format!("the body is not UTF-8 at byte {}", e.valid_up_to()))
    })?;
    // A struct would also take a list, field by field.
    if text.trim_start().starts_with('[') {
        return Err(Problem::new(Code::Invalid, "expected an object, found a list").at(""));
    }
    let mut de = serde_json::Deserializer::from_str(text);
    let parsed = serde_path_to_error::deserialize::<_, T>(&mut de).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        let code = if error.is_data() { Code::Invalid } else { Code::BadRequest };
        Problem::new(code, error.to_string()).at(pointer)
    })?;
    de.end().map_err(|e| Problem::new(Code::BadRequest, e.to_string()))?;
    Ok(parsed)
}

/// The JSON pointer (RFC 6901) of a path.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        use serde_path_to_error::Segment;
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => pointer.push_str(variant),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

/// At most 100 characters of what a client sent.
fn clip(text: &str) -> String {
    text.chars().take(100).collect()
}
