//! A dict, or another mapping, as the engine reads it: lazily, where it lives.
//!
//! ```text
//!  program asks for `plan` ─▶ known already? ─▶ slot { reference, word, text, hash, version }
//!                              no └▶ dict lookup by the interned name ─▶ one new reference, kept until the decision is made
//! ```
//! Strings are borrowed: the engine compares the bytes that Python holds. What an attribute is, is found out once a decision.
//!
//! INVARIANT: a value that was fetched is kept alive by a reference of ours, because a later look-up can run Python code (a key
//! with an `__eq__` of its own, a mapping's `get`) that takes it out of the dict.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::mem::MaybeUninit;

use pyo3::exceptions::PyKeyError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use tidegate::bucket::unit_hash;
use tidegate::context::{AttributeKey, Attributes, unit_of};
use tidegate::error::Code;
use tidegate::operand::version::{Packed, pack};
use tidegate::operand::word;
use tidegate::value::{Number, ValueRef};
use tidegate::{Subject, Value};

use crate::error::{pointer, wrong_type, wrong_value};
use crate::names::Names;
use crate::raw;
use crate::value::{attribute, is_mapping, is_plain, number};

/// Attributes with a slot of their own on the stack.
const NEAR: usize = 32;

/// How a mapping is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asked {
    /// A `dict`, and no subclass of it: directly.
    Dict,
    /// Anything else: by its `get`.
    Mapping,
}

/// What an attribute was found to be.
struct Slot {
    word: u64,
    seen: Seen,
    hash: Cell<u64>,
    version: Cell<Option<Packed>>,
    /// Ours, or null.
    held: *mut ffi::PyObject,
}

enum Seen {
    Bool(bool),
    Float(f64),
    Int(i64),
    List(Box<Value>),
    Missing,
    Object,
    /// Bytes of UTF-8 that `held` owns.
    Text(*const u8, usize),
}

/// A mapping during one decision.
pub(crate) struct Mapped<'a> {
    py: Python<'a>,
    mapping: *mut ffi::PyObject,
    asked: Asked,
    names: &'a Names,
    attributes: &'a Attributes,
    /// A bit for each slot of `near` that is filled.
    known: Cell<u32>,
    near: [UnsafeCell<MaybeUninit<Slot>>; NEAR],
    #[expect(clippy::vec_box, reason = "slots must not move when others are added")]
    far: RefCell<Vec<Box<(AttributeKey, Slot)>>>,
    error: Cell<Option<Box<PyErr>>>,
}

impl<'a> Mapped<'a> {
    /// # Safety
    /// `mapping` is a dict (`Asked::Dict`) or some object, and stays alive.
    #[inline(always)]
    pub(crate) unsafe fn new(
        py: Python<'a>,
        mapping: *mut ffi::PyObject,
        asked: Asked,
        names: &'a Names,
        attributes: &'a Attributes,
    ) -> Self {
        Self {
            py,
            mapping,
            asked,
            names,
            attributes,
            known: Cell::new(0),
            near: [const { UnsafeCell::new(MaybeUninit::uninit()) }; NEAR],
            far: RefCell::new(Vec::new()),
            error: Cell::new(None),
        }
    }

    /// What went wrong, if something did: then the decision means nothing.
    #[inline(always)]
    pub(crate) fn failure(&self) -> Option<Box<PyErr>> {
        self.error.take()
    }

    #[inline(always)]
    fn slot(&self, attribute: AttributeKey) -> &Slot {
        let index = attribute.index();
        let Some(place) = self.near.get(index) else { return self.far_slot(attribute) };
        if self.known.get() & 1 << index == 0 {
            // It may run Python, but nobody else has this subject: until then, the slot is empty.
            // SAFETY: nobody has a reference to an empty slot.
            self.fetch(attribute, unsafe { &mut *place.get() });
            self.known.set(self.known.get() | 1 << index);
        }
        // SAFETY: it is filled, and is not changed before the end.
        unsafe { (*place.get()).assume_init_ref() }
    }

    #[cold]
    #[inline(never)]
    fn far_slot(&self, attribute: AttributeKey) -> &Slot {
        let find = |far: &Vec<Box<(AttributeKey, Slot)>>| {
            far.iter().find(|entry| entry.0 == attribute).map(|entry| &raw const entry.1)
        };
        let known = find(&self.far.borrow());
        let slot = known.unwrap_or_else(|| {
            let mut place = MaybeUninit::uninit();
            self.fetch(attribute, &mut place);
            // SAFETY: it was filled.
            let entry = Box::new((attribute, unsafe { place.assume_init() }));
            let slot = &raw const entry.1;
            self.far.borrow_mut().push(entry);
            slot
        });
        // SAFETY: in a box that stays until the end, and is not changed before.
        unsafe { &*slot }
    }

    /// Fills the slot of an attribute, in its place: a slot that is handed on is copied on its way.
    #[inline(never)]
    fn fetch(&self, attribute: AttributeKey, place: &mut MaybeUninit<Slot>) {
        let name = self.names.of(self.py, attribute, self.attributes);
        if name.is_null() || self.asked == Asked::Mapping {
            place.write(self.fetch_by_call(attribute, name));
            return;
        }
        // SAFETY: a dict and a string; a borrowed reference comes back, or null and perhaps an error.
        let value = unsafe { ffi::PyDict_GetItemWithError(self.mapping, name) };
        if value.is_null() {
            place.write(Slot::missing());
            // SAFETY: called with the GIL.
            if unsafe { !ffi::PyErr_Occurred().is_null() } {
                self.failed(attribute);
            }
            return;
        }
        // SAFETY: an object.
        unsafe { raw::incref(value) };
        self.look(attribute, value, place);
    }

    /// What an object is, a reference to which is given away.
    #[inline(always)]
    fn look(&self, attribute: AttributeKey, value: *mut ffi::PyObject, place: &mut MaybeUninit<Slot>) {
        // SAFETY: an object, as in all of this function.
        let kind = unsafe { ffi::Py_TYPE(value) };
        if kind == &raw mut ffi::PyUnicode_Type {
            let mut len = 0;
            // SAFETY: a string, and a place for its length.
            let text = unsafe { ffi::PyUnicode_AsUTF8AndSize(value, &raw mut len) };
            if !text.is_null() {
                let (text, len) = (text.cast::<u8>(), len.unsigned_abs());
                // SAFETY: so many bytes are there, as long as the string is.
                let word = word::of(unsafe { std::slice::from_raw_parts(text, len) });
                place.write(Slot::holding(value, Seen::Text(text, len), word));
                return;
            }
            // Found once more below, with its place; nothing may be called with an error set.
            // SAFETY: called with the GIL.
            unsafe { ffi::PyErr_Clear() };
        } else if kind == &raw mut ffi::PyLong_Type {
            let mut overflow = 0;
            // SAFETY: an int, and a place for the flag.
            let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(value, &raw mut overflow) };
            if overflow == 0 {
                place.write(Slot::holding(value, Seen::Int(small), word::INT));
                return;
            }
        }
        place.write(self.look_further(attribute, value));
    }

    #[inline(never)]
    fn look_further(&self, key: AttributeKey, value: *mut ffi::PyObject) -> Slot {
        // SAFETY: a reference that is ours.
        let value = unsafe { Bound::from_owned_ptr(self.py, value) };
        match self.kind_of(key, &value) {
            Ok((seen, word)) => Slot::holding(value.into_ptr(), seen, word),
            Err(error) => {
                self.fail(error);
                Slot::missing()
            }
        }
    }

    fn kind_of(&self, key: AttributeKey, value: &Bound<'a, PyAny>) -> PyResult<(Seen, u64)> {
        let place = || pointer("", self.attributes.name(key).unwrap_or(""));
        if let Ok(string) = value.cast::<pyo3::types::PyString>() {
            let text = crate::value::text(string, Code::BadContext, &place())?;
            return Ok((Seen::Text(text.as_ptr(), text.len()), word::of(text.as_bytes())));
        }
        // Not read: only that it is one can be tested.
        if !is_plain(value) && is_mapping(value)? {
            return Ok((Seen::Object, word::OBJECT));
        }
        let found = match value.cast::<pyo3::types::PyInt>() {
            Ok(int) if !value.is_instance_of::<pyo3::types::PyBool>() => match number(int)? {
                Value::Float(float) => Value::from_f64(float).unwrap_or_default(),
                int => int,
            },
            _ => attribute(value, &place())?,
        };
        Ok(match found {
            Value::Null => (Seen::Missing, word::MISSING),
            Value::Bool(value) => (Seen::Bool(value), if value { word::TRUE } else { word::FALSE }),
            Value::Int(value) => (Seen::Int(value), word::INT),
            Value::Float(value) => (Seen::Float(value), word::FLOAT),
            list @ (Value::Strings(_) | Value::List(_)) => (Seen::List(Box::new(list)), word::LIST),
            // Strings and mappings were seen above.
            _ => (Seen::Object, word::OBJECT),
        })
    }

    #[cold]
    #[inline(never)]
    fn fetch_by_call(&self, attribute: AttributeKey, name: *mut ffi::PyObject) -> Slot {
        if name.is_null() {
            self.failed(attribute);
            return Slot::missing();
        }
        // SAFETY: objects that live.
        let (mapping, name) = unsafe {
            (Bound::from_borrowed_ptr(self.py, self.mapping), Bound::from_borrowed_ptr(self.py, name))
        };
        match mapping.call_method1(intern!(self.py, "get"), (name,)) {
            Ok(value) => self.look_further(attribute, value.into_ptr()),
            Err(error) if error.is_instance_of::<PyKeyError>(self.py) => Slot::missing(),
            Err(error) => {
                self.fail(error);
                Slot::missing()
            }
        }
    }

    /// An attribute whose look-up left an error.
    #[cold]
    #[inline(never)]
    fn failed(&self, attribute: AttributeKey) {
        if let Some(error) = PyErr::take(self.py) {
            self.fail(error);
        } else {
            let place = pointer("", self.attributes.name(attribute).unwrap_or(""));
            self.fail(wrong_value(self.py, Code::BadContext, &place, "the attribute cannot be looked up"));
        }
    }

    /// The first error counts.
    #[cold]
    fn fail(&self, error: PyErr) {
        let first = self.error.take().unwrap_or_else(|| Box::new(error));
        self.error.set(Some(first));
    }
}

impl Slot {
    #[inline(always)]
    fn holding(held: *mut ffi::PyObject, seen: Seen, word: u64) -> Self {
        Self { word, seen, hash: Cell::new(0), version: Cell::new(None), held }
    }

    const fn missing() -> Self {
        let held = std::ptr::null_mut();
        Self { word: word::MISSING, seen: Seen::Missing, hash: Cell::new(0), version: Cell::new(None), held }
    }

    #[inline(always)]
    fn text(&self) -> Option<&[u8]> {
        match self.seen {
            // SAFETY: `held` owns these bytes, and is kept as long as the slot.
            Seen::Text(text, len) => Some(unsafe { std::slice::from_raw_parts(text, len) }),
            _ => None,
        }
    }

    fn value(&self) -> ValueRef<'_> {
        match &self.seen {
            Seen::Bool(value) => ValueRef::Bool(*value),
            Seen::Float(value) => ValueRef::Number(Number::Float(*value)),
            Seen::Int(value) => ValueRef::Number(Number::Int(*value)),
            Seen::List(list) => ValueRef::List(list),
            Seen::Missing => ValueRef::Missing,
            Seen::Object => ValueRef::Object,
            Seen::Text(..) => {
                let text = self.text().unwrap_or_default();
                // SAFETY: Python says that it is UTF-8.
                ValueRef::Str(unsafe { std::str::from_utf8_unchecked(text) })
            }
        }
    }

    #[inline(always)]
    fn unit(&self) -> Option<u64> {
        match self.hash.get() {
            0 => self.unit_now(),
            known => Some(known),
        }
    }

    /// INVARIANT: `hash` is set only for what is a unit.
    #[inline(always)]
    fn unit_now(&self) -> Option<u64> {
        let hash = match self.seen {
            // SAFETY: `held` owns these bytes.
            Seen::Text(text, len) if len > 0 => unit_hash(unsafe { std::slice::from_raw_parts(text, len) }),
            _ => self.unit_further()?,
        };
        self.hash.set(hash);
        Some(hash)
    }

    #[cold]
    #[inline(never)]
    fn unit_further(&self) -> Option<u64> {
        unit_of(self.value())
    }

    #[inline(never)]
    fn version_now(&self) -> Packed {
        let packed = self.text().map_or(Packed::INVALID, pack);
        self.version.set(Some(packed));
        packed
    }
}

impl Subject for Mapped<'_> {
    fn value(&self, attribute: AttributeKey) -> ValueRef<'_> {
        self.slot(attribute).value()
    }

    #[inline(always)]
    fn word(&self, attribute: AttributeKey) -> u64 {
        self.slot(attribute).word
    }

    #[inline]
    fn text(&self, attribute: AttributeKey) -> Option<&[u8]> {
        self.slot(attribute).text()
    }

    #[inline]
    fn text_hash(&self, attribute: AttributeKey) -> u64 {
        let slot = self.slot(attribute);
        slot.unit().unwrap_or_else(|| slot.text().map_or(0, unit_hash))
    }

    #[inline(always)]
    fn unit(&self, attribute: AttributeKey) -> Option<u64> {
        self.slot(attribute).unit()
    }

    #[inline(always)]
    fn version(&self, attribute: AttributeKey) -> Packed {
        let slot = self.slot(attribute);
        match slot.version.get() {
            None => slot.version_now(),
            Some(known) => known,
        }
    }
}

impl Drop for Mapped<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        let mut known = self.known.get();
        while known != 0 {
            let index = known.trailing_zeros() as usize;
            known &= known.wrapping_sub(1);
            if let Some(place) = self.near.get_mut(index) {
                // SAFETY: it is filled, and nobody looks at it any more.
                unsafe { place.get_mut().assume_init_drop() };
            }
        }
    }
}

impl Drop for Slot {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: null, or a reference that is ours.
        unsafe { raw::release(self.held) };
    }
}

/// Whether an object can be read as attributes, and how; else a `TypeError`.
#[cold]
#[inline(never)]
pub(crate) fn asked(object: &Bound<'_, PyAny>) -> PyResult<Asked> {
    if is_mapping(object)? {
        return Ok(Asked::Mapping);
    }
    Err(wrong_type(Code::BadContext, "", "a Context or a mapping as context", object))
}
