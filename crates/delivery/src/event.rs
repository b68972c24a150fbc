//! Events of a stream (server-sent events), written once for all who get them, as text and as gzip.
//!
//! In a stream of gzip each event is a member of its own (RFC 1952 §2.2), so that what is compressed once goes to many, and each
//! event can be read as soon as it has arrived.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::body::Bytes;
use tokio::sync::OnceCell;

use crate::encoding::member;

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
    gzip: OnceCell<Bytes>,
}

/// What keeps a connection alive that has nothing to tell.
pub(crate) static COMMENT: LazyLock<Event> = LazyLock::new(|| Event::new(":\n\n"));
/// Ends an event whose last line was a document.
pub(crate) static END: LazyLock<Event> = LazyLock::new(|| Event::new("\n\n"));

impl Event {
    pub(crate) fn new(text: impl Into<Bytes>) -> Self {
        Self { plain: text.into(), gzip: OnceCell::new() }
    }

    /// As it is sent; compressed at the first call.
    pub(crate) async fn coded(&self, coding: Coding) -> Bytes {
        if coding == Coding::Plain {
            return self.plain.clone();
        }
        let made = self.gzip.get_or_init(|| async {
            let text = self.plain.clone();
            if text.len() <= INLINE_BYTES {
                return compressed(&text);
            }
            let made = tokio::task::spawn_blocking(move || compressed(&text)).await;
            // Only a runtime that ends refuses; then nothing is sent any more.
            made.unwrap_or_default()
        });
        made.await.clone()
    }
}

/// Writing to memory does not fail; if it did, the stream would lack an event, and the client would see that at the next.
fn compressed(text: &Bytes) -> Bytes {
    member(text, LEVEL).unwrap_or_default()
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
