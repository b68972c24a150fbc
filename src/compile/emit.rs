//! Code for one feature or segment, written backwards: first where a test leads to, then the test.

use super::builder::{Builder, Few, Label, Words};
use super::condition::Cond;
use super::definition::{Body, Definition, Lowered, Serve, Share};
use super::operator::Part;
use super::overlay::LoweredPatch;
use super::{Environment, Notices, RulePlace};
use crate::bucket::Span;
use crate::context::AttributeKey;
use crate::model::{Key, Otherwise, PatchKind};
use crate::operand::version::Reach;
use crate::operand::word;
use crate::program::{Arm, Fork, Inst, Pc, Reason, Served};
use crate::value::{KeyedMap, Value};

/// A base, or a candidate.
#[derive(Debug)]
pub(super) enum Side<'m> {
    Definition(Definition<'m>),
    Invalid,
    Tombstone,
}

/// A feature with all that it is served by.
#[derive(Debug)]
pub(super) struct FeatureUnit<'m> {
    pub(super) key: Key,
    pub(super) base: Side<'m>,
    pub(super) release: Option<&'m Key>,
    /// The release's place in the document.
    pub(super) place: Option<usize>,
    pub(super) candidate: Option<Side<'m>>,
    pub(super) patches: Vec<LoweredPatch<'m>>,
    /// The environments in which it is killed, sorted.
    pub(super) kills: Vec<&'m str>,
    /// Whether answers must be remembered, and in the large memory.
    pub(super) memo: Option<bool>,
}

impl FeatureUnit<'_> {
    /// Whether neither patches nor environments are there to repeat a definition.
    fn is_written_once(&self) -> bool {
        let has_blocks = |side: &Side<'_>| matches!(side, Side::Definition(definition) if definition.environments().next().is_some());
        let sides = || std::iter::once(&self.base).chain(&self.candidate);
        self.patches.is_empty() && self.kills.is_empty() && !sides().any(has_blocks)
    }
}

/// How far the effective definition is known, going backwards through the patches (SEMANTICS 7.8).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
struct Known {
    enabled: Option<bool>,
    default: Option<usize>,
    served: Attributed,
}

#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
enum Attributed {
    #[default]
    No,
    /// The `Served` instruction says it.
    Marked,
    /// It is certain; the number of the attribution, and what it adds to the counter.
    Certain(u32, u32),
}

/// Writes features and segments into a builder.
pub(super) struct Emitter<'b, 'm> {
    pub(super) builder: &'b mut Builder,
    pub(super) unit: &'b FeatureUnit<'m>,
    /// In the chunk.
    meta: u32,
    counter: u32,
    variants: u32,
    /// Where the candidate's variants and rules begin.
    shift: (u16, u32),
    /// By patch.
    attributions: Vec<(u32, u32)>,
    /// By patch: the first that sets the same variant.
    defaults: Vec<usize>,
    memory: KeyedMap<(usize, Known), Label>,
    /// Rules that were written: of which side, which, and the default and attribution that they end with.
    written: KeyedMap<(bool, usize, u16, (u32, u32)), Label>,
    /// Environments that were written.
    shapes: KeyedMap<[Option<Shape>; 2], Label>,
    /// Nothing is written twice, so nothing is kept to be found again.
    once: bool,
}

/// What an environment makes of a definition: which rules, their default, and whether they count.
type Shape = (usize, u16, bool);

impl<'b, 'm> Emitter<'b, 'm> {
    /// Writes a feature; returns where it begins. `counter` is where its counters begin.
    pub(super) fn feature(
        builder: &'b mut Builder,
        unit: &'b FeatureUnit<'m>,
        environment: Environment<'_>,
        counter: u32,
        notices: &mut Notices<'_>,
    ) -> Pc {
        let (variants, shift) = all_variants(unit);
        let meta = builder.next_meta();
        let mut attributions = Vec::with_capacity(unit.patches.len());
        let mut phases: Vec<(&Key, (u32, u32))> = Vec::new();
        for patch in &unit.patches {
            let known = phases.iter().find(|(phase, _)| *phase == patch.phase).map(|(_, entry)| *entry);
            let entry = known.unwrap_or_else(|| {
                let ordinal = (phases.len() as u32).wrapping_add(1);
                let number = match unit.release {
                    Some(release) => builder.attribution(release, patch.phase),
                    None => 0,
                };
                let entry = (number, ordinal.wrapping_mul(variants.len() as u32));
                phases.push((patch.phase, entry));
                entry
            });
            attributions.push(entry);
        }
        let first = phases.first().map_or(0, |(_, (number, _))| *number);
        let mut rules = Vec::new();
        for side in [Some(&unit.base), unit.candidate.as_ref()].into_iter().flatten() {
            if let Side::Definition(definition) = side {
                rules.extend(definition.rules.iter().cloned());
            }
        }
        let width = variants.len() as u32;
        let count = phases.len() as u32;
        builder.meta(crate::program::FeatureMeta {
            key: Key::clone(&unit.key),
            variants,
            rules: rules.into(),
            counter,
            attributions: (first, count),
        });
        let mut emitter = Emitter {
            builder,
            unit,
            meta,
            counter,
            variants: width,
            shift,
            attributions,
            defaults: defaults(&unit.patches),
            memory: KeyedMap::default(),
            written: KeyedMap::default(),
            shapes: KeyedMap::default(),
            once: unit.is_written_once(),
        };
        emitter.builder.set_repeating(!emitter.once);
        let mut entry = emitter.environments(environment, notices);
        if let Some(large) = unit.memo {
            entry = emitter.builder.push(Inst::Memo { large, next: entry });
        }
        emitter.builder.finish(entry)
    }

    /// Which environment's definition counts is known, or asked of the context.
    fn environments(&mut self, environment: Environment<'_>, notices: &mut Notices<'_>) -> Label {
        let attribute = match environment {
            Environment::Fixed(name) => return self.environment(name, notices),
            Environment::Attribute(attribute) => attribute,
        };
        let mut names: Vec<&str> = self.unit.kills.clone();
        for side in [Some(&self.unit.base), self.unit.candidate.as_ref()].into_iter().flatten() {
            if let Side::Definition(definition) = side {
                names.extend(definition.environments());
            }
        }
        names.sort_unstable();
        names.dedup();
        let other = self.environment(None, notices);
        let mut label = other;
        for name in names {
            let then = self.environment(Some(name), notices);
            if then == other {
                continue;
            }
            label = leaf(self.builder, attribute, &text_part(name), false, then, label);
        }
        self.builder.switch(label, 0)
    }

    fn environment(&mut self, name: Option<&str>, notices: &mut Notices<'_>) -> Label {
        if name.is_some_and(|name| self.unit.kills.binary_search(&name).is_ok()) {
            return match &self.unit.base {
                Side::Definition(base) => {
                    let default = base.body(name).default;
                    self.end(Reason::Killed, Some(default), None, 0, Attributed::No)
                }
                Side::Invalid => self.end(Reason::InvalidDefinition, None, None, 0, Attributed::No),
                Side::Tombstone => self.end(Reason::UnknownFeature, None, None, 0, Attributed::No),
            };
        }
        if self.once {
            let label = self.patch(self.unit.patches.len(), Known::default(), true, name, notices);
            return self.builder.switch(label, 0);
        }
        let shape = |side: Option<&Side<'m>>| match side {
            Some(Side::Definition(definition)) => {
                let body = definition.body(name);
                Some((body.rules.as_ptr().addr(), body.default, body.enabled))
            }
            _ => None,
        };
        let shape = [shape(Some(&self.unit.base)), shape(self.unit.candidate.as_ref())];
        if let Some(label) = self.shapes.get(&shape) {
            return *label;
        }
        let floor = self.builder.next_label();
        self.memory.clear();
        let label = self.patch(self.unit.patches.len(), Known::default(), true, name, notices);
        let label = self.builder.switch(label, floor);
        self.shapes.insert(shape, label);
        label
    }

    /// The patches below `count`, the last first. `certain`: nothing that is not certain led here.
    fn patch(
        &mut self,
        count: usize,
        known: Known,
        certain: bool,
        name: Option<&str>,
        notices: &mut Notices<'_>,
    ) -> Label {
        let unit = self.unit;
        let mut count = count;
        let patch = loop {
            let Some(index) = count.checked_sub(1) else {
                return self.definition(&unit.base, (0, 0), known, name, notices);
            };
            let Some(patch) = unit.patches.get(index) else {
                return self.definition(&unit.base, (0, 0), known, name, notices);
            };
            let moot = match patch.kind {
                PatchKind::Apply => false,
                PatchKind::Disable | PatchKind::Enable => known.enabled.is_some(),
                PatchKind::Set => known.default.is_some(),
            };
            if !moot && !patch.is_idle() {
                break patch;
            }
            count = index;
        };
        if let Some(label) = self.memory.get(&(count, known)) {
            return *label;
        }
        let index = count.wrapping_sub(1);
        let always = patch.target.is(true)
            && matches!(patch.ramp, None | Some(Share::Constant(true)))
            && patch.audience.is_none();
        let attribution = self.attributions.get(index).copied().unwrap_or_default();
        let served = match known.served {
            Attributed::No if certain && always => Attributed::Certain(attribution.0, attribution.1),
            Attributed::No => Attributed::Marked,
            other => other,
        };
        let after = match patch.kind {
            PatchKind::Apply => known,
            PatchKind::Disable => Known { enabled: Some(false), ..known },
            PatchKind::Enable => Known { enabled: Some(true), ..known },
            PatchKind::Set => Known { default: self.defaults.get(index).copied(), ..known },
        };
        let after = Known { served, ..after };
        let mut took = match (patch.kind, &unit.candidate) {
            (PatchKind::Apply, Some(candidate)) => {
                self.definition(candidate, self.shift, after, name, notices)
            }
            _ => self.patch(index, after, certain && always, name, notices),
        };
        if known.served == Attributed::No && served == Attributed::Marked {
            let (number, counter) = attribution;
            took = self.builder.push(Inst::Served { attribution: number, counter, next: took });
        }
        let label = if always {
            took
        } else {
            let or = self.patch(index, known, false, name, notices);
            self.gate(patch, took, or)
        };
        self.memory.insert((count, known), label);
        label
    }

    /// Target, then ramp, then audience.
    fn gate(&mut self, patch: &LoweredPatch<'_>, took: Label, or: Label) -> Label {
        gate(self.builder, patch, took, or)
    }

    /// The effective definition.
    fn definition(
        &mut self,
        side: &Side<'m>,
        shift: (u16, u32),
        known: Known,
        name: Option<&str>,
        notices: &mut Notices<'_>,
    ) -> Label {
        let definition = match side {
            Side::Definition(definition) => definition,
            Side::Invalid => return self.end(Reason::InvalidDefinition, None, None, 0, known.served),
            Side::Tombstone => return self.end(Reason::UnknownFeature, None, None, 0, known.served),
        };
        let body = definition.body(name);
        let patched = known.default.and_then(|index| self.unit.patches.get(index)?.variant);
        let default = patched.and_then(|name| definition.variant(name)).unwrap_or(body.default);
        let default = default.wrapping_add(shift.0);
        if definition.archived {
            return self.end(Reason::Archived, Some(default), None, 0, known.served);
        }
        if !known.enabled.unwrap_or(body.enabled) {
            return self.end(Reason::Disabled, Some(default), None, 0, known.served);
        }
        let is_base = std::ptr::eq(side, &self.unit.base);
        let attribution = match known.served {
            Attributed::Certain(number, counter) => (number, counter),
            Attributed::No | Attributed::Marked => (0, 0),
        };
        if self.once {
            return self.rules(definition, body, (shift, is_base), default, known.served, notices);
        }
        let key = (is_base, body.rules.as_ptr().addr(), default, attribution);
        if let Some(label) = self.written.get(&key) {
            return *label;
        }
        let label = self.rules(definition, body, (shift, is_base), default, known.served, notices);
        self.written.insert(key, label);
        label
    }

    fn rules(
        &mut self,
        definition: &Definition<'m>,
        body: &Body<'m>,
        (shift, is_base): ((u16, u32), bool),
        default: u16,
        served: Attributed,
        notices: &mut Notices<'_>,
    ) -> Label {
        let certain = body.rules.iter().position(serves_everyone);
        let count = certain.map_or(body.rules.len(), |index| index.saturating_add(1));
        let place = |index: usize, rule: &Lowered<'m>| RulePlace {
            id: definition.rules.get(rule.id as usize),
            environment: body.origin,
            index,
            release: self.unit.place.filter(|_| !is_base),
        };
        for (index, rule) in body.rules.iter().enumerate().skip(count) {
            notices.never_reached(&self.unit.key, place(index, rule));
        }
        let mut next = self.end(Reason::Default, Some(default), None, shift.1, served);
        for (index, rule) in body.rules.iter().enumerate().take(count).rev() {
            if rule.condition.is(false) {
                notices.never_holds(&self.unit.key, place(index, rule));
                continue;
            }
            let outside = match rule.otherwise {
                Otherwise::Next => next,
                Otherwise::Default => {
                    self.end(Reason::Default, Some(default), Some(rule.id), shift.1, served)
                }
            };
            let inside = self.serve(rule, shift, outside, served);
            let inside =
                rule.shares.iter().rev().fold(inside, |then, share| self.share(*share, then, outside));
            next = condition(self.builder, &rule.condition, inside, next);
        }
        next
    }

    fn serve(&mut self, rule: &Lowered<'m>, shift: (u16, u32), outside: Label, served: Attributed) -> Label {
        let reason = if rule.by_bucket { Reason::Split } else { Reason::Rule };
        let end = |emitter: &mut Self, variant: u16| {
            emitter.end(reason, Some(variant.wrapping_add(shift.0)), Some(rule.id), shift.1, served)
        };
        match &rule.serve {
            Serve::Variant(variant) | Serve::Decided(Some(variant)) => end(self, *variant),
            Serve::Decided(None) => outside,
            Serve::Split(unit, salt, arms) => {
                let ends: Vec<Arm> = arms
                    .iter()
                    .map(|(variant, span)| Arm { last: span.last(), next: end(self, *variant) })
                    .collect();
                let (arms, count) = self.builder.arms(ends);
                let fork = Fork { slot: *unit, negated: false, then: outside, or: outside };
                self.builder.push(Inst::Split { fork, salt: *salt, arms, count })
            }
        }
    }

    fn share(&mut self, share: Share, then: Label, or: Label) -> Label {
        share_inst(self.builder, share, then, or)
    }

    fn end(
        &mut self,
        reason: Reason,
        variant: Option<u16>,
        rule: Option<u32>,
        rules: u32,
        served: Attributed,
    ) -> Label {
        let on = variant.is_some_and(|variant| self.is_on(variant));
        let (attribution, counter) = match served {
            Attributed::Certain(number, counter) => (number, counter),
            Attributed::No | Attributed::Marked => (0, 0),
        };
        let counter = self.counter.wrapping_add(counter).wrapping_add(u32::from(variant.unwrap_or(0)));
        debug_assert!(variant.is_none_or(|variant| u32::from(variant) < self.variants));
        let rule = rule.map(|rule| rule.wrapping_add(rules));
        let (a, b) = Served { reason, variant, rule, on, meta: self.meta, counter }.pack();
        self.builder.push(Inst::Return { a, b, attribution })
    }

    /// Whether a gate's variant is `true` (SEMANTICS 6.6).
    fn is_on(&self, variant: u16) -> bool {
        let side = |side: &Side<'m>, index: u16| match side {
            Side::Definition(definition) if definition.gate => definition
                .variants
                .get(usize::from(index))
                .is_some_and(|(_, value)| *value == Value::Bool(true)),
            _ => false,
        };
        match (variant.checked_sub(self.shift.0), &self.unit.candidate) {
            (Some(index), Some(candidate)) => side(candidate, index),
            _ => side(&self.unit.base, variant),
        }
    }
}

fn defaults(patches: &[LoweredPatch<'_>]) -> Vec<usize> {
    let mut first = KeyedMap::default();
    let entries = patches.iter().enumerate();
    entries.map(|(index, patch)| *first.entry(patch.variant.map(|own| &**own)).or_insert(index)).collect()
}

/// The variants of the base, then of the candidate; and where the candidate's variants and rules begin.
fn all_variants(unit: &FeatureUnit<'_>) -> (crate::program::VariantList, (u16, u32)) {
    let of = |side: &Side<'_>| match side {
        Side::Definition(definition) => Some((definition.variants.clone(), definition.rules.len() as u32)),
        Side::Invalid | Side::Tombstone => None,
    };
    let base = of(&unit.base);
    let candidate = unit.candidate.as_ref().and_then(of);
    match (base, candidate) {
        (Some((base, rules)), Some((candidate, _))) => {
            let all = base.iter().chain(candidate.iter()).cloned().collect();
            (all, (base.len() as u16, rules))
        }
        (Some((base, rules)), None) => {
            let shift = (base.len() as u16, rules);
            (base, shift)
        }
        (None, Some((candidate, _))) => (candidate, (0, 0)),
        (None, None) => (std::sync::Arc::new([]), (0, 0)),
    }
}

fn serves_everyone(rule: &Lowered<'_>) -> bool {
    let inside = rule.shares.iter().all(|share| matches!(share, Share::Constant(true)));
    let certain = match rule.serve {
        Serve::Variant(_) | Serve::Decided(Some(_)) => inside,
        Serve::Split(..) | Serve::Decided(None) => false,
    };
    rule.condition.is(true) && (certain || rule.otherwise == Otherwise::Default)
}

/// Writes a segment's condition, as it is or negated, with its overlay; returns where it begins.
pub(super) fn segment<'m>(
    builder: &mut Builder,
    base: Option<&Cond<'m>>,
    candidate: Option<&Cond<'m>>,
    release: Option<&Key>,
    patches: &[LoweredPatch<'m>],
) -> Pc {
    let ends = |builder: &mut Builder, on: bool, attribution: u32| {
        let a = crate::program::HOLDS | if on { crate::program::ON } else { 0 };
        builder.push(Inst::Return { a, b: 0, attribution })
    };
    let no = ends(builder, false, 0);
    let yes = ends(builder, true, 0);
    let whole = |builder: &mut Builder, cond: Option<&Cond<'m>>| match cond {
        Some(cond) => condition(builder, cond, yes, no),
        None => no,
    };
    let mut label = whole(builder, base);
    let applied = whole(builder, candidate);
    // The last patch is examined first, so it is written last.
    for patch in patches {
        if patch.is_idle() {
            continue;
        }
        let attribution = release.map_or(0, |release| builder.attribution(release, patch.phase));
        let took = builder.push(Inst::Served { attribution, counter: 0, next: applied });
        label = gate(builder, patch, took, label);
    }
    let label = builder.switch(label, 0);
    builder.finish(label)
}

/// Target, then ramp, then audience.
fn gate(builder: &mut Builder, patch: &LoweredPatch<'_>, took: Label, or: Label) -> Label {
    let mut label = took;
    if let Some(segment) = patch.audience {
        label = builder.push(Inst::Segment { then: label, or, segment, negated: false });
    }
    if let Some(ramp) = patch.ramp {
        label = share_inst(builder, ramp, label, or);
    }
    condition(builder, &patch.target, label, or)
}

fn share_inst(builder: &mut Builder, share: Share, then: Label, or: Label) -> Label {
    match share {
        Share::Constant(inside) => {
            if inside {
                then
            } else {
                or
            }
        }
        Share::Span { unit, salt, span } => range(builder, unit, salt, span, false, then, or),
    }
}

fn range(
    builder: &mut Builder,
    slot: AttributeKey,
    salt: u64,
    span: Span,
    negated: bool,
    then: Label,
    or: Label,
) -> Label {
    let fork = Fork { slot, negated, then, or };
    if negated || span.buckets().0 != 0 {
        let span = builder.span(span);
        return builder.push(Inst::Range { fork, salt, span });
    }
    let last = span.last();
    let is_end = |label| matches!(builder.inst(label), Some(Inst::Return { .. }));
    if is_end(then) && is_end(or) {
        builder.push(Inst::ShareReturn { fork, salt, last })
    } else {
        builder.push(Inst::Share { fork, salt, last })
    }
}

/// Writes a condition.
pub(super) fn condition(builder: &mut Builder, cond: &Cond<'_>, then: Label, or: Label) -> Label {
    match cond {
        Cond::All(members) => {
            members.iter().rev().fold(then, |then, member| condition(builder, member, then, or))
        }
        Cond::Any(members) => {
            members.iter().rev().fold(or, |or, member| condition(builder, member, then, or))
        }
        Cond::Constant(true) => then,
        Cond::Constant(false) => or,
        Cond::Bucket { unit, salt, span, negated } => range(builder, *unit, *salt, *span, *negated, then, or),
        Cond::Feature { feature, variants, negated } => {
            let variants = builder.variants(variants);
            builder.push(Inst::Feature { then, or, feature: *feature, variants, negated: *negated })
        }
        Cond::Segment { segment, negated } => {
            builder.push(Inst::Segment { then, or, segment: *segment, negated: *negated })
        }
        Cond::Time { from, to, negated } => {
            let (then, or) = if *negated { (or, then) } else { (then, or) };
            builder.push(Inst::Time { then, or, from: *from, to: *to })
        }
        Cond::Part { attribute, part, negated } => leaf(builder, *attribute, part, *negated, then, or),
    }
}

fn text_part(text: &str) -> Part<'_> {
    if text.len() < word::SHORT { Part::Word(word::of(text.as_bytes())) } else { Part::Suffix(text, true) }
}

fn leaf(
    builder: &mut Builder,
    slot: AttributeKey,
    part: &Part<'_>,
    negated: bool,
    then: Label,
    or: Label,
) -> Label {
    let fork = Fork { slot, negated, then, or };
    match part {
        Part::Version(comparison, packed, general) => {
            let test = builder.test(general);
            let Reach { first, shift, outside } = Reach::new(*comparison, *packed, negated);
            let inst = Inst::Version { fork, shift, outside, first, test };
            return builder.push_joined(inst, then);
        }
        Part::General(test) => {
            let test = builder.test(test);
            return builder.push(Inst::Test { fork, test });
        }
        Part::Suffix(..) | Part::Texts(_) | Part::Word(_) => {}
    }
    // These know nothing of negation: what is not hit must still be a string (SEMANTICS 2.4).
    let fork = if negated {
        let string = builder.push(Inst::String { fork: Fork { slot, negated: false, then, or } });
        Fork { slot, negated: false, then: or, or: string }
    } else {
        fork
    };
    match part {
        Part::Word(word) => builder.push_words(fork, Few::One(*word)),
        Part::Suffix(text, whole) => {
            let (tail, shift) = (word::of(text.as_bytes()), word::suffix_shift(text.len(), *whole));
            let text = builder.text(text);
            builder.push(Inst::Suffix { whole: *whole, fork, tail, shift, text })
        }
        Part::Texts(value) => {
            let list = builder.list(value);
            let set =
                list.set.map(|(set, filter, words)| builder.push(Inst::TextSet { fork, set, filter, words }));
            // Hit by a word, else by the set.
            let fork = Fork { or: set.unwrap_or(fork.or), ..fork };
            match list.words {
                Words::One(word) => builder.push_words(fork, Few::One(word)),
                Words::Four(at) => builder.push_words(fork, Few::Four(at)),
                Words::Table(at, table) => {
                    builder.push(Inst::WordTable { fork, at, seed: table.seed, shift: table.shift })
                }
                Words::Shorts(at, table) => {
                    builder.push(Inst::ShortTable { fork, at, seed: table.seed, shift: table.shift })
                }
                Words::None => fork.or,
            }
        }
        Part::General(_) | Part::Version(..) => fork.or,
    }
}
