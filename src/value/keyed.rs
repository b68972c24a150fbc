//! Hash tables for the numbers and names of a document: quick, and not for keys that a stranger chooses.
//!
//! std's hasher is several times as slow on such keys, which showed in loading. Who can publish a document can slow its
//! own engine down in simpler ways than by collisions.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64;

/// A map by number or name.
pub(crate) type KeyedMap<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;
/// A set of numbers or names.
pub(crate) type KeyedSet<K> = HashSet<K, BuildHasherDefault<KeyHasher>>;

/// An odd number without pattern (the golden ratio).
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// XXH3 over texts, a multiplication for numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.write_u64(xxh3_64(bytes));
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(FACTOR);
    }

    #[inline]
    fn write_u128(&mut self, number: u128) {
        self.write_u64(number as u64 ^ (number >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        // Tables take the low bits, and a product's best bits are its high ones.
        self.0.rotate_left(26)
    }
}
