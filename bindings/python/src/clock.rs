//! A clock of the host's, for an engine.

use pyo3::prelude::*;
use tidegate::Value;
use tidegate::engine::{Clock, SystemClock};
use tidegate::error::Code;

use crate::callbacks::raised;
use crate::error::{wrong_type, wrong_value};
use crate::gil::Guarded;
use crate::value;

/// A callable that says what time it is.
#[derive(Debug)]
pub(crate) struct HostClock(pub(crate) Guarded<Option<Py<PyAny>>>);

impl Clock for HostClock {
    fn now_ms(&self) -> i64 {
        let asked = Python::try_attach(|py| {
            let clock = self.0.lend(py)?.as_ref().map(|clock| clock.clone_ref(py))?;
            match clock.call0(py).and_then(|now| milliseconds(now.bind(py))) {
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

fn milliseconds(now: &Bound<'_, PyAny>) -> PyResult<i64> {
    let expected = "a clock that says the milliseconds since 1970 as an int of 64 bits";
    let Some(int) = value::index(now)? else {
        return Err(wrong_type(Code::BadArgument, "/clock", expected, now));
    };
    match value::number(&int)? {
        Value::Int(now) => Ok(now),
        _ => Err(wrong_value(
            now.py(),
            Code::BadArgument,
            "/clock",
            &format!("expected {expected}, found {int}"),
        )),
    }
}
