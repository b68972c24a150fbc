//! PostgreSQL: several servers on one database.
//!
//! ```text
//!   server A (leads) ── session with the advisory lock ── UPDATE head SET uptime … WHERE fence = 7, each second; NOTIFY u…
//!        │  └── pool: SELECT … FROM head FOR UPDATE ─ inserts ─ NOTIFY e<seq> ─ COMMIT
//!   server B ── waits in pg_advisory_lock; LISTEN: folds what A committed; writes too, one at a time with A by the head row
//! ```
//! A leader that is killed, stopped or cut off loses its session (closed socket, or [`IDLE`] without a beat), and with it the lock.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgListener, PgPoolOptions, PgRow};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, PgConnection, PgPool,
    Postgres as Driver, Row as _, Transaction, TypeInfo as _, ValueRef as _,
};

use super::StoreError;
use super::database::{Arg, Cell, Cells, Connection, Database, Dialect, Held, Listener, Session, Sql};

/// A leader that does not beat for so long is ended by the database.
const IDLE: &str = "3500ms";
/// A server that stops in the middle of a transaction is cut off, so that the others can write.
const IDLE_IN_TRANSACTION: &str = "3s";
/// The class of the advisory lock; its second key is the schema, so that stores in one database do not meet.
const LOCK: &str = "SELECT pg_advisory_lock(1953719668, hashtext(current_schema()))";
/// The same class for migrations (another second key).
pub(super) const MIGRATION_LOCK: &str =
    "SELECT pg_advisory_xact_lock(1953719668, hashtext(current_schema() || '/migration'))";
/// Where servers tell one another.
pub(super) const CHANNEL: &str = "tidegate";

/// A database, by a pool of connections.
#[derive(Debug)]
pub(super) struct Postgres {
    pool: PgPool,
    options: PgConnectOptions,
}

impl Postgres {
    /// Connects.
    pub(super) async fn open(address: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(address)?
            .application_name("tidegate")
            .options([
                ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
                ("synchronous_commit", "on"),
                ("default_transaction_isolation", "read committed"),
                ("tcp_keepalives_idle", "2"),
                ("tcp_keepalives_interval", "1"),
                ("tcp_keepalives_count", "2"),
            ])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.clone())
            .await?;
        Ok(Self { pool, options })
    }
}

/// A connection of the pool, or of the lease.
enum Owner<'a> {
    Plain(PoolConnection<Driver>),
    Transaction(Transaction<'static, Driver>),
    Lease(&'a mut PgConnection),
}

impl Owner<'_> {
    fn connection(&mut self) -> &mut PgConnection {
        match self {
            Self::Plain(connection) => connection,
            Self::Transaction(transaction) => transaction,
            Self::Lease(connection) => connection,
        }
    }
}

fn bind(args: Vec<Arg>) -> Result<PgArguments, StoreError> {
    use sqlx::Arguments as _;
    let mut bound = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Int(value) => bound.add(value),
            Arg::Text(value) => bound.add(value),
        }
        .map_err(|error| StoreError::Database(sqlx::Error::Encode(error)))?;
    }
    Ok(bound)
}

fn cells(row: &PgRow) -> Result<Cells, StoreError> {
    let mut cells = Vec::with_capacity(row.columns().len());
    for column in row.columns() {
        let value = row.try_get_raw(column.ordinal())?;
        let kind = column.type_info();
        cells.push(match (value.is_null(), kind.name()) {
            (true, _) => Cell::Null,
            (_, "INT8") => Cell::Int(row.try_get_unchecked(column.ordinal())?),
            (_, "INT4") => Cell::Int(i64::from(row.try_get_unchecked::<i32, _>(column.ordinal())?)),
            _ => Cell::Text(row.try_get_unchecked(column.ordinal())?),
        });
    }
    Ok(Cells::new(cells))
}

#[async_trait]
impl Connection for Owner<'_> {
    async fn run(&mut self, sql: Sql, args: Vec<Arg>) -> Result<u64, StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(sql), bind(args)?);
        Ok(query.execute(self.connection()).await?.rows_affected())
    }

    async fn rows(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Vec<Cells>, StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(sql), bind(args)?);
        query.fetch_all(self.connection()).await?.iter().map(cells).collect()
    }

    async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        sqlx::raw_sql(sql).execute(self.connection()).await?;
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        if let Self::Transaction(transaction) = *self {
            transaction.commit().await?;
        }
        Ok(())
    }
}

/// The session that has the lock.
struct Leading(PgConnection);

#[async_trait]
impl Session for Leading {
    async fn connection(&mut self) -> Result<Held<'_>, StoreError> {
        Ok(Box::new(Owner::Lease(&mut self.0)))
    }
}

struct Notifications(PgListener);

#[async_trait]
impl Listener for Notifications {
    async fn next(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.0.try_recv().await?.map(|message| message.payload().to_owned()))
    }
}

#[async_trait]
impl Database for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn connect(&self) -> Result<Held<'_>, StoreError> {
        Ok(Box::new(Owner::Plain(self.pool.acquire().await?)))
    }

    async fn begin(&self) -> Result<Held<'_>, StoreError> {
        Ok(Box::new(Owner::Transaction(self.pool.begin().await?)))
    }

    async fn campaign(&self) -> Result<Box<dyn Session + '_>, StoreError> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        sqlx::raw_sql(LOCK).execute(&mut connection).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("SET idle_session_timeout = '{IDLE}'")))
            .execute(&mut connection)
            .await?;
        Ok(Box::new(Leading(connection)))
    }

    async fn listen(&self) -> Result<Option<Box<dyn Listener>>, StoreError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Box::new(Notifications(listener))))
    }

    async fn backup(&self, _: &Path) -> Result<(), StoreError> {
        Err(StoreError::Address(
            "a PostgreSQL store is backed up by `pg_dump --format=custom`; a file".to_owned(),
        ))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
