//! The evaluation context: the attributes of one evaluation, in slots of the engine's attribute keys.
//!
//! ```text
//!  word (exact for short strings)  ·  hash of the text  ·  version  ·  what else it holds
//!                                     └── computed at first use, kept in relaxed atomics: two threads may compute the same
//!                                         value twice, never a different one
//! ```
//! A context may outlive any number of snapshot swaps: slots belong to the engine, not to a program.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

mod attributes;
mod input;
mod subject;

#[cfg(test)]
mod tests;

pub(crate) use self::attributes::too_many_attributes;
pub use self::attributes::{AttributeKey, Attributes};
pub use self::input::AttributeValue;
pub use self::subject::{Subject, unit_of};
use crate::bucket::unit_hash;
use crate::operand::version::{Packed, pack};
use crate::operand::{cold_path, word};
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
pub struct Context<'a> {
    /// The words of the first attributes, beside each other: one cache line or two. The same for what is below.
    near: [Word; NEAR],
    /// Of a string or number: the hash of its text as a unit, 0 if not known yet.
    hashes: [AtomicU64; NEAR],
    /// Of a string: its packed version, 0 if not known yet.
    versions: [AtomicU64; NEAR],
    holds: [Holds<'a>; NEAR],
    /// Copied texts: the first, as far as they have room here, then those in `more`. A place counts on from one to the other.
    room: [u8; ROOM],
    used: usize,
    more: Vec<u8>,
    rest: Option<Box<Rest<'a>>>,
}

/// A word, little end first: of a short string the text itself.
type Word = [u8; 8];

/// So many attributes have their place in the context itself.
const NEAR: usize = 8;

/// So many bytes of copied strings have room in the context itself: an id, an address of mail.
const ROOM: usize = 64;

/// What few contexts need.
#[derive(Default)]
struct Rest<'a> {
    /// The attributes beyond the first.
    far: Vec<Far<'a>>,
    lists: Vec<Value>,
}

#[derive(Default)]
struct Far<'a> {
    word: Word,
    hash: AtomicU64,
    version: AtomicU64,
    holds: Holds<'a>,
}

/// What the word of an attribute does not say.
#[derive(Default)]
enum Holds<'a> {
    /// The word says all.
    #[default]
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

impl Default for Context<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> Context<'a> {
    /// An empty context.
    #[must_use]
    #[inline(always)]
    pub const fn new() -> Self {
        Self {
            near: [[0; 8]; NEAR],
            hashes: [const { AtomicU64::new(0) }; NEAR],
            versions: [const { AtomicU64::new(0) }; NEAR],
            holds: [const { Holds::Nothing }; NEAR],
            room: [0; ROOM],
            used: 0,
            more: Vec::new(),
            rest: None,
        }
    }

    /// An empty context with room for `attributes` attributes.
    #[must_use]
    #[inline(always)]
    pub fn with_capacity(attributes: usize) -> Self {
        let mut context = Self::new();
        if attributes > NEAR {
            context.rest.get_or_insert_default().far.reserve(attributes.saturating_sub(NEAR));
        }
        context
    }

    /// Sets an attribute; strings are borrowed.
    #[inline(always)]
    pub fn set(&mut self, attribute: AttributeKey, value: impl Into<AttributeValue<'a>>) {
        match value.into() {
            AttributeValue::Str(text) => {
                let word = word::of(text.as_bytes());
                if !self.put(attribute, word, Holds::Borrowed(text)) {
                    self.put_far_text(attribute, word, text);
                }
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
                let word = word::of(text.as_bytes());
                if !self.put(attribute, word, Holds::Short) {
                    self.put_far(attribute, word, Holds::Short);
                }
            }
            AttributeValue::Str(text) => match self.copy(text) {
                Some((from, to)) => {
                    let word = word::of(text.as_bytes());
                    if !self.put(attribute, word, Holds::Copied { from, to }) {
                        self.put_far_copied(attribute, word, from, to);
                    }
                }
                // Four gigabytes of attributes in one context: as good as none.
                None => self.put_other(attribute, AttributeValue::Missing),
            },
            other => self.put_other(attribute, other),
        }
    }

    /// Copies a text; where it is then.
    #[inline(always)]
    fn copy(&mut self, text: &str) -> Option<(u32, u32)> {
        let (from, to) = (self.used, self.used.saturating_add(text.len()));
        if let Some(room) = self.room.get_mut(from..to) {
            room.copy_from_slice(text.as_bytes());
            self.used = to;
            return Some((from as u32, to as u32));
        }
        self.copy_more(text)
    }

    #[inline(never)]
    fn copy_more(&mut self, text: &str) -> Option<(u32, u32)> {
        if self.more.len().saturating_add(text.len()) > self.more.capacity() {
            self.let_go();
        }
        let from = self.more.len().saturating_add(ROOM);
        let to = from.saturating_add(text.len());
        let place = (u32::try_from(from).ok()?, u32::try_from(to).ok()?);
        self.more.extend_from_slice(text.as_bytes());
        Some(place)
    }

    /// Lets go of texts that no attribute has any more: ahead of a larger allocation, so that who sets attributes again and
    /// again, without [`clear`](Self::clear), has no more than twice what they need.
    #[cold]
    #[inline(never)]
    fn let_go(&mut self) {
        let mut kept = Vec::new();
        for holds in held(&mut self.holds, &mut self.rest) {
            let Holds::Copied { from, to } = holds else { continue };
            let Some(start) = (*from as usize).checked_sub(ROOM) else { continue };
            let text = self.more.get(start..(*to as usize).saturating_sub(ROOM)).unwrap_or_default();
            // Not further back than before, so that it fits.
            let place = kept.len().saturating_add(ROOM);
            kept.extend_from_slice(text);
            (*from, *to) = (place as u32, place.saturating_add(text.len()) as u32);
        }
        self.more.clear();
        self.more.extend_from_slice(&kept);
    }

    /// Where the list is then; those that no attribute has any more are let go, likewise.
    fn put_list(&mut self, list: Value) -> usize {
        let mut lists = std::mem::take(&mut self.rest.get_or_insert_default().lists);
        if lists.len() == lists.capacity() {
            let mut kept = Vec::new();
            for holds in held(&mut self.holds, &mut self.rest) {
                let Holds::List(index) = holds else { continue };
                kept.push(lists.get_mut(*index).map(std::mem::take).unwrap_or_default());
                *index = kept.len().saturating_sub(1);
            }
            lists.clear();
            lists.append(&mut kept);
        }
        lists.push(list);
        let index = lists.len().saturating_sub(1);
        self.rest.get_or_insert_default().lists = lists;
        index
    }

    /// A copied text.
    #[inline]
    fn copied(&self, from: u32, to: u32) -> Option<&[u8]> {
        let (from, to) = (from as usize, to as usize);
        match from.checked_sub(ROOM) {
            Some(from) => self.more.get(from..to.saturating_sub(ROOM)),
            None => self.room.get(from..to),
        }
    }

    /// Forgets all attributes and keeps the memory.
    pub fn clear(&mut self) {
        // Field by field: an empty context that is moved in may be put together on the stack first, and copied from there.
        self.near = [[0; 8]; NEAR];
        self.hashes.iter_mut().chain(&mut self.versions).for_each(|cell| *cell.get_mut() = 0);
        self.holds.iter_mut().for_each(|holds| *holds = Holds::Nothing);
        self.used = 0;
        self.more.clear();
        if let Some(rest) = &mut self.rest {
            rest.far.clear();
            rest.lists.clear();
        }
    }

    /// False if the attribute is not one of the first.
    ///
    /// What is held goes no other way than into its place, or the compiler would put it together on the stack first, piece by
    /// piece, and copy it as a whole: a stall of a dozen cycles.
    #[inline(always)]
    fn put(&mut self, attribute: AttributeKey, word: u64, holds: Holds<'a>) -> bool {
        let index = attribute.index();
        if index >= NEAR {
            return false;
        }
        if let Some(near) = self.near.get_mut(index) {
            *near = word.to_le_bytes();
        }
        if let Some(own) = self.holds.get_mut(index) {
            *own = holds;
        }
        // It may be another value than before.
        if let Some(hash) = self.hashes.get_mut(index) {
            *hash.get_mut() = 0;
        }
        if let Some(version) = self.versions.get_mut(index) {
            *version.get_mut() = 0;
        }
        true
    }

    #[cold]
    #[inline(never)]
    fn put_far_text(&mut self, attribute: AttributeKey, word: u64, text: &'a str) {
        self.put_far(attribute, word, Holds::Borrowed(text));
    }

    #[cold]
    #[inline(never)]
    fn put_far_copied(&mut self, attribute: AttributeKey, word: u64, from: u32, to: u32) {
        self.put_far(attribute, word, Holds::Copied { from, to });
    }

    #[cold]
    #[inline(never)]
    fn put_far(&mut self, attribute: AttributeKey, word: u64, holds: Holds<'a>) {
        let far = &mut self.rest.get_or_insert_default().far;
        let index = attribute.index().saturating_sub(NEAR);
        if far.len() <= index {
            far.resize_with(index.saturating_add(1), Far::default);
        }
        if let Some(place) = far.get_mut(index) {
            *place = Far { word: word.to_le_bytes(), holds, ..Far::default() };
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
                let index = self.put_list(list);
                (word::LIST, Holds::List(index))
            }
            AttributeValue::Object => (word::OBJECT, Holds::Nothing),
            AttributeValue::Float(_) | AttributeValue::Missing | AttributeValue::Str(_) => {
                (word::MISSING, Holds::Nothing)
            }
        };
        if attribute.index() < NEAR {
            self.put(attribute, word, holds);
        } else {
            self.put_far(attribute, word, holds);
        }
    }

    #[inline(always)]
    fn far(&self, attribute: AttributeKey) -> Option<&Far<'a>> {
        self.rest.as_ref()?.far.get(attribute.index().wrapping_sub(NEAR))
    }

    #[inline(always)]
    fn word_bytes(&self, attribute: AttributeKey) -> Option<&Word> {
        match self.near.get(attribute.index()) {
            Some(word) => Some(word),
            None => {
                cold_path();
                Some(&self.far(attribute)?.word)
            }
        }
    }

    #[inline(always)]
    fn holds(&self, attribute: AttributeKey) -> Option<&Holds<'a>> {
        match self.holds.get(attribute.index()) {
            Some(holds) => Some(holds),
            None => {
                cold_path();
                Some(&self.far(attribute)?.holds)
            }
        }
    }

    #[inline(always)]
    fn hash(&self, attribute: AttributeKey) -> Option<&AtomicU64> {
        match self.hashes.get(attribute.index()) {
            Some(hash) => Some(hash),
            None => {
                cold_path();
                Some(&self.far(attribute)?.hash)
            }
        }
    }

    #[inline(always)]
    fn version_cell(&self, attribute: AttributeKey) -> Option<&AtomicU64> {
        match self.versions.get(attribute.index()) {
            Some(version) => Some(version),
            None => {
                cold_path();
                Some(&self.far(attribute)?.version)
            }
        }
    }

    /// The text of a string in its word.
    #[inline]
    fn short(&self, attribute: AttributeKey) -> Option<&[u8]> {
        let [text @ .., len] = self.word_bytes(attribute)?;
        text.get(..usize::from(*len).checked_sub(1)?)
    }
}

/// What all attributes hold.
fn held<'h, 'a>(
    near: &'h mut [Holds<'a>; NEAR],
    rest: &'h mut Option<Box<Rest<'a>>>,
) -> impl Iterator<Item = &'h mut Holds<'a>> {
    near.iter_mut().chain(rest.iter_mut().flat_map(|rest| rest.far.iter_mut().map(|far| &mut far.holds)))
}

impl Subject for Context<'_> {
    fn value(&self, attribute: AttributeKey) -> ValueRef<'_> {
        let Some(holds) = self.holds(attribute) else { return ValueRef::Missing };
        match (holds, self.word(attribute)) {
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
        match self.near.get(attribute.index()) {
            Some(word) => u64::from_le_bytes(*word),
            None => {
                cold_path();
                self.far(attribute).map_or(word::MISSING, |far| u64::from_le_bytes(far.word))
            }
        }
    }

    #[inline]
    fn text(&self, attribute: AttributeKey) -> Option<&[u8]> {
        match *self.holds(attribute)? {
            Holds::Borrowed(text) => Some(text.as_bytes()),
            Holds::Copied { from, to } => self.copied(from, to),
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
        match self.version_cell(attribute).map_or(0, |version| version.load(Ordering::Relaxed)) {
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
        match self.hashes.get(attribute.index()) {
            Some(hash) => hash.load(Ordering::Relaxed),
            None => {
                cold_path();
                self.far(attribute).map_or(0, |far| far.hash.load(Ordering::Relaxed))
            }
        }
    }

    #[inline(always)]
    fn known_version(&self, attribute: AttributeKey) -> Packed {
        Packed::from_bits(match self.versions.get(attribute.index()) {
            Some(version) => version.load(Ordering::Relaxed),
            None => {
                cold_path();
                self.far(attribute).map_or(0, |far| far.version.load(Ordering::Relaxed))
            }
        })
    }
}

impl Context<'_> {
    /// INVARIANT: `hash` is set only for a non-empty string or a number that is a unit, so that a known hash is a unit.
    #[cold]
    #[inline(never)]
    fn hash_now(&self, attribute: AttributeKey) -> u64 {
        let (Some(known), Some(text)) = (self.hash(attribute), self.text(attribute)) else { return 0 };
        let hash = unit_hash(text);
        // Not of the empty string, which is no unit.
        if !text.is_empty() {
            known.store(hash, Ordering::Relaxed);
        }
        hash
    }

    #[cold]
    #[inline(never)]
    fn unit_now(&self, attribute: AttributeKey) -> Option<u64> {
        let hash = unit_of(self.value(attribute))?;
        self.hash(attribute)?.store(hash, Ordering::Relaxed);
        Some(hash)
    }

    #[cold]
    #[inline(never)]
    fn version_now(&self, attribute: AttributeKey) -> Packed {
        let (Some(known), Some(text)) = (self.version_cell(attribute), self.text(attribute)) else {
            return Packed::INVALID;
        };
        let packed = pack(text);
        known.store(packed.get(), Ordering::Relaxed);
        packed
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        let far = self.rest.as_ref().map_or(0, |rest| rest.far.len());
        for index in 0..NEAR.saturating_add(far) {
            let key = AttributeKey(index as u16);
            if self.word(key) != word::MISSING {
                map.entry(&index, &self.value(key));
            }
        }
        map.finish()
    }
}
