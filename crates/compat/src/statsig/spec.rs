//! A definition of Statsig as a feature: its rules, with those of delegates in place.
//!
//! The first rule whose conditions hold ends evaluation there: it serves its delegate's decision, or its own value to the
//! units that pass its percentage, or its definition's default value to the others.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::logic::Cond;
use super::payload::{Rule, Space, Spec};
use super::scope::{LONGEST_KEY, Scope};
use super::variant::{Variants, unique};
use crate::report::{Entity, Kind};

const MOST_RULES: usize = 10_000;
const MOST_VARIANTS: usize = 1_024;
const DEEPEST_VALUE: usize = 100;
/// Parts of 10 000 of a rule that is for everyone.
const EVERYONE: u32 = 10_000;

/// How many of 10 000 buckets pass the percentage.
pub(super) fn share(percentage: f64) -> u32 {
    (percentage * 100.0).ceil().clamp(0.0, f64::from(EVERYONE)) as u32
}

/// The variants that stand for the groups of an experiment that are wanted, and whether they do so always.
pub(super) fn group_variants(spec: &Spec<'_>, wanted: impl Fn(&str) -> bool) -> (Vec<String>, bool) {
    let mut variants = Variants::of(spec);
    let mut names = Vec::new();
    if wanted("") {
        names.push(variants.default().to_owned());
    }
    let mut exact = true;
    for rule in &spec.rules {
        let share = share(rule.percentage);
        exact &= rule.delegate.is_none() && (share == EVERYONE || rule.group.is_none());
        if share == 0 {
            continue;
        }
        let name = variants.of_rule(rule);
        if wanted(rule.group.unwrap_or_default()) && !names.contains(&name) {
            names.push(name);
        }
    }
    (names, exact)
}

struct Building<'p> {
    unit: String,
    variants: Variants,
    rules: Vec<Value>,
    ids: HashSet<String>,
    /// The delegates that are being expanded.
    path: Vec<&'p str>,
}

/// A part of the rule list: the rules of a definition, for those whom `outer` lets in.
struct Part {
    outer: Cond,
    prefix: String,
    /// What the definition serves where none of its rules does.
    default: String,
}

impl<'s, 'p> Scope<'s, 'p> {
    /// The feature of a definition.
    pub(super) fn feature(&mut self, spec: &'s Spec<'p>) -> Value {
        self.note_flags(spec);
        let unit = self.unit(spec.id_type, &spec.pointer);
        let variants = Variants::of(spec);
        let part =
            Part { outer: Cond::Always, prefix: String::new(), default: variants.default().to_owned() };
        let mut building = Building { unit, variants, rules: Vec::new(), ids: HashSet::new(), path: vec![] };
        self.expand(spec, &part, &mut building);
        let Building { unit, mut variants, mut rules, .. } = building;
        let deep = variants.is_deeper_than(DEEPEST_VALUE);
        if rules.len() > MOST_RULES || variants.len() > MOST_VARIANTS || deep {
            let message =
                format!("{} rules, {} variants or their depth are too many", rules.len(), variants.len());
            self.note(Kind::LimitExceeded, &spec.pointer, message);
            rules.clear();
            variants = match spec.is_gate() || !deep {
                true => Variants::of(spec),
                false => Variants::of(&Spec {
                    default: &Value::Null,
                    rules: Vec::new(),
                    pointer: String::new(),
                    ..*spec
                }),
            };
        }
        let kind = match (spec.space, spec.entity) {
            (Space::Gates, _) => "gate",
            (_, Entity::Experiment) => "experiment",
            _ => "config",
        };
        let mut feature = Map::new();
        feature.insert("kind".to_owned(), kind.into());
        feature.insert("unit".to_owned(), unit.into());
        if !spec.salt.is_empty() && spec.salt.len() <= LONGEST_KEY {
            feature.insert("salt".to_owned(), spec.salt.into());
        }
        if !spec.enabled && spec.rules.is_empty() {
            feature.insert("enabled".to_owned(), false.into());
        }
        feature.insert("default".to_owned(), variants.default().into());
        feature.extend(variants.into_json().map(|variants| ("variants".to_owned(), variants.into())));
        feature.insert("rules".to_owned(), rules.into());
        feature.into()
    }

    fn note_flags(&mut self, spec: &Spec<'_>) {
        let pointer = &spec.pointer;
        if !spec.enabled && !spec.rules.is_empty() {
            self.note(
                Kind::DisabledWithRules,
                pointer,
                "it is disabled, but its rules are evaluated, as there",
            );
        }
        if spec.flag("isActive") == Some(false) {
            self.note(
                Kind::Inactive,
                pointer,
                "the experiment is not active; its rules say what is served, as there",
            );
        }
        if spec.space == Space::Layers && spec.flag("useNewLayerEval") == Some(true) {
            self.note(Kind::NewLayerEval, pointer, "parameters of several passing rules are merged there");
        }
        if spec.space != Space::Gates && self.shared.payload.has_bandit(spec.name) {
            self.note(Kind::Cmab, pointer, "`cmab_configs` decides there; the rules decide here");
        }
        if spec.fields.get("targetAppIDs").and_then(Value::as_array).is_some_and(|apps| !apps.is_empty()) {
            self.note(
                Kind::TargetApps,
                pointer,
                "`targetAppIDs` filters what clients download; it is not imported",
            );
        }
        if !spec.entity_known {
            self.note(
                Kind::UnknownEntity,
                pointer,
                format!("it is imported as a definition of `{}`", spec.space.field()),
            );
        }
    }

    fn expand(&mut self, spec: &'s Spec<'p>, part: &Part, building: &mut Building<'p>) {
        for rule in &spec.rules {
            let Some(own) = self.conditions(&rule.conditions, &rule.pointer) else {
                let message = "a condition is missing or of unknown type or operator; evaluation ends there, and here with an empty value";
                self.note(Kind::UnsupportedCondition, &rule.pointer, message);
                let variant = building.variants.of_unsupported();
                building.push(rule, part, part.outer.clone(), json!({ "variant": variant }));
                return;
            };
            let cond = Cond::all([part.outer.clone(), own]);
            if let Some(delegate) = self.delegate(spec, rule) {
                self.delegated(rule, delegate, part, cond, building);
                continue;
            }
            let share = share(rule.percentage);
            if share == 0 {
                building.push(rule, part, cond, json!({ "variant": part.default }));
                continue;
            }
            let variant = building.variants.of_rule(rule);
            if share == EVERYONE {
                building.push(rule, part, cond, json!({ "variant": variant }));
                continue;
            }
            let rollout = self.rollout(spec, rule, share);
            let default = part.default == building.variants.default();
            let otherwise = if default { "default" } else { "next" };
            let serves = json!({ "rollout": rollout, "variant": variant, "otherwise": otherwise });
            building.push(rule, part, cond.clone(), serves);
            if !default {
                building.push(rule, part, cond, json!({ "variant": part.default }));
            }
        }
    }

    fn rollout(&mut self, spec: &Spec<'_>, rule: &Rule<'_>, share: u32) -> Value {
        let unit = self.unit(rule.id_type, &rule.pointer);
        self.note_bucketing(&unit, &rule.pointer);
        let percent = match share % 100 {
            0 => Value::from(share / 100),
            _ => Value::from(f64::from(share) / 100.0),
        };
        let salt = rollout_salt(spec.salt, rule);
        let mut rollout = Map::new();
        rollout.insert("percent".to_owned(), percent);
        rollout.insert("unit".to_owned(), unit.into());
        if salt.len() <= LONGEST_KEY {
            rollout.insert("salt".to_owned(), salt.into());
        }
        rollout.into()
    }

    fn delegate(&mut self, spec: &Spec<'_>, rule: &Rule<'p>) -> Option<&'s Spec<'p>> {
        let name = rule.delegate?;
        let shared = self.shared;
        let delegate = shared.payload.spec(Space::Configs, name);
        if delegate.is_none() {
            self.note(
                Kind::MissingDelegate,
                &rule.pointer,
                format!("the delegate `{name}` does not exist; the rule serves its own value, as there"),
            );
        } else if spec.is_gate() {
            self.note(Kind::GateDelegate, &rule.pointer, format!("the delegate `{name}` is ignored"));
            return None;
        }
        delegate
    }

    fn delegated(
        &mut self,
        rule: &Rule<'p>,
        delegate: &'s Spec<'p>,
        part: &Part,
        cond: Cond,
        building: &mut Building<'p>,
    ) {
        if building.path.contains(&delegate.name) {
            self.note(
                Kind::ReferenceCycle,
                &rule.pointer,
                format!("`{}` delegates to itself", delegate.name),
            );
            return;
        }
        if self.shared.payload.has_override(delegate.name) {
            let message = format!("an override of the delegate `{}` is not applied here", delegate.name);
            self.note(Kind::DelegateOverride, &rule.pointer, message);
        }
        if self.shared.payload.has_bandit(delegate.name) {
            let message = format!(
                "`cmab_configs` decides the delegate `{}` there; its rules decide here",
                delegate.name
            );
            self.note(Kind::Cmab, &rule.pointer, message);
        }
        let default = building.variants.of_default(delegate);
        let prefix = format!("{}{}/", part.prefix, rule.id);
        let inner = Part { outer: cond.clone(), prefix, default: default.clone() };
        building.path.push(delegate.name);
        self.expand(delegate, &inner, building);
        building.path.pop();
        building.push(rule, part, cond, json!({ "variant": default }));
    }
}

/// The salt of a rule's percentage, without the unit.
pub(super) fn rollout_salt(salt: &str, rule: &Rule<'_>) -> String {
    format!("{salt}.{}", rule.salt.unwrap_or(rule.id))
}

impl Building<'_> {
    fn push(&mut self, rule: &Rule<'_>, part: &Part, cond: Cond, serves: Value) {
        let id = unique(&format!("{}{}", part.prefix, rule.id), "rule", |id| self.ids.contains(id));
        self.ids.insert(id.clone());
        let mut written = Map::new();
        written.insert("id".to_owned(), id.into());
        written.extend(rule.group.map(|group| ("description".to_owned(), group.into())));
        written.extend(cond.into_if().map(|cond| ("if".to_owned(), cond)));
        if let Value::Object(serves) = serves {
            written.extend(serves);
        }
        self.rules.push(written.into());
    }
}
