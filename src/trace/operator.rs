//! The operators over values as written (SEMANTICS §4). `None`: the test is not applicable.

use std::collections::HashSet;

use crate::model::{Op, Test};
use crate::operand::cidr::{Networks, parse_ip};
use crate::operand::fold::{eq_folded, fold};
use crate::operand::instant::{instant_from_float, instant_from_int, parse_instant};
use crate::operand::pattern::Pattern;
use crate::operand::version::{Dotted, Semver};
use crate::value::{Number, Value};

const EXACT: i64 = 1 << 53;

/// What `eq`, `in` and the list operators compare.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
enum Scalar<'a> {
    Number(Number),
    Text(&'a str),
}

impl<'a> Scalar<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        number(value).map(Self::Number).or_else(|| text(value).map(Self::Text))
    }
}

/// Whether a test holds for the value of its attribute.
pub(super) fn holds(test: &Test, seen: Option<&Value>) -> Option<bool> {
    if test.op == Op::IsSet {
        return Some(seen.is_some());
    }
    let (own, seen) = (&test.value, seen?);
    match test.op {
        Op::Eq => equal(own, seen, test.ignore_case),
        Op::In => one_of(own, seen, test.ignore_case),
        Op::Contains => affix(test, seen, |text, own| text.contains(own)),
        Op::StartsWith => affix(test, seen, |text, own| text.starts_with(own)),
        Op::EndsWith => affix(test, seen, |text, own| text.ends_with(own)),
        Op::Matches => {
            let seen = text(seen)?;
            Pattern::new(text(own)?).ok().map(|pattern| pattern.is_match(seen))
        }
        Op::Lt => Some(number(seen)? < number(own)?),
        Op::Lte => Some(number(seen)? <= number(own)?),
        Op::Gt => Some(number(seen)? > number(own)?),
        Op::Gte => Some(number(seen)? >= number(own)?),
        Op::Between => {
            let [low, high] = list(own)?.try_into().ok()?;
            let (low, high, seen) = (number(&low)?, number(&high)?, number(seen)?);
            Some(low <= seen && seen <= high)
        }
        Op::Modulo => modulo(own, seen),
        Op::SemverEq => Some(Semver::parse(text(seen)?)?.cmp(&Semver::parse(text(own)?)?).is_eq()),
        Op::SemverLt => Some(Semver::parse(text(seen)?)?.cmp(&Semver::parse(text(own)?)?).is_lt()),
        Op::SemverLte => Some(Semver::parse(text(seen)?)?.cmp(&Semver::parse(text(own)?)?).is_le()),
        Op::SemverGt => Some(Semver::parse(text(seen)?)?.cmp(&Semver::parse(text(own)?)?).is_gt()),
        Op::SemverGte => Some(Semver::parse(text(seen)?)?.cmp(&Semver::parse(text(own)?)?).is_ge()),
        Op::VersionEq => Some(Dotted::parse(text(seen)?)?.cmp(&Dotted::parse(text(own)?)?).is_eq()),
        Op::VersionLt => Some(Dotted::parse(text(seen)?)?.cmp(&Dotted::parse(text(own)?)?).is_lt()),
        Op::VersionLte => Some(Dotted::parse(text(seen)?)?.cmp(&Dotted::parse(text(own)?)?).is_le()),
        Op::VersionGt => Some(Dotted::parse(text(seen)?)?.cmp(&Dotted::parse(text(own)?)?).is_gt()),
        Op::VersionGte => Some(Dotted::parse(text(seen)?)?.cmp(&Dotted::parse(text(own)?)?).is_ge()),
        Op::Before => Some(instant(seen)? < instant(own)?),
        Op::After => Some(instant(seen)? > instant(own)?),
        Op::InCidr => {
            let ip = parse_ip(text(seen)?)?;
            let networks = texts(own)?;
            Networks::parse(networks.iter().copied()).ok().map(|networks| networks.contains(ip))
        }
        Op::ContainsAll | Op::ContainsAny | Op::ContainsNone => elements(test.op, own, seen),
        Op::IsType => is_type(text(own)?, seen),
        Op::IsSet => None,
    }
}

/// Whether the texts of an operand are what the operator asks for; its structure was checked by `decode`.
pub(super) fn is_sound(test: &Test) -> bool {
    let own = &test.value;
    match test.op {
        Op::Matches => text(own).is_some_and(|text| Pattern::new(text).is_ok()),
        Op::SemverEq | Op::SemverGt | Op::SemverGte | Op::SemverLt | Op::SemverLte => {
            text(own).and_then(Semver::parse).is_some()
        }
        Op::VersionEq | Op::VersionGt | Op::VersionGte | Op::VersionLt | Op::VersionLte => {
            text(own).and_then(Dotted::parse).is_some()
        }
        Op::After | Op::Before => instant(own).is_some(),
        Op::InCidr => texts(own).is_some_and(|texts| Networks::parse(texts.iter().copied()).is_ok()),
        _ => true,
    }
}

/// An instant of a document or of a context (SEMANTICS 2.7, 4.12).
pub(super) fn instant(value: &Value) -> Option<i64> {
    match value {
        Value::Str(text) => parse_instant(text),
        Value::Int(ms) => instant_from_int(*ms),
        Value::Float(ms) => instant_from_float(*ms),
        _ => None,
    }
}

/// The text that is bucketed (SEMANTICS 5.2).
pub(super) fn unit_text(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) if !text.is_empty() => Some(text.to_string()),
        _ => exact(number(value)?).map(|number| number.to_string()),
    }
}

fn exact(number: Number) -> Option<i64> {
    number.as_integral_i64().filter(|number| (-EXACT..=EXACT).contains(number))
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Int(value) => Some(Number::Int(*value)),
        Value::Float(value) => Some(Number::Float(*value)),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Str(text) => Some(text),
        _ => None,
    }
}

/// The elements of a list, however it is held.
fn list(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(values) => Some(values.clone()),
        Value::Strings(values) => Some(values.iter().map(|text| Value::Str(text.into())).collect()),
        _ => None,
    }
}

/// A string, or a list of strings.
fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::Str(text) => Some(vec![text]),
        Value::Strings(values) => Some(values.iter().collect()),
        Value::List(values) => values.iter().map(text).collect(),
        _ => None,
    }
}

/// The strings and numbers of a list; other elements equal nothing.
fn scalars(value: &Value) -> Option<Vec<Scalar<'_>>> {
    match value {
        Value::Strings(values) => Some(values.iter().map(Scalar::Text).collect()),
        Value::List(values) => Some(values.iter().filter_map(Scalar::of).collect()),
        _ => None,
    }
}

fn equal(own: &Value, seen: &Value, ignore_case: bool) -> Option<bool> {
    match (own, seen) {
        (Value::Bool(own), Value::Bool(seen)) => Some(own == seen),
        (Value::Str(own), Value::Str(seen)) if ignore_case => Some(eq_folded(seen, &fold(own))),
        _ => match (Scalar::of(own)?, Scalar::of(seen)?) {
            (Scalar::Number(own), Scalar::Number(seen)) => Some(own == seen),
            (Scalar::Text(own), Scalar::Text(seen)) => Some(own == seen),
            _ => None,
        },
    }
}

fn one_of(own: &Value, seen: &Value, ignore_case: bool) -> Option<bool> {
    let (own, seen) = (scalars(own)?, Scalar::of(seen)?);
    let is_text = |scalar: &Scalar<'_>| matches!(scalar, Scalar::Text(_));
    let asked = own.is_empty() || own.iter().any(|own| is_text(own) == is_text(&seen));
    asked.then(|| match seen {
        Scalar::Text(seen) if ignore_case => {
            let seen = fold(seen);
            own.iter().any(|own| matches!(own, Scalar::Text(own) if fold(own) == seen))
        }
        _ => own.contains(&seen),
    })
}

fn affix(test: &Test, seen: &Value, compare: impl Fn(&str, &str) -> bool) -> Option<bool> {
    let (seen, own) = (text(seen)?, texts(&test.value)?);
    Some(if test.ignore_case {
        let seen = fold(seen);
        own.iter().any(|own| compare(&seen, &fold(own)))
    } else {
        own.iter().any(|own| compare(seen, own))
    })
}

fn modulo(own: &Value, seen: &Value) -> Option<bool> {
    let Value::Object(members) = own else { return None };
    let member = |name: &str| {
        let (_, value) = members.iter().find(|(key, _)| **key == *name)?;
        number(value)?.as_integral_i64()
    };
    let (divisor, remainder) = (member("divisor")?, member("remainder")?);
    let seen = match number(seen)? {
        Number::Int(seen) => seen,
        float @ Number::Float(_) => exact(float)?,
    };
    seen.checked_rem_euclid(divisor).map(|rest| rest == remainder)
}

fn elements(op: Op, own: &Value, seen: &Value) -> Option<bool> {
    let (own, seen): (_, HashSet<_>) = (scalars(own)?, scalars(seen)?.into_iter().collect());
    let mut found = own.iter().map(|own| seen.contains(own));
    Some(match op {
        Op::ContainsAll => found.all(|found| found),
        Op::ContainsAny => found.any(|found| found),
        _ => !found.any(|found| found),
    })
}

fn is_type(name: &str, seen: &Value) -> Option<bool> {
    Some(match name {
        "boolean" => matches!(seen, Value::Bool(_)),
        "integer" => number(seen).is_some_and(Number::is_integral),
        "list" => matches!(seen, Value::List(_) | Value::Strings(_)),
        "number" => number(seen).is_some(),
        "object" => matches!(seen, Value::Object(_)),
        "string" => matches!(seen, Value::Str(_)),
        _ => return None,
    })
}
