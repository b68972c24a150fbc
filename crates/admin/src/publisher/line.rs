//! One environment's snapshot, kept as rows, and how it came to be over its last versions.
//!
//! ```text
//!   World' ─ texts of what was touched ─▶ rows (those that differ) ─▶ document ─▶ Head ─▶ Publication ─▶ hub
//!                                           └▶ steps: version, what changed then (the last 50) ─▶ a delta from any of them
//! ```
//! INVARIANT: the rows are those of `snapshot::rows` of the world that was followed last, so the document is
//! `snapshot::document`, byte for byte.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use axum::body::Bytes;
use tidegate::model::Key;
use tidegate::wire::{DeltaHead, Head, Rows, Section, Sha256};
use tidegate_delivery::{Delta, Deltas, Publication, Signer as _, Unfit};

use super::signer::Signer;
use crate::clock::Clock;
use crate::domain::entity::Kind;
use crate::domain::{World, snapshot};
use crate::store::StoredRow;

/// How many versions can be gone on from with a delta.
pub(crate) const KEPT: usize = 50;

/// What a row is: the part of the document, and its key.
pub(super) type RowKey = (Section, Key);

/// The sections, and the kinds of entity that their rows are made of.
const KINDS: [(Kind, Section); 7] = [
    (Kind::Environment, Section::Environments),
    (Kind::Attribute, Section::Attributes),
    (Kind::Segment, Section::Segments),
    (Kind::Feature, Section::Features),
    (Kind::ExclusionGroup, Section::ExclusionGroups),
    (Kind::Release, Section::Releases),
    (Kind::Kill, Section::Kills),
];

/// Texts of rows, so that environments share those that are alike.
pub(super) type Texts = BTreeMap<RowKey, Arc<str>>;

/// One environment's snapshot over time.
#[derive(Debug)]
pub(super) struct Line {
    rows: Arc<Rows>,
    /// The last versions, the oldest first; the present one is the last.
    steps: VecDeque<Step>,
}

/// A version, and what changed with it.
#[derive(Clone, Debug)]
struct Step {
    version: u64,
    changed: Arc<[RowKey]>,
}

impl Line {
    /// An environment's snapshot as it is, without a past; none if it has no version yet.
    pub(super) fn new(world: &World, environment: &Key, texts: &mut Texts) -> Option<Self> {
        let version = version(world, environment)?;
        let mut rows = Rows::new(Key::clone(environment), version);
        for (kind, key, text) in snapshot::rows(world, environment) {
            let Some(section) = section(kind) else { continue };
            let text = shared(texts, (section, Key::clone(&key)), text);
            rows.insert(section, key, text);
        }
        let steps = VecDeque::from([Step { version, changed: Arc::from([]) }]);
        Some(Self { rows: Arc::new(rows), steps })
    }

    /// Remembers what was: the versions that there were, the oldest first, and the rows that changed after the oldest.
    pub(super) fn recall(&mut self, versions: &[u64], rows: &[StoredRow]) {
        let now = self.version();
        let mut changed: BTreeMap<u64, Vec<RowKey>> = BTreeMap::new();
        for row in rows {
            let kind = KINDS.iter().find(|(kind, _)| name(*kind) == row.kind);
            let Some((_, section)) = kind else { continue };
            // What another server changed after this world was read: when it changed before that is not known.
            let version = row.version.min(now);
            changed.entry(version).or_default().push((*section, row.key.as_str().into()));
        }
        let earlier = versions.iter().copied().filter(|version| *version < now);
        let steps = earlier.chain([now]).map(|version| {
            let changed = changed.remove(&version).unwrap_or_default();
            Step { version, changed: changed.into() }
        });
        self.steps = steps.collect();
        self.forget();
    }

    /// The version.
    pub(super) fn version(&self) -> u64 {
        self.rows.version()
    }

    /// Goes on to what the world says now; `touched` are the rows that may differ.
    pub(super) fn follow(&mut self, world: &World, touched: &BTreeSet<(Kind, Key)>, texts: &mut Texts) {
        let environment = Key::clone(self.rows.environment());
        let Some(version) = version(world, &environment) else { return };
        // The publication before holds these rows, too: this makes our own, which share the texts.
        let rows = Arc::make_mut(&mut self.rows);
        let mut changed = Vec::new();
        for (kind, key) in touched {
            let Some(section) = section(*kind) else { continue };
            let before = rows.row(section, key);
            let now = snapshot::row(world, &environment, *kind, key);
            if before.map(|text| &**text) == now.as_deref() {
                continue;
            }
            match now {
                Some(text) => {
                    let text = shared(texts, (section, Key::clone(key)), text);
                    rows.insert(section, Key::clone(key), text);
                }
                None => drop(rows.remove(section, key)),
            }
            changed.push((section, Key::clone(key)));
        }
        rows.set_version(version);
        self.steps.push_back(Step { version, changed: changed.into() });
        self.forget();
    }

    fn forget(&mut self) {
        while self.steps.len() > KEPT + 1 {
            self.steps.pop_front();
        }
    }

    /// The oldest version that can be gone on from.
    pub(super) fn oldest(&self) -> u64 {
        self.steps.front().map_or(0, |step| step.version)
    }

    /// What is to be published: the document, signed.
    ///
    /// # Errors
    /// If it has a line break, which rendered JSON never has.
    pub(super) fn publication(
        &self,
        signer: &Arc<Signer>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Publication, Unfit> {
        let document = Bytes::from(self.rows.render());
        let head = Head {
            environment: Key::clone(self.rows.environment()),
            version: self.version(),
            sha256: Sha256::of(&document),
            at: clock.now().wall,
            delta: None,
        };
        let token = signer.sign(&head);
        let past = Past {
            head: head.clone(),
            rows: Arc::clone(&self.rows),
            steps: self.steps.iter().cloned().collect(),
            signer: Arc::clone(signer),
            clock: Arc::clone(clock),
        };
        Publication::new(head, token, document, Some(Arc::new(past)))
    }
}

/// What a publication knows of the versions before it.
struct Past {
    head: Head,
    rows: Arc<Rows>,
    steps: Box<[Step]>,
    signer: Arc<Signer>,
    clock: Arc<dyn Clock>,
}

impl Deltas for Past {
    fn delta(&self, from: u64) -> Option<Vec<Delta>> {
        let place = self.steps.iter().position(|step| step.version == from)?;
        let later = self.steps.get(place + 1..).filter(|steps| !steps.is_empty())?;
        let changed: BTreeSet<RowKey> = later.iter().flat_map(|step| step.changed.iter().cloned()).collect();
        let document = Bytes::from(self.rows.delta(from, &changed)?);
        let at = self.clock.now().wall;
        let delta = Some(DeltaHead { from, sha256: Sha256::of(&document) });
        let token = self.signer.sign(&Head { at, delta, ..self.head.clone() });
        Some(vec![Delta { version: self.head.version, at, token, document }])
    }
}

/// The version of an environment's snapshot.
pub(super) fn version(world: &World, environment: &str) -> Option<u64> {
    world.snapshot_heads.get(environment).map(|row| row.body.version)
}

fn section(kind: Kind) -> Option<Section> {
    KINDS.iter().find(|(known, _)| *known == kind).map(|(_, section)| *section)
}

/// A kind as the store writes it.
fn name(kind: Kind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A text, or the same one that another environment has.
fn shared(texts: &mut Texts, key: RowKey, text: String) -> Arc<str> {
    match texts.get(&key) {
        Some(known) if **known == *text => Arc::clone(known),
        _ => {
            let text: Arc<str> = text.into();
            texts.insert(key, Arc::clone(&text));
            text
        }
    }
}
