//! Changes of several features and segments at once; and what every change has in common.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tidegate::model::{self, Key};

use super::schedule;
use crate::domain::entity::Kind;
use crate::domain::start::{Ask, Begun, Start, Wanted, begin};
use crate::domain::{Code, Outcome, Problem, Tx, diff, preview};

/// A change of several features and segments; they go live together, in one version of the snapshot.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Definitions of features by key; `null` deletes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub features: BTreeMap<Key, Option<Arc<model::Feature>>>,
    /// Definitions of segments by key; `null` deletes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub segments: BTreeMap<Key, Option<Arc<model::Segment>>>,
    /// The pipeline; absent: the one that they are attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub pipeline: Option<Key>,
    /// The definition revisions that it was written on, by key (of segments with `segment:` in front); of what exists, all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub base_revisions: BTreeMap<Key, u64>,
    /// How its release starts.
    #[serde(default)]
    pub start: Start,
    /// Takes the place of active releases.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub supersede: bool,
    /// Only tells what it would do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl Body {
    /// As it is asked for.
    pub(super) fn ask(&self, trigger: &str) -> Ask {
        let features = self.features.iter().map(|(key, definition)| (Key::clone(key), wanted(definition)));
        let segments = self.segments.iter().map(|(key, definition)| (Key::clone(key), wanted(definition)));
        let place = |section: &str, key: &Key| {
            let place = format!("/{section}/{}", diff::escape(key));
            (place.clone(), place)
        };
        let feature_places = self.features.keys().map(|key| place("features", key));
        let segment_places = self.segments.keys().map(|key| place("segments", key));
        Ask {
            features: features.collect(),
            segments: segments.collect(),
            base_revisions: self.base_revisions.clone(),
            pipeline: self.pipeline.clone(),
            tags: BTreeSet::new(),
            trigger: trigger.to_owned(),
            start: self.start.clone(),
            supersede: self.supersede,
            reverts: None,
            schedule: None,
            places: feature_places.chain(segment_places).collect(),
        }
    }
}

fn wanted<T>(definition: &Option<Arc<T>>) -> Wanted<T> {
    definition.as_ref().map_or(Wanted::Gone, |definition| Wanted::Become(Arc::clone(definition)))
}

/// Makes several changes at once.
///
/// # Errors
/// Why it is refused.
pub fn apply(tx: &mut Tx, body: Body) -> Result<Outcome, Problem> {
    check_revisions(tx, &body)?;
    let ask = body.ask("change");
    let first = ask.features.keys().next().or_else(|| ask.segments.keys().next());
    let key = first.cloned().unwrap_or_else(|| "".into());
    let kind = if ask.features.is_empty() { Kind::Segment } else { Kind::Feature };
    make(tx, ask, body.dry_run, kind, &key, "change.saved")
}

/// What a change would do.
///
/// # Errors
/// Why it would be refused.
pub fn preview(tx: &mut Tx, body: Body) -> Result<Outcome, Problem> {
    apply(tx, Body { dry_run: true, ..body })
}

/// What exists must come with the revision that the change was written on.
pub(super) fn check_revisions(tx: &Tx, body: &Body) -> Result<(), Problem> {
    let features = body.features.keys().filter(|key| tx.world().features.contains_key(*key)).cloned();
    let segments = body.segments.keys().filter(|key| tx.world().segments.contains_key(*key));
    let segments = segments.map(|key| crate::domain::index::segment(key));
    match features.chain(segments).find(|subject| !body.base_revisions.contains_key(subject)) {
        Some(subject) => {
            let text =
                format!("`{subject}` exists: the change must name the revision that it was written on");
            Err(Problem::new(Code::RevisionRequired, text).at("/base_revisions"))
        }
        None => Ok(()),
    }
}

/// Makes a change, schedules it, or only tells what it would do.
pub(super) fn make(
    tx: &mut Tx,
    ask: Ask,
    dry_run: bool,
    kind: Kind,
    key: &Key,
    action: &str,
) -> Result<Outcome, Problem> {
    if dry_run {
        return Ok(Outcome::new("change.previewed", kind, key, preview::change(tx, &ask)?));
    }
    if let Some(at) = ask.start.at {
        return schedule::make(tx, &ask, at);
    }
    let existed = match kind {
        Kind::Segment => tx.world().segments.contains_key(key),
        _ => tx.world().features.contains_key(key),
    };
    let begun = begin(tx, &ask)?;
    let outcome = answer(tx, &begun, kind, key, action)?;
    let live = begun.release.is_none();
    let outcome = if live && !existed { outcome.created() } else { outcome };
    Ok(outcome.because(ask.start.reason))
}

/// What a change that was made is answered with: 200 if it is live, 202 with its release else.
pub(super) fn answer(
    tx: &Tx,
    begun: &Begun,
    kind: Kind,
    key: &Key,
    action: &str,
) -> Result<Outcome, Problem> {
    let release = begun.release.as_ref();
    let release = release.map(|id| super::release::view(tx.world(), &tx.actor, tx.now, id)).transpose()?;
    let entity = match kind {
        Kind::Segment => super::segment::view(tx.world(), &tx.actor, tx.now, key).ok(),
        _ => super::feature::view(tx.world(), &tx.actor, tx.now, key).ok(),
    };
    let mut body = entity.unwrap_or_else(|| json!({ "key": key }));
    if let Some(members) = body.as_object_mut() {
        members.insert("live_at_once".to_owned(), json!(release.is_none()));
        members.insert("release".to_owned(), json!(release));
        members.insert("environments".to_owned(), json!(begun.touched));
        members.insert("opted_out".to_owned(), json!(begun.opted_out));
        members.insert("uncovered".to_owned(), preview::uncovered(begun));
    }
    let mut outcome = Outcome::new(action, kind, key, body);
    if release.is_some() {
        outcome.status = 202;
    }
    Ok(outcome)
}
