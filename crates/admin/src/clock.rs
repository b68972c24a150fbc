//! The two clocks, injected: the wall, and the server uptime in all.
//!
//! ```text
//!   uptime = total persisted by the leader + the monotonic time since
//!     leader:   all of it counts; the total is persisted every [`BEAT`] and with every commit
//!     follower: what it last heard of the leader + at most [`GRACE`]: time without a leader does not count
//!     crash:    the next start goes on from what was persisted, at most 5 s behind: waits get longer, never shorter
//! ```
//! A follower hears the total each second (NOTIFY), so it is behind the leader by the way of a message, and ahead of one that
//! died by at most [`GRACE`]. It never goes back: neither here nor in the log, for a transaction takes at least the total that
//! the transaction before it took.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use tidegate::release::{NextWake, Now};
use tokio::sync::watch;

/// How often the leader persists the total.
pub const BEAT: Duration = Duration::from_secs(1);
/// For how long a follower counts on without having heard of the leader.
pub const GRACE: Duration = Duration::from_secs(5);
/// How often the wall clock is looked at while something waits for it: it may be set.
const WALL_POLL: Duration = Duration::from_millis(200);
/// The longest sleep.
const NAP: Duration = Duration::from_secs(1);

/// The wall clock, and the server's uptime in all.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Both, read once.
    fn now(&self) -> Now;

    /// Both, for what is measured of others: of instances that report at the pace of their own clocks. Differs from `now` only
    /// where the uptime is made to run fast.
    fn measured(&self) -> Now {
        self.now()
    }

    /// Takes note of a total that is known to have passed; the uptime is at least that from now on.
    fn at_least(&self, _total: u64) {}

    /// Takes note of what the leader's uptime is at this moment.
    fn heard(&self, _total: u64) {}

    /// Leads from now on (its own time counts), or follows.
    fn lead(&self, _leads: bool) {}

    /// Sleeps until the first of both instants, or a little; the caller looks at the clock again.
    async fn sleep(&self, _until: NextWake) {
        tokio::time::sleep(WALL_POLL / 4).await;
    }
}

/// Whether one of both instants has come.
#[must_use]
pub fn has_come(wake: NextWake, now: Now) -> bool {
    wake.uptime.is_some_and(|at| at <= now.uptime) || wake.wall.is_some_and(|at| at <= now.wall)
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    uptime: Mutex<Uptime>,
}

#[derive(Debug)]
struct Uptime {
    total: u64,
    since: Instant,
    leads: bool,
    /// What was given out: it never goes back.
    last: u64,
}

impl Uptime {
    fn read(&mut self) -> u64 {
        let passed = self.since.elapsed();
        let passed = if self.leads { passed } else { passed.min(GRACE) };
        let passed = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        self.last = self.last.max(self.total.saturating_add(passed));
        self.last
    }

    fn set(&mut self, total: u64) {
        self.total = total;
        self.since = Instant::now();
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemClock {
    /// The machine's clocks; the uptime is 0 and stands nearly still until the server leads or hears of a leader.
    #[must_use]
    pub fn new() -> Self {
        Self { uptime: Mutex::new(Uptime { total: 0, since: Instant::now(), leads: false, last: 0 }) }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Now {
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Now { wall: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX), uptime: self.uptime.lock().read() }
    }

    fn at_least(&self, total: u64) {
        let mut uptime = self.uptime.lock();
        if uptime.read() < total {
            uptime.set(total);
        }
    }

    fn heard(&self, total: u64) {
        let mut uptime = self.uptime.lock();
        if !uptime.leads {
            uptime.set(total);
        }
    }

    fn lead(&self, leads: bool) {
        let mut uptime = self.uptime.lock();
        if uptime.leads != leads {
            // What was given out has passed; what a follower would only have guessed has not.
            let total = if uptime.leads { uptime.read() } else { uptime.last.max(uptime.total) };
            uptime.leads = leads;
            uptime.set(total);
        }
    }

    async fn sleep(&self, until: NextWake) {
        let now = self.now();
        let left = |ms: u64| Duration::from_millis(ms);
        let uptime = until.uptime.map(|at| left(at.saturating_sub(now.uptime)));
        let wall =
            until.wall.map(|at| left(u64::try_from(at.saturating_sub(now.wall)).unwrap_or(0)).min(WALL_POLL));
        let nap = uptime.into_iter().chain(wall).fold(NAP, Duration::min);
        tokio::time::sleep(nap).await;
    }
}

/// A clock that a test moves.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Now>,
}

impl ManualClock {
    /// Stands at that wall time (ms), uptime 0.
    #[must_use]
    pub fn new(wall: i64) -> Self {
        Self { now: watch::Sender::new(Now { wall, uptime: 0 }) }
    }

    /// Time passes while the server is up.
    pub fn advance(&self, ms: u64) {
        self.now.send_modify(|now| {
            now.uptime += ms;
            now.wall += i64::try_from(ms).unwrap_or(i64::MAX);
        });
    }

    /// The wall clock is set; no time passes.
    pub fn set_wall(&self, wall: i64) {
        self.now.send_modify(|now| now.wall = wall);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.now.borrow()
    }

    fn at_least(&self, total: u64) {
        self.now.send_modify(|now| now.uptime = now.uptime.max(total));
    }

    async fn sleep(&self, until: NextWake) {
        let mut changes = self.now.subscribe();
        while !has_come(until, *changes.borrow_and_update()) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_never_goes_back_and_goes_on_from_what_was_persisted() {
        let clock = SystemClock::new();
        clock.at_least(5_000);
        clock.lead(true);
        let first = clock.now().uptime;
        assert!((5_000..6_000).contains(&first), "{first}");
        clock.at_least(10);
        clock.heard(10);
        assert!(clock.now().uptime >= first);
        clock.lead(false);
        clock.heard(10);
        assert!(clock.now().uptime >= first);
    }

    #[test]
    fn a_follower_counts_on_for_the_grace_only() {
        let clock = SystemClock::new();
        clock.heard(1_000);
        let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        clock.uptime.lock().since = long_ago;
        assert_eq!(clock.now().uptime, 6_000);
        clock.uptime.lock().leads = true;
        assert!(clock.now().uptime >= 61_000);
    }

    #[test]
    fn who_takes_over_does_not_count_the_time_without_a_leader() {
        let clock = SystemClock::new();
        clock.heard(1_000);
        clock.uptime.lock().since = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        clock.lead(true);
        assert!((1_000..2_000).contains(&clock.now().uptime));
    }
}
