//! Connected engines: kept current by a server, a relay, static hosting or a watched file, on one thread of the client's own.
//!
//! The functions are there in every build; one without the feature `http` has `disabled` behind them, and says
//! `TG_STATUS_NOT_AVAILABLE`.

use std::ffi::{c_char, c_void};

use crate::boundary::{Handle, Mark, free, out};
use crate::engine::{tg_engine, tg_engine_options};
use crate::report::{tg_free_fn, tg_report, tg_subscription};
use crate::status::tg_status;
use crate::text::tg_str;

#[cfg(not(feature = "http"))]
mod disabled;
#[cfg(feature = "http")]
mod enabled;

#[cfg(not(feature = "http"))]
use self::disabled as imp;
#[cfg(feature = "http")]
use self::enabled as imp;

/// Only polls; else it streams, and polls while streams fail.
pub const TG_CONNECT_POLL: u32 = 1;
/// Goes through no proxy, whatever the environment says.
pub const TG_CONNECT_DIRECT: u32 = 2;

/// How an engine is connected. Zero it all, set `struct_size` to `sizeof(tg_connect_options)`, then either a connection or a
/// file, and what else you need. A time of 0 is the default.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_connect_options {
    /// The size of the struct that the caller was compiled with.
    pub struct_size: usize,
    /// `TG_CONNECT_POLL` and so on, or-ed.
    pub flags: u32,
    /// A connection string, as `tidegate sdk-key new` prints it.
    pub connection: tg_str,
    /// A file that is watched instead of a server.
    pub file: tg_str,
    /// How the engine is to be; or NULL. Without `TG_ENGINE_COUNTERS` nothing is reported of what is served.
    pub engine: *const tg_engine_options,
    /// The directory where the last good document is kept; or no text.
    pub cache: tg_str,
    /// A file that was shipped with the program, for a start without server and cache; or no text.
    pub bundled: tg_str,
    /// A document that is served from the first moment on; or no text.
    pub bootstrap: tg_str,
    /// A certificate authority to trust beside those of the system, in PEM; or no text.
    pub root_certificate: tg_str,
    /// The URL of a proxy for all hosts; or no text.
    pub proxy: tg_str,
    /// How often it polls where it does not stream; default 10 000.
    pub poll_interval_ms: u32,
    /// How often it reports; default 10 000.
    pub report_interval_ms: u32,
    /// How long making a connection may take; default 5 000.
    pub connect_timeout_ms: u32,
    /// After how long without proof of freshness what is served counts as stale; default 90 000.
    pub stale_after_ms: u32,
    /// How often a watched file is looked at; default 1 000.
    pub watch_interval_ms: u32,
}

/// Where what is served came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub enum tg_source {
    /// Nothing came yet: callers get their defaults.
    Defaults = 0,
    /// A stream.
    Stream = 1,
    /// A poll.
    Poll = 2,
    /// A watched file.
    File = 3,
    /// The cache of an earlier run.
    Cache = 4,
    /// What was shipped with the program.
    Bundled = 5,
}

/// Whether a client has a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub enum tg_connected {
    /// None: it could not be made, was not made yet, or is not needed (a file).
    No = 0,
    /// The last poll succeeded.
    Poll = 1,
    /// A stream is open.
    Stream = 2,
}

/// Whether the thread of a client runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub enum tg_life {
    /// It runs.
    Running = 0,
    /// It was closed; what it served is served on.
    Closed = 1,
    /// This process was forked off the one that connected: see `tg_client_resume`.
    Forked = 2,
}

/// The state of a client at one moment.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_client_state {
    /// Where what is served came from.
    pub source: tg_source,
    /// Whether there is a connection.
    pub connected: tg_connected,
    /// Whether its thread runs.
    pub life: tg_life,
    /// What went wrong last, whether or not it was overcome; `TG_STATUS_OK` if nothing did.
    pub last_error: tg_status,
    /// The version that is served; 0 if there is none.
    pub version: u64,
    /// How long ago the newest proof of freshness came; -1 if none came yet, or a file is watched.
    pub age_ms: i64,
    /// Whether there was no such proof for too long.
    pub stale: bool,
    /// The id of this run of this client, random, with a terminating zero; fleet views name it.
    pub instance: [c_char; 37],
}

/// What happened to a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub enum tg_event_kind {
    /// Something is served for the first time; `TG_EVENT_KIND_CHANGED` follows.
    Ready = 0,
    /// Another version is served from now on.
    Changed = 1,
    /// There was no proof of freshness for too long; serving goes on.
    Stale = 2,
    /// There is proof again.
    Fresh = 3,
    /// Something went wrong.
    Error = 4,
}

/// Something that happened to a client; valid during the call that gives it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_event {
    /// What happened.
    pub kind: tg_event_kind,
    /// Ready, changed: where it came from.
    pub source: tg_source,
    /// Ready, changed: the version.
    pub version: u64,
    /// Changed: how many features may decide otherwise than before.
    pub changed: usize,
    /// Changed: from the arrival of its last byte to its being served.
    pub lag_ms: u64,
    /// Error: the code.
    pub status: tg_status,
    /// Error: the message, on one line; else no text.
    pub message: tg_str,
}

/// Is given what happens, on the client's own thread: what it takes, updates wait for. It must not throw.
pub type tg_event_fn = Option<unsafe extern "C" fn(userdata: *mut c_void, event: *const tg_event)>;

/// What keeps an engine current.
#[cfg_attr(all(), repr(C))]
pub struct tg_client {
    mark: Mark,
    client: imp::Client,
}
handle!(tg_client, b"TGcl");

/// Holds the thread of a client while it lives.
#[cfg_attr(all(), repr(C))]
pub struct tg_quiet {
    mark: Mark,
    _quiet: imp::Quiet,
}
handle!(tg_quiet, b"TGqu");

/// A new engine, and a client that keeps it current on a thread of its own. Returns at once: see `tg_client_wait_ready`. That the
/// server cannot be reached is no error. Free the engine with `tg_engine_free` and the client with `tg_client_free`, in any order.
///
/// `tg_engine_set_time` does not work on it, and `tg_engine_drain_exposures` takes away what the client would report.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_connect(
    options: *const tg_connect_options,
    engine: *mut *mut tg_engine,
    client: *mut *mut tg_client,
) -> tg_status {
    boundary!({
        // SAFETY: out-parameters, and options of the caller's.
        let (engine_out, client_out, given) =
            unsafe { (out(engine)?, out(client)?, options.as_ref().ok_or(tg_status::NullPointer)?) };
        if given.struct_size != size_of::<tg_connect_options>()
            || given.flags & !(TG_CONNECT_POLL | TG_CONNECT_DIRECT) != 0
        {
            return Err(tg_status::InvalidArgument);
        }
        // SAFETY: options of the caller's.
        let (engine, client) = unsafe { imp::connect(given) }?;
        engine_out.set(engine.give());
        client_out.set(tg_client { mark: Mark::live::<tg_client>(), client }.give());
        Ok(())
    })
}

/// Waits until something other than the callers' defaults is served, and says where it came from. `TG_STATUS_NOT_READY` if
/// nothing came in time; it may still come. `TG_STATUS_CLOSED` as soon as the client is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_client_wait_ready(
    client: *const tg_client,
    timeout_ms: u32,
    source: *mut tg_source,
) -> tg_status {
    boundary!(shared client {
        // SAFETY: an out-parameter.
        let source = unsafe { out(source) }?;
        source.set(imp::wait_ready(&client.client, timeout_ms)?);
        Ok(())
    })
}

/// The state at this moment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_client_status(
    client: *const tg_client,
    state: *mut tg_client_state,
) -> tg_status {
    boundary!(shared client {
        // SAFETY: an out-parameter.
        let state = unsafe { out(state) }?;
        state.set(imp::state(&client.client)?);
        Ok(())
    })
}

/// What went wrong last, whether or not it was overcome; `TG_STATUS_NO_VALUE` if nothing did. Free it with `tg_report_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_client_last_error(
    client: *const tg_client,
    report: *mut *mut tg_report,
) -> tg_status {
    boundary!(shared client {
        // SAFETY: an out-parameter.
        let report = unsafe { out(report) }?;
        report.set(imp::last_error(&client.client)?.give());
        Ok(())
    })
}

/// Calls `callback` with each event, on the client's thread, until the subscription is freed or the client ends; then `free` is
/// called once. Where the status is not `TG_STATUS_OK`, `free` is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_client_on_event(
    client: *const tg_client,
    callback: tg_event_fn,
    userdata: *mut c_void,
    free: tg_free_fn,
    subscription: *mut *mut tg_subscription,
) -> tg_status {
    boundary!(shared client {
        // SAFETY: an out-parameter.
        let subscription = unsafe { out(subscription) }?;
        let callback = callback.ok_or(tg_status::NullPointer)?;
        let userdata = crate::report::Userdata::new(userdata, free);
        let tell = move |event: &tg_event| {
            let userdata = &userdata;
            // SAFETY: the caller's function with the caller's userdata.
            unsafe { callback(userdata.pointer, event) }
        };
        subscription.set(tg_subscription::new(imp::on_event(&client.client, tell)?).give());
        Ok(())
    })
}

/// Sends the last counts and ends the client's thread. The engine serves on what it has. Done once; again is nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_client_close(client: *const tg_client) -> tg_status {
    boundary!(shared client { imp::close(&client.client) })
}

/// Closes a client and frees it; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_client_free(client: *mut tg_client) {
    boundary!(or (); {
        // SAFETY: the caller gives it up.
        unsafe { free(client) }
    })
}

/// Holds the client's thread at a place where it has no lock, until `tg_quiet_free`: around `fork`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_client_quiesce(client: *const tg_client, quiet: *mut *mut tg_quiet) -> tg_status {
    boundary!(shared client {
        // SAFETY: an out-parameter.
        let quiet = unsafe { out(quiet) }?;
        let held = imp::quiesce(&client.client)?;
        quiet.set(tg_quiet { mark: Mark::live::<tg_quiet>(), _quiet: held }.give());
        Ok(())
    })
}

/// Lets the thread go on; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_quiet_free(quiet: *mut tg_quiet) {
    boundary!(or (); {
        // SAFETY: the caller gives it up.
        unsafe { free(quiet) }
    })
}

/// After `fork`, in the child: connects anew, as an instance of its own. Nothing to do in a process that was not forked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_client_resume(client: *const tg_client) -> tg_status {
    boundary!(shared client { imp::resume(&client.client) })
}
