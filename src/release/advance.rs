//! What happens by itself: phases start, grow, bake and end; guards and deadlines act.
//!
//! ```text
//!  entering ─ all conditions hold ─▶ ramping ─ step, step, … ─▶ baking ─ time, passes ─▶ done ─▶ next phase, or completed
//!                                      ▲ └─▶ propagating (each share, if asked for) ─┐
//!                                      └─────────────── enough have applied it ──────┘
//! ```
//! Each timer starts when its span begins to count, never earlier, so that a late tick lengthens and never shortens.

use super::look::{Extent, ms};
use super::run::{Run, SYSTEM};
use super::{Event, OnDeadline, OnNoData, PauseCause, PhaseStatus, Status, Verdict};
use crate::model::Key;

impl Run<'_> {
    /// Goes as far as it can now. Each turn moves a phase on or sets something once, so it ends.
    pub(super) fn advance(&mut self) {
        while self.state.status == Status::Running && self.turn() {}
    }

    /// One move; false if there is none.
    fn turn(&mut self) -> bool {
        self.act_on_missing_data()
            || self.act_on_deadline()
            || self.act_on_timeout()
            || self.start_wait_after_approval()
            || self.move_on()
    }

    fn move_on(&mut self) -> bool {
        let look = self.look();
        let Some((_, state)) = look.current() else { return false };
        let status = state.status;
        if !look.waits(Extent::Enough).is_empty() {
            return false;
        }
        match status {
            PhaseStatus::Entering => self.go_live(),
            PhaseStatus::Propagating => self.propagated(),
            PhaseStatus::Ramping => self.next_share(),
            PhaseStatus::Baking => {
                let phase = self.look().phase_id();
                self.events.push(Event::PhaseCompleted { phase });
                self.leave(PhaseStatus::Done, false);
            }
            PhaseStatus::Done | PhaseStatus::Pending | PhaseStatus::Skipped => return false,
        }
        true
    }

    fn go_live(&mut self) {
        let Some(planned) = self.plan.phases.get(self.state.phase) else { return };
        let Some(first) = planned.shares().into_iter().next() else { return };
        let (timer, wall) = (self.timer(ms(first.hold_s)), self.now.wall);
        if let Some(state) = self.current() {
            state.status = PhaseStatus::Ramping;
            state.live_at = Some(wall);
            state.timer = Some(timer);
            state.deadline = None;
            state.step = 0;
            state.percent = first.percent;
        }
        self.propagate(planned);
        for guard in &planned.guards {
            let grace = self.timer(ms(guard.on_no_data.grace_s));
            let state = self.state.guards.entry(Key::clone(&guard.id)).or_default();
            state.grace = Some(grace);
        }
        self.events.push(Event::PhaseStarted { phase: Key::clone(&planned.id), percent: first.percent });
    }

    /// The next step of the ramp; after the last one, the bake.
    fn next_share(&mut self) {
        let Some(planned) = self.plan.phases.get(self.state.phase) else { return };
        let step = self.current().map_or(0, |state| state.step.saturating_add(1));
        let Some(share) = planned.shares().get(step).copied() else { return self.start_bake() };
        let timer = self.timer(ms(share.hold_s));
        let Some(state) = self.current() else { return };
        let from = std::mem::replace(&mut state.percent, share.percent);
        state.step = step;
        state.timer = Some(timer);
        self.propagate(planned);
        self.events.push(Event::RampStepped { phase: Key::clone(&planned.id), from, to: share.percent });
    }

    fn start_bake(&mut self) {
        let Some(planned) = self.plan.phases.get(self.state.phase) else { return };
        let timer = self.timer(ms(planned.bake_s));
        if let Some(state) = self.current() {
            state.status = PhaseStatus::Baking;
            state.timer = Some(timer);
        }
        // Not told of a bake that is over before it has begun.
        if !self.look().waits(Extent::Enough).is_empty() {
            self.events.push(Event::BakeStarted { phase: Key::clone(&planned.id) });
        }
    }

    /// `wait_after_approval`: the wait starts when the approvals are complete.
    fn start_wait_after_approval(&mut self) -> bool {
        let Some((planned, state)) = self.look().current() else { return false };
        let Some(wait) = planned.entry.trigger.wait_for_s else { return false };
        let is_due = state.status == PhaseStatus::Entering
            && state.timer.is_none()
            && self.look().is_approved(self.state.phase);
        let timer = self.timer(ms(wait));
        if is_due && let Some(state) = self.current() {
            state.timer = Some(timer);
        }
        is_due
    }

    fn act_on_deadline(&mut self) -> bool {
        let Some((planned, state)) = self.look().current() else { return false };
        let Some(deadline) = planned.entry.approvals.as_ref().and_then(|approvals| approvals.deadline) else {
            return false;
        };
        let is_due = state.status == PhaseStatus::Entering
            && !self.is_paused()
            && !state.overdue
            && state.deadline.is_some_and(|deadline| deadline.remaining(self.now) == 0)
            && !self.look().is_approved(self.state.phase);
        if !is_due {
            return false;
        }
        let phase = Key::clone(&planned.id);
        if let Some(state) = self.current() {
            state.overdue = true;
        }
        self.events.push(Event::DeadlinePassed { phase: Key::clone(&phase) });
        if deadline.then == OnDeadline::Abort {
            self.abort(&SYSTEM.into(), format!("phase `{phase}` was not approved in time"));
        }
        true
    }

    /// Missing data is acted on once, until there is data again.
    fn act_on_missing_data(&mut self) -> bool {
        let look = self.look();
        let missing = look.reached_guards().find(|(_, guard)| {
            let acts = matches!(guard.on_no_data.then, OnNoData::Abort | OnNoData::Pause);
            let is_told = self.state.guards.get(&guard.id).is_none_or(|state| state.told);
            acts && !is_told && look.is_grace_over(guard) && look.verdict(guard).is_none()
        });
        let Some((_, guard)) = missing else { return false };
        let (id, then) = (Key::clone(&guard.id), guard.on_no_data.then);
        if let Some(state) = self.state.guards.get_mut(&id) {
            state.told = true;
        }
        self.breached(&id, Verdict::NoData, then == OnNoData::Pause, then == OnNoData::Abort);
        true
    }

    /// A guard acts: it pauses or aborts the release, or (neither) holds it.
    pub(super) fn breached(&mut self, guard: &Key, verdict: Verdict, pauses: bool, aborts: bool) {
        let paused = pauses && !self.is_paused();
        self.events.push(Event::GuardBreached { guard: Key::clone(guard), verdict, paused, aborted: aborts });
        let what = if verdict == Verdict::Fail { "failed" } else { "has no data" };
        if aborts {
            self.abort(&SYSTEM.into(), format!("guard `{guard}` {what}"));
        } else if paused {
            let reason = Some(format!("guard `{guard}` {what}"));
            self.pause(PauseCause::Guard(Key::clone(guard)), &SYSTEM.into(), reason);
        }
    }
}
