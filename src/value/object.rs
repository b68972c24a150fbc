//! Members of objects: of a key that is given twice, the last counts.

use std::ops::Deref;

use super::{KeyedMap, KeyedSet};

/// Up to this size the keys of an object are compared with each other one by one.
const SMALL: usize = 16;

/// Leaves the last member of each key; says which were taken out.
pub(super) fn keep_last<K: Deref<Target = str>, V>(
    members: &mut Vec<(K, V)>,
    mut taken_out: impl FnMut(&str),
) {
    if !has_duplicates(members) {
        return;
    }
    let mut last = KeyedMap::with_capacity_and_hasher(members.len(), Default::default());
    for (index, (key, _)) in members.iter().enumerate() {
        if last.insert(&**key, index).is_some() {
            taken_out(key);
        }
    }
    let keep: Vec<bool> =
        members.iter().enumerate().map(|(i, (key, _))| last.get(&**key) == Some(&i)).collect();
    let mut keep = keep.into_iter();
    members.retain(|_| keep.next().unwrap_or(true));
}

fn has_duplicates<K: Deref<Target = str>, V>(members: &[(K, V)]) -> bool {
    if members.len() > SMALL {
        let mut seen = KeyedSet::with_capacity_and_hasher(members.len(), Default::default());
        return !members.iter().all(|(key, _)| seen.insert(&**key));
    }
    let mut rest = members;
    while let [(key, _), tail @ ..] = rest {
        if tail.iter().any(|(other, _)| **other == **key) {
            return true;
        }
        rest = tail;
    }
    false
}
