//! Two hundred SDKs that lose their server at once.

use std::thread;
use std::time::{Duration, Instant};

use tidegate::Engine;
use tidegate::client::{Client, ConnectOptions, Connected};

use crate::server::Server;
use crate::{Fault, Proxy, until};

const CROWD: usize = 200;

#[test]
fn two_hundred_sdks_that_reconnect_at_once_come_back_apart() {
    let server = Server::start();
    let connection = server.gate("a");
    let proxy = Proxy::before(&server.url);
    let connection = proxy.instead_of(&server.url, &connection);
    let clients: Vec<Client> = (0..CROWD)
        .map(|_| Engine::connect(ConnectOptions::from_connection(&connection).unwrap()).unwrap())
        .collect();
    let connected = |clients: &[Client]| {
        clients.iter().filter(|client| client.status().connected == Connected::Stream).count()
    };
    until("all are connected", || connected(&clients) == CROWD);

    // All streams break at once. Who tries to come back, and when, is seen at the door.
    let before = proxy.connections();
    let begin = Instant::now();
    proxy.set(Fault::None);
    let mut arrivals = Vec::new();
    while connected(&clients) < CROWD || arrivals.is_empty() {
        arrivals.push((begin.elapsed(), proxy.connections() - before));
        assert!(begin.elapsed() < crate::PATIENCE, "{} of {CROWD} are back", connected(&clients));
        thread::sleep(Duration::from_millis(5));
        if arrivals.len() > 20 && connected(&clients) == CROWD {
            break;
        }
    }
    let tenth = Duration::from_millis(100);
    let most = arrivals
        .iter()
        .map(|(at, count)| {
            let earlier =
                arrivals.iter().rev().find(|(other, _)| *other + tenth <= *at).map_or(0, |(_, count)| *count);
            count - earlier
        })
        .max()
        .unwrap_or(0);
    // At once would be all 200 within one tenth of a second; spread evenly over the first span of the backoff, a half.
    assert!(most <= CROWD * 7 / 10, "{most} connections within a tenth of a second: {arrivals:?}");
    // And everybody has what comes next.
    server.turn("a", true);
    let on = |client: &Client| {
        let engine = client.engine();
        engine.check("a", &engine.context().build())
    };
    until("everybody has the change", || clients.iter().all(on));
}
