//! Reports as they come in: checked, noted in the book, answered.

use async_trait::async_trait;
use tidegate::wire::{RelayReport, Report, ReportAnswer, StoredBatch};
use tidegate_delivery::{Admission, ReportRefused, Reports, fit};

use super::book::{Full, Noted};
use super::{Fleet, INTERVAL_S};

#[async_trait]
impl Reports for Fleet {
    async fn report(&self, who: &Admission, mut report: Report) -> Result<ReportAnswer, ReportRefused> {
        fit::report(&mut report)?;
        // It is told to report at this interval, so it must not be missed for what it planned before.
        report.interval_s = report.interval_s.max(INTERVAL_S);
        let (instance, batch) = (report.instance.clone(), report.exposures.take());
        let environment = &who.environment;
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
        let batches = std::mem::take(&mut report.exposures)
            .into_iter()
            .map(|one| (one.instance, one.batch))
            .collect::<Vec<_>>();
        let environment = &who.environment;
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
