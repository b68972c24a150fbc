//! From an action to every client: how long, how many bytes, what a relay adds; and what idle streams and polls cost.
//!
//! ```text
//!   driver ── POST kill ─▶ server ─ commit ─ sign ─▶ 950 simulated streams, 50 whole clients ─▶ ack
//!      └ clock starts before the request                    └ clock stops, in the same process
//!                            └─▶ relay ─▶ the same number of streams as directly at the server
//! ```

mod crowd;
mod relay;
mod stream;

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;
use tidegate::wire::Connection as Address;

use crate::http::Connection;
use crate::server::{Fails, Server};
use crate::{Options, Row, usage, world};

use crowd::{Crowd, Round};
use relay::Relay;
pub(crate) use relay::run as run_relay;

/// Simulated clients, and those that are whole.
const CLIENTS: (usize, usize) = (950, 50);
/// Directly at the server, and as many behind a relay.
const BESIDE: usize = 100;
const IDLE: usize = 5_000;
const POLLERS: usize = 64;
const POLLED: Duration = Duration::from_secs(5);
const ACTIONS: usize = 60;
/// Between two actions; all reports have been answered by then.
const PAUSE: Duration = Duration::from_millis(400);
/// For more than two heartbeats, which come every 15 s.
const RESTED: Duration = Duration::from_secs(35);

pub(crate) fn run(server: &Server, _: &Options) -> Fails<Vec<Row>> {
    let mut admin = server.connect()?;
    world::environments(&mut admin)?;
    for n in 0..world::FEATURES {
        let body = json!({"key": gate(n), "definition": world::definition(n)});
        admin.send("POST", "/api/v1/features", Some(&body))?.ok()?;
    }
    let body = json!({"environment": "production", "description": "load"});
    let made = admin.send("POST", "/api/v1/sdk-keys", Some(&body))?.ok()?;
    let text = made.get("secret").and_then(serde_json::Value::as_str).ok_or("no connection string")?;
    let address: Address = text.parse()?;
    let mut rows = idle(server, &mut admin, &address)?;
    rows.push(polls(server, &address)?);
    rows.extend(beside(&mut admin, &address)?);
    rows.extend(fan_out(server, &mut admin, &address)?);
    Ok(rows)
}

fn gate(n: usize) -> String {
    format!("gate-{n}")
}

/// The version that the environment has.
fn version(address: &Address) -> Fails<u64> {
    let client = tidegate::Engine::connect(tidegate::client::ConnectOptions::new(address.clone()))?;
    client.wait_ready(Duration::from_secs(20))?;
    Ok(client.status().version)
}

/// Kills a gate, or serves it again; each action is a version.
fn act(admin: &mut Connection, n: usize) -> Fails<()> {
    let verb = if n.is_multiple_of(2) { "kill" } else { "unkill" };
    let path = format!("/api/v1/features/{}/{verb}", gate(n / 2 % world::FEATURES));
    admin.send("POST", &path, Some(&json!({"environment": "production", "reason": "load"})))?.ok()?;
    Ok(())
}

fn rounds(crowd: &mut Crowd, admin: &mut Connection) -> Fails<Vec<Round>> {
    let mut rounds = Vec::with_capacity(ACTIONS);
    for n in 0..ACTIONS {
        sleep(PAUSE);
        rounds.push(crowd.act(|| act(admin, n))?);
    }
    Ok(rounds)
}

fn idle(server: &Server, admin: &mut Connection, address: &Address) -> Fails<Vec<Row>> {
    sleep(Duration::from_secs(3));
    let mut crowd = Crowd::new(version(address)?)?;
    let (_, before) = usage::of(server)?;
    crowd.simulate(address, IDLE, false)?;
    let (_, opened) = usage::of(server)?;
    sleep(RESTED);
    let (_, rested) = usage::of(server)?;
    for n in 0..2 {
        crowd.act(|| act(admin, n))?;
        sleep(Duration::from_secs(2));
    }
    let (_, changed) = usage::of(server)?;
    drop(crowd);
    // As SDKs do: a second connection, kept, on which each reports.
    let mut crowd = Crowd::new(version(address)?)?;
    crowd.simulate(address, IDLE, true)?;
    for n in 0..2 {
        sleep(Duration::from_secs(3));
        crowd.act(|| act(admin, n))?;
    }
    sleep(Duration::from_secs(3));
    let (_, reported) = usage::of(server)?;
    let most = opened.max(rested).max(changed);
    Ok(vec![
        Row {
            what: format!("{IDLE} idle streams: memory of the server (VmRSS)"),
            measured: format!(
                "{most:.0} MB ({before:.0} before, {opened:.0} with all open, {rested:.0} after two heartbeats, {changed:.0} after two changes)"
            ),
            bar: "≤ 100 MB",
            met: most <= 100.0,
        },
        Row {
            what: format!("… after that, {IDLE} instances that also report on a second connection"),
            measured: format!("{reported:.0} MB"),
            bar: "none",
            met: true,
        },
    ])
}

fn polls(server: &Server, address: &Address) -> Fails<Row> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (cpu, _) = usage::of(server)?;
    let began = Instant::now();
    let count: u32 = runtime.block_on(async {
        let (tag, _) = stream::tag(address).await?;
        let pollers = (0..POLLERS).map(|_| stream::poll(address, &tag, POLLED));
        let counts = futures_util::future::try_join_all(pollers).await?;
        Ok::<u32, Box<dyn std::error::Error + Send + Sync>>(counts.iter().sum())
    })?;
    let rate = f64::from(count) / began.elapsed().as_secs_f64();
    let each = (usage::of(server)?.0 - cpu) * 1e6 / f64::from(count);
    Ok(Row {
        what: format!("polls that are answered with 304, {POLLERS} connections: a second"),
        measured: format!("{rate:.0} ({each:.0} µs of the server's CPU each)"),
        bar: "≥ 10 000",
        met: rate >= 10_000.0,
    })
}

fn beside(admin: &mut Connection, address: &Address) -> Fails<Vec<Row>> {
    let relay = Relay::start(address)?;
    let mut crowd = Crowd::new(version(address)?)?;
    crowd.simulate(address, BESIDE, true)?;
    crowd.simulate(&relay.connection, BESIDE, true)?;
    let rounds = rounds(&mut crowd, admin)?;
    let side = |behind: bool| {
        let of = |round: &Round| {
            let (direct, relayed) = round.reached.split_at(BESIDE.min(round.reached.len()));
            if behind { relayed.to_vec() } else { direct.to_vec() }
        };
        Figures::of(rounds.iter().flat_map(of).collect())
    };
    let (direct, relayed) = (side(false), side(true));
    let (p50, p99) = (relayed.p50 - direct.p50, relayed.p99 - direct.p99);
    Ok(vec![Row {
        what: format!(
            "{BESIDE} streams behind a relay beside {BESIDE} at the server, {ACTIONS} actions: what the relay adds"
        ),
        measured: format!("p50 {p50:.1} ms, p99 {p99:.1} ms (relay: {relayed}; directly: {direct})"),
        bar: "≤ 10 ms",
        met: p50 <= 10.0 && p99 <= 10.0,
    }])
}

fn fan_out(server: &Server, admin: &mut Connection, address: &Address) -> Fails<Vec<Row>> {
    let (simulated, whole) = CLIENTS;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (_, document) = runtime.block_on(stream::tag(address))?;
    let mut crowd = Crowd::new(version(address)?)?;
    crowd.simulate(address, simulated, true)?;
    crowd.add(address, whole)?;
    let (before, _) = usage::of(server)?;
    let rounds = rounds(&mut crowd, admin)?;
    let (after, memory) = usage::of(server)?;
    let cpu = (after - before) * 1e3 / ACTIONS as f64;
    let count = simulated + whole;
    let all = Figures::of(rounds.iter().flat_map(|round| round.reached.clone()).collect());
    let of_whole =
        Figures::of(rounds.iter().flat_map(|r| r.reached.iter().skip(simulated).copied()).collect());
    let last = Figures::of(rounds.iter().filter_map(|round| round.reached.iter().max().copied()).collect());
    let answered = Figures::of(rounds.iter().map(|round| round.answered).collect());
    let bytes = rounds.iter().flat_map(|round| round.bytes.iter().copied()).max().unwrap_or(0);
    let row = |what: String, figures: &Figures| Row {
        what,
        measured: figures.to_string(),
        bar: "p50 ≤ 50 ms, p99 ≤ 200 ms",
        met: figures.p50 <= 50.0 && figures.p99 <= 200.0,
    };
    Ok(vec![
        row(
            format!(
                "{count} clients ({whole} whole), {ACTIONS} actions: action → applied, all clients and actions"
            ),
            &all,
        ),
        row(format!("… action → applied by the last of {count}"), &last),
        row(format!("… action → applied by the {whole} whole clients"), &of_whole),
        Row {
            what: "… action → answer to who acted".to_owned(),
            measured: format!(
                "{answered} (the server used {cpu:.0} ms of CPU an action, with {count} reports; {memory:.0} MB)"
            ),
            bar: "none",
            met: true,
        },
        Row {
            what: format!(
                "… bytes that a change of 1 gate of {} ({} KB) moves to a client, at most, not compressed",
                world::FEATURES,
                document / 1_000
            ),
            measured: format!("{bytes}"),
            bar: "≤ 5 KB",
            met: bytes > 0 && bytes <= 5_000,
        },
    ])
}

/// Percentiles (nearest rank) in milliseconds.
struct Figures {
    p50: f64,
    p99: f64,
    most: f64,
}

impl Figures {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |percent: usize| {
            let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
            times.get(index).copied().unwrap_or(Duration::MAX).as_secs_f64() * 1e3
        };
        Self { p50: at(50), p99: at(99), most: at(100) }
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p50 {:.1}, p99 {:.1}, most {:.1} ms", self.p50, self.p99, self.most)
    }
}
