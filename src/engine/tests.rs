use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::*;
use crate::model::Mode;
use crate::program::Reason;

mod handles;
mod parts;
mod refused;
mod source;

fn document(version: u64, features: Json) -> Vec<u8> {
    json!({"schema_version": 1, "version": version, "features": features}).to_string().into_bytes()
}

fn bytes(document: &Json) -> Vec<u8> {
    document.to_string().into_bytes()
}

fn gate(attribute: &str, value: Json) -> Json {
    json!({"kind": "gate", "rules": [
        {"id": "r", "if": {"attribute": attribute, "op": "eq", "value": value}, "variant": "on"}]})
}

fn always(on: bool) -> Json {
    json!({"kind": "gate", "default": (if on { "on" } else { "off" })})
}

fn loaded(features: Json) -> Engine {
    let engine = Engine::new();
    engine.load(&document(1, features)).unwrap();
    engine
}

fn user(engine: &Engine, id: &str) -> Context<'static> {
    engine.context().with("user_id", id).build()
}

fn changed(update: &Update) -> Vec<&str> {
    update.changed.iter().map(|key| &**key).collect()
}

/// The outcome of `work`, which must not hang.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    wait.recv_timeout(Duration::from_secs(60)).expect("a deadlock, or a panic in the thread")
}

#[test]
fn programs_that_overrides_replaced_for_a_while_are_freed() {
    let engine = loaded(json!({"a": always(false)}));
    for version in 2..20 {
        for _ in 0..3 {
            engine.set_override("a", Override::value(true)).unwrap();
            engine.clear_overrides();
        }
        engine.load(&document(version, json!({"a": always(version % 2 == 0)}))).unwrap();
        let writer = engine.inner.writer.lock();
        assert!(
            writer.retired.is_empty(),
            "{} programs are kept after version {version}",
            writer.retired.len()
        );
    }
}

// --- handles, keys, contexts --------------------------------------------------------------------------------------

#[test]
fn handle_stays_valid_over_swaps() {
    let engine = loaded(json!({"a": always(false), "b": always(true)}));
    let (a, b) = (engine.gate("a"), engine.gate("b"));
    let (mut reader, context) = (engine.reader(), engine.context().build());
    assert_eq!((reader.check(a, &context), reader.check(b, &context)), (false, true));
    for version in 2..50 {
        let on = version % 2 == 0;
        engine.load(&document(version, json!({"a": always(on), "b": always(!on)}))).unwrap();
        assert_eq!((reader.check(a, &context), reader.check(b, &context)), (on, !on));
        assert_eq!((engine.gate("a"), engine.gate("b")), (a, b));
    }
}

#[test]
fn handle_is_good_for_a_feature_that_appears_later_goes_and_comes_back() {
    let engine = Engine::new();
    let (mut reader, context) = (engine.reader(), engine.context().build());
    let late = engine.gate("late");
    assert!(!reader.check(late, &context));
    assert_eq!(reader.decide(late, &context).reason(), Reason::UnknownFeature);
    assert_eq!(reader.decide(late, &context).feature(), "late");
    engine.load(&document(1, json!({"other": always(true)}))).unwrap();
    assert!(!reader.check(late, &context));
    engine.load(&document(2, json!({"late": always(true)}))).unwrap();
    assert!(reader.check(late, &context));
    assert!(!reader.check_name("other", &context));
    engine.load(&document(3, json!({}))).unwrap();
    assert_eq!(reader.decide(late, &context).reason(), Reason::UnknownFeature);
    engine.load(&document(4, json!({"late": always(true)}))).unwrap();
    assert!(reader.check(late, &context));
    assert_eq!(engine.gate("late"), late);
}

#[test]
fn thousand_handles_of_unknown_features_are_all_good() {
    let engine = loaded(json!({"f": always(true)}));
    let handles: Vec<Gate> = (0..1_000).map(|i| engine.gate(&format!("g{i}"))).collect();
    let features: serde_json::Map<String, Json> =
        (0..1_000).map(|i| (format!("g{i}"), always(i % 3 == 0))).collect();
    engine.load(&document(2, Json::Object(features))).unwrap();
    let (mut reader, context) = (engine.reader(), engine.context().build());
    for (i, handle) in handles.iter().enumerate() {
        assert_eq!(reader.check(*handle, &context), i % 3 == 0, "g{i}");
    }
}

#[test]
fn handle_that_is_made_between_a_load_and_a_delta_is_good() {
    let engine = loaded(json!({"f": always(true)}));
    let late = engine.gate("late");
    engine
        .apply_delta(&bytes(&json!({"from": 1, "version": 2, "features": {"late": always(true)}})))
        .unwrap();
    let mut reader = engine.reader();
    assert!(reader.check(late, &engine.context().build()));
    assert!(reader.check_name("f", &engine.context().build()));
}

#[test]
fn keys_and_contexts_outlive_swaps() {
    let engine = Engine::new();
    let plan = engine.attribute("plan").unwrap();
    let mut by_key = Context::with_capacity(4);
    by_key.set(plan, "pro");
    let by_name = engine.context().with("plan", "pro").with("seats", 3).build();
    let mut reader = engine.reader();
    let f = engine.gate("f");
    for version in 1..20 {
        let seats = gate("seats", json!(version));
        engine
            .load(&document(version, json!({"f": gate("plan", json!("pro")), format!("g{version}"): seats})))
            .unwrap();
        assert!(reader.check(f, &by_key) && reader.check(f, &by_name));
        assert_eq!(reader.check_name(&format!("g{version}"), &by_name), version == 3);
        assert_eq!(engine.attribute("plan").unwrap(), plan);
    }
}

#[test]
fn names_that_strangers_bring_displace_no_name_of_a_document() {
    let engine = Engine::new();
    let mut strange = engine.context();
    for i in 0..1_100 {
        strange = strange.with(&format!("stranger-{i}"), i);
    }
    let strange = strange.build();
    let names = |i: usize| format!("name-{i}");
    let features: serde_json::Map<String, Json> =
        (0..2_000).map(|i| (names(i), gate(&names(i), json!("x")))).collect();
    let update = engine.load(&document(1, Json::Object(features))).unwrap();
    assert!(update.diagnostics.is_empty(), "{:?}", update.diagnostics);
    let mut reader = engine.reader();
    for i in [0, 1_000, 1_999] {
        let context = engine.context().with(&names(i), "x").build();
        assert!(reader.check_name(&names(i), &context), "{}", names(i));
        assert!(!reader.check_name(&names(i), &strange));
    }
    assert!(engine.attribute("one-more").is_ok());
}

#[test]
fn document_with_all_attribute_names_is_served_after_strangers_came() {
    let engine = Engine::builder().mode(Mode::Strict).build();
    let _ = (0..1_100).fold(engine.context(), |context, i| context.with(&format!("stranger-{i}"), i)).build();
    let conditions: Vec<Json> =
        (0..4_096).map(|i| json!({"attribute": format!("name-{i}"), "op": "eq", "value": "x"})).collect();
    let rules = json!([{"id": "r", "if": {"any": conditions}, "variant": "on"}]);
    engine.load(&document(1, json!({"f": {"kind": "gate", "rules": rules}}))).unwrap();
    assert!(engine.check("f", &engine.context().with("name-4095", "x").build()));
}

#[test]
fn engines_do_not_know_of_each_other() {
    let engines: Vec<Engine> = (0..20)
        .map(|i| {
            let engine =
                Engine::builder().process("environment", if i % 2 == 0 { "dev" } else { "prod" }).build();
            // Names in another order each, so that numbers and keys differ.
            let _ = engine.context().with(&format!("only-{i}"), 1).build();
            engine
                .load(&document(
                    i + 1,
                    json!({format!("f{i}"): always(true), "env": {"kind": "gate",
                "environments": {"dev": {"default": "on"}}}}),
                ))
                .unwrap();
            engine
        })
        .collect();
    for (i, engine) in engines.iter().enumerate() {
        let context = engine.context().build();
        assert_eq!(engine.version(), i as u64 + 1);
        assert!(engine.check(&format!("f{i}"), &context));
        assert!(!engine.check(&format!("f{}", i + 1), &context));
        assert_eq!(engine.check("env", &context), i % 2 == 0);
    }
}

// --- views --------------------------------------------------------------------------------------------------------

#[test]
fn view_pins_a_version_while_loads_happen() {
    let engine = loaded(json!({"f": always(true), "g": always(true)}));
    let (f, context) = (engine.gate("f"), engine.context().build());
    let mut reader = engine.reader();
    let (of_engine, of_reader) = (engine.view(), reader.view());
    for version in 2..100 {
        engine.load(&document(version, json!({"f": always(false), "h": always(true)}))).unwrap();
    }
    for version in [of_engine.version(), of_reader.version()] {
        assert_eq!(version, 1);
    }
    assert!(of_engine.check(f, &context) && of_reader.check(f, &context));
    assert!(of_engine.check_name("g", &context) && !of_engine.check_name("h", &context));
    assert_eq!(of_engine.decide(f, &context).version(), 1);
    let mut all: Vec<_> =
        of_engine.evaluate_all(&context).map(|decision| decision.feature().to_owned()).collect();
    all.sort();
    assert_eq!(all, ["f", "g"]);
    assert_eq!((engine.view().version(), engine.view().check(f, &context)), (99, false));
    drop(of_reader);
    assert_eq!(reader.view().version(), 99);
}

#[test]
fn view_never_shows_a_mix_of_two_features_released_together() {
    let snapshot = |version: u64| {
        let candidate = json!({"candidate": always(true)});
        bytes(&json!({"schema_version": 1, "version": version,
            "features": {"a": always(false), "b": always(false), "on_a": {"kind": "gate", "rules": [
                {"id": "r", "if": {"feature": "a", "variants": ["on"]}, "variant": "on"}]}},
            "releases": [{"id": "rel", "features": {"a": candidate, "b": candidate},
                "phases": [{"id": "p", "live": version.is_multiple_of(2)}]}]}))
    };
    let engine = Engine::new();
    engine.load(&snapshot(1)).unwrap();
    let (stop, seen) = (AtomicBool::new(false), [AtomicU64::new(0), AtomicU64::new(0)]);
    std::thread::scope(|scope| {
        for seen in &seen {
            let (engine, stop) = (&engine, &stop);
            scope.spawn(move || {
                let (a, b, on_a) = (engine.gate("a"), engine.gate("b"), engine.gate("on_a"));
                let (mut reader, context) = (engine.reader(), engine.context().build());
                let mut newest = 0;
                while !stop.load(Ordering::Relaxed) {
                    let view = reader.view();
                    let all = [view.check(a, &context), view.check(b, &context), view.check(on_a, &context)];
                    assert_eq!(all, [view.version() % 2 == 0; 3], "version {}", view.version());
                    assert!(view.version() >= newest, "never back");
                    newest = view.version();
                    seen.store(newest, Ordering::Relaxed);
                }
            });
        }
        for version in 2..400 {
            engine.load(&snapshot(version)).unwrap();
            // Both readers are to see some of them, wherever they are.
            while version % 100 == 0 && seen.iter().any(|seen| seen.load(Ordering::Relaxed) < version) {
                std::thread::yield_now();
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn old_programs_are_let_go_when_no_reader_holds_them() {
    let engine = loaded(json!({"f": always(true)}));
    let first = Arc::downgrade(&engine.program());
    let mut reader = engine.reader();
    let context = engine.context().build();
    for version in 2..10 {
        engine.load(&document(version, json!({"f": always(true)}))).unwrap();
    }
    assert!(first.upgrade().is_some(), "a reader that did not check since still holds it");
    assert!(reader.check_name("f", &context));
    engine.load(&document(10, json!({"f": always(true)}))).unwrap();
    assert!(first.upgrade().is_none());
    assert!(engine.inner.writer.lock().retired.len() <= 1);
}

// --- clocks -------------------------------------------------------------------------------------------------------

fn timed() -> Json {
    let after = |ms: i64| json!({"time": {"from": ms}});
    json!({
        "plain": gate("plan", json!("pro")),
        "timed": {"kind": "gate", "rules": [
            {"id": "a", "if": {"all": [{"attribute": "plan", "op": "eq", "value": "pro"}, after(9_000)]}, "variant": "on"},
            {"id": "b", "if": {"all": [{"attribute": "plan", "op": "eq", "value": "pro"}, after(1_000), after(500)]}, "variant": "on"}]},
        "on_timed": {"kind": "gate", "rules": [
            {"id": "r", "if": {"all": [{"feature": "timed", "variants": ["on"]}, after(100)]}, "variant": "on"}]}
    })
}

#[test]
fn clock_is_asked_once_a_check_and_only_by_a_time_test() {
    let (asked, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicI64::new(2_000)));
    let engine = {
        let (asked, now) = (Arc::clone(&asked), Arc::clone(&now));
        let clock = move || {
            asked.fetch_add(1, Ordering::Relaxed);
            // Each call tells another time: who asks twice would see two.
            now.fetch_sub(1_500, Ordering::Relaxed)
        };
        Engine::builder().clock(clock).build()
    };
    engine.load(&document(1, timed())).unwrap();
    let pro = engine.context().with("plan", "pro").build();
    let free = engine.context().with("plan", "free").build();
    let count = || asked.swap(0, Ordering::Relaxed);
    let set = || now.store(2_000, Ordering::Relaxed);
    assert_eq!(count(), 0, "loading asks for no time");

    let mut reader = engine.reader();
    assert!(reader.check_name("plain", &pro));
    assert!(!reader.check_name("timed", &free));
    assert_eq!(reader.decide(engine.feature("none"), &pro).variant(), None);
    assert_eq!(count(), 0, "no time test ran");
    for name in ["timed", "on_timed"] {
        set();
        assert!(reader.check_name(name, &pro));
        assert_eq!(count(), 1, "{name}");
    }
    set();
    assert_eq!(reader.decide(engine.feature("on_timed"), &pro).rule(), Some("r"));
    assert_eq!(count(), 1);

    for name in ["timed", "on_timed"] {
        set();
        assert!(engine.check(name, &pro));
        assert_eq!(count(), 1, "by name, {name}");
    }
    set();
    let view = engine.view();
    assert_eq!((view.now_ms(), count()), (2_000, 1));
    for _ in 0..3 {
        assert!(view.check_name("timed", &pro) && view.check_name("on_timed", &pro));
    }
    assert_eq!(count(), 0, "a view has its instant");
    let view = view.at(999);
    assert!(!view.check_name("timed", &pro));
    set();
    let view = reader.view();
    assert!(view.check_name("timed", &pro));
    assert_eq!(count(), 1);
}

#[test]
fn time_tests_follow_the_clock() {
    let now = Arc::new(AtomicI64::new(0));
    let engine = {
        let now = Arc::clone(&now);
        Engine::builder().clock(move || now.load(Ordering::Relaxed)).build()
    };
    engine
        .load(&document(
            1,
            json!({"f": {"kind": "gate", "rules": [
        {"id": "r", "if": {"time": {"from": 1_000, "to": 2_000}}, "variant": "on"}]}}),
        ))
        .unwrap();
    let (mut reader, context, f) = (engine.reader(), engine.context().build(), engine.gate("f"));
    for (ms, on) in [
        (-1, false),
        (999, false),
        (1_000, true),
        (1_999, true),
        (2_000, false),
        (i64::MAX, false),
        (i64::MIN, false),
    ] {
        now.store(ms, Ordering::Relaxed);
        assert_eq!(reader.check(f, &context), on, "{ms}");
    }
}

// --- overrides ----------------------------------------------------------------------------------------------------

fn shop() -> Json {
    json!({
        "checkout": gate("plan", json!("pro")),
        "limits": {"kind": "config", "variants": {"small": {"n": 1}, "large": {"n": 2}}, "default": "small"},
        "on_checkout": {"kind": "gate", "rules": [
            {"id": "r", "if": {"feature": "checkout", "variants": ["on"]}, "variant": "on"}]},
        "on_value": {"kind": "gate", "rules": [
            {"id": "r", "if": {"feature": "checkout", "variants": ["override"]}, "variant": "on"}]}
    })
}

#[test]
fn override_for_everyone_serves_a_variant_until_it_is_cleared() {
    let engine = loaded(shop());
    let (mut reader, context, checkout) = (engine.reader(), user(&engine, "u"), engine.gate("checkout"));
    assert!(!reader.check(checkout, &context));
    engine.set_override("checkout", Override::variant("on")).unwrap();
    let decision = reader.decide(checkout, &context);
    assert_eq!(
        (decision.is_on(), decision.variant(), decision.reason()),
        (true, Some("on"), Reason::Override)
    );
    assert_eq!((decision.rule(), decision.release(), decision.version()), (None, None, 1));
    assert!(reader.check_name("on_checkout", &context), "visible through a reference");
    assert_eq!(engine.overridden(), vec![Arc::from("checkout")]);
    engine.clear_override("checkout");
    assert!(!reader.check(checkout, &context) && !reader.check_name("on_checkout", &context));
    assert!(engine.overridden().is_empty());
    engine.clear_override("checkout");
    engine.clear_override("none");
}

#[test]
fn override_with_a_value_is_a_variant_of_that_name() {
    let engine = loaded(shop());
    let mut reader = engine.reader();
    let context = engine.context().build();
    engine
        .set_override("limits", Override::value(serde_json::from_value::<Value>(json!({"n": 99})).unwrap()))
        .unwrap();
    let decision = reader.decide(engine.feature("limits"), &context);
    assert_eq!((decision.variant(), decision.reason()), (Some("override"), Reason::Override));
    assert_eq!(serde_json::to_value(decision.value().unwrap()).unwrap(), json!({"n": 99}));
    engine.set_override("checkout", Override::value(true)).unwrap();
    assert!(reader.check_name("checkout", &context) && reader.check_name("on_value", &context));
    assert!(!reader.check_name("on_checkout", &context), "the variant is not `on`");
    engine.clear_overrides();
    assert!(!reader.check_name("checkout", &context));
    assert_eq!(reader.decide(engine.feature("limits"), &context).variant(), Some("small"));
}

#[test]
fn override_for_a_unit_is_for_that_unit_alone() {
    let engine = loaded(shop());
    let mut reader = engine.reader();
    engine.set_override("checkout", Override::variant("on").for_unit("user_id", "123")).unwrap();
    let with = |value: Json| {
        engine.context().with_object(&serde_json::from_value(json!({"user_id": value})).unwrap()).build()
    };
    for (value, on) in [
        (json!("123"), true),
        (json!(123), true),
        (json!(123.0), true),
        (json!("124"), false),
        (json!("0123"), false),
        (json!(123.5), false),
        (json!(true), false),
        (json!(null), false),
    ] {
        assert_eq!(reader.check_name("checkout", &with(value.clone())), on, "{value}");
        assert_eq!(reader.check_name("on_checkout", &with(value.clone())), on, "{value}");
    }
    assert!(!reader.check_name("checkout", &engine.context().with("org_id", "123").build()));
    assert!(
        reader.check_name("checkout", &engine.context().with("plan", "pro").build()),
        "the others are decided as before"
    );
}

#[test]
fn override_for_a_unit_wins_over_that_for_everyone() {
    let engine = loaded(shop());
    let mut reader = engine.reader();
    engine.set_override("checkout", Override::variant("on")).unwrap();
    engine.set_override("checkout", Override::variant("off").for_unit("user_id", "a")).unwrap();
    engine.set_override("checkout", Override::value(false).for_unit("org_id", "o")).unwrap();
    assert!(!reader.check_name("checkout", &user(&engine, "a")));
    assert!(reader.check_name("checkout", &user(&engine, "b")));
    let context = engine.context().with("user_id", "b").with("org_id", "o").build();
    assert_eq!(reader.decide(engine.feature("checkout"), &context).variant(), Some("override"));
    engine.set_override("checkout", Override::variant("on").for_unit("user_id", "a")).unwrap();
    assert!(reader.check_name("checkout", &user(&engine, "a")), "the last one set for a unit counts");
}

#[test]
fn override_with_an_unknown_variant_is_refused() {
    let engine = loaded(shop());
    for (feature, variant) in [("checkout", "small"), ("limits", "on"), ("none", "on")] {
        let error = engine.set_override(feature, Override::variant(variant)).unwrap_err();
        assert_eq!((error.code(), error.is_use()), (Code::BadOverride, true), "{feature} {variant}");
    }
    assert!(engine.overridden().is_empty());
}

#[test]
fn override_survives_swaps_and_waits_while_its_variant_is_gone() {
    let engine = loaded(shop());
    let mut reader = engine.reader();
    let context = engine.context().build();
    engine.set_override("limits", Override::variant("large")).unwrap();
    engine.set_override("checkout", Override::value(true)).unwrap();
    let n = |reader: &mut Reader| {
        let decision = reader.decide(engine.feature("limits"), &context);
        (decision.value().map(|value| value.get("n").and_then(Value::as_i64)), decision.reason())
    };
    assert_eq!(n(&mut reader), (Some(Some(2)), Reason::Override));
    let limits =
        |variants: Json| json!({"limits": {"kind": "config", "variants": variants, "default": "small"}});
    engine.load(&document(2, limits(json!({"small": {"n": 1}, "large": {"n": 7}})))).unwrap();
    assert_eq!(n(&mut reader), (Some(Some(7)), Reason::Override), "the variant's value now");
    assert!(reader.check_name("checkout", &context), "also of a feature that is gone");
    engine.load(&document(3, limits(json!({"small": {"n": 1}})))).unwrap();
    assert_eq!(n(&mut reader), (Some(Some(1)), Reason::Default));
    engine.load(&document(4, limits(json!({"large": {"n": 8}, "small": {"n": 1}})))).unwrap();
    assert_eq!(n(&mut reader), (Some(Some(8)), Reason::Override));
}

#[test]
fn override_wins_over_kills_and_releases() {
    let engine = Engine::builder().process("environment", "prod").build();
    engine.load(&bytes(&json!({"schema_version": 1, "version": 1, "features": {"a": always(false), "b": always(false)},
        "kills": [{"feature": "a", "environment": "prod"}],
        "releases": [{"id": "rel", "features": {"b": {"candidate": always(false)}}, "phases": [{"id": "p", "live": true}]}]}))).unwrap();
    let (mut reader, context) = (engine.reader(), engine.context().build());
    for name in ["a", "b"] {
        engine.set_override(name, Override::variant("on")).unwrap();
        let decision = reader.decide(engine.feature(name), &context);
        assert_eq!((decision.is_on(), decision.reason(), decision.phase()), (true, Reason::Override, None));
    }
}

// --- notification -------------------------------------------------------------------------------------------------

type Log = Arc<Mutex<Vec<String>>>;

fn note(log: &Log, who: &str) -> impl Fn(&Update) + Send + Sync + 'static {
    let (log, who) = (Arc::clone(log), who.to_owned());
    move |update| {
        log.lock().push(format!("{who} {}→{} {}", update.from, update.version, changed(update).join(",")))
    }
}

#[test]
fn listeners_are_told_in_order_what_changed() {
    let (engine, log) = (Engine::new(), Log::default());
    let first = engine.on_update(note(&log, "first"));
    let _second = engine.on_update(note(&log, "second"));
    let update = engine.load(&document(3, json!({"a": always(true), "b": always(true)}))).unwrap();
    assert_eq!((update.from, update.version, changed(&update)), (0, 3, vec!["a", "b"]));
    assert_eq!((update.recompiled, update.isolated.len(), update.diagnostics.len()), (2, 0, 0));
    engine.load(&document(5, json!({"a": always(true), "b": always(false), "c": always(true)}))).unwrap();
    drop(first);
    engine.apply_delta(&bytes(&json!({"from": 5, "version": 6, "features": {"a": null}}))).unwrap();
    engine.load(&document(7, json!({"b": always(false), "c": always(true)}))).unwrap();
    assert!(engine.load(b"[]").is_err());
    let expected =
        ["first 0→3 a,b", "second 0→3 a,b", "first 3→5 b,c", "second 3→5 b,c", "second 5→6 a", "second 6→7 "];
    assert_eq!(*log.lock(), expected);
}

#[test]
fn listener_sees_the_new_version_and_may_call_the_engine() {
    let log = in_time(|| {
        let (engine, log) = (Engine::builder().counters(true).build(), Log::default());
        let _listener = {
            let (engine, log) = (engine.clone(), Arc::clone(&log));
            let inner = engine.clone();
            inner.on_update(move |update| {
                let context = engine.context().build();
                log.lock().push(format!("{} {}", engine.version(), engine.check("f", &context)));
                let _ = (engine.gate("unknown yet"), engine.drain_exposures(), engine.listing(None));
                if update.version == 1 {
                    engine.load(&document(2, json!({"f": always(false)}))).unwrap();
                    engine.set_override("g", Override::value(true)).unwrap();
                    drop(engine.on_update(|_| {}));
                }
            })
        };
        engine.load(&document(1, json!({"f": always(true)}))).unwrap();
        assert!(engine.check("g", &engine.context().build()));
        log.lock().clone()
    });
    assert_eq!(log, ["1 true", "2 false"]);
}

#[test]
fn listener_may_end_its_own_subscription() {
    let log = in_time(|| {
        let (engine, log) = (Engine::new(), Log::default());
        let own: Arc<Mutex<Option<Subscription>>> = Arc::default();
        let subscription = {
            let (own, tell) = (Arc::clone(&own), note(&log, "once"));
            engine.on_update(move |update| {
                tell(update);
                drop(own.lock().take());
            })
        };
        *own.lock() = Some(subscription);
        engine.load(&document(1, json!({}))).unwrap();
        engine.load(&document(2, json!({}))).unwrap();
        log.lock().clone()
    });
    assert_eq!(log, ["once 0→1 "]);
}

#[test]
fn listener_may_end_the_subscription_of_another() {
    let engine = Engine::new();
    let heard = Arc::new(AtomicUsize::new(0));
    let other = Arc::new(Mutex::new(None));
    let _first = engine.on_update({
        let other = Arc::clone(&other);
        move |_| drop(other.lock().take())
    });
    let second = engine.on_update({
        let heard = Arc::clone(&heard);
        move |_| {
            heard.fetch_add(1, Ordering::Relaxed);
        }
    });
    *other.lock() = Some(second);
    engine.load(br#"{"schema_version":1,"version":1,"features":{}}"#).unwrap();
    assert_eq!(heard.load(Ordering::Relaxed), 0, "called after its end");
}

#[test]
fn subscription_whose_listener_owns_another_subscription_ends() {
    in_time(|| {
        let engine = Engine::new();
        let inner = engine.on_update(|_| {});
        let outer = engine.on_update(move |_| {
            let _ = &inner;
        });
        drop(outer);
        engine.load(&document(1, json!({}))).unwrap();
    });
}

#[test]
fn subscription_may_outlive_its_engine() {
    let engine = Engine::new();
    let subscription = engine.on_update(|_| {});
    drop(engine);
    drop(subscription);
}

#[test]
fn updates_that_a_listener_makes_are_told_in_order() {
    let log = in_time(|| {
        let (engine, log) = (Engine::new(), Log::default());
        let loader = engine.clone();
        let _first = engine.on_update(move |update| {
            if update.version == 1 {
                loader.load(&document(2, json!({}))).unwrap();
            }
        });
        let _second = engine.on_update(note(&log, "second"));
        engine.load(&document(1, json!({}))).unwrap();
        log.lock().clone()
    });
    assert_eq!(log, ["second 0→1 ", "second 1→2 "]);
}

// --- counters -----------------------------------------------------------------------------------------------------

fn counting() -> Engine {
    Engine::builder().counters(true).build()
}

fn exposures(engine: &Engine) -> Vec<String> {
    let text = |part: Option<Key>| part.map_or_else(|| "-".to_owned(), |part| part.to_string());
    engine
        .drain_exposures()
        .into_iter()
        .map(|own| {
            format!(
                "{} {} {} {} {}",
                own.feature,
                text(own.variant),
                text(own.release),
                text(own.phase),
                own.count
            )
        })
        .collect()
}

#[test]
fn exposures_are_counted_by_variant_and_drained_as_differences() {
    let engine = counting();
    engine.load(&document(1, shop())).unwrap();
    let (mut reader, checkout) = (engine.reader(), engine.gate("checkout"));
    let (pro, free) = (engine.context().with("plan", "pro").build(), engine.context().build());
    assert!(exposures(&engine).is_empty());
    for _ in 0..3 {
        assert!(reader.check(checkout, &pro));
    }
    assert!(!reader.check(checkout, &free));
    assert!(!reader.check_name("checkout", &free));
    let _ = reader.decide(engine.feature("limits"), &free);
    assert_eq!(exposures(&engine), ["checkout off - - 2", "checkout on - - 3", "limits small - - 1"]);
    assert!(exposures(&engine).is_empty());
    let view = reader.view();
    let _ = (view.check(checkout, &pro), view.decide_name("limits", &pro));
    assert_eq!(exposures(&engine), ["checkout on - - 1", "limits small - - 1"]);
    assert_eq!(engine.view().evaluate_all(&free).count(), 4);
    assert_eq!(exposures(&engine).len(), 4);
    assert!(engine.check("checkout", &pro));
    assert_eq!(exposures(&engine), ["checkout on - - 1"]);
}

#[test]
fn nothing_is_counted_for_unknown_features_and_overrides() {
    let engine = counting();
    engine.load(&document(1, shop())).unwrap();
    let (mut reader, context) = (engine.reader(), engine.context().build());
    engine.set_override("limits", Override::variant("large")).unwrap();
    let _ = (reader.check_name("none", &context), reader.check(engine.gate("later"), &context));
    let _ = (reader.decide(engine.feature("limits"), &context), engine.check("none", &context));
    assert!(exposures(&engine).is_empty());
}

#[test]
fn no_counters_no_exposures() {
    let engine = loaded(shop());
    let mut reader = engine.reader();
    let _ = (
        reader.check_name("checkout", &engine.context().build()),
        engine.check("checkout", &engine.context().build()),
    );
    assert!(exposures(&engine).is_empty());
}

#[test]
fn readers_that_come_and_go_count_in_one_place() {
    let engine = counting();
    engine.load(&document(1, shop())).unwrap();
    let context = engine.context().build();
    for _ in 0..100 {
        assert!(!engine.reader().check_name("checkout", &context));
    }
    let (first, second) = (engine.reader(), engine.reader());
    let counters = format!("{:?}", engine.inner.counters);
    assert!(counters.contains("shards: 2"), "{counters}");
    drop((first, second));
    assert_eq!(exposures(&engine), ["checkout off - - 100"]);
}

#[test]
fn counts_survive_swaps_and_a_reader_that_is_gone() {
    let engine = counting();
    let context = engine.context().build();
    for version in 1..=20 {
        let features = json!({"f": always(version % 2 == 0), format!("g{version}"): always(true)});
        engine.load(&document(version, features)).unwrap();
        let mut reader = engine.reader();
        let _ = (reader.check_name("f", &context), reader.check_name(&format!("g{version}"), &context));
        drop(reader);
    }
    let all = exposures(&engine);
    assert_eq!(all.len(), 22, "{all:?}");
    assert_eq!(all[..2], ["f off - - 10", "f on - - 10"]);
    assert!(all[2..].iter().all(|own| own.ends_with("on - - 1")), "{all:?}");
    assert!(exposures(&engine).is_empty());
}

#[test]
fn direct_exposures_of_a_release_are_counted_by_phase() {
    let engine = Engine::builder().counters(true).process("environment", "prod").build();
    engine
        .load(&document(
            1,
            json!({"f": always(false), "on_f": {"kind": "gate", "rules": [
        {"id": "r", "if": {"feature": "f", "variants": ["on"]}, "variant": "on"}]}}),
        ))
        .unwrap();
    let (mut reader, context) = (engine.reader(), user(&engine, "u"));
    let mut ask = || (reader.check_name("f", &context), reader.check_name("on_f", &context));
    assert_eq!(ask(), (false, false));
    let released = |version: u64, live: bool| {
        bytes(&json!({"schema_version": 1, "version": version,
            "features": {"f": always(false), "on_f": {"kind": "gate", "rules": [
                {"id": "r", "if": {"feature": "f", "variants": ["on"]}, "variant": "on"}]}},
            "releases": [{"id": "rel", "features": {"f": {"candidate": always(true)}}, "phases": [
                {"id": "west", "live": true}, {"id": "east", "live": live, "target": [{"environments": ["prod"]}]}]}]}))
    };
    engine.load(&released(2, false)).unwrap();
    assert_eq!(ask(), (true, true));
    assert_eq!(ask(), (true, true));
    engine.load(&released(3, true)).unwrap();
    assert_eq!(ask(), (true, true));
    let expected = ["f off - - 1", "f on rel east 1", "f on rel west 2", "on_f off - - 1", "on_f on - - 3"];
    assert_eq!(exposures(&engine), expected);
}

#[test]
fn two_threads_lose_no_count_while_another_drains_and_loads() {
    const EACH: u64 = 20_000;
    let engine = counting();
    engine.load(&document(1, json!({"f": always(true)}))).unwrap();
    let running = AtomicUsize::new(2);
    let drained = || engine.drain_exposures().iter().map(|own| own.count).sum::<u64>();
    let mut sum = 0;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (engine, running) = (&engine, &running);
            scope.spawn(move || {
                let (f, context) = (engine.gate("f"), engine.context().build());
                let mut reader = engine.reader();
                for i in 0..EACH {
                    if i % 1_000 == 0 {
                        reader = engine.reader();
                    }
                    match i % 4 {
                        0 => assert!(engine.check("f", &context)),
                        1 => assert!(reader.view().check(f, &context)),
                        _ => assert!(reader.check(f, &context)),
                    }
                }
                running.fetch_sub(1, Ordering::Release);
            });
        }
        let mut version = 2;
        while running.load(Ordering::Acquire) > 0 {
            engine
                .load(&document(
                    version,
                    json!({"f": always(true), format!("g{}", version % 7): always(true)}),
                ))
                .unwrap();
            version += 1;
            sum += drained();
        }
    });
    assert_eq!(sum + drained(), 2 * EACH);
    assert_eq!(drained(), 0);
}

#[test]
fn many_features_are_counted_apart() {
    let engine = counting();
    let features: serde_json::Map<String, Json> =
        (0..3_000).map(|i| (format!("f{i:04}"), always(i % 2 == 0))).collect();
    engine.load(&document(1, Json::Object(features))).unwrap();
    let (mut reader, context) = (engine.reader(), engine.context().build());
    for i in 0..3_000 {
        for _ in 0..=i % 3 {
            let _ = reader.check_name(&format!("f{i:04}"), &context);
        }
    }
    let drained = engine.drain_exposures();
    assert_eq!(drained.len(), 3_000);
    for (i, own) in drained.iter().enumerate() {
        let expected = (format!("f{i:04}"), if i % 2 == 0 { "on" } else { "off" }, i as u64 % 3 + 1);
        assert_eq!((own.feature.to_string(), own.variant.as_deref().unwrap(), own.count), expected);
    }
}

// --- documents ----------------------------------------------------------------------------------------------------

#[test]
fn document_that_is_older_than_the_one_served_is_refused() {
    let engine = Engine::new();
    engine.load(&document(5, json!({"f": always(true)}))).unwrap();
    let error = engine.load(&document(4, json!({"f": always(false)}))).unwrap_err();
    assert_eq!((error.code(), error.is_use()), (Code::OlderVersion, true));
    assert_eq!(error.diagnostics()[0].pointer, "/version");
    assert!(engine.check("f", &engine.context().build()));
    engine.load(&document(5, json!({"f": always(true)}))).unwrap();
}

#[test]
fn delta_to_an_older_version_is_refused() {
    let engine = Engine::new();
    engine.load(&document(5, json!({"f": always(true)}))).unwrap();
    let error = engine.apply_delta(br#"{"from": 5, "version": 4}"#).unwrap_err();
    assert_eq!(error.code(), Code::OlderVersion);
    assert_eq!(engine.version(), 5);
}

#[test]
fn document_of_another_environment_is_refused() {
    let of = |environment: &str, on: bool| {
        bytes(
            &json!({"schema_version": 1, "version": 1, "environment": environment, "features": {"f": always(on)}}),
        )
    };
    let engine = Engine::builder().process("environment", "prod").build();
    engine.load(&of("prod", true)).unwrap();
    let error = engine.load(&of("dev", false)).unwrap_err();
    assert_eq!(
        (error.code(), error.diagnostics()[0].pointer.as_str()),
        (Code::OtherEnvironment, "/environment")
    );
    assert!(engine.check("f", &engine.context().build()));
    // An engine without one takes that of the document, also of the next.
    let engine = Engine::new();
    for (environment, on) in [("prod", true), ("dev", false)] {
        engine.load(&of(environment, on)).unwrap();
        assert_eq!(engine.check("f", &engine.context().build()), on);
    }
}

#[test]
fn environment_of_the_document_is_that_of_its_decisions() {
    let snapshot = |version: u64, environment: &str| {
        bytes(&json!({"schema_version": 1, "version": version, "environment": environment, "features": {
            "f": {"kind": "gate", "environments": {"dev": {"default": "on"}}}, "g": gate("environment", json!("dev"))}}))
    };
    let engine = Engine::new();
    // The context's own does not count (SEMANTICS 1.4).
    let context = engine.context().with("environment", "test").build();
    for (version, environment) in (1..).zip(["dev", "prod", "dev"]) {
        engine.load(&snapshot(version, environment)).unwrap();
        let dev = environment == "dev";
        assert_eq!([engine.check("f", &context), engine.check("g", &context)], [dev, dev], "{environment}");
    }
}

#[test]
fn strict_engine_refuses_what_a_lenient_one_isolates() {
    let broken = json!({"f": always(true), "g": {"kind": "gate", "default": "x"}});
    let strict = Engine::builder().mode(Mode::Strict).build();
    let error = strict.load(&document(1, broken.clone())).unwrap_err();
    assert_eq!((error.code(), error.is_definition(), strict.version()), (Code::UnknownVariant, true, 0));
    let lenient = Engine::new();
    let update = lenient.load(&document(1, broken)).unwrap();
    assert_eq!(update.isolated.iter().map(|key| &**key).collect::<Vec<_>>(), ["g"]);
    assert_eq!(update.diagnostics.len(), 1);
    assert!(lenient.check("f", &lenient.context().build()));
    let view = lenient.view();
    assert_eq!(view.decide_name("g", &lenient.context().build()).reason(), Reason::InvalidDefinition);
}

#[test]
fn listing_names_features_rules_and_releases() {
    let engine = loaded(shop());
    let all = engine.listing(None).unwrap();
    let of: Vec<String> = ["checkout", "limits", "on_checkout", "on_value"]
        .iter()
        .map(|name| format!("\nfeature {name}\n"))
        .collect();
    let places: Vec<usize> = of.iter().map(|name| all.find(name.as_str()).unwrap()).collect();
    assert!(places.is_sorted(), "{all}");
    let one = engine.listing(Some("checkout")).unwrap();
    assert!(
        one.contains("plan = \"pro\"") && one.contains("serve on = true (rule r)") && !one.contains("limits"),
        "{one}"
    );
    assert_eq!(engine.listing(Some("none")), None);
    let _ = engine.gate("none");
    assert_eq!(engine.listing(Some("none")), None, "a handle makes no feature");
}

#[test]
fn trace_tells_the_same_as_the_engine() {
    let engine = Engine::builder().keep_source(true).clock(|| 1_000).build();
    engine.load(&document(1, shop())).unwrap();
    let context = BTreeMap::from([("plan".to_owned(), Value::from("pro"))]);
    let trace = engine.trace("on_checkout", &context).unwrap();
    assert!(trace.check);
    assert!(loaded(shop()).trace("checkout", &context).unwrap_err().is_use());
}

#[test]
fn values_are_read_into_types_of_the_host() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Limits {
        n: u32,
    }
    let engine = loaded(shop());
    let (view, context) = (engine.view(), engine.context().build());
    assert_eq!(view.decide_name("limits", &context).parse::<Limits>().unwrap(), Some(Limits { n: 1 }));
    assert_eq!(view.decide_name("none", &context).parse::<Limits>().unwrap(), None);
    let error = view.decide_name("limits", &context).parse::<Vec<u8>>().unwrap_err();
    assert_eq!(error.code(), Code::WrongType);
}

#[test]
fn constant_is_what_folding_leaves() {
    let engine = Engine::builder().process("region", "eu").process("tier", "edge").build();
    let eq = |name: &str, value: &str| json!({"attribute": name, "op": "eq", "value": value});
    let gate = |condition: serde_json::Value| json!({"kind": "gate", "rules": [{"id": "r", "if": condition, "variant": "on"}]});
    let document = json!({"schema_version": 1, "version": 1,
    "segments": {"west": {"if": eq("region", "us")}, "edge": {"if": eq("tier", "edge")}},
    "features": {
        "never": gate(eq("region", "us")),
        "always": gate(eq("region", "eu")),
        "asked": gate(eq("country", "DE")),
        "both": gate(json!({"all": [eq("region", "us"), eq("country", "DE")]})),
        "either": gate(json!({"any": [eq("region", "us"), eq("country", "DE")]})),
        "west": gate(json!({"segment": "west"})),
        "edge": gate(json!({"segment": "edge"})),
        "not-west": gate(json!({"not": {"segment": "west"}})),
        "broken": gate(json!({"segment": "gone"})),
    }});
    engine.load(document.to_string().as_bytes()).unwrap();
    let found = ["never", "always", "asked", "both", "either", "west", "edge", "not-west", "broken", "none"]
        .map(|name| engine.constant(name));
    let [off, on, open] = [Some(false), Some(true), None];
    // Segments are called, not folded.
    assert_eq!(found, [off, on, open, off, open, open, open, open, open, open]);
}

#[test]
fn a_feature_whose_candidate_is_invalid_is_isolated() {
    let candidate = |condition: &str| {
        let rule = format!(r#"{{"id": "r", "if": {condition}, "variant": "on"}}"#);
        let text = format!(
            r#"{{"schema_version": 1, "version": 1, "features": {{"f": {{"kind": "gate"}}, "g": {{"kind": "gate"}}}},
                "releases": [{{"id": "x", "features": {{"f": {{"candidate": {{"kind": "gate", "rules": [{rule}]}}}}}},
                               "phases": [{{"id": "p", "live": true}}]}}]}}"#
        );
        let update = Engine::new().load(text.as_bytes()).unwrap();
        update.isolated.iter().map(|key| key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(candidate(r#"{"attribute": "a", "op": "eq", "value": 1}"#), [""; 0]);
    assert_eq!(candidate(r#"{"attribute": "a", "op": "matches", "value": "("}"#), ["f"]);
    assert_eq!(candidate(r#"{"attribute": "a", "op": "equals", "value": 1}"#), ["f"]);
    assert_eq!(candidate(r#"{"segment": "none"}"#), ["f"]);
}
