//! The values of an object's attributes as JavaScript handed them over, converted only if they are asked for.
//!
//! Objects and functions never come here: `lib/attributes.js` makes a context of those. What is here is read without running any
//! JavaScript.

use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use napi::sys;
use tidegate::context::{Subject, unit_of};
use tidegate::operand::word;
use tidegate::value::{Number, ValueRef};
use tidegate::{AttributeKey, AttributeValue};

use crate::state::Plan;

/// So many bytes of strings have room without an allocation.
const ROOM: usize = 1024;

/// Below this, a string's length is asked for before it is copied.
const SPARE: usize = 192;

/// A primitive of JavaScript's.
#[derive(Clone, Copy)]
enum Held {
    Float(f64),
    Int(i64),
    Missing,
    No,
    /// A string: where it is, and how long.
    Text(*const u8, usize),
    Unread,
    Yes,
}

/// The values, in the order of the plan.
pub(crate) struct Values<'v> {
    env: sys::napi_env,
    plan: &'v Plan,
    given: &'v [sys::napi_value],
    held: [Cell<Held>; Plan::MOST],
    /// The unit's hash that was computed last: by place plus 1.
    hashed: Cell<(usize, u64)>,
    /// Something was asked for that is not in the plan.
    is_outside: Cell<bool>,
    texts: Texts,
}

impl<'v> Values<'v> {
    pub(crate) fn new(env: sys::napi_env, plan: &'v Plan, given: &'v [sys::napi_value]) -> Self {
        Self {
            env,
            plan,
            given,
            held: [const { Cell::new(Held::Unread) }; Plan::MOST],
            hashed: Cell::new((0, 0)),
            is_outside: Cell::new(false),
            texts: Texts::new(),
        }
    }

    /// Whether something was asked for that is not in the plan: then the answer does not count.
    pub(crate) fn is_outside(&self) -> bool {
        self.is_outside.get()
    }

    /// The place plus 1; 0: none.
    #[inline(always)]
    fn place(&self, attribute: AttributeKey) -> usize {
        match self.plan.places.get(attribute.index()) {
            Some(place) if *place != 0 => usize::from(*place),
            _ => {
                self.is_outside.set(true);
                0
            }
        }
    }

    #[inline(always)]
    fn held(&self, attribute: AttributeKey) -> Held {
        let Some(index) = self.place(attribute).checked_sub(1) else { return Held::Missing };
        let Some(cell) = self.held.get(index) else { return Held::Missing };
        match cell.get() {
            Held::Unread => {
                let held =
                    self.given.get(index).map_or(Held::Missing, |value| read(self.env, *value, &self.texts));
                cell.set(held);
                held
            }
            held => held,
        }
    }

    #[inline(always)]
    fn bytes(held: Held) -> Option<&'v [u8]> {
        match held {
            // SAFETY: written by `Texts`, which neither moves nor frees a text while it lives. The lifetime is cut to
            // that of a borrow of `self` by the signatures of the callers.
            Held::Text(at, len) => Some(unsafe { std::slice::from_raw_parts(at, len) }),
            _ => None,
        }
    }
}

impl Subject for Values<'_> {
    fn value(&self, attribute: AttributeKey) -> ValueRef<'_> {
        match self.held(attribute) {
            Held::Float(value) => ValueRef::Number(Number::Float(value)),
            Held::Int(value) => ValueRef::Number(Number::Int(value)),
            Held::Missing | Held::Unread => ValueRef::Missing,
            Held::No => ValueRef::Bool(false),
            Held::Yes => ValueRef::Bool(true),
            held @ Held::Text(..) => {
                let text = Self::bytes(held).and_then(|bytes| std::str::from_utf8(bytes).ok());
                text.map_or(ValueRef::Missing, ValueRef::Str)
            }
        }
    }

    #[inline]
    fn word(&self, attribute: AttributeKey) -> u64 {
        match self.held(attribute) {
            Held::Float(_) => word::FLOAT,
            Held::Int(_) => word::INT,
            Held::Missing | Held::Unread => word::MISSING,
            Held::No => word::FALSE,
            Held::Yes => word::TRUE,
            held @ Held::Text(..) => Self::bytes(held).map_or(word::MISSING, word::of),
        }
    }

    #[inline]
    fn text(&self, attribute: AttributeKey) -> Option<&[u8]> {
        Self::bytes(self.held(attribute))
    }

    #[inline]
    fn text_hash(&self, attribute: AttributeKey) -> u64 {
        self.unit(attribute).unwrap_or_else(|| self.text(attribute).map_or(0, tidegate::bucket::unit_hash))
    }

    #[inline]
    fn unit(&self, attribute: AttributeKey) -> Option<u64> {
        let place = self.place(attribute);
        if let (known, hash) = self.hashed.get()
            && known == place
            && place != 0
        {
            return Some(hash);
        }
        let hash = match Self::bytes(self.held(attribute)) {
            Some([]) => return None,
            Some(text) => tidegate::bucket::unit_hash(text),
            None => unit_of(self.value(attribute))?,
        };
        self.hashed.set((place, hash));
        Some(hash)
    }
}

/// Strings that were copied; a text stays where it is for as long as this lives.
struct Texts {
    room: UnsafeCell<[MaybeUninit<u8>; ROOM]>,
    used: Cell<usize>,
    more: UnsafeCell<Vec<Box<[u8]>>>,
}

impl Texts {
    fn new() -> Self {
        Self {
            room: UnsafeCell::new([const { MaybeUninit::uninit() }; ROOM]),
            used: Cell::new(0),
            more: UnsafeCell::default(),
        }
    }

    /// A copy of a string; `None` if the value is none.
    #[inline]
    fn copy(&self, env: sys::napi_env, value: sys::napi_value) -> Option<Held> {
        let left = ROOM.saturating_sub(self.used.get());
        if left < SPARE {
            return self.copy_long(env, value);
        }
        // SAFETY: `used` is at most `ROOM`. Bytes below `used` are never written again, so no text changes under a reader.
        let at = unsafe { self.room.get().cast::<u8>().add(self.used.get()) };
        let mut len = 0;
        // SAFETY: `left` bytes are ours; Node writes at most so many, and how many to `len`.
        let status = unsafe { sys::napi_get_value_string_utf8(env, value, at.cast(), left, &mut len) };
        if status != sys::Status::napi_ok {
            return None;
        }
        // A character of up to four bytes and the zero may not have had room.
        if len + 5 > left {
            return self.copy_long(env, value);
        }
        self.used.set(self.used.get() + len);
        Some(Held::Text(at, len))
    }

    #[cold]
    fn copy_long(&self, env: sys::napi_env, value: sys::napi_value) -> Option<Held> {
        let text = owned_text(env, value)?.into_bytes().into_boxed_slice();
        let held = Held::Text(text.as_ptr(), text.len());
        // SAFETY: nobody else borrows the list: this is one thread, and no reference to the list leaves this function. A
        // box that moves with the list leaves its bytes where they are.
        unsafe { (*self.more.get()).push(text) };
        Some(held)
    }
}

/// A string of JavaScript's; lone surrogates become U+FFFD.
pub(crate) fn owned_text(env: sys::napi_env, value: sys::napi_value) -> Option<String> {
    let mut len = 0;
    // SAFETY: without a buffer, it only says how long the string is.
    let status = unsafe { sys::napi_get_value_string_utf8(env, value, null_mut(), 0, &mut len) };
    if status != sys::Status::napi_ok {
        return None;
    }
    let mut bytes = vec![0_u8; len.checked_add(1)?];
    // SAFETY: the buffer has room for the string and a zero.
    let status = unsafe {
        sys::napi_get_value_string_utf8(env, value, bytes.as_mut_ptr().cast(), bytes.len(), &mut len)
    };
    if status != sys::Status::napi_ok {
        return None;
    }
    bytes.truncate(len);
    Some(
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

/// Reads a value: strings first, which most are.
#[inline]
fn read(env: sys::napi_env, value: sys::napi_value, texts: &Texts) -> Held {
    match texts.copy(env, value) {
        Some(held) => held,
        None => other(env, value),
    }
}

#[inline(never)]
fn other(env: sys::napi_env, value: sys::napi_value) -> Held {
    let mut kind = sys::ValueType::napi_undefined;
    // SAFETY: a value of this call, and out-parameters of ours, here and below.
    unsafe {
        if sys::napi_typeof(env, value, &mut kind) != sys::Status::napi_ok {
            return Held::Missing;
        }
        match kind {
            sys::ValueType::napi_boolean => {
                let mut is = false;
                sys::napi_get_value_bool(env, value, &mut is);
                if is { Held::Yes } else { Held::No }
            }
            sys::ValueType::napi_number => {
                let mut number = f64::NAN;
                sys::napi_get_value_double(env, value, &mut number);
                self::number(number)
            }
            sys::ValueType::napi_bigint => {
                let (mut number, mut is_exact) = (0, false);
                sys::napi_get_value_bigint_int64(env, value, &mut number, &mut is_exact);
                if is_exact { Held::Int(number) } else { far(env, value) }
            }
            _ => Held::Missing,
        }
    }
}

/// A number: integers to 2^53 as integers, one that is not finite as missing.
fn number(number: f64) -> Held {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.trunc() == number && number.abs() <= EXACT {
        Held::Int(number as i64)
    } else if number.is_finite() {
        Held::Float(number)
    } else {
        Held::Missing
    }
}

/// A bigint beyond 64 bits as the nearest double below or above it, or missing if it is larger than any.
fn far(env: sys::napi_env, value: sys::napi_value) -> Held {
    let (mut sign, mut count) = (0, 17);
    let mut words = [0_u64; 17];
    // SAFETY: so many words have room; if there are more, `count` says how many are needed.
    let status =
        unsafe { sys::napi_get_value_bigint_words(env, value, &mut sign, &mut count, words.as_mut_ptr()) };
    if status != sys::Status::napi_ok || count > words.len() {
        return Held::Missing;
    }
    let sum = words
        .iter()
        .take(count)
        .rev()
        .fold(0.0, |sum: f64, word| sum * 18_446_744_073_709_551_616.0 + *word as f64);
    number(if sign == 0 { sum } else { -sum })
}

/// Gives a primitive to `set`, as an attribute.
pub(crate) fn attribute(env: sys::napi_env, value: sys::napi_value, set: impl FnOnce(AttributeValue<'_>)) {
    let texts = Texts::new();
    match read(env, value, &texts) {
        Held::Float(value) => set(AttributeValue::Float(value)),
        Held::Int(value) => set(AttributeValue::Int(value)),
        Held::Missing | Held::Unread => set(AttributeValue::Missing),
        Held::No => set(AttributeValue::Bool(false)),
        Held::Yes => set(AttributeValue::Bool(true)),
        held @ Held::Text(..) => {
            let text = Values::bytes(held).and_then(|bytes| std::str::from_utf8(bytes).ok());
            set(text.map_or(AttributeValue::Missing, AttributeValue::Str));
        }
    }
}
