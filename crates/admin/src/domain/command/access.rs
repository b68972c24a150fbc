//! What every command asks first: may they, and did they see what is there.

use serde::Deserialize;
use tidegate::model::Key;
use tidegate::release::Permission;

use crate::domain::{Code, Problem, Record, Tx};

/// A body that only says why.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// The reason, for the log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Lets on who may do it in all of the environments; with none given: everywhere.
///
/// # Errors
/// `Forbidden`, naming the permission.
pub fn allow<'e>(
    tx: &Tx,
    permission: Permission,
    environments: impl IntoIterator<Item = &'e Key>,
    what: &str,
) -> Result<(), Problem> {
    let environments: Vec<&Key> = environments.into_iter().collect();
    if tx.actor.may(permission, environments.iter().copied()) {
        return Ok(());
    }
    let place = match environments.as_slice() {
        [] => "everywhere".to_owned(),
        some => format!("in {}", some.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    let permission = serde_json::to_value(permission).unwrap_or_default();
    let name = permission.as_str().unwrap_or_default().to_owned();
    Err(Problem::new(Code::Forbidden, format!("`{}` may not {what}", tx.actor.id))
        .hint(format!("it takes a role with the permission `{name}` {place}"))
        .with("permission", permission))
}

/// Lets on if the entity has the revision that `If-Match` names.
///
/// # Errors
/// `PreconditionFailed` with the revision that it has; `NotFound` if it is not there.
pub fn if_match<T: Record>(tx: &Tx, key: &str, revision: u64) -> Result<(), Problem> {
    match tx.row::<T>(key) {
        None => Err(Problem::not_found("entity", key)),
        Some(row) if row.revision == revision => Ok(()),
        Some(row) => {
            let detail = format!("`{key}` has revision {}, not {revision}", row.revision);
            Err(Problem::new(Code::PreconditionFailed, detail).with("revision", row.revision))
        }
    }
}

/// Lets on if the body names the revision that the entity has.
///
/// # Errors
/// `RevisionRequired` if it names none, `Stale` if another.
pub(super) fn base_revision(given: Option<u64>, current: u64) -> Result<(), Problem> {
    match given {
        None => Err(Problem::new(
            Code::RevisionRequired,
            "the body must name the revision that it was written on",
        )
        .at("/base_revision")
        .hint("look at it, and send its `revision` as `base_revision`")
        .with("revision", current)),
        Some(given) if given == current => Ok(()),
        Some(given) => {
            let detail = format!("it was changed since: its revision is {current}, not {given}");
            Err(Problem::new(Code::Stale, detail).at("/base_revision").with("revision", current))
        }
    }
}
