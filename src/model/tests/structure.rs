use super::*;

#[test]
fn all_problems_are_reported_at_once() {
    let decoded = strict(&json!({
        "schema_version": 1, "version": 1, "feature": {},
        "features": {
            "a/b": { "kind": "gate", "rules": [
                { "id": "r", "variant": "onn" },
                { "id": "r", "variant": "on", "split": [] },
                { "variant": "on" },
                { "id": "s", "rollout": { "percent": 12.34567 }, "split": [{ "variant": "on", "weight": 99.9999 }] }] },
            "c~d": { "kind": "confg", "allocation": { "percent": 5 } },
            "e": { "kind": "config", "variants": {}, "enabled": 1 },
            "g": { "kind": "gate", "variants": { "on": 1, "off": false }, "exclusion_group": "x" } }
    }));
    assert!(decoded.refused);
    assert_eq!(
        places(&decoded.diagnostics),
        [
            "TG2003 /features/a~1b/rules/0/variant",
            "TG2007 /features/a~1b/rules/1",
            "TG2011 /features/a~1b/rules/1/split",
            "TG2008 /features/a~1b/rules/1/id",
            "TG2002 /features/a~1b/rules/2",
            "TG2010 /features/a~1b/rules/3/rollout/percent",
            "TG2011 /features/a~1b/rules/3/split",
            "TG2005 /features/c~0d/kind",
            "TG2004 /features/e/enabled",
            "TG2012 /features/e/variants",
            "TG2002 /features/e",
            "TG2004 /features/g/variants/on",
            "TG2013 /features/g/exclusion_group",
            "TG3005 /features/g/exclusion_group",
            "TG2001 /feature",
        ]
    );
    let first = &decoded.diagnostics[0];
    assert_eq!(first.message, "`onn` is not a variant of the feature");
    assert_eq!(first.hint.as_deref(), Some("did you mean `on`?"));
    assert_eq!(decoded.diagnostics[7].hint.as_deref(), Some("did you mean `config`?"));
    assert_eq!(decoded.diagnostics.last().unwrap().hint.as_deref(), Some("did you mean `features`?"));
}

#[test]
fn messages_are_lower_case_lines_without_period() {
    for document in
        [json!([]), json!({ "schema_version": 2 }), document(json!({ "f": 1, "g": { "kind": "x\ny" } }))]
    {
        for diagnostic in strict(&document).diagnostics {
            let message = &diagnostic.message;
            assert!(
                !message.ends_with('.')
                    && !message.contains('\n')
                    && !message.starts_with(char::is_uppercase)
            );
        }
    }
}

#[test]
fn document_as_a_whole() {
    for (document, expected) in [
        (json!([]), "TG1006 "),
        (json!({ "version": 1 }), "TG1007 "),
        (json!({ "schema_version": 2, "version": 1, "features": 1 }), "TG1007 /schema_version"),
        (json!({ "schema_version": "1", "version": 1 }), "TG1007 /schema_version"),
        (json!({ "schema_version": 1 }), "TG1009 "),
        (json!({ "schema_version": 1, "version": -1 }), "TG1009 /version"),
        (json!({ "schema_version": 1, "version": 1.5 }), "TG1009 /version"),
        (json!({ "schema_version": 1, "version": 1, "features": [] }), "TG2004 /features"),
        (json!({ "schema_version": 1, "version": 1, "kills": {} }), "TG2004 /kills"),
    ] {
        for decoded in [strict(&document), lenient(&document)] {
            assert_eq!(places(&decoded.diagnostics), [expected], "{document}");
            assert!(decoded.refused);
        }
    }
    let error = Snapshot::from_json(b"{\"version\": 1e999}", Mode::Lenient).unwrap_err();
    assert_eq!((error.code().as_str(), error.diagnostics()[0].pointer.as_str()), ("TG1002", "/version"));
    let error = Snapshot::from_json(b"{\"schema_version\": 1, \"version\": 1, \"version\": 2}", Mode::Strict)
        .unwrap_err();
    assert_eq!(places(error.diagnostics()), ["TG2006 /version"]);
    assert!(
        Snapshot::from_json(b"{\"schema_version\": 1, \"version\": 1, \"version\": 2}", Mode::Lenient)
            .is_ok()
    );
}

#[test]
fn conditions_have_one_form() {
    assert_eq!(in_condition(json!({})), ["TG2007 "]);
    assert_eq!(in_condition(json!({ "all": [], "any": [] })), ["TG2007 "]);
    assert_eq!(
        in_condition(json!({ "any": [{ "al": [] }, 1, { "not": {} }] })),
        ["TG2007 /any/0", "TG2004 /any/1", "TG2007 /any/2/not"]
    );
    assert_eq!(in_condition(json!({ "op": "eq", "value": 1 })), ["TG2002 "]);
    assert_eq!(in_condition(json!({ "attribute": "a" })), ["TG2002 "]);
    assert_eq!(in_condition(json!({ "attribute": "a", "op": "equals", "value": 1 })), ["TG2020 /op"]);
    assert_eq!(in_condition(json!({ "feature": "a" })), ["TG2002 "]);
    assert_eq!(in_condition(json!({ "time": {} })), ["TG2002 /time"]);
    assert_eq!(in_condition(json!({ "time": { "from": [] } })), ["TG2004 /time/from"]);
    let bucket =
        |from: i64, to: i64| json!({ "bucket": { "unit": "u", "salt": "s", "from": from, "to": to } });
    assert_eq!(in_condition(bucket(0, 1_000_000)), [""; 0]);
    assert_eq!(in_condition(bucket(0, 1_000_001)), ["TG2009 /bucket/to"]);
    assert_eq!(in_condition(bucket(-1, 5)), ["TG2009 /bucket/from"]);
    assert_eq!(in_condition(bucket(5, 5)), ["TG2009 "]);
}

#[test]
fn operands_have_the_form_of_their_operator() {
    let test = |op: &str, value: Json| in_condition(json!({ "attribute": "a", "op": op, "value": value }));
    for (op, value) in [
        ("eq", json!(null)),
        ("eq", json!([])),
        ("in", json!("a")),
        ("contains", json!(1)),
        ("matches", json!(["a"])),
        ("lt", json!("1")),
        ("between", json!(["a", "b"])),
        ("between", json!([1])),
        ("between", json!([2, 1])),
        ("modulo", json!(2)),
        ("semver_eq", json!(1)),
        ("version_lt", json!(1.5)),
        ("before", json!(true)),
        ("after", json!(1.5)),
        ("in_cidr", json!({})),
        ("contains_any", json!("a")),
        ("is_type", json!("array")),
        ("is_type", json!(1)),
        ("is_set", json!(true)),
        ("is_set", json!(null)),
    ] {
        assert_eq!(test(op, value.clone()), ["TG2021 /value"], "{op} {value}");
    }
    for (op, value, place) in [
        ("in", json!(["a", true, 1, null]), vec!["TG2021 /value/1", "TG2021 /value/3"]),
        ("starts_with", json!(["a", 1]), vec!["TG2021 /value/1"]),
        ("between", json!([1, null]), vec!["TG2021 /value/1"]),
        ("modulo", json!({ "divisor": 0, "remainder": 0 }), vec!["TG2009 /value/divisor"]),
        ("modulo", json!({ "divisor": 5, "remainder": 5 }), vec!["TG2009 /value/remainder"]),
        ("modulo", json!({ "divisor": 1.5 }), vec!["TG2009 /value/divisor", "TG2002 /value"]),
    ] {
        assert_eq!(test(op, value.clone()), place, "{op} {value}");
    }
    for (op, value) in [
        ("in", json!([])),
        ("contains", json!([])),
        ("between", json!([1, 1.0])),
        ("before", json!(1e3)),
        ("modulo", json!({ "divisor": 9_007_199_254_740_992_i64, "remainder": 0 })),
        ("eq", json!(false)),
    ] {
        assert_eq!(test(op, value.clone()), [""; 0], "{op} {value}");
    }
    assert_eq!(in_condition(json!({ "attribute": "a", "op": "lt" })), ["TG2002 "]);
}

#[test]
fn ignore_case_is_offered_for_texts_only() {
    let test = |op: &str, value: Json| {
        in_condition(json!({ "attribute": "a", "op": op, "value": value, "ignore_case": true }))
    };
    assert_eq!(test("eq", json!("a")), [""; 0]);
    assert_eq!(test("in", json!(["a", 1])), [""; 0]);
    assert_eq!(test("ends_with", json!("a")), [""; 0]);
    assert_eq!(test("eq", json!(1)), ["TG2022 /ignore_case"]);
    assert_eq!(test("contains_any", json!(["a"])), ["TG2022 /ignore_case"]);
    assert_eq!(test("matches", json!("a")), ["TG2022 /ignore_case"]);
}

#[test]
fn declared_attributes_are_used_by_their_type() {
    let mut document = conditioned(json!({ "all": [
        { "attribute": "n", "op": "eq", "value": "1" }, { "attribute": "n", "op": "in", "value": [] },
        { "attribute": "n", "op": "before", "value": 5 }, { "attribute": "n", "op": "is_set" },
        { "attribute": "n", "op": "contains_any", "value": [1] }, { "attribute": "n", "op": "is_type", "value": "list" }] }));
    document["attributes"] = json!({ "n": { "type": "number" } });
    let expected =
        ["TG2023 /features/f/rules/0/if/all/0/attribute", "TG2023 /features/f/rules/0/if/all/4/attribute"];
    assert_eq!(places(&strict(&document).diagnostics), expected);
    let decoded = lenient(&document);
    assert_eq!(places(&decoded.diagnostics), expected);
    assert!(decoded.snapshot.features.contains_key("f"));
}

#[test]
fn limits_are_kept_with_the_pointer_of_what_is_too_large() {
    let rules = "0,".repeat(999_999) + "0";
    let text = format!(
        r#"{{"schema_version": 1, "version": 1, "features": {{"f": {{"kind": "gate", "rules": [{rules}]}}}}}}"#
    );
    let decoded = decode(parse(text.as_bytes()).unwrap(), Mode::Strict);
    assert_eq!(places(&decoded.diagnostics), ["TG2015 /features/f/rules"]);
    let wrong = json!(vec![0; 5_000]);
    let decoded = strict(&document(json!({ "f": { "kind": "gate", "rules": wrong } })));
    assert_eq!(decoded.diagnostics.len(), 1_001);
    assert_eq!(decoded.diagnostics.last().unwrap().message, "4000 more problems are not listed");

    let nested = |levels: usize| (1..levels).fold(json!({ "all": [] }), |inner, _| json!({ "not": inner }));
    assert_eq!(in_condition(nested(64)), [""; 0]);
    assert_eq!(in_condition(nested(65)), [format!("TG2015 {}", "/not".repeat(64))]);

    let list = json!(vec!["a"; 1_000_001]);
    assert_eq!(in_condition(json!({ "attribute": "a", "op": "in", "value": list })), ["TG2015 /value"]);
    let key = "k".repeat(257);
    assert_eq!(in_condition(json!({ "segment": key })), ["TG2015 /segment"]);
    assert_eq!(in_condition(json!({ "segment": "k".repeat(256) })), [""; 0]);
    let tests: Vec<Json> =
        (0..4_097).map(|i| json!({ "attribute": format!("a{i}"), "op": "is_set" })).collect();
    assert_eq!(in_condition(json!({ "any": tests })), ["TG2015 /any/4096/attribute"]);

    let variants: serde_json::Map<String, Json> = (0..1_025).map(|i| (format!("v{i}"), json!(i))).collect();
    let feature = json!({ "f": { "kind": "config", "variants": variants, "default": "v0" } });
    assert_eq!(places(&strict(&document(feature)).diagnostics), ["TG2015 /features/f/variants"]);
    let mut released = document(json!({ "f": { "kind": "gate" } }));
    let phases: Vec<Json> = (0..101).map(|i| json!({ "id": i.to_string() })).collect();
    released["releases"] =
        json!([{ "id": "r", "features": { "f": { "candidate": null } }, "phases": phases }]);
    assert_eq!(places(&strict(&released).diagnostics), ["TG2015 /releases/0/phases"]);
}

#[test]
fn environments_must_be_known_if_they_are_listed() {
    let mut document =
        document(json!({ "f": { "kind": "gate", "environments": { "prod": {}, "porod": {} } } }));
    assert!(!strict(&document).refused);
    document["environments"] = json!({ "prod": {} });
    document["environment"] = json!("dev");
    document["kills"] =
        json!([{ "feature": "f", "environment": "x" }, { "feature": "ff", "environment": "prod" }]);
    document["releases"] =
        json!([{ "id": "r", "phases": [{ "id": "p", "target": [{ "environments": ["prod", "y"] }] }] }]);
    let decoded = strict(&document);
    assert_eq!(
        places(&decoded.diagnostics),
        [
            "TG3007 /environment",
            "TG3007 /features/f/environments/porod",
            "TG3007 /releases/0/phases/0/target/0/environments/1",
            "TG3007 /kills/0/environment",
            "TG3002 /kills/1/feature",
        ]
    );
    assert_eq!(decoded.diagnostics[1].hint.as_deref(), Some("did you mean `prod`?"));
}

#[test]
fn exclusion_groups_do_not_overlap_and_have_a_range_for_each_experiment() {
    let experiment = |group: &str| json!({ "kind": "experiment", "variants": { "a": 1 }, "default": "a", "exclusion_group": group });
    let mut document = document(json!({
        "a": experiment("x"), "b": experiment("x"), "c": experiment("x"), "d": experiment("y"), "e": experiment("z") }));
    let range = |from: u32, to: u32| json!({ "from": from, "to": to });
    document["exclusion_groups"] = json!({
        "x": { "ranges": { "b": range(10, 20), "a": range(0, 10), "gone": range(20, 30) } },
        "y": { "ranges": { "d": range(0, 100), "a": range(10, 20), "b": range(30, 40) } } });
    assert_eq!(
        places(&strict(&document).diagnostics),
        [
            "TG2014 /exclusion_groups/y/ranges/a",
            "TG2014 /exclusion_groups/y/ranges/b",
            "TG3006 /features/c/exclusion_group",
            "TG3004 /features/d/exclusion_group",
            "TG3005 /features/e/exclusion_group",
            "TG3002 /exclusion_groups/x/ranges/gone",
        ]
    );
    let decoded = lenient(&document);
    assert_eq!(decoded.invalid_features.iter().map(|k| &**k).collect::<Vec<_>>(), ["c", "d", "e"]);
    let groups: Vec<&str> = decoded.snapshot.exclusion_groups.keys().map(|k| &**k).collect();
    assert_eq!(groups, ["x"]);
    assert_eq!(decoded.snapshot.exclusion_groups["x"].ranges.len(), 2);
}
