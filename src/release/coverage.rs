//! Which environments the phases of a pipeline cover, so that completion surprises nobody.

use serde::{Deserialize, Serialize};

use super::Phase;
use crate::model::{Key, PatchKind, Percent, Target};

/// What the phases do in an environment.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "coverage", rename_all = "snake_case")]
pub enum Coverage {
    /// A phase applies the candidate for everyone there, to 100 %: completion changes nothing.
    Covered,
    /// No phase applies the candidate there: at completion everyone gets it at once.
    Not,
    /// Phases apply it there, but not for everyone: at completion the others get it at once.
    Partly {
        /// What each of them leaves out.
        why: Vec<String>,
    },
}

/// What the phases do in each of the environments, in their order.
///
/// Where no phase applies anything, completion changes no more than the phases did, and every environment is covered.
#[must_use]
pub fn coverage(phases: &[Phase], environments: &[Key]) -> Vec<(Key, Coverage)> {
    let applies = phases.iter().any(|phase| !gaps_of_patches(phase).is_empty() || applies_all(phase));
    let of =
        |environment: &Key| if applies { in_environment(phases, environment) } else { Coverage::Covered };
    environments.iter().map(|environment| (Key::clone(environment), of(environment))).collect()
}

fn in_environment(phases: &[Phase], environment: &Key) -> Coverage {
    let mut why = Vec::new();
    for phase in phases {
        let mut gaps = gaps_of_patches(phase);
        let touches = applies_all(phase) || !gaps.is_empty();
        let entries: Option<Vec<&Target>> = phase
            .target
            .as_ref()
            .map(|target| target.iter().filter(|entry| reaches(entry, environment)).collect());
        if !touches || entries.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        if applies_all(phase) {
            gaps.clear();
        }
        if entries.is_some_and(|entries| entries.iter().all(|entry| entry.condition.is_some())) {
            gaps.push(format!("phase `{}` is for some contexts only", phase.id));
        }
        let last = phase.shares().last().map_or(Percent::ALL, |share| share.percent);
        if last < Percent::ALL {
            gaps.push(format!("phase `{}` ends at {last} %", phase.id));
        }
        if gaps.is_empty() {
            return Coverage::Covered;
        }
        why.extend(gaps);
    }
    if why.is_empty() { Coverage::Not } else { Coverage::Partly { why } }
}

fn reaches(entry: &Target, environment: &Key) -> bool {
    entry.environments.as_ref().is_none_or(|environments| environments.contains(environment))
}

/// Whether the phase applies every candidate, for everyone that it targets.
fn applies_all(phase: &Phase) -> bool {
    phase.patches.as_ref().is_none_or(|patches| {
        patches.iter().any(|patch| {
            patch.patch == PatchKind::Apply && patch.feature.is_none() && patch.audience.is_none()
        })
    })
}

/// What the `apply`s of a phase leave out that are not for all.
fn gaps_of_patches(phase: &Phase) -> Vec<String> {
    let applies = phase.patches.iter().flatten().filter(|patch| patch.patch == PatchKind::Apply);
    let gap = |patch: &super::PhasePatch| match (&patch.audience, &patch.feature) {
        (Some(audience), _) => Some(format!("phase `{}` is for segment `{audience}` only", phase.id)),
        (None, Some(feature)) => Some(format!("phase `{}` applies `{feature}` only", phase.id)),
        (None, None) => None,
    };
    applies.filter_map(gap).collect()
}
