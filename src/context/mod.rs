//! The evaluation context: the attributes of one evaluation, in slots of the engine's attribute keys.
//!
//! ```text
//!  word (exact for short strings)    slot = what else it holds · hash of the text · version
//!                                                                 └── computed at first use, kept in relaxed atomics: two
//!                                                                     threads may compute the same value twice, never a
//!                                                                     different one
//! ```
//! A context may outlive any number of snapshot swaps: slots belong to the engine, not to a program.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

mod attributes;
mod input;
mod subject;

pub use self::attributes::{AttributeKey, Attributes};
pub use self::input::AttributeValue;
pub use self::subject::{Subject, unit_of};
use crate::bucket::unit_hash;
use crate::operand::version::{Packed, pack};
use crate::operand::word;
use crate::value::{Number, Value, ValueRef};

/// The attributes of one evaluation.
///
/// Strings are borrowed (`Context<'a>`) or copied, as one chooses per attribute. Sending it to other threads and sharing
/// it between them is fine.
///
/// # Examples
/// ```
/// let engine = tidegate::Engine::new();
/// let context = engine.context().with("user_id", "u-42").with("plan", "pro").with("seats", 3).build();
/// assert!(!engine.check("checkout", &context)); // no snapshot yet
/// ```
#[derive(Default)]
pub struct Context<'a> {
    /// The words of the first attributes, beside each other: one cache line or two.
    near: [Word; NEAR],
    slots: Vec<Slot<'a>>,
    copied: Vec<u8>,
    rest: Option<Box<Rest>>,
}

/// A word, little end first: of a short string the text itself.
type Word = [u8; 8];

/// So many attributes have their words beside each other.
const NEAR: usize = 8;

/// What few contexts need.
#[derive(Default)]
struct Rest {
    /// The words of the attributes beyond the first.
    far: Vec<Word>,
    lists: Vec<Value>,
}

struct Slot<'a> {
    holds: Holds<'a>,
    /// Of a string or number: the hash of its text as a unit, 0 if not known yet.
    hash: AtomicU64,
    /// Of a string: its packed version, 0 if not known yet.
    version: AtomicU64,
}

/// What the word of an attribute does not say.
enum Holds<'a> {
    /// The word says all.
    Nothing,
    Borrowed(&'a str),
    Copied {
        from: u32,
        to: u32,
    },
    /// A string that is in the word.
    Short,
    /// An integer, or the bits of a double.
    Number(u64),
    /// The index among the lists.
    List(usize),
}

impl<'a> Slot<'a> {
    const fn new(holds: Holds<'a>) -> Self {
        Self { holds, hash: AtomicU64::new(0), version: AtomicU64::new(0) }
    }
}

impl<'a> Context<'a> {
    /// An empty context with room for `attributes` slots.
    #[must_use]
    pub fn with_capacity(attributes: usize) -> Self {
        let slots = Vec::with_capacity(attributes);
        Self { near: [[0; 8]; NEAR], slots, copied: Vec::new(), rest: None }
    }

    /// Sets an attribute; strings are borrowed.
    #[inline(always)]
    pub fn set(&mut self, attribute: AttributeKey, value: impl Into<AttributeValue<'a>>) {
        match value.into() {
            AttributeValue::Str(text) => {
                self.put(attribute, word::of(text.as_bytes()), Holds::Borrowed(text));
            }
            other => self.put_other(attribute, other),
        }
    }

    /// Sets an attribute; strings are copied.
    #[inline(always)]
    pub fn set_owned<'v>(&mut self, attribute: AttributeKey, value: impl Into<AttributeValue<'v>>) {
        match value.into() {
            // A `put` of its own for each: what it holds is then written to its slot from registers, piece by piece.
            AttributeValue::Str(text) if text.len() < word::SHORT => {
                self.put(attribute, word::of(text.as_bytes()), Holds::Short);
            }
            AttributeValue::Str(text) => match self.copy(text) {
                Some((from, to)) => {
                    self.put(attribute, word::of(text.as_bytes()), Holds::Copied { from, to });
                }
                // Four gigabytes of attributes in one context: as good as none.
                None => self.put(attribute, word::MISSING, Holds::Nothing),
            },
            other => self.put_other(attribute, other),
        }
    }

    /// Copies a text; where it is then.
    #[inline(always)]
    fn copy(&mut self, text: &str) -> Option<(u32, u32)> {
        let from = self.copied.len();
        let to = from.saturating_add(text.len());
        let place = (u32::try_from(from).ok()?, u32::try_from(to).ok()?);
        if self.copied.capacity() == 0 {
            self.copied.reserve(128);
        }
        self.copied.extend_from_slice(text.as_bytes());
        Some(place)
    }

    /// Forgets all attributes and keeps the memory.
    pub fn clear(&mut self) {
        self.near = [[0; 8]; NEAR];
        self.slots.clear();
        self.copied.clear();
        if let Some(rest) = &mut self.rest {
            rest.far.clear();
            rest.lists.clear();
        }
    }

    #[inline(always)]
    fn put(&mut self, attribute: AttributeKey, word: u64, holds: Holds<'a>) {
        let index = attribute.index();
        match self.near.get_mut(index) {
            Some(near) => *near = word.to_le_bytes(),
            None => self.put_far(index.wrapping_sub(NEAR), word),
        }
        // In the order of their keys, most are set once: then there is nothing to fill and nothing to replace.
        if self.slots.len() == index {
            self.slots.push(Slot::new(holds));
            return;
        }
        self.fill(index);
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Slot::new(holds);
        }
    }

    /// Makes sure that there is a slot.
    #[inline(never)]
    fn fill(&mut self, index: usize) {
        while self.slots.len() <= index {
            self.slots.push(Slot::new(Holds::Nothing));
        }
    }

    #[cold]
    #[inline(never)]
    fn put_far(&mut self, index: usize, word: u64) {
        let far = &mut self.rest.get_or_insert_default().far;
        if far.len() <= index {
            far.resize(index.saturating_add(1), [0; 8]);
        }
        if let Some(place) = far.get_mut(index) {
            *place = word.to_le_bytes();
        }
    }

    #[inline(never)]
    fn put_other(&mut self, attribute: AttributeKey, value: AttributeValue<'_>) {
        let (word, holds) = match value {
            AttributeValue::Bool(false) => (word::FALSE, Holds::Nothing),
            AttributeValue::Bool(true) => (word::TRUE, Holds::Nothing),
            AttributeValue::Int(value) => (word::INT, Holds::Number(value as u64)),
            AttributeValue::Float(value) if value.is_finite() => {
                (word::FLOAT, Holds::Number(value.to_bits()))
            }
            AttributeValue::List(list) => {
                let lists = &mut self.rest.get_or_insert_default().lists;
                lists.push(list);
                (word::LIST, Holds::List(lists.len().saturating_sub(1)))
            }
            AttributeValue::Object => (word::OBJECT, Holds::Nothing),
            AttributeValue::Float(_) | AttributeValue::Missing | AttributeValue::Str(_) => {
                (word::MISSING, Holds::Nothing)
            }
        };
        self.put(attribute, word, holds);
    }

    #[inline(always)]
    fn slot(&self, attribute: AttributeKey) -> Option<&Slot<'a>> {
        self.slots.get(attribute.index())
    }

    #[inline(always)]
    fn word_bytes(&self, attribute: AttributeKey) -> Option<&Word> {
        match self.near.get(attribute.index()) {
            Some(word) => Some(word),
            None => self.rest.as_ref()?.far.get(attribute.index().wrapping_sub(NEAR)),
        }
    }

    /// The text of a string in its word.
    #[inline]
    fn short(&self, attribute: AttributeKey) -> Option<&[u8]> {
        let [text @ .., len] = self.word_bytes(attribute)?;
        text.get(..usize::from(*len).checked_sub(1)?)
    }
}

impl Subject for Context<'_> {
    fn value(&self, attribute: AttributeKey) -> ValueRef<'_> {
        let Some(slot) = self.slot(attribute) else { return ValueRef::Missing };
        match (&slot.holds, self.word(attribute)) {
            (Holds::Nothing, word::FALSE) => ValueRef::Bool(false),
            (Holds::Nothing, word::TRUE) => ValueRef::Bool(true),
            (Holds::Nothing, word::OBJECT) => ValueRef::Object,
            (Holds::Nothing, _) => ValueRef::Missing,
            (Holds::Number(bits), word::INT) => ValueRef::Number(Number::Int(*bits as i64)),
            (Holds::Number(bits), _) => ValueRef::Number(Number::Float(f64::from_bits(*bits))),
            (Holds::List(index), _) => {
                let list = self.rest.as_ref().and_then(|rest| rest.lists.get(*index));
                list.map_or(ValueRef::Missing, ValueRef::List)
            }
            (Holds::Borrowed(text), _) => ValueRef::Str(text),
            // The bytes were copied from a `str`; the check is cheap beside the test that follows.
            (Holds::Copied { .. } | Holds::Short, _) => {
                let text = self.text(attribute).and_then(|text| std::str::from_utf8(text).ok());
                text.map_or(ValueRef::Missing, ValueRef::Str)
            }
        }
    }

    #[inline(always)]
    fn word(&self, attribute: AttributeKey) -> u64 {
        self.word_bytes(attribute).map_or(word::MISSING, |word| u64::from_le_bytes(*word))
    }

    #[inline]
    fn text(&self, attribute: AttributeKey) -> Option<&[u8]> {
        match self.slot(attribute)?.holds {
            Holds::Borrowed(text) => Some(text.as_bytes()),
            Holds::Copied { from, to } => self.copied.get(from as usize..to as usize),
            Holds::Short => self.short(attribute),
            Holds::Nothing | Holds::Number(_) | Holds::List(_) => None,
        }
    }

    #[inline(always)]
    fn text_hash(&self, attribute: AttributeKey) -> u64 {
        match self.known_text_hash(attribute) {
            0 => self.hash_now(attribute),
            known => known,
        }
    }

    #[inline(always)]
    fn unit(&self, attribute: AttributeKey) -> Option<u64> {
        match self.known_unit(attribute) {
            0 => self.unit_now(attribute),
            known => Some(known),
        }
    }

    #[inline(always)]
    fn version(&self, attribute: AttributeKey) -> Packed {
        match self.slot(attribute).map_or(0, |slot| slot.version.load(Ordering::Relaxed)) {
            0 => self.version_now(attribute),
            known => Packed::from_bits(known),
        }
    }

    #[inline(always)]
    fn known_text_hash(&self, attribute: AttributeKey) -> u64 {
        self.known_unit(attribute)
    }

    #[inline(always)]
    fn known_unit(&self, attribute: AttributeKey) -> u64 {
        self.slot(attribute).map_or(0, |slot| slot.hash.load(Ordering::Relaxed))
    }

    #[inline(always)]
    fn known_version(&self, attribute: AttributeKey) -> Packed {
        Packed::from_bits(self.slot(attribute).map_or(0, |slot| slot.version.load(Ordering::Relaxed)))
    }
}

impl Context<'_> {
    /// INVARIANT: `hash` is set only for a non-empty string or a number that is a unit, so that a known hash is a unit.
    #[cold]
    #[inline(never)]
    fn hash_now(&self, attribute: AttributeKey) -> u64 {
        let (Some(slot), Some(text)) = (self.slot(attribute), self.text(attribute)) else { return 0 };
        let hash = unit_hash(text);
        // Not of the empty string, which is no unit.
        if !text.is_empty() {
            slot.hash.store(hash, Ordering::Relaxed);
        }
        hash
    }

    #[cold]
    #[inline(never)]
    fn unit_now(&self, attribute: AttributeKey) -> Option<u64> {
        let hash = unit_of(self.value(attribute))?;
        self.slot(attribute)?.hash.store(hash, Ordering::Relaxed);
        Some(hash)
    }

    #[cold]
    #[inline(never)]
    fn version_now(&self, attribute: AttributeKey) -> Packed {
        let (Some(slot), Some(text)) = (self.slot(attribute), self.text(attribute)) else {
            return Packed::INVALID;
        };
        let packed = pack(text);
        slot.version.store(packed.get(), Ordering::Relaxed);
        packed
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for index in 0..self.slots.len() {
            let key = AttributeKey(index as u16);
            if self.word(key) != word::MISSING {
                map.entry(&index, &self.value(key));
            }
        }
        map.finish()
    }
}
