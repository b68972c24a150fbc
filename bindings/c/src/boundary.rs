//! The boundary: what every export does before and after its work.
//!
//! ```text
//!  boundary!({ … })                 no handle
//!  boundary!(shared engine { … })   a handle that several threads may use at once: `engine` becomes a reference
//!  boundary!(changed context { … }) a handle that this call changes
//!  boundary!(mine reader { … })     a handle of one thread, which is alone with it until it returns
//!  boundary!(or value; { … })       what cannot fail: `value` if it panics
//!  boundary!(known engine { … })    a pointer to a handle that is known to be fine
//!  boundary!(caught { … } then { Some(…) => …, _ => f(…) })
//!                                   work that an export leaves undone to other boundaries, which it jumps to: after it come loads,
//!                                   stores and jumps alone; `None` if it panicked
//! ```
//! A panic is caught, poisons the handle, and becomes `TG_STATUS_PANIC`; the handle then refuses whatever it is asked. The
//! checks before the work are loads and comparisons, and cannot panic.
//!
//! Handles have their layout by `cfg_attr(all(), repr(C))`: it is `repr(C)` to the compiler, and cbindgen, which does not see it,
//! shows them as opaque.
//!
//! INVARIANT: each handle begins with its [`Mark`], so that a handle of another kind, or one that was freed and whose memory
//! is still as it was, is told apart. What cannot be told apart is undefined, as everywhere in C.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use crate::status::tg_status;
use crate::thread;

/// What a handle is, and whether it may be used.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Mark(AtomicU32);

/// Beside a kind, whose letters are ASCII.
const POISONED: u32 = 1 << 31;
const FREED: u32 = 1;

impl Mark {
    pub(crate) fn live<T: Handle>() -> Self {
        Self(AtomicU32::new(T::KIND))
    }

    #[inline(always)]
    fn check<T: Handle>(&self) -> Result<(), tg_status> {
        let found = self.0.load(Ordering::Relaxed);
        if found == T::KIND { Ok(()) } else { Err(refusal(found, T::KIND)) }
    }

    /// It stays of its kind: as one of another it is neither used nor freed.
    #[cold]
    pub(crate) fn poison(&self) {
        self.0.fetch_or(POISONED, Ordering::Relaxed);
    }
}

#[cold]
fn refusal(found: u32, wanted: u32) -> tg_status {
    if found == wanted | POISONED { tg_status::Poisoned } else { tg_status::InvalidHandle }
}

/// Whether a kind is told apart from one that is poisoned or freed.
pub(crate) const fn may_mark(kind: u32) -> bool {
    kind & POISONED == 0 && kind != FREED && kind != 0
}

/// A type that C holds a pointer to.
///
/// # Safety
/// It is `#[repr(C)]` and begins with a [`Mark`].
pub(crate) unsafe trait Handle: Sized {
    /// Tells the kinds of handles apart (see [`may_mark`]).
    const KIND: u32;

    fn mark(&self) -> &Mark;

    /// Refuses it from now on.
    #[cold]
    fn poison(&self) {
        self.mark().poison();
    }

    /// Whether a callback of it is running.
    fn is_busy(&self) -> bool {
        false
    }

    /// Whether it is the library's own, and C has it for the time of a callback: C cannot free it.
    fn is_lent(&self) -> bool {
        false
    }

    /// Refuses it from now on, as one that is freed.
    fn retire(&self) {}

    /// Gives it to C.
    fn give(self) -> *mut Self {
        Box::into_raw(Box::new(self))
    }
}

/// The third word is the field that is closed with the handle: an [`Owner`], or a [`Seal`].
macro_rules! handle {
    ($name:ident, $kind:literal $(, $owner:ident)? $(; lent: $lent:ident)?) => {
        // SAFETY: `#[repr(C)]`, and `mark` is its first field.
        unsafe impl $crate::boundary::Handle for $name {
            const KIND: u32 = u32::from_be_bytes(*$kind);

            #[inline(always)]
            fn mark(&self) -> &$crate::boundary::Mark {
                &self.mark
            }
            $(
                #[cold]
                fn poison(&self) {
                    self.mark.poison();
                    self.$owner.close();
                }

                fn is_busy(&self) -> bool {
                    self.$owner.is_closed()
                }

                fn retire(&self) {
                    self.$owner.close();
                }
            )?
            $(
                fn is_lent(&self) -> bool {
                    self.$lent
                }
            )?
        }
        const _: () = assert!(std::mem::offset_of!($name, mark) == 0);
        const _: () = assert!($crate::boundary::may_mark(<$name as $crate::boundary::Handle>::KIND));
    };
}

/// A handle that C passed, to be read.
///
/// # Safety
/// NULL, or a pointer that this library gave for this kind of handle and that nobody changes during `'a`.
#[inline(always)]
pub(crate) unsafe fn shared<'a, T: Handle>(pointer: *const T) -> Result<&'a T, tg_status> {
    // SAFETY: the caller's, and NULL is told apart.
    let handle = unsafe { pointer.as_ref() }.ok_or(tg_status::NullPointer)?;
    handle.mark().check::<T>()?;
    Ok(handle)
}

/// A handle that C passed, to be changed.
///
/// # Safety
/// As of [`shared`], and nobody else uses it during `'a`.
#[inline(always)]
pub(crate) unsafe fn changed<'a, T: Handle>(pointer: *mut T) -> Result<&'a mut T, tg_status> {
    // SAFETY: the caller's, and NULL is told apart.
    let handle = unsafe { pointer.as_mut() }.ok_or(tg_status::NullPointer)?;
    handle.mark().check::<T>()?;
    Ok(handle)
}

/// Whose thread a handle is: that of its first use. The number of the thread is mixed with the kind, so that one comparison tells
/// other threads and other kinds apart.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Owner(AtomicUsize);

const NOBODY: usize = 0;
/// Poisoned, freed, or in a callback.
const CLOSED: usize = 1;

/// Whether a kind, mixed with any thread's number, is neither of these: its last bits are no thread's.
pub(crate) const fn may_own(kind: u32) -> bool {
    kind as usize % thread::ALIGN > CLOSED
}

impl Owner {
    pub(crate) const fn nobody() -> Self {
        Self(AtomicUsize::new(NOBODY))
    }

    #[inline(always)]
    fn is_current<T: Handle>(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::here(T::KIND)
    }

    #[inline(always)]
    fn here(kind: u32) -> usize {
        thread::current() ^ kind as usize
    }

    /// Takes it for this thread, if it is nobody's.
    #[cold]
    #[inline(never)]
    fn take(&self, mark: &Mark, kind: u32) -> Result<(), tg_status> {
        let found = mark.0.load(Ordering::Relaxed);
        if found != kind {
            return Err(refusal(found, kind));
        }
        match self.0.compare_exchange(NOBODY, Self::here(kind), Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(CLOSED) => Err(tg_status::Busy),
            Err(_) => Err(tg_status::WrongThread),
        }
    }

    /// Lets nobody in, this thread included.
    #[cold]
    pub(crate) fn close(&self) {
        self.0.store(CLOSED, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.load(Ordering::Relaxed) == CLOSED
    }

    /// Refuses its own thread until the guard is dropped: while a callback runs.
    pub(crate) fn busy(&self) -> BusyGuard<'_> {
        let before = self.0.load(Ordering::Relaxed);
        self.close();
        BusyGuard { owner: self, before }
    }
}

/// See [`Owner::busy`].
pub(crate) struct BusyGuard<'o> {
    owner: &'o Owner,
    before: usize,
}

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        self.owner.0.store(self.before, Ordering::Relaxed);
    }
}

/// A handle that is one thread's.
///
/// # Safety
/// `owner` is a field of it.
pub(crate) unsafe trait Owned: Handle {
    /// Without a reference to the whole, of which it is not known yet what it is.
    ///
    /// # Safety
    /// `pointer` points to a handle of this kind.
    unsafe fn owner<'a>(pointer: *const Self) -> &'a Owner;
}

macro_rules! owned {
    ($name:ident) => {
        const _: () = assert!($crate::boundary::may_own(<$name as $crate::boundary::Handle>::KIND));
        // SAFETY: it is a field.
        unsafe impl $crate::boundary::Owned for $name {
            #[inline(always)]
            unsafe fn owner<'a>(pointer: *const Self) -> &'a $crate::boundary::Owner {
                // SAFETY: the caller's; only this field is referred to.
                unsafe { &*(&raw const (*pointer).owner) }
            }
        }
    };
}

/// A handle of this thread, or of none so far.
///
/// # Safety
/// NULL, or a pointer that this library gave for this kind of handle and that is not being freed.
///
/// Not a `&mut`: other threads may look at the owner at any time, to be refused.
#[inline(always)]
pub(crate) unsafe fn mine<'a, T: Owned>(pointer: *mut T) -> Result<&'a T, tg_status> {
    if pointer.is_null() {
        return Err(tg_status::NullPointer);
    }
    // SAFETY: not NULL, else the caller's.
    let owner = unsafe { T::owner(pointer) };
    if !owner.is_current::<T>() {
        // SAFETY: as above; the mark is the first field and atomic.
        owner.take(unsafe { &*pointer.cast::<Mark>() }, T::KIND)?;
    }
    // SAFETY: it is alive, and of this kind, as its owner said.
    Ok(unsafe { &*pointer })
}

/// As [`mine`], of a handle that is this thread's already. Calls nothing.
///
/// # Safety
/// As of [`mine`].
#[inline(always)]
pub(crate) unsafe fn already_mine<'a, T: Owned>(pointer: *mut T) -> Option<&'a T> {
    // SAFETY: the caller's; it is looked at if it is not NULL, and is of this kind if its owner says so.
    unsafe { (!pointer.is_null() && T::owner(pointer).is_current::<T>()).then(|| &*pointer) }
}

/// A handle that was checked before.
///
/// # Safety
/// It is alive, and may be used as the caller wants.
#[inline(always)]
pub(crate) unsafe fn known<'a, T: Handle>(pointer: *const T) -> Result<&'a T, tg_status> {
    // SAFETY: the caller's.
    Ok(unsafe { &*pointer })
}

/// What a handle is, and of which engine, in one number, so that one comparison tells all of it.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Seal(AtomicU64);

/// Freed or poisoned. No kind is 0.
const BROKEN: u64 = 0;

impl Seal {
    pub(crate) fn live<T: Handle>(engine: u32) -> Self {
        Self(AtomicU64::new(Self::of::<T>(engine)))
    }

    /// The number of the handles of an engine that may be used.
    pub(crate) const fn of<T: Handle>(engine: u32) -> u64 {
        (T::KIND as u64) << 32 | engine as u64
    }

    #[inline(always)]
    pub(crate) fn is(&self, wanted: u64) -> bool {
        self.0.load(Ordering::Relaxed) == wanted
    }

    #[cold]
    pub(crate) fn close(&self) {
        self.0.store(BROKEN, Ordering::Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is(BROKEN)
    }
}

/// Takes a handle back from C, and drops it.
///
/// # Safety
/// NULL, or a pointer that this library gave for this kind of handle, that nobody uses any more.
pub(crate) unsafe fn free<T: Handle>(pointer: *mut T) {
    // SAFETY: the caller's.
    let Some(handle) = (unsafe { pointer.as_ref() }) else { return };
    if release(handle) {
        // SAFETY: it came from `give`, and only one caller gets here.
        drop(unsafe { Box::from_raw(pointer) });
    }
}

/// Marks a handle as freed; whether it is to be dropped. A poisoned one is; one that is freed already, or of another kind, or lent,
/// or in a callback of its own, is left alone.
fn release<T: Handle>(handle: &T) -> bool {
    let mark = &handle.mark().0;
    let found = mark.load(Ordering::Relaxed);
    // What it is comes first: of another kind there is nothing else to ask.
    let may = found == T::KIND | POISONED || found == T::KIND && !handle.is_busy();
    let may = may && !handle.is_lent();
    let is_ours = may && mark.compare_exchange(found, FREED, Ordering::AcqRel, Ordering::Relaxed).is_ok();
    if is_ours {
        handle.retire();
    }
    is_ours
}

/// Where a result goes.
pub(crate) struct Out<'a, T>(&'a mut MaybeUninit<T>);

/// An out-parameter.
///
/// # Safety
/// NULL, or valid for a write of `T`.
#[inline(always)]
pub(crate) unsafe fn out<'a, T>(pointer: *mut T) -> Result<Out<'a, T>, tg_status> {
    // SAFETY: the caller's; what is there may be uninitialised.
    unsafe { pointer.cast::<MaybeUninit<T>>().as_mut() }.map(Out).ok_or(tg_status::NullPointer)
}

impl<T> Out<'_, T> {
    #[inline(always)]
    pub(crate) fn set(self, value: T) {
        self.0.write(value);
    }
}

/// Runs the work of an export; `None` if it panicked.
#[inline(always)]
pub(crate) fn caught<R>(work: impl FnOnce() -> R) -> Option<R> {
    // What a panic may leave half done is the handle, which is poisoned then.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}

macro_rules! boundary {
    ({ $($work:tt)* }) => {
        match $crate::boundary::caught(|| -> Result<(), $crate::status::tg_status> { $($work)* }) {
            Some(Ok(())) => $crate::status::tg_status::Ok,
            Some(Err(status)) => status,
            None => $crate::status::tg_status::Panic,
        }
    };
    (or $otherwise:expr; { $($work:tt)* }) => {
        $crate::boundary::caught(|| { $($work)* }).unwrap_or($otherwise)
    };
    (caught { $($work:tt)* } then { $($then:tt)* }) => {
        match $crate::boundary::caught(|| { $($work)* }) { $($then)* }
    };
    ($way:ident $handle:ident { $($work:tt)* }) => {{
        // SAFETY: what C promises of each handle (see the head of tidegate.h).
        match unsafe { $crate::boundary::$way($handle) } {
            Ok($handle) => {
                match $crate::boundary::caught(|| -> Result<(), $crate::status::tg_status> { $($work)* }) {
                    Some(Ok(())) => $crate::status::tg_status::Ok,
                    Some(Err(status)) => status,
                    None => {
                        $crate::boundary::Handle::poison($handle);
                        $crate::status::tg_status::Panic
                    }
                }
            }
            Err(status) => status,
        }
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    struct Shared {
        mark: Mark,
        calls: u32,
    }
    handle!(Shared, b"tst1");

    #[repr(C)]
    struct Own {
        mark: Mark,
        owner: Owner,
    }
    handle!(Own, b"tst2", owner);
    owned!(Own);

    #[repr(C)]
    struct Sealed {
        mark: Mark,
        seal: Seal,
    }
    handle!(Sealed, b"tst3", seal);

    unsafe fn call(handle: *mut Shared, defect: bool) -> tg_status {
        boundary!(changed handle {
            handle.calls += 1;
            assert!(!defect, "a defect, on purpose");
            Ok(())
        })
    }

    unsafe fn call_own(handle: *mut Own, defect: bool) -> tg_status {
        boundary!(mine handle {
            let _ = &handle.owner;
            assert!(!defect, "a defect, on purpose");
            Ok(())
        })
    }

    #[test]
    fn panic_poisons_its_handle_alone() {
        let new = || Shared { mark: Mark::live::<Shared>(), calls: 0 }.give();
        let (one, other) = (new(), new());
        // SAFETY: both are alive until they are freed.
        unsafe {
            assert_eq!(call(one, false), tg_status::Ok);
            assert_eq!(call(one, true), tg_status::Panic);
            assert_eq!((call(one, false), (*one).calls), (tg_status::Poisoned, 2));
            assert_eq!(call(other, false), tg_status::Ok);
            free(one);
            free(other);
        }
    }

    #[test]
    fn seal_is_broken_with_its_handle() {
        let new = || Sealed { mark: Mark::live::<Sealed>(), seal: Seal::live::<Sealed>(7) };
        let wanted = Seal::of::<Sealed>(7);
        let (poisoned, freed) = (new(), new());
        for handle in [&poisoned, &freed] {
            assert!(handle.seal.is(wanted) && !handle.seal.is_closed());
            assert!(!handle.seal.is(Seal::of::<Sealed>(8)), "of another engine");
            assert!(!handle.seal.is(Seal::of::<Own>(7)), "of another kind");
        }
        poisoned.poison();
        assert!(poisoned.seal.is_closed() && !poisoned.seal.is(wanted));
        assert!(release(&freed) && freed.seal.is_closed() && !freed.seal.is(wanted));
        assert!(release(&poisoned), "what is poisoned can be freed");
    }

    /// Else it would be dropped as what it is not.
    #[test]
    fn poisoned_handle_is_still_of_its_kind() {
        let shared = Shared { mark: Mark::live::<Shared>(), calls: 0 };
        let own = Own { mark: Mark::live::<Own>(), owner: Owner::nobody() };
        shared.poison();
        Handle::poison(&own);
        let poisoned = |found, kind| (refusal(found, kind), found == kind);
        let (shared_mark, own_mark) =
            (shared.mark.0.load(Ordering::Relaxed), own.mark.0.load(Ordering::Relaxed));
        assert_eq!(poisoned(shared_mark, Shared::KIND), (tg_status::Poisoned, false));
        assert_eq!(poisoned(shared_mark, Own::KIND), (tg_status::InvalidHandle, false));
        assert_eq!(poisoned(own_mark, Own::KIND), (tg_status::Poisoned, false));
        // SAFETY: both are alive, and `Own` is the larger one; whoever looks at it as another kind looks at its mark alone.
        unsafe {
            let as_shared = (&raw const own).cast::<Shared>();
            assert_eq!((*as_shared).mark.check::<Shared>(), Err(tg_status::InvalidHandle));
            assert!(!release(&*as_shared), "freed as another kind");
        }
        assert!(release(&own) && release(&shared));
        shared.poison();
        assert_eq!(shared.mark.check::<Shared>(), Err(tg_status::InvalidHandle), "freed before");
        assert!(!release(&shared), "twice");
    }

    #[test]
    fn panic_poisons_a_handle_of_a_thread_too() {
        let handle = Own { mark: Mark::live::<Own>(), owner: Owner::nobody() }.give();
        // SAFETY: it is alive until it is freed.
        unsafe {
            assert_eq!(call_own(handle, false), tg_status::Ok);
            assert_eq!(call_own(handle, true), tg_status::Panic);
            assert_eq!(call_own(handle, false), tg_status::Poisoned);
            free(handle);
        }
    }

    #[test]
    fn freed_handle_is_refused_while_its_memory_is_as_it_was() {
        let mut own = Own { mark: Mark::live::<Own>(), owner: Owner::nobody() };
        let mut shared = Shared { mark: Mark::live::<Shared>(), calls: 0 };
        // SAFETY: both are alive.
        unsafe {
            assert_eq!(call_own(&mut own, false), tg_status::Ok);
            {
                let _busy = own.owner.busy();
                assert!(!release(&own), "in a callback");
            }
            assert_eq!(call_own(&mut own, false), tg_status::Ok);
            assert!(release(&own) && release(&shared));
            assert_eq!(call_own(&mut own, false), tg_status::InvalidHandle);
            assert!(already_mine(&raw mut own).is_none());
            assert_eq!(call(&mut shared, false), tg_status::InvalidHandle);
            assert!(!release(&own) && !release(&shared), "twice");
        }
    }

    #[test]
    fn panic_without_a_handle_is_a_status() {
        let boom = |defect: bool| {
            assert!(!defect, "on purpose");
            7
        };
        let call = |defect: bool| boundary!({ (boom(defect) == 7).then_some(()).ok_or(tg_status::NoValue) });
        assert_eq!((call(false), call(true)), (tg_status::Ok, tg_status::Panic));
        assert_eq!((boundary!(or 0; { boom(false) }), boundary!(or 0; { boom(true) })), (7, 0));
    }
}
