//! The calls that services make per request, on Node-API's raw layer.
//!
//! Each is given integers (handles), of [`check_read`] and [`decide_read`] also the attributes' values. Something may not be as
//! it should be: a handle that is stale, a gate of another engine, a plan that is not the program's. A check then gives `false`,
//! anything else `undefined`, and `lib/` looks what it is, off this path.
//!
//! A check that is on gives its first argument back, one that is off `undefined`: both are there already, while a boolean would be
//! one more call of Node's. Who is in a share can't be guessed, so nothing on the way back of `check` branches on the answer; NULL
//! for `undefined`, as from the others, is a branch of Node's.

use std::cell::RefCell;
use std::ffi::c_void;
use std::hint::select_unpredictable;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;

use napi::sys;
use tidegate::eval::Raw;
use tidegate::{AttributeKey, Feature, Gate};

use crate::outcome::Outcomes;
use crate::state::{EngineSlot, Plan, State};
use crate::values::{self, Values};

type Function = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// The functions, by the name that `lib/` calls them by.
const FUNCTIONS: [(&std::ffi::CStr, Function); 19] = [
    (c"check", check),
    (c"checkRead0", check_read::<1>),
    (c"checkRead1", check_read::<2>),
    (c"checkRead2", check_read::<3>),
    (c"checkRead4", check_read::<5>),
    (c"checkRead8", check_read::<9>),
    (c"checkRead16", check_read::<{ 1 + Plan::MOST }>),
    (c"contextSet", context_set),
    (c"decide", decide),
    (c"decideRead0", decide_read::<1>),
    (c"decideRead1", decide_read::<2>),
    (c"decideRead2", decide_read::<3>),
    (c"decideRead4", decide_read::<5>),
    (c"decideRead8", decide_read::<9>),
    (c"decideRead16", decide_read::<{ 1 + Plan::MOST }>),
    (c"empty", empty),
    (c"evaluateAll", evaluate_all),
    (c"viewDecide", view_decide),
    (c"viewEvaluateAll", view_evaluate_all),
];

/// Puts the functions into the addon's exports.
pub(crate) fn register(
    env: sys::napi_env,
    exports: sys::napi_value,
    state: Rc<RefCell<State>>,
) -> napi::Result<()> {
    // Of each load of the addon its own: a clean-up hook may be added but once.
    let held = Box::into_raw(Box::new(state));
    // SAFETY: the environment is being set up.
    let status = unsafe { sys::napi_add_env_cleanup_hook(env, Some(release), held.cast()) };
    napi::check_status!(status)?;
    // SAFETY: just made.
    let data = unsafe { Rc::as_ptr(&*held) }.cast_mut().cast::<c_void>();
    for (name, function) in FUNCTIONS {
        let mut made = null_mut();
        // SAFETY: names end with zero, and `data` lives until the hook has run; no function is called after that.
        let status = unsafe {
            sys::napi_create_function(
                env,
                name.as_ptr(),
                name.count_bytes() as isize,
                Some(function),
                data,
                &mut made,
            )
        };
        napi::check_status!(status)?;
        // SAFETY: as above.
        napi::check_status!(unsafe { sys::napi_set_named_property(env, exports, name.as_ptr(), made) })?;
    }
    Ok(())
}

/// The environment ends: what it has goes with it.
unsafe extern "C" fn release(held: *mut c_void) {
    // SAFETY: the box that `register` made, and nobody else's.
    let held = unsafe { Box::from_raw(held.cast::<Rc<RefCell<State>>>()) };
    let taken = held.try_borrow_mut().map(|mut state| std::mem::take(&mut *state));
    let _ = catch_unwind(AssertUnwindSafe(|| drop(taken)));
}

/// A call with at most so many arguments. Node fills up those that were not given, so that no more are asked for than are used.
struct Call<const COUNT: usize> {
    env: sys::napi_env,
    given: [sys::napi_value; COUNT],
    state: *const RefCell<State>,
}

impl<const COUNT: usize> Call<COUNT> {
    /// # Safety
    /// The two are those of a call of one of [`FUNCTIONS`].
    #[inline(always)]
    unsafe fn new(env: sys::napi_env, info: sys::napi_callback_info) -> Option<Self> {
        let (mut given, mut count, mut data) = ([null_mut(); COUNT], COUNT, null_mut());
        // SAFETY: so many values have room. Node writes all of them: those that were not given as `undefined`.
        let status = unsafe {
            sys::napi_get_cb_info(env, info, &mut count, given.as_mut_ptr(), null_mut(), &mut data)
        };
        let call = Self { env, given, state: data.cast_const().cast() };
        (status == sys::Status::napi_ok && !data.is_null()).then_some(call)
    }

    #[inline(always)]
    fn integer(&self, index: usize) -> Option<i32> {
        let mut value = 0;
        // SAFETY: a value of this call.
        let status = unsafe { sys::napi_get_value_int32(self.env, *self.given.get(index)?, &mut value) };
        (status == sys::Status::napi_ok).then_some(value)
    }

    /// Does something with the state; a panic is as good as nothing done.
    #[inline(always)]
    fn with<T>(&self, work: impl FnOnce(&mut State) -> Option<T>) -> Option<T> {
        // SAFETY: it is dropped only by the clean-up hook, after which nothing is called.
        let state = unsafe { &*self.state };
        catch_unwind(AssertUnwindSafe(|| work(&mut *state.try_borrow_mut().ok()?))).ok().flatten()
    }

    /// Whether a gate is on: the first argument; `off`; or `false` if that is not known.
    #[inline(always)]
    fn answer(&self, is_on: Option<bool>, off: sys::napi_value) -> sys::napi_value {
        match is_on {
            Some(is_on) => {
                let first = self.given.first().copied().unwrap_or(null_mut());
                select_unpredictable(is_on, first, off)
            }
            None => self.boolean(Some(false)),
        }
    }

    #[inline(always)]
    fn boolean(&self, value: Option<bool>) -> sys::napi_value {
        let mut result = null_mut();
        if let Some(value) = value {
            // SAFETY: an out-parameter; if it is not written, NULL is `undefined`.
            unsafe { sys::napi_get_boolean(self.env, value, &mut result) };
        }
        result
    }

    #[inline(always)]
    fn number(&self, value: Option<i32>) -> sys::napi_value {
        let mut result = null_mut();
        if let Some(value) = value {
            // SAFETY: as above.
            unsafe { sys::napi_create_int32(self.env, value, &mut result) };
        }
        result
    }
}

/// `empty(gate, context)`: what the boundary alone costs; for benches.
unsafe extern "C" fn empty(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::<3>::new(env, info) }) else { return null_mut() };
    let both = call.integer(0).zip(call.integer(1));
    call.answer(both.map(|(gate, context)| gate != context), call.given[2])
}

/// `check(gate, context)`: the gate, if it is on.
unsafe extern "C" fn check(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::<3>::new(env, info) }) else { return null_mut() };
    let is_on = call.with(|state| {
        let (gate, context) = (state.gates.find(call.integer(0)?)?, state.contexts.find(call.integer(1)?)?);
        if gate.engine != context.engine {
            return None;
        }
        let engine = state.engines.find_mut(gate.engine)?;
        Some(engine.reader.check(Gate::from_number(gate.feature.number()), &*context.context))
    });
    // The third argument is never given: `undefined`.
    call.answer(is_on, call.given[2])
}

/// `decide(gate, context)`: the number of a decision, see [`Outcomes`].
unsafe extern "C" fn decide(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::<2>::new(env, info) }) else { return null_mut() };
    let number = call.with(|state| {
        let (gate, context) = (state.gates.find(call.integer(0)?)?, state.contexts.find(call.integer(1)?)?);
        if gate.engine != context.engine {
            return None;
        }
        let engine = state.engines.find_mut(gate.engine)?;
        let raw = engine.reader.decide(gate.feature, &*context.context).raw();
        numbered(engine, gate.feature, raw)
    });
    call.number(number)
}

/// The number of a decision that the engine's reader has just made.
fn numbered(engine: &mut EngineSlot, feature: Feature, raw: Raw) -> Option<i32> {
    let epoch = engine.reader.epoch();
    if engine.outcomes.borrow().epoch != epoch {
        // Views may still use the old one.
        engine.outcomes = Rc::new(RefCell::new(Outcomes::new(epoch)));
    }
    Some(engine.outcomes.try_borrow_mut().ok()?.number(feature.number(), raw))
}

/// `checkReadN(gate, …values)`: as `check`; the values, at most N, are those of the gate's plan.
unsafe extern "C" fn check_read<const COUNT: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::<COUNT>::new(env, info) }) else { return null_mut() };
    let is_on = call.with(|state| {
        let gate = state.gates.find(call.integer(0)?)?;
        let engine = state.engines.find_mut(gate.engine)?;
        if engine.reader.refresh() != gate.plan.epoch {
            return None;
        }
        let values = Values::new(env, &gate.plan, call.given.get(1..)?, &mut state.scratch);
        let is_on = engine.reader.check(Gate::from_number(gate.feature.number()), &values);
        (!values.is_outside()).then_some(is_on)
    });
    call.answer(is_on, null_mut())
}

/// `decideReadN(gate, …values)`: as `decide`; the values, at most N, are those of the gate's plan.
unsafe extern "C" fn decide_read<const COUNT: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::<COUNT>::new(env, info) }) else { return null_mut() };
    let number = call.with(|state| {
        let gate = state.gates.find(call.integer(0)?)?;
        let engine = state.engines.find_mut(gate.engine)?;
        if engine.reader.refresh() != gate.plan.epoch {
            return None;
        }
        let values = Values::new(env, &gate.plan, call.given.get(1..)?, &mut state.scratch);
        let raw = engine.reader.decide(gate.feature, &values).raw();
        if values.is_outside() {
            return None;
        }
        numbered(engine, gate.feature, raw)
    });
    call.number(number)
}

/// `contextSet(context, attribute, value)`: sets a primitive; true.
unsafe extern "C" fn context_set(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::<3>::new(env, info) }) else { return null_mut() };
    let done = call.with(|state| {
        let slot = state.contexts.find_mut(call.integer(0)?)?;
        let attribute = AttributeKey::from_index(u16::try_from(call.integer(1)?).ok()?);
        let value = *call.given.get(2)?;
        values::attribute(env, value, &mut state.scratch, |value| slot.context.set_owned(attribute, value));
        Some(true)
    });
    call.boolean(done)
}

/// `viewDecide(view, gate, context)`: the number of a decision.
unsafe extern "C" fn view_decide(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::<3>::new(env, info) }) else { return null_mut() };
    let number = call.with(|state| {
        let view = state.views.find(call.integer(0)?)?;
        let (gate, context) = (state.gates.find(call.integer(1)?)?, state.contexts.find(call.integer(2)?)?);
        if gate.engine != context.engine || gate.engine != view.engine {
            return None;
        }
        let raw = view.view.decide(gate.feature, &*context.context).raw();
        Some(view.outcomes.try_borrow_mut().ok()?.number(gate.feature.number(), raw))
    });
    call.number(number)
}

/// `evaluateAll(engine, context, features, numbers, epoch)`: decides the features in the one `Int32Array`, writes the numbers of
/// the decisions to the other. `undefined` if another program is served than that of the epoch.
unsafe extern "C" fn evaluate_all(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::<5>::new(env, info) }) else { return null_mut() };
    let done = call.with(|state| {
        let context = state.contexts.find(call.integer(1)?)?;
        let handle = call.integer(0)?;
        let engine = state.engines.find_mut(handle)?;
        if context.engine != handle {
            return None;
        }
        let epoch = engine.reader.refresh();
        if engine.outcomes.borrow().epoch != epoch {
            engine.outcomes = Rc::new(RefCell::new(Outcomes::new(epoch)));
        }
        let mut outcomes = engine.outcomes.try_borrow_mut().ok()?;
        let view = engine.reader.view();
        let (features, numbers) = (Integers::of(&call, 2)?, Integers::of(&call, 3)?);
        if view.epoch() != epoch || !is_epoch(env, &call, 4, epoch) {
            return None;
        }
        features.each(&numbers, |feature| {
            let raw = view.decide(Feature::from_number(feature), &*context.context).raw();
            outcomes.number(feature, raw)
        })?;
        Some(true)
    });
    call.boolean(done)
}

/// `viewEvaluateAll(view, context, features, numbers)`: likewise, of a view.
unsafe extern "C" fn view_evaluate_all(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::<4>::new(env, info) }) else { return null_mut() };
    let done = call.with(|state| {
        let (view, context) = (state.views.find(call.integer(0)?)?, state.contexts.find(call.integer(1)?)?);
        if context.engine != view.engine {
            return None;
        }
        let (features, numbers) = (Integers::of(&call, 2)?, Integers::of(&call, 3)?);
        let mut outcomes = view.outcomes.try_borrow_mut().ok()?;
        features.each(&numbers, |feature| {
            let raw = view.view.decide(Feature::from_number(feature), &*context.context).raw();
            outcomes.number(feature, raw)
        })?;
        Some(true)
    });
    call.boolean(done)
}

/// Whether an argument is this epoch.
fn is_epoch<const COUNT: usize>(env: sys::napi_env, call: &Call<COUNT>, index: usize, epoch: u64) -> bool {
    let mut value = 0.0;
    let Some(given) = call.given.get(index) else { return false };
    // SAFETY: a value of this call.
    let status = unsafe { sys::napi_get_value_double(env, *given, &mut value) };
    status == sys::Status::napi_ok && value == epoch as f64
}

/// An `Int32Array`, for as long as the call that it was given to.
struct Integers {
    first: *mut i32,
    count: usize,
}

impl Integers {
    fn of<const COUNT: usize>(call: &Call<COUNT>, index: usize) -> Option<Self> {
        let (mut kind, mut count, mut data) = (0, 0, null_mut());
        let value = *call.given.get(index)?;
        // SAFETY: a value of this call, and out-parameters; what is not wanted is NULL.
        let status = unsafe {
            sys::napi_get_typedarray_info(
                call.env,
                value,
                &mut kind,
                &mut count,
                &mut data,
                null_mut(),
                null_mut(),
            )
        };
        let is = status == sys::Status::napi_ok && kind == sys::TypedarrayType::int32_array;
        is.then_some(Self { first: data.cast(), count })
    }

    /// Writes to each of `numbers` what `work` says of the one of these at the same place.
    fn each(&self, numbers: &Self, mut work: impl FnMut(u32) -> i32) -> Option<()> {
        if self.count != numbers.count {
            return None;
        }
        for index in 0..self.count {
            // SAFETY: Node says that both have so many, aligned as this kind of array is. They are reached by pointer alone,
            // so that it is no matter if the two are one.
            unsafe {
                let number = work(self.first.add(index).read().cast_unsigned());
                numbers.first.add(index).write(number);
            }
        }
        Some(())
    }
}
