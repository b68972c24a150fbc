//! A chunk: the code of one compilation, and the tables that its instructions point into.

use std::sync::Arc;

use super::inst::{Arm, Inst, Pc};
use crate::bucket::Span;
use crate::operand::set::TextSet;
use crate::operand::test::AttributeTest;
use crate::value::Value;

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
    /// Whether all targets lie further down and inside: what makes every run end.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let end = self.code.len();
        self.code.iter().enumerate().all(|(index, inst)| {
            let ahead = |pc: Pc| pc as usize > index && (pc as usize) < end;
            match *inst {
                Inst::Return { .. } | Inst::Goto { .. } => true,
                Inst::Served { next, .. } | Inst::Memo { next, .. } => ahead(next),
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

    /// Bytes on the heap, roughly.
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        let tables = &*self.tables;
        let sets: usize = tables.sets.iter().map(TextSet::memory_usage).sum();
        let tests: usize = tables
            .tests
            .iter()
            .map(|test| test.memory_usage().saturating_add(size_of::<AttributeTest>()))
            .sum();
        let texts: usize = tables.texts.iter().map(|text| text.len().saturating_add(16)).sum();
        let rules: usize = self.metas.iter().map(|meta| size_of_val(&*meta.rules)).sum();
        [
            size_of_val(&*self.code),
            size_of_val(&*tables.fours),
            size_of_val(&*tables.shorts),
            size_of_val(&*tables.words),
            size_of_val(&*tables.filters),
            size_of_val(&*tables.sets),
            size_of_val(&*tables.tests),
            size_of_val(&*self.metas),
            sets,
            tests,
            texts,
            rules,
        ]
        .iter()
        .sum()
    }
}
