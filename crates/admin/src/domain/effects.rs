//! What a step of a release brings about: its state, what is told, definitions that change, other releases that waited for it.
//!
//! ```text
//!   drive(tx, release, input) ── step ──▶ Refusal ─▶ Problem (state, allowed_actions, opens_at)
//!                                  │
//!                                  └────▶ Transition ─▶ ReleaseState, facts
//!                                             ├─ completed ─▶ folded definitions; what is deleted goes
//!                                             ├─ aborted   ─▶ what was only being created goes; bases were never touched
//!                                             └─ a phase over, completed ─▶ Required to the releases that wait for it
//! ```
//! INVARIANT: all of it is in one transaction, or nothing is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::json;
use tidegate::model::{self, Key};
use tidegate::release::{
    self, Actor, Event, Input, NextWake, Now, PhaseState, PhaseStatus, Plan, Refusal, RefusalKind, State,
    Status, Timer, Transition,
};

use super::entity::{Environment, Feature, Kill, Kind, Release, ReleaseState, Segment};
use super::{Code, Problem, Tx, World, facts, references, validate};

/// A release and where it is.
pub(crate) struct Run {
    /// What it does.
    pub(crate) release: Arc<Release>,
    /// Where it is.
    pub(crate) state: Arc<ReleaseState>,
}

/// Looks a release up.
///
/// # Errors
/// If there is none.
pub(crate) fn find(world: &World, id: &str) -> Result<Run, Problem> {
    let release = world.releases.get(id).map(|row| Arc::clone(&row.body));
    let state = world.release_states.get(id).map(|row| Arc::clone(&row.body));
    match (release, state) {
        (Some(release), Some(state)) => Ok(Run { release, state }),
        _ => Err(Problem::not_found("release", id)),
    }
}

/// Moves a release by an input, and does all that comes of it.
///
/// # Errors
/// If the input is refused; nothing was changed then that the caller may keep.
pub fn drive(tx: &mut Tx, id: &Key, input: Input) -> Result<Transition, Problem> {
    let run = find(tx.world(), id)?;
    let by_itself =
        matches!(input, Input::Applied { .. } | Input::Tick | Input::Required { .. } | Input::Verdict { .. });
    let state = patient(&run, tx.now, tx.settles_at);
    let step = |input: &Input| release::step(&run.release.plan, &state, input, tx.now);
    let mut transition = step(&input).map_err(|refusal| refused(&run, refusal, &tx.actor, tx.now))?;
    let plan = &run.release.plan;
    let sound = match completes(&transition) {
        true => completion(tx.world(), plan, &transition.state),
        false if starts_without_required(plan, &transition) => alone(tx.world(), plan),
        false => Ok(()),
    };
    if let Err(problem) = sound {
        if !by_itself {
            return Err(problem.hint("end it by `abort`, or change what it does not fit to"));
        }
        // Nobody is there to tell: it stops where it is, with the reason.
        let what = if completes(&transition) { "its completion" } else { "its next phase" };
        let reason = format!("{what} would make the definitions invalid: {}", problem.detail);
        let pause = Input::Pause { by: Actor::system(), reason: Some(reason) };
        transition = step(&pause).map_err(|refusal| refused(&run, refusal, &tx.actor, tx.now))?;
    }
    settle(tx, id, &run.release, Some(&run.state), &transition)?;
    Ok(transition)
}

/// Where a release is; a timeout of propagation that is due moves to `settles_at`, if that is later: until then, nobody knows what
/// the instances have applied, so it would be their fault that the server was started anew.
fn patient(run: &Run, now: Now, settles_at: u64) -> Arc<State> {
    let state = &run.state.state;
    let later = settles_at.saturating_sub(now.uptime);
    let is_due = |phase: &PhaseState| {
        let due = phase.timer.is_some_and(|timer| timer.remaining(now) == 0);
        phase.status == PhaseStatus::Propagating && !phase.overdue && due
    };
    if later == 0 || !state.phases.get(state.phase).is_some_and(is_due) {
        return Arc::clone(state);
    }
    let mut state = State::clone(state);
    if let Some(phase) = state.phases.get_mut(state.phase) {
        phase.timer = phase.timer.map(|timer| match timer {
            Timer::DueAt(_) => Timer::DueAt(settles_at),
            Timer::Remaining(_) => Timer::Remaining(later),
        });
    }
    Arc::new(state)
}

/// Writes what a step came to, and does all that comes of it.
///
/// # Errors
/// If something cannot be written.
pub(crate) fn settle(
    tx: &mut Tx,
    id: &Key,
    release: &Release,
    before: Option<&ReleaseState>,
    transition: &Transition,
) -> Result<(), Problem> {
    let (state, plan) = (&transition.state, &*release.plan);
    let same = before.is_some_and(|b| *b.state == *state && b.next_wake == transition.next_wake);
    if same && transition.events.is_empty() {
        return Ok(());
    }
    let ended = state.status != Status::Running;
    let mut next = ReleaseState {
        state: Arc::new(state.clone()),
        next_wake: if ended { NextWake::default() } else { transition.next_wake },
        updated_at: if same { before.map_or(tx.now.wall, |b| b.updated_at) } else { tx.now.wall },
        ended_at: match before.and_then(|b| b.ended_at) {
            Some(at) => Some(at),
            None => ended.then_some(tx.now.wall),
        },
        completed_revisions: before.map(|b| b.completed_revisions.clone()).unwrap_or_default(),
    };
    for event in &transition.events {
        tx.tell(facts::of(plan, state, event));
    }
    let happened = |wanted: fn(&Event) -> bool| transition.events.iter().any(wanted);
    if happened(|event| matches!(event, Event::Completed { .. })) {
        tx.put(id, next.clone())?;
        next.completed_revisions = complete(tx, plan, state)?;
    }
    tx.put(id, next)?;
    if happened(|event| matches!(event, Event::Aborted { .. } | Event::Superseded { .. })) {
        forget_created(tx, plan)?;
    }
    if happened(|event| matches!(event, Event::Completed { .. } | Event::PhaseCompleted { .. })) {
        tell_waiting(tx, id)?;
    }
    Ok(())
}

/// Whether a step ends in completion.
fn completes(transition: &Transition) -> bool {
    transition.events.iter().any(|event| matches!(event, Event::Completed { .. }))
}

/// What the definitions become when a release completes.
pub(crate) fn folded(world: &World, plan: &Plan, state: &State) -> release::Folded {
    let environments: Vec<Key> = world.environments.keys().cloned().collect();
    release::fold(plan, state, &environments)
}

/// Checks what completion would leave behind: every base sound, with the releases that still run and without them; nothing
/// deleted that came into use since the release started.
pub(crate) fn completion(world: &World, plan: &Plan, state: &State) -> Result<(), Problem> {
    let mut after = world.clone();
    let folded = folded(world, plan, state);
    overlay(&mut after, &folded);
    if let Some(row) = after.release_states.get(&plan.id).cloned() {
        let ended = ReleaseState { state: Arc::new(state.clone()), ..ReleaseState::clone(&row.body) };
        after.release_states.insert(Key::clone(&plan.id), super::Row { body: Arc::new(ended), ..row });
        after.reindex(Kind::ReleaseState, &plan.id);
    }
    let part = after.around(super::index::subjects(plan));
    if !part.release_states.is_empty() {
        validate::definitions(&part)?;
    }
    validate::definitions(&bases(&after, super::index::subjects(plan)))?;
    for (key, _) in folded.features.iter().filter(|(_, left)| left.is_none()) {
        references::unused("feature", key, &references::feature(&after, key))?;
    }
    for (key, _) in folded.segments.iter().filter(|(_, left)| left.is_none()) {
        references::unused("segment", key, &references::segment(&after, key))?;
    }
    Ok(())
}

/// Whether a phase goes live although a release that this one requires has not got there: by a bypass.
fn starts_without_required(plan: &Plan, transition: &Transition) -> bool {
    plan.requires.len() > transition.state.satisfied.len()
        && transition.events.iter().any(|event| matches!(event, Event::PhaseStarted { .. }))
}

/// Checks that a release fits to the definitions as they are, without what other releases may yet bring.
pub(crate) fn alone(world: &World, plan: &Plan) -> Result<(), Problem> {
    let mut part = world.around(super::index::subjects(plan));
    let own = part.release_states.get(&plan.id).cloned();
    part.release_states = own.map(|row| (Key::clone(&plan.id), row)).into_iter().collect();
    validate::definitions(&part)
}

/// The part of a world that some subjects can make invalid, without the releases that run.
pub(crate) fn bases(world: &World, subjects: impl IntoIterator<Item = Key>) -> World {
    let mut part = world.around(subjects);
    part.release_states = super::Table::new();
    part
}

/// Puts folded definitions into a world that is only looked at.
pub(crate) fn overlay(world: &mut World, folded: &release::Folded) {
    for (key, definition) in &folded.features {
        let Some(definition) = definition else {
            world.features.remove(key);
            world.reindex(Kind::Feature, key);
            continue;
        };
        let Some(row) = world.features.get(key) else { continue };
        let body = Feature { definition: Some(Arc::clone(definition)), ..Feature::clone(&row.body) };
        let row = super::Row { revision: row.revision, body: Arc::new(body) };
        world.features.insert(Key::clone(key), row);
        world.reindex(Kind::Feature, key);
    }
    for (key, definition) in &folded.segments {
        let Some(definition) = definition else {
            world.segments.remove(key);
            world.reindex(Kind::Segment, key);
            continue;
        };
        let Some(row) = world.segments.get(key) else { continue };
        let body = Segment { definition: Some(Arc::clone(definition)), ..Segment::clone(&row.body) };
        let row = super::Row { revision: row.revision, body: Arc::new(body) };
        world.segments.insert(Key::clone(key), row);
        world.reindex(Kind::Segment, key);
    }
}

/// The folded definitions become the definitions; gives their revisions.
fn complete(tx: &mut Tx, plan: &Plan, state: &State) -> Result<BTreeMap<Key, u64>, Problem> {
    let folded = folded(tx.world(), plan, state);
    write_all(tx, &folded, &plan.author)
}

/// Writes definitions; gives their revisions, 0 of what is gone, by key (of segments with `segment:` in front).
///
/// # Errors
/// If something cannot be written.
pub(crate) fn write_all(
    tx: &mut Tx,
    folded: &release::Folded,
    author: &Key,
) -> Result<BTreeMap<Key, u64>, Problem> {
    let mut revisions = BTreeMap::new();
    for (key, definition) in &folded.features {
        revisions.insert(Key::clone(key), write_feature(tx, key, definition.clone(), author)?);
    }
    for (key, definition) in &folded.segments {
        let subject = super::index::segment(key);
        revisions.insert(subject, write_segment(tx, key, definition.clone(), author)?);
    }
    super::digest::refresh(tx)?;
    Ok(revisions)
}

/// Writes the definition of a feature, or removes it; gives its revision, 0 if it is gone.
fn write_feature(
    tx: &mut Tx,
    key: &Key,
    definition: Option<Arc<model::Feature>>,
    author: &Key,
) -> Result<u64, Problem> {
    let before = tx.find::<Feature>(key);
    let Some(definition) = definition else {
        if before.is_some() {
            remove_feature(tx, key)?;
            tx.tell(facts::feature("feature.deleted", key, format!("feature `{key}` was deleted")));
        }
        return Ok(0);
    };
    let new = before.as_ref().is_none_or(|feature| feature.definition.is_none());
    let mut feature = match before {
        Some(feature) if feature.definition.as_ref() == Some(&definition) => {
            return Ok(feature.definition_revision);
        }
        Some(feature) => Feature::clone(&feature),
        None => Feature {
            definition: None,
            definition_revision: 0,
            pipeline: None,
            author: Key::clone(author),
            created_at: tx.now.wall,
            updated_at: tx.now.wall,
            tags: std::collections::BTreeSet::new(),
        },
    };
    let archived = definition.archived && !feature.definition.as_ref().is_some_and(|d| d.archived);
    feature.definition = Some(definition);
    feature.definition_revision += 1;
    feature.author = Key::clone(author);
    feature.updated_at = tx.now.wall;
    let revision = feature.definition_revision;
    tx.put(key, feature)?;
    let (name, what) = match (new, archived) {
        (true, _) => ("feature.created", "created"),
        (_, true) => ("feature.archived", "archived"),
        _ => ("feature.changed", "changed"),
    };
    tx.tell(facts::feature(name, key, format!("feature `{key}` was {what}")));
    Ok(revision)
}

/// Writes the definition of a segment, or removes it; gives its revision, 0 if it is gone.
fn write_segment(
    tx: &mut Tx,
    key: &Key,
    definition: Option<Arc<model::Segment>>,
    author: &Key,
) -> Result<u64, Problem> {
    let before = tx.find::<Segment>(key);
    let Some(definition) = definition else {
        if before.is_some() {
            tx.remove::<Segment>(key)?;
            tx.tell(facts::segment("segment.deleted", key, format!("segment `{key}` was deleted")));
        }
        return Ok(0);
    };
    let new = before.as_ref().is_none_or(|segment| segment.definition.is_none());
    let mut segment = match before {
        Some(segment) if segment.definition.as_ref() == Some(&definition) => {
            return Ok(segment.definition_revision);
        }
        Some(segment) => Segment::clone(&segment),
        None => Segment {
            definition: None,
            definition_revision: 0,
            pipeline: None,
            author: Key::clone(author),
            created_at: tx.now.wall,
            updated_at: tx.now.wall,
        },
    };
    segment.definition = Some(definition);
    segment.definition_revision += 1;
    segment.author = Key::clone(author);
    segment.updated_at = tx.now.wall;
    let revision = segment.definition_revision;
    tx.put(key, segment)?;
    let (name, what) = if new { ("segment.created", "created") } else { ("segment.changed", "changed") };
    tx.tell(facts::segment(name, key, format!("segment `{key}` was {what}")));
    Ok(revision)
}

/// Removes a feature and its kills.
fn remove_feature(tx: &mut Tx, key: &Key) -> Result<(), Problem> {
    let environments: Vec<Key> = tx.world().environments.keys().cloned().collect();
    for environment in environments {
        tx.remove::<Kill>(&format!("{environment}/{key}"))?;
    }
    tx.remove::<Feature>(key)
}

/// What an ended release was only creating goes.
fn forget_created(tx: &mut Tx, plan: &Plan) -> Result<(), Problem> {
    for key in plan.features.keys() {
        if tx.find::<Feature>(key).is_some_and(|feature| feature.definition.is_none()) {
            remove_feature(tx, key)?;
        }
    }
    for key in plan.segments.keys() {
        if tx.find::<Segment>(key).is_some_and(|segment| segment.definition.is_none()) {
            tx.remove::<Segment>(key)?;
        }
    }
    Ok(())
}

/// Tells the releases that wait for what has been reached, and those that wait for what they reach by that.
fn tell_waiting(tx: &mut Tx, id: &Key) -> Result<(), Problem> {
    let waiting: Vec<Key> = tx
        .world()
        .running()
        .filter(|other| {
            let requires =
                |row: &super::Row<Release>| row.body.plan.requires.iter().any(|r| r.release == *id);
            tx.world().releases.get(&***other).is_some_and(requires)
        })
        .cloned()
        .collect();
    for other in waiting {
        meet(tx, &other)?;
    }
    Ok(())
}

/// Feeds a release the requirements that hold by now.
///
/// # Errors
/// If something cannot be written.
pub(crate) fn meet(tx: &mut Tx, id: &Key) -> Result<(), Problem> {
    let run = find(tx.world(), id)?;
    let mut met: VecDeque<usize> = VecDeque::new();
    for (place, requirement) in run.release.plan.requires.iter().enumerate() {
        if !run.state.state.satisfied.contains(&place) && holds(tx.world(), requirement) {
            met.push_back(place);
        }
    }
    for requirement in met {
        let runs = find(tx.world(), id)?.state.state.status == Status::Running;
        if runs {
            drive(tx, id, Input::Required { requirement })?;
        }
    }
    Ok(())
}

/// Whether another release has reached what is asked.
pub(crate) fn holds(world: &World, requirement: &release::Requirement) -> bool {
    let Ok(run) = find(world, &requirement.release) else { return false };
    let state = &run.state.state;
    match (&requirement.reached, state.status) {
        (_, Status::Completed) => true,
        (None, _) | (_, Status::Aborted | Status::Reverted) => false,
        (Some(phase), Status::Running) => {
            let phases = run.release.plan.phases.iter().zip(&state.phases);
            phases.into_iter().any(|(plan, state)| plan.id == *phase && state.status == PhaseStatus::Done)
        }
    }
}

/// Every environment that a release concerns, sorted.
pub(crate) fn environments(plan: &Plan) -> Vec<Key> {
    let mut all: Vec<Key> = plan.environments.iter().flatten().chain(&plan.opted_out).cloned().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The production environments among some.
pub(crate) fn production(world: &World, environments: &[Key]) -> Vec<Key> {
    let is = |key: &&Key| {
        let production = |row: &super::Row<Environment>| row.body.production;
        world.environments.get(&***key).is_some_and(production)
    };
    environments.iter().filter(is).cloned().collect()
}

/// A refusal as a problem, with the state of the release and what the actor may do.
pub(crate) fn refused(run: &Run, refusal: Refusal, actor: &Actor, now: Now) -> Problem {
    let code = match refusal.kind {
        RefusalKind::Forbidden => Code::Forbidden,
        RefusalKind::Frozen => Code::Frozen,
        RefusalKind::NeedsBypass => Code::NeedsBypass,
        RefusalKind::ReasonRequired => Code::ReasonRequired,
        RefusalKind::SelfApproval => Code::SelfApproval,
        RefusalKind::SignedOther | RefusalKind::Stale => Code::Stale,
        RefusalKind::Terminal => Code::Terminal,
        RefusalKind::UnknownGuard => Code::NotFound,
        _ => Code::WrongState,
    };
    let (plan, state) = (&run.release.plan, &run.state.state);
    let mut problem = Problem::new(code, refusal.message)
        .with("kind", refusal.kind)
        .with("state", summary(plan, state))
        .with("allowed_actions", release::allowed_actions(plan, state, actor, now));
    problem.hint = refusal.hint;
    if let Some(opens_at) = refusal.opens_at {
        problem = problem.with("opens_at", opens_at);
    }
    problem
}

/// Where a release is, in short.
pub(crate) fn summary(plan: &Plan, state: &State) -> serde_json::Value {
    json!({
        "release": plan.id,
        "status": state.status,
        "phase": plan.phases.get(state.phase).map(|phase| &phase.id),
        "phase_status": state.phases.get(state.phase).map(|phase| phase.status),
        "paused": state.paused.is_some(),
        "revision": state.revision,
    })
}
