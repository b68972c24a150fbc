//! Two threads against one, and readers while a writer swaps: throughput, and the latency of single checks.
//!
//! Needs two idle processors; a third busy process shows in each number.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a bench that fails must stop"
)]

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tidegate::{Engine, Gate, Reader};

use self::workload::{Contexts, STEPS, USERS, Workload, contexts, keys, pairs, report, verified};

#[expect(dead_code, reason = "each bench uses a part of it")]
mod workload;

const RUNS: usize = 5;
const RUN: Duration = Duration::from_millis(400);
/// Checks between two looks at the clock, where throughput is measured.
const BATCH: usize = 4_096;

fn main() {
    let workload = Workload::open();
    let gates = workload.gates();
    let engine = |document: &str| {
        let engine = Engine::new();
        keys(&engine);
        engine.load(&workload.document(document)).unwrap();
        engine
    };
    let small = engine("small");
    let big = engine("big");
    let bigs = engine("bigs");
    let mut handles: Vec<Vec<Gate>> = Vec::new();
    for (engine, gates) in [(&small, &gates.small), (&big, &gates.big), (&bigs, &gates.bigs)] {
        handles.push(verified(engine, gates, workload.users, &contexts(engine, workload.users)));
    }
    drop(gates);
    // Each thread has contexts of its own, as requests have.
    let w4 = || Worker::new(&small, &workload, vec![handles[0][3]]);
    let w5 = || Worker::new(&big, &workload, handles[1].clone());
    scaling("w4", w4);
    scaling("w5", w5);

    clock();
    let w4_of_1000 = || Worker::new(&bigs, &workload, vec![handles[2][500]]);
    let mut deltas = Deltas::new(&workload, &bigs);
    swaps("none", w4_of_1000, || false);
    swaps("delta", w4_of_1000, || deltas.apply());
    let mut reload = Reload::new(&workload.document("bigs"), bigs.version());
    swaps("reload", w4_of_1000, || reload.load(&bigs));
}

/// What one thread checks with; on cache lines of its own, since each check writes `step`.
#[repr(align(128))]
struct Worker {
    reader: Reader,
    contexts: Contexts,
    gates: Vec<Gate>,
    pairs: Box<[(u16, u16); STEPS]>,
    step: usize,
}

impl Worker {
    fn new(engine: &Engine, workload: &Workload, gates: Vec<Gate>) -> Self {
        let contexts = contexts(engine, workload.users);
        let mut reader = engine.reader();
        for context in contexts.iter() {
            // So that hashes and versions are known, as they are in the other benches.
            for gate in gates.iter().take(2) {
                black_box(reader.check(*gate, context));
            }
        }
        Self { reader, contexts, pairs: pairs(gates.len()), gates, step: 0 }
    }

    #[inline(always)]
    fn check(&mut self) -> bool {
        let (gate, user) = self.pairs[self.step % STEPS];
        let user = if self.gates.len() == 1 { self.step } else { usize::from(user) };
        self.step = self.step.wrapping_add(1);
        self.reader.check(self.gates[usize::from(gate)], &self.contexts[user % USERS])
    }

    fn batch(&mut self) {
        let on: usize = (0..BATCH).map(|_| usize::from(self.check())).sum();
        black_box(on);
    }

    /// Checks a second on this thread, for as long as `until` says.
    fn throughput(&mut self, until: impl Fn() -> bool) -> f64 {
        let start = Instant::now();
        let mut batches = 0_usize;
        while until() {
            self.batch();
            batches += 1;
        }
        (batches * BATCH) as f64 / start.elapsed().as_secs_f64()
    }
}

/// The sum of the throughputs of workers, each on a thread of its own.
fn together(workers: &mut [Worker]) -> f64 {
    let barrier = Barrier::new(workers.len());
    let barrier = &barrier;
    thread::scope(|scope| {
        let threads: Vec<_> = workers
            .iter_mut()
            .map(|worker| {
                scope.spawn(move || {
                    barrier.wait();
                    let end = Instant::now() + RUN;
                    worker.throughput(|| Instant::now() < end)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Two threads against one, interleaved.
fn scaling(name: &str, worker: impl Fn() -> Worker) {
    let mut workers = [worker(), worker()];
    together(&mut workers);
    let mut ratios = Vec::new();
    for _ in 0..RUNS {
        let one = together(&mut workers[..1]);
        let two = together(&mut workers);
        ratios.push(two / one);
    }
    report("threads", &format!("{name}_two_against_one"), median(ratios), "×");
}

/// What a look at the clock adds to each latency below.
fn clock() {
    let mut latencies = Latencies::default();
    for _ in 0..1_000_000 {
        let start = Instant::now();
        latencies.add(start.elapsed());
    }
    report("swap", "clock_p50_ns", latencies.percentile(50.0), "ns (an empty measurement)");
}

/// Latencies in nanoseconds, counted one by one up to a limit.
struct Latencies {
    counts: Vec<u32>,
    total: u64,
    max: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { counts: vec![0; 1 << 16], total: 0, max: 0 }
    }
}

impl Latencies {
    #[inline(always)]
    fn add(&mut self, latency: Duration) {
        let latency = latency.as_nanos() as u64;
        let last = self.counts.len() - 1;
        self.counts[(latency as usize).min(last)] += 1;
        self.total += 1;
        self.max = self.max.max(latency);
    }

    fn merge(mut self, other: &Self) -> Self {
        for (own, count) in self.counts.iter_mut().zip(&other.counts) {
            *own += count;
        }
        Self { total: self.total + other.total, max: self.max.max(other.max), ..self }
    }

    fn percentile(&self, percent: f64) -> f64 {
        let wanted = (self.total as f64 * percent / 100.0).ceil() as u64;
        let mut sum = 0;
        let found = self.counts.iter().position(|count| {
            sum += u64::from(*count);
            sum >= wanted
        });
        found.unwrap_or(0) as f64
    }
}

/// Two readers, while `swap` (which says whether it did) is called ten times a second on a third thread: first batches
/// without a look at the clock, for the loss of throughput, alternating with runs without a writer; then single checks.
fn swaps(name: &str, worker: impl Fn() -> Worker, mut swap: impl FnMut() -> bool + Send) {
    let mut workers = [worker(), worker()];
    let swap = &mut swap;
    together(&mut workers);
    let mut losses = Vec::new();
    for _ in 0..RUNS {
        let without = together(&mut workers);
        let with = written(swap, || together(&mut workers));
        losses.push((1.0 - with / without) * 100.0);
    }
    report("swap", &format!("{name}_loss_percent"), median(losses), "% of throughput");

    let latencies = written(swap, || {
        thread::scope(|scope| {
            let threads: Vec<_> = workers
                .iter_mut()
                .map(|worker| {
                    scope.spawn(move || {
                        let mut latencies = Latencies::default();
                        let end = Instant::now() + RUN * 5;
                        while Instant::now() < end {
                            for _ in 0..BATCH {
                                let start = Instant::now();
                                let on = worker.check();
                                latencies.add(start.elapsed());
                                black_box(on);
                            }
                        }
                        latencies
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .reduce(|sum, one| sum.merge(&one))
                .unwrap()
        })
    });
    for percent in [50.0, 99.0, 99.9, 99.99] {
        report("swap", &format!("{name}_p{percent}_ns"), latencies.percentile(percent), "ns, clock included");
    }
    report("swap", &format!("{name}_max_ns"), latencies.max as f64, "ns, clock included");
}

/// Does `work` while another thread swaps ten times a second.
fn written<O>(swap: &mut (impl FnMut() -> bool + Send), work: impl FnOnce() -> O) -> O {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let done = &done;
        scope.spawn(move || {
            let mut next = Instant::now();
            while !done.load(Ordering::Relaxed) && swap() {
                next += Duration::from_millis(100);
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        let outcome = work();
        done.store(true, Ordering::Relaxed);
        outcome
    })
}

/// Changes another gate than the one that is read.
struct Deltas<'e> {
    engine: &'e Engine,
    definitions: [String; 2],
}

impl<'e> Deltas<'e> {
    fn new(workload: &Workload, engine: &'e Engine) -> Self {
        let mut document: Json = serde_json::from_slice(&workload.document("bigs")).unwrap();
        let mut definition = document["features"]["checkout_gate_0600"].take();
        let definitions = [40, 60].map(|percent| {
            definition["rules"][4]["rollout"]["percent"] = json!(percent);
            definition.to_string()
        });
        Self { engine, definitions }
    }

    fn apply(&mut self) -> bool {
        let from = self.engine.version();
        let version = from + 1;
        let definition = &self.definitions[(version % 2) as usize];
        let delta = format!(
            "{{\"from\":{from},\"version\":{version},\"features\":{{\"checkout_gate_0600\":{definition}}}}}"
        );
        self.engine.apply_delta(delta.as_bytes()).unwrap().recompiled == 1
    }
}

/// Loads the whole document again, with the next version and another gate changed.
struct Reload {
    document: Json,
    version: u64,
}

impl Reload {
    fn new(document: &[u8], version: u64) -> Self {
        Self { document: serde_json::from_slice(document).unwrap(), version }
    }

    fn load(&mut self, engine: &Engine) -> bool {
        self.version = engine.version() + 1;
        self.document["version"] = json!(self.version);
        let percent = if self.version.is_multiple_of(2) { 40 } else { 60 };
        self.document["features"]["checkout_gate_0600"]["rules"][4]["rollout"]["percent"] = json!(percent);
        engine.load(&serde_json::to_vec(&self.document).unwrap()).is_ok()
    }
}
