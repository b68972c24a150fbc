//! The numbers of features by name: a frozen table, and a small one for names that came since.

use std::sync::Arc;

use crate::operand::name::Name;

/// The features' names; numbers count from 0 and are never reused.
#[derive(Clone, Debug, Default)]
pub struct Names {
    base: Arc<Table>,
    recent: Table,
}

#[derive(Clone, Debug, Default)]
struct Table {
    /// The number of the first name.
    first: u32,
    names: Vec<Arc<str>>,
    /// A power of two, at most half full; half a cache line each, and most names are in it.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    words: [u64; 3],
    len: u32,
    /// The place in `names` plus 1; 0 if there is none.
    index: u32,
}

const _: () = assert!(size_of::<Place>() == 32, "half a cache line");

impl Table {
    fn new(first: u32, names: Vec<Arc<str>>) -> Self {
        let size = names.len().saturating_mul(2).next_power_of_two().max(8);
        let mut table = Self { first, names, places: vec![Place::default(); size] };
        for index in 0..table.names.len() {
            table.place(index);
        }
        table
    }

    /// Where to begin to look.
    #[inline(always)]
    fn start(&self, name: Name) -> usize {
        ((u128::from(name.hash()) * self.places.len() as u128) >> 64) as usize
    }

    fn place(&mut self, index: usize) {
        let Some(text) = self.names.get(index) else { return };
        let name = Name::of(text);
        let mask = self.places.len().wrapping_sub(1);
        let mut at = self.start(name);
        while let Some(place) = self.places.get_mut(at) {
            if place.index == 0 {
                let Name { words, len } = name;
                *place = Place { words, len, index: (index as u32).wrapping_add(1) };
                return;
            }
            at = at.wrapping_add(1) & mask;
        }
    }

    #[inline(always)]
    fn find(&self, name: Name, text: &str) -> Option<u32> {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = self.start(name);
        loop {
            let place = self.places.get(at)?;
            let index = place.index.checked_sub(1)?;
            let known = Name { words: place.words, len: place.len };
            if known == name && (name.is_exact() || self.is(index, text)) {
                return Some(self.first.wrapping_add(index));
            }
            at = at.wrapping_add(1) & mask;
        }
    }

    #[inline(never)]
    fn is(&self, index: u32, text: &str) -> bool {
        self.names.get(index as usize).is_some_and(|own| **own == *text)
    }
}

impl Names {
    /// From all names, in the order of their numbers.
    #[must_use]
    pub fn new(names: Vec<Arc<str>>) -> Self {
        let first = names.len() as u32;
        Self { base: Arc::new(Table::new(0, names)), recent: Table::new(first, Vec::new()) }
    }

    /// With further names; the large table is shared as long as they are few.
    #[must_use]
    pub fn with(&self, more: &[Arc<str>]) -> Self {
        let recent: Vec<_> = self.recent.names.iter().chain(more).cloned().collect();
        if self.base.names.is_empty() || recent.len() > 64.max(self.base.names.len() / 8) {
            return Self::new(self.base.names.iter().cloned().chain(recent).collect());
        }
        Self { base: Arc::clone(&self.base), recent: Table::new(self.recent.first, recent) }
    }

    /// The number of a name.
    #[must_use]
    #[inline]
    pub fn find(&self, name: &str) -> Option<u32> {
        let looked = Name::of(name);
        match self.base.find(looked, name) {
            Some(number) => Some(number),
            None if self.recent.names.is_empty() => None,
            None => self.recent.find(looked, name),
        }
    }

    /// The name of a number.
    #[must_use]
    pub fn name(&self, number: u32) -> Option<&str> {
        let index = number as usize;
        let names = self
            .base
            .names
            .get(index)
            .or_else(|| self.recent.names.get(index.checked_sub(self.base.names.len())?));
        names.map(|name| &**name)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.base.names.len().saturating_add(self.recent.names.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn memory_usage(&self) -> usize {
        let table = |table: &Table| {
            let names: usize = table.names.iter().map(|name| name.len().saturating_add(32)).sum();
            names.saturating_add(table.places.capacity().saturating_mul(size_of::<Place>()))
        };
        table(&self.base).saturating_add(table(&self.recent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers_when_more_come() {
        let key = |i: usize| Arc::<str>::from(format!("feature_{}{i}", "x".repeat(i % 30)));
        let mut names = Names::default();
        assert_eq!(names.find(""), None);
        for i in 0..500 {
            names = names.with(&[key(i)]);
            assert_eq!(names.len(), i + 1);
        }
        for i in 0..500 {
            assert_eq!(names.find(&key(i)), Some(i as u32));
            assert_eq!(names.name(i as u32), Some(&*key(i)));
        }
        assert_eq!(names.find("feature_500"), None);
        assert_eq!(names.name(500), None);
    }
}
