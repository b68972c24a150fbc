//! The full snapshot document of a world, as it could be served at the latest.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tidegate::model::{
    Attribute, Environment, ExclusionGroup, Feature, Kind, PatchKind, Percent, ReleaseRamp, SCHEMA_VERSION,
    Segment, Target,
};
use tidegate::release::{Change, PhasePatch, Pipeline, Plan, Status};

use crate::domain::World;
use crate::domain::diff::escape;

/// The feature that a probe releases.
const PROBE: &str = "\u{7f}probe";

#[derive(Serialize)]
pub(super) struct Document<'w> {
    schema_version: u32,
    version: u64,
    environments: BTreeMap<&'w str, Environment>,
    attributes: BTreeMap<&'w str, &'w Attribute>,
    segments: BTreeMap<&'w str, &'w Segment>,
    features: BTreeMap<&'w str, Arc<Feature>>,
    exclusion_groups: BTreeMap<&'w str, &'w ExclusionGroup>,
    releases: Vec<Release<'w>>,
}

#[derive(Serialize)]
struct Release<'w> {
    id: &'w str,
    features: BTreeMap<&'w str, Candidate<'w, Feature>>,
    segments: BTreeMap<&'w str, Candidate<'w, Segment>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ramp: Option<ReleaseRamp>,
    phases: Vec<Phase<'w>>,
}

#[derive(Serialize)]
#[serde(bound(serialize = "Arc<T>: Serialize"))]
struct Candidate<'w, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate: Option<&'w Option<Arc<T>>>,
}

#[derive(Serialize)]
struct Phase<'w> {
    id: &'w str,
    live: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'w [Target]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ramp: Option<Share>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patches: Option<Vec<Patch<'w>>>,
}

#[derive(Serialize)]
struct Share {
    percent: Percent,
}

#[derive(Serialize)]
struct Patch<'w> {
    patch: PatchKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<&'w str>,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    audience: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'w str>,
}

impl<'w> Document<'w> {
    pub(super) fn of(world: &'w World) -> Self {
        let running = world.releases.iter().filter(|(id, _)| {
            world.release_states.get(*id).is_some_and(|row| row.body.state.status == Status::Running)
        });
        let features = world.features.iter();
        let segments = world.segments.iter();
        Self {
            schema_version: SCHEMA_VERSION,
            version: 1,
            environments: world
                .environments
                .iter()
                .map(|(name, row)| (&**name, row.body.to_model()))
                .collect(),
            attributes: world.attributes.iter().map(|(name, row)| (&**name, &*row.body)).collect(),
            segments: segments
                .filter_map(|(key, row)| Some((&**key, row.body.definition.as_deref()?)))
                .collect(),
            features: features
                .filter_map(|(key, row)| Some((&**key, Arc::clone(row.body.definition.as_ref()?))))
                .collect(),
            exclusion_groups: world.exclusion_groups.iter().map(|(key, row)| (&**key, &*row.body)).collect(),
            releases: running.map(|(_, row)| release(&row.body.plan)).collect(),
        }
    }

    /// Adds a release of a pipeline, of a feature of its own, so that its targets and audiences are compiled; gives its id.
    /// What its patches do is not looked at: that depends on what is released.
    pub(super) fn probe(&mut self, pipeline: &'w Pipeline) -> &'static str {
        self.features.insert(PROBE, Arc::new(probe()));
        let audience = |patch: &'w PhasePatch| Patch {
            patch: PatchKind::Enable,
            feature: Some(PROBE),
            segment: None,
            audience: patch.audience.as_deref(),
            variant: None,
        };
        let phases = pipeline.phases.iter().map(|phase| Phase {
            id: &phase.id,
            live: true,
            target: phase.target.as_deref(),
            ramp: None,
            patches: Some(phase.patches.iter().flatten().map(audience).collect()),
        });
        self.releases.push(Release {
            id: PROBE,
            features: BTreeMap::from([(PROBE, Candidate { candidate: None })]),
            segments: BTreeMap::new(),
            ramp: None,
            phases: phases.collect(),
        });
        PROBE
    }

    /// The pointer with the id of a release in place of its number.
    pub(super) fn with_ids(&self, pointer: &str) -> String {
        let mapped = pointer.strip_prefix("/releases/").and_then(|rest| {
            let (number, rest) = rest.split_once('/').map_or((rest, None), |(n, rest)| (n, Some(rest)));
            let id = escape(self.releases.get(number.parse::<usize>().ok()?)?.id);
            Some(rest.map_or_else(|| format!("/releases/{id}"), |rest| format!("/releases/{id}/{rest}")))
        });
        mapped.unwrap_or_else(|| pointer.to_owned())
    }
}

fn probe() -> Feature {
    Feature {
        kind: Kind::Gate,
        description: None,
        unit: None,
        salt: None,
        enabled: true,
        archived: false,
        variants: tidegate::model::Variants::default(),
        default: None,
        rules: Vec::new(),
        environments: BTreeMap::new(),
        allocation: None,
        exclusion_group: None,
    }
}

fn release(plan: &Plan) -> Release<'_> {
    let phases = plan.phases.iter().map(|phase| {
        // The first share: the least, so that a missing unit shows.
        let share = phase.ramp.as_ref().and_then(|ramp| ramp.steps().first().map(|step| step.percent));
        Phase {
            id: &phase.id,
            live: true,
            target: phase.target.as_deref(),
            ramp: share.filter(|percent| *percent < Percent::ALL).map(|percent| Share { percent }),
            patches: phase.patches.as_ref().map(|list| list.iter().flat_map(|p| patches(plan, p)).collect()),
        }
    });
    Release {
        id: &plan.id,
        features: candidates(&plan.features),
        segments: candidates(&plan.segments),
        ramp: Some(&plan.ramp).filter(|ramp| **ramp != ReleaseRamp::default()).cloned(),
        phases: phases.collect(),
    }
}

fn candidates<T>(changes: &BTreeMap<tidegate::model::Key, Change<T>>) -> BTreeMap<&str, Candidate<'_, T>> {
    changes.iter().map(|(key, change)| (&**key, Candidate { candidate: change.candidate.as_ref() })).collect()
}

/// A patch without a feature is on each feature of the release, `apply` on each that has a candidate, segments too.
fn patches<'w>(plan: &'w Plan, patch: &'w PhasePatch) -> Vec<Patch<'w>> {
    let on = |feature: Option<&'w str>, segment: Option<&'w str>| Patch {
        patch: patch.patch,
        feature,
        segment,
        audience: patch.audience.as_deref(),
        variant: patch.variant.as_deref(),
    };
    let apply = patch.patch == PatchKind::Apply;
    if let Some(feature) = &patch.feature {
        return plan.features.contains_key(feature).then(|| on(Some(feature), None)).into_iter().collect();
    }
    let features = plan.features.iter().filter(|(_, change)| !apply || change.candidate.is_some());
    let segments = plan.segments.iter().filter(|(_, change)| apply && change.candidate.is_some());
    features.map(|(key, _)| on(Some(key), None)).chain(segments.map(|(key, _)| on(None, Some(key)))).collect()
}
