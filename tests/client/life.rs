//! The thread: started by `connect`, held, ended; callbacks and channels.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tidegate::Engine;
use tidegate::client::{Event, Life};
use tidegate::error::Code;

use crate::server::{Server, Stream};
use crate::{Told, connect, is_on, quick, until, until_version};

#[test]
fn close_ends_the_thread_and_the_engine_serves_on() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    let events = client.events();
    let (other, engine) = (client.clone(), client.engine().clone());
    client.close();
    client.close();
    assert_eq!(other.status().life, Life::Closed);
    assert_eq!(events.last().map(|_| ()), None, "the channel ends");
    assert!(engine.check("a", &engine.context().build()));
    assert!(other.wait_ready(Duration::ZERO).is_ok());
}

#[test]
fn nothing_arrives_once_close_has_returned() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    // One may be under way at each moment.
    for version in 2..5 {
        server.publish(version, &[("a", true)]);
        until_version(&client, version);
    }
    client.close();
    let all = server.state().requests.len();
    until("the stream is closed", || server.state().streams == 0);
    server.publish(5, &[("a", false)]);
    server.settle();
    let state = server.state();
    let later: Vec<&str> = state.requests.iter().skip(all).map(|request| &*request.path).collect();
    assert_eq!(later, ["/settled"]);
    assert!(state.most_reports_at_once == 1 && !state.reports.is_empty());
}

#[test]
fn close_waits_for_the_answer_to_a_report_that_is_under_way() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = Engine::connect(
        quick(&server.connection())
            .answer_timeout(Duration::from_secs(60))
            .flush_timeout(Duration::from_secs(60)),
    )
    .unwrap();
    until_version(&client, 1);
    assert!(is_on(&client, "a"));
    until("a report is answered", || !server.state().reports.is_empty());
    server.set(|state| state.holds_reports = true);
    let sent = || server.requests("/sdk/v1/report").len();
    until("a report is under way", || sent() > server.state().reports.len());
    std::thread::scope(|scope| {
        scope.spawn(|| client.close());
        until("the client is closing", || server.state().streams == 0);
        server.settle();
        assert_eq!(client.status().life, Life::Running);
        server.set(|state| state.holds_reports = false);
    });
    assert_eq!(client.status().life, Life::Closed);
    let state = server.state();
    // Answered each, one after the other, and the last one after it.
    assert_eq!(state.most_reports_at_once, 1);
    let sent = state.requests.iter().filter(|request| request.path == "/sdk/v1/report").count();
    assert_eq!(state.reports.len(), sent);
}

#[test]
fn close_sends_the_last_counts_however_long_it_may_wait() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = Engine::connect(quick(&server.connection()).flush_timeout(Duration::MAX)).unwrap();
    until_version(&client, 1);
    until("a report is answered", || !server.state().reports.is_empty());
    assert!(is_on(&client, "a"));
    client.close();
    assert_eq!((client.status().life, client.status().last_error.is_none()), (Life::Closed, true));
    let state = server.state();
    let exposures = state.reports.iter().filter_map(|report| report.exposures.as_ref());
    assert!(exposures.into_iter().any(|batch| !batch.counts.is_empty()), "{:?}", state.reports);
}

#[test]
fn close_gives_up_a_report_that_is_not_answered() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    server.set(|state| state.holds_reports = true);
    let client = connect(&server);
    until_version(&client, 1);
    until("a report is under way", || !server.requests("/sdk/v1/report").is_empty());
    client.close();
    assert_eq!(client.status().life, Life::Closed);
}

#[test]
fn waiting_for_a_closed_client_ends_at_once() {
    let server = Server::start();
    server.set(|state| state.stream = Stream::Held);
    let long = Duration::from_secs(3_600);
    let options = || quick(&server.connection()).network_first(long);
    let (closed, open) = (Engine::connect(options()).unwrap(), Engine::connect(options()).unwrap());
    closed.close();
    let error = closed.wait_ready(long).unwrap_err();
    assert_eq!(error.code(), Code::Closed);
    assert!(!error.to_string().contains("3600"), "{error}");
    // Who waits already is woken.
    let error = std::thread::scope(|scope| {
        let (ready, began) = std::sync::mpsc::channel();
        let other = open.clone();
        let waiter = scope.spawn(move || {
            ready.send(()).unwrap();
            other.wait_ready(long).unwrap_err()
        });
        began.recv().unwrap();
        open.close();
        waiter.join().unwrap()
    });
    assert_eq!(error.code(), Code::Closed);
    let error = Engine::connect(options()).unwrap().wait_ready(Duration::ZERO).unwrap_err();
    assert_eq!(error.code(), Code::NotReady);
}

#[test]
fn the_last_client_that_is_dropped_ends_the_thread() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    let events = client.events();
    let other = client.clone();
    drop(client);
    server.publish(2, &[("a", false)]);
    until_version(&other, 2);
    drop(other);
    // All senders are gone.
    assert!(events.count() >= 1);
}

#[test]
fn close_is_quick_whatever_the_server_does() {
    let silent = Server::start();
    silent.set(|state| state.stream = Stream::Held);
    let gone = Server::start().connection();
    for connection in [silent.connection(), gone] {
        let client = Engine::connect(quick(&connection)).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let began = Instant::now();
        client.close();
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}

#[test]
fn a_client_may_be_closed_and_dropped_by_its_own_callback() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    let engine = client.engine().clone();
    let events = client.events();
    let own = parking_lot::Mutex::new(Some(client.clone()));
    let subscription = client.on_event(move |event| {
        if matches!(event, Event::Changed { version: 2, .. })
            && let Some(client) = own.lock().take()
        {
            let _nothing = client.quiesce();
            client.close();
        }
    });
    drop(client);
    server.publish(2, &[("a", false)]);
    until("the change", || engine.version() == 2);
    assert!(events.count() >= 1, "the thread ended");
    drop(subscription);
}

#[test]
fn a_callback_that_panics_ends_nothing() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let told = Told::default();
    let options = quick(&server.connection()).on_event(|_| panic!("on purpose"));
    let client = Engine::connect(told.listen(options)).unwrap();
    until_version(&client, 1);
    let _listener = client.engine().on_update(|_| panic!("on purpose, by the engine"));
    for version in 2..5 {
        server.publish(version, &[("a", version % 2 == 0)]);
        until_version(&client, version);
        until("the events go on", || {
            told.has(|event| matches!(event, Event::Changed { version: v, .. } if *v == version))
        });
    }
    until("it is noted", || {
        client.status().last_error.is_some_and(|error| error.code() == Code::CallbackPanicked)
    });
    assert_eq!(server.requests("/sdk/v1/stream").len(), 1);
}

#[test]
fn a_dropped_subscription_is_called_no_more() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let subscription = client.on_event(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    server.publish(2, &[("a", false)]);
    until("a call", || calls.load(Ordering::Relaxed) > 0);
    drop(subscription);
    let before = calls.load(Ordering::Relaxed);
    let events = client.events();
    server.publish(3, &[("a", true)]);
    assert!(matches!(events.wait(Duration::from_secs(20)), Some(Event::Changed { version: 3, .. })));
    assert_eq!(calls.load(Ordering::Relaxed), before);
}

#[test]
fn a_quiet_thread_does_nothing_until_it_may() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    let quiet = client.quiesce();
    let reports = server.state().reports.len();
    server.publish(2, &[("a", false)]);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(client.engine().version(), 1);
    assert!(server.state().reports.len() <= reports + 1);
    assert!(is_on(&client, "a"), "checks go on");
    // Held twice, it goes on when both are released.
    let again = client.quiesce();
    drop(quiet);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(client.engine().version(), 1);
    drop(again);
    until_version(&client, 2);
    client.close();
    drop(client.quiesce());
}

#[test]
fn a_held_client_ends_when_it_is_closed() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    let quiet = client.quiesce();
    let again = client.quiesce();
    client.close();
    drop((quiet, again));
}
