//! A transaction of the writer: the head row locked, then everything of a batch, then one commit.

use super::answers::{self, StoredAnswer};
use super::batch::Batch;
use super::database::{Dialect, Held, args};
use super::log::page;
use super::{Entry, GENESIS, Head, Store, StoreError, failpoint, postgres};

/// How many missed events are read at once.
const PAGE: u32 = 500;

/// A transaction; without `commit`, nothing of it stays.
pub(crate) struct Transaction<'a> {
    held: Held<'a>,
    dialect: Dialect,
    head: Head,
}

impl Store {
    /// Begins a transaction that writes; on PostgreSQL, waits until the other servers' are over.
    pub(crate) async fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        let database = self.database().await?;
        let dialect = database.dialect();
        let mut held = database.begin().await?;
        let head = head(&mut held, dialect).await?;
        failpoint::reach("batch.begun");
        Ok(Transaction { held, dialect, head })
    }
}

impl Transaction<'_> {
    /// Where the log stands; nobody else moves it meanwhile.
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// A page of the events after a number, in order; none: that is all.
    pub(crate) async fn missed(&mut self, after: u64) -> Result<Vec<Entry>, StoreError> {
        page(&mut self.held, after, PAGE).await
    }

    /// The answers that were given under these principals and keys, not before `since`.
    pub(crate) async fn answers(
        &mut self,
        keys: &[(String, String)],
        since: i64,
    ) -> Result<Vec<StoredAnswer>, StoreError> {
        answers::find(&mut self.held, keys, since).await
    }

    /// Writes a batch.
    pub(crate) async fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        batch.write(&mut self.held).await?;
        if self.dialect == Dialect::Postgres && !batch.is_eventless() {
            let message = format!("e{}", batch.seq());
            let sql = "SELECT pg_notify($1, $2)";
            self.held.rows(sql.into(), args![postgres::CHANNEL, message]).await?;
        }
        Ok(())
    }

    /// Makes it durable.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.held.commit().await?;
        failpoint::reach("batch.committed");
        Ok(())
    }
}

/// Reads the head row, and locks it.
pub(super) async fn head(held: &mut Held<'_>, dialect: Dialect) -> Result<Head, StoreError> {
    let sql = match dialect.for_update() {
        "" => "SELECT seq, hash, uptime, fence FROM head WHERE one = 1".into(),
        lock => format!("SELECT seq, hash, uptime, fence FROM head WHERE one = 1{lock}").into(),
    };
    let row = held.rows(sql, args![]).await?.into_iter().next();
    let mut row = row.ok_or_else(|| StoreError::damaged("the head row is missing"))?;
    let (seq, mut hash) = (row.number()?, row.text()?);
    if hash.is_empty() {
        GENESIS.clone_into(&mut hash);
    }
    Ok(Head { seq, hash, uptime: row.number()?, fence: row.number()? })
}
