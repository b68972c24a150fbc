//! The narrow door to a database: text in, rows out; two implementations.
//!
//! ```text
//!   Store (one SQL text) ──▶ Database ──┬─▶ sqlite: one connection that owns the file
//!                                       └─▶ postgres: a pool, and a session of its own for the lease
//! ```

use std::borrow::Cow;
use std::fmt::{Debug, Write as _};

use async_trait::async_trait;

use super::StoreError;

/// The text of a statement; placeholders are `$1`, `$2`, ….
pub(super) type Sql = Cow<'static, str>;

/// What stands for a placeholder.
#[derive(Clone, Debug)]
pub(super) enum Arg {
    /// An integer.
    Int(i64),
    /// A text, or null.
    Text(Option<String>),
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Arg {
    /// Sequence numbers, versions and times stay far below 2^63.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

/// Placeholders' values, from anything that has a database form.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::database::Arg::from($value)),*] };
}
pub(super) use args;

/// Appends `($1, $2, …), (…)` to a statement; gives what stands for the placeholders.
pub(super) fn values(sql: &mut String, rows: impl Iterator<Item = Vec<Arg>>) -> Vec<Arg> {
    let mut args = Vec::new();
    for row in rows {
        sql.push_str(if args.is_empty() { "(" } else { ", (" });
        for (place, arg) in row.into_iter().enumerate() {
            args.push(arg);
            let comma = if place == 0 { "" } else { ", " };
            let _ = write!(sql, "{comma}${}", args.len());
        }
        sql.push(')');
    }
    args
}

/// A value of a row.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// An integer.
    Int(i64),
    /// A text.
    Text(String),
    /// Nothing.
    Null,
}

/// A row that was read; values are taken out from left to right.
#[derive(Debug)]
pub(super) struct Cells(std::vec::IntoIter<Cell>);

impl Cells {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        Self(cells.into_iter())
    }

    /// The next value, an integer.
    pub(super) fn int(&mut self) -> Result<i64, StoreError> {
        match self.0.next() {
            Some(Cell::Int(value)) => Ok(value),
            other => Err(wrong("an integer", other.as_ref())),
        }
    }

    /// The next value, an integer from 0.
    pub(super) fn number(&mut self) -> Result<u64, StoreError> {
        let value = self.int()?;
        u64::try_from(value).map_err(|_| wrong("a number from 0", Some(&Cell::Int(value))))
    }

    /// The next value, a text.
    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        match self.0.next() {
            Some(Cell::Text(value)) => Ok(value),
            other => Err(wrong("a text", other.as_ref())),
        }
    }

    /// The next value, a text or null.
    pub(super) fn optional(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(Cell::Text(value)) => Ok(Some(value)),
            Some(Cell::Null) => Ok(None),
            other => Err(wrong("a text or null", other.as_ref())),
        }
    }
}

fn wrong(expected: &str, found: Option<&Cell>) -> StoreError {
    StoreError::damaged(format!("a column should have {expected}, but has {found:?}"))
}

/// A connection that is held, maybe in a transaction; given up without `commit`, the transaction is rolled back.
#[async_trait]
pub(super) trait Connection: Send {
    /// Runs a statement; gives how many rows it wrote.
    async fn run(&mut self, sql: Sql, args: Vec<Arg>) -> Result<u64, StoreError>;
    /// Runs a query.
    async fn rows(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Vec<Cells>, StoreError>;
    /// Runs several statements without arguments.
    async fn script(&mut self, sql: &'static str) -> Result<(), StoreError>;
    /// Makes it durable.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// A held connection.
pub(super) type Held<'a> = Box<dyn Connection + 'a>;

/// What differs in the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Dialect {
    /// Locks the rows that a `SELECT` reads, where that is needed.
    pub(super) fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }
}

/// The right to run timers, while it is held.
#[async_trait]
pub(super) trait Session: Send {
    /// Where the statements of the lease run: on PostgreSQL, the session that has the advisory lock.
    async fn connection(&mut self) -> Result<Held<'_>, StoreError>;
}

/// A database.
#[async_trait]
pub(super) trait Database: Debug + Send + Sync {
    /// Which it is.
    fn dialect(&self) -> Dialect;
    /// A connection for single statements.
    async fn connect(&self) -> Result<Held<'_>, StoreError>;
    /// A connection in a transaction that writes.
    async fn begin(&self) -> Result<Held<'_>, StoreError>;
    /// Waits until no other process leads. Does not give the lease its number: the store does.
    async fn campaign(&self) -> Result<Box<dyn Session + '_>, StoreError>;
    /// What other servers tell, for ever; `None`: nobody else can.
    async fn listen(&self) -> Result<Option<Box<dyn Listener>>, StoreError>;
    /// Writes a copy of everything, as of one moment, to a new file.
    async fn backup(&self, path: &std::path::Path) -> Result<(), StoreError>;
    /// Ends all connections.
    async fn close(&self);
}

/// What other servers tell.
#[async_trait]
pub(crate) trait Listener: Send {
    /// The next message; `None`: some may have been missed.
    async fn next(&mut self) -> Result<Option<String>, StoreError>;
}
