//! A client, and how to speak with whoever started the command.

use std::sync::Arc;

use serde_json::Value as Json;

use super::client::{Answer, Client};
use super::json::{Grid, pretty, text};
use super::{Remote, ask, config};
use crate::args::Format;
use crate::failure::{Exit, Failure};
use crate::output::{Output, note, printable};

/// A client, and how to speak with whoever started the command.
pub(crate) struct Session {
    pub(crate) client: Arc<Client>,
    pub(crate) output: Output,
    pub(crate) format: Format,
    pub(crate) yes: bool,
}

impl Session {
    pub(crate) fn open(remote: &Remote) -> Result<Self, Failure> {
        let access = config::access(remote)?;
        let client = Arc::new(Client::new(access, remote.format == Format::Json, remote.force_sdk.clone()));
        Ok(Self { client, output: Output::new(), format: remote.format, yes: remote.yes })
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// What will happen was said; now asks.
    pub(crate) fn confirm(&mut self, question: &str) -> Result<(), Failure> {
        self.output.flush()?;
        ask::confirm(question, self.yes)
    }

    /// A line of text; nothing where JSON is wanted.
    pub(crate) fn say(&mut self, line: &str) -> Result<(), Failure> {
        if self.is_json() {
            return Ok(());
        }
        self.output.text(&printable(line))?;
        self.output.text("\n")
    }

    /// A list: rows of a table, or an array.
    pub(crate) fn print_list<const N: usize>(
        &mut self,
        list: &[Json],
        head: [&str; N],
        row: impl Fn(&Json) -> [String; N],
    ) -> Result<Exit, Failure> {
        if self.is_json() {
            self.output.json(&list)?;
            return Ok(Exit::Done);
        }
        let mut grid = Grid::new(head);
        for item in list {
            grid.row(row(item));
        }
        grid.print(&mut self.output)?;
        Ok(Exit::Done)
    }

    /// Something whole: JSON, or lines that the caller makes.
    pub(crate) fn print_one(
        &mut self,
        body: &Json,
        lines: impl FnOnce(&Json) -> String,
    ) -> Result<Exit, Failure> {
        if self.is_json() {
            self.output.json(body)?;
        } else {
            let lines = lines(body);
            self.output.text(&printable(&lines))?;
            if !lines.ends_with('\n') {
                self.output.text("\n")?;
            }
        }
        Ok(Exit::Done)
    }

    /// Something whole, as it came.
    pub(crate) fn print_whole(&mut self, body: &Json) -> Result<Exit, Failure> {
        self.print_one(body, pretty)
    }

    /// What came of a write: one line, or the answer.
    pub(crate) fn print_answer(&mut self, answer: &Answer, line: &str) -> Result<Exit, Failure> {
        if self.is_json() {
            self.output.json(&answer.body)?;
        } else {
            self.say(line)?;
        }
        Ok(Exit::Done)
    }

    /// A secret that is shown once: alone on stdout, so that it can go into a file.
    pub(crate) fn print_secret(
        &mut self,
        answer: &Answer,
        what: &str,
        else_do: &str,
    ) -> Result<Exit, Failure> {
        let key = text(&answer.body, "key").unwrap_or("?");
        let Some(secret) = text(&answer.body, "secret") else {
            // The connection broke after it was made; what answers the repetition has no secret.
            let message = format!("{what} {key} was made, but its secret was lost with the connection");
            return Err(Failure::new(Exit::Server, message).hint(else_do));
        };
        if !self.is_json() {
            note(&format!("{what} {key}: its secret is shown this once"));
        }
        let secret = secret.to_owned();
        self.print_answer(answer, &secret)
    }
}
