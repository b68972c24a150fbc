//! The names of an engine's attributes as Python's strings, interned: what dicts are asked by.

use std::cell::{Cell, OnceCell};
use std::ffi::CString;
use std::ptr;

use pyo3::ffi;
use pyo3::prelude::*;
use tidegate::AttributeKey;
use tidegate::context::Attributes;

/// So many attributes are found at once.
const NEAR: usize = 32;
const BLOCK: usize = 64;
/// Enough for all keys that an engine can have.
const BLOCKS: usize = 128;

/// By attribute its name, made when it is first asked for.
///
/// Append-only, and its blocks never move: who reads it may be interrupted by others who add to it.
pub(crate) struct Names {
    /// Those of the first attributes once more, borrowed: found by one load.
    near: [Cell<*mut ffi::PyObject>; NEAR],
    blocks: [OnceCell<Box<[Cell<*mut ffi::PyObject>; BLOCK]>>; BLOCKS],
}

// SAFETY: touched only by who has the GIL, as everything that takes a token here.
unsafe impl Send for Names {}
// SAFETY: as above.
unsafe impl Sync for Names {}

impl Names {
    pub(crate) fn new() -> Self {
        let near = [const { Cell::new(ptr::null_mut()) }; NEAR];
        Self { near, blocks: [const { OnceCell::new() }; BLOCKS] }
    }

    /// A borrowed reference to the name of an attribute; null if there is none, or no memory: then an error may be set.
    #[inline(always)]
    pub(crate) fn of(&self, py: Python<'_>, attribute: AttributeKey, all: &Attributes) -> *mut ffi::PyObject {
        match self.near.get(attribute.index()).map(Cell::get) {
            Some(name) if !name.is_null() => name,
            _ => self.far(py, attribute, all),
        }
    }

    #[inline(never)]
    fn far(&self, py: Python<'_>, attribute: AttributeKey, all: &Attributes) -> *mut ffi::PyObject {
        let index = attribute.index();
        let block = self.blocks.get(index / BLOCK).and_then(OnceCell::get);
        match block.and_then(|block| block.get(index % BLOCK)).map(Cell::get) {
            Some(name) if !name.is_null() => name,
            _ => self.add(py, attribute, all),
        }
    }

    #[cold]
    #[inline(never)]
    fn add(&self, _py: Python<'_>, attribute: AttributeKey, all: &Attributes) -> *mut ffi::PyObject {
        let index = attribute.index();
        let Some(block) = self.blocks.get(index / BLOCK) else { return ptr::null_mut() };
        let block = block.get_or_init(|| Box::new([const { Cell::new(ptr::null_mut()) }; BLOCK]));
        let (Some(place), Some(name)) = (block.get(index % BLOCK), all.name(attribute)) else {
            return ptr::null_mut();
        };
        let made = intern(name);
        place.set(made);
        if let Some(near) = self.near.get(index) {
            near.set(made);
        }
        made
    }
}

/// A new reference to the interned string of a text, or null.
fn intern(text: &str) -> *mut ffi::PyObject {
    match CString::new(text) {
        // SAFETY: a text that ends with zero.
        Ok(text) => unsafe { ffi::PyUnicode_InternFromString(text.as_ptr()) },
        // With a zero in it: not interned, and therefore compared by its text.
        Err(_) => {
            let len = isize::try_from(text.len()).unwrap_or(isize::MAX);
            // SAFETY: a text and its length, which no text exceeds that there is.
            unsafe { ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), len) }
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // Its owner is a Python object, which is freed by who has the GIL.
        for place in self.blocks.iter().filter_map(OnceCell::get).flat_map(|block| block.iter()) {
            // SAFETY: null, or a reference that is its own.
            unsafe { ffi::Py_XDECREF(place.replace(ptr::null_mut())) };
        }
    }
}
