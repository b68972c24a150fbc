//! The rules of DESIGN §6, one by one, and what holds whatever happens.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tidegate::release::{
    Action, Actor, Event, Input, Now, PauseCause, PhaseStatus, Plan, Refusal, RefusalKind, Seen, State,
    Status, Timer, Transition, Verdict, allowed_actions, signature, start, start_needs_bypass, step,
    waiting_for,
};

/// 2026-01-01T00:00:00Z
const NEW_YEAR: i64 = 1_767_225_600_000;
const NEVER: &str = r#"{"deny": [{"description": "freeze"}]}"#;

fn plan(phases: &Json) -> Plan {
    plan_with(phases, &json!({}))
}

/// A plan over `dev` and `prod` for each phase, by `anna`, started by `stan`.
fn plan_with(phases: &Json, more: &Json) -> Plan {
    let count = phases.as_array().unwrap().len();
    let mut plan = json!({
        "id": "r", "pipeline": {"key": "line", "version": 1}, "author": "anna", "starter": "stan", "digest": "d",
        "features": {"f": {"base": {"kind": "gate"}, "candidate": {"kind": "gate", "default": "on"}}},
        "phases": phases, "environments": vec![vec!["dev", "prod"]; count], "windows": vec![Vec::<Json>::new(); count]
    });
    for (key, value) in more.as_object().unwrap() {
        plan[key] = value.clone();
    }
    serde_json::from_value(plan).unwrap()
}

fn actor(id: &str, kind: &str, grants: &Json) -> Actor {
    serde_json::from_value(json!({"id": id, "kind": kind, "grants": grants})).unwrap()
}

fn admin(id: &str) -> Actor {
    actor(id, "person", &json!([{"role": "admin"}]))
}

/// A release that runs, and its clocks.
struct Running {
    plan: Plan,
    state: State,
    now: Now,
    last: Option<Transition>,
}

impl Running {
    fn new(plan: Plan) -> Self {
        let now = Now { wall: NEW_YEAR, uptime: 0 };
        let transition = start(&plan, now);
        let state = transition.state.clone();
        Self { plan, state, now, last: Some(transition) }
    }

    fn seen(&self) -> Seen {
        Seen { revision: self.state.revision, phase: self.plan.phases[self.state.phase].id.clone() }
    }

    fn give(&mut self, input: &Input) -> Result<Vec<Event>, Refusal> {
        let transition = step(&self.plan, &self.state, input, self.now)?;
        self.state = transition.state.clone();
        let events = transition.events.clone();
        self.last = Some(transition);
        Ok(events)
    }

    /// Seconds pass on both clocks, then a tick.
    fn after(&mut self, seconds: u64) -> Vec<Event> {
        self.now.uptime += seconds * 1000;
        self.now.wall += seconds as i64 * 1000;
        self.give(&Input::Tick).unwrap()
    }

    fn approve(&mut self, by: &Actor) -> Result<Vec<Event>, Refusal> {
        self.give(&Input::Approve { by: by.clone(), seen: self.seen(), signed: None, comment: None })
    }

    fn skip(&mut self, bypass: bool) -> Result<Vec<Event>, Refusal> {
        self.give(&Input::Skip {
            by: admin("rita"),
            seen: self.seen(),
            reason: Some("because".into()),
            bypass,
        })
    }

    fn verdict(&mut self, verdict: Verdict) -> Vec<Event> {
        self.give(&Input::Verdict { by: Actor::system(), guard: "g".into(), verdict, detail: None }).unwrap()
    }

    fn pause(&mut self) {
        self.give(&Input::Pause { by: admin("rita"), reason: None }).unwrap();
    }

    fn unpause(&mut self) -> Vec<Event> {
        self.give(&Input::Unpause { by: admin("rita"), seen: self.seen(), reason: None }).unwrap()
    }

    fn is(&self, phase: usize, status: PhaseStatus) -> bool {
        self.state.phases[phase].status == status
    }
}

fn kind(result: Result<Vec<Event>, Refusal>) -> RefusalKind {
    result.unwrap_err().kind
}

#[test]
fn phases_without_conditions_start_and_end_at_once() {
    let running = Running::new(plan(&json!([{"id": "a"}, {"id": "b"}])));
    assert_eq!(running.state.status, Status::Completed);
    assert_eq!(running.state.revision, 1);
    let started = running.last.unwrap().events;
    assert!(matches!(started.last(), Some(Event::Completed { full_roll_out: false, .. })));
}

#[test]
fn start_at_skips_and_says_what_it_skips() {
    let phases =
        json!([{"id": "a", "entry": {"approvals": {"count": 1}}}, {"id": "b"}, {"id": "c", "bake_s": 60}]);
    let later = plan_with(&phases, &json!({"start_at": 2}));
    assert!(start_needs_bypass(&later));
    assert!(!start_needs_bypass(&plan(&phases)));
    let running = Running::new(later);
    assert!(running.is(0, PhaseStatus::Skipped) && running.is(2, PhaseStatus::Baking));
    assert!(running.state.phases[0].bypassed && !running.state.phases[1].bypassed);
    // Beyond the last phase it starts at the last; without phases there is nothing to do.
    assert_eq!(Running::new(plan_with(&phases, &json!({"start_at": 9}))).state.phase, 2);
    assert_eq!(Running::new(plan(&json!([]))).state.status, Status::Completed);
}

#[test]
fn all_conditions_of_an_entry_must_hold_and_are_named() {
    let phases = json!([{"id": "a", "bake_s": 60, "entry": {
        "trigger": {"wait_for_s": 30, "at": "2026-01-01T00:01:00Z"}, "approvals": {"count": 1},
        "windows": {"deny": [{"ends": "2026-01-01T00:02:00Z"}]}}}]);
    let requires = json!({"requires": [{"release": "other"}]});
    let mut running = Running::new(plan_with(&phases, &requires));
    assert_eq!(waiting_for(&running.plan, &running.state, running.now).len(), 5);
    running.approve(&admin("rita")).unwrap();
    running.give(&Input::Required { requirement: 0 }).unwrap();
    running.after(30);
    let waits = waiting_for(&running.plan, &running.state, running.now);
    assert_eq!(waits.len(), 2, "{waits:?}");
    running.after(30);
    assert!(running.is(0, PhaseStatus::Entering));
    assert_eq!(running.last.as_ref().unwrap().next_wake.wall, Some(NEW_YEAR + 120_000));
    let words = waiting_for(&running.plan, &running.state, running.now)[0].to_string();
    assert_eq!(words, "a window holds forward motion until 2026-01-01T00:02:00Z");
    running.after(60);
    assert!(running.is(0, PhaseStatus::Baking));
}

#[test]
fn wait_after_approval_begins_with_the_last_approval() {
    let entry =
        json!({"trigger": {"wait_for_s": 60, "wait_after_approval": true}, "approvals": {"count": 2}});
    let mut running = Running::new(plan(&json!([{"id": "a", "entry": entry, "bake_s": 60}])));
    running.approve(&admin("rita")).unwrap();
    running.after(600);
    running.approve(&admin("paul")).unwrap();
    running.after(59);
    assert!(running.is(0, PhaseStatus::Entering));
    running.after(1);
    assert!(running.is(0, PhaseStatus::Baking));
}

#[test]
fn approvals_are_of_distinct_people_with_the_role_in_all_environments() {
    let phases = json!([{"id": "a", "bake_s": 60, "entry": {"approvals": {"count": 2, "role": "approver", "services": ["bot"]}}}]);
    let mut running = Running::new(plan(&phases));
    let approver = |id: &str, kind: &str| actor(id, kind, &json!([{"role": "approver"}]));
    let in_dev = actor("dora", "person", &json!([{"role": "approver", "environments": ["dev"]}]));
    assert_eq!(kind(running.approve(&in_dev)), RefusalKind::Forbidden);
    assert_eq!(kind(running.approve(&admin("rita"))), RefusalKind::Forbidden, "an admin is not an approver");
    assert_eq!(kind(running.approve(&approver("ci", "service"))), RefusalKind::Forbidden, "it is not named");
    assert_eq!(kind(running.approve(&approver("system", "system"))), RefusalKind::Forbidden);
    for one in ["anna", "stan"] {
        assert_eq!(kind(running.approve(&approver(one, "person"))), RefusalKind::SelfApproval);
    }
    let in_both = actor("rita", "person", &json!([{"role": "approver", "environments": ["dev", "prod"]}]));
    assert_eq!(running.approve(&in_both).unwrap().len(), 1);
    let revision = running.state.revision;
    assert_eq!(running.approve(&in_both).unwrap(), [], "twice is once");
    assert_eq!(running.state.revision, revision);
    let signed = running.state.phases[0].approvals[0].signed.clone();
    assert_eq!(signed, signature(&running.plan, "a"));
    running.approve(&approver("bot", "service")).unwrap();
    assert!(running.is(0, PhaseStatus::Baking));
}

#[test]
fn rejection_is_cleared_by_who_made_it_and_nobody_else() {
    let mut running =
        Running::new(plan(&json!([{"id": "a", "bake_s": 60, "entry": {"approvals": {"count": 1}}}])));
    let reject = |running: &mut Running, by: &str| {
        running.give(&Input::Reject { by: admin(by), seen: running.seen(), reason: "no".into() })
    };
    reject(&mut running, "rita").unwrap();
    assert_eq!(kind(reject(&mut running, "paul")), RefusalKind::AlreadyRejected);
    running.approve(&admin("paul")).unwrap();
    assert!(running.is(0, PhaseStatus::Entering), "approved, but rejected");
    let cleared = running.approve(&admin("rita")).unwrap();
    assert!(matches!(&cleared[0], Event::RejectionCleared { by, .. } if **by == *"rita"));
    assert!(running.is(0, PhaseStatus::Baking));
    // The author may reject and take it back, which is no approval.
    let mut running = Running::new(plan(&json!([{"id": "a", "entry": {"approvals": {"count": 1}}}])));
    reject(&mut running, "anna").unwrap();
    running.approve(&admin("anna")).unwrap();
    assert!(running.state.phases[0].rejection.is_none() && running.state.phases[0].approvals.is_empty());
}

#[test]
fn deadline_of_approvals_holds_or_aborts() {
    for (then, status) in [("hold", Status::Running), ("abort", Status::Aborted)] {
        let approvals = json!({"count": 1, "deadline": {"after_s": 60, "then": then}});
        let mut running = Running::new(plan(&json!([{"id": "a", "entry": {"approvals": approvals}}])));
        running.after(30);
        running.pause();
        running.after(600);
        assert_eq!(running.state.status, Status::Running, "what is left of it stays while it is paused");
        running.unpause();
        let events = running.after(30);
        assert!(matches!(events[0], Event::DeadlinePassed { .. }));
        assert_eq!(running.state.status, status);
        assert_eq!(running.after(30), [], "told once");
    }
}

#[test]
fn stale_is_what_was_decided_before_the_release_moved() {
    let guard = json!([{"id": "g", "on_no_data": {"then": "go_on"}}]);
    let mut running =
        Running::new(plan(&json!([{"id": "a", "bake_s": 60, "guards": guard}, {"id": "b", "bake_s": 60}])));
    running.verdict(Verdict::Pass);
    let seen = running.seen();
    let skip =
        |seen: &Seen| Input::Skip { by: admin("rita"), seen: seen.clone(), reason: None, bypass: false };
    running.after(1);
    running.verdict(Verdict::Pass);
    assert!(running.state.revision > seen.revision, "each verdict is a revision");
    running.give(&skip(&seen)).unwrap(); // that the guard passed again is no news
    assert_eq!(kind(running.give(&skip(&seen))), RefusalKind::Stale);
    let mut ahead = running.seen();
    ahead.revision += 1;
    assert_eq!(kind(running.give(&skip(&ahead))), RefusalKind::Stale);
    running.verdict(Verdict::Fail);
    assert_eq!(running.state.moved, running.state.revision);
}

#[test]
fn skip_freezes_a_live_ramp_and_passes_over_an_entering_phase() {
    let ramp = json!({"steps": [{"percent": 25, "hold_s": 60}, {"percent": 100}]});
    let phases = json!([{"id": "a", "ramp": ramp}, {"id": "b", "entry": {"trigger": {"wait_for_s": 60}}},
        {"id": "c", "entry": {"approvals": {"count": 1}}}, {"id": "d", "bake_s": 60}]);
    let mut running = Running::new(plan(&phases));
    running.pause();
    let events = running.skip(false).unwrap();
    assert!(
        matches!(&events[0], Event::PhaseSkipped { live: true, percent, bypass: false, .. } if percent.0 == 250_000)
    );
    assert!(running.is(0, PhaseStatus::Done) && running.is(1, PhaseStatus::Entering));
    assert_eq!(running.state.phases[1].timer, Some(Timer::Remaining(60_000)), "the pause stays");
    running.skip(false).unwrap();
    assert!(running.is(1, PhaseStatus::Skipped));
    assert_eq!(kind(running.skip(false)), RefusalKind::NeedsBypass);
    let releaser = actor("rolf", "person", &json!([{"role": "releaser"}]));
    let input = Input::Skip { by: releaser, seen: running.seen(), reason: Some("x".into()), bypass: true };
    assert_eq!(kind(running.give(&input)), RefusalKind::Forbidden);
    let input = Input::Skip { by: admin("rita"), seen: running.seen(), reason: None, bypass: true };
    assert_eq!(kind(running.give(&input)), RefusalKind::ReasonRequired);
    running.skip(true).unwrap();
    assert!(running.state.phases[2].bypassed && running.is(3, PhaseStatus::Entering));
    running.skip(false).unwrap();
    assert_eq!(running.state.status, Status::Completed);
}

#[test]
fn windows_hold_steps_and_completion_but_no_bake() {
    let ramp = json!({"steps": [{"percent": 25, "hold_s": 60}, {"percent": 100}]});
    let windows = json!({"deny": [{"starts": "2026-01-01T00:00:30Z", "ends": "2026-01-01T01:00:00Z"},
        {"starts": "2026-01-01T01:00:30Z", "ends": "2026-01-01T02:00:00Z"}]});
    let mut running = Running::new(plan_with(
        &json!([{"id": "a", "ramp": ramp, "bake_s": 60}]),
        &json!({"windows": [[windows]]}),
    ));
    running.after(60);
    assert!(running.is(0, PhaseStatus::Ramping));
    assert_eq!(running.last.as_ref().unwrap().next_wake.wall, Some(NEW_YEAR + 3_600_000));
    running.after(3540);
    assert!(running.is(0, PhaseStatus::Baking), "100 % and baking, at 01:00");
    running.after(60);
    assert!(running.is(0, PhaseStatus::Baking), "the bake is over, completion waits");
    let refusal = running.skip(false).unwrap_err();
    assert_eq!((refusal.kind, refusal.opens_at), (RefusalKind::Frozen, Some(NEW_YEAR + 7_200_000)));
    running.after(3540);
    assert_eq!(running.state.status, Status::Completed);
}

#[test]
fn guard_that_fails_pauses_holds_or_aborts_in_every_state() {
    for (on_fail, status) in
        [("pause", Status::Running), ("hold", Status::Running), ("abort", Status::Aborted)]
    {
        for paused in [false, true] {
            for entry in [json!({}), json!({"approvals": {"count": 1}})] {
                let guards = json!([{"id": "g", "on_fail": on_fail}]);
                let phases = json!([{"id": "a", "entry": entry, "bake_s": 60, "guards": guards}]);
                let mut running = Running::new(plan(&phases));
                if paused {
                    running.pause();
                }
                let events = running.verdict(Verdict::Fail);
                let told = events
                    .iter()
                    .any(|event| matches!(event, Event::GuardBreached { verdict: Verdict::Fail, .. }));
                assert!(told, "{on_fail} {paused} {events:?}");
                assert_eq!(running.state.status, status);
                let by_guard = running
                    .state
                    .paused
                    .as_ref()
                    .is_some_and(|pause| pause.cause == PauseCause::Guard("g".into()));
                assert_eq!(by_guard, on_fail == "pause" && !paused);
            }
        }
    }
}

#[test]
fn guard_that_holds_lets_go_when_its_fail_is_no_longer_valid() {
    let phases = json!([{"id": "a", "entry": {"trigger": {"wait_for_s": 10}}, "bake_s": 5,
        "guards": [{"id": "g", "on_fail": "hold", "valid_s": 60, "on_no_data": {"then": "go_on"}}]}]);
    let mut running = Running::new(plan(&phases));
    running.verdict(Verdict::Fail);
    running.after(59);
    assert!(running.is(0, PhaseStatus::Entering));
    assert_eq!(running.last.as_ref().unwrap().next_wake.uptime, Some(60_000));
    running.after(1);
    assert!(running.is(0, PhaseStatus::Baking));
    // Whichever clock says so first.
    running.verdict(Verdict::Fail);
    running.now.wall += 60_000;
    running.after(5);
    assert_eq!(running.state.status, Status::Completed);
}

#[test]
fn bake_ends_with_a_pass_given_since_the_phase_is_live() {
    let phases =
        json!([{"id": "a", "entry": {"trigger": {"wait_for_s": 10}}, "bake_s": 60, "guards": [{"id": "g"}]}]);
    let mut running = Running::new(plan(&phases));
    running.verdict(Verdict::Pass);
    running.after(10);
    running.after(60);
    assert!(running.is(0, PhaseStatus::Baking), "the pass is from before");
    running.verdict(Verdict::NoData);
    assert!(running.is(0, PhaseStatus::Baking));
    running.verdict(Verdict::Pass);
    assert_eq!(running.state.status, Status::Completed);
    // One that is no longer valid does not count.
    let mut running = Running::new(plan(&json!([{"id": "a", "bake_s": 700, "guards": [{"id": "g"}]}])));
    running.verdict(Verdict::Pass);
    running.after(700);
    assert_eq!(running.state.status, Status::Running);
}

#[test]
fn missing_data_is_acted_on_once_after_its_grace() {
    for (then, paused, status) in [
        ("pause", true, Status::Running),
        ("abort", false, Status::Aborted),
        ("hold", false, Status::Running),
        ("go_on", false, Status::Completed),
    ] {
        let guards = json!([{"id": "g", "valid_s": 100, "on_no_data": {"then": then, "grace_s": 90}}]);
        let mut running = Running::new(plan(&json!([{"id": "a", "bake_s": 60, "guards": guards}])));
        running.after(89);
        assert!(running.state.paused.is_none() && running.state.status == Status::Running, "{then}: grace");
        running.after(1);
        assert_eq!((running.state.paused.is_some(), running.state.status), (paused, status), "{then}");
        if then == "pause" {
            running.unpause();
            running.verdict(Verdict::NoData);
            running.after(600);
            assert!(running.state.paused.is_none(), "there was no data to lose since");
            // Data, and its loss.
            running.verdict(Verdict::Fail);
            running.unpause();
            running.after(100);
            assert!(running.state.paused.is_some());
        }
    }
}

#[test]
fn guards_of_phases_that_are_over_still_act_and_those_not_reached_do_not() {
    let phases = json!([{"id": "a", "guards": [{"id": "g", "on_no_data": {"then": "go_on"}}]}, {"id": "b", "bake_s": 60},
        {"id": "c", "guards": [{"id": "h"}]}]);
    let mut running = Running::new(plan(&phases));
    assert!(running.is(0, PhaseStatus::Done));
    let verdict = |guard: &str| Input::Verdict {
        by: Actor::system(),
        guard: guard.into(),
        verdict: Verdict::Fail,
        detail: None,
    };
    assert_eq!(kind(running.give(&verdict("h"))), RefusalKind::NotReached);
    assert_eq!(kind(running.give(&verdict("x"))), RefusalKind::UnknownGuard);
    running.give(&verdict("g")).unwrap();
    assert!(running.state.paused.is_some());
}

#[test]
fn who_may_not_learns_nothing_else() {
    let mut running = Running::new(plan(&json!([{"id": "a", "bake_s": 60}])));
    let viewer = actor("vera", "person", &json!([{"role": "viewer"}]));
    let in_dev = actor("dora", "person", &json!([{"role": "releaser", "environments": ["dev"]}]));
    let stale = Seen { revision: 99, phase: "x".into() };
    for by in [&viewer, &in_dev] {
        let by = || by.clone();
        for input in [
            Input::Abort { by: by(), reason: String::new() },
            Input::Unpause { by: by(), seen: stale.clone(), reason: None },
            Input::Skip { by: by(), seen: stale.clone(), reason: None, bypass: false },
            Input::FullRollOut { by: by(), seen: stale.clone(), reason: String::new(), bypass: false },
            Input::Revert { by: by(), reason: String::new() },
            Input::Kill { by: by(), feature: "f".into(), environment: "prod".into(), reason: String::new() },
            Input::Verdict { by: by(), guard: "none".into(), verdict: Verdict::Pass, detail: None },
            Input::Approve { by: by(), seen: stale.clone(), signed: None, comment: None },
        ] {
            assert_eq!(kind(running.give(&input)), RefusalKind::Forbidden, "{input:?}");
        }
    }
    assert_eq!(
        kind(running.give(&Input::Pause { by: viewer.clone(), reason: None })),
        RefusalKind::Forbidden
    );
    assert_eq!(allowed_actions(&running.plan, &running.state, &viewer, running.now), []);
    let allowed: Vec<Action> = allowed_actions(&running.plan, &running.state, &in_dev, running.now)
        .iter()
        .map(|allowed| allowed.action)
        .collect();
    assert_eq!(allowed, [Action::Pause], "to stop, one environment is enough");
    // The end is named to everybody.
    running.give(&Input::Abort { by: admin("rita"), reason: "x".into() }).unwrap();
    let refusal = running.give(&Input::Pause { by: viewer, reason: None }).unwrap_err();
    assert_eq!(refusal.message, "the release has ended: it is aborted");
}

#[test]
fn plan_and_state_survive_json() {
    let phases =
        json!([{"id": "a", "bake_s": 60, "entry": {"approvals": {"count": 2}}, "guards": [{"id": "g"}]}]);
    let mut running = Running::new(plan(&phases));
    running.approve(&admin("rita")).unwrap();
    running.verdict(Verdict::Fail);
    let state: State = serde_json::from_str(&serde_json::to_string(&running.state).unwrap()).unwrap();
    assert_eq!(state, running.state);
    let plan: Plan = serde_json::from_str(&serde_json::to_string(&running.plan).unwrap()).unwrap();
    assert_eq!(plan, running.plan);
}

proptest! {
    #[test]
    fn deny_windows_never_hold_abort_pause_kill_or_revert(path in prop::collection::vec(0_u8..4, 0..6)) {
        let windows: Json = serde_json::from_str(NEVER).unwrap();
        let phases = json!([{"id": "a", "bake_s": 60}, {"id": "b", "bake_s": 60}]);
        let mut running = Running::new(plan_with(&phases, &json!({"windows": [[windows], [windows]]})));
        for turn in path {
            match turn {
                0 => drop(running.after(60)),
                1 => drop(running.skip(true)),
                2 => running.pause(),
                _ => drop(running.give(&Input::Unpause { by: admin("rita"), seen: running.seen(), reason: None })),
            }
            if running.state.status != Status::Running {
                break;
            }
        }
        let by = || admin("rita");
        let inputs = [
            Input::Pause { by: by(), reason: None },
            Input::Kill { by: by(), feature: "f".into(), environment: "prod".into(), reason: "x".into() },
            Input::Abort { by: by(), reason: "x".into() },
        ];
        if running.state.status == Status::Running {
            for input in &inputs {
                prop_assert!(step(&running.plan, &running.state, input, running.now).is_ok());
            }
            let roll = |bypass| Input::FullRollOut { by: by(), seen: running.seen(), reason: "x".into(), bypass };
            let refused = step(&running.plan, &running.state, &roll(false), running.now).unwrap_err();
            prop_assert_eq!(refused.kind, RefusalKind::Frozen);
            let rolled = step(&running.plan, &running.state, &roll(true), running.now).unwrap();
            running.state = rolled.state;
        }
        let revert = Input::Revert { by: by(), reason: "x".into() };
        let reverted = step(&running.plan, &running.state, &revert, running.now).unwrap();
        prop_assert_eq!(reverted.state.status, Status::Reverted);
    }

    /// However late and often the ticks come, whatever the wall clock does, and with pauses between.
    #[test]
    fn bakes_waits_and_holds_are_never_shortened(
        turns in prop::collection::vec((0_u64..40_000, -1_000_000_i64..1_000_000, 0_u8..8), 1..80),
        (wait, hold, bake) in (0_u64..60, 0_u64..60, 0_u64..60),
    ) {
        let ramp = json!({"steps": [{"percent": 5, "hold_s": hold}, {"percent": 100}]});
        let phase = json!({"id": "a", "entry": {"trigger": {"wait_for_s": wait}}, "ramp": ramp, "bake_s": bake});
        let mut running = Running::new(plan(&json!([phase, {"id": "b", "bake_s": 1}])));
        // Uptime in which it was not paused, since the last event that began a span.
        let (mut ran, mut expected) = (0_u64, wait * 1000);
        let mut events = running.last.as_ref().unwrap().events.clone();
        for (passed, jump, turn) in turns {
            for event in &events {
                let reached = match event {
                    Event::PhaseStarted { .. } => hold,
                    Event::RampStepped { .. } => bake,
                    Event::PhaseCompleted { .. } => 0,
                    _ => continue,
                };
                prop_assert!(ran >= expected, "{event:?} after {ran} of {expected} ms");
                (ran, expected) = (0, reached * 1000);
            }
            if running.state.phase > 0 {
                break;
            }
            running.now.uptime += passed;
            running.now.wall += jump;
            ran += if running.state.paused.is_none() { passed } else { 0 };
            let before = running.state.phases[0].timer.map(|timer| timer.remaining(running.now));
            let was_paused = running.state.paused.is_some();
            events = match turn {
                0 => running.give(&Input::Pause { by: admin("rita"), reason: None }).unwrap(),
                1 if was_paused => running.unpause(),
                _ => running.give(&Input::Tick).unwrap(),
            };
            let after = running.state.phases[0].timer.map(|timer| timer.remaining(running.now));
            if was_paused && running.state.paused.is_some() {
                prop_assert_eq!(before, after, "what is left stays while it is paused");
                prop_assert!(events.is_empty());
            }
        }
    }

    #[test]
    fn nothing_panics_at_the_ends_of_the_clocks(wall in any::<i64>(), uptime in any::<u64>(), later in any::<i64>()) {
        let phases = json!([{"id": "a", "entry": {"trigger": {"wait_for_s": u64::MAX, "at": "2026-01-01T00:00:00Z"},
            "windows": {"allow": [{"from": "09:00", "time_zone": "Europe/Berlin"}]}}, "guards": [{"id": "g", "valid_s": u64::MAX}]}]);
        let plan = plan(&phases);
        let state = start(&plan, Now { wall, uptime }).state;
        let verdict = Input::Verdict { by: Actor::system(), guard: "g".into(), verdict: Verdict::Fail, detail: None };
        for input in [&Input::Tick, &verdict] {
            let found = step(&plan, &state, input, Now { wall: later, uptime: u64::MAX });
            prop_assert!(found.is_ok());
        }
    }
}
