//! People and service accounts.
//!
//! INVARIANT: once there is an admin, there always is one: enabled, with the role everywhere.

use serde::Deserialize;
use tidegate::model::Key;
use tidegate::release::{ActorKind, Grant, Permission, Role};

use super::access::{Because, allow};
use crate::domain::catalogue::fact;
use crate::domain::entity::{Kind, Principal, Token};
use crate::domain::{Code, Outcome, Problem, Tx, World, references, validate, view};

#[cfg(test)]
mod tests;

/// Grants that a principal may have.
const GRANTS: usize = 100;

/// `POST /principals`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePrincipal {
    /// Letters, digits, `-`, `_`, `.`, `@`, `+`.
    #[schema(value_type = String)]
    pub id: Key,
    /// `person` or `service`.
    #[schema(value_type = String)]
    pub kind: ActorKind,
    /// The name, for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Roles (`viewer`, `editor`, `approver`, `releaser`, `admin`), each everywhere or in some environments.
    #[schema(value_type = Vec<Object>)]
    pub grants: Vec<Grant>,
}

/// `PUT /principals/{id}`: what it becomes, as a whole.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePrincipal {
    /// The name, for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Roles, each everywhere or in some environments.
    #[schema(value_type = Vec<Object>)]
    pub grants: Vec<Grant>,
    /// It can do nothing any more.
    #[serde(default)]
    pub disabled: bool,
    /// The reason, for the log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Makes a person or service account.
///
/// # Errors
/// `Forbidden`, `Invalid`, `AlreadyExists`.
pub fn create(tx: &mut Tx, body: CreatePrincipal) -> Result<Outcome, Problem> {
    allow(tx, Permission::Administer, [], "make principals")?;
    validate::id("a principal", &body.id, "/id")?;
    if body.kind == ActorKind::System {
        return Err(Problem::new(Code::Invalid, "a principal is a `person` or a `service`").at("/kind"));
    }
    if *body.id == *"system" || tx.row::<Principal>(&body.id).is_some() {
        return Err(
            Problem::new(Code::AlreadyExists, format!("there is a principal `{}`", body.id)).at("/id")
        );
    }
    check(tx.world(), &body.grants)?;
    let CreatePrincipal { id, kind, name, grants } = body;
    tx.put(&id, Principal { kind, name, grants, disabled: false, created_at: tx.now.wall })?;
    tx.tell(fact("principal.created", format!("`{id}` was made")));
    Ok(Outcome::new("principal.created", Kind::Principal, &id, view::principal(tx.world(), &id)).created())
}

/// Changes a person or service account.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, `WrongState` for the last admin.
pub fn update(tx: &mut Tx, id: &str, body: UpdatePrincipal) -> Result<Outcome, Problem> {
    let before = find(tx, id)?;
    allow(tx, Permission::Administer, [], "change principals")?;
    // What was granted in an environment that is there no more does not hinder taking other grants.
    check(tx.world(), &body.grants)?;
    let UpdatePrincipal { name, grants, disabled, reason } = body;
    change(tx, id, Principal { name, grants, disabled, ..before }, reason)
}

/// Lets nobody act as it any more; its tokens stay, without effect.
///
/// # Errors
/// `NotFound`, `Forbidden`, `WrongState` for the last admin.
pub fn disable(tx: &mut Tx, id: &str, body: Because) -> Result<Outcome, Problem> {
    let before = find(tx, id)?;
    allow(tx, Permission::Administer, [], "disable principals")?;
    change(tx, id, Principal { disabled: true, ..before }, body.reason)
}

/// Deletes it, with its tokens.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse` (running releases are its, or a pipeline names it), `WrongState` for the last admin.
pub fn delete(tx: &mut Tx, id: &str, body: Because) -> Result<Outcome, Problem> {
    find(tx, id)?;
    allow(tx, Permission::Administer, [], "delete principals")?;
    references::unused("principal", id, &references::principal(tx.world(), id))?;
    let before = admins(tx.world());
    tx.remove::<Principal>(id)?;
    keeps_an_admin(tx.world(), before, id)?;
    let tokens = tx.world().tokens.iter().filter(|(_, row)| *row.body.principal == *id);
    for token in tokens.map(|(key, _)| Key::clone(key)).collect::<Vec<_>>() {
        tx.remove::<Token>(&token)?;
    }
    tx.tell(fact("principal.deleted", format!("`{id}` was deleted")));
    Ok(Outcome::new("principal.deleted", Kind::Principal, &id.into(), ()).because(body.reason))
}

fn find(tx: &Tx, id: &str) -> Result<Principal, Problem> {
    let found = tx.find::<Principal>(id).ok_or_else(|| Problem::not_found("principal", id))?;
    Ok(Principal::clone(&found))
}

fn change(tx: &mut Tx, id: &str, after: Principal, reason: Option<String>) -> Result<Outcome, Problem> {
    let (key, seq, before) = (Key::from(id), tx.world().seq, admins(tx.world()));
    if tx.put(&key, after)? > seq {
        keeps_an_admin(tx.world(), before, id)?;
        tx.tell(fact("principal.changed", format!("`{id}` was changed")));
    }
    Ok(Outcome::new("principal.changed", Kind::Principal, &key, view::principal(tx.world(), id))
        .because(reason))
}

/// How many may administer everything.
fn admins(world: &World) -> usize {
    let everywhere = |grant: &Grant| grant.role == Role::Admin && grant.environments.is_none();
    world
        .principals
        .iter()
        .filter(|(_, row)| !row.body.disabled && row.body.grants.iter().any(everywhere))
        .count()
}

fn keeps_an_admin(world: &World, before: usize, id: &str) -> Result<(), Problem> {
    if before == 0 || admins(world) > 0 {
        return Ok(());
    }
    Err(Problem::new(Code::WrongState, format!("`{id}` is the last admin"))
        .hint("make another principal an admin everywhere first"))
}

fn check(world: &World, grants: &[Grant]) -> Result<(), Problem> {
    if grants.len() > GRANTS {
        let detail = format!("at most {GRANTS} grants, not {}", grants.len());
        return Err(Problem::new(Code::Invalid, detail).at("/grants"));
    }
    for (place, grant) in grants.iter().enumerate() {
        let Some(environments) = &grant.environments else { continue };
        if environments.is_empty() {
            let detail = "a grant in no environment allows nothing";
            return Err(Problem::new(Code::Invalid, detail)
                .at(format!("/grants/{place}/environments"))
                .hint("leave `environments` out for a grant everywhere"));
        }
        for (number, name) in environments.iter().enumerate() {
            if !world.environments.contains_key(name) {
                let at = format!("/grants/{place}/environments/{number}");
                return Err(Problem::new(Code::Invalid, format!("there is no environment `{name}`")).at(at));
            }
        }
    }
    Ok(())
}
