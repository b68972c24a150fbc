//! Exposure counters: each reader has a shard of its own, to which it alone writes (a plain load and store, no locked
//! instruction, no shared cache line). Draining only reads: it remembers what it saw, and reports the difference.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use crate::compile::CounterLayout;
use crate::model::Key;
use crate::value::{KeyedMap, order};

/// How often a variant was served, by phase.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Exposure {
    /// The feature.
    pub feature: Key,
    /// The variant; `None` where none was served.
    pub variant: Option<Key>,
    /// The release that the decisions are attributed to (directly).
    pub release: Option<Key>,
    /// The phase.
    pub phase: Option<Key>,
    /// How often since the last drain.
    pub count: u64,
}

/// Counters of one writer, in blocks that are added when a program needs more.
pub(super) struct Shard {
    blocks: [OnceLock<Box<[AtomicU64]>>; BLOCKS],
}

/// Block k has `FIRST << k` counters.
const FIRST: usize = 1_024;
const BLOCKS: usize = 20;

impl Shard {
    fn new() -> Self {
        Self { blocks: [const { OnceLock::new() }; BLOCKS] }
    }

    /// Counts one. Only one thread at a time may do so.
    #[inline(always)]
    pub(super) fn count(&self, counter: u32) {
        if !self.try_count(counter) {
            self.count_slowly(counter);
        }
    }

    /// As [`count`](Self::count), unless there is no block for it yet: then false.
    #[inline(always)]
    pub(super) fn try_count(&self, counter: u32) -> bool {
        let (block, index) = place(counter);
        let cell = self.blocks.get(block).and_then(OnceLock::get).and_then(|cells| cells.get(index));
        let Some(cell) = cell else { return false };
        cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        true
    }

    #[cold]
    #[inline(never)]
    fn count_slowly(&self, counter: u32) {
        let (number, index) = place(counter);
        let Some(block) = self.blocks.get(number) else { return };
        let cells =
            block.get_or_init(|| std::iter::repeat_with(AtomicU64::default).take(FIRST << number).collect());
        if let Some(cell) = cells.get(index) {
            cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        }
    }

    fn read(&self, counter: u32) -> u64 {
        let (block, index) = place(counter);
        let cell = self.blocks.get(block).and_then(OnceLock::get).and_then(|cells| cells.get(index));
        cell.map_or(0, |cell| cell.load(Ordering::Relaxed))
    }
}

/// Block and index: block k holds counters FIRST·(2^k − 1) to FIRST·(2^(k+1) − 1) − 1.
#[inline(always)]
fn place(counter: u32) -> (usize, usize) {
    let shifted = (counter as usize).wrapping_add(FIRST);
    let block = (shifted.ilog2() as usize).wrapping_sub(FIRST.ilog2() as usize);
    (block, shifted.wrapping_sub(FIRST << (block & 31)))
}

/// For so long the locks below are waited for: no thread holds one for more than a drain takes.
const PATIENCE: Duration = Duration::from_millis(500);

/// All shards of an engine.
#[derive(Default)]
pub(super) struct Counters {
    shards: Mutex<Vec<Registered>>,
    /// Shards that no reader owns: for views of the engine.
    free: Mutex<Vec<Arc<Shard>>>,
}

struct Registered {
    shard: Arc<Shard>,
    seen: Vec<u64>,
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counters").field("shards", &self.shards.lock().len()).finish_non_exhaustive()
    }
}

impl Counters {
    /// A shard for a reader to own.
    ///
    /// Where its list stays locked it is nobody's, and not drained: a child of `fork` that inherited the lock decides, but does not count.
    pub(super) fn shard(&self) -> Arc<Shard> {
        let Some(mut shards) = self.shards.try_lock_for(PATIENCE) else { return Arc::new(Shard::new()) };
        // One whose owner is gone is used again, with what is to be drained of it: else readers that come and go leave theirs
        // behind until somebody drains.
        if let Some(idle) = shards.iter().find(|registered| Arc::strong_count(&registered.shard) == 1) {
            std::sync::atomic::fence(Ordering::Acquire);
            return Arc::clone(&idle.shard);
        }
        let shard = Arc::new(Shard::new());
        shards.push(Registered { shard: Arc::clone(&shard), seen: Vec::new() });
        shard
    }

    /// A shard to be used by one view, then by the next.
    pub(super) fn lease(self: &Arc<Self>) -> Lease {
        let free = self.free.try_lock_for(PATIENCE).and_then(|mut free| free.pop());
        let shard = free.unwrap_or_else(|| self.shard());
        Lease { shard, counters: Arc::clone(self) }
    }

    pub(super) fn drain(&self, layout: &CounterLayout) -> Vec<Exposure> {
        let mut sums: KeyedMap<u32, u64> = KeyedMap::default();
        self.shards.lock().retain_mut(|registered| {
            // Asked first: what an owner counted before it let go is then seen below.
            let owned = Arc::strong_count(&registered.shard) > 1;
            std::sync::atomic::fence(Ordering::Acquire);
            registered.seen.resize(layout.len() as usize, 0);
            for (counter, seen) in (0_u32..).zip(&mut registered.seen).skip(1) {
                let now = registered.shard.read(counter);
                let new = now.wrapping_sub(*seen);
                if new > 0 {
                    *seen = now;
                    let sum = sums.entry(counter).or_default();
                    *sum = sum.wrapping_add(new);
                }
            }
            owned
        });
        merge(&sums, layout)
    }
}

/// Feature, variant, and release with phase.
type Row = (Key, Option<Key>, Option<(Key, Key)>);

fn merge(sums: &KeyedMap<u32, u64>, layout: &CounterLayout) -> Vec<Exposure> {
    let mut merged: HashMap<Row, u64> = HashMap::new();
    for (counter, count) in sums {
        let Some((feature, variant, phase)) = layout.describe(*counter) else { continue };
        let sum = merged.entry((Key::clone(feature), variant.cloned(), phase.cloned())).or_default();
        *sum = sum.wrapping_add(*count);
    }
    let mut list: Vec<Exposure> = merged
        .into_iter()
        .map(|((feature, variant, served), count)| {
            let (release, phase) =
                served.map_or((None, None), |(release, phase)| (Some(release), Some(phase)));
            Exposure { feature, variant, release, phase, count }
        })
        .collect();
    order::sort_by(&mut list, |a, b| {
        (&a.feature, &a.variant, &a.release, &a.phase).cmp(&(&b.feature, &b.variant, &b.release, &b.phase))
    });
    list
}

/// A shard in use by a view.
pub(super) struct Lease {
    shard: Arc<Shard>,
    counters: Arc<Counters>,
}

impl Lease {
    pub(super) fn count(&self, counter: u32) {
        self.shard.count(counter);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(mut free) = self.counters.free.try_lock_for(PATIENCE) {
            free.push(Arc::clone(&self.shard));
        }
    }
}
