//! The way of a decision from Python's call to the engine and back: by hand, because each nanosecond shows.
//!
//! ```text
//!  gate.check(context) ─▶ METH_O ─▶ reader of the engine (lent, no lock) ─▶ Context: its slots
//!                                                                        └▶ dict: `Mapped`, read by need
//! ```
//! One reader an engine is enough: the GIL lets one thread in at a time. Who comes back in the middle of a decision, through Python
//! code that the decision ran, is given a reader of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};
use tidegate::error::Code;
use tidegate::{Reader, Subject};

use crate::context::Context;
use crate::decision::{Decision, Kept, Loose, loosen};
use crate::engine::Engine;
use crate::error::{closed, other_engine, wrong_type};
use crate::handle::{Feature, Gate};
use crate::raw;
use crate::subject::{Asked, Mapped, asked};
use crate::value;

/// The class of contexts, which has no subclasses.
static CONTEXT: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// What is asked about a subject, of whichever kind.
pub(crate) trait Ask {
    type Answer;
    fn ask(self, subject: &impl Subject) -> Self::Answer;
}

/// Asks about a context or a mapping.
///
/// # Safety
/// `context` is an object that lives.
#[inline(always)]
pub(crate) unsafe fn about<A: Ask>(
    py: Python<'_>,
    engine: &Engine,
    context: *mut ffi::PyObject,
    ask: A,
) -> PyResult<A::Answer> {
    // SAFETY: the caller's.
    let kind = unsafe { ffi::Py_TYPE(context) };
    if kind == CONTEXT.load(Ordering::Relaxed) {
        // SAFETY: of exactly this class.
        let context: &Context = unsafe { raw::held(py, context) };
        if !ptr::eq(context.engine.get(), engine) {
            return Err(other_engine(py, "a context"));
        }
        return Ok(context.read(py, |context| ask.ask(context)));
    }
    let how = if kind == &raw mut ffi::PyDict_Type {
        Asked::Dict
    } else {
        // SAFETY: the caller's.
        asked(&unsafe { Bound::from_borrowed_ptr(py, context) })?
    };
    let names = engine.names();
    // SAFETY: a dict, or looked at above.
    let subject = unsafe { Mapped::new(py, context, how, names, engine.engine().attributes()) };
    let answer = ask.ask(&subject);
    match subject.failure() {
        None => Ok(answer),
        Some(error) => Err(*error),
    }
}

/// What is asked of a reader.
pub(crate) trait Read {
    type Answer;
    fn read(self, reader: &mut Reader, subject: &impl Subject) -> Self::Answer;
}

struct By<'r, R>(&'r mut Reader, R);

impl<R: Read> Ask for By<'_, R> {
    type Answer = R::Answer;

    #[inline(always)]
    fn ask(self, subject: &impl Subject) -> R::Answer {
        self.1.read(self.0, subject)
    }
}

/// Reads with the engine's reader.
///
/// # Safety
/// As of [`about`].
#[inline(always)]
pub(crate) unsafe fn read<R: Read>(
    py: Python<'_>,
    engine: &Engine,
    context: *mut ffi::PyObject,
    what: R,
) -> PyResult<R::Answer> {
    match engine.reader(py) {
        // SAFETY: the caller's.
        Some(mut reader) => unsafe { about(py, engine, context, By(&mut reader, what)) },
        // SAFETY: the caller's.
        None => unsafe { read_again(py, engine, context, what) },
    }
}

/// In the middle of another decision, or on a closed engine.
#[cold]
#[inline(never)]
unsafe fn read_again<R: Read>(
    py: Python<'_>,
    engine: &Engine,
    context: *mut ffi::PyObject,
    what: R,
) -> PyResult<R::Answer> {
    if engine.is_closed() {
        return Err(closed(py, "an engine"));
    }
    let mut reader = engine.engine().reader();
    // SAFETY: the caller's.
    unsafe { about(py, engine, context, By(&mut reader, what)) }
}

struct Check(tidegate::Gate);

impl Read for Check {
    type Answer = bool;

    #[inline(always)]
    fn read(self, reader: &mut Reader, subject: &impl Subject) -> bool {
        reader.check(self.0, subject)
    }
}

struct CheckName<'n>(&'n str);

impl Read for CheckName<'_> {
    type Answer = bool;

    #[inline(always)]
    fn read(self, reader: &mut Reader, subject: &impl Subject) -> bool {
        reader.check_name(self.0, subject)
    }
}

/// Decides, and keeps the program.
pub(crate) struct Decide<'e, 'py>(
    pub(crate) Python<'py>,
    pub(crate) &'e Engine,
    pub(crate) tidegate::Feature,
);

impl Read for Decide<'_, '_> {
    type Answer = PyResult<(Loose, Py<Kept>)>;

    #[inline(always)]
    fn read(self, reader: &mut Reader, subject: &impl Subject) -> Self::Answer {
        // SAFETY: its program is kept right after, while the reader still has it.
        let made = unsafe { loosen(reader.decide(self.2, subject)) };
        Ok((made, self.1.keep(self.0, reader.program())?))
    }
}

/// Decides a feature.
///
/// # Safety
/// As of [`about`].
#[inline(always)]
pub(crate) unsafe fn decide(
    py: Python<'_>,
    engine: &Engine,
    feature: tidegate::Feature,
    context: *mut ffi::PyObject,
) -> PyResult<Decision> {
    // SAFETY: the caller's.
    let (made, kept) = unsafe { read(py, engine, context, Decide(py, engine, feature)) }??;
    // SAFETY: kept is the program that made it.
    Ok(unsafe { Decision::of(made, kept) })
}

/// Runs what a method does; a panic is an error like others.
#[inline(always)]
fn guarded(work: impl FnOnce(Python<'_>) -> PyResult<*mut ffi::PyObject>) -> *mut ffi::PyObject {
    // SAFETY: methods are called with the GIL.
    let py = unsafe { Python::assume_attached() };
    match catch_unwind(AssertUnwindSafe(|| work(py))) {
        Ok(Ok(object)) => object,
        Ok(Err(error)) => failed(py, error),
        Err(_) => failed(py, PyRuntimeError::new_err("tidegate has a defect: it panicked")),
    }
}

#[cold]
#[inline(never)]
fn failed(py: Python<'_>, error: PyErr) -> *mut ffi::PyObject {
    error.restore(py);
    ptr::null_mut()
}

unsafe extern "C" fn gate_check(gate: *mut ffi::PyObject, context: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guarded(|py| {
        // SAFETY: a method of this class.
        let gate: &Gate = unsafe { raw::held(py, gate) };
        // SAFETY: an argument, which lives during the call.
        let on = unsafe { read(py, gate.engine.get(), context, Check(gate.gate)) }?;
        Ok(raw::boolean(py, on))
    })
}

unsafe extern "C" fn feature_decide(
    feature: *mut ffi::PyObject,
    context: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(|py| {
        // SAFETY: a method of this class.
        let feature: &Feature = unsafe { raw::held(py, feature) };
        // SAFETY: an argument, which lives during the call.
        let decision = unsafe { decide(py, feature.engine.get(), feature.feature, context) }?;
        decision.into_object(py)
    })
}

unsafe extern "C" fn engine_check(
    engine: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(|py| {
        // SAFETY: a method of this class.
        let own: &Engine = unsafe { raw::held(py, engine) };
        if count == 2 && keywords.is_null() {
            // SAFETY: two arguments, which live during the call.
            let (name, context) = unsafe { (Borrowed::from_ptr(py, *arguments), *arguments.add(1)) };
            // SAFETY: as above.
            let on = unsafe { read(py, own, context, CheckName(feature_name(&name)?)) }?;
            return Ok(raw::boolean(py, on));
        }
        // SAFETY: as Python gives them.
        let answer = unsafe { check_or_default(py, own, arguments, count, keywords) }?;
        Ok(answer.into_ptr())
    })
}

/// The name of a feature.
#[inline]
pub(crate) fn feature_name<'a>(name: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    match name.cast::<PyString>() {
        Ok(name) => value::text(name, Code::BadArgument, "/name"),
        Err(_) => Err(wrong_type(Code::BadArgument, "/name", "a str as name of a feature", name)),
    }
}

/// `check` with a default, which counts where no value is served.
///
/// # Safety
/// Arguments as Python gives them to a function of `METH_FASTCALL | METH_KEYWORDS`.
#[cold]
unsafe fn check_or_default<'py>(
    py: Python<'py>,
    engine: &Engine,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    keywords: *mut ffi::PyObject,
) -> PyResult<Bound<'py, PyAny>> {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: the caller's.
    let at = |index: usize| unsafe { Bound::from_borrowed_ptr(py, *arguments.add(index)) };
    let mut default = None;
    if !keywords.is_null() {
        // SAFETY: a tuple of names.
        let names = unsafe { Bound::from_borrowed_ptr(py, keywords) }.cast_into::<PyTuple>()?;
        for (index, name) in names.iter().enumerate() {
            if name.extract::<&str>()? != "default" {
                let message = format!("check() got an unexpected keyword argument {}", name.repr()?);
                return Err(pyo3::exceptions::PyTypeError::new_err(message));
            }
            default = Some(at(count.saturating_add(index)));
        }
    }
    let most = if default.is_some() { 2 } else { 3 };
    if count < 2 || count > most {
        let message =
            format!("check() takes a name, a context and perhaps a default, {count} arguments were given");
        return Err(pyo3::exceptions::PyTypeError::new_err(message));
    }
    let (name, context) = (at(0), at(1));
    if count > 2 {
        default = Some(at(2));
    }
    // SAFETY: an argument.
    let decision = unsafe { engine.decide_name(py, feature_name(&name)?, context.as_ptr()) }?;
    match default {
        Some(default) if !decision.has_value() => Ok(default),
        _ => Ok(pyo3::types::PyBool::new(py, decision.is_on()).to_owned().into_any()),
    }
}

/// Gives the classes their hot methods.
pub(crate) fn add_methods(py: Python<'_>) -> PyResult<()> {
    let one = |class: &Bound<'_, PyType>, name, method: raw::OneArgument, doc| {
        raw::add_method(class, name, ffi::PyMethodDefPointer { PyCFunction: method }, ffi::METH_O, doc)
    };
    CONTEXT.store(py.get_type::<Context>().as_type_ptr(), Ordering::Relaxed);
    one(
        &py.get_type::<Gate>(),
        c"check",
        gate_check,
        c"check($self, context, /)\n--\n\nWhether the gate is on for a context.",
    )?;
    one(
        &py.get_type::<Feature>(),
        c"decide",
        feature_decide,
        c"decide($self, context, /)\n--\n\nThe decision for a context.",
    )?;
    raw::add_method(
        &py.get_type::<Engine>(),
        c"check",
        ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: engine_check },
        ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        c"check($self, name, context, /, default=None)\n--\n\nWhether a gate is on; the default where no value is served.",
    )
}
