//! Propagation: a share counts as served only when the processes that it is for have applied it (DESIGN §7).
//!
//! ```text
//!  live, or the next share ─▶ propagating ── Applied: enough, nothing holds ─▶ ramping: the hold of the share begins
//!                                 │  └─ an instance refused it, or isolated a feature ─▶ held, until it is gone (or skip, a bypass)
//!                                 └─ timeout ─▶ hold (told) | pause | abort
//! ```
//! Who counts instances lives elsewhere; here it is heard as [`super::Input::Applied`], and only that moves the phase on.

use serde::{Deserialize, Serialize};

use super::look::{Look, ms};
use super::run::{Run, SYSTEM};
use super::{Event, PauseCause, Phase, PhaseState, PhaseStatus, Refusal};
use crate::model::{Key, Percent};

/// How far a share must have got before its time begins to count.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Propagation {
    /// How many of the live instances that the phase is for must have applied it, in percent; default 100.
    #[serde(default = "all")]
    pub percent: Percent,
    /// How long that may take, in seconds of server uptime; absent: as long as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// What happens when it takes longer.
    #[serde(default)]
    pub then: OnTimeout,
    /// What happens if no instance is live that the phase is for.
    #[serde(default)]
    pub none_live: NoneLive,
}

impl Default for Propagation {
    fn default() -> Self {
        Self {
            percent: Percent::ALL,
            timeout_s: None,
            then: OnTimeout::default(),
            none_live: NoneLive::default(),
        }
    }
}

/// What happens when propagation takes too long.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// The release is aborted.
    Abort,
    /// It is told, and goes on waiting.
    #[default]
    Hold,
    /// The release is paused.
    Pause,
}

/// What happens if no instance is live that a phase is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoneLive {
    /// It is told, and the phase goes on.
    #[default]
    GoOn,
    /// The phase waits for one.
    Hold,
}

/// An instance that holds a phase.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Holding {
    /// The instance, as it reports itself.
    pub instance: String,
    /// Why it holds.
    pub why: HoldingReason,
    /// What it reported: a code and a message, a feature.
    pub detail: String,
}

/// Why an instance holds a phase.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldingReason {
    /// It cannot compile a feature of the release, and serves the base, or a default, instead.
    Isolated,
    /// It refused the snapshot as a whole, and serves an older one.
    Nack,
}

/// What was last heard of the propagation of the share that a phase serves.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    /// The live instances that the phase is for.
    pub targeted: u32,
    /// Those of them that have applied it.
    pub applied: u32,
    /// Those of them that hold it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holding: Vec<Holding>,
}

impl Applied {
    /// Whether a phase that asks for so much goes on.
    #[must_use]
    pub fn is_enough(&self, asked: &Propagation) -> bool {
        let (applied, targeted) = (u64::from(self.applied), u64::from(self.targeted));
        let share = match targeted {
            0 => asked.none_live == NoneLive::GoOn,
            _ => {
                applied.saturating_mul(u64::from(Percent::ALL.0))
                    >= targeted.saturating_mul(u64::from(asked.percent.0))
            }
        };
        self.holding.is_empty() && share
    }
}

impl Look<'_> {
    /// Whether the share of the current phase has propagated, or need not.
    pub(super) fn has_propagated(self) -> bool {
        let Some((phase, state)) = self.current() else { return true };
        let Some(asked) = &phase.propagation else { return true };
        state.applied.as_ref().is_some_and(|applied| applied.is_enough(asked))
    }
}

impl PhaseState {
    /// The instances that hold it; none unless it is propagating.
    pub(super) fn holding(&self) -> &[Holding] {
        match &self.applied {
            Some(applied) if self.status == PhaseStatus::Propagating => &applied.holding,
            _ => &[],
        }
    }
}

impl Run<'_> {
    /// What is not about the share that is propagating now changes nothing.
    pub(super) fn act_applied(&mut self, phase: &Key, step: usize, heard: &Applied) -> Result<(), Refusal> {
        self.check_running()?;
        let Some((planned, state)) = self.look().current() else { return Ok(()) };
        let is_current =
            planned.id == *phase && state.step == step && state.status == PhaseStatus::Propagating;
        if !is_current || state.applied.as_ref() == Some(heard) {
            return Ok(());
        }
        let before = state.applied.clone();
        let then = planned.propagation.unwrap_or_default().none_live;
        if let Some(state) = self.current() {
            state.applied = Some(heard.clone());
        }
        self.events.push(Event::AppliedHeard {
            phase: Key::clone(phase),
            targeted: heard.targeted,
            applied: heard.applied,
        });
        let was_held = before.as_ref().is_some_and(|before| !before.holding.is_empty());
        if !heard.holding.is_empty() && !was_held {
            self.events
                .push(Event::PropagationHeld { phase: Key::clone(phase), holding: heard.holding.clone() });
        }
        if heard.targeted == 0 && before.is_none_or(|before| before.targeted > 0) {
            self.events.push(Event::PropagationWarned { phase: Key::clone(phase), then });
        }
        Ok(())
    }

    /// Begins to propagate the share that is served from now on; false if the phase does not ask for it.
    pub(super) fn propagate(&mut self, planned: &Phase) -> bool {
        let Some(asked) = &planned.propagation else { return false };
        let timer = asked.timeout_s.map(|timeout| self.timer(ms(timeout)));
        if let Some(state) = self.current() {
            state.status = PhaseStatus::Propagating;
            state.timer = timer;
            state.applied = None;
            state.overdue = false;
        }
        true
    }

    /// The share has propagated: its time begins to count.
    pub(super) fn propagated(&mut self) {
        let Some(planned) = self.plan.phases.get(self.state.phase) else { return };
        let step = self.current().map_or(0, |state| state.step);
        let hold = planned.shares().get(step).map_or(0, |share| share.hold_s);
        let timer = self.timer(ms(hold));
        let Some(state) = self.current() else { return };
        state.status = PhaseStatus::Ramping;
        state.timer = Some(timer);
        state.overdue = false;
        let (percent, heard) = (state.percent, state.applied.clone().unwrap_or_default());
        self.events.push(Event::Propagated {
            phase: Key::clone(&planned.id),
            percent,
            targeted: heard.targeted,
            applied: heard.applied,
        });
    }

    /// A timeout is acted on once.
    pub(super) fn act_on_timeout(&mut self) -> bool {
        let Some((planned, state)) = self.look().current() else { return false };
        let Some(asked) = planned.propagation else { return false };
        let is_due = state.status == PhaseStatus::Propagating
            && !self.is_paused()
            && !state.overdue
            && state.timer.is_some_and(|timer| timer.remaining(self.now) == 0)
            && !self.look().has_propagated();
        if !is_due {
            return false;
        }
        let (phase, heard) = (Key::clone(&planned.id), state.applied.clone().unwrap_or_default());
        if let Some(state) = self.current() {
            state.overdue = true;
        }
        self.events.push(Event::PropagationOverdue { phase: Key::clone(&phase), then: asked.then });
        let Applied { targeted, applied, holding } = heard;
        let mut so_far = format!("{applied} of {targeted} live instances have applied it");
        if let [first, ..] = holding.as_slice() {
            so_far.push_str(&format!(", `{}` holds it", first.instance));
        }
        match asked.then {
            OnTimeout::Abort => {
                self.abort(&SYSTEM.into(), format!("phase `{phase}` did not propagate in time: {so_far}"));
            }
            OnTimeout::Hold => {}
            OnTimeout::Pause => {
                self.pause(PauseCause::Propagation(Key::clone(&phase)), &SYSTEM.into(), Some(so_far));
            }
        }
        true
    }
}

fn all() -> Percent {
    Percent::ALL
}
