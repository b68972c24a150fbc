//! What the client's thread and its callers share: the standing, and whom events are told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use super::event::{Event, Listeners};
use super::freshness::{Freshness, Turn};
use super::status::{Connected, Life, Status};
use super::telemetry;
use super::uptime::Uptime;
use crate::engine::Engine;
use crate::error::{Code, Error};
use crate::wire::{Isolated, Nack, Source};

/// Shared by the thread and the callers; made anew when a forked child resumes.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) engine: Engine,
    pub(super) instance: String,
    pub(super) listeners: Arc<Listeners>,
    /// A report is wanted at once.
    pub(super) report: Notify,
    /// The process that the thread runs in.
    process: u32,
    uptime: Clock,
    standing: Mutex<Standing>,
    moved: Condvar,
}

/// Debug without content, so that what holds it may derive.
struct Clock(Arc<dyn Uptime>);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// Where things stand.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) source: Source,
    pub(super) version: u64,
    pub(super) connected: Connected,
    pub(super) freshness: Freshness,
    pub(super) isolated: Vec<Isolated>,
    /// The newest version that was refused, until a newer one is applied.
    pub(super) nack: Option<Nack>,
    /// Nothing that verified says that there is the version which was refused: its sender said so.
    nack_is_hearsay: bool,
    /// From arrival to being served, of the version that is served.
    pub(super) lag: Option<Duration>,
    last_error: Option<(Error, Duration)>,
    is_closed: bool,
}

/// What was put in place of what was served.
pub(super) struct Applied {
    pub(super) source: Source,
    pub(super) version: u64,
    pub(super) features: Arc<[crate::model::Key]>,
    pub(super) lag: Duration,
    pub(super) isolated: Vec<Isolated>,
}

impl Shared {
    pub(super) fn new(
        engine: Engine,
        instance: String,
        listeners: Arc<Listeners>,
        uptime: Arc<dyn Uptime>,
        stale_after: Option<Duration>,
    ) -> Self {
        let freshness = Freshness::new(uptime.now(), stale_after);
        let version = engine.version();
        let standing = Standing {
            source: if version == 0 { Source::Defaults } else { Source::Cache },
            version,
            connected: Connected::No,
            freshness,
            isolated: Vec::new(),
            nack: None,
            nack_is_hearsay: false,
            lag: None,
            last_error: None,
            is_closed: false,
        };
        Self {
            engine,
            instance,
            listeners,
            report: Notify::new(),
            process: std::process::id(),
            uptime: Clock(uptime),
            standing: Mutex::new(standing),
            moved: Condvar::new(),
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.uptime.0.now()
    }

    /// Whether this process was forked off the one in which the thread runs.
    pub(super) fn is_forked(&self) -> bool {
        self.process != std::process::id()
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&Standing) -> T) -> T {
        look(&self.standing.lock())
    }

    pub(super) fn tell(&self, event: &Event) {
        telemetry::happened(event);
        if self.listeners.tell(event) > 0 {
            let error = Error::new(Code::CallbackPanicked, "", "a callback panicked; it is called on");
            self.note(error);
        }
    }

    /// Remembers and tells what went wrong.
    pub(super) fn fail(&self, error: Error) {
        self.note(error.clone());
        self.tell(&Event::Error(error));
    }

    fn note(&self, error: Error) {
        let now = self.now();
        self.standing.lock().last_error = Some((error, now));
    }

    /// Another version is served.
    pub(super) fn applied(&self, applied: Applied) {
        let Applied { source, version, features, lag, isolated } = applied;
        let is_first = {
            let mut standing = self.standing.lock();
            let is_first = standing.source == Source::Defaults;
            standing.source = source;
            standing.version = version;
            standing.lag = Some(lag);
            standing.isolated = isolated;
            if standing.nack_is_hearsay || standing.nack.as_ref().is_some_and(|nack| nack.version <= version)
            {
                standing.nack = None;
            }
            is_first
        };
        self.moved.notify_all();
        if is_first {
            self.tell(&Event::Ready { source, version });
        }
        self.tell(&Event::Changed { source, version, features, lag });
    }

    /// A version was refused: remembered for the report, and told.
    pub(super) fn refused(&self, version: u64, error: Error) {
        self.nack(version, error, false);
    }

    /// Something was refused that its sender said to be this version. Whether there is such a version is not known, so it
    /// is remembered only until something verifies: a number that somebody made up would never be reached.
    pub(super) fn refused_hearsay(&self, version: u64, error: Error) {
        self.nack(version, error, true);
    }

    fn nack(&self, version: u64, error: Error, is_hearsay: bool) {
        {
            let mut standing = self.standing.lock();
            standing.nack = Some(Nack::new(version, &error));
            standing.nack_is_hearsay = is_hearsay;
        }
        telemetry::nacked(version, &error);
        self.fail(error);
        self.report.notify_one();
    }

    /// What is served is also what the server has, says another way to it.
    pub(super) fn confirmed_by(&self, source: Source) {
        self.standing.lock().source = source;
    }

    pub(super) fn connected(&self, connected: Connected) {
        let before = std::mem::replace(&mut self.standing.lock().connected, connected);
        if before != connected {
            telemetry::connected(connected);
        }
    }

    /// A verified head says what is served is what there is; `at`: when it was signed.
    pub(super) fn renew(&self, at: i64) {
        let now = self.now();
        let (turn, is_over) = {
            let mut standing = self.standing.lock();
            let is_over = standing.nack_is_hearsay && standing.nack.take().is_some();
            (standing.freshness.renew(at, now), is_over)
        };
        if is_over {
            self.report.notify_one();
        }
        self.turned(turn);
    }

    /// A head that an earlier run saw.
    pub(super) fn known(&self, at: i64) {
        self.standing.lock().freshness.known(at);
    }

    /// Time went by.
    pub(super) fn tick(&self) {
        let now = self.now();
        let turn = self.standing.lock().freshness.tick(now);
        self.turned(turn);
    }

    fn turned(&self, turn: Turn) {
        match turn {
            Turn::None => return,
            Turn::Fresh => self.tell(&Event::Fresh),
            Turn::Stale(age) => self.tell(&Event::Stale { age }),
        }
        self.report.notify_one();
    }

    /// The thread is at its end.
    pub(super) fn end(&self) {
        {
            let mut standing = self.standing.lock();
            standing.is_closed = true;
            standing.connected = Connected::No;
        }
        self.moved.notify_all();
        self.listeners.end();
    }

    /// Waits until something is served.
    pub(super) fn wait_ready(&self, timeout: Duration) -> Result<Source, Error> {
        let until = Instant::now().checked_add(timeout);
        let mut standing = self.standing.lock();
        while standing.source == Source::Defaults && !standing.is_closed {
            let timed_out = match until {
                Some(until) => self.moved.wait_until(&mut standing, until).timed_out(),
                None => {
                    self.moved.wait(&mut standing);
                    false
                }
            };
            if timed_out {
                break;
            }
        }
        if standing.source != Source::Defaults {
            return Ok(standing.source);
        }
        let last = standing.last_error.as_ref().map(|(error, _)| format!("; last error: {error}"));
        let last = last.unwrap_or_default();
        if standing.is_closed {
            let message = format!(
                "expected a client that is open, found one that was closed before a document came{last}"
            );
            return Err(Error::new(Code::Closed, "", message));
        }
        Err(Error::new(
            Code::NotReady,
            "",
            format!("expected a document within {timeout:?}, none came{last}"),
        ))
    }

    pub(super) fn status(&self) -> Status {
        let now = self.now();
        if self.is_forked() {
            return self.status_after_fork(now);
        }
        let standing = self.standing.lock();
        let life = if standing.is_closed { Life::Closed } else { Life::Running };
        self.status_of(&standing, life, now)
    }

    /// The lock may be held by a thread that does not exist here: it is not waited for.
    fn status_after_fork(&self, now: Duration) -> Status {
        if let Some(standing) = self.standing.try_lock() {
            return Status { connected: Connected::No, ..self.status_of(&standing, Life::Forked, now) };
        }
        Status {
            source: Source::Cache,
            version: self.engine.version(),
            age: None,
            stale: true,
            connected: Connected::No,
            last_error: None,
            last_error_age: None,
            instance: self.instance.clone(),
            life: Life::Forked,
        }
    }

    fn status_of(&self, standing: &Standing, life: Life, now: Duration) -> Status {
        let (last_error, since) = standing.last_error.clone().unzip();
        Status {
            source: standing.source,
            version: standing.version,
            age: standing.freshness.age(now),
            stale: standing.freshness.is_stale(now),
            connected: standing.connected,
            last_error,
            last_error_age: since.map(|since| now.saturating_sub(since)),
            instance: self.instance.clone(),
            life,
        }
    }
}
