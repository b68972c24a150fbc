//! The import of a real payload (`$TIDEGATE_CONFORMANCE/statsig`), and decisions over it; skipped where it is absent.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::{file, root, run};

fn payload() -> Option<String> {
    let given = std::env::var_os("TIDEGATE_CONFORMANCE")
        .map_or_else(|| "../shared/conformance".into(), PathBuf::from);
    let path = root().join(given).join("statsig/eval_proj_dcs.json");
    if !path.is_file() {
        eprintln!("skipped: `{}` is absent", path.display());
        return None;
    }
    Some(path.display().to_string())
}

fn contexts() -> String {
    let countries = ["US", "DE", "BR", "JP", ""];
    let versions = ["1.0.0", "1.2.3", "2.0", "0.9-beta"];
    let line = |i: usize| {
        let (country, version) = (countries[i % countries.len()], versions[i / 5 % versions.len()]);
        let domain = if i.is_multiple_of(7) { "statsig.com" } else { "example.com" };
        format!(
            "{{\"userID\":\"user-{i}\",\"email\":\"user-{i}@{domain}\",\"country\":\"{country}\",\"appVersion\":\"{version}\",\"environment\":\"{}\"}}\n",
            if i.is_multiple_of(2) { "production" } else { "development" }
        )
    };
    (0..1_024).map(line).collect()
}

#[test]
fn real_payload_is_imported_decided_and_explained() {
    let Some(payload) = payload() else { return };
    let (snapshot, report) = (file("statsig.json", ""), file("statsig.report.json", ""));
    let imported =
        run(&["import", "statsig", &payload, "-o", &snapshot, "--report", &report, "--format", "json"]);
    assert_eq!((imported.code, imported.stdout.as_str(), imported.stderr.as_str()), (0, "", ""));
    let report: Json = serde_json::from_str(&std::fs::read_to_string(Path::new(&report)).unwrap()).unwrap();
    assert!(report["items"].as_array().unwrap().len() > 50);
    assert_eq!(run(&["validate", &snapshot]).code, 0);

    let document: Json = serde_json::from_str(&std::fs::read_to_string(&snapshot).unwrap()).unwrap();
    let of_gates = ["gate", "holdout", "segment"];
    let entities = report["entities"].as_array().unwrap().iter();
    let gates: Vec<&str> = entities
        .filter(|one| of_gates.contains(&one["entity"].as_str().unwrap()))
        .map(|one| one["key"].as_str().unwrap())
        .collect();
    assert_eq!(gates.len(), 82);
    assert!(gates.iter().all(|key| document["features"][*key]["kind"] == "gate"));

    let lines = file("statsig.jsonl", &contexts());
    let arguments: Vec<&str> = gates.iter().flat_map(|key| ["--feature", key]).collect();
    let decided =
        run(&[&["eval", &snapshot, "--contexts", &lines, "--now", "1767981029384"], arguments.as_slice()]
            .concat());
    assert_eq!((decided.code, decided.stderr.as_str()), (0, ""));
    let answers: Vec<Json> = decided.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 1_024);
    let (mut on, mut off) = (0, 0);
    for answer in &answers {
        let decisions = answer["decisions"].as_array().unwrap();
        assert_eq!(decisions.len(), 82);
        for decision in decisions {
            *if decision["value"].as_bool().unwrap() { &mut on } else { &mut off } += 1;
        }
    }
    assert!(on > 1_000 && off > 1_000, "{on} on, {off} off");

    let first = contexts().lines().next().unwrap().to_owned();
    for key in ["test_50_50", "global_holdout"] {
        let arguments = ["explain", &snapshot, key, "--context", &first, "--now", "1767981029384"];
        let tree = run(&arguments);
        assert!(tree.code == 0 && tree.stdout.starts_with(key) && tree.stdout.contains("rule"), "{tree:?}");
        let explained = run(&[&arguments[..], &["--format", "json"]].concat()).json();
        let decided = answers[0]["decisions"].as_array().unwrap().iter().find(|one| one["feature"] == key);
        assert_eq!(Some(&explained["decision"]), decided);
    }
}

#[test]
fn what_is_no_payload_is_refused_and_nothing_is_written() {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-written.json");
    let _ = std::fs::remove_file(&output);
    let output = output.display().to_string();
    for (text, said) in
        [("{", "is not JSON"), ("{\"response_format\": \"other\"}", "is not a payload of Statsig")]
    {
        let run = run(&["import", "statsig", &file("no_payload.json", text), "--output", &output]);
        assert!(run.code == 1 && run.stderr.contains(said), "{run:?}");
        assert!(!Path::new(&output).exists());
    }
    let Some(payload) = payload() else { return };
    let run = run(&["import", "statsig", &payload, "--output", "no/such/folder/x.json"]);
    assert!(run.code == 4 && run.stderr.contains("cannot write `no/such/folder/x.json`"), "{run:?}");
}
