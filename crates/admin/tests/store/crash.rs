//! SIGKILL at every write point, and at random: nothing acknowledged is lost, nothing is done twice.
//!
//! The write points are compiled into debug builds only: under `--release` these tests fail, and say that nobody was killed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Instant;

use tidegate_admin::clock::SystemClock;
use tidegate_admin::clockwork;
use tidegate_admin::store::{Delivery, DeliveryFilter, LogFilter, Store, failpoint};
use tidegate_admin::writer::Writer;

use crate::both::both;
use crate::places::Place;
use crate::toy::{self, Timers, by, request};

/// How many clients write.
const CLIENTS: usize = 4;
/// How many commands a child does before it gives up waiting to be killed.
const ROUNDS: u64 = 400;

both! {
    async fn killed_at_every_write_point(place) {
        let acks = Acks::new(place);
        for point in failpoint::POINTS {
            // The first time is at start or with few commands at once; the fifth in the middle of the crowd.
            let times: &[u64] = match *point {
                "migrate.applied" | "lease.taken" => &[1],
                "uptime.written" => &[1, 2],
                _ => &[2, 5],
            };
            for n in times {
                let child = child(place, &acks, Some(&format!("{point}:{n}")));
                dies(child, point).await;
                check(place, &acks, point).await;
            }
        }
    }

    async fn killed_at_any_moment(place) {
        let acks = Acks::new(place);
        for wanted in [1, 3, 10, 25, 60, 111, 7] {
            let before = acks.read().len();
            let mut child = child(place, &acks, None);
            while acks.read().len() < before + wanted {
                assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
                tokio::task::yield_now().await;
            }
            child.kill().unwrap();
            dies(child, "any moment").await;
            check(place, &acks, &format!("{wanted} answers")).await;
        }
    }
}

/// What clients were told: client, value, event, in a file that outlives them.
struct Acks {
    file: PathBuf,
    begun: Instant,
}

impl Acks {
    fn new(place: &Place) -> Self {
        let name: String = place.address.chars().filter(char::is_ascii_alphanumeric).collect();
        let name = &name[name.len().saturating_sub(40)..];
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("acks-{}-{name}", std::process::id()));
        std::fs::write(&file, "").unwrap();
        Self { file, begun: Instant::now() }
    }

    fn add(&self, client: usize, value: u64, seq: u64) {
        let mut file = std::fs::OpenOptions::new().append(true).open(&self.file).unwrap();
        file.write_all(format!("{client} {value} {seq}\n").as_bytes()).unwrap();
    }

    fn read(&self) -> Vec<(usize, u64, u64)> {
        let text = std::fs::read_to_string(&self.file).unwrap();
        // A line may be half written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let number = |word: Option<&str>| word.unwrap().parse::<u64>().unwrap();
        whole
            .lines()
            .map(|line| {
                let mut words = line.split(' ');
                let client = usize::try_from(number(words.next())).unwrap();
                (client, number(words.next()), number(words.next()))
            })
            .collect()
    }
}

impl Drop for Acks {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

fn child(place: &Place, acks: &Acks, failpoint: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["crash::victim", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("TIDEGATE_CRASH_STORE", &place.address).env("TIDEGATE_CRASH_ACKS", &acks.file);
    command.stdout(std::process::Stdio::null());
    if let Some(failpoint) = failpoint {
        command.env("TIDEGATE_FAILPOINT", failpoint);
    }
    command.spawn().unwrap()
}

/// Waits for a child that must die by SIGKILL.
async fn dies(mut child: Child, when: &str) {
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(status.signal(), Some(9), "{when}: the child was not killed but ended with {status}");
}

/// A server under load, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is run by the other tests, as a process of its own"]
async fn victim() {
    let Ok(address) = std::env::var("TIDEGATE_CRASH_STORE") else { return };
    let acks = std::env::var("TIDEGATE_CRASH_ACKS").unwrap();
    let acks = std::fs::OpenOptions::new().append(true).open(acks).unwrap();
    let store = Arc::new(Store::open(&address).await.unwrap());
    let writer = toy::writer(store, Arc::new(SystemClock::new())).await;
    tokio::spawn(clockwork::run(writer.clone(), Arc::new(Timers)));
    writer.run(request(toy::person("ann"))).await.unwrap();
    writer.run(request(toy::webhook("hook", &[]))).await.unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| tokio::spawn(load(writer.clone(), client, acks.try_clone().unwrap())))
        .collect();
    for client in clients {
        client.await.unwrap();
    }
}

async fn load(writer: Writer, client: usize, mut acks: std::fs::File) {
    let name = format!("client-{client}");
    for round in 0..ROUNDS {
        let next = done(&writer, &name) + 1;
        let key = format!("{name}-{next}");
        let answer = writer.run(by("ann", Some((&key, "f")), toy::count(&name))).await.unwrap();
        assert_eq!(answer.body, serde_json::json!(next));
        acks.write_all(format!("{client} {next} {}\n", answer.seq).as_bytes()).unwrap();
        if round % 5 == 0 {
            let timer = format!("timer-{client}-{next}");
            writer.run(request(toy::wind_for(&timer, 20))).await.unwrap();
            for delivery in writer.store().due_deliveries(i64::MAX, 2).await.unwrap() {
                writer.store().delivered(&delivery.id).await.unwrap();
            }
        }
    }
}

fn done(writer: &Writer, name: &str) -> u64 {
    let world = writer.world();
    let row = world.environments.get(name);
    row.and_then(|row| row.body.description.as_deref()?.parse().ok()).unwrap_or(0)
}

/// The event that last wrote an environment.
fn told_at(writer: &Writer, name: &str) -> u64 {
    writer.world().environments[name].revision
}

/// The invariants, after a crash.
async fn check(place: &Place, acks: &Acks, when: &str) {
    let store = place.store().await;
    // The chain is whole and leads to what the tables have.
    let verified = store.verify(None).await.unwrap_or_else(|error| panic!("{when}: {error}"));
    let (world, head) = store.load().await.unwrap();
    assert_eq!(store.rebuild().await.unwrap().0, world, "{when}");
    let filter = LogFilter { limit: u32::MAX, ..LogFilter::default() };
    let log = store.log(&filter).await.unwrap();
    assert_eq!(u64::try_from(log.len()).unwrap(), verified.events);

    let mut counts = BTreeMap::<String, u64>::new();
    let mut told = BTreeMap::new();
    let mut fired = BTreeSet::new();
    let mut facts = 0;
    let mut uptime = 0;
    let mut hooked = false;
    for entry in &log {
        let event = entry.event().unwrap();
        assert!(event.uptime >= uptime, "{when}: uptime went back at event {}", event.seq);
        uptime = event.uptime;
        hooked |= event.action == "toy.webhook";
        if hooked {
            facts += event.facts.len();
        }
        let subject = event.subject.key.to_string();
        if event.action == "toy.counted" {
            // Each event counts on by one: none is lost, none is doubled.
            let count = counts.entry(subject.clone()).or_default();
            *count += 1;
            let after = &event.changes[0].after["description"];
            assert_eq!(after.as_str().unwrap(), count.to_string(), "{when}: event {}", event.seq);
            told.insert(event.seq, (subject, *count));
        } else if event.action == "timer.fired" {
            let at = event.changes[0].after["at"].as_u64().unwrap();
            assert!(event.uptime >= at, "{when}: `{subject}` was shortened: {} before {at}", event.uptime);
            assert!(fired.insert(subject.clone()), "{when}: `{subject}` fired twice");
        }
    }
    // Every answer that a client has is in the log, with what it said.
    for (client, value, seq) in acks.read() {
        assert_eq!(told.get(&seq), Some(&(format!("client-{client}"), value)), "{when}: event {seq}");
    }
    // Each fact has its one delivery, under its id.
    let filter = DeliveryFilter { limit: u32::MAX, ..DeliveryFilter::default() };
    let deliveries = store.deliveries(&filter).await.unwrap();
    let id = |d: &Delivery| format!("msg_{}_{}_hook", d.seq, d.fact);
    assert!(deliveries.iter().all(|delivery| delivery.id == id(delivery)), "{when}");
    assert_eq!(deliveries.len(), facts, "{when}: deliveries");
    // The uptime has all that was seen, and no more time than there was.
    assert!(head.uptime >= uptime, "{when}");
    let passed = u64::try_from(acks.begun.elapsed().as_millis()).unwrap();
    assert!(head.uptime <= passed, "{when}: {} ms of uptime in {passed} ms", head.uptime);

    // Whoever was cut off asks again with the same key, and gets the one answer.
    let writer = toy::writer(store, Arc::new(SystemClock::new())).await;
    writer.run(request(toy::person("ann"))).await.unwrap();
    for client in 0..CLIENTS {
        let name = format!("client-{client}");
        let had = acks.read().iter().filter(|ack| ack.0 == client).map(|ack| ack.1).max().unwrap_or(0);
        let key = format!("{name}-{}", had + 1);
        let answer = writer.run(by("ann", Some((&key, "f")), toy::count(&name))).await.unwrap();
        assert_eq!(answer.body, serde_json::json!(had + 1), "{when}: {key}");
        assert_eq!(done(&writer, &name), had + 1, "{when}");
        acks.add(client, had + 1, told_at(&writer, &name));
    }
    writer.close().await;
}
