//! What a server is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// What a server is started with; [`Config::default`] is safe: loopback, one SQLite file in the current directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The database: `sqlite:<file>` or `postgres://…`.
    pub store: String,
    /// The key file; absent: next to the SQLite file, `<file>.key`, or `tidegate.key` in the current directory.
    pub key_file: Option<PathBuf>,
    /// The Prometheus server of guards that name none.
    pub prometheus: Option<String>,
    /// Where SDKs reach the server, for connection strings: `https://flags.example`; absent: who makes a key says so.
    pub public_url: Option<String>,
    /// Whether snapshots go out unsigned: for trials, and networks that are trusted.
    pub unsigned: bool,
    /// The limits.
    pub limits: Limits,
    /// How long requests may go on after the server was told to stop.
    pub grace: Duration,
}

/// What is held back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// How long a request may take.
    pub request: Duration,
    /// Requests of a principal.
    pub principal: Rate,
    /// Requests without a valid token from an address (of IPv6: from a /64).
    pub stranger: Rate,
    /// Streams of events, in all.
    pub streams: usize,
    /// How often a stream that has nothing to say says so; of snapshots, how often their heads are signed anew.
    pub heartbeat: Duration,
    /// Of snapshots and reports of SDKs.
    pub delivery: tidegate_delivery::Limits,
}

/// So many requests a second, and at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// A second, in the long run.
    pub per_second: NonZeroU32,
    /// At once.
    pub burst: NonZeroU32,
}

impl Rate {
    /// A rate; 0 counts as 1.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let some = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self { per_second: some(per_second), burst: some(burst) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 8 << 20,
            request: Duration::from_secs(30),
            principal: Rate::new(2_000, 4_000),
            stranger: Rate::new(5, 50),
            streams: 256,
            heartbeat: tidegate_delivery::HEARTBEAT,
            delivery: tidegate_delivery::Limits::default(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            store: "sqlite:tidegate.db".to_owned(),
            key_file: None,
            prometheus: None,
            public_url: None,
            unsigned: false,
            limits: Limits::default(),
            grace: Duration::from_secs(10),
        }
    }
}

impl Config {
    /// Where the key file is.
    #[must_use]
    pub fn key_path(&self) -> PathBuf {
        if let Some(path) = &self.key_file {
            return path.clone();
        }
        let file = self.store.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//"));
        match file.and_then(|file| file.split('?').next()) {
            Some(file) if !file.is_empty() && file != ":memory:" => PathBuf::from(format!("{file}.key")),
            _ => PathBuf::from("tidegate.key"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_file_lies_next_to_the_database() {
        let at = |store: &str| Config { store: store.to_owned(), ..Config::default() }.key_path();
        assert_eq!(at("sqlite:///var/lib/t.db"), PathBuf::from("/var/lib/t.db.key"));
        assert_eq!(at("sqlite://t.db?mode=rwc"), PathBuf::from("t.db.key"));
        assert_eq!(at("postgres://u:p@h/d"), PathBuf::from("tidegate.key"));
    }
}
