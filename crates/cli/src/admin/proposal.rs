//! `proposal`: changes of environments and attachments that a second person must approve.

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::client::encode;
use super::json::{at, object, scalar, text};
use super::time::instant_of;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// Proposals: changes that need a second person
#[derive(Args, Debug)]
pub(crate) struct Proposals {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them
    List,
    /// Shows one
    Show {
        /// Its id
        id: String,
    },
    /// Approves one of somebody else; it is made at once
    Approve {
        /// Its id
        id: String,
        /// What there is to say
        #[arg(long)]
        comment: Option<String>,
    },
    /// Rejects one, or takes one's own back
    Reject {
        /// Its id
        id: String,
        /// What there is to say
        #[arg(long)]
        comment: Option<String>,
    },
}

impl Noun for Proposals {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List => {
                let list = session.client.list("/proposals", None)?;
                session.print_list(&list, ["PROPOSAL", "STATUS", "BY", "MADE", "CHANGE"], |one| {
                    let field = |name: &str| at(one, &format!("/{name}")).map(scalar).unwrap_or_default();
                    [
                        text(one, "key").or_else(|| text(one, "id")).unwrap_or_default().to_owned(),
                        field("status"),
                        field("by"),
                        instant_of(one.get("created_at")),
                        change(one),
                    ]
                })
            }
            Verb::Show { id } => {
                let body = session.client.get(&path(id))?;
                session.print_whole(&body)
            }
            Verb::Approve { id, comment } => {
                if !session.is_json() {
                    let shown = session.client.get(&path(id))?;
                    session.print_whole(&shown)?;
                }
                session.confirm(&format!("Approve the proposal {id}? It is made at once."))?;
                let body = object([("comment", json!(comment))]);
                let answer = session.client.post(&format!("{}/approve", path(id)), &body)?;
                session.print_answer(&answer, &format!("proposal {id}: made"))
            }
            Verb::Reject { id, comment } => {
                let body = object([("comment", json!(comment))]);
                let answer = session.client.post(&format!("{}/reject", path(id)), &body)?;
                session.print_answer(&answer, &format!("proposal {id}: rejected"))
            }
        }
    }
}

fn path(id: &str) -> String {
    format!("/proposals/{}", encode(id))
}

/// What it would change, in a few words.
fn change(one: &Json) -> String {
    let change = at(one, "/change").unwrap_or(one);
    let name = |names: &[&str]| names.iter().find_map(|name| text(change, name)).map(str::to_owned);
    match change.as_object().and_then(|members| members.iter().find(|(_, value)| value.is_object())) {
        Some((kind, inner)) => {
            let of =
                ["environment", "key"].into_iter().find_map(|name| text(inner, name)).unwrap_or_default();
            format!("{kind} {of}")
        }
        None => name(&["environment", "key"]).unwrap_or_else(|| scalar(change)),
    }
}
