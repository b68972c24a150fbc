//! Which attributes the code of a feature can ask for: for hosts that fetch them ahead of a decision, because fetching one in
//! the middle of it would cost more.

use std::collections::BTreeSet;

use super::{Entry, Inst, Pc, Program};
use crate::context::AttributeKey;

impl Program {
    /// The attributes that a decision of this feature may ask for, sorted: those of its rules, of the segments and features that
    /// it refers to, of the phases of its releases and of local overrides. None for a feature that does not exist.
    ///
    /// No decision asks for another one; few ask for all. Process attributes are not among them.
    ///
    /// # Examples
    /// ```
    /// let engine = tidegate::Engine::builder().process("region", "eu").build();
    /// engine.load(br#"{"schema_version": 1, "version": 1, "features": {"checkout": {"kind": "gate", "rules": [
    ///     {"id": "staff", "if": {"all": [{"attribute": "email", "op": "ends_with", "value": "@corp.example"},
    ///                                    {"attribute": "region", "op": "eq", "value": "eu"}]}, "variant": "on"}]}}}"#)?;
    /// let reads = engine.program().reads(engine.feature("checkout").number());
    /// assert_eq!(reads, [engine.attribute("email")?]);
    /// # Ok::<(), tidegate::Error>(())
    /// ```
    #[must_use]
    pub fn reads(&self, feature: u32) -> Vec<AttributeKey> {
        let mut found = Found { entries: vec![self.entry(feature)], ..Found::default() };
        while let Some(entry) = found.entries.pop() {
            found.walk(self, entry);
        }
        found.attributes.into_iter().collect()
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    attributes: BTreeSet<AttributeKey>,
    /// Where to look yet.
    entries: Vec<Entry>,
    seen: BTreeSet<(u32, Pc)>,
}

impl Found {
    fn walk(&mut self, program: &Program, entry: Entry) {
        let Some(chunk) = program.chunks.get(entry.chunk as usize) else { return };
        let mut ahead = vec![entry.pc];
        while let Some(pc) = ahead.pop() {
            let Some(inst) = chunk.code.get(pc as usize) else { continue };
            if !self.seen.insert((entry.chunk, pc)) {
                continue;
            }
            match *inst {
                Inst::Return { .. } => {}
                Inst::Goto { chunk, pc } => self.entries.push(Entry { chunk, pc }),
                Inst::Served { next, .. } | Inst::Memo { next, .. } | Inst::Jump { to: next } => {
                    ahead.push(next)
                }
                Inst::Time { then, or, .. } => ahead.extend([then, or]),
                Inst::Segment { then, or, segment, .. } => {
                    self.entries.extend(program.segments.get(segment as usize).into_iter().flatten());
                    ahead.extend([then, or]);
                }
                Inst::Feature { then, or, feature, .. } => {
                    self.entries.push(program.entry(feature));
                    ahead.extend([then, or]);
                }
                Inst::Split { fork, arms, count, .. } | Inst::Switch { fork, arms, count } => {
                    self.attributes.insert(fork.slot);
                    ahead.push(fork.or);
                    let arms = chunk.tables.arms.iter().skip(arms as usize).take(count as usize);
                    ahead.extend(arms.map(|arm| arm.next));
                }
                Inst::PairReturn { fork, other, .. } => {
                    self.attributes.extend([fork.slot, other]);
                    ahead.extend([fork.then, fork.or]);
                }
                test => {
                    if let Some(fork) = test.fork() {
                        self.attributes.insert(fork.slot);
                        ahead.extend([fork.then, fork.or]);
                    }
                }
            }
        }
    }
}
