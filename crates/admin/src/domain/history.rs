//! What happened to a release, read from the log.

use serde::Serialize;
use tidegate::model::Key;

use super::entity::Kind;
use super::event::{AuditEvent, Fact};

/// One entry of a release's history.
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
    /// What came of it for the release, in order.
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
    Some(Entry {
        seq: event.seq,
        at: event.at,
        actor: Key::clone(&event.actor),
        action: event.action.clone(),
        reason: event.reason.clone(),
        facts,
    })
}
