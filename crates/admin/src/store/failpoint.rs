//! Points at which a test may have the process killed; nothing in a release build.

/// All points, in the order in which a write passes them.
pub const POINTS: &[&str] = &[
    "migrate.applied",
    "lease.taken",
    "uptime.written",
    "batch.begun",
    "batch.events",
    "batch.entities",
    "batch.rows",
    "batch.outbox",
    "batch.answers",
    "batch.head",
    "batch.committed",
    "batch.published",
    "delivery.marked",
];

/// Kills the process (SIGKILL) if `TIDEGATE_FAILPOINT` is `<point>:<n>` and this is the n-th time that it gets here.
#[cfg(debug_assertions)]
pub(crate) fn reach(point: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static REACHED: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("TIDEGATE_FAILPOINT").ok()?;
        let (point, n) = text.split_once(':')?;
        Some((point.to_owned(), n.parse().ok()?))
    });
    let Some((name, n)) = wanted else { return };
    debug_assert!(POINTS.contains(&point), "`{point}` is not listed");
    if name == point && REACHED.fetch_add(1, Ordering::Relaxed) + 1 == *n {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // The signal ends all threads; this one must not get any further meanwhile.
        loop {
            std::thread::park();
        }
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn reach(_: &str) {}
