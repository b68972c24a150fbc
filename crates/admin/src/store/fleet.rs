//! Who reports: one row a reporter, written in batches by the server that it reports to, and read by the others.

use super::database::{Arg, Cells, args, values};
use super::{Store, StoreError};

/// Rows of one statement.
const CHUNK: usize = 64;

/// A reporter, as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MemberRow {
    /// The environment.
    pub environment: String,
    /// `i:<instance>` or `r:<relay>`.
    pub member: String,
    /// The server uptime of its last report (ms).
    pub seen: u64,
    /// The wall time of its last report (ms).
    pub at: i64,
    /// What it reported, JSON.
    pub body: String,
}

/// That a reporter was heard, with nothing new.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Heard {
    /// The environment.
    pub environment: String,
    /// `i:<instance>` or `r:<relay>`.
    pub member: String,
    /// The server uptime (ms).
    pub seen: u64,
    /// The wall time (ms).
    pub at: i64,
}

fn read(mut cells: Cells) -> Result<MemberRow, StoreError> {
    Ok(MemberRow {
        environment: cells.text()?,
        member: cells.text()?,
        seen: cells.number()?,
        at: cells.int()?,
        body: cells.text()?,
    })
}

impl Store {
    /// Writes reporters, and that others were heard, in one transaction. `node` names this server process.
    ///
    /// A reporter must be there once only. A report that is older than the one that is stored changes nothing.
    ///
    /// # Errors
    /// If the store cannot write; then nothing was.
    pub async fn write_members(
        &self,
        node: &str,
        members: &[MemberRow],
        heard: &[Heard],
    ) -> Result<(), StoreError> {
        if members.is_empty() && heard.is_empty() {
            return Ok(());
        }
        let mut held = self.database().await?.begin().await?;
        for rows in members.chunks(CHUNK) {
            let mut sql =
                "INSERT INTO fleet_members (environment, member, node, seen, at, body) VALUES ".to_owned();
            let args = values(
                &mut sql,
                rows.iter().map(|row| {
                    let [environment, member] = [row.environment.as_str(), row.member.as_str()];
                    args![environment, member, node, row.seen, row.at, row.body.as_str()]
                }),
            );
            sql.push_str(
                " ON CONFLICT (environment, member) DO UPDATE SET node = excluded.node, seen = excluded.seen, at = excluded.at, body = excluded.body WHERE fleet_members.seen <= excluded.seen",
            );
            held.run(sql.into(), args).await?;
        }
        for some in heard {
            let sql = "UPDATE fleet_members SET node = $3, seen = $4, at = $5 WHERE environment = $1 AND member = $2 AND seen < $4";
            let args = args![some.environment.as_str(), some.member.as_str(), node, some.seen, some.at];
            held.run(sql.into(), args).await?;
        }
        held.commit().await
    }

    /// The reporters that were heard at a server uptime of `seen` (ms) or later; with `node`: not those of that server process.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn members_since(&self, seen: u64, node: Option<&str>) -> Result<Vec<MemberRow>, StoreError> {
        let mut sql =
            "SELECT environment, member, seen, at, body FROM fleet_members WHERE seen >= $1".to_owned();
        let mut args: Vec<Arg> = args![seen];
        if let Some(node) = node {
            sql.push_str(" AND node <> $2");
            args.push(node.into());
        }
        let mut held = self.database().await?.connect().await?;
        held.rows(sql.into(), args).await?.into_iter().map(read).collect()
    }

    /// Forgets the reporters that were last heard before `members`, and the batches of instances that last sent one before
    /// `batches` (wall times, ms). What was counted stays.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn prune_fleet(&self, members: i64, batches: i64) -> Result<u64, StoreError> {
        let mut held = self.database().await?.begin().await?;
        let gone = held.run("DELETE FROM fleet_members WHERE at < $1".into(), args![members]).await?;
        let sql = "DELETE FROM exposure_batches WHERE at < $1";
        let gone = gone + held.run(sql.into(), args![batches]).await?;
        held.commit().await?;
        Ok(gone)
    }
}
