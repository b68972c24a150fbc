//! Exposure counts on their way to the server: each is counted there once, or counted here as lost.
//!
//! ```text
//!  engine ─ drain ─▶ waiting (a sum a row) ─▶ batch n ─ sent, unchanged, until stored ─▶ batch n + 1 …
//! ```

use std::collections::BTreeMap;

use crate::engine::Exposure;
use crate::model::Key;
use crate::wire::{ExposureBatch, ExposureCount};

/// The most rows that wait; counts of further rows are given up.
const MOST_ROWS: usize = 20_000;

/// Feature, variant, release, phase.
type Row = (Key, Option<Key>, Option<Key>, Option<Key>);

/// What was counted and is not yet stored by the server.
#[derive(Debug, Default)]
pub(super) struct Exposures {
    waiting: BTreeMap<Row, u64>,
    lost: u64,
    batch: Option<ExposureBatch>,
    last: u64,
}

impl Exposures {
    /// Adds what was drained.
    pub(super) fn add(&mut self, drained: Vec<Exposure>) {
        for Exposure { feature, variant, release, phase, count } in drained {
            let row = (feature, variant, release, phase);
            let has_room = self.waiting.len() < MOST_ROWS;
            match self.waiting.get_mut(&row) {
                Some(sum) => *sum = sum.saturating_add(count),
                None if has_room => {
                    self.waiting.insert(row, count);
                }
                None => self.lost = self.lost.saturating_add(count),
            }
        }
    }

    /// What is to be sent: the batch that is under way, else a new one; none if there is nothing to tell.
    pub(super) fn batch(&mut self) -> Option<&ExposureBatch> {
        if self.batch.is_none() && (!self.waiting.is_empty() || self.lost > 0) {
            self.last += 1;
            let rows = std::mem::take(&mut self.waiting);
            let counts = rows.into_iter().map(|((feature, variant, release, phase), count)| ExposureCount {
                feature: feature.to_string(),
                variant: variant.map(|key| key.to_string()),
                release: release.map(|key| key.to_string()),
                phase: phase.map(|key| key.to_string()),
                count,
            });
            let batch = ExposureBatch {
                batch: self.last,
                lost: std::mem::take(&mut self.lost),
                counts: counts.collect(),
            };
            self.batch = Some(batch);
        }
        self.batch.as_ref()
    }

    /// The server has all batches up to this one.
    pub(super) fn stored(&mut self, up_to: u64) {
        // A server that says so of a batch that was never sent is not believed for the next.
        if self.batch.as_ref().is_some_and(|batch| batch.batch <= up_to) {
            self.batch = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::Engine;

    use super::*;

    /// Exposures of as many gates, each checked `times`.
    fn exposures(gates: usize, times: usize) -> Vec<Exposure> {
        let features: Vec<String> =
            (0..gates).map(|n| format!(r#""g{n}": {{"kind": "gate", "rules": []}}"#)).collect();
        let document =
            format!(r#"{{"schema_version": 1, "version": 1, "features": {{{}}}}}"#, features.join(","));
        let engine = Engine::builder().counters(true).build();
        engine.load(document.as_bytes()).unwrap();
        let context = engine.context().build();
        for n in 0..gates {
            for _ in 0..times {
                let _ = engine.check(&format!("g{n}"), &context);
            }
        }
        engine.drain_exposures()
    }

    fn total(batch: &ExposureBatch) -> u64 {
        batch.counts.iter().map(|count| count.count).sum()
    }

    #[test]
    fn a_batch_is_resent_unchanged_until_it_is_stored() {
        let mut exposures_of = Exposures::default();
        assert_eq!(exposures_of.batch(), None);
        exposures_of.add(exposures(3, 2));
        let first = exposures_of.batch().unwrap().clone();
        assert_eq!((first.batch, total(&first)), (1, 6));
        exposures_of.add(exposures(3, 5));
        assert_eq!(exposures_of.batch(), Some(&first));
        exposures_of.stored(0);
        assert_eq!(exposures_of.batch(), Some(&first));
        exposures_of.stored(1);
        let second = exposures_of.batch().unwrap();
        assert_eq!((second.batch, total(second), second.lost), (2, 15, 0));
        exposures_of.stored(2);
        assert_eq!(exposures_of.batch(), None);
    }

    #[test]
    fn what_is_too_much_is_counted_as_lost() {
        let mut exposures_of = Exposures::default();
        exposures_of.add(exposures(MOST_ROWS + 10, 1));
        // Rows that are there go on counting.
        exposures_of.add(exposures(5, 2));
        let batch = exposures_of.batch().unwrap().clone();
        assert_eq!(total(&batch) + batch.lost, (MOST_ROWS + 10 + 10) as u64);
        assert!((10..=20).contains(&batch.lost), "{}", batch.lost);
        exposures_of.stored(1);
        assert_eq!(exposures_of.batch(), None);
    }
}
