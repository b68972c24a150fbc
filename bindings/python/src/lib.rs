//! Tidegate for Python: the module `tidegate._tidegate`, of which the package `tidegate` is made.
//!
//! ```text
//!  gate.check(context) ─▶ hot ─▶ Context (attributes set once) ┐
//!                          │  └▶ Mapped (a dict, read by need)  ├─▶ tidegate::Reader ─▶ decision
//!  engine, view, handle ───┘                                    ┘
//!  client ─▶ tidegate::client, its thread calls back through `callbacks`; `fork` keeps children whole
//!  records, exceptions, logging: Python (python/tidegate/)
//! ```
//! Everything here runs with the GIL, except updates, waiting and traces. INVARIANT: nothing that comes from Python panics, and
//! nothing that a callback raises leaves it.

mod arguments;
#[cfg(feature = "bench")]
mod bench;
mod callbacks;
mod client;
mod clock;
mod context;
mod decision;
mod document;
mod engine;
mod error;
mod fork;
mod gil;
mod handle;
mod hot;
mod names;
mod options;
mod raw;
mod subject;
mod update;
mod value;
mod view;

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyList;
use tidegate::error::Code;

/// The catalogue of codes, as (code, name, meaning).
#[pyfunction]
fn _codes(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let all = Code::all().iter().map(|code| (code.as_str(), format!("{code:?}"), code.meaning()));
    PyList::new(py, all.collect::<Vec<_>>())
}

/// Refuses a second interpreter of the process: classes and what was looked up are the first one's.
fn only_interpreter(py: Python<'_>) -> PyResult<()> {
    static FIRST: AtomicI64 = AtomicI64::new(-1);
    // SAFETY: called with the GIL, in an interpreter.
    let own = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    if own < 0 {
        return Err(PyErr::fetch(py));
    }
    match FIRST.compare_exchange(-1, own, Ordering::Relaxed, Ordering::Relaxed) {
        Err(first) if first != own => Err(PyImportError::new_err(
            "tidegate is loaded in another interpreter of this process, and supports one; use processes, or one interpreter",
        )),
        _ => Ok(()),
    }
}

/// Not for interpreters without a GIL: what guards its values is that lock.
#[pymodule(gil_used = true)]
fn _tidegate(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    only_interpreter(py)?;
    module.add("SEMANTICS", tidegate::SEMANTICS)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<context::Context>()?;
    module.add_class::<handle::Gate>()?;
    module.add_class::<handle::Feature>()?;
    module.add_class::<decision::Decision>()?;
    module.add_class::<view::View>()?;
    module.add_class::<callbacks::Subscription>()?;
    module.add_class::<client::Client>()?;
    module.add_function(wrap_pyfunction!(_codes, module)?)?;
    module.add_function(wrap_pyfunction!(fork::_before_fork, module)?)?;
    module.add_function(wrap_pyfunction!(fork::_after_fork, module)?)?;
    #[cfg(feature = "bench")]
    bench::add(module)?;
    // What the package exports is said in its `__init__`.
    module.delattr("__all__")?;
    decision::learn_layout(py)?;
    hot::add_methods(py)
}
