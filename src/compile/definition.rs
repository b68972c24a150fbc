//! Definitions: keys become numbers, shares become spans, conditions are simplified (SEMANTICS §3).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::condition::{Cond, Reference, simplify};
use super::path::Path;
use super::{Scope, Sink};
use crate::bucket::{BUCKETS, Span, mix, salt_hash};
use crate::context::{AttributeKey, unit_of};
use crate::error::Code;
use crate::model::{ExclusionGroup, Feature, Key, Kind, Otherwise, Percent, Rule};
use crate::program::VariantList;
use crate::value::{Value, ValueRef};

/// A definition, ready to be written as code.
#[derive(Debug)]
pub(super) struct Definition<'m> {
    pub(super) gate: bool,
    pub(super) archived: bool,
    pub(super) variants: VariantList,
    pub(super) rules: Vec<Key>,
    shared: Body<'m>,
    /// Sorted by name.
    environments: Vec<(&'m str, Body<'m>)>,
    pub(super) references: Vec<Reference>,
}

/// A resolved definition (SEMANTICS 3.3).
#[derive(Debug)]
pub(super) struct Body<'m> {
    /// The environment whose block has the rules.
    pub(super) origin: Option<&'m str>,
    pub(super) enabled: bool,
    pub(super) default: u16,
    /// Shared by the blocks that do not replace them.
    pub(super) rules: Arc<[Lowered<'m>]>,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Lowered<'m> {
    /// The index of its id.
    pub(super) id: u32,
    pub(super) condition: Cond<'m>,
    /// Shares that must all let the unit in.
    pub(super) shares: Vec<Share>,
    /// Whether the reason is `split`.
    pub(super) by_bucket: bool,
    pub(super) serve: Serve,
    pub(super) otherwise: Otherwise,
}

/// What a rule serves.
#[derive(Debug)]
pub(super) enum Serve {
    Variant(u16),
    Split(AttributeKey, u64, Vec<(u16, Span)>),
    /// The unit of the split is a process attribute: decided now.
    Decided(Option<u16>),
}

/// A share of units.
#[derive(Clone, Copy, Debug)]
pub(super) enum Share {
    Constant(bool),
    Span { unit: AttributeKey, salt: u64, span: Span },
}

/// A share by name; decided now if the unit is a process attribute.
pub(super) fn share(
    unit: &str,
    salt: &str,
    span: Option<Span>,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    sink: &mut Sink,
) -> Share {
    let Some(span) = span else { return Share::Constant(false) };
    let salt = salt_hash(salt);
    if let Some(value) = scope.process(unit) {
        let unit = unit_of(ValueRef::from(value));
        return Share::Constant(unit.is_some_and(|unit| span.contains(mix(salt, unit))));
    }
    Share::Span { unit: scope.attribute(unit, path, sink), salt, span }
}

impl<'m> Definition<'m> {
    /// The resolved definition of an environment.
    pub(super) fn body(&self, environment: Option<&str>) -> &Body<'m> {
        let block = environment.and_then(|name| {
            let found = self.environments.binary_search_by(|(own, _)| (*own).cmp(name)).ok()?;
            self.environments.get(found)
        });
        block.map_or(&self.shared, |(_, body)| body)
    }

    /// The environments that have a block.
    pub(super) fn environments(&self) -> impl Iterator<Item = &'m str> {
        self.environments.iter().map(|(name, _)| *name)
    }

    /// The number of a variant.
    pub(super) fn variant(&self, name: &str) -> Option<u16> {
        self.variants.iter().position(|(own, _)| **own == *name).and_then(|index| u16::try_from(index).ok())
    }

    /// Lowers a feature; problems go to the sink.
    pub(super) fn lower(
        key: &str,
        feature: &'m Feature,
        groups: &BTreeMap<Key, ExclusionGroup>,
        path: &Path<'_>,
        scope: &mut Scope<'_>,
        sink: &mut Sink,
    ) -> Self {
        let variants = variants(feature, scope);
        let mut lowering = Lowering { key, feature, groups, variants: &variants, rules: Vec::new() };
        let default = lowering.default(feature.default.as_ref(), path, sink);
        let list: Arc<[_]> = lowering.list(&feature.rules, &path.name("rules"), scope, sink).into();
        let shared = Body { origin: None, enabled: feature.enabled, default, rules: Arc::clone(&list) };
        let mut environments = Vec::with_capacity(feature.environments.len());
        let place = path.name("environments");
        let none: Arc<[_]> = Arc::default();
        for (name, block) in &feature.environments {
            let place = place.name(name);
            let rules = match &block.rules {
                // As the same list, so that environments without rules are alike.
                Some(rules) if rules.is_empty() => Arc::clone(&none),
                Some(rules) => lowering.list(rules, &place.name("rules"), scope, sink).into(),
                None => Arc::clone(&list),
            };
            let default = match &block.default {
                Some(name) => lowering.default(Some(name), &place, sink),
                None => default,
            };
            let origin = block.rules.as_ref().map(|_| &**name);
            let body = Body { origin, enabled: block.enabled.unwrap_or(feature.enabled), default, rules };
            environments.push((&**name, body));
        }
        let rules = lowering.rules;
        let references = sink.take_references();
        let gate = feature.kind == Kind::Gate;
        Self { gate, archived: feature.archived, variants, rules, shared, environments, references }
    }
}

fn variants(feature: &Feature, scope: &Scope<'_>) -> VariantList {
    if feature.variants.is_empty() {
        return scope.switch();
    }
    feature.variants.0.iter().cloned().collect()
}

/// The variants of a gate that names none (SEMANTICS 3.1).
pub(super) fn switch() -> VariantList {
    Arc::new([(Key::from("off"), Value::Bool(false)), (Key::from("on"), Value::Bool(true))])
}

struct Lowering<'a, 'm> {
    key: &'a str,
    feature: &'m Feature,
    groups: &'a BTreeMap<Key, ExclusionGroup>,
    variants: &'a [(Key, Value)],
    rules: Vec<Key>,
}

impl<'m> Lowering<'_, 'm> {
    fn unit(&self) -> &'m str {
        self.feature.unit.as_deref().unwrap_or("user_id")
    }

    fn salt(&self) -> &str {
        self.feature.salt.as_deref().unwrap_or(self.key)
    }

    fn variant(&self, name: &str, path: &Path<'_>, sink: &mut Sink) -> u16 {
        let found = self.variants.iter().position(|(own, _)| **own == *name);
        found.and_then(|index| u16::try_from(index).ok()).unwrap_or_else(|| {
            sink.report(Code::UnknownVariant, path, format!("unknown variant {}", crate::error::quote(name)));
            0
        })
    }

    fn default(&self, name: Option<&Key>, path: &Path<'_>, sink: &mut Sink) -> u16 {
        match name {
            Some(name) => self.variant(name, &path.name("default"), sink),
            None if self.feature.kind == Kind::Gate => self.variant("off", &path.name("default"), sink),
            None => {
                sink.report(Code::MissingField, path, "expected a `default`".to_owned());
                0
            }
        }
    }

    fn list(
        &mut self,
        rules: &'m [Rule],
        path: &Path<'_>,
        scope: &mut Scope<'_>,
        sink: &mut Sink,
    ) -> Vec<Lowered<'m>> {
        let mut list = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            list.push(self.rule(rule, &path.index(index), scope, sink));
        }
        list
    }

    fn rule(
        &mut self,
        rule: &'m Rule,
        path: &Path<'_>,
        scope: &mut Scope<'_>,
        sink: &mut Sink,
    ) -> Lowered<'m> {
        let id = self.rules.len() as u32;
        self.rules.push(Key::clone(&rule.id));
        let condition = match &rule.condition {
            Some(condition) => simplify(condition, false, &path.name("if"), scope, sink),
            None => Cond::Constant(true),
        };
        let mut shares = Vec::new();
        if rule.split.is_some() && self.feature.kind == Kind::Experiment {
            self.participation(&mut shares, path, scope, sink);
        }
        if let Some(rollout) = &rule.rollout {
            let unit = rollout.unit.as_deref().unwrap_or_else(|| self.unit());
            let span = Span::new(0, rollout.percent.0);
            let place = path.name("rollout");
            shares.push(match &rollout.salt {
                Some(salt) => share(unit, salt, span, &place, scope, sink),
                None => {
                    let salt = ["rollout/", self.salt(), "/", &rule.id].concat();
                    share(unit, &salt, span, &place, scope, sink)
                }
            });
        }
        let by_bucket =
            rule.split.is_some() || rule.rollout.as_ref().is_some_and(|rollout| rollout.percent < WHOLE);
        let serve = self.serve(rule, path, scope, sink);
        Lowered { id, condition, shares, by_bucket, serve, otherwise: rule.otherwise }
    }

    fn participation(
        &self,
        shares: &mut Vec<Share>,
        path: &Path<'_>,
        scope: &mut Scope<'_>,
        sink: &mut Sink,
    ) {
        if let Some(allocation) = &self.feature.allocation {
            let default = format!("allocation/{}", self.salt());
            let salt = allocation.salt.as_deref().unwrap_or(&default);
            shares.push(share(self.unit(), salt, Span::new(0, allocation.percent.0), path, scope, sink));
        }
        let Some(name) = &self.feature.exclusion_group else { return };
        let Some(group) = self.groups.get(name) else {
            // Reported by `decode`, at the field; here it makes the definition invalid.
            sink.fail();
            return;
        };
        let Some(range) = group.ranges.get(self.key) else {
            sink.fail();
            return;
        };
        let salt = format!("exclusion/{}", group.salt.as_deref().unwrap_or(name));
        let unit = group.unit.as_deref().unwrap_or("user_id");
        shares.push(share(unit, &salt, Span::new(range.from, range.to), path, scope, sink));
    }

    fn serve(&self, rule: &'m Rule, path: &Path<'_>, scope: &mut Scope<'_>, sink: &mut Sink) -> Serve {
        let Some(split) = &rule.split else {
            return match &rule.variant {
                Some(variant) => Serve::Variant(self.variant(variant, &path.name("variant"), sink)),
                None => {
                    sink.report(Code::BadForm, path, "expected `variant` or `split`".to_owned());
                    Serve::Decided(None)
                }
            };
        };
        let place = path.name("split");
        let mut from = 0_u32;
        let mut arms = Vec::with_capacity(split.len());
        for (index, arm) in split.iter().enumerate() {
            let variant = self.variant(&arm.variant, &place.index(index).name("variant"), sink);
            let to = from.saturating_add(arm.weight.0);
            arms.extend(Span::new(from, to).map(|span| (variant, span)));
            from = to;
        }
        let salt = salt_hash(&format!("split/{}", self.salt()));
        if let Some(value) = scope.process(self.unit()) {
            let mixed = unit_of(ValueRef::from(value)).map(|unit| mix(salt, unit));
            let arm = mixed.and_then(|mixed| arms.iter().find(|(_, span)| span.contains(mixed)));
            return Serve::Decided(arm.map(|(variant, _)| *variant));
        }
        let unit = scope.attribute(self.unit(), &place, sink);
        Serve::Split(unit, salt, arms)
    }
}

/// All units.
pub(super) const WHOLE: Percent = Percent(BUCKETS);
