//! Which thread runs: a number that no other running thread has, at the cost of one load.
//!
//! A `thread_local!` would cost a call (`__tls_get_addr`) in a shared library, as much as a whole check.

/// The number of this thread; a multiple of [`ALIGN`].
#[inline(always)]
pub(crate) fn current() -> usize {
    let pointer: usize;
    #[cfg(all(target_os = "linux", target_arch = "x86_64", target_pointer_width = "64"))]
    // SAFETY: in the x86-64 ABI of Linux the word at fs:0 is the thread pointer itself; it is read, nothing else.
    unsafe {
        std::arch::asm!("mov {}, fs:0", out(reg) pointer, options(pure, readonly, nostack, preserves_flags));
    }
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    // SAFETY: on Linux, user code may read this register, which holds the thread pointer.
    unsafe {
        std::arch::asm!("mrs {}, tpidr_el0", out(reg) pointer, options(pure, nomem, nostack, preserves_flags));
    }
    #[cfg(not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64"),
        target_pointer_width = "64"
    )))]
    {
        thread_local!(static HERE: u64 = const { 0 });
        pointer = HERE.with(|here| std::ptr::from_ref(here).addr());
    }
    pointer
}

/// Numbers that are no multiple of it are no thread's.
pub(crate) const ALIGN: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_stays_and_is_this_threads_alone() {
        let here = current();
        assert!(here != 0 && here.is_multiple_of(ALIGN) && here == current());
        let there = std::thread::spawn(|| (current(), current())).join().unwrap();
        assert!(there.0 == there.1 && there.0 != here);
    }
}
