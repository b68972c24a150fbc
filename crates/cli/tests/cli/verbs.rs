//! Each verb, and each exit code.

use serde_json::json;

use super::{INVALID, SMALL, checkout, file, root, run, run_with};

#[test]
fn validate_says_valid_and_what_is_in_the_document() {
    let ok = run(&["validate", &checkout(), "--process", "environment=dev", "--process", "region=r"]);
    assert_eq!(ok.code, 0, "{ok:?}");
    assert!(ok.stderr.contains("valid") && ok.stderr.contains("3 features"), "{ok:?}");
}

#[test]
fn validate_prints_each_diagnostic_with_its_hint_and_fails() {
    let bad = run(&["validate", &file("v_invalid.json", INVALID)]);
    assert_eq!(bad.code, 1);
    assert!(bad.stdout.starts_with("error[TG2003] at /features/bad/rules/0/variant: "), "{bad:?}");
    assert!(bad.stdout.contains("\n  hint: "), "{bad:?}");
    assert!(bad.stderr.contains("invalid, 1 error"), "{bad:?}");
}

#[test]
fn validate_reports_several_files_as_one_json_document() {
    let invalid = file("v_several.json", INVALID);
    let both = run(&["validate", &invalid, &checkout(), "--format", "json"]);
    assert_eq!(both.code, 1);
    let report = both.json();
    assert_eq!(report["valid"], false);
    assert_eq!(report["files"][0]["diagnostics"][0]["code"], "TG2003");
    assert_eq!((&report["files"][0]["valid"], &report["files"][1]["valid"]), (&json!(false), &json!(true)));
}

#[test]
fn validate_denies_warnings_only_if_asked() {
    assert_eq!(run(&["validate", &checkout()]).code, 0);
    let denied = run(&["validate", &checkout(), "--deny-warnings"]);
    assert_eq!(denied.code, 1);
    assert!(denied.stdout.contains("warning[TG5001]"), "{denied:?}");
}

#[test]
fn validate_goes_on_after_a_file_that_is_missing() {
    let run = run(&["validate", "no-such-file.json", &file("v_goes_on.json", SMALL)]);
    assert_eq!(run.code, 4);
    assert!(run.stderr.contains("cannot read `no-such-file.json`: no such file"), "{run:?}");
    assert!(run.stderr.contains("v_goes_on.json: valid"), "{run:?}");
}

#[test]
fn validate_has_an_entry_for_a_file_that_is_missing() {
    let sound = file("v_entry.json", SMALL);
    let run = run(&["validate", &sound, "no-such-file.json", &sound, "--format", "json"]);
    assert_eq!(run.code, 4);
    assert!(run.stderr.contains("cannot read `no-such-file.json`: no such file"), "{run:?}");
    let report = run.json();
    assert_eq!((&report["valid"], report["files"].as_array().unwrap().len()), (&json!(false), 3));
    let error = "cannot read `no-such-file.json`: no such file or directory";
    assert_eq!(
        report["files"][1],
        json!({"file": "no-such-file.json", "valid": false, "error": error, "errors": 1, "warnings": 0, "diagnostics": []})
    );
    assert_eq!(report["files"][0].get("error"), None);
    assert_eq!(report["files"][2]["valid"], true);
}

#[test]
fn eval_of_one_context_prints_json_or_a_table() {
    let small = file("e_one.json", SMALL);
    let json = run(&["eval", &small, "--process", "environment=prod", "--set", "plan=pro", "--now", "5"]);
    assert_eq!((json.code, json.stderr.as_str()), (0, ""));
    let answer = json.json();
    assert_eq!(answer["now_ms"], 5);
    assert_eq!(answer["decisions"][0]["feature"], "by_environment");
    assert_eq!(answer["decisions"][1]["rule"], "pro");
    let table =
        run(&["eval", &small, "--process", "environment=prod", "--context", "{}", "--format", "table"]);
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert!(lines[0].starts_with("FEATURE         VALUE  VARIANT  REASON"), "{table:?}");
    assert!(lines[1].starts_with("by_environment  true   on       default"), "{table:?}");
    assert!(lines[3].starts_with("snapshot 7, now "), "{table:?}");
}

#[test]
fn set_wins_over_context_and_features_are_selected() {
    let small = file("e_set.json", SMALL);
    let context = r#"{"plan": "free", "environment": "dev"}"#;
    let run = run(&["eval", &small, "--feature", "by_plan", "--context", context, "--set", "plan=pro"]);
    let answer = run.json();
    assert_eq!(answer["decisions"].as_array().unwrap().len(), 1);
    assert_eq!(answer["decisions"][0]["value"], true);
}

#[test]
fn document_from_stdin_and_instants_in_rfc_3339() {
    let timed = r#"{"schema_version": 1, "version": 1, "features": {"f": {"kind": "gate", "rules": [
        {"id": "r", "if": {"time": {"from": "2026-01-01T00:00:00Z"}}, "variant": "on"}]}}}"#;
    for (now, expected) in
        [("2025-12-31T23:59:59.999Z", false), ("2026-01-01T01:00:00+01:00", true), ("-1", false)]
    {
        let run = run_with(&["eval", "-", "--context", "{}", "--now", now], timed);
        assert_eq!(run.json()["decisions"][0]["value"], expected, "{now}: {run:?}");
    }
}

#[test]
fn strict_refuses_and_lenient_isolates() {
    let invalid = file("e_lenient.json", INVALID);
    for verb in [
        vec!["eval", &invalid, "--context", "{}"],
        vec!["explain", &invalid, "bad"],
        vec!["listing", &invalid],
    ] {
        let strict = run(&verb);
        assert_eq!((strict.code, strict.stdout.as_str()), (1, ""), "{strict:?}");
        assert!(strict.stderr.contains("error[TG2003]") && strict.stderr.contains("--lenient"), "{strict:?}");
        let lenient = run(&[verb.as_slice(), &["--lenient"]].concat());
        assert_eq!(lenient.code, 0, "{lenient:?}");
        assert!(lenient.stderr.contains("error[TG2003]") && lenient.stderr.contains("`bad`"), "{lenient:?}");
    }
    let run = run(&["eval", &invalid, "--context", "{}", "--lenient"]);
    assert_eq!(run.json()["decisions"][0]["reason"], "invalid_definition");
    assert_eq!(run.json()["decisions"][1]["reason"], "rule");
}

#[test]
fn explain_prints_a_tree_or_json() {
    let arguments = [
        "explain",
        &checkout(),
        "checkout",
        "--process",
        "environment=prod-us-west",
        "--set",
        "user_id=user-7",
    ];
    let tree = run(&arguments);
    assert_eq!(tree.code, 0, "{tree:?}");
    assert!(tree.stdout.starts_with("checkout = "), "{tree:?}");
    assert!(tree.stdout.contains("└─ ") && tree.stdout.contains("ramp 25 %"), "{tree:?}");
    let json = run(&[&arguments[..], &["--format", "json"]].concat()).json();
    assert_eq!(json["decision"]["feature"], "checkout");
    assert!(json["steps"].is_array());
}

#[test]
fn listing_names_the_features() {
    let small = file("l.json", SMALL);
    let all = run(&["listing", &small]);
    assert!(
        all.code == 0 && all.stdout.contains("by_plan") && all.stdout.contains("by_environment"),
        "{all:?}"
    );
    let one = run(&["listing", &small, "--feature", "by_plan"]);
    assert!(one.stdout.contains("by_plan") && !one.stdout.contains("by_environment"), "{one:?}");
    assert_eq!(run(&["listing", &small, "--format", "json"]).json()["version"], 7);
}

#[test]
fn schema_is_the_published_one() {
    let published = std::fs::read_to_string(root().join("docs/snapshot.schema.json")).unwrap();
    let published: serde_json::Value = serde_json::from_str(&published).unwrap();
    assert_eq!(run(&["schema"]).json(), published);
}

#[test]
fn completions_version_and_help_go_to_stdout() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]);
        assert!(script.code == 0 && script.stdout.contains("tidegate"), "{shell}");
    }
    let version = run(&["--version"]);
    assert_eq!(version.stdout, format!("tidegate {} (semantics 1)\n", env!("CARGO_PKG_VERSION")));
    let help = run(&["help"]);
    assert!(
        help.code == 0 && help.stdout.contains("Exit codes:") && !help.stdout.contains("bulk"),
        "{help:?}"
    );
    for said in ["simulate: it was aborted", "simulate: it still runs after --days"] {
        assert!(help.stdout.contains(said), "{said}: {help:?}");
    }
    let simulate = run(&["simulate", "--help"]);
    for code in ["0", "1", "2", "4", "8", "9"] {
        assert!(simulate.stdout.contains(&format!("\n  {code}  ")), "{code}: {simulate:?}");
    }
}

#[test]
fn wrong_usage_is_exit_code_2_with_a_hint() {
    let small = file("u.json", SMALL);
    for (arguments, said) in [
        (vec![], "Usage"),
        (vec!["evaluate"], "unrecognized subcommand"),
        (vec!["eval", &small, "--set", "plan"], "found no `=`"),
        (vec!["eval", &small, "--set", "plan={\"a\""], "written in quotes"),
        (vec!["eval", &small, "--set", "a=1", "--set", "a=2"], "--set gives `a` twice"),
        (
            vec!["eval", &small, "--process", "a=1", "--process", "a=2", "--set", "b=1"],
            "--process gives `a` twice",
        ),
        (vec!["eval", &small, "--context", "{}", "--feature", "by_pln"], "did you mean `by_plan`?"),
        (vec!["eval", &small, "--context", "{}", "--feature", "x"], "it has `by_environment`, `by_plan`"),
        (vec!["explain", &small, "by_pla"], "did you mean `by_plan`?"),
        (vec!["eval", "-"], "stdin cannot be both"),
        (vec!["eval", &small, "--now", "yesterday"], "expected an instant"),
        (vec!["eval", &small, "--set", "a=1", "--contexts", "x"], "cannot be used with"),
        (vec!["validate", "-", "-"], "only once"),
    ] {
        let run = run(&arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(said), "{arguments:?}: {run:?}");
    }
}

#[test]
fn bad_context_is_exit_code_3() {
    let small = file("c.json", SMALL);
    for (context, said) in [
        ("{plan: 1}", "single quotes"),
        ("[1]", "expected an object, found a list"),
        ("{\"a\": 1e400}", "/a"),
        (small.as_str(), "$(cat FILE)"),
    ] {
        let run = run(&["eval", &small, "--context", context]);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{context}: {run:?}");
        assert!(run.stderr.contains(said), "{context}: {run:?}");
    }
}

#[test]
fn files_that_cannot_be_read_or_written_are_exit_code_4() {
    let small = file("unreadable-small.json", SMALL);
    let near = small.replace("unreadable-small", "unreadable-smal");
    let folder = env!("CARGO_TARGET_TMPDIR");
    for (arguments, said) in [
        (vec!["eval", &near, "--context", "{}"], "there is `"),
        (vec!["eval", folder, "--context", "{}"], "it is a directory"),
        (vec!["eval", &small, "--contexts", "no-such.jsonl"], "cannot read `no-such.jsonl`"),
        (vec!["explain", "by_plan", &small], "the file comes first"),
    ] {
        let run = run(&arguments);
        assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(said), "{arguments:?}: {run:?}");
    }
}

#[test]
fn documents_that_are_none_are_exit_code_1() {
    let not_utf8 = file("not_utf8.json", "");
    std::fs::write(&not_utf8, b"{\"schema_version\": 1, \"x\": \"\xff\"}").unwrap();
    let run_one = run(&["eval", &not_utf8, "--context", "{}"]);
    assert!(run_one.code == 1 && run_one.stderr.contains("TG1003"), "{run_one:?}");
    let deep = run_with(&["validate", "-"], "[".repeat(1_000_000));
    assert!(deep.code == 1 && deep.stdout.contains("TG1004"), "{deep:?}");
    let empty = run_with(&["explain", "-", "f"], "");
    assert!(empty.code == 1 && empty.stderr.contains("TG1001"), "{empty:?}");
    let other = run(&[
        "validate",
        &file("env.json", r#"{"schema_version":1,"version":1,"environment":"dev"}"#),
        "--process",
        "environment=prod",
    ]);
    assert!(other.code == 1 && other.stdout.contains("TG1008"), "{other:?}");
}

#[test]
fn what_was_probably_not_meant_is_warned_about() {
    let small = file("w.json", SMALL);
    for (arguments, said) in [
        (["--set", "paln=pro", "--set", "environment=dev"], "did you mean `plan`?"),
        (["--set", "plan=pro", "--set", "a=1"], "no environment is given"),
        (["--set", "plan=pro", "--process", "environment=prd"], "did you mean `prod`?"),
    ] {
        let run = run(&[&["eval", &small][..], &arguments].concat());
        assert!(run.code == 0 && run.stderr.contains(said), "{run:?}");
    }
    let both = run(&["eval", &small, "--process", "environment=dev", "--set", "environment=prod"]);
    assert!(both.stderr.contains("that of the context is not read"), "{both:?}");
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let invalid = file("colour.json", INVALID);
    let plain = run(&["validate", &invalid]);
    assert!(!plain.stdout.contains('\x1b') && !plain.stderr.contains('\x1b'));
    let forced = super::command(&["validate", &invalid]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(forced.stdout.contains(&0x1b));
    let never = super::command(&["validate", &invalid]).env("NO_COLOR", "1").output().unwrap();
    assert!(!never.stdout.contains(&0x1b));
}

#[test]
fn text_of_others_never_reaches_the_terminal_as_control() {
    let hostile = r#"{"schema_version": 1, "version": 1, "features": {"f\u001b[2J": {"kind": "gate",
        "rules": [{"id": "\u009bx", "variant": "on"}, {"id": "r", "variant": "\u0007"}]}}}"#;
    let hostile = file("hostile.json", hostile);
    for arguments in [
        vec!["validate", &hostile],
        vec!["eval", &hostile, "--lenient", "--context", "{}", "--format", "table"],
        vec!["explain", &hostile, "f\u{1b}[2J", "--lenient"],
        vec!["listing", &hostile, "--lenient"],
    ] {
        let run = run(&arguments);
        let is_bad = |c: char| c.is_control() && c != '\n';
        assert!(run.code < 2 && !run.stdout.contains(is_bad) && !run.stderr.contains(is_bad), "{run:?}");
    }
}
