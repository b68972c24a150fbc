//! Environments, and what they ask of releases.
//!
//! A change of floor, opt-out or `production` that concerns a production environment whose floor asks for approvals is kept
//! as a proposal until a second person approves it (DESIGN §6); so is its deletion.

use serde::Deserialize;
use tidegate::model::Key;
use tidegate::release::{Floor, Permission};

use super::access::{Because, allow};
use super::proposal;
use crate::domain::catalogue::fact;
use crate::domain::entity::{Environment, Kind, Proposed};
use crate::domain::event::Fact;
use crate::domain::{Code, Outcome, Problem, Tx, references, validate, view};

#[cfg(test)]
mod tests;

/// The most approvals that a floor may ask for.
const APPROVALS: u32 = 100;

/// `POST /environments`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateEnvironment {
    /// Letters, digits, `-`, `_`, `.`.
    #[schema(value_type = String)]
    pub name: Key,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether production traffic is served there.
    #[serde(default)]
    pub production: bool,
    /// Whether it takes part in pipelines; default true.
    #[serde(default = "yes")]
    pub pipelines: bool,
    /// What it asks at least of every release that touches it.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub floor: Floor,
}

/// `PUT /environments/{name}`: what it becomes, as a whole.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateEnvironment {
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether production traffic is served there.
    #[serde(default)]
    pub production: bool,
    /// Whether it takes part in pipelines; default true.
    #[serde(default = "yes")]
    pub pipelines: bool,
    /// What it asks at least of every release that touches it.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub floor: Floor,
    /// The reason, for the log.
    #[serde(default)]
    pub reason: Option<String>,
}

fn yes() -> bool {
    true
}

/// Makes an environment.
///
/// # Errors
/// `Forbidden`, `Invalid`, `AlreadyExists`.
pub fn create(tx: &mut Tx, body: CreateEnvironment) -> Result<Outcome, Problem> {
    allow(tx, Permission::Administer, [], "create environments")?;
    validate::name("an environment", &body.name, "/name")?;
    if tx.row::<Environment>(&body.name).is_some() {
        let detail = format!("there is an environment `{}`", body.name);
        return Err(Problem::new(Code::AlreadyExists, detail).at("/name"));
    }
    let CreateEnvironment { name, description, production, pipelines, floor } = body;
    let environment = Environment { description, production, pipelines, floor };
    check(&environment)?;
    tx.put(&name, environment)?;
    tell(tx, "environment.created", &name, format!("environment `{name}` was created"));
    Ok(Outcome::new("environment.created", Kind::Environment, &name, view::environment(tx.world(), &name))
        .created())
}

/// Changes an environment, or proposes to (202) where a second person must approve.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`.
pub fn update(tx: &mut Tx, name: &str, body: UpdateEnvironment) -> Result<Outcome, Problem> {
    let (name, before, revision) = find(tx, name)?;
    allow(tx, Permission::Administer, [&name], "change environments")?;
    let UpdateEnvironment { description, production, pipelines, floor, reason } = body;
    let after = Environment { description, production, pipelines, floor };
    check(&after)?;
    if needs_second_person(&before, Some(&after)) {
        let change = Proposed::EnvironmentUpdate { environment: Key::clone(&name), body: after };
        return proposal::propose(tx, change, revision, vec![name], reason);
    }
    apply_update(tx, &name, after)?;
    Ok(Outcome::new("environment.changed", Kind::Environment, &name, view::environment(tx.world(), &name))
        .because(reason))
}

/// Deletes an environment that nothing names, or proposes to (202).
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse`.
pub fn delete(tx: &mut Tx, name: &str, body: Because) -> Result<Outcome, Problem> {
    let (name, before, revision) = find(tx, name)?;
    allow(tx, Permission::Administer, [], "delete environments")?;
    references::unused("environment", &name, &references::environment(tx.world(), &name))?;
    if needs_second_person(&before, None) {
        let change = Proposed::EnvironmentDeletion { environment: Key::clone(&name) };
        return proposal::propose(tx, change, revision, vec![name], body.reason);
    }
    apply_delete(tx, &name)?;
    Ok(Outcome::new("environment.deleted", Kind::Environment, &name, ()).because(body.reason))
}

/// The change itself.
pub(super) fn apply_update(tx: &mut Tx, name: &Key, after: Environment) -> Result<(), Problem> {
    let before = tx.world().seq;
    if tx.put(name, after)? > before {
        tell(tx, "environment.changed", name, format!("environment `{name}` was changed"));
    }
    Ok(())
}

/// The deletion itself, looked at again: a proposal may be older than a use.
pub(super) fn apply_delete(tx: &mut Tx, name: &Key) -> Result<(), Problem> {
    references::unused("environment", name, &references::environment(tx.world(), name))?;
    tx.remove::<Environment>(name)?;
    validate::definitions(tx.world())?;
    tell(tx, "environment.deleted", name, format!("environment `{name}` was deleted"));
    Ok(())
}

fn find(tx: &Tx, name: &str) -> Result<(Key, Environment, u64), Problem> {
    let row = tx.row::<Environment>(name).ok_or_else(|| Problem::not_found("environment", name))?;
    Ok((name.into(), Environment::clone(&row.body), row.revision))
}

/// Whether the floor asks for approvals, and the change concerns what it protects.
fn needs_second_person(before: &Environment, after: Option<&Environment>) -> bool {
    let sensitive = after.is_none_or(|after| {
        let parts = |it: &Environment| (it.production, it.pipelines, it.floor.clone());
        parts(before) != parts(after)
    });
    let production = before.production || after.is_some_and(|after| after.production);
    sensitive && production && before.floor.approvals > 0
}

fn check(environment: &Environment) -> Result<(), Problem> {
    if environment.floor.approvals > APPROVALS {
        let detail = format!("at most {APPROVALS} approvals, not {}", environment.floor.approvals);
        return Err(Problem::new(Code::Invalid, detail).at("/floor/approvals"));
    }
    validate::windows(&environment.floor.windows, "/floor/windows")
}

fn tell(tx: &mut Tx, name: &str, environment: &Key, text: String) {
    tx.tell(Fact { environments: vec![Key::clone(environment)], ..fact(name, text) });
}
