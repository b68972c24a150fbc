//! What is asked of the store itself: the log, deliveries, when tokens were used. All else is answered from the world.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use serde_json::Value as Json;
use tidegate::model::Key;

use crate::domain::Problem;
use crate::domain::event::AuditEvent;

/// See the module.
#[async_trait]
pub(crate) trait Ledger: Send + Sync {
    /// Events after a number, in order.
    async fn after(&self, seq: u64, limit: usize) -> Result<Vec<AuditEvent>, Problem>;
    /// Deliveries by status.
    async fn deliveries_by_status(&self) -> Result<BTreeMap<String, u64>, Problem>;
}
