//! `token`: API tokens; a secret is shown once.

use clap::{Args, Subcommand};
use serde_json::json;

use super::client::encode;
use super::json::{at, object, scalar, text};
use super::time::{duration, instant_of};
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// API tokens
#[derive(Args, Debug)]
pub(crate) struct Tokens {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them, without their secrets
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Makes one, and prints its secret: once, and nothing else on stdout
    Create {
        /// Whose it is; your own if left out
        #[arg(long)]
        principal: Option<String>,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        /// When it ends: RFC 3339, or milliseconds since 1970
        #[arg(long, value_name = "INSTANT", value_parser = crate::args::instant, conflicts_with = "expires_in")]
        expires_at: Option<i64>,
        /// How long it lives: 90d
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires_in: Option<u64>,
    },
    /// Revokes one, at once and for ever
    Revoke {
        /// Its id, not its secret
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Tells who you are and what you may do
    Whoami,
}

impl Noun for Tokens {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List { limit } => {
                let list = session.client.list("/tokens", *limit)?;
                session.print_list(
                    &list,
                    ["TOKEN", "PRINCIPAL", "MADE", "EXPIRES", "REVOKED", "LAST USED", "DESCRIPTION"],
                    |one| {
                        [
                            text(one, "key").unwrap_or_default().to_owned(),
                            at(one, "/principal").map(scalar).unwrap_or_default(),
                            instant_of(one.get("created_at")),
                            instant_of(one.get("expires_at")),
                            instant_of(one.get("revoked_at")),
                            instant_of(one.get("last_used")),
                            text(one, "description").unwrap_or_default().to_owned(),
                        ]
                    },
                )
            }
            Verb::Create { principal, description, expires_at, expires_in } => {
                let expires = match expires_in {
                    Some(ms) => {
                        let now = jiff::Timestamp::now().as_millisecond();
                        json!(now.saturating_add(i64::try_from(*ms).unwrap_or(i64::MAX)))
                    }
                    None => json!(expires_at),
                };
                let body = object([
                    ("principal", json!(principal)),
                    ("description", json!(description)),
                    ("expires_at", expires),
                ]);
                let answer = session.client.post("/tokens", &body)?;
                session.print_secret(&answer, "token", "revoke it, and make another")
            }
            Verb::Revoke { id, reason } => {
                session.confirm(&format!("Revoke the token {id}?"))?;
                let body = object([("reason", json!(reason))]);
                let answer = session.client.post(&format!("/tokens/{}/revoke", encode(id)), &body)?;
                session.print_answer(&answer, &format!("token {id}: revoked"))
            }
            Verb::Whoami => {
                let body = session.client.get("/me")?;
                session.print_whole(&body)
            }
        }
    }
}
