//! Contexts: the attributes of one evaluation.

use std::ffi::c_char;

use tidegate::context::AttributeKey;
use tidegate::value::{StringList, parse};
use tidegate::{AttributeValue, Context, Engine, Value};

use crate::boundary::{Handle, Mark, Seal, free, out, shared};
use crate::engine::tg_engine;
use crate::report::{no_object, noted};
use crate::status::tg_status;
use crate::text::{bytes, text, text_of, tg_str};

/// An attribute of one engine, its name looked up once (`tg_engine_attribute`). A value to copy, not to free.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_attribute {
    /// The engine's number.
    pub engine: u32,
    /// The attribute's.
    pub index: u32,
}

/// The attributes of one evaluation. Several threads may check it at once while nobody changes it.
#[cfg_attr(all(), repr(C))]
pub struct tg_context {
    pub(crate) mark: Mark,
    pub(crate) engine_id: u32,
    seal: Seal,
    pub(crate) context: Context<'static>,
    engine: Engine,
}
handle!(tg_context, b"TGcx", seal);

/// A context that is to be checked, of the engine of who checks.
///
/// # Safety
/// As of [`shared`].
#[inline(always)]
pub(crate) unsafe fn of_engine<'a>(
    context: *const tg_context,
    engine: u32,
) -> Result<&'a Context<'static>, tg_status> {
    // SAFETY: the caller's.
    let context = unsafe { shared(context) }?;
    if context.engine_id == engine { Ok(&context.context) } else { Err(tg_status::WrongEngine) }
}

/// Whether there is a context that has this seal. Calls nothing.
///
/// # Safety
/// As of [`of_engine`].
#[inline(always)]
pub(crate) unsafe fn is_sealed(context: *const tg_context, seal: u64) -> bool {
    // SAFETY: the caller's, if it is not NULL. Only this field is referred to, until it has said what this is.
    !context.is_null() && unsafe { (*context).seal.is(seal) }
}

/// What an attribute is named by: its key, or its name.
trait Named {
    fn key(self, context: &tg_context) -> Result<Option<AttributeKey>, tg_status>;
}

impl Named for tg_attribute {
    #[inline(always)]
    fn key(self, context: &tg_context) -> Result<Option<AttributeKey>, tg_status> {
        if self.engine != context.engine_id {
            return Err(tg_status::WrongEngine);
        }
        let index = u16::try_from(self.index).map_err(|_| tg_status::WrongEngine)?;
        Ok(Some(AttributeKey::from_index(index)))
    }
}

impl Named for &str {
    /// None of a name that no document can ask for any more (SEMANTICS 9.7): nothing is to be set then.
    #[inline(never)]
    fn key(self, context: &tg_context) -> Result<Option<AttributeKey>, tg_status> {
        Ok(context.engine.attributes().find_or_add(self))
    }
}

impl tg_context {
    #[inline(always)]
    fn set<'v>(&mut self, name: impl Named, value: impl Into<AttributeValue<'v>>) -> Result<(), tg_status> {
        if let Some(key) = name.key(self)? {
            self.context.set_owned(key, value);
        }
        Ok(())
    }
}

/// A list of strings.
///
/// # Safety
/// `count` texts at `items`, each readable, or NULL and 0.
unsafe fn list(items: *const tg_str, count: usize) -> Result<Value, tg_status> {
    if count > tidegate::value::MAX_BYTES / size_of::<tg_str>() {
        return Err(tg_status::TooLong);
    }
    let items: &[tg_str] = match (items.is_null(), count) {
        (true, 0) => &[],
        (true, _) => return Err(tg_status::NullPointer),
        // SAFETY: not NULL, of a size that an object may have, else the caller's.
        (false, _) => unsafe { std::slice::from_raw_parts(items, count) },
    };
    let mut list = StringList::new();
    for item in items {
        // SAFETY: the caller's.
        if !list.push(unsafe { text_of(*item) }?) {
            return Err(tg_status::TooLong);
        }
    }
    Ok(if list.is_empty() { Value::List(Vec::new()) } else { Value::Strings(list) })
}

/// A JSON text as a value.
///
/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn json_value(json: *const c_char, len: usize) -> Result<Value, tg_status> {
    // SAFETY: the caller's.
    let json = unsafe { bytes(json, len) }?;
    parse(json).map(|parsed| parsed.root.into_value()).map_err(|error| noted(error.into()))
}

/// A new context of an engine, without attributes. Free it with `tg_context_free`; the engine may be freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_new(
    engine: *const tg_engine,
    context: *mut *mut tg_context,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter.
        let context = unsafe { out(context) }?;
        context.set(tg_context {
            mark: Mark::live::<tg_context>(),
            engine_id: engine.id,
            seal: Seal::live::<tg_context>(engine.id),
            context: Context::with_capacity(8),
            engine: engine.engine.clone(),
        }.give());
        Ok(())
    })
}

/// Frees a context; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_free(context: *mut tg_context) {
    boundary!(or (); {
        // SAFETY: the caller gives it up.
        unsafe { free(context) }
    })
}

/// Forgets all attributes and keeps the memory, so that the context can be used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_clear(context: *mut tg_context) -> tg_status {
    boundary!(changed context {
        context.context.clear();
        Ok(())
    })
}

/// Sets an attribute to a string, which is copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_str(
    context: *mut tg_context,
    attribute: tg_attribute,
    value: *const c_char,
    value_len: usize,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: a text of the caller's.
        context.set(attribute, unsafe { text(value, value_len) }?)
    })
}

/// Sets an attribute to a string that is borrowed: it must stay as it is until the attribute is set again or the context is
/// cleared or freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_borrow_str(
    context: *mut tg_context,
    attribute: tg_attribute,
    value: *const c_char,
    value_len: usize,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: the caller promises that the text outlives its use.
        let value: &'static str = unsafe { text(value, value_len) }?;
        if let Some(key) = attribute.key(context)? {
            context.context.set(key, value);
        }
        Ok(())
    })
}

/// Sets an attribute to a boolean.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_bool(
    context: *mut tg_context,
    attribute: tg_attribute,
    value: bool,
) -> tg_status {
    boundary!(changed context { context.set(attribute, value) })
}

/// Sets an attribute to an integer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_int(
    context: *mut tg_context,
    attribute: tg_attribute,
    value: i64,
) -> tg_status {
    boundary!(changed context { context.set(attribute, value) })
}

/// Sets an attribute to a number; one that is not finite counts as missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_float(
    context: *mut tg_context,
    attribute: tg_attribute,
    value: f64,
) -> tg_status {
    boundary!(changed context { context.set(attribute, value) })
}

/// Sets an attribute to a list of strings, which are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_strs(
    context: *mut tg_context,
    attribute: tg_attribute,
    values: *const tg_str,
    count: usize,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: texts of the caller's.
        let list = unsafe { list(values, count) }?;
        context.set(attribute, &list)
    })
}

/// Sets an attribute to a JSON value; `null` counts as missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_json(
    context: *mut tg_context,
    attribute: tg_attribute,
    json: *const c_char,
    json_len: usize,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: a text of the caller's.
        let value = unsafe { json_value(json, json_len) }?;
        context.set(attribute, &value)
    })
}

/// Makes an attribute missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_unset(context: *mut tg_context, attribute: tg_attribute) -> tg_status {
    boundary!(changed context { context.set(attribute, AttributeValue::Missing) })
}

/// As `tg_context_set_str`, by name. A name that is new when the engine has been given 1 024 unknown ones by contexts is
/// ignored, as no document asks for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_str_named(
    context: *mut tg_context,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: texts of the caller's.
        let (name, value) = unsafe { (text(name, name_len)?, text(value, value_len)?) };
        context.set(name, value)
    })
}

/// As `tg_context_set_bool`, by name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_bool_named(
    context: *mut tg_context,
    name: *const c_char,
    name_len: usize,
    value: bool,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: a text of the caller's.
        context.set(unsafe { text(name, name_len) }?, value)
    })
}

/// As `tg_context_set_int`, by name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_int_named(
    context: *mut tg_context,
    name: *const c_char,
    name_len: usize,
    value: i64,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: a text of the caller's.
        context.set(unsafe { text(name, name_len) }?, value)
    })
}

/// As `tg_context_set_float`, by name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_float_named(
    context: *mut tg_context,
    name: *const c_char,
    name_len: usize,
    value: f64,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: a text of the caller's.
        context.set(unsafe { text(name, name_len) }?, value)
    })
}

/// As `tg_context_set_strs`, by name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_strs_named(
    context: *mut tg_context,
    name: *const c_char,
    name_len: usize,
    values: *const tg_str,
    count: usize,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: texts of the caller's.
        let (name, list) = unsafe { (text(name, name_len)?, list(values, count)?) };
        context.set(name, &list)
    })
}

/// As `tg_context_set_json`, by name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_json_named(
    context: *mut tg_context,
    name: *const c_char,
    name_len: usize,
    json: *const c_char,
    json_len: usize,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: texts of the caller's.
        let (name, value) = unsafe { (text(name, name_len)?, json_value(json, json_len)?) };
        context.set(name, &value)
    })
}

/// As `tg_context_unset`, by name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_unset_named(
    context: *mut tg_context,
    name: *const c_char,
    name_len: usize,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: a text of the caller's.
        context.set(unsafe { text(name, name_len) }?, AttributeValue::Missing)
    })
}

/// Sets all members of a JSON object. For convenience: typed setters are faster.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_context_set_object(
    context: *mut tg_context,
    json: *const c_char,
    json_len: usize,
) -> tg_status {
    boundary!(changed context {
        // SAFETY: a text of the caller's.
        let object = unsafe { json_value(json, json_len) }?;
        for (name, value) in object.as_object().ok_or_else(no_object)? {
            context.set(&**name, value)?;
        }
        Ok(())
    })
}
