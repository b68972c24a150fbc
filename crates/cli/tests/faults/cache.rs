//! No server at the start, and faults of the place where the last good snapshot is kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::follow::{Follow, follow};
use crate::server::Server;
use crate::{Fault, Proxy, until};

/// A server with the gate `a`, on; an SDK behind a proxy that has stored it, ended; its connection and directory.
fn stored() -> (Server, Proxy, String, PathBuf) {
    let server = Server::start();
    let connection = server.gate("a");
    server.turn("a", true);
    let proxy = Proxy::before(&server.url);
    let connection = proxy.instead_of(&server.url, &connection);
    let cache = server.directory.join("cache");
    let mut sdk = Follow::start(&connection, &["--check", "a", "--cache", cache.to_str().unwrap()]);
    sdk.until_served("a", true);
    until("something is stored", || files(&cache).iter().any(|file| holds(file, b"\"features\"")));
    assert_eq!(sdk.end(), Some(0));
    (server, proxy, connection, cache)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files
}

fn holds(file: &Path, text: &[u8]) -> bool {
    fs::read(file).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text))
}

#[test]
fn without_a_server_the_last_good_snapshot_is_served_and_without_one_the_defaults() {
    let mut server = Server::start();
    let connection = server.gate("a");
    server.turn("a", true);
    let cache = server.directory.join("cache");
    let with = ["--check", "a", "--status", "200ms", "--cache", cache.to_str().unwrap()];
    let mut before = Follow::start(&connection, &with);
    before.until_served("a", true);
    assert_eq!(before.end(), Some(0));
    let mut both = None;
    server.restart_after(|_| {
        let mut with = Follow::start(&connection, &with);
        let ready = with.until_event("ready");
        assert_eq!(ready["source"], "cache", "{ready}");
        with.until_served("a", true);
        with.said_error("TG6101");
        let mut without = Follow::start(&connection, &["--check", "a", "--status", "200ms"]);
        let decision = without.until_event("decision");
        assert_eq!((&decision["version"], &decision["value"]), (&json!(0), &json!(null)), "{decision}");
        without.said_error("TG6101");
        let status = without.until_event("status");
        assert_eq!((&status["source"], &status["version"]), (&json!("defaults"), &json!(0)), "{status}");
        both = Some((with, without));
    });
    // The server is back: both have it.
    let (mut with, mut without) = both.unwrap();
    without.until_served("a", true);
    with.until("a stream", |line| line["connected"] == "stream");
    server.turn("a", false);
    with.until_served("a", false);
    without.until_served("a", false);
}

#[test]
fn a_flipped_byte_in_a_cache_file_is_refused_and_what_the_server_has_is_served() {
    let (_server, proxy, connection, cache) = stored();
    let whole: Vec<_> = files(&cache).into_iter().map(|file| (fs::read(&file).unwrap(), file)).collect();
    assert!(!whole.is_empty());
    // In the token, and in the document or delta.
    for eighths in [1, 7] {
        for (bytes, file) in &whole {
            let mut bytes = bytes.clone();
            let place = bytes.len() * eighths / 8;
            bytes[place] ^= 1;
            fs::write(file, bytes).unwrap();
        }
        proxy.set(Fault::Refuse);
        let mut sdk = Follow::start(&connection, &["--check", "a", "--cache", cache.to_str().unwrap()]);
        sdk.said_error("TG6107");
        sdk.said_error("TG6103");
        sdk.never_said(|line| line["value"] != json!(null));
        proxy.set(Fault::None);
        sdk.until_served("a", true);
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_told_and_serving_goes_on() {
    let server = Server::start();
    let connection = server.gate("a");
    server.file("no-directory", "a file");
    let place = server.directory.join("no-directory").join("cache");
    let mut sdk = Follow::start(&connection, &["--check", "a", "--cache", place.to_str().unwrap()]);
    sdk.until_served("a", false);
    server.turn("a", true);
    sdk.until_served("a", true);
    sdk.said_error("TG6108");
    // It is reported as applied all the same.
    until("it is current", || {
        let current = server.run(&["fleet", "--env", "dev", "--state", "current", "--format", "json"]).json();
        current["items"].as_array().is_some_and(|items| !items.is_empty())
    });
}

#[test]
fn a_full_disk_is_told_and_serving_goes_on_and_the_old_file_is_whole() {
    let (server, proxy, connection, cache) = stored();
    // No file may grow beyond 0 bytes: as on a disk that is full.
    let real = follow(&connection, &["--check", "a", "--cache", cache.to_str().unwrap()]);
    let mut command = Command::new("bash");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""])
        .arg(real.get_program())
        .args(real.get_args());
    command.stdout(std::process::Stdio::piped());
    for (name, value) in real.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut sdk = Follow::of(command);
    sdk.until_served("a", true);
    server.turn("a", false);
    sdk.until_served("a", false);
    sdk.said_error("TG6108");
    drop(sdk);
    // What was stored before is whole.
    proxy.set(Fault::Refuse);
    let mut later = Follow::start(&connection, &["--check", "a", "--cache", cache.to_str().unwrap()]);
    assert_eq!(later.until_event("ready")["source"], "cache");
    later.until_served("a", true);
}
