//! The few things that the hot methods do with Python's C API by hand.
//!
//! References are counted inline, as the macros of `Python.h` do for the stable ABI of 3.10 that this module is built against: its
//! `Py_INCREF` adds one to `ob_refcnt`. Later interpreters keep to that for such modules (PEP 683, "Stable ABI").

use std::ffi::c_int;

use pyo3::PyClass;
use pyo3::ffi;
use pyo3::prelude::*;
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
pub(crate) unsafe fn held<'a, T: PyClass<Frozen = pyo3::pyclass::boolean_struct::True> + Sync>(
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

/// A method that takes one argument.
pub(crate) type OneArgument =
    unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;

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
