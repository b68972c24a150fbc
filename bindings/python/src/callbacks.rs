//! Python callables that the engine and the client call, from whichever thread something happens on.
//!
//! ```text
//!  Engine (Python) ──owns──▶ Callbacks ◀──reaches── closure in the engine ── try_attach ─▶ callable(record)
//!        ▲  visited once by the collector                                     └ raises: logged, never passed on
//! ```
//! INVARIANT: the collector sees the callables as their owner's alone, which empties the list when it goes; so an engine, its
//! callback and what that refers to are collected together.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::{PyTraverseError, PyVisit};

use crate::error::of_package;
use crate::gil::Guarded;

/// The callables of one owner.
#[derive(Debug, Default)]
pub(crate) struct Callbacks(Guarded<List>);

#[derive(Debug, Default)]
struct List {
    next: u64,
    callbacks: Vec<(u64, Py<PyAny>)>,
}

impl Callbacks {
    pub(crate) fn add(&self, py: Python<'_>, callback: Py<PyAny>) -> u64 {
        // Whoever has the list does not call Python, so nobody has it.
        let Some(mut list) = self.0.lend(py) else { return 0 };
        list.next = list.next.wrapping_add(1);
        let number = list.next;
        list.callbacks.push((number, callback));
        number
    }

    fn remove(&self, py: Python<'_>, number: u64) {
        let removed = self.0.lend(py).and_then(|mut list| {
            let place = list.callbacks.iter().position(|(own, _)| *own == number)?;
            Some(list.callbacks.remove(place))
        });
        // What is freed may run Python: with nothing lent.
        drop(removed);
    }

    pub(crate) fn clear(&self, py: Python<'_>) {
        let removed = self.0.lend(py).map(|mut list| std::mem::take(&mut list.callbacks));
        drop(removed);
    }

    /// Calls all of them.
    pub(crate) fn tell(&self, py: Python<'_>, what: &str, record: &Bound<'_, PyAny>) {
        let callbacks: Vec<Py<PyAny>> = match self.0.lend(py) {
            Some(list) => list.callbacks.iter().map(|(_, callback)| callback.clone_ref(py)).collect(),
            None => Vec::new(),
        };
        for callback in callbacks {
            if let Err(error) = callback.call1(py, (record,)) {
                raised(py, what, error);
            }
        }
    }

    pub(crate) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // SAFETY: the collector runs with the GIL.
        let py = unsafe { Python::assume_attached() };
        let Some(list) = self.0.lend(py) else { return Ok(()) };
        list.callbacks.iter().try_for_each(|(_, callback)| visit.call(callback))
    }
}

/// A callback of the host's raised: logged, because nobody is there to catch it.
pub(crate) fn raised(py: Python<'_>, what: &str, error: PyErr) {
    static RAISED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let logged = of_package(py, &RAISED, "tidegate._log", "raised")
        .and_then(|log| log.call1((what, error.value(py))).map(drop));
    if let Err(second) = logged {
        second.write_unraisable(py, None);
        error.write_unraisable(py, None);
    }
}

/// Gives a record to a function of `tidegate._log`.
pub(crate) fn log(
    py: Python<'_>,
    place: &'static PyOnceLock<Py<PyAny>>,
    name: &str,
    record: &Bound<'_, PyAny>,
) {
    let logged = of_package(py, place, "tidegate._log", name).and_then(|log| log.call1((record,)).map(drop));
    if let Err(error) = logged {
        error.write_unraisable(py, None);
    }
}

/// Calls a callback until it is closed. Dropping it does not end the calls.
#[pyclass(frozen, module = "tidegate")]
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) callbacks: Arc<Callbacks>,
    pub(crate) number: u64,
}

#[pymethods]
impl Subscription {
    /// Ends the calls; again is nothing.
    fn close(&self, py: Python<'_>) {
        self.callbacks.remove(py, self.number);
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, pyo3::types::PyTuple>) {
        self.close(py);
    }
}
