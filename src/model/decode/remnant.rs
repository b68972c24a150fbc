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
    Definition(Definition),
    Phase(Phase),
}

/// A definition of either sort.
#[derive(Clone, Debug)]
pub(crate) enum Definition {
    Feature(Arc<Feature>),
    Segment(Arc<Segment>),
}

impl Decoder {
    fn remain(&mut self, features: Vec<Key>, segments: Vec<Key>, part: Part, path: &Path<'_>) {
        let parts = vec![(path.pointer(), part)];
        self.remnants.push(Remnant { release: self.release, features, segments, parts });
    }

    /// A definition remains; nobody's, if its key is none: nothing can refer to it.
    pub(super) fn remain_definition(&mut self, key: &str, definition: Definition, path: &Path<'_>) {
        let own = if key.len() > limits::KEY_BYTES { Vec::new() } else { vec![key.into()] };
        let (features, segments) = match definition {
            Definition::Feature(_) => (own, Vec::new()),
            Definition::Segment(_) => (Vec::new(), own),
        };
        self.remain(features, segments, Part::Definition(definition), path);
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
        for (name, changes) in [("segments", changes.segments), ("features", changes.features)] {
            let place = path.key(name);
            for (key, written) in changes {
                if let Some(Some(Some(definition))) = written {
                    self.remain_definition(&key, definition, &place.key(&key).key("candidate"));
                }
            }
        }
    }
}
