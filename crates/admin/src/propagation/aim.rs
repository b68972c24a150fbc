//! Whom a phase is for: everyone whose process attributes do not rule it out.
//!
//! ```text
//!   targets ─▶ a document of one gate ─ Engine, with the process attributes ─▶ certainly off? not for it
//! ```
//! The engine itself decides, so that what is counted is what is served.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::json;
use tidegate::engine::Engine;
use tidegate::model::{Condition, Key, SCHEMA_VERSION};
use tidegate::value::Value;

use crate::domain::World;

const GATE: &str = "target";

/// The aim of a phase in an environment; remembers what it found out.
#[derive(Debug)]
pub(super) struct Aim {
    targets: Vec<Condition>,
    document: String,
    /// The attributes that it asks for.
    asks: BTreeSet<Key>,
    found: HashMap<String, bool>,
}

impl Aim {
    /// At those that one of the conditions does not rule out; at everyone if there is none.
    pub(super) fn new(world: &World, targets: Vec<Condition>) -> Self {
        let rule = |(place, condition): (usize, &Condition)| json!({ "id": format!("r{place}"), "if": condition, "variant": "on" });
        let rules: Vec<_> = targets.iter().enumerate().map(rule).collect();
        let gate = json!({ "kind": "gate", "rules": rules });
        let attributes: BTreeMap<_, _> =
            world.attributes.iter().map(|(key, row)| (key, &*row.body)).collect();
        let document = json!({
            "schema_version": SCHEMA_VERSION,
            "version": 1,
            "attributes": attributes,
            "features": { GATE: gate },
        });
        let mut asks = BTreeSet::new();
        targets.iter().for_each(|condition| attributes_of(condition, &mut asks));
        Self { targets, asks, document: document.to_string(), found: HashMap::new() }
    }

    /// Whether it is the aim of these conditions still.
    pub(super) fn is_at(&self, targets: &[Condition]) -> bool {
        self.targets == targets
    }

    /// Whether an engine with these process attributes can be served the phase.
    pub(super) fn includes(&mut self, environment: &str, process: &BTreeMap<String, Value>) -> bool {
        if self.targets.is_empty() {
            return true;
        }
        let mut matters: BTreeMap<&str, Value> = process
            .iter()
            .filter(|(name, _)| self.asks.contains(name.as_str()))
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        // That of its key, whatever it says of itself.
        matters.insert("environment", Value::from(environment));
        let text = json!(matters).to_string();
        if let Some(known) = self.found.get(&text) {
            return *known;
        }
        let builder =
            matters.into_iter().fold(Engine::builder(), |engine, (name, value)| engine.process(name, value));
        let engine = builder.build();
        // What cannot be told counts: it is waited for rather than passed over.
        let includes = engine.load(self.document.as_bytes()).is_err() || engine.constant(GATE) != Some(false);
        self.found.insert(text, includes);
        includes
    }
}

fn attributes_of(condition: &Condition, into: &mut BTreeSet<Key>) {
    match condition {
        Condition::All { all } => all.iter().for_each(|one| attributes_of(one, into)),
        Condition::Any { any } => any.iter().for_each(|one| attributes_of(one, into)),
        Condition::Not { not } => attributes_of(not, into),
        Condition::Bucket { bucket } => drop(into.insert(Key::clone(&bucket.unit))),
        Condition::Test(test) => drop(into.insert(Key::clone(&test.attribute))),
        _ => {}
    }
}
