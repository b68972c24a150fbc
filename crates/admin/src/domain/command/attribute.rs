//! Declarations of attributes.

use serde::Deserialize;
use tidegate::model::AttributeType;
use tidegate::release::Permission;

use super::access::{Because, allow};
use crate::domain::catalogue::fact;
use crate::domain::entity::{Attribute, Kind};
use crate::domain::{Outcome, Problem, Tx, references, validate, view};

#[cfg(test)]
mod tests;

/// `PUT /attributes/{name}`: what it becomes, as a whole.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutAttribute {
    /// `boolean`, `list`, `number`, `object` or `string`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: AttributeType,
    /// Whether it is a process attribute, fixed for the life of an engine.
    #[serde(default)]
    pub process: bool,
    /// What it means.
    #[serde(default)]
    pub description: Option<String>,
}

/// Declares an attribute, or changes its declaration.
///
/// # Errors
/// `Forbidden`, `Invalid` if a definition uses it against its type.
pub fn put(tx: &mut Tx, name: &str, body: PutAttribute) -> Result<Outcome, Problem> {
    allow(tx, Permission::Write, [], "declare attributes")?;
    validate::key("an attribute", name, "")?;
    let new = tx.row::<Attribute>(name).is_none();
    let key = name.into();
    let (seq, before) = (tx.world().seq, tx.find::<Attribute>(name));
    let PutAttribute { kind, process, description } = body;
    let revision = tx.put(&key, Attribute { kind, process, description })?;
    if before.is_none_or(|before| before.kind != kind) {
        validate::definitions(tx.world())?;
    }
    if revision > seq {
        tx.tell(fact("attribute.changed", format!("attribute `{name}` was declared")));
    }
    let outcome = Outcome::new("attribute.changed", Kind::Attribute, &key, view::attribute(tx.world(), name));
    Ok(if new { outcome.created() } else { outcome })
}

/// Removes a declaration that no definition uses.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse`.
pub fn delete(tx: &mut Tx, name: &str, body: Because) -> Result<Outcome, Problem> {
    tx.row::<Attribute>(name).ok_or_else(|| Problem::not_found("attribute", name))?;
    allow(tx, Permission::Write, [], "remove declarations of attributes")?;
    references::unused("attribute", name, &references::attribute(tx.world(), name))?;
    tx.remove::<Attribute>(name)?;
    tx.tell(fact("attribute.deleted", format!("the declaration of the attribute `{name}` was removed")));
    Ok(Outcome::new("attribute.deleted", Kind::Attribute, &name.into(), ()).because(body.reason))
}
