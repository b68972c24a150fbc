use serde_json::json;
use tidegate::model::{Feature, Key};

use super::{Op, diff_json, escape, touched};

fn feature(json: serde_json::Value) -> Feature {
    serde_json::from_value(json).unwrap()
}

fn environments() -> Vec<Key> {
    ["dev", "prod"].map(Key::from).to_vec()
}

#[test]
fn differences_name_their_place() {
    let before = json!({"a": 1, "b": {"x/y": 1}, "gone": true, "list": [1, 2, 3]});
    let after = json!({"a": 2, "b": {"x/y": 2}, "new": null, "list": [1, 5]});
    let found = diff_json(&before, &after);
    let short: Vec<_> = found.iter().map(|d| (d.path.as_str(), d.op)).collect();
    assert_eq!(
        short,
        [
            ("/a", Op::Replace),
            ("/b/x~1y", Op::Replace),
            ("/gone", Op::Remove),
            ("/list/1", Op::Replace),
            ("/list/2", Op::Remove),
            ("/new", Op::Add),
        ]
    );
    assert_eq!((found[0].before.clone(), found[0].after.clone()), (Some(json!(1)), Some(json!(2))));
    assert_eq!(found[2].after, None);
    assert!(diff_json(&before, &before).is_empty());
}

#[test]
fn rules_are_compared_by_id() {
    let before = json!([{"id": "a", "variant": "on"}, {"id": "b", "variant": "on"}]);
    let inserted = json!([{"id": "new"}, {"id": "a", "variant": "on"}, {"id": "b", "variant": "off"}]);
    let short: Vec<_> = diff_json(&before, &inserted).into_iter().map(|d| (d.path, d.op)).collect();
    assert_eq!(short, [("/0".to_owned(), Op::Add), ("/2/variant".to_owned(), Op::Replace)]);
    let swapped = json!([{"id": "b", "variant": "on"}, {"id": "a", "variant": "on"}]);
    assert!(diff_json(&before, &swapped).iter().all(|d| d.op == Op::Move));
    assert_eq!(diff_json(&before, &swapped).len(), 2);
}

#[test]
fn pointers_are_escaped() {
    assert_eq!(escape("a/b~c"), "a~1b~0c");
    assert_eq!(escape("plain"), "plain");
}

#[test]
fn a_change_touches_where_the_resolved_definition_differs() {
    let base = feature(json!({"kind": "gate", "rules": [{"id": "r", "variant": "on"}],
        "environments": {"prod": {"enabled": false}}}));
    let touch = |candidate: serde_json::Value| {
        touched(Some(&base), Some(&feature(candidate)), &environments()).join(",")
    };
    let described = json!({"kind": "gate", "description": "d", "environments": {"prod": {"enabled": false}},
        "rules": [{"id": "r", "variant": "on", "description": "d"}]});
    assert_eq!(touch(described), "");
    // `prod` has its own `enabled`, so the shared one does not matter there.
    let shared = json!({"kind": "gate", "enabled": false, "rules": [{"id": "r", "variant": "on"}],
        "environments": {"prod": {"enabled": false}}});
    assert_eq!(touch(shared), "dev");
    let only_prod = json!({"kind": "gate", "rules": [{"id": "r", "variant": "on"}]});
    assert_eq!(touch(only_prod), "prod");
    let salted = json!({"kind": "gate", "salt": "s", "rules": [{"id": "r", "variant": "on"}],
        "environments": {"prod": {"enabled": false}}});
    assert_eq!(touch(salted), "dev,prod");
    assert_eq!(touched(None, Some(&base), &environments()).len(), 2);
    assert_eq!(touched(Some(&base), None, &environments()).len(), 2);
    assert!(touched(None, None, &environments()).is_empty());
}
