//! `webhook`: who is told what happens.

use clap::{Args, Subcommand};
use serde_json::{Map, Value as Json, json};

use super::client::encode;
use super::delivery;
use super::json::{object, strings, text};
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// Webhooks: endpoints that are told what happens (Standard Webhooks)
#[derive(Args, Debug)]
pub(crate) struct Webhooks {
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
    /// Makes one, and prints its signing secret: once, and nothing else on stdout
    Create {
        /// Where deliveries are posted
        #[arg(long)]
        url: String,
        /// A fact that it wants, repeatable: release.completed; all if left out
        #[arg(long = "fact", value_name = "NAME")]
        facts: Vec<String>,
    },
    /// Changes one; what is not given stays
    Update {
        /// Its id
        id: String,
        /// Where deliveries are posted
        #[arg(long)]
        url: Option<String>,
        /// A fact that it wants, repeatable
        #[arg(long = "fact", value_name = "NAME")]
        facts: Vec<String>,
        /// Whether nothing is sent
        #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
        disabled: Option<bool>,
    },
    /// Deletes one
    Delete {
        /// Its id
        id: String,
    },
    /// Gives it a new signing secret, and prints it: once
    Rotate {
        /// Its id
        id: String,
    },
    /// Sends it something to see that it listens
    Test {
        /// Its id
        id: String,
    },
    /// Lists what was sent to it
    Deliveries {
        /// Its id
        id: String,
        /// Only in this status: pending, delivered, dead
        #[arg(long)]
        status: Option<String>,
    },
}

impl Noun for Webhooks {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        let path = |id: &str| format!("/webhooks/{}", encode(id));
        match &self.verb {
            Verb::List => {
                let list = session.client.list("/webhooks", None)?;
                session.print_list(&list, ["WEBHOOK", "URL", "FACTS", "DISABLED"], |one| {
                    let facts = strings(one, "facts");
                    [
                        text(one, "key").or_else(|| text(one, "id")).unwrap_or_default().to_owned(),
                        text(one, "url").unwrap_or_default().to_owned(),
                        if facts.is_empty() { "all".to_owned() } else { facts.join(",") },
                        if one.get("disabled") == Some(&json!(true)) { "yes" } else { "no" }.to_owned(),
                    ]
                })
            }
            Verb::Show { id } => {
                let body = session.client.get(&path(id))?;
                session.print_whole(&body)
            }
            Verb::Create { url, facts } => {
                let facts = if facts.is_empty() { Json::Null } else { json!(facts) };
                let answer =
                    session.client.post("/webhooks", &object([("url", json!(url)), ("facts", facts)]))?;
                secret(session, &answer)
            }
            Verb::Update { id, url, facts, disabled } => {
                let before = session.client.get(&path(id))?;
                let mut body = Map::new();
                for name in ["url", "facts", "disabled"] {
                    if let Some(value) = before.get(name).filter(|value| !value.is_null()) {
                        body.insert(name.to_owned(), value.clone());
                    }
                }
                if let Some(url) = url {
                    body.insert("url".to_owned(), json!(url));
                }
                if !facts.is_empty() {
                    body.insert("facts".to_owned(), json!(facts));
                }
                if let Some(disabled) = disabled {
                    body.insert("disabled".to_owned(), json!(disabled));
                }
                let answer = session.client.put_over(&path(id), &Json::Object(body), &before)?;
                session.print_answer(&answer, &format!("webhook {id}: changed"))
            }
            Verb::Delete { id } => {
                session.confirm(&format!("Delete the webhook {id}?"))?;
                let answer = session.client.delete(&path(id), None)?;
                session.print_answer(&answer, &format!("webhook {id}: deleted"))
            }
            Verb::Rotate { id } => {
                session.confirm(&format!("Give the webhook {id} a new secret?"))?;
                let answer = session.client.post(&format!("{}/rotate", path(id)), &object([]))?;
                secret(session, &answer)
            }
            Verb::Test { id } => {
                let answer = session.client.post(&format!("{}/test", path(id)), &object([]))?;
                session.print_answer(&answer, &format!("webhook {id}: something is sent"))
            }
            Verb::Deliveries { id, status } => {
                let query = super::client::query([("status", status.clone())]);
                let list = session.client.list(&format!("{}/deliveries{query}", path(id)), None)?;
                delivery::print(session, &list)
            }
        }
    }
}

fn secret(session: &mut Session, answer: &super::client::Answer) -> Result<Exit, Failure> {
    session.print_secret(answer, "webhook", "rotate it: tidegate webhook rotate")
}
