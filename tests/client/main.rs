//! The client against a server on a real socket, which misbehaves as told.
//!
//! Conditions are waited for, with a deadline; where time itself matters, its clock is injected.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper of a test that panics fails the test"
)]

mod cache;
mod faults;
mod life;
mod other_sources;
mod reports;
mod server;
mod start;
mod stream;
mod tls;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tidegate::Engine;
use tidegate::client::{Client, ConnectOptions, Event, Proxy};
use tidegate::error::Code;

use crate::server::Server;

/// Short waits, so that faults are noticed soon.
fn quick(connection: &str) -> ConnectOptions {
    ConnectOptions::from_connection(connection)
        .unwrap()
        .proxy(Proxy::Direct)
        .network_first(Duration::from_millis(300))
        .connect_timeout(Duration::from_millis(500))
        .answer_timeout(Duration::from_millis(500))
        .read_stall(Duration::from_millis(1_500))
        .poll_interval(Duration::from_millis(50))
        .report_interval(Duration::from_millis(50))
        .seed(1)
}

fn connect(server: &Server) -> Client {
    Engine::connect(quick(&server.connection())).unwrap()
}

/// Waits for a condition.
#[track_caller]
fn until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(20), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[track_caller]
fn until_version(client: &Client, version: u64) {
    // The status follows the engine a moment later.
    let is_there = || client.engine().version() == version && client.status().version == version;
    until(&format!("version {version}"), is_there);
}

fn is_on(client: &Client, gate: &str) -> bool {
    client.engine().check(gate, &client.engine().context().build())
}

/// What a client told, from its first event on.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Event>>>);

impl Told {
    fn listen(&self, options: ConnectOptions) -> ConnectOptions {
        let events = Arc::clone(&self.0);
        options.on_event(move |event| events.lock().unwrap().push(event.clone()))
    }

    fn has(&self, is_it: impl Fn(&Event) -> bool) -> bool {
        self.0.lock().unwrap().iter().any(is_it)
    }

    fn has_error(&self, code: Code) -> bool {
        self.has(|event| matches!(event, Event::Error(error) if error.code() == code))
    }

    #[track_caller]
    fn until_error(&self, code: Code) {
        until(&format!("the error {code}"), || self.has_error(code));
    }

    fn count(&self, is_it: impl Fn(&Event) -> bool) -> usize {
        self.0.lock().unwrap().iter().filter(|event| is_it(event)).count()
    }
}

/// A directory of its own; removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tidegate-client-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    /// The files, but for temporary ones, by name.
    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).map(|entries| entries.flatten().map(|entry| entry.path()));
        let mut files: Vec<PathBuf> = entries.into_iter().flatten().collect();
        files.retain(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.'));
        files.sort();
        files
    }

    fn has(&self, part: &str) -> bool {
        self.files().iter().any(|path| path.to_string_lossy().contains(part))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
