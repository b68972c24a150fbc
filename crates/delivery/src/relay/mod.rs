//! A relay: a read replica for big fleets. It follows upstream servers (or relays), and serves what they signed.
//!
//! ```text
//!   upstream ── stream | poll ─▶ follow ─ verified ─▶ Hub ─▶ the routes of a server: snapshot, stream, keys, OFREP
//!      ▲  ▲                        └─▶ cache (starts from it when the upstream is gone)        │
//!      │  └── is this key good? ◀── keys ◀─────────────────────────────────────────────────────┤
//!      └───── one report for all ◀── fleet ◀── reports, exposures ◀─────────────────────────────┘
//! ```
//! It has no signing key and no state that is its own: tokens, documents and deltas are the upstream's bytes; what it forgets, the
//! upstream or the instances know. When the upstream is gone, it serves on; heads are not renewed then, so each client sees by itself
//! that what it has grows stale.
//! INVARIANT: nothing is served whose signature and hash were not checked against the key that is pinned in the connection string.

mod cache;
mod endorsed;
mod fleet;
mod follow;
mod held;
mod keys;
mod reports;
mod sse;
mod upstream;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tidegate::model::Key;
use tidegate::wire::{Connection, KeyRing, Kind, Trust};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::cache::Cache;
use self::endorsed::Endorsed;
use self::fleet::Fleet;
use self::follow::Follower;
pub use self::follow::Status;
use self::held::Held;
use self::keys::{Fresh, Gate, RelayKeys};
use self::reports::{Forwarder, RelayReports};
pub use self::upstream::Times;
use self::upstream::Upstream;
use crate::heartbeat::{HEARTBEAT, heartbeat};
use crate::http::router;
use crate::hub::Hub;
use crate::listener::{Listener, Timeouts};
use crate::serve::serve;
use crate::service::{Limits, Service};

/// Over which time streams end when it stops.
const SPREAD: Duration = Duration::from_secs(2);
/// How long requests may go on when it stops.
const GRACE: Duration = Duration::from_secs(10);

/// What a relay is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// The connection string of each environment that is followed.
    pub upstreams: Vec<Connection>,
    /// Where it stores what it needs to start while its upstreams are gone.
    pub cache: Option<PathBuf>,
    /// For how long the upstream's answer holds that an SDK key is good.
    pub key_ttl: Duration,
    /// How long it waits for upstreams.
    pub times: Times,
    /// How much it serves at most.
    pub limits: Limits,
}

impl Config {
    /// Of these upstreams, without a cache.
    #[must_use]
    pub fn new(upstreams: Vec<Connection>) -> Self {
        Self {
            upstreams,
            cache: None,
            key_ttl: Duration::from_secs(60),
            times: Times::default(),
            limits: Limits::default(),
        }
    }
}

/// Why a relay cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is nothing to follow.
    #[error("expected at least one upstream, found none")]
    NoUpstream,
    /// Files report to nobody.
    #[error(
        "expected a server or a relay as the upstream of `{0}`, found static hosting, which knows no SDK keys"
    )]
    Static(Key),
    /// Two connection strings are of one environment.
    #[error("expected one upstream an environment, found two of `{0}`")]
    Twice(Key),
    /// The cache cannot be used.
    #[error("the cache `{path}` cannot be used: {error}")]
    Cache {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// TLS cannot be set up.
    #[error("{0}")]
    Tls(String),
}

/// A running relay; it ends when this is dropped.
#[derive(Debug)]
pub struct Relay {
    service: Service,
    status: Statuses,
    _tasks: JoinSet<()>,
}

type Statuses = Arc<BTreeMap<Key, watch::Receiver<Status>>>;

impl Relay {
    /// Starts to follow. What was stored is served when this returns; what the upstreams have comes when it comes.
    ///
    /// # Errors
    /// See [`StartError`]. An upstream that cannot be reached is none.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        check(&config.upstreams)?;
        let cache = match config.cache {
            Some(path) => {
                Some(Arc::new(Cache::open(&path).map_err(|error| StartError::Cache { path, error })?))
            }
            None => None,
        };
        let client = upstream::client(config.times).map_err(StartError::Tls)?;
        let hub = Arc::new(Hub::new());
        let endorsed = Arc::new(Endorsed::new(Arc::clone(&hub), cache.clone()));
        // A random number of this run: two relays must not take each other's place.
        let name: Arc<str> = format!("relay-{:016x}", fastrand::u64(..)).into();
        let (mut tasks, mut sites, mut fleets, mut status) =
            (JoinSet::new(), Vec::new(), BTreeMap::new(), BTreeMap::new());
        for connection in &config.upstreams {
            let Some(upstream) = Upstream::new(client.clone(), connection, config.times) else { continue };
            let environment = Key::clone(&connection.environment);
            let mut ring = match &connection.trust {
                Trust::Pinned(key) => KeyRing::pinned(*key),
                Trust::Unsigned => KeyRing::unsigned(),
            };
            ring.trust_all(&endorsed.of(&environment));
            let held = Held::new(Key::clone(&environment), ring);
            let shared = (Arc::clone(&hub), Arc::clone(&endorsed));
            let mut follower =
                Follower::new(held, Key::clone(&environment), upstream.clone(), shared, cache.clone());
            if let Some(cache) = &cache {
                follower.restore(cache).await;
            }
            status.insert(Key::clone(&environment), follower.status.subscribe());
            tasks.spawn(follower.run());
            let fleet = Arc::new(Fleet::default());
            let forwarder =
                Forwarder { relay: Arc::clone(&name), fleet: Arc::clone(&fleet), upstream: upstream.clone() };
            tasks.spawn(forwarder.run());
            fleets.insert(Key::clone(&environment), fleet);
            keys::add(&mut sites, upstream, environment);
        }
        tasks.spawn(heartbeat(Arc::clone(&hub), None, HEARTBEAT, unix_ms));
        let fresh = Fresh { good: config.key_ttl, ..Fresh::default() };
        let keys = Gate(Arc::new(RelayKeys::new(sites, fresh, Arc::clone(&hub), cache)));
        let service = Service::new(hub, Arc::new(keys), Arc::new(RelayReports(fleets)), config.limits);
        Ok(Self { service, status: Arc::new(status), _tasks: tasks })
    }

    /// The routes: those of a server for SDKs, OFREP, and `/healthz`, `/readyz`.
    pub fn router(&self) -> Router {
        let health = Router::new()
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
            .with_state(Arc::clone(&self.status));
        router(self.service.clone()).merge(health)
    }

    /// Serves until `stop` is done; then streams end one after the other, and requests finish, for ten seconds at most.
    pub async fn serve(self, socket: TcpListener, stop: impl Future<Output = ()>) {
        let (stopped, mut is_stopped) = watch::channel(());
        let stopping = async {
            stop.await;
            tracing::info!("stopping");
            self.service.hub().close(SPREAD);
            stopped.send_replace(());
        };
        let late = async {
            // The sender outlives this.
            let _ = is_stopped.changed().await;
            tokio::time::sleep(GRACE).await;
        };
        let listener = Listener::new(socket, Timeouts::default());
        tokio::select! {
            () = serve(listener, self.router(), stopping) => {}
            () = late => tracing::warn!("requests that did not end in time are broken off"),
        }
    }

    /// What it serves.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// How it stands with an environment; none if it is not followed.
    #[must_use]
    pub fn status(&self, environment: &str) -> Option<Status> {
        self.status.get(environment).map(|status| status.borrow().clone())
    }
}

fn check(upstreams: &[Connection]) -> Result<(), StartError> {
    if upstreams.is_empty() {
        return Err(StartError::NoUpstream);
    }
    let mut seen = Vec::new();
    for Connection { environment, kind, .. } in upstreams {
        if *kind == Kind::Static {
            return Err(StartError::Static(Key::clone(environment)));
        }
        if seen.contains(environment) {
            return Err(StartError::Twice(Key::clone(environment)));
        }
        seen.push(Key::clone(environment));
    }
    Ok(())
}

/// Ready when there is something to serve in each environment; how fresh it is, the clients see by its head.
async fn ready(State(statuses): State<Statuses>) -> Response {
    let statuses: BTreeMap<&Key, Status> =
        statuses.iter().map(|(environment, status)| (environment, status.borrow().clone())).collect();
    let is_ready = statuses.values().all(|status| status.version.is_some());
    let one = |(environment, status): (&&Key, &Status)| {
        (environment.to_string(), json!({ "version": status.version, "connected": status.connected }))
    };
    let environments: serde_json::Map<_, _> = statuses.iter().map(one).collect();
    let body = json!({ "ready": is_ready, "environments": environments }).to_string();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
