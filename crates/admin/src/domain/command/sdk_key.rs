//! SDK keys: what lets the SDKs of an environment see its snapshot; shown once, within a connection string.
//!
//! ```text
//!   random bytes (from the caller) ─ secret ─▶ tgs_<64 hex> ─▶ shown once, in tidegate+https://tgs_…@host?environment=…&key=…
//!                                                └ SHA-256 ─▶ hash: kept        id: sk_<its first 16 digits>
//! ```

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tidegate::model::Key;
use tidegate::release::Permission;

use super::access::{Because, allow};
use crate::domain::catalogue::fact;
use crate::domain::entity::{Environment, Kind, SdkKey};
use crate::domain::event::Fact;
use crate::domain::{Code, Outcome, Problem, Tx, World, view};

#[cfg(test)]
mod tests;

/// The longest description (bytes).
const DESCRIPTION: usize = 500;

/// `POST /sdk-keys`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSdkKey {
    /// The environment whose snapshot SDKs get with it.
    #[schema(value_type = String)]
    pub environment: Key,
    /// Who uses it.
    #[serde(default)]
    pub description: Option<String>,
    /// Where SDKs reach the server, for the connection string, if the server was started without `--public-url`.
    #[serde(default)]
    pub url: Option<String>,
}

/// What is kept of a new secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewSdkKey {
    /// The key's id; not secret.
    pub id: Key,
    /// SHA-256 of the secret, in hex.
    pub hash: String,
}

impl NewSdkKey {
    /// Of a secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        let hash = hash(secret);
        Self { id: id(&hash), hash }
    }
}

/// The id and environment of the key that a secret belongs to; none if there is no such key, it was revoked, or its
/// environment is gone.
#[must_use]
pub fn admit<'w>(world: &'w World, secret: &str) -> Option<(&'w Key, &'w Key)> {
    let hash = hash(secret);
    let (id, row) = world.sdk_keys.get_key_value(&id(&hash))?;
    let key = &row.body;
    let good = bool::from(key.hash.as_bytes().ct_eq(hash.as_bytes()));
    let live = key.revoked_at.is_none() && world.environments.contains_key(&key.environment);
    (good && live).then_some((id, &key.environment))
}

/// Makes a key; the caller adds the connection string to the answer.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`.
pub fn create(tx: &mut Tx, body: CreateSdkKey, new: NewSdkKey) -> Result<Outcome, Problem> {
    let CreateSdkKey { environment, description, url: _ } = body;
    allow(tx, Permission::Administer, [&environment], "make SDK keys")?;
    if tx.row::<Environment>(&environment).is_none() {
        return Err(Problem::not_found("environment", &environment).at("/environment"));
    }
    if description.as_ref().is_some_and(|text| text.len() > DESCRIPTION) {
        let detail = format!("expected a description of at most {DESCRIPTION} bytes");
        return Err(Problem::new(Code::Invalid, detail).at("/description"));
    }
    let NewSdkKey { id, hash } = new;
    if tx.row::<SdkKey>(&id).is_some() {
        return Err(Problem::new(Code::AlreadyExists, "there is an SDK key of this id").hint("try again"));
    }
    let (by, created_at) = (Key::clone(&tx.actor.id), tx.now.wall);
    tell(tx, "sdk_key.created", &environment, format!("SDK key `{id}` of `{environment}` was made"));
    tx.put(&id, SdkKey { environment, description, hash, by, created_at, revoked_at: None })?;
    Ok(Outcome::new("sdk_key.created", Kind::SdkKey, &id, view::sdk_key(tx.world(), &id)).created())
}

/// Revokes a key; one that was revoked already stays so.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub fn revoke(tx: &mut Tx, id: &str, body: Because) -> Result<Outcome, Problem> {
    let before = tx.find::<SdkKey>(id).ok_or_else(|| Problem::not_found("SDK key", id))?;
    let environment = Key::clone(&before.environment);
    allow(tx, Permission::Administer, [&environment], "revoke SDK keys")?;
    let key = Key::from(id);
    if before.revoked_at.is_none() {
        tx.put(&key, SdkKey { revoked_at: Some(tx.now.wall), ..SdkKey::clone(&before) })?;
        tell(tx, "sdk_key.revoked", &environment, format!("SDK key `{id}` of `{environment}` was revoked"));
    }
    Ok(Outcome::new("sdk_key.revoked", Kind::SdkKey, &key, view::sdk_key(tx.world(), id))
        .because(body.reason))
}

fn tell(tx: &mut Tx, name: &str, environment: &Key, text: String) {
    tx.tell(Fact { environments: vec![Key::clone(environment)], ..fact(name, text) });
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Sixteen digits of a hash of 256 random bits say nothing of use about them.
fn id(hash: &str) -> Key {
    format!("sk_{}", hash.get(..16).unwrap_or(hash)).into()
}
