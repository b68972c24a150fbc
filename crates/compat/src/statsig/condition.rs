//! The types of condition of Statsig as native conditions.

use serde_json::{Value, json};

use super::logic::{Cond, Subject};
use super::payload::Space;
use super::scope::{LONGEST_KEY, Origin, Reference, Scope};
use super::spec::group_variants;
use super::{number, operator};
use crate::report::Kind;

/// Buckets of Statsig, and ours for one of them.
const BUCKETS: u32 = 1_000;
const SCALE: u32 = 1_000;
/// More ranges than this become a segment, so that a layer does not repeat them for each rule.
const MANY: usize = 16;

/// The fields of a Statsig user; their names are compared without case, and an empty string there counts as missing.
const FIELDS: [&str; 7] = ["userID", "email", "ip", "userAgent", "country", "locale", "appVersion"];
const ALIASES: [&str; 3] = ["user_id", "app_version", "user_agent"];

/// A condition of `condition_map`.
struct Written<'p> {
    id: &'p str,
    kind: &'p str,
    operator: Option<&'p str>,
    target: &'p Value,
    field: &'p str,
    id_type: &'p str,
    salt: &'p str,
}

impl<'p> Scope<'_, 'p> {
    /// Conditions that must all hold; `None` if evaluation ends there as unsupported.
    pub(super) fn conditions(&mut self, ids: &[&'p str], pointer: &str) -> Option<Cond> {
        let mut conditions = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            conditions.push(self.condition(id, &format!("{pointer}/conditions/{index}"))?);
        }
        Some(Cond::all(conditions))
    }

    fn condition(&mut self, id: &'p str, pointer: &str) -> Option<Cond> {
        let fields = self.shared.payload.conditions.get(id)?.as_object()?;
        let text = |field: &str| fields.get(field).and_then(Value::as_str);
        let written = Written {
            id,
            kind: text("type")?,
            operator: text("operator"),
            target: fields.get("targetValue").unwrap_or(&Value::Null),
            field: text("field").unwrap_or_default(),
            id_type: text("idType").unwrap_or_default(),
            salt: fields.get("additionalValues").and_then(|v| v.get("salt")?.as_str()).unwrap_or_default(),
        };
        match written.kind {
            "public" => Some(Cond::Always),
            "pass_gate" => Some(self.gate(&written, pointer)),
            "fail_gate" => Some(self.gate(&written, pointer).not()),
            "experiment_group" => self.group(&written, pointer),
            "user_bucket" => self.buckets(&written, pointer),
            "current_time" => self.time(&written, pointer),
            "user_field" | "ua_based" | "ip_based" | "environment_field" | "unit_id" | "target_app" => {
                let subject = self.subject(&written, pointer);
                self.test(&written, &subject, pointer)
            }
            _ => None,
        }
    }

    fn test(&mut self, written: &Written<'_>, subject: &Subject, pointer: &str) -> Option<Cond> {
        let mut notes = Vec::new();
        let cases = operator::cases(written.operator?, written.target, subject, &mut notes)?;
        for (kind, message) in notes {
            let read =
                subject.attribute.as_ref().map_or_else(String::new, |attribute| format!("`{attribute}`: "));
            self.note(kind, pointer, format!("{read}{message}"));
        }
        Some(cases.into_cond(subject))
    }

    fn subject(&mut self, written: &Written<'_>, pointer: &str) -> Subject {
        let Written { field, .. } = written;
        let mut subject = Subject { attribute: None, empty_is_missing: false, text_only: false };
        let (attribute, origin) = match written.kind {
            "unit_id" => {
                subject.attribute = Some(self.unit(written.id_type, pointer));
                return subject;
            }
            "target_app" => ("target_app".to_owned(), Origin::App),
            "environment_field" if field.eq_ignore_ascii_case("tier") => {
                ("environment".to_owned(), Origin::Environment)
            }
            "environment_field" => (format!("environment_{field}"), Origin::Environment),
            _ => (field.to_string(), Origin::Field),
        };
        if field.is_empty() && origin != Origin::App || attribute.len() > LONGEST_KEY {
            let message = format!("the field `{field}` is no attribute; it counts as missing");
            self.note(Kind::UnsupportedOperand, pointer, message);
            return subject;
        }
        subject.text_only = matches!(origin, Origin::App | Origin::Environment);
        let of_user =
            FIELDS.into_iter().find(|known| origin == Origin::Field && known.eq_ignore_ascii_case(field));
        subject.empty_is_missing = of_user.is_some();
        let attribute = of_user.map_or(attribute, str::to_owned);
        self.note_source(written.kind, &attribute, pointer);
        self.read(&attribute, origin, pointer);
        subject.attribute = Some(attribute);
        subject
    }

    fn note_source(&mut self, kind: &str, attribute: &str, pointer: &str) {
        let lower = attribute.to_lowercase();
        let derived = match (kind, lower.as_str()) {
            ("ip_based", "country") => Some("looked up from `ip`"),
            ("ua_based", "os_name" | "osname" | "os_version" | "osversion") => {
                Some("parsed from `userAgent`")
            }
            ("ua_based", "browser_name" | "browsername" | "browser_version" | "browserversion") => {
                Some("parsed from `userAgent`")
            }
            _ => None,
        };
        if let Some(derived) = derived {
            let message =
                format!("`{attribute}` is {derived} there if it is not given; here the caller gives it");
            self.note(Kind::DerivedAttribute, pointer, message);
        }
        if ALIASES.contains(&attribute) {
            let message = format!(
                "`{attribute}` is an alias of a field of the user there; here it is an attribute of its own"
            );
            self.note(Kind::FieldAlias, pointer, message);
        }
        if kind == "target_app" {
            self.note(
                Kind::TargetApp,
                pointer,
                "the app of the SDK key is the attribute `target_app`, which the caller gives",
            );
        }
    }

    fn gate(&mut self, written: &Written<'_>, pointer: &str) -> Cond {
        let name = written.target.as_str().unwrap_or_default();
        self.refer(Space::Gates, name, pointer).map_or(Cond::Never, |key| {
            // A gate and not a segment: the negation of a segment is false where an attribute is missing.
            Cond::Test(json!({ "feature": key, "variants": ["on"] }))
        })
    }

    /// The key of another definition, if it may be referred to.
    fn refer(&mut self, space: Space, name: &str, pointer: &str) -> Option<String> {
        let Some(key) = self.shared.keys.get(&(space, name)) else {
            let (kind, message) = match self.shared.payload.spec(space, name) {
                Some(_) => (Kind::InexactReference, format!("`{name}` is not imported; it counts as failed")),
                None => (
                    Kind::MissingGate,
                    format!("`{name}` is not in `{}`; it counts as failed, as there", space.field()),
                ),
            };
            self.note(kind, pointer, message);
            return None;
        };
        if let Err(kind) = self.shared.graph.allows(self.node, (space, name)) {
            self.note(kind, pointer, format!("the reference to `{name}` is cut; it counts as failed"));
            return None;
        }
        self.references.push(Reference { key: key.clone(), pointer: pointer.to_owned() });
        Some(key.clone())
    }

    fn group(&mut self, written: &Written<'_>, pointer: &str) -> Option<Cond> {
        let shared = self.shared;
        let operator = written.operator?;
        let nobody = Subject { attribute: None, empty_is_missing: false, text_only: false };
        let missing = self.test(written, &nobody, pointer)?;
        let Some(spec) = shared.payload.spec(Space::Configs, written.field) else {
            let message =
                format!("the experiment `{}` does not exist; it has no group, as there", written.field);
            self.note(Kind::MissingGate, pointer, message);
            return Some(missing);
        };
        let (negated, fold) = match operator {
            "any" => (false, true),
            "none" => (true, true),
            "any_case_sensitive" => (false, false),
            "none_case_sensitive" => (true, false),
            _ => {
                self.note(
                    Kind::UnsupportedOperand,
                    pointer,
                    format!("`{operator}` on a group counts as never"),
                );
                return Some(Cond::Never);
            }
        };
        let wanted = |group: &str| {
            let group = if fold { group.to_lowercase() } else { group.to_owned() };
            let own = |text: &str| if fold { text.to_lowercase() == group } else { text == group };
            written.target.as_array().is_some_and(|list| list.iter().filter_map(Value::as_str).any(own))
        };
        let (variants, exact) = group_variants(spec, wanted);
        if !exact || shared.payload.has_override(written.field) || shared.payload.has_bandit(written.field) {
            let message = format!("a group of `{}` is not always a variant of its own here", written.field);
            self.note(Kind::ExperimentGroup, pointer, message);
        }
        let Some(key) = self.refer(Space::Configs, written.field, pointer) else {
            return Some(missing);
        };
        let cond = match variants.is_empty() {
            true => Cond::Never,
            false => Cond::Test(json!({ "feature": key, "variants": variants })),
        };
        Some(if negated { cond.not() } else { cond })
    }

    fn time(&mut self, written: &Written<'_>, pointer: &str) -> Option<Cond> {
        let operator = written.operator?;
        if !matches!(operator, "before" | "after" | "on") {
            // The instant has no other view than that of an instant, so that other operators see nothing.
            let nothing = Subject { attribute: None, empty_is_missing: false, text_only: false };
            return self.test(written, &nothing, pointer);
        }
        let Some((from, to)) = number::span(operator, written.target) else {
            if !written.target.is_null() {
                let message = format!("the instant {} is not read; it counts as never", written.target);
                self.note(Kind::UnsupportedOperand, pointer, message);
            }
            return Some(Cond::Never);
        };
        let mut span = serde_json::Map::new();
        span.extend(from.map(|from| ("from".to_owned(), from.into())));
        span.extend(to.map(|to| ("to".to_owned(), to.into())));
        Some(Cond::Test(json!({ "time": span })))
    }

    fn buckets(&mut self, written: &Written<'_>, pointer: &str) -> Option<Cond> {
        let operator = written.operator?;
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for bucket in 0..BUCKETS {
            let Some(holds) = number::holds(operator, f64::from(bucket), written.target) else {
                let nothing = Subject { attribute: None, empty_is_missing: false, text_only: false };
                operator::cases(operator, written.target, &nothing, &mut Vec::new())?;
                self.note(
                    Kind::UnsupportedOperand,
                    pointer,
                    format!("`{operator}` on a bucket counts as never"),
                );
                return Some(Cond::Never);
            };
            match ranges.last_mut() {
                _ if !holds => {}
                Some((_, end)) if *end == bucket => *end = bucket.saturating_add(1),
                _ => ranges.push((bucket, bucket.saturating_add(1))),
            }
        }
        match ranges.as_slice() {
            [] => return Some(Cond::Never),
            [(0, BUCKETS)] => return Some(Cond::Always),
            _ => {}
        }
        let unit = self.unit(written.id_type, pointer);
        self.note_bucketing(&unit, pointer);
        let salt = if written.salt.is_empty() || written.salt.len() > LONGEST_KEY {
            written.id
        } else {
            written.salt
        };
        let tests = ranges.iter().map(|(from, to)| {
            let (from, to) = (from.saturating_mul(SCALE), to.saturating_mul(SCALE));
            Cond::Test(json!({ "bucket": { "unit": unit, "salt": salt, "from": from, "to": to } }))
        });
        let cond = Cond::any(tests);
        let key = format!("statsig-bucket:{}", written.id);
        let Cond::Test(test) = &cond else { return Some(cond) };
        if ranges.len() <= MANY || key.len() > LONGEST_KEY {
            return Some(cond);
        }
        self.segments.insert(key.clone(), json!({ "if": test }));
        Some(Cond::Test(json!({ "segment": key })))
    }
}
