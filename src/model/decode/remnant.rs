//! What is left of definitions and phases that are not sound: looked through for more problems, so that all are told at once
//! (SEMANTICS 9.2), and never served.

use std::sync::Arc;

use super::fields::Decoder;
use super::path::Path;
use super::release::Changes;
use crate::model::{Feature, Key, Phase, Segment, limits};

/// A part of the document that is not in the snapshot. What could not be read of it holds a place, so that indices are right.
#[derive(Clone, Debug)]
pub(crate) struct Remnant {
    /// The index of the release that it is in; none: it is a base.
    pub(crate) release: Option<usize>,
    /// Whose references it has: a definition's own, a phase's are those of all that its release changes.
    pub(crate) features: Vec<Key>,
    pub(crate) segments: Vec<Key>,
    /// Where it is.
    pub(crate) pointer: String,
    pub(crate) part: Part,
}

/// What was read of it.
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
    pub(super) fn remain(&mut self, features: Vec<Key>, segments: Vec<Key>, part: Part, path: &Path<'_>) {
        let (release, pointer) = (self.release, path.pointer());
        self.remnants.push(Remnant { release, features, segments, pointer, part });
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
