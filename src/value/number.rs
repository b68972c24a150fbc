//! Numbers by their exact mathematical value (SEMANTICS 1.2).

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// 2^63, the first double above every `i64`.
const ABOVE_I64: f64 = 9_223_372_036_854_775_808.0;

/// A number: an exact integer or a double. Equal, ordered and hashed by mathematical value, so `1` is `1.0`.
///
/// # Examples
/// ```
/// use tidegate::value::Number;
/// assert_eq!(Number::Int(1), Number::Float(1.0));
/// assert!(Number::Int(9_007_199_254_740_993) > Number::Float(9_007_199_254_740_992.0));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// An exact integer.
    Int(i64),
    /// A double; finite in documents and contexts.
    Float(f64),
}

impl Number {
    /// Whether the mathematical value is an integer.
    #[must_use]
    pub fn is_integral(self) -> bool {
        match self {
            Self::Int(_) => true,
            Self::Float(float) => float.is_finite() && float.fract() == 0.0,
        }
    }

    /// The value as an integer, if it is integral and fits.
    #[must_use]
    pub fn as_integral_i64(self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(int),
            Self::Float(float) if self.is_integral() && (-ABOVE_I64..ABOVE_I64).contains(&float) => {
                Some(float as i64)
            }
            Self::Float(_) => None,
        }
    }

    /// The nearest double.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self.as_integral_i64(), self) {
            (Some(int), _) => int.hash(state),
            (None, Self::Float(float)) => float.to_bits().hash(state),
            (None, Self::Int(int)) => int.hash(state),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (Self::Int(a), Self::Float(b)) => compare_int_float(a, b),
            (Self::Float(a), Self::Int(b)) => compare_int_float(b, a).reverse(),
            (Self::Float(a), Self::Float(b)) => {
                a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
            }
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Number {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<f64> for Number {
    fn from(float: f64) -> Self {
        Self::Float(float)
    }
}

/// Compares exactly. A NaN, which no document or context has, is above every integer.
#[must_use]
pub fn compare_int_float(int: i64, float: f64) -> Ordering {
    if float.is_nan() || float >= ABOVE_I64 {
        return Ordering::Less;
    }
    if float < -ABOVE_I64 {
        return Ordering::Greater;
    }
    let whole = float.trunc();
    int.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&float).unwrap_or(Ordering::Equal))
}
