//! Conditions as written (SEMANTICS §2).

use serde::{Deserialize, Serialize};

use super::Key;
use crate::value::Value;

/// A condition (SEMANTICS 2.1); in JSON an object of exactly one of these forms.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transform = super::schema::one_form))]
#[serde(untagged, deny_unknown_fields)]
#[non_exhaustive]
pub enum Condition {
    /// Holds if all hold.
    All {
        /// The conditions.
        all: Vec<Self>,
    },
    /// Holds if one holds.
    Any {
        /// The conditions.
        any: Vec<Self>,
    },
    /// Holds on a share of units.
    Bucket {
        /// The range of buckets.
        bucket: BucketTest,
    },
    /// Holds if a feature serves one of some variants.
    Feature(FeatureTest),
    /// The negation, pushed to the leaves (SEMANTICS 2.3).
    Not {
        /// What is negated.
        not: Box<Self>,
    },
    /// Holds as a segment holds.
    Segment(SegmentTest),
    /// A test on an attribute.
    Test(Test),
    /// Holds for a time.
    Time {
        /// The span.
        time: TimeTest,
    },
}

/// A test on an attribute (SEMANTICS §4).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transform = super::schema::operand_forms))]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// The attribute.
    pub attribute: Key,
    /// The operator.
    pub op: Op,
    /// The operand; its form depends on the operator; absent for `is_set`.
    #[serde(default, skip_serializing_if = "is_null")]
    pub value: Value,
    /// Compare after folding case (SEMANTICS 4.17).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_case: bool,
}

/// A reference to a segment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SegmentTest {
    /// The segment.
    pub segment: Key,
}

/// A reference to a feature.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FeatureTest {
    /// The feature.
    pub feature: Key,
    /// The variants that let it hold.
    pub variants: Vec<Key>,
}

/// A range of buckets (SEMANTICS 2.7).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BucketTest {
    /// The attribute that is bucketed.
    pub unit: Key,
    /// The whole salt.
    pub salt: Key,
    /// The first bucket.
    #[cfg_attr(feature = "schema", schemars(range(max = 999_999)))]
    pub from: u32,
    /// The bucket after the last; at most 1 000 000.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1_000_000)))]
    pub to: u32,
}

/// A span of time (SEMANTICS 2.7); each end an RFC 3339 string or an integer of milliseconds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("minProperties" = 1)))]
#[serde(deny_unknown_fields)]
pub struct TimeTest {
    /// The first instant.
    #[cfg_attr(feature = "schema", schemars(schema_with = "super::schema::instant"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The instant after the last.
    #[cfg_attr(feature = "schema", schemars(schema_with = "super::schema::instant"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// An operator (SEMANTICS §4).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Op {
    /// The instant is after the value (4.12).
    After,
    /// The instant is before the value (4.12).
    Before,
    /// The number is in `[low, high]` (4.8).
    Between,
    /// The string contains one of the texts (4.3).
    Contains,
    /// The list has all of the values (4.14).
    ContainsAll,
    /// The list has one of the values (4.14).
    ContainsAny,
    /// The list has none of the values (4.14).
    ContainsNone,
    /// The string ends with one of the texts (4.5).
    EndsWith,
    /// Equal to the value (4.1).
    Eq,
    /// The number is greater (4.7).
    Gt,
    /// The number is greater or equal (4.7).
    Gte,
    /// Equal to one of the values (4.2).
    In,
    /// The IP address is in one of the networks (4.13).
    InCidr,
    /// The attribute is present (4.16).
    IsSet,
    /// The attribute has the type (4.15).
    IsType,
    /// The number is less (4.7).
    Lt,
    /// The number is less or equal (4.7).
    Lte,
    /// The string matches the regular expression (4.6).
    Matches,
    /// The integer has the remainder by the divisor (4.9).
    Modulo,
    /// The semantic version is equal (4.10).
    SemverEq,
    /// The semantic version is greater (4.10).
    SemverGt,
    /// The semantic version is greater or equal (4.10).
    SemverGte,
    /// The semantic version is less (4.10).
    SemverLt,
    /// The semantic version is less or equal (4.10).
    SemverLte,
    /// The string starts with one of the texts (4.4).
    StartsWith,
    /// The dotted version is equal (4.11).
    VersionEq,
    /// The dotted version is greater (4.11).
    VersionGt,
    /// The dotted version is greater or equal (4.11).
    VersionGte,
    /// The dotted version is less (4.11).
    VersionLt,
    /// The dotted version is less or equal (4.11).
    VersionLte,
}

impl Op {
    /// All operators and their names.
    pub const ALL: &[(&str, Self)] = &[
        ("after", Self::After),
        ("before", Self::Before),
        ("between", Self::Between),
        ("contains", Self::Contains),
        ("contains_all", Self::ContainsAll),
        ("contains_any", Self::ContainsAny),
        ("contains_none", Self::ContainsNone),
        ("ends_with", Self::EndsWith),
        ("eq", Self::Eq),
        ("gt", Self::Gt),
        ("gte", Self::Gte),
        ("in", Self::In),
        ("in_cidr", Self::InCidr),
        ("is_set", Self::IsSet),
        ("is_type", Self::IsType),
        ("lt", Self::Lt),
        ("lte", Self::Lte),
        ("matches", Self::Matches),
        ("modulo", Self::Modulo),
        ("semver_eq", Self::SemverEq),
        ("semver_gt", Self::SemverGt),
        ("semver_gte", Self::SemverGte),
        ("semver_lt", Self::SemverLt),
        ("semver_lte", Self::SemverLte),
        ("starts_with", Self::StartsWith),
        ("version_eq", Self::VersionEq),
        ("version_gt", Self::VersionGt),
        ("version_gte", Self::VersionGte),
        ("version_lt", Self::VersionLt),
        ("version_lte", Self::VersionLte),
    ];

    /// The operator of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, op)| *op)
    }

    /// Its name in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, op)| *op == self).map_or("", |(name, _)| name)
    }
}

/// The names of the operators that engines of this build understand: all, but for `matches` without the feature `regex`.
///
/// # Examples
/// ```
/// assert!(tidegate::model::operators().any(|name| name == "in_cidr"));
/// ```
pub fn operators() -> impl Iterator<Item = &'static str> {
    let known = |op: Op| cfg!(feature = "regex") || op != Op::Matches;
    Op::ALL.iter().filter(move |(_, op)| known(*op)).map(|(name, _)| *name)
}

fn is_null(value: &Value) -> bool {
    *value == Value::Null
}
