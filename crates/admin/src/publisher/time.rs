//! When heads are signed: by the clock, but never before those that were signed already, also over a restart.
//!
//! ```text
//!   heads ─ the latest time ──within a second──▶ store ──start──▶ is the clock far behind it? then from there on
//! ```
//! Clients take only a later head for a proof of freshness. Where the clock was set back by a day and the server started anew, they
//! would call all that is served stale for a day.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tidegate_delivery::Hub;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock::Clock;
use crate::store::{Store, StoreError};
use crate::writer::Writer;

/// A clock that is behind by less (ms) comes after the heads of before soon enough: nobody calls what is served stale yet.
const SOON: i64 = 60_000;
/// How often the latest is written, if it is another one.
const OFTEN: Duration = Duration::from_secs(1);

/// The times of heads.
pub(crate) struct SigningTime {
    clock: Arc<dyn Clock>,
    floor: i64,
}

impl fmt::Debug for SigningTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningTime").field("floor", &self.floor).finish_non_exhaustive()
    }
}

impl SigningTime {
    /// By the writer's clock, but after what the store knows to be signed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(crate) async fn open(writer: &Writer) -> Result<Self, StoreError> {
        let signed = writer.store().signed_at().await?;
        Ok(Self::after(signed, Arc::clone(writer.clock())))
    }

    pub(super) fn after(signed: Option<i64>, clock: Arc<dyn Clock>) -> Self {
        let behind = signed.map_or(0, |signed| signed.saturating_sub(clock.now().wall));
        if behind <= SOON {
            return Self { clock, floor: i64::MIN };
        }
        let (floor, seconds) = (signed.unwrap_or_default().saturating_add(SOON), behind / 1_000);
        tracing::warn!(
            seconds,
            "the clock is behind the heads that were signed before; new ones go on from those"
        );
        Self { clock, floor }
    }

    /// Unix time in milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().wall.max(self.floor)
    }
}

/// Writes when the latest head was signed, soon after it was, until it is dropped.
pub(crate) async fn remember(store: Arc<Store>, hub: Arc<Hub>) {
    let mut ticks = interval(OFTEN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut noted = None;
    loop {
        ticks.tick().await;
        let environments = hub.environments();
        let times =
            environments.iter().filter_map(|environment| Some(hub.current(environment)?.renewed_at()));
        let Some(latest) = times.max().filter(|latest| noted != Some(*latest)) else { continue };
        match store.note_signed_at(latest).await {
            Ok(()) => noted = Some(latest),
            // What was not written is missed only by a start with a clock that was set back.
            Err(error) => tracing::debug!(%error, "when the latest head was signed is not written"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    const DAY: i64 = 86_400_000;
    const WALL: i64 = 1_800_000_000_000;

    #[test]
    fn a_clock_that_was_set_back_goes_on_after_the_heads_of_before() {
        let clock = Arc::new(ManualClock::new(WALL));
        let of = |signed| SigningTime::after(signed, Arc::clone(&clock) as _);
        assert_eq!((of(None).now(), of(Some(WALL - DAY)).now()), (WALL, WALL));
        // The next heartbeats are later than it by themselves.
        assert_eq!(of(Some(WALL + SOON)).now(), WALL);
        let time = of(Some(WALL + DAY));
        // After what was signed since it was written, too.
        assert_eq!(time.now(), WALL + DAY + SOON);
        clock.set_wall(WALL + 2 * DAY);
        assert_eq!(time.now(), WALL + 2 * DAY);
    }

    #[tokio::test]
    async fn the_store_knows_the_latest_only() {
        let store = Store::in_memory();
        assert_eq!(store.signed_at().await.unwrap(), None);
        for (noted, known) in [(WALL, WALL), (WALL - 1, WALL), (9, WALL), (WALL + 1, WALL + 1)] {
            store.note_signed_at(noted).await.unwrap();
            assert_eq!(store.signed_at().await.unwrap(), Some(known));
        }
    }
}
