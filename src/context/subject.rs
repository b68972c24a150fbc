//! What the evaluator asks of a context, whatever holds it: our own [`Context`](super::Context), a Python dict, a
//! JavaScript object, a row of a table.

use super::AttributeKey;
use crate::bucket::{integer_text, integral, unit_hash};
use crate::operand::version::{Packed, pack};
use crate::operand::word;
use crate::value::{Number, ValueRef};

/// A holder of attributes, read lazily: only what a feature's program tests is asked for.
///
/// Only [`value`](Self::value) must be written; the others are derived from it and may be overridden by a holder that
/// remembers their results.
pub trait Subject {
    /// The value of an attribute.
    fn value(&self, attribute: AttributeKey) -> ValueRef<'_>;

    /// The word of the value (see [`word`]).
    #[inline]
    fn word(&self, attribute: AttributeKey) -> u64 {
        match self.value(attribute) {
            ValueRef::Missing => word::MISSING,
            ValueRef::Bool(false) => word::FALSE,
            ValueRef::Bool(true) => word::TRUE,
            ValueRef::Number(Number::Int(_)) => word::INT,
            ValueRef::Number(Number::Float(_)) => word::FLOAT,
            ValueRef::Str(text) => word::of(text.as_bytes()),
            ValueRef::List(_) => word::LIST,
            ValueRef::Object => word::OBJECT,
        }
    }

    /// The bytes of the value if it is a string, else none.
    #[inline]
    fn text(&self, attribute: AttributeKey) -> Option<&[u8]> {
        match self.value(attribute) {
            ValueRef::Str(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// The hash of the string's bytes; meaningless if the value is no string.
    #[inline]
    fn text_hash(&self, attribute: AttributeKey) -> u64 {
        self.text(attribute).map_or(0, unit_hash)
    }

    /// The hash of the unit's text (SEMANTICS 5.2); `None` if the unit is missing.
    #[inline]
    fn unit(&self, attribute: AttributeKey) -> Option<u64> {
        unit_of(self.value(attribute))
    }

    /// The version that the string is.
    #[inline]
    fn version(&self, attribute: AttributeKey) -> Packed {
        self.text(attribute).map_or(Packed::INVALID, pack)
    }

    /// As [`text_hash`](Self::text_hash), or 0 if it had to be computed: then it is asked for again, by that name.
    #[inline]
    fn known_text_hash(&self, attribute: AttributeKey) -> u64 {
        self.text_hash(attribute)
    }

    /// As [`unit`](Self::unit), or 0 if there is none or it had to be computed.
    #[inline]
    fn known_unit(&self, attribute: AttributeKey) -> u64 {
        self.unit(attribute).unwrap_or(0)
    }

    /// As [`version`](Self::version), or one that is not plain if it had to be computed.
    #[inline]
    fn known_version(&self, attribute: AttributeKey) -> Packed {
        self.version(attribute)
    }
}

/// The hash of the text of a unit (SEMANTICS 5.2).
#[must_use]
pub fn unit_of(value: ValueRef<'_>) -> Option<u64> {
    let number = match value {
        ValueRef::Str("") => return None,
        ValueRef::Str(text) => return Some(unit_hash(text.as_bytes())),
        ValueRef::Number(number) => number,
        _ => return None,
    };
    let value = match number {
        Number::Int(value) => value,
        Number::Float(value) => integral(value)?,
    };
    integer_text(value, &mut [0; 20]).map(unit_hash)
}
