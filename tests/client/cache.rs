//! What is stored, and what becomes of it when it is damaged, shared or cannot be written.

use std::time::Duration;

use tidegate::Engine;
use tidegate::client::Client;
use tidegate::error::Code;
use tidegate::wire::Source;

use crate::server::{Server, Stream, document};
use crate::{Directory, Told, is_on, quick, until, until_version};

const LONG: Duration = Duration::from_secs(20);

fn cached(server: &Server, directory: &Directory) -> Client {
    Engine::connect(quick(&server.connection()).cache(&directory.0)).unwrap()
}

/// A directory with version 1, and a chain of deltas up to `version`; `a` is on where that is odd.
fn chain(version: u64) -> (Directory, String) {
    let (server, directory) = (Server::start(), Directory::new());
    server.publish(1, &[("a", true), ("b", true)]);
    let client = cached(&server, &directory);
    until("a snapshot", || directory.has(".1.snapshot"));
    for version in 2..=version {
        server.publish(version, &[("a", version % 2 == 1), ("b", true)]);
        until_version(&client, version);
        until("a delta", || directory.has(&format!("-{version}.delta")) || directory.has(".snapshot"));
    }
    client.close();
    let connection = server.connection();
    (directory, connection)
}

#[test]
fn a_chain_of_deltas_is_followed_without_a_server() {
    let (directory, connection) = chain(4);
    assert_eq!(directory.files().len(), 4, "{:?}", directory.files());
    let client = Engine::connect(quick(&connection).cache(&directory.0)).unwrap();
    assert_eq!(client.wait_ready(LONG).unwrap(), Source::Cache);
    assert_eq!(client.engine().version(), 4);
    assert!(!is_on(&client, "a") && is_on(&client, "b"));
    assert!(client.status().last_error.unwrap().code() == Code::Unreachable);
}

#[test]
fn a_long_chain_becomes_a_snapshot_and_is_tidied() {
    let (server, directory) = (Server::start(), Directory::new());
    server.publish(1, &[("a", true)]);
    let client = cached(&server, &directory);
    until("a snapshot", || directory.has(".1.snapshot"));
    for version in 2..=70 {
        server.publish(version, &[("a", version % 2 == 1)]);
        until_version(&client, version);
    }
    until("a newer snapshot", || {
        directory.files().iter().filter(|path| path.ends_with_snapshot()).count() == 2
    });
    until("the version", || client.engine().version() == 70);
    client.close();
    let connection = server.connection();
    drop(server);
    let client = Engine::connect(quick(&connection).cache(&directory.0)).unwrap();
    client.wait_ready(LONG).unwrap();
    assert_eq!(client.engine().version(), 70);
}

trait IsSnapshot {
    fn ends_with_snapshot(&self) -> bool;
}

impl IsSnapshot for std::path::PathBuf {
    fn ends_with_snapshot(&self) -> bool {
        self.extension().is_some_and(|extension| extension == "snapshot")
    }
}

#[test]
fn a_flipped_byte_or_half_a_file_is_refused_and_the_rest_is_served() {
    let (directory, connection) = chain(3);
    let files = directory.files();
    let originals: Vec<Vec<u8>> = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
    for (number, path) in files.iter().enumerate() {
        let original = &originals[number];
        let token = original.iter().position(|byte| *byte == b'\n').unwrap();
        let places =
            [3, token / 2, token - 3, token, token + 1, (token + original.len()) / 2, original.len() - 1];
        let flips = places.map(|place| {
            let mut bytes = original.clone();
            bytes[place] ^= 1;
            bytes
        });
        let halves = [0, token / 2, token, token + 1, original.len() / 2, original.len() - 1];
        let halves = halves.map(|length| original[..length].to_vec());
        for damaged in flips.into_iter().chain(halves) {
            std::fs::write(path, &damaged).unwrap();
            let told = Told::default();
            let options = quick(&connection).cache(&directory.0).network_first(Duration::ZERO);
            let client = Engine::connect(told.listen(options)).unwrap();
            told.until_error(Code::CacheDamaged);
            let is_base = path.ends_with_snapshot();
            until("what is left", || is_base || client.engine().version() > 0);
            let version = client.engine().version();
            assert!(version < 3 && (version == 0) == is_base, "{version} of {}", path.display());
            client.close();
        }
        std::fs::write(path, original).unwrap();
    }
    let client = Engine::connect(quick(&connection).cache(&directory.0)).unwrap();
    client.wait_ready(LONG).unwrap();
    assert_eq!(client.engine().version(), 3);
}

#[test]
fn a_damaged_file_is_written_again_when_the_server_is_back() {
    let (server, directory) = (Server::start(), Directory::new());
    server.publish(1, &[("a", true)]);
    let client = cached(&server, &directory);
    until("a snapshot", || directory.has(".1.snapshot"));
    client.close();
    let path = directory.files().remove(0);
    let whole = std::fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    let client = cached(&server, &directory);
    until_version(&client, 1);
    until("it is whole again", || std::fs::read(&path).unwrap().ends_with(&whole[whole.len() - 10..]));
}

#[test]
fn files_of_another_key_address_or_environment_are_not_looked_at() {
    let (directory, connection) = chain(1);
    for other in [
        connection.replace("prod", "dev"),
        connection.replace("127.0.0.1", "localhost"),
        format!("{}&key=none", connection.split_once("&key=").unwrap().0),
    ] {
        let client = Engine::connect(quick(&other).cache(&directory.0)).unwrap();
        assert!(client.wait_ready(Duration::from_millis(500)).is_err());
        assert_ne!(client.status().last_error.unwrap().code(), Code::CacheDamaged);
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_told_and_serving_goes_on() {
    let (server, directory) = (Server::start(), Directory::new());
    std::fs::create_dir_all(&directory.0).unwrap();
    // A file where the directory should be: refused to root as well.
    let place = directory.0.join("file");
    std::fs::write(&place, "").unwrap();
    let told = Told::default();
    server.publish(1, &[("a", true)]);
    let client =
        Engine::connect(told.listen(quick(&server.connection()).cache(place.join("cache")))).unwrap();
    until_version(&client, 1);
    told.until_error(Code::CacheUnwritable);
    server.publish(2, &[("a", false)]);
    until_version(&client, 2);
    until("the ack", || server.state().reports.last().is_some_and(|report| report.version == 2));
}

#[test]
fn a_directory_that_comes_to_life_later_is_filled_by_the_whole() {
    let (server, directory) = (Server::start(), Directory::new());
    std::fs::write(&directory.0, "in the way").unwrap();
    let told = Told::default();
    server.publish(1, &[("a", true)]);
    let client = Engine::connect(told.listen(quick(&server.connection()).cache(&directory.0))).unwrap();
    told.until_error(Code::CacheUnwritable);
    std::fs::remove_file(&directory.0).unwrap();
    server.publish(2, &[("a", false)]);
    until_version(&client, 2);
    until("the whole", || directory.has(".2.snapshot"));
}

#[test]
fn many_clients_share_a_directory_at_once() {
    let (server, directory) = (Server::start(), Directory::new());
    server.publish(1, &[("a", true)]);
    let clients: Vec<Client> = (0..8).map(|_| cached(&server, &directory)).collect();
    for client in &clients {
        until_version(client, 1);
    }
    // Some see each version, some only the last of them.
    for version in 2..40 {
        server.publish(version, &[("a", version % 2 == 0)]);
        if version % 5 == 0 {
            until_version(&clients[version as usize % clients.len()], version);
        }
    }
    for client in &clients {
        until_version(client, 39);
        assert_eq!(client.status().last_error.map(|error| error.to_string()), None);
    }
    let connection = server.connection();
    until("the newest is stored", || {
        let client =
            Engine::connect(quick(&connection).cache(&directory.0).streaming_off_and_silent()).unwrap();
        client.wait_ready(LONG).is_ok() && client.engine().version() == 39
    });
    for client in clients {
        client.close();
    }
    let names: Vec<String> = std::fs::read_dir(&directory.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(names.iter().all(|name| !name.ends_with(".tmp")), "{names:?}");
}

trait Silent {
    fn streaming_off_and_silent(self) -> Self;
}

impl Silent for tidegate::client::ConnectOptions {
    /// As without a server: a proxy that is not there.
    fn streaming_off_and_silent(self) -> Self {
        self.proxy(tidegate::client::Proxy::Url("http://127.0.0.1:1".into()))
    }
}

#[test]
fn an_older_version_is_never_written_over_a_newer_one() {
    let (server, directory) = (Server::start(), Directory::new());
    server.publish(5, &[("a", true)]);
    let fast = cached(&server, &directory);
    until("version 5", || directory.has(".5.snapshot"));
    // Another server of the same address in the past: what a slow process would store.
    fast.close();
    server.publish_bytes(3, document(3, &[("a", false)]));
    server.set(|state| state.stream = Stream::Short);
    let slow = cached(&server, &directory);
    until("it was refused", || {
        slow.status().last_error.is_some_and(|error| error.code() == Code::BelowFloor)
    });
    slow.close();
    assert!(directory.has(".5.snapshot") && !directory.has(".3.snapshot"));
}
