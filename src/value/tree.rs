//! serde_json's events to [`Node`]s, and where in the document the one is that failed.
//!
//! The trail costs nothing while all goes well: steps are noted only while an error, or a key that was given twice, is
//! on its way up. Elements and members gather on stacks, so that each list and object is allocated once, at its size; a
//! list of strings in two pieces, however long.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use super::object::keep_last;
use super::{Member, Node, StringList};
use crate::error::push_step;

/// The deepest nesting (SEMANTICS 9.1).
pub(super) const MOST_DEPTH: usize = 128;
/// At most so many keys that are given twice are noted.
const MOST_DUPLICATES: usize = 1_000;

/// A step of a trail.
pub(super) enum Step {
    /// Already escaped, with its slash.
    Key(String),
    Index(usize),
}

impl Step {
    fn key(key: &str) -> Self {
        let mut text = String::new();
        push_step(&mut text, key);
        Self::Key(text)
    }
}

/// What is known while a document is read.
#[derive(Default)]
pub(crate) struct Tree<'d> {
    depth: usize,
    elements: Vec<Node<'d>>,
    members: Vec<Member<'d>>,
    strings: StringList,
    pub(super) too_deep: bool,
    /// The place of the failure, from the inside out.
    pub(super) trail: Vec<Step>,
    /// Likewise, of each key that was given twice.
    pub(super) duplicates: Vec<Vec<Step>>,
}

impl<'d> Tree<'d> {
    /// A tree below so many levels.
    pub(crate) fn below(depth: usize) -> Self {
        Self { depth, ..Self::default() }
    }

    /// One level deeper.
    pub(crate) fn enter<E: Error>(&mut self) -> Result<(), E> {
        if self.depth == MOST_DEPTH {
            self.too_deep = true;
            return Err(E::custom("too deep"));
        }
        self.depth += 1;
        Ok(())
    }

    /// Back from a level.
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Whether a key was given twice.
    pub(crate) fn has_duplicates(&self) -> bool {
        !self.duplicates.is_empty()
    }

    /// The strings so far are elements of a list that is not one of strings only.
    fn spill(&mut self) {
        let strings = self.strings.iter().map(|text| Node::Str(Cow::Owned(text.to_owned())));
        self.elements.extend(strings);
        self.strings.clear();
    }

    /// Adds the step to the duplicates that were found below it.
    fn note_duplicates(&mut self, seen: usize, step: impl Fn() -> Step) {
        for steps in self.duplicates.iter_mut().skip(seen) {
            steps.push(step());
        }
    }

    fn list<A: SeqAccess<'d>>(&mut self, mut seq: A) -> Result<Node<'d>, A::Error> {
        self.enter()?;
        let bottom = self.elements.len();
        self.strings.clear();
        let mut index = 0;
        let mut only_strings = true;
        while only_strings {
            let seen = self.duplicates.len();
            match seq.next_element_seed(Element { tree: self, index })? {
                Some(None) => {}
                Some(Some(node)) => {
                    self.note_duplicates(seen, || Step::Index(index));
                    self.elements.push(node);
                    only_strings = false;
                }
                None => {
                    self.depth -= 1;
                    return Ok(match self.strings.is_empty() {
                        true => Node::List(Vec::new()),
                        false => Node::Strings(Cow::Owned(self.strings.to_exact())),
                    });
                }
            }
            index += 1;
        }
        loop {
            let seen = self.duplicates.len();
            let Some(node) = seq.next_element_seed(Item { tree: self, index })? else { break };
            self.note_duplicates(seen, || Step::Index(index));
            self.elements.push(node);
            index += 1;
        }
        self.depth -= 1;
        Ok(Node::List(self.elements.split_off(bottom)))
    }

    fn object<A: MapAccess<'d>>(&mut self, mut map: A) -> Result<Node<'d>, A::Error> {
        self.enter()?;
        let bottom = self.members.len();
        while let Some(key) = map.next_key_seed(Borrowed)? {
            let seen = self.duplicates.len();
            match map.next_value_seed(Any { tree: self }) {
                Ok(node) => {
                    self.note_duplicates(seen, || Step::key(&key));
                    self.members.push((key, node));
                }
                Err(error) => {
                    self.trail.push(Step::key(&key));
                    return Err(error);
                }
            }
        }
        self.depth -= 1;
        let mut members = self.members.split_off(bottom);
        keep_last(&mut members, |key| {
            if self.duplicates.len() < MOST_DUPLICATES {
                self.duplicates.push(vec![Step::key(key)]);
            }
        });
        Ok(Node::Object(members))
    }
}

/// Any value.
pub(crate) struct Any<'t, 'd> {
    pub(crate) tree: &'t mut Tree<'d>,
}

impl<'d> DeserializeSeed<'d> for Any<'_, 'd> {
    type Value = Node<'d>;

    fn deserialize<D: Deserializer<'d>>(self, de: D) -> Result<Node<'d>, D::Error> {
        de.deserialize_any(self)
    }
}

impl<'d> Visitor<'d> for Any<'_, 'd> {
    type Value = Node<'d>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'d>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'d>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'d>, E> {
        Ok(Node::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'d>, E> {
        Ok(i64::try_from(value).map_or(Node::Float(value as f64), Node::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'d>, E> {
        match value {
            0.0 => Ok(Node::Int(0)),
            value if value.is_finite() => Ok(Node::Float(value)),
            value => Err(E::invalid_value(Unexpected::Float(value), &self)),
        }
    }

    fn visit_borrowed_str<E>(self, text: &'d str) -> Result<Node<'d>, E> {
        Ok(Node::Str(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'d>, E> {
        Ok(Node::Str(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'d>>(self, seq: A) -> Result<Node<'d>, A::Error> {
        self.tree.list(seq)
    }

    fn visit_map<A: MapAccess<'d>>(self, map: A) -> Result<Node<'d>, A::Error> {
        self.tree.object(map)
    }
}

/// An element of a list.
struct Item<'t, 'd> {
    tree: &'t mut Tree<'d>,
    index: usize,
}

impl<'d> DeserializeSeed<'d> for Item<'_, 'd> {
    type Value = Node<'d>;

    fn deserialize<D: Deserializer<'d>>(self, de: D) -> Result<Node<'d>, D::Error> {
        de.deserialize_any(Any { tree: self.tree })
            .inspect_err(|_| self.tree.trail.push(Step::Index(self.index)))
    }
}

/// An element of a list that has only strings so far: a string is put with them, another value is returned.
struct Element<'t, 'd> {
    tree: &'t mut Tree<'d>,
    index: usize,
}

impl<'d> DeserializeSeed<'d> for Element<'_, 'd> {
    type Value = Option<Node<'d>>;

    #[inline]
    fn deserialize<D: Deserializer<'d>>(self, de: D) -> Result<Option<Node<'d>>, D::Error> {
        let index = self.index;
        de.deserialize_any(Text { tree: self.tree }).inspect_err(|_| self.tree.trail.push(Step::Index(index)))
    }
}

struct Text<'t, 'd> {
    tree: &'t mut Tree<'d>,
}

impl<'t, 'd> Text<'t, 'd> {
    fn other(self) -> Any<'t, 'd> {
        self.tree.spill();
        Any { tree: self.tree }
    }
}

impl<'d> Visitor<'d> for Text<'_, 'd> {
    type Value = Option<Node<'d>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.other().visit_unit().map(Some)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        self.other().visit_bool(value).map(Some)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.other().visit_i64(value).map(Some)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.other().visit_u64(value).map(Some)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.other().visit_f64(value).map(Some)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match self.tree.strings.push(text) {
            true => Ok(None),
            false => Err(E::custom("a list of strings is longer than 4 GiB")),
        }
    }

    fn visit_seq<A: SeqAccess<'d>>(self, seq: A) -> Result<Self::Value, A::Error> {
        self.other().visit_seq(seq).map(Some)
    }

    fn visit_map<A: MapAccess<'d>>(self, map: A) -> Result<Self::Value, A::Error> {
        self.other().visit_map(map).map(Some)
    }
}

/// A key, or another string.
pub(crate) struct Borrowed;

impl<'d> DeserializeSeed<'d> for Borrowed {
    type Value = Cow<'d, str>;

    fn deserialize<D: Deserializer<'d>>(self, de: D) -> Result<Self::Value, D::Error> {
        de.deserialize_str(self)
    }
}

impl<'d> Visitor<'d> for Borrowed {
    type Value = Cow<'d, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'d str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
