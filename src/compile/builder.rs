//! A chunk in the making. Code is written from the end: a test is added after the places that it leads to, and the
//! whole is turned around at the end, so that every jump leads ahead.

use std::sync::Arc;

use crate::bucket::Span;
use crate::operand::set::{NO_SHORT, NO_WORD, TextSet, WordTable, filter_words};
use crate::operand::test::AttributeTest;
use crate::operand::word;
use crate::program::{Arm, Chunk, FeatureMeta, Fork, Inst, Pc, Tables};
use crate::value::{KeyedMap, Node, StringList, Value, Walk};

/// A place in the code of one definition, counted from its end.
pub(super) type Label = u32;

/// From so many tests on, a switch is worth its while.
const FEWEST_ARMS: usize = 3;

/// How many instructions, tests, texts or arms back an equal one is looked for.
const LOOK_BACK: usize = 24;

/// The tables of a chunk, and the code so far.
#[derive(Debug, Default)]
pub(super) struct Builder {
    code: Vec<Inst>,
    fours: Vec<[u64; 4]>,
    shorts: Vec<u32>,
    words: Vec<u64>,
    filters: Vec<u64>,
    sets: Vec<TextSet>,
    texts: Vec<Box<str>>,
    tests: Vec<Arc<AttributeTest>>,
    /// By address: the tests that several conditions have.
    shared: KeyedMap<usize, u32>,
    spans: Vec<Span>,
    arms: Vec<Arm>,
    variants: Vec<Box<[Arc<str>]>>,
    attributions: Vec<(Arc<str>, Arc<str>)>,
    metas: Vec<FeatureMeta>,
    known_lists: Vec<List>,
    /// By the hash of the list.
    lists: KeyedMap<u128, u32>,
    repeating: bool,
    walk: Walk,
    /// The definition at hand, backwards.
    nodes: Vec<Inst>,
    /// The first arm of the definition at hand.
    first_arm: usize,
}

/// How a list of strings is looked up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct List {
    pub(super) words: Words,
    /// The set, its filter and the filter's words.
    pub(super) set: Option<(u32, u32, u32)>,
}

/// How short strings are looked up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Words {
    #[default]
    None,
    One(u64),
    Four(u32),
    Table(u32, WordTable),
    /// As `Table`, of strings under four bytes.
    Shorts(u32, WordTable),
}

/// One to four words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Few {
    /// One.
    One(u64),
    /// The group of four at this place.
    Four(u32),
}

/// Up to as many short strings get a table of their own.
const TABLE_LIMIT: usize = 32;

impl Builder {
    /// Adds an instruction to the definition at hand, or finds an equal one.
    pub(super) fn push(&mut self, inst: Inst) -> Label {
        let count = self.nodes.len();
        let recent = self.nodes.iter().enumerate().rev().take(LOOK_BACK);
        if let Some((index, _)) = recent.into_iter().find(|(_, own)| **own == inst) {
            return index as Label;
        }
        self.nodes.push(inst);
        count as Label
    }

    /// As [`push`](Self::push), of a test that may be joined with what follows it.
    pub(super) fn push_joined(&mut self, inst: Inst, then: Label) -> Label {
        let inst = inst.joined(self.inst(then));
        self.push(inst)
    }

    /// A test for one of up to four words; with the test at `then`, if that is all that is left before the end, in one.
    pub(super) fn push_words(&mut self, fork: Fork, words: Few) -> Label {
        let paired = self.paired(fork, words);
        match (paired, words) {
            (Some(inst), _) => self.push(inst),
            (None, Few::One(word)) => self.push_joined(Inst::Word { fork, word }, fork.then),
            (None, Few::Four(at)) => self.push(Inst::Words4 { fork, at }),
        }
    }

    fn paired(&mut self, fork: Fork, words: Few) -> Option<Inst> {
        let second = *self.inst(fork.then)?;
        let (Inst::Word { fork: last, .. } | Inst::Words4 { fork: last, .. }) = second else { return None };
        let is_end = |label| matches!(self.inst(label), Some(Inst::Return { .. }));
        if last.or != fork.or || !is_end(last.or) || !is_end(last.then) {
            return None;
        }
        Some(match (words, second) {
            (Few::Four(at), Inst::Word { word, .. }) => {
                Inst::PairReturn { fork: Fork { then: last.then, ..fork }, at, other: last.slot, word }
            }
            (Few::One(word), Inst::Words4 { at, .. }) => {
                Inst::PairReturn { fork: last, at, other: fork.slot, word }
            }
            (Few::One(own), Inst::Word { word, .. }) => {
                let at = push(&mut self.fours, [own; 4]);
                Inst::PairReturn { fork: Fork { then: last.then, ..fork }, at, other: last.slot, word }
            }
            _ => return None,
        })
    }

    /// The instruction at a label.
    pub(super) fn inst(&self, label: Label) -> Option<&Inst> {
        self.nodes.get(label as usize)
    }

    pub(super) fn test(&mut self, test: &Arc<AttributeTest>) -> u32 {
        let add = |tests: &mut _| push(tests, Arc::clone(test));
        // What only one condition has, and is not here yet, need not be looked for.
        if Arc::strong_count(test) == 1 {
            return add(&mut self.tests);
        }
        let recent = self.tests.iter().enumerate().rev().take(LOOK_BACK);
        match recent.into_iter().find(|(_, own)| Arc::ptr_eq(own, test)) {
            Some((index, _)) => index as u32,
            None => *self.shared.entry(Arc::as_ptr(test) as usize).or_insert_with(|| add(&mut self.tests)),
        }
    }

    /// Whether the definition at hand is written several times: what it has is then known by its place in the model.
    pub(super) fn set_repeating(&mut self, repeating: bool) {
        self.repeating = repeating;
    }

    pub(super) fn text(&mut self, text: &str) -> u32 {
        let recent = self.texts.iter().enumerate().rev().take(LOOK_BACK);
        if let Some((index, _)) = recent.into_iter().find(|(_, own)| ***own == *text) {
            return index as u32;
        }
        if !self.repeating {
            return push(&mut self.texts, text.into());
        }
        let texts = &mut self.texts;
        *self.shared.entry(text.as_ptr().addr()).or_insert_with(|| push(texts, text.into()))
    }

    pub(super) fn span(&mut self, span: Span) -> u32 {
        push(&mut self.spans, span)
    }

    pub(super) fn variants(&mut self, names: &[Arc<str>]) -> u32 {
        if !self.repeating {
            return push(&mut self.variants, names.into());
        }
        let variants = &mut self.variants;
        *self.shared.entry(names.as_ptr().addr()).or_insert_with(|| push(variants, names.into()))
    }

    pub(super) fn meta(&mut self, meta: FeatureMeta) -> u32 {
        push(&mut self.metas, meta)
    }

    /// The label of what is written next.
    pub(super) fn next_label(&self) -> Label {
        self.nodes.len() as Label
    }

    /// The number of the meta that is added next.
    pub(super) fn next_meta(&self) -> u32 {
        self.metas.len() as u32
    }

    /// A release and phase; the number counts from 1.
    pub(super) fn attribution(&mut self, release: &Arc<str>, phase: &Arc<str>) -> u32 {
        push(&mut self.attributions, (Arc::clone(release), Arc::clone(phase))).wrapping_add(1)
    }

    pub(super) fn arms(&mut self, arms: impl IntoIterator<Item = Arm>) -> (u32, u32) {
        let at = self.arms.len();
        self.arms.extend(arms);
        (at as u32, self.arms.len().saturating_sub(at) as u32)
    }

    /// A list of strings; equal lists share their tables.
    pub(super) fn list(&mut self, value: &Value) -> List {
        if !self.repeating {
            let index = self.list_of(value);
            return self.known_lists.get(index as usize).copied().unwrap_or_default();
        }
        let place = std::ptr::from_ref(value).addr();
        let index = match self.shared.get(&place) {
            Some(index) => *index,
            None => {
                let index = self.list_of(value);
                self.shared.insert(place, index);
                index
            }
        };
        self.known_lists.get(index as usize).copied().unwrap_or_default()
    }

    fn list_of(&mut self, value: &Value) -> u32 {
        self.walk.node(&Node::from(value));
        let key = self.walk.finish();
        if let Some(index) = self.lists.get(&key) {
            return *index;
        }
        let list = match value {
            Value::Strings(strings) => self.texts(strings),
            other => self.texts(&StringList::of(super::operator::strings(other).into_iter())),
        };
        let index = push(&mut self.known_lists, list);
        self.lists.insert(key, index);
        index
    }

    fn texts(&mut self, texts: &StringList) -> List {
        let short = |text: &&str| text.len() < word::SHORT;
        let few = texts.iter().filter(short).count();
        let mut words = Vec::with_capacity(few.min(TABLE_LIMIT.saturating_mul(2)));
        words.extend(texts.iter().filter(short).map(|text| word::of(text.as_bytes())));
        words.sort_unstable();
        words.dedup();
        let many = words.len() > TABLE_LIMIT;
        let set = if many || few == 0 {
            (!texts.is_empty()).then(|| self.set(texts))
        } else {
            (few < texts.len()).then(|| self.set(&StringList::of(texts.iter().filter(|text| !short(text)))))
        };
        List { words: if many { Words::None } else { self.words(&words) }, set }
    }

    fn words(&mut self, words: &[u64]) -> Words {
        match *words {
            [] => Words::None,
            [one] => Words::One(one),
            [a, ref rest @ ..] if rest.len() < 4 => {
                let mut rest = rest.iter().copied();
                let mut next = || rest.next().unwrap_or(a);
                Words::Four(push(&mut self.fours, [a, next(), next(), next()]))
            }
            _ if words.iter().all(|own| word::of_short(word::short(*own)) == *own) => {
                let at = self.shorts.len() as u32;
                match WordTable::build(words, &mut self.shorts, NO_SHORT, word::short) {
                    Some(table) => Words::Shorts(at, table),
                    None => Words::None,
                }
            }
            _ => {
                let at = self.words.len() as u32;
                match WordTable::build(words, &mut self.words, NO_WORD, |word| word) {
                    Some(table) => Words::Table(at, table),
                    None => Words::None,
                }
            }
        }
    }

    fn set(&mut self, texts: &StringList) -> (u32, u32, u32) {
        let filter = self.filters.len() as u32;
        let words = filter_words(texts.len()) as u32;
        let set = TextSet::build(texts.bytes(), &mut self.filters);
        (push(&mut self.sets, set), filter, words)
    }

    /// If tests of one attribute for several values follow each other, a shortcut to the one that may hold; else the first.
    ///
    /// Only tests from `floor` on: what was written before is shared, and must not be copied into each switch that leads there.
    pub(super) fn switch(&mut self, first: Label, floor: Label) -> Label {
        let mut arms: Vec<Arm> = Vec::new();
        let mut slot = None;
        let mut or = first;
        while let Some((word, fork)) = self.inst(or).and_then(Inst::equality) {
            if or < floor || *slot.get_or_insert(fork.slot) != fork.slot {
                break;
            }
            // The first that is equal is taken, so it is no fault if one is added twice.
            if !arms.iter().rev().take(LOOK_BACK).any(|arm| arm.last == word) {
                arms.push(Arm { last: word, next: or });
            }
            or = fork.or;
        }
        match slot {
            Some(slot) if arms.len() >= FEWEST_ARMS => {
                let (arms, count) = self.arms(arms);
                let fork = Fork { slot, negated: false, then: or, or };
                self.push(Inst::Switch { fork, arms, count })
            }
            _ => first,
        }
    }

    /// Ends the definition at hand: turned around, without what is not reached. Returns where it begins.
    pub(super) fn finish(&mut self, entry: Label) -> Pc {
        let nodes = std::mem::take(&mut self.nodes);
        let reached = self.reach(&nodes, entry);
        let is_end = |label: Label| matches!(nodes.get(label as usize), Some(Inst::Return { .. }));
        // Tests first, close together; then the ends, beginning with those of the last tests.
        let kept: Vec<Label> =
            (0_u32..).zip(&reached).filter(|(_, reached)| **reached).map(|(label, _)| label).collect();
        let (ends, tests): (Vec<Label>, Vec<Label>) = kept.into_iter().partition(|label| is_end(*label));
        let before = self.code.len();
        let mut places = vec![0_u32; nodes.len()];
        // Where a test that fails goes on at a copy of its end.
        let mut copies = Vec::new();
        let mut following = tests.iter().rev().skip(1);
        for label in tests.iter().rev() {
            let Some(inst) = nodes.get(*label as usize).copied() else { continue };
            let next = following.next().copied();
            let at = self.code.len() as Pc;
            if let Some(place) = places.get_mut(*label as usize) {
                *place = at;
            }
            let Some(fork) = inst.fork() else {
                self.code.push(inst);
                continue;
            };
            let inst = if next == Some(fork.then) { inst } else { inst.parted() };
            self.code.push(inst);
            if !inst.falls_through() || next == Some(fork.or) {
                continue;
            }
            match nodes.get(fork.or as usize) {
                Some(end @ Inst::Return { .. }) => {
                    copies.push(at);
                    self.code.push(*end);
                }
                _ => self.code.push(Inst::Jump { to: fork.or }),
            }
        }
        for label in ends {
            if let (Some(place), Some(end)) = (places.get_mut(label as usize), nodes.get(label as usize)) {
                *place = self.code.len() as Pc;
                self.code.push(*end);
            }
        }
        let place = |label: Label| places.get(label as usize).copied().unwrap_or(0);
        for inst in self.code.get_mut(before..).unwrap_or_default() {
            retarget(inst, &place);
        }
        for at in copies {
            if let Some(fork) = self.code.get_mut(at as usize).and_then(Inst::fork_mut) {
                fork.or = at.wrapping_add(1);
            }
        }
        for arm in self.arms.get_mut(self.first_arm..).unwrap_or_default() {
            arm.next = place(arm.next);
        }
        self.first_arm = self.arms.len();
        place(entry)
    }

    fn reach(&self, nodes: &[Inst], entry: Label) -> Vec<bool> {
        let mut reached = vec![false; nodes.len()];
        let mut todo = vec![entry];
        while let Some(label) = todo.pop() {
            let Some(seen) = reached.get_mut(label as usize) else { continue };
            if std::mem::replace(seen, true) {
                continue;
            }
            let Some(inst) = nodes.get(label as usize) else { continue };
            let mut copy = *inst;
            targets(&mut copy, &mut |pc| todo.push(*pc));
            if let Inst::Split { arms, count, .. } | Inst::Switch { arms, count, .. } = *inst {
                let arms = self.arms.iter().skip(arms as usize).take(count as usize);
                todo.extend(arms.map(|arm| arm.next));
            }
        }
        reached
    }

    /// The chunk.
    pub(super) fn build(self) -> Chunk {
        let tables = Tables {
            fours: self.fours.into(),
            shorts: self.shorts.into(),
            words: self.words.into(),
            filters: self.filters.into(),
            sets: self.sets.into(),
            texts: self.texts.into(),
            tests: self.tests.into(),
            spans: self.spans.into(),
            arms: self.arms.into(),
            variants: self.variants.into(),
        };
        Chunk {
            code: self.code.into(),
            tables: Box::new(tables),
            attributions: self.attributions.into(),
            metas: self.metas.into(),
        }
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> u32 {
    list.push(item);
    list.len().saturating_sub(1) as u32
}

/// Visits each target of an instruction.
fn targets(inst: &mut Inst, visit: &mut dyn FnMut(&mut Pc)) {
    match inst {
        Inst::Return { .. } | Inst::Goto { .. } => {}
        Inst::Served { next, .. } | Inst::Memo { next, .. } | Inst::Jump { to: next } => visit(next),
        Inst::Time { then, or, .. } | Inst::Segment { then, or, .. } | Inst::Feature { then, or, .. } => {
            visit(then);
            visit(or);
        }
        Inst::Split { fork, .. } | Inst::Switch { fork, .. } => {
            fork.then = fork.or;
            visit(&mut fork.then);
            visit(&mut fork.or);
        }
        test => {
            if let Some(fork) = test.fork_mut() {
                visit(&mut fork.then);
                visit(&mut fork.or);
            }
        }
    }
}

fn retarget(inst: &mut Inst, place: &dyn Fn(Label) -> Pc) {
    targets(inst, &mut |pc| *pc = place(*pc));
}
