//! Operands that take time or room to build. Of equal ones there is one, also over updates, if it is a pattern; and all
//! patterns of a document have a limit together (SEMANTICS 9.7).
//!
//! ```text
//!  operator, operand ─ hash ─▶ known? ──────────────────────────────────▶ it, or its problem
//!                                └▶ a pattern of what is served? else built ─▶ within the limit? ─▶ known
//! ```

use std::sync::Arc;

use super::operator::Problem;
use crate::error::Code;
use crate::model::Op;
use crate::operand::test::AttributeTest;
use crate::value::{KeyedMap, Node, Value, Walk};

/// Bytes that all patterns of a document may take, compiled.
const MOST_BYTES: usize = 64 << 20;

/// Operands, or what is wrong with them; by the hash of operator and operand.
pub(super) type Known = KeyedMap<u128, Result<Arc<AttributeTest>, Problem>>;

/// How a test is built of its operand; with whether case is ignored.
pub(super) type Make = fn(Op, &Value, bool) -> Result<AttributeTest, Problem>;

/// The operands of one document.
#[derive(Debug, Default)]
pub(super) struct Operands {
    /// The patterns of what is served.
    former: Arc<Known>,
    known: Known,
    /// What the patterns in `known` take; it stays above the limit once it was.
    bytes: usize,
    /// The patterns of the definition at hand.
    uses: Vec<u128>,
    walk: Walk,
}

impl Operands {
    pub(super) fn new(former: Arc<Known>) -> Self {
        Self { former, ..Self::default() }
    }

    /// A pattern of a definition that is passed over counts as well.
    pub(super) fn keep(&mut self, pattern: u128) {
        if let Some(Ok(test)) = self.former.get(&pattern)
            && self.known.insert(pattern, Ok(Arc::clone(test))).is_none()
        {
            self.bytes = self.bytes.saturating_add(test.memory_usage());
        }
    }

    /// The test of an operand; made, if there is no equal one.
    pub(super) fn test(
        &mut self,
        op: Op,
        value: &Value,
        folded: bool,
        make: Make,
    ) -> Result<Arc<AttributeTest>, Problem> {
        self.walk.node(&Node::from(value));
        let key = self.walk.finish() ^ (u128::from(op as u8) << 1) ^ u128::from(folded);
        let is_pattern = op == Op::Matches;
        if is_pattern {
            self.uses.push(key);
        }
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let outcome = if is_pattern {
            self.pattern(key, || make(op, value, folded).map(Arc::new))
        } else {
            make(op, value, folded).map(Arc::new)
        };
        self.known.insert(key, outcome.clone());
        outcome
    }

    /// Once a pattern went over the limit, no further one is compiled: that takes time.
    fn pattern(
        &mut self,
        key: u128,
        make: impl FnOnce() -> Result<Arc<AttributeTest>, Problem>,
    ) -> Result<Arc<AttributeTest>, Problem> {
        self.within()?;
        let test = match self.former.get(&key) {
            Some(Ok(former)) => Arc::clone(former),
            _ => make()?,
        };
        self.bytes = self.bytes.saturating_add(test.memory_usage());
        self.within().map(|()| test)
    }

    fn within(&self) -> Result<(), Problem> {
        if self.bytes <= MOST_BYTES {
            return Ok(());
        }
        let message = format!(
            "expected all patterns of the document to take at most {MOST_BYTES} bytes compiled, found at least {}",
            self.bytes
        );
        Err((Code::RegexTooLarge, None, message))
    }

    /// The patterns since this was asked last.
    pub(super) fn take_uses(&mut self) -> Vec<u128> {
        std::mem::take(&mut self.uses)
    }

    /// The patterns of the document.
    pub(super) fn into_patterns(mut self) -> Known {
        self.known.retain(|_, own| matches!(own.as_deref(), Ok(AttributeTest::Pattern(_))));
        self.known
    }
}
