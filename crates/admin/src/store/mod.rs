//! The store: log, state, snapshot rows and outbox, in SQLite or PostgreSQL. SQL is only here.
//!
//! ```text
//!   begin ─▶ head row locked (seq, hash, uptime, lease) ─▶ events ─ entities ─ snapshot rows ─ outbox ─ answers ─▶ commit
//!                │ seq > ours: fold what another server wrote
//! ```
//! INVARIANT: `entities` is the fold of `events`, whose hashes make a chain that ends in `head`; all are written in one
//! transaction, so any moment of a crash leaves them agreeing. [`Store::verify`] checks it.

mod answers;
mod batch;
mod chain;
mod database;
mod error;
mod exposures;
pub mod failpoint;
mod fleet;
mod lease;
mod load;
mod log;
mod migrate;
mod outbox;
mod postgres;
mod sqlite;
mod tokens;
mod transaction;

use std::path::{Path, PathBuf};

use tokio::sync::OnceCell;

pub use self::answers::StoredAnswer;
pub(crate) use self::batch::Batch;
pub use self::chain::{Chain, GENESIS};
use self::database::Database;
pub use self::database::Dialect;
pub(crate) use self::database::Listener;
pub use self::error::StoreError;
pub use self::exposures::{Counted, ExposedBatch, ExposureKey};
pub use self::fleet::{Heard, MemberRow};
pub use self::lease::Lease;
pub use self::load::Verified;
pub use self::log::{Entry, LogFilter, StoredRow};
pub use self::migrate::SCHEMA;
pub use self::outbox::{Delivery, DeliveryFilter, DeliveryStatus};
pub(crate) use self::transaction::Transaction;

/// Where the log stands; the row that whoever writes has locked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Head {
    /// The number of the last event.
    pub seq: u64,
    /// Its hash; [`GENESIS`] if there is none.
    pub hash: String,
    /// The server uptime in all that is known to have passed (ms).
    pub uptime: u64,
    /// The number of the lease in force.
    pub fence: u64,
}

/// A store; methods may run at the same time.
#[derive(Debug)]
pub struct Store {
    database: Box<dyn Database>,
    /// Whether the schema was brought up to date (or checked).
    ready: OnceCell<()>,
    migrates: bool,
}

impl Store {
    /// Opens a store, makes it if it is new, and brings its schema up to date.
    ///
    /// `address`: a file, `sqlite:<file>`, `sqlite::memory:` or `postgres://…`.
    ///
    /// # Errors
    /// If the address is of no store, another process has the file, the database cannot be reached, or the schema is newer
    /// than the program.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        Self::connect(address, true).await
    }

    /// Opens a store that must be of the program's own schema, to look at it; makes and migrates nothing.
    ///
    /// # Errors
    /// As [`Store::open`]; also if the schema is older.
    pub async fn open_as_is(address: &str) -> Result<Self, StoreError> {
        if let Some(file) = file(address).filter(|file| !file.exists()) {
            return Err(StoreError::Address(format!("{} (there is no such file)", file.display())));
        }
        Self::connect(address, false).await
    }

    /// A new store in memory, for tests and trials; ends with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(Box::new(sqlite::Sqlite::new(None)), true)
    }

    async fn connect(address: &str, migrates: bool) -> Result<Self, StoreError> {
        let database: Box<dyn Database> =
            if address.starts_with("postgres://") || address.starts_with("postgresql://") {
                Box::new(postgres::Postgres::open(address).await?)
            } else if address == "sqlite::memory:" {
                Box::new(sqlite::Sqlite::new(None))
            } else {
                let file = file(address).ok_or_else(|| StoreError::Address(address.to_owned()))?;
                Box::new(sqlite::Sqlite::new(Some(file)))
            };
        let store = Self::new(database, migrates);
        store.database().await?;
        Ok(store)
    }

    fn new(database: Box<dyn Database>, migrates: bool) -> Self {
        Self { database, ready: OnceCell::new(), migrates }
    }

    /// The database, once its schema is right.
    async fn database(&self) -> Result<&dyn Database, StoreError> {
        self.ready.get_or_try_init(|| migrate::run(&*self.database, self.migrates)).await?;
        Ok(&*self.database)
    }

    /// Which database it is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    /// Writes a copy of everything, as of one moment, to a new file (SQLite; while the server runs).
    ///
    /// # Errors
    /// If the file exists or cannot be written; always on PostgreSQL, which has `pg_dump`.
    pub async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        self.database().await?.backup(path).await
    }

    /// What other servers tell; `None`: nobody else can.
    pub(crate) async fn listen(&self) -> Result<Option<Box<dyn Listener>>, StoreError> {
        self.database().await?.listen().await
    }

    /// Gives up all connections, and the lock of the file.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

/// The file of a SQLite address.
fn file(address: &str) -> Option<PathBuf> {
    if address.is_empty() || address == "sqlite::memory:" {
        return None;
    }
    let path = match address.strip_prefix("sqlite:") {
        Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
        // Another scheme (`mysql://…`) is a mistake, not a file.
        None if address.contains("://") => return None,
        None => address,
    };
    (!path.is_empty()).then(|| PathBuf::from(path))
}
