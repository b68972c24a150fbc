//! A bad candidate raises an error rate, a guard sees it in Prometheus and aborts the release, and everybody is back.
//!
//! ```text
//!   admin server (SQLite) ──snapshot, polled──▶ service: an engine; two in five of those who get the candidate get an error
//!        ▲                                          │ /metrics
//!        └── guard: error rate ≤ 5 %, else abort ◀── Prometheus
//! ```
//!     make demo-guard
//!
//! Without a `prometheus` on the PATH the demo watches the service itself and pushes the verdicts, as a CI job would.

#![expect(clippy::print_stdout, reason = "the time line is the product")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tidegate_admin::clock::SystemClock;

#[path = "../support/http.rs"]
mod http;
#[path = "../../tests/support/prometheus.rs"]
mod prometheus;
#[path = "../support/server.rs"]
mod server;
mod service;

use http::Connection;
use prometheus::Prometheus;
use server::{Fails, Server};
use service::Service;

const FEATURE: &str = "new-checkout";
const GUARD: &str = "error-rate";
const MOST: f64 = 0.05;
const QUERY: &str = "sum(rate(demo_errors_total[2s])) / sum(rate(demo_requests_total[2s]))";
/// The demo has failed if it takes longer.
const PATIENCE: Duration = Duration::from_secs(90);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["serve", store, key_file] => server::serve(store, key_file, Arc::new(SystemClock::new())),
        [] => play(),
        _ => Err("it takes no arguments".into()),
    };
    if let Err(error) = done {
        println!("guard_demo: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The time line: seconds since the release started, the share that is served the candidate, what happened.
struct Line {
    begin: Instant,
}

impl Line {
    fn say(&self, service: &Service, text: &str) {
        let (on, errors) = service.shares();
        println!(
            "{:6.1} s   candidate {:5.1} %   errors {:5.1} %   {text}",
            self.begin.elapsed().as_secs_f64(),
            on * 100.0,
            errors * 100.0,
        );
    }
}

fn play() -> Fails<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let server = Server::start(None)?;
    let mut admin = server.connect()?;
    admin
        .send("POST", "/api/v1/environments", Some(&json!({"name": "production", "production": true})))?
        .ok()?;
    let base = json!({"key": FEATURE, "definition": {"kind": "gate"}});
    let made = admin.send("POST", "/api/v1/features", Some(&base))?.ok()?;
    println!("server   {}: feature `{FEATURE}`, off for everyone", server.url);

    let service = Service::start(&server.url, &server.token)?;
    let metrics = runtime.block_on(service::metrics(Arc::clone(&service)))?;
    println!("service  http://{metrics}/metrics: 2 000 requests a second");
    let prometheus = runtime.block_on(async {
        let Some(prometheus) = Prometheus::start(&metrics.to_string()).await? else { return Ok(None) };
        prometheus.sees(QUERY, "\"0\"]").await?;
        Ok::<_, Box<dyn std::error::Error>>(Some(prometheus))
    });
    let prometheus = prometheus.map_err(|error| error.to_string())?;
    match &prometheus {
        Some(prometheus) => println!("guard    {}: {QUERY} ≤ {MOST}, asked every second", prometheus.url),
        None => println!("guard    no `prometheus` on the PATH: the demo pushes the verdicts itself"),
    }

    let source = prometheus.as_ref().map(
        |prometheus| json!({"query": QUERY, "pass": {"at_most": MOST}, "interval_s": 1, "url": prometheus.url}),
    );
    let release = start(&mut admin, &made, source)?;
    println!("release  {release}: 5 % → 10 % → 25 % → 50 % → 100 %, five seconds each; the guard aborts\n");
    let line = Line { begin: Instant::now() };
    watch(&mut admin, &service, &line, &release, prometheus.is_none())?;

    // The service polls: a moment later nobody has the candidate.
    while line.begin.elapsed() < PATIENCE {
        service.next();
        if service.shares() == (0.0, 0.0) {
            line.say(&service, "everybody is back");
            if let Some(prometheus) = prometheus {
                runtime.block_on(prometheus.stop()).map_err(|error| error.to_string())?;
            }
            return Ok(());
        }
    }
    Err("the candidate is still served".into())
}

/// Publishes the pipeline, attaches the feature, saves the bad candidate; gives the release.
fn start(admin: &mut Connection, feature: &Json, source: Option<Json>) -> Fails<String> {
    let steps: Vec<Json> =
        [5, 10, 25, 50, 100].iter().map(|percent| json!({"percent": percent, "hold_s": 5})).collect();
    let mut guard = json!({"id": GUARD, "on_fail": "abort"});
    if let (Some(source), Some(guard)) = (source, guard.as_object_mut()) {
        guard.insert("source".to_owned(), source);
    }
    let phase = json!({"id": "production", "ramp": {"steps": steps}, "bake_s": 10, "guards": [guard]});
    let body = json!({"key": "careful", "body": {"phases": [phase]}});
    let made = admin.send("POST", "/api/v1/pipelines", Some(&body))?.ok()?;
    let publish = json!({"base_revision": made.get("revision")});
    admin.send("POST", "/api/v1/pipelines/careful/publish", Some(&publish))?.ok()?;
    let path = format!("/api/v1/features/{FEATURE}");
    admin.send("PUT", &format!("{path}/pipeline"), Some(&json!({"pipeline": "careful"})))?.ok()?;
    let base = feature.get("definition_revision").cloned().unwrap_or_else(|| json!(1));
    let candidate = json!({"kind": "gate", "rules": [{"id": "everyone", "variant": "on"}]});
    let saved = json!({"definition": candidate, "base_revision": base});
    let started = admin.send("PUT", &path, Some(&saved))?.ok()?;
    let id = started.pointer("/release/key").or_else(|| started.get("release")).and_then(Json::as_str);
    Ok(id.ok_or_else(|| format!("no release was started: {started}"))?.to_owned())
}

/// Tells what changes, until the release has ended.
fn watch(admin: &mut Connection, service: &Service, line: &Line, release: &str, push: bool) -> Fails<()> {
    let path = format!("/api/v1/releases/{release}");
    let (mut share, mut heard) = (String::new(), String::new());
    let mut pushed = Instant::now();
    while line.begin.elapsed() < PATIENCE {
        let seen = admin.send("GET", &path, None)?.ok()?;
        let text = |pointer: &str| match seen.pointer(pointer) {
            Some(Json::String(text)) => text.clone(),
            Some(Json::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let percent = text("/phases/0/percent");
        if percent != share {
            line.say(service, &format!("the ramp serves the candidate to {percent} %"));
            share = percent;
        }
        let verdict = text(&format!("/state/guards/{GUARD}/last/verdict"));
        if verdict != heard {
            let detail = text(&format!("/state/guards/{GUARD}/last/detail"));
            line.say(service, &format!("guard `{GUARD}`: {verdict} ({detail})"));
            heard = verdict;
        }
        match text("/status").as_str() {
            "running" => {}
            "aborted" => {
                line.say(service, "the release is aborted: the base is served");
                return Ok(());
            }
            other => return Err(format!("the release is {other}, although its candidate is bad").into()),
        }
        service.next();
        if push && pushed.elapsed() >= Duration::from_secs(1) {
            pushed = Instant::now();
            let (_, errors) = service.shares();
            let verdict = if errors <= MOST { "pass" } else { "fail" };
            let body = json!({"verdict": verdict, "detail": format!("{errors:.3}; expected at most {MOST}")});
            let answer = admin.send("POST", &format!("{path}/guards/{GUARD}/verdict"), Some(&body))?;
            if answer.status >= 500 {
                answer.ok()?;
            }
        }
    }
    Err("the guard did not abort the release in time".into())
}
