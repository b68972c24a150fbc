//! What engines get: the rows of an environment's snapshot, and the document that they make up.
//!
//! ```text
//!   World ── rows(environment) ──▶ (kind, key, JSON) … ── in order ──▶ the document of version SnapshotHead
//!     │                               ▲
//!     └─ command ─▶ seal: only rows whose text differs ─▶ the store, and a new version where there are any
//! ```
//! Of a definition, an environment gets the shared part and its own block; of a release, the live phases that concern it,
//! with their current shares; no pipelines, no other environment (DESIGN §7).
//! INVARIANT: a document is a function of its rows and version; the same rows give the same bytes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tidegate::model::{self, Key, SCHEMA_VERSION};
use tidegate::release::{self, Pipeline, Status};

use super::entity::{Kind, SnapshotHead};
use super::event::Change;
pub use super::row::SnapshotRow;
use super::{Problem, Tx, World};

/// The kinds of rows, in document order, and the member of the document that they make up.
const SECTIONS: &[(Kind, &str, Shape)] = &[
    (Kind::Environment, "environments", Shape::Map),
    (Kind::Attribute, "attributes", Shape::Map),
    (Kind::Segment, "segments", Shape::Map),
    (Kind::Feature, "features", Shape::Map),
    (Kind::ExclusionGroup, "exclusion_groups", Shape::Map),
    (Kind::Release, "releases", Shape::List),
    (Kind::Kill, "kills", Shape::List),
];

/// How rows stand in the document.
#[derive(Clone, Copy)]
enum Shape {
    List,
    Map,
}

/// All rows of an environment, in document order: kind, key, JSON.
pub fn rows<'w>(world: &'w World, environment: &'w Key) -> impl Iterator<Item = (Kind, Key, String)> + 'w {
    SECTIONS.iter().flat_map(move |(kind, _, _)| section(world, Some(environment), *kind))
}

/// The rows of the environments whose text differs from before; `changes` says what was written in between.
#[must_use]
pub fn changed_rows(before: &World, after: &World, changes: &[Change]) -> Vec<SnapshotRow> {
    let touched: BTreeSet<(Kind, Key)> = changes.iter().filter_map(row_of).collect();
    let mut out = Vec::new();
    if touched.is_empty() {
        return out;
    }
    for environment in after.environments.keys() {
        let row = |kind, key, body| SnapshotRow { environment: Key::clone(environment), kind, key, body };
        if !before.environments.contains_key(environment) {
            out.extend(rows(after, environment).map(|(kind, key, body)| row(kind, key, Some(body))));
            continue;
        }
        for (kind, key) in &touched {
            let now = render(after, Some(environment), *kind, key);
            if now != render(before, Some(environment), *kind, key) {
                out.push(row(*kind, Key::clone(key), now));
            }
        }
    }
    for environment in before.environments.keys().filter(|key| !after.environments.contains_key(*key)) {
        let gone = rows(before, environment).map(|(kind, key, _)| SnapshotRow {
            environment: Key::clone(environment),
            kind,
            key,
            body: None,
        });
        out.extend(gone);
    }
    out
}

/// Gives each environment whose rows a command changed a new version, max(previous + 1, unix ms); the rows that changed.
/// The last thing that is done to the transaction of a command.
///
/// # Errors
/// If a head cannot be written as JSON.
pub fn seal(before: &World, tx: &mut Tx) -> Result<Vec<SnapshotRow>, Problem> {
    let rows = changed_rows(before, tx.world(), tx.changes());
    let moved: BTreeSet<Key> = rows.iter().map(|row| Key::clone(&row.environment)).collect();
    for environment in moved {
        if tx.world().environments.contains_key(&environment) {
            let previous = tx.find::<SnapshotHead>(&environment).map_or(0, |head| head.version);
            let version = u64::try_from(tx.now.wall).unwrap_or(0).max(previous + 1);
            tx.put(&environment, SnapshotHead { version })?;
        }
        // The head of an environment that is gone stays: should one of its name be made again, its version goes on.
    }
    Ok(rows)
}

/// The document of an environment: exactly the bytes that engines get.
#[must_use]
pub fn document(world: &World, environment: &Key) -> Vec<u8> {
    let version = world.snapshot_heads.get(environment).map_or(0, |row| row.body.version);
    assemble(environment, version, rows(world, environment))
}

/// The document of rows, which are in document order (that of [`rows`]).
#[must_use]
pub fn assemble(
    environment: &Key,
    version: u64,
    rows: impl IntoIterator<Item = (Kind, Key, String)>,
) -> Vec<u8> {
    let mut out = Text::new(version, Some(environment));
    for (kind, key, body) in rows {
        out.row(kind, &key, &body);
    }
    out.finish()
}

/// The document of everything, for the CLI and offline evaluation: all environments, all phases, the published pipelines.
#[must_use]
pub fn full_document(world: &World) -> Vec<u8> {
    let version = world.snapshot_heads.values().map(|row| row.body.version).max().unwrap_or(0);
    let mut out = Text::new(version, None);
    for (kind, _, _) in SECTIONS {
        for (kind, key, body) in section(world, None, *kind) {
            out.row(kind, &key, &body);
        }
    }
    out.member("pipelines", &json(&published(world)));
    out.finish()
}

/// The text of a row of an environment; none if there is no such row.
pub(crate) fn row(world: &World, environment: &Key, kind: Kind, key: &Key) -> Option<String> {
    render(world, Some(environment), kind, key)
}

/// The row that an entity is rendered as.
fn row_of(change: &Change) -> Option<(Kind, Key)> {
    match change.kind {
        Kind::Attribute | Kind::Environment | Kind::ExclusionGroup | Kind::Feature | Kind::Segment => {
            Some((change.kind, Key::clone(&change.key)))
        }
        Kind::Release | Kind::ReleaseState => Some((Kind::Release, Key::clone(&change.key))),
        Kind::Kill => {
            let (_, feature) = change.key.split_once('/')?;
            Some((Kind::Kill, feature.into()))
        }
        _ => None,
    }
}

/// The rows of a kind, by key; of the full document: with the environments in front of the keys of kills.
fn section<'w>(
    world: &'w World,
    environment: Option<&'w Key>,
    kind: Kind,
) -> Box<dyn Iterator<Item = (Kind, Key, String)> + 'w> {
    let keys: Box<dyn Iterator<Item = Key> + 'w> = match (kind, environment) {
        (Kind::Attribute, _) => Box::new(world.attributes.keys().cloned()),
        (Kind::Environment, _) => Box::new(world.environments.keys().cloned()),
        (Kind::ExclusionGroup, _) => Box::new(world.exclusion_groups.keys().cloned()),
        (Kind::Feature, _) => Box::new(world.features.keys().cloned()),
        (Kind::Segment, _) => Box::new(world.segments.keys().cloned()),
        (Kind::Release, _) => Box::new(world.running().cloned()),
        (Kind::Kill, None) => Box::new(world.kills.keys().cloned()),
        (Kind::Kill, Some(environment)) => {
            let kills = world.kills.values().filter(move |row| row.body.environment == *environment);
            let features: BTreeSet<Key> = kills.map(|row| Key::clone(&row.body.feature)).collect();
            Box::new(features.into_iter())
        }
        _ => Box::new(std::iter::empty()),
    };
    Box::new(keys.filter_map(move |key| render(world, environment, kind, &key).map(|body| (kind, key, body))))
}

/// The text of a row; none if there is no such row.
fn render(world: &World, environment: Option<&Key>, kind: Kind, key: &Key) -> Option<String> {
    match kind {
        Kind::Attribute => world.attributes.get(key).map(|row| json(&*row.body)),
        Kind::Environment => {
            let own = environment.is_none_or(|environment| environment == key);
            world.environments.get(key).filter(|_| own).map(|row| json(&row.body.to_model()))
        }
        Kind::ExclusionGroup => world.exclusion_groups.get(key).map(|row| json(&*row.body)),
        Kind::Feature => {
            let definition = world.features.get(key)?.body.definition.as_deref()?;
            Some(json(&*own_block(definition, environment)))
        }
        Kind::Segment => world.segments.get(key)?.body.definition.as_deref().map(json),
        Kind::Release => served(world, environment, key).map(|release| json(&release)),
        Kind::Kill => {
            let row = match environment {
                Some(environment) => world.kills.get(&*format!("{environment}/{key}"))?,
                None => world.kills.get(key)?,
            };
            let kill = model::Kill {
                feature: Key::clone(&row.body.feature),
                environment: Key::clone(&row.body.environment),
                reason: Some(row.body.reason.clone()),
            };
            Some(json(&kill))
        }
        _ => None,
    }
}

/// A definition with no other environment's block.
pub(crate) fn own_block<'d>(
    definition: &'d model::Feature,
    environment: Option<&Key>,
) -> Cow<'d, model::Feature> {
    let Some(environment) = environment else { return Cow::Borrowed(definition) };
    if definition.environments.keys().all(|key| key == environment) {
        return Cow::Borrowed(definition);
    }
    let mut own = definition.clone();
    own.environments.retain(|key, _| key == environment);
    Cow::Owned(own)
}

/// A running release as it is served.
pub(crate) fn served(world: &World, environment: Option<&Key>, id: &Key) -> Option<model::Release> {
    let state = &world.release_states.get(id)?.body.state;
    if state.status != Status::Running {
        return None;
    }
    let plan = &world.releases.get(id)?.body.plan;
    let served = release::served(plan, state);
    let Some(environment) = environment else { return Some(served) };
    // What is being created is unknown here until its first phase is live: nothing that is served refers to it (`start`
    // sees to that).
    let mut served = release::for_environment(&served, environment)?;
    served.description = None;
    Some(served)
}

/// The published pipelines, as they are shown.
fn published(world: &World) -> BTreeMap<Key, model::Pipeline> {
    let one = |(key, row): (&Key, &super::Row<super::entity::PipelineRecord>)| {
        let version = row.body.published?;
        let body = &world.pipeline_versions.get(&*format!("{key}@{version}"))?.body.body;
        Some((Key::clone(key), shown(body, version)))
    };
    world.pipelines.iter().filter_map(one).collect()
}

/// A pipeline version as documents show it.
fn shown(pipeline: &Pipeline, version: u32) -> model::Pipeline {
    let phase = |phase: &release::Phase| {
        let trigger = &phase.entry.trigger;
        let timed = trigger.wait_for_s.is_some() || trigger.at.is_some();
        let role = |role: &release::Role| serde_json::to_value(role).ok()?.as_str().map(Key::from);
        let entry = model::Entry {
            trigger: timed.then(|| model::Trigger { wait_for_s: trigger.wait_for_s, at: trigger.at.clone() }),
            approvals: phase.entry.approvals.as_ref().map(|approvals| model::Approvals {
                count: approvals.count,
                role: approvals.role.as_ref().and_then(role),
            }),
            requires: Vec::new(),
        };
        let steps = |ramp: &release::Ramp| {
            let steps = ramp.steps();
            steps.iter().map(|step| model::RampStep { percent: step.percent, hold_s: step.hold_s }).collect()
        };
        let guards = phase.guards.iter();
        model::PipelinePhase {
            id: Key::clone(&phase.id),
            description: phase.description.clone(),
            target: phase.target.clone(),
            entry: (entry != model::Entry::default()).then_some(entry),
            ramp: phase.ramp.as_ref().map(|ramp| model::RampSchedule { steps: steps(ramp) }),
            propagation: phase
                .propagation
                .map(|asked| model::Propagation { percent: asked.percent, timeout_s: asked.timeout_s }),
            bake_s: (phase.bake_s > 0).then_some(phase.bake_s),
            guards: guards
                .map(|guard| model::Guard {
                    id: Key::clone(&guard.id),
                    description: guard.description.clone(),
                })
                .collect(),
        }
    };
    model::Pipeline {
        version,
        description: pipeline.description.clone(),
        phases: pipeline.phases.iter().map(phase).collect(),
    }
}

/// JSON of what always can be written as JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// A document as it is written.
struct Text {
    out: String,
    open: Option<(Kind, Shape)>,
}

impl Text {
    fn new(version: u64, environment: Option<&Key>) -> Self {
        let mut out = format!("{{\"schema_version\":{SCHEMA_VERSION},\"version\":{version}");
        if let Some(environment) = environment {
            out.push_str(",\"environment\":");
            out.push_str(&json(environment));
        }
        Self { out, open: None }
    }

    fn row(&mut self, kind: Kind, key: &Key, body: &str) {
        let Some((_, name, shape)) = SECTIONS.iter().find(|(known, _, _)| *known == kind) else { return };
        if self.open.is_some_and(|(open, _)| open == kind) {
            self.out.push(',');
        } else {
            self.close();
            self.out.push_str(",\"");
            self.out.push_str(name);
            self.out.push_str(match shape {
                Shape::List => "\":[",
                Shape::Map => "\":{",
            });
            self.open = Some((kind, *shape));
        }
        if matches!(shape, Shape::Map) {
            self.out.push_str(&json(key));
            self.out.push(':');
        }
        self.out.push_str(body);
    }

    fn member(&mut self, name: &str, body: &str) {
        self.close();
        self.out.push_str(&format!(",\"{name}\":{body}"));
    }

    fn close(&mut self) {
        match self.open.take() {
            Some((_, Shape::List)) => self.out.push(']'),
            Some((_, Shape::Map)) => self.out.push('}'),
            None => {}
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.close();
        self.out.push('}');
        self.out.into_bytes()
    }
}
