//! The evaluation context: the attributes of one evaluation, in slots of the engine's attribute keys.
//!
//! ```text
//!  slot = word (exact for short strings) · text · hash of the text · version
//!                                                 └── computed at first use, kept in relaxed atomics: two threads may
//!                                                     compute the same value twice, never a different one
//! ```
//! A context may outlive any number of snapshot swaps: slots belong to the engine, not to a program.

use std::fmt;
use std::hint::black_box;
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
    /// The words of the first attributes, again: one cache line or two, and no look at the slots' length.
    near: [u64; NEAR],
    slots: Vec<Slot<'a>>,
    copied: Vec<u8>,
    lists: Vec<Value>,
}

/// So many attributes have their words beside each other.
const NEAR: usize = 8;

struct Slot<'a> {
    /// The word, little end first: of a short string the text itself.
    word: [u8; 8],
    text: Text<'a>,
    /// Of a string: the hash of its text, 0 if not known yet.
    hash: AtomicU64,
    /// Of a string: its packed version, 0 if not known yet. Else the number's bits, or the list's index.
    aux: AtomicU64,
}

enum Text<'a> {
    Borrowed(&'a str),
    Copied {
        from: u32,
        to: u32,
    },
    /// In the word.
    Short,
}

impl<'a> Slot<'a> {
    const fn new(word: u64, text: Text<'a>, aux: u64) -> Self {
        Self { word: word.to_le_bytes(), text, hash: AtomicU64::new(0), aux: AtomicU64::new(aux) }
    }

    #[inline(always)]
    fn word(&self) -> u64 {
        u64::from_le_bytes(self.word)
    }

    const fn plain(word: u64, aux: u64) -> Self {
        Self::new(word, Text::Short, aux)
    }
}

impl<'a> Context<'a> {
    /// An empty context with room for `attributes` slots.
    #[must_use]
    pub fn with_capacity(attributes: usize) -> Self {
        Self { near: [0; NEAR], slots: Vec::with_capacity(attributes), copied: Vec::new(), lists: Vec::new() }
    }

    /// Sets an attribute; strings are borrowed.
    #[inline]
    pub fn set(&mut self, attribute: AttributeKey, value: impl Into<AttributeValue<'a>>) {
        let slot = match value.into() {
            AttributeValue::Str(text) => Slot::new(word::of(text.as_bytes()), Text::Borrowed(text), 0),
            other => self.plain_slot(other),
        };
        self.put(attribute, slot);
    }

    /// Sets an attribute; strings are copied.
    #[inline(always)]
    pub fn set_owned<'v>(&mut self, attribute: AttributeKey, value: impl Into<AttributeValue<'v>>) {
        let slot = match value.into() {
            AttributeValue::Str(text) if text.len() < word::SHORT => {
                Slot::plain(word::of(text.as_bytes()), 0)
            }
            AttributeValue::Str(text) => {
                let from = self.copied.len();
                let to = from.saturating_add(text.len());
                if u32::try_from(to).is_err() {
                    // Four gigabytes of attributes in one context: as good as none.
                    self.put(attribute, Slot::plain(word::MISSING, 0));
                    return;
                }
                if self.copied.capacity() == 0 {
                    self.copied.reserve(128);
                }
                self.copied.extend_from_slice(text.as_bytes());
                Slot::new(word::of(text.as_bytes()), Text::Copied { from: from as u32, to: to as u32 }, 0)
            }
            other => self.plain_slot(other),
        };
        self.put(attribute, slot);
    }

    /// Forgets all attributes and keeps the memory.
    pub fn clear(&mut self) {
        self.near = [word::MISSING; NEAR];
        self.slots.clear();
        self.copied.clear();
        self.lists.clear();
    }

    #[inline(always)]
    fn put(&mut self, attribute: AttributeKey, slot: Slot<'a>) {
        let index = attribute.index();
        if let Some(near) = self.near.get_mut(index) {
            *near = slot.word();
        }
        if let Some(old) = self.slots.get_mut(index) {
            *old = slot;
            return;
        }
        while self.slots.len() < index {
            self.slots.push(Slot::plain(word::MISSING, 0));
        }
        self.slots.push(slot);
    }

    fn plain_slot(&mut self, value: AttributeValue<'_>) -> Slot<'a> {
        match value {
            AttributeValue::Bool(false) => Slot::plain(word::FALSE, 0),
            AttributeValue::Bool(true) => Slot::plain(word::TRUE, 0),
            AttributeValue::Int(value) => Slot::plain(word::INT, value as u64),
            AttributeValue::Float(value) if value.is_finite() => Slot::plain(word::FLOAT, value.to_bits()),
            AttributeValue::List(list) => {
                self.lists.push(list);
                Slot::plain(word::LIST, self.lists.len().saturating_sub(1) as u64)
            }
            AttributeValue::Object => Slot::plain(word::OBJECT, 0),
            AttributeValue::Float(_) | AttributeValue::Missing | AttributeValue::Str(_) => {
                Slot::plain(word::MISSING, 0)
            }
        }
    }

    #[inline(always)]
    fn slot(&self, attribute: AttributeKey) -> Option<&Slot<'a>> {
        self.slots.get(attribute.index())
    }

    #[inline]
    fn slot_text<'s>(&'s self, slot: &'s Slot<'a>) -> &'s [u8] {
        match slot.text {
            Text::Borrowed(text) => text.as_bytes(),
            Text::Copied { from, to } => self.copied.get(from as usize..to as usize).unwrap_or_default(),
            Text::Short => {
                let [text @ .., len] = &slot.word;
                text.get(..usize::from(*len).saturating_sub(1)).unwrap_or_default()
            }
        }
    }
}

impl Subject for Context<'_> {
    fn value(&self, attribute: AttributeKey) -> ValueRef<'_> {
        let Some(slot) = self.slot(attribute) else { return ValueRef::Missing };
        let aux = || slot.aux.load(Ordering::Relaxed);
        match slot.word() {
            word::MISSING => ValueRef::Missing,
            word::FALSE => ValueRef::Bool(false),
            word::TRUE => ValueRef::Bool(true),
            word::INT => ValueRef::Number(Number::Int(aux() as i64)),
            word::FLOAT => ValueRef::Number(Number::Float(f64::from_bits(aux()))),
            word::LIST => self.lists.get(aux() as usize).map_or(ValueRef::Missing, ValueRef::List),
            word::OBJECT => ValueRef::Object,
            _ => match slot.text {
                Text::Borrowed(text) => ValueRef::Str(text),
                // The bytes were copied from a `str`; the check is cheap beside the test that follows.
                Text::Copied { .. } | Text::Short => {
                    std::str::from_utf8(self.slot_text(slot)).map_or(ValueRef::Missing, ValueRef::Str)
                }
            },
        }
    }

    #[inline(always)]
    fn word(&self, attribute: AttributeKey) -> u64 {
        match self.near.get(attribute.index()) {
            Some(word) => *word,
            None => self.slot(attribute).map_or(word::MISSING, Slot::word),
        }
    }

    #[inline]
    fn text(&self, attribute: AttributeKey) -> Option<&[u8]> {
        let slot = self.slot(attribute)?;
        word::is_string(slot.word()).then(|| self.slot_text(slot))
    }

    #[inline(always)]
    fn text_hash(&self, attribute: AttributeKey) -> u64 {
        let Some(slot) = self.slot(attribute) else { return 0 };
        match slot.hash.load(Ordering::Relaxed) {
            0 => black_box(self).hash_now(slot),
            known => known,
        }
    }

    #[inline(always)]
    fn unit(&self, attribute: AttributeKey) -> Option<u64> {
        let slot = self.slot(attribute)?;
        match slot.hash.load(Ordering::Relaxed) {
            0 => black_box(self).unit_now(slot, attribute),
            known => Some(known),
        }
    }

    #[inline(always)]
    fn version(&self, attribute: AttributeKey) -> Packed {
        let Some(slot) = self.slot(attribute) else { return Packed::INVALID };
        if !word::is_string(self.word(attribute)) {
            return Packed::INVALID;
        }
        match slot.aux.load(Ordering::Relaxed) {
            0 => black_box(self).version_now(slot),
            known => Packed::from_bits(known),
        }
    }
}

impl Context<'_> {
    /// INVARIANT: `hash` is set only for a non-empty string or a number that is a unit, so that a known hash is a unit.
    #[cold]
    #[inline(never)]
    fn hash_now(&self, slot: &Slot<'_>) -> u64 {
        let hash = unit_hash(self.slot_text(slot));
        // Not of the empty string, which is no unit, nor of what is no string.
        if slot.word() > word::STRING {
            slot.hash.store(hash, Ordering::Relaxed);
        }
        hash
    }

    #[cold]
    #[inline(never)]
    fn unit_now(&self, slot: &Slot<'_>, attribute: AttributeKey) -> Option<u64> {
        let hash = unit_of(self.value(attribute))?;
        slot.hash.store(hash, Ordering::Relaxed);
        Some(hash)
    }

    #[cold]
    #[inline(never)]
    fn version_now(&self, slot: &Slot<'_>) -> Packed {
        let packed = pack(self.slot_text(slot));
        slot.aux.store(packed.get(), Ordering::Relaxed);
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
