//! How much code a definition becomes that its document says once: environments and patches multiply what is written, and a
//! document of some kilobytes must not become gigabytes (SEMANTICS 9.7).

use std::collections::BTreeMap;

use super::Bases;
use super::fields::Decoder;
use super::path::Path;
use super::release::Changes;
use super::remnant::{Definition, Part};
use crate::error::Code;
use crate::model::{Condition, Feature, Key, Patch, PatchKind, Phase, Rule, Target, limits};
use crate::value::{KeyedSet, order};

/// The tests of a condition.
fn tests(condition: &Condition) -> usize {
    match condition {
        Condition::All { all: members } | Condition::Any { any: members } => members.iter().map(tests).sum(),
        Condition::Not { not } => tests(not),
        _ => 1,
    }
}

/// The tests and ends of rules.
fn rules(rules: &[Rule]) -> usize {
    let rule = |rule: &Rule| {
        let split = rule.split.as_ref().map_or(0, Vec::len);
        rule.condition.as_ref().map_or(0, tests).saturating_add(split).saturating_add(2)
    };
    rules.iter().map(rule).sum()
}

/// What is written of a definition, and how much of it is repeated: blocks with a default of their own and rules that are not.
fn written(feature: &Feature) -> (usize, usize) {
    let shared = rules(&feature.rules);
    let blocks = || feature.environments.values();
    let own: usize = blocks().filter_map(|block| block.rules.as_deref()).map(rules).sum();
    let repeating = blocks().filter(|block| block.rules.is_none() && block.default.is_some()).count();
    (shared.saturating_add(own), shared.saturating_mul(repeating))
}

/// What an environment makes of a definition: whether rules count, the default, and the place of rules of its own.
fn shape<'f>(feature: &'f Feature, name: &Key) -> Option<(Option<bool>, Option<&'f str>, Option<usize>)> {
    let block = feature.environments.get(name)?;
    let rules = block.rules.as_ref().map(|rules| rules.as_ptr().addr());
    Some((block.enabled, block.default.as_deref(), rules))
}

/// A patch, and the tests of its phase's target.
fn patch(target: Option<&[Target]>) -> usize {
    let entry = |entry: &Target| {
        let environments = entry.environments.as_ref().map_or(0, Vec::len);
        entry.condition.as_ref().map_or(0, tests).saturating_add(environments)
    };
    target.unwrap_or_default().iter().map(entry).sum::<usize>().saturating_add(1)
}

/// The patches of a release on one thing.
#[derive(Default)]
struct Patches<'p> {
    count: usize,
    weight: usize,
    /// Variants that are set.
    variants: Vec<&'p Key>,
    /// Whether one disables or enables.
    switches: bool,
}

impl<'p> Patches<'p> {
    fn apply(&mut self, weight: usize) {
        self.count = self.count.saturating_add(1);
        self.weight = self.weight.saturating_add(weight);
    }

    fn add(&mut self, own: &'p Patch, weight: usize) {
        self.apply(weight);
        if self.count > limits::PATCHES {
            // Refused anyway.
            return;
        }
        self.switches |= matches!(own.patch, PatchKind::Disable | PatchKind::Enable);
        if let Some(variant) = own.variant.as_ref().filter(|own| !self.variants.contains(own)) {
            self.variants.push(variant);
        }
    }

    /// How often what is written of the definitions is repeated, at most.
    fn repeats(&self, base: Option<&Feature>, candidate: Option<&Feature>) -> usize {
        let definitions = || [base, candidate].into_iter().flatten();
        let once: usize = definitions().map(|definition| written(definition).0).sum();
        // Environments that make the same of both are written once.
        let names = definitions().flat_map(|definition| definition.environments.keys());
        let mut shapes: Vec<_> = names.map(|name| [base, candidate].map(|side| shape(side?, name))).collect();
        order::sort(&mut shapes);
        shapes.dedup();
        let blocks = shapes.len().saturating_add(1);
        let defaults = self.variants.len();
        let states = defaults.saturating_add(1).saturating_mul(if self.switches { 3 } else { 1 });
        let patches = self.weight.saturating_mul(states).saturating_mul(blocks);
        once.saturating_mul(defaults).saturating_add(patches)
    }
}

impl Decoder {
    /// Blocks of environments must not repeat too much.
    pub(super) fn check_repeats(&mut self, feature: &Feature, path: &Path<'_>) {
        if feature.environments.is_empty() {
            return;
        }
        let (_, repeated) = written(feature);
        self.repeats_within(repeated, &path.key("environments"));
    }

    fn repeats_within(&mut self, found: usize, path: &Path<'_>) {
        let most = limits::REPEATS;
        if found > most {
            let message = format_args!(
                "expected at most {most} tests that are repeated for environments and patches, found {found}"
            );
            self.error(Code::Limit, path, message);
        }
    }

    /// Takes out of a release what its patches would repeat too often, with all patches on it.
    pub(super) fn check_patches(
        &mut self,
        changes: &mut Changes,
        phases: &mut [Phase],
        bases: &Bases<'_>,
        path: &Path<'_>,
    ) {
        let mut features: BTreeMap<Key, Patches<'_>> = BTreeMap::new();
        let mut segments: BTreeMap<Key, Patches<'_>> = BTreeMap::new();
        for phase in &*phases {
            let weight = patch(phase.target.as_deref());
            let Some(patches) = &phase.patches else {
                changes
                    .features
                    .keys()
                    .for_each(|key| features.entry(Key::clone(key)).or_default().apply(weight));
                changes
                    .segments
                    .keys()
                    .for_each(|key| segments.entry(Key::clone(key)).or_default().apply(weight));
                continue;
            };
            for own in patches {
                match (&own.feature, &own.segment) {
                    (Some(key), _) => features.entry(Key::clone(key)).or_default().add(own, weight),
                    (None, Some(key)) => segments.entry(Key::clone(key)).or_default().add(own, weight),
                    (None, None) => {}
                }
            }
        }
        let mut lost = [KeyedSet::default(), KeyedSet::default()];
        let [lost_features, lost_segments] = &mut lost;
        let place = path.key("features");
        for (key, patches) in features {
            let candidate = match changes.features.get(&key) {
                Some(Some(Some(Some(Definition::Feature(feature))))) => Some(&**feature),
                _ => None,
            };
            let base = bases.features.get(&key).map(|base| &**base);
            if !self.fits(&patches, patches.repeats(base, candidate), &place.key(&key)) {
                lost_features.insert(key);
            }
        }
        let place = path.key("segments");
        for (key, patches) in segments {
            if !self.fits(&patches, patches.repeats(None, None), &place.key(&key)) {
                lost_segments.insert(key);
            }
        }
        let [features, segments] = lost;
        if features.is_empty() && segments.is_empty() {
            return;
        }
        self.drop_patches(&features, &segments, changes, phases, path);
        for (section, keys) in [("features", features), ("segments", segments)] {
            let place = path.key(section);
            for key in keys {
                let all = if section == "features" { &mut changes.features } else { &mut changes.segments };
                if let Some(Some(Some(Some(candidate)))) = all.insert(Key::clone(&key), None) {
                    self.remain_definition(&key, candidate, &place.key(&key).key("candidate"));
                }
            }
        }
    }

    /// Whether the patches on something are within the limits: its own, and those of the document's releases together.
    fn fits(&mut self, patches: &Patches<'_>, repeats: usize, path: &Path<'_>) -> bool {
        let before = self.hard;
        self.within(patches.count, limits::PATCHES, "patches", path);
        let sum = self.repeats.saturating_add(repeats);
        self.repeats_within(sum, path);
        if self.hard == before {
            self.repeats = sum;
        }
        self.hard == before
    }

    /// Takes the patches on some things out of all phases.
    fn drop_patches(
        &mut self,
        features: &KeyedSet<Key>,
        segments: &KeyedSet<Key>,
        changes: &Changes,
        phases: &mut [Phase],
        path: &Path<'_>,
    ) {
        let lost =
            |keys: &KeyedSet<Key>, key: &Option<Key>| key.as_ref().is_some_and(|key| keys.contains(key));
        let place = path.key("phases");
        for phase in phases {
            let place = place.index(phase.place.0);
            let place = place.key("patches");
            let Some(patches) = &mut phase.patches else { continue };
            patches.retain(|own| {
                let stays = !lost(features, &own.feature) && !lost(segments, &own.segment);
                if let Some(audience) = own.audience.as_ref().filter(|_| !stays) {
                    let part = Part::Audience(Key::clone(audience));
                    self.remain_of_phase(part, changes, &place.index(own.place.0).key("for"));
                }
                stays
            });
        }
    }
}
