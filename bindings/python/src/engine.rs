//! Engines: made from options, fed with documents, asked for decisions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use pyo3::{PyTraverseError, PyVisit};
use tidegate::context::AttributeKey;
use tidegate::engine::{Clock, Subscription as Told};
use tidegate::error::Code;
use tidegate::model::Key;
use tidegate::program::Program;
use tidegate::{Override, Reader, Subject, Update, Value};

use crate::arguments::{self, text};
use crate::callbacks::{Callbacks, Subscription};
use crate::clock::HostClock;
use crate::context::Context;
use crate::decision::{Decision, Kept, Loose, by_feature, loosen};
use crate::document::Document;
use crate::error::{closed, of_package, pointer, raised, wrong_type, wrong_use, wrong_value};
use crate::fork;
use crate::gil::{Guarded, Lent};
use crate::handle::{Feature, Gate};
use crate::hot::{Read, feature_name, read};
use crate::names::Names;
use crate::options::Wish;
use crate::update::{record, tell};
use crate::value;
use crate::view::View;

/// Holds the program that is served, and swaps it under running readers. Any thread may use it at any time.
///
/// >>> import tidegate
/// >>> engine = tidegate.Engine({"region": "eu"}, mode="strict")
/// >>> engine.load('{"schema_version": 1, "version": 1, "features": {"f": {"kind": "gate"}}}').changed
/// ('f',)
/// >>> engine.check("f", {"user_id": "u-1"}), engine.check("unknown", {}, default=True)
/// (False, True)
///
/// `process` are attributes that are fixed for its life, such as `environment`. `mode`: what an error in a document does, isolate
/// (`lenient`, the default) or refuse (`strict`). `counters`: whether exposures are counted. `keep_source`: whether the document is kept,
/// for `trace`, `explain` and `snapshot`. `clock`: a callable that says the milliseconds since 1970, instead of the system's clock.
#[pyclass(frozen, module = "tidegate", weakref)]
pub(crate) struct Engine {
    engine: tidegate::Engine,
    /// Lent for good when the engine is closed.
    reader: Guarded<Reader>,
    names: Names,
    closed: AtomicBool,
    listeners: Arc<Callbacks>,
    told: Guarded<Option<Told>>,
    clock: Option<Arc<HostClock>>,
    /// The program of the last decision, which others borrow from as well.
    kept: Guarded<Option<Py<Kept>>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.engine.fmt(f)
    }
}

impl Engine {
    /// An engine for Python, around one of ours.
    pub(crate) fn around(engine: tidegate::Engine) -> Self {
        Self::with_clock(engine, None)
    }

    fn with_clock(engine: tidegate::Engine, clock: Option<Arc<HostClock>>) -> Self {
        let listeners: Arc<Callbacks> = Arc::default();
        let told = {
            let listeners = Arc::clone(&listeners);
            engine.on_update(move |update: &Update| {
                // None: the interpreter is going, and nobody listens any more.
                let _ = Python::try_attach(|py| tell(py, &listeners, update));
            })
        };
        Self {
            reader: Guarded::new(engine.reader()),
            engine,
            names: Names::new(),
            closed: AtomicBool::new(false),
            listeners,
            told: Guarded::new(Some(told)),
            clock,
            kept: Guarded::new(None),
        }
    }

    #[inline(always)]
    pub(crate) fn engine(&self) -> &tidegate::Engine {
        &self.engine
    }

    #[inline(always)]
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// The engine's reader; none in the middle of a decision, or if it is closed.
    #[inline(always)]
    pub(crate) fn reader<'a>(&'a self, py: Python<'a>) -> Option<Lent<'a, Reader>> {
        self.reader.lend(py)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn open(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_closed() { Err(closed(py, "an engine")) } else { Ok(()) }
    }

    pub(crate) fn attribute_key(&self, name: &str) -> Option<AttributeKey> {
        self.engine.attributes().find_or_add(name)
    }

    /// A reference to a program, for a decision that borrows from it.
    #[inline]
    pub(crate) fn keep(&self, py: Python<'_>, program: &Arc<Program>) -> PyResult<Py<Kept>> {
        if let Some(kept) = self.kept.lend(py)
            && let Some(kept) = &*kept
            && Arc::ptr_eq(&kept.get().program, program)
        {
            return Ok(kept.clone_ref(py));
        }
        self.keep_new(py, program)
    }

    #[cold]
    fn keep_new(&self, py: Python<'_>, program: &Arc<Program>) -> PyResult<Py<Kept>> {
        let new = Py::new(py, Kept::new(program))?;
        let old = self.kept.lend(py).map(|mut kept| kept.replace(new.clone_ref(py)));
        drop(old);
        Ok(new)
    }

    /// Decides a feature by name.
    ///
    /// # Safety
    /// `context` is an object that lives.
    pub(crate) unsafe fn decide_name(
        &self,
        py: Python<'_>,
        name: &str,
        context: *mut pyo3::ffi::PyObject,
    ) -> PyResult<Decision> {
        self.open(py)?;
        let program = self.engine.program();
        match program.feature(name) {
            // SAFETY: the caller's.
            Some(number) => unsafe {
                crate::hot::decide(py, self, tidegate::Feature::from_number(number), context)
            },
            None => {
                // What is wrong with a context is wrong with each feature.
                // SAFETY: the caller's.
                unsafe { crate::hot::about(py, self, context, Nothing) }?;
                Ok(Decision::unknown(name, program.version))
            }
        }
    }

    /// Makes an update, without the GIL; its record.
    fn update<'py>(
        &self,
        py: Python<'py>,
        document: &Bound<'py, PyAny>,
        update: impl FnOnce(&tidegate::Engine, &[u8]) -> Result<Update, tidegate::Error> + Send,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.open(py)?;
        let document = Document::of(document)?;
        let (engine, bytes) = (&self.engine, document.bytes()?);
        match fork::update(py, || update(engine, bytes)) {
            Ok(update) => record(py, &update),
            Err(error) => Err(raised(py, &error)),
        }
    }

    /// Attributes as a trace takes them.
    fn traced(&self, py: Python<'_>, context: &Bound<'_, PyAny>) -> PyResult<BTreeMap<String, Value>> {
        if let Ok(context) = context.cast::<Context>() {
            let context = context.get();
            if !std::ptr::eq(context.engine.get(), self) {
                return Err(crate::error::other_engine(py, "a context"));
            }
            return Ok(context.attributes(py));
        }
        if !value::is_mapping(context)? {
            return Err(wrong_type(Code::BadContext, "", "a Context or a mapping as context", context));
        }
        let mut attributes = BTreeMap::new();
        for (name, value) in value::items(context, Code::BadContext, "")? {
            let name = value::name(&name, Code::BadContext, "")?;
            let value = value::attribute(&value, &pointer("", &name))?;
            attributes.insert(name, value);
        }
        Ok(attributes)
    }

    fn trace_of(
        &self,
        py: Python<'_>,
        feature: &Bound<'_, PyAny>,
        context: &Bound<'_, PyAny>,
    ) -> PyResult<tidegate::trace::Trace> {
        self.open(py)?;
        let attributes = self.traced(py, context)?;
        let (engine, feature) = (&self.engine, feature_name(feature)?);
        fork::update(py, || engine.trace(feature, &attributes)).map_err(|error| raised(py, &error))
    }

    fn handle<T: Send>(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        find: impl FnOnce(&tidegate::Engine, &str) -> T + Send,
    ) -> PyResult<(T, Py<PyString>)> {
        self.open(py)?;
        let (engine, text) = (&self.engine, feature_name(name)?);
        // A name that is new changes the engine's tables.
        let found = fork::update(py, || find(engine, text));
        Ok((found, PyString::intern(py, text).unbind()))
    }
}

/// Asks nothing: whether a context is one at all.
struct Nothing;

impl crate::hot::Ask for Nothing {
    type Answer = ();
    fn ask(self, _subject: &impl Subject) {}
}

/// Decides all features; with the program that did.
struct All<'e, 'py>(Python<'py>, &'e Engine);

impl Read for All<'_, '_> {
    type Answer = PyResult<(Vec<Loose>, Py<Kept>)>;

    fn read(self, reader: &mut Reader, subject: &impl Subject) -> Self::Answer {
        // SAFETY: their program is kept right after, while the reader still has it.
        let loose = |decision| unsafe { loosen(decision) };
        let all = reader.view().evaluate_all(subject).map(loose).collect();
        Ok((all, self.1.keep(self.0, reader.program())?))
    }
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (process = None, *, mode = None, counters = false, keep_source = false, clock = None))]
    fn new(
        py: Python<'_>,
        process: Option<&Bound<'_, PyAny>>,
        mode: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = arguments::counters)] counters: bool,
        #[pyo3(from_py_with = arguments::keep_source)] keep_source: bool,
        clock: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let lenient = PyString::intern(py, "lenient").into_any();
        let wish = Wish::read(process, mode.unwrap_or(&lenient), counters, keep_source)?;
        let Some(clock) = clock else { return Ok(Self::around(wish.builder().build())) };
        let clock = arguments::callable(&clock, "/clock", "a callable as clock")?;
        let clock = Arc::new(HostClock(Guarded::new(Some(clock))));
        let asked = Arc::clone(&clock);
        Ok(Self::with_clock(wish.builder().clock(move || asked.now_ms()).build(), Some(clock)))
    }

    /// An engine that serves the document of a file.
    #[staticmethod]
    #[pyo3(signature = (path, process = None, *, mode = None, counters = false, keep_source = false, clock = None))]
    fn from_file<'py>(
        py: Python<'py>,
        path: &Bound<'py, PyAny>,
        process: Option<&Bound<'_, PyAny>>,
        mode: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = arguments::counters)] counters: bool,
        #[pyo3(from_py_with = arguments::keep_source)] keep_source: bool,
        clock: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let path = arguments::path(path, "/path")?;
        let engine = Self::new(py, process, mode, counters, keep_source, clock)?;
        let document = py.detach(|| std::fs::read(&path)).map_err(|error| {
            // Python tells the number by itself.
            let (number, mut text) = (error.raw_os_error(), error.to_string());
            if let Some(number) = number
                && let Some(alone) = text.strip_suffix(&format!(" (os error {number})"))
            {
                text = alone.to_owned();
            }
            pyo3::exceptions::PyOSError::new_err((number, text, path.display().to_string()))
        })?;
        let inner = &engine.engine;
        fork::update(py, || inner.load(&document)).map_err(|error| raised(py, &error))?;
        Bound::new(py, engine)
    }

    /// Serves a document from now on; the GIL is released while it compiles.
    ///
    /// Raises a `TidegateError` with all diagnostics if it is refused; what is served is served on.
    #[pyo3(signature = (document, /))]
    fn load<'py>(&self, py: Python<'py>, document: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.update(py, document, |engine, bytes| engine.load(bytes))
    }

    /// Serves a document with a change of what is served: `{"from", "version", "features", ...}`.
    #[pyo3(signature = (delta, /))]
    fn apply_delta<'py>(&self, py: Python<'py>, delta: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.update(py, delta, |engine, bytes| engine.apply_delta(bytes))
    }

    /// The version that is served; 0 if there is none.
    #[getter]
    fn version(&self) -> u64 {
        self.engine.version()
    }
    /// The names of the features that are served, sorted.
    fn features<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.open(py)?;
        let program = self.engine.program();
        let mut names: Vec<&str> = program.present().map(|(_, name)| name).collect();
        names.sort_unstable();
        PyList::new(py, names)
    }
    /// What is served, to be looked at or pickled.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        self.open(py)?;
        let engine = &self.engine;
        // It waits for an update that is under way: not with the GIL.
        let (program, document, memory) = fork::update(py, || {
            let (program, document) = engine.snapshot();
            let memory = program.memory_usage();
            (program, document, memory)
        });
        let mut names: Vec<&str> = program.present().map(|(_, name)| name).collect();
        names.sort_unstable();
        of_package(py, &CLASS, "tidegate._records", "Snapshot")?.call1((
            program.version,
            pyo3::types::PyTuple::new(py, names)?,
            memory,
            document.map(|document| PyBytes::new(py, &document)),
        ))
    }

    /// A handle of a gate, existing or not: its name is looked up once. Valid over updates.
    ///
    /// A name that no document has had is remembered as long as the engine lives, some 300 bytes and its text: names that requests bring are
    /// for `check` and `decide`, which remember nothing.
    #[pyo3(signature = (name, /))]
    fn gate(slf: &Bound<'_, Self>, name: &Bound<'_, PyAny>) -> PyResult<Gate> {
        let (gate, name) = slf.get().handle(slf.py(), name, tidegate::Engine::gate)?;
        Ok(Gate { engine: slf.clone().unbind(), gate, name })
    }

    /// A handle of a feature, existing or not: its name is looked up once. Valid over updates. As of `gate`, its name is remembered.
    #[pyo3(signature = (name, /))]
    fn feature(slf: &Bound<'_, Self>, name: &Bound<'_, PyAny>) -> PyResult<Feature> {
        let (feature, name) = slf.get().handle(slf.py(), name, tidegate::Engine::feature)?;
        Ok(Feature { engine: slf.clone().unbind(), feature, name })
    }

    /// A context of attributes given by mapping, by keyword, or both.
    ///
    /// >>> import tidegate
    /// >>> tidegate.Engine().context({"user_id": "u-1"}, plan="pro").to_dict()
    /// {'plan': 'pro', 'user_id': 'u-1'}
    #[pyo3(signature = (attributes = None, /, **more))]
    fn context(
        slf: &Bound<'_, Self>,
        attributes: Option<&Bound<'_, PyAny>>,
        more: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Context> {
        let py = slf.py();
        slf.get().open(py)?;
        let context = Context::new(slf.clone().unbind());
        context.fill(py, attributes, more)?;
        Ok(context)
    }

    /// The decision of a feature, by name.
    #[pyo3(signature = (name, context, /))]
    fn decide(&self, name: &Bound<'_, PyAny>, context: &Bound<'_, PyAny>) -> PyResult<Decision> {
        // SAFETY: an argument, which lives during the call.
        unsafe { self.decide_name(name.py(), feature_name(name)?, context.as_ptr()) }
    }

    /// The decisions of all features, of one version, by name.
    #[pyo3(signature = (context, /))]
    fn evaluate_all<'py>(&self, context: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let py = context.py();
        // SAFETY: an argument, which lives during the call.
        let (all, kept) = unsafe { read(py, self, context.as_ptr(), All(py, self)) }??;
        // SAFETY: kept is the program that made them.
        unsafe { by_feature(py, all, &kept) }
    }
    /// A view: one version and one instant for several decisions, so that a request never sees a mix.
    fn view(slf: &Bound<'_, Self>) -> PyResult<View> {
        let (py, engine) = (slf.py(), slf.get());
        engine.open(py)?;
        let view = engine.engine.view();
        let kept = engine.keep(py, view.program())?;
        Ok(View::new(slf.clone().unbind(), view, kept))
    }

    /// Serves a `variant` or a `value` of a feature instead of the snapshot's answer: to everyone, or where the attribute `unit` is `id`.
    ///
    /// >>> import tidegate
    /// >>> engine = tidegate.Engine()
    /// >>> engine.set_override("f", value=True, unit="user_id", id="u-1")
    /// >>> engine.check("f", {"user_id": "u-1"}), engine.check("f", {"user_id": "u-2"})
    /// (True, False)
    #[pyo3(signature = (feature, /, *, variant = None, value = None, unit = None, id = None))]
    fn set_override(
        &self,
        feature: &Bound<'_, PyAny>,
        variant: Option<&Bound<'_, PyAny>>,
        value: Option<&Bound<'_, PyAny>>,
        unit: Option<&Bound<'_, PyAny>>,
        id: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let py = feature.py();
        self.open(py)?;
        let name = feature_name(feature)?;
        let variant = variant.map(|given| text(given, "/variant", "a str as variant")).transpose()?;
        let unit = unit.map(|given| text(given, "/unit", "a str as unit")).transpose()?;
        let id = id.map(|given| text(given, "/id", "a str as id")).transpose()?;
        let either = |found| {
            let message = format!("expected either a `variant` or a `value`, found {found}");
            wrong_value(py, Code::BadArgument, "/variant", &message)
        };
        let mut wanted = match (variant, value) {
            (Some(variant), None) => Override::variant(variant),
            (None, Some(value)) => Override::value(value::argument(value, "/value")?),
            (Some(_), Some(_)) => return Err(either("both")),
            (None, None) => return Err(either("neither")),
        };
        match (unit, id) {
            (Some(unit), Some(id)) => wanted = wanted.for_unit(unit, id),
            (None, None) => {}
            _ => {
                let message = "expected `unit` and `id` together, found one of them";
                return Err(wrong_value(py, Code::BadArgument, "/unit", message));
            }
        }
        let engine = &self.engine;
        fork::update(py, || engine.set_override(name, wanted)).map_err(|error| raised(py, &error))
    }

    /// Clears all overrides of a feature.
    #[pyo3(signature = (feature, /))]
    fn clear_override(&self, feature: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = feature.py();
        self.open(py)?;
        let (engine, name) = (&self.engine, feature_name(feature)?);
        fork::update(py, || engine.clear_override(name));
        Ok(())
    }
    /// Clears all overrides.
    fn clear_overrides(&self, py: Python<'_>) -> PyResult<()> {
        self.open(py)?;
        let engine = &self.engine;
        fork::update(py, || engine.clear_overrides());
        Ok(())
    }
    /// The features that are overridden, sorted.
    fn overridden<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        self.open(py)?;
        let engine = &self.engine;
        PyList::new(py, fork::update(py, || engine.overridden()).iter().map(|name| &**name))
    }
    /// What was served since the last call; of an engine with `counters`. A client drains its engine by itself.
    fn drain_exposures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        self.open(py)?;
        let engine = &self.engine;
        let drained = fork::update(py, || engine.drain_exposures());
        let class = of_package(py, &CLASS, "tidegate._records", "Exposure")?;
        let records: PyResult<Vec<_>> = drained
            .iter()
            .map(|row| {
                let text = |key: &Option<Key>| key.as_deref().map(|key| PyString::new(py, key));
                class.call1((
                    &*row.feature,
                    text(&row.variant),
                    text(&row.release),
                    text(&row.phase),
                    row.count,
                ))
            })
            .collect();
        PyList::new(py, records?)
    }

    /// Why a feature is decided as it is, step by step; of an engine with `keep_source`.
    #[pyo3(signature = (feature, context, /))]
    fn trace<'py>(
        &self,
        py: Python<'py>,
        feature: &Bound<'py, PyAny>,
        context: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let trace = self.trace_of(py, feature, context)?;
        let text = serde_json::to_string(&trace)
            .map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.to_string()))?;
        py.import("json")?.call_method1("loads", (text,))
    }

    /// The trace as text, for people.
    #[pyo3(signature = (feature, context, /))]
    fn explain(
        &self,
        py: Python<'_>,
        feature: &Bound<'_, PyAny>,
        context: &Bound<'_, PyAny>,
    ) -> PyResult<String> {
        Ok(self.trace_of(py, feature, context)?.render())
    }

    /// What was compiled, of one feature or of all, as text; none if there is no such feature.
    #[pyo3(signature = (feature = None, /))]
    fn listing(&self, py: Python<'_>, feature: Option<&Bound<'_, PyAny>>) -> PyResult<Option<String>> {
        self.open(py)?;
        let engine = &self.engine;
        let feature = feature.map(feature_name).transpose()?;
        Ok(py.detach(|| engine.listing(feature)))
    }

    /// Whether a gate is on for everybody (true) or for nobody (false) in the life of this engine; none if that depends on the context
    /// or the time, or if there is no such gate.
    #[pyo3(signature = (name, /))]
    fn constant(&self, name: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
        self.open(name.py())?;
        Ok(self.engine.constant(feature_name(name)?))
    }

    /// Calls `callback` with each `Update`, on the thread that made it, until the subscription is closed.
    ///
    /// What it raises is logged.
    #[pyo3(signature = (callback, /))]
    fn on_update(&self, callback: Bound<'_, PyAny>) -> PyResult<Subscription> {
        let py = callback.py();
        self.open(py)?;
        let own = arguments::callable(&callback, "/callback", "a callable as callback")?;
        let number = self.listeners.add(py, own);
        Ok(Subscription { callbacks: Arc::clone(&self.listeners), number })
    }

    /// Whether it was closed.
    #[getter]
    #[pyo3(name = "closed")]
    fn has_closed(&self) -> bool {
        self.is_closed()
    }
    /// Ends callbacks and decisions: from now on, calls raise `ClosedError`. Again is nothing.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_closed() {
            return Ok(());
        }
        let Some(reader) = self.reader.lend(py) else {
            let message = "expected an engine that is not deciding, found one in the middle of a decision";
            return Err(wrong_use(py, Code::BadArgument, message));
        };
        // Whoever comes by the short way finds it taken, and looks why.
        std::mem::forget(reader);
        self.closed.store(true, Ordering::Relaxed);
        let told = self.told.lend(py).and_then(|mut told| told.take());
        drop(told);
        self.__clear__(py);
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
        format!("Engine(version={})", self.engine.version())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.listeners.visit(&visit)?;
        // SAFETY: the collector runs with the GIL.
        let py = unsafe { Python::assume_attached() };
        if let Some(clock) = self.clock.as_ref().and_then(|clock| clock.0.lend(py)) {
            visit.call(&*clock)?;
        }
        Ok(())
    }

    fn __clear__(&self, py: Python<'_>) {
        self.listeners.clear(py);
        let clock = self.clock.as_ref().and_then(|clock| clock.0.lend(py)?.take());
        drop(clock);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Freed by who has the GIL; the client may still have the engine in it, and tell it updates.
        Python::attach(|py| self.__clear__(py));
    }
}
