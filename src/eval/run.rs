//! A decision from its entry to its end: what the walk meets that is more than a test on an attribute.

use std::cell::Cell;

use super::memo::{LARGE, Memo, Place, SMALL, feature_key, recall, remember, segment_key};
use super::walk::{NOBODY, inside, pair, share, step, walk, walk_here};
use crate::bucket::mix;
use crate::context::Subject;
use crate::program::{Chunk, Entry, Inst, ON, Pc, Program, Reason};

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

impl Brief {
    /// What an end says that no patch led to; `None` of any other instruction.
    #[must_use]
    #[inline(always)]
    pub fn of_end(inst: &Inst) -> Option<Self> {
        match *inst {
            Inst::Return { a, b, .. } => Some(Self { a, counter: b as u32 }),
            _ => None,
        }
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
/// What is served to everyone, or by one share, is decided here and inlined into the caller. Else `walk` is called; only if it stops at
/// something that is no end, `go_on` takes over.
#[inline(always)]
pub fn decide<O: Outcome, S: Subject, N: Now>(program: &Program, entry: Entry, subject: &S, now: &N) -> O {
    let Some(chunk) = program.chunks.get(entry.chunk as usize) else { return O::of(Raw::UNKNOWN) };
    let first = match chunk.code.get(entry.pc as usize) {
        Some(Inst::ShareReturn { fork, salt, last }) => {
            chunk.code.get(share(*fork, *salt, *last, subject) as usize)
        }
        Some(Inst::PairReturn { fork, at, other, word }) => {
            chunk.code.get(pair(&chunk.tables, *fork, *at, (*other, *word), subject) as usize)
        }
        other => other,
    };
    if let Some(Inst::Return { a, b, attribution }) = first {
        return O::direct(*a, *b, certain(entry, *attribution), entry.chunk);
    }
    match decide_walking(Halt { chunk, pc: entry.pc }, subject) {
        Ok(Inst::Return { a, b, attribution }) => {
            O::direct(*a, *b, certain(entry, *attribution), entry.chunk)
        }
        Ok(_) => O::of(Raw::UNKNOWN),
        Err(stop) => decide_from(program, entry, stop, subject, now),
    }
}

/// The code of a feature, from its entry on.
#[derive(Clone, Copy, Debug)]
pub struct Halt<'p> {
    /// The entry's chunk.
    pub chunk: &'p Chunk,
    /// Where the code begins.
    pub pc: Pc,
}

/// What [`decide_at_once`] leaves.
#[derive(Clone, Copy, Debug)]
pub enum Left<'p> {
    /// One share: the entry's chunk, and the instruction, for [`decide_share`].
    Share(&'p Chunk, &'p Inst),
    /// Two tests, and no more: the entry's chunk, and the instruction, for [`decide_pair`].
    Pair(&'p Chunk, &'p Inst),
    /// A walk: for [`decide_walking`], or [`decide_walking_here`].
    Walk(Halt<'p>),
    /// All of it: for [`decide`].
    All,
}

/// Where [`decide_walking`] stopped short of an end.
#[derive(Clone, Copy, Debug)]
pub struct Stop<'p> {
    inst: Option<&'p Inst>,
    served: Pc,
}

/// As [`decide`], what is served to everyone, without a call.
///
/// # Errors
/// What is left to do, if it is not decided.
#[inline(always)]
pub fn decide_at_once<'p>(program: &'p Program, feature: u32) -> Result<Brief, Left<'p>> {
    let entry = program.features.get(feature as usize).ok_or(Left::All)?;
    let chunk = &**program.chunks.get(entry.chunk as usize).ok_or(Left::All)?;
    let pc = entry.pc;
    let first = chunk.code.get(pc as usize).ok_or(Left::All)?;
    match first {
        Inst::Return { .. } => Brief::of_end(first).ok_or(Left::All),
        Inst::ShareReturn { .. } => Err(Left::Share(chunk, first)),
        Inst::PairReturn { .. } => Err(Left::Pair(chunk, first)),
        _ => Err(Left::Walk(Halt { chunk, pc })),
    }
}

/// As [`decide`], of one share whose unit has been hashed, without a call; `None` if it is for `decide`.
#[inline(always)]
pub fn decide_share<S: Subject>(chunk: &Chunk, inst: &Inst, subject: &S) -> Option<Brief> {
    match inst {
        Inst::ShareReturn { fork, salt, last } => match subject.known_unit(fork.slot) {
            0 => None,
            unit => {
                let end = inside(*fork, mix(*salt, unit) <= *last);
                chunk.code.get(end as usize).and_then(Brief::of_end)
            }
        },
        _ => None,
    }
}

/// As [`decide`], of two tests, without a call; `None` if it is for `decide`.
#[inline(always)]
pub fn decide_pair<S: Subject>(chunk: &Chunk, inst: &Inst, subject: &S) -> Option<Brief> {
    match inst {
        Inst::PairReturn { fork, at, other, word } => {
            let end = pair(&chunk.tables, *fork, *at, (*other, *word), subject);
            chunk.code.get(end as usize).and_then(Brief::of_end)
        }
        _ => None,
    }
}

/// The end that one walk leads to, past no patch.
///
/// # Errors
/// Where it stopped, if there is none: for [`decide_from`].
#[inline(always)]
pub fn decide_walking<'p, S: Subject>(halt: Halt<'p>, subject: &S) -> Result<&'p Inst, Stop<'p>> {
    ended(walk(halt.chunk, halt.pc, subject))
}

/// As [`decide_walking`], with the walk in the caller's own code.
///
/// # Errors
/// As of [`decide_walking`].
#[inline(always)]
pub fn decide_walking_here<'p, S: Subject>(halt: Halt<'p>, subject: &S) -> Result<&'p Inst, Stop<'p>> {
    ended(walk_here(halt.chunk, halt.pc, subject))
}

#[inline(always)]
fn ended((inst, served): (Option<&Inst>, Pc)) -> Result<&Inst, Stop<'_>> {
    match inst {
        Some(end @ Inst::Return { .. }) if served == NOBODY => Ok(end),
        _ => Err(Stop { inst, served }),
    }
}

/// As [`decide`], from where [`decide_walking`] stopped.
#[inline(always)]
pub fn decide_from<O: Outcome, S: Subject, N: Now>(
    program: &Program,
    entry: Entry,
    stop: Stop<'_>,
    subject: &S,
    now: &N,
) -> O {
    let (Some(inst), Some(chunk)) = (stop.inst, program.chunks.get(entry.chunk as usize)) else {
        return O::of(Raw::UNKNOWN);
    };
    let patched = Patched::default().then(chunk, entry, stop.served);
    match inst {
        Inst::Return { a, b, attribution } => O::of(patched.end(entry, *a, *b, *attribution)),
        inst => go_on(program, chunk, inst, entry, patched, subject, now),
    }
}

/// The walk stopped before the end, at `inst`, a test that needs a call; at the first reference, `run` takes over.
#[inline(never)]
fn go_on<'c, O: Outcome, S: Subject, N: Now>(
    program: &Program,
    chunk: &'c Chunk,
    mut inst: &'c Inst,
    entry: Entry,
    mut patched: Patched,
    subject: &S,
    now: &N,
) -> O {
    loop {
        if let Inst::Return { a, b, attribution } = *inst {
            return O::of(patched.end(entry, a, b, attribution));
        }
        let Some(next) = step(chunk, inst, subject) else {
            return O::of(run_from(program, chunk, inst, entry, patched, subject, now));
        };
        inst = match chunk.code.get(next as usize) {
            Some(end @ Inst::Return { .. }) => end,
            _ => {
                let (inst, served) = walk(chunk, next, subject);
                let Some(inst) = inst else { return O::of(Raw::UNKNOWN) };
                patched = patched.then(chunk, entry, served);
                inst
            }
        };
    }
}

/// The last patch that took part so far.
#[derive(Clone, Copy, Default)]
struct Patched {
    attribution: u64,
    counter: u32,
}

impl Patched {
    /// After a walk on which the patch at `served` took part, if any did.
    #[inline(always)]
    fn then(self, chunk: &Chunk, entry: Entry, served: Pc) -> Self {
        match chunk.code.get(served as usize) {
            Some(Inst::Served { attribution, counter, .. }) => {
                Self { attribution: certain(entry, *attribution), counter: *counter }
            }
            _ => self,
        }
    }

    /// What an end says then.
    #[inline(always)]
    fn end(self, entry: Entry, a: u64, b: u64, sure: u32) -> Raw {
        let attribution = if sure == 0 { self.attribution } else { certain(entry, sure) };
        Raw { a, b, attribution, chunk: entry.chunk, counter: self.counter }
    }
}

#[inline(always)]
fn certain(entry: Entry, attribution: u32) -> u64 {
    if attribution == 0 { 0 } else { u64::from(entry.chunk) << 32 | u64::from(attribution) }
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
fn run_from<S: Subject, N: Now>(
    program: &Program,
    chunk: &Chunk,
    inst: &Inst,
    entry: Entry,
    patched: Patched,
    subject: &S,
    now: &N,
) -> Raw {
    run(Code { program, chunk, entry }, inst, subject, &Once { now, known: Cell::new(None) }, patched, None)
}

/// The code that runs.
#[derive(Clone, Copy)]
struct Code<'p> {
    program: &'p Program,
    chunk: &'p Chunk,
    entry: Entry,
}

/// Runs any code from its entry on.
fn run_entry<S: Subject, N: Now>(
    code: Code<'_>,
    subject: &S,
    now: &Once<'_, N>,
    patched: Patched,
    memo: Option<Memo<'_>>,
) -> Raw {
    match walk(code.chunk, code.entry.pc, subject) {
        (Some(inst), served) => {
            run(code, inst, subject, now, patched.then(code.chunk, code.entry, served), memo)
        }
        (None, _) => Raw::UNKNOWN,
    }
}

/// Runs any code from an instruction on at which a walk stopped.
fn run<'p, S: Subject, N: Now>(
    code: Code<'p>,
    mut inst: &'p Inst,
    subject: &S,
    now: &Once<'_, N>,
    mut patched: Patched,
    mut memo: Option<Memo<'_>>,
) -> Raw {
    let Code { program, chunk, entry } = code;
    let mut indirect = 0_u64;
    loop {
        let next = match *inst {
            Inst::Return { a, b, attribution } => {
                let raw = patched.end(entry, a, b, attribution);
                return match raw.attribution {
                    0 if indirect != 0 => Raw { attribution: indirect | INDIRECT, ..raw },
                    _ => raw,
                };
            }
            Inst::Time { then, or, from, to } => {
                let now = now.now();
                if from <= now && now < to { then } else { or }
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
                    let entry = Entry { pc: next, ..entry };
                    return with_memo(Code { entry, ..code }, subject, now, patched, large);
                }
                next
            }
            Inst::Goto { chunk, pc } => {
                return call(program, Callee::Entry(Entry { chunk, pc }), subject, now, memo);
            }
            _ => match step(chunk, inst, subject) {
                Some(next) => next,
                // There is no other.
                None => return Raw::UNKNOWN,
            },
        };
        let (stop, served) = walk(chunk, next, subject);
        let Some(stop) = stop else { return Raw::UNKNOWN };
        (inst, patched) = (stop, patched.then(chunk, entry, served));
    }
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
        Some(chunk) => {
            let code = Code { program, chunk, entry };
            run_entry(code, subject, now, Patched::default(), memo.as_deref_mut())
        }
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
    code: Code<'_>,
    subject: &S,
    now: &Once<'_, N>,
    patched: Patched,
    large: bool,
) -> Raw {
    if large {
        run_entry(code, subject, now, patched, Some(&mut [Place::EMPTY; LARGE]))
    } else {
        run_entry(code, subject, now, patched, Some(&mut [Place::EMPTY; SMALL]))
    }
}

/// Whether the variant that a feature served is one of the list; `None` if it has none.
fn serves(program: &Program, chunk: &Chunk, variants: u32, raw: Raw) -> Option<bool> {
    let variant = ((raw.a >> 16 & 0xffff) as usize).checked_sub(1)?;
    let meta = program.chunks.get(raw.chunk as usize)?.metas.get((raw.b >> 32) as usize)?;
    let (served, _) = meta.variants.get(variant)?;
    Some(chunk.tables.variants.get(variants as usize)?.iter().any(|own| own == served))
}
