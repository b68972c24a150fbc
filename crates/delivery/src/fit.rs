//! What of a report is taken: by the server, and by a relay at its own door, so that one bad instance does not keep its report on all
//! others from being taken.
//!
//! Ids, keys and process attributes are bounded, or the report is refused; texts for people and lists of problems are cut.

use std::collections::BTreeMap;

use tidegate::Value;
use tidegate::wire::{ExposureBatch, Group, Isolated, Nack, RelayReport, Report, Sdk};

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
/// The most bytes, roughly, of what all who report from an environment say of themselves: room for 100 000 instances with
/// attributes of a kilobyte. Without it, one SDK key could fill the memory.
pub const ALL: usize = 256 << 20;

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

/// How many bytes are kept of a report while its instance lives, roughly; without operators.
#[must_use]
pub fn weight(report: &Report) -> usize {
    let isolated = problems_weight(&report.isolated);
    let nack = report.nack.as_ref().map_or(0, nack_weight);
    sum([PART, report.instance.len(), whose_weight(&report.process, &report.sdk), isolated, nack])
}

/// As [`weight`], of a relay's groups.
#[must_use]
pub fn groups_weight(groups: &[Group]) -> usize {
    let group = |group: &Group| {
        let stale = sum(group.stale.iter().map(|id| PART + id.len()));
        let nacked =
            sum(group.nacked.iter().map(|one| sum([PART, one.instance.len(), nack_weight(&one.nack)])));
        let isolated = group.isolated.iter();
        let isolated =
            sum(isolated.map(|one| sum([PART, one.instance.len(), problems_weight(&one.isolated)])));
        sum([PART, whose_weight(&group.process, &group.sdk), stale, nacked, isolated])
    };
    sum(groups.iter().map(group))
}

/// Of what is there beside texts.
const PART: usize = 64;

fn whose_weight(process: &BTreeMap<String, Value>, sdk: &Sdk) -> usize {
    let attribute = |(name, value): (&String, &Value)| match value {
        Value::Str(text) => sum([PART, name.len(), text.len()]),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => PART + name.len(),
        other => sum([PART, name.len(), serde_json::to_vec(other).map_or(PROCESS, |json| json.len())]),
    };
    sum([sdk.name.len(), sdk.version.len(), sum(process.iter().map(attribute))])
}

fn nack_weight(nack: &Nack) -> usize {
    sum([PART, nack.code.len(), nack.message.len(), nack.pointer.as_ref().map_or(0, String::len)])
}

fn problems_weight(problems: &[Isolated]) -> usize {
    sum(problems.iter().map(|one| sum([PART, one.feature.len(), one.code.len(), one.message.len()])))
}

fn sum(parts: impl IntoIterator<Item = usize>) -> usize {
    parts.into_iter().fold(0, usize::saturating_add)
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

    #[test]
    fn what_is_kept_of_a_report_is_about_what_it_says() {
        let small = weight(&of("eu", "bad"));
        assert!((100..500).contains(&small), "{small}");
        assert_eq!(weight(&of(&"x".repeat(1_000), "bad")), small + 998);
        assert_eq!(weight(&of("eu", &"x".repeat(1_000))), small + 997);
        let group = serde_json::json!({"process": {"region": "eu"}, "sdk": {"name": "s", "version": "1"}, "version": 1, "count": 9,
            "stale": ["x".repeat(1_000)]});
        let group: Group = serde_json::from_value(group).unwrap();
        assert!((1_000..1_500).contains(&groups_weight(&[group])));
    }
}
