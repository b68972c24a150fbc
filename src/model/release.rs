//! Releases as they are served (SEMANTICS §7), and pipelines as they are shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Condition, Feature, Key, Percent, Segment};
use crate::value::order;

/// One run of a pipeline for a change of features and segments (SEMANTICS 7.1).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Unique in the document.
    pub id: Key,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The pipeline version that it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<PipelineRef>,
    /// The features that it changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<Key, Candidate>,
    /// The segments that it changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<Key, SegmentCandidate>,
    /// The unit and salt of its ramps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<ReleaseRamp>,
    /// The phases, earliest first.
    #[cfg_attr(feature = "schema", schemars(length(max = 100)))]
    pub phases: Vec<Phase>,
}

impl Release {
    /// The salt of the ramps: that of `ramp`, or `ramp/<keys>` (SEMANTICS 7.4).
    #[must_use]
    pub fn ramp_salt(&self) -> Key {
        match self.ramp.as_ref().and_then(|ramp| ramp.salt.as_ref()) {
            Some(salt) => Key::clone(salt),
            None => default_ramp_salt(self.features.keys(), self.segments.keys()).into(),
        }
    }
}

/// `ramp/` and the keys, those of segments with `segment:` in front, sorted by bytes and joined by commas.
pub(super) fn default_ramp_salt<'k>(
    features: impl Iterator<Item = &'k Key>,
    segments: impl Iterator<Item = &'k Key>,
) -> String {
    let segments = segments.map(|key| format!("segment:{key}"));
    let mut keys: Vec<String> = features.map(|key| key.to_string()).chain(segments).collect();
    order::sort(&mut keys);
    format!("ramp/{}", keys.join(","))
}

/// A version of a pipeline.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PipelineRef {
    /// The pipeline's key.
    pub key: Key,
    /// Its version.
    pub version: u32,
}

/// The change of a feature.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Absent: only patches touch the feature. `null`: it is being deleted.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Option<Arc<Feature>>>,
}

/// The change of a segment.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SegmentCandidate {
    /// Absent: no change. `null`: it is being deleted.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Option<Arc<Segment>>>,
}

fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    de: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(de).map(Some)
}

/// The unit and salt of a release's ramps (SEMANTICS 7.4).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseRamp {
    /// The attribute that is bucketed; default that of the release's one feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Key>,
    /// The whole salt; default `ramp/<keys>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Key>,
}

/// A phase of a release, as served (SEMANTICS 7.2).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Unique within the release.
    pub id: Key,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it counts.
    #[serde(default)]
    pub live: bool,
    /// Whom it is for; absent: everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Vec<Target>>,
    /// Its current share; absent: 100 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<PhaseRamp>,
    /// What it does; absent: applies every candidate for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patches: Option<Vec<Patch>>,
    /// Where it stood in the document.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub(crate) place: Place,
}

/// The current share of a phase.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PhaseRamp {
    /// The share.
    pub percent: Percent,
}

/// One of the rules of a target, which are OR-ed (SEMANTICS 7.3).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The environments; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<Key>>,
    /// Further conditions.
    #[serde(default, rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
}

/// What a phase does to a definition (SEMANTICS 7.5).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(transform = super::schema::patch_forms))]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// What it does.
    pub patch: PatchKind,
    /// The feature that it is on; this or `segment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<Key>,
    /// The segment that it is on; this or `feature`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Key>,
    /// The segment that it is for; absent: everyone.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub audience: Option<Key>,
    /// Of `set`: the new default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Key>,
    /// Where it stood in the document.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub(crate) place: Place,
}

/// Where something stood in a list of the document, of which others may have been left out; says nothing about what it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place(pub(crate) usize);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The kinds of patch (SEMANTICS 7.5).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PatchKind {
    /// The candidate replaces the definition.
    Apply,
    /// `enabled` becomes false.
    Disable,
    /// `enabled` becomes true.
    Enable,
    /// The default becomes `variant`.
    Set,
}

/// A published pipeline version: shown by tools, never evaluated.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The version, from 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub version: u32,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The phases, in order.
    pub phases: Vec<PipelinePhase>,
}

/// A phase of a pipeline.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PipelinePhase {
    /// Unique within the pipeline.
    pub id: Key,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Vec<Target>>,
    /// What must hold before it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// How its share grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<RampSchedule>,
    /// How far each share must have got before its time counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propagation: Option<Propagation>,
    /// How long it bakes after its ramp, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bake_s: Option<u64>,
    /// What must stay well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
}

/// How far the shares of a phase must have got before their time counts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Propagation {
    /// How many of the live instances that it is for must have applied it.
    pub percent: Percent,
    /// How long that may take, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
}

/// What must hold before a phase starts.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The trigger; absent: on entering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    /// The approvals that it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Approvals>,
    /// The releases that must have completed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Key>,
}

/// When a phase starts.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Seconds of server uptime after it is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_for_s: Option<u64>,
    /// Not before this instant (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Approvals that a phase needs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// How many distinct people.
    pub count: u32,
    /// Their role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Key>,
}

/// How the share of a phase grows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RampSchedule {
    /// The steps, in order.
    pub steps: Vec<RampStep>,
}

/// A step of a ramp.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RampStep {
    /// The share.
    pub percent: Percent,
    /// How long it is held, in seconds.
    #[serde(default)]
    pub hold_s: u64,
}

/// Something that must stay well while a phase is live.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// Unique within the phase.
    pub id: Key,
    /// What it watches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
