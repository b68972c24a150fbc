//! What `GET` shows of entities: key, revision and what is in them, never a secret or a hash.

mod pipeline;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tidegate::model::{AttributeType, Key, Range};
use tidegate::release::{ActorKind, Floor, Grant};

pub use self::pipeline::{
    Active, Attached, Launched, PipelineSummary, PipelineView, Stage, VersionSummary, VersionView, pipeline,
    pipeline_summary, version,
};
use super::World;
use super::entity::{ProposalStatus, Proposed, SigningState};

/// An environment.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct EnvironmentView {
    /// Its name.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change.
    pub revision: u64,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether production traffic is served there.
    pub production: bool,
    /// Whether it takes part in pipelines.
    pub pipelines: bool,
    /// What it asks at least of every release that touches it.
    #[schema(value_type = Object)]
    pub floor: Floor,
}

/// An environment, if there is one.
#[must_use]
pub fn environment(world: &World, name: &str) -> Option<EnvironmentView> {
    let (key, row) = world.environments.get_key_value(name)?;
    let body = &row.body;
    Some(EnvironmentView {
        key: Key::clone(key),
        revision: row.revision,
        description: body.description.clone(),
        production: body.production,
        pipelines: body.pipelines,
        floor: body.floor.clone(),
    })
}

/// A declared attribute.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AttributeView {
    /// Its name.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change.
    pub revision: u64,
    /// The type that values have.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: AttributeType,
    /// Whether it is a process attribute.
    pub process: bool,
    /// What it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A declared attribute, if there is one.
#[must_use]
pub fn attribute(world: &World, name: &str) -> Option<AttributeView> {
    let (key, row) = world.attributes.get_key_value(name)?;
    Some(AttributeView {
        key: Key::clone(key),
        revision: row.revision,
        kind: row.body.kind,
        process: row.body.process,
        description: row.body.description.clone(),
    })
}

/// An exclusion group.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ExclusionGroupView {
    /// Its key.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change.
    pub revision: u64,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The attribute that is bucketed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub unit: Option<Key>,
    /// What its salt is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub salt: Option<Key>,
    /// The buckets of each experiment.
    #[schema(value_type = Object)]
    pub ranges: BTreeMap<Key, Range>,
}

/// An exclusion group, if there is one.
#[must_use]
pub fn exclusion_group(world: &World, key: &str) -> Option<ExclusionGroupView> {
    let (key, row) = world.exclusion_groups.get_key_value(key)?;
    let body = &row.body;
    Some(ExclusionGroupView {
        key: Key::clone(key),
        revision: row.revision,
        description: body.description.clone(),
        unit: body.unit.clone(),
        salt: body.salt.clone(),
        ranges: body.ranges.clone(),
    })
}

/// A person or service account.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PrincipalView {
    /// Its id.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change.
    pub revision: u64,
    /// `person` or `service`.
    #[schema(value_type = String)]
    pub kind: ActorKind,
    /// Its name, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do.
    #[schema(value_type = Vec<Object>)]
    pub grants: Vec<Grant>,
    /// It can do nothing any more.
    pub disabled: bool,
    /// When it was made (ms).
    pub created_at: i64,
}

/// A principal, if there is one.
#[must_use]
pub fn principal(world: &World, id: &str) -> Option<PrincipalView> {
    let (key, row) = world.principals.get_key_value(id)?;
    let body = &row.body;
    Some(PrincipalView {
        key: Key::clone(key),
        revision: row.revision,
        kind: body.kind,
        name: body.name.clone(),
        grants: body.grants.clone(),
        disabled: body.disabled,
        created_at: body.created_at,
    })
}

/// An API token, without its hash. When it was last used is not part of the log: the server adds it.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct TokenView {
    /// Its id; not secret.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change.
    pub revision: u64,
    /// Whose it is.
    #[schema(value_type = String)]
    pub principal: Key,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// When it was made (ms).
    pub created_at: i64,
    /// When it ends (ms).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// When it was revoked (ms).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
    /// It is good for nothing but making another token.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
}

/// A token, if there is one.
#[must_use]
pub fn token(world: &World, id: &str) -> Option<TokenView> {
    let (key, row) = world.tokens.get_key_value(id)?;
    let body = &row.body;
    Some(TokenView {
        key: Key::clone(key),
        revision: row.revision,
        principal: Key::clone(&body.principal),
        description: body.description.clone(),
        created_at: body.created_at,
        expires_at: body.expires_at,
        revoked_at: body.revoked_at,
        once: body.once,
    })
}

/// A key of SDKs, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SdkKeyView {
    /// Its id.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change.
    pub revision: u64,
    /// The environment that it lets SDKs see.
    #[schema(value_type = String)]
    pub environment: Key,
    /// Who uses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who made it.
    #[schema(value_type = String)]
    pub by: Key,
    /// When it was made (ms).
    pub created_at: i64,
    /// When it was revoked (ms).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
}

/// A key of SDKs, if there is one.
#[must_use]
pub fn sdk_key(world: &World, id: &str) -> Option<SdkKeyView> {
    let (key, row) = world.sdk_keys.get_key_value(id)?;
    let body = &row.body;
    Some(SdkKeyView {
        key: Key::clone(key),
        revision: row.revision,
        environment: Key::clone(&body.environment),
        description: body.description.clone(),
        by: Key::clone(&body.by),
        created_at: body.created_at,
        revoked_at: body.revoked_at,
    })
}

/// A signing key, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SigningKeyView {
    /// Its id: the first 16 hex digits of the public key's SHA-256.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change.
    pub revision: u64,
    /// The public key (Ed25519), in base64url: what connection strings pin.
    pub public: String,
    /// `next`, `active`, `retiring` or `retired`.
    #[schema(value_type = String)]
    pub state: SigningState,
    /// The id of the key that vouches for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub endorsed_by: Option<Key>,
    /// When it was made (ms).
    pub created_at: i64,
    /// When it began to sign (ms).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activated_at: Option<i64>,
    /// When it was retired (ms).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<i64>,
}

/// A signing key, if there is one.
#[must_use]
pub fn signing_key(world: &World, id: &str) -> Option<SigningKeyView> {
    let (key, row) = world.signing_keys.get_key_value(id)?;
    let body = &row.body;
    Some(SigningKeyView {
        key: Key::clone(key),
        revision: row.revision,
        public: body.public.clone(),
        state: body.state,
        endorsed_by: body.endorsement.as_ref().map(|it| Key::clone(&it.by)),
        created_at: body.created_at,
        activated_at: body.activated_at,
        retired_at: body.retired_at,
    })
}

/// A webhook endpoint, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct WebhookView {
    /// Its id.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change.
    pub revision: u64,
    /// Where deliveries are posted.
    pub url: String,
    /// The names of facts that it wants; empty: all.
    pub facts: BTreeSet<String>,
    /// Nothing is sent.
    pub disabled: bool,
    /// When it was made (ms).
    pub created_at: i64,
}

/// A webhook endpoint, if there is one.
#[must_use]
pub fn webhook(world: &World, id: &str) -> Option<WebhookView> {
    let (key, row) = world.webhooks.get_key_value(id)?;
    let body = &row.body;
    Some(WebhookView {
        key: Key::clone(key),
        revision: row.revision,
        url: body.url.clone(),
        facts: body.facts.clone(),
        disabled: body.disabled,
        created_at: body.created_at,
    })
}

/// A change that a second person must approve.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ProposalView {
    /// Its id.
    #[schema(value_type = String)]
    pub key: Key,
    /// Grows with each change.
    pub revision: u64,
    /// What it would change.
    #[schema(value_type = Object)]
    pub change: Proposed,
    /// The revision of the entity that it would change.
    pub base_revision: u64,
    /// What would be another; empty once it was decided, or of a deletion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<super::diff::Difference>,
    /// The environments whose floor asks for the second person.
    #[schema(value_type = Vec<String>)]
    pub environments: Vec<Key>,
    /// `pending`, `approved` or `rejected`.
    #[schema(value_type = String)]
    pub status: ProposalStatus,
    /// Who made it.
    #[schema(value_type = String)]
    pub by: Key,
    /// When it was made (ms).
    pub created_at: i64,
    /// Why it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who approved or rejected it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub decided_by: Option<Key>,
    /// When (ms).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<i64>,
    /// What was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A proposal, if there is one.
#[must_use]
pub fn proposal(world: &World, id: &str) -> Option<ProposalView> {
    let (key, row) = world.proposals.get_key_value(id)?;
    let body = &row.body;
    let diff = match (body.status, &body.change) {
        (ProposalStatus::Pending, Proposed::EnvironmentUpdate { environment, body }) => {
            world.environments.get(environment).map(|row| super::diff::diff(&*row.body, body))
        }
        _ => None,
    };
    Some(ProposalView {
        key: Key::clone(key),
        revision: row.revision,
        change: body.change.clone(),
        base_revision: body.base_revision,
        diff: diff.unwrap_or_default(),
        environments: body.environments.clone(),
        status: body.status,
        by: Key::clone(&body.by),
        created_at: body.created_at,
        reason: body.reason.clone(),
        decided_by: body.decided_by.clone(),
        decided_at: body.decided_at,
        comment: body.comment.clone(),
    })
}
