//! What a lenient reading of a snapshot leaves out: texts in operands and references, checked once more (SEMANTICS 2.8,
//! 9.4, 9.5), apart from `compile`.
//!
//! ```text
//!  base: operands, unknown references ─▶ cycles ─▶ what refers to invalid bases ─▶ candidates, phases ─▶ cycles by overlays
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::operator;
use crate::model::{Condition, Decoded, Feature, Key, Release, Snapshot, Target};

/// What a lenient compile leaves out of a snapshot (SEMANTICS 9.4, 9.5).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "it is built by hosts")]
pub struct Ignored {
    /// Features whose base is invalid.
    pub features: BTreeSet<Key>,
    /// Segments whose base is invalid.
    pub segments: BTreeSet<Key>,
    /// Features whose overlay is ignored.
    pub feature_overlays: BTreeSet<Key>,
    /// Segments whose overlay is ignored.
    pub segment_overlays: BTreeSet<Key>,
    /// Phases that are ignored: release, phase.
    pub phases: BTreeSet<(Key, Key)>,
}

/// A definition.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Subject {
    Feature(Key),
    Segment(Key),
}

type Graph = BTreeMap<Subject, Vec<Subject>>;

impl Ignored {
    /// Finds what must be ignored of a document that was decoded leniently.
    #[must_use]
    pub fn find(decoded: &Decoded) -> Self {
        let snapshot = &decoded.snapshot;
        let subjects = |features: &BTreeSet<Key>, segments: &BTreeSet<Key>| {
            let features = features.iter().cloned().map(Subject::Feature);
            features.chain(segments.iter().cloned().map(Subject::Segment)).collect::<Vec<_>>()
        };
        let invalid = subjects(&decoded.invalid_features, &decoded.invalid_segments);
        let tombstones = subjects(&decoded.tombstone_features, &decoded.tombstone_segments);
        let mut search = Search::default();
        search.known.extend(known(snapshot).chain(invalid.iter().cloned()).chain(tombstones));
        search.invalid.extend(invalid);
        search.bases(snapshot);
        search.overlays(snapshot);
        search.finish()
    }
}

#[derive(Default)]
struct Search {
    known: BTreeSet<Subject>,
    invalid: BTreeSet<Subject>,
    ignored: BTreeSet<Subject>,
    phases: BTreeSet<(Key, Key)>,
    base: Graph,
    overlay: Graph,
}

impl Search {
    fn bases(&mut self, snapshot: &Snapshot) {
        for (key, feature) in &snapshot.features {
            self.base(Subject::Feature(Key::clone(key)), feature_references(feature));
        }
        for (key, segment) in &snapshot.segments {
            self.base(Subject::Segment(Key::clone(key)), references([&segment.condition]));
        }
        for (from, to) in &self.base {
            if to.iter().any(|to| reaches(&self.base, to, from)) {
                self.invalid.insert(from.clone());
            }
        }
        loop {
            let spreads = |(from, to): &(&Subject, &Vec<Subject>)| {
                !self.invalid.contains(*from) && to.iter().any(|to| self.invalid.contains(to))
            };
            let found: Vec<Subject> =
                self.base.iter().filter(spreads).map(|(from, _)| from.clone()).collect();
            if found.is_empty() {
                break;
            }
            self.invalid.extend(found);
        }
    }

    /// `None`: an operand is wrong.
    fn base(&mut self, subject: Subject, references: Option<Vec<Subject>>) {
        let sound = references.as_ref().is_some_and(|to| to.iter().all(|to| self.known.contains(to)));
        if !sound {
            self.invalid.insert(subject.clone());
        }
        self.base.insert(subject, references.unwrap_or_default());
    }

    fn overlays(&mut self, snapshot: &Snapshot) {
        for release in &snapshot.releases {
            for (key, change) in &release.features {
                let candidate = change.candidate.as_ref().and_then(Option::as_ref);
                self.candidate(Subject::Feature(Key::clone(key)), candidate.map(feature_references));
            }
            for (key, change) in &release.segments {
                let candidate = change.candidate.as_ref().and_then(Option::as_ref);
                let found = candidate.map(|segment| references([&segment.condition]));
                self.candidate(Subject::Segment(Key::clone(key)), found);
            }
            self.phases(release);
        }
        let mut all = self.base.clone();
        for (from, to) in &self.overlay {
            all.entry(from.clone()).or_default().extend(to.iter().cloned());
        }
        for (from, to) in &self.overlay {
            if to.iter().any(|to| reaches(&all, to, from)) {
                self.ignored.insert(from.clone());
            }
        }
    }

    fn candidate(&mut self, subject: Subject, references: Option<Option<Vec<Subject>>>) {
        match references {
            None => {}
            Some(Some(to)) if self.are_usable(&to) => self.overlay.entry(subject).or_default().extend(to),
            Some(_) => drop(self.ignored.insert(subject)),
        }
    }

    fn phases(&mut self, release: &Release) {
        for phase in &release.phases {
            let patches = phase.patches.iter().flatten();
            let audiences = patches.filter_map(|patch| patch.audience.as_ref());
            let audiences = audiences.map(|key| Subject::Segment(Key::clone(key)));
            let targets = phase.target.iter().flatten().filter_map(|entry: &Target| entry.condition.as_ref());
            match references(targets).map(|to| to.into_iter().chain(audiences).collect::<Vec<_>>()) {
                Some(to) if self.are_usable(&to) => {
                    for subject in subjects(release).filter(|subject| !self.ignored.contains(subject)) {
                        self.overlay.entry(subject).or_default().extend(to.iter().cloned());
                    }
                }
                _ => drop(self.phases.insert((Key::clone(&release.id), Key::clone(&phase.id)))),
            }
        }
    }

    fn are_usable(&self, references: &[Subject]) -> bool {
        references.iter().all(|to| self.known.contains(to) && !self.invalid.contains(to))
    }

    fn finish(self) -> Ignored {
        let mut found = Ignored { phases: self.phases, ..Ignored::default() };
        for subject in self.invalid {
            match subject {
                Subject::Feature(key) => found.features.insert(key),
                Subject::Segment(key) => found.segments.insert(key),
            };
        }
        for subject in self.ignored {
            match subject {
                Subject::Feature(key) => found.feature_overlays.insert(key),
                Subject::Segment(key) => found.segment_overlays.insert(key),
            };
        }
        found
    }
}

/// The definitions that a release changes.
fn subjects(release: &Release) -> impl Iterator<Item = Subject> {
    let features = release.features.keys().map(|key| Subject::Feature(Key::clone(key)));
    features.chain(release.segments.keys().map(|key| Subject::Segment(Key::clone(key))))
}

/// The definitions that exist, if only in a release.
fn known(snapshot: &Snapshot) -> impl Iterator<Item = Subject> {
    let features = snapshot.features.keys().map(|key| Subject::Feature(Key::clone(key)));
    let segments = snapshot.segments.keys().map(|key| Subject::Segment(Key::clone(key)));
    features.chain(segments).chain(snapshot.releases.iter().flat_map(subjects))
}

fn reaches(graph: &Graph, from: &Subject, wanted: &Subject) -> bool {
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![from]);
    while let Some(next) = waiting.pop() {
        if next == wanted {
            return true;
        }
        if seen.insert(next) {
            waiting.extend(graph.get(next).into_iter().flatten());
        }
    }
    false
}

fn feature_references(feature: &Arc<Feature>) -> Option<Vec<Subject>> {
    let blocks = feature.environments.values().filter_map(|block| block.rules.as_ref());
    let rules = feature.rules.iter().chain(blocks.flatten());
    references(rules.filter_map(|rule| rule.condition.as_ref()))
}

/// What conditions refer to; `None` if an operand is wrong.
fn references<'c>(conditions: impl IntoIterator<Item = &'c Condition>) -> Option<Vec<Subject>> {
    let mut found = Vec::new();
    let mut waiting: Vec<&Condition> = conditions.into_iter().collect();
    while let Some(condition) = waiting.pop() {
        match condition {
            Condition::All { all } => waiting.extend(all),
            Condition::Any { any } => waiting.extend(any),
            Condition::Not { not } => waiting.push(not),
            Condition::Bucket { .. } => {}
            Condition::Feature(test) => found.push(Subject::Feature(Key::clone(&test.feature))),
            Condition::Segment(test) => found.push(Subject::Segment(Key::clone(&test.segment))),
            Condition::Test(test) if !operator::is_sound(test) => return None,
            Condition::Test(_) => {}
            Condition::Time { time } => {
                let mut ends = time.from.iter().chain(&time.to);
                if ends.any(|end| operator::instant(end).is_none()) {
                    return None;
                }
            }
        }
    }
    Some(found)
}
