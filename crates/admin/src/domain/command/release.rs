//! What is done to releases: the actions, time, and looking at them.
//!
//! ```text
//!   approve reject pause unpause skip abort full-roll-out ─▶ effects::drive ─▶ 200 with the release, or a Problem with its state
//!   revert ─┬─ at once: the saved definitions are written back (409 with the diff if they were edited since)
//!           └─ staged: a new release, back to them
//!   due(world, now) ─▶ tick
//! ```

mod view;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tidegate::model::Key;
use tidegate::release::{self, Action, Event, Input, NextWake, Now, Seen, Status, Transition};

pub(crate) use self::view::page;
pub use self::view::{Query, change_request, change_requests, list, summary, view};
use super::change;
use crate::domain::entity::{Feature, Kind};
use crate::domain::start::{Ask, Start, Wanted, begin};
use crate::domain::{Code, Outcome, Problem, Tx, World, diff, effects, index, preview, references, validate};

/// What an action is told.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// The revision of the release that it was decided on; needed by approve, reject, skip, unpause and full roll out.
    #[serde(default)]
    pub revision: Option<u64>,
    /// The phase that it was decided on; absent: the one that the release is at.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub phase: Option<Key>,
    /// Why; needed by abort, full roll out, reject and any bypass.
    #[serde(default)]
    pub reason: Option<String>,
    /// Of an approval: what was said.
    #[serde(default)]
    pub comment: Option<String>,
    /// Of an approval: the signature of what was looked at; refused if it is another by now.
    #[serde(default)]
    pub signed: Option<String>,
    /// Passes over an approval, window or requirement.
    #[serde(default)]
    pub bypass: bool,
    /// Of a revert: as a new release, not at once.
    #[serde(default)]
    pub staged: bool,
    /// Of a staged revert: how the release starts.
    #[serde(default)]
    pub start: Start,
}

/// Approves the entering phase.
///
/// # Errors
/// See `Refusal`; `RevisionRequired`.
pub fn approve(tx: &mut Tx, id: &str, body: Act) -> Result<Outcome, Problem> {
    act(tx, id, Action::Approve, body)
}

/// Holds the entering phase.
///
/// # Errors
/// See `Refusal`; `RevisionRequired`.
pub fn reject(tx: &mut Tx, id: &str, body: Act) -> Result<Outcome, Problem> {
    act(tx, id, Action::Reject, body)
}

/// Stops everything that moves by itself.
///
/// # Errors
/// See `Refusal`.
pub fn pause(tx: &mut Tx, id: &str, body: Act) -> Result<Outcome, Problem> {
    act(tx, id, Action::Pause, body)
}

/// Goes on.
///
/// # Errors
/// See `Refusal`; `RevisionRequired`.
pub fn unpause(tx: &mut Tx, id: &str, body: Act) -> Result<Outcome, Problem> {
    act(tx, id, Action::Unpause, body)
}

/// Ends the current phase.
///
/// # Errors
/// See `Refusal`; `RevisionRequired`.
pub fn skip(tx: &mut Tx, id: &str, body: Act) -> Result<Outcome, Problem> {
    act(tx, id, Action::Skip, body)
}

/// Ends the release; the base is served.
///
/// # Errors
/// See `Refusal`.
pub fn abort(tx: &mut Tx, id: &str, body: Act) -> Result<Outcome, Problem> {
    act(tx, id, Action::Abort, body)
}

/// Completes the release, everywhere, now.
///
/// # Errors
/// See `Refusal`; `RevisionRequired`.
pub fn full_roll_out(tx: &mut Tx, id: &str, body: Act) -> Result<Outcome, Problem> {
    act(tx, id, Action::FullRollOut, body)
}

/// The input of an action.
fn input(tx: &Tx, id: &str, action: Action, body: &Act) -> Result<Input, Problem> {
    let run = effects::find(tx.world(), id)?;
    let by = tx.actor.clone();
    let reason = || body.reason.clone().unwrap_or_default();
    let seen = || {
        let Some(revision) = body.revision else {
            let text = "the action must name the revision of the release that it was decided on";
            let state = effects::summary(&run.release.plan, &run.state.state);
            return Err(Problem::new(Code::RevisionRequired, text).at("/revision").with("state", state));
        };
        let at = || run.release.plan.phases.get(run.state.state.phase).map(|phase| Key::clone(&phase.id));
        let phase = body.phase.clone().or_else(at).unwrap_or_else(|| "".into());
        Ok(Seen { revision, phase })
    };
    Ok(match action {
        Action::Abort => Input::Abort { by, reason: reason() },
        Action::Approve => {
            Input::Approve { by, seen: seen()?, signed: body.signed.clone(), comment: body.comment.clone() }
        }
        Action::FullRollOut => {
            Input::FullRollOut { by, seen: seen()?, reason: reason(), bypass: body.bypass }
        }
        Action::Pause => Input::Pause { by, reason: body.reason.clone() },
        Action::Reject => Input::Reject { by, seen: seen()?, reason: reason() },
        Action::Revert => Input::Revert { by, reason: reason() },
        Action::Skip => Input::Skip { by, seen: seen()?, reason: body.reason.clone(), bypass: body.bypass },
        Action::Supersede => {
            let text = "a release is superseded by the change that takes its place";
            return Err(Problem::new(Code::BadRequest, text));
        }
        Action::Unpause => Input::Unpause { by, seen: seen()?, reason: body.reason.clone() },
    })
}

/// What an action is called in the log.
fn done(action: Action) -> &'static str {
    match action {
        Action::Abort => "release.aborted",
        Action::Approve => "release.approved",
        Action::FullRollOut => "release.rolled_out",
        Action::Pause => "release.paused",
        Action::Reject => "release.rejected",
        Action::Revert => "release.reverted",
        Action::Skip => "release.skipped",
        Action::Supersede => "release.superseded",
        Action::Unpause => "release.unpaused",
    }
}

fn act(tx: &mut Tx, id: &str, action: Action, body: Act) -> Result<Outcome, Problem> {
    let key: Key = id.into();
    let input = input(tx, id, action, &body)?;
    let already = action == Action::Approve && has_approved(tx, id)?;
    let transition = effects::drive(tx, &key, input)?;
    let mut answer = view(tx.world(), &tx.actor, tx.now, id)?;
    if let Json::Object(members) = &mut answer {
        told(&transition, members);
        if action == Action::Approve {
            members.insert("already_approved".to_owned(), json!(already));
        }
    }
    Ok(Outcome::new(done(action), Kind::Release, &key, answer).because(body.reason.or(body.comment)))
}

/// Whether the actor has approved the present phase of a release before.
fn has_approved(tx: &Tx, id: &str) -> Result<bool, Problem> {
    let run = effects::find(tx.world(), id)?;
    let state = &run.state.state;
    let approvals = state.phases.get(state.phase).map_or(&[][..], |phase| &phase.approvals);
    Ok(approvals.iter().any(|approval| approval.by == tx.actor.id))
}

/// What the answer to an action says besides where the release is now.
fn told(transition: &Transition, members: &mut serde_json::Map<String, Json>) {
    members.insert("events".to_owned(), json!(transition.events));
    for event in &transition.events {
        match event {
            Event::PhaseSkipped { phase, live, percent, .. } => {
                let skipped = json!({ "phase": phase, "live": live, "percent": percent });
                members.insert("skipped".to_owned(), skipped);
            }
            Event::Completed { .. } => {
                members.insert("completed".to_owned(), json!(true));
            }
            _ => {}
        }
    }
}

/// Another change takes the place of a release: the whole set of it aborts, and a release of the change starts from the old
/// base.
///
/// # Errors
/// `Invalid` if the change is of something else; and what `start::begin` refuses.
pub fn supersede(tx: &mut Tx, id: &str, body: change::Body) -> Result<Outcome, Problem> {
    let run = effects::find(tx.world(), id)?;
    let plan = &run.release.plan;
    if run.state.state.status != Status::Running {
        let state = effects::summary(plan, &run.state.state);
        return Err(Problem::new(Code::Terminal, format!("release `{id}` has ended")).with("state", state));
    }
    let own = body.features.keys().any(|key| plan.features.contains_key(key))
        || body.segments.keys().any(|key| plan.segments.contains_key(key));
    if !own {
        let text = format!("the change is of nothing that release `{id}` changes");
        return Err(Problem::new(Code::Invalid, text).at("/features"));
    }
    change::check_revisions(tx, &body)?;
    let ask = Ask { supersede: true, ..body.ask("supersede") };
    let key: Key = id.into();
    if body.dry_run {
        return Ok(Outcome::new("change.previewed", Kind::Release, &key, preview::change(tx, &ask)?));
    }
    let begun = begin(tx, &ask)?;
    let subject = ask.features.keys().next().or_else(|| ask.segments.keys().next()).cloned();
    let kind = if ask.features.is_empty() { Kind::Segment } else { Kind::Feature };
    let subject = subject.unwrap_or_else(|| Key::clone(&key));
    let answer = change::answer(tx, &begun, kind, &subject, "release.superseded")?;
    Ok(answer.because(ask.start.reason))
}

/// Takes a completed release back: at once, or as a new release.
///
/// # Errors
/// See `Refusal`; `Stale` with the diff if it was edited since, `ReleaseActive`, `InUse`.
pub fn revert(tx: &mut Tx, id: &str, body: Act) -> Result<Outcome, Problem> {
    let run = effects::find(tx.world(), id)?;
    let key: Key = id.into();
    if run.state.state.status != Status::Completed {
        // Refused in the words of the state machine; a release that was taken back already is left alone.
        return act(tx, id, Action::Revert, body);
    }
    check_unedited(tx.world(), &run)?;
    if body.staged {
        return staged(tx, &run, body);
    }
    let plan = run.release.plan.clone();
    let reason = body.reason.clone().unwrap_or_default();
    let transition = effects::drive(tx, &key, Input::Revert { by: tx.actor.clone(), reason })?;
    let bases = release::Folded {
        features: plan.features.iter().map(|(key, change)| (Key::clone(key), change.base.clone())).collect(),
        segments: plan.segments.iter().map(|(key, change)| (Key::clone(key), change.base.clone())).collect(),
    };
    let gone: Vec<Key> =
        bases.features.iter().filter(|(_, it)| it.is_none()).map(|(key, _)| key.clone()).collect();
    for feature in &gone {
        references::unused("feature", feature, &references::feature(tx.world(), feature))?;
    }
    for (segment, _) in bases.segments.iter().filter(|(_, it)| it.is_none()) {
        references::unused("segment", segment, &references::segment(tx.world(), segment))?;
    }
    let deleted: Vec<Key> =
        plan.features.keys().filter(|key| tx.row::<Feature>(key).is_none()).cloned().collect();
    effects::write_all(tx, &bases, &plan.author)?;
    for key in deleted {
        if let Some(feature) = tx.find::<Feature>(&key) {
            let pipeline = Some(Key::clone(&plan.pipeline.key));
            tx.put(&key, Feature { pipeline, ..Feature::clone(&feature) })?;
        }
    }
    validate::definitions(&tx.world().around(index::subjects(&plan)))?;
    let mut answer = view(tx.world(), &tx.actor, tx.now, id)?;
    if let Json::Object(members) = &mut answer {
        told(&transition, members);
    }
    Ok(Outcome::new("release.reverted", Kind::Release, &key, answer).because(body.reason))
}

/// Refuses to take back what was edited since, or is being released again.
fn check_unedited(world: &World, run: &effects::Run) -> Result<(), Problem> {
    let plan = &run.release.plan;
    let active: Vec<Key> =
        index::subjects(plan).filter_map(|subject| world.release_of(&subject).cloned()).collect();
    if !active.is_empty() {
        let text = format!(
            "release `{}` is running for the same",
            active.iter().map(|k| &**k).collect::<Vec<_>>().join("`, `")
        );
        return Err(Problem::new(Code::ReleaseActive, text).hint("abort it first").with("releases", active));
    }
    let folded = effects::folded(world, plan, &run.state.state);
    let mut differences: BTreeMap<Key, Vec<diff::Difference>> = BTreeMap::new();
    for (key, left) in &folded.features {
        let row = world.features.get(key);
        let now = row.map_or(0, |row| row.body.definition_revision);
        if run.state.completed_revisions.get(key) != Some(&now) {
            let present = row.and_then(|row| row.body.definition.clone());
            differences.insert(Key::clone(key), diff::diff(left, &present));
        }
    }
    for (key, left) in &folded.segments {
        let row = world.segments.get(key);
        let now = row.map_or(0, |row| row.body.definition_revision);
        let subject = index::segment(key);
        if run.state.completed_revisions.get(&subject) != Some(&now) {
            let present = row.and_then(|row| row.body.definition.clone());
            differences.insert(subject, diff::diff(left, &present));
        }
    }
    let Some(first) = differences.keys().next() else { return Ok(()) };
    let text = format!("`{first}` was edited since release `{}` completed", plan.id);
    Err(Problem::new(Code::Stale, text)
        .hint("save the definition that you want; `diff` is what was edited since the completion")
        .with("diff", &differences)
        .with("state", effects::summary(plan, &run.state.state)))
}

/// Takes a release back by a new one.
fn staged(tx: &mut Tx, run: &effects::Run, body: Act) -> Result<Outcome, Problem> {
    fn wanted<T>(base: &Option<std::sync::Arc<T>>) -> Wanted<T> {
        base.as_ref().map_or(Wanted::Gone, |base| Wanted::Become(std::sync::Arc::clone(base)))
    }
    let plan = &run.release.plan;
    let features = plan.features.iter().map(|(key, change)| (Key::clone(key), wanted(&change.base)));
    let segments = plan.segments.iter().map(|(key, change)| (Key::clone(key), wanted(&change.base)));
    let mut start = body.start;
    if start.ramp.is_none() {
        start.ramp = plan.ramp.unit.clone().map(|unit| crate::domain::start::RampUnit { unit });
    }
    start.description.get_or_insert_with(|| format!("takes back release {}", plan.id));
    let ask = Ask {
        features: features.collect(),
        segments: segments.collect(),
        pipeline: Some(Key::clone(&plan.pipeline.key)),
        trigger: "revert".to_owned(),
        start,
        reverts: Some(Key::clone(&plan.id)),
        ..Ask::default()
    };
    let begun = begin(tx, &ask)?;
    let subject = ask.features.keys().next().or_else(|| ask.segments.keys().next()).cloned();
    let kind = if ask.features.is_empty() { Kind::Segment } else { Kind::Feature };
    let subject = subject.unwrap_or_else(|| Key::clone(&plan.id));
    Ok(change::answer(tx, &begun, kind, &subject, "release.revert_started")?.because(body.reason))
}

/// Time passed for a release.
///
/// # Errors
/// If there is none.
pub fn tick(tx: &mut Tx, id: &str) -> Result<Outcome, Problem> {
    let key: Key = id.into();
    let run = effects::find(tx.world(), id)?;
    if run.state.state.status == Status::Running {
        effects::drive(tx, &key, Input::Tick)?;
    }
    let run = effects::find(tx.world(), id)?;
    let summary = effects::summary(&run.release.plan, &run.state.state);
    Ok(Outcome::new("timer.fired", Kind::Release, &key, summary))
}

/// What is due.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Due {
    /// A release wants a tick.
    Release(Key),
    /// A change's time has come.
    Schedule(Key),
}

/// Does what is due.
///
/// # Errors
/// If it does not exist.
pub fn fire(tx: &mut Tx, due: &Due) -> Result<Outcome, Problem> {
    match due {
        Due::Release(id) => tick(tx, id),
        Due::Schedule(id) => super::schedule::apply(tx, id),
    }
}

/// The releases that want a tick by now, and the changes whose time has come.
#[must_use]
pub fn due(world: &World, now: Now) -> Vec<Due> {
    let wants = |id: &&Key| {
        let wake = world.release_states.get(&***id).map(|row| row.body.next_wake).unwrap_or_default();
        wake.uptime.is_some_and(|at| at <= now.uptime) || wake.wall.is_some_and(|at| at <= now.wall)
    };
    let releases = world.running().filter(wants).map(|id| Due::Release(Key::clone(id)));
    let comes = |id: &&Key| world.schedules.get(&***id).is_some_and(|row| row.body.at <= now.wall);
    let schedules = world.pending().filter(comes).map(|id| Due::Schedule(Key::clone(id)));
    releases.chain(schedules).collect()
}

/// When something is due next, by either clock.
#[must_use]
pub fn next_due(world: &World) -> NextWake {
    let mut next = NextWake::default();
    let sooner = |known: Option<i64>, at: Option<i64>| match (known, at) {
        (Some(known), Some(at)) => Some(known.min(at)),
        (known, at) => known.or(at),
    };
    for id in world.running() {
        let Some(row) = world.release_states.get(id) else { continue };
        let wake = row.body.next_wake;
        next.wall = sooner(next.wall, wake.wall);
        next.uptime = match (next.uptime, wake.uptime) {
            (Some(known), Some(at)) => Some(known.min(at)),
            (known, at) => known.or(at),
        };
    }
    for id in world.pending() {
        next.wall = sooner(next.wall, world.schedules.get(id).map(|row| row.body.at));
    }
    next
}

/// What an action would change: what happens, where the release would be, and what engines would be served otherwise.
///
/// # Errors
/// Why the action would be refused.
pub fn preview_action(tx: &Tx, id: &str, action: Action, body: Act) -> Result<Json, Problem> {
    let run = effects::find(tx.world(), id)?;
    let mut trial = preview::scratch(tx);
    let mut body = Act { revision: Some(run.state.state.revision), ..body };
    if body.reason.is_none() {
        body.reason = Some("preview".to_owned());
    }
    let outcome = match action {
        Action::Revert => revert(&mut trial, id, body)?,
        _ => act(&mut trial, id, action, body)?,
    };
    preview::understood(tx.world(), &mut trial, &outcome.action)?;
    let changes = preview::changes(tx.world(), &trial);
    let after = effects::find(trial.world(), id)?;
    Ok(json!({
        "action": action,
        "state": effects::summary(&after.release.plan, &after.state.state),
        "facts": preview::facts(&trial),
        "environments": preview::environments(&changes),
        "changes": changes,
    }))
}
