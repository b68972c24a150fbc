//! Approving and rejecting the phase that is being entered.

use super::run::Run;
use super::step::{check_may, check_reason, signature};
use super::{
    Actor, ActorKind, Approval, Event, Permission, PhaseStatus, Refusal, RefusalKind, Rejection, Seen,
};
use crate::model::Key;

impl Run<'_> {
    pub(super) fn act_approve(
        &mut self,
        by: &Actor,
        seen: &Seen,
        signed: Option<&str>,
        comment: Option<&str>,
    ) -> Result<(), Refusal> {
        let phase = self.check_approver(by, seen)?;
        let current = signature(self.plan, &phase);
        if signed.is_some_and(|signed| signed != current) {
            let message =
                format!("the approval was made on another content than the release has: `{current}`");
            return Err(Refusal::new(RefusalKind::SignedOther, message).hint("look at the change again"));
        }
        let counts = !self.is_self(by);
        let wall = self.now.wall;
        let Some(state) = self.current() else { return Ok(()) };
        let clears = state.rejection.as_ref().is_some_and(|rejection| rejection.by == by.id);
        if !counts && !clears {
            let message = format!("`{}` wrote the change or started the release", by.id);
            return Err(
                Refusal::new(RefusalKind::SelfApproval, message).hint("somebody else must approve it")
            );
        }
        if clears {
            state.rejection = None;
        }
        let already = state.approvals.iter().any(|approval| approval.by == by.id);
        if counts && !already {
            state.approvals.push(Approval {
                by: Key::clone(&by.id),
                at: wall,
                signed: current.clone(),
                comment: comment.map(str::to_owned),
            });
        }
        if clears {
            self.events.push(Event::RejectionCleared { phase: Key::clone(&phase), by: Key::clone(&by.id) });
        }
        if counts && !already {
            self.events.push(Event::Approved { phase, by: Key::clone(&by.id), signed: current, already });
        }
        Ok(())
    }

    pub(super) fn act_reject(&mut self, by: &Actor, seen: &Seen, reason: &str) -> Result<(), Refusal> {
        let phase = self.check_approver(by, seen)?;
        check_reason(Some(reason), "a rejection")?;
        let wall = self.now.wall;
        let Some(state) = self.current() else { return Ok(()) };
        match &state.rejection {
            Some(rejection) if rejection.by == by.id => return Ok(()),
            Some(rejection) => {
                let message = format!("phase `{phase}` is already rejected by `{}`", rejection.by);
                let hint = "it stays held until they approve it; to end it, abort the release";
                return Err(Refusal::new(RefusalKind::AlreadyRejected, message).hint(hint));
            }
            None => {}
        }
        // Who rejects takes their approval back. A wait that began with it begins anew.
        let had = state.approvals.len();
        state.approvals.retain(|approval| approval.by != by.id);
        let is_withdrawn = state.approvals.len() < had;
        state.rejection = Some(Rejection { by: Key::clone(&by.id), at: wall, reason: reason.to_owned() });
        if is_withdrawn && !self.look().is_approved(self.state.phase) {
            self.stop_wait_after_approval();
        }
        self.events.push(Event::Rejected { phase, by: Key::clone(&by.id), reason: reason.to_owned() });
        Ok(())
    }

    fn stop_wait_after_approval(&mut self) {
        let planned = self.plan.phases.get(self.state.phase);
        let is_after = planned.is_some_and(|planned| planned.entry.trigger.wait_after_approval);
        if is_after && let Some(state) = self.current() {
            state.timer = None;
        }
    }

    /// The phase that is being entered, if the actor may approve or reject it.
    fn check_approver(&self, by: &Actor, seen: &Seen) -> Result<Key, Refusal> {
        self.check_running()?;
        let environments: Vec<&Key> = self.plan.environments_of(self.state.phase).iter().collect();
        check_may(by, Permission::Approve, &environments, "of the phase")?;
        let look = self.look();
        let planned = self.plan.phases.get(self.state.phase);
        let approvals = planned.and_then(|planned| planned.entry.approvals.as_ref());
        let is_named = approvals.is_some_and(|approvals| approvals.services.contains(&by.id));
        let may_count = match by.kind {
            ActorKind::Person => true,
            ActorKind::Service => is_named,
            ActorKind::System => false,
        };
        if !may_count {
            let message = format!("`{}` is not a person, and the phase does not name it", by.id);
            return Err(Refusal::new(RefusalKind::Forbidden, message).hint("approvals are for people"));
        }
        if let Some(role) = approvals.and_then(|approvals| approvals.role)
            && !by.has_role(role, environments.iter().copied())
        {
            let message =
                format!("`{}` lacks the role `{}` in an environment of the phase", by.id, role.name());
            return Err(Refusal::new(RefusalKind::Forbidden, message).hint("the phase asks for that role"));
        }
        self.check_seen(seen)?;
        let phase = look.phase_id();
        match look.status_of(self.state.phase) {
            PhaseStatus::Entering => Ok(phase),
            _ => Err(Refusal::new(RefusalKind::NotEntering, format!("phase `{phase}` has started already"))),
        }
    }

    /// Whether the actor is the author or the starter, and the phase does not allow that.
    fn is_self(&self, by: &Actor) -> bool {
        let planned = self.plan.phases.get(self.state.phase);
        let approvals = planned.and_then(|planned| planned.entry.approvals.as_ref());
        let is_allowed = approvals.is_some_and(|approvals| approvals.self_approval);
        !is_allowed && (by.id == self.plan.author || by.id == self.plan.starter)
    }
}
