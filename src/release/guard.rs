//! What is heard: verdicts of guards, and other releases that got on.

use super::run::Run;
use super::step::check_may;
use super::{Actor, Event, OnFail, Permission, PhaseStatus, Refusal, RefusalKind, Verdict, VerdictRecord};
use crate::model::Key;

impl Run<'_> {
    pub(super) fn act_verdict(
        &mut self,
        by: &Actor,
        id: &Key,
        verdict: Verdict,
        detail: Option<&str>,
    ) -> Result<(), Refusal> {
        self.check_running()?;
        let Some((phase, guard)) = self.plan.guard(id) else {
            self.check_everywhere(by, Permission::Pause)?;
            return Err(Refusal::new(RefusalKind::UnknownGuard, format!("the release has no guard `{id}`")));
        };
        let environments: Vec<&Key> = self.plan.environments_of(phase).iter().collect();
        check_may(by, Permission::Pause, &environments, "of the guard's phase")?;
        let look = self.look();
        let status = look.status_of(phase);
        if matches!(status, PhaseStatus::Pending | PhaseStatus::Skipped) {
            let message = format!("the phase of guard `{id}` is not reached, or was skipped");
            return Err(Refusal::new(RefusalKind::NotReached, message));
        }
        let was_failing = look.verdict(guard) == Some(Verdict::Fail);
        let record = VerdictRecord {
            verdict,
            at: self.now.wall,
            uptime: self.now.uptime,
            by: Key::clone(&by.id),
            detail: detail.map(str::to_owned),
        };
        let state = self.state.guards.entry(Key::clone(id)).or_default();
        state.last = Some(record);
        state.fresh = status.is_live();
        state.told &= verdict == Verdict::NoData;
        self.events.push(Event::VerdictGiven {
            guard: Key::clone(id),
            verdict,
            by: Key::clone(&by.id),
            detail: detail.map(str::to_owned),
        });
        if verdict == Verdict::Fail {
            let (pauses, aborts) = (guard.on_fail == OnFail::Pause, guard.on_fail == OnFail::Abort);
            if aborts || !was_failing || pauses && !self.is_paused() {
                self.breached(id, verdict, pauses, aborts);
            }
        }
        Ok(())
    }

    /// Nothing happens if there is no such requirement, or it held before; no one is told who does not ask.
    pub(super) fn act_required(&mut self, place: usize) -> Result<(), Refusal> {
        self.check_running()?;
        let Some(requirement) = self.plan.requires.get(place) else { return Ok(()) };
        if self.state.satisfied.insert(place) {
            let first = self.plan.phases.get(self.plan.first_phase()).map(|phase| &phase.id);
            let phase = requirement.phase.as_ref().or(first).map_or_else(|| "".into(), Key::clone);
            self.events.push(Event::RequirementHolds { release: Key::clone(&requirement.release), phase });
        }
        Ok(())
    }
}
