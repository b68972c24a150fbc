//! The few things that the hot methods do with Python's C API by hand.
//!
//! References are counted inline, as the macros of `Python.h` do for the stable ABI of 3.10 that this module is built against: its
//! `Py_INCREF` adds one to `ob_refcnt`. Later interpreters keep to that for such modules (PEP 683, "Stable ABI").

use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use pyo3::PyClass;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyString, PyType};

/// # Safety
/// An object, with the GIL.
#[inline(always)]
unsafe fn count(object: *mut ffi::PyObject) -> *mut isize {
    // SAFETY: the count is the first field of every object of this ABI, one word.
    unsafe { (&raw mut (*object).ob_refcnt).cast() }
}

/// # Safety
/// An object, with the GIL.
#[inline(always)]
pub(crate) unsafe fn incref(object: *mut ffi::PyObject) {
    // SAFETY: the caller's.
    unsafe { *count(object) = (*count(object)).wrapping_add(1) }
}

/// # Safety
/// Null, or an object of which a reference is given up, with the GIL.
#[inline(always)]
pub(crate) unsafe fn release(object: *mut ffi::PyObject) {
    if object.is_null() {
        return;
    }
    // SAFETY: the caller's. The last reference is left to Python, which then frees the object.
    unsafe {
        if *count(object) == 1 {
            ffi::Py_DECREF(object);
        } else {
            *count(object) = (*count(object)).wrapping_sub(1);
        }
    }
}

/// `True` or `False`, a new reference.
#[inline(always)]
pub(crate) fn boolean(_py: Python<'_>, value: bool) -> *mut ffi::PyObject {
    // SAFETY: they always are there.
    unsafe {
        let object = if value { ffi::Py_True() } else { ffi::Py_False() };
        incref(object);
        object
    }
}

/// What a Python object of one of our classes holds.
///
/// # Safety
/// An object of exactly this class, or a subclass, that lives as long as the reference.
#[inline(always)]
pub(crate) unsafe fn held<'a, T: PyClass<Frozen = True> + Sync>(
    py: Python<'a>,
    object: *mut ffi::PyObject,
) -> &'a T {
    // SAFETY: the caller's.
    unsafe {
        let bound = Borrowed::from_ptr(py, object);
        let value: *const T = bound.cast_unchecked::<T>().get();
        &*value
    }
}

/// Where the objects of a class have what they hold, for [`allocate`].
#[derive(Debug)]
pub(crate) struct Layout {
    class: AtomicPtr<ffi::PyTypeObject>,
    /// 0: not known.
    offset: AtomicUsize,
}

impl Layout {
    pub(crate) const fn new() -> Self {
        Self { class: AtomicPtr::new(ptr::null_mut()), offset: AtomicUsize::new(0) }
    }

    /// Looks at an object that PyO3 made. If its class has more than what it holds, it is left to PyO3 for good.
    pub(crate) fn learn<T: PyClass<Frozen = True> + Sync>(&self, made: &Bound<'_, T>) -> PyResult<()> {
        let offset = (ptr::from_ref(made.get()) as usize).wrapping_sub(made.as_ptr() as usize);
        let class = made.as_any().get_type();
        let size: usize = class.getattr("__basicsize__")?.extract()?;
        if size == offset.wrapping_add(size_of::<T>()) {
            self.class.store(class.as_type_ptr(), Ordering::Relaxed);
            self.offset.store(offset, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// A new object, as PyO3 makes it, but without what it does for classes in general.
///
/// # Safety
/// The layout is that of this class.
#[inline(always)]
pub(crate) unsafe fn allocate<T>(py: Python<'_>, layout: &Layout, value: T) -> PyResult<*mut ffi::PyObject>
where
    T: PyClass<Frozen = True> + Sync + Into<pyo3::PyClassInitializer<T>>,
{
    let offset = layout.offset.load(Ordering::Relaxed);
    if offset == 0 {
        return Py::new(py, value).map(Py::into_ptr);
    }
    // SAFETY: a class, which is not collected by the collector and has no size of its own.
    let object = unsafe { ffi::PyType_GenericAlloc(layout.class.load(Ordering::Relaxed), 0) };
    if object.is_null() {
        return Err(PyErr::fetch(py));
    }
    // SAFETY: the object has room for it there, as `learn` saw.
    unsafe { object.cast::<u8>().add(offset).cast::<T>().write(value) };
    Ok(object)
}

/// A method that takes one argument.
pub(crate) type OneArgument =
    unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;

/// A method that does nothing, to measure against.
#[cfg(feature = "bench")]
pub(crate) unsafe extern "C" fn nothing(
    _object: *mut ffi::PyObject,
    argument: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: methods are called with the GIL.
    let py = unsafe { Python::assume_attached() };
    boolean(py, !std::hint::black_box(argument).is_null())
}

/// Adds a method to a class, without what PyO3 does around each call.
pub(crate) fn add_method(
    class: &Bound<'_, PyType>,
    name: &'static std::ffi::CStr,
    method: ffi::PyMethodDefPointer,
    flags: c_int,
    doc: &'static std::ffi::CStr,
) -> PyResult<()> {
    let definition =
        ffi::PyMethodDef { ml_name: name.as_ptr(), ml_meth: method, ml_flags: flags, ml_doc: doc.as_ptr() };
    // It is used as long as the class, which is as long as the process.
    let definition = Box::leak(Box::new(definition));
    // SAFETY: a class, and a definition that stays; a new reference or an error comes back.
    let method = unsafe {
        Bound::from_owned_ptr_or_err(
            class.py(),
            ffi::PyDescr_NewMethod(class.as_type_ptr(), std::ptr::from_mut(definition)),
        )?
    };
    class.setattr(PyString::new(class.py(), &name.to_string_lossy()), method)
}
