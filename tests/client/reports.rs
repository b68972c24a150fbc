//! What the server is told.

use std::time::Duration;

use tidegate::Engine;
use tidegate::wire::Source;

use crate::server::Server;
use crate::{connect, is_on, quick, until, until_version};

#[test]
fn what_is_applied_is_reported_at_once() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let options =
        quick(&server.connection()).report_interval(Duration::from_secs(3_600)).sdk("test", "1.2.3");
    let client = Engine::connect(options).unwrap();
    for version in 1..4 {
        server.publish(version, &[("a", version % 2 == 0)]);
        until("the ack", || server.state().reports.last().is_some_and(|report| report.version == version));
    }
    let reports = server.state().reports.clone();
    let first = &reports[0];
    assert_eq!(first.instance, client.status().instance);
    assert_eq!((&*first.sdk.name, &*first.sdk.version, first.interval_s), ("test", "1.2.3", 3_600));
    assert!(first.operators.as_ref().unwrap().iter().any(|name| name == "in_cidr"));
    assert_eq!(reports[1].operators, None, "nobody asked again");
    let last = reports.last().unwrap();
    assert_eq!((last.source, last.stale, last.nack.is_none()), (Source::Stream, false, true));
    assert!(last.lag_ms.is_some_and(|lag| lag < 10_000));
}

#[test]
fn counts_are_sent_again_unchanged_until_they_are_stored() {
    let server = Server::start();
    server.set(|state| state.stores_exposures = false);
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    for _ in 0..10 {
        assert!(is_on(&client, "a"));
    }
    let batches = || {
        let state = server.state();
        state.reports.iter().filter_map(|report| report.exposures.clone()).collect::<Vec<_>>()
    };
    until("a batch, three times", || batches().len() >= 3);
    for _ in 0..5 {
        assert!(is_on(&client, "a"));
    }
    let before = batches().len();
    until("and again", || batches().len() > before);
    let first = batches().remove(0);
    assert!(batches().iter().all(|batch| *batch == first), "unchanged");
    // The server is away for a while: nothing is lost.
    server.set(|state| state.answers_reports = false);
    std::thread::sleep(Duration::from_millis(100));
    assert!(is_on(&client, "a"));
    server.set(|state| (state.answers_reports, state.stores_exposures) = (true, true));
    let total = || {
        let mut by_number = std::collections::BTreeMap::new();
        for batch in batches() {
            let sum: u64 = batch.counts.iter().map(|count| count.count).sum();
            by_number.insert(batch.batch, (sum, batch.lost));
        }
        by_number.values().fold((0, 0), |(sum, lost), (one, given_up)| (sum + one, lost + given_up))
    };
    until("all counts", || total() == (16, 0));
    assert!(batches().iter().any(|batch| batch.batch == 2));
}

#[test]
fn close_sends_the_last_counts() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let options = quick(&server.connection()).report_interval(Duration::from_secs(3_600));
    let client = Engine::connect(options).unwrap();
    until("the ack", || !server.state().reports.is_empty());
    for _ in 0..7 {
        assert!(is_on(&client, "a"));
    }
    client.close();
    let reports = server.state().reports.clone();
    let counts = &reports.last().unwrap().exposures.as_ref().unwrap().counts;
    assert_eq!((counts.len(), counts[0].count, counts[0].variant.as_deref()), (1, 7, Some("on")));
}

#[test]
fn a_version_that_is_applied_late_is_never_reported_early() {
    let server = Server::start();
    server.publish(1, &[("a", true)]);
    let client = connect(&server);
    until_version(&client, 1);
    let quiet = client.quiesce();
    server.publish(2, &[("a", false)]);
    std::thread::sleep(Duration::from_millis(100));
    assert!(server.state().reports.iter().all(|report| report.version <= 1));
    drop(quiet);
    until("the ack", || server.state().reports.last().is_some_and(|report| report.version == 2));
}
