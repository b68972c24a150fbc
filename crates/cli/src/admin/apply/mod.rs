//! `apply`: what the server has becomes what files say (GitOps).
//!
//! ```text
//!  files ─▶ documents (kind, key, spec; checked) ─┐
//!  server ─▶ what is there                        ├─▶ plan: create, update, delete, unchanged ─▶ ask ─▶ execute
//!            releases that run (their candidates) ┘                                                  releases started
//! ```
//! INVARIANT: applying twice does nothing the second time, also while a release still brings what the files say.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use super::start::Start;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure};

mod document;
mod execute;
mod plan;

use self::plan::{Step, Verb};

const HELP: &str = "\
A file has one or more documents, YAML or JSON, each of this form:

  kind: feature            # environment, attribute, pipeline, segment, feature, exclusion_group
  key: checkout
  pipeline: standard       # of features and segments: attached to; null: detached; left out: as it is
  tags: [shop]             # of features; left out: as they are
  publish: true            # of pipelines: false leaves a draft
  spec: {kind: gate}       # the definition, as in the API

A change of what is attached to a pipeline starts a release; running it again does not start another.
With --prune, what the server has and no file names is deleted, of the kinds that the files have.";

/// Makes the server have what files say: shows a plan, asks, and does it
#[derive(Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Apply {
    #[command(flatten)]
    remote: Remote,
    /// A file, or a directory of .yaml, .yml and .json files; repeatable; `-` is stdin
    #[arg(long = "file", short, value_name = "PATH", required = true)]
    files: Vec<PathBuf>,
    /// Delete what no file names, of the kinds that the files have
    #[arg(long)]
    prune: bool,
    /// Only show the plan
    #[arg(long)]
    dry_run: bool,
    /// Abort releases that run of what changes, and start new ones
    #[arg(long)]
    supersede: bool,
    #[command(flatten)]
    start: Start,
}

impl Noun for Apply {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        let documents = document::read_all(&self.files)?;
        let steps = plan::plan(session, documents, self.prune)?;
        let todo = steps.iter().filter(|step| step.verb != Verb::Unchanged).count();
        if !session.is_json() {
            for step in &steps {
                if step.verb != Verb::Unchanged {
                    session.say(&step.lines())?;
                }
            }
            session.say(&summary(&steps))?;
        }
        if todo == 0 || self.dry_run {
            return finish(session, &steps, &[]);
        }
        session.confirm("Apply?")?;
        let how = execute::How { start: self.start.to_json()?, supersede: self.supersede };
        let done = execute::execute(session, &steps, &how)?;
        finish(session, &steps, &done)
    }
}

fn finish(session: &mut Session, steps: &[Step], done: &[Json]) -> Result<Exit, Failure> {
    if session.is_json() {
        let plan: Vec<Json> = steps.iter().map(Step::to_json).collect();
        session.output.json(&json!({ "plan": plan, "applied": done }))?;
    }
    Ok(Exit::Done)
}

fn summary(steps: &[Step]) -> String {
    let number = |verb| steps.iter().filter(|step| step.verb == verb).count();
    let unchanged = number(Verb::Unchanged);
    if unchanged == steps.len() {
        return format!("nothing to do: {unchanged} unchanged");
    }
    format!(
        "plan: {} to create, {} to update, {} to delete, {unchanged} unchanged",
        number(Verb::Create),
        number(Verb::Update),
        number(Verb::Delete)
    )
}
