//! `pipeline`: drafts, published versions, and the features in them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::change::references;
use super::client::{Method, encode, query};
use super::json::{at, items, object, scalar, strings, text};
use super::preview::{lines, outcome};
use super::start::Start;
use super::time::{instant, span};
use super::{Noun, Remote, Session, read_document};
use crate::failure::{Exit, Failure};
use crate::output::count;

/// Pipelines: ordered phases; a draft until published, then immutable
#[derive(Args, Debug)]
pub(crate) struct Pipelines {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them
    List {
        /// Only these: draft, published, archived
        #[arg(long)]
        state: Option<String>,
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Shows one: its phases, its features and where each is
    Show {
        /// Its key
        key: String,
        /// This version instead of the draft or the last published one
        #[arg(long = "revision", value_name = "VERSION")]
        version: Option<u32>,
    },
    /// Makes a draft
    Create {
        /// Its key
        key: String,
        /// The pipeline, JSON or YAML; `-` is stdin
        #[arg(long, value_name = "FILE", required = true)]
        file: PathBuf,
    },
    /// Changes the draft; of a published pipeline, makes one
    Update {
        /// Its key
        key: String,
        /// The pipeline, JSON or YAML; `-` is stdin
        #[arg(long, value_name = "FILE", required = true)]
        file: PathBuf,
    },
    /// Publishes the draft as the next version, which never changes; running releases keep theirs
    Publish {
        /// Its key
        key: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Back to a draft, while nothing uses it
    Unpublish {
        /// Its key
        key: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Copies it into a new draft
    Clone {
        /// Its key
        key: String,
        /// The key of the copy
        new: String,
    },
    /// Archives it: nothing can be attached or started any more
    Archive {
        /// Its key
        key: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Deletes one that nothing uses
    Delete {
        /// Its key
        key: String,
    },
    /// Adds a feature, and moves it through the stages (patches; Flagsmith: add flag)
    AddFeature {
        /// The pipeline
        key: String,
        /// The feature
        feature: String,
        #[command(flatten)]
        start: Start,
    },
    /// Removes a feature: its release is aborted, or what is live is kept
    RemoveFeature {
        /// The pipeline
        key: String,
        /// The feature
        feature: String,
        /// Keep what is live
        #[arg(long)]
        keep: bool,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Lists what uses it
    References {
        /// Its key
        key: String,
    },
}

impl Noun for Pipelines {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List { state, limit } => {
                let query = query([("state", state.clone())]);
                let list = session.client.list(&format!("/pipelines{query}"), *limit)?;
                session.print_list(
                    &list,
                    ["PIPELINE", "STATE", "VERSION", "PHASES", "ATTACHED", "RUNNING"],
                    |one| {
                        let field = |name: &str| at(one, &format!("/{name}")).map(scalar).unwrap_or_default();
                        [
                            field("key"),
                            state_of(one),
                            field("published"),
                            field("phases"),
                            field("attached"),
                            field("active"),
                        ]
                    },
                )
            }
            Verb::Show { key, version } => {
                let path = match version {
                    Some(version) => format!("{}/versions/{version}", path(key)),
                    None => path(key),
                };
                let body = session.client.get(&path)?;
                session.print_one(&body, |body| show(key, body))
            }
            Verb::Create { key, file } => {
                let body = json!({ "key": key, "body": read_document(file)? });
                let answer = session.client.post("/pipelines", &body)?;
                session.print_answer(
                    &answer,
                    &format!(
                        "pipeline {key}: a draft was made; publish it with: tidegate pipeline publish {key}"
                    ),
                )
            }
            Verb::Update { key, file } => {
                let new = read_document(file)?;
                let before = session.client.get(&path(key))?;
                let body = object([
                    ("body", new),
                    ("base_revision", before.get("revision").cloned().unwrap_or(Json::Null)),
                ]);
                let answer = session.client.put(&path(key), &body)?;
                session.print_answer(&answer, &format!("pipeline {key}: the draft was changed"))
            }
            Verb::Publish { key, reason } => {
                let before = session.client.get(&path(key))?;
                if let Some(draft) = at(&before, "/draft") {
                    session.say(&phases(draft))?;
                }
                session.confirm(&format!("Publish {key}? The version never changes after."))?;
                let answer = verb(session, key, "publish", reason.as_deref())?;
                let version = at(&answer.body, "/published/version").map(scalar);
                session.print_answer(
                    &answer,
                    &format!("pipeline {key}: version {} is published", version.unwrap_or_default()),
                )
            }
            Verb::Unpublish { key, reason } => {
                let answer = verb(session, key, "unpublish", reason.as_deref())?;
                session.print_answer(&answer, &format!("pipeline {key}: a draft again"))
            }
            Verb::Clone { key, new } => {
                let answer = session.client.post(&format!("{}/clone", path(key)), &json!({ "key": new }))?;
                session.print_answer(&answer, &format!("pipeline {new}: a draft, cloned from {key}"))
            }
            Verb::Archive { key, reason } => {
                session.confirm(&format!("Archive the pipeline {key}?"))?;
                let answer = verb(session, key, "archive", reason.as_deref())?;
                session.print_answer(&answer, &format!("pipeline {key}: archived"))
            }
            Verb::Delete { key } => {
                session.confirm(&format!("Delete the pipeline {key}?"))?;
                let answer = session.client.delete(&path(key), None)?;
                session.print_answer(&answer, &format!("pipeline {key}: deleted"))
            }
            Verb::AddFeature { key, feature, start } => {
                let mut start = start.to_json()?;
                let start_at = start.as_object_mut().and_then(|start| start.remove("start_at"));
                let start =
                    Some(start).filter(|start| start.as_object().is_some_and(|start| !start.is_empty()));
                let body = |dry_run: bool| {
                    object([
                        ("feature", json!(feature)),
                        ("start_at", json!(start_at)),
                        ("start", json!(start)),
                        ("dry_run", if dry_run { json!(true) } else { Json::Null }),
                    ])
                };
                let path = format!("{}/features", path(key));
                if !session.is_json() {
                    let shown = session.client.ask(&Method::POST, &path, &body(true))?;
                    session.say(lines(&shown).trim_end())?;
                }
                session.confirm(&format!("Add {feature} to {key}, and start its release?"))?;
                let answer = session.client.post(&path, &body(false))?;
                session
                    .print_answer(&answer, &outcome(&format!("feature {feature}, added to {key}"), &answer))
            }
            Verb::RemoveFeature { key, feature, keep, reason } => {
                let what = if *keep { "keep what is live" } else { "abort its release" };
                session.confirm(&format!("Remove {feature} from {key}, and {what}?"))?;
                let body = object([("keep", json!(keep)), ("reason", json!(reason))]);
                let path = format!("{}/features/{}", path(key), encode(feature));
                let answer = session.client.delete(&path, Some(&body))?;
                session.print_answer(&answer, &format!("feature {feature}: removed from {key}"))
            }
            Verb::References { key } => {
                let body = session.client.get(&format!("{}/references", path(key)))?;
                session.print_one(&body, references)
            }
        }
    }
}

fn path(key: &str) -> String {
    format!("/pipelines/{}", encode(key))
}

fn verb(
    session: &Session,
    key: &str,
    verb: &str,
    reason: Option<&str>,
) -> Result<super::client::Answer, Failure> {
    let body = object([("reason", json!(reason))]);
    session.client.post(&format!("{}/{verb}", path(key)), &body)
}

fn state_of(one: &Json) -> String {
    let state = text(one, "state").unwrap_or_default();
    let drafts = one.get("draft").is_some_and(|draft| draft.is_object() || *draft == json!(true));
    if state == "published" && drafts { "published, draft".to_owned() } else { state.to_owned() }
}

fn show(key: &str, one: &Json) -> String {
    let mut out = format!("pipeline: {key}\n");
    let mut line = |label: &str, value: Option<&Json>| {
        if let Some(value) = value {
            out.push_str(&format!("{label}: {}\n", scalar(value)));
        }
    };
    line("state", Some(&json!(state_of(one))).filter(|state| state.as_str() != Some("")));
    line("version", at(one, "/published/version").or_else(|| at(one, "/version")));
    line("cloned from", at(one, "/cloned_from"));
    let published = at(one, "/published/body").or_else(|| at(one, "/body"));
    let body = published.or_else(|| at(one, "/draft"));
    line("description", body.and_then(|body| at(body, "/description")));
    line("notice", body.and_then(|body| at(body, "/notice")));
    if let Some(body) = body {
        out.push_str(&phases(body));
        out.push('\n');
    }
    for (pointer, label) in [("/attached/features", "features"), ("/attached/segments", "segments")] {
        if let Some(keys) = at(one, pointer).filter(|keys| **keys != json!([])) {
            out.push_str(&format!("{label}: {}\n", scalar(keys).replace(',', ", ")));
        }
    }
    for (name, label) in [("active", "running"), ("launched", "launched in the last 30 days")] {
        let list = items(one, name);
        if !list.is_empty() {
            out.push_str(&format!("{label}:\n"));
        }
        for item in list {
            let place = match (text(item, "phase"), text(item, "status"), item.get("paused")) {
                (Some(phase), Some(status), Some(Json::Bool(true))) => {
                    format!(" at {phase} ({status}, paused)")
                }
                (Some(phase), Some(status), _) => format!(" at {phase} ({status})"),
                _ => item
                    .get("at")
                    .and_then(Json::as_i64)
                    .map(|at| format!(" at {}", instant(at)))
                    .unwrap_or_default(),
            };
            let release = text(item, "release").unwrap_or("?");
            out.push_str(&format!("  {}{place}, {release}\n", super::release::changes(item)));
        }
    }
    if let (Some(_), Some(draft)) = (published, at(one, "/draft")) {
        out.push_str(&format!("draft:\n{}\n", phases(draft)));
    }
    out
}

/// The phases of a pipeline, a line each.
pub(super) fn phases(body: &Json) -> String {
    let lines = items(body, "phases").iter().enumerate().map(|(number, phase)| {
        let mut parts = Vec::new();
        let environments: Vec<String> =
            items(phase, "target").iter().flat_map(|rule| strings(rule, "environments")).collect();
        parts.push(if environments.is_empty() { "everywhere".to_owned() } else { environments.join(", ") });
        if let Some(count_) = at(phase, "/entry/approvals/count").and_then(Json::as_u64) {
            parts.push(count(usize::try_from(count_).unwrap_or(usize::MAX), "approval"));
        }
        if let Some(wait) = at(phase, "/entry/trigger/wait_for_s").and_then(Json::as_u64) {
            parts.push(format!("waits {}", span(wait.saturating_mul(1000))));
        }
        if let Some(at) = at(phase, "/entry/trigger/at") {
            parts.push(format!("not before {}", scalar(at)));
        }
        if at(phase, "/ramp").is_some() {
            parts.push("ramps".to_owned());
        }
        if let Some(asked) = at(phase, "/propagation") {
            parts.push(crate::admin::json::propagation(asked));
        }
        if let Some(bake) = phase.get("bake_s").and_then(Json::as_u64).filter(|bake| *bake > 0) {
            parts.push(format!("bakes {}", span(bake.saturating_mul(1000))));
        }
        let guards = items(phase, "guards").len();
        if guards > 0 {
            parts.push(count(guards, "guard"));
        }
        format!("  {}. {}: {}", number + 1, text(phase, "id").unwrap_or("?"), parts.join("; "))
    });
    std::iter::once("phases:".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}
