//! Who asks: bearer tokens.
//!
//! ```text
//!   Authorization: Bearer tg_<64 hex> ── SHA-256 ──▶ id, hash ──▶ token (compared in constant time) ──▶ principal ──▶ Actor
//! ```
//! A token is looked up in the present world at each request, so that it ends with its revocation. Neither tokens nor headers that
//! carry them are ever logged.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use parking_lot::Mutex;
use tidegate::model::Key;
use tidegate::release::{Actor, Now};

use crate::domain::command::token;
use crate::domain::entity::Token;
use crate::domain::{Code, Problem, World};

/// A new secret of a token: 256 random bits.
///
/// # Errors
/// If the operating system gives no random bytes.
pub fn new_secret() -> Result<String, Problem> {
    let mut random = [0_u8; 32];
    fill(&mut random)?;
    Ok(token::secret(&random))
}

/// Random bytes.
///
/// # Errors
/// If the operating system gives none.
pub fn fill(bytes: &mut [u8]) -> Result<(), Problem> {
    getrandom::fill(bytes).map_err(|e| Problem::new(Code::Unavailable, format!("no random bytes: {e}")))
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal.
    pub actor: Actor,
    /// The token that was used.
    pub token: Key,
    /// It is the one-time token: good for nothing but making another token.
    pub once: bool,
}

/// Who sent a request with these headers.
///
/// # Errors
/// 401: no token, or one that is unknown, expired, revoked or of a disabled principal.
pub fn caller(world: &World, headers: &HeaderMap, now: Now) -> Result<Caller, Problem> {
    let found = token::authenticate(world, bearer(headers)?, now.wall)?;
    let principal = world.principals.get(&found.principal);
    let principal = principal.ok_or_else(|| Problem::new(Code::Unauthenticated, "the token has no owner"))?;
    let (kind, grants) = (principal.body.kind, principal.body.grants.clone());
    Ok(Caller { actor: Actor { id: found.principal, kind, grants }, token: found.token, once: found.once })
}

/// Whether a token can still be used.
///
/// # Errors
/// If it was revoked or is over.
pub fn is_live(token: &Token, wall: i64) -> Result<(), Problem> {
    if token.revoked_at.is_some() {
        return Err(Problem::new(Code::Unauthenticated, "the token was revoked"));
    }
    if token.expires_at.is_some_and(|at| at <= wall) {
        return Err(Problem::new(Code::Unauthenticated, "the token has expired"));
    }
    Ok(())
}

/// When tokens were last used; written to the store now and then, since it is no part of the log.
#[derive(Debug, Default)]
pub struct Used(Mutex<BTreeMap<String, i64>>);

impl Used {
    /// Notes a use (wall clock, ms).
    pub fn note(&self, token: &Key, at: i64) {
        let mut used = self.0.lock();
        match used.get_mut(&**token) {
            Some(last) => *last = at.max(*last),
            None => drop(used.insert(token.to_string(), at)),
        }
    }

    /// What was noted since this was last asked.
    #[must_use]
    pub fn take(&self) -> BTreeMap<String, i64> {
        std::mem::take(&mut *self.0.lock())
    }

    /// Puts back what could not be written.
    pub fn put_back(&self, used: BTreeMap<String, i64>) {
        let mut now = self.0.lock();
        for (token, at) in used {
            let last = now.entry(token).or_insert(at);
            *last = at.max(*last);
        }
    }

    /// What is not yet in the store.
    #[must_use]
    pub fn peek(&self) -> BTreeMap<String, i64> {
        self.0.lock().clone()
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
