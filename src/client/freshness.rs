//! Whether what is served is proven to be what there is.
//!
//! A proof is a verified head with a later `at` than all before: `at`s are compared with each other only, ages are those
//! of the monotonic clock.

use std::time::Duration;

/// The state; time and proofs are told to it.
#[derive(Clone, Debug)]
pub(super) struct Freshness {
    /// When it began to count.
    began: Duration,
    proof: Option<Duration>,
    newest_at: i64,
    /// None: nothing has to be proven (a file).
    stale_after: Option<Duration>,
    told_stale: bool,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    None,
    Fresh,
    Stale(Option<Duration>),
}

impl Freshness {
    pub(super) fn new(now: Duration, stale_after: Option<Duration>) -> Self {
        Self { began: now, proof: None, newest_at: i64::MIN, stale_after, told_stale: false }
    }

    /// A head that is known from an earlier run: the same again proves nothing.
    pub(super) fn known(&mut self, at: i64) {
        self.newest_at = self.newest_at.max(at);
    }

    /// A verified head came.
    pub(super) fn renew(&mut self, at: i64, now: Duration) -> Turn {
        if at <= self.newest_at {
            return Turn::None;
        }
        self.newest_at = at;
        self.proof = Some(now);
        if std::mem::take(&mut self.told_stale) { Turn::Fresh } else { Turn::None }
    }

    /// Time went by.
    pub(super) fn tick(&mut self, now: Duration) -> Turn {
        if self.told_stale || !self.is_stale(now) {
            return Turn::None;
        }
        self.told_stale = true;
        Turn::Stale(self.age(now))
    }

    /// How long ago the newest proof came.
    pub(super) fn age(&self, now: Duration) -> Option<Duration> {
        self.proof.map(|proof| now.saturating_sub(proof))
    }

    pub(super) fn is_stale(&self, now: Duration) -> bool {
        let silence = now.saturating_sub(self.proof.unwrap_or(self.began));
        self.stale_after.is_some_and(|limit| silence >= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn ninety_seconds_without_a_later_head_are_stale_once() {
        let mut freshness = Freshness::new(s(100), Some(s(90)));
        assert_eq!(freshness.age(s(150)), None);
        assert_eq!(freshness.tick(s(189)), Turn::None);
        assert_eq!(freshness.tick(s(190)), Turn::Stale(None));
        assert_eq!(freshness.tick(s(191)), Turn::None);
        assert_eq!(freshness.renew(5, s(200)), Turn::Fresh);
        assert_eq!(freshness.renew(6, s(210)), Turn::None);
        assert_eq!((freshness.age(s(220)), freshness.is_stale(s(299))), (Some(s(10)), false));
        assert_eq!(freshness.tick(s(300)), Turn::Stale(Some(s(90))));
    }

    #[test]
    fn a_replayed_head_proves_nothing() {
        let mut freshness = Freshness::new(s(0), Some(s(90)));
        freshness.known(7);
        for (at, now) in [(7, 10), (6, 20), (-3, 30)] {
            assert_eq!(freshness.renew(at, s(now)), Turn::None);
            assert_eq!(freshness.age(s(now)), None);
        }
        assert_eq!(freshness.tick(s(90)), Turn::Stale(None));
        assert_eq!(freshness.renew(8, s(91)), Turn::Fresh);
    }

    #[test]
    fn a_wall_clock_that_is_wrong_by_a_day_changes_nothing() {
        // The server's clock jumps back: its heads prove nothing until they pass the latest that was seen.
        let day = 86_400_000;
        let mut freshness = Freshness::new(s(0), Some(s(90)));
        let _ = freshness.renew(10 * day, s(1));
        let _ = freshness.renew(9 * day, s(2));
        assert_eq!(freshness.age(s(3)), Some(s(2)));
    }

    #[test]
    fn a_file_is_never_stale() {
        let mut freshness = Freshness::new(s(0), None);
        assert_eq!(freshness.tick(s(1_000_000)), Turn::None);
        assert!(!freshness.is_stale(s(1_000_000)));
    }
}
