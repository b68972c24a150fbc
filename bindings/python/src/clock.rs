//! A clock of the host's, for an engine.

use pyo3::prelude::*;
use tidegate::engine::{Clock, SystemClock};

use crate::callbacks::raised;
use crate::gil::Guarded;

/// A callable that says what time it is.
#[derive(Debug)]
pub(crate) struct HostClock(pub(crate) Guarded<Option<Py<PyAny>>>);

impl Clock for HostClock {
    fn now_ms(&self) -> i64 {
        let asked = Python::try_attach(|py| {
            let clock = self.0.lend(py)?.as_ref().map(|clock| clock.clone_ref(py))?;
            match clock.call0(py).and_then(|now| now.extract::<i64>(py)) {
                Ok(now) => Some(now),
                Err(error) => {
                    raised(py, "the clock of an engine", error);
                    None
                }
            }
        });
        asked.flatten().unwrap_or_else(|| SystemClock.now_ms())
    }
}
