//! Measures how snapshots reach many clients, and prints a table.
//!
//! ```text
//!   cargo run --release -p tidegate-delivery --example fanout
//!     polls    304s a second, and the server's CPU for each                               (bar: ≥ 10 000 a second)
//!     idle     memory of the server with 5 000 idle streams, heartbeats and a change      (bar: ≤ 100 MB)
//!     fan-out  from the action to the event in the hands of 1 000 clients                 (bar: p50 ≤ 50 ms, p99 ≤ 200 ms)
//!     bytes    of a change of 1 of 1 000 gates, for each client                           (bar: ≤ 5 KB)
//! ```
//! The server is a process of its own; client and server share the machine.

#![expect(clippy::print_stdout, reason = "the table is the product")]

mod client;
mod server;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::client::{Follower, Process};

type Fails<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Connections that poll.
const POLLERS: usize = 64;
const POLL_TIME: Duration = Duration::from_secs(5);
const IDLE: usize = 5_000;
const CLIENTS: usize = 1_000;
const ROUNDS: usize = 50;

fn main() -> ExitCode {
    let is_server = std::env::args().nth(1).as_deref() == Some("server");
    match raise_limit().and_then(|()| if is_server { server::run() } else { measure() }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "fanout: {error}");
            ExitCode::FAILURE
        }
    }
}

/// As many open files as the system lets us have.
fn raise_limit() -> Fails<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?)
}

/// Nanoseconds since 1970, the same clock in both processes.
fn now() -> u128 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos())
}

#[tokio::main(flavor = "current_thread")]
async fn measure() -> Fails<()> {
    println!("| what | measured |\n|---|---|");
    polls().await?;
    idle().await?;
    fan_out("plain").await?;
    fan_out("gzip").await
}

async fn polls() -> Fails<()> {
    let server = Process::start().await?;
    let etag = server.etag().await?;
    let cpu = server.cpu_s()?;
    let started = Instant::now();
    let until = started + POLL_TIME;
    let pollers = (0..POLLERS).map(|_| client::poll(&server, &etag, until));
    let counts = futures_util::future::try_join_all(pollers).await?;
    let (took, count) = (started.elapsed().as_secs_f64(), counts.iter().sum::<u32>());
    let each = (server.cpu_s()? - cpu) * 1e6 / f64::from(count);
    println!("| 304s a second, {POLLERS} connections | {:.0} |", f64::from(count) / took);
    println!("| server's CPU for one | {each:.1} µs |");
    Ok(())
}

async fn idle() -> Fails<()> {
    let mut server = Process::start().await?;
    let before = server.memory_mb()?;
    let mut followers = Vec::new();
    for _ in 0..IDLE {
        followers.push(Follower::start(&server, Some(1), "identity").await?);
    }
    let opened = server.memory_mb()?;
    for _ in 0..3 {
        server.beat().await?;
        all(&mut followers, Follower::event).await?;
    }
    let beaten = server.memory_mb()?;
    let cpu = server.cpu_s()?;
    server.beat().await?;
    all(&mut followers, Follower::event).await?;
    let beat_ms = (server.cpu_s()? - cpu) * 1e3;
    server.publish().await?;
    all(&mut followers, Follower::event).await?;
    let changed = server.memory_mb()?;
    println!("| memory of the server: no stream | {before:.1} MB |");
    println!("| … {IDLE} streams | {opened:.1} MB |");
    println!("| … after heartbeats; after a change | {beaten:.1}; {changed:.1} MB |");
    println!("| server's CPU for a heartbeat to {IDLE} | {beat_ms:.0} ms |");
    Ok(())
}

/// Has each follower do the same, in turn: what came meanwhile waits in its socket.
async fn all<T>(followers: &mut [Follower], act: impl AsyncFn(&mut Follower) -> Fails<T>) -> Fails<Vec<T>> {
    let mut out = Vec::with_capacity(followers.len());
    for follower in followers {
        out.push(act(follower).await?);
    }
    Ok(out)
}

async fn fan_out(coding: &'static str) -> Fails<()> {
    let mut server = Process::start().await?;
    let document = server.document_bytes().await?;
    let mut followers = Vec::new();
    for _ in 0..CLIENTS {
        followers.push(Follower::start(&server, Some(1), coding).await?);
    }
    // Each client is a task that notes when its event came.
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    for mut follower in followers {
        let send = send.clone();
        tokio::spawn(async move {
            while let Ok(bytes) = follower.event().await {
                if send.send((now(), bytes)).is_err() {
                    break;
                }
            }
        });
    }
    let (mut times, mut lasts, mut made, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let (acted, published) = server.publish().await?;
        made.push(published.saturating_sub(acted));
        let mut last = 0;
        for _ in 0..CLIENTS {
            let (came, length) = receive.recv().await.ok_or("the clients ended")?;
            let took = came.saturating_sub(acted);
            last = last.max(took);
            times.push(took);
            bytes = bytes.max(length);
        }
        lasts.push(last);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!(
        "| {coding}: rendered, hashed, signed, compared ({} KB) | {} |",
        document / 1_000,
        percentiles(made)
    );
    println!("| {coding}: action → event at each of {CLIENTS}, {ROUNDS} rounds | {} |", percentiles(times));
    println!("| {coding}: action → event at the last | {} |", percentiles(lasts));
    println!("| {coding}: bytes of the change for each client, at most | {bytes} |");
    Ok(())
}

fn percentiles(mut nanoseconds: Vec<u128>) -> String {
    nanoseconds.sort_unstable();
    let at = |percent: usize| {
        let index = (nanoseconds.len().saturating_sub(1)).saturating_mul(percent) / 100;
        let found = nanoseconds.get(index).copied().unwrap_or_default();
        Duration::from_nanos(u64::try_from(found).unwrap_or(u64::MAX)).as_secs_f64() * 1e3
    };
    format!("p50 {:.1}, p90 {:.1}, p99 {:.1}, most {:.1} ms", at(50), at(90), at(99), at(100))
}
