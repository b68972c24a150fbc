//! The compiler: holds what must be known of the snapshot that is served, to compile only what an update changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use xxhash_rust::xxh3::xxh3_128;

use super::builder::Builder;
use super::condition::{Cond, Target};
use super::counters::{CounterBlock, CounterLayout};
use super::draft::{Drafts, FeatureDraft, Overlay, SegmentDraft, SegmentSide};
use super::emit::{Emitter, FeatureUnit, Side, segment};
use super::input::{Outline, merge};
use super::link::{Linked, link};
use super::load::Beside;
use super::lower::lower;
use super::operands::{Known, Operands};
use super::overlay::{Course, Subject, patches};
use super::{Notices, Numbers, Report, Scope, Sink};
use crate::context::Attributes;
use crate::error::{Code, Diagnostic, Error, Severity, quote};
use crate::model::{Decoded, Key, Mode};
use crate::program::{Chunk, Entry, Names, Program};
use crate::value::{KeyedMap, KeyedSet, Node, Parsed, Value, parse};

/// The outcome of an update.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What is to be served.
    pub program: Arc<Program>,
    /// The features that may decide otherwise than before, sorted; those that are gone as well.
    pub changed: Vec<Key>,
    /// How many features and segments were compiled.
    pub recompiled: usize,
    /// All problems; in lenient mode also errors, of what is isolated. Those of what did not
    /// change were told when they were new.
    pub diagnostics: Vec<Diagnostic>,
    /// The features that are served otherwise than the document says: with an invalid base, or without their release.
    pub isolated: Vec<Key>,
}

/// Compiles documents and deltas, one after the other.
#[derive(Debug)]
pub struct Compiler {
    attributes: Arc<Attributes>,
    process: BTreeMap<String, Value>,
    pub(super) mode: Mode,
    pub(super) features: Numbers,
    segments: Numbers,
    counters: Arc<Mutex<CounterLayout>>,
    pub(super) served: Served,
}

/// What is known of the snapshot that is served.
#[derive(Clone, Debug, Default)]
pub(super) struct Served {
    pub(super) program: Arc<Program>,
    /// The process attributes with the document's environment.
    pub(super) environment: Option<Box<str>>,
    pub(super) declarations: u128,
    /// Features without references, release, kill or exclusion group: the hash of the definition.
    pub(super) plain: KeyedMap<u32, u128>,
    /// Of these, unless something in them looks like a reference: the hash of the text.
    pub(super) texts: KeyedMap<u32, u64>,
    /// All others, and segments: a hash over all that decides what they serve.
    pub(super) prints: KeyedMap<Target, u128>,
    /// Features that are not plain, but for those in `invalid`.
    pub(super) linked: KeyedSet<u32>,
    /// Features that stand alone and whose base is invalid.
    pub(super) invalid: KeyedSet<u32>,
    /// What deltas are applied to: all segments, releases and the like, and the definitions of linked features.
    pub(super) kept: Value,
    /// All patterns.
    patterns: Arc<Known>,
    /// By feature: those of its base.
    patterns_of: KeyedMap<u32, Vec<u128>>,
    /// By chunk: how many entries point into it.
    pub(super) live: Vec<u32>,
}

impl Compiler {
    /// A compiler that has nothing to serve yet.
    #[must_use]
    pub fn new(attributes: Arc<Attributes>, process: BTreeMap<String, Value>, mode: Mode) -> Self {
        Self {
            attributes,
            process,
            mode,
            features: Numbers::default(),
            segments: Numbers::default(),
            counters: Arc::default(),
            served: Served::default(),
        }
    }

    /// What the counters stand for.
    #[must_use]
    pub fn counters(&self) -> Arc<Mutex<CounterLayout>> {
        Arc::clone(&self.counters)
    }

    /// The number of a feature, also of one that does not exist yet; and its key.
    pub fn feature(&mut self, name: &str) -> (u32, Key) {
        let number = self.features.number(name);
        (number, self.features.key(number))
    }

    /// The names of all features that have a number.
    #[must_use]
    pub fn names(&self) -> Arc<Names> {
        extended(&self.served.program.names, &self.features)
    }

    pub(super) fn is_same_frame(&self, outline: &Outline) -> bool {
        self.served.environment == outline.environment && self.served.declarations == outline.declarations
    }

    /// Compiles a delta: an object with `from` (the version served), `version`, and the changed part of a document:
    /// `features` and `segments` by key (`null`: gone), `releases` by id, `removed_releases` (ids), and `kills`,
    /// `exclusion_groups`, `attributes`, `environments` as a whole where they change. A feature whose definition, kill
    /// or release changes is carried with its definition.
    ///
    /// # Errors
    /// If it is for another version, or incomplete, or refused; nothing has changed then.
    pub fn apply(&mut self, delta: &[u8]) -> Result<Compiled, Error> {
        let parsed = parse(delta)?;
        let kept = std::mem::take(&mut self.served.kept);
        let beside = Beside::of(delta, &parsed);
        let outcome = self.apply_to(&kept, parsed, &beside);
        if outcome.is_err() {
            self.served.kept = kept;
        }
        outcome
    }

    fn apply_to(&mut self, kept: &Value, parsed: Parsed<'_>, beside: &Beside<'_>) -> Result<Compiled, Error> {
        let merged = merge(Node::from(kept), parsed.root, self.served.program.version)?;
        let mut whole = Parsed::from(merged.root);
        whole.duplicates = parsed.duplicates;
        self.update(whole, Some(&merged.removed), beside)
    }

    /// The rest of an update, once its document is decoded.
    pub(super) fn finish(
        &mut self,
        decoded: &Decoded,
        frame: Frame,
        removed: Option<&[String]>,
    ) -> Result<Compiled, Error> {
        let faults: Vec<Diagnostic> = frame.fault.iter().cloned().chain(self.older(decoded)).collect();
        // In strict mode, neither these nor what `decode` found hide what is found below.
        let whole = decoded
            .diagnostics
            .iter()
            .any(|problem| problem.severity == Severity::Error && problem.code.family() == 1);
        if decoded.refused && (self.mode == Mode::Lenient || whole) {
            return Err(Error::from_diagnostics([faults, decoded.diagnostics.clone()].concat()));
        }
        if !faults.is_empty() && self.mode == Mode::Lenient {
            return Err(Error::from_diagnostics(faults));
        }
        let ready = self.link(decoded, &frame, faults, removed)?;
        Ok(self.commit(ready, decoded.snapshot.version, frame))
    }

    /// What is wrong if the document is older than what is served; a version that cannot be read is another problem.
    fn older(&self, decoded: &Decoded) -> Option<Diagnostic> {
        let (version, least) = (decoded.snapshot.version, self.served.program.version);
        let is_read = decoded.snapshot.schema_version > 0
            && decoded.diagnostics.iter().all(|problem| problem.code != Code::BadVersion);
        (is_read && version < least).then(|| {
            let message = format!("expected a version of at least {least}, found {version}");
            Diagnostic::new(Code::OlderVersion, "/version", message)
        })
    }

    /// The process attributes with the document's environment; and what is wrong if that is not the engine's.
    pub(super) fn effective_process(
        &self,
        outline: &Outline,
    ) -> (BTreeMap<String, Value>, Option<Diagnostic>) {
        let mut process = self.process.clone();
        let Some(own) = &outline.environment else { return (process, None) };
        let fault = match process.get("environment") {
            None => {
                process.insert("environment".into(), Value::Str(own.clone()));
                None
            }
            Some(Value::Str(engine)) if engine == own => None,
            Some(other) => {
                let message = format!("expected the engine's environment {other:?}, found {}", quote(own));
                Some(Diagnostic::new(Code::OtherEnvironment, "/environment", message))
            }
        };
        (process, fault)
    }

    /// A delta carries each definition that it concerns.
    pub(super) fn check_carried(
        &self,
        outline: &Outline,
        root: &Node<'_>,
        same_frame: bool,
    ) -> Result<(), Error> {
        if !same_frame && !self.served.plain.is_empty() {
            let message =
                "the environment, `attributes` or `environments` changed: the whole document is needed";
            return Err(Error::new(Code::DeltaIncomplete, "", message));
        }
        let carried = root.get("features");
        for name in &outline.named {
            let plain =
                self.features.find(name).is_some_and(|number| self.served.plain.contains_key(&number));
            if plain && carried.and_then(|features| features.get(name)).is_none() {
                let message =
                    format!("the delta concerns feature {} and does not carry its definition", quote(name));
                return Err(Error::new(Code::DeltaIncomplete, "/features", message));
            }
        }
        Ok(())
    }

    /// `faults`: those of the document as a whole, in strict mode.
    fn link(
        &mut self,
        decoded: &Decoded,
        frame: &Frame,
        faults: Vec<Diagnostic>,
        removed: Option<&[String]>,
    ) -> Result<Ready, Error> {
        let Frame { process, hashes, outline, .. } = frame;
        let mut report = Report::new(self.mode);
        report.extend(faults);
        report.extend(decoded.diagnostics.iter().cloned());
        let attributes = Arc::clone(&self.attributes);
        let mut features = std::mem::take(&mut self.features);
        let mut segments = std::mem::take(&mut self.segments);
        let unchanged: KeyedSet<u32> =
            decoded.unchanged.iter().filter_map(|key| features.find(key)).collect();
        let gone: KeyedSet<u32> =
            removed.into_iter().flatten().filter_map(|key| features.find(key)).collect();
        let served = &self.served;
        let partial = removed.is_some();
        let kept_invalid =
            |number: u32| partial && served.invalid.contains(&number) && !gone.contains(&number);
        let kept = |number: u32| {
            unchanged.contains(&number)
                || (partial && served.plain.contains_key(&number) && !gone.contains(&number))
                || kept_invalid(number)
        };

        let mut operands = Operands::new(Arc::clone(&served.patterns));
        for (number, patterns) in &served.patterns_of {
            let name = features.name(*number);
            let again =
                decoded.snapshot.features.contains_key(name) || decoded.invalid_features.contains(name);
            if kept(*number) && !again {
                patterns.iter().for_each(|pattern| operands.keep(*pattern));
            }
        }
        let mut scope = Scope::new(&attributes, process, &mut features, &mut segments, &mut operands);
        let lowering = lower(decoded, &mut scope, &mut report);
        missing_process(decoded, process, &mut report);

        let mut drafts = Drafts {
            features: lowering.features,
            segments: lowering.segments,
            courses: lowering.courses,
            remains: lowering.remains,
            feature_names: &features,
            segment_names: &segments,
            kept: &kept,
            kept_invalid: &kept_invalid,
        };
        let (order, linked) = link(&mut drafts, &mut report);
        let Drafts { features: mut feature_drafts, segments: mut segment_drafts, courses, .. } = drafts;

        let present: KeyedSet<u32> =
            feature_drafts.keys().copied().chain(unchanged.iter().copied()).collect();
        // Of a delta, what was linked is in the document again, or gone.
        let gone = partial.then(|| gone.iter().chain(&served.linked).copied().collect());
        let present_segments = segment_drafts.keys().copied().collect();
        let mut ready = Ready::new(gone, present, present_segments);
        ready.patterns_of = lowering.patterns;
        ready.isolated = isolated(decoded, &feature_drafts);
        if report.refuses() {
            (self.features, self.segments) = (features, segments);
            return Err(Error::from_diagnostics(report.into_vec()));
        }
        let prints = Prints {
            served: &served.prints,
            hashes,
            outline,
            feature_drafts: &feature_drafts,
            segment_drafts: &segment_drafts,
            courses: &courses,
        };
        for target in &order {
            let print = prints.print(*target, linked.get(target), &ready.prints);
            ready.prints.insert(*target, print);
            let same = served.prints.get(target) == Some(&print);
            if !frame.reuse || !same {
                ready.stale.push(*target);
            }
            if let Target::Feature(number) = target
                && !(frame.same && same)
            {
                ready.changed.insert(features.key(*number));
            }
        }
        let in_kept = frame.kept.get("features");
        for (number, draft) in &feature_drafts {
            let alone =
                draft.overlay.is_none() && draft.kills.is_empty() && !outline.named.contains(&*draft.key);
            let no_references = matches!(&draft.base, Side::Definition(base) if base.references.is_empty());
            if alone
                && no_references
                && let Some(hash) = hashes.get(number)
            {
                ready.plain.push((*number, *hash));
            } else {
                let alone = in_kept.and_then(|kept| kept.get(&draft.key)).is_none();
                ready.unplain.push((*number, alone && matches!(draft.base, Side::Invalid)));
            }
        }

        let mut scope = Scope::new(&attributes, process, &mut features, &mut segments, &mut operands);
        let environment = scope.environment();
        let mut builder = Builder::default();
        let mut notices = Notices::new(&mut report, !process.is_empty());
        for target in ready.stale.clone() {
            match target {
                Target::Feature(number) => {
                    let Some(draft) = feature_drafts.remove(&number) else { continue };
                    let mut sink = Sink::default();
                    let memo = linked.get(&target).and_then(|linked| linked.memo);
                    let unit = unit(*draft, &courses, memo, &mut scope, &mut sink);
                    notices.report.extend(sink.diagnostics);
                    let counter = self.counters.lock().place(block(&unit));
                    let pc = Emitter::feature(&mut builder, &unit, environment, counter, &mut notices);
                    ready.features.push((number, pc));
                }
                Target::Segment(number) => {
                    let Some(draft) = segment_drafts.remove(&number) else { continue };
                    let pcs = segment_code(*draft, &courses, &mut builder, &mut scope);
                    ready.segments.push((number, pcs));
                }
            }
        }
        ready.chunk = builder.build();
        ready.patterns = operands.into_patterns();
        debug_assert!(ready.chunk.is_sound());
        ready.diagnostics = report.into_vec();
        (self.features, self.segments) = (features, segments);
        Ok(ready)
    }

    /// Puts old and new together. Cannot fail.
    fn commit(&mut self, ready: Ready, version: u64, frame: Frame) -> Compiled {
        let Frame { outline, kept, texts, .. } = frame;
        let old = Arc::clone(&self.served.program);
        let mut features = resized(&old.features, self.features.len(), Entry::ABSENT);
        let mut segments = resized(&old.segments, self.segments.len(), [Entry::ABSENT; 2]);
        let mut chunks = old.chunks.clone();
        let mut changed = ready.changed;
        let recompiled = ready.features.len().saturating_add(ready.segments.len());
        let served = &mut self.served;

        let number = served.live.iter().position(|live| *live == 0).unwrap_or(chunks.len());
        let replace = |live: &mut Vec<u32>, entry: &mut Entry, new: Entry| {
            if let Some(count) = live.get_mut(entry.chunk as usize) {
                *count = count.saturating_sub(1);
            }
            if let Some(count) = live.get_mut(new.chunk as usize) {
                *count = count.saturating_add(1);
            }
            *entry = new;
        };
        if recompiled > 0 {
            let chunk = Arc::new(ready.chunk);
            match chunks.get_mut(number) {
                Some(place) => *place = chunk,
                None => {
                    chunks.push(chunk);
                    served.live.push(0);
                }
            }
        }
        let chunk = number as u32;
        // Both are ours alone: `make_mut` never copies here.
        let feature_entries = Arc::make_mut(&mut features);
        let segment_entries = Arc::make_mut(&mut segments);
        for (feature, pc) in ready.features {
            if let Some(entry) = feature_entries.get_mut(feature as usize) {
                replace(&mut served.live, entry, Entry { chunk, pc });
            }
        }
        for (segment, [plain, opposite]) in ready.segments {
            if let Some([first, second]) = segment_entries.get_mut(segment as usize) {
                replace(&mut served.live, first, Entry { chunk, pc: plain });
                replace(&mut served.live, second, Entry { chunk, pc: opposite });
            }
        }
        for (index, entries) in segment_entries.iter_mut().enumerate() {
            let number = index as u32;
            if !ready.present_segments.contains(&number) {
                for entry in entries {
                    replace(&mut served.live, entry, Entry::ABSENT);
                }
                served.prints.remove(&Target::Segment(number));
            }
        }
        let gone: Vec<u32> = match ready.gone {
            Some(gone) => gone.into_iter().filter(|number| !ready.present.contains(number)).collect(),
            None => {
                (0..feature_entries.len() as u32).filter(|number| !ready.present.contains(number)).collect()
            }
        };
        for feature in gone {
            if let Some(entry) = feature_entries.get_mut(feature as usize)
                && entry.is_present()
            {
                replace(&mut served.live, entry, Entry::ABSENT);
                changed.insert(self.features.key(feature));
            }
            served.plain.remove(&feature);
            served.patterns_of.remove(&feature);
            served.texts.remove(&feature);
            served.linked.remove(&feature);
            served.invalid.remove(&feature);
            served.prints.remove(&Target::Feature(feature));
        }
        for (index, live) in served.live.iter().enumerate() {
            if *live == 0
                && let Some(place) = chunks.get_mut(index)
                && !place.code.is_empty()
            {
                *place = Arc::default();
            }
        }
        served.texts.extend(&texts);
        for (number, alone_and_invalid) in ready.unplain {
            served.plain.remove(&number);
            served.patterns_of.remove(&number);
            served.texts.remove(&number);
            let (into, out_of) = match alone_and_invalid {
                true => (&mut served.invalid, &mut served.linked),
                false => (&mut served.linked, &mut served.invalid),
            };
            into.insert(number);
            out_of.remove(&number);
        }
        for (number, hash) in ready.plain {
            served.linked.remove(&number);
            served.invalid.remove(&number);
            served.patterns_of.remove(&number);
            served.plain.insert(number, hash);
            if !texts.contains_key(&number) {
                served.texts.remove(&number);
            }
        }
        served.patterns_of.extend(ready.patterns_of);
        served.patterns = Arc::new(ready.patterns);
        served.prints.extend(ready.prints);
        served.environment = outline.environment;
        served.declarations = outline.declarations;
        served.kept = kept;
        let names = extended(&old.names, &self.features);
        let segment_names = extended(&old.segment_names, &self.segments);
        let counters = self.counters.lock().len();
        let program = Program { version, features, segments, chunks, names, segment_names, counters };
        served.program = Arc::new(program);
        Compiled {
            program: Arc::clone(&served.program),
            changed: changed.into_iter().collect(),
            recompiled,
            diagnostics: ready.diagnostics,
            isolated: ready.isolated,
        }
    }
}

/// A copy with room for `len`.
fn resized<T: Copy>(old: &Arc<[T]>, len: usize, filler: T) -> Arc<[T]> {
    if old.len() >= len {
        return Arc::from(&**old);
    }
    old.iter().copied().chain(std::iter::repeat_n(filler, len.saturating_sub(old.len()))).collect()
}

fn extended(names: &Arc<Names>, numbers: &Numbers) -> Arc<Names> {
    let more = numbers.since(names.len());
    if more.is_empty() { Arc::clone(names) } else { Arc::new(names.with(more)) }
}

/// An update that is sure to succeed.
struct Ready {
    features: Vec<(u32, u32)>,
    segments: Vec<(u32, [u32; 2])>,
    chunk: Chunk,
    patterns: Known,
    patterns_of: Vec<(u32, Vec<u128>)>,
    prints: KeyedMap<Target, u128>,
    stale: Vec<Target>,
    plain: Vec<(u32, u128)>,
    /// Others; and whether they stand alone and are invalid.
    unplain: Vec<(u32, bool)>,
    /// Of a delta: the features that are gone unless they are present.
    gone: Option<KeyedSet<u32>>,
    /// Of a document: the features that there are.
    present: KeyedSet<u32>,
    present_segments: KeyedSet<u32>,
    changed: BTreeSet<Key>,
    diagnostics: Vec<Diagnostic>,
    isolated: Vec<Key>,
}

impl Ready {
    fn new(gone: Option<KeyedSet<u32>>, present: KeyedSet<u32>, present_segments: KeyedSet<u32>) -> Self {
        Self {
            features: Vec::new(),
            segments: Vec::new(),
            chunk: Chunk::default(),
            patterns: Known::default(),
            patterns_of: Vec::new(),
            prints: KeyedMap::default(),
            stale: Vec::new(),
            plain: Vec::new(),
            unplain: Vec::new(),
            gone,
            present,
            present_segments,
            changed: BTreeSet::new(),
            diagnostics: Vec::new(),
            isolated: Vec::new(),
        }
    }
}

fn missing_process(decoded: &Decoded, process: &BTreeMap<String, Value>, report: &mut Report) {
    for (name, attribute) in &decoded.snapshot.attributes {
        if attribute.process && !process.contains_key(&**name) {
            let mut pointer = String::from("/attributes");
            crate::error::push_step(&mut pointer, name);
            let message =
                format!("process attribute {} is not given: it is read from the context", quote(name));
            report.add(Code::MissingProcessAttribute, pointer, message);
        }
    }
}

/// Features with an invalid base, or that lost what a release says of them.
fn isolated(decoded: &Decoded, drafts: &BTreeMap<u32, Box<FeatureDraft<'_>>>) -> Vec<Key> {
    let released: KeyedSet<Key> =
        decoded.snapshot.releases.iter().flat_map(|release| release.features.keys().cloned()).collect();
    let lost = |draft: &FeatureDraft<'_>| {
        draft.overlay.is_none()
            && (released.contains(&draft.key) || decoded.lost_features.contains(&draft.key))
    };
    drafts
        .values()
        .filter(|draft| matches!(draft.base, Side::Invalid) || lost(draft))
        .map(|draft| Key::clone(&draft.key))
        .collect()
}

fn unit<'m>(
    draft: FeatureDraft<'m>,
    courses: &[Course<'m>],
    memo: Option<bool>,
    scope: &mut Scope<'_>,
    sink: &mut Sink,
) -> FeatureUnit<'m> {
    let FeatureDraft { key, base, overlay, kills, units, .. } = draft;
    let unit = if matches!(base, Side::Definition(_)) { units.0 } else { units.1 };
    let course = overlay.as_ref().and_then(|overlay| courses.get(overlay.course));
    let candidate = overlay.and_then(|Overlay { candidate, .. }| candidate);
    let list = match course {
        Some(course) => {
            let alone = course.release.features.len() == 1 && course.release.segments.is_empty();
            let unit = alone.then_some(unit);
            patches(course, Subject::Feature(&key), candidate.is_some(), unit, scope, sink)
        }
        None => Vec::new(),
    };
    let mut kills = kills;
    kills.sort_unstable();
    FeatureUnit {
        release: course.map(|course| &course.release.id),
        place: course.map(|course| course.index),
        key,
        base,
        candidate,
        patches: list,
        kills,
        memo,
    }
}

fn block(unit: &FeatureUnit<'_>) -> CounterBlock {
    let mut variants = Vec::new();
    for side in [Some(&unit.base), unit.candidate.as_ref()].into_iter().flatten() {
        if let Side::Definition(definition) = side {
            variants.extend(definition.variants.iter().map(|(name, _)| Key::clone(name)));
        }
    }
    let mut phases: Vec<(Key, Key)> = Vec::new();
    if let Some(release) = unit.release {
        for patch in &unit.patches {
            if !phases.iter().any(|(_, phase)| phase == patch.phase) {
                phases.push((Key::clone(release), Key::clone(patch.phase)));
            }
        }
    }
    CounterBlock { feature: Key::clone(&unit.key), variants, phases }
}

fn segment_code<'m>(
    draft: SegmentDraft<'m>,
    courses: &[Course<'m>],
    builder: &mut Builder,
    scope: &mut Scope<'_>,
) -> [u32; 2] {
    let SegmentDraft { key, base, overlay, .. } = draft;
    let course = overlay.as_ref().and_then(|overlay| courses.get(overlay.course));
    let candidate = overlay.and_then(|overlay| overlay.candidate);
    let mut sink = Sink::default();
    let list = match course {
        Some(course) => patches(course, Subject::Segment(&key), candidate.is_some(), None, scope, &mut sink),
        None => Vec::new(),
    };
    let release = course.map(|course| &course.release.id);
    [false, true].map(|negated| {
        let base = condition_of(&base, negated);
        let candidate = candidate.as_ref().and_then(|side| condition_of(side, negated));
        segment(builder, base, candidate, release, &list)
    })
}

fn condition_of<'s, 'm>(side: &'s SegmentSide<'m>, negated: bool) -> Option<&'s Cond<'m>> {
    match side {
        SegmentSide::Condition { plain, opposite, .. } => Some(if negated { opposite } else { plain }),
        SegmentSide::Invalid | SegmentSide::Tombstone => None,
    }
}

/// What an update is made in.
pub(super) struct Frame {
    pub(super) outline: Outline,
    pub(super) process: BTreeMap<String, Value>,
    /// The document is of another environment than the engine.
    pub(super) fault: Option<Diagnostic>,
    /// Of the definitions of features that are looked at: hashes of their structure.
    pub(super) hashes: KeyedMap<u32, u128>,
    /// Of those that stand alone: hashes of their texts.
    pub(super) texts: KeyedMap<u32, u64>,
    /// What the next delta is applied to.
    pub(super) kept: Value,
    /// Whether code may be kept.
    pub(super) reuse: bool,
    /// Whether environment and declarations are those of what is served.
    pub(super) same: bool,
}

/// Fingerprints: over all that decides what a definition serves.
struct Prints<'a, 'm> {
    /// Of what was passed over: as it is served.
    served: &'a KeyedMap<Target, u128>,
    hashes: &'a KeyedMap<u32, u128>,
    outline: &'a Outline,
    feature_drafts: &'a BTreeMap<u32, Box<FeatureDraft<'m>>>,
    segment_drafts: &'a BTreeMap<u32, Box<SegmentDraft<'m>>>,
    courses: &'a [Course<'m>],
}

impl Prints<'_, '_> {
    fn print(&self, target: Target, linked: Option<&Linked>, prints: &KeyedMap<Target, u128>) -> u128 {
        let mut bytes = Vec::with_capacity(128);
        let mut add = |part: u128| bytes.extend_from_slice(&part.to_le_bytes());
        match target {
            Target::Feature(number) => {
                add(self.hashes.get(&number).copied().unwrap_or(1));
                if let Some(draft) = self.feature_drafts.get(&number) {
                    add(matches!(draft.base, Side::Invalid).into());
                    add(self.outline.kills.get(&*draft.key).copied().unwrap_or(0));
                    if self.outline.named.contains(&*draft.key) {
                        add(self.outline.groups);
                    }
                    if let Some(overlay) = &draft.overlay {
                        add(self.outline.feature_releases.get(&draft.key).copied().unwrap_or(0));
                        add(self.phases(overlay.course));
                    }
                }
            }
            Target::Segment(number) => {
                if let Some(draft) = self.segment_drafts.get(&number) {
                    add(self.outline.segments.get(&*draft.key).copied().unwrap_or(1));
                    add(matches!(draft.base, SegmentSide::Invalid).into());
                    if let Some(overlay) = &draft.overlay {
                        add(self.outline.segment_releases.get(&draft.key).copied().unwrap_or(0));
                        add(self.phases(overlay.course));
                    }
                }
            }
        }
        if let Some(linked) = linked {
            add(match linked.memo {
                None => 0,
                Some(false) => 1,
                Some(true) => 2,
            });
            for next in linked.targets() {
                add(prints.get(next).or_else(|| self.served.get(next)).copied().unwrap_or(3));
            }
        }
        xxh3_128(&bytes)
    }

    /// Which phases count.
    fn phases(&self, course: usize) -> u128 {
        let phases = self.courses.get(course).map(|course| course.phases.as_slice()).unwrap_or_default();
        phases.iter().fold(1, |bits: u128, phase| bits.rotate_left(1) ^ u128::from(phase.valid))
    }
}
