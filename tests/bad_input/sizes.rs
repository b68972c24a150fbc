//! Documents that are large, in one way or another.

use std::fmt::Write as _;

use tidegate::Engine;
use tidegate::error::Code;
use tidegate::model::Mode;

use super::{Peak, SO_MANY, VALUE, all, conditioned, gates, isolated, refused, running, tested};

#[test]
fn two_hundred_megabytes_of_nested_arrays_are_refused() {
    let peak = Peak::start();
    let mut text = vec![b'['; 200 << 20];
    assert_eq!(refused(&text).code(), Code::TooDeep);
    // Balanced, and where a value may be anything.
    let half = text.len() / 2;
    text[half..].fill(b']');
    assert_eq!(refused(&text).code(), Code::TooDeep);
    peak.assert_below_mb(220);
}

#[test]
fn wide_arrays_take_memory_in_proportion() {
    let peak = Peak::start();
    const MB: usize = 12;
    let elements = "[],".repeat((MB << 20) / 3);
    let text =
        gates(&format!(r#""f": {{"kind": "config", "variants": {{"v": [{elements}[]]}}, "default": "v"}}"#));
    Engine::new().load(text.as_bytes()).unwrap();
    // Of three bytes one value is made; what is refused for its size alone is 256 MiB.
    peak.assert_below_mb(40 * MB as u64);
}

#[test]
fn document_larger_than_256_megabytes_is_refused_unread() {
    let peak = Peak::start();
    let text = vec![b' '; (256 << 20) + 1];
    assert_eq!(refused(&text).code(), Code::TooLarge);
    peak.assert_below_mb(280);
}

#[test]
fn a_million_rules_in_a_feature_are_refused() {
    let peak = Peak::start();
    let mut rules = String::with_capacity(40 << 20);
    for i in 0..1_000_000 {
        let _ = write!(rules, r#"{}{{"id": "{i}", "variant": "on"}}"#, if i == 0 { "" } else { "," });
    }
    let text = gates(&format!(r#""f": {{"kind": "gate", "rules": [{rules}]}}"#));
    let (error, update) = isolated(text.as_bytes());
    assert_eq!(all(&error), ["TG2015 /features/f/rules"]);
    assert_eq!(update.isolated.len(), 1);
    peak.assert_below_mb(900);
}

#[test]
fn a_million_rules_over_features_are_served() {
    let peak = Peak::start();
    // Without optimization a tenth is enough to see that memory grows in proportion.
    let features = if cfg!(debug_assertions) { 100 } else { 1_000 };
    let mut text = String::with_capacity(100 << 20);
    for f in 0..features {
        let _ = write!(text, r#"{}"f{f}": {{"kind": "gate", "rules": ["#, if f == 0 { "" } else { "," });
        for i in 0..1_000 {
            let comma = if i == 0 { "" } else { "," };
            let _ = write!(
                text,
                r#"{comma}{{"id": "{i}", "if": {{"attribute": "a", "op": "eq", "value": {i}}}, "variant": "on"}}"#
            );
        }
        text.push_str("]}");
    }
    let engine = running(Mode::Strict);
    let update = engine.load(gates(&text).as_bytes()).unwrap();
    assert_eq!(update.recompiled, features);
    assert!(engine.check("f7", &engine.context().with("a", 999).build()));
    assert!(!engine.check("f7", &engine.context().with("a", 1_000).build()));
    peak.assert_below_mb(3 * features as u64 + 200);
}

#[test]
fn five_thousand_attribute_names_are_refused() {
    let _peak = Peak::start();
    let tests: Vec<String> =
        (0..5_000).map(|i| format!(r#"{{"attribute": "name-{i}", "op": "is_set"}}"#)).collect();
    let (error, update) = isolated(conditioned(&format!(r#"{{"any": [{}]}}"#, tests.join(","))).as_bytes());
    assert_eq!(error.code(), Code::Limit);
    assert!(
        error.diagnostics().iter().all(|own| own.pointer.starts_with("/features/f/rules/0/if/any/")),
        "{:?}",
        all(&error)
    );
    assert_eq!(update.isolated.len(), 1);
    let features: Vec<String> = (0..5_000)
        .map(|i| format!(r#""f{i}": {{"kind": "gate", "rules": [{{"id": "r", "if": {{"attribute": "name-{i}", "op": "is_set"}}, "variant": "on"}}]}}"#))
        .collect();
    let (_, update) = isolated(gates(&features.join(",")).as_bytes());
    assert_eq!(update.isolated.len(), 5_000 - 4_096);
}

#[test]
fn list_of_more_than_a_million_values_is_refused() {
    let peak = Peak::start();
    let list = |count: usize| {
        let mut list = String::with_capacity(count * 10);
        for i in 0..count {
            let _ = write!(list, "{}\"{i}\"", if i == 0 { "[" } else { "," });
        }
        list.push(']');
        list
    };
    let (error, _) = isolated(tested("in", &list(1_000_001)).as_bytes());
    assert_eq!(all(&error), [format!("TG2015 {VALUE}")]);
    let engine = Engine::new();
    engine.load(tested("in", &list(1_000_000)).as_bytes()).unwrap();
    assert!(engine.check("f", &engine.context().with("a", "999999").build()));
    assert!(!engine.check("f", &engine.context().with("a", "1000000").build()));
    peak.assert_below_mb(300);
}

/// Documents with few and with [`SO_MANY`] names are served; in the environments of those names, and nowhere else, `f` is `inside`.
fn assert_in_proportion(name: &str, inside: bool, document: impl Fn(usize) -> String) {
    let engine = Engine::builder().mode(Mode::Strict).build();
    // The 30 names are not in the order of their bytes: 10 is before 2.
    for (count, probes) in [(30, 0..31), (SO_MANY, SO_MANY - 3..SO_MANY + 1)] {
        engine.load(document(count).as_bytes()).unwrap();
        for i in probes {
            let environment = format!("{name}{i}");
            let context = engine.context().with("environment", &*environment).build();
            assert_eq!(engine.check("f", &context), inside == (i < count), "{name}{i} of {count}");
        }
    }
}

#[test]
fn environments_of_a_feature_take_time_in_proportion() {
    let _peak = Peak::start();
    for name in ["e", "a-longer-name-"] {
        assert_in_proportion(name, true, |count| {
            let block = |i: usize| format!(r#""{name}{i}": {{"default": "on"}}"#);
            let blocks: Vec<_> = (0..count).map(block).collect();
            gates(&format!(r#""f": {{"kind": "gate", "environments": {{{}}}}}"#, blocks.join(",")))
        });
    }
}

#[test]
fn kills_of_a_feature_take_time_in_proportion() {
    let _peak = Peak::start();
    for name in ["e", "a-longer-name-"] {
        assert_in_proportion(name, false, |count| {
            let kill = |i: usize| format!(r#"{{"feature": "f", "environment": "{name}{i}"}}"#);
            let kills: Vec<_> = (0..count).map(kill).collect();
            let gate = gates(r#""f": {"kind": "gate", "rules": [{"id": "r", "variant": "on"}]}"#);
            gate.replacen('{', &format!(r#"{{"kills": [{}], "#, kills.join(",")), 1)
        });
    }
}
