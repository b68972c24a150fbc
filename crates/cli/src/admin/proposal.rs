//! `proposal`: changes of environments and attachments that a second person must approve.

use clap::{Args, Subcommand};

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
                        field("change"),
                    ]
                })
            }
            Verb::Show { id } => {
                let list = session.client.list("/proposals", None)?;
                let one = list.iter().find(|one| text(one, "key").or_else(|| text(one, "id")) == Some(id));
                match one {
                    Some(one) => session.print_whole(one),
                    None => Err(Failure::new(Exit::Refused, format!("there is no proposal `{id}`"))),
                }
            }
            Verb::Approve { id } => {
                session.confirm(&format!("Approve the proposal {id}? It is made at once."))?;
                let answer =
                    session.client.post(&format!("/proposals/{}/approve", encode(id)), &object([]))?;
                session.print_answer(&answer, &format!("proposal {id}: made"))
            }
        }
    }
}
