//! The versions of an environment, and how fast each reached the instances.
//!
//! ```text
//!   published v ──▶ [.. floor] ?  (v1: samples) (v2: samples) … (head: samples)
//!                     │ older than what is remembered: cannot be told from one that never was, so it counts as published
//!   ack ≥ v, the first of an instance that was live before v ──▶ sample: uptime of the ack − uptime of the publication
//! ```
//! By the server's uptime alone; no clock of a client takes part.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

/// How many versions of an environment are remembered.
pub(super) const REMEMBERED: usize = 50;

/// The versions of an environment.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// The newest; 0: none.
    head: u64,
    /// Of versions up to this one it is not known whether they were published.
    floor: u64,
    /// In order; the newest last.
    list: VecDeque<Published>,
}

/// A version.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) version: u64,
    /// Server uptime (ms).
    pub(super) uptime: u64,
    /// Wall time (ms), to show.
    pub(super) wall: i64,
    /// How many instances were live then.
    pub(super) live: u64,
    /// Delay (ms) → how many acked after it.
    samples: BTreeMap<u64, u64>,
    /// Of each relay that was live then: its instances, and how many of them were sampled.
    relays: BTreeMap<Arc<str>, (u64, u64)>,
}

/// How a version reached the instances of an environment.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Propagation {
    /// The version.
    pub version: u64,
    /// When it was published (wall time, ms).
    pub published_at: i64,
    /// How many instances were live when it was published.
    pub live_then: u64,
    /// How many of those acked it, or a newer one, so far: what the percentiles are of.
    pub measured: u64,
    /// How many instances are live now.
    pub live: u64,
    /// How many of these applied it, or a newer one.
    pub applied: u64,
    /// Publication → ack, milliseconds: the median.
    pub p50_ms: Option<u64>,
    /// Nine of ten.
    pub p90_ms: Option<u64>,
    /// 99 of 100.
    pub p99_ms: Option<u64>,
    /// The slowest so far.
    pub max_ms: Option<u64>,
}

impl Versions {
    /// Takes `head` as the newest; what came before it is not known.
    pub(super) fn begin(&mut self, head: u64) {
        self.head = self.head.max(head);
        self.floor = self.head;
    }

    /// Notes a version; whether it is a new one.
    pub(super) fn publish(&mut self, version: u64, uptime: u64, wall: i64) -> Option<&mut Published> {
        if version <= self.head {
            return None;
        }
        self.head = version;
        if self.list.len() >= REMEMBERED
            && let Some(oldest) = self.list.pop_front()
        {
            self.floor = self.floor.max(oldest.version);
        }
        let (samples, relays) = (BTreeMap::new(), BTreeMap::new());
        self.list.push_back(Published { version, uptime, wall, live: 0, samples, relays });
        self.list.back_mut()
    }

    /// The newest; 0: none.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// Whether a version was published, as far as that is known; 0, no version, is.
    pub(super) fn knows(&self, version: u64) -> bool {
        version <= self.floor
            || version <= self.head && self.list.iter().rev().any(|one| one.version == version)
    }

    /// An instance that is known since `first` acked all versions in (`acked`, `version`] at `at` (uptime, ms).
    pub(super) fn ack(&mut self, acked: u64, version: u64, first: u64, at: u64) {
        for one in self.between(acked, version) {
            if first <= one.uptime {
                one.sample(at, 1);
            }
        }
    }

    /// A relay reports at `at` (uptime, ms); `applied` gives how many of its instances applied a version, or a newer one.
    pub(super) fn relayed(&mut self, relay: &str, at: u64, applied: impl Fn(u64) -> u64) {
        for one in &mut self.list {
            let count = applied(one.version);
            if let Some((expected, sampled)) = one.relays.get_mut(relay) {
                let fresh = count.min(*expected).saturating_sub(*sampled);
                *sampled = sampled.saturating_add(fresh);
                if fresh > 0 {
                    one.sample(at, fresh);
                }
            }
        }
    }

    fn between(&mut self, after: u64, upto: u64) -> impl Iterator<Item = &mut Published> {
        // From the newest: an ack is nearly always of the last one.
        self.list
            .iter_mut()
            .rev()
            .skip_while(move |one| one.version > upto)
            .take_while(move |one| one.version > after)
    }

    /// The newest first; the caller fills in who is live now.
    pub(super) fn history(&self) -> impl Iterator<Item = Propagation> {
        self.list.iter().rev().map(Published::propagation)
    }
}

impl Published {
    /// A relay with so many instances is live.
    pub(super) fn expect(&mut self, relay: &Arc<str>, count: u64) {
        self.live = self.live.saturating_add(count);
        self.relays.insert(Arc::clone(relay), (count, 0));
    }

    fn sample(&mut self, at: u64, count: u64) {
        let total = self.samples.entry(at.saturating_sub(self.uptime)).or_default();
        *total = total.saturating_add(count);
    }

    fn propagation(&self) -> Propagation {
        let share = |per_cent| percentile(&self.samples, per_cent);
        Propagation {
            version: self.version,
            published_at: self.wall,
            live_then: self.live,
            measured: self.samples.values().sum(),
            live: 0,
            applied: 0,
            p50_ms: share(50),
            p90_ms: share(90),
            p99_ms: share(99),
            max_ms: self.samples.keys().next_back().copied(),
        }
    }
}

/// The nearest rank: the least value that at least so many per cent of the samples do not exceed.
pub(crate) fn percentile(samples: &BTreeMap<u64, u64>, per_cent: u64) -> Option<u64> {
    let total: u64 = samples.values().sum();
    let rank = total.saturating_mul(per_cent).div_ceil(100).max(1);
    let mut passed = 0_u64;
    samples.iter().find_map(|(value, count)| {
        passed = passed.saturating_add(*count);
        (passed >= rank).then_some(*value)
    })
}
