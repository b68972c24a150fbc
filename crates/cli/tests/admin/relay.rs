//! `tidegate relay`, as a process between a server and its clients, which are killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{Run, Server, command};

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(60);

/// A relay in a process of its own; killed when it is dropped.
struct Relay {
    child: Child,
    url: String,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Relay {
    fn start(upstream: &str, cache: &Path) -> Self {
        let mut child = command(&["relay", "--listen", "127.0.0.1:0", "--cache"])
            .arg(cache)
            .env("TIDEGATE_UPSTREAM", upstream)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap_or_else(|| panic!("the relay ended early")).unwrap();
        Self { child, url: line.strip_prefix("listening on ").unwrap().to_owned() }
    }
}

/// The snapshot, if there is one.
fn snapshot(url: &str, sdk_key: &str) -> Option<String> {
    let request =
        ureq::get(format!("{url}/sdk/v1/snapshot")).header("authorization", format!("Bearer {sdk_key}"));
    request.call().ok()?.body_mut().read_to_string().ok()
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < SOON, "still not so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn connection(server: &Server) -> String {
    server.run(&["sdk-key", "new", "--env", "prod"]).ok().trim().to_owned()
}

#[test]
fn a_relay_outlives_its_server_and_itself() {
    let mut server = Server::start();
    server.file("gate.yaml", "kind: gate\n");
    server.run(&["feature", "create", "checkout", "--file", "gate.yaml"]).ok();
    let (own, client) = (connection(&server), connection(&server));
    let (_, key) = client.split_once("//").unwrap();
    let (key, _) = key.split_once('@').unwrap();
    let cache = server.directory.join("relay");
    let url = server.url.clone();

    let relay = Relay::start(&own, &cache);
    let same = || snapshot(&relay.url, key).is_some_and(|found| Some(found) == snapshot(&url, key));
    eventually("the relay serves what the server does", same);
    server.file("on.yaml", "kind: gate\ndefault: 'on'\n");
    server.run(&["feature", "save", "checkout", "--file", "on.yaml", "--yes"]).ok();
    let is_new = || snapshot(&relay.url, key).is_some_and(|found| found.contains(r#""default":"on""#));
    eventually("a change comes through", is_new);
    let served = snapshot(&relay.url, key);
    let stored = || std::fs::read_to_string(cache.join("relay-prod.snapshot")).unwrap_or_default();
    eventually("it is stored", || served.as_deref().is_some_and(|served| stored().ends_with(served)));

    server.restart_after(|_| {
        assert_eq!(snapshot(&relay.url, key), served, "the server is gone");
        drop(relay);
        let relay = Relay::start(&own, &cache);
        assert_eq!(snapshot(&relay.url, key), served, "from what was stored");
    });
}

#[test]
fn a_connection_string_that_is_none_is_told_without_its_secret() {
    let secret = format!("tgs_{}", "5e".repeat(32));
    let bad = format!("tidegate+https://{secret}@h?environment=prod");
    let run = Run::from(command(&["relay"]).env("TIDEGATE_UPSTREAM", &bad).output().unwrap());
    let error = run.fails(2);
    assert!(error.contains("--upstream 1") && error.contains("key=") && !error.contains("5e5e5e"), "{error}");
    Run::from(command(&["relay"]).output().unwrap()).fails(2);
}
