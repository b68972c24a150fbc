//! Signing keys: what clients trust snapshots by. Here is only their life; seeds come and stay encrypted.
//!
//! ```text
//!   create ─▶ next ── rotate ─▶ active ── rotate ─▶ retiring ── retire ─▶ retired (its secret is gone)
//!               │ endorsed by the active key: who trusts that one follows
//!               └── retire ─▶ retired (clients never hear of it again)
//! ```
//! INVARIANT: at most one key is active and at most one is next; a next key is endorsed by the active one.

use serde::Deserialize;
use tidegate::model::Key;
use tidegate::release::{ActorKind, Permission};

use super::access::{Because, allow};
use crate::domain::catalogue::fact;
use crate::domain::entity::{Endorsement, Kind, SigningKey, SigningState};
use crate::domain::{Code, Outcome, Problem, Tx, World, view};

#[cfg(test)]
mod tests;

/// `POST /signing-keys/rotate`.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// Why, for the log.
    #[serde(default)]
    pub reason: Option<String>,
    /// The active key's secret is lost, so that it cannot vouch for the new one: clients must be given new connection strings.
    #[serde(default)]
    pub lost: bool,
}

/// A new key, made outside of the command.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSigningKey {
    /// Its id.
    pub id: Key,
    /// The public key, in base64url.
    pub public: String,
    /// The secret, encrypted.
    pub seed: String,
    /// The word of the key that was active when it was made.
    pub endorsement: Option<Endorsement>,
}

/// The key that signs, if there is one.
#[must_use]
pub fn active(world: &World) -> Option<(&Key, &SigningKey)> {
    in_state(world, SigningState::Active)
}

/// What clients need to follow from a key that they trust to the one that signs, in the order of the keys' making.
#[must_use]
pub fn endorsements(world: &World) -> Vec<String> {
    let keys = world.signing_keys.values().map(|row| &row.body).filter(|key| key.is_told());
    let mut told: Vec<_> =
        keys.filter_map(|key| Some((key.created_at, &key.endorsement.as_ref()?.token))).collect();
    told.sort_unstable();
    told.into_iter().map(|(_, token)| token.clone()).collect()
}

/// At a server's first start: the key that signs. Only the server itself does this.
///
/// # Errors
/// `Forbidden`, `WrongState` if a key is active.
pub fn bootstrap(tx: &mut Tx, new: NewSigningKey) -> Result<Outcome, Problem> {
    if tx.actor.kind != ActorKind::System {
        return Err(Problem::new(Code::Forbidden, "only the server itself makes the first signing key"));
    }
    if active(tx.world()).is_some() {
        return Err(Problem::new(Code::WrongState, "there is a signing key already"));
    }
    insert(tx, new, SigningState::Active)
}

/// Makes the next key; the first one is active at once.
///
/// # Errors
/// `Forbidden`, `WrongState` if there is a next key, `Stale` if another key is active than the one that vouched for it.
pub fn create(tx: &mut Tx, new: NewSigningKey) -> Result<Outcome, Problem> {
    allow(tx, Permission::Administer, [], "make signing keys")?;
    if let Some((id, _)) = in_state(tx.world(), SigningState::Next) {
        let detail = format!("`{id}` is the next signing key already");
        return Err(Problem::new(Code::WrongState, detail).hint("rotate to it, or retire it"));
    }
    let state = match active(tx.world()) {
        None => SigningState::Active,
        Some(_) => {
            vouched(tx, &new)?;
            SigningState::Next
        }
    };
    insert(tx, new, state)
}

/// The next key signs from now on (`new`, if there is none), and the active one retires.
///
/// # Errors
/// `Forbidden`; `WrongState` if no key is active; `Stale` if another is active than the one that vouched for `new`;
/// `ReasonRequired` of a lost key.
pub fn rotate(tx: &mut Tx, body: Rotate, new: NewSigningKey) -> Result<Outcome, Problem> {
    allow(tx, Permission::Administer, [], "rotate signing keys")?;
    let Some((old, before)) = active(tx.world()).map(|(id, key)| (Key::clone(id), key.clone())) else {
        return Err(Problem::new(Code::WrongState, "no signing key is active")
            .hint("POST /api/v1/signing-keys makes one"));
    };
    if body.lost && body.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
        let detail = "a key that is lost takes a reason: clients do not follow to the new one by themselves";
        return Err(Problem::new(Code::ReasonRequired, detail).at("/reason"));
    }
    let next = in_state(tx.world(), SigningState::Next).map(|(id, key)| (Key::clone(id), key.clone()));
    let wall = tx.now.wall;
    let id = match next {
        Some((id, key)) => {
            let state = SigningState::Active;
            tx.put(&id, SigningKey { state, activated_at: Some(wall), ..key })?;
            id
        }
        None => {
            if !body.lost {
                vouched(tx, &new)?;
            }
            let id = Key::clone(&new.id);
            let endorsement = if body.lost { None } else { new.endorsement.clone() };
            insert(tx, NewSigningKey { endorsement, ..new }, SigningState::Active)?;
            id
        }
    };
    tx.put(&old, SigningKey { state: SigningState::Retiring, ..before })?;
    tx.tell(fact("signing_key.rotated", format!("signing key `{id}` took over from `{old}`")));
    let view = view::signing_key(tx.world(), &id);
    Ok(Outcome::new("signing_key.rotated", Kind::SigningKey, &id, view).because(body.reason))
}

/// Retires a key that does not sign: its secret is forgotten. One that is retired stays so.
///
/// # Errors
/// `NotFound`, `Forbidden`, `WrongState` of the active key.
pub fn retire(tx: &mut Tx, id: &str, body: Because) -> Result<Outcome, Problem> {
    allow(tx, Permission::Administer, [], "retire signing keys")?;
    let before = tx.find::<SigningKey>(id).ok_or_else(|| Problem::not_found("signing key", id))?;
    let key = Key::from(id);
    match before.state {
        SigningState::Active => {
            let detail = format!("`{id}` signs what is published");
            return Err(Problem::new(Code::WrongState, detail).hint("rotate first: another key takes over"));
        }
        SigningState::Retired => {}
        SigningState::Next | SigningState::Retiring => {
            let retired_at = Some(tx.now.wall);
            let state = SigningState::Retired;
            tx.put(&key, SigningKey { state, seed: None, retired_at, ..SigningKey::clone(&before) })?;
            tx.tell(fact("signing_key.retired", format!("signing key `{id}` was retired")));
        }
    }
    let view = view::signing_key(tx.world(), id);
    Ok(Outcome::new("signing_key.retired", Kind::SigningKey, &key, view).because(body.reason))
}

fn in_state(world: &World, state: SigningState) -> Option<(&Key, &SigningKey)> {
    let keys = world.signing_keys.iter().map(|(id, row)| (id, &*row.body));
    keys.into_iter().find(|(_, key)| key.state == state)
}

/// Whether the key that is active vouches for the new one: it may have been another when that was made.
fn vouched(tx: &Tx, new: &NewSigningKey) -> Result<(), Problem> {
    let by = new.endorsement.as_ref().map(|it| &it.by);
    let now = active(tx.world()).map(|(id, _)| id);
    if by.is_some() && by == now {
        return Ok(());
    }
    let detail = "another signing key is active than when the new one was made";
    Err(Problem::new(Code::Stale, detail).hint("try again"))
}

fn insert(tx: &mut Tx, new: NewSigningKey, state: SigningState) -> Result<Outcome, Problem> {
    let NewSigningKey { id, public, seed, endorsement } = new;
    if tx.row::<SigningKey>(&id).is_some() {
        return Err(Problem::new(Code::AlreadyExists, format!("there is a signing key `{id}`")));
    }
    let created_at = tx.now.wall;
    let activated_at = (state == SigningState::Active).then_some(created_at);
    let key = SigningKey {
        public,
        seed: Some(seed),
        state,
        endorsement,
        created_at,
        activated_at,
        retired_at: None,
    };
    tx.put(&id, key)?;
    tx.tell(fact("signing_key.created", format!("signing key `{id}` was made")));
    let view = view::signing_key(tx.world(), &id);
    Ok(Outcome::new("signing_key.created", Kind::SigningKey, &id, view).created())
}
