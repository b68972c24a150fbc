//! `audit`: the log, its chain of hashes, and its export.

use std::fs::File;
use std::io::{BufRead as _, BufWriter, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value as Json;

use super::client::query;
use super::json::{at, items, scalar, text};
use super::time::instant_of;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure, reason};

/// The audit log: append-only, each entry chained to the one before by its hash
#[derive(Args, Debug)]
pub(crate) struct Audit {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists entries, the newest first
    List(List),
    /// Checks the chain, and that it still leads to a hash that was noted before
    Verify {
        /// A head hash that was noted before, such as one that a snapshot carries
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Writes all of it, a line of JSON for each entry
    Export {
        /// Where it goes; stdout if left out
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Args, Debug)]
struct List {
    /// Only by them
    #[arg(long)]
    actor: Option<String>,
    /// Only this action: feature.saved, or release.* for all that begin so
    #[arg(long)]
    action: Option<String>,
    /// Only about this kind: feature, release, …
    #[arg(long)]
    kind: Option<String>,
    /// Only about this key
    #[arg(long)]
    key: Option<String>,
    /// Only at or after: RFC 3339, or milliseconds since 1970
    #[arg(long, value_parser = crate::args::instant)]
    since: Option<i64>,
    /// Only before
    #[arg(long, value_parser = crate::args::instant)]
    until: Option<i64>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

impl Noun for Audit {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List(args) => list(session, args),
            Verb::Verify { head } => verify(session, head.as_deref()),
            Verb::Export { output } => export(session, output.as_ref()),
        }
    }
}

fn list(session: &mut Session, args: &List) -> Result<Exit, Failure> {
    let query = query([
        ("newest_first", Some("true".to_owned())),
        ("actor", args.actor.clone()),
        ("action", args.action.clone()),
        ("kind", args.kind.clone()),
        ("key", args.key.clone()),
        ("since", args.since.map(|at| at.to_string())),
        ("until", args.until.map(|at| at.to_string())),
    ]);
    let list = session.client.list(&format!("/audit{query}"), Some(args.limit))?;
    session.print_list(&list, ["SEQ", "AT", "WHO", "ACTION", "ABOUT", "REASON"], |entry| {
        let one = entry;
        let about = match (at(one, "/subject/kind"), at(one, "/subject/key")) {
            (Some(kind), Some(key)) => format!("{} {}", scalar(kind), scalar(key)),
            _ => items(one, "changes").len().to_string(),
        };
        [
            at(one, "/seq").map(scalar).unwrap_or_default(),
            instant_of(one.get("at")),
            text(one, "actor").unwrap_or_default().to_owned(),
            text(one, "action").unwrap_or_default().to_owned(),
            about,
            text(one, "reason").unwrap_or_default().to_owned(),
        ]
    })
}

/// A log that does not hold is a failure of the exit code, too.
fn verify(session: &mut Session, head: Option<&str>) -> Result<Exit, Failure> {
    let query = query([("head", head.map(str::to_owned))]);
    let body = session.client.get(&format!("/audit/verify{query}"))?;
    let whole =
        ["ok", "valid", "whole", "holds"].into_iter().find_map(|name| body.get(name).and_then(Json::as_bool));
    if whole == Some(false) {
        let why = text(&body, "why");
        let failure = Failure::new(
            Exit::Refused,
            format!("the audit log is not whole{}", why.map(|why| format!(": {why}")).unwrap_or_default()),
        );
        return Err(failure.hint("somebody changed the database; restore it from a backup, and compare"));
    }
    session.print_one(&body, |body| {
        let events = at(body, "/events").map(scalar).unwrap_or_default();
        format!("the audit log is whole: {events} events\nhead: {}\n", text(body, "head").unwrap_or("-"))
    })
}

fn export(session: &mut Session, path: Option<&PathBuf>) -> Result<Exit, Failure> {
    let mut lines = session.client.lines("/audit/export", None)?;
    let broken = |error: &std::io::Error| {
        Failure::new(Exit::Server, format!("the export broke off: {}", reason(error)))
            .hint("what was written is not whole")
    };
    let mut line = String::new();
    let mut file = match path {
        None => None,
        Some(path) => Some(BufWriter::new(File::create(path).map_err(|error| unwritable(path, &error))?)),
    };
    let mut number = 0_u64;
    loop {
        line.clear();
        if lines.read_line(&mut line).map_err(|error| broken(&error))? == 0 {
            break;
        }
        number += 1;
        match (&mut file, path) {
            (Some(file), Some(path)) => {
                file.write_all(line.as_bytes()).map_err(|error| unwritable(path, &error))?
            }
            _ => session.output.text(&line)?,
        }
    }
    if let (Some(mut file), Some(path)) = (file, path) {
        file.flush().map_err(|error| unwritable(path, &error))?;
        crate::output::note(&format!("{number} entries in {}", path.display()));
    }
    Ok(Exit::Done)
}

fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Io, format!("cannot write {}: {}", path.display(), reason(error)))
}
