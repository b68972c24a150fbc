//! The server: store, writer, timers, guards, webhooks and HTTP, started and stopped together.
//!
//! ```text
//!   serve ─▶ store ─▶ writer ─▶ (first start: one-time token) ─▶ listen ─▶ … ─▶ stop: streams end, requests finish, writer closes
//! ```

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tidegate::model::Key;
use tidegate::release::{NextWake, Now};
use tidegate_delivery::{Hub, Listener, Timeouts};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::auth::{self, Used};
use crate::clock::{Clock, SystemClock};
use crate::clockwork::{self, Driver};
use crate::config::Config;
use crate::domain::command::guard::{self, Push};
use crate::domain::command::release;
use crate::domain::command::token::{self, NewToken};
use crate::domain::{Code, Problem, Tx, World, snapshot};
use crate::fleet::Fleet;
use crate::guards::{self, GiveVerdict, Guards};
use crate::http::{self, App, Limits, Metrics, Shared};
use crate::keyfile::{KeyFile, KeyFileError};
use crate::propagation::{Counter, Monitor};
use crate::publisher::{self, Delivery, Parts, Publisher, SigningTime, Told};
use crate::store::{Store, StoreError};
use crate::webhooks::{self, Outbox, Secrets, Webhooks};
use crate::writer::{Options, Request, Writer};

/// Over how long the streams of SDKs end when the server stops, so that they do not come back all at once.
const SPREAD: Duration = Duration::from_secs(2);
/// How often it is written when tokens were last used.
const USED: Duration = Duration::from_secs(10);

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    admin_token: Option<String>,
    writer: Writer,
    hub: Arc<Hub>,
    fleet: Fleet,
    stop: CancellationToken,
    grace: Duration,
    tasks: JoinSet<()>,
    /// Ends with the writer.
    background: JoinSet<()>,
}

/// Why a server cannot start, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address to listen at.
    #[error("cannot listen at {address}: {cause}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
    /// The first admin.
    #[error("cannot make the first admin: {0}")]
    Bootstrap(String),
    /// The first signing key.
    #[error("cannot make the first signing key: {0}")]
    SigningKey(String),
    /// The public URL.
    #[error("the public URL cannot be used: {0}")]
    PublicUrl(String),
    /// The OpenAPI document.
    #[error("cannot write the OpenAPI document: {0}")]
    Document(#[from] serde_json::Error),
    /// TLS for webhooks and guards.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] reqwest::Error),
    /// Signals.
    #[error("cannot wait for signals: {0}")]
    Signal(std::io::Error),
}

/// Starts a server by the machine's clocks.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve(config: Config) -> Result<Server, ServeError> {
    serve_with(config, Arc::new(SystemClock::new())).await
}

/// Starts a server by the given clocks.
///
/// # Errors
/// See [`ServeError`].
pub async fn serve_with(config: Config, clock: Arc<dyn Clock>) -> Result<Server, ServeError> {
    // First of all: an address that is taken shall cost nothing.
    let public_url = config.public_url.as_deref().map(publisher::base_url).transpose();
    let config = Config { public_url: public_url.map_err(ServeError::PublicUrl)?, ..config };
    let listen = |cause| ServeError::Listen { address: config.listen, cause };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let store = Arc::new(Store::open(&config.store).await?);
    let keys = KeyFile::open_or_create(&config.key_path())?;
    let name = format!("{address} (process {})", std::process::id());
    let options = Options { name, seal: snapshot::seal, ..Options::default() };
    let writer = Writer::open(Arc::clone(&store), clock, options).await?;
    let admin_token = bootstrap(&writer).await.map_err(|problem| ServeError::Bootstrap(problem.detail))?;
    // Before the timers: it says how long timeouts wait.
    let fleet = Fleet::open(writer.clone()).await?;
    let mut background = background(&config, &writer, &keys)?;
    let stop = CancellationToken::new();
    let used = Arc::new(Used::default());
    let metrics = Metrics::new();
    let delivery = Delivery::new(&config, address, &writer, &keys, &used, &fleet);
    deliver(&config, &writer, &keys, &delivery, told(&metrics, &fleet), &mut background).await?;
    let hub = Arc::clone(&delivery.hub);
    let propagation = Counter::new(Arc::clone(&store), Arc::new(fleet.clone()));
    background.spawn(Monitor::new(writer.clone(), propagation.clone()).run());
    let app = App::new(Shared {
        rates: Limits::new(&config.limits),
        limits: config.limits,
        streams: Arc::new(Semaphore::new(config.limits.streams)),
        writer: writer.clone(),
        store: Arc::clone(&store),
        used: Arc::clone(&used),
        keys,
        delivery: delivery.clone(),
        fleet: fleet.clone(),
        propagation,
        metrics,
        stop: stop.clone(),
        openapi: Bytes::from(http::openapi()?),
    });
    let mut tasks = JoinSet::new();
    tasks.spawn(fleet.clone().run(stop.clone()));
    tasks.spawn(write_used(store, used, stop.clone()));
    tasks.spawn(count_events(app.clone(), stop.clone()));
    // Beside the API: its layers (compression, time limits, a body that is looked at) would harm the streams.
    let router = http::router(&app).merge(tidegate_delivery::router(delivery.service));
    let listener = Listener::new(listener, Timeouts::default());
    tasks.spawn(tidegate_delivery::serve(listener, router, stop.clone().cancelled_owned()));
    tracing::info!(%address, "listening");
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "tokens cross the network in clear: put a proxy that speaks TLS in front of it");
    }
    Ok(Server { address, admin_token, writer, hub, fleet, stop, grace: config.grace, tasks, background })
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// At the first start: the one-time admin token, to be shown once. It is good for making a token of `admin`, and ends with that.
    #[must_use]
    pub fn admin_token(&self) -> Option<&str> {
        self.admin_token.as_deref()
    }

    /// Its writer.
    #[must_use]
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// What it publishes.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// What the instances report to it.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Makes it stop, from wherever.
    #[must_use]
    pub fn stopper(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs until Ctrl-C, SIGTERM or [`Server::stopper`].
    ///
    /// # Errors
    /// If signals cannot be waited for.
    pub async fn run(self) -> Result<(), ServeError> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signal)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signal)?;
        let stop = self.stop.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        self.shut_down().await;
        Ok(())
    }

    /// Takes no more connections, ends the streams, lets requests finish (for the grace), and closes writer and store.
    pub async fn shut_down(mut self) {
        tracing::info!("stopping");
        self.stop.cancel();
        self.hub.close(SPREAD.min(self.grace / 2));
        let finish = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(self.grace, finish).await.is_err() {
            tracing::warn!("requests that did not end in time are broken off");
            self.tasks.shutdown().await;
        }
        self.writer.close().await;
        self.background.shutdown().await;
        tracing::info!("stopped");
    }
}

/// What runs by itself, on the server that leads: timers, guards, webhooks.
fn background(config: &Config, writer: &Writer, keys: &KeyFile) -> Result<JoinSet<()>, ServeError> {
    let give: GiveVerdict = Arc::new(|release: &Key, guard: &Key, verdict, detail| {
        let (release, guard) = (Key::clone(release), Key::clone(guard));
        let body = Push { verdict, detail: Some(detail) };
        Box::new(move |tx: &mut Tx| guard::verdict(tx, &release, &guard, body))
    });
    let options = guards::Options { prometheus: config.prometheus.clone(), ..guards::Options::default() };
    let guards = Guards::new(writer.clone(), give, &options)?;
    let outbox: Arc<dyn Outbox> = Arc::clone(writer.store()) as _;
    let webhooks = Webhooks::new(writer.clone(), outbox, Arc::new(keys.clone()), webhooks::TIMEOUT)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(clockwork::run(writer.clone(), Arc::new(Releases)));
    tasks.spawn(guards.run());
    tasks.spawn(webhooks.run());
    Ok(tasks)
}

/// Publishes what there is, and from now on what is committed.
async fn deliver(
    config: &Config,
    writer: &Writer,
    keys: &KeyFile,
    delivery: &Delivery,
    told: Told,
    tasks: &mut JoinSet<()>,
) -> Result<(), ServeError> {
    if config.unsigned {
        tracing::warn!("snapshots are not signed: whoever is between server and SDKs can change them");
    } else {
        let made = publisher::first_key(writer, keys).await;
        made.map_err(|problem| ServeError::SigningKey(problem.detail))?;
    }
    let (hub, signer) = (Arc::clone(&delivery.hub), Arc::clone(&delivery.signer));
    let time = Arc::new(SigningTime::open(writer).await?);
    let parts = Parts { hub: Arc::clone(&hub), signer: Arc::clone(&signer), time: Arc::clone(&time), told };
    tasks.spawn(Publisher::open(writer.clone(), parts).await?.run());
    let every = config.limits.heartbeat;
    tasks.spawn(publisher::remember(Arc::clone(writer.store()), Arc::clone(&hub)));
    tasks.spawn(tidegate_delivery::heartbeat(hub, Some(signer), every, move || time.now()));
    Ok(())
}

/// Who is told of publications.
fn told(metrics: &Metrics, fleet: &Fleet) -> Told {
    let (measured, fleet) = (metrics.publications(), fleet.clone());
    Arc::new(move |environment, version, seconds| {
        fleet.published(environment, version);
        measured(environment, seconds);
    })
}

/// The timers of releases, and scheduled changes.
struct Releases;

impl Driver for Releases {
    fn due(&self, world: &World, now: Now) -> Vec<Request> {
        let request = |due: release::Due| {
            let command = Box::new(move |tx: &mut Tx| release::fire(tx, &due));
            Request::system(command)
        };
        release::due(world, now).into_iter().map(request).collect()
    }

    fn next(&self, world: &World) -> NextWake {
        release::next_due(world)
    }
}

impl Secrets for KeyFile {
    fn open(&self, sealed: &str) -> Result<String, String> {
        let secret = Self::open(self, sealed).map_err(|error| error.to_string())?;
        String::from_utf8(secret).map_err(|_| "a stored secret is no text".to_owned())
    }
}

/// The one-time token, if there is nobody yet.
async fn bootstrap(writer: &Writer) -> Result<Option<String>, Problem> {
    if !writer.world().principals.is_empty() {
        return Ok(None);
    }
    let secret = auth::new_secret()?;
    let new = NewToken::of(&secret);
    let command = Box::new(move |tx: &mut Tx| token::bootstrap(tx, new));
    match writer.run(Request::system(command)).await {
        Ok(_) => Ok(Some(secret)),
        // Another server on the same store was first.
        Err(problem) if problem.code == Code::WrongState => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Writes now and then, and at the end, when tokens were last used.
async fn write_used(store: Arc<Store>, used: Arc<Used>, stop: CancellationToken) {
    let mut ticks = interval(USED);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let stops = tokio::select! {
            () = stop.cancelled() => true,
            _ = ticks.tick() => false,
        };
        let noted = used.take();
        if let Err(error) = store.touch_tokens(&noted).await {
            tracing::warn!(%error, "when tokens were last used was not written");
            used.put_back(noted);
        }
        if stops {
            return;
        }
    }
}

/// Counts events for the metrics.
async fn count_events(app: App, stop: CancellationToken) {
    let mut events = app.writer.events();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(event) => app.metrics.event(&event),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
