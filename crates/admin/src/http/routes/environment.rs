//! Environments, attributes, exclusion groups, and proposals to change environments and attachments.

use serde_json::json;
use tidegate::release::Permission::{Administer, Read, Write};

use super::Span;
use crate::domain::command::access::Because;
use crate::domain::command::attribute::{self, PutAttribute};
use crate::domain::command::environment::{self, CreateEnvironment, UpdateEnvironment};
use crate::domain::command::exclusion::{self, PutExclusionGroup};
use crate::domain::command::proposal::{self, DecideProposal};
use crate::domain::entity::Kind;
use crate::domain::view::{self, AttributeView, EnvironmentView, ExclusionGroupView, ProposalView};
use crate::http::operation::Access::May;
use crate::http::operation::{Operation, delete, get, post, put};
use crate::http::page::Page;
use crate::http::schema::Empty;
use crate::http::view::{Nothing, Shown};

pub(super) fn environments() -> Vec<Operation> {
    vec![
        get("/environments", "list_environments", May(Read), "Environments")
            .answer::<Page>(200, "a page of environments")
            .view(|ask, span: Span| span.of(&ask.world, &ask.world.environments, view::environment)),
        post("/environments", "create_environment", May(Administer), "Make an environment")
            .example(json!({ "name": "prod-eu", "production": true, "floor": { "approvals": 1 } }))
            .answer::<EnvironmentView>(201, "it was made")
            .command(|tx, _, body: CreateEnvironment| environment::create(tx, body)),
        get("/environments/{name}", "show_environment", May(Read), "An environment")
            .answer::<EnvironmentView>(200, "the environment")
            .view(|ask, _: Nothing| Shown::of("environment", ask.key(), view::environment(&ask.world, ask.key()))),
        put("/environments/{name}", "update_environment", May(Administer), "Change an environment")
            .about(
                "A change of floor, opt-out or `production` that concerns a production environment whose floor asks for approvals is \
                 kept as a proposal (202) until a second person approves it.",
            )
            .of(Kind::Environment)
            .example(json!({ "production": true, "pipelines": true, "floor": { "approvals": 2 } }))
            .answer::<EnvironmentView>(200, "it was changed")
            .answer::<ProposalView>(202, "the change waits for a second person")
            .command(|tx, call, body: UpdateEnvironment| environment::update(tx, call.key(), body)),
        delete("/environments/{name}", "delete_environment", May(Administer), "Delete an environment that nothing names")
            .of(Kind::Environment)
            .answer::<Empty>(200, "it was deleted")
            .answer::<ProposalView>(202, "the deletion waits for a second person")
            .command(|tx, call, body: Because| environment::delete(tx, call.key(), body)),
    ]
}

pub(super) fn attributes() -> Vec<Operation> {
    vec![
        get("/attributes", "list_attributes", May(Read), "Declarations of attributes")
            .answer::<Page>(200, "a page of attributes")
            .view(|ask, span: Span| span.of(&ask.world, &ask.world.attributes, view::attribute)),
        get("/attributes/{name}", "show_attribute", May(Read), "The declaration of an attribute")
            .answer::<AttributeView>(200, "the declaration")
            .view(|ask, _: Nothing| {
                Shown::of("attribute", ask.key(), view::attribute(&ask.world, ask.key()))
            }),
        put("/attributes/{name}", "put_attribute", May(Write), "Declare an attribute")
            .of(Kind::Attribute)
            .example(json!({ "type": "string", "description": "two letters, upper case" }))
            .answer::<AttributeView>(200, "it was changed")
            .answer::<AttributeView>(201, "it was made")
            .command(|tx, call, body: PutAttribute| attribute::put(tx, call.key(), body)),
        delete(
            "/attributes/{name}",
            "delete_attribute",
            May(Write),
            "Remove a declaration that nothing uses",
        )
        .of(Kind::Attribute)
        .answer::<Empty>(200, "it was removed")
        .command(|tx, call, body: Because| attribute::delete(tx, call.key(), body)),
    ]
}

pub(super) fn exclusion_groups() -> Vec<Operation> {
    vec![
        get("/exclusion-groups", "list_exclusion_groups", May(Read), "Exclusion groups")
            .answer::<Page>(200, "a page of exclusion groups")
            .view(|ask, span: Span| span.of(&ask.world, &ask.world.exclusion_groups, view::exclusion_group)),
        get("/exclusion-groups/{key}", "show_exclusion_group", May(Read), "An exclusion group")
            .answer::<ExclusionGroupView>(200, "the group")
            .view(|ask, _: Nothing| {
                Shown::of("exclusion group", ask.key(), view::exclusion_group(&ask.world, ask.key()))
            }),
        put(
            "/exclusion-groups/{key}",
            "put_exclusion_group",
            May(Write),
            "Make or change an exclusion group",
        )
        .of(Kind::ExclusionGroup)
        .example(json!({ "unit": "user_id", "ranges": {} }))
        .answer::<ExclusionGroupView>(200, "it was changed")
        .answer::<ExclusionGroupView>(201, "it was made")
        .command(|tx, call, body: PutExclusionGroup| exclusion::put(tx, call.key(), body)),
        delete(
            "/exclusion-groups/{key}",
            "delete_exclusion_group",
            May(Write),
            "Delete an exclusion group that nothing uses",
        )
        .of(Kind::ExclusionGroup)
        .answer::<Empty>(200, "it was deleted")
        .command(|tx, call, body: Because| exclusion::delete(tx, call.key(), body)),
    ]
}

pub(super) fn proposals() -> Vec<Operation> {
    vec![
        get(
            "/proposals",
            "list_proposals",
            May(Read),
            "Changes that wait for a second person, and those that did",
        )
        .answer::<Page>(200, "a page of proposals")
        .view(|ask, span: Span| span.of(&ask.world, &ask.world.proposals, view::proposal)),
        get("/proposals/{id}", "show_proposal", May(Read), "A proposal")
            .answer::<ProposalView>(200, "the proposal")
            .view(|ask, _: Nothing| Shown::of("proposal", ask.key(), view::proposal(&ask.world, ask.key()))),
        post(
            "/proposals/{id}/approve",
            "approve_proposal",
            May(Administer),
            "Approve a change, which makes it",
        )
        .of(Kind::Proposal)
        .answer::<ProposalView>(200, "it was made")
        .command(|tx, call, body: DecideProposal| proposal::approve(tx, call.key(), body)),
        post("/proposals/{id}/reject", "reject_proposal", May(Administer), "Reject a change")
            .of(Kind::Proposal)
            .answer::<ProposalView>(200, "it was rejected")
            .command(|tx, call, body: DecideProposal| proposal::reject(tx, call.key(), body)),
    ]
}
