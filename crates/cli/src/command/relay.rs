//! `relay`: a read replica of admin servers, in this process.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tidegate::wire::Connection;
use tidegate_delivery::relay::{Config, Relay as Running, StartError};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::serve::{LogForm, log};
use crate::failure::{Exit, Failure};
use crate::secret::Secret;

const HELP: &str = "\
An upstream is given as a connection string, as `tidegate sdk-key new` prints it, of an SDK key that the relay has for itself:

  TIDEGATE_UPSTREAM='tidegate+https://tgs_…@flags.example?environment=prod&key=…' \\
    tidegate relay --listen 0.0.0.0:8081 --cache /var/lib/tidegate-relay

Its clients use their own connection strings with the relay's address in the place of the server's. Several upstreams, one an
environment: the option several times, or the variable with spaces between them.

GET /readyz answers 200 when there is something to serve in each environment. The log goes to stderr; RUST_LOG filters it.";

/// Runs a relay: follows admin servers, and serves what they signed to many processes
#[derive(Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Relay {
    /// The connection string of an environment to follow; another relay's works as well
    #[arg(
        long,
        value_name = "CONNECTION",
        required = true,
        value_delimiter = ' ',
        env = "TIDEGATE_UPSTREAM",
        hide_env_values = true
    )]
    upstream: Vec<Secret>,
    /// Where it listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// Where it stores what it needs to start while its upstreams are gone; made if it is not there
    #[arg(long, value_name = "DIRECTORY")]
    cache: Option<PathBuf>,
    /// For how many seconds the upstream's answer holds that an SDK key is good
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    key_ttl: u64,
    /// The form of the log
    #[arg(long, value_enum, default_value_t = LogForm::Text)]
    log: LogForm,
}

pub(crate) fn run(args: &Relay) -> Result<Exit, Failure> {
    log(args.log);
    let config = Config {
        cache: args.cache.clone(),
        key_ttl: Duration::from_secs(args.key_ttl),
        ..Config::new(connections(&args.upstream)?)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Server, format!("cannot start threads: {error}")))?;
    runtime.block_on(serve(args.listen, config))?;
    Ok(Exit::Done)
}

fn connections(texts: &[Secret]) -> Result<Vec<Connection>, Failure> {
    let one = |(index, text): (usize, &Secret)| {
        text.text().parse().map_err(|error: tidegate::Error| {
            Failure::usage(format!("--upstream {}: {error}", index + 1))
                .hint("`tidegate sdk-key new --env prod` prints a connection string")
        })
    };
    texts.iter().enumerate().filter(|(_, text)| !text.text().is_empty()).map(one).collect()
}

async fn serve(address: SocketAddr, config: Config) -> Result<(), Failure> {
    let listen = |error: io::Error| {
        Failure::new(Exit::Server, format!("cannot listen at {address}: {error}"))
            .hint("is it taken? --listen 127.0.0.1:0 takes a free port")
    };
    let socket = TcpListener::bind(address).await.map_err(listen)?;
    let address = socket.local_addr().map_err(listen)?;
    let signals = |error: io::Error| Failure::new(Exit::Server, format!("cannot wait for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(signals)?;
    let relay = Running::start(config).await.map_err(failure)?;
    // The line that scripts wait for; written at once, whatever stdout is.
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on http://{address}")?;
    stdout.flush()?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    relay.serve(socket, stop).await;
    Ok(())
}

fn failure(error: StartError) -> Failure {
    let exit = match error {
        StartError::Cache { .. } => Exit::Io,
        StartError::Tls(_) => Exit::Server,
        _ => Exit::Usage,
    };
    Failure::new(exit, error.to_string())
}
