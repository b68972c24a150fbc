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

mod callbacks;
mod client;
mod context;
mod decision;
mod engine;
mod error;
mod fork;
mod gil;
mod handle;
mod hot;
mod names;
mod raw;
mod subject;
mod value;
mod view;

use pyo3::prelude::*;
use pyo3::types::PyList;
use tidegate::error::Code;

/// The catalogue of codes, as (code, name, meaning).
#[pyfunction]
fn _codes(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let all = Code::all().iter().map(|code| (code.as_str(), format!("{code:?}"), code.meaning()));
    PyList::new(py, all.collect::<Vec<_>>())
}

/// Not for interpreters without a GIL: what guards its values is that lock.
#[pymodule(gil_used = true)]
fn _tidegate(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
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
    // What the package exports is said in its `__init__`.
    module.delattr("__all__")?;
    hot::add_methods(py)
}
