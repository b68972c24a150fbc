//! `validate`: documents as strictly as one who publishes them checks them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use tidegate::Value;
use tidegate::compile::validate;
use tidegate::error::{Diagnostic, Severity};

use crate::args::{Format, Validate};
use crate::document::{self, Document, Outline};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, STRONG, count};
use crate::warnings;

/// What is known of a file after it was checked.
#[derive(Serialize)]
struct Checked {
    file: String,
    valid: bool,
    /// Why it could not be read; it counts as one of the errors.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Diagnostic>,
    #[serde(skip)]
    outline: Outline,
}

#[derive(Serialize)]
struct Report {
    valid: bool,
    files: Vec<Checked>,
}

pub(crate) fn run(args: &Validate) -> Result<Exit, Failure> {
    let process = args.process.attributes()?;
    if args.files.iter().filter(|file| document::is_stdin(file)).count() > 1 {
        return Err(Failure::usage("stdin (`-`) can be read only once"));
    }
    let mut output = Output::new();
    let mut exit = Exit::Done;
    let mut report = Report { valid: true, files: Vec::new() };
    for file in &args.files {
        let checked = match check(file, &process, args.deny_warnings) {
            Ok(checked) => checked,
            Err(failure) => {
                report.valid = false;
                if let Failure::Problem { message, .. } = &failure {
                    report.files.push(unread(file, message));
                }
                exit = failure.report();
                continue;
            }
        };
        warnings::of_process(&checked.outline, &process);
        if !checked.valid {
            report.valid = false;
            if exit == Exit::Done {
                exit = Exit::Document;
            }
        }
        match args.format {
            Format::Json => report.files.push(checked),
            Format::Table => print(&mut output, &checked, args.files.len() > 1)?,
        }
    }
    if args.format == Format::Json {
        output.json(&report)?;
    }
    output.flush()?;
    Ok(exit)
}

fn check(file: &Path, process: &BTreeMap<String, Value>, deny_warnings: bool) -> Result<Checked, Failure> {
    let document = Document::read(file)?;
    let diagnostics = match validate(&document.bytes, process) {
        Ok(warnings) => warnings,
        Err(error) => error.diagnostics().to_vec(),
    };
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    let valid = errors == 0 && !(deny_warnings && warnings > 0);
    let outline = Outline::of(&document.bytes);
    Ok(Checked { file: document.name, valid, error: None, errors, warnings, diagnostics, outline })
}

fn unread(file: &Path, error: &str) -> Checked {
    Checked {
        file: document::name(file),
        valid: false,
        error: Some(error.to_owned()),
        errors: 1,
        warnings: 0,
        diagnostics: Vec::new(),
        outline: Outline::default(),
    }
}

/// Diagnostics to stdout, the summary to stderr.
fn print(output: &mut Output, checked: &Checked, several: bool) -> Result<(), Failure> {
    if several && !checked.diagnostics.is_empty() {
        output.styled(STRONG, &output::printable(&checked.file))?;
        output.text(":\n")?;
    }
    for diagnostic in &checked.diagnostics {
        output.diagnostic(diagnostic)?;
    }
    output.flush()?;
    output::note(&summary(checked));
    Ok(())
}

fn summary(checked: &Checked) -> String {
    let Checked { file, valid, errors, warnings, outline, .. } = checked;
    let problems = match (errors, warnings) {
        (0, 0) => String::new(),
        (0, _) => format!(", {}", count(*warnings, "warning")),
        (_, 0) => format!(", {}", count(*errors, "error")),
        _ => format!(", {}, {}", count(*errors, "error"), count(*warnings, "warning")),
    };
    if !valid {
        return format!("{file}: invalid{problems}");
    }
    let version = outline.version.map_or_else(String::new, |version| format!("version {version}, "));
    let features = count(outline.features.len(), "feature");
    let segments = count(outline.segments, "segment");
    let releases = count(outline.releases, "release");
    format!("{file}: valid{problems} ({version}{features}, {segments}, {releases})")
}
