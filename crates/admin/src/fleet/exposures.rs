//! Batches of counts on their way to the store: all that wait are written in one transaction, and answered when it is durable.
//!
//! ```text
//!   report with batch n ─▶ durable ≥ n? ── yes ─▶ answered at once
//!                             └ no ─▶ waiting ──(each 100 ms, all at once)──▶ store ─▶ durable ─▶ answered
//! ```
//! What was not answered in time is sent again by the instance; the store counts each batch once, so nothing is lost or counted
//! twice, whoever is restarted when.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use parking_lot::Mutex;
use tidegate::model::Key;
use tidegate::wire::ExposureBatch;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::store::{ExposedBatch, ExposureKey, Store};
use crate::trouble::Trouble;

/// How long batches are collected before they are written.
const COLLECT: Duration = Duration::from_millis(100);
/// How long a report waits for its batch.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long to wait after a failure.
const REST: Duration = Duration::from_millis(500);
/// How many counts may wait; a batch beyond is not taken, and comes again.
const WAITING: usize = 200_000;
/// How many instances' last batches are remembered; the store knows them all.
const REMEMBERED: usize = 200_000;

type Instance = (Key, String);

/// Batches on their way to the store.
#[derive(Debug)]
pub(super) struct Exposures {
    state: Mutex<State>,
    wake: Notify,
    written: watch::Sender<u64>,
    away: Trouble,
}

#[derive(Debug, Default)]
struct State {
    waiting: BTreeMap<Instance, ExposureBatch>,
    /// How many counts wait.
    size: usize,
    /// Up to which batch the counts of an instance are known to be in the store.
    durable: HashMap<Instance, u64>,
}

impl Exposures {
    pub(super) fn new() -> Self {
        let away = Trouble::new("counts of what was served are not written yet");
        Self { state: Mutex::default(), wake: Notify::new(), written: watch::Sender::new(0), away }
    }

    /// Up to which batch the counts of an instance are known to be durable.
    pub(super) fn durable(&self, environment: &Key, instance: &str) -> Option<u64> {
        self.state.lock().durable.get(&(Key::clone(environment), instance.to_owned())).copied()
    }

    /// Stores batches of an environment; for each instance, up to which batch its counts are durable, if that is known.
    pub(super) async fn store(
        &self,
        environment: &Key,
        batches: Vec<(String, ExposureBatch)>,
    ) -> Vec<(String, u64)> {
        let mut written = self.written.subscribe();
        let deadline = Instant::now() + PATIENCE;
        let mut wanted: Vec<(Instance, u64)> = Vec::with_capacity(batches.len());
        {
            let mut state = self.state.lock();
            for (instance, batch) in batches {
                let key = (Key::clone(environment), instance);
                wanted.push((key.clone(), batch.batch));
                state.take(key, batch);
            }
        }
        self.wake.notify_one();
        loop {
            // Before looking: what is written after this wakes us.
            written.borrow_and_update();
            {
                let state = self.state.lock();
                let done =
                    |(key, batch): &(Instance, u64)| state.durable.get(key).is_some_and(|d| d >= batch);
                if wanted.iter().all(done) {
                    break;
                }
            }
            if !matches!(timeout_at(deadline, written.changed()).await, Ok(Ok(()))) {
                break;
            }
        }
        let state = self.state.lock();
        let durable = |(key, _): (Instance, u64)| state.durable.get(&key).map(|batch| (key.1, *batch));
        wanted.into_iter().filter_map(durable).collect()
    }

    /// Writes what waits, as it comes, until `stop`; then what still waits.
    pub(super) async fn run(&self, store: &Store, wall: impl Fn() -> i64, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.wake.notified() => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(COLLECT) => {}
            }
            if !self.write(store, wall()).await {
                sleep(REST).await;
                self.wake.notify_one();
            }
        }
        self.write(store, wall()).await;
    }

    /// Writes all that waits, in one transaction; whether it did.
    async fn write(&self, store: &Store, wall: i64) -> bool {
        let taken = {
            let mut state = self.state.lock();
            state.size = 0;
            std::mem::take(&mut state.waiting)
        };
        if taken.is_empty() {
            return true;
        }
        let rows: Vec<ExposedBatch> = taken.iter().map(|(instance, batch)| row(instance, batch)).collect();
        let done = store.add_exposures(&rows, wall).await;
        let mut state = self.state.lock();
        let done = match done {
            Ok(_) => {
                self.away.is_over();
                if state.durable.len() >= REMEMBERED {
                    state.durable.clear();
                }
                for (instance, batch) in taken {
                    let durable = state.durable.entry(instance).or_default();
                    *durable = batch.batch.max(*durable);
                }
                true
            }
            Err(error) => {
                self.away.came(&error);
                for (instance, batch) in taken {
                    state.take(instance, batch);
                }
                false
            }
        };
        drop(state);
        self.written.send_modify(|count| *count += 1);
        done
    }
}

impl State {
    /// Has a batch wait, unless it is in the store, one of its instance waits already, or too much does.
    fn take(&mut self, instance: Instance, batch: ExposureBatch) {
        let is_known = self.durable.get(&instance).is_some_and(|durable| *durable >= batch.batch);
        let size = batch.counts.len() + 1;
        if is_known || self.size + size > WAITING || self.waiting.contains_key(&instance) {
            return;
        }
        self.size += size;
        self.waiting.insert(instance, batch);
    }
}

fn row((environment, instance): &Instance, batch: &ExposureBatch) -> ExposedBatch {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let counts = batch.counts.iter().map(|one| {
        let key = ExposureKey {
            release: text(&one.release),
            phase: text(&one.phase),
            environment: environment.to_string(),
            feature: one.feature.clone(),
            variant: text(&one.variant),
        };
        (key, one.count)
    });
    ExposedBatch {
        environment: environment.to_string(),
        instance: instance.clone(),
        batch: batch.batch,
        lost: batch.lost,
        counts: counts.collect(),
    }
}
