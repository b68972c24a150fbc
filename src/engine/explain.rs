//! A trace from a document's bytes.

use std::collections::BTreeMap;

use crate::error::{Code, Error, quote};
use crate::model::{Mode, decode};
use crate::trace::{Ignored, Trace, Tracer};
use crate::value::{Value, parse};

/// Decides a feature over a document, leniently, and says why.
///
/// # Errors
/// If the document is refused as a whole.
pub fn trace_document(
    document: &[u8],
    process: &BTreeMap<String, Value>,
    feature: &str,
    context: &BTreeMap<String, Value>,
    now_ms: i64,
) -> Result<Trace, Error> {
    let decoded = decode(parse(document)?, Mode::Lenient);
    if decoded.refused {
        return Err(Error::from_diagnostics(decoded.diagnostics));
    }
    let own = decoded.snapshot.environment.as_deref();
    if let (Some(own), Some(engine)) = (own, process.get("environment"))
        && engine.as_str() != Some(own)
    {
        let message = format!("expected the engine's environment {engine:?}, found {}", quote(own));
        return Err(Error::new(Code::OtherEnvironment, "/environment", message));
    }
    let ignored = Ignored::find(&decoded);
    let tracer = Tracer::new(&decoded.snapshot, process.clone()).with_ignored(ignored);
    Ok(tracer.trace(feature, context, now_ms))
}
