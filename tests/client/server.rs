//! A server of snapshots on a real socket, that misbehaves as told. One thread a connection, one request a connection.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::json;
use tidegate::wire::{DeltaHead, Head, Report, Rows, Section, Sha256, SigningKey};

/// A server; stops when dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// How the stream is served.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Stream {
    #[default]
    Works,
    /// The answer begins, and no event comes.
    Held,
    /// Closes without an answer.
    Reset,
    Status(u16),
    /// Closes after what comes first.
    Short,
}

/// How documents are sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Body {
    #[default]
    Works,
    /// The connection breaks in the middle.
    Half,
    /// One byte of the document is another.
    Flipped,
    /// A redirect.
    Redirect(String),
    Status(u16, &'static str),
    /// No answer.
    Silent,
}

pub(crate) struct State {
    pub(crate) key: SigningKey,
    pub(crate) endorsements: Vec<String>,
    pub(crate) environment: String,
    pub(crate) documents: BTreeMap<u64, Vec<u8>>,
    pub(crate) current: u64,
    pub(crate) at: i64,
    pub(crate) stream: Stream,
    /// How the whole is sent, over the stream and to polls.
    pub(crate) body: Body,
    /// One byte of each token is another.
    pub(crate) token_flipped: bool,
    pub(crate) delta_flipped: bool,
    /// Endorsements are told at connect, else only when asked for.
    pub(crate) tells_keys: bool,
    pub(crate) gzip: bool,
    pub(crate) answers_reports: bool,
    pub(crate) stores_exposures: bool,
    pub(crate) requests: Vec<Request>,
    pub(crate) reports: Vec<Report>,
    /// Reports are not answered yet.
    pub(crate) holds_reports: bool,
    /// The most reports that were unanswered at once.
    pub(crate) most_reports_at_once: usize,
    reports_at_once: usize,
    /// Streams that are open on both sides.
    pub(crate) streams: usize,
    /// Connections from which no request was read yet.
    unread: usize,
    beats: u64,
    gone: bool,
    open: Vec<TcpStream>,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

pub(crate) const SDK_KEY: &str = "tgs_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A document with gates that are on or off for everyone.
pub(crate) fn document(version: u64, gates: &[(&str, bool)]) -> Vec<u8> {
    let mut rows = Rows::new("prod".into(), version);
    for (gate, on) in gates {
        let rules = if *on { json!([{"id": "all", "variant": "on"}]) } else { json!([]) };
        let text = json!({"kind": "gate", "rules": rules}).to_string();
        rows.insert(Section::Features, (*gate).into(), text.as_str());
    }
    rows.render()
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::on("127.0.0.1:0")
    }

    /// At an address, which is tried for until it is free.
    pub(crate) fn on(address: &str) -> Self {
        let listener = (0..500).find_map(|_| {
            TcpListener::bind(address).ok().or_else(|| {
                std::thread::sleep(Duration::from_millis(10));
                None
            })
        });
        let listener = listener.expect("a free port");
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            key: SigningKey::from_seed(&[7; 32]).unwrap(),
            endorsements: Vec::new(),
            environment: "prod".into(),
            documents: BTreeMap::new(),
            current: 0,
            at: 1_000,
            stream: Stream::Works,
            body: Body::Works,
            token_flipped: false,
            delta_flipped: false,
            tells_keys: true,
            gzip: false,
            answers_reports: true,
            stores_exposures: true,
            requests: Vec::new(),
            reports: Vec::new(),
            holds_reports: false,
            most_reports_at_once: 0,
            reports_at_once: 0,
            streams: 0,
            unread: 0,
            beats: 0,
            gone: false,
            open: Vec::new(),
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let server = Self { url, shared: Arc::clone(&shared) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut state = shared.lock();
                if state.gone {
                    return;
                }
                state.open.push(stream.try_clone().unwrap());
                state.unread += 1;
                drop(state);
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        server
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    /// Changes something, and wakes the streams.
    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.lock());
        self.shared.changed.notify_all();
    }

    pub(crate) fn publish(&self, version: u64, gates: &[(&str, bool)]) {
        self.publish_bytes(version, document(version, gates));
    }

    pub(crate) fn publish_bytes(&self, version: u64, document: Vec<u8>) {
        self.set(|state| {
            state.documents.insert(version, document);
            state.current = version;
            state.at += 1;
        });
    }

    /// A renewed head to all streams.
    pub(crate) fn beat(&self) {
        self.set(|state| {
            state.at += 1;
            state.beats += 1;
        });
    }

    /// Waits until all that was sent to it before is read.
    pub(crate) fn settle(&self) {
        // Connections are accepted in their order: with this one, all before it.
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(b"GET /settled HTTP/1.1\r\n\r\n").unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).unwrap();
        let mut state = self.state();
        while state.unread > 0 {
            state = self.shared.changed.wait(state).unwrap();
        }
    }

    /// Breaks all connections.
    pub(crate) fn cut(&self) {
        for stream in self.state().open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn connection(&self) -> String {
        let host = self.url.strip_prefix("http://").unwrap();
        let key = SigningKey::from_seed(&[7; 32]).unwrap().public();
        format!("tidegate+http://{SDK_KEY}@{host}?environment=prod&key={key}")
    }

    pub(crate) fn static_connection(&self) -> String {
        let host = self.url.strip_prefix("http://").unwrap();
        let key = SigningKey::from_seed(&[7; 32]).unwrap().public();
        format!("tidegate+static+http://{host}/files?environment=prod&key={key}")
    }

    pub(crate) fn requests(&self, path: &str) -> Vec<Request> {
        self.state().requests.iter().filter(|request| request.path == path).cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.set(|state| state.gone = true);
        self.cut();
        // Wakes the listener, so that it ends and the port is free.
        let _ = TcpStream::connect(self.url.strip_prefix("http://").unwrap());
    }
}

impl State {
    fn token(&self, delta: Option<DeltaHead>) -> String {
        let document = &self.documents[&self.current];
        let head = Head {
            environment: self.environment.as_str().into(),
            version: self.current,
            sha256: Sha256::of(document),
            at: self.at,
            delta,
        };
        let token = self.key.sign(&head).into_string();
        if self.token_flipped { flip_text(&token) } else { token }
    }

    fn body(&self) -> Vec<u8> {
        let document = self.documents[&self.current].clone();
        if self.body == Body::Flipped { flip(document) } else { document }
    }

    /// What brings a client from one version to the current one.
    fn event(&self, from: u64) -> String {
        let version = self.current;
        if from == version {
            return format!("event: head\ndata: {}\n\n", self.token(None));
        }
        if let Some(delta) = self.documents.get(&from).and_then(|old| delta(old, &self.documents[&version])) {
            let token = self.token(Some(DeltaHead { from, sha256: Sha256::of(&delta) }));
            let delta = if self.delta_flipped { flip(delta) } else { delta };
            let delta = String::from_utf8(delta).unwrap();
            return format!("event: delta\nid: {version}\ndata: {token}\ndata: {delta}\n\n");
        }
        let body = String::from_utf8(self.body()).unwrap();
        format!("event: snapshot\nid: {version}\ndata: {}\ndata: {body}\n\n", self.token(None))
    }

    fn keys(&self) -> String {
        format!("event: keys\ndata: {}\n\n", json!(self.endorsements))
    }
}

fn delta(old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let (old, new) = (Rows::parse(old).ok()?, Rows::parse(new).ok()?);
    let mut changed = BTreeSet::new();
    for (one, other) in [(&old, &new), (&new, &old)] {
        for (section, key, text) in one.iter() {
            if other.row(section, key) != Some(text) {
                changed.insert((section, key.clone()));
            }
        }
    }
    new.delta(old.version(), &changed)
}

/// With another digit in the middle, so that it is still text and JSON.
pub(crate) fn flip(mut bytes: Vec<u8>) -> Vec<u8> {
    let place = bytes.iter().rposition(u8::is_ascii_lowercase).unwrap();
    bytes[place] ^= 1;
    bytes
}

pub(crate) fn flip_text(token: &str) -> String {
    let middle = token.rfind('.').unwrap() + 20;
    let mut bytes = token.as_bytes().to_vec();
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn serve(&self, mut stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let request = read(&stream);
        {
            let mut state = self.lock();
            state.unread -= 1;
            state.requests.extend(request.clone());
        }
        self.changed.notify_all();
        let Some(request) = request else { return };
        let path = request.path.clone();
        let is_right = request.method == if path == "/sdk/v1/report" { "POST" } else { "GET" };
        let _ = match path.as_str() {
            _ if !is_right => answer(&mut stream, 405, "", b"another method"),
            "/sdk/v1/stream" => {
                self.lock().streams += 1;
                let outcome = self.stream(&mut stream, &request);
                self.lock().streams -= 1;
                outcome
            }
            "/sdk/v1/snapshot" => self.snapshot(&mut stream, &request),
            "/sdk/v1/keys" | "/files/keys.json" => {
                let keys = json!(self.lock().endorsements).to_string();
                answer(&mut stream, 200, "", keys.as_bytes())
            }
            "/sdk/v1/report" => self.report(&mut stream, &request),
            "/files/head" => {
                let token = self.lock().token(None);
                answer(&mut stream, 200, "", format!("{token}\n").as_bytes())
            }
            "/files/snapshot.json" => self.whole(&mut stream, ""),
            _ => answer(&mut stream, 404, "", b"nothing here"),
        };
        let _ = stream.shutdown(Shutdown::Both);
    }

    fn stream(&self, stream: &mut TcpStream, request: &Request) -> std::io::Result<()> {
        let mode = self.lock().stream.clone();
        let gzip = self.lock().gzip;
        match mode {
            Stream::Reset => return Ok(()),
            Stream::Status(status) => return answer(stream, status, "", b"no"),
            Stream::Held | Stream::Short | Stream::Works => {}
        }
        let encoding = if gzip { "content-encoding: gzip\r\n" } else { "" };
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{encoding}connection: close\r\n\r\n"
        )?;
        let send = |stream: &mut TcpStream, text: &str| {
            if !gzip {
                return stream.write_all(text.as_bytes());
            }
            let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            member.write_all(text.as_bytes())?;
            stream.write_all(&member.finish()?)
        };
        let mut state = self.lock();
        while mode == Stream::Held || state.current == 0 {
            if state.gone {
                return Ok(());
            }
            state = self.changed.wait_timeout(state, Duration::from_millis(100)).unwrap().0;
            // A proxy that keeps the bytes to itself, until the client is gone.
            if mode == Stream::Held && is_gone(stream)? {
                return Ok(());
            }
        }
        if !state.endorsements.is_empty() && state.tells_keys {
            send(stream, &state.keys())?;
        }
        let from = request.headers.get("last-event-id").and_then(|id| id.parse().ok()).unwrap_or(0);
        let (mut at, mut beats, mut endorsed) = (state.current, state.beats, state.endorsements.len());
        let event = state.event(from);
        let half = state.body == Body::Half;
        drop(state);
        if half {
            let half = event.len() / 2;
            return send(stream, &event[..half]);
        }
        send(stream, &event)?;
        if mode == Stream::Short {
            return Ok(());
        }
        loop {
            let mut state = self.lock();
            while (state.current, state.beats, state.endorsements.len()) == (at, beats, endorsed)
                && !state.gone
            {
                state = self.changed.wait_timeout(state, Duration::from_millis(20)).unwrap().0;
                if is_gone(stream)? {
                    return Ok(());
                }
            }
            if state.gone {
                return Ok(());
            }
            let keys = (state.endorsements.len() != endorsed && state.tells_keys).then(|| state.keys());
            let event = state.event(at);
            (at, beats, endorsed) = (state.current, state.beats, state.endorsements.len());
            drop(state);
            if let Some(keys) = keys {
                send(stream, &keys)?;
            }
            send(stream, &event)?;
        }
    }

    fn snapshot(&self, stream: &mut TcpStream, request: &Request) -> std::io::Result<()> {
        let state = self.lock();
        let token = state.token(None);
        let etag = format!("\"{}\"", Sha256::of(&state.documents[&state.current]));
        let known = request.headers.get("if-none-match").is_some_and(|tags| tags.contains(&etag));
        let is_plain = matches!(state.body, Body::Works | Body::Flipped | Body::Half);
        drop(state);
        let headers = format!("tidegate-head: {token}\r\netag: {etag}\r\n");
        if known && is_plain { answer(stream, 304, &headers, b"") } else { self.whole(stream, &headers) }
    }

    fn whole(&self, stream: &mut TcpStream, headers: &str) -> std::io::Result<()> {
        let state = self.lock();
        let (mode, body) = (state.body.clone(), state.body());
        drop(state);
        match mode {
            Body::Works | Body::Flipped if self.lock().gzip => {
                let mut whole = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                whole.write_all(&body)?;
                answer(stream, 200, &format!("{headers}content-encoding: gzip\r\n"), &whole.finish()?)
            }
            Body::Works | Body::Flipped => answer(stream, 200, headers, &body),
            Body::Half => {
                write!(stream, "HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len())?;
                stream.write_all(&body[..body.len() / 2])
            }
            Body::Redirect(to) => answer(stream, 302, &format!("location: {to}\r\n"), b""),
            Body::Status(status, headers) => answer(stream, status, headers, b"no"),
            Body::Silent => {
                let mut state = self.lock();
                while !state.gone && state.body == Body::Silent {
                    state = self.changed.wait(state).unwrap();
                }
                Ok(())
            }
        }
    }

    fn report(&self, stream: &mut TcpStream, request: &Request) -> std::io::Result<()> {
        let mut state = self.lock();
        if !state.answers_reports {
            drop(state);
            return answer(stream, 503, "", b"later");
        }
        let report: Report = serde_json::from_slice(&request.body).expect("a report");
        state.reports_at_once += 1;
        state.most_reports_at_once = state.most_reports_at_once.max(state.reports_at_once);
        while state.holds_reports && !state.gone {
            state = self.changed.wait(state).unwrap();
        }
        state.reports_at_once -= 1;
        let batch = report.exposures.as_ref().map(|batch| batch.batch).filter(|_| state.stores_exposures);
        state.reports.push(report);
        drop(state);
        self.changed.notify_all();
        answer(stream, 200, "", json!({"interval_s": 0, "stored_batch": batch}).to_string().as_bytes())
    }
}

/// Whether the client has closed its side.
fn is_gone(stream: &TcpStream) -> std::io::Result<bool> {
    stream.set_nonblocking(true)?;
    let is_gone = matches!(stream.peek(&mut [0]), Ok(0));
    stream.set_nonblocking(false)?;
    Ok(is_gone)
}

fn answer(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = if status == 304 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    write!(stream, "HTTP/1.1 {status} x\r\n{headers}{length}connection: close\r\n\r\n")?;
    stream.write_all(body)
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    // To a proxy, the whole URL is sent.
    let path = match target.strip_prefix("http://") {
        Some(rest) => format!("/{}", rest.split_once('/')?.1),
        None => target,
    };
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body })
}
