use super::*;

fn keys<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Vec<&'a str> {
    keys.into_iter().map(|key| &**key).collect()
}

fn gate() -> Json {
    json!({ "kind": "gate" })
}

/// A document of gates `f`, `g` and a segment `s` with one release.
fn released(release: Json) -> Json {
    let mut document = document(json!({ "f": gate(), "g": gate() }));
    document["segments"] = json!({ "s": { "if": { "all": [] } } });
    document["releases"] = json!([release]);
    document
}

fn in_release(release: Json) -> Vec<String> {
    places(&strict(&released(release)).diagnostics)
        .iter()
        .map(|place| place.replace("/releases/0", ""))
        .collect()
}

#[test]
fn invalid_bases_are_left_out_and_listed() {
    let mut document = document(json!({ "f": { "kind": "gte" }, "g": gate() }));
    document["segments"] = json!({ "s": { "if": {} }, "t": { "if": { "any": [] } } });
    let decoded = lenient(&document);
    assert!(!decoded.refused);
    assert_eq!(places(&decoded.diagnostics), ["TG2007 /segments/s/if", "TG2005 /features/f/kind"]);
    assert_eq!((keys(&decoded.invalid_features), keys(&decoded.invalid_segments)), (vec!["f"], vec!["s"]));
    assert_eq!(
        (keys(decoded.snapshot.features.keys()), keys(decoded.snapshot.segments.keys())),
        (vec!["g"], vec!["t"])
    );
}

#[test]
fn releases_are_consistent() {
    let phase = |patch: Json| json!([{ "id": "p", "live": true, "patches": [patch] }]);
    let one = |patch: Json| {
        in_release(json!({ "id": "r", "phases": phase(patch),
            "features": { "f": { "candidate": { "kind": "gate" } }, "g": {} }, "segments": { "s": {} } }))
    };
    let at = "/phases/0/patches/0";
    assert_eq!(one(json!({ "patch": "apply", "feature": "f" })), [""; 0]);
    assert_eq!(one(json!({ "patch": "apply", "feature": "g" })), [format!("TG4003 {at}")]);
    assert_eq!(one(json!({ "patch": "apply", "segment": "s" })), [format!("TG4003 {at}")]);
    assert_eq!(one(json!({ "patch": "enable", "segment": "s" })), [format!("TG4005 {at}/patch")]);
    assert_eq!(one(json!({ "patch": "enable", "feature": "h" })), [format!("TG4004 {at}/feature")]);
    assert_eq!(one(json!({ "patch": "enable" })), [format!("TG2007 {at}")]);
    assert_eq!(one(json!({ "patch": "set", "feature": "f" })), [format!("TG2002 {at}")]);
    assert_eq!(
        one(json!({ "patch": "set", "feature": "f", "variant": "x" })),
        [format!("TG2003 {at}/variant")]
    );
    assert_eq!(
        one(json!({ "patch": "enable", "feature": "f", "variant": "on" })),
        [format!("TG2007 {at}/variant")]
    );

    let set = json!({ "patch": "set", "feature": "f", "variant": "maybe" });
    let candidate = json!({ "kind": "gate", "variants": { "maybe": true, "off": false } });
    let features = json!({ "f": { "candidate": candidate } });
    // It must be in both, but for a tombstone.
    assert_eq!(
        in_release(json!({ "id": "r", "features": features, "phases": phase(set) })),
        [format!("TG2003 {at}/variant")]
    );
    let set = json!({ "patch": "set", "feature": "new", "variant": "maybe" });
    let features = json!({ "new": { "candidate": candidate } });
    assert_eq!(in_release(json!({ "id": "r", "features": features, "phases": phase(set) })), [""; 0]);
    let features = json!({ "new": {}, "old": { "candidate": null } });
    assert_eq!(
        in_release(json!({ "id": "r", "features": features, "phases": [] })),
        ["TG4006 /features/new", "TG4006 /features/old"]
    );
}

#[test]
fn ramps_below_100_have_a_unit() {
    let release = |features: Json, segments: Json, ramp: Json| {
        let phases =
            json!([{ "id": "p", "ramp": { "percent": 100 } }, { "id": "q", "ramp": { "percent": 50 } }]);
        in_release(
            json!({ "id": "r", "features": features, "segments": segments, "ramp": ramp, "phases": phases }),
        )
    };
    let (one, two) = (json!({ "f": {} }), json!({ "f": {}, "g": {} }));
    assert_eq!(release(one.clone(), json!({}), json!({})), [""; 0]);
    assert_eq!(release(two.clone(), json!({}), json!({})), ["TG4002 /phases/1/ramp"]);
    assert_eq!(release(one, json!({ "s": {} }), json!({})), ["TG4002 /phases/1/ramp"]);
    assert_eq!(release(two, json!({}), json!({ "unit": "u" })), [""; 0]);
}

#[test]
fn features_are_in_one_release_only() {
    let mut document =
        released(json!({ "id": "r", "features": { "f": { "candidate": null } }, "phases": [] }));
    document["releases"].as_array_mut().unwrap().push(
        json!({ "id": "r2", "features": { "f": { "candidate": null }, "g": { "candidate": null } }, "phases": [{ "id": "p" }] }),
    );
    document["releases"].as_array_mut().unwrap().push(json!({ "id": "r", "phases": [] }));
    let decoded = lenient(&document);
    assert_eq!(places(&decoded.diagnostics), ["TG4001 /releases/1/features/f", "TG2008 /releases/2/id"]);
    assert_eq!(decoded.snapshot.releases.len(), 2);
    assert_eq!(keys(decoded.snapshot.releases[1].features.keys()), ["g"]);
}

#[test]
fn invalid_candidate_takes_its_patches_with_it_and_leaves_the_salt() {
    let document = released(json!({
        "id": "r", "ramp": { "unit": "u" },
        "features": { "f": { "candidate": { "kind": "gate" } }, "g": { "candidate": { "kind": "x" } } },
        "segments": { "s": { "candidate": { "if": 1 } } },
        "phases": [
            { "id": "p", "live": true, "patches": [
                { "patch": "apply", "feature": "g" }, { "patch": "enable", "feature": "g" },
                { "patch": "apply", "feature": "f" }, { "patch": "apply", "segment": "s" }] },
            { "id": "q", "ramp": { "percent": 5 } }] }));
    let decoded = lenient(&document);
    assert_eq!(
        places(&decoded.diagnostics),
        ["TG2005 /releases/0/features/g/candidate/kind", "TG2004 /releases/0/segments/s/candidate/if"]
    );
    let release = &decoded.snapshot.releases[0];
    assert_eq!((keys(release.features.keys()), release.segments.len()), (vec!["f"], 0));
    assert_eq!(release.phases[0].patches.as_ref().unwrap().len(), 1);
    assert_eq!(release.phases.len(), 2);
    assert_eq!(&*release.ramp_salt(), "ramp/f,g,segment:s");
    assert!(decoded.invalid_features.is_empty() && decoded.snapshot.features.len() == 2);
}

#[test]
fn invalid_phases_are_ignored() {
    let document = released(json!({
        "id": "r", "features": { "f": { "candidate": { "kind": "gate" } } },
        "phases": [
            { "id": "target", "target": [{ "if": {} }] },
            { "id": "ramp", "ramp": { "percent": 101 } },
            { "id": "patch", "patches": [{ "patch": "aply", "feature": "f" }, { "patch": "apply", "feature": "f" }] },
            { "id": "sound" },
            { "id": "sound", "live": true }] }));
    let decoded = lenient(&document);
    let phases = &decoded.snapshot.releases[0].phases;
    assert_eq!(phases.iter().map(|p| &*p.id).collect::<Vec<_>>(), ["sound"]);
    assert!(!phases[0].live);
    assert_eq!(decoded.diagnostics.len(), 4);

    let broken = released(json!({ "id": "r", "ramp": { "unit": 1 }, "features": { "f": {} },
        "phases": [{ "id": "all" }, { "id": "some", "ramp": { "percent": 5 } }] }));
    let decoded = lenient(&broken);
    assert_eq!(places(&decoded.diagnostics), ["TG2004 /releases/0/ramp/unit"]);
    assert_eq!(decoded.snapshot.releases[0].phases.len(), 1);
}

#[test]
fn unchanged_features_are_passed_over_and_still_known() {
    let mut document = released(json!({
        "id": "r", "features": { "f": {}, "c": {} },
        "phases": [{ "id": "p", "patches": [
            { "patch": "set", "feature": "f", "variant": "x" }, { "patch": "set", "feature": "c", "variant": "a" },
            { "patch": "set", "feature": "c", "variant": "x" }] }] }));
    document["features"]["c"] = json!({ "kind": "config", "variants": { "a": 1 }, "default": "a" });
    document["features"]["e"] = json!({ "kind": "experiment", "exclusion_group": "gone" });
    document["kills"] = json!([{ "feature": "c", "environment": "prod" }]);
    let mut seen = Vec::new();
    let decoded = decode_changed(parsed(&document), Mode::Lenient, &mut |key, value| {
        seen.push((key.to_owned(), value.structural_hash()));
        key != "g"
    });
    assert_eq!(seen.len(), 4);
    assert_eq!(
        (keys(&decoded.unchanged), keys(decoded.snapshot.features.keys())),
        (vec!["c", "f"], vec!["g"])
    );
    assert_eq!(keys(&decoded.invalid_features), ["e"]);
    assert_eq!(
        places(&decoded.diagnostics),
        [
            "TG3005 /features/e/exclusion_group",
            "TG2003 /releases/0/phases/0/patches/0/variant",
            "TG2003 /releases/0/phases/0/patches/2/variant",
        ]
    );
    assert_eq!(decoded.snapshot.kills.len(), 1);
}
