//! What moves a release, what comes of it, and why it may be refused.

use serde::{Deserialize, Serialize};

use super::{Actor, Applied, Holding, NoneLive, OnTimeout, State, Verdict};
use crate::model::{Key, Percent};

/// The two clocks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Now {
    /// Milliseconds since 1970-01-01T00:00:00Z; only `at` and windows look at it.
    pub wall: i64,
    /// Milliseconds that the server has been up, in all; never goes back.
    pub uptime: u64,
}

/// What a decision was made on: stale if the release has moved since.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The revision of the release.
    pub revision: u64,
    /// The phase that it was at.
    pub phase: Key,
}

/// What moves a release.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named as in Action, Seen and Actor")]
pub enum Input {
    /// Ends it; the base is served.
    Abort { by: Actor, reason: String },
    /// What is known of the instances that the share of a phase (`step` of its ramp, from 0) is for.
    Applied { phase: Key, step: usize, heard: Applied },
    /// Approves the entering phase; `signed` must be the current digest if given.
    Approve { by: Actor, seen: Seen, signed: Option<String>, comment: Option<String> },
    /// Completes it, everywhere, now.
    FullRollOut { by: Actor, seen: Seen, reason: String, bypass: bool },
    /// One of its features was killed.
    Kill { by: Actor, feature: Key, environment: Key, reason: String },
    /// Stops everything that moves by itself.
    Pause { by: Actor, reason: Option<String> },
    /// Holds the entering phase.
    Reject { by: Actor, seen: Seen, reason: String },
    /// The requirement with this place in the plan holds now.
    Required { requirement: usize },
    /// Takes a completed release back.
    Revert { by: Actor, reason: String },
    /// Ends the current phase.
    Skip { by: Actor, seen: Seen, reason: Option<String>, bypass: bool },
    /// Another release takes its place: aborts.
    Supersede { by: Actor, release: Key, reason: Option<String> },
    /// Time passed.
    Tick,
    /// Goes on.
    Unpause { by: Actor, seen: Seen, reason: Option<String> },
    /// A guard was heard.
    Verdict { by: Actor, guard: Key, verdict: Verdict, detail: Option<String> },
}

/// What a person can do to a release, as named in the API, the CLI and the log.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "see Input")]
pub enum Action {
    Abort,
    Approve,
    FullRollOut,
    Pause,
    Reject,
    Revert,
    Skip,
    Supersede,
    Unpause,
}

/// What happened in a step, in order.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    Started {
        start_at: Key,
    },
    PhaseEntered {
        phase: Key,
    },
    /// Told once, when a phase is entered that needs approvals.
    AwaitingApproval {
        phase: Key,
        count: u32,
    },
    Approved {
        phase: Key,
        by: Key,
        signed: String,
        already: bool,
    },
    Rejected {
        phase: Key,
        by: Key,
        reason: String,
    },
    RejectionCleared {
        phase: Key,
        by: Key,
    },
    DeadlinePassed {
        phase: Key,
    },
    RequirementHolds {
        release: Key,
        phase: Key,
    },
    PhaseStarted {
        phase: Key,
        percent: Percent,
    },
    RampStepped {
        phase: Key,
        from: Percent,
        to: Percent,
    },
    /// How many of the live instances that the phase is for have applied it.
    AppliedHeard {
        phase: Key,
        targeted: u32,
        applied: u32,
    },
    /// Told once, when the first instance holds it.
    PropagationHeld {
        phase: Key,
        holding: Vec<Holding>,
    },
    /// No instance is live that the phase is for.
    PropagationWarned {
        phase: Key,
        then: NoneLive,
    },
    PropagationOverdue {
        phase: Key,
        then: OnTimeout,
    },
    /// Enough have applied it: the time of the share begins to count.
    Propagated {
        phase: Key,
        percent: Percent,
        targeted: u32,
        applied: u32,
    },
    BakeStarted {
        phase: Key,
    },
    PhaseCompleted {
        phase: Key,
    },
    PhaseSkipped {
        phase: Key,
        by: Key,
        live: bool,
        percent: Percent,
        bypass: bool,
    },
    Paused {
        by: Key,
        reason: Option<String>,
    },
    Unpaused {
        by: Key,
    },
    VerdictGiven {
        guard: Key,
        verdict: Verdict,
        by: Key,
        detail: Option<String>,
    },
    GuardBreached {
        guard: Key,
        verdict: Verdict,
        paused: bool,
        aborted: bool,
    },
    Killed {
        feature: Key,
        environment: Key,
        by: Key,
    },
    Aborted {
        by: Key,
        reason: String,
    },
    Superseded {
        by: Key,
        release: Key,
    },
    Completed {
        full_roll_out: bool,
        bypass: bool,
    },
    Reverted {
        by: Key,
        reason: String,
    },
}

/// When the release wants to be stepped by a tick, at the latest; whichever comes first.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NextWake {
    /// At this server uptime (ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<u64>,
    /// At this instant of the wall clock (ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<i64>,
}

/// What came of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The state now; equal to the one before, with its revision, if nothing changed (a no-op).
    pub state: State,
    /// What happened, in order; empty for a no-op.
    pub events: Vec<Event>,
    /// When to come again.
    pub next_wake: NextWake,
}

/// Why an input was refused; nothing changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refusal {
    /// What is wrong.
    pub kind: RefusalKind,
    /// For the person who must fix it.
    pub message: String,
    /// What helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Of `Frozen`: when it opens next (wall clock, ms), if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<i64>,
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusalKind {
    /// Somebody else holds the phase already; only they can clear it.
    AlreadyRejected,
    /// The actor lacks the permission or role.
    Forbidden,
    /// A window holds forward motion.
    Frozen,
    /// The action skips an approval, window or requirement and was not marked as a bypass.
    NeedsBypass,
    /// It is not completed, so it cannot be reverted.
    NotCompleted,
    /// The phase is not entering (approve, reject).
    NotEntering,
    /// It is not paused.
    NotPaused,
    /// The phase of the guard is not reached, or was skipped: its verdicts do not count.
    NotReached,
    /// The action needs a reason.
    ReasonRequired,
    /// The author or the starter approves.
    SelfApproval,
    /// The approval was made on another content.
    SignedOther,
    /// The release has moved since it was looked at.
    Stale,
    /// The release has ended.
    Terminal,
    /// The release has no such guard.
    UnknownGuard,
}

impl Refusal {
    pub(super) fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, opens_at: None }
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }
}
