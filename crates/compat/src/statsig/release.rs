//! `overrides` of Statsig, by which its release pipelines work, as releases.
//!
//! There, a definition is replaced by another one for those who pass an override rule: conditions, percentage, and a time
//! from which the rule counts. Here the other definition is the candidate, and each override rule is a live phase whose
//! target has all of that.

use serde_json::{Value, json};

use super::logic::Cond;
use super::payload::{Mapping, Space, Spec};
use super::scope::{LONGEST_KEY, Scope};
use super::spec::{rollout_salt, share};
use super::variant::unique;
use crate::report::Kind;

impl<'s, 'p> Scope<'s, 'p> {
    /// The release of a definition, if mappings of its name lead to another one.
    pub(super) fn release(
        &mut self,
        key: &str,
        space: Space,
        old: Option<&Spec<'p>>,
        mappings: &[Mapping<'p>],
    ) -> Option<Value> {
        let shared = self.shared;
        let mut candidate: Option<&'s Spec<'p>> = None;
        let mut phases = Vec::new();
        let mut ids = Vec::new();
        for mapping in mappings {
            let pointer = &mapping.pointer;
            let Some(new) = shared.payload.spec(space, mapping.new) else {
                let message =
                    format!("`{}` is not in `{}`; it is passed over, as there", mapping.new, space.field());
                self.note(Kind::MissingOverride, pointer, message);
                continue;
            };
            if new.name == self.node.1 {
                self.note(Kind::OverrideNotImported, pointer, "it leads to itself");
                continue;
            }
            if candidate.is_some_and(|candidate| candidate.name != new.name) {
                let message = format!("a release has one candidate; the one to `{}` is left out", new.name);
                self.note(Kind::OverrideNotImported, pointer, message);
                continue;
            }
            candidate = Some(new);
            for (rule, start) in &mapping.rules {
                let id = unique(rule, "rule", |id| ids.iter().any(|known| known == id));
                if let Some(cond) = self.override_rule(rule, *start, old.map_or("", |old| old.salt), pointer)
                {
                    phases.push(phase(&id, cond));
                    ids.push(id);
                }
            }
        }
        let candidate = candidate?;
        if shared.payload.has_override(candidate.name) || shared.payload.has_bandit(candidate.name) {
            let message = format!("what overrides `{}` in turn is not applied here", candidate.name);
            self.note(Kind::DelegateOverride, &candidate.pointer, message);
        }
        self.note(
            Kind::OverrideRelease,
            &candidate.pointer,
            format!("`{}` is the candidate of a release", candidate.name),
        );
        let feature = self.feature(candidate);
        let id: String = unique(&format!("override:{key}"), "override", |_| false);
        Some(json!({ "id": id, "features": { key: { "candidate": feature } }, "phases": phases }))
    }

    /// Whom an override rule is for; `None` if it is for nobody, ever.
    fn override_rule(&mut self, name: &str, start: i64, salt: &str, pointer: &str) -> Option<Cond> {
        let shared = self.shared;
        let Some(rule) = shared.payload.override_rule(name) else {
            self.note(
                Kind::MissingOverride,
                pointer,
                format!("the override rule `{name}` does not exist; it is passed over, as there"),
            );
            return None;
        };
        let Some(conditions) = self.conditions(&rule.conditions, &rule.pointer) else {
            let message = format!(
                "the override rule `{name}` has a condition that is not supported; it is passed over, as there"
            );
            self.note(Kind::MissingOverride, pointer, message);
            return None;
        };
        let percentage = match share(rule.percentage) {
            0 => Cond::Never,
            10_000 => Cond::Always,
            share => {
                let unit = self.unit(rule.id_type, &rule.pointer);
                self.note_bucketing(&unit, &rule.pointer);
                let salt = rollout_salt(salt, &rule);
                let salt = if salt.len() <= LONGEST_KEY { salt } else { unique(name, "rule", |_| false) };
                let to = share.saturating_mul(100);
                Cond::Test(json!({ "bucket": { "unit": unit, "salt": salt, "from": 0, "to": to } }))
            }
        };
        let started = if start > 0 { Cond::Test(json!({ "time": { "from": start } })) } else { Cond::Always };
        Some(Cond::all([conditions, percentage, started]))
    }
}

fn phase(id: &str, cond: Cond) -> Value {
    match cond.into_if() {
        Some(cond) => json!({ "id": id, "live": true, "target": [{ "if": cond }] }),
        None => json!({ "id": id, "live": true }),
    }
}
