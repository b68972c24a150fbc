//! Rows of snapshots: what a commit changes of what engines are served.

use tidegate::model::Key;

use super::entity::Kind;

/// A part of an environment's snapshot that a command made, changed or took away.
///
/// Its version is the environment's `SnapshotHead::version` after the command, so "what changed since version v" is one query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SnapshotRow {
    /// The environment.
    pub environment: Key,
    /// What it is: attribute, environment, exclusion group, feature, kill, release or segment.
    pub kind: Kind,
    /// Its key; of a kill: the feature's.
    pub key: Key,
    /// The JSON as it is served; `None`: it is gone.
    pub body: Option<String>,
}
