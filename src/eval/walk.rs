//! The walk over instructions that look at nothing but attributes.
//!
//! [`walk`] does those that need no call, in registers, calls for the few that may be what a short look does not settle (a text
//! whose filter or tail fits), and stops at all others; [`step`] does one of these.

use crate::bucket::mix;
use crate::context::{AttributeKey, Subject};
use crate::operand::set::{WordTable, filter_position};
use crate::operand::version::Reach;
use crate::operand::{cold_path, word};
use crate::program::{Chunk, Fork, Inst, Pc, Tables};

/// The pc that a test leads to.
///
/// The hint makes it a branch, not a select: so the next instruction is fetched before the test is decided, and the
/// tests of a walk that fails overlap.
#[inline(always)]
fn go(fork: Fork, pc: Pc, hit: bool) -> Pc {
    if hit {
        cold_path();
        fork.then
    } else {
        next(pc)
    }
}

/// The pc of what follows; where a test that [falls through](Inst::falls_through) goes on if it fails.
#[inline(always)]
fn next(pc: Pc) -> Pc {
    pc.wrapping_add(1)
}

/// The pc that an applicable test, which may be negated, leads to.
#[inline(always)]
fn take(fork: Fork, hit: bool) -> Pc {
    fork.to(hit != fork.negated)
}

/// Where a share leads whose targets are both ends.
#[inline(always)]
pub(super) fn share<S: Subject>(fork: Fork, salt: u64, last: u64, subject: &S) -> Pc {
    match subject.unit(fork.slot) {
        Some(unit) => inside(fork, mix(salt, unit) <= last),
        None => fork.or,
    }
}

/// Where a share leads, by whether the unit is inside.
#[inline(always)]
pub(super) fn inside(fork: Fork, inside: bool) -> Pc {
    std::hint::select_unpredictable(inside, fork.then, fork.or)
}

/// Where two tests lead whose targets are both ends.
#[inline(always)]
pub(super) fn pair<S: Subject>(
    tables: &Tables,
    fork: Fork,
    at: u32,
    (other, word): (AttributeKey, u64),
    subject: &S,
) -> Pc {
    inside(fork, four(tables, at, subject.word(fork.slot)) | (subject.word(other) ^ word) == 0)
}

/// No place.
pub(super) const NOBODY: Pc = Pc::MAX;

/// Goes on until the end, or something that this can't do, and returns it (`None` if there is no such place); with it, where the
/// last patch that took part on the way is noted (`Served`), or [`NOBODY`]. (Two registers; a third is dear.)
///
/// Its frequent ways call nothing. What is computed once per context is asked for by the `known_…` of [`Subject`]; if it is not known
/// yet, the walk stops, and [`step`] computes it.
#[inline(never)]
pub(super) fn walk<'c, S: Subject>(chunk: &'c Chunk, pc: Pc, subject: &S) -> (Option<&'c Inst>, Pc) {
    walk_here(chunk, pc, subject)
}

/// As [`walk`], in the caller's own code.
#[inline(always)]
pub(super) fn walk_here<'c, S: Subject>(chunk: &'c Chunk, mut pc: Pc, subject: &S) -> (Option<&'c Inst>, Pc) {
    let code = &*chunk.code;
    let tables = &chunk.tables;
    let mut served = NOBODY;
    loop {
        let Some(inst) = code.get(pc as usize) else { return (None, served) };
        let after = match *inst {
            Inst::Word { fork, word } => Some(go(fork, pc, subject.word(fork.slot) == word)),
            Inst::WordAnd { fork, word } => {
                let missed = subject.word(fork.slot) ^ word;
                last(code, tables, next(pc), missed, subject)
            }
            Inst::Words4 { fork, at } => Some(go(fork, pc, four(tables, at, subject.word(fork.slot)) == 0)),
            Inst::PairReturn { fork, at, other, word } => {
                Some(pair(tables, fork, at, (other, word), subject))
            }
            Inst::ShortTable { fork, at, seed, shift } => {
                let own = subject.word(fork.slot);
                Some(go(fork, pc, short(tables, at, WordTable { seed, shift }, own) == 0))
            }
            Inst::WordTable { fork, at, seed, shift } => {
                let own = subject.word(fork.slot);
                let index = WordTable { seed, shift }.place(own).wrapping_add(at as usize);
                Some(go(fork, pc, tables.words.get(index).is_some_and(|&word| word == own)))
            }
            Inst::Share { fork, salt, last } => match subject.known_unit(fork.slot) {
                0 => None,
                unit => Some(go(fork, pc, mix(salt, unit) <= last)),
            },
            Inst::ShareReturn { fork, salt, last } => match subject.known_unit(fork.slot) {
                0 => None,
                unit => Some(inside(fork, mix(salt, unit) <= last)),
            },
            Inst::TextSet { fork, set, filter, words } => {
                let hash = subject.known_text_hash(fork.slot);
                let (index, bits) = filter_position(hash, u64::from(words));
                let index = (filter as usize).wrapping_add(index);
                let passed = tables.filters.get(index).is_some_and(|&word| word & bits == bits);
                if passed || hash == 0 {
                    cold_path();
                    Some(go(fork, pc, in_set(chunk, set, subject, fork)))
                } else {
                    Some(next(pc))
                }
            }
            Inst::Suffix { whole, fork, tail, shift, text } => {
                let differs = (subject.word(fork.slot) ^ tail) >> (shift & 63);
                if differs == 0 {
                    cold_path();
                    Some(go(fork, pc, has_suffix(chunk, text, whole, subject, fork)))
                } else {
                    Some(next(pc))
                }
            }
            Inst::Switch { fork, arms, count } => {
                let own = subject.word(fork.slot);
                let arms = tables.arms.get(arms as usize..).unwrap_or_default();
                let found = arms.iter().take(count as usize).find(|arm| arm.last == own);
                Some(found.map_or(fork.or, |arm| arm.next))
            }
            Inst::String { fork } => Some(fork.to(word::is_string(subject.word(fork.slot)))),
            Inst::Version { fork, shift, outside, first, .. } => {
                let own = subject.known_version(fork.slot);
                if own.is_plain() {
                    Some(go(fork, pc, Reach { first, shift, outside }.holds(own)))
                } else {
                    None
                }
            }
            Inst::VersionAnd { fork, shift, outside, first, .. } => {
                let own = subject.known_version(fork.slot);
                if own.is_plain() {
                    let missed = u64::from(!Reach { first, shift, outside }.holds(own));
                    last(code, tables, next(pc), missed, subject)
                } else {
                    None
                }
            }
            Inst::Jump { to } => Some(to),
            Inst::Served { next, .. } => {
                served = pc;
                Some(next)
            }
            // All by name, so that the jump by kind needs no test whether the kind is one of the above.
            Inst::Return { .. }
            | Inst::Test { .. }
            | Inst::Range { .. }
            | Inst::Split { .. }
            | Inst::Time { .. }
            | Inst::Segment { .. }
            | Inst::Feature { .. }
            | Inst::Memo { .. }
            | Inst::Goto { .. }
            | Inst::Unit { .. } => None,
        };
        let Some(after) = after else {
            cold_path();
            return (Some(inst), served);
        };
        pc = after;
    }
}

/// Where the second of two joined tests leads; `missed` is 0 if the first holds. One branch for both: that they hold, or not,
/// is easier to guess than the outcome of each. `None` if it is not known.
#[inline(always)]
fn last<S: Subject>(code: &[Inst], tables: &Tables, pc: Pc, missed: u64, subject: &S) -> Option<Pc> {
    Some(match *code.get(pc as usize)? {
        Inst::Word { fork, word } => go(fork, pc, (subject.word(fork.slot) ^ word) | missed == 0),
        Inst::Words4 { fork, at } => go(fork, pc, four(tables, at, subject.word(fork.slot)) | missed == 0),
        Inst::ShortTable { fork, at, seed, shift } => {
            let own = subject.word(fork.slot);
            go(fork, pc, short(tables, at, WordTable { seed, shift }, own) | missed == 0)
        }
        Inst::Share { fork, salt, last } => match subject.known_unit(fork.slot) {
            0 => return None,
            // Not `<=` and `&`: the compiler makes two branches of these.
            unit => go(fork, pc, mix(salt, unit).saturating_sub(last) | missed == 0),
        },
        // As in `walk`.
        Inst::Return { .. }
        | Inst::ShareReturn { .. }
        | Inst::String { .. }
        | Inst::WordAnd { .. }
        | Inst::PairReturn { .. }
        | Inst::WordTable { .. }
        | Inst::TextSet { .. }
        | Inst::Suffix { .. }
        | Inst::Version { .. }
        | Inst::VersionAnd { .. }
        | Inst::Test { .. }
        | Inst::Range { .. }
        | Inst::Split { .. }
        | Inst::Switch { .. }
        | Inst::Time { .. }
        | Inst::Segment { .. }
        | Inst::Feature { .. }
        | Inst::Served { .. }
        | Inst::Jump { .. }
        | Inst::Memo { .. }
        | Inst::Goto { .. }
        | Inst::Unit { .. } => return None,
    })
}

/// 0 if the word is one of the four.
#[inline(always)]
fn four(tables: &Tables, at: u32, own: u64) -> u64 {
    match tables.fours.get(at as usize) {
        Some(&[a, b, c, d]) => (own ^ a).min(own ^ b).min((own ^ c).min(own ^ d)),
        None => 1,
    }
}

/// 0 if the word is in the table.
#[inline(always)]
fn short(tables: &Tables, at: u32, table: WordTable, own: u64) -> u64 {
    let index = table.place(own).wrapping_add(at as usize);
    tables.shorts.get(index).map_or(1, |&short| u64::from(short ^ word::short(own)))
}

/// Where an instruction leads at which the walk stopped and that looks at nothing but one attribute; `None` for the others.
#[inline(never)]
pub(super) fn step<S: Subject>(chunk: &Chunk, inst: &Inst, subject: &S) -> Option<Pc> {
    Some(match *inst {
        Inst::WordAnd { fork, word } => fork.to(subject.word(fork.slot) == word),
        Inst::Share { fork, salt, last } => {
            let unit = subject.unit(fork.slot);
            fork.to(unit.is_some_and(|unit| mix(salt, unit) <= last))
        }
        Inst::ShareReturn { fork, salt, last } => share(fork, salt, last, subject),
        Inst::Range { fork, salt, span } => {
            match (subject.unit(fork.slot), chunk.tables.spans.get(span as usize)) {
                (Some(unit), Some(span)) => take(fork, span.contains(mix(salt, unit))),
                _ => fork.or,
            }
        }
        Inst::Split { fork, salt, arms, count } => match subject.unit(fork.slot) {
            Some(unit) => arm(chunk, arms, count, mix(salt, unit)).unwrap_or(fork.or),
            None => fork.or,
        },
        Inst::Version { fork, shift, outside, first, test }
        | Inst::VersionAnd { fork, shift, outside, first, test } => {
            let own = subject.version(fork.slot);
            if own.is_plain() {
                fork.to(Reach { first, shift, outside }.holds(own))
            } else {
                general(chunk, test, subject, fork)
            }
        }
        Inst::Test { fork, test } => general(chunk, test, subject, fork),
        Inst::Unit { fork, unit, text } => {
            if subject.unit(fork.slot) == Some(unit) && is_unit(chunk, text, subject, fork) {
                fork.then
            } else {
                fork.or
            }
        }
        Inst::Jump { to } => to,
        _ => return None,
    })
}

fn general<S: Subject>(chunk: &Chunk, test: u32, subject: &S, fork: Fork) -> Pc {
    let outcome = chunk.tables.tests.get(test as usize).and_then(|test| test.holds(subject.value(fork.slot)));
    match outcome {
        Some(hit) if hit != fork.negated => fork.then,
        _ => fork.or,
    }
}

#[inline(never)]
fn in_set<S: Subject>(chunk: &Chunk, set: u32, subject: &S, fork: Fork) -> bool {
    match (chunk.tables.sets.get(set as usize), subject.text(fork.slot)) {
        (Some(set), Some(text)) => set.contains(subject.text_hash(fork.slot), text),
        _ => false,
    }
}

#[inline(never)]
fn has_suffix<S: Subject>(chunk: &Chunk, text: u32, whole: bool, subject: &S, fork: Fork) -> bool {
    match (chunk.tables.texts.get(text as usize), subject.text(fork.slot)) {
        (Some(suffix), Some(text)) => {
            text.ends_with(suffix.as_bytes()) && (!whole || text.len() == suffix.len())
        }
        _ => false,
    }
}

fn is_unit<S: Subject>(chunk: &Chunk, text: u32, subject: &S, fork: Fork) -> bool {
    use crate::bucket::{integer_text, integral};
    use crate::value::{Number, ValueRef};
    let Some(own) = chunk.tables.texts.get(text as usize) else { return false };
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
    let arms = chunk.tables.arms.get(arms as usize..)?.get(..count as usize)?;
    arms.iter().find(|arm| mixed <= arm.last).map(|arm| arm.next)
}
