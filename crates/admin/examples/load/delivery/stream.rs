//! A simulated client: it reads the stream as a socket gives it, checks what came, and reports that it has it, as an SDK does.
//!
//! It verifies hashes, not signatures: a thousand SDKs have a thousand processors for that, and here they share two with the server.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use tidegate::wire::{Connection, Head, SdkKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::Fails;

/// What is read at once.
const PIECE: usize = 16 * 1024;

/// A client has a version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) client: usize,
    pub(crate) version: u64,
    pub(crate) at: Instant,
    /// What was read for it, with HTTP's framing; 0 of a full client, which does not tell.
    pub(crate) bytes: usize,
}

/// A stream, and the version that its client has.
pub(crate) struct Stream {
    socket: TcpStream,
    /// As it came, with HTTP's framing.
    raw: Vec<u8>,
    /// What is in it, from the end of the last event on.
    text: Vec<u8>,
    /// Read since the last event.
    bytes: usize,
    pub(crate) version: u64,
}

struct Message {
    event: String,
    data: Vec<String>,
}

impl Stream {
    /// Opens a stream of a client that has `version`; its first event has come.
    pub(crate) async fn open(server: &Connection, version: u64) -> Fails<Self> {
        let socket = connect(server).await?;
        let mut this = Self { socket, raw: Vec::new(), text: Vec::new(), bytes: 0, version };
        let headers = format!("last-event-id: {version}\r\naccept: text/event-stream\r\n");
        this.socket.write_all(request(server, "GET", "/sdk/v1/stream", &headers).as_bytes()).await?;
        while find(&this.raw, b"\r\n\r\n").is_none() {
            this.read().await?;
        }
        let head = find(&this.raw, b"\r\n\r\n").unwrap_or(0) + 4;
        let body = this.raw.split_off(head);
        let head = std::mem::replace(&mut this.raw, body);
        if !head.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(&head).into());
        }
        this.unframe()?;
        while this.next().await?.event != "head" {}
        // Thousands of streams that wait have no buffers.
        this.raw = Vec::new();
        this.text.shrink_to_fit();
        Ok(this)
    }

    /// Waits for the next version, checks that it is what was signed, and that it leads on from what the client has.
    pub(crate) async fn changed(&mut self, client: usize) -> Fails<Seen> {
        loop {
            let message = self.next().await?;
            let bytes = std::mem::take(&mut self.bytes);
            if message.event != "delta" && message.event != "snapshot" {
                continue;
            }
            let [token, document] = message.data.as_slice() else { return Err("expected two lines".into()) };
            let payload = token.split('.').nth(1).ok_or("expected a token")?;
            let head: Head = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload)?)?;
            if message.event == "delta" {
                head.matches_delta(document.as_bytes())?;
                let from = head.delta.as_ref().map(|delta| delta.from);
                if from != Some(self.version) {
                    return Err(format!("has version {}, got a delta from {from:?}", self.version).into());
                }
            } else {
                head.matches(document.as_bytes())?;
            }
            self.version = head.version;
            return Ok(Seen { client, version: head.version, at: Instant::now(), bytes });
        }
    }

    async fn next(&mut self) -> Fails<Message> {
        loop {
            if let Some(end) = find(&self.text, b"\n\n") {
                let rest = self.text.split_off(end + 2);
                let text = String::from_utf8(std::mem::replace(&mut self.text, rest))?;
                let field = |line: &str, name: &str| line.strip_prefix(name).map(str::to_owned);
                return Ok(Message {
                    event: text.lines().find_map(|line| field(line, "event: ")).unwrap_or_default(),
                    data: text.lines().filter_map(|line| field(line, "data: ")).collect(),
                });
            }
            self.read().await?;
            self.unframe()?;
        }
    }

    async fn read(&mut self) -> Fails<()> {
        // Only when there is something: who waits has no buffer.
        self.socket.readable().await?;
        let before = self.raw.len();
        self.raw.reserve(PIECE);
        if self.socket.read_buf(&mut self.raw).await? == 0 {
            return Err("the stream ended".into());
        }
        self.bytes += self.raw.len() - before;
        Ok(())
    }

    /// Takes the chunks that are whole out of their frames.
    fn unframe(&mut self) -> Fails<()> {
        while let Some(end) = find(&self.raw, b"\r\n") {
            let size = std::str::from_utf8(self.raw.get(..end).unwrap_or_default())?;
            let size = usize::from_str_radix(size, 16)?;
            let Some(chunk) = self.raw.get(end + 2..end + 2 + size) else { return Ok(()) };
            if self.raw.len() < end + size + 4 {
                return Ok(());
            }
            self.text.extend_from_slice(chunk);
            self.raw.drain(..end + size + 4);
        }
        Ok(())
    }
}

/// Where a client reports, on a connection that is kept.
pub(crate) struct Reports {
    socket: TcpStream,
    server: Connection,
    answer: Vec<u8>,
}

impl Reports {
    pub(crate) async fn open(server: &Connection) -> Fails<Self> {
        Ok(Self { socket: connect(server).await?, server: server.clone(), answer: Vec::new() })
    }

    /// Reports that an instance serves a version, and waits for the answer.
    pub(crate) async fn send(&mut self, instance: &str, version: u64) -> Fails<()> {
        let body = json!({
            "instance": instance,
            "sdk": {"name": "rust", "version": "simulated"},
            "process": {"environment": self.server.environment, "region": "eu-central-1", "service": "shop"},
            "schema_version": 1, "interval_s": 10, "source": "stream", "version": version, "lag_ms": 0, "stale": false,
        })
        .to_string();
        let headers = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        let request = request(&self.server, "POST", "/sdk/v1/report", &headers) + &body;
        self.socket.write_all(request.as_bytes()).await?;
        self.answer.clear();
        // The answer is JSON, an object without others at its end.
        while !(self.answer.ends_with(b"}") || self.answer.ends_with(b"}\r\n0\r\n\r\n")) {
            if self.socket.read_buf(&mut self.answer).await? == 0 {
                return Err("the report was not answered".into());
            }
        }
        if !self.answer.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(&self.answer).into());
        }
        Ok(())
    }
}

/// Polls for a time, one request after the other; how many were answered with 304.
pub(crate) async fn poll(server: &Connection, etag: &str, span: Duration) -> Fails<u32> {
    let mut socket = connect(server).await?;
    let request = request(server, "GET", "/sdk/v1/snapshot", &format!("if-none-match: {etag}\r\n"));
    let (until, mut count, mut answer) = (Instant::now() + span, 0, Vec::with_capacity(4_096));
    while Instant::now() < until {
        socket.write_all(request.as_bytes()).await?;
        answer.clear();
        while !answer.ends_with(b"\r\n\r\n") {
            if socket.read_buf(&mut answer).await? == 0 {
                return Err("the connection ended".into());
            }
        }
        if !answer.starts_with(b"HTTP/1.1 304") {
            return Err(String::from_utf8_lossy(&answer).into());
        }
        count += 1;
    }
    Ok(count)
}

/// The entity tag of the snapshot, and how many bytes that has.
pub(crate) async fn tag(server: &Connection) -> Fails<(String, usize)> {
    let mut socket = connect(server).await?;
    socket.write_all(request(server, "HEAD", "/sdk/v1/snapshot", "connection: close\r\n").as_bytes()).await?;
    let mut head = String::new();
    socket.read_to_string(&mut head).await?;
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let tag = field("etag:").ok_or_else(|| format!("expected an entity tag, found {head}"))?;
    Ok((tag.to_owned(), field("content-length:").ok_or("expected a length")?.parse()?))
}

async fn connect(server: &Connection) -> Fails<TcpStream> {
    let socket = TcpStream::connect(server.url.trim_start_matches("http://")).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

fn request(server: &Connection, method: &str, path: &str, headers: &str) -> String {
    let key = server.sdk_key.as_ref().map(SdkKey::secret).unwrap_or_default();
    format!("{method} {path} HTTP/1.1\r\nhost: tidegate\r\nauthorization: Bearer {key}\r\n{headers}\r\n")
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}
