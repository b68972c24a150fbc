//! The reader: a thread's own access to the program, at a nanosecond a check.

use std::fmt;
use std::sync::Arc;

use super::clock::{Asked, Clock};
use super::counters::{Counters, Shard};
use super::shared::Shared;
use super::view::View;
use super::{Feature, Gate, decision};
use crate::context::Subject;
use crate::eval::{Brief, Decision, Left, Raw, Stop, decide, decide_at_once, decide_from};
use crate::program::Program;

/// Checks features on one thread; make one per thread with [`Engine::reader`](super::Engine::reader).
///
/// Each call sees the newest program. Several calls may see several versions; a [`view`](Self::view) sees one.
pub struct Reader {
    shared: Arc<Shared>,
    /// That of `program`.
    epoch: u64,
    program: Arc<Program>,
    clock: Arc<dyn Clock>,
    shard: Option<Arc<Shard>>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    pub(super) fn new(
        shared: &Arc<Shared>,
        clock: &Arc<dyn Clock>,
        counters: Option<&Arc<Counters>>,
    ) -> Self {
        let (epoch, program) = shared.load();
        Self {
            shared: Arc::clone(shared),
            epoch,
            program,
            clock: Arc::clone(clock),
            shard: counters.map(|counters| counters.shard()),
        }
    }

    #[cold]
    #[inline(never)]
    fn renew(&mut self) {
        (self.epoch, self.program) = self.shared.load();
    }

    #[inline(always)]
    fn is_current(&self) -> bool {
        self.shared.epoch() == self.epoch
    }

    /// Takes the newest program, as each check does by itself; its epoch. A host that does something ahead of a check for
    /// each program (such as to look what the program [`reads`](Program::reads)) sees by it when there is another one.
    #[inline]
    pub fn refresh(&mut self) -> u64 {
        if !self.is_current() {
            self.renew();
        }
        self.epoch
    }

    /// The epoch of the program that was used last: another number for each program of the engine, also for one of the same
    /// version with other overrides.
    #[must_use]
    #[inline]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The program that was used last. A host that keeps a decision must keep it: the decision borrows from it; and, of an unknown
    /// feature, the name from the reader.
    #[must_use]
    #[inline]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// A decision that the program used last has made, in words; of another program it would say something else.
    #[must_use]
    pub fn recall(&self, feature: impl Into<Feature>, raw: Raw) -> Decision<'_> {
        decision(&self.program, &self.shared.late, feature.into().0, raw)
    }

    /// Whether a gate is on (SEMANTICS 6.6).
    #[inline]
    pub fn check(&mut self, gate: Gate, subject: &impl Subject) -> bool {
        // Not joined again after a refresh, so that the frequent way needs no registers saved.
        if self.is_current() { self.check_now(gate, subject) } else { self.check_newer(gate, subject) }
    }

    /// What [`check`](Self::check) would decide, where that is short, and [`count`](Self::count) is then to count. For bindings:
    /// it calls nothing, so that a function of a shared library around it need not save registers; and what it leaves is for
    /// functions that need other registers.
    ///
    /// # Errors
    /// If it is not: it is for [`decide_share`](crate::eval::decide_share), [`decide_pair`](crate::eval::decide_pair),
    /// [`decide_walking_here`](crate::eval::decide_walking_here), or for `check`.
    #[inline(always)]
    pub fn decide_at_once(&self, gate: Gate) -> Result<Brief, Left<'_>> {
        if self.is_current() { decide_at_once(&self.program, gate.0) } else { Err(Left::All) }
    }

    /// As [`check`](Self::check), from where [`decide_walking`](crate::eval::decide_walking) stopped, which was to do what
    /// [`decide_at_once`](Self::decide_at_once) left.
    #[must_use]
    #[inline(always)]
    pub fn check_from(&self, gate: Gate, stop: Stop<'_>, subject: &impl Subject) -> bool {
        let entry = self.program.entry(gate.0);
        self.count(decide_from(&self.program, entry, stop, subject, &Asked(&self.clock)))
    }

    /// Whether this reader counts what it decides.
    #[must_use]
    #[inline(always)]
    pub fn counts(&self) -> bool {
        self.shard.is_some()
    }

    /// Counts a decision of the program that was used last, if this reader [`counts`](Self::counts); whether the gate is on.
    #[inline(always)]
    pub fn count(&self, brief: Brief) -> bool {
        count(self.shard.as_deref(), brief.counter());
        brief.is_on()
    }

    #[cold]
    #[inline(never)]
    fn check_newer(&mut self, gate: Gate, subject: &impl Subject) -> bool {
        self.renew();
        self.check_now(gate, subject)
    }

    #[inline(always)]
    fn check_now(&self, gate: Gate, subject: &impl Subject) -> bool {
        let program = &*self.program;
        self.count(decide(program, program.entry(gate.0), subject, &Asked(&self.clock)))
    }

    /// Whether a gate is on, by name.
    #[inline]
    pub fn check_name(&mut self, gate: &str, subject: &impl Subject) -> bool {
        if !self.is_current() {
            self.renew();
        }
        self.program.feature(gate).is_some_and(|number| self.check_now(Gate(number), subject))
    }

    /// The decision of a feature, which borrows the reader.
    #[inline]
    pub fn decide(&mut self, feature: impl Into<Feature>, subject: &impl Subject) -> Decision<'_> {
        if !self.is_current() {
            self.renew();
        }
        let number = feature.into().0;
        let program = &*self.program;
        let raw: Raw = decide(program, program.entry(number), subject, &Asked(&self.clock));
        count(self.shard.as_deref(), raw.counter());
        decision(program, &self.shared.late, number, raw)
    }

    /// A view of the newest version, for several decisions.
    #[inline]
    pub fn view(&mut self) -> View<'_, &Program> {
        if !self.is_current() {
            self.renew();
        }
        View::borrowed(
            (self.epoch, &self.program),
            &self.shared.late,
            self.clock.now_ms(),
            self.shard.as_deref(),
        )
    }
}

#[inline(always)]
pub(super) fn count(shard: Option<&Shard>, counter: u32) {
    if let Some(shard) = shard {
        shard.count(counter);
    }
}
