//! Contexts: made, filled with what is no primitive, emptied, freed. Primitives are set by `hot`.

use std::collections::BTreeMap;

use napi_derive::napi;
use tidegate::context::Subject;
use tidegate::value::{Number, ValueRef};
use tidegate::{AttributeKey, AttributeValue, Context, Engine, Value};

use crate::call::guarded;
use crate::engine::{engine, options};
use crate::failure::Failure;
use crate::state::{self, ContextSlot};

#[napi]
fn context_new(handle: i32) -> napi::Result<i32> {
    guarded(|| {
        state::with(|state| {
            state.engine(handle)?;
            let slot = ContextSlot { engine: handle, context: Box::new(Context::new()) };
            state
                .contexts
                .insert(slot)
                .ok_or_else(|| Failure::limit("expected at most four million contexts at once"))
        })
    })
}

#[napi]
fn context_free(context: i32) -> napi::Result<()> {
    guarded(|| {
        let freed = state::with(|state| Ok(state.contexts.remove(context)))?;
        drop(freed);
        Ok(())
    })
}

#[napi]
fn context_clear(context: i32) -> napi::Result<()> {
    guarded(|| {
        state::with(|state| {
            let slot = state.contexts.find_mut(context).ok_or_else(|| Failure::closed("context"))?;
            slot.context.clear();
            Ok(())
        })
    })
}

/// Sets an attribute to a value in JSON: a list, an object.
#[napi]
fn context_set_json(context: i32, attribute: u16, value: String) -> napi::Result<()> {
    guarded(|| {
        let value: Value = options(&value)?;
        state::with(|state| {
            let slot = state.contexts.find_mut(context).ok_or_else(|| Failure::closed("context"))?;
            slot.context.set_owned(AttributeKey::from_index(attribute), AttributeValue::from(&value));
            Ok(())
        })
    })
}

/// Sets all members of a JSON object.
#[napi]
fn context_set_object(context: i32, object: String) -> napi::Result<()> {
    guarded(|| {
        let object: Value = serde_json::from_str(&object)
            .map_err(|error| Failure::argument("json", format!("expected a JSON object: {error}")))?;
        let Some(members) = object.as_object() else {
            let message = format!("expected a JSON object, found {}", object.json_type());
            return Err(Failure::argument("json", message));
        };
        let handle = state::with(|state| Ok(state.contexts.find(context).map(|slot| slot.engine)))?;
        let engine = engine(handle.ok_or_else(|| Failure::closed("context"))?)?;
        state::with(|state| {
            let slot = state.contexts.find_mut(context).ok_or_else(|| Failure::closed("context"))?;
            for (name, value) in members {
                if let Some(key) = engine.attributes().find_or_add(name) {
                    slot.context.set_owned(key, value);
                }
            }
            Ok(())
        })
    })
}

/// Why a context cannot be used with an engine; nothing if it can.
#[napi]
fn context_problem(handle: i32, context: i32) -> napi::Result<()> {
    guarded(|| {
        state::with(|state| {
            state.engine(handle)?;
            match state.contexts.find(context) {
                Some(slot) if slot.engine == handle => Ok(()),
                Some(_) => Err(Failure::other_engine("context")),
                None => Err(Failure::closed("context")),
            }
        })
    })
}

/// A context as the trace wants it.
pub(crate) fn attributes_of(
    engine: &Engine,
    slot: Option<&ContextSlot>,
    handle: i32,
) -> Result<BTreeMap<String, Value>, Failure> {
    let slot = slot.ok_or_else(|| Failure::closed("context"))?;
    if slot.engine != handle {
        return Err(Failure::other_engine("context"));
    }
    let names = engine.attributes();
    let keys = (0..names.count()).filter_map(|index| u16::try_from(index).ok()).map(AttributeKey::from_index);
    Ok(keys.filter_map(|key| Some((names.name(key)?.to_owned(), owned(slot.context.value(key))?))).collect())
}

fn owned(value: ValueRef<'_>) -> Option<Value> {
    Some(match value {
        ValueRef::Bool(value) => Value::Bool(value),
        ValueRef::Number(Number::Int(value)) => Value::Int(value),
        ValueRef::Number(Number::Float(value)) => Value::Float(value),
        ValueRef::Str(text) => text.into(),
        ValueRef::List(list) => list.clone(),
        ValueRef::Object => Value::Object(Vec::new()),
        _ => return None,
    })
}
