//! What an update did, for Python: a record, the log, and the callbacks.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tidegate::Update;
use tidegate::model::Key;

use crate::callbacks::{Callbacks, log};
use crate::error::{of_package, records};

/// The record of an update.
pub(crate) fn record<'py>(py: Python<'py>, update: &Update) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let keys = |keys: &[Key]| pyo3::types::PyTuple::new(py, keys.iter().map(|key| &**key));
    of_package(py, &CLASS, "tidegate._records", "Update")?.call1((
        update.from,
        update.version,
        keys(&update.changed)?,
        update.recompiled,
        keys(&update.isolated)?,
        records(py, &update.diagnostics)?,
    ))
}

/// Tells an update to the log and to the callbacks.
pub(crate) fn tell(py: Python<'_>, listeners: &Callbacks, update: &Update) {
    static LOG: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    match record(py, update) {
        Ok(record) => {
            log(py, &LOG, "updated", &record);
            listeners.tell(py, "a callback of `on_update`", &record);
        }
        Err(error) => error.write_unraisable(py, None),
    }
}
