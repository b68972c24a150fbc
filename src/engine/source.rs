//! The document that is served, for who asks why.

use std::sync::Arc;

use crate::compile::patched;

/// What an engine keeps of what it was fed with.
pub(super) enum Source {
    /// Nothing so far.
    Wanted,
    Kept(Kept),
}

/// A document, and deltas that are to be applied to it when somebody asks.
pub(super) struct Kept {
    document: Arc<[u8]>,
    deltas: Vec<Box<[u8]>>,
}

/// So many deltas are kept as they are; applying them takes as long as parsing and writing the document.
const MOST: usize = 64;

impl Source {
    pub(super) fn of(document: &[u8]) -> Self {
        Self::Kept(Kept { document: document.into(), deltas: Vec::new() })
    }

    /// After a delta that was applied to what is served.
    pub(super) fn push(&mut self, delta: &[u8]) {
        let Self::Kept(kept) = self else { return };
        kept.deltas.push(delta.into());
        if kept.deltas.len() > MOST {
            let _ = self.document();
        }
    }

    /// The document as it is served; `None` if there was none.
    pub(super) fn document(&mut self) -> Option<Arc<[u8]>> {
        let Self::Kept(kept) = self else { return None };
        if !kept.deltas.is_empty() {
            // It was applied to what is served, and so can be applied here.
            match patched(&kept.document, &kept.deltas) {
                Ok(document) => *self = Self::of(&document),
                Err(_) => *self = Self::Wanted,
            }
        }
        match self {
            Self::Kept(kept) => Some(Arc::clone(&kept.document)),
            Self::Wanted => None,
        }
    }
}
