//! Where publications come in, and all who follow them are told.
//!
//! ```text
//!   publish, renew ──▶ channel of the environment ─▶ publication │ bell ─▶ streams look what is new since they last looked
//!   set_endorsements, beat, recheck, close ────────────────────────┘
//! ```
//! The bell carries nothing: who hears it compares what there is with what it has sent. So a hundred changes while a client is
//! busy are one, and there is no queue that could grow.
//! INVARIANT: endorsements are looked at after the token that is sent with them, and set before a token that needs them is
//! signed. So no client gets a token before the endorsement of its key.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::body::Bytes;
use parking_lot::{Mutex, RwLock};
use tidegate::model::Key;
use tidegate::wire::{Head, Token};
use tokio::sync::watch;

use crate::event::{self, Event};
use crate::publication::{Publication, Signer, Unfit};

/// The publications of all environments.
#[derive(Debug)]
pub struct Hub {
    channels: RwLock<HashMap<Key, Arc<Channel>>>,
    endorsements: ArcSwap<Endorsements>,
    /// Heartbeats so far.
    beats: AtomicU64,
    /// How often streams were told to have their SDK keys looked at again.
    checks: AtomicU64,
    /// Set when the hub closes: the time over which streams end.
    closing: Mutex<Option<Duration>>,
}

/// One environment.
#[derive(Debug)]
pub(crate) struct Channel {
    publication: watch::Sender<Option<Arc<Publication>>>,
    bell: watch::Sender<()>,
    /// How often the environment was retired; streams of before end.
    retired: AtomicU64,
}

/// Endorsements of signing keys.
#[derive(Debug)]
pub(crate) struct Endorsements {
    /// A JSON list.
    pub(crate) json: Bytes,
    /// None if there are none.
    pub(crate) event: Option<Event>,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// A hub without publications.
    #[must_use]
    pub fn new() -> Self {
        Self {
            channels: RwLock::default(),
            endorsements: ArcSwap::from_pointee(Endorsements::new(&[])),
            beats: AtomicU64::new(0),
            checks: AtomicU64::new(0),
            closing: Mutex::new(None),
        }
    }

    /// Publishes a version: it is what is served from now on, and all streams of the environment are told. False, and nothing
    /// done, if the environment has this version or a higher one: versions only grow.
    ///
    /// The delta from the version before is made here, so that nobody waits for it.
    pub fn publish(&self, publication: Publication) -> bool {
        let channel = self.channel(&publication.head().environment);
        let before = channel.current().map(|before| before.version());
        if let Some(before) = before.filter(|before| *before < publication.version()) {
            publication.prepare(before);
        }
        let (version, publication) = (publication.version(), Arc::new(publication));
        let done = channel.publication.send_if_modified(|current| {
            let is_newer = current.as_ref().is_none_or(|current| current.version() < version);
            if is_newer {
                *current = Some(publication);
            }
            is_newer
        });
        if done {
            channel.ring();
        }
        done
    }

    /// Takes a renewed token of the head that is current, and tells the streams. False, and nothing done, if another version
    /// or document is current, or the token cannot be sent.
    pub fn renew(&self, head: &Head, token: Token) -> bool {
        let Some(publication) = self.current(&head.environment) else { return false };
        let current = publication.head();
        let is_it = (current.version, &current.sha256) == (head.version, &head.sha256);
        let done = is_it && publication.renew(head.at, token).is_ok();
        if done {
            self.channel(&head.environment).ring();
        }
        done
    }

    /// The environment is gone: it has no publication any more, and its streams end.
    pub fn retire(&self, environment: &Key) {
        let channel = self.channels.read().get(environment).map(Arc::clone);
        if let Some(channel) = channel {
            channel.publication.send_replace(None);
            channel.retired.fetch_add(1, Ordering::SeqCst);
            channel.ring();
        }
    }

    /// Sets the endorsements of signing keys and tells all streams. To be called before a new key signs.
    pub fn set_endorsements(&self, list: &[String]) {
        let endorsements = Endorsements::new(list);
        if endorsements.json != self.endorsements.load().json {
            self.endorsements.store(Arc::new(endorsements));
            self.ring();
        }
    }

    /// What is served now.
    #[must_use]
    pub fn current(&self, environment: &Key) -> Option<Arc<Publication>> {
        self.channels.read().get(environment).and_then(|channel| channel.current())
    }

    /// What is served, as it changes. Renewals are no changes.
    #[must_use]
    pub fn subscribe(&self, environment: &Key) -> watch::Receiver<Option<Arc<Publication>>> {
        self.channel(environment).publication.subscribe()
    }

    /// The environments that have a publication.
    #[must_use]
    pub fn environments(&self) -> Vec<Key> {
        let channels = self.channels.read();
        let served = channels.iter().filter(|(_, channel)| channel.current().is_some());
        served.map(|(key, _)| Key::clone(key)).collect()
    }

    /// How many streams an environment has.
    #[must_use]
    pub fn streams(&self, environment: &Key) -> usize {
        self.channels.read().get(environment).map_or(0, |channel| channel.bell.receiver_count())
    }

    /// A heartbeat: renews the head of each environment if there is a signer, and has each stream say something. Streams also
    /// have their SDK keys looked at again. Where the clock went back, a head is signed just after the one before: only a later
    /// one is a proof of freshness.
    ///
    /// # Errors
    /// If a token cannot be sent; the others were.
    pub fn beat(&self, signer: Option<&dyn Signer>, at: i64) -> Result<(), Unfit> {
        let mut result = Ok(());
        for publication in self.publications() {
            if let Some(signer) = signer {
                let at = at.max(publication.renewed_at().saturating_add(1));
                let head = Head { at, delta: None, ..publication.head().clone() };
                if let Err(unfit) = publication.renew(at, signer.sign(&head)) {
                    result = Err(unfit);
                }
            }
        }
        self.beats.fetch_add(1, Ordering::SeqCst);
        self.ring();
        result
    }

    /// Has all streams look again whether their SDK keys are good, at once: for when one was revoked.
    pub fn recheck(&self) {
        self.checks.fetch_add(1, Ordering::SeqCst);
        self.ring();
    }

    /// Ends all streams, each at a random time within `spread`, so that their clients don't come again all at once. Streams that
    /// are asked for from now on are refused.
    pub fn close(&self, spread: Duration) {
        self.closing.lock().get_or_insert(spread);
        self.ring();
    }

    pub(crate) fn closing(&self) -> Option<Duration> {
        *self.closing.lock()
    }

    pub(crate) fn beats(&self) -> u64 {
        self.beats.load(Ordering::SeqCst)
    }

    pub(crate) fn checks(&self) -> u64 {
        self.checks.load(Ordering::SeqCst)
    }

    pub(crate) fn endorsements(&self) -> Arc<Endorsements> {
        self.endorsements.load_full()
    }

    pub(crate) fn channel(&self, environment: &Key) -> Arc<Channel> {
        if let Some(channel) = self.channels.read().get(environment) {
            return Arc::clone(channel);
        }
        Arc::clone(self.channels.write().entry(Key::clone(environment)).or_default())
    }

    fn publications(&self) -> Vec<Arc<Publication>> {
        self.channels.read().values().filter_map(|channel| channel.current()).collect()
    }

    fn ring(&self) {
        for channel in self.channels.read().values() {
            channel.ring();
        }
    }
}

impl Channel {
    pub(crate) fn current(&self) -> Option<Arc<Publication>> {
        self.publication.borrow().clone()
    }

    pub(crate) fn bell(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    pub(crate) fn retired(&self) -> u64 {
        self.retired.load(Ordering::SeqCst)
    }

    fn ring(&self) {
        self.bell.send_replace(());
    }
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            publication: watch::Sender::new(None),
            bell: watch::Sender::new(()),
            retired: AtomicU64::new(0),
        }
    }
}

impl Endorsements {
    fn new(list: &[String]) -> Self {
        // A list of strings is always JSON.
        let json = serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned());
        let event = (!list.is_empty()).then(|| event::keys(&json));
        Self { json: json.into(), event }
    }
}
