//! How often each SDK key may ask.

use std::num::NonZeroU32;

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota};

/// How many keys are held before those that have rested are let go.
const KEYS: usize = 10_000;

/// So many evaluations of an SDK key a second, and at once; a bulk evaluation counts as one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pace {
    /// A second, in the long run.
    pub per_second: NonZeroU32,
    /// At once.
    pub burst: NonZeroU32,
}

impl Default for Pace {
    /// 5 000 a second, 10 000 at once: one flag is decided in microseconds.
    fn default() -> Self {
        let some = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self { per_second: some(5_000), burst: some(10_000) }
    }
}

/// Who asked how often.
#[derive(Debug)]
pub(super) struct Pacer(DefaultKeyedRateLimiter<String>);

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        Self(DefaultKeyedRateLimiter::keyed(Quota::per_second(pace.per_second).allow_burst(pace.burst)))
    }

    /// Counts a request of a key.
    ///
    /// # Errors
    /// The seconds to wait, at least 1.
    pub(super) fn admit(&self, key_id: &str) -> Result<(), u64> {
        if self.0.len() > KEYS {
            self.0.retain_recent();
        }
        self.0.check_key(&key_id.to_owned()).map_err(|until| {
            let wait = until.wait_time_from(self.0.clock().now());
            wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_that_asks_too_often_does_not_hold_up_another() {
        let one = NonZeroU32::MIN;
        let pacer = Pacer::new(Pace { per_second: one, burst: one });
        assert_eq!(pacer.admit("a"), Ok(()));
        assert_eq!(pacer.admit("a"), Err(1));
        assert_eq!(pacer.admit("b"), Ok(()));
    }
}
