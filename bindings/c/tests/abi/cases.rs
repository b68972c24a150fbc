//! Every case of `testdata/cases` through the C ABI, to the reason and the bucket: `tests/c/cases.c` decides them with the shared
//! library, and its traces are those of the engine in Rust.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::support::{Linked, program, project, root, with_library};
use serde_json::{Value as Json, json};
use tidegate::engine::trace_document;

/// A case, its shorthands written out.
struct Case {
    name: String,
    mode: String,
    process: Json,
    now: i64,
    document: Json,
    context: Json,
    feature: String,
    expect: Json,
}

fn cases() -> Vec<Case> {
    let folder = project().join("testdata/cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let file: Json = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        file["cases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|case| written_out(&stem, &file, case))
            .collect::<Vec<_>>()
    };
    files.iter().flat_map(read).collect()
}

fn written_out(stem: &str, file: &Json, case: &Json) -> Case {
    let document = match (case.get("if"), case.get("snapshot")) {
        (Some(condition), _) => json!({"schema_version": 1, "version": 1, "features": {"f": {
            "kind": "gate", "unit": "user_id", "rules": [{"id": "r", "if": condition, "variant": "on"}]}}}),
        (None, Some(snapshot)) => snapshot.clone(),
        (None, None) => file["snapshot"].clone(),
    };
    let now = match &case["now"] {
        Json::String(text) => tidegate::operand::instant::parse_instant(text).unwrap(),
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

impl Case {
    fn lines(&self) -> String {
        let Self { mode, process, now, document, context, feature, .. } = self;
        format!("{mode}\n{process}\n{now}\n{document}\n{context}\n{feature}\n")
    }

    /// What is wrong with an answer, if something is.
    fn difference(&self, decision: &str, trace: &str) -> Option<String> {
        let fields: Vec<&str> = decision.split('\u{1f}').collect();
        let [check, feature, variant, reason, rule, release, phase, indirect, version, value] = fields[..]
        else {
            return Some(format!("no decision: {decision} {trace}"));
        };
        let text = |field: &str| field.strip_prefix('=').map_or(Json::Null, Json::from);
        let decided = json!({"feature": text(feature), "variant": text(variant), "reason": text(reason), "rule": text(rule),
            "release": text(release), "phase": text(phase), "indirect": indirect == "1",
            "version": version.parse::<u64>().unwrap(), "value": serde_json::from_str::<Json>(value).unwrap()});
        let is_on = check == "1";
        let is_as_expected = match &self.expect {
            Json::Bool(expected) => *expected == is_on,
            Json::Object(fields) => fields.iter().all(|(name, wanted)| same(wanted, &decided[name.as_str()])),
            _ => false,
        };
        if !is_as_expected {
            return Some(format!("expected {}, got {is_on}, {decided}", self.expect));
        }
        let trace: Json = serde_json::from_str(trace).unwrap();
        if !same(&trace["decision"], &decided) || trace["check"] != is_on {
            return Some(format!("decided {decided}, traced {}", trace["decision"]));
        }
        let wanted = self.trace();
        (!same(&wanted, &trace)).then(|| format!("traced {trace}, in Rust {wanted}"))
    }

    /// The trace in Rust. C shows an attribute that is an object as an empty one, so that it does here too.
    fn trace(&self) -> Json {
        let process: BTreeMap<String, tidegate::Value> =
            serde_json::from_value(self.process.clone()).unwrap();
        let mut context: BTreeMap<String, tidegate::Value> =
            serde_json::from_value(self.context.clone()).unwrap();
        for value in context.values_mut() {
            if let tidegate::Value::Object(members) = value {
                members.clear();
            }
        }
        let document = serde_json::to_vec(&self.document).unwrap();
        let trace = trace_document(&document, &process, &self.feature, &context, self.now).unwrap();
        serde_json::to_value(trace).unwrap()
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
fn every_case_is_decided_as_in_rust() {
    let cases = cases();
    assert!(cases.len() >= 300, "only {} cases", cases.len());
    let folder = tempfile::tempdir().unwrap();
    let runner = program(&root().join("tests/c/cases.c"), folder.path(), Linked::Shared, &["-O2"]);
    let mut running = with_library(&runner, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", runner.display()));
    let mut input = running.stdin.take().unwrap();
    let lines: String = cases.iter().map(Case::lines).collect();
    let writing = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = running.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), cases.len() * 2);
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(answers.chunks(2)) {
        let [decision, trace] = answer else { panic!("{answer:?}") };
        wrong.extend(case.difference(decision, trace).map(|fault| format!("{}: {fault}", case.name)));
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
