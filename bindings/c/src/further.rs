//! What `tg_reader_check` leaves, once all is known to be well: of this thread's reader, a context of its engine, and no NULL.
//!
//! ```text
//!  tg_reader_check ─┬─▶ counted             what is to be counted
//!                   ├─▶ share ─▶ counted    one share
//!                   ├─▶ pair ─▶ counted     two tests
//!                   ├─▶ walking ─▶ counted  ┄┄calls┄┄▶ from: more than a walk, such as time, segments, other features
//!                   └─▶ check               all else
//! ```
//! Functions of their own, so that each saves the registers that it needs, and no other. Not for C: an `extern "C"` function does
//! not unwind, and can therefore be jumped to. The first arguments are those of `tg_reader_check`, and so are where they are to be
//! (`walking` has the attributes in the context's place). `share` and `pair` go on to `check` with what they do not decide. Chunks and
//! instructions come as pointers: a reference would have to be good until the end, and `check` may let go of the program.

#![expect(improper_ctypes_definitions, reason = "Rust alone calls these")]

use tidegate::eval::{Brief, Halt, Stop, decide_pair, decide_share, decide_walking_here};
use tidegate::program::{Chunk, Inst, Pc};
use tidegate::{Context, Gate};

use crate::boundary::Handle as _;
use crate::context::tg_context;
use crate::engine::tg_feature;
use crate::reader::{check, tg_reader};
use crate::status::tg_status;

/// A share.
///
/// # Safety
/// As of the module; the chunk is of the program that the reader used last, and has the instruction, a `ShareReturn`.
#[inline(never)]
pub(crate) unsafe extern "C" fn share(
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
    chunk: *const Chunk,
    inst: *const Inst,
) -> tg_status {
    boundary!(caught {
        // SAFETY: the caller's.
        let (chunk, inst, context) = unsafe { (&*chunk, &*inst, &(*context).context) };
        // SAFETY: the caller's: to ask again would load it once more before all else.
        unsafe { std::hint::assert_unchecked(matches!(inst, Inst::ShareReturn { .. })) };
        decide_share(chunk, inst, context)
    } then {
        // SAFETY: as of this function.
        Some(Some(brief)) => unsafe { tell(reader, brief, on) },
        // SAFETY: as of this function.
        _ => unsafe { check(reader, gate, context, on) },
    })
}

/// Two tests.
///
/// # Safety
/// As of the module; the chunk is of the program that the reader used last, and has the instruction, a `PairReturn`.
#[inline(never)]
pub(crate) unsafe extern "C" fn pair(
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
    chunk: *const Chunk,
    inst: *const Inst,
) -> tg_status {
    boundary!(caught {
        // SAFETY: the caller's.
        let (chunk, inst, context) = unsafe { (&*chunk, &*inst, &(*context).context) };
        // SAFETY: the caller's: to ask again would load it once more before all else.
        unsafe { std::hint::assert_unchecked(matches!(inst, Inst::PairReturn { .. })) };
        decide_pair(chunk, inst, context)
    } then {
        // SAFETY: as of this function.
        Some(Some(brief)) => unsafe { tell(reader, brief, on) },
        // SAFETY: as of this function.
        _ => unsafe { check(reader, gate, context, on) },
    })
}

/// A walk, in this function's own code: a call of it would cost more than what is saved and restored here. It is given the attributes
/// alone, so that no register is needed for what they are a part of.
///
/// # Safety
/// As of the module; the chunk is of the program that the reader used last, and the attributes are the context's.
#[inline(never)]
pub(crate) unsafe extern "C" fn walking(
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const Context<'static>,
    on: *mut bool,
    chunk: *const Chunk,
    pc: Pc,
) -> tg_status {
    boundary!(caught {
        // SAFETY: the caller's.
        let (chunk, context) = unsafe { (&*chunk, &*context) };
        decide_walking_here(Halt { chunk, pc }, context).map(Brief::of_end)
    } then {
        // SAFETY: as of this function.
        Some(Ok(Some(brief))) => unsafe { tell(reader, brief, on) },
        // SAFETY: as of this function.
        Some(Err(stop)) => unsafe { from(reader, gate, context, on, &stop) },
        _ => {
            // SAFETY: the caller's.
            unsafe { &*reader }.poison();
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
/// As of [`walking`]; `stop` is where it stopped.
#[inline(never)]
unsafe extern "C" fn from(
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const Context<'static>,
    on: *mut bool,
    stop: &Stop<'_>,
) -> tg_status {
    boundary!(known reader {
        // SAFETY: the caller's.
        unsafe {
            *on = reader.open().check_from(Gate::from_number(gate.number), *stop, &*context);
        }
        Ok(())
    })
}
