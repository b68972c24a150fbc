//! Who uses a feature, segment, environment, pipeline, …: what is in use is not deleted.
//!
//! ```text
//!   definitions, candidates of running releases, phases, published pipelines and drafts, waiting schedules, grants
//!        └─ walk ─▶ Mention (kind of thing, its key, where) ── is it the one? ──▶ [User {kind, key, place}]
//! ```

mod walk;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;
use tidegate::model::{Key, Segment};
use tidegate::release::Status;

use self::walk::{Mention, Walk};
use super::diff::escape;
use super::entity::{Kind, ProposalStatus, Proposed, ScheduleStatus};
use super::{Code, Problem, World};

/// Something that uses another thing.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, utoipa::ToSchema)]
pub struct User {
    /// What it is.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Its key.
    #[schema(value_type = String)]
    pub key: Key,
    /// Where in it: a JSON pointer.
    pub place: String,
}

/// Who tests a feature, patches it in a phase, or keeps buckets for it. A release that changes it is listed at
/// `/features/<key>`.
#[must_use]
pub fn feature(world: &World, key: &str) -> Vec<User> {
    let mut users = users(world, &|mention| matches!(mention, Mention::Feature(found) if found == key));
    let groups = world.exclusion_groups.iter().filter(|(_, row)| row.body.ranges.contains_key(key));
    users.extend(groups.map(|(group, _)| user(Kind::ExclusionGroup, group, join("/ranges", key))));
    users
}

/// Who refers to a segment. A release that changes it is listed at `/segments/<key>`.
#[must_use]
pub fn segment(world: &World, key: &str) -> Vec<User> {
    users(world, &|mention| matches!(mention, Mention::Segment(found) if found == key))
}

/// Who names an environment: blocks of definitions, targets, grants, SDK keys; and what is killed there.
#[must_use]
pub fn environment(world: &World, name: &str) -> Vec<User> {
    let mut users = users(world, &|mention| matches!(mention, Mention::Environment(found) if found == name));
    let kills = world.kills.iter().filter(|(_, row)| *row.body.environment == *name);
    users.extend(kills.map(|(key, _)| user(Kind::Kill, key, "/environment")));
    let keys = world.sdk_keys.iter();
    let live = keys.filter(|(_, row)| *row.body.environment == *name && row.body.revoked_at.is_none());
    users.extend(live.map(|(key, _)| user(Kind::SdkKey, key, "/environment")));
    for (id, row) in &world.principals {
        for (place, grant) in row.body.grants.iter().enumerate() {
            for (number, environment) in grant.environments.iter().flatten().enumerate() {
                if **environment == *name {
                    let place = format!("/grants/{place}/environments/{number}");
                    users.push(user(Kind::Principal, id, place));
                }
            }
        }
    }
    users
}

/// Who uses a pipeline: what is attached to it, releases that run it, changes that are to start one.
#[must_use]
pub fn pipeline(world: &World, key: &str) -> Vec<User> {
    let mut users = users(world, &|mention| matches!(mention, Mention::Pipeline(found) if found == key));
    let uses = |pipeline: &Option<Key>| pipeline.as_deref() == Some(key);
    let features = world.features.iter().filter(|(_, row)| uses(&row.body.pipeline));
    users.extend(features.map(|(key, _)| user(Kind::Feature, key, "/pipeline")));
    let segments = world.segments.iter().filter(|(_, row)| uses(&row.body.pipeline));
    users.extend(segments.map(|(key, _)| user(Kind::Segment, key, "/pipeline")));
    for (id, row) in &world.proposals {
        if let Proposed::Attachment { pipeline, .. } = &row.body.change
            && row.body.status == ProposalStatus::Pending
            && uses(pipeline)
        {
            users.push(user(Kind::Proposal, id, "/change/pipeline"));
        }
    }
    users
}

/// The experiments in an exclusion group.
#[must_use]
pub fn exclusion_group(world: &World, key: &str) -> Vec<User> {
    users(world, &|mention| matches!(mention, Mention::ExclusionGroup(found) if found == key))
}

/// Who tests an attribute, or takes it as a unit.
#[must_use]
pub fn attribute(world: &World, name: &str) -> Vec<User> {
    let mut users = users(world, &|mention| matches!(mention, Mention::Attribute(found) if found == name));
    let groups = world.exclusion_groups.iter().filter(|(_, row)| row.body.unit.as_deref() == Some(name));
    users.extend(groups.map(|(key, _)| user(Kind::ExclusionGroup, key, "/unit")));
    users
}

/// Where a person or service account is needed: phases that name it, running releases that it wrote or started.
#[must_use]
pub fn principal(world: &World, id: &str) -> Vec<User> {
    users(world, &|mention| matches!(mention, Mention::Principal(found) if found == id))
}

/// The refusal to delete (or archive, unpublish) what is in use; none if nobody uses it.
///
/// # Errors
/// `InUse` with `users`.
pub fn unused(what: &str, key: &str, users: &[User]) -> Result<(), Problem> {
    let Some(first) = users.first() else { return Ok(()) };
    let kind = serde_json::to_value(first.kind).unwrap_or_default();
    let by = format!(
        "{} `{}` at {}",
        kind.as_str().unwrap_or("something").replace('_', " "),
        first.key,
        first.place
    );
    let more = match users.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(Problem::new(Code::InUse, format!("{what} `{key}` is used by {by}{more}"))
        .hint("change or remove its users first")
        .with("users", users))
}

fn user(kind: Kind, key: &Key, place: impl Into<String>) -> User {
    User { kind, key: Key::clone(key), place: place.into() }
}

/// Everyone with a mention that is wanted, in a fixed order.
fn users(world: &World, wanted: &dyn Fn(Mention<'_>) -> bool) -> Vec<User> {
    let mut users = Vec::new();
    let mut look = |kind: Kind, key: &Key, visit: &dyn Fn(&mut Walk<'_>)| {
        let mut found = |mention: Mention<'_>, place: &str| {
            if wanted(mention) {
                users.push(user(kind, key, place));
            }
        };
        visit(&mut Walk::new(&mut found));
    };
    for (key, row) in &world.features {
        let definition = &row.body.definition;
        look(Kind::Feature, key, &|walk| definition.iter().for_each(|it| walk.feature(it, "/definition")));
    }
    for (key, row) in &world.segments {
        let definition = &row.body.definition;
        let visit = |walk: &mut Walk<'_>, it: &Segment| walk.condition(&it.condition, "/definition/if");
        look(Kind::Segment, key, &|walk| definition.iter().for_each(|it| visit(walk, it)));
    }
    for (key, row) in &world.pipelines {
        let record = &row.body;
        let published = record.published.and_then(|n| world.pipeline_versions.get(&*version_key(key, n)));
        look(Kind::Pipeline, key, &|walk| {
            record.draft.iter().for_each(|body| walk.phases(&body.phases, "/draft/phases"));
            published.iter().for_each(|row| walk.phases(&row.body.body.phases, "/published/phases"));
        });
    }
    for (key, row) in &world.releases {
        let state = world.release_states.get(key);
        if state.is_some_and(|row| row.body.state.status == Status::Running) {
            look(Kind::Release, key, &|walk| walk.plan(&row.body.plan));
        }
    }
    for (key, row) in &world.schedules {
        if matches!(row.body.status, ScheduleStatus::Pending | ScheduleStatus::Suspended) {
            let change = serde_json::to_value(&row.body.change).unwrap_or_default();
            look(Kind::Schedule, key, &|walk| walk.json(&change, "/change"));
        }
    }
    users
}

/// The key of a published version.
#[must_use]
pub fn version_key(pipeline: &str, version: u32) -> String {
    format!("{pipeline}@{version}")
}

/// A step of a pointer, appended.
fn join(place: &str, step: &str) -> String {
    format!("{place}/{}", escape(step))
}

/// The features (by key) and segments (`segment:` and the key) that a feature's definition refers to itself.
pub(crate) fn of_feature(definition: &tidegate::model::Feature) -> BTreeSet<Key> {
    named(&|walk| walk.feature(definition, ""))
}

/// As [`of_feature`], of a segment's definition.
pub(crate) fn of_segment(definition: &Segment) -> BTreeSet<Key> {
    named(&|walk| walk.condition(&definition.condition, ""))
}

/// As [`of_feature`], of the targets and audiences of phases.
pub(crate) fn of_phases(phases: &[tidegate::release::Phase]) -> BTreeSet<Key> {
    named(&|walk| walk.phases(phases, ""))
}

/// The names of the operators that a feature's definition uses.
pub(crate) fn operators_of_feature(definition: &tidegate::model::Feature) -> BTreeSet<&'static str> {
    operators(&|walk| walk.feature(definition, ""))
}

/// As [`operators_of_feature`], of a condition.
pub(crate) fn operators_of_condition(condition: &tidegate::model::Condition) -> BTreeSet<&'static str> {
    operators(&|walk| walk.condition(condition, ""))
}

/// As [`operators_of_feature`], of the targets of phases.
pub(crate) fn operators_of_phases(phases: &[tidegate::release::Phase]) -> BTreeSet<&'static str> {
    operators(&|walk| walk.phases(phases, ""))
}

/// As [`operators_of_feature`], of a release as it is served.
pub(crate) fn operators_of_release(release: &tidegate::model::Release) -> BTreeSet<&'static str> {
    operators(&|walk| walk.served(release, ""))
}

fn operators(visit: &dyn Fn(&mut Walk<'_>)) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    let mut found = |mention: Mention<'_>, _: &str| {
        if let Mention::Operator(operator) = mention {
            names.insert(operator.name());
        }
    };
    visit(&mut Walk::new(&mut found));
    names
}

fn named(visit: &dyn Fn(&mut Walk<'_>)) -> BTreeSet<Key> {
    let mut names = BTreeSet::new();
    let mut found = |mention: Mention<'_>, _: &str| match mention {
        Mention::Feature(key) => drop(names.insert(key.into())),
        Mention::Segment(key) => drop(names.insert(super::index::segment(key))),
        _ => {}
    };
    visit(&mut Walk::new(&mut found));
    names
}
