//! What the feature `tracing` tells, caught by a subscriber.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tidegate::{Engine, telemetry};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// An event as it was caught.
#[derive(Clone, Debug)]
struct Told {
    name: &'static str,
    target: String,
    level: Level,
    fields: BTreeMap<String, String>,
}

impl Told {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

#[derive(Clone, Default)]
struct Caught(Arc<Mutex<Vec<Told>>>);

struct Fields<'f>(&'f mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: Subscriber> Layer<S> for Caught {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        let (name, target, level) = (metadata.name(), metadata.target().to_owned(), *metadata.level());
        self.0.lock().unwrap().push(Told { name, target, level, fields });
    }
}

/// What `work` tells under one of our targets.
fn caught(work: impl FnOnce()) -> Vec<Told> {
    let caught = Caught::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(caught.clone()), work);
    let told = caught.0.lock().unwrap().clone();
    told.into_iter().filter(|told| told.target.starts_with("tidegate::")).collect()
}

const DOCUMENT: &[u8] = br#"{"schema_version": 1, "version": 7, "features": {
    "checkout": {"kind": "gate", "rules": [
        {"id": "staff", "if": {"attribute": "email", "op": "ends_with", "value": "@corp.example"}, "variant": "on"}]},
    "odd": {"kind": "gate", "rules": [{"id": "r", "if": {"attribute": "a", "op": "none_such"}, "variant": "on"}]}}}"#;

#[test]
fn decision_is_told_as_opentelemetry_names_it() {
    let engine = Engine::new();
    engine.load(DOCUMENT).unwrap();
    let ann = engine.context().with("email", "ann@corp.example").build();
    let mut reader = engine.reader();
    let told = caught(|| {
        telemetry::evaluated(&reader.decide(engine.gate("checkout"), &ann), Some("u-1"));
        telemetry::evaluated(&reader.decide(engine.gate("checkout"), &engine.context().build()), None);
        telemetry::evaluated(&reader.decide(engine.gate("none"), &ann), None);
    });
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|told| (told.name, &*told.target, told.level)
        == ("feature_flag.evaluation", "tidegate::evaluation", Level::INFO)));
    let expected = BTreeMap::from(
        [
            ("feature_flag.key", "checkout"),
            ("feature_flag.provider.name", "tidegate"),
            ("feature_flag.result.variant", "on"),
            ("feature_flag.result.reason", "targeting_match"),
            ("feature_flag.version", "7"),
            ("feature_flag.context.id", "u-1"),
            ("tidegate.rule", "staff"),
            ("tidegate.indirect", "false"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    assert_eq!(told.first().unwrap().fields, expected);
    let [_, default, unknown] = &told[..] else { panic!("{told:?}") };
    assert_eq!(default.field("feature_flag.result.reason"), Some("default"));
    assert_eq!(default.field("feature_flag.context.id"), None);
    assert_eq!(unknown.field("feature_flag.result.reason"), Some("error"));
    assert_eq!(unknown.field("error.type"), Some("flag_not_found"));
    assert_eq!(unknown.field("feature_flag.result.variant"), None);
}

#[test]
fn engine_tells_of_updates_problems_and_refusals() {
    let engine = Engine::new();
    let told = caught(|| {
        engine.load(DOCUMENT).unwrap();
        engine.load(b"{").unwrap_err();
        engine.apply_delta(b"{}").unwrap_err();
    });
    let [update, problem, refused, delta] = &told[..] else { panic!("{told:?}") };
    assert_eq!((update.level, update.field("message")), (Level::DEBUG, Some("update")));
    assert_eq!((update.field("from"), update.field("version")), (Some("0"), Some("7")));
    assert_eq!((update.field("changed"), update.field("isolated")), (Some("2"), Some("1")));
    assert_eq!((problem.level, problem.field("code")), (Level::WARN, Some("TG2020")));
    assert!(problem.field("pointer").unwrap().starts_with("/features/odd/"), "{problem:?}");
    for refused in [refused, delta] {
        assert_eq!((refused.level, refused.field("version")), (Level::WARN, Some("7")));
        assert!(refused.field("code").is_some_and(|code| code.starts_with("TG")), "{refused:?}");
    }
}

#[test]
fn checks_tell_nothing() {
    let engine = Engine::builder().counters(true).build();
    engine.load(DOCUMENT).unwrap();
    let told = caught(|| {
        let (context, mut reader) = (engine.context().build(), engine.reader());
        let _ = (engine.check("checkout", &context), reader.check(engine.gate("checkout"), &context));
        let _ = (reader.decide(engine.gate("odd"), &context), engine.view().evaluate_all(&context).count());
    });
    assert!(told.is_empty(), "{told:?}");
}

/// The client's thread is its own, with the subscriber of all threads.
#[cfg(feature = "http")]
#[test]
fn client_tells_what_happens() {
    use std::time::{Duration, Instant};
    use tidegate::client::ConnectOptions;

    let caught = Caught::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(caught.clone())).unwrap();
    let folder = std::env::temp_dir().join(format!("tidegate-telemetry-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("snapshot.json");
    std::fs::write(&file, DOCUMENT).unwrap();
    let client = Engine::connect(ConnectOptions::from_file(&file)).unwrap();
    client.wait_ready(Duration::from_secs(20)).unwrap();
    std::fs::write(&file, "{").unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    let told = loop {
        let told = caught.0.lock().unwrap().clone();
        let told: Vec<Told> = told.into_iter().filter(|told| told.target == "tidegate::client").collect();
        if told.iter().any(|told| told.level == Level::WARN) {
            break told;
        }
        assert!(Instant::now() < deadline, "{told:?}");
        std::thread::yield_now();
    };
    client.close();
    std::fs::remove_dir_all(&folder).unwrap();
    let of = |message: &str| told.iter().find(|told| told.field("message") == Some(message)).cloned();
    assert_eq!(of("ready").unwrap().field("version"), Some("7"), "{told:?}");
    assert_eq!(of("changed").unwrap().field("features"), Some("2"), "{told:?}");
}
