//! What the deliveries need of the store.

use async_trait::async_trait;

use crate::domain::event::AuditEvent;

/// Deliveries, each in the store from the transaction of its event on.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The first `limit` deliveries of a webhook that are pending and whose turn was at `now` (wall clock, ms) or before; the earliest
    /// turn first, then the earliest event.
    ///
    /// # Errors
    /// If the store cannot be read.
    async fn due(&self, webhook: &str, now: i64, limit: u32) -> Result<Vec<Due>, OutboxError>;

    /// The event with that number.
    ///
    /// # Errors
    /// If the store cannot be read.
    async fn event(&self, seq: u64) -> Result<Option<AuditEvent>, OutboxError>;

    /// Notes an attempt, if the delivery is still pending with one attempt less; gives whether it was. So a server that has lost the
    /// lease without knowing cannot take back what its successor noted.
    ///
    /// # Errors
    /// If the store cannot write.
    async fn attempted(&self, id: &str, attempt: Attempt) -> Result<bool, OutboxError>;
}

/// A delivery whose turn it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Due {
    /// Its id, for ever: receivers know a repetition by it.
    pub id: String,
    /// The number of the event.
    pub seq: u64,
    /// The place of the fact in the event, from 0.
    pub fact: usize,
    /// How often it was tried.
    pub attempts: u32,
}

/// What is noted of an attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attempt {
    /// How many there were, with this one.
    pub attempts: u32,
    /// What became of the delivery.
    pub result: AttemptResult,
}

/// What became of a delivery.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AttemptResult {
    /// The receiver took it.
    Delivered,
    /// It failed, and is tried again at `next_at` (wall clock, ms).
    Later {
        /// When.
        next_at: i64,
        /// What went wrong.
        error: String,
    },
    /// It failed for good; a person may send it again.
    Dead {
        /// What went wrong.
        error: String,
    },
}

/// The store could not be asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct OutboxError(pub String);
