//! The fleet and the store: rows written in batches, rows of other servers read, versions heard of, who is gone forgotten.
//!
//! ```text
//!   this server: unwritten ──0.25 s──▶ fleet_members ──0.5 s──▶ another server's book     (SQLite: 1 s, nobody else reads)
//!   events of the log ─ snapshot heads ─▶ versions        live members ─▶ capabilities ─▶ writer
//! ```

use std::sync::Arc;
use std::time::Duration;

use tidegate::model::Key;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::book::{Line, Stored};
use super::{Fleet, Unwritten};
use crate::domain::entity::{Kind, SnapshotHead};
use crate::domain::{Capabilities, Capable};
use crate::store::{Dialect, Heard, MemberRow, StoreError};
use crate::trouble::Trouble;

/// How often rows are written where other servers read them, and where none does.
const WRITE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(1));
/// How often the rows of other servers are read.
const READ: Duration = Duration::from_millis(500);
/// Rows that were written so long before the last one that was read (ms of uptime) are read again: transactions overtake.
const OVERLAP: u64 = 3_000;
/// How often it is looked who is gone.
const SWEEP: Duration = Duration::from_millis(500);
/// The least time between two looks at what the live ones understand.
const CALM: Duration = Duration::from_millis(250);
/// How often old rows are thrown away.
const PRUNE: Duration = Duration::from_secs(600);
/// How long rows of reporters are kept, and the last batches of instances (ms).
const KEPT: (i64, i64) = (24 * 60 * 60 * 1_000, 30 * 24 * 60 * 60 * 1_000);

impl Fleet {
    /// Works until `stop`, and writes what is left.
    pub async fn run(self, stop: CancellationToken) {
        let (store, clock) = (Arc::clone(self.inner.writer.store()), Arc::clone(self.inner.writer.clock()));
        let wall = move || clock.now().wall;
        let until = stop.clone();
        let others = async {
            tokio::select! {
                () = until.cancelled() => {}
                () = self.hear_versions() => {}
                () = self.read_others() => {}
                () = self.forget() => {}
                () = self.tell_capabilities() => {}
                () = self.prune() => {}
            }
        };
        tokio::join!(self.write_rows(&stop), self.inner.exposures.run(&store, wall, stop.clone()), others);
    }

    /// What is stored of before, and where the snapshots are.
    pub(super) async fn restore(&self) -> Result<(), StoreError> {
        let rows = self.inner.writer.store().members_since(0, None).await?;
        let now = self.inner.writer.measured();
        let mut book = self.inner.book.lock();
        for (environment, row) in &self.inner.writer.world().snapshot_heads {
            book.begin(environment, row.body.version);
        }
        for row in rows {
            if let Some(line) = line(&row) {
                book.restore(line, now);
            }
        }
        Ok(())
    }

    /// Notes each version as it is committed, by whichever server.
    async fn hear_versions(&self) {
        let mut events = self.inner.writer.events();
        // What was committed since the fleet was opened.
        self.catch_up();
        loop {
            match events.recv().await {
                Ok(event) => {
                    for change in event.changes.iter().filter(|change| change.kind == Kind::SnapshotHead) {
                        if let Ok(head) = serde_json::from_value::<SnapshotHead>(change.after.clone()) {
                            self.published(&change.key, head.version);
                        }
                    }
                }
                Err(RecvError::Lagged(_)) => self.catch_up(),
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// Some versions may have been missed: which ones came before the newest is not known then.
    pub(super) fn catch_up(&self) {
        let world = self.inner.writer.world();
        let mut is_news = false;
        {
            let mut book = self.inner.book.lock();
            for (environment, row) in &world.snapshot_heads {
                if book.head(environment) < row.body.version {
                    book.begin(environment, row.body.version);
                    is_news = true;
                }
            }
        }
        if is_news {
            self.bump();
        }
    }

    async fn write_rows(&self, stop: &CancellationToken) {
        let away = Trouble::new("who reported is not written yet");
        let is_shared = self.inner.writer.store().dialect() == Dialect::Postgres;
        let mut ticks = interval(if is_shared { WRITE.0 } else { WRITE.1 });
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let stops = tokio::select! {
                () = stop.cancelled() => true,
                _ = ticks.tick() => false,
            };
            match self.flush().await {
                Ok(()) => away.is_over(),
                Err(error) => away.came(&error),
            }
            if stops {
                return;
            }
        }
    }

    /// Writes who reported.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        let Unwritten { changed, mut heard } = std::mem::take(&mut *self.inner.unwritten.lock());
        heard.retain(|who| !changed.contains(who));
        let (lines, again) = {
            let book = self.inner.book.lock();
            (book.lines(changed.iter().cloned()), book.lines(heard.iter().cloned()))
        };
        let rows: Vec<MemberRow> = lines.into_iter().filter_map(row).collect();
        let again = again.into_iter().map(|line| Heard {
            environment: line.environment.to_string(),
            member: line.id.to_string(),
            seen: line.seen,
            at: line.wall,
        });
        let again: Vec<Heard> = again.collect();
        let written = self.inner.writer.store().write_members(&self.inner.node, &rows, &again).await;
        if written.is_err() {
            let mut unwritten = self.inner.unwritten.lock();
            unwritten.changed.extend(changed);
            unwritten.heard.extend(heard);
        }
        written
    }

    /// Reads what the other servers heard, again and again; never, if there can be none.
    async fn read_others(&self) {
        if self.inner.writer.store().dialect() != Dialect::Postgres {
            std::future::pending::<()>().await;
        }
        let away = Trouble::new("cannot read what the other servers hear");
        let mut since = 0;
        loop {
            match self.read_since(since).await {
                Ok(last) => {
                    away.is_over();
                    since = last;
                }
                Err(error) => away.came(&error),
            }
            sleep(READ).await;
        }
    }

    /// Takes in what other servers heard from an uptime on; gives from where to read next.
    pub(super) async fn read_since(&self, since: u64) -> Result<u64, StoreError> {
        let rows = self.inner.writer.store().members_since(since, Some(&self.inner.node)).await?;
        let last = rows.iter().map(|row| row.seen).max().unwrap_or(0);
        let now = self.inner.writer.measured();
        let mut is_news = false;
        for row in &rows {
            // Parsed outside the lock.
            if let Some(line) = line(row) {
                is_news |= self.inner.book.lock().observe(line, now).unwrap_or(false);
            }
        }
        if is_news {
            self.bump();
        }
        Ok(since.max(last.saturating_sub(OVERLAP)))
    }

    async fn forget(&self) {
        let mut settled = self.settled();
        loop {
            sleep(SWEEP).await;
            let now = self.inner.writer.measured();
            let is_gone = self.inner.book.lock().sweep(now);
            let was = std::mem::replace(&mut settled, self.settled());
            if settled && !was {
                self.settle();
            }
            if is_gone || was != settled {
                self.bump();
            }
        }
    }

    /// Tells the writer what the live ones understand, whenever they change.
    async fn tell_capabilities(&self) {
        let mut changed = self.changed();
        loop {
            changed.borrow_and_update();
            self.inner.writer.set_capabilities(self.capabilities());
            if changed.changed().await.is_err() {
                return;
            }
            sleep(CALM).await;
        }
    }

    /// What the live ones understand; those that are alike told as one.
    pub(super) fn capabilities(&self) -> Capabilities {
        let environments = self.inner.book.lock().environments();
        let mut members: Vec<(Key, Capable)> = Vec::new();
        for environment in environments {
            let mut alike: Vec<(Arc<super::Member>, u64)> = Vec::new();
            for member in self.live(&environment) {
                let known = alike.iter_mut().find(|(known, _)| {
                    known.sdk == member.sdk
                        && known.schema_version == member.schema_version
                        && known.operators == member.operators
                });
                match known {
                    Some((_, count)) => *count += member.count,
                    None => alike.push((Arc::clone(&member), member.count)),
                }
            }
            members.extend(alike.into_iter().map(|(member, count)| {
                let named = if member.instance.is_empty() { &member.relay } else { &None };
                let capable = Capable {
                    instance: named.clone().unwrap_or_else(|| member.instance.clone()),
                    sdk: member.sdk.name.clone(),
                    version: member.sdk.version.clone(),
                    count,
                    schema_version: member.schema_version,
                    operators: member.operators.as_ref().map(|names| names.iter().cloned().collect()),
                };
                (Key::clone(&environment), capable)
            }));
        }
        Capabilities::new(members)
    }

    async fn prune(&self) {
        loop {
            sleep(PRUNE).await;
            let wall = self.inner.writer.measured().wall;
            let pruned = self.inner.writer.store().prune_fleet(wall - KEPT.0, wall - KEPT.1).await;
            if let Err(error) = pruned {
                tracing::warn!(%error, "rows of instances that are gone were not thrown away");
            }
        }
    }
}

fn line(row: &MemberRow) -> Option<Line> {
    match serde_json::from_str::<Stored>(&row.body) {
        Ok(stored) => Some(Line {
            environment: row.environment.as_str().into(),
            id: row.member.as_str().into(),
            seen: row.seen,
            wall: row.at,
            stored,
        }),
        Err(error) => {
            // Of another version of the program; it comes again by itself.
            tracing::debug!(%error, member = row.member, "a stored reporter is not understood");
            None
        }
    }
}

fn row(line: Line) -> Option<MemberRow> {
    let body = serde_json::to_string(&line.stored).ok()?;
    let (environment, member) = (line.environment.to_string(), line.id.to_string());
    Some(MemberRow { environment, member, seen: line.seen, at: line.wall, body })
}
