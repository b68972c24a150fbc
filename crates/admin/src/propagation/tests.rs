//! With instances that are played: whom a phase waits for, what is told and what is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tidegate::release::{PhaseStatus, State, Status};
use tidegate::value::Value;
use tidegate::wire::{Isolated, IsolatedAt, Nack, NackedAt};

use super::*;
use crate::clock::ManualClock;
use crate::domain::command::fixture::body;
use crate::domain::command::{environment, feature, pipeline, release};
use crate::domain::{Command, Outcome, Problem, snapshot};
use crate::writer::Options;

/// An instance, or a group of them.
#[derive(Clone)]
struct Played {
    environment: &'static str,
    id: String,
    count: u64,
    process: BTreeMap<String, Value>,
    version: u64,
    nacked: Vec<NackedAt>,
    isolated: Vec<IsolatedAt>,
}

impl Instance for Played {
    fn count(&self) -> u64 {
        self.count
    }

    fn process(&self) -> &BTreeMap<String, Value> {
        &self.process
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn nacked(&self) -> &[NackedAt] {
        &self.nacked
    }

    fn isolated(&self) -> &[IsolatedAt] {
        &self.isolated
    }
}

impl Played {
    fn new(environment: &'static str, id: &str) -> Self {
        Self {
            environment,
            id: id.to_owned(),
            count: 1,
            process: BTreeMap::new(),
            version: 0,
            nacked: Vec::new(),
            isolated: Vec::new(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.process.insert(name.to_owned(), Value::from(value));
        self
    }

    fn refuses(&mut self, version: u64) {
        let nack = Nack { version, code: "TG2001".into(), message: "no such kind".into(), pointer: None };
        self.nacked = vec![NackedAt { instance: self.id.clone(), nack }];
    }

    fn isolates(&mut self, feature: &str) {
        let (code, message) = ("TG2009".to_owned(), "an operator of tomorrow".to_owned());
        let isolated = vec![Isolated { feature: feature.to_owned(), code, message }];
        self.isolated = vec![IsolatedAt { instance: self.id.clone(), isolated }];
    }
}

struct Fleet {
    instances: Mutex<Vec<Played>>,
    changed: watch::Sender<u64>,
    settled: AtomicBool,
}

impl Default for Fleet {
    fn default() -> Self {
        let (instances, changed) = (Mutex::default(), watch::Sender::new(0));
        Self { instances, changed, settled: AtomicBool::new(true) }
    }
}

impl Instances for Fleet {
    fn live(&self, environment: &Key) -> Vec<Arc<dyn Instance>> {
        let all = self.instances.lock();
        let there = all.iter().filter(|one| *one.environment == **environment);
        there.map(|one| Arc::new(one.clone()) as Arc<dyn Instance>).collect()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn is_settled(&self) -> bool {
        self.settled.load(Ordering::SeqCst)
    }
}

impl Fleet {
    fn join(&self, played: Played) {
        self.instances.lock().push(played);
        self.changed.send_modify(|n| *n += 1);
    }

    fn change(&self, change: impl FnMut(&mut Played)) {
        self.instances.lock().iter_mut().for_each(change);
        self.changed.send_modify(|n| *n += 1);
    }
}

/// A server's writer and clock, and instances.
struct Bench {
    clock: Arc<ManualClock>,
    writer: Writer,
    fleet: Arc<Fleet>,
    counter: Counter,
}

impl Bench {
    /// Environments `dev` and `prod`; gates `f` and `g`, off; pipeline `p` of these phases, to which `f` is attached.
    async fn new(phases: Json) -> Self {
        let clock = Arc::new(ManualClock::new(1_800_000_000_000));
        let options = Options { seal: snapshot::seal, ..Options::default() };
        let writer = Writer::in_memory_with(Arc::clone(&clock) as _, options);
        writer.leading().wait_for(Option::is_some).await.unwrap();
        let fleet = Arc::new(Fleet::default());
        let counter = Counter::new(Arc::clone(writer.store()), Arc::clone(&fleet) as _);
        let bench = Self { clock, writer, fleet, counter };
        for name in ["dev", "prod"] {
            bench.run(move |tx| environment::create(tx, body(json!({"name": name})))).await;
        }
        for key in ["f", "g"] {
            let new = json!({"key": key, "definition": {"kind": "gate"}});
            bench.run(move |tx| feature::create(tx, body(new))).await;
        }
        let draft = json!({"key": "p", "body": {"phases": phases, "allow_uncovered": true}});
        bench.run(move |tx| pipeline::create(tx, body(draft))).await;
        bench.run(|tx| pipeline::publish(tx, "p", body(json!({})))).await;
        bench.run(|tx| feature::pipeline(tx, "f", body(json!({"pipeline": "p"})))).await;
        bench
    }

    async fn run(&self, command: impl FnOnce(&mut Tx) -> Result<Outcome, Problem> + Send + 'static) -> Json {
        let command: Command = Box::new(command);
        self.writer.run(Request::system(command)).await.unwrap().body
    }

    /// Starts a release of `f`; gives its id.
    async fn start(&self) -> String {
        let on = json!({"definition": {"kind": "gate", "default": "on"}, "base_revision": 1});
        let answer = self.run(move |tx| feature::save(tx, "f", body(on))).await;
        answer.pointer("/release/key").and_then(Json::as_str).unwrap().to_owned()
    }

    fn state(&self, id: &str) -> State {
        State::clone(&self.writer.world().release_states.get(id).unwrap().body.state)
    }

    fn status(&self, id: &str) -> PhaseStatus {
        let state = self.state(id);
        state.phases[state.phase].status
    }

    fn heard(&self, id: &str) -> Option<Applied> {
        let state = self.state(id);
        state.phases[state.phase].applied.clone()
    }

    /// The newest version of an environment.
    fn head(&self, environment: &str) -> u64 {
        self.writer.world().snapshot_heads.get(environment).unwrap().body.version
    }

    fn monitor(&self) -> Monitor {
        Monitor::new(self.writer.clone(), self.counter.clone())
    }

    fn seq(&self) -> u64 {
        self.writer.world().seq
    }

    async fn count(&self, id: &str) -> Option<Applied> {
        self.counter.of(&self.writer.world(), id, self.writer.now()).await
    }
}

fn prod(propagation: Json) -> Json {
    json!([{"id": "prod", "target": [{"environments": ["prod"]}], "propagation": propagation, "bake_s": 60}])
}

fn applied(applied: u32, targeted: u32) -> Applied {
    Applied { targeted, applied, holding: Vec::new() }
}

#[tokio::test]
async fn a_phase_goes_on_when_those_that_it_is_for_have_applied_it() {
    let bench = Bench::new(prod(json!({}))).await;
    for id in ["a", "b"] {
        bench.fleet.join(Played::new("prod", id));
    }
    bench.fleet.join(Played::new("dev", "elsewhere"));
    let before = bench.head("prod");
    let id = bench.start().await;
    let needed = bench.head("prod");
    assert!(needed > before);
    let mut monitor = bench.monitor();
    bench.fleet.change(|one| one.version = before);
    let seq = bench.seq();
    assert!(monitor.look().await);
    assert_eq!((bench.seq(), bench.heard(&id)), (seq, None), "that some are on the way is no news");
    assert_eq!(bench.count(&id).await, Some(applied(0, 2)), "but it is shown");
    // Something else is published: the release's own version counts.
    let save = json!({"definition": {"kind": "gate", "default": "on"}, "base_revision": 1});
    bench.run(move |tx| feature::save(tx, "g", body(save))).await;
    assert!(bench.head("prod") > needed);
    bench.fleet.change(|one| one.version = if one.id == "a" { needed } else { before });
    monitor.look().await;
    assert_eq!(bench.count(&id).await, Some(applied(1, 2)));
    assert_eq!(bench.status(&id), PhaseStatus::Propagating);
    bench.fleet.change(|one| one.version = needed);
    monitor.look().await;
    assert_eq!(bench.status(&id), PhaseStatus::Baking);
    assert_eq!(bench.heard(&id), Some(applied(2, 2)));
    assert!(!monitor.look().await, "nothing propagates any more");
    assert_eq!(bench.count(&id).await, None);
}

#[tokio::test]
async fn only_those_count_whom_process_attributes_do_not_rule_out() {
    let eq = |name: &str, value: &str| json!({"attribute": name, "op": "eq", "value": value});
    let some = json!({"all": [eq("region", "us-west"), eq("country", "DE")]});
    let target = json!([{"environments": ["prod"], "if": some}, {"environments": ["prod"], "if": {"segment": "edge"}},
        {"environments": ["dev"], "if": eq("region", "mars")}]);
    let phases = json!([{"id": "west", "target": target, "propagation": {}, "bake_s": 60}]);
    let bench = Bench::new(json!([{"id": "all", "bake_s": 1}])).await;
    let edge = json!({"key": "edge", "definition": {"if": eq("tier", "edge")}});
    bench.run(move |tx| crate::domain::command::segment::create(tx, body(edge))).await;
    let draft = json!({"key": "q", "body": {"phases": phases, "allow_uncovered": true}});
    bench.run(move |tx| pipeline::create(tx, body(draft))).await;
    bench.run(|tx| pipeline::publish(tx, "q", body(json!({})))).await;
    bench.run(|tx| feature::pipeline(tx, "f", body(json!({"pipeline": "q"})))).await;
    let id = bench.start().await;
    let prod = |id: &str, region: &str| Played::new("prod", id).with("region", region).with("host", id);
    bench.fleet.join(prod("in", "us-west"));
    bench.fleet.join(prod("out", "us-east").with("tier", "core"));
    bench.fleet.join(prod("edge", "us-east").with("tier", "edge"));
    // It tells no region: its contexts may.
    bench.fleet.join(Played::new("prod", "mute").with("tier", "core"));
    let earth = Played::new("dev", "earth").with("region", "earth");
    bench.fleet.join(earth);
    assert_eq!(bench.count(&id).await, Some(applied(0, 3)), "in, edge, mute");
    bench.fleet.change(|one| one.version = if one.id == "out" { 0 } else { u64::MAX });
    bench.monitor().look().await;
    assert_eq!(bench.status(&id), PhaseStatus::Baking);
}

#[tokio::test]
async fn a_group_counts_as_many_as_it_is() {
    let bench = Bench::new(prod(json!({"percent": 90}))).await;
    let id = bench.start().await;
    let head = bench.head("prod");
    let group = |version, count| Played { version, count, ..Played::new("prod", "") };
    bench.fleet.join(group(head, 89));
    bench.fleet.join(group(0, 11));
    let mut monitor = bench.monitor();
    monitor.look().await;
    assert_eq!(bench.count(&id).await, Some(applied(89, 100)));
    assert_eq!(bench.status(&id), PhaseStatus::Propagating);
    bench.fleet.instances.lock().clear();
    bench.fleet.join(group(head, 90));
    bench.fleet.join(group(0, 10));
    monitor.look().await;
    assert_eq!(bench.status(&id), PhaseStatus::Baking);
}

#[tokio::test]
async fn who_refuses_it_or_isolates_its_feature_holds() {
    let bench = Bench::new(prod(json!({"percent": 50}))).await;
    let old = bench.head("prod");
    let id = bench.start().await;
    let head = bench.head("prod");
    for name in ["a", "b", "c", "d"] {
        bench.fleet.join(Played { version: head, ..Played::new("prod", name) });
    }
    let mut monitor = bench.monitor();
    // What an older version was refused for is over; so is what it isolated. Another feature is another release's business.
    bench.fleet.change(|one| match one.id.as_str() {
        "a" => one.refuses(old),
        "b" => one.isolates("g"),
        "c" => {
            one.isolates("f");
            one.version = old;
        }
        _ => one.refuses(head),
    });
    monitor.look().await;
    assert_eq!(bench.status(&id), PhaseStatus::Propagating);
    let holding = bench.heard(&id).unwrap().holding;
    let names: Vec<&str> = holding.iter().map(|one| one.instance.as_str()).collect();
    assert_eq!(names, ["d"]);
    assert_eq!(holding[0].detail, "TG2001: no such kind");
    let seq = bench.seq();
    monitor.look().await;
    assert_eq!(bench.seq(), seq, "told once");
    // Others hold it as well: told, but not at once again.
    bench.fleet.change(|one| {
        if one.id == "b" {
            one.isolates("f");
        }
    });
    monitor.look().await;
    assert_eq!(bench.seq(), seq);
    bench.clock.advance(1_000);
    monitor.look().await;
    assert_eq!(bench.heard(&id).unwrap().holding.len(), 2);
    assert!(bench.heard(&id).unwrap().holding.iter().any(|one| one.detail.contains("`f`, TG2009")));
    // They are mended, or gone.
    bench.fleet.change(|one| (one.nacked, one.isolated) = (Vec::new(), Vec::new()));
    monitor.look().await;
    assert_eq!(bench.status(&id), PhaseStatus::Baking);
}

#[tokio::test]
async fn a_hold_is_skipped_by_a_bypass() {
    let bench = Bench::new(json!([
        {"id": "prod", "target": [{"environments": ["prod"]}], "propagation": {}, "bake_s": 60},
        {"id": "dev", "target": [{"environments": ["dev"]}], "bake_s": 60}]))
    .await;
    let id = bench.start().await;
    let mut played = Played::new("prod", "a");
    played.refuses(bench.head("prod"));
    bench.fleet.join(played);
    bench.monitor().look().await;
    let revision = bench.state(&id).revision;
    let act = move |bypass: bool| json!({"revision": revision, "phase": "prod", "reason": "one host", "bypass": bypass});
    let name = id.clone();
    let refused: Command = Box::new(move |tx| release::skip(tx, &name, body(act(false))));
    let problem = self::refused(&bench, refused).await;
    assert_eq!(problem.code, Code::NeedsBypass);
    let name = id.clone();
    bench.run(move |tx| release::skip(tx, &name, body(act(true)))).await;
    assert!(bench.state(&id).phases[0].bypassed);
    assert_eq!(bench.status(&id), PhaseStatus::Baking);
}

async fn refused(bench: &Bench, command: Command) -> Problem {
    bench.writer.run(Request::system(command)).await.unwrap_err()
}

#[tokio::test]
async fn nobody_live_is_told_only_when_everybody_had_the_time_to_report() {
    let bench = Bench::new(prod(json!({}))).await;
    let id = bench.start().await;
    bench.fleet.settled.store(false, Ordering::SeqCst);
    let mut monitor = bench.monitor();
    monitor.look().await;
    assert_eq!(bench.heard(&id), None);
    // One of many has reported: that is not enough either.
    bench.fleet.join(Played { version: u64::MAX, ..Played::new("prod", "first") });
    monitor.look().await;
    assert_eq!((bench.heard(&id), bench.status(&id)), (None, PhaseStatus::Propagating));
    // That one refuses it is known at once.
    let head = bench.head("prod");
    bench.fleet.change(|one| one.refuses(head));
    monitor.look().await;
    assert_eq!(bench.heard(&id).unwrap().holding.len(), 1);
    bench.fleet.instances.lock().clear();
    monitor.look().await;
    assert_eq!(bench.heard(&id).unwrap().holding.len(), 1, "it may only be that it was not heard again");
    bench.fleet.settled.store(true, Ordering::SeqCst);
    monitor.look().await;
    assert_eq!(bench.status(&id), PhaseStatus::Baking);
    assert_eq!(bench.heard(&id), Some(applied(0, 0)));
}

#[tokio::test]
async fn a_pause_keeps_what_was_heard_and_hears_what_changes() {
    let bench = Bench::new(prod(json!({}))).await;
    let id = bench.start().await;
    let head = bench.head("prod");
    let name = id.clone();
    bench.run(move |tx| release::pause(tx, &name, body(json!({})))).await;
    bench.fleet.join(Played { version: head, ..Played::new("prod", "a") });
    let mut monitor = bench.monitor();
    monitor.look().await;
    assert_eq!(bench.heard(&id), Some(applied(1, 1)));
    assert_eq!(bench.status(&id), PhaseStatus::Propagating);
    // A new process starts with what was bundled.
    bench.fleet.join(Played::new("prod", "b"));
    monitor.look().await;
    assert_eq!(bench.heard(&id), Some(applied(1, 2)), "it is not enough any more");
    let (name, revision) = (id.clone(), bench.state(&id).revision);
    let act = json!({"revision": revision, "phase": "prod"});
    bench.run(move |tx| release::unpause(tx, &name, body(act))).await;
    assert_eq!(bench.status(&id), PhaseStatus::Propagating);
    bench.fleet.change(|one| one.version = head);
    monitor.look().await;
    assert_eq!(bench.status(&id), PhaseStatus::Baking);
}

#[tokio::test]
async fn before_a_timeout_the_release_is_told_what_there_is() {
    let bench = Bench::new(prod(json!({"timeout_s": 60, "then": "pause"}))).await;
    let id = bench.start().await;
    let head = bench.head("prod");
    for name in ["a", "b", "c"] {
        bench.fleet.join(Played::new("prod", name));
    }
    bench.fleet.change(|one| one.version = if one.id == "a" { head } else { 0 });
    let mut monitor = bench.monitor();
    bench.clock.advance(57_000);
    monitor.look().await;
    assert_eq!(bench.heard(&id), None);
    bench.clock.advance(1_000);
    monitor.look().await;
    assert_eq!(bench.heard(&id), Some(applied(1, 3)));
    bench.clock.advance(2_000);
    let name = id.clone();
    bench.run(move |tx| release::tick(tx, &name)).await;
    let pause = bench.state(&id).paused.unwrap();
    assert_eq!(pause.reason.as_deref(), Some("1 of 3 live instances have applied it"));
}

/// DESIGN: 1 000 instances, 5 % of which are frozen or refuse it.
#[tokio::test]
async fn of_a_thousand_the_timer_starts_with_the_last_that_is_needed() {
    let bench = Bench::new(prod(json!({"percent": 96}))).await;
    for n in 0..1_000 {
        bench.fleet.join(Played::new("prod", &format!("i{n:03}")).with("host", &format!("h{n}")));
    }
    let id = bench.start().await;
    let head = bench.head("prod");
    let mut monitor = bench.monitor();
    let reach = |some: usize| {
        for one in bench.fleet.instances.lock().iter_mut().take(some) {
            one.version = head;
        }
    };
    let seq = bench.seq();
    for some in (0..=950).step_by(25) {
        reach(some);
        monitor.look().await;
        assert_eq!(bench.status(&id), PhaseStatus::Propagating, "{some}");
        bench.clock.advance(10_000);
    }
    assert_eq!(bench.seq(), seq, "a thousand reports leave nothing in the log");
    // 25 of the frozen refuse it: that holds, even when all others have it.
    for one in &mut bench.fleet.instances.lock()[975..] {
        one.refuses(head);
    }
    reach(975);
    monitor.look().await;
    assert_eq!(bench.status(&id), PhaseStatus::Propagating);
    let heard = bench.heard(&id).unwrap();
    assert_eq!(
        (heard.applied, heard.targeted, heard.holding.len()),
        (975, 1_000, 20),
        "as many are named as help"
    );
    // They are repaired: the bake begins to count now, not before.
    bench.fleet.change(|one| one.nacked.clear());
    bench.clock.advance(10_000);
    monitor.look().await;
    assert_eq!(bench.status(&id), PhaseStatus::Baking);
    let state = bench.state(&id);
    let left = state.phases[state.phase].timer.unwrap().remaining(bench.writer.now());
    assert_eq!(left, 60_000);
}

/// The whole task, on its own: it wakes by what is heard, and by time.
#[tokio::test]
async fn it_wakes_by_reports_and_by_time() {
    let bench = Bench::new(json!([
        {"id": "prod", "target": [{"environments": ["prod"]}], "propagation": {}, "bake_s": 1},
        {"id": "dev", "target": [{"environments": ["dev"]}], "propagation": {}, "bake_s": 60}]))
    .await;
    for environment in ["prod", "dev"] {
        bench.fleet.join(Played::new(environment, environment));
    }
    let task = tokio::spawn(bench.monitor().run());
    let id = bench.start().await;
    let head = bench.head("prod");
    let started = Instant::now();
    bench.fleet.change(|one| one.version = if one.environment == "prod" { head } else { 0 });
    until(&bench, &id, 0, PhaseStatus::Baking).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    bench.clock.advance(1_000);
    let name = id.clone();
    bench.run(move |tx| release::tick(tx, &name)).await;
    until(&bench, &id, 1, PhaseStatus::Propagating).await;
    // The only instance dies; nobody says so.
    bench.fleet.instances.lock().clear();
    bench.clock.advance(1_000);
    until(&bench, &id, 1, PhaseStatus::Baking).await;
    bench.writer.close().await;
    tokio::time::timeout(Duration::from_secs(10), task).await.unwrap().unwrap();
}

async fn until(bench: &Bench, id: &str, phase: usize, status: PhaseStatus) {
    let mut changed = bench.writer.changed();
    let there = async {
        while bench.state(id).phase != phase || bench.status(id) != status {
            changed.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(30), there).await.unwrap();
}

#[tokio::test]
async fn no_timeout_is_acted_on_before_everybody_had_the_time_to_report_again() {
    let bench = Bench::new(prod(json!({"timeout_s": 10, "then": "abort"}))).await;
    bench.fleet.join(Played::new("prod", "a"));
    bench.fleet.settled.store(false, Ordering::SeqCst);
    bench.writer.set_settles_at(60_000);
    let id = bench.start().await;
    let tick = || async {
        let due = release::Due::Release(id.as_str().into());
        bench.run(move |tx| release::fire(tx, &due)).await;
        bench.state(&id).status
    };
    bench.clock.advance(10_000);
    assert_eq!(tick().await, Status::Running);
    // Nor by something else that is told meanwhile, such as that some have not applied it.
    bench.clock.advance(49_000);
    bench.monitor().look().await;
    assert_eq!((bench.heard(&id), tick().await), (Some(applied(0, 1)), Status::Running));
    bench.clock.advance(1_000);
    assert_eq!(tick().await, Status::Aborted);
}
