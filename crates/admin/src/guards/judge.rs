//! From Prometheus' answer to a verdict: pure.
//!
//! ```text
//!   vector  ─▶ each series must pass; none → no data
//!   scalar  ─▶ the number must pass
//!   NaN     ─▶ no data (a ratio over no traffic), unless another series fails
//!   matrix, string, error ─▶ no data, and the detail says why
//! ```

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::Deserialize;
use serde_json::Value as Json;
use tidegate::release::{Threshold, Verdict};

/// Longest detail of a verdict, in bytes.
const DETAIL: usize = 400;
/// How many failing series a detail names.
const NAMED: usize = 3;

/// What a query gave.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    samples: Vec<Sample>,
    /// What Prometheus (or a proxy before several) warned of: perhaps not all data was seen.
    warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Sample {
    /// `{job="api"}`; empty for a scalar.
    labels: String,
    value: f64,
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    data: Option<Data>,
    #[serde(rename = "errorType")]
    error_type: Option<String>,
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Json,
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    /// Absent for a native histogram.
    value: Option<(f64, String)>,
}

impl Reading {
    /// Reads the body of an answer to `GET /api/v1/query`.
    ///
    /// # Errors
    /// If it is an error, or gives no numbers; for people.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|error| format!("the answer is not Prometheus': {error}"))?;
        let Some(data) = answer.data.filter(|_| answer.status == "success") else {
            let kind = answer.error_type.unwrap_or_else(|| "error".to_owned());
            return Err(format!("{kind}: {}", answer.error.unwrap_or_else(|| "no message".to_owned())));
        };
        let samples = match data.kind.as_str() {
            "vector" => series(data.result)?,
            "scalar" => {
                let (_, text): (f64, String) = read(data.result)?;
                vec![Sample { labels: String::new(), value: number(&text)? }]
            }
            kind => {
                return Err(format!(
                    "the query gives a {kind}; expected an instant vector or a scalar, e.g. `sum(rate(…[5m]))`"
                ));
            }
        };
        Ok(Self { samples, warnings: answer.warnings })
    }

    /// Whether it is well, and the numbers that tell so.
    #[must_use]
    pub(super) fn judge(&self, pass: &Threshold) -> (Verdict, String) {
        let failing: Vec<&Sample> = self.samples.iter().filter(|sample| fails(sample.value, pass)).collect();
        let unknown = self.samples.iter().filter(|sample| sample.value.is_nan()).count();
        let all = self.samples.len();
        let (verdict, mut text) = if !failing.is_empty() {
            let named: Vec<String> = failing.iter().take(NAMED).map(|sample| sample.to_string()).collect();
            let of = if all > 1 { format!("{} of {all} series: ", failing.len()) } else { String::new() };
            (Verdict::Fail, format!("{of}{}; expected {}", named.join(", "), Expected(pass)))
        } else if all == 0 {
            (Verdict::NoData, "the query gives no series".to_owned())
        } else if unknown > 0 {
            let of = if all > 1 { format!(" in {unknown} of {all} series") } else { String::new() };
            (Verdict::NoData, format!("NaN{of}: there was nothing to divide by"))
        } else {
            let worst =
                self.samples.iter().min_by(|a, b| margin(a.value, pass).total_cmp(&margin(b.value, pass)));
            let worst = worst.map(ToString::to_string).unwrap_or_default();
            let of = if all > 1 { format!("{all} series, the worst ") } else { String::new() };
            (Verdict::Pass, format!("{of}{worst}; expected {}", Expected(pass)))
        };
        for warning in &self.warnings {
            let _ = write!(text, "; warning: {warning}");
        }
        (verdict, short(text))
    }
}

/// Cuts a detail to its longest length.
pub(super) fn short(mut text: String) -> String {
    if text.len() > DETAIL {
        let end = (0..=DETAIL).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

fn series(result: Json) -> Result<Vec<Sample>, String> {
    let sample = |series: Series| {
        let labels = labels(&series.metric);
        let (_, text) = series.value.ok_or_else(|| format!("{labels} is a histogram, not a number"))?;
        Ok(Sample { labels, value: number(&text)? })
    };
    read::<Vec<Series>>(result)?.into_iter().map(sample).collect()
}

fn read<T: for<'de> Deserialize<'de>>(json: Json) -> Result<T, String> {
    T::deserialize(json).map_err(|error| format!("the answer is not Prometheus': {error}"))
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

fn labels(metric: &BTreeMap<String, String>) -> String {
    let name = metric.get("__name__").map_or("", String::as_str);
    let rest: Vec<String> = metric
        .iter()
        .filter(|(label, _)| *label != "__name__")
        .map(|(label, value)| format!("{label}={value:?}"))
        .collect();
    if rest.is_empty() && !name.is_empty() {
        name.to_owned()
    } else {
        format!("{name}{{{}}}", rest.join(","))
    }
}

/// NaN neither passes nor fails.
fn fails(value: f64, pass: &Threshold) -> bool {
    pass.at_most.is_some_and(|most| value > most) || pass.at_least.is_some_and(|least| value < least)
}

/// How far a passing number is from failing.
fn margin(value: f64, pass: &Threshold) -> f64 {
    let below = pass.at_most.map_or(f64::INFINITY, |most| most - value);
    let above = pass.at_least.map_or(f64::INFINITY, |least| value - least);
    below.min(above)
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Six digits: what a person compares.
        let value = if self.value == 0.0 || (1e-3..1e9).contains(&self.value.abs()) {
            let text = format!("{:.6}", self.value);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            format!("{:e}", self.value)
        };
        if self.labels.is_empty() || self.labels == "{}" {
            f.write_str(&value)
        } else {
            write!(f, "{} = {value}", self.labels)
        }
    }
}

struct Expected<'t>(&'t Threshold);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.at_least, self.0.at_most) {
            (Some(least), Some(most)) => write!(f, "{least} to {most}"),
            (Some(least), None) => write!(f, "at least {least}"),
            (None, Some(most)) => write!(f, "at most {most}"),
            (None, None) => f.write_str("anything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MOST: Threshold = Threshold { at_most: Some(0.05), at_least: None };
    const LEAST: Threshold = Threshold { at_most: None, at_least: Some(0.99) };

    fn vector(values: &[(&str, &str)]) -> Vec<u8> {
        let result: Vec<Json> = values
            .iter()
            .map(|(job, value)| json!({"metric": {"job": job}, "value": [1.5, value]}))
            .collect();
        json!({"status": "success", "data": {"resultType": "vector", "result": result}}).to_string().into()
    }

    fn judged(body: &[u8], pass: &Threshold) -> (Verdict, String) {
        Reading::parse(body).expect("a reading").judge(pass)
    }

    #[test]
    fn each_series_must_pass() {
        type Case<'c> = (&'c [(&'c str, &'c str)], Threshold, Verdict, &'c str);
        let cases: &[Case<'_>] = &[
            (&[("a", "0.01")], MOST, Verdict::Pass, "{job=\"a\"} = 0.01; expected at most 0.05"),
            (&[("a", "0.05")], MOST, Verdict::Pass, "{job=\"a\"} = 0.05; expected at most 0.05"),
            (&[("a", "0.4")], MOST, Verdict::Fail, "{job=\"a\"} = 0.4; expected at most 0.05"),
            (
                &[("a", "0"), ("b", "0.4")],
                MOST,
                Verdict::Fail,
                "1 of 2 series: {job=\"b\"} = 0.4; expected at most 0.05",
            ),
            (
                &[("a", "0"), ("b", "0.04")],
                MOST,
                Verdict::Pass,
                "2 series, the worst {job=\"b\"} = 0.04; expected at most 0.05",
            ),
            (&[("a", "NaN")], MOST, Verdict::NoData, "NaN: there was nothing to divide by"),
            (
                &[("a", "0"), ("b", "NaN")],
                MOST,
                Verdict::NoData,
                "NaN in 1 of 2 series: there was nothing to divide by",
            ),
            (
                &[("a", "1"), ("b", "NaN")],
                MOST,
                Verdict::Fail,
                "1 of 2 series: {job=\"a\"} = 1; expected at most 0.05",
            ),
            (&[("a", "+Inf")], MOST, Verdict::Fail, "{job=\"a\"} = inf; expected at most 0.05"),
            (&[("a", "-Inf")], LEAST, Verdict::Fail, "{job=\"a\"} = -inf; expected at least 0.99"),
            (&[("a", "0.999")], LEAST, Verdict::Pass, "{job=\"a\"} = 0.999; expected at least 0.99"),
            (&[], MOST, Verdict::NoData, "the query gives no series"),
        ];
        for (values, pass, verdict, detail) in cases {
            assert_eq!(judged(&vector(values), pass), (*verdict, (*detail).to_owned()), "{values:?}");
        }
    }

    #[test]
    fn a_scalar_is_one_number() {
        let body = br#"{"status":"success","data":{"resultType":"scalar","result":[1435781451.781,"0.5"]}}"#;
        assert_eq!(judged(body, &MOST), (Verdict::Fail, "0.5; expected at most 0.05".to_owned()));
    }

    #[test]
    fn other_answers_say_what_is_wrong() {
        let cases: &[(&str, &str)] = &[
            (
                r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
                "the query gives a matrix; expected",
            ),
            (
                r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#,
                "the query gives a string; expected",
            ),
            (r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#, "bad_data: parse error"),
            (r#"{"status":"error"}"#, "error: no message"),
            ("<html>", "the answer is not Prometheus': expected value"),
            (
                r#"{"status":"success","data":{"resultType":"vector","result":{}}}"#,
                "the answer is not Prometheus': ",
            ),
            (
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"le":"1"},"histogram":[1,{}]}]}}"#,
                "{le=\"1\"} is a histogram",
            ),
        ];
        for (body, expected) in cases {
            let error = Reading::parse(body.as_bytes()).expect_err(body);
            assert!(error.starts_with(expected), "{body}: {error}");
        }
    }

    #[test]
    fn details_are_short_and_whole_characters() {
        let warning = "ä".repeat(1000);
        let body = json!({"status": "success", "warnings": [warning], "data": {"resultType": "vector", "result": []}});
        let (_, detail) = judged(body.to_string().as_bytes(), &MOST);
        assert!(detail.starts_with("the query gives no series; warning: ää") && detail.ends_with('…'));
        assert!(detail.len() <= DETAIL + '…'.len_utf8(), "{}", detail.len());
    }
}
