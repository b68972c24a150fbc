//! The numbers of features by name: a frozen table, and a small one for names that came since.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

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
    /// (tag, place in `names` plus 1); a power of two, at most half full.
    places: Vec<(u32, u32)>,
}

impl Table {
    fn new(first: u32, names: Vec<Arc<str>>) -> Self {
        let size = names.len().saturating_mul(2).next_power_of_two().max(8);
        let mut table = Self { first, names, places: vec![(0, 0); size] };
        for index in 0..table.names.len() {
            table.place(index);
        }
        table
    }

    fn place(&mut self, index: usize) {
        let Some(name) = self.names.get(index) else { return };
        let hash = xxh3_64(name.as_bytes());
        let mask = self.places.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        while let Some(place) = self.places.get_mut(at) {
            if place.1 == 0 {
                *place = ((hash >> 32) as u32, (index as u32).wrapping_add(1));
                return;
            }
            at = at.wrapping_add(1) & mask;
        }
    }

    #[inline]
    fn find(&self, hash: u64, name: &str) -> Option<u32> {
        let mask = self.places.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        loop {
            let &(tag, place) = self.places.get(at)?;
            let index = place.checked_sub(1)?;
            if tag == (hash >> 32) as u32 && self.names.get(index as usize).is_some_and(|own| **own == *name)
            {
                return Some(self.first.wrapping_add(index));
            }
            at = at.wrapping_add(1) & mask;
        }
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
        if recent.len() > 64.max(self.base.names.len() / 8) {
            return Self::new(self.base.names.iter().cloned().chain(recent).collect());
        }
        Self { base: Arc::clone(&self.base), recent: Table::new(self.recent.first, recent) }
    }

    /// The number of a name.
    #[must_use]
    #[inline]
    pub fn find(&self, name: &str) -> Option<u32> {
        let hash = xxh3_64(name.as_bytes());
        match self.base.find(hash, name) {
            Some(number) => Some(number),
            None if self.recent.names.is_empty() => None,
            None => self.recent.find(hash, name),
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
            names.saturating_add(table.places.capacity().saturating_mul(8))
        };
        table(&self.base).saturating_add(table(&self.recent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers_when_more_come() {
        let key = |i: usize| Arc::<str>::from(format!("feature_{i}"));
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
