//! Where a release is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Applied;
use crate::model::{Key, Percent};

/// Where a release is; a new one after each step.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Whether it runs, and how it ended.
    pub status: Status,
    /// Grows by one with each step that changes the state.
    pub revision: u64,
    /// The revision of the last step that changed more than when a guard was heard, or how many instances have applied a share; what was decided on an older one is
    /// stale. (Else a guard that passes every 30 s would leave nobody the time to read.)
    #[serde(default)]
    pub moved: u64,
    /// The phase that it is at: entering or live while running; where it ended otherwise.
    pub phase: usize,
    /// Set while paused; orthogonal to everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
    /// Of each phase.
    pub phases: Vec<PhaseState>,
    /// The verdicts of guards whose phase was reached, by guard.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub guards: BTreeMap<Key, GuardState>,
    /// The requirements (their place in the plan) that hold.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub satisfied: BTreeSet<usize>,
    /// Whether it was completed by full roll out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rolled_out: bool,
    /// Of a superseded release: the one that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<Key>,
}

/// Whether a release runs, and how it ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It ended; the base is served.
    Aborted,
    /// It ended; the folded definition is served everywhere.
    Completed,
    /// It completed and was taken back.
    Reverted,
    /// It moves, waits or is paused.
    Running,
}

/// A release that nobody moves forward until it is unpaused.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Why.
    pub cause: PauseCause,
    /// Who.
    pub by: Key,
    /// When, in milliseconds of the wall clock.
    pub at: i64,
    /// The reason given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why a release is paused.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseCause {
    /// A person or service account did it.
    Action,
    /// A guard failed, or had no data.
    Guard(Key),
    /// One of its features was killed.
    Kill(Key),
    /// A phase was not applied by enough instances in time.
    Propagation(Key),
}

/// Where a phase is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseState {
    /// Its status.
    pub status: PhaseStatus,
    /// When it was reached (wall clock, ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_at: Option<i64>,
    /// When it went live (wall clock, ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_at: Option<i64>,
    /// When it was over (wall clock, ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// While entering: what is left of `wait_for_s`. While propagating: of the timeout. While ramping: of the step's hold.
    /// While baking: of the bake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<Timer>,
    /// While entering: what is left until the deadline of the approvals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timer>,
    /// The deadline passed; while propagating: the timeout.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
    /// Approvals that count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// Who holds it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// The step of the ramp that is served, from 0.
    #[serde(default)]
    pub step: usize,
    /// The share that is served; of a phase that is not live: the one it would begin with.
    #[serde(default = "all", skip_serializing_if = "is_all")]
    pub percent: Percent,
    /// What was heard of the propagation of that share: who applied it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// It went live or was passed without a condition that it has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bypassed: bool,
}

impl Default for PhaseState {
    fn default() -> Self {
        Self {
            status: PhaseStatus::Pending,
            entered_at: None,
            live_at: None,
            ended_at: None,
            timer: None,
            deadline: None,
            overdue: false,
            approvals: Vec::new(),
            rejection: None,
            step: 0,
            percent: Percent::ALL,
            applied: None,
            bypassed: false,
        }
    }
}

/// The status of a phase.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseStatus {
    /// Not reached.
    #[default]
    Pending,
    /// Reached; its conditions do not all hold yet. Not served.
    Entering,
    /// Served; not yet by enough of the instances that it is for.
    Propagating,
    /// Served; its share grows.
    Ramping,
    /// Served; it is watched.
    Baking,
    /// Served; over.
    Done,
    /// Never served.
    Skipped,
}

impl PhaseStatus {
    /// Whether its patches are served.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Propagating | Self::Ramping | Self::Baking | Self::Done)
    }
}

/// A timer over server uptime.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// Fires at this uptime, in milliseconds.
    DueAt(u64),
    /// Stopped (paused) with so many milliseconds left.
    Remaining(u64),
}

/// An approval that counts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who.
    pub by: Key,
    /// When (wall clock, ms).
    pub at: i64,
    /// What was signed: the plan's digest and the phase.
    pub signed: String,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A phase that somebody holds.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// Who; only they can clear it, by approving.
    pub by: Key,
    /// When (wall clock, ms).
    pub at: i64,
    /// Why.
    pub reason: String,
}

/// A verdict of a guard.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is not well.
    Fail,
    /// It could not be told.
    NoData,
    /// It is well.
    Pass,
}

/// What is known of a guard.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GuardState {
    /// The latest verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<VerdictRecord>,
    /// Until when no data is no matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Timer>,
    /// That there is no data was already acted on, since the last pass or fail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
    /// The latest verdict was given since its phase went live: a pass counts for the end of the bake.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
}

/// A verdict that was given.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictRecord {
    /// What.
    pub verdict: Verdict,
    /// When, by the wall clock (ms).
    pub at: i64,
    /// When, by server uptime (ms). It counts until either clock says that `valid_s` is over.
    pub uptime: u64,
    /// Who gave it.
    pub by: Key,
    /// The number seen, a link, a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

fn all() -> Percent {
    Percent::ALL
}

fn is_all(percent: &Percent) -> bool {
    *percent == Percent::ALL
}
