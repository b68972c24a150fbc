//! The lease: who runs timers, and what the server uptime is in all.

use super::database::{Dialect, Session, args};
use super::{Store, StoreError, failpoint, postgres};

/// The right to run timers, as long as it is held and beaten; each lease has a higher number than all before.
pub struct Lease<'a> {
    session: Box<dyn Session + 'a>,
    dialect: Dialect,
    /// Its number: what timer transactions check.
    pub fence: u64,
    /// The uptime in all when it began (ms).
    pub uptime: u64,
}

impl Store {
    /// Waits until no other server leads, then takes the lease. `holder` names this server, for people.
    ///
    /// # Errors
    /// If the store cannot be used.
    pub async fn campaign(&self, holder: &str) -> Result<Lease<'_>, StoreError> {
        let database = self.database().await?;
        let mut session = database.campaign().await?;
        let sql = "UPDATE head SET fence = fence + 1, leader = $1 WHERE one = 1 RETURNING fence, uptime";
        let row = session.connection().await?.rows(sql.into(), args![holder]).await?.into_iter().next();
        let mut row = row.ok_or_else(|| StoreError::damaged("the head row is missing"))?;
        failpoint::reach("lease.taken");
        let (fence, uptime) = (row.number()?, row.number()?);
        Ok(Lease { session, dialect: database.dialect(), fence, uptime })
    }

    /// Where the log stands, the uptime in all and the lease, without locking anything; and who leads.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn head(&self) -> Result<(super::Head, Option<String>), StoreError> {
        let mut held = self.database().await?.connect().await?;
        let sql = "SELECT seq, hash, uptime, fence, leader FROM head WHERE one = 1";
        let row = held.rows(sql.into(), args![]).await?.into_iter().next();
        let mut row = row.ok_or_else(|| StoreError::damaged("the head row is missing"))?;
        let (seq, hash) = (row.number()?, row.text()?);
        let head = super::Head { seq, hash, uptime: row.number()?, fence: row.number()? };
        Ok((head, row.optional()?))
    }
}

impl std::fmt::Debug for Lease<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("fence", &self.fence)
            .field("uptime", &self.uptime)
            .finish_non_exhaustive()
    }
}

impl Lease<'_> {
    /// Shows that this server lives, and persists the uptime in all (it never goes back); tells the others.
    ///
    /// # Errors
    /// If another server has the lease, or the store cannot write; then this server leads no more.
    pub async fn beat(&mut self, uptime: u64) -> Result<(), StoreError> {
        let mut held = self.session.connection().await?;
        let sql = "UPDATE head SET uptime = CASE WHEN uptime < $1 THEN $1 ELSE uptime END WHERE fence = $2";
        if held.run(sql.into(), args![uptime, self.fence]).await? == 0 {
            let row =
                held.rows("SELECT fence FROM head WHERE one = 1".into(), args![]).await?.into_iter().next();
            let found = row.map_or(Ok(0), |mut row| row.number())?;
            return Err(StoreError::Fenced { found, ours: self.fence });
        }
        failpoint::reach("uptime.written");
        if self.dialect == Dialect::Postgres {
            let sql = "SELECT pg_notify($1, $2)";
            held.rows(sql.into(), args![postgres::CHANNEL, format!("u{uptime}")]).await?;
        }
        Ok(())
    }
}
