//! Traces: why a decision is as it is.

use std::collections::BTreeMap;
use std::ffi::c_char;

use tidegate::context::AttributeKey;
use tidegate::value::{Number, ValueRef};
use tidegate::{Context, Engine, Subject, Value};

use crate::boundary::out;
use crate::context::{of_engine, tg_context};
use crate::engine::tg_engine;
use crate::status::tg_status;
use crate::text::{text, tg_text};
use crate::value::json;

/// Why a feature is decided as it is, as JSON: `{decision, check, steps}`. Free it with `tg_text_free`. It needs an engine that
/// keeps its document (`TG_ENGINE_KEEP_SOURCE`). An attribute that is an object is shown as an empty one.
/// It says what the document says: overrides (`tg_engine_overridden`) are not seen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_trace(
    engine: *const tg_engine,
    feature: *const c_char,
    feature_len: usize,
    context: *const tg_context,
    trace: *mut *mut tg_text,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter, a text and a context of the caller's.
        let (trace, feature, context) =
            unsafe { (out(trace)?, text(feature, feature_len)?, of_engine(context, engine.id)?) };
        let found = engine.engine.trace(feature, &attributes(&engine.engine, context));
        trace.set(json(&found.map_err(|error| engine.refused(&error))?)?);
        Ok(())
    })
}

/// As `tg_engine_trace`, as a tree of text for people.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_explain(
    engine: *const tg_engine,
    feature: *const c_char,
    feature_len: usize,
    context: *const tg_context,
    explanation: *mut *mut tg_text,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter, a text and a context of the caller's.
        let (explanation, feature, context) =
            unsafe { (out(explanation)?, text(feature, feature_len)?, of_engine(context, engine.id)?) };
        let found = engine.engine.trace(feature, &attributes(&engine.engine, context));
        explanation.set(tg_text::give(found.map_err(|error| engine.refused(&error))?.render()));
        Ok(())
    })
}

/// A context as the trace wants it.
fn attributes(engine: &Engine, context: &Context<'_>) -> BTreeMap<String, Value> {
    let names = engine.attributes();
    let keys = (0..names.count()).filter_map(|index| u16::try_from(index).ok()).map(AttributeKey::from_index);
    let mut set = BTreeMap::new();
    set.extend(keys.filter_map(|key| Some((names.name(key)?.to_owned(), owned(context.value(key))?))));
    set
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
