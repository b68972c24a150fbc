//! Changes that are made later.
//!
//! ```text
//!   save with start.at ─▶ pending ─┬─ its time, nothing changed since ─▶ applied (live, or a release)
//!                                  ├─ its time, another base or an active release ─▶ suspended: told, nothing applied
//!                                  └─ cancel ─▶ cancelled
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tidegate::Value;
use tidegate::model::{self, Key};
use tidegate::release::{Actor, Permission};

use crate::domain::entity::{Kind, Schedule, ScheduleStatus};
use crate::domain::start::{Ask, Start, Wanted, begin};
use crate::domain::{Code, Outcome, Problem, Tx, World, facts, preview};

/// A change as it is kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Kept {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    features: BTreeMap<Key, Option<Arc<model::Feature>>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    segments: BTreeMap<Key, Option<Arc<model::Segment>>>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    patched: BTreeSet<Key>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline: Option<Key>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    tags: BTreeSet<String>,
    trigger: String,
    #[serde(default)]
    start: Start,
    /// Why it is to be made although SDKs that are live cannot compile it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    force: Option<String>,
}

impl Kept {
    fn of(ask: &Ask) -> Self {
        let mut kept = Self {
            pipeline: ask.pipeline.clone(),
            tags: ask.tags.clone(),
            trigger: ask.trigger.clone(),
            start: Start { at: None, ..ask.start.clone() },
            ..Self::default()
        };
        for (key, wanted) in &ask.features {
            match wanted {
                Wanted::Become(definition) => {
                    kept.features.insert(Key::clone(key), Some(Arc::clone(definition)));
                }
                Wanted::Gone => {
                    kept.features.insert(Key::clone(key), None);
                }
                Wanted::Patched => {
                    kept.patched.insert(Key::clone(key));
                }
            }
        }
        for (key, wanted) in &ask.segments {
            let definition = match wanted {
                Wanted::Become(definition) => Some(Arc::clone(definition)),
                Wanted::Gone | Wanted::Patched => None,
            };
            kept.segments.insert(Key::clone(key), definition);
        }
        kept
    }

    fn ask(self, base_revisions: &BTreeMap<Key, u64>) -> Ask {
        fn wanted<T>(definition: Option<Arc<T>>) -> Wanted<T> {
            definition.map_or(Wanted::Gone, Wanted::Become)
        }
        let patched = self.patched.into_iter().map(|key| (key, Wanted::Patched));
        Ask {
            features: self.features.into_iter().map(|(key, it)| (key, wanted(it))).chain(patched).collect(),
            segments: self.segments.into_iter().map(|(key, it)| (key, wanted(it))).collect(),
            base_revisions: base_revisions.clone(),
            pipeline: self.pipeline,
            tags: self.tags,
            trigger: self.trigger,
            start: self.start,
            ..Ask::default()
        }
    }
}

/// Keeps a change for later; it is checked as if it were made now.
pub(super) fn make(tx: &mut Tx, ask: &Ask, at: i64) -> Result<Outcome, Problem> {
    if at <= tx.now.wall {
        let text = format!("{at} is over: it is {} now (ms since 1970)", tx.now.wall);
        return Err(Problem::new(Code::Invalid, text).at("/start/at"));
    }
    if ask.supersede {
        let text = "a scheduled change cannot supersede a release: nobody knows yet which will be running";
        return Err(Problem::new(Code::Invalid, text).at("/supersede"));
    }
    let mut trial = preview::scratch(tx);
    begin(&mut trial, ask)?;
    preview::understood(tx.world(), &mut trial, "schedule.created")?;
    let feature = |key: &Key| Some((Key::clone(key), tx.world().features.get(key)?.body.definition_revision));
    let segment = |key: &Key| {
        let revision = tx.world().segments.get(key)?.body.definition_revision;
        Some((crate::domain::index::segment(key), revision))
    };
    let bases = ask.features.keys().filter_map(feature).chain(ask.segments.keys().filter_map(segment));
    let internal = |error: serde_json::Error| Problem::new(Code::Internal, error.to_string());
    let kept = Kept { force: tx.force.clone(), ..Kept::of(ask) };
    let change = serde_json::to_value(kept).map_err(internal)?;
    let schedule = Schedule {
        at,
        change: Value::deserialize(&change).map_err(internal)?,
        base_revisions: bases.collect(),
        status: ScheduleStatus::Pending,
        why: None,
        release: None,
        by: Key::clone(&tx.actor.id),
        created_at: tx.now.wall,
    };
    let id: Key = format!("s{}", tx.world().seq + 1).into();
    tx.put(&id, schedule)?;
    let text = format!("change `{id}` is scheduled for {at} (ms since 1970)");
    tx.tell(facts::plain("schedule.created", text, json!({ "schedule": id, "at": at })));
    let mut outcome = Outcome::new("schedule.created", Kind::Schedule, &id, view(tx.world(), &id)?);
    outcome.status = 202;
    Ok(outcome.because(ask.start.reason.clone()))
}

/// Makes a change whose time has come, or suspends it.
///
/// # Errors
/// If there is no such change.
pub fn apply(tx: &mut Tx, id: &str) -> Result<Outcome, Problem> {
    let key: Key = id.into();
    let schedule = tx.find::<Schedule>(id).ok_or_else(|| Problem::not_found("scheduled change", id))?;
    if schedule.status != ScheduleStatus::Pending || tx.now.wall < schedule.at {
        return Ok(Outcome::new("timer.fired", Kind::Schedule, &key, view(tx.world(), id)?));
    }
    let system = tx.actor.clone();
    let outcome = match author(tx.world(), &schedule).and_then(|actor| {
        let kept = kept(&schedule)?;
        let force = kept.force.clone();
        let ask = Ask { schedule: Some(Key::clone(&key)), ..kept.ask(&schedule.base_revisions) };
        // What exists by now did not when it was written: another base.
        let unknown =
            |subject: &Key| !ask.base_revisions.contains_key(subject) && exists(tx.world(), subject);
        let segments = ask.segments.keys().map(|key| crate::domain::index::segment(key));
        if let Some(subject) = ask.features.keys().cloned().chain(segments).find(unknown) {
            return Err(Problem::new(Code::Stale, format!("`{subject}` was made since")));
        }
        tx.actor = actor;
        tx.force = force;
        let (before, mut trial) = (tx.world().clone(), preview::scratch(tx));
        super::feature::join_scheduled(&mut trial, &ask)?;
        begin(&mut trial, &ask)?;
        // The SDKs that are live now, not those of when it was written.
        preview::understood(&before, &mut trial, "schedule.applied")?;
        super::feature::join_scheduled(tx, &ask)?;
        let begun = begin(tx, &ask)?;
        preview::understood(&before, tx, "schedule.applied")?;
        Ok(begun)
    }) {
        Ok(begun) => {
            tx.actor = system;
            let next = Schedule {
                status: ScheduleStatus::Applied,
                release: begun.release.clone(),
                ..Schedule::clone(&schedule)
            };
            tx.put(&key, next)?;
            let mut fact = facts::plain(
                "schedule.applied",
                format!("scheduled change `{id}` was made"),
                json!({ "schedule": id }),
            );
            fact.release = begun.release;
            tx.tell(fact);
            "schedule.applied"
        }
        Err(problem) => {
            tx.actor = system;
            let why = problem.detail.clone();
            let next = Schedule {
                status: ScheduleStatus::Suspended,
                why: Some(why.clone()),
                ..Schedule::clone(&schedule)
            };
            tx.put(&key, next)?;
            let data = json!({ "schedule": id, "code": problem.code, "why": why });
            tx.tell(facts::plain(
                "schedule.suspended",
                format!("scheduled change `{id}` was not made: {why}"),
                data,
            ));
            "schedule.suspended"
        }
    };
    Ok(Outcome::new(outcome, Kind::Schedule, &key, view(tx.world(), id)?))
}

/// Whether there is a feature or segment.
fn exists(world: &World, subject: &str) -> bool {
    match subject.strip_prefix("segment:") {
        Some(key) => world.segments.contains_key(key),
        None => world.features.contains_key(subject),
    }
}

/// The change of a schedule.
fn kept(schedule: &Schedule) -> Result<Kept, Problem> {
    let internal = |error: serde_json::Error| Problem::new(Code::Internal, error.to_string());
    let json = serde_json::to_value(&schedule.change).map_err(internal)?;
    serde_json::from_value::<Kept>(json).map_err(internal)
}

/// Who made it, with what they may do now.
fn author(world: &World, schedule: &Schedule) -> Result<Actor, Problem> {
    if *schedule.by == *"system" {
        return Ok(Actor::system());
    }
    let row = world.principals.get(&schedule.by).filter(|row| !row.body.disabled);
    let row = row.ok_or_else(|| {
        Problem::new(Code::Forbidden, format!("`{}`, who made it, may do nothing any more", schedule.by))
    })?;
    Ok(Actor { id: Key::clone(&schedule.by), kind: row.body.kind, grants: row.body.grants.clone() })
}

/// What to cancel a scheduled change with.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Takes a change back that was not made yet.
///
/// # Errors
/// If there is none, or it was made.
pub fn cancel(tx: &mut Tx, id: &str, body: Cancel) -> Result<Outcome, Problem> {
    let key: Key = id.into();
    let schedule = tx.find::<Schedule>(id).ok_or_else(|| Problem::not_found("scheduled change", id))?;
    if !tx.actor.grants.iter().any(|grant| grant.role.allows(Permission::Write)) {
        let text = format!("`{}` may not cancel changes", tx.actor.id);
        return Err(Problem::new(Code::Forbidden, text));
    }
    if schedule.status == ScheduleStatus::Applied {
        let text = format!("scheduled change `{id}` was made already");
        return Err(Problem::new(Code::WrongState, text).with("release", &schedule.release));
    }
    if schedule.status != ScheduleStatus::Cancelled {
        tx.put(&key, Schedule { status: ScheduleStatus::Cancelled, ..Schedule::clone(&schedule) })?;
        let text = format!("scheduled change `{id}` was cancelled");
        tx.tell(facts::plain("schedule.cancelled", text, json!({ "schedule": id })));
    }
    Ok(Outcome::new("schedule.cancelled", Kind::Schedule, &key, view(tx.world(), id)?).because(body.reason))
}

/// A scheduled change.
///
/// # Errors
/// If there is none.
pub fn view(world: &World, id: &str) -> Result<Json, Problem> {
    let row = world.schedules.get(id).ok_or_else(|| Problem::not_found("scheduled change", id))?;
    let mut body = serde_json::to_value(&*row.body).unwrap_or(Json::Null);
    if let Json::Object(members) = &mut body {
        members.insert("key".to_owned(), json!(id));
        members.insert("revision".to_owned(), json!(row.revision));
    }
    Ok(body)
}

/// Scheduled changes, by id; all, or those of a status.
///
/// # Errors
/// None, in fact.
pub fn list(
    world: &World,
    status: Option<ScheduleStatus>,
    after: Option<&str>,
    limit: Option<usize>,
) -> Result<Json, Problem> {
    let wanted = |schedule: &Schedule| status.is_none_or(|status| schedule.status == status);
    let chosen = world
        .schedules
        .iter()
        .filter(|(id, row)| after.is_none_or(|after| ***id > *after) && wanted(&row.body));
    super::release::page(chosen.map(|(id, _)| id), limit, |id| view(world, id))
}
