//! Faults of delivery, with real processes: `tidegate serve`, `tidegate follow` (the SDK), and something bad between them.
//!
//! ```text
//!   serve ──▶ proxy: passes on, cuts, flips, replays, stalls, refuses ──▶ follow ──▶ JSON lines
//! ```
//! What the SDK does in each case is also tested without processes, in `tests/client` of the root; here it is that all parts
//! together survive.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of tests are not marked as tests"
)]

mod cache;
mod crowd;
mod follow;
mod proxy;
#[expect(dead_code, reason = "the tests of the admin commands need more of it")]
#[path = "../admin/run.rs"]
mod run;
#[expect(dead_code, reason = "the tests of the admin commands need more of it")]
#[path = "../admin/server.rs"]
mod server;
mod service;

use std::time::{Duration, Instant};

use follow::Follow;
use proxy::{Fault, Proxy};
pub(crate) use run::{Run, command};
use server::Server;

/// Nothing here takes longer on a machine that is not stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until something holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not in {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Server {
    /// A gate, off, that nothing keeps from being changed; and the connection string of an SDK of `dev`.
    fn gate(&self, key: &str) -> String {
        self.run(&["feature", "create", key]).ok();
        self.run(&["sdk-key", "new", "--env", "dev"]).ok().trim().to_owned()
    }

    /// Turns a gate on or off, at once.
    fn turn(&self, key: &str, on: bool) {
        let text = if on { server::ON } else { "kind: gate\n" };
        self.file("gate.yaml", text);
        self.run(&["feature", "save", key, "--file", "gate.yaml", "--yes"]).ok();
    }

    /// The fleet as the server knows it.
    fn fleet(&self) -> serde_json::Value {
        self.run(&["fleet", "--env", "dev", "--format", "json"]).json()
    }
}

/// A server with the gate `a`, off, and an SDK behind a proxy.
fn behind_a_proxy(arguments: &[&str]) -> (Server, Proxy, Follow) {
    let server = Server::start();
    let connection = server.gate("a");
    let proxy = Proxy::before(&server.url);
    let connection = proxy.instead_of(&server.url, &connection);
    let mut follow = Follow::start(&connection, &[&["--check", "a"], arguments].concat());
    follow.until_served("a", false);
    (server, proxy, follow)
}
