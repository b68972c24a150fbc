//! How a change goes live: at once, or as a release.
//!
//! ```text
//!   Ask: definitions wanted, revisions seen ─▶ touched environments ─┬─ no pipeline, or only opted-out ones ─▶ live at once
//!                                                                    └─ else: plan (floors worked in) ─ start ─▶ release
//!   all of it ─▶ validated: now, after completion, after an abort ─▶ accepted, or a Problem and nothing has changed
//! ```
//! INVARIANT: a release is active for at most one change of a feature or segment; a plan is never touched once it is
//! accepted, but for edits of opted-out environments, which its base and candidate both get (DESIGN §6).

mod check;
mod plan;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidegate::model::{self, Key};
use tidegate::release::{self, Coverage, Input, Plan, Requirement, Status, Transition};

use self::check::{check_definitions, check_floor, check_permission, check_revisions, check_users};
use super::entity::{Feature, Release, Segment};
use super::{Code, Problem, Tx, World, diff, digest, effects, index, validate};

/// What a definition is to become.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted<T> {
    /// This.
    Become(Arc<T>),
    /// It is deleted.
    Gone,
    /// It stays; only the patches of phases touch it.
    Patched,
}

impl<T> Wanted<T> {
    /// The definition after it.
    pub(crate) fn after(&self, base: Option<&Arc<T>>) -> Option<Arc<T>> {
        match self {
            Self::Become(definition) => Some(Arc::clone(definition)),
            Self::Gone => None,
            Self::Patched => base.cloned(),
        }
    }

    /// As a plan has it.
    fn candidate(&self) -> Option<Option<Arc<T>>> {
        match self {
            Self::Become(definition) => Some(Some(Arc::clone(definition))),
            Self::Gone => Some(None),
            Self::Patched => None,
        }
    }
}

/// How a release is to start; everything may be left out.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// What the release is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What other releases must have reached before a phase starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub requires: Vec<Requirement>,
    /// The phase to start at; those before are skipped (a bypass if they need approvals).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub start_at: Option<Key>,
    /// Schedules the change for this instant instead of making it now (wall clock, ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    /// Of several features or segments with ramps: what is bucketed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<RampUnit>,
    /// Why; needed for a bypass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Passes over the approvals of skipped phases.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bypass: bool,
}

/// What the ramps of a release bucket.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RampUnit {
    /// The attribute.
    #[schema(value_type = String)]
    pub unit: Key,
}

/// A change that is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// The features, by key.
    pub features: BTreeMap<Key, Wanted<model::Feature>>,
    /// The segments, by key.
    pub segments: BTreeMap<Key, Wanted<model::Segment>>,
    /// The revisions that it was written on, by key (of segments with `segment:` in front); one that is not given is not
    /// checked.
    pub base_revisions: BTreeMap<Key, u64>,
    /// The pipeline that what is created is attached to, and that a release runs; absent: the one of what is changed.
    pub pipeline: Option<Key>,
    /// Tags of what is created.
    pub tags: BTreeSet<String>,
    /// What was done: `edit`, `create`, `archive`, …
    pub trigger: String,
    /// How a release starts.
    pub start: Start,
    /// Takes the place of active releases.
    pub supersede: bool,
    /// The release that it takes back.
    pub reverts: Option<Key>,
    /// The scheduled change that it is; no user of what it deletes.
    pub schedule: Option<Key>,
    /// Where in the request's body the definitions are: places of the document (`/features/f`), and of the body.
    pub places: Vec<(String, String)>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun {
    /// The release; none: it is live.
    pub release: Option<Key>,
    /// The environments that it touches.
    pub touched: Vec<Key>,
    /// Those of them outside pipelines: it is live there.
    pub opted_out: Vec<Key>,
    /// Those of them that the phases do not cover, or not wholly: who is left out gets it at completion.
    pub uncovered: Vec<(Key, Coverage)>,
}

/// Makes a change go live, at once or by a release.
///
/// # Errors
/// Why it is refused; what the transaction holds then must not be kept.
pub fn begin(tx: &mut Tx, ask: &Ask) -> Result<Begun, Problem> {
    if ask.features.is_empty() && ask.segments.is_empty() {
        return Err(Problem::new(Code::Invalid, "nothing is to be changed").at("/features"));
    }
    check_revisions(tx.world(), ask)?;
    let pipeline = pipeline(tx.world(), ask)?;
    let touched = touched(tx.world(), ask, pipeline.as_deref());
    check_permission(tx, &touched)?;
    let takes_part = |key: &&Key| tx.world().environments.get(&***key).is_none_or(|row| row.body.pipelines);
    let (through, opted_out): (Vec<Key>, Vec<Key>) = (
        touched.iter().filter(takes_part).cloned().collect(),
        touched.iter().filter(|key| !takes_part(key)).cloned().collect(),
    );
    let undeclared = tx.world().environments.is_empty() && differs_anywhere(tx.world(), ask);
    let patched = ask.features.values().any(|wanted| *wanted == Wanted::Patched);
    let needs_release = pipeline.is_some() && (!through.is_empty() || undeclared || patched);
    let active = active(tx.world(), ask);
    match pipeline {
        Some(pipeline) if needs_release => {
            let place = plan::Place { pipeline, touched: through, opted_out };
            release(tx, ask, place, &active)
        }
        pipeline => {
            if pipeline.is_none() {
                check_floor(tx.world(), &touched)?;
            }
            // While a release runs, only what is outside pipelines can be edited at once.
            if !active.is_empty() && (!through.is_empty() || undeclared) {
                return Err(busy(tx.world(), &active));
            }
            if ask.supersede && !active.is_empty() && touched.is_empty() {
                let text = "nothing else would be served than before the release: no new one takes its place";
                return Err(Problem::new(Code::WrongState, text)
                    .at("/supersede")
                    .hint("abort the release, which restores that")
                    .with("releases", &active));
            }
            live(tx, ask, &touched, &active)?;
            Ok(Begun { release: None, touched, opted_out, uncovered: Vec::new() })
        }
    }
}

/// The active releases of what is to be changed.
fn active(world: &World, ask: &Ask) -> BTreeSet<Key> {
    let segments = ask.segments.keys().map(|key| index::segment(key));
    let subjects = ask.features.keys().cloned().chain(segments);
    subjects.filter_map(|subject| world.release_of(&subject).cloned()).collect()
}

fn busy(world: &World, active: &BTreeSet<Key>) -> Problem {
    let states = active.iter().filter_map(|id| {
        let run = effects::find(world, id).ok()?;
        Some(effects::summary(&run.release.plan, &run.state.state))
    });
    let states: Vec<_> = states.collect();
    let names: Vec<&str> = active.iter().map(|id| &**id).collect();
    Problem::new(Code::ReleaseActive, format!("release `{}` is running", names.join("`, `")))
        .hint("wait for its end, abort it, or send `supersede: true`: it is aborted and the new change takes its place")
        .with("state", states.first())
        .with("releases", active)
}

/// The one pipeline of everything that is changed.
fn pipeline(world: &World, ask: &Ask) -> Result<Option<Key>, Problem> {
    let features = ask.features.keys().filter_map(|key| world.features.get(key)?.body.pipeline.clone());
    let segments = ask.segments.keys().filter_map(|key| world.segments.get(key)?.body.pipeline.clone());
    let all: BTreeSet<Key> = features.chain(segments).chain(ask.pipeline.clone()).collect();
    if all.len() > 1 {
        let names: Vec<&str> = all.iter().map(|key| &**key).collect();
        let text = format!("the changes belong to several pipelines: `{}`", names.join("`, `"));
        return Err(Problem::new(Code::Invalid, text).at("/pipeline").hint(
            "one release runs one pipeline: attach them to the same, or change them one after the other",
        ));
    }
    Ok(all.into_iter().next())
}

/// The environments where something else is served, by name.
fn touched(world: &World, ask: &Ask, pipeline: Option<&str>) -> Vec<Key> {
    let mut touched = BTreeSet::new();
    for (key, wanted) in &ask.features {
        let base = world.features.get(key).and_then(|row| row.body.definition.as_ref());
        if *wanted == Wanted::Patched {
            touched.extend(pipeline.map(|key| plan::covered(world, key)).unwrap_or_default());
            continue;
        }
        let after = wanted.after(base);
        touched.extend(diff::touched(base.map(|d| &**d), after.as_deref(), world.environments.keys()));
    }
    for (key, wanted) in &ask.segments {
        let base = world.segments.get(key).and_then(|row| row.body.definition.as_ref());
        let after = wanted.after(base);
        touched.extend(diff::touched_by_segment(
            base.map(|d| &**d),
            after.as_deref(),
            world.environments.keys(),
        ));
    }
    touched.into_iter().collect()
}

/// Whether the shared part of something changes: asked where no environment is declared.
fn differs_anywhere(world: &World, ask: &Ask) -> bool {
    let nowhere = [Key::from("")];
    let feature = |(key, wanted): (&Key, &Wanted<model::Feature>)| {
        let base = world.features.get(key).and_then(|row| row.body.definition.as_ref());
        !diff::touched(base.map(|d| &**d), wanted.after(base).as_deref(), &nowhere).is_empty()
    };
    let segment = |(key, wanted): (&Key, &Wanted<model::Segment>)| {
        let base = world.segments.get(key).and_then(|row| row.body.definition.as_ref());
        !diff::touched_by_segment(base.map(|d| &**d), wanted.after(base).as_deref(), &nowhere).is_empty()
    };
    ask.features.iter().any(feature) || ask.segments.iter().any(segment)
}

/// Makes it live now.
fn live(tx: &mut Tx, ask: &Ask, touched: &[Key], active: &BTreeSet<Key>) -> Result<(), Problem> {
    check_users(tx.world(), ask)?;
    let mut plans = Vec::new();
    for id in active {
        let mut plan = Plan::clone(&effects::find(tx.world(), id)?.release.plan);
        carry(&mut plan, ask, touched)?;
        plans.push((Key::clone(id), plan));
    }
    create(tx, ask)?;
    let features = ask.features.iter().map(|(key, wanted)| (Key::clone(key), wanted.after(None)));
    let segments = ask.segments.iter().map(|(key, wanted)| (Key::clone(key), wanted.after(None)));
    let folded = release::Folded { features: features.collect(), segments: segments.collect() };
    let author = Key::clone(&tx.actor.id);
    effects::write_all(tx, &folded, &author)?;
    for (id, plan) in plans {
        digest::renew(tx, &id, plan)?;
    }
    check_definitions(tx.world(), ask)
}

/// Gives an active release's base and candidate an edit of environments outside pipelines.
fn carry(plan: &mut Plan, ask: &Ask, touched: &[Key]) -> Result<(), Problem> {
    for (key, wanted) in &ask.features {
        let (Some(change), Wanted::Become(new)) = (plan.features.get_mut(key), wanted) else { continue };
        let Some(base) = &change.base else {
            let text = format!("feature `{key}` is being created by release `{}`", plan.id);
            return Err(Problem::new(Code::ReleaseActive, text).with("releases", [&plan.id]));
        };
        if let Some(Some(candidate)) = &mut change.candidate {
            let mut both = model::Feature::clone(candidate);
            if both.description == base.description {
                both.description.clone_from(&new.description);
            }
            for environment in touched {
                plan::settle_block(&mut both, new, environment);
            }
            *candidate = Arc::new(both);
        }
        change.base = Some(Arc::clone(new));
    }
    for (key, wanted) in &ask.segments {
        let (Some(change), Wanted::Become(new)) = (plan.segments.get_mut(key), wanted) else { continue };
        if let Some(Some(candidate)) = &mut change.candidate {
            let segment =
                model::Segment { description: new.description.clone(), ..model::Segment::clone(candidate) };
            *candidate = Arc::new(segment);
        }
        change.base = Some(Arc::clone(new));
    }
    Ok(())
}

/// Makes the entities of what does not exist yet; without a definition, which the change or its release gives them.
fn create(tx: &mut Tx, ask: &Ask) -> Result<(), Problem> {
    let (now, author) = (tx.now.wall, Key::clone(&tx.actor.id));
    for (key, wanted) in &ask.features {
        if tx.row::<Feature>(key).is_some() {
            continue;
        }
        if !matches!(wanted, Wanted::Become(_)) {
            return Err(Problem::not_found("feature", key));
        }
        validate::key("a feature", key, "/key")?;
        let feature = Feature {
            definition: None,
            definition_revision: 0,
            pipeline: ask.pipeline.clone(),
            author: Key::clone(&author),
            created_at: now,
            updated_at: now,
            tags: ask.tags.clone(),
        };
        tx.put(key, feature)?;
    }
    for (key, wanted) in &ask.segments {
        if tx.row::<Segment>(key).is_some() {
            continue;
        }
        if !matches!(wanted, Wanted::Become(_)) {
            return Err(Problem::not_found("segment", key));
        }
        validate::key("a segment", key, "/key")?;
        let segment = Segment {
            definition: None,
            definition_revision: 0,
            pipeline: ask.pipeline.clone(),
            author: Key::clone(&author),
            created_at: now,
            updated_at: now,
        };
        tx.put(key, segment)?;
    }
    Ok(())
}

/// Starts a release.
fn release(tx: &mut Tx, ask: &Ask, place: plan::Place, active: &BTreeSet<Key>) -> Result<Begun, Problem> {
    let id: Key = format!("r{}", tx.world().seq + 1).into();
    if !active.is_empty() {
        if !ask.supersede {
            return Err(busy(tx.world(), active));
        }
        supersede(tx, ask, &id, active)?;
    }
    check_users(tx.world(), ask)?;
    create(tx, ask)?;
    let (plan, uncovered) = plan::of(tx, ask, &id, &place)?;
    plan::check_start(tx, &plan, &ask.start)?;
    let begun = Begun {
        release: Some(Key::clone(&id)),
        touched: place.touched.iter().chain(&place.opted_out).cloned().collect(),
        opted_out: place.opted_out,
        uncovered,
    };
    let plan = Arc::new(plan);
    let record = Release {
        plan: Arc::clone(&plan),
        created_at: tx.now.wall,
        trigger: ask.trigger.clone(),
        reverts: ask.reverts.clone(),
        base_revisions: revisions(tx.world(), &plan),
    };
    tx.put(&id, record.clone())?;
    let transition: Transition = release::start(&plan, tx.now);
    // Looked at before anything comes of the start: the whole way, as an engine would see it on each part.
    let mut ahead = tx.world().clone();
    plan::running(&mut ahead, &id, &transition);
    let candidates: Vec<(String, &str)> =
        ask.places.iter().map(|(from, to)| (format!("/releases/{id}{from}/candidate"), &**to)).collect();
    let candidates: Vec<(&str, &str)> = candidates.iter().map(|(from, to)| (&**from, *to)).collect();
    validate::definitions_at(&ahead.around(index::subjects(&plan)), &candidates)?;
    plan::foresee(tx.world(), &plan, &transition, tx.now, &places(ask))?;
    if transition.state.status == Status::Completed {
        effects::completion(tx.world(), &plan, &transition.state)?;
    }
    effects::settle(tx, &id, &record, None, &transition)?;
    effects::meet(tx, &id)?;
    Ok(begun)
}

/// Aborts the active releases in favour of a new one; what they were only creating keeps its labels.
fn supersede(tx: &mut Tx, ask: &Ask, id: &Key, active: &BTreeSet<Key>) -> Result<(), Problem> {
    let created: Vec<(Key, Arc<Feature>)> = ask
        .features
        .keys()
        .filter_map(|key| Some((Key::clone(key), tx.find::<Feature>(key)?)))
        .filter(|(_, feature)| feature.definition.is_none())
        .collect();
    let segments: Vec<(Key, Arc<Segment>)> = ask
        .segments
        .keys()
        .filter_map(|key| Some((Key::clone(key), tx.find::<Segment>(key)?)))
        .filter(|(_, segment)| segment.definition.is_none())
        .collect();
    for old in active {
        let input = Input::Supersede {
            by: tx.actor.clone(),
            release: Key::clone(id),
            reason: ask.start.reason.clone(),
        };
        effects::drive(tx, old, input)?;
    }
    for (key, feature) in created {
        tx.put(&key, Feature::clone(&feature))?;
    }
    for (key, segment) in segments {
        tx.put(&key, Segment::clone(&segment))?;
    }
    Ok(())
}

/// The revisions of what a plan changes.
fn revisions(world: &World, plan: &Plan) -> BTreeMap<Key, u64> {
    let feature = |key: &Key| Some((Key::clone(key), world.features.get(key)?.body.definition_revision));
    let segment = |key: &Key| Some((index::segment(key), world.segments.get(key)?.body.definition_revision));
    let segments = plan.segments.keys().filter_map(segment);
    plan.features.keys().filter_map(feature).chain(segments).collect()
}

/// The places of the definitions, as they are mapped to the request's body.
fn places(ask: &Ask) -> Vec<(&str, &str)> {
    ask.places.iter().map(|(from, to)| (&**from, &**to)).collect()
}
