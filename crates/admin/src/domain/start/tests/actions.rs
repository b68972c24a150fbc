//! What is done to a release that runs, or has ended.

use super::*;
use crate::domain::command::{guard, kill};

#[test]
fn stale_decisions_are_refused_with_the_state() {
    let mut stage = stage();
    with_gate(&mut stage);
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    let without = stage.run("ap", |tx| release::approve(tx, &id, body(json!({}))));
    assert_eq!(code(without), Code::RevisionRequired);
    act(&mut stage, "re", &id, release::pause, json!({})).unwrap();
    let old = json!({"revision": 1, "phase": "prod"});
    let problem = stage.run("ap", |tx| release::approve(tx, &id, body(old))).unwrap_err();
    assert_eq!(problem.code, Code::Stale);
    assert_eq!(problem.more["state"]["paused"], true);
    assert!(problem.more["allowed_actions"].as_array().unwrap().iter().any(|a| a["action"] == "approve"));
    let unknown = stage.run("ap", |tx| release::approve(tx, "r999", body(json!({"revision": 1}))));
    assert_eq!(code(unknown), Code::NotFound);
}

#[test]
fn a_kill_pauses_the_release_and_unkill_does_not_unpause() {
    let mut stage = stage();
    with_gate(&mut stage);
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    let there = json!({"environment": "dev", "reason": "errors"});
    stage.run("re", |tx| kill::kill(tx, "f", body(there))).unwrap();
    assert!(stage.world.release_states.get(&*id).unwrap().body.state.paused.is_some());
    assert!(
        stage.told.contains(&"feature.killed".to_owned())
            && stage.told.contains(&"release.paused".to_owned())
    );
    assert_eq!(on(&stage, "dev", "f"), 0);
    stage.run("re", |tx| kill::unkill(tx, "f", body(json!({"environment": "dev"})))).unwrap();
    assert!(stage.world.release_states.get(&*id).unwrap().body.state.paused.is_some());
    assert_eq!(on(&stage, "dev", "f"), 1000);
}

#[test]
fn a_failing_guard_aborts_and_everybody_is_back() {
    let mut stage = stage();
    stage.pipeline(
        "watched",
        json!([{"id": "all", "bake_s": 600, "guards": [{"id": "errors", "on_fail": "abort"}]}]),
    );
    create(&mut stage, "f", gate(false));
    set_pipeline(&mut stage, "f", Some("watched"));
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    assert_eq!(on(&stage, "prod", "f"), 1000);
    let unknown = stage.run("re", |tx| guard::verdict(tx, &id, "no", body(json!({"verdict": "pass"}))));
    assert_eq!(code(unknown), Code::NotFound);
    let viewer = stage.run("vi", |tx| guard::verdict(tx, &id, "errors", body(json!({"verdict": "fail"}))));
    assert_eq!(code(viewer), Code::Forbidden);
    let fail = json!({"verdict": "fail", "detail": "5 %"});
    stage.run("ed", |tx| guard::verdict(tx, &id, "errors", body(fail))).unwrap();
    assert_eq!((status(&stage, &id), on(&stage, "prod", "f")), ("aborted".to_owned(), 0));
    assert!(stage.told.contains(&"guard.breached".to_owned()));
}

#[test]
fn a_revert_writes_the_saved_definitions_back_at_once() {
    let mut stage = stage();
    with_gate(&mut stage);
    let before = content(&stage, "prod");
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    assert_eq!(code(act(&mut stage, "re", &id, release::revert, json!({}))), Code::WrongState);
    see_through(&mut stage, &id);
    assert_eq!(code(act(&mut stage, "ed", &id, release::revert, json!({}))), Code::Forbidden);
    act(&mut stage, "re", &id, release::revert, json!({})).unwrap();
    assert_eq!((status(&stage, &id), on(&stage, "prod", "f")), ("reverted".to_owned(), 0));
    assert_eq!(content(&stage, "prod"), before);
}

#[test]
fn a_revert_of_what_was_edited_since_is_refused_with_the_diff() {
    let mut stage = stage();
    with_gate(&mut stage);
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    see_through(&mut stage, &id);
    let mut other = gate(true);
    other["rules"][0]["id"] = json!("other");
    let next = release_of(&save(&mut stage, "f", other, json!({})).unwrap());
    assert_eq!(code(act(&mut stage, "re", &id, release::revert, json!({}))), Code::ReleaseActive);
    see_through(&mut stage, &next);
    let problem = act(&mut stage, "re", &id, release::revert, json!({})).unwrap_err();
    assert_eq!(problem.code, Code::Stale);
    assert!(!problem.more["diff"]["f"].as_array().unwrap().is_empty());
}

#[test]
fn a_revert_needs_no_reason_at_once_or_staged() {
    for staged in [false, true] {
        let mut stage = stage();
        with_gate(&mut stage);
        let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
        see_through(&mut stage, &id);
        let told = body(json!({"staged": staged}));
        let reverted = stage.run("re", |tx| release::revert(tx, &id, told)).unwrap();
        assert_eq!(reverted.status, if staged { 202 } else { 200 });
    }
}

#[test]
fn a_staged_revert_is_a_release() {
    let mut stage = stage();
    with_gate(&mut stage);
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    see_through(&mut stage, &id);
    let back = release_of(&act(&mut stage, "re", &id, release::revert, json!({"staged": true})).unwrap());
    assert_eq!(stage.world.releases.get(&*back).unwrap().body.reverts.as_deref(), Some(&*id));
    assert_eq!((on(&stage, "dev", "f"), on(&stage, "prod", "f")), (0, 1000));
    see_through(&mut stage, &back);
    assert_eq!((status(&stage, &id), on(&stage, "prod", "f")), ("completed".to_owned(), 0));
}

#[test]
fn a_completion_that_would_break_the_definitions_pauses_instead() {
    let mut stage = stage();
    stage.pipeline("slow", json!([{"id": "all", "entry": {"trigger": {"wait_for_s": 60}}}]));
    create(&mut stage, "c", gate(true));
    set_pipeline(&mut stage, "c", Some("slow"));
    let id = release_of(&stage.run("ed", |tx| feature::delete(tx, "c", body(json!({})))).unwrap());
    // By a door that does not ask (a log of an older version, say): something refers to what is about to go.
    let user = json!({"kind": "gate", "rules": [{"id": "b", "if": {"feature": "c", "variants": ["on"]}, "variant": "on"}]});
    stage.feature("user", user);
    pass(&mut stage, 60);
    let state = stage.world.release_states.get(&*id).unwrap().body.state.clone();
    let reason = state.paused.as_ref().unwrap().reason.clone().unwrap();
    assert!(reason.starts_with("its completion would make the definitions invalid"), "{reason}");
    // A person is told, and nothing moves.
    let problem = act(&mut stage, "ann", &id, release::full_roll_out, json!({"bypass": true})).unwrap_err();
    assert_eq!(problem.code, Code::Invalid);
    assert_eq!(on(&stage, "prod", "user"), 1000);
    act(&mut stage, "re", &id, release::abort, json!({})).unwrap();
}

#[test]
fn lists_and_change_requests_say_who_is_waited_for() {
    let mut stage = stage();
    with_gate(&mut stage);
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    let actor = |stage: &Fixture, who: &str| {
        let row = stage.world.principals.get(who).unwrap();
        tidegate::release::Actor { id: who.into(), kind: row.body.kind, grants: row.body.grants.clone() }
    };
    let now = stage.now();
    let mine = |who: &str| {
        let list =
            release::change_requests(&stage.world, &actor(&stage, who), now, true, None, None).unwrap();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!((mine("ap"), mine("ed"), mine("vi")), (1, 0, 0), "an author does not approve");
    let request = release::change_request(&stage.world, &actor(&stage, "ap"), now, &id).unwrap();
    assert_eq!(
        (&request["phase"], &request["diff"]["f"][0]["path"]),
        (&json!("prod"), &json!("/rules/0/variant"))
    );
    let signed = request["signed"].as_str().unwrap().to_owned();
    let query = release::Query { waiting_for_me: true, ..release::Query::default() };
    let list = release::list(&stage.world, &actor(&stage, "ap"), now, &query).unwrap();
    assert_eq!(list["items"][0]["key"], json!(id));
    let preview = {
        let tx = crate::domain::Tx::new(stage.world.clone(), actor(&stage, "ann"), now);
        release::preview_action(&tx, &id, tidegate::release::Action::Abort, Act::default()).unwrap()
    };
    assert_eq!(
        (&preview["state"]["status"], &preview["environments"]),
        (&json!("aborted"), &json!(["dev", "lab"]))
    );
    act(&mut stage, "ap", &id, release::approve, json!({"signed": "other"})).unwrap_err();
    act(&mut stage, "ap", &id, release::approve, json!({"signed": signed})).unwrap();
    let listed = feature::list(
        &stage.world,
        &actor(&stage, "ed"),
        now,
        &feature::Query { status: Some("running".into()), ..Default::default() },
    )
    .unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let full = snapshot::full_document(&stage.world);
    Engine::builder().mode(Mode::Strict).build().load(&full).unwrap();
}

#[test]
fn an_approval_says_whether_it_was_one_before() {
    let mut stage = stage();
    stage.pipeline("two", json!([{"id": "all", "entry": {"approvals": {"count": 2}}}]));
    create(&mut stage, "f", gate(false));
    set_pipeline(&mut stage, "f", Some("two"));
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    let first = act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    assert_eq!(first.body["already_approved"], false);
    let seq = stage.world.seq;
    let again = act(&mut stage, "ap", &id, release::approve, json!({})).unwrap();
    assert_eq!((&again.body["already_approved"], stage.world.seq), (&json!(true), seq));
    let last = act(&mut stage, "bob", &id, release::approve, json!({})).unwrap();
    assert_eq!((&last.body["already_approved"], status(&stage, &id).as_str()), (&json!(false), "completed"));
}

#[test]
fn a_kill_of_what_was_killed_before_the_release_pauses_it_too() {
    let mut stage = stage();
    with_gate(&mut stage);
    let there = || body(json!({"environment": "prod", "reason": "errors"}));
    stage.run("re", |tx| kill::kill(tx, "f", there())).unwrap();
    let id = release_of(&save(&mut stage, "f", gate(true), json!({})).unwrap());
    let paused = |stage: &Fixture| stage.world.release_states.get(&*id).unwrap().body.state.paused.is_some();
    assert!(!paused(&stage));
    stage.run("re", |tx| kill::kill(tx, "f", there())).unwrap();
    assert!(paused(&stage));
}
