//! `follow`: a process with the real client, that prints what happens to it as JSON lines.
//!
//! Each line has `event` and `at` (unix time in ms, taken where it happened); with:
//!
//! | `event`    | members |
//! |---|---|
//! | `started`  | `instance`, `environment` (null: a file), `process`, `pid` |
//! | `ready`    | `source`, `version`, `after_ms` (since the start): something is served for the first time |
//! | `changed`  | `source`, `version`, `features` (those that may decide otherwise), `lag_ms` (arrival to served) |
//! | `stale`    | `age_ms` (null: never fresh); and `fresh`, which has no members, when that is over |
//! | `error`    | `code`, `message` |
//! | `decision` | that of a feature of `--check`: `feature`, `value`, `variant`, `reason`, `rule`, `release`, `phase`, `version`, … as `eval` prints it; at first, and when it differs from the line before |
//! | `status`   | `source`, `version`, `age_ms`, `stale`, `connected` (`stream`, `poll`, `no`), `last_error`, `last_error_age_ms`, `instance`, `life`; each `--status`, on SIGUSR1, and as the last but one |
//! | `ended`    | `reason`: `signal`, `time` |

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::{Value as Json, json};
use tidegate::client::{Client, ConnectOptions, Event, Proxy, Status, Streaming};
use tidegate::engine::Engine;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use crate::admin::time::duration;
use crate::args::{OneContext, Process};
use crate::failure::{Exit, Failure};
use crate::secret::Secret;

const HELP: &str = "\
It prints JSON lines: started, ready, changed, stale, fresh, error, decision, status, ended; SIGUSR1 asks for a status. \
Ctrl-C, SIGTERM or the end of --for ends it, after its last report.

Example:
  TIDEGATE_CONNECTION='tidegate+https://tgs_…@flags.example?environment=prod&key=…' \\
    tidegate follow --process region=eu --cache /tmp/cache --check checkout --set user_id=u-7";

/// Runs a client, and prints what happens to it
#[derive(Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Follow {
    /// The connection string, as `sdk-key new` prints it; better given by TIDEGATE_CONNECTION, as it has a secret
    #[arg(
        long,
        value_name = "STRING",
        env = "TIDEGATE_CONNECTION",
        hide_env_values = true,
        conflicts_with = "file"
    )]
    connect: Option<Secret>,
    /// A document to watch instead of a server
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    process: Process,
    /// Where the last good document is kept
    #[arg(long, value_name = "DIRECTORY")]
    cache: Option<PathBuf>,
    /// The document to start with where there is neither server nor cache
    #[arg(long, value_name = "FILE")]
    bundled: Option<PathBuf>,
    /// A feature to decide, repeatable
    #[arg(long = "check", value_name = "FEATURE")]
    features: Vec<String>,
    #[command(flatten)]
    context: OneContext,
    /// How often it decides, beside after each change, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// How often it prints its status, such as 5s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    status: Option<u64>,
    /// For how long it runs, such as 30s; else until a signal
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    time: Option<u64>,
    /// Poll only, hold no stream
    #[arg(long)]
    no_stream: bool,
    /// How often it polls while it does not stream, such as 10s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    poll_interval: Option<u64>,
    /// How often it reports, until the server says otherwise, such as 10s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    report_interval: Option<u64>,
    /// After how long without proof what is served is stale, such as 90s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    stale_after: Option<u64>,
    /// After how long a silence a stream is left, such as 45s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    read_stall: Option<u64>,
    /// The proxy, such as http://proxy:3128; `none` for none; else that of HTTPS_PROXY and the like
    #[arg(long, value_name = "URL")]
    proxy: Option<Secret>,
    /// A certificate authority to trust beside those of the system, in PEM
    #[arg(long, value_name = "FILE")]
    root_certificate: Option<PathBuf>,
}

pub(crate) fn run(args: &Follow) -> Result<Exit, Failure> {
    let context = args.context.attributes()?;
    let (lines, told) = unbounded_channel();
    let began = Instant::now();
    let options = options(args)?.on_event(move |event| send(&lines, event_line(event, began)));
    let environment = options.connection().map(|connection| connection.environment.to_string());
    let process = json!(args.process.attributes()?);
    let client = Engine::connect(options).map_err(|error| Failure::usage(error.to_string()))?;
    let started = json!({"instance": client.status().instance, "environment": environment, "process": process,
        "pid": std::process::id()});
    print(&line("started", started))?;
    let checks = Checks { context, features: args.features.clone(), last: Vec::new() };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Io, format!("cannot start: {error}")))?;
    let reason = runtime.block_on(follow(args, &client, told, checks))?;
    print(&status_line(&client.status()))?;
    client.close();
    print(&line("ended", json!({"reason": reason})))?;
    Ok(Exit::Done)
}

fn options(args: &Follow) -> Result<ConnectOptions, Failure> {
    let mut options = match (&args.connect, &args.file) {
        (_, Some(file)) => ConnectOptions::from_file(file),
        (Some(text), None) => {
            ConnectOptions::from_connection(text.text()).map_err(|error| Failure::usage(error.to_string()))?
        }
        (None, None) => {
            return Err(Failure::usage("expected a connection string, found none")
                .hint("set TIDEGATE_CONNECTION, or give --connect or --file"));
        }
    };
    for (name, value) in args.process.attributes()? {
        options = options.process(&name, value);
    }
    if let Some(cache) = &args.cache {
        options = options.cache(cache);
    }
    if let Some(bundled) = &args.bundled {
        options = options.bundled(bundled);
    }
    options = timed(options, args.poll_interval, ConnectOptions::poll_interval);
    options = timed(options, args.report_interval, ConnectOptions::report_interval);
    options = timed(options, args.stale_after, ConnectOptions::stale_after);
    options = timed(options, args.read_stall, ConnectOptions::read_stall);
    if args.no_stream {
        options = options.streaming(Streaming::Off);
    }
    match args.proxy.as_ref().map(Secret::text) {
        Some("none") => options = options.proxy(Proxy::Direct),
        Some(url) => options = options.proxy(Proxy::Url(url.to_owned())),
        None => {}
    }
    if let Some(path) = &args.root_certificate {
        let pem = std::fs::read(path)
            .map_err(|error| Failure::new(Exit::Io, format!("{}: {error}", path.display())))?;
        options = options.root_certificate(pem);
    }
    Ok(options.sdk("follow", env!("CARGO_PKG_VERSION")))
}

/// Sets a time, in milliseconds, if it was given.
fn timed(
    options: ConnectOptions,
    ms: Option<u64>,
    set: impl FnOnce(ConnectOptions, Duration) -> ConnectOptions,
) -> ConnectOptions {
    match ms {
        Some(ms) => set(options, Duration::from_millis(ms)),
        None => options,
    }
}

/// Prints until the end; why it came.
async fn follow(
    args: &Follow,
    client: &Client,
    mut told: UnboundedReceiver<Json>,
    mut checks: Checks,
) -> Result<&'static str, Failure> {
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let mut asked = listen(SignalKind::user_defined1())?;
    let mut every = ticks(args.every);
    let mut status = args.status.map(ticks);
    let time = args.time.map(|ms| sleep(Duration::from_millis(ms)));
    tokio::pin! { let end = either(time); }
    loop {
        tokio::select! {
            biased;
            Some(line) = told.recv() => {
                print(&line)?;
                checks.print(client.engine())?;
            }
            _ = terminate.recv() => return Ok("signal"),
            _ = interrupt.recv() => return Ok("signal"),
            () = &mut end => return Ok("time"),
            _ = asked.recv() => print(&status_line(&client.status()))?,
            _ = every.tick() => checks.print(client.engine())?,
            () = tick(&mut status) => print(&status_line(&client.status()))?,
        }
    }
}

/// Ends when a time that was given is over.
async fn either(time: Option<tokio::time::Sleep>) {
    match time {
        Some(time) => time.await,
        None => std::future::pending().await,
    }
}

async fn tick(interval: &mut Option<Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

fn ticks(ms: u64) -> Interval {
    let mut ticks = interval(Duration::from_millis(ms.max(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::new(Exit::Io, format!("cannot listen for signals: {error}")))
}

/// The features that are decided again and again.
struct Checks {
    context: std::collections::BTreeMap<String, tidegate::Value>,
    features: Vec<String>,
    /// What was printed last, without its version and time.
    last: Vec<Json>,
}

impl Checks {
    /// Decides all of them with one version, and prints those that differ from before.
    fn print(&mut self, engine: &Engine) -> Result<(), Failure> {
        let mut builder = engine.context();
        for (name, value) in &self.context {
            builder.set(name, value);
        }
        let context = builder.build();
        let view = engine.view();
        self.last.resize(self.features.len(), Json::Null);
        for (feature, last) in self.features.iter().zip(&mut self.last) {
            let decision = serde_json::to_value(view.decide_name(feature, &context).text())?;
            let mut same = decision.clone();
            if let Some(members) = same.as_object_mut() {
                members.remove("version");
            }
            if *last != same {
                *last = same;
                print(&line("decision", decision))?;
            }
        }
        Ok(())
    }
}

fn event_line(event: &Event, began: Instant) -> Json {
    match event {
        Event::Ready { source, version } => {
            line("ready", json!({"source": source, "version": version, "after_ms": ms(began.elapsed())}))
        }
        Event::Changed { source, version, features, lag } => {
            let features: Vec<&str> = features.iter().map(AsRef::as_ref).collect();
            let changed =
                json!({"source": source, "version": version, "features": features, "lag_ms": ms(*lag)});
            line("changed", changed)
        }
        Event::Stale { age } => line("stale", json!({"age_ms": age.map(ms)})),
        Event::Fresh => line("fresh", json!({})),
        Event::Error(error) => {
            line("error", json!({"code": error.code().as_str(), "message": error.to_string()}))
        }
        // An event of a later time.
        other => line("other", json!({"text": format!("{other:?}")})),
    }
}

fn status_line(status: &Status) -> Json {
    line(
        "status",
        json!({
            "source": status.source,
            "version": status.version,
            "age_ms": status.age.map(ms),
            "stale": status.stale,
            "connected": status.connected.as_str(),
            "last_error": status.last_error.as_ref().map(ToString::to_string),
            "last_error_age_ms": status.last_error_age.map(ms),
            "instance": status.instance,
            "life": status.life.as_str(),
        }),
    )
}

fn line(event: &str, members: Json) -> Json {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut line = serde_json::Map::new();
    line.insert("event".to_owned(), json!(event));
    line.insert("at".to_owned(), json!(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)));
    if let Json::Object(members) = members {
        line.extend(members);
    }
    Json::Object(line)
}

/// Milliseconds with three decimals.
fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn send(lines: &UnboundedSender<Json>, line: Json) {
    // Nobody prints any more: it has ended.
    let _ = lines.send(line);
}

/// At once, whatever stdout is: others wait for lines.
fn print(line: &Json) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}
