//! What is held of an environment: the verified document, as bytes and as rows, and the deltas that led to it.
//!
//! ```text
//!   snapshot (token, bytes) ─ signature, sha256 ───────────────────────────▶ Step::New
//!   delta    (token, bytes) ─ signature, sha256 ─ Rows::apply ─ render ─ sha256 of the whole ─▶ Step::New, and one more link
//!   head     (token)        ─ signature ─ the same version and hash ───────▶ Step::Renewed
//! ```
//! INVARIANT: nothing leaves that the upstream's key did not sign and whose bytes are not those that it signed; versions only
//! grow, and so do the times of heads.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::Bytes;
use tidegate::Error;
use tidegate::model::Key;
use tidegate::wire::{Head, KeyRing, Rows, Token};

use crate::publication::{Delta, Deltas};

/// How many deltas are kept.
const LINKS: usize = 50;
/// The most bytes of deltas that are kept, as a part of the document: more than it would not be sent anyway.
const LEAST_BYTES: usize = 64 << 10;

/// What is held of an environment.
#[derive(Debug)]
pub(super) struct Held {
    environment: Key,
    ring: KeyRing,
    current: Option<Current>,
    links: VecDeque<Link>,
}

#[derive(Debug)]
struct Current {
    head: Head,
    /// When its head was signed last.
    renewed_at: i64,
    /// None: not taken apart yet, or not in a form that can be.
    rows: Option<Rows>,
}

/// A delta, and where it leads from.
#[derive(Clone, Debug)]
struct Link {
    from: u64,
    delta: Delta,
}

/// What came of something that the upstream sent.
#[derive(Debug)]
pub(super) enum Step {
    /// Another version.
    New(New),
    /// A renewed head of what is held.
    Renewed(Head, Token),
    /// What is held.
    Known,
    /// A version that is older than what is held, or another document of the same version: it is passed over.
    Other(u64),
    /// There is more than what is held: it is to be fetched whole.
    Behind,
}

/// A version, verified.
#[derive(Debug)]
pub(super) struct New {
    pub(super) head: Head,
    pub(super) token: Token,
    pub(super) document: Bytes,
    /// Whether it came whole: it is not taken apart then.
    pub(super) is_whole: bool,
    pub(super) deltas: Arc<Chain>,
}

/// The deltas that led to a version, each from the one before.
#[derive(Debug, Default)]
pub(super) struct Chain(Vec<Link>);

impl Deltas for Chain {
    fn delta(&self, from: u64) -> Option<Vec<Delta>> {
        let first = self.0.iter().position(|link| link.from == from)?;
        Some(self.0.iter().skip(first).map(|link| link.delta.clone()).collect())
    }
}

impl Held {
    pub(super) fn new(environment: Key, ring: KeyRing) -> Self {
        Self { environment, ring, current: None, links: VecDeque::new() }
    }

    /// The version that is held.
    pub(super) fn version(&self) -> Option<u64> {
        self.current.as_ref().map(|current| current.head.version)
    }

    /// Trusts the keys that trusted ones endorse; how many came in.
    pub(super) fn trust(&mut self, endorsements: &[String]) -> usize {
        self.ring.trust_all(endorsements)
    }

    /// Takes a whole document.
    ///
    /// # Errors
    /// If it is not signed by a trusted key, or not what was signed.
    pub(super) fn snapshot(&mut self, token: &str, document: Bytes) -> Result<Step, Error> {
        let head = self.ring.verify(token, &self.environment)?;
        head.matches(&document)?;
        if let Some(step) = self.known(&head, token) {
            return Ok(step);
        }
        self.links.clear();
        let token = Token::from_text(token);
        self.current = Some(Current { renewed_at: head.at, head: head.clone(), rows: None });
        let deltas = Arc::default();
        Ok(Step::New(New { head: Head { delta: None, ..head }, token, document, is_whole: true, deltas }))
    }

    /// Takes a document apart, so that the next delta finds it so. What cannot be is replaced as a whole each time.
    pub(super) fn take_apart(&mut self, document: &[u8]) {
        if let Some(current) = &mut self.current {
            current.rows = Rows::parse(document).ok();
        }
    }

    /// Takes a delta.
    ///
    /// # Errors
    /// If it is not signed by a trusted key, not what was signed, or does not lead to the document that was signed.
    pub(super) fn delta(&mut self, token: &str, delta: Bytes) -> Result<Step, Error> {
        let head = self.ring.verify(token, &self.environment)?;
        head.matches_delta(&delta)?;
        if let Some(step) = self.known(&head, token) {
            return Ok(step);
        }
        let from = head.delta.as_ref().map(|delta| delta.from);
        let Some(current) = &mut self.current else { return Ok(Step::Behind) };
        let (Some(rows), true) = (&current.rows, from == Some(current.head.version)) else {
            return Ok(Step::Behind);
        };
        // On a copy (the text is shared): what does not come out right changes nothing.
        let mut rows = rows.clone();
        rows.apply(&delta)?;
        let document = Bytes::from(rows.render());
        head.matches(&document)?;
        let from = current.head.version;
        *current = Current { head: head.clone(), renewed_at: head.at, rows: Some(rows) };
        let token = Token::from_text(token);
        let delta = Delta { version: head.version, at: head.at, token: token.clone(), document: delta };
        self.links.push_back(Link { from, delta });
        self.forget(document.len());
        let deltas = Arc::new(Chain(self.links.iter().cloned().collect()));
        let head = Head { delta: None, ..head };
        Ok(Step::New(New { head, token, document, is_whole: false, deltas }))
    }

    /// Takes a head.
    ///
    /// # Errors
    /// If it is not signed by a trusted key.
    pub(super) fn renew(&mut self, token: &str) -> Result<Step, Error> {
        let head = self.ring.verify(token, &self.environment)?;
        Ok(self.known(&head, token).unwrap_or(Step::Behind))
    }

    /// What a head means that is not of a higher version than what is held; none if it is.
    fn known(&mut self, head: &Head, token: &str) -> Option<Step> {
        let current = self.current.as_mut().filter(|current| current.head.version >= head.version)?;
        let same = (current.head.version, current.head.sha256) == (head.version, head.sha256);
        if !same {
            return Some(Step::Other(head.version));
        }
        if head.at <= current.renewed_at {
            return Some(Step::Known);
        }
        current.renewed_at = head.at;
        Some(Step::Renewed(Head { delta: None, ..head.clone() }, Token::from_text(token)))
    }

    /// Forgets old deltas, and those that are more than the document.
    fn forget(&mut self, document: usize) {
        let most = document.max(LEAST_BYTES);
        let mut bytes: usize = self.links.iter().map(|link| link.delta.document.len()).sum();
        while self.links.len() > LINKS || (bytes > most && self.links.len() > 1) {
            let gone = self.links.pop_front().map_or(0, |link| link.delta.document.len());
            bytes = bytes.saturating_sub(gone);
        }
    }
}
