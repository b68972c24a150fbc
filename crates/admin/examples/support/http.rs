//! Just enough HTTP/1.1 to measure a server from the same machine: one connection, kept alive, blocking; little work of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::Value as Json;

/// A connection, and who speaks.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    token: String,
    out: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// Connects to `http://host:port`.
    pub(crate) fn open(url: &str, token: &str) -> io::Result<Self> {
        let host = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(resolve(&host)?)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            host,
            token: token.to_owned(),
            out: Vec::new(),
        })
    }

    /// Sends a request and reads the answer.
    pub(crate) fn send(&mut self, method: &str, path: &str, body: Option<&Json>) -> io::Result<Answer> {
        let body = body.map(ToString::to_string).unwrap_or_default();
        self.out.clear();
        write!(
            self.out,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            self.token,
            body.len(),
        )?;
        self.stream.get_mut().write_all(&self.out)?;
        self.read()
    }

    fn read(&mut self) -> io::Result<Answer> {
        let mut line = String::new();
        self.line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| bad("a status line", &line))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            self.line(&mut line)?;
            let header = line.to_ascii_lowercase();
            if header.is_empty() {
                break;
            } else if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| bad("a length", value))?;
            } else if let Some(value) = header.strip_prefix("transfer-encoding:") {
                chunked = value.trim() == "chunked";
            }
        }
        let mut body = Vec::new();
        if chunked {
            loop {
                self.line(&mut line)?;
                let size = usize::from_str_radix(&line, 16).map_err(|_| bad("a chunk's size", &line))?;
                self.take(size, &mut body)?;
                self.line(&mut line)?;
                if size == 0 {
                    break;
                }
            }
        } else if status != 204 && status != 304 {
            self.take(length, &mut body)?;
        }
        Ok(Answer { status, body })
    }

    fn line(&mut self, line: &mut String) -> io::Result<()> {
        line.clear();
        if self.stream.read_line(line)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
        }
        line.truncate(line.trim_end().len());
        Ok(())
    }

    fn take(&mut self, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
        let from = body.len();
        body.resize(from + length, 0);
        self.stream.read_exact(body.get_mut(from..).unwrap_or_default())
    }
}

impl Answer {
    /// The body as JSON; null if it is not.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or(Json::Null)
    }

    /// The body of an answer that must be 2xx.
    pub(crate) fn ok(self) -> io::Result<Json> {
        if (200..300).contains(&self.status) {
            return Ok(self.json());
        }
        Err(io::Error::other(format!("{}: {}", self.status, String::from_utf8_lossy(&self.body))))
    }
}

fn resolve(host: &str) -> io::Result<SocketAddr> {
    host.to_socket_addrs()?.next().ok_or_else(|| io::Error::other(format!("`{host}` has no address")))
}

fn bad(expected: &str, found: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("expected {expected}, found `{found}`"))
}
