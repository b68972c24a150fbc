//! Operands: of equal ones there is one, and all patterns have a limit together.

use std::collections::HashSet;

use super::*;
use crate::error::Code;

fn test_of(op: &str, value: &Json) -> Json {
    json!({"attribute": "email", "op": op, "value": value})
}

/// The distinct tests of a program.
fn distinct_tests(program: &Program) -> usize {
    let tests = program.chunks.iter().flat_map(|chunk| &*chunk.tables.tests);
    tests.map(Arc::as_ptr).collect::<HashSet<_>>().len()
}

fn emails() -> [Json; 4] {
    ["qa-7@corp.example", "a@corp.example", "QA-7@x.org", "10.1.2.3"].map(|email| json!({"email": email}))
}

#[test]
fn four_hundred_equal_patterns_are_one_test() {
    let condition = test_of("matches", &json!("^qa-[0-9]+@"));
    let features: Map<String, Json> =
        (0..400).map(|i| (format!("f{i:03}"), gate(condition.clone()))).collect();
    let mut rig = Rig::loaded(Mode::Strict, &document(Json::Object(features)));
    assert_eq!(distinct_tests(&rig.program), 1);
    assert_eq!(rig.program.chunks.iter().map(|chunk| chunk.tables.tests.len()).sum::<usize>(), 1);
    let alone = Rig::loaded(Mode::Strict, &document(json!({"f": gate(condition.clone())})));
    for email in emails() {
        for feature in ["f000", "f399"] {
            assert_eq!(rig.decide(feature, &email)["value"], alone.decide("f", &email)["value"], "{email}");
        }
    }
    // An update has the pattern of what is served, also in a segment.
    let delta = json!({"from": 1, "version": 2, "features": {"new": gate(condition.clone())},
        "segments": {"s": {"if": condition}}});
    assert_eq!(rig.apply(&delta).unwrap().recompiled, 2);
    assert_eq!(distinct_tests(&rig.program), 1);
    assert_eq!(rig.decide("new", &emails()[0])["value"], true);
}

#[test]
fn operands_of_different_operators_are_different_tests() {
    let list = json!(["10.0.0.0/8", "qa-7"]);
    let operators = ["contains", "starts_with", "ends_with", "contains_any", "contains_all", "contains_none"];
    let mut conditions: Vec<Json> = operators.iter().map(|op| test_of(op, &list)).collect();
    for op in ["contains", "starts_with", "ends_with", "in", "eq"] {
        let mut folded = test_of(op, if op == "eq" { &list[1] } else { &list });
        folded["ignore_case"] = json!(true);
        conditions.push(folded);
    }
    conditions.push(test_of("in_cidr", &json!(["10.0.0.0/8", "::1/128"])));
    conditions.push(test_of("in", &json!([1, "qa-7"])));
    conditions.push(json!({"attribute": "email", "op": "in", "value": [1, "QA-7"], "ignore_case": true}));
    let features = |twice: &str| -> Map<String, Json> {
        let gates = conditions.iter().enumerate();
        gates.map(|(i, condition)| (format!("f{i}{twice}"), gate(condition.clone()))).collect()
    };
    let mut both = features("");
    both.append(&mut features("again"));
    let together = Rig::loaded(Mode::Strict, &document(Json::Object(both)));
    let once = Rig::loaded(Mode::Strict, &document(Json::Object(features(""))));
    assert_eq!(distinct_tests(&together.program), distinct_tests(&once.program));
    let values =
        [json!("10.1.2.3"), json!("qa-7"), json!("QA-7"), json!("x qa-7"), json!("qa-7 x"), json!(1)];
    let lists = [json!(["qa-7"]), json!(["qa-7", "10.0.0.0/8"]), json!(["x"])];
    for value in values.iter().chain(&lists) {
        let context = json!({"email": value});
        for (i, condition) in conditions.iter().enumerate() {
            let alone = Rig::loaded(Mode::Strict, &document(json!({"f": gate(condition.clone())})));
            let expected = &alone.decide("f", &context)["value"];
            for name in [format!("f{i}"), format!("f{i}again")] {
                assert_eq!(together.decide(&name, &context)["value"], *expected, "{condition} on {value}");
            }
        }
    }
}

/// Takes about 0.9 MB.
fn large(number: usize) -> Json {
    gate(test_of("matches", &json!(format!("x{number}\\w{{50}}"))))
}

#[test]
fn patterns_of_what_is_kept_count_and_those_that_are_gone_do_not() {
    let features: Map<String, Json> = (0..60).map(|i| (format!("f{i:03}"), large(i))).collect();
    let whole = document(Json::Object(features));
    let mut rig = Rig::loaded(Mode::Strict, &whole);
    let add = |numbers: std::ops::Range<usize>| -> Map<String, Json> {
        numbers.map(|i| (format!("f{i:03}"), large(i))).collect()
    };
    // By delta, and by a document of which most is known.
    let mut delta = json!({"from": 1, "version": 2, "features": add(60..90)});
    let error = rig.apply(&delta).unwrap_err();
    assert_eq!(error.code(), Code::RegexTooLarge);
    let mut grown = next(&whole);
    grown["features"].as_object_mut().unwrap().append(&mut add(60..90));
    let other = rig.load(&grown).unwrap_err();
    assert_eq!(places(other.diagnostics()), places(error.diagnostics()));
    // Those that come in the place of others have their room; those that recur take none.
    for i in 0..30 {
        delta["features"][format!("f{i:03}")] = Json::Null;
    }
    delta["features"]["again"] = large(59);
    rig.apply(&delta).unwrap();
    assert_eq!(distinct_tests(&rig.program), 90, "the old chunk keeps its tests");
    // The same document at once is accepted as well.
    let mut features = add(30..90);
    features.insert("again".to_owned(), large(59));
    assert_eq!(distinct_tests(&Rig::loaded(Mode::Strict, &document(Json::Object(features))).program), 60);
}
