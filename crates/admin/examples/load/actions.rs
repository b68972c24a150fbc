//! Fifty writers at once, each on a connection of its own, pausing and unpausing the releases that it was given.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::http::Connection;
use crate::server::{Fails, Server};
use crate::{Options, Row, usage, world};

const WRITERS: usize = 50;

pub(crate) fn run(server: &Server, options: &Options) -> Fails<Vec<Row>> {
    let mut admin = server.connect()?;
    world::environments(&mut admin)?;
    world::pipeline(&mut admin, "slow", &json!([{"id": "everywhere", "bake_s": 864_000}]))?;
    let mut releases = Vec::with_capacity(world::FEATURES);
    for n in 0..world::FEATURES {
        releases.push(world::release(&mut admin, &format!("feature-{n}"), "slow", n)?);
    }
    let tokens = world::people(&mut admin, WRITERS)?;
    let (cpu_before, _) = usage::of(server)?;
    let begin = Instant::now();
    let end = begin + Duration::from_secs(options.seconds);
    let mut latencies: Vec<Duration> = thread::scope(|scope| {
        let share = releases.len().div_ceil(WRITERS);
        let writers: Vec<_> = tokens
            .iter()
            .zip(releases.chunks(share))
            .map(|(token, mine)| scope.spawn(move || write(&server.url, token, mine, end)))
            .collect();
        let mut all = Vec::new();
        for writer in writers {
            all.extend(writer.join().map_err(|_| "a writer panicked")??);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(all)
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let (cpu, memory) = usage::of(server)?;
    world::events(&mut admin)?;

    latencies.sort_unstable();
    let at = |share: f64| {
        let index = (latencies.len() as f64 * share) as usize;
        latencies.get(index.min(latencies.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64()
            * 1e3
    };
    let (p50, p99, worst) = (at(0.5), at(0.99), at(1.0));
    let rate = latencies.len() as f64 / seconds;
    let cores = (cpu - cpu_before) / seconds;
    let what = |what: &str| format!("{WRITERS} writers on {} releases: {what}", world::FEATURES);
    Ok(vec![
        Row {
            what: what("actions a second"),
            measured: format!("{rate:.0} (server: {cores:.2} cores, {memory:.0} MB)"),
            bar: "≥ 1 000",
            met: rate >= 1000.0,
        },
        Row {
            what: what("answer, p99"),
            measured: format!("{p99:.1} ms (p50 {p50:.1}, worst {worst:.1})"),
            bar: "≤ 25 ms",
            met: p99 <= 25.0,
        },
    ])
}

/// Pauses and unpauses until the end; how long each took.
fn write(url: &str, token: &str, releases: &[String], end: Instant) -> Fails<Vec<Duration>> {
    let mut connection = Connection::open(url, token)?;
    let mut latencies = Vec::new();
    for release in releases.iter().cycle() {
        let mut revision = Json::Null;
        for action in ["pause", "unpause"] {
            let path = format!("/api/v1/releases/{release}/{action}");
            let body = json!({"revision": revision, "reason": "load"});
            let begin = Instant::now();
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
