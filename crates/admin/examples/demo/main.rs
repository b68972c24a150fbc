//! A server, five services in five environments that link the SDK, and a release that walks through them; then an abort.
//!
//! ```text
//!   server (SQLite, a fast clock) ──stream of signed changes──▶ 5 processes: an engine each, checking a gate all the time
//!        ▲      ▲                                                   │ acks: who has applied what
//!        │      └───────────────────────────────────────────────────┘   a phase goes on when all have
//!     this process: starts the release, asks you to approve, draws, aborts, measures
//! ```
//!     make demo            you approve (without a terminal: as below)
//!     make demo AUTO=1     it approves by itself

#![expect(clippy::print_stdout, reason = "the picture is the product")]

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

mod clock;
#[path = "../support/http.rs"]
mod http;
mod screen;
#[path = "../support/server.rs"]
mod server;
mod service;
mod story;

use clock::FastClock;
use screen::{Scene, Screen};
use server::{Fails, Server};
use service::{Fleet, micros};
use story::{PLACES, Story};

/// How long the approval waits by `--auto`, so that one can read that it is waited for.
const THINKING: Duration = Duration::from_millis(1_500);
/// How long the candidate is served everywhere before it is taken back.
const EVERYWHERE: Duration = Duration::from_secs(2);
/// The demo has failed if a release takes longer (an approval by hand does not count).
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["serve", store, key_file] => server::serve(store, key_file, Arc::new(FastClock::default())),
        ["service", environment, region] => service::run(environment, region),
        ["--auto"] => play(true),
        // Without a terminal nobody can press Enter.
        [] => play(!std::io::stdin().is_terminal()),
        _ => Err("expected nothing or `--auto`".into()),
    };
    if let Err(error) = done {
        println!("demo: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn play(auto: bool) -> Fails<()> {
    let mut screen = Screen::new();
    let server = Server::start(None)?;
    screen.say(&format!("server on SQLite at {}", server.url))?;
    let mut story = Story::set_up(&server)?;
    let mut fleet = Fleet::default();
    for place in PLACES {
        let connection = story.connection(place.environment)?;
        fleet.start(place.environment, place.region, &connection)?;
    }
    fleet.wait(PATIENCE, |services| services.iter().all(|seen| seen.version > 0))?;
    screen.say("five services run, each with a signed snapshot of its own environment")?;
    let release = story.start()?;
    screen.say(&format!(
        "release {release}: one phase an environment; each goes on when all its instances have applied it"
    ))?;
    walk(&mut screen, &mut story, &mut fleet, &release, auto)?;
    let back = take_back(&mut screen, &mut story, &mut fleet, &release)?;
    closing(&mut screen, &mut story, &fleet, &back)
}

/// The release walks through the environments, until the last phase has been served for a while.
fn walk(screen: &mut Screen, story: &mut Story, fleet: &mut Fleet, id: &str, auto: bool) -> Fails<()> {
    let enter = (!auto).then(lines);
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    let (mut deadline, mut asked, mut everywhere) = (Instant::now() + PATIENCE, None, None);
    loop {
        fleet.read(Duration::from_millis(20))?;
        let release = story.release(id)?;
        let status = release.get("status").and_then(Json::as_str).unwrap_or_default();
        if status != "running" {
            return Err(format!("the release is {status}").into());
        }
        for line in news(&release, &mut told) {
            screen.say(&line)?;
        }
        let waits_for_approval = waits_for(&release, "approvals");
        if waits_for_approval {
            let since = *asked.get_or_insert_with(Instant::now);
            let approves = match &enter {
                Some(enter) => {
                    deadline = Instant::now() + PATIENCE;
                    approved_by_hand(enter)?
                }
                None => since.elapsed() > THINKING,
            };
            if approves {
                story.approve(id, &release)?;
                screen.say("riley approved prod-us-west")?;
            }
        }
        let prompt = (waits_for_approval && !auto)
            .then_some("prod-us-west waits for an approval: press Enter to give it as riley");
        screen.draw(&Scene { release: &release, services: &fleet.services, prompt })?;
        if fleet.services.iter().all(|seen| seen.on == 100) {
            let since = *everywhere.get_or_insert_with(Instant::now);
            if since.elapsed() > EVERYWHERE {
                return Ok(());
            }
        }
        if Instant::now() > deadline {
            return Err(format!(
                "the release does not get on: {}",
                release.get("waiting_for").unwrap_or(&Json::Null)
            )
            .into());
        }
    }
}

/// Lines that are typed.
fn lines() -> Receiver<()> {
    let (typed, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if line.is_err() || typed.send(()).is_err() {
                return;
            }
        }
    });
    lines
}

fn approved_by_hand(lines: &Receiver<()>) -> Fails<bool> {
    match lines.try_recv() {
        Ok(()) => Ok(true),
        Err(mpsc::TryRecvError::Empty) => Ok(false),
        Err(mpsc::TryRecvError::Disconnected) => {
            Err("nobody is there to approve (no standard input); hint: `make demo AUTO=1`".into())
        }
    }
}

fn waits_for(release: &Json, what: &str) -> bool {
    let waits = release.get("waiting_for").and_then(Json::as_array);
    waits.is_some_and(|waits| waits.iter().any(|wait| wait.get("wait").and_then(Json::as_str) == Some(what)))
}

/// What is new about the phases, in words.
fn news(release: &Json, told: &mut BTreeMap<String, String>) -> Vec<String> {
    let mut lines = Vec::new();
    for phase in release.get("phases").and_then(Json::as_array).into_iter().flatten() {
        let text = |name: &str| phase.get(name).and_then(Json::as_str).unwrap_or_default();
        let percent = phase.get("percent").map(ToString::to_string).unwrap_or_default();
        let line = match text("status") {
            "entering" if waits_for(release, "approvals") => "waits for an approval".to_owned(),
            "entering" => "waits to start".to_owned(),
            "propagating" | "ramping" => format!("serves the candidate to {percent} %"),
            "baking" => "bakes".to_owned(),
            "done" => "done".to_owned(),
            _ => continue,
        };
        if told.insert(text("id").to_owned(), line.clone()).as_ref() != Some(&line) {
            lines.push(format!("phase {}: {line}", text("id")));
        }
    }
    lines
}

/// Aborts, and gives when each service had the base back, in milliseconds from the call.
fn take_back(screen: &mut Screen, story: &mut Story, fleet: &mut Fleet, id: &str) -> Fails<Vec<f64>> {
    screen.say("every service serves the candidate: abort")?;
    let before: Vec<u64> = fleet.services.iter().map(|seen| seen.version).collect();
    let called = micros();
    story.abort(id)?;
    let answered = micros();
    fleet.wait(PATIENCE, |services| {
        services.iter().zip(&before).all(|(seen, before)| seen.version > *before && seen.on == 0)
    })?;
    let since = |at: u64| (at.saturating_sub(called)) as f64 / 1_000.0;
    screen.say(&format!("the server answered after {:.1} ms", since(answered)))?;
    Ok(fleet.services.iter().map(|seen| since(seen.applied_at)).collect())
}

/// The summary.
fn closing(screen: &mut Screen, story: &mut Story, fleet: &Fleet, back: &[f64]) -> Fails<()> {
    screen.plain("\n  back on the base after the abort (call → applied by the service)")?;
    for (place, ms) in PLACES.iter().zip(back) {
        screen.plain(&format!("    {:13} {ms:7.1} ms", place.environment))?;
    }
    screen.plain("\n  snapshots of each environment: published → applied, as the server heard it")?;
    for place in PLACES {
        let seen = story.propagation(place.environment)?;
        let items = seen.get("items").and_then(Json::as_array);
        let worst = |name: &str| {
            let all = items.into_iter().flatten().filter_map(|item| item.get(name).and_then(Json::as_f64));
            all.fold(None, |most: Option<f64>, ms| Some(most.map_or(ms, |most| most.max(ms))))
        };
        let count = items.map_or(0, Vec::len);
        let worst =
            worst("max_ms").map_or_else(|| "not heard".to_owned(), |ms| format!("{ms:7.1} ms at most"));
        screen.plain(&format!("    {:13} {count:2} versions  {worst}", place.environment))?;
    }
    let decisions: u64 = fleet.services.iter().map(|seen| seen.decisions).sum();
    screen.plain(&format!(
        "\n  {decisions} decisions were made meanwhile; none of them waited for the network"
    ))?;
    Ok(())
}
