//! The server's process, and clients of it that do as little as they can.

use std::process::Stdio;
use std::time::Instant;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::Fails;
use crate::server::SDK_KEY;

/// The server; it ends with its standard input.
pub(crate) struct Process {
    address: String,
    id: u32,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Process {
    pub(crate) async fn start() -> Fails<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("server").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let input = child.stdin.take().ok_or("no standard input")?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
        let address = output.next_line().await?.ok_or("the server did not start")?;
        let id = child.id().ok_or("the server ended")?;
        Ok(Self { address, id, input, output, _child: child })
    }

    /// Changes one gate: when that was begun, and when it was published.
    pub(crate) async fn publish(&mut self) -> Fails<(u128, u128)> {
        self.tell("publish").await
    }

    pub(crate) async fn beat(&mut self) -> Fails<()> {
        self.tell("beat").await.map(drop)
    }

    async fn tell(&mut self, what: &str) -> Fails<(u128, u128)> {
        self.input.write_all(format!("{what}\n").as_bytes()).await?;
        let answer = self.output.next_line().await?.ok_or("the server ended")?;
        let (began, done) = answer.split_once(' ').ok_or("no times")?;
        Ok((began.parse()?, done.parse()?))
    }

    async fn connect(&self) -> Fails<TcpStream> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    pub(crate) async fn etag(&self) -> Fails<String> {
        let head = self.head().await?;
        let etag = head.lines().find_map(|line| line.strip_prefix("etag: ")).ok_or("no etag")?;
        Ok(etag.to_owned())
    }

    pub(crate) async fn document_bytes(&self) -> Fails<usize> {
        let head = self.head().await?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        Ok(length.ok_or("no length")?.parse()?)
    }

    async fn head(&self) -> Fails<String> {
        let mut stream = self.connect().await?;
        stream.write_all(request("HEAD /sdk/v1/snapshot", "connection: close\r\n").as_bytes()).await?;
        let mut head = String::new();
        stream.read_to_string(&mut head).await?;
        Ok(head)
    }

    /// Resident memory.
    pub(crate) fn memory_mb(&self) -> Fails<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kb: f64 = line.split_whitespace().next().ok_or("no number")?.parse()?;
        Ok(kb / 1_024.0)
    }

    /// Seconds of CPU so far.
    pub(crate) fn cpu_s(&self) -> Fails<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        // After the name, which may contain spaces: the state is the first; utime and stime the 12th and 13th, in hundredths.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        Ok((ticks(11) + ticks(12)) / 100.0)
    }
}

fn request(line: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: tidegate\r\nauthorization: Bearer {SDK_KEY}\r\n{headers}\r\n")
}

/// Polls one request at a time; how many were answered by 304.
pub(crate) async fn poll(server: &Process, etag: &str, until: Instant) -> Fails<u32> {
    let mut stream = server.connect().await?;
    let request = request("GET /sdk/v1/snapshot", &format!("if-none-match: {etag}\r\n"));
    let (mut count, mut buffer) = (0, Vec::with_capacity(4_096));
    while Instant::now() < until {
        stream.write_all(request.as_bytes()).await?;
        buffer.clear();
        while !buffer.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Err("the connection ended".into());
            }
        }
        if !buffer.starts_with(b"HTTP/1.1 304") {
            return Err(String::from_utf8_lossy(&buffer).into());
        }
        count += 1;
    }
    Ok(count)
}

/// A stream that is read.
pub(crate) struct Follower {
    stream: TcpStream,
}

impl Follower {
    /// Opens a stream and takes its first events.
    pub(crate) async fn start(server: &Process, last: Option<u64>, coding: &str) -> Fails<Self> {
        let mut stream = server.connect().await?;
        let last = last.map(|last| format!("last-event-id: {last}\r\n")).unwrap_or_default();
        let headers = format!("{last}accept-encoding: {coding}\r\n");
        stream.write_all(request("GET /sdk/v1/stream", &headers).as_bytes()).await?;
        let mut this = Self { stream };
        let mut head = this.chunk().await?;
        // The head of the answer and the first events may come apart.
        while !head.starts_with(b"HTTP/1.1 200") || head.len() < 500 {
            head.extend(this.chunk().await?);
        }
        Ok(this)
    }

    /// Waits for what comes next; its bytes, with the framing of HTTP. What is written at once and is small is read at once.
    pub(crate) async fn event(&mut self) -> Fails<usize> {
        Ok(self.chunk().await?.len())
    }

    async fn chunk(&mut self) -> Fails<Vec<u8>> {
        // Read when there is something: thousands of followers have no buffers.
        self.stream.readable().await?;
        let mut buffer = vec![0; 65_536];
        let read = self.stream.read(&mut buffer).await?;
        if read == 0 {
            return Err("the stream ended".into());
        }
        buffer.truncate(read);
        Ok(buffer)
    }
}
