//! Pipelines: their versions, what is attached to them, and where each release of them is.

use std::sync::Arc;

use serde::Serialize;
use tidegate::model::Key;
use tidegate::release::{PhaseStatus, Pipeline, Plan, State, Status};

use crate::domain::World;
use crate::domain::entity::{PipelineRecord, PipelineVersion};
use crate::domain::references::version_key;

/// For how long a completed release is shown as launched (ms): 30 days.
const LAUNCHED: i64 = 30 * 86_400_000;

/// Where a pipeline is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It cannot be attached or started any more.
    Archived,
    /// Nothing of it is published.
    Draft,
    /// A version of it is published; there may be a newer draft.
    Published,
}

/// A pipeline, in a list.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PipelineSummary {
    /// Its key.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change.
    pub revision: u64,
    /// Where it is.
    pub state: Stage,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The version that new releases run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<u32>,
    /// Whether there is a draft that is not published.
    pub draft: bool,
    /// How many phases it has.
    pub phases: usize,
    /// How many features and segments are attached.
    pub attached: usize,
    /// How many releases run it now.
    pub active: usize,
    /// How many were completed in the last 30 days.
    pub launched: usize,
}

/// A pipeline, with all that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PipelineView {
    /// Its key.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change; `base_revision` of the next.
    pub revision: u64,
    /// Where it is.
    pub state: Stage,
    /// What is being written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub draft: Option<Arc<Pipeline>>,
    /// What new releases run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<VersionView>,
    /// All versions that were published, newest first.
    pub versions: Vec<VersionSummary>,
    /// What is attached to it.
    pub attached: Attached,
    /// The releases that run it now, and where each is.
    pub active: Vec<Active>,
    /// The releases of it that were completed in the last 30 days, newest first.
    pub launched: Vec<Launched>,
    /// The pipeline that it was cloned from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cloned_from: Option<Key>,
    /// When it was made (ms).
    pub created_at: i64,
    /// Who made it.
    #[schema(value_type = String)]
    pub author: Key,
}

/// A published version.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct VersionView {
    /// The version.
    pub version: u32,
    /// What it is; never changes.
    #[schema(value_type = Object)]
    pub body: Arc<Pipeline>,
    /// When it was published (ms).
    pub published_at: i64,
    /// By whom.
    #[schema(value_type = String)]
    pub published_by: Key,
}

/// A published version, in a list.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct VersionSummary {
    /// The version.
    pub version: u32,
    /// When it was published (ms).
    pub published_at: i64,
    /// By whom.
    #[schema(value_type = String)]
    pub published_by: Key,
    /// How many releases run it now.
    pub active: usize,
}

/// What is attached to a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Attached {
    /// Features.
    #[schema(value_type = Vec<String>)]
    pub features: Vec<Key>,
    /// Segments.
    #[schema(value_type = Vec<String>)]
    pub segments: Vec<Key>,
}

/// A running release, and where it is.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Active {
    /// The release.
    #[schema(value_type = String)]
    pub release: Key,
    /// The version that it runs.
    pub version: u32,
    /// The features that it changes.
    #[schema(value_type = Vec<String>)]
    pub features: Vec<Key>,
    /// The segments that it changes.
    #[schema(value_type = Vec<String>)]
    pub segments: Vec<Key>,
    /// The phase that it is at.
    #[schema(value_type = String)]
    pub phase: Key,
    /// The number of that phase, from 0.
    pub place: usize,
    /// Where that phase is: `entering`, `ramping`, `baking`, …
    #[schema(value_type = String)]
    pub status: PhaseStatus,
    /// Whether it is paused.
    pub paused: bool,
    /// When it started (ms).
    pub started_at: i64,
}

/// A release that was completed.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Launched {
    /// The release.
    #[schema(value_type = String)]
    pub release: Key,
    /// The features that it changed.
    #[schema(value_type = Vec<String>)]
    pub features: Vec<Key>,
    /// The segments that it changed.
    #[schema(value_type = Vec<String>)]
    pub segments: Vec<Key>,
    /// When it was completed (ms).
    pub at: i64,
}

/// A pipeline, if there is one; `wall` is now (ms).
#[must_use]
pub fn pipeline(world: &World, key: &str, wall: i64) -> Option<PipelineView> {
    let (key, row) = world.pipelines.get_key_value(key)?;
    let record = &row.body;
    let active = active(world, key);
    let known = (1..=record.last_version).rev().filter_map(|version| find(world, key, version));
    let versions = known.map(|row| VersionSummary {
        version: row.version,
        published_at: row.published_at,
        published_by: Key::clone(&row.published_by),
        active: active.iter().filter(|release| release.version == row.version).count(),
    });
    Some(PipelineView {
        key: Key::clone(key),
        revision: row.revision,
        state: stage(record),
        draft: record.draft.clone(),
        published: record.published.and_then(|number| version(world, key, number)),
        versions: versions.collect(),
        attached: attached(world, key),
        launched: launched(world, key, wall),
        active,
        cloned_from: record.cloned_from.clone(),
        created_at: record.created_at,
        author: Key::clone(&record.author),
    })
}

/// A pipeline as it is listed, if there is one; `wall` is now (ms).
#[must_use]
pub fn pipeline_summary(world: &World, key: &str, wall: i64) -> Option<PipelineSummary> {
    let (key, row) = world.pipelines.get_key_value(key)?;
    let record = &row.body;
    let published = record.published.and_then(|number| find(world, key, number));
    let body = published.as_ref().map(|version| &version.body).or(record.draft.as_ref());
    let attached = attached(world, key);
    Some(PipelineSummary {
        key: Key::clone(key),
        revision: row.revision,
        state: stage(record),
        description: body.and_then(|body| body.description.clone()),
        published: record.published,
        draft: record.draft.is_some(),
        phases: body.map_or(0, |body| body.phases.len()),
        attached: attached.features.len() + attached.segments.len(),
        active: active(world, key).len(),
        launched: launched(world, key, wall).len(),
    })
}

/// A published version, if there is one.
#[must_use]
pub fn version(world: &World, key: &str, version: u32) -> Option<VersionView> {
    find(world, key, version).map(|found| VersionView {
        version: found.version,
        body: Arc::clone(&found.body),
        published_at: found.published_at,
        published_by: Key::clone(&found.published_by),
    })
}

fn find(world: &World, key: &str, version: u32) -> Option<Arc<PipelineVersion>> {
    world.pipeline_versions.get(&*version_key(key, version)).map(|row| Arc::clone(&row.body))
}

fn stage(record: &PipelineRecord) -> Stage {
    match (record.archived, record.published) {
        (true, _) => Stage::Archived,
        (false, None) => Stage::Draft,
        (false, Some(_)) => Stage::Published,
    }
}

fn attached(world: &World, key: &Key) -> Attached {
    let features = world.features.iter().filter(|(_, row)| row.body.pipeline.as_ref() == Some(key));
    let segments = world.segments.iter().filter(|(_, row)| row.body.pipeline.as_ref() == Some(key));
    Attached {
        features: features.map(|(key, _)| Key::clone(key)).collect(),
        segments: segments.map(|(key, _)| Key::clone(key)).collect(),
    }
}

/// The releases of a pipeline: id, when it started, plan, state, when it ended.
fn releases<'w>(
    world: &'w World,
    key: &'w Key,
) -> impl Iterator<Item = (&'w Key, i64, &'w Plan, &'w State, Option<i64>)> {
    world.releases.iter().filter(move |(_, row)| row.body.plan.pipeline.key == *key).filter_map(
        |(id, row)| {
            let state = &world.release_states.get(id)?.body;
            Some((id, row.body.created_at, &*row.body.plan, &*state.state, state.ended_at))
        },
    )
}

fn active(world: &World, key: &Key) -> Vec<Active> {
    let running = releases(world, key).filter(|(_, _, _, state, _)| state.status == Status::Running);
    let shown = running.map(|(id, started_at, plan, state, _)| Active {
        release: Key::clone(id),
        version: plan.pipeline.version,
        features: plan.features.keys().cloned().collect(),
        segments: plan.segments.keys().cloned().collect(),
        phase: plan.phases.get(state.phase).map_or_else(|| "".into(), |phase| Key::clone(&phase.id)),
        place: state.phase,
        status: state.phases.get(state.phase).map(|phase| phase.status).unwrap_or_default(),
        paused: state.paused.is_some(),
        started_at,
    });
    shown.collect()
}

fn launched(world: &World, key: &Key, wall: i64) -> Vec<Launched> {
    let completed = releases(world, key).filter(|(_, _, _, state, _)| state.status == Status::Completed);
    let recent = completed.filter_map(|(id, _, plan, _, ended_at)| {
        let at = ended_at.filter(|at| wall - at < LAUNCHED)?;
        let features = plan.features.keys().cloned().collect();
        let segments = plan.segments.keys().cloned().collect();
        Some(Launched { release: Key::clone(id), features, segments, at })
    });
    let mut launched: Vec<Launched> = recent.collect();
    launched.sort_by_key(|launched| std::cmp::Reverse(launched.at));
    launched
}
