//! A million random steps against a small model that shares no code with the product: it counts down what is left of each
//! timer instead of noting when it is due. `WALK_STEPS` is the number of steps.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on must fail"
)]

use std::collections::{BTreeMap, BTreeSet};

use tidegate::model::{Key, Percent, PipelineRef, ReleaseRamp};
use tidegate::release::{
    Actor, ActorKind, Applied, Approvals, Change, Deadline, Entry, Grant, Guard, Holding, HoldingReason,
    Input, NextWake, NoData, NoneLive, Now, OnDeadline, OnFail, OnNoData, OnTimeout, Phase, PhaseStatus,
    Plan, Propagation, Ramp, RampStep, Requirement, Role, Seen, State, Status, Trigger, Verdict, Window,
    Windows, start, step,
};

/// A small generator (splitmix64), so that a failure can be found again by its seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn maybe(&mut self, n: u64, below: u64) -> Option<u64> {
        self.one_in(n).then(|| self.below(below))
    }
}

// ── The pipeline, in plain numbers (seconds) ──

#[derive(Clone, Debug)]
struct G {
    id: String,
    valid: u64,
    fail: &'static str,
    none: &'static str,
    grace: u64,
}

#[derive(Clone, Debug)]
struct P {
    wait: Option<u64>,
    after: bool,
    at: Option<u64>,
    need: usize,
    own: bool,
    deadline: Option<(u64, bool)>,
    steps: Vec<(u32, u64)>,
    /// Percent, timeout, what then, whether it goes on with nobody live.
    spread: Option<(u32, Option<u64>, &'static str, bool)>,
    bake: u64,
    guards: Vec<G>,
    /// No motion in these spans of the wall clock: the phase's own, and those of its environments.
    closed: [Vec<(u64, u64)>; 2],
    requires: bool,
}

fn pipeline(dice: &mut Dice) -> Vec<P> {
    let count = 1 + dice.below(4);
    (0..count).map(|at| phase(dice, at)).collect()
}

fn phase(dice: &mut Dice, at: u64) -> P {
    let mut spans = |n| match dice.maybe(n, 150) {
        Some(from) => vec![(from, from + 1 + dice.below(60))],
        None => vec![],
    };
    let closed = [spans(4), spans(5)];
    let mut shares: BTreeSet<u32> = (0..dice.below(3)).map(|_| 1 + dice.below(99) as u32).collect();
    if !dice.one_in(5) || shares.is_empty() {
        shares.insert(100);
    }
    let guards = (0..dice.below(3)).map(|n| G {
        id: format!("g{at}{n}"),
        valid: 1 + dice.below(40),
        fail: ["pause", "hold", "abort"][dice.below(16).min(2) as usize % 3],
        none: ["hold", "hold", "go_on", "go_on", "pause", "abort"][dice.below(6) as usize],
        grace: dice.below(40),
    });
    let guards = guards.collect();
    P {
        wait: dice.maybe(3, 20),
        after: dice.one_in(2),
        at: dice.maybe(6, 60),
        need: if dice.one_in(2) { dice.below(3) as usize } else { 0 },
        own: dice.one_in(3),
        deadline: dice.maybe(3, 60).map(|after| (after + 1, dice.one_in(6))),
        steps: shares.into_iter().map(|share| (share, dice.below(15))).collect(),
        spread: dice.one_in(2).then(|| {
            let timeout = dice.maybe(2, 40).map(|after| after + 1);
            (
                1 + dice.below(100) as u32,
                timeout,
                ["hold", "hold", "pause", "abort"][dice.below(4) as usize],
                dice.one_in(2),
            )
        }),
        bake: dice.below(20),
        guards,
        closed,
        requires: dice.one_in(6),
    }
}

fn clock(seconds: u64) -> String {
    format!("1970-01-01T{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn windows(spans: &[(u64, u64)]) -> Windows {
    let window = |(from, to): &(u64, u64)| Window {
        starts: Some(clock(*from)),
        ends: Some(clock(*to)),
        ..Window::default()
    };
    Windows { allow: vec![], deny: spans.iter().map(window).collect() }
}

fn plan(phases: &[P]) -> Plan {
    let guard = |guard: &G| Guard {
        id: guard.id.as_str().into(),
        description: None,
        source: None,
        valid_s: guard.valid,
        on_fail: match guard.fail {
            "pause" => OnFail::Pause,
            "hold" => OnFail::Hold,
            _ => OnFail::Abort,
        },
        on_no_data: NoData {
            grace_s: guard.grace,
            then: match guard.none {
                "hold" => OnNoData::Hold,
                "go_on" => OnNoData::GoOn,
                "pause" => OnNoData::Pause,
                _ => OnNoData::Abort,
            },
        },
    };
    let planned = phases.iter().enumerate().map(|(at, phase)| Phase {
        id: format!("p{at}").into(),
        entry: Entry {
            trigger: Trigger {
                wait_for_s: phase.wait,
                wait_after_approval: phase.after,
                at: phase.at.map(clock),
            },
            approvals: (phase.need > 0).then(|| Approvals {
                count: phase.need as u32,
                role: None,
                services: vec![],
                self_approval: phase.own,
                deadline: phase.deadline.map(|(after_s, aborts)| Deadline {
                    after_s,
                    then: if aborts { OnDeadline::Abort } else { OnDeadline::Hold },
                }),
            }),
            windows: windows(&phase.closed[0]),
        },
        ramp: Some(Ramp::Steps {
            steps: phase
                .steps
                .iter()
                .map(|(share, hold_s)| RampStep { percent: Percent(share * 10_000), hold_s: *hold_s })
                .collect(),
        }),
        propagation: phase.spread.map(|(percent, timeout_s, then, goes_on)| Propagation {
            percent: Percent(percent * 10_000),
            timeout_s,
            then: match then {
                "hold" => OnTimeout::Hold,
                "pause" => OnTimeout::Pause,
                _ => OnTimeout::Abort,
            },
            none_live: if goes_on { NoneLive::GoOn } else { NoneLive::Hold },
        }),
        bake_s: phase.bake,
        guards: phase.guards.iter().map(guard).collect(),
        ..Phase::default()
    });
    let requires = phases.iter().enumerate().filter(|(_, phase)| phase.requires);
    Plan {
        id: "r".into(),
        description: None,
        pipeline: PipelineRef { key: "p".into(), version: 1 },
        environments: phases.iter().map(|_| vec![Key::from("prod")]).collect(),
        windows: phases.iter().map(|phase| vec![windows(&phase.closed[1])]).collect(),
        start_at: 0,
        features: BTreeMap::from([("f".into(), Change { base: None, candidate: Some(None) })]),
        segments: BTreeMap::new(),
        ramp: ReleaseRamp::default(),
        opted_out: vec![],
        requires: requires
            .map(|(at, _)| Requirement {
                phase: Some(format!("p{at}").into()),
                release: "o".into(),
                reached: None,
            })
            .collect(),
        author: "p0".into(),
        starter: "p1".into(),
        digest: "d".to_owned(),
        phases: planned.collect(),
    }
}

// ── The model ──

#[derive(Clone, Debug, Default)]
struct Heard {
    /// What, at which uptime and wall (ms), and whether its phase was live.
    last: Option<(&'static str, u64, u64, bool)>,
    grace: Option<u64>,
    told: bool,
}

struct Model<'a> {
    phases: &'a [P],
    end: &'static str,
    at: usize,
    paused: bool,
    status: Vec<PhaseStatus>,
    step: Vec<usize>,
    left: Option<u64>,
    deadline: Option<u64>,
    overdue: bool,
    /// Of the share that propagates: for how many it is, who has applied it, who holds it.
    spread: Option<(u32, u32, Vec<u32>)>,
    timed_out: bool,
    approved: BTreeSet<usize>,
    rejected: Option<usize>,
    required: BTreeSet<usize>,
    heard: BTreeMap<String, Heard>,
    wall: u64,
    uptime: u64,
}

#[derive(Clone, Debug)]
enum Do {
    Tick,
    /// Phase, step, for how many, by how many, held by whom.
    Applied(usize, usize, u32, u32, Vec<u32>),
    Abort,
    Approve,
    Reject,
    Pause,
    Unpause,
    Skip(bool),
    Roll(bool),
    Kill,
    Required(usize),
    Revert,
    Verdict(String, &'static str),
}

/// People 0 to 3 are admins (0 wrote it, 1 started it), 4 a releaser, 5 a viewer.
const PEOPLE: [(&str, Role); 6] = [
    ("p0", Role::Admin),
    ("p1", Role::Admin),
    ("p2", Role::Admin),
    ("p3", Role::Admin),
    ("p4", Role::Releaser),
    ("p5", Role::Viewer),
];

impl<'a> Model<'a> {
    fn new(phases: &'a [P]) -> Self {
        let mut model = Self {
            phases,
            end: "running",
            at: 0,
            paused: false,
            status: vec![PhaseStatus::Pending; phases.len()],
            step: vec![0; phases.len()],
            left: None,
            deadline: None,
            overdue: false,
            spread: None,
            timed_out: false,
            approved: BTreeSet::new(),
            rejected: None,
            required: BTreeSet::new(),
            heard: BTreeMap::new(),
            wall: 0,
            uptime: 0,
        };
        model.enter(0);
        model.settle();
        model
    }

    fn pass(&mut self, ms: u64, wall: u64) {
        self.uptime += ms;
        self.wall = wall;
        if !self.paused {
            let graces = self.heard.values_mut().map(|heard| &mut heard.grace);
            for left in graces.chain([&mut self.left, &mut self.deadline]).flatten() {
                *left = left.saturating_sub(ms);
            }
        }
    }

    fn act(&mut self, who: usize, stale: bool, what: &Do) -> Result<(), &'static str> {
        let ended = self.end != "running";
        match what {
            Do::Tick => return Ok(()),
            Do::Abort if self.end == "aborted" => return Ok(()),
            Do::Revert if self.end == "completed" => {}
            _ if ended => return Err("terminal"),
            _ => {}
        }
        let may = match what {
            Do::Approve | Do::Reject => who < 4,
            Do::Required(_) | Do::Applied(..) => true,
            _ => who < 5,
        };
        if !may {
            return Err("forbidden");
        }
        if stale && matches!(what, Do::Approve | Do::Reject | Do::Unpause | Do::Skip(_) | Do::Roll(_)) {
            return Err("stale");
        }
        let entering = self.status[self.at] == PhaseStatus::Entering;
        match what {
            Do::Tick => {}
            Do::Applied(phase, step, targeted, applied, held) => {
                let spreads = self.status[self.at] == PhaseStatus::Propagating;
                if spreads && *phase == self.at && *step == self.step[self.at] {
                    self.spread = Some((*targeted, *applied, held.clone()));
                }
            }
            Do::Abort => self.over("aborted"),
            Do::Revert if ended => self.end = "reverted",
            Do::Revert => return Err("not_completed"),
            Do::Pause | Do::Kill => self.paused = true,
            Do::Unpause if !self.paused => return Err("not_paused"),
            Do::Unpause => self.paused = false,
            Do::Approve | Do::Reject if !entering => return Err("not_entering"),
            Do::Approve => {
                // Without approvals asked for, `own` is of no consequence.
                let counts = who > 1 || self.phases[self.at].own && self.phases[self.at].need > 0;
                let clears = self.rejected == Some(who);
                if !counts && !clears {
                    return Err("self_approval");
                }
                if clears {
                    self.rejected = None;
                }
                if counts {
                    self.approved.insert(who);
                }
            }
            Do::Reject => match self.rejected {
                Some(other) if other != who => return Err("already_rejected"),
                Some(_) => {}
                None => {
                    self.rejected = Some(who);
                    let withdrawn = self.approved.remove(&who);
                    if withdrawn && self.phases[self.at].after && !self.enough() {
                        self.left = None;
                    }
                }
            },
            Do::Skip(bypass) => {
                let unmet = entering && self.unmet(self.at) || self.is_held();
                let last = self.at + 1 == self.phases.len();
                let shut = match (last, entering) {
                    (true, _) => self.shut_for_end(),
                    (false, true) => self.shut(self.at),
                    (false, false) => false,
                };
                self.leap(who, *bypass, unmet, shut)?;
                self.next(if entering { PhaseStatus::Skipped } else { PhaseStatus::Done });
            }
            Do::Roll(bypass) => {
                let not_live =
                    |at: &usize| matches!(self.status[*at], PhaseStatus::Entering | PhaseStatus::Pending);
                let unmet =
                    (0..self.phases.len()).filter(not_live).any(|at| self.unmet(at)) || self.is_held();
                let shut = (0..self.phases.len()).any(|at| match self.status[at] {
                    PhaseStatus::Done => false,
                    PhaseStatus::Skipped => self.within(&self.phases[at].closed[1]),
                    _ => self.shut(at),
                });
                self.leap(who, *bypass, unmet, shut)?;
                if !entering {
                    self.status[self.at] = PhaseStatus::Done;
                }
                self.over("completed");
            }
            Do::Required(n) => {
                let places: Vec<usize> =
                    (0..self.phases.len()).filter(|at| self.phases[*at].requires).collect();
                self.required.extend(places.get(*n));
            }
            Do::Verdict(id, verdict) => self.hear(id, verdict)?,
        }
        Ok(())
    }

    fn leap(&self, who: usize, bypass: bool, unmet: bool, shut: bool) -> Result<(), &'static str> {
        match (unmet || shut, bypass) {
            (true, true) if who > 3 => Err("forbidden"),
            (true, false) => Err(if unmet { "needs_bypass" } else { "frozen" }),
            _ => Ok(()),
        }
    }

    fn hear(&mut self, id: &str, verdict: &'static str) -> Result<(), &'static str> {
        let found =
            (0..self.phases.len()).find(|at| self.phases[*at].guards.iter().any(|guard| guard.id == id));
        let Some(at) = found else { return Err("unknown_guard") };
        if matches!(self.status[at], PhaseStatus::Pending | PhaseStatus::Skipped) {
            return Err("not_reached");
        }
        let live = self.status[at] != PhaseStatus::Entering;
        let heard = self.heard.entry(id.to_owned()).or_default();
        heard.last = Some((verdict, self.uptime, self.wall, live));
        if verdict != "no_data" {
            heard.told = false;
        }
        let guard = self.phases[at].guards.iter().find(|guard| guard.id == id).unwrap();
        match (verdict, guard.fail) {
            ("fail", "abort") => self.over("aborted"),
            ("fail", "pause") => self.paused = true,
            _ => {}
        }
        Ok(())
    }

    fn over(&mut self, end: &'static str) {
        (self.end, self.paused, self.left, self.deadline) = (end, false, None, None);
    }

    fn enter(&mut self, at: usize) {
        self.at = at;
        self.status[at] = PhaseStatus::Entering;
        let phase = &self.phases[at];
        self.left = if phase.after { None } else { phase.wait.map(|s| s * 1000) };
        self.deadline = phase.deadline.filter(|_| phase.need > 0).map(|(s, _)| s * 1000);
        (self.overdue, self.rejected) = (false, None);
        self.approved.clear();
    }

    fn next(&mut self, status: PhaseStatus) {
        self.status[self.at] = status;
        if self.at + 1 == self.phases.len() { self.over("completed") } else { self.enter(self.at + 1) }
    }

    fn is_held(&self) -> bool {
        let held = self.spread.as_ref().is_some_and(|(_, _, held)| !held.is_empty());
        self.status[self.at] == PhaseStatus::Propagating && held
    }

    /// Whether the share got far enough.
    fn has_spread(&self) -> bool {
        let Some((percent, _, _, goes_on)) = self.phases[self.at].spread else { return true };
        match &self.spread {
            None => false,
            Some((_, _, held)) if !held.is_empty() => false,
            Some((0, ..)) => goes_on,
            Some((targeted, applied, _)) => applied * 100 >= percent * targeted,
        }
    }

    /// The status of a share that was just reached, and what is left of its timer.
    fn serve(&mut self, hold: u64) {
        (self.spread, self.timed_out) = (None, false);
        (self.status[self.at], self.left) = match self.phases[self.at].spread {
            Some((_, timeout, ..)) => (PhaseStatus::Propagating, timeout.map(|s| s * 1000)),
            None => (PhaseStatus::Ramping, Some(hold * 1000)),
        };
    }

    fn enough(&self) -> bool {
        self.approved.len() >= self.phases[self.at].need
    }

    fn unmet(&self, at: usize) -> bool {
        let approved =
            if at == self.at { self.enough() && self.rejected.is_none() } else { self.phases[at].need == 0 };
        !approved || self.phases[at].requires && !self.required.contains(&at)
    }

    fn within(&self, spans: &[(u64, u64)]) -> bool {
        spans.iter().any(|(from, to)| (from * 1000..to * 1000).contains(&self.wall))
    }

    fn shut(&self, at: usize) -> bool {
        self.phases[at].closed.iter().any(|spans| self.within(spans))
    }

    fn shut_for_end(&self) -> bool {
        let skipped = (0..self.at).filter(|at| self.status[*at] == PhaseStatus::Skipped);
        self.shut(self.at) || skipped.into_iter().any(|at| self.within(&self.phases[at].closed[1]))
    }

    fn valid(&self, guard: &G) -> Option<(&'static str, bool)> {
        let (verdict, uptime, wall, live) = self.heard.get(&guard.id)?.last?;
        let old = self.uptime - uptime >= guard.valid * 1000 || self.wall >= wall + guard.valid * 1000;
        (!old && verdict != "no_data").then_some((verdict, live))
    }

    fn grace_is_over(&self, guard: &G) -> bool {
        self.heard.get(&guard.id).is_some_and(|heard| heard.grace == Some(0))
    }

    fn settle(&mut self) {
        while self.end == "running"
            && (self.lost_data() || self.late() || self.slow() || self.wait_begins() || self.moves())
        {
        }
    }

    fn reached(&self) -> Vec<G> {
        let reached = |at: &usize| !matches!(self.status[*at], PhaseStatus::Pending | PhaseStatus::Skipped);
        (0..self.phases.len()).filter(reached).flat_map(|at| self.phases[at].guards.clone()).collect()
    }

    fn lost_data(&mut self) -> bool {
        for guard in self.reached() {
            let acts = matches!(guard.none, "pause" | "abort") && self.grace_is_over(&guard);
            if acts && self.valid(&guard).is_none() && !self.heard[&guard.id].told {
                self.heard.get_mut(&guard.id).unwrap().told = true;
                if guard.none == "abort" {
                    self.over("aborted")
                } else {
                    self.paused = true
                }
                return true;
            }
        }
        false
    }

    fn late(&mut self) -> bool {
        let entering = self.status[self.at] == PhaseStatus::Entering && !self.paused;
        let late = entering && self.deadline == Some(0) && !self.overdue && !self.enough();
        if late {
            self.overdue = true;
            if self.phases[self.at].deadline.unwrap().1 {
                self.over("aborted");
            }
        }
        late
    }

    fn slow(&mut self) -> bool {
        let slow = self.status[self.at] == PhaseStatus::Propagating
            && !self.paused
            && self.left == Some(0)
            && !self.timed_out
            && !self.has_spread();
        if slow {
            self.timed_out = true;
            match self.phases[self.at].spread.unwrap().2 {
                "pause" => self.paused = true,
                "abort" => self.over("aborted"),
                _ => {}
            }
        }
        slow
    }

    fn wait_begins(&mut self) -> bool {
        let phase = &self.phases[self.at];
        let begins = self.status[self.at] == PhaseStatus::Entering
            && phase.wait.is_some()
            && self.left.is_none()
            && self.enough();
        if begins {
            self.left = phase.wait.map(|s| s * 1000);
        }
        begins
    }

    fn moves(&mut self) -> bool {
        let held = self.reached().iter().any(|guard| {
            guard.fail == "hold" && self.valid(guard).is_some_and(|(verdict, _)| verdict == "fail")
        });
        let spreads = self.status[self.at] == PhaseStatus::Propagating;
        if self.paused || held || !spreads && self.left.unwrap_or(0) > 0 {
            return false;
        }
        let (at, phase) = (self.at, self.phases[self.at].clone());
        match self.status[at] {
            PhaseStatus::Entering => {
                let too_early = phase.at.is_some_and(|at| self.wall < at * 1000);
                let waits = phase.wait.is_some() && self.left.is_none();
                if self.unmet(at) || too_early || waits || self.shut(at) {
                    return false;
                }
                self.serve(phase.steps[0].1);
                self.deadline = None;
                for guard in &phase.guards {
                    let heard = self.heard.entry(guard.id.clone()).or_default();
                    heard.grace = Some(guard.grace * 1000);
                }
            }
            PhaseStatus::Propagating if !self.has_spread() => return false,
            PhaseStatus::Propagating => {
                self.status[at] = PhaseStatus::Ramping;
                self.left = Some(phase.steps[self.step[at]].1 * 1000);
            }
            PhaseStatus::Ramping => match phase.steps.get(self.step[at] + 1) {
                Some(_) if self.shut(at) => return false,
                Some((_, hold)) => {
                    self.step[at] += 1;
                    self.serve(*hold);
                }
                None => {
                    self.status[at] = PhaseStatus::Baking;
                    self.left = Some(phase.bake * 1000);
                }
            },
            PhaseStatus::Baking => {
                let ends = |guard: &G| match self.valid(guard) {
                    Some(("fail", _)) => false,
                    Some(("pass", true)) => true,
                    _ => guard.none == "go_on" && self.grace_is_over(guard),
                };
                let last = at + 1 == self.phases.len();
                if !phase.guards.iter().all(ends) || last && self.shut_for_end() {
                    return false;
                }
                self.next(PhaseStatus::Done);
            }
            _ => return false,
        }
        true
    }

    /// Everything that is compared.
    fn shown(&self) -> String {
        let phases: Vec<_> = (0..self.phases.len())
            .map(|at| (self.status[at], self.step[at], self.phases[at].steps[self.step[at]].0))
            .collect();
        let entering = self.status[self.at] == PhaseStatus::Entering;
        let who: Vec<&str> = self.approved.iter().map(|who| PEOPLE[*who].0).collect();
        let rejected = self.rejected.map(|who| PEOPLE[who].0);
        let spreads = self.status[self.at] == PhaseStatus::Propagating;
        format!(
            "{} {} {} {phases:?} {:?} {:?} {:?}",
            self.end,
            self.at,
            self.paused,
            self.left,
            entering.then_some((self.deadline, self.overdue, who, rejected)),
            spreads.then_some((&self.spread, self.timed_out)),
        )
    }
}

fn shown(state: &State, now: Now) -> String {
    let end = match state.status {
        Status::Running => "running",
        Status::Aborted => "aborted",
        Status::Completed => "completed",
        Status::Reverted => "reverted",
    };
    let phases: Vec<_> =
        state.phases.iter().map(|phase| (phase.status, phase.step, phase.percent.0 / 10_000)).collect();
    let current = &state.phases[state.phase];
    let left = current.timer.map(|timer| timer.remaining(now));
    let deadline = current.deadline.map(|timer| timer.remaining(now));
    let mut who: Vec<&str> = current.approvals.iter().map(|approval| &*approval.by).collect();
    who.sort_unstable();
    let rejected = current.rejection.as_ref().map(|rejection| &*rejection.by);
    let entering = current.status == PhaseStatus::Entering;
    let spread = current.applied.as_ref().map(|heard| {
        let held: Vec<u32> = heard.holding.iter().map(|one| one.instance.parse().unwrap()).collect();
        (heard.targeted, heard.applied, held)
    });
    let spreads = current.status == PhaseStatus::Propagating;
    format!(
        "{end} {} {} {phases:?} {left:?} {:?} {:?}",
        state.phase,
        state.paused.is_some(),
        entering.then_some((deadline, current.overdue, who, rejected)),
        spreads.then_some((&spread, current.overdue)),
    )
}

// ── The walk ──

fn input(what: &Do, who: usize, seen: Seen) -> Input {
    let (id, role) = PEOPLE[who];
    let grants = vec![Grant { role, environments: None }];
    let by = Actor { id: id.into(), kind: ActorKind::Person, grants };
    let reason = "because".to_owned();
    match what.clone() {
        Do::Tick => Input::Tick,
        Do::Applied(phase, step, targeted, applied, held) => {
            let holding = held.iter().map(|one| Holding {
                instance: one.to_string(),
                why: if one % 2 == 0 { HoldingReason::Nack } else { HoldingReason::Isolated },
                detail: String::new(),
            });
            let heard = Applied { targeted, applied, holding: holding.collect() };
            Input::Applied { phase: format!("p{phase}").into(), step, heard }
        }
        Do::Abort => Input::Abort { by, reason },
        Do::Approve => Input::Approve { by, seen, signed: None, comment: None },
        Do::Reject => Input::Reject { by, seen, reason },
        Do::Pause => Input::Pause { by, reason: None },
        Do::Unpause => Input::Unpause { by, seen, reason: None },
        Do::Skip(bypass) => Input::Skip { by, seen, reason: Some(reason), bypass },
        Do::Roll(bypass) => Input::FullRollOut { by, seen, reason, bypass },
        Do::Kill => Input::Kill { by, feature: "f".into(), environment: "prod".into(), reason },
        Do::Required(requirement) => Input::Required { requirement },
        Do::Revert => Input::Revert { by, reason },
        Do::Verdict(guard, verdict) => Input::Verdict {
            by,
            guard: guard.into(),
            verdict: match verdict {
                "pass" => Verdict::Pass,
                "fail" => Verdict::Fail,
                _ => Verdict::NoData,
            },
            detail: None,
        },
    }
}

fn choice(dice: &mut Dice, phases: &[P], state: &State) -> Do {
    let ids: Vec<&String> = phases.iter().flat_map(|phase| &phase.guards).map(|guard| &guard.id).collect();
    match dice.below(100) {
        0 => Do::Abort,
        1 => Do::Roll(dice.one_in(2)),
        2..4 => Do::Revert,
        4..6 => Do::Kill,
        6..10 => Do::Pause,
        10..18 => Do::Unpause,
        18..21 => Do::Skip(dice.one_in(2)),
        21..33 => Do::Approve,
        33..36 => Do::Reject,
        36..40 => Do::Required(dice.below(3) as usize),
        40..60 if !ids.is_empty() => {
            let id = ids[dice.below(ids.len() as u64) as usize].clone();
            Do::Verdict(id, ["pass", "pass", "pass", "pass", "fail", "no_data"][dice.below(6) as usize])
        }
        61..77 => {
            let targeted = dice.below(11) as u32;
            let applied =
                (dice.below(u64::from(targeted) + 1) as u32).max(dice.below(u64::from(targeted) + 1) as u32);
            let held = if dice.one_in(6) { (0..1 + dice.below(3) as u32).collect() } else { vec![] };
            let other = usize::from(dice.one_in(8));
            Do::Applied(
                state.phase + other * dice.below(2) as usize,
                state.phases[state.phase].step + other,
                targeted,
                applied,
                held,
            )
        }
        60 => Do::Verdict("none".to_owned(), "pass"),
        _ => Do::Tick,
    }
}

/// Walks one release for so many steps; says which ends it came to.
fn walk(seed: u64, steps: usize, seen_ends: &mut BTreeSet<&'static str>) {
    let mut dice = Dice(seed);
    let phases = pipeline(&mut dice);
    let plan = plan(&phases);
    let mut now = Now { wall: 0, uptime: 0 };
    let first = start(&plan, now);
    let (mut state, mut wake): (State, NextWake) = (first.state, first.next_wake);
    let mut model = Model::new(&phases);
    assert_eq!(shown(&state, now), model.shown(), "seed {seed}, start");
    for turn in 0..steps {
        // In half seconds, so that timers are often met exactly.
        let passed = if dice.one_in(3) { 0 } else { 500 * dice.below(12) };
        now.uptime += passed;
        now.wall += passed as i64;
        if dice.one_in(40) {
            now.wall = (now.wall + 500 * (dice.below(80) as i64 - 40)).max(0);
            wake.wall = Some(0); // it was told by another wall clock
        }
        model.pass(passed, now.wall as u64);
        let (what, stale) = (choice(&mut dice, &phases, &state), dice.one_in(20));
        let who = if dice.one_in(10) { 4 + dice.below(2) } else { dice.below(4) } as usize;
        let revision = if stale { state.revision + 1 } else { state.revision };
        let seen = Seen { revision, phase: plan.phases[state.phase].id.clone() };
        let found = step(&plan, &state, &input(&what, who, seen), now);
        let context = || {
            format!("seed {seed}, turn {turn}, {what:?} by {who} (stale: {stale}) at {now:?}\n{phases:#?}")
        };
        let expected = model.act(who, stale, &what);
        match (found, expected) {
            (Ok(transition), Ok(())) => {
                model.settle();
                let changed = transition.state != state;
                assert_eq!(transition.state.revision, state.revision + u64::from(changed), "{}", context());
                assert_eq!(transition.events.is_empty(), !changed, "{}", context());
                let is_early =
                    wake.uptime.is_none_or(|at| now.uptime < at) && wake.wall.is_none_or(|at| now.wall < at);
                let is_tick = matches!(what, Do::Tick);
                assert!(!(is_tick && is_early && changed), "moved before its wake {wake:?}: {}", context());
                wake = transition.next_wake;
                state = transition.state;
            }
            (Err(refusal), Err(kind)) => {
                assert_eq!(serde_json::to_value(refusal.kind).unwrap(), kind, "{}", context());
            }
            (found, expected) => {
                panic!("{:?} against {expected:?}: {}", found.map(|transition| transition.events), context())
            }
        }
        assert_eq!(shown(&state, now), model.shown(), "{}", context());
        seen_ends.insert(model.end);
        if model.end != "running" && dice.one_in(6) {
            return;
        }
    }
}

#[test]
fn a_million_random_steps_are_those_of_the_model() {
    let steps: usize =
        std::env::var("WALK_STEPS").ok().and_then(|steps| steps.parse().ok()).unwrap_or(1_000_000);
    let mut ends = BTreeSet::new();
    for seed in 0..steps.div_ceil(100) {
        walk(seed as u64, 100, &mut ends);
    }
    assert_eq!(Vec::from_iter(ends), ["aborted", "completed", "reverted", "running"]);
}
