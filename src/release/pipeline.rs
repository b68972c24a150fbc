//! Pipelines as written: phases, what must hold before each, how it grows, what must stay well.

use serde::{Deserialize, Serialize};

use super::{Propagation, Role};
use crate::model::{Key, PatchKind, Percent, Target};

/// What a release does, phase by phase; a published version never changes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Shown to whoever is about to start a release with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Publish even if the phases leave an environment uncovered that takes part in pipelines.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_uncovered: bool,
    /// When releases may move forward; besides the windows of phases and environments.
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    pub windows: Windows,
    /// The phases, in order; 1 to 100.
    pub phases: Vec<Phase>,
}

/// A phase of a pipeline.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Unique within the pipeline.
    pub id: Key,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whom it is for: rules, OR-ed; absent: everyone, everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Vec<Target>>,
    /// What must hold before it starts.
    #[serde(default, skip_serializing_if = "Entry::is_empty")]
    pub entry: Entry,
    /// What it does to each feature of the release; absent: applies every candidate, for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patches: Option<Vec<PhasePatch>>,
    /// How its share grows; absent: 100 % at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Ramp>,
    /// How far each of its shares must have got before the time of the share counts; absent: it counts at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propagation: Option<Propagation>,
    /// How long it is watched after the ramp, in seconds of server uptime.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bake_s: u64,
    /// What must stay well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
}

/// What a phase does (SEMANTICS 7.5; Flagsmith: stage action).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PhasePatch {
    /// What it does. On segments only `apply`.
    pub patch: PatchKind,
    /// The feature that it is on; absent: each feature (and for `apply` each segment) of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<Key>,
    /// The segment that it is for; absent: everyone.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub audience: Option<Key>,
    /// Of `set`: the variant that becomes the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Key>,
}

/// What must hold before a phase starts; all of it, looked at in parallel.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The trigger; absent: on entering (Flagsmith `ON_ENTER`).
    #[serde(default, skip_serializing_if = "Trigger::is_empty")]
    pub trigger: Trigger,
    /// The approvals that it needs; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<Approvals>,
    /// When it may start.
    #[serde(default, skip_serializing_if = "Windows::is_empty")]
    pub windows: Windows,
}

impl Entry {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// When a phase starts; with both, both must hold.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Seconds of server uptime from reaching the phase (Flagsmith `WAIT_FOR`, Statsig time interval).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_for_s: Option<u64>,
    /// Count `wait_for_s` from the moment when the approvals are complete, as Statsig's "both" does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait_after_approval: bool,
    /// Not before this instant (RFC 3339, wall clock).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl Trigger {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Approvals that a phase needs: distinct people, each with the role in all environments of the phase.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// How many distinct people; at least 1.
    pub count: u32,
    /// The role that they have; absent: any that may approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Service accounts that may approve as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Key>,
    /// Whether the author of the change and the starter of the release may approve.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub self_approval: bool,
    /// What happens if they do not come in time; absent: it waits for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
}

/// How long approvals may take.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// Seconds of server uptime from reaching the phase.
    pub after_s: u64,
    /// What happens then.
    #[serde(default)]
    pub then: OnDeadline,
}

/// What happens when a deadline passes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDeadline {
    /// The release is aborted.
    Abort,
    /// It is told, and goes on waiting.
    #[default]
    Hold,
}

/// When a release may move forward: no window of `deny` is open, and one of `allow` is, if there is any.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Forward motion only in one of these; empty: at any time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Window>,
    /// No forward motion in any of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<Window>,
}

impl Windows {
    /// Whether there are none, so that it is always open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }
}

/// A window of time on the wall clock: a span of instants, a daily span on some weekdays, or both (then their intersection).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What it is for, such as `end of year freeze`; shown to whom it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The first instant (RFC 3339); absent: from ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<String>,
    /// The instant after the last (RFC 3339); absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<String>,
    /// The weekdays on which a daily span begins; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekdays: Vec<Weekday>,
    /// The local time of day (`HH:MM`) at which it begins; absent: `00:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The local time of day at which it ends; absent or `24:00`: midnight; before `from`: on the next day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The IANA time zone of `weekdays`, `from` and `to`; absent: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A weekday.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "their names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// How the share of a phase grows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Ramp {
    /// From `start`, by `step`, every `every_s` seconds, up to 100 % (Flagsmith: phased rollout).
    Linear {
        /// The first share.
        start: Percent,
        /// What is added each time; above 0.
        step: Percent,
        /// Seconds of server uptime between.
        every_s: u64,
    },
    /// Ordered shares.
    Steps {
        /// The steps, ascending; the last one's `hold_s` counts before the bake.
        steps: Vec<RampStep>,
    },
}

impl Ramp {
    /// The steps that it stands for.
    #[must_use]
    pub fn steps(&self) -> Vec<RampStep> {
        match self {
            Self::Steps { steps } => steps.clone(),
            Self::Linear { start, step, every_s } => {
                let mut steps = Vec::new();
                let mut share = start.0;
                while share < Percent::ALL.0 && step.0 > 0 {
                    steps.push(RampStep { percent: Percent(share), hold_s: *every_s });
                    share = share.saturating_add(step.0);
                }
                steps.push(RampStep { percent: Percent::ALL, hold_s: 0 });
                steps
            }
        }
    }
}

/// A step of a ramp.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RampStep {
    /// The share.
    pub percent: Percent,
    /// How long it is held, in seconds of server uptime.
    #[serde(default)]
    pub hold_s: u64,
}

/// Something that must stay well from when its phase is reached until the release ends.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// Unique within the pipeline.
    pub id: Key,
    /// What it watches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where verdicts come from; absent: they are pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// How long a verdict counts, in seconds; default 600.
    #[serde(default = "ten_minutes", skip_serializing_if = "is_ten_minutes")]
    pub valid_s: u64,
    /// What a fail does.
    #[serde(default)]
    pub on_fail: OnFail,
    /// What happens without a valid verdict.
    #[serde(default)]
    pub on_no_data: NoData,
}

/// Where the verdicts of a guard are asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The PromQL query; an instant query that gives one number (of several series: each must pass).
    pub query: String,
    /// When the number is a pass.
    pub pass: Threshold,
    /// Seconds between two queries; default 30, at least 1.
    #[serde(default = "thirty_seconds")]
    pub interval_s: u64,
    /// The base URL of the Prometheus server; absent: that of the admin server's configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// When a number is a pass; exactly one is given.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// A pass if the number is at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// A pass if the number is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
}

/// What a fail does.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// Aborts the release.
    Abort,
    /// Nothing moves forward while the fail is valid.
    Hold,
    /// Pauses the release.
    #[default]
    Pause,
}

/// What happens without a valid verdict, after a time of grace.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NoData {
    /// What happens.
    #[serde(default)]
    pub then: OnNoData,
    /// Seconds of server uptime from the start of its phase in which no data is no matter (the bake still waits for a pass).
    #[serde(default)]
    pub grace_s: u64,
}

/// What happens without a valid verdict.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnNoData {
    /// Aborts the release.
    Abort,
    /// The bake may end without a pass.
    GoOn,
    /// The bake of the guard's phase waits for a pass.
    #[default]
    Hold,
    /// Pauses the release.
    Pause,
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn ten_minutes() -> u64 {
    600
}

fn is_ten_minutes(value: &u64) -> bool {
    *value == ten_minutes()
}

fn thirty_seconds() -> u64 {
    30
}
