//! The release overlay: which patches take part (SEMANTICS §7).

use std::sync::Arc;

use super::tree::{Node, Outcome, PatchNode, Share, Source, Step};
use super::{Attribution, Refs, Run, Sign, Verdict};
use crate::model::{Feature, Key, PatchKind, Percent, Phase, Release, Segment, Target};
use crate::value::order;

const DEFAULT_UNIT: &str = "user_id";

/// What a patch is on.
#[derive(Clone, Copy)]
pub(super) enum Subject<'k> {
    Feature(&'k Key),
    Segment(&'k Key),
}

/// A patch in its place.
struct Placed<'s> {
    phase: &'s Phase,
    patch: PatchKind,
    audience: Option<&'s Key>,
    variant: Option<&'s Key>,
}

/// The patches that took part, and what they come to.
#[derive(Default)]
pub(super) struct Overlay<'s> {
    pub(super) nodes: Vec<Node>,
    pub(super) attribution: Option<Attribution>,
    pub(super) release: Option<&'s Release>,
    pub(super) applied: bool,
    pub(super) enabled: Option<bool>,
    pub(super) default: Option<&'s Key>,
}

/// A segment as its overlay has it.
pub(super) struct OverlaidSegment<'s> {
    pub(super) nodes: Vec<Node>,
    pub(super) attribution: Option<Attribution>,
    pub(super) segment: Option<&'s Segment>,
    pub(super) tombstone: Step,
}

impl<'s> Run<'_, 's> {
    /// The definition of a segment that is in effect (SEMANTICS 7.9).
    pub(super) fn overlaid_segment(&mut self, key: &Key, refs: &mut Refs) -> OverlaidSegment<'s> {
        let overlay = self.overlay(Subject::Segment(key), refs);
        let candidate =
            overlay.release.filter(|_| overlay.applied).and_then(|release| release.segments.get(key));
        let invalid = self.tracer.ignored.segments.contains(key);
        let (segment, source) = match candidate.and_then(|change| change.candidate.as_ref()) {
            Some(candidate) => (candidate.as_deref(), Source::Tombstone),
            None if invalid => (None, Source::Invalid),
            None => (self.snapshot().segments.get(key).map(Arc::as_ref), Source::Tombstone),
        };
        let tombstone = Step::Definition { source, enabled: None, archived: false, default: None };
        OverlaidSegment { nodes: overlay.nodes, attribution: overlay.attribution, segment, tombstone }
    }

    /// Examines the patches on a definition, from the last to the first (SEMANTICS 7.8).
    pub(super) fn overlay(&mut self, subject: Subject<'_>, refs: &mut Refs) -> Overlay<'s> {
        let Some(release) = self.release_of(subject) else { return Overlay::default() };
        let mut overlay = Overlay { release: Some(release), ..Overlay::default() };
        let mut children = Vec::new();
        for placed in patches(release, subject).iter().rev() {
            let live = placed.phase.live && !self.is_ignored(release, placed.phase);
            let matters = match placed.patch {
                _ if overlay.applied => false,
                PatchKind::Apply => true,
                PatchKind::Disable | PatchKind::Enable => overlay.enabled.is_none(),
                PatchKind::Set => overlay.default.is_none(),
            };
            let step = Step::Patch(PatchNode {
                phase: Key::clone(&placed.phase.id),
                patch: placed.patch,
                audience: placed.audience.cloned(),
                variant: placed.variant.cloned(),
                live,
            });
            if !live || !matters {
                children.push(Node::new(step, Outcome::Skipped));
                continue;
            }
            let (takes_part, parts) = self.takes_part(release, placed, refs);
            children.push(Node::new(step, takes_part.into()).with(parts));
            if takes_part {
                overlay.add(release, placed);
            }
        }
        let step = Step::Release { release: Key::clone(&release.id) };
        overlay.nodes.push(Node::new(step, Outcome::Note).with(children));
        overlay
    }

    fn is_ignored(&self, release: &Release, phase: &Phase) -> bool {
        self.tracer.ignored.phases.iter().any(|(id, name)| *id == release.id && *name == phase.id)
    }

    /// The one release that a definition is in (SEMANTICS 7.1).
    fn release_of(&self, subject: Subject<'_>) -> Option<&'s Release> {
        let ignored = &self.tracer.ignored;
        let mut releases = self.snapshot().releases.iter();
        match subject {
            Subject::Feature(key) if ignored.feature_overlays.contains(key) => None,
            Subject::Segment(key) if ignored.segment_overlays.contains(key) => None,
            Subject::Feature(key) => releases.find(|release| release.features.contains_key(key)),
            Subject::Segment(key) => releases.find(|release| release.segments.contains_key(key)),
        }
    }

    /// SEMANTICS 7.6: the target, then the ramp, then the audience.
    fn takes_part(
        &mut self,
        release: &'s Release,
        placed: &Placed<'s>,
        refs: &mut Refs,
    ) -> (bool, Vec<Node>) {
        let mut nodes = Vec::new();
        let mut inside = self.target(release, placed.phase, refs, &mut nodes);
        let percent = placed.phase.ramp.map_or(Percent::ALL, |ramp| ramp.percent);
        if percent < Percent::ALL {
            let (unit, salt) = (self.ramp_unit(release), ramp_salt(release));
            let mut node = self.share(Share::Ramp, &unit, &salt, 0, percent.buckets());
            if inside {
                inside = node.holds();
            } else {
                node.outcome = Outcome::Skipped;
            }
            nodes.push(node);
        }
        if let Some(segment) = placed.audience {
            if inside {
                let node = self.segment(segment, Sign::Itself, refs);
                inside = node.holds();
                nodes.push(node);
            } else {
                let step = Step::Segment { segment: Key::clone(segment), negated: false };
                nodes.push(Node::new(step, Outcome::Skipped));
            }
        }
        (inside, nodes)
    }

    /// SEMANTICS 7.3.
    fn target(
        &mut self,
        release: &'s Release,
        phase: &'s Phase,
        refs: &mut Refs,
        nodes: &mut Vec<Node>,
    ) -> bool {
        let Some(target) = &phase.target else { return true };
        let remembered = (Key::clone(&release.id), Key::clone(&phase.id));
        if let Some(verdict) = self.targets.get(&remembered) {
            refs.note(verdict.attribution.clone());
            nodes.push(Node::new(Step::Any { of: target.len() }, verdict.outcome).shown_above());
            return verdict.outcome == Outcome::Holds;
        }
        let mut inner = Refs::default();
        let mut matches = false;
        let certain = target.iter().position(|entry| self.entry_is_certain(entry));
        for (index, entry) in target.iter().enumerate() {
            if matches || certain.is_some_and(|certain| certain != index) {
                nodes.push(Node::new(Step::Target { target: index }, Outcome::Skipped));
            } else {
                let node = self.target_entry(index, entry, &mut inner);
                matches = node.holds();
                nodes.push(node);
            }
        }
        if target.is_empty() {
            nodes.push(Node::new(Step::Any { of: 0 }, Outcome::Fails));
        }
        refs.note(inner.0.clone());
        self.targets.insert(remembered, Verdict { outcome: matches.into(), attribution: inner.0 });
        matches
    }

    /// Whether process attributes alone let an entry match (SEMANTICS 2.5, 7.3).
    fn entry_is_certain(&self, entry: &'s Target) -> bool {
        let environment = entry.environments.as_ref().is_none_or(|names| {
            let (seen, process) = self.environment();
            process && names.iter().any(|name| seen == Some(&**name))
        });
        environment
            && entry
                .condition
                .as_ref()
                .is_none_or(|condition| self.folded(condition, Sign::Itself) == Some(true))
    }

    fn target_entry(&mut self, index: usize, entry: &'s Target, refs: &mut Refs) -> Node {
        let mut children = Vec::new();
        let mut matches = true;
        if let Some(environments) = &entry.environments {
            let (seen, process) = self.environment();
            matches = environments.iter().any(|name| seen == Some(&**name));
            let step =
                Step::Environments { environments: environments.clone(), seen: seen.map(str::to_owned) };
            children.push(Node::new(step, matches.into()).folded_if(process));
        }
        if let Some(condition) = entry.condition.as_ref().filter(|_| matches) {
            let node = self.condition(condition, Sign::Itself, refs);
            matches = node.holds();
            children.push(node);
        }
        Node::new(Step::Target { target: index }, matches.into()).with(children)
    }

    /// SEMANTICS 7.4.
    fn ramp_unit(&self, release: &Release) -> Key {
        if let Some(unit) = release.ramp.as_ref().and_then(|ramp| ramp.unit.as_ref()) {
            return Key::clone(unit);
        }
        let only = release.features.iter().next().filter(|_| release.features.len() == 1);
        let definition = only.and_then(|(key, change)| {
            let base =
                self.snapshot().features.get(key).filter(|_| !self.tracer.ignored.features.contains(key));
            base.or_else(|| change.candidate.as_ref().and_then(Option::as_ref))
        });
        definition.map_or_else(|| Key::from(DEFAULT_UNIT), |feature| unit_of(feature))
    }
}

impl<'s> Overlay<'s> {
    fn add(&mut self, release: &Release, placed: &Placed<'s>) {
        self.attribution.get_or_insert_with(|| Attribution {
            release: Key::clone(&release.id),
            phase: Key::clone(&placed.phase.id),
        });
        match placed.patch {
            PatchKind::Apply => self.applied = true,
            PatchKind::Disable => self.enabled = Some(false),
            PatchKind::Enable => self.enabled = Some(true),
            PatchKind::Set => self.default = placed.variant,
        }
    }
}

/// The attribute that a definition buckets by (SEMANTICS 3.1).
pub(super) fn unit_of(feature: &Feature) -> Key {
    feature.unit.as_ref().map_or_else(|| Key::from(DEFAULT_UNIT), Key::clone)
}

/// SEMANTICS 7.4.
fn ramp_salt(release: &Release) -> String {
    if let Some(salt) = release.ramp.as_ref().and_then(|ramp| ramp.salt.as_ref()) {
        return salt.as_ref().to_owned();
    }
    let features = release.features.keys().map(|key| key.as_ref().to_owned());
    let mut keys: Vec<String> =
        features.chain(release.segments.keys().map(|key| format!("segment:{key}"))).collect();
    order::sort(&mut keys);
    format!("ramp/{}", keys.join(","))
}

/// The patches on a definition in application order (SEMANTICS 7.7).
fn patches<'s>(release: &'s Release, subject: Subject<'_>) -> Vec<Placed<'s>> {
    let has_candidate = match subject {
        Subject::Feature(key) => release.features.get(key).is_some_and(|change| change.candidate.is_some()),
        Subject::Segment(key) => release.segments.get(key).is_some_and(|change| change.candidate.is_some()),
    };
    let mut placed = Vec::new();
    for phase in &release.phases {
        let Some(patches) = &phase.patches else {
            if has_candidate {
                placed.push(Placed { phase, patch: PatchKind::Apply, audience: None, variant: None });
            }
            continue;
        };
        let on_subject = patches.iter().filter(|patch| match subject {
            Subject::Feature(key) => patch.feature.as_ref() == Some(key),
            Subject::Segment(key) => patch.segment.as_ref() == Some(key),
        });
        placed.extend(on_subject.map(|patch| Placed {
            phase,
            patch: patch.patch,
            audience: patch.audience.as_ref(),
            variant: patch.variant.as_ref(),
        }));
    }
    // Within each of the two, by phase and then as listed.
    let (of_segments, mut placed): (Vec<_>, Vec<_>) =
        placed.into_iter().partition(|placed| placed.audience.is_some());
    placed.extend(of_segments);
    placed
}
