//! Who asks: bearer tokens.
//!
//! ```text
//!   Authorization: Bearer tg_<64 hex> ── SHA-256 ──▶ index (made anew when the tokens change) ──▶ token ──▶ principal ──▶ Actor
//! ```
//! Only the hash of a token is kept. The index is entered by the first eight bytes of the hash, which tell nothing about the
//! token; the whole is compared in constant time. A token is looked up in the present world at each request, so that it ends
//! with its revocation. Neither tokens nor headers that carry them are ever logged.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::http::{HeaderMap, header};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tidegate::model::Key;
use tidegate::release::{Actor, Now};

use crate::domain::entity::Token;
use crate::domain::{Code, Problem, Table, World};

/// What a token begins with, so that scanners find one that leaked.
pub const PREFIX: &str = "tg_";

/// A new token: 256 random bits.
///
/// # Errors
/// If the operating system gives no random bytes.
pub fn new_secret() -> Result<String, Problem> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| Problem::new(Code::Unavailable, e.to_string()))?;
    Ok(format!("{PREFIX}{}", hex::encode(bytes)))
}

/// What is kept of a token: SHA-256 of its text, in hex.
#[must_use]
pub fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal.
    pub actor: Actor,
    /// The token that was used.
    pub token: Key,
}

/// Finds tokens by their secrets, and remembers when each was last used.
#[derive(Default)]
pub struct Tokens {
    index: ArcSwap<Index>,
    used: Mutex<HashMap<Key, i64>>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

#[derive(Default)]
struct Index {
    tokens: Table<Token>,
    by_hash: HashMap<[u8; 8], Vec<([u8; 32], Key)>>,
}

impl Tokens {
    /// Who sent a request with these headers.
    ///
    /// # Errors
    /// 401: no token, or one that is unknown, expired, revoked or of a disabled principal. What it was is told only for tokens that
    /// are known, to those who have them.
    pub fn caller(&self, world: &World, headers: &HeaderMap, now: Now) -> Result<Caller, Problem> {
        let refuse = |detail: String| Problem::new(Code::Unauthenticated, detail);
        let secret = bearer(headers)?;
        let id = self.find(world, secret).ok_or_else(|| refuse("the token is not known".to_owned()))?;
        let token = world.tokens.get(&id).ok_or_else(|| refuse("the token is not known".to_owned()))?;
        is_live(&token.body, now.wall)?;
        let owner = &token.body.principal;
        let principal = world.principals.get(owner).filter(|row| !row.body.disabled);
        let principal =
            principal.ok_or_else(|| refuse(format!("the token's principal `{owner}` is disabled")))?;
        self.used.lock().insert(Key::clone(&id), now.wall);
        let (kind, grants) = (principal.body.kind, principal.body.grants.clone());
        Ok(Caller { actor: Actor { id: Key::clone(owner), kind, grants }, token: id })
    }

    /// When tokens were last used (wall clock, ms), since this was last asked.
    #[must_use]
    pub fn take_used(&self) -> HashMap<Key, i64> {
        std::mem::take(&mut *self.used.lock())
    }

    /// When a token was last used, if that is not yet in the store.
    #[must_use]
    pub fn last_used(&self, token: &str) -> Option<i64> {
        self.used.lock().get(token).copied()
    }

    fn find(&self, world: &World, secret: &str) -> Option<Key> {
        let mut index = self.index.load_full();
        if !index.tokens.ptr_eq(&world.tokens) {
            index = Arc::new(Index::of(&world.tokens));
            self.index.store(Arc::clone(&index));
        }
        let sum: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let candidates = index.by_hash.get(sum.first_chunk::<8>()?)?;
        let found = candidates.iter().find(|(hash, _)| bool::from(hash.ct_eq(&sum)));
        found.map(|(_, id)| Key::clone(id))
    }
}

impl Index {
    fn of(tokens: &Table<Token>) -> Self {
        let mut by_hash: HashMap<[u8; 8], Vec<([u8; 32], Key)>> = HashMap::new();
        for (id, row) in tokens {
            let mut sum = [0; 32];
            // A hash that is not one finds nobody.
            if hex::decode_to_slice(&row.body.hash, &mut sum).is_err() {
                continue;
            }
            let [a, b, c, d, e, f, g, h, ..] = sum;
            by_hash.entry([a, b, c, d, e, f, g, h]).or_default().push((sum, Key::clone(id)));
        }
        Self { tokens: tokens.clone(), by_hash }
    }
}

/// Whether a token can be used.
///
/// # Errors
/// If it was revoked or is over.
pub fn is_live(token: &Token, wall: i64) -> Result<(), Problem> {
    let refuse = |detail: String| Err(Problem::new(Code::Unauthenticated, detail));
    if let Some(at) = token.revoked_at {
        return refuse(format!("the token was revoked at {at}"));
    }
    match token.expires_at {
        Some(at) if at <= wall => refuse(format!("the token expired at {at}")),
        _ => Ok(()),
    }
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let missing = || {
        let hint = "send `Authorization: Bearer tg_…`; an admin makes tokens with POST /api/v1/tokens";
        Problem::new(Code::Unauthenticated, "the request carries no bearer token").hint(hint)
    };
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
    let value = value.to_str().map_err(|_| missing())?;
    let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() { Ok(token) } else { Err(missing()) }
}

#[cfg(test)]
mod tests;
