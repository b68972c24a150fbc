//! Conditions: what they become, and what is said about them.

use serde_json::{Value, json};

use super::super::pattern::is_common;
use super::{condition, gate_of, kinds, outcome, test_of};
use crate::report::{Effect, Kind, Outcome};

#[test]
fn membership_folds_case_and_sees_numbers_and_booleans_as_text() {
    let import = gate_of(condition("user_field", "any", "level", json!(["A", "9", "9.0", "true"])));
    assert_eq!(
        *test_of(&import),
        json!({ "any": [
        { "attribute": "level", "op": "in", "value": ["a", "9", "9.0", "true"], "ignore_case": true },
        { "attribute": "level", "op": "in", "value": [9] },
        { "attribute": "level", "op": "eq", "value": true },
    ] })
    );
    assert_eq!(outcome(&import, "g"), Outcome::Exact);
    assert!(kinds(&import).is_empty());
}

#[test]
fn negative_membership_holds_for_a_missing_attribute_and_other_types() {
    let import = gate_of(condition("user_field", "none", "country", json!(["US"])));
    assert_eq!(
        *test_of(&import),
        json!({ "any": [
        { "not": { "attribute": "country", "op": "in", "value": ["us"], "ignore_case": true } },
        { "not": { "attribute": "country", "op": "is_type", "value": "string" } },
        { "not": { "attribute": "country", "op": "is_set" } },
    ] })
    );
    let import = gate_of(condition("user_field", "any", "country", json!([""])));
    let missing = json!({ "not": { "attribute": "country", "op": "is_set" } });
    assert!(test_of(&import)["any"].as_array().unwrap().contains(&missing));
}

#[test]
fn case_sensitive_list_keeps_the_last_of_equal_folds() {
    let import = gate_of(condition("user_field", "any_case_sensitive", "plan", json!(["A", "b", "a"])));
    assert_eq!(*test_of(&import), json!({ "attribute": "plan", "op": "in", "value": ["a", "b"] }));
}

#[test]
fn operand_that_is_no_list_is_constant() {
    assert_eq!(*test_of(&gate_of(condition("user_field", "any", "plan", json!(null)))), json!({ "any": [] }));
    assert_eq!(*test_of(&gate_of(condition("user_field", "none", "plan", json!(null)))), Value::Null);
}

#[test]
fn environment_tier_is_the_attribute_environment() {
    let import = gate_of(condition("environment_field", "none", "tier", json!(["dev"])));
    assert_eq!(
        *test_of(&import),
        json!({ "any": [
        { "not": { "attribute": "environment", "op": "in", "value": ["dev"], "ignore_case": true } },
        { "not": { "attribute": "environment", "op": "is_set" } },
    ] })
    );
    assert_eq!(
        import.snapshot["attributes"],
        json!({ "environment": { "type": "string", "process": true } })
    );
    let import = gate_of(condition("environment_field", "any", "region", json!(["eu"])));
    assert_eq!(test_of(&import)["attribute"], "environment_region");
}

#[test]
fn share_of_buckets_is_kept_and_reported() {
    let import = gate_of(condition("user_bucket", "lt", "", json!(333)));
    assert_eq!(
        *test_of(&import),
        json!({ "bucket": { "unit": "userID", "salt": "b", "from": 0, "to": 333_000 } })
    );
    assert_eq!(kinds(&import), [Kind::BucketingDiffers, Kind::MissingUnit]);
    assert_eq!(outcome(&import, "g"), Outcome::Inexact);
    let import =
        gate_of(condition("user_bucket", "none", "", json!({ "0": true, "500": true, "999": true })));
    assert_eq!(test_of(&import)["any"].as_array().unwrap().len(), 2);
}

#[test]
fn all_buckets_and_no_bucket_need_no_hash() {
    let all = gate_of(condition("user_bucket", "lt", "", json!(1_000)));
    assert_eq!((test_of(&all), outcome(&all, "g")), (&Value::Null, Outcome::Exact));
    let none = gate_of(condition("user_bucket", "any", "", json!({ "-1": true })));
    assert_eq!((test_of(&none), outcome(&none, "g")), (&json!({ "any": [] }), Outcome::Exact));
}

#[test]
fn many_ranges_become_one_segment() {
    let even: serde_json::Map<String, Value> = (0..500).map(|b| ((b * 2).to_string(), json!(true))).collect();
    let import = gate_of(condition("user_bucket", "any", "", even.into()));
    assert_eq!(*test_of(&import), json!({ "segment": "statsig-bucket:c" }));
    assert_eq!(import.snapshot["segments"]["statsig-bucket:c"]["if"]["any"].as_array().unwrap().len(), 500);
}

#[test]
fn clock_conditions_are_spans() {
    let import = gate_of(condition("current_time", "after", "", json!(1_700_000_000_000_i64)));
    assert_eq!(*test_of(&import), json!({ "time": { "from": 1_700_000_000_001_i64 } }));
    let import = gate_of(condition("current_time", "on", "", json!(1_700_000_000_000_i64)));
    assert_eq!(
        *test_of(&import),
        json!({ "time": { "from": 1_699_920_000_000_i64, "to": 1_700_006_400_000_i64 } })
    );
    assert_eq!(outcome(&import, "g"), Outcome::Exact);
}

#[test]
fn version_operand_is_cut_and_reported() {
    let import = gate_of(condition("user_field", "version_neq", "appVersion", json!("1.02-beta")));
    assert_eq!(
        *test_of(&import),
        json!({ "not": { "attribute": "appVersion", "op": "version_eq", "value": "1.2" } })
    );
    assert!(kinds(&import).contains(&Kind::VersionSyntax));
    assert_eq!(
        *test_of(&gate_of(condition("user_field", "version_gt", "v", json!("x")))),
        json!({ "any": [] })
    );
}

#[test]
fn number_from_text_is_of_other_types_only() {
    let import = gate_of(condition("user_field", "gte", "level", json!("5")));
    assert_eq!(*test_of(&import), json!({ "attribute": "level", "op": "gte", "value": 5 }));
    assert_eq!(import.report.items[0].effect, Effect::OtherTypes);
    assert_eq!(outcome(&import, "g"), Outcome::Exact);
    let import = gate_of(condition("user_field", "gt", "level", json!(9_223_372_036_854_775_000_i64)));
    assert!(kinds(&import).contains(&Kind::NumberPrecision));
}

#[test]
fn null_equals_a_missing_field_and_an_empty_field_of_the_user() {
    let import = gate_of(condition("user_field", "eq", "email", json!(null)));
    assert_eq!(
        *test_of(&import),
        json!({ "any": [
        { "attribute": "email", "op": "eq", "value": "" },
        { "not": { "attribute": "email", "op": "is_set" } },
    ] })
    );
    let import = gate_of(condition("user_field", "neq", "custom", json!(null)));
    assert_eq!(*test_of(&import), json!({ "attribute": "custom", "op": "is_set" }));
}

#[test]
fn field_of_the_user_has_its_canonical_name() {
    let import = gate_of(condition("user_field", "any", "USERID", json!(["a"])));
    assert_eq!(test_of(&import)["attribute"], "userID");
    let import = gate_of(condition("user_field", "any", "newUser", json!(["a"])));
    assert_eq!(kinds(&import), [Kind::FieldNameCase]);
}

#[test]
fn pattern_is_kept_only_if_surely_valid() {
    for pattern in ["", "a|b", "^@.*mail$", r"\d{2,4}(?:x|[a-c_.-]+?)\.", "(?i)ab", "(?P<n>x)?", "é"] {
        assert!(is_common(pattern), "{pattern}");
    }
    for pattern in [
        "(",
        ")",
        "a**",
        "a++",
        "(?=x)",
        r"\1",
        "[a",
        "[[:alpha:]]",
        "[z-a]",
        "a{2,1}",
        "a{99999}",
        r"\p{L}",
        "^*",
    ] {
        assert!(!is_common(pattern), "{pattern}");
    }
    let import = gate_of(condition("user_field", "str_matches", "plan", json!("(?<=a)b")));
    assert_eq!(*test_of(&import), json!({ "any": [] }));
    assert!(kinds(&import).contains(&Kind::RegexSyntax));
}

#[test]
fn list_operator_asks_for_each_view_of_each_value() {
    let import = gate_of(condition("user_field", "array_contains_all", "tags", json!(["a", "1"])));
    assert_eq!(
        *test_of(&import),
        json!({ "all": [
        { "attribute": "tags", "op": "contains_any", "value": ["a"] },
        { "attribute": "tags", "op": "contains_any", "value": ["1", 1] },
    ] })
    );
    let import = gate_of(condition("user_field", "not_array_contains_all", "tags", json!(["a"])));
    assert_eq!(*test_of(&import), json!({ "attribute": "tags", "op": "contains_none", "value": ["a"] }));
}
