//! An upstream that can be killed, restarted and corrupted; a relay before it; a reader of streams.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use parking_lot::Mutex;
use reqwest::Client;
use tidegate::model::Key;
use tidegate::wire::{
    Connection, ExposureBatch, Head, KeyRing, RelayReport, Report, ReportAnswer, Rows, Sdk, Section,
    SigningKey, Source, StoredBatch, Token,
};
use tidegate_delivery::relay::{Config, Relay, Times};
use tidegate_delivery::{
    Admission, History, Hub, Keys, Limits, Refused, ReportRefused, Reports, Service, Signer, router,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long a test waits for what must come.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Waits until something holds.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap_or_else(|_| panic!("still not so: {what}"));
}

/// An SDK key of a number.
pub(crate) fn sdk_key(number: u8) -> String {
    format!("tgs_{}", format!("{number:02x}").repeat(32))
}

/// The relay's own, and those of two clients.
pub(crate) fn keys() -> [String; 3] {
    [sdk_key(0), sdk_key(1), sdk_key(2)]
}

struct Pen(Mutex<SigningKey>);

impl Signer for Pen {
    fn sign(&self, head: &Head) -> Token {
        self.0.lock().sign(head)
    }
}

/// What an upstream knows and was told.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) good: Mutex<HashMap<String, Admission>>,
    /// How often it was asked about a key.
    pub(crate) asked: AtomicUsize,
    pub(crate) relayed: Mutex<Vec<RelayReport>>,
    pub(crate) stores: Mutex<bool>,
    pub(crate) stored: Mutex<BTreeMap<String, u64>>,
}

#[async_trait]
impl Keys for Desk {
    async fn admit(&self, sdk_key: &str) -> Result<Admission, Refused> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.good.lock().get(sdk_key).cloned().ok_or(Refused::Unknown)
    }
}

#[async_trait]
impl Reports for Desk {
    async fn report(&self, _: &Admission, _: Report) -> Result<ReportAnswer, ReportRefused> {
        Ok(ReportAnswer { interval_s: 30, ..ReportAnswer::default() })
    }

    async fn relay_report(&self, _: &Admission, report: RelayReport) -> Result<ReportAnswer, ReportRefused> {
        let mut stored = Vec::new();
        if *self.stores.lock() {
            for one in &report.exposures {
                self.stored.lock().insert(one.instance.clone(), one.batch.batch);
                stored.push(StoredBatch { instance: one.instance.clone(), batch: one.batch.batch });
            }
        }
        self.relayed.lock().push(report);
        Ok(ReportAnswer { interval_s: 1, stored, ..ReportAnswer::default() })
    }
}

/// An upstream server.
pub(crate) struct Origin {
    pub(crate) hub: Arc<Hub>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) address: SocketAddr,
    pen: Arc<Pen>,
    rows: Mutex<(Rows, History)>,
    service: Service,
    task: Option<JoinHandle<()>>,
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Origin {
    /// Of the environment prod, with nothing in it.
    pub(crate) async fn new() -> Self {
        let desk = Arc::new(Desk::default());
        *desk.stores.lock() = true;
        for key in keys() {
            let admission = Admission { environment: "prod".into(), key_id: key[4..8].to_owned() };
            desk.good.lock().insert(key, admission);
        }
        let hub = Arc::new(Hub::new());
        let pen = Arc::new(Pen(Mutex::new(SigningKey::from_seed(&[7; 32]).unwrap())));
        let mut rows = Rows::new("prod".into(), 0);
        // A delta that is larger than the whole is not sent.
        let filler = format!(r#"{{"kind":"gate","description":"{}"}}"#, "x".repeat(4_096));
        rows.insert(Section::Features, "filler".into(), filler);
        let rows = (rows, History::new(Arc::clone(&pen) as Arc<dyn Signer>));
        let (keys, reports) = (Arc::clone(&desk) as Arc<dyn Keys>, Arc::clone(&desk) as Arc<dyn Reports>);
        let service = Service::new(Arc::clone(&hub), keys, reports, Limits::default());
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut origin = Self { hub, desk, address, pen, rows: Mutex::new(rows), service, task: None };
        origin.restart().await;
        origin
    }

    /// Listens again, where it did before.
    pub(crate) async fn restart(&mut self) {
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        self.address = listener.local_addr().unwrap();
        let routes = router(self.service.clone());
        self.task = Some(tokio::spawn(serve(listener, routes)));
    }

    /// Is gone from one moment to the next, with all its connections.
    pub(crate) fn kill(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// Publishes a version in which the features have these texts.
    pub(crate) fn publish(&self, version: u64, features: &[(&str, &str)]) {
        let (rows, history) = &mut *self.rows.lock();
        rows.set_version(version);
        for (feature, text) in features {
            rows.insert(Section::Features, (*feature).into(), *text);
        }
        let changed = features.iter().map(|(feature, _)| (Section::Features, Key::from(*feature)));
        let at = i64::try_from(version).unwrap();
        let publication = history.advance(Arc::new(rows.clone()), changed, at).unwrap();
        assert!(self.hub.publish(publication));
    }

    pub(crate) fn document(&self) -> Vec<u8> {
        self.rows.lock().0.render()
    }

    /// Renews the head.
    pub(crate) fn beat(&self, at: i64) {
        self.hub.beat(Some(&*self.pen), at).unwrap();
    }

    /// Signs with a new key from now on.
    pub(crate) fn rotate(&self) {
        let new = SigningKey::from_seed(&[8; 32]).unwrap();
        let endorsement = self.pen.0.lock().endorse(&new.public(), 5).into_string();
        self.hub.set_endorsements(&[endorsement]);
        *self.pen.0.lock() = new;
    }
}

/// Serves connections that end with it.
async fn serve(listener: TcpListener, routes: axum::Router) {
    let mut connections = tokio::task::JoinSet::new();
    let inner = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let behind = inner.local_addr().unwrap();
    connections.spawn(async move { axum::serve(inner, routes).await.unwrap() });
    loop {
        let (mut outer, _) = listener.accept().await.unwrap();
        connections.spawn(async move {
            let mut inner = TcpStream::connect(behind).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
        });
    }
}

/// The ring that pins the first key.
pub(crate) fn ring() -> KeyRing {
    KeyRing::pinned(SigningKey::from_seed(&[7; 32]).unwrap().public())
}

/// A connection string of prod.
pub(crate) fn connection(address: SocketAddr, sdk_key: &str) -> Connection {
    let key = SigningKey::from_seed(&[7; 32]).unwrap().public();
    format!("tidegate+http://{sdk_key}@{address}?environment=prod&key={key}").parse().unwrap()
}

/// A relay that listens.
pub(crate) struct Front {
    pub(crate) relay: Relay,
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    task: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Front {
    pub(crate) async fn of(upstream: SocketAddr) -> Self {
        Self::with(upstream, None, Duration::from_secs(60)).await
    }

    pub(crate) async fn with(upstream: SocketAddr, cache: Option<&Path>, key_ttl: Duration) -> Self {
        let times = Times { silence: Duration::from_secs(5), ..Times::default() };
        let cache = cache.map(Path::to_owned);
        let upstreams = vec![connection(upstream, &keys()[0])];
        let relay = Relay::start(Config { cache, key_ttl, times, ..Config::new(upstreams) }).await.unwrap();
        // The relay's own client has set TLS up, which this one wants as well.
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(serve(listener, relay.router()));
        Self { relay, address, client: Client::builder().no_proxy().build().unwrap(), task }
    }

    pub(crate) fn get(&self, path: &str, sdk_key: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("http://{}{path}", self.address)).bearer_auth(sdk_key)
    }

    pub(crate) fn post(&self, path: &str, sdk_key: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("http://{}{path}", self.address)).bearer_auth(sdk_key)
    }

    /// What a request of the snapshot answers: status, token, bytes.
    pub(crate) async fn snapshot(&self, sdk_key: &str) -> (u16, String, Vec<u8>) {
        let response = self.get("/sdk/v1/snapshot", sdk_key).send().await.unwrap();
        let token = response.headers().get("tidegate-head").map(|token| token.to_str().unwrap().to_owned());
        (response.status().as_u16(), token.unwrap_or_default(), response.bytes().await.unwrap().to_vec())
    }

    pub(crate) fn version(&self) -> Option<u64> {
        self.relay.service().hub().current(&"prod".into()).map(|publication| publication.version())
    }

    pub(crate) async fn wait_for(&self, version: u64) {
        eventually(&format!("the relay has version {version}"), async || self.version() == Some(version))
            .await;
    }

    pub(crate) async fn report(&self, sdk_key: &str, report: &Report) -> ReportAnswer {
        let response = self.post("/sdk/v1/report", sdk_key).json(report).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// A stream, from a version on.
    pub(crate) async fn stream(&self, sdk_key: &str, from: Option<u64>) -> Events {
        let mut request = self.get("/sdk/v1/stream", sdk_key);
        if let Some(from) = from {
            request = request.header("last-event-id", from);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Events { bytes: response.bytes_stream().boxed(), buffer: String::new() }
    }
}

/// The report of an instance.
pub(crate) fn report(instance: &str, version: u64, batch: Option<u64>) -> Report {
    Report {
        instance: instance.to_owned(),
        sdk: Sdk { name: "test".to_owned(), version: "1".to_owned() },
        process: BTreeMap::from([("region".to_owned(), "eu".into())]),
        schema_version: 1,
        operators: Some(vec!["eq".to_owned()]),
        interval_s: 30,
        source: Source::Stream,
        version,
        lag_ms: Some(1),
        stale: false,
        isolated: Vec::new(),
        nack: None,
        exposures: batch.map(|batch| ExposureBatch { batch, lost: 0, counts: Vec::new() }),
    }
}

/// A stream that is read.
pub(crate) struct Events {
    bytes: BoxStream<'static, reqwest::Result<axum::body::Bytes>>,
    buffer: String,
}

impl Events {
    /// The name and data of the next event that has data; none at the end.
    pub(crate) async fn next(&mut self) -> Option<(String, String)> {
        tokio::time::timeout(SOON, self.read()).await.expect("nothing came")
    }

    async fn read(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = block.lines().filter_map(|line| line.strip_prefix(name));
                    lines.collect::<Vec<_>>().join("\n")
                };
                let (name, data) = (field("event: "), field("data: "));
                self.buffer = rest.to_owned();
                if !data.is_empty() {
                    return Some((name, data));
                }
                continue;
            }
            let bytes = self.bytes.next().await?.ok()?;
            self.buffer.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The next event of this name.
    pub(crate) async fn next_of(&mut self, wanted: &str) -> String {
        loop {
            let (name, data) = self.next().await.expect("the stream has ended");
            if name == wanted {
                return data;
            }
        }
    }
}

/// What a wire between relay and upstream does to the upstream's bytes.
type Meddle = Arc<dyn Fn(&mut Vec<u8>) + Send + Sync>;

/// A wire that meddles.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    meddle: Arc<Mutex<Meddle>>,
    target: Arc<Mutex<SocketAddr>>,
    cut: tokio::sync::watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Wire {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let nothing: Meddle = Arc::new(|_| {});
        let (meddle, target) = (Arc::new(Mutex::new(nothing)), Arc::new(Mutex::new(target)));
        let cut = tokio::sync::watch::Sender::new(());
        let (own_meddle, own_target, cuts) = (Arc::clone(&meddle), Arc::clone(&target), cut.clone());
        let task = tokio::spawn(async move {
            loop {
                let (outer, _) = listener.accept().await.unwrap();
                let target = *own_target.lock();
                let Ok(inner) = TcpStream::connect(target).await else { continue };
                let (meddle, mut cut) = (Arc::clone(&own_meddle), cuts.subscribe());
                tokio::spawn(async move {
                    tokio::select! {
                        () = carry(outer, inner, meddle) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { address, meddle, target, cut, task }
    }

    /// From now on does this to what the upstream sends.
    pub(crate) fn meddle(&self, meddle: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) {
        *self.meddle.lock() = Arc::new(meddle);
    }

    /// Ends all connections.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(());
    }

    /// Leads elsewhere from now on.
    pub(crate) fn lead(&self, target: SocketAddr) {
        *self.target.lock() = target;
        self.cut();
    }
}

async fn carry(outer: TcpStream, inner: TcpStream, meddle: Arc<Mutex<Meddle>>) {
    let ((mut from_relay, mut to_relay), (mut from_origin, mut to_origin)) =
        (outer.into_split(), inner.into_split());
    let up = async { drop(tokio::io::copy(&mut from_relay, &mut to_origin).await) };
    let down = async {
        let mut buffer = vec![0; 1 << 20];
        while let Ok(read @ 1..) = from_origin.read(&mut buffer).await {
            let mut bytes = buffer[..read].to_vec();
            let meddle = Arc::clone(&meddle.lock());
            meddle(&mut bytes);
            if to_relay.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = up => {}, () = down => {} }
}

/// Puts a byte in the place of one, wherever this text ends.
pub(crate) fn flip_after(text: &'static str) -> impl Fn(&mut Vec<u8>) + Send + Sync {
    move |bytes| {
        let found = bytes.windows(text.len()).position(|window| window == text.as_bytes());
        if let Some(byte) = found.and_then(|at| bytes.get_mut(at + text.len())) {
            *byte ^= 1;
        }
    }
}
