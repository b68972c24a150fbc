//! Which SDK keys are good: what the upstreams say, remembered for a while.
//!
//! ```text
//!   key ─▶ known, asked lately ───────────────────────▶ the answer of then
//!        ├ known, asked long ago ─ ask (a second's patience) ─▶ good │ refused │ cannot be asked: good on
//!        └ unknown ─ ask ─▶ good │ refused │ Unavailable
//! ```
//! A revoked key is refused when its answer is old ([`Fresh::good`]) and the upstream can be asked. While it cannot, the keys
//! that were good are good on, also over a restart where there is a cache. Held are hashes of keys, not keys.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tidegate::model::Key;
use tidegate::wire::{SdkKey, Sha256};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::time::{Instant, timeout};

use super::cache::Cache;
use super::upstream::{Failure, Upstream};
use crate::admission::{Admission, Keys, Refused};
use crate::hub::Hub;

/// After how long one asks again about an unknown key.
const REFUSED_FRESH: Duration = Duration::from_secs(10);
/// After how long one asks again when the upstream could not be asked.
const RETRY: Duration = Duration::from_secs(5);
/// How long a request with a known key waits for the upstream.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most keys that are held before refused ones are let go, and the most that are held.
const MOST: usize = 50_000;
/// The most questions at a time: strangers shall not make a relay flood its upstream.
const ASKING: usize = 16;

/// For how long answers hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    pub(super) good: Duration,
    pub(super) refused: Duration,
    pub(super) retry: Duration,
}

impl Default for Fresh {
    fn default() -> Self {
        Self { good: Duration::from_secs(60), refused: REFUSED_FRESH, retry: RETRY }
    }
}

/// The keys that were asked about.
pub(super) struct RelayKeys {
    /// One per address.
    upstreams: Vec<Arc<Site>>,
    fresh: Fresh,
    entries: Mutex<HashMap<Sha256, Arc<Entry>>>,
    asking: Semaphore,
    /// That the upstream cannot be asked was told.
    is_failing: AtomicBool,
    cache: Option<Arc<Cache>>,
    hub: Arc<Hub>,
}

/// An upstream, and the environments that are followed there.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) upstream: Upstream,
    pub(super) environments: Vec<Key>,
}

/// Adds an environment to the site where it is followed.
pub(super) fn add(sites: &mut Vec<Site>, upstream: Upstream, environment: Key) {
    match sites.iter_mut().find(|site| site.upstream.url() == upstream.url()) {
        Some(site) => site.environments.push(environment),
        None => sites.push(Site { upstream, environments: vec![environment] }),
    }
}

#[derive(Debug, Default)]
struct Entry {
    known: Mutex<Known>,
    /// Held by who asks.
    refresh: AsyncMutex<()>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    verdict: Option<Result<Admission, Refused>>,
    /// Until when one need not ask.
    until: Option<Instant>,
}

/// A key that was good, as it is stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Stored {
    pub(super) sha256: Sha256,
    #[serde(flatten)]
    pub(super) admission: Admission,
}

impl std::fmt::Debug for RelayKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayKeys").field("upstreams", &self.upstreams).finish_non_exhaustive()
    }
}

impl RelayKeys {
    /// Knows those that were stored, and has to ask about each before long.
    pub(super) fn new(sites: Vec<Site>, fresh: Fresh, hub: Arc<Hub>, cache: Option<Arc<Cache>>) -> Self {
        let stored = cache.as_ref().map(|cache| cache.keys()).unwrap_or_default();
        let entry = |stored: Stored| {
            let known = Known { verdict: Some(Ok(stored.admission)), until: None };
            (stored.sha256, Arc::new(Entry { known: Mutex::new(known), refresh: AsyncMutex::default() }))
        };
        Self {
            upstreams: sites.into_iter().map(Arc::new).collect(),
            fresh,
            entries: Mutex::new(stored.into_iter().map(entry).collect()),
            asking: Semaphore::new(ASKING),
            is_failing: AtomicBool::new(false),
            cache,
            hub,
        }
    }

    fn entry(&self, hash: Sha256) -> Option<Arc<Entry>> {
        let mut entries = self.entries.lock();
        if let Some(entry) = entries.get(&hash) {
            return Some(Arc::clone(entry));
        }
        if entries.len() >= MOST {
            entries.retain(|_, entry| matches!(entry.known.lock().verdict, Some(Ok(_))));
        }
        (entries.len() < MOST).then(|| Arc::clone(entries.entry(hash).or_default()))
    }

    /// Asks about a key, unless somebody did meanwhile.
    async fn refresh(self: Arc<Self>, sdk_key: SdkKey, entry: Arc<Entry>) {
        let _asking = entry.refresh.lock().await;
        if entry.known.lock().is_fresh() {
            return;
        }
        let found = match self.asking.acquire().await {
            Ok(_permit) => self.ask(&sdk_key).await,
            Err(_) => return,
        };
        let now = Instant::now();
        let (before, after) = {
            let mut known = entry.known.lock();
            let before = known.good();
            match found {
                Ok(verdict) => {
                    self.is_failing.store(false, Ordering::Relaxed);
                    let fresh = if verdict.is_ok() { self.fresh.good } else { self.fresh.refused };
                    *known = Known { verdict: Some(verdict), until: now.checked_add(fresh) };
                }
                // What was known holds on.
                Err(why) => {
                    // For each of a thousand keys the same would be said.
                    if !self.is_failing.swap(true, Ordering::Relaxed) {
                        tracing::warn!(%why, "SDK keys cannot be checked; what was known of them holds on");
                    }
                    known.until = now.checked_add(self.fresh.retry);
                }
            }
            (before, known.good())
        };
        if before != after {
            if before.is_some() {
                // Its other streams need not wait for their heartbeat.
                self.hub.recheck();
            }
            self.store().await;
        }
    }

    /// What the upstreams say; the error: one could not be asked, and no other knows the key.
    async fn ask(&self, sdk_key: &SdkKey) -> Result<Result<Admission, Refused>, Failure> {
        let mut failure = None;
        for site in &self.upstreams {
            match site.upstream.me(sdk_key).await {
                Ok(admission) if site.environments.contains(&admission.environment) => {
                    return Ok(Ok(admission));
                }
                // Good there, but for what is not followed here.
                Ok(_) | Err(Failure::Unauthorized) => {}
                Err(why) => failure = Some(why),
            }
        }
        failure.map_or(Ok(Err(Refused::Unknown)), Err)
    }

    async fn store(&self) {
        let Some(cache) = self.cache.clone() else { return };
        let good = |(hash, entry): (&Sha256, &Arc<Entry>)| {
            let admission = entry.known.lock().good()?;
            Some(Stored { sha256: *hash, admission })
        };
        let stored: Vec<Stored> = self.entries.lock().iter().filter_map(good).collect();
        let _ = tokio::task::spawn_blocking(move || cache.store_keys(stored)).await;
    }
}

impl Known {
    /// What it is good for, as far as is known.
    fn good(&self) -> Option<Admission> {
        self.verdict.clone()?.ok()
    }

    fn is_fresh(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }
}

/// The keys, as requests ask about them.
#[derive(Clone, Debug)]
pub(super) struct Gate(pub(super) Arc<RelayKeys>);

#[async_trait]
impl Keys for Gate {
    async fn admit(&self, sdk_key: &str) -> Result<Admission, Refused> {
        let sdk_key: SdkKey = sdk_key.parse().map_err(|_| Refused::Unknown)?;
        let entry = self.0.entry(Sha256::of(sdk_key.secret().as_bytes())).ok_or(Refused::Unavailable)?;
        let known = entry.known.lock().clone();
        if known.is_fresh() {
            return known.verdict.unwrap_or(Err(Refused::Unavailable));
        }
        let is_good = matches!(known.verdict, Some(Ok(_)));
        // While somebody asks already, who was good is not kept waiting.
        if !is_good || entry.refresh.try_lock().is_ok() {
            // On its own, so that an impatient client does not keep the answer from being noted.
            let asked = tokio::spawn(Arc::clone(&self.0).refresh(sdk_key, Arc::clone(&entry)));
            if is_good {
                let _ = timeout(PATIENCE, asked).await;
            } else {
                let _ = asked.await;
            }
        }
        let verdict = entry.known.lock().verdict.clone();
        verdict.unwrap_or(Err(Refused::Unavailable))
    }
}
