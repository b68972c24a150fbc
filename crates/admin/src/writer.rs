//! The writer: runs commands one after the other, each whole or not at all.
//!
//! ```text
//!   run(request) ─▶ queue (bounded) ─▶ up to 64 at once: begin, lock the head, fold what other servers wrote
//!                                       each: answered before? ─ actor ─ command ─ seal ─▶ event, rows, deliveries, answer
//!                                       commit once ─▶ new world ─▶ answers ─▶ events
//! ```
//! INVARIANT: an answer is sent, and a world shown, only after the commit that has it. A command that is refused or panics
//! leaves nothing, for it worked on a clone of the world.

mod attempt;
mod group;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use serde_json::Value as Json;
use tidegate::release::Now;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::group::Group;
use crate::clock::Clock;
use crate::domain::event::AuditEvent;
use crate::domain::{Capabilities, Code, Command, Problem, SnapshotRow, Tx, Who, World};
use crate::lease;
use crate::store::{Store, StoreError};
use crate::trouble::Trouble;

/// How long an idempotency key is kept (ms).
pub const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A command and for whom it runs.
pub struct Request {
    /// For whom.
    pub who: Who,
    /// The id of the HTTP request.
    pub request: Option<String>,
    /// Replays the first answer if the key was used before.
    pub idempotency: Option<Idempotency>,
    /// Why it is to be done although SDKs that are live cannot compile what comes of it.
    pub force: Option<String>,
    /// What to do.
    pub command: Command,
}

impl Request {
    /// What the server does by itself.
    #[must_use]
    pub fn system(command: Command) -> Self {
        Self { who: Who::System, request: None, idempotency: None, force: None, command }
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("who", &self.who)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// An idempotency key (draft-ietf-httpapi-idempotency-key-header); kept per principal for 24 h.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Idempotency {
    /// The key.
    pub key: String,
    /// A hash over method, path and body.
    pub fingerprint: String,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Json,
    /// The number of the last event when it was answered.
    pub seq: u64,
    /// It is the answer to an earlier request with this idempotency key.
    pub replayed: bool,
}

/// What a command's changes make of the snapshots: given the world before it, and its transaction, in which it sets the heads
/// of the environments that change; gives their rows. Refuses what must not be published.
pub type Seal = fn(&World, &mut Tx) -> Result<Vec<SnapshotRow>, Problem>;

/// How a writer works.
#[derive(Clone, Debug)]
pub struct Options {
    /// Makes the snapshots' rows.
    pub seal: Seal,
    /// How many commands may wait; more are refused (503).
    pub queue: usize,
    /// How many commands one commit takes.
    pub batch: usize,
    /// The server's name, for people: who leads.
    pub name: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seal: |_, _| Ok(Vec::new()),
            queue: 1_024,
            batch: 64,
            name: format!("process {}", std::process::id()),
        }
    }
}

/// Where commands go and worlds come from; cheap to clone.
#[derive(Clone)]
pub struct Writer {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("seq", &self.world().seq).finish_non_exhaustive()
    }
}

struct Inner {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    options: Options,
    world: ArcSwap<World>,
    /// What the SDKs that are live understand.
    fleet: ArcSwap<Capabilities>,
    /// Up to which uptime it is not known well enough who has applied what.
    settles_at: AtomicU64,
    queue: mpsc::Sender<Job>,
    events: broadcast::Sender<Arc<AuditEvent>>,
    changed: watch::Sender<u64>,
    leading: watch::Sender<Option<u64>>,
    stop: CancellationToken,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    failing: Trouble,
}

/// What waits for the writer.
enum Job {
    /// A command, the lease that it needs, and where its answer goes.
    Run(Request, Fence, oneshot::Sender<Result<Answer, Problem>>),
    /// Another server has written.
    CatchUp,
}

/// Whether a command needs the lease.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fence {
    /// Any server may run it.
    Open,
    /// Only the server with this lease.
    Lease(u64),
}

impl Writer {
    /// A writer on a store: loads the world, checks the end of the log, campaigns for the lease.
    ///
    /// # Errors
    /// If the store cannot be read, or contradicts itself.
    pub async fn open(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, StoreError> {
        let (world, head) = store.load().await?;
        clock.at_least(head.uptime);
        Ok(Self::start(store, clock, options, world))
    }

    /// A writer on a new store in memory, for tests and trials. Must be called within a Tokio runtime.
    #[must_use]
    pub fn in_memory(clock: Arc<dyn Clock>) -> Self {
        Self::in_memory_with(clock, Options::default())
    }

    /// As [`Writer::in_memory`], with options.
    #[must_use]
    pub fn in_memory_with(clock: Arc<dyn Clock>, options: Options) -> Self {
        Self::start(Arc::new(Store::in_memory()), clock, options, World::default())
    }

    fn start(store: Arc<Store>, clock: Arc<dyn Clock>, options: Options, world: World) -> Self {
        let (queue, jobs) = mpsc::channel(options.queue.max(1));
        let (events, _) = broadcast::channel(1_024);
        let writer = Self {
            inner: Arc::new(Inner {
                store,
                clock,
                options,
                changed: watch::Sender::new(world.seq),
                world: ArcSwap::from_pointee(world),
                fleet: ArcSwap::default(),
                settles_at: AtomicU64::new(0),
                queue,
                events,
                leading: watch::Sender::new(None),
                stop: CancellationToken::new(),
                tasks: Mutex::new(Vec::new()),
                failing: Trouble::severe("the store does not take what is written"),
            }),
        };
        let tasks = vec![
            tokio::spawn(lease::keep(writer.clone())),
            tokio::spawn(lease::hear(writer.clone())),
            tokio::spawn(work(writer.clone(), jobs)),
        ];
        *writer.inner.tasks.lock() = tasks;
        writer
    }

    /// The world as of the last commit.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        self.inner.world.load_full()
    }

    /// The clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        self.inner.clock.now()
    }

    /// The clocks by which instances are measured: see [`Clock::measured`].
    #[must_use]
    pub fn measured(&self) -> Now {
        self.inner.clock.measured()
    }

    /// The clock itself.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// The store: for what is not in the world (log, deliveries, rows, use of tokens).
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.inner.store
    }

    /// Events, each after it was committed, by whichever server; a receiver that lags misses some and must read the log.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Arc<AuditEvent>> {
        self.inner.events.subscribe()
    }

    /// How many commands wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.inner.queue.max_capacity() - self.inner.queue.capacity()
    }

    /// The number of the last event, as it moves.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// The number of this server's lease while it leads: runs timers, pulls guards, sends webhooks.
    #[must_use]
    pub fn leading(&self) -> watch::Receiver<Option<u64>> {
        self.inner.leading.subscribe()
    }

    /// Sets what the SDKs that are live understand, for the commands from now on.
    pub fn set_capabilities(&self, fleet: Capabilities) {
        self.inner.fleet.store(Arc::new(fleet));
    }

    /// What the SDKs that are live understand.
    #[must_use]
    pub fn capabilities(&self) -> Arc<Capabilities> {
        self.inner.fleet.load_full()
    }

    /// Sets up to which uptime (ms) it is not known well enough who has applied what: see [`Tx::settles_at`].
    pub fn set_settles_at(&self, uptime: u64) {
        self.inner.settles_at.store(uptime, Ordering::SeqCst);
    }

    /// Done when the writer is being closed.
    #[must_use]
    pub fn stopped(&self) -> CancellationToken {
        self.inner.stop.clone()
    }

    /// Runs a command; when this returns `Ok`, it is durable.
    ///
    /// # Errors
    /// If the command is refused, or the store cannot write; then nothing was changed.
    pub async fn run(&self, request: Request) -> Result<Answer, Problem> {
        self.enqueue(request, Fence::Open).await
    }

    /// Runs a command that only the server that leads may run, checked in the command's own transaction: timers, guards.
    ///
    /// # Errors
    /// As [`Writer::run`]; also if this server does not lead.
    pub async fn run_as_leader(&self, request: Request) -> Result<Answer, Problem> {
        let Some(fence) = *self.inner.leading.borrow() else {
            return Err(Problem::new(Code::Unavailable, "this server does not run the timers"));
        };
        self.enqueue(request, Fence::Lease(fence)).await
    }

    async fn enqueue(&self, request: Request, fence: Fence) -> Result<Answer, Problem> {
        let (answer, answered) = oneshot::channel();
        self.inner.queue.try_send(Job::Run(request, fence, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                let waiting = self.inner.options.queue;
                Problem::new(Code::Unavailable, format!("{waiting} writes wait already"))
                    .hint("try again in a second")
            }
            mpsc::error::TrySendError::Closed(_) => closing(),
        })?;
        answered.await.unwrap_or_else(|_| Err(closing()))
    }

    /// Takes no more commands, answers those that wait, persists the uptime, gives up the lease, and closes the store.
    pub async fn close(&self) {
        self.inner.stop.cancel();
        let tasks = std::mem::take(&mut *self.inner.tasks.lock());
        for task in tasks {
            let _ = task.await;
        }
        self.inner.store.close().await;
    }

    /// Whether commands are taken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.inner.queue.is_closed() && !self.inner.stop.is_cancelled()
    }

    pub(crate) fn name(&self) -> &str {
        &self.inner.options.name
    }

    pub(crate) fn set_leading(&self, fence: Option<u64>) {
        self.inner.leading.send_replace(fence);
    }

    /// Has the writer fold what other servers wrote; if the queue is full, the next batch does so anyway.
    pub(crate) fn catch_up(&self) {
        let _ = self.inner.queue.try_send(Job::CatchUp);
    }

    /// Shows what was committed.
    fn publish(&self, world: World, events: &[Arc<AuditEvent>]) {
        let seq = world.seq;
        self.inner.world.store(Arc::new(world));
        for event in events {
            // Nobody may be listening.
            let _ = self.inner.events.send(Arc::clone(event));
        }
        self.inner.changed.send_replace(seq);
    }
}

fn closing() -> Problem {
    Problem::new(Code::Unavailable, "the server is shutting down").hint("try again in a moment")
}

/// Works off the queue until the writer is closed, and then what is left in it.
async fn work(writer: Writer, mut jobs: mpsc::Receiver<Job>) {
    let stop = writer.stopped();
    let most = writer.inner.options.batch.max(1);
    let mut waiting = Vec::with_capacity(most);
    loop {
        let count = tokio::select! {
            biased;
            () = stop.cancelled(), if !jobs.is_closed() => {
                jobs.close();
                continue;
            }
            count = jobs.recv_many(&mut waiting, most) => count,
        };
        if count == 0 {
            return;
        }
        Group::new(&writer).run(waiting.drain(..)).await;
    }
}
