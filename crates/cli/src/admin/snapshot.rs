//! `snapshot`: the published document, for the verbs that work offline.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::client::encode;
use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure, reason};

/// Fetches the published document, for eval, explain and listing
#[derive(Args, Debug)]
pub(crate) struct Snapshot {
    #[command(flatten)]
    remote: Remote,
    /// As the engines of this environment get it; else whole: all environments, phases and pipelines
    #[arg(long, alias = "env")]
    environment: Option<String>,
    /// Where it goes; stdout if left out
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Noun for Snapshot {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        let path = match &self.environment {
            Some(environment) => format!("/snapshots/{}", encode(environment)),
            None => "/snapshot".to_owned(),
        };
        let mut text = String::new();
        let mut bytes = session.client.lines(&path, None)?;
        bytes.read_to_string(&mut text).map_err(|error| {
            Failure::new(Exit::Server, format!("the answer broke off: {}", reason(&error)))
        })?;
        let Some(path) = &self.output else {
            session.output.text(&text)?;
            return Ok(Exit::Done);
        };
        let write = || -> std::io::Result<()> {
            let mut file = BufWriter::new(File::create(path)?);
            file.write_all(text.as_bytes())?;
            file.flush()
        };
        write().map_err(|error| {
            Failure::new(Exit::Io, format!("cannot write {}: {}", path.display(), reason(&error)))
        })?;
        Ok(Exit::Done)
    }
}
