//! The endorsements of signing keys, as the upstreams of all environments tell them, for all who follow this relay.
//!
//! They are passed on as they came: who follows pinned a key of its own, and believes those only that follow from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tidegate::model::Key;
use tokio::task::spawn_blocking;

use super::cache::Cache;
use crate::hub::Hub;

/// The most endorsements of one upstream; there are as many as there were rotations.
const MOST: usize = 1_000;

/// The endorsements.
#[derive(Debug)]
pub(super) struct Endorsed {
    hub: Arc<Hub>,
    cache: Option<Arc<Cache>>,
    lists: Mutex<BTreeMap<Key, Vec<String>>>,
}

impl Endorsed {
    /// With those that an earlier run stored.
    pub(super) fn new(hub: Arc<Hub>, cache: Option<Arc<Cache>>) -> Self {
        let stored = cache.as_ref().map(|cache| cache.endorsements()).unwrap_or_default();
        hub.set_endorsements(&all(&stored));
        Self { hub, cache, lists: Mutex::new(stored) }
    }

    /// Those of an environment.
    pub(super) fn of(&self, environment: &Key) -> Vec<String> {
        self.lists.lock().get(environment).cloned().unwrap_or_default()
    }

    /// The upstream of an environment told these.
    pub(super) async fn set(&self, environment: &Key, mut list: Vec<String>) {
        list.truncate(MOST);
        let lists = {
            let mut lists = self.lists.lock();
            if lists.get(environment).is_some_and(|known| *known == list) {
                return;
            }
            lists.insert(Key::clone(environment), list);
            // While it is locked, so that the last one said is the last one set.
            self.hub.set_endorsements(&all(&lists));
            lists.clone()
        };
        if let Some(cache) = self.cache.clone() {
            let _ = spawn_blocking(move || cache.store_endorsements(&lists)).await;
        }
    }
}

/// Each once, in an order that stays.
fn all(lists: &BTreeMap<Key, Vec<String>>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for endorsement in lists.values().flatten() {
        if !out.contains(endorsement) {
            out.push(endorsement.clone());
        }
    }
    out
}
