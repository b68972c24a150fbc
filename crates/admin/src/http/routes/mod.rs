//! The operations, noun by noun.

mod audit;
mod backup;
mod delivery;
mod environment;
mod exposure;
mod feature;
mod fleet;
mod pipeline;
mod principal;
mod release;
mod snapshot;
mod stream;
mod webhook;

use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::operation::Operation;
use super::page;
use super::view::Shown;
use crate::domain::{Problem, Table, World};

/// All, by tag.
pub(super) fn all() -> Vec<(&'static str, Vec<Operation>)> {
    vec![
        ("environments", environment::environments()),
        ("attributes", environment::attributes()),
        ("exclusion groups", environment::exclusion_groups()),
        ("features", feature::features()),
        ("segments", feature::segments()),
        ("changes", feature::changes()),
        ("schedules", feature::schedules()),
        ("pipelines", pipeline::operations()),
        ("releases", release::releases()),
        ("change requests", release::change_requests()),
        ("proposals", environment::proposals()),
        ("principals", principal::principals()),
        ("tokens", principal::tokens()),
        ("sdk keys", delivery::sdk_keys()),
        ("signing keys", delivery::signing_keys()),
        ("webhooks", webhook::operations()),
        ("fleet", fleet::operations()),
        ("snapshots", snapshot::operations()),
        ("audit", audit::operations()),
        ("events", stream::operations()),
        ("backup", backup::operations()),
    ]
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Span {
    /// How many items, from 1 to 500; 50 if absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

impl Span {
    /// That part of a table, each as `show` has it.
    fn of<T, V: Serialize>(
        &self,
        world: &World,
        table: &Table<T>,
        show: fn(&World, &str) -> Option<V>,
    ) -> Result<Shown, Problem> {
        page::table(table, self.after.as_deref(), self.limit, |key, _| show(world, key))
    }
}
