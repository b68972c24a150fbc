//! The reader: a thread's own access to the program, at a nanosecond a check.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

use super::clock::{Clock, Lazily};
use super::counters::{Counters, Shard};
use super::view::View;
use super::{decision, Feature, Gate};
use crate::context::Subject;
use crate::eval::{decide, Decision, Raw};
use crate::program::Program;

/// Checks features on one thread; make one per thread with [`Engine::reader`](super::Engine::reader).
///
/// Each call sees the newest program. Several calls may see several versions; a [`view`](Self::view) sees one.
pub struct Reader {
    program: Cache<Arc<ArcSwap<Program>>, Arc<Program>>,
    clock: Arc<dyn Clock>,
    shard: Option<Arc<Shard>>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    pub(super) fn new(program: &Arc<ArcSwap<Program>>, clock: &Arc<dyn Clock>, counters: Option<&Arc<Counters>>) -> Self {
        Self {
            program: Cache::new(Arc::clone(program)),
            clock: Arc::clone(clock),
            shard: counters.map(|counters| counters.shard()),
        }
    }

    /// Whether a gate is on (SEMANTICS 6.6).
    #[inline]
    pub fn check(&mut self, gate: Gate, subject: &impl Subject) -> bool {
        let program = self.program.load();
        let raw = decide(program, program.entry(gate.0), subject, &Lazily::new(&*self.clock));
        count(self.shard.as_deref(), raw);
        raw.is_on()
    }

    /// Whether a gate is on, by name.
    #[inline]
    pub fn check_name(&mut self, gate: &str, subject: &impl Subject) -> bool {
        let program = self.program.load();
        let Some(number) = program.feature(gate) else { return false };
        let raw = decide(program, program.entry(number), subject, &Lazily::new(&*self.clock));
        count(self.shard.as_deref(), raw);
        raw.is_on()
    }

    /// The decision of a feature, which borrows the reader.
    #[inline]
    pub fn decide(&mut self, feature: impl Into<Feature>, subject: &impl Subject) -> Decision<'_> {
        let number = feature.into().0;
        let program = self.program.load();
        let raw = decide(program, program.entry(number), subject, &Lazily::new(&*self.clock));
        count(self.shard.as_deref(), raw);
        decision(program, number, raw)
    }

    /// A view of the newest version, for several decisions.
    #[inline]
    pub fn view(&mut self) -> View<'_, &Program> {
        let now = self.clock.now_ms();
        let program = self.program.load();
        View::borrowed(program, now, self.shard.as_deref())
    }
}

#[inline(always)]
pub(super) fn count(shard: Option<&Shard>, raw: Raw) {
    if let Some(shard) = shard {
        shard.count(raw.counter());
    }
}
