//! Bucketing: the deterministic position of (salt, unit) in [0, 1 000 000) (SEMANTICS §5).
//!
//! ```text
//!  unit text ── XXH3-64 ──▶ h ──┐
//!                               ├─ x = h ^ s ─ x·(x ^ K) as 128 bits ─ fold ─▶ m ── m·10^6 >> 64 ─▶ bucket
//!  salt      ── XXH3-64 ──▶ s ──┘   (wyrand's mix)
//! ```
//! Integers only. The unit is hashed once per context, the salt once per compile; a share compares `m` with a
//! precomputed bound, so that the check path pays one multiplication.
//! INVARIANT: the functions here are frozen by `testdata/vectors/bucket.json`; changing one is a new semantics version.

use xxhash_rust::xxh3::xxh3_64;

pub use crate::operand::test::integral;

/// The number of buckets.
pub const BUCKETS: u32 = 1_000_000;

const K: u64 = 0xe703_7ed1_a0b4_28db;

/// The hash of a unit's text (SEMANTICS 5.2 says what the text is).
#[must_use]
#[inline]
pub fn unit_hash(text: &[u8]) -> u64 {
    xxh3_64(text)
}

/// The hash of a salt.
#[must_use]
pub fn salt_hash(salt: &str) -> u64 {
    xxh3_64(salt.as_bytes())
}

/// Mixes a salt's hash and a unit's hash into 64 uniform bits.
#[must_use]
#[inline(always)]
pub fn mix(salt: u64, unit: u64) -> u64 {
    let x = salt ^ unit;
    let p = u128::from(x).wrapping_mul(u128::from(x ^ K));
    (p as u64) ^ ((p >> 64) as u64)
}

/// The bucket of mixed bits.
#[must_use]
#[inline]
pub fn bucket_of(mixed: u64) -> u32 {
    ((u128::from(mixed) * u128::from(BUCKETS)) >> 64) as u32
}

/// The bucket, in [0, 1 000 000), of a unit's hash under a salt's hash (SEMANTICS 5.1).
///
/// # Examples
/// ```
/// use tidegate::bucket::{bucket, salt_hash, unit_hash};
/// assert!(bucket(salt_hash("rollout/f/r"), unit_hash(b"user-1")) < 1_000_000);
/// ```
#[must_use]
#[inline]
pub fn bucket(salt: u64, unit: u64) -> u32 {
    bucket_of(mix(salt, unit))
}

/// A range of buckets as a range of mixed bits: `low ≤ m ≤ low + span`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Span {
    low: u64,
    span: u64,
}

impl Span {
    /// The buckets from `from` (inclusive) to `to` (exclusive); `None` if there are none.
    #[must_use]
    pub fn new(from: u32, to: u32) -> Option<Self> {
        let to = to.min(BUCKETS);
        if from >= to {
            return None;
        }
        // The least m whose bucket is at least b is ceil(b · 2^64 / 10^6).
        let bound = |b: u32| (u128::from(b) << 64).div_ceil(u128::from(BUCKETS));
        let low = bound(from);
        let last = bound(to).saturating_sub(1);
        Some(Self { low: low as u64, span: last.saturating_sub(low) as u64 })
    }

    /// Whether mixed bits are inside.
    #[must_use]
    #[inline(always)]
    pub fn contains(self, mixed: u64) -> bool {
        mixed.wrapping_sub(self.low) <= self.span
    }

    /// The last mixed bits that are inside.
    #[must_use]
    pub fn last(self) -> u64 {
        self.low.wrapping_add(self.span)
    }

    /// The buckets again, `(from, to)`; for listings.
    #[must_use]
    pub fn buckets(self) -> (u32, u32) {
        (bucket_of(self.low), bucket_of(self.last()).saturating_add(1))
    }
}

/// The unit's text of an integer, in `buffer` (SEMANTICS 5.2); `None` beyond 2^53.
#[must_use]
pub fn integer_text(value: i64, buffer: &mut [u8; 20]) -> Option<&[u8]> {
    const LIMIT: u64 = 1 << 53;
    let magnitude = value.unsigned_abs();
    if magnitude > LIMIT {
        return None;
    }
    let mut rest = magnitude;
    let mut at = buffer.len();
    loop {
        at = at.wrapping_sub(1);
        *buffer.get_mut(at)? = b'0' | (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at = at.wrapping_sub(1);
        *buffer.get_mut(at)? = b'-';
    }
    buffer.get(at..)
}

#[cfg(test)]
mod tests;
