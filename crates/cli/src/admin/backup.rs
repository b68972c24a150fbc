//! `backup`: a copy of the server's SQLite store, while it runs.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::{Noun, Remote, Session};
use crate::failure::{Exit, Failure, reason};

/// Copies the server's SQLite store, as of one moment, to a new file; PostgreSQL has pg_dump
#[derive(Args, Debug)]
pub(crate) struct Backup {
    #[command(flatten)]
    remote: Remote,
    /// Where it goes; must not exist
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

/// Bytes that are moved at once.
const CHUNK: usize = 64 * 1024;

impl Noun for Backup {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        let unwritable = |error: &std::io::Error| {
            Failure::new(Exit::Io, format!("cannot write {}: {}", self.output.display(), reason(error)))
        };
        let mut bytes = session.client.lines("/backup", None)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.output).map_err(|error| unwritable(&error))?;
        let mut buffer = vec![0; CHUNK];
        let mut written = 0_u64;
        loop {
            let read = bytes.read(&mut buffer).map_err(|error| {
                Failure::new(Exit::Server, format!("the backup broke off: {}", reason(&error)))
                    .hint("what was written is not whole; remove it")
            })?;
            if read == 0 {
                break;
            }
            let part = buffer.get(..read).unwrap_or_default();
            file.write_all(part).map_err(|error| unwritable(&error))?;
            written += part.len() as u64;
        }
        // A backup is one only when it is on the disk.
        file.sync_all().map_err(|error| unwritable(&error))?;
        crate::output::note(&format!(
            "{written} bytes in {}; back up the key file as well",
            self.output.display()
        ));
        Ok(Exit::Done)
    }
}
