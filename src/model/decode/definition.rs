//! Features and segments (SEMANTICS §3).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fields::{Decoder, Fields, did_you_mean};
use super::path::Path;
use super::remnant::Definition;
use crate::error::{Code, nearest, quote};
use crate::model::{
    Allocation, Condition, EnvironmentBlock, Feature, Key, Kind, Otherwise, Percent, Rollout, Rule, Segment,
    Variants, Weighted, limits,
};
use crate::value::{KeyedSet, Node};

const KINDS: [(&str, Kind); 3] =
    [("config", Kind::Config), ("experiment", Kind::Experiment), ("gate", Kind::Gate)];
const OTHERWISE: [(&str, Otherwise); 2] = [("default", Otherwise::Default), ("next", Otherwise::Next)];

const FEATURE: [&str; 12] = [
    "kind",
    "description",
    "unit",
    "salt",
    "enabled",
    "archived",
    "variants",
    "default",
    "rules",
    "environments",
    "allocation",
    "exclusion_group",
];
const RULE: [&str; 7] = ["id", "description", "if", "rollout", "variant", "split", "otherwise"];

/// A rule that was read before the names were known.
pub(super) enum ReadRule<'d> {
    /// Of the usual members, with a variant.
    Whole(Rule),
    /// Its condition, and its other members.
    Parts(Option<Condition>, Fields<'d>),
}

/// The rules of a list so far.
struct Rules {
    list: Vec<Rule>,
    /// The ids, once there are many.
    ids: KeyedSet<Key>,
    /// Whether one has the empty id; those without an id have it as well.
    has_empty: bool,
}

impl Rules {
    /// Up to so many, ids are compared one by one.
    const FEW: usize = 16;

    fn with_capacity(size: usize) -> Self {
        Self { list: Vec::with_capacity(size), ids: KeyedSet::default(), has_empty: false }
    }

    /// Whether no rule has the id yet.
    fn is_new(&mut self, id: &Key) -> bool {
        if id.is_empty() {
            return !std::mem::replace(&mut self.has_empty, true);
        }
        if self.list.len() < Self::FEW {
            return !self.list.iter().any(|rule| rule.id == *id);
        }
        if self.ids.is_empty() {
            self.ids.extend(self.list.iter().map(|rule| Key::clone(&rule.id)));
        }
        self.ids.insert(Key::clone(id))
    }
}

/// The names that rules and defaults of a definition may use.
enum Names {
    /// `on` and `off`.
    Gate,
    Given(KeyedSet<Key>),
    /// The variants are not sound; nothing is said about names.
    Unknown,
}

impl Names {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::Gate => matches!(name, "on" | "off"),
            Self::Given(names) => names.contains(name),
            Self::Unknown => true,
        }
    }

    fn near(&self, name: &str) -> Option<String> {
        match self {
            Self::Gate => did_you_mean(nearest(name, ["on", "off"])),
            Self::Given(names) => {
                let mut names: Vec<&str> = names.iter().map(|n| &**n).collect();
                names.sort_unstable();
                did_you_mean(nearest(name, names))
            }
            Self::Unknown => None,
        }
    }
}

impl Decoder {
    /// A segment, if nothing is wrong with it.
    pub(super) fn segment(&mut self, key: &str, value: Node<'_>, path: &Path<'_>) -> Option<Arc<Segment>> {
        let before = self.hard;
        let mut fields = self.fields(value, path)?;
        let description = self.description(&mut fields, path);
        let condition = self.required(&mut fields, "if", path);
        let condition = condition.and_then(|value| self.condition(value, &path.key("if")));
        self.finish(fields, &["if", "description"], path);
        let segment = Arc::new(Segment { description, condition: condition? });
        if self.hard > before {
            self.remain_definition(key, Definition::Segment(segment), path);
            return None;
        }
        Some(segment)
    }

    /// The definition of the feature `key`, if nothing is wrong with it.
    pub(super) fn feature(&mut self, key: &str, value: Node<'_>, path: &Path<'_>) -> Option<Arc<Feature>> {
        let fields = self.fields(value, path)?;
        self.feature_of(key, fields, None, path)
    }

    /// A definition of the members of its object; but for its rules, if they were `read` already.
    pub(super) fn feature_of(
        &mut self,
        key: &str,
        mut fields: Fields<'_>,
        read: Option<Vec<ReadRule<'_>>>,
        path: &Path<'_>,
    ) -> Option<Arc<Feature>> {
        let before = self.hard;
        let kind = self.required(&mut fields, "kind", path);
        let kind = kind.and_then(|value| self.choice(value, &KINDS, &path.key("kind")));
        let description = self.description(&mut fields, path);
        let unit = self.optional_unit(&mut fields, path);
        let salt = self.optional_salt(&mut fields, path);
        let enabled = self.optional_bool(&mut fields, "enabled", path).unwrap_or(true);
        let archived = self.optional_bool(&mut fields, "archived", path).unwrap_or(false);
        let (variants, names) = self.variants(&mut fields, kind, path);
        let default = self.default_variant(&mut fields, kind, &names, path);
        let rules = match read {
            Some(rules) => self.read_rules(rules, &names, &path.key("rules")),
            None => fields.take("rules").and_then(|value| self.rules(value, &names, &path.key("rules"))),
        };
        let environments = self.blocks(&mut fields, &names, path);
        let allocation = self.allocation(&mut fields, kind, path);
        let exclusion_group = self.exclusion_group(key, &mut fields, kind, path);
        self.finish(fields, &FEATURE, path);
        let feature = Arc::new(Feature {
            kind: kind.unwrap_or(Kind::Gate),
            description,
            unit,
            salt,
            enabled,
            archived,
            variants,
            default,
            rules: rules.unwrap_or_default(),
            environments,
            allocation,
            exclusion_group,
        });
        if self.hard == before {
            self.check_repeats(&feature, path);
        }
        if self.hard > before {
            if !matches!(names, Names::Unknown) {
                let [bases, candidates] = &mut self.partial;
                let partial = if self.release.is_none() { bases } else { candidates };
                partial.insert(key.into(), Arc::clone(&feature));
            }
            self.remain_definition(key, Definition::Feature(feature), path);
            return None;
        }
        Some(feature)
    }

    fn variants(
        &mut self,
        fields: &mut Fields<'_>,
        kind: Option<Kind>,
        path: &Path<'_>,
    ) -> (Variants, Names) {
        let Some(value) = fields.take("variants") else {
            return match kind {
                Some(Kind::Gate) => (Variants::default(), Names::Gate),
                Some(_) => {
                    self.missing(fields, "variants", path);
                    (Variants::default(), Names::Unknown)
                }
                None => (Variants::default(), Names::Unknown),
            };
        };
        let path = path.key("variants");
        let Some(members) = self.object(value, &path) else { return (Variants::default(), Names::Unknown) };
        if members.is_empty() {
            self.error(Code::NoVariants, &path, format_args!("expected at least one variant, found none"));
            return (Variants::default(), Names::Unknown);
        }
        if !self.within(members.len(), limits::VARIANTS, "variants", &path) {
            return (Variants::default(), Names::Unknown);
        }
        let mut variants = Vec::with_capacity(members.len());
        for (name, value) in members {
            let path = path.key(&name);
            if kind == Some(Kind::Gate) && value.as_bool().is_none() {
                self.wrong_type(&path, "a boolean as a gate's variant", &value);
            }
            if let Some(name) = self.name(&name, &path) {
                variants.push((name, value.into_value()));
            }
        }
        let names = variants.iter().map(|(name, _)| Key::clone(name)).collect();
        (Variants(variants), Names::Given(names))
    }

    fn default_variant(
        &mut self,
        fields: &mut Fields<'_>,
        kind: Option<Kind>,
        names: &Names,
        path: &Path<'_>,
    ) -> Option<Key> {
        match fields.take("default") {
            Some(value) => self.variant(value, names, &path.key("default")),
            None if kind == Some(Kind::Gate) => {
                if !names.has("off") {
                    let message =
                        format_args!("expected a field `default`, as there is no variant `off`, found none");
                    self.error(Code::MissingField, path, message);
                }
                None
            }
            None => {
                if kind.is_some() {
                    self.missing(fields, "default", path);
                }
                None
            }
        }
    }

    /// The name of a variant that exists.
    fn variant(&mut self, value: Node<'_>, names: &Names, path: &Path<'_>) -> Option<Key> {
        let name = self.key(value, path)?;
        self.known_variant(name, names, path)
    }

    fn known_variant(&mut self, name: Key, names: &Names, path: &Path<'_>) -> Option<Key> {
        if !names.has(&name) {
            let message = format_args!("{} is not a variant of the feature", quote(&name));
            self.error_with_hint(Code::UnknownVariant, path, message, &|| names.near(&name));
            return None;
        }
        Some(name)
    }

    fn rules(&mut self, value: Node<'_>, names: &Names, path: &Path<'_>) -> Option<Vec<Rule>> {
        let elements = self.list(value, limits::RULES, path)?;
        let mut rules = Rules::with_capacity(elements.len());
        for (i, element) in elements.into_iter().enumerate() {
            let path = path.index(i);
            let rule = self.rule(element, names, &path);
            self.add_rule(rule, &mut rules, &path);
        }
        Some(rules.list)
    }

    /// Rules whose conditions were read before the names were known.
    fn read_rules(&mut self, read: Vec<ReadRule<'_>>, names: &Names, path: &Path<'_>) -> Option<Vec<Rule>> {
        let mut rules = Rules::with_capacity(read.len());
        for (i, rule) in read.into_iter().enumerate() {
            let path = path.index(i);
            let rule = match rule {
                ReadRule::Whole(mut rule) => {
                    rule.variant = rule
                        .variant
                        .and_then(|variant| self.known_variant(variant, names, &path.key("variant")));
                    (true, rule)
                }
                ReadRule::Parts(condition, fields) => self.rule_of(condition, fields, names, &path),
            };
            self.add_rule(rule, &mut rules, &path);
        }
        Some(rules.list)
    }

    /// Adds a rule, and whether it has an id; one that is not sound holds its place.
    fn add_rule(&mut self, (named, rule): (bool, Rule), rules: &mut Rules, path: &Path<'_>) {
        if named && !rules.is_new(&rule.id) {
            let message = format_args!("rule {} is in the list already", quote(&rule.id));
            self.error(Code::DuplicateId, &path.key("id"), message);
        }
        rules.list.push(rule);
    }

    fn rule(&mut self, value: Node<'_>, names: &Names, path: &Path<'_>) -> (bool, Rule) {
        match self.fields(value, path) {
            Some(fields) => self.rule_of(None, fields, names, path),
            None => {
                let (id, otherwise) = (Key::default(), Otherwise::default());
                let (description, condition, rollout, variant, split) = Default::default();
                (false, Rule { id, description, condition, rollout, variant, split, otherwise })
            }
        }
    }

    /// A rule of the members of its object; without `if`, if its condition was read already.
    fn rule_of(
        &mut self,
        condition: Option<Condition>,
        mut fields: Fields<'_>,
        names: &Names,
        path: &Path<'_>,
    ) -> (bool, Rule) {
        let id = self.required(&mut fields, "id", path).and_then(|value| self.key(value, &path.key("id")));
        let description = self.description(&mut fields, path);
        let condition =
            condition.or_else(|| fields.take("if").and_then(|value| self.condition(value, &path.key("if"))));
        let rollout = fields.take("rollout").and_then(|value| self.rollout(value, &path.key("rollout")));
        let (variant, split) = (fields.take("variant"), fields.take("split"));
        match (&variant, &split) {
            (Some(_), Some(_)) => {
                self.error(
                    Code::BadForm,
                    path,
                    format_args!("expected either `variant` or `split`, found both"),
                );
            }
            (None, None) => {
                self.error(
                    Code::MissingField,
                    path,
                    format_args!("expected a field `variant` or `split`, found neither"),
                );
            }
            _ => {}
        }
        let variant = variant.and_then(|value| self.variant(value, names, &path.key("variant")));
        let split = split.and_then(|value| self.split(value, names, &path.key("split")));
        let otherwise = fields.take("otherwise");
        let otherwise = otherwise.and_then(|value| self.choice(value, &OTHERWISE, &path.key("otherwise")));
        self.finish(fields, &RULE, path);
        let otherwise = otherwise.unwrap_or_default();
        let (named, id) = (id.is_some(), id.unwrap_or_default());
        (named, Rule { id, description, condition, rollout, variant, split, otherwise })
    }

    pub(super) fn rollout(&mut self, value: Node<'_>, path: &Path<'_>) -> Option<Rollout> {
        let mut fields = self.fields(value, path)?;
        let percent = self.required_percent(&mut fields, "percent", path);
        let unit = self.optional_unit(&mut fields, path);
        let salt = self.optional_salt(&mut fields, path);
        self.finish(fields, &["percent", "unit", "salt"], path);
        Some(Rollout { percent: percent?, unit, salt })
    }

    pub(super) fn required_percent(
        &mut self,
        fields: &mut Fields<'_>,
        name: &str,
        path: &Path<'_>,
    ) -> Option<Percent> {
        let value = self.required(fields, name, path)?;
        self.percent(&value, &path.key(name))
    }

    fn split(&mut self, value: Node<'_>, names: &Names, path: &Path<'_>) -> Option<Vec<Weighted>> {
        let elements = self.list(value, limits::LIST_VALUES, path)?;
        let size = elements.len();
        let mut split = Vec::with_capacity(size);
        for (i, element) in elements.into_iter().enumerate() {
            split.extend(self.weighted(element, names, &path.index(i)));
        }
        if split.len() < size {
            return None;
        }
        let sum: u64 = split.iter().map(|part: &Weighted| u64::from(part.weight.0)).sum();
        if sum != u64::from(Percent::ALL.0) {
            let sum = sum as f64 / 10_000.0;
            self.error(Code::BadWeights, path, format_args!("expected weights that sum to 100, found {sum}"));
        }
        Some(split)
    }

    fn weighted(&mut self, value: Node<'_>, names: &Names, path: &Path<'_>) -> Option<Weighted> {
        let mut fields = self.fields(value, path)?;
        let variant = self.required(&mut fields, "variant", path);
        let variant = variant.and_then(|value| self.variant(value, names, &path.key("variant")));
        let weight = self.required_percent(&mut fields, "weight", path);
        self.finish(fields, &["variant", "weight"], path);
        Some(Weighted { variant: variant?, weight: weight? })
    }

    fn blocks(
        &mut self,
        fields: &mut Fields<'_>,
        names: &Names,
        path: &Path<'_>,
    ) -> BTreeMap<Key, EnvironmentBlock> {
        let Some(value) = fields.take("environments") else { return BTreeMap::new() };
        let path = path.key("environments");
        let mut blocks = BTreeMap::new();
        for (name, value) in self.object(value, &path).unwrap_or_default() {
            let path = path.key(&name);
            let key = self.name(&name, &path);
            if let Some(key) = &key {
                self.check_environment(key, &path);
            }
            if let Some(block) = self.block(value, names, &path) {
                blocks.insert(key.unwrap_or_else(|| (&*name).into()), block);
            }
        }
        blocks
    }

    fn block(&mut self, value: Node<'_>, names: &Names, path: &Path<'_>) -> Option<EnvironmentBlock> {
        let mut fields = self.fields(value, path)?;
        let description = self.description(&mut fields, path);
        let enabled = self.optional_bool(&mut fields, "enabled", path);
        let default =
            fields.take("default").and_then(|value| self.variant(value, names, &path.key("default")));
        let rules = fields.take("rules").and_then(|value| self.rules(value, names, &path.key("rules")));
        self.finish(fields, &["description", "enabled", "default", "rules"], path);
        Some(EnvironmentBlock { description, enabled, default, rules })
    }

    fn allocation(
        &mut self,
        fields: &mut Fields<'_>,
        kind: Option<Kind>,
        path: &Path<'_>,
    ) -> Option<Allocation> {
        let value = fields.take("allocation")?;
        let path = path.key("allocation");
        self.only_experiments(kind, &path);
        let mut fields = self.fields(value, &path)?;
        let percent = self.required_percent(&mut fields, "percent", &path);
        let salt = self.optional_salt(&mut fields, &path);
        self.finish(fields, &["percent", "salt"], &path);
        Some(Allocation { percent: percent?, salt })
    }

    fn exclusion_group(
        &mut self,
        feature: &str,
        fields: &mut Fields<'_>,
        kind: Option<Kind>,
        path: &Path<'_>,
    ) -> Option<Key> {
        let value = fields.take("exclusion_group")?;
        let path = path.key("exclusion_group");
        self.only_experiments(kind, &path);
        let group = self.key(value, &path)?;
        self.check_group(feature, &group, &path);
        Some(group)
    }

    fn only_experiments(&mut self, kind: Option<Kind>, path: &Path<'_>) {
        if matches!(kind, Some(Kind::Config | Kind::Gate)) {
            self.error(Code::NotOfThisKind, path, format_args!("only an experiment has this field"));
        }
    }
}
