//! Counts who has applied what, for the monitor and for who looks at a release.
//!
//! ```text
//!   Spread ─ each Place ─▶ needed version (the store, once a row) ─┐
//!                       ─▶ aim (compiled once a phase) ────────────┼─▶ Applied
//!   Instances: who is live there ──────────────────────────────────┘
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tidegate::model::Key;
use tidegate::release::{Applied, Now};
use tokio::sync::watch;

use super::aim::Aim;
use super::count::{Count, Instance};
use super::spread::{Place, Spread, spread, spreads};
use crate::domain::World;
use crate::store::Store;

/// Who is live.
pub trait Instances: Send + Sync {
    /// The live instances of an environment.
    fn live(&self, environment: &Key) -> Vec<Arc<dyn Instance>>;
    /// Moves whenever what [`Instances::live`] gives may have changed, but for time that has passed.
    fn changed(&self) -> watch::Receiver<u64>;
    /// Whether everybody who was live before this server started was heard since, or had the time to be.
    fn is_settled(&self) -> bool;
}

/// Counts; cheap to clone.
#[derive(Clone)]
pub struct Counter(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    instances: Arc<dyn Instances>,
    /// By release and environment: the row, and the version that has it.
    needed: Mutex<BTreeMap<(Key, Key), (String, u64)>>,
    /// By release and environment.
    aims: Mutex<BTreeMap<(Key, Key), Aim>>,
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counter").finish_non_exhaustive()
    }
}

impl Counter {
    /// One that knows nothing yet.
    #[must_use]
    pub fn new(store: Arc<Store>, instances: Arc<dyn Instances>) -> Self {
        let (needed, aims) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { store, instances, needed, aims }))
    }

    pub(super) fn instances(&self) -> &dyn Instances {
        &*self.0.instances
    }

    /// Who has applied the share of a release that propagates; none if none does.
    pub async fn of(&self, world: &World, id: &str, now: Now) -> Option<Applied> {
        let spread = spread(world, id, now)?;
        Some(self.count(world, &spread).await)
    }

    /// Who has applied each share that propagates.
    pub(super) async fn all(&self, world: &World, now: Now) -> Vec<(Spread, Applied)> {
        let mut all = Vec::new();
        for spread in spreads(world, now) {
            let applied = self.count(world, &spread).await;
            all.push((spread, applied));
        }
        let known: BTreeSet<&Key> = all.iter().map(|(spread, _)| &spread.release).collect();
        self.0.needed.lock().retain(|(release, _), _| known.contains(release));
        self.0.aims.lock().retain(|(release, _), _| known.contains(release));
        all
    }

    async fn count(&self, world: &World, spread: &Spread) -> Applied {
        let mut count = Count::default();
        for place in &spread.places {
            let needed = self.needed(world, &spread.release, place).await;
            let live = self.0.instances.live(&place.environment);
            let mut aims = self.0.aims.lock();
            let name = (Key::clone(&spread.release), Key::clone(&place.environment));
            let aim = match aims.remove(&name).filter(|aim| aim.is_at(&place.targets)) {
                Some(aim) => aim,
                None => Aim::new(world, place.targets.clone()),
            };
            let aim = aims.entry(name).or_insert(aim);
            for instance in live {
                if aim.includes(&place.environment, instance.process()) {
                    count.add(&spread.plan, needed, &*instance);
                }
            }
        }
        count.finish()
    }

    /// The version that an instance must have applied.
    async fn needed(&self, world: &World, release: &Key, place: &Place) -> u64 {
        let name = (Key::clone(release), Key::clone(&place.environment));
        if let Some((row, version)) = self.0.needed.lock().get(&name)
            && *row == place.row
        {
            return *version;
        }
        let head = world.snapshot_heads.get(&place.environment).map_or(0, |row| row.body.version);
        match self.0.store.snapshot_row_version(&place.environment, "release", release).await {
            // Not of a later version than this world's: that one has another row, and is looked at when it is here.
            Ok(Some(version)) if version <= head => {
                self.0.needed.lock().insert(name, (place.row.clone(), version));
                version
            }
            Ok(_) => head,
            Err(error) => {
                tracing::warn!(%error, "the version of a release's row was not read: the newest counts");
                head
            }
        }
    }
}
