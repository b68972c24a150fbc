//! What is done to a release: shown first, asked, and sent with the revision and phase that were shown.

use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};

use super::show::{changes, id_of, phase_of, revision_of, status, waiting_lines};
use super::{Act, Set, path};
use crate::admin::client::{Answer, Method, encode};
use crate::admin::json::{at, object, scalar, text};
use crate::admin::preview::{self, outcome};
use crate::admin::{Session, read_document};
use crate::failure::{Exit, Failure};

pub(super) fn act(session: &mut Session, args: &Act, verb: &str) -> Result<Exit, Failure> {
    let mut body = Map::new();
    if let Some(reason) = &args.reason {
        body.insert("reason".into(), json!(reason));
    }
    if args.bypass {
        body.insert("bypass".into(), json!(true));
    }
    decide(session, &args.id, verb, body)
}

/// Shows what it is about, asks, and sends with the revision and phase that were shown.
pub(super) fn decide(
    session: &mut Session,
    id: &str,
    verb: &str,
    mut body: Map<String, Json>,
) -> Result<Exit, Failure> {
    let before = session.client.get(&path(id))?;
    body.insert("revision".into(), revision_of(&before));
    body.insert("phase".into(), json!(phase_of(&before)));
    body.retain(|_, value| !value.is_null());
    if !session.is_json() {
        let bypass = if body.contains_key("bypass") { "&bypass=true" } else { "" };
        let action = verb.replace('-', "_");
        let preview = session.client.find(&format!("{}/preview?action={action}{bypass}", path(id)));
        // What the action would change is worth a look; the action does not depend on it.
        let preview = preview.ok().flatten();
        session.say(&about(&before, verb))?;
        if let Some(preview) = preview {
            session.say(preview::lines(&preview).trim_end())?;
        }
    }
    session.confirm(&format!("{} release {id}?", words(verb)))?;
    let answer = session.client.post(&format!("{}/{verb}", path(id)), &Json::Object(body))?;
    told(session, id, verb, &answer)
}

/// Where the release is, in a line or two.
fn about(before: &Json, verb: &str) -> String {
    let mut out = format!("release {} of {}: {}", id_of(before), changes(before), status(before));
    if let Some(phase) =
        phase_of(before).filter(|_| status(before) == "running" || status(before) == "paused")
    {
        out.push_str(&format!(", at {phase}"));
    }
    if matches!(verb, "skip" | "unpause") {
        for wait in waiting_lines(before.get("waiting_for")) {
            out.push_str(&format!("\nwaiting for: {wait}"));
        }
    }
    out
}

pub(super) fn approve(session: &mut Session, id: &str, comment: Option<&str>) -> Result<Exit, Failure> {
    let request = session.client.find(&format!("/change-requests/{}", encode(id)))?;
    let before = session.client.get(&path(id))?;
    let mut body = Map::new();
    body.insert("revision".into(), revision_of(&before));
    body.insert("phase".into(), json!(phase_of(&before)));
    body.insert("comment".into(), json!(comment));
    let signed = request.as_ref().and_then(|request| text(request, "signed"));
    body.insert("signed".into(), json!(signed));
    body.retain(|_, value| !value.is_null());
    if !session.is_json() {
        session.say(&about(&before, "approve"))?;
        if let Some(request) = &request {
            session.say(preview::lines(request).trim_end())?;
        }
    }
    let phase = phase_of(&before).unwrap_or_default();
    session.confirm(&format!("Approve phase {phase} of release {id}?"))?;
    let answer = session.client.post(&format!("{}/approve", path(id)), &Json::Object(body))?;
    told(session, id, "approve", &answer)
}

/// What came of an action: where the release is now.
fn told(session: &mut Session, id: &str, verb: &str, answer: &Answer) -> Result<Exit, Failure> {
    if session.is_json() {
        session.output.json(&answer.body)?;
        return Ok(Exit::Done);
    }
    if verb == "revert"
        && let Some(release) = preview::release_of(&answer.body).filter(|release| release != id)
    {
        session.say(&format!("release {id}: reverted by release {release}"))?;
        return Ok(Exit::Done);
    }
    // Actions answer with the release; where one does not, it is asked.
    let shown = if at(&answer.body, "/state/status").is_some() {
        answer.body.clone()
    } else {
        session.client.get(&path(id))?
    };
    let mut line = format!("release {id}: {}", status(&shown));
    if matches!(status(&shown).as_str(), "running" | "paused")
        && let Some(phase) = phase_of(&shown)
    {
        line.push_str(&format!(", at {phase}"));
        let place = at(&shown, "/state/phase").and_then(Json::as_u64).unwrap_or(0);
        if let Some(status) = at(&shown, &format!("/state/phases/{place}/status")) {
            line.push_str(&format!(" ({})", scalar(status)));
        }
    }
    for name in ["already_approved", "already"] {
        if answer.body.get(name).and_then(Json::as_bool) == Some(true) {
            line.push_str("; you had approved already");
        }
    }
    session.say(&line)?;
    for wait in waiting_lines(shown.get("waiting_for")) {
        session.say(&format!("waiting for: {wait}"))?;
    }
    Ok(Exit::Done)
}

fn words(verb: &str) -> &'static str {
    match verb {
        "abort" => "Abort",
        "full-roll-out" => "Complete, everywhere and now,",
        "pause" => "Pause",
        "reject" => "Reject the entering phase of",
        "revert" => "Revert",
        "skip" => "Skip the current phase of",
        _ => "Unpause",
    }
}

/// Starts a release of several; with `superseded`, in the place of another.
pub(super) fn start(session: &mut Session, set: &Set, superseded: Option<&str>) -> Result<Exit, Failure> {
    let mut features = Map::new();
    let mut segments = Map::new();
    let mut revisions = Map::new();
    for (list, out, path, prefix) in [
        (&set.features, &mut features, "/features", ""),
        (&set.segments, &mut segments, "/segments", "segment:"),
    ] {
        for pair in list {
            let Some((key, file)) = pair.split_once('=').filter(|(key, _)| !key.is_empty()) else {
                return Err(Failure::usage(format!("`{pair}` is no KEY=FILE")));
            };
            let definition = if file.is_empty() { Json::Null } else { read_document(&PathBuf::from(file))? };
            if out.insert(key.to_owned(), definition).is_some() {
                return Err(Failure::usage(format!("`{key}` is given twice")));
            }
            if let Some(before) = session.client.find(&format!("{path}/{}", encode(key)))? {
                let revision = before.get("definition_revision").cloned().unwrap_or(Json::Null);
                revisions.insert(format!("{prefix}{key}"), revision);
            }
        }
    }
    let some = |map: Map<String, Json>| if map.is_empty() { Json::Null } else { Json::Object(map) };
    let supersede = if set.supersede || superseded.is_some() { json!(true) } else { Json::Null };
    let body = object([
        ("features", some(features)),
        ("segments", some(segments)),
        ("pipeline", json!(set.pipeline)),
        ("base_revisions", some(revisions)),
        ("supersede", supersede),
        ("start", set.start.to_json()?),
    ]);
    let shown = session.client.ask(&Method::POST, "/changes/preview", &body)?;
    if !session.is_json() || set.dry_run {
        session.print_one(&shown, preview::lines)?;
    }
    if set.dry_run {
        return Ok(Exit::Done);
    }
    session.confirm("Start the release?")?;
    let answer = match superseded {
        Some(id) => session.client.post(&format!("{}/supersede", path(id)), &body)?,
        None => session.client.post("/changes", &body)?,
    };
    session.print_answer(&answer, &outcome("change", &answer))
}
