//! JSON values as the engine holds them, and their exact comparison (SEMANTICS §1).
//!
//! Not a JSON library: reading and printing are serde_json's. What is own is the compact [`StringList`] (a few
//! allocations for a list of 100 000 ids), numbers that compare by their mathematical value, the borrowed [`Node`] that a
//! document is while it is decoded, and that an error says where in the document it is ([`parse`]).

use std::fmt;

mod hash;
mod keyed;
mod list;
mod node;
mod number;
mod object;
pub(crate) mod order;
mod parse;
mod reference;
mod serde_impl;
mod split;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use self::hash::Walk;
pub(crate) use self::keyed::{KeyedMap, KeyedSet};
pub use self::list::{StringList, Strings};
pub use self::node::{Member, Node};
pub use self::number::{Number, compare_int_float};
pub use self::parse::{MAX_BYTES, ParseError, Parsed, parse};
pub use self::reference::ValueRef;
pub(crate) use self::split::{FEATURES, Split, parse_feature, reader, split, text_hash, text_hashes, texts};
pub(crate) use self::tree::{Any, Borrowed, Tree};

/// A JSON value (SEMANTICS 1.1, 1.2).
///
/// # Examples
/// ```
/// let value: tidegate::Value = serde_json::from_str(r#"{"a": [1, 2.5, "x"]}"#)?;
/// assert_eq!(serde_json::to_string(&value)?, r#"{"a":[1,2.5,"x"]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number that is an exact signed 64-bit integer.
    Int(i64),
    /// Any other number; always finite.
    Float(f64),
    /// A string.
    Str(Box<str>),
    /// A non-empty list of strings only, stored compactly.
    Strings(StringList),
    /// Any other list (also the empty one).
    List(Vec<Self>),
    /// An object; members in document order, keys unique.
    Object(Vec<(Box<str>, Self)>),
}

impl Value {
    /// A number, if it is finite; minus zero becomes zero (SEMANTICS 1.2).
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        if value == 0.0 {
            return Some(Self::Int(0));
        }
        value.is_finite().then_some(Self::Float(value))
    }

    /// What it is, in the words of SEMANTICS 4.15 and `null`.
    #[must_use]
    pub fn json_type(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Float(_) => "number",
            Self::Str(_) => "string",
            Self::Strings(_) | Self::List(_) => "list",
            Self::Object(_) => "object",
        }
    }

    /// Bytes on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => 0,
            Self::Str(text) => text.len(),
            Self::Strings(list) => list.memory_usage(),
            Self::List(list) => {
                let own = list.capacity().saturating_mul(size_of::<Self>());
                list.iter().map(Self::memory_usage).fold(own, usize::saturating_add)
            }
            Self::Object(members) => {
                let own = members.capacity().saturating_mul(size_of::<(Box<str>, Self)>());
                let inner =
                    members.iter().map(|(name, value)| name.len().saturating_add(value.memory_usage()));
                inner.fold(own, usize::saturating_add)
            }
        }
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it is a number with an integral value that fits (`1.0` is one).
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_integral_i64()
    }

    /// The nearest double, if it is a number.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<Number> {
        match self {
            Self::Int(value) => Some(Number::Int(*value)),
            Self::Float(value) => Some(Number::Float(*value)),
            _ => None,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(value) => Some(value),
            _ => None,
        }
    }

    /// The members, if it is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(Box<str>, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The member of that name, if it is an object and has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object()?.iter().find(|(key, _)| **key == *name).map(|(_, value)| value)
    }

    /// How many elements or members it has, if it is a list or object.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Strings(list) => Some(list.len()),
            Self::List(list) => Some(list.len()),
            Self::Object(members) => Some(members.len()),
            _ => None,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_string(self) {
            Ok(text) => f.write_str(&text),
            Err(_) => f.write_str("<value>"),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Str(value.into())
    }
}
