//! The schema, step by step; its number is in `meta`.

use super::database::{Database, Dialect, args};
use super::{StoreError, failpoint, postgres};

/// The steps: the schema with number n is what the first n make.
const STEPS: &[&str] = &[
    include_str!("migrations/common/0001_tables.sql"),
    include_str!("migrations/common/0002_fleet.sql"),
    include_str!("migrations/common/0003_snapshot_versions.sql"),
];

/// The number of the schema that this program works with.
#[expect(clippy::cast_possible_wrap, reason = "a handful")]
pub const SCHEMA: i64 = STEPS.len() as i64;

/// Brings the schema up to date, in one transaction; or only checks it.
pub(super) async fn run(database: &dyn Database, migrates: bool) -> Result<(), StoreError> {
    let mut held = database.begin().await?;
    if database.dialect() == Dialect::Postgres {
        // Servers that start at the same time take turns.
        held.rows(postgres::MIGRATION_LOCK.into(), args![]).await?;
    }
    held.script("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)").await?;
    let rows = held.rows("SELECT value FROM meta WHERE key = 'schema'".into(), args![]).await?;
    let found = match rows.into_iter().next() {
        None => 0,
        Some(mut row) => {
            let text = row.text()?;
            text.parse().map_err(|_| StoreError::damaged(format!("meta.schema is `{text}`, not a number")))?
        }
    };
    if !(0..=SCHEMA).contains(&found) {
        let hint = "it was written by a newer program; use that one";
        return Err(StoreError::Schema { found, known: SCHEMA, hint });
    }
    if found == SCHEMA {
        return Ok(());
    }
    if !migrates {
        let hint = "start the server on it once, which brings it up to date";
        return Err(StoreError::Schema { found, known: SCHEMA, hint });
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        held.script(step).await?;
        failpoint::reach("migrate.applied");
    }
    let set = "INSERT INTO meta (key, value) VALUES ('schema', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    held.run(set.into(), args![SCHEMA.to_string()]).await?;
    held.commit().await
}
