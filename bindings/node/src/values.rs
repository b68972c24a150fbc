//! The values of an object's attributes as JavaScript handed them over, converted only if they are asked for.
//!
//! Objects and functions never come here: `lib/read.js` leaves those to a context. What is here is read without running any
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
const ROOM: usize = 8192;

/// Strings are copied without asking for their length first if they and a zero have fewer UTF-16 units than this.
const SHORT: usize = 256;

/// So many bytes they can be as UTF-8, written in steps of [`LANES`].
const SPARE: usize = 3 * SHORT + LANES;

/// So many units are narrowed at once.
const LANES: usize = 16;

/// A primitive of JavaScript's: its bits, a number's or where a string's bytes are; and its kind, a string's length above it.
///
/// Two words, so that it is returned in registers.
#[derive(Clone, Copy)]
struct Held(u64, u64);

/// What is held; in the lowest three bits.
mod kind {
    pub(super) const UNREAD: u64 = 0;
    pub(super) const MISSING: u64 = 1;
    pub(super) const NO: u64 = 2;
    pub(super) const YES: u64 = 3;
    pub(super) const INT: u64 = 4;
    pub(super) const FLOAT: u64 = 5;
    pub(super) const TEXT: u64 = 6;
}

impl Held {
    const UNREAD: Self = Self(0, kind::UNREAD);
    const MISSING: Self = Self(0, kind::MISSING);

    fn boolean(is: bool) -> Self {
        Self(0, if is { kind::YES } else { kind::NO })
    }

    fn int(value: i64) -> Self {
        Self(value.cast_unsigned(), kind::INT)
    }

    fn float(value: f64) -> Self {
        Self(value.to_bits(), kind::FLOAT)
    }

    #[inline(always)]
    fn text(at: *const u8, len: usize) -> Self {
        Self(at.expose_provenance() as u64, (len as u64) << 3 | kind::TEXT)
    }

    #[inline(always)]
    fn kind(self) -> u64 {
        self.1 & 7
    }

    /// The bytes of a string.
    ///
    /// # Safety
    /// The texts that it was copied to live for `'t` and are not cleared before its end.
    #[inline(always)]
    unsafe fn bytes<'t>(self) -> Option<&'t [u8]> {
        if self.kind() != kind::TEXT {
            return None;
        }
        let at = std::ptr::with_exposed_provenance(self.0 as usize);
        // SAFETY: written by `Texts`, which moves and frees no text before it is cleared.
        Some(unsafe { std::slice::from_raw_parts(at, (self.1 >> 3) as usize) })
    }
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
            held: [const { Cell::new(Held::UNREAD) }; Plan::MOST],
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
            *cell.get_mut() = Held::UNREAD;
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
        let Some(index) = self.place(attribute).checked_sub(1) else { return Held::MISSING };
        let Some(cell) = self.scratch.held.get(index) else { return Held::MISSING };
        let held = cell.get();
        if held.kind() == kind::UNREAD { self.read(index, cell) } else { held }
    }

    #[inline(never)]
    fn read(&self, index: usize, cell: &Cell<Held>) -> Held {
        let held =
            self.given.get(index).map_or(Held::MISSING, |value| read(self.env, *value, &self.scratch.texts));
        cell.set(held);
        held
    }
}

impl Subject for Values<'_> {
    fn value(&self, attribute: AttributeKey) -> ValueRef<'_> {
        let held = self.held(attribute);
        match held.kind() {
            kind::FLOAT => ValueRef::Number(Number::Float(f64::from_bits(held.0))),
            kind::INT => ValueRef::Number(Number::Int(held.0.cast_signed())),
            kind::NO => ValueRef::Bool(false),
            kind::YES => ValueRef::Bool(true),
            _ => {
                let text = self.text(attribute).and_then(|bytes| std::str::from_utf8(bytes).ok());
                text.map_or(ValueRef::Missing, ValueRef::Str)
            }
        }
    }

    #[inline(always)]
    fn word(&self, attribute: AttributeKey) -> u64 {
        if let Some(bytes) = self.text(attribute) {
            return word::of(bytes);
        }
        match self.held(attribute).kind() {
            kind::FLOAT => word::FLOAT,
            kind::INT => word::INT,
            kind::NO => word::FALSE,
            kind::YES => word::TRUE,
            _ => word::MISSING,
        }
    }

    #[inline(always)]
    fn text(&self, attribute: AttributeKey) -> Option<&[u8]> {
        // SAFETY: the texts are those of `scratch`, which is borrowed for longer than `self`; they are cleared only by `new`,
        // which borrows it alone.
        unsafe { self.held(attribute).bytes() }
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
    room: Box<Room>,
    used: Cell<usize>,
    more: UnsafeCell<Vec<Box<[u8]>>>,
}

struct Room {
    bytes: UnsafeCell<[u8; ROOM]>,
    /// What Node wrote last.
    units: UnsafeCell<[u16; SHORT + LANES]>,
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
        let room = Room { bytes: UnsafeCell::new([0; ROOM]), units: UnsafeCell::new([0; SHORT + LANES]) };
        Self { room: Box::new(room), used: Cell::new(0), more: UnsafeCell::default() }
    }

    /// A copy of a string; [`Held::UNREAD`] if the value is none.
    ///
    /// By way of UTF-16, which Node copies at once, while it writes UTF-8 a character at a time: 20 ns less for 16 characters.
    #[inline]
    fn copy(&self, env: sys::napi_env, value: sys::napi_value) -> Held {
        let used = self.used.get();
        if used + SPARE > ROOM {
            return self.copy_long(env, value);
        }
        let mut len = 0;
        // SAFETY: so many units are there; Node writes at most so many, the last of them a zero, and how many to `len`.
        let status = unsafe {
            sys::napi_get_value_string_utf16(env, value, self.room.units.get().cast(), SHORT, &mut len)
        };
        if status != sys::Status::napi_ok {
            return Held::UNREAD;
        }
        if len + 1 >= SHORT {
            return self.copy_long(env, value);
        }
        // SAFETY: nobody writes them for as long as this function has them.
        let units = unsafe { &*self.room.units.get() };
        // SAFETY: `used + SPARE` is at most `ROOM`. Bytes below `used` are never written again, so no text changes under a reader,
        // and those from there on nobody else has.
        let bytes =
            unsafe { std::slice::from_raw_parts_mut(self.room.bytes.get().cast::<u8>().add(used), SPARE) };
        let len = narrow(units, len, bytes);
        self.used.set(used + len);
        Held::text(bytes.as_ptr(), len)
    }

    #[cold]
    fn copy_long(&self, env: sys::napi_env, value: sys::napi_value) -> Held {
        let Some(text) = owned_text(env, value) else { return Held::UNREAD };
        let text = text.into_bytes().into_boxed_slice();
        let held = Held::text(text.as_ptr(), text.len());
        // SAFETY: nobody else borrows the list: this is one thread, and no reference to the list leaves this function. A
        // box that moves with the list leaves its bytes where they are.
        unsafe { (*self.more.get()).push(text) };
        held
    }
}

/// Writes the first `len` units as UTF-8; how many bytes that are. Lone surrogates become U+FFFD.
#[inline(always)]
fn narrow(units: &[u16; SHORT + LANES], len: usize, bytes: &mut [u8]) -> usize {
    let mut all = [0; LANES];
    let (units_of, bytes_of) = (units.as_chunks().0, bytes.as_chunks_mut().0);
    let (mut step, mut left) = (0, len);
    // The units after the last are some, too; what they are written to is not used.
    while let (Some(from), Some(to)) = (units_of.get(step), bytes_of.get_mut(step)) {
        let from: [u16; LANES] = *from;
        let used = USED.as_flattened().get(LANES.saturating_sub(left)..).and_then(<[_]>::first_chunk);
        let used: &[u16; LANES] = used.unwrap_or(&[0; LANES]);
        for ((all, from), used) in all.iter_mut().zip(&from).zip(used) {
            *all |= from & used;
        }
        *to = from.map(|unit| unit as u8);
        if left <= LANES {
            break;
        }
        (step, left) = (step + 1, left - LANES);
    }
    let is_ascii = all.iter().fold(0, |all, lane| all | lane) < 0x80;
    if is_ascii { len } else { encode(units.get(..len).unwrap_or_default(), bytes) }
}

/// From the place on that is as far before the middle as lanes are used: those.
const USED: [[u16; LANES]; 2] = [[u16::MAX; LANES], [0; LANES]];

#[cold]
fn encode(units: &[u16], bytes: &mut [u8]) -> usize {
    let mut used = 0;
    for read in char::decode_utf16(units.iter().copied()) {
        let character = read.unwrap_or(char::REPLACEMENT_CHARACTER);
        if let Some(room) = bytes.get_mut(used..used + character.len_utf8()) {
            used += character.encode_utf8(room).len();
        }
    }
    used
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
    let held = texts.copy(env, value);
    if held.kind() == kind::UNREAD { other(env, value) } else { held }
}

#[inline(never)]
fn other(env: sys::napi_env, value: sys::napi_value) -> Held {
    let mut kind = sys::ValueType::napi_undefined;
    // SAFETY: a value of this call, and out-parameters of ours, here and below.
    unsafe {
        if sys::napi_typeof(env, value, &mut kind) != sys::Status::napi_ok {
            return Held::MISSING;
        }
        match kind {
            sys::ValueType::napi_boolean => {
                let mut is = false;
                sys::napi_get_value_bool(env, value, &mut is);
                Held::boolean(is)
            }
            sys::ValueType::napi_number => {
                let mut number = f64::NAN;
                sys::napi_get_value_double(env, value, &mut number);
                self::number(number)
            }
            sys::ValueType::napi_bigint => {
                let (mut number, mut is_exact) = (0, false);
                sys::napi_get_value_bigint_int64(env, value, &mut number, &mut is_exact);
                if is_exact { Held::int(number) } else { far(env, value) }
            }
            _ => Held::MISSING,
        }
    }
}

/// A number: integers to 2^53 as integers, one that is not finite as missing.
fn number(number: f64) -> Held {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.trunc() == number && number.abs() <= EXACT {
        Held::int(number as i64)
    } else if number.is_finite() {
        Held::float(number)
    } else {
        Held::MISSING
    }
}

/// A bigint beyond 64 bits as the nearest double, as JavaScript itself converts it; missing if there is none.
fn far(env: sys::napi_env, value: sys::napi_value) -> Held {
    // 1 024 bits are more than any double has.
    let (mut sign, mut count, mut words) = (0, 17, [0_u64; 17]);
    // SAFETY: so many words have room; if there are more, `count` says how many are needed.
    let status =
        unsafe { sys::napi_get_value_bigint_words(env, value, &mut sign, &mut count, words.as_mut_ptr()) };
    let Some((used, _)) = words.split_at_checked(count) else { return Held::MISSING };
    if status != sys::Status::napi_ok {
        return Held::MISSING;
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
    let held = read(env, value, &scratch.texts);
    match held.kind() {
        kind::FLOAT => set(AttributeValue::Float(f64::from_bits(held.0))),
        kind::INT => set(AttributeValue::Int(held.0.cast_signed())),
        kind::NO => set(AttributeValue::Bool(false)),
        kind::YES => set(AttributeValue::Bool(true)),
        _ => {
            // SAFETY: `scratch` is borrowed until `set` is done.
            let text = unsafe { held.bytes() }.and_then(|bytes| std::str::from_utf8(bytes).ok());
            set(text.map_or(AttributeValue::Missing, AttributeValue::Str));
        }
    }
}
