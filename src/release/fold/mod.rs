//! Completion: the definitions that are left when the overlay goes (DESIGN §5).
//!
//! ```text
//!  an apply was served ─▶ the candidate, everywhere ┐
//!  else                ─▶ the base                  ├─ patches, in application order ─▶ per environment ─▶ definition
//! ```
//! An `apply` that is not for everyone still counts among the patches: for whom it is, it undoes those before it.
//! INVARIANT: who was served the candidate (or whoever, if there is none) is served the same before and after.
//! The one exception: a `set` for some contexts only, on an archived candidate, which serves one default to all.

mod definition;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::definition::{Cases, Resolved, rewrite};
use super::served::{patches, served};
use super::{Change, Plan, State};
use crate::model::{
    BucketTest, Condition, EnvironmentBlock, Feature, Key, PatchKind, Percent, Segment, SegmentTest, Target,
};

/// The definitions after completion; `None`: it does not exist (any more).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Folded {
    /// The features of the release.
    pub features: BTreeMap<Key, Option<Arc<Feature>>>,
    /// The segments of the release.
    pub segments: BTreeMap<Key, Option<Arc<Segment>>>,
}

/// The definitions that completion leaves, given all environments that exist.
///
/// Of a release that was rolled out fully, all phases count, at 100 %; else those that are live, at the share that they have.
#[must_use]
pub fn fold(plan: &Plan, state: &State, environments: &[Key]) -> Folded {
    let phases = counted(plan, state);
    let ramp = Ramp::of(plan, state);
    let features = plan.features.iter().map(|(key, change)| {
        let operations = operations(&phases, key, Kind::Feature);
        (Key::clone(key), feature(plan, key, change, &operations, environments, &ramp))
    });
    let segments = plan.segments.iter().map(|(key, change)| {
        let is_applied = !operations(&phases, key, Kind::Segment).is_empty();
        let candidate = change.candidate.as_ref().filter(|_| is_applied);
        (Key::clone(key), candidate.unwrap_or(&change.base).clone())
    });
    Folded { features: features.collect(), segments: segments.collect() }
}

/// A phase that counts.
struct Counted {
    target: Option<Vec<Target>>,
    percent: Percent,
    patches: Vec<crate::model::Patch>,
}

fn counted(plan: &Plan, state: &State) -> Vec<Counted> {
    let mut counted = Vec::new();
    if !plan.opted_out.is_empty() {
        let target = Target { environments: Some(plan.opted_out.clone()), ..Target::default() };
        let patches = patches(plan, None);
        counted.push(Counted { target: Some(vec![target]), percent: Percent::ALL, patches });
    }
    for (planned, at) in plan.phases.iter().zip(&state.phases) {
        if state.rolled_out || at.status.is_live() {
            let percent = if state.rolled_out { Percent::ALL } else { at.percent };
            let patches = patches(plan, planned.patches.as_deref());
            counted.push(Counted { target: planned.target.clone(), percent, patches });
        }
    }
    counted
}

/// The unit and salt of the release's ramps (SEMANTICS 7.4).
struct Ramp {
    unit: Key,
    salt: Key,
}

impl Ramp {
    fn of(plan: &Plan, state: &State) -> Self {
        let only =
            plan.features.values().next().filter(|_| plan.features.len() == 1 && plan.segments.is_empty());
        let unit_of = |change: &Change<Feature>| match (&change.base, &change.candidate) {
            (Some(base), _) => base.unit.clone(),
            (None, Some(Some(candidate))) => candidate.unit.clone(),
            (None, _) => None,
        };
        let unit = plan.ramp.unit.clone().or_else(|| only.and_then(unit_of));
        Self { unit: unit.unwrap_or_else(|| "user_id".into()), salt: served(plan, state).ramp_salt() }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Feature,
    Segment,
}

/// A patch on a definition, and for whom.
struct Operation<'a> {
    phase: &'a Counted,
    patch: &'a crate::model::Patch,
}

/// The patches on a feature or segment in application order (SEMANTICS 7.7): those for everyone, then those for segments.
fn operations<'a>(phases: &'a [Counted], key: &Key, kind: Kind) -> Vec<Operation<'a>> {
    let of = |for_segments: bool| {
        phases.iter().flat_map(move |phase| {
            phase.patches.iter().filter_map(move |patch| {
                let on = if kind == Kind::Feature { &patch.feature } else { &patch.segment };
                let is_on = on.as_ref() == Some(key) && patch.audience.is_some() == for_segments;
                is_on.then_some(Operation { phase, patch })
            })
        })
    };
    of(false).chain(of(true)).collect()
}

/// For whom a patch is in an environment.
enum Whom {
    Everyone,
    NoOne,
    Those(Condition),
}

impl Operation<'_> {
    fn whom(&self, environment: Option<&Key>, ramp: &Ramp) -> Whom {
        let mut parts = Vec::new();
        if let Some(target) = &self.phase.target {
            let entries: Vec<&Target> = target.iter().filter(|entry| reaches(entry, environment)).collect();
            let conditions: Option<Vec<Condition>> =
                entries.iter().map(|entry| entry.condition.clone()).collect();
            // None: one of the entries has no condition.
            if let Some(mut conditions) = conditions {
                match (conditions.pop(), conditions.is_empty()) {
                    (None, _) => return Whom::NoOne,
                    (Some(only), true) => parts.push(only),
                    (Some(last), false) => {
                        conditions.push(last);
                        parts.push(Condition::Any { any: conditions });
                    }
                }
            }
        }
        match self.phase.percent {
            Percent::NONE => return Whom::NoOne,
            Percent::ALL => {}
            Percent(share) => {
                let (unit, salt) = (Key::clone(&ramp.unit), Key::clone(&ramp.salt));
                parts.push(Condition::Bucket { bucket: BucketTest { unit, salt, from: 0, to: share } });
            }
        }
        if let Some(audience) = &self.patch.audience {
            parts.push(Condition::Segment(SegmentTest { segment: Key::clone(audience) }));
        }
        match (parts.pop(), parts.is_empty()) {
            (None, _) => Whom::Everyone,
            (Some(only), true) => Whom::Those(only),
            (Some(last), false) => {
                parts.push(last);
                Whom::Those(Condition::All { all: parts })
            }
        }
    }
}

fn reaches(entry: &Target, environment: Option<&Key>) -> bool {
    match (&entry.environments, environment) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(some), Some(one)) => some.contains(one),
    }
}

fn feature(
    plan: &Plan,
    key: &Key,
    change: &Change<Feature>,
    operations: &[Operation<'_>],
    environments: &[Key],
    ramp: &Ramp,
) -> Option<Arc<Feature>> {
    let is_applied = operations.iter().any(|operation| operation.patch.patch == PatchKind::Apply);
    let start = change.candidate.as_ref().filter(|_| is_applied).unwrap_or(&change.base).clone()?;
    if operations.iter().all(|operation| operation.patch.patch == PatchKind::Apply) {
        return Some(start);
    }
    let note = format!("kept from release `{}`", plan.id);
    let in_environment = |environment: Option<&Key>| {
        let resolved = Resolved::of(&start, environment);
        let (mut enabled, mut default) = (Cases::new(resolved.enabled), Cases::new(resolved.default.clone()));
        for operation in operations.iter().rev() {
            let whom = || operation.whom(environment, ramp);
            match (operation.patch.patch, &operation.patch.variant) {
                (PatchKind::Apply, _) => {
                    enabled.before(whom(), resolved.enabled);
                    default.before(whom(), resolved.default.clone());
                }
                (PatchKind::Enable, _) => enabled.before(whom(), true),
                (PatchKind::Disable, _) => enabled.before(whom(), false),
                (PatchKind::Set, Some(variant)) => default.before(whom(), Key::clone(variant)),
                (PatchKind::Set, None) => {}
            }
        }
        rewrite(&start, key, resolved, enabled.simplified(), default.simplified(), &note)
    };
    let mut folded = (*start).clone();
    let shared = in_environment(None);
    if folded.enabled != shared.enabled {
        folded.enabled = shared.enabled;
    }
    if Resolved::of(&folded, None).default != shared.default {
        folded.default = Some(shared.default);
    }
    folded.rules = shared.rules;
    for environment in concerned(&start, operations, environments) {
        let wanted = in_environment(Some(&environment));
        let found = Resolved::of(&folded, Some(&environment));
        if wanted != found {
            let block = folded.environments.entry(environment).or_default();
            set_block(block, found, wanted);
        }
    }
    if folded == *start { Some(start) } else { Some(folded.into()) }
}

/// Replaces in an environment's block what is found and not wanted.
fn set_block(block: &mut EnvironmentBlock, found: Resolved, wanted: Resolved) {
    if found.enabled != wanted.enabled {
        block.enabled = Some(wanted.enabled);
    }
    if found.default != wanted.default {
        block.default = Some(wanted.default);
    }
    if found.rules != wanted.rules {
        block.rules = Some(wanted.rules);
    }
}

/// All environments that exist, have a block or are named in a target.
fn concerned(start: &Feature, operations: &[Operation<'_>], environments: &[Key]) -> BTreeSet<Key> {
    let targets = operations.iter().flat_map(|operation| operation.phase.target.iter().flatten());
    let named = targets.flat_map(|entry| entry.environments.iter().flatten());
    environments.iter().chain(start.environments.keys()).chain(named).cloned().collect()
}
