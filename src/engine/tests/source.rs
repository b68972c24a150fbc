//! The document that an engine keeps, over deltas.

use super::*;

fn kept(engine: &Engine) -> Json {
    serde_json::from_slice(&engine.snapshot().1.unwrap()).unwrap()
}

#[test]
fn what_is_kept_is_what_is_served_also_after_deltas() {
    let engine = Engine::builder().keep_source(true).build();
    assert!(engine.snapshot().1.is_none() && engine.trace("f", &BTreeMap::new()).unwrap_err().is_use());
    let mut features = json!({"f": always(false), "gone": always(true), "big": {"kind": "config", "type": "number",
        "variants": {"on": {"value": 9_007_199_254_740_993_i64}}, "default": "on"}});
    engine.load(&document(1, features.clone())).unwrap();
    assert_eq!(&*engine.snapshot().1.unwrap(), document(1, features.clone()), "byte for byte");
    // More than are kept as they are.
    for version in 2..200_u64 {
        let delta = match version {
            100 => json!({"from": 99, "version": 100, "features": {"gone": null}}),
            _ => {
                json!({"from": version - 1, "version": version, "features": {"f": always(version % 2 == 0)}})
            }
        };
        engine.apply_delta(&bytes(&delta)).unwrap();
        if version == 100 {
            features.as_object_mut().unwrap().remove("gone");
        } else {
            features["f"] = always(version % 2 == 0);
        }
        assert!(engine.apply_delta(&bytes(&json!({"from": 7_000, "version": 7_001}))).is_err());
        if version % 3 == 0 || version > 190 {
            assert_eq!(engine.trace("f", &BTreeMap::new()).unwrap().check, version % 2 == 0, "{version}");
            let expected: Json = serde_json::from_slice(&document(version, features.clone())).unwrap();
            assert_eq!(kept(&engine), expected);
        }
    }
    engine.load(&document(300, json!({"f": always(true)}))).unwrap();
    assert_eq!(&*engine.snapshot().1.unwrap(), document(300, json!({"f": always(true)})));
}

#[test]
fn the_document_of_many_deltas_needs_nobody_to_ask_for_it() {
    let engine = Engine::builder().keep_source(true).build();
    engine.load(&document(0, json!({"f": always(false)}))).unwrap();
    for version in 1..1_000_u64 {
        let delta = json!({"from": version - 1, "version": version, "features": {"f": always(true)}});
        engine.apply_delta(&bytes(&delta)).unwrap();
    }
    assert_eq!(kept(&engine)["version"], 999);
}
