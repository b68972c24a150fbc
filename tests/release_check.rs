//! What is wrong with a pipeline, all at once; what its phases cover; what engines get of a release.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use serde_json::{Value as Json, json};
use tidegate::engine::Engine;
use tidegate::model::{Key, Mode};
use tidegate::release::{
    Coverage, Input, MOST_PHASES, Now, Pipeline, Plan, State, Status, check_pipeline, coverage,
    for_environment, served, start, step,
};

const NOW: Now = Now { wall: 1_700_000_000_000, uptime: 0 };

fn problems(json: &Json) -> Vec<(String, String)> {
    let pipeline: Pipeline = serde_json::from_value(json.clone()).unwrap();
    let found = check_pipeline(&pipeline);
    assert!(found.iter().all(|problem| problem.hint.is_some()), "each says what to do");
    found.iter().map(|problem| (problem.code.to_string(), problem.pointer.clone())).collect()
}

fn codes(json: &Json) -> Vec<String> {
    problems(json).into_iter().map(|(code, pointer)| format!("{code} {pointer}")).collect()
}

#[test]
fn sound_pipeline_has_no_problem() {
    let pipeline = json!({"phases": [
        {"id": "dev", "target": [{"environments": ["dev"]}], "bake_s": 60,
         "propagation": {"percent": 95, "timeout_s": 600, "then": "abort", "none_live": "hold"}},
        {"id": "prod", "entry": {"trigger": {"wait_for_s": 60, "wait_after_approval": true, "at": "2026-12-24T09:00:00+01:00"},
            "approvals": {"count": 2, "role": "approver", "deadline": {"after_s": 86400, "then": "abort"}},
            "windows": {"allow": [{"weekdays": ["monday"], "from": "09:00", "to": "17:00", "time_zone": "Europe/Berlin"}]}},
         "patches": [{"patch": "apply"}, {"patch": "set", "variant": "on", "for": "beta"}],
         "ramp": {"start": 5, "step": 20, "every_s": 600},
         "guards": [{"id": "errors", "source": {"query": "rate(errors[5m])", "pass": {"at_most": 0.01}}}]},
        {"id": "rest", "ramp": {"steps": [{"percent": 0.5, "hold_s": 60}, {"percent": 50}]}}]});
    assert_eq!(codes(&pipeline), Vec::<String>::new());
}

#[test]
fn all_problems_come_at_once_each_with_its_place() {
    let pipeline = json!({
        "windows": {"allow": [{"from": "9"}]},
        "phases": [
            {"id": "", "bake_s": 100_000_000, "propagation": {"percent": 0.5, "timeout_s": 0}},
            {"id": "x", "entry": {"trigger": {"at": "soon", "wait_after_approval": true},
                "approvals": {"count": 0, "deadline": {"after_s": 0}}, "windows": {"deny": [{"time_zone": "x"}]}}},
            {"id": "x", "target": [], "patches": [{"patch": "set"}, {"patch": "enable", "variant": "on"}]},
            {"id": "opted-out", "ramp": {"steps": []}, "propagation": {"then": "pause"}},
            {"id": "y", "ramp": {"steps": [{"percent": 50}, {"percent": 50, "hold_s": 99_999_999}]}},
            {"id": "z", "ramp": {"start": 1, "step": 0, "every_s": 1}, "guards": [
                {"id": "g", "valid_s": 0},
                {"id": "g", "valid_s": 10, "source": {"query": " ", "pass": {}, "interval_s": 30, "url": "ftp://x"}}]},
            {"id": "w", "ramp": {"start": 0, "step": 0.0001, "every_s": 1}, "guards": [
                {"id": "h", "source": {"query": "q", "pass": {"at_most": 1, "at_least": 0}, "interval_s": 0}}]},
            {"id": "a".repeat(257)}
        ]
    });
    let wanted = [
        "TG7007 /windows/allow/0/from",
        "TG2002 /phases/0/id",
        "TG7011 /phases/0/propagation/percent",
        "TG7006 /phases/0/propagation/timeout_s",
        "TG7006 /phases/0/bake_s",
        "TG2002 /phases/1/entry/trigger",
        "TG2082 /phases/1/entry/trigger/at",
        "TG7003 /phases/1/entry/approvals/count",
        "TG7006 /phases/1/entry/approvals/deadline/after_s",
        "TG7007 /phases/1/entry/windows/deny/0/time_zone",
        "TG2008 /phases/2/id",
        "TG7010 /phases/2/target",
        "TG7005 /phases/2/patches/0",
        "TG7005 /phases/2/patches/1/variant",
        "TG7009 /phases/3/id",
        "TG7002 /phases/3/ramp/steps",
        "TG7011 /phases/3/propagation/then",
        "TG7006 /phases/4/ramp/steps/1/hold_s",
        "TG7002 /phases/4/ramp/steps/1/percent",
        "TG7002 /phases/5/ramp/step",
        "TG7006 /phases/5/guards/0/valid_s",
        "TG2008 /phases/5/guards/1/id",
        "TG7008 /phases/5/guards/1/source/query",
        "TG7004 /phases/5/guards/1/source/pass",
        "TG7008 /phases/5/guards/1/source/interval_s",
        "TG7008 /phases/5/guards/1/source/url",
        "TG7002 /phases/6/ramp/step",
        "TG7004 /phases/6/guards/0/source/pass",
        "TG7006 /phases/6/guards/0/source/interval_s",
        "TG2015 /phases/7/id",
    ];
    assert_eq!(codes(&pipeline), wanted);
}

#[test]
fn number_of_phases_is_from_one_to_the_most() {
    let phases = |count: usize| -> Json {
        json!({"phases": (0..count).map(|at| json!({"id": format!("p{at}")})).collect::<Vec<_>>()})
    };
    assert_eq!(codes(&phases(0)), ["TG7001 /phases"]);
    assert_eq!(codes(&phases(MOST_PHASES)), Vec::<String>::new());
    assert_eq!(codes(&phases(MOST_PHASES + 1)), ["TG7001 /phases"]);
}

fn covered(phases: &Json) -> Vec<&'static str> {
    let pipeline: Pipeline = serde_json::from_value(json!({"phases": phases})).unwrap();
    let environments: Vec<Key> = ["dev", "prod"].map(Key::from).to_vec();
    let found = coverage(&pipeline.phases, &environments);
    let word = |coverage: &Coverage| match coverage {
        Coverage::Covered => "covered",
        Coverage::Not => "not",
        Coverage::Partly { why } => {
            assert!(!why.is_empty());
            "partly"
        }
    };
    found.iter().map(|(_, coverage)| word(coverage)).collect()
}

#[test]
fn environments_are_covered_by_an_apply_for_everyone_to_the_end() {
    let condition = json!({"attribute": "plan", "op": "eq", "value": "pro"});
    assert_eq!(covered(&json!([{"id": "a"}])), ["covered", "covered"]);
    assert_eq!(covered(&json!([{"id": "a", "target": [{"environments": ["dev"]}]}])), ["covered", "not"]);
    let some = json!([{"id": "a", "target": [{"environments": ["dev"]}, {"environments": ["prod"], "if": condition}]}]);
    assert_eq!(covered(&some), ["covered", "partly"]);
    assert_eq!(covered(&json!([{"id": "a", "ramp": {"steps": [{"percent": 50}]}}])), ["partly", "partly"]);
    assert_eq!(
        covered(&json!([{"id": "a", "ramp": {"start": 5, "step": 50, "every_s": 1}}])),
        ["covered", "covered"]
    );
    assert_eq!(
        covered(&json!([{"id": "a", "patches": [{"patch": "apply", "for": "beta"}]}])),
        ["partly", "partly"]
    );
    // Nothing is applied, so completion changes nothing that a phase did not.
    assert_eq!(covered(&json!([{"id": "a", "patches": [{"patch": "enable"}]}])), ["covered", "covered"]);
    let mixed = json!([{"id": "a", "patches": [{"patch": "enable"}]}, {"id": "b", "target": [{"environments": ["dev"]}]}]);
    assert_eq!(covered(&mixed), ["covered", "not"]);
}

fn plan(more: &Json) -> Plan {
    let gate = |default: &str| json!({"kind": "gate", "default": default, "environments": {"prod": {"enabled": false}}});
    let mut plan = json!({
        "id": "r", "pipeline": {"key": "line", "version": 3}, "author": "ann", "starter": "ann", "digest": "d",
        "features": {"a": {"base": gate("off"), "candidate": gate("on")}, "b": {"base": gate("off")}},
        "segments": {"s": {"base": null, "candidate": {"if": {"attribute": "plan", "op": "eq", "value": "pro"}}}},
        "ramp": {"unit": "user_id"},
        "phases": [
            {"id": "dev", "target": [{"environments": ["dev", "test"]}, {"environments": ["test"]}], "bake_s": 60},
            {"id": "prod", "ramp": {"steps": [{"percent": 10, "hold_s": 60}, {"percent": 100}]},
             "patches": [{"patch": "apply"}, {"patch": "enable", "for": "t"}, {"patch": "set", "feature": "b", "variant": "on"}]}],
        "environments": [["dev", "test"], ["dev", "prod", "test"]],
        "windows": [[], []]
    });
    for (key, value) in more.as_object().unwrap() {
        plan[key] = value.clone();
    }
    serde_json::from_value(plan).unwrap()
}

fn ticked(plan: &Plan, state: &State, uptime: u64) -> State {
    step(plan, state, &Input::Tick, Now { uptime, ..NOW }).unwrap().state
}

#[test]
fn overlay_has_the_phases_with_their_shares_and_patches_by_feature() {
    let plan = plan(&json!({"opted_out": ["lab"]}));
    let state = ticked(&plan, &start(&plan, NOW).state, 60_000);
    let release = serde_json::to_value(served(&plan, &state)).unwrap();
    let live: Vec<_> = release["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| (phase["id"].clone(), phase["live"].clone()))
        .collect();
    assert_eq!(json!(live), json!([["opted-out", true], ["dev", true], ["prod", true]]));
    assert_eq!(release["phases"][0]["target"], json!([{"environments": ["lab"]}]));
    assert_eq!(release["phases"][2]["ramp"]["percent"], 10);
    assert_eq!(
        release["phases"][2]["patches"],
        json!([
            {"patch": "apply", "feature": "a"}, {"patch": "apply", "segment": "s"},
            {"patch": "enable", "feature": "a", "for": "t"}, {"patch": "enable", "feature": "b", "for": "t"},
            {"patch": "set", "feature": "b", "variant": "on"}
        ])
    );
    // The engine takes it as it is.
    let gate = json!({"kind": "gate"});
    let document = json!({"schema_version": 1, "version": 1, "features": {"a": gate, "b": gate},
        "segments": {"t": {"if": {"all": []}}}, "releases": [release]});
    let engine = Engine::builder().mode(Mode::Strict).build();
    engine.load(document.to_string().as_bytes()).unwrap();
    // Once it has ended, nothing of it is live.
    let mut ended = state;
    ended.status = Status::Completed;
    assert!(served(&plan, &ended).phases.iter().all(|phase| !phase.live));
}

#[test]
fn an_environment_gets_what_is_live_there_and_no_more() {
    let plan = plan(&json!({}));
    let state = start(&plan, NOW).state;
    let release = served(&plan, &state);
    assert_eq!(for_environment(&release, "prod"), None, "the phase `prod` is pending");
    let dev = serde_json::to_value(for_environment(&release, "dev").unwrap()).unwrap();
    assert_eq!(dev["phases"].as_array().unwrap().len(), 1);
    assert_eq!(dev["phases"][0]["target"], json!([{"environments": ["dev"]}]));
    assert_eq!(dev["features"]["a"]["candidate"].get("environments"), None, "the block of prod stays away");

    let state = ticked(&plan, &state, 60_000);
    let mut release = served(&plan, &state);
    let prod = for_environment(&release, "prod").unwrap();
    assert_eq!(prod.phases.len(), 1);
    assert!(serde_json::to_string(&prod).unwrap().contains(r#""prod":{"enabled":false}"#));
    assert_eq!(prod.ramp, release.ramp, "nothing was left out, so the salt is that of the keys");
    // With a feature left out, the salt stays.
    release.phases[1].patches.as_mut().unwrap().retain(|patch| patch.feature.as_deref() == Some("b"));
    let salt = release.ramp_salt();
    let narrow = for_environment(&release, "prod").unwrap();
    assert_eq!(narrow.features.keys().map(|key| &**key).collect::<Vec<_>>(), ["b"]);
    assert_eq!(narrow.ramp_salt(), salt);
}
