//! Several servers on one PostgreSQL: one runs the timers, all hear what any writes.

use std::collections::BTreeMap;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Instant;

use tidegate_admin::clock::SystemClock;
use tidegate_admin::clockwork;
use tidegate_admin::store::{LogFilter, Store};
use tidegate_admin::writer::{Options, Writer};

use crate::places::{self, Place};
use crate::toy::{self, Timers, request};

/// A server in a process of its own; killed with the test.
struct Server(Child);

impl Server {
    fn start(place: &Place, name: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["leader::server", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("TIDEGATE_LEADER_STORE", &place.address).env("TIDEGATE_LEADER_NAME", name);
        Self(command.stdout(std::process::Stdio::null()).spawn().unwrap())
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(id, signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Counts by itself, and runs timers when it leads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "is run by the other tests, as a process of its own"]
async fn server() {
    let Ok(address) = std::env::var("TIDEGATE_LEADER_STORE") else { return };
    let name = std::env::var("TIDEGATE_LEADER_NAME").unwrap();
    let store = Arc::new(Store::open(&address).await.unwrap());
    let options = Options { name: name.clone(), ..toy::options() };
    let writer = Writer::open(store, Arc::new(SystemClock::new()), options).await.unwrap();
    tokio::spawn(clockwork::run(writer.clone(), Arc::new(Timers)));
    loop {
        // Both write the same row all the time; while a server cannot, it tries on.
        let _ = writer.run(request(toy::count("shared"))).await;
        let _ = writer.run(request(toy::count(&name))).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Waits until something holds of the store; fails after 20 s.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed().as_secs() < 20, "{what} does not come");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

async fn leads(store: &Store, name: &str) {
    until(name, async || store.head().await.unwrap().1.as_deref() == Some(name)).await;
}

async fn counts(store: &Store, name: &str) {
    let filter = LogFilter { subject_key: Some(name.to_owned()), ..LogFilter::default() };
    until(name, async || !store.log(&filter).await.unwrap().is_empty()).await;
}

async fn fired(store: &Store) -> BTreeMap<String, u64> {
    let filter =
        LogFilter { action: Some("timer.fired".to_owned()), limit: u32::MAX, ..LogFilter::default() };
    let mut fired = BTreeMap::new();
    for entry in store.log(&filter).await.unwrap() {
        *fired.entry(entry.event().unwrap().subject.key.to_string()).or_default() += 1;
    }
    fired
}

/// Timers move to another server within `most` seconds of what is done to the first; each fires once.
async fn moves(place: &Place, most: f64, end: impl FnOnce(&Server), and_then: impl FnOnce(&Server)) {
    const TIMERS: usize = 80;
    let store = place.store().await;
    let first = Server::start(place, "first");
    leads(&store, "first").await;
    let second = Server::start(place, "second");
    counts(&store, "second").await;
    // Wound up by a third server, which goes away: a timer each 100 ms.
    {
        let writer = toy::writer(place.store().await, Arc::new(SystemClock::new())).await;
        let (head, _) = store.head().await.unwrap();
        for n in 0..TIMERS {
            let at = head.uptime + 1_000 + 100 * u64::try_from(n).unwrap();
            writer.run(request(toy::wind(&format!("t{n}"), i64::try_from(at).unwrap()))).await.unwrap();
        }
        writer.close().await;
    }
    until("a timer", async || fired(&store).await.len() > 5).await;
    assert_eq!(store.head().await.unwrap().1.as_deref(), Some("first"));
    end(&first);
    let ended = Instant::now();
    // Until a timer runs that the second fired.
    leads(&store, "second").await;
    let before = fired(&store).await.len();
    until("a timer of the second", async || fired(&store).await.len() > before).await;
    let took = ended.elapsed();
    assert!(took.as_secs_f64() < most, "the timers stood still for {took:?}");
    eprintln!("the timers moved within {took:?}");
    and_then(&first);
    until("all timers", async || fired(&store).await.len() == TIMERS).await;
    drop(first);
    drop(second);
    let fired = fired(&store).await;
    assert!(fired.values().all(|times| *times == 1), "{fired:?}");
    // Nothing was overwritten, uptime never went back, and no timer ran before its time.
    store.verify(None).await.unwrap();
    let (mut uptime, mut shared) = (0, 0_u64);
    for entry in store.log(&LogFilter { limit: u32::MAX, ..LogFilter::default() }).await.unwrap() {
        let event = entry.event().unwrap();
        assert!(event.uptime >= uptime, "uptime went back at event {}", event.seq);
        uptime = event.uptime;
        if &*event.subject.key == "shared" {
            shared += 1;
            assert_eq!(event.changes[0].after["description"], shared.to_string());
        }
        if event.action == "timer.fired" {
            assert!(event.uptime >= event.changes[0].after["at"].as_u64().unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_leader_is_followed() {
    let Some(place) = places::postgres().await else { return };
    moves(&place, 5.0, |leader| leader.signal(rustix::process::Signal::KILL), |_| {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_stands_still_is_followed_and_fenced() {
    let Some(place) = places::postgres().await else { return };
    use rustix::process::Signal;
    // The database gives it 3.5 s; the rest is for a busy machine. When it wakes up, it believes for a moment that it leads.
    moves(&place, 10.0, |leader| leader.signal(Signal::STOP), |leader| leader.signal(Signal::CONT)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_server_hears_what_any_writes() {
    let Some(place) = places::postgres().await else { return };
    let one = toy::writer(place.store().await, toy::clock()).await;
    let two = toy::writer(place.store().await, toy::clock()).await;
    let mut heard = two.events();
    one.run(request(toy::set("dev", "by one"))).await.unwrap();
    let event = heard.recv().await.unwrap();
    assert_eq!((event.seq, &*event.action), (1, "toy.set"));
    let mut changed = two.changed();
    changed.wait_for(|seq| *seq == 1).await.unwrap();
    assert_eq!(*one.world(), *two.world());
    // The other writes on what the first wrote, whether it has heard or not.
    for n in 0..20 {
        let writer = if n % 2 == 0 { &one } else { &two };
        let answer = writer.run(request(toy::count("n"))).await.unwrap();
        assert_eq!((answer.body, answer.seq), (serde_json::json!(n + 1), n + 2));
    }
    let (mut of_one, mut of_two) = (one.leading(), two.leading());
    tokio::select! {
        _ = of_one.wait_for(Option::is_some) => {}
        _ = of_two.wait_for(Option::is_some) => {}
    }
    let leaders = [&one, &two].iter().filter(|writer| writer.leading().borrow().is_some()).count();
    assert_eq!(leaders, 1);
    one.close().await;
    two.close().await;
}
