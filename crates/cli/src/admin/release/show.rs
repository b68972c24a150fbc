//! What a release looks like in lines.

use serde_json::Value as Json;
use tidegate::release::{Plan, State, Status, Wait};

use crate::admin::json::{as_text, at, items, scalar, text};
use crate::admin::time::instant;

/// The id of a release.
pub(crate) fn id_of(one: &Json) -> String {
    let id =
        text(one, "id").or_else(|| text(one, "key")).or_else(|| at(one, "/plan/id").and_then(Json::as_str));
    id.unwrap_or_default().to_owned()
}

/// What a release changes: the keys of its features, and of its segments.
pub(crate) fn changes(one: &Json) -> String {
    let mut keys = Vec::new();
    for (name, prefix) in [("features", ""), ("segments", "segment:")] {
        match at(one, &format!("/plan/{name}")).or_else(|| at(one, &format!("/{name}"))) {
            Some(Json::Object(members)) => keys.extend(members.keys().map(|key| format!("{prefix}{key}"))),
            Some(Json::Array(list)) => keys.extend(list.iter().map(|key| format!("{prefix}{}", scalar(key)))),
            _ => {}
        }
    }
    keys.join(", ")
}

pub(super) fn pipeline(one: &Json) -> String {
    let pipeline = at(one, "/plan/pipeline").or_else(|| at(one, "/pipeline"));
    let Some(pipeline) = pipeline else { return String::new() };
    match (text(pipeline, "key"), pipeline.get("version").and_then(as_text)) {
        (Some(key), Some(version)) => format!("{key}@{version}"),
        _ => scalar(pipeline),
    }
}

/// Its status; `paused` if it runs and is paused.
pub(crate) fn status(one: &Json) -> String {
    let status = at(one, "/state/status").or_else(|| at(one, "/status")).map(scalar).unwrap_or_default();
    let paused = at(one, "/state/paused")
        .or_else(|| at(one, "/paused"))
        .is_some_and(|paused| *paused != Json::Bool(false));
    if status == "running" && paused { "paused".to_owned() } else { status }
}

/// The phase that it is at.
pub(crate) fn phase_of(one: &Json) -> Option<String> {
    if let Some(place) = at(one, "/state/phase").and_then(Json::as_u64) {
        let id = at(one, &format!("/plan/phases/{place}/id"))?;
        return Some(scalar(id));
    }
    text(one, "phase").map(str::to_owned)
}

pub(super) fn revision_of(one: &Json) -> Json {
    at(one, "/state/revision").or_else(|| at(one, "/revision")).cloned().unwrap_or(Json::Null)
}

/// What something waits for, a line each.
pub(crate) fn waiting_lines(waiting: Option<&Json>) -> Vec<String> {
    let Some(Json::Array(waits)) = waiting else { return Vec::new() };
    waits
        .iter()
        .map(|wait| match serde_json::from_value::<Wait>(wait.clone()) {
            Ok(wait) => wait.to_string(),
            // A wait of a newer server; it may say it in words.
            Err(_) => ["text", "message", "wait"]
                .into_iter()
                .find_map(|name| text(wait, name))
                .map_or_else(|| scalar(wait), str::to_owned),
        })
        .collect()
}

/// What may be done to it now.
pub(crate) fn allowed_actions(one: &Json) -> Vec<String> {
    let actions = items(one, "allowed_actions");
    let names = actions.iter().map(|action| {
        let name = text(action, "action").map_or_else(|| scalar(action), str::to_owned).replace('_', "-");
        let bypass = action.get("needs_bypass").and_then(Json::as_bool) == Some(true);
        if bypass { format!("{name} (as a bypass)") } else { name }
    });
    names.collect()
}

pub(super) fn show(one: &Json) -> String {
    let mut out = String::new();
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() && value != "-" {
            out.push_str(&format!("{label}: {value}\n"));
        }
    };
    line("release", &id_of(one));
    line("description", at(one, "/plan/description").and_then(Json::as_str).unwrap_or_default());
    line("changes", &changes(one));
    line("pipeline", &pipeline(one));
    line("status", &status(one));
    line("revision", &scalar(&revision_of(one)));
    line("started", &started(one));
    if let Some(paused) = at(one, "/state/paused") {
        let reason = text(paused, "reason").map(|reason| format!(": {reason}")).unwrap_or_default();
        line("paused", &format!("by {}{reason}", text(paused, "by").unwrap_or("?")));
    }
    out.push_str("phases:\n");
    for phase in phase_lines(one) {
        out.push_str(&format!("  {phase}\n"));
    }
    for line in exposure_lines(one) {
        out.push_str(&format!("{line}\n"));
    }
    for wait in waiting_lines(one.get("waiting_for")) {
        out.push_str(&format!("waiting for: {wait}\n"));
    }
    let allowed = allowed_actions(one);
    if !allowed.is_empty() {
        out.push_str(&format!("allowed: {}\n", allowed.join(", ")));
    }
    out
}

/// How often which phase served what, and what was given up; nothing if there is nothing to tell.
fn exposure_lines(one: &Json) -> Vec<String> {
    let mut lines = Vec::new();
    let exposures = at(one, "/exposures").unwrap_or(&Json::Null);
    for phase in items(exposures, "phases") {
        for count in items(phase, "counts") {
            let field = |name: &str| count.get(name).map(scalar).unwrap_or_default();
            let phase = text(phase, "phase").unwrap_or_default();
            let [environment, feature, variant] = ["environment", "feature", "variant"].map(field);
            lines.push(format!("  {phase}  {environment}  {feature} = {variant}: {}", field("count")));
        }
    }
    if let Some(Json::Object(lost)) = exposures.get("lost") {
        let lost = lost.iter().filter(|(_, count)| count.as_u64() != Some(0));
        lines.extend(lost.map(|(name, count)| {
            format!("  {name}: {} counts were given up by instances, of whatever", scalar(count))
        }));
    }
    if !lines.is_empty() {
        lines.insert(0, "served:".to_owned());
    }
    lines
}

fn started(one: &Json) -> String {
    let at_ = at(one, "/created_at").and_then(Json::as_i64).map(instant);
    let by = at(one, "/plan/starter").map(scalar);
    match (at_, by) {
        (Some(at_), Some(by)) => format!("{at_} by {by}"),
        (at_, by) => at_.or(by).unwrap_or_default(),
    }
}

/// The phases, a line each, without what counts down.
pub(crate) fn phase_lines(one: &Json) -> Vec<String> {
    let plan = one.get("plan").and_then(|plan| serde_json::from_value::<Plan>(plan.clone()).ok());
    let state = one.get("state").and_then(|state| serde_json::from_value::<State>(state.clone()).ok());
    let (Some(plan), Some(state)) = (plan, state) else {
        // A newer server's; its phases have names at least.
        return items(one, "phases").iter().map(scalar).collect();
    };
    let width = plan.phases.iter().map(|phase| phase.id.chars().count()).max().unwrap_or(0);
    let lines = plan.phases.iter().zip(&state.phases).enumerate().map(|(place, (phase, now))| {
        use tidegate::release::PhaseStatus as S;
        let is_back = matches!(state.status, Status::Aborted | Status::Reverted)
            && !matches!(now.status, S::Pending | S::Skipped | S::Entering);
        let mark = match now.status {
            _ if is_back => '✗',
            S::Entering if state.status != Status::Running => '·',
            S::Done => '✓',
            S::Skipped => '-',
            S::Pending => '·',
            S::Baking | S::Entering | S::Propagating | S::Ramping => '▸',
        };
        let mut what = match now.status {
            S::Pending => "pending".to_owned(),
            S::Entering => "entering".to_owned(),
            S::Propagating => format!("propagating, {} %", now.percent),
            S::Ramping => format!("ramping, {} %", now.percent),
            S::Baking => format!("baking, {} %", now.percent),
            S::Done if now.percent == tidegate::model::Percent::ALL => "done".to_owned(),
            S::Done => format!("done, {} %", now.percent),
            S::Skipped => "skipped".to_owned(),
        };
        if !now.approvals.is_empty() {
            let people: Vec<&str> = now.approvals.iter().map(|approval| &*approval.by).collect();
            what.push_str(&format!(", approved by {}", people.join(", ")));
        }
        if let Some(rejection) = &now.rejection {
            what.push_str(&format!(", rejected by {}: {}", rejection.by, rejection.reason));
        }
        if now.bypassed {
            what.push_str(", as a bypass");
        }
        if is_back {
            what.push_str(", taken back");
        }
        let environments = plan.environments.get(place).map(|some| some.join(", ")).unwrap_or_default();
        let environments =
            if environments.is_empty() { String::new() } else { format!("  [{environments}]") };
        format!("{mark} {:width$}  {what}{environments}", phase.id)
    });
    lines.collect()
}

/// An event of the history in a few words.
pub(super) fn what_happened(one: &Json) -> String {
    let facts: Vec<String> =
        items(one, "facts").iter().filter_map(|fact| text(fact, "text").map(str::to_owned)).collect();
    if !facts.is_empty() {
        return facts.join("; ");
    }
    for name in ["text", "action", "event"] {
        if let Some(what) = text(one, name) {
            let phase = text(one, "phase").map(|phase| format!(" {phase}")).unwrap_or_default();
            return format!("{what}{phase}");
        }
    }
    scalar(one)
}
