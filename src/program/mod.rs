//! Programs: flat immutable rule tables, what the evaluator runs.
//!
//! ```text
//!  Program ── features: [Entry]  ──▶ (chunk, pc) ──▶ Chunk { code: [Inst], tables, … }
//!          ├─ segments: [Entry; 2] (as it is, negated)       one chunk a compilation; a delta adds a small one
//!          ├─ chunks:   [Arc<Chunk>]                         and copies the entries, nothing else
//!          └─ names:    Arc<Names>
//! ```
//! INVARIANT: immutable once built; entries point into existing chunks.

use std::sync::Arc;

mod chunk;
mod inst;
mod listing;
mod names;
mod reads;

pub use self::chunk::{Chunk, FeatureMeta, Tables, VariantList};
pub use self::inst::{Arm, Fork, HOLDS, Inst, ON, Pc, Ranges, Reason, Served};
pub use self::names::Names;

/// Where the code of a feature or segment begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The chunk; `u32::MAX` if there is no such feature.
    pub chunk: u32,
    /// The position in it.
    pub pc: Pc,
}

impl Entry {
    /// There is no such feature.
    pub const ABSENT: Self = Self { chunk: u32::MAX, pc: 0 };

    /// Whether there is one.
    #[must_use]
    pub fn is_present(self) -> bool {
        self.chunk != u32::MAX
    }
}

/// A compiled snapshot.
#[derive(Clone, Debug)]
pub struct Program {
    /// The snapshot's version.
    pub version: u64,
    /// By the feature's number.
    pub features: Arc<[Entry]>,
    /// By the segment's number: as it is, and negated.
    pub segments: Arc<[[Entry; 2]]>,
    /// The code.
    pub chunks: Vec<Arc<Chunk>>,
    /// The features' names.
    pub names: Arc<Names>,
    /// The segments' names.
    pub segment_names: Arc<Names>,
    /// How many counters its code uses.
    pub counters: u32,
}

impl Default for Program {
    fn default() -> Self {
        let (features, segments) = (Arc::new([]), Arc::new([]));
        Self {
            version: 0,
            features,
            segments,
            chunks: Vec::new(),
            names: Arc::default(),
            segment_names: Arc::default(),
            counters: 0,
        }
    }
}

impl Program {
    /// The number of a feature, by name.
    #[must_use]
    #[inline]
    pub fn feature(&self, name: &str) -> Option<u32> {
        self.names.find(name)
    }

    /// The entry of a feature.
    #[must_use]
    #[inline(always)]
    pub fn entry(&self, feature: u32) -> Entry {
        self.features.get(feature as usize).copied().unwrap_or(Entry::ABSENT)
    }

    /// The features that exist, as (number, name), in the order of their numbers.
    pub fn present(&self) -> impl Iterator<Item = (u32, &str)> {
        self.features.iter().enumerate().filter(|(_, entry)| entry.is_present()).filter_map(|(index, _)| {
            let number = u32::try_from(index).ok()?;
            Some((number, self.names.name(number)?))
        })
    }

    /// Bytes on the heap, roughly; chunks that several programs share are counted in each.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(|chunk| chunk.memory_usage()).sum();
        size_of_val(&*self.features)
            .saturating_add(size_of_val(&*self.segments))
            .saturating_add(chunks)
            .saturating_add(self.names.memory_usage())
    }
}
