//! What is certain of a feature before anybody asks: what folding left of it.

use super::Engine;
use crate::program::{Inst, ON, Reason};

impl Engine {
    /// Whether a gate is on for everybody (`Some(true)`) or for nobody (`Some(false)`) in the life of this engine; `None` if that
    /// depends on the context or the time, or if the gate does not exist or is isolated.
    ///
    /// It tells what the compiler found out by folding process attributes: a gate that happens to be constant in a way that
    /// takes thought, or by a segment, is `None`.
    ///
    /// # Examples
    /// ```
    /// use tidegate::Engine;
    ///
    /// let engine = Engine::builder().process("region", "eu").build();
    /// engine.load(br#"{"schema_version": 1, "version": 1, "features": {"west": {"kind": "gate", "rules": [
    ///     {"id": "r", "if": {"attribute": "region", "op": "eq", "value": "us"}, "variant": "on"}
    /// ]}}}"#)?;
    /// assert_eq!(engine.constant("west"), Some(false));
    /// # Ok::<(), tidegate::error::Error>(())
    /// ```
    #[must_use]
    pub fn constant(&self, gate: &str) -> Option<bool> {
        let program = self.program();
        let entry = program.entry(program.feature(gate)?);
        let chunk = program.chunks.get(usize::try_from(entry.chunk).ok()?)?;
        let Inst::Return { a, .. } = chunk.code.get(usize::try_from(entry.pc).ok()?)? else { return None };
        let reason = Reason::ALL.get(usize::try_from(a & 0xff).ok()?)?;
        (*reason != Reason::InvalidDefinition).then_some(a & ON != 0)
    }
}
