//! What is derived from the tables: who runs, for what, and what is scheduled.
//!
//! ```text
//!   releases + release_states ─▶ running: ids ─▶ due(now)
//!                             └▶ of: feature, segment:… ─▶ the release that runs for it
//! ```
//! INVARIANT: it is a function of the tables, whatever the order they were filled in; so it is never stored.

use imbl::{OrdMap, OrdSet};
use tidegate::model::Key;
use tidegate::release::{Plan, Status};

use super::World;
use super::entity::{Kind, ScheduleStatus};

/// What is derived from the tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    /// Releases that run.
    running: OrdSet<Key>,
    /// The release that runs for a feature (by key) or segment (`segment:` and its key).
    of: OrdMap<Key, Key>,
    /// Changes that wait for their time.
    pending: OrdSet<Key>,
}

/// What a plan changes: features by key, segments with `segment:` in front.
pub(crate) fn subjects(plan: &Plan) -> impl Iterator<Item = Key> {
    plan.features.keys().cloned().chain(plan.segments.keys().map(|key| segment(key)))
}

/// How a segment is named where features are as well.
pub(crate) fn segment(key: &str) -> Key {
    format!("segment:{key}").into()
}

impl World {
    /// The releases that run, by id.
    pub fn running(&self) -> impl Iterator<Item = &Key> {
        self.index.running.iter()
    }

    /// The changes that wait for their time, by id.
    pub fn pending(&self) -> impl Iterator<Item = &Key> {
        self.index.pending.iter()
    }

    /// The release that runs for a feature (its key) or a segment (`segment:` and its key).
    #[must_use]
    pub fn release_of(&self, subject: &str) -> Option<&Key> {
        self.index.of.get(subject)
    }

    /// Brings the index up to date with an entity that was written or removed.
    pub(super) fn reindex(&mut self, kind: Kind, key: &Key) {
        match kind {
            Kind::Release | Kind::ReleaseState => self.reindex_release(key),
            Kind::Schedule => {
                let waits =
                    self.schedules.get(key).is_some_and(|row| row.body.status == ScheduleStatus::Pending);
                if waits {
                    self.index.pending.insert(Key::clone(key));
                } else {
                    self.index.pending.remove(key);
                }
            }
            _ => {}
        }
    }

    fn reindex_release(&mut self, key: &Key) {
        let Some(release) = self.releases.get(key) else { return };
        let runs = self.release_states.get(key).is_some_and(|row| row.body.state.status == Status::Running);
        if runs {
            self.index.running.insert(Key::clone(key));
            for subject in subjects(&release.body.plan) {
                self.index.of.insert(subject, Key::clone(key));
            }
        } else if self.index.running.remove(key).is_some() {
            for subject in subjects(&release.body.plan) {
                if self.index.of.get(&subject) == Some(key) {
                    self.index.of.remove(&subject);
                }
            }
        }
    }
}
