//! The table cases of `testdata/cases` (format: `testdata/README.md`), through `bulk`, and some of them through `eval`.

use serde_json::{Value as Json, json};

use self::table::same;
use super::{file, root, run, run_with};

#[path = "../../../../tests/support/cases.rs"]
mod table;

/// So many go through `eval`, one process each.
const SAMPLES: usize = 50;

/// A case, as a task of `bulk`.
struct Case {
    name: String,
    task: Json,
    feature: String,
    expect: Json,
}

fn cases() -> Vec<Case> {
    let task = |case: table::Case| {
        let table::Case { name, mode, process, now, document, context, feature, expect } = case;
        let task = json!({"process": process, "now": now, "mode": mode, "snapshot": document,
            "contexts": [context], "trace": true});
        Case { name, task, feature, expect }
    };
    table::cases(&root()).into_iter().map(task).collect()
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

#[test]
fn every_case_holds_in_bulk() {
    let cases = cases();
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
