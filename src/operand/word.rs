//! Words: a string of under eight bytes *is* a `u64`, so that comparing it is one compare, without a hash and without a
//! second look (exact); of a longer string it holds a trace of the last thirteen bytes, to sort out most suffixes.
//!
//! ```text
//!  byte   7         6 … 0
//!  short  len + 1   the bytes, little end first, zero-filled
//!  long   0xff      the last seven bytes xor the seven from the thirteenth last on (zeros before the first byte)
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
        return LONG | trace(text);
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

/// Domains of mail end alike and differ further ahead; names of regions and the like differ at the end. The two overlap in
/// one byte.
#[inline]
fn trace(text: &[u8]) -> u64 {
    let last = text.last_chunk::<8>().map_or(0, |last| u64::from_le_bytes(*last) >> 8);
    let from = text.len().saturating_sub(TRACED);
    let short = (TRACED.saturating_sub(text.len()) as u32).wrapping_mul(8);
    let ahead = text.get(from..).and_then(|text| text.first_chunk::<8>());
    let ahead = ahead.map_or(0, |ahead| u64::from_le_bytes(*ahead)).wrapping_shl(short);
    (last ^ ahead) & !LONG
}

/// The bytes that a trace is made of.
const TRACED: usize = 13;

/// How many low bits of the word of a suffix of `len` bytes, eight or more, are not those of the word of a text that ends so;
/// none if the suffix is to be the `whole` text.
#[must_use]
pub fn suffix_shift(len: usize, whole: bool) -> u8 {
    if whole { 0 } else { (TRACED.saturating_sub(len) as u8).wrapping_mul(8) }
}

/// Words of strings under this many bytes fit into half the space.
pub const HALF: usize = 4;

/// The word of a string under four bytes in half the space: length and three bytes. Of another value it is something that no
/// such string has: the length does not fit.
#[must_use]
#[inline(always)]
pub fn short(word: u64) -> u32 {
    (word as u32 & 0x00ff_ffff) | ((word >> 32) as u32 & 0xff00_0000)
}

/// The word again.
#[must_use]
pub fn of_short(short: u32) -> u64 {
    u64::from(short & 0x00ff_ffff) | u64::from(short >> 24) << 56
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_ends_with_a_suffix_has_its_word_but_for_the_shifted_bits() {
        let text = "user+tag@mail.corp.example";
        for from in 0..=text.len() - SHORT {
            let own = of(&text.as_bytes()[from..]);
            assert!(is_long(own) && is_string(own));
            for at in from..=text.len() - SHORT {
                let suffix = &text.as_bytes()[at..];
                let shift = suffix_shift(suffix.len(), at == from);
                assert_eq!((own ^ of(suffix)) >> shift, 0, "{} in {}", &text[at..], &text[from..]);
            }
        }
    }

    #[test]
    fn texts_that_differ_ahead_of_the_last_seven_bytes_have_other_words() {
        let suffix = b"@corp.example";
        let shift = suffix_shift(suffix.len(), false);
        for other in ["ann@mail.example", "ann@gmail.example", "corp.example", "xcorp.example"] {
            assert_ne!((of(other.as_bytes()) ^ of(suffix)) >> shift, 0, "{other}");
        }
        assert_ne!(of(b"prod-us-west"), of(b"prod-us-east"));
    }

    #[test]
    fn short_words_fit_into_half_the_space_and_nothing_else_does() {
        for text in ["", "a", "US", "USA"] {
            assert_eq!(of_short(short(of(text.as_bytes()))), of(text.as_bytes()));
        }
        for other in
            [MISSING, FALSE, TRUE, INT, FLOAT, LIST, OBJECT, of(b"USAx"), of(b"US-west"), of(b"us-west-2")]
        {
            let half = short(other);
            assert!(["", "a", "US", "USA"].iter().all(|text| short(of(text.as_bytes())) != half), "{other}");
        }
    }
}
