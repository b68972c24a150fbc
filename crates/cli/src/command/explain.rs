//! `explain`: why a feature is decided as it is.

use std::path::Path;

use tidegate::compile::validate;
use tidegate::engine::{Clock as _, SystemClock, trace_document};

use super::mode;
use crate::args::{Explain, TreeFormat};
use crate::document::{Document, Outline};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::warnings;

pub(crate) fn run(args: &Explain) -> Result<Exit, Failure> {
    let process = args.process.attributes()?;
    let context = args.context.attributes()?;
    let document =
        Document::read(&args.file).map_err(|failure| match Path::new(&args.feature).is_file() {
            true => failure.hint("the file comes first, then the feature"),
            false => failure,
        })?;
    let mode = mode(args.how.lenient);
    if args.how.lenient {
        // The trace isolates by itself; this says what.
        document.serve(&process, mode)?;
    } else {
        validate(&document.bytes, &process).map_err(|error| document.refused(&error, mode))?;
    }
    let outline = Outline::of(&document.bytes);
    outline.check_feature(&args.feature)?;
    warnings::of_process(&outline, &process);
    warnings::of_context(&outline, &process, &context);
    let now_ms = args.how.now.unwrap_or_else(|| SystemClock.now_ms());
    let trace = trace_document(&document.bytes, &process, &args.feature, &context, now_ms)
        .map_err(|error| document.refused(&error, mode))?;
    let mut output = Output::new();
    match args.format {
        TreeFormat::Json => output.json(&trace)?,
        TreeFormat::Tree => output.tree(&trace.to_string())?,
    }
    output.flush()?;
    Ok(Exit::Done)
}
