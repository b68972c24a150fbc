//! One problem, and a bounded collection of them.

use std::fmt;

use serde::Serialize;

use super::Code;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Refused in strict mode, isolated in lenient mode.
    Error,
    /// Reported only.
    Warning,
}

impl Severity {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A problem of a document: what, how bad, where, and what to do about it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The JSON pointer (RFC 6901) of the place; of a missing field, that of the object which lacks it.
    pub pointer: String,
    /// What was expected, and what was found; lower case, one line.
    pub message: String,
    /// What may have been meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A problem with its code's severity and no hint. Public for bindings, which check what their language gives them.
    ///
    /// # Examples
    /// ```
    /// use tidegate::error::{Code, Diagnostic};
    ///
    /// let problem = Diagnostic::new(Code::BadContext, "/plan", "expected a string, found an object");
    /// assert_eq!(problem.to_string(), "error[TG5002] at /plan: expected a string, found an object");
    /// ```
    pub fn new(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), pointer: pointer.into(), message: message.into(), hint: None }
    }

    /// With a hint, if there is one.
    #[must_use]
    pub(crate) fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// With another severity than its code's.
    #[must_use]
    pub(crate) fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The first line of the display: all but the hint.
    pub(super) fn line(&self) -> Line<'_> {
        Line(self)
    }
}

pub(super) struct Line<'a>(&'a Diagnostic);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { code, severity, pointer, message, .. } = self.0;
        write!(f, "{severity}[{code}]")?;
        if !pointer.is_empty() {
            write!(f, " at {pointer}")?;
        }
        write!(f, ": {message}")
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.line())?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Problems as they are found. The first [`Diagnostics::MOST`] are kept, all are counted.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    kept: Vec<Diagnostic>,
    left_out: usize,
    errors: usize,
}

impl Diagnostics {
    /// How many are kept.
    pub(crate) const MOST: usize = 1_000;

    /// Adds one.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        if self.kept.len() < Self::MOST {
            self.kept.push(diagnostic);
        } else {
            self.left_out += 1;
        }
    }

    /// How many were added that are errors.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Whether another one would still be kept.
    pub(crate) fn has_room(&self) -> bool {
        self.kept.len() < Self::MOST
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Those kept, and a last one that says how many are not.
    pub(crate) fn into_vec(mut self) -> Vec<Diagnostic> {
        if self.left_out > 0 {
            let message = format!("{} more problems are not listed", self.left_out);
            self.kept.push(Diagnostic::new(Code::MoreProblems, "", message));
        }
        self.kept
    }
}
