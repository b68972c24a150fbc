use serde_json::{Value as Json, json};

use super::super::environment::{create, delete, update};
use super::super::fixture::{Fixture, body};
use super::{DecideProposal, approve, reject};
use crate::domain::command::access::Because;
use crate::domain::entity::ProposalStatus;
use crate::domain::{Code, Outcome};

/// `prod` asks for an approval; `lax` is production without a floor.
fn fixture() -> Fixture {
    let mut fixture = Fixture::new();
    // No floor asked for approvals yet, so one admin is enough for the first.
    let made = fixture.run("ann", |tx| update(tx, "prod", body(guarded(1)))).unwrap();
    assert_eq!(made.status, 200);
    fixture.run("ann", |tx| create(tx, body(json!({"name": "lax", "production": true})))).unwrap();
    fixture
}

fn guarded(approvals: u32) -> Json {
    json!({"production": true, "floor": {"approvals": approvals}})
}

fn weaken(fixture: &mut Fixture) -> Outcome {
    let outcome = fixture.run("ann", |tx| update(tx, "prod", body(guarded(0)))).unwrap();
    assert_eq!((outcome.status, outcome.action.as_str()), (202, "proposal.created"));
    outcome
}

fn id(outcome: &Outcome) -> String {
    outcome.body["key"].as_str().unwrap().to_owned()
}

#[test]
fn a_second_admin_makes_it() {
    let mut fixture = fixture();
    let outcome = weaken(&mut fixture);
    assert_eq!(outcome.body["diff"][0]["path"], "/floor/approvals");
    assert_eq!(fixture.world.environments.get("prod").unwrap().body.floor.approvals, 1);
    let id = id(&outcome);
    let said = || DecideProposal { comment: Some("fine".into()) };
    let refused = fixture.run("ann", |tx| approve(tx, &id, said())).unwrap_err();
    assert_eq!(refused.code, Code::SelfApproval);
    let refused = fixture.run("ed", |tx| approve(tx, &id, said())).unwrap_err();
    assert_eq!(refused.code, Code::Forbidden);
    let approved = fixture.run("bob", |tx| approve(tx, &id, said())).unwrap();
    assert_eq!((&approved.body["status"], &approved.body["decided_by"]), (&json!("approved"), &json!("bob")));
    assert_eq!(fixture.told, ["environment.changed", "proposal.approved"]);
    assert_eq!(fixture.world.environments.get("prod").unwrap().body.floor.approvals, 0);
    let again = fixture.run("bob", |tx| approve(tx, &id, said())).unwrap_err();
    assert_eq!(again.code, Code::WrongState);
    assert_eq!(again.more["state"]["status"], "approved");
}

#[test]
fn rejected_it_changes_nothing() {
    let mut fixture = fixture();
    let before = fixture.world.environments.clone();
    let first = id(&weaken(&mut fixture));
    fixture.run("bob", |tx| reject(tx, &first, DecideProposal::default())).unwrap();
    // Taken back by who made it.
    let second = id(&weaken(&mut fixture));
    assert_ne!(first, second);
    fixture.run("ann", |tx| reject(tx, &second, DecideProposal::default())).unwrap();
    assert_eq!(fixture.world.proposals.get(&*second).unwrap().body.status, ProposalStatus::Rejected);
    assert_eq!(fixture.world.environments, before);
}

#[test]
fn of_something_that_changed_since_it_is_stale() {
    let mut fixture = fixture();
    let id = id(&weaken(&mut fixture));
    // A change of the description alone needs nobody else.
    let described = json!({"production": true, "floor": {"approvals": 1}, "description": "d"});
    assert_eq!(fixture.run("ann", |tx| update(tx, "prod", body(described))).unwrap().status, 200);
    let refused = fixture.run("bob", |tx| approve(tx, &id, DecideProposal::default())).unwrap_err();
    assert_eq!(refused.code, Code::Stale);
    assert_eq!(fixture.world.environments.get("prod").unwrap().body.floor.approvals, 1);
}

#[test]
fn what_needs_a_second_person() {
    let mut fixture = fixture();
    let mut status =
        |name: &str, change: Json| fixture.run("ann", |tx| update(tx, name, body(change))).unwrap().status;
    assert_eq!(status("prod", json!({"floor": {"approvals": 1}})), 202, "no production any more");
    assert_eq!(
        status("prod", json!({"production": true, "pipelines": false, "floor": {"approvals": 1}})),
        202
    );
    assert_eq!(status("prod", guarded(2)), 202, "a stricter floor");
    assert_eq!(status("lax", json!({"production": true, "pipelines": false})), 200);
    assert_eq!(status("dev", json!({"floor": {"approvals": 1}})), 200, "not production");
    assert_eq!(status("dev", json!({"production": true, "floor": {"approvals": 1}})), 202, "production now");
    let deleted = fixture.run("ann", |tx| delete(tx, "prod", Because::default())).unwrap();
    assert_eq!((deleted.status, &deleted.body["change"]["kind"]), (202, &json!("environment_deletion")));
    let id = id(&deleted);
    fixture.run("bob", |tx| approve(tx, &id, DecideProposal::default())).unwrap();
    assert!(!fixture.world.environments.contains_key("prod"));
}

#[test]
fn a_service_account_is_no_second_person() {
    let mut fixture = fixture();
    let bot = json!({"id": "bot", "kind": "service", "grants": [{"role": "admin"}]});
    fixture.system(|tx| crate::domain::command::principal::create(tx, body(bot))).unwrap();
    let id = id(&weaken(&mut fixture));
    let refused = fixture.run("bot", |tx| approve(tx, &id, DecideProposal::default())).unwrap_err();
    assert_eq!(refused.code, Code::Forbidden);
    let unknown = fixture.run("bob", |tx| approve(tx, "proposal-0", DecideProposal::default())).unwrap_err();
    assert_eq!(unknown.code, Code::NotFound);
}
