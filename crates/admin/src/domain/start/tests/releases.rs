//! Changes that go through a pipeline.

use super::*;
use crate::domain::command::{environment, segment};

#[test]
fn a_release_moves_phase_by_phase_and_completes() {
    let mut stage = stage();
    with_gate(&mut stage);
    let saved = save(&mut stage, "f", gate(true), json!({})).unwrap();
    let id = release_of(&saved);
    assert_eq!(phase(&stage, &id), "prod");
    assert_eq!((on(&stage, "dev", "f"), on(&stage, "prod", "f")), (1000, 0));
    let there = engine(&stage, "dev");
    let context = there.context().with("user_id", "u").build();
    let view = there.view();
    let decision = view.decide_name("f", &context);
    assert_eq!((decision.release(), decision.phase()), (Some(&*id), Some("dev")));
    // Not a word of it in prod.
    assert!(!String::from_utf8(document(&stage, "prod")).unwrap().contains(&id));
    assert_eq!(code(act(&mut stage, "ed", &id, release::approve, json!({}))), Code::Forbidden);
    act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    let tenth = on(&stage, "prod", "f");
    assert!((60..140).contains(&tenth), "{tenth}");
    pass(&mut stage, 59);
    assert_eq!(on(&stage, "prod", "f"), tenth);
    pass(&mut stage, 1);
    assert_eq!(on(&stage, "prod", "f"), 1000);
    pass(&mut stage, 60);
    assert_eq!(status(&stage, &id), "completed");
    assert!(stage.told.contains(&"release.completed".to_owned()));
    let feature = stage.world.features.get("f").unwrap();
    assert_eq!(feature.body.definition_revision, 2);
    assert_eq!(serde_json::to_value(&feature.body.definition).unwrap(), gate(true));
    assert_eq!((on(&stage, "dev", "f"), on(&stage, "prod", "f"), on(&stage, "lab", "f")), (1000, 1000, 1000));
    assert!(stage.world.running().next().is_none());
}

#[test]
fn an_abort_restores_the_documents_bit_for_bit() {
    let mut stage = stage();
    with_gate(&mut stage);
    let before: Vec<Json> = ["dev", "prod", "lab"].map(|e| content(&stage, e)).into();
    let versions: Vec<u64> = ["dev", "prod", "lab"].map(|e| version(&stage, e)).into();
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    assert_ne!(content(&stage, "prod"), before[1]);
    act(&mut stage, "re", &id, release::abort, json!({})).unwrap();
    let after: Vec<Json> = ["dev", "prod", "lab"].map(|e| content(&stage, e)).into();
    assert_eq!(after, before);
    assert!(["dev", "prod", "lab"].iter().zip(versions).all(|(e, was)| version(&stage, e) > was));
    assert_eq!(stage.world.features.get("f").unwrap().body.definition_revision, 1);
    // Twice is nothing; anything else is refused with the state.
    act(&mut stage, "re", &id, release::abort, json!({})).unwrap();
    let problem = act(&mut stage, "re", &id, release::skip, json!({})).unwrap_err();
    assert_eq!((problem.code, &problem.more["state"]["status"]), (Code::Terminal, &json!("aborted")));
}

#[test]
fn a_feature_is_created_by_a_release_and_goes_with_its_abort() {
    let mut stage = stage();
    let new = json!({"key": "new", "definition": gate(true), "pipeline": "p", "tags": ["x"]});
    let created = stage.run("ed", |tx| feature::create(tx, body(new.clone()))).unwrap();
    let id = release_of(&created);
    assert_eq!((on(&stage, "dev", "new"), on(&stage, "prod", "new")), (1000, 0));
    assert_eq!(code(stage.run("ed", |tx| feature::create(tx, body(new.clone())))), Code::AlreadyExists);
    // Nothing may refer to what may never be.
    let user = json!({"kind": "gate", "rules": [{"id": "r", "if": {"feature": "new", "variants": ["on"]}, "variant": "on"}]});
    let problem = stage.run("ed", |tx| feature::create(tx, body(json!({"key": "user", "definition": user}))));
    assert_eq!(code(problem), Code::Invalid);
    act(&mut stage, "re", &id, release::abort, json!({})).unwrap();
    assert!(stage.world.features.is_empty());
    let again = release_of(&stage.run("ed", |tx| feature::create(tx, body(new))).unwrap());
    see_through(&mut stage, &again);
    assert_eq!((on(&stage, "prod", "new"), on(&stage, "lab", "new")), (1000, 1000));
    assert!(stage.world.features.get("new").unwrap().body.tags.contains("x"));
}

#[test]
fn a_feature_is_deleted_by_a_release() {
    let mut stage = stage();
    create(&mut stage, "f", gate(true));
    set_pipeline(&mut stage, "f", Some("p"));
    let id = release_of(&stage.run("ed", |tx| feature::delete(tx, "f", body(json!({})))).unwrap());
    assert_eq!((on(&stage, "dev", "f"), on(&stage, "prod", "f")), (0, 1000));
    // What is on its way out is not referred to.
    let user = json!({"kind": "gate", "rules": [{"id": "r", "if": {"feature": "f", "variants": ["on"]}, "variant": "on"}]});
    let problem = stage.run("ed", |tx| feature::create(tx, body(json!({"key": "user", "definition": user}))));
    assert_eq!(code(problem), Code::ReleaseActive);
    see_through(&mut stage, &id);
    assert!(stage.world.features.is_empty());
    assert_eq!(on(&stage, "prod", "f"), 0);
    act(&mut stage, "re", &id, release::revert, json!({})).unwrap();
    assert_eq!(on(&stage, "prod", "f"), 1000);
    assert_eq!(stage.world.features.get("f").unwrap().body.pipeline.as_deref(), Some("p"));
}

#[test]
fn every_trigger_starts_a_release() {
    let mut stage = stage();
    let experiment = json!({"kind": "experiment", "variants": {"a": 1, "b": 2}, "default": "a",
        "rules": [{"id": "split", "split": [{"variant": "a", "weight": 50}, {"variant": "b", "weight": 50}]}]});
    create(&mut stage, "x", experiment);
    set_pipeline(&mut stage, "x", Some("p"));
    let go = |stage: &mut Fixture, trigger: &str, result: Result<Outcome, Problem>| {
        let id = release_of(&result.unwrap());
        assert_eq!(stage.world.releases.get(&*id).unwrap().body.trigger, trigger);
        see_through(stage, &id);
    };
    let none = || json!({});
    let done = stage.run("ed", |tx| feature::disable(tx, "x", body(none())));
    go(&mut stage, "disable", done);
    let done = stage.run("ed", |tx| feature::enable(tx, "x", body(none())));
    go(&mut stage, "enable", done);
    let done = stage.run("ed", |tx| feature::resalt(tx, "x", body(none())));
    go(&mut stage, "resalt", done);
    let done = stage.run("ed", |tx| feature::archive(tx, "x", body(none())));
    go(&mut stage, "archive", done);
    let done = stage.run("ed", |tx| feature::unarchive(tx, "x", body(none())));
    go(&mut stage, "unarchive", done);
    let done = stage.run("ed", |tx| feature::launch(tx, "x", body(json!({"variant": "b"}))));
    go(&mut stage, "launch", done);
    let engine = engine(&stage, "prod");
    let context = engine.context().with("user_id", "u").build();
    assert_eq!(engine.view().decide_name("x", &context).variant(), Some("b"));
    let done = stage.run("ed", |tx| feature::delete(tx, "x", body(none())));
    go(&mut stage, "delete", done);
    assert!(stage.world.features.is_empty());
    assert_eq!(
        code(stage.run("ed", |tx| feature::launch(tx, "x", body(json!({"variant": "b"}))))),
        Code::NotFound
    );
}

#[test]
fn an_edit_under_a_release_is_refused_or_supersedes_it() {
    let mut stage = stage();
    with_gate(&mut stage);
    let first = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    let mut other = gate(true);
    other["rules"][0]["id"] = json!("other");
    let problem = save(&mut stage, "f", other.clone(), json!({})).unwrap_err();
    assert_eq!((problem.code, &problem.more["releases"]), (Code::ReleaseActive, &json!([first])));
    let seq = stage.world.seq;
    let second = release_of(&save(&mut stage, "f", other.clone(), json!({"supersede": true})).unwrap());
    assert_eq!(stage.world.seq, seq + 1, "one event");
    assert_eq!(status(&stage, &first), "aborted");
    let state = &stage.world.release_states.get(&*first).unwrap().body.state;
    assert_eq!(state.superseded_by.as_deref(), Some(&*second));
    let plan = &stage.world.releases.get(&*second).unwrap().body.plan;
    assert_eq!(
        serde_json::to_value(&plan.features["f"].base).unwrap(),
        gate(false),
        "it starts from the old base"
    );
    // By the release as well.
    let again = json!({"features": {"f": gate(true)}, "base_revisions": {"f": 1}});
    let editor = stage.run("ed", |tx| release::supersede(tx, &second, body(again.clone())));
    assert_eq!(code(editor), Code::Forbidden, "it aborts a release");
    let third = stage.run("re", |tx| release::supersede(tx, &second, body(again))).unwrap();
    let third = release_of(&third);
    assert_eq!(status(&stage, &second), "aborted");
    see_through(&mut stage, &third);
}

#[test]
fn a_release_that_creates_can_be_superseded() {
    let mut stage = stage();
    let new = json!({"key": "new", "definition": gate(true), "pipeline": "p", "tags": ["x"]});
    let first = release_of(&stage.run("ed", |tx| feature::create(tx, body(new))).unwrap());
    let second = release_of(&save(&mut stage, "new", gate(false), json!({"supersede": true})).unwrap());
    assert_eq!((status(&stage, &first), on(&stage, "dev", "new")), ("aborted".to_owned(), 0));
    see_through(&mut stage, &second);
    let feature = stage.world.features.get("new").unwrap();
    assert_eq!((feature.body.pipeline.as_deref(), feature.body.tags.len()), (Some("p"), 1));
}

#[test]
fn a_set_moves_in_one_version() {
    let mut stage = stage();
    create(&mut stage, "a", gate(false));
    create(&mut stage, "b", gate(false));
    let team = json!({"key": "team", "definition": {"if": {"attribute": "team", "op": "eq", "value": 1}}});
    stage.run("ed", |tx| segment::create(tx, body(team))).unwrap();
    let set = json!({
        "features": {"a": gate(true), "b": gate(true)},
        "segments": {"team": {"if": {"attribute": "team", "op": "eq", "value": 2}}},
        "pipeline": "p", "base_revisions": {"a": 1, "b": 1, "segment:team": 1}
    });
    let problem = changes(&mut stage, set.clone()).unwrap_err();
    assert_eq!((problem.code, problem.pointer.as_deref()), (Code::Invalid, Some("/start/ramp")));
    let mut with_unit = set;
    with_unit["start"] = json!({"ramp": {"unit": "user_id"}});
    let id = release_of(&changes(&mut stage, with_unit).unwrap());
    assert_eq!((on(&stage, "dev", "a"), on(&stage, "dev", "b")), (1000, 1000));
    let before = version(&stage, "prod");
    act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    assert!(version(&stage, "prod") > before);
    let engine = engine(&stage, "prod");
    let mut reader = engine.reader();
    for user in 0..1_000 {
        let user = format!("u{user}");
        let context = engine.context().with("user_id", user.as_str()).build();
        let view = reader.view();
        assert_eq!(view.check_name("a", &context), view.check_name("b", &context), "{user}");
    }
    // One of the set is edited: the whole set is in the way.
    let mut other = gate(false);
    other["rules"][0]["id"] = json!("other");
    assert_eq!(code(save(&mut stage, "a", other, json!({}))), Code::ReleaseActive);
    pass(&mut stage, 60);
    pass(&mut stage, 60);
    assert_eq!(status(&stage, &id), "completed");
    assert_eq!(stage.world.segments.get("team").unwrap().body.definition_revision, 2);
}

#[test]
fn floors_are_worked_into_the_plan_and_the_stricter_counts() {
    let mut stage = stage();
    let bank = json!({"name": "bank", "production": true, "floor":
        {"approvals": 2, "no_self_approval": true, "windows": {"deny": [{"starts": "2020-01-01T00:00:00Z", "ends": "2020-01-02T00:00:00Z"}]}}});
    stage.system(|tx| environment::create(tx, body(bank))).unwrap();
    stage.pipeline("q", json!([
        {"id": "bank", "target": [{"environments": ["bank"]}], "entry": {"approvals": {"count": 1, "self_approval": true}}},
        {"id": "rest", "entry": {"approvals": {"count": 3}}}
    ]));
    let new = json!({"key": "f", "definition": gate(true), "pipeline": "q"});
    let id = release_of(&stage.run("ed", |tx| feature::create(tx, body(new))).unwrap());
    let plan = std::sync::Arc::clone(&stage.world.releases.get(&*id).unwrap().body.plan);
    let first = plan.phases[0].entry.approvals.as_ref().unwrap();
    assert_eq!((first.count, first.self_approval), (2, false));
    assert_eq!(plan.phases[1].entry.approvals.as_ref().unwrap().count, 3);
    assert_eq!(plan.windows[0].len(), 1);
    assert_eq!(plan.environments[1], ["bank", "dev", "prod"].map(Key::from));
    assert_eq!(plan.opted_out, ["lab"].map(Key::from));
}

#[test]
fn starting_later_passes_over_approvals_only_by_a_bypass() {
    let mut stage = stage();
    stage.pipeline(
        "q",
        json!([
            {"id": "one", "target": [{"environments": ["dev"]}], "entry": {"approvals": {"count": 1}}},
            {"id": "two", "entry": {"trigger": {"wait_for_s": 60}}}
        ]),
    );
    create(&mut stage, "f", gate(false));
    set_pipeline(&mut stage, "f", Some("q"));
    let later = |more: Json| {
        let mut start = json!({"start_at": "two"});
        start.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"definition": gate(true), "base_revision": 1, "start": start})
    };
    assert_eq!(
        code(stage.run("ann", |tx| feature::save(tx, "f", body(later(json!({})))))),
        Code::NeedsBypass
    );
    let bypass = json!({"bypass": true});
    assert_eq!(
        code(stage.run("ann", |tx| feature::save(tx, "f", body(later(bypass))))),
        Code::ReasonRequired
    );
    let bypass = json!({"bypass": true, "reason": "hot"});
    assert_eq!(
        code(stage.run("ed", |tx| feature::save(tx, "f", body(later(bypass.clone()))))),
        Code::Forbidden
    );
    let id = release_of(&stage.run("ann", |tx| feature::save(tx, "f", body(later(bypass)))).unwrap());
    assert_eq!((phase(&stage, &id), on(&stage, "dev", "f")), ("two".to_owned(), 0));
    let unknown =
        json!({"definition": gate(true), "base_revision": 1, "supersede": true, "start": {"start_at": "no"}});
    assert_eq!(code(stage.run("ann", |tx| feature::save(tx, "f", body(unknown)))), Code::Invalid);
    pass(&mut stage, 60);
    assert_eq!(status(&stage, &id), "completed");
}

#[test]
fn releases_wait_for_each_other() {
    let mut stage = stage();
    for key in ["a", "b", "c"] {
        create(&mut stage, key, gate(false));
        set_pipeline(&mut stage, key, Some("p"));
    }
    let a = release_of(&save(&mut stage, "a", gate(true), json!({})).unwrap());
    let b_requires = json!({"start": {"requires": [{"release": a}]}});
    let b = release_of(&save(&mut stage, "b", gate(true), b_requires).unwrap());
    let c_requires = json!({"start": {"requires": [{"release": a, "reached": "dev"}]}});
    let c = release_of(&save(&mut stage, "c", gate(true), c_requires).unwrap());
    assert_eq!((phase(&stage, &b), on(&stage, "dev", "b")), ("dev".to_owned(), 0));
    assert_eq!(phase(&stage, &c), "prod", "dev is over in the other release already");
    see_through(&mut stage, &a);
    assert_eq!((phase(&stage, &b), on(&stage, "dev", "b")), ("prod".to_owned(), 1000));
    let unknown = json!({"supersede": true, "start": {"requires": [{"release": "no"}]}});
    let problem = save(&mut stage, "b", gate(true), unknown).unwrap_err();
    assert_eq!(problem.pointer.as_deref(), Some("/start/requires/0/release"));
}

#[test]
fn a_feature_goes_through_a_pipeline_as_it_is_and_leaves_it() {
    let mut stage = stage();
    stage.pipeline(
        "switch",
        json!([
            {"id": "dev", "target": [{"environments": ["dev"]}], "patches": [{"patch": "enable"}]},
            {"id": "prod", "target": [{"environments": ["prod"]}], "patches": [{"patch": "enable"}],
             "entry": {"trigger": {"wait_for_s": 60}}}
        ]),
    );
    let mut dark = gate(true);
    dark["enabled"] = json!(false);
    create(&mut stage, "f", dark);
    let add = json!({"feature": "f"});
    let added = stage.run("ann", |tx| feature::add_to_pipeline(tx, "switch", body(add.clone()))).unwrap();
    let first = release_of(&added);
    assert!(stage.told.contains(&"pipeline.feature_added".to_owned()));
    assert_eq!((on(&stage, "dev", "f"), on(&stage, "prod", "f")), (1000, 0));
    let keep = json!({"keep": true});
    stage.run("ann", |tx| feature::remove_from_pipeline(tx, "switch", "f", body(keep))).unwrap();
    assert_eq!(status(&stage, &first), "aborted");
    assert_eq!((on(&stage, "dev", "f"), on(&stage, "prod", "f")), (1000, 0), "what was live is kept");
    let second = stage.run("ann", |tx| feature::add_to_pipeline(tx, "switch", body(add))).unwrap();
    let second = release_of(&second);
    pass(&mut stage, 60);
    assert_eq!((status(&stage, &second), on(&stage, "prod", "f")), ("completed".to_owned(), 1000));
    // A pipeline that only applies candidates does nothing to it.
    stage.run("ann", |tx| feature::remove_from_pipeline(tx, "switch", "f", body(json!({})))).unwrap();
    let nothing = json!({"feature": "f"});
    assert_eq!(code(stage.run("ann", |tx| feature::add_to_pipeline(tx, "p", body(nothing)))), Code::Invalid);
    // A candidate is all or nothing.
    set_pipeline(&mut stage, "f", Some("p"));
    let third = release_of(&save(&mut stage, "f", gate(false), json!({})).unwrap());
    let kept =
        stage.run("ann", |tx| feature::remove_from_pipeline(tx, "p", "f", body(json!({"keep": true}))));
    assert_eq!(code(kept), Code::WrongState);
    stage.run("ann", |tx| feature::remove_from_pipeline(tx, "p", "f", body(json!({})))).unwrap();
    assert_eq!((status(&stage, &third), on(&stage, "dev", "f")), ("aborted".to_owned(), 1000));
}

#[test]
fn a_pipeline_that_never_applies_takes_no_edit() {
    let mut stage = stage();
    stage.pipeline("switch", json!([{"id": "all", "patches": [{"patch": "enable"}]}]));
    create(&mut stage, "f", gate(false));
    set_pipeline(&mut stage, "f", Some("switch"));
    assert_eq!(code(save(&mut stage, "f", gate(true), json!({}))), Code::Invalid);
}

#[test]
fn what_a_floor_gives_to_two_people_one_does_not_do() {
    let mut stage = stage();
    stage.pipeline("switch", json!([{"id": "all", "patches": [{"patch": "disable"}]}]));
    create(&mut stage, "f", gate(true));
    let floor = json!({"name": "bank", "production": true, "floor": {"approvals": 1}});
    stage.system(|tx| environment::create(tx, body(floor))).unwrap();
    let add = json!({"feature": "f"});
    let problem = stage.run("ann", |tx| feature::add_to_pipeline(tx, "switch", body(add)));
    assert_eq!(code(problem), Code::NeedsSecondPerson);
}

#[test]
fn thousand_releases_are_looked_through_for_what_is_due() {
    let mut stage = Fixture::new();
    stage.pipeline("slow", json!([{"id": "all", "entry": {"trigger": {"wait_for_s": 60}}}]));
    for place in 0..1_000 {
        let new = json!({"key": format!("f{place}"), "definition": gate(true), "pipeline": "slow"});
        stage.run("ed", |tx| feature::create(tx, body(new))).unwrap();
    }
    assert_eq!(stage.world.running().count(), 1_000);
    assert_eq!(release::next_due(&stage.world).uptime, Some(60_000));
    stage.clock.1 += 59_999;
    assert!(due(&stage.world, stage.now()).is_empty());
    pass(&mut stage, 1);
    assert_eq!(stage.world.running().count(), 0);
    assert!(due(&stage.world, stage.now()).is_empty());
}

#[test]
fn what_no_phase_covers_is_listed_and_gets_it_at_completion() {
    let mut stage = stage();
    stage.pipeline("near", json!([{"id": "dev", "target": [{"environments": ["dev"]}], "bake_s": 60}]));
    create(&mut stage, "f", gate(false));
    set_pipeline(&mut stage, "f", Some("near"));
    let saved = save(&mut stage, "f", gate(true), json!({})).unwrap();
    assert_eq!(saved.body["uncovered"], json!([{"environment": "prod", "coverage": "not"}]));
    assert_eq!(on(&stage, "prod", "f"), 0);
    pass(&mut stage, 60);
    assert_eq!(on(&stage, "prod", "f"), 1000);
}

#[test]
fn superseding_one_of_a_set_aborts_the_whole_set() {
    let mut stage = stage();
    for key in ["a", "b"] {
        create(&mut stage, key, gate(false));
        set_pipeline(&mut stage, key, Some("p"));
    }
    let set = json!({"features": {"a": gate(true), "b": gate(true)}, "base_revisions": {"a": 1, "b": 1},
        "start": {"ramp": {"unit": "user_id"}}});
    let first = release_of(&changes(&mut stage, set).unwrap());
    assert_eq!((on(&stage, "dev", "a"), on(&stage, "dev", "b")), (1000, 1000));
    let mut other = gate(true);
    other["rules"][0]["id"] = json!("other");
    release_of(&save(&mut stage, "a", other, json!({"supersede": true})).unwrap());
    assert_eq!(status(&stage, &first), "aborted");
    assert_eq!((on(&stage, "dev", "a"), on(&stage, "dev", "b")), (1000, 0));
}

#[test]
fn a_segment_is_released_as_well() {
    let mut stage = stage();
    let team = |value: i64| json!({"if": {"attribute": "team", "op": "eq", "value": value}});
    stage.run("ed", |tx| segment::create(tx, body(json!({"key": "team", "definition": team(1)})))).unwrap();
    stage.run("ann", |tx| segment::pipeline(tx, "team", body(json!({"pipeline": "p"})))).unwrap();
    let by_team = json!({"kind": "gate", "rules": [{"id": "t", "if": {"segment": "team"}, "variant": "on"}]});
    create(&mut stage, "f", by_team);
    let is_on = |stage: &Fixture, environment: &str| {
        let engine = engine(stage, environment);
        let context = engine.context().with("team", 2_i64).with("user_id", "u").build();
        engine.check("f", &context)
    };
    let edit = json!({"definition": team(2), "base_revision": 1, "start": {"ramp": {"unit": "user_id"}}});
    let id = release_of(&stage.run("ed", |tx| segment::save(tx, "team", body(edit))).unwrap());
    assert_eq!((is_on(&stage, "dev"), is_on(&stage, "prod")), (true, false));
    see_through(&mut stage, &id);
    assert!(is_on(&stage, "prod"));
}

#[test]
fn a_floor_counts_where_no_phase_covers_too() {
    let mut stage = stage();
    let bank = json!({"name": "bank", "production": true, "floor": {"approvals": 2, "no_self_approval": true,
        "windows": {"deny": [{"starts": "2026-01-01T00:00:00Z", "ends": "2036-01-01T00:00:00Z"}]}}});
    stage.system(|tx| environment::create(tx, body(bank))).unwrap();
    stage.pipeline("near", json!([{"id": "dev", "target": [{"environments": ["dev"]}]}]));
    let new = json!({"key": "f", "definition": gate(true), "pipeline": "near"});
    let id = release_of(&stage.run("ed", |tx| feature::create(tx, body(new))).unwrap());
    assert_eq!(status(&stage, &id), "running");
    let plan = std::sync::Arc::clone(&stage.world.releases.get(&*id).unwrap().body.plan);
    assert_eq!(plan.environments[0], ["bank", "dev", "prod"].map(Key::from));
    assert_eq!(code(act(&mut stage, "ed", &id, release::approve, json!({}))), Code::Forbidden);
    act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    act(&mut stage, "bob", &id, release::approve, json!({})).unwrap();
    // Approved, but the window of `bank` is closed.
    assert_eq!((status(&stage, &id).as_str(), phase(&stage, &id).as_str()), ("running", "dev"));
    assert_eq!(code(act(&mut stage, "re", &id, release::full_roll_out, json!({}))), Code::Frozen);
    // Who may move releases in `dev` alone does not move one that ends in `bank`.
    let near =
        json!({"id": "near", "kind": "person", "grants": [{"role": "admin", "environments": ["dev"]}]});
    stage.system(|tx| crate::domain::command::principal::create(tx, body(near))).unwrap();
    let refused = act(&mut stage, "near", &id, release::full_roll_out, json!({"bypass": true}));
    assert_eq!(code(refused), Code::Forbidden);
}

#[test]
fn a_feature_is_added_to_a_pipeline_at_a_later_time() {
    let mut stage = stage();
    stage.pipeline(
        "on",
        json!([{"id": "dev", "target": [{"environments": ["dev"]}], "patches": [{"patch": "enable"}]}]),
    );
    create(
        &mut stage,
        "f",
        json!({"kind": "gate", "enabled": false, "rules": [{"id": "all", "variant": "on"}]}),
    );
    let add = json!({"feature": "f", "start": {"at": stage.now().wall + 60_000}});
    assert_eq!(
        code(stage.run("ed", |tx| feature::add_to_pipeline(tx, "on", body(add.clone())))),
        Code::Forbidden
    );
    let added = stage.run("ann", |tx| feature::add_to_pipeline(tx, "on", body(add))).unwrap();
    assert_eq!(added.status, 202);
    assert_eq!(stage.world.features.get("f").unwrap().body.pipeline, None);
    assert!(!stage.told.contains(&"pipeline.feature_added".to_owned()));
    pass(&mut stage, 60);
    assert_eq!(on(&stage, "dev", "f"), 1000);
    assert_eq!(stage.world.features.get("f").unwrap().body.pipeline, Some("on".into()));
    assert!(stage.told.contains(&"pipeline.feature_added".to_owned()), "{:?}", stage.told);
}

#[test]
fn patches_leave_opted_out_environments_alone() {
    let mut stage = stage();
    stage.pipeline("on", json!([{"id": "all", "patches": [{"patch": "enable"}], "bake_s": 60}]));
    create(
        &mut stage,
        "f",
        json!({"kind": "gate", "enabled": false, "rules": [{"id": "all", "variant": "on"}]}),
    );
    let add = json!({"feature": "f"});
    let id = release_of(&stage.run("ann", |tx| feature::add_to_pipeline(tx, "on", body(add))).unwrap());
    let everywhere = |stage: &Fixture| ["dev", "prod", "lab"].map(|e| on(stage, e, "f"));
    assert_eq!(everywhere(&stage), [1000, 1000, 0]);
    pass(&mut stage, 60);
    assert_eq!((status(&stage, &id).as_str(), everywhere(&stage)), ("completed", [1000, 1000, 0]));
}

#[test]
fn what_would_restore_the_base_does_not_supersede() {
    let mut stage = stage();
    with_gate(&mut stage);
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    assert_eq!(code(save(&mut stage, "f", gate(false), json!({"supersede": true}))), Code::WrongState);
    assert_eq!(status(&stage, &id), "running");
}

/// A stage on which a release deletes the segment `s`, at phase `prod`, and a pipeline `for-s` that then came to name it.
fn with_a_segment_that_goes() -> (Fixture, String) {
    let mut stage = stage();
    let pro = json!({"key": "s", "definition": {"if": {"attribute": "plan", "op": "eq", "value": "pro"}}});
    stage.run("ed", |tx| segment::create(tx, body(pro))).unwrap();
    stage.run("ann", |tx| segment::pipeline(tx, "s", body(json!({"pipeline": "p"})))).unwrap();
    let gone = json!({"start": {"ramp": {"unit": "user_id"}}});
    let id = release_of(&stage.run("ed", |tx| segment::delete(tx, "s", body(gone))).unwrap());
    stage.pipeline(
        "for-s",
        json!([{"id": "all", "patches": [{"patch": "enable", "for": "s"}], "bake_s": 600}]),
    );
    (stage, id)
}

#[test]
fn what_came_into_use_since_is_not_deleted_by_completion() {
    let (mut stage, id) = with_a_segment_that_goes();
    let told = json!({"bypass": true});
    let problem = act(&mut stage, "ann", &id, release::full_roll_out, told).unwrap_err();
    assert_eq!((problem.code, problem.more["users"][0]["key"].as_str()), (Code::InUse, Some("for-s")));
}

#[test]
fn a_completion_that_a_running_release_does_not_survive_pauses() {
    let (mut stage, id) = with_a_segment_that_goes();
    create(
        &mut stage,
        "f",
        json!({"kind": "gate", "enabled": false, "rules": [{"id": "all", "variant": "on"}]}),
    );
    let add = json!({"feature": "f"});
    release_of(&stage.run("ann", |tx| feature::add_to_pipeline(tx, "for-s", body(add))).unwrap());
    act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    pass(&mut stage, 60);
    pass(&mut stage, 60);
    let state = &stage.world.release_states.get(&*id).unwrap().body.state;
    let reason = state.paused.as_ref().unwrap().reason.clone().unwrap();
    assert!(reason.starts_with("its completion would") && reason.contains("`s`"), "{reason}");
    engine(&stage, "prod");
}

#[test]
fn a_bypass_does_not_serve_what_refers_to_what_is_not_there() {
    let mut stage = stage();
    with_gate(&mut stage);
    stage.pipeline(
        "other",
        json!([
            {"id": "lab", "target": [{"environments": ["lab"]}], "bake_s": 60},
            {"id": "prod", "target": [{"environments": ["prod"]}], "bake_s": 60},
            {"id": "rest", "bake_s": 60}
        ]),
    );
    set_pipeline(&mut stage, "f", Some("other"));
    let new = json!({"key": "n", "definition": gate(true), "pipeline": "p"});
    let first = release_of(&stage.run("ed", |tx| feature::create(tx, body(new))).unwrap());
    let refers = json!({"kind": "gate", "rules": [{"id": "n", "if": {"feature": "n", "variants": ["on"]}, "variant": "on"}]});
    let start = json!({"start": {"requires": [{"release": first}]}});
    let id = release_of(&save(&mut stage, "f", refers, start).unwrap());
    let skip = act(&mut stage, "ann", &id, release::skip, json!({"bypass": true}));
    assert_eq!(code(skip), Code::Invalid);
    drop(["dev", "prod", "lab"].map(|e| engine(&stage, e)));
}

#[test]
fn phases_do_not_refer_to_what_another_release_is_still_making() {
    let mut stage = stage();
    with_gate(&mut stage);
    let new = json!({"key": "n", "definition": gate(true), "pipeline": "p"});
    release_of(&stage.run("ed", |tx| feature::create(tx, body(new))).unwrap());
    let target = json!([{"if": {"feature": "n", "variants": ["on"]}}]);
    stage.pipeline("for-n", json!([{"id": "all", "target": target, "bake_s": 600}]));
    set_pipeline(&mut stage, "f", Some("for-n"));
    assert_eq!(code(save(&mut stage, "f", gate(true), json!({}))), Code::Invalid);
}
