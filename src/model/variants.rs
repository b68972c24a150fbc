//! Variants as a JSON object, in document order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::{Key, Variants};
use crate::value::Value;

impl Variants {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of a variant.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| **key == *name).map(|(_, value)| value)
    }

    /// Whether there is a variant of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The names in document order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| &**key)
    }
}

impl Serialize for Variants {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de> Deserialize<'de> for Variants {
    fn deserialize<D: Deserializer<'de>>(de: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Variants;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of variants")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Variants, A::Error> {
                let mut variants: Vec<(Key, Value)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<Key, Value>()? {
                    match variants.iter_mut().find(|(known, _)| *known == name) {
                        Some(known) => known.1 = value,
                        None => variants.push((name, value)),
                    }
                }
                Ok(Variants(variants))
            }
        }

        de.deserialize_map(Map)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Variants {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Variants".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The values that a feature can serve, by name.",
            "type": "object",
            "minProperties": 1,
            "maxProperties": super::limits::VARIANTS,
            "additionalProperties": true
        })
    }
}
