//! Names to look up: a short one is three words and its length, so that comparing it is four compares, without a call.

use xxhash_rust::xxh3::xxh3_64;

/// Names of up to so many bytes are their own words.
pub const EXACT: usize = 24;

/// A name as it is looked up.
///
/// # Examples
/// ```
/// use tidegate::operand::name::Name;
/// assert_eq!(Name::of("country"), Name::of("country"));
/// assert_ne!(Name::of("country"), Name::of("country\0"));
/// assert!(Name::of("country").is_exact() && !Name::of(&"c".repeat(25)).is_exact());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Name {
    /// The first, the second and the last eight bytes; of a longer name its hash.
    pub words: [u64; 3],
    /// The bytes of the name.
    pub len: u32,
}

impl Name {
    /// From the text.
    #[must_use]
    #[inline(always)]
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let at = |from: usize| {
            let eight = bytes.get(from..).and_then(|rest| rest.first_chunk::<8>());
            eight.map_or(0, |eight| u64::from_le_bytes(*eight))
        };
        let len = bytes.len();
        let words = match len {
            0..8 => [super::word::of(bytes), 0, 0],
            8..=16 => [at(0), 0, at(len.wrapping_sub(8))],
            17..=EXACT => [at(0), at(8), at(len.wrapping_sub(8))],
            _ => [xxh3_64(bytes), 0, 0],
        };
        Self { words, len: len as u32 }
    }

    /// Whether equal words and lengths are equal names.
    #[must_use]
    #[inline(always)]
    pub fn is_exact(self) -> bool {
        self.len as usize <= EXACT
    }

    /// A hash; its high bits are the best.
    #[must_use]
    #[inline(always)]
    pub fn hash(self) -> u64 {
        let [first, second, last] = self.words;
        let fold = |a: u64, b: u64| {
            let product = u128::from(a) * u128::from(b);
            product as u64 ^ (product >> 64) as u64
        };
        // Multiplied, so that it does not cancel the bytes that `last` has as well.
        let rest = last.wrapping_add(second.wrapping_mul(0xd134_2543_de82_ef95));
        fold(first ^ 0x9e37_79b9_7f4a_7c15, rest ^ 0xe703_7ed1_a0b4_28db).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl PartialEq for Name {
    // Not derived: that goes through memory, which waits for what was just written.
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        let ([a, b, c], [x, y, z]) = (self.words, other.words);
        (a ^ x) | (b ^ y) | (c ^ z) | u64::from(self.len ^ other.len) == 0
    }
}

impl Eq for Name {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_at_every_byte_and_length() {
        for len in 0..40 {
            let name = "n".repeat(len);
            assert_eq!(Name::of(&name), Name::of(&name.clone()));
            assert_ne!(Name::of(&name), Name::of(&"n".repeat(len + 1)));
            for at in 0..len {
                let mut other = name.clone();
                other.replace_range(at..=at, "m");
                assert_ne!(Name::of(&name), Name::of(&other), "{other}");
                assert_ne!(Name::of(&name).hash(), Name::of(&other).hash(), "{other}");
            }
        }
    }
}
