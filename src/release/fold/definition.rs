//! One definition that decides as a definition with patches for some contexts did.
//!
//! ```text
//!  enabled: c1 → true, else false     if c1 and rule 1 → …        the rules, for whom it is enabled
//!  default: c2 → "blue", else "red"   if c1 and rule 2 → …
//!  rules 1, 2                       ⇒ if c2 → "blue"              the default, for whom it is another
//!                                     default: "red", enabled
//! ```
//! INVARIANT: no condition is ever negated, since the negation of a test on a missing attribute is false as well
//! (SEMANTICS 2.4): what follows a rule is for whom the rule did not serve.

use std::collections::BTreeSet;

use super::Whom;
use crate::model::{Condition, Feature, Key, Otherwise, Rollout, Rule, limits};

/// A definition in an environment (SEMANTICS 3.3).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resolved {
    pub(super) enabled: bool,
    pub(super) default: Key,
    pub(super) rules: Vec<Rule>,
}

impl Resolved {
    pub(super) fn of(feature: &Feature, environment: Option<&Key>) -> Self {
        let block = environment.and_then(|environment| feature.environments.get(environment));
        let default = block.and_then(|block| block.default.as_ref()).or(feature.default.as_ref());
        Self {
            enabled: block.and_then(|block| block.enabled).unwrap_or(feature.enabled),
            default: default.map_or_else(|| "off".into(), Key::clone),
            rules: block.and_then(|block| block.rules.as_ref()).unwrap_or(&feature.rules).clone(),
        }
    }
}

/// A value by case: that of the first condition that holds, else the last one.
pub(super) struct Cases<T> {
    cases: Vec<(Condition, T)>,
    otherwise: T,
    is_decided: bool,
}

impl<T: Clone + PartialEq> Cases<T> {
    pub(super) fn new(otherwise: T) -> Self {
        Self { cases: Vec::new(), otherwise, is_decided: false }
    }

    /// Adds what counts where none of the later patches, added before, does.
    pub(super) fn before(&mut self, whom: Whom, value: T) {
        match whom {
            _ if self.is_decided => {}
            Whom::NoOne => {}
            Whom::Everyone => {
                self.otherwise = value;
                self.is_decided = true;
            }
            Whom::Those(condition) => self.cases.push((condition, value)),
        }
    }

    /// With as few cases as say the same.
    pub(super) fn simplified(mut self) -> Self {
        while self.cases.pop_if(|(_, value)| *value == self.otherwise).is_some() {}
        let mut merged: Vec<(Condition, T)> = Vec::new();
        for (condition, value) in self.cases {
            match merged.last_mut() {
                Some((before, same)) if *same == value => {
                    if *before == condition {
                        continue;
                    }
                    if let Condition::Any { any } = before {
                        any.push(condition);
                    } else {
                        *before = Condition::Any { any: vec![before.clone(), condition] };
                    }
                }
                _ => merged.push((condition, value)),
            }
        }
        self.cases = merged;
        self
    }
}

/// The definition in an environment, with `enabled` and the default by case.
pub(super) fn rewrite(
    feature: &Feature,
    key: &Key,
    resolved: Resolved,
    enabled: Cases<bool>,
    default: Cases<Key>,
    note: &str,
) -> Resolved {
    let otherwise = Key::clone(&default.otherwise);
    // What is archived serves its default, whatever its rules say.
    if feature.archived || enabled.cases.is_empty() && default.cases.is_empty() {
        return Resolved { enabled: enabled.otherwise, default: otherwise, rules: resolved.rules };
    }
    let mut writer = Writer {
        rules: Vec::new(),
        added: 0,
        reserved: resolved.rules.iter().map(|rule| Key::clone(&rule.id)).collect(),
        used: BTreeSet::new(),
        salt: feature.salt.as_ref().unwrap_or(key),
        default: &default,
        note,
    };
    for (condition, is_enabled) in &enabled.cases {
        if *is_enabled {
            writer.rules(Some(condition), &resolved.rules);
        }
        writer.defaults(Some(condition));
    }
    if enabled.otherwise {
        writer.rules(None, &resolved.rules);
    }
    writer.defaults(None);
    Resolved { enabled: true, default: otherwise, rules: writer.finish() }
}

/// Writes a list of rules.
struct Writer<'a> {
    rules: Vec<Rule>,
    /// How many of the last rules are not from the definition.
    added: usize,
    /// The ids of the definition's rules.
    reserved: BTreeSet<Key>,
    used: BTreeSet<Key>,
    salt: &'a Key,
    default: &'a Cases<Key>,
    note: &'a str,
}

impl Writer<'_> {
    /// The definition's rules, for whom the condition holds.
    fn rules(&mut self, only: Option<&Condition>, rules: &[Rule]) {
        for rule in rules {
            let condition = both(only, rule.condition.as_ref());
            let may_be_outside = rule.rollout.is_some() || rule.split.is_some();
            let falls =
                rule.otherwise == Otherwise::Default && may_be_outside && !self.default.cases.is_empty();
            let mut copy = Rule { condition: condition.clone(), ..rule.clone() };
            if falls {
                copy.otherwise = Otherwise::Next;
            }
            self.copied(copy);
            if falls {
                self.defaults(condition.as_ref());
                if condition.is_none() {
                    // The default of everyone who is left; nothing behind it is reached.
                    self.added(None, &self.default.otherwise.clone());
                }
            }
        }
    }

    /// A rule of the definition; a second copy needs an id of its own, and keeps the first one's units.
    fn copied(&mut self, mut rule: Rule) {
        if !self.used.insert(Key::clone(&rule.id)) {
            let id = self.unused(&rule.id);
            if let Some(Rollout { salt: salt @ None, .. }) = &mut rule.rollout {
                *salt = Some(format!("rollout/{}/{}", self.salt, rule.id).into());
            }
            rule.id = id;
        }
        self.rules.push(rule);
        self.added = 0;
    }

    /// The default of whom the condition holds for; without one, of those for whom it is another than for the others.
    fn defaults(&mut self, only: Option<&Condition>) {
        let cases = self.default;
        for (condition, variant) in &cases.cases {
            self.added(both(only, Some(condition)), variant);
        }
        if only.is_some() {
            self.added(only.cloned(), &cases.otherwise);
        }
    }

    fn added(&mut self, condition: Option<Condition>, variant: &Key) {
        let rule = Rule {
            id: self.unused("kept"),
            description: Some(self.note.to_owned()),
            condition,
            rollout: None,
            variant: Some(Key::clone(variant)),
            split: None,
            otherwise: Otherwise::Next,
        };
        self.rules.push(rule);
        self.added = self.added.saturating_add(1);
    }

    /// An id that no rule has: the text, with a number behind it.
    fn unused(&mut self, text: &str) -> Key {
        let room = limits::KEY_BYTES.saturating_sub(12);
        let text: String = text
            .chars()
            .scan(0, |bytes, c| {
                *bytes += c.len_utf8();
                (*bytes <= room).then_some(c)
            })
            .collect();
        let mut number = 2_u32;
        loop {
            let id: Key = format!("{text}-{number}").into();
            if !self.reserved.contains(&id) && self.used.insert(Key::clone(&id)) {
                return id;
            }
            number = number.saturating_add(1);
        }
    }

    /// The rules, without those at the end that serve the default anyway.
    fn finish(mut self) -> Vec<Rule> {
        for _ in 0..self.added {
            let default = &self.default.otherwise;
            if self.rules.pop_if(|rule| rule.variant.as_ref() == Some(default)).is_none() {
                break;
            }
        }
        self.rules
    }
}

/// Both conditions; flat, so that no level is added where none is needed.
fn both(one: Option<&Condition>, other: Option<&Condition>) -> Option<Condition> {
    match (one, other) {
        (None, None) => None,
        (Some(only), None) | (None, Some(only)) => Some(only.clone()),
        (Some(one), Some(other)) => {
            let mut all = Vec::new();
            for part in [one, other] {
                match part {
                    Condition::All { all: parts } => all.extend(parts.iter().cloned()),
                    part => all.push(part.clone()),
                }
            }
            Some(Condition::All { all })
        }
    }
}
