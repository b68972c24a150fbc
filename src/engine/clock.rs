//! Where `now` comes from.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::eval::Now;

/// A clock; tests and simulations bring their own.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> i64;
}

/// The system's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

impl<F: Fn() -> i64 + Send + Sync> Clock for F {
    fn now_ms(&self) -> i64 {
        self()
    }
}

/// Asks the clock at the first time test, and only then.
pub(super) struct Lazily<'c> {
    clock: &'c dyn Clock,
    known: Cell<Option<i64>>,
}

impl<'c> Lazily<'c> {
    pub(super) fn new(clock: &'c dyn Clock) -> Self {
        Self { clock, known: Cell::new(None) }
    }
}

impl Now for Lazily<'_> {
    fn now(&self) -> i64 {
        self.known.get().unwrap_or_else(|| {
            let now = self.clock.now_ms();
            self.known.set(Some(now));
            now
        })
    }
}
