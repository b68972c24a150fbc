//! The values of an object's attributes as JavaScript handed them over, converted only if they are asked for.
//!
//! Objects and functions never come here: `lib/attributes.js` makes a context of those. What is here is read without running any
//! JavaScript.

use std::cell::{Cell, UnsafeCell};
use std::ptr::null_mut;

use napi::sys;
use tidegate::bucket::unit_hash;
use tidegate::context::{Subject, unit_of};
use tidegate::operand::word;
use tidegate::value::{Number, ValueRef};
use tidegate::{AttributeKey, AttributeValue};

use crate::state::Plan;

/// So many bytes of strings have room without an allocation.
const ROOM: usize = 4096;

/// Below this, a string's length is asked for before it is copied.
const SPARE: usize = 256;

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

/// What values are converted into; kept from call to call, because making one would cost more than the call.
pub(crate) struct Scratch {
    held: [Cell<Held>; Plan::MOST],
    /// The unit's hash that was computed last: by place plus 1.
    hashed: Cell<(usize, u64)>,
    /// Something was asked for that is not in the plan.
    is_outside: Cell<bool>,
    texts: Texts,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            held: [const { Cell::new(Held::Unread) }; Plan::MOST],
            hashed: Cell::new((0, 0)),
            is_outside: Cell::new(false),
            texts: Texts::new(),
        }
    }
}

/// The values, in the order of the plan.
pub(crate) struct Values<'v> {
    env: sys::napi_env,
    plan: &'v Plan,
    given: &'v [sys::napi_value],
    scratch: &'v Scratch,
}

impl<'v> Values<'v> {
    #[inline(always)]
    pub(crate) fn new(
        env: sys::napi_env,
        plan: &'v Plan,
        given: &'v [sys::napi_value],
        scratch: &'v mut Scratch,
    ) -> Self {
        for cell in scratch.held.iter_mut().take(given.len()) {
            *cell.get_mut() = Held::Unread;
        }
        *scratch.hashed.get_mut() = (0, 0);
        *scratch.is_outside.get_mut() = false;
        scratch.texts.clear();
        Self { env, plan, given, scratch }
    }

    /// Whether something was asked for that is not in the plan: then the answer does not count.
    #[inline(always)]
    pub(crate) fn is_outside(&self) -> bool {
        self.scratch.is_outside.get()
    }

    /// The place plus 1; 0: none.
    #[inline(always)]
    fn place(&self, attribute: AttributeKey) -> usize {
        match self.plan.places.get(attribute.index()) {
            Some(place) if *place != 0 => usize::from(*place),
            _ => {
                self.scratch.is_outside.set(true);
                0
            }
        }
    }

    #[inline(always)]
    fn held(&self, attribute: AttributeKey) -> Held {
        let Some(index) = self.place(attribute).checked_sub(1) else { return Held::Missing };
        let Some(cell) = self.scratch.held.get(index) else { return Held::Missing };
        match cell.get() {
            Held::Unread => self.read(index, cell),
            held => held,
        }
    }

    #[inline(never)]
    fn read(&self, index: usize, cell: &Cell<Held>) -> Held {
        let held =
            self.given.get(index).map_or(Held::Missing, |value| read(self.env, *value, &self.scratch.texts));
        cell.set(held);
        held
    }
}

/// The bytes of a string.
///
/// # Safety
/// The texts that it was copied to live for `'t` and are not cleared before its end.
#[inline(always)]
unsafe fn bytes<'t>(held: Held) -> Option<&'t [u8]> {
    match held {
        // SAFETY: written by `Texts`, which moves and frees no text before it is cleared.
        Held::Text(at, len) => Some(unsafe { std::slice::from_raw_parts(at, len) }),
        _ => None,
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
            Held::Text(..) => {
                let text = self.text(attribute).and_then(|bytes| std::str::from_utf8(bytes).ok());
                text.map_or(ValueRef::Missing, ValueRef::Str)
            }
        }
    }

    #[inline(always)]
    fn word(&self, attribute: AttributeKey) -> u64 {
        match self.held(attribute) {
            Held::Float(_) => word::FLOAT,
            Held::Int(_) => word::INT,
            Held::Missing | Held::Unread => word::MISSING,
            Held::No => word::FALSE,
            Held::Yes => word::TRUE,
            // SAFETY: as in `text`.
            held @ Held::Text(..) => unsafe { bytes(held) }.map_or(word::MISSING, word::of),
        }
    }

    #[inline(always)]
    fn text(&self, attribute: AttributeKey) -> Option<&[u8]> {
        // SAFETY: the texts are those of `scratch`, which is borrowed for longer than `self`; they are cleared only by `new`,
        // which borrows it alone.
        unsafe { bytes(self.held(attribute)) }
    }

    #[inline]
    fn text_hash(&self, attribute: AttributeKey) -> u64 {
        self.unit(attribute).unwrap_or_else(|| self.text(attribute).map_or(0, unit_hash))
    }

    #[inline]
    fn unit(&self, attribute: AttributeKey) -> Option<u64> {
        let place = self.place(attribute);
        if let (known, hash) = self.scratch.hashed.get()
            && known == place
            && place != 0
        {
            return Some(hash);
        }
        let hash = match self.text(attribute) {
            Some([]) => return None,
            Some(text) => unit_hash(text),
            None => unit_of(self.value(attribute))?,
        };
        self.scratch.hashed.set((place, hash));
        Some(hash)
    }
}

/// Strings that were copied; a text stays where it is for as long as this lives.
struct Texts {
    room: Box<UnsafeCell<[u8; ROOM]>>,
    used: Cell<usize>,
    more: UnsafeCell<Vec<Box<[u8]>>>,
}

impl Texts {
    #[inline(always)]
    fn clear(&mut self) {
        *self.used.get_mut() = 0;
        if !self.more.get_mut().is_empty() {
            self.more.get_mut().clear();
        }
    }

    fn new() -> Self {
        Self { room: Box::new(UnsafeCell::new([0; ROOM])), used: Cell::new(0), more: UnsafeCell::default() }
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

/// A bigint beyond 64 bits as the nearest double, as JavaScript itself converts it; missing if there is none.
fn far(env: sys::napi_env, value: sys::napi_value) -> Held {
    // 1 024 bits are more than any double has.
    let (mut sign, mut count, mut words) = (0, 17, [0_u64; 17]);
    // SAFETY: so many words have room; if there are more, `count` says how many are needed.
    let status =
        unsafe { sys::napi_get_value_bigint_words(env, value, &mut sign, &mut count, words.as_mut_ptr()) };
    let Some((used, _)) = words.split_at_checked(count) else { return Held::Missing };
    if status != sys::Status::napi_ok {
        return Held::Missing;
    }
    let size = match used {
        [low @ .., second, first] => {
            // What is below them matters only if the upper two are just between two doubles.
            let sticky = u128::from(low.iter().any(|word| *word != 0));
            let upper = u128::from(*first) << 64 | u128::from(*second) | sticky;
            low.iter().fold(upper as f64, |size, _| size * 18_446_744_073_709_551_616.0)
        }
        [only] => *only as f64,
        [] => 0.0,
    };
    number(if sign == 0 { size } else { -size })
}

/// Gives a primitive to `set`, as an attribute.
pub(crate) fn attribute(
    env: sys::napi_env,
    value: sys::napi_value,
    scratch: &mut Scratch,
    set: impl FnOnce(AttributeValue<'_>),
) {
    scratch.texts.clear();
    match read(env, value, &scratch.texts) {
        Held::Float(value) => set(AttributeValue::Float(value)),
        Held::Int(value) => set(AttributeValue::Int(value)),
        Held::Missing | Held::Unread => set(AttributeValue::Missing),
        Held::No => set(AttributeValue::Bool(false)),
        Held::Yes => set(AttributeValue::Bool(true)),
        held @ Held::Text(..) => {
            // SAFETY: `scratch` is borrowed until `set` is done.
            let text = unsafe { bytes(held) }.and_then(|bytes| std::str::from_utf8(bytes).ok());
            set(text.map_or(AttributeValue::Missing, AttributeValue::Str));
        }
    }
}
