//! `simulate`: the time line of a pipeline, to the letter.

use super::command;
use super::{Run, server::STANDARD};

/// A ramp in dev, a guard in staging, then prod by approval in a working-hours window.
const PIPELINE: &str = "\
windows:
  deny: [{description: end of year freeze, starts: '2026-12-20T00:00:00Z', ends: '2027-01-04T00:00:00Z'}]
phases:
  - id: dev
    target: [{environments: [dev]}]
    ramp: {start: 25, step: 50, every_s: 3600}
    bake_s: 600
  - id: staging
    target: [{environments: [staging]}]
    bake_s: 86400
    guards: [{id: errors, on_fail: pause}]
  - id: prod
    target: [{environments: [prod]}]
    entry:
      approvals: {count: 2}
      windows: {allow: [{weekdays: [monday, tuesday, wednesday, thursday], from: '09:00', to: '16:00', time_zone: Europe/Berlin}]}
    bake_s: 3600
";

fn simulate(pipeline: &str, arguments: &[&str]) -> Run {
    use std::io::Write as _;
    let all: Vec<&str> =
        ["simulate", "--pipeline", "-"].into_iter().chain(arguments.iter().copied()).collect();
    let mut child = command(&all).stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(pipeline.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_pipeline_runs_over_days() {
    let run = simulate(PIPELINE, &["--start", "2026-11-19T08:00:00Z", "--approve-after", "3h"]);
    assert_eq!(run.code, 0, "{run:#?}");
    let lines: Vec<&str> = run.stdout.lines().collect();
    let golden = include_str!("simulate.txt");
    assert_eq!(run.stdout, golden, "{}", lines.join("\n"));
}

#[test]
fn a_guard_that_fails_pauses_and_somebody_goes_on() {
    let arguments = [
        "--start",
        "2026-11-16T08:00:00Z",
        "--approve-after",
        "1h",
        "--fail",
        "errors@6h",
        "--verdict",
        "errors=pass@8h",
        "--action",
        "unpause@9h",
    ];
    let run = simulate(PIPELINE, &arguments);
    assert_eq!(run.code, 0, "{run:#?}");
    assert!(run.stdout.contains("guard errors is breached: pauses"), "{}", run.stdout);
    assert!(run.stdout.contains("unpaused by you"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("says fail").count(), 1, "{}", run.stdout);
    assert!(run.stdout.ends_with("completed after 2 d\n"), "{}", run.stdout);
}

#[test]
fn nobody_approves_and_a_freeze_holds() {
    let run = simulate(PIPELINE, &["--start", "2026-11-16T08:00:00Z", "--days", "3"]);
    assert_eq!(run.code, 9, "{run:#?}");
    assert!(run.stdout.contains("still running after 3 d\n"), "{}", run.stdout);
    assert!(run.stdout.contains("waiting for: phase `prod` has 0 of 2 approvals"), "{}", run.stdout);
    let run = simulate(PIPELINE, &["--start", "2026-12-21T08:00:00Z", "--days", "3"]);
    assert!(
        run.stdout.contains("a window holds forward motion (end of year freeze) until 2027-01-04T00:00:00Z"),
        "{}",
        run.stdout
    );
}

#[test]
fn an_abort_ends_it() {
    let run = simulate(PIPELINE, &["--start", "2026-11-16T08:00:00Z", "--action", "abort@30m"]);
    assert_eq!(run.code, 8, "{run:#?}");
    assert!(run.stdout.contains("aborted after 30 min\n"), "{}", run.stdout);
}

#[test]
fn instances_that_are_slow_hold_each_share_and_a_timeout_pauses() {
    let pipeline = "phases: [{id: prod, ramp: {steps: [{percent: 10, hold_s: 3600}, {percent: 100}]}, \
        propagation: {percent: 95, timeout_s: 600, then: pause}, bake_s: 60}]";
    let run = simulate(pipeline, &["--start", "2026-11-16T08:00:00Z"]);
    assert!(run.stdout.ends_with("completed after 1 h 1 min\n"), "at once: {}", run.stdout);
    let run = simulate(pipeline, &["--start", "2026-11-16T08:00:00Z", "--apply-after", "10m"]);
    assert!(run.stdout.ends_with("completed after 1 h 21 min\n"), "{}", run.stdout);
    let run = simulate(
        pipeline,
        &["--start", "2026-11-16T08:00:00Z", "--apply-after", "20m", "--action", "unpause@1h"],
    );
    assert!(run.stdout.contains("prod: takes too long to propagate"), "{}", run.stdout);
    assert!(run.stdout.contains("paused by system: 0 of 0 live instances have applied it"), "{}", run.stdout);
    let unpaused = run.stdout.find("unpaused by you").unwrap();
    assert!(run.stdout[unpaused..].contains("prod: has propagated at 10 %"), "{}", run.stdout);
}

#[test]
fn json_has_the_same_events() {
    let run =
        simulate(STANDARD, &["--start", "2026-11-16T08:00:00Z", "--approve-after", "2h", "--format", "json"])
            .json();
    assert_eq!(run["status"], "completed");
    let events: Vec<&str> =
        run["time_line"].as_array().unwrap().iter().filter_map(|line| line["event"].as_str()).collect();
    assert_eq!(events.first(), Some(&"started"));
    assert_eq!(events.last(), Some(&"completed"));
    assert_eq!(run["ended_at"].as_i64().unwrap() - run["start"].as_i64().unwrap(), 7_200_000);
}

#[test]
fn what_cannot_be_simulated_says_why() {
    let stderr = simulate("phases: []\n", &[]).fails(1);
    assert!(stderr.contains("is no valid pipeline"), "{stderr}");
    let stderr = simulate("phases: [{id: a, bake: 3}]\n", &[]).fails(1);
    assert!(stderr.contains("unknown field `bake`"), "{stderr}");
    let stderr = simulate(PIPELINE, &["--fail", "latency@3h"]).fails(2);
    assert!(stderr.contains("no guard `latency`") && stderr.contains("`errors`"), "{stderr}");
    let stderr = simulate(PIPELINE, &["--start-at", "qa"]).fails(2);
    assert!(stderr.contains("no phase `qa`") && stderr.contains("`staging`"), "{stderr}");
    let stderr = simulate(PIPELINE, &["--action", "approve@3h"]).fails(2);
    assert!(stderr.contains("is none of abort, full-roll-out"), "{stderr}");
}
