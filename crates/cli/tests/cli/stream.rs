//! `eval` over JSON lines.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value as Json, json};

use super::{SMALL, command, file, run, run_with};

fn lines(stdout: &str) -> Vec<Json> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn contexts(count: usize) -> String {
    (0..count)
        .map(|i| format!("{{\"plan\":\"{}\",\"n\":{i}}}\n", if i % 3 == 0 { "pro" } else { "free" }))
        .collect()
}

#[test]
fn ten_thousand_lines_are_answered_in_order() {
    let small = file("s_many.json", SMALL);
    let run_one =
        run_with(&["eval", &small, "--feature", "by_plan", "--process", "environment=dev"], contexts(10_000));
    assert_eq!((run_one.code, run_one.stderr.as_str()), (0, ""));
    let answers = lines(&run_one.stdout);
    assert_eq!(answers.len(), 10_000);
    for (i, answer) in answers.iter().enumerate() {
        assert_eq!(answer["line"], i + 1);
        assert_eq!(answer["decisions"][0]["value"], i % 3 == 0);
    }
    let from_file = file("s_many.jsonl", &contexts(10_000));
    let other = run(&[
        "eval",
        &small,
        "--feature",
        "by_plan",
        "--process",
        "environment=dev",
        "--contexts",
        &from_file,
    ]);
    assert_eq!(other.stdout, run_one.stdout);
}

#[test]
fn bad_line_stops_with_its_number_and_keeps_what_was_decided() {
    let small = file("s_stop.json", SMALL);
    let run = run_with(&["eval", &small], "{\"plan\":\"pro\"}\n\n{\"plan\":}\n{}\n");
    assert_eq!(run.code, 3);
    assert_eq!(lines(&run.stdout).len(), 1);
    assert!(run.stderr.starts_with("error: line 3: "), "{run:?}");
    assert!(run.stderr.contains("--on-error skip"), "{run:?}");
}

#[test]
fn bad_line_has_one_number_and_its_own_columns() {
    let small = file("s_line.json", SMALL);
    for end in ["\n", "\r\n", ""] {
        for (bad, said) in [
            ("{\"a\":", "line 4: EOF while parsing a value at /a (column 5)\n"),
            ("  {\"a\": NaN}", "line 4: expected a number, found NaN at /a (column 9)\n"),
        ] {
            let run = run_with(&["eval", &small], format!("{{}}\n\n{{}}\n{bad}{end}"));
            assert_eq!((run.code, lines(&run.stdout).len()), (3, 2), "{run:?}");
            assert!(run.stderr.contains(said), "{run:?}");
        }
    }
}

#[test]
fn bad_lines_are_passed_over_if_asked() {
    let small = file("s_skip.json", SMALL);
    let mut input = b"{}\n[]\n{\"a\":1e999}\n\xff\n".to_vec();
    input.extend(std::iter::repeat_n(b' ', 17 << 20));
    input.extend(b"\n{}\n");
    let run = run_with(&["eval", &small, "--on-error", "skip"], input);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(lines(&run.stdout).iter().map(|answer| answer["line"].clone()).collect::<Vec<_>>(), [1, 6]);
    for said in
        ["line 2: ", "line 3: ", "line 4: ", "line 5: expected at most 16 MiB", "passed over 4 of 6 lines"]
    {
        assert!(run.stderr.contains(said), "{said}: {run:?}");
    }
}

#[test]
fn lines_with_meta_bring_their_instant() {
    let timed = r#"{"schema_version": 1, "version": 1, "features": {"f": {"kind": "gate", "rules": [
        {"id": "r", "if": {"time": {"from": 1000}}, "variant": "on"}]}}}"#;
    let timed = file("s_meta.json", timed);
    let input =
        "{\"context\":{},\"now\":999}\n{\"now\":\"1970-01-01T00:00:01Z\",\"context\":{}}\n{\"context\":{}}\n";
    let run_one = run_with(&["eval", &timed, "--with-meta", "--now", "0"], input);
    let values: Vec<Json> =
        lines(&run_one.stdout).iter().map(|line| line["decisions"][0]["value"].clone()).collect();
    assert_eq!(values, [false, true, false]);
    for (line, said) in [
        ("{}", "expected the field `context`"),
        ("{\"context\":[]}", "expected `context` to be an object"),
        ("{\"context\":{},\"now\":\"noon\"}", "expected `now`"),
        ("{\"context\":{},\"nwo\":1}", "found `nwo`"),
    ] {
        let run = run_with(&["eval", &timed, "--with-meta"], line);
        assert!(run.code == 3 && run.stderr.contains(said), "{line}: {run:?}");
    }
    let wrapped = run_with(&["eval", &timed], "{\"context\":{}}");
    assert!(wrapped.code == 0 && wrapped.stderr.contains("--with-meta"), "{wrapped:?}");
}

#[test]
fn no_context_at_all_is_said() {
    let run = run(&["eval", &file("s_none.json", SMALL)]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert!(run.stderr.contains("no context to read"), "{run:?}");
}

#[test]
fn each_answer_comes_before_the_next_question() {
    let small = file("s_dialog.json", SMALL);
    let mut child = command(&["eval", &small]).stdin(Stdio::piped()).spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut output = BufReader::new(output);
    for i in 1..=3 {
        input.write_all(b"{\"plan\":\"pro\"}\n").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(lines(&line)[0]["line"], i);
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn reader_that_goes_away_is_no_error() {
    let small = file("s_pipe.json", SMALL);
    let mut child = command(&["eval", &small]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let text = contexts(50_000);
        input.write_all(text.as_bytes()).is_err()
    });
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(lines(&line)[0]["line"], 1);
    let output = child.wait_with_output().unwrap();
    assert!(writer.join().unwrap(), "all was read: the pipe cannot have been broken");
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
#[cfg(target_os = "linux")]
fn full_disk_is_exit_code_4() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = command(&["schema"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot write to stdout: no space left"));
}

#[test]
fn bulk_answers_each_line_and_survives_refusals() {
    let snapshot: Json = serde_json::from_str(SMALL).unwrap();
    let good = json!({"process": {"environment": "prod"}, "now": 0, "mode": "strict", "snapshot": snapshot,
        "contexts": [{"plan": "pro"}, {}], "trace": true, "seed": "ignored"});
    let refused = json!({"now": 0, "snapshot": {"schema_version": 2}, "contexts": []});
    let bad_context = json!({"now": 0, "snapshot": snapshot, "contexts": [1]});
    let run_one = run_with(&["bulk"], format!("{good}\n{refused}\n{bad_context}\n{good}\n"));
    assert_eq!(run_one.code, 0, "{run_one:?}");
    let answers = lines(&run_one.stdout);
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0], answers[3]);
    assert_eq!(answers[0]["error"], Json::Null);
    let keys: Vec<&str> = answers[0]["decisions"][0]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["feature"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["by_environment", "by_plan", "no_such_feature"]);
    assert_eq!(answers[0]["decisions"], answers[0]["traces"]);
    assert_eq!(answers[1]["error"]["code"], "TG1007");
    assert!(answers[2]["error"]["message"].as_str().unwrap().starts_with("context 0: "));
    let broken = run_with(&["bulk"], "{\"now\"");
    assert!(broken.code == 3 && broken.stderr.contains("line 1: "), "{broken:?}");
}
