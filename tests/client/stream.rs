//! Streams, and polls where streams fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidegate::Engine;
use tidegate::client::{Connected, Event, Proxy, Streaming};
use tidegate::wire::Source;

use crate::server::{Server, Stream};
use crate::{Told, connect, is_on, quick, until, until_version};

#[test]
fn a_change_comes_as_a_delta_and_is_told() {
    let server = Server::start();
    server.publish(1, &[("a", true), ("b", true)]);
    let told = Told::default();
    let client = Engine::connect(told.listen(quick(&server.connection()))).unwrap();
    until_version(&client, 1);
    for version in 2..20 {
        server.publish(version, &[("a", version % 2 == 0), ("b", true)]);
        until_version(&client, version);
        assert_eq!(is_on(&client, "a"), version % 2 == 0);
    }
    until("the events", || {
        told.has(|event| {
            matches!(event, Event::Changed { version: 19, features, .. }
            if features.iter().map(AsRef::as_ref).eq(["a"]))
        })
    });
    assert_eq!(server.requests("/sdk/v1/snapshot").len(), 0);
    assert_eq!(server.requests("/sdk/v1/stream").len(), 1);
    assert!(client.status().last_error.is_none());
}

#[test]
fn a_delta_that_does_not_fit_is_made_good_by_the_whole() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    server.set(|state| state.delta_flipped = true);
    server.publish(2, &[("a", false)]);
    until_version(&client, 2);
    assert!(!is_on(&client, "a"));
    assert_eq!(client.status().connected, Connected::Stream);
    assert_eq!(server.requests("/sdk/v1/snapshot").len(), 1);
}

#[test]
fn a_stream_of_gzip_members_is_read_as_it_comes() {
    let server = Server::start();
    server.set(|state| state.gzip = true);
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    for version in 2..6 {
        until_version(&client, version - 1);
        server.publish(version, &[("a", version % 2 == 0)]);
    }
    until_version(&client, 5);
    let requests = server.requests("/sdk/v1/stream");
    assert_eq!(requests.len(), 1, "one stream, nothing made it break");
    assert!(requests[0].headers["accept-encoding"].contains("gzip"));
    let polling = Engine::connect(quick(&server.connection()).streaming(Streaming::Off)).unwrap();
    until_version(&polling, 5);
}

#[test]
fn ninety_seconds_without_proof_are_stale_and_a_renewed_head_is_fresh() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let (told, seconds) = (Told::default(), Arc::new(AtomicU64::new(0)));
    let clock = Arc::clone(&seconds);
    let options =
        quick(&server.connection()).uptime(move || Duration::from_secs(clock.load(Ordering::Relaxed)));
    let client = Engine::connect(told.listen(options)).unwrap();
    until_version(&client, 1);
    until("proof", || client.status().age == Some(Duration::ZERO));
    seconds.store(89, Ordering::Relaxed);
    assert!(!client.status().stale);
    seconds.store(91, Ordering::Relaxed);
    assert_eq!((client.status().stale, client.status().age), (true, Some(Duration::from_secs(91))));
    until("the event", || told.has(|event| matches!(event, Event::Stale { age: Some(_) })));
    until("the report", || server.state().reports.last().is_some_and(|report| report.stale));
    assert!(is_on(&client, "a"), "serving goes on");
    server.beat();
    until("fresh", || told.has(|event| matches!(event, Event::Fresh)));
    assert!(!client.status().stale);
    until("the report", || server.state().reports.last().is_some_and(|report| !report.stale));
}

#[test]
fn a_stream_that_stalls_without_closing_is_left() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    // The server has nothing to say, and sends no heartbeat.
    until("another stream", || server.requests("/sdk/v1/stream").len() > 1);
    assert_eq!(client.status().last_error.unwrap().code().as_str(), "TG6104");
    server.publish(2, &[("a", false)]);
    until_version(&client, 2);
}

#[test]
fn a_stream_that_breaks_is_taken_up_where_it_was() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    server.cut();
    until("another stream", || server.requests("/sdk/v1/stream").len() > 1);
    assert_eq!(server.requests("/sdk/v1/stream")[1].headers["last-event-id"], "1");
    server.publish(2, &[("a", false)]);
    until_version(&client, 2);
    assert_eq!(server.requests("/sdk/v1/snapshot").len(), 0);
}

#[test]
fn streams_that_are_held_back_are_replaced_by_polls_and_taken_up_again() {
    for mode in [Stream::Held, Stream::Reset, Stream::Status(502)] {
        let server = Server::start();
        server.set(|state| state.stream = mode.clone());
        server.publish(1, &[("a", true)]);
        let client = connect(&server);
        assert_eq!(client.wait_ready(Duration::from_secs(20)).unwrap(), Source::Poll, "{mode:?}");
        until("a poll to count", || client.status().connected == Connected::Poll);
        server.publish(2, &[("a", false)]);
        until_version(&client, 2);
        until("polls without a body", || server.requests("/sdk/v1/snapshot").len() > 4);
        assert!(server.requests("/sdk/v1/snapshot")[3].headers.contains_key("if-none-match"));
        server.beat();
        until("proof by a 304", || client.status().age.is_some_and(|age| age < Duration::from_millis(200)));
        server.set(|state| state.stream = Stream::Works);
        until("a stream again", || client.status().connected == Connected::Stream);
        let polls = server.requests("/sdk/v1/snapshot").len();
        server.publish(3, &[("a", true)]);
        until_version(&client, 3);
        assert_eq!(client.status().source, Source::Stream);
        assert!(server.requests("/sdk/v1/snapshot").len() <= polls + 1, "polls end");
    }
}

#[test]
fn without_streaming_it_only_polls() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = Engine::connect(quick(&server.connection()).streaming(Streaming::Off)).unwrap();
    until_version(&client, 1);
    server.publish(2, &[("a", false)]);
    until_version(&client, 2);
    assert_eq!(server.requests("/sdk/v1/stream").len(), 0);
    assert_eq!(client.status().source, Source::Poll);
}

#[test]
fn requests_go_through_the_proxy_that_is_named() {
    let proxy = Server::start();
    proxy.publish(1, &[("a", true)]);
    let connection = proxy.connection().replace(proxy.url.trim_start_matches("http://"), "flags.invalid");
    let client = Engine::connect(quick(&connection).proxy(Proxy::Url(proxy.url.clone()))).unwrap();
    until_version(&client, 1);
    assert_eq!(proxy.requests("/sdk/v1/stream")[0].headers["host"], "flags.invalid");
}

#[test]
fn two_hundred_clients_that_lose_their_server_come_back_apart() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let (connection, address) = (server.connection(), server.url.replace("http://", ""));
    let clients: Vec<_> = (0..200)
        .map(|seed| {
            Engine::connect(quick(&connection).seed(seed).read_stall(Duration::from_secs(60))).unwrap()
        })
        .collect();
    for client in &clients {
        until_version(client, 1);
    }
    drop(server);
    let server = Server::on(&address);
    let began = std::time::Instant::now();
    server.publish(2, &[("a", false)]);
    for client in &clients {
        until_version(client, 2);
    }
    // Had all come at once, they would all have it at once.
    assert!(began.elapsed() > Duration::from_millis(300), "{:?}", began.elapsed());
    assert!(server.requests("/sdk/v1/stream").len() <= 2 * clients.len(), "few tries each");
}
