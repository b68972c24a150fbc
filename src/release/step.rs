//! `start` and `step`: the two doors of the state machine.
//!
//! ```text
//!  input ─▶ ended? ─▶ may they? ─▶ stale? ─▶ the rest ─▶ what the input does ─▶ what follows by itself ─▶ Transition
//!               └────────┴────────────┴─────────┴─▶ Refusal, nothing changed
//! ```
//! In this order, so that who may not act learns nothing but that, and that the release has ended.

use super::look::Look;
use super::run::Run;
use super::{
    Actor, Event, Input, Now, Permission, PhaseState, PhaseStatus, Plan, Refusal, RefusalKind, Seen, State,
    Status, Transition,
};
use crate::model::Key;

/// Starts a release: the phases before `start_at` are skipped, the next one is reached, and everything that can happen at
/// once happens.
///
/// Whether the starter may do so is not asked here; [`start_needs_bypass`] says whether phases are skipped that need more.
#[must_use]
pub fn start(plan: &Plan, now: Now) -> Transition {
    let phases = plan.phases.iter().map(|phase| PhaseState {
        percent: phase.shares().first().map_or(crate::model::Percent::ALL, |share| share.percent),
        ..PhaseState::default()
    });
    let before = State {
        status: Status::Running,
        revision: 0,
        moved: 0,
        phase: 0,
        paused: None,
        phases: phases.collect(),
        guards: std::collections::BTreeMap::new(),
        satisfied: std::collections::BTreeSet::new(),
        rolled_out: false,
        superseded_by: None,
    };
    let mut run = Run::new(plan, before.clone(), now);
    let first = plan.first_phase();
    let start_at = plan.phases.get(first).map_or_else(|| "".into(), |phase| Key::clone(&phase.id));
    run.events.push(Event::Started { start_at });
    for phase in 0..first {
        run.state.phase = phase;
        if let Some(state) = run.current() {
            state.status = PhaseStatus::Skipped;
            state.ended_at = Some(now.wall);
        }
        let bypass = skips_more_than_time(plan, phase);
        run.skipped(&plan.starter, false, bypass);
    }
    if plan.phases.is_empty() {
        run.complete(false, false);
    } else {
        run.enter(first);
        run.advance();
    }
    run.finish(&before)
}

/// Whether starting at `start_at` skips approvals or requirements, which asks for [`Permission::Bypass`] and a reason.
#[must_use]
pub fn start_needs_bypass(plan: &Plan) -> bool {
    (0..plan.first_phase()).any(|phase| skips_more_than_time(plan, phase))
}

fn skips_more_than_time(plan: &Plan, phase: usize) -> bool {
    plan.phases.get(phase).is_some_and(|phase| phase.approvals_needed() > 0)
        || plan.requirements_of(phase).next().is_some()
}

/// What comes of an input, and of the time that has passed.
///
/// Total and pure: for each state and input there is a state or a refusal, always the same for the same arguments.
///
/// # Errors
/// Why the input was refused; then nothing changed, and the state before still counts.
pub fn step(plan: &Plan, state: &State, input: &Input, now: Now) -> Result<Transition, Refusal> {
    let mut run = Run::new(plan, state.clone(), now);
    run.act(input)?;
    run.advance();
    Ok(run.finish(state))
}

/// What an approval of a phase signs: all that was decided, as the plan's digest has it, and the phase.
#[must_use]
pub fn signature(plan: &Plan, phase: &str) -> String {
    format!("{}/{phase}", plan.digest)
}

impl Run<'_> {
    /// Does what the input asks for, without what follows by itself.
    pub(super) fn act(&mut self, input: &Input) -> Result<(), Refusal> {
        match input {
            Input::Abort { by, reason } => self.act_abort(by, reason),
            Input::Applied { phase, step, heard } => self.act_applied(phase, *step, heard),
            Input::Approve { by, seen, signed, comment } => {
                self.act_approve(by, seen, signed.as_deref(), comment.as_deref())
            }
            Input::FullRollOut { by, seen, reason, bypass } => {
                self.act_full_roll_out(by, seen, reason, *bypass)
            }
            Input::Kill { by, feature, environment, reason } => {
                self.act_kill(by, feature, environment, reason)
            }
            Input::Pause { by, reason } => self.act_pause(by, reason.as_deref()),
            Input::Reject { by, seen, reason } => self.act_reject(by, seen, reason),
            Input::Required { requirement } => self.act_required(*requirement),
            Input::Revert { by, reason } => self.act_revert(by, reason),
            Input::Skip { by, seen, reason, bypass } => self.act_skip(by, seen, reason.as_deref(), *bypass),
            Input::Supersede { by, release, reason } => self.act_supersede(by, release, reason.as_deref()),
            Input::Tick => Ok(()),
            Input::Unpause { by, seen, .. } => self.act_unpause(by, seen),
            Input::Verdict { by, guard, verdict, detail } => {
                self.act_verdict(by, guard, *verdict, detail.as_deref())
            }
        }
    }

    /// Refused if the release has ended.
    pub(super) fn check_running(&self) -> Result<(), Refusal> {
        let (status, hint) = match self.state.status {
            Status::Running => return Ok(()),
            Status::Aborted => ("aborted", "start a new release"),
            Status::Completed => ("completed", "revert it, or start a new release"),
            Status::Reverted => ("reverted", "start a new release"),
        };
        Err(Refusal::new(RefusalKind::Terminal, format!("the release has ended: it is {status}")).hint(hint))
    }

    /// Refused unless the actor may do it in every environment of the release.
    pub(super) fn check_everywhere(&self, by: &Actor, permission: Permission) -> Result<(), Refusal> {
        check_may(by, permission, &self.plan.all_environments(), "of the release")
    }

    /// Refused if the release has moved since it was looked at.
    pub(super) fn check_seen(&self, seen: &Seen) -> Result<(), Refusal> {
        let look = self.look();
        let is_current = seen.phase == look.phase_id()
            && (self.state.moved..=self.state.revision).contains(&seen.revision);
        if is_current {
            return Ok(());
        }
        let message = format!(
            "decided on revision {} at phase `{}`, but the release is at revision {} and phase `{}`",
            seen.revision,
            seen.phase,
            self.state.revision,
            look.phase_id()
        );
        Err(Refusal::new(RefusalKind::Stale, message).hint("look at the release again, then decide"))
    }
}

/// Refused unless the actor may do it in each of the environments.
pub(super) fn check_may(
    by: &Actor,
    permission: Permission,
    environments: &[&Key],
    of: &str,
) -> Result<(), Refusal> {
    if by.may(permission, environments.iter().copied()) {
        return Ok(());
    }
    let message = format!("`{}` lacks the permission `{}` in an environment {of}", by.id, permission.name());
    Err(Refusal::new(RefusalKind::Forbidden, message).hint("ask an admin for a role that has it there"))
}

/// Refused if there is no reason.
pub(super) fn check_reason(reason: Option<&str>, what: &str) -> Result<(), Refusal> {
    match reason {
        Some(reason) if !reason.trim().is_empty() => Ok(()),
        _ => Err(Refusal::new(RefusalKind::ReasonRequired, format!("{what} needs a reason"))
            .hint("say why: it is kept in the log")),
    }
}

/// What an action would leap over.
#[derive(Default)]
pub(super) struct Obstacles {
    /// Approvals, requirements, rejections, in words.
    pub(super) unmet: Vec<String>,
    /// A window is closed; when it opens, if it does.
    pub(super) closed: Option<Option<i64>>,
}

impl Obstacles {
    /// Whether it is a bypass; refused if it is and may not be.
    pub(super) fn check(
        &self,
        run: &Run<'_>,
        by: &Actor,
        bypass: bool,
        reason: Option<&str>,
    ) -> Result<bool, Refusal> {
        if self.unmet.is_empty() && self.closed.is_none() {
            return Ok(false);
        }
        if bypass {
            run.check_everywhere(by, Permission::Bypass)?;
            check_reason(reason, "a bypass")?;
            return Ok(true);
        }
        let hint = "mark it as a bypass, which needs a permission and a reason";
        match (self.unmet.as_slice(), self.closed) {
            ([], Some(opens_at)) => {
                let refusal = Refusal::new(RefusalKind::Frozen, "a window holds forward motion");
                Err(Refusal { opens_at, ..refusal }.hint(hint))
            }
            (unmet, _) => {
                let message = format!("it would leap over {}", unmet.join(", "));
                Err(Refusal::new(RefusalKind::NeedsBypass, message).hint(hint))
            }
        }
    }

    /// The unmet conditions of a phase that is not live yet.
    pub(super) fn add_unmet(&mut self, look: Look<'_>, phase: usize) {
        let Some((planned, state)) = look.plan.phases.get(phase).zip(look.state.phases.get(phase)) else {
            return;
        };
        let id = &planned.id;
        if !look.is_approved(phase) {
            self.unmet.push(format!("the approvals of phase `{id}`"));
        }
        if let Some(rejection) = &state.rejection {
            self.unmet.push(format!("the rejection of phase `{id}` by `{}`", rejection.by));
        }
        let open = look.plan.requirements_of(phase).filter(|(at, _)| !look.state.satisfied.contains(at));
        self.unmet
            .extend(open.map(|(_, requirement)| format!("the required release `{}`", requirement.release)));
    }

    /// The instances that hold the phase that it is at, while it propagates.
    pub(super) fn add_holding(&mut self, look: Look<'_>) {
        let Some((planned, state)) = look.current() else { return };
        if let [first, others @ ..] = state.holding() {
            let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            self.unmet
                .push(format!("what instance `{}`{more} reported of phase `{}`", first.instance, planned.id));
        }
    }

    pub(super) fn add_windows(&mut self, windows: &[&super::Windows], wall: i64) {
        if !super::window::all_open(windows, wall) {
            self.closed = Some(super::window::next_opening(windows, wall));
        }
    }
}
