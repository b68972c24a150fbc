//! Which counts are added to the totals: those of what there is.
//!
//! ```text
//!   count ─ feature? release, and its phase? ─ no ─▶ given up: told as lost
//!             └ yes ─ variant, of the definition or of the release's? ─ no, and too many such ─▶ given up
//!                                └ yes, or one of a few of before ─▶ added
//! ```
//! Each name that is added is a row that stays. An instance that makes names up shall not fill the store.
//! INVARIANT: of a feature, the totals have at most the variants that it had and [`STRANGE`] others each run of the server.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;
use tidegate::model::{self, Key};
use tidegate::release::Plan;
use tidegate::wire::{ExposureBatch, ExposureCount};

use crate::domain::World;

/// Variants that a definition has no more are counted still: what was served just before an edit is told after it. So many of a
/// feature are; more are made up.
const STRANGE: usize = 32;

/// The names of counts.
#[derive(Debug, Default)]
pub(super) struct Names {
    strange: Mutex<Strange>,
}

/// By feature: the variants that were counted though nothing has them.
type Strange = BTreeMap<Key, BTreeSet<String>>;

impl Names {
    /// Leaves the counts of what there is; the others are told as lost. How many were.
    pub(super) fn check(&self, world: &World, batch: &mut ExposureBatch) -> u64 {
        let mut lost = 0_u64;
        let mut strange = self.strange.lock();
        strange.retain(|feature, _| world.features.contains_key(feature));
        batch.counts.retain(|count| {
            let is_known = is_known(world, count, &mut strange);
            if !is_known {
                lost = lost.saturating_add(count.count);
            }
            is_known
        });
        batch.lost = batch.lost.saturating_add(lost);
        lost
    }

    /// Whether [`Names::check`] would give something up, or nearly.
    pub(super) fn has_strange(world: &World, batch: &ExposureBatch) -> bool {
        batch.counts.iter().any(|count| place(world, count).is_none_or(|place| !place.has_variant(count)))
    }
}

fn is_known(world: &World, count: &ExposureCount, strange: &mut Strange) -> bool {
    let Some(place) = place(world, count) else { return false };
    if place.has_variant(count) {
        return true;
    }
    let variant = count.variant.as_deref().unwrap_or_default();
    let known = strange.entry(count.feature.as_str().into()).or_default();
    known.contains(variant) || known.len() < STRANGE && known.insert(variant.to_owned())
}

/// What a count is of.
struct Place<'w> {
    /// What the feature is, outside releases.
    definition: Option<&'w model::Feature>,
    plan: Option<&'w Plan>,
}

/// The feature, release and phase of a count; none if there is no such.
fn place<'w>(world: &'w World, count: &ExposureCount) -> Option<Place<'w>> {
    let definition = world.features.get(&*count.feature)?.body.definition.as_deref();
    let plan = match (&count.release, &count.phase) {
        (None, None) => None,
        (None, Some(_)) => return None,
        (Some(release), phase) => {
            let plan = &*world.releases.get(&**release)?.body.plan;
            let has = |phase: &String| plan.phases.iter().any(|planned| *planned.id == **phase);
            if !phase.as_ref().is_none_or(has) {
                return None;
            }
            Some(plan)
        }
    };
    Some(Place { definition, plan })
}

impl Place<'_> {
    fn has_variant(&self, count: &ExposureCount) -> bool {
        let Some(variant) = &count.variant else { return true };
        let change = self.plan.and_then(|plan| plan.features.get(&*count.feature));
        let base = change.and_then(|change| change.base.as_deref());
        let candidate = change.and_then(|change| change.candidate.as_ref()?.as_deref());
        let mut definitions = [self.definition, base, candidate].into_iter().flatten();
        definitions.any(|definition| definition.has_variant(variant))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::command::fixture::Fixture;

    fn world() -> World {
        let mut fixture = Fixture::new();
        fixture.feature("checkout", json!({"kind": "gate"}));
        fixture.pipeline("p", json!([{"id": "canary", "target": [{"environments": ["prod"]}]}]));
        let candidate = json!({"kind": "config", "variants": {"new": 1, "old": 2}, "default": "old"});
        fixture.release("r-1", "p", "checkout", candidate, "running");
        fixture.world
    }

    fn count(feature: &str, variant: &str, release: &str, phase: &str, count: u64) -> ExposureCount {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        ExposureCount {
            feature: feature.to_owned(),
            variant: some(variant),
            release: some(release),
            phase: some(phase),
            count,
        }
    }

    #[test]
    fn counts_of_what_never_was_are_given_up_and_told_as_lost() {
        let (world, names) = (world(), Names::default());
        let good = vec![
            count("checkout", "on", "", "", 1),
            count("checkout", "", "", "", 2),
            count("checkout", "new", "r-1", "canary", 4),
            count("checkout", "off", "r-1", "canary", 8),
        ];
        let bad = [
            count("chekout", "on", "", "", 16),
            count("checkout", "on", "r-2", "canary", 32),
            count("checkout", "on", "r-1", "canaries", 64),
            count("checkout", "on", "", "canary", 128),
        ];
        let mut batch = ExposureBatch { batch: 1, lost: 1_000, counts: good.clone() };
        assert!(!Names::has_strange(&world, &batch));
        assert_eq!(names.check(&world, &mut batch), 0);
        batch.counts.extend(bad);
        assert!(Names::has_strange(&world, &batch));
        assert_eq!(names.check(&world, &mut batch), 16 + 32 + 64 + 128);
        assert_eq!((batch.lost, batch.counts), (1_240, good));
    }

    #[test]
    fn variants_of_before_are_counted_and_made_up_ones_without_end_are_not() {
        let (world, names) = (world(), Names::default());
        let counts = (0..1_000).map(|n| count("checkout", &format!("v{n}"), "", "", 1));
        let mut batch = ExposureBatch { batch: 1, lost: 0, counts: counts.collect() };
        assert_eq!(names.check(&world, &mut batch), 1_000 - STRANGE as u64);
        assert_eq!(batch.counts.len(), STRANGE);
        // The same ones go on.
        assert_eq!(names.check(&world, &mut batch), 0);
    }
}
