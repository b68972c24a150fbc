//! The snapshot document as written: plain data with serde, and its decoding with diagnostics.
//!
//! ```text
//!  bytes ── value::parse ──▶ Value ── decode ──▶ Snapshot + Diagnostics        (every problem, each with a JSON pointer)
//! ```
//! Not here: what needs operands parsed or definitions compared with each other (see `compile`).
//! INVARIANT: a definition in a decoded [`Snapshot`] is structurally sound (SEMANTICS §2, §3, §7); one that is not is
//! left out of the maps and listed as invalid.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// The key of a feature, segment, variant, rule, release, phase, attribute or environment.
pub type Key = Arc<str>;

/// The `schema_version` that this crate reads and writes.
pub const SCHEMA_VERSION: u32 = 1;

/// A published snapshot (SEMANTICS §9): everything that an engine serves by.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The version of this format; 1.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA_VERSION)))]
    pub schema_version: u32,
    /// The version of the content; only ever grows.
    pub version: u64,
    /// The environment that this document is for, if it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Key>,
    /// What the document is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The environments that exist; if given, any other name in the document is refused.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environments: BTreeMap<Key, Environment>,
    /// Typed attribute declarations (SEMANTICS 9.6).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<Key, Attribute>,
    /// Named conditions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<Key, Arc<Segment>>,
    /// The features: gates, configs and experiments.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<Key, Arc<Feature>>,
    /// Groups of experiments that exclude each other (SEMANTICS 3.7).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exclusion_groups: BTreeMap<Key, ExclusionGroup>,
    /// Published pipelines; not evaluated, only shown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pipelines: BTreeMap<Key, Pipeline>,
    /// The releases that are moving through their pipelines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub releases: Vec<Release>,
    /// The features that are killed, by environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kills: Vec<Kill>,
}

/// An environment: dev, staging, prod-eu, …
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Whether production traffic is served there.
    #[serde(default)]
    pub production: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The type of a declared attribute (SEMANTICS 9.6).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// `true` or `false`
    Boolean,
    /// A list.
    List,
    /// A number.
    Number,
    /// An object.
    Object,
    /// A string.
    String,
}

impl AttributeType {
    /// Its name in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Number => "number",
            Self::Object => "object",
            Self::String => "string",
        }
    }
}

/// The declaration of an attribute (SEMANTICS 9.6).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// The type that values have.
    #[serde(rename = "type")]
    pub kind: AttributeType,
    /// Whether it is a process attribute, fixed for the life of an engine.
    #[serde(default)]
    pub process: bool,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A named, reusable condition (SEMANTICS 7.9).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The condition.
    #[serde(rename = "if")]
    pub condition: Condition,
}

/// What a feature decides.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A JSON value.
    Config,
    /// One of several weighted variants.
    Experiment,
    /// A boolean.
    Gate,
}

/// The definition of a feature (SEMANTICS §3).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// What it decides.
    pub kind: Kind,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The attribute that is bucketed; default `user_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Key>,
    /// What the salts are made of; default the feature's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Key>,
    /// Whether its rules count; default true.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// Whether it is archived; default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// The values that it can serve, by name, in document order; empty for a gate stands for `on` and `off` (SEMANTICS 3.1).
    #[serde(default, skip_serializing_if = "Variants::is_empty")]
    pub variants: Variants,
    /// The variant that is served where no rule serves; for a gate default `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Key>,
    /// The rules, tried in order.
    #[cfg_attr(feature = "schema", schemars(length(max = 10_000)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// What differs by environment (SEMANTICS 3.3).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environments: BTreeMap<Key, EnvironmentBlock>,
    /// Of an experiment: the share of units that take part (SEMANTICS 3.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocation: Option<Allocation>,
    /// Of an experiment: the exclusion group that it is in (SEMANTICS 3.7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusion_group: Option<Key>,
}

impl Feature {
    /// Whether it can serve the variant; a gate without variants serves `on` and `off`.
    #[must_use]
    pub fn has_variant(&self, name: &str) -> bool {
        match self.variants.is_empty() {
            true => matches!(name, "on" | "off"),
            false => self.variants.contains(name),
        }
    }
}

/// Named values in document order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variants(pub Vec<(Key, Value)>);

impl Variants {
    /// Whether none is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What an environment replaces of a definition (SEMANTICS 3.3).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EnvironmentBlock {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Replaces `enabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Replaces `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Key>,
    /// Replaces `rules`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<Rule>>,
}

/// A rule of a definition (SEMANTICS 3.2, 3.8).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("oneOf" = [{"required": ["variant"]}, {"required": ["split"]}])))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique within its list.
    pub id: Key,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it holds; absent: always.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// The share of units that it is for; absent: everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// The variant that it serves; this or `split`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Key>,
    /// The weighted variants that it serves; this or `variant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Vec<Weighted>>,
    /// Where a unit goes that the condition lets in and a share keeps out.
    #[serde(default, skip_serializing_if = "Otherwise::is_next")]
    pub otherwise: Otherwise,
}

/// Where a unit goes that is outside a rule's share (SEMANTICS 3.8).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// To the default variant.
    Default,
    /// To the next rule.
    #[default]
    Next,
}

impl Otherwise {
    fn is_next(&self) -> bool {
        *self == Self::Next
    }
}

/// A share in percent with at most four decimals, held as buckets: 12.5 % is 125 000 (SEMANTICS 3.4).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Percent(pub u32);

/// The share of units that a rule is for (SEMANTICS 3.4).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// The share.
    pub percent: Percent,
    /// The attribute that is bucketed; default the definition's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Key>,
    /// The whole salt; default `rollout/<definition's salt>/<rule id>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Key>,
}

/// A variant and its weight (SEMANTICS 3.5).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    /// The variant.
    pub variant: Key,
    /// Its weight; all of a split sum to 100.
    pub weight: Percent,
}

/// The share of units that take part in an experiment (SEMANTICS 3.6).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// The share.
    pub percent: Percent,
    /// The whole salt; default `allocation/<definition's salt>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Key>,
}

/// Experiments that exclude each other (SEMANTICS 3.7).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExclusionGroup {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The attribute that is bucketed; default `user_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Key>,
    /// The salt is `exclusion/<this>`; default the group's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Key>,
    /// The buckets of each experiment; ranges do not overlap.
    pub ranges: BTreeMap<Key, Range>,
}

/// Buckets from `from` (inclusive) to `to` (exclusive).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The first bucket.
    #[cfg_attr(feature = "schema", schemars(range(max = 999_999)))]
    pub from: u32,
    /// The bucket after the last; at most 1 000 000.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1_000_000)))]
    pub to: u32,
}

/// The emergency switch of a feature in an environment (SEMANTICS 6.2).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// The feature.
    pub feature: Key,
    /// The environment.
    pub environment: Key,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

mod condition;
mod decode;
pub mod limits;
mod percent;
mod release;
#[cfg(feature = "schema")]
mod schema;
#[cfg(test)]
mod tests;
mod variants;

pub use self::condition::{BucketTest, Condition, FeatureTest, Op, SegmentTest, Test, TimeTest, operators};
pub use self::decode::{Decoded, Mode, decode, decode_changed};
pub(crate) use self::decode::{Definition, Part, Read, Remnant, decode_beside, decode_read, read};
pub(crate) use self::release::Place;
pub use self::release::{
    Approvals, Candidate, Entry, Guard, Patch, PatchKind, Phase, PhaseRamp, Pipeline, PipelinePhase,
    PipelineRef, Propagation, RampSchedule, RampStep, Release, ReleaseRamp, SegmentCandidate, Target,
    Trigger,
};

#[cfg(feature = "schema")]
pub use self::schema::schema;

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_true(value: &bool) -> bool {
    *value
}
