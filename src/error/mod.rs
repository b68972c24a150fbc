//! Errors and diagnostics: one opaque [`Error`], and a declarative catalogue of stable codes.
//!
//! ```text
//!  a problem ── Diagnostic { code, severity, pointer, message, hint } ──▶ collected, all at once ──▶ Error (or a report)
//! ```
//! Not here: where problems are found (`value`, `model`, `compile`). Deciding never fails; only documents and uses do.

use std::fmt;
use std::sync::Arc;

mod codes;
mod diagnostic;
mod nearest;
mod pointer;
#[cfg(test)]
mod tests;

pub use self::codes::Code;
pub(crate) use self::diagnostic::Diagnostics;
pub use self::diagnostic::{Diagnostic, Severity};
pub(crate) use self::nearest::nearest;
pub(crate) use self::pointer::{push_step, quote};

/// Why a document or a use of the engine was refused; cheap to clone.
///
/// # Examples
/// ```
/// use tidegate::error::Code;
/// use tidegate::model::{Mode, Snapshot};
///
/// let error = Snapshot::from_json(b"[1, 2", Mode::Strict).unwrap_err();
/// assert_eq!(error.code(), Code::NotJson);
/// assert!(error.is_document());
/// assert_eq!(error.diagnostics().len(), 1);
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    /// That of the first diagnostic with severity `Error`.
    code: Code,
    diagnostics: Vec<Diagnostic>,
}

impl Error {
    /// An error of one problem.
    pub(crate) fn new(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::from_diagnostics(vec![Diagnostic::new(code, pointer, message)])
    }

    /// An error of several problems; named after the first that is an error.
    pub(crate) fn from_diagnostics(diagnostics: Vec<Diagnostic>) -> Self {
        let first =
            diagnostics.iter().find(|d| d.severity == Severity::Error).or_else(|| diagnostics.first());
        Self(Arc::new(Inner { code: first.map_or(Code::Refused, |d| d.code), diagnostics }))
    }

    /// A feature's value that has not the form of the host's type.
    pub(crate) fn other_form(feature: &str, found: &dyn fmt::Display) -> Self {
        Self::new(Code::WrongType, "", format!("the value of {} has another form: {found}", quote(feature)))
    }

    /// The code of the first problem.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// All problems, warnings included.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }

    /// Whether the document as a whole is at fault (`TG1…`).
    #[must_use]
    pub fn is_document(&self) -> bool {
        self.code().family() == 1
    }

    /// Whether a definition is at fault (`TG2…`).
    #[must_use]
    pub fn is_definition(&self) -> bool {
        self.code().family() == 2
    }

    /// Whether a reference is at fault (`TG3…`).
    #[must_use]
    pub fn is_reference(&self) -> bool {
        self.code().family() == 3
    }

    /// Whether a release is at fault (`TG4…`).
    #[must_use]
    pub fn is_release(&self) -> bool {
        self.code().family() == 4
    }

    /// Whether the use of the engine is at fault, not a document (`TG5…`).
    #[must_use]
    pub fn is_use(&self) -> bool {
        self.code().family() == 5
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0.diagnostics.iter().find(|d| d.code == self.0.code) else {
            return write!(f, "{}: {}", self.0.code, self.0.code.meaning());
        };
        write!(f, "{}", first.line())?;
        match self.0.diagnostics.len().saturating_sub(1) {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("code", &self.0.code).field("diagnostics", &self.0.diagnostics).finish()
    }
}

impl std::error::Error for Error {}
