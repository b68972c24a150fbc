//! `GET /api/v1/events`: what happened, as it happens (server-sent events).
//!
//! ```text
//!   subscribe ─▶ read the log after Last-Event-ID, to its end ─▶ then live, from the first event that the log did not have
//! ```
//! Subscribing first means that nothing falls between. A consumer that is too slow loses its place in the channel; its stream ends,
//! and it comes again with the id of the last event that it has. So nothing is kept for it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::{self, error::RecvError};
use utoipa::IntoParams;

use super::app::App;
use super::view::Ask;
use crate::domain::event::AuditEvent;
use crate::domain::{Code, Problem};
use crate::store::{Entry, LogFilter};

/// Events that are read from the log at once.
const CHUNK: u32 = 256;

/// Which events are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only events about this release.
    release: Option<String>,
    /// Only events about this feature.
    feature: Option<String>,
    /// Begin after this event; the header `Last-Event-ID` counts more. Absent: only what happens from now on.
    after: Option<u64>,
}

/// A stream at work.
struct Follower {
    app: App,
    wanted: Wanted,
    /// The last event that was told or passed over.
    last: u64,
    live: broadcast::Receiver<Arc<AuditEvent>>,
    caught_up: bool,
    _permit: OwnedSemaphorePermit,
}

/// Answers with the stream.
pub(crate) async fn follow(ask: Ask, wanted: Wanted, headers: HeaderMap) -> Result<Response, Problem> {
    let app = ask.app;
    let permit = Arc::clone(&app.streams).try_acquire_owned().map_err(|_| {
        Problem::new(Code::RateLimited, "expected fewer streams of events").with("retry_after_s", 5)
    })?;
    let live = app.writer.events();
    let last = match headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default().trim()) {
        Some(id) if !id.is_empty() => Some(id.parse().map_err(|_| {
            Problem::new(Code::BadRequest, "expected `Last-Event-ID` to be the number of an event")
        })?),
        _ => wanted.after,
    };
    let head = app.writer.world().seq;
    let last = last.unwrap_or(head);
    if last > head {
        let detail = format!("expected at most event {head}, the last of the log, found {last}");
        return Err(Problem::new(Code::BadRequest, detail));
    }
    let (stop, heartbeat) = (app.stop.clone(), app.limits.heartbeat);
    let follower = Follower { app, wanted, last, live, caught_up: false, _permit: permit };
    let events = stream::once(async { Ok(Event::default().comment("tidegate")) }).chain(events(follower));
    let events = events.take_until(stop.cancelled_owned());
    let alive = KeepAlive::new().interval(heartbeat).text("");
    let mut response = Sse::new(events).keep_alive(alive).into_response();
    // Proxies shall not hold events back.
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}

fn events(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(follower, |mut follower| async move {
        let batch = follower.next().await?;
        Some((stream::iter(batch), follower))
    })
    .flatten()
    .map(Ok)
}

impl Follower {
    /// The next events; none at the end of the stream.
    async fn next(&mut self) -> Option<Vec<Event>> {
        loop {
            let events = if self.caught_up { self.wait().await? } else { self.catch_up().await? };
            let mut told = Vec::new();
            for event in events {
                self.last = event.seq;
                if self.wanted.wants(&event) {
                    told.extend(written(&event));
                }
            }
            if !told.is_empty() {
                return Some(told);
            }
        }
    }

    /// Events that the log has.
    async fn catch_up(&mut self) -> Option<Vec<Arc<AuditEvent>>> {
        let filter = LogFilter { after: Some(self.last), limit: CHUNK, ..LogFilter::default() };
        let read = self.app.store.log(&filter).await;
        let events = read.and_then(|entries| entries.iter().map(Entry::event).collect::<Result<Vec<_>, _>>());
        match events {
            Ok(events) => {
                self.caught_up = events.len() < CHUNK as usize;
                Some(events.into_iter().map(Arc::new).collect())
            }
            Err(error) => {
                tracing::warn!(%error, "a stream of events ends: the log cannot be read");
                None
            }
        }
    }

    /// An event that happens.
    async fn wait(&mut self) -> Option<Vec<Arc<AuditEvent>>> {
        match self.live.recv().await {
            Ok(event) if event.seq <= self.last => Some(Vec::new()),
            // Another server's event may be missing in between: the log has it.
            Ok(event) if event.seq > self.last + 1 => {
                self.caught_up = false;
                Some(Vec::new())
            }
            Ok(event) => Some(vec![event]),
            Err(RecvError::Lagged(_) | RecvError::Closed) => None,
        }
    }
}

impl Wanted {
    fn wants(&self, event: &AuditEvent) -> bool {
        let release = self.release.as_deref().is_none_or(|release| {
            event.facts.iter().any(|fact| fact.release.as_deref() == Some(release))
                || &*event.subject.key == release
                || event.changes.iter().any(|change| &*change.key == release)
        });
        let feature = self.feature.as_deref().is_none_or(|feature| {
            event.facts.iter().any(|fact| fact.features.iter().any(|key| &**key == feature))
                || &*event.subject.key == feature
        });
        release && feature
    }
}

/// An event without what was before and after, which may be large.
pub(crate) fn brief(event: &AuditEvent) -> Json {
    let changes: Vec<Json> = event
        .changes
        .iter()
        .map(|change| json!({ "kind": change.kind, "key": change.key, "revision": change.revision }))
        .collect();
    let mut brief = json!(AuditEvent { changes: Vec::new(), ..event.clone() });
    if let Some(fields) = brief.as_object_mut() {
        fields.insert("changes".to_owned(), Json::Array(changes));
    }
    brief
}

fn written(event: &AuditEvent) -> Option<Event> {
    // JSON has no line breaks outside strings and escapes them inside, so that the data is one line.
    let data = brief(event).to_string();
    Some(Event::default().id(event.seq.to_string()).event(event.action.clone()).data(data))
}
