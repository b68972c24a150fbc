//! What a release will do; fixed when it starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Phase, Windows};
use crate::model::{Feature, Key, PipelineRef, ReleaseRamp, Segment};

/// What a release will do; fixed when it starts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The release.
    pub id: Key,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The pipeline version that it runs.
    pub pipeline: PipelineRef,
    /// The phases of that version, with the floors of their environments worked in (the stricter counts), and without what would
    /// patch environments that opted out of pipelines.
    pub phases: Vec<Phase>,
    /// Of each phase: the environments that it touches, resolved when the release started, sorted. Those that the change touches
    /// and no phase is for are with the last one, as completion reaches them.
    pub environments: Vec<Vec<Key>>,
    /// Of each phase: the windows of the pipeline and of its environments, besides its own. All must be open.
    pub windows: Vec<Vec<Windows>>,
    /// The phase at which it starts; those before are skipped.
    #[serde(default)]
    pub start_at: usize,
    /// The features that it changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<Key, Change<Feature>>,
    /// The segments that it changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<Key, Change<Segment>>,
    /// The unit and salt of its ramps.
    #[serde(default)]
    pub ramp: ReleaseRamp,
    /// Environments outside pipelines that the change touches as well: they get the candidate at the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opted_out: Vec<Key>,
    /// What other releases must have reached before a phase starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
    /// Who wrote the change.
    pub author: Key,
    /// Who started the release.
    pub starter: Key,
    /// What approvals sign: a hash over release id, base, candidate, resolved references and pipeline version.
    pub digest: String,
}

/// A definition before and after.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(
    deny_unknown_fields,
    bound(deserialize = "Arc<T>: Deserialize<'de>", serialize = "Arc<T>: Serialize")
)]
pub struct Change<T> {
    /// Before; `null` if it does not exist yet.
    pub base: Option<Arc<T>>,
    /// After; absent: only patches touch it; `null`: it is deleted.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Option<Arc<T>>>,
}

fn present<'de, D, T>(de: D) -> Result<Option<Option<Arc<T>>>, D::Error>
where
    D: serde::Deserializer<'de>,
    Arc<T>: Deserialize<'de>,
{
    Option::<Arc<T>>::deserialize(de).map(Some)
}

/// What another release must have reached before a phase starts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The phase of this release that waits; absent: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Key>,
    /// The other release.
    pub release: Key,
    /// The phase of the other release that must be over; absent: it must have completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<Key>,
}

/// What an environment asks at least of every release that touches it; all off by default.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// An edit that touches the environment without an attached pipeline is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pipeline_required: bool,
    /// The least number of approvals of a phase that touches the environment.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub approvals: u32,
    /// Neither author nor starter may approve, whatever the pipeline says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_self_approval: bool,
    /// When releases may move forward there.
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    pub windows: Windows,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}
