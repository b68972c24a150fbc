//! The documents of `testdata/invalid` that must not be accepted as they are (format: `testdata/README.md`).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value as Json, json};
use tidegate::Engine;
use tidegate::compile::validate;
use tidegate::error::{Code, Diagnostic};
use tidegate::model::Mode;

/// A case of a file, its document as bytes.
struct Case {
    name: String,
    document: Vec<u8>,
    lenient: bool,
    /// Whether nothing else may be reported.
    exact: bool,
    expected: Vec<Json>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/invalid");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let file: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let stem = path.file_stem().unwrap().to_string_lossy();
        cases.extend(file["cases"].as_array().unwrap().iter().map(|case| read(&stem, case)));
    }
    cases
}

fn read(stem: &str, case: &Json) -> Case {
    let document = match (case.get("text"), case.get("document")) {
        (Some(text), None) => text.as_str().unwrap().as_bytes().to_vec(),
        (None, Some(document)) => serde_json::to_vec(document).unwrap(),
        _ => panic!("{case}: expected either `text` or `document`"),
    };
    Case {
        name: format!("{stem}/{}", case["name"].as_str().unwrap()),
        document,
        lenient: match case["mode"].as_str() {
            Some("lenient") => true,
            Some("strict") => false,
            other => panic!("{case}: expected a mode, found {other:?}"),
        },
        exact: case["exact"] == true,
        expected: case["diagnostics"].as_array().unwrap().clone(),
    }
}

/// Cases of warnings that the engine does not report yet; SEMANTICS 2.6 does not refuse such a document.
const NOT_YET: [&str; 2] =
    ["conditions/feature_with_an_unknown_variant", "conditions/feature_with_an_unknown_second_variant"];

/// What is reported, and whether the document is refused.
fn reported(case: &Case) -> (Vec<Diagnostic>, bool) {
    let outcome = if case.lenient {
        let engine = Engine::builder().mode(Mode::Lenient).build();
        engine.load(&case.document).map(|update| update.diagnostics)
    } else {
        validate(&case.document, &BTreeMap::new())
    };
    match outcome {
        Ok(diagnostics) => (diagnostics, false),
        Err(error) => (error.diagnostics().to_vec(), true),
    }
}

fn is_reported(expected: &Json, reported: &[Diagnostic]) -> bool {
    let same = |field: &str, found: &str| expected.get(field).is_none_or(|wanted| wanted == found);
    reported.iter().any(|own| {
        same("pointer", &own.pointer)
            && same("code", own.code.as_str())
            && same("severity", own.severity.as_str())
    })
}

/// What is wrong with the cases, one line each.
fn differences<'c>(cases: impl Iterator<Item = &'c Case>) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in cases {
        let (reported, refused) = reported(case);
        let sound = case.expected.iter().all(|expected| expected["severity"] == "warning");
        if !case.lenient && refused == sound {
            wrong.push(format!(
                "{}: {} in strict mode",
                case.name,
                if refused { "refused" } else { "accepted" }
            ));
        }
        // Lenient: only what concerns the document as a whole refuses it (SEMANTICS 9.1).
        let whole = case
            .expected
            .iter()
            .any(|expected| expected["code"].as_str().unwrap_or_default().starts_with("TG1"));
        if case.lenient && refused != whole {
            wrong.push(format!(
                "{}: {} in lenient mode",
                case.name,
                if refused { "refused" } else { "accepted" }
            ));
        }
        let places: Vec<String> =
            reported.iter().map(|own| format!("{} {:?}", own.code, own.pointer)).collect();
        for expected in case.expected.iter().filter(|expected| !is_reported(expected, &reported)) {
            wrong.push(format!("{}: expected {expected}, reported: {}", case.name, places.join(", ")));
        }
        if case.exact && case.expected.len() != reported.len() {
            let (own, all) = (case.expected.len(), places.join(",\n    "));
            wrong.push(format!("{}: expected {own} problems, reported:\n    {all}", case.name));
        }
    }
    wrong
}

#[test]
fn every_listed_problem_is_reported_and_strict_mode_refuses() {
    let cases = cases();
    assert!(cases.len() >= 400, "only {} cases", cases.len());
    let wrong = differences(cases.iter().filter(|case| !NOT_YET.contains(&&*case.name)));
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn unknown_variant_in_a_feature_test_is_warned_about() {
    let cases = cases();
    let wrong = differences(cases.iter().filter(|case| NOT_YET.contains(&&*case.name)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_says_code_and_pointer() {
    let known: BTreeSet<&str> = Code::all().iter().map(|code| code.as_str()).collect();
    for case in cases().iter().filter(|case| !NOT_YET.contains(&&*case.name)) {
        assert!(!case.expected.is_empty(), "{}: no diagnostics", case.name);
        for expected in &case.expected {
            let code = expected["code"].as_str().unwrap_or_default();
            assert!(known.contains(code), "{}: {expected} has no code", case.name);
            assert!(expected["pointer"].is_string(), "{}: {expected} has no pointer", case.name);
        }
    }
}

#[test]
fn a_refused_document_leaves_the_engine_as_it_was() {
    let sound =
        br#"{"schema_version": 1, "version": 1, "features": {"sound": {"kind": "gate", "default": "on"}}}"#;
    for case in cases().iter().filter(|case| !case.lenient) {
        let engine = Engine::builder().mode(Mode::Strict).build();
        engine.load(sound).unwrap();
        if engine.load(&case.document).is_err() {
            assert_eq!(engine.version(), 1, "{}", case.name);
            assert!(engine.check("sound", &engine.context().build()), "{}", case.name);
        }
    }
}

/// One more fault of a definition.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// A member of the wrong type, wherever there may be a `description`.
    Form,
    /// A rule with an operand that cannot be read.
    Operand,
    /// A rule with an unknown reference.
    Reference,
}

impl Fault {
    /// Makes it in all definitions (and phases and the like) of a document; what is expected to be told.
    fn add(self, value: &mut Json, place: &str, added: &mut BTreeSet<(&str, String)>) {
        let mut steps = place.rsplit('/');
        let (last, above) = (steps.next().unwrap(), steps.next().unwrap_or_default());
        if last == "variants" || last == "value" {
            return;
        }
        match value {
            Json::Object(members) => {
                for (name, value) in members.iter_mut() {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.add(value, &format!("{place}/{name}"), added);
                }
            }
            Json::Array(elements) => {
                for (index, value) in elements.iter_mut().enumerate() {
                    self.add(value, &format!("{place}/{index}"), added);
                }
            }
            _ => {}
        }
        let entry = place.starts_with("/releases/");
        let is_definition = last == "candidate" || !entry && matches!(above, "features" | "segments");
        let is_described = match above {
            "rules" | "releases" | "phases" | "target" => last.parse::<usize>().is_ok(),
            "environments" => true,
            _ => is_definition,
        };
        let Some(members) = value.as_object_mut() else { return };
        if let Self::Form = self {
            if is_described && !members.contains_key("description") {
                members.insert("description".into(), Json::from(5));
                added.insert(("TG2004", format!("{place}/description")));
            }
            return;
        }
        let variant = match members.get("variants") {
            None if members.get("kind").is_some_and(|kind| kind == "gate") => "on",
            Some(Json::Object(variants)) if !variants.is_empty() => variants.keys().next().unwrap(),
            _ => return,
        };
        let variant = variant.to_owned();
        let Some(rules) = members.entry("rules").or_insert(Json::Array(Vec::new())).as_array_mut() else {
            return;
        };
        if !is_definition || rules.len() >= 10_000 {
            return;
        }
        let (condition, code, at) = match self {
            Self::Form => return,
            Self::Operand => {
                (json!({"attribute": "user_id", "op": "in_cidr", "value": "10.0.0.0/99"}), "TG2083", "value")
            }
            Self::Reference => (json!({"segment": "one of another world"}), "TG3001", "segment"),
        };
        added.insert((code, format!("{place}/rules/{}/if/{at}", rules.len())));
        rules.push(json!({"id": "a rule that nobody has", "if": condition, "variant": variant}));
    }
}

fn errors(reported: &[Diagnostic]) -> BTreeSet<(&str, String)> {
    let errors = reported.iter().filter(|own| own.severity.as_str() == "error");
    errors.map(|own| (own.code.as_str(), own.pointer.clone())).collect()
}

/// All problems at once (SEMANTICS 9.2): none is hidden by another one, and none is only the consequence of another one.
#[test]
fn a_fault_in_every_definition_hides_nothing() {
    let mut wrong = Vec::new();
    let mut changed = 0;
    for case in cases() {
        let Ok(document) = serde_json::from_slice::<Json>(&case.document) else { continue };
        let Err(before) = validate(&case.document, &BTreeMap::new()) else { continue };
        let before = before.diagnostics();
        if before.iter().any(|own| own.code.as_str().starts_with("TG1") || own.code == Code::DuplicateKey) {
            continue;
        }
        for fault in [Fault::Form, Fault::Operand, Fault::Reference] {
            let mut document = document.clone();
            let mut expected = errors(before);
            fault.add(&mut document, "", &mut expected);
            let after = validate(&serde_json::to_vec(&document).unwrap(), &BTreeMap::new());
            let Err(after) = after else { continue };
            let told: Vec<_> = after.diagnostics().iter().map(|own| (&own.pointer, &own.message)).collect();
            let again = told.len() - told.iter().collect::<BTreeSet<_>>().len();
            let after = errors(after.diagnostics());
            let hidden: Vec<_> = expected.difference(&after).collect();
            let more: Vec<_> = after.difference(&expected).collect();
            if !hidden.is_empty() || !more.is_empty() || again > 0 {
                let name = &case.name;
                wrong.push(format!("{name} and {fault:?}: hidden {hidden:?}, more {more:?}, {again} twice"));
            }
            changed += 1;
        }
    }
    assert!(changed > 900, "{changed} documents");
    assert!(wrong.is_empty(), "{} of {changed} documents:\n{}", wrong.len(), wrong.join("\n"));
}

/// A gate that serves by a condition.
fn gate(condition: &Json) -> Json {
    json!({"kind": "gate", "rules": [{"id": "r", "if": condition, "variant": "on"}]})
}

fn told(segments: &Json, features: &Json, releases: &Json) -> Vec<Diagnostic> {
    let document = json!({
        "schema_version": 1, "version": 1, "segments": segments, "features": features, "releases": releases
    });
    let refused = validate(&serde_json::to_vec(&document).unwrap(), &BTreeMap::new()).unwrap_err();
    refused.diagnostics().to_vec()
}

#[test]
fn cycle_is_told_with_its_way() {
    let segments = json!({
        "a": {"if": {"any": [{"segment": "b"}, {"segment": "c"}]}},
        "b": {"if": {"segment": "c"}},
        "c": {"if": {"segment": "a"}},
        "self": {"if": {"segment": "self"}},
    });
    let messages: Vec<String> =
        told(&segments, &json!({}), &json!([])).into_iter().map(|own| own.message).collect();
    assert_eq!(
        messages,
        [
            "`b` refers to itself through a cycle: `b` → `c` → `a` → `b`",
            "`c` refers to itself through a cycle: `c` → `a` → `c`",
            "`a` refers to itself through a cycle: `a` → `c` → `a`",
            "`self` refers to itself through a cycle: `self` → `self`",
        ]
    );
    let phases = json!([{"id": "p", "target": [{"if": {"segment": "s"}}]}]);
    let releases =
        json!([{"id": "r", "features": {"f": {"candidate": gate(&json!({"all": []}))}}, "phases": phases}]);
    let segments = json!({"s": {"if": {"feature": "f", "variants": ["on"]}}});
    let found = told(&segments, &json!({"f": {"kind": "gate"}}), &releases);
    let mut messages: Vec<&str> = found.iter().map(|own| &*own.message).collect();
    messages.sort_unstable();
    assert_eq!(
        messages,
        [
            "`f` refers to itself through a cycle that a release closes: `f` → `s` → `f`",
            "`s` refers to itself through a cycle that a release closes: `s` → `f` → `s`",
        ]
    );
}

#[test]
fn long_cycle_is_told_in_few_words() {
    let name = |index: usize| format!("{}{index}", "ä".repeat(75));
    let segments: serde_json::Map<String, Json> = (0..2_000)
        .map(|index| (name(index), json!({"if": {"segment": name((index + 1) % 2_000)}})))
        .collect();
    let found = told(&Json::Object(segments), &json!({}), &json!([]));
    assert!(found.iter().all(|own| own.message.len() < 1_000));
    assert!(found[0].message.contains(" → … → "), "{}", found[0]);
}

#[test]
fn chain_that_is_too_long_is_told_also_through_what_is_invalid() {
    let link = |index: usize| match index {
        0 => json!({"if": {"attribute": "a", "op": "is_set"}}),
        30 => {
            json!({"if": {"any": [{"attribute": "a", "op": "matches", "value": "("}, {"segment": "s29"}]}})
        }
        40 => json!({"if": {"any": [{"attribute": "a", "op": "mathces"}, {"segment": "s39"}]}}),
        _ => json!({"if": {"segment": format!("s{}", index - 1)}}),
    };
    let segments: serde_json::Map<String, Json> =
        (0..=65).map(|index| (format!("s{index}"), link(index))).collect();
    let found = told(&Json::Object(segments), &json!({}), &json!([]));
    let found: Vec<_> = found.iter().map(|own| (own.code.as_str(), &*own.pointer)).collect();
    let expected = [
        ("TG2020", "/segments/s40/if/any/0/op"),
        ("TG2091", "/segments/s30/if/any/0/value"),
        ("TG3008", "/segments/s65"),
    ];
    assert_eq!(found, expected);
}
