//! Documents as Python gives them.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};
use tidegate::error::Code;

use crate::error::{of_package, wrong_type, wrong_value};
use crate::value;

/// The bytes of a document, borrowed from what never changes.
pub(crate) enum Document<'py> {
    Bytes(Bound<'py, PyBytes>),
    Owned(Vec<u8>),
    Text(Bound<'py, PyString>),
}

impl<'py> Document<'py> {
    pub(crate) fn of(given: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = given.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.clone()));
        }
        if let Ok(text) = given.cast::<PyString>() {
            value::text(text, Code::BadArgument, "/document")?;
            return Ok(Self::Text(text.clone()));
        }
        if let Ok(array) = given.cast::<PyByteArray>() {
            return Ok(Self::Owned(array.to_vec()));
        }
        let py = given.py();
        if given.is_instance_of::<PyMemoryView>() {
            let bytes = py.get_type::<PyBytes>().call1((given,)).map_err(|error| {
                let message =
                    format!("expected a view of memory that can be read, found one that cannot: {error}");
                let own = wrong_value(py, Code::BadArgument, "/document", &message);
                own.set_cause(py, Some(error));
                own
            })?;
            return Ok(Self::Bytes(bytes.cast_into::<PyBytes>()?));
        }
        static SNAPSHOT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        if given.is_instance(of_package(py, &SNAPSHOT, "tidegate._records", "Snapshot")?)? {
            let document = given.getattr("document")?;
            if let Ok(bytes) = document.cast::<PyBytes>() {
                return Ok(Self::Bytes(bytes.clone()));
            }
            let message = "expected a snapshot with its document (`keep_source`), found one without";
            return Err(wrong_value(py, Code::BadArgument, "/document", message));
        }
        Err(wrong_type(Code::BadArgument, "/document", "bytes, a str or a Snapshot as document", given))
    }

    pub(crate) fn bytes(&self) -> PyResult<&[u8]> {
        Ok(match self {
            Self::Bytes(bytes) => bytes.as_bytes(),
            Self::Owned(bytes) => bytes,
            Self::Text(text) => text.to_str()?.as_bytes(),
        })
    }
}
