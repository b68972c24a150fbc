//! Follows the upstream of one environment, and publishes what it verified.
//!
//! ```text
//!   stream ─▶ keys │ snapshot │ delta │ head ─▶ Held (verifies) ─▶ Hub ─▶ streams of this relay
//!     └─ says nothing ─▶ poll once ─▶ wait (backoff, jitter) ─▶ stream …   └─▶ Cache (the newest, off this task)
//! ```
//! Where streams never come through, polls keep it current. Nothing is signed here: heads are renewed when the
//! upstream renews them, so that when it is gone, the clients below see that what they have grows stale, and go on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tidegate::Error;
use tidegate::model::Key;
use tidegate::wire::Token;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::cache::Cache;
use super::endorsed::Endorsed;
use super::held::{Held, New, Step};
use super::sse::Event;
use super::upstream::{Failure, Stream, Upstream};
use crate::hub::Hub;
use crate::publication::Publication;

/// The first wait before it is tried again, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Between two writes of a document: a disk shall not be kept busy by one that changes all the time.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// A stream that held so long was a good one: the next wait is a short one again.
const GOOD_STREAM: Duration = Duration::from_secs(20);

/// What a relay follows in one environment.
pub(super) struct Follower {
    pub(super) environment: Key,
    pub(super) upstream: Upstream,
    pub(super) hub: Arc<Hub>,
    pub(super) endorsed: Arc<Endorsed>,
    pub(super) status: watch::Sender<Status>,
    /// Moved to a blocking thread while something is verified.
    held: Option<Held>,
    etag: Option<String>,
    /// What is to be stored; none: nothing is.
    newest: Option<watch::Sender<Option<(Token, Bytes)>>>,
}

/// How it stands with one environment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Status {
    /// The version that is served; none: nothing came, and nothing was stored.
    pub version: Option<u64>,
    /// Whether the stream of the upstream is open.
    pub connected: bool,
    /// What went wrong last, if nothing went well since.
    pub problem: Option<String>,
}

/// What went wrong; for people.
#[derive(Debug)]
enum Trouble {
    Upstream(Failure),
    /// It was sent, and is not what was signed.
    Refused(Error),
    Unfit(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Upstream(failure) => write!(f, "{failure}"),
            Self::Refused(error) => write!(f, "what the upstream sent was refused: {error}"),
            Self::Unfit(why) => f.write_str(why),
        }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Upstream(failure)
    }
}

impl Follower {
    pub(super) fn new(
        held: Held,
        environment: Key,
        upstream: Upstream,
        (hub, endorsed): (Arc<Hub>, Arc<Endorsed>),
        cache: Option<Arc<Cache>>,
    ) -> Self {
        let newest = cache.map(|cache| {
            let (newest, receiver) = watch::channel(None);
            tokio::spawn(store(cache, Key::clone(&environment), receiver));
            newest
        });
        let status = watch::Sender::new(Status::default());
        Self { environment, upstream, hub, endorsed, status, held: Some(held), etag: None, newest }
    }

    /// Publishes what an earlier run stored, if it is what was signed.
    pub(super) async fn restore(&mut self, cache: &Arc<Cache>) {
        let (cache, environment) = (Arc::clone(cache), Key::clone(&self.environment));
        let stored = spawn_blocking(move || cache.snapshot(&environment)).await.ok().flatten();
        let Some((token, document)) = stored else { return };
        // It need not be stored again.
        let newest = self.newest.take();
        let restored = match self.take(move |held| held.snapshot(&token, document)).await {
            Ok(step) => self.step(step).await,
            Err(trouble) => Err(trouble),
        };
        self.newest = newest;
        match restored {
            Ok(()) => {
                tracing::info!(
                    environment = &*self.environment,
                    version = self.version(),
                    "serving what was stored"
                );
            }
            Err(trouble) => {
                let why = match trouble {
                    Trouble::Refused(error) => error.to_string(),
                    other => other.to_string(),
                };
                tracing::warn!(environment = &*self.environment, why, "what was stored is not used");
                self.status.send_modify(|status| status.problem = Some(why));
            }
        }
    }

    /// Follows, until the task is aborted.
    pub(super) async fn run(mut self) {
        let mut wait = FIRST_WAIT;
        loop {
            let started = Instant::now();
            let mut has_spoken = false;
            match self.stream(&mut has_spoken).await {
                Ok(()) => tracing::debug!(environment = &*self.environment, "the stream has ended"),
                Err(trouble) => self.trouble(&trouble),
            }
            self.status.send_if_modified(|status| std::mem::take(&mut status.connected));
            if started.elapsed() >= GOOD_STREAM {
                wait = FIRST_WAIT;
            }
            // Of a stream that spoke, the next one brings what is missing; one that does not may be held back on the way.
            if !has_spoken && let Err(trouble) = self.poll().await {
                self.trouble(&trouble);
            }
            // Each waits another time, so that many relays do not come again at once.
            sleep(wait.mul_f64(0.5 + fastrand::f64() * 0.5)).await;
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    }

    async fn stream(&mut self, has_spoken: &mut bool) -> Result<(), Trouble> {
        let mut stream: Stream = self.upstream.stream(self.version()).await?;
        self.status.send_modify(|status| status.connected = true);
        while let Some(event) = stream.next().await? {
            *has_spoken = true;
            self.event(event).await?;
        }
        Ok(())
    }

    async fn event(&mut self, event: Event) -> Result<(), Trouble> {
        let bad = |what: &str| Trouble::Unfit(format!("an event of type `{what}` cannot be read"));
        let step = match &*event.name {
            "keys" => {
                let list: Vec<String> = serde_json::from_slice(&event.data).map_err(|_| bad("keys"))?;
                self.trust(list).await?;
                return Ok(());
            }
            "head" => {
                let token = event.text().ok_or_else(|| bad("head"))?.to_owned();
                self.take(move |held| held.renew(&token)).await?
            }
            "snapshot" => {
                let (token, document) = event.lines().ok_or_else(|| bad("snapshot"))?;
                self.take(move |held| held.snapshot(&token, document.into())).await?
            }
            "delta" => {
                let (token, delta) = event.lines().ok_or_else(|| bad("delta"))?;
                match self.take(move |held| held.delta(&token, delta.into())).await {
                    Ok(step) => step,
                    // A server that writes documents otherwise than this relay: the whole comes by itself.
                    Err(trouble) => {
                        self.trouble(&trouble);
                        Step::Behind
                    }
                }
            }
            // Of a newer server.
            _ => return Ok(()),
        };
        self.step(step).await
    }

    async fn step(&mut self, step: Step) -> Result<(), Trouble> {
        match step {
            Step::New(new) => {
                let (document, is_whole) = (new.document.clone(), new.is_whole);
                self.publish(new)?;
                if is_whole {
                    // After it was published: the next delta finds it so.
                    self.take(move |held| {
                        held.take_apart(&document);
                        Ok(Step::Known)
                    })
                    .await?;
                }
                Ok(())
            }
            Step::Renewed(head, token) => {
                self.hub.renew(&head, token);
                self.well();
                Ok(())
            }
            Step::Known => {
                self.well();
                Ok(())
            }
            Step::Other(version) => {
                let held = self.version().unwrap_or_default();
                Err(Trouble::Unfit(format!(
                    "expected version {held} or a newer one from the upstream, found another document, of version {version}"
                )))
            }
            Step::Behind => self.poll().await,
        }
    }

    /// Asks for the whole, if it is another one than what is held.
    async fn poll(&mut self) -> Result<(), Trouble> {
        let keys = self.upstream.keys().await?;
        self.trust(keys).await?;
        let whole = self.upstream.snapshot(self.etag.as_deref()).await?;
        let (token, document) = (whole.token, whole.document);
        let step = match document {
            Some(document) => self.take(move |held| held.snapshot(&token, document)).await?,
            None => self.take(move |held| held.renew(&token)).await?,
        };
        match step {
            // Said to be the same, and is not: the next time, all of it.
            Step::Behind => {
                self.etag = None;
                Ok(())
            }
            step => {
                // Boxed by the compiler's wish: `step` may poll, though never from here.
                Box::pin(self.step(step)).await
            }
        }
    }

    async fn trust(&mut self, list: Vec<String>) -> Result<(), Trouble> {
        let for_held = list.clone();
        self.take(move |held| {
            held.trust(&for_held);
            Ok(Step::Known)
        })
        .await?;
        self.endorsed.set(&self.environment, list).await;
        Ok(())
    }

    /// Has what is held do something that takes long: signatures, hashes, documents of megabytes.
    async fn take(
        &mut self,
        f: impl FnOnce(&mut Held) -> Result<Step, Error> + Send + 'static,
    ) -> Result<Step, Trouble> {
        let Some(mut held) = self.held.take() else {
            return Err(Trouble::Unfit("what was held is lost".to_owned()));
        };
        let done = spawn_blocking(move || {
            // What is held changes last of all, so after a panic it is what it was.
            let step = catch_unwind(AssertUnwindSafe(|| f(&mut held)));
            (held, step)
        });
        let (held, step) = done.await.map_err(|error| Trouble::Unfit(error.to_string()))?;
        self.held = Some(held);
        let step =
            step.map_err(|_| Trouble::Unfit("what the upstream sent made the relay fail".to_owned()))?;
        step.map_err(Trouble::Refused)
    }

    fn publish(&mut self, new: New) -> Result<(), Trouble> {
        let New { head, token, document, deltas, .. } = new;
        self.etag = Some(format!("\"{}\"", head.sha256));
        let version = head.version;
        if let Some(newest) = &self.newest {
            newest.send_replace(Some((token.clone(), document.clone())));
        }
        let publication = Publication::new(head, token, document, Some(deltas));
        let publication = publication.map_err(|unfit| Trouble::Unfit(unfit.to_string()))?;
        self.hub.publish(publication);
        self.status.send_modify(|status| status.version = Some(version));
        self.well();
        Ok(())
    }

    fn version(&self) -> Option<u64> {
        self.held.as_ref().and_then(Held::version)
    }

    fn well(&self) {
        self.status.send_if_modified(|status| status.problem.take().is_some());
    }

    fn trouble(&self, trouble: &Trouble) {
        let text = trouble.to_string();
        let is_new =
            self.status.send_if_modified(|status| status.problem.replace(text.clone()) != Some(text.clone()));
        if is_new {
            tracing::warn!(
                environment = &*self.environment,
                upstream = &**self.upstream.url(),
                why = text,
                "trouble with the upstream; what was verified last is served on"
            );
        }
    }
}

/// Stores the newest, one at a time and not in the way. That a head was renewed is not stored: it would be old when it is read.
async fn store(cache: Arc<Cache>, environment: Key, mut newest: watch::Receiver<Option<(Token, Bytes)>>) {
    while newest.changed().await.is_ok() {
        let Some((token, document)) = newest.borrow_and_update().clone() else { continue };
        let (cache, environment) = (Arc::clone(&cache), Key::clone(&environment));
        let _ = spawn_blocking(move || cache.store_snapshot(&environment, token.as_str(), &document)).await;
        sleep(STORE_PAUSE).await;
    }
}
