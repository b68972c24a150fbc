//! Deliveries to webhooks: where each stands. The event has what is delivered.

use std::fmt::Write as _;

use super::database::{Arg, Cells, args};
use super::{Store, StoreError, failpoint};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It failed too often; it can be sent again by hand.
    Dead,
    /// The endpoint took it.
    Delivered,
    /// It will be tried.
    Pending,
}

impl DeliveryStatus {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Delivered => "delivered",
            Self::Pending => "pending",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        match text {
            "dead" => Ok(Self::Dead),
            "delivered" => Ok(Self::Delivered),
            "pending" => Ok(Self::Pending),
            other => Err(StoreError::damaged(format!("a delivery has the status `{other}`"))),
        }
    }
}

/// A delivery: a fact of an event, to a webhook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// Its id, the same at every attempt and for ever: `msg_<event>_<fact>_<webhook>`.
    pub id: String,
    /// The number of the event.
    pub seq: u64,
    /// The place of the fact in the event, from 0.
    pub fact: usize,
    /// The webhook.
    pub webhook: String,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next (ms), if pending.
    pub next_at: i64,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was made (ms).
    pub created_at: i64,
}

/// Which deliveries, all conditions together; the newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// To this webhook.
    pub webhook: Option<String>,
    /// That stand so.
    pub status: Option<DeliveryStatus>,
    /// Of events before this number.
    pub before: Option<u64>,
    /// At most so many; 0: 100.
    pub limit: u32,
}

const COLUMNS: &str =
    "SELECT id, seq, fact, webhook, status, attempts, next_at, last_error, created_at FROM outbox";

fn read(mut cells: Cells) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: cells.text()?,
        seq: cells.number()?,
        fact: usize::try_from(cells.int()?).unwrap_or(usize::MAX),
        webhook: cells.text()?,
        status: DeliveryStatus::parse(&cells.text()?)?,
        attempts: u32::try_from(cells.int()?).unwrap_or(u32::MAX),
        next_at: cells.int()?,
        last_error: cells.optional()?,
        created_at: cells.int()?,
    })
}

impl Store {
    /// Deliveries whose turn has come, the longest waiting first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn due_deliveries(&self, now: i64, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE status = 'pending' AND next_at <= $1 ORDER BY next_at, seq, fact LIMIT $2"
        );
        self.read_deliveries(sql, args![now, i64::from(limit)]).await
    }

    /// Deliveries to a webhook whose turn has come, the longest waiting first; so an endpoint that is away keeps none from another.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn due_deliveries_to(
        &self,
        webhook: &str,
        now: i64,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE status = 'pending' AND next_at <= $1 AND webhook = $2 ORDER BY next_at, seq, fact LIMIT $3"
        );
        self.read_deliveries(sql, args![now, webhook, i64::from(limit)]).await
    }

    /// When the next delivery is due (ms), if any waits.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn next_delivery(&self) -> Result<Option<i64>, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let sql = "SELECT next_at FROM outbox WHERE status = 'pending' ORDER BY next_at LIMIT 1";
        held.rows(sql.into(), args![]).await?.into_iter().next().map(|mut cells| cells.int()).transpose()
    }

    /// Deliveries, the newest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>, StoreError> {
        let mut sql = format!("{COLUMNS} WHERE 1 = 1");
        let mut args = Vec::new();
        let mut add = |condition: &str, value: Option<Arg>| {
            if let Some(value) = value {
                args.push(value);
                let _ = write!(sql, " AND {condition} ${}", args.len());
            }
        };
        add("webhook =", filter.webhook.clone().map(Arg::from));
        add("status =", filter.status.map(|status| status.as_str().into()));
        add("seq <", filter.before.map(Arg::from));
        let limit = if filter.limit == 0 { 100 } else { filter.limit };
        let _ = write!(sql, " ORDER BY seq DESC, fact DESC, id DESC LIMIT {limit}");
        self.read_deliveries(sql, args).await
    }

    /// How many deliveries there are of each status.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn delivery_counts(&self) -> Result<Vec<(DeliveryStatus, u64)>, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let rows = held.rows("SELECT status, COUNT(*) FROM outbox GROUP BY status".into(), args![]).await?;
        let read = |mut cells: Cells| Ok((DeliveryStatus::parse(&cells.text()?)?, cells.number()?));
        rows.into_iter().map(read).collect()
    }

    /// A delivery, by its id.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn delivery(&self, id: &str) -> Result<Option<Delivery>, StoreError> {
        Ok(self.read_deliveries(format!("{COLUMNS} WHERE id = $1"), args![id]).await?.pop())
    }

    /// Notes that the endpoint took a delivery.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn delivered(&self, id: &str) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET status = 'delivered', attempts = attempts + 1, last_error = NULL WHERE id = $1";
        self.mark(sql, args![id]).await.map(drop)
    }

    /// Notes that an attempt failed, and when the next one is (ms); `None`: there is none, the delivery is dead.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn not_delivered(&self, id: &str, why: &str, next_at: Option<i64>) -> Result<(), StoreError> {
        let status = if next_at.is_some() { DeliveryStatus::Pending } else { DeliveryStatus::Dead };
        // PostgreSQL's texts have no NUL, and an endpoint's answer may.
        let why = why.replace('\0', "\u{fffd}");
        let sql = "UPDATE outbox SET status = $2, attempts = attempts + 1, last_error = $3, next_at = $4 WHERE id = $1";
        self.mark(sql, args![id, status.as_str(), why, next_at.unwrap_or(0)]).await.map(drop)
    }

    /// Notes an attempt, the `attempts`th, if the delivery is pending and was tried once less; whether it was. So a server that lost
    /// the lease while it sent takes nothing back.
    ///
    /// `status` is what the delivery is now, `next_at` (ms) when it is tried again if it is pending.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn attempted(
        &self,
        id: &str,
        attempts: u32,
        status: DeliveryStatus,
        error: Option<&str>,
        next_at: i64,
    ) -> Result<bool, StoreError> {
        // PostgreSQL's texts have no NUL, and an endpoint's answer may.
        let error = error.map(|error| error.replace('\0', "\u{fffd}"));
        let sql = "UPDATE outbox SET status = $3, attempts = $2, last_error = $4, next_at = $5 WHERE id = $1 AND status = 'pending' AND attempts = $2 - 1";
        Ok(self.mark(sql, args![id, i64::from(attempts), status.as_str(), error, next_at]).await? > 0)
    }

    /// Has a delivery sent (again) now, under its same id; whether there is one with that id.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn resend(&self, id: &str, now: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE outbox SET status = 'pending', attempts = 0, next_at = $2 WHERE id = $1";
        Ok(self.mark(sql, args![id, now]).await? > 0)
    }

    async fn mark(&self, sql: &'static str, args: Vec<Arg>) -> Result<u64, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let done = held.run(sql.into(), args).await?;
        failpoint::reach("delivery.marked");
        Ok(done)
    }

    async fn read_deliveries(&self, sql: String, args: Vec<Arg>) -> Result<Vec<Delivery>, StoreError> {
        let mut held = self.database().await?.connect().await?;
        held.rows(sql.into(), args).await?.into_iter().map(read).collect()
    }
}
