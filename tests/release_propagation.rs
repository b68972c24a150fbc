//! Propagation, rule by rule: a share counts only when the instances that it is for have applied it.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use serde_json::{Value as Json, json};
use tidegate::release::{
    Action, Actor, Applied, Event, Holding, HoldingReason, Input, Now, PauseCause, PhaseStatus, Plan,
    Refusal, RefusalKind, Seen, State, Status, Timer, Wait, allowed_actions, fold, served, start, step,
    waiting_for,
};

const NEW_YEAR: i64 = 1_767_225_600_000;

/// A release over `prod` of these phases.
struct Running {
    plan: Plan,
    state: State,
    now: Now,
    wake: Option<u64>,
}

impl Running {
    fn new(phases: &Json) -> Self {
        let count = phases.as_array().unwrap().len();
        let plan: Plan = serde_json::from_value(json!({
            "id": "r", "pipeline": {"key": "line", "version": 1}, "author": "anna", "starter": "stan", "digest": "d",
            "features": {"f": {"base": {"kind": "gate"}, "candidate": {"kind": "gate", "default": "on"}}},
            "phases": phases, "environments": vec![vec!["prod"]; count], "windows": vec![Vec::<Json>::new(); count]
        }))
        .unwrap();
        let now = Now { wall: NEW_YEAR, uptime: 0 };
        let transition = start(&plan, now);
        Self { state: transition.state, wake: transition.next_wake.uptime, plan, now }
    }

    fn give(&mut self, input: &Input) -> Result<Vec<Event>, Refusal> {
        let transition = step(&self.plan, &self.state, input, self.now)?;
        self.wake = transition.next_wake.uptime;
        self.state = transition.state;
        Ok(transition.events)
    }

    fn after(&mut self, seconds: u64) -> Vec<Event> {
        self.now.uptime += seconds * 1000;
        self.now.wall += seconds as i64 * 1000;
        self.give(&Input::Tick).unwrap()
    }

    /// What is heard of the share that it is at.
    fn heard(&mut self, applied: u32, targeted: u32, holding: &[&str]) -> Vec<Event> {
        let (phase, step) = (self.seen().phase, self.state.phases[self.state.phase].step);
        self.give(&Input::Applied { phase, step, heard: heard(applied, targeted, holding) }).unwrap()
    }

    fn seen(&self) -> Seen {
        Seen { revision: self.state.revision, phase: self.plan.phases[self.state.phase].id.clone() }
    }

    fn skip(&mut self, bypass: bool) -> Result<Vec<Event>, Refusal> {
        let reason = Some("because".to_owned());
        self.give(&Input::Skip { by: admin(), seen: self.seen(), reason, bypass })
    }

    fn pause(&mut self) {
        self.give(&Input::Pause { by: admin(), reason: None }).unwrap();
    }

    fn unpause(&mut self) -> Vec<Event> {
        self.give(&Input::Unpause { by: admin(), seen: self.seen(), reason: None }).unwrap()
    }

    fn status(&self) -> PhaseStatus {
        self.state.phases[self.state.phase].status
    }

    fn waits(&self) -> Vec<Wait> {
        waiting_for(&self.plan, &self.state, self.now)
    }
}

fn heard(applied: u32, targeted: u32, holding: &[&str]) -> Applied {
    let holding = holding.iter().map(|instance| Holding {
        instance: (*instance).to_owned(),
        why: HoldingReason::Nack,
        detail: "TG2001: no such kind".to_owned(),
    });
    Applied { targeted, applied, holding: holding.collect() }
}

fn admin() -> Actor {
    serde_json::from_value(json!({"id": "rita", "kind": "person", "grants": [{"role": "admin"}]})).unwrap()
}

/// A phase that ramps over two shares and bakes; then one that bakes.
fn ramped(propagation: &Json) -> Running {
    let ramp = json!({"steps": [{"percent": 25, "hold_s": 60}, {"percent": 100, "hold_s": 30}]});
    Running::new(&json!([
        {"id": "a", "ramp": ramp, "bake_s": 60, "propagation": propagation},
        {"id": "b", "bake_s": 60}
    ]))
}

fn names(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_share_counts_only_when_enough_have_applied_it() {
    let mut running = ramped(&json!({"percent": 90}));
    assert_eq!(running.status(), PhaseStatus::Propagating);
    assert_eq!(running.after(3600), [], "nobody was heard of");
    assert_eq!(names(&running.heard(8, 10, &[])), ["applied_heard"]);
    assert_eq!(running.after(3600), []);
    assert_eq!(names(&running.heard(9, 10, &[])), ["applied_heard", "propagated"]);
    assert_eq!(running.state.phases[0].timer, Some(Timer::DueAt(running.now.uptime + 60_000)));
    assert_eq!(running.after(59), []);
    assert_eq!(names(&running.after(1)), ["ramp_stepped"], "the next share begins anew");
    assert_eq!((running.status(), running.state.phases[0].step), (PhaseStatus::Propagating, 1));
    assert_eq!(running.state.phases[0].applied, None);
    running.after(3600);
    assert_eq!(names(&running.heard(10, 10, &[])), ["applied_heard", "propagated"]);
    assert_eq!(names(&running.after(30)), ["bake_started"]);
    assert_eq!(
        names(&running.after(60)),
        ["phase_completed", "phase_entered", "phase_started", "bake_started"]
    );
}

#[test]
fn without_a_ramp_the_bake_waits() {
    let mut running =
        Running::new(&json!([{"id": "a", "bake_s": 60, "propagation": {}}, {"id": "b", "bake_s": 1}]));
    assert_eq!(names(&running.heard(99, 100, &[])), ["applied_heard"], "the default is all of them");
    assert_eq!(names(&running.heard(100, 100, &[])), ["applied_heard", "propagated", "bake_started"]);
    // Neither ramp nor bake: on to the next phase at once.
    let mut running = Running::new(&json!([{"id": "a", "propagation": {}}, {"id": "b", "bake_s": 1}]));
    assert!(names(&running.heard(1, 1, &[])).contains(&"phase_completed".to_owned()));
}

#[test]
fn a_phase_that_propagates_is_live() {
    let running = ramped(&json!({}));
    let release = served(&running.plan, &running.state);
    assert!(release.phases[0].live && !release.phases[1].live);
    assert_eq!(release.phases[0].ramp.as_ref().unwrap().percent.0, 250_000);
    assert!(PhaseStatus::Propagating.is_live());
    let patched = Running::new(&json!([{"id": "a", "propagation": {}, "bake_s": 1,
        "patches": [{"patch": "set", "variant": "on"}]}]));
    let mut state = patched.state.clone();
    state.status = Status::Completed;
    let folded = fold(&patched.plan, &state, &["prod".into()]);
    assert!(folded.features.contains_key("f"), "it is folded as what is live");
}

#[test]
fn what_is_about_another_share_changes_nothing() {
    let mut running = ramped(&json!({"percent": 50}));
    let stale = |phase: &str, step| Input::Applied { phase: phase.into(), step, heard: heard(9, 9, &[]) };
    let before = running.state.clone();
    for input in [stale("a", 1), stale("b", 0), stale("nothing", 0)] {
        assert_eq!(running.give(&input).unwrap(), []);
    }
    assert_eq!(running.state, before);
    running.heard(1, 2, &[]);
    let before = running.state.clone();
    assert_eq!(running.give(&stale("a", 0)).unwrap(), [], "it is no longer propagating");
    assert_eq!(running.state, before);
    running.give(&Input::Abort { by: admin(), reason: "x".into() }).unwrap();
    assert_eq!(running.give(&stale("a", 0)).unwrap_err().kind, RefusalKind::Terminal);
}

#[test]
fn nobody_live_goes_on_with_a_warning_or_waits() {
    let mut running = ramped(&json!({}));
    assert_eq!(names(&running.heard(0, 0, &[])), ["applied_heard", "propagation_warned", "propagated"]);
    let mut running = ramped(&json!({"none_live": "hold"}));
    assert_eq!(names(&running.heard(0, 0, &[])), ["applied_heard", "propagation_warned"]);
    assert_eq!(running.status(), PhaseStatus::Propagating);
    assert!(running.waits()[0].to_string().contains("no live instance"), "{}", running.waits()[0]);
    assert_eq!(names(&running.heard(1, 1, &[])), ["applied_heard", "propagated"]);
}

#[test]
fn an_instance_that_refuses_holds_however_many_have_applied() {
    let mut running = ramped(&json!({"percent": 50}));
    assert_eq!(names(&running.heard(9, 10, &["web-7"])), ["applied_heard", "propagation_held"]);
    assert_eq!(names(&running.heard(9, 10, &["web-7", "web-8"])), ["applied_heard"], "told once");
    let words = running.waits()[0].to_string();
    assert!(words.contains("`web-7`, which refused it (TG2001: no such kind) and 1 more"), "{words}");
    assert_eq!(names(&running.heard(9, 10, &[])), ["applied_heard", "propagated"], "gone");
    // Again with the next share, and told again.
    running.after(60);
    assert_eq!(names(&running.heard(9, 10, &["web-7"])), ["applied_heard", "propagation_held"]);
}

#[test]
fn skip_ends_the_phase_and_past_a_hold_is_a_bypass() {
    let mut running = ramped(&json!({}));
    running.heard(1, 10, &[]);
    let events = running.skip(false).unwrap();
    let [Event::PhaseSkipped { live, percent, bypass, .. }, ..] = events.as_slice() else { unreachable!() };
    assert_eq!((*live, percent.0, *bypass), (true, 250_000, false));
    assert_eq!(running.state.phases[0].status, PhaseStatus::Done);

    let mut running = ramped(&json!({}));
    running.heard(9, 10, &["web-7"]);
    let refusal = running.skip(false).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NeedsBypass);
    assert!(refusal.message.contains("`web-7`"), "{}", refusal.message);
    let allowed = allowed_actions(&running.plan, &running.state, &admin(), running.now);
    let of = |action| allowed.iter().find(|one| one.action == action).unwrap();
    assert!(of(Action::Skip).needs_bypass && of(Action::FullRollOut).needs_bypass);
    let releaser: Actor =
        serde_json::from_value(json!({"id": "rolf", "kind": "person", "grants": [{"role": "releaser"}]}))
            .unwrap();
    let reason = Some("because".to_owned());
    let input = Input::Skip { by: releaser, seen: running.seen(), reason, bypass: true };
    assert_eq!(running.give(&input).unwrap_err().kind, RefusalKind::Forbidden);
    running.skip(true).unwrap();
    assert!(running.state.phases[0].bypassed && running.state.phases[0].status == PhaseStatus::Done);
    // A hold of a phase that is over holds nothing.
    running.skip(false).unwrap();
    assert_eq!(running.state.status, Status::Completed);
}

#[test]
fn full_roll_out_past_a_hold_is_a_bypass() {
    let mut running = Running::new(&json!([{"id": "a", "bake_s": 1, "propagation": {}}]));
    running.heard(9, 10, &["web-7"]);
    let roll = |running: &Running, bypass| Input::FullRollOut {
        by: admin(),
        seen: running.seen(),
        reason: "because".into(),
        bypass,
    };
    let input = roll(&running, false);
    assert_eq!(running.give(&input).unwrap_err().kind, RefusalKind::NeedsBypass);
    let input = roll(&running, true);
    running.give(&input).unwrap();
    assert!(running.state.phases[0].bypassed && running.state.status == Status::Completed);
}

#[test]
fn timeout_holds_pauses_or_aborts_once() {
    for (then, status, paused) in [
        ("hold", Status::Running, false),
        ("pause", Status::Running, true),
        ("abort", Status::Aborted, false),
    ] {
        for holding in [&[][..], &["web-7"][..]] {
            let mut running = ramped(&json!({"percent": 50, "timeout_s": 60, "then": then}));
            assert_eq!(running.wake, Some(60_000));
            let applied = if holding.is_empty() { 4 } else { 9 };
            running.heard(applied, 10, holding);
            assert_eq!(running.after(59), []);
            let events = names(&running.after(1));
            assert_eq!(events[0], "propagation_overdue");
            assert_eq!((running.state.status, running.state.paused.is_some()), (status, paused));
            assert_eq!(running.after(600), [], "told once");
            if paused {
                let cause = running.state.paused.as_ref().map(|pause| pause.cause.clone());
                assert_eq!(cause, Some(PauseCause::Propagation("a".into())));
                assert_eq!(names(&running.unpause()), ["unpaused"], "and waits on");
                assert_eq!(running.after(600), []);
            }
            if status == Status::Running {
                assert!(running.waits()[0].to_string().ends_with("the timeout has passed"));
                assert_eq!(names(&running.heard(10, 10, &[])), ["applied_heard", "propagated"]);
                assert!(!running.state.phases[0].overdue);
            }
        }
    }
}

#[test]
fn what_is_enough_in_time_is_not_late() {
    let mut running = ramped(&json!({"timeout_s": 60, "then": "abort"}));
    running.after(59);
    running.heard(10, 10, &[]);
    assert_eq!(running.status(), PhaseStatus::Ramping);
    assert_eq!(names(&running.after(60)), ["ramp_stepped"]);
    // Enough was heard while it was paused, and the timeout is none.
    let mut running = ramped(&json!({"timeout_s": 60, "then": "abort"}));
    running.after(30);
    running.pause();
    running.after(600);
    assert_eq!(running.state.phases[0].timer, Some(Timer::Remaining(30_000)), "what is left stays");
    assert_eq!(names(&running.heard(10, 10, &[])), ["applied_heard"]);
    assert_eq!(running.status(), PhaseStatus::Propagating, "nothing moves while it is paused");
    assert_eq!(running.after(600), []);
    assert_eq!(names(&running.unpause()), ["unpaused", "propagated"]);
}

#[test]
fn more_instances_make_no_decision_stale() {
    let mut running = ramped(&json!({}));
    running.heard(1, 10, &[]);
    let seen = running.seen();
    running.heard(2, 10, &[]);
    assert!(running.state.revision > seen.revision);
    let skip = |seen: &Seen| Input::Skip { by: admin(), seen: seen.clone(), reason: None, bypass: false };
    running.give(&skip(&seen)).unwrap();
    // That somebody holds it is news.
    let mut running = ramped(&json!({}));
    running.heard(1, 10, &[]);
    let seen = running.seen();
    running.heard(1, 10, &["web-7"]);
    assert_eq!(running.give(&skip(&seen)).unwrap_err().kind, RefusalKind::Stale);
}

#[test]
fn pause_kill_and_abort_are_as_for_any_live_phase() {
    let mut running = ramped(&json!({"timeout_s": 60}));
    let (feature, environment, reason) = ("f".into(), "prod".into(), "smoke".to_owned());
    let killed = running.give(&Input::Kill { by: admin(), feature, environment, reason }).unwrap();
    assert_eq!(names(&killed), ["killed", "paused"]);
    running.unpause();
    running.give(&Input::Abort { by: admin(), reason: "x".into() }).unwrap();
    assert_eq!(running.state.status, Status::Aborted);
    assert!(served(&running.plan, &running.state).phases.iter().all(|phase| !phase.live));
    assert_eq!(running.wake, None);
}

#[test]
fn windows_hold_the_next_share_but_not_that_one_has_propagated() {
    let ramp = json!({"steps": [{"percent": 25, "hold_s": 60}, {"percent": 100}]});
    let windows = json!({"deny": [{"starts": "2026-01-01T00:00:30Z", "ends": "2026-01-01T01:00:00Z"}]});
    let phase =
        json!({"id": "a", "ramp": ramp, "propagation": {}, "bake_s": 60, "entry": {"windows": windows}});
    let mut running = Running::new(&json!([phase]));
    running.after(60);
    assert_eq!(names(&running.heard(1, 1, &[])), ["applied_heard", "propagated"]);
    assert_eq!(running.after(60), []);
    assert!(matches!(running.waits().as_slice(), [Wait::Window { .. }]));
    assert_eq!(names(&running.after(3480)), ["ramp_stepped"]);
    assert_eq!(running.status(), PhaseStatus::Propagating);
}

#[test]
fn a_wait_says_the_same_in_json_and_in_words() {
    let mut running = ramped(&json!({"percent": 95, "timeout_s": 240}));
    running.heard(37, 40, &[]);
    let wait = &running.waits()[0];
    let words =
        "phase `a` propagates: 37 of 40 instances have applied it, 95 % must; the timeout is in 4 min 0 s";
    assert_eq!(wait.to_string(), words);
    let json = serde_json::to_value(wait).unwrap();
    assert_eq!(
        json,
        json!({"wait": "propagation", "phase": "a", "step": 0, "applied": 37, "targeted": 40, "percent": 95,
            "holding": [], "remaining_ms": 240_000, "overdue": false})
    );
    assert_eq!(serde_json::from_value::<Wait>(json).unwrap(), *wait);
}

/// Written by a server that knew nothing of propagation.
#[test]
fn states_of_before_still_load() {
    let old = r#"{"status":"running","revision":3,"moved":3,"phase":0,"phases":[{"status":"ramping","entered_at":1,
        "live_at":1,"timer":{"due_at":60000},"step":0,"percent":25},{"status":"pending","step":0}]}"#;
    let state: State = serde_json::from_str(old).unwrap();
    assert_eq!(state.phases[0].applied, None);
    let running = Running::new(&json!([{"id": "a", "bake_s": 1}]));
    let text =
        serde_json::to_string(&running.plan).unwrap() + &serde_json::to_string(&running.state).unwrap();
    assert!(
        !text.contains("propagation") && !text.contains("applied"),
        "nothing is written that is not there"
    );
    let with = ramped(&json!({"percent": 50}));
    let text = serde_json::to_string(&with.state).unwrap();
    assert_eq!(serde_json::from_str::<State>(&text).unwrap(), with.state);
    let text = serde_json::to_string(&with.plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), with.plan);
}
