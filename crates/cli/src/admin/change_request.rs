//! `change-request`: the approval view of entering phases.

use clap::{Args, Subcommand};
use serde_json::Value as Json;

use super::client::{encode, query};
use super::json::{at, items, scalar, text};
use super::preview;
use super::release::waiting_lines;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// Change requests: phases that await approval
#[derive(Args, Debug)]
pub(crate) struct ChangeRequests {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them
    List {
        /// Only those that you can approve
        #[arg(long)]
        mine: bool,
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Shows what the phase would change
    Show {
        /// The release
        release: String,
    },
}

impl Noun for ChangeRequests {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List { mine, limit } => {
                let query = query([("mine", mine.then(|| "true".to_owned()))]);
                let list = session.client.list(&format!("/change-requests{query}"), *limit)?;
                session.print_list(&list, ["RELEASE", "PHASE", "CHANGES", "APPROVALS"], |one| {
                    [release(one), phase(one), changes(one), approvals(one)]
                })
            }
            Verb::Show { release } => {
                let body = session.client.get(&format!("/change-requests/{}", encode(release)))?;
                session.print_one(&body, show)
            }
        }
    }
}

fn release(one: &Json) -> String {
    super::release::id_of(one)
}

fn phase(one: &Json) -> String {
    text(one, "phase").unwrap_or_default().to_owned()
}

/// The keys of what the release changes.
fn changes(one: &Json) -> String {
    let keys = at(one, "/diff").and_then(Json::as_object);
    keys.map(|keys| keys.keys().map(String::as_str).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

/// How many of how many.
fn approvals(one: &Json) -> String {
    let need = at(one, "/needs/count").map(scalar).unwrap_or_default();
    format!("{} of {need}", items(one, "approvals").len())
}

fn show(one: &Json) -> String {
    let mut out = format!("release: {}\nphase: {}\n", release(one), phase(one));
    for (label, value) in [("changes", changes(one)), ("approvals", approvals(one))] {
        if !value.is_empty() {
            out.push_str(&format!("{label}: {value}\n"));
        }
    }
    out.push_str(&preview::lines(one));
    for wait in waiting_lines(one.get("waiting_for")) {
        out.push_str(&format!("waiting for: {wait}\n"));
    }
    out.push_str(&format!("approve it with: tidegate release approve {}\n", release(one)));
    out
}
