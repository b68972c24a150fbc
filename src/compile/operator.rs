//! Operators: a test as written becomes parts, each with the form that its instruction wants (SEMANTICS §4).
//!
//! A test holds if one of its parts holds; its negation, if one of them is applicable and does not hold. (`in` with
//! strings and numbers has a part for each.)

use std::sync::Arc;

use super::Sink;
use super::operands::Operands;
use super::path::Path;
use crate::error::Code;
use crate::model::{Op, Test};
use crate::operand::cidr::Networks;
use crate::operand::fold::fold;
use crate::operand::instant::parse_instant;
use crate::operand::pattern::Pattern;
use crate::operand::test::{Affix, AttributeTest, Comparison, JsonType, Members, Quantifier};
use crate::operand::version::{Dotted, Packed, Semver, pack};
use crate::operand::word;
use crate::value::{Number, Value, ValueRef, order};

/// A part of a test.
#[derive(Debug)]
pub(super) enum Part<'m> {
    /// A boolean, or a string under eight bytes.
    Word(u64),
    /// A list with strings, case counting.
    Texts(&'m Value),
    /// A suffix of eight bytes or more, or (true) such a text as a whole.
    Suffix(&'m str, bool),
    /// A plain version, and the general test.
    Version(Comparison, Packed, Arc<AttributeTest>),
    /// Any other.
    General(Arc<AttributeTest>),
}

/// At most two: strings, and numbers.
pub(super) type Parts<'m> = [Option<Part<'m>>; 2];

/// The parts of a test; none, and a diagnostic, if the operand is not of its form.
pub(super) fn parts<'m>(
    test: &'m Test,
    path: &Path<'_>,
    operands: &mut Operands,
    sink: &mut Sink,
) -> Parts<'m> {
    let place = path.name("value");
    match part(test, &place, operands, sink) {
        Ok(parts) => parts,
        Err((code, at, message)) => {
            match at {
                Some(index) if matches!(test.value, Value::List(_) | Value::Strings(_)) => {
                    sink.report(code, &place.index(index), message);
                }
                _ => sink.report(code, &place, message),
            }
            if code == Code::RegexTooLarge {
                sink.hint(SMALLER);
            }
            [None, None]
        }
    }
}

/// What is wrong with an operand: with which element of a list, if it is one of them.
pub(super) type Problem = (Code, Option<usize>, String);

const SMALLER: &str = r"classes of ASCII alone, such as `(?-u:\w)` or `[0-9a-z]`, and shorter repetitions take far less; a pattern that recurs counts once";

fn part<'m>(
    test: &'m Test,
    place: &Path<'_>,
    operands: &mut Operands,
    sink: &mut Sink,
) -> Result<Parts<'m>, Problem> {
    let value = &test.value;
    let mut shared = |make| {
        let test = operands.test(test.op, value, test.ignore_case, make)?;
        Ok([Some(Part::General(test)), None])
    };
    let general = |test| Ok([Some(Part::General(Arc::new(test))), None]);
    match test.op {
        Op::Eq if test.ignore_case && value.as_str().is_some() => shared(texts),
        Op::Eq => Ok([Some(equal(value)?), None]),
        Op::In => members(test, operands),
        Op::EndsWith => match value {
            Value::Str(text) if !test.ignore_case && text.len() >= word::SHORT => {
                Ok([Some(Part::Suffix(text, false)), None])
            }
            _ => shared(affix),
        },
        Op::Contains | Op::StartsWith => shared(affix),
        Op::Matches => shared(pattern),
        Op::Lt => general(AttributeTest::Number(Comparison::Lt, number(value)?)),
        Op::Lte => general(AttributeTest::Number(Comparison::Lte, number(value)?)),
        Op::Gt => general(AttributeTest::Number(Comparison::Gt, number(value)?)),
        Op::Gte => general(AttributeTest::Number(Comparison::Gte, number(value)?)),
        Op::Between => general(between(value)?),
        Op::Modulo => general(modulo(value)?),
        Op::SemverEq => semver(Comparison::Eq, value),
        Op::SemverGt => semver(Comparison::Gt, value),
        Op::SemverGte => semver(Comparison::Gte, value),
        Op::SemverLt => semver(Comparison::Lt, value),
        Op::SemverLte => semver(Comparison::Lte, value),
        Op::VersionEq => dotted(Comparison::Eq, value),
        Op::VersionGt => dotted(Comparison::Gt, value),
        Op::VersionGte => dotted(Comparison::Gte, value),
        Op::VersionLt => dotted(Comparison::Lt, value),
        Op::VersionLte => dotted(Comparison::Lte, value),
        Op::Before => general(AttributeTest::Instant(Comparison::Lt, instant(value, place, sink)?)),
        Op::After => general(AttributeTest::Instant(Comparison::Gt, instant(value, place, sink)?)),
        Op::InCidr => shared(networks),
        Op::ContainsAny | Op::ContainsAll | Op::ContainsNone => shared(list),
        Op::IsSet => general(AttributeTest::IsSet),
        Op::IsType => general(AttributeTest::IsType(json_type(value)?)),
    }
}

fn bad(message: &str) -> Problem {
    (Code::BadOperand, None, message.to_owned())
}

fn number(value: &Value) -> Result<Number, Problem> {
    value.as_number().ok_or_else(|| bad("expected a number"))
}

fn equal(value: &Value) -> Result<Part<'_>, Problem> {
    Ok(match value {
        Value::Bool(false) => Part::Word(word::FALSE),
        Value::Bool(true) => Part::Word(word::TRUE),
        Value::Str(text) if text.len() < word::SHORT => Part::Word(word::of(text.as_bytes())),
        Value::Str(text) => Part::Suffix(text, true),
        _ => Part::General(Arc::new(AttributeTest::Number(Comparison::Eq, number(value)?))),
    })
}

/// The strings and numbers of a list.
pub(super) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::Strings(list) => list.iter().collect(),
        Value::List(values) => values.iter().filter_map(Value::as_str).collect(),
        Value::Str(text) => vec![text],
        _ => Vec::new(),
    }
}

fn numbers(value: &Value) -> Vec<Number> {
    let mut numbers: Vec<Number> = match value {
        Value::List(values) => values.iter().filter_map(Value::as_number).collect(),
        _ => Vec::new(),
    };
    order::sort(&mut numbers);
    numbers.dedup();
    numbers
}

fn members<'m>(test: &'m Test, operands: &mut Operands) -> Result<Parts<'m>, Problem> {
    let value = &test.value;
    let (mut has_texts, mut has_numbers) = (false, false);
    match value {
        Value::Strings(_) => has_texts = true,
        Value::List(values) if values.is_empty() => (has_texts, has_numbers) = (true, true),
        Value::List(values) => {
            has_texts = values.iter().any(|value| value.as_str().is_some());
            has_numbers = values.iter().any(|value| value.as_number().is_some());
        }
        _ => {}
    }
    let mut general =
        |folded, make| operands.test(Op::In, value, folded, make).map(|test| Some(Part::General(test)));
    let texts = match has_texts {
        true if test.ignore_case => general(true, texts)?,
        true => Some(Part::Texts(value)),
        false => None,
    };
    let numbers = match has_numbers {
        true => general(false, |_, value, _| Ok(AttributeTest::Numbers(numbers(value).into_boxed_slice())))?,
        false => None,
    };
    Ok([texts, numbers])
}

/// Case is ignored.
fn texts(_: Op, value: &Value, _: bool) -> Result<AttributeTest, Problem> {
    let folded: Vec<String> = strings(value).into_iter().map(fold).collect();
    let texts = folded.iter().map(String::as_str);
    Ok(AttributeTest::Texts(Members::new(texts, Vec::new(), true)))
}

fn affix(op: Op, value: &Value, folded: bool) -> Result<AttributeTest, Problem> {
    let affix = match op {
        Op::Contains => Affix::Contains,
        Op::StartsWith => Affix::Starts,
        _ => Affix::Ends,
    };
    let texts =
        strings(value).into_iter().map(|text| if folded { fold(text).into() } else { text.into() }).collect();
    Ok(AttributeTest::Affix { affix, texts, folded })
}

fn pattern(_: Op, value: &Value, _: bool) -> Result<AttributeTest, Problem> {
    let source = value.as_str().ok_or_else(|| bad("expected a regular expression"))?;
    let pattern = Pattern::new(source).map_err(|message| {
        let code = match () {
            () if !cfg!(feature = "regex") => Code::RegexUnavailable,
            () if message.contains("at most") || message.contains("larger than") => Code::RegexTooLarge,
            () => Code::BadRegex,
        };
        (code, None, message)
    })?;
    Ok(AttributeTest::Pattern(Box::new(pattern)))
}

fn between(value: &Value) -> Result<AttributeTest, Problem> {
    let problem = || bad("expected `[low, high]`");
    let Value::List(pair) = value else { return Err(problem()) };
    match pair.as_slice() {
        [low, high] => Ok(AttributeTest::Between(number(low)?, number(high)?)),
        _ => Err(problem()),
    }
}

fn modulo(value: &Value) -> Result<AttributeTest, Problem> {
    let part = |name| value.get(name).and_then(Value::as_number).and_then(Number::as_integral_i64);
    match (part("divisor"), part("remainder")) {
        (Some(divisor), Some(remainder)) if divisor > 0 => Ok(AttributeTest::Modulo { divisor, remainder }),
        _ => Err(bad("expected `{\"divisor\": D, \"remainder\": R}`")),
    }
}

fn semver(comparison: Comparison, value: &Value) -> Result<Parts<'_>, Problem> {
    let text = value.as_str().ok_or_else(|| bad("expected a version"))?;
    if Semver::parse(text).is_none() {
        let message =
            format!("expected a semantic version such as 1.2.3, found {}", crate::error::quote(text));
        return Err((Code::BadSemver, None, message));
    }
    let general = AttributeTest::Semver(comparison, text.into());
    Ok([Some(versioned(comparison, text, general)), None])
}

fn dotted(comparison: Comparison, value: &Value) -> Result<Parts<'_>, Problem> {
    let text = value.as_str().ok_or_else(|| bad("expected a version"))?;
    if Dotted::parse(text).is_none() {
        let message = format!("expected a version such as 1.2, found {}", crate::error::quote(text));
        return Err((Code::BadDottedVersion, None, message));
    }
    let general = AttributeTest::Dotted(comparison, text.into());
    Ok([Some(versioned(comparison, text, general)), None])
}

fn versioned(comparison: Comparison, text: &str, general: AttributeTest) -> Part<'static> {
    let general = Arc::new(general);
    let packed = pack(text.as_bytes());
    if packed.is_plain() { Part::Version(comparison, packed, general) } else { Part::General(general) }
}

/// An instant of a document (SEMANTICS 2.7).
pub(super) fn instant(value: &Value, _: &Path<'_>, _: &mut Sink) -> Result<i64, Problem> {
    const LIMIT: i64 = 8_640_000_000_000_000;
    let found = match value {
        Value::Str(text) => parse_instant(text),
        other => {
            other.as_number().and_then(Number::as_integral_i64).filter(|ms| (-LIMIT..=LIMIT).contains(ms))
        }
    };
    found.ok_or_else(|| {
        let message = "expected an RFC 3339 date-time or an integer of milliseconds since 1970".to_owned();
        (Code::BadInstant, None, message)
    })
}

fn networks(_: Op, value: &Value, _: bool) -> Result<AttributeTest, Problem> {
    let networks = Networks::parse(strings(value));
    networks.map(AttributeTest::Cidr).map_err(|(index, message)| (Code::BadNetwork, Some(index), message))
}

fn list(op: Op, value: &Value, _: bool) -> Result<AttributeTest, Problem> {
    let quantifier = match op {
        Op::ContainsAny => Quantifier::Any,
        Op::ContainsAll => Quantifier::All,
        _ => Quantifier::None,
    };
    let mut texts = strings(value);
    texts.sort_unstable();
    texts.dedup();
    let members = Members::new(texts.iter().copied(), numbers(value), false);
    let texts = match quantifier {
        Quantifier::All => texts.into_iter().map(Into::into).collect(),
        Quantifier::Any | Quantifier::None => Box::default(),
    };
    Ok(AttributeTest::List { quantifier, members, texts })
}

fn json_type(value: &Value) -> Result<JsonType, Problem> {
    Ok(match value.as_str() {
        Some("boolean") => JsonType::Boolean,
        Some("integer") => JsonType::Integer,
        Some("list") => JsonType::List,
        Some("number") => JsonType::Number,
        Some("object") => JsonType::Object,
        Some("string") => JsonType::String,
        _ => return Err(bad("expected the name of a JSON type")),
    })
}

impl Part<'_> {
    /// Whether the part holds for a value that is known now; `None` if it is not applicable.
    pub(super) fn holds(&self, value: ValueRef<'_>) -> Option<bool> {
        match (self, value) {
            (Self::General(test) | Self::Version(_, _, test), value) => test.holds(value),
            (Self::Word(own), ValueRef::Bool(value)) if !word::is_string(*own) => {
                Some(*own == if value { word::TRUE } else { word::FALSE })
            }
            (Self::Word(own), ValueRef::Str(text)) if word::is_string(*own) => {
                Some(word::of(text.as_bytes()) == *own)
            }
            (Self::Texts(list), ValueRef::Str(text)) => Some(strings(list).contains(&text)),
            (Self::Suffix(own, true), ValueRef::Str(text)) => Some(*own == text),
            (Self::Suffix(own, false), ValueRef::Str(text)) => Some(text.ends_with(own)),
            _ => None,
        }
    }
}
