//! A decoded snapshot to drafts.

use std::collections::BTreeMap;

use super::condition::{Reference, Target, simplify};
use super::definition::Definition;
use super::draft::{FeatureDraft, Overlay, SegmentDraft, SegmentSide};
use super::emit::Side;
use super::overlay::{Course, check};
use super::path::Path;
use super::remains::Remains;
use super::{Report, Scope, Sink};
use crate::model::{Decoded, Feature, Key, Part, Segment, Snapshot};

/// Drafts, before they know of each other.
pub(super) struct Lowering<'m> {
    pub(super) features: BTreeMap<u32, Box<FeatureDraft<'m>>>,
    pub(super) segments: BTreeMap<u32, Box<SegmentDraft<'m>>>,
    pub(super) courses: Vec<Course<'m>>,
    /// The patterns of the bases of features.
    pub(super) patterns: Vec<(u32, Vec<u128>)>,
    pub(super) remains: Vec<Remains>,
}

/// Lowers all that was decoded.
pub(super) fn lower<'m>(decoded: &'m Decoded, scope: &mut Scope<'_>, report: &mut Report) -> Lowering<'m> {
    let snapshot = &decoded.snapshot;
    let mut lowering = Lowering {
        features: BTreeMap::new(),
        segments: BTreeMap::new(),
        courses: Vec::new(),
        patterns: Vec::new(),
        remains: Vec::new(),
    };
    lowering.bases(decoded, scope, report);
    for (index, release) in snapshot.releases.iter().enumerate() {
        let place = decoded.release_places.get(index).copied().unwrap_or(index);
        lowering.release(snapshot, place, release, scope, report);
    }
    for key in &decoded.tombstone_segments {
        let draft = || Box::new(SegmentDraft::new(key, SegmentSide::Tombstone));
        lowering.segments.entry(scope.segment(key)).or_insert_with(draft);
    }
    for key in &decoded.tombstone_features {
        let draft = || Box::new(FeatureDraft::new(key, Side::Tombstone, "user_id"));
        lowering.features.entry(scope.feature(key)).or_insert_with(draft);
    }
    for kill in &snapshot.kills {
        let number = scope.feature(&kill.feature);
        if let Some(draft) = lowering.features.get_mut(&number) {
            draft.kills.push(&kill.environment);
        }
    }
    for remnant in &decoded.remnants {
        let remains = Remains::of(remnant, scope, report);
        let of_definition = matches!(&*remnant.parts, [(_, Part::Definition(_))]);
        for owner in &remains.owners {
            match owner {
                Target::Feature(number) => {
                    if let Some(draft) = lowering.features.get_mut(number) {
                        draft.unsound_candidate |= of_definition && remnant.release.is_some();
                        draft.release = draft.release.or(remnant.release);
                    }
                }
                Target::Segment(number) => {
                    if let Some(draft) = lowering.segments.get_mut(number) {
                        draft.release = draft.release.or(remnant.release);
                    }
                }
            }
        }
        lowering.remains.push(remains);
    }
    lowering
}

/// A definition; if it fails, its references.
fn whole<'m>(
    key: &str,
    feature: &'m Feature,
    snapshot: &Snapshot,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    report: &mut Report,
) -> Result<Definition<'m>, Vec<Reference>> {
    let mut sink = Sink::default();
    let definition = Definition::lower(key, feature, &snapshot.exclusion_groups, path, scope, &mut sink);
    let failed = sink.errors() > 0;
    report.extend(sink.diagnostics);
    if failed { Err(definition.references) } else { Ok(definition) }
}

/// The condition of a segment; if it fails, its references.
fn condition<'m>(
    segment: &'m Segment,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    report: &mut Report,
) -> Result<SegmentSide<'m>, Vec<Reference>> {
    let mut sink = Sink::default();
    let place = path.name("if");
    let plain = simplify(&segment.condition, false, &place, scope, &mut sink);
    let references = sink.take_references();
    let failed = sink.errors() > 0;
    report.extend(std::mem::take(&mut sink.diagnostics));
    if failed {
        return Err(references);
    }
    let opposite = simplify(&segment.condition, true, &place, scope, &mut sink);
    Ok(SegmentSide::Condition { plain, opposite, references })
}

impl<'m> Lowering<'m> {
    fn feature(
        &mut self,
        number: u32,
        outcome: Result<Definition<'m>, Vec<Reference>>,
        release: Option<usize>,
    ) -> Side<'m> {
        outcome.map(Side::Definition).unwrap_or_else(|references| {
            self.remains.push(Remains { owners: vec![Target::Feature(number)], release, references });
            Side::Invalid
        })
    }

    fn segment(
        &mut self,
        number: u32,
        outcome: Result<SegmentSide<'m>, Vec<Reference>>,
        release: Option<usize>,
    ) -> SegmentSide<'m> {
        outcome.unwrap_or_else(|references| {
            self.remains.push(Remains { owners: vec![Target::Segment(number)], release, references });
            SegmentSide::Invalid
        })
    }

    fn bases(&mut self, decoded: &'m Decoded, scope: &mut Scope<'_>, report: &mut Report) {
        let snapshot = &decoded.snapshot;
        let root = Path::Root;
        let place = root.name("segments");
        for (key, segment) in &snapshot.segments {
            let outcome = condition(segment, &place.name(key), scope, report);
            let number = scope.segment(key);
            let base = self.segment(number, outcome, None);
            self.segments.insert(number, Box::new(SegmentDraft::new(key, base)));
        }
        for key in &decoded.invalid_segments {
            let draft = Box::new(SegmentDraft::new(key, SegmentSide::Invalid));
            self.segments.insert(scope.segment(key), draft);
        }
        let place = root.name("features");
        scope.operands.take_uses();
        for (key, feature) in &snapshot.features {
            let outcome = whole(key, feature, snapshot, &place.name(key), scope, report);
            let number = scope.feature(key);
            let base = self.feature(number, outcome, None);
            let unit = feature.unit.as_deref().unwrap_or("user_id");
            let patterns = scope.operands.take_uses();
            if !patterns.is_empty() {
                self.patterns.push((number, patterns));
            }
            self.features.insert(number, Box::new(FeatureDraft::new(key, base, unit)));
        }
        for key in &decoded.invalid_features {
            self.features
                .insert(scope.feature(key), Box::new(FeatureDraft::new(key, Side::Invalid, "user_id")));
        }
    }

    fn release(
        &mut self,
        snapshot: &'m Snapshot,
        index: usize,
        release: &'m crate::model::Release,
        scope: &mut Scope<'_>,
        report: &mut Report,
    ) {
        let root = Path::Root;
        let place = root.name("releases");
        let place = place.index(index);
        let phases = place.name("phases");
        let mut course = Course { release, index, phases: Vec::with_capacity(release.phases.len()) };
        for phase in &release.phases {
            let mut sink = Sink::default();
            course.phases.push(check(phase, &phases.index(phase.place.0), scope, &mut sink));
            report.extend(sink.diagnostics);
        }
        let course_index = self.courses.len();
        self.courses.push(course);

        let segments = place.name("segments");
        for (key, change) in &release.segments {
            let (path, number) = (segments.name(key), scope.segment(key));
            let candidate = change.candidate.as_ref().map(|candidate| match candidate {
                Some(segment) => {
                    let outcome = condition(segment, &path.name("candidate"), scope, report);
                    self.segment(number, outcome, Some(index))
                }
                None => SegmentSide::Tombstone,
            });
            let draft = self.segments.entry(number);
            let draft = draft.or_insert_with(|| Box::new(SegmentDraft::new(key, SegmentSide::Tombstone)));
            draft.release = Some(index);
            draft.overlay = Some(Overlay { course: course_index, candidate });
        }
        let features = place.name("features");
        for (key, change) in &release.features {
            let (path, number) = (features.name(key), scope.feature(key));
            let candidate = change.candidate.as_ref().map(|candidate| match candidate {
                Some(feature) => {
                    let outcome = whole(key, feature, snapshot, &path.name("candidate"), scope, report);
                    self.feature(number, outcome, Some(index))
                }
                None => Side::Tombstone,
            });
            let definition = change.candidate.as_ref().and_then(Option::as_ref);
            let unit = definition.and_then(|feature| feature.unit.as_deref()).unwrap_or("user_id");
            let draft = self
                .features
                .entry(number)
                .or_insert_with(|| Box::new(FeatureDraft::new(key, Side::Tombstone, unit)));
            draft.units.1 = unit;
            draft.release = Some(index);
            draft.overlay = Some(Overlay { course: course_index, candidate });
        }
    }
}

impl<'m> FeatureDraft<'m> {
    fn new(key: &Key, base: Side<'m>, unit: &'m str) -> Self {
        Self {
            key: Key::clone(key),
            base,
            overlay: None,
            kills: Vec::new(),
            units: (unit, "user_id"),
            release: None,
            unsound_candidate: false,
        }
    }
}

impl<'m> SegmentDraft<'m> {
    fn new(key: &Key, base: SegmentSide<'m>) -> Self {
        Self { key: Key::clone(key), base, overlay: None, release: None }
    }
}
