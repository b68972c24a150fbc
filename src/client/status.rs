//! What a client knows of itself.

use std::time::Duration;

use crate::error::Error;
use crate::wire::Source;

/// The state of a client at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Where what is served came from.
    pub source: Source,
    /// The version that is served; 0: none.
    pub version: u64,
    /// How long ago the newest proof came that nothing newer was kept back: a head with a later time than all before.
    /// None: none came yet, or a file is watched.
    pub age: Option<Duration>,
    /// Whether there was no such proof for too long (90 s unless set otherwise).
    pub stale: bool,
    /// Whether there is a connection, and of which kind.
    pub connected: Connected,
    /// What went wrong last, whether or not it was overcome.
    pub last_error: Option<Error>,
    /// How long ago that was.
    pub last_error_age: Option<Duration>,
    /// The id of this run of this client, random; fleet views name it.
    pub instance: String,
    /// Whether its thread runs.
    pub life: Life,
}

/// Whether a client has a connection.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Connected {
    /// None: it could not be made, was not made yet, or is not needed (a file).
    #[default]
    No,
    /// The last poll succeeded.
    Poll,
    /// A stream is open.
    Stream,
}

impl Connected {
    /// As it is written: `no`, `poll`, `stream`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Poll => "poll",
            Self::Stream => "stream",
        }
    }
}

/// Whether the thread of a client runs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Life {
    /// It was closed; what it served is served on.
    Closed,
    /// This process was forked off the one that started it: nothing is received until
    /// [`Client::resume`](super::Client::resume).
    Forked,
    /// It runs.
    Running,
}

impl Life {
    /// As it is written: `closed`, `forked`, `running`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Forked => "forked",
            Self::Running => "running",
        }
    }
}
