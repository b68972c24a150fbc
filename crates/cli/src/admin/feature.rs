//! `feature`: definitions of features, and what is done to them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value as Json, json};

use super::change::{Save, Things, definition_from};
use super::client::{Method, query};
use super::json::{at, items, object, pretty, scalar, strings, text};
use super::preview::{lines, outcome, release_of};
use super::start::Start;
use super::{Noun, Remote, Session, read_document};
use crate::failure::{Exit, Failure};

const FEATURES: Things = Things { noun: "feature", path: "/features" };

/// Features: gates, configs and experiments
#[derive(Args, Debug)]
pub(crate) struct Features {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them
    List(List),
    /// Shows one: its definition, its release, what may be done
    Show {
        /// Its key
        key: String,
    },
    /// Makes one; attached to a pipeline it is released phase by phase
    Create(Create),
    /// Changes one, in $EDITOR or from a file; with a pipeline attached, that starts a release
    Edit {
        /// Its key
        key: String,
        /// The new definition, JSON or YAML; `-` is stdin
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        save: Save,
    },
    /// Saves a definition from a file; with a pipeline attached, that starts a release
    Save {
        /// Its key
        key: String,
        /// The new definition, JSON or YAML; `-` is stdin
        #[arg(long, value_name = "FILE", required = true)]
        file: PathBuf,
        #[command(flatten)]
        save: Save,
    },
    /// Shows what saving would do: phases, environments, the diff, what no phase covers
    Preview {
        /// Its key
        key: String,
        /// The new definition, JSON or YAML; `-` is stdin
        #[arg(long, value_name = "FILE", required = true)]
        file: PathBuf,
        #[command(flatten)]
        start: Start,
    },
    /// Turns its rules on
    Enable(InEnvironment),
    /// Turns its rules off: the default variant is served
    Disable(InEnvironment),
    /// Gives it a new salt, so that everyone is bucketed anew
    Resalt {
        /// Its key
        key: String,
        /// The salt; left out, the server makes one
        #[arg(long)]
        salt: Option<String>,
        #[command(flatten)]
        start: Start,
    },
    /// Archives it: the default variant is served for ever
    Archive(Keyed),
    /// Takes it out of the archive
    Unarchive(Keyed),
    /// Ends an experiment: everyone gets one variant
    Launch {
        /// Its key
        key: String,
        /// The variant
        #[arg(long)]
        variant: String,
        #[command(flatten)]
        start: Start,
    },
    /// Deletes one that nothing names
    Delete(Keyed),
    /// Attaches it to a pipeline: from then on, changes are released through it
    Attach {
        /// Its key
        key: String,
        /// The pipeline
        #[arg(long)]
        pipeline: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Detaches it from its pipeline
    Detach {
        /// Its key
        key: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Sets its labels
    Tags {
        /// Its key
        key: String,
        /// The labels, all of them
        tags: Vec<String>,
    },
    /// The emergency switch: the default variant, in an environment, at once
    Kill {
        /// Its key
        key: String,
        /// The environment
        #[arg(long, alias = "env")]
        environment: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Takes a kill back
    Unkill {
        /// Its key
        key: String,
        /// The environment
        #[arg(long, alias = "env")]
        environment: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// Although a window holds forward motion; marked as a bypass
        #[arg(long)]
        bypass: bool,
    },
    /// Lists what uses it
    References {
        /// Its key
        key: String,
    },
    /// Lists what happened to it and in its releases, in order
    History {
        /// Its key
        key: String,
    },
}

#[derive(Args, Debug)]
struct List {
    /// Only with a release in this status
    #[arg(long)]
    status: Option<String>,
    /// Only those attached to this pipeline
    #[arg(long)]
    pipeline: Option<String>,
    /// Only with this label
    #[arg(long)]
    tag: Option<String>,
    /// Only with this in key or description
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only with a block for this environment, or killed there
    #[arg(long, alias = "env")]
    environment: Option<String>,
    /// Archived ones instead
    #[arg(long)]
    archived: bool,
    /// At most so many
    #[arg(long)]
    limit: Option<usize>,
}

#[derive(Args, Debug)]
struct Create {
    /// Its key
    key: String,
    /// The definition, JSON or YAML; `-` is stdin. Left out: a gate that is off
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Attach it to this pipeline
    #[arg(long)]
    pipeline: Option<String>,
    /// A label, repeatable
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    #[command(flatten)]
    start: Start,
}

#[derive(Args, Debug)]
struct InEnvironment {
    /// Its key
    key: String,
    /// Only in this environment
    #[arg(long, alias = "env")]
    environment: Option<String>,
    #[command(flatten)]
    start: Start,
}

#[derive(Args, Debug)]
struct Keyed {
    /// Its key
    key: String,
    #[command(flatten)]
    start: Start,
}

impl Noun for Features {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        let none = Map::new;
        match &self.verb {
            Verb::List(args) => list(session, args),
            Verb::Show { key } => {
                let body = session.client.get(&FEATURES.of(key))?;
                session.print_one(&body, show)
            }
            Verb::Create(args) => create(session, args),
            Verb::Edit { key, file, save } => {
                let definition = definition_from(session, FEATURES, key, file.as_ref())?;
                FEATURES.save(session, key, definition, save)
            }
            Verb::Save { key, file, save } => FEATURES.save(session, key, read_document(file)?, save),
            Verb::Preview { key, file, start } => preview(session, FEATURES, key, file, start),
            Verb::Enable(args) => switch(session, args, "enable"),
            Verb::Disable(args) => switch(session, args, "disable"),
            Verb::Resalt { key, salt, start } => {
                let body = salt.iter().map(|salt| ("salt".to_owned(), json!(salt))).collect();
                FEATURES.change(session, key, "resalt", body, start)
            }
            Verb::Archive(args) => FEATURES.change(session, &args.key, "archive", none(), &args.start),
            Verb::Unarchive(args) => FEATURES.change(session, &args.key, "unarchive", none(), &args.start),
            Verb::Launch { key, variant, start } => {
                let body = Map::from_iter([("variant".to_owned(), json!(variant))]);
                FEATURES.change(session, key, "launch", body, start)
            }
            Verb::Delete(args) => FEATURES.change(session, &args.key, "delete", none(), &args.start),
            Verb::Attach { key, pipeline, reason } => {
                FEATURES.attach(session, key, Some(pipeline), reason.as_deref())
            }
            Verb::Detach { key, reason } => FEATURES.attach(session, key, None, reason.as_deref()),
            Verb::Tags { key, tags } => {
                let answer =
                    session.client.put(&format!("{}/tags", FEATURES.of(key)), &json!({ "tags": tags }))?;
                session.print_answer(&answer, &format!("feature {key}: tagged {}", scalar(&json!(tags))))
            }
            Verb::Kill { key, environment, reason } => {
                session.confirm(&format!("Kill {key} in {environment}, at once?"))?;
                let body = json!({ "environment": environment, "reason": reason });
                let answer = session.client.post(&format!("{}/kill", FEATURES.of(key)), &body)?;
                let paused = release_of(&answer.body)
                    .map(|id| format!("; release {id} is paused"))
                    .unwrap_or_default();
                session.print_answer(&answer, &format!("feature {key}: killed in {environment}{paused}"))
            }
            Verb::Unkill { key, environment, reason, bypass } => {
                session.confirm(&format!("Serve {key} in {environment} again?"))?;
                let bypass = if *bypass { json!(true) } else { Json::Null };
                let body = object([
                    ("environment", json!(environment)),
                    ("reason", json!(reason)),
                    ("bypass", bypass),
                ]);
                let answer = session.client.post(&format!("{}/unkill", FEATURES.of(key)), &body)?;
                session.print_answer(&answer, &format!("feature {key}: served in {environment} again"))
            }
            Verb::References { key } => FEATURES.references(session, key),
            Verb::History { key } => {
                super::release::history(session, &format!("{}/history", FEATURES.of(key)))
            }
        }
    }
}

fn list(session: &mut Session, args: &List) -> Result<Exit, Failure> {
    let query = query([
        ("status", args.status.clone()),
        ("pipeline", args.pipeline.clone()),
        ("tag", args.tag.clone()),
        ("q", args.search.clone()),
        ("environment", args.environment.clone()),
        ("archived", args.archived.then(|| "true".to_owned())),
    ]);
    let list = session.client.list(&format!("/features{query}"), args.limit)?;
    session.print_list(
        &list,
        ["FEATURE", "KIND", "ENABLED", "PIPELINE", "RELEASE", "KILLED", "TAGS"],
        |one| {
            let definition = |name: &str| at(one, &format!("/definition/{name}"));
            let enabled = match at(one, "/definition") {
                None => "-".to_owned(),
                Some(_) if definition("archived").and_then(Json::as_bool) == Some(true) => {
                    "archived".to_owned()
                }
                Some(_) if definition("enabled").and_then(Json::as_bool) == Some(false) => "no".to_owned(),
                Some(_) => "yes".to_owned(),
            };
            [
                text(one, "key").unwrap_or_default().to_owned(),
                definition("kind").map(scalar).unwrap_or_default(),
                enabled,
                text(one, "pipeline").unwrap_or_default().to_owned(),
                release_of(one).unwrap_or_default(),
                killed(one),
                strings(one, "tags").join(","),
            ]
        },
    )
}

/// The environments where it is killed.
fn killed(one: &Json) -> String {
    items(one, "kills").iter().filter_map(|kill| text(kill, "environment")).collect::<Vec<_>>().join(",")
}

/// What is known of a feature or a segment.
pub(super) fn show(body: &Json) -> String {
    let mut out = String::new();
    for (name, label) in [
        ("key", "key"),
        ("definition_revision", "revision"),
        ("pipeline", "pipeline"),
        ("author", "author"),
        ("tags", "tags"),
    ] {
        let value = body.get(name).map(scalar).filter(|value| value != "-");
        if let Some(value) = value {
            out.push_str(&format!("{label}: {value}\n"));
        }
    }
    for kill in items(body, "kills") {
        let field = |name: &str| text(kill, name).unwrap_or("?");
        out.push_str(&format!(
            "killed in {}: {} (by {})\n",
            field("environment"),
            field("reason"),
            field("by")
        ));
    }
    if let Some(release) = release_of(body) {
        out.push_str(&format!("release: {release}\n"));
    }
    let waiting = body.pointer("/active_release/waiting_for");
    for line in super::release::waiting_lines(waiting) {
        out.push_str(&format!("waiting for: {line}\n"));
    }
    match at(body, "/definition") {
        Some(definition) => out.push_str(&format!("definition:\n{}\n", pretty(definition))),
        None => out.push_str("definition: none yet; a release is creating it\n"),
    }
    out
}

fn create(session: &mut Session, args: &Create) -> Result<Exit, Failure> {
    let definition = match &args.file {
        Some(file) => read_document(file)?,
        None => json!({ "kind": "gate" }),
    };
    let tags = if args.tags.is_empty() { Json::Null } else { json!(args.tags) };
    let body = object([
        ("key", json!(args.key)),
        ("definition", definition),
        ("pipeline", json!(args.pipeline)),
        ("tags", tags),
        ("start", args.start.to_json()?),
    ]);
    if args.pipeline.is_some() {
        if !session.is_json() {
            let mut dry = body.clone();
            if let Json::Object(members) = &mut dry {
                members.insert("dry_run".to_owned(), json!(true));
            }
            let shown = session.client.ask(&Method::POST, "/features", &dry)?;
            session.say(lines(&shown).trim_end())?;
        }
        session.confirm(&format!("Create the feature {}, in a release?", args.key))?;
    }
    let answer = session.client.post("/features", &body)?;
    session.print_answer(&answer, &outcome(&format!("feature {}", args.key), &answer))
}

fn switch(session: &mut Session, args: &InEnvironment, verb: &str) -> Result<Exit, Failure> {
    let body = args.environment.iter().map(|name| ("environment".to_owned(), json!(name))).collect();
    FEATURES.change(session, &args.key, verb, body, &args.start)
}

/// What saving would do.
pub(super) fn preview(
    session: &mut Session,
    things: Things,
    key: &str,
    file: &std::path::Path,
    start: &Start,
) -> Result<Exit, Failure> {
    let definition = read_document(file)?;
    let before = session.client.get(&things.of(key))?;
    let body = object([
        ("definition", definition),
        ("base_revision", before.get("definition_revision").cloned().unwrap_or(Json::Null)),
        ("start", start.to_json()?),
    ]);
    things.preview(session, key, &body, true)?;
    Ok(Exit::Done)
}
