//! What is left of definitions and phases that are not sound: looked through for more problems, so that all are told at once
//! (SEMANTICS 9.2), and never served.

use std::sync::Arc;

use super::fields::Decoder;
use super::path::Path;
use super::release::Changes;
use crate::model::{Feature, Key, Phase, Segment, limits};

/// Parts of the document that are not in the snapshot. What could not be read of them holds a place, so that indices are right.
#[derive(Clone, Debug)]
pub(crate) struct Remnant {
    /// The index of the release that they are in; none: a base.
    pub(crate) release: Option<usize>,
    /// Whose references they have: a definition its own, phases those of all that their release changes.
    pub(crate) features: Vec<Key>,
    pub(crate) segments: Vec<Key>,
    /// Each with its pointer: a definition, or parts of phases.
    pub(crate) parts: Vec<(String, Part)>,
}

/// What was read of something.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Of a patch: the segment that it is for.
    Audience(Key),
    Feature(Arc<Feature>),
    Phase(Phase),
    Segment(Arc<Segment>),
}

/// Nobody, if the key is none: nothing can refer to it.
fn owner(key: &str) -> Vec<Key> {
    if key.len() > limits::KEY_BYTES { Vec::new() } else { vec![key.into()] }
}

impl Decoder {
    fn remain(&mut self, features: Vec<Key>, segments: Vec<Key>, part: Part, path: &Path<'_>) {
        let parts = vec![(path.pointer(), part)];
        self.remnants.push(Remnant { release: self.release, features, segments, parts });
    }

    /// A feature's definition remains.
    pub(super) fn remain_feature(&mut self, key: &str, feature: Arc<Feature>, path: &Path<'_>) {
        self.remain(owner(key), Vec::new(), Part::Feature(feature), path);
    }

    /// A segment's definition remains.
    pub(super) fn remain_segment(&mut self, key: &str, segment: Arc<Segment>, path: &Path<'_>) {
        self.remain(Vec::new(), owner(key), Part::Segment(segment), path);
    }

    /// A part of a phase remains.
    pub(super) fn remain_of_phase(&mut self, part: Part, changes: &Changes, path: &Path<'_>) {
        // All of a release in one: there may be many, and much that they concern.
        if let Some(last) = self.remnants.last_mut().filter(|last| last.release == self.release)
            && let Some((_, Part::Audience(_) | Part::Phase(_))) = last.parts.last()
        {
            last.parts.push((path.pointer(), part));
            return;
        }
        let features = changes.features.keys().cloned().collect();
        self.remain(features, changes.segments.keys().cloned().collect(), part, path);
    }

    /// What is sound in a release that is not.
    pub(super) fn remain_release(&mut self, phases: Vec<Phase>, changes: Changes, path: &Path<'_>) {
        let place = path.key("phases");
        for phase in phases {
            let index = phase.place.0;
            self.remain_of_phase(Part::Phase(phase), &changes, &place.index(index));
        }
        let place = path.key("segments");
        for (key, written) in changes.segments {
            if let Some(Some(Some(segment))) = written {
                self.remain_segment(&key, segment, &place.key(&key).key("candidate"));
            }
        }
        let place = path.key("features");
        for (key, written) in changes.features {
            if let Some(Some(Some(feature))) = written {
                self.remain_feature(&key, feature, &place.key(&key).key("candidate"));
            }
        }
    }
}
