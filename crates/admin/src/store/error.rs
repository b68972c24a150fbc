//! Why the store cannot do it.

use std::path::PathBuf;

use crate::domain::{Code, Problem};

/// Why the store cannot do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database failed or is away.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// Another process has the file.
    #[error(
        "`{}` is in use by another process; a SQLite store has one server at a time: stop that one, give this one another `--store`, or use PostgreSQL",
        .0.display()
    )]
    Locked(PathBuf),
    /// The address is of no store.
    #[error("`{0}` is no store: expected a file, `sqlite:<file>` or `postgres://<user>@<host>/<database>`")]
    Address(String),
    /// The tables are not of this version.
    #[error("the store has schema {found}, this program knows {known}: {hint}")]
    Schema {
        /// What the store has.
        found: i64,
        /// The newest that the program knows.
        known: i64,
        /// What helps.
        hint: &'static str,
    },
    /// What is stored contradicts itself.
    #[error("the store is damaged: {0}; restore a backup, and keep the file for an investigation")]
    Damaged(String),
    /// Another server has the lease, so this one may not run timers.
    #[error("another server runs the timers now (lease {found}, ours was {ours})")]
    Fenced {
        /// The lease in force.
        found: u64,
        /// The one that this server had.
        ours: u64,
    },
}

impl StoreError {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    /// As it is told to a client.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Fenced { .. } | Self::Locked(_) => Problem::new(Code::Unavailable, self.to_string()),
            Self::Damaged(_) => Problem::new(Code::Internal, self.to_string()),
            // A driver's message may tell addresses and names; those are for the server's own log.
            _ => Problem::new(Code::Unavailable, "the store cannot be used now")
                .hint("try again; the server's log says why"),
        }
    }
}
