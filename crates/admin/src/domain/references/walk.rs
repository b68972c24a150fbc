//! Everything that a definition, plan, pipeline or waiting change mentions.

use serde_json::Value as Json;
use tidegate::model::{self, Condition, Feature, Key, Op, Rule, Target};
use tidegate::release::{Phase, Plan};

use super::join;

/// A thing that is named somewhere.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mention<'m> {
    Attribute(&'m str),
    Environment(&'m str),
    ExclusionGroup(&'m str),
    Feature(&'m str),
    Operator(Op),
    Pipeline(&'m str),
    Principal(&'m str),
    Segment(&'m str),
}

/// Calls back with each mention and its JSON pointer.
pub(super) struct Walk<'f> {
    found: &'f mut dyn FnMut(Mention<'_>, &str),
}

impl<'f> Walk<'f> {
    pub(super) fn new(found: &'f mut dyn FnMut(Mention<'_>, &str)) -> Self {
        Self { found }
    }

    pub(super) fn feature(&mut self, feature: &Feature, at: &str) {
        self.unit(feature.unit.as_ref(), at);
        if let Some(group) = &feature.exclusion_group {
            (self.found)(Mention::ExclusionGroup(group), &join(at, "exclusion_group"));
        }
        self.rules(&feature.rules, &join(at, "rules"));
        for (environment, block) in &feature.environments {
            let at = join(&join(at, "environments"), environment);
            (self.found)(Mention::Environment(environment), &at);
            self.rules(block.rules.as_deref().unwrap_or_default(), &join(&at, "rules"));
        }
    }

    fn rules(&mut self, rules: &[Rule], at: &str) {
        for (place, rule) in rules.iter().enumerate() {
            let at = format!("{at}/{place}");
            if let Some(condition) = &rule.condition {
                self.condition(condition, &join(&at, "if"));
            }
            if let Some(rollout) = &rule.rollout {
                self.unit(rollout.unit.as_ref(), &join(&at, "rollout"));
            }
        }
    }

    fn unit(&mut self, unit: Option<&Key>, at: &str) {
        if let Some(unit) = unit {
            (self.found)(Mention::Attribute(unit), &join(at, "unit"));
        }
    }

    pub(super) fn condition(&mut self, condition: &Condition, at: &str) {
        match condition {
            Condition::All { all: list } => self.list(list, &join(at, "all")),
            Condition::Any { any: list } => self.list(list, &join(at, "any")),
            Condition::Not { not } => self.condition(not, &join(at, "not")),
            Condition::Segment(test) => (self.found)(Mention::Segment(&test.segment), &join(at, "segment")),
            Condition::Feature(test) => (self.found)(Mention::Feature(&test.feature), &join(at, "feature")),
            Condition::Test(test) => {
                (self.found)(Mention::Attribute(&test.attribute), &join(at, "attribute"));
                (self.found)(Mention::Operator(test.op), &join(at, "op"));
            }
            Condition::Bucket { bucket } => self.unit(Some(&bucket.unit), &join(at, "bucket")),
            // Time names nothing.
            _ => {}
        }
    }

    fn list(&mut self, list: &[Condition], at: &str) {
        for (place, condition) in list.iter().enumerate() {
            self.condition(condition, &format!("{at}/{place}"));
        }
    }

    pub(super) fn phases(&mut self, phases: &[Phase], at: &str) {
        for (place, phase) in phases.iter().enumerate() {
            let at = format!("{at}/{place}");
            self.target(phase.target.as_deref().unwrap_or_default(), &join(&at, "target"));
            for (number, patch) in phase.patches.iter().flatten().enumerate() {
                let at = format!("{at}/patches/{number}");
                if let Some(feature) = &patch.feature {
                    (self.found)(Mention::Feature(feature), &join(&at, "feature"));
                }
                if let Some(segment) = &patch.audience {
                    (self.found)(Mention::Segment(segment), &join(&at, "for"));
                }
            }
            for (number, service) in phase.entry.approvals.iter().flat_map(|a| &a.services).enumerate() {
                let at = format!("{at}/entry/approvals/services/{number}");
                (self.found)(Mention::Principal(service), &at);
            }
        }
    }

    fn target(&mut self, target: &[Target], at: &str) {
        for (place, rule) in target.iter().enumerate() {
            let at = format!("{at}/{place}");
            for (number, environment) in rule.environments.iter().flatten().enumerate() {
                (self.found)(Mention::Environment(environment), &format!("{at}/environments/{number}"));
            }
            if let Some(condition) = &rule.condition {
                self.condition(condition, &join(&at, "if"));
            }
        }
    }

    /// Of a release as it is served.
    pub(super) fn served(&mut self, release: &model::Release, at: &str) {
        for (key, change) in &release.features {
            let at = format!("{}/candidate", join(&join(at, "features"), key));
            change.candidate.iter().flatten().for_each(|it| self.feature(it, &at));
        }
        for (key, change) in &release.segments {
            let at = format!("{}/candidate/if", join(&join(at, "segments"), key));
            change.candidate.iter().flatten().for_each(|it| self.condition(&it.condition, &at));
        }
        for (place, phase) in release.phases.iter().enumerate() {
            let at = format!("{at}/phases/{place}/target");
            self.target(phase.target.as_deref().unwrap_or_default(), &at);
        }
    }

    /// Of a running release: what it changes, what candidates and phases mention. Its bases are the definitions.
    pub(super) fn plan(&mut self, plan: &Plan) {
        (self.found)(Mention::Pipeline(&plan.pipeline.key), "/pipeline");
        (self.found)(Mention::Principal(&plan.author), "/author");
        if plan.starter != plan.author {
            (self.found)(Mention::Principal(&plan.starter), "/starter");
        }
        self.phases(&plan.phases, "/phases");
        self.unit(plan.ramp.unit.as_ref(), "/ramp");
        for (key, change) in &plan.features {
            let at = join("/features", key);
            (self.found)(Mention::Feature(key), &at);
            change.candidate.iter().flatten().for_each(|it| self.feature(it, &join(&at, "candidate")));
        }
        for (key, change) in &plan.segments {
            let at = join("/segments", key);
            (self.found)(Mention::Segment(key), &at);
            let candidate = change.candidate.iter().flatten();
            candidate.for_each(|it| self.condition(&it.condition, &format!("{at}/candidate/if")));
        }
    }

    /// Of a change that waits, as it was sent: told by the names of the fields, as they are in definitions.
    pub(super) fn json(&mut self, json: &Json, at: &str) {
        match json {
            Json::Array(list) => {
                list.iter().enumerate().for_each(|(place, item)| self.json(item, &format!("{at}/{place}")));
            }
            Json::Object(fields) => {
                for (name, value) in fields {
                    let at = join(at, name);
                    self.field(name, value, &at);
                    // The values of variants are the user's own.
                    if !(name == "variants" && value.is_object()) && name != "value" {
                        self.json(value, &at);
                    }
                }
            }
            _ => {}
        }
    }

    fn field<'v>(&mut self, name: &str, value: &'v Json, at: &str) {
        type Make<'v> = fn(&'v str) -> Mention<'v>;
        let one: Option<Make<'v>> = match name {
            "attribute" | "unit" => Some(Mention::Attribute),
            "environment" => Some(Mention::Environment),
            "exclusion_group" => Some(Mention::ExclusionGroup),
            "feature" => Some(Mention::Feature),
            "pipeline" => Some(Mention::Pipeline),
            "segment" | "for" => Some(Mention::Segment),
            _ => None,
        };
        let many: Option<Make<'v>> = match name {
            "environments" => Some(Mention::Environment),
            "features" => Some(Mention::Feature),
            "segments" => Some(Mention::Segment),
            _ => None,
        };
        if let (Some(make), Some(key)) = (one, value.as_str()) {
            (self.found)(make(key), at);
        }
        let Some(make) = many else { return };
        if let Some(fields) = value.as_object() {
            fields.keys().for_each(|key| (self.found)(make(key), &join(at, key)));
        }
        for (place, key) in value.as_array().into_iter().flatten().enumerate() {
            if let Some(key) = key.as_str() {
                (self.found)(make(key), &format!("{at}/{place}"));
            }
        }
    }
}
