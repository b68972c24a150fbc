//! Why a call failed, on its way to JavaScript: JSON text, of which `lib/errors.js` makes the error that is thrown.

use serde::Serialize;
use tidegate::error::{Code, Diagnostic, Severity};

/// Why a call failed.
#[derive(Debug, Serialize)]
pub(crate) struct Failure(Box<Details>);

#[derive(Debug, Serialize)]
struct Details {
    code: &'static str,
    message: String,
    /// The argument that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    diagnostics: Vec<Diagnostic>,
    /// The first problem that is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<Diagnostic>,
}

/// What is wrong is neither a document nor a use, but this package.
const DEFECT: &str = "TG0000";

impl Failure {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Details { code, message, field: None, diagnostics: Vec::new(), first: None }))
    }

    /// Something was closed, or freed.
    pub(crate) fn closed(what: &str) -> Self {
        Self::new(Code::Closed.as_str(), format!("expected an open {what}, found one that was closed"))
    }

    /// Something belongs to another engine.
    pub(crate) fn other_engine(what: &str) -> Self {
        let message = format!("expected a {what} of this engine, found one of another");
        Self::new(Code::OtherEngine.as_str(), message)
    }

    /// An argument is not as it must be.
    pub(crate) fn argument(field: &'static str, message: impl Into<String>) -> Self {
        let mut failure = Self::new(Code::BadArgument.as_str(), message);
        failure.0.field = Some(field);
        failure
    }

    /// There is no room.
    pub(crate) fn limit(message: &str) -> Self {
        Self::new(Code::Limit.as_str(), message)
    }

    /// A defect of this package.
    pub(crate) fn defect(message: &str) -> Self {
        Self::new(DEFECT, message)
    }
}

impl From<tidegate::Error> for Failure {
    fn from(error: tidegate::Error) -> Self {
        let mut failure = Self::new(error.code().as_str(), error.to_string());
        let diagnostics = error.diagnostics().to_vec();
        let is_error = |diagnostic: &&Diagnostic| diagnostic.severity == Severity::Error;
        failure.0.first = diagnostics.iter().find(is_error).or_else(|| diagnostics.first()).cloned();
        failure.0.diagnostics = diagnostics;
        failure
    }
}

impl From<Failure> for napi::Error {
    fn from(failure: Failure) -> Self {
        Self::from_reason(serde_json::to_string(&failure).unwrap_or(failure.0.message))
    }
}
