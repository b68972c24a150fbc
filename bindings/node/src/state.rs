//! What one Node environment (the main thread, or a worker) has: engines, gates, contexts, views, clients.
//!
//! An environment belongs to one thread. The hot functions carry a pointer to the state of theirs; the cold ones find it in a
//! thread-local. It is dropped by the environment's clean-up hook, before Node takes the environment apart: clients then send
//! their last counts and end their threads.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use tidegate::client::Client;
use tidegate::program::Program;
use tidegate::{AttributeKey, Context, Engine, Feature, Reader, View};

use crate::client::Feed;
use crate::engine::Clock;
use crate::failure::Failure;
use crate::outcome::Outcomes;
use crate::slab::Slab;
use crate::values::Scratch;

/// The handles of an environment.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) engines: Slab<EngineSlot>,
    /// One for each name of a feature that an engine was asked for; freed with the engine.
    pub(crate) gates: Slab<GateSlot>,
    pub(crate) contexts: Slab<ContextSlot>,
    pub(crate) views: Slab<ViewSlot>,
    pub(crate) clients: Slab<Client>,
    pub(crate) scratch: Scratch,
}

pub(crate) struct EngineSlot {
    pub(crate) engine: Engine,
    pub(crate) reader: Reader,
    pub(crate) clock: Option<Clock>,
    pub(crate) outcomes: Rc<RefCell<Outcomes>>,
    /// Its gates, to be freed with it.
    pub(crate) gates: Vec<i32>,
    pub(crate) shared: Option<f64>,
    pub(crate) feed: Option<Feed>,
}

/// A feature of an engine, and what an object is read for when it is decided.
pub(crate) struct GateSlot {
    pub(crate) engine: i32,
    pub(crate) feature: Feature,
    pub(crate) plan: Plan,
}

/// Which attributes are read for a feature, in which order they are handed over.
#[derive(Default)]
pub(crate) struct Plan {
    /// Another one for other attributes, so that values that were read for an older plan are not taken for these; 0: no plan.
    pub(crate) number: i32,
    /// Of the last program that reads these.
    pub(crate) epoch: u64,
    /// By the attribute's index: its place among the values plus 1; 0: it is not read.
    pub(crate) places: Box<[u8]>,
    attributes: Vec<AttributeKey>,
}

pub(crate) struct ContextSlot {
    pub(crate) engine: i32,
    pub(crate) context: Box<Context<'static>>,
}

pub(crate) struct ViewSlot {
    pub(crate) engine: i32,
    pub(crate) view: View<'static, Arc<Program>>,
    pub(crate) outcomes: Rc<RefCell<Outcomes>>,
}

impl Plan {
    /// The most attributes that are handed over as values; with more, an object is made a context first.
    pub(crate) const MOST: usize = 16;

    /// Makes it the plan of a program that reads these.
    pub(crate) fn follow(&mut self, epoch: u64, attributes: Vec<AttributeKey>) {
        self.epoch = epoch;
        if self.number != 0 && self.attributes == attributes {
            return;
        }
        // Too many to be handed over: a plan that fits no call.
        let read = if attributes.len() > Self::MOST { &[] } else { &*attributes };
        let size = read.iter().map(|attribute| attribute.index() + 1).max().unwrap_or(0);
        self.places = vec![0; size].into_boxed_slice();
        for (place, attribute) in (1..).zip(read) {
            if let Some(own) = self.places.get_mut(attribute.index()) {
                *own = place;
            }
        }
        self.attributes = attributes;
        // After two thousand million plans, an old one would pass for a new one.
        self.number = self.number.wrapping_add(1).max(1);
    }

    /// Whether it is the plan of this number, with no more than so many values, and for a program that reads what the plan's does.
    #[inline(always)]
    pub(crate) fn is(
        &mut self,
        (number, most): (i32, usize),
        epoch: u64,
        reads: impl FnOnce() -> Vec<AttributeKey>,
    ) -> bool {
        if self.number != number || self.attributes.len() > most {
            return false;
        }
        if self.epoch != epoch {
            self.renew(epoch, reads());
        }
        self.epoch == epoch
    }

    /// Another program: it often reads the same.
    #[cold]
    fn renew(&mut self, epoch: u64, reads: Vec<AttributeKey>) {
        if self.number != 0 && self.attributes == reads {
            self.epoch = epoch;
        }
    }
}

impl State {
    pub(crate) fn engine(&self, handle: i32) -> Result<&EngineSlot, Failure> {
        self.engines.find(handle).ok_or_else(|| Failure::closed("engine"))
    }

    pub(crate) fn engine_mut(&mut self, handle: i32) -> Result<&mut EngineSlot, Failure> {
        self.engines.find_mut(handle).ok_or_else(|| Failure::closed("engine"))
    }
}

thread_local! {
    static STATE: RefCell<Weak<RefCell<State>>> = const { RefCell::new(Weak::new()) };
}

/// The state of this thread; made by the first to ask.
pub(crate) fn open() -> Rc<RefCell<State>> {
    STATE.with_borrow_mut(|known| {
        known.upgrade().unwrap_or_else(|| {
            let state = Rc::default();
            *known = Rc::downgrade(&state);
            state
        })
    })
}

/// Does something with the state of this thread.
pub(crate) fn with<T>(work: impl FnOnce(&mut State) -> Result<T, Failure>) -> Result<T, Failure> {
    let state = STATE.with_borrow(Weak::upgrade).ok_or_else(|| Failure::closed("environment"))?;
    let mut state = state.try_borrow_mut().map_err(|_| Failure::defect("the state is in use"))?;
    work(&mut state)
}
