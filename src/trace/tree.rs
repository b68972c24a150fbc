//! The steps of a trace, as data.

use serde::Serialize;

use crate::model::{Key, Op, PatchKind};

/// How a step came out.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It does not hold.
    Fails,
    /// It holds.
    Holds,
    /// Neither it nor its negation holds (SEMANTICS 2.4).
    NotApplicable,
    /// Nothing is asked here; it is said for the reader.
    Note,
    /// It was not evaluated.
    Skipped,
}

impl From<bool> for Outcome {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// A step, and what it is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Node {
    /// What was looked at.
    #[serde(flatten)]
    pub step: Step,
    /// How it came out; of a negated leaf, the negation.
    pub outcome: Outcome,
    /// Whether process attributes alone decided it (SEMANTICS 2.5).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub folded: bool,
    /// Whether it was evaluated before, and is shown there in full.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub as_above: bool,
    /// What it is made of, in order of evaluation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
}

impl Node {
    pub(super) fn new(step: Step, outcome: Outcome) -> Self {
        Self { step, outcome, folded: false, as_above: false, children: Vec::new() }
    }

    pub(super) fn folded_if(mut self, folded: bool) -> Self {
        self.folded = folded;
        self
    }

    pub(super) fn shown_above(mut self) -> Self {
        self.as_above = true;
        self
    }

    pub(super) fn with(mut self, children: Vec<Self>) -> Self {
        self.children = children;
        self
    }

    pub(super) fn holds(&self) -> bool {
        self.outcome == Outcome::Holds
    }
}

/// What a step looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// All of some conditions, negations already pushed to the leaves.
    All {
        /// How many.
        of: usize,
    },
    /// One of some conditions, negations already pushed to the leaves.
    Any {
        /// How many.
        of: usize,
    },
    /// The definition that is in effect (SEMANTICS 7.7).
    Definition {
        /// Where it is from.
        source: Source,
        /// Whether its rules count.
        #[serde(skip_serializing_if = "Option::is_none")]
        enabled: Option<bool>,
        /// Whether it is archived.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        archived: bool,
        /// Its default variant.
        #[serde(skip_serializing_if = "Option::is_none")]
        default: Option<Key>,
    },
    /// What is nested too deep to be shown.
    Deeper,
    /// The environments of a target.
    Environments {
        /// Those of the target.
        environments: Vec<Key>,
        /// The environment.
        seen: Option<String>,
    },
    /// Another feature (SEMANTICS 2.6).
    Feature {
        /// Its key.
        feature: Key,
        /// The variants that let it hold.
        variants: Vec<Key>,
        /// Whether it must not hold.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        negated: bool,
        /// The variant that was decided.
        seen: Option<Key>,
    },
    /// Whether the feature is killed (SEMANTICS 6.2).
    Killed {
        /// The environment.
        environment: Key,
        /// The reason that was given.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// More of the same that was not evaluated.
    More {
        /// How many.
        count: usize,
    },
    /// A patch of a phase (SEMANTICS 7.5).
    Patch(PatchNode),
    /// The release that a definition is in.
    Release {
        /// Its id.
        release: Key,
    },
    /// A rule (SEMANTICS 3.2).
    Rule {
        /// Its id.
        rule: Key,
        /// The variant that it served.
        #[serde(skip_serializing_if = "Option::is_none")]
        serves: Option<Key>,
    },
    /// The rules of the definition that is in effect.
    Rules {
        /// Where they are from.
        source: Source,
    },
    /// A segment (SEMANTICS 7.9).
    Segment {
        /// Its key.
        segment: Key,
        /// Whether it must not hold.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        negated: bool,
    },
    /// A range of buckets.
    Share {
        /// What it is a share of.
        of: Share,
        /// Whether the unit must be outside.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        negated: bool,
        /// The range, and where the unit is.
        #[serde(flatten)]
        draw: Draw,
    },
    /// An entry of a target (SEMANTICS 7.3).
    Target {
        /// Its index.
        target: usize,
    },
    /// A test on an attribute (SEMANTICS §4).
    Test {
        /// The attribute.
        attribute: Key,
        /// The operator.
        op: Op,
        /// The operand, shortened; empty for `is_set`.
        operand: String,
        /// Whether case is ignored.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        ignore_case: bool,
        /// Whether it must not hold.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        negated: bool,
        /// The value of the attribute, shortened, unless it is missing.
        seen: Option<String>,
    },
    /// A span of time (SEMANTICS 2.7).
    Time {
        /// The first instant.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// The instant after the last.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// Whether it must not hold.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        negated: bool,
        /// The instant of the decision.
        now: String,
    },
}

/// A patch, and why it was not examined, if it was not.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PatchNode {
    /// The phase.
    pub phase: Key,
    /// What the patch does.
    pub patch: PatchKind,
    /// The segment that it is for; none: everyone.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub audience: Option<Key>,
    /// Of `set`: the variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<Key>,
    /// Whether the phase is live, and not ignored as invalid.
    pub live: bool,
}

/// Where a definition is from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// The document's own.
    Base,
    /// The release's.
    Candidate,
    /// The document's own, which is invalid.
    Invalid,
    /// There is none (SEMANTICS 6.3).
    Tombstone,
}

/// What a range of buckets is a share of.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Share {
    /// Of an experiment: the units that take part (SEMANTICS 3.6).
    Allocation,
    /// A condition (SEMANTICS 2.7).
    Bucket,
    /// Of an exclusion group (SEMANTICS 3.7).
    Exclusion,
    /// Of a phase (SEMANTICS 7.4).
    Ramp,
    /// Of a rule (SEMANTICS 3.4).
    Rollout,
    /// Of a split (SEMANTICS 3.5).
    Split,
}

/// A range of buckets, and where a unit is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Draw {
    /// The salt.
    pub salt: String,
    /// The attribute that is bucketed.
    pub unit: Key,
    /// Its text, unless the unit is missing (SEMANTICS 5.2).
    pub text: Option<String>,
    /// Its bucket.
    pub bucket: Option<u32>,
    /// The first bucket of the range.
    pub from: u32,
    /// The bucket after the last of the range.
    pub to: u32,
}

impl Draw {
    /// Whether the unit is inside the range; `None` if it is missing.
    pub(super) fn inside(&self) -> Option<bool> {
        self.bucket.map(|bucket| (self.from..self.to).contains(&bucket))
    }
}
