//! The operators of Statsig on numbers and instants.
//!
//! Statsig compares doubles; so does this crate's own arithmetic, but only while importing: the tests that it makes
//! compare exactly.

use serde_json::{Value, json};

use super::logic::{Cases, Cond, Subject};
use super::operator::Notes;
use crate::report::Kind;

/// Integers of smaller magnitude are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// The greatest magnitude of an instant (SEMANTICS 4.12).
const INSTANT: i64 = 8_640_000_000_000_000;
/// Statsig takes an instant of smaller magnitude as seconds.
const SECONDS: i64 = 10_000_000_000;
const DAY: i64 = 86_400_000;

/// A number as JSON: an integer where it is one.
pub(super) fn exact(number: f64) -> Value {
    let integer = number as i64;
    if integer as f64 == number && integer != i64::MAX { Value::from(integer) } else { Value::from(number) }
}

/// `gt`, `gte`, `lt`, `lte` and `eq` with a number.
pub(super) fn compare(op: &str, target: &Value, subject: &Subject, notes: &mut Notes) -> Cases {
    let number = match target {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let Some(number) = number.filter(|number| !number.is_nan()) else {
        return Cases::constant(false);
    };
    let message = "a string that reads as a number is compared as that number there, and never holds here";
    notes.push((
        if subject.text_only { Kind::UnsupportedOperand } else { Kind::TextAsNumber },
        message.to_owned(),
    ));
    if number.abs() >= EXACT && number.is_finite() {
        let message =
            format!("integers near {target} round to the same double there, and are told apart here");
        notes.push((Kind::NumberPrecision, message));
    }
    let case = match number {
        _ if number.is_finite() => subject.test(op, exact(number)),
        _ => Cond::constant(op.starts_with('l') == (number > 0.0) && op != "eq"),
    };
    Cases { number: case, ..Cases::constant(false) }
}

/// Whether a test of `user_bucket` or another number known while importing holds.
pub(super) fn holds(op: &str, value: f64, target: &Value) -> Option<bool> {
    let number = match target {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let text = value.to_string();
    let listed = || match target {
        Value::Array(values) => {
            values.iter().any(|v| v.as_str().map_or_else(|| v.to_string(), str::to_lowercase) == text)
        }
        Value::Object(keys) => keys.contains_key(&text),
        _ => false,
    };
    Some(match op {
        "gt" => number.is_some_and(|number| value > number),
        "gte" => number.is_some_and(|number| value >= number),
        "lt" => number.is_some_and(|number| value < number),
        "lte" => number.is_some_and(|number| value <= number),
        "any" => listed(),
        "none" => !listed(),
        "eq" | "neq" => {
            let equal = match target {
                Value::Number(_) => number == Some(value),
                Value::String(target) => *target == text,
                _ => false,
            };
            equal == (op == "eq")
        }
        _ => return None,
    })
}

/// The instants, from the first to before the second, for which `before`, `after` or `on` holds.
pub(super) fn span(op: &str, target: &Value) -> Option<(Option<i64>, Option<i64>)> {
    let at = match target {
        Value::Number(number) => number.as_f64().map(|number| number as i64),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }?;
    let at = at.clamp(INSTANT.saturating_neg(), INSTANT.saturating_sub(DAY));
    let next = at.saturating_add(1);
    Some(match op {
        "before" => (None, Some(at)),
        "after" => (Some(next), None),
        _ => {
            // Days are counted towards zero there, so that day 0 has 48 hours.
            let day = at.checked_div(DAY)?;
            let from = if day > 0 { day } else { day.saturating_sub(1) }.saturating_mul(DAY);
            let to = if day < 0 { day } else { day.saturating_add(1) }.saturating_mul(DAY);
            let after = i64::from(day <= 0);
            let past = i64::from(day < 0);
            (Some(from.saturating_add(after)), Some(to.saturating_add(past)))
        }
    })
}

/// `before`, `after` and `on` of an attribute.
pub(super) fn instant(op: &str, target: &Value, subject: &Subject, notes: &mut Notes) -> Cases {
    let Some((from, to)) = span(op, target) else {
        if !target.is_null() {
            notes.push((
                Kind::UnsupportedOperand,
                format!("the instant {target} is not read; it counts as never"),
            ));
        }
        return Cases::constant(false);
    };
    notes.push((
        Kind::TimestampText,
        "a text of more than 20 characters is no instant there; one without zone, of digits, or within 116 days of 1970 \
         is another instant there"
            .to_owned(),
    ));
    let is = |name: &str| subject.test("is_type", Value::from(name));
    let test = |op: &str, value: i64| subject.test(op, Value::from(value));
    let text = Cond::all([
        is("string"),
        from.map_or(Cond::Always, |from| test("before", from).not()),
        to.map_or(Cond::Always, |to| test("before", to)),
    ]);
    let within = |from: Option<i64>, to: Option<i64>| {
        Cond::all([
            from.map_or(Cond::Always, |from| test("gte", from)),
            to.map_or(Cond::Always, |to| test("lt", to)),
        ])
    };
    let seconds = |ms: i64| ms.saturating_add(999).div_euclid(1_000);
    let small = subject.test("between", json!([1 - SECONDS, SECONDS - 1]));
    let large = Cond::any([test("gte", SECONDS), test("lte", SECONDS.saturating_neg())]);
    let number = Cond::all([
        is("integer"),
        Cond::any([
            Cond::all([large, within(from, to)]),
            Cond::all([small, within(from.map(seconds), to.map(seconds))]),
        ]),
    ]);
    Cases { string: text, number, ..Cases::constant(false) }
}
