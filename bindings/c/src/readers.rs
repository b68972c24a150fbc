//! Readers that an engine keeps for threads which check without one.
//!
//! ```text
//!  tg_engine_check ─ has this thread a place? ─ yes ─▶ lock it: one swap, on memory that no other thread writes ─▶ its reader
//!                            └ no ─▶ take a free one; where there is none, the engine checks without a reader
//!
//!  an update ─ for each place that is not locked: used since the last update? ─ yes ─▶ its reader sees the newest program
//!                                                                                └ no ──▶ it is free again
//! ```
//! So a place costs less than half of what the engine does without one (`ArcSwap::load`: two such swaps), no place keeps an old
//! program for longer than an update, and places of threads that ended are found again.
//!
//! A place is one thread's, and only an update ever waits beside it: that the lock is taken means that an update is at it, or that
//! this is a signal handler in the middle of a check, or a child of `fork`. Nobody waits then; the engine checks without a reader.
//!
//! INVARIANT: a place's reader is touched only by who locked it. Owner and lock are read again once it is locked, as an update
//! may have given the place away in between. The swap acquires what the store that unlocks has released.

use std::cell::UnsafeCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tidegate::{Engine, Reader};

use crate::thread;

/// Places of an engine; further threads do without.
const PLACES: usize = 128;
/// How many places a thread looks at.
const TRIES: usize = 4;

const NOBODY: usize = 0;

const LOCKED: u8 = 0;
/// Not since the last update.
const UNUSED: u8 = 1;
const USED: u8 = 2;

/// The readers of an engine; no memory until the first is needed.
#[derive(Default)]
pub(crate) struct Readers {
    places: OnceLock<Box<[Place]>>,
}

/// A thread's. Alone in its cache lines (processors fetch them in pairs).
#[repr(align(128))]
pub(crate) struct Place {
    owner: AtomicUsize,
    lock: AtomicU8,
    reader: UnsafeCell<Option<Reader>>,
}

// SAFETY: the reader, which is `Send`, is only touched by who holds the lock.
unsafe impl Sync for Place {}

impl Place {
    const fn free() -> Self {
        Self { owner: AtomicUsize::new(NOBODY), lock: AtomicU8::new(UNUSED), reader: UnsafeCell::new(None) }
    }

    /// `None` if somebody is at it.
    #[inline(always)]
    fn lock(&self) -> Option<u8> {
        Some(self.lock.swap(LOCKED, Ordering::Acquire)).filter(|before| *before != LOCKED)
    }

    /// Reads with this thread's reader; `None` if it is not its any more, or somebody is at it.
    #[inline(always)]
    pub(crate) fn with<T>(&self, read: impl FnOnce(&mut Reader) -> T) -> Option<T> {
        self.lock()?;
        let is_mine = self.owner.load(Ordering::Relaxed) == thread::current();
        // SAFETY: it is locked. A panic leaves it so, and its engine is poisoned.
        let reader = unsafe { &mut *self.reader.get() }.as_mut().filter(|_| is_mine);
        let result = reader.map(read);
        self.lock.store(USED, Ordering::Release);
        result
    }

    /// Takes it for this thread, if it is nobody's.
    #[cold]
    fn take(&self, engine: &Engine) -> bool {
        if self.owner.load(Ordering::Relaxed) != NOBODY || self.lock().is_none() {
            return false;
        }
        let is_free = self.owner.load(Ordering::Relaxed) == NOBODY;
        if is_free {
            // SAFETY: it is locked.
            unsafe { *self.reader.get() = Some(engine.reader()) };
            self.owner.store(thread::current(), Ordering::Relaxed);
        }
        self.lock.store(USED, Ordering::Release);
        is_free
    }

    /// Has its reader see what is served now, or gives it up.
    fn updated(&self) {
        let Some(before) = self.lock() else { return };
        // SAFETY: it is locked.
        let reader = unsafe { &mut *self.reader.get() };
        if before == USED {
            // A view is of the newest program; making it is what is wanted.
            if let Some(reader) = reader {
                drop(reader.view());
            }
        } else {
            *reader = None;
            self.owner.store(NOBODY, Ordering::Relaxed);
        }
        self.lock.store(UNUSED, Ordering::Release);
    }
}

impl Readers {
    /// Where this thread's place may be. The numbers of threads are far apart, and differ in their middle bits.
    #[inline(always)]
    fn tries(places: &[Place]) -> impl Iterator<Item = &Place> {
        let first = (thread::current() as u64 >> 6).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57;
        (0..TRIES).filter_map(move |next| places.get((first as usize).wrapping_add(next) % PLACES))
    }

    /// The place of this thread. Calls nothing.
    #[inline(always)]
    pub(crate) fn mine(&self) -> Option<&Place> {
        let here = thread::current();
        Self::tries(self.places.get()?).find(|place| place.owner.load(Ordering::Relaxed) == here)
    }

    /// The place of this thread, or a free one, which is then this thread's.
    pub(crate) fn find(&self, engine: &Engine) -> Option<&Place> {
        if let Some(mine) = self.mine() {
            return Some(mine);
        }
        let places = self.places.get_or_init(|| std::iter::repeat_with(Place::free).take(PLACES).collect());
        Self::tries(places).find(|place| place.take(engine))
    }

    /// After an update of the engine.
    pub(crate) fn updated(&self) {
        self.places.get().into_iter().flatten().for_each(Place::updated);
    }
}

const _: () = assert!(PLACES == 1 << (64 - 57));

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Engine {
        let engine = Engine::new();
        load(&engine, 1);
        engine
    }

    fn load(engine: &Engine, version: u32) {
        let document = format!(
            r#"{{"schema_version": 1, "version": {version}, "features": {{"g": {{"kind": "gate", "default": "on"}}}}}}"#
        );
        assert!(engine.load(document.as_bytes()).is_ok());
    }

    fn checked(readers: &Readers, engine: &Engine) -> Option<bool> {
        let context = engine.context().build();
        readers.find(engine)?.with(|reader| reader.check_name("g", &context))
    }

    fn taken(readers: &Readers) -> usize {
        let owned = |place: &&Place| place.owner.load(Ordering::Relaxed) != NOBODY;
        readers.places.get().into_iter().flatten().filter(owned).count()
    }

    #[test]
    fn place_is_a_threads_while_it_is_used() {
        let (engine, readers) = (engine(), Readers::default());
        assert!(readers.mine().is_none());
        assert_eq!((checked(&readers, &engine), taken(&readers)), (Some(true), 1));
        assert!(readers.mine().is_some());
        std::thread::scope(|scope| {
            let other = scope.spawn(|| (readers.mine().is_none(), checked(&readers, &engine)));
            assert!(matches!(other.join(), Ok((true, Some(true)))));
        });
        assert_eq!(taken(&readers), 2);
        // Both were used before this update, then this thread's alone: that of the thread that ended is free again.
        readers.updated();
        assert_eq!((checked(&readers, &engine), taken(&readers)), (Some(true), 2));
        readers.updated();
        assert_eq!(taken(&readers), 1);
        readers.updated();
        assert_eq!((taken(&readers), readers.mine().is_none()), (0, true));
    }

    #[test]
    fn update_has_a_place_see_what_is_served() {
        let (engine, readers) = (engine(), Readers::default());
        let old = std::sync::Arc::downgrade(&engine.program());
        assert_eq!(checked(&readers, &engine), Some(true));
        load(&engine, 2);
        assert!(old.upgrade().is_some(), "its reader holds it");
        readers.updated();
        load(&engine, 3);
        assert!(old.upgrade().is_none(), "nobody holds it");
    }

    #[test]
    fn place_that_somebody_is_at_is_done_without() {
        let (engine, readers) = (engine(), Readers::default());
        assert_eq!(checked(&readers, &engine), Some(true));
        let within = readers.mine().and_then(|place| {
            place.with(|_| (place.with(|_| ()), checked(&readers, &engine), readers.updated()))
        });
        assert_eq!(within, Some((None, None, ())));
        assert_eq!((checked(&readers, &engine), taken(&readers)), (Some(true), 1));
    }
}
