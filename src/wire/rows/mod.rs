//! A document as rows: by section and key, each with its exact text.
//!
//! ```text
//!  document ─ parse ─▶ Rows ─ render ─▶ the same bytes        (of a document that was rendered)
//!                       │ ▲
//!         delta(from, …)│ │apply(delta)                       (delta.rs)
//!                       ▼ │
//!                      delta: whole units of what changed
//! ```
//! Not a decoder: what a row means is for `model`; here it is text.
//! INVARIANT: sections in document order, rows in byte order of their keys: the same rows and version give the same bytes.

mod delta;
mod parts;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::parts::Parts;
use super::Sha256;
use super::sha256::Hasher;
use crate::error::{Code, Error, quote};
use crate::model::{Key, SCHEMA_VERSION};

/// A section of a document, in document order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Section {
    /// `environments`
    Environments,
    /// `attributes`
    Attributes,
    /// `segments`
    Segments,
    /// `features`
    Features,
    /// `exclusion_groups`
    ExclusionGroups,
    /// `releases`, a list; the key of a row is the release's `id`.
    Releases,
    /// `kills`, a list; the key of a row is the `feature` that is killed.
    Kills,
}

impl Section {
    /// All, in document order.
    pub const ALL: [Self; 7] = [
        Self::Environments,
        Self::Attributes,
        Self::Segments,
        Self::Features,
        Self::ExclusionGroups,
        Self::Releases,
        Self::Kills,
    ];

    /// The member of the document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Environments => "environments",
            Self::Attributes => "attributes",
            Self::Segments => "segments",
            Self::Features => "features",
            Self::ExclusionGroups => "exclusion_groups",
            Self::Releases => "releases",
            Self::Kills => "kills",
        }
    }

    /// Whether its rows stand in a list, else in a map by their keys.
    const fn is_list(self) -> bool {
        matches!(self, Self::Kills | Self::Releases)
    }
}

/// The rows of a section.
type Table = BTreeMap<Key, Arc<str>>;

/// The document of one environment, as rows. A clone shares the text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rows {
    environment: Key,
    version: u64,
    tables: [Table; 7],
}

impl Rows {
    /// No rows.
    #[must_use]
    pub fn new(environment: Key, version: u64) -> Self {
        Self { environment, version, tables: Default::default() }
    }

    /// Takes a document apart.
    ///
    /// # Errors
    /// If it is not a JSON object of one environment with the known sections, or a row stands twice (TG6022). A document
    /// that is refused here may still be one that engines load: it is to be had as a whole only.
    pub fn parse(document: &[u8]) -> Result<Self, Error> {
        let parts = Parts::read(document, "document")?;
        if parts.from.is_some() || parts.removed_releases.is_some() {
            return Err(bad("expected a document, found a delta (`from`, `removed_releases`)"));
        }
        let mut rows = Self::new(Key::clone(&parts.environment), parts.version);
        for section in Section::ALL {
            for (key, text) in parts.rows(section)?.unwrap_or_default() {
                let text =
                    text.ok_or_else(|| bad(format!("{} in `{}` is null", quote(&key), section.name())))?;
                rows.insert(section, key, text);
            }
        }
        Ok(rows)
    }

    /// The environment.
    #[must_use]
    pub fn environment(&self) -> &Key {
        &self.environment
    }

    /// The version of the document.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Makes it the document of another version.
    pub fn set_version(&mut self, version: u64) {
        self.version = version;
    }

    /// Puts a row, whose text must be JSON: what was there before.
    pub fn insert(&mut self, section: Section, key: Key, text: impl Into<Arc<str>>) -> Option<Arc<str>> {
        self.table_mut(section).insert(key, text.into())
    }

    /// Removes a row: what was there.
    pub fn remove(&mut self, section: Section, key: &str) -> Option<Arc<str>> {
        self.table_mut(section).remove(key)
    }

    /// The text of a row.
    #[must_use]
    pub fn row(&self, section: Section, key: &str) -> Option<&Arc<str>> {
        self.table(section).get(key)
    }

    /// All rows, in document order.
    pub fn iter(&self) -> impl Iterator<Item = (Section, &Key, &Arc<str>)> {
        Section::ALL
            .into_iter()
            .flat_map(|section| self.table(section).iter().map(move |(key, text)| (section, key, text)))
    }

    /// The document.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut |part| out.extend_from_slice(part.as_bytes()));
        out
    }

    /// The hash of the document, which is not made for it.
    #[must_use]
    pub fn sha256(&self) -> Sha256 {
        let mut hasher = Hasher::new();
        self.write(&mut |part| hasher.update(part.as_bytes()));
        hasher.finish()
    }

    fn write(&self, out: &mut impl FnMut(&str)) {
        let version = self.version;
        out(&format!("{{\"schema_version\":{SCHEMA_VERSION},\"version\":{version},\"environment\":"));
        out(&json(&self.environment));
        for section in Section::ALL {
            let table = self.table(section);
            if !table.is_empty() {
                write_section(section, table.iter().map(|(key, text)| (key, Some(&**text))), out);
            }
        }
        out("}");
    }

    fn table(&self, section: Section) -> &Table {
        let [environments, attributes, segments, features, groups, releases, kills] = &self.tables;
        match section {
            Section::Environments => environments,
            Section::Attributes => attributes,
            Section::Segments => segments,
            Section::Features => features,
            Section::ExclusionGroups => groups,
            Section::Releases => releases,
            Section::Kills => kills,
        }
    }

    fn table_mut(&mut self, section: Section) -> &mut Table {
        let [environments, attributes, segments, features, groups, releases, kills] = &mut self.tables;
        match section {
            Section::Environments => environments,
            Section::Attributes => attributes,
            Section::Segments => segments,
            Section::Features => features,
            Section::ExclusionGroups => groups,
            Section::Releases => releases,
            Section::Kills => kills,
        }
    }
}

/// Writes `,"name":{…}` or `,"name":[…]`; a row without text is one that is gone.
fn write_section<'t>(
    section: Section,
    rows: impl Iterator<Item = (&'t Key, Option<&'t str>)>,
    out: &mut impl FnMut(&str),
) {
    out(",\"");
    out(section.name());
    out(if section.is_list() { "\":[" } else { "\":{" });
    for (index, (key, text)) in rows.enumerate() {
        if index > 0 {
            out(",");
        }
        if !section.is_list() {
            out(&json(key));
            out(":");
        }
        out(text.unwrap_or("null"));
    }
    out(if section.is_list() { "]" } else { "}" });
}

/// A key as JSON.
fn json(key: &Key) -> String {
    serde_json::to_string(key).unwrap_or_default()
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(Code::BadRows, "", message)
}
