//! Reports as they come in: checked, noted in the book, answered.

use async_trait::async_trait;
use tidegate::model::Key;
use tidegate::wire::{ExposureBatch, RelayReport, Report, ReportAnswer, StoredBatch};
use tidegate_delivery::{Admission, ReportRefused, Reports, fit};

use super::book::{Full, Noted};
use super::names::Names;
use super::{Fleet, INTERVAL_S};

#[async_trait]
impl Reports for Fleet {
    async fn report(&self, who: &Admission, mut report: Report) -> Result<ReportAnswer, ReportRefused> {
        fit::report(&mut report)?;
        // It is told to report at this interval, so it must not be missed for what it planned before.
        report.interval_s = report.interval_s.max(INTERVAL_S);
        let environment = &who.environment;
        let (instance, newest) = (report.instance.clone(), report.version);
        let batch = report.exposures.take().and_then(|batch| self.counted(environment, newest, batch));
        let noted = {
            let now = self.inner.writer.measured();
            self.inner.book.lock().report(environment, report, now)
        };
        let want_operators = self.note(noted)?;
        let stored_batch = match batch {
            Some(batch) => {
                let stored = self.inner.exposures.store(environment, vec![(instance, batch)]).await;
                stored.into_iter().next().map(|(_, batch)| batch)
            }
            None => self.inner.exposures.durable(environment, &instance),
        };
        Ok(ReportAnswer { interval_s: INTERVAL_S, want_operators, stored_batch, stored: Vec::new() })
    }

    async fn relay_report(
        &self,
        who: &Admission,
        mut report: RelayReport,
    ) -> Result<ReportAnswer, ReportRefused> {
        fit::relay_report(&mut report)?;
        report.interval_s = report.interval_s.max(INTERVAL_S);
        let environment = &who.environment;
        let newest = report.groups.iter().map(|group| group.version).max().unwrap_or(0);
        let batches = std::mem::take(&mut report.exposures).into_iter();
        let batches: Vec<_> = batches
            .filter_map(|one| Some((one.instance, self.counted(environment, newest, one.batch)?)))
            .collect();
        let noted = {
            let now = self.inner.writer.measured();
            self.inner.book.lock().relay_report(environment, report, now)
        };
        let want_operators = self.note(noted)?;
        let stored = if batches.is_empty() {
            Vec::new()
        } else {
            self.inner.exposures.store(environment, batches).await
        };
        let stored = stored.into_iter().map(|(instance, batch)| StoredBatch { instance, batch }).collect();
        Ok(ReportAnswer { interval_s: INTERVAL_S, want_operators, stored_batch: None, stored })
    }
}

impl Fleet {
    /// What of a batch is added to the totals; none: it is not taken now, and comes again. `newest` is the newest version that its
    /// sender has.
    fn counted(&self, environment: &Key, newest: u64, mut batch: ExposureBatch) -> Option<ExposureBatch> {
        let world = self.inner.writer.world();
        if Names::has_strange(&world, &batch) {
            // What another server has just made is not known here yet.
            let head = world.snapshot_heads.get(environment).map_or(0, |row| row.body.version);
            if newest > head {
                return None;
            }
            let lost = self.inner.names.check(&world, &mut batch);
            if lost > 0 {
                tracing::debug!(
                    environment = &**environment,
                    lost,
                    "counts of what there is not were given up"
                );
            }
        }
        Some(batch)
    }

    /// Has what was noted written, and tells of what changed; whether operators are wanted.
    fn note(&self, noted: Result<Noted, Full>) -> Result<bool, ReportRefused> {
        let noted = noted.map_err(|Full| {
            ReportRefused::Unavailable("too many instances report from this environment".to_owned())
        })?;
        {
            let mut unwritten = self.inner.unwritten.lock();
            let who = if noted.changed { &mut unwritten.changed } else { &mut unwritten.heard };
            who.insert(noted.who);
        }
        if noted.changed {
            self.bump();
        }
        Ok(noted.wants_operators)
    }
}
