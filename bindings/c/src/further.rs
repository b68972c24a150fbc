//! What `tg_reader_check` leaves, once all is known to be well: of this thread's reader, a context of its engine, and no NULL.
//!
//! ```text
//!  tg_reader_check ─┬─▶ counted             what is to be counted
//!                   ├─▶ pair ─▶ counted     two tests
//!                   ├─▶ walking ─▶ counted  ┄┄calls┄┄▶ from: more than a walk, such as time, segments, other features
//!                   └─▶ check               all else
//! ```
//! Functions of their own, so that each saves the registers that it needs, and no other. Not for C: an `extern "C"` function does
//! not unwind, and can therefore be jumped to. The first arguments of `pair` and `walking` are those of `tg_reader_check`, and so are
//! where they are to be. Chunks come as pointers: a reference would have to be good until the end, and `check` may let go of the program.

#![expect(improper_ctypes_definitions, reason = "Rust alone calls these")]

use tidegate::Gate;
use tidegate::eval::{Brief, Halt, Stop, decide_pair, decide_walking};
use tidegate::program::{Chunk, Pc};

use crate::boundary::Handle as _;
use crate::context::tg_context;
use crate::engine::tg_feature;
use crate::reader::{check, tg_reader};
use crate::status::tg_status;

/// Two tests.
///
/// # Safety
/// As of the module; the chunk is of the program that the reader used last.
#[inline(never)]
pub(crate) unsafe extern "C" fn pair(
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
    chunk: *const Chunk,
    pc: Pc,
) -> tg_status {
    boundary!(caught {
        // SAFETY: the caller's.
        let (chunk, context) = unsafe { (&*chunk, &(*context).context) };
        decide_pair(Halt { chunk, pc }, context)
    } then {
        // SAFETY: as of this function.
        Some(Some(brief)) => unsafe { tell(reader, brief, on) },
        // SAFETY: as of this function.
        _ => unsafe { check(reader, gate, context, on) },
    })
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
/// What is needed after it is in memory meanwhile, which is what the volatile reads are for: in registers that outlive calls, it would cost
/// this function to save and restore them, though they are needed once.
///
/// # Safety
/// As of [`pair`].
#[inline(never)]
pub(crate) unsafe extern "C" fn walking(
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
    chunk: *const Chunk,
    pc: Pc,
) -> tg_status {
    boundary!(kept call = Call { reader, gate, context, on }; caught {
        // SAFETY: the caller's.
        let (chunk, context) = unsafe { (&*chunk, &(*context).context) };
        decide_walking(Halt { chunk, pc }, context).map(Brief::of_end)
    } then {
        // SAFETY: a local, and as of this function.
        Some(Ok(Some(brief))) => unsafe {
            tell((&raw const (*call).reader).read_volatile(), brief, (&raw const (*call).on).read_volatile())
        },
        // SAFETY: a local, and as of this function.
        Some(Err(stop)) => unsafe { from((&raw const (*call).reader).read_volatile(), call, &stop) },
        _ => {
            // SAFETY: a local, and the caller's.
            unsafe { &*(&raw const (*call).reader).read_volatile() }.poison();
            tg_status::Panic
        }
    })
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
/// As of the module; `call` is read.
#[inline(never)]
unsafe extern "C" fn from(reader: *mut tg_reader, call: *const Call, stop: &Stop<'_>) -> tg_status {
    boundary!(known reader {
        // SAFETY: the caller's.
        unsafe {
            let Call { gate, context, on, .. } = *call;
            *on = reader.open().check_from(Gate::from_number(gate.number), *stop, &(*context).context);
        }
        Ok(())
    })
}
