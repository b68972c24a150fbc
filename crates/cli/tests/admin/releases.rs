//! Releases: starting, acting with what was shown, watching.

use std::io::{BufRead as _, BufReader};

use super::Server;
use super::server::ON;

#[test]
fn a_release_goes_through_its_phases() {
    let server = Server::start();
    server.pipeline();
    let ana = server.person("ana", "approver");
    server.run(&["feature", "create", "checkout"]).ok();
    server.run(&["feature", "attach", "checkout", "--pipeline", "standard"]).ok();
    server.file("on.yaml", ON);
    let saved = server.run(&["feature", "save", "checkout", "--file", "on.yaml", "--yes"]).ok();
    for part in [
        "pipeline: standard, version 1\n",
        "touches: dev, prod, staging\n",
        "phases:\n  1. inside, in dev, staging\n  2. prod, in prod, after 1 approval\n",
        "diff:\n  checkout /rules\n",
        "notice: tell support before prod\n",
        "started; follow it with: tidegate release watch ",
    ] {
        assert!(saved.contains(part), "no `{part}` in {saved}");
    }
    let id = saved.trim().rsplit(' ').next().unwrap().to_owned();
    let shown = server.run(&["release", "show", &id]).ok();
    for part in [
        "changes: checkout\n",
        "pipeline: standard@1\n",
        "status: running\n",
        "  ✓ inside  done  [dev, staging]\n  ▸ prod    entering  [prod]\n",
        "waiting for: phase `prod` has 0 of 1 approvals in prod\n",
    ] {
        assert!(shown.contains(part), "no `{part}` in {shown}");
    }
    let requests = server.run_as(&ana, &["change-request", "list", "--mine"]).ok();
    assert!(requests.contains(&id) && requests.contains("prod"), "{requests}");
    let request = server.run_as(&ana, &["change-request", "show", &id]).ok();
    assert!(request.contains("/rules"), "{request}");
    // The starter may not approve.
    let stderr = server.run(&["release", "approve", &id, "--yes"]).fails(5);
    assert!(stderr.contains("[self_approval]"), "{stderr}");
    let done = server.run_as(&ana, &["release", "approve", &id, "--comment", "looks fine", "--yes"]).ok();
    assert!(done.contains(&format!("release {id}: completed\n")), "{done}");
    let history = server.run(&["release", "history", &id]).ok();
    assert!(history.contains("ana") && history.contains("admin"), "{history}");
    // What was done to its release is in the feature's history, too.
    let history = server.run(&["feature", "history", "checkout", "--format", "json"]).json();
    let actions: Vec<&str> =
        history.as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap()).collect();
    for action in ["feature.created", "feature.attached", "release.approved"] {
        assert!(actions.contains(&action), "no `{action}` in {actions:?}");
    }
    server.run(&["feature", "history", "nothing"]).fails(5);
    let list = server.run(&["release", "list", "--status", "completed", "--feature", "checkout"]).ok();
    assert!(list.contains(&id), "{list}");
    assert_eq!(server.run(&["release", "list", "--status", "running", "--format", "json"]).ok(), "[]\n");
    assert!(
        server
            .run(&["pipeline", "show", "standard"])
            .ok()
            .contains("launched in the last 30 days:\n  checkout at ")
    );
    // Back again, at once.
    server.run(&["release", "revert", &id, "--reason", "not liked", "--yes"]).ok();
    assert!(server.run(&["release", "show", &id]).ok().contains("status: reverted"));
}

#[test]
fn actions_say_where_the_release_is_then() {
    let server = Server::start();
    server.pipeline();
    let id = server.release("checkout");
    let paused = server.run(&["release", "pause", &id, "--reason", "lunch", "--yes"]).ok();
    assert!(paused.contains(&format!("release {id}: paused, at prod (entering)\n")), "{paused}");
    assert!(paused.contains("waiting for: paused by `admin`: lunch\n"), "{paused}");
    let gone_on = server.run(&["release", "unpause", &id, "--yes"]).ok();
    assert!(gone_on.contains(&format!("release {id}: running, at prod (entering)\n")), "{gone_on}");
    server.run(&["release", "reject", &id, "--reason", "wrong text", "--yes"]).ok();
    assert!(server.run(&["release", "show", &id]).ok().contains("rejected by admin: wrong text"));
    let stderr = server.run(&["release", "full-roll-out", &id, "--reason", "now", "--yes"]).fails(5);
    assert!(stderr.contains("[needs_bypass]") && stderr.contains("--bypass"), "{stderr}");
    let aborted = server.run(&["release", "abort", &id, "--reason", "no", "--yes"]).ok();
    assert!(aborted.ends_with(&format!("release {id}: aborted\n")), "{aborted}");
    let stderr = server.run(&["release", "skip", &id, "--yes"]).fails(5);
    assert!(stderr.contains("[terminal]"), "{stderr}");
}

#[test]
fn a_skip_of_an_approval_is_a_bypass() {
    let server = Server::start();
    server.pipeline();
    let id = server.release("checkout");
    server.run(&["release", "skip", &id, "--yes"]).fails(5);
    let done = server.run(&["release", "skip", &id, "--bypass", "--reason", "tested by hand", "--yes"]).ok();
    assert!(done.contains(&format!("release {id}: completed\n")), "{done}");
}

#[test]
fn several_are_released_as_one() {
    let server = Server::start();
    server.pipeline();
    for key in ["a", "b"] {
        server.run(&["feature", "create", key]).ok();
        server.run(&["feature", "attach", key, "--pipeline", "standard"]).ok();
    }
    server.file("on.yaml", ON);
    let set = ["release", "start", "--feature", "a=on.yaml", "--feature", "b=on.yaml"];
    let dry = server.run(&[&set[..], &["--dry-run"]].concat()).ok();
    assert!(dry.contains("diff:\n  a /rules\n") && dry.contains("  b /rules\n"), "{dry}");
    assert_eq!(server.run(&["release", "list", "--format", "json"]).ok(), "[]\n");
    let started = server.run(&[&set[..], &["--yes"]].concat()).ok();
    assert!(started.contains("started"), "{started}");
    assert!(server.run(&["release", "list"]).ok().contains("a, b"));
    let stderr = server.run(&[&set[..], &["--yes"]].concat()).fails(5);
    assert!(stderr.contains("[release_active]") && stderr.contains("--supersede"), "{stderr}");
    let id =
        server.run(&["release", "list", "--format", "json"]).json()[0]["key"].as_str().unwrap().to_owned();
    server.file("other.yaml", &ON.replace("everyone", "all"));
    let set =
        ["release", "supersede", &id, "--feature", "a=other.yaml", "--feature", "b=other.yaml", "--yes"];
    server.run(&set).ok();
    assert!(server.run(&["release", "show", &id]).ok().contains("status: aborted"));
}

#[test]
fn a_watch_tells_what_is_new_and_ends_with_the_release() {
    let server = Server::start();
    server.pipeline();
    let ana = server.person("ana", "approver");
    let id = server.release("checkout");
    let mut watch = server.command(&["release", "watch", &id, "--timeout", "60s"]).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first: Vec<String> = lines.by_ref().take(4).collect();
    assert_eq!(first[0], format!("release {id} of checkout: running"));
    assert_eq!(first[2], "  ▸ prod    entering  [prod]");
    assert_eq!(first[3], "  waiting for: phase `prod` has 0 of 1 approvals in prod");
    server.run_as(&ana, &["release", "approve", &id, "--yes"]).ok();
    let rest: Vec<String> = lines.collect();
    assert_eq!(
        rest,
        [
            format!("release {id} of checkout: completed"),
            "  ✓ prod    done, approved by ana  [prod]".to_owned()
        ]
    );
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}

#[test]
fn the_exit_code_of_a_watch_tells_how_it_ended() {
    let server = Server::start();
    server.pipeline();
    let id = server.release("checkout");
    assert_eq!(server.run(&["release", "watch", &id, "--timeout", "1ms"]).code, 9);
    server.run(&["release", "abort", &id, "--reason", "no", "--yes"]).ok();
    let run = server.run(&["release", "watch", &id, "--format", "json"]);
    assert_eq!(run.code, 8);
    assert_eq!(run.stdout.lines().count(), 1, "{run:#?}");
    server.run(&["release", "watch", "nothing"]).fails(5);
}

#[test]
fn a_guard_that_fails_pauses_or_aborts() {
    let server = Server::start();
    server.file(
        "guarded.yaml",
        "phases:\n  - {id: all, bake_s: 3600, guards: [{id: errors, on_fail: pause}, {id: worse, on_fail: abort}]}\n",
    );
    server.run(&["pipeline", "create", "standard", "--file", "guarded.yaml"]).ok();
    server.run(&["pipeline", "publish", "standard", "--yes"]).ok();
    let id = server.release("checkout");
    server.run(&["release", "verdict", &id, "errors", "fail", "--detail", "5 %"]).ok();
    let shown = server.run(&["release", "show", &id]).ok();
    assert!(shown.contains("status: paused") && shown.contains("paused by guard `errors`"), "{shown}");
    server.run(&["release", "verdict", &id, "worse", "fail"]).ok();
    assert!(server.run(&["release", "show", &id]).ok().contains("status: aborted"));
    assert!(server.run(&["release", "verdict", &id, "unknown", "pass"]).fails(5).contains("["));
}

#[test]
fn a_watch_outlives_a_restart_of_the_server() {
    let mut server = Server::start();
    server.pipeline();
    let ana = server.person("ana", "approver");
    let id = server.release("checkout");
    let mut watch = server.command(&["release", "watch", &id, "--timeout", "60s"]).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next(), Some(format!("release {id} of checkout: running")));
    server.restart();
    server.run_as(&ana, &["release", "approve", &id, "--yes"]).ok();
    assert!(lines.any(|line| line == format!("release {id} of checkout: completed")));
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}
