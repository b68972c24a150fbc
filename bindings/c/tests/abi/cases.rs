//! Every case of `testdata/cases` through the C ABI, to the reason and the bucket: `tests/c/cases.c` decides them with the shared
//! library, and its traces are those of the engine in Rust.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value as Json, json};
use tidegate::engine::trace_document;

use self::table::{Case, same};
use super::support::{Linked, program, project, root, with_library};

#[path = "../../../../tests/support/cases.rs"]
mod table;

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

#[test]
fn every_case_is_decided_as_in_rust() {
    let cases = table::cases(project());
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
