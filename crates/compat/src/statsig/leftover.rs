//! What of a payload is not read: its fields, one by one, and those of definitions, by name with their number.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::payload::{Payload, Space, escape};
use crate::report::{Entity, Item, Kind};

/// What is read, or is only about the transfer.
const ROOT: [&str; 8] = [
    "condition_map",
    "dynamic_configs",
    "feature_gates",
    "has_updates",
    "layer_configs",
    "response_format",
    "time",
    "overrides",
];
const SPEC: [&str; 11] = [
    "defaultValue",
    "enabled",
    "entity",
    "idType",
    "isActive",
    "rules",
    "salt",
    "targetAppIDs",
    "type",
    "useNewLayerEval",
    "version",
];
const RULE: [&str; 9] = [
    "conditions",
    "configDelegate",
    "groupName",
    "id",
    "idType",
    "name",
    "passPercentage",
    "returnValue",
    "salt",
];
/// Fields whose members are things of their own.
const STORES: [&str; 3] = ["cmab_configs", "id_lists", "param_stores"];

/// The items of the payload itself.
pub(super) fn items(payload: &Payload<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for (field, value) in payload.root {
        let read = ROOT.contains(&field.as_str()) || field == "override_rules";
        let pointer = format!("/{}", escape(field));
        match value.as_object() {
            _ if read => {}
            Some(members) if STORES.contains(&field.as_str()) => {
                for name in members.keys() {
                    let message = format!("`{name}` of `{field}` is not imported");
                    items.push(item(name, &format!("{pointer}/{}", escape(name)), message));
                }
            }
            _ => items.push(item(field, &pointer, format!("the field `{field}` is not read"))),
        }
    }
    items.extend(unused_conditions(payload));
    let mut fields = Fields::default();
    for space in Space::ALL {
        let specs = payload.root.get(space.field()).and_then(Value::as_object).into_iter().flatten();
        for (name, spec) in specs {
            let pointer = format!("/{}/{}", space.field(), escape(name));
            fields.count("", &pointer, spec.as_object(), &SPEC);
            let rules = spec.get("rules").and_then(Value::as_array).into_iter().flatten();
            for (index, rule) in rules.enumerate() {
                fields.count("rules.", &format!("{pointer}/rules/{index}"), rule.as_object(), &RULE);
            }
        }
    }
    items.extend(fields.0.into_iter().map(|(name, (count, pointer))| {
        let message = format!("`{name}`, {count} times in definitions, is not read");
        item(&name, &pointer, message)
    }));
    items
}

fn item(name: &str, pointer: &str, message: String) -> Item {
    Item::new(Entity::Payload, name, pointer, Kind::PayloadField, message)
}

fn unused_conditions(payload: &Payload<'_>) -> Option<Item> {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let rules = payload.definitions().flat_map(|(_, spec)| spec).flat_map(|spec| &spec.rules);
    used.extend(rules.flat_map(|rule| rule.conditions.iter().copied()));
    let overriding = payload.root.get("override_rules").and_then(Value::as_object).into_iter().flatten();
    used.extend(
        overriding.filter_map(|(name, _)| payload.override_rule(name)).flat_map(|rule| rule.conditions),
    );
    let unused: Vec<&str> =
        payload.conditions.keys().map(String::as_str).filter(|id| !used.contains(id)).collect();
    let first = unused.first()?;
    let pointer = format!("/condition_map/{}", escape(first));
    Some(item(
        "condition_map",
        &pointer,
        format!("{} conditions are in no rule: `{}`", unused.len(), unused.join("`, `")),
    ))
}

/// How often a field that is not read occurs, and where first.
#[derive(Default)]
struct Fields(BTreeMap<String, (usize, String)>);

impl Fields {
    fn count(&mut self, prefix: &str, pointer: &str, fields: Option<&Map<String, Value>>, read: &[&str]) {
        for field in fields.into_iter().flat_map(Map::keys).filter(|field| !read.contains(&field.as_str())) {
            let first = || (0, format!("{pointer}/{}", escape(field)));
            let (count, _) = self.0.entry(format!("{prefix}{field}")).or_insert_with(first);
            *count = count.saturating_add(1);
        }
    }
}
