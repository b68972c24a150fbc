//! Instructions: each tests one thing and names where to go on in either case.
//!
//! ```text
//!  test ──▶ then       every target lies further down, so that a run ends (INVARIANT, checked by `Chunk::new`)
//!     └───▶ or
//! ```
//! A test that is not applicable goes to `or`, whether it is negated or not (SEMANTICS 2.4).

use crate::bucket::Span;
use crate::context::AttributeKey;

/// A position in a chunk's code.
pub type Pc = u32;

/// What a test reads, whether it is negated, and where to go on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Fork {
    /// The attribute.
    pub slot: AttributeKey,
    /// Whether the test is negated.
    pub negated: bool,
    /// Where to go on if it holds.
    pub then: Pc,
    /// Where to go on if not.
    pub or: Pc,
}

impl Fork {
    /// Where to go on.
    #[must_use]
    #[inline]
    pub fn to(self, holds: bool) -> Pc {
        if holds { self.then } else { self.or }
    }
}

/// An instruction; 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Inst {
    /// The end: what is served. `a` and `b` are copied into the decision as they are (see [`Served`]).
    Return {
        /// Variant, rule, reason and flags.
        a: u64,
        /// Counter and meta.
        b: u64,
        /// The release and phase if they are certain here, in the chunk's attributions, plus 1; else 0.
        attribution: u32,
    },
    /// A share of units, from bucket 0 to the one of `last`.
    Share {
        /// The unit.
        fork: Fork,
        /// The salt's hash.
        salt: u64,
        /// The last mixed bits inside.
        last: u64,
    },
    /// As `Share`, both targets being `Return`: chosen without a branch.
    ShareReturn {
        /// The unit.
        fork: Fork,
        /// The salt's hash.
        salt: u64,
        /// The last mixed bits inside.
        last: u64,
    },
    /// The value is a string; where the negation of the tests below ends up.
    String {
        /// The attribute.
        fork: Fork,
    },
    /// The word is this one. (This and those below, to `Suffix`, are never negated: see `String`.)
    Word {
        /// The attribute.
        fork: Fork,
        /// The word.
        word: u64,
    },
    /// As `Word`, and so must what is at `then`: see [`Inst::joined`].
    WordAnd {
        /// The attribute.
        fork: Fork,
        /// The word.
        word: u64,
    },
    /// The word is one of the four at `at`.
    Words4 {
        /// The attribute.
        fork: Fork,
        /// Which group of four in the chunk.
        at: u32,
    },
    /// Two tests that must both hold, both targets being `Return`: chosen without a branch.
    PairReturn {
        /// The attribute whose word must be one of the four at `at`.
        fork: Fork,
        /// Which group of four in the chunk.
        at: u32,
        /// The other attribute.
        other: AttributeKey,
        /// Its word.
        word: u64,
    },
    /// The word, of a string under four bytes, is in the table at `at`.
    ShortTable {
        /// The attribute.
        fork: Fork,
        /// Where in the chunk's short words.
        at: u32,
        /// See [`WordTable`](crate::operand::set::WordTable).
        seed: u64,
        /// See [`WordTable`](crate::operand::set::WordTable).
        shift: u8,
    },
    /// The word is in the table at `at`.
    WordTable {
        /// The attribute.
        fork: Fork,
        /// Where in the chunk's words.
        at: u32,
        /// See [`WordTable`](crate::operand::set::WordTable).
        seed: u64,
        /// See [`WordTable`](crate::operand::set::WordTable).
        shift: u8,
    },
    /// The text is in a set.
    TextSet {
        /// The attribute.
        fork: Fork,
        /// Which set.
        set: u32,
        /// Where its filter is in the chunk's filters.
        filter: u32,
        /// The words of its filter.
        words: u32,
    },
    /// The text ends with this one, of eight bytes or more, or is it.
    Suffix {
        /// Whether it must be the whole text.
        whole: bool,
        /// The attribute.
        fork: Fork,
        /// The word of the suffix, itself of eight bytes or more.
        tail: u64,
        /// So many of its low bits say nothing; see [`suffix_shift`](crate::operand::word::suffix_shift).
        shift: u8,
        /// The suffix in the chunk's texts.
        text: u32,
    },
    /// The version compares so.
    Version {
        /// The attribute.
        fork: Fork,
        /// See [`Reach`](crate::operand::version::Reach), as are the next two.
        shift: u8,
        /// Whether those hit that are not in reach.
        outside: bool,
        /// The first in reach.
        first: u64,
        /// The general test, for what does not pack.
        test: u32,
    },
    /// As `Version`, and so must what is at `then`: see [`Inst::joined`].
    VersionAnd {
        /// The attribute.
        fork: Fork,
        /// See [`Reach`](crate::operand::version::Reach), as are the next two.
        shift: u8,
        /// Whether those hit that are not in reach.
        outside: bool,
        /// The first in reach.
        first: u64,
        /// The general test, for what does not pack.
        test: u32,
    },
    /// Any other test on an attribute.
    Test {
        /// The attribute.
        fork: Fork,
        /// Which test.
        test: u32,
    },
    /// A range of buckets.
    Range {
        /// The unit.
        fork: Fork,
        /// The salt's hash.
        salt: u64,
        /// The range in the chunk's spans.
        span: u32,
    },
    /// Chooses among weighted variants; `or` if the unit is missing.
    Split {
        /// The unit; `then` is not used.
        fork: Fork,
        /// The salt's hash.
        salt: u64,
        /// The first arm in the chunk's arms.
        arms: u32,
        /// How many.
        count: u32,
    },
    /// A shortcut: goes to the first of some tests whose word is that of the value, to be tested there; `or` if there is none.
    Switch {
        /// The attribute; `then` is not used.
        fork: Fork,
        /// The first arm in the chunk's arms; `last` is the word.
        arms: u32,
        /// How many.
        count: u32,
    },
    /// Goes on elsewhere.
    Jump {
        /// Where.
        to: Pc,
    },
    /// `from ≤ now < to`
    Time {
        /// Where to go on if it holds.
        then: Pc,
        /// Where to go on if not.
        or: Pc,
        /// The first millisecond.
        from: i64,
        /// The millisecond after the last.
        to: i64,
    },
    /// A segment of the document.
    Segment {
        /// Where to go on if it holds.
        then: Pc,
        /// Where to go on if not.
        or: Pc,
        /// The segment's number.
        segment: u32,
        /// Whether its negation is asked for.
        negated: bool,
    },
    /// A feature serves one of some variants.
    Feature {
        /// Where to go on if it holds.
        then: Pc,
        /// Where to go on if not.
        or: Pc,
        /// The feature's number.
        feature: u32,
        /// Which variants, in the chunk's lists.
        variants: u32,
        /// Whether it is negated.
        negated: bool,
    },
    /// A patch took part.
    Served {
        /// Which release and phase, in the chunk's attributions, plus 1.
        attribution: u32,
        /// What it adds to the counter.
        counter: u32,
        /// Where to go on.
        next: Pc,
    },
    /// Remember what segments and features said, from here on.
    Memo {
        /// Whether the large memory is needed.
        large: bool,
        /// Where to go on.
        next: Pc,
    },
    /// Go on in another chunk.
    Goto {
        /// The chunk.
        chunk: u32,
        /// Where in it.
        pc: Pc,
    },
    /// The unit is this one (of a local override).
    Unit {
        /// The unit.
        fork: Fork,
        /// Its hash.
        unit: u64,
        /// Its text, in the chunk's texts.
        text: u32,
    },
}

impl Inst {
    /// Whether a run that fails here goes on at the next instruction (INVARIANT: that is the one at `or`, as it is or copied, or a
    /// [`Jump`](Self::Jump) to it). So a processor that foresees the outcome need not wait for the place to be read.
    #[must_use]
    pub fn falls_through(&self) -> bool {
        matches!(
            self,
            Self::Share { .. }
                | Self::Word { .. }
                | Self::Words4 { .. }
                | Self::ShortTable { .. }
                | Self::WordTable { .. }
                | Self::TextSet { .. }
                | Self::Suffix { .. }
                | Self::Version { .. }
        )
    }

    /// What it reads and where it goes on, of a test on an attribute. (Those with arms go on at these, not at `then`.)
    #[must_use]
    pub fn fork(mut self) -> Option<Fork> {
        self.fork_mut().copied()
    }

    pub(crate) fn fork_mut(&mut self) -> Option<&mut Fork> {
        match self {
            Self::Share { fork, .. }
            | Self::ShareReturn { fork, .. }
            | Self::String { fork }
            | Self::Word { fork, .. }
            | Self::WordAnd { fork, .. }
            | Self::Words4 { fork, .. }
            | Self::PairReturn { fork, .. }
            | Self::ShortTable { fork, .. }
            | Self::WordTable { fork, .. }
            | Self::TextSet { fork, .. }
            | Self::Suffix { fork, .. }
            | Self::Version { fork, .. }
            | Self::VersionAnd { fork, .. }
            | Self::Test { fork, .. }
            | Self::Range { fork, .. }
            | Self::Split { fork, .. }
            | Self::Switch { fork, .. }
            | Self::Unit { fork, .. } => Some(fork),
            Self::Return { .. }
            | Self::Time { .. }
            | Self::Segment { .. }
            | Self::Feature { .. }
            | Self::Served { .. }
            | Self::Jump { .. }
            | Self::Memo { .. }
            | Self::Goto { .. } => None,
        }
    }

    /// The word that the attribute has if this holds, and where it goes on if not; of a test that is equality.
    #[must_use]
    pub fn equality(&self) -> Option<(u64, Fork)> {
        match *self {
            Self::Word { fork, word } | Self::WordAnd { fork, word } => Some((word, fork)),
            Self::Suffix { whole: true, fork, tail, .. } => Some((tail, fork)),
            _ => None,
        }
    }

    /// This, not joined with another.
    #[must_use]
    pub fn parted(self) -> Self {
        match self {
            Self::WordAnd { fork, word } => Self::Word { fork, word },
            Self::VersionAnd { fork, shift, outside, first, test } => {
                Self::Version { fork, shift, outside, first, test }
            }
            other => other,
        }
    }

    /// Whether it leaves the jump to the one at `then`, which is the next (INVARIANT).
    #[must_use]
    pub fn is_joined(&self) -> bool {
        matches!(self, Self::WordAnd { .. } | Self::VersionAnd { .. })
    }

    /// This; or if the one at `then` goes to the same place where it does not hold, as the first of two joined tests.
    #[must_use]
    pub fn joined(self, then: Option<&Self>) -> Self {
        let or = match then {
            Some(
                Self::Word { fork, .. }
                | Self::Words4 { fork, .. }
                | Self::ShortTable { fork, .. }
                | Self::Share { fork, .. },
            ) => Some(fork.or),
            _ => None,
        };
        match self {
            Self::Word { fork, word } if or == Some(fork.or) => Self::WordAnd { fork, word },
            Self::Version { fork, shift, outside, first, test } if or == Some(fork.or) => {
                Self::VersionAnd { fork, shift, outside, first, test }
            }
            other => other,
        }
    }
}

const _: () = assert!(size_of::<Inst>() == 32, "two instructions a cache line");

/// One arm of a split, or of a switch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arm {
    /// The last mixed bits of this arm; of a switch the word.
    pub last: u64,
    /// Where to go on.
    pub next: Pc,
}

/// A range of buckets as [`Inst::Range`] uses it.
pub type Ranges = Box<[Span]>;

/// Why something is served (SEMANTICS 6.1).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
#[non_exhaustive]
pub enum Reason {
    /// A local override.
    Override = 0,
    /// No such feature.
    UnknownFeature = 1,
    /// The emergency switch.
    Killed = 2,
    /// The definition is archived.
    Archived = 3,
    /// The definition is not enabled.
    Disabled = 4,
    /// A rule matched.
    Rule = 5,
    /// A rule matched, and the unit's bucket decided.
    Split = 6,
    /// No rule served.
    Default = 7,
    /// The definition can't be evaluated by this engine.
    InvalidDefinition = 8,
}

impl Reason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Override,
        Self::UnknownFeature,
        Self::Killed,
        Self::Archived,
        Self::Disabled,
        Self::Rule,
        Self::Split,
        Self::Default,
        Self::InvalidDefinition,
    ];

    /// The name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Default => "default",
            Self::Disabled => "disabled",
            Self::InvalidDefinition => "invalid_definition",
            Self::Killed => "killed",
            Self::Override => "override",
            Self::Rule => "rule",
            Self::Split => "split",
            Self::UnknownFeature => "unknown_feature",
        }
    }

    /// OpenFeature's reason (SEMANTICS 6.5).
    #[must_use]
    pub fn openfeature(self) -> &'static str {
        match self {
            Self::Archived | Self::Disabled | Self::Killed => "DISABLED",
            Self::Default => "DEFAULT",
            Self::InvalidDefinition | Self::UnknownFeature => "ERROR",
            Self::Override => "STATIC",
            Self::Rule => "TARGETING_MATCH",
            Self::Split => "SPLIT",
        }
    }

    /// OpenFeature's error code, where the reason is `ERROR`.
    #[must_use]
    pub fn openfeature_error(self) -> Option<&'static str> {
        match self {
            Self::InvalidDefinition => Some("PARSE_ERROR"),
            Self::UnknownFeature => Some("FLAG_NOT_FOUND"),
            _ => None,
        }
    }
}

/// What a `Return` says, unpacked.
///
/// ```text
///  a: 63‥32 rule + 1 (0: none) · 31‥16 variant + 1 (0: none) · 9 of a segment · 8 the value is `true` · 7‥0 reason
///  b: 63‥32 meta               · 31‥0 counter
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
    /// Why.
    pub reason: Reason,
    /// The variant in the feature's meta.
    pub variant: Option<u16>,
    /// The rule in the feature's meta.
    pub rule: Option<u32>,
    /// Whether the value is `true`.
    pub on: bool,
    /// The feature's meta in the chunk.
    pub meta: u32,
    /// The counter of this variant without a phase.
    pub counter: u32,
}

/// The bit of `a` that says that the value is `true`.
pub const ON: u64 = 1 << 8;

/// The bit of `a` that says that this is the end of a segment: it holds iff [`ON`] is set.
pub const HOLDS: u64 = 1 << 9;

impl Served {
    /// The two words.
    #[must_use]
    pub fn pack(self) -> (u64, u64) {
        let variant = self.variant.map_or(0, |variant| u64::from(variant).wrapping_add(1));
        let rule = self.rule.map_or(0, |rule| u64::from(rule).wrapping_add(1));
        let on = if self.on { ON } else { 0 };
        (
            rule << 32 | variant << 16 | on | self.reason as u64,
            u64::from(self.meta) << 32 | u64::from(self.counter),
        )
    }

    /// From the two words.
    #[must_use]
    pub fn unpack(a: u64, b: u64) -> Self {
        Self {
            reason: Reason::ALL.get((a & 0xff) as usize).copied().unwrap_or(Reason::InvalidDefinition),
            variant: ((a >> 16 & 0xffff) as u16).checked_sub(1),
            rule: ((a >> 32) as u32).checked_sub(1),
            on: a & ON != 0,
            meta: (b >> 32) as u32,
            counter: b as u32,
        }
    }
}
