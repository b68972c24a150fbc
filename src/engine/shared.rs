//! What readers share: the program, and a number that tells them when it is another one.
//!
//! A writer first swaps the program, then raises the epoch (release). A reader compares the epoch with the one that it
//! knows (acquire): equal, and its own `Arc` is the newest program or one that is being replaced at this moment; else it
//! loads the program, which is then at least as new as that epoch. Readers write nothing that others read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::late::Late;
use crate::program::Program;

/// The program that is served.
#[derive(Debug, Default)]
pub(super) struct Shared {
    program: ArcSwap<Program>,
    epoch: AtomicU64,
    /// The names of handles that no program knew when they were taken. For itself, as views count who has it, which must not
    /// disturb who reads the epoch.
    pub(super) late: Arc<Late>,
}

impl Shared {
    #[inline(always)]
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// An epoch, and a program that is at least as new.
    pub(super) fn load(&self) -> (u64, Arc<Program>) {
        let epoch = self.epoch();
        (epoch, self.program.load_full())
    }

    #[inline]
    pub(super) fn program(&self) -> arc_swap::Guard<Arc<Program>> {
        self.program.load()
    }

    /// Serves another program; returns the one before.
    pub(super) fn swap(&self, program: Arc<Program>) -> Arc<Program> {
        let old = self.program.swap(program);
        self.epoch.fetch_add(1, Ordering::Release);
        old
    }
}
