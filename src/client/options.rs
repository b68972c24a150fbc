//! What a client is started with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::event::{Callback, Event};
use super::uptime::{SystemUptime, Uptime};
use crate::engine::{Engine, EngineBuilder};
use crate::error::Error;
use crate::value::Value;
use crate::wire::{Connection, Sdk};

/// How a client reaches its server, what it keeps, and how long it waits.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use tidegate::client::ConnectOptions;
///
/// let options = ConnectOptions::from_connection(
///     "tidegate+https://tgs_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef@flags.example\
///      ?environment=prod&key=11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
/// )?
/// .process("region", "eu")
/// .cache("/var/cache/checkout")
/// .poll_interval(Duration::from_secs(30));
/// # Ok::<(), tidegate::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ConnectOptions {
    pub(super) origin: Origin,
    pub(super) process: Vec<(String, Value)>,
    pub(super) engine: Option<Arc<dyn Fn() -> EngineBuilder + Send + Sync>>,
    pub(super) cache: Option<PathBuf>,
    pub(super) bundled: Option<PathBuf>,
    pub(super) bootstrap: Option<Arc<[u8]>>,
    pub(super) poll_interval: Duration,
    pub(super) report_interval: Duration,
    pub(super) network_first: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) answer_timeout: Duration,
    pub(super) read_stall: Duration,
    pub(super) stale_after: Duration,
    pub(super) flush_timeout: Duration,
    pub(super) watch_interval: Duration,
    pub(super) proxy: Proxy,
    pub(super) root_certificates: Vec<Vec<u8>>,
    pub(super) streaming: Streaming,
    pub(super) sdk: Sdk,
    pub(super) uptime: Arc<dyn Uptime>,
    pub(super) seed: Option<u64>,
    pub(super) callbacks: Vec<Callback>,
}

/// Where documents come from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    Connection(Connection),
    File(PathBuf),
}

/// Which proxy requests go through.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum Proxy {
    /// None, whatever the environment says.
    Direct,
    /// That of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    Environment,
    /// The one at this URL, for all hosts; it may carry `user:password@`.
    Url(String),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "Direct",
            Self::Environment => "Environment",
            // It may carry a password.
            Self::Url(_) => "Url(…)",
        })
    }
}

/// Whether a client holds a stream open.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Streaming {
    /// It only polls.
    Off,
    /// It streams, and polls while streams fail.
    #[default]
    On,
}

impl ConnectOptions {
    /// A connection, and the defaults.
    pub fn new(connection: Connection) -> Self {
        Self::from_origin(Origin::Connection(connection))
    }

    /// A connection string as `tidegate sdk-key new` prints it, and the defaults.
    ///
    /// # Errors
    /// If it is not a connection string (TG6019).
    pub fn from_connection(text: &str) -> Result<Self, Error> {
        Ok(Self::new(text.parse()?))
    }

    /// A document in a file that is watched instead of a server; it is trusted as the program's own files are.
    ///
    /// Nothing is sent anywhere. Its version must not go down.
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self::from_origin(Origin::File(path.into()))
    }

    fn from_origin(origin: Origin) -> Self {
        Self {
            origin,
            process: Vec::new(),
            engine: None,
            cache: None,
            bundled: None,
            bootstrap: None,
            poll_interval: Duration::from_secs(10),
            report_interval: Duration::from_secs(10),
            network_first: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(5),
            answer_timeout: Duration::from_secs(10),
            read_stall: Duration::from_secs(45),
            stale_after: Duration::from_secs(90),
            flush_timeout: Duration::from_secs(2),
            watch_interval: Duration::from_secs(1),
            proxy: Proxy::Environment,
            root_certificates: Vec::new(),
            streaming: Streaming::On,
            sdk: Sdk { name: "rust".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
            uptime: Arc::new(SystemUptime::default()),
            seed: None,
            callbacks: Vec::new(),
        }
    }

    /// Sets a process attribute (SEMANTICS 1.4), such as `region`. `environment` is that of the connection.
    pub fn process(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.process.push((name.to_owned(), value.into()));
        self
    }

    /// How the engine is made, for a mode, clock or counters of one's choice; else lenient, with exposure counters.
    ///
    /// Its process attributes count, and those of [`process`](Self::process) beside and over them.
    pub fn engine(mut self, builder: impl Fn() -> EngineBuilder + Send + Sync + 'static) -> Self {
        self.engine = Some(Arc::new(builder));
        self
    }

    /// The directory where the last good document and the trusted keys are kept; made if it is not there. Default none.
    ///
    /// Several clients and processes may share it.
    pub fn cache(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache = Some(directory.into());
        self
    }

    /// A document that was shipped with the program, for a start without server and cache; trusted as the program is.
    pub fn bundled(mut self, path: impl Into<PathBuf>) -> Self {
        self.bundled = Some(path.into());
        self
    }

    /// A document that is served from the first moment on, before anything came; trusted as the program is.
    pub fn bootstrap(mut self, document: impl Into<Vec<u8>>) -> Self {
        self.bootstrap = Some(document.into().into());
        self
    }

    /// How often it polls where it does not stream, ± 20 %. Default 10 s.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(SHORTEST);
        self
    }

    /// How often it reports, ± 10 %, until the server asks for another interval. Default 10 s.
    pub fn report_interval(mut self, interval: Duration) -> Self {
        self.report_interval = interval.max(SHORTEST);
        self
    }

    /// How long a start waits for the network before it serves what was stored; at most, and by default, 2 s.
    pub fn network_first(mut self, wait: Duration) -> Self {
        self.network_first = wait.min(Duration::from_secs(2));
        self
    }

    /// How long making a connection may take. Default 5 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a server may take to begin its answer; of a stream, to send its first event. Default 10 s.
    pub fn answer_timeout(mut self, timeout: Duration) -> Self {
        self.answer_timeout = timeout;
        self
    }

    /// After how long a silence a stream, or a body that stops in its middle, is left. Default three heartbeats, 45 s.
    pub fn read_stall(mut self, timeout: Duration) -> Self {
        self.read_stall = timeout;
        self
    }

    /// After how long without a renewed head what is served counts as stale. Default 90 s.
    pub fn stale_after(mut self, age: Duration) -> Self {
        self.stale_after = age;
        self
    }

    /// How long [`Client::close`](super::Client::close) may take to send the last counts. Default 2 s.
    pub fn flush_timeout(mut self, timeout: Duration) -> Self {
        self.flush_timeout = timeout;
        self
    }

    /// How often a watched file is looked at. Default 1 s.
    pub fn watch_interval(mut self, interval: Duration) -> Self {
        self.watch_interval = interval.max(SHORTEST);
        self
    }

    /// Which proxy requests go through. Default that of the environment.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Trusts a certificate authority, in PEM, beside those of the system.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Whether it streams, or only polls.
    pub fn streaming(mut self, streaming: Streaming) -> Self {
        self.streaming = streaming;
        self
    }

    /// Calls `callback` with each event from the very first on, for the life of the client; see
    /// [`Client::on_event`](super::Client::on_event).
    pub fn on_event(mut self, callback: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.callbacks.push(Arc::new(callback));
        self
    }

    /// What reports call the SDK; for bindings to other languages.
    pub fn sdk(mut self, name: &str, version: &str) -> Self {
        self.sdk = Sdk { name: name.to_owned(), version: version.to_owned() };
        self
    }

    /// The clock that ages are measured with; for tests.
    pub fn uptime(mut self, uptime: impl Uptime + 'static) -> Self {
        self.uptime = Arc::new(uptime);
        self
    }

    /// The seed of all jitter; for tests. Default: the system's randomness.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The connection; none: a file is watched.
    #[must_use]
    pub fn connection(&self) -> Option<&Connection> {
        match &self.origin {
            Origin::Connection(connection) => Some(connection),
            Origin::File(_) => None,
        }
    }

    /// The engine's builder, as it was asked for.
    pub(super) fn engine_builder(&self) -> EngineBuilder {
        let builder = match &self.engine {
            Some(make) => make(),
            None => Engine::builder().counters(true),
        };
        self.process.iter().fold(builder, |builder, (name, value)| builder.process(name, value.clone()))
    }
}

/// Below this, an interval would be a busy loop.
const SHORTEST: Duration = Duration::from_millis(10);

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("origin", &self.origin)
            .field("process", &self.process)
            .field("cache", &self.cache)
            .field("bundled", &self.bundled)
            .field("proxy", &self.proxy)
            .field("streaming", &self.streaming)
            .finish_non_exhaustive()
    }
}
