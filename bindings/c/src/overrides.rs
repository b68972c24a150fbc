//! Local overrides: what tests and support staff serve instead of the snapshot's answer.

use std::ffi::{c_char, c_void};

use tidegate::Override;

use crate::context::json_value;
use crate::engine::tg_engine;
use crate::status::tg_status;
use crate::text::{optional, text, text_of, tg_str};

/// An override. Zero it all, set `struct_size` to `sizeof(tg_override)`, then the feature and either a variant or a value.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_override {
    /// The size of the struct that the caller was compiled with.
    pub struct_size: usize,
    /// The feature.
    pub feature: tg_str,
    /// Serves this variant of the feature; or no text.
    pub variant: tg_str,
    /// Serves this JSON value, as variant `override`; or no text.
    pub value_json: tg_str,
    /// Only where this attribute is `unit_id`; or no text, for everyone.
    pub unit: tg_str,
    /// See `unit`.
    pub unit_id: tg_str,
}

/// Sets an override; it stays over swaps until it is cleared. `TG_STATUS_BAD_OVERRIDE` if the feature does not have the variant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_set_override(
    engine: *const tg_engine,
    wanted: *const tg_override,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: a struct of the caller's.
        let wanted = unsafe { wanted.as_ref() }.ok_or(tg_status::NullPointer)?;
        if wanted.struct_size != size_of::<tg_override>() {
            return Err(tg_status::InvalidArgument);
        }
        // SAFETY: texts of the caller's.
        let (feature, variant, value, unit) = unsafe {
            (text_of(wanted.feature)?, optional(wanted.variant)?, optional(wanted.value_json)?, optional(wanted.unit)?)
        };
        let mut serves = match (variant, value) {
            (Some(variant), None) => Override::variant(variant),
            // SAFETY: a text of ours.
            (None, Some(json)) => Override::value(unsafe { json_value(json.as_ptr().cast(), json.len()) }?),
            _ => return Err(tg_status::InvalidArgument),
        };
        match (unit, wanted.unit_id.data.is_null()) {
            // SAFETY: a text of the caller's.
            (Some(unit), _) => serves = serves.for_unit(unit, unsafe { text_of(wanted.unit_id) }?),
            (None, true) => {}
            // For everybody is not what was meant.
            (None, false) => return Err(tg_status::InvalidArgument),
        }
        engine.engine.set_override(feature, serves).map_err(|error| engine.refused(&error))
    })
}

/// Clears all overrides of a feature.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_clear_override(
    engine: *const tg_engine,
    feature: *const c_char,
    feature_len: usize,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: a text of the caller's.
        engine.engine.clear_override(unsafe { text(feature, feature_len) }?);
        Ok(())
    })
}

/// Clears all overrides.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_clear_overrides(engine: *const tg_engine) -> tg_status {
    boundary!(shared engine {
        engine.engine.clear_overrides();
        Ok(())
    })
}

/// Is given names, each valid during the call. It must not throw.
pub type tg_name_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, name: tg_str)>;

/// Gives the features that are overridden, sorted, to a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_overridden(
    engine: *const tg_engine,
    callback: tg_name_fn,
    userdata: *mut c_void,
) -> tg_status {
    boundary!(shared engine {
        let callback = callback.ok_or(tg_status::NullPointer)?;
        for name in engine.engine.overridden() {
            // SAFETY: the caller's function with the caller's userdata.
            unsafe { callback(userdata, tg_str::of(&name)) }
        }
        Ok(())
    })
}
