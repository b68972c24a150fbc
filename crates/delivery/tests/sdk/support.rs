//! A server on a socket, with the publications of a test, and a client that reads streams.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use parking_lot::Mutex;
use tidegate::model::Key;
use tidegate::wire::{
    Head, KeyRing, RelayReport, Report, ReportAnswer, Rows, Section, SigningKey, StoredBatch, Token,
};
use tidegate_delivery::{
    Admission, History, Hub, Keys, Limits, Listener, Refused, ReportRefused, Reports, Service, Signer,
    Timeouts, router, serve,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How long a test waits for what must come.
pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) const PROD: &str = "tgs_prod";
pub(crate) const DEV: &str = "tgs_dev";

/// SDK keys that a test gives and takes.
#[derive(Default)]
pub(crate) struct Wallet {
    pub(crate) keys: Mutex<HashMap<String, Key>>,
    pub(crate) unavailable: Mutex<bool>,
}

#[async_trait]
impl Keys for Wallet {
    async fn admit(&self, sdk_key: &str) -> Result<Admission, Refused> {
        if *self.unavailable.lock() {
            return Err(Refused::Unavailable);
        }
        let environment = self.keys.lock().get(sdk_key).cloned().ok_or(Refused::Unknown)?;
        Ok(Admission { environment, key_id: sdk_key.trim_start_matches("tgs_").to_owned() })
    }
}

/// Reports that came.
#[derive(Default)]
pub(crate) struct Mailbox {
    pub(crate) reports: Mutex<Vec<(Admission, Report)>>,
    pub(crate) relayed: Mutex<Vec<(Admission, RelayReport)>>,
}

#[async_trait]
impl Reports for Mailbox {
    async fn report(&self, who: &Admission, report: Report) -> Result<ReportAnswer, ReportRefused> {
        if report.interval_s == 0 {
            let (pointer, detail) = ("/interval_s".to_owned(), "expected at least 1, found 0".to_owned());
            return Err(ReportRefused::Invalid { pointer, detail });
        }
        if report.instance == "full" {
            return Err(ReportRefused::Unavailable("there is no room".to_owned()));
        }
        let stored_batch = report.exposures.as_ref().map(|exposures| exposures.batch);
        self.reports.lock().push((who.clone(), report));
        Ok(ReportAnswer { interval_s: 30, stored_batch, ..ReportAnswer::default() })
    }

    async fn relay_report(
        &self,
        who: &Admission,
        report: RelayReport,
    ) -> Result<ReportAnswer, ReportRefused> {
        let stored = report.exposures.iter();
        let stored = stored.map(|one| StoredBatch { instance: one.instance.clone(), batch: one.batch.batch });
        let stored = stored.collect();
        self.relayed.lock().push((who.clone(), report));
        Ok(ReportAnswer { interval_s: 30, stored, ..ReportAnswer::default() })
    }
}

/// A signer whose key can be changed.
pub(crate) struct Pen(pub(crate) Mutex<SigningKey>);

impl Signer for Pen {
    fn sign(&self, head: &Head) -> Token {
        self.0.lock().sign(head)
    }
}

/// A server, and what it serves.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) hub: Arc<Hub>,
    pub(crate) service: Service,
    pub(crate) pen: Arc<Pen>,
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) client: reqwest::Client,
    environments: Mutex<HashMap<Key, (Arc<Rows>, History)>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default(), Timeouts::default()).await
    }

    pub(crate) async fn with(limits: Limits, timeouts: Timeouts) -> Self {
        let hub = Arc::new(Hub::new());
        let wallet = Arc::new(Wallet::default());
        for (key, environment) in [(PROD, "prod"), (DEV, "dev")] {
            wallet.keys.lock().insert(key.to_owned(), environment.into());
        }
        let mailbox = Arc::new(Mailbox::default());
        let (keys, reports) =
            (Arc::clone(&wallet) as Arc<dyn Keys>, Arc::clone(&mailbox) as Arc<dyn Reports>);
        let service = Service::new(Arc::clone(&hub), keys, reports, limits);
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let listener = Listener::new(socket, timeouts);
        let router = router(service.clone());
        let task = tokio::spawn(serve(listener, router, std::future::pending()));
        let pen = Arc::new(Pen(Mutex::new(SigningKey::from_seed(&[7; 32]).unwrap())));
        // `reqwest` wants one even for HTTP; another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // What this client says about encodings, the tests say.
        let client = reqwest::Client::builder().no_gzip().no_proxy().build().unwrap();
        let environments = Mutex::default();
        Self { url, hub, service, pen, wallet, mailbox, client, environments, task }
    }

    /// A ring that trusts the key that signs at the start.
    pub(crate) fn ring(&self) -> KeyRing {
        KeyRing::pinned(SigningKey::from_seed(&[7; 32]).unwrap().public())
    }

    /// Publishes a version in which the features have the given texts; `None`: gone.
    pub(crate) fn publish(&self, environment: &str, version: u64, features: &[(&str, Option<String>)]) {
        let key = Key::from(environment);
        let mut environments = self.environments.lock();
        let (rows, history) = environments.entry(key.clone()).or_insert_with(|| {
            (Arc::new(Rows::new(key, 0)), History::new(Arc::clone(&self.pen) as Arc<dyn Signer>))
        });
        let mut next = Rows::clone(rows);
        next.set_version(version);
        let mut changed = Vec::new();
        for (feature, text) in features {
            match text {
                Some(text) => next.insert(Section::Features, (*feature).into(), text.as_str()),
                None => next.remove(Section::Features, feature),
            };
            changed.push((Section::Features, Key::from(*feature)));
        }
        *rows = Arc::new(next);
        let at = i64::try_from(version).unwrap();
        let publication = history.advance(Arc::clone(rows), changed, at).unwrap();
        assert!(self.hub.publish(publication));
    }

    /// What is published now.
    pub(crate) fn document(&self, environment: &str) -> Vec<u8> {
        self.environments.lock()[environment].0.render()
    }

    pub(crate) fn get(&self, path: &str, sdk_key: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("{}{path}", self.url)).bearer_auth(sdk_key)
    }

    pub(crate) fn post(&self, path: &str, sdk_key: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("{}{path}", self.url)).bearer_auth(sdk_key)
    }

    /// A stream, from a version on.
    pub(crate) async fn stream(&self, sdk_key: &str, last: Option<u64>) -> Events {
        let mut request = self.get("/sdk/v1/stream", sdk_key);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Events::of(request.send().await.unwrap())
    }

    /// Waits until so many streams are open.
    pub(crate) async fn wait_for_streams(&self, count: usize) {
        eventually(|| self.service.streams() == count).await;
    }
}

/// Waits until something holds.
pub(crate) async fn eventually(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.expect("what must hold does not");
}

/// A gate whose text is so long, at least.
pub(crate) fn gate(note: &str, bytes: usize) -> Option<String> {
    let filler: String = (0..bytes.div_ceil(8)).map(|_| format!("{:08x}", fastrand::u32(..))).collect();
    Some(format!("{{\"kind\":\"gate\",\"description\":\"{note} {filler}\"}}"))
}

/// An event that came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<u64>,
    pub(crate) data: String,
    pub(crate) retry: Option<u64>,
    pub(crate) comment: bool,
}

impl Event {
    /// The lines of the data: token and document.
    pub(crate) fn lines(&self) -> (&str, &str) {
        self.data.split_once('\n').unwrap()
    }
}

/// A stream that is read.
pub(crate) struct Events {
    bytes: BoxStream<'static, reqwest::Result<Bytes>>,
    buffer: Vec<u8>,
    /// Bytes that came so far.
    pub(crate) read: usize,
}

impl Events {
    pub(crate) fn of(response: reqwest::Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { bytes: response.bytes_stream().boxed(), buffer: Vec::new(), read: 0 }
    }

    /// The next event that is neither `retry` nor a comment; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.any().await?;
            if !event.comment && event.retry.is_none() {
                return Some(event);
            }
        }
    }

    /// The next event, or what stands in its place.
    pub(crate) async fn any(&mut self) -> Option<Event> {
        tokio::time::timeout(SOON, self.block()).await.expect("nothing came")
    }

    async fn block(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Some(parse(std::str::from_utf8(&block[..end]).unwrap()));
            }
            let bytes = self.bytes.next().await?.ok()?;
            self.read += bytes.len();
            self.buffer.extend_from_slice(&bytes);
        }
    }
}

fn parse(block: &str) -> Event {
    let mut event = Event::default();
    let mut data: Vec<&str> = Vec::new();
    for line in block.split('\n') {
        match line.split_once(": ") {
            Some(("event", name)) => event.name = name.to_owned(),
            Some(("id", id)) => event.id = Some(id.parse().unwrap()),
            Some(("data", line)) => data.push(line),
            Some(("retry", ms)) => event.retry = Some(ms.parse().unwrap()),
            _ if line.starts_with(':') => event.comment = true,
            _ => panic!("a line that is none: {line}"),
        }
    }
    event.data = data.join("\n");
    event
}
