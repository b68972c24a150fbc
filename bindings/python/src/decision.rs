//! Decisions: what the engine borrows from its program, with the program kept alive; converted when it is asked for.

use std::sync::Arc;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};
use tidegate::program::{Program, Reason};

use crate::raw::{self, Layout};
use crate::value::to_python;

/// How objects of [`Decision`] lie in memory.
static LAYOUT: Layout = Layout::new();

/// Looks how decisions lie in memory.
pub(crate) fn learn_layout(py: Python<'_>) -> PyResult<()> {
    LAYOUT.learn(&Bound::new(py, Decision::unknown("", 0))?)
}

/// A program that decisions borrow from.
#[pyclass(frozen, module = "tidegate._tidegate", name = "_Program")]
pub(crate) struct Kept {
    pub(crate) program: Arc<Program>,
    /// All features of the program, in the order in which it decides them, each with none: to be copied.
    features: PyOnceLock<Py<PyDict>>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("version", &self.program.version).finish_non_exhaustive()
    }
}

impl Kept {
    pub(crate) fn new(program: &Arc<Program>) -> Self {
        Self { program: Arc::clone(program), features: PyOnceLock::new() }
    }

    fn features<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyDict>> {
        let made = self.features.get_or_try_init(py, || {
            let features = PyDict::new(py);
            for (_, name) in self.program.present() {
                features.set_item(PyString::intern(py, name), py.None())?;
            }
            Ok::<_, PyErr>(features.unbind())
        });
        made.map(|features| features.bind(py))
    }
}

/// Decisions by feature: all of a program, in its order.
///
/// # Safety
/// They were made by the program that is kept.
pub(crate) unsafe fn by_feature<'py>(
    py: Python<'py>,
    all: Vec<Loose>,
    kept: &Py<Kept>,
) -> PyResult<Bound<'py, PyDict>> {
    // A copy has its size at once, and knows the hashes of its keys.
    let decisions = kept.get().features(py)?.copy()?;
    let (mut place, mut name) = (0, std::ptr::null_mut());
    for made in all {
        // SAFETY: the dict is ours alone, and only the values of keys that it has are set while it is gone through.
        unsafe {
            if ffi::PyDict_Next(decisions.as_ptr(), &raw mut place, &raw mut name, std::ptr::null_mut()) == 0
            {
                break;
            }
            let decision = Decision::of(made, kept.clone_ref(py)).into_object(py)?;
            let set = ffi::PyDict_SetItem(decisions.as_ptr(), name, decision);
            raw::release(decision);
            if set < 0 {
                return Err(PyErr::fetch(py));
            }
        }
    }
    Ok(decisions)
}

/// What was decided for a feature and a context.
///
/// >>> import tidegate
/// >>> engine = tidegate.Engine()
/// >>> _ = engine.load('{"schema_version": 1, "version": 9, "features": {"f": {"kind": "gate"}}}')
/// >>> decision = engine.decide("f", {})
/// >>> decision.value, decision.variant, decision.reason, decision.version
/// (False, 'off', 'default', 9)
///
/// `reason` is one of `override`, `unknown_feature`, `killed`, `archived`, `disabled`, `rule`, `split`, `default` and
/// `invalid_definition`. Each look at `value` makes a new object.
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
/// The program must be kept as long as the decision is used; of an unknown feature, also the engine or view that decided.
pub(crate) unsafe fn loosen(decision: tidegate::Decision<'_>) -> Loose {
    // SAFETY: the caller's; the two types differ in the lifetime only.
    unsafe { std::mem::transmute::<tidegate::Decision<'_>, Loose>(decision) }
}

impl Decision {
    /// # Safety
    /// The decision was made by the program that is kept, and of an engine or view that still lives.
    #[inline]
    pub(crate) unsafe fn of(made: Loose, kept: Py<Kept>) -> Self {
        // A name that the program does not know is the engine's, of a handle: not kept by the program.
        if made.reason() == Reason::UnknownFeature && kept.get().program.feature(made.feature()).is_none() {
            return Self::unknown(made.feature(), made.version());
        }
        Self { made: Made::By(made), _kept: Some(kept) }
    }

    /// A new object.
    #[inline(always)]
    pub(crate) fn into_object(self, py: Python<'_>) -> PyResult<*mut ffi::PyObject> {
        // SAFETY: that of this class.
        unsafe { raw::allocate(py, &LAYOUT, self) }
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
