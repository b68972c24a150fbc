//! The simulation: what comes next, and what comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate::model::{Feature, Key, PipelineRef, ReleaseRamp};
use tidegate::release::{
    Action, Actor, ActorKind, Applied, Change, Event, Grant, Guard, Input, Now, PhaseStatus, Pipeline, Plan,
    Role, Seen, State, Status, Transition, Verdict, Wait, start, step, waiting_for,
};

use super::line::{Line, What};
use crate::admin::duration;
use crate::args::instant;

/// More steps than any pipeline takes; a brake for what is not thought of.
const MOST_STEPS: usize = 1_000_000;

/// A time as given: an instant, or from the start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    After(u64),
    At(i64),
}

impl Moment {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(ms) = duration(text) {
            return Ok(Self::After(ms));
        }
        instant(text).map(Self::At).map_err(|_| {
            format!("`{text}` is no time: expected a duration such as 3h, or an instant such as 2026-01-31T12:00:00Z")
        })
    }

    pub(super) fn from(self, start: i64) -> i64 {
        match self {
            Self::After(ms) => start.saturating_add_unsigned(ms),
            Self::At(at) => at,
        }
    }
}

/// What happens from outside.
#[derive(Debug)]
pub(super) enum Deed {
    /// Somebody does something.
    Act(Action),
    /// From now on a guard says this.
    Say(Key, Verdict),
}

/// What a simulation tells.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) lines: Vec<Line>,
    pub(super) status: Status,
    /// When it ended, in ms since 1970.
    pub(super) now: i64,
    pub(super) waiting: Vec<Wait>,
}

struct World<'a> {
    plan: &'a Plan,
    state: State,
    start: i64,
    wall: i64,
    lines: Vec<Line>,
    waits: Vec<Wait>,
    said: BTreeMap<Key, Verdict>,
    /// What the time line has of each guard; a pass if nothing.
    told: BTreeMap<Key, Verdict>,
    /// When each guard that was reached is asked next.
    asked: BTreeMap<Key, i64>,
    approve_after: Option<u64>,
    /// When the people approve the phase that is entering.
    approval: Option<i64>,
    apply_after: u64,
    /// When the instances have applied the share that is propagating.
    applied: Option<i64>,
}

/// Runs it from `start` to its end, or to `ends`; both in ms since 1970. `approve_after` and `apply_after`: in
/// ms.
pub(super) fn simulate(
    pipeline: &Pipeline,
    start_at: usize,
    start_ms: i64,
    ends: i64,
    approve_after: Option<u64>,
    apply_after: u64,
    deeds: Vec<(i64, Deed)>,
) -> Told {
    let plan = plan_of(pipeline, start_at);
    let first = start(&plan, Now { wall: start_ms, uptime: 0 });
    let mut world = World {
        plan: &plan,
        state: first.state.clone(),
        start: start_ms,
        wall: start_ms,
        lines: Vec::new(),
        waits: Vec::new(),
        said: BTreeMap::new(),
        told: BTreeMap::new(),
        asked: BTreeMap::new(),
        approve_after,
        approval: None,
        apply_after,
        applied: None,
    };
    let mut wake = first.next_wake;
    world.took(first);
    let mut deeds = deeds.into_iter().peekable();
    for _ in 0..MOST_STEPS {
        if world.state.status != Status::Running {
            break;
        }
        let timer = [wake.uptime.map(|uptime| start_ms.saturating_add_unsigned(uptime)), wake.wall];
        // A timer that is due already is looked at a millisecond later, so that time moves.
        let timer = timer.into_iter().flatten().min().map(|at| at.max(world.wall.saturating_add(1)));
        let asked = world.asked.values().min().copied();
        let outside = [deeds.peek().map(|(at, _)| *at), world.approval, world.applied, asked];
        let outside = outside.into_iter().flatten().min().map(|at| at.max(world.wall));
        let Some(next) = [timer, outside].into_iter().flatten().min() else { break };
        if next > ends {
            world.wall = ends;
            break;
        }
        world.wall = next;
        // People and guards first: what falls together with a timer was in time.
        while let Some((_, deed)) = deeds.next_if(|(at, _)| *at <= next) {
            match deed {
                Deed::Act(action) => wake = world.act(action).unwrap_or(wake),
                Deed::Say(guard, verdict) => {
                    world.said.insert(Key::clone(&guard), verdict);
                    if let Some(at) = world.asked.get_mut(&guard) {
                        *at = next;
                    }
                }
            }
        }
        wake = world.ask_guards().unwrap_or(wake);
        wake = world.approve().unwrap_or(wake);
        wake = world.apply().unwrap_or(wake);
        wake = world.send("tick", &Input::Tick).unwrap_or(wake);
    }
    let now = world.now();
    Told {
        waiting: waiting_for(&plan, &world.state, now),
        status: world.state.status,
        now: world.wall,
        lines: world.lines,
    }
}

impl World<'_> {
    fn now(&self) -> Now {
        Now { wall: self.wall, uptime: u64::try_from(self.wall.saturating_sub(self.start)).unwrap_or(0) }
    }

    fn seen(&self) -> Seen {
        let phase =
            self.plan.phases.get(self.state.phase).map_or_else(|| "".into(), |phase| Key::clone(&phase.id));
        Seen { revision: self.state.revision, phase }
    }

    /// Sends an input; answers when to come again, if it was taken.
    fn send(&mut self, name: &'static str, input: &Input) -> Option<tidegate::release::NextWake> {
        match step(self.plan, &self.state, input, self.now()) {
            Ok(transition) => {
                let wake = transition.next_wake;
                self.took(transition);
                Some(wake)
            }
            Err(refusal) => {
                self.lines.push(Line { at: self.wall, what: What::Refused(name, refusal) });
                None
            }
        }
    }

    /// Notes what happened, and what it waits for now if that is news.
    fn took(&mut self, transition: Transition) {
        let Transition { state, events, .. } = transition;
        self.state = state;
        let mut moved = false;
        for event in events {
            if let Event::AwaitingApproval { .. } = event {
                self.approval = self.approve_after.map(|after| self.wall.saturating_add_unsigned(after));
            }
            if let Event::PhaseStarted { .. } | Event::PhaseSkipped { .. } = event {
                self.approval = None;
            }
            if let Event::PhaseStarted { .. } | Event::RampStepped { .. } = event {
                self.applied = Some(self.wall.saturating_add_unsigned(self.apply_after));
            }
            let is_news = match &event {
                Event::AppliedHeard { .. } => false,
                Event::VerdictGiven { guard, verdict, .. } => {
                    self.told.insert(Key::clone(guard), *verdict).unwrap_or(Verdict::Pass) != *verdict
                }
                _ => true,
            };
            if is_news {
                moved = true;
                self.lines.push(Line { at: self.wall, what: What::Event(event) });
            }
        }
        for guard in self.reached() {
            self.asked.entry(guard).or_insert(self.wall);
        }
        let waits = waiting_for(self.plan, &self.state, self.now());
        let told = |waits: &[Wait]| waits.iter().filter(|wait| is_said(wait)).cloned().collect::<Vec<_>>();
        let (before, now) = (told(&self.waits), told(&waits));
        if moved || before != now {
            for wait in now.into_iter().filter(|wait| !before.contains(wait)) {
                self.lines.push(Line { at: self.wall, what: What::Wait(wait) });
            }
            self.waits = waits;
        }
    }

    /// The guards of the phases that were reached.
    fn reached(&self) -> Vec<Key> {
        let phases = self.plan.phases.iter().zip(&self.state.phases);
        let reached =
            phases.filter(|(_, state)| !matches!(state.status, PhaseStatus::Pending | PhaseStatus::Skipped));
        reached.flat_map(|(phase, _)| phase.guards.iter().map(|guard| Key::clone(&guard.id))).collect()
    }

    fn ask_guards(&mut self) -> Option<tidegate::release::NextWake> {
        let due: Vec<Key> = self
            .asked
            .iter()
            .filter(|(_, at)| **at <= self.wall)
            .map(|(guard, _)| Key::clone(guard))
            .collect();
        let mut wake = None;
        for id in due {
            if self.state.status != Status::Running {
                break;
            }
            let verdict = self.said.get(&id).copied().unwrap_or(Verdict::Pass);
            let input = Input::Verdict { by: Actor::system(), guard: Key::clone(&id), verdict, detail: None };
            wake = self.send("verdict", &input).or(wake);
            let every = self.guard(&id).map_or(60_000, every);
            self.asked.insert(id, self.wall.saturating_add_unsigned(every));
        }
        if self.state.status != Status::Running {
            self.asked.clear();
        }
        wake
    }

    fn guard(&self, id: &str) -> Option<&Guard> {
        self.plan.phases.iter().flat_map(|phase| &phase.guards).find(|guard| *guard.id == *id)
    }

    /// The people approve, if their time has come.
    fn approve(&mut self) -> Option<tidegate::release::NextWake> {
        self.approval.take_if(|at| *at <= self.wall)?;
        let needed = self.plan.phases.get(self.state.phase)?.entry.approvals.clone()?;
        let mut wake = None;
        for number in 1..=needed.count {
            let entering = self
                .state
                .phases
                .get(self.state.phase)
                .is_some_and(|phase| phase.status == PhaseStatus::Entering);
            if !entering {
                break;
            }
            let by = person(&format!("approver-{number}"), needed.role.unwrap_or(Role::Approver));
            let input = Input::Approve { by, seen: self.seen(), signed: None, comment: None };
            wake = self.send("approve", &input).or(wake);
        }
        wake
    }

    /// The instances have applied what is propagating, if their time has come.
    fn apply(&mut self) -> Option<tidegate::release::NextWake> {
        self.applied.take_if(|at| *at <= self.wall)?;
        let state = self.state.phases.get(self.state.phase)?;
        if self.state.status != Status::Running || state.status != PhaseStatus::Propagating {
            return None;
        }
        let (phase, step) = (self.seen().phase, state.step);
        let heard = Applied { targeted: 1, applied: 1, holding: Vec::new() };
        self.send("applied", &Input::Applied { phase, step, heard })
    }

    fn act(&mut self, action: Action) -> Option<tidegate::release::NextWake> {
        let by = person("you", Role::Admin);
        let (seen, reason) = (self.seen(), "simulated".to_owned());
        let (name, input) = match action {
            Action::FullRollOut => ("full roll out", Input::FullRollOut { by, seen, reason, bypass: true }),
            Action::Pause => ("pause", Input::Pause { by, reason: None }),
            Action::Skip => ("skip", Input::Skip { by, seen, reason: Some(reason), bypass: true }),
            Action::Unpause => ("unpause", Input::Unpause { by, seen, reason: None }),
            _ => ("abort", Input::Abort { by, reason }),
        };
        self.send(name, &input)
    }
}

/// Whether a wait is news each time that it changes; what is left of a timer is not, and guards are asked at once.
fn is_said(wait: &Wait) -> bool {
    match wait {
        Wait::Window { .. } | Wait::At { .. } | Wait::Requirement { .. } => true,
        Wait::Guard { verdict, .. } => *verdict == Verdict::Fail,
        _ => false,
    }
}

/// How often a guard is asked, in ms: often enough that a verdict never runs out.
fn every(guard: &Guard) -> u64 {
    (guard.valid_s.saturating_mul(1000) / 2).max(1000)
}

fn person(id: &str, role: Role) -> Actor {
    Actor { id: id.into(), kind: ActorKind::Person, grants: vec![Grant { role, environments: None }] }
}

/// A plan that turns a gate on by the pipeline, in the environments that it names.
fn plan_of(pipeline: &Pipeline, start_at: usize) -> Plan {
    let named = |phase: &tidegate::release::Phase| -> Vec<Key> {
        let rules = phase.target.iter().flatten();
        let mut all: Vec<Key> =
            rules.flat_map(|rule| rule.environments.iter().flatten().map(Key::clone)).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let gate = |enabled: bool| {
        let json = serde_json::json!({ "kind": "gate", "enabled": enabled });
        serde_json::from_value::<Feature>(json).ok().map(Arc::new)
    };
    let change = Change { base: gate(false), candidate: Some(gate(true)) };
    Plan {
        id: "simulated".into(),
        description: None,
        pipeline: PipelineRef { key: "simulated".into(), version: 1 },
        phases: pipeline.phases.clone(),
        environments: pipeline.phases.iter().map(named).collect(),
        windows: pipeline.phases.iter().map(|_| vec![pipeline.windows.clone()]).collect(),
        start_at,
        features: BTreeMap::from([("feature".into(), change)]),
        segments: BTreeMap::new(),
        ramp: ReleaseRamp::default(),
        opted_out: Vec::new(),
        requires: Vec::new(),
        author: "author".into(),
        starter: "starter".into(),
        digest: String::new(),
    }
}
