//! The calls that services make per request, on Node-API's raw layer.
//!
//! Integers cross the boundary in [`Registers`], memory that both sides see, because each argument and each result would be one
//! more call of Node's, 2-3 ns. [`check_read`] and [`decide_read`] are given the attributes' values as arguments.
//!
//! ```text
//!  lib: registers[GATE] = gate; registers[CONTEXT] = context; check(); registers[ANSWER]
//! ```
//! Something may not be as it should be: a handle that is stale, a gate of another engine, a plan that is not the program's. Then
//! the answer is [`UNKNOWN`], and `lib/` looks what it is, off this path. Who is in a share can't be guessed, so nothing on the way
//! back of `check` branches on the answer.

use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null_mut};
use std::rc::Rc;
use std::sync::atomic::{AtomicPtr, Ordering};

use napi::sys;
use tidegate::eval::Raw;
use tidegate::{AttributeKey, Feature, Gate};

use crate::outcome::Outcomes;
use crate::slab::Slab;
use crate::state::{EngineSlot, GateSlot, Plan, State};
use crate::values::{self, Values};

type Function = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// The functions, by the name that `lib/` calls them by.
const FUNCTIONS: [(&std::ffi::CStr, Function); 19] = [
    (c"check", check),
    (c"checkRead0", check_read::<0>),
    (c"checkRead1", check_read::<1>),
    (c"checkRead2", check_read::<2>),
    (c"checkRead4", check_read::<4>),
    (c"checkRead8", check_read::<8>),
    (c"checkRead16", check_read::<{ Plan::MOST }>),
    (c"contextSet", context_set),
    (c"decide", decide),
    (c"decideRead0", decide_read::<0>),
    (c"decideRead1", decide_read::<1>),
    (c"decideRead2", decide_read::<2>),
    (c"decideRead4", decide_read::<4>),
    (c"decideRead8", decide_read::<8>),
    (c"decideRead16", decide_read::<{ Plan::MOST }>),
    (c"empty", empty),
    (c"evaluateAll", evaluate_all),
    (c"viewDecide", view_decide),
    (c"viewEvaluateAll", view_evaluate_all),
];

/// The answer where there is none.
const UNKNOWN: i32 = i32::MIN;

/// The integers of a call, in an `Int32Array` of `lib/`: the gate, the context, the answer, the gate's plan.
///
/// No JavaScript runs between the writes of one side and the reads of the other.
#[derive(Clone, Copy)]
struct Registers(NonNull<i32>);

impl Registers {
    const COUNT: usize = 4;

    #[inline(always)]
    fn gate(self) -> i32 {
        // SAFETY: the array is held for as long as the environment lives, and never detached.
        unsafe { self.0.read() }
    }

    #[inline(always)]
    fn context(self) -> i32 {
        // SAFETY: as above.
        unsafe { self.0.add(1).read() }
    }

    #[inline(always)]
    fn plan(self) -> i32 {
        // SAFETY: as above.
        unsafe { self.0.add(3).read() }
    }

    #[inline(always)]
    fn answer(self, answer: i32) {
        // SAFETY: as above; JavaScript, which sees this memory as well, does not run now.
        unsafe { self.0.add(2).write(answer) }
    }
}

/// The first environment that loaded the addon, most often that of the main thread, and its data: to ask Node whose a call is costs as much
/// as a check.
///
/// INVARIANT: only the thread of an environment writes that environment here, its data first, and takes it away when the environment
/// ends. So who finds the environment of its call here finds its own data.
struct First {
    env: AtomicPtr<c_void>,
    data: AtomicPtr<Data>,
}

static FIRST: First = First { env: AtomicPtr::new(null_mut()), data: AtomicPtr::new(null_mut()) };

/// In place of an environment while its data is written.
const TAKEN: *mut c_void = std::ptr::without_provenance_mut(1);

impl First {
    fn offer(&self, env: sys::napi_env, data: *mut Data) {
        if self.env.compare_exchange(null_mut(), TAKEN, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            self.data.store(data, Ordering::Relaxed);
            self.env.store(env.cast(), Ordering::Release);
        }
    }

    /// The environment of these data ends.
    fn withdraw(&self, data: *mut Data) {
        if self.data.load(Ordering::Relaxed) == data {
            self.data.store(null_mut(), Ordering::Relaxed);
            self.env.store(null_mut(), Ordering::Release);
        }
    }

    #[inline(always)]
    fn find(&self, env: sys::napi_env) -> Option<*mut Data> {
        let is = self.env.load(Ordering::Relaxed) == env.cast();
        is.then(|| self.data.load(Ordering::Relaxed))
    }
}

/// What the functions carry.
struct Data {
    state: Rc<RefCell<State>>,
    registers: Registers,
}

/// Puts the functions into the addon's exports, and `registers`.
pub(crate) fn register(
    env: sys::napi_env,
    exports: sys::napi_value,
    state: Rc<RefCell<State>>,
) -> napi::Result<()> {
    let (mut first, mut buffer, mut array, mut held) = (null_mut(), null_mut(), null_mut(), null_mut());
    // SAFETY: the environment is being set up; values of this call, and out-parameters, here and below. The reference holds
    // the array for as long as the environment lives.
    unsafe {
        let size = size_of::<[i32; Registers::COUNT]>();
        napi::check_status!(sys::napi_create_arraybuffer(env, size, &mut first, &mut buffer))?;
        let kind = sys::TypedarrayType::int32_array;
        let status = sys::napi_create_typedarray(env, kind, Registers::COUNT, buffer, 0, &mut array);
        napi::check_status!(status)?;
        napi::check_status!(sys::napi_create_reference(env, array, 1, &mut held))?;
        napi::check_status!(sys::napi_set_named_property(env, exports, c"registers".as_ptr(), array))?;
    }
    let no_memory = || napi::Error::from_reason("no memory for the registers");
    let registers = Registers(NonNull::new(first.cast()).ok_or_else(no_memory)?);
    // Of each load of the addon its own: a clean-up hook may be added but once.
    let held = Box::into_raw(Box::new(Data { state, registers }));
    // SAFETY: as above.
    let status = unsafe { sys::napi_add_env_cleanup_hook(env, Some(release), held.cast()) };
    napi::check_status!(status)?;
    FIRST.offer(env, held);
    for (name, function) in FUNCTIONS {
        let mut made = null_mut();
        // SAFETY: names end with zero, and the data lives until the hook has run; no function is called after that.
        let status = unsafe {
            sys::napi_create_function(
                env,
                name.as_ptr(),
                name.count_bytes() as isize,
                Some(function),
                held.cast(),
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
    FIRST.withdraw(held.cast());
    // SAFETY: the box that `register` made, and nobody else's.
    let held = unsafe { Box::from_raw(held.cast::<Data>()) };
    let taken = held.state.try_borrow_mut().map(|mut state| std::mem::take(&mut *state));
    let _ = catch_unwind(AssertUnwindSafe(|| drop(taken)));
}

/// A call with at most so many arguments. Node fills up those that were not given, so that no more are asked for than are used.
struct Call<'c, const COUNT: usize> {
    env: sys::napi_env,
    given: &'c [sys::napi_value; COUNT],
    data: &'c Data,
}

impl<'c, const COUNT: usize> Call<'c, COUNT> {
    /// # Safety
    /// The two are those of a call of one of [`FUNCTIONS`].
    #[inline(always)]
    unsafe fn new(
        env: sys::napi_env,
        info: sys::napi_callback_info,
        given: &'c mut [sys::napi_value; COUNT],
    ) -> Option<Self> {
        if COUNT == 0
            && let Some(data) = FIRST.find(env)
        {
            // SAFETY: the data of this environment, which is dropped only by the clean-up hook, after which nothing is called.
            let data = unsafe { data.cast_const().as_ref() }?;
            return Some(Self { env, given, data });
        }
        let (mut count, mut data) = (COUNT, null_mut());
        let (counted, values): (*mut _, *mut _) =
            if COUNT == 0 { (null_mut(), null_mut()) } else { (&mut count, given.as_mut_ptr()) };
        // SAFETY: so many values have room. Node writes all of them: those that were not given as `undefined`.
        unsafe { sys::napi_get_cb_info(env, info, counted, values, null_mut(), &mut data) };
        // SAFETY: the data of these functions, which is dropped only by the clean-up hook, after which nothing is called.
        let data = unsafe { data.cast_const().cast::<Data>().as_ref() }?;
        Some(Self { env, given, data })
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
    fn with<T>(&self, work: impl FnOnce(&mut State, Registers) -> Option<T>) -> Option<T> {
        let Data { state, registers } = self.data;
        let done = AssertUnwindSafe(|| work(&mut *state.try_borrow_mut().ok()?, *registers));
        catch_unwind(done).ok().flatten()
    }

    /// Puts an answer into its register.
    #[inline(always)]
    fn answer(&self, answer: Option<i32>) -> sys::napi_value {
        self.data.registers.answer(answer.unwrap_or(UNKNOWN));
        null_mut()
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
}

/// `empty(gate, context)`: what the boundary alone costs with two integers as arguments, as it would be without registers; for
/// benches.
unsafe extern "C" fn empty(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut given = [null_mut(); 2];
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::new(env, info, &mut given) }) else { return null_mut() };
    let both = call.integer(0).zip(call.integer(1));
    call.answer(both.map(|(gate, context)| i32::from(gate != context)))
}

/// `check()`: whether the gate of the register is on for the context of the register: 1 or 0.
unsafe extern "C" fn check(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut given = [];
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::new(env, info, &mut given) }) else { return null_mut() };
    let is_on = call.with(|state, registers| {
        let (gate, context) =
            (state.gates.find(registers.gate())?, state.contexts.find(registers.context())?);
        if gate.engine != context.engine {
            return None;
        }
        let engine = state.engines.find_mut(gate.engine)?;
        Some(i32::from(engine.reader.check(Gate::from_number(gate.feature.number()), &*context.context)))
    });
    call.answer(is_on)
}

/// `decide()`: likewise, the number of a decision, see [`Outcomes`].
unsafe extern "C" fn decide(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut given = [];
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::new(env, info, &mut given) }) else { return null_mut() };
    let number = call.with(|state, registers| {
        let (gate, context) =
            (state.gates.find(registers.gate())?, state.contexts.find(registers.context())?);
        if gate.engine != context.engine {
            return None;
        }
        let engine = state.engines.find_mut(gate.engine)?;
        let raw = engine.reader.decide(gate.feature, &*context.context).raw();
        numbered(engine, gate.feature, raw)
    });
    call.answer(number)
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

/// The gate of the register and its engine, if the plan of the register is that of what is served now, and all its values were given.
#[inline(always)]
fn planned<'s, const COUNT: usize>(
    gates: &'s mut Slab<GateSlot>,
    engines: &'s mut Slab<EngineSlot>,
    registers: Registers,
) -> Option<(&'s GateSlot, &'s mut EngineSlot)> {
    let gate = gates.find_mut(registers.gate())?;
    let engine = engines.find_mut(gate.engine)?;
    let (epoch, feature) = (engine.reader.refresh(), gate.feature.number());
    let is_planned =
        gate.plan.is((registers.plan(), COUNT), epoch, || engine.reader.program().reads(feature));
    is_planned.then_some((gate, engine))
}

/// `checkReadN(…values)`: as `check`, without a context; the values, at most N, are those of the gate's plan.
unsafe extern "C" fn check_read<const COUNT: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut given = [null_mut(); COUNT];
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::new(env, info, &mut given) }) else { return null_mut() };
    let is_on = call.with(|state, registers| {
        let (gate, engine) = planned::<COUNT>(&mut state.gates, &mut state.engines, registers)?;
        let values = Values::new(env, &gate.plan, call.given, &mut state.scratch);
        let is_on = engine.reader.check(Gate::from_number(gate.feature.number()), &values);
        (!values.is_outside()).then_some(i32::from(is_on))
    });
    call.answer(is_on)
}

/// `decideReadN(…values)`: as `decide`, without a context; the values, at most N, are those of the gate's plan.
unsafe extern "C" fn decide_read<const COUNT: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut given = [null_mut(); COUNT];
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::new(env, info, &mut given) }) else { return null_mut() };
    let number = call.with(|state, registers| {
        let (gate, engine) = planned::<COUNT>(&mut state.gates, &mut state.engines, registers)?;
        let values = Values::new(env, &gate.plan, call.given, &mut state.scratch);
        let raw = engine.reader.decide(gate.feature, &values).raw();
        if values.is_outside() {
            return None;
        }
        numbered(engine, gate.feature, raw)
    });
    call.answer(number)
}

/// `contextSet(context, attribute, value)`: sets a primitive; true.
unsafe extern "C" fn context_set(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut given = [null_mut(); 3];
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::new(env, info, &mut given) }) else { return null_mut() };
    let done = call.with(|state, _| {
        let slot = state.contexts.find_mut(call.integer(0)?)?;
        let attribute = AttributeKey::from_index(u16::try_from(call.integer(1)?).ok()?);
        let value = *call.given.get(2)?;
        values::attribute(env, value, &mut state.scratch, |value| slot.context.set_owned(attribute, value));
        Some(true)
    });
    call.boolean(done)
}

/// `viewDecide(view, gate, context)`: the number of a decision, in the register of answers.
unsafe extern "C" fn view_decide(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut given = [null_mut(); 3];
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::new(env, info, &mut given) }) else { return null_mut() };
    let number = call.with(|state, _| {
        let view = state.views.find(call.integer(0)?)?;
        let (gate, context) = (state.gates.find(call.integer(1)?)?, state.contexts.find(call.integer(2)?)?);
        if gate.engine != context.engine || gate.engine != view.engine {
            return None;
        }
        let raw = view.view.decide(gate.feature, &*context.context).raw();
        Some(view.outcomes.try_borrow_mut().ok()?.number(gate.feature.number(), raw))
    });
    call.answer(number)
}

/// `evaluateAll(engine, context, features, numbers, epoch)`: decides the features in the one `Int32Array`, writes the numbers of
/// the decisions to the other. `undefined` if another program is served than that of the epoch.
unsafe extern "C" fn evaluate_all(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut given = [null_mut(); 5];
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::new(env, info, &mut given) }) else { return null_mut() };
    let done = call.with(|state, _| {
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
    let mut given = [null_mut(); 4];
    // SAFETY: Node calls it with these.
    let Some(call) = (unsafe { Call::new(env, info, &mut given) }) else { return null_mut() };
    let done = call.with(|state, _| {
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
fn is_epoch<const COUNT: usize>(
    env: sys::napi_env,
    call: &Call<'_, COUNT>,
    index: usize,
    epoch: u64,
) -> bool {
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
    fn of<const COUNT: usize>(call: &Call<'_, COUNT>, index: usize) -> Option<Self> {
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
