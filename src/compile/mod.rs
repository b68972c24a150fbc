//! Model → program: what a document says becomes tables and code, all problems are reported at once, and of an update
//! only what changed is compiled again.
//!
//! ```text
//!  bytes ─ stream, or tree ─▶ hash of each definition ─▶ unchanged and without references? ──▶ its code is kept
//!                     │ decode
//!                     ▼
//!                  Snapshot ─ lower ─▶ Drafts ─ link ─▶ order, memory ─ fingerprint ─▶ emit what changed ─▶ Chunk
//!                                                                                        │
//!                                                     Program = old entries + new entries, old chunks + new chunk
//! ```
//! INVARIANT: an update either yields a whole program, or an error and nothing has changed.

mod builder;
mod condition;
mod counters;
mod definition;
mod draft;
mod emit;
mod graph;
mod input;
mod link;
mod load;
mod lower;
mod operands;
mod operator;
mod overlay;
mod overrides;
mod path;
mod remains;
mod scope;
mod update;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::counters::{Counted, CounterBlock, CounterLayout};
pub(crate) use self::input::patched;
pub use self::overrides::{FeatureOverrides, Serves};
pub(crate) use self::overrides::{variant_value, with_overrides};
use self::scope::{Environment, Notices, Numbers, Report, RulePlace, Scope, Sink};
pub use self::update::{Compiled, Compiler};
use crate::context::Attributes;
use crate::error::{Diagnostic, Error};
use crate::model::Mode;
use crate::value::Value;

/// Reaching up to so many definitions, the small memory of `eval` is enough (64 places, half full at most).
const SMALL_MEMO: usize = 16;

/// Checks a document as strictly as one who publishes it does; the warnings, if it is sound.
///
/// # Errors
/// All problems, if one of them is an error.
pub fn validate(document: &[u8], process: &BTreeMap<String, Value>) -> Result<Vec<Diagnostic>, Error> {
    let attributes = Arc::new(Attributes::default());
    let mut compiler = Compiler::new(attributes, process.clone(), Mode::Strict);
    compiler.load(document).map(|compiled| compiled.diagnostics)
}
