//! Faults of the server and of the way to it.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::follow::{Follow, follow};
use crate::server::Server;
use crate::{Fault, behind_a_proxy, until};

#[test]
fn a_server_that_is_killed_in_the_middle_of_a_release_goes_on_and_so_does_its_sdk() {
    let mut server = Server::start();
    server.pipeline();
    let approver = server.person("ann", "approver");
    let release = server.release("checkout");
    let connection = server.run(&["sdk-key", "new", "--env", "prod"]).ok();
    let mut sdk = Follow::start(connection.trim(), &["--check", "checkout"]);
    sdk.until_served("checkout", false);
    server.restart();
    server.run_as(&approver, &["release", "approve", &release, "--yes"]).ok();
    let seen = sdk.until_served("checkout", true);
    assert_eq!(seen["version"].as_u64().map(|version| version > 0), Some(true), "{seen}");
    server.restart();
    let status = server.run(&["release", "show", &release, "--format", "json"]).json();
    assert_eq!(status["status"], "completed", "{status:#}");
    // And on: also after the second one, changes arrive.
    server.run(&["feature", "kill", "checkout", "--environment", "prod", "--reason", "a test", "--yes"]).ok();
    sdk.until_served("checkout", false);
    assert_eq!(sdk.end(), Some(0));
}

/// A stream, and polls.
const WAYS: [&[&str]; 2] = [&[], &["--no-stream"]];

#[test]
fn half_a_response_is_nothing_and_the_next_is_whole() {
    for way in WAYS {
        let (server, proxy, mut sdk) = behind_a_proxy(way);
        proxy.set(Fault::CutAfter(b"\"features\":"));
        server.turn("a", true);
        until("an answer is cut", || proxy.harmed() > 0);
        sdk.until_error("TG6103");
        until("another answer is cut", || proxy.harmed() > 1);
        sdk.never_said(|line| line["value"] == true);
        proxy.set(Fault::None);
        sdk.until_served("a", true);
    }
}

#[test]
fn a_flipped_byte_in_the_document_is_refused() {
    for way in WAYS {
        let (server, proxy, mut sdk) = behind_a_proxy(way);
        proxy.set(Fault::FlipAfter(b"\"features\":", 4));
        server.turn("a", true);
        // The hash in the signed head is another.
        sdk.until_error("TG6016");
        sdk.never_said(|line| line["value"] == true);
        until("the server is told", || {
            let nacked =
                server.run(&["fleet", "--env", "dev", "--state", "nacked", "--format", "json"]).json();
            nacked["items"].to_string().contains("TG6016")
        });
        proxy.set(Fault::None);
        sdk.until_served("a", true);
    }
}

#[test]
fn a_flipped_byte_in_the_signature_is_refused() {
    let (server, proxy, mut sdk) = behind_a_proxy(&[]);
    proxy.set(Fault::FlipSignature);
    server.turn("a", true);
    sdk.until_error("TG6014");
    assert!(proxy.harmed() > 0);
    sdk.never_said(|line| line["value"] == true);
    proxy.set(Fault::None);
    sdk.until_served("a", true);
}

#[test]
fn an_old_version_that_is_replayed_is_refused() {
    let (server, proxy, mut sdk) = behind_a_proxy(&[]);
    // The whole of what the server said when the gate was off, signed and all.
    let old = proxy.answer_with("event: snapshot").unwrap();
    server.turn("a", true);
    sdk.until_served("a", true);
    proxy.set(Fault::Replay(old));
    sdk.until_error("TG6105");
    let heard = sdk.listen(Duration::from_millis(500));
    assert!(heard.iter().all(|line| line["event"] != "decision" || line["value"] == true), "{heard:#?}");
}

#[test]
fn a_key_that_is_rotated_is_followed_by_sdks_that_pin_the_old_one() {
    let server = Server::start();
    let connection = server.gate("a");
    let mut old = Follow::start(&connection, &["--check", "a"]);
    old.until_served("a", false);
    server.run(&["keys", "rotate", "--reason", "yearly", "--yes"]).ok();
    server.turn("a", true);
    old.until_served("a", true);
    // Who starts now with the old string follows the endorsement as well.
    let mut later = Follow::start(&connection, &["--check", "a"]);
    later.until_served("a", true);
}

#[test]
fn a_stream_that_stalls_without_closing_is_left() {
    let server = Server::start();
    let connection = server.gate("a");
    let proxy = crate::Proxy::before(&server.url);
    let connection = proxy.instead_of(&server.url, &connection);
    let mut sdk = Follow::start(&connection, &["--check", "a", "--read-stall", "2s"]);
    sdk.until_served("a", false);
    let before = proxy.streams().len();
    proxy.turn(Fault::Stall);
    server.turn("a", true);
    sdk.until_error("TG6104");
    assert!(proxy.harmed() > 0);
    sdk.never_said(|line| line["value"] == true);
    proxy.turn(Fault::None);
    sdk.until_served("a", true);
    assert!(proxy.streams().len() > before);
}

#[test]
fn a_clock_that_is_wrong_by_a_day_makes_nothing_stale_and_keeps_nothing_back() {
    let Ok(faketime) = Command::new("faketime").arg("--version").output() else {
        eprintln!("skipped: there is no `faketime` on the PATH");
        return;
    };
    assert!(faketime.status.success());
    let server = Server::start();
    let connection = server.gate("a");
    for day in ["-1d", "+1d"] {
        let real = follow(&connection, &["--check", "a", "--status", "1s"]);
        let mut command = Command::new("faketime");
        command.args(["-m", "-f", day]).arg(real.get_program()).args(real.get_args());
        command.stdout(std::process::Stdio::piped());
        for (name, value) in real.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut sdk = Follow::of(command);
        sdk.until_served("a", false);
        server.turn("a", true);
        let seen = sdk.until_served("a", true);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let wrong = seen["at"].as_i64().unwrap() - i64::try_from(now.as_millis()).unwrap();
        assert!(wrong.abs() > 23 * 3_600_000, "its clock is not wrong: {seen}");
        let status = sdk.until_event("status");
        assert_eq!((&status["stale"], &status["connected"]), (&json!(false), &json!("stream")), "{status}");
        assert!(status["age_ms"].as_f64().unwrap() < 60_000.0, "{status}");
        server.turn("a", false);
        sdk.until_served("a", false);
        // The server measures by its own clock.
        let fleet = server.fleet();
        assert!(fleet.to_string().contains(status["instance"].as_str().unwrap()), "{fleet:#}");
    }
}

/// What the surroundings of a process must have for it to live a day ago; none if there is no `faketime` here.
fn a_day_ago() -> Option<Vec<(String, String)>> {
    let environment = Command::new("faketime").args(["-f", "-1d", "env"]).output().ok()?;
    let lines = String::from_utf8(environment.stdout).unwrap();
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    let wanted = pairs.filter(|(name, _)| ["LD_PRELOAD", "FAKETIME"].contains(name));
    Some(wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[test]
fn a_server_whose_clock_was_set_back_by_a_day_goes_on_to_prove_that_nothing_is_kept_back() {
    let Some(a_day_ago) = a_day_ago() else {
        eprintln!("skipped: there is no `faketime` on the PATH");
        return;
    };
    assert_eq!(a_day_ago.len(), 2, "{a_day_ago:?}");
    let mut server = Server::start();
    let connection = server.gate("a");
    let mut sdk = Follow::start(&connection, &["--check", "a", "--status", "200ms"]);
    sdk.until_served("a", false);
    // Longer than it takes to write when the latest head was signed.
    sdk.listen(Duration::from_millis(1_500));
    server.restart_with(|_, command| {
        command.args(["--heartbeat", "500ms"]).envs(a_day_ago);
    });
    server.turn("a", true);
    let at = sdk.until_served("a", true)["at"].as_u64().unwrap();
    // Proofs that came after the restart: the next one, and again.
    let young =
        |line: &Json| line["event"] == "status" && line["age_ms"].as_f64().is_some_and(|age| age < 1_500.0);
    sdk.until("a proof", |line| young(line) && line["at"].as_u64() > Some(at));
    sdk.until("another proof", |line| young(line) && line["at"].as_u64() > Some(at + 3_000));
}

#[test]
fn an_sdk_that_acks_a_version_that_there_never_was_counts_for_nothing() {
    let server = Server::start();
    let connection = server.gate("a");
    let (_, rest) = connection.split_once("://").unwrap();
    let (key, _) = rest.split_once('@').unwrap();
    let mut sdk = Follow::start(&connection, &["--check", "a"]);
    let served = sdk.until_served("a", false);
    let head = served["version"].as_u64().unwrap();
    // Ahead of all there were, and between two.
    for (instance, version) in [("ahead", head + 1_000_000), ("between", head - 1)] {
        let report = json!({
            "instance": instance, "sdk": {"name": "test", "version": "1"}, "process": {}, "schema_version": 1,
            "interval_s": 10, "source": "stream", "version": version, "stale": false, "isolated": [],
        });
        let answer = ureq::post(&format!("{}/sdk/v1/report", server.url))
            .header("authorization", &format!("Bearer {key}"))
            .header("content-type", "application/json")
            .send(report.to_string())
            .unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }
    let of_state = |state: &str| {
        let fleet = server.run(&["fleet", "--env", "dev", "--state", state, "--format", "json"]).json();
        let items = fleet["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["instance"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let liar = |found: &String| ["ahead", "between"].contains(&found.as_str());
    until("both are shown as unknown", || {
        of_state("unknown").iter().filter(|found| liar(found)).count() == 2
    });
    until("the honest one is current", || !of_state("current").is_empty());
    assert!(!of_state("current").iter().any(liar), "{:?}", of_state("current"));
}
