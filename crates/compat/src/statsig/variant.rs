//! The variants of a feature: its values, each once for a group, with names.

use serde_json::{Map, Value};

use super::payload::{Rule, Spec};

const LONGEST_NAME: usize = 200;

#[derive(Debug)]
pub(super) enum Variants {
    /// A gate's are `on` and `off`.
    Gate { default: bool },
    /// The first is the default.
    Named(Vec<Variant>),
}

#[derive(Debug)]
pub(super) struct Variant {
    name: String,
    value: Value,
    group: Option<String>,
}

impl Variants {
    pub(super) fn of(spec: &Spec<'_>) -> Self {
        if spec.is_gate() {
            return Self::Gate { default: spec.default.as_bool() == Some(true) };
        }
        let default = Variant { name: "default".to_owned(), value: spec.default.clone(), group: None };
        Self::Named(vec![default])
    }

    /// The variant that is served where no rule serves.
    pub(super) fn default(&self) -> &str {
        match self {
            Self::Gate { default } => on_off(*default),
            Self::Named(_) => "default",
        }
    }

    /// The variant of a rule's value.
    pub(super) fn of_rule(&mut self, rule: &Rule<'_>) -> String {
        match self {
            Self::Gate { .. } => on_off(rule.value.as_bool() != Some(false)).to_owned(),
            Self::Named(_) => self.of_value(rule.value, rule.group, rule.group.unwrap_or(rule.id)),
        }
    }

    /// The variant of a definition's default value.
    pub(super) fn of_default(&mut self, spec: &Spec<'_>) -> String {
        match self {
            Self::Gate { .. } => on_off(spec.default.as_bool() == Some(true)).to_owned(),
            Self::Named(_) => self.of_value(spec.default, None, &format!("{} default", spec.name)),
        }
    }

    /// The variant that is served where evaluation ends as unsupported.
    pub(super) fn of_unsupported(&mut self) -> String {
        match self {
            Self::Gate { .. } => on_off(false).to_owned(),
            Self::Named(_) => self.of_value(&Value::Object(Map::new()), None, "unsupported"),
        }
    }

    fn of_value(&mut self, value: &Value, group: Option<&str>, base: &str) -> String {
        let Self::Named(variants) = self else { return String::new() };
        if let Some(known) =
            variants.iter().find(|known| known.value == *value && known.group.as_deref() == group)
        {
            return known.name.clone();
        }
        let name = unique(base, "variant", |name| variants.iter().any(|known| known.name == name));
        variants.push(Variant { name: name.clone(), value: value.clone(), group: group.map(str::to_owned) });
        name
    }

    /// `variants` of the definition; `None` for a gate, whose are understood.
    pub(super) fn into_json(self) -> Option<Map<String, Value>> {
        match self {
            Self::Gate { .. } => None,
            Self::Named(variants) => {
                Some(variants.into_iter().map(|variant| (variant.name, variant.value)).collect())
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Gate { .. } => 2,
            Self::Named(variants) => variants.len(),
        }
    }

    pub(super) fn is_deeper_than(&self, levels: usize) -> bool {
        match self {
            Self::Gate { .. } => false,
            Self::Named(variants) => variants.iter().any(|variant| is_deeper(&variant.value, levels)),
        }
    }
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return true;
    };
    match value {
        Value::Array(values) => values.iter().any(|value| is_deeper(value, below)),
        Value::Object(fields) => fields.values().any(|value| is_deeper(value, below)),
        _ => false,
    }
}

/// `base`, cut if it is too long and numbered if it is taken.
pub(super) fn unique(base: &str, fallback: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut base = if base.is_empty() { fallback } else { base };
    while base.len() > LONGEST_NAME {
        let mut letters = base.chars();
        letters.next_back();
        base = letters.as_str();
    }
    let numbered = (2_usize..).map(|number| format!("{base}#{number}"));
    std::iter::once(base.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}
