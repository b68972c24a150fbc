//! Drafts: what a document says of each feature and segment, lowered, before it is linked and written as code.

use std::collections::BTreeMap;

use super::Numbers;
use super::condition::{Cond, Reference, Target};
use super::emit::Side;
use super::overlay::Course;
use super::remains::Remains;
use crate::error::{nearest, quote};
use crate::model::Key;
use crate::value::order;

/// A feature: its base, and what a release does to it.
#[derive(Debug)]
pub(super) struct FeatureDraft<'m> {
    pub(super) key: Key,
    pub(super) base: Side<'m>,
    pub(super) overlay: Option<Overlay<Side<'m>>>,
    pub(super) kills: Vec<&'m str>,
    /// The units of its base and of its candidate.
    pub(super) units: (&'m str, &'m str),
    /// The index of the release that it is in.
    pub(super) release: Option<usize>,
    /// Whether it has a candidate that is not sound: nobody knows with which variants.
    pub(super) unsound_candidate: bool,
}

/// A segment.
#[derive(Debug)]
pub(super) struct SegmentDraft<'m> {
    pub(super) key: Key,
    pub(super) base: SegmentSide<'m>,
    pub(super) overlay: Option<Overlay<SegmentSide<'m>>>,
    /// The index of the release that it is in.
    pub(super) release: Option<usize>,
}

/// A release's change of a definition.
#[derive(Debug)]
pub(super) struct Overlay<S> {
    /// The release's index among the courses.
    pub(super) course: usize,
    /// `None`: only patches.
    pub(super) candidate: Option<S>,
}

/// The condition of a segment.
#[derive(Debug)]
pub(super) enum SegmentSide<'m> {
    Condition { plain: Cond<'m>, opposite: Cond<'m>, references: Vec<Reference> },
    Invalid,
    Tombstone,
}

/// All drafts of a document.
pub(super) struct Drafts<'m, 'n> {
    pub(super) features: BTreeMap<u32, Box<FeatureDraft<'m>>>,
    pub(super) segments: BTreeMap<u32, Box<SegmentDraft<'m>>>,
    pub(super) courses: Vec<Course<'m>>,
    /// Of what is not sound: for diagnostics alone.
    pub(super) remains: Vec<Remains>,
    pub(super) feature_names: &'n Numbers,
    pub(super) segment_names: &'n Numbers,
    /// Whether a feature that is no draft exists all the same: unchanged, and without references.
    pub(super) kept: &'n dyn Fn(u32) -> bool,
    /// Whether such a feature is invalid.
    pub(super) kept_invalid: &'n dyn Fn(u32) -> bool,
}

impl<'m> Drafts<'m, '_> {
    pub(super) fn exists(&self, target: Target) -> bool {
        match target {
            Target::Feature(number) => self.features.contains_key(&number) || (self.kept)(number),
            Target::Segment(number) => self.segments.contains_key(&number),
        }
    }

    pub(super) fn is_invalid(&self, target: Target) -> bool {
        match target {
            Target::Feature(number) => match self.features.get(&number) {
                Some(draft) => matches!(draft.base, Side::Invalid),
                None => (self.kept_invalid)(number),
            },
            Target::Segment(number) => {
                self.segments.get(&number).is_some_and(|draft| matches!(draft.base, SegmentSide::Invalid))
            }
        }
    }

    pub(super) fn invalidate(&mut self, target: Target) {
        match target {
            Target::Feature(number) => {
                if let Some(draft) = self.features.get_mut(&number) {
                    draft.base = Side::Invalid;
                }
            }
            Target::Segment(number) => {
                if let Some(draft) = self.segments.get_mut(&number) {
                    draft.base = SegmentSide::Invalid;
                }
            }
        }
    }

    pub(super) fn ignore_overlay(&mut self, target: Target) {
        match target {
            Target::Feature(number) => {
                if let Some(draft) = self.features.get_mut(&number) {
                    draft.overlay = None;
                }
            }
            Target::Segment(number) => {
                if let Some(draft) = self.segments.get_mut(&number) {
                    draft.overlay = None;
                }
            }
        }
    }

    /// The index of the release that changes it.
    pub(super) fn course_index(&self, target: Target) -> Option<usize> {
        match target {
            Target::Feature(number) => {
                self.features.get(&number)?.overlay.as_ref().map(|overlay| overlay.course)
            }
            Target::Segment(number) => {
                self.segments.get(&number)?.overlay.as_ref().map(|overlay| overlay.course)
            }
        }
    }

    /// Whether it is in another release than this one.
    pub(super) fn is_of_another(&self, target: Target, release: usize) -> bool {
        self.place(target).is_some_and(|(_, own)| own != release)
    }

    /// What releases change, in the order of the releases; segments first.
    pub(super) fn released(&self) -> Vec<Target> {
        let mut targets: Vec<(usize, Target)> = Vec::new();
        for number in self.segments.keys() {
            targets.extend(
                self.course_index(Target::Segment(*number)).map(|index| (index, Target::Segment(*number))),
            );
        }
        for number in self.features.keys() {
            targets.extend(
                self.course_index(Target::Feature(*number)).map(|index| (index, Target::Feature(*number))),
            );
        }
        order::sort_by(&mut targets, |(a, at), (b, bt)| {
            let rest = |target| (self.is_feature(target), self.name(target));
            a.cmp(b).then_with(|| rest(*at).cmp(&rest(*bt)))
        });
        targets.into_iter().map(|(_, target)| target).collect()
    }

    fn is_feature(&self, target: Target) -> bool {
        matches!(target, Target::Feature(_))
    }

    /// The references of a candidate; empty if there is none; `None` if it is invalid.
    pub(super) fn candidate_references(&self, target: Target) -> Option<&[Reference]> {
        match target {
            Target::Feature(number) => match self.features.get(&number)?.overlay.as_ref()?.candidate.as_ref()
            {
                Some(Side::Definition(definition)) => Some(&definition.references),
                Some(Side::Invalid) => None,
                Some(Side::Tombstone) | None => Some(&[]),
            },
            Target::Segment(number) => match self.segments.get(&number)?.overlay.as_ref()?.candidate.as_ref()
            {
                Some(SegmentSide::Condition { references, .. }) => Some(references),
                Some(SegmentSide::Invalid) => None,
                Some(SegmentSide::Tombstone) | None => Some(&[]),
            },
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Target> {
        let segments = self.segments.keys().map(|number| Target::Segment(*number));
        segments.chain(self.features.keys().map(|number| Target::Feature(*number)))
    }

    fn key(&self, target: Target) -> &str {
        match target {
            Target::Feature(number) => self.feature_names.name(number),
            Target::Segment(number) => self.segment_names.name(number),
        }
    }

    /// The name, for messages.
    pub(super) fn name(&self, target: Target) -> String {
        quote(self.key(target))
    }

    /// Whether it has no base, and the index of the release that it is in, if only with what is ignored.
    fn place(&self, target: Target) -> Option<(bool, usize)> {
        match target {
            Target::Feature(number) => {
                let draft = self.features.get(&number)?;
                Some((matches!(draft.base, Side::Tombstone), draft.release?))
            }
            Target::Segment(number) => {
                let draft = self.segments.get(&number)?;
                Some((matches!(draft.base, SegmentSide::Tombstone), draft.release?))
            }
        }
    }

    pub(super) fn pointer(&self, target: Target) -> String {
        let section = match target {
            Target::Feature(_) => "features",
            Target::Segment(_) => "segments",
        };
        let mut pointer = String::new();
        if let Some((true, release)) = self.place(target) {
            pointer = format!("/releases/{release}");
        }
        crate::error::push_step(&mut pointer, section);
        crate::error::push_step(&mut pointer, self.key(target));
        pointer
    }

    /// Whether a feature has a variant; one that is not at hand may have any.
    pub(super) fn has_variant(&self, number: u32, variant: &str) -> bool {
        let Some(draft) = self.features.get(&number) else { return true };
        let candidate = draft.overlay.as_ref().and_then(|overlay| overlay.candidate.as_ref());
        let mut known = false;
        if draft.unsound_candidate {
            return true;
        }
        for side in [Some(&draft.base), candidate].into_iter().flatten() {
            match side {
                Side::Definition(definition) => {
                    known = true;
                    if definition.variant(variant).is_some() {
                        return true;
                    }
                }
                Side::Invalid => return true,
                Side::Tombstone => {}
            }
        }
        !known
    }

    /// The nearest name that exists.
    pub(super) fn nearest(&self, target: Target) -> Option<String> {
        let name = self.key(target);
        let found = match target {
            Target::Feature(_) => nearest(name, self.features.values().map(|draft| &*draft.key)),
            Target::Segment(_) => nearest(name, self.segments.values().map(|draft| &*draft.key)),
        };
        found.map(|found| format!("did you mean {}?", quote(found)))
    }
}
