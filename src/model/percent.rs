//! Percents with at most four decimals, exactly (SEMANTICS 3.4).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Percent;

/// Buckets per percent.
const PER_PERCENT: u32 = 10_000;

impl Percent {
    /// Everyone.
    pub const ALL: Self = Self(100 * PER_PERCENT);
    /// No one.
    pub const NONE: Self = Self(0);

    /// From a number of percent; none if it is outside 0 to 100 or has more than four decimals.
    ///
    /// # Examples
    /// ```
    /// use tidegate::model::Percent;
    /// assert_eq!(Percent::from_f64(12.5), Some(Percent(125_000)));
    /// assert_eq!(Percent::from_f64(0.00001), None);
    /// ```
    #[must_use]
    pub fn from_f64(percent: f64) -> Option<Self> {
        if !(0.0..=100.0).contains(&percent) {
            return None;
        }
        let buckets = (percent * f64::from(PER_PERCENT)).round();
        // A number of at most four decimals is the double nearest to it, and to no other such number.
        (buckets / f64::from(PER_PERCENT) == percent).then_some(Self(buckets as u32))
    }

    /// How many of the 1 000 000 buckets are inside.
    #[must_use]
    pub fn buckets(self) -> u32 {
        self.0
    }

    /// As a number of percent.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / f64::from(PER_PERCENT)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_f64())
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(PER_PERCENT) {
            serializer.serialize_u32(self.0 / PER_PERCENT)
        } else {
            serializer.serialize_f64(self.as_f64())
        }
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Percent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 0 to 100 with at most four decimals")
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Percent, E> {
                Percent::from_f64(value).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Percent, E> {
                self.visit_f64(value as f64)
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Percent, E> {
                self.visit_f64(value as f64)
            }
        }

        de.deserialize_any(Number)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Percent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A share in percent, with at most four decimals.",
            "type": "number",
            "minimum": 0,
            "maximum": 100
        })
    }
}
