//! The loop over instructions.

use std::cell::Cell;
use std::hint::{black_box, cold_path};

use super::memo::{LARGE, Memo, Place, SMALL, feature_key, recall, remember, segment_key};
use crate::bucket::mix;
use crate::context::Subject;
use crate::operand::set::filter_position;
use crate::operand::word;
use crate::program::{Chunk, Entry, Fork, Inst, ON, Pc, Program, Reason};

/// The instant of a decision, asked for only if a time test runs.
pub trait Now {
    /// Milliseconds since 1970.
    fn now(&self) -> i64;
}

impl Now for i64 {
    fn now(&self) -> i64 {
        *self
    }
}

/// A decision as the program has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raw {
    /// See [`Served`](crate::program::Served).
    pub a: u64,
    /// See [`Served`](crate::program::Served).
    pub b: u64,
    /// 0: none. Else bit 63: indirect; bits 62‥32 the chunk, bits 31‥0 the attribution in it plus 1.
    pub attribution: u64,
    /// The chunk that the meta is in.
    pub chunk: u32,
    /// What the attribution adds to the counter.
    pub counter: u32,
}

/// The bit of an attribution that says that a reference brought it.
pub(super) const INDIRECT: u64 = 1 << 63;

impl Raw {
    /// No such feature.
    pub const UNKNOWN: Self =
        Self { a: Reason::UnknownFeature as u64, b: 0, attribution: 0, chunk: u32::MAX, counter: 0 };
    /// Nothing, false.
    pub(super) const NOTHING: Self = Self { a: 0, b: 0, attribution: 0, chunk: 0, counter: 0 };

    /// Whether the value is `true`.
    #[must_use]
    #[inline(always)]
    pub fn is_on(self) -> bool {
        self.a & ON != 0
    }

    /// The counter of this variant and phase.
    #[must_use]
    #[inline(always)]
    pub fn counter(self) -> u32 {
        (self.b as u32).wrapping_add(self.counter)
    }
}

/// The pc that a test leads to.
///
/// The hint makes it a branch, not a select: so the next instruction is fetched before the test is decided, and the
/// tests of a walk that fails overlap.
#[inline(always)]
fn go(fork: Fork, hit: bool) -> Pc {
    if hit {
        cold_path();
        fork.then
    } else {
        fork.or
    }
}

/// The pc that an applicable test, which may be negated, leads to.
#[inline(always)]
fn take(fork: Fork, hit: bool) -> Pc {
    go(fork, hit != fork.negated)
}

/// What a caller wants of a decision: all of it, or only what `check` needs, in registers.
pub trait Outcome {
    /// From a `Return` that no patch led to.
    fn direct(a: u64, b: u64, attribution: u64, chunk: u32) -> Self;
    /// From a run of any kind.
    fn of(raw: Raw) -> Self;
}

impl Outcome for Raw {
    #[inline(always)]
    fn direct(a: u64, b: u64, attribution: u64, chunk: u32) -> Self {
        Self { a, b, attribution, chunk, counter: 0 }
    }

    #[inline(always)]
    fn of(raw: Raw) -> Self {
        raw
    }
}

/// What `check` needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brief {
    a: u64,
    counter: u32,
}

impl Brief {
    /// Whether the value is `true`.
    #[must_use]
    #[inline(always)]
    pub fn is_on(self) -> bool {
        self.a & ON != 0
    }

    /// The counter of this variant and phase.
    #[must_use]
    #[inline(always)]
    pub fn counter(self) -> u32 {
        self.counter
    }
}

impl Outcome for Brief {
    #[inline(always)]
    fn direct(a: u64, b: u64, _: u64, _: u32) -> Self {
        Self { a, counter: b as u32 }
    }

    #[inline(always)]
    fn of(raw: Raw) -> Self {
        Self { a: raw.a, counter: raw.counter() }
    }
}

/// Decides a feature.
///
/// What is served to everyone, or by one share, is decided here and inlined into the caller; the frequent instructions
/// run in `run_frequent`, in registers; at the first other one, `run` takes over.
#[inline(always)]
pub fn decide<O: Outcome, S: Subject, N: Now>(program: &Program, entry: Entry, subject: &S, now: &N) -> O {
    let Some(chunk) = program.chunks.get(entry.chunk as usize) else { return O::of(Raw::UNKNOWN) };
    let end = match chunk.code.get(entry.pc as usize) {
        Some(Inst::ShareReturn { fork, salt, last }) => {
            chunk.code.get(share(*fork, *salt, *last, subject) as usize)
        }
        other => other,
    };
    match end {
        Some(Inst::Return { a, b, attribution }) => {
            O::direct(*a, *b, certain(entry, *attribution), entry.chunk)
        }
        _ => run_frequent(program, chunk, entry, subject, now),
    }
}

#[inline(never)]
fn run_frequent<O: Outcome, S: Subject, N: Now>(
    program: &Program,
    chunk: &Chunk,
    entry: Entry,
    subject: &S,
    now: &N,
) -> O {
    let code = &*chunk.code;
    let mut pc = entry.pc;
    loop {
        let Some(inst) = code.get(pc as usize) else { return O::of(Raw::UNKNOWN) };
        match frequent(chunk, inst, subject) {
            Some(next) => pc = next,
            None => {
                if let Inst::Return { a, b, attribution } = *inst {
                    return O::direct(a, b, certain(entry, attribution), entry.chunk);
                }
                return O::of(run_from(program, chunk, Entry { pc, ..entry }, subject, now));
            }
        }
    }
}

/// Where a share leads whose targets are both ends.
#[inline(always)]
fn share<S: Subject>(fork: Fork, salt: u64, last: u64, subject: &S) -> Pc {
    match subject.unit(fork.slot) {
        Some(unit) => std::hint::select_unpredictable(mix(salt, unit) <= last, fork.then, fork.or),
        None => fork.or,
    }
}

#[inline(always)]
fn certain(entry: Entry, attribution: u32) -> u64 {
    if attribution == 0 { 0 } else { u64::from(entry.chunk) << 32 | u64::from(attribution) }
}

/// Where an instruction leads that looks at nothing but one attribute; `None` for the others.
///
/// Tables are reached through [`black_box`]: else the compiler reads the fields of the chunk for all arms before the
/// first instruction (35 instructions a call, measured by callgrind), though an arm needs one of them.
#[inline(always)]
fn frequent<S: Subject>(chunk: &Chunk, inst: &Inst, subject: &S) -> Option<Pc> {
    Some(match *inst {
        Inst::Word { fork, word } => go(fork, subject.word(fork.slot) == word),
        Inst::Share { fork, salt, last } => {
            let unit = subject.unit(fork.slot);
            go(fork, unit.is_some_and(|unit| mix(salt, unit) <= last))
        }
        Inst::ShareReturn { fork, salt, last } => share(fork, salt, last, subject),
        Inst::Words4 { fork, at } => {
            let own = subject.word(fork.slot);
            let hit = match four_words(black_box(chunk), at as usize) {
                Some(&[a, b, c, d]) => (own ^ a).min(own ^ b).min((own ^ c).min(own ^ d)) == 0,
                None => false,
            };
            go(fork, hit)
        }
        Inst::WordTable { fork, at, seed, shift } => {
            let own = subject.word(fork.slot);
            let index = (at as usize).wrapping_add((own.wrapping_mul(seed) >> (shift & 63)) as usize);
            go(fork, black_box(chunk).words.get(index).is_some_and(|&word| word == own))
        }
        Inst::TextSet { fork, set, filter, words } => {
            // Of what is no string, any hash will do: it has no text, and so is in no set.
            let hash = subject.text_hash(fork.slot);
            let (index, bits) = filter_position(hash, u64::from(words));
            let index = (filter as usize).wrapping_add(index);
            let chunk = black_box(chunk);
            let passed = chunk.filters.get(index).is_some_and(|&word| word & bits == bits);
            go(fork, passed && in_set(chunk, set, hash, black_box(subject), fork))
        }
        Inst::Suffix { whole, fork, tail, text } => {
            let hit = subject.word(fork.slot) == tail;
            go(fork, hit && has_suffix(black_box(chunk), text, whole, black_box(subject), fork))
        }
        Inst::String { fork } => go(fork, word::is_string(subject.word(fork.slot))),
        Inst::Version { fork, mask, packed, test } => {
            let own = subject.version(fork.slot);
            if own.is_plain() {
                let own = own.get();
                let ordering = u32::from(own == packed) | u32::from(own > packed) << 1;
                take(fork, mask >> ordering & 1 != 0)
            } else {
                general(black_box(chunk), test, black_box(subject), fork)
            }
        }
        Inst::Test { fork, test } => general(black_box(chunk), test, black_box(subject), fork),
        _ => return None,
    })
}

/// The instant, asked for once.
struct Once<'n, N> {
    now: &'n N,
    known: Cell<Option<i64>>,
}

impl<N: Now> Now for Once<'_, N> {
    fn now(&self) -> i64 {
        self.known.get().unwrap_or_else(|| {
            let now = self.now.now();
            self.known.set(Some(now));
            now
        })
    }
}

#[inline(never)]
fn run_from<S: Subject, N: Now>(program: &Program, chunk: &Chunk, entry: Entry, subject: &S, now: &N) -> Raw {
    run(program, chunk, entry, subject, &Once { now, known: Cell::new(None) }, None)
}

/// Runs any code.
fn run<S: Subject, N: Now>(
    program: &Program,
    chunk: &Chunk,
    entry: Entry,
    subject: &S,
    now: &Once<'_, N>,
    mut memo: Option<Memo<'_>>,
) -> Raw {
    let code = &*chunk.code;
    let mut pc = entry.pc;
    let mut attribution = 0_u64;
    let mut counter = 0_u32;
    let mut indirect = 0_u64;
    loop {
        let Some(inst) = code.get(pc as usize) else { return Raw::UNKNOWN };
        if let Some(next) = frequent(chunk, inst, subject) {
            pc = next;
            continue;
        }
        pc = match *inst {
            Inst::Return { a, b, attribution: sure } => {
                if sure != 0 {
                    attribution = certain(entry, sure);
                } else if attribution == 0 && indirect != 0 {
                    attribution = indirect | INDIRECT;
                }
                return Raw { a, b, attribution, chunk: entry.chunk, counter };
            }
            Inst::Range { fork, salt, span } => {
                match (subject.unit(fork.slot), chunk.spans.get(span as usize)) {
                    (Some(unit), Some(span)) => take(fork, span.contains(mix(salt, unit))),
                    _ => fork.or,
                }
            }
            Inst::Split { fork, salt, arms, count } => match subject.unit(fork.slot) {
                Some(unit) => arm(chunk, arms, count, mix(salt, unit)).unwrap_or(fork.or),
                None => fork.or,
            },
            Inst::Time { then, or, from, to } => {
                let now = now.now();
                if from <= now && now < to { then } else { or }
            }
            Inst::Served { attribution: index, counter: add, next } => {
                attribution = certain(entry, index);
                counter = add;
                next
            }
            Inst::Segment { then, or, segment, negated } => {
                let raw = call(program, Callee::Segment(segment, negated), subject, now, memo.as_deref_mut());
                if indirect == 0 {
                    indirect = raw.attribution & !INDIRECT;
                }
                if raw.is_on() { then } else { or }
            }
            Inst::Feature { then, or, feature, variants, negated } => {
                let raw = call(program, Callee::Feature(feature), subject, now, memo.as_deref_mut());
                if indirect == 0 {
                    indirect = raw.attribution & !INDIRECT;
                }
                match serves(program, chunk, variants, raw) {
                    Some(hit) if hit != negated => then,
                    _ => or,
                }
            }
            Inst::Memo { large, next } => {
                if memo.is_none() {
                    return with_memo(program, chunk, Entry { pc: next, ..entry }, subject, now, large);
                }
                next
            }
            Inst::Goto { chunk, pc } => {
                return call(program, Callee::Entry(Entry { chunk, pc }), subject, now, memo);
            }
            Inst::Unit { fork, unit, text } => {
                if subject.unit(fork.slot) == Some(unit) && is_unit(chunk, text, subject, fork) {
                    fork.then
                } else {
                    fork.or
                }
            }
            // The frequent ones were taken above.
            _ => return Raw::UNKNOWN,
        };
    }
}

#[inline(always)]
fn four_words(chunk: &Chunk, at: usize) -> Option<&[u64; 4]> {
    chunk.words.get(at..)?.first_chunk::<4>()
}

#[derive(Clone, Copy)]
enum Callee {
    Entry(Entry),
    Feature(u32),
    Segment(u32, bool),
}

/// A run of its own, for a reference. Depth is bounded by `compile` (SEMANTICS 9.7).
#[inline(never)]
fn call<S: Subject, N: Now>(
    program: &Program,
    callee: Callee,
    subject: &S,
    now: &Once<'_, N>,
    mut memo: Option<Memo<'_>>,
) -> Raw {
    let (key, entry) = match callee {
        Callee::Entry(entry) => (0, entry),
        Callee::Feature(number) => (feature_key(number), program.entry(number)),
        Callee::Segment(number, negated) => {
            let entries = program.segments.get(number as usize).copied().unwrap_or([Entry::ABSENT; 2]);
            let [plain, opposite] = entries;
            (segment_key(number, negated), if negated { opposite } else { plain })
        }
    };
    if key != 0
        && let Some(known) = memo.as_deref().and_then(|memo| recall(memo, key))
    {
        return known;
    }
    let raw = match program.chunks.get(entry.chunk as usize) {
        Some(chunk) => run(program, chunk, entry, subject, now, memo.as_deref_mut()),
        None => Raw::UNKNOWN,
    };
    if key != 0
        && let Some(memo) = memo
    {
        remember(memo, key, raw);
    }
    raw
}

#[cold]
#[inline(never)]
fn with_memo<S: Subject, N: Now>(
    program: &Program,
    chunk: &Chunk,
    entry: Entry,
    subject: &S,
    now: &Once<'_, N>,
    large: bool,
) -> Raw {
    if large {
        run(program, chunk, entry, subject, now, Some(&mut [Place::EMPTY; LARGE]))
    } else {
        run(program, chunk, entry, subject, now, Some(&mut [Place::EMPTY; SMALL]))
    }
}

#[inline(never)]
fn general<S: Subject>(chunk: &Chunk, test: u32, subject: &S, fork: Fork) -> Pc {
    let outcome = chunk.tests.get(test as usize).and_then(|test| test.holds(subject.value(fork.slot)));
    match outcome {
        Some(hit) if hit != fork.negated => fork.then,
        _ => fork.or,
    }
}

#[inline(never)]
fn in_set<S: Subject>(chunk: &Chunk, set: u32, hash: u64, subject: &S, fork: Fork) -> bool {
    match (chunk.sets.get(set as usize), subject.text(fork.slot)) {
        (Some(set), Some(text)) => set.contains(hash, text),
        _ => false,
    }
}

#[inline(never)]
fn has_suffix<S: Subject>(chunk: &Chunk, text: u32, whole: bool, subject: &S, fork: Fork) -> bool {
    match (chunk.texts.get(text as usize), subject.text(fork.slot)) {
        (Some(suffix), Some(text)) => {
            text.ends_with(suffix.as_bytes()) && (!whole || text.len() == suffix.len())
        }
        _ => false,
    }
}

#[inline(never)]
fn is_unit<S: Subject>(chunk: &Chunk, text: u32, subject: &S, fork: Fork) -> bool {
    use crate::bucket::{integer_text, integral};
    use crate::value::{Number, ValueRef};
    let Some(own) = chunk.texts.get(text as usize) else { return false };
    let number = match subject.value(fork.slot) {
        ValueRef::Str(text) => return *text == **own,
        ValueRef::Number(Number::Int(value)) => Some(value),
        ValueRef::Number(Number::Float(value)) => integral(value),
        _ => None,
    };
    number.is_some_and(|number| integer_text(number, &mut [0; 20]) == Some(own.as_bytes()))
}

#[inline]
fn arm(chunk: &Chunk, arms: u32, count: u32, mixed: u64) -> Option<Pc> {
    let arms = chunk.arms.get(arms as usize..)?.get(..count as usize)?;
    arms.iter().find(|arm| mixed <= arm.last).map(|arm| arm.next)
}

/// Whether the variant that a feature served is one of the list; `None` if it has none.
fn serves(program: &Program, chunk: &Chunk, variants: u32, raw: Raw) -> Option<bool> {
    let variant = ((raw.a >> 16 & 0xffff) as usize).checked_sub(1)?;
    let meta = program.chunks.get(raw.chunk as usize)?.metas.get((raw.b >> 32) as usize)?;
    let (served, _) = meta.variants.get(variant)?;
    Some(chunk.variants.get(variants as usize)?.iter().any(|own| own == served))
}
