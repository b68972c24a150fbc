//! Handles: integers that JavaScript holds for what lives here.
//!
//! ```text
//!  handle: 31‥22 generation (1‥1023) · 21‥0 index       never 0, which JavaScript uses for "freed"
//! ```
//! A slot's generation changes when it is freed, so that an old handle finds nothing. After 1 023 rounds it would repeat. Where the
//! package forgets a handle when it frees it, that is no matter; else the slot is given up then ([`Slab::retire`]).

const INDEX_BITS: u32 = 22;
const INDEX: u32 = (1 << INDEX_BITS) - 1;
const GENERATIONS: u32 = 1 << (32 - INDEX_BITS);

/// Things with handles.
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

struct Slot<T> {
    generation: u32,
    thing: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// The handle of a new thing; `None` if there are four million already.
    pub(crate) fn insert(&mut self, thing: T) -> Option<i32> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = u32::try_from(self.slots.len()).ok().filter(|index| *index <= INDEX)?;
                self.slots.push(Slot { generation: 1, thing: None });
                index
            }
        };
        let slot = self.slots.get_mut(index as usize)?;
        slot.thing = Some(thing);
        Some((slot.generation << INDEX_BITS | index).cast_signed())
    }

    #[inline(always)]
    pub(crate) fn find(&self, handle: i32) -> Option<&T> {
        let handle = handle.cast_unsigned();
        let slot = self.slots.get((handle & INDEX) as usize)?;
        if slot.generation == handle >> INDEX_BITS { slot.thing.as_ref() } else { None }
    }

    #[inline(always)]
    pub(crate) fn find_mut(&mut self, handle: i32) -> Option<&mut T> {
        let handle = handle.cast_unsigned();
        let slot = self.slots.get_mut((handle & INDEX) as usize)?;
        if slot.generation == handle >> INDEX_BITS { slot.thing.as_mut() } else { None }
    }

    /// Takes a thing out; its handle is stale from now on.
    pub(crate) fn remove(&mut self, handle: i32) -> Option<T> {
        let bits = handle.cast_unsigned();
        let slot = self.slots.get_mut((bits & INDEX) as usize)?;
        if slot.generation != bits >> INDEX_BITS {
            return None;
        }
        let thing = slot.thing.take()?;
        slot.generation = match (slot.generation + 1) % GENERATIONS {
            0 => 1,
            next => next,
        };
        self.free.push(bits & INDEX);
        Some(thing)
    }

    /// As [`remove`](Self::remove), of what may still be asked for by its handle: no other will ever have it.
    pub(crate) fn retire(&mut self, handle: i32) -> Option<T> {
        let last = handle.cast_unsigned() >> INDEX_BITS == GENERATIONS - 1;
        let thing = self.remove(handle)?;
        if last {
            self.free.pop();
        }
        Some(thing)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }
}
