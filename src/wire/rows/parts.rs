//! A document or delta, read as far as its rows; a row's text is not looked into but for its key.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Section, bad};
use crate::error::{Code, Error, quote};
use crate::model::{Key, SCHEMA_VERSION};
use crate::value::MAX_BYTES;

/// The members of a document, and those that only deltas have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts<'d> {
    schema_version: u32,
    pub(super) version: u64,
    pub(super) environment: Key,
    pub(super) from: Option<u64>,
    #[serde(borrow)]
    environments: Option<Members<'d>>,
    #[serde(borrow)]
    attributes: Option<Members<'d>>,
    #[serde(borrow)]
    segments: Option<Members<'d>>,
    #[serde(borrow)]
    features: Option<Members<'d>>,
    #[serde(borrow)]
    exclusion_groups: Option<Members<'d>>,
    #[serde(borrow)]
    releases: Option<Vec<&'d RawValue>>,
    pub(super) removed_releases: Option<Vec<Key>>,
    #[serde(borrow)]
    kills: Option<Vec<&'d RawValue>>,
}

/// A row as it was read: no text is `null`, the row that is gone.
type Row<'d> = (Key, Option<&'d str>);

impl<'d> Parts<'d> {
    /// Reads them; `what` is a `document` or a `delta`.
    ///
    /// # Errors
    /// If they are not JSON, have an unknown member, or are of another `schema_version`.
    pub(super) fn read(bytes: &'d [u8], what: &str) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            let message = format!("expected at most {MAX_BYTES} bytes, found {}", bytes.len());
            return Err(Error::new(Code::TooLarge, "", message));
        }
        let parts: Self = serde_json::from_slice(bytes)
            .map_err(|error| bad(format!("the {what} cannot be taken apart: {error}")))?;
        if parts.schema_version != SCHEMA_VERSION {
            let message =
                format!("expected `schema_version` {SCHEMA_VERSION}, found {}", parts.schema_version);
            return Err(Error::new(Code::SchemaVersion, "/schema_version", message));
        }
        Ok(parts)
    }

    /// The rows of a section; none if the section is not there.
    ///
    /// # Errors
    /// If a row has no key, or stands twice.
    pub(super) fn rows(&self, section: Section) -> Result<Option<Vec<Row<'d>>>, Error> {
        let rows = match section {
            Section::Environments => map(self.environments.as_ref()),
            Section::Attributes => map(self.attributes.as_ref()),
            Section::Segments => map(self.segments.as_ref()),
            Section::Features => map(self.features.as_ref()),
            Section::ExclusionGroups => map(self.exclusion_groups.as_ref()),
            Section::Releases => list(self.releases.as_deref(), release_id)?,
            Section::Kills => list(self.kills.as_deref(), killed_feature)?,
        };
        let mut seen = BTreeSet::new();
        for (key, _) in rows.iter().flatten() {
            if !seen.insert(key) {
                return Err(bad(format!("{} stands twice in `{}`", quote(key), section.name())));
            }
        }
        Ok(rows)
    }
}

fn map<'d>(members: Option<&Members<'d>>) -> Option<Vec<Row<'d>>> {
    let row =
        |(key, raw): &(Key, &'d RawValue)| (Key::clone(key), Some(raw.get()).filter(|text| *text != "null"));
    members.map(|Members(members)| members.iter().map(row).collect())
}

fn list<'d>(
    items: Option<&[&'d RawValue]>,
    key: impl Fn(&str) -> serde_json::Result<Key>,
) -> Result<Option<Vec<Row<'d>>>, Error> {
    let Some(items) = items else { return Ok(None) };
    let row = |raw: &&'d RawValue| {
        let key = key(raw.get()).map_err(|error| bad(format!("a row of a list has no key: {error}")))?;
        Ok((key, Some(raw.get())))
    };
    items.iter().map(row).collect::<Result<_, Error>>().map(Some)
}

fn release_id(text: &str) -> serde_json::Result<Key> {
    #[derive(Deserialize)]
    struct Release {
        id: Key,
    }
    serde_json::from_str(text).map(|Release { id }| id)
}

fn killed_feature(text: &str) -> serde_json::Result<Key> {
    #[derive(Deserialize)]
    struct Kill {
        feature: Key,
    }
    serde_json::from_str(text).map(|Kill { feature }| feature)
}

/// The features and segments that a release names.
pub(super) fn named_by_release(text: &str) -> (Vec<Key>, Vec<Key>) {
    #[derive(Default, Deserialize)]
    struct Release<'t> {
        #[serde(borrow, default)]
        features: Members<'t>,
        #[serde(borrow, default)]
        segments: Members<'t>,
    }
    let Release { features, segments } = serde_json::from_str(text).unwrap_or_default();
    (features.keys(), segments.keys())
}

/// The features that an exclusion group names.
pub(super) fn named_by_group(text: &str) -> Vec<Key> {
    #[derive(Default, Deserialize)]
    struct Group<'t> {
        #[serde(borrow, default)]
        ranges: Members<'t>,
    }
    let Group { ranges } = serde_json::from_str(text).unwrap_or_default();
    ranges.keys()
}

/// The members of an object, in their order.
#[derive(Default)]
struct Members<'d>(Vec<(Key, &'d RawValue)>);

impl Members<'_> {
    fn keys(self) -> Vec<Key> {
        self.0.into_iter().map(|(key, _)| key).collect()
    }
}

impl<'de: 'd, 'd> Deserialize<'de> for Members<'d> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(Key, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Object).map(Self)
    }
}
