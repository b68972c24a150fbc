//! What is done to features: every one of these is a change that goes live at once or as a release (see `start`).

mod view;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tidegate::model::{self, Key, Rule};
use tidegate::release::{Input, Permission};

pub use self::view::{Query, list, users, view};
use super::access::allow;
use super::attachment::{self, SetPipeline};
use super::change::make;
use crate::domain::catalogue::fact;
use crate::domain::entity::{Feature, Kind};
use crate::domain::event::Fact;
use crate::domain::start::{Ask, Start, Wanted};
use crate::domain::{Code, Outcome, Problem, Tx, World, diff, effects, index, validate};

/// The trigger of releases of features that were added to a pipeline.
const ADD: &str = "add_to_pipeline";

/// A new feature.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Its key.
    #[schema(value_type = String)]
    pub key: Key,
    /// What it serves by.
    #[schema(value_type = Object)]
    pub definition: Arc<model::Feature>,
    /// The pipeline that it is attached to; then its creation is the first release.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub pipeline: Option<Key>,
    /// Free labels.
    #[serde(default)]
    pub tags: BTreeSet<String>,
    /// How the release starts.
    #[serde(default)]
    pub start: Start,
    /// Only tells what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// A feature as it is to be.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Save {
    /// What it serves by.
    #[schema(value_type = Object)]
    pub definition: Arc<model::Feature>,
    /// The `definition_revision` that it was written on.
    #[serde(default)]
    pub base_revision: Option<u64>,
    /// How the release starts.
    #[serde(default)]
    pub start: Start,
    /// Takes the place of an active release.
    #[serde(default)]
    pub supersede: bool,
    /// Only tells what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// A change that needs no definition: archive, unarchive, delete.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Simple {
    /// The `definition_revision` that was looked at; absent: whatever it is.
    #[serde(default)]
    pub base_revision: Option<u64>,
    /// How the release starts.
    #[serde(default)]
    pub start: Start,
    /// Takes the place of an active release.
    #[serde(default)]
    pub supersede: bool,
    /// Only tells what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// Enable or disable.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Only there; absent: everywhere.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub environment: Option<Key>,
    /// The `definition_revision` that was looked at; absent: whatever it is.
    #[serde(default)]
    pub base_revision: Option<u64>,
    /// How the release starts.
    #[serde(default)]
    pub start: Start,
    /// Takes the place of an active release.
    #[serde(default)]
    pub supersede: bool,
    /// Only tells what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// Another salt: everybody's buckets are drawn anew.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resalt {
    /// The salt; absent: a new one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub salt: Option<Key>,
    /// The `definition_revision` that was looked at; absent: whatever it is.
    #[serde(default)]
    pub base_revision: Option<u64>,
    /// How the release starts.
    #[serde(default)]
    pub start: Start,
    /// Takes the place of an active release.
    #[serde(default)]
    pub supersede: bool,
    /// Only tells what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// The end of an experiment: everyone gets a variant.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Launch {
    /// The variant.
    #[schema(value_type = String)]
    pub variant: Key,
    /// The `definition_revision` that was looked at; absent: whatever it is.
    #[serde(default)]
    pub base_revision: Option<u64>,
    /// How the release starts.
    #[serde(default)]
    pub start: Start,
    /// Takes the place of an active release.
    #[serde(default)]
    pub supersede: bool,
    /// Only tells what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// Other labels.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tags {
    /// All of them.
    pub tags: BTreeSet<String>,
}

/// A feature that is to go through a pipeline as it is, with what the phases do to it (Flagsmith: add a feature to a release
/// pipeline).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddToPipeline {
    /// The feature.
    #[schema(value_type = String)]
    pub feature: Key,
    /// The phase to start at; absent: the first.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub start_at: Option<Key>,
    /// How the release starts.
    #[serde(default)]
    pub start: Start,
    /// Only tells what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// A feature that leaves a pipeline.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveFromPipeline {
    /// Keeps what is live of a release that runs; else it is aborted.
    #[serde(default)]
    pub keep: bool,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Creates a feature.
///
/// # Errors
/// `AlreadyExists`, and what `start::begin` refuses.
pub fn create(tx: &mut Tx, body: Create) -> Result<Outcome, Problem> {
    if tx.row::<Feature>(&body.key).is_some() {
        let text = format!("there is a feature `{}`", body.key);
        return Err(Problem::new(Code::AlreadyExists, text).at("/key"));
    }
    if let Some(pipeline) = &body.pipeline {
        attachment::usable(tx.world(), pipeline)?;
    }
    let key = Key::clone(&body.key);
    let ask = Ask {
        pipeline: body.pipeline,
        tags: body.tags,
        ..one(&key, Wanted::Become(body.definition), "create", None, body.start, false)
    };
    make(tx, ask, body.dry_run, Kind::Feature, &key, "feature.created")
}

/// Saves a definition.
///
/// # Errors
/// `RevisionRequired`, `Stale`, and what `start::begin` refuses.
pub fn save(tx: &mut Tx, key: &str, body: Save) -> Result<Outcome, Problem> {
    exists(tx.world(), key)?;
    let Some(revision) = body.base_revision else {
        let text = "a save must name the `definition_revision` that it was written on";
        return Err(Problem::new(Code::RevisionRequired, text).at("/base_revision"));
    };
    let wanted = Wanted::Become(body.definition);
    let ask = one(key, wanted, "edit", Some(revision), body.start, body.supersede);
    make(tx, ask, body.dry_run, Kind::Feature, &key.into(), "feature.saved")
}

/// What a save would do.
///
/// # Errors
/// As [`save`].
pub fn preview(tx: &mut Tx, key: &str, body: Save) -> Result<Outcome, Problem> {
    save(tx, key, Save { dry_run: true, ..body })
}

/// Enables a feature.
///
/// # Errors
/// What `start::begin` refuses.
pub fn enable(tx: &mut Tx, key: &str, body: Switch) -> Result<Outcome, Problem> {
    switch(tx, key, body, true)
}

/// Disables a feature.
///
/// # Errors
/// What `start::begin` refuses.
pub fn disable(tx: &mut Tx, key: &str, body: Switch) -> Result<Outcome, Problem> {
    switch(tx, key, body, false)
}

fn switch(tx: &mut Tx, key: &str, body: Switch, on: bool) -> Result<Outcome, Problem> {
    let mut definition = present(tx.world(), key)?;
    match &body.environment {
        Some(environment) => {
            if !tx.world().environments.contains_key(environment) {
                return Err(Problem::not_found("environment", environment).at("/environment"));
            }
            let shared = definition.enabled;
            let block = definition.environments.entry(Key::clone(environment)).or_default();
            block.enabled = (on != shared).then_some(on);
        }
        None => {
            definition.enabled = on;
            definition.environments.values_mut().for_each(|block| block.enabled = None);
        }
    }
    definition.environments.retain(|_, block| *block != model::EnvironmentBlock::default());
    let (trigger, action) = if on { ("enable", "feature.enabled") } else { ("disable", "feature.disabled") };
    let wanted = Wanted::Become(Arc::new(definition));
    let ask = one(key, wanted, trigger, body.base_revision, body.start, body.supersede);
    make(tx, ask, body.dry_run, Kind::Feature, &key.into(), action)
}

/// Gives a feature another salt.
///
/// # Errors
/// What `start::begin` refuses.
pub fn resalt(tx: &mut Tx, key: &str, body: Resalt) -> Result<Outcome, Problem> {
    let mut definition = present(tx.world(), key)?;
    let next = exists(tx.world(), key)?.definition_revision + 1;
    definition.salt = Some(body.salt.unwrap_or_else(|| format!("{key}/{next}").into()));
    let wanted = Wanted::Become(Arc::new(definition));
    let ask = one(key, wanted, "resalt", body.base_revision, body.start, body.supersede);
    make(tx, ask, body.dry_run, Kind::Feature, &key.into(), "feature.resalted")
}

/// Archives a feature: it serves its default.
///
/// # Errors
/// `InUse`, and what `start::begin` refuses.
pub fn archive(tx: &mut Tx, key: &str, body: Simple) -> Result<Outcome, Problem> {
    set_archived(tx, key, body, true)
}

/// Takes a feature back from the archive.
///
/// # Errors
/// What `start::begin` refuses.
pub fn unarchive(tx: &mut Tx, key: &str, body: Simple) -> Result<Outcome, Problem> {
    set_archived(tx, key, body, false)
}

fn set_archived(tx: &mut Tx, key: &str, body: Simple, archived: bool) -> Result<Outcome, Problem> {
    let mut definition = present(tx.world(), key)?;
    definition.archived = archived;
    let (trigger, action) =
        if archived { ("archive", "feature.archived") } else { ("unarchive", "feature.unarchived") };
    let wanted = Wanted::Become(Arc::new(definition));
    let ask = one(key, wanted, trigger, body.base_revision, body.start, body.supersede);
    make(tx, ask, body.dry_run, Kind::Feature, &key.into(), action)
}

/// Launches a variant of an experiment: everyone gets it.
///
/// # Errors
/// `Invalid` if it is no experiment or has no such variant; and what `start::begin` refuses.
pub fn launch(tx: &mut Tx, key: &str, body: Launch) -> Result<Outcome, Problem> {
    let mut definition = present(tx.world(), key)?;
    if definition.kind != model::Kind::Experiment {
        return Err(Problem::new(Code::Invalid, format!("feature `{key}` is no experiment")));
    }
    if !definition.has_variant(&body.variant) {
        let text = format!("experiment `{key}` has no variant `{}`", body.variant);
        return Err(Problem::new(Code::Invalid, text).at("/variant"));
    }
    definition.rules = vec![Rule {
        id: "launched".into(),
        description: None,
        condition: None,
        rollout: None,
        variant: Some(body.variant),
        split: None,
        otherwise: model::Otherwise::Next,
    }];
    definition.environments.values_mut().for_each(|block| block.rules = None);
    definition.environments.retain(|_, block| *block != model::EnvironmentBlock::default());
    let wanted = Wanted::Become(Arc::new(definition));
    let ask = one(key, wanted, "launch", body.base_revision, body.start, body.supersede);
    make(tx, ask, body.dry_run, Kind::Feature, &key.into(), "feature.launched")
}

/// Deletes a feature.
///
/// # Errors
/// `InUse`, and what `start::begin` refuses.
pub fn delete(tx: &mut Tx, key: &str, body: Simple) -> Result<Outcome, Problem> {
    exists(tx.world(), key)?;
    let ask = one(key, Wanted::Gone, "delete", body.base_revision, body.start, body.supersede);
    make(tx, ask, body.dry_run, Kind::Feature, &key.into(), "feature.deleted")
}

/// Attaches a feature to a pipeline, or detaches it.
///
/// # Errors
/// As [`attachment::set`].
pub fn pipeline(tx: &mut Tx, key: &str, body: SetPipeline) -> Result<Outcome, Problem> {
    attachment::set(tx, Kind::Feature, key, body)
}

/// Gives a feature other labels.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn tags(tx: &mut Tx, key: &str, body: Tags) -> Result<Outcome, Problem> {
    let feature = exists(tx.world(), key)?;
    if !tx.actor.grants.iter().any(|grant| grant.role.allows(Permission::Write)) {
        return Err(Problem::new(Code::Forbidden, format!("`{}` may not label features", tx.actor.id)));
    }
    let key: Key = key.into();
    tx.put(&key, Feature { tags: body.tags, ..Feature::clone(&feature) })?;
    Ok(Outcome::new("feature.tagged", Kind::Feature, &key, view(tx.world(), &tx.actor, tx.now, &key)?))
}

/// Adds a feature to a pipeline: it is attached, and a release starts that does what the phases do.
///
/// # Errors
/// `WrongState` if it is attached to another pipeline; and what `start::begin` refuses.
pub fn add_to_pipeline(tx: &mut Tx, pipeline: &str, body: AddToPipeline) -> Result<Outcome, Problem> {
    let feature = exists(tx.world(), &body.feature)?;
    attachment::usable(tx.world(), pipeline)?;
    if let Some(other) = feature.pipeline.as_ref().filter(|other| ***other != *pipeline) {
        let text = format!("feature `{}` is attached to pipeline `{other}`", body.feature);
        return Err(Problem::new(Code::WrongState, text).hint("remove it from there first"));
    }
    let mut start = body.start;
    if body.start_at.is_some() {
        start.start_at = body.start_at;
    }
    let ask = Ask {
        pipeline: Some(pipeline.into()),
        ..one(&body.feature, Wanted::Patched, ADD, None, start, false)
    };
    if !body.dry_run {
        may_join(tx, &feature)?;
        if ask.start.at.is_none() {
            join(tx, &body.feature, pipeline)?;
        }
    }
    make(tx, ask, body.dry_run, Kind::Feature, &body.feature, "pipeline.feature_added")
}

/// Refuses to attach a feature that is not attached yet to who may not, or may not alone.
fn may_join(tx: &Tx, feature: &Feature) -> Result<(), Problem> {
    if feature.pipeline.is_some() {
        return Ok(());
    }
    attachment::may_change(tx)?;
    second_person(tx)
}

/// Attaches a feature to the pipeline that it is added to.
fn join(tx: &mut Tx, key: &Key, pipeline: &str) -> Result<(), Problem> {
    let feature = exists(tx.world(), key)?;
    if feature.pipeline.is_none() {
        tx.put(key, Feature { pipeline: Some(pipeline.into()), ..Feature::clone(&feature) })?;
    }
    tx.tell(Fact {
        flagsmith: Some("RELEASE_PIPELINE_FEATURE_ADDED_MESSAGE".to_owned()),
        features: vec![Key::clone(key)],
        data: json!({ "pipeline": pipeline }),
        ..fact("pipeline.feature_added", format!("feature `{key}` was added to pipeline `{pipeline}`"))
    });
    Ok(())
}

/// Adds the features of a scheduled change to its pipeline, whose time has come.
///
/// # Errors
/// `Forbidden`, `NeedsSecondPerson`.
pub(super) fn join_scheduled(tx: &mut Tx, ask: &Ask) -> Result<(), Problem> {
    let Some(pipeline) = ask.pipeline.clone().filter(|_| ask.trigger == ADD) else { return Ok(()) };
    for key in ask.features.keys() {
        may_join(tx, &*exists(tx.world(), key)?)?;
        join(tx, key, &pipeline)?;
    }
    Ok(())
}

/// Removes a feature from its pipeline: an active release of it is aborted, or what is live of it is kept.
///
/// # Errors
/// `WrongState` if the release has a candidate and is to be kept; `ReasonRequired`, `Forbidden`.
pub fn remove_from_pipeline(
    tx: &mut Tx,
    pipeline: &str,
    feature: &str,
    body: RemoveFromPipeline,
) -> Result<Outcome, Problem> {
    let key: Key = feature.into();
    let present = exists(tx.world(), feature)?;
    if present.pipeline.as_deref() != Some(pipeline) {
        let text = format!("feature `{feature}` is not attached to pipeline `{pipeline}`");
        return Err(Problem::new(Code::WrongState, text));
    }
    attachment::may_change(tx)?;
    second_person(tx)?;
    if let Some(id) = tx.world().release_of(feature).cloned() {
        let run = effects::find(tx.world(), &id)?;
        let plan = &run.release.plan;
        allow(tx, Permission::Drive, &effects::environments(plan), "end its release")?;
        let reason = body.reason.clone().unwrap_or_else(|| format!("`{feature}` left its pipeline"));
        let kept = if body.keep { Some(keep(tx.world(), &run)?) } else { None };
        effects::drive(tx, &id, Input::Abort { by: tx.actor.clone(), reason })?;
        if let Some(folded) = kept {
            let author = Key::clone(&tx.actor.id);
            effects::write_all(tx, &folded, &author)?;
            validate::definitions(&tx.world().around(index::subjects(plan)))?;
        }
    }
    if let Some(feature) = tx.find::<Feature>(feature) {
        tx.put(&key, Feature { pipeline: None, ..Feature::clone(&feature) })?;
    }
    tx.tell(Fact {
        flagsmith: Some("RELEASE_PIPELINE_FEATURE_REMOVED_MESSAGE".to_owned()),
        features: vec![Key::clone(&key)],
        data: json!({ "pipeline": pipeline, "kept": body.keep }),
        ..fact(
            "pipeline.feature_removed",
            format!("feature `{feature}` was removed from pipeline `{pipeline}`"),
        )
    });
    let view = view(tx.world(), &tx.actor, tx.now, &key).unwrap_or_else(|_| json!({ "key": key }));
    Ok(Outcome::new("pipeline.feature_removed", Kind::Feature, &key, view).because(body.reason))
}

/// Refuses to change what is attached where that takes a proposal.
fn second_person(tx: &Tx) -> Result<(), Problem> {
    let asking = attachment::asking(tx.world());
    if asking.is_empty() {
        return Ok(());
    }
    let text = "the floor of a production environment asks for a second person";
    Err(Problem::new(Code::NeedsSecondPerson, text)
        .hint("attach or detach the feature itself: that makes a proposal, which another admin approves")
        .with("environments", asking))
}

/// What is live of a release, folded into the definitions; not of one with candidates, which are all or nothing.
fn keep(world: &World, run: &effects::Run) -> Result<tidegate::release::Folded, Problem> {
    let plan = &run.release.plan;
    let candidates = plan.features.values().any(|change| change.candidate.is_some())
        || plan.segments.values().any(|change| change.candidate.is_some());
    if candidates {
        let text = format!("release `{}` applies a candidate: what is live of it cannot be kept", plan.id);
        return Err(Problem::new(Code::WrongState, text).hint("abort it, or complete it by full roll out"));
    }
    Ok(effects::folded(world, plan, &run.state.state))
}

/// The ask of a change of one feature.
fn one(
    key: &str,
    wanted: Wanted<model::Feature>,
    trigger: &str,
    revision: Option<u64>,
    start: Start,
    supersede: bool,
) -> Ask {
    let subject: Key = key.into();
    let escaped = diff::escape(key).into_owned();
    Ask {
        features: [(Key::clone(&subject), wanted)].into(),
        base_revisions: revision.map(|revision| (subject, revision)).into_iter().collect(),
        trigger: trigger.to_owned(),
        start,
        supersede,
        places: vec![(format!("/features/{escaped}"), "/definition".to_owned())],
        ..Ask::default()
    }
}

/// A feature.
fn exists(world: &World, key: &str) -> Result<Arc<Feature>, Problem> {
    let row = world.features.get(key).ok_or_else(|| Problem::not_found("feature", key))?;
    Ok(Arc::clone(&row.body))
}

/// The definition of a feature that is not only being created.
fn present(world: &World, key: &str) -> Result<model::Feature, Problem> {
    let feature = exists(world, key)?;
    match &feature.definition {
        Some(definition) => Ok(model::Feature::clone(definition)),
        None => {
            let release = world.release_of(key);
            let text = format!("feature `{key}` is being created by a release");
            Err(Problem::new(Code::ReleaseActive, text)
                .hint("wait for its end, or save a definition with `supersede: true`")
                .with("releases", release))
        }
    }
}
