//! `principal`: people and service accounts, and what they may do.

use clap::{Args, Subcommand};
use serde_json::{Map, Value as Json, json};

use super::client::encode;
use super::json::{items, object, strings, text};
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// People and service accounts
#[derive(Args, Debug)]
pub(crate) struct Principals {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Shows one
    Show {
        /// Its id
        id: String,
    },
    /// Makes one; it acts with a token: tidegate token create --principal ID
    Create {
        /// Its id
        id: String,
        /// What it is
        #[arg(long, value_parser = ["person", "service"], default_value = "person")]
        kind: String,
        /// Its name, for people
        #[arg(long)]
        name: Option<String>,
        /// A role, repeatable; everywhere, or in the environments after the `:`
        #[arg(long = "grant", value_name = "ROLE[:ENV,…]", value_parser = grant)]
        grants: Vec<Json>,
    },
    /// Changes one; what is not given stays, grants are replaced
    Update {
        /// Its id
        id: String,
        /// Its name, for people
        #[arg(long)]
        name: Option<String>,
        /// A role, repeatable; everywhere, or in the environments after the `:`
        #[arg(long = "grant", value_name = "ROLE[:ENV,…]", value_parser = grant)]
        grants: Vec<Json>,
    },
    /// Deletes one that nothing names
    Delete {
        /// Its id
        id: String,
    },
    /// Disables one: it can do nothing any more, nor can its tokens
    Disable {
        /// Its id
        id: String,
    },
}

impl Noun for Principals {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        let path = |id: &str| format!("/principals/{}", encode(id));
        match &self.verb {
            Verb::List { limit } => {
                let list = session.client.list("/principals", *limit)?;
                session.print_list(&list, ["PRINCIPAL", "KIND", "NAME", "GRANTS", "DISABLED"], |one| {
                    [
                        text(one, "key").or_else(|| text(one, "id")).unwrap_or_default().to_owned(),
                        text(one, "kind").unwrap_or_default().to_owned(),
                        text(one, "name").unwrap_or_default().to_owned(),
                        grants(one),
                        if one.get("disabled") == Some(&json!(true)) { "yes" } else { "no" }.to_owned(),
                    ]
                })
            }
            Verb::Show { id } => {
                let body = session.client.get(&path(id))?;
                session.print_whole(&body)
            }
            Verb::Create { id, kind, name, grants } => {
                let body = object([
                    ("id", json!(id)),
                    ("kind", json!(kind)),
                    ("name", json!(name)),
                    ("grants", json!(grants)),
                ]);
                let answer = session.client.post("/principals", &body)?;
                session.print_answer(
                    &answer,
                    &format!(
                        "principal {id}: made; it acts with a token: tidegate token create --principal {id}"
                    ),
                )
            }
            Verb::Update { id, name, grants } => {
                let before = session.client.get(&path(id))?;
                let mut body = Map::new();
                for member in ["name", "grants", "disabled"] {
                    if let Some(value) = before.get(member).filter(|value| !value.is_null()) {
                        body.insert(member.to_owned(), value.clone());
                    }
                }
                if let Some(name) = name {
                    body.insert("name".to_owned(), json!(name));
                }
                if !grants.is_empty() {
                    body.insert("grants".to_owned(), json!(grants));
                }
                let answer = session.client.put_over(&path(id), &Json::Object(body), &before)?;
                session.print_answer(&answer, &format!("principal {id}: changed"))
            }
            Verb::Disable { id } => {
                session.confirm(&format!("Disable {id}?"))?;
                let answer = session.client.post(&format!("{}/disable", path(id)), &object([]))?;
                session.print_answer(&answer, &format!("principal {id}: disabled"))
            }
            Verb::Delete { id } => {
                session.confirm(&format!("Delete {id}?"))?;
                let answer = session.client.delete(&path(id), None)?;
                session.print_answer(&answer, &format!("principal {id}: deleted"))
            }
        }
    }
}

/// `releaser`, or `approver:prod-eu,prod-us`.
fn grant(text: &str) -> Result<Json, String> {
    const ROLES: [&str; 5] = ["viewer", "editor", "approver", "releaser", "admin"];
    let (role, environments) = match text.split_once(':') {
        Some((role, environments)) => (role, Some(environments)),
        None => (text, None),
    };
    if !ROLES.contains(&role) {
        return Err(format!("`{role}` is no role; expected one of {}", ROLES.join(", ")));
    }
    let environments: Option<Vec<&str>> = environments.map(|names| names.split(',').collect());
    if environments.as_ref().is_some_and(|names| names.contains(&"")) {
        return Err("an environment is empty".to_owned());
    }
    Ok(object([("role", json!(role)), ("environments", json!(environments))]))
}

fn grants(one: &Json) -> String {
    let grants = items(one, "grants").iter().map(|grant| {
        let environments = strings(grant, "environments");
        let role = text(grant, "role").unwrap_or("?");
        if environments.is_empty() { role.to_owned() } else { format!("{role}:{}", environments.join(",")) }
    });
    grants.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_and_shown_the_same() {
        for text in ["releaser", "approver:prod-eu,prod-us"] {
            assert_eq!(grants(&json!({ "grants": [grant(text).unwrap()] })), text);
        }
        for text in ["root", "approver:", "approver:a,,b"] {
            assert!(grant(text).is_err(), "{text}");
        }
    }
}
