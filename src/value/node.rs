//! A value that borrows: what a document is between its bytes and the model.
//!
//! Strings and keys are those of the document wherever they are written without escapes, so that most of a document is
//! looked at, hashed and dropped again without one copy. Not for keeping: what is kept is a [`Value`].

use std::borrow::Cow;
use std::fmt;

use super::{Number, StringList, Value};

/// A JSON value that borrows from a document, or from a [`Value`].
///
/// # Examples
/// ```
/// use tidegate::value::parse;
///
/// let document = br#"{"a": [1, "x"]}"#;
/// let parsed = parse(document)?;
/// assert_eq!(parsed.root.get("a").and_then(|list| list.size()), Some(2));
/// assert_eq!(format!("{:?}", parsed.root), r#"{"a":[1,"x"]}"#);
/// # Ok::<(), tidegate::value::ParseError>(())
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum Node<'d> {
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
    Str(Cow<'d, str>),
    /// A non-empty list of strings only.
    Strings(Cow<'d, StringList>),
    /// Any other list (also the empty one).
    List(Vec<Self>),
    /// An object; members in document order, keys unique.
    Object(Vec<Member<'d>>),
}

/// A key and its value.
pub type Member<'d> = (Cow<'d, str>, Node<'d>);

impl<'d> Node<'d> {
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
    pub fn as_object(&self) -> Option<&[Member<'d>]> {
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

    /// A copy that borrows nothing.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Str(text) => Value::Str((&**text).into()),
            Self::Strings(list) => Value::Strings(StringList::clone(list)),
            Self::List(list) => Value::List(list.iter().map(Self::to_value).collect()),
            Self::Object(members) => {
                Value::Object(members.iter().map(|(key, node)| ((&**key).into(), node.to_value())).collect())
            }
        }
    }

    /// What borrows nothing; lists of strings are moved, not copied.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self {
            Self::Str(text) => Value::Str(text.into()),
            Self::Strings(list) => Value::Strings(list.into_owned()),
            Self::List(list) => Value::List(list.into_iter().map(Self::into_value).collect()),
            Self::Object(members) => Value::Object(
                members.into_iter().map(|(key, node)| (key.into(), node.into_value())).collect(),
            ),
            scalar => scalar.to_value(),
        }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

impl<'v> From<&'v Value> for Node<'v> {
    fn from(value: &'v Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Str(text) => Self::Str(Cow::Borrowed(text)),
            Value::Strings(list) => Self::Strings(Cow::Borrowed(list)),
            Value::List(list) => Self::List(list.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(
                members.iter().map(|(key, value)| (Cow::Borrowed(&**key), value.into())).collect(),
            ),
        }
    }
}
