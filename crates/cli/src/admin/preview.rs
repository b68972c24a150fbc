//! What a change would do, told before it is made; and what came of it, told after.

use serde_json::Value as Json;

use super::client::Answer;
use super::json::{as_text, at, items, pretty, scalar, strings, text};
use super::time::instant;

/// A preview in lines: environments, phases, the diff, what no phase covers, the pipeline's notice.
pub(super) fn lines(preview: &Json) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    match preview.get("pipeline").filter(|pipeline| !pipeline.is_null()) {
        Some(pipeline) => line(&format!("pipeline: {}", pipeline_name(pipeline))),
        None if preview.get("live_at_once") == Some(&Json::Bool(true)) => {
            line("live at once: no release is needed")
        }
        None => {}
    }
    let environments = strings(preview, "environments");
    if !environments.is_empty() {
        line(&format!("touches: {}", environments.join(", ")));
    }
    let opted_out = strings(preview, "opted_out");
    if !opted_out.is_empty() && preview.get("live_at_once") != Some(&Json::Bool(true)) {
        line(&format!("live at once in: {} (takes no part in pipelines)", opted_out.join(", ")));
    }
    let phases = items(preview, "phases");
    if !phases.is_empty() {
        line("phases:");
        for (number, phase) in phases.iter().enumerate() {
            line(&format!("  {}. {}", number + 1, phase_line(phase)));
        }
    }
    if let Some(diff) = at(preview, "/diff") {
        let diff = diff_lines(diff);
        if !diff.is_empty() {
            line("diff:");
            for text in diff {
                line(&format!("  {text}"));
            }
        }
    }
    for one in items(preview, "uncovered") {
        let environment = text(one, "environment").map_or_else(|| scalar(one), str::to_owned);
        let why = strings(one, "why");
        match text(one, "coverage") {
            Some("partly") => line(&format!("only partly covered: {environment}: {}", why.join("; "))),
            _ => line(&format!("not covered by any phase: {environment} (gets it all at once at the end)")),
        }
    }
    // Of an action: what it would do, in words.
    if at(preview, "/action").is_some() {
        for fact in items(preview, "facts").iter().filter_map(|fact| text(fact, "text")) {
            // The server makes up a reason for its trial.
            line(&format!("then: {}", fact.strip_suffix(": preview").unwrap_or(fact)));
        }
    }
    if let Some(notice) = text(preview, "notice") {
        line(&format!("notice: {notice}"));
    }
    out
}

/// `standard`, or `standard, version 3`.
pub(super) fn pipeline_name(pipeline: &Json) -> String {
    match (text(pipeline, "key"), pipeline.get("version")) {
        (Some(key), Some(version)) if !version.is_null() => format!("{key}, version {}", scalar(version)),
        (Some(key), _) => key.to_owned(),
        _ => scalar(pipeline),
    }
}

fn phase_line(phase: &Json) -> String {
    let Some(id) = text(phase, "id").or_else(|| text(phase, "phase")) else { return scalar(phase) };
    let mut parts = vec![id.to_owned()];
    let environments = strings(phase, "environments");
    if !environments.is_empty() {
        parts.push(format!("in {}", environments.join(", ")));
    }
    if let Some(count) = at(phase, "/entry/approvals/count").and_then(Json::as_u64) {
        parts.push(format!(
            "after {}",
            crate::output::count(usize::try_from(count).unwrap_or(usize::MAX), "approval")
        ));
    }
    if let Some(wait) = at(phase, "/entry/trigger/wait_for_s").and_then(Json::as_u64) {
        parts.push(format!("after {}", super::time::span(wait.saturating_mul(1000))));
    }
    if let Some(at) = at(phase, "/entry/trigger/at") {
        parts.push(format!("not before {}", scalar(at)));
    }
    if let Some(asked) = at(phase, "/propagation") {
        parts.push(crate::admin::json::propagation(asked));
    }
    if let Some(bake) = phase.get("bake_s").and_then(Json::as_u64).filter(|bake| *bake > 0) {
        parts.push(format!("bakes {}", super::time::span(bake.saturating_mul(1000))));
    }
    if at(phase, "/ramp").is_some() {
        parts.push("ramps".to_owned());
    }
    let guards = items(phase, "guards").len();
    if guards > 0 {
        parts.push(crate::output::count(guards, "guard"));
    }
    if phase.get("skipped").and_then(Json::as_bool) == Some(true) {
        parts.push("skipped".to_owned());
    }
    parts.join(", ")
}

/// A diff in lines, whichever of its forms it has: by feature, or a list of places with before and after.
pub(super) fn diff_lines(diff: &Json) -> Vec<String> {
    let mut out = Vec::new();
    collect(diff, "", &mut out);
    out
}

fn collect(diff: &Json, prefix: &str, out: &mut Vec<String>) {
    match diff {
        Json::Null => {}
        Json::Array(changes) => {
            for change in changes {
                collect(change, prefix, out);
            }
        }
        Json::Object(members) => {
            let place = text(diff, "pointer").or_else(|| text(diff, "path")).unwrap_or_default();
            let before = ["before", "old", "from", "base"].into_iter().find_map(|name| members.get(name));
            let after = ["after", "new", "to", "candidate"].into_iter().find_map(|name| members.get(name));
            if before.is_some() || after.is_some() {
                let place = format!("{prefix} {place}").trim().to_owned();
                out.push(if place.is_empty() { "(whole)".to_owned() } else { place });
                side('-', before, out);
                side('+', after, out);
                return;
            }
            for (name, inner) in members {
                match inner {
                    Json::Object(_) | Json::Array(_) => {
                        let prefix =
                            if prefix.is_empty() { name.clone() } else { format!("{prefix} {name}") };
                        collect(inner, &prefix, out);
                    }
                    Json::Null => {}
                    other => out.push(format!("{prefix} {name}: {}", scalar(other)).trim_start().to_owned()),
                }
            }
        }
        other => out.extend(scalar(other).lines().map(str::to_owned)),
    }
}

fn side(sign: char, value: Option<&Json>, out: &mut Vec<String>) {
    if let Some(value) = value.filter(|value| !value.is_null()) {
        let text = if value.to_string().len() <= 100 { scalar(value) } else { pretty(value) };
        out.extend(text.lines().map(|line| format!("{sign} {line}")));
    }
}

/// The release that a write started, or that is active.
pub(super) fn release_of(body: &Json) -> Option<String> {
    let release = at(body, "/release").or_else(|| at(body, "/active_release"))?;
    let id = ["release", "id", "key"].into_iter().find_map(|name| text(release, name));
    id.map(str::to_owned).or_else(|| as_text(release))
}

/// What came of a write, in one line: live at once, a release, a schedule, a proposal.
pub(super) fn outcome(what: &str, answer: &Answer) -> String {
    let body = &answer.body;
    let key = text(body, "key").unwrap_or_default();
    if let Some(release) = at(body, "/release").and_then(|_| release_of(body)) {
        return format!(
            "{what}: release {release} started; follow it with: tidegate release watch {release}"
        );
    }
    if answer.status == 202 && body.get("change").is_some() {
        return match body.get("at").and_then(Json::as_i64) {
            Some(at) => format!("{what}: scheduled for {} as {key}", instant(at)),
            None => format!("{what}: waits for a second person, who says: tidegate proposal approve {key}"),
        };
    }
    if body.get("live_at_once") == Some(&Json::Bool(true)) {
        let revision =
            body.get("definition_revision").map(|revision| format!(", revision {}", scalar(revision)));
        return format!("{what}: live{}", revision.unwrap_or_default());
    }
    format!("{what}: done")
}
