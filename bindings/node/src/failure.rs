//! Why a call failed, on its way to JavaScript: JSON text, of which `lib/errors.js` makes the error that is thrown.

use serde::Serialize;
use tidegate::error::{Code, Diagnostic, Severity};

/// Why a call failed.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    /// The argument that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    diagnostics: Vec<Diagnostic>,
    /// A first problem that is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<Diagnostic>,
}

impl Failure {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code: code.as_str(), message: message.into(), field: None, diagnostics: Vec::new(), first: None }
    }

    /// Something was closed, or freed.
    pub(crate) fn closed(what: &str) -> Self {
        Self::new(Code::Closed, format!("expected an open {what}, found one that was closed"))
    }

    /// Something belongs to another engine.
    pub(crate) fn other_engine(what: &str) -> Self {
        Self::new(Code::OtherEngine, format!("expected a {what} of this engine, found one of another"))
    }

    /// An argument is not as it must be.
    pub(crate) fn argument(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), ..Self::new(Code::BadArgument, message) }
    }

    /// There is no room.
    pub(crate) fn limit(message: &str) -> Self {
        Self::new(Code::Limit, message)
    }

    /// A defect of this package.
    pub(crate) fn defect(message: &str) -> Self {
        Self { code: "TG0000", ..Self::new(Code::BadArgument, message) }
    }
}

impl From<tidegate::Error> for Failure {
    fn from(error: tidegate::Error) -> Self {
        let diagnostics = error.diagnostics().to_vec();
        let first = diagnostics.iter().find(|d| d.severity == Severity::Error).or(diagnostics.first()).cloned();
        Self { diagnostics, first, ..Self::new(error.code(), error.to_string()) }
    }
}

impl From<Failure> for napi::Error {
    fn from(failure: Failure) -> Self {
        let text = serde_json::to_string(&failure);
        Self::from_reason(text.unwrap_or_else(|_| failure.message))
    }
}
