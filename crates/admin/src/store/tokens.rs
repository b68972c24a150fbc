//! When tokens were last used: written in batches, and not part of the log.

use std::collections::BTreeMap;

use super::database::args;
use super::{Store, StoreError};

/// The value of the server's own that says when the latest head was signed.
const SIGNED_AT: &str = "signed_at";

impl Store {
    /// Notes when tokens were last used (id → Unix ms); an older instant than the noted one changes nothing.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn touch_tokens(&self, used: &BTreeMap<String, i64>) -> Result<(), StoreError> {
        if used.is_empty() {
            return Ok(());
        }
        let mut held = self.database().await?.begin().await?;
        for (token, at) in used {
            let sql = "INSERT INTO token_use (token, last_used) VALUES ($1, $2) ON CONFLICT (token) DO UPDATE SET last_used = excluded.last_used WHERE token_use.last_used < excluded.last_used";
            held.run(sql.into(), args![token.as_str(), *at]).await?;
        }
        held.commit().await
    }

    /// When each token was last used (id → Unix ms).
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn token_use(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let rows = held.rows("SELECT token, last_used FROM token_use".into(), args![]).await?;
        rows.into_iter().map(|mut cells| Ok((cells.text()?, cells.int()?))).collect()
    }

    /// A value of the server's own, like its instance id.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let rows = held.rows("SELECT value FROM meta WHERE key = $1".into(), args![key]).await?;
        rows.into_iter().next().map(|mut cells| cells.text()).transpose()
    }

    /// Sets a value of the server's own unless there is one; gives the one that is there then.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn meta_or(&self, key: &str, value: &str) -> Result<String, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let sql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = meta.value RETURNING value";
        let row = held.rows(sql.into(), args![key, value]).await?.into_iter().next();
        row.ok_or_else(|| StoreError::damaged("meta was not written"))?.text()
    }

    /// When the latest head was signed, as far as that was noted (Unix ms).
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn signed_at(&self) -> Result<Option<i64>, StoreError> {
        let Some(text) = self.meta(SIGNED_AT).await? else { return Ok(None) };
        let at = text
            .parse()
            .map_err(|_| StoreError::damaged(format!("meta.{SIGNED_AT} is `{text}`, not a number")));
        at.map(Some)
    }

    /// Notes when a head was signed (Unix ms), unless a later one was noted.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn note_signed_at(&self, at: i64) -> Result<(), StoreError> {
        let mut held = self.database().await?.connect().await?;
        let sql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE CAST(meta.value AS BIGINT) < CAST(excluded.value AS BIGINT)";
        held.run(sql.into(), args![SIGNED_AT, at.to_string()]).await.map(drop)
    }
}
