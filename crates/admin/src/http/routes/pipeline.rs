//! Pipelines.

use serde::Deserialize;
use serde_json::json;
use tidegate::release::Permission::{Read, Write};
use utoipa::IntoParams;

use crate::domain::command::access::Because;
use crate::domain::command::feature::{self, AddToPipeline, RemoveFromPipeline};
use crate::domain::command::pipeline::{
    self, ClonePipeline, CreatePipeline, PublishPipeline, UpdatePipeline,
};
use crate::domain::entity::Kind;
use crate::domain::view::{self, PipelineView, VersionView};
use crate::domain::{Problem, references};
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, delete, get, post, put};
use crate::http::page::{self, Page};
use crate::http::schema::{Empty, Feature, References};
use crate::http::view::{Nothing, Shown};

/// Which pipelines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Which {
    /// `draft` (nothing published), `published` or `archived`.
    #[param(inline)]
    state: Option<PipelineState>,
    /// How many items, from 1 to 500; 50 if absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// What becomes of a release that runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Keep {
    /// Keep what is live; as `keep` in the body.
    keep: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum PipelineState {
    Archived,
    Draft,
    Published,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/pipelines", "list_pipelines", May(Read), "Pipelines")
            .answer::<Page>(200, "a page of pipelines")
            .view(|ask, which: Which| {
                let world = &ask.world;
                page::table(&world.pipelines, which.after.as_deref(), which.limit, |key, row| {
                    let state = match (row.body.archived, row.body.published) {
                        (true, _) => PipelineState::Archived,
                        (false, Some(_)) => PipelineState::Published,
                        (false, None) => PipelineState::Draft,
                    };
                    if which.state.is_some_and(|wanted| wanted != state) {
                        return None;
                    }
                    view::pipeline_summary(world, key, ask.now.wall)
                })
            }),
        post("/pipelines", "create_pipeline", May(Write), "Write a pipeline")
            .example(json!({ "key": "standard", "body": { "phases": [{ "id": "dev", "target": [{ "environments": ["dev"] }] }] } }))
            .answer::<PipelineView>(201, "it was made, as a draft")
            .command(|tx, _, body: CreatePipeline| pipeline::create(tx, body)),
        get("/pipelines/{key}", "show_pipeline", May(Read), "A pipeline, what goes through it, and where that is")
            .answer::<PipelineView>(200, "the pipeline")
            .view(|ask, _: Nothing| {
                Shown::of("pipeline", ask.key(), view::pipeline(&ask.world, ask.key(), ask.now.wall))
            }),
        put("/pipelines/{key}", "update_pipeline", May(Write), "Change the draft of a pipeline")
            .of(Kind::Pipeline)
            .answer::<PipelineView>(200, "it was changed")
            .command(|tx, call, body: UpdatePipeline| pipeline::update(tx, call.key(), body)),
        delete("/pipelines/{key}", "delete_pipeline", May(Write), "Delete a pipeline that nothing uses")
            .of(Kind::Pipeline)
            .answer::<Empty>(200, "it was deleted")
            .command(|tx, call, body: Because| pipeline::delete(tx, call.key(), body)),
        post("/pipelines/{key}/publish", "publish_pipeline", May(Write), "Publish the draft as the next version")
            .about("A version never changes; running releases keep theirs.")
            .of(Kind::Pipeline)
            .answer::<PipelineView>(200, "it was published")
            .command(|tx, call, body: PublishPipeline| pipeline::publish(tx, call.key(), body)),
        post("/pipelines/{key}/unpublish", "unpublish_pipeline", May(Write), "Take back the publication, while nothing uses it")
            .of(Kind::Pipeline)
            .answer::<PipelineView>(200, "it is a draft again")
            .command(|tx, call, body: Because| pipeline::unpublish(tx, call.key(), body)),
        post("/pipelines/{key}/archive", "archive_pipeline", May(Write), "Archive a pipeline")
            .of(Kind::Pipeline)
            .answer::<PipelineView>(200, "it was archived")
            .command(|tx, call, body: Because| pipeline::archive(tx, call.key(), body)),
        post("/pipelines/{key}/clone", "clone_pipeline", May(Write), "Write a pipeline that begins like this one")
            .example(json!({ "key": "standard-eu" }))
            .answer::<PipelineView>(201, "it was made, as a draft")
            .command(|tx, call, body: ClonePipeline| pipeline::clone(tx, call.key(), body)),
        get("/pipelines/{key}/versions/{version}", "show_pipeline_version", May(Read), "A published version")
            .answer::<VersionView>(200, "the version")
            .view(|ask, _: Nothing| {
                let version = ask.second().parse().ok();
                let shown = version.and_then(|version| view::version(&ask.world, ask.key(), version));
                Shown::of("version", ask.second(), shown)
            }),
        post("/pipelines/{key}/features", "add_feature_to_pipeline", May(Write), "Send a feature through a pipeline as it is")
            .about("A release starts with what the phases do to it (enable, disable, set).")
            .example(json!({ "feature": "new-checkout", "start_at": "staging" }))
            .answer::<Feature>(200, "it would be sent (`dry_run`)")
            .answer::<Feature>(202, "the release that was started")
            .command(|tx, call, body: AddToPipeline| feature::add_to_pipeline(tx, call.key(), body)),
        delete(
            "/pipelines/{key}/features/{feature}",
            "remove_feature_from_pipeline",
            May(Write),
            "Take a feature out of a pipeline",
        )
        .about("A release of it that runs is aborted; with `keep` what is live of it is kept.")
        .answer::<Feature>(200, "it was taken out")
        .command_asking(|tx, call, query: Keep, mut body: RemoveFromPipeline| {
            body.keep |= query.keep.unwrap_or(false);
            feature::remove_from_pipeline(tx, call.key(), call.second(), body)
        }),
        get("/pipelines/{key}/references", "list_pipeline_references", May(Read), "What uses a pipeline")
            .answer::<References>(200, "features, segments and releases")
            .view(|ask, _: Nothing| {
                if !ask.world.pipelines.contains_key(ask.key()) {
                    return Err(Problem::not_found("pipeline", ask.key()));
                }
                Ok(json!({ "users": references::pipeline(&ask.world, ask.key()) }).into())
            }),
    ]
}
