//! The client: keeps an engine current with what its server, a relay, static hosting or a file has.
//!
//! ```text
//!  server ──SSE / poll──▶ http ─▶ intake: verify ─▶ compile ─▶ swap ─▶ store ─▶ ack      one thread, `tidegate-client`
//!                          ▲                          │                  │       │
//!        course: when ─────┘                          ▼                  ▼       ▼
//!                                          Engine ─▶ check(…)          cache   report ──▶ server: who has what
//! ```
//! [`Engine::connect`] starts it; nothing runs before. What is served at a start comes from the network if that answers
//! within 2 s, else from the cache, else from the bundled file; until then, callers get their defaults.
//! [`Client::status`] says which.
//!
//! # What is trusted
//! A head is taken if the key in the connection string signed it, or one that it endorsed; a document if its hash stands
//! in the head. Nothing goes back: a version below the newest that was applied, in this run or in one that the cache
//! knows of, is refused. A bundled file, bootstrap bytes and a watched file are trusted as the program is; the version
//! floor is not theirs. The cache yields the newest version of which every byte verifies.
//!
//! # Fork
//! A child of `fork` has no client thread. It decides on with the snapshot that it got; [`Client::status`] says
//! [`Life::Forked`], and [`Client::resume`] connects it anew, as an instance of its own. Around `fork`, hold the thread at a
//! safe place with [`Client::quiesce`]: without it, the child may inherit a lock that the thread held. Before a fork, do
//! not hold a [`Subscription`] that you drop in the child while the parent tells events.
//!
//! Not here: what a document means (`compile`), and what is signed (`wire`).
//! INVARIANT: nothing that comes from outside ends the thread; what is served is served on.

mod backoff;
mod cache;
mod course;
mod event;
mod exposures;
mod feed;
mod file;
mod freshness;
mod http;
mod intake;
mod options;
mod report;
mod shared;
mod sse;
mod status;
mod telemetry;
mod uptime;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use self::event::Listeners;
pub use self::event::{Event, Events, Subscription};
pub use self::options::{ConnectOptions, Proxy, Streaming};
pub use self::status::{Connected, Life, Status};
pub use self::uptime::{SystemUptime, Uptime};
pub use self::worker::Quiet;
use self::worker::Worker;
use crate::engine::Engine;
use crate::error::{Code, Error};
use crate::wire::Source;

impl Engine {
    /// Makes an engine and a client that keeps it current, on a thread of its own. Returns at once: see
    /// [`Client::wait_ready`].
    ///
    /// # Errors
    /// If the options contradict each other or cannot be used (TG6109), or no thread can be started. That the server
    /// cannot be reached is no error.
    ///
    /// # Examples
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use tidegate::Engine;
    /// use tidegate::client::ConnectOptions;
    ///
    /// let connection = std::env::var("TIDEGATE_CONNECTION").unwrap_or_default();
    /// let options = ConnectOptions::from_connection(&connection)?.process("region", "eu").cache("/var/cache/shop");
    /// let client = Engine::connect(options)?;
    /// if let Err(late) = client.wait_ready(Duration::from_secs(3)) {
    ///     eprintln!("serving defaults: {late}");
    /// }
    ///
    /// let engine = client.engine();
    /// let ann = engine.context().with("user_id", "u-1").build();
    /// println!("checkout: {}", engine.check("checkout", &ann));
    /// # Ok::<(), tidegate::Error>(())
    /// ```
    pub fn connect(options: ConnectOptions) -> Result<Client, Error> {
        Client::start(options)
    }
}

/// A running client; cheap to clone, all clones are the same client. When the last one is dropped, it is closed; the
/// engine serves on what it has.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    options: ConnectOptions,
    engine: Engine,
    listeners: Arc<Listeners>,
    worker: ArcSwap<Worker>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl Client {
    fn start(options: ConnectOptions) -> Result<Self, Error> {
        let engine = worker::engine(&options)?;
        let listeners = Arc::new(Listeners::new(&options.callbacks));
        let worker = Worker::start(&options, &engine, &listeners)?;
        Ok(Self(Arc::new(Inner { options, engine, listeners, worker: ArcSwap::from_pointee(worker) })))
    }

    /// The engine that is kept current.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Waits until something other than the callers' defaults is served; says where it came from.
    ///
    /// # Errors
    /// If nothing came within `timeout` (TG6112); it may still come. If the client was closed before anything came, or is meanwhile
    /// (TG5011): at once.
    pub fn wait_ready(&self, timeout: Duration) -> Result<Source, Error> {
        let worker = self.0.worker.load_full();
        if worker.shared.is_forked() {
            return Err(forked());
        }
        worker.shared.wait_ready(timeout)
    }

    /// The state at this moment.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.worker.load().shared.status()
    }

    /// Calls `callback` with each event, on the client's thread: what it takes, updates wait for. A panic in it is
    /// caught, and reported as an error.
    pub fn on_event(&self, callback: impl Fn(&Event) + Send + Sync + 'static) -> Subscription {
        self.0.listeners.add(Arc::new(callback))
    }

    /// Events from now on, to be read at one's own pace.
    #[must_use]
    pub fn events(&self) -> Events {
        self.0.listeners.channel()
    }

    /// Sends the last counts and ends the thread. The engine serves on what it has. Done once; again is nothing.
    ///
    /// Waits up to the [flush timeout](ConnectOptions::flush_timeout) for the server to answer a report that is under way, and then the
    /// last one. When this returns, nothing is sent any more. What was answered has arrived; a report that was given up, because the
    /// server did not answer it in that time, may still reach it. Called on the client's own thread, by a callback, it only asks for
    /// the end.
    pub fn close(&self) {
        self.0.worker.load_full().close();
    }

    /// Holds the client's thread at a place where it has no lock, until the guard is dropped: for `fork`.
    ///
    /// Waits for what the thread is at, such as compiling a document. Called on the client's own thread, by a callback,
    /// it holds nothing.
    #[must_use = "dropping it lets the thread go on"]
    pub fn quiesce(&self) -> Quiet {
        self.0.worker.load_full().quiesce()
    }

    /// After `fork`, in the child: connects anew, with a thread and an instance id of its own. The engine, its handles
    /// and what it serves stay. Exposures are counted from here on: what was counted before is the parent's to report. Nothing
    /// to do in a process that was not forked.
    ///
    /// # Errors
    /// If the fork happened while the parent's thread was putting a snapshot in place (TG6110): see
    /// [`quiesce`](Self::quiesce). If no thread can be started.
    pub fn resume(&self) -> Result<(), Error> {
        let old = self.0.worker.load_full();
        if !old.shared.is_forked() {
            return Ok(());
        }
        if !self.0.engine.is_writable(Duration::from_secs(1)) {
            let message =
                "expected a fork while the client was quiesced, found one in the middle of an update";
            return Err(Error::new(Code::Forked, "", message));
        }
        // They are copies of what the parent has counted, and reports: here, they would be counted a second time.
        drop(self.0.engine.drain_exposures());
        let worker = Worker::start(&self.0.options, &self.0.engine, &self.0.listeners)?;
        self.0.worker.store(Arc::new(worker));
        // Its parts belong to a thread of the parent: touched by nobody, and not freed.
        std::mem::forget(old);
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.worker.load_full().close();
    }
}

fn forked() -> Error {
    let message = "this process was forked off the one that connected; call `resume` in it";
    Error::new(Code::Forked, "", message)
}
