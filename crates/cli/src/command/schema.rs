//! `schema`: the JSON Schema of the document.

use crate::args::{JsonFormat, Schema};
use crate::failure::{Exit, Failure};
use crate::output::Output;

pub(crate) fn run(args: &Schema) -> Result<Exit, Failure> {
    let JsonFormat::Json = args.format;
    let mut output = Output::new();
    output.json(&tidegate::model::schema())?;
    output.flush()?;
    Ok(Exit::Done)
}
