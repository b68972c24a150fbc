//! The arguments: verbs, options, and what `--help` says.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use tidegate::operand::instant::{instant_from_int, parse_instant};

use crate::admin::apply::Apply;
use crate::admin::audit::Audit;
use crate::admin::backup::Backup;
use crate::admin::change_request::ChangeRequests;
use crate::admin::delivery::Deliveries;
use crate::admin::environment::Environments;
use crate::admin::feature::Features;
use crate::admin::fleet::Fleet;
use crate::admin::keys::Keys;
use crate::admin::pipeline::Pipelines;
use crate::admin::principal::Principals;
use crate::admin::proposal::Proposals;
use crate::admin::release::Releases;
use crate::admin::schedule::Schedules;
use crate::admin::sdk_key::SdkKeys;
use crate::admin::segment::Segments;
use crate::admin::snapshot::Snapshot;
use crate::admin::token::Tokens;
use crate::admin::webhook::Webhooks;
use crate::command::follow::Follow;
use crate::command::publish::Publish;
use crate::command::relay::Relay;
use crate::command::serve::Serve;
use crate::command::simulate::Simulate;
use crate::contexts::{Assignment, assignment};

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (semantics 1)");
const _: () = assert!(crate::SEMANTICS == 1);

pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  a document is invalid; its diagnostics are printed
  2  wrong usage: options, an unknown feature, a name given twice
  3  a context is bad: not JSON, or not an object
  4  a file or stream cannot be read or written
  5  refused, by the server or by `publish`; nothing was changed
  6  the server failed, or cannot be reached
  7  nobody said yes, or there was no terminal to ask on; nothing was changed
  8  release watch: it was aborted, superseded or reverted; simulate: it was aborted
  9  release watch: it still runs after --timeout; simulate: it still runs after --days

Data goes to stdout, everything else to stderr. NO_COLOR is respected.";

const EVAL_HELP: &str = "\
Without --context, --set and --contexts, contexts are read from stdin: JSON lines, one object per line, and for \
each a line {\"line\":1,\"decisions\":[…]} is written. A line that is blank is passed over.

Without --now, all contexts are decided at the instant when the command started.

Examples:
  tidegate eval snapshot.json --process environment=prod --set user_id=u-7 --set plan=pro
  tidegate eval snapshot.json --feature checkout --context '{\"user_id\": \"u-7\"}' --format json
  tidegate eval snapshot.json --process environment=prod < contexts.jsonl > decisions.jsonl";

/// Moves releases through their pipelines, and evaluates and explains snapshots offline
#[derive(Debug, Parser)]
#[command(name = "tidegate", version = VERSION, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Validate(Validate),
    Eval(Eval),
    Explain(Explain),
    Listing(Listing),
    Schema(Schema),
    Import(Import),
    Completions(Completions),
    Serve(Serve),
    Follow(Follow),
    Relay(Relay),
    Publish(Publish),
    Simulate(Simulate),
    Apply(Apply),
    Env(Environments),
    Feature(Features),
    Segment(Segments),
    Pipeline(Pipelines),
    Release(Releases),
    ChangeRequest(ChangeRequests),
    Schedule(Schedules),
    Snapshot(Snapshot),
    Proposal(Proposals),
    Principal(Principals),
    Token(Tokens),
    SdkKey(SdkKeys),
    Keys(Keys),
    Webhook(Webhooks),
    Deliveries(Deliveries),
    Fleet(Fleet),
    Audit(Audit),
    Backup(Backup),
    /// Decides documents and contexts in bulk, for comparison with other evaluators
    #[command(hide = true)]
    Bulk,
}

/// Checks documents strictly, and lists every problem
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Validate {
    /// The documents; `-` is stdin
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) process: Process,
    /// Treat a document with warnings as invalid
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// Decides features for contexts
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, after_long_help = format!("{EVAL_HELP}\n\n{EXIT_CODES}"))]
pub(crate) struct Eval {
    /// The document; `-` is stdin (contexts then come from options)
    pub(crate) file: PathBuf,
    /// A feature to decide, repeatable; all if left out
    #[arg(long = "feature", value_name = "KEY")]
    pub(crate) features: Vec<String>,
    #[command(flatten)]
    pub(crate) context: OneContext,
    /// A file with contexts as JSON lines; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["context", "set"])]
    pub(crate) contexts: Option<PathBuf>,
    /// Lines are {"context": {…}, "now": …} instead of contexts alone
    #[arg(long, conflicts_with_all = ["context", "set"])]
    pub(crate) with_meta: bool,
    /// What a bad line does
    #[arg(long, value_enum, default_value_t = OnError::Stop, conflicts_with_all = ["context", "set"])]
    pub(crate) on_error: OnError,
    #[command(flatten)]
    pub(crate) process: Process,
    #[command(flatten)]
    pub(crate) how: How,
    /// How to print; for one context on a terminal a table, else JSON
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
}

/// Shows why a feature is decided as it is
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Explain {
    /// The document; `-` is stdin
    pub(crate) file: PathBuf,
    /// The feature
    pub(crate) feature: String,
    #[command(flatten)]
    pub(crate) context: OneContext,
    #[command(flatten)]
    pub(crate) process: Process,
    #[command(flatten)]
    pub(crate) how: How,
    /// How to print
    #[arg(long, value_enum, default_value_t = TreeFormat::Tree)]
    pub(crate) format: TreeFormat,
}

/// Prints the compiled program as text
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Listing {
    /// The document; `-` is stdin
    pub(crate) file: PathBuf,
    /// A feature to print, repeatable; all if left out
    #[arg(long = "feature", value_name = "KEY")]
    pub(crate) features: Vec<String>,
    #[command(flatten)]
    pub(crate) process: Process,
    /// Isolate what is invalid instead of refusing the document
    #[arg(long)]
    pub(crate) lenient: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub(crate) format: TextFormat,
}

/// Prints the JSON Schema of the document, for editors
#[derive(Args, Debug)]
pub(crate) struct Schema {
    /// How to print
    #[arg(long, value_enum, default_value_t = JsonFormat::Json)]
    pub(crate) format: JsonFormat,
}

/// Turns documents of other systems into snapshots
#[derive(Args, Debug)]
pub(crate) struct Import {
    #[command(subcommand)]
    pub(crate) from: Foreign,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Foreign {
    Statsig(Statsig),
}

/// Imports a Statsig payload (dcs-v2); the report lists what is not exact
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Statsig {
    /// The payload; `-` is stdin
    pub(crate) file: PathBuf,
    /// Where the snapshot goes; stdout if left out
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Where the report goes; stderr if left out
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// Prints a completion script for a shell
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

#[derive(Args, Debug)]
pub(crate) struct Process {
    /// A process attribute, repeatable: environment=prod; a value that is JSON is taken as JSON
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) process: Vec<Assignment>,
}

#[derive(Args, Debug)]
pub(crate) struct OneContext {
    /// The context, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) context: Option<String>,
    /// An attribute of the context, repeatable, over that of --context; a value that is JSON is taken as JSON
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<Assignment>,
}

#[derive(Args, Debug)]
pub(crate) struct How {
    /// The instant to decide at: RFC 3339, or milliseconds since 1970
    #[arg(long, value_name = "INSTANT", value_parser = instant, allow_hyphen_values = true)]
    pub(crate) now: Option<i64>,
    /// Isolate what is invalid instead of refusing the document
    #[arg(long)]
    pub(crate) lenient: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Table,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum TreeFormat {
    Json,
    Tree,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum TextFormat {
    Json,
    Text,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum JsonFormat {
    Json,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum OnError {
    /// Report it and go on
    Skip,
    /// Report it and end with exit code 3
    Stop,
}

pub(crate) fn instant(text: &str) -> Result<i64, String> {
    let ms = text.parse().ok().and_then(instant_from_int);
    ms.or_else(|| parse_instant(text)).ok_or_else(|| {
        "expected an instant such as 2026-01-31T12:00:00Z, or milliseconds since 1970".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
