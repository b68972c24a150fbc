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
    /// A fork is about to happen.
    forks: bool,
}

static PROCESS: Guarded<Process> = Guarded::new(Process { updates: 0, forks: false });

thread_local! {
    /// Updates that are under way on this thread: one within the callback of another, say.
    static OWN: Cell<usize> = const { Cell::new(0) };
}

const PAUSE: Duration = Duration::from_millis(1);

/// A fork does not wait longer than this: an update may wait for the thread that forks.
const LONGEST: Duration = Duration::from_secs(5);

fn change<R>(py: Python<'_>, change: impl FnOnce(&mut Process) -> R) -> Option<R> {
    PROCESS.lend(py).map(|mut process| change(&mut process))
}

/// Does what holds an engine's lock, without the GIL.
pub(crate) fn update<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    while OWN.get() == 0 && change(py, |process| process.forks) == Some(true) {
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
    change(py, |process| process.forks = true);
    let until = Instant::now() + LONGEST;
    while change(py, |process| process.updates > OWN.get()) == Some(true) && Instant::now() < until {
        py.detach(|| std::thread::sleep(PAUSE));
    }
}

/// Lets updates begin again; in the child, those of other threads are not under way.
#[pyfunction]
pub(crate) fn _after_fork(py: Python<'_>, in_child: bool) {
    change(py, |process| {
        process.forks = false;
        if in_child {
            process.updates = OWN.get();
        }
    });
}
