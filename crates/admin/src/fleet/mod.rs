//! The fleet: what the instances and relays report, kept, asked and shown.
//!
//! ```text
//!   POST /sdk/v1/report ─▶ check ─▶ book (in memory; locked for microseconds) ─▶ changed ─▶ propagation, capabilities
//!                            │        │ ▲
//!                            │        ▼ └── rows of the other servers (PostgreSQL, each 0.5 s)
//!                            │      rows, in batches
//!                            └─▶ exposures ─ of what there is ─▶ store, in batches ─▶ answered when durable
//! ```
//! Not here: what is decided by it. The book is observed, so it is in no log, and a lost row costs an interval of waiting.

mod book;
mod exposures;
mod member;
mod names;
mod reports;
mod sync;
mod versions;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tidegate::model::Key;
use tokio::sync::watch;

use self::book::Book;
use self::exposures::Exposures;
pub use self::member::{Member, Seen, Standing, State};
use self::names::Names;
pub use self::versions::Propagation;
pub(crate) use self::versions::percentile;
use crate::store::StoreError;
use crate::writer::Writer;

/// So long after the instances are settled, the releases were told what they applied (ms of uptime).
const TOLD: u64 = 2_000;

/// How often instances are asked to report (s).
pub const INTERVAL_S: u32 = 10;

/// What the instances report; cheap to clone.
#[derive(Clone, Debug)]
pub struct Fleet {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    writer: Writer,
    /// This server process, among those of one database.
    node: String,
    book: Mutex<Book>,
    changed: watch::Sender<u64>,
    unwritten: Mutex<Unwritten>,
    exposures: Exposures,
    names: Names,
}

/// Whom the store does not know as they are.
#[derive(Debug, Default)]
struct Unwritten {
    changed: BTreeSet<(Key, Arc<str>)>,
    /// Only heard again.
    heard: BTreeSet<(Key, Arc<str>)>,
}

impl Fleet {
    /// The fleet of a server, with what is stored of before.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn open(writer: Writer) -> Result<Self, StoreError> {
        let fleet = Self {
            inner: Arc::new(Inner {
                node: uuid::Uuid::new_v4().to_string(),
                book: Mutex::default(),
                changed: watch::Sender::new(0),
                unwritten: Mutex::default(),
                exposures: Exposures::new(),
                names: Names::default(),
                writer,
            }),
        };
        fleet.restore().await?;
        fleet.settle();
        Ok(fleet)
    }

    /// The live members of an environment. One that says that it applied a version which was never published has version 0
    /// and [`Member::unknown_version`]. A member that did not change is the same `Arc` as before.
    #[must_use]
    pub fn live(&self, environment: &str) -> Vec<Arc<Member>> {
        let now = self.inner.writer.measured();
        self.inner.book.lock().live(environment, now)
    }

    /// Counts up when [`Fleet::live`] or [`Fleet::settled`] may give something else, of any environment.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Whether everybody who was live before this server started has reported again, or is gone. Until then, nobody may
    /// conclude from [`Fleet::live`] that there is none.
    #[must_use]
    pub fn settled(&self) -> bool {
        let now = self.inner.writer.measured();
        self.inner.book.lock().is_settled(now)
    }

    /// When (server uptime, ms) the last of the live members applied this version or a newer one; `None` while one has not,
    /// and if there is none.
    #[must_use]
    pub fn applied_at(&self, environment: &str, version: u64) -> Option<u64> {
        let live = self.live(environment);
        let applied = |member: &Arc<Member>| (member.version >= version).then_some(member.since);
        let since: Vec<u64> = live.iter().map(applied).collect::<Option<_>>()?;
        since.into_iter().max()
    }

    /// A version of an environment was published; only the first call for a version counts.
    pub fn published(&self, environment: &Key, version: u64) {
        let now = self.inner.writer.measured();
        let is_new = self.inner.book.lock().published(environment, version, now);
        if is_new {
            self.bump();
        }
    }

    /// The newest version of an environment; 0: none is known.
    #[must_use]
    pub fn head(&self, environment: &str) -> u64 {
        self.inner.book.lock().head(environment)
    }

    /// How the last versions of an environment reached its instances, the newest first.
    #[must_use]
    pub fn propagation(&self, environment: &str) -> Vec<Propagation> {
        let now = self.inner.writer.measured();
        self.inner.book.lock().propagation(environment, now)
    }

    /// The members of an environment and how they stand, in order of their ids; also those that are waited for.
    #[must_use]
    pub fn seen(&self, environment: &str) -> Vec<Seen> {
        let now = self.inner.writer.measured();
        self.inner.book.lock().seen(environment, now)
    }

    /// Has timeouts wait until everybody of before has reported again or is gone, and a little longer, until that was told.
    fn settle(&self) {
        let (now, left) = {
            let writer = &self.inner.writer;
            (writer.now(), self.inner.book.lock().unsettled(writer.measured()))
        };
        self.inner.writer.set_settles_at(now.uptime.saturating_add(left).saturating_add(TOLD));
    }

    fn bump(&self) {
        self.inner.changed.send_modify(|count| *count += 1);
    }
}
