//! What concerns several definitions: attributes, environments, exclusion groups, kills.

use std::collections::{BTreeMap, BTreeSet};

use super::Bases;
use super::condition::BUCKETS;
use super::fields::{Decoder, did_you_mean};
use super::path::Path;
use crate::error::{Code, nearest, quote};
use crate::model::{Attribute, AttributeType, Environment, ExclusionGroup, Key, Kill, Range, limits};
use crate::value::{Node, order};

const TYPES: [(&str, AttributeType); 5] = [
    ("boolean", AttributeType::Boolean),
    ("list", AttributeType::List),
    ("number", AttributeType::Number),
    ("object", AttributeType::Object),
    ("string", AttributeType::String),
];

impl Decoder {
    /// The environments. One that is not sound exists all the same.
    pub(super) fn environments(&mut self, value: Node<'_>, path: &Path<'_>) -> BTreeMap<Key, Environment> {
        let mut environments = BTreeMap::new();
        for (name, value) in self.section(value, path) {
            let path = path.key(&name);
            let Some(key) = self.name(&name, &path) else { continue };
            let mut environment = Environment::default();
            if let Some(mut fields) = self.fields(value, &path) {
                environment.production =
                    self.optional_bool(&mut fields, "production", &path).unwrap_or(false);
                environment.description = self.description(&mut fields, &path);
                self.finish(fields, &["production", "description"], &path);
            }
            environments.insert(key, environment);
        }
        self.environments = Some(environments.keys().cloned().collect());
        environments
    }

    /// The declared attributes that are sound.
    pub(super) fn attributes(&mut self, value: Node<'_>, path: &Path<'_>) {
        for (name, value) in self.section(value, path) {
            let path = path.key(&name);
            let Some(key) = self.name(&name, &path) else { continue };
            if !self.note_attribute(&key, &path) {
                continue;
            }
            let Some(mut fields) = self.fields(value, &path) else { continue };
            let kind = self.required(&mut fields, "type", &path);
            let kind = kind.and_then(|value| self.choice(value, &TYPES, &path.key("type")));
            let process = self.optional_bool(&mut fields, "process", &path).unwrap_or(false);
            let description = self.description(&mut fields, &path);
            self.finish(fields, &["type", "process", "description"], &path);
            if let Some(kind) = kind {
                self.attributes.insert(key, Attribute { kind, process, description });
            }
        }
    }

    /// The exclusion groups; one that is not sound is noted as such.
    pub(super) fn groups(&mut self, value: Node<'_>, path: &Path<'_>) {
        for (name, value) in self.section(value, path) {
            let path = path.key(&name);
            let Some(key) = self.name(&name, &path) else { continue };
            let before = self.hard;
            let group = self.group_of_experiments(value, &path).filter(|_| self.hard == before);
            self.groups.insert(key, group);
        }
    }

    fn group_of_experiments(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<ExclusionGroup> {
        let mut fields = self.fields(value, path)?;
        let description = self.description(&mut fields, path);
        let unit = self.optional_unit(&mut fields, path);
        let salt = self.optional_salt(&mut fields, path);
        let ranges = self.required(&mut fields, "ranges", path);
        self.finish(fields, &["description", "unit", "salt", "ranges"], path);
        let path = path.key("ranges");
        let members = self.object(ranges?, &path)?;
        let mut taken: Vec<(Range, Key)> = Vec::with_capacity(members.len());
        for (name, value) in members {
            let path = path.key(&name);
            let Some(mut fields) = self.fields(value, &path) else { continue };
            let range = self.range(&mut fields, &path, &path);
            self.finish(fields, &["from", "to"], &path);
            if let (Some((from, to)), Some(key)) = (range, self.name(&name, &path)) {
                taken.push((Range { from, to }, key));
            }
        }
        order::sort_by(&mut taken, |(a, _), (b, _)| a.from.cmp(&b.from));
        self.check_overlaps(&taken, &path);
        let mut ranges = BTreeMap::new();
        ranges.extend(taken.into_iter().map(|(range, key)| (key, range)));
        Some(ExclusionGroup { description, unit, salt, ranges })
    }

    /// `taken` is sorted by the first bucket.
    fn check_overlaps(&mut self, taken: &[(Range, Key)], path: &Path<'_>) {
        let mut reach: Option<&(Range, Key)> = None;
        for here in taken {
            if let Some((range, key)) = reach.filter(|(range, _)| range.to > here.0.from) {
                let message = format_args!(
                    "expected buckets of its own, found those of {} up to {}",
                    quote(key),
                    range.to
                );
                self.error(Code::Overlap, &path.key(&here.1), message);
            }
            if reach.is_none_or(|(range, _)| range.to < here.0.to) {
                reach = Some(here);
            }
        }
        debug_assert!(taken.iter().all(|(range, _)| range.to <= BUCKETS), "ranges were checked");
    }

    /// A group that exists, is sound, and has a range for the feature.
    pub(super) fn check_group(&mut self, feature: &str, group: &Key, path: &Path<'_>) {
        if !self.has_groups {
            return;
        }
        match self.groups.get(group) {
            Some(Some(known)) if known.ranges.contains_key(feature) => {}
            Some(Some(_)) => {
                let message =
                    format_args!("{} has no range in exclusion group {}", quote(feature), quote(group));
                self.error(Code::NoExclusionRange, path, message);
            }
            Some(None) => {
                let message = format_args!("exclusion group {} is invalid", quote(group));
                self.error(Code::InvalidReference, path, message);
            }
            None => {
                let hint = did_you_mean(nearest(group, self.groups.keys().map(|key| &**key)));
                let message = format_args!("exclusion group {} does not exist", quote(group));
                self.error_with_hint(Code::UnknownExclusionGroup, path, message, &|| hint.clone());
            }
        }
    }

    /// The sound groups, without ranges of features that do not exist.
    pub(super) fn finish_groups(
        &mut self,
        known: &BTreeSet<Key>,
        path: &Path<'_>,
    ) -> BTreeMap<Key, ExclusionGroup> {
        let mut groups = BTreeMap::new();
        for (key, group) in std::mem::take(&mut self.groups) {
            let Some(mut group) = group else { continue };
            let path = path.key(&key);
            let path = path.key("ranges");
            for feature in group.ranges.keys().filter(|feature| !known.contains(*feature)) {
                self.unknown_feature(feature, known, &path.key(feature));
            }
            group.ranges.retain(|feature, _| known.contains(feature));
            groups.insert(Key::clone(&key), group);
        }
        groups
    }

    /// The kills that can be carried out; one in an environment that is not known is kept.
    pub(super) fn kills(&mut self, value: Node<'_>, known: &BTreeSet<Key>, path: &Path<'_>) -> Vec<Kill> {
        let mut kills = Vec::new();
        let Some(elements) = self.section_list(value, limits::LIST_VALUES, path) else { return kills };
        for (i, value) in elements.into_iter().enumerate() {
            let path = path.index(i);
            let Some(mut fields) = self.fields(value, &path) else { continue };
            let feature = self.required(&mut fields, "feature", &path);
            let feature = feature.and_then(|value| self.key(value, &path.key("feature")));
            let environment = self.required(&mut fields, "environment", &path);
            let environment = environment.and_then(|value| self.environment(value, &path.key("environment")));
            let reason = self.text(&mut fields, "reason", &path);
            self.finish(fields, &["feature", "environment", "reason"], &path);
            let Some(feature) = feature else { continue };
            if !known.contains(&feature) {
                self.unknown_feature(&feature, known, &path.key("feature"));
            } else if let Some(environment) = environment {
                kills.push(Kill { feature, environment, reason });
            }
        }
        kills
    }

    pub(super) fn unknown_feature(&mut self, feature: &str, known: &BTreeSet<Key>, path: &Path<'_>) {
        let hint = || did_you_mean(nearest(feature, known.iter().map(|key| &**key)));
        self.error_with_hint(
            Code::UnknownFeature,
            path,
            format_args!("feature {} does not exist", quote(feature)),
            &hint,
        );
    }
}

impl Bases<'_> {
    /// Whether the document has a definition of the feature, valid or not.
    pub(super) fn has_feature(&self, key: &str) -> bool {
        self.features.contains_key(key)
            || self.invalid_features.contains(key)
            || self.skipped.contains_key(key)
    }

    /// Whether the document has the segment, valid or not.
    pub(super) fn has_segment(&self, key: &str) -> bool {
        self.segments.contains_key(key) || self.invalid_segments.contains(key)
    }

    /// Whether the base can serve the variant; none: there is no base, or it is invalid.
    pub(super) fn serves(&self, key: &str, variant: &str) -> Option<bool> {
        if let Some(feature) = self.features.get(key) {
            return Some(feature.has_variant(variant));
        }
        let skipped = self.skipped.get(key)?;
        Some(match skipped.get("variants") {
            Some(variants) => variants.get(variant).is_some(),
            None => matches!(variant, "on" | "off"),
        })
    }
}
