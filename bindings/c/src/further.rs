//! What `tg_reader_check` leaves, once all is known to be well: of this thread's reader, a context of its engine, and no NULL.
//!
//! ```text
//!  tg_reader_check ─┬─▶ pair ─▶ counted       two tests; what is to be counted
//!                   └─▶ walking ─▶ counted
//!                          └─▶ from           more than a walk: time, segments, other features
//! ```
//! Functions of their own, so that each saves the registers that it needs, and no other. Not for C: an `extern "C"` function does
//! not unwind, and can therefore be jumped to. Their first arguments are those of `tg_reader_check`, and so are where they are to be.

#![expect(improper_ctypes_definitions, reason = "Rust alone calls these")]

use tidegate::Gate;
use tidegate::eval::{Brief, Halt, Stop, decide_pair, decide_walking};
use tidegate::program::{Chunk, Pc};

use crate::boundary::{Handle as _, caught};
use crate::context::tg_context;
use crate::engine::tg_feature;
use crate::reader::{check, tg_reader};
use crate::status::tg_status;

/// Two tests.
///
/// # Safety
/// As of the module.
#[inline(never)]
pub(crate) unsafe extern "C" fn pair(
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
    chunk: &Chunk,
    pc: Pc,
) -> tg_status {
    // SAFETY: the caller's.
    match caught(|| decide_pair(Halt { chunk, pc }, unsafe { &(*context).context })) {
        // SAFETY: as of this function.
        Some(Some(brief)) => unsafe { tell(reader, brief, on) },
        // SAFETY: as of this function.
        _ => unsafe { check(reader, gate, context, on) },
    }
}

/// What is needed after a walk.
#[derive(Clone, Copy)]
struct Call {
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
}

/// A walk.
///
/// # Safety
/// As of the module.
#[inline(never)]
pub(crate) unsafe extern "C" fn walking(
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
    chunk: &Chunk,
    pc: Pc,
) -> tg_status {
    // In memory during the walk, which is what the volatile reads are for: in registers that outlive calls, it would cost this
    // function to save and restore them, though they are needed once.
    let call = Call { reader, gate, context, on };
    let kept = &raw const call;
    // SAFETY: the caller's.
    let decided = caught(|| decide_walking(Halt { chunk, pc }, unsafe { &(*context).context }));
    match decided {
        Some(Ok(end)) => match Brief::of_end(end) {
            // SAFETY: a local, and as of this function.
            Some(brief) => unsafe {
                tell(
                    (&raw const (*kept).reader).read_volatile(),
                    brief,
                    (&raw const (*kept).on).read_volatile(),
                )
            },
            None => tg_status::Panic,
        },
        // SAFETY: a local, and as of this function.
        Some(Err(stop)) => unsafe { from(kept, &stop) },
        None => {
            // SAFETY: a local, and the caller's.
            unsafe { &*(&raw const (*kept).reader).read_volatile() }.poison();
            tg_status::Panic
        }
    }
}

/// What is decided.
///
/// # Safety
/// As of the module.
#[inline(always)]
unsafe fn tell(reader: *mut tg_reader, brief: Brief, on: *mut bool) -> tg_status {
    // SAFETY: the caller's.
    if unsafe { (*reader).open() }.counts() {
        // SAFETY: as of this function.
        return unsafe { counted(reader, brief, on) };
    }
    // SAFETY: the caller's.
    unsafe { *on = brief.is_on() };
    tg_status::Ok
}

/// What is decided, and to be counted.
///
/// # Safety
/// As of the module.
#[inline(never)]
pub(crate) unsafe extern "C" fn counted(reader: *mut tg_reader, brief: Brief, on: *mut bool) -> tg_status {
    boundary!(known reader {
        // SAFETY: the caller's.
        unsafe { *on = reader.open().count(brief) };
        Ok(())
    })
}

/// What one walk does not decide.
///
/// # Safety
/// As of the module; `call` and `stop` are read.
#[inline(never)]
unsafe extern "C" fn from(call: *const Call, stop: &Stop<'_>) -> tg_status {
    // SAFETY: the caller's.
    let Call { reader, gate, context, on } = unsafe { *call };
    boundary!(known reader {
        // SAFETY: the caller's.
        unsafe { *on = reader.open().check_from(Gate::from_number(gate.number), *stop, &(*context).context) };
        Ok(())
    })
}
