//! `keys`: the keys that snapshots are signed with.

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::client::{Answer, encode};
use super::json::{object, text};
use super::time::instant_of;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// Signing keys: what SDKs trust snapshots by
#[derive(Args, Debug)]
pub(crate) struct Keys {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them; connection strings pin the public key of the one that was active when they were made
    List,
    /// Makes the next one: SDKs learn of it now, and it signs after the next rotation
    New,
    /// Signs with the next key from now on, or with a new one
    Rotate {
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// The active key's secret is lost: SDKs do not follow, and need new connection strings
        #[arg(long)]
        lost: bool,
    },
    /// Forgets the secret of a key that does not sign
    Retire {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
}

impl Noun for Keys {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List => {
                let list = session.client.list("/signing-keys", None)?;
                session.print_list(
                    &list,
                    ["KEY", "STATE", "PUBLIC KEY", "ENDORSED BY", "MADE", "SIGNS SINCE"],
                    |one| {
                        [
                            text(one, "key").unwrap_or_default().to_owned(),
                            text(one, "state").unwrap_or_default().to_owned(),
                            text(one, "public").unwrap_or_default().to_owned(),
                            text(one, "endorsed_by").unwrap_or("-").to_owned(),
                            instant_of(one.get("created_at")),
                            instant_of(one.get("activated_at")),
                        ]
                    },
                )
            }
            Verb::New => {
                let answer = session.client.post("/signing-keys", &object([]))?;
                print(session, &answer)
            }
            Verb::Rotate { reason, lost } => {
                let question = if *lost {
                    "Sign with another key? Nothing endorses it: SDKs take nothing new until they have new connection strings."
                } else {
                    "Sign with another key? SDKs follow by themselves."
                };
                session.confirm(question)?;
                let lost = if *lost { json!(true) } else { Json::Null };
                let body = object([("reason", json!(reason)), ("lost", lost)]);
                let answer = session.client.post("/signing-keys/rotate", &body)?;
                print(session, &answer)
            }
            Verb::Retire { id, reason } => {
                session.confirm(&format!("Forget the secret of the signing key {id}?"))?;
                let body = object([("reason", json!(reason))]);
                let answer = session.client.post(&format!("/signing-keys/{}/retire", encode(id)), &body)?;
                print(session, &answer)
            }
        }
    }
}

fn print(session: &mut Session, answer: &Answer) -> Result<Exit, Failure> {
    let field = |name| text(&answer.body, name).unwrap_or("?").to_owned();
    let line = format!("signing key {}: {} (public key {})", field("key"), field("state"), field("public"));
    session.print_answer(answer, &line)
}
