//! Pipelines: draft → published (an immutable version) → archived.
//!
//! ```text
//!   create ─▶ draft ── publish ─▶ version 1 ── update ─▶ version 1 + draft ── publish ─▶ version 2     running releases keep theirs
//!               ▲                   │ unpublish (while unused)
//!               └───────────────────┘                              archive (while unused) ─▶ archived ─▶ delete
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use tidegate::model::Key;
use tidegate::release::{Coverage, Permission, Pipeline, coverage};

use super::access::{self, Because, allow};
use crate::domain::catalogue::fact;
use crate::domain::entity::{Kind, PipelineRecord, PipelineVersion};
use crate::domain::event::Fact;
use crate::domain::references::{unused, version_key};
use crate::domain::validate::{self, Found};
use crate::domain::{Code, Outcome, Problem, Tx, World, references, view};

#[cfg(test)]
mod tests;

/// `POST /pipelines`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePipeline {
    /// Letters, digits, `-`, `_`, `.`.
    #[schema(value_type = String)]
    pub key: Key,
    /// The draft; it may have no phase yet.
    #[schema(value_type = Object)]
    pub body: Pipeline,
}

/// `PUT /pipelines/{key}`: the draft, as a whole.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePipeline {
    /// The draft.
    #[schema(value_type = Object)]
    pub body: Pipeline,
    /// The revision of the pipeline that it was written on.
    #[serde(default)]
    pub base_revision: Option<u64>,
}

/// `POST /pipelines/{key}/publish`.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishPipeline {
    /// The revision that was looked at; if given, another is refused.
    #[serde(default)]
    pub base_revision: Option<u64>,
    /// The reason, for the log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// `POST /pipelines/{key}/clone`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClonePipeline {
    /// The key of the new pipeline.
    #[schema(value_type = String)]
    pub key: Key,
}

/// Makes a pipeline: a draft.
///
/// # Errors
/// `Forbidden`, `Invalid`, `AlreadyExists`.
pub fn create(tx: &mut Tx, body: CreatePipeline) -> Result<Outcome, Problem> {
    may_write(tx, &[&body.body])?;
    free(tx, &body.key)?;
    under_body(validate::draft(&body.body))?;
    let outcome = insert(tx, &body.key, Arc::new(body.body), None)?;
    tell(tx, "created", &body.key, "created", None);
    Ok(outcome("pipeline.created", tx))
}

/// Writes the draft; what is published stays.
///
/// # Errors
/// `NotFound`, `Forbidden`, `RevisionRequired`, `Stale`, `WrongState` (archived), `Invalid`.
pub fn update(tx: &mut Tx, key: &str, body: UpdatePipeline) -> Result<Outcome, Problem> {
    let (key, record, revision) = find(tx, key)?;
    let current = current(tx.world(), &key, &record);
    may_write(tx, &[&body.body, current.as_deref().unwrap_or(&body.body)])?;
    access::base_revision(body.base_revision, revision)?;
    writable(&key, &record)?;
    under_body(validate::draft(&body.body))?;
    let published = record.published.and_then(|version| self::version(tx.world(), &key, version));
    // Written back to what is published, there is nothing left to publish.
    let draft = published.is_none_or(|version| *version.body != body.body).then(|| Arc::new(body.body));
    put(tx, &key, PipelineRecord { draft, ..record }, "updated", "updated", None)
}

/// Makes the draft the next version, which never changes; releases that run keep theirs.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Stale`, `WrongState` (archived), `AlreadyPublished` (no draft), `Invalid`: what it names
/// does not exist, or its phases leave an environment uncovered that takes part in pipelines.
pub fn publish(tx: &mut Tx, key: &str, body: PublishPipeline) -> Result<Outcome, Problem> {
    let (key, record, revision) = find(tx, key)?;
    let current = current(tx.world(), &key, &record);
    may_write(tx, &current.as_deref().into_iter().collect::<Vec<_>>())?;
    if body.base_revision.is_some() {
        access::base_revision(body.base_revision, revision)?;
    }
    writable(&key, &record)?;
    let Some(draft) = record.draft.clone() else {
        let version = record.published.unwrap_or_default();
        return Err(Problem::new(
            Code::AlreadyPublished,
            format!("pipeline `{key}` is already published as version {version}, and has no draft"),
        )
        .hint("write a draft first")
        .with("version", version));
    };
    validate::pipeline_in(tx.world(), &draft)?;
    covers(tx.world(), &draft)?;
    let version = record.last_version + 1;
    let published = PipelineVersion {
        pipeline: Key::clone(&key),
        version,
        body: draft,
        published_at: tx.now.wall,
        published_by: Key::clone(&tx.actor.id),
    };
    tx.put(&version_key(&key, version).into(), published)?;
    let record = PipelineRecord { draft: None, published: Some(version), last_version: version, ..record };
    put(tx, &key, record, "published", "published", body.reason)
}

/// Takes the published version back, while nothing uses the pipeline; it becomes the draft unless there is a newer one.
///
/// # Errors
/// `NotFound`, `Forbidden`, `WrongState` (not published), `InUse`.
pub fn unpublish(tx: &mut Tx, key: &str, body: Because) -> Result<Outcome, Problem> {
    let (key, record, _) = find(tx, key)?;
    let current = current(tx.world(), &key, &record);
    may_write(tx, &current.as_deref().into_iter().collect::<Vec<_>>())?;
    let published = record.published.and_then(|version| self::version(tx.world(), &key, version));
    let Some(published) = published else {
        return Err(Problem::new(Code::WrongState, format!("pipeline `{key}` is not published")));
    };
    unused("pipeline", &key, &references::pipeline(tx.world(), &key))?;
    let draft = record.draft.clone().or_else(|| Some(Arc::clone(&published.body)));
    let record = PipelineRecord { draft, published: None, ..record };
    put(tx, &key, record, "unpublished", "Converted to Draft", body.reason)
}

/// Makes a new pipeline whose draft is the draft of this one, or what it has published.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `AlreadyExists`.
pub fn clone(tx: &mut Tx, key: &str, body: ClonePipeline) -> Result<Outcome, Problem> {
    let (key, record, _) = find(tx, key)?;
    let draft = current(tx.world(), &key, &record).unwrap_or_default();
    may_write(tx, &[&draft])?;
    free(tx, &body.key)?;
    let outcome = insert(tx, &body.key, draft, Some(Key::clone(&key)))?;
    tell(tx, "cloned", &body.key, "cloned", Some(&key));
    Ok(outcome("pipeline.cloned", tx))
}

/// Puts a pipeline away that nothing uses: it cannot be attached, started or written any more.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse`.
pub fn archive(tx: &mut Tx, key: &str, body: Because) -> Result<Outcome, Problem> {
    let (key, record, _) = find(tx, key)?;
    let current = current(tx.world(), &key, &record);
    may_write(tx, &current.as_deref().into_iter().collect::<Vec<_>>())?;
    unused("pipeline", &key, &references::pipeline(tx.world(), &key))?;
    put(tx, &key, PipelineRecord { archived: true, ..record }, "archived", "archived", body.reason)
}

/// Deletes a pipeline that nothing uses, with its versions; releases that ended keep what they ran.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse`.
pub fn delete(tx: &mut Tx, key: &str, body: Because) -> Result<Outcome, Problem> {
    let (key, record, _) = find(tx, key)?;
    let current = current(tx.world(), &key, &record);
    may_write(tx, &current.as_deref().into_iter().collect::<Vec<_>>())?;
    unused("pipeline", &key, &references::pipeline(tx.world(), &key))?;
    for version in 1..=record.last_version {
        tx.remove::<PipelineVersion>(&version_key(&key, version))?;
    }
    tx.remove::<PipelineRecord>(&key)?;
    tell(tx, "deleted", &key, "deleted", None);
    Ok(Outcome::new("pipeline.deleted", Kind::Pipeline, &key, ()).because(body.reason))
}

/// The environments that take part in pipelines and that no phase covers at all.
#[must_use]
pub fn uncovered(world: &World, pipeline: &Pipeline) -> Vec<Key> {
    let taking_part = world.environments.iter().filter(|(_, row)| row.body.pipelines);
    let names: Vec<Key> = taking_part.map(|(name, _)| Key::clone(name)).collect();
    let uncovered = coverage(&pipeline.phases, &names).into_iter().filter(|(_, it)| *it == Coverage::Not);
    uncovered.map(|(name, _)| name).collect()
}

/// What is published of a pipeline, by version.
#[must_use]
pub fn version(world: &World, key: &str, version: u32) -> Option<Arc<PipelineVersion>> {
    world.pipeline_versions.get(&*version_key(key, version)).map(|row| Arc::clone(&row.body))
}

fn covers(world: &World, pipeline: &Pipeline) -> Result<(), Problem> {
    let uncovered = uncovered(world, pipeline);
    if uncovered.is_empty() || pipeline.allow_uncovered {
        return Ok(());
    }
    let list = uncovered.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let mut found =
        Found::new("uncovered", "/phases", format!("no phase is for {list}, which take part in pipelines"));
    found.hint = Some("add a phase for them, let them opt out, or set `allow_uncovered`".to_owned());
    validate::refuse(vec![found]).map_err(|problem| problem.with("uncovered", uncovered))
}

/// The draft, or else what is published.
fn current(world: &World, key: &Key, record: &PipelineRecord) -> Option<Arc<Pipeline>> {
    let published = || version(world, key, record.published?).map(|version| Arc::clone(&version.body));
    record.draft.clone().or_else(published)
}

/// Whether phases are for every environment, and those that they name.
fn environments(pipelines: &[&Pipeline]) -> (bool, BTreeSet<Key>) {
    let (mut everywhere, mut named) = (false, BTreeSet::new());
    for phase in pipelines.iter().flat_map(|pipeline| &pipeline.phases) {
        match &phase.target {
            None => everywhere = true,
            Some(target) => {
                for rule in target {
                    everywhere |= rule.environments.is_none();
                    named.extend(rule.environments.iter().flatten().cloned());
                }
            }
        }
    }
    (everywhere, named)
}

/// Who writes a pipeline must be let to write where it goes; one without any phase goes everywhere.
fn may_write(tx: &Tx, pipelines: &[&Pipeline]) -> Result<(), Problem> {
    let (everywhere, named) = environments(pipelines);
    let empty = BTreeSet::new();
    allow(tx, Permission::Write, if everywhere { &empty } else { &named }, "write this pipeline")
}

fn find(tx: &Tx, key: &str) -> Result<(Key, PipelineRecord, u64), Problem> {
    let row = tx.row::<PipelineRecord>(key).ok_or_else(|| Problem::not_found("pipeline", key))?;
    Ok((key.into(), PipelineRecord::clone(&row.body), row.revision))
}

fn free(tx: &Tx, key: &Key) -> Result<(), Problem> {
    validate::name("a pipeline", key, "/key")?;
    match tx.row::<PipelineRecord>(key) {
        None => Ok(()),
        Some(_) => Err(Problem::new(Code::AlreadyExists, format!("there is a pipeline `{key}`")).at("/key")),
    }
}

fn writable(key: &Key, record: &PipelineRecord) -> Result<(), Problem> {
    if !record.archived {
        return Ok(());
    }
    Err(Problem::new(Code::WrongState, format!("pipeline `{key}` is archived")).hint("clone it"))
}

/// A problem of a pipeline, placed in a request that has it under `body`.
fn under_body(checked: Result<(), Problem>) -> Result<(), Problem> {
    checked.map_err(|mut problem| {
        problem.pointer = problem.pointer.map(|pointer| format!("/body{pointer}"));
        let list = problem.more.get_mut("problems").and_then(|list| list.as_array_mut());
        for found in list.into_iter().flatten() {
            if let Some(pointer) = found.get_mut("pointer") {
                *pointer = format!("/body{}", pointer.as_str().unwrap_or_default()).into();
            }
        }
        problem
    })
}

fn insert(
    tx: &mut Tx,
    key: &Key,
    draft: Arc<Pipeline>,
    cloned_from: Option<Key>,
) -> Result<impl FnOnce(&str, &Tx) -> Outcome + use<>, Problem> {
    // Releases remember `key@version` for ever: versions of a pipeline of the same key go on from there.
    let releases = tx.world().releases.iter().map(|(_, row)| &row.body.plan.pipeline);
    let last_version =
        releases.filter(|pipeline| pipeline.key == *key).map(|pipeline| pipeline.version).max();
    let record = PipelineRecord {
        draft: Some(draft),
        published: None,
        last_version: last_version.unwrap_or_default(),
        archived: false,
        cloned_from,
        created_at: tx.now.wall,
        author: Key::clone(&tx.actor.id),
    };
    tx.put(key, record)?;
    let key = Key::clone(key);
    Ok(move |action: &str, tx: &Tx| {
        Outcome::new(action, Kind::Pipeline, &key, view::pipeline(tx.world(), &key, tx.now.wall)).created()
    })
}

fn put(
    tx: &mut Tx,
    key: &Key,
    record: PipelineRecord,
    action: &str,
    done: &str,
    reason: Option<String>,
) -> Result<Outcome, Problem> {
    let before = tx.world().seq;
    if tx.put(key, record)? > before {
        tell(tx, action, key, done, None);
    }
    let shown = view::pipeline(tx.world(), key, tx.now.wall);
    Ok(Outcome::new(&format!("pipeline.{action}"), Kind::Pipeline, key, shown).because(reason))
}

/// Tells it, in Flagsmith's words where it has some; `archived` it has not.
fn tell(tx: &mut Tx, action: &str, key: &Key, done: &str, from: Option<&Key>) {
    let flagsmith =
        (action != "archived").then(|| format!("RELEASE_PIPELINE_{}_MESSAGE", action.to_ascii_uppercase()));
    let record = tx.row::<PipelineRecord>(key);
    let version = record.and_then(|row| row.body.published);
    let data = serde_json::json!({ "pipeline": key, "version": version, "cloned_from": from });
    let text = format!("Release Pipeline: {key} {done}");
    tx.tell(Fact { flagsmith, data, ..fact(&format!("pipeline.{action}"), text) });
}
