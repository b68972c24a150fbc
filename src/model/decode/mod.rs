//! A parsed document to a [`Snapshot`]: every problem at once, each with the pointer of its place.
//!
//! ```text
//!  environments, attributes, exclusion_groups ─▶ segments ─▶ features ─▶ pipelines ─▶ releases ─▶ kills
//!       what the others are checked against        the bases              shown        overlays
//! ```
//! The tree is borrowed from the document; lists of strings are moved into the model, the rest is small. Not here: texts in operands, and references between definitions
//! (`compile`).
//! INVARIANT: what is in [`Decoded::snapshot`] has no problem but those of SEMANTICS 9.3.

mod check;
mod condition;
mod definition;
mod fields;
mod operand;
mod patch;
mod path;
mod pipeline;
mod release;
mod remnant;
mod stream;
mod weight;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use self::fields::Decoder;
use self::path::Path;
use self::release::Claims;
pub(crate) use self::remnant::{Definition, Part, Remnant};
use self::stream::ReadFeature;
pub(crate) use self::stream::{Read, read};
use super::{Feature, Key, SCHEMA_VERSION, Segment, Snapshot};
use crate::error::{Code, Diagnostic, Error, Severity};
use crate::value::{KeyedSet, Member, Node, Parsed, parse};

const SNAPSHOT: [&str; 12] = [
    "schema_version",
    "version",
    "environment",
    "description",
    "environments",
    "attributes",
    "segments",
    "features",
    "exclusion_groups",
    "pipelines",
    "releases",
    "kills",
];

/// What an error does to a document (SEMANTICS 9.2).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// What is invalid is isolated, the rest is served: for engines.
    Lenient,
    /// Any error refuses the document: for those who publish.
    #[default]
    Strict,
}

/// A decoded document.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Decoded {
    /// What is sound. In strict mode partial, if the document is refused.
    pub snapshot: Snapshot,
    /// The features that were passed over, sorted.
    pub unchanged: Vec<Key>,
    /// The features whose base is invalid (SEMANTICS 9.4).
    pub invalid_features: BTreeSet<Key>,
    /// The segments whose base is invalid.
    pub invalid_segments: BTreeSet<Key>,
    /// Features that a release names and does not change, as what it says of them is not sound: served without it.
    pub lost_features: BTreeSet<Key>,
    /// Features without a base whose candidate is not sound: tombstones, nothing more (SEMANTICS 9.5).
    pub tombstone_features: BTreeSet<Key>,
    /// Segments without a base whose candidate is not sound.
    pub tombstone_segments: BTreeSet<Key>,
    /// What is left of what is not sound: for diagnostics alone, never served.
    pub(crate) remnants: Vec<Remnant>,
    /// Where the snapshot's releases are in the document.
    pub(crate) release_places: Vec<usize>,
    /// All problems.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the document must be refused as a whole (SEMANTICS 9.1; in strict mode, for any error).
    pub refused: bool,
}

/// The bases, while the rest is checked against them.
#[derive(Default)]
struct Bases<'d> {
    features: BTreeMap<Key, Arc<Feature>>,
    invalid_features: BTreeSet<Key>,
    skipped: BTreeMap<Key, Node<'d>>,
    segments: BTreeMap<Key, Arc<Segment>>,
    invalid_segments: BTreeSet<Key>,
}

/// Decodes a document.
#[must_use]
pub fn decode(parsed: Parsed<'_>, mode: Mode) -> Decoded {
    decode_changed(parsed, mode, &mut |_, _| false)
}

/// Decodes a document but for the features of which `unchanged` says that their definition is known and sound; they
/// are not in the snapshot then, but in [`Decoded::unchanged`].
///
/// What a definition is checked against must be unchanged too: `environments` and `attributes`. (Its exclusion group,
/// and patches on it, are checked here.)
#[must_use]
pub fn decode_changed(
    parsed: Parsed<'_>,
    mode: Mode,
    unchanged: &mut dyn FnMut(&str, &Node<'_>) -> bool,
) -> Decoded {
    decode_beside(parsed, &[], mode, unchanged)
}

/// As [`decode_changed`], of a document with further features, known and sound, of which only the keys are given: they stand in
/// no exclusion group.
pub(crate) fn decode_beside(
    parsed: Parsed<'_>,
    passed: &[&str],
    mode: Mode,
    unchanged: &mut dyn FnMut(&str, &Node<'_>) -> bool,
) -> Decoded {
    let mut decoder = Decoder::new(mode);
    decoder.duplicates(parsed.duplicates);
    let features = Features { read: Vec::new(), passed, unchanged };
    let decoded = decoder.document(parsed.root, features);
    decoder.judged(decoded)
}

/// As [`decode_beside`], of a document whose features were read from the stream; `None` if anything is invalid, which is better
/// told of the document's tree.
pub(crate) fn decode_read(read: Read<'_>, passed: &[&str]) -> Option<Decoded> {
    let Read { rest, features, decoder } = read;
    let mut decoder = Decoder::after(decoder);
    let features = Features { read: features, passed, unchanged: &mut |_, _| false };
    let decoded = decoder.document(rest, features);
    (decoder.hard == 0 && !decoder.whole).then(|| decoder.judged(decoded))
}

/// Where the features of a document come from.
struct Features<'f, 'd> {
    /// The stream.
    read: Vec<ReadFeature<'d>>,
    /// Further ones, known and sound.
    passed: &'f [&'f str],
    /// Of those in the tree: which are known and sound.
    unchanged: &'f mut dyn FnMut(&str, &Node<'_>) -> bool,
}

impl Snapshot {
    /// Parses and decodes a document; with it, the problems that did not refuse it.
    ///
    /// This checks the document's structure only; an engine also checks operands and references.
    ///
    /// # Errors
    /// If the document is not JSON or is refused.
    ///
    /// # Examples
    /// ```
    /// use tidegate::model::{Mode, Snapshot};
    ///
    /// let document = br#"{"schema_version": 1, "version": 7, "features": {"f": {"kind": "gate"}}}"#;
    /// let (snapshot, problems) = Snapshot::from_json(document, Mode::Strict)?;
    /// assert_eq!((snapshot.version, snapshot.features.len(), problems.len()), (7, 1, 0));
    /// # Ok::<(), tidegate::error::Error>(())
    /// ```
    pub fn from_json(bytes: &[u8], mode: Mode) -> Result<(Self, Vec<Diagnostic>), Error> {
        let decoded = decode(parse(bytes)?, mode);
        if decoded.refused {
            return Err(Error::from_diagnostics(decoded.diagnostics));
        }
        Ok((decoded.snapshot, decoded.diagnostics))
    }
}

impl Decoder {
    fn duplicates(&mut self, pointers: Vec<String>) {
        let severity = match self.mode {
            Mode::Lenient => Severity::Warning,
            Mode::Strict => Severity::Error,
        };
        for pointer in pointers {
            let diagnostic = Diagnostic::new(Code::DuplicateKey, pointer, "the key is given more than once");
            self.diagnostics.push(diagnostic.with_severity(severity));
        }
    }

    /// A problem that refuses the document.
    fn refuse(&mut self, code: Code, path: &Path<'_>, message: fmt::Arguments<'_>) {
        self.whole = true;
        self.error(code, path, message);
    }

    /// A member of the document that is an object; if it is not, there is nothing to isolate.
    fn section<'d>(&mut self, value: Node<'d>, path: &Path<'_>) -> Vec<Member<'d>> {
        let members = self.object(value, path);
        self.whole |= members.is_none();
        members.unwrap_or_default()
    }

    fn section_list<'d>(&mut self, value: Node<'d>, most: usize, path: &Path<'_>) -> Option<Vec<Node<'d>>> {
        let elements = self.list(value, most, path);
        self.whole |= elements.is_none();
        elements
    }

    /// With all that was found wrong.
    fn judged(self, decoded: Option<Decoded>) -> Decoded {
        let refused = self.whole || (self.mode == Mode::Strict && self.diagnostics.errors() > 0);
        Decoded { refused, diagnostics: self.diagnostics.into_vec(), ..decoded.unwrap_or_default() }
    }

    fn document(&mut self, value: Node<'_>, features: Features<'_, '_>) -> Option<Decoded> {
        let Features { read, passed, unchanged } = features;
        let root = Path::ROOT;
        if value.as_object().is_none() {
            let found = fields::article(&value);
            self.refuse(Code::NotAnObject, &root, format_args!("expected an object, found {found}"));
            return None;
        }
        let mut fields = self.fields(value, &root)?;
        let schema_version = self.schema_version(fields.take("schema_version"))?;
        let version = self.version(fields.take("version"));
        let mut snapshot =
            Snapshot { schema_version, version: version.unwrap_or_default(), ..Snapshot::default() };
        snapshot.description = self.description(&mut fields, &root);
        if let Some(value) = fields.take("environments") {
            snapshot.environments = self.environments(value, &root.key("environments"));
        }
        snapshot.environment =
            fields.take("environment").and_then(|value| self.environment(value, &root.key("environment")));
        if let Some(value) = fields.take("attributes") {
            self.attributes(value, &root.key("attributes"));
        }
        if let Some(value) = fields.take("exclusion_groups") {
            self.groups(value, &root.key("exclusion_groups"));
        }
        let mut bases = Bases::default();
        if let Some(value) = fields.take("segments") {
            self.segments(value, &mut bases, &root.key("segments"));
        }
        if let Some(value) = fields.take("features") {
            self.features(value, unchanged, &mut bases, &root.key("features"));
        }
        for feature in read {
            self.add_read(feature, &mut bases, &root.key("features"));
        }
        for name in passed {
            let key = self.name(name, &root.key("features").key(name));
            bases.skipped.extend(key.map(|key| (key, Node::Null)));
        }
        if let Some(value) = fields.take("pipelines") {
            snapshot.pipelines = self.pipelines(value, &root.key("pipelines"));
        }
        let mut claims = Claims::default();
        let mut release_places = Vec::new();
        if let Some(value) = fields.take("releases") {
            let releases = self.releases(value, &bases, &mut claims, &root.key("releases"));
            (release_places, snapshot.releases) = releases.into_iter().unzip();
        }
        let served: KeyedSet<Key> =
            snapshot.releases.iter().flat_map(|release| release.features.keys().cloned()).collect();
        let based = |key: &Key| {
            bases.features.contains_key(key)
                || bases.invalid_features.contains(key)
                || bases.skipped.contains_key(key)
        };
        let lost_features: BTreeSet<Key> =
            claims.features.iter().filter(|key| !served.contains(*key)).cloned().collect();
        let tombstone_features = lost_features.iter().filter(|key| !based(key)).cloned().collect();
        let served: KeyedSet<Key> =
            snapshot.releases.iter().flat_map(|release| release.segments.keys().cloned()).collect();
        let based = |key: &Key| bases.segments.contains_key(key) || bases.invalid_segments.contains(key);
        let tombstone_segments =
            claims.segments.iter().filter(|key| !served.contains(*key) && !based(key)).cloned().collect();
        let mut known = claims.features;
        if fields.has("kills") || !self.groups.is_empty() {
            known.extend(bases.features.keys().cloned());
            known.extend(bases.invalid_features.iter().cloned());
            known.extend(bases.skipped.keys().cloned());
        }
        if let Some(value) = fields.take("kills") {
            snapshot.kills = self.kills(value, &known, &root.key("kills"));
        }
        snapshot.exclusion_groups = self.finish_groups(&known, &root.key("exclusion_groups"));
        self.finish(fields, &SNAPSHOT, &root);
        snapshot.attributes = std::mem::take(&mut self.attributes);
        snapshot.features = bases.features;
        snapshot.segments = bases.segments;
        Some(Decoded {
            snapshot,
            unchanged: bases.skipped.into_keys().collect(),
            invalid_features: bases.invalid_features,
            invalid_segments: bases.invalid_segments,
            lost_features,
            tombstone_features,
            tombstone_segments,
            remnants: std::mem::take(&mut self.remnants),
            release_places,
            ..Decoded::default()
        })
    }

    fn schema_version(&mut self, value: Option<Node<'_>>) -> Option<u32> {
        let root = Path::ROOT;
        match value {
            Some(value) if value.as_i64() == Some(i64::from(SCHEMA_VERSION)) => return Some(SCHEMA_VERSION),
            Some(value) => {
                let found = if value.as_number().is_some() {
                    format!("{value:?}")
                } else {
                    fields::article(&value).into()
                };
                let message = format_args!("expected {SCHEMA_VERSION}, found {found}");
                self.refuse(Code::SchemaVersion, &root.key("schema_version"), message);
            }
            None => self.refuse(
                Code::SchemaVersion,
                &root,
                format_args!("expected a field `schema_version`, found none"),
            ),
        }
        None
    }

    fn version(&mut self, value: Option<Node<'_>>) -> Option<u64> {
        let root = Path::ROOT;
        let Some(value) = value else {
            self.refuse(Code::BadVersion, &root, format_args!("expected a field `version`, found none"));
            return None;
        };
        let version = value.as_i64().and_then(|version| u64::try_from(version).ok());
        if version.is_none() {
            let found = if value.as_number().is_some() {
                format!("{value:?}")
            } else {
                fields::article(&value).into()
            };
            let message = format_args!("expected an integer of at least 0, found {found}");
            self.refuse(Code::BadVersion, &root.key("version"), message);
        }
        version
    }

    fn segments(&mut self, value: Node<'_>, bases: &mut Bases<'_>, path: &Path<'_>) {
        for (name, value) in self.section(value, path) {
            let path = path.key(&name);
            let key = self.name(&name, &path);
            match (key, self.segment(&name, value, &path)) {
                (Some(key), Some(segment)) => drop(bases.segments.insert(key, segment)),
                (Some(key), None) => drop(bases.invalid_segments.insert(key)),
                (None, Some(segment)) => self.remain_definition(&name, Definition::Segment(segment), &path),
                (None, None) => {}
            }
        }
    }

    fn features<'d>(
        &mut self,
        value: Node<'d>,
        unchanged: &mut dyn FnMut(&str, &Node<'_>) -> bool,
        bases: &mut Bases<'d>,
        path: &Path<'_>,
    ) {
        for (name, value) in self.section(value, path) {
            let path = path.key(&name);
            let Some(key) = self.name(&name, &path) else {
                if let Some(feature) = self.feature(&name, value, &path) {
                    self.remain_definition(&name, Definition::Feature(feature), &path);
                }
                continue;
            };
            if unchanged(&key, &value) {
                let before = self.hard;
                if let Some(group) = value.get("exclusion_group").and_then(|group| group.as_str()) {
                    self.check_group(&key, &group.into(), &path.key("exclusion_group"));
                }
                if self.hard == before {
                    bases.skipped.insert(key, value);
                } else {
                    bases.invalid_features.insert(key);
                }
                continue;
            }
            match self.feature(&name, value, &path) {
                Some(feature) => drop(bases.features.insert(key, feature)),
                None => drop(bases.invalid_features.insert(key)),
            }
        }
    }
}
