//! Deltas: what leads from one version of a document to another, in whole units (see `Engine::apply_delta`).
//!
//! `features` and `segments` by key (`null`: gone), `releases` by id (`removed_releases`: their ids), `kills` and
//! `exclusion_groups` as a whole where a row of them changed. What a changed release, kill or exclusion group names is
//! carried with its definition: an engine keeps only what is linked.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::{Parts, named_by_group, named_by_release};
use super::{Rows, Section, bad, json, write_section};
use crate::error::{Code, Error, quote};
use crate::model::{Key, SCHEMA_VERSION};

impl Rows {
    /// The delta from an older version of which these rows changed; a row of `changed` that is not here is gone. None if
    /// the environment's own row or a declared attribute changed: then every definition is looked at anew, and engines
    /// want the whole document.
    #[must_use]
    pub fn delta(&self, from: u64, changed: &BTreeSet<(Section, Key)>) -> Option<Vec<u8>> {
        let touched: BTreeSet<Section> = changed.iter().map(|(section, _)| *section).collect();
        if touched.contains(&Section::Environments) || touched.contains(&Section::Attributes) {
            return None;
        }
        let mut text =
            format!("{{\"schema_version\":{SCHEMA_VERSION},\"from\":{from},\"version\":{}", self.version);
        text.push_str(",\"environment\":");
        text.push_str(&json(&self.environment));

        let carried = self.carried(changed);
        let mut out = |part: &str| text.push_str(part);
        for section in Section::ALL {
            let of_section = carried.iter().filter(|(carried, _)| *carried == section).map(|(_, key)| key);
            let rows = of_section.map(|key| (key, self.row(section, key).map(|text| &**text)));
            match section {
                Section::Environments | Section::Attributes => {}
                Section::Segments | Section::Features => {
                    let rows: Vec<_> = rows.collect();
                    if !rows.is_empty() {
                        write_section(section, rows.into_iter(), &mut out);
                    }
                }
                Section::ExclusionGroups | Section::Kills => {
                    if touched.contains(&section) {
                        let whole = self.table(section).iter();
                        write_section(section, whole.map(|(key, text)| (key, Some(&**text))), &mut out);
                    }
                }
                Section::Releases => {
                    let (here, gone): (Vec<_>, Vec<_>) = rows.partition(|(_, text)| text.is_some());
                    if !here.is_empty() {
                        write_section(section, here.into_iter(), &mut out);
                    }
                    if !gone.is_empty() {
                        let ids: Vec<String> = gone.into_iter().map(|(id, _)| json(id)).collect();
                        out(&format!(",\"removed_releases\":[{}]", ids.join(",")));
                    }
                }
            }
        }
        out("}");
        Some(text.into_bytes())
    }

    /// What changed, and what that names.
    fn carried(&self, changed: &BTreeSet<(Section, Key)>) -> BTreeSet<(Section, Key)> {
        let mut carried = changed.clone();
        let mut carry = |section: Section, keys: Vec<Key>| {
            // What is only being created has no row.
            let keys = keys.into_iter().filter(|key| self.table(section).contains_key(key));
            carried.extend(keys.map(|key| (section, key)));
        };
        for (section, key) in changed {
            let text = self.row(*section, key).map(|text| &**text).unwrap_or_default();
            match section {
                Section::Kills => carry(Section::Features, vec![Key::clone(key)]),
                Section::ExclusionGroups => carry(Section::Features, named_by_group(text)),
                Section::Releases => {
                    let (features, segments) = named_by_release(text);
                    carry(Section::Features, features);
                    carry(Section::Segments, segments);
                }
                Section::Attributes | Section::Environments | Section::Features | Section::Segments => {}
            }
        }
        carried
    }

    /// Applies a delta: the rows become those of its version.
    ///
    /// # Errors
    /// If it cannot be taken apart (TG6022), or is for another base (TG5005), for another environment (TG1008), or not to
    /// a newer version (TG5003); nothing has changed then.
    pub fn apply(&mut self, delta: &[u8]) -> Result<(), Error> {
        let parts = Parts::read(delta, "delta")?;
        self.check_base(&parts)?;
        let mut changes = Vec::new();
        for section in Section::ALL {
            if let Some(rows) = parts.rows(section)? {
                changes.push((section, rows));
            }
        }
        for (section, rows) in changes {
            let whole = !matches!(section, Section::Features | Section::Releases | Section::Segments);
            let table = self.table_mut(section);
            if whole {
                *table = BTreeMap::new();
            }
            for (key, text) in rows {
                match text {
                    Some(text) => table.insert(key, text.into()),
                    None => table.remove(&key),
                };
            }
        }
        for id in parts.removed_releases.iter().flatten() {
            self.remove(Section::Releases, id);
        }
        self.version = parts.version;
        Ok(())
    }

    fn check_base(&self, parts: &Parts<'_>) -> Result<(), Error> {
        let Some(from) = parts.from else { return Err(bad("expected a delta, found no `from`")) };
        if parts.environment != self.environment {
            let (own, other) = (quote(&self.environment), quote(&parts.environment));
            let message = format!("expected a delta of {own}, found one of {other}");
            return Err(Error::new(Code::OtherEnvironment, "/environment", message));
        }
        if from != self.version {
            let message = format!("expected a delta from version {}, found {from}", self.version);
            return Err(Error::new(Code::DeltaBase, "/from", message));
        }
        if parts.version <= from {
            let message = format!("expected a version above {from}, found {}", parts.version);
            return Err(Error::new(Code::OlderVersion, "/version", message));
        }
        Ok(())
    }
}
