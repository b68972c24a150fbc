//! Fifty writers at once, each on a connection of its own, pausing and unpausing the releases that it was given.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::http::Connection;
use crate::server::{Fails, Server};
use crate::{Options, Row, usage, world};

const WRITERS: usize = 50;
/// The second run's actions a second, all writers together.
const RATE: u64 = 1_000;

pub(crate) fn run(server: &Server, options: &Options) -> Fails<Vec<Row>> {
    let mut admin = server.connect()?;
    world::environments(&mut admin)?;
    world::pipeline(&mut admin, "slow", &json!([{"id": "everywhere", "bake_s": 864_000}]))?;
    let mut releases = Vec::with_capacity(world::FEATURES);
    for n in 0..world::FEATURES {
        releases.push(world::release(&mut admin, &format!("feature-{n}"), "slow", n)?);
    }
    let tokens = world::people(&mut admin, WRITERS)?;
    let flood = measure(server, &tokens, &releases, options.seconds, None)?;
    let paced = measure(server, &tokens, &releases, options.seconds, Some(RATE))?;
    world::events(&mut admin)?;
    let what = |what: &str| format!("{WRITERS} writers on {} releases{what}", world::FEATURES);
    let latency = |m: &Measured| format!("{:.1} ms (p50 {:.1}, worst {:.1})", m.p99, m.p50, m.worst);
    Ok(vec![
        Row {
            what: what(", as fast as they can: actions a second"),
            measured: format!("{:.0} (server: {:.2} cores, {:.0} MB)", flood.rate, flood.cores, flood.memory),
            bar: "≥ 1 000",
            met: flood.rate >= 1000.0,
        },
        Row {
            what: what(", as fast as they can: answer, p99"),
            measured: latency(&flood),
            bar: "≤ 25 ms",
            met: flood.p99 <= 25.0,
        },
        Row {
            what: what(&format!(", {RATE} actions a second ({:.0} reached): answer, p99", paced.rate)),
            measured: latency(&paced),
            bar: "≤ 25 ms",
            met: paced.p99 <= 25.0 && paced.rate >= 0.99 * RATE as f64,
        },
    ])
}

/// What a run took; latencies in milliseconds.
#[derive(Debug)]
struct Measured {
    rate: f64,
    p50: f64,
    p99: f64,
    worst: f64,
    cores: f64,
    memory: f64,
}

fn measure(
    server: &Server,
    tokens: &[String],
    releases: &[String],
    seconds: u64,
    rate: Option<u64>,
) -> Fails<Measured> {
    let (cpu_before, _) = usage::of(server)?;
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds);
    let pace = rate.map(|rate| Duration::from_secs_f64(WRITERS as f64 / rate as f64));
    let mut latencies: Vec<Duration> = thread::scope(|scope| {
        let share = releases.len().div_ceil(WRITERS);
        let writers: Vec<_> = tokens
            .iter()
            .zip(releases.chunks(share))
            .enumerate()
            .map(|(n, (token, mine))| {
                // Spread over the first beat, so that the writers do not act in the same moment.
                let first = begin + pace.unwrap_or_default().mul_f64(n as f64 / WRITERS as f64);
                scope.spawn(move || write(&server.url, token, mine, first, end, pace))
            })
            .collect();
        let mut all = Vec::new();
        for writer in writers {
            all.extend(writer.join().map_err(|_| "a writer panicked")??);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(all)
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let (cpu, memory) = usage::of(server)?;
    latencies.sort_unstable();
    let at = |share: f64| {
        let index = (latencies.len() as f64 * share) as usize;
        let latency = latencies.get(index.min(latencies.len().saturating_sub(1)));
        latency.copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    let rate = latencies.len() as f64 / seconds;
    let cores = (cpu - cpu_before) / seconds;
    Ok(Measured { rate, p50: at(0.5), p99: at(0.99), worst: at(1.0), cores, memory })
}

/// Pauses and unpauses until the end, at a pace or as fast as it can; how long each took. At a pace, an action counts from when it
/// was due, so that a slow answer does not hide that others wait.
fn write(
    url: &str,
    token: &str,
    releases: &[String],
    first: Instant,
    end: Instant,
    pace: Option<Duration>,
) -> Fails<Vec<Duration>> {
    let mut connection = Connection::open(url, token)?;
    let mut latencies = Vec::new();
    let mut due = first;
    for release in releases.iter().cycle() {
        let mut revision = Json::Null;
        for action in ["pause", "unpause"] {
            let path = format!("/api/v1/releases/{release}/{action}");
            let body = json!({"revision": revision, "reason": "load"});
            let begin = match pace {
                Some(pace) => {
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    let begin = due;
                    due += pace;
                    begin
                }
                None => Instant::now(),
            };
            let answer = connection.send("POST", &path, Some(&body))?;
            latencies.push(begin.elapsed());
            revision = answer.ok()?.get("revision").cloned().unwrap_or_default();
        }
        if Instant::now() >= end {
            break;
        }
    }
    Ok(latencies)
}
