//! API tokens: 256 random bits, shown once; only a hash is kept.
//!
//! ```text
//!   random bytes (from the caller) ─ secret ─▶ tg_<64 hex> ─▶ shown once
//!                                                └ SHA-256 ─▶ hash: kept        id: tk_<its first 16 digits>
//! ```
//! A token can do what its principal can when it is used, never more.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tidegate::model::Key;
use tidegate::release::{ActorKind, Grant, Permission, Role};

use super::access::{Because, allow};
use crate::domain::catalogue::fact;
use crate::domain::entity::{Kind, Principal, Token};
use crate::domain::{Code, Outcome, Problem, Tx, Who, World, view};

#[cfg(test)]
mod tests;

/// What secrets begin with.
const PREFIX: &str = "tg_";

/// `POST /tokens`.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Whose it is; absent: one's own.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub principal: Option<Key>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// When it ends (ms since 1970); absent: never.
    #[serde(default)]
    pub expires_at: Option<i64>,
}

/// What is kept of a new secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewToken {
    /// The token's id; not secret.
    pub id: Key,
    /// SHA-256 of the secret, in hex.
    pub hash: String,
}

impl NewToken {
    /// Of a secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        let hash = hash(secret);
        Self { id: id(&hash), hash }
    }
}

/// The secret of a token, from random bytes.
#[must_use]
pub fn secret(random: &[u8; 32]) -> String {
    format!("{PREFIX}{}", hex::encode(random))
}

/// Who a secret speaks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Authenticated {
    /// The principal.
    pub principal: Key,
    /// The token.
    pub token: Key,
    /// It is good for nothing but making another token.
    pub once: bool,
}

impl Authenticated {
    /// For whom commands run.
    #[must_use]
    pub fn who(&self) -> Who {
        Who::Principal { id: Key::clone(&self.principal), token: Some(Key::clone(&self.token)) }
    }
}

/// Looks a secret up.
///
/// # Errors
/// `Unauthenticated`; it does not say more than whether a good secret has expired or was revoked.
pub fn authenticate(world: &World, secret: &str, wall: i64) -> Result<Authenticated, Problem> {
    let refuse = |why: &str| Problem::new(Code::Unauthenticated, why);
    let hash = hash(secret);
    let id = id(&hash);
    let row = world.tokens.get(&id);
    let token = row.filter(|row| bool::from(row.body.hash.as_bytes().ct_eq(hash.as_bytes())));
    let token = &token.ok_or_else(|| refuse("the token is not known"))?.body;
    if token.revoked_at.is_some() {
        return Err(refuse("the token was revoked"));
    }
    if token.expires_at.is_some_and(|at| at <= wall) {
        return Err(refuse("the token has expired"));
    }
    if world.principals.get(&token.principal).is_none_or(|row| row.body.disabled) {
        return Err(refuse("the token's owner is disabled"));
    }
    Ok(Authenticated { principal: Key::clone(&token.principal), token: id, once: token.once })
}

/// Makes a token; the caller adds the secret to the answer. If `used`, the token of the request, is a one-time token, it
/// is revoked.
///
/// # Errors
/// `NotFound`, `Forbidden` for another's, `WrongState` of a disabled principal, `Invalid`.
pub fn create(tx: &mut Tx, body: CreateToken, new: NewToken, used: Option<&Key>) -> Result<Outcome, Problem> {
    let CreateToken { principal, description, expires_at } = body;
    let principal = principal.unwrap_or_else(|| Key::clone(&tx.actor.id));
    if principal != tx.actor.id {
        allow(tx, Permission::Administer, [], "make tokens of others")?;
    }
    let owner = tx.find::<Principal>(&principal);
    let owner = owner.ok_or_else(|| Problem::not_found("principal", &principal).at("/principal"))?;
    if owner.disabled {
        let detail = format!("`{principal}` is disabled");
        return Err(Problem::new(Code::WrongState, detail).at("/principal"));
    }
    if expires_at.is_some_and(|at| at <= tx.now.wall) {
        return Err(Problem::new(Code::Invalid, "the token would have expired already")
            .at("/expires_at")
            .hint("milliseconds since 1970, later than now"));
    }
    if let Some((used, token)) = used.and_then(|used| Some((used, tx.find::<Token>(used)?)))
        && token.once
    {
        // The one-time token is spent: from now on its owner has a token of their own.
        tx.put(used, Token { revoked_at: Some(tx.now.wall), ..Token::clone(&token) })?;
        tx.tell(fact("token.revoked", format!("the one-time token `{used}` was used")));
    }
    insert(tx, &principal, description, expires_at, new, false)
}

/// Revokes a token; one that was revoked already stays so.
///
/// # Errors
/// `NotFound`, `Forbidden` for another's.
pub fn revoke(tx: &mut Tx, id: &str, body: Because) -> Result<Outcome, Problem> {
    let token = tx.find::<Token>(id).ok_or_else(|| Problem::not_found("token", id))?;
    if token.principal != tx.actor.id {
        allow(tx, Permission::Administer, [], "revoke tokens of others")?;
    }
    let key = Key::from(id);
    if token.revoked_at.is_none() {
        tx.put(&key, Token { revoked_at: Some(tx.now.wall), ..Token::clone(&token) })?;
        tx.tell(fact("token.revoked", format!("a token of `{}` was revoked", token.principal)));
    }
    Ok(Outcome::new("token.revoked", Kind::Token, &key, view::token(tx.world(), id)).because(body.reason))
}

/// At the first start: the principal `admin`, and its one-time token. Only the server itself does this.
///
/// # Errors
/// `Forbidden`, `WrongState` if there are principals.
pub fn bootstrap(tx: &mut Tx, new: NewToken) -> Result<Outcome, Problem> {
    if tx.actor.kind != ActorKind::System {
        return Err(Problem::new(Code::Forbidden, "only the server itself makes the first admin"));
    }
    if !tx.world().principals.is_empty() {
        return Err(Problem::new(Code::WrongState, "there are principals already"));
    }
    let admin = Key::from("admin");
    let grants = vec![Grant { role: Role::Admin, environments: None }];
    let principal =
        Principal { kind: ActorKind::Person, name: None, grants, disabled: false, created_at: tx.now.wall };
    tx.put(&admin, principal)?;
    tx.tell(fact("principal.created", "`admin` was made at the first start"));
    insert(tx, &admin, Some("the one-time token of the first start".to_owned()), None, new, true)
}

fn insert(
    tx: &mut Tx,
    principal: &Key,
    description: Option<String>,
    expires_at: Option<i64>,
    new: NewToken,
    once: bool,
) -> Result<Outcome, Problem> {
    let NewToken { id, hash } = new;
    if tx.row::<Token>(&id).is_some() {
        return Err(Problem::new(Code::AlreadyExists, "there is a token of this id").hint("try again"));
    }
    let created_at = tx.now.wall;
    let principal = Key::clone(principal);
    tx.tell(fact("token.created", format!("a token of `{principal}` was made")));
    tx.put(&id, Token { principal, description, hash, created_at, expires_at, revoked_at: None, once })?;
    Ok(Outcome::new("token.created", Kind::Token, &id, view::token(tx.world(), &id)).created())
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Sixteen digits of a hash of 256 random bits say nothing of use about them.
fn id(hash: &str) -> Key {
    format!("tk_{}", hash.get(..16).unwrap_or(hash)).into()
}
