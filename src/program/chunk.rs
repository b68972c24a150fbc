//! A chunk: the code of one compilation, and the tables that its instructions point into.

use std::sync::Arc;

use super::inst::{Arm, Inst, Pc};
use crate::bucket::Span;
use crate::operand::set::TextSet;
use crate::operand::test::AttributeTest;
use crate::value::{KeyedSet, Value};

/// The variants of a feature: of its base, then of its candidate.
pub type VariantList = Arc<[(Arc<str>, Value)]>;

/// What a decision of a feature says in words.
#[derive(Clone, Debug)]
pub struct FeatureMeta {
    /// The feature's key.
    pub key: Arc<str>,
    /// The variants.
    pub variants: VariantList,
    /// The rules' ids.
    pub rules: Box<[Arc<str>]>,
    /// The counters of the feature begin here: one a variant without a phase, then one a variant for each attribution.
    pub counter: u32,
    /// The first of the feature's attributions in the chunk, and how many there are.
    pub attributions: (u32, u32),
}

/// The code of one compilation.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The instructions.
    pub code: Box<[Inst]>,
    /// What instructions point into. A box, so that the compiler does not read the places of all tables before the first
    /// instruction, though a run needs one or two of them.
    pub tables: Box<Tables>,
    /// Releases and phases.
    pub attributions: Box<[(Arc<str>, Arc<str>)]>,
    /// The features.
    pub metas: Box<[FeatureMeta]>,
}

/// What instructions point into.
#[derive(Debug, Default)]
pub struct Tables {
    /// Words, in groups of four.
    pub fours: Box<[[u64; 4]]>,
    /// Tables of words of strings under four bytes; see [`short`](crate::operand::word::short).
    pub shorts: Box<[u32]>,
    /// Tables of words.
    pub words: Box<[u64]>,
    /// The filters of the sets.
    pub filters: Box<[u64]>,
    /// The sets.
    pub sets: Box<[TextSet]>,
    /// Texts.
    pub texts: Box<[Box<str>]>,
    /// General tests.
    pub tests: Box<[Arc<AttributeTest>]>,
    /// Ranges of buckets.
    pub spans: Box<[Span]>,
    /// The arms of splits.
    pub arms: Box<[Arm]>,
    /// Names of variants that feature tests ask for.
    pub variants: Box<[Box<[Arc<str>]>]>,
}

impl Chunk {
    /// Whether all targets lie further down and inside, which makes every run end, and what must be next is.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let end = self.code.len();
        let falls = self.code.iter().enumerate().all(|(index, inst)| {
            let Some(fork) = inst.fork() else { return true };
            let next = index.saturating_add(1);
            match self.code.get(next) {
                _ if inst.is_joined() => fork.then as usize == next,
                Some(Inst::Jump { to }) if inst.falls_through() => *to == fork.or,
                _ => !inst.falls_through() || fork.or as usize == next,
            }
        });
        falls
            && self.code.iter().enumerate().all(|(index, inst)| {
                let ahead = |pc: Pc| pc as usize > index && (pc as usize) < end;
                match *inst {
                    Inst::Return { .. } | Inst::Goto { .. } => true,
                    Inst::Served { next, .. } | Inst::Memo { next, .. } | Inst::Jump { to: next } => {
                        ahead(next)
                    }
                    Inst::Time { then, or, .. }
                    | Inst::Segment { then, or, .. }
                    | Inst::Feature { then, or, .. } => ahead(then) && ahead(or),
                    Inst::Split { fork, arms, count, .. } | Inst::Switch { fork, arms, count } => {
                        let arms =
                            self.tables.arms.get(arms as usize..).and_then(|arms| arms.get(..count as usize));
                        ahead(fork.or) && arms.is_some_and(|arms| arms.iter().all(|arm| ahead(arm.next)))
                    }
                    test => test.fork().is_none_or(|fork| ahead(fork.then) && ahead(fork.or)),
                }
            })
    }

    /// Bytes on the heap: of all tables and what they own. What is shared counts once; the features' keys are the program's
    /// names, and not counted here.
    #[must_use]
    #[inline(never)]
    pub fn memory_usage(&self) -> usize {
        let Self { code, tables, attributions, metas } = self;
        let Tables { fours, shorts, words, filters, sets, texts, tests, spans, arms, variants } = &**tables;
        let mut seen = Seen::default();
        let slices = [
            size_of::<Tables>(),
            size_of_val(&**code),
            size_of_val(&**attributions),
            size_of_val(&**metas),
            size_of_val(&**fours),
            size_of_val(&**shorts),
            size_of_val(&**words),
            size_of_val(&**filters),
            size_of_val(&**sets),
            size_of_val(&**texts),
            size_of_val(&**tests),
            size_of_val(&**spans),
            size_of_val(&**arms),
            size_of_val(&**variants),
        ];
        let owned = [
            sets.iter().map(TextSet::memory_usage).sum(),
            texts.iter().map(|text| text.len()).sum(),
            tests.iter().map(|test| seen.counted(test, || test.memory_usage())).sum(),
            variants.iter().map(|names| size_of_val(&**names).saturating_add(seen.texts(names))).sum(),
            attributions
                .iter()
                .map(|(release, phase)| seen.text(release).saturating_add(seen.text(phase)))
                .sum(),
            metas.iter().map(|meta| seen.meta(meta)).sum(),
        ];
        let sum = |sizes: &[usize]| sizes.iter().fold(0, |sum: usize, size| sum.saturating_add(*size));
        sum(&slices).saturating_add(sum(&owned))
    }
}

/// What is shared and was counted, by its address.
#[derive(Default)]
struct Seen(KeyedSet<usize>);

impl Seen {
    /// What an `Arc` owns, with its two counts; 0 if it was counted before.
    fn counted<T: ?Sized>(&mut self, shared: &Arc<T>, owned: impl FnOnce() -> usize) -> usize {
        if !self.0.insert(Arc::as_ptr(shared).cast::<u8>().addr()) {
            return 0;
        }
        let counts = 2_usize.saturating_mul(size_of::<usize>());
        let own = size_of_val(&**shared).next_multiple_of(align_of::<usize>());
        counts.saturating_add(own).saturating_add(owned())
    }

    fn text(&mut self, text: &Arc<str>) -> usize {
        self.counted(text, || 0)
    }

    fn texts(&mut self, texts: &[Arc<str>]) -> usize {
        texts.iter().map(|text| self.text(text)).sum()
    }

    fn meta(&mut self, meta: &FeatureMeta) -> usize {
        let FeatureMeta { key: _, variants, rules, counter: _, attributions: _ } = meta;
        let values = || variants.iter().map(|(_, value)| value.memory_usage()).sum();
        let list = self.counted(variants, values);
        let names: usize = variants.iter().map(|(name, _)| self.text(name)).sum();
        [size_of_val(&**rules), self.texts(rules), list, names].iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::AttributeKey;
    use crate::program::Fork;

    const END: Inst = Inst::Return { a: 0, b: 0, attribution: 0 };

    fn test(then: Pc, or: Pc) -> Inst {
        Inst::Word { fork: Fork { slot: AttributeKey::from_index(0), negated: false, then, or }, word: 7 }
    }

    fn first(then: Pc, or: Pc) -> Inst {
        Inst::WordAnd { fork: Fork { slot: AttributeKey::from_index(1), negated: false, then, or }, word: 7 }
    }

    fn is_sound(code: &[Inst]) -> bool {
        Chunk { code: code.into(), ..Chunk::default() }.is_sound()
    }

    #[test]
    fn what_must_be_next_is() {
        let sound: [&[Inst]; 4] = [
            &[test(2, 1), END, END],
            &[test(2, 3), Inst::Jump { to: 3 }, END, END],
            &[first(1, 2), test(3, 2), END, END],
            &[first(1, 4), test(3, 4), Inst::Jump { to: 4 }, END, END],
        ];
        for code in sound {
            assert!(is_sound(code), "{code:?}");
        }
        let unsound: [&[Inst]; 6] = [
            // A failing test would go on elsewhere than it says.
            &[test(1, 2), END, END],
            &[test(2, 3), Inst::Jump { to: 2 }, END, END],
            &[END, test(3, 2)],
            // The second of two joined tests is not the next.
            &[first(2, 3), END, test(4, 3), END, END],
            // A way back, or out of the code.
            &[END, Inst::Jump { to: 0 }],
            &[Inst::Jump { to: 1 }],
        ];
        for code in unsound {
            assert!(!is_sound(code), "{code:?}");
        }
    }
}
