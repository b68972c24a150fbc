//! A service that links the engine: polls the snapshot, takes requests, counts errors, shows metrics.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use parking_lot::{Condvar, Mutex};
use tidegate::Engine;

use crate::FEATURE;
use crate::http::Connection;
use crate::server::Fails;

/// The service looks for a new snapshot, and serves so many requests, this often.
const BEAT: Duration = Duration::from_millis(200);
const REQUESTS: u64 = 400;
const USERS: u64 = 10_000;

/// The service.
pub(crate) struct Service {
    engine: Engine,
    counts: Mutex<Counts>,
    beat: Condvar,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Default)]
struct Counts {
    beats: u64,
    requests: u64,
    candidates: u64,
    errors: u64,
    /// Of the last beat: candidates and errors, as shares of its requests.
    shares: (f64, f64),
}

impl Service {
    /// Starts it; it runs until the program ends.
    pub(crate) fn start(url: &str, token: &str) -> Fails<Arc<Self>> {
        let service = Arc::new(Self {
            engine: Engine::builder().process("environment", "production").build(),
            counts: Mutex::default(),
            beat: Condvar::new(),
        });
        let mut server = Connection::open(url, token)?;
        let running = Arc::clone(&service);
        running.poll(&mut server)?;
        thread::spawn(move || {
            // When the server is gone, so is the demo; what was loaded last is served until then.
            loop {
                let _ = running.poll(&mut server);
                running.serve();
                thread::sleep(BEAT);
            }
        });
        Ok(service)
    }

    /// The shares of the last beat: who got the candidate, what failed.
    pub(crate) fn shares(&self) -> (f64, f64) {
        self.counts.lock().shares
    }

    /// Waits for two beats: the second one's snapshot and requests are both later than the call.
    pub(crate) fn next(&self) {
        let mut counts = self.counts.lock();
        let until = counts.beats + 2;
        while counts.beats < until {
            self.beat.wait(&mut counts);
        }
    }

    fn poll(&self, server: &mut Connection) -> Fails<()> {
        let answer = server.send("GET", "/api/v1/snapshots/production", None)?;
        if answer.status != 200 {
            return Err(format!("the snapshot: {}", answer.status).into());
        }
        self.engine.load(&answer.body).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn serve(&self) {
        let gate = self.engine.gate(FEATURE);
        let mut reader = self.engine.reader();
        let mut counts = self.counts.lock();
        let before = *counts;
        for _ in 0..REQUESTS {
            let user = format!("user-{}", counts.requests % USERS);
            counts.requests += 1;
            let context = self.engine.context().with("user_id", user.as_str()).build();
            if reader.check(gate, &context) {
                counts.errors += u64::from(counts.candidates % 5 < 2);
                counts.candidates += 1;
            }
        }
        let share = |now: u64, before: u64| (now - before) as f64 / REQUESTS as f64;
        counts.shares = (share(counts.candidates, before.candidates), share(counts.errors, before.errors));
        counts.beats += 1;
        self.beat.notify_all();
    }
}

/// Serves `/metrics`; gives the address.
pub(crate) async fn metrics(service: Arc<Service>) -> Fails<SocketAddr> {
    async fn show(State(service): State<Arc<Service>>) -> String {
        let counts = *service.counts.lock();
        format!("demo_requests_total {}\ndemo_errors_total {}\n", counts.requests, counts.errors)
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let app = Router::new().route("/metrics", get(show)).with_state(service);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
