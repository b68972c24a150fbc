//! The verbs that talk to an admin server.
//!
//! ```text
//!  arguments ─▶ <noun> ─▶ client ── HTTP ──▶ admin server
//!                 │          │ token: --token-file, TIDEGATE_TOKEN, configuration file
//!                 │          ▼
//!                 │       problem documents, told to people (problem)
//!                 ▼
//!              what will happen (preview) ─▶ ask ─▶ the write, with the revision that was shown
//! ```
//! Not here: any rule of what is allowed. The server decides; these verbs fetch, show, ask, send and print.
//! INVARIANT: nothing is written that was not shown before, unless `--yes` was given.

use std::path::PathBuf;

use clap::Args;

use crate::args::Format;
use crate::failure::{Exit, Failure};

pub(crate) mod apply;
mod ask;
pub(crate) mod audit;
pub(crate) mod backup;
mod change;
pub(crate) mod change_request;
mod client;
mod config;
pub(crate) mod delivery;
pub(crate) mod environment;
pub(crate) mod feature;
mod file;
pub(crate) mod fleet;
mod json;
pub(crate) mod keys;
pub(crate) mod pipeline;
mod preview;
pub(crate) mod principal;
mod problem;
pub(crate) mod proposal;
pub(crate) mod release;
pub(crate) mod schedule;
pub(crate) mod sdk_key;
pub(crate) mod segment;
mod session;
pub(crate) mod snapshot;
mod start;
pub(crate) mod time;
pub(crate) mod token;
mod watch;
pub(crate) mod webhook;

pub(crate) use self::client::{agent, is_safe};
pub(crate) use self::file::read_document;
pub(crate) use self::json::Grid;
pub(crate) use self::session::Session;
pub(crate) use self::time::{duration, instant, span};

/// Where the server is, and how to speak with whoever started the command.
#[derive(Args, Debug)]
pub(crate) struct Remote {
    /// The server; else that of the configuration file, else http://127.0.0.1:8080
    #[arg(long, global = true, env = "TIDEGATE_SERVER", value_name = "URL", help_heading = "Server")]
    pub(crate) server: Option<String>,
    /// A file with the token (mode 0600); else TIDEGATE_TOKEN, else that of the configuration file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Server")]
    pub(crate) token_file: Option<PathBuf>,
    /// How to print
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Do it without asking
    #[arg(long, short, global = true)]
    pub(crate) yes: bool,
    /// Do it although SDKs that are live cannot compile what comes of it; the reason goes into the log
    #[arg(long, global = true, value_name = "REASON", value_parser = one_line, help_heading = "Server")]
    pub(crate) force_sdk: Option<String>,
}

/// What goes into a header.
fn one_line(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("expected a reason, found nothing".to_owned()),
        line if line.chars().any(char::is_control) => Err("expected one line".to_owned()),
        line => Ok(line.to_owned()),
    }
}

/// A noun with its verbs.
pub(crate) trait Noun {
    /// Where to.
    fn remote(&self) -> &Remote;
    /// Does it.
    fn act(&self, session: &mut Session) -> Result<Exit, Failure>;
}

/// Runs a verb of a noun to its end.
pub(crate) fn run(noun: &impl Noun) -> Result<Exit, Failure> {
    let mut session = Session::open(noun.remote())?;
    let exit = noun.act(&mut session)?;
    session.output.flush()?;
    Ok(exit)
}
