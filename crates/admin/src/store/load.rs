//! From the tables to a world, and whether they tell the truth.

use std::sync::Arc;

use serde_json::Value as Json;

use super::chain::{Chain, GENESIS};
use super::database::args;
use super::log::page;
use super::{Head, Store, StoreError, transaction};
use crate::domain::World;
use crate::domain::entity::Kind;

/// How many events of the log's end are checked at each start.
const TAIL: u64 = 100;
/// How many events are read at once.
const PAGE: u32 = 1_000;

/// What a check of the whole log found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified {
    /// How many events there are.
    pub events: u64,
    /// The hash of the last: note it elsewhere, to check against later.
    pub head: String,
}

impl Store {
    /// The state as the tables have it, and where the log stands; its end is checked.
    ///
    /// # Errors
    /// If the store cannot be read, or contradicts itself.
    pub async fn load(&self) -> Result<(World, Head), StoreError> {
        let database = self.database().await?;
        // One transaction, so that another server's commit is seen whole or not at all: with the head row locked.
        let mut held = database.begin().await?;
        let head = transaction::head(&mut held, database.dialect()).await?;
        let mut world = World::default();
        for mut cells in held.rows("SELECT kind, key, revision, body FROM entities".into(), args![]).await? {
            let (kind, key, revision, body) = (cells.text()?, cells.text()?, cells.number()?, cells.text()?);
            restore(&mut world, &kind, &key, revision, &body)?;
        }
        world.seq = head.seq;
        let from = head.seq.saturating_sub(TAIL);
        let mut chain = match from {
            0 => Chain::new(),
            _ => {
                let before = page(&mut held, from - 1, 1).await?.pop();
                let before = before.filter(|entry| entry.seq == from);
                let before = before.ok_or_else(|| StoreError::damaged(format!("event {from} is missing")))?;
                Chain::after(before.seq, before.hash)
            }
        };
        for entry in page(&mut held, from, PAGE).await? {
            chain.push(&entry)?;
        }
        ends(&head, chain)?;
        Ok((world, head))
    }

    /// The state as the whole log tells it; checks every hash.
    ///
    /// # Errors
    /// If the store cannot be read, or the log is not whole.
    pub async fn rebuild(&self) -> Result<(World, Head), StoreError> {
        self.fold(Chain::new()).await
    }

    /// Checks the whole log: numbers, hashes, that it leads to the state in the tables; and that it has the hash that was
    /// noted before, if one is given.
    ///
    /// # Errors
    /// If the store cannot be read, or something does not agree: what and where.
    pub async fn verify(&self, noted: Option<&str>) -> Result<Verified, StoreError> {
        let (mut told, head) = self.fold(Chain::new().through(noted)).await?;
        let (mut kept, now) = self.load().await?;
        // Another server may have gone on between the two; then the log's word is compared up to there.
        for entry in self.between(head.seq, now.seq).await? {
            told.fold(&entry.event()?).map_err(|e| unreadable(entry.seq, &e))?;
        }
        kept.seq = now.seq;
        told.seq = now.seq;
        if told != kept {
            return Err(StoreError::damaged(format!(
                "the log does not lead to the state that is kept: {}",
                differ(&told, &kept)
            )));
        }
        Ok(Verified { events: now.seq, head: now.hash })
    }

    async fn between(&self, after: u64, until: u64) -> Result<Vec<super::Entry>, StoreError> {
        if after >= until {
            return Ok(Vec::new());
        }
        let filter = super::LogFilter {
            after: Some(after),
            before: Some(until + 1),
            limit: u32::MAX,
            ..Default::default()
        };
        self.log(&filter).await
    }

    async fn fold(&self, mut chain: Chain) -> Result<(World, Head), StoreError> {
        let database = self.database().await?;
        let mut world = World::default();
        loop {
            let mut held = database.connect().await?;
            let entries = page(&mut held, world.seq, PAGE).await?;
            drop(held);
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                chain.push(&entry)?;
                world.fold(&entry.event()?).map_err(|e| unreadable(entry.seq, &e))?;
            }
        }
        let (seq, hash) = chain.finish()?;
        Ok((world, Head { seq, hash, ..Head::default() }))
    }
}

fn ends(head: &Head, chain: Chain) -> Result<(), StoreError> {
    let (seq, hash) = chain.finish()?;
    let expected = if head.hash.is_empty() { GENESIS } else { &head.hash };
    if (seq, hash.as_str()) == (head.seq, expected) {
        return Ok(());
    }
    Err(StoreError::damaged(format!(
        "the log ends with event {seq} ({hash}), but should with {} ({expected})",
        head.seq
    )))
}

fn restore(world: &mut World, kind: &str, key: &str, revision: u64, body: &str) -> Result<(), StoreError> {
    let wrong =
        |error: serde_json::Error| StoreError::damaged(format!("the {kind} `{key}` cannot be read: {error}"));
    let kind: Kind = serde_json::from_value(Json::String(kind.to_owned())).map_err(wrong)?;
    let body: Json = serde_json::from_str(body).map_err(wrong)?;
    world.restore(kind, &Arc::from(key), revision, &body).map_err(wrong)
}

fn unreadable(seq: u64, error: &serde_json::Error) -> StoreError {
    StoreError::damaged(format!("event {seq} cannot be folded: {error}"))
}

/// The first thing in which two worlds differ.
fn differ(told: &World, kept: &World) -> String {
    let list = |world: &World| {
        let mut all = std::collections::BTreeMap::new();
        let _ = world.each(|kind, key, revision, body| {
            all.insert((kind, key.to_string()), (revision, body));
        });
        all
    };
    let (told, kept) = (list(told), list(kept));
    for (id, left) in &told {
        if kept.get(id) != Some(left) {
            return format!(
                "{:?} `{}` is {:?} by the log, {:?} in the tables",
                id.0,
                id.1,
                left,
                kept.get(id)
            );
        }
    }
    kept.keys().find(|id| !told.contains_key(*id)).map_or_else(
        || "the order of rows".to_owned(),
        |id| format!("{:?} `{}` is not in the log", id.0, id.1),
    )
}
