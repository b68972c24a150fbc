//! The publisher: whatever is committed, by this server or another one on the same store, reaches the hub as signed snapshots.
//!
//! ```text
//!   Writer::changed ─▶ World' ─ structural diff with World ─▶ rows that may differ ─▶ Line per environment whose head moved
//!                                                                                        │ document, hash, signature
//!                       signing keys changed: endorsements first, then heads anew        ▼
//!                       SDK keys revoked: streams look again ─────────────────────────▶ Hub
//! ```
//! Not here: what a snapshot has in it (`domain::snapshot`), and how it travels (crate `tidegate-delivery`).
//! INVARIANT: the versions of an environment are published in order; one that is passed over (several commits at once) is
//! never published later.

mod delivery;
mod doorkeeper;
mod line;
mod signer;
mod time;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use imbl::ordmap::DiffItem;
use tidegate::model::Key;
use tidegate_delivery::{Hub, Publication, Unfit};
use tokio::sync::watch;

pub(crate) use self::delivery::{Delivery, base_url, first_key};
use self::doorkeeper::Doorkeeper;
use self::line::{KEPT, Line, Texts};
pub(crate) use self::signer::{Signer, make};
pub(crate) use self::time::{SigningTime, remember};
use crate::domain::command::signing_key;
use crate::domain::entity::Kind;
use crate::domain::{Table, World};
use crate::store::{Store, StoreError};
use crate::trouble::Trouble;
use crate::writer::Writer;

/// After how many publications old versions are removed from the store.
const TIDY: u32 = 256;

/// How long it waits before it begins anew once more.
const REST: Duration = Duration::from_secs(1);

/// Told of each publication, just before the streams are: the environment, the version, and how long it took to make (s).
pub(crate) type Told = Arc<dyn Fn(&Key, u64, f64) + Send + Sync>;

/// What a publisher works with.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) hub: Arc<Hub>,
    pub(crate) signer: Arc<Signer>,
    pub(crate) time: Arc<SigningTime>,
    pub(crate) told: Told,
}

/// See the module.
pub(crate) struct Publisher {
    writer: Writer,
    changed: watch::Receiver<u64>,
    book: Book,
}

/// What was published last.
struct Book {
    hub: Arc<Hub>,
    signer: Arc<Signer>,
    time: Arc<SigningTime>,
    told: Told,
    world: Arc<World>,
    lines: BTreeMap<Key, Line>,
    /// Since old versions were removed from the store.
    published: u32,
}

impl Publisher {
    /// Publishes what there is, with the past that the store knows.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(crate) async fn open(writer: Writer, parts: Parts) -> Result<Self, StoreError> {
        // Marked before the world is read, so that nothing is missed.
        let mut changed = writer.changed();
        changed.mark_unchanged();
        let book = Book::open(&writer, parts).await?;
        Ok(Self { writer, changed, book })
    }

    /// Follows until the writer is closed.
    pub(crate) async fn run(self) {
        let Self { writer, mut changed, mut book } = self;
        let stop = writer.stopped();
        loop {
            let moved = tokio::select! {
                () = stop.cancelled() => return,
                moved = changed.changed() => moved,
            };
            if moved.is_err() {
                return;
            }
            let world = writer.world();
            let parts = book.parts();
            // Hashing a large document takes milliseconds.
            let followed = tokio::task::spawn_blocking(move || {
                book.follow(world);
                book
            });
            book = match followed.await {
                Ok(book) => book,
                Err(error) => {
                    tracing::error!(%error, "the publisher failed, and begins anew");
                    let opened = tokio::select! {
                        () = stop.cancelled() => return,
                        opened = Book::reopen(&writer, &parts) => opened,
                    };
                    opened
                }
            };
            if book.published >= TIDY {
                book.published = 0;
                tidy(writer.store(), book.lines.keys()).await;
            }
        }
    }
}

impl Book {
    /// Publishes what there is, with the past that the store knows.
    async fn open(writer: &Writer, parts: Parts) -> Result<Self, StoreError> {
        let Parts { hub, signer, time, told } = parts;
        let world = writer.world();
        let mut lines = BTreeMap::new();
        let mut texts = Texts::new();
        for environment in world.environments.keys() {
            let Some(mut line) = Line::new(&world, environment, &signer, &mut texts) else { continue };
            recall(writer.store(), environment, &signer, &mut line).await?;
            lines.insert(Key::clone(environment), line);
        }
        signer.follow(&world);
        hub.set_endorsements(&signing_key::endorsements(&world));
        let mut book = Self { hub, signer, time, told, world, lines, published: 0 };
        book.begin_all();
        Ok(book)
    }

    /// As [`Book::open`], again and again until the store can be read: heads are renewed meanwhile, so that clients take what
    /// they have for the newest.
    async fn reopen(writer: &Writer, parts: &Parts) -> Self {
        let away = Trouble::severe("nothing is published until the store can be read");
        loop {
            match Self::open(writer, parts.clone()).await {
                Ok(book) => return book,
                Err(error) => {
                    away.came(&error);
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// What another book is opened with.
    fn parts(&self) -> Parts {
        let (hub, signer) = (Arc::clone(&self.hub), Arc::clone(&self.signer));
        Parts { hub, signer, time: Arc::clone(&self.time), told: Arc::clone(&self.told) }
    }

    /// Publishes what a later world has.
    fn follow(&mut self, world: Arc<World>) {
        let before = std::mem::replace(&mut self.world, Arc::clone(&world));
        if !before.signing_keys.ptr_eq(&world.signing_keys) {
            self.follow_keys(&world);
        }
        let over = |key: &Key| world.sdk_keys.get(key).is_none_or(|row| row.body.revoked_at.is_some());
        if differing(&before.sdk_keys, &world.sdk_keys).iter().any(over) {
            self.hub.recheck();
        }
        if before.snapshot_heads.ptr_eq(&world.snapshot_heads)
            && before.environments.ptr_eq(&world.environments)
        {
            return;
        }
        let touched = touched(&before, &world);
        let mut texts = Texts::new();
        for environment in world.environments.keys() {
            let started = Instant::now();
            let now = self.at(environment);
            let publication = match self.lines.get_mut(environment) {
                Some(line) if line::version(&world, environment) == Some(line.version()) => continue,
                Some(line) => line.follow(&world, &touched, &mut texts, now),
                None => {
                    let Some(mut line) = Line::new(&world, environment, &self.signer, &mut texts) else {
                        continue;
                    };
                    let publication = line.begin(now);
                    self.lines.insert(Key::clone(environment), line);
                    publication
                }
            };
            self.publish(environment, publication, started);
        }
        let gone = self.lines.extract_if(.., |environment, _| !world.environments.contains_key(environment));
        for (environment, _) in gone {
            self.hub.retire(&environment);
        }
    }

    /// Endorsements are told before the first token of a key that needs them.
    fn follow_keys(&mut self, world: &World) {
        self.hub.set_endorsements(&signing_key::endorsements(world));
        let was_ready = self.signer.is_ready();
        if !self.signer.follow(world) {
            return;
        }
        if !was_ready {
            self.begin_anew(world);
        } else if let Err(error) = self.hub.beat(Some(&*self.signer), self.time.now()) {
            tracing::error!(%error, "a head was not signed anew");
        }
    }

    /// There was no key to sign with until now: nothing was published that could be gone on from.
    fn begin_anew(&mut self, world: &World) {
        let mut texts = Texts::new();
        let lines = world.environments.keys().filter_map(|environment| {
            let line = Line::new(world, environment, &self.signer, &mut texts)?;
            Some((Key::clone(environment), line))
        });
        self.lines = lines.collect();
        self.begin_all();
    }

    fn begin_all(&mut self) {
        let mut lines = std::mem::take(&mut self.lines);
        for (environment, line) in &mut lines {
            let (started, now) = (Instant::now(), self.at(environment));
            let publication = line.begin(now);
            self.publish(environment, publication, started);
        }
        self.lines = lines;
    }

    /// When the next head of an environment is signed: by the clock, but after the one before, also if the clock went back.
    /// Clients take only a later head for a proof of freshness.
    fn at(&self, environment: &Key) -> i64 {
        let before = self.hub.current(environment).map(|current| current.renewed_at());
        self.time.now().max(before.map_or(i64::MIN, |before| before.saturating_add(1)))
    }

    fn publish(&mut self, environment: &Key, publication: Result<Publication, Unfit>, started: Instant) {
        match publication {
            // What nobody can trust is not sent.
            Ok(_) if !self.signer.is_ready() => {}
            Ok(publication) => {
                (self.told)(environment, publication.version(), started.elapsed().as_secs_f64());
                if self.hub.publish(publication) {
                    self.published += 1;
                }
            }
            Err(error) => {
                tracing::error!(environment = &**environment, %error, "a snapshot was not published");
            }
        }
    }
}

/// Tells a line of its past.
async fn recall(
    store: &Store,
    environment: &Key,
    signer: &Arc<Signer>,
    line: &mut Line,
) -> Result<(), StoreError> {
    let versions = store.snapshot_versions(environment, KEPT).await?;
    if let Some(oldest) = versions.first() {
        let rows = store.snapshot_rows(environment, *oldest).await?;
        line.recall(signer, &versions, &rows);
    }
    Ok(())
}

/// Removes from the store what no delta goes back to.
async fn tidy(store: &Store, environments: impl Iterator<Item = &Key>) {
    for environment in environments {
        let tidied = async {
            let kept = store.snapshot_versions(environment, KEPT).await?;
            match kept.first() {
                Some(oldest) => store.forget_versions(environment, *oldest).await,
                None => Ok(()),
            }
        };
        if let Err(error) = tidied.await {
            tracing::warn!(%error, "old versions were not removed");
        }
    }
}

/// The rows that may differ between two worlds. Parts that both worlds share are not looked at.
fn touched(before: &World, after: &World) -> BTreeSet<(Kind, Key)> {
    let mut touched = BTreeSet::new();
    let mut add = |kind: Kind, keys: Vec<Key>| touched.extend(keys.into_iter().map(|key| (kind, key)));
    add(Kind::Attribute, differing(&before.attributes, &after.attributes));
    add(Kind::Environment, differing(&before.environments, &after.environments));
    add(Kind::ExclusionGroup, differing(&before.exclusion_groups, &after.exclusion_groups));
    add(Kind::Feature, differing(&before.features, &after.features));
    add(Kind::Segment, differing(&before.segments, &after.segments));
    add(Kind::Release, differing(&before.releases, &after.releases));
    add(Kind::Release, differing(&before.release_states, &after.release_states));
    let kills = differing(&before.kills, &after.kills);
    let features = kills.iter().filter_map(|key| key.split_once('/')).map(|(_, feature)| feature.into());
    add(Kind::Kill, features.collect());
    touched
}

fn differing<T: PartialEq>(before: &Table<T>, after: &Table<T>) -> Vec<Key> {
    let key = |item: DiffItem<'_, '_, Key, crate::domain::Row<T>>| match item {
        DiffItem::Add(key, _) | DiffItem::Remove(key, _) | DiffItem::Update { new: (key, _), .. } => {
            Key::clone(key)
        }
    };
    before.diff(after).map(key).collect()
}
