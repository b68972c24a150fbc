//! How long to wait after a failure: decorrelated jitter, so that clients that lost the server together come back apart.

use std::time::Duration;

use super::uptime::Chance;

/// The next wait is even between `base` and three times the last one, and `cap` at most.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    base: Duration,
    cap: Duration,
    last: Duration,
}

impl Backoff {
    pub(super) const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, last: base }
    }

    /// After a success.
    pub(super) fn reset(&mut self) {
        self.last = self.base;
    }

    /// The next wait; not below what a server asked for, which is stretched by up to a quarter: it asked all alike.
    pub(super) fn next(&mut self, asked: Option<Duration>, chance: &mut Chance) -> Duration {
        // Three times, and at first five times the base: there is no last wait to spread from yet.
        let factor = if self.last == self.base { 5 } else { 3 };
        self.last = chance.between(self.base, self.last.saturating_mul(factor)).min(self.cap);
        let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
        self.last.max(chance.between(asked, asked.mul_f64(1.25)))
    }
}

/// A server that asks for a longer wait is asked again after this.
const LONGEST_ASKED: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_millis(200);
    const CAP: Duration = Duration::from_secs(30);

    #[test]
    fn waits_grow_within_their_bounds() {
        let mut chance = Chance::new(Some(7));
        let mut backoff = Backoff::new(BASE, CAP);
        let waits: Vec<Duration> = (0..1_000).map(|_| backoff.next(None, &mut chance)).collect();
        assert!(waits.iter().all(|wait| (BASE..=CAP).contains(wait)));
        assert!(waits.iter().skip(20).sum::<Duration>() > Duration::from_secs(2) * 980);
        backoff.reset();
        assert!(backoff.next(None, &mut chance) <= BASE * 5);
    }

    #[test]
    fn two_hundred_that_fail_at_once_come_back_apart() {
        let mut firsts: Vec<Duration> =
            (0..200).map(|seed| Backoff::new(BASE, CAP).next(None, &mut Chance::new(Some(seed)))).collect();
        firsts.sort();
        // In no 100 ms of the 800 more than a quarter of them.
        let crowded = firsts
            .iter()
            .map(|first| firsts.iter().filter(|other| (*first..*first + BASE / 2).contains(other)).count());
        assert!(crowded.max().unwrap() <= 50);
    }

    #[test]
    fn what_the_server_asks_for_is_waited_and_spread() {
        let asked = Duration::from_secs(120);
        let waits: Vec<Duration> = (0..100)
            .map(|seed| Backoff::new(BASE, CAP).next(Some(asked), &mut Chance::new(Some(seed))))
            .collect();
        assert!(waits.iter().all(|wait| (asked..=asked * 5 / 4).contains(wait)));
        assert!(waits.iter().max() > waits.iter().min());
        let for_ever =
            Backoff::new(BASE, CAP).next(Some(Duration::from_secs(1 << 40)), &mut Chance::new(Some(1)));
        assert!(for_ever <= LONGEST_ASKED * 5 / 4);
    }
}
