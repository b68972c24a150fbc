//! Propagation: tells the releases whose phase is propagating who has applied its share.
//!
//! ```text
//!   World, instances, a second of uptime ── look ─▶ Counter ─▶ Applied ── news? ─▶ a command, as the system ─▶ step
//!              ▲                                                                          │
//!              └────────────────────────────── the next World ◀───────────────────────────┘
//! ```
//! Only the server that leads tells. It tells what makes a release decide otherwise, not each instance on the way, so that the log
//! holds decisions and not traffic. Who looks at a release sees the count of that moment ([`Counter::of`]).
//! INVARIANT: before the instances are settled after a start, nobody is told that there are enough, or none, and no timeout is
//! acted on (`Tx::settles_at`).

mod aim;
mod count;
mod counter;
mod fleet;
mod show;
mod spread;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tidegate::model::Key;
use tidegate::release::{Applied, NextWake, Now};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

pub use self::count::Instance;
use self::count::is_news;
pub use self::counter::{Counter, Instances};
pub(crate) use self::show::show;
use self::spread::Spread;
use crate::domain::command::propagation;
use crate::domain::{Code, Tx};
use crate::writer::{Request, Writer};

/// The least time between two looks.
const CALM: Duration = Duration::from_millis(10);
/// How often it is looked though nothing was heard: for who died (ms of uptime).
const LOOK: u64 = 1_000;
/// So long before a timeout the release is told what there is, whether that is news or not: it will be said why (ms of uptime).
const BEFORE_TIMEOUT: u64 = 2_000;
/// How often a release is told what makes it decide nothing else (ms of uptime).
const AGAIN: u64 = 1_000;

/// Watches what propagates.
pub struct Monitor {
    writer: Writer,
    counter: Counter,
    /// When each release was last told anything (uptime).
    told: BTreeMap<Key, u64>,
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("told", &self.told).finish_non_exhaustive()
    }
}

impl Monitor {
    /// One that has told nothing yet.
    #[must_use]
    pub fn new(writer: Writer, counter: Counter) -> Self {
        Self { writer, counter, told: BTreeMap::new() }
    }

    /// Watches while this server leads, until the writer is closed.
    pub async fn run(mut self) {
        let stop = self.writer.stopped();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.turn() => {}
        }
    }

    async fn turn(&mut self) {
        let mut leading = self.writer.leading();
        let (mut changed, mut heard) = (self.writer.changed(), self.counter.instances().changed());
        loop {
            if leading.wait_for(Option::is_some).await.is_err() {
                return;
            }
            changed.mark_unchanged();
            heard.mark_unchanged();
            let started = Instant::now();
            let propagates = self.look().await;
            // A large fleet that reports all the time does not keep a processor busy with counting.
            let calm = started + CALM.max(started.elapsed() * 2);
            let gone = self.wait(propagates, &mut changed, &mut heard, &mut leading).await;
            if gone {
                return;
            }
            sleep_until(calm).await;
        }
    }

    /// Waits until there may be something to tell; true if there never will be.
    async fn wait(
        &self,
        propagates: bool,
        changed: &mut watch::Receiver<u64>,
        heard: &mut watch::Receiver<u64>,
        leading: &mut watch::Receiver<Option<u64>>,
    ) -> bool {
        let uptime = Some(self.writer.now().uptime.saturating_add(LOOK));
        let later = NextWake { uptime, wall: None };
        let second = async {
            while !crate::clock::has_come(later, self.writer.now()) {
                self.writer.clock().sleep(later).await;
            }
        };
        tokio::select! {
            moved = changed.changed() => moved.is_err(),
            moved = leading.changed() => moved.is_err(),
            moved = heard.changed(), if propagates => moved.is_err(),
            () = second, if propagates => false,
        }
    }

    /// Looks once, and tells what is news; whether anything propagates.
    pub async fn look(&mut self) -> bool {
        let (world, now) = (self.writer.world(), self.writer.now());
        let is_settled = self.counter.instances().is_settled();
        let all = self.counter.all(&world, now).await;
        self.told.retain(|release, _| all.iter().any(|(spread, _)| spread.release == *release));
        for (spread, applied) in &all {
            if self.must_tell(spread, applied, is_settled, now) {
                self.tell(spread, applied.clone(), now).await;
            }
        }
        !all.is_empty()
    }

    fn must_tell(&self, spread: &Spread, applied: &Applied, is_settled: bool, now: Now) -> bool {
        if !is_settled && (applied.targeted == 0 || applied.is_enough(&spread.asked)) {
            return false;
        }
        if spread.recorded.as_ref() == Some(applied) {
            return false;
        }
        let is_held = |applied: &Applied| !applied.holding.is_empty();
        let only_others = is_held(applied) && spread.recorded.as_ref().is_some_and(is_held);
        let is_calm =
            self.told.get(&spread.release).is_none_or(|told| now.uptime.saturating_sub(*told) >= AGAIN);
        let is_late = applied.targeted > 0 && spread.left.is_some_and(|left| left <= BEFORE_TIMEOUT);
        is_news(spread, applied) && (!only_others || is_calm) || is_late && is_calm
    }

    async fn tell(&mut self, spread: &Spread, heard: Applied, now: Now) {
        let (release, phase, step) = (Key::clone(&spread.release), Key::clone(&spread.phase), spread.step);
        tracing::debug!(%release, %phase, step, applied = heard.applied, targeted = heard.targeted, "propagation");
        self.told.insert(Key::clone(&release), now.uptime);
        let id = Key::clone(&release);
        let command = Box::new(move |tx: &mut Tx| propagation::applied(tx, &id, &phase, step, heard));
        match self.writer.run_as_leader(Request::system(command)).await {
            Ok(_) => {}
            // It ended meanwhile.
            Err(problem) if matches!(problem.code, Code::Terminal | Code::NotFound) => {}
            Err(problem) => {
                tracing::warn!(%release, code = problem.code.as_str(), detail = problem.detail, "propagation not taken");
            }
        }
    }
}
