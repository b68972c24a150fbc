//! Problem documents (RFC 9457), told to people.

use serde_json::Value as Json;

use super::json::{at, pretty, scalar, strings, text};
use super::release::allowed_actions;
use super::time::instant;
use crate::failure::{Exit, Failure};

/// The failure that a refusal of the server is. `json`: it is told as the document that it is.
pub(super) fn failure(status: u16, body: &str, json: bool, token: bool) -> Failure {
    let exit = if status >= 500 { Exit::Server } else { Exit::Refused };
    let Ok(problem) = serde_json::from_str::<Json>(body) else {
        return Failure::new(exit, format!("the server answered {status}: {}", first_line(body)));
    };
    if json {
        return Failure::Document { exit, text: format!("{problem:#}\n") };
    }
    let failure = Failure::new(exit, message(status, &problem));
    // The server's own hints speak of requests, where this can speak of options.
    let hint = own_hint(status, &problem, token);
    match hint.or_else(|| text(&problem, "hint").map(str::to_owned)) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// What the server cannot know: how the command is told about tokens and revisions.
fn own_hint(status: u16, problem: &Json, token: bool) -> Option<String> {
    let hint = match (status, text(problem, "code")) {
        (401, _) if !token => "no token was given: set TIDEGATE_TOKEN, or use --token-file",
        (401, _) => "is the token revoked or expired, or of another server?",
        (_, Some("needs_bypass")) => "with --bypass and --reason, if you may; it is marked as a bypass",
        (_, Some("release_active")) => "--supersede aborts it, and starts a new one from the old base",
        (_, Some("stale" | "precondition_failed")) => "run the command again: it shows the present state",
        (_, Some("sdk_too_old")) => {
            "update these SDKs first; or give a reason with --force-sdk: they then serve what they can"
        }
        (_, Some("reason_required")) => "give one with --reason",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn message(status: u16, problem: &Json) -> String {
    let detail = text(problem, "detail").or_else(|| text(problem, "title"));
    let mut out = detail.map_or_else(|| format!("the server answered {status}"), str::to_owned);
    if let Some(code) = text(problem, "code") {
        out.push_str(&format!(" [{code}]"));
    }
    if let Some(pointer) = text(problem, "pointer").filter(|pointer| !pointer.is_empty()) {
        out.push_str(&format!("\n  where: {pointer}"));
    }
    if let Some(state) = at(problem, "/state") {
        out.push_str(&format!("\n  state: {}", state_line(state)));
    }
    let allowed = allowed_actions(problem);
    if !allowed.is_empty() {
        out.push_str(&format!("\n  allowed: {}", allowed.join(", ")));
    }
    if let Some(users) = problem.get("users").filter(|users| !users.is_null()) {
        out.push_str("\n  used by:");
        for user in lines(users) {
            out.push_str(&format!("\n    {user}"));
        }
    }
    if let Some(Json::Array(members)) = problem.get("members") {
        for member in members {
            out.push_str(&format!("\n  {}", sdk(member)));
        }
    }
    if let Some(Json::Array(problems)) = problem.get("problems") {
        for one in problems {
            let place = text(one, "pointer").unwrap_or_default();
            let what = text(one, "message")
                .or_else(|| text(one, "detail"))
                .map_or_else(|| scalar(one), str::to_owned);
            let code = text(one, "code").map(|code| format!(" [{code}]")).unwrap_or_default();
            out.push_str(&format!("\n  {place}: {what}{code}"));
        }
    }
    if let Some(opens) = problem.get("opens_at").and_then(Json::as_i64) {
        out.push_str(&format!("\n  opens: {}", instant(opens)));
    }
    if let Some(diff) = problem.get("diff").filter(|diff| !diff.is_null()) {
        out.push_str("\n  diff:");
        for line in pretty(diff).lines() {
            out.push_str(&format!("\n    {line}"));
        }
    }
    out
}

/// An SDK that is too old: `prod: python 1.2.0, shop-7 (3 instances) lacks in_cidr`.
fn sdk(member: &Json) -> String {
    let field = |name| text(member, name).unwrap_or("?");
    let count = match member.get("count").and_then(Json::as_u64) {
        Some(count) if count > 1 => format!(" ({count} instances)"),
        _ => String::new(),
    };
    let operators = strings(member, "operators");
    let lacks = if operators.is_empty() { "this form of documents".to_owned() } else { operators.join(", ") };
    let (environment, instance) = (field("environment"), field("instance"));
    format!("{environment}: {} {}, {instance}{count} lacks {lacks}", field("sdk"), field("version"))
}

/// A state in one line: `running, at phase 2, revision 7`.
fn state_line(state: &Json) -> String {
    let Json::Object(_) = state else { return scalar(state) };
    let mut parts = Vec::new();
    if let Some(status) = text(state, "status") {
        parts.push(status.to_owned());
    }
    if state.get("paused").is_some_and(|paused| !matches!(paused, Json::Null | Json::Bool(false))) {
        parts.push("paused".to_owned());
    }
    if let Some(phase) = state.get("phase") {
        parts.push(format!("at phase {}", scalar(phase)));
    }
    if let Some(revision) = state.get("revision") {
        parts.push(format!("revision {}", scalar(revision)));
    }
    if parts.is_empty() { scalar(state) } else { parts.join(", ") }
}

/// What a list or an object of lists names, a line each.
fn lines(users: &Json) -> Vec<String> {
    match users {
        Json::Array(items) => items.iter().map(user).collect(),
        Json::Object(kinds) => kinds
            .iter()
            .flat_map(|(kind, items)| lines(items).into_iter().map(move |item| format!("{kind}: {item}")))
            .collect(),
        other => vec![scalar(other)],
    }
}

fn user(item: &Json) -> String {
    match (text(item, "kind"), text(item, "key")) {
        (Some(kind), Some(key)) => format!("{kind} `{key}`"),
        _ => scalar(item),
    }
}

fn first_line(body: &str) -> String {
    body.lines().next().unwrap_or_default().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_with_everything_that_helps() {
        let body = r#"{"title": "stale", "code": "stale", "detail": "the release has moved", "pointer": "/revision",
            "state": {"status": "running", "phase": 2, "revision": 7}, "allowed_actions": ["pause", "full_roll_out"],
            "users": [{"kind": "feature", "key": "checkout"}], "opens_at": 0}"#;
        let Failure::Problem { exit, message, hint } = failure(409, body, false, true) else { panic!() };
        assert_eq!(exit, Exit::Refused);
        assert_eq!(
            message,
            "the release has moved [stale]\n  where: /revision\n  state: running, at phase 2, revision 7\n  \
             allowed: pause, full-roll-out\n  used by:\n    feature `checkout`\n  opens: 1970-01-01T00:00:00Z"
        );
        assert!(hint.unwrap().contains("run the command again"));
    }

    #[test]
    fn sdks_that_are_too_old_are_named() {
        let body = r#"{"code": "sdk_too_old", "detail": "too old", "members": [{"environment": "prod", "sdk": "python",
            "version": "1.2.0", "instance": "shop-7", "count": 3, "operators": ["in_cidr"]}]}"#;
        let Failure::Problem { message, hint, .. } = failure(409, body, false, true) else { panic!() };
        assert_eq!(
            message,
            "too old [sdk_too_old]\n  prod: python 1.2.0, shop-7 (3 instances) lacks in_cidr"
        );
        assert!(hint.unwrap().contains("--force-sdk"));
    }

    #[test]
    fn what_is_no_problem_document_is_told_as_well() {
        let Failure::Problem { exit, message, .. } = failure(502, "<html>\nbad", false, true) else {
            panic!()
        };
        assert_eq!((exit, message.as_str()), (Exit::Server, "the server answered 502: <html>"));
    }
}
