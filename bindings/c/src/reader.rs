//! Readers: a thread's own access to what is served, at a nanosecond or two a check.

use std::cell::UnsafeCell;
use std::ffi::{c_char, c_void};

use tidegate::Reader;
use tidegate::eval::Left;

use crate::boundary::{Handle, Mark, Out, Owner, Seal, already_mine, free, out};
use crate::context::{is_sealed, of_engine, tg_context};
use crate::decision::{tg_decision, tg_decision_fn};
use crate::engine::{tg_engine, tg_feature};
use crate::further::{counted, pair, share, walking};
use crate::status::tg_status;
use crate::text::{text, tg_str, tg_text};
use crate::value::{Typed, json, put, tg_value};

/// A thread's own access to an engine: it is the thread's that uses it first, and no other's (`TG_STATUS_WRONG_THREAD`). Make
/// one per thread. Each call sees the newest snapshot; for one snapshot over several calls there are views.
#[cfg_attr(all(), repr(C))]
pub struct tg_reader {
    mark: Mark,
    engine: u32,
    owner: Owner,
    /// The seal of contexts of its engine.
    contexts: u64,
    reader: UnsafeCell<Reader>,
}
handle!(tg_reader, b"TGrd", owner);
owned!(tg_reader);

/// A new reader. Free it with `tg_reader_free`; the engine may be freed before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_new(engine: *const tg_engine, reader: *mut *mut tg_reader) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter.
        let reader = unsafe { out(reader) }?;
        reader.set(tg_reader {
            mark: Mark::live::<tg_reader>(),
            engine: engine.id,
            owner: Owner::nobody(),
            contexts: Seal::of::<tg_context>(engine.id),
            reader: UnsafeCell::new(engine.engine.reader()),
        }.give());
        Ok(())
    })
}

/// Frees a reader; NULL is fine. Any thread may, when no call is under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_free(reader: *mut tg_reader) {
    boundary!(or (); {
        // SAFETY: the caller gives it up.
        unsafe { free(reader) }
    })
}

/// Whether a gate is on. Of an unknown gate it is false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_check(
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
) -> tg_status {
    boundary!(caught {
        // SAFETY: an out-parameter, and a reader of the caller's.
        let (to, own) = unsafe { (out(on).map_err(|_| Left::All)?, already_mine(reader).ok_or(Left::All)?) };
        // SAFETY: a context of the caller's, and this thread's reader.
        let open = unsafe {
            is_sealed(context, own.contexts).then_some(()).ok_or(Left::All)?;
            own.open()
        };
        let brief = open.decide_at_once(gate.gate_of(own.engine).map_err(|_| Left::All)?)?;
        if open.counts() {
            return Ok(Some(brief));
        }
        to.set(brief.is_on());
        Ok::<_, Left<'_>>(None)
    } then {
        Some(Ok(None)) => tg_status::Ok,
        // SAFETY: as of this function, and all is known to be well.
        Some(Ok(Some(brief))) => unsafe { counted(reader, brief, on) },
        // SAFETY: as above.
        Some(Err(Left::Share(chunk, inst))) => unsafe { share(reader, gate, context, on, chunk, inst) },
        // SAFETY: as above.
        Some(Err(Left::Pair(chunk, inst))) => unsafe { pair(reader, gate, context, on, chunk, inst) },
        // SAFETY: as above.
        Some(Err(Left::Walk(halt))) => unsafe { walking(reader, gate, &raw const (*context).context, on, halt.chunk, halt.pc) },
        // SAFETY: as of this function.
        _ => unsafe { check(reader, gate, context, on) },
    })
}

/// Any check, also those that are refused: for the first of a reader, the first of another program, the first share of a context, and
/// what does not exist.
///
/// # Safety
/// As of [`tg_reader_check`].
#[inline(never)]
pub(crate) unsafe extern "C" fn check(
    reader: *mut tg_reader,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
) -> tg_status {
    boundary!(mine reader {
        // SAFETY: an out-parameter, a context of the caller's, and this thread's reader.
        let (on, context, own) = unsafe { (out(on)?, of_engine(context, reader.engine)?, reader.open()) };
        on.set(own.check(gate.gate_of(reader.engine)?, context));
        Ok(())
    })
}

/// As `tg_reader_check`, by name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_check_name(
    reader: *mut tg_reader,
    gate: *const c_char,
    gate_len: usize,
    context: *const tg_context,
    on: *mut bool,
) -> tg_status {
    boundary!(mine reader {
        // SAFETY: an out-parameter, a text and a context of the caller's.
        let (on, gate, context) =
            unsafe { (out(on)?, text(gate, gate_len)?, of_engine(context, reader.engine)?) };
        // SAFETY: this thread's reader.
        on.set(unsafe { reader.open() }.check_name(gate, context));
        Ok(())
    })
}

/// The decision of a feature. What it borrows is valid until the reader is used again or freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_decide(
    reader: *mut tg_reader,
    feature: tg_feature,
    context: *const tg_context,
    decision: *mut tg_decision,
) -> tg_status {
    boundary!(mine reader {
        // SAFETY: an out-parameter, and a context of the caller's.
        let (decision, context) = unsafe { (out(decision)?, of_engine(context, reader.engine)?) };
        let feature = feature.of_engine(reader.engine)?;
        // SAFETY: this thread's reader.
        decision.set(tg_decision::of(&unsafe { reader.open() }.decide(feature, context)));
        Ok(())
    })
}

impl tg_reader {
    /// The reader itself.
    ///
    /// # Safety
    /// Of the thread whose reader it is, as `mine` or `already_mine` says; in no callback of it; and while no other reference to
    /// the reader is used.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "whoever gets here is alone")]
    pub(crate) unsafe fn open(&self) -> &mut Reader {
        // SAFETY: the caller's.
        unsafe { &mut *self.reader.get() }
    }

    /// Reads the value of a feature as a type.
    ///
    /// # Safety
    /// As of [`open`](Self::open); a context of the caller's.
    unsafe fn read<'r, T: Typed<'r>>(
        &'r self,
        feature: tg_feature,
        context: *const tg_context,
        to: Out<'_, T>,
    ) -> Result<(), tg_status> {
        // SAFETY: the caller's.
        let context = unsafe { of_engine(context, self.engine) }?;
        let feature = feature.of_engine(self.engine)?;
        // SAFETY: the caller's.
        put(unsafe { self.open() }.decide(feature, context).value(), to)
    }
}

/// The boolean that a feature serves. Not written where there is none (`TG_STATUS_NO_VALUE`) or it is of another type
/// (`TG_STATUS_OTHER_TYPE`), so that the default may stand there before the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_bool(
    reader: *mut tg_reader,
    feature: tg_feature,
    context: *const tg_context,
    value: *mut bool,
) -> tg_status {
    boundary!(mine reader {
        // SAFETY: an out-parameter, and a context of the caller's.
        unsafe { reader.read(feature, context, out(value)?) }
    })
}

/// As `tg_reader_bool`, an integer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_int(
    reader: *mut tg_reader,
    feature: tg_feature,
    context: *const tg_context,
    value: *mut i64,
) -> tg_status {
    boundary!(mine reader {
        // SAFETY: an out-parameter, and a context of the caller's.
        unsafe { reader.read(feature, context, out(value)?) }
    })
}

/// As `tg_reader_bool`, a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_float(
    reader: *mut tg_reader,
    feature: tg_feature,
    context: *const tg_context,
    value: *mut f64,
) -> tg_status {
    boundary!(mine reader {
        // SAFETY: an out-parameter, and a context of the caller's.
        unsafe { reader.read(feature, context, out(value)?) }
    })
}

/// As `tg_reader_bool`, a string; valid until the reader is used again or freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_str(
    reader: *mut tg_reader,
    feature: tg_feature,
    context: *const tg_context,
    value: *mut tg_str,
) -> tg_status {
    boundary!(mine reader {
        // SAFETY: an out-parameter, and a context of the caller's.
        unsafe { reader.read(feature, context, out(value)?) }
    })
}

/// As `tg_reader_bool`, a value of any type; valid until the reader is used again or freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_value(
    reader: *mut tg_reader,
    feature: tg_feature,
    context: *const tg_context,
    value: *mut *const tg_value,
) -> tg_status {
    boundary!(mine reader {
        // SAFETY: an out-parameter, and a context of the caller's.
        unsafe { reader.read(feature, context, out(value)?) }
    })
}

/// As `tg_reader_bool`, the value as JSON; free it with `tg_text_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_json(
    reader: *mut tg_reader,
    feature: tg_feature,
    context: *const tg_context,
    value: *mut *mut tg_text,
) -> tg_status {
    boundary!(mine reader {
        // SAFETY: an out-parameter, and a context of the caller's.
        let (value, context) = unsafe { (out(value)?, of_engine(context, reader.engine)?) };
        let feature = feature.of_engine(reader.engine)?;
        // SAFETY: this thread's reader.
        let decision = unsafe { reader.open() }.decide(feature, context);
        value.set(json(decision.value().ok_or(tg_status::NoValue)?)?);
        Ok(())
    })
}

/// Gives the decisions of all features, of one snapshot and in no particular order, to a callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_reader_each(
    reader: *mut tg_reader,
    context: *const tg_context,
    callback: tg_decision_fn,
    userdata: *mut c_void,
) -> tg_status {
    boundary!(mine reader {
        // SAFETY: a context of the caller's.
        let context = unsafe { of_engine(context, reader.engine) }?;
        let callback = callback.ok_or(tg_status::NullPointer)?;
        let _busy = reader.owner.busy();
        // SAFETY: this thread's reader, which callbacks find busy.
        for decision in unsafe { reader.open() }.view().evaluate_all(context) {
            let decision = tg_decision::of(&decision);
            // SAFETY: the caller's function with the caller's userdata.
            unsafe { callback(userdata, &raw const decision) }
        }
        Ok(())
    })
}
