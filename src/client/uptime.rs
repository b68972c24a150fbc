//! What is injected in tests: the clock that ages are measured with, and chance.

use std::time::{Duration, Instant};

/// A clock that only goes forward: how long since some fixed moment.
///
/// The client reads no wall clock: one that is wrong by a day changes nothing.
pub trait Uptime: Send + Sync {
    /// How long since the fixed moment.
    fn now(&self) -> Duration;
}

/// The system's monotonic clock, since this was made.
#[derive(Clone, Copy, Debug)]
pub struct SystemUptime(Instant);

impl Default for SystemUptime {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Uptime for SystemUptime {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl<F: Fn() -> Duration + Send + Sync> Uptime for F {
    fn now(&self) -> Duration {
        self()
    }
}

/// Chance for jitter (SplitMix64); not for secrets.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// Of a seed; of the system's randomness if there is none.
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self(seed.unwrap_or_else(|| {
            // Without randomness of the system, clients still differ by process and by address space layout.
            let differs = u64::from(std::process::id()) << 32 ^ std::ptr::from_ref(&seed).addr() as u64;
            getrandom::u64().unwrap_or(differs)
        }))
    }

    /// Another sequence, that of this seed as well.
    pub(super) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ word >> 31
    }

    /// Evenly from `low` to `high`; `low` if that is not less.
    pub(super) fn between(&mut self, low: Duration, high: Duration) -> Duration {
        // 2⁻⁵³: the double in [0, 1) that is made of the 53 upper bits.
        let share = (self.next() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0);
        low.saturating_add(high.saturating_sub(low).mul_f64(share))
    }

    /// A duration, more or less by up to a share of it.
    pub(super) fn around(&mut self, middle: Duration, share: f64) -> Duration {
        self.between(middle.mul_f64(1.0 - share), middle.mul_f64(1.0 + share))
    }
}
