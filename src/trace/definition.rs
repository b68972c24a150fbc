//! Deciding a feature: kills, the effective definition, its rules (SEMANTICS 3.3 to 3.8, §6).

use std::sync::Arc;

use super::overlay::{Overlay, Subject, unit_of};
use super::tree::{Node, Outcome, Share, Source, Step};
use super::{Decision, Reason, Refs, Run, Served, Sign};
use crate::bucket::BUCKETS;
use crate::model::{Feature, Key, Kind, Otherwise, Rule, Weighted};
use crate::value::Value;

/// A decision with its steps.
pub(super) struct Decided {
    pub(super) decision: Decision,
    /// Whether the definition that was in effect is a gate's.
    pub(super) gate: bool,
    pub(super) steps: Vec<Node>,
}

/// A definition, wherever it is from.
enum Found<'s> {
    Definition(&'s Feature, Source),
    Invalid,
    Tombstone,
}

/// A definition, as an environment and patches have it.
struct Effective<'s> {
    key: Key,
    feature: &'s Feature,
    source: Source,
    enabled: bool,
    default: Key,
    rules: &'s [Rule],
}

/// What the rules come to.
struct Outlet {
    variant: Key,
    reason: Reason,
    rule: Option<Key>,
}

/// Where a unit goes.
enum Passage {
    /// On to the next rule.
    Next,
    Out(Outlet),
}

impl<'s> Run<'_, 's> {
    /// Decides a feature and remembers what it served (SEMANTICS 6.1 from step 2 on).
    pub(super) fn decide(&mut self, key: &Key) -> Decided {
        // A cycle, which no valid snapshot has, finds this.
        self.features.insert(Key::clone(key), Served::default());
        let decided = self.decide_anew(key);
        let decision = &decided.decision;
        let attribution = match (&decision.release, &decision.phase) {
            (Some(release), Some(phase)) => {
                Some(super::Attribution { release: Key::clone(release), phase: Key::clone(phase) })
            }
            _ => None,
        };
        self.features.insert(Key::clone(key), Served { variant: decision.variant.clone(), attribution });
        decided
    }

    fn decide_anew(&mut self, key: &Key) -> Decided {
        let mut decided = Decided { decision: self.undecided(key), gate: false, steps: Vec::new() };
        if !self.is_known(key) {
            return decided;
        }
        let base = self.base(key);
        if let Some(killed) = self.kill(key) {
            decided.steps.push(killed);
            match base {
                Found::Definition(feature, source) => {
                    let effective = self.resolved(key, feature, source);
                    decided.serve(&effective, Outlet::of(&effective.default, Reason::Killed));
                }
                Found::Invalid => decided.decision.reason = Reason::InvalidDefinition,
                Found::Tombstone => {}
            }
            return decided;
        }
        let mut refs = Refs::default();
        let overlay = self.overlay(Subject::Feature(key), &mut refs);
        decided.steps.extend(overlay.nodes.iter().cloned());
        match candidate(key, &overlay).unwrap_or(base) {
            Found::Definition(feature, source) => {
                let mut effective = self.resolved(key, feature, source);
                effective.enabled = overlay.enabled.unwrap_or(effective.enabled);
                effective.default = overlay.default.cloned().unwrap_or(effective.default);
                decided.steps.push(effective.node());
                let outlet = self.outlet(&effective, &mut refs, &mut decided.steps);
                decided.serve(&effective, outlet);
            }
            Found::Invalid => {
                decided.decision.reason = Reason::InvalidDefinition;
                decided.steps.push(nothing(Source::Invalid));
            }
            Found::Tombstone => decided.steps.push(nothing(Source::Tombstone)),
        }
        decided.decision.indirect = overlay.attribution.is_none() && refs.0.is_some();
        if let Some(attribution) = overlay.attribution.or(refs.0) {
            decided.decision.release = Some(attribution.release);
            decided.decision.phase = Some(attribution.phase);
        }
        decided
    }

    fn undecided(&self, key: &Key) -> Decision {
        Decision {
            feature: Key::clone(key),
            value: Value::Null,
            variant: None,
            reason: Reason::UnknownFeature,
            rule: None,
            release: None,
            phase: None,
            indirect: false,
            version: self.snapshot().version,
        }
    }

    /// SEMANTICS 6.1, step 2.
    fn is_known(&self, key: &Key) -> bool {
        let ignored = &self.tracer.ignored;
        let given = |release: &crate::model::Release| {
            release.features.get(key).is_some_and(|change| change.candidate.is_some())
        };
        self.snapshot().features.contains_key(key)
            || ignored.features.contains(key)
            || (!ignored.feature_overlays.contains(key) && self.snapshot().releases.iter().any(given))
    }

    fn base(&self, key: &Key) -> Found<'s> {
        match self.snapshot().features.get(key) {
            _ if self.tracer.ignored.features.contains(key) => Found::Invalid,
            Some(feature) => Found::Definition(feature, Source::Base),
            None => Found::Tombstone,
        }
    }

    /// SEMANTICS 6.2.
    fn kill(&self, key: &Key) -> Option<Node> {
        let environment = self.environment().0?;
        let mut kills = self.snapshot().kills.iter();
        let kill = kills.find(|kill| kill.feature == *key && *kill.environment == *environment)?;
        let step = Step::Killed { environment: Key::clone(&kill.environment), reason: kill.reason.clone() };
        Some(Node::new(step, Outcome::Holds))
    }

    /// SEMANTICS 3.3.
    fn resolved(&self, key: &Key, feature: &'s Feature, source: Source) -> Effective<'s> {
        let block = self.environment().0.and_then(|name| feature.environments.get(name));
        let default = block.and_then(|block| block.default.as_ref()).or(feature.default.as_ref());
        Effective {
            key: Key::clone(key),
            feature,
            source,
            enabled: block.and_then(|block| block.enabled).unwrap_or(feature.enabled),
            default: default.map_or_else(|| Key::from("off"), Key::clone),
            rules: block.and_then(|block| block.rules.as_deref()).unwrap_or(&feature.rules),
        }
    }

    /// SEMANTICS 6.1, steps 5 to 7.
    fn outlet(&mut self, effective: &Effective<'s>, refs: &mut Refs, steps: &mut Vec<Node>) -> Outlet {
        if effective.feature.archived {
            return Outlet::of(&effective.default, Reason::Archived);
        }
        if !effective.enabled {
            return Outlet::of(&effective.default, Reason::Disabled);
        }
        let mut tried = Vec::new();
        let mut outlet = None;
        for (index, rule) in effective.rules.iter().enumerate() {
            let (passage, node) = self.rule(effective, rule, refs);
            tried.push(node);
            if let Passage::Out(found) = passage {
                outlet = Some(found);
                if let Some(count @ 1..) = effective.rules.len().checked_sub(index + 1) {
                    tried.push(Node::new(Step::More { count }, Outcome::Skipped));
                }
                break;
            }
        }
        if !effective.rules.is_empty() {
            let step = Step::Rules { source: effective.source };
            steps.push(Node::new(step, Outcome::Note).with(tried));
        }
        outlet.unwrap_or_else(|| Outlet::of(&effective.default, Reason::Default))
    }

    /// SEMANTICS 3.8.
    fn rule(&mut self, effective: &Effective<'s>, rule: &'s Rule, refs: &mut Refs) -> (Passage, Node) {
        let mut parts = Vec::new();
        let node = |serves: Option<&Key>, outcome: Outcome, parts| {
            Node::new(Step::Rule { rule: Key::clone(&rule.id), serves: serves.cloned() }, outcome).with(parts)
        };
        if let Some(condition) = &rule.condition {
            let part = self.condition(condition, Sign::Itself, refs);
            let holds = part.holds();
            parts.push(part);
            if !holds {
                return (Passage::Next, node(None, Outcome::Fails, parts));
            }
        }
        let reduced = rule.rollout.as_ref().is_some_and(|rollout| rollout.percent.buckets() < BUCKETS);
        let reason = if rule.split.is_some() || reduced { Reason::Split } else { Reason::Rule };
        let name = || Some(Key::clone(&rule.id));
        if let Some(variant) = self.served(effective, rule, &mut parts) {
            let outlet = Outlet { variant: Key::clone(&variant), reason, rule: name() };
            return (Passage::Out(outlet), node(Some(&variant), Outcome::Holds, parts));
        }
        match rule.otherwise {
            Otherwise::Next => (Passage::Next, node(None, Outcome::Fails, parts)),
            Otherwise::Default => {
                let default = &effective.default;
                let outlet = Outlet { variant: Key::clone(default), reason: Reason::Default, rule: name() };
                (Passage::Out(outlet), node(Some(default), Outcome::Fails, parts))
            }
        }
    }

    /// The variant that a rule serves to the unit; `None` if the unit is outside.
    fn served(&self, effective: &Effective<'s>, rule: &Rule, parts: &mut Vec<Node>) -> Option<Key> {
        if rule.split.is_some() && effective.feature.kind == Kind::Experiment {
            self.takes_part_in(effective, parts)?;
        }
        let unit = unit_of(effective.feature);
        if let Some(rollout) = &rule.rollout {
            let own = || format!("rollout/{}/{}", effective.salt(), rule.id);
            let salt = rollout.salt.as_ref().map_or_else(own, |salt| salt.as_ref().to_owned());
            let unit = rollout.unit.as_ref().unwrap_or(&unit);
            inside(self.share(Share::Rollout, unit, &salt, 0, rollout.percent.buckets()), parts)?;
        }
        match &rule.split {
            None => rule.variant.clone(),
            Some(split) => self.split(effective, &unit, split, parts),
        }
    }

    /// SEMANTICS 3.6, 3.7.
    fn takes_part_in(&self, effective: &Effective<'s>, parts: &mut Vec<Node>) -> Option<()> {
        if let Some(allocation) = &effective.feature.allocation {
            let own = || format!("allocation/{}", effective.salt());
            let salt = allocation.salt.as_ref().map_or_else(own, |salt| salt.as_ref().to_owned());
            let unit = unit_of(effective.feature);
            inside(self.share(Share::Allocation, &unit, &salt, 0, allocation.percent.buckets()), parts)?;
        }
        if let Some(key) = &effective.feature.exclusion_group {
            let group = self.snapshot().exclusion_groups.get(key)?;
            let range = group.ranges.get(&effective.key)?;
            let salt = format!("exclusion/{}", group.salt.as_ref().unwrap_or(key));
            let unit = group.unit.as_ref().map_or_else(|| Key::from("user_id"), Key::clone);
            inside(self.share(Share::Exclusion, &unit, &salt, range.from, range.to), parts)?;
        }
        Some(())
    }

    /// SEMANTICS 3.5.
    fn split(
        &self,
        effective: &Effective<'s>,
        unit: &Key,
        split: &[Weighted],
        parts: &mut Vec<Node>,
    ) -> Option<Key> {
        let salt = format!("split/{}", effective.salt());
        let bucket = self.draw(unit, &salt, 0, BUCKETS).bucket;
        let mut from = 0_u32;
        for weighted in split {
            let to = from.saturating_add(weighted.weight.buckets());
            if bucket.is_some_and(|bucket| (from..to).contains(&bucket)) {
                inside(self.share(Share::Split, unit, &salt, from, to), parts)?;
                return Some(Key::clone(&weighted.variant));
            }
            from = to;
        }
        parts.push(self.share(Share::Split, unit, &salt, 0, BUCKETS));
        None
    }
}

impl Decided {
    fn serve(&mut self, effective: &Effective<'_>, outlet: Outlet) {
        let (feature, decision) = (effective.feature, &mut self.decision);
        self.gate = feature.kind == Kind::Gate;
        decision.value = value(feature, &outlet.variant);
        decision.variant = Some(outlet.variant);
        decision.reason = outlet.reason;
        decision.rule = outlet.rule;
    }
}

impl Effective<'_> {
    fn salt(&self) -> &str {
        self.feature.salt.as_ref().unwrap_or(&self.key)
    }

    fn node(&self) -> Node {
        let step = Step::Definition {
            source: self.source,
            enabled: Some(self.enabled),
            archived: self.feature.archived,
            default: Some(Key::clone(&self.default)),
        };
        Node::new(step, Outcome::Note)
    }
}

impl Outlet {
    fn of(default: &Key, reason: Reason) -> Self {
        Self { variant: Key::clone(default), reason, rule: None }
    }
}

/// The definition that an `apply` puts in place of the base.
fn candidate<'s>(key: &Key, overlay: &Overlay<'s>) -> Option<Found<'s>> {
    let release = overlay.release.filter(|_| overlay.applied)?;
    let candidate = release.features.get(key)?.candidate.as_ref()?;
    Some(match candidate.as_ref().map(Arc::as_ref) {
        Some(feature) => Found::Definition(feature, Source::Candidate),
        None => Found::Tombstone,
    })
}

fn nothing(source: Source) -> Node {
    Node::new(Step::Definition { source, enabled: None, archived: false, default: None }, Outcome::Note)
}

/// SEMANTICS 3.1.
fn value(feature: &Feature, variant: &str) -> Value {
    if feature.variants.is_empty() {
        return Value::Bool(variant == "on");
    }
    feature.variants.get(variant).cloned().unwrap_or_default()
}

/// Notes a share; `None` if the unit is outside.
fn inside(share: Node, parts: &mut Vec<Node>) -> Option<()> {
    let holds = share.holds();
    parts.push(share);
    holds.then_some(())
}
