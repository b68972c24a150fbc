//! `release`: starting, looking, acting, watching.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value as Json, json};
use tidegate::release::{Plan, State, Status, Wait};

use super::client::{encode, query};
use super::json::{as_text, at, items, object, scalar, text};
use super::preview::{self, outcome};
use super::start::Start;
use super::time::{duration, instant, instant_of};
use super::{Noun, Remote, Session, read_document, watch};
use crate::failure::{Exit, Failure};

/// Releases: one run of a pipeline for a change
#[derive(Args, Debug)]
pub(crate) struct Releases {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists them, the latest first
    List(List),
    /// Shows one: its phases, what it waits for, what may be done
    Show {
        /// Its id
        id: String,
    },
    /// Starts one for several features and segments at once
    Start(Set),
    /// Approves the entering phase, as it was shown
    Approve {
        /// Its id
        id: String,
        /// What to say with it
        #[arg(long)]
        comment: Option<String>,
    },
    /// Holds the entering phase, until you approve it or it is aborted
    Reject {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Stops everything that moves by itself; what is served stays served
    Pause(Act),
    /// Goes on, with the time that was left
    Unpause(Act),
    /// Ends the current phase: a live one stays live, an entering one is skipped
    Skip(Act),
    /// Ends it; the base is served again everywhere
    Abort {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Completes it now, everywhere
    FullRollOut {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Although approvals, windows or requirements do not hold; marked as a bypass
        #[arg(long)]
        bypass: bool,
    },
    /// Takes a completed release back: the definition before it is live everywhere at once
    Revert {
        /// Its id
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// As a release of its own, phase by phase
        #[arg(long)]
        staged: bool,
    },
    /// Aborts it and starts another from the old base, in one transaction
    Supersede {
        /// Its id
        id: String,
        #[command(flatten)]
        set: Set,
    },
    /// Lists what happened, in order
    History {
        /// Its id
        id: String,
    },
    /// Follows it live, until it ends
    Watch {
        /// Its id
        id: String,
        /// Leave after so long, with exit code 9
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        timeout: Option<u64>,
    },
    /// Tells a verdict of a guard, as a CI job or an alert manager does
    Verdict {
        /// Its id
        id: String,
        /// The guard
        guard: String,
        /// What it is
        #[arg(value_parser = ["pass", "fail", "no_data"])]
        verdict: String,
        /// The number seen, a link, a message
        #[arg(long)]
        detail: Option<String>,
    },
}

#[derive(Args, Debug)]
struct List {
    /// Only in this status: running, completed, aborted, reverted
    #[arg(long)]
    status: Option<String>,
    /// Only of this feature
    #[arg(long)]
    feature: Option<String>,
    /// Only those that touch this environment
    #[arg(long)]
    environment: Option<String>,
    /// Only started or written by them
    #[arg(long)]
    actor: Option<String>,
    /// Only of this pipeline
    #[arg(long)]
    pipeline: Option<String>,
    /// Only started at or after: RFC 3339, or milliseconds since 1970
    #[arg(long, value_parser = crate::args::instant)]
    since: Option<i64>,
    /// Only started before
    #[arg(long, value_parser = crate::args::instant)]
    until: Option<i64>,
    /// Only those that wait for what you can do
    #[arg(long)]
    waiting_for_me: bool,
    /// At most so many
    #[arg(long)]
    limit: Option<usize>,
}

#[derive(Args, Debug)]
struct Act {
    /// Its id
    id: String,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// Although approvals, windows or requirements do not hold; marked as a bypass
    #[arg(long)]
    bypass: bool,
}

#[derive(Args, Debug)]
struct Set {
    /// A feature and the file with its new definition, repeatable; KEY= deletes it
    #[arg(long = "feature", value_name = "KEY=FILE", required_unless_present = "segments")]
    features: Vec<String>,
    /// A segment and the file with its new definition, repeatable; KEY= deletes it
    #[arg(long = "segment", value_name = "KEY=FILE", id = "segments")]
    segments: Vec<String>,
    /// The pipeline; left out, the one that all of them are attached to
    #[arg(long)]
    pipeline: Option<String>,
    /// Abort the releases of them that run, and start from the old bases
    #[arg(long)]
    supersede: bool,
    /// Only show what would happen
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    start: Start,
}

impl Noun for Releases {
    fn remote(&self) -> &Remote {
        &self.remote
    }

    fn act(&self, session: &mut Session) -> Result<Exit, Failure> {
        match &self.verb {
            Verb::List(args) => list(session, args),
            Verb::Show { id } => {
                let body = session.client.get(&path(id))?;
                session.print_one(&body, show)
            }
            Verb::Start(set) => start(session, set, None),
            Verb::Supersede { id, set } => start(session, set, Some(id)),
            Verb::Approve { id, comment } => approve(session, id, comment.as_deref()),
            Verb::Reject { id, reason } => {
                decide(session, id, "reject", Map::from_iter([("reason".into(), json!(reason))]))
            }
            Verb::Pause(args) => act(session, args, "pause"),
            Verb::Unpause(args) => act(session, args, "unpause"),
            Verb::Skip(args) => act(session, args, "skip"),
            Verb::Abort { id, reason } => {
                decide(session, id, "abort", Map::from_iter([("reason".into(), json!(reason))]))
            }
            Verb::FullRollOut { id, reason, bypass } => {
                let mut body = Map::from_iter([("reason".into(), json!(reason))]);
                if *bypass {
                    body.insert("bypass".into(), json!(true));
                }
                decide(session, id, "full-roll-out", body)
            }
            Verb::Revert { id, reason, staged } => {
                let mut body = Map::from_iter([("reason".into(), json!(reason))]);
                if *staged {
                    body.insert("staged".into(), json!(true));
                }
                decide(session, id, "revert", body)
            }
            Verb::History { id } => {
                let list = session.client.list(&format!("{}/history", path(id)), None)?;
                session.print_list(&list, ["AT", "WHO", "WHAT", "REASON"], |one| {
                    [
                        instant_of(one.get("at")),
                        text(one, "actor").or_else(|| text(one, "by")).unwrap_or_default().to_owned(),
                        what_happened(one),
                        text(one, "reason").unwrap_or_default().to_owned(),
                    ]
                })
            }
            Verb::Watch { id, timeout } => watch::run(session, id, *timeout),
            Verb::Verdict { id, guard, verdict, detail } => {
                let body = object([("verdict", json!(verdict)), ("detail", json!(detail))]);
                let path = format!("{}/guards/{}/verdict", path(id), encode(guard));
                let answer = session.client.post(&path, &body)?;
                session.print_answer(&answer, &format!("release {id}: guard {guard} says {verdict}"))
            }
        }
    }
}

pub(super) fn path(id: &str) -> String {
    format!("/releases/{}", encode(id))
}

fn list(session: &mut Session, args: &List) -> Result<Exit, Failure> {
    let query = query([
        ("status", args.status.clone()),
        ("feature", args.feature.clone()),
        ("environment", args.environment.clone()),
        ("actor", args.actor.clone()),
        ("pipeline", args.pipeline.clone()),
        ("since", args.since.map(|at| at.to_string())),
        ("until", args.until.map(|at| at.to_string())),
        ("waiting_for_me", args.waiting_for_me.then(|| "true".to_owned())),
    ]);
    let list = session.client.list(&format!("/releases{query}"), args.limit)?;
    session.print_list(
        &list,
        ["RELEASE", "CHANGES", "PIPELINE", "STATUS", "PHASE", "STARTED", "BY", "WAITING FOR"],
        |one| {
            [
                id_of(one),
                changes(one),
                pipeline(one),
                status(one),
                phase_of(one).unwrap_or_default(),
                instant_of(at(one, "/created_at")),
                at(one, "/plan/starter").or_else(|| at(one, "/starter")).map(scalar).unwrap_or_default(),
                waiting_lines(one.get("waiting_for")).first().cloned().unwrap_or_default(),
            ]
        },
    )
}

/// The id of a release.
pub(super) fn id_of(one: &Json) -> String {
    let id =
        text(one, "id").or_else(|| text(one, "key")).or_else(|| at(one, "/plan/id").and_then(Json::as_str));
    id.unwrap_or_default().to_owned()
}

/// What a release changes: the keys of its features, and of its segments.
pub(super) fn changes(one: &Json) -> String {
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

fn pipeline(one: &Json) -> String {
    let pipeline = at(one, "/plan/pipeline").or_else(|| at(one, "/pipeline"));
    let Some(pipeline) = pipeline else { return String::new() };
    match (text(pipeline, "key"), pipeline.get("version").and_then(as_text)) {
        (Some(key), Some(version)) => format!("{key}@{version}"),
        _ => scalar(pipeline),
    }
}

/// Its status; `paused` if it runs and is paused.
pub(super) fn status(one: &Json) -> String {
    let status = at(one, "/state/status").or_else(|| at(one, "/status")).map(scalar).unwrap_or_default();
    let paused =
        at(one, "/state/paused").or_else(|| at(one, "/paused")).is_some_and(|paused| *paused != json!(false));
    if status == "running" && paused { "paused".to_owned() } else { status }
}

/// The phase that it is at.
pub(super) fn phase_of(one: &Json) -> Option<String> {
    if let Some(place) = at(one, "/state/phase").and_then(Json::as_u64) {
        let id = at(one, &format!("/plan/phases/{place}/id"))?;
        return Some(scalar(id));
    }
    text(one, "phase").map(str::to_owned)
}

fn revision_of(one: &Json) -> Json {
    at(one, "/state/revision").or_else(|| at(one, "/revision")).cloned().unwrap_or(Json::Null)
}

/// What something waits for, a line each.
pub(super) fn waiting_lines(waiting: Option<&Json>) -> Vec<String> {
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
pub(super) fn allowed_actions(one: &Json) -> Vec<String> {
    let actions = items(one, "allowed_actions");
    let names = actions.iter().map(|action| {
        let name = text(action, "action").map_or_else(|| scalar(action), str::to_owned).replace('_', "-");
        let bypass = action.get("needs_bypass").and_then(Json::as_bool) == Some(true);
        if bypass { format!("{name} (as a bypass)") } else { name }
    });
    names.collect()
}

fn show(one: &Json) -> String {
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
    for wait in waiting_lines(one.get("waiting_for")) {
        out.push_str(&format!("waiting for: {wait}\n"));
    }
    let allowed = allowed_actions(one);
    if !allowed.is_empty() {
        out.push_str(&format!("allowed: {}\n", allowed.join(", ")));
    }
    out
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
pub(super) fn phase_lines(one: &Json) -> Vec<String> {
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
            S::Baking | S::Entering | S::Ramping => '▸',
        };
        let mut what = match now.status {
            S::Pending => "pending".to_owned(),
            S::Entering => "entering".to_owned(),
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
fn what_happened(one: &Json) -> String {
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

fn act(session: &mut Session, args: &Act, verb: &str) -> Result<Exit, Failure> {
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
fn decide(session: &mut Session, id: &str, verb: &str, mut body: Map<String, Json>) -> Result<Exit, Failure> {
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

fn approve(session: &mut Session, id: &str, comment: Option<&str>) -> Result<Exit, Failure> {
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
fn told(
    session: &mut Session,
    id: &str,
    verb: &str,
    answer: &super::client::Answer,
) -> Result<Exit, Failure> {
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
fn start(session: &mut Session, set: &Set, superseded: Option<&str>) -> Result<Exit, Failure> {
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
    let shown = session.client.post("/changes/preview", &body)?.body;
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
