//! The outbox of the store.

use async_trait::async_trait;

use super::outbox::{Attempt, AttemptResult, Due, Outbox, OutboxError};
use crate::domain::event::AuditEvent;
use crate::store::{DeliveryStatus, Store, StoreError};

impl From<StoreError> for OutboxError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

#[async_trait]
impl Outbox for Store {
    async fn due(&self, webhook: &str, now: i64, limit: u32) -> Result<Vec<Due>, OutboxError> {
        let due = self.due_deliveries_to(webhook, now, limit).await?.into_iter();
        Ok(due.map(|d| Due { id: d.id, seq: d.seq, fact: d.fact, attempts: d.attempts }).collect())
    }

    async fn event(&self, seq: u64) -> Result<Option<AuditEvent>, OutboxError> {
        Ok(self.entry(seq).await?.map(|entry| entry.event()).transpose()?)
    }

    async fn attempted(&self, id: &str, attempt: Attempt) -> Result<bool, OutboxError> {
        let (status, error, next_at) = match &attempt.result {
            AttemptResult::Delivered => (DeliveryStatus::Delivered, None, 0),
            AttemptResult::Later { next_at, error } => {
                (DeliveryStatus::Pending, Some(error.as_str()), *next_at)
            }
            AttemptResult::Dead { error } => (DeliveryStatus::Dead, Some(error.as_str()), 0),
        };
        Ok(Self::attempted(self, id, attempt.attempts, status, error, next_at).await?)
    }
}
