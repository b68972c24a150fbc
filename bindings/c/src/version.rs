//! Versions, and what this build has.

use std::ffi::c_char;

use crate::text::{text, tg_str};

/// The version as a text.
pub const VERSION_TEXT: &str = env!("CARGO_PKG_VERSION");

/// The version as a number, major · 1 000 000 + minor · 1 000 + patch.
#[must_use]
pub const fn packed() -> u32 {
    const PACKED: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
        + number(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
        + number(env!("CARGO_PKG_VERSION_PATCH"));
    PACKED
}

/// A number in digits.
const fn number(digits: &str) -> u32 {
    let mut rest = digits.as_bytes();
    let mut number = 0;
    while let [digit, tail @ ..] = rest {
        number = number * 10 + (*digit - b'0') as u32;
        rest = tail;
    }
    number
}

/// What builds may have, and whether this one does.
pub const FEATURES: [(&str, bool); 2] =
    [("http", cfg!(feature = "http")), ("regex", cfg!(feature = "regex"))];

/// The version of the library that is linked, as `TG_VERSION` is that of the header: major * 1000000 + minor * 1000 + patch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_version() -> u32 {
    boundary!(or 0; { packed() })
}

/// The version of the library as a text; valid for ever.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_version_text() -> tg_str {
    boundary!(or tg_str::NONE; { tg_str::of(VERSION_TEXT) })
}

/// The version of the semantics that the library implements: the same number decides the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_semantics() -> u32 {
    boundary!(or 0; { tidegate::SEMANTICS })
}

/// Whether this build has a feature: `regex` (the operator `matches`), `http` (`tg_client`). False of what is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tg_has(feature: *const c_char, feature_len: usize) -> bool {
    boundary!(or false; {
        // SAFETY: a text of the caller's.
        let name = unsafe { text(feature, feature_len) };
        FEATURES.iter().any(|(feature, has)| Ok(*feature) == name && *has)
    })
}
