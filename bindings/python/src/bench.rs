//! What `benches/bench.py` measures against (feature `bench`): empty calls, and the same check in pure Rust.

use std::hint::black_box;
use std::time::Instant;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tidegate::{Engine, Gate, Reader};

use crate::gil::Guarded;
use crate::raw;

/// A class whose methods do nothing.
#[pyclass(frozen)]
#[derive(Debug)]
struct Empty;

#[pymethods]
impl Empty {
    #[new]
    fn new() -> Self {
        Self
    }

    /// As PyO3 makes methods.
    #[pyo3(signature = (context, /))]
    fn by_pyo3(&self, context: &Bound<'_, PyAny>) -> bool {
        !black_box(context).is_none()
    }

    /// As above, with a string and a reference.
    #[pyo3(signature = (name, context, /))]
    fn two_by_pyo3(&self, name: &str, context: &Bound<'_, PyAny>) -> bool {
        black_box(name).is_empty() | !black_box(context).is_none()
    }
}

/// A gate and contexts in Rust.
#[pyclass(frozen)]
struct Rust {
    reader: Guarded<Reader>,
    gate: Gate,
    contexts: Vec<tidegate::Context<'static>>,
}

#[pymethods]
impl Rust {
    #[new]
    fn new(py: Python<'_>, document: &[u8], gate: &str, users: Vec<Bound<'_, PyDict>>) -> PyResult<Self> {
        let engine = Engine::new();
        engine.load(document).map_err(|error| crate::error::raised(py, &error))?;
        let mut contexts = Vec::new();
        for user in users {
            let mut context = engine.context();
            for (name, value) in user.iter() {
                context.set(name.extract()?, value.extract::<&str>()?);
            }
            contexts.push(context.build());
        }
        Ok(Self { reader: Guarded::new(engine.reader()), gate: engine.gate(gate), contexts })
    }

    /// What it decides for each user.
    fn answers(&self, py: Python<'_>) -> Vec<bool> {
        let Some(mut reader) = self.reader.lend(py) else { return Vec::new() };
        self.contexts.iter().map(|context| reader.check(self.gate, context)).collect()
    }

    /// Nanoseconds a check, over all users `rounds` times.
    fn run(&self, py: Python<'_>, rounds: usize) -> f64 {
        let Some(mut reader) = self.reader.lend(py) else { return f64::NAN };
        let (mut on, start) = (0_usize, Instant::now());
        for _ in 0..rounds {
            for context in &self.contexts {
                on = on.wrapping_add(usize::from(reader.check(self.gate, context)));
            }
        }
        let elapsed = start.elapsed().as_nanos() as f64;
        black_box(on);
        elapsed / (rounds.saturating_mul(self.contexts.len()) as f64)
    }
}

/// Adds the classes as `_bench`.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let bench = PyModule::new(py, "_bench")?;
    bench.add_class::<Empty>()?;
    bench.add_class::<Rust>()?;
    let method = ffi::PyMethodDefPointer { PyCFunction: raw::nothing };
    raw::add_method(&py.get_type::<Empty>(), c"by_hand", method, ffi::METH_O, c"")?;
    module.add_submodule(&bench)
}
