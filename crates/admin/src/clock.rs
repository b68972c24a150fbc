//! The two clocks, injected.

use tidegate::release::Now;

/// The wall clock, and the server's uptime in all.
pub trait Clock: Send + Sync {
    /// Both, read once.
    fn now(&self) -> Now;
}
