//! A line of the time line.

use serde_json::{Value as Json, json};
use tidegate::release::{Event, Refusal, Verdict, Wait};

use crate::admin::{instant, span};

/// A line of the time line.
#[derive(Debug)]
pub(super) struct Line {
    /// When (ms since 1970).
    pub(super) at: i64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Event(Event),
    /// What somebody wanted to do, and could not.
    Refused(&'static str, Refusal),
    /// What it waits for from now on.
    Wait(Wait),
}

impl Line {
    pub(super) fn at(&self) -> String {
        instant(self.at)
    }

    pub(super) fn after(&self, start: i64) -> String {
        span(u64::try_from(self.at.saturating_sub(start)).unwrap_or(0))
    }

    pub(super) fn what(&self) -> String {
        match &self.what {
            What::Event(event) => event_text(event),
            What::Refused(action, refusal) => format!("{action} refused: {}", refusal.message),
            What::Wait(wait) => format!("  … {wait}"),
        }
    }

    pub(super) fn to_json(&self, start: i64) -> Json {
        let mut json = match &self.what {
            What::Event(event) => json!(event),
            What::Refused(action, refusal) => json!({ "refused": action, "refusal": refusal }),
            What::Wait(wait) => json!(wait),
        };
        if let Json::Object(members) = &mut json {
            members.insert("line_at".to_owned(), json!(self.at));
            members.insert("after_ms".to_owned(), json!(self.at.saturating_sub(start)));
        }
        json
    }
}

fn event_text(event: &Event) -> String {
    let bypass = |bypass: &bool| if *bypass { ", as a bypass" } else { "" };
    match event {
        Event::Aborted { by, reason } => format!("aborted by {by}: {reason}"),
        Event::Approved { phase, by, .. } => format!("{phase}: approved by {by}"),
        Event::AwaitingApproval { phase, count } => {
            format!(
                "{phase}: awaits {}",
                crate::output::count(usize::try_from(*count).unwrap_or(usize::MAX), "approval")
            )
        }
        Event::AppliedHeard { phase, targeted, applied } => {
            format!("{phase}: {applied} of {targeted} instances have applied it")
        }
        Event::Propagated { phase, percent, .. } => format!("{phase}: has propagated at {percent} %"),
        Event::PropagationOverdue { phase, .. } => format!("{phase}: takes too long to propagate"),
        Event::BakeStarted { phase } => format!("{phase}: bake starts"),
        Event::Completed { full_roll_out: true, bypass: as_bypass } => {
            format!("completed by full roll out{}", bypass(as_bypass))
        }
        Event::Completed { .. } => "completed".to_owned(),
        Event::DeadlinePassed { phase } => format!("{phase}: the deadline of the approvals has passed"),
        Event::GuardBreached { guard, paused, aborted, .. } => {
            let then = match (paused, aborted) {
                (_, true) => ": aborts",
                (true, _) => ": pauses",
                _ => ": holds",
            };
            format!("guard {guard} is breached{then}")
        }
        Event::Paused { by, reason } => {
            format!(
                "paused by {by}{}",
                reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default()
            )
        }
        Event::PhaseCompleted { phase } => format!("{phase}: over"),
        Event::PhaseEntered { phase } => format!("{phase}: reached"),
        Event::PhaseSkipped { phase, live, percent, bypass: as_bypass, .. } => {
            let how =
                if *live { format!("skipped; it stays live at {percent} %") } else { "skipped".to_owned() };
            format!("{phase}: {how}{}", bypass(as_bypass))
        }
        Event::PhaseStarted { phase, percent } => format!("{phase}: live at {percent} %"),
        Event::RampStepped { phase, from, to } => format!("{phase}: {from} % -> {to} %"),
        Event::Started { start_at } => format!("starts at {start_at}"),
        Event::Unpaused { by } => format!("unpaused by {by}"),
        Event::VerdictGiven { guard, verdict, .. } => match verdict {
            Verdict::Fail => format!("guard {guard} says fail"),
            Verdict::NoData => format!("guard {guard} has no data"),
            Verdict::Pass => format!("guard {guard} says pass"),
        },
        other => json!(other).to_string(),
    }
}
