//! Local overrides.

use napi_derive::napi;
use tidegate::{Override, Value};

use crate::call::guarded;
use crate::engine::{engine, options};
use crate::failure::Failure;

/// Sets an override: of a variant, or of a value in JSON; for everyone, or where the attribute `unit` is `id`.
#[napi]
fn override_set(
    handle: i32,
    feature: String,
    variant: Option<String>,
    value: Option<String>,
    unit: Option<String>,
    id: Option<String>,
) -> napi::Result<()> {
    guarded(|| {
        let wanted = match (variant, value) {
            (Some(variant), None) => Override::variant(&variant),
            (None, Some(value)) => Override::value(options::<Value>(&value)?),
            _ => return Err(Failure::argument("override", "expected either `variant` or `value`")),
        };
        let wanted = match (unit, id) {
            (Some(unit), Some(id)) => wanted.for_unit(&unit, &id),
            (None, None) => wanted,
            _ => return Err(Failure::argument("override", "expected `unit` and `id` together")),
        };
        Ok(engine(handle)?.set_override(&feature, wanted)?)
    })
}

/// Clears the overrides of a feature, or of all.
#[napi]
fn override_clear(handle: i32, feature: Option<String>) -> napi::Result<()> {
    guarded(|| {
        let engine = engine(handle)?;
        match feature {
            Some(feature) => engine.clear_override(&feature),
            None => engine.clear_overrides(),
        }
        Ok(())
    })
}

#[napi]
fn overridden(handle: i32) -> napi::Result<Vec<String>> {
    guarded(|| Ok(engine(handle)?.overridden().iter().map(|name| name.to_string()).collect()))
}
