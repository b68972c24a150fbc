//! Which guards to ask, and when: pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate::model::Key;
use tidegate::release::{Guard, PhaseStatus, Source, Threshold};

use crate::domain::World;

/// A guard of a release.
pub(super) type Id = (Key, Key);

/// What is asked: of whom, and the query.
pub(super) type Question = (Arc<str>, Arc<str>);

/// A guard that is asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Watched {
    pub(super) question: Question,
    pub(super) pass: Threshold,
    /// Milliseconds between two questions.
    interval: u64,
    /// Server uptime at which it is asked next.
    due: u64,
    /// It was asked and has not answered.
    pub(super) asked: bool,
}

/// The guards that are asked now.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seq: Option<u64>,
    guards: BTreeMap<Id, Watched>,
}

impl Watch {
    /// Follows the world: guards of phases that were just reached are due at once, those of ended releases go.
    pub(super) fn follow(&mut self, world: &World, default_url: &str, uptime: u64) {
        if self.seq == Some(world.seq) {
            return;
        }
        self.seq = Some(world.seq);
        let mut before = std::mem::take(&mut self.guards);
        for (release, guard, source) in reached(world) {
            let id = (Key::clone(release), Key::clone(&guard.id));
            let watched = before.remove(&id).unwrap_or_else(|| Watched {
                question: (source.url.as_deref().unwrap_or(default_url).into(), source.query.as_str().into()),
                pass: source.pass,
                interval: source.interval_s.max(1).saturating_mul(1000),
                due: uptime,
                asked: false,
            });
            self.guards.insert(id, watched);
        }
    }

    /// The questions that are due, each once, with the guards that it answers; they count as asked.
    pub(super) fn due(&mut self, uptime: u64) -> BTreeMap<Question, Vec<(Id, Threshold)>> {
        let mut questions: BTreeMap<Question, Vec<(Id, Threshold)>> = BTreeMap::new();
        for (id, guard) in &mut self.guards {
            if guard.asked || guard.due > uptime {
                continue;
            }
            guard.asked = true;
            // On the grid of its first question: no drift; and what was missed is not made up for.
            let late = uptime - guard.due;
            guard.due = guard.due.saturating_add((late / guard.interval + 1).saturating_mul(guard.interval));
            let answers = questions.entry(guard.question.clone()).or_default();
            answers.push((id.clone(), guard.pass));
        }
        questions
    }

    /// The guard has answered.
    pub(super) fn answered(&mut self, id: &Id) {
        if let Some(guard) = self.guards.get_mut(id) {
            guard.asked = false;
        }
    }

    #[cfg(test)]
    pub(super) fn ids(&self) -> Vec<String> {
        self.guards.keys().map(|(release, guard)| format!("{release}/{guard}")).collect()
    }
}

/// The pulled guards whose phase was reached, of the releases that run; paused and entering ones, too.
fn reached(world: &World) -> impl Iterator<Item = (&Key, &Guard, &Source)> {
    let running = world.running().filter_map(|id| Some((id, world.release_states.get(id)?)));
    running.flat_map(move |(id, row)| {
        let phases = world.releases.get(id).map(|release| release.body.plan.phases.as_slice());
        let states = row.body.state.phases.iter();
        // Of a skipped phase nothing is served: the release would refuse a verdict.
        let is_reached = |status| !matches!(status, PhaseStatus::Pending | PhaseStatus::Skipped);
        let reached =
            phases.unwrap_or_default().iter().zip(states).filter(move |(_, state)| is_reached(state.status));
        let guards = reached.flat_map(|(phase, _)| &phase.guards);
        guards.filter_map(move |guard| Some((id, guard, guard.source.as_ref()?)))
    })
}
