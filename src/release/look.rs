//! What can be told of a release without changing it: what its phase waits for, and when to look again.

use super::window::{all_open, next_opening, parse_instant};
use super::{
    Guard, NextWake, Now, OnFail, OnNoData, Phase, PhaseState, PhaseStatus, Plan, Ramp, RampStep,
    Requirement, State, Status, Timer, TimerKind, Verdict, Wait, Windows,
};
use crate::model::{Key, Percent};

/// A plan, where its release is, and the time.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) plan: &'a Plan,
    pub(super) state: &'a State,
    pub(super) now: Now,
}

/// How much [`Look::waits`] tells.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Extent {
    /// Everything.
    All,
    /// Nothing of windows (which cost more to look at) if there is something else.
    Enough,
}

impl Timer {
    /// A new timer; stopped if the release is paused.
    pub(super) fn starting(ms: u64, now: Now, is_paused: bool) -> Self {
        if is_paused { Self::Remaining(ms) } else { Self::DueAt(now.uptime.saturating_add(ms)) }
    }

    /// How much is left, in milliseconds.
    #[must_use]
    pub fn remaining(self, now: Now) -> u64 {
        match self {
            Self::DueAt(at) => at.saturating_sub(now.uptime),
            Self::Remaining(ms) => ms,
        }
    }

    pub(super) fn stopped(self, now: Now) -> Self {
        Self::Remaining(self.remaining(now))
    }

    pub(super) fn running(self, now: Now) -> Self {
        match self {
            Self::Remaining(ms) => Self::DueAt(now.uptime.saturating_add(ms)),
            due @ Self::DueAt(_) => due,
        }
    }
}

pub(super) fn ms(seconds: u64) -> u64 {
    seconds.saturating_mul(1_000)
}

impl Phase {
    /// The shares, in order, at least one; without a ramp everyone at once.
    pub(super) fn shares(&self) -> Vec<RampStep> {
        let steps = self.ramp.as_ref().map(Ramp::steps).unwrap_or_default();
        if steps.is_empty() { vec![RampStep { percent: Percent::ALL, hold_s: 0 }] } else { steps }
    }

    /// How many approvals it needs.
    pub(super) fn approvals_needed(&self) -> u32 {
        self.entry.approvals.as_ref().map_or(0, |approvals| approvals.count)
    }
}

impl Plan {
    /// The environments that a phase touches.
    pub(super) fn environments_of(&self, phase: usize) -> &[Key] {
        self.environments.get(phase).map_or(&[], Vec::as_slice)
    }

    /// The environments that the release touches.
    pub(super) fn all_environments(&self) -> Vec<&Key> {
        let mut all: Vec<&Key> = self.environments.iter().flatten().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The phase at which it starts.
    pub(super) fn first_phase(&self) -> usize {
        self.start_at.min(self.phases.len().saturating_sub(1))
    }

    /// The requirements of a phase, with their places.
    pub(super) fn requirements_of(&self, phase: usize) -> impl Iterator<Item = (usize, &Requirement)> {
        let id = self.phases.get(phase).map(|phase| &phase.id);
        self.requires.iter().enumerate().filter(move |(_, requirement)| match &requirement.phase {
            Some(named) => Some(named) == id,
            None => phase == self.first_phase(),
        })
    }

    /// A guard, and the place of its phase.
    pub(super) fn guard(&self, id: &str) -> Option<(usize, &Guard)> {
        self.phases.iter().enumerate().find_map(|(at, phase)| {
            phase.guards.iter().find(|guard| *guard.id == *id).map(|guard| (at, guard))
        })
    }
}

impl<'a> Look<'a> {
    pub(super) fn is_running(self) -> bool {
        self.state.status == Status::Running
    }

    /// The phase that it is at.
    pub(super) fn current(self) -> Option<(&'a Phase, &'a PhaseState)> {
        self.plan.phases.get(self.state.phase).zip(self.state.phases.get(self.state.phase))
    }

    pub(super) fn phase_id(self) -> Key {
        self.plan.phases.get(self.state.phase).map_or_else(|| "".into(), |phase| Key::clone(&phase.id))
    }

    pub(super) fn is_last(self) -> bool {
        self.state.phase.saturating_add(1) >= self.plan.phases.len()
    }

    pub(super) fn status_of(self, phase: usize) -> PhaseStatus {
        self.state.phases.get(phase).map_or(PhaseStatus::Pending, |phase| phase.status)
    }

    pub(super) fn is_over(self, timer: Option<Timer>) -> bool {
        timer.is_none_or(|timer| timer.remaining(self.now) == 0)
    }

    /// Whether a phase has the approvals that it needs.
    pub(super) fn is_approved(self, phase: usize) -> bool {
        let needed = self.plan.phases.get(phase).map_or(0, Phase::approvals_needed);
        let has = self.state.phases.get(phase).map_or(0, |phase| phase.approvals.len());
        u32::try_from(has).unwrap_or(u32::MAX) >= needed
    }

    /// The guards of the phases that were reached (entering, live or over), with the place of their phase.
    pub(super) fn reached_guards(self) -> impl Iterator<Item = (usize, &'a Guard)> {
        let phases = self.plan.phases.iter().zip(&self.state.phases).enumerate();
        phases
            .filter(|(_, (_, state))| !matches!(state.status, PhaseStatus::Pending | PhaseStatus::Skipped))
            .flat_map(|(at, (phase, _))| phase.guards.iter().map(move |guard| (at, guard)))
    }

    /// The verdict that counts now: none if there is no data, or none any more.
    pub(super) fn verdict(self, guard: &Guard) -> Option<Verdict> {
        let last = self.state.guards.get(&guard.id)?.last.as_ref()?;
        let valid = ms(guard.valid_s);
        let age = self.now.uptime.saturating_sub(last.uptime);
        let wall_age = self.now.wall.saturating_sub(last.at);
        let is_valid = age < valid && u64::try_from(wall_age).unwrap_or(0) < valid;
        (is_valid && last.verdict != Verdict::NoData).then_some(last.verdict)
    }

    /// Whether missing data matters already.
    pub(super) fn is_grace_over(self, guard: &Guard) -> bool {
        let grace = self.state.guards.get(&guard.id).and_then(|state| state.grace);
        grace.is_some_and(|grace| grace.remaining(self.now) == 0)
    }

    /// Whether a guard lets the bake of its own phase end: a pass given since it went live, or none and `go_on`.
    fn lets_bake_end(self, guard: &Guard) -> bool {
        let is_fresh = self.state.guards.get(&guard.id).is_some_and(|state| state.fresh);
        match self.verdict(guard) {
            Some(Verdict::Fail) => false,
            Some(Verdict::Pass) if is_fresh => true,
            _ => guard.on_no_data.then == OnNoData::GoOn && self.is_grace_over(guard),
        }
    }

    /// The windows of a phase: its own and those of the plan.
    pub(super) fn windows_of(self, phase: usize) -> Vec<&'a Windows> {
        let own = self.plan.phases.get(phase).map(|phase| &phase.entry.windows);
        let others = self.plan.windows.get(phase).into_iter().flatten();
        own.into_iter().chain(others).filter(|windows| !windows.is_empty()).collect()
    }

    /// The windows that completion asks: the last phase's, and those of environments whose phase was skipped, since the
    /// change reaches them now. Of a full roll out: those of all phases that are not over.
    pub(super) fn windows_of_completion(self, is_full_roll_out: bool) -> Vec<&'a Windows> {
        let mut windows = Vec::new();
        for phase in 0..self.plan.phases.len() {
            match self.status_of(phase) {
                PhaseStatus::Done => {}
                PhaseStatus::Skipped => {
                    windows.extend(self.plan.windows.get(phase).into_iter().flatten());
                }
                _ if is_full_roll_out || phase == self.state.phase => windows.extend(self.windows_of(phase)),
                _ => {}
            }
        }
        windows.retain(|windows| !windows.is_empty());
        windows
    }

    /// Everything that keeps the phase from moving on by itself; empty: it moves.
    pub(super) fn waits(self, extent: Extent) -> Vec<Wait> {
        let mut waits = Vec::new();
        let Some((phase, state)) = self.current().filter(|_| self.is_running()) else { return waits };
        if let Some(pause) = &self.state.paused {
            waits.push(Wait::Paused {
                by: Key::clone(&pause.by),
                cause: pause.cause.clone(),
                at: pause.at,
                reason: pause.reason.clone(),
            });
        }
        match state.status {
            PhaseStatus::Entering => self.waits_of_entry(phase, state, &mut waits),
            PhaseStatus::Propagating => self.waits_of_propagation(phase, state, &mut waits),
            PhaseStatus::Ramping => self.waits_of_timer(TimerKind::Ramp, phase, state, &mut waits),
            PhaseStatus::Baking => {
                self.waits_of_timer(TimerKind::Bake, phase, state, &mut waits);
                for guard in phase.guards.iter().filter(|guard| !self.lets_bake_end(guard)) {
                    waits.push(self.wait_of_guard(guard));
                }
            }
            PhaseStatus::Done | PhaseStatus::Pending | PhaseStatus::Skipped => {}
        }
        for (_, guard) in self.reached_guards() {
            let holds = guard.on_fail == OnFail::Hold && self.verdict(guard) == Some(Verdict::Fail);
            let wait = self.wait_of_guard(guard);
            if holds && !waits.contains(&wait) {
                waits.push(wait);
            }
        }
        if extent == Extent::All || waits.is_empty() {
            self.wait_of_windows(phase, state, &mut waits);
        }
        waits
    }

    fn waits_of_entry(self, phase: &Phase, state: &PhaseState, waits: &mut Vec<Wait>) {
        if let Some(rejection) = &state.rejection {
            waits.push(Wait::Rejected {
                phase: Key::clone(&phase.id),
                by: Key::clone(&rejection.by),
                reason: rejection.reason.clone(),
            });
        }
        let is_approved = self.is_approved(self.state.phase);
        if let Some(approvals) = phase.entry.approvals.as_ref().filter(|_| !is_approved) {
            waits.push(Wait::Approvals {
                phase: Key::clone(&phase.id),
                have: u32::try_from(state.approvals.len()).unwrap_or(u32::MAX),
                need: approvals.count,
                role: approvals.role,
                environments: self.plan.environments_of(self.state.phase).to_vec(),
                services: approvals.services.clone(),
                self_approval: approvals.self_approval,
                deadline_ms: state.deadline.map(|deadline| deadline.remaining(self.now)),
                overdue: state.overdue,
            });
        }
        for (at, requirement) in self.plan.requirements_of(self.state.phase) {
            if !self.state.satisfied.contains(&at) {
                waits.push(Wait::Requirement {
                    phase: Key::clone(&phase.id),
                    requirement: at,
                    release: Key::clone(&requirement.release),
                    reached: requirement.reached.clone(),
                });
            }
        }
        self.waits_of_timer(TimerKind::WaitFor, phase, state, waits);
        if let Some(wait) = phase.entry.trigger.wait_for_s.filter(|_| state.timer.is_none()) {
            // It starts with the last approval.
            waits.push(Wait::Timer {
                phase: Key::clone(&phase.id),
                timer: TimerKind::WaitFor,
                remaining_ms: ms(wait),
            });
        }
        let at = phase.entry.trigger.at.as_deref();
        if let Some(at) = at.map(|at| parse_instant(at).unwrap_or(i64::MAX)).filter(|at| *at > self.now.wall)
        {
            waits.push(Wait::At { phase: Key::clone(&phase.id), at });
        }
    }

    fn waits_of_propagation(self, phase: &Phase, state: &PhaseState, waits: &mut Vec<Wait>) {
        if self.has_propagated() {
            return;
        }
        let heard = state.applied.clone().unwrap_or_default();
        waits.push(Wait::Propagation {
            phase: Key::clone(&phase.id),
            step: state.step,
            applied: heard.applied,
            targeted: heard.targeted,
            percent: phase.propagation.unwrap_or_default().percent,
            holding: heard.holding,
            remaining_ms: state.timer.map(|timer| timer.remaining(self.now)),
            overdue: state.overdue,
        });
    }

    fn waits_of_timer(self, kind: TimerKind, phase: &Phase, state: &PhaseState, waits: &mut Vec<Wait>) {
        if !self.is_over(state.timer) {
            waits.push(Wait::Timer {
                phase: Key::clone(&phase.id),
                timer: kind,
                remaining_ms: state.timer.map_or(0, |timer| timer.remaining(self.now)),
            });
        }
    }

    fn wait_of_guard(self, guard: &Guard) -> Wait {
        let verdict = match self.verdict(guard) {
            Some(Verdict::Fail) => Verdict::Fail,
            _ => Verdict::NoData,
        };
        Wait::Guard { guard: Key::clone(&guard.id), verdict }
    }

    fn wait_of_windows(self, phase: &Phase, state: &PhaseState, waits: &mut Vec<Wait>) {
        let windows = match state.status {
            PhaseStatus::Entering => self.windows_of(self.state.phase),
            PhaseStatus::Ramping if state.step.saturating_add(1) < phase.shares().len() => {
                self.windows_of(self.state.phase)
            }
            PhaseStatus::Baking if self.is_last() => self.windows_of_completion(false),
            _ => return,
        };
        if !all_open(&windows, self.now.wall) {
            let named = windows.iter().flat_map(|windows| windows.closed_by(self.now.wall));
            waits.push(Wait::Window {
                phase: Key::clone(&phase.id),
                opens_at: next_opening(&windows, self.now.wall),
                description: named.filter_map(|window| window.description.clone()).next(),
            });
        }
    }

    /// When to come again.
    pub(super) fn next_wake(self) -> NextWake {
        let mut wake = NextWake::default();
        let Some((_, state)) = self.current().filter(|_| self.is_running()) else { return wake };
        self.wake_for_guards(&mut wake);
        if self.state.paused.is_some() {
            return wake;
        }
        self.wake_at(&mut wake, state.timer);
        if state.status == PhaseStatus::Entering && !self.is_approved(self.state.phase) {
            self.wake_at(&mut wake, state.deadline);
        }
        for wait in self.waits(Extent::Enough) {
            match wait {
                Wait::At { at, .. } => sooner(&mut wake.wall, at),
                Wait::Window { opens_at: Some(at), .. } => sooner(&mut wake.wall, at),
                _ => {}
            }
        }
        wake
    }

    /// When a verdict runs out, or missing data begins to matter.
    fn wake_for_guards(self, wake: &mut NextWake) {
        for (_, guard) in self.reached_guards() {
            let Some(state) = self.state.guards.get(&guard.id) else { continue };
            match (self.verdict(guard), &state.last) {
                (Some(verdict), Some(last)) => {
                    let lifts = verdict == Verdict::Fail && guard.on_fail == OnFail::Hold;
                    if lifts || guard.on_no_data.then != OnNoData::Hold {
                        let valid = ms(guard.valid_s);
                        sooner(&mut wake.uptime, last.uptime.saturating_add(valid));
                        sooner(&mut wake.wall, last.at.saturating_add_unsigned(valid));
                        // A pass from before the phase went live is as good as none for the end of its bake.
                        self.wake_at(wake, state.grace);
                    }
                }
                _ if guard.on_no_data.then != OnNoData::Hold && !state.told => {
                    self.wake_at(wake, state.grace);
                }
                _ => {}
            }
        }
    }

    /// At the end of a timer that runs and is not over.
    fn wake_at(self, wake: &mut NextWake, timer: Option<Timer>) {
        if let Some(Timer::DueAt(at)) = timer
            && at > self.now.uptime
        {
            sooner(&mut wake.uptime, at);
        }
    }
}

fn sooner<T: Ord + Copy>(wake: &mut Option<T>, at: T) {
    *wake = Some(wake.map_or(at, |earlier| earlier.min(at)));
}
