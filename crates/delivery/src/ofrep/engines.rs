//! An engine per environment, compiled at the first request and kept current from the hub.
//!
//! ```text
//!   Hub ── watch ──▶ follow (a task) ── compile on a blocking thread ──▶ Engine ◀── view ── requests
//! ```
//! A request never waits for a new version to be compiled, only for the first one. An engine has one process attribute,
//! `environment`; all others come from the context.
//! INVARIANT: a task ends when its environment is retired or the hub is gone; the next request starts another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tidegate::Engine;
use tidegate::model::Key;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::hub::Hub;
use crate::publication::Publication;

/// How long a first request waits for the engine.
const PATIENCE: Duration = Duration::from_secs(5);

/// The engines.
#[derive(Debug)]
pub(super) struct Engines {
    hub: Arc<Hub>,
    running: Mutex<BTreeMap<Key, Running>>,
}

#[derive(Clone, Debug)]
struct Running {
    engine: Engine,
    state: watch::Receiver<State>,
}

/// How far an engine is.
#[derive(Clone, Debug, Eq, PartialEq)]
enum State {
    /// Nothing was published, or it is being compiled.
    Waiting,
    /// It serves.
    Ready,
    /// The first document was refused; for people.
    Refused(String),
}

/// Why there is no engine.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum NotReady {
    /// The environment has no snapshot, or it took too long to compile.
    NoSnapshot,
    /// The document cannot be served at all; for people.
    Refused(String),
}

impl Engines {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self { hub, running: Mutex::default() }
    }

    /// The engine of an environment; the first time, when it is compiled.
    ///
    /// # Errors
    /// If there is nothing to serve.
    pub(super) async fn of(&self, environment: &Key) -> Result<Engine, NotReady> {
        let Running { engine, mut state } = self.running(environment);
        if *state.borrow() == State::Waiting && self.hub.current(environment).is_none() {
            return Err(NotReady::NoSnapshot);
        }
        let waited = timeout(PATIENCE, state.wait_for(|state| *state != State::Waiting)).await;
        match waited.map(|found| found.map(|state| state.clone())) {
            Ok(Ok(State::Ready)) => Ok(engine),
            Ok(Ok(State::Refused(why))) => Err(NotReady::Refused(why)),
            _ => Err(NotReady::NoSnapshot),
        }
    }

    fn running(&self, environment: &Key) -> Running {
        let mut running = self.running.lock();
        if let Some(found) = running.get(environment)
            && found.state.has_changed().is_ok()
        {
            return found.clone();
        }
        let engine = Engine::builder().process("environment", &**environment).build();
        let (sender, state) = watch::channel(State::Waiting);
        tokio::spawn(follow(engine.clone(), self.hub.subscribe(environment), sender));
        let started = Running { engine, state };
        running.insert(Key::clone(environment), started.clone());
        started
    }
}

/// Compiles what is published, the newest only, until there is nobody who publishes.
async fn follow(
    engine: Engine,
    mut published: watch::Receiver<Option<Arc<Publication>>>,
    state: watch::Sender<State>,
) {
    loop {
        let publication = published.borrow_and_update().clone();
        match publication {
            Some(publication) => {
                let found = compile(&engine, publication).await;
                // A version that is refused changes nothing for an engine that serves.
                if let Some(found) = found {
                    state.send_replace(found);
                }
            }
            None if *state.borrow() == State::Waiting => {}
            None => return,
        }
        if published.changed().await.is_err() {
            return;
        }
    }
}

async fn compile(engine: &Engine, publication: Arc<Publication>) -> Option<State> {
    let loading = engine.clone();
    let version = publication.version();
    let loaded = spawn_blocking(move || loading.load(publication.document())).await;
    let why = match loaded {
        Ok(Ok(_)) => return Some(State::Ready),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(version, why, "OFREP: a snapshot cannot be served; the one before is");
    (engine.version() == 0).then_some(State::Refused(why))
}
