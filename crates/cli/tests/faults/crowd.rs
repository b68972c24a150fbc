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

    // All streams break at once. Who comes back, and when, is seen at the door.
    proxy.set(Fault::None);
    until("all are back", || proxy.streams().len() >= CROWD && connected(&clients) == CROWD);
    let arrivals = proxy.streams();
    let within = |from: &Instant| {
        arrivals.iter().filter(|at| (*from..*from + Duration::from_millis(100)).contains(at)).count()
    };
    let most = arrivals.iter().map(within).max().unwrap_or(0);
    // Without jitter all 200 come within one tenth of a second; with it, some 25. A busy machine may bunch some.
    assert!(most <= CROWD / 2, "{most} within a tenth of a second: {arrivals:?}");
    // And everybody has what comes next.
    server.turn("a", true);
    let on = |client: &Client| {
        let engine = client.engine();
        engine.check("a", &engine.context().build())
    };
    until("everybody has the change", || clients.iter().all(on));
    // Each waits for its last report.
    let ends: Vec<_> = clients.into_iter().map(|client| thread::spawn(move || client.close())).collect();
    assert!(ends.into_iter().all(|end| end.join().is_ok()));
}
