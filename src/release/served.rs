//! The overlay: a release as engines take it, while it runs.

use super::{PhasePatch, PhaseStatus, Plan, State, Status};
use crate::model::{self, Candidate, Key, PatchKind, Percent, PhaseRamp, SegmentCandidate, Target};

/// The phase that serves the candidate in environments outside pipelines; no phase of a pipeline may be called so.
pub const OPTED_OUT: &str = "opted-out";

/// The release as the engine takes it: every phase, live or not, with its share. None is live once the release has ended.
#[must_use]
pub fn served(plan: &Plan, state: &State) -> model::Release {
    let is_running = state.status == Status::Running;
    let mut phases = Vec::new();
    if !plan.opted_out.is_empty() {
        let target = Target { environments: Some(plan.opted_out.clone()), ..Target::default() };
        phases.push(phase(OPTED_OUT.into(), is_running, Some(vec![target]), Percent::ALL, None));
    }
    for (planned, at) in plan.phases.iter().zip(&state.phases) {
        let is_live = is_running && PhaseStatus::is_live(at.status);
        let patches = planned.patches.as_deref().map(|written| patches(plan, Some(written)));
        phases.push(phase(Key::clone(&planned.id), is_live, planned.target.clone(), at.percent, patches));
    }
    let features = plan
        .features
        .iter()
        .map(|(key, change)| (Key::clone(key), Candidate { candidate: change.candidate.clone() }));
    let segments = plan
        .segments
        .iter()
        .map(|(key, change)| (Key::clone(key), SegmentCandidate { candidate: change.candidate.clone() }));
    model::Release {
        id: Key::clone(&plan.id),
        description: plan.description.clone(),
        pipeline: Some(plan.pipeline.clone()),
        features: features.collect(),
        segments: segments.collect(),
        ramp: (plan.ramp != model::ReleaseRamp::default()).then(|| plan.ramp.clone()),
        phases,
    }
}

fn phase(
    id: Key,
    live: bool,
    target: Option<Vec<Target>>,
    percent: Percent,
    patches: Option<Vec<model::Patch>>,
) -> model::Phase {
    let ramp = (percent != Percent::ALL).then_some(PhaseRamp { percent });
    model::Phase { id, description: None, live, target, ramp, patches, place: model::Place::default() }
}

/// The patches of a phase, each on one feature or segment; of none given: every candidate is applied.
pub(super) fn patches(plan: &Plan, written: Option<&[PhasePatch]>) -> Vec<model::Patch> {
    let all = [PhasePatch { patch: PatchKind::Apply, feature: None, audience: None, variant: None }];
    let mut patches = Vec::new();
    for written in written.unwrap_or(&all) {
        let applies = written.patch == PatchKind::Apply;
        let patch = |feature: Option<&Key>, segment: Option<&Key>| model::Patch {
            patch: written.patch,
            feature: feature.cloned(),
            segment: segment.cloned(),
            audience: written.audience.clone(),
            variant: written.variant.clone(),
            place: model::Place::default(),
        };
        if let Some(feature) = &written.feature {
            patches.push(patch(Some(feature), None));
            continue;
        }
        let features = plan.features.iter().filter(|(_, change)| !applies || change.candidate.is_some());
        patches.extend(features.map(|(key, _)| patch(Some(key), None)));
        let segments = plan.segments.iter().filter(|(_, change)| applies && change.candidate.is_some());
        patches.extend(segments.map(|(key, _)| patch(None, Some(key))));
    }
    patches
}

/// What the engines of one environment get of it: live phases only, with targets that can match there, and what those
/// phases change. None if nothing is left.
#[must_use]
pub fn for_environment(release: &model::Release, environment: &str) -> Option<model::Release> {
    let mut narrow = release.clone();
    narrow.phases.retain_mut(|phase| phase.live && reaches(&mut phase.target, environment));
    if narrow.phases.is_empty() {
        return None;
    }
    // The salt may be made of the keys, of which some may go.
    let salt = release.ramp_salt();
    let patched = |is_it: &dyn Fn(&model::Patch) -> bool| {
        narrow
            .phases
            .iter()
            .any(|phase| phase.patches.as_ref().is_none_or(|patches| patches.iter().any(is_it)))
    };
    let features =
        release.features.iter().filter(|(key, _)| patched(&|patch| patch.feature.as_ref() == Some(*key)));
    let segments =
        release.segments.iter().filter(|(key, _)| patched(&|patch| patch.segment.as_ref() == Some(*key)));
    let features =
        features.map(|(key, change)| (Key::clone(key), of_environment(change, environment))).collect();
    let segments = segments.map(|(key, change)| (Key::clone(key), change.clone())).collect();
    narrow.features = features;
    narrow.segments = segments;
    if narrow.features.len() < release.features.len() || narrow.segments.len() < release.segments.len() {
        narrow.ramp.get_or_insert_default().salt.get_or_insert(salt);
    }
    (!narrow.features.is_empty() || !narrow.segments.is_empty()).then_some(narrow)
}

/// Whether a target can match in the environment; it is left with the entries that do.
fn reaches(target: &mut Option<Vec<Target>>, environment: &str) -> bool {
    let Some(entries) = target else { return true };
    entries.retain_mut(|entry| match &mut entry.environments {
        Some(environments) => {
            environments.retain(|one| **one == *environment);
            !environments.is_empty()
        }
        None => true,
    });
    !entries.is_empty()
}

/// A candidate without the blocks of other environments.
fn of_environment(change: &Candidate, environment: &str) -> Candidate {
    let mut change = change.clone();
    if let Some(Some(feature)) = &mut change.candidate
        && feature.environments.keys().any(|key| **key != *environment)
    {
        let mut narrow = (**feature).clone();
        narrow.environments.retain(|key, _| **key == *environment);
        *feature = narrow.into();
    }
    change
}
