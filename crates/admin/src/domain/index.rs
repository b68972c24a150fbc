//! What is derived from the tables: who runs, for what, what is scheduled, who refers to whom.
//!
//! ```text
//!   releases + release_states ─▶ running: ids ─▶ due(now)
//!                             ├▶ of: feature, segment:… ─▶ the release that runs for it
//!   features + segments ──────┴▶ refers ◀─▶ users ─▶ around(changed): all that a change can make invalid, and no more
//! ```
//! A *subject* is a feature, by its key, or a segment, by `segment:` and its key.
//! INVARIANT: it is a function of the tables, whatever the order they were filled in; so it is never stored.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use tidegate::model::Key;
use tidegate::release::{Plan, Status};

use super::entity::{ExclusionGroup, Kind, ScheduleStatus};
use super::{Table, World, digest, references};

/// What is derived from the tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    /// Releases that run.
    running: OrdSet<Key>,
    /// The release that runs for a feature (by key) or segment (`segment:` and its key).
    of: OrdMap<Key, Key>,
    /// Changes that wait for their time.
    pending: OrdSet<Key>,
    /// What the definition of a subject refers to, if to anything.
    refers: OrdMap<Key, Arc<BTreeSet<Key>>>,
    /// The other way round.
    users: OrdMap<Key, OrdSet<Key>>,
    /// What the definitions and phases of running releases refer to, if to anything.
    released: OrdMap<Key, Arc<BTreeSet<Key>>>,
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

    /// The running releases whose definitions or phases refer to anything.
    pub(super) fn referring(&self) -> impl Iterator<Item = &Key> {
        self.index.released.keys()
    }

    /// A world of only what some subjects can make invalid, and of what that needs: what refers to them, directly or not;
    /// what all those refer to; what is released together.
    pub(super) fn around(&self, subjects: impl IntoIterator<Item = Key>) -> Self {
        let mut above: BTreeSet<Key> = BTreeSet::new();
        let mut ahead: Vec<Key> = subjects.into_iter().collect();
        while let Some(subject) = ahead.pop() {
            if above.contains(&subject) {
                continue;
            }
            ahead.extend(self.index.users.get(&subject).into_iter().flatten().cloned());
            let users = self.index.released.iter().filter(|(_, names)| names.contains(&subject));
            let releases = users.map(|(id, _)| id).chain(self.release_of(&subject));
            releases.for_each(|id| ahead.extend(self.subjects_of(id)));
            above.insert(subject);
        }
        let mut all: BTreeSet<Key> = BTreeSet::new();
        let mut ahead: Vec<Key> = above.into_iter().collect();
        while let Some(subject) = ahead.pop() {
            if all.contains(&subject) {
                continue;
            }
            ahead.extend(self.index.refers.get(&subject).into_iter().flat_map(|names| names.iter().cloned()));
            if let Some(id) = self.release_of(&subject) {
                ahead.extend(self.subjects_of(id));
                ahead.extend(self.index.released.get(id).into_iter().flat_map(|names| names.iter().cloned()));
            }
            all.insert(subject);
        }
        self.only(&all)
    }

    /// What a release changes.
    fn subjects_of(&self, id: &Key) -> Vec<Key> {
        self.releases.get(id).map(|row| subjects(&row.body.plan).collect()).unwrap_or_default()
    }

    fn only(&self, all: &BTreeSet<Key>) -> Self {
        let mut some = Self {
            attributes: self.attributes.clone(),
            environments: self.environments.clone(),
            exclusion_groups: self.groups_of(all),
            ..Self::default()
        };
        for subject in all {
            match subject.strip_prefix("segment:") {
                Some(key) => {
                    if let Some((key, row)) = self.segments.get_key_value(key) {
                        some.segments.insert(Key::clone(key), row.clone());
                    }
                }
                None => {
                    if let Some(row) = self.features.get(subject) {
                        some.features.insert(Key::clone(subject), row.clone());
                    }
                }
            }
            if let Some(id) = self.release_of(subject)
                && let (Some(release), Some(state)) = (self.releases.get(id), self.release_states.get(id))
            {
                some.releases.insert(Key::clone(id), release.clone());
                some.release_states.insert(Key::clone(id), state.clone());
            }
        }
        some
    }

    /// The exclusion groups, without the ranges of features that exist but are left out here: those are valid already.
    fn groups_of(&self, all: &BTreeSet<Key>) -> Table<ExclusionGroup> {
        let left_out = |key: &Key| !all.contains(key) && self.features.contains_key(key);
        let groups = self.exclusion_groups.iter().map(|(key, row)| {
            let mut row = row.clone();
            if row.body.ranges.keys().any(left_out) {
                let mut group = ExclusionGroup::clone(&row.body);
                group.ranges.retain(|feature, _| !left_out(feature));
                row.body = Arc::new(group);
            }
            (Key::clone(key), row)
        });
        groups.collect()
    }

    /// Brings the index up to date with an entity that was written or removed.
    pub(super) fn reindex(&mut self, kind: Kind, key: &Key) {
        match kind {
            Kind::Release | Kind::ReleaseState => self.reindex_release(kind, key),
            Kind::Feature => {
                let definition = self.features.get(key).and_then(|row| row.body.definition.as_ref());
                let names = definition.map(|it| references::of_feature(it)).unwrap_or_default();
                self.refer(Key::clone(key), names);
            }
            Kind::Segment => {
                let definition = self.segments.get(key).and_then(|row| row.body.definition.as_ref());
                let names = definition.map(|it| references::of_segment(it)).unwrap_or_default();
                self.refer(segment(key), names);
            }
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

    /// Notes what a definition refers to now.
    fn refer(&mut self, subject: Key, names: BTreeSet<Key>) {
        let before = self.index.refers.get(&subject).cloned().unwrap_or_default();
        if *before == names {
            return;
        }
        for name in before.difference(&names) {
            let emptied = self.index.users.get_mut(name).is_some_and(|users| {
                users.remove(&subject);
                users.is_empty()
            });
            if emptied {
                self.index.users.remove(name);
            }
        }
        for name in names.difference(&before) {
            self.index.users.entry(Key::clone(name)).or_default().insert(Key::clone(&subject));
        }
        if names.is_empty() {
            self.index.refers.remove(&subject);
        } else {
            self.index.refers.insert(subject, Arc::new(names));
        }
    }

    fn reindex_release(&mut self, kind: Kind, key: &Key) {
        let Some(release) = self.releases.get(key) else { return };
        let release = Arc::clone(&release.body);
        let runs = self.release_states.get(key).is_some_and(|row| row.body.state.status == Status::Running);
        if runs {
            // A state says nothing new of a plan that is known.
            if kind == Kind::ReleaseState && self.index.running.contains(key) {
                return;
            }
            let names = digest::direct(&release.plan);
            if names.is_empty() {
                self.index.released.remove(key);
            } else if self.index.released.get(key).is_none_or(|known| **known != names) {
                self.index.released.insert(Key::clone(key), Arc::new(names));
            }
            self.index.running.insert(Key::clone(key));
            for subject in subjects(&release.plan) {
                self.index.of.insert(subject, Key::clone(key));
            }
        } else if self.index.running.remove(key).is_some() {
            self.index.released.remove(key);
            for subject in subjects(&release.plan) {
                if self.index.of.get(&subject) == Some(key) {
                    self.index.of.remove(&subject);
                }
            }
        }
    }
}
