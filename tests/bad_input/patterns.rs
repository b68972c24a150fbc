//! Patterns that would take much memory or time.

use tidegate::Engine;
use tidegate::error::Code;

use super::{Peak, VALUE, all, first, gates, isolated, tested};

#[test]
fn regex_bombs_are_refused_in_bounded_memory() {
    let peak = Peak::start();
    let repeats = [
        "(a{1000}){1000}",
        "((a{100}){100}){100}",
        "(((((x{30}){30}){30}){30}){30}){30}",
        r"\\pL{50000}",
        r"(\\w{300}){300}",
    ];
    for pattern in repeats {
        let (error, update) = isolated(tested("matches", &format!("\"{pattern}\"")).as_bytes());
        assert!(
            first(&error).starts_with("TG209") && first(&error).ends_with(VALUE),
            "{pattern}: {}",
            first(&error)
        );
        assert_eq!(update.isolated.len(), 1);
    }
    let nested = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
    let (error, _) = isolated(tested("matches", &format!("\"{nested}\"")).as_bytes());
    assert_eq!(all(&error).len(), 1);
    assert!(first(&error).ends_with(VALUE), "{}", first(&error));
    peak.assert_below_mb(300);
}

#[test]
fn regex_bomb_is_reported_as_too_large() {
    let _peak = Peak::start();
    let (error, _) = isolated(tested("matches", r#""(a{1000}){1000}""#).as_bytes());
    assert_eq!(first(&error), format!("TG2092 {VALUE}"));
}

/// Gates `f100`, `f101`, … whose patterns take about 0.9 MB each.
fn many_patterns(numbers: std::ops::Range<usize>) -> String {
    let gate = |number: usize| {
        format!(
            r#""f{number}": {{"kind": "gate", "rules": [{{"id": "r", "if": {{"attribute": "a", "op": "matches", "value": "x{number}\\w{{50}}"}}, "variant": "on"}}]}}"#
        )
    };
    gates(&numbers.map(gate).collect::<Vec<_>>().join(","))
}

#[test]
fn many_patterns_are_bounded_together() {
    let peak = Peak::start();
    let (error, update) = isolated(many_patterns(100..900).as_bytes());
    peak.assert_below_mb(200);
    let own = &error.diagnostics()[0];
    assert_eq!(own.code, Code::RegexTooLarge);
    let first: usize = own.pointer["/features/f".len()..][..3].parse().unwrap();
    assert!((165..185).contains(&first), "{}", own.pointer);
    assert_eq!(own.pointer, format!("/features/f{first}/rules/0/if/value"));
    assert!(own.message.contains("at most 67108864 bytes"), "{}", own.message);
    assert!(own.hint.as_deref().is_some_and(|hint| hint.contains("recurs")), "{:?}", own.hint);
    assert_eq!(error.diagnostics().len(), 900 - first);
    // What comes before it is served.
    assert_eq!(update.isolated.len(), 900 - first);
    assert_eq!(&*update.isolated[0], format!("f{first}"));
    let engine = Engine::new();
    engine.load(many_patterns(100..first).as_bytes()).unwrap();
    let word = "é".repeat(50);
    assert!(engine.check("f100", &engine.context().with("a", &format!("x100{word}")).build()));
    assert!(!engine.check("f101", &engine.context().with("a", &format!("x100{word}")).build()));
}

#[test]
fn pattern_that_backtracks_elsewhere_is_linear() {
    let _peak = Peak::start();
    let engine = Engine::new();
    engine.load(tested("matches", r#""^(?:x+x+)+y$""#).as_bytes()).unwrap();
    let text = "x".repeat(100_000);
    assert!(!engine.check("f", &engine.context().with("a", &text).build()));
    assert!(engine.check("f", &engine.context().with("a", &format!("{text}y")).build()));
}
