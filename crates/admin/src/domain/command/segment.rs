//! What is done to segments: as to features, changes that go live at once or as a release.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tidegate::model::{self, Key};
use tidegate::release::{Actor, Now};

use super::attachment::{self, SetPipeline};
use super::change::make;
use super::feature::Simple;
use crate::domain::entity::{Kind, Segment};
use crate::domain::start::{Ask, Start, Wanted};
use crate::domain::{Code, Outcome, Problem, Tx, World, diff, index, references};

/// A new segment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Its key.
    #[schema(value_type = String)]
    pub key: Key,
    /// Its condition.
    #[schema(value_type = Object)]
    pub definition: Arc<model::Segment>,
    /// The pipeline that it is attached to; then its creation is the first release.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub pipeline: Option<Key>,
    /// How the release starts.
    #[serde(default)]
    pub start: Start,
    /// Only tells what it would do.
    #[serde(default)]
    pub dry_run: bool,
}

/// A segment as it is to be.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Save {
    /// Its condition.
    #[schema(value_type = Object)]
    pub definition: Arc<model::Segment>,
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

/// Creates a segment.
///
/// # Errors
/// `AlreadyExists`, and what `start::begin` refuses.
pub fn create(tx: &mut Tx, body: Create) -> Result<Outcome, Problem> {
    if tx.row::<Segment>(&body.key).is_some() {
        let text = format!("there is a segment `{}`", body.key);
        return Err(Problem::new(Code::AlreadyExists, text).at("/key"));
    }
    if let Some(pipeline) = &body.pipeline {
        attachment::usable(tx.world(), pipeline)?;
    }
    let key = Key::clone(&body.key);
    let ask = Ask {
        pipeline: body.pipeline,
        ..one(&key, Wanted::Become(body.definition), "create", None, body.start, false)
    };
    make(tx, ask, body.dry_run, Kind::Segment, &key, "segment.created")
}

/// Saves a condition.
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
    make(tx, ask, body.dry_run, Kind::Segment, &key.into(), "segment.saved")
}

/// What a save would do.
///
/// # Errors
/// As [`save`].
pub fn preview(tx: &mut Tx, key: &str, body: Save) -> Result<Outcome, Problem> {
    save(tx, key, Save { dry_run: true, ..body })
}

/// Deletes a segment.
///
/// # Errors
/// `InUse`, and what `start::begin` refuses.
pub fn delete(tx: &mut Tx, key: &str, body: Simple) -> Result<Outcome, Problem> {
    exists(tx.world(), key)?;
    let ask = one(key, Wanted::Gone, "delete", body.base_revision, body.start, body.supersede);
    make(tx, ask, body.dry_run, Kind::Segment, &key.into(), "segment.deleted")
}

/// Attaches a segment to a pipeline, or detaches it.
///
/// # Errors
/// As [`attachment::set`].
pub fn pipeline(tx: &mut Tx, key: &str, body: SetPipeline) -> Result<Outcome, Problem> {
    attachment::set(tx, Kind::Segment, key, body)
}

fn one(
    key: &str,
    wanted: Wanted<model::Segment>,
    trigger: &str,
    revision: Option<u64>,
    start: Start,
    supersede: bool,
) -> Ask {
    let escaped = diff::escape(key).into_owned();
    Ask {
        segments: [(key.into(), wanted)].into(),
        base_revisions: revision.map(|revision| (index::segment(key), revision)).into_iter().collect(),
        trigger: trigger.to_owned(),
        start,
        supersede,
        places: vec![(format!("/segments/{escaped}"), "/definition".to_owned())],
        ..Ask::default()
    }
}

fn exists(world: &World, key: &str) -> Result<(), Problem> {
    if world.segments.contains_key(key) { Ok(()) } else { Err(Problem::not_found("segment", key)) }
}

/// A segment and its active release.
///
/// # Errors
/// If there is none.
pub fn view(world: &World, actor: &Actor, now: Now, key: &str) -> Result<Json, Problem> {
    let row = world.segments.get(key).ok_or_else(|| Problem::not_found("segment", key))?;
    let mut body = serde_json::to_value(&*row.body).unwrap_or(Json::Null);
    let release = world.release_of(&index::segment(key));
    let release = release.map(|id| super::release::summary(world, actor, now, id)).transpose()?;
    if let Json::Object(members) = &mut body {
        members.insert("key".to_owned(), json!(key));
        members.insert("revision".to_owned(), json!(row.revision));
        members.insert("active_release".to_owned(), json!(release));
    }
    Ok(body)
}

/// Segments, by key.
///
/// # Errors
/// None, in fact.
pub fn list(
    world: &World,
    actor: &Actor,
    now: Now,
    after: Option<&str>,
    limit: Option<usize>,
) -> Result<Json, Problem> {
    let keys = world.segments.keys().filter(|key| after.is_none_or(|after| ***key > *after));
    super::release::page(keys, limit, |key| view(world, actor, now, key))
}

/// Who uses a segment.
///
/// # Errors
/// If there is none.
pub fn users(world: &World, key: &str) -> Result<Json, Problem> {
    exists(world, key)?;
    Ok(json!({ "items": references::segment(world, key), "next": null }))
}
