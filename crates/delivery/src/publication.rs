//! One version of one environment's snapshot, and everything that is sent of it.
//!
//! ```text
//!   head ─ sign ─▶ token ─▶ Stamp { header, head event, opening of the whole }      renewed each heartbeat, for all at once
//!   document ──▶ compressed forms, each once │ deltas, each once per older version
//! ```

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::body::Bytes;
use axum::http::HeaderValue;
use parking_lot::Mutex;
use tidegate::wire::{Head, Token};
use tokio::sync::OnceCell;

use crate::encoding::{Encoding, GZIP_LEVEL, WORTH_BYTES};
use crate::event::{self, Coding, END, Event, Piece};
use crate::gzip::Deflated;

/// Deltas, from different versions, that a publication holds at most. There are 50 versions to come from; what is more are
/// versions that never were, while it is found out that they never were.
const STEPS: usize = 64;

/// Signs heads. It may change keys at any time, provided that [`crate::Hub::set_endorsements`] was told of the new one before.
pub trait Signer: Send + Sync {
    /// The token of the head.
    fn sign(&self, head: &Head) -> Token;
}

/// The way from older versions to a publication.
pub trait Deltas: Send + Sync {
    /// The deltas that lead, in this order, from version `from` to the publication's; none if `from` is not known (any more), or
    /// never was. Called once per version that is known, off the async threads, and it must tell an unknown one at once.
    fn delta(&self, from: u64) -> Option<Vec<Delta>>;
}

/// A signed delta.
#[derive(Clone, Debug)]
pub struct Delta {
    /// The version that it leads to.
    pub version: u64,
    /// When its head was signed, in ms since 1970.
    pub at: i64,
    /// The head of that version, with its delta part.
    pub token: Token,
    /// The delta document.
    pub document: Bytes,
}

/// Why a document cannot be published.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Streams are made of lines.
    #[error("expected a document in one line, found a line break")]
    LineBreak,
    /// The token holds what no header can.
    #[error("expected a token of visible ASCII characters")]
    Token,
}

/// One version of one environment's snapshot.
pub struct Publication {
    head: Head,
    document: Bytes,
    etag: HeaderValue,
    stamp: ArcSwap<Stamp>,
    brotli: OnceCell<Option<Bytes>>,
    gzip: OnceCell<Arc<Deflated>>,
    zstd: OnceCell<Option<Bytes>>,
    deltas: Option<Arc<dyn Deltas>>,
    steps: Mutex<HashMap<u64, Arc<Step>>>,
}

type Step = OnceCell<Made>;

/// What is known about the way from a version.
#[derive(Clone)]
enum Made {
    Steps(Arc<Steps>),
    /// The version is not known: nothing to remember, for of such there are many.
    Unknown,
    /// The whole is less.
    Whole,
}

/// Deltas from one version on, written as events.
struct Steps {
    event: Event,
    /// When the last was signed.
    at: i64,
}

/// A signed head of a publication, and what is sent of it.
pub(crate) struct Stamp {
    token: Token,
    at: i64,
    header: HeaderValue,
    pub(crate) head: Event,
    opening: Event,
}

impl Publication {
    /// A publication of the document whose head was signed. That the head is the document's is the caller's business.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn new(
        head: Head,
        token: Token,
        document: Bytes,
        deltas: Option<Arc<dyn Deltas>>,
    ) -> Result<Self, Unfit> {
        if !event::is_line(&document) {
            return Err(Unfit::LineBreak);
        }
        let etag = HeaderValue::try_from(format!("\"{}\"", head.sha256)).map_err(|_| Unfit::Token)?;
        let stamp = ArcSwap::from_pointee(Stamp::new(head.version, head.at, token)?);
        Ok(Self {
            head,
            document,
            etag,
            stamp,
            brotli: OnceCell::new(),
            gzip: OnceCell::new(),
            zstd: OnceCell::new(),
            deltas,
            steps: Mutex::default(),
        })
    }

    /// Its head, as it was signed first.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.head.version
    }

    /// The token of its head, as renewed last.
    #[must_use]
    pub fn token(&self) -> Token {
        self.stamp.load().token.clone()
    }

    /// When its head was signed last, in ms since 1970.
    #[must_use]
    pub fn renewed_at(&self) -> i64 {
        self.stamp.load().at
    }

    /// The exact bytes.
    #[must_use]
    pub fn document(&self) -> &Bytes {
        &self.document
    }

    /// The strong entity tag: the SHA-256 of the document, quoted.
    #[must_use]
    pub fn etag(&self) -> &HeaderValue {
        &self.etag
    }

    /// The document, compressed: at the first call, once for all. None if that would not make it smaller.
    pub async fn encoded(&self, encoding: Encoding) -> Option<Bytes> {
        if self.document.len() < WORTH_BYTES {
            return None;
        }
        let cell = match encoding {
            Encoding::Brotli => &self.brotli,
            Encoding::Zstd => &self.zstd,
            Encoding::Gzip => {
                let file = self.deflated().await.file().clone();
                return Some(file).filter(|file| !file.is_empty() && file.len() < self.document.len());
            }
        };
        let made = cell.get_or_init(|| async {
            let document = self.document.clone();
            let made = tokio::task::spawn_blocking(move || {
                encoding.compress(&document).ok().filter(|made| made.len() < document.len())
            });
            made.await.unwrap_or_default()
        });
        made.await.clone()
    }

    async fn deflated(&self) -> &Arc<Deflated> {
        self.gzip.get_or_init(|| event::deflated(self.document.clone(), GZIP_LEVEL)).await
    }

    /// Makes the delta from a version, so that nobody who has that version waits for it. It takes as long as that takes.
    pub(crate) fn prepare(&self, from: u64) {
        let made = self.steps_from(from);
        if !matches!(made, Made::Unknown) {
            self.steps.lock().insert(from, Arc::new(OnceCell::new_with(Some(made))));
        }
    }

    /// Takes a renewed token of the same head.
    pub(crate) fn renew(&self, at: i64, token: Token) -> Result<(), Unfit> {
        self.stamp.store(Arc::new(Stamp::new(self.head.version, at, token)?));
        Ok(())
    }

    pub(crate) fn stamp(&self) -> Arc<Stamp> {
        self.stamp.load_full()
    }

    /// The value of the header `tidegate-head`.
    pub(crate) fn header(&self) -> HeaderValue {
        self.stamp.load().header.clone()
    }

    /// What brings a client that has version `from` to this one; the stamp that it then has.
    pub(crate) async fn news(
        self: &Arc<Self>,
        from: Option<u64>,
        coding: Coding,
    ) -> (Vec<Piece>, Arc<Stamp>) {
        let steps = match from {
            Some(from) => self.steps(from).await,
            None => None,
        };
        let Some(steps) = steps else { return self.whole(coding).await };
        let stamp = self.stamp();
        let mut pieces = vec![steps.event.coded(coding).await];
        if stamp.at > steps.at {
            pieces.push(stamp.head.coded(coding).await);
        }
        (pieces, stamp)
    }

    async fn whole(&self, coding: Coding) -> (Vec<Piece>, Arc<Stamp>) {
        let document = match coding {
            Coding::Plain => Piece::Plain(self.document.clone()),
            Coding::Gzip => Piece::Deflated(Arc::clone(self.deflated().await)),
        };
        let stamp = self.stamp();
        let pieces = vec![stamp.opening.coded(coding).await, document, END.coded(coding).await];
        (pieces, stamp)
    }

    async fn steps(self: &Arc<Self>, from: u64) -> Option<Arc<Steps>> {
        self.deltas.as_ref()?;
        let cell = {
            let mut steps = self.steps.lock();
            if steps.len() >= STEPS && !steps.contains_key(&from) {
                return None;
            }
            Arc::clone(steps.entry(from).or_default())
        };
        let made = cell.get_or_init(|| async {
            let this = Arc::clone(self);
            let made = tokio::task::spawn_blocking(move || this.steps_from(from));
            // A task that failed leaves the whole, which is always right.
            made.await.unwrap_or(Made::Unknown)
        });
        match made.await {
            Made::Steps(steps) => Some(Arc::clone(steps)),
            Made::Unknown => {
                self.steps.lock().remove(&from);
                None
            }
            Made::Whole => None,
        }
    }

    /// The deltas from a version, unless the whole is less.
    fn steps_from(&self, from: u64) -> Made {
        let deltas = self.deltas.as_ref().and_then(|deltas| deltas.delta(from));
        let Some(deltas) = deltas else { return Made::Unknown };
        let bytes = deltas.iter().map(|delta| delta.document.len()).fold(0, usize::saturating_add);
        let leads_here = deltas.last().is_some_and(|last| last.version == self.version());
        let are_lines = deltas.iter().all(|delta| event::is_line(&delta.document));
        let Some(last) = deltas.last().filter(|_| leads_here && are_lines && bytes <= self.document.len())
        else {
            return Made::Whole;
        };
        let mut text = Vec::new();
        for delta in &deltas {
            event::delta(&mut text, delta.version, delta.token.as_str(), &delta.document);
        }
        Made::Steps(Arc::new(Steps { event: Event::new(text), at: last.at }))
    }
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.document.len();
        f.debug_struct("Publication").field("head", &self.head).field("bytes", &bytes).finish_non_exhaustive()
    }
}

impl Stamp {
    fn new(version: u64, at: i64, token: Token) -> Result<Self, Unfit> {
        let text = token.as_str();
        let header = HeaderValue::from_str(text).map_err(|_| Unfit::Token)?;
        let (head, opening) = (event::head(text), event::snapshot(version, text));
        Ok(Self { token, at, header, head, opening })
    }
}
