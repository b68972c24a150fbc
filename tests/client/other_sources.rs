//! Static hosting, and a file.

use std::time::Duration;

use tidegate::Engine;
use tidegate::client::{ConnectOptions, Connected, Event};
use tidegate::error::Code;
use tidegate::wire::{SigningKey, Source};

use crate::server::{Body, Server, document};
use crate::{Directory, Told, is_on, quick, until, until_version};

#[test]
fn static_hosting_is_polled_by_its_head() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let directory = Directory::new();
    let client = Engine::connect(quick(&server.static_connection()).cache(&directory.0)).unwrap();
    assert_eq!(client.wait_ready(Duration::from_secs(20)).unwrap(), Source::Poll);
    until("heads", || server.requests("/files/head").len() > 4);
    assert_eq!(server.requests("/files/snapshot.json").len(), 1, "only when the head is another");
    assert_eq!(client.status().connected, Connected::Poll);
    assert!(!server.requests("/files/head")[0].headers.contains_key("authorization"));

    let old = SigningKey::from_seed(&[7; 32]).unwrap();
    let new = SigningKey::from_seed(&[8; 32]).unwrap();
    server.set(|state| {
        state.endorsements.push(old.endorse(&new.public(), 5).into_string());
        state.key = new;
    });
    server.publish(2, &[("a", false)]);
    until_version(&client, 2);
    assert!(!is_on(&client, "a"));
    assert!(server.state().reports.is_empty(), "nobody to report to");
    client.close();
    server.set(|state| state.requests.clear());
    let client = Engine::connect(quick(&server.static_connection()).cache(&directory.0)).unwrap();
    until_version(&client, 2);
    assert_eq!(server.requests("/files/snapshot.json").len(), 0, "it was stored");
}

#[test]
fn static_hosting_that_is_half_written_is_asked_again() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let told = Told::default();
    let client = Engine::connect(told.listen(quick(&server.static_connection()))).unwrap();
    until_version(&client, 1);
    server.set(|state| state.body = Body::Flipped);
    server.publish(2, &[("a", false)]);
    told.until_error(Code::OtherHash);
    server.set(|state| state.body = Body::Works);
    until_version(&client, 2);
}

#[test]
fn a_file_is_watched() {
    let directory = Directory::new();
    std::fs::create_dir_all(&directory.0).unwrap();
    let path = directory.0.join("snapshot.json");
    let told = Told::default();
    let options = ConnectOptions::from_file(&path)
        .process("environment", "prod")
        .watch_interval(Duration::from_millis(10))
        .bootstrap(document(1, &[("a", false)]));
    let client = Engine::connect(told.listen(options)).unwrap();
    told.until_error(Code::FileUnreadable);
    std::fs::write(&path, document(2, &[("a", true)])).unwrap();
    until_version(&client, 2);
    assert_eq!(client.status().source, Source::File);
    // Half a file, as an editor writes it; then the whole.
    std::fs::write(&path, "{\"schema_version\": 1,").unwrap();
    told.until_error(Code::NotJson);
    assert!(is_on(&client, "a"));
    std::fs::write(&path, document(3, &[("a", false)])).unwrap();
    until_version(&client, 3);
    // Replaced by a rename, of the same length.
    let other = directory.0.join("other.json");
    std::fs::write(&other, document(4, &[("a", false)])).unwrap();
    std::fs::rename(&other, &path).unwrap();
    until_version(&client, 4);
    // An older one is refused.
    std::fs::write(&path, document(3, &[("a", true)])).unwrap();
    told.until_error(Code::OlderVersion);
    assert!(!told.has(|event| matches!(event, Event::Stale { .. })) && !client.status().stale);
}
