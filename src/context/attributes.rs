//! The attribute names of an engine: each has a slot for life, so that contexts and keys outlive swaps.
//!
//! Append-only and read without a lock: a name is written to its slot first, then its number to the table (release); a
//! reader who finds the number (acquire) therefore finds the name. Writers take a mutex.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use xxhash_rust::xxh3::xxh3_64;

/// An attribute of one engine, its name looked up once.
///
/// A key of one engine means nothing in another.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AttributeKey(pub(crate) u16);

impl AttributeKey {
    /// The index of the attribute's slot; for bindings that keep values in an array of their own.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

const CAPACITY: usize = 5_376;
/// 4 096 for documents, 256 for the host and the engine itself, and as many from contexts, so that strangers' names never displace a document's (SEMANTICS 9.7).
const FROM_CONTEXTS: usize = 1_024;
const BLOCK: usize = 256;
const TABLE: usize = 16_384;

/// Names, each set once.
type Block = Box<[OnceLock<Box<str>>]>;

/// The attribute names of an engine.
pub struct Attributes {
    blocks: [OnceLock<Block>; CAPACITY / BLOCK],
    table: Box<[AtomicU32]>,
    writer: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    from_contexts: usize,
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attributes").field("count", &self.writer.lock().all).finish_non_exhaustive()
    }
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            blocks: [const { OnceLock::new() }; CAPACITY / BLOCK],
            table: std::iter::repeat_with(|| AtomicU32::new(0)).take(TABLE).collect(),
            writer: Mutex::default(),
        }
    }
}

impl Attributes {
    /// The key of a name, if the name is known.
    #[must_use]
    #[inline]
    pub fn find(&self, name: &str) -> Option<AttributeKey> {
        self.probe(name).ok()
    }

    /// The key of a name that a context uses; it becomes known unless too many strangers did before.
    #[must_use]
    #[inline(always)]
    pub fn find_or_add(&self, name: &str) -> Option<AttributeKey> {
        match self.probe(name) {
            Ok(key) => Some(key),
            Err(_) => self.add(name, true),
        }
    }

    /// The key of a name that a document or the host uses; `None` if the engine has as many as it can.
    #[must_use]
    pub fn declare(&self, name: &str) -> Option<AttributeKey> {
        match self.probe(name) {
            Ok(key) => Some(key),
            Err(_) => self.add(name, false),
        }
    }

    /// The name of a key.
    #[must_use]
    pub fn name(&self, key: AttributeKey) -> Option<&str> {
        let index = key.index();
        self.blocks.get(index / BLOCK)?.get()?.get(index % BLOCK)?.get().map(|name| &**name)
    }

    /// How many names there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.writer.lock().all
    }

    /// The key, or the place in the table where it would be.
    #[inline(always)]
    fn probe(&self, name: &str) -> Result<AttributeKey, usize> {
        let mut at = xxh3_64(name.as_bytes()) as usize % TABLE;
        loop {
            let Some(entry) = self.table.get(at) else { return Err(0) };
            let Some(index) = entry.load(Ordering::Acquire).checked_sub(1) else { return Err(at) };
            let key = AttributeKey(index as u16);
            if self.name(key) == Some(name) {
                return Ok(key);
            }
            at = at.wrapping_add(1) % TABLE;
        }
    }

    #[cold]
    fn add(&self, name: &str, from_context: bool) -> Option<AttributeKey> {
        let mut counts = self.writer.lock();
        let at = match self.probe(name) {
            Ok(key) => return Some(key),
            Err(at) => at,
        };
        let index = counts.all;
        if index >= CAPACITY || (from_context && counts.from_contexts >= FROM_CONTEXTS) {
            return None;
        }
        let block = self.blocks.get(index / BLOCK)?;
        let names = block.get_or_init(|| std::iter::repeat_with(OnceLock::new).take(BLOCK).collect());
        names.get(index % BLOCK)?.set(name.into()).ok()?;
        self.table.get(at)?.store((index as u32).wrapping_add(1), Ordering::Release);
        counts.all = index.wrapping_add(1);
        counts.from_contexts = counts.from_contexts.wrapping_add(usize::from(from_context));
        Some(AttributeKey(index as u16))
    }
}
