//! A trace from a document's bytes.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::{decode, Mode};
use crate::trace::{Ignored, Trace, Tracer};
use crate::value::{parse, Value};

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
    let ignored = Ignored::find(&decoded.snapshot, decoded.invalid_features, decoded.invalid_segments);
    let tracer = Tracer::new(&decoded.snapshot, process.clone()).with_ignored(ignored);
    Ok(tracer.trace(feature, context, now_ms))
}
