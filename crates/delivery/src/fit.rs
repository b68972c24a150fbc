//! What of a report is taken: by the server, and by a relay at its own door, so that one bad instance does not keep its report on all
//! others from being taken.
//!
//! Ids, keys and process attributes are bounded, or the report is refused; texts for people and lists of problems are cut.

use std::collections::BTreeMap;

use tidegate::Value;
use tidegate::wire::{ExposureBatch, Isolated, Nack, RelayReport, Report, Sdk};

use crate::service::ReportRefused;

/// The longest id or key, in bytes.
const TEXT: usize = 256;
/// The most entries of a list.
pub(crate) const LIST: usize = 10_000;
/// The most problems of an instance that are kept.
const PROBLEMS: usize = 100;
/// The most bytes of the process attributes of an instance, as JSON.
const PROCESS: usize = 16 * 1024;
/// The most bytes of a text for people.
const MESSAGE: usize = 1_024;

/// Takes a report, cut where it is too long for what it tells.
///
/// # Errors
/// Of too many problems, the first.
pub fn report(report: &mut Report) -> Result<(), ReportRefused> {
    id("/instance", &report.instance)?;
    whose("", &report.process, &report.sdk)?;
    operators("/operators", report.operators.as_deref())?;
    problems(&mut report.isolated);
    if let Some(nack) = &mut report.nack {
        nacked(nack);
    }
    report.exposures.as_ref().map_or(Ok(()), |exposures| batch("/exposures", exposures))
}

/// As [`report`], of a relay.
///
/// # Errors
/// Of too many problems, the first.
pub fn relay_report(report: &mut RelayReport) -> Result<(), ReportRefused> {
    id("/relay", &report.relay)?;
    list("/groups", report.groups.len())?;
    for (place, group) in report.groups.iter_mut().enumerate() {
        whose(&format!("/groups/{place}"), &group.process, &group.sdk)?;
        operators(&format!("/groups/{place}/operators"), group.operators.as_deref())?;
        group.stale.truncate(LIST);
        group.nacked.truncate(LIST);
        group.isolated.truncate(LIST);
        let at = |list: &str, number: usize| format!("/groups/{place}/{list}/{number}");
        for (number, stale) in group.stale.iter().enumerate() {
            id(&at("stale", number), stale)?;
        }
        for (number, one) in group.nacked.iter_mut().enumerate() {
            id(&at("nacked", number), &one.instance)?;
            nacked(&mut one.nack);
        }
        for (number, one) in group.isolated.iter_mut().enumerate() {
            id(&at("isolated", number), &one.instance)?;
            problems(&mut one.isolated);
        }
    }
    list("/exposures", report.exposures.len())?;
    for (place, one) in report.exposures.iter().enumerate() {
        id(&format!("/exposures/{place}/instance"), &one.instance)?;
        batch(&format!("/exposures/{place}/batch"), &one.batch)?;
    }
    Ok(())
}

fn whose(pointer: &str, process: &BTreeMap<String, Value>, sdk: &Sdk) -> Result<(), ReportRefused> {
    list(&format!("{pointer}/process"), process.len())?;
    let bytes = serde_json::to_vec(process).map_or(usize::MAX, |json| json.len());
    if bytes > PROCESS {
        let detail = format!("expected at most {PROCESS} bytes of JSON, found {bytes}");
        return refused(&format!("{pointer}/process"), detail);
    }
    text(&format!("{pointer}/sdk/name"), &sdk.name)?;
    text(&format!("{pointer}/sdk/version"), &sdk.version)
}

fn operators(pointer: &str, operators: Option<&[String]>) -> Result<(), ReportRefused> {
    let operators = operators.unwrap_or_default();
    list(pointer, operators.len())?;
    operators.iter().enumerate().try_for_each(|(place, name)| text(&format!("{pointer}/{place}"), name))
}

fn problems(isolated: &mut Vec<Isolated>) {
    isolated.truncate(PROBLEMS);
    for one in isolated {
        cut(&mut one.feature, TEXT);
        cut(&mut one.code, TEXT);
        cut(&mut one.message, MESSAGE);
    }
}

fn nacked(nack: &mut Nack) {
    cut(&mut nack.code, TEXT);
    cut(&mut nack.message, MESSAGE);
    if let Some(pointer) = &mut nack.pointer {
        cut(pointer, MESSAGE);
    }
}

/// No longer than so many bytes, at the end of a character.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(process: &str, message: &str) -> Report {
        let json = serde_json::json!({
            "instance": "i", "sdk": {"name": "s", "version": "1"}, "process": {"region": process}, "schema_version": 1,
            "interval_s": 10, "source": "stream", "version": 1, "stale": false, "isolated": [],
            "nack": {"version": 2, "code": "TG1", "message": message},
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_an_instance_says_of_itself_is_bounded() {
        assert!(report(&mut of("eu", "bad")).is_ok());
        let Err(ReportRefused::Invalid { pointer, .. }) = report(&mut of(&"x".repeat(PROCESS), "bad")) else {
            panic!("it is taken");
        };
        assert_eq!(pointer, "/process");
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let mut long = of("eu", &"ü".repeat(MESSAGE));
        report(&mut long).unwrap();
        assert_eq!(long.nack.unwrap().message, "ü".repeat(MESSAGE / 2));
    }
}
