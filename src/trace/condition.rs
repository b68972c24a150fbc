//! Conditions over a context (SEMANTICS §2), with their references.

use super::operator::{self, unit_text};
use super::render::shortened;
use super::tree::{Draw, Node, Outcome, Share, Step};
use super::{Refs, Run, Sign, Verdict};
use crate::bucket::{bucket, salt_hash, unit_hash};
use crate::model::{BucketTest, Condition, FeatureTest, Key, Test, TimeTest};
use crate::operand::instant::format_instant;

/// So many conditions that were not evaluated are shown one by one.
const SHOWN: usize = 8;
/// Conditions below so many others are evaluated but not shown.
const SHOWN_LEVELS: usize = 40;
/// So many conditions, one within the other, share a stack.
const STACK_LEVELS: usize = 64;
const STACK_BYTES: usize = 4 << 20;

impl<'s> Run<'_, 's> {
    /// Evaluates a condition, or its negation.
    ///
    /// A valid snapshot may nest thousands of conditions (64 levels in each of 64 references), so a trace goes on on a
    /// fresh stack from time to time.
    pub(super) fn condition(&mut self, condition: &'s Condition, sign: Sign, refs: &mut Refs) -> Node {
        self.depth += 1;
        let elsewhere = if self.depth.is_multiple_of(STACK_LEVELS) {
            self.elsewhere(condition, sign, refs)
        } else {
            None
        };
        let mut node = elsewhere.unwrap_or_else(|| self.evaluate(condition, sign, refs));
        self.depth -= 1;
        if self.depth >= SHOWN_LEVELS && !node.children.is_empty() {
            node.children = vec![Node::new(Step::Deeper, Outcome::Note)];
        }
        node
    }

    /// Evaluates on another stack; `None` if there is none to be had.
    fn elsewhere(&mut self, condition: &'s Condition, sign: Sign, refs: &mut Refs) -> Option<Node> {
        std::thread::scope(|scope| {
            let stack = std::thread::Builder::new().stack_size(STACK_BYTES);
            let thread = stack.spawn_scoped(scope, || self.evaluate(condition, sign, refs));
            thread.ok().and_then(|thread| thread.join().ok())
        })
    }

    fn evaluate(&mut self, condition: &'s Condition, sign: Sign, refs: &mut Refs) -> Node {
        match condition {
            Condition::All { all } => self.members(all, sign, sign, refs),
            Condition::Any { any } => self.members(any, sign, sign.flipped(), refs),
            Condition::Not { not } => self.condition(not, sign.flipped(), refs),
            Condition::Bucket { bucket } => self.bucket_test(bucket, sign),
            Condition::Feature(test) => self.feature_test(test, sign, refs),
            Condition::Segment(test) => self.segment(&test.segment, sign, refs),
            Condition::Test(test) => self.test(test, sign),
            Condition::Time { time } => self.time_test(time, sign),
        }
    }

    /// `all` if `form` is `Itself`, else `any`; the negation has been pushed to the members, which have `sign`.
    fn members(&mut self, members: &'s [Condition], sign: Sign, form: Sign, refs: &mut Refs) -> Node {
        let step = composite(members.len(), form);
        if let Some(holds) = self.folded_members(members, sign, form) {
            let children = members.iter().map(|member| match self.folded(member, sign) {
                Some(_) => self.condition(member, sign, refs),
                None => self.skipped(member, sign),
            });
            let children = children.collect();
            return Node::new(step, holds.into()).folded_if(true).with(children);
        }
        let decisive = form.is_negated();
        let mut children: Vec<Node> = Vec::new();
        let mut holds = !decisive;
        for (index, member) in members.iter().enumerate() {
            let child = self.condition(member, sign, refs);
            let decided = child.holds() == decisive;
            children.push(child);
            if decided {
                holds = decisive;
                self.skip_rest(members.get(index + 1..).unwrap_or_default(), sign, &mut children);
                break;
            }
        }
        Node::new(step, holds.into()).with(children)
    }

    fn skip_rest(&self, rest: &'s [Condition], sign: Sign, children: &mut Vec<Node>) {
        children.extend(rest.iter().take(SHOWN).map(|member| self.skipped(member, sign)));
        if let Some(count @ 1..) = rest.len().checked_sub(SHOWN) {
            children.push(Node::new(Step::More { count }, Outcome::Skipped));
        }
    }

    /// What process attributes alone decide (SEMANTICS 2.5).
    pub(super) fn folded(&self, condition: &'s Condition, sign: Sign) -> Option<bool> {
        match condition {
            Condition::All { all } => self.folded_members(all, sign, sign),
            Condition::Any { any } => self.folded_members(any, sign, sign.flipped()),
            Condition::Not { not } => self.folded(not, sign.flipped()),
            Condition::Bucket { bucket } if self.attribute(&bucket.unit).1 => {
                Some(self.bucket_test(bucket, sign).holds())
            }
            Condition::Test(test) if self.attribute(&test.attribute).1 => Some(self.test(test, sign).holds()),
            _ => None,
        }
    }

    fn folded_members(&self, members: &'s [Condition], sign: Sign, form: Sign) -> Option<bool> {
        let decisive = form.is_negated();
        let mut undecided = false;
        for member in members {
            match self.folded(member, sign) {
                Some(holds) if holds == decisive => return Some(decisive),
                Some(_) => {}
                None => undecided = true,
            }
        }
        (!undecided).then_some(!decisive)
    }

    fn test(&self, test: &Test, sign: Sign) -> Node {
        let (seen, process) = self.attribute(&test.attribute);
        let outcome = operator::holds(test, seen).map_or(Outcome::NotApplicable, |holds| sign.of(holds));
        Node::new(test_step(test, sign, seen.map(shortened)), outcome).folded_if(process)
    }

    fn bucket_test(&self, test: &BucketTest, sign: Sign) -> Node {
        let draw = self.draw(&test.unit, &test.salt, test.from, test.to);
        let outcome = draw.inside().map_or(Outcome::NotApplicable, |inside| sign.of(inside));
        let process = self.attribute(&test.unit).1;
        Node::new(Step::Share { of: Share::Bucket, negated: sign.is_negated(), draw }, outcome)
            .folded_if(process)
    }

    fn time_test(&self, test: &TimeTest, sign: Sign) -> Node {
        let (from, to) =
            (test.from.as_ref().and_then(operator::instant), test.to.as_ref().and_then(operator::instant));
        let holds = from.is_none_or(|from| from <= self.now_ms) && to.is_none_or(|to| self.now_ms < to);
        Node::new(self.time_step(test, sign), sign.of(holds))
    }

    /// Where a unit is (SEMANTICS §5).
    pub(super) fn draw(&self, unit: &Key, salt: &str, from: u32, to: u32) -> Draw {
        let text = self.attribute(unit).0.and_then(unit_text);
        let bucket = text.as_ref().map(|text| bucket(salt_hash(salt), unit_hash(text.as_bytes())));
        Draw { salt: salt.to_owned(), unit: Key::clone(unit), text, bucket, from, to }
    }

    /// A share that is no condition: a missing unit is outside.
    pub(super) fn share(&self, of: Share, unit: &Key, salt: &str, from: u32, to: u32) -> Node {
        let draw = self.draw(unit, salt, from, to);
        let outcome = draw.inside().unwrap_or(false).into();
        Node::new(Step::Share { of, negated: false, draw }, outcome)
    }

    /// Evaluates a reference to a segment (SEMANTICS 7.9, 8.3).
    pub(super) fn segment(&mut self, key: &Key, sign: Sign, refs: &mut Refs) -> Node {
        let step = Step::Segment { segment: Key::clone(key), negated: sign.is_negated() };
        let remembered = (Key::clone(key), sign);
        if let Some(verdict) = self.segments.get(&remembered) {
            refs.note(verdict.attribution.clone());
            return Node::new(step, verdict.outcome).shown_above();
        }
        // A cycle, which no valid snapshot has, finds this.
        let cyclic = Verdict { outcome: Outcome::NotApplicable, attribution: None };
        self.segments.insert(remembered.clone(), cyclic);
        let mut inner = Refs::default();
        let overlaid = self.overlaid_segment(key, &mut inner);
        let mut children = overlaid.nodes;
        let outcome = match overlaid.segment {
            None => {
                children.push(Node::new(overlaid.tombstone, Outcome::Note));
                Outcome::NotApplicable
            }
            Some(segment) => {
                let node = self.condition(&segment.condition, sign, &mut inner);
                let outcome = node.holds().into();
                children.push(node);
                outcome
            }
        };
        let attribution = overlaid.attribution.or(inner.0);
        refs.note(attribution.clone());
        self.segments.insert(remembered, Verdict { outcome, attribution });
        Node::new(step, outcome).with(children)
    }

    /// Evaluates a reference to a feature (SEMANTICS 2.6, 8.3).
    fn feature_test(&mut self, test: &FeatureTest, sign: Sign, refs: &mut Refs) -> Node {
        let (served, steps, known) = match self.features.get(&test.feature) {
            Some(served) => (served.clone(), Vec::new(), true),
            None => {
                let steps = self.decide(&test.feature).steps;
                (self.features.get(&test.feature).cloned().unwrap_or_default(), steps, false)
            }
        };
        refs.note(served.attribution);
        let outcome = match &served.variant {
            None => Outcome::NotApplicable,
            Some(variant) => sign.of(test.variants.contains(variant)),
        };
        let node = Node::new(feature_step(test, sign, served.variant), outcome).with(steps);
        if known { node.shown_above() } else { node }
    }

    /// A condition that was not evaluated.
    fn skipped(&self, condition: &'s Condition, sign: Sign) -> Node {
        let step = match condition {
            Condition::All { all } => composite(all.len(), sign),
            Condition::Any { any } => composite(any.len(), sign.flipped()),
            Condition::Not { not } => return self.skipped(not, sign.flipped()),
            Condition::Bucket { bucket } => {
                let (salt, unit) = (bucket.salt.as_ref().to_owned(), Key::clone(&bucket.unit));
                let draw = Draw { salt, unit, text: None, bucket: None, from: bucket.from, to: bucket.to };
                Step::Share { of: Share::Bucket, negated: sign.is_negated(), draw }
            }
            Condition::Feature(test) => feature_step(test, sign, None),
            Condition::Segment(test) => {
                Step::Segment { segment: Key::clone(&test.segment), negated: sign.is_negated() }
            }
            Condition::Test(test) => test_step(test, sign, None),
            Condition::Time { time } => self.time_step(time, sign),
        };
        Node::new(step, Outcome::Skipped)
    }

    fn time_step(&self, test: &TimeTest, sign: Sign) -> Step {
        let text = |end: &Option<_>| end.as_ref().and_then(operator::instant).map(format_instant);
        Step::Time {
            from: text(&test.from),
            to: text(&test.to),
            negated: sign.is_negated(),
            now: format_instant(self.now_ms),
        }
    }
}

fn composite(of: usize, form: Sign) -> Step {
    if form.is_negated() { Step::Any { of } } else { Step::All { of } }
}

fn test_step(test: &Test, sign: Sign, seen: Option<String>) -> Step {
    let operand = if test.op == crate::model::Op::IsSet { String::new() } else { shortened(&test.value) };
    Step::Test {
        attribute: Key::clone(&test.attribute),
        op: test.op,
        operand,
        ignore_case: test.ignore_case,
        negated: sign.is_negated(),
        seen,
    }
}

fn feature_step(test: &FeatureTest, sign: Sign, seen: Option<Key>) -> Step {
    Step::Feature {
        feature: Key::clone(&test.feature),
        variants: test.variants.clone(),
        negated: sign.is_negated(),
        seen,
    }
}
