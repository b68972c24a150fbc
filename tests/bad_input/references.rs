//! References that lead nowhere or back, and problems by the thousand.

use tidegate::error::Code;

use super::{Peak, all, gates, isolated};

#[test]
fn unknown_variant_and_wrong_weights_are_refused() {
    let _peak = Peak::start();
    let config = |rule: &str| {
        gates(&format!(
            r#""f": {{"kind": "config", "variants": {{"a": 1, "b": 2}}, "default": "a", "rules": [{rule}]}}"#
        ))
    };
    let (error, _) = isolated(config(r#"{"id": "r", "variant": "c"}"#).as_bytes());
    assert_eq!(all(&error), ["TG2003 /features/f/rules/0/variant"]);
    for weights in [["50", "49"], ["50", "51"], ["0", "0"], ["99.9999", "0"]] {
        let [a, b] = weights;
        let split = format!(
            r#"{{"id": "r", "split": [{{"variant": "a", "weight": {a}}}, {{"variant": "b", "weight": {b}}}]}}"#
        );
        assert_eq!(
            all(&isolated(config(&split).as_bytes()).0),
            ["TG2011 /features/f/rules/0/split"],
            "{weights:?}"
        );
    }
}

#[test]
fn cycle_of_five_segments_is_refused_with_all_its_members() {
    let _peak = Peak::start();
    let segment = |i: usize| format!(r#""s{i}": {{"if": {{"segment": "s{}"}}}}"#, (i + 1) % 5);
    let text = format!(
        r#"{{"schema_version": 1, "version": 2, "segments": {{{}}}, "features": {{
        "f": {{"kind": "gate", "rules": [{{"id": "r", "if": {{"segment": "s3"}}, "variant": "on"}}]}}}}}}"#,
        (0..5).map(segment).collect::<Vec<_>>().join(",")
    );
    let (error, update) = isolated(text.as_bytes());
    let expected: Vec<String> = (0..5).map(|i| format!("TG3003 /segments/s{i}")).collect();
    let mut found = all(&error);
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(update.isolated.len(), 1);
}

#[test]
fn ten_thousand_problems_are_listed_up_to_a_thousand() {
    let peak = Peak::start();
    let features: Vec<String> =
        (0..10_000).map(|i| format!(r#""f{i}": {{"kind": "gate", "default": "x"}}"#)).collect();
    let (error, update) = isolated(gates(&features.join(",")).as_bytes());
    assert_eq!(error.diagnostics().len(), 1_001);
    assert_eq!(error.diagnostics().last().unwrap().code, Code::MoreProblems);
    assert_eq!(update.isolated.len(), 10_000);
    peak.assert_below_mb(200);
}

#[test]
fn hundreds_of_unknown_references_are_all_listed() {
    let _peak = Peak::start();
    // Of each, the nearest of all names is looked for: only where it will be listed, or this is quadratic.
    let features: Vec<String> = (0..300)
        .map(|i| format!(r#""feature-{i}": {{"kind": "gate", "rules": [{{"id": "r", "if": {{"feature": "featur-{i}", "variants": ["on"]}}, "variant": "on"}}]}}"#))
        .collect();
    let (error, update) = isolated(gates(&features.join(",")).as_bytes());
    assert_eq!(error.diagnostics().len(), 300);
    assert_eq!(update.isolated.len(), 300);
}

#[test]
fn long_chain_that_ends_in_nothing_takes_bounded_time() {
    let _peak = Peak::start();
    let segment = |i: usize| format!(r#""s{i:05}": {{"if": {{"segment": "s{:05}"}}}}"#, i + 1);
    let text = format!(
        r#"{{"schema_version": 1, "version": 2, "segments": {{{}}}}}"#,
        (0..1_000).map(segment).collect::<Vec<_>>().join(",")
    );
    let (error, _) = isolated(text.as_bytes());
    assert!(all(&error).contains(&"TG3001 /segments/s00999/if/segment".to_owned()));
}
