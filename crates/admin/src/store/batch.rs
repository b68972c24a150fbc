//! What a group commit writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value as Json;
use tidegate::model::Key;

use super::answers::StoredAnswer;
use super::chain::link;
use super::database::{Arg, Held, args};
use super::{Head, StoreError, failpoint};
use crate::domain::entity::Kind;
use crate::domain::event::AuditEvent;
use crate::domain::{SnapshotRow, World};

/// A row of a snapshot: what it is, by environment, kind and key.
type RowKey = (Key, Kind, Key);

/// What a group commit writes: of several commands, in order; where they write the same row, the last wins.
#[derive(Debug)]
pub(crate) struct Batch {
    head: Head,
    events: Vec<Logged>,
    entities: BTreeMap<(Kind, Key), (u64, Option<String>)>,
    rows: BTreeMap<RowKey, (u64, Option<String>)>,
    /// By environment; also those that a later command of the batch made old.
    versions: BTreeSet<(Key, u64)>,
    outbox: Vec<NewDelivery>,
    answers: Vec<StoredAnswer>,
}

#[derive(Debug)]
struct Logged {
    seq: u64,
    at: i64,
    actor: Key,
    action: String,
    subject: (String, Key),
    body: String,
    before: String,
    hash: String,
}

#[derive(Debug)]
struct NewDelivery {
    seq: u64,
    fact: usize,
    webhook: Key,
    at: i64,
}

impl Batch {
    /// Nothing yet, after that head.
    pub(crate) fn new(head: Head) -> Self {
        Self {
            head,
            events: Vec::new(),
            entities: BTreeMap::new(),
            rows: BTreeMap::new(),
            versions: BTreeSet::new(),
            outbox: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// The number of the last event.
    pub(crate) fn seq(&self) -> u64 {
        self.head.seq
    }

    /// Whether it has no event.
    pub(crate) fn is_eventless(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.answers.is_empty()
    }

    /// Adds an event, what it wrote, and the deliveries that webhooks of the world after it want.
    pub(crate) fn add(
        &mut self,
        event: &AuditEvent,
        rows: Vec<SnapshotRow>,
        after: &World,
    ) -> Result<(), serde_json::Error> {
        let body = serde_json::to_string(event)?;
        let subject = (name(event.subject.kind)?, Key::clone(&event.subject.key));
        let hash = link(&self.head.hash, &body);
        let before = std::mem::replace(&mut self.head.hash, hash.clone());
        self.head.seq = event.seq;
        self.head.uptime = self.head.uptime.max(event.uptime);
        self.events.push(Logged {
            seq: event.seq,
            at: event.at,
            actor: Key::clone(&event.actor),
            action: event.action.clone(),
            subject,
            body,
            before,
            hash,
        });
        for change in &event.changes {
            let body = (!change.after.is_null()).then(|| change.after.to_string());
            self.entities.insert((change.kind, Key::clone(&change.key)), (change.revision, body));
        }
        for row in rows {
            let version = after.snapshot_heads.get(&*row.environment).map_or(0, |head| head.body.version);
            self.versions.insert((Key::clone(&row.environment), version));
            self.rows.insert((row.environment, row.kind, row.key), (version, row.body));
        }
        for (fact, told) in event.facts.iter().enumerate() {
            for (webhook, row) in &after.webhooks {
                if row.body.wants(webhook, told) {
                    self.outbox.push(NewDelivery {
                        seq: event.seq,
                        fact,
                        webhook: Key::clone(webhook),
                        at: event.at,
                    });
                }
            }
        }
        Ok(())
    }

    /// Adds an answer that an idempotency key gets again.
    pub(crate) fn answer(&mut self, answer: StoredAnswer) {
        self.answers.push(answer);
    }

    /// An answer that this batch gives under that key.
    pub(crate) fn answered(&self, principal: &str, key: &str) -> Option<&StoredAnswer> {
        self.answers.iter().find(|answer| answer.principal == principal && answer.key == key)
    }

    pub(super) async fn write(&self, held: &mut Held<'_>) -> Result<(), StoreError> {
        insert(held, &EVENTS, self.events.iter().map(Logged::args)).await?;
        failpoint::reach("batch.events");
        self.write_entities(held).await?;
        failpoint::reach("batch.entities");
        self.write_rows(held).await?;
        failpoint::reach("batch.rows");
        insert(held, &OUTBOX, self.outbox.iter().map(NewDelivery::args)).await?;
        failpoint::reach("batch.outbox");
        insert(held, &ANSWERS, self.answers.iter().map(StoredAnswer::args)).await?;
        failpoint::reach("batch.answers");
        let sql = "UPDATE head SET seq = $1, hash = $2, uptime = CASE WHEN uptime < $3 THEN $3 ELSE uptime END WHERE one = 1";
        held.run(sql.into(), args![self.head.seq, self.head.hash.as_str(), self.head.uptime]).await?;
        failpoint::reach("batch.head");
        Ok(())
    }

    async fn write_rows(&self, held: &mut Held<'_>) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(self.rows.len());
        for ((environment, kind, key), (version, body)) in &self.rows {
            let kind = name(*kind).map_err(|error| StoreError::damaged(error.to_string()))?;
            rows.push(args![&**environment, kind, &**key, *version, body.clone()]);
        }
        insert(held, &ROWS, rows.into_iter()).await?;
        let versions = self.versions.iter().map(|(environment, version)| args![&**environment, *version]);
        insert(held, &VERSIONS, versions).await
    }

    async fn write_entities(&self, held: &mut Held<'_>) -> Result<(), StoreError> {
        let mut kept = Vec::with_capacity(self.entities.len());
        for ((kind, key), (revision, body)) in &self.entities {
            let kind = name(*kind).map_err(|error| StoreError::damaged(error.to_string()))?;
            match body {
                Some(body) => kept.push(args![kind, &**key, *revision, body.as_str()]),
                None => {
                    let sql = "DELETE FROM entities WHERE kind = $1 AND key = $2";
                    held.run(sql.into(), args![kind, &**key]).await?;
                }
            }
        }
        insert(held, &ENTITIES, kept.into_iter()).await
    }
}

impl Logged {
    fn args(&self) -> Vec<Arg> {
        args![
            self.seq,
            self.at,
            &*self.actor,
            self.action.as_str(),
            self.subject.0.as_str(),
            &*self.subject.1,
            self.body.as_str(),
            self.before.as_str(),
            self.hash.as_str(),
        ]
    }
}

impl NewDelivery {
    /// Event, fact and webhook make the id, so one delivery can never get a second.
    fn args(&self) -> Vec<Arg> {
        let fact = u64::try_from(self.fact).unwrap_or(u64::MAX);
        let id = format!("msg_{}_{}_{}", self.seq, fact, self.webhook);
        args![id, self.seq, fact, &*self.webhook, "pending", 0_i64, self.at, self.at]
    }
}

/// A kind as it is written.
fn name(kind: Kind) -> Result<String, serde_json::Error> {
    match serde_json::to_value(kind)? {
        Json::String(name) => Ok(name),
        other => Ok(other.to_string()),
    }
}

/// A statement that inserts rows.
struct Insert {
    /// Up to `VALUES`.
    into: &'static str,
    /// How many columns.
    width: usize,
    /// What if a row is there.
    conflict: &'static str,
}

const EVENTS: Insert = Insert {
    into: "INSERT INTO events (seq, at, actor, action, subject_kind, subject_key, body, prev_hash, hash)",
    width: 9,
    conflict: "",
};
const ENTITIES: Insert = Insert {
    into: "INSERT INTO entities (kind, key, revision, body)",
    width: 4,
    conflict: " ON CONFLICT (kind, key) DO UPDATE SET revision = excluded.revision, body = excluded.body",
};
const ROWS: Insert = Insert {
    into: "INSERT INTO snapshot_rows (environment, kind, key, version, body)",
    width: 5,
    conflict: " ON CONFLICT (environment, kind, key) DO UPDATE SET version = excluded.version, body = excluded.body",
};
const VERSIONS: Insert = Insert {
    into: "INSERT INTO snapshot_versions (environment, version)",
    width: 2,
    conflict: " ON CONFLICT (environment, version) DO NOTHING",
};
const OUTBOX: Insert = Insert {
    into: "INSERT INTO outbox (id, seq, fact, webhook, status, attempts, next_at, created_at)",
    width: 8,
    conflict: "",
};
const ANSWERS: Insert = Insert {
    into: "INSERT INTO idempotency (principal, key, fingerprint, status, body, at)",
    width: 6,
    // Only an answer that is too old to be given again can be there.
    conflict: " ON CONFLICT (principal, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, at = excluded.at",
};

impl Insert {
    fn sql(&self, rows: usize) -> String {
        let mut sql = self.into.to_owned();
        for row in 0..rows {
            sql.push_str(if row == 0 { " VALUES (" } else { ", (" });
            for column in 0..self.width {
                let comma = if column == 0 { "" } else { ", " };
                let _ = write!(sql, "{comma}${}", row * self.width + column + 1);
            }
            sql.push(')');
        }
        sql.push_str(self.conflict);
        sql
    }
}

/// Inserts rows, 64, 32, …, 1 at a time: few round trips, and so few texts that all stay prepared.
async fn insert(
    held: &mut Held<'_>,
    insert: &Insert,
    mut rows: impl ExactSizeIterator<Item = Vec<Arg>> + Send,
) -> Result<(), StoreError> {
    while rows.len() > 0 {
        let count = match rows.len() {
            64.. => 64,
            left => 1 << left.ilog2(),
        };
        let mut args = Vec::with_capacity(count * insert.width);
        args.extend(rows.by_ref().take(count).flatten());
        held.run(insert.sql(count).into(), args).await?;
    }
    Ok(())
}
