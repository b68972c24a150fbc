//! Reports as they come in: checked, noted in the book, answered.

use async_trait::async_trait;
use tidegate::wire::{ExposureBatch, RelayReport, Report, ReportAnswer, StoredBatch};
use tidegate_delivery::{Admission, ReportRefused, Reports};

use super::book::{Full, Noted};
use super::{Fleet, INTERVAL_S};

/// The longest id or key, in bytes.
const TEXT: usize = 256;
/// The most entries of a list.
const LIST: usize = 10_000;
/// The most problems of an instance that are kept.
const PROBLEMS: usize = 100;

#[async_trait]
impl Reports for Fleet {
    async fn report(&self, who: &Admission, mut report: Report) -> Result<ReportAnswer, ReportRefused> {
        id("/instance", &report.instance)?;
        list("/process", report.process.len())?;
        list("/operators", report.operators.as_ref().map_or(0, Vec::len))?;
        report.isolated.truncate(PROBLEMS);
        let (instance, batch) = (report.instance.clone(), report.exposures.take());
        if let Some(batch) = &batch {
            counts("/exposures", batch)?;
        }
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
        id("/relay", &report.relay)?;
        list("/groups", report.groups.len())?;
        list("/exposures", report.exposures.len())?;
        for (place, group) in report.groups.iter_mut().enumerate() {
            list(&format!("/groups/{place}/process"), group.process.len())?;
            list(&format!("/groups/{place}/operators"), group.operators.as_ref().map_or(0, Vec::len))?;
            group.stale.truncate(LIST);
            group.nacked.truncate(LIST);
            group.isolated.truncate(LIST);
        }
        let mut batches = Vec::with_capacity(report.exposures.len());
        for (place, one) in std::mem::take(&mut report.exposures).into_iter().enumerate() {
            id(&format!("/exposures/{place}/instance"), &one.instance)?;
            counts(&format!("/exposures/{place}/batch"), &one.batch)?;
            batches.push((one.instance, one.batch));
        }
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

fn refused(pointer: &str, detail: String) -> ReportRefused {
    ReportRefused::Invalid { pointer: pointer.to_owned(), detail }
}

/// An id or key: some bytes, not too many, none of them of control.
fn id(pointer: &str, text: &str) -> Result<(), ReportRefused> {
    if text.is_empty() {
        return Err(refused(pointer, "expected an id, found an empty text".to_owned()));
    }
    optional(pointer, text)
}

fn optional(pointer: &str, text: &str) -> Result<(), ReportRefused> {
    if text.len() > TEXT {
        return Err(refused(pointer, format!("expected at most {TEXT} bytes, found {}", text.len())));
    }
    if text.chars().any(char::is_control) {
        return Err(refused(pointer, "expected no control characters, found one".to_owned()));
    }
    Ok(())
}

fn list(pointer: &str, length: usize) -> Result<(), ReportRefused> {
    if length > LIST {
        return Err(refused(pointer, format!("expected at most {LIST} entries, found {length}")));
    }
    Ok(())
}

fn counts(pointer: &str, batch: &ExposureBatch) -> Result<(), ReportRefused> {
    list(&format!("{pointer}/counts"), batch.counts.len())?;
    if batch.batch == 0 || i64::try_from(batch.batch).is_err() {
        let detail = format!("expected a number from 1 to 2^63 - 1, found {}", batch.batch);
        return Err(refused(&format!("{pointer}/batch"), detail));
    }
    for (place, one) in batch.counts.iter().enumerate() {
        let at = |field: &str| format!("{pointer}/counts/{place}/{field}");
        id(&at("feature"), &one.feature)?;
        for (field, text) in [("variant", &one.variant), ("release", &one.release), ("phase", &one.phase)] {
            if let Some(text) = text {
                optional(&at(field), text)?;
            }
        }
    }
    Ok(())
}
