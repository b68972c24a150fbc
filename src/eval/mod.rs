//! The evaluator: program × context × now → decision.
//!
//! Total: it cannot fail, panic, loop or allocate (SEMANTICS §6; the one exception is a pattern too large for a table).
//! It sees neither a clock nor a lock, and no operator by name. Read `run.rs` and `walk.rs` to know how a decision is made.
//!
//! ```text
//!  entry ─▶ inst ─▶ inst ─▶ … ─▶ Return {a, b}        each looks at one slot of the context and jumps ahead
//!             └─▶ Segment / Feature ─▶ a run of its own, remembered if the program asks for it (Memo)
//! ```

mod decision;
mod memo;
mod run;
mod walk;

pub use self::decision::{Decision, DecisionText};
pub use self::run::{
    Brief, Halt, Left, Now, Outcome, Raw, Stop, decide, decide_at_once, decide_from, decide_pair,
    decide_share, decide_walking, decide_walking_here,
};
