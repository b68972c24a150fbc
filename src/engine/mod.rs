//! The engine: holds the program that is served, and swaps it under running readers.
//!
//! ```text
//!  load / apply_delta ─ compile (a mutex, off the hot path) ─▶ ArcSwap ◀─ epoch ─ Reader (one a thread) ─▶ check
//!                        └ retired programs are kept until no reader holds them: readers never free       └▶ counters
//! ```
//! Readers take no lock and write no shared cache line. Many engines in one process do not know of each other.

mod builder;
mod clock;
mod constant;
mod counters;
mod explain;
mod late;
mod overrides;
mod reader;
mod shared;
mod source;
mod view;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

pub use self::builder::{ContextBuilder, EngineBuilder};
use self::clock::Asked;
pub use self::clock::{Clock, SystemClock};
use self::counters::Counters;
pub use self::counters::Exposure;
pub use self::explain::trace_document;
use self::late::Late;
pub use self::overrides::Override;
pub use self::reader::Reader;
use self::shared::Shared;
use self::source::Source;
pub use self::view::View;
use crate::compile::{Compiled, Compiler, FeatureOverrides, with_overrides};
use crate::context::{AttributeKey, Attributes, Context, Subject};
use crate::error::{Code, Diagnostic, Error};
use crate::eval::{Brief, Decision, decide};
use crate::model::Key;
use crate::program::Program;
use crate::telemetry;
use crate::value::Value;

/// A feature of an engine, its name looked up once; valid over swaps, and also for a feature that appears later.
///
/// A handle of one engine means nothing in another.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Feature(pub(crate) u32);

/// A gate of an engine; as [`Feature`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Gate(pub(crate) u32);

impl Feature {
    /// The handle of a number that [`number`](Self::number) gave; for bindings, which hand handles out as numbers. Any
    /// other number is that of an unknown feature, or of another one.
    #[must_use]
    #[inline(always)]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The number of the handle; it stays the same for the life of the engine.
    #[must_use]
    #[inline(always)]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl Gate {
    /// As [`Feature::from_number`].
    #[must_use]
    #[inline(always)]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// As [`Feature::number`].
    #[must_use]
    #[inline(always)]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl From<Gate> for Feature {
    fn from(gate: Gate) -> Self {
        Self(gate.0)
    }
}

/// What an update did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Update {
    /// The version before; 0 if there was none.
    pub from: u64,
    /// The version that is served now.
    pub version: u64,
    /// The features that may decide otherwise than before, sorted.
    pub changed: Vec<Key>,
    /// How many definitions were compiled.
    pub recompiled: usize,
    /// Problems that did not refuse the document. Those of definitions that did not change were told when they were new,
    /// and are not told again.
    pub diagnostics: Vec<Diagnostic>,
    /// The features that are isolated (SEMANTICS 9.4, 9.5).
    pub isolated: Vec<Key>,
}

/// The engine; cheap to clone, all clones are the same engine.
///
/// # Examples
/// ```
/// use tidegate::Engine;
///
/// let engine = Engine::builder().process("environment", "prod").build();
/// engine.load(br#"{"schema_version": 1, "version": 1, "features": {"checkout": {"kind": "gate", "rules": [
///     {"id": "staff", "if": {"attribute": "email", "op": "ends_with", "value": "@corp.example"}, "variant": "on"}
/// ]}}}"#)?;
///
/// let checkout = engine.gate("checkout"); // once
/// let mut reader = engine.reader(); // one a thread
/// let context = engine.context().with("email", "ann@corp.example").build();
/// assert!(reader.check(checkout, &context));
/// # Ok::<(), tidegate::error::Error>(())
/// ```
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    attributes: Arc<Attributes>,
    clock: Arc<dyn Clock>,
    counters: Option<Arc<Counters>>,
    process: BTreeMap<String, Value>,
    writer: Mutex<Writer>,
    listeners: Mutex<Listeners>,
    /// Updates that are to be told, in the order in which they were made.
    untold: Mutex<Untold>,
}

#[derive(Default)]
struct Untold {
    updates: VecDeque<Update>,
    /// Somebody is telling.
    busy: bool,
}

type Listener = Arc<dyn Fn(&Update) + Send + Sync>;

#[derive(Default)]
struct Listeners {
    /// The number of the one that came last.
    last: u64,
    all: Vec<(u64, Listener)>,
}

impl Listeners {
    fn add(&mut self, listener: Listener) -> u64 {
        self.last = self.last.wrapping_add(1);
        self.all.push((self.last, listener));
        self.last
    }
}

struct Writer {
    compiler: Compiler,
    /// What the compiler made, without overrides.
    compiled: Arc<Program>,
    overrides: BTreeMap<Key, FeatureOverrides>,
    retired: Vec<Arc<Program>>,
    source: Option<Source>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("version", &self.version()).finish_non_exhaustive()
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An engine without process attributes, on the system's clock; it serves nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An engine with process attributes, a clock or counters of one's choice.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// Serves a document from now on; lenient (SEMANTICS 9.2) unless the engine was built otherwise.
    ///
    /// # Errors
    /// If the document is refused, or older than what is served; that is served on.
    // Not inlined into what is compiled for speed, such as an export of the C library: that would be its size many times.
    #[inline(never)]
    pub fn load(&self, document: &[u8]) -> Result<Update, Error> {
        let mut writer = self.inner.writer.lock();
        let compiled = match writer.compiler.load(document) {
            Ok(compiled) => compiled,
            Err(error) => return Err(refused(writer, error)),
        };
        if writer.source.is_some() {
            writer.source = Some(Source::of(document));
        }
        Ok(self.publish(writer, compiled))
    }

    /// Serves a document with a change of what is served (see [`Compiler::apply`]).
    ///
    /// # Errors
    /// If the delta is for another version, incomplete or refused; what is served is served on.
    #[inline(never)]
    pub fn apply_delta(&self, delta: &[u8]) -> Result<Update, Error> {
        let mut writer = self.inner.writer.lock();
        let compiled = match writer.compiler.apply(delta) {
            Ok(compiled) => compiled,
            Err(error) => return Err(refused(writer, error)),
        };
        let is_long = writer.source.as_mut().is_some_and(|source| {
            source.push(delta);
            source.is_long()
        });
        let update = self.publish(writer, compiled);
        if is_long {
            drop(self.snapshot());
        }
        Ok(update)
    }

    fn publish(&self, mut writer: parking_lot::MutexGuard<'_, Writer>, compiled: Compiled) -> Update {
        let from = writer.compiled.version;
        writer.compiled = Arc::clone(&compiled.program);
        self.swap(&mut writer);
        let Compiled { program, changed, recompiled, diagnostics, isolated } = compiled;
        let update = Update { from, version: program.version, changed, recompiled, diagnostics, isolated };
        self.inner.untold.lock().updates.push_back(update.clone());
        drop(writer);
        telemetry::updated(
            (update.from, update.version),
            update.changed.len(),
            update.isolated.len(),
            &update.diagnostics,
        );
        self.notify();
        update
    }

    /// Puts the overrides in front of what was compiled, and serves it.
    fn swap(&self, writer: &mut Writer) {
        let names = writer.compiler.names();
        let program = with_overrides(&writer.compiled, names, &writer.overrides, &self.inner.attributes);
        let old = self.inner.shared.swap(program);
        // Once only: two of the same would keep each other. Without overrides, it is the compiled one that comes back.
        match writer.retired.iter().any(|retired| Arc::ptr_eq(retired, &old)) {
            true => drop(old),
            false => writer.retired.push(old),
        }
        writer.retired.retain(|program| Arc::strong_count(program) > 1);
    }

    /// Tells what is untold, unless somebody is at it: who then also tells this.
    fn notify(&self) {
        loop {
            let mut untold = self.inner.untold.lock();
            if untold.busy {
                return;
            }
            let Some(update) = untold.updates.pop_front() else { return };
            untold.busy = true;
            drop(untold);
            let _telling = Telling(&self.inner);
            let listeners = self.inner.listeners.lock().all.clone();
            for (number, listener) in listeners {
                // One that was called may have ended the subscription of another.
                let is_subscribed = self.inner.listeners.lock().all.iter().any(|(own, _)| *own == number);
                if is_subscribed {
                    listener(&update);
                }
            }
        }
    }

    /// Calls `listener` after each update, on the thread that made it, until the subscription is dropped; a call on another thread may
    /// go on for longer.
    pub fn on_update(&self, listener: impl Fn(&Update) + Send + Sync + 'static) -> Subscription {
        let number = self.inner.listeners.lock().add(Arc::new(listener));
        Subscription { engine: Arc::downgrade(&self.inner), number }
    }

    /// The version that is served; 0 if there is none.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.inner.shared.program().version
    }

    /// Whether updates can be made: not in a child of `fork` that inherited the lock of an update.
    #[cfg(feature = "http")]
    pub(crate) fn is_writable(&self, patience: std::time::Duration) -> bool {
        self.inner.writer.try_lock_for(patience).is_some()
    }

    /// The process attributes that it was built with.
    #[cfg(feature = "http")]
    pub(crate) fn process(&self) -> &BTreeMap<String, Value> {
        &self.inner.process
    }

    /// The program that is served.
    #[must_use]
    pub fn program(&self) -> Arc<Program> {
        self.inner.shared.load().1
    }

    /// The program that is served, and its document if that is kept ([`EngineBuilder::keep_source`]). After deltas it is the document
    /// with them applied, and so not byte for byte what a server has.
    #[must_use]
    #[inline(never)]
    pub fn snapshot(&self) -> (Arc<Program>, Option<Arc<[u8]>>) {
        let (program, source) = {
            let writer = self.inner.writer.lock();
            (Arc::clone(&writer.compiled), writer.source.clone().unwrap_or_default())
        };
        // With nothing locked: a document may be large.
        let document = source.applied();
        if let (Some(document), Some(own)) = (&document, &mut self.inner.writer.lock().source) {
            own.shorten(&source, document);
        }
        (program, document)
    }

    /// The text of the program, or of one feature of it; `None` if there is no such feature.
    #[must_use]
    pub fn listing(&self, feature: Option<&str>) -> Option<String> {
        let program = self.program();
        match feature {
            Some(feature) => program.listing_of(feature, &self.inner.attributes),
            None => Some(program.listing(&self.inner.attributes)),
        }
    }

    /// A handle of a gate, existing or not.
    #[must_use]
    pub fn gate(&self, name: &str) -> Gate {
        Gate(self.feature(name).0)
    }

    /// A handle of a feature, existing or not.
    ///
    /// A name that no document has had is remembered for the life of the engine, because its feature may come: some 300 bytes and
    /// its text. Handles are for names that the host's own code knows; names that requests bring are for [`check`](Self::check) and
    /// [`View::decide_name`], which remember nothing.
    #[must_use]
    pub fn feature(&self, name: &str) -> Feature {
        if let Some(number) = self.inner.shared.program().feature(name) {
            return Feature(number);
        }
        self.unknown(name)
    }

    /// The handle of a name that no program knows. It needs no other program: until there is an update, there is no such feature.
    #[cold]
    fn unknown(&self, name: &str) -> Feature {
        let late = &self.inner.shared.late;
        if let Some(number) = late.find(name) {
            return Feature(number);
        }
        let mut writer = self.inner.writer.lock();
        let (number, key) = writer.compiler.feature(name);
        // Another thread may have come first: now that the lock is ours, it is seen.
        if late.find(name).is_none() {
            late.add(number, key);
        }
        Feature(number)
    }

    /// The key of an attribute, to set it without looking its name up again.
    ///
    /// # Errors
    /// If the engine knows as many attributes as it can (SEMANTICS 9.7).
    pub fn attribute(&self, name: &str) -> Result<AttributeKey, Error> {
        self.inner
            .attributes
            .declare(name)
            .ok_or_else(|| Error::new(Code::Limit, "", crate::context::too_many_attributes()))
    }

    /// The attribute names of this engine.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.inner.attributes
    }

    /// A context in the making.
    pub fn context(&self) -> ContextBuilder<'_, 'static> {
        ContextBuilder::new(&self.inner.attributes)
    }

    /// A reader: what a thread checks with, again and again, at full speed.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(&self.inner.shared, &self.inner.clock, self.inner.counters.as_ref())
    }

    /// A view of the version that is served now, for a request that decides several features.
    #[must_use]
    pub fn view(&self) -> View<'static, Arc<Program>> {
        let lease = self.inner.counters.as_ref().map(Counters::lease);
        View::new(&self.inner.shared, self.inner.clock.now_ms(), lease)
    }

    /// Whether a gate is on, by name. For now and then; a [`Reader`] is faster.
    #[must_use]
    pub fn check(&self, gate: &str, subject: &impl Subject) -> bool {
        let program = self.inner.shared.program();
        program.feature(gate).is_some_and(|number| self.check_in(&program, Gate(number), subject))
    }

    /// Whether a gate is on, by handle and on any thread; a [`Reader`] is faster.
    #[must_use]
    #[inline]
    pub fn check_gate(&self, gate: Gate, subject: &impl Subject) -> bool {
        self.check_in(&self.inner.shared.program(), gate, subject)
    }

    #[inline(always)]
    fn check_in(&self, program: &Program, gate: Gate, subject: &impl Subject) -> bool {
        let brief: Brief = decide(program, program.entry(gate.0), subject, &Asked(&self.inner.clock));
        if let Some(counters) = &self.inner.counters {
            counters.lease().count(brief.counter());
        }
        brief.is_on()
    }

    /// Drains the exposure counters: what was decided since the last call.
    #[must_use]
    #[inline(never)]
    pub fn drain_exposures(&self) -> Vec<Exposure> {
        let Some(counters) = &self.inner.counters else { return Vec::new() };
        let layout = self.inner.writer.lock().compiler.counters();
        counters.drain(&layout.lock())
    }

    /// Why a feature is decided as it is; needs the document, see [`EngineBuilder::keep_source`]. It says what the document says:
    /// [overrides](Self::overridden) are not seen.
    ///
    /// # Errors
    /// If the document is not kept, or there is none yet.
    pub fn trace(
        &self,
        feature: &str,
        context: &BTreeMap<String, Value>,
    ) -> Result<crate::trace::Trace, Error> {
        let (_, Some(source)) = self.snapshot() else {
            let message = "expected an engine that keeps its document (`keep_source`), and has one";
            return Err(Error::new(Code::BadContext, "", message));
        };
        trace_document(&source, &self.inner.process, feature, context, self.inner.clock.now_ms())
    }
}

/// Tells of a refusal, once nothing is locked.
fn refused(writer: parking_lot::MutexGuard<'_, Writer>, error: Error) -> Error {
    let version = writer.compiled.version;
    drop(writer);
    telemetry::refused(version, &error);
    error
}

/// Also after a listener that panics, the next update is told.
struct Telling<'i>(&'i Inner);

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        self.0.untold.lock().busy = false;
    }
}

/// Ends a subscription when dropped.
#[derive(Debug)]
#[must_use = "dropping it ends the subscription"]
pub struct Subscription {
    engine: Weak<Inner>,
    number: u64,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inner")
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(inner) = self.engine.upgrade() {
            let mut listeners = inner.listeners.lock();
            let place = listeners.all.iter().position(|(number, _)| *number == self.number);
            let listener = place.map(|place| listeners.all.remove(place));
            // It may own a subscription itself, and is dropped when nothing is locked.
            drop(listeners);
            drop(listener);
        }
    }
}

/// A decision for one call, without a view: see [`Reader::decide`].
fn decision<'p>(program: &'p Program, late: &'p Late, number: u32, raw: crate::eval::Raw) -> Decision<'p> {
    let name = program.names.name(number).or_else(|| late.name(number));
    Decision::new(program, name.unwrap_or(""), raw)
}

// A context can be shared between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Engine>();
    shared::<Context<'static>>();
};
