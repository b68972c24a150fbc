//! What a server would refuse is refused at the relay's door: one bad instance must not keep the report on all others from being taken.

use tidegate::wire::{ExposureBatch, RelayReport, Report};

use crate::service::ReportRefused;

/// The longest id or key, in bytes.
const TEXT: usize = 256;
/// The most entries of a list.
pub(super) const LIST: usize = 10_000;
/// The most problems of an instance that are kept.
const PROBLEMS: usize = 100;

/// Whether a report can be sent on; of too many problems, the first.
pub(super) fn report(report: &mut Report) -> Result<(), ReportRefused> {
    id("/instance", &report.instance)?;
    list("/process", report.process.len())?;
    list("/operators", report.operators.as_ref().map_or(0, Vec::len))?;
    report.isolated.truncate(PROBLEMS);
    report.exposures.as_ref().map_or(Ok(()), |exposures| batch("/exposures", exposures))
}

/// Whether the report of a relay can be.
pub(super) fn relay_report(report: &RelayReport) -> Result<(), ReportRefused> {
    id("/relay", &report.relay)?;
    list("/groups", report.groups.len())?;
    for (place, group) in report.groups.iter().enumerate() {
        list(&format!("/groups/{place}/process"), group.process.len())?;
        list(&format!("/groups/{place}/operators"), group.operators.as_ref().map_or(0, Vec::len))?;
    }
    list("/exposures", report.exposures.len())?;
    for (place, one) in report.exposures.iter().enumerate() {
        id(&format!("/exposures/{place}/instance"), &one.instance)?;
        batch(&format!("/exposures/{place}/batch"), &one.batch)?;
    }
    Ok(())
}

fn batch(pointer: &str, batch: &ExposureBatch) -> Result<(), ReportRefused> {
    list(&format!("{pointer}/counts"), batch.counts.len())?;
    if batch.batch == 0 || i64::try_from(batch.batch).is_err() {
        let detail = format!("expected a number from 1 to 2^63 - 1, found {}", batch.batch);
        return refused(&format!("{pointer}/batch"), detail);
    }
    for (place, one) in batch.counts.iter().enumerate() {
        let at = |field: &str| format!("{pointer}/counts/{place}/{field}");
        id(&at("feature"), &one.feature)?;
        for (field, name) in [("variant", &one.variant), ("release", &one.release), ("phase", &one.phase)] {
            name.as_ref().map_or(Ok(()), |name| text(&at(field), name))?;
        }
        if i64::try_from(one.count).is_err() {
            return refused(&at("count"), format!("expected at most 2^63 - 1, found {}", one.count));
        }
    }
    Ok(())
}

fn id(pointer: &str, id: &str) -> Result<(), ReportRefused> {
    if id.is_empty() {
        return refused(pointer, "expected an id, found an empty text".to_owned());
    }
    text(pointer, id)
}

fn text(pointer: &str, text: &str) -> Result<(), ReportRefused> {
    if text.len() > TEXT {
        return refused(pointer, format!("expected at most {TEXT} bytes, found {}", text.len()));
    }
    if text.chars().any(char::is_control) {
        return refused(pointer, "expected no control characters, found one".to_owned());
    }
    Ok(())
}

fn list(pointer: &str, length: usize) -> Result<(), ReportRefused> {
    if length > LIST {
        return refused(pointer, format!("expected at most {LIST} entries, found {length}"));
    }
    Ok(())
}

fn refused(pointer: &str, detail: String) -> Result<(), ReportRefused> {
    Err(ReportRefused::Invalid { pointer: pointer.to_owned(), detail })
}
