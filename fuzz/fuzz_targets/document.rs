//! Any bytes as a document: loaded strictly and leniently, decided and traced.
//!
//! Nothing panics; what strict accepts, lenient accepts and decides the same; the trace decides as the engine; a refused
//! document leaves the one that is served, and one that is accepted after another decides as if it were the first.
#![no_main]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tidegate::engine::trace_document;
use tidegate::model::Mode;
use tidegate::{Engine, Value};

const NOW: i64 = 1_700_000_000_000;
/// Of version 0, so that what follows it is not refused for its age.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = include_str!("../../examples/snapshots/checkout.json");
    text.replacen("\"version\": 42", "\"version\": 0", 1).into_bytes()
});
/// So many features are decided, and one of them is traced.
const FEATURES: usize = 50;

fuzz_target!(|bytes: &[u8]| {
    let lenient = Engine::builder().mode(Mode::Lenient).build();
    let strict = Engine::builder().mode(Mode::Strict).build();
    let accepted = lenient.load(bytes).is_ok();
    let text = decisions(&lenient);
    if strict.load(bytes).is_ok() {
        assert!(accepted, "strict accepts what lenient refuses");
        assert_eq!(text, decisions(&strict), "strict decides otherwise than lenient");
    }
    if accepted {
        trace(&lenient, bytes);
    }
    update(bytes, accepted, &text);
});

fn attributes() -> Value {
    let text = r#"{"user_id": "u-1", "email": "ann@corp.example", "country": "DE", "plan": "pro", "age": 30, "environment": "prod",
        "app_version": "4.2.0", "groups": ["beta"], "ip": "10.1.2.3", "at": "2023-11-14T22:13:20Z", "tags": ["a", 1]}"#;
    serde_json::from_str(text).unwrap_or_default()
}

/// The decisions of the first features, by name.
fn decisions(engine: &Engine) -> Vec<String> {
    let context = engine.context().with_object(&attributes()).build();
    let view = engine.view().at(NOW);
    let mut texts: Vec<String> = view
        .evaluate_all(&context)
        .map(|decision| {
            assert_eq!(decision.is_on(), view.check_name(decision.feature(), &context));
            serde_json::to_string(&decision).expect("a decision is JSON")
        })
        .collect();
    texts.sort();
    texts
}

/// The first feature's trace decides as the engine does.
fn trace(engine: &Engine, bytes: &[u8]) {
    let attributes = attributes();
    let context = engine.context().with_object(&attributes).build();
    let view = engine.view().at(NOW);
    let mut names: Vec<&str> =
        view.evaluate_all(&context).map(|decision| decision.feature()).take(FEATURES).collect();
    names.sort_unstable();
    let Some(&name) = names.first() else { return };
    let own: BTreeMap<String, Value> = BTreeMap::new();
    let members = attributes.as_object().unwrap_or_default();
    let map = members.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let trace = trace_document(bytes, &own, name, &map, NOW).expect("the engine serves it");
    let decision = view.decide_name(name, &context);
    let decided = serde_json::to_value(decision).expect("a decision is JSON");
    let traced = serde_json::to_value(&trace.decision).expect("a decision is JSON");
    assert_eq!(decided, traced, "{trace}");
    assert_eq!(decision.is_on(), trace.check, "{trace}");
    let _ = engine.listing(None);
}

thread_local! {
    /// An engine that serves the good document, if the last input was refused.
    static SERVING: Cell<Option<Engine>> = const { Cell::new(None) };
}

fn serving() -> Engine {
    let engine = Engine::new();
    engine.load(&GOOD).expect("the good document");
    engine
}

static GOOD_DECISIONS: LazyLock<Vec<String>> = LazyLock::new(|| decisions(&serving()));

/// The document after a good one.
fn update(bytes: &[u8], accepted: bool, alone: &[String]) {
    let engine = SERVING.take().unwrap_or_else(serving);
    match engine.load(bytes) {
        Ok(_) => {
            assert!(accepted, "accepted only after another document");
            assert_eq!(alone, decisions(&engine), "decides otherwise after another document");
        }
        Err(_) => {
            assert_eq!(engine.version(), 0);
            assert_eq!(*GOOD_DECISIONS, decisions(&engine), "a refused document changed what is served");
            SERVING.set(Some(engine));
        }
    }
}
