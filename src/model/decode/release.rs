//! Releases and their phases (SEMANTICS §7).

use std::collections::{BTreeMap, BTreeSet};

use super::Bases;
use super::fields::Decoder;
use super::path::Path;
use super::remnant::{Definition, Part};
use crate::error::{Code, quote};
use crate::model::release::default_ramp_salt;
use crate::model::{
    Candidate, Key, Percent, Phase, PhaseRamp, PipelineRef, Place, Release, ReleaseRamp, SegmentCandidate,
    Target, limits,
};
use crate::value::{KeyedSet, Member, Node};

const RELEASE: [&str; 7] = ["id", "description", "pipeline", "features", "segments", "ramp", "phases"];
const PHASE: [&str; 6] = ["id", "description", "live", "target", "ramp", "patches"];

/// What the releases so far have taken.
#[derive(Default)]
pub(super) struct Claims {
    ids: KeyedSet<Key>,
    pub(super) features: BTreeSet<Key>,
    pub(super) segments: BTreeSet<Key>,
}

/// A candidate as written: absent, `null`, or a definition.
pub(super) type Written = Option<Option<Definition>>;

/// What a release changes. Absent inside: the entry is not sound, and is ignored with all patches on it.
pub(super) struct Changes {
    pub(super) features: BTreeMap<Key, Option<Written>>,
    pub(super) segments: BTreeMap<Key, Option<Written>>,
}

impl Changes {
    fn salt(&self) -> Key {
        default_ramp_salt(self.features.keys(), self.segments.keys()).into()
    }

    fn is_whole(&self) -> bool {
        self.features.values().all(Option::is_some) && self.segments.values().all(Option::is_some)
    }
}

impl Decoder {
    /// The releases that are sound, each with its index.
    pub(super) fn releases(
        &mut self,
        value: Node<'_>,
        bases: &Bases<'_>,
        claims: &mut Claims,
        path: &Path<'_>,
    ) -> Vec<(usize, Release)> {
        let elements = self.section_list(value, limits::LIST_VALUES, path).unwrap_or_default();
        let mut releases = Vec::with_capacity(elements.len());
        for (i, value) in elements.into_iter().enumerate() {
            self.release = Some(i);
            let [_, candidates] = &mut self.partial;
            candidates.clear();
            releases.extend(self.release(value, bases, claims, &path.index(i)).map(|release| (i, release)));
        }
        self.release = None;
        releases
    }

    fn release(
        &mut self,
        value: Node<'_>,
        bases: &Bases<'_>,
        claims: &mut Claims,
        path: &Path<'_>,
    ) -> Option<Release> {
        let before = self.hard;
        let mut fields = self.fields(value, path)?;
        let id = self.required(&mut fields, "id", path).and_then(|value| self.key(value, &path.key("id")));
        if let Some(id) = id.as_ref().filter(|id| !claims.ids.insert(Key::clone(id))) {
            let message = format_args!("release {} is in the document already", quote(id));
            self.error(Code::DuplicateId, &path.key("id"), message);
        }
        let description = self.description(&mut fields, path);
        let pipeline =
            fields.take("pipeline").and_then(|value| self.pipeline_ref(value, &path.key("pipeline")));
        let features = match fields.take("features") {
            Some(value) => self.object(value, &path.key("features")),
            None => Some(Vec::new()),
        };
        let segments = match fields.take("segments") {
            Some(value) => self.object(value, &path.key("segments")),
            None => Some(Vec::new()),
        };
        let phases = self.required(&mut fields, "phases", path);
        let phases = phases.and_then(|value| self.list(value, limits::PHASES, &path.key("phases")));
        let sound = self.hard == before;

        let mut changes = Changes {
            features: self.changes(features.unwrap_or_default(), true, bases, claims, &path.key("features")),
            segments: self.changes(segments.unwrap_or_default(), false, bases, claims, &path.key("segments")),
        };
        let (ramp, below) = match fields.take("ramp") {
            Some(value) => self.release_ramp(value, &changes, &path.key("ramp")),
            None => (None, Below::of(None, &changes)),
        };
        let mut phases = self.phases(phases.unwrap_or_default(), &changes, bases, below, &path.key("phases"));
        self.check_patches(&mut changes, &mut phases, bases, path);
        self.finish(fields, &RELEASE, path);
        match id {
            Some(id) if sound => Some(assemble(
                Release { id, description, pipeline, ramp, phases, ..Release::default() },
                changes,
            )),
            _ => {
                self.remain_release(phases, changes, path);
                None
            }
        }
    }

    fn pipeline_ref(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<PipelineRef> {
        let mut fields = self.fields(value, path)?;
        let key = self.required(&mut fields, "key", path).and_then(|value| self.key(value, &path.key("key")));
        let version = self.required(&mut fields, "version", path);
        let version = version.and_then(|value| self.unsigned(&value, u32::MAX, &path.key("version")));
        self.finish(fields, &["key", "version"], path);
        Some(PipelineRef { key: key?, version: version? })
    }

    /// The changes of features, or of segments; one function for both, as all of it would be compiled twice.
    fn changes(
        &mut self,
        members: Vec<Member<'_>>,
        of_features: bool,
        bases: &Bases<'_>,
        claims: &mut Claims,
        path: &Path<'_>,
    ) -> BTreeMap<Key, Option<Written>> {
        let mut changes = BTreeMap::new();
        for (name, value) in members {
            let path = path.key(&name);
            let before = self.hard;
            let key = self.name(&name, &path);
            let written = self.candidate(&name, value, of_features, &path);
            if let Some(key) = &key {
                let (claimed, has, what) = match of_features {
                    true => (&mut claims.features, bases.has_feature(key), "feature"),
                    false => (&mut claims.segments, bases.has_segment(key), "segment"),
                };
                self.check_claim(claimed, key, what, &path);
                if !has && matches!(written, Some(None | Some(None))) {
                    let message = format_args!("{what} {} does not exist and has no candidate", quote(key));
                    self.error(Code::NothingToRelease, &path, message);
                }
            }
            let written = match written {
                // It is read, but the entry is not sound.
                Some(Some(Some(definition))) if self.hard > before => {
                    self.remain_definition(&name, definition, &path.key("candidate"));
                    None
                }
                written => written.filter(|_| self.hard == before),
            };
            if let Some(key) = key {
                changes.insert(key, written);
            }
        }
        changes
    }

    fn candidate(
        &mut self,
        name: &str,
        value: Node<'_>,
        of_features: bool,
        path: &Path<'_>,
    ) -> Option<Written> {
        let mut fields = self.fields(value, path)?;
        let candidate = fields.take("candidate");
        self.finish(fields, &["candidate"], path);
        let path = path.key("candidate");
        match candidate {
            None => Some(None),
            Some(Node::Null) => Some(Some(None)),
            Some(value) if of_features => {
                self.feature(name, value, &path).map(|feature| Some(Some(Definition::Feature(feature))))
            }
            Some(value) => {
                self.segment(name, value, &path).map(|segment| Some(Some(Definition::Segment(segment))))
            }
        }
    }

    fn check_claim(&mut self, claimed: &mut BTreeSet<Key>, key: &Key, what: &str, path: &Path<'_>) {
        if !claimed.insert(Key::clone(key)) {
            self.error(
                Code::InTwoReleases,
                path,
                format_args!("{what} {} is in another release already", quote(key)),
            );
        }
    }

    fn release_ramp(
        &mut self,
        value: Node<'_>,
        changes: &Changes,
        path: &Path<'_>,
    ) -> (Option<ReleaseRamp>, Below) {
        let before = self.hard;
        let Some(mut fields) = self.fields(value, path) else { return (None, Below::Broken) };
        let unit = self.optional_unit(&mut fields, path);
        let salt = self.optional_salt(&mut fields, path);
        self.finish(fields, &["unit", "salt"], path);
        let below = if self.hard == before { Below::of(unit.as_ref(), changes) } else { Below::Broken };
        (Some(ReleaseRamp { unit, salt }), below)
    }

    fn phases(
        &mut self,
        elements: Vec<Node<'_>>,
        changes: &Changes,
        bases: &Bases<'_>,
        below: Below,
        path: &Path<'_>,
    ) -> Vec<Phase> {
        let mut ids: KeyedSet<Key> = KeyedSet::default();
        let mut phases = Vec::with_capacity(elements.len());
        for (i, value) in elements.into_iter().enumerate() {
            let path = path.index(i);
            let before = self.hard;
            let Some((named, phase)) = self.phase(value, changes, bases, below, &path) else { continue };
            let phase = Phase { place: Place(i), ..phase };
            if named && !ids.insert(Key::clone(&phase.id)) {
                let message = format_args!("phase {} is in the release already", quote(&phase.id));
                self.error(Code::DuplicateId, &path.key("id"), message);
            }
            let broken =
                matches!(below, Below::Broken) && phase.ramp.is_some_and(|r| r.percent < Percent::ALL);
            if self.hard == before && !broken {
                phases.push(phase);
            } else {
                self.remain_of_phase(Part::Phase(phase), changes, &path);
            }
        }
        phases
    }

    /// A phase, and whether it has an id.
    fn phase(
        &mut self,
        value: Node<'_>,
        changes: &Changes,
        bases: &Bases<'_>,
        below: Below,
        path: &Path<'_>,
    ) -> Option<(bool, Phase)> {
        let mut fields = self.fields(value, path)?;
        let id = self.required(&mut fields, "id", path).and_then(|value| self.key(value, &path.key("id")));
        let description = self.description(&mut fields, path);
        let live = self.optional_bool(&mut fields, "live", path).unwrap_or(false);
        let target = fields.take("target").and_then(|value| self.targets(value, &path.key("target")));
        let ramp = fields.take("ramp").and_then(|value| self.phase_ramp(value, below, &path.key("ramp")));
        let patches = fields.take("patches");
        let patches = patches.and_then(|value| self.patches(value, changes, bases, &path.key("patches")));
        self.finish(fields, &PHASE, path);
        let (named, id) = (id.is_some(), id.unwrap_or_default());
        Some((named, Phase { id, description, live, target, ramp, patches, place: Place::default() }))
    }

    pub(super) fn targets(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Vec<Target>> {
        let elements = self.list(value, limits::LIST_VALUES, path)?;
        let elements = elements.into_iter().enumerate();
        // What is not sound holds its place.
        Some(elements.map(|(i, value)| self.target(value, &path.index(i)).unwrap_or_default()).collect())
    }

    fn target(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Target> {
        let mut fields = self.fields(value, path)?;
        let description = self.description(&mut fields, path);
        let names = fields.take("environments");
        let names = names.and_then(|value| self.list(value, limits::LIST_VALUES, &path.key("environments")));
        let environments = names.map(|names| {
            let path = path.key("environments");
            let names = names.into_iter().enumerate();
            names.filter_map(|(i, value)| self.environment(value, &path.index(i))).collect()
        });
        let condition = fields.take("if").and_then(|value| self.condition(value, &path.key("if")));
        self.finish(fields, &["description", "environments", "if"], path);
        Some(Target { description, environments, condition })
    }

    fn phase_ramp(&mut self, value: Node<'_>, below: Below, path: &Path<'_>) -> Option<PhaseRamp> {
        let mut fields = self.fields(value, path)?;
        let percent = self.required_percent(&mut fields, "percent", path);
        self.finish(fields, &["percent"], path);
        let percent = percent?;
        if percent < Percent::ALL && matches!(below, Below::Unitless) {
            let message = format_args!(
                "expected `ramp.unit` in the release, which has not just one feature, found none"
            );
            self.error(Code::RampWithoutUnit, path, message);
        }
        Some(PhaseRamp { percent })
    }
}

/// What becomes of phases whose share is below 100 %.
#[derive(Clone, Copy)]
enum Below {
    /// They have a unit.
    Sound,
    /// There is no unit for them (7.4).
    Unitless,
    /// The release's ramp is not sound, and that was reported.
    Broken,
}

impl Below {
    fn of(unit: Option<&Key>, changes: &Changes) -> Self {
        let several = changes.features.len() > 1 || !changes.segments.is_empty();
        if several && unit.is_none() { Self::Unitless } else { Self::Sound }
    }
}

/// Puts the sound changes into the release. If some are left out, the salt stays that of all of them.
fn assemble(mut release: Release, changes: Changes) -> Release {
    if !changes.is_whole() {
        release.ramp.get_or_insert_default().salt.get_or_insert_with(|| changes.salt());
    }
    for (key, written) in changes.features {
        let candidate = match written {
            Some(Some(Some(Definition::Feature(feature)))) => Some(Some(feature)),
            Some(written) => written.map(|_| None),
            None => continue,
        };
        release.features.insert(key, Candidate { candidate });
    }
    for (key, written) in changes.segments {
        let candidate = match written {
            Some(Some(Some(Definition::Segment(segment)))) => Some(Some(segment)),
            Some(written) => written.map(|_| None),
            None => continue,
        };
        release.segments.insert(key, SegmentCandidate { candidate });
    }
    release
}
