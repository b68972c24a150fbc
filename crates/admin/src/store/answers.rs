//! First answers, by idempotency key.

use std::fmt::Write as _;

use super::database::{Arg, Held, args};
use super::{Store, StoreError};

/// The first answer that was given under an idempotency key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredAnswer {
    /// Whose key.
    pub principal: String,
    /// The key.
    pub key: String,
    /// A hash over method, path and body.
    pub fingerprint: String,
    /// The HTTP status.
    pub status: u16,
    /// The body, JSON.
    pub body: String,
    /// When (ms).
    pub at: i64,
}

impl StoredAnswer {
    pub(super) fn args(&self) -> Vec<Arg> {
        args![
            self.principal.as_str(),
            self.key.as_str(),
            self.fingerprint.as_str(),
            i64::from(self.status),
            self.body.as_str(),
            self.at,
        ]
    }
}

/// The answers under these principals and keys, not older than `since`.
pub(super) async fn find(
    held: &mut Held<'_>,
    keys: &[(String, String)],
    since: i64,
) -> Result<Vec<StoredAnswer>, StoreError> {
    let mut answers = Vec::new();
    for keys in keys.chunks(64) {
        // A power of two, filled up with the last key, so that few texts are prepared.
        let count = keys.len().next_power_of_two();
        let mut sql =
            "SELECT principal, key, fingerprint, status, body, at FROM idempotency WHERE at >= $1 AND (principal, key) IN (VALUES "
                .to_owned();
        let mut args = args![since];
        let last = keys.last();
        for (place, (principal, key)) in keys.iter().chain(last.into_iter().cycle()).take(count).enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let _ = write!(sql, "{comma}(${}, ${})", 2 * place + 2, 2 * place + 3);
            args.push(principal.as_str().into());
            args.push(key.as_str().into());
        }
        sql.push(')');
        for mut cells in held.rows(sql.into(), args).await? {
            answers.push(StoredAnswer {
                principal: cells.text()?,
                key: cells.text()?,
                fingerprint: cells.text()?,
                status: u16::try_from(cells.int()?).unwrap_or(500),
                body: cells.text()?,
                at: cells.int()?,
            });
        }
    }
    Ok(answers)
}

impl Store {
    /// Forgets the answers that were given before an instant (ms); gives how many.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn prune_answers(&self, before: i64) -> Result<u64, StoreError> {
        let mut held = self.database().await?.connect().await?;
        held.run("DELETE FROM idempotency WHERE at < $1".into(), args![before]).await
    }
}
