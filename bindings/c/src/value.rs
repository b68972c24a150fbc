//! Values of decisions: JSON, looked at in place.

use std::ffi::c_char;
use std::ptr;

use tidegate::Value;

use crate::boundary::{Out, out};
use crate::status::tg_status;
use crate::text::{text, tg_str, tg_text};

/// A borrowed JSON value: of a decision, or in another value. It is valid as long as the decision that it is of.
#[cfg_attr(all(), repr(C))]
pub struct tg_value {
    _private: [u8; 0],
}

impl tg_value {
    pub(crate) const fn of(value: &Value) -> *const Self {
        ptr::from_ref(value).cast()
    }
}

/// A value that C passed.
///
/// # Safety
/// NULL, or a pointer that this library gave, still valid.
unsafe fn value<'a>(pointer: *const tg_value) -> Result<&'a Value, tg_status> {
    // SAFETY: the caller's; `of` made it from a `Value`.
    unsafe { pointer.cast::<Value>().as_ref() }.ok_or(tg_status::NoValue)
}

/// What a value is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub enum tg_type {
    /// There is no value.
    None = 0,
    /// `null`
    Null = 1,
    /// `true` or `false`
    Bool = 2,
    /// A number that is an integer of 64 bits.
    Int = 3,
    /// Any other number.
    Float = 4,
    /// A string.
    String = 5,
    /// A list.
    List = 6,
    /// An object.
    Object = 7,
}

impl tg_type {
    pub(crate) fn of(value: Option<&Value>) -> Self {
        match value {
            None => Self::None,
            Some(Value::Bool(_)) => Self::Bool,
            Some(Value::Int(_)) => Self::Int,
            Some(Value::Float(_)) => Self::Float,
            Some(Value::Str(_)) => Self::String,
            Some(Value::Strings(_) | Value::List(_)) => Self::List,
            Some(Value::Object(_)) => Self::Object,
            Some(_) => Self::Null,
        }
    }
}

/// How a typed read of a value is called in Rust, and as JSON is.
pub(crate) trait Typed<'v>: Sized {
    fn of(value: &'v Value) -> Option<Self>;
}

impl Typed<'_> for bool {
    fn of(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Typed<'_> for i64 {
    fn of(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

impl Typed<'_> for f64 {
    fn of(value: &Value) -> Option<Self> {
        value.as_f64()
    }
}

impl Typed<'_> for tg_str {
    fn of(value: &Value) -> Option<Self> {
        value.as_str().map(Self::of)
    }
}

impl Typed<'_> for *const tg_value {
    fn of(value: &Value) -> Option<Self> {
        Some(tg_value::of(value))
    }
}

/// Writes a value as a type, if it is of it.
pub(crate) fn put<'v, T: Typed<'v>>(value: Option<&'v Value>, to: Out<'_, T>) -> Result<(), tg_status> {
    let typed = T::of(value.ok_or(tg_status::NoValue)?).ok_or(tg_status::OtherType)?;
    to.set(typed);
    Ok(())
}

/// A value as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<*mut tg_text, tg_status> {
    // Neither a value nor a report has a key that is no string, the only thing that is refused.
    serde_json::to_string(value).map(tg_text::give).map_err(|_| tg_status::OtherType)
}

/// The type of a value; of NULL, `TG_TYPE_NONE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_type(value: *const tg_value) -> tg_type {
    boundary!(or tg_type::None; {
        // SAFETY: a value of this library.
        tg_type::of(unsafe { self::value(value) }.ok())
    })
}

/// The boolean.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_bool(value: *const tg_value, result: *mut bool) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter, and a value of this library.
        let (result, value) = unsafe { (out(result)?, self::value(value)?) };
        put(Some(value), result)
    })
}

/// The integer; also of a number like `1.0`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_int(value: *const tg_value, result: *mut i64) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter, and a value of this library.
        let (result, value) = unsafe { (out(result)?, self::value(value)?) };
        put(Some(value), result)
    })
}

/// The number, as the nearest double.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_float(value: *const tg_value, result: *mut f64) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter, and a value of this library.
        let (result, value) = unsafe { (out(result)?, self::value(value)?) };
        put(Some(value), result)
    })
}

/// The string; valid as long as the value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_str(value: *const tg_value, result: *mut tg_str) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter, and a value of this library.
        let (result, value) = unsafe { (out(result)?, self::value(value)?) };
        put(Some(value), result)
    })
}

/// How many elements a list has, or members an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_size(value: *const tg_value, size: *mut usize) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter, and a value of this library.
        let (size, value) = unsafe { (out(size)?, self::value(value)?) };
        size.set(value.size().ok_or(tg_status::OtherType)?);
        Ok(())
    })
}

/// The member of an object with that name; `TG_STATUS_NO_VALUE` if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_member(
    value: *const tg_value,
    name: *const c_char,
    name_len: usize,
    member: *mut *const tg_value,
) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter, a value of this library and a text of the caller's.
        let (member, value, name) = unsafe { (out(member)?, self::value(value)?, text(name, name_len)?) };
        let members = value.as_object().ok_or(tg_status::OtherType)?;
        put(members.iter().find(|(key, _)| **key == *name).map(|(_, value)| value), member)
    })
}

/// The member of an object at an index, in the order of the document, and its name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_member_at(
    value: *const tg_value,
    index: usize,
    name: *mut tg_str,
    member: *mut *const tg_value,
) -> tg_status {
    boundary!({
        // SAFETY: out-parameters, and a value of this library.
        let (name, member, value) = unsafe { (out(name)?, out(member)?, self::value(value)?) };
        let members = value.as_object().ok_or(tg_status::OtherType)?;
        let (key, value) = members.get(index).ok_or(tg_status::NoSuchIndex)?;
        name.set(tg_str::of(key));
        member.set(tg_value::of(value));
        Ok(())
    })
}

/// The element of a list at an index. A list of strings only has them all in one piece: ask for those with
/// `tg_value_str_at`; here the status is `TG_STATUS_OTHER_TYPE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_at(
    value: *const tg_value,
    index: usize,
    element: *mut *const tg_value,
) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter, and a value of this library.
        let (element, value) = unsafe { (out(element)?, self::value(value)?) };
        let Value::List(list) = value else { return Err(tg_status::OtherType) };
        element.set(tg_value::of(list.get(index).ok_or(tg_status::NoSuchIndex)?));
        Ok(())
    })
}

/// The string at an index of a list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_str_at(
    value: *const tg_value,
    index: usize,
    result: *mut tg_str,
) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter, and a value of this library.
        let (result, value) = unsafe { (out(result)?, self::value(value)?) };
        match value {
            Value::Strings(list) => result.set(tg_str::of(list.get(index).ok_or(tg_status::NoSuchIndex)?)),
            Value::List(list) => return put(Some(list.get(index).ok_or(tg_status::NoSuchIndex)?), result),
            _ => return Err(tg_status::OtherType),
        }
        Ok(())
    })
}

/// The value as JSON; free it with `tg_text_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_value_json(value: *const tg_value, json: *mut *mut tg_text) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter, and a value of this library.
        let (json, value) = unsafe { (out(json)?, self::value(value)?) };
        json.set(self::json(value)?);
        Ok(())
    })
}
