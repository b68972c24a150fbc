//! The entities: rows of JSON, by kind and key.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidegate::Value;
use tidegate::model::{self, Key};
use tidegate::release::{ActorKind, Floor, Grant, Pipeline, Plan, State};

use super::event::Fact;

/// The kinds of entity.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the struct of that name")]
pub enum Kind {
    Attribute,
    Environment,
    ExclusionGroup,
    Feature,
    Kill,
    Pipeline,
    PipelineVersion,
    Principal,
    Proposal,
    Release,
    ReleaseState,
    Schedule,
    SdkKey,
    Segment,
    SigningKey,
    SnapshotHead,
    Token,
    Webhook,
}

/// A typed attribute declaration; key: the attribute's name.
pub type Attribute = model::Attribute;
/// An exclusion group; key: its name.
pub type ExclusionGroup = model::ExclusionGroup;

/// An environment; key: its name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether production traffic is served there.
    #[serde(default)]
    pub production: bool,
    /// Whether it takes part in pipelines (Statsig: pipeline-required environment); else edits go live there at once.
    #[serde(default = "yes")]
    pub pipelines: bool,
    /// What it asks at least of every release that touches it.
    #[serde(default)]
    pub floor: Floor,
}

impl Environment {
    /// As it is shown in a snapshot.
    #[must_use]
    pub fn to_model(&self) -> model::Environment {
        model::Environment { production: self.production, description: self.description.clone() }
    }
}

fn yes() -> bool {
    true
}

/// A feature; key: the feature's.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// What is served outside releases; `null` while a release is creating it.
    pub definition: Option<Arc<model::Feature>>,
    /// Grows with each change of `definition`.
    pub definition_revision: u64,
    /// The pipeline that changes go through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Key>,
    /// Who wrote the definition.
    pub author: Key,
    /// When it was made (ms).
    pub created_at: i64,
    /// When it was last changed (ms).
    pub updated_at: i64,
    /// Free labels, to find it by.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
}

/// A segment; key: the segment's. Like a feature, it may be attached to a pipeline.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// What is served outside releases; `null` while a release is creating it.
    pub definition: Option<Arc<model::Segment>>,
    /// Grows with each change of `definition`.
    pub definition_revision: u64,
    /// The pipeline that changes go through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Key>,
    /// Who wrote the definition.
    pub author: Key,
    /// When it was made (ms).
    pub created_at: i64,
    /// When it was last changed (ms).
    pub updated_at: i64,
}

/// A pipeline; key: its key. Its published versions are entities of their own.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineRecord {
    /// What is being written; absent: nothing since the last publication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Arc<Pipeline>>,
    /// The version that new releases run; absent: none is published (draft, or unpublished).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<u32>,
    /// The last version that was published, from 1; 0 if none.
    pub last_version: u32,
    /// It cannot be attached or started any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// The pipeline that it was cloned from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloned_from: Option<Key>,
    /// When it was made (ms).
    pub created_at: i64,
    /// Who made it.
    pub author: Key,
}

/// A published version; key: `<pipeline>@<version>`. Never changes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineVersion {
    /// The pipeline.
    pub pipeline: Key,
    /// The version.
    pub version: u32,
    /// What it is.
    pub body: Arc<Pipeline>,
    /// When it was published (ms).
    pub published_at: i64,
    /// By whom.
    pub published_by: Key,
}

/// What a release will do; key: the release's id. Never changes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The plan.
    pub plan: Arc<Plan>,
    /// When it started (ms).
    pub created_at: i64,
    /// What was done to it that started it: `edit`, `create`, `enable`, `archive`, … (delivery.md S4 and DESIGN §6).
    pub trigger: String,
    /// Of a staged revert: the release that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts: Option<Key>,
    /// `definition_revision`s of the features (and `segment:…`) when it started.
    pub base_revisions: std::collections::BTreeMap<Key, u64>,
}

/// Where a release is; key: the release's id.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseState {
    /// The state.
    pub state: Arc<State>,
    /// When it wants a tick.
    pub next_wake: tidegate::release::NextWake,
    /// When it last changed (ms).
    pub updated_at: i64,
    /// When it ended (ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// Of a completed release: the definition revisions that its completion made, to tell whether they were edited since.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub completed_revisions: std::collections::BTreeMap<Key, u64>,
}

/// A feature that is killed in an environment; key: `<environment>/<feature>`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// The feature.
    pub feature: Key,
    /// The environment.
    pub environment: Key,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: Key,
    /// When (ms).
    pub at: i64,
}

/// A change that is to be made later; key: its id.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When (wall clock, ms).
    pub at: i64,
    /// The change, as it would be sent to be saved now (JSON of the save command).
    pub change: Value,
    /// `definition_revision`s that it was written on.
    pub base_revisions: std::collections::BTreeMap<Key, u64>,
    /// Where it is.
    pub status: ScheduleStatus,
    /// Why it is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The release that it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Key>,
    /// Who made it.
    pub by: Key,
    /// When it was made (ms).
    pub created_at: i64,
}

/// Where a scheduled change is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleStatus {
    /// It was made.
    Applied,
    /// It was taken back.
    Cancelled,
    /// It waits.
    Pending,
    /// Its time came, and it could not be made; nothing was.
    Suspended,
}

/// A person or service account; key: its id.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// What it is.
    pub kind: ActorKind,
    /// Its name, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// It can do nothing any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// When it was made (ms).
    pub created_at: i64,
}

/// A change that a second person must approve before it is made; key: its id.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// What it would change.
    pub change: Proposed,
    /// The revision of the entity that it would change; if that is another by then, it cannot be approved.
    pub base_revision: u64,
    /// The environments whose floor asks for the second person.
    pub environments: Vec<Key>,
    /// Where it is.
    pub status: ProposalStatus,
    /// Who made it.
    pub by: Key,
    /// When it was made (ms).
    pub created_at: i64,
    /// Why it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who approved or rejected it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Key>,
    /// When (ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<i64>,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What a proposal would change.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Proposed {
    /// A feature or segment gets another pipeline, or none.
    Attachment {
        /// `feature` or `segment`.
        of: Kind,
        /// Its key.
        key: Key,
        /// The pipeline.
        pipeline: Option<Key>,
    },
    /// An environment is deleted.
    EnvironmentDeletion {
        /// Its name.
        environment: Key,
    },
    /// An environment becomes this.
    EnvironmentUpdate {
        /// Its name.
        environment: Key,
        /// What it becomes.
        body: Environment,
    },
}

/// Where a proposal is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalStatus {
    /// It was approved, and made.
    Approved,
    /// It waits for a second person.
    Pending,
    /// It was rejected, or taken back.
    Rejected,
}

/// An API token; key: its id (not secret). When it was last used is not part of the log.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Whose it is.
    pub principal: Key,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// SHA-256 of the secret, in hex.
    pub hash: String,
    /// When it was made (ms).
    pub created_at: i64,
    /// When it ends (ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// When it was revoked (ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
    /// It gives way at its first use to make another token: the one-time admin token of the first start.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
}

/// A key that SDKs authenticate with; key: its id (not secret). What it lets them see is one environment's snapshot.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SdkKey {
    /// The environment.
    pub environment: Key,
    /// Who uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// SHA-256 of the secret, in hex.
    pub hash: String,
    /// Who made it.
    pub by: Key,
    /// When it was made (ms).
    pub created_at: i64,
    /// When it was revoked (ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
}

/// A key that snapshots are signed with (Ed25519); key: its id, the first 16 hex digits of the public key's SHA-256.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// The public key, in base64url.
    pub public: String,
    /// The secret, encrypted under the server's key file; gone once the key is retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// Where it is in its life.
    pub state: SigningState,
    /// What lets clients that trust an earlier key trust this one; none of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement: Option<Endorsement>,
    /// When it was made (ms).
    pub created_at: i64,
    /// When it began to sign (ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated_at: Option<i64>,
    /// When it was retired (ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<i64>,
}

impl SigningKey {
    /// Whether clients are to learn of it: unless it was dropped before it ever signed.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.state != SigningState::Retired || self.activated_at.is_some()
    }
}

/// Where a signing key is in its life.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SigningState {
    /// It signs; there is one at most.
    Active,
    /// It will sign after the next rotation; clients learn of it already.
    Next,
    /// It signs nothing any more, and its secret is gone.
    Retired,
    /// It was replaced; what it signed is still good, and so are connection strings that pin it.
    Retiring,
}

/// A signing key's word for another one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// The id of the key that signed it.
    pub by: Key,
    /// The signed text (compact JWS).
    pub token: String,
}

/// A webhook endpoint; key: its id.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where deliveries are posted; `http` or `https`.
    pub url: String,
    /// The names of facts that it wants; empty: all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub facts: BTreeSet<String>,
    /// The signing secret, encrypted under the server's key file (base64 of nonce and ciphertext).
    pub secret: String,
    /// Nothing is sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// When it was made (ms).
    pub created_at: i64,
}

impl Webhook {
    /// Whether a fact is to be delivered to it; `key` is its own. A trial (`webhook.tested`) goes to the one that it names.
    #[must_use]
    pub fn wants(&self, key: &str, fact: &Fact) -> bool {
        !self.disabled
            && match fact.name.as_str() {
                "webhook.tested" => fact.data.get("webhook").and_then(|id| id.as_str()) == Some(key),
                name => self.facts.is_empty() || self.facts.contains(name),
            }
    }
}

/// The version of an environment's snapshot; key: the environment.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotHead {
    /// Moves only if the content does; max(previous + 1, unix ms).
    pub version: u64,
}
