//! The last versions of an environment, kept by the server that makes them: the deltas between them.
//!
//! ```text
//!   rows of version n, what changed ─▶ advance ─▶ Publication { head, document, deltas }
//!                                        └─ when did each row change last? (of 50 versions) ─▶ delta from any of them, signed
//! ```
//! No delta is kept: that from version a is written, once, when the first asks for it, from the rows that changed since a.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use tidegate::model::Key;
use tidegate::wire::{DeltaHead, Head, Rows, Section, Sha256};

use crate::publication::{Delta, Deltas, Publication, Signer, Unfit};

/// Versions that deltas lead from (DESIGN §7).
const VERSIONS: usize = 50;

/// The last versions of an environment.
pub struct History {
    signer: Arc<dyn Signer>,
    /// Ascending; the last is the current one.
    versions: VecDeque<u64>,
    /// Rows that changed since the first of `versions`, and the version that brought the last change.
    changed: BTreeMap<(Section, Key), u64>,
}

/// The way to one version.
struct Way {
    signer: Arc<dyn Signer>,
    head: Head,
    rows: Arc<Rows>,
    versions: Vec<u64>,
    changed: BTreeMap<(Section, Key), u64>,
}

impl History {
    /// No versions yet.
    #[must_use]
    pub fn new(signer: Arc<dyn Signer>) -> Self {
        Self { signer, versions: VecDeque::new(), changed: BTreeMap::new() }
    }

    /// Goes on from what was kept elsewhere: the versions that there were, ascending, and the rows that changed since the first
    /// of them, each with the version that brought its last change. The next version comes with [`History::advance`].
    #[must_use]
    pub fn recalled(
        signer: Arc<dyn Signer>,
        versions: impl IntoIterator<Item = u64>,
        changed: impl IntoIterator<Item = ((Section, Key), u64)>,
    ) -> Self {
        let (versions, changed) = (versions.into_iter().collect(), changed.into_iter().collect());
        let mut history = Self { signer, versions, changed };
        history.forget();
        history
    }

    /// Goes on to the version of `rows`: `changed` names the rows that it changed, also those that are gone with it. The
    /// document is rendered, hashed and signed at `now` (ms since 1970).
    ///
    /// # Errors
    /// If the document cannot be published; then there is no way from older versions to the next one.
    pub fn advance(
        &mut self,
        rows: Arc<Rows>,
        changed: impl IntoIterator<Item = (Section, Key)>,
        now: i64,
    ) -> Result<Publication, Unfit> {
        let document = Bytes::from(rows.render());
        let version = rows.version();
        let head = Head {
            environment: Key::clone(rows.environment()),
            version,
            sha256: Sha256::of(&document),
            at: now,
            delta: None,
        };
        self.changed.extend(changed.into_iter().map(|row| (row, version)));
        let way = Way {
            signer: Arc::clone(&self.signer),
            head: head.clone(),
            rows,
            versions: self.versions.iter().copied().collect(),
            changed: self.changed.clone(),
        };
        let token = self.signer.sign(&head);
        let publication = Publication::new(head, token, document, Some(Arc::new(way)));
        if publication.is_err() {
            self.versions.clear();
            self.changed.clear();
            return publication;
        }
        self.versions.push_back(version);
        self.forget();
        publication
    }

    fn forget(&mut self) {
        while self.versions.len() > VERSIONS {
            self.versions.pop_front();
        }
        if let Some(oldest) = self.versions.front() {
            self.changed.retain(|_, at| *at > *oldest);
        }
    }
}

impl Deltas for Way {
    fn delta(&self, from: u64) -> Option<Vec<Delta>> {
        if !self.versions.contains(&from) {
            return None;
        }
        let since = self.changed.iter().filter(|(_, at)| **at > from);
        let changed: BTreeSet<(Section, Key)> = since.map(|(row, _)| row.clone()).collect();
        let document = Bytes::from(self.rows.delta(from, &changed)?);
        let delta = DeltaHead { from, sha256: Sha256::of(&document) };
        let head = Head { delta: Some(delta), ..self.head.clone() };
        let token = self.signer.sign(&head);
        Some(vec![Delta { version: head.version, at: head.at, token, document }])
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("versions", &self.versions).finish_non_exhaustive()
    }
}
