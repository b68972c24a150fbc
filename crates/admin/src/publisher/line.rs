//! One environment's snapshot, kept as rows, and its last versions.
//!
//! ```text
//!   World' ─ texts of what was touched ─▶ those that differ ─▶ rows ─▶ History ─▶ Publication: document, signed head, deltas
//! ```
//! INVARIANT: the rows are those of `snapshot::rows` of the world that was followed last, so the document is
//! `snapshot::document`, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidegate::model::Key;
use tidegate::wire::{Rows, Section};
use tidegate_delivery::{History, Publication, Unfit};

use super::signer::Signer;
use crate::domain::entity::Kind;
use crate::domain::{World, snapshot};
use crate::store::StoredRow;

/// How many versions the store is asked for: those that deltas lead from.
pub(super) const KEPT: u32 = 50;

/// What a row is: the part of the document, and its key.
type RowKey = (Section, Key);

/// The kinds of entity that have rows, and the sections that those are in.
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
    /// Up to the version before that of `rows`, until that is published.
    history: History,
}

impl Line {
    /// An environment's snapshot as it is, without a past; none if it has no version yet.
    pub(super) fn new(
        world: &World,
        environment: &Key,
        signer: &Arc<Signer>,
        texts: &mut Texts,
    ) -> Option<Self> {
        let mut rows = Rows::new(Key::clone(environment), version(world, environment)?);
        for (kind, key, text) in snapshot::rows(world, environment) {
            let Some(section) = section(kind) else { continue };
            let text = shared(texts, (section, Key::clone(&key)), text);
            rows.insert(section, key, text);
        }
        Some(Self { rows: Arc::new(rows), history: History::new(Arc::clone(signer) as _) })
    }

    /// Remembers what was: the versions that there were, the oldest first, and the rows that changed after the oldest.
    pub(super) fn recall(&mut self, signer: &Arc<Signer>, versions: &[u64], rows: &[StoredRow]) {
        let now = self.version();
        let changed = rows.iter().filter_map(|row| {
            let (_, section) = KINDS.iter().find(|(kind, _)| name(*kind) == row.kind)?;
            // What another server changed after this world was read: when it changed before that is not known.
            Some(((*section, row.key.as_str().into()), row.version.min(now)))
        });
        let earlier = versions.iter().copied().filter(|version| *version < now);
        self.history = History::recalled(Arc::clone(signer) as _, earlier, changed);
    }

    /// The version.
    pub(super) fn version(&self) -> u64 {
        self.rows.version()
    }

    /// What is to be published of the line as it is at first.
    ///
    /// # Errors
    /// If it has a line break, which rendered JSON never has.
    pub(super) fn begin(&mut self, now: i64) -> Result<Publication, Unfit> {
        self.history.advance(Arc::clone(&self.rows), [], now)
    }

    /// Goes on to what the world says now, and gives what is to be published; `touched` are the rows that may differ.
    ///
    /// # Errors
    /// As [`Line::begin`].
    pub(super) fn follow(
        &mut self,
        world: &World,
        touched: &BTreeSet<(Kind, Key)>,
        texts: &mut Texts,
        now: i64,
    ) -> Result<Publication, Unfit> {
        let environment = Key::clone(self.rows.environment());
        // The publication before has these rows, too: this makes our own, which share the texts.
        let rows = Arc::make_mut(&mut self.rows);
        let mut changed = Vec::new();
        for (kind, key) in touched {
            let Some(section) = section(*kind) else { continue };
            let before = rows.row(section, key);
            let after = snapshot::row(world, &environment, *kind, key);
            if before.map(|text| &**text) == after.as_deref() {
                continue;
            }
            match after {
                Some(text) => {
                    let text = shared(texts, (section, Key::clone(key)), text);
                    rows.insert(section, Key::clone(key), text);
                }
                None => drop(rows.remove(section, key)),
            }
            changed.push((section, Key::clone(key)));
        }
        if let Some(version) = version(world, &environment) {
            rows.set_version(version);
        }
        self.history.advance(Arc::clone(&self.rows), changed, now)
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
