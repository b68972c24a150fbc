//! Engines: made from options, fed with documents, asked for handles.

use std::ffi::c_char;
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use parking_lot::Mutex;
use tidegate::engine::{EngineBuilder, Subscription, SystemClock, Update};
use tidegate::error::Error;
use tidegate::model::Mode;
use tidegate::value::MAX_BYTES;
use tidegate::{Context, Engine, Feature, Gate, Value};

use crate::boundary::{Handle, Mark, free, out};
use crate::context::{json_value, of_engine, tg_attribute, tg_context};
use crate::log::Log;
use crate::readers::Readers;
use crate::report::{Report, no_object};
use crate::status::tg_status;
use crate::text::{bytes, optional, text, text_of, tg_str, tg_text};

/// A feature of one engine, its name looked up once (`tg_engine_feature`); valid over swaps, and also for a feature that
/// appears later. A gate is a feature. A value to copy, not to free.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_feature {
    /// The engine's number.
    pub engine: u32,
    /// The feature's.
    pub number: u32,
}

impl tg_feature {
    #[inline(always)]
    pub(crate) fn of_engine(self, engine: u32) -> Result<Feature, tg_status> {
        if self.engine == engine {
            Ok(Feature::from_number(self.number))
        } else {
            Err(tg_status::WrongEngine)
        }
    }

    #[inline(always)]
    pub(crate) fn gate_of(self, engine: u32) -> Result<Gate, tg_status> {
        self.of_engine(engine).map(|feature| Gate::from_number(feature.number()))
    }
}

/// A process attribute that is a string, such as `environment`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_process {
    /// The attribute's name.
    pub name: tg_str,
    /// Its value.
    pub value: tg_str,
}

/// Refuse documents with any error; else what is wrong is isolated.
pub const TG_ENGINE_STRICT: u32 = 1;
/// Count what is served (`tg_engine_drain_exposures`).
pub const TG_ENGINE_COUNTERS: u32 = 2;
/// Keep the document in memory, for `tg_engine_trace`.
pub const TG_ENGINE_KEEP_SOURCE: u32 = 4;

const FLAGS: u32 = TG_ENGINE_STRICT | TG_ENGINE_COUNTERS | TG_ENGINE_KEEP_SOURCE;

/// How an engine is to be. Zero it all, set `struct_size` to `sizeof(tg_engine_options)`, then what you need.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_engine_options {
    /// The size of the struct that the caller was compiled with.
    pub struct_size: usize,
    /// `TG_ENGINE_STRICT` and so on, or-ed.
    pub flags: u32,
    /// Process attributes that are strings.
    pub process: *const tg_process,
    /// How many.
    pub process_count: usize,
    /// Process attributes of any type, a JSON object; or no text.
    pub process_json: tg_str,
}

/// No time was set: the system's clock is asked.
const SYSTEM_TIME: i64 = i64::MIN;

/// An engine: holds the program that is served, and swaps it under running readers. Any thread may use it at any time.
#[cfg_attr(all(), repr(C))]
pub struct tg_engine {
    mark: Mark,
    pub(crate) id: u32,
    pub(crate) engine: Engine,
    /// None: it goes by its client's clock.
    time: Option<Arc<AtomicI64>>,
    pub(crate) report: Arc<Mutex<Arc<Report>>>,
    pub(crate) log: Arc<Mutex<Option<Arc<Log>>>>,
    readers: Arc<Readers>,
    _noted: Subscription,
}
handle!(tg_engine, b"TGen");

/// The numbers of engines. None is ever another's: where there are no more, there are no more engines.
struct Numbers(AtomicU32);

impl Numbers {
    const fn from(first: u32) -> Self {
        Self(AtomicU32::new(first))
    }

    /// 0 is no engine's; here it is what follows the last.
    fn take(&self) -> Result<u32, tg_status> {
        let next = |number: u32| (number != 0).then(|| number.wrapping_add(1));
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).map_err(|_| tg_status::Limit)
    }
}

impl tg_engine {
    /// An engine for C, around one of ours.
    pub(crate) fn around(engine: Engine, time: Option<Arc<AtomicI64>>) -> Result<Self, tg_status> {
        static NUMBERS: Numbers = Numbers::from(1);
        let id = NUMBERS.take()?;
        let report = Arc::new(Mutex::new(Arc::new(Report::default())));
        let log: Arc<Mutex<Option<Arc<Log>>>> = Arc::default();
        let readers: Arc<Readers> = Arc::default();
        let noted = {
            let (report, log, readers) = (Arc::clone(&report), Arc::clone(&log), Arc::clone(&readers));
            engine.on_update(move |update: &Update| {
                readers.updated();
                let new = Report::of_update(update.clone());
                crate::log::tell(&log, &new);
                let mut report = report.lock();
                // A load of this engine's own noted its report when it was done, and something later may have been refused since.
                if report.update.version < update.version {
                    *report = Arc::new(new);
                }
            })
        };
        Ok(Self { mark: Mark::live::<Self>(), id, engine, time, report, log, readers, _noted: noted })
    }

    /// Notes what was done, once it is; also where it is told later, because somebody is being told of something else.
    fn noted(&self, update: Update) {
        let mut report = self.report.lock();
        if report.update.version <= update.version {
            *report = Arc::new(Report::of_update(update));
        }
    }

    /// Notes what was refused; its status.
    pub(crate) fn refused(&self, error: &Error) -> tg_status {
        let report = Report::of_error(error, self.engine.version());
        crate::log::tell(&self.log, &report);
        *self.report.lock() = Arc::new(report);
        error.into()
    }
}

/// How an engine is to be, in Rust.
#[derive(Default)]
pub(crate) struct Wish {
    flags: u32,
    process: Vec<(String, Value)>,
}

impl Wish {
    /// Reads options; NULL is the default.
    ///
    /// # Safety
    /// NULL, or a struct that is readable, and so is what it points to.
    pub(crate) unsafe fn read(options: *const tg_engine_options) -> Result<Self, tg_status> {
        // SAFETY: the caller's.
        let Some(options) = (unsafe { options.as_ref() }) else { return Ok(Self::default()) };
        // The first version of the struct; fields that are added later are read if the size says that they are there.
        if options.struct_size != size_of::<tg_engine_options>() || options.flags & !FLAGS != 0 {
            return Err(tg_status::InvalidArgument);
        }
        if options.process_count > MAX_BYTES / size_of::<tg_process>() {
            return Err(tg_status::TooLong);
        }
        if options.process.is_null() && options.process_count > 0 {
            return Err(tg_status::NullPointer);
        }
        let mut process = Vec::new();
        for index in 0..options.process_count {
            // SAFETY: the caller's; below the count.
            let given = unsafe { *options.process.add(index) };
            // SAFETY: the caller's.
            let (name, value) = unsafe { (text_of(given.name)?, text_of(given.value)?) };
            process.push((name.to_owned(), value.into()));
        }
        // SAFETY: the caller's.
        if let Some(json) = unsafe { optional(options.process_json) }? {
            // SAFETY: a text of ours.
            let object = unsafe { json_value(json.as_ptr().cast(), json.len()) }?;
            let members = object.as_object().ok_or_else(no_object)?;
            process.extend(members.iter().map(|(name, value)| (name.to_string(), value.clone())));
        }
        Ok(Self { flags: options.flags, process })
    }

    pub(crate) fn builder(&self) -> EngineBuilder {
        let wants = |flag: u32| self.flags & flag != 0;
        let mode = if wants(TG_ENGINE_STRICT) { Mode::Strict } else { Mode::Lenient };
        let builder = Engine::builder().mode(mode);
        let builder = builder.counters(wants(TG_ENGINE_COUNTERS)).keep_source(wants(TG_ENGINE_KEEP_SOURCE));
        self.process.iter().fold(builder, |builder, (name, value)| builder.process(name, value.clone()))
    }
}

/// A new engine, which serves nothing yet; `options` may be NULL. Free it with `tg_engine_free`. A process can make 2^32 - 1 of them,
/// one after another too, as a feature or attribute of an old one must not be taken for a new one's; then it is `TG_STATUS_LIMIT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_new(
    options: *const tg_engine_options,
    engine: *mut *mut tg_engine,
) -> tg_status {
    boundary!({
        // SAFETY: an out-parameter, and options of the caller's.
        let (engine, wish) = unsafe { (out(engine)?, Wish::read(options)?) };
        let time = Arc::new(AtomicI64::new(SYSTEM_TIME));
        let clock = {
            let time = Arc::clone(&time);
            move || match time.load(Ordering::Relaxed) {
                SYSTEM_TIME => tidegate::engine::Clock::now_ms(&SystemClock),
                set => set,
            }
        };
        engine.set(tg_engine::around(wish.builder().clock(clock).build(), Some(time))?.give());
        Ok(())
    })
}

/// Frees an engine; NULL is fine. Its readers, views and contexts stay valid, and are freed by themselves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_free(engine: *mut tg_engine) {
    boundary!(or (); {
        // SAFETY: the caller gives it up.
        unsafe { free(engine) }
    })
}

/// Serves a document from now on. If it is refused, what is served is served on, and `tg_engine_report` says all that is
/// wrong. The document is not needed after the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_load(
    engine: *const tg_engine,
    document: *const c_char,
    document_len: usize,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: bytes of the caller's.
        let document = unsafe { bytes(document, document_len) }?;
        engine.engine.load(document).map(|update| engine.noted(update)).map_err(|error| engine.refused(&error))
    })
}

/// As `tg_engine_load`, from a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_load_file(
    engine: *const tg_engine,
    path: *const c_char,
    path_len: usize,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: a text of the caller's.
        let path = unsafe { text(path, path_len) }?;
        let document = read(path).map_err(|_| {
            let report = Report::unreadable(engine.engine.version());
            *engine.report.lock() = Arc::new(report);
            tg_status::Unreadable
        })?;
        engine.engine.load(&document).map(|update| engine.noted(update)).map_err(|error| engine.refused(&error))
    })
}

/// At most one byte more than a document may have, which `load` then refuses.
fn read(path: &str) -> std::io::Result<Vec<u8>> {
    let mut document = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut document)?;
    Ok(document)
}

/// Serves a document with a change of what is served: `{"from", "version", "features", ...}`. If it is refused, what is served
/// is served on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_apply_delta(
    engine: *const tg_engine,
    delta: *const c_char,
    delta_len: usize,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: bytes of the caller's.
        let delta = unsafe { bytes(delta, delta_len) }?;
        engine.engine.apply_delta(delta).map(|update| engine.noted(update)).map_err(|error| engine.refused(&error))
    })
}

/// The handle of a feature, existing or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_feature(
    engine: *const tg_engine,
    name: *const c_char,
    name_len: usize,
    feature: *mut tg_feature,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter, and a text of the caller's.
        let (feature, name) = unsafe { (out(feature)?, text(name, name_len)?) };
        feature.set(tg_feature { engine: engine.id, number: engine.engine.feature(name).number() });
        Ok(())
    })
}

/// The key of an attribute; `TG_STATUS_LIMIT` if the engine knows as many as it can.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_attribute(
    engine: *const tg_engine,
    name: *const c_char,
    name_len: usize,
    attribute: *mut tg_attribute,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter, and a text of the caller's.
        let (attribute, name) = unsafe { (out(attribute)?, text(name, name_len)?) };
        let key = engine.engine.attribute(name).map_err(|error| engine.refused(&error))?;
        attribute.set(tg_attribute { engine: engine.id, index: key.index() as u32 });
        Ok(())
    })
}

/// Whether a gate is on, on any thread; a reader is faster. Of an unknown gate it is false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_check(
    engine: *const tg_engine,
    gate: tg_feature,
    context: *const tg_context,
    on: *mut bool,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter, and a context of the caller's.
        let (on, context) = unsafe { (out(on)?, of_engine(context, engine.id)?) };
        let gate = gate.gate_of(engine.id)?;
        on.set(match engine.readers.mine().and_then(|place| place.with(|reader| reader.check(gate, context))) {
            Some(found) => found,
            None => engine.check_anew(gate, context),
        });
        Ok(())
    })
}

impl tg_engine {
    /// The first check of a thread, and those of threads that have no reader here.
    #[cold]
    #[inline(never)]
    fn check_anew(&self, gate: Gate, context: &Context<'_>) -> bool {
        let place = self.readers.find(&self.engine);
        let read = place.and_then(|place| place.with(|reader| reader.check(gate, context)));
        read.unwrap_or_else(|| self.engine.check_gate(gate, context))
    }
}

/// As `tg_engine_check`, by name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_check_name(
    engine: *const tg_engine,
    gate: *const c_char,
    gate_len: usize,
    context: *const tg_context,
    on: *mut bool,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter, a text and a context of the caller's.
        let (on, gate, context) =
            unsafe { (out(on)?, text(gate, gate_len)?, of_engine(context, engine.id)?) };
        let place = engine.readers.find(&engine.engine);
        let read = place.and_then(|place| place.with(|reader| reader.check_name(gate, context)));
        on.set(read.unwrap_or_else(|| engine.engine.check(gate, context)));
        Ok(())
    })
}

/// What an engine serves.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_snapshot {
    /// The version; 0 if there is none.
    pub version: u64,
    /// How many features it has.
    pub features: usize,
    /// Bytes on the heap, roughly.
    pub memory: usize,
}

/// What is served now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_snapshot(
    engine: *const tg_engine,
    snapshot: *mut tg_snapshot,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter.
        let snapshot = unsafe { out(snapshot) }?;
        let program = engine.engine.program();
        snapshot.set(tg_snapshot {
            version: program.version,
            features: program.present().count(),
            memory: program.memory_usage(),
        });
        Ok(())
    })
}

/// The listing of what was compiled, of one feature or, without a name, of all; for people.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_listing(
    engine: *const tg_engine,
    feature: *const c_char,
    feature_len: usize,
    listing: *mut *mut tg_text,
) -> tg_status {
    boundary!(shared engine {
        // SAFETY: an out-parameter, and a text of the caller's.
        let (listing, feature) =
            unsafe { (out(listing)?, optional(tg_str { data: feature, len: feature_len })?) };
        listing.set(tg_text::give(engine.engine.listing(feature).ok_or(tg_status::NoValue)?));
        Ok(())
    })
}

/// Stops the engine's clock at an instant, in milliseconds since 1970: for tests and simulations. Views have the time of when
/// they were made. Not of an engine that is connected (`TG_STATUS_NOT_AVAILABLE`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_set_time(engine: *const tg_engine, now_ms: i64) -> tg_status {
    boundary!(shared engine {
        if now_ms == SYSTEM_TIME {
            return Err(tg_status::InvalidArgument);
        }
        engine.time.as_ref().ok_or(tg_status::NotAvailable)?.store(now_ms, Ordering::Relaxed);
        Ok(())
    })
}

/// Goes by the system's clock again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_engine_use_system_time(engine: *const tg_engine) -> tg_status {
    boundary!(shared engine {
        engine.time.as_ref().ok_or(tg_status::NotAvailable)?.store(SYSTEM_TIME, Ordering::Relaxed);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_an_engine_is_never_anothers() {
        let numbers = Numbers::from(u32::MAX - 1);
        assert_eq!((numbers.take(), numbers.take()), (Ok(u32::MAX - 1), Ok(u32::MAX)));
        assert_eq!((numbers.take(), numbers.take()), (Err(tg_status::Limit), Err(tg_status::Limit)));
    }
}
