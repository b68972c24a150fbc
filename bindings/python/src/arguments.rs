//! Arguments of calls: read as what they are to be, or told as errors with code and field.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use tidegate::error::Code;

use crate::error::{wrong_type, wrong_value};
use crate::value;

/// What an extraction found wrong: the type, or a number that is too large, as an error of ours. What the object's own code raised stays as it is.
fn wrong(error: PyErr, place: &str, expected: &str, found: &Bound<'_, PyAny>) -> PyErr {
    let py = found.py();
    let kind = error.get_type(py);
    let own = if kind.is(py.get_type::<PyTypeError>()) {
        wrong_type(Code::BadArgument, place, expected, found)
    } else if kind.is(py.get_type::<PyOverflowError>()) {
        let message = format!("expected {expected}, found a number beyond all that can be held");
        wrong_value(py, Code::BadArgument, place, &message)
    } else {
        return error;
    };
    own.set_cause(py, Some(error));
    own
}

pub(crate) fn flag(given: &Bound<'_, PyAny>, place: &str) -> PyResult<bool> {
    given.extract().map_err(|error: PyErr| wrong(error, place, "a bool", given))
}

/// The argument `counters`.
pub(crate) fn counters(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    flag(given, "/counters")
}

/// The argument `keep_source`.
pub(crate) fn keep_source(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    flag(given, "/keep_source")
}

/// `what`: `a str as variant`.
pub(crate) fn text<'a>(given: &'a Bound<'_, PyAny>, place: &str, what: &str) -> PyResult<&'a str> {
    match given.cast::<PyString>() {
        Ok(string) => value::text(string, Code::BadArgument, place),
        Err(_) => Err(wrong_type(Code::BadArgument, place, what, given)),
    }
}

pub(crate) fn path(given: &Bound<'_, PyAny>, place: &str) -> PyResult<PathBuf> {
    let path: PathBuf = given.extract().map_err(|error| wrong(error, place, "a path", given))?;
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        let message = "expected a path, found one with a null character";
        return Err(wrong_value(given.py(), Code::BadArgument, place, message));
    }
    Ok(path)
}

pub(crate) fn bytes(given: &Bound<'_, PyAny>, place: &str) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    text(given, place, "bytes or a str").map(|text| text.as_bytes().to_vec())
}

pub(crate) fn seconds(given: &Bound<'_, PyAny>, place: &str) -> PyResult<Duration> {
    let seconds: f64 = given.extract().map_err(|error| wrong(error, place, "a number of seconds", given))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| {
        let message = format!("expected a number of seconds of at least 0, found {seconds:?}");
        wrong_value(given.py(), Code::BadArgument, place, &message)
    })
}

/// `what`: `a callable as clock`.
pub(crate) fn callable(given: &Bound<'_, PyAny>, place: &str, what: &str) -> PyResult<Py<PyAny>> {
    if given.is_callable() {
        return Ok(given.clone().unbind());
    }
    Err(wrong_type(Code::BadArgument, place, what, given))
}
