//! Whether what a command wrote may be published: judged by the engine itself.
//!
//! ```text
//!   World ─ document: every definition, every running release with all its phases live ─▶ compile, strictly ─▶ ok
//!                                                                                          └▶ Problem `invalid`, `problems`
//!   Pipeline ─ check: what needs no other entity ─▶ probe: a release of it in that document ─▶ compile, strictly
//! ```
//! INVARIANT: a world that passes renders no snapshot, now or after any phase, that an engine would refuse or isolate.

mod document;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;
use tidegate::error::Code::PhaseCount;
use tidegate::error::{Diagnostic, Error, Severity};
use tidegate::model::limits::KEY_BYTES;
use tidegate::release::{Pipeline, Windows, check_pipeline};

use self::document::Document;
use super::{Code, Problem, World};

/// One thing that is wrong with a definition, for the person who must fix it.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Found {
    /// The engine's code (`TG2003`), or that of a check of the server (`uncovered`).
    pub code: String,
    /// The JSON pointer of the place: in the request's body where it could be told, else in the snapshot document.
    pub pointer: String,
    /// What was expected, and what was found.
    pub message: String,
    /// What may have been meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Found {
    pub(crate) fn new(code: &str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), pointer: pointer.into(), message: message.into(), hint: None }
    }
}

impl From<Diagnostic> for Found {
    fn from(diagnostic: Diagnostic) -> Self {
        let Diagnostic { code, pointer, message, hint, .. } = diagnostic;
        Self { code: code.to_string(), pointer, message, hint }
    }
}

/// Where a place of the snapshot document is in the request's body: prefixes of JSON pointers, the first that fits counts.
/// A release is found under its id: `/releases/<id>/…`.
pub type Places<'p> = [(&'p str, &'p str)];

/// Compiles everything, strictly.
///
/// # Errors
/// `Invalid` with `problems` if an engine would refuse or isolate anything, now or in a later phase.
pub fn definitions(world: &World) -> Result<(), Problem> {
    definitions_at(world, &[]).map(drop)
}

/// As [`definitions`], with places mapped to the request's body; gives the warnings.
///
/// # Errors
/// As [`definitions`].
pub fn definitions_at(world: &World, places: &Places<'_>) -> Result<Vec<Found>, Problem> {
    compile(&Document::of(world), places)
}

/// A pipeline as it may be published: what needs no other entity.
///
/// # Errors
/// `Invalid` with `problems`, their pointers beginning at the pipeline.
pub fn pipeline(pipeline: &Pipeline) -> Result<(), Problem> {
    refuse(check_pipeline(pipeline).into_iter().map(Found::from).collect())
}

/// A pipeline that is being written: as [`pipeline`], but it may have no phase yet.
///
/// # Errors
/// As [`pipeline`].
pub fn draft(pipeline: &Pipeline) -> Result<(), Problem> {
    let mut found = check_pipeline(pipeline);
    found.retain(|diagnostic| diagnostic.code != PhaseCount || !pipeline.phases.is_empty());
    refuse(found.into_iter().map(Found::from).collect())
}

/// A pipeline among the entities of a world: its targets and audiences compile, what it names exists.
///
/// # Errors
/// As [`pipeline`].
pub fn pipeline_in(world: &World, pipeline: &Pipeline) -> Result<(), Problem> {
    self::pipeline(pipeline)?;
    refuse(unknown(world, pipeline))?;
    let mut document = Document::of(world);
    let id = document.probe(pipeline);
    compile(&document, &[(&format!("/releases/{id}"), "")]).map(drop)
}

/// Windows of a floor.
///
/// # Errors
/// `Invalid` with `problems`, their pointers under `pointer`.
pub fn windows(windows: &Windows, pointer: &str) -> Result<(), Problem> {
    // Checked as those of a pipeline are.
    let pipeline = Pipeline { windows: windows.clone(), ..Pipeline::default() };
    let mut found = check_pipeline(&pipeline);
    found.retain(|diagnostic| diagnostic.code != PhaseCount);
    for diagnostic in &mut found {
        let below = diagnostic.pointer.strip_prefix("/windows").unwrap_or(&diagnostic.pointer);
        diagnostic.pointer = format!("{pointer}{below}");
    }
    refuse(found.into_iter().map(Found::from).collect())
}

/// A key that is also part of an address or of another key: letters, digits, `-`, `_`, `.`, not first a dot.
///
/// # Errors
/// `Invalid` with the pointer.
pub fn name(what: &str, text: &str, pointer: &str) -> Result<(), Problem> {
    of_letters(what, text, pointer, &['-', '_', '.'])
}

/// The id of a principal: as [`name`], or an address of e-mail.
///
/// # Errors
/// `Invalid` with the pointer.
pub fn id(what: &str, text: &str, pointer: &str) -> Result<(), Problem> {
    of_letters(what, text, pointer, &['-', '_', '.', '@', '+'])
}

fn of_letters(what: &str, text: &str, pointer: &str, others: &[char]) -> Result<(), Problem> {
    let good = |c: char| c.is_ascii_alphanumeric() || others.contains(&c);
    if !text.is_empty() && text.len() <= KEY_BYTES && text.chars().all(good) && !text.starts_with('.') {
        return Ok(());
    }
    let others: Vec<String> = others.iter().map(|c| format!("`{c}`")).collect();
    let message = format!("`{}` is no name of {what}", text.escape_debug());
    let hint = format!("1 to {KEY_BYTES} letters, digits, {}, the first no `.`", others.join(", "));
    Err(Problem::new(Code::Invalid, message).at(pointer).hint(hint))
}

/// A key of a feature, segment or attribute: anything but nothing, and without control characters.
///
/// # Errors
/// `Invalid` with the pointer.
pub fn key(what: &str, text: &str, pointer: &str) -> Result<(), Problem> {
    if !text.is_empty() && text.len() <= KEY_BYTES && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!("`{}` is no key of {what}", text.escape_debug());
    Err(Problem::new(Code::Invalid, message)
        .at(pointer)
        .hint(format!("1 to {KEY_BYTES} bytes without control characters")))
}

/// `Invalid` with everything that was found; nothing found is fine.
///
/// # Errors
/// If anything was found.
pub fn refuse(found: Vec<Found>) -> Result<(), Problem> {
    let Some(first) = found.first() else { return Ok(()) };
    let detail = match found.len() - 1 {
        0 => first.message.clone(),
        more => format!("{} (and {more} more)", first.message),
    };
    let mut problem = Problem::new(Code::Invalid, detail).at(first.pointer.clone());
    problem.hint = first.hint.clone();
    Err(problem.with("problems", &found))
}

fn compile(document: &Document<'_>, places: &Places<'_>) -> Result<Vec<Found>, Problem> {
    let bytes = serde_json::to_vec(document).map_err(|e| Problem::new(Code::Internal, e.to_string()))?;
    let map = |diagnostics: &[Diagnostic], severity: Severity| -> Vec<Found> {
        let chosen = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity);
        chosen.map(|diagnostic| found(diagnostic, document, places)).collect()
    };
    match tidegate::compile::validate(&bytes, &BTreeMap::new()) {
        Ok(diagnostics) => Ok(map(&diagnostics, Severity::Warning)),
        Err(error) => Err(refused(&error, map(error.diagnostics(), Severity::Error))),
    }
}

fn refused(error: &Error, found: Vec<Found>) -> Problem {
    match refuse(found) {
        Err(problem) => problem,
        // A refusal always has an error; if it has none, its own words are the best there is.
        Ok(()) => Problem::new(Code::Invalid, error.to_string()),
    }
}

fn found(diagnostic: &Diagnostic, document: &Document<'_>, places: &Places<'_>) -> Found {
    let pointer = document.with_ids(&diagnostic.pointer);
    let mapped = places.iter().find_map(|(from, to)| {
        let rest = pointer.strip_prefix(from)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
    });
    Found { pointer: mapped.unwrap_or(pointer), ..Found::from(diagnostic.clone()) }
}

/// What a pipeline names that does not exist, and the engine does not look at.
fn unknown(world: &World, pipeline: &Pipeline) -> Vec<Found> {
    let mut found = Vec::new();
    for (place, phase) in pipeline.phases.iter().enumerate() {
        for (number, patch) in phase.patches.iter().flatten().enumerate() {
            if let Some(feature) = patch.feature.as_ref().filter(|key| !world.features.contains_key(*key)) {
                let at = format!("/phases/{place}/patches/{number}/feature");
                found.push(Found::new("unknown_feature", at, format!("there is no feature `{feature}`")));
            }
        }
        for (number, service) in phase.entry.approvals.iter().flat_map(|a| &a.services).enumerate() {
            if !world.principals.contains_key(service) {
                let at = format!("/phases/{place}/entry/approvals/services/{number}");
                found.push(Found::new("unknown_principal", at, format!("there is no principal `{service}`")));
            }
        }
    }
    found
}
