//! `sdk-key`: what SDKs authenticate with; a connection string is shown once.

use clap::{Args, Subcommand};
use serde_json::json;

use super::client::encode;
use super::json::{object, text};
use super::time::instant_of;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// SDK keys: what lets the SDKs of an environment have its snapshot
#[derive(Args, Debug)]
pub(crate) struct SdkKeys {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them, without their secrets
    List {
        /// Only those of this environment
        #[arg(long = "env", alias = "environment", value_name = "ENVIRONMENT")]
        environment: Option<String>,
    },
    /// Makes one, and prints its connection string: once, and nothing else on stdout
    New {
        /// The environment
        #[arg(long = "env", alias = "environment", value_name = "ENVIRONMENT")]
        environment: String,
        /// Who uses it
        #[arg(long)]
        description: Option<String>,
    },
    /// Revokes one, at once and for ever
    Revoke {
        /// Its id, not its secret
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
}

impl Noun for SdkKeys {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List { environment } => {
                let mut list = session.client.list("/sdk-keys", None)?;
                if environment.is_some() {
                    list.retain(|one| text(one, "environment") == environment.as_deref());
                }
                session.print_list(
                    &list,
                    ["SDK KEY", "ENVIRONMENT", "MADE", "BY", "REVOKED", "LAST USED", "DESCRIPTION"],
                    |one| {
                        [
                            text(one, "key").unwrap_or_default().to_owned(),
                            text(one, "environment").unwrap_or_default().to_owned(),
                            instant_of(one.get("created_at")),
                            text(one, "by").unwrap_or_default().to_owned(),
                            instant_of(one.get("revoked_at")),
                            instant_of(one.get("last_used")),
                            text(one, "description").unwrap_or_default().to_owned(),
                        ]
                    },
                )
            }
            Verb::New { environment, description } => {
                let body = object([
                    ("environment", json!(environment)),
                    ("description", json!(description)),
                    // A server that was told where it is reached knows better.
                    ("url", json!(session.client.server())),
                ]);
                let answer = session.client.post("/sdk-keys", &body)?;
                session.print_secret(&answer, "SDK key", "revoke it, and make another")
            }
            Verb::Revoke { id, reason } => {
                session.confirm(&format!("Revoke the SDK key {id}? SDKs that use it get nothing new."))?;
                let body = object([("reason", json!(reason))]);
                let answer = session.client.post(&format!("/sdk-keys/{}/revoke", encode(id)), &body)?;
                session.print_answer(&answer, &format!("SDK key {id}: revoked"))
            }
        }
    }
}
