//! Words: a string of under eight bytes *is* a `u64`, so that comparing it is one compare, without a hash and without a
//! second look (exact); of a longer string the word holds the last seven bytes, to sort out most suffixes.
//!
//! ```text
//!  byte   7         6 … 0
//!  short  len + 1   the bytes, little end first, zero-filled
//!  long   0xff      the last seven bytes
//!  others 0         what kind of value it is (MISSING, FALSE, …)
//! ```

/// The attribute is missing.
pub const MISSING: u64 = 0;
/// `false`
pub const FALSE: u64 = 1;
/// `true`
pub const TRUE: u64 = 2;
/// An integer.
pub const INT: u64 = 3;
/// A number that is no signed 64-bit integer.
pub const FLOAT: u64 = 4;
/// A list.
pub const LIST: u64 = 5;
/// An object.
pub const OBJECT: u64 = 6;

/// Words from here on are strings.
pub const STRING: u64 = 1 << 56;
const LONG: u64 = 0xff << 56;

/// Strings of fewer bytes than this are their own word.
pub const SHORT: usize = 8;

/// The word of a string.
///
/// # Examples
/// ```
/// use tidegate::operand::word;
/// assert_ne!(word::of(b"US"), word::of(b"US\0"));
/// assert_eq!(word::of(b"alice@corp.example"), word::of(b"bob@corp.example"));
/// ```
#[must_use]
#[inline]
pub fn of(text: &[u8]) -> u64 {
    let len = text.len();
    if len >= SHORT {
        return LONG | last_seven(text);
    }
    // Two overlapping loads instead of a jump by length, which no processor can foresee.
    let shift = |bytes: usize| (len.wrapping_sub(bytes) as u32).wrapping_mul(8);
    let low = if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)).wrapping_shl(shift(4))
    } else if let (Some(first), Some(last)) = (text.first_chunk::<2>(), text.last_chunk::<2>()) {
        u64::from(u16::from_le_bytes(*first)) | u64::from(u16::from_le_bytes(*last)).wrapping_shl(shift(2))
    } else {
        text.first().map_or(0, |byte| u64::from(*byte))
    };
    ((len as u64).wrapping_add(1) << 56) | low
}

#[inline]
fn last_seven(text: &[u8]) -> u64 {
    match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last) >> 8,
        None => 0,
    }
}

/// Whether a word is that of a string of eight bytes or more.
#[must_use]
#[inline(always)]
pub fn is_long(word: u64) -> bool {
    word >= LONG
}

/// Whether a word is that of a string.
#[must_use]
#[inline(always)]
pub fn is_string(word: u64) -> bool {
    word >= STRING
}

/// The text of a short word, for listings.
#[must_use]
pub fn text(word: u64) -> String {
    let len = ((word >> 56) as usize).saturating_sub(1).min(7);
    String::from_utf8_lossy(word.to_le_bytes().get(..len).unwrap_or_default()).into_owned()
}
