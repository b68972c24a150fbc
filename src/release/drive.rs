//! Driving: pause, unpause, skip, full roll out, abort, supersede, revert, and what a kill does to a release.

use super::run::Run;
use super::step::{Obstacles, check_may, check_reason};
use super::{Actor, Event, PauseCause, Permission, PhaseStatus, Refusal, RefusalKind, Seen, Status};
use crate::model::Key;

impl Run<'_> {
    pub(super) fn act_abort(&mut self, by: &Actor, reason: &str) -> Result<(), Refusal> {
        if self.state.status == Status::Aborted {
            return Ok(());
        }
        self.check_running()?;
        self.check_everywhere(by, Permission::Drive)?;
        check_reason(Some(reason), "an abort")?;
        self.abort(&by.id, reason.to_owned());
        Ok(())
    }

    pub(super) fn act_supersede(
        &mut self,
        by: &Actor,
        release: &Key,
        reason: Option<&str>,
    ) -> Result<(), Refusal> {
        self.check_running()?;
        self.check_everywhere(by, Permission::Drive)?;
        self.state.superseded_by = Some(Key::clone(release));
        self.events.push(Event::Superseded { by: Key::clone(&by.id), release: Key::clone(release) });
        let reason = reason.map_or_else(|| format!("superseded by `{release}`"), str::to_owned);
        self.abort(&by.id, reason);
        Ok(())
    }

    pub(super) fn act_revert(&mut self, by: &Actor, reason: &str) -> Result<(), Refusal> {
        if !matches!(self.state.status, Status::Completed | Status::Running) {
            self.check_running()?;
        }
        self.check_everywhere(by, Permission::Drive)?;
        if self.state.status == Status::Running {
            let refusal =
                Refusal::new(RefusalKind::NotCompleted, "the release runs: there is nothing to take back");
            return Err(refusal.hint("abort it instead"));
        }
        self.state.status = Status::Reverted;
        self.events.push(Event::Reverted { by: Key::clone(&by.id), reason: reason.to_owned() });
        Ok(())
    }

    /// In one of the environments is enough: to stop is always the safe direction.
    pub(super) fn act_pause(&mut self, by: &Actor, reason: Option<&str>) -> Result<(), Refusal> {
        self.check_running()?;
        let environments = self.plan.all_environments();
        let may = match environments.as_slice() {
            [] => by.may(Permission::Pause, []),
            some => some.iter().any(|environment| by.may(Permission::Pause, [*environment])),
        };
        if !may {
            let message =
                format!("`{}` lacks the permission `pause` in every environment of the release", by.id);
            return Err(Refusal::new(RefusalKind::Forbidden, message)
                .hint("ask an admin for a role that has it in one of them"));
        }
        if !self.is_paused() {
            self.pause(PauseCause::Action, &by.id, reason.map(str::to_owned));
        }
        Ok(())
    }

    pub(super) fn act_unpause(&mut self, by: &Actor, seen: &Seen) -> Result<(), Refusal> {
        self.check_running()?;
        self.check_everywhere(by, Permission::Drive)?;
        self.check_seen(seen)?;
        if !self.is_paused() {
            return Err(Refusal::new(RefusalKind::NotPaused, "the release is not paused"));
        }
        self.unpause(&by.id);
        Ok(())
    }

    /// A kill of one of its features pauses it; an earlier pause is then the kill's, so that whoever unpauses knows of it.
    pub(super) fn act_kill(
        &mut self,
        by: &Actor,
        feature: &Key,
        environment: &Key,
        reason: &str,
    ) -> Result<(), Refusal> {
        self.check_running()?;
        check_may(by, Permission::Kill, &[environment], "of the kill")?;
        check_reason(Some(reason), "a kill")?;
        if !self.plan.features.contains_key(feature) {
            return Ok(());
        }
        let cause = PauseCause::Kill(Key::clone(feature));
        match &mut self.state.paused {
            Some(pause) if matches!(pause.cause, PauseCause::Kill(_)) => return Ok(()),
            Some(pause) => {
                pause.cause = cause;
                pause.by = Key::clone(&by.id);
                pause.at = self.now.wall;
                pause.reason = Some(reason.to_owned());
                self.killed(by, feature, environment);
            }
            None => {
                self.killed(by, feature, environment);
                self.pause(cause, &by.id, Some(reason.to_owned()));
            }
        }
        Ok(())
    }

    fn killed(&mut self, by: &Actor, feature: &Key, environment: &Key) {
        self.events.push(Event::Killed {
            feature: Key::clone(feature),
            environment: Key::clone(environment),
            by: Key::clone(&by.id),
        });
    }

    /// Ends the phase: live it stays served, at the share that it has; entering it is passed over, not served.
    pub(super) fn act_skip(
        &mut self,
        by: &Actor,
        seen: &Seen,
        reason: Option<&str>,
        bypass: bool,
    ) -> Result<(), Refusal> {
        self.check_running()?;
        self.check_everywhere(by, Permission::Drive)?;
        self.check_seen(seen)?;
        let look = self.look();
        let is_live = look.status_of(self.state.phase).is_live();
        let mut obstacles = Obstacles::default();
        if !is_live {
            obstacles.add_unmet(look, self.state.phase);
        }
        obstacles.add_holding(look);
        // What completes asks also the windows of phases that were skipped before.
        let windows = match (look.is_last(), is_live) {
            (true, _) => look.windows_of_completion(false),
            (false, true) => Vec::new(),
            (false, false) => look.windows_of(self.state.phase),
        };
        obstacles.add_windows(&windows, self.now.wall);
        let bypass = obstacles.check(self, by, bypass, reason)?;
        self.skipped(&by.id, is_live, bypass);
        self.leave(if is_live { PhaseStatus::Done } else { PhaseStatus::Skipped }, bypass);
        Ok(())
    }

    pub(super) fn act_full_roll_out(
        &mut self,
        by: &Actor,
        seen: &Seen,
        reason: &str,
        bypass: bool,
    ) -> Result<(), Refusal> {
        self.check_running()?;
        self.check_everywhere(by, Permission::Drive)?;
        self.check_seen(seen)?;
        check_reason(Some(reason), "a full roll out")?;
        let look = self.look();
        let mut obstacles = Obstacles::default();
        for phase in 0..self.plan.phases.len() {
            if matches!(look.status_of(phase), PhaseStatus::Entering | PhaseStatus::Pending) {
                obstacles.add_unmet(look, phase);
            }
        }
        obstacles.add_holding(look);
        obstacles.add_windows(&look.windows_of_completion(true), self.now.wall);
        let bypass = obstacles.check(self, by, bypass, Some(reason))?;
        if let Some(state) = self.current() {
            state.bypassed |= bypass;
            if state.status.is_live() {
                state.status = PhaseStatus::Done;
            }
        }
        self.complete(true, bypass);
        Ok(())
    }
}
