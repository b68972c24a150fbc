//! Releases, guards, change requests.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tidegate::release::{Action, Permission};
use utoipa::IntoParams;

use super::Span;
use crate::domain::command::release::{self, Act};
use crate::domain::command::{change, guard};
use crate::domain::entity::Kind;
use crate::domain::{Outcome, Problem, Tx, history};
use crate::http::operation::Access::{May, Step};
use crate::http::operation::{Operation, get, post};
use crate::http::page::{self, Page};
use crate::http::schema::{ChangeRequest, Preview, Release};
use crate::http::view::{Ask, Nothing, Shown};
use crate::propagation;
use crate::store::LogFilter;

const READ: Permission = Permission::Read;

type Run = fn(&mut Tx, &str, Act) -> Result<Outcome, Problem>;

/// path, id, permission, summary, more, function
const ACTIONS: &[(&str, &str, Permission, &str, &str, Run)] = &[
    (
        "/releases/{id}/approve",
        "approve_release",
        Permission::Approve,
        "Approve the phase that a release is entering",
        "`revision` and `phase`: what it was decided on. Twice by one person changes nothing. A phase may name who approves by role or id.",
        release::approve,
    ),
    (
        "/releases/{id}/reject",
        "reject_release",
        Permission::Approve,
        "Hold the phase that a release is entering",
        "Cleared by who rejected, by approving, or by an abort. Needs `reason`, `revision`.",
        release::reject,
    ),
    (
        "/releases/{id}/pause",
        "pause_release",
        Permission::Pause,
        "Pause a release: nothing advances by itself",
        "What is served stays served; timers keep what is left of them. Needs no revision.",
        release::pause,
    ),
    (
        "/releases/{id}/unpause",
        "unpause_release",
        Permission::Drive,
        "Go on with a paused release",
        "Needs `revision`.",
        release::unpause,
    ),
    (
        "/releases/{id}/skip",
        "skip_release",
        Permission::Drive,
        "End the current phase",
        "If live, it stays live with the share that it has; if entering, it is never served. Needs `revision`; past an approval, window or requirement `bypass` and a `reason`.",
        release::skip,
    ),
    (
        "/releases/{id}/abort",
        "abort_release",
        Permission::Drive,
        "Abort a release: the base is served, at once",
        "Needs `reason`, and no revision; passes every window. Twice changes nothing.",
        release::abort,
    ),
    (
        "/releases/{id}/full-roll-out",
        "full_roll_out_release",
        Permission::Drive,
        "Complete a release now, everywhere",
        "Needs `reason`, `revision`; past an approval, window or requirement `bypass`.",
        release::full_roll_out,
    ),
    (
        "/releases/{id}/revert",
        "revert_release",
        Permission::Drive,
        "Take a completed release back",
        "At once, or as a new release (`staged`). Needs `reason`. 409 with the difference if it was edited since.",
        release::revert,
    ),
];

/// Which action is looked at.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Tried {
    /// `abort`, `approve`, `full_roll_out`, `pause`, `reject`, `revert`, `skip` or `unpause`.
    #[param(value_type = String)]
    action: Action,
    /// Whether it passes over approvals, windows and requirements.
    bypass: Option<bool>,
}

/// Which change requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Requests {
    /// Only those that the caller may approve and has not.
    mine: Option<bool>,
    /// How many items, from 1 to 500; 50 if absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

pub(super) fn releases() -> Vec<Operation> {
    let mut operations = vec![
        get("/releases", "list_releases", May(READ), "Releases, the latest first")
            .answer::<Page>(200, "a page of releases")
            .view(|ask, query: release::Query| {
                page::size(query.limit)?;
                Ok(release::list(&ask.world, &ask.caller()?.actor, ask.now, &query)?.into())
            }),
        get(
            "/releases/{id}",
            "show_release",
            May(READ),
            "A release: plan, state, what it waits for, what can be done",
        )
        .answer::<Release>(200, "the release")
        .fetch(|ask, _: Nothing| async move {
            let mut shown = release::view(&ask.world, &ask.caller()?.actor, ask.now, ask.key())?;
            if let Some(now) = ask.app.propagation.of(&ask.world, ask.key(), ask.now).await {
                propagation::show(&mut shown, &now);
            }
            let exposures = super::exposure::of_release(&ask).await?;
            if let Some(members) = shown.as_object_mut() {
                members.insert("exposures".to_owned(), exposures);
            }
            Ok(shown.into())
        }),
        get("/releases/{id}/preview", "preview_release_action", May(READ), "What an action would change")
            .about("Refused like the action itself, so it takes the action's permission.")
            .answer::<Preview>(
                200,
                "where the release would be, and what each environment would be served otherwise",
            )
            .view(|ask, tried: Tried| {
                let mut tx = Tx::new((*ask.world).clone(), ask.caller()?.actor.clone(), ask.now);
                tx.fleet = ask.app.writer.capabilities();
                let act = Act { bypass: tried.bypass.unwrap_or(false), ..Act::default() };
                Ok(release::preview_action(&tx, ask.key(), tried.action, act)?.into())
            }),
        get(
            "/releases/{id}/history",
            "list_release_history",
            May(READ),
            "What happened to a release, from the log",
        )
        .answer::<Page>(200, "a page of events")
        .fetch(|ask, span: Span| async move { told(&ask, &span).await }),
        post(
            "/releases/{id}/supersede",
            "supersede_release",
            Step(Permission::Drive),
            "Abort a release and start another in its place",
        )
        .about("The new one starts from the old base, in the same transaction.")
        .of(Kind::Release)
        .answer::<Release>(200, "the change is live at once")
        .answer::<Release>(202, "the new release brings it")
        .command(|tx, call, body: change::Body| release::supersede(tx, call.key(), body)),
        post(
            "/releases/{id}/guards/{guard}/verdict",
            "give_verdict",
            Step(Permission::Pause),
            "Give a guard a verdict",
        )
        .example(json!({ "verdict": "fail", "detail": "error rate 4.2 %" }))
        .answer::<Release>(200, "it was heard; the release may have been paused or aborted by it")
        .command(|tx, call, body: guard::Push| guard::verdict(tx, call.key(), call.second(), body)),
    ];
    for (path, id, permission, summary, about, run) in ACTIONS {
        let example = json!({ "revision": 4, "reason": "looks well" });
        operations.push(
            post(path, id, Step(*permission), summary)
                .about(about)
                .of(Kind::Release)
                .example(example)
                .answer::<Release>(200, "the release as it is now")
                .answer::<Release>(202, "of a staged revert: the new release")
                .command(|tx, call, body: Act| run(tx, call.key(), body)),
        );
    }
    operations
}

pub(super) fn change_requests() -> Vec<Operation> {
    vec![
        get("/change-requests", "list_change_requests", May(READ), "Phases that await approval")
            .answer::<Page>(200, "a page of change requests")
            .view(|ask, which: Requests| {
                page::size(which.limit)?;
                let (world, actor, mine) = (&ask.world, &ask.caller()?.actor, which.mine.unwrap_or(false));
                Ok(release::change_requests(
                    world,
                    actor,
                    ask.now,
                    mine,
                    which.after.as_deref(),
                    which.limit,
                )?
                .into())
            }),
        get(
            "/change-requests/{release}",
            "show_change_request",
            May(READ),
            "The phase of a release that awaits approval",
        )
        .answer::<ChangeRequest>(200, "the difference, the approvals so far, and what an approval signs")
        .view(|ask, _: Nothing| {
            Ok(release::change_request(&ask.world, &ask.caller()?.actor, ask.now, ask.key())?.into())
        }),
    ]
}

/// Events that are read from the log at once.
const CHUNK: u32 = 500;

/// What happened to a release: the log is read from its start to its last change.
async fn told(ask: &Ask, span: &Span) -> Result<Shown, Problem> {
    let size = page::size(span.limit)?;
    let id = ask.key();
    let missing = || Problem::not_found("release", id);
    let start = ask.world.releases.get(id).ok_or_else(missing)?.revision;
    let end = ask.world.release_states.get(id).ok_or_else(missing)?.revision;
    let mut after = match &span.after {
        None => start - 1,
        Some(after) => after.parse::<u64>().map_err(|_| {
            Problem::new(crate::domain::Code::BadRequest, "expected `after` to be the number of an event")
        })?,
    };
    after = after.max(start - 1);
    let mut items: Vec<(String, Json)> = Vec::new();
    while after < end && items.len() <= size {
        let filter =
            LogFilter { after: Some(after), before: Some(end + 1), limit: CHUNK, ..LogFilter::default() };
        let entries = ask.app.store.log(&filter).await.map_err(|e| e.problem())?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        for entry in &entries {
            let event = entry.event().map_err(|e| e.problem())?;
            items.extend(history::entry(&event, id).map(|told| (event.seq.to_string(), json!(told))));
        }
    }
    Ok(page::page(items, span.limit)?.into())
}
