use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tidegate::model::operators;
use tidegate::release::{Action, Actor, ActorKind};

use super::super::command::fixture::{Fixture, body};
use super::super::command::{feature, kill, release, schedule};
use super::{Capabilities, Capable, reason};
use crate::domain::command::segment;
use crate::domain::{Code, Outcome, Problem, Tx};

/// A member that knows all operators but these.
fn without(instance: &str, lacking: &[&str]) -> Capable {
    let known: BTreeSet<String> =
        operators().filter(|name| !lacking.contains(name)).map(str::to_owned).collect();
    Capable {
        instance: instance.to_owned(),
        sdk: "rust".to_owned(),
        version: "0.9.0".to_owned(),
        count: 1,
        schema_version: 1,
        operators: Some(known),
    }
}

/// A fixture with snapshots, and in `prod` an SDK without `in_cidr`.
fn fixture() -> Fixture {
    let mut fixture = Fixture::default();
    fixture.adopt(Fixture::new());
    let old = ("prod".into(), without("old", &["in_cidr", "matches"]));
    let new = ("dev".into(), without("new", &[]));
    fixture.fleet = Arc::new(Capabilities::new([old, new]));
    fixture
}

fn gate(test: Json) -> Json {
    json!({"kind": "gate", "rules": [{"id": "r", "if": {"not": {"any": [test]}}, "variant": "on"}]})
}

fn cidr() -> Json {
    json!({"attribute": "ip", "op": "in_cidr", "value": ["10.0.0.0/8"]})
}

fn create(fixture: &mut Fixture, key: &str, definition: &Json) -> Result<Outcome, Problem> {
    fixture.run("ann", |tx| feature::create(tx, body(json!({"key": key, "definition": definition}))))
}

#[test]
fn what_a_live_sdk_lacks_is_refused_with_its_name() {
    let mut fixture = fixture();
    let refused = create(&mut fixture, "checkout", &gate(cidr())).unwrap_err();
    assert_eq!(refused.code, Code::SdkTooOld);
    assert!(
        refused.detail.contains("`in_cidr`") && refused.detail.contains("`old` in `prod`"),
        "{refused:?}"
    );
    assert_eq!(refused.more["operators"], json!(["in_cidr"]));
    let member = &refused.more["members"][0];
    let named =
        json!([member["environment"], member["instance"], member["sdk"], member["version"], member["count"]]);
    assert_eq!(named, json!(["prod", "old", "rust", "0.9.0", 1]));
    assert_eq!(member["operators"], json!(["in_cidr"]));
    let fine = json!({"attribute": "country", "op": "in", "value": ["de"]});
    create(&mut fixture, "checkout", &gate(fine)).unwrap();
    let segment = json!({"key": "office", "definition": {"if": cidr()}});
    let refused = fixture.run("ann", |tx| segment::create(tx, body(segment))).unwrap_err();
    assert_eq!(refused.code, Code::SdkTooOld);
}

#[test]
fn another_environments_block_is_none_of_its_business() {
    let mut fixture = fixture();
    let in_dev = json!({"kind": "gate", "environments": {"dev": {"rules": [{"id": "r", "if": cidr(), "variant": "on"}]}}});
    create(&mut fixture, "checkout", &in_dev).unwrap();
}

#[test]
fn a_reason_forces_it_and_is_told() {
    let mut fixture = fixture();
    fixture.force = Some("the old ones go tonight".to_owned());
    create(&mut fixture, "checkout", &gate(cidr())).unwrap();
    let told = fixture.last.clone().unwrap();
    let forced = told.facts.iter().find(|fact| fact.name == "sdk.forced").unwrap();
    assert_eq!(forced.data["reason"], "the old ones go tonight");
    assert_eq!(forced.environments, ["prod".into()]);
    // Where there is nothing to force, nothing is told.
    create(&mut fixture, "other", &json!({"kind": "gate"})).unwrap();
    assert!(!fixture.told.contains(&"sdk.forced".to_owned()));
    assert_eq!(reason(" ").unwrap_err().code, Code::ReasonRequired);
    assert_eq!(reason(" why ").unwrap(), "why");
}

#[test]
fn who_has_not_told_holds_nothing_up_and_the_server_itself_is_not_asked() {
    let mut fixture = fixture();
    let silent = Capable { operators: None, ..without("silent", &[]) };
    fixture.fleet = Arc::new(Capabilities::new([("prod".into(), silent)]));
    create(&mut fixture, "checkout", &gate(cidr())).unwrap();
    fixture.fleet = Arc::new(Capabilities::new([("prod".into(), without("old", &["in_cidr"]))]));
    let other = json!({"key": "other", "definition": gate(cidr())});
    fixture.system(|tx| feature::create(tx, body(other))).unwrap();
}

#[test]
fn candidates_are_looked_at_when_their_release_starts() {
    let mut fixture = fixture();
    create(&mut fixture, "checkout", &json!({"kind": "gate"})).unwrap();
    let phases = json!([
        {"id": "first", "target": [{"environments": ["dev"]}], "entry": {"approvals": {"count": 1}}},
        {"id": "second", "target": [{"environments": ["prod"]}]},
    ]);
    fixture.pipeline("slow", phases);
    fixture.attach("checkout", "slow");
    let save = |fixture: &mut Fixture| {
        let change = json!({"definition": gate(cidr()), "base_revision": 1});
        fixture.run("ann", |tx| feature::save(tx, "checkout", body(change)))
    };
    // Nothing of it is served yet: not in `prod`, and not in `dev` either.
    assert_eq!(save(&mut fixture).unwrap_err().code, Code::SdkTooOld);
    fixture.force = Some("why not".to_owned());
    save(&mut fixture).unwrap();
    fixture.force = None;
    let id = fixture.world.running().next().unwrap().clone();
    fixture.run("ann", |tx| release::pause(tx, &id, body(json!({})))).unwrap();
    let killed = json!({"environment": "prod", "reason": "now"});
    fixture.run("ann", |tx| kill::kill(tx, "checkout", body(killed))).unwrap();
    fixture.run("ann", |tx| release::abort(tx, &id, body(json!({"reason": "enough"})))).unwrap();
}

fn save(fixture: &mut Fixture, change: Json) -> Result<Outcome, Problem> {
    let mut whole = json!({"definition": gate(cidr()), "base_revision": 1});
    whole.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    fixture.run("ann", |tx| feature::save(tx, "checkout", body(whole)))
}

#[test]
fn a_preview_refuses_what_the_change_would_be_refused_for() {
    let mut fixture = fixture();
    create(&mut fixture, "checkout", &json!({"kind": "gate"})).unwrap();
    let dry = json!({"dry_run": true});
    assert_eq!(save(&mut fixture, dry.clone()).unwrap_err().code, Code::SdkTooOld);
    fixture.force = Some("the old ones go tonight".to_owned());
    let shown = save(&mut fixture, dry).unwrap().body;
    let facts = shown["facts"].as_array().unwrap();
    assert!(facts.iter().any(|fact| fact["name"] == "sdk.forced"), "{shown}");
}

#[test]
fn a_scheduled_change_is_looked_at_when_it_is_written_and_when_it_is_made() {
    let mut fixture = fixture();
    create(&mut fixture, "checkout", &json!({"kind": "gate"})).unwrap();
    let start = |fixture: &Fixture| json!({"start": {"at": fixture.now().wall + 60_000}});
    let made = |fixture: &mut Fixture, id: &str| {
        fixture.clock.0 += 60_000;
        fixture.system(|tx| schedule::apply(tx, id)).unwrap().body
    };
    let now = start(&fixture);
    assert_eq!(save(&mut fixture, now.clone()).unwrap_err().code, Code::SdkTooOld);
    // There is none that lacks anything when it is written, and one when it is made.
    let old = std::mem::take(&mut fixture.fleet);
    let id = save(&mut fixture, now).unwrap().body["key"].as_str().unwrap().to_owned();
    fixture.fleet = old;
    let view = made(&mut fixture, &id);
    assert_eq!(view["status"], "suspended");
    assert!(view["why"].as_str().unwrap().contains("`in_cidr`"), "{view}");
    // The reason that it was forced with holds then, too.
    fixture.force = Some("the old ones go tonight".to_owned());
    let now = start(&fixture);
    let id = save(&mut fixture, now).unwrap().body["key"].as_str().unwrap().to_owned();
    fixture.force = None;
    assert_eq!(made(&mut fixture, &id)["status"], "applied");
    let told = fixture.last.clone().unwrap();
    let forced = told.facts.iter().find(|fact| fact.name == "sdk.forced").unwrap();
    assert_eq!(forced.data["reason"], "the old ones go tonight");
}

#[test]
fn a_preview_of_an_action_asks_too_but_never_of_what_takes_back() {
    let mut fixture = fixture();
    let fleet = std::mem::take(&mut fixture.fleet);
    create(&mut fixture, "checkout", &json!({"kind": "gate"})).unwrap();
    let phases =
        json!([{"id": "one", "target": [{"environments": ["prod"]}], "entry": {"approvals": {"count": 1}}}]);
    fixture.pipeline("slow", phases);
    fixture.attach("checkout", "slow");
    save(&mut fixture, json!({})).unwrap();
    let id = fixture.world.running().next().unwrap().clone();
    let actor = Actor {
        id: "ann".into(),
        kind: ActorKind::Person,
        grants: fixture.world.principals.get("ann").unwrap().body.grants.clone(),
    };
    let mut tx = Tx::new(fixture.world.clone(), actor, fixture.now());
    tx.fleet = fleet;
    let preview = |action, bypass| {
        let act = release::Act { bypass, ..release::Act::default() };
        release::preview_action(&tx, &id, action, act)
    };
    assert_eq!(preview(Action::FullRollOut, true).unwrap_err().code, Code::SdkTooOld);
    preview(Action::Pause, false).unwrap();
    preview(Action::Abort, false).unwrap();
}
