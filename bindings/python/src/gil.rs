//! Values that the global interpreter lock guards: no lock, no atomic, one flag.
//!
//! INVARIANT: whoever has a `Python<'_>` token is the only thread that does, because the module is made for interpreters with a GIL
//! (`gil_used`; the stable ABI that it is built against does not load in others). What still can happen is that code that holds a
//! value calls Python, and that Python comes back, on this thread or another: such a second borrow finds the flag up.

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use pyo3::Python;

/// A value that one borrower at a time may change, while it has the GIL.
#[derive(Debug, Default)]
pub(crate) struct Guarded<T> {
    lent: Cell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: it is looked at and changed only with a token, so by one thread at a time; see the head of this file.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { lent: Cell::new(false), value: UnsafeCell::new(value) }
    }

    /// The value; none while somebody has it.
    #[inline(always)]
    pub(crate) fn lend<'a>(&'a self, _py: Python<'a>) -> Option<Lent<'a, T>> {
        if self.lent.replace(true) { None } else { Some(Lent { cell: self, _here: PhantomData }) }
    }
}

/// A value that is borrowed, until this is dropped.
#[derive(Debug)]
pub(crate) struct Lent<'a, T> {
    cell: &'a Guarded<T>,
    /// It stays on the thread that has the GIL.
    _here: PhantomData<*mut ()>,
}

impl<T> Deref for Lent<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the flag is up, so nobody else has it.
        unsafe { &*self.cell.value.get() }
    }
}

impl<T> DerefMut for Lent<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the flag is up, so nobody else has it.
        unsafe { &mut *self.cell.value.get() }
    }
}

impl<T> Drop for Lent<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.cell.lent.set(false);
    }
}
