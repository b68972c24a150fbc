//! What an actor can do to a release now: what `step` would not refuse.

use serde::{Deserialize, Serialize};

use super::look::Look;
use super::run::Run;
use super::{Action, Actor, Input, Now, Plan, RefusalKind, Seen, State};
use crate::model::Key;

/// An action that would do something now.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// The action.
    pub action: Action,
    /// It leaps over an approval, a window or another condition: it must be marked as a bypass.
    pub needs_bypass: bool,
    /// It needs a reason.
    pub needs_reason: bool,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 9] = [
        Self::Abort,
        Self::Approve,
        Self::FullRollOut,
        Self::Pause,
        Self::Reject,
        Self::Revert,
        Self::Skip,
        Self::Supersede,
        Self::Unpause,
    ];

    /// The input of somebody who has just looked, with a reason if it is given one.
    fn input(self, by: &Actor, seen: Seen, reason: &str, bypass: bool) -> Input {
        let (by, reason) = (by.clone(), reason.to_owned());
        match self {
            Self::Abort => Input::Abort { by, reason },
            Self::Approve => Input::Approve { by, seen, signed: None, comment: None },
            Self::FullRollOut => Input::FullRollOut { by, seen, reason, bypass },
            Self::Pause => Input::Pause { by, reason: Some(reason) },
            Self::Reject => Input::Reject { by, seen, reason },
            Self::Revert => Input::Revert { by, reason },
            Self::Skip => Input::Skip { by, seen, reason: Some(reason), bypass },
            Self::Supersede => Input::Supersede { by, release: "".into(), reason: Some(reason) },
            Self::Unpause => Input::Unpause { by, seen, reason: Some(reason) },
        }
    }
}

/// What the actor can do now, in the order of [`Action::ALL`]; what would be refused or do nothing is not in it.
///
/// It tries each on the state, so that it cannot disagree with [`super::step`].
#[must_use]
pub fn allowed_actions(plan: &Plan, state: &State, actor: &Actor, now: Now) -> Vec<Allowed> {
    let seen = Seen { revision: state.revision, phase: Look { plan, state, now }.phase_id() };
    let tries = |action: Action, reason: &str, bypass: bool| {
        let mut run = Run::new(plan, state.clone(), now);
        let done =
            run.act(&action.input(actor, Seen { phase: Key::clone(&seen.phase), ..seen }, reason, bypass));
        done.map(|()| run.state != *state).map_err(|refusal| refusal.kind)
    };
    let allowed = |action| {
        let needs_bypass = match tries(action, "reason", false) {
            Ok(true) => false,
            Err(RefusalKind::Frozen | RefusalKind::NeedsBypass) => {
                tries(action, "reason", true).ok().filter(|does| *does)?
            }
            _ => return None,
        };
        let needs_reason = tries(action, "", needs_bypass) == Err(RefusalKind::ReasonRequired);
        Some(Allowed { action, needs_bypass, needs_reason })
    };
    Action::ALL.into_iter().filter_map(allowed).collect()
}
