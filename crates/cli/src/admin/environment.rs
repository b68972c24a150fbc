//! `env`: environments, whether they take part in pipelines, and their floors.

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::client::encode;
use super::json::{at, scalar, strings, text};
use super::preview::outcome;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

/// Environments: dev, staging, prod-eu, …
#[derive(Args, Debug)]
#[command(visible_alias = "environment")]
pub(crate) struct Environments {
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
        /// Its name
        name: String,
    },
    /// Makes one
    Create {
        /// Its name
        name: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// Changes one; what is not given stays
    Update {
        /// Its name
        name: String,
        #[command(flatten)]
        fields: Fields,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Deletes one that nothing names
    Delete {
        /// Its name
        name: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Args, Debug)]
struct Fields {
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// Whether production traffic is served there
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    production: Option<bool>,
    /// Whether it takes part in pipelines; if not, edits go live there at once
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pipelines: Option<bool>,
    /// Refuse edits that touch it without an attached pipeline
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", help_heading = "Floor")]
    pipeline_required: Option<bool>,
    /// The least number of approvals of a phase that touches it
    #[arg(long, value_name = "COUNT", help_heading = "Floor")]
    approvals: Option<u32>,
    /// Neither author nor starter may approve
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", help_heading = "Floor")]
    no_self_approval: Option<bool>,
    /// A file with the windows: {allow: […], deny: […]}
    #[arg(long, value_name = "FILE", help_heading = "Floor")]
    windows: Option<std::path::PathBuf>,
}

impl Fields {
    /// `body` with what is given.
    fn over(&self, mut body: Json) -> Result<Json, Failure> {
        let mut set = |pointer: &[&str], value: Json| {
            if value.is_null() {
                return;
            }
            let mut place = &mut body;
            for name in pointer {
                if !place.is_object() {
                    *place = json!({});
                }
                let Json::Object(members) = place else { return };
                place = members.entry((*name).to_owned()).or_insert(Json::Null);
            }
            *place = value;
        };
        set(&["description"], json!(self.description));
        set(&["production"], json!(self.production));
        set(&["pipelines"], json!(self.pipelines));
        set(&["floor", "pipeline_required"], json!(self.pipeline_required));
        set(&["floor", "approvals"], json!(self.approvals));
        set(&["floor", "no_self_approval"], json!(self.no_self_approval));
        if let Some(file) = &self.windows {
            set(&["floor", "windows"], super::read_document(file)?);
        }
        Ok(body)
    }
}

impl Noun for Environments {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List => {
                let list = session.client.list("/environments", None)?;
                session.print_list(
                    &list,
                    ["ENVIRONMENT", "PRODUCTION", "PIPELINES", "FLOOR", "DESCRIPTION"],
                    |one| {
                        [
                            text(one, "key").unwrap_or_default().to_owned(),
                            yes_no(one, "production"),
                            yes_no(one, "pipelines"),
                            floor(one),
                            text(one, "description").unwrap_or_default().to_owned(),
                        ]
                    },
                )
            }
            Verb::Show { name } => {
                let body = session.client.get(&path(name))?;
                session.print_whole(&body)
            }
            Verb::Create { name, fields } => {
                let body = fields.over(json!({ "name": name }))?;
                let answer = session.client.post("/environments", &body)?;
                session.print_answer(&answer, &outcome(&format!("environment {name}"), &answer))
            }
            Verb::Update { name, fields, reason } => {
                let before = session.client.get(&path(name))?;
                let mut body = json!({});
                if let (Json::Object(kept), Json::Object(members)) = (&mut body, &before) {
                    let same = ["description", "production", "pipelines", "floor"];
                    let some = same
                        .into_iter()
                        .filter_map(|name| Some((name.to_owned(), members.get(name)?.clone())));
                    kept.extend(some.filter(|(_, value)| !value.is_null()));
                }
                let mut body = fields.over(body)?;
                if let (Some(reason), Json::Object(members)) = (reason, &mut body) {
                    members.insert("reason".to_owned(), json!(reason));
                }
                let answer = session.client.put_over(&path(name), &body, &before)?;
                session.print_answer(&answer, &outcome(&format!("environment {name}"), &answer))
            }
            Verb::Delete { name, reason } => {
                session.confirm(&format!("Delete the environment {name}?"))?;
                let body = reason.as_ref().map(|reason| json!({ "reason": reason }));
                let answer = session.client.delete(&path(name), body.as_ref())?;
                session.print_answer(&answer, &outcome(&format!("environment {name} deleted"), &answer))
            }
        }
    }
}

fn path(name: &str) -> String {
    format!("/environments/{}", encode(name))
}

fn yes_no(one: &Json, name: &str) -> String {
    if one.get(name).and_then(Json::as_bool) == Some(true) { "yes" } else { "no" }.to_owned()
}

/// A floor in a few words.
fn floor(one: &Json) -> String {
    let Some(floor) = at(one, "/floor") else { return "-".to_owned() };
    let mut parts = Vec::new();
    if floor.get("pipeline_required").and_then(Json::as_bool) == Some(true) {
        parts.push("pipeline".to_owned());
    }
    if let Some(count) = floor.get("approvals").filter(|count| count.as_u64() != Some(0)) {
        parts.push(format!("approvals {}", scalar(count)));
    }
    if floor.get("no_self_approval").and_then(Json::as_bool) == Some(true) {
        parts.push("no self-approval".to_owned());
    }
    if at(floor, "/windows")
        .is_some_and(|windows| !strings(windows, "allow").is_empty() || !strings(windows, "deny").is_empty())
    {
        parts.push("windows".to_owned());
    }
    parts.join(", ")
}
