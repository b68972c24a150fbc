//! What propagates now, to whom: pure, from the world.
//!
//! ```text
//!   World ─ running releases whose phase is propagating ─▶ Spread ─ by environment ─▶ Place { row as it is served, targets }
//! ```

use std::sync::Arc;

use tidegate::model::{Condition, Key, Op, Target, Test};
use tidegate::release::{self, Applied, PhaseStatus, Plan, Propagation, Status};
use tidegate::value::Value;

use crate::domain::entity::Kind;
use crate::domain::{World, effects, snapshot};

/// A condition of which nothing is known: a test on this attribute, which no process has.
const UNKNOWN: &str = "tidegate.unknown";
/// So many segments are looked into, for one target.
const LOOKED_INTO: usize = 1_000;

/// A share of a phase that propagates.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    pub(super) release: Key,
    pub(super) phase: Key,
    /// Of the ramp.
    pub(super) step: usize,
    pub(super) asked: Propagation,
    /// What the release heard last.
    pub(super) recorded: Option<Applied>,
    /// What is left until the timeout, if there is one that still counts (ms).
    pub(super) left: Option<u64>,
    pub(super) plan: Arc<Plan>,
    /// The environments that it is served in.
    pub(super) places: Vec<Place>,
}

/// Where a share propagates.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) environment: Key,
    /// The row of the release in the snapshot: the version that changed it last is the one that is waited for.
    pub(super) row: String,
    /// Whom the phase is for there, but for the environment; empty: everyone.
    pub(super) targets: Vec<Condition>,
}

/// The shares that propagate now.
pub(super) fn spreads(world: &World, now: release::Now) -> Vec<Spread> {
    world.running().filter_map(|id| spread(world, id, now)).collect()
}

/// The share of a release that propagates, if one does.
pub(super) fn spread(world: &World, id: &str, now: release::Now) -> Option<Spread> {
    let run = effects::find(world, id).ok()?;
    let (plan, state) = (&run.release.plan, &run.state.state);
    let (planned, at) = (plan.phases.get(state.phase)?, state.phases.get(state.phase)?);
    let asked = planned.propagation?;
    if state.status != Status::Running || at.status != PhaseStatus::Propagating {
        return None;
    }
    let served = release::served(plan, state);
    let place = |environment: &Key| {
        let narrow = release::for_environment(&served, environment)?;
        let phase = narrow.phases.into_iter().find(|phase| phase.id == planned.id)?;
        Some(Place {
            environment: Key::clone(environment),
            row: snapshot::row(world, environment, Kind::Release, &plan.id)?,
            targets: conditions(world, phase.target)?,
        })
    };
    let environments = plan.environments.get(state.phase)?;
    Some(Spread {
        release: Key::clone(&plan.id),
        phase: Key::clone(&planned.id),
        step: at.step,
        asked,
        recorded: at.applied.clone(),
        left: at.timer.filter(|_| !at.overdue).map(|timer| timer.remaining(now)),
        places: environments.iter().filter_map(place).collect(),
        plan: Arc::clone(plan),
    })
}

/// The conditions of targets, with segments written out; empty if one of them is for everyone. None if there is no target.
fn conditions(world: &World, targets: Option<Vec<Target>>) -> Option<Vec<Condition>> {
    let Some(targets) = targets else { return Some(Vec::new()) };
    if targets.is_empty() {
        return None;
    }
    let mut left = LOOKED_INTO;
    let written = targets.into_iter().map(|target| Some(written_out(world, &target.condition?, &mut left)));
    // One without a condition is for everyone.
    Some(written.collect::<Option<Vec<_>>>().unwrap_or_default())
}

/// A condition in which segments are written out; what a release may change, and features, are unknown.
fn written_out(world: &World, condition: &Condition, left: &mut usize) -> Condition {
    let mut each = |some: &[Condition]| -> Vec<Condition> {
        some.iter().map(|one| written_out(world, one, left)).collect()
    };
    match condition {
        Condition::All { all } => Condition::All { all: each(all) },
        Condition::Any { any } => Condition::Any { any: each(any) },
        Condition::Not { not } => Condition::Not { not: Box::new(written_out(world, not, left)) },
        Condition::Segment(test) => {
            let released = world.release_of(&format!("segment:{}", test.segment)).is_some();
            let row = world.segments.get(&test.segment).filter(|_| !released && *left > 0);
            match row.and_then(|row| row.body.definition.clone()) {
                Some(segment) => {
                    *left = left.saturating_sub(1);
                    written_out(world, &segment.condition, left)
                }
                None => unknown(),
            }
        }
        Condition::Test(_) | Condition::Bucket { .. } | Condition::Time { .. } => condition.clone(),
        _ => unknown(),
    }
}

fn unknown() -> Condition {
    Condition::Test(Test { attribute: UNKNOWN.into(), op: Op::IsSet, value: Value::Null, ignore_case: false })
}
