//! A test on an attribute, its operand parsed: the general form, exact for every operator of SEMANTICS §4.
//!
//! `compile` folds process attributes with it and picks an instruction of its own for the frequent forms; whatever has
//! none runs here. `None` means: not applicable, so that the test and its negation are both false (SEMANTICS 2.4).

use std::cmp::Ordering;

use xxhash_rust::xxh3::xxh3_64;

use super::cidr::{Networks, parse_ip};
use super::fold;
use super::instant::parse_instant;
use super::pattern::Pattern;
use super::set::{TextSet, filter_position};
use super::version::{Dotted, Semver};
use crate::value::{Number, Value, ValueRef, order};

/// How two ordered things must compare.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Eq,
    Gt,
    Gte,
    Lt,
    Lte,
}

impl Comparison {
    /// Whether an ordering satisfies it.
    #[must_use]
    #[inline]
    pub fn admits(self, ordering: Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Gt => ordering.is_gt(),
            Self::Gte => ordering.is_ge(),
            Self::Lt => ordering.is_lt(),
            Self::Lte => ordering.is_le(),
        }
    }

    /// The sign used in listings.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Gt => ">",
            Self::Gte => ">=",
            Self::Lt => "<",
            Self::Lte => "<=",
        }
    }
}

/// Where in the text.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Affix {
    Contains,
    Ends,
    Starts,
}

/// How many of the values must be elements.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Quantifier {
    All,
    Any,
    None,
}

/// A JSON type as `is_type` names it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum JsonType {
    Boolean,
    Integer,
    List,
    Number,
    Object,
    String,
}

/// Strings and numbers, each looked up in O(1) or O(log n).
#[derive(Debug)]
pub struct Members {
    texts: TextSet,
    filter: Box<[u64]>,
    numbers: Box<[Number]>,
    folded: bool,
}

impl Members {
    /// From texts (already folded if `folded`) and numbers.
    #[must_use]
    pub fn new<'t>(
        texts: impl ExactSizeIterator<Item = &'t str> + Clone,
        mut numbers: Vec<Number>,
        folded: bool,
    ) -> Self {
        let mut filter = Vec::new();
        let texts = TextSet::build(texts.map(str::as_bytes), &mut filter);
        order::sort(&mut numbers);
        numbers.dedup();
        Self { texts, filter: filter.into_boxed_slice(), numbers: numbers.into_boxed_slice(), folded }
    }

    fn has_text(&self, text: &str) -> bool {
        let hash = if self.folded { fold::hash_folded(text) } else { xxh3_64(text.as_bytes()) };
        let (index, bits) = filter_position(hash, self.filter.len() as u64);
        if self.filter.get(index).is_none_or(|word| word & bits != bits) {
            return false;
        }
        if self.folded {
            self.texts
                .contains_by(hash, |own| std::str::from_utf8(own).is_ok_and(|own| fold::eq_folded(text, own)))
        } else {
            self.texts.contains(hash, text.as_bytes())
        }
    }

    fn has_number(&self, number: Number) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }

    fn has(&self, value: ValueRef<'_>) -> bool {
        match value {
            ValueRef::Str(text) => self.has_text(text),
            ValueRef::Number(number) => self.has_number(number),
            _ => false,
        }
    }

    fn memory_usage(&self) -> usize {
        self.texts
            .memory_usage()
            .saturating_add(size_of_val(&*self.filter))
            .saturating_add(size_of_val(&*self.numbers))
    }
}

/// A test on an attribute.
#[derive(Debug)]
pub enum AttributeTest {
    /// `contains`, `starts_with`, `ends_with`: one of the texts (folded if `folded`).
    Affix {
        /// Where.
        affix: Affix,
        /// The texts.
        texts: Box<[Box<str>]>,
        /// Whether case is ignored.
        folded: bool,
    },
    /// `between`, both ends inclusive.
    Between(Number, Number),
    /// `eq` of a boolean.
    Bool(bool),
    /// `in_cidr`
    Cidr(Networks),
    /// `version_*`
    Dotted(Comparison, Box<str>),
    /// `before`, `after`: `Lt` or `Gt`.
    Instant(Comparison, i64),
    /// `is_set`; always applicable.
    IsSet,
    /// `is_type`
    IsType(JsonType),
    /// `contains_any`, `contains_all`, `contains_none`
    List {
        /// How many.
        quantifier: Quantifier,
        /// All values, to be looked up.
        members: Members,
        /// For `contains_all`: the distinct texts.
        texts: Box<[Box<str>]>,
    },
    /// `modulo`
    Modulo {
        /// At least 1.
        divisor: i64,
        /// Below the divisor.
        remainder: i64,
    },
    /// A number compared; also `eq`.
    Number(Comparison, Number),
    /// The numbers of `in`.
    Numbers(Box<[Number]>),
    /// `matches`
    Pattern(Box<Pattern>),
    /// `semver_*`
    Semver(Comparison, Box<str>),
    /// The texts of `in`; folded if the members are.
    Texts(Members),
}

impl AttributeTest {
    /// Whether the test holds for a value; `None` if it is not applicable.
    #[must_use]
    pub fn holds(&self, value: ValueRef<'_>) -> Option<bool> {
        match (self, value) {
            (Self::IsSet, value) => Some(!matches!(value, ValueRef::Missing)),
            (_, ValueRef::Missing) => None,
            (Self::IsType(kind), value) => Some(has_type(*kind, value)),
            (Self::Affix { affix, texts, folded }, ValueRef::Str(text)) => {
                Some(texts.iter().any(|own| has_affix(*affix, *folded, text, own)))
            }
            (Self::Between(low, high), ValueRef::Number(number)) => Some(*low <= number && number <= *high),
            (Self::Bool(own), ValueRef::Bool(value)) => Some(*own == value),
            (Self::Cidr(networks), ValueRef::Str(text)) => Some(networks.contains(parse_ip(text)?)),
            (Self::Dotted(comparison, own), ValueRef::Str(text)) => {
                Some(comparison.admits(Dotted::parse(text)?.cmp(&Dotted::parse(own)?)))
            }
            (Self::Semver(comparison, own), ValueRef::Str(text)) => {
                Some(comparison.admits(Semver::parse(text)?.cmp(&Semver::parse(own)?)))
            }
            (Self::Instant(comparison, own), value) => Some(comparison.admits(instant(value)?.cmp(own))),
            (Self::List { quantifier, members, texts }, ValueRef::List(list)) => {
                Some(list_holds(*quantifier, members, texts, list))
            }
            (Self::Modulo { divisor, remainder }, ValueRef::Number(number)) => {
                Some(integer(number)?.checked_rem_euclid(*divisor)? == *remainder)
            }
            (Self::Number(comparison, own), ValueRef::Number(number)) => {
                Some(comparison.admits(number.cmp(own)))
            }
            (Self::Numbers(own), ValueRef::Number(number)) => Some(own.binary_search(&number).is_ok()),
            (Self::Pattern(pattern), ValueRef::Str(text)) => Some(pattern.is_match(text)),
            (Self::Texts(members), ValueRef::Str(text)) => Some(members.has_text(text)),
            _ => None,
        }
    }

    /// Bytes on the heap, roughly.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        match self {
            Self::Affix { texts, .. } => texts.iter().map(|text| text.len().saturating_add(16)).sum(),
            Self::List { members, texts, .. } => texts
                .iter()
                .map(|text| text.len().saturating_add(16))
                .sum::<usize>()
                .saturating_add(members.memory_usage()),
            Self::Numbers(own) => size_of_val(&**own),
            Self::Pattern(pattern) => pattern.memory_usage(),
            Self::Texts(members) => members.memory_usage(),
            Self::Dotted(_, text) | Self::Semver(_, text) => text.len(),
            _ => 0,
        }
    }
}

/// The integer of a float that is integral and at most 2^53 in magnitude.
#[must_use]
pub fn integral(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    (value.abs() <= LIMIT && value.fract() == 0.0).then_some(value as i64)
}

/// An integral number, for `modulo` (SEMANTICS 4.9).
fn integer(number: Number) -> Option<i64> {
    match number {
        Number::Int(value) => Some(value),
        Number::Float(value) => integral(value),
    }
}

/// An instant, in milliseconds since 1970 (SEMANTICS 4.12).
fn instant(value: ValueRef<'_>) -> Option<i64> {
    const LIMIT: i64 = 8_640_000_000_000_000;
    match value {
        ValueRef::Str(text) => parse_instant(text),
        ValueRef::Number(number) => integer(number).filter(|ms| (-LIMIT..=LIMIT).contains(ms)),
        _ => None,
    }
}

fn has_affix(affix: Affix, folded: bool, text: &str, own: &str) -> bool {
    match (affix, folded) {
        (Affix::Contains, false) => text.contains(own),
        (Affix::Ends, false) => text.ends_with(own),
        (Affix::Starts, false) => text.starts_with(own),
        (Affix::Contains, true) => fold::contains_folded(text, own),
        (Affix::Ends, true) => fold::ends_with_folded(text, own),
        (Affix::Starts, true) => fold::starts_with_folded(text, own),
    }
}

fn has_type(kind: JsonType, value: ValueRef<'_>) -> bool {
    match (kind, value) {
        (JsonType::Boolean, ValueRef::Bool(_))
        | (JsonType::List, ValueRef::List(_))
        | (JsonType::Number, ValueRef::Number(_))
        | (JsonType::Object, ValueRef::Object)
        | (JsonType::String, ValueRef::Str(_)) => true,
        (JsonType::Integer, ValueRef::Number(Number::Int(_))) => true,
        (JsonType::Integer, ValueRef::Number(Number::Float(value))) => value.fract() == 0.0,
        _ => false,
    }
}

fn list_holds(quantifier: Quantifier, members: &Members, texts: &[Box<str>], list: &Value) -> bool {
    let any = |test: &mut dyn FnMut(ValueRef<'_>) -> bool| match list {
        Value::Strings(strings) => strings.iter().any(|text| test(ValueRef::Str(text))),
        Value::List(values) => values.iter().any(|value| test(ValueRef::from(value))),
        _ => false,
    };
    match quantifier {
        Quantifier::Any => any(&mut |value| members.has(value)),
        Quantifier::None => !any(&mut |value| members.has(value)),
        Quantifier::All => {
            texts.iter().all(|own| any(&mut |value| matches!(value, ValueRef::Str(text) if *text == **own)))
                && members
                    .numbers
                    .iter()
                    .all(|own| any(&mut |value| matches!(value, ValueRef::Number(number) if number == *own)))
        }
    }
}
