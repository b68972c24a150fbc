//! Events of a stream (server-sent events), written once for all who get them, as text and compressed.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use flate2::Crc;
use tokio::sync::OnceCell;

use crate::gzip::{self, Deflated};

/// The level for events: most are small, and somebody waits for them.
const LEVEL: u32 = 3;
/// Above this, an event is not compressed on an async thread.
const INLINE_BYTES: usize = 32_768;

/// How a stream is coded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Coding {
    Gzip,
    Plain,
}

/// A piece of a stream.
#[derive(Debug, Default)]
pub(crate) struct Event {
    plain: Bytes,
    deflated: OnceCell<Arc<Deflated>>,
}

/// A piece of a stream, coded.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Deflated(Arc<Deflated>),
    Plain(Bytes),
}

/// Puts pieces together, in the order in which they are sent.
#[derive(Debug)]
pub(crate) enum Output {
    /// The sum of all text so far; none before the first.
    Gzip(Option<Crc>),
    Plain,
}

/// What keeps a connection alive that has nothing to tell.
pub(crate) static COMMENT: LazyLock<Event> = LazyLock::new(|| Event::new(":\n\n"));
/// Ends an event whose last line was a document.
pub(crate) static END: LazyLock<Event> = LazyLock::new(|| Event::new("\n\n"));

impl Event {
    pub(crate) fn new(text: impl Into<Bytes>) -> Self {
        Self { plain: text.into(), deflated: OnceCell::new() }
    }

    /// As it is sent; compressed at the first call.
    pub(crate) async fn coded(&self, coding: Coding) -> Piece {
        if coding == Coding::Plain {
            return Piece::Plain(self.plain.clone());
        }
        let made = self.deflated.get_or_init(|| deflated(self.plain.clone(), LEVEL));
        Piece::Deflated(Arc::clone(made.await))
    }
}

/// Compresses a text, elsewhere if that takes time.
pub(crate) async fn deflated(text: Bytes, level: u32) -> Arc<Deflated> {
    // Writing to memory does not fail, and only a runtime that ends takes no task; then nothing is sent any more. If it did
    // happen, an event would be missing, and the next delta would tell the client so.
    let is_small = text.len() <= INLINE_BYTES;
    let made = move || Deflated::new(&text, level).unwrap_or_default();
    if is_small {
        return Arc::new(made());
    }
    Arc::new(tokio::task::spawn_blocking(made).await.unwrap_or_default())
}

impl Output {
    pub(crate) fn new(coding: Coding) -> Self {
        match coding {
            Coding::Gzip => Self::Gzip(None),
            Coding::Plain => Self::Plain,
        }
    }

    /// The bytes of the pieces.
    pub(crate) fn put(&mut self, pieces: Vec<Piece>) -> Vec<Bytes> {
        let mut out = Vec::with_capacity(pieces.len().saturating_add(1));
        for piece in pieces {
            match (piece, &mut *self) {
                (Piece::Plain(bytes), _) => out.push(bytes),
                (Piece::Deflated(deflated), Self::Gzip(sum)) => {
                    let crc = sum.get_or_insert_with(|| {
                        out.push(Bytes::from_static(&gzip::HEADER));
                        Crc::new()
                    });
                    crc.combine(deflated.crc());
                    out.push(deflated.blocks());
                }
                (Piece::Deflated(_), Self::Plain) => {}
            }
        }
        out
    }

    /// The end of the stream.
    pub(crate) fn end(self) -> Option<Bytes> {
        match self {
            Self::Gzip(Some(crc)) => Some(Bytes::copy_from_slice(&gzip::end(&crc))),
            Self::Gzip(None) | Self::Plain => None,
        }
    }
}

/// After how long the client comes again when the stream has ended.
pub(crate) fn retry(ms: u64) -> Event {
    Event::new(format!("retry: {ms}\n\n"))
}

/// A renewed head.
pub(crate) fn head(token: &str) -> Event {
    Event::new(format!("event: head\ndata: {token}\n\n"))
}

/// The endorsements of signing keys, a JSON list.
pub(crate) fn keys(list: &str) -> Event {
    Event::new(format!("event: keys\ndata: {list}\n\n"))
}

/// The beginning of a whole snapshot: the document and [`END`] follow.
pub(crate) fn snapshot(version: u64, token: &str) -> Event {
    Event::new(format!("event: snapshot\nid: {version}\ndata: {token}\ndata: "))
}

/// A delta, as text.
pub(crate) fn delta(out: &mut Vec<u8>, version: u64, token: &str, document: &[u8]) {
    let mut opening = String::new();
    // Writing to a string does not fail.
    let _ = write!(opening, "event: delta\nid: {version}\ndata: {token}\ndata: ");
    out.reserve(opening.len().saturating_add(document.len()).saturating_add(2));
    out.extend_from_slice(opening.as_bytes());
    out.extend_from_slice(document);
    out.extend_from_slice(b"\n\n");
}

/// Whether a text can be a line of an event, and come out the same.
pub(crate) fn is_line(text: &[u8]) -> bool {
    !text.iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}
