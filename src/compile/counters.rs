//! Which counter stands for which feature, variant and phase.

use std::sync::Arc;

use crate::model::Key;
use crate::value::KeyedMap;

/// The counters of one shape of a feature: a row without a phase, then one for each phase; a column a variant.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CounterBlock {
    /// The feature.
    pub feature: Key,
    /// The variants, in columns.
    pub variants: Vec<Key>,
    /// The releases and phases, in rows from the second on.
    pub phases: Vec<(Key, Key)>,
}

impl CounterBlock {
    fn len(&self) -> u32 {
        let rows = self.phases.len().saturating_add(1);
        // A feature without variants still counts what is not served.
        u32::try_from(rows.saturating_mul(self.variants.len().max(1))).unwrap_or(u32::MAX)
    }
}

/// Feature, variant, and release with phase.
pub type Counted<'l> = (&'l Key, Option<&'l Key>, Option<&'l (Key, Key)>);

/// All blocks so far; a block is never moved, so that counters survive swaps.
#[derive(Clone, Debug)]
pub struct CounterLayout {
    blocks: Vec<(u32, Arc<CounterBlock>)>,
    known: KeyedMap<Arc<CounterBlock>, u32>,
    len: u32,
}

impl Default for CounterLayout {
    fn default() -> Self {
        // Counter 0 is for what is not counted: unknown features, overrides.
        Self { blocks: Vec::new(), known: KeyedMap::default(), len: 1 }
    }
}

impl CounterLayout {
    /// The first counter of a block, new or known.
    pub(super) fn place(&mut self, block: CounterBlock) -> u32 {
        if let Some(first) = self.known.get(&block) {
            return *first;
        }
        let first = self.len;
        let block = Arc::new(block);
        self.len = self.len.saturating_add(block.len());
        self.blocks.push((first, Arc::clone(&block)));
        self.known.insert(block, first);
        first
    }

    /// How many counters there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len <= 1
    }

    /// Feature, variant, release and phase of a counter.
    #[must_use]
    pub fn describe(&self, counter: u32) -> Option<Counted<'_>> {
        let index = self.blocks.partition_point(|(first, _)| *first <= counter).checked_sub(1)?;
        let (first, block) = self.blocks.get(index)?;
        let within = counter.checked_sub(*first)? as usize;
        let columns = block.variants.len().max(1);
        let row = within.checked_div(columns)?;
        let column = within.checked_rem(columns)?;
        let phase = row.checked_sub(1).and_then(|row| block.phases.get(row));
        Some((&block.feature, block.variants.get(column), phase))
    }
}
