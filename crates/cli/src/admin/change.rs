//! What features and segments have in common: a definition, saved with a preview, attached to a pipeline.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use serde_json::{Map, Value as Json, json};

use super::client::{Answer, Method, encode};
use super::json::{at, items, scalar, text};
use super::preview::{self, outcome};
use super::start::Start;
use super::{Session, file, read_document};
use crate::failure::{Exit, Failure, reason};

/// How something is saved
#[derive(Args, Debug)]
#[group(id = "saving")]
pub(crate) struct Save {
    /// Abort the release of it that runs, and start the new one from the old base
    #[arg(long)]
    pub(crate) supersede: bool,
    /// Only show what would happen
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) start: Start,
}

/// Features or segments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Things {
    /// `feature` or `segment`.
    pub(super) noun: &'static str,
    /// `/features` or `/segments`.
    pub(super) path: &'static str,
}

impl Things {
    pub(super) fn of(self, key: &str) -> String {
        format!("{}/{}", self.path, encode(key))
    }

    /// Saves a definition, after a preview and a yes.
    pub(super) fn save(
        self,
        session: &mut Session,
        key: &str,
        definition: Json,
        save: &Save,
    ) -> Result<Exit, Failure> {
        let before = session.client.get(&self.of(key))?;
        if at(&before, "/definition") == Some(&definition) {
            session.say(&format!("{} {key}: nothing to change", self.noun))?;
            if session.is_json() {
                session.output.json(&before)?;
            }
            return Ok(Exit::Done);
        }
        let mut body = Map::new();
        body.insert("definition".to_owned(), definition);
        body.insert(
            "base_revision".to_owned(),
            before.get("definition_revision").cloned().unwrap_or(Json::Null),
        );
        let start = save.start.to_json()?;
        if !start.is_null() {
            body.insert("start".to_owned(), start);
        }
        if save.supersede {
            body.insert("supersede".to_owned(), json!(true));
        }
        let body = Json::Object(body);
        self.preview(session, key, &body, save.dry_run)?;
        if save.dry_run {
            return Ok(Exit::Done);
        }
        session.confirm(&format!("Save {} {key}?", self.noun))?;
        let answer = session.client.put(&self.of(key), &body)?;
        session.print_answer(&answer, &outcome(&format!("{} {key}", self.noun), &answer))
    }

    /// Shows what saving would do. As JSON only where that is all that was asked for.
    pub(super) fn preview(
        self,
        session: &mut Session,
        key: &str,
        body: &Json,
        alone: bool,
    ) -> Result<(), Failure> {
        let shown = session.client.ask(&Method::POST, &format!("{}/preview", self.of(key)), body)?;
        if !session.is_json() || alone {
            session.print_one(&shown, preview::lines)?;
        }
        Ok(())
    }

    /// A change that is a path of its own: enable, archive, …
    pub(super) fn change(
        self,
        session: &mut Session,
        key: &str,
        verb: &str,
        mut body: Map<String, Json>,
        start: &Start,
    ) -> Result<Exit, Failure> {
        let before = session.client.get(&self.of(key))?;
        if let Some(revision) = at(&before, "/definition_revision") {
            body.insert("base_revision".to_owned(), revision.clone());
        }
        let start = start.to_json()?;
        if !start.is_null() {
            body.insert("start".to_owned(), start);
        }
        let (method, path) = match verb {
            "delete" => (Method::DELETE, self.of(key)),
            _ => (Method::POST, format!("{}/{verb}", self.of(key))),
        };
        if !session.is_json() {
            let mut dry = body.clone();
            dry.insert("dry_run".to_owned(), json!(true));
            let shown = session.client.ask(&method, &path, &Json::Object(dry))?;
            session.say(preview::lines(&shown).trim_end())?;
        }
        session.confirm(&format!("{} the {} {key}?", capital(verb), self.noun))?;
        let body = Json::Object(body);
        let answer = match method {
            Method::DELETE => session.client.delete(&path, Some(&body))?,
            _ => session.client.post(&path, &body)?,
        };
        session.print_answer(&answer, &outcome(&format!("{} {key}: {verb}", self.noun), &answer))
    }

    /// Attaches to a pipeline, or detaches.
    pub(super) fn attach(
        self,
        session: &mut Session,
        key: &str,
        pipeline: Option<&str>,
        reason: Option<&str>,
    ) -> Result<Exit, Failure> {
        let body = super::json::object([("reason", json!(reason))]);
        let mut members = match body {
            Json::Object(members) => members,
            _ => Map::new(),
        };
        members.insert("pipeline".to_owned(), json!(pipeline));
        let answer = session.client.put(&format!("{}/pipeline", self.of(key)), &Json::Object(members))?;
        let done = match pipeline {
            Some(pipeline) => format!("{} {key}: attached to {pipeline}", self.noun),
            None => format!("{} {key}: detached", self.noun),
        };
        self.attached(session, &done, &answer)
    }

    fn attached(self, session: &mut Session, done: &str, answer: &Answer) -> Result<Exit, Failure> {
        let line = if answer.status == 202 { outcome(done, answer) } else { done.to_owned() };
        session.print_answer(answer, &line)
    }

    /// What uses it.
    pub(super) fn references(self, session: &mut Session, key: &str) -> Result<Exit, Failure> {
        let body = session.client.get(&format!("{}/references", self.of(key)))?;
        session.print_one(&body, references)
    }

    /// The definition after somebody worked on it in an editor.
    pub(super) fn edited(self, session: &Session, key: &str) -> Result<Json, Failure> {
        let before = session.client.get(&self.of(key))?;
        edit(at(&before, "/definition").unwrap_or(&Json::Null), key)
    }
}

/// Where a new definition comes from: a file, or an editor.
pub(super) fn definition_from(
    session: &Session,
    things: Things,
    key: &str,
    file: Option<&PathBuf>,
) -> Result<Json, Failure> {
    match file {
        Some(file) => read_document(file),
        None => things.edited(session, key),
    }
}

/// Users, a line each; `nothing uses it` if there is none.
pub(super) fn references(body: &Json) -> String {
    let mut out = String::new();
    for user in items(body, "users").iter().chain(items(body, "items")) {
        let name = text(user, "key").map_or_else(|| scalar(user), str::to_owned);
        let place = text(user, "place").filter(|place| !place.is_empty()).map(|place| format!(" at {place}"));
        out.push_str(&format!(
            "{} {name}{}\n",
            text(user, "kind").unwrap_or_default(),
            place.unwrap_or_default()
        ));
    }
    if out.is_empty() { "nothing uses it\n".to_owned() } else { out }
}

/// Opens an editor on JSON, and reads what is left there.
fn edit(json: &Json, key: &str) -> Result<Json, Failure> {
    let editor =
        ["VISUAL", "EDITOR"].into_iter().find_map(|name| env::var(name).ok()).filter(|name| !name.is_empty());
    let editor = editor.ok_or_else(|| {
        Failure::usage("no editor is set").hint("set EDITOR, or give the definition with --file")
    })?;
    let failed = |error: &std::io::Error| {
        Failure::new(Exit::Io, format!("cannot edit a temporary file: {}", reason(error)))
    };
    let file = tempfile::Builder::new()
        .prefix(&format!("tidegate-{}-", key.replace(|c: char| !c.is_ascii_alphanumeric(), "-")))
        .suffix(".json")
        .tempfile()
        .map_err(|error| failed(&error))?;
    fs::write(file.path(), format!("{json:#}\n")).map_err(|error| failed(&error))?;
    // An editor may be given with options of its own: `code --wait`.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or_default();
    let status = Command::new(program).args(words).arg(file.path()).status().map_err(|error| {
        Failure::new(Exit::Io, format!("cannot run the editor `{program}`: {}", reason(&error)))
    })?;
    if !status.success() {
        return Err(Failure::new(Exit::NotConfirmed, "the editor did not end well; nothing was changed"));
    }
    let text = fs::read_to_string(file.path()).map_err(|error| failed(&error))?;
    match file::parse(&text, "the edited definition", 1) {
        Ok(json) => Ok(json),
        Err(failure) => {
            // What somebody wrote is not thrown away.
            Err(match file.keep() {
                Ok((_, path)) => {
                    failure.hint(format!("it is kept in {}; give it with --file", path.display()))
                }
                Err(_) => failure,
            })
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
