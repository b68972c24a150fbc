//! The book, by a clock that the test moves; then the fleet as a whole, on a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate::model::Key;
use tidegate::release::Now;
use tidegate::wire::{
    ExposureBatch, ExposureCount, Group, Isolated, Nack, NackedAt, RelayReport, RelayedBatch, Report, Sdk,
    Source,
};
use tidegate_delivery::{Admission, ReportRefused, Reports as _};

use super::book::{Book, Line, Stored};
use super::{Fleet, Member, Standing, State};
use crate::clock::ManualClock;
use crate::domain::command::fixture::Fixture;
use crate::domain::{Command, Outcome, entity};
use crate::store::{Counted, Store};
use crate::writer::{Request, Writer};

/// A Monday.
const WALL: i64 = 1_767_614_400_000;

fn prod() -> Key {
    "prod".into()
}

/// The server has been up for so long; its wall clock agrees.
fn at(uptime: u64) -> Now {
    Now { wall: WALL + i64::try_from(uptime).unwrap(), uptime }
}

fn report(instance: &str, version: u64) -> Report {
    Report {
        instance: instance.to_owned(),
        sdk: Sdk { name: "rust".to_owned(), version: "1.0.0".to_owned() },
        process: BTreeMap::from([("region".to_owned(), tidegate::Value::Str("eu".into()))]),
        schema_version: 1,
        operators: Some(vec!["eq".to_owned(), "in".to_owned()]),
        interval_s: 10,
        source: Source::Stream,
        version,
        lag_ms: Some(2),
        stale: false,
        isolated: Vec::new(),
        nack: None,
        exposures: None,
    }
}

fn group(version: u64, count: u64) -> Group {
    Group { sdk: report("x", 0).sdk, version, count, schema_version: 1, ..Group::default() }
}

fn relay(groups: Vec<Group>) -> RelayReport {
    RelayReport { relay: "r-1".to_owned(), interval_s: 10, groups, exposures: Vec::new() }
}

fn ids(members: &[Arc<Member>]) -> Vec<&str> {
    members.iter().map(|member| member.instance.as_str()).collect()
}

fn standing(book: &Book, now: Now) -> Vec<Standing> {
    book.seen("prod", now).iter().map(|one| one.standing).collect()
}

/// A reporter as another server stores it.
fn line(instance: &str, version: u64, seen: u64) -> Line {
    let mut book = Book::default();
    let noted = book.report(&prod(), report(instance, version), at(seen)).unwrap();
    book.lines([noted.who]).pop().unwrap()
}

#[test]
fn live_until_three_own_intervals_after_the_last_report() {
    let cases = [
        // interval asked, the last moment at which it is live
        (10, 30_000),
        (1, 3_000),
        (60, 180_000),
        // What cannot be is brought within bounds: 1 s to 300 s.
        (0, 3_000),
        (u32::MAX, 900_000),
    ];
    for (interval_s, last) in cases {
        let mut book = Book::default();
        book.report(&prod(), Report { interval_s, ..report("a", 0) }, at(0)).unwrap();
        assert_eq!(ids(&book.live("prod", at(last))), ["a"], "{interval_s} s");
        assert!(book.live("prod", at(last + 1)).is_empty(), "{interval_s} s");
        assert!(book.live("dev", at(0)).is_empty());
        assert!(!book.sweep(at(last)));
        assert!(book.sweep(at(last + 1)), "{interval_s} s");
    }
}

#[test]
fn a_report_with_nothing_new_keeps_the_member_and_renews_its_life() {
    let mut book = Book::default();
    assert!(book.report(&prod(), report("a", 0), at(0)).unwrap().changed);
    let first = book.live("prod", at(0));
    assert!(!book.report(&prod(), report("a", 0), at(20_000)).unwrap().changed);
    let second = book.live("prod", at(50_000));
    assert!(Arc::ptr_eq(&first[0], &second[0]));
    let stale = Report { stale: true, ..report("a", 0) };
    assert!(book.report(&prod(), stale, at(20_001)).unwrap().changed);
    assert_eq!(book.live("prod", at(20_001))[0].stale, ["a"]);
}

#[test]
fn an_instance_that_tells_other_operators_each_time_leaves_none_behind() {
    let mut book = Book::default();
    for n in 0..5_000 {
        let operators = Some(vec![format!("op{n}")]);
        book.report(&prod(), Report { operators, ..report("a", 0) }, at(n)).unwrap();
    }
    assert!(book.lists_of_operators() <= 1_000);
    let live = book.live("prod", at(5_000));
    assert_eq!(live[0].operators.as_deref().unwrap(), &["op4999"]);
}

#[test]
fn what_instances_say_of_themselves_is_bounded_in_all() {
    let mut book = Book::default();
    let of = |n: usize, version: u64| {
        let process =
            BTreeMap::from([("region".to_owned(), tidegate::Value::Str("x".repeat(1 << 20).into()))]);
        Report { process, operators: Some(vec![format!("op{n}")]), ..report(&format!("i{n}"), version) }
    };
    let taken = (0..1_000).take_while(|n| book.report(&prod(), of(*n, 0), at(0)).is_ok()).count();
    assert!((200..256).contains(&taken), "{taken}");
    // Who is there goes on, another environment has its own room, and who is gone makes room.
    book.report(&prod(), of(0, 1), at(30_000)).unwrap();
    book.report(&"dev".into(), of(0, 1), at(30_000)).unwrap();
    book.report(&prod(), of(taken, 0), at(30_000)).unwrap_err();
    assert!(book.sweep(at(30_001)));
    book.report(&prod(), of(taken, 0), at(30_001)).unwrap();
}

#[test]
fn too_many_different_lists_of_operators_are_as_if_not_told() {
    let mut book = Book::default();
    for n in 0..1_100 {
        let operators = Some(vec![format!("op{n}")]);
        let noted = book.report(&prod(), Report { operators, ..report(&format!("i{n}"), 0) }, at(0)).unwrap();
        assert_eq!(noted.wants_operators, n >= 1_000, "{n}");
    }
    assert_eq!(book.lists_of_operators(), 1_000);
}

#[test]
fn operators_are_wanted_until_told_and_then_remembered() {
    let mut book = Book::default();
    let silent = || Report { operators: None, ..report("a", 0) };
    assert!(book.report(&prod(), silent(), at(0)).unwrap().wants_operators);
    assert!(!book.report(&prod(), report("a", 0), at(1)).unwrap().wants_operators);
    assert!(!book.report(&prod(), silent(), at(2)).unwrap().wants_operators);
    book.report(&prod(), report("b", 0), at(2)).unwrap();
    let live = book.live("prod", at(2));
    let lists: Vec<_> = live.iter().map(|member| member.operators.as_ref().unwrap()).collect();
    assert_eq!(**lists[0], ["eq", "in"]);
    assert!(Arc::ptr_eq(lists[0], lists[1]), "each list is kept once");
}

#[test]
fn how_members_stand_to_what_was_published() {
    let mut book = Book::default();
    book.begin(&prod(), 100);
    assert!(book.published(&prod(), 200, at(10)));
    assert!(book.published(&prod(), 300, at(20)));
    assert!(!book.published(&prod(), 300, at(30)), "twice");
    assert!(!book.published(&prod(), 250, at(30)), "back");
    let cases = [
        (0, Standing::Behind),
        // Of before the start: it cannot be told whether it was published.
        (42, Standing::Behind),
        (100, Standing::Behind),
        (150, Standing::UnknownVersion),
        (200, Standing::Behind),
        (299, Standing::UnknownVersion),
        (300, Standing::Current),
        (301, Standing::UnknownVersion),
        (u64::MAX, Standing::UnknownVersion),
    ];
    for (version, expected) in cases {
        book.report(&prod(), report("a", version), at(40)).unwrap();
        assert_eq!(standing(&book, at(40)), [expected], "{version}");
        let live = book.live("prod", at(40));
        let applied = if expected == Standing::UnknownVersion { (0, Some(version)) } else { (version, None) };
        assert_eq!((live[0].version, live[0].unknown_version), applied, "{version}");
    }
    // It becomes known by its publication.
    book.report(&prod(), report("a", 400), at(50)).unwrap();
    assert_eq!(standing(&book, at(50)), [Standing::UnknownVersion]);
    book.published(&prod(), 400, at(60));
    assert_eq!(standing(&book, at(60)), [Standing::Current]);
}

#[test]
fn an_ack_of_a_version_that_was_never_published_does_not_count_as_applied() {
    let mut book = Book::default();
    book.begin(&prod(), 1);
    for instance in ["a", "b"] {
        book.report(&prod(), report(instance, 1), at(0)).unwrap();
    }
    book.published(&prod(), 2, at(100));
    book.report(&prod(), report("a", 9), at(110)).unwrap();
    book.report(&prod(), report("b", 2), at(130)).unwrap();
    let found = &book.propagation("prod", at(200))[0];
    assert_eq!((found.live, found.applied, found.measured, found.max_ms), (2, 1, 1, Some(30)));
    let unknown: u64 = book.seen("prod", at(200)).iter().map(|one| one.count(State::Unknown)).sum();
    assert_eq!(unknown, 1);
}

#[test]
fn only_the_last_versions_are_remembered() {
    let mut book = Book::default();
    for version in 1..=120 {
        book.published(&prod(), version * 2, at(version));
    }
    let history = book.propagation("prod", at(200));
    assert_eq!(history.len(), 50);
    assert_eq!((history[0].version, history[49].version), (240, 142));
    for (version, expected) in [
        (141, Standing::UnknownVersion),
        (143, Standing::UnknownVersion),
        (140, Standing::Behind),
        (139, Standing::Behind),
    ] {
        book.report(&prod(), report("a", version), at(200)).unwrap();
        let forgotten = version <= 140;
        let found = standing(&book, at(200))[0];
        assert_eq!(found == Standing::Behind, forgotten, "{version}");
        assert_eq!(found, expected, "{version}");
    }
}

#[test]
fn propagation_is_of_those_who_were_live_at_the_publication() {
    let mut book = Book::default();
    book.begin(&prod(), 1);
    book.report(&prod(), report("early", 1), at(0)).unwrap();
    book.report(&prod(), report("gone", 1), at(0)).unwrap();
    book.report(&prod(), report("early", 1), at(29_000)).unwrap();
    book.published(&prod(), 2, at(31_000));
    // Started after it, with the version: that took nobody an hour.
    book.report(&prod(), report("late", 2), at(3_631_000)).unwrap();
    let found = &book.propagation("prod", at(3_631_000))[0];
    assert_eq!((found.live_then, found.measured, found.max_ms), (1, 0, None));
    // One who was away for too long does not count either.
    book.report(&prod(), report("early", 2), at(3_640_000)).unwrap();
    let found = &book.propagation("prod", at(3_640_000))[0];
    assert_eq!((found.measured, found.live, found.applied), (0, 2, 2));
}

#[test]
fn a_version_that_was_passed_over_is_acked_by_the_next() {
    let mut book = Book::default();
    book.begin(&prod(), 1);
    book.report(&prod(), report("a", 1), at(0)).unwrap();
    book.published(&prod(), 2, at(100));
    book.published(&prod(), 3, at(150));
    book.report(&prod(), report("a", 3), at(170)).unwrap();
    // Late, again, and older than what was acked: they change no figure.
    for (version, when) in [(3, 500), (2, 600), (3, 700)] {
        book.report(&prod(), report("a", version), at(when)).unwrap();
    }
    let found: Vec<_> =
        book.propagation("prod", at(700)).iter().map(|one| (one.version, one.measured, one.max_ms)).collect();
    assert_eq!(found, [(3, 1, Some(20)), (2, 1, Some(70))]);
}

#[test]
fn an_ack_may_come_before_the_news_of_its_version() {
    let mut book = Book::default();
    book.begin(&prod(), 1);
    book.report(&prod(), report("a", 1), at(0)).unwrap();
    book.report(&prod(), report("a", 2), at(90)).unwrap();
    book.published(&prod(), 2, at(100));
    let found = &book.propagation("prod", at(100))[0];
    assert_eq!((found.measured, found.max_ms), (1, Some(0)));
}

#[test]
fn clocks_of_clients_and_the_servers_wall_clock_move_nothing() {
    let mut book = Book::default();
    book.begin(&prod(), 1);
    book.report(&prod(), report("a", 1), at(0)).unwrap();
    book.published(&prod(), 2, at(1_000));
    let set_back = Now { wall: WALL - 86_400_000, uptime: 1_040 };
    book.report(&prod(), Report { lag_ms: Some(u64::MAX), ..report("a", 2) }, set_back).unwrap();
    let found = &book.propagation("prod", set_back)[0];
    assert_eq!((found.max_ms, found.published_at), (Some(40), WALL + 1_000));
    assert_eq!(book.live("prod", set_back).len(), 1);
    let set_forth = Now { wall: WALL + 86_400_000, uptime: 31_040 };
    assert_eq!(book.live("prod", set_forth).len(), 1);
    // An uptime that is behind, as another server's may be for a moment, is no error.
    book.report(&prod(), report("a", 2), at(1_000)).unwrap();
    assert_eq!(book.live("prod", at(1_000)).len(), 1);
}

#[test]
fn groups_of_a_relay_count_as_what_they_stand_for() {
    let mut book = Book::default();
    book.begin(&prod(), 1);
    book.relay_report(&prod(), relay(vec![group(1, 100), group(0, 0)]), at(0)).unwrap();
    book.published(&prod(), 2, at(1_000));
    book.relay_report(&prod(), relay(vec![group(1, 40), group(2, 60)]), at(1_010)).unwrap();
    book.relay_report(&prod(), relay(vec![group(1, 40), group(2, 60)]), at(1_020)).unwrap();
    let nack = Nack { version: 2, code: "TG1001".to_owned(), message: "no".to_owned(), pointer: None };
    let last = Group {
        nacked: vec![NackedAt { instance: "bad".to_owned(), nack }],
        stale: vec!["old".to_owned(), "older".to_owned()],
        ..group(1, 1)
    };
    // Twenty new ones came, with the version: they were not there when it was published.
    book.relay_report(&prod(), relay(vec![last, group(2, 119)]), at(1_200)).unwrap();
    let found = &book.propagation("prod", at(1_200))[0];
    assert_eq!((found.live_then, found.measured, found.live, found.applied), (100, 100, 120, 119));
    assert_eq!((found.p50_ms, found.p90_ms, found.max_ms), (Some(10), Some(200), Some(200)));
    let seen = book.seen("prod", at(1_200));
    let count = |state| seen.iter().map(|one| one.count(state)).sum::<u64>();
    let counts = State::ALL.map(count);
    // `stale` names two, but the group is of one.
    assert_eq!(counts, [1, 119, 0, 1, 1, 0]);
    assert_eq!(seen.len(), 2);
    // Whom the relay does not tell of any more is gone at once.
    book.relay_report(&prod(), relay(Vec::new()), at(1_300)).unwrap();
    assert!(book.live("prod", at(1_300)).is_empty());
}

#[test]
fn a_relay_is_live_as_a_whole() {
    let mut book = Book::default();
    book.relay_report(&prod(), relay(vec![group(0, 3), group(1, 2)]), at(0)).unwrap();
    assert_eq!(book.live("prod", at(30_000)).iter().map(|member| member.count).sum::<u64>(), 5);
    assert!(book.live("prod", at(30_001)).is_empty());
}

#[test]
fn after_a_restart_nobody_is_taken_for_gone_before_their_time() {
    let mut book = Book::default();
    // Gone before the server went down: not waited for. The uptime went on from what was persisted.
    book.restore(line("gone", 1, 0), at(40_000));
    book.restore(line("a", 1, 39_000), at(40_000));
    book.restore(line("b", 1, 30_000), at(40_000));
    book.begin(&prod(), 1);
    assert!(book.live("prod", at(40_000)).is_empty());
    assert!(!book.is_settled(at(40_000)));
    assert_eq!(standing(&book, at(40_000)), [Standing::NotHeard, Standing::NotHeard]);
    book.report(&prod(), report("a", 1), at(45_000)).unwrap();
    assert_eq!(ids(&book.live("prod", at(45_000))), ["a"]);
    assert!(!book.is_settled(at(70_000)), "b has until 70 s");
    assert!(book.is_settled(at(70_001)));
    assert_eq!(standing(&book, at(70_001)), [Standing::Current]);
    // A stored row never overwrites a report.
    book.restore(line("a", 7, 69_000), at(70_001));
    assert_eq!(book.live("prod", at(70_001))[0].version, 1);
}

#[test]
fn one_that_was_waited_for_is_measured_from_the_start() {
    let mut book = Book::default();
    book.restore(line("a", 1, 0), at(1_000));
    book.begin(&prod(), 1);
    book.published(&prod(), 2, at(2_000));
    book.report(&prod(), report("a", 2), at(2_500)).unwrap();
    let found = &book.propagation("prod", at(2_500))[0];
    assert_eq!((found.live_then, found.measured, found.max_ms), (0, 1, Some(500)));
}

#[test]
fn what_another_server_heard_counts_by_its_own_time() {
    let mut book = Book::default();
    book.begin(&prod(), 1);
    assert!(book.observe(line("a", 1, 1_000), at(1_400)).unwrap());
    assert!(!book.observe(line("a", 1, 1_000), at(1_900)).unwrap(), "the same row again");
    book.published(&prod(), 2, at(5_000));
    assert!(book.observe(line("a", 2, 5_030), at(5_700)).unwrap());
    assert_eq!(book.propagation("prod", at(5_700))[0].max_ms, Some(30));
    // Older than what was reported here, or too old at all.
    book.report(&prod(), report("a", 2), at(6_000)).unwrap();
    assert!(!book.observe(line("a", 1, 5_900), at(6_100)).unwrap());
    assert!(!book.observe(line("long ago", 1, 0), at(40_000)).unwrap());
    assert_eq!(book.live("prod", at(6_100))[0].version, 2);
    assert_eq!(ids(&book.live("prod", at(35_030))), ["a"]);
}

#[test]
fn what_is_stored_is_what_is_read() {
    let mut book = Book::default();
    let isolated =
        vec![Isolated { feature: "f".to_owned(), code: "TG2001".to_owned(), message: "x".to_owned() }];
    let one = book.report(&prod(), Report { isolated, stale: true, ..report("a", 3) }, at(5)).unwrap();
    let two = book.relay_report(&prod(), relay(vec![group(1, 2), group(2, 3)]), at(6)).unwrap();
    for line in book.lines([one.who, two.who]) {
        let text = serde_json::to_string(&line.stored).unwrap();
        assert_eq!(serde_json::from_str::<Stored>(&text).unwrap(), line.stored);
    }
}

#[test]
fn percentiles_of_a_thousand_are_those_of_the_sorted_list() {
    let mut book = Book::default();
    book.begin(&prod(), 1);
    let name = |n: u64| format!("i-{n:04}");
    for n in 0..1_000 {
        book.report(&prod(), report(&name(n), 1), at(0)).unwrap();
    }
    book.published(&prod(), 2, at(1_000));
    let mut delays = Vec::new();
    // A walk over all residues: in no order, with repetitions.
    for n in 0..1_000_u64 {
        let delay = (n * n * 37 + n * 11) % 193;
        delays.push(delay);
        book.report(&prod(), report(&name(n), 2), at(1_000 + delay)).unwrap();
    }
    delays.sort_unstable();
    let naive = |per_cent: usize| Some(delays[(per_cent * delays.len()).div_ceil(100) - 1]);
    let found = &book.propagation("prod", at(2_000))[0];
    assert_eq!((found.live_then, found.measured, found.live, found.applied), (1_000, 1_000, 1_000, 1_000));
    assert_eq!(
        [found.p50_ms, found.p90_ms, found.p99_ms, found.max_ms],
        [naive(50), naive(90), naive(99), delays.last().copied()]
    );
}

#[test]
fn percentiles_of_few() {
    let of = |values: &[u64], per_cent| {
        let samples = values.iter().fold(BTreeMap::new(), |mut all: BTreeMap<u64, u64>, value| {
            *all.entry(*value).or_default() += 1;
            all
        });
        super::percentile(&samples, per_cent)
    };
    assert_eq!(of(&[], 50), None);
    assert_eq!(of(&[7], 1), Some(7));
    assert_eq!(of(&[7], 99), Some(7));
    assert_eq!(of(&[1, 2], 50), Some(1));
    assert_eq!(of(&[1, 2], 51), Some(2));
    assert_eq!(of(&[1, 1, 1, 9], 75), Some(1));
    assert_eq!(of(&[1, 1, 1, 9], 76), Some(9));
}

// The fleet, on a store in memory.

fn who() -> Admission {
    Admission { environment: prod(), key_id: "k".to_owned() }
}

/// With the feature `checkout` and its release `r-1`, which has the phase `canary`.
async fn fleet() -> (Fleet, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(WALL));
    let writer = Writer::in_memory(Arc::clone(&clock) as _);
    let mut fixture = Fixture::new();
    fixture.feature("checkout", serde_json::json!({"kind": "gate"}));
    fixture.pipeline("p", serde_json::json!([{"id": "canary", "target": [{"environments": ["prod"]}]}]));
    fixture.release("r-1", "p", "checkout", serde_json::json!({"kind": "gate", "default": "on"}), "running");
    let world = fixture.world;
    let command: Command = Box::new(move |tx| {
        let (feature, release) = ("checkout".into(), "r-1".into());
        tx.put(&feature, entity::Feature::clone(&world.features[&feature].body))?;
        tx.put(&release, entity::Release::clone(&world.releases[&release].body))?;
        Ok(Outcome::new("test", entity::Kind::Release, &release, ()))
    });
    writer.run(Request::system(command)).await.unwrap();
    (Fleet::open(writer).await.unwrap(), clock)
}

fn counted(batch: u64, count: u64) -> ExposureBatch {
    let one = ExposureCount {
        feature: "checkout".to_owned(),
        variant: Some("on".to_owned()),
        release: Some("r-1".to_owned()),
        phase: Some("canary".to_owned()),
        count,
    };
    ExposureBatch { batch, lost: 1, counts: vec![one] }
}

async fn total(store: &Store) -> u64 {
    store.exposures(Counted::Release("r-1")).await.unwrap().iter().map(|(_, count)| count).sum()
}

#[tokio::test]
async fn a_batch_is_answered_when_it_is_durable_and_counted_once() {
    let (fleet, _) = fleet().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let work = tokio::spawn(fleet.clone().run(stop.clone()));
    let store = Arc::clone(fleet.inner.writer.store());
    let send = |batch: ExposureBatch| {
        let fleet = fleet.clone();
        async move {
            fleet
                .report(&who(), Report { exposures: Some(batch), ..report("a", 0) })
                .await
                .unwrap()
                .stored_batch
        }
    };
    assert_eq!(send(counted(1, 5)).await, Some(1));
    assert_eq!(total(&store).await, 5);
    // The answer was lost: it comes again.
    assert_eq!(send(counted(1, 5)).await, Some(1));
    assert_eq!(send(counted(2, 7)).await, Some(2));
    // One that was on its way for long.
    assert_eq!(send(counted(1, 5)).await, Some(2));
    assert_eq!(total(&store).await, 12);
    assert_eq!(store.exposure_losses().await.unwrap()["prod"], 2);
    // Without a batch, what is known to be stored is told.
    assert_eq!(fleet.report(&who(), report("a", 0)).await.unwrap().stored_batch, Some(2));
    // Another server, which does not know what this one did.
    let other = Fleet::open(fleet.inner.writer.clone()).await.unwrap();
    let others = tokio::spawn(other.clone().run(stop.clone()));
    let again = Report { exposures: Some(counted(2, 7)), ..report("a", 0) };
    assert_eq!(other.report(&who(), again).await.unwrap().stored_batch, Some(2));
    assert_eq!(total(&store).await, 12);
    stop.cancel();
    work.await.unwrap();
    others.await.unwrap();
}

#[tokio::test]
async fn counts_of_what_there_is_not_are_lost_unless_the_instance_knows_more_than_the_server() {
    let (fleet, _) = fleet().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let work = tokio::spawn(fleet.clone().run(stop.clone()));
    let store = Arc::clone(fleet.inner.writer.store());
    let mut made_up = counted(1, 5);
    let one = made_up.counts[0].clone();
    let made_up_one = |n| ExposureCount { feature: format!("made-up-{n}"), ..one.clone() };
    made_up.counts.extend((0..100).map(made_up_one));
    // It has a version that is not known here: there may be such features.
    let ahead = Report { exposures: Some(made_up.clone()), ..report("a", 1 << 60) };
    assert_eq!(fleet.report(&who(), ahead).await.unwrap().stored_batch, None);
    assert_eq!(total(&store).await, 0);
    let sent = Report { exposures: Some(made_up.clone()), ..report("a", 0) };
    assert_eq!(fleet.report(&who(), sent).await.unwrap().stored_batch, Some(1));
    assert_eq!((total(&store).await, store.exposure_losses().await.unwrap()["prod"]), (5, 1 + 500));
    // Of a relay, too.
    let relayed = RelayedBatch { instance: "b".to_owned(), batch: made_up };
    let relayed = RelayReport { exposures: vec![relayed], ..relay(vec![group(0, 1)]) };
    assert_eq!(fleet.relay_report(&who(), relayed).await.unwrap().stored.len(), 1);
    assert_eq!((total(&store).await, store.exposure_losses().await.unwrap()["prod"]), (10, 2 + 1_000));
    stop.cancel();
    work.await.unwrap();
}

#[tokio::test]
async fn batches_of_many_instances_are_stored_together() {
    let (fleet, _) = fleet().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let work = tokio::spawn(fleet.clone().run(stop.clone()));
    let batches: Vec<RelayedBatch> =
        (0..300).map(|n| RelayedBatch { instance: format!("i-{n}"), batch: counted(1, n + 1) }).collect();
    let relayed = RelayReport { exposures: batches.clone(), ..relay(vec![group(0, 300)]) };
    let answer = fleet.relay_report(&who(), relayed.clone()).await.unwrap();
    assert_eq!(answer.stored.len(), 300);
    assert!(answer.stored.iter().all(|one| one.batch == 1));
    // Sent again, by the relay and by one of them directly.
    fleet.relay_report(&who(), relayed).await.unwrap();
    fleet.report(&who(), Report { exposures: Some(counted(1, 8)), ..report("i-7", 0) }).await.unwrap();
    assert_eq!(total(fleet.inner.writer.store()).await, 300 * 301 / 2);
    stop.cancel();
    work.await.unwrap();
}

#[tokio::test]
async fn a_batch_that_cannot_be_stored_in_time_is_not_acknowledged() {
    // Nobody writes.
    let (fleet, _) = fleet().await;
    let sent = Report { exposures: Some(counted(1, 5)), ..report("a", 0) };
    assert_eq!(fleet.report(&who(), sent.clone()).await.unwrap().stored_batch, None);
    assert_eq!(fleet.live("prod").len(), 1, "what else it says is noted at once");
    // What waits is written when the server stops.
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    fleet.clone().run(stop).await;
    assert_eq!(total(fleet.inner.writer.store()).await, 5);
    assert_eq!(fleet.report(&who(), sent).await.unwrap().stored_batch, Some(1));
    assert_eq!(total(fleet.inner.writer.store()).await, 5);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_place() {
    let (fleet, _) = fleet().await;
    let place = |refused: Result<_, ReportRefused>| match refused.map(|_: tidegate::wire::ReportAnswer| ()) {
        Err(ReportRefused::Invalid { pointer, .. }) => pointer,
        other => panic!("{other:?}"),
    };
    let with = |batch: ExposureBatch| Report { exposures: Some(batch), ..report("a", 0) };
    let mut strange = counted(1, 1);
    strange.counts[0].variant = Some("a\0b".to_owned());
    let cases = [
        (report("", 0), "/instance"),
        (report("a\nb", 0), "/instance"),
        (report(&"x".repeat(257), 0), "/instance"),
        (with(counted(0, 1)), "/exposures/batch"),
        (with(counted(u64::MAX, 1)), "/exposures/batch"),
        (with(strange), "/exposures/counts/0/variant"),
    ];
    for (report, expected) in cases {
        assert_eq!(place(fleet.report(&who(), report).await), expected);
    }
    let mut unnamed = relay(vec![group(1, 1)]);
    unnamed.relay = String::new();
    assert_eq!(place(fleet.relay_report(&who(), unnamed).await), "/relay");
    assert!(fleet.live("prod").is_empty());
}

#[tokio::test]
async fn changes_are_told_and_heartbeats_are_not() {
    let (fleet, clock) = fleet().await;
    let mut changed = fleet.changed();
    fleet.report(&who(), report("a", 0)).await.unwrap();
    assert!(changed.has_changed().unwrap());
    changed.borrow_and_update();
    clock.advance(10_000);
    fleet.report(&who(), report("a", 0)).await.unwrap();
    assert!(!changed.has_changed().unwrap());
    fleet.published(&prod(), 5);
    assert!(changed.has_changed().unwrap());
    assert_eq!(fleet.applied_at("prod", 5), None);
    clock.advance(20);
    fleet.report(&who(), report("a", 5)).await.unwrap();
    assert_eq!(fleet.applied_at("prod", 5), Some(10_020));
    assert_eq!(fleet.applied_at("dev", 5), None, "nobody is there");
    let capable = fleet.capabilities();
    assert_eq!(capable.of("prod")[0].operators.as_ref().unwrap().len(), 2);
}

#[tokio::test]
async fn a_restart_waits_for_who_was_live() {
    let (fleet, clock) = fleet().await;
    clock.advance(1_000);
    fleet.report(&who(), report("a", 0)).await.unwrap();
    fleet.flush().await.unwrap();
    let again = Fleet::open(fleet.inner.writer.clone()).await.unwrap();
    assert!(!again.settled());
    assert!(again.live("prod").is_empty());
    assert_eq!(again.seen("prod")[0].standing, Standing::NotHeard);
    again.report(&who(), report("a", 0)).await.unwrap();
    assert!(again.settled());
    assert_eq!(again.live("prod").len(), 1);
}

#[tokio::test]
async fn servers_of_one_store_hear_of_each_others_instances() {
    let (here, clock) = fleet().await;
    let there = Fleet::open(here.inner.writer.clone()).await.unwrap();
    clock.advance(1_000);
    here.report(&who(), report("a", 0)).await.unwrap();
    here.flush().await.unwrap();
    let since = there.read_since(0).await.unwrap();
    assert_eq!(ids(&there.live("prod")), ["a"]);
    // A heartbeat, without anything new, keeps it alive there.
    clock.advance(25_000);
    here.report(&who(), report("a", 0)).await.unwrap();
    here.flush().await.unwrap();
    there.read_since(since).await.unwrap();
    clock.advance(29_000);
    assert_eq!(ids(&there.live("prod")), ["a"]);
    // One's own rows are not read back.
    here.read_since(0).await.unwrap();
    clock.advance(1_001);
    assert!(there.live("prod").is_empty());
}

#[tokio::test]
async fn who_is_told_a_longer_interval_is_not_missed_before() {
    let (fleet, clock) = fleet().await;
    let answer = fleet.report(&who(), Report { interval_s: 1, ..report("a", 0) }).await.unwrap();
    assert_eq!(answer.interval_s, 10);
    clock.advance(29_000);
    assert_eq!(ids(&fleet.live("prod")), ["a"]);
    clock.advance(2_000);
    assert!(fleet.live("prod").is_empty());
}

#[test]
fn how_long_it_takes_to_settle_is_known() {
    let mut book = Book::default();
    assert_eq!(book.unsettled(at(0)), 0);
    for (instance, seen) in [("a", 900), ("b", 1_000)] {
        book.restore(line(instance, 5, seen), at(1_000));
    }
    assert_eq!(book.unsettled(at(1_000)), 30_001);
    assert_eq!(book.unsettled(at(21_000)), 10_001);
    book.report(&prod(), report("a", 5), at(21_000)).unwrap();
    assert_eq!(book.unsettled(at(21_000)), 10_001);
    assert!(!book.is_settled(at(31_000)) && book.is_settled(at(31_001)));
    book.report(&prod(), report("b", 5), at(22_000)).unwrap();
    assert_eq!(book.unsettled(at(22_000)), 0);
}

#[test]
fn who_refuses_a_version_that_there_never_was_refuses_nothing() {
    let mut book = Book::default();
    book.begin(&prod(), 5);
    let nack = |version| Nack { version, code: "TG1001".to_owned(), message: "no".to_owned(), pointer: None };
    let refuses = |version| Report { nack: Some(nack(version)), ..report("a", 5) };
    book.report(&prod(), refuses(u64::MAX), at(0)).unwrap();
    assert!(book.live("prod", at(0))[0].nacked.is_empty());
    // It is shown still: somebody should look at this instance.
    assert_eq!(book.seen("prod", at(0))[0].member.nacked.len(), 1);
    book.report(&prod(), refuses(6), at(0)).unwrap();
    assert!(book.live("prod", at(0))[0].nacked.is_empty());
    book.published(&prod(), 6, at(1));
    assert_eq!(book.live("prod", at(1))[0].nacked[0].nack, nack(6));
}
