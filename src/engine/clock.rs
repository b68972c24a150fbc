//! Where `now` comes from.

use std::sync::Arc;
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

/// The clock as the evaluator asks it.
pub(super) struct Asked<'c>(pub(super) &'c Arc<dyn Clock>);

impl Now for Asked<'_> {
    fn now(&self) -> i64 {
        self.0.now_ms()
    }
}
