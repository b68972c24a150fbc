//! Every kind of state against every kind of input: the table of `docs/RELEASES.md`, made by running [`super::step`].
//!
//! It runs a release of three phases: `first` needs two approvals, bakes and has a guard; `second` grows, may start in a
//! window only, and each of its shares must propagate to half of the instances; `last` requires another release.

use std::collections::BTreeMap;

use super::look::Look;
use super::{
    Actor, ActorKind, Applied, Approvals, Entry, Grant, Guard, Holding, HoldingReason, Input, NoData,
    NoneLive, Now, OnFail, OnTimeout, Phase, Plan, Propagation, Ramp, RampStep, Refusal, Requirement, Role,
    Seen, State, Transition, Verdict, Window, Windows, start, step,
};
use crate::model::{Key, Percent, PipelineRef, ReleaseRamp};

/// 2026-01-02T00:00:00Z, when the window of `second` is open.
const OPEN: i64 = 1_767_312_000_000;
/// Two days before.
const CLOSED: i64 = OPEN - 172_800_000;
const MINUTE: u64 = 60_000;

/// A state of a kind, an input of a kind, and what comes of it.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The kind of state.
    pub state: &'static str,
    /// The kind of input.
    pub input: &'static str,
    /// The plan.
    pub plan: Plan,
    /// The state.
    pub before: State,
    /// The input.
    pub given: Input,
    /// When.
    pub now: Now,
    /// What came of it.
    pub result: Result<Transition, Refusal>,
}

/// The kinds of state, in the order of the columns.
pub const STATES: [&str; 16] = [
    "entering",
    "entering, rejected",
    "entering, paused",
    "entering, window closed",
    "entering, requirement open",
    "propagating",
    "propagating, held",
    "propagating, paused",
    "ramping",
    "ramping, paused",
    "baking",
    "baking, guard fails",
    "baking, last phase",
    "aborted",
    "completed",
    "reverted",
];

/// All cells, row by row.
#[must_use]
pub fn cells() -> Vec<Cell> {
    let states: Vec<(&'static str, Plan, State, Now)> = STATES
        .into_iter()
        .map(|name| {
            let plan = plan();
            let (state, now) = reach(name, &plan);
            (name, plan, state, now)
        })
        .collect();
    let mut cells = Vec::new();
    for input in INPUTS {
        for (state, plan, before, now) in &states {
            let (given, later) = given(input, plan, before);
            let now = Now { uptime: now.uptime.saturating_add(later), ..*now };
            let result = step(plan, before, &given, now);
            cells.push(Cell { state, input, plan: plan.clone(), before: before.clone(), given, now, result });
        }
    }
    cells
}

/// The table in Markdown.
#[must_use]
pub fn table() -> String {
    let mut text = format!("| input | {} |\n", STATES.join(" | "));
    text.push_str(&format!("|---|{}\n", "---|".repeat(STATES.len())));
    let cells = cells();
    for row in cells.chunks(STATES.len()) {
        let input = row.first().map_or("", |cell| cell.input);
        let outcomes: Vec<String> = row.iter().map(Cell::outcome).collect();
        text.push_str(&format!("| {input} | {} |\n", outcomes.join(" | ")));
    }
    text
}

impl Cell {
    /// What came of it, in a word or a few: events, `–` for nothing, or ✗ and why it is refused.
    #[must_use]
    pub fn outcome(&self) -> String {
        match &self.result {
            Err(refusal) => format!("✗ {}", tag(&refusal.kind, None)),
            Ok(transition) if transition.events.is_empty() => "–".to_owned(),
            Ok(transition) => {
                let names: Vec<String> =
                    transition.events.iter().map(|event| tag(event, Some("event"))).collect();
                names.join(", ")
            }
        }
    }
}

/// The name that something has in JSON.
fn tag(value: &impl serde::Serialize, field: Option<&str>) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    let named = field.map_or(Some(&json), |field| json.get(field));
    named.and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// The kinds of input, in the order of the rows.
pub const INPUTS: [&str; 32] = [
    "approve",
    "approve, by who did",
    "approve, by the author",
    "approve, signed for another content",
    "reject",
    "pause",
    "unpause",
    "skip",
    "skip, bypass",
    "skip, stale",
    "full roll out",
    "full roll out, bypass",
    "full roll out, no reason",
    "abort",
    "abort, no reason",
    "supersede",
    "revert",
    "kill",
    "kill of another feature",
    "requirement holds",
    "verdict pass",
    "verdict fail",
    "verdict no data",
    "verdict of an unknown guard",
    "applied by enough",
    "applied by some",
    "applied, refused by one",
    "applied, none live",
    "applied, of another step",
    "tick, nothing due",
    "tick, a day later",
    "abort, without permission",
];

/// The input of a kind, and how much later it comes.
fn given(kind: &str, plan: &Plan, state: &State) -> (Input, u64) {
    let now = Now { wall: 0, uptime: 0 };
    let seen = Seen { revision: state.revision, phase: Look { plan, state, now }.phase_id() };
    let (by, reason) = (person("rita"), "because".to_owned());
    let approve = |id: &str, signed: Option<&str>| Input::Approve {
        by: person(id),
        seen: seen.clone(),
        signed: signed.map(str::to_owned),
        comment: None,
    };
    let verdict = |guard: &str, verdict| Input::Verdict {
        by: person("rita"),
        guard: guard.into(),
        verdict,
        detail: None,
    };
    let kill = |feature: &str| Input::Kill {
        by: person("rita"),
        feature: feature.into(),
        environment: "prod".into(),
        reason: "because".to_owned(),
    };
    let applied = |step, targeted, applied, instance: Option<&str>| {
        let holding = instance.map(|instance| Holding {
            instance: instance.to_owned(),
            why: HoldingReason::Nack,
            detail: "TG2001".to_owned(),
        });
        let heard = Applied { targeted, applied, holding: holding.into_iter().collect() };
        Input::Applied { phase: "second".into(), step, heard }
    };
    let input = match kind {
        "approve" => approve("rita", None),
        "approve, by who did" => approve("paul", None),
        "approve, by the author" => approve("anna", None),
        "approve, signed for another content" => approve("rita", Some("another")),
        "reject" => Input::Reject { by, seen, reason },
        "pause" => Input::Pause { by, reason: None },
        "unpause" => Input::Unpause { by, seen, reason: None },
        "skip" => Input::Skip { by, seen, reason: None, bypass: false },
        "skip, bypass" => Input::Skip { by, seen, reason: Some(reason), bypass: true },
        "skip, stale" => Input::Skip { by, seen: Seen { revision: 0, ..seen }, reason: None, bypass: false },
        "full roll out" => Input::FullRollOut { by, seen, reason, bypass: false },
        "full roll out, bypass" => Input::FullRollOut { by, seen, reason, bypass: true },
        "full roll out, no reason" => Input::FullRollOut { by, seen, reason: String::new(), bypass: false },
        "abort" => Input::Abort { by, reason },
        "abort, no reason" => Input::Abort { by, reason: " ".to_owned() },
        "abort, without permission" => Input::Abort { by: actor("vera", Role::Viewer), reason },
        "supersede" => Input::Supersede { by, release: "next".into(), reason: None },
        "revert" => Input::Revert { by, reason },
        "kill" => kill("checkout"),
        "kill of another feature" => kill("search"),
        "requirement holds" => Input::Required { requirement: 0 },
        "verdict pass" => verdict("errors", Verdict::Pass),
        "verdict fail" => verdict("errors", Verdict::Fail),
        "verdict no data" => verdict("errors", Verdict::NoData),
        "verdict of an unknown guard" => verdict("unknown", Verdict::Pass),
        "applied by enough" => applied(0, 10, 9, None),
        "applied by some" => applied(0, 10, 4, None),
        "applied, refused by one" => applied(0, 10, 9, Some("web-7")),
        "applied, none live" => applied(0, 0, 0, None),
        "applied, of another step" => applied(7, 10, 9, None),
        "tick, a day later" => return (Input::Tick, 1_440 * MINUTE),
        _ => Input::Tick,
    };
    (input, 0)
}

/// Runs the release to a state of a kind.
fn reach(kind: &str, plan: &Plan) -> (State, Now) {
    let wall = if kind == "entering, window closed" { CLOSED } else { OPEN };
    let mut now = Now { wall, uptime: 0 };
    let mut state = start(plan, now).state;
    let path: &[&str] = match kind {
        "entering" => &["approve, by who did"],
        "entering, rejected" => &["approve, by who did", "reject"],
        "entering, paused" => &["approve, by who did", "pause"],
        "entering, window closed" => &["approve, by who did", "approve", "skip"],
        "entering, requirement open" => &["approve, by who did", "approve", "skip", "skip"],
        "propagating" => &["approve, by who did", "approve", "skip"],
        "propagating, held" => &["approve, by who did", "approve", "skip", "applied, refused by one"],
        "propagating, paused" => &["approve, by who did", "approve", "skip", "pause"],
        "ramping" => &["approve, by who did", "approve", "skip", "applied by enough"],
        "ramping, paused" => &["approve, by who did", "approve", "skip", "applied by enough", "pause"],
        "baking" => &["approve, by who did", "approve"],
        "baking, guard fails" => &["approve, by who did", "approve", "verdict fail", "unpause"],
        "baking, last phase" => &["approve, by who did", "approve", "skip", "skip", "requirement holds"],
        "aborted" => &["abort"],
        "completed" => &["full roll out, bypass"],
        _ => &["full roll out, bypass", "revert"],
    };
    for kind in path {
        now.uptime = now.uptime.saturating_add(1);
        let (input, _) = given(kind, plan, &state);
        if let Ok(transition) = step(plan, &state, &input, now) {
            state = transition.state;
        }
    }
    (state, now)
}

fn actor(id: &str, role: Role) -> Actor {
    Actor { id: id.into(), kind: ActorKind::Person, grants: vec![Grant { role, environments: None }] }
}

/// An admin, who may do everything; see [`super::Permission`] for who else may what.
fn person(id: &str) -> Actor {
    actor(id, Role::Admin)
}

fn plan() -> Plan {
    let approvals =
        Approvals { count: 2, role: None, services: vec![], self_approval: false, deadline: None };
    let errors = Guard {
        id: "errors".into(),
        description: None,
        source: None,
        valid_s: 600,
        on_fail: OnFail::Pause,
        on_no_data: NoData::default(),
    };
    let window = Window { starts: Some("2026-01-01T00:00:00Z".to_owned()), ..Window::default() };
    let steps = [(100_000, 60), (1_000_000, 0)];
    let steps = steps.map(|(share, hold_s)| RampStep { percent: Percent(share), hold_s });
    let phases = vec![
        Phase {
            id: "first".into(),
            entry: Entry { approvals: Some(approvals), ..Entry::default() },
            bake_s: 60,
            guards: vec![errors],
            ..Phase::default()
        },
        Phase {
            id: "second".into(),
            entry: Entry { windows: Windows { allow: vec![window], deny: vec![] }, ..Entry::default() },
            ramp: Some(Ramp::Steps { steps: steps.to_vec() }),
            propagation: Some(Propagation {
                percent: Percent(500_000),
                timeout_s: Some(600),
                then: OnTimeout::Pause,
                none_live: NoneLive::GoOn,
            }),
            ..Phase::default()
        },
        Phase { id: "last".into(), bake_s: 60, ..Phase::default() },
    ];
    let change = super::Change { base: None, candidate: Some(None) };
    Plan {
        id: "release".into(),
        description: None,
        pipeline: PipelineRef { key: "pipeline".into(), version: 1 },
        environments: phases.iter().map(|_| vec![Key::from("prod")]).collect(),
        windows: Vec::new(),
        phases,
        start_at: 0,
        features: BTreeMap::from([("checkout".into(), change)]),
        segments: BTreeMap::new(),
        ramp: ReleaseRamp::default(),
        opted_out: Vec::new(),
        requires: vec![Requirement { phase: Some("last".into()), release: "other".into(), reached: None }],
        author: "anna".into(),
        starter: "stan".into(),
        digest: "digest".to_owned(),
    }
}
