//! The table cases of `testdata/cases` (format: `testdata/README.md`), through `bulk`, and some of them through `eval`.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::{file, root, run, run_with};

/// So many go through `eval`, one process each.
const SAMPLES: usize = 50;

/// A case, its shorthands written out.
struct Case {
    name: String,
    task: Json,
    feature: String,
    expect: Json,
}

fn cases() -> Vec<Case> {
    let mut files: Vec<_> = std::fs::read_dir(root().join("testdata/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files.iter().flat_map(|path| read_file(path)).collect()
}

fn read_file(path: &Path) -> Vec<Case> {
    let file: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let stem = path.file_stem().unwrap().to_string_lossy();
    file["cases"].as_array().unwrap().iter().map(|case| read(&stem, &file, case)).collect()
}

fn read(stem: &str, file: &Json, case: &Json) -> Case {
    let snapshot = match (case.get("if"), case.get("snapshot")) {
        (Some(condition), _) => json!({"schema_version": 1, "version": 1, "features": {"f": {
            "kind": "gate", "unit": "user_id", "rules": [{"id": "r", "if": condition, "variant": "on"}]}}}),
        (None, Some(snapshot)) => snapshot.clone(),
        (None, None) => file["snapshot"].clone(),
    };
    let now = match &case["now"] {
        Json::String(text) => json!(tidegate::operand::instant::parse_instant(text).unwrap()),
        Json::Null => json!(1_700_000_000_000_i64),
        number => number.clone(),
    };
    let or = |name: &str, otherwise: Json| case.get(name).cloned().unwrap_or(otherwise);
    Case {
        name: format!("{stem}/{}", case["name"].as_str().unwrap()),
        task: json!({"process": or("process", json!({})), "now": now, "mode": or("mode", json!("strict")),
            "snapshot": snapshot, "contexts": [or("context", json!({}))], "trace": true}),
        feature: case.get("feature").and_then(Json::as_str).unwrap_or("f").to_owned(),
        expect: case["expect"].clone(),
    }
}

impl Case {
    /// What is wrong with its decision among some, if something is.
    fn difference(&self, decisions: &Json) -> Option<String> {
        let Some(all) = decisions.as_array() else { return Some(format!("{}: no decisions", self.name)) };
        let own = all.iter().find(|decision| decision["feature"] == *self.feature);
        let unknown = json!({"value": null, "variant": null, "reason": "unknown_feature", "rule": null, "release": null,
            "phase": null, "indirect": false, "version": self.task["snapshot"]["version"]});
        let decision = own.unwrap_or(&unknown);
        let wrong = match &self.expect {
            Json::Bool(expected) => (decision["value"] == true) != *expected && self.is_gate(),
            Json::Object(fields) => fields.iter().any(|(name, value)| !same(value, &decision[name.as_str()])),
            _ => true,
        };
        wrong.then(|| format!("{}: expected {}, got {decision}", self.name, self.expect))
    }

    /// Of other features `check` is always false, which a decision doesn't say.
    fn is_gate(&self) -> bool {
        let snapshot = &self.task["snapshot"];
        snapshot["features"][self.feature.as_str()]["kind"].as_str().is_none_or(|kind| kind == "gate")
    }
}

/// Equal, numbers by their value.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

#[test]
fn every_case_holds_in_bulk() {
    let cases = cases();
    assert!(cases.len() >= 300, "only {} cases", cases.len());
    let input: String = cases.iter().map(|case| format!("{}\n", case.task)).collect();
    let run = run_with(&["bulk"], input);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let answers: Vec<Json> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        if !answer["error"].is_null() {
            wrong.push(format!("{}: {}", case.name, answer["error"]));
            continue;
        }
        wrong.extend(case.difference(&answer["decisions"][0]));
        if answer["decisions"] != answer["traces"] {
            wrong.push(format!("{}: engine {} trace {}", case.name, answer["decisions"], answer["traces"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn sampled_cases_hold_in_eval() {
    let cases = cases();
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().step_by((cases.len() / SAMPLES).max(1)).enumerate() {
        let document = file(&format!("case_{number}.json"), &case.task["snapshot"].to_string());
        let context = case.task["contexts"][0].to_string();
        let mut arguments =
            vec!["eval".to_owned(), document, "--context".into(), context, "--format".into(), "json".into()];
        arguments.extend(["--now".into(), case.task["now"].to_string()]);
        for (name, value) in case.task["process"].as_object().unwrap() {
            arguments.extend(["--process".into(), format!("{name}={value}")]);
        }
        if case.task["mode"] == "lenient" {
            arguments.push("--lenient".into());
        }
        let run = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        match run.code {
            0 => wrong.extend(case.difference(&run.json()["decisions"])),
            _ => wrong.push(format!("{}: {run:?}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
