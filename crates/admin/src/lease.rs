//! Who runs timers: campaigns for the lease, beats while it has it, and hears of the others.
//!
//! ```text
//!   follow ──campaign (waits until nobody leads)──▶ lead: beat each second (uptime, liveness) ──fails, or fenced──▶ follow
//!     ▲ hears: e<seq> = a commit to fold, u<ms> = the leader's uptime
//! ```

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::clock::BEAT;
use crate::store::Lease;
use crate::trouble::Trouble;
use crate::writer::{DAY, Writer};

/// How long to wait after a failure.
const REST: Duration = Duration::from_millis(500);
/// A beat that takes longer has failed: the database ends the session soon.
const PATIENCE: Duration = Duration::from_secs(3);
/// Every so many beats, what is too old is thrown away.
const SWEEP: u64 = 600;

/// Leads whenever it can, until the writer is closed.
pub(crate) async fn keep(writer: Writer) {
    let stop = writer.stopped();
    let away = Trouble::new("cannot campaign for the timers");
    while !stop.is_cancelled() {
        let lease = tokio::select! {
            () = stop.cancelled() => return,
            lease = writer.store().campaign(writer.name()) => lease,
        };
        match lease {
            Ok(lease) => {
                away.is_over();
                lead(&writer, lease).await;
            }
            Err(error) => {
                away.came(&error);
                sleep(REST).await;
            }
        }
    }
}

async fn lead(writer: &Writer, mut lease: Lease<'_>) {
    let clock = writer.clock();
    clock.at_least(lease.uptime);
    clock.lead(true);
    writer.set_leading(Some(lease.fence));
    tracing::info!(fence = lease.fence, "this server runs the timers");
    let stop = writer.stopped();
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count = 0_u64;
    loop {
        let stops = tokio::select! {
            () = stop.cancelled() => true,
            _ = beats.tick() => false,
        };
        let failure = match timeout(PATIENCE, lease.beat(clock.now().uptime)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer in {} s", PATIENCE.as_secs())),
        };
        if let Some(error) = failure {
            tracing::warn!(error, "this server does not run the timers any more");
            break;
        }
        if stops {
            break;
        }
        count += 1;
        if count.is_multiple_of(SWEEP)
            && let Err(error) = writer.store().prune_answers(clock.now().wall - DAY).await
        {
            tracing::warn!(%error, "old idempotency keys were not thrown away");
        }
    }
    writer.set_leading(None);
    clock.lead(false);
}

/// Hears what other servers do, until the writer is closed; returns at once if there can be none.
pub(crate) async fn hear(writer: Writer) {
    let stop = writer.stopped();
    tokio::select! {
        () = stop.cancelled() => {}
        () = listen(&writer) => {}
    }
}

async fn listen(writer: &Writer) {
    let deaf = Trouble::new("cannot hear the other servers");
    loop {
        let mut listener = match writer.store().listen().await {
            Ok(Some(listener)) => listener,
            Ok(None) => return,
            Err(error) => {
                deaf.came(&error);
                sleep(REST).await;
                continue;
            }
        };
        deaf.is_over();
        // What was committed before we listened.
        writer.catch_up();
        loop {
            match listener.next().await {
                Ok(None) => writer.catch_up(),
                Ok(Some(message)) => heed(writer, &message),
                Err(error) => {
                    tracing::warn!(%error, "lost the other servers");
                    sleep(REST).await;
                    break;
                }
            }
        }
    }
}

fn heed(writer: &Writer, message: &str) {
    let (kind, number) = message.split_at_checked(1).unwrap_or_default();
    match (kind, number.parse::<u64>()) {
        ("e", Ok(seq)) if seq > writer.world().seq => writer.catch_up(),
        ("u", Ok(uptime)) => writer.clock().heard(uptime),
        _ => {}
    }
}
