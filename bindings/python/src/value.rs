//! JSON values to Python and back.

use pyo3::exceptions::{PyOverflowError, PyUnicodeError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use tidegate::Value;
use tidegate::error::Code;
use tidegate::value::StringList;

use crate::error::{of_package, pointer, wrong_type, wrong_value};

/// How deep a value from Python may be nested.
const DEEPEST: usize = 128;

/// How many values one from Python may consist of, so that a structure that contains itself comes to an end.
const MOST: usize = 1_000_000;

const EXPECTED: &str = "None, bool, int, float, str, a list, a tuple or a mapping";

/// A value as Python has it.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Value::Int(value) => value.into_pyobject(py)?.into_any(),
        Value::Float(value) => PyFloat::new(py, *value).into_any(),
        Value::Str(text) => PyString::new(py, text).into_any(),
        Value::Strings(list) => PyList::new(py, list)?.into_any(),
        Value::List(list) => {
            let items: PyResult<Vec<_>> = list.iter().map(|item| to_python(py, item)).collect();
            PyList::new(py, items?)?.into_any()
        }
        Value::Object(members) => {
            let dict = PyDict::new(py);
            for (name, value) in members {
                dict.set_item(&**name, to_python(py, value)?)?;
            }
            dict.into_any()
        }
        _ => py.None().into_bound(py),
    })
}

/// The text of a string; an error with its place if it has a lone surrogate.
pub(crate) fn text<'a>(string: &'a Bound<'_, PyString>, code: Code, place: &str) -> PyResult<&'a str> {
    let message = "expected text, found a string with a lone surrogate";
    string.to_str().map_err(|error| match error.is_instance_of::<PyUnicodeError>(string.py()) {
        true => wrong_value(string.py(), code, place, message),
        false => error,
    })
}

/// An integer: exact if it fits 64 bits, else the nearest double; what is beyond doubles is infinite.
pub(crate) fn number(int: &Bound<'_, PyInt>) -> PyResult<Value> {
    let py = int.py();
    let mut overflow = 0;
    // SAFETY: an int, and a place for the flag.
    let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(int.as_ptr(), &raw mut overflow) };
    if overflow == 0 {
        return Ok(Value::Int(small));
    }
    // SAFETY: an int.
    let large = unsafe { ffi::PyLong_AsDouble(int.as_ptr()) };
    if large == -1.0
        && let Some(error) = PyErr::take(py)
    {
        if !error.is_instance_of::<PyOverflowError>(py) {
            return Err(error);
        }
        return Ok(Value::Float(f64::INFINITY.copysign(f64::from(overflow))));
    }
    Ok(Value::Float(large))
}

/// The value of an argument; a number that is not finite is an error.
pub(crate) fn argument(object: &Bound<'_, PyAny>, place: &str) -> PyResult<Value> {
    nested(object, place, DEEPEST, &mut Reading { code: Code::BadArgument, left: MOST })
}

/// The value of an attribute; a number that is not finite is null, as if it were not there.
pub(crate) fn attribute(object: &Bound<'_, PyAny>, place: &str) -> PyResult<Value> {
    nested(object, place, DEEPEST, &mut Reading { code: Code::BadContext, left: MOST })
}

struct Reading {
    /// What is wrong if something is wrong.
    code: Code,
    /// So many values more may follow.
    left: usize,
}

fn nested(object: &Bound<'_, PyAny>, place: &str, depth: usize, reading: &mut Reading) -> PyResult<Value> {
    let py = object.py();
    reading.left = reading.left.checked_sub(1).ok_or_else(|| too_many(py, reading.code, place))?;
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(value) = object.cast::<PyBool>() {
        return Ok(Value::Bool(value.is_true()));
    }
    if let Ok(string) = object.cast::<PyString>() {
        return Ok(Value::Str(text(string, reading.code, place)?.into()));
    }
    let number = if let Ok(int) = object.cast::<PyInt>() {
        Some(number(int)?)
    } else if let Ok(float) = object.cast::<PyFloat>() {
        Some(Value::Float(float.value()))
    } else {
        index(object)?.map(|int| number(&int)).transpose()?
    };
    match number {
        Some(Value::Float(float)) => {
            return match Value::from_f64(float) {
                Some(value) => Ok(value),
                None if reading.code == Code::BadArgument => Err(wrong_value(
                    py,
                    reading.code,
                    place,
                    "expected a finite number, found one that is not",
                )),
                None => Ok(Value::Null),
            };
        }
        Some(number) => return Ok(number),
        None => {}
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Err(wrong_value(
            py,
            reading.code,
            place,
            "expected a value nested at most 128 deep, found a deeper one",
        ));
    };
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return list(object, place, depth, reading);
    }
    if is_mapping(object)? {
        let mut members = Vec::new();
        for (key, value) in items(object, reading.code, place)? {
            let key = name(&key, reading.code, place)?;
            let value = nested(&value, &pointer(place, &key), depth, reading)?;
            members.push((key.into(), value));
        }
        return Ok(Value::Object(members));
    }
    Err(wrong_type(reading.code, place, EXPECTED, object))
}

fn too_many(py: Python<'_>, code: Code, place: &str) -> PyErr {
    wrong_value(py, code, place, "expected at most 1000000 values, found more")
}

/// Whether an object is a mapping. What its class raises when it is asked is passed on.
pub(crate) fn is_mapping(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    static MAPPING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if object.is_instance_of::<PyDict>() {
        return Ok(true);
    }
    object.is_instance(of_package(object.py(), &MAPPING, "collections.abc", "Mapping")?)
}

/// Whether an object is exactly of a class that is no mapping: asking that takes longer.
pub(crate) fn is_plain(object: &Bound<'_, PyAny>) -> bool {
    object.is_none()
        || object.is_exact_instance_of::<PyBool>()
        || object.is_exact_instance_of::<PyFloat>()
        || object.is_exact_instance_of::<PyList>()
        || object.is_exact_instance_of::<PyTuple>()
}

/// A name or key and what it stands for.
type Item<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// A copy of the items of a mapping: looking at one may run Python code, which may change the mapping.
pub(crate) fn items<'py>(mapping: &Bound<'py, PyAny>, code: Code, place: &str) -> PyResult<Vec<Item<'py>>> {
    let py = mapping.py();
    if let Ok(dict) = mapping.cast_exact::<PyDict>() {
        let pair = |item: Bound<'py, PyAny>| item.extract::<Item<'py>>();
        return dict.items().iter().map(pair).collect();
    }
    let given = mapping.call_method0(intern!(py, "items"))?;
    if !given.hasattr(intern!(py, "__iter__"))? {
        return Err(wrong_type(code, place, "a mapping with items to iterate over", &given));
    }
    let mut items = Vec::new();
    for item in given.try_iter()? {
        if items.len() >= MOST {
            return Err(too_many(py, code, place));
        }
        let item = item?;
        let Ok(pair) = item.cast::<PyTuple>().map(|pair| pair.extract::<Item<'py>>()) else {
            return Err(wrong_type(code, place, "a mapping whose items are pairs", &item));
        };
        items.push(pair.map_err(|_| wrong_type(code, place, "a mapping whose items are pairs", &item))?);
    }
    Ok(items)
}

/// The name of a member.
pub(crate) fn name(key: &Bound<'_, PyAny>, code: Code, place: &str) -> PyResult<String> {
    match key.cast::<PyString>() {
        Ok(key) => text(key, code, place).map(str::to_owned),
        Err(_) => Err(wrong_type(code, place, "a str as name", key)),
    }
}

/// What an object with `__index__` stands for, as numpy's integers have it.
pub(crate) fn index<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyInt>>> {
    // SAFETY: an object.
    if unsafe { ffi::PyIndex_Check(object.as_ptr()) } == 0 {
        return Ok(None);
    }
    // SAFETY: an object; a new reference or an error comes back.
    let int = unsafe { Bound::from_owned_ptr_or_err(object.py(), ffi::PyNumber_Index(object.as_ptr())) }?;
    Ok(int.cast_into::<PyInt>().ok())
}

fn list(object: &Bound<'_, PyAny>, place: &str, depth: usize, reading: &mut Reading) -> PyResult<Value> {
    let mut values = Vec::new();
    // One after the other: an iterator of a subclass may have no end, and each value counts.
    for (at, item) in object.try_iter()?.enumerate() {
        values.push(nested(&item?, &format!("{place}/{at}"), depth, reading)?);
    }
    let mut strings = StringList::new();
    let all = values.iter().all(|value| value.as_str().is_some_and(|text| strings.push(text)));
    Ok(if all && !values.is_empty() { Value::Strings(strings) } else { Value::List(values) })
}
