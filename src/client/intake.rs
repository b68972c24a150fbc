//! What comes in: verified, compiled, put in place, stored. In this order, and never half.
//!
//! ```text
//!  token ─ ring ─▶ head ─ floor ─▶ document matches? ─▶ engine ─▶ told ─▶ stored ─▶ ack
//!             └ not trusted: keys?     └ no: the whole?      └ refused: nack, what is served stays
//! ```
//! INVARIANT: a version below the floor is never served because somebody sent it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::cache::{Cache, Kept, Stored};
use super::options::ConnectOptions;
use super::shared::{Applied, Shared};
use crate::engine::Update;
use crate::error::{Code, Diagnostic, Error, Severity, quote};
use crate::model::Key;
use crate::wire::{Head, Isolated, KeyRing, Rows, Sha256, Source, Trust};

/// Takes in what comes.
pub(super) struct Intake {
    shared: Arc<Shared>,
    ring: KeyRing,
    environment: Key,
    /// The newest version that was ever served because it verified.
    floor: u64,
    /// What is served, if it verified.
    held: Option<Held>,
    /// What was stored and is not served yet: the base of a delta, or to fall back on.
    spare: Option<Stored>,
    /// What was refused last, so that it is not refused again and again.
    refused: Option<Held>,
    cache: Option<Cache>,
    upkeep: Upkeep,
    bundled: Option<PathBuf>,
    bootstrap: Option<Arc<[u8]>>,
    /// Why features are isolated: diagnostics are told once, isolation lasts.
    reasons: BTreeMap<Key, (String, String)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Held {
    version: u64,
    sha256: Sha256,
}

/// What the cache needs when there is time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Upkeep {
    #[default]
    None,
    /// A chain of deltas is to be written as a snapshot.
    Compact,
    /// The whole document is to be had, and stored.
    Whole,
}

/// What became of something that came.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is served now, or was already.
    Current,
    /// It is not what it must be, and the whole document may be.
    NeedWhole,
    /// It is signed by a key that is not trusted yet.
    NeedKeys(Error),
    /// It was refused, and that was told.
    Refused,
}

/// What came: a document or delta with its head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer<'o> {
    pub(super) token: &'o str,
    pub(super) bytes: &'o [u8],
    /// The version that it is said to be; 0: nothing was said.
    pub(super) claimed: u64,
    pub(super) arrived: Instant,
    pub(super) source: Source,
}

/// How what is to be served is given to the engine.
enum Change<'c> {
    Delta(&'c [u8]),
    Whole(&'c [u8]),
}

impl Intake {
    pub(super) fn new(options: &ConnectOptions, shared: &Arc<Shared>) -> Self {
        let connection = options.connection();
        let ring = match connection.map(|connection| connection.trust) {
            Some(Trust::Pinned(key)) => KeyRing::pinned(key),
            Some(Trust::Unsigned) | None => KeyRing::unsigned(),
        };
        let cache = connection.zip(options.cache.as_ref());
        Self {
            shared: Arc::clone(shared),
            ring,
            environment: connection.map(|connection| Key::clone(&connection.environment)).unwrap_or_default(),
            floor: 0,
            held: None,
            spare: None,
            refused: None,
            cache: cache.map(|(connection, directory)| Cache::new(directory, connection)),
            upkeep: Upkeep::None,
            bundled: options.bundled.clone(),
            bootstrap: options.bootstrap.clone(),
            reasons: BTreeMap::new(),
        }
    }

    /// Serves what the program gave, if nothing is served yet.
    pub(super) fn bootstrap(&mut self) {
        let Some(document) = self.bootstrap.take() else { return };
        if self.shared.engine.version() == 0 {
            self.serve_trusted(&document, Source::Bundled);
        }
    }

    /// Reads what was stored, without serving it.
    pub(super) fn open(&mut self) {
        let Some(cache) = &mut self.cache else { return };
        match cache.keys() {
            Ok(endorsements) => {
                self.ring.trust_all(&endorsements);
            }
            Err(error) => self.shared.fail(error),
        }
        let found = cache.load(&self.ring);
        self.floor = self.floor.max(found.floor);
        for problem in found.problems {
            self.shared.fail(problem);
        }
        if let Some(stored) = &found.newest {
            self.shared.known(stored.head.at);
        }
        self.spare = found.newest;
    }

    /// The version that deltas may lead on from; 0: none.
    pub(super) fn version(&self) -> u64 {
        let spare = self.spare.as_ref().map(|spare| spare.head.version);
        self.held.map(|held| held.version).or(spare).unwrap_or(0)
    }

    /// The hashes of documents that need not be sent: served, stored, or refused before.
    pub(super) fn known(&self) -> Vec<Sha256> {
        let spare = self.spare.as_ref().map(|spare| spare.head.sha256);
        let own = self.held.map(|held| held.sha256).or(spare);
        own.into_iter().chain(self.refused.map(|refused| refused.sha256)).collect()
    }

    /// Endorsements came.
    pub(super) fn keys(&mut self, endorsements: &[String]) {
        if self.ring.trust_all(endorsements) == 0 {
            return;
        }
        if let Some(cache) = &self.cache
            && let Err(error) = cache.store_keys(self.ring.endorsements())
        {
            self.shared.fail(error);
        }
    }

    /// A head came, alone: it says that nothing changed, or that something was missed.
    pub(super) fn head(&mut self, token: &str, source: Source) -> Verdict {
        let head = match self.verified(token, 0) {
            Ok(head) => head,
            Err(verdict) => return verdict,
        };
        match self.known_or_below(&head, source) {
            Some(verdict) => verdict,
            None => Verdict::NeedWhole,
        }
    }

    /// A document came.
    pub(super) fn whole(&mut self, offer: Offer<'_>) -> Verdict {
        let head = match self.acceptable(&offer) {
            Ok(head) => head,
            Err(verdict) => return verdict,
        };
        if let Err(error) = head.matches(offer.bytes) {
            return self.mismatch(&head, &offer, error);
        }
        if let Err(error) = self.serve(&head, &Change::Whole(offer.bytes), &offer) {
            return self.refuse(&head, error);
        }
        if let Some(cache) = &mut self.cache {
            let stored = cache.store_whole(offer.token, head.version, offer.bytes);
            self.stored(stored.map(|()| Kept::Chained));
        }
        self.shared.report.notify_one();
        Verdict::Current
    }

    /// A delta came.
    pub(super) fn delta(&mut self, offer: Offer<'_>) -> Verdict {
        let head = match self.acceptable(&offer) {
            Ok(head) => head,
            Err(verdict) => return verdict,
        };
        if let Err(error) = head.matches_delta(offer.bytes) {
            return self.mismatch(&head, &offer, error);
        }
        let from = head.delta.as_ref().map_or(0, |delta| delta.from);
        if let Some(document) = self.spare_with(&head, from, offer.bytes) {
            return self.whole(Offer { bytes: &document, ..offer });
        }
        let is_base = self.held.is_some_and(|held| held.version == from);
        if !is_base || self.shared.engine.version() != from {
            return Verdict::NeedWhole;
        }
        if let Err(error) = self.serve(&head, &Change::Delta(offer.bytes), &offer) {
            // The whole may be taken where its delta is not; if not, that is told.
            self.shared.fail(error);
            return Verdict::NeedWhole;
        }
        if let Some(cache) = &mut self.cache {
            let stored = cache.store_delta(offer.token, from, head.version, offer.bytes);
            self.stored(stored);
        }
        self.shared.report.notify_one();
        Verdict::Current
    }

    /// The network did not answer in time, or not well: serves what was stored, else what was bundled.
    pub(super) fn fall_back(&mut self) {
        if self.held.is_some() {
            return;
        }
        let newer_than = self.shared.engine.version();
        if let Some(spare) = self.spare.take()
            && spare.head.version >= newer_than
        {
            match self.serve_stored(&spare, Source::Cache) {
                Ok(()) => return,
                Err(error) => self.shared.fail(error),
            }
        }
        if self.shared.engine.version() > 0 {
            return;
        }
        let Some(path) = self.bundled.take() else { return };
        match std::fs::read(&path) {
            Ok(document) => self.serve_trusted(&document, Source::Bundled),
            Err(error) => self.shared.fail(unreadable(&path, &error)),
        }
    }

    /// Serves a document that is trusted as the program is.
    pub(super) fn serve_trusted(&mut self, document: &[u8], source: Source) {
        let arrived = Instant::now();
        match self.change(&Change::Whole(document)) {
            Ok(update) => self.tell(update, source, arrived),
            Err(error) => self.shared.fail(error),
        }
    }

    /// Something went wrong around it.
    pub(super) fn fail(&self, error: Error) {
        self.shared.fail(error);
    }

    /// What is to be done for the cache; asked once.
    pub(super) fn upkeep(&mut self) -> Upkeep {
        std::mem::take(&mut self.upkeep)
    }

    pub(super) fn needs_upkeep(&self) -> bool {
        self.upkeep != Upkeep::None
    }

    pub(super) fn compact(&mut self) {
        let Some(cache) = &mut self.cache else { return };
        if let Err(error) = cache.compact(&self.ring) {
            self.shared.fail(error);
        }
    }

    /// Stores the document that is served, got for that alone.
    pub(super) fn refill(&mut self, token: &str, document: &[u8]) {
        let (Ok(head), Some(cache)) = (self.ring.verify(token, &self.environment), &mut self.cache) else {
            return;
        };
        let is_served = self.held.is_some_and(|held| held == Held::of(&head));
        if is_served
            && head.matches(document).is_ok()
            && let Err(error) = cache.store_whole(token, head.version, document)
        {
            self.shared.fail(error);
        }
    }

    /// A key is not trusted, and no endorsement says otherwise.
    pub(super) fn untrusted(&mut self, claimed: u64, error: Error) {
        if claimed > 0 {
            self.shared.refused_hearsay(claimed, error);
        } else {
            self.shared.fail(error);
        }
    }

    /// The head in a token that is trusted.
    fn verified(&mut self, token: &str, claimed: u64) -> Result<Head, Verdict> {
        self.ring.verify(token, &self.environment).map_err(|error| {
            if error.code() == Code::UntrustedKey {
                return Verdict::NeedKeys(error);
            }
            self.untrusted(claimed, error);
            Verdict::Refused
        })
    }

    /// The head of an offer that may be served.
    fn acceptable(&mut self, offer: &Offer<'_>) -> Result<Head, Verdict> {
        let head = self.verified(offer.token, offer.claimed)?;
        match self.known_or_below(&head, offer.source) {
            Some(verdict) => Err(verdict),
            None => Ok(head),
        }
    }

    /// What becomes of a head for which no document is needed; none: one is.
    fn known_or_below(&mut self, head: &Head, source: Source) -> Option<Verdict> {
        // First: what is served may itself be below, if the cache had nothing better; that is no proof of freshness.
        if head.version < self.floor {
            return Some(self.below_floor(head));
        }
        self.serve_spare_if(head, source);
        if let Some(held) = self.held.filter(|held| held.version == head.version) {
            return Some(self.same(held, head, source));
        }
        self.was_refused(head).then_some(Verdict::Refused)
    }

    /// A head of the version that is served.
    fn same(&mut self, held: Held, head: &Head, source: Source) -> Verdict {
        if held.sha256 != head.sha256 {
            let message = format!(
                "version {} is served with sha256 {}, and came with {}",
                held.version, held.sha256, head.sha256
            );
            return self.refuse(head, Error::new(Code::SameVersion, "/version", message));
        }
        self.shared.confirmed_by(source);
        self.shared.renew(head.at);
        Verdict::Current
    }

    fn was_refused(&self, head: &Head) -> bool {
        self.refused.is_some_and(|refused| refused == Held::of(head))
    }

    fn below_floor(&mut self, head: &Head) -> Verdict {
        let message = format!(
            "expected at least version {}, which was applied already, found {}",
            self.floor, head.version
        );
        self.refuse(head, Error::new(Code::BelowFloor, "/version", message))
    }

    /// Refuses a version as such: what is sent of it again is passed over.
    fn refuse(&mut self, head: &Head, error: Error) -> Verdict {
        if !self.was_refused(head) {
            self.refused = Some(Held::of(head));
            self.shared.refused(head.version, error);
        }
        Verdict::Refused
    }

    /// Bytes are not those that were signed: on a stream, they may be where the whole is asked for; if not there, either,
    /// the version is refused, and asked for again later.
    fn mismatch(&mut self, head: &Head, offer: &Offer<'_>, error: Error) -> Verdict {
        if offer.source == Source::Stream {
            self.shared.fail(error);
            return Verdict::NeedWhole;
        }
        self.shared.refused(head.version, error);
        Verdict::Refused
    }

    /// What was stored is what there is: it need not be sent.
    fn serve_spare_if(&mut self, head: &Head, source: Source) {
        let is_it = self.held.is_none()
            && self.spare.as_ref().is_some_and(|spare| Held::of(&spare.head) == Held::of(head));
        if is_it
            && let Some(spare) = self.spare.take()
            && let Err(error) = self.serve_stored(&spare, source)
        {
            self.refuse(head, error);
        }
    }

    fn serve_stored(&mut self, stored: &Stored, source: Source) -> Result<(), Error> {
        let arrived = Instant::now();
        let offer = Offer { token: &stored.token, bytes: &stored.document, claimed: 0, arrived, source };
        self.put(&stored.head, &Change::Whole(&stored.document), &offer)
    }

    /// What was stored, with a delta applied; none if it is not the base.
    fn spare_with(&mut self, head: &Head, from: u64, delta: &[u8]) -> Option<Vec<u8>> {
        let spare = self.spare.as_ref().filter(|spare| self.held.is_none() && spare.head.version == from)?;
        let mut rows = Rows::parse(&spare.document).ok()?;
        rows.apply(delta).ok()?;
        let document = rows.render();
        head.matches(&document).ok().map(|()| document)
    }

    /// Serves what a head that came stands for.
    fn serve(&mut self, head: &Head, change: &Change<'_>, offer: &Offer<'_>) -> Result<(), Error> {
        self.put(head, change, offer)?;
        self.shared.renew(head.at);
        Ok(())
    }

    fn put(&mut self, head: &Head, change: &Change<'_>, offer: &Offer<'_>) -> Result<(), Error> {
        let mut update = self.change(change)?;
        if update.version != head.version {
            let message =
                format!("expected version {} as in its head, found {}", head.version, update.version);
            self.shared.fail(Error::new(Code::OtherVersion, "/version", message));
            update.version = head.version;
        }
        self.held = Some(Held::of(head));
        self.floor = self.floor.max(head.version);
        self.spare = None;
        self.refused = None;
        self.tell(update, offer.source, offer.arrived);
        Ok(())
    }

    /// Gives it to the engine. A listener of the engine that panics changes nothing: it was told after the swap.
    fn change(&self, change: &Change<'_>) -> Result<Update, Error> {
        let engine = &self.shared.engine;
        let from = engine.version();
        let outcome = catch_unwind(AssertUnwindSafe(|| match change {
            Change::Delta(delta) => engine.apply_delta(delta),
            Change::Whole(document) => engine.load(document),
        }));
        outcome.unwrap_or_else(|_| {
            let error =
                Error::new(Code::CallbackPanicked, "", "a listener of the engine, or the compiler, panicked");
            let version = engine.version();
            if version == from {
                return Err(error);
            }
            self.shared.fail(error);
            let (changed, diagnostics, isolated) = (Vec::new(), Vec::new(), Vec::new());
            Ok(Update { from, version, changed, recompiled: 0, diagnostics, isolated })
        })
    }

    fn tell(&mut self, update: Update, source: Source, arrived: Instant) {
        let isolated = self.isolated(&update);
        self.shared.applied(Applied {
            source,
            version: update.version,
            features: update.changed.into(),
            lag: arrived.elapsed(),
            isolated,
        });
    }

    /// The isolated features with the reasons that were told, now or when they were new.
    fn isolated(&mut self, update: &Update) -> Vec<Isolated> {
        let mut reasons = BTreeMap::new();
        for feature in &update.isolated {
            let known = self.reasons.remove(feature);
            let reason = reason(&update.diagnostics, feature).or(known).unwrap_or_else(|| {
                (
                    Code::InvalidReference.to_string(),
                    "it is served otherwise than the document says".to_owned(),
                )
            });
            reasons.insert(Key::clone(feature), reason);
        }
        self.reasons = reasons;
        let isolated = self.reasons.iter().map(|(feature, (code, message))| Isolated {
            feature: feature.to_string(),
            code: code.clone(),
            message: message.clone(),
        });
        isolated.collect()
    }

    fn stored(&mut self, stored: Result<Kept, Error>) {
        match stored {
            Ok(Kept::Chained) => {}
            Ok(Kept::Crowded) => self.upkeep = Upkeep::Compact,
            Ok(Kept::Loose) => self.upkeep = Upkeep::Whole,
            Err(error) => self.shared.fail(error),
        }
    }
}

impl Held {
    fn of(head: &Head) -> Self {
        Self { version: head.version, sha256: head.sha256 }
    }
}

/// The first error in the definition of a feature; else the first in a release.
fn reason(diagnostics: &[Diagnostic], feature: &Key) -> Option<(String, String)> {
    let own = format!("/features/{}", feature.replace('~', "~0").replace('/', "~1"));
    let is_own = |pointer: &str| {
        pointer.strip_prefix(&*own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let errors = || diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let first = errors().find(|diagnostic| is_own(&diagnostic.pointer));
    let first = first.or_else(|| errors().find(|diagnostic| diagnostic.pointer.starts_with("/releases/")));
    first.map(|diagnostic| {
        let place = format!("{} at {}", diagnostic.message, diagnostic.pointer);
        (diagnostic.code.to_string(), place)
    })
}

/// A file that cannot be read.
pub(super) fn unreadable(path: &std::path::Path, error: &std::io::Error) -> Error {
    let message = format!("{} cannot be read: {error}", quote(&path.display().to_string()));
    Error::new(Code::FileUnreadable, "", message)
}
