//! What is wrong is refused, told and reported; what is served stays.

use std::time::Duration;

use tidegate::Engine;
use tidegate::client::{Event, Streaming};
use tidegate::error::Code;
use tidegate::wire::{SigningKey, Source};

use crate::server::{Body, SDK_KEY, Server, Stream, document};
use crate::{Directory, Told, connect, is_on, quick, until, until_version};

/// A client at version 1, with `a` on.
fn at_one(server: &Server) -> (tidegate::client::Client, Told) {
    server.publish(1, &[("a", true)]);
    let told = Told::default();
    let client = Engine::connect(told.listen(quick(&server.connection()))).unwrap();
    until_version(&client, 1);
    (client, told)
}

fn nacked(server: &Server, version: u64, code: &str) -> bool {
    server.state().reports.iter().any(|report| {
        report.nack.as_ref().is_some_and(|nack| (nack.version, nack.code.as_str()) == (version, code))
    })
}

#[test]
fn a_flipped_byte_in_the_document_is_refused_until_it_comes_whole() {
    let server = Server::start();
    let (client, told) = at_one(&server);
    server.set(|state| (state.body, state.delta_flipped) = (Body::Flipped, true));
    server.publish(2, &[("a", false)]);
    told.until_error(Code::OtherHash);
    until("the nack", || nacked(&server, 2, "TG6016"));
    assert_eq!(client.engine().version(), 1);
    assert!(is_on(&client, "a"));
    server.set(|state| (state.body, state.delta_flipped) = (Body::Works, false));
    server.beat();
    until_version(&client, 2);
    until("no nack any more", || {
        server.state().reports.last().is_some_and(|report| report.version == 2 && report.nack.is_none())
    });
}

#[test]
fn a_flipped_byte_in_the_signature_is_refused() {
    let server = Server::start();
    let (client, told) = at_one(&server);
    server.set(|state| state.token_flipped = true);
    server.publish(2, &[("a", false)]);
    told.until_error(Code::BadSignature);
    until("the nack", || nacked(&server, 2, "TG6014"));
    assert_eq!(client.engine().version(), 1);
    server.set(|state| state.token_flipped = false);
    server.publish(3, &[("a", false)]);
    until_version(&client, 3);
}

#[test]
fn a_version_that_nothing_proves_is_nacked_only_until_something_verifies() {
    let server = Server::start();
    let (client, told) = at_one(&server);
    // A number that no version ever reaches: were it kept, the nack would hold phases for ever.
    server.set(|state| state.token_flipped = true);
    server.publish(1 << 60, &[("a", false)]);
    told.until_error(Code::BadSignature);
    until("the nack", || nacked(&server, 1 << 60, "TG6014"));
    server.set(|state| (state.token_flipped, state.current) = (false, 1));
    server.beat();
    until("no nack any more", || {
        server.state().reports.last().is_some_and(|report| report.version == 1 && report.nack.is_none())
    });
    assert!(is_on(&client, "a"));
}

#[test]
fn half_a_response_is_nothing() {
    for streaming in [Streaming::On, Streaming::Off] {
        let server = Server::start();
        server.publish(1, &[("a", true)]);
        server.set(|state| state.body = Body::Half);
        let told = Told::default();
        let client = Engine::connect(told.listen(quick(&server.connection()).streaming(streaming))).unwrap();
        told.until_error(Code::BadAnswer);
        assert_eq!(client.engine().version(), 0);
        server.set(|state| state.body = Body::Works);
        until_version(&client, 1);
    }
}

#[test]
fn an_old_version_that_is_replayed_is_refused_also_after_a_restart() {
    let server = Server::start();
    let directory = Directory::new();
    server.publish(1, &[("a", true)]);
    let client = Engine::connect(quick(&server.connection()).cache(&directory.0)).unwrap();
    until_version(&client, 1);
    server.publish(2, &[("a", false)]);
    until_version(&client, 2);
    until("it is stored", || directory.has("-2.delta"));
    server.set(|state| state.current = 1);
    until("the nack", || nacked(&server, 1, "TG6105"));
    assert_eq!(client.engine().version(), 2);
    client.close();

    // Even without the document: a head that verifies is enough to know.
    let delta = directory.files().into_iter().find(|path| path.to_string_lossy().contains("delta")).unwrap();
    let token = std::fs::read_to_string(&delta).unwrap().lines().next().unwrap().to_owned();
    std::fs::write(&delta, format!("{token}\n{{")).unwrap();
    let told = Told::default();
    let options = quick(&server.connection()).cache(&directory.0).streaming(Streaming::Off);
    let client = Engine::connect(told.listen(options)).unwrap();
    told.until_error(Code::CacheDamaged);
    told.until_error(Code::BelowFloor);
    assert!(!told.has(|event| matches!(event, Event::Ready { source: Source::Poll, .. })));
    server.publish(3, &[("a", true)]);
    until_version(&client, 3);
}

#[test]
fn a_document_of_another_environment_is_nacked() {
    let server = Server::start();
    let (client, told) = at_one(&server);
    // The head is of another environment …
    server.set(|state| state.environment = "dev".into());
    server.publish(2, &[("a", false)]);
    told.until_error(Code::OtherHead);
    until("the nack", || nacked(&server, 2, "TG6015"));
    // … and only the document is.
    server.set(|state| state.environment = "prod".into());
    let text = String::from_utf8(document(3, &[("a", false)])).unwrap();
    server.publish_bytes(3, text.replace("\"prod\"", "\"dev\"").into_bytes());
    told.until_error(Code::OtherEnvironment);
    until("the nack", || nacked(&server, 3, "TG1008"));
    assert_eq!(client.engine().version(), 1);
}

#[test]
fn a_document_that_is_refused_is_nacked_once_and_not_loaded_again_and_again() {
    let server = Server::start();
    let (client, told) = at_one(&server);
    server.publish_bytes(2, br#"{"schema_version": 99, "version": 2}"#.to_vec());
    told.until_error(Code::SchemaVersion);
    until("the nack", || nacked(&server, 2, "TG1007"));
    assert_eq!(client.status().last_error.unwrap().code(), Code::SchemaVersion);
    for _ in 0..5 {
        server.beat();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(told.count(|event| matches!(event, Event::Error(_))), 1);
    let nack = server.state().reports.last().unwrap().nack.clone().unwrap();
    assert_eq!((nack.version, nack.pointer.as_deref()), (2, Some("/schema_version")));
    server.publish(3, &[("a", false)]);
    until_version(&client, 3);
}

#[test]
fn an_invalid_definition_is_isolated_and_reported() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    let text = String::from_utf8(document(2, &[("a", true), ("b", true)])).unwrap();
    let text = text.replacen("\"variant\":\"on\"", "\"variant\":\"nope\"", 1);
    server.publish_bytes(2, text.into_bytes());
    until_version(&client, 2);
    until("the report", || {
        server.state().reports.iter().any(|report| {
            report.isolated.iter().any(|isolated| (&*isolated.feature, &*isolated.code) == ("a", "TG2003"))
        })
    });
    // It is reported on while nothing is said about it any more.
    server.publish(3, &[("c", true)]);
    until_version(&client, 3);
    until("no longer", || server.state().reports.last().is_some_and(|report| report.isolated.is_empty()));
    assert!(is_on(&client, "c"));
}

#[test]
fn a_server_that_answers_badly_is_asked_again_later() {
    for (status, headers) in [(401, ""), (404, ""), (500, ""), (503, "retry-after: 0\r\n")] {
        let server = Server::start();
        server.publish(1, &[("a", true)]);
        server.set(|state| {
            (state.stream, state.body) = (Stream::Status(status), Body::Status(status, headers));
        });
        let told = Told::default();
        let client = Engine::connect(told.listen(quick(&server.connection()))).unwrap();
        told.until_error(Code::BadStatus);
        let error = client.status().last_error.unwrap().to_string();
        assert!(error.contains(&status.to_string()), "{error}");
        assert!(!error.contains(SDK_KEY));
        until("polls as well", || server.requests("/sdk/v1/snapshot").len() > 1);
        server.set(|state| (state.stream, state.body) = (Stream::Works, Body::Works));
        until_version(&client, 1);
    }
}

#[test]
fn a_server_that_asks_to_wait_is_left_alone() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    server.set(|state| {
        (state.stream, state.body) = (Stream::Held, Body::Status(429, "retry-after: 600\r\n"));
    });
    let told = Told::default();
    let options = told.listen(quick(&server.connection()).streaming(Streaming::Off));
    let _client = Engine::connect(options).unwrap();
    told.until_error(Code::BadStatus);
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(server.requests("/sdk/v1/snapshot").len(), 1);
}

#[test]
fn redirects_are_followed_a_few_times_and_never_to_another_host() {
    // To itself, for ever.
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    server.set(|state| state.body = Body::Redirect("/sdk/v1/snapshot".into()));
    let told = Told::default();
    let options = told.listen(quick(&server.connection()).streaming(Streaming::Off));
    let _client = Engine::connect(options).unwrap();
    until("an error", || told.has(|event| matches!(event, Event::Error(_))));
    let asked = server.requests("/sdk/v1/snapshot").len();
    assert!((2..40).contains(&asked), "{asked}");

    // To another host: nothing is asked there, with or without the key.
    let (server, other) = (Server::start(), Server::start());
    server.publish(1, &[("a", true)]);
    other.publish(1, &[("a", true)]);
    let elsewhere = other.url.replace("127.0.0.1", "localhost");
    server.set(|state| state.body = Body::Redirect(format!("{elsewhere}/sdk/v1/snapshot")));
    let told = Told::default();
    let options = told.listen(quick(&server.connection()).streaming(Streaming::Off));
    let client = Engine::connect(options).unwrap();
    told.until_error(Code::BadStatus);
    assert!(client.status().last_error.unwrap().to_string().contains("another host"));
    assert!(other.state().requests.is_empty());
}

#[test]
fn a_rotated_key_is_trusted_if_the_old_one_endorses_it() {
    let old = SigningKey::from_seed(&[7; 32]).unwrap();
    let new = SigningKey::from_seed(&[8; 32]).unwrap();
    // Told on the stream, or asked for when the first token of the new key comes.
    for tells_keys in [true, false] {
        let server = Server::start();
        let directory = Directory::new();
        server.publish(1, &[("a", true)]);
        let client = Engine::connect(quick(&server.connection()).cache(&directory.0)).unwrap();
        until_version(&client, 1);
        server.set(|state| {
            state.tells_keys = tells_keys;
            state.endorsements.push(old.endorse(&new.public(), 5).into_string());
            state.key = new.clone();
        });
        server.publish(2, &[("a", false)]);
        until_version(&client, 2);
        assert!(client.status().last_error.is_none());
        until("the keys are stored", || directory.has(".keys"));
        until("the document is stored", || directory.has("-2.delta"));
        let (connection, url) = (server.connection(), server.url.clone());
        client.close();
        drop(server);
        // A restart without a server: what the new key signed is still trusted.
        let client = Engine::connect(quick(&connection).cache(&directory.0)).unwrap();
        assert_eq!(client.wait_ready(Duration::from_secs(20)).unwrap(), Source::Cache, "{url}");
        assert_eq!(client.engine().version(), 2);
    }
}

#[test]
fn a_key_that_nobody_endorsed_is_not_trusted() {
    let server = Server::start();
    let (client, told) = at_one(&server);
    let stranger = SigningKey::from_seed(&[9; 32]).unwrap();
    server.set(|state| {
        state.endorsements.push(stranger.endorse(&stranger.public(), 5).into_string());
        state.key = stranger;
    });
    server.publish(2, &[("a", false)]);
    told.until_error(Code::UntrustedKey);
    until("the nack", || nacked(&server, 2, "TG6013"));
    assert_eq!(client.engine().version(), 1);
}

#[test]
fn what_is_not_signed_is_taken_only_if_asked_for() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let text = server.connection();
    let (before, _) = text.split_once("&key=").unwrap();
    let stranger = SigningKey::from_seed(&[9; 32]).unwrap().public();
    let told = Told::default();
    let pinned = Engine::connect(told.listen(quick(&format!("{before}&key={stranger}")))).unwrap();
    told.until_error(Code::UntrustedKey);
    assert_eq!(pinned.engine().version(), 0);
    let unsigned = Engine::connect(quick(&format!("{before}&key=none"))).unwrap();
    until_version(&unsigned, 1);
}
