//! Puts load on an admin server and prints what it measured, as Markdown for docs/BENCHMARKS.md.
//!
//! ```text
//!   cargo run --release -p tidegate-admin --example load -- all
//!     idle     1 000 running releases with timers: CPU of the server, in % of a core     (bar: < 5 %)
//!     actions  50 writers pause and unpause 1 000 releases over HTTP                     (bar: p99 ≤ 25 ms, ≥ 1 000 a second)
//!     race     64 people act on one release at once, 10 000 times                        (bar: one winner a revision, the log whole)
//!     delivery from an action to 1 000 clients, directly and through a relay; 5 000 idle streams; polls
//! ```
//! Options: `--seconds N` (idle, actions), `--shots N` (race), `--store postgres://…` (an empty database; default: a new SQLite file).
//! The server is a process of its own; client and server share the machine.

#![expect(clippy::print_stdout, reason = "the table is the product")]

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tidegate_admin::clock::SystemClock;

mod actions;
mod delivery;
#[path = "../support/http.rs"]
mod http;
mod idle;
mod race;
#[path = "../support/server.rs"]
mod server;
mod usage;
mod world;

use server::{Fails, Server};

/// What is asked for.
#[derive(Debug)]
struct Options {
    seconds: u64,
    shots: usize,
    store: Option<String>,
}

/// A row of the table: what, measured, bar, whether it is met.
#[derive(Debug)]
struct Row {
    what: String,
    measured: String,
    bar: &'static str,
    met: bool,
}

/// Puts load on a new server.
type Scenario = fn(&Server, &Options) -> Fails<Vec<Row>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "load: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all bars are met.
fn run(args: &[&str]) -> Fails<bool> {
    let (what, options) = match args {
        ["serve", store, key_file] => {
            return server::serve(store, key_file, Arc::new(SystemClock::new())).map(|()| true);
        }
        ["relay"] => return delivery::run_relay().map(|()| true),
        [what @ ("idle" | "actions" | "race" | "delivery" | "all"), rest @ ..] => (*what, options(rest)?),
        _ => {
            return Err(
                "expected idle, actions, race, delivery or all; then --seconds, --shots, --store".into()
            );
        }
    };
    let scenarios: [(&str, Scenario); 4] =
        [("idle", idle::run), ("actions", actions::run), ("race", race::run), ("delivery", delivery::run)];
    raise_limit()?;
    println!("| what | measured | bar | met |\n|---|---|---|---|");
    let mut met = true;
    for (name, scenario) in scenarios {
        if what != "all" && what != name {
            continue;
        }
        let server = Server::start(options.store.as_deref())?;
        for row in scenario(&server, &options)? {
            met &= row.met;
            println!(
                "| {} | {} | {} | {} |",
                row.what,
                row.measured,
                row.bar,
                if row.met { "yes" } else { "**no**" }
            );
        }
    }
    Ok(met)
}

/// As many open files as the system lets this process and its children have: thousands of streams are thousands of sockets.
fn raise_limit() -> Fails<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?)
}

fn options(args: &[&str]) -> Fails<Options> {
    let mut options = Options { seconds: 30, shots: 10_000, store: None };
    let mut rest = args.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{name} needs a value"))?;
        match *name {
            "--seconds" => options.seconds = value.parse()?,
            "--shots" => options.shots = value.parse()?,
            "--store" => options.store = Some((*value).to_owned()),
            other => return Err(format!("`{other}` is no option").into()),
        }
    }
    Ok(options)
}
