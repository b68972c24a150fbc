//! Groups of experiments that exclude each other.
//!
//! A change of a group goes live at once, everywhere; so where a production environment's floor asks for a pipeline or for
//! approvals, it is an admin's.

use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate::model::{Key, Range};
use tidegate::release::Permission;

use super::access::{Because, allow};
use crate::domain::catalogue::fact;
use crate::domain::diff::escape;
use crate::domain::entity::{ExclusionGroup, Kind};
use crate::domain::event::Fact;
use crate::domain::{Outcome, Problem, Tx, references, validate, view};

#[cfg(test)]
mod tests;

/// `PUT /exclusion-groups/{key}`: what it becomes, as a whole.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutExclusionGroup {
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// The attribute that is bucketed; default `user_id`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub unit: Option<Key>,
    /// The salt is `exclusion/<this>`; default the group's key.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub salt: Option<Key>,
    /// The buckets (`from`, `to`) of each experiment; ranges do not overlap.
    #[schema(value_type = Object)]
    pub ranges: BTreeMap<Key, Range>,
}

/// Makes a group, or changes it.
///
/// # Errors
/// `Forbidden`, `Invalid`.
pub fn put(tx: &mut Tx, key: &str, body: PutExclusionGroup) -> Result<Outcome, Problem> {
    may(tx)?;
    validate::key("an exclusion group", key, "")?;
    let (seq, new) = (tx.world().seq, tx.row::<ExclusionGroup>(key).is_none());
    let PutExclusionGroup { description, unit, salt, ranges } = body;
    let features: Vec<Key> = ranges.keys().cloned().collect();
    let name = Key::from(key);
    let revision = tx.put(&name, ExclusionGroup { description, unit, salt, ranges })?;
    if revision > seq {
        let place = format!("/exclusion_groups/{}", escape(key));
        validate::definitions_at(tx.world(), &[(&place, "")])?;
        let text = format!("exclusion group `{key}` was changed");
        tx.tell(Fact { features, ..fact("exclusion_group.changed", text) });
    }
    let shown = view::exclusion_group(tx.world(), key);
    let outcome = Outcome::new("exclusion_group.changed", Kind::ExclusionGroup, &name, shown);
    Ok(if new { outcome.created() } else { outcome })
}

/// Removes a group that no experiment is in.
///
/// # Errors
/// `NotFound`, `Forbidden`, `InUse`.
pub fn delete(tx: &mut Tx, key: &str, body: Because) -> Result<Outcome, Problem> {
    tx.row::<ExclusionGroup>(key).ok_or_else(|| Problem::not_found("exclusion group", key))?;
    may(tx)?;
    references::unused("exclusion group", key, &references::exclusion_group(tx.world(), key))?;
    tx.remove::<ExclusionGroup>(key)?;
    tx.tell(fact("exclusion_group.deleted", format!("exclusion group `{key}` was deleted")));
    Ok(Outcome::new("exclusion_group.deleted", Kind::ExclusionGroup, &key.into(), ()).because(body.reason))
}

fn may(tx: &Tx) -> Result<(), Problem> {
    let what = "change exclusion groups";
    allow(tx, Permission::Write, [], what)?;
    let guarded = tx.world().environments.iter().filter(|(_, row)| {
        row.body.production && (row.body.floor.pipeline_required || row.body.floor.approvals > 0)
    });
    let guarded: Vec<Key> = guarded.map(|(name, _)| Key::clone(name)).collect();
    if guarded.is_empty() { Ok(()) } else { allow(tx, Permission::Administer, &guarded, what) }
}
