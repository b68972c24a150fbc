//! Small payloads of our own: how they are made; what is tested with them is in the modules.

use serde_json::{Value, json};

use super::{Import, import};
use crate::report::{Kind, Outcome};

mod definition;
mod operand;

fn payload(gates: Value, configs: Value, layers: Value, conditions: Value) -> Value {
    json!({
        "response_format": "dcs-v2", "time": 7, "has_updates": true,
        "feature_gates": gates, "dynamic_configs": configs, "layer_configs": layers, "condition_map": conditions,
    })
}

fn spec(entity: &str, default: Value, rules: Value) -> Value {
    json!({
        "type": "any", "entity": entity, "salt": "spec-salt", "enabled": true, "defaultValue": default, "rules": rules,
        "idType": "userID", "version": 1,
    })
}

fn rule(id: &str, condition: &str, value: Value) -> Value {
    json!({
        "name": id, "id": id, "salt": "rule-salt", "passPercentage": 100, "conditions": [condition], "returnValue": value,
        "idType": "userID",
    })
}

fn with(mut base: Value, field: &str, value: Value) -> Value {
    base[field] = value;
    base
}

fn condition(kind: &str, operator: &str, field: &str, target: Value) -> Value {
    json!({ "type": kind, "operator": operator, "field": field, "targetValue": target, "additionalValues": { "salt": "b" }, "idType": "userID" })
}

/// The import of a gate with one rule with this condition.
fn gate_of(condition: Value) -> Import {
    let gates = json!({ "g": spec("feature_gate", json!(false), json!([rule("r", "c", json!(true))])) });
    import(&payload(gates, json!({}), json!({}), json!({ "c": condition }))).unwrap()
}

fn test_of(import: &Import) -> &Value {
    &import.snapshot["features"]["g"]["rules"][0]["if"]
}

fn kinds(import: &Import) -> Vec<Kind> {
    let kinds = import.report.items.iter().map(|item| item.kind);
    kinds.filter(|kind| *kind != Kind::PayloadField).collect()
}

fn outcome(import: &Import, name: &str) -> Outcome {
    import.report.entities.iter().find(|entity| entity.name == name).unwrap().outcome
}
