//! Changes that go live at once.

use super::*;
use crate::domain::command::fixture::WALL;
use crate::domain::command::{environment, kill, schedule, segment};
use crate::domain::entity::ScheduleStatus;

/// A minute after the stage is set.
const WALL_IN_A_MINUTE: i64 = WALL + 60_000;

#[test]
fn without_a_pipeline_a_change_is_live_at_once() {
    let mut stage = stage();
    create(&mut stage, "f", gate(false));
    assert_eq!(stage.told, ["feature.created"]);
    let saved = save(&mut stage, "f", gate(true), json!({})).unwrap();
    assert_eq!(saved.status, 200);
    assert_eq!(saved.body["live_at_once"], true);
    assert_eq!(saved.body["definition_revision"], 2);
    assert_eq!((on(&stage, "dev", "f"), on(&stage, "prod", "f"), on(&stage, "lab", "f")), (1000, 1000, 1000));
    let deleted = stage.run("ed", |tx| feature::delete(tx, "f", body(json!({})))).unwrap();
    assert_eq!(deleted.status, 200);
    assert!(stage.world.features.is_empty());
}

#[test]
fn a_save_names_the_revision_that_it_was_written_on() {
    let mut stage = stage();
    create(&mut stage, "f", gate(false));
    let without = json!({"definition": gate(true)});
    assert_eq!(code(stage.run("ed", |tx| feature::save(tx, "f", body(without)))), Code::RevisionRequired);
    save(&mut stage, "f", gate(true), json!({})).unwrap();
    let stale = json!({"definition": gate(false), "base_revision": 1});
    let problem = stage.run("ed", |tx| feature::save(tx, "f", body(stale))).unwrap_err();
    assert_eq!((problem.code, &problem.more["revision"]), (Code::Stale, &json!(2)));
    let many = json!({"features": {"f": gate(false)}});
    assert_eq!(code(changes(&mut stage, many)), Code::RevisionRequired);
}

#[test]
fn the_floor_of_an_environment_asks_for_a_pipeline() {
    let mut stage = stage();
    let floor = json!({"name": "bank", "production": true, "floor": {"pipeline_required": true}});
    stage.system(|tx| environment::create(tx, body(floor))).unwrap();
    let new = json!({"key": "f", "definition": gate(true)});
    let problem = stage.run("ed", |tx| feature::create(tx, body(new))).unwrap_err();
    assert_eq!((problem.code, &problem.more["environments"]), (Code::PipelineRequired, &json!(["bank"])));
}

#[test]
fn what_touches_only_opted_out_environments_is_live_at_once_also_under_a_release() {
    let mut stage = stage();
    with_gate(&mut stage);
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    assert_eq!((on(&stage, "dev", "f"), on(&stage, "prod", "f")), (1000, 0));
    // The mixed change gave the candidate to `lab` at the start.
    assert_eq!(on(&stage, "lab", "f"), 1000);
    act(&mut stage, "ap", &id, release::pause, json!({})).unwrap();
    let mut lab_off = gate(false);
    lab_off["environments"] = json!({"lab": {"enabled": false, "rules": []}});
    let saved = save(&mut stage, "f", lab_off, json!({})).unwrap();
    assert_eq!(saved.status, 200, "{}", saved.body);
    // It serves in `lab` what was saved; nothing else has moved.
    assert_eq!((on(&stage, "lab", "f"), on(&stage, "dev", "f"), on(&stage, "prod", "f")), (0, 1000, 0));
    assert_eq!(status(&stage, &id), "running");
    act(&mut stage, "re", &id, release::full_roll_out, json!({"bypass": true})).unwrap_err();
    act(&mut stage, "ann", &id, release::full_roll_out, json!({"bypass": true})).unwrap();
    assert_eq!((on(&stage, "lab", "f"), on(&stage, "dev", "f"), on(&stage, "prod", "f")), (0, 1000, 1000));
    let reverted = act(&mut stage, "re", &id, release::revert, json!({})).unwrap();
    assert_eq!(reverted.status, 200);
    assert_eq!((on(&stage, "lab", "f"), on(&stage, "dev", "f"), on(&stage, "prod", "f")), (0, 0, 0));
}

#[test]
fn an_edit_of_an_opted_out_environment_voids_approvals() {
    let mut stage = stage();
    stage.pipeline("two", json!([{"id": "all", "entry": {"approvals": {"count": 2}}}]));
    create(&mut stage, "f", gate(false));
    set_pipeline(&mut stage, "f", Some("two"));
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    let approvals =
        |stage: &Fixture| stage.world.release_states.get(&*id).unwrap().body.state.phases[0].approvals.len();
    assert_eq!(approvals(&stage), 1);
    let mut lab = gate(false);
    lab["environments"] = json!({"lab": {"enabled": false}});
    save(&mut stage, "f", lab, json!({})).unwrap();
    assert_eq!(approvals(&stage), 0);
    assert!(stage.told.contains(&"release.approvals_voided".to_owned()), "{:?}", stage.told);
}

#[test]
fn a_change_of_a_referenced_segment_voids_approvals() {
    let mut stage = stage();
    let staff = json!({"key": "staff", "definition": {"if": {"attribute": "email", "op": "ends_with", "value": "@a.b"}}});
    stage.run("ed", |tx| segment::create(tx, body(staff))).unwrap();
    with_gate(&mut stage);
    let for_staff =
        json!({"kind": "gate", "rules": [{"id": "staff", "if": {"segment": "staff"}, "variant": "on"}]});
    stage.pipeline("two", json!([{"id": "all", "entry": {"approvals": {"count": 2}}}]));
    set_pipeline(&mut stage, "f", Some("two"));
    let id = release_of(&save(&mut stage, "f", for_staff, json!({})).unwrap());
    act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    let digest = stage.world.releases.get(&*id).unwrap().body.plan.digest.clone();
    let other = json!({"definition": {"if": {"attribute": "email", "op": "ends_with", "value": "@c.d"}}, "base_revision": 1});
    stage.run("ed", |tx| segment::save(tx, "staff", body(other))).unwrap();
    assert_ne!(stage.world.releases.get(&*id).unwrap().body.plan.digest, digest);
    assert!(stage.world.release_states.get(&*id).unwrap().body.state.phases[0].approvals.is_empty());
    // In use: neither the segment nor the feature goes.
    let problem = stage.run("ed", |tx| segment::delete(tx, "staff", body(json!({})))).unwrap_err();
    assert_eq!(problem.code, Code::InUse);
}

#[test]
fn what_is_referred_to_is_neither_archived_nor_deleted() {
    let mut stage = stage();
    create(&mut stage, "f", gate(false));
    let user = json!({"kind": "gate", "rules": [{"id": "f", "if": {"feature": "f", "variants": ["on"]}, "variant": "on"}]});
    create(&mut stage, "g", user);
    for action in [feature::archive, feature::delete] {
        let problem = stage.run("ed", |tx| action(tx, "f", body(json!({})))).unwrap_err();
        assert_eq!(problem.code, Code::InUse);
        assert_eq!(problem.more["users"][0]["key"], "g");
    }
    // Together with its user it goes.
    let both = json!({"features": {"f": null, "g": null}, "base_revisions": {"f": 1, "g": 1}});
    changes(&mut stage, both).unwrap();
    assert!(stage.world.features.is_empty());
}

#[test]
fn what_is_invalid_is_refused_with_its_place_and_leaves_nothing() {
    let mut stage = stage();
    let before = stage.world.clone();
    let broken =
        json!({"kind": "gate", "rules": [{"id": "a", "if": {"segment": "no-such"}, "variant": "on"}]});
    let new = json!({"key": "f", "definition": broken, "pipeline": "p"});
    let problem = stage.run("ed", |tx| feature::create(tx, body(new))).unwrap_err();
    assert_eq!(problem.code, Code::Invalid);
    assert!(problem.pointer.as_ref().unwrap().starts_with("/definition/rules/0"), "{problem:?}");
    assert_eq!(stage.world, before);
}

#[test]
fn only_who_may_write_where_it_is_noticed_writes() {
    let mut stage = stage();
    create(&mut stage, "f", gate(false));
    let near =
        json!({"id": "near", "kind": "person", "grants": [{"role": "editor", "environments": ["dev"]}]});
    stage.system(|tx| crate::domain::command::principal::create(tx, body(near))).unwrap();
    let everywhere = json!({"definition": gate(true), "base_revision": 1});
    assert_eq!(code(stage.run("near", |tx| feature::save(tx, "f", body(everywhere)))), Code::Forbidden);
    let off = json!({"environment": "dev"});
    stage.run("near", |tx| feature::disable(tx, "f", body(off))).unwrap();
    assert_eq!(code(stage.run("vi", |tx| feature::enable(tx, "f", body(json!({}))))), Code::Forbidden);
}

#[test]
fn a_kill_is_published_at_once_and_unkill_is_forward_motion() {
    let mut stage = stage();
    let frozen = json!({"name": "icy", "floor": {"windows": {"deny": [{"description": "always"}]}}});
    stage.system(|tx| environment::create(tx, body(frozen))).unwrap();
    create(&mut stage, "f", gate(true));
    let no_reason = json!({"environment": "icy"});
    assert_eq!(code(stage.run("re", |tx| kill::kill(tx, "f", body(no_reason)))), Code::ReasonRequired);
    let there = json!({"environment": "icy", "reason": "errors"});
    assert_eq!(code(stage.run("ed", |tx| kill::kill(tx, "f", body(there.clone())))), Code::Forbidden);
    let version_dev = version(&stage, "dev");
    stage.run("re", |tx| kill::kill(tx, "f", body(there.clone()))).unwrap();
    assert_eq!((on(&stage, "icy", "f"), on(&stage, "dev", "f")), (0, 1000));
    assert_eq!(version(&stage, "dev"), version_dev);
    let back = json!({"environment": "icy"});
    assert_eq!(code(stage.run("re", |tx| kill::unkill(tx, "f", body(back)))), Code::Frozen);
    let bypass = json!({"environment": "icy", "bypass": true, "reason": "fixed"});
    assert_eq!(code(stage.run("re", |tx| kill::unkill(tx, "f", body(bypass.clone())))), Code::Forbidden);
    stage.run("ann", |tx| kill::unkill(tx, "f", body(bypass))).unwrap();
    assert_eq!(on(&stage, "icy", "f"), 1000);
    let again = json!({"environment": "icy", "reason": "errors"});
    stage.run("re", |tx| kill::kill(tx, "f", body(again))).unwrap();
    stage.run("ed", |tx| feature::delete(tx, "f", body(json!({})))).unwrap();
    assert!(stage.world.kills.is_empty());
}

#[test]
fn a_scheduled_change_is_made_at_its_time() {
    let mut stage = stage();
    create(&mut stage, "f", gate(false));
    let at = stage.now().wall + 60_000;
    let later = save(&mut stage, "f", gate(true), json!({"start": {"at": at}})).unwrap();
    assert_eq!(later.status, 202);
    let id = later.body["key"].as_str().unwrap().to_owned();
    pass(&mut stage, 59);
    assert_eq!(on(&stage, "dev", "f"), 0);
    pass(&mut stage, 1);
    assert_eq!(on(&stage, "dev", "f"), 1000);
    assert_eq!(schedule::view(&stage.world, &id).unwrap()["status"], "applied");
    let problem = stage.run("ed", |tx| schedule::cancel(tx, &id, body(json!({})))).unwrap_err();
    assert_eq!(problem.code, Code::WrongState);
}

#[test]
fn a_scheduled_change_of_another_base_or_under_a_release_is_suspended() {
    let mut stage = stage();
    with_gate(&mut stage);
    create(&mut stage, "g", gate(false));
    let at = stage.now().wall + 60_000;
    let start = json!({"start": {"at": at}});
    let on_base =
        save(&mut stage, "g", gate(true), start.clone()).unwrap().body["key"].as_str().unwrap().to_owned();
    let on_free = save(&mut stage, "f", gate(true), start).unwrap().body["key"].as_str().unwrap().to_owned();
    let mut other = gate(false);
    other["rules"][0]["id"] = json!("other");
    save(&mut stage, "g", other.clone(), json!({})).unwrap();
    release_of(&save(&mut stage, "f", other, json!({})).unwrap());
    pass(&mut stage, 60);
    for id in [on_base, on_free] {
        let view = schedule::view(&stage.world, &id).unwrap();
        assert_eq!(view["status"], "suspended", "{view}");
        assert!(view["why"].is_string());
    }
    assert_eq!((on(&stage, "dev", "f"), on(&stage, "dev", "g")), (0, 0));
}

#[test]
fn a_description_is_no_release() {
    let mut stage = stage();
    with_gate(&mut stage);
    let mut told = gate(false);
    told["description"] = json!("the check-out");
    assert_eq!(save(&mut stage, "f", told, json!({})).unwrap().status, 200);
}

#[test]
fn a_preview_changes_nothing_and_says_what_would_be() {
    let mut stage = stage();
    with_gate(&mut stage);
    let before = stage.world.clone();
    let preview = save(&mut stage, "f", gate(true), json!({"dry_run": true})).unwrap();
    assert_eq!(stage.world, before);
    let body = preview.body;
    assert_eq!(body["live_at_once"], false);
    assert_eq!(body["environments"], json!(["dev", "prod", "lab"]));
    assert_eq!(body["opted_out"], json!(["lab"]));
    assert_eq!(body["phases"][1]["environments"], json!(["prod"]));
    assert_eq!(body["diff"]["f"][0]["path"], "/rules/0/variant");
    assert_eq!(body["changes"]["dev"][0]["kind"], "release", "{body}");
    assert!(body["changes"]["prod"].is_null(), "nothing is served in prod yet: {body}");
}

#[test]
fn places_of_problems_are_those_of_the_body() {
    let mut stage = stage();
    with_gate(&mut stage);
    let broken =
        json!({"kind": "gate", "rules": [{"id": "a", "if": {"segment": "no-such"}, "variant": "on"}]});
    let problem = save(&mut stage, "f", broken.clone(), json!({})).unwrap_err();
    assert!(problem.pointer.as_ref().unwrap().starts_with("/definition/rules/0"), "{problem:?}");
    let many = json!({"features": {"f": broken}, "base_revisions": {"f": 1}});
    let problem = changes(&mut stage, many).unwrap_err();
    assert!(problem.pointer.as_ref().unwrap().starts_with("/features/f/rules/0"), "{problem:?}");
}

#[test]
fn a_scheduled_change_of_who_may_not_write_any_more_is_suspended() {
    let mut stage = stage();
    create(&mut stage, "f", gate(false));
    let at = stage.now().wall + 1_000;
    let later = save(&mut stage, "f", gate(true), json!({"start": {"at": at}})).unwrap();
    let id = later.body["key"].as_str().unwrap().to_owned();
    let ed = std::sync::Arc::clone(&stage.world.principals.get("ed").unwrap().body);
    stage
        .system(|tx| {
            let disabled = crate::domain::entity::Principal { disabled: true, ..(*ed).clone() };
            tx.put(&Key::from("ed"), disabled)?;
            Ok(Outcome::new("test", crate::domain::entity::Kind::Principal, &"ed".into(), ()))
        })
        .unwrap();
    pass(&mut stage, 1);
    assert_eq!(schedule::view(&stage.world, &id).unwrap()["status"], "suspended");
    assert_eq!(on(&stage, "dev", "f"), 0);
    let list =
        schedule::list(&stage.world, Some(crate::domain::entity::ScheduleStatus::Suspended), None, None);
    assert_eq!(list.unwrap()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn the_index_is_a_function_of_the_tables() {
    let mut stage = stage();
    with_gate(&mut stage);
    let staff =
        json!({"key": "staff", "definition": {"if": {"attribute": "staff", "op": "eq", "value": true}}});
    stage.run("ed", |tx| segment::create(tx, body(staff))).unwrap();
    let for_staff =
        json!({"kind": "gate", "rules": [{"id": "s", "if": {"segment": "staff"}, "variant": "on"}]});
    create(&mut stage, "g", for_staff.clone());
    release_of(&save(&mut stage, "f", for_staff, json!({})).unwrap());
    let mut entities = Vec::new();
    stage.world.each(|kind, key, revision, json| entities.push((kind, key.clone(), revision, json))).unwrap();
    for _ in 0..2 {
        entities.reverse();
        let mut loaded = crate::domain::World { seq: stage.world.seq, ..Default::default() };
        for (kind, key, revision, json) in &entities {
            loaded.restore(*kind, key, *revision, json).unwrap();
        }
        assert_eq!(loaded, stage.world);
    }
}

#[test]
fn a_scheduled_deletion_or_archiving_is_not_in_its_own_way() {
    let mut stage = stage();
    create(&mut stage, "f", gate(false));
    create(&mut stage, "g", gate(true));
    let staff =
        json!({"key": "staff", "definition": {"if": {"attribute": "plan", "op": "eq", "value": "pro"}}});
    stage.run("ed", |tx| segment::create(tx, body(staff))).unwrap();
    let start = || json!({"start": {"at": WALL_IN_A_MINUTE}});
    stage.run("ed", |tx| feature::delete(tx, "f", body(start()))).unwrap();
    stage.run("ed", |tx| feature::archive(tx, "g", body(start()))).unwrap();
    stage.run("ed", |tx| segment::delete(tx, "staff", body(start()))).unwrap();
    pass(&mut stage, 60);
    let statuses: Vec<_> =
        stage.world.schedules.values().map(|row| (row.body.status, row.body.why.clone())).collect();
    assert!(statuses.iter().all(|(status, _)| *status == ScheduleStatus::Applied), "{statuses:?}");
    assert!(stage.world.features.get("f").is_none() && stage.world.segments.is_empty());
    assert!(stage.world.features.get("g").unwrap().body.definition.as_ref().unwrap().archived);
}

#[test]
fn a_scheduled_deletion_is_in_the_way_of_another() {
    let mut stage = stage();
    create(&mut stage, "f", gate(false));
    let start = |at: i64| json!({"start": {"at": WALL_IN_A_MINUTE + at}});
    stage.run("ed", |tx| feature::delete(tx, "f", body(start(0)))).unwrap();
    assert_eq!(code(stage.run("ed", |tx| feature::delete(tx, "f", body(json!({}))))), Code::InUse);
}

#[test]
fn voided_approvals_stop_the_wait_that_began_with_them() {
    let mut stage = stage();
    stage.pipeline(
        "slow",
        json!([{"id": "all", "entry": {
        "approvals": {"count": 1, "deadline": {"after_s": 300, "then": "abort"}},
        "trigger": {"wait_for_s": 60, "wait_after_approval": true}}}]),
    );
    create(&mut stage, "f", gate(false));
    set_pipeline(&mut stage, "f", Some("slow"));
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    pass(&mut stage, 30);
    let mut lab = gate(false);
    lab["environments"] = json!({"lab": {"enabled": false}});
    save(&mut stage, "f", lab, json!({})).unwrap();
    pass(&mut stage, 60);
    act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    assert_eq!((status(&stage, &id).as_str(), on(&stage, "dev", "f")), ("running", 0), "no wait after it");
    pass(&mut stage, 59);
    assert_eq!(status(&stage, &id), "running");
    pass(&mut stage, 1);
    assert_eq!(status(&stage, &id), "completed");
}

#[test]
fn voided_approvals_bring_their_deadline_back() {
    let mut stage = stage();
    stage.pipeline(
        "slow",
        json!([{"id": "all", "entry": {
        "approvals": {"count": 1, "deadline": {"after_s": 300, "then": "abort"}},
        "trigger": {"wait_for_s": 600}}}]),
    );
    create(&mut stage, "f", gate(false));
    set_pipeline(&mut stage, "f", Some("slow"));
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    let mut lab = gate(false);
    lab["environments"] = json!({"lab": {"enabled": false}});
    save(&mut stage, "f", lab, json!({})).unwrap();
    pass(&mut stage, 0);
    pass(&mut stage, 300);
    assert_eq!(status(&stage, &id), "aborted");
}
