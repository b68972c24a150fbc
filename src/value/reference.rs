//! A borrowed look at a value: what a test sees of a context's attribute.

use super::{Number, Value};

/// What a test sees of an attribute (SEMANTICS 1.1: `null` is missing).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum ValueRef<'a> {
    /// The attribute is absent or `null`.
    #[default]
    Missing,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Str(&'a str),
    /// A list: [`Value::Strings`] or [`Value::List`].
    List(&'a Value),
    /// An object.
    Object,
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Missing,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Number(Number::Int(*value)),
            Value::Float(value) => Self::Number(Number::Float(*value)),
            Value::Str(text) => Self::Str(text),
            Value::Strings(_) | Value::List(_) => Self::List(value),
            Value::Object(_) => Self::Object,
        }
    }
}
