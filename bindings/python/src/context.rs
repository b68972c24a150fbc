//! Contexts: attributes that are set once and checked often.
//!
//! Strings are not copied: the context holds a reference to Python's object, and the engine reads its bytes. That also lets an
//! attribute be set anew for ever without the context growing.

use std::cell::{Cell, UnsafeCell};
use std::collections::BTreeMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString};
use pyo3::{PyTraverseError, PyVisit, ffi};
use tidegate::context::AttributeKey;
use tidegate::error::Code;
use tidegate::value::Number;
use tidegate::{AttributeValue, Subject, Value};

use crate::engine::Engine;
use crate::error::{pointer, wrong_type, wrong_use};
use crate::value;

/// The attributes of one evaluation, of one engine; made by `Engine.context`. Faster than a dict where it is checked more than once.
///
/// >>> import tidegate
/// >>> context = tidegate.Engine().context(user_id="u-1")
/// >>> context.set("plan", "pro"); context.unset("user_id"); context
/// Context({'plan': 'pro'})
///
/// A value is None (missing), a bool, an int, a float, a str, a list or tuple of these, or a mapping; another type is a `TypeError`
/// that names the attribute. An int beyond 64 bits is the nearest float; what is not finite is missing.
#[pyclass(frozen, module = "tidegate", weakref)]
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) engine: Py<Engine>,
    /// So many decisions look at it at this moment, which happens with the GIL.
    readers: Cell<u32>,
    filled: UnsafeCell<Filled>,
}

// SAFETY: touched only by who has the GIL (see `gil`): each method takes a token.
unsafe impl Sync for Context {}

#[derive(Debug)]
struct Filled {
    context: tidegate::Context<'static>,
    /// By attribute, what the context borrows from or was made of.
    kept: Vec<Kept>,
}

#[derive(Debug, Default)]
enum Kept {
    #[default]
    Nothing,
    Text(Py<PyString>),
}

impl Context {
    pub(crate) fn new(engine: Py<Engine>) -> Self {
        let filled = Filled { context: tidegate::Context::new(), kept: Vec::new() };
        Self { engine, readers: Cell::new(0), filled: UnsafeCell::new(filled) }
    }

    /// Looks at the attributes; nobody changes them meanwhile.
    #[inline(always)]
    pub(crate) fn read<R>(&self, _py: Python<'_>, look: impl FnOnce(&tidegate::Context<'static>) -> R) -> R {
        let _reading = Reading::of(&self.readers);
        // SAFETY: `change` finds that somebody reads.
        look(unsafe { &(*self.filled.get()).context })
    }

    fn change<R>(&self, py: Python<'_>, work: impl FnOnce(&mut Filled) -> R) -> PyResult<R> {
        if self.readers.get() != 0 {
            let message =
                "expected a context that is not being evaluated, found one in the middle of a decision";
            return Err(wrong_use(py, Code::BadContext, message));
        }
        // SAFETY: nobody reads, and `work` does not call Python.
        Ok(work(unsafe { &mut *self.filled.get() }))
    }

    pub(crate) fn put(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        object: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let name = value::name(name, Code::BadContext, "")?;
        let found = Found::of(object, &name)?;
        // Not known: no document asks for it, nor will one (SEMANTICS 9.7).
        let Some(key) = self.engine.get().attribute_key(&name) else { return Ok(()) };
        let old = self.change(py, |filled| filled.set(py, key, found))?;
        // Freeing it may run Python.
        drop(old);
        Ok(())
    }

    pub(crate) fn fill(
        &self,
        py: Python<'_>,
        attributes: Option<&Bound<'_, PyAny>>,
        more: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        if let Some(given) = attributes {
            if !value::is_mapping(given)? {
                return Err(wrong_type(Code::BadContext, "", "a mapping as attributes", given));
            }
            for (name, value) in value::items(given, Code::BadContext, "")? {
                self.put(py, &name, &value)?;
            }
        }
        for (name, value) in more.into_iter().flatten() {
            self.put(py, &name, &value)?;
        }
        Ok(())
    }

    /// The attributes by name, for a trace. Of an object, only that it is one is known.
    pub(crate) fn attributes(&self, py: Python<'_>) -> BTreeMap<String, Value> {
        let engine = self.engine.get().engine();
        let names = engine.attributes();
        self.read(py, |context| {
            let all = (0..names.count()).filter_map(|index| u16::try_from(index).ok());
            let named = all.filter_map(|index| {
                let key = AttributeKey::from_index(index);
                let value = match context.value(key) {
                    tidegate::value::ValueRef::Bool(value) => Value::Bool(value),
                    tidegate::value::ValueRef::Number(Number::Int(value)) => Value::Int(value),
                    tidegate::value::ValueRef::Number(Number::Float(value)) => Value::Float(value),
                    tidegate::value::ValueRef::Str(text) => Value::Str(text.into()),
                    tidegate::value::ValueRef::List(list) => list.clone(),
                    tidegate::value::ValueRef::Object => Value::Object(Vec::new()),
                    _ => return None,
                };
                Some((names.name(key)?.to_owned(), value))
            });
            named.collect()
        })
    }
}

/// Counts a reader while it lives.
struct Reading<'c>(&'c Cell<u32>);

impl<'c> Reading<'c> {
    #[inline(always)]
    fn of(readers: &'c Cell<u32>) -> Self {
        readers.set(readers.get().wrapping_add(1));
        Self(readers)
    }
}

impl Drop for Reading<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.set(self.0.get().wrapping_sub(1));
    }
}

/// What an attribute is to be set to.
enum Found {
    Text(Py<PyString>),
    Value(Value),
    Object,
}

impl Found {
    fn of(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Self> {
        let py = object.py();
        if let Ok(string) = object.cast::<PyString>() {
            let place = pointer("", name);
            value::text(string, Code::BadContext, &place)?;
            if object.is_exact_instance_of::<PyString>() {
                return Ok(Self::Text(string.clone().unbind()));
            }
            // A subclass may hold references of its own: its text is enough.
            // SAFETY: a string; a new reference or an error comes back.
            let exact =
                unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyUnicode_FromObject(object.as_ptr()))? };
            return Ok(Self::Text(exact.cast_into::<PyString>()?.unbind()));
        }
        if !value::is_plain(object) && !object.is_instance_of::<PyInt>() && value::is_mapping(object)? {
            return Ok(Self::Object);
        }
        value::attribute(object, &pointer("", name)).map(Self::Value)
    }
}

impl Filled {
    /// Sets an attribute; what was kept for it before.
    fn set(&mut self, py: Python<'_>, key: AttributeKey, found: Found) -> Kept {
        let kept = match found {
            Found::Text(string) => Kept::Text(string),
            Found::Object => {
                self.context.set(key, AttributeValue::Object);
                Kept::Nothing
            }
            Found::Value(value) => {
                self.context.set_owned(key, &value);
                Kept::Nothing
            }
        };
        if let Kept::Text(string) = &kept {
            self.lend(py, key, string);
        }
        if self.kept.len() <= key.index() {
            if matches!(kept, Kept::Nothing) {
                return Kept::Nothing;
            }
            self.kept.resize_with(key.index().saturating_add(1), Kept::default);
        }
        let place = self.kept.get_mut(key.index());
        place.map(|place| std::mem::replace(place, kept)).unwrap_or_default()
    }

    /// Gives the context a string that is kept.
    fn lend(&mut self, py: Python<'_>, key: AttributeKey, string: &Py<PyString>) {
        if let Ok(text) = string.to_str(py) {
            // SAFETY: Python keeps the bytes as long as the string, which is kept until the attribute is set anew.
            let text: &'static str = unsafe { std::mem::transmute::<&str, &'static str>(text) };
            self.context.set(key, text);
        }
    }
}

#[pymethods]
impl Context {
    /// Sets an attribute.
    #[pyo3(signature = (name, value, /))]
    fn set(&self, py: Python<'_>, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.put(py, name, value)
    }

    /// Makes an attribute missing.
    #[pyo3(signature = (name, /))]
    fn unset(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        self.put(py, name, py.None().bind(py))
    }

    /// Sets the attributes of a mapping, and those given by keyword.
    #[pyo3(signature = (attributes = None, /, **more))]
    fn update(
        &self,
        py: Python<'_>,
        attributes: Option<&Bound<'_, PyAny>>,
        more: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        self.fill(py, attributes, more)
    }

    /// Forgets all attributes.
    fn clear(&self, py: Python<'_>) -> PyResult<()> {
        let kept = self.change(py, |filled| {
            filled.context.clear();
            std::mem::take(&mut filled.kept)
        })?;
        drop(kept);
        Ok(())
    }

    /// The attributes that are set, as a dict; of an object, only that it is one is known.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in self.attributes(py) {
            dict.set_item(name, value::to_python(py, &value)?)?;
        }
        Ok(dict)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Context({})", self.to_dict(py)?.repr()?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.engine)
    }
}
