//! Releases as they are shown.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tidegate::model::Key;
use tidegate::release::{self, Action, Actor, Now, PhaseStatus, Status};

use crate::domain::entity::Kind;
use crate::domain::{Problem, World, effects, index, preview};

/// The size of a page if none is asked for, and the largest.
const PAGE: (usize, usize) = (50, 500);

/// A page of what keys stand for; the keys begin after the last page's.
pub(crate) fn page<'k>(
    keys: impl Iterator<Item = &'k Key>,
    limit: Option<usize>,
    one: impl Fn(&Key) -> Result<Json, Problem>,
) -> Result<Json, Problem> {
    let limit = limit.unwrap_or(PAGE.0).clamp(1, PAGE.1);
    let mut keys = keys.peekable();
    let (mut items, mut last) = (Vec::new(), None);
    while items.len() < limit {
        let Some(key) = keys.next() else { break };
        items.push(one(key)?);
        last = Some(key);
    }
    let next = keys.peek().and(last);
    Ok(json!({ "items": items, "next": next }))
}

/// A release in short.
///
/// # Errors
/// If there is none.
pub fn summary(world: &World, actor: &Actor, now: Now, id: &str) -> Result<Json, Problem> {
    let run = effects::find(world, id)?;
    let (plan, state) = (&run.release.plan, &run.state.state);
    let phases = plan.phases.iter().zip(&state.phases).enumerate().map(|(place, (phase, at))| {
        json!({
            "id": phase.id,
            "status": at.status,
            "percent": at.percent,
            "environments": plan.environments.get(place),
            "live_at": at.live_at,
            "ended_at": at.ended_at,
        })
    });
    Ok(json!({
        "key": plan.id,
        "revision": state.revision,
        "status": state.status,
        "description": plan.description,
        "trigger": run.release.trigger,
        "pipeline": plan.pipeline,
        "features": plan.features.keys().collect::<Vec<_>>(),
        "segments": plan.segments.keys().collect::<Vec<_>>(),
        "environments": effects::environments(plan),
        "production": effects::production(world, &effects::environments(plan)),
        "starter": plan.starter,
        "author": plan.author,
        "phase": plan.phases.get(state.phase).map(|phase| &phase.id),
        "phases": phases.collect::<Vec<_>>(),
        "paused": state.paused,
        "created_at": run.release.created_at,
        "updated_at": run.state.updated_at,
        "ended_at": run.state.ended_at,
        "waiting_for": waits(&run, now),
        "allowed_actions": release::allowed_actions(plan, state, actor, now),
    }))
}

/// What a release waits for, for machines and in words.
fn waits(run: &effects::Run, now: Now) -> Vec<Json> {
    let waits = release::waiting_for(&run.release.plan, &run.state.state, now);
    let one = |wait: &release::Wait| {
        let mut json = serde_json::to_value(wait).unwrap_or(Json::Null);
        if let Json::Object(members) = &mut json {
            members.insert("text".to_owned(), json!(wait.to_string()));
        }
        json
    };
    waits.iter().map(one).collect()
}

/// A release, whole.
///
/// # Errors
/// If there is none.
pub fn view(world: &World, actor: &Actor, now: Now, id: &str) -> Result<Json, Problem> {
    let run = effects::find(world, id)?;
    let (plan, state) = (&run.release.plan, &run.state.state);
    let mut body = summary(world, actor, now, id)?;
    if let Json::Object(members) = &mut body {
        let current = plan.phases.get(state.phase).map(|phase| release::signature(plan, &phase.id));
        members.insert("plan".to_owned(), json!(&**plan));
        members.insert("state".to_owned(), json!(&**state));
        members.insert("next_wake".to_owned(), json!(run.state.next_wake));
        members.insert("signature".to_owned(), json!(current));
        members.insert("diff".to_owned(), json!(preview::of_plan(plan)));
        members.insert("base_revisions".to_owned(), json!(run.release.base_revisions));
        members.insert("completed_revisions".to_owned(), json!(run.state.completed_revisions));
        members.insert("reverts".to_owned(), json!(run.release.reverts));
        members.insert("superseded_by".to_owned(), json!(state.superseded_by));
        let uncovered = release::coverage(
            plan.phases.get(plan.start_at..).unwrap_or_default(),
            &world
                .environments
                .iter()
                .filter(|(_, row)| row.body.pipelines)
                .map(|(key, _)| key.clone())
                .collect::<Vec<_>>(),
        );
        let uncovered = uncovered.into_iter().filter(|(_, coverage)| *coverage != release::Coverage::Covered);
        let uncovered: std::collections::BTreeMap<Key, release::Coverage> = uncovered.collect();
        members.insert("uncovered".to_owned(), json!(uncovered));
    }
    Ok(body)
}

/// Which releases a list is of; latest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, utoipa::IntoParams, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Their status.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[param(value_type = Option<String>)]
    pub status: Option<Status>,
    /// A feature (or `segment:…`) that they change.
    #[serde(default)]
    pub feature: Option<String>,
    /// An environment that they concern.
    #[serde(default)]
    pub environment: Option<String>,
    /// Who wrote or started them.
    #[serde(default)]
    pub actor: Option<String>,
    /// Their pipeline.
    #[serde(default)]
    pub pipeline: Option<String>,
    /// Started at or after (ms).
    #[serde(default)]
    pub since: Option<i64>,
    /// Started before (ms).
    #[serde(default)]
    pub until: Option<i64>,
    /// Only those that wait for an approval which the asker may give.
    #[serde(default)]
    pub waiting_for_me: bool,
    /// The id after which the page begins.
    #[serde(default)]
    pub after: Option<String>,
    /// How many; 50, at most 500.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// Releases, latest first.
///
/// # Errors
/// None, in fact.
pub fn list(world: &World, actor: &Actor, now: Now, query: &Query) -> Result<Json, Problem> {
    let mut found: Vec<(i64, Key)> = Vec::new();
    let start = query.after.as_ref().map(|id| {
        let at = world.releases.get(&**id).map_or(i64::MAX, |row| row.body.created_at);
        (at, Key::from(&**id))
    });
    let only: Option<&Key> = query
        .feature
        .as_ref()
        .filter(|_| query.status == Some(Status::Running))
        .and_then(|subject| world.release_of(subject));
    let ids: Box<dyn Iterator<Item = &Key>> = match (only, query.status, query.waiting_for_me) {
        (Some(one), ..) => Box::new(std::iter::once(one)),
        (None, Some(Status::Running), _) | (None, _, true) => Box::new(world.running()),
        _ => Box::new(world.releases.keys()),
    };
    for id in ids {
        if fits(world, actor, now, query, id) {
            let at = world.releases.get(id).map_or(0, |row| row.body.created_at);
            found.push((at, Key::clone(id)));
        }
    }
    let order = |(at, id): &(i64, Key)| {
        (std::cmp::Reverse(*at), std::cmp::Reverse(id.len()), std::cmp::Reverse(Key::clone(id)))
    };
    found.sort_by_key(order);
    let start = start.as_ref().map(order);
    let after = found.iter().filter(|one| start.as_ref().is_none_or(|start| order(one) > *start));
    page(after.map(|(_, id)| id), query.limit, |id| summary(world, actor, now, id))
}

fn fits(world: &World, actor: &Actor, now: Now, query: &Query, id: &Key) -> bool {
    let Ok(run) = effects::find(world, id) else { return false };
    let (plan, state) = (&run.release.plan, &run.state.state);
    let at = run.release.created_at;
    query.status.is_none_or(|status| state.status == status)
        && query.feature.as_ref().is_none_or(|f| index::subjects(plan).any(|subject| *subject == **f))
        && query.environment.as_ref().is_none_or(|e| effects::environments(plan).iter().any(|k| **k == **e))
        && query.actor.as_ref().is_none_or(|a| *plan.starter == **a || *plan.author == **a)
        && query.pipeline.as_ref().is_none_or(|p| *plan.pipeline.key == **p)
        && query.since.is_none_or(|since| at >= since)
        && query.until.is_none_or(|until| at < until)
        && (!query.waiting_for_me || awaits(&run, actor, now))
}

/// Whether a release waits for an approval that the actor may give and has not given.
fn awaits(run: &effects::Run, actor: &Actor, now: Now) -> bool {
    is_request(run)
        && release::allowed_actions(&run.release.plan, &run.state.state, actor, now)
            .iter()
            .any(|allowed| allowed.action == Action::Approve)
}

/// Whether a release is at a phase that awaits approvals.
fn is_request(run: &effects::Run) -> bool {
    let (plan, state) = (&run.release.plan, &run.state.state);
    let planned = plan.phases.get(state.phase).and_then(|phase| phase.entry.approvals.as_ref());
    let entering = state.phases.get(state.phase).filter(|phase| phase.status == PhaseStatus::Entering);
    match (planned, entering) {
        (Some(needed), Some(phase)) => {
            state.status == Status::Running
                && (phase.rejection.is_some() || (phase.approvals.len() as u64) < u64::from(needed.count))
        }
        _ => false,
    }
}

/// The approval views of entering phases; with `mine`, only those that the actor may approve.
///
/// # Errors
/// None, in fact.
pub fn change_requests(
    world: &World,
    actor: &Actor,
    now: Now,
    mine: bool,
    after: Option<&str>,
    limit: Option<usize>,
) -> Result<Json, Problem> {
    let open = |id: &&Key| {
        effects::find(world, id)
            .is_ok_and(|run| if mine { awaits(&run, actor, now) } else { is_request(&run) })
    };
    let ids = world.running().filter(|id| after.is_none_or(|after| ***id > *after)).filter(open);
    page(ids, limit, |id| change_request(world, actor, now, id))
}

/// The approval view of the phase that a release is entering: the diff, the approvals so far, what an approval signs.
///
/// # Errors
/// If there is no such release, or it awaits no approval.
pub fn change_request(world: &World, actor: &Actor, now: Now, id: &str) -> Result<Json, Problem> {
    let run = effects::find(world, id)?;
    if !is_request(&run) {
        return Err(Problem::not_found("change request of release", id)
            .with("state", effects::summary(&run.release.plan, &run.state.state)));
    }
    let (plan, state) = (&run.release.plan, &run.state.state);
    let phase = plan.phases.get(state.phase);
    let at = state.phases.get(state.phase);
    let actions = release::allowed_actions(plan, state, actor, now);
    let mine = [Action::Approve, Action::Reject];
    Ok(json!({
        "key": plan.id,
        "kind": Kind::Release,
        "revision": state.revision,
        "description": plan.description,
        "trigger": run.release.trigger,
        "pipeline": plan.pipeline,
        "author": plan.author,
        "starter": plan.starter,
        "phase": phase.map(|phase| &phase.id),
        "environments": plan.environments.get(state.phase),
        "production": plan.environments.get(state.phase).map(|names| effects::production(world, names)),
        "needs": phase.and_then(|phase| phase.entry.approvals.as_ref()),
        "approvals": at.map(|at| &at.approvals),
        "rejection": at.and_then(|at| at.rejection.as_ref()),
        "overdue": at.is_some_and(|at| at.overdue),
        "since": at.and_then(|at| at.entered_at),
        "signed": phase.map(|phase| release::signature(plan, &phase.id)),
        "diff": preview::of_plan(plan),
        "waiting_for": waits(&run, now),
        "allowed_actions": actions.iter().filter(|a| mine.contains(&a.action)).collect::<Vec<_>>(),
    }))
}
