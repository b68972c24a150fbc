//! The audit log: one event a command.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tidegate::model::Key;
use tidegate::release::ActorKind;

use super::entity::Kind;

/// One entry of the log. Its hash is SHA-256 over the hash before it (hex) and the exact bytes of its JSON.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEvent {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// When (wall clock, ms).
    pub at: i64,
    /// When, in server uptime (ms).
    pub uptime: u64,
    /// Who.
    pub actor: Key,
    /// What they are.
    pub actor_kind: ActorKind,
    /// The token that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Key>,
    /// What was done: `feature.saved`, `release.approved`, `timer.fired`, …
    pub action: String,
    /// What it was done to.
    pub subject: Subject,
    /// The reason given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What happened, in order: what webhooks and `GET /events` tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// What was written, in order; folding these rebuilds the state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// What an event is about.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The kind.
    pub kind: Kind,
    /// The key.
    pub key: Key,
}

/// Something that happened, for people and webhooks.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Its name: `release.awaiting_approval`, `phase.started`, `phase.completed`, `release.completed`, `release.aborted`,
    /// `release.paused`, `feature.killed`, `guard.breached`, …
    pub name: String,
    /// Flagsmith's name of it, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flagsmith: Option<String>,
    /// The release that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Key>,
    /// The features that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Key>,
    /// The environments that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<Key>,
    /// One sentence.
    pub text: String,
    /// Its own fields.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub data: Json,
}

/// An entity that was written.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The kind.
    pub kind: Kind,
    /// The key.
    pub key: Key,
    /// Its revision now: the number of this event.
    pub revision: u64,
    /// Before; `null` if it is new.
    pub before: Json,
    /// Now; `null` if it was removed.
    pub after: Json,
}
