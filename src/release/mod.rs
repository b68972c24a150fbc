//! Releases: the pure state machine that moves a change through the phases of a pipeline (DESIGN §6).
//!
//! ```text
//!  Pipeline (published version) ─┐
//!  changes of features, segments ├─▶ Plan ── step(plan, state, input, now) ─▶ Transition { state, events, next_wake } | Refusal
//!  people, requirements          ┘                 ▲                                  │
//!                                            Input: actions, verdicts, ticks          ├─▶ served(plan, state): the overlay of a snapshot
//!                                                                                     └─▶ fold(plan, state): definitions after completion
//! ```
//! No I/O and no clock: `now` is an argument. Who drives it (timers, store, HTTP) lives in `crates/admin`.
//! The table of every state and input is in `docs/RELEASES.md`, generated from this code.

mod actor;
mod advance;
mod allowed;
mod approve;
mod check;
mod coverage;
mod drive;
mod fold;
mod guard;
mod look;
mod pipeline;
mod plan;
mod propagation;
mod run;
mod served;
mod state;
mod step;
pub mod table;
mod transition;
mod wait;
pub mod window;

pub use self::actor::{Actor, ActorKind, Grant, Permission, Role};
pub use self::allowed::{Allowed, allowed_actions};
pub use self::check::{LONGEST_S, MOST_PHASES, MOST_STEPS, check_pipeline};
pub use self::coverage::{Coverage, coverage};
pub use self::fold::{Folded, fold};
pub use self::pipeline::{
    Approvals, Deadline, Entry, Guard, NoData, OnDeadline, OnFail, OnNoData, Phase, PhasePatch, Pipeline,
    Ramp, RampStep, Source, Threshold, Trigger, Weekday, Window, Windows,
};
pub use self::plan::{Change, Floor, Plan, Requirement};
pub use self::propagation::{Applied, Holding, HoldingReason, NoneLive, OnTimeout, Propagation};
pub use self::served::{OPTED_OUT, for_environment, served};
pub use self::state::{
    Approval, GuardState, Pause, PauseCause, PhaseState, PhaseStatus, Rejection, State, Status, Timer,
    Verdict, VerdictRecord,
};
pub use self::step::{signature, start, start_needs_bypass, step};
pub use self::transition::{Action, Event, Input, NextWake, Now, Refusal, RefusalKind, Seen, Transition};
pub use self::wait::{TimerKind, Wait, waiting_for};
