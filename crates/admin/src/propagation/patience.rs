//! Patience: no timeout is acted on before everybody had the time to say what they have applied.
//!
//! After a start, the instances of before have to report again. A timeout that is due meanwhile would abort or pause a release
//! for what the server does not know, not for what the instances did.

use std::sync::Arc;

use parking_lot::Mutex;
use tidegate::release::Now;

use super::counter::Instances;
use super::spread::spread;
use crate::domain::World;

/// So long after the instances are settled, the monitor has told what they applied (ms of uptime).
const TOLD: u64 = 2_000;

/// Holds timeouts of propagation up until the instances are settled.
pub(crate) struct Patience {
    instances: Arc<dyn Instances>,
    /// Since when they are settled (uptime).
    since: Mutex<Option<u64>>,
}

impl Patience {
    pub(crate) fn new(instances: Arc<dyn Instances>) -> Self {
        Self { instances, since: Mutex::new(None) }
    }

    /// Whether a tick of a release is to wait: its timeout is due, and who has applied what is not known well enough.
    pub(crate) fn holds(&self, world: &World, release: &str, now: Now) -> bool {
        !self.is_over(now) && spread(world, release, now).is_some_and(|spread| spread.left == Some(0))
    }

    fn is_over(&self, now: Now) -> bool {
        let mut since = self.since.lock();
        if !self.instances.is_settled() {
            *since = None;
            return false;
        }
        let since = *since.get_or_insert(now.uptime);
        now.uptime.saturating_sub(since) >= TOLD
    }
}
