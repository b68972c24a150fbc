//! Exposure counters: how often each variant was served, by phase.

use std::ffi::c_void;

use crate::engine::tg_engine;
use crate::status::tg_status;
use crate::text::tg_str;

/// How often a variant was served since the last drain. Its texts are valid during the call that gives it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_exposure {
    /// The feature.
    pub feature: tg_str,
    /// The variant; no text where the caller's default was served.
    pub variant: tg_str,
    /// The release that took part; or no text.
    pub release: tg_str,
    /// Its phase; or no text.
    pub phase: tg_str,
    /// How often.
    pub count: u64,
}

/// Is given the counts of `tg_engine_drain_exposures`. It must not throw.
pub type tg_exposure_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, exposure: *const tg_exposure)>;

/// Gives what was decided since the last call to a callback, sorted by feature; nothing unless the engine counts
/// (`TG_ENGINE_COUNTERS`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_drain_exposures(
    engine: *const tg_engine,
    callback: tg_exposure_fn,
    userdata: *mut c_void,
) -> tg_status {
    boundary!(shared engine {
        // First of all: what is drained and given to nobody would be lost.
        let callback = callback.ok_or(tg_status::NullPointer)?;
        for drained in engine.engine.drain_exposures() {
            let exposure = tg_exposure {
                feature: tg_str::of(&drained.feature),
                variant: tg_str::of_option(drained.variant.as_deref()),
                release: tg_str::of_option(drained.release.as_deref()),
                phase: tg_str::of_option(drained.phase.as_deref()),
                count: drained.count,
            };
            // SAFETY: the caller's function with the caller's userdata.
            unsafe { callback(userdata, &raw const exposure) }
        }
        Ok(())
    })
}
