use serde_json::{Value as Json, json};

use super::super::fixture::{Fixture, body};
use super::super::{environment, pipeline, proposal};
use super::set;
use crate::domain::entity::Kind;
use crate::domain::{Code, Outcome, Problem};

fn fixture() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.feature("f", json!({"kind": "gate"}));
    fixture.segment("s", json!({"attribute": "plan", "op": "eq", "value": "pro"}));
    fixture.pipeline("p", json!([{"id": "one"}]));
    fixture
}

fn attach(fixture: &mut Fixture, who: &str, of: Kind, key: &str, pipeline: Json) -> Result<Outcome, Problem> {
    fixture.run(who, |tx| set(tx, of, key, body(json!({ "pipeline": pipeline }))))
}

#[test]
fn attached_and_detached() {
    let mut fixture = fixture();
    let outcome = attach(&mut fixture, "ann", Kind::Feature, "f", json!("p")).unwrap();
    assert_eq!((outcome.status, &outcome.body["pipeline"]), (200, &json!("p")));
    assert_eq!(outcome.body["revision"], fixture.world.features.get("f").unwrap().revision);
    assert_eq!(fixture.told, ["feature.attached"]);
    assert_eq!(fixture.world.features.get("f").unwrap().body.pipeline.as_deref(), Some("p"));
    let seq = fixture.world.seq;
    attach(&mut fixture, "ann", Kind::Feature, "f", json!("p")).unwrap();
    assert_eq!(fixture.world.seq, seq, "nothing changed");
    attach(&mut fixture, "ann", Kind::Feature, "f", json!(null)).unwrap();
    assert_eq!(fixture.told, ["feature.detached"]);
    attach(&mut fixture, "ann", Kind::Segment, "s", json!("p")).unwrap();
    assert_eq!(fixture.told, ["segment.attached"]);
    assert_eq!(fixture.world.segments.get("s").unwrap().body.pipeline.as_deref(), Some("p"));
}

#[test]
fn refusals() {
    let mut fixture = fixture();
    let code = |it: Result<Outcome, Problem>| it.unwrap_err().code;
    assert_eq!(code(attach(&mut fixture, "ann", Kind::Feature, "no", json!("p"))), Code::NotFound);
    assert_eq!(code(attach(&mut fixture, "ann", Kind::Feature, "f", json!("no"))), Code::NotFound);
    assert_eq!(
        code(attach(&mut fixture, "ed", Kind::Feature, "f", json!("p"))),
        Code::Forbidden,
        "production"
    );
    let draft = json!({"key": "draft", "body": {"phases": []}});
    fixture.run("ann", |tx| pipeline::create(tx, body(draft))).unwrap();
    assert_eq!(code(attach(&mut fixture, "ann", Kind::Feature, "f", json!("draft"))), Code::WrongState);
    attach(&mut fixture, "ann", Kind::Feature, "f", json!("p")).unwrap();
    fixture.release("r", "p", "f", json!({"kind": "gate", "enabled": false}), "running");
    let refused = attach(&mut fixture, "ann", Kind::Feature, "f", json!(null)).unwrap_err();
    assert_eq!((refused.code, &refused.more["release"]), (Code::ReleaseActive, &json!("r")));
}

#[test]
fn without_production_an_editor_may() {
    let mut fixture = fixture();
    fixture.run("ann", |tx| environment::update(tx, "prod", body(json!({})))).unwrap();
    attach(&mut fixture, "ed", Kind::Feature, "f", json!("p")).unwrap();
    let refused = attach(&mut fixture, "vi", Kind::Feature, "f", json!(null)).unwrap_err();
    assert_eq!(refused.code, Code::Forbidden);
}

#[test]
fn a_floor_asks_for_a_second_person() {
    let mut fixture = fixture();
    let floor = json!({"production": true, "floor": {"approvals": 1}});
    fixture.run("ann", |tx| environment::update(tx, "prod", body(floor))).unwrap();
    let outcome = attach(&mut fixture, "ann", Kind::Feature, "f", json!("p")).unwrap();
    assert_eq!((outcome.status, &outcome.body["environments"]), (202, &json!(["prod"])));
    assert_eq!(fixture.world.features.get("f").unwrap().body.pipeline, None);
    let id = outcome.body["key"].as_str().unwrap().to_owned();
    // The pipeline cannot be taken away from under it.
    let refused = fixture.run("ann", |tx| pipeline::archive(tx, "p", body(json!({})))).unwrap_err();
    assert_eq!(refused.code, Code::InUse);
    fixture.run("bob", |tx| proposal::approve(tx, &id, body(json!({})))).unwrap();
    assert_eq!(fixture.told, ["feature.attached", "proposal.approved"]);
    assert_eq!(fixture.world.features.get("f").unwrap().body.pipeline.as_deref(), Some("p"));
}
