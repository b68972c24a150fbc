//! What segments and features said in this decision, so that a diamond of references is walked once.
//!
//! On the stack, of fixed size: `compile` picks the size by how many definitions a feature can reach, and refuses one that
//! reaches more than [`LARGE`] / 2.

use super::run::Raw;

/// Places of the small memory.
pub(crate) const SMALL: usize = 64;
/// Places of the large memory.
pub(crate) const LARGE: usize = 2_048;

/// One remembered answer; key 0 is empty.
#[derive(Clone, Copy)]
pub(super) struct Place {
    key: u64,
    raw: Raw,
}

impl Place {
    pub(super) const EMPTY: Self = Self { key: 0, raw: Raw::NOTHING };
}

/// The places, whichever their number (a power of two).
pub(super) type Memo<'m> = &'m mut [Place];

/// The key of a feature.
pub(super) fn feature_key(number: u32) -> u64 {
    u64::from(number) << 2 | 0b01
}

/// The key of a segment, as it is or negated.
pub(super) fn segment_key(number: u32, negated: bool) -> u64 {
    u64::from(number) << 2 | 0b10 | u64::from(negated)
}

fn position(places: usize, key: u64) -> usize {
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & places.wrapping_sub(1)
}

pub(super) fn recall(memo: &[Place], key: u64) -> Option<Raw> {
    let mask = memo.len().wrapping_sub(1);
    let mut at = position(memo.len(), key);
    for _ in 0..memo.len() {
        let place = memo.get(at)?;
        if place.key == key {
            return Some(place.raw);
        }
        if place.key == 0 {
            return None;
        }
        at = at.wrapping_add(1) & mask;
    }
    None
}

pub(super) fn remember(memo: &mut [Place], key: u64, raw: Raw) {
    let mask = memo.len().wrapping_sub(1);
    let mut at = position(memo.len(), key);
    for _ in 0..memo.len() {
        let Some(place) = memo.get_mut(at) else { return };
        if place.key == 0 {
            *place = Place { key, raw };
            return;
        }
        at = at.wrapping_add(1) & mask;
    }
}
