//! What is told of a release's steps, in words for people and names for webhooks.

use serde_json::{Value as Json, json};
use tidegate::model::Key;
use tidegate::release::{Event, NoneLive, OnTimeout, Plan, State};

use super::effects;
use super::event::Fact;

/// Flagsmith's name of a phase that went live.
const FLAG_UPDATED: &str = "FEATURE_STATE_UPDATED_BY_RELEASE_PIPELINE_MESSAGE";
/// Flagsmith's name of a ramp that began.
const RAMP_CREATED: &str = "PHASED_ROLLOUT_CREATED_MESSAGE";
/// Flagsmith's name of a ramp that grew.
const RAMP_UPDATED: &str = "PHASED_ROLLOUT_STATE_UPDATED_MESSAGE";

/// What is told of an event of a release.
pub(crate) fn of(plan: &Plan, state: &State, event: &Event) -> Fact {
    let (name, what) = words(event);
    let about = about(event);
    let phase = about.or_else(|| plan.phases.get(state.phase).map(|phase| &phase.id));
    let place = phase.and_then(|id| plan.phases.iter().position(|phase| phase.id == *id));
    let environments = match (about, place.and_then(|place| plan.environments.get(place))) {
        (Some(_), Some(environments)) => environments.clone(),
        _ => effects::environments(plan),
    };
    let ramps = place.and_then(|place| plan.phases.get(place)).is_some_and(|phase| phase.ramp.is_some());
    let flagsmith = match event {
        Event::PhaseStarted { .. } if ramps => Some(RAMP_CREATED),
        Event::PhaseStarted { .. } => Some(FLAG_UPDATED),
        Event::RampStepped { .. } => Some(RAMP_UPDATED),
        _ => None,
    };
    let mut data = serde_json::to_value(event).unwrap_or(Json::Null);
    if let Json::Object(members) = &mut data {
        members.remove("event");
        members.insert("pipeline".to_owned(), json!(plan.pipeline));
        members.insert("revision".to_owned(), json!(state.revision));
    }
    Fact {
        name: name.to_owned(),
        flagsmith: flagsmith.map(str::to_owned),
        release: Some(Key::clone(&plan.id)),
        features: plan.features.keys().cloned().collect(),
        environments,
        text: format!("release `{}`: {what}", plan.id),
        data,
    }
}

/// A fact about a feature.
pub(crate) fn feature(name: &str, key: &Key, text: String) -> Fact {
    Fact { features: vec![Key::clone(key)], ..plain(name, text, Json::Null) }
}

/// A fact about a segment.
pub(crate) fn segment(name: &str, key: &Key, text: String) -> Fact {
    plain(name, text, json!({ "segment": key }))
}

/// A fact about nothing in particular.
pub(crate) fn plain(name: &str, text: String, data: Json) -> Fact {
    Fact {
        name: name.to_owned(),
        flagsmith: None,
        release: None,
        features: Vec::new(),
        environments: Vec::new(),
        text,
        data,
    }
}

/// The phase that an event is about.
fn about(event: &Event) -> Option<&Key> {
    match event {
        Event::PhaseEntered { phase }
        | Event::AwaitingApproval { phase, .. }
        | Event::Approved { phase, .. }
        | Event::Rejected { phase, .. }
        | Event::RejectionCleared { phase, .. }
        | Event::DeadlinePassed { phase }
        | Event::RequirementHolds { phase, .. }
        | Event::PhaseStarted { phase, .. }
        | Event::RampStepped { phase, .. }
        | Event::AppliedHeard { phase, .. }
        | Event::PropagationHeld { phase, .. }
        | Event::PropagationWarned { phase, .. }
        | Event::PropagationOverdue { phase, .. }
        | Event::Propagated { phase, .. }
        | Event::BakeStarted { phase }
        | Event::PhaseCompleted { phase }
        | Event::PhaseSkipped { phase, .. } => Some(phase),
        _ => None,
    }
}

/// The name of an event, and what happened.
fn words(event: &Event) -> (&'static str, String) {
    let with = |reason: &Option<String>| reason.as_ref().map_or_else(String::new, |r| format!(": {r}"));
    let bypass = |bypass: &bool| if *bypass { ", by a bypass" } else { "" };
    match event {
        Event::Started { start_at } => ("release.started", format!("started at phase `{start_at}`")),
        Event::PhaseEntered { phase } => ("phase.entered", format!("reached phase `{phase}`")),
        Event::AwaitingApproval { phase, count } => {
            ("release.awaiting_approval", format!("phase `{phase}` needs {count} approval(s)"))
        }
        Event::Approved { phase, by, .. } => ("release.approved", format!("`{by}` approved phase `{phase}`")),
        Event::Rejected { phase, by, reason } => {
            ("release.rejected", format!("`{by}` rejected phase `{phase}`: {reason}"))
        }
        Event::RejectionCleared { phase, by } => {
            ("release.rejection_cleared", format!("`{by}` no longer holds phase `{phase}`"))
        }
        Event::DeadlinePassed { phase } => {
            ("approval.overdue", format!("the approvals of phase `{phase}` are overdue"))
        }
        Event::RequirementHolds { release, phase } => (
            "release.requirement_holds",
            format!("release `{release}`, which phase `{phase}` waited for, is there"),
        ),
        Event::PhaseStarted { phase, percent } => {
            ("phase.started", format!("phase `{phase}` is live at {percent} %"))
        }
        Event::RampStepped { phase, from, to } => {
            ("ramp.stepped", format!("phase `{phase}` went from {from} % to {to} %"))
        }
        Event::AppliedHeard { phase, targeted, applied } => {
            ("propagation.applied", format!("{applied} of {targeted} instances have applied phase `{phase}`"))
        }
        Event::PropagationHeld { phase, holding } => {
            let names: Vec<String> = holding.iter().map(|one| format!("`{}`", one.instance)).collect();
            ("propagation.held", format!("phase `{phase}` is held by {}", names.join(", ")))
        }
        Event::PropagationWarned { phase, then } => {
            let then = match then {
                NoneLive::GoOn => "it goes on",
                NoneLive::Hold => "it waits for one",
            };
            ("propagation.none_live", format!("no instance is live that phase `{phase}` is for: {then}"))
        }
        Event::PropagationOverdue { phase, then } => {
            let then = match then {
                OnTimeout::Abort => "; the release aborts",
                OnTimeout::Hold => "; it waits on",
                OnTimeout::Pause => "; the release pauses",
            };
            ("propagation.overdue", format!("phase `{phase}` takes too long to propagate{then}"))
        }
        Event::Propagated { phase, percent, targeted, applied } => (
            "propagation.done",
            format!("phase `{phase}` has propagated at {percent} %: {applied} of {targeted} instances"),
        ),
        Event::BakeStarted { phase } => ("bake.started", format!("phase `{phase}` bakes")),
        Event::PhaseCompleted { phase } => ("phase.completed", format!("phase `{phase}` is over")),
        Event::PhaseSkipped { phase, by, live, percent, bypass: bypassed } => {
            let stays = if *live { format!("stays live at {percent} %") } else { "is not served".to_owned() };
            ("phase.skipped", format!("`{by}` skipped phase `{phase}`, which {stays}{}", bypass(bypassed)))
        }
        Event::Paused { by, reason } => ("release.paused", format!("`{by}` paused it{}", with(reason))),
        Event::Unpaused { by } => ("release.unpaused", format!("`{by}` unpaused it")),
        Event::VerdictGiven { guard, verdict, by, .. } => {
            ("guard.verdict", format!("guard `{guard}` said {} (`{by}`)", name(verdict)))
        }
        Event::GuardBreached { guard, verdict, paused, aborted } => {
            let then = match (paused, aborted) {
                (_, true) => "; the release aborts",
                (true, _) => "; the release pauses",
                _ => "; the release holds",
            };
            ("guard.breached", format!("guard `{guard}` said {}{then}", name(verdict)))
        }
        Event::Killed { feature, environment, by } => {
            ("release.feature_killed", format!("`{by}` killed feature `{feature}` in `{environment}`"))
        }
        Event::Aborted { by, reason } => ("release.aborted", format!("`{by}` aborted it: {reason}")),
        Event::Superseded { by, release } => {
            ("release.superseded", format!("`{by}` started release `{release}` in its place"))
        }
        Event::Completed { full_roll_out, bypass: bypassed } => {
            let how = if *full_roll_out { "rolled out in full" } else { "completed" };
            ("release.completed", format!("{how}{}", bypass(bypassed)))
        }
        Event::Reverted { by, reason } => ("release.reverted", format!("`{by}` took it back: {reason}")),
        _ => ("release.changed", "changed".to_owned()),
    }
}

/// A value as it is written in JSON.
fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Json::String(text)) => text.replace('_', " "),
        _ => String::new(),
    }
}
