//! The attribute names of an engine: each has a slot for life, so that contexts and keys outlive swaps.
//!
//! Append-only and read without a lock: a name is written to its slot first, then its number to the table (release); a
//! reader who finds the number (acquire) therefore finds the name. Writers take a mutex.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::operand::name::Name;
use parking_lot::Mutex;

/// An attribute of one engine, its name looked up once.
///
/// A key of one engine means nothing in another.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AttributeKey(pub(crate) u16);

impl AttributeKey {
    /// The key of an index that [`index`](Self::index) gave; for bindings, which hand keys out as numbers.
    #[must_use]
    #[inline(always)]
    pub const fn from_index(index: u16) -> Self {
        Self(index)
    }

    /// The index of the attribute's slot; for bindings that keep values in an array of their own.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// In the life of an engine: 4 096 for documents (SEMANTICS 9.7), 256 for the host and the engine itself, and those of contexts.
const CAPACITY: usize = 5_376;
/// So many names become known by contexts alone, so that strangers' names never displace a document's (SEMANTICS 9.7).
const FROM_CONTEXTS: usize = 1_024;
const BLOCK: usize = 256;
const TABLE: usize = 8_192;
/// The names of few bytes that came first have places here as well, in which they are found without a look elsewhere.
const NEAR: usize = 256;
/// At most so many of these are looked at.
const TRIES: usize = 4;

/// Names, each set once.
type Block = Box<[OnceLock<Box<str>>]>;

/// The attribute names of an engine.
pub struct Attributes {
    blocks: [OnceLock<Block>; CAPACITY / BLOCK],
    near: Box<[NearName]>,
    table: Box<[AtomicU32]>,
    writer: Mutex<Counts>,
}

/// A short name; what it is made of is written before `key` (release), and read after it (acquire).
#[derive(Debug, Default)]
struct NearName {
    words: [AtomicU64; 3],
    /// The name's length above, below the key plus 1; 0 if there is none.
    key: AtomicU64,
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
            near: std::iter::repeat_with(NearName::default).take(NEAR).collect(),
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
    fn probe(&self, text: &str) -> Result<AttributeKey, usize> {
        let name = Name::of(text);
        if name.is_exact() {
            for near in near_places(&self.near, name) {
                let key = near.key.load(Ordering::Acquire);
                let [first, second, last] = &near.words;
                let words = [first, second, last].map(|word| word.load(Ordering::Relaxed));
                if (Name { words, len: (key >> 32) as u32 }) == name && key != 0 {
                    return Ok(AttributeKey((key as u32).wrapping_sub(1) as u16));
                }
                if key == 0 {
                    break;
                }
            }
        }
        self.probe_far(name, text)
    }

    #[inline(never)]
    fn probe_far(&self, name: Name, text: &str) -> Result<AttributeKey, usize> {
        let mut at = name.hash() as usize >> 16 & (TABLE - 1);
        loop {
            let Some(entry) = self.table.get(at) else { return Err(0) };
            let Some(index) = entry.load(Ordering::Acquire).checked_sub(1) else { return Err(at) };
            let key = AttributeKey(index as u16);
            if self.name(key) == Some(text) {
                return Ok(key);
            }
            at = at.wrapping_add(1) & (TABLE - 1);
        }
    }

    /// Puts a short name where it is found first, if there is room.
    fn put_near(&self, text: &str, index: usize) {
        let name = Name::of(text);
        if !name.is_exact() {
            return;
        }
        let free = near_places(&self.near, name).find(|near| near.key.load(Ordering::Relaxed) == 0);
        if let Some(near) = free {
            for (place, word) in near.words.iter().zip(name.words) {
                place.store(word, Ordering::Relaxed);
            }
            let key = u64::from(name.len) << 32 | (index as u64).wrapping_add(1);
            near.key.store(key, Ordering::Release);
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
        self.put_near(name, index);
        counts.all = index.wrapping_add(1);
        counts.from_contexts = counts.from_contexts.wrapping_add(usize::from(from_context));
        Some(AttributeKey(index as u16))
    }
}

/// What is wrong where [`Attributes::declare`] gives nothing.
pub(crate) fn too_many_attributes() -> String {
    format!("expected at most {CAPACITY} attribute names in the life of an engine, found another one")
}

/// The places in which a short name may be.
#[inline(always)]
fn near_places(near: &[NearName], name: Name) -> impl Iterator<Item = &NearName> {
    let first = (name.hash() >> 56) as usize & (NEAR - 1);
    (first..first.wrapping_add(TRIES)).filter_map(|at| near.get(at & (NEAR - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_whatever_comes_after_them() {
        let attributes = Attributes::default();
        let name = |i: usize| format!("{}attribute_{i}", "x".repeat(i % 20));
        for i in 0..CAPACITY {
            assert_eq!(attributes.find(&name(i)), None);
            assert_eq!(attributes.declare(&name(i)), Some(AttributeKey(i as u16)));
        }
        assert_eq!(attributes.declare("one more"), None);
        for i in 0..CAPACITY {
            let key = attributes.find(&name(i)).unwrap();
            assert_eq!((key.index(), attributes.name(key)), (i, Some(&*name(i))));
        }
        assert_eq!(attributes.find(""), None);
    }

    #[test]
    fn strangers_fill_only_their_share() {
        let attributes = Attributes::default();
        for i in 0..FROM_CONTEXTS {
            assert!(attributes.find_or_add(&format!("a{i}")).is_some());
        }
        assert_eq!(attributes.find_or_add("b"), None);
        assert!(attributes.declare("b").is_some());
        assert!(attributes.find_or_add("b").is_some());
    }
}
