//! What was served, counted: batches of instances, each counted once, added to totals.
//!
//! ```text
//!   batches ─▶ exposure_batches: is it higher than the instance's last? ──yes──▶ exposures += counts, exposure_losses += lost
//!                    └──no: it is in the totals already                             (one transaction for all of them)
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::database::{Cells, args, values};
use super::{Store, StoreError};

/// Rows of one statement.
const CHUNK: usize = 64;
/// The most that one count adds, so that totals stay far below 2^63.
const MOST: u64 = 1_000_000_000_000;

/// What is counted apart; absent ones are empty texts.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ExposureKey {
    /// The release that decided; empty: none.
    pub release: String,
    /// Its phase.
    pub phase: String,
    /// The environment.
    pub environment: String,
    /// The feature.
    pub feature: String,
    /// What was served; empty: the caller's default.
    pub variant: String,
}

/// A batch of an instance.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExposedBatch {
    /// The environment.
    pub environment: String,
    /// The instance.
    pub instance: String,
    /// Its number, from 1 in each instance.
    pub batch: u64,
    /// Counts that the instance gave up.
    pub lost: u64,
    /// What was served how often.
    pub counts: Vec<(ExposureKey, u64)>,
}

/// Which totals.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Counted<'a> {
    /// Of a feature.
    Feature(&'a str),
    /// Of a release.
    Release(&'a str),
}

impl Store {
    /// Adds batches to the totals, each at most once; when this returns `Ok`, all of them are durable. Gives how many were new.
    ///
    /// An instance must be there once only. `at` is the wall time (ms).
    ///
    /// # Errors
    /// If the store cannot write; then nothing was.
    pub async fn add_exposures(&self, batches: &[ExposedBatch], at: i64) -> Result<usize, StoreError> {
        if batches.is_empty() {
            return Ok(0);
        }
        // In one order everywhere, so that two servers never wait for each other.
        let by_instance: BTreeMap<(&str, &str), &ExposedBatch> =
            batches.iter().map(|b| ((b.environment.as_str(), b.instance.as_str()), b)).collect();
        let rows: Vec<&ExposedBatch> = by_instance.values().copied().collect();
        let mut held = self.database().await?.begin().await?;
        let mut fresh = BTreeSet::new();
        for rows in rows.chunks(CHUNK) {
            let mut sql =
                "INSERT INTO exposure_batches (environment, instance, batch, at) VALUES ".to_owned();
            let args = values(
                &mut sql,
                rows.iter().map(|row| args![row.environment.as_str(), row.instance.as_str(), row.batch, at]),
            );
            sql.push_str(
                " ON CONFLICT (environment, instance) DO UPDATE SET batch = excluded.batch, at = excluded.at WHERE exposure_batches.batch < excluded.batch RETURNING environment, instance",
            );
            for mut cells in held.rows(sql.into(), args).await? {
                fresh.insert((cells.text()?, cells.text()?));
            }
        }
        let (mut totals, mut losses) = (BTreeMap::<&ExposureKey, u64>::new(), BTreeMap::<&str, u64>::new());
        for (environment, instance) in &fresh {
            let Some(batch) = by_instance.get(&(environment.as_str(), instance.as_str())) else { continue };
            for (key, count) in batch.counts.iter().filter(|(_, count)| *count > 0) {
                let total = totals.entry(key).or_default();
                *total = total.saturating_add(*count).min(MOST);
            }
            if batch.lost > 0 {
                let total = losses.entry(&batch.environment).or_default();
                *total = total.saturating_add(batch.lost).min(MOST);
            }
        }
        let totals: Vec<_> = totals.into_iter().collect();
        for rows in totals.chunks(CHUNK) {
            let mut sql =
                "INSERT INTO exposures (release, phase, environment, feature, variant, count) VALUES "
                    .to_owned();
            let args = values(
                &mut sql,
                rows.iter().map(|(key, count)| {
                    let [release, phase] = [key.release.as_str(), key.phase.as_str()];
                    args![
                        release,
                        phase,
                        key.environment.as_str(),
                        key.feature.as_str(),
                        key.variant.as_str(),
                        *count
                    ]
                }),
            );
            sql.push_str(
                " ON CONFLICT (release, phase, environment, feature, variant) DO UPDATE SET count = exposures.count + excluded.count",
            );
            held.run(sql.into(), args).await?;
        }
        for (environment, count) in losses {
            let sql = "INSERT INTO exposure_losses (environment, count) VALUES ($1, $2) ON CONFLICT (environment) DO UPDATE SET count = exposure_losses.count + excluded.count";
            held.run(sql.into(), args![environment, count]).await?;
        }
        held.commit().await?;
        Ok(fresh.len())
    }

    /// The totals of a release or a feature, in order of their keys.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn exposures(&self, of: Counted<'_>) -> Result<Vec<(ExposureKey, u64)>, StoreError> {
        let columns = "SELECT release, phase, environment, feature, variant, count FROM exposures";
        let (column, key) = match of {
            Counted::Feature(key) => ("feature", key),
            Counted::Release(key) => ("release", key),
        };
        let sql =
            format!("{columns} WHERE {column} = $1 ORDER BY release, phase, environment, feature, variant");
        let mut held = self.database().await?.connect().await?;
        let read = |mut cells: Cells| {
            let key = ExposureKey {
                release: cells.text()?,
                phase: cells.text()?,
                environment: cells.text()?,
                feature: cells.text()?,
                variant: cells.text()?,
            };
            Ok((key, cells.number()?))
        };
        held.rows(sql.into(), args![key]).await?.into_iter().map(read).collect()
    }

    /// How many counts the instances of each environment gave up.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn exposure_losses(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let rows = held.rows("SELECT environment, count FROM exposure_losses".into(), args![]).await?;
        rows.into_iter().map(|mut cells| Ok((cells.text()?, cells.number()?))).collect()
    }

    /// The last batch of an instance that is in the totals; 0: none.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn last_batch(&self, environment: &str, instance: &str) -> Result<u64, StoreError> {
        let mut held = self.database().await?.connect().await?;
        let sql = "SELECT batch FROM exposure_batches WHERE environment = $1 AND instance = $2";
        let row = held.rows(sql.into(), args![environment, instance]).await?.into_iter().next();
        row.map_or(Ok(0), |mut cells| cells.number())
    }
}
