//! The log: what people want to know of an engine, as lines of text to a callback.

use std::ffi::c_void;
use std::sync::Arc;

use parking_lot::Mutex;
use tidegate::error::Severity;

use crate::engine::tg_engine;
use crate::report::{Report, Userdata, tg_free_fn};
use crate::status::tg_status;
use crate::text::tg_str;

/// How much a line matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[repr(i32)]
pub enum tg_level {
    /// Something does not work.
    Error = 1,
    /// Something is not as it should be, and is worked around.
    Warning = 2,
    /// Something happened.
    Info = 3,
}

/// Is given the lines of the log, on the thread that does what they tell. It must not throw, nor set the log.
pub type tg_log_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, level: tg_level, line: tg_str)>;

/// Where lines go.
pub(crate) struct Log {
    callback: unsafe extern "C" fn(userdata: *mut c_void, level: tg_level, line: tg_str),
    userdata: Userdata,
    most: i32,
}

impl Log {
    pub(crate) fn line(&self, level: tg_level, line: &str) {
        if level as i32 <= self.most {
            // SAFETY: the caller's function with the caller's userdata.
            unsafe { (self.callback)(self.userdata.pointer, level, tg_str::of(line)) }
        }
    }
}

/// Tells what a load did.
pub(crate) fn tell(log: &Mutex<Option<Arc<Log>>>, report: &Report) {
    // Not called while locked: it may be slow.
    let Some(log) = log.lock().clone() else { return };
    let update = &report.update;
    if update.status == tg_status::Ok {
        let (from, version, changed) = (update.from, update.version, update.changed);
        log.line(tg_level::Info, &format!("version {version} after {from}: {changed} features changed"));
    }
    for diagnostic in report.diagnostics() {
        let level = match diagnostic.severity {
            // What is isolated is worked around.
            Severity::Error if update.status == tg_status::Ok => tg_level::Warning,
            Severity::Error => tg_level::Error,
            Severity::Warning => tg_level::Warning,
        };
        log.line(level, &diagnostic.to_string().replace('\n', ";"));
    }
}

/// Gives the lines of an engine's log, up to a level (`TG_LEVEL_ERROR` and so on), to a callback; to the last one that was set, or to none if it
/// is NULL. `free` is called once, when the callback is called no more; where the status is not `TG_STATUS_OK`, it is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_set_log(
    engine: *const tg_engine,
    level: i32,
    callback: tg_log_fn,
    userdata: *mut c_void,
    free: tg_free_fn,
) -> tg_status {
    boundary!(shared engine {
        if !(tg_level::Error as i32..=tg_level::Info as i32).contains(&level) {
            return Err(tg_status::InvalidArgument);
        }
        let userdata = Userdata::new(userdata, free);
        let log = callback.map(|callback| Arc::new(Log { callback, userdata, most: level }));
        let before = std::mem::replace(&mut *engine.log.lock(), log);
        // Its `free` is called when nothing is locked.
        drop(before);
        Ok(())
    })
}
