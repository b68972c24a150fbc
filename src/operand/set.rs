//! Sets of strings in O(1), for lists of up to a million ids (SEMANTICS 4.2).
//!
//! ```text
//!  hash of the text (shared with bucketing, computed once per context)
//!    │ a word of the filter: one cache line sorts out 98 % of strangers
//!    ▼
//!  filter: 13 bits an id ──▶ starts[bucket] .. starts[bucket + 1] ──▶ tags (1 byte an id) ──▶ the id's bytes, compared
//! ```
//! The filter lives outside of the set, beside those of its chunk, so that a miss touches nothing else.
//! INVARIANT: no false match by hash collision; the bytes decide.

use xxhash_rust::xxh3::xxh3_64;

/// A frozen set of strings.
#[derive(Debug)]
pub struct TextSet {
    starts: Starts,
    buckets: u64,
    tags: Box<[u8]>,
    bytes: Box<[u8]>,
    ends: Ends,
}

#[derive(Debug)]
enum Starts {
    Small(Box<[u16]>),
    Large(Box<[u32]>),
}

/// Where each text ends.
#[derive(Debug)]
enum Ends {
    /// All have this length.
    Equal(u32),
    Each(Box<[u32]>),
}

/// The words of a filter for `count` texts: 13 bits a text.
#[must_use]
pub fn filter_words(count: usize) -> usize {
    count.div_ceil(5).max(1)
}

/// Which word of a filter of `words` words, and which bits of it, stand for a hash.
#[must_use]
#[inline(always)]
pub fn filter_position(hash: u64, words: u64) -> (usize, u64) {
    let index = ((u128::from(hash) * u128::from(words)) >> 64) as usize;
    let bits = 1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63);
    (index, bits)
}

#[inline(always)]
fn tag(hash: u64) -> u8 {
    (hash >> 24) as u8
}

impl TextSet {
    /// Builds the set, and pushes its filter onto `filter`; texts may repeat.
    #[must_use]
    pub fn build<'t>(texts: impl ExactSizeIterator<Item = &'t [u8]> + Clone, filter: &mut Vec<u64>) -> Self {
        let count = texts.len();
        let words = filter_words(count);
        let base = filter.len();
        filter.resize(base.saturating_add(words), 0);
        let buckets = (count as u64).div_ceil(2).max(1);
        let place = |hash: u64| ((u128::from(hash) * u128::from(buckets)) >> 64) as usize;

        let mut hashes = Vec::with_capacity(count);
        let mut counts = vec![0_u32; (buckets as usize).saturating_add(1)];
        let mut total = 0_usize;
        let mut length = None;
        let mut equal = true;
        for text in texts.clone() {
            let hash = xxh3_64(text);
            hashes.push(hash);
            total = total.saturating_add(text.len());
            equal &= *length.get_or_insert(text.len()) == text.len();
            if let Some(count) = counts.get_mut(place(hash)) {
                *count = count.saturating_add(1);
            }
            let (index, bits) = filter_position(hash, words as u64);
            if let Some(word) = filter.get_mut(base.saturating_add(index)) {
                *word |= bits;
            }
        }
        let mut sum = 0_u32;
        for count in &mut counts {
            let here = *count;
            *count = sum;
            sum = sum.saturating_add(here);
        }
        let starts = match u16::try_from(count) {
            Ok(_) => Starts::Small(counts.iter().map(|&c| c as u16).collect()),
            Err(_) => Starts::Large(counts.clone().into_boxed_slice()),
        };

        let mut tags = vec![0_u8; count];
        let set = if equal {
            let length = length.unwrap_or(0);
            let mut bytes = vec![0_u8; total];
            for (text, &hash) in texts.zip(&hashes) {
                let Some(at) = take_place(&mut counts, place(hash)) else { continue };
                if let Some(slot) = tags.get_mut(at) {
                    *slot = tag(hash);
                }
                let from = at.saturating_mul(length);
                if let Some(slot) = bytes.get_mut(from..from.saturating_add(length)) {
                    slot.copy_from_slice(text);
                }
            }
            (bytes, Ends::Equal(length as u32))
        } else {
            let mut order: Vec<&[u8]> = vec![b""; count];
            for (text, &hash) in texts.zip(&hashes) {
                let Some(at) = take_place(&mut counts, place(hash)) else { continue };
                if let (Some(slot), Some(own)) = (tags.get_mut(at), order.get_mut(at)) {
                    *slot = tag(hash);
                    *own = text;
                }
            }
            let mut bytes = Vec::with_capacity(total);
            let ends = order
                .iter()
                .map(|text| {
                    bytes.extend_from_slice(text);
                    bytes.len() as u32
                })
                .collect();
            (bytes, Ends::Each(ends))
        };
        Self { starts, buckets, tags: tags.into_boxed_slice(), bytes: set.0.into_boxed_slice(), ends: set.1 }
    }

    /// Whether `text`, whose XXH3-64 is `hash`, is in the set. (To be asked after the filter.)
    #[must_use]
    #[inline]
    pub fn contains(&self, hash: u64, text: &[u8]) -> bool {
        self.contains_by(hash, |own| own == text)
    }

    /// Whether a text with this hash is in the set for which `same` says yes.
    #[must_use]
    #[inline]
    pub fn contains_by(&self, hash: u64, same: impl Fn(&[u8]) -> bool) -> bool {
        let bucket = ((u128::from(hash) * u128::from(self.buckets)) >> 64) as usize;
        let next = bucket.wrapping_add(1);
        let (from, to) = match &self.starts {
            Starts::Small(starts) => match (starts.get(bucket), starts.get(next)) {
                (Some(&a), Some(&b)) => (usize::from(a), usize::from(b)),
                _ => return false,
            },
            Starts::Large(starts) => match (starts.get(bucket), starts.get(next)) {
                (Some(&a), Some(&b)) => (a as usize, b as usize),
                _ => return false,
            },
        };
        let tag = tag(hash);
        let Some(tags) = self.tags.get(from..to) else { return false };
        tags.iter()
            .enumerate()
            .any(|(i, &other)| other == tag && self.text(from.wrapping_add(i)).is_some_and(&same))
    }

    #[inline]
    fn text(&self, index: usize) -> Option<&[u8]> {
        match &self.ends {
            Ends::Equal(length) => {
                let length = *length as usize;
                let from = index.wrapping_mul(length);
                self.bytes.get(from..from.wrapping_add(length))
            }
            Ends::Each(ends) => {
                let from = match index.checked_sub(1) {
                    Some(previous) => *ends.get(previous)?,
                    None => 0,
                };
                self.bytes.get(from as usize..*ends.get(index)? as usize)
            }
        }
    }

    /// The number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        let starts = match &self.starts {
            Starts::Small(starts) => starts.len().saturating_mul(2),
            Starts::Large(starts) => starts.len().saturating_mul(4),
        };
        let ends = match &self.ends {
            Ends::Equal(_) => 0,
            Ends::Each(ends) => ends.len().saturating_mul(4),
        };
        starts.saturating_add(ends).saturating_add(self.tags.len()).saturating_add(self.bytes.len())
    }
}

fn take_place(counts: &mut [u32], bucket: usize) -> Option<usize> {
    let next = counts.get_mut(bucket)?;
    let at = *next as usize;
    *next = next.saturating_add(1);
    Some(at)
}

/// A table of words is at most this large; 32 words nearly always fit into a far smaller one.
const MOST_PLACES: usize = 1 << 10;

/// A word that no value has: bytes of 0xff are not UTF-8.
pub const NO_WORD: u64 = u64::MAX;

/// [`NO_WORD`] in half the space.
pub const NO_SHORT: u32 = u32::MAX;

/// A table in which each short word has a place of its own: a look-up is one compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WordTable {
    /// Multiplied with the word; the top bits choose the place.
    pub seed: u64,
    /// 64 − log2 of the table's size.
    pub shift: u8,
}

impl WordTable {
    /// The place of a word.
    #[must_use]
    #[inline(always)]
    pub fn place(self, word: u64) -> usize {
        (word.wrapping_mul(self.seed) >> (self.shift & 63)) as usize
    }

    /// Builds a table for at most 32 distinct words, and pushes it onto `table`: what `entry` makes of each, and `none` in
    /// the places between. `None` if no seed was found.
    #[must_use]
    pub fn build<T: Copy>(
        words: &[u64],
        table: &mut Vec<T>,
        none: T,
        entry: impl Fn(u64) -> T,
    ) -> Option<Self> {
        let base = table.len();
        let mut bits = usize::BITS.saturating_sub(words.len().leading_zeros()).saturating_add(1).max(3);
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        while 1_usize << bits <= MOST_PLACES {
            let size = 1_usize << bits;
            let shift = 64_u32.saturating_sub(bits) as u8;
            for _ in 0..64 {
                seed = seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1) | 1;
                let found = Self { seed, shift };
                let fits = if size <= 64 {
                    // The usual size: one word says which places are taken.
                    let mut all = 0_u64;
                    words.iter().all(|&word| {
                        let bit = 1_u64 << (found.place(word) & 63);
                        let free = all & bit == 0;
                        all |= bit;
                        free
                    })
                } else {
                    let mut taken = [0_u64; MOST_PLACES / 64];
                    words.iter().all(|&word| {
                        let at = found.place(word);
                        taken.get_mut(at / 64).is_some_and(|bits| {
                            let free = *bits >> (at % 64) & 1 == 0;
                            *bits |= 1 << (at % 64);
                            free
                        })
                    })
                };
                if fits {
                    table.resize(base.saturating_add(size), none);
                    for &word in words {
                        if let Some(slot) = table.get_mut(base.wrapping_add(found.place(word))) {
                            *slot = entry(word);
                        }
                    }
                    return Some(found);
                }
            }
            bits = bits.saturating_add(1);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_set_knows_its_own_and_no_strangers() {
        for (count, style) in [(0, 0), (1, 0), (10, 0), (1000, 0), (1000, 1), (70_000, 0), (70_000, 1)] {
            let name = |i: usize| if style == 0 { format!("user-{i:08}") } else { format!("u{i}") };
            let texts: Vec<String> = (0..count).map(name).collect();
            let mut filter = vec![7];
            let set = TextSet::build(texts.iter().map(String::as_bytes), &mut filter);
            let words = (filter.len() - 1) as u64;
            let holds = |text: &str| {
                let hash = xxh3_64(text.as_bytes());
                let (index, bits) = filter_position(hash, words);
                let passed = filter[1 + index] & bits == bits;
                (passed, passed && set.contains(hash, text.as_bytes()))
            };
            assert!(texts.iter().all(|text| holds(text) == (true, true)));
            let strangers: Vec<_> = (count..count + 10_000).map(|i| holds(&name(i))).collect();
            assert!(strangers.iter().all(|&(_, found)| !found));
            let passed = strangers.iter().filter(|&&(passed, _)| passed).count();
            assert!(count < 100 || passed < 300, "{count} {style}: {passed} of 10000 pass the filter");
            assert!(!holds("").1 && !set.contains(0, b""));
        }
    }

    #[test]
    fn text_set_of_the_empty_string_holds_it() {
        let mut filter = Vec::new();
        let set = TextSet::build([b"".as_slice()].into_iter(), &mut filter);
        assert!(set.contains(xxh3_64(b""), b""));
        assert!(!set.contains(xxh3_64(b"a"), b"a"));
    }
}
