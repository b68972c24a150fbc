//! The command line of Tidegate: evaluates and explains snapshots offline, serves, and drives releases.
//!
//! ```text
//!  arguments ─▶ args ─▶ command/<verb> ─▶ data to stdout, everything else to stderr, an exit code
//!                          │ document (file or stdin), contexts (flags or JSON lines)
//!                          ▼
//!                       tidegate: compile, engine, trace
//!            admin/<noun> ─▶ HTTP ─▶ an admin server (`tidegate serve`)
//! ```
//! Not here: any semantics. A decision is the engine's, a trace is the library's; this crate reads, asks and prints.
//! INVARIANT: a reader that goes away (`| head`) ends a verb quietly, and nothing panics.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

mod admin;
mod args;
mod command;
mod contexts;
mod document;
mod failure;
mod nearest;
mod output;
mod progress;
mod secret;
mod warnings;

/// The version of docs/SEMANTICS.md that decisions follow.
pub const SEMANTICS: u32 = 1;

/// Runs the command line with arguments, the first of which is the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match args::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors, and a closed pipe is none of ours.
            let _ = error.print();
            return if error.use_stderr() { failure::Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    match command::run(cli.verb) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report().into(),
    }
}
