//! The heartbeat: heads are renewed, and each stream says something, once an interval.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval_at};

use crate::hub::Hub;
use crate::publication::Signer;

/// How often a stream says something, and heads are renewed (DESIGN §7).
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// Beats until it is dropped, at first after `every`; a relay, which cannot sign, gives no signer. `now` tells the ms since 1970.
pub async fn heartbeat(
    hub: Arc<Hub>,
    signer: Option<Arc<dyn Signer>>,
    every: Duration,
    now: impl Fn() -> i64 + Send,
) {
    let every = every.max(Duration::from_millis(1));
    let mut ticks = interval_at(tokio::time::Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = hub.beat(signer.as_deref(), now()) {
            tracing::error!(%error, "a head was not renewed");
        }
    }
}
