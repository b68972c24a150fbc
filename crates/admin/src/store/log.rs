//! Reading the log and the rows of snapshots.

use std::fmt::Write as _;

use super::database::{Arg, Cells, Held, args};
use super::{Store, StoreError};
use crate::domain::event::AuditEvent;

/// An event as it is stored: its exact JSON, and its place in the chain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// Its JSON, byte by byte as it was hashed.
    pub body: String,
    /// The hash of the event before it.
    pub prev_hash: String,
    /// Its hash.
    pub hash: String,
}

impl Entry {
    /// The event.
    ///
    /// # Errors
    /// If it is not one, or has another number than its row.
    pub fn event(&self) -> Result<AuditEvent, StoreError> {
        let event: AuditEvent = serde_json::from_str(&self.body)
            .map_err(|error| StoreError::damaged(format!("event {} cannot be read: {error}", self.seq)))?;
        if event.seq != self.seq {
            return Err(StoreError::damaged(format!(
                "event {} says that it is event {}",
                self.seq, event.seq
            )));
        }
        Ok(event)
    }

    pub(super) fn read(mut cells: Cells) -> Result<Self, StoreError> {
        Ok(Self { seq: cells.number()?, body: cells.text()?, prev_hash: cells.text()?, hash: cells.text()? })
    }
}

/// Which events, all conditions together.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// After this number.
    pub after: Option<u64>,
    /// Before this number.
    pub before: Option<u64>,
    /// By this actor.
    pub actor: Option<String>,
    /// This action, or with a `.*` at its end: all that begin so (`release.*`).
    pub action: Option<String>,
    /// About this kind of thing (as in JSON: `release`).
    pub subject_kind: Option<String>,
    /// About this thing.
    pub subject_key: Option<String>,
    /// Not before this instant (ms).
    pub from: Option<i64>,
    /// Before this instant (ms).
    pub until: Option<i64>,
    /// The newest first.
    pub newest_first: bool,
    /// At most so many; 0: 100.
    pub limit: u32,
}

/// A row of a snapshot, as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredRow {
    /// The part of the document.
    pub kind: String,
    /// The key.
    pub key: String,
    /// The environment's version that last changed it.
    pub version: u64,
    /// The JSON; `None`: it is gone.
    pub body: Option<String>,
}

impl Store {
    /// Events, by number.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn log(&self, filter: &LogFilter) -> Result<Vec<Entry>, StoreError> {
        let mut sql = "SELECT seq, body, prev_hash, hash FROM events WHERE 1 = 1".to_owned();
        let mut args = Vec::new();
        let mut add = |condition: &str, value: Option<Arg>| {
            if let Some(value) = value {
                args.push(value);
                let _ = write!(sql, " AND {condition} ${}", args.len());
            }
        };
        add("seq >", filter.after.map(Arg::from));
        add("seq <", filter.before.map(Arg::from));
        add("actor =", filter.actor.clone().map(Arg::from));
        add("subject_kind =", filter.subject_kind.clone().map(Arg::from));
        add("subject_key =", filter.subject_key.clone().map(Arg::from));
        add("at >=", filter.from.map(Arg::from));
        add("at <", filter.until.map(Arg::from));
        match filter.action.as_deref().map(|action| (action, action.strip_suffix('*'))) {
            None => {}
            Some((action, None)) => add("action =", Some(action.into())),
            Some((_, Some(start))) => {
                args.push(start.into());
                let (length, place) = (start.chars().count(), args.len());
                let _ = write!(sql, " AND substr(action, 1, {length}) = ${place}");
            }
        }
        let order = if filter.newest_first { "DESC" } else { "ASC" };
        let limit = if filter.limit == 0 { 100 } else { filter.limit };
        let _ = write!(sql, " ORDER BY seq {order} LIMIT {limit}");
        let mut held = self.database().await?.connect().await?;
        held.rows(sql.into(), args).await?.into_iter().map(Entry::read).collect()
    }

    /// A page of the events after a number, in order.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn entries_after(&self, seq: u64) -> Result<Vec<Entry>, StoreError> {
        page(&mut self.database().await?.connect().await?, seq, 500).await
    }

    /// An event, by its number.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn entry(&self, seq: u64) -> Result<Option<Entry>, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let sql = "SELECT seq, body, prev_hash, hash FROM events WHERE seq = $1";
        held.rows(sql.into(), args![seq]).await?.into_iter().next().map(Entry::read).transpose()
    }

    /// The rows of an environment's snapshot that were changed after a version, tombstones too.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn snapshot_rows(&self, environment: &str, after: u64) -> Result<Vec<StoredRow>, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let sql =
            "SELECT kind, key, version, body FROM snapshot_rows WHERE environment = $1 AND version > $2";
        let rows = held.rows(sql.into(), args![environment, after]).await?;
        let read = |mut cells: Cells| {
            let (kind, key) = (cells.text()?, cells.text()?);
            Ok(StoredRow { kind, key, version: cells.number()?, body: cells.optional()? })
        };
        let mut rows = rows.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
        // Not left to the database: collations differ.
        rows.sort_by(|a, b| (&a.kind, &a.key).cmp(&(&b.kind, &b.key)));
        Ok(rows)
    }

    /// The version of an environment's snapshot that last changed a row; none if it never had it.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn snapshot_row_version(
        &self,
        environment: &str,
        kind: &str,
        key: &str,
    ) -> Result<Option<u64>, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let sql = "SELECT version FROM snapshot_rows WHERE environment = $1 AND kind = $2 AND key = $3";
        let rows = held.rows(sql.into(), args![environment, kind, key]).await?;
        rows.into_iter().next().map(|mut cells: Cells| cells.number()).transpose()
    }

    /// The last versions that an environment's snapshot had, the oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn snapshot_versions(&self, environment: &str, last: u32) -> Result<Vec<u64>, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let sql =
            "SELECT version FROM snapshot_versions WHERE environment = $1 ORDER BY version DESC LIMIT $2";
        let rows = held.rows(sql.into(), args![environment, i64::from(last)]).await?;
        let mut versions = rows.into_iter().map(|mut cells| cells.number()).collect::<Result<Vec<_>, _>>()?;
        versions.reverse();
        Ok(versions)
    }

    /// Forgets that an environment's snapshot had versions before this one.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn forget_versions(&self, environment: &str, before: u64) -> Result<(), StoreError> {
        let mut held = self.database().await?.connect().await?;
        let sql = "DELETE FROM snapshot_versions WHERE environment = $1 AND version < $2";
        held.run(sql.into(), args![environment, before]).await?;
        Ok(())
    }
}

/// A page of the log, in order.
pub(super) async fn page(held: &mut Held<'_>, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
    let sql = "SELECT seq, body, prev_hash, hash FROM events WHERE seq > $1 ORDER BY seq LIMIT $2";
    held.rows(sql.into(), args![after, i64::from(limit)]).await?.into_iter().map(Entry::read).collect()
}
