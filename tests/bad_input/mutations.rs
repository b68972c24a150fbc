//! Documents that chance has changed.

use serde_json::{Value as Json, json};
use tidegate::Engine;
use tidegate::error::Code;
use tidegate::model::Mode;

use super::{Peak, assert_clear};

const CHECKOUT: &str = include_str!("../../examples/snapshots/checkout.json");

struct Dice(u64);

impl Dice {
    /// Splitmix.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
}

const PROD: &str = "prod-us-west";

/// An engine that serves the checkout.
fn shop(mode: Mode) -> Engine {
    let engine =
        Engine::builder().mode(mode).process("environment", PROD).process("region", "us-west-2").build();
    engine.load(CHECKOUT.as_bytes()).unwrap();
    engine
}

/// All decisions for some contexts, sorted.
fn decisions(engine: &Engine) -> Vec<String> {
    let mut all = Vec::new();
    for i in 0..4 {
        let context = engine
            .context()
            .with("user_id", &format!("u-{i}"))
            .with("plan", ["free", "pro", "team", "enterprise"][i])
            .with("app_version", "4.1.0")
            .with("country", "US")
            .build();
        all.extend(
            engine.view().evaluate_all(&context).map(|decision| serde_json::to_string(&decision).unwrap()),
        );
    }
    all.sort();
    all
}

/// Loads a mutant; nothing must panic, and what is refused must leave no trace.
fn try_mutant(engine: &mut Engine, mode: Mode, mutant: &[u8], what: &str) {
    match engine.load(mutant) {
        Ok(_) => {
            let _ = (decisions(engine), engine.listing(None));
            *engine = shop(mode);
        }
        Err(error) => {
            assert_clear(&error, what);
            assert_eq!(engine.version(), 42, "{what}");
        }
    }
}

#[test]
fn no_mutation_of_bytes_panics_or_touches_what_runs() {
    let peak = Peak::start();
    let mut dice = Dice(7);
    for mode in [Mode::Lenient, Mode::Strict] {
        let mut engine = shop(mode);
        let expected = decisions(&engine);
        for round in 0..1_500 {
            let mut mutant = CHECKOUT.as_bytes().to_vec();
            for _ in 0..=dice.roll(3) {
                let at = dice.roll(mutant.len());
                match dice.roll(5) {
                    0 => mutant[at] = dice.roll(256) as u8,
                    1 => drop(mutant.remove(at)),
                    2 => mutant.insert(at, br#"{}[]",:0-9enul\"#[dice.roll(15)]),
                    3 => mutant[at] ^= 1 << dice.roll(7),
                    _ => {
                        let end = (at + dice.roll(30)).min(mutant.len());
                        let part = mutant[at..end].to_vec();
                        let to = dice.roll(mutant.len());
                        mutant.splice(to..to, part);
                    }
                }
            }
            try_mutant(&mut engine, mode, &mutant, &format!("round {round}, {mode:?}"));
        }
        assert_eq!(decisions(&engine), expected);
    }
    peak.assert_below_mb(100);
}

/// The pointers of all values of a document.
fn places(value: &Json, at: String, out: &mut Vec<String>) {
    match value {
        Json::Object(members) => {
            for (name, value) in members {
                places(value, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), out);
            }
        }
        Json::Array(items) => {
            for (i, value) in items.iter().enumerate() {
                places(value, format!("{at}/{i}"), out);
            }
        }
        _ => {}
    }
    out.push(at);
}

/// Mutants of the checkout, one to three values replaced.
fn mutants(seed: u64, count: usize) -> impl Iterator<Item = Json> {
    let whole: Json = serde_json::from_str(CHECKOUT).unwrap();
    let mut at = Vec::new();
    places(&whole, String::new(), &mut at);
    let mut dice = Dice(seed);
    (0..count).map(move |_| {
        let mut mutant = whole.clone();
        for _ in 0..=dice.roll(2) {
            let other = whole.pointer(&at[dice.roll(at.len())]).cloned().unwrap();
            let place = &at[dice.roll(at.len())];
            let Some(value) = mutant.pointer_mut(place) else { continue };
            *value = match dice.roll(12) {
                0 => Json::Null,
                1 => json!([]),
                2 => json!({}),
                3 => json!(-1),
                4 => json!(1e300),
                5 => json!("nothing like it"),
                6 => json!(true),
                7 => json!({"segment": "beta-users"}),
                8 => json!({"feature": "checkout-button", "variants": ["bold"]}),
                9 => json!(""),
                _ => other,
            };
        }
        mutant
    })
}

#[test]
fn no_mutation_of_values_panics_or_touches_what_runs() {
    let peak = Peak::start();
    for mode in [Mode::Lenient, Mode::Strict] {
        let mut engine = shop(mode);
        let expected = decisions(&engine);
        for (round, mutant) in mutants(11, 750).enumerate() {
            try_mutant(&mut engine, mode, mutant.to_string().as_bytes(), &format!("round {round}, {mode:?}"));
        }
        assert_eq!(decisions(&engine), expected);
    }
    peak.assert_below_mb(100);
}

/// Diagnostics whose pointer leads nowhere, of which `of` is asked.
fn lost(of: impl Fn(Code) -> bool) -> std::collections::BTreeSet<String> {
    let mut lost = std::collections::BTreeSet::new();
    for mutant in mutants(11, 750) {
        let probe = Engine::builder().process("environment", PROD).process("region", "us-west-2").build();
        let diagnostics = match probe.load(mutant.to_string().as_bytes()) {
            Ok(update) => update.diagnostics,
            Err(error) => error.diagnostics().to_vec(),
        };
        let nowhere = diagnostics.iter().filter(|own| of(own.code) && mutant.pointer(&own.pointer).is_none());
        lost.extend(nowhere.map(|own| format!("{} {}: {}", own.code, own.pointer, own.message)));
    }
    lost
}

#[test]
fn every_pointer_leads_somewhere() {
    let _peak = Peak::start();
    let lost = lost(|code| {
        !matches!(code, Code::ConstantCondition | Code::InvalidReference | Code::RuleNeverReached)
    });
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn every_pointer_of_compilation_leads_somewhere() {
    let _peak = Peak::start();
    let lost = lost(|_| true);
    assert!(lost.is_empty(), "{lost:#?}");
}
