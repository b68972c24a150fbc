//! Errors: what the engine says, as exceptions of `tidegate._errors`, and what only this binding can find wrong.

use pyo3::exceptions::{PyException, PyMemoryError, PyRecursionError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;
use tidegate::error::{Code, Diagnostic, Error};

/// An object of a module of the package, looked up once.
pub(crate) fn of_package<'py>(
    py: Python<'py>,
    place: &'static PyOnceLock<Py<PyAny>>,
    module: &str,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    place.get_or_try_init(py, || Ok(py.import(module)?.getattr(name)?.unbind())).map(|found| found.bind(py))
}

fn record<'py>(py: Python<'py>, diagnostic: &Diagnostic) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Diagnostic { code, severity, pointer, message, hint, .. } = diagnostic;
    of_package(py, &CLASS, "tidegate._records", "Diagnostic")?.call1((
        code.as_str(),
        severity.as_str(),
        pointer,
        message,
        hint.as_deref(),
    ))
}

/// Diagnostics as a tuple of records.
pub(crate) fn records<'py>(py: Python<'py>, diagnostics: &[Diagnostic]) -> PyResult<Bound<'py, PyTuple>> {
    let records: PyResult<Vec<_>> = diagnostics.iter().map(|diagnostic| record(py, diagnostic)).collect();
    PyTuple::new(py, records?)
}

/// The exception of an error, not raised.
pub(crate) fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    make(py, error.code(), records(py, error.diagnostics())?, None)
}

fn make<'py>(
    py: Python<'py>,
    code: Code,
    diagnostics: Bound<'py, PyTuple>,
    kind: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    of_package(py, &MAKE, "tidegate._errors", "_make")?.call1((code.as_str(), diagnostics, kind))
}

/// The error, to be raised.
#[cold]
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    match exception(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(second) => unmade(py, second, error.to_string()),
    }
}

/// What of Python's an error is besides.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Plain,
    Type,
    Value,
}

/// An error that this binding finds.
fn own(py: Python<'_>, code: Code, pointer: &str, message: &str, kind: Kind) -> PyErr {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let kind = match kind {
        Kind::Plain => None,
        Kind::Type => Some("type"),
        Kind::Value => Some("value"),
    };
    let made = of_package(py, &CLASS, "tidegate._records", "Diagnostic")
        .and_then(|class| class.call1((code.as_str(), "error", pointer, message, None::<&str>)))
        .and_then(|record| make(py, code, PyTuple::new(py, [record])?, kind));
    made.map_or_else(|error| unmade(py, error, message.to_owned()), PyErr::from_value)
}

/// What is raised instead of an exception that could not be made.
fn unmade(py: Python<'_>, error: PyErr, message: String) -> PyErr {
    // What happened is then this: not to be hidden behind what was to be told.
    let happened = error.is_instance_of::<PyRecursionError>(py)
        || error.is_instance_of::<PyMemoryError>(py)
        || !error.is_instance_of::<PyException>(py);
    // Else nothing can be imported any more, or not yet.
    if happened { error } else { PyRuntimeError::new_err(message) }
}

/// A value of a type that is not for its place: a `TypeError` with code and field.
#[cold]
pub(crate) fn wrong_type(code: Code, pointer: &str, expected: &str, found: &Bound<'_, PyAny>) -> PyErr {
    let kind = found.get_type();
    let kind = kind.fully_qualified_name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    own(found.py(), code, pointer, &format!("expected {expected}, found `{kind}`"), Kind::Type)
}

/// A value that its type does not say is wrong: a `ValueError` with code and field.
#[cold]
pub(crate) fn wrong_value(py: Python<'_>, code: Code, pointer: &str, message: &str) -> PyErr {
    own(py, code, pointer, message, Kind::Value)
}

/// A call that cannot be made now.
#[cold]
pub(crate) fn wrong_use(py: Python<'_>, code: Code, message: &str) -> PyErr {
    own(py, code, "", message, Kind::Plain)
}

/// A call on something that was closed.
#[cold]
pub(crate) fn closed(py: Python<'_>, what: &str) -> PyErr {
    wrong_use(py, Code::Closed, &format!("expected {what} that is open, found one that was closed"))
}

/// A context or handle of another engine than it is used with.
#[cold]
pub(crate) fn other_engine(py: Python<'_>, what: &str) -> PyErr {
    wrong_use(py, Code::OtherEngine, &format!("expected {what} of this engine, found one of another"))
}

/// The text of a JSON pointer to a member.
pub(crate) fn pointer(parent: &str, member: &str) -> String {
    format!("{parent}/{}", member.replace('~', "~0").replace('/', "~1"))
}
