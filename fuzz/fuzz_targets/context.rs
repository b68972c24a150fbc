//! Any JSON as a context, for a document with every operator and a release: engine and trace decide the same.
//!
//! The context reaches the engine by `set` (borrowed) and by `set_owned` (copied).
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use tidegate::model::{Mode, Snapshot};
use tidegate::trace::Tracer;
use tidegate::{Context, Engine, Value};

const NOW: i64 = 1_700_000_000_000;
const DOCUMENT: &[u8] = include_bytes!("../document.json");

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let engine = Engine::builder().mode(Mode::Strict).build();
    if let Err(error) = engine.load(DOCUMENT) {
        panic!("{error}");
    }
    engine
});
static SNAPSHOT: LazyLock<Snapshot> =
    LazyLock::new(|| serde_json::from_slice(DOCUMENT).expect("a valid document"));

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return Corpus::Reject };
    let Some(members) = value.as_object() else { return Corpus::Reject };
    let map: BTreeMap<String, Value> =
        members.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    compare(members, &map);
    Corpus::Keep
});

fn compare(members: &[(Box<str>, Value)], map: &BTreeMap<String, Value>) {
    let view = ENGINE.view().at(NOW);
    let mut borrowed = Context::default();
    for (name, value) in members {
        // Only the document's own names, so that strangers do not fill the engine's table.
        if let Some(key) = ENGINE.attributes().find(name) {
            borrowed.set(key, value);
        }
    }
    let mut owned = Context::default();
    for (name, value) in members {
        if let Some(key) = ENGINE.attributes().find(name) {
            owned.set_owned(key, value);
        }
    }
    let tracer = Tracer::new(&SNAPSHOT, BTreeMap::new());
    for decision in view.evaluate_all(&borrowed) {
        let decided = serde_json::to_value(decision).expect("a decision is JSON");
        let trace = tracer.trace(decision.feature(), map, NOW);
        assert_eq!(decided, serde_json::to_value(&trace.decision).expect("a decision is JSON"), "{trace}");
        assert_eq!(decision.is_on(), trace.check, "{trace}");
        let again = view.decide_name(decision.feature(), &owned);
        assert_eq!(
            decided,
            serde_json::to_value(again).expect("a decision is JSON"),
            "set and set_owned differ"
        );
    }
}
