//! The table cases of `testdata/cases` (format: `testdata/README.md`), as the tests of each door in Rust read them: engine, command line
//! and C.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use tidegate::operand::instant::parse_instant;

/// A case, its shorthands written out.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) mode: String,
    pub(crate) process: Json,
    pub(crate) now: i64,
    pub(crate) document: Json,
    pub(crate) context: Json,
    pub(crate) feature: String,
    pub(crate) expect: Json,
}

/// All of them, for the folder of the project.
pub(crate) fn cases(project: &Path) -> Vec<Case> {
    let mut files: Vec<_> =
        fs::read_dir(project.join("testdata/cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let cases: Vec<Case> = files.iter().flat_map(|path| of_file(path)).collect();
    assert!(cases.len() >= 300, "only {} cases", cases.len());
    cases
}

fn of_file(path: &Path) -> Vec<Case> {
    let file: Json = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let stem = path.file_stem().unwrap().to_string_lossy();
    file["cases"].as_array().unwrap().iter().map(|case| written_out(&stem, &file, case)).collect()
}

fn written_out(stem: &str, file: &Json, case: &Json) -> Case {
    let document = match (case.get("if"), case.get("snapshot")) {
        (Some(condition), _) => json!({"schema_version": 1, "version": 1, "features": {"f": {
            "kind": "gate", "unit": "user_id", "rules": [{"id": "r", "if": condition, "variant": "on"}]}}}),
        (None, Some(snapshot)) => snapshot.clone(),
        (None, None) => file["snapshot"].clone(),
    };
    let now = match &case["now"] {
        Json::String(text) => parse_instant(text).unwrap(),
        Json::Null => 1_700_000_000_000,
        number => number.as_i64().unwrap(),
    };
    let or_empty = |name: &str| case.get(name).cloned().unwrap_or_else(|| json!({}));
    Case {
        name: format!("{stem}/{}", case["name"].as_str().unwrap()),
        mode: case["mode"].as_str().unwrap_or("strict").to_owned(),
        process: or_empty("process"),
        now,
        document,
        context: or_empty("context"),
        feature: case["feature"].as_str().unwrap_or("f").to_owned(),
        expect: case["expect"].clone(),
    }
}

/// Equal, numbers by their value.
pub(crate) fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
