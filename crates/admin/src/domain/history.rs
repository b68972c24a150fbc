//! What happened to a release or a feature, read from the log.

use std::collections::BTreeSet;

use serde::Serialize;
use tidegate::model::Key;

use super::World;
use super::entity::Kind;
use super::event::{AuditEvent, Fact};

/// One entry of the history of a release or feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The number of the event.
    pub seq: u64,
    /// When (wall clock, ms).
    pub at: i64,
    /// Who.
    pub actor: Key,
    /// What was done.
    pub action: String,
    /// The reason given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What came of it for the release or feature, in order.
    pub facts: Vec<Fact>,
}

/// The entry of an event in the history of a release; none if it does not concern it.
#[must_use]
pub fn entry(event: &AuditEvent, release: &str) -> Option<Entry> {
    let written = event
        .changes
        .iter()
        .any(|change| matches!(change.kind, Kind::Release | Kind::ReleaseState) && *change.key == *release);
    let facts: Vec<Fact> =
        event.facts.iter().filter(|fact| fact.release.as_deref() == Some(release)).cloned().collect();
    if !written && facts.is_empty() {
        return None;
    }
    Some(of(event, facts))
}

/// The releases that a feature is or was in.
#[must_use]
pub fn releases_of(world: &World, feature: &str) -> BTreeSet<Key> {
    let has =
        |(_, row): &(&Key, &super::Row<super::entity::Release>)| row.body.plan.features.contains_key(feature);
    world.releases.iter().filter(has).map(|(id, _)| Key::clone(id)).collect()
}

/// The entry of an event in the history of a feature, with its releases; none if it does not concern it.
#[must_use]
pub fn entry_of_feature(event: &AuditEvent, feature: &str, releases: &BTreeSet<Key>) -> Option<Entry> {
    let written = event.changes.iter().any(|change| match change.kind {
        Kind::Feature => *change.key == *feature,
        Kind::Kill => change.key.split_once('/').is_some_and(|(_, key)| key == feature),
        Kind::Release | Kind::ReleaseState => releases.contains(&change.key),
        _ => false,
    });
    let about = |fact: &&Fact| {
        fact.features.iter().any(|key| **key == *feature)
            || fact.release.as_ref().is_some_and(|release| releases.contains(release))
    };
    let facts: Vec<Fact> = event.facts.iter().filter(about).cloned().collect();
    (written || !facts.is_empty()).then(|| of(event, facts))
}

fn of(event: &AuditEvent, facts: Vec<Fact>) -> Entry {
    Entry {
        seq: event.seq,
        at: event.at,
        actor: Key::clone(&event.actor),
        action: event.action.clone(),
        reason: event.reason.clone(),
        facts,
    }
}
