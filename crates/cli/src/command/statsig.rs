//! `import statsig`: a payload becomes a snapshot, and a report of what is not exact.

use std::collections::BTreeMap;
use std::path::Path;

use tidegate::compile::validate;
use tidegate_compat::report::Report;
use tidegate_compat::statsig::import;

use crate::args::{Format, Statsig};
use crate::document::Document;
use crate::failure::{Exit, Failure, reason};
use crate::output::{self, Output};

pub(crate) fn run(args: &Statsig) -> Result<Exit, Failure> {
    let payload = Document::read(&args.file)?;
    let name = &payload.name;
    let payload: serde_json::Value = serde_json::from_slice(&payload.bytes)
        .map_err(|error| Failure::new(Exit::Document, format!("`{name}` is not JSON: {error}")))?;
    let import = import(&payload).map_err(|error| {
        Failure::new(Exit::Document, format!("`{name}` is not a payload of Statsig: {error}"))
            .hint("a payload is what `/v2/download_config_specs` answers")
    })?;
    let mut snapshot = serde_json::to_vec_pretty(&import.snapshot)?;
    snapshot.push(b'\n');
    if let Err(error) = validate(&snapshot, &BTreeMap::new()) {
        error.diagnostics().iter().for_each(output::diagnostic);
        let message = format!("the import of `{name}` is no valid snapshot; nothing is written");
        return Err(
            Failure::new(Exit::Document, message).hint("this is a bug of the import: please report it")
        );
    }
    match &args.output {
        Some(path) => write(path, &snapshot)?,
        None => {
            let mut output = Output::new();
            output.text(&String::from_utf8_lossy(&snapshot))?;
            output.flush()?;
        }
    }
    let report = text(&import.report, args.format)?;
    match &args.report {
        Some(path) => write(path, report.as_bytes()),
        None => {
            output::note(report.trim_end());
            Ok(())
        }
    }?;
    Ok(Exit::Done)
}

fn text(report: &Report, format: Format) -> Result<String, Failure> {
    Ok(match format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(report)?),
        Format::Table => report.to_string(),
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| {
        Failure::new(Exit::Io, format!("cannot write `{}`: {}", path.display(), reason(&error)))
    })
}
