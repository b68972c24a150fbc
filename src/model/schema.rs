//! The JSON Schema of the snapshot document, for editors: `docs/snapshot.schema.json`.
//!
//! Not a validator: what one definition asks of another (§7) and texts in operands are checked by the engine only.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};

use super::{Snapshot, limits};
use crate::value::Value;

/// The schema, in JSON Schema draft 2020-12.
#[must_use]
pub fn schema() -> serde_json::Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Snapshot>();
    schema.insert("title".into(), "Tidegate snapshot".into());
    tidy(&mut schema);
    schema.to_value()
}

/// Keys of maps are at most as long as SEMANTICS 9.7 allows, and what may be left out may not be `null`.
fn tidy(schema: &mut Schema) {
    if let Some(object) = schema.as_object_mut() {
        let is_map =
            object.get("additionalProperties").is_some_and(|other| other.is_object() || *other == true);
        if is_map {
            object.insert("propertyNames".into(), serde_json::json!({ "maxLength": limits::KEY_BYTES }));
        }
        let properties = object.get_mut("properties").and_then(serde_json::Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            // Only of a candidate `null` says something.
            if name != "candidate" {
                refuse_null(property);
            }
        }
    }
    schemars::transform::transform_subschemas(&mut tidy, schema);
}

fn refuse_null(schema: &mut serde_json::Value) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(serde_json::Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            object.insert("type".into(), one);
        }
    }
    let Some(serde_json::Value::Array(forms)) = object.get_mut("anyOf") else { return };
    forms.retain(|form| form.get("type").is_none_or(|name| name != "null"));
    if let [serde_json::Value::Object(one)] = forms.as_slice() {
        let one = one.clone();
        object.remove("anyOf");
        object.extend(one);
    }
}

/// Makes a condition exactly one of its forms, each without other fields.
pub(super) fn one_form(schema: &mut Schema) {
    let Some(mut forms) = schema.remove("anyOf") else { return };
    for form in forms.as_array_mut().into_iter().flatten().filter_map(serde_json::Value::as_object_mut) {
        if form.contains_key("properties") {
            form.insert("additionalProperties".into(), false.into());
        }
    }
    schema.insert("oneOf".into(), forms);
}

/// Says which fields a patch has, by its kind.
pub(super) fn patch_forms(schema: &mut Schema) {
    let on = serde_json::json!([{ "required": ["feature"] }, { "required": ["segment"] }]);
    schema.insert("oneOf".into(), on);
    schema.insert("if".into(), serde_json::json!({ "properties": { "patch": { "const": "set" } } }));
    schema.insert("then".into(), serde_json::json!({ "required": ["variant"] }));
    schema.insert("else".into(), serde_json::json!({ "properties": { "variant": false } }));
}

/// Says which form the operand has, by the operator.
pub(super) fn operand_forms(schema: &mut Schema) {
    let scalar_list = serde_json::json!({
        "type": "array", "items": { "type": ["string", "number"] }, "maxItems": limits::LIST_VALUES });
    let texts = serde_json::json!({ "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": "string" }, "maxItems": limits::LIST_VALUES }] });
    let versions: Vec<String> = ["semver", "version"]
        .iter()
        .flat_map(|kind| ["eq", "gt", "gte", "lt", "lte"].map(|order| format!("{kind}_{order}")))
        .chain(["matches".into()])
        .collect();
    let forms = [
        (serde_json::json!(["eq"]), serde_json::json!({ "type": ["string", "number", "boolean"] })),
        (serde_json::json!(["in", "contains_all", "contains_any", "contains_none"]), scalar_list),
        (serde_json::json!(["contains", "starts_with", "ends_with", "in_cidr"]), texts),
        (serde_json::json!(versions), serde_json::json!({ "type": "string" })),
        (serde_json::json!(["lt", "lte", "gt", "gte"]), serde_json::json!({ "type": "number" })),
        (
            serde_json::json!(["between"]),
            serde_json::json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 }),
        ),
        (
            serde_json::json!(["modulo"]),
            serde_json::json!({
                "type": "object",
                "properties": {
                    "divisor": { "type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_992_u64 },
                    "remainder": { "type": "integer", "minimum": 0 } },
                "required": ["divisor", "remainder"],
                "additionalProperties": false }),
        ),
        (serde_json::json!(["after", "before"]), serde_json::json!({ "type": ["string", "integer"] })),
        (
            serde_json::json!(["is_type"]),
            serde_json::json!({ "enum": ["string", "number", "integer", "boolean", "list", "object"] }),
        ),
    ];
    let mut all: Vec<serde_json::Value> = forms
        .into_iter()
        .map(|(ops, value)| {
            serde_json::json!({
                "if": { "properties": { "op": { "enum": ops } } },
                "then": { "properties": { "value": value }, "required": ["value"] } })
        })
        .collect();
    all.push(serde_json::json!({
        "if": { "properties": { "op": { "const": "is_set" } } },
        "then": { "properties": { "value": false } } }));
    all.push(serde_json::json!({
        "if": { "properties": { "op": { "enum": ["eq", "in", "contains", "starts_with", "ends_with"] } } },
        "else": { "properties": { "ignore_case": { "const": false } } } }));
    schema.insert("allOf".into(), all.into());
}

/// The type of an instant (SEMANTICS 2.7).
pub(super) fn instant(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "An RFC 3339 string, or an integer of milliseconds since 1970.",
        "type": ["string", "integer"]
    })
}

impl JsonSchema for Value {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::from(true)
    }
}
