//! A decoded snapshot to drafts.

use std::collections::BTreeMap;

use super::condition::simplify;
use super::definition::Definition;
use super::draft::{FeatureDraft, Overlay, SegmentDraft, SegmentSide};
use super::emit::Side;
use super::overlay::{Course, check};
use super::path::Path;
use super::{Report, Scope, Sink};
use crate::model::{Decoded, Feature, Key, Segment, Snapshot};

/// Drafts, before they know of each other.
pub(super) struct Lowering<'m> {
    pub(super) features: BTreeMap<u32, FeatureDraft<'m>>,
    pub(super) segments: BTreeMap<u32, SegmentDraft<'m>>,
    pub(super) courses: Vec<Course<'m>>,
    /// The patterns of the bases of features.
    pub(super) patterns: Vec<(u32, Vec<u128>)>,
}

/// Lowers all that was decoded.
pub(super) fn lower<'m>(decoded: &'m Decoded, scope: &mut Scope<'_>, report: &mut Report) -> Lowering<'m> {
    let snapshot = &decoded.snapshot;
    let mut lowering = Lowering {
        features: BTreeMap::new(),
        segments: BTreeMap::new(),
        courses: Vec::new(),
        patterns: Vec::new(),
    };
    lowering.bases(decoded, scope, report);
    for (index, release) in snapshot.releases.iter().enumerate() {
        lowering.release(snapshot, index, release, scope, report);
    }
    for key in &decoded.tombstone_segments {
        let draft = || SegmentDraft { key: Key::clone(key), base: SegmentSide::Tombstone, overlay: None };
        lowering.segments.entry(scope.segment(key)).or_insert_with(draft);
    }
    for key in &decoded.tombstone_features {
        let draft = || FeatureDraft::new(key, Side::Tombstone, "user_id");
        lowering.features.entry(scope.feature(key)).or_insert_with(draft);
    }
    for kill in &snapshot.kills {
        let number = scope.feature(&kill.feature);
        if let Some(draft) = lowering.features.get_mut(&number) {
            draft.kills.push(&kill.environment);
        }
    }
    lowering
}

fn whole<'m>(
    key: &str,
    feature: &'m Feature,
    snapshot: &Snapshot,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    report: &mut Report,
) -> Side<'m> {
    let mut sink = Sink::default();
    let definition = Definition::lower(key, feature, &snapshot.exclusion_groups, path, scope, &mut sink);
    let failed = sink.errors() > 0;
    report.extend(sink.diagnostics);
    if failed { Side::Invalid } else { Side::Definition(definition) }
}

fn condition<'m>(
    segment: &'m Segment,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    report: &mut Report,
) -> SegmentSide<'m> {
    let mut sink = Sink::default();
    let place = path.name("if");
    let plain = simplify(&segment.condition, false, &place, scope, &mut sink);
    let references = sink.take_references();
    let failed = sink.errors() > 0;
    report.extend(std::mem::take(&mut sink.diagnostics));
    if failed {
        return SegmentSide::Invalid;
    }
    let opposite = simplify(&segment.condition, true, &place, scope, &mut sink);
    SegmentSide::Condition { plain, opposite, references }
}

impl<'m> Lowering<'m> {
    fn bases(&mut self, decoded: &'m Decoded, scope: &mut Scope<'_>, report: &mut Report) {
        let snapshot = &decoded.snapshot;
        let root = Path::Root;
        let place = root.name("segments");
        for (key, segment) in &snapshot.segments {
            let base = condition(segment, &place.name(key), scope, report);
            self.segments
                .insert(scope.segment(key), SegmentDraft { key: Key::clone(key), base, overlay: None });
        }
        for key in &decoded.invalid_segments {
            let draft = SegmentDraft { key: Key::clone(key), base: SegmentSide::Invalid, overlay: None };
            self.segments.insert(scope.segment(key), draft);
        }
        let place = root.name("features");
        scope.operands.take_uses();
        for (key, feature) in &snapshot.features {
            let base = whole(key, feature, snapshot, &place.name(key), scope, report);
            let unit = feature.unit.as_deref().unwrap_or("user_id");
            let number = scope.feature(key);
            let patterns = scope.operands.take_uses();
            if !patterns.is_empty() {
                self.patterns.push((number, patterns));
            }
            self.features.insert(number, FeatureDraft::new(key, base, unit));
        }
        for key in &decoded.invalid_features {
            self.features.insert(scope.feature(key), FeatureDraft::new(key, Side::Invalid, "user_id"));
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
            let path = segments.name(key);
            let candidate = change.candidate.as_ref().map(|candidate| match candidate {
                Some(segment) => condition(segment, &path.name("candidate"), scope, report),
                None => SegmentSide::Tombstone,
            });
            let draft = self.segments.entry(scope.segment(key)).or_insert_with(|| SegmentDraft {
                key: Key::clone(key),
                base: SegmentSide::Tombstone,
                overlay: None,
            });
            draft.overlay = Some(Overlay { course: course_index, candidate });
        }
        let features = place.name("features");
        for (key, change) in &release.features {
            let path = features.name(key);
            let candidate = change.candidate.as_ref().map(|candidate| match candidate {
                Some(feature) => whole(key, feature, snapshot, &path.name("candidate"), scope, report),
                None => Side::Tombstone,
            });
            let definition = change.candidate.as_ref().and_then(Option::as_ref);
            let unit = definition.and_then(|feature| feature.unit.as_deref()).unwrap_or("user_id");
            let number = scope.feature(key);
            let draft =
                self.features.entry(number).or_insert_with(|| FeatureDraft::new(key, Side::Tombstone, unit));
            draft.units.1 = unit;
            draft.overlay = Some(Overlay { course: course_index, candidate });
        }
    }
}

impl<'m> FeatureDraft<'m> {
    fn new(key: &Key, base: Side<'m>, unit: &'m str) -> Self {
        Self { key: Key::clone(key), base, overlay: None, kills: Vec::new(), units: (unit, "user_id") }
    }
}
