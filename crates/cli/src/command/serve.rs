//! `serve`: the admin server, in this process.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tidegate_admin::config::{Config, Limits};
use tidegate_admin::server::{ServeError, serve};
use tracing_subscriber::EnvFilter;

use crate::failure::{Exit, Failure};
use crate::secret::Secret;

const HELP: &str = "\
At its first start it prints a one-time token for the principal `admin` on stdout. Exchange it for a lasting one:

  TIDEGATE_TOKEN=tg_… tidegate token create --description laptop

The log goes to stderr; RUST_LOG filters it. Ctrl-C and SIGTERM end the server after the requests that are under way.";

/// Runs the admin server: definitions, pipelines and releases over HTTP
#[derive(Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Serve {
    /// Where it listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The database: sqlite:FILE, or postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(
        long,
        value_name = "URL",
        default_value = "sqlite:tidegate.db",
        env = "TIDEGATE_STORE",
        hide_env_values = true
    )]
    store: Secret,
    /// The key that signing secrets are encrypted under (mode 0600), made if it is not there; else next to the SQLite file
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The Prometheus server of guards that name none: http://127.0.0.1:9090
    #[arg(long, value_name = "URL")]
    prometheus: Option<String>,
    /// Where SDKs reach the server, for the connection strings that it makes: https://flags.example
    #[arg(long, value_name = "URL", env = "TIDEGATE_PUBLIC_URL")]
    public_url: Option<String>,
    /// Sign nothing: for trials, and networks that are trusted
    #[arg(long)]
    unsigned: bool,
    /// How often streams say something, and the heads of snapshots are signed anew
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = crate::admin::duration)]
    heartbeat: u64,
    /// The form of the log
    #[arg(long, value_enum, default_value_t = LogForm::Text)]
    log: LogForm,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum LogForm {
    Json,
    Text,
}

pub(crate) fn run(args: &Serve) -> Result<Exit, Failure> {
    log(args.log);
    let config = Config {
        listen: args.listen,
        store: args.store.text().to_owned(),
        key_file: args.key_file.clone(),
        prometheus: args.prometheus.clone(),
        public_url: args.public_url.clone(),
        unsigned: args.unsigned,
        limits: Limits { heartbeat: Duration::from_millis(args.heartbeat.max(100)), ..Limits::default() },
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Server, format!("cannot start threads: {error}")))?;
    runtime.block_on(async {
        let server = serve(config).await.map_err(failure)?;
        say(&server.url(), server.admin_token())?;
        server.run().await.map_err(failure)
    })?;
    Ok(Exit::Done)
}

/// The lines that scripts wait for; written at once, whatever stdout is.
fn say(url: &str, token: Option<&str>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on {url}")?;
    if let Some(token) = token {
        writeln!(stdout, "one-time admin token: {token}")?;
        writeln!(stdout, "exchange it for a lasting one: TIDEGATE_TOKEN=<it> tidegate token create")?;
    }
    Ok(stdout.flush()?)
}

fn failure(error: ServeError) -> Failure {
    let failure = Failure::new(Exit::Server, error.to_string());
    match error {
        ServeError::Listen { .. } => failure.hint("is it taken? --listen 127.0.0.1:0 takes a free port"),
        _ => failure,
    }
}

pub(super) fn log(form: LogForm) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    // A log that is set up already stays; this is the only place that does it.
    let _ = match form {
        LogForm::Json => log.json().try_init(),
        LogForm::Text => log.try_init(),
    };
}
