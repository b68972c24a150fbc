//! The chain of hashes over the log.
//!
//! ```text
//!   hash(0) = GENESIS (64 zeros)     hash(n) = sha256( hash(n-1) as hex ‖ the exact bytes of event n's JSON )
//! ```
//! Whoever has noted one hash elsewhere can tell whether anything up to it was changed since.

use sha2::{Digest as _, Sha256};

use super::{Entry, StoreError};

/// The hash before the first event.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The hash of an event.
#[must_use]
pub(super) fn link(before: &str, body: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(before.as_bytes());
    hasher.update(body.as_bytes());
    hex::encode(hasher.finalize())
}

/// Checks a log, entry by entry; also one that was exported.
#[derive(Clone, Debug)]
pub struct Chain {
    seq: u64,
    hash: String,
    wanted: Option<String>,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// Before the first event.
    #[must_use]
    pub fn new() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned(), wanted: None }
    }

    /// After an event that is known to be good.
    #[must_use]
    pub(super) fn after(seq: u64, hash: String) -> Self {
        Self { seq, hash, wanted: None }
    }

    /// Also wants this hash to be somewhere in the log: one that was noted earlier.
    #[must_use]
    pub fn through(mut self, head: Option<&str>) -> Self {
        self.wanted = head.filter(|head| *head != GENESIS).map(str::to_ascii_lowercase);
        self
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// If it is not the next one, or was changed.
    pub fn push(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let next = self.seq + 1;
        if entry.seq != next {
            return Err(StoreError::damaged(format!(
                "event {next} is missing: event {} follows event {}",
                entry.seq, self.seq
            )));
        }
        if entry.prev_hash != self.hash {
            let (found, expected) = (&entry.prev_hash, &self.hash);
            return Err(StoreError::damaged(format!(
                "event {next} follows hash {found}, but event {} has {expected}",
                self.seq
            )));
        }
        let hash = link(&self.hash, &entry.body);
        if hash != entry.hash {
            return Err(StoreError::damaged(format!(
                "event {next} was changed: its hash is {hash}, noted is {}",
                entry.hash
            )));
        }
        if self.wanted.as_ref() == Some(&hash) {
            self.wanted = None;
        }
        self.seq = next;
        self.hash = hash;
        Ok(())
    }

    /// The last number and hash.
    ///
    /// # Errors
    /// If the hash that was asked for did not come by.
    pub fn finish(self) -> Result<(u64, String), StoreError> {
        match self.wanted {
            None => Ok((self.seq, self.hash)),
            Some(wanted) => Err(StoreError::damaged(format!(
                "no event has hash {wanted}, which was noted before: the log was cut short or rewritten"
            ))),
        }
    }
}
