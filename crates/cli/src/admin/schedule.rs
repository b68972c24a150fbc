//! `schedule`: changes that are to be made later.

use clap::{Args, Subcommand};
use serde_json::json;

use super::client::{encode, query};
use super::json::{at, object, scalar, text};
use super::time::instant_of;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// Scheduled changes; made by `--at`
#[derive(Args, Debug)]
pub(crate) struct Schedules {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them
    List {
        /// Only in this status: pending, applied, suspended, cancelled
        #[arg(long)]
        status: Option<String>,
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Shows one
    Show {
        /// Its id
        id: String,
    },
    /// Takes one back that waits or is suspended
    Cancel {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
}

impl Noun for Schedules {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List { status, limit } => {
                let query = query([("status", status.clone())]);
                let list = session.client.list(&format!("/schedules{query}"), *limit)?;
                session.print_list(&list, ["SCHEDULE", "AT", "STATUS", "BY", "RELEASE", "WHY"], |one| {
                    let field = |name: &str| at(one, &format!("/{name}")).map(scalar).unwrap_or_default();
                    [
                        text(one, "key").or_else(|| text(one, "id")).unwrap_or_default().to_owned(),
                        instant_of(one.get("at")),
                        field("status"),
                        field("by"),
                        field("release"),
                        field("why"),
                    ]
                })
            }
            Verb::Show { id } => {
                let body = session.client.get(&format!("/schedules/{}", encode(id)))?;
                session.print_whole(&body)
            }
            Verb::Cancel { id, reason } => {
                session.confirm(&format!("Cancel the scheduled change {id}?"))?;
                let body = object([("reason", json!(reason))]);
                let answer = session.client.post(&format!("/schedules/{}/cancel", encode(id)), &body)?;
                session.print_answer(&answer, &format!("schedule {id}: cancelled"))
            }
        }
    }
}
