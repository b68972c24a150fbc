//! What is served at a start, by where it came from.

use std::time::Duration;

use tidegate::Engine;
use tidegate::client::{ConnectOptions, Connected, Event, Life};
use tidegate::error::Code;
use tidegate::wire::Source;

use crate::server::{Body, Server, Stream, document};
use crate::{Directory, Told, connect, is_on, quick, until, until_version};

const LONG: Duration = Duration::from_secs(20);

/// A directory with version 1 of `checkout`, on.
fn stored(server: &Server) -> Directory {
    let directory = Directory::new();
    server.publish(1, &[("checkout", true)]);
    let client = Engine::connect(quick(&server.connection()).cache(&directory.0)).unwrap();
    until("a stored snapshot", || directory.has("1.snapshot"));
    client.close();
    directory
}

#[test]
fn the_first_document_comes_over_the_stream() {
    let server = Server::start();
    server.publish(1, &[("checkout", true), ("dark", false)]);
    let told = Told::default();
    let client = Engine::connect(told.listen(quick(&server.connection()))).unwrap();
    assert_eq!(client.wait_ready(LONG).unwrap(), Source::Stream);
    assert!(is_on(&client, "checkout") && !is_on(&client, "dark"));
    until("the stream to count", || client.status().connected == Connected::Stream);
    let status = client.status();
    assert_eq!((status.version, status.stale, status.life), (1, false, Life::Running));
    assert!(status.age.is_some() && status.last_error.is_none(), "{status:?}");
    assert!(told.has(|event| matches!(event, Event::Ready { source: Source::Stream, version: 1 })));
    assert!(told.has(|event| matches!(event, Event::Changed { version: 1, features, .. }
        if features.iter().map(AsRef::as_ref).eq(["checkout", "dark"]))));
    let request = &server.requests("/sdk/v1/stream")[0];
    assert_eq!(request.headers["authorization"], format!("Bearer {}", crate::server::SDK_KEY));
}

#[test]
fn without_server_and_cache_callers_get_their_defaults() {
    let connection = Server::start().connection();
    let client = Engine::connect(quick(&connection)).unwrap();
    let error = client.wait_ready(Duration::from_millis(300)).unwrap_err();
    assert_eq!(error.code(), Code::NotReady);
    let status = client.status();
    assert_eq!((status.source, status.version, status.connected), (Source::Defaults, 0, Connected::No));
    assert_eq!(status.last_error.unwrap().code(), Code::Unreachable);
    assert!(!is_on(&client, "checkout"));
}

#[test]
fn without_server_the_cache_is_served_and_the_server_later() {
    let server = Server::start();
    let directory = stored(&server);
    let (connection, address) = (server.connection(), server.url.replace("http://", ""));
    drop(server);
    let client = Engine::connect(quick(&connection).cache(&directory.0)).unwrap();
    assert_eq!(client.wait_ready(LONG).unwrap(), Source::Cache);
    assert!(is_on(&client, "checkout"));
    assert_eq!((client.status().version, client.status().age), (1, None));
    let server = Server::on(&address);
    server.publish(2, &[("checkout", false)]);
    until_version(&client, 2);
    assert_eq!(client.status().source, Source::Stream);
    assert!(!is_on(&client, "checkout"));
}

#[test]
fn a_silent_server_is_waited_for_and_then_the_cache_is_served() {
    let server = Server::start();
    let directory = stored(&server);
    server.set(|state| (state.stream, state.body) = (Stream::Held, Body::Silent));
    let client = Engine::connect(quick(&server.connection()).cache(&directory.0)).unwrap();
    assert_eq!(client.engine().version(), 0);
    assert_eq!(client.wait_ready(LONG).unwrap(), Source::Cache);
    server.set(|state| (state.stream, state.body) = (Stream::Works, Body::Works));
    until("the network to confirm it", || client.status().source != Source::Cache);
}

#[test]
fn what_is_stored_and_current_is_not_sent_again() {
    let server = Server::start();
    let directory = stored(&server);
    server.set(|state| state.requests.clear());
    let client = Engine::connect(quick(&server.connection()).cache(&directory.0)).unwrap();
    assert_eq!(client.wait_ready(LONG).unwrap(), Source::Stream);
    assert!(is_on(&client, "checkout"));
    assert_eq!(server.requests("/sdk/v1/stream")[0].headers["last-event-id"], "1");
    // Only a head came, and it was renewed by nobody: no proof that it is not a replay.
    assert_eq!(client.status().age, None);
    server.beat();
    until("proof", || client.status().age.is_some());
    assert_eq!(server.requests("/sdk/v1/snapshot").len(), 0);
}

#[test]
fn a_delta_may_lead_on_from_what_is_stored() {
    let server = Server::start();
    let directory = stored(&server);
    server.publish(2, &[("checkout", true), ("new", true)]);
    let told = Told::default();
    let client = Engine::connect(told.listen(quick(&server.connection()).cache(&directory.0))).unwrap();
    client.wait_ready(LONG).unwrap();
    until_version(&client, 2);
    assert!(is_on(&client, "checkout") && is_on(&client, "new"));
    assert!(!told.has(|event| matches!(event, Event::Changed { version: 1, .. })), "the old was never shown");
    assert_eq!(server.requests("/sdk/v1/snapshot").len(), 0);
    until("the new snapshot", || directory.has("2.snapshot"));
}

#[test]
fn without_server_and_cache_the_bundled_file_is_served() {
    let connection = Server::start().connection();
    let directory = Directory::new();
    std::fs::create_dir_all(&directory.0).unwrap();
    let bundled = directory.0.join("bundled.json");
    std::fs::write(&bundled, document(9, &[("checkout", true)])).unwrap();
    let client = Engine::connect(quick(&connection).bundled(&bundled)).unwrap();
    assert_eq!(client.wait_ready(LONG).unwrap(), Source::Bundled);
    assert!(is_on(&client, "checkout"));

    let told = Told::default();
    let missing = told.listen(quick(&connection).bundled(directory.0.join("no.json")));
    let _client = Engine::connect(missing).unwrap();
    told.until_error(Code::FileUnreadable);
}

#[test]
fn bootstrap_bytes_are_served_from_the_first_moment_until_something_newer_comes() {
    let server = Server::start();
    server.publish(5, &[("checkout", false)]);
    let options = quick(&server.connection()).bootstrap(document(2, &[("checkout", true)]));
    let client = Engine::connect(options).unwrap();
    assert!(client.engine().version() >= 2);
    client.wait_ready(Duration::ZERO).unwrap();
    until_version(&client, 5);
    assert!(!is_on(&client, "checkout"));

    let told = Told::default();
    let client = Engine::connect(told.listen(quick(&server.connection()).bootstrap("{"))).unwrap();
    assert!(told.has_error(Code::NotJson), "told before connect returned");
    until_version(&client, 5);
}

#[test]
fn the_environment_is_that_of_the_connection() {
    let server = Server::start();
    let error = Engine::connect(quick(&server.connection()).process("environment", "dev")).unwrap_err();
    assert_eq!(error.code(), Code::BadConnectOption);
    assert!(error.to_string().contains("prod") && error.to_string().contains("dev"), "{error}");
    let options = quick(&server.connection())
        .engine(|| Engine::builder().counters(true).process("region", "us").process("zone", "a"))
        .process("region", "eu");
    let client = Engine::connect(options).unwrap();
    server.publish(1, &[("checkout", true)]);
    until("a report", || !server.state().reports.is_empty());
    let process = server.state().reports[0].process.clone();
    let texts: Vec<(&str, &str)> =
        process.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
    assert_eq!(texts, [("environment", "prod"), ("region", "eu"), ("zone", "a")]);
    drop(client);
}

#[test]
fn options_that_cannot_be_used_are_refused_at_once() {
    let connection = Server::start().connection();
    let pem = "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----";
    for bad in [
        quick(&connection).root_certificate("no certificate"),
        quick(&connection).root_certificate(pem),
        quick(&connection).proxy(tidegate::client::Proxy::Url("::secret".into())),
    ] {
        let error = Engine::connect(bad).unwrap_err();
        assert_eq!(error.code(), Code::BadConnectOption);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(ConnectOptions::from_connection("http://x").unwrap_err().code(), Code::BadConnection);
}

#[test]
fn two_clients_of_one_process_are_two_instances() {
    let server = Server::start();
    server.publish(1, &[("checkout", true)]);
    let (one, other) = (connect(&server), connect(&server));
    assert_ne!(one.status().instance, other.status().instance);
    until_version(&one, 1);
    until_version(&other, 1);
}
