//! A dcs-v2 payload, read leniently: one malformed definition leaves the others alone, as in Statsig's own SDK.
//!
//! Not here: any meaning. INVARIANT: what a [`Spec`] borrows is part of the payload, and `pointer` leads to it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ImportError;
use crate::report::Entity;

/// The maps of definitions; names are unique within each.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Space {
    Gates,
    Configs,
    Layers,
}

impl Space {
    pub(super) const ALL: [Self; 3] = [Self::Gates, Self::Configs, Self::Layers];

    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Gates => "feature_gates",
            Self::Configs => "dynamic_configs",
            Self::Layers => "layer_configs",
        }
    }

    /// What stands before a key that is taken.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Gates => "gate:",
            Self::Configs => "config:",
            Self::Layers => "layer:",
        }
    }

    /// The entity of a definition of this map.
    pub(super) fn entity(self, written: &str) -> (Entity, bool) {
        match (self, written) {
            (Self::Gates, "segment") => (Entity::Segment, true),
            (Self::Gates, "holdout") => (Entity::Holdout, true),
            (Self::Gates, _) => (Entity::Gate, written == "feature_gate"),
            (Self::Configs, "experiment") => (Entity::Experiment, true),
            (Self::Configs, "autotune") => (Entity::Autotune, true),
            (Self::Configs, _) => (Entity::Config, written == "dynamic_config"),
            (Self::Layers, _) => (Entity::Layer, written == "layer"),
        }
    }
}

/// A definition.
#[derive(Debug)]
pub(super) struct Spec<'p> {
    pub(super) space: Space,
    pub(super) name: &'p str,
    pub(super) pointer: String,
    pub(super) entity: Entity,
    pub(super) entity_known: bool,
    pub(super) salt: &'p str,
    pub(super) enabled: bool,
    pub(super) default: &'p Value,
    pub(super) id_type: &'p str,
    pub(super) rules: Vec<Rule<'p>>,
    pub(super) fields: &'p Map<String, Value>,
}

impl Spec<'_> {
    pub(super) fn is_gate(&self) -> bool {
        self.space == Space::Gates
    }

    pub(super) fn flag(&self, field: &str) -> Option<bool> {
        self.fields.get(field).and_then(Value::as_bool)
    }
}

/// A rule of a definition, or of `override_rules`.
#[derive(Debug)]
pub(super) struct Rule<'p> {
    pub(super) pointer: String,
    pub(super) id: &'p str,
    pub(super) salt: Option<&'p str>,
    pub(super) percentage: f64,
    pub(super) conditions: Vec<&'p str>,
    pub(super) value: &'p Value,
    pub(super) id_type: &'p str,
    pub(super) group: Option<&'p str>,
    pub(super) delegate: Option<&'p str>,
}

/// A definition that is malformed.
#[derive(Debug)]
pub(super) struct Malformed {
    pub(super) entity: Entity,
    pub(super) pointer: String,
    pub(super) message: String,
}

/// The payload.
#[derive(Debug)]
pub(super) struct Payload<'p> {
    pub(super) root: &'p Map<String, Value>,
    pub(super) conditions: &'p Map<String, Value>,
    pub(super) specs: BTreeMap<Space, BTreeMap<&'p str, Result<Spec<'p>, Malformed>>>,
}

impl<'p> Payload<'p> {
    pub(super) fn parse(value: &'p Value) -> Result<Self, ImportError> {
        let root = value.as_object().ok_or(ImportError::NotAnObject)?;
        match root.get("response_format") {
            None => {}
            Some(Value::String(format)) if format == "dcs-v2" => {}
            Some(other) => return Err(ImportError::ResponseFormat { found: other.to_string() }),
        }
        let conditions = map(root, "condition_map")?;
        let mut specs = BTreeMap::new();
        for space in Space::ALL {
            for (name, value) in map(root, space.field())? {
                let pointer = format!("/{}/{}", space.field(), escape(name));
                let written = value.get("entity").and_then(Value::as_str).unwrap_or_default();
                let spec = spec(space, name, value, pointer.clone()).map_err(|message| Malformed {
                    entity: space.entity(written).0,
                    pointer,
                    message,
                });
                specs.entry(space).or_insert_with(BTreeMap::new).insert(name.as_str(), spec);
            }
        }
        Ok(Self { root, conditions, specs })
    }

    pub(super) fn spec(&self, space: Space, name: &str) -> Option<&Spec<'p>> {
        self.specs.get(&space)?.get(name)?.as_ref().ok()
    }

    /// All definitions, by map and name.
    pub(super) fn definitions(
        &self,
    ) -> impl Iterator<Item = ((Space, &'p str), &Result<Spec<'p>, Malformed>)> {
        self.specs.iter().flat_map(|(space, specs)| specs.iter().map(|(name, spec)| ((*space, *name), spec)))
    }

    /// The override rule of a name.
    pub(super) fn override_rule(&self, name: &str) -> Option<Rule<'p>> {
        let rule = self.root.get("override_rules")?.get(name)?;
        rule_of(rule, format!("/override_rules/{}", escape(name))).ok()
    }
}

/// A name as a part of a JSON pointer.
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn map<'p>(root: &'p Map<String, Value>, field: &'static str) -> Result<&'p Map<String, Value>, ImportError> {
    let value = root.get(field).ok_or(ImportError::MissingField { field })?;
    value.as_object().ok_or(ImportError::WrongType { field })
}

fn text<'p>(fields: &'p Map<String, Value>, field: &str) -> Result<&'p str, String> {
    fields.get(field).and_then(Value::as_str).ok_or_else(|| format!("`{field}` must be a string"))
}

fn optional_text<'p>(fields: &'p Map<String, Value>, field: &str) -> Result<Option<&'p str>, String> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => text(fields, field).map(Some),
    }
}

fn spec<'p>(space: Space, name: &'p str, value: &'p Value, pointer: String) -> Result<Spec<'p>, String> {
    let fields = value.as_object().ok_or("a definition must be an object")?;
    let (entity, entity_known) = space.entity(text(fields, "entity")?);
    let rules = fields.get("rules").and_then(Value::as_array).ok_or("`rules` must be a list")?;
    let rule = |(index, rule)| {
        let pointer = format!("{pointer}/rules/{index}");
        rule_of(rule, pointer).map_err(|message| format!("rule {index}: {message}"))
    };
    Ok(Spec {
        space,
        name,
        entity,
        entity_known,
        salt: text(fields, "salt")?,
        enabled: fields.get("enabled").and_then(Value::as_bool).ok_or("`enabled` must be a boolean")?,
        default: fields.get("defaultValue").ok_or("`defaultValue` is missing")?,
        id_type: text(fields, "idType")?,
        rules: rules.iter().enumerate().map(rule).collect::<Result<_, String>>()?,
        fields,
        pointer,
    })
}

fn rule_of(value: &Value, pointer: String) -> Result<Rule<'_>, String> {
    let fields = value.as_object().ok_or("a rule must be an object")?;
    let conditions =
        fields.get("conditions").and_then(Value::as_array).ok_or("`conditions` must be a list")?;
    let ids: Option<Vec<&str>> = conditions.iter().map(Value::as_str).collect();
    Ok(Rule {
        pointer,
        id: text(fields, "id")?,
        salt: optional_text(fields, "salt")?,
        percentage: fields
            .get("passPercentage")
            .and_then(Value::as_f64)
            .ok_or("`passPercentage` must be a number")?,
        conditions: ids.ok_or("`conditions` must be a list of strings")?,
        value: fields.get("returnValue").ok_or("`returnValue` is missing")?,
        id_type: text(fields, "idType")?,
        group: optional_text(fields, "groupName")?,
        delegate: optional_text(fields, "configDelegate")?,
    })
}

/// A mapping of a definition to another one, for those who pass a rule.
#[derive(Debug)]
pub(super) struct Mapping<'p> {
    pub(super) pointer: String,
    pub(super) new: &'p str,
    /// The names of override rules, and when they start.
    pub(super) rules: Vec<(&'p str, i64)>,
}

impl<'p> Payload<'p> {
    /// The mappings by the name that they replace; none if there are no rules for them.
    pub(super) fn overrides(&self) -> Vec<(&'p str, Vec<Mapping<'p>>)> {
        let both =
            self.root.get("overrides").zip(self.root.get("override_rules").filter(|rules| rules.is_object()));
        let Some(overrides) = both.and_then(|(overrides, _)| overrides.as_object()) else {
            return Vec::new();
        };
        let of_name = |(name, list): (&'p String, &'p Value)| {
            let list = list.as_array().into_iter().flatten().enumerate();
            let mappings = list.filter_map(|(index, mapping)| {
                let new = mapping.get("new_config_name")?.as_str()?;
                let rules = mapping.get("rules").and_then(Value::as_array).into_iter().flatten();
                let rule = |rule: &'p Value| {
                    Some((
                        rule.get("rule_name")?.as_str()?,
                        rule.get("start_time").and_then(Value::as_i64).unwrap_or(0),
                    ))
                };
                let pointer = format!("/overrides/{}/{index}", escape(name));
                Some(Mapping { pointer, new, rules: rules.filter_map(rule).collect() })
            });
            (name.as_str(), mappings.collect())
        };
        overrides.iter().map(of_name).collect()
    }

    pub(super) fn has_override(&self, name: &str) -> bool {
        self.overrides().iter().any(|(own, mappings)| *own == name && !mappings.is_empty())
    }

    pub(super) fn has_bandit(&self, name: &str) -> bool {
        self.root.get("cmab_configs").and_then(|configs| configs.get(name)).is_some()
    }
}
