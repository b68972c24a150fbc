//! Names that no program knows, of handles that were taken: append-only, and read without a lock.
//!
//! ```text
//!  added as 0 … 63   │ 64 … 191   │ 192 … 447   │ …      blocks, each twice as large, made when it is needed
//!           entries: [number, name]  ◀── by_name: [place + 1]
//!                                    ◀── by_number: [place + 1]
//! ```
//! A handle changes no decision, as its feature does not exist before the next update, so it needs no other program. Its name has to be
//! found again, and to be told by decisions. An entry is written first, then its place into the tables (release); a reader who finds
//! the place (acquire) therefore finds the entry. Adding one costs the same however many there are, and moves none.
//!
//! What one takes here, its text aside, is 48 to 96 bytes, for the life of the engine.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::operand::name::Name;

/// Names in the first block; a power of two.
const FIRST: usize = 64;
/// Enough for all numbers that there are.
const BLOCKS: usize = 27;

/// Names that no program knows.
#[derive(Default)]
pub(super) struct Late {
    count: AtomicUsize,
    blocks: [OnceLock<Box<Block>>; BLOCKS],
}

/// A number and its name, set once.
type Entry = OnceLock<(u32, Arc<str>)>;

struct Block {
    entries: Box<[Entry]>,
    by_name: Table,
    by_number: Table,
}

/// Places plus 1, or 0; a power of two of them, at most half of which are taken.
struct Table(Box<[AtomicU32]>);

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Late").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Late {
    /// Adds a name that is not there. One thread at a time adds: the one with the engine's writer.
    pub(super) fn add(&self, number: u32, name: Arc<str>) {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let block = (count / FIRST).wrapping_add(1).ilog2() as usize;
        let size = FIRST << block;
        let Some(place) = self.blocks.get(block) else { return };
        let at = count.wrapping_sub(size.wrapping_sub(FIRST));
        place.get_or_init(|| Box::new(Block::new(size))).add(at, number, name);
    }

    /// The name of a number.
    #[cold]
    pub(super) fn name(&self, number: u32) -> Option<&str> {
        let hash = hash_of(number);
        self.blocks().find_map(|block| {
            let found =
                block.by_number.places(hash).find_map(|at| block.entry(at).filter(|own| own.0 == number));
            found.map(|(_, name)| &**name)
        })
    }

    /// The number of a name.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        let hash = Name::of(name).hash();
        self.blocks().find_map(|block| {
            let found =
                block.by_name.places(hash).find_map(|at| block.entry(at).filter(|own| *own.1 == *name));
            found.map(|(number, _)| *number)
        })
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        // The one after the last that there is, is not there.
        self.blocks.iter().map_while(|block| block.get().map(|block| &**block))
    }
}

impl Block {
    fn new(size: usize) -> Self {
        let entries = std::iter::repeat_with(OnceLock::new).take(size).collect();
        Self { entries, by_name: Table::new(size), by_number: Table::new(size) }
    }

    fn entry(&self, at: usize) -> Option<&(u32, Arc<str>)> {
        self.entries.get(at)?.get()
    }

    fn add(&self, at: usize, number: u32, name: Arc<str>) {
        let hash = Name::of(&name).hash();
        let Some(Ok(())) = self.entries.get(at).map(|entry| entry.set((number, name))) else { return };
        // The number first: who finds it by the name may ask for the name at once.
        self.by_number.add(hash_of(number), at);
        self.by_name.add(hash, at);
    }
}

impl Table {
    fn new(size: usize) -> Self {
        Self(std::iter::repeat_with(AtomicU32::default).take(size.saturating_mul(2)).collect())
    }

    /// From where a hash is likeliest, all around.
    fn around(&self, hash: u64) -> impl Iterator<Item = &AtomicU32> {
        let mask = self.0.len().wrapping_sub(1);
        let start = (hash >> 32) as usize & mask;
        (0..self.0.len()).filter_map(move |step| self.0.get(start.wrapping_add(step) & mask))
    }

    fn add(&self, hash: u64, at: usize) {
        if let Some(free) = self.around(hash).find(|place| place.load(Ordering::Relaxed) == 0) {
            free.store((at as u32).wrapping_add(1), Ordering::Release);
        }
    }

    /// What may have a hash.
    fn places(&self, hash: u64) -> impl Iterator<Item = usize> {
        self.around(hash).map_while(|place| Some(place.load(Ordering::Acquire).checked_sub(1)? as usize))
    }
}

fn hash_of(number: u32) -> u64 {
    u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_name_and_number_whatever_the_numbers() {
        let late = Late::default();
        let name = |number: u32| Arc::<str>::from(format!("{}f_{number}", "x".repeat(number as usize % 40)));
        let numbers: Vec<u32> = (1_000..5_000).rev().chain((1..100).map(|i| u32::MAX / i)).collect();
        for number in &numbers {
            assert_eq!((late.name(*number), late.find(&name(*number))), (None, None));
            late.add(*number, name(*number));
        }
        for number in &numbers {
            assert_eq!(late.name(*number), Some(&*name(*number)));
            assert_eq!(late.find(&name(*number)), Some(*number));
        }
        assert_eq!((late.name(999), late.find("f"), late.find("")), (None, None, None));
    }

    #[test]
    fn readers_see_whole_entries_while_others_are_added() {
        let late = Late::default();
        let most = 3_000_u32;
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut next = 0;
                    while next < most {
                        // The next one is there or not; if it is, it is whole.
                        if let Some(number) = late.find(&format!("name {next}")) {
                            assert_eq!(number, next ^ 0x5555);
                            assert_eq!(late.name(number), Some(&*format!("name {next}")));
                            next += 1;
                        }
                    }
                });
            }
            for at in 0..most {
                late.add(at ^ 0x5555, format!("name {at}").into());
            }
        });
    }
}
