//! Views: one version and one instant for several decisions.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};
use tidegate::Subject;
use tidegate::program::Program;

use crate::decision::{Decision, Kept, Loose, by_feature, loosen};
use crate::engine::Engine;
use crate::error::{closed, wrong_use};
use crate::gil::{Guarded, Lent};
use crate::handle::{Feature, Gate};
use crate::hot::{Ask, about, feature_name};

type Pinned = tidegate::View<'static, Arc<Program>>;

/// One version of the snapshot at one instant, for several decisions. One thread at a time uses it.
///
/// >>> import tidegate
/// >>> engine = tidegate.Engine()
/// >>> with engine.view() as view:
/// ...     view.version, view.check("f", {"user_id": "u-1"})
/// (0, False)
#[pyclass(frozen, module = "tidegate", weakref)]
pub(crate) struct View {
    engine: Py<Engine>,
    view: Guarded<Option<Pinned>>,
    kept: Py<Kept>,
    version: u64,
    now: i64,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("version", &self.version).finish_non_exhaustive()
    }
}

struct Check<'v>(&'v Pinned, tidegate::Gate);

impl Ask for Check<'_> {
    type Answer = bool;
    fn ask(self, subject: &impl Subject) -> bool {
        self.0.check(self.1, subject)
    }
}

struct Decide<'v>(&'v Pinned, tidegate::Feature);

impl Ask for Decide<'_> {
    type Answer = Loose;
    fn ask(self, subject: &impl Subject) -> Loose {
        // SAFETY: the view's program is kept beside it, and given to the decision.
        unsafe { loosen(self.0.decide(self.1, subject)) }
    }
}

struct All<'v>(&'v Pinned);

impl Ask for All<'_> {
    type Answer = Vec<Loose>;
    fn ask(self, subject: &impl Subject) -> Vec<Loose> {
        // SAFETY: as above.
        self.0.evaluate_all(subject).map(|decision| unsafe { loosen(decision) }).collect()
    }
}

impl View {
    pub(crate) fn new(engine: Py<Engine>, view: Pinned, kept: Py<Kept>) -> Self {
        let (version, now) = (view.version(), view.now_ms());
        Self { engine, view: Guarded::new(Some(view)), kept, version, now }
    }

    fn lend<'a>(&'a self, py: Python<'a>) -> PyResult<Lent<'a, Option<Pinned>>> {
        let message = "expected a view that is not deciding, found one in the middle of a decision";
        self.view.lend(py).ok_or_else(|| wrong_use(py, tidegate::error::Code::BadContext, message))
    }

    /// The feature of a name or a handle; none if no program of this version knows it.
    fn feature(&self, name: &Bound<'_, PyAny>) -> PyResult<Option<tidegate::Feature>> {
        if let Ok(gate) = name.cast::<Gate>() {
            let gate = gate.get();
            return if gate.engine.is(&self.engine) {
                Ok(Some(gate.gate.into()))
            } else {
                Err(crate::error::other_engine(name.py(), "a handle"))
            };
        }
        if let Ok(feature) = name.cast::<Feature>() {
            let feature = feature.get();
            return if feature.engine.is(&self.engine) {
                Ok(Some(feature.feature))
            } else {
                Err(crate::error::other_engine(name.py(), "a handle"))
            };
        }
        Ok(self.kept.get().program.feature(feature_name(name)?).map(tidegate::Feature::from_number))
    }
}

#[pymethods]
impl View {
    /// Its version; 0 if there is none.
    #[getter]
    fn version(&self) -> u64 {
        self.version
    }

    /// Its instant, in milliseconds since 1970.
    #[getter]
    fn now_ms(&self) -> i64 {
        self.now
    }

    /// Whether a gate, by name or handle, is on.
    #[pyo3(signature = (gate, context, /))]
    fn check(&self, gate: &Bound<'_, PyAny>, context: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = gate.py();
        let feature = self.feature(gate)?;
        let view = self.lend(py)?;
        let view = view.as_ref().ok_or_else(|| closed(py, "a view"))?;
        // A number that no feature has.
        let gate = tidegate::Gate::from_number(feature.map_or(u32::MAX, tidegate::Feature::number));
        // SAFETY: an argument, which lives during the call.
        unsafe { about(py, self.engine.get(), context.as_ptr(), Check(view, gate)) }
    }

    /// The decision of a feature, by name or handle.
    #[pyo3(signature = (feature, context, /))]
    fn decide(&self, feature: &Bound<'_, PyAny>, context: &Bound<'_, PyAny>) -> PyResult<Decision> {
        let py = feature.py();
        let found = self.feature(feature)?;
        let view = self.lend(py)?;
        let view = view.as_ref().ok_or_else(|| closed(py, "a view"))?;
        let known = found.unwrap_or_else(|| tidegate::Feature::from_number(u32::MAX));
        // SAFETY: an argument, which lives during the call.
        let made = unsafe { about(py, self.engine.get(), context.as_ptr(), Decide(view, known)) }?;
        if found.is_none() {
            return Ok(Decision::unknown(feature_name(feature)?, self.version));
        }
        // SAFETY: kept is the program of the view.
        Ok(unsafe { Decision::of(made, self.kept.clone_ref(py)) })
    }

    /// The decisions of all features, by name.
    #[pyo3(signature = (context, /))]
    fn evaluate_all<'py>(&self, context: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let py = context.py();
        let all = {
            let view = self.lend(py)?;
            let view = view.as_ref().ok_or_else(|| closed(py, "a view"))?;
            // SAFETY: an argument, which lives during the call.
            unsafe { about(py, self.engine.get(), context.as_ptr(), All(view)) }?
        };
        // SAFETY: kept is the program of the view.
        unsafe { by_feature(py, all, &self.kept) }
    }
    /// Lets the version go: from now on, calls raise `ClosedError`.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let view = self.lend(py)?.take();
        drop(view);
        Ok(())
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("View(version={})", self.version)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.engine)
    }
}
