//! Conditions: `not` is pushed to the leaves, process attributes are decided, what is decided is dropped (SEMANTICS 2.3, 2.5).
//!
//! References and operands are collected and checked in all branches, also in those that are dropped.

use super::operator::{Part, instant, parts};
use super::path::Path;
use super::{Scope, Sink};
use crate::bucket::{Span, mix, salt_hash};
use crate::context::{AttributeKey, unit_of};
use crate::model::{BucketTest, Condition, Key, Test, TimeTest};
use crate::value::ValueRef;

/// A condition without `not` and without process attributes.
#[derive(Debug)]
pub(super) enum Cond<'m> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Bucket { unit: AttributeKey, salt: u64, span: Span, negated: bool },
    Constant(bool),
    Feature { feature: u32, variants: &'m [Key], negated: bool },
    Part { attribute: AttributeKey, part: Part<'m>, negated: bool },
    Segment { segment: u32, negated: bool },
    Time { from: i64, to: i64, negated: bool },
}

impl Cond<'_> {
    pub(super) fn is(&self, value: bool) -> bool {
        matches!(self, Self::Constant(own) if *own == value)
    }

    /// Whether evaluating it may show in the attribution (SEMANTICS 8.2).
    pub(super) fn refers(&self) -> bool {
        match self {
            Self::All(members) | Self::Any(members) => members.iter().any(Self::refers),
            Self::Feature { .. } | Self::Segment { .. } => true,
            Self::Bucket { .. } | Self::Constant(_) | Self::Part { .. } | Self::Time { .. } => false,
        }
    }
}

/// A reference, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) target: Target,
    pub(super) pointer: String,
    /// Of a feature: the variants that the condition asks for.
    pub(super) variants: Vec<Key>,
}

/// What is referred to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Target {
    Segment(u32),
    Feature(u32),
}

/// Simplifies a condition, or its negation.
pub(super) fn simplify<'m>(
    condition: &'m Condition,
    negated: bool,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    sink: &mut Sink,
) -> Cond<'m> {
    match condition {
        Condition::All { all } => join(all, negated, Joint::all(negated), &path.name("all"), scope, sink),
        Condition::Any { any } => join(any, negated, Joint::all(!negated), &path.name("any"), scope, sink),
        Condition::Not { not } => simplify(not, !negated, &path.name("not"), scope, sink),
        Condition::Test(test) => attribute(test, negated, path, scope, sink),
        Condition::Segment(test) => {
            let segment = scope.segment(&test.segment);
            sink.refer(Target::Segment(segment), &path.name("segment"), &[]);
            Cond::Segment { segment, negated }
        }
        Condition::Feature(test) => {
            let feature = scope.feature(&test.feature);
            sink.refer(Target::Feature(feature), &path.name("feature"), &test.variants);
            Cond::Feature { feature, variants: &test.variants, negated }
        }
        Condition::Bucket { bucket } => range(bucket, negated, path, scope, sink),
        Condition::Time { time } => span(time, negated, &path.name("time"), sink),
    }
}

/// Whether members are joined by all or by any.
#[derive(Clone, Copy, PartialEq)]
enum Joint {
    All,
    Any,
}

impl Joint {
    fn all(opposite: bool) -> Self {
        if opposite { Self::Any } else { Self::All }
    }

    /// The outcome that, of one member, decides the whole.
    fn decisive(self) -> bool {
        self == Self::Any
    }
}

fn join<'m>(
    members: &'m [Condition],
    negated: bool,
    joint: Joint,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    sink: &mut Sink,
) -> Cond<'m> {
    let mut rest = Vec::with_capacity(members.len());
    let mut decided = false;
    for (index, member) in members.iter().enumerate() {
        match simplify(member, negated, &path.index(index), scope, sink) {
            Cond::Constant(value) => decided |= value == joint.decisive(),
            Cond::All(inner) if joint == Joint::All => rest.extend(inner),
            Cond::Any(inner) if joint == Joint::Any => rest.extend(inner),
            other => rest.push(other),
        }
    }
    if decided {
        return Cond::Constant(joint.decisive());
    }
    match (rest.len(), joint) {
        (0, _) => Cond::Constant(!joint.decisive()),
        (1, _) => rest.pop().unwrap_or_else(|| Cond::Constant(!joint.decisive())),
        (_, Joint::All) => Cond::All(rest),
        (_, Joint::Any) => Cond::Any(rest),
    }
}

fn attribute<'m>(
    test: &'m Test,
    negated: bool,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    sink: &mut Sink,
) -> Cond<'m> {
    let parts = parts(test, path, scope.operands, sink);
    if let Some(value) = scope.process(&test.attribute) {
        let value = ValueRef::from(value);
        return Cond::Constant(parts.iter().flatten().any(|part| part.holds(value) == Some(!negated)));
    }
    let attribute = scope.attribute(&test.attribute, &path.name("attribute"), sink);
    match parts {
        [Some(part), None] | [None, Some(part)] => leaf(attribute, part, negated),
        parts => Cond::Any(parts.into_iter().flatten().map(|part| leaf(attribute, part, negated)).collect()),
    }
}

fn leaf(attribute: AttributeKey, part: Part<'_>, negated: bool) -> Cond<'_> {
    use crate::operand::word;
    match part {
        // Only booleans are words that are no strings, and of two booleans not the one is the other.
        Part::Word(word::FALSE) if negated => {
            Cond::Part { attribute, part: Part::Word(word::TRUE), negated: false }
        }
        Part::Word(word::TRUE) if negated => {
            Cond::Part { attribute, part: Part::Word(word::FALSE), negated: false }
        }
        part => Cond::Part { attribute, part, negated },
    }
}

fn range<'m>(
    test: &'m BucketTest,
    negated: bool,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    sink: &mut Sink,
) -> Cond<'m> {
    let Some(span) = Span::new(test.from, test.to) else { return Cond::Constant(false) };
    let salt = salt_hash(&test.salt);
    if let Some(value) = scope.process(&test.unit) {
        let unit = unit_of(ValueRef::from(value));
        return Cond::Constant(unit.is_some_and(|unit| span.contains(mix(salt, unit)) != negated));
    }
    let place = path.name("bucket");
    let unit = scope.attribute(&test.unit, &place.name("unit"), sink);
    Cond::Bucket { unit, salt, span, negated }
}

pub(super) fn span<'m>(test: &'m TimeTest, negated: bool, path: &Path<'_>, sink: &mut Sink) -> Cond<'m> {
    let mut end = |value: &Option<crate::value::Value>, name, open| {
        let Some(value) = value else { return open };
        let place = path.name(name);
        match instant(value, &place, sink) {
            Ok(ms) => ms,
            Err((code, _, message)) => {
                sink.report(code, &place, message);
                open
            }
        }
    };
    let from = end(&test.from, "from", i64::MIN);
    let to = end(&test.to, "to", i64::MAX);
    Cond::Time { from, to, negated }
}
