//! How changes go live, act by act; after each command the documents of all environments are loaded, strictly.

mod actions;
mod at_once;
mod releases;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use tidegate::Engine;
use tidegate::model::{Key, Mode};

use crate::domain::command::fixture::{Fixture, body};
use crate::domain::command::release::{Act, Due, due, fire};
use crate::domain::command::{change, feature, release};
use crate::domain::{Code, Outcome, Problem, snapshot};

/// `dev` and `prod` take part in pipelines, `lab` does not; pipeline `p`: dev at once, prod by approval, 10 % for a minute,
/// then all, baking for a minute. `re` is a releaser, `ap` an approver.
fn stage() -> Fixture {
    let mut stage = Fixture { rows: Some(BTreeMap::new()), ..Fixture::default() };
    stage.adopt(Fixture::new());
    stage
        .system(|tx| {
            crate::domain::command::environment::create(tx, body(json!({"name": "lab", "pipelines": false})))
        })
        .unwrap();
    for (id, role) in [("re", "releaser"), ("ap", "approver")] {
        let person = json!({"id": id, "kind": "person", "grants": [{"role": role}]});
        stage.system(|tx| crate::domain::command::principal::create(tx, body(person))).unwrap();
    }
    stage.pipeline("p", phases());
    stage
}

fn phases() -> Json {
    json!([
        {"id": "dev", "target": [{"environments": ["dev"]}]},
        {"id": "prod", "target": [{"environments": ["prod"]}], "bake_s": 60,
         "entry": {"approvals": {"count": 1}},
         "ramp": {"steps": [{"percent": 10, "hold_s": 60}, {"percent": 100}]}}
    ])
}

/// A gate that is on, or off, for everyone.
fn gate(on: bool) -> Json {
    json!({"kind": "gate", "rules": [{"id": "all", "variant": if on { "on" } else { "off" }}]})
}

/// A gate `f`, off, attached to `p` and out.
fn with_gate(stage: &mut Fixture) {
    create(stage, "f", gate(false));
    set_pipeline(stage, "f", Some("p"));
}

fn create(stage: &mut Fixture, key: &str, definition: Json) {
    let new = json!({"key": key, "definition": definition});
    assert_eq!(stage.run("ann", |tx| feature::create(tx, body(new))).unwrap().status, 201);
}

fn set_pipeline(stage: &mut Fixture, key: &str, pipeline: Option<&str>) {
    stage.run("ann", |tx| feature::pipeline(tx, key, body(json!({"pipeline": pipeline})))).unwrap();
}

/// Saves a definition on the present revision; by a releaser if it supersedes, else by an editor.
fn save(stage: &mut Fixture, key: &str, definition: Json, more: Json) -> Result<Outcome, Problem> {
    let revision = stage.world.features.get(key).unwrap().body.definition_revision;
    let mut save = json!({"definition": definition, "base_revision": revision});
    save.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let who = if more["supersede"] == true { "re" } else { "ed" };
    stage.run(who, |tx| feature::save(tx, key, body(save)))
}

/// The id of the release of an answer.
fn release_of(outcome: &Outcome) -> String {
    assert_eq!(outcome.status, 202, "{}", outcome.body);
    outcome.body.pointer("/release/key").unwrap().as_str().unwrap().to_owned()
}

/// Does an action on the present revision.
fn act(
    stage: &mut Fixture,
    who: &str,
    id: &str,
    action: fn(&mut crate::domain::Tx, &str, Act) -> Result<Outcome, Problem>,
    more: Json,
) -> Result<Outcome, Problem> {
    let revision = stage.world.release_states.get(id).unwrap().body.state.revision;
    let mut told = json!({"revision": revision, "reason": "because"});
    told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stage.run(who, |tx| action(tx, id, body(told)))
}

/// Time passes, on both clocks; what is due is done, as often as it is.
fn pass(stage: &mut Fixture, seconds: u64) {
    stage.clock.0 += i64::try_from(seconds).unwrap() * 1_000;
    stage.clock.1 += seconds * 1_000;
    loop {
        let ahead: Vec<Due> = due(&stage.world, stage.now());
        if ahead.is_empty() {
            return;
        }
        for one in ahead {
            stage.system(|tx| fire(tx, &one)).unwrap();
        }
    }
}

/// Approves and lets the time pass until a release of `p` is over.
fn see_through(stage: &mut Fixture, id: &str) {
    act(stage, "ap", id, release::approve, json!({})).unwrap();
    pass(stage, 60);
    pass(stage, 60);
    assert_eq!(status(stage, id), "completed");
}

fn status(stage: &Fixture, id: &str) -> String {
    let state = &stage.world.release_states.get(id).unwrap().body.state;
    serde_json::to_value(state.status).unwrap().as_str().unwrap().to_owned()
}

/// The phase that a release is at.
fn phase(stage: &Fixture, id: &str) -> String {
    let run = crate::domain::effects::find(&stage.world, id).unwrap();
    run.release.plan.phases[run.state.state.phase].id.to_string()
}

fn engine(stage: &Fixture, environment: &str) -> Engine {
    let engine = Engine::builder().process("environment", environment).mode(Mode::Strict).build();
    engine.load(&document(stage, environment)).unwrap();
    engine
}

fn document(stage: &Fixture, environment: &str) -> Vec<u8> {
    snapshot::document(&stage.world, &Key::from(environment))
}

/// A document without its version.
fn content(stage: &Fixture, environment: &str) -> Json {
    let mut document: Json = serde_json::from_slice(&document(stage, environment)).unwrap();
    document.as_object_mut().unwrap().remove("version");
    document
}

/// How many of 1 000 users a gate is on for.
fn on(stage: &Fixture, environment: &str, gate: &str) -> usize {
    let engine = engine(stage, environment);
    let mut reader = engine.reader();
    let is_on = |user: &u32| {
        let id = format!("u{user}");
        let context = engine.context().with("user_id", id.as_str()).build();
        reader.check_name(gate, &context)
    };
    (0..1_000).filter(is_on).count()
}

fn version(stage: &Fixture, environment: &str) -> u64 {
    stage.world.snapshot_heads.get(environment).unwrap().body.version
}

fn code(result: Result<Outcome, Problem>) -> Code {
    result.unwrap_err().code
}

fn changes(stage: &mut Fixture, json: Json) -> Result<Outcome, Problem> {
    stage.run("ed", |tx| change::apply(tx, body(json)))
}
