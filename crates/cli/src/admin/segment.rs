//! `segment`: named conditions; released like features.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value as Json, json};

use super::change::{Save, Things, definition_from};
use super::feature::{preview, show};
use super::json::{at, object, scalar, text};
use super::preview::{outcome, release_of};
use super::start::Start;
use super::{Noun, Remote, Session, read_document};
use crate::failure::{Exit, Failure};

const SEGMENTS: Things = Things { noun: "segment", path: "/segments" };

/// Segments: named conditions
#[derive(Args, Debug)]
pub(crate) struct Segments {
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
        /// Its key
        key: String,
    },
    /// Makes one
    Create {
        /// Its key
        key: String,
        /// The definition, JSON or YAML; `-` is stdin
        #[arg(long, value_name = "FILE", required = true)]
        file: PathBuf,
        /// Attach it to this pipeline
        #[arg(long)]
        pipeline: Option<String>,
        #[command(flatten)]
        start: Start,
    },
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
    /// Deletes one that nothing names
    Delete {
        /// Its key
        key: String,
        #[command(flatten)]
        start: Start,
    },
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
    /// Lists what uses it
    References {
        /// Its key
        key: String,
    },
}

impl Noun for Segments {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List { limit } => {
                let list = session.client.list("/segments", *limit)?;
                session.print_list(&list, ["SEGMENT", "PIPELINE", "RELEASE", "DESCRIPTION"], |one| {
                    [
                        text(one, "key").unwrap_or_default().to_owned(),
                        text(one, "pipeline").unwrap_or_default().to_owned(),
                        release_of(one).unwrap_or_default(),
                        at(one, "/definition/description").map(scalar).unwrap_or_default(),
                    ]
                })
            }
            Verb::Show { key } => {
                let body = session.client.get(&SEGMENTS.of(key))?;
                session.print_one(&body, show)
            }
            Verb::Create { key, file, pipeline, start } => {
                let body: Json = object([
                    ("key", json!(key)),
                    ("definition", read_document(file)?),
                    ("pipeline", json!(pipeline)),
                    ("start", start.to_json()?),
                ]);
                if pipeline.is_some() {
                    session.confirm(&format!("Create the segment {key}, in a release?"))?;
                }
                let answer = session.client.post("/segments", &body)?;
                session.print_answer(&answer, &outcome(&format!("segment {key}"), &answer))
            }
            Verb::Edit { key, file, save } => {
                let definition = definition_from(session, SEGMENTS, key, file.as_ref())?;
                SEGMENTS.save(session, key, definition, save)
            }
            Verb::Save { key, file, save } => SEGMENTS.save(session, key, read_document(file)?, save),
            Verb::Preview { key, file, start } => preview(session, SEGMENTS, key, file, start),
            Verb::Delete { key, start } => SEGMENTS.change(session, key, "delete", Map::new(), start),
            Verb::Attach { key, pipeline, reason } => {
                SEGMENTS.attach(session, key, Some(pipeline), reason.as_deref())
            }
            Verb::Detach { key, reason } => SEGMENTS.attach(session, key, None, reason.as_deref()),
            Verb::References { key } => SEGMENTS.references(session, key),
        }
    }
}
