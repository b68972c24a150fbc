//! The one thread of a client: how it starts, is held, and ends.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::event::Listeners;
use super::feed::Feed;
use super::file;
use super::http::Http;
use super::intake::Intake;
use super::options::{ConnectOptions, Origin};
use super::report::Reporter;
use super::shared::Shared;
use super::uptime::Chance;
use crate::engine::Engine;
use crate::error::{Code, Error, quote};
use crate::value::Value;
use crate::wire::Kind;

/// A thread that runs, or has run.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    commands: UnboundedSender<Command>,
    thread: Mutex<Option<JoinHandle<()>>>,
    id: ThreadId,
}

enum Command {
    Close,
    /// Says that the thread is held, and waits for the end of the hold.
    Hold(SyncSender<()>, Receiver<()>),
}

/// The engine of a client, with the environment of the connection.
pub(super) fn engine(options: &ConnectOptions) -> Result<Engine, Error> {
    let mut builder = options.engine_builder();
    if let Some(connection) = options.connection() {
        let own = &connection.environment;
        match builder.process_attribute("environment") {
            None => builder = builder.process("environment", Value::Str((**own).into())),
            Some(Value::Str(given)) if **given == **own => {}
            Some(given) => {
                let message = format!(
                    "expected the environment of the connection, {}, found {given:?} as a process attribute",
                    quote(own)
                );
                return Err(Error::new(Code::BadConnectOption, "/environment", message));
            }
        }
    }
    Ok(builder.build())
}

impl Worker {
    pub(super) fn start(
        options: &ConnectOptions,
        engine: &Engine,
        listeners: &Arc<Listeners>,
    ) -> Result<Self, Error> {
        let connection = options.connection();
        let stale_after = connection.map(|_| options.stale_after);
        let shared = Arc::new(Shared::new(
            engine.clone(),
            instance()?,
            Arc::clone(listeners),
            Arc::clone(&options.uptime),
            stale_after,
        ));
        let http = connection.map(|connection| Http::new(connection, options)).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // For name look-ups, which the system has only as blocking calls.
            .max_blocking_threads(1)
            .thread_keep_alive(Duration::from_secs(1))
            .thread_name("tidegate-lookup")
            .build()
            .map_err(|error| Error::new(Code::NoThread, "", format!("no thread can be started: {error}")))?;
        let mut intake = Intake::new(options, &shared);
        // Before anybody can ask: the first check is decided by it.
        intake.bootstrap();
        let (commands, asked) = unbounded_channel();
        let duty = Duty { options: options.clone(), shared: Arc::clone(&shared), http, intake, asked };
        let thread = thread::Builder::new()
            .name("tidegate-client".to_owned())
            .spawn(move || {
                duty.run(&runtime);
                // A look-up that hangs is not waited for.
                runtime.shutdown_background();
            })
            .map_err(|error| Error::new(Code::NoThread, "", format!("no thread can be started: {error}")))?;
        let id = thread.thread().id();
        Ok(Self { shared, commands, thread: Mutex::new(Some(thread)), id })
    }

    /// Ends the thread and waits for it; on the thread itself, only asks for the end.
    pub(super) fn close(&self) {
        if self.shared.is_forked() {
            // The thread is the parent's: its handle is not touched.
            if let Some(mut thread) = self.thread.try_lock() {
                std::mem::forget(thread.take());
            }
            return;
        }
        // Gone is as good as closed.
        let _ = self.commands.send(Command::Close);
        if thread::current().id() == self.id {
            return;
        }
        // Held meanwhile: a second close returns when the first does, and not before.
        let mut thread = self.thread.lock();
        if let Some(thread) = thread.take() {
            let _ = thread.join();
        }
    }

    pub(super) fn quiesce(&self) -> Quiet {
        let (holds, held) = sync_channel(1);
        let (release, released) = sync_channel::<()>(1);
        if thread::current().id() == self.id
            || self.shared.is_forked()
            || self.commands.send(Command::Hold(holds, released)).is_err()
        {
            return Quiet { _release: None };
        }
        // An error: the thread ended, which is quiet enough.
        let _ = held.recv();
        Quiet { _release: Some(release) }
    }
}

/// Holds the thread of a client while it lives: see [`Client::quiesce`](super::Client::quiesce).
#[derive(Debug)]
#[must_use = "dropping it lets the thread go on"]
pub struct Quiet {
    _release: Option<SyncSender<()>>,
}

/// What the thread does.
struct Duty {
    options: ConnectOptions,
    shared: Arc<Shared>,
    http: Option<Http>,
    intake: Intake,
    asked: UnboundedReceiver<Command>,
}

impl Duty {
    fn run(self, runtime: &tokio::runtime::Runtime) {
        let shared = Arc::clone(&self.shared);
        if catch_unwind(AssertUnwindSafe(|| runtime.block_on(self.serve()))).is_err() {
            let message = "the client's thread ended by a defect; what is served is served on";
            shared.fail(Error::new(Code::ClientStopped, "", message));
        }
        shared.end();
    }

    async fn serve(self) {
        let Self { options, shared, http, intake, asked } = self;
        let chance = Chance::new(options.seed);
        match (&options.origin, http) {
            (Origin::Connection(connection), Some(http)) => {
                let is_live = connection.kind == Kind::Live;
                let reporter = is_live.then(|| Reporter::new(&options, &shared, &http, chance.clone()));
                let closing = Notify::new();
                let mut reports = pin!(async {
                    match reporter {
                        Some(reporter) => reporter.run(&closing, options.flush_timeout).await,
                        None => closing.notified().await,
                    }
                });
                let feed = Feed::new(&options, connection, &shared, &http, intake, chance);
                until_closed(asked, async {
                    tokio::join!(feed.run(), tick(&shared, options.stale_after), reports.as_mut())
                })
                .await;
                // The feed is gone; a report that is under way is not left to itself.
                closing.notify_one();
                reports.await;
            }
            (Origin::File(path), _) => {
                until_closed(asked, file::watch(path, options.watch_interval, intake)).await;
            }
            (Origin::Connection(_), None) => {}
        }
    }
}

/// Does `work` until somebody asks for the end, or nobody can any more.
async fn until_closed(asked: UnboundedReceiver<Command>, work: impl Future) {
    tokio::select! {
        () = obey(asked) => {}
        _ = work => {}
    }
}

/// How long a held thread takes to notice that it is to end, or to be held once more.
const HOLD_STEP: Duration = Duration::from_millis(10);

async fn obey(mut asked: UnboundedReceiver<Command>) {
    while let Some(command) = asked.recv().await {
        match command {
            Command::Close => return,
            Command::Hold(holds, released) => {
                if holds.send(()).is_ok() && !hold(released, &mut asked) {
                    return;
                }
            }
        }
    }
}

/// Blocks until all holds are released, or, false, somebody asks for the end meanwhile.
///
/// Meant to block: everything else of the thread is at an await, and nothing is locked there.
fn hold(released: Receiver<()>, asked: &mut UnboundedReceiver<Command>) -> bool {
    let mut holds = vec![released];
    while let Some(last) = holds.last() {
        match last.recv_timeout(HOLD_STEP) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                holds.pop();
            }
        }
        match asked.try_recv() {
            Ok(Command::Close) => return false,
            Ok(Command::Hold(another, released)) if another.send(()).is_ok() => holds.push(released),
            Ok(Command::Hold(..)) | Err(_) => {}
        }
    }
    true
}

/// Notices when what is served becomes stale.
async fn tick(shared: &Shared, stale_after: Duration) {
    let interval = (stale_after / 8).clamp(Duration::from_millis(20), Duration::from_secs(1));
    loop {
        tokio::time::sleep(interval).await;
        shared.tick();
    }
}

/// A random id, in the form of a UUID of version 4.
fn instance() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(Code::NoRandomness, "", format!("the system gives no randomness: {error}"))
    })?;
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xF << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{number:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts: Vec<&str> = parts.iter().filter_map(|(from, to)| digits.get(*from..*to)).collect();
    Ok(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::instance;

    #[test]
    fn instances_are_uuids_of_version_4() {
        let one = instance().unwrap();
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(one.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&one.as_bytes()[19]), "{one}");
        assert_ne!(one, instance().unwrap());
    }
}
