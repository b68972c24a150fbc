//! Decisions: what the engine borrows from its program, with the program kept alive; converted when it is asked for.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use tidegate::program::{Program, Reason};

use crate::value::to_python;

/// A program that decisions borrow from.
#[pyclass(frozen, module = "tidegate._tidegate", name = "_Program")]
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) program: Arc<Program>,
}

/// What was decided for a feature and a context.
#[pyclass(frozen, module = "tidegate")]
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) made: Made,
    /// Not read: `made` borrows from it.
    _kept: Option<Py<Kept>>,
}

#[derive(Debug)]
pub(crate) enum Made {
    /// By a program, which is kept beside it.
    By(tidegate::Decision<'static>),
    /// Of a name that no program knows: its feature, and the version that does not know it.
    Unknown(Box<str>, u64),
}

/// A decision that borrows from a program that is yet to be kept: not for long.
pub(crate) type Loose = tidegate::Decision<'static>;

/// Forgets what a decision borrows from.
///
/// # Safety
/// The program must be kept as long as the decision is used.
pub(crate) unsafe fn loosen(decision: tidegate::Decision<'_>) -> Loose {
    // SAFETY: the caller's; the two types differ in the lifetime only.
    unsafe { std::mem::transmute::<tidegate::Decision<'_>, Loose>(decision) }
}

impl Decision {
    /// # Safety
    /// The decision was made by the program that is kept.
    #[inline]
    pub(crate) unsafe fn of(made: Loose, kept: Py<Kept>) -> Self {
        Self { made: Made::By(made), _kept: Some(kept) }
    }

    pub(crate) fn unknown(feature: &str, version: u64) -> Self {
        Self { made: Made::Unknown(feature.into(), version), _kept: None }
    }

    /// The value, not converted.
    pub(crate) fn value_ref(&self) -> Option<&tidegate::Value> {
        self.known().and_then(tidegate::Decision::value)
    }

    pub(crate) fn has_value(&self) -> bool {
        self.value_ref().is_some()
    }

    fn known(&self) -> Option<&Loose> {
        match &self.made {
            Made::By(made) => Some(made),
            Made::Unknown(..) => None,
        }
    }
}

fn string<'py>(py: Python<'py>, text: Option<&str>) -> Option<Bound<'py, PyString>> {
    text.map(|text| PyString::new(py, text))
}

#[pymethods]
impl Decision {
    /// The feature.
    #[getter]
    fn feature(&self) -> &str {
        match &self.made {
            Made::By(made) => made.feature(),
            Made::Unknown(feature, _) => feature,
        }
    }

    /// The value; none where the caller's default is to be served.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.value_ref().map(|value| to_python(py, value)).transpose()
    }

    /// The variant.
    #[getter]
    fn variant<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        string(py, self.known().and_then(tidegate::Decision::variant))
    }

    /// Why.
    #[getter]
    fn reason(&self) -> &'static str {
        self.known().map_or(Reason::UnknownFeature, tidegate::Decision::reason).as_str()
    }

    /// The rule that decided.
    #[getter]
    fn rule<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        string(py, self.known().and_then(tidegate::Decision::rule))
    }

    /// The release that the decision is attributed to.
    #[getter]
    fn release<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        string(py, self.known().and_then(tidegate::Decision::release))
    }

    /// The phase that the decision is attributed to.
    #[getter]
    fn phase<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        string(py, self.known().and_then(tidegate::Decision::phase))
    }

    /// The version of the snapshot; 0 if there was none.
    #[getter]
    fn version(&self) -> u64 {
        match &self.made {
            Made::By(made) => made.version(),
            Made::Unknown(_, version) => *version,
        }
    }

    /// Whether a reference brought the attribution.
    #[getter]
    fn indirect(&self) -> bool {
        self.known().is_some_and(tidegate::Decision::is_indirect)
    }

    /// Whether the value is true.
    #[getter]
    pub(crate) fn is_on(&self) -> bool {
        self.known().is_some_and(tidegate::Decision::is_on)
    }

    /// All of it, as it is in JSON.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("feature", self.feature())?;
        dict.set_item("value", self.value(py)?)?;
        dict.set_item("variant", self.variant(py))?;
        dict.set_item("reason", self.reason())?;
        dict.set_item("rule", self.rule(py))?;
        dict.set_item("release", self.release(py))?;
        dict.set_item("phase", self.phase(py))?;
        dict.set_item("indirect", self.indirect())?;
        dict.set_item("version", self.version())?;
        Ok(dict)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let value = match self.value(py)? {
            Some(value) => value.repr()?.to_string(),
            None => "None".to_owned(),
        };
        Ok(format!("Decision(feature={:?}, value={value}, reason={:?})", self.feature(), self.reason()))
    }
}
