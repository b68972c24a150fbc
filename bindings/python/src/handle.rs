//! Handles: features of an engine, their names looked up once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use pyo3::{PyTraverseError, PyVisit};
use tidegate::Value;

use crate::decision::Decision;
use crate::engine::Engine;
use crate::error::of_package;
use crate::hot;
use crate::value::to_python;

/// A gate of an engine, existing or not; made by `Engine.gate`. It can be called, too.
///
/// >>> import tidegate
/// >>> gate = tidegate.Engine().gate("checkout")
/// >>> gate.name, gate.check({"user_id": "u-1"}), gate({})
/// ('checkout', False, False)
#[pyclass(frozen, module = "tidegate", weakref)]
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) engine: Py<Engine>,
    pub(crate) gate: tidegate::Gate,
    pub(crate) name: Py<PyString>,
}

#[pymethods]
impl Gate {
    /// The gate's name.
    #[getter]
    fn name(&self, py: Python<'_>) -> Py<PyString> {
        self.name.clone_ref(py)
    }

    /// As `check`.
    #[pyo3(signature = (context, /))]
    fn __call__<'py>(slf: &Bound<'py, Self>, context: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        slf.call_method1(pyo3::intern!(slf.py(), "check"), (context,))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Gate({})", self.name.bind(py).repr()?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.engine)
    }
}

/// A feature of an engine, existing or not; made by `Engine.feature`. Reads by type give the default where there is no value, and
/// where it has another type, which is logged.
///
/// >>> import tidegate
/// >>> engine = tidegate.Engine()
/// >>> engine.set_override("seats", value=25)
/// >>> seats = engine.feature("seats")
/// >>> seats.int({}, default=10), seats.str({}, default="?"), seats.decide({}).reason
/// (25, '?', 'override')
#[pyclass(frozen, module = "tidegate", weakref)]
#[derive(Debug)]
pub(crate) struct Feature {
    pub(crate) engine: Py<Engine>,
    pub(crate) feature: tidegate::Feature,
    pub(crate) name: Py<PyString>,
}

impl Feature {
    fn decided(&self, context: &Bound<'_, PyAny>) -> PyResult<Decision> {
        // SAFETY: an argument, which lives during the call.
        unsafe { hot::decide(context.py(), self.engine.get(), self.feature, context.as_ptr()) }
    }

    /// The value as a type; the default where there is none, or one of another type, which is logged.
    fn read<'py>(
        &self,
        context: &Bound<'py, PyAny>,
        default: Bound<'py, PyAny>,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<PyResult<Bound<'py, PyAny>>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let decision = self.decided(context)?;
        let Some(value) = decision.value_ref() else { return Ok(default) };
        if let Some(read) = read(value) {
            return read;
        }
        static LOG: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = context.py();
        let logged = of_package(py, &LOG, "tidegate._log", "mismatch")
            .and_then(|log| log.call1((&self.name, expected, value.json_type())));
        if let Err(error) = logged {
            // The host's logging failed, not the read.
            error.write_unraisable(py, None);
        }
        Ok(default)
    }
}

#[pymethods]
impl Feature {
    /// The feature's name.
    #[getter]
    fn name(&self, py: Python<'_>) -> Py<PyString> {
        self.name.clone_ref(py)
    }

    /// The value if it is a boolean, else the default.
    #[pyo3(signature = (context, /, default))]
    fn bool<'py>(
        &self,
        context: &Bound<'py, PyAny>,
        default: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = context.py();
        self.read(context, default, "a boolean", |value| {
            value.as_bool().map(|value| Ok(PyBool::new(py, value).to_owned().into_any()))
        })
    }

    /// The value if it is an integer, else the default.
    #[pyo3(signature = (context, /, default))]
    fn int<'py>(
        &self,
        context: &Bound<'py, PyAny>,
        default: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = context.py();
        self.read(context, default, "an integer", |value| {
            value.as_i64().map(|value| Ok(PyInt::new(py, value).into_any()))
        })
    }

    /// The value if it is a number, else the default.
    #[pyo3(signature = (context, /, default))]
    fn float<'py>(
        &self,
        context: &Bound<'py, PyAny>,
        default: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = context.py();
        self.read(context, default, "a number", |value| {
            value.as_f64().map(|value| Ok(PyFloat::new(py, value).into_any()))
        })
    }

    /// The value if it is a string, else the default.
    #[pyo3(signature = (context, /, default))]
    fn str<'py>(
        &self,
        context: &Bound<'py, PyAny>,
        default: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = context.py();
        self.read(context, default, "a string", |value| {
            value.as_str().map(|value| Ok(PyString::new(py, value).into_any()))
        })
    }

    /// The value, of any type, else the default.
    #[pyo3(signature = (context, /, default = None))]
    fn value<'py>(
        &self,
        context: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.decided(context)?.value_ref() {
            Some(value) => to_python(context.py(), value).map(Some),
            None => Ok(default),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Feature({})", self.name.bind(py).repr()?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.engine)
    }
}
