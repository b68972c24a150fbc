//! Every case of `testdata/cases/` through the trace evaluator.
#![cfg(feature = "regex")]
#![expect(clippy::unwrap_used, reason = "a case that is not of the form of testdata/README.md must fail")]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};
use tidegate::model::{Mode, decode};
use tidegate::trace::{Ignored, Trace, Tracer};
use tidegate::value::{Value, parse};

const NOW: i64 = 1_700_000_000_000;

#[test]
fn the_trace_decides_as_the_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let (mut passed, mut failures) = (0, Vec::new());
    for path in &files {
        let file: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            match check(&file, case) {
                Ok(()) => passed += 1,
                Err(why) => {
                    let clause = case.get("clause").or_else(|| file.get("clause")).unwrap_or(&Json::Null);
                    failures.push(format!(
                        "{}: {name} (clause {clause}): {why}",
                        path.file_name().unwrap().display()
                    ));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{passed} passed, {} failed\n{}", failures.len(), failures.join("\n"));
    assert!(passed > 0);
}

fn check(file: &Json, case: &Json) -> Result<(), String> {
    let trace = decide(file, case)?;
    let expect = &case["expect"];
    let decision = serde_json::to_value(&trace.decision).unwrap();
    match expect {
        Json::Bool(check) if *check == trace.check => {}
        Json::Bool(_) => return Err(format!("expected {expect}, found\n{trace}")),
        expect => {
            for (field, wanted) in expect.as_object().unwrap() {
                let found = decision.get(field).unwrap_or(&Json::Null);
                if !equal(found, wanted) {
                    return Err(format!("expected {field} {wanted}, found {found}\n{trace}"));
                }
            }
        }
    }
    serde_json::to_string(&trace).map(drop).map_err(|error| error.to_string())
}

fn decide(file: &Json, case: &Json) -> Result<Trace, String> {
    let document = match (case.get("if"), case.get("snapshot").or_else(|| file.get("snapshot"))) {
        (Some(condition), _) => json!({"schema_version": 1, "version": 1, "features": {"f": {
            "kind": "gate", "unit": "user_id", "rules": [{"id": "r", "if": condition, "variant": "on"}]}}}),
        (None, Some(snapshot)) => snapshot.clone(),
        (None, None) => return Err("no document".to_owned()),
    };
    let mode = if case["mode"] == "lenient" { Mode::Lenient } else { Mode::Strict };
    let text = document.to_string();
    let parsed = parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let decoded = decode(parsed, mode);
    if decoded.refused {
        return Err(format!("refused: {:?}", decoded.diagnostics));
    }
    let ignored = Ignored::find(&decoded);
    let tracer = Tracer::new(&decoded.snapshot, attributes(&case["process"])).with_ignored(ignored);
    let feature = case["feature"].as_str().unwrap_or("f");
    Ok(tracer.trace(feature, &attributes(&case["context"]), instant(&case["now"])))
}

fn attributes(json: &Json) -> BTreeMap<String, Value> {
    let Some(members) = json.as_object() else { return BTreeMap::new() };
    let value = |value: &Json| serde_json::from_str(&value.to_string()).unwrap();
    members.iter().map(|(name, json)| (name.clone(), value(json))).collect()
}

fn instant(now: &Json) -> i64 {
    match now {
        Json::Null => NOW,
        Json::String(text) => tidegate::operand::instant::parse_instant(text).unwrap(),
        now => now.as_i64().unwrap(),
    }
}

fn equal(found: &Json, wanted: &Json) -> bool {
    match (found, wanted) {
        (Json::Number(found), Json::Number(wanted)) => found.as_f64() == wanted.as_f64(),
        (Json::Array(found), Json::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| equal(found, wanted))
        }
        (Json::Object(found), Json::Object(wanted)) => {
            found.len() == wanted.len()
                && found.iter().all(|(key, found)| wanted.get(key).is_some_and(|wanted| equal(found, wanted)))
        }
        (found, wanted) => found == wanted,
    }
}
