//! A step in the making: the state as it changes, and what happened.

use super::look::{Look, ms};
use super::{
    Event, GuardState, Now, Pause, PauseCause, PhaseState, PhaseStatus, Plan, State, Status, Timer,
    Transition,
};
use crate::model::{Key, Percent};

/// Who acts where nobody does.
pub(super) const SYSTEM: &str = "system";

/// A step in the making.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) now: Now,
    pub(super) state: State,
    pub(super) events: Vec<Event>,
}

impl<'a> Run<'a> {
    pub(super) fn new(plan: &'a Plan, state: State, now: Now) -> Self {
        Self { plan, now, state, events: Vec::new() }
    }

    pub(super) fn look(&self) -> Look<'_> {
        Look { plan: self.plan, state: &self.state, now: self.now }
    }

    /// What came of it, seen from the state before: the revision grows by one iff something changed.
    pub(super) fn finish(mut self, before: &State) -> Transition {
        if self.state == *before {
            self.events.clear();
        } else {
            let is_renewal = self.is_renewal(before);
            self.state.revision = before.revision.saturating_add(1);
            if !is_renewal {
                self.state.moved = self.state.revision;
            }
        }
        let next_wake = self.look().next_wake();
        Transition { state: self.state, events: self.events, next_wake }
    }

    /// Whether nothing changed but when guards were heard, and how many instances have applied a share.
    fn is_renewal(&self, before: &State) -> bool {
        let mut renewed = self.state.clone();
        for (id, guard) in &mut renewed.guards {
            if let Some(old) = before.guards.get(id)
                && old.last.as_ref().map(|last| last.verdict) == guard.last.as_ref().map(|last| last.verdict)
            {
                guard.last.clone_from(&old.last);
                guard.fresh = old.fresh;
            }
        }
        for (phase, old) in renewed.phases.iter_mut().zip(&before.phases) {
            if phase.holding() == old.holding() {
                phase.applied.clone_from(&old.applied);
            }
        }
        renewed == *before
    }

    pub(super) fn current(&mut self) -> Option<&mut PhaseState> {
        self.state.phases.get_mut(self.state.phase)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.state.paused.is_some()
    }

    pub(super) fn timer(&self, ms: u64) -> Timer {
        Timer::starting(ms, self.now, self.is_paused())
    }

    /// Reaches a phase: its conditions are looked at from now on.
    pub(super) fn enter(&mut self, phase: usize) {
        let Some(planned) = self.plan.phases.get(phase) else { return };
        let trigger = &planned.entry.trigger;
        let timer =
            trigger.wait_for_s.filter(|_| !trigger.wait_after_approval).map(|wait| self.timer(ms(wait)));
        let approvals = planned.entry.approvals.as_ref();
        let deadline = approvals.and_then(|approvals| approvals.deadline);
        let deadline = deadline.map(|deadline| self.timer(ms(deadline.after_s)));
        let wall = self.now.wall;
        self.state.phase = phase;
        if let Some(state) = self.current() {
            state.status = PhaseStatus::Entering;
            state.entered_at = Some(wall);
            state.timer = timer;
            state.deadline = deadline;
        }
        for guard in &planned.guards {
            self.state.guards.insert(Key::clone(&guard.id), GuardState::default());
        }
        self.events.push(Event::PhaseEntered { phase: Key::clone(&planned.id) });
        if let Some(approvals) = approvals.filter(|approvals| approvals.count > 0) {
            self.events
                .push(Event::AwaitingApproval { phase: Key::clone(&planned.id), count: approvals.count });
        }
    }

    /// Ends the current phase and goes to the next, or completes.
    pub(super) fn leave(&mut self, status: PhaseStatus, bypass: bool) {
        let wall = self.now.wall;
        if let Some(state) = self.current() {
            state.status = status;
            state.ended_at = Some(wall);
            state.timer = None;
            state.deadline = None;
        }
        if self.look().is_last() {
            self.complete(false, bypass);
        } else {
            self.enter(self.state.phase.saturating_add(1));
        }
    }

    pub(super) fn complete(&mut self, full_roll_out: bool, bypass: bool) {
        self.state.rolled_out = full_roll_out;
        self.end(Status::Completed);
        self.events.push(Event::Completed { full_roll_out, bypass });
    }

    pub(super) fn abort(&mut self, by: &Key, reason: String) {
        self.end(Status::Aborted);
        self.events.push(Event::Aborted { by: Key::clone(by), reason });
    }

    /// Nothing runs any more.
    fn end(&mut self, status: Status) {
        let wall = self.now.wall;
        self.state.status = status;
        self.state.paused = None;
        if let Some(state) = self.current() {
            state.timer = None;
            state.deadline = None;
            state.ended_at.get_or_insert(wall);
        }
    }

    /// Stops the timers, each with what is left of it.
    pub(super) fn pause(&mut self, cause: PauseCause, by: &Key, reason: Option<String>) {
        let now = self.now;
        self.state.paused = Some(Pause { cause, by: Key::clone(by), at: now.wall, reason: reason.clone() });
        self.each_timer(|timer| timer.stopped(now));
        self.events.push(Event::Paused { by: Key::clone(by), reason });
    }

    pub(super) fn unpause(&mut self, by: &Key) {
        let now = self.now;
        self.state.paused = None;
        self.each_timer(|timer| timer.running(now));
        self.events.push(Event::Unpaused { by: Key::clone(by) });
    }

    fn each_timer(&mut self, change: impl Fn(Timer) -> Timer) {
        if let Some(state) = self.current() {
            state.timer = state.timer.map(&change);
            state.deadline = state.deadline.map(&change);
        }
        for guard in self.state.guards.values_mut() {
            guard.grace = guard.grace.map(&change);
        }
    }

    pub(super) fn skipped(&mut self, by: &Key, live: bool, bypass: bool) {
        let phase = self.look().phase_id();
        let percent = match self.current() {
            Some(state) => {
                state.bypassed |= bypass;
                if live { state.percent } else { Percent::NONE }
            }
            None => Percent::NONE,
        };
        self.events.push(Event::PhaseSkipped { phase, by: Key::clone(by), live, percent, bypass });
    }
}
