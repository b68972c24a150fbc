//! Which pipeline the changes of a feature or segment go through.
//!
//! A change of it that concerns a production environment is an admin's, and approved by a second person where a floor there
//! asks for approvals (DESIGN §6). All environments that take part in pipelines are concerned.

use serde::Deserialize;
use tidegate::model::Key;
use tidegate::release::{Permission, Status};

use super::access::allow;
use super::proposal;
use crate::domain::catalogue::fact;
use crate::domain::entity::{Feature, Kind, PipelineRecord, Proposed, Segment};
use crate::domain::event::Fact;
use crate::domain::{Code, Outcome, Problem, Tx, World};

#[cfg(test)]
mod tests;

/// `PUT /features/{key}/pipeline` and `PUT /segments/{key}/pipeline`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPipeline {
    /// The pipeline; `null`: none.
    #[schema(value_type = Option<String>)]
    pub pipeline: Option<Key>,
    /// The reason, for the log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Attaches a feature or segment (`of`) to a pipeline, or detaches it; or proposes to (202).
///
/// # Errors
/// `NotFound`, `Forbidden`, `WrongState` (no published pipeline), `ReleaseActive`.
pub fn set(tx: &mut Tx, of: Kind, key: &str, body: SetPipeline) -> Result<Outcome, Problem> {
    let (noun, current, revision) = match of {
        Kind::Segment => {
            tx.row::<Segment>(key).map(|row| ("segment", row.body.pipeline.clone(), row.revision))
        }
        _ => tx.row::<Feature>(key).map(|row| ("feature", row.body.pipeline.clone(), row.revision)),
    }
    .ok_or_else(|| Problem::not_found(if of == Kind::Segment { "segment" } else { "feature" }, key))?;
    let key = Key::from(key);
    may_change(tx)?;
    let answer = |action: &str, pipeline: &Option<Key>, revision: u64| {
        let body = serde_json::json!({ "key": key, "revision": revision, "pipeline": pipeline });
        Outcome::new(&format!("{noun}.{action}"), of, &key, body)
    };
    if current == body.pipeline {
        return Ok(answer("attached", &current, revision));
    }
    check(tx.world(), of, &key, body.pipeline.as_ref())?;
    let asking = asking(tx.world());
    if !asking.is_empty() {
        let change = Proposed::Attachment { of, key: Key::clone(&key), pipeline: body.pipeline };
        return proposal::propose(tx, change, revision, asking, body.reason);
    }
    apply(tx, of, &key, body.pipeline.as_ref())?;
    let action = if body.pipeline.is_some() { "attached" } else { "detached" };
    let revision = tx.world().seq + 1;
    Ok(answer(action, &body.pipeline, revision).because(body.reason))
}

/// Whether the actor may change attachments of what exists; at creation `Write` is enough, as floors hold in any case.
///
/// # Errors
/// `Forbidden`.
pub fn may_change(tx: &Tx) -> Result<(), Problem> {
    let environments = |production: bool| -> Vec<Key> {
        let taking_part = tx.world().environments.iter().filter(|(_, row)| row.body.pipelines);
        let chosen = taking_part.filter(|(_, row)| !production || row.body.production);
        chosen.map(|(name, _)| Key::clone(name)).collect()
    };
    let what = "change what is attached to pipelines";
    allow(tx, Permission::Write, &environments(false), what)?;
    let production = environments(true);
    if production.is_empty() { Ok(()) } else { allow(tx, Permission::Administer, &production, what) }
}

/// The production environments whose floor asks for a second person.
#[must_use]
pub fn asking(world: &World) -> Vec<Key> {
    let asking = world.environments.iter().filter(|(_, row)| {
        let environment = &row.body;
        environment.production && environment.pipelines && environment.floor.approvals > 0
    });
    asking.map(|(name, _)| Key::clone(name)).collect()
}

/// A pipeline that changes can go through: published, not archived.
///
/// # Errors
/// `NotFound`, `WrongState`.
pub fn usable(world: &World, pipeline: &str) -> Result<(), Problem> {
    let row = world.pipelines.get(pipeline);
    let record: &PipelineRecord =
        &row.ok_or_else(|| Problem::not_found("pipeline", pipeline).at("/pipeline"))?.body;
    let why = match (record.archived, record.published) {
        (true, _) => "archived",
        (false, None) => "not published",
        (false, Some(_)) => return Ok(()),
    };
    Err(Problem::new(Code::WrongState, format!("the pipeline `{pipeline}` is {why}")).at("/pipeline"))
}

fn check(world: &World, of: Kind, key: &Key, pipeline: Option<&Key>) -> Result<(), Problem> {
    if let Some(pipeline) = pipeline {
        usable(world, pipeline)?;
    }
    let running = world.release_states.iter().find(|(id, row)| {
        let plan = world.releases.get(*id).map(|row| &row.body.plan);
        let of_it = plan.is_some_and(|plan| match of {
            Kind::Segment => plan.segments.contains_key(key),
            _ => plan.features.contains_key(key),
        });
        row.body.state.status == Status::Running && of_it
    });
    match running {
        None => Ok(()),
        Some((id, _)) => {
            Err(Problem::new(Code::ReleaseActive, format!("release `{id}` changes `{key}` in its pipeline"))
                .hint("wait for it, or abort it, or remove the feature from the pipeline")
                .with("release", id))
        }
    }
}

/// The change itself, looked at again: a proposal may be older than a release.
pub(super) fn apply(tx: &mut Tx, of: Kind, key: &Key, pipeline: Option<&Key>) -> Result<(), Problem> {
    check(tx.world(), of, key, pipeline)?;
    let updated_at = tx.now.wall;
    let noun = if of == Kind::Segment { "segment" } else { "feature" };
    let before = match of {
        Kind::Segment => {
            let segment = tx.find::<Segment>(key).ok_or_else(|| Problem::not_found(noun, key))?;
            tx.put(key, Segment { pipeline: pipeline.cloned(), updated_at, ..Segment::clone(&segment) })?;
            segment.pipeline.clone()
        }
        _ => {
            let feature = tx.find::<Feature>(key).ok_or_else(|| Problem::not_found(noun, key))?;
            tx.put(key, Feature { pipeline: pipeline.cloned(), updated_at, ..Feature::clone(&feature) })?;
            feature.pipeline.clone()
        }
    };
    let (action, text) = match pipeline {
        Some(pipeline) => ("attached", format!("{noun} `{key}` was attached to the pipeline `{pipeline}`")),
        None => ("detached", format!("{noun} `{key}` was detached from its pipeline")),
    };
    let features = if of == Kind::Segment { Vec::new() } else { vec![Key::clone(key)] };
    let data = serde_json::json!({ "key": key, "pipeline": pipeline, "before": before });
    tx.tell(Fact { features, data, ..fact(&format!("{noun}.{action}"), text) });
    Ok(())
}
