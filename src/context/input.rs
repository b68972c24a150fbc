//! What can be set as an attribute.

use crate::value::Value;

/// A value for an attribute; made by `into()` from the types one has.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum AttributeValue<'a> {
    /// Missing, as if it had never been set.
    #[default]
    Missing,
    /// `true` or `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number; one that is not finite counts as missing.
    Float(f64),
    /// A string.
    Str(&'a str),
    /// A list: [`Value::Strings`] or [`Value::List`].
    List(Value),
    /// An object; only its type can be tested.
    Object,
}

impl<'a> From<&'a str> for AttributeValue<'a> {
    #[inline(always)]
    fn from(text: &'a str) -> Self {
        Self::Str(text)
    }
}

impl<'a> From<&'a String> for AttributeValue<'a> {
    fn from(text: &'a String) -> Self {
        Self::Str(text)
    }
}

impl From<bool> for AttributeValue<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

macro_rules! from_integers {
    ($($kind:ty),*) => {$(
        impl From<$kind> for AttributeValue<'_> {
            fn from(value: $kind) -> Self {
                Self::Int(i64::from(value))
            }
        }
    )*};
}
from_integers!(i8, i16, i32, i64, u8, u16, u32);

impl From<u64> for AttributeValue<'_> {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Float(value as f64), Self::Int)
    }
}

impl From<f64> for AttributeValue<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&[&str]> for AttributeValue<'_> {
    fn from(texts: &[&str]) -> Self {
        Self::List(Value::List(texts.iter().map(|&text| Value::Str(text.into())).collect()))
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for AttributeValue<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

impl<'a> From<&'a Value> for AttributeValue<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Missing,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Str(text) => Self::Str(text),
            Value::Strings(_) | Value::List(_) => Self::List(value.clone()),
            Value::Object(_) => Self::Object,
        }
    }
}
