//! `GET /sdk/v1/stream`: what is new, as it becomes so (server-sent events).
//!
//! ```text
//!   retry ─▶ keys? ─▶ head | delta … | snapshot     at once: by what `Last-Event-ID` says that the client has
//!              └─▶ then, whenever the bell rings: keys? delta | snapshot | head | a comment
//! ```
//! A stream is a place (the version and the stamp that were sent last), no queue and no task. While its bytes are not taken the
//! connection does not ask for more, so that nothing is made for it, and what it gets next is the way from its place to what is
//! then current.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use futures_util::stream::{self, Stream, StreamExt as _};
use tidegate::model::Key;
use tokio::sync::watch;

use crate::admission::{Refused, admit, sdk_key};
use crate::encoding::{Encoding, takes_gzip};
use crate::event::{COMMENT, Coding, Output, Piece, retry};
use crate::hub::{Channel, Endorsements};
use crate::problem::Problem;
use crate::publication::Stamp;
use crate::service::{NoPlace, Place, Service};

/// A stream at work.
struct Follower {
    service: Service,
    sdk_key: Box<str>,
    environment: Key,
    coding: Coding,
    /// None at the end.
    output: Option<Output>,
    channel: Arc<Channel>,
    bell: watch::Receiver<()>,
    /// Sent first, once.
    opening: Option<u64>,
    /// The version that the client has.
    version: Option<u64>,
    /// The stamp that was sent last.
    stamp: Option<Arc<Stamp>>,
    endorsements: Option<Arc<Endorsements>>,
    beats: u64,
    checks: u64,
    retired: u64,
    _place: Place,
}

/// Answers with the stream.
pub(crate) async fn follow(State(service): State<Service>, request: Request) -> Result<Response, Problem> {
    let headers = request.headers();
    let sdk_key = sdk_key(headers)?;
    let who = admit(service.keys().as_ref(), sdk_key).await?;
    let hub = service.hub();
    if hub.closing().is_some() {
        return Err(Problem::unavailable("the server is stopping"));
    }
    let place = service.place(&who.key_id).map_err(|none| match none {
        NoPlace::Full => Problem::unavailable("expected fewer streams: all places are taken"),
        NoPlace::OfKey => {
            let most = service.shared().limits.streams_per_key;
            Problem::too_many(format!("expected at most {most} streams of the SDK key `{}`", who.key_id))
                .hint(
                    "give each service an SDK key of its own, or put a relay between; polls are served still",
                )
        }
    })?;
    let channel = hub.channel(&who.environment);
    let coding = if takes_gzip(headers) { Coding::Gzip } else { Coding::Plain };
    let follower = Follower {
        sdk_key: sdk_key.into(),
        coding,
        output: Some(Output::new(coding)),
        bell: channel.bell(),
        opening: Some(around(service.shared().limits.retry)),
        version: last_event_id(headers),
        stamp: None,
        endorsements: None,
        beats: hub.beats(),
        checks: hub.checks(),
        retired: channel.retired(),
        environment: who.environment,
        channel,
        service,
        _place: place,
    };
    let mut response = Response::new(Body::from_stream(events(follower)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // Proxies shall not hold events back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    if coding == Coding::Gzip {
        headers.insert(header::CONTENT_ENCODING, Encoding::Gzip.header());
    }
    Ok(response)
}

/// The version that the client has; what is none is as good as none: it gets the whole.
fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}

/// Milliseconds at random, from half the time to one and a half.
fn around(time: Duration) -> u64 {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    (ms / 2).saturating_add(fastrand::u64(0..=ms))
}

fn events(follower: Follower) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(follower, |mut follower| async move {
        let frames = follower.frames().await?;
        Some((stream::iter(frames), follower))
    })
    .flatten()
    .map(Ok)
}

impl Follower {
    /// What is sent next; none after the end.
    async fn frames(&mut self) -> Option<Vec<Bytes>> {
        let mut output = self.output.take()?;
        match self.next().await {
            Some(pieces) => {
                let frames = output.put(pieces);
                self.output = Some(output);
                Some(frames)
            }
            None => Some(output.end().into_iter().collect()),
        }
    }

    /// What is sent next; none at the end of the stream.
    async fn next(&mut self) -> Option<Vec<Piece>> {
        loop {
            // Before anything is looked at: who rings after that is heard.
            self.bell.borrow_and_update();
            let hub = Arc::clone(self.service.hub());
            if let Some(spread) = hub.closing() {
                let ms = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
                tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=ms))).await;
                return None;
            }
            if self.channel.retired() != self.retired {
                return None;
            }
            let (beats, checks) = (hub.beats(), hub.checks());
            let is_beat = beats != self.beats;
            if (is_beat || checks != self.checks) && !self.is_admitted().await {
                return None;
            }
            (self.beats, self.checks) = (beats, checks);
            let mut pieces = self.news().await;
            if pieces.is_empty() && is_beat {
                pieces.push(COMMENT.coded(self.coding).await);
            }
            if let Some(ms) = self.opening.take() {
                pieces.insert(0, retry(ms).coded(self.coding).await);
            }
            if !pieces.is_empty() {
                return Some(pieces);
            }
            self.bell.changed().await.ok()?;
        }
    }

    /// Whether the SDK key is still good; also if that cannot be told.
    async fn is_admitted(&self) -> bool {
        match self.service.keys().admit(&self.sdk_key).await {
            Ok(who) => who.environment == self.environment,
            Err(refused) => refused != Refused::Unknown,
        }
    }

    /// From what was sent to what is current.
    async fn news(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if let Some(publication) = self.channel.current() {
            let stamp = if self.version == Some(publication.version()) {
                let stamp = publication.stamp();
                if !self.stamp.as_ref().is_some_and(|sent| Arc::ptr_eq(sent, &stamp)) {
                    pieces.push(stamp.head.coded(self.coding).await);
                }
                stamp
            } else {
                let (news, stamp) = publication.news(self.version, self.coding).await;
                pieces = news;
                self.version = Some(publication.version());
                stamp
            };
            self.stamp = Some(stamp);
        }
        // After the tokens, and sent before them: see the invariant of the hub.
        let endorsements = self.service.hub().endorsements();
        if !self.endorsements.as_ref().is_some_and(|sent| Arc::ptr_eq(sent, &endorsements)) {
            if let Some(event) = &endorsements.event {
                pieces.insert(0, event.coded(self.coding).await);
            }
            self.endorsements = Some(endorsements);
        }
        pieces
    }
}
