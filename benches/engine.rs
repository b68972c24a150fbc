//! Wall time of checks, contexts, releases, loads and deltas: the rows of docs/BENCHMARKS.md.
//!
//! Each bench is a loop over users, so that it includes reading another context each time; the loop adds two to four
//! instructions. All decisions are compared with those of a naive evaluation before anything is timed.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that fails must stop"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use serde_json::{Value as Json, json};
use tidegate::bucket::{bucket, salt_hash, unit_hash};
use tidegate::{Context, Engine, Reader};

use self::workload::{
    Contexts, Random, STEPS, USERS, User, Workload, contexts, keys, pairs, users_in_random_order, verified,
};

#[expect(dead_code, reason = "each bench uses a part of it")]
mod workload;

type Group<'c> = BenchmarkGroup<'c, criterion::measurement::WallTime>;

fn group<'c>(criterion: &'c mut Criterion, name: &str) -> Group<'c> {
    let mut group = criterion.benchmark_group(name);
    group
        .warm_up_time(Duration::from_millis(400))
        .measurement_time(Duration::from_millis(1_200))
        .sample_size(30);
    group
}

/// Times `check`, which is given the number of the iteration.
fn time(group: &mut Group<'_>, name: &str, mut check: impl FnMut(usize) -> bool) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut on = 0_u64;
            let start = Instant::now();
            for iteration in 0..iterations {
                on = on.wrapping_add(u64::from(check(iteration as usize)));
            }
            let elapsed = start.elapsed();
            black_box(on);
            elapsed
        });
    });
}

/// Times `work` alone, on what `prepare` makes; what it returns is dropped outside.
fn time_prepared<P, O>(
    group: &mut Group<'_>,
    name: &str,
    mut prepare: impl FnMut() -> P,
    mut work: impl FnMut(&mut P) -> O,
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut total = Duration::ZERO;
            for _ in 0..iterations {
                let mut prepared = prepare();
                let start = Instant::now();
                let outcome = work(&mut prepared);
                total += start.elapsed();
                drop((prepared, outcome));
            }
            total
        });
    });
}

fn engine(document: &[u8], counters: bool) -> Engine {
    let engine = Engine::builder().counters(counters).build();
    keys(&engine);
    let update = engine.load(document).unwrap();
    assert!(update.diagnostics.is_empty(), "{:?}", update.diagnostics);
    engine
}

/// W1 to W4, by handle and by name.
fn small(criterion: &mut Criterion) {
    let workload = Workload::open();
    let gates = workload.gates().small;
    let order = users_in_random_order();
    for counters in [false, true] {
        let engine = engine(&workload.document("small"), counters);
        let everyone = contexts(&engine, workload.users);
        let matching = contexts(&engine, workload.match_users);
        let handles = verified(&engine, &gates, workload.users, &everyone);
        verified(&engine, &gates, workload.match_users, &matching);
        let mut reader = engine.reader();
        let of = |index: usize| if index == 1 { &matching } else { &everyone };

        let mut group = group(criterion, if counters { "counters" } else { "handle" });
        for (index, name) in ["w1", "w2", "w3", "w4"].into_iter().enumerate() {
            let (handle, contexts) = (handles[index], of(index));
            time(&mut group, name, |i| reader.check(handle, &contexts[i % USERS]));
        }
        time(&mut group, "w4_random", |i| {
            reader.check(handles[3], &everyone[usize::from(order[i % STEPS]) % USERS])
        });
        group.finish();

        if !counters {
            let mut group = self::group(criterion, "name");
            for (index, name) in ["w1", "w2", "w3", "w4"].into_iter().enumerate() {
                let (key, contexts) = (gates[index].name.clone(), of(index));
                time(&mut group, name, |i| reader.check_name(black_box(key.as_str()), &contexts[i % USERS]));
            }
            group.finish();
        }
    }
}

/// W5: one of 1,000 gates.
fn thousand(criterion: &mut Criterion) {
    let workload = Workload::open();
    let gates = workload.gates();
    let pairs = pairs(1_000);
    for (document, gates, name) in [("big", &gates.big, "w5"), ("bigs", &gates.bigs, "w5s")] {
        let names: Vec<&str> = gates.iter().map(|gate| gate.name.as_str()).collect();
        for counters in [false, true] {
            let engine = engine(&workload.document(document), counters);
            let contexts = contexts(&engine, workload.users);
            let handles = verified(&engine, gates, workload.users, &contexts);
            let mut reader = engine.reader();
            let mut group = group(criterion, if counters { "counters" } else { "handle" });
            time(&mut group, name, |i| {
                let (gate, user) = pairs[i % STEPS];
                reader.check(handles[usize::from(gate)], &contexts[usize::from(user) % USERS])
            });
            let mut random = Random(7);
            time(&mut group, &format!("{name}_random"), |_| {
                let (gate, user) = (random.below(1_000), random.below(USERS));
                reader.check(handles[gate], &contexts[user])
            });
            group.finish();
            if !counters {
                let mut group = self::group(criterion, "name");
                time(&mut group, name, |i| {
                    let (gate, user) = pairs[i % STEPS];
                    reader.check_name(names[usize::from(gate)], &contexts[usize::from(user) % USERS])
                });
                group.finish();
            }
        }
    }
}

/// A context of six attributes, made and dropped.
fn context(criterion: &mut Criterion) {
    let workload = Workload::open();
    let engine = engine(&workload.document("small"), false);
    let keys = keys(&engine);
    let values: Vec<[&str; 6]> = workload.users.iter().map(User::values).collect();
    let mut group = group(criterion, "context");
    time(&mut group, "slot_borrowed", |i| {
        let mut context = Context::with_capacity(keys.len());
        for (key, value) in keys.into_iter().zip(values[i % USERS]) {
            context.set(key, value);
        }
        black_box(&context);
        true
    });
    time(&mut group, "slot_owned", |i| {
        let mut context = Context::with_capacity(keys.len());
        for (key, value) in keys.into_iter().zip(values[i % USERS]) {
            context.set_owned(key, value);
        }
        black_box(&context);
        true
    });
    time(&mut group, "name", |i| {
        let mut builder = engine.context();
        for (name, value) in User::ATTRIBUTES.into_iter().zip(values[i % USERS]) {
            builder.set(black_box(name), value);
        }
        black_box(&builder.build());
        true
    });
    group.finish();
}

const ENVIRONMENTS: [&str; 5] = ["dev", "staging", "prod-us-west", "prod-us-east", "prod-eu"];
const W4: &str = "w4_realistic_gate";

/// W4 under a release of five phases, whose candidate has 60 % in the last rule. `percent` is the ramp of each phase.
fn release_document(definition: &Json, percent: u32) -> (Json, Json) {
    let mut candidate = definition.clone();
    candidate["rules"][4]["rollout"]["percent"] = json!(60);
    let phases: Vec<Json> = ENVIRONMENTS
        .iter()
        .map(|name| {
            json!({"id": name, "live": true, "target": [{"environments": [name]}], "ramp": {"percent": percent}})
        })
        .collect();
    let release = json!({"id": "r", "features": {W4: {"candidate": candidate}}, "phases": phases});
    let document =
        json!({"schema_version": 1, "version": 1, "features": {W4: definition}, "releases": [release]});
    (document, candidate)
}

/// An engine for a document, perhaps in an environment, with contexts that have an environment or none.
fn under_release(
    document: &Json,
    process: Option<&str>,
    users: &'static [User],
    own: impl Fn(usize) -> Option<&'static str>,
) -> (Reader, tidegate::Gate, Contexts) {
    let builder = Engine::builder();
    let engine = match process {
        Some(name) => builder.process("environment", name).build(),
        None => builder.build(),
    };
    let mut contexts = contexts(&engine, users);
    let key = engine.attribute("environment").unwrap();
    for (index, context) in contexts.iter_mut().enumerate() {
        if let Some(name) = own(index) {
            context.set(key, name);
        }
    }
    let update = engine.load(&serde_json::to_vec(document).unwrap()).unwrap();
    assert!(update.diagnostics.is_empty(), "{:?}", update.diagnostics);
    (engine.reader(), engine.gate(W4), contexts)
}

/// W4 under a release of five phases, and beside it the same gate without one.
fn releases(criterion: &mut Criterion) {
    let workload = Workload::open();
    let document: Json = serde_json::from_slice(&workload.document("small")).unwrap();
    let definition = &document["features"][W4];
    let mut base = workload.gates().small.remove(3);
    let mut candidate = workload.gates().small.remove(3);
    candidate.rules[4].percent = 60;
    base.rules[4].percent = 50;
    let inside =
        |user: &User| bucket(salt_hash(&format!("ramp/{W4}")), unit_hash(user.id.as_bytes())) < 250_000;

    let plain = |definition: &Json| json!({"schema_version": 1, "version": 1, "features": {W4: definition}});
    let (whole, new) = release_document(definition, 100);
    let (quarter, _) = release_document(definition, 25);
    let mixed = |index: usize| Some(ENVIRONMENTS[index % 5]);
    type Own = Box<dyn Fn(usize) -> Option<&'static str>>;
    type Wanted<'w> = Box<dyn Fn(&User) -> bool + 'w>;
    let cases: [(&str, &Json, Option<&str>, Own, Wanted<'_>); 8] = [
        ("none", &plain(definition), Some("staging"), Box::new(|_| None), Box::new(|user| base.decide(user))),
        // The same gate as `folded` comes to, written without a release.
        (
            "none_new",
            &plain(&new),
            Some("staging"),
            Box::new(|_| None),
            Box::new(|user| candidate.decide(user)),
        ),
        ("folded", &whole, Some("staging"), Box::new(|_| None), Box::new(|user| candidate.decide(user))),
        (
            "ramp",
            &quarter,
            Some("staging"),
            Box::new(|_| None),
            Box::new(|user| if inside(user) { candidate.decide(user) } else { base.decide(user) }),
        ),
        ("none_environment", &plain(&new), None, Box::new(mixed), Box::new(|user| candidate.decide(user))),
        // Phases are examined from the last to the first: `dev` is found after all others.
        ("unfolded_first", &whole, None, Box::new(|_| Some("dev")), Box::new(|user| candidate.decide(user))),
        ("unfolded_other", &whole, None, Box::new(|_| Some("qa")), Box::new(|user| base.decide(user))),
        ("unfolded_mixed", &whole, None, Box::new(mixed), Box::new(|user| candidate.decide(user))),
    ];
    let mut group = group(criterion, "release");
    for (name, document, process, own, wanted) in cases {
        let (mut reader, gate, contexts) = under_release(document, process, workload.users, own);
        for (user, context) in workload.users.iter().zip(contexts.iter()) {
            assert_eq!(reader.check(gate, context), wanted(user), "{name} for {user:?}");
        }
        time(&mut group, name, |i| reader.check(gate, &contexts[i % USERS]));
    }
    group.finish();
}

/// A document whose version can be raised in place.
struct Versioned {
    bytes: Vec<u8>,
    at: usize,
    version: u64,
}

impl Versioned {
    fn new(document: &[u8]) -> Self {
        let text = std::str::from_utf8(document).unwrap();
        let marked = text.replacen("\"version\":1,", "\"version\":1000000000,", 1);
        let at = marked.find("1000000000").unwrap();
        Self { bytes: marked.into_bytes(), at, version: 1_000_000_000 }
    }

    fn next(&mut self) -> &[u8] {
        self.version += 1;
        let digits = self.version.to_string();
        self.bytes[self.at..self.at + digits.len()].copy_from_slice(digits.as_bytes());
        &self.bytes
    }
}

/// JSON → live.
fn load(criterion: &mut Criterion) {
    let workload = Workload::open();
    let mut group = group(criterion, "load");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for (name, document) in [("10_ids", "bigs"), ("1000_ids", "big")] {
        let document = workload.document(document);
        time_prepared(&mut group, &format!("{name}_first"), Engine::new, |engine| {
            engine.load(&document).unwrap()
        });
        let engine = engine(&document, false);
        let mut versioned = Versioned::new(&document);
        group.bench_function(format!("{name}_repeated"), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut total = Duration::ZERO;
                for _ in 0..iterations {
                    let document = versioned.next();
                    let start = Instant::now();
                    let update = engine.load(document).unwrap();
                    total += start.elapsed();
                    assert!(update.changed.is_empty());
                }
                total
            });
        });
    }
    group.finish();
}

/// A delta of one gate.
fn delta(criterion: &mut Criterion) {
    let workload = Workload::open();
    let mut group = group(criterion, "delta");
    let cases = [
        ("1000", workload.document("bigs"), "bigs", "checkout_gate_0500"),
        ("100000", workload.document_of_100_000(), "bigs", "50_checkout_gate_0500"),
        ("1000_of_1000_ids", workload.document("big"), "big", "checkout_gate_0500"),
    ];
    for (name, document, source, gate) in cases {
        let engine = engine(&document, false);
        let source: Json = serde_json::from_slice(&workload.document(source)).unwrap();
        let mut definition = source["features"]["checkout_gate_0500"].clone();
        let versions = [40, 60].map(|percent| {
            definition["rules"][4]["rollout"]["percent"] = json!(percent);
            definition.to_string()
        });
        drop((document, source));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let mut total = Duration::ZERO;
                for _ in 0..iterations {
                    let from = engine.version();
                    let version = from + 1;
                    let definition = &versions[(version % 2) as usize];
                    let delta = format!(
                        "{{\"from\":{from},\"version\":{version},\"features\":{{\"{gate}\":{definition}}}}}"
                    );
                    let start = Instant::now();
                    let update = engine.apply_delta(delta.as_bytes()).unwrap();
                    total += start.elapsed();
                    assert_eq!(update.recompiled, 1, "{:?}", update.diagnostics);
                }
                total
            });
        });
    }
    group.finish();
}

/// All features for one context.
fn all(criterion: &mut Criterion) {
    let workload = Workload::open();
    let mut document: Json = serde_json::from_slice(&workload.document("bigs")).unwrap();
    let features = document["features"].as_object_mut().unwrap();
    *features = std::mem::take(features).into_iter().take(100).collect();
    let engine = engine(&serde_json::to_vec(&document).unwrap(), false);
    let contexts = contexts(&engine, workload.users);
    let gates = &workload.gates().bigs[..100];
    let mut reader = engine.reader();
    for (user, context) in workload.users.iter().zip(contexts.iter()) {
        let wanted = gates.iter().filter(|gate| gate.decide(user)).count();
        assert_eq!(reader.view().evaluate_all(context).filter(|decision| decision.is_on()).count(), wanted);
    }
    let mut group = group(criterion, "all");
    time(&mut group, "100_features", |i| {
        let on = reader.view().evaluate_all(&contexts[i % USERS]).filter(|decision| decision.is_on()).count();
        black_box(on) > 50
    });
    group.finish();
}

criterion_group!(benches, small, thousand, context, releases, load, delta, all);
criterion_main!(benches);
