//! A view: one version and one instant for several decisions, so that a request never sees a mix.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use super::counters::{Lease, Shard};
use super::late::Late;
use super::shared::Shared;
use super::{Feature, Gate, decision};
use crate::context::Subject;
use crate::eval::{Decision, Raw, decide};
use crate::program::{Entry, Program};

/// One version of the snapshot at one instant.
pub struct View<'s, P = &'s Program> {
    program: P,
    epoch: u64,
    now: i64,
    late: Holds<'s>,
    counting: Counting<'s>,
    /// Counting is one thread's at a time.
    _one_thread: PhantomData<Cell<()>>,
}

/// Who has the names that no program knows.
enum Holds<'s> {
    Owned(Arc<Late>),
    Reader(&'s Late),
}

enum Counting<'s> {
    Leased(Lease),
    No,
    Owned(&'s Shard),
}

impl<P: Deref<Target = Program>> fmt::Debug for View<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("version", &self.program.version)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl<'s> View<'s, &'s Program> {
    pub(super) fn borrowed(
        (epoch, program): (u64, &'s Program),
        late: &'s Late,
        now: i64,
        shard: Option<&'s Shard>,
    ) -> Self {
        Self {
            program,
            epoch,
            now,
            late: Holds::Reader(late),
            counting: shard.map_or(Counting::No, Counting::Owned),
            _one_thread: PhantomData,
        }
    }
}

impl View<'_, Arc<Program>> {
    pub(super) fn new(shared: &Shared, now: i64, lease: Option<Lease>) -> Self {
        let (epoch, program) = shared.load();
        Self {
            program,
            epoch,
            now,
            late: Holds::Owned(Arc::clone(&shared.late)),
            counting: lease.map_or(Counting::No, Counting::Leased),
            _one_thread: PhantomData,
        }
    }
}

impl<P: Deref<Target = Program>> View<'_, P> {
    /// The version of the snapshot; 0 if there is none.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.program.version
    }

    /// The epoch of the program: see [`Reader::epoch`](super::Reader::epoch).
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The program. A host that keeps a decision must keep it: the decision borrows from it; and, of an unknown feature, the name from
    /// the view.
    #[must_use]
    pub fn program(&self) -> &P {
        &self.program
    }

    /// A decision of this program, in words; of another program it would say something else.
    #[must_use]
    pub fn recall(&self, feature: impl Into<Feature>, raw: Raw) -> Decision<'_> {
        decision(&self.program, self.late(), feature.into().0, raw)
    }

    /// The instant, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now
    }

    /// The same version at another instant.
    #[must_use]
    pub fn at(mut self, now_ms: i64) -> Self {
        self.now = now_ms;
        self
    }

    /// Whether a gate is on (SEMANTICS 6.6).
    #[inline]
    pub fn check(&self, gate: Gate, subject: &impl Subject) -> bool {
        self.run(self.program.entry(gate.0), subject).is_on()
    }

    /// Whether a gate is on, by name.
    pub fn check_name(&self, gate: &str, subject: &impl Subject) -> bool {
        self.program.feature(gate).is_some_and(|number| self.check(Gate(number), subject))
    }

    /// The decision of a feature.
    #[inline]
    pub fn decide(&self, feature: impl Into<Feature>, subject: &impl Subject) -> Decision<'_> {
        let number = feature.into().0;
        decision(&self.program, self.late(), number, self.run(self.program.entry(number), subject))
    }

    /// The decision of a feature, by name.
    pub fn decide_name<'v>(&'v self, feature: &'v str, subject: &impl Subject) -> Decision<'v> {
        let entry = self.program.feature(feature).map_or(Entry::ABSENT, |number| self.program.entry(number));
        Decision::new(&self.program, feature, self.run(entry, subject))
    }

    /// The decisions of all features, in no particular order.
    pub fn evaluate_all<'v>(&'v self, subject: &'v impl Subject) -> impl Iterator<Item = Decision<'v>> {
        let program: &'v Program = &self.program;
        program
            .present()
            .map(move |(number, name)| Decision::new(program, name, self.run(program.entry(number), subject)))
    }

    fn late(&self) -> &Late {
        match &self.late {
            Holds::Owned(late) => late,
            Holds::Reader(late) => late,
        }
    }

    #[inline]
    fn run(&self, entry: Entry, subject: &impl Subject) -> Raw {
        let raw: Raw = decide(&self.program, entry, subject, &self.now);
        match &self.counting {
            Counting::Leased(lease) => lease.count(raw.counter()),
            Counting::No => {}
            Counting::Owned(shard) => shard.count(raw.counter()),
        }
        raw
    }
}
