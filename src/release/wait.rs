//! Why a release does not move: for machines, and in words.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::look::{Extent, Look};
use super::{Holding, HoldingReason, Now, PauseCause, Plan, Role, State, Verdict};
use crate::model::{Key, Percent};

/// Something that keeps a release from moving on by itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "wait", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say it; units are in them")]
pub enum Wait {
    /// More people must approve, each in all of the environments.
    Approvals {
        phase: Key,
        have: u32,
        need: u32,
        role: Option<Role>,
        environments: Vec<Key>,
        services: Vec<Key>,
        self_approval: bool,
        deadline_ms: Option<u64>,
        overdue: bool,
    },
    /// An instant of the wall clock (ms).
    At { phase: Key, at: i64 },
    /// A guard fails, or a pass is needed to end the bake.
    Guard { guard: Key, verdict: Verdict },
    /// It is paused.
    Paused { by: Key, cause: PauseCause, at: i64, reason: Option<String> },
    /// Not enough instances have applied the share (`step` of the ramp, from 0), or some hold it.
    Propagation {
        phase: Key,
        step: usize,
        applied: u32,
        targeted: u32,
        percent: Percent,
        holding: Vec<Holding>,
        remaining_ms: Option<u64>,
        overdue: bool,
    },
    /// Somebody holds the phase.
    Rejected { phase: Key, by: Key, reason: String },
    /// Another release must get on first; `requirement` is its place in the plan.
    Requirement { phase: Key, requirement: usize, release: Key, reached: Option<Key> },
    /// A timer.
    Timer { phase: Key, timer: TimerKind, remaining_ms: u64 },
    /// A window; when it opens (ms of the wall clock), if it does.
    Window { phase: Key, opens_at: Option<i64>, description: Option<String> },
}

/// What a timer times.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// The end of the bake.
    Bake,
    /// The next step of the ramp.
    Ramp,
    /// The start of the phase.
    WaitFor,
}

/// Everything that the release waits for; empty if it has ended.
#[must_use]
pub fn waiting_for(plan: &Plan, state: &State, now: Now) -> Vec<Wait> {
    Look { plan, state, now }.waits(Extent::All)
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approvals { phase, have, need, role, environments, overdue, .. } => {
                write!(f, "phase `{phase}` has {have} of {need} approvals")?;
                if let Some(role) = role {
                    write!(f, " by the role `{}`", role.name())?;
                }
                if !environments.is_empty() {
                    write!(f, " in {}", environments.join(", "))?;
                }
                f.write_str(if *overdue { ", and the deadline has passed" } else { "" })
            }
            Self::At { phase, at } => write!(f, "phase `{phase}` starts at {}", Instant(*at)),
            Self::Guard { guard, verdict: Verdict::Fail } => write!(f, "guard `{guard}` fails"),
            Self::Guard { guard, .. } => write!(f, "guard `{guard}` has not passed yet"),
            Self::Paused { by, cause, reason, .. } => {
                match cause {
                    PauseCause::Action => write!(f, "paused by `{by}`")?,
                    PauseCause::Guard(guard) => write!(f, "paused by guard `{guard}`")?,
                    PauseCause::Kill(feature) => write!(f, "paused by the kill of `{feature}` by `{by}`")?,
                    PauseCause::Propagation(phase) => write!(f, "paused by the timeout of phase `{phase}`")?,
                }
                reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::Propagation {
                phase, applied, targeted, percent, holding, remaining_ms, overdue, ..
            } => {
                if *targeted == 0 {
                    write!(f, "phase `{phase}` propagates: no live instance that it is for is known")?;
                } else {
                    write!(
                        f,
                        "phase `{phase}` propagates: {applied} of {targeted} instances have applied it, {percent} % must"
                    )?;
                }
                if let [first, others @ ..] = holding.as_slice() {
                    let Holding { instance, why, detail } = first;
                    let what = match why {
                        HoldingReason::Isolated => "isolated a feature",
                        HoldingReason::Nack => "refused it",
                    };
                    write!(f, "; held by `{instance}`, which {what} ({detail})")?;
                    if !others.is_empty() {
                        write!(f, " and {} more", others.len())?;
                    }
                }
                match remaining_ms {
                    _ if *overdue => f.write_str("; the timeout has passed"),
                    Some(ms) => write!(f, "; the timeout is in {}", Span(*ms)),
                    None => Ok(()),
                }
            }
            Self::Rejected { phase, by, reason } => {
                write!(f, "phase `{phase}` is rejected by `{by}`: {reason}")
            }
            Self::Requirement { release, reached: None, .. } => {
                write!(f, "release `{release}` must complete first")
            }
            Self::Requirement { release, reached: Some(phase), .. } => {
                write!(f, "release `{release}` must get over its phase `{phase}` first")
            }
            Self::Timer { phase, timer, remaining_ms } => {
                let what = match timer {
                    TimerKind::Bake => "bakes",
                    TimerKind::Ramp => "holds its share",
                    TimerKind::WaitFor => "waits",
                };
                write!(f, "phase `{phase}` {what} for {}", Span(*remaining_ms))
            }
            Self::Window { opens_at, description, .. } => {
                f.write_str("a window holds forward motion")?;
                if let Some(description) = description {
                    write!(f, " ({description})")?;
                }
                match opens_at {
                    Some(at) => write!(f, " until {}", Instant(*at)),
                    None => f.write_str(", for good"),
                }
            }
        }
    }
}

/// An instant, as RFC 3339.
struct Instant(i64);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => at.fmt(f),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// A duration in its two largest units, rounded up to seconds.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_ceil(1_000);
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{seconds} s"),
            (0, 0, _) => write!(f, "{minutes} min {} s", seconds % 60),
            (0, _, _) => write!(f, "{hours} h {minutes} min"),
            _ => write!(f, "{days} d {hours} h"),
        }
    }
}
