//! `deliveries`: what was sent to webhooks, and what could not be.

use clap::{Args, Subcommand};
use serde_json::Value as Json;

use super::client::{encode, query};
use super::json::{at, object, scalar, text};
use super::time::instant_of;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// Deliveries to webhooks
#[derive(Args, Debug)]
pub(crate) struct Deliveries {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them
    List {
        /// Only in this status: pending, delivered, dead
        #[arg(long)]
        status: Option<String>,
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Sends one again, with the id that it has for ever
    Resend {
        /// Its id
        id: String,
    },
}

impl Noun for Deliveries {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List { status, limit } => {
                let query = query([("status", status.clone())]);
                let list = session.client.list(&format!("/deliveries{query}"), *limit)?;
                print(session, &list)
            }
            Verb::Resend { id } => {
                let answer =
                    session.client.post(&format!("/deliveries/{}/resend", encode(id)), &object([]))?;
                session.print_answer(&answer, &format!("delivery {id}: is sent again"))
            }
        }
    }
}

pub(super) fn print(session: &mut Session, list: &[Json]) -> Result<Exit, Failure> {
    session.print_list(
        list,
        ["DELIVERY", "WEBHOOK", "FACT", "STATUS", "ATTEMPTS", "NEXT", "LAST ERROR"],
        |one| {
            let field = |names: &[&str]| {
                names.iter().find_map(|name| at(one, &format!("/{name}"))).map(scalar).unwrap_or_default()
            };
            [
                text(one, "id").or_else(|| text(one, "key")).unwrap_or_default().to_owned(),
                field(&["webhook"]),
                field(&["fact", "type", "name"]),
                field(&["status"]),
                field(&["attempts"]),
                instant_of(one.get("next_at").or_else(|| one.get("next_attempt_at"))),
                field(&["error", "last_error"]),
            ]
        },
    )
}
