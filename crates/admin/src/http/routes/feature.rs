//! Features, segments, several of them at once, and what is scheduled.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tidegate::release::Permission::{Kill as MayKill, Read, Write};
use utoipa::IntoParams;

use super::Span;
use crate::domain::command::attachment::SetPipeline;
use crate::domain::command::kill::{self, Kill, Unkill};
use crate::domain::command::schedule::{self, Cancel};
use crate::domain::command::{change, feature, segment};
use crate::domain::entity::{Kind, ScheduleStatus};
use crate::domain::{Code, Problem, history};
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, delete, get, post, put};
use crate::http::page::{self, Page};
use crate::http::schema::{Exposures, Feature, Preview, Schedule, Segment};
use crate::http::view::{Ask, Nothing, Shown};
use crate::store::{Entry, LogFilter};

const TOUCHES: &str = "200: it is live. 202: a release brings it, see `release`; or it was scheduled, see `at`. `dry_run` only tells what it would do.";

pub(super) fn features() -> Vec<Operation> {
    vec![
        get("/features", "list_features", May(Read), "Features")
            .answer::<Page>(200, "a page of features")
            .view(|ask, query: feature::Query| {
                page::size(query.limit)?;
                Ok(feature::list(&ask.world, &ask.caller()?.actor, ask.now, &query)?.into())
            }),
        post("/features", "create_feature", May(Write), "Make a feature")
            .about(TOUCHES)
            .example(json!({ "key": "new-checkout", "definition": { "kind": "gate" }, "pipeline": "standard" }))
            .answer::<Feature>(200, "it would be made (`dry_run`)")
            .answer::<Feature>(201, "it was made and is live")
            .answer::<Feature>(202, "a release brings it")
            .command(|tx, _, body: feature::Create| feature::create(tx, body)),
        get("/features/{key}", "show_feature", May(Read), "A feature, its active release and where it is killed")
            .answer::<Feature>(200, "the feature")
            .view(|ask, _: Nothing| Ok(feature::view(&ask.world, &ask.caller()?.actor, ask.now, ask.key())?.into())),
        put("/features/{key}", "save_feature", May(Write), "Change the definition of a feature")
            .about(TOUCHES)
            .of(Kind::Feature)
            .example(json!({ "definition": { "kind": "gate", "enabled": true }, "base_revision": 1 }))
            .answer::<Feature>(200, "it is live")
            .answer::<Feature>(202, "a release brings it")
            .command(|tx, call, body: feature::Save| feature::save(tx, call.key(), body)),
        post("/features/{key}/preview", "preview_feature", May(Write), "What a change of a feature would do")
            .answer::<Preview>(200, "phases, environments, differences, what no phase covers, the pipeline's notice")
            .trial(|tx, call, body: feature::Save| feature::preview(tx, call.key(), body)),
        post("/features/{key}/enable", "enable_feature", May(Write), "Enable a feature")
            .about(TOUCHES)
            .of(Kind::Feature)
            .answer::<Feature>(200, "it is live")
            .answer::<Feature>(202, "a release brings it")
            .command(|tx, call, body: feature::Switch| feature::enable(tx, call.key(), body)),
        post("/features/{key}/disable", "disable_feature", May(Write), "Disable a feature")
            .about(TOUCHES)
            .of(Kind::Feature)
            .answer::<Feature>(200, "it is live")
            .answer::<Feature>(202, "a release brings it")
            .command(|tx, call, body: feature::Switch| feature::disable(tx, call.key(), body)),
        post("/features/{key}/resalt", "resalt_feature", May(Write), "Draw everybody's buckets anew")
            .about(TOUCHES)
            .of(Kind::Feature)
            .answer::<Feature>(200, "it is live")
            .answer::<Feature>(202, "a release brings it")
            .command(|tx, call, body: feature::Resalt| feature::resalt(tx, call.key(), body)),
        post("/features/{key}/archive", "archive_feature", May(Write), "Archive a feature that nothing uses")
            .about(TOUCHES)
            .of(Kind::Feature)
            .answer::<Feature>(200, "it is live")
            .answer::<Feature>(202, "a release brings it")
            .command(|tx, call, body: feature::Simple| feature::archive(tx, call.key(), body)),
        post("/features/{key}/unarchive", "unarchive_feature", May(Write), "Take a feature out of the archive")
            .about(TOUCHES)
            .of(Kind::Feature)
            .answer::<Feature>(200, "it is live")
            .answer::<Feature>(202, "a release brings it")
            .command(|tx, call, body: feature::Simple| feature::unarchive(tx, call.key(), body)),
        post("/features/{key}/launch", "launch_feature", May(Write), "End an experiment: everyone gets a variant")
            .about(TOUCHES)
            .of(Kind::Feature)
            .example(json!({ "variant": "blue" }))
            .answer::<Feature>(200, "it is live")
            .answer::<Feature>(202, "a release brings it")
            .command(|tx, call, body: feature::Launch| feature::launch(tx, call.key(), body)),
        delete("/features/{key}", "delete_feature", May(Write), "Delete a feature that nothing uses")
            .about(TOUCHES)
            .of(Kind::Feature)
            .answer::<Feature>(200, "it is gone")
            .answer::<Feature>(202, "a release takes it away")
            .command(|tx, call, body: feature::Simple| feature::delete(tx, call.key(), body)),
        put("/features/{key}/pipeline", "attach_feature", May(Write), "Attach a feature to a pipeline, or to none")
            .of(Kind::Feature)
            .example(json!({ "pipeline": "standard" }))
            .answer::<Feature>(200, "it was attached or detached")
            .answer::<Feature>(202, "the change waits for a second person")
            .command(|tx, call, body: SetPipeline| feature::pipeline(tx, call.key(), body)),
        put("/features/{key}/tags", "tag_feature", May(Write), "Give a feature other labels")
            .of(Kind::Feature)
            .example(json!({ "tags": ["checkout"] }))
            .answer::<Feature>(200, "it was changed")
            .command(|tx, call, body: feature::Tags| feature::tags(tx, call.key(), body)),
        post("/features/{key}/kill", "kill_feature", May(MayKill), "Kill a feature in an environment, at once")
            .about("It serves its default variant there; an active release of it is paused. Needs a reason, no revision, and no open window.")
            .example(json!({ "environment": "prod", "reason": "errors in checkout" }))
            .answer::<Feature>(200, "it is killed")
            .command(|tx, call, body: Kill| kill::kill(tx, call.key(), body)),
        post("/features/{key}/unkill", "unkill_feature", May(MayKill), "Serve a killed feature again")
            .about("It does not unpause a release that the kill paused.")
            .example(json!({ "environment": "prod" }))
            .answer::<Feature>(200, "it is served again")
            .command(|tx, call, body: Unkill| kill::unkill(tx, call.key(), body)),
        get("/features/{key}/references", "list_feature_references", May(Read), "What uses a feature")
            .answer::<Page>(200, "its users")
            .view(|ask, _: Nothing| Ok(feature::users(&ask.world, ask.key())?.into())),
        get("/features/{key}/history", "list_feature_history", May(Read), "What happened to a feature and in its releases, from the log")
            .about("Every action on a release of it is in it: who approved, paused, aborted, and why.")
            .answer::<Page>(200, "a page of events")
            .fetch(|ask, span: Span| async move { told(&ask, &span).await }),
        get("/features/{key}/exposures", "list_feature_exposures", May(Read), "How often which variant of a feature was served, by release and phase")
            .about("As the live SDKs count it: decisions, not people. Counts that they gave up are not in it.")
            .answer::<Exposures>(200, "the counts")
            .fetch(|ask, _: Nothing| async move { Ok(super::exposure::of_feature(&ask).await?.into()) }),
    ]
}

/// Events that are read from the log at once.
const CHUNK: u32 = 500;

/// What happened to a feature: the events about it, and those about its releases.
async fn told(ask: &Ask, span: &Span) -> Result<Shown, Problem> {
    page::size(span.limit)?;
    let key = ask.key();
    if !ask.world.features.contains_key(key) {
        return Err(Problem::not_found("feature", key));
    }
    let from = match &span.after {
        None => 0,
        Some(after) => after
            .parse::<u64>()
            .map_err(|_| Problem::new(Code::BadRequest, "expected `after` to be the number of an event"))?,
    };
    let releases = history::releases_of(&ask.world, key);
    let mut entries = BTreeMap::new();
    let mut keep = |entry: &Entry| -> Result<(), Problem> {
        let event = entry.event().map_err(|e| e.problem())?;
        entries.extend(history::entry_of_feature(&event, key, &releases).map(|told| (event.seq, told)));
        Ok(())
    };
    // What started a release may be an event about something else: a set of changes, a schedule.
    for started in releases.iter().filter_map(|id| Some(ask.world.releases.get(id)?.revision)) {
        if started > from
            && let Some(entry) = ask.app.store.entry(started).await.map_err(|e| e.problem())?
        {
            keep(&entry)?;
        }
    }
    let subjects = releases.iter().map(|id| ("release", &**id)).chain([("feature", key)]);
    for (kind, subject) in subjects {
        let mut after = from;
        loop {
            let filter = LogFilter {
                after: Some(after),
                subject_kind: Some(kind.to_owned()),
                subject_key: Some(subject.to_owned()),
                limit: CHUNK,
                ..LogFilter::default()
            };
            let found = ask.app.store.log(&filter).await.map_err(|e| e.problem())?;
            for entry in &found {
                keep(entry)?;
            }
            let Some(last) = found.last().filter(|_| found.len() == CHUNK as usize) else { break };
            after = last.seq;
        }
    }
    let items: Vec<(String, Json)> =
        entries.into_iter().map(|(seq, told)| (seq.to_string(), json!(told))).collect();
    Ok(page::page(items, span.limit)?.into())
}

pub(super) fn segments() -> Vec<Operation> {
    vec![
        get("/segments", "list_segments", May(Read), "Segments")
            .answer::<Page>(200, "a page of segments")
            .view(|ask, span: Span| {
                page::size(span.limit)?;
                let actor = &ask.caller()?.actor;
                Ok(segment::list(&ask.world, actor, ask.now, span.after.as_deref(), span.limit)?.into())
            }),
        post("/segments", "create_segment", May(Write), "Make a segment")
            .about(TOUCHES)
            .example(json!({
                "key": "staff",
                "definition": { "if": { "attribute": "country", "op": "eq", "value": "US" } },
            }))
            .answer::<Segment>(200, "it would be made (`dry_run`)")
            .answer::<Segment>(201, "it was made and is live")
            .answer::<Segment>(202, "a release brings it")
            .command(|tx, _, body: segment::Create| segment::create(tx, body)),
        get("/segments/{key}", "show_segment", May(Read), "A segment and its active release")
            .answer::<Segment>(200, "the segment")
            .view(|ask, _: Nothing| {
                Ok(segment::view(&ask.world, &ask.caller()?.actor, ask.now, ask.key())?.into())
            }),
        put("/segments/{key}", "save_segment", May(Write), "Change the condition of a segment")
            .about(TOUCHES)
            .of(Kind::Segment)
            .answer::<Segment>(200, "it is live")
            .answer::<Segment>(202, "a release brings it")
            .command(|tx, call, body: segment::Save| segment::save(tx, call.key(), body)),
        post("/segments/{key}/preview", "preview_segment", May(Write), "What a change of a segment would do")
            .answer::<Preview>(
                200,
                "phases, environments, differences, what no phase covers, the pipeline's notice",
            )
            .trial(|tx, call, body: segment::Save| segment::preview(tx, call.key(), body)),
        delete("/segments/{key}", "delete_segment", May(Write), "Delete a segment that nothing uses")
            .about(TOUCHES)
            .of(Kind::Segment)
            .answer::<Segment>(200, "it is gone")
            .answer::<Segment>(202, "a release takes it away")
            .command(|tx, call, body: feature::Simple| segment::delete(tx, call.key(), body)),
        put(
            "/segments/{key}/pipeline",
            "attach_segment",
            May(Write),
            "Attach a segment to a pipeline, or to none",
        )
        .of(Kind::Segment)
        .example(json!({ "pipeline": null }))
        .answer::<Segment>(200, "it was attached or detached")
        .answer::<Segment>(202, "the change waits for a second person")
        .command(|tx, call, body: SetPipeline| segment::pipeline(tx, call.key(), body)),
        get("/segments/{key}/references", "list_segment_references", May(Read), "What uses a segment")
            .answer::<Page>(200, "its users")
            .view(|ask, _: Nothing| Ok(segment::users(&ask.world, ask.key())?.into())),
    ]
}

pub(super) fn changes() -> Vec<Operation> {
    vec![
        post(
            "/changes",
            "apply_change",
            May(Write),
            "Change several features and segments at once, in one release",
        )
        .about(TOUCHES)
        .example(json!({ "features": { "a": { "kind": "gate" } }, "base_revisions": { "a": 3 } }))
        .answer::<Feature>(200, "it is live")
        .answer::<Feature>(202, "a release brings it")
        .command(|tx, _, body: change::Body| change::apply(tx, body)),
        post("/changes/preview", "preview_change", May(Write), "What a change of several would do")
            .answer::<Preview>(
                200,
                "phases, environments, differences, what no phase covers, the pipeline's notice",
            )
            .trial(|tx, _, body: change::Body| change::preview(tx, body)),
    ]
}

/// Which scheduled changes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Which {
    /// `pending`, `applied`, `cancelled` or `suspended`.
    #[param(value_type = Option<String>)]
    status: Option<ScheduleStatus>,
    /// How many items, from 1 to 500; 50 if absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

pub(super) fn schedules() -> Vec<Operation> {
    vec![
        get("/schedules", "list_schedules", May(Read), "Changes that are to be made later")
            .answer::<Page>(200, "a page of scheduled changes")
            .view(|ask: &Ask, which: Which| {
                page::table(&ask.world.schedules, which.after.as_deref(), which.limit, |id, row| {
                    let fits = which.status.is_none_or(|status| status == row.body.status);
                    fits.then(|| schedule::view(&ask.world, id).ok()).flatten()
                })
            }),
        get("/schedules/{id}", "show_schedule", May(Read), "A scheduled change")
            .answer::<Schedule>(200, "the change")
            .view(|ask, _: Nothing| Ok(Shown::Json(schedule::view(&ask.world, ask.key())?))),
        post("/schedules/{id}/cancel", "cancel_schedule", May(Write), "Take a scheduled change back")
            .of(Kind::Schedule)
            .answer::<Schedule>(200, "it was cancelled")
            .command(|tx, call, body: Cancel| schedule::cancel(tx, call.key(), body)),
    ]
}
