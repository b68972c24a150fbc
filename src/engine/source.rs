//! The document that is served, for who asks why.

use std::sync::Arc;

use crate::compile::patched;

/// What an engine keeps of what it was fed with: a document, and the deltas that were applied to what is served since.
#[derive(Clone, Default)]
pub(super) struct Source {
    /// `None`: nothing so far.
    document: Option<Arc<[u8]>>,
    deltas: Vec<Arc<[u8]>>,
}

/// So many deltas are kept as they are, and not more bytes of them than the document has.
const MOST: usize = 64;

impl Source {
    pub(super) fn of(document: &[u8]) -> Self {
        Self { document: Some(document.into()), deltas: Vec::new() }
    }

    pub(super) fn push(&mut self, delta: &[u8]) {
        if self.document.is_some() {
            self.deltas.push(delta.into());
        }
    }

    /// Whether the deltas are to be [`applied`](Self::applied), though nobody asks.
    #[inline(never)]
    pub(super) fn is_long(&self) -> bool {
        let bytes = self.deltas.iter().fold(0, |sum: usize, delta| sum.saturating_add(delta.len()));
        self.deltas.len() > MOST || bytes > self.document.as_ref().map_or(0, |document| document.len())
    }

    /// The document as it is served; `None` if there was none. Takes as long as parsing and writing it: not for who holds a lock.
    #[inline(never)]
    pub(super) fn applied(&self) -> Option<Arc<[u8]>> {
        let document = self.document.as_ref()?;
        if self.deltas.is_empty() {
            return Some(Arc::clone(document));
        }
        // They were applied to what is served, and so can be applied here.
        patched(document, &self.deltas).ok().map(Into::into)
    }

    /// Takes what `from`, which was this some time before, is when [`applied`](Self::applied); not if another document came meanwhile.
    #[inline(never)]
    pub(super) fn shorten(&mut self, from: &Self, document: &Arc<[u8]>) {
        let same = match (&self.document, &from.document) {
            (Some(own), Some(before)) => Arc::ptr_eq(own, before),
            _ => false,
        };
        if same && from.deltas.len() <= self.deltas.len() {
            self.document = Some(Arc::clone(document));
            self.deltas.drain(..from.deltas.len());
        }
    }
}
