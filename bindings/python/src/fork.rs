//! What must not be under way while the process forks: updates of engines, on threads that the child will not have.
//!
//! An update holds the engine's lock and has let go of the GIL. A child that is forked then inherits a lock that nobody lets go of.
//! So a fork waits for updates, and updates that come meanwhile wait for the fork. Clients have their own way (`Client::quiesce`).

use std::cell::Cell;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::gil::Guarded;

#[derive(Debug)]
struct Process {
    /// Updates that are under way.
    updates: usize,
    /// Forks that are about to happen, each on a thread of its own.
    forks: usize,
}

static PROCESS: Guarded<Process> = Guarded::new(Process { updates: 0, forks: 0 });

thread_local! {
    /// Updates that are under way on this thread: one within the callback of another, say.
    static OWN: Cell<usize> = const { Cell::new(0) };

    /// Whether this thread is about to fork: what its hooks, or a signal's handler, do meanwhile is not waited for by itself.
    static FORKS: Cell<bool> = const { Cell::new(false) };
}

const PAUSE: Duration = Duration::from_millis(1);

/// Neither waits longer than this for the other: an update may wait for the thread that forks.
const LONGEST: Duration = Duration::from_secs(5);

fn change<R>(py: Python<'_>, change: impl FnOnce(&mut Process) -> R) -> Option<R> {
    PROCESS.lend(py).map(|mut process| change(&mut process))
}

/// Does what holds an engine's lock, without the GIL.
pub(crate) fn update<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    let until = Instant::now() + LONGEST;
    let may_wait = OWN.get() == 0 && !FORKS.get();
    while may_wait && change(py, |process| process.forks > 0) == Some(true) && Instant::now() < until {
        py.detach(|| std::thread::sleep(PAUSE));
    }
    let _counted = Counted::new(py);
    py.detach(work)
}

struct Counted<'py>(Python<'py>);

impl<'py> Counted<'py> {
    fn new(py: Python<'py>) -> Self {
        change(py, |process| process.updates = process.updates.saturating_add(1));
        OWN.set(OWN.get().saturating_add(1));
        Self(py)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        change(self.0, |process| process.updates = process.updates.saturating_sub(1));
        OWN.set(OWN.get().saturating_sub(1));
    }
}

/// Waits until no update is under way, and lets none begin.
#[pyfunction]
pub(crate) fn _before_fork(py: Python<'_>) {
    FORKS.set(true);
    change(py, |process| process.forks = process.forks.saturating_add(1));
    let until = Instant::now() + LONGEST;
    while change(py, |process| process.updates > OWN.get()) == Some(true) && Instant::now() < until {
        py.detach(|| std::thread::sleep(PAUSE));
    }
}

/// Lets updates begin again; in the child, those of other threads are not under way.
#[pyfunction]
pub(crate) fn _after_fork(py: Python<'_>, in_child: bool) {
    FORKS.set(false);
    change(py, |process| {
        if in_child {
            // Of the other threads nothing is there, forks included.
            *process = Process { updates: OWN.get(), forks: 0 };
        } else {
            process.forks = process.forks.saturating_sub(1);
        }
    });
}
