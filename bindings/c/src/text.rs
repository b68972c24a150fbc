//! Texts over the boundary: pointer and length, UTF-8, no terminating zero.

use std::ffi::c_char;
use std::ptr;

use tidegate::value::MAX_BYTES;

use crate::boundary::{Handle, Mark, free, out};
use crate::status::tg_status;

/// A borrowed text in UTF-8, without a terminating zero. `data` is NULL where there is none, as for a rule that did not take
/// part; an empty text has a pointer. Who gives it says how long it is valid.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct tg_str {
    /// The first byte.
    pub data: *const c_char,
    /// How many bytes.
    pub len: usize,
}

impl tg_str {
    /// No text.
    pub(crate) const NONE: Self = Self { data: ptr::null(), len: 0 };

    /// A text that the caller keeps.
    pub(crate) const fn of(text: &str) -> Self {
        Self { data: text.as_ptr().cast(), len: text.len() }
    }

    pub(crate) fn of_option(text: Option<&str>) -> Self {
        text.map_or(Self::NONE, Self::of)
    }
}

/// Bytes that C passed.
///
/// # Safety
/// `len` bytes at `data` are readable and stay as they are during `'a`, or `data` is NULL.
#[inline(always)]
pub(crate) unsafe fn bytes<'a>(data: *const c_char, len: usize) -> Result<&'a [u8], tg_status> {
    if len > MAX_BYTES {
        return Err(tg_status::TooLong);
    }
    match (data.is_null(), len) {
        (true, 0) => Ok(&[]),
        (true, _) => Err(tg_status::NullPointer),
        // SAFETY: not NULL, of a size that an object may have, else the caller's.
        (false, _) => Ok(unsafe { std::slice::from_raw_parts(data.cast(), len) }),
    }
}

/// A text that C passed.
///
/// # Safety
/// As of [`bytes`].
#[inline(always)]
pub(crate) unsafe fn text<'a>(data: *const c_char, len: usize) -> Result<&'a str, tg_status> {
    // SAFETY: the caller's.
    let bytes = unsafe { bytes(data, len) }?;
    std::str::from_utf8(bytes).map_err(|_| tg_status::InvalidUtf8)
}

/// A text in a struct that C passed.
///
/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn text_of<'a>(given: tg_str) -> Result<&'a str, tg_status> {
    // SAFETY: the caller's.
    unsafe { text(given.data, given.len) }
}

/// As [`text_of`], `None` where the pointer is NULL.
///
/// # Safety
/// As of [`bytes`].
pub(crate) unsafe fn optional<'a>(given: tg_str) -> Result<Option<&'a str>, tg_status> {
    if given.data.is_null() && given.len == 0 {
        return Ok(None);
    }
    // SAFETY: the caller's.
    unsafe { text_of(given) }.map(Some)
}

/// A text that the caller owns.
#[cfg_attr(all(), repr(C))]
pub struct tg_text {
    mark: Mark,
    text: String,
}
handle!(tg_text, b"TGtx");

impl tg_text {
    pub(crate) fn give(text: String) -> *mut Self {
        Handle::give(Self { mark: Mark::live::<Self>(), text })
    }
}

/// What a text says; valid until it is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_text_view(text: *const tg_text, view: *mut tg_str) -> tg_status {
    boundary!(shared text {
        // SAFETY: an out-parameter of this call.
        let view = unsafe { out(view) }?;
        view.set(tg_str::of(&text.text));
        Ok(())
    })
}

/// Frees a text; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_text_free(text: *mut tg_text) {
    boundary!(or (); {
        // SAFETY: the caller gives it up.
        unsafe { free(text) }
    })
}
