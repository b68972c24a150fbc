//! SQLite: one file, one process, one connection.
//!
//! `locking_mode=EXCLUSIVE` with WAL keeps the lock from the first access to the end of the process (also by SIGKILL: the
//! kernel drops it), so a second server is refused rather than served a moving file; and the WAL index stays in memory.
//! Hence there is no second connection for reads: what the API reads comes from the world in memory, and pages of the log
//! wait their turn behind one group commit (about a millisecond).

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Row as _, TypeInfo as _, ValueRef as _,
};
use tokio::sync::{Mutex, MutexGuard};

use super::StoreError;
use super::database::{Arg, Cell, Cells, Connection, Database, Dialect, Held, Listener, Session, Sql};

/// How long to wait for the process before this one to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// A database in a file or in memory.
#[derive(Debug)]
pub(super) struct Sqlite {
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    connection: Option<sqlx::SqliteConnection>,
    /// A transaction was begun and not ended: whoever did it went away.
    dirty: bool,
}

impl Sqlite {
    /// A file, opened at the first use; `None`: in memory.
    pub(super) fn new(file: Option<PathBuf>) -> Self {
        Self { file, state: Mutex::new(State { connection: None, dirty: false }) }
    }

    async fn held(&self) -> Result<Owner<'_>, StoreError> {
        let mut state = self.state.lock().await;
        if state.connection.is_none() {
            state.connection = Some(open(self.file.as_deref()).await?);
        }
        let mut owner = Owner { state, file: self.file.as_deref() };
        if owner.state.dirty {
            // It fails if SQLite has rolled back by itself, which is as good.
            let _ = owner.script("ROLLBACK").await;
            owner.state.dirty = false;
        }
        Ok(owner)
    }
}

/// Makes the file, for its owner alone: hashes of tokens and sealed secrets are in it. SQLite gives the file beside it the same
/// mode. What is there stays as it is, and what cannot be made SQLite refuses with a better reason.
fn make(file: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(file);
}

async fn open(file: Option<&Path>) -> Result<sqlx::SqliteConnection, StoreError> {
    if let Some(file) = file {
        make(file);
    }
    let options = SqliteConnectOptions::new()
        .create_if_missing(true)
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    let options = match file {
        Some(file) => options.filename(file),
        None => options.filename(":memory:").journal_mode(SqliteJournalMode::Memory),
    };
    let mut connection =
        sqlx::SqliteConnection::connect_with(&options).await.map_err(|error| explain(error, file))?;
    // The lock is taken at the first access, which shall be now.
    sqlx::raw_sql("BEGIN IMMEDIATE; COMMIT")
        .execute(&mut connection)
        .await
        .map_err(|error| explain(error, file))?;
    Ok(connection)
}

/// SQLITE_BUSY and its kin mean another process.
fn explain(error: sqlx::Error, file: Option<&Path>) -> StoreError {
    let busy = error
        .as_database_error()
        .and_then(|e| e.code())
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| matches!(code & 0xff, 5 | 6));
    match file {
        Some(file) if busy => StoreError::Locked(file.to_owned()),
        _ => StoreError::Database(error),
    }
}

/// The connection, held.
struct Owner<'a> {
    state: MutexGuard<'a, State>,
    file: Option<&'a Path>,
}

impl Owner<'_> {
    fn connection(&mut self) -> Result<&mut sqlx::SqliteConnection, StoreError> {
        self.state.connection.as_mut().ok_or(StoreError::Database(sqlx::Error::PoolClosed))
    }
}

fn bind(args: Vec<Arg>) -> Result<SqliteArguments, StoreError> {
    use sqlx::Arguments as _;
    let mut bound = SqliteArguments::default();
    for arg in args {
        match arg {
            Arg::Int(value) => bound.add(value),
            Arg::Text(value) => bound.add(value),
        }
        .map_err(|error| StoreError::Database(sqlx::Error::Encode(error)))?;
    }
    Ok(bound)
}

fn cells(row: &SqliteRow) -> Result<Cells, StoreError> {
    let mut cells = Vec::with_capacity(row.columns().len());
    for column in row.columns() {
        let value = row.try_get_raw(column.ordinal())?;
        let kind = value.type_info();
        cells.push(match (value.is_null(), kind.name()) {
            (true, _) => Cell::Null,
            (_, "INTEGER") => Cell::Int(row.try_get_unchecked(column.ordinal())?),
            _ => Cell::Text(row.try_get_unchecked(column.ordinal())?),
        });
    }
    Ok(Cells::new(cells))
}

#[async_trait]
impl Connection for Owner<'_> {
    async fn run(&mut self, sql: Sql, args: Vec<Arg>) -> Result<u64, StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(sql), bind(args)?);
        let file = self.file;
        let done = query.execute(self.connection()?).await.map_err(|error| explain(error, file))?;
        Ok(done.rows_affected())
    }

    async fn rows(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Vec<Cells>, StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(sql), bind(args)?);
        let file = self.file;
        let rows = query.fetch_all(self.connection()?).await.map_err(|error| explain(error, file))?;
        rows.iter().map(cells).collect()
    }

    async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let file = self.file;
        sqlx::raw_sql(sql).execute(self.connection()?).await.map_err(|error| explain(error, file))?;
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        // If this fails (a full disk), `dirty` stays and the next holder rolls back.
        self.script("COMMIT").await?;
        self.state.dirty = false;
        Ok(())
    }
}

/// A SQLite server is alone, so it always leads.
struct Alone<'a>(&'a Sqlite);

#[async_trait]
impl Session for Alone<'_> {
    async fn connection(&mut self) -> Result<Held<'_>, StoreError> {
        Ok(Box::new(self.0.held().await?))
    }
}

#[async_trait]
impl Database for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn connect(&self) -> Result<Held<'_>, StoreError> {
        Ok(Box::new(self.held().await?))
    }

    async fn begin(&self) -> Result<Held<'_>, StoreError> {
        let mut owner = self.held().await?;
        owner.state.dirty = true;
        owner.script("BEGIN IMMEDIATE").await?;
        Ok(Box::new(owner))
    }

    async fn campaign(&self) -> Result<Box<dyn Session + '_>, StoreError> {
        Ok(Box::new(Alone(self)))
    }

    async fn listen(&self) -> Result<Option<Box<dyn Listener>>, StoreError> {
        Ok(None)
    }

    async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        let mut owner = self.held().await?;
        owner
            .run("VACUUM INTO $1".into(), vec![Arg::Text(Some(path.to_string_lossy().into_owned()))])
            .await?;
        // The copy is a backup only once it is on the disk.
        let file = tokio::fs::File::open(path).await.map_err(sqlx::Error::Io)?;
        file.sync_all().await.map_err(sqlx::Error::Io)?;
        Ok(())
    }

    async fn close(&self) {
        let mut state = self.state.lock().await;
        if let Some(connection) = state.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "closing the store");
        }
    }
}
