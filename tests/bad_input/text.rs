//! Texts that are no document, or have what JSON or UTF-8 does not.

use tidegate::Engine;
use tidegate::error::Code;

use super::{Peak, VALUE, all, assert_clear, conditioned, first, gates, isolated, refused, tested};

#[test]
fn what_is_not_json_is_refused() {
    let _peak = Peak::start();
    for text in
        ["", " ", "hello", "{", "}", "{\"a\"", "[1,]", "{} {}", "\u{feff}{}", "nul", "\"", "\0", "{'a': 1}"]
    {
        assert_eq!(refused(text.as_bytes()).code(), Code::NotJson, "{text:?}");
    }
    for bytes in [&b"\xff\xfe{}"[..], b"{\"\xc3\x28\": 1}", b"{\"a\": \"\xed\xa0\x80\"}"] {
        assert_eq!(refused(bytes).code(), Code::BadUnicode, "{bytes:?}");
    }
}

#[test]
fn another_schema_version_is_refused() {
    let _peak = Peak::start();
    for version in ["0", "2", "1.5", "\"1\"", "null", "-1", "99999999999999999999"] {
        let error = refused(format!(r#"{{"schema_version": {version}, "version": 2}}"#).as_bytes());
        assert_eq!(first(&error), "TG1007 /schema_version", "{version}");
    }
    assert_eq!(refused(br#"{"version": 2}"#).code(), Code::SchemaVersion);
}

#[test]
fn numbers_that_are_none_are_refused() {
    let _peak = Peak::start();
    let digits = format!("1{}", "0".repeat(400));
    for (value, code) in [
        ("NaN", "TG1001"),
        ("Infinity", "TG1001"),
        ("-Infinity", "TG1001"),
        ("+1", "TG1001"),
        ("01", "TG1001"),
        (".5", "TG1001"),
        ("1e400", "TG1002"),
        ("-1e400", "TG1002"),
        (digits.as_str(), "TG1002"),
        ("1e99999999999999999999", "TG1002"),
    ] {
        let error = refused(tested("lt", value).as_bytes());
        assert_eq!(first(&error), format!("{code} {VALUE}"), "{value}");
    }
    let engine = Engine::new();
    engine.load(tested("lt", "1e-400").as_bytes()).unwrap();
    assert!(engine.check("f", &engine.context().with("a", -1).build()));
    // In a context such a number is missing.
    engine.load(conditioned(r#"{"attribute": "a", "op": "is_set"}"#).as_bytes()).unwrap();
    for (value, on) in [(f64::NAN, false), (f64::INFINITY, false), (f64::MAX, true)] {
        assert_eq!(engine.check("f", &engine.context().with("a", value).build()), on, "{value}");
    }
}

#[test]
fn duplicate_keys_are_refused_or_warned_about() {
    let _peak = Peak::start();
    let (error, update) =
        isolated(gates(r#""f": {"kind": "gate"}, "f": {"kind": "gate", "default": "on"}"#).as_bytes());
    assert_eq!(all(&error), ["TG2006 /features/f"]);
    assert_eq!((update.isolated.len(), update.diagnostics.len()), (0, 1));
    let text = gates(&vec![r#""f": {"kind": "gate"}"#; 100_000].join(","));
    let (error, _) = isolated(text.as_bytes());
    assert_eq!(first(&error), "TG2006 /features/f");
}

#[test]
fn lone_surrogates_are_refused() {
    let _peak = Peak::start();
    for value in
        [r#""\ud800""#, r#""\udc00x""#, r#""\ud800\ud800""#, r#""\udc00\ud800""#, r#""\ud83d\u0041""#]
    {
        assert_eq!(first(&refused(tested("eq", value).as_bytes())), format!("TG1003 {VALUE}"), "{value}");
    }
    assert_eq!(refused(gates(r#""\ud83d": {"kind": "gate"}"#).as_bytes()).code(), Code::BadUnicode);
    Engine::new().load(tested("eq", r#""\ud83d\ude00""#).as_bytes()).unwrap();
}

#[test]
fn huge_strings_are_never_quoted_whole() {
    let peak = Peak::start();
    let huge = "x".repeat(5 << 20);
    let documents = [
        tested(&huge, "1"),
        tested("semver_eq", &format!("\"{huge}\"")),
        tested("before", &format!("\"{huge}\"")),
        tested("matches", &format!("\"{huge}(\"")),
        conditioned(&format!(r#"{{"attribute": "{huge}", "op": "eq", "value": 1}}"#)),
        conditioned(&format!(r#"{{"segment": "{huge}"}}"#)),
        conditioned(&format!(r#"{{"feature": "{huge}", "variants": ["on"]}}"#)),
        conditioned(&format!(r#"{{"{huge}": 1}}"#)),
        gates(&format!(r#""{huge}": {{"kind": "gate"}}"#)),
        gates(&format!(r#""f": {{"kind": "{huge}"}}"#)),
        gates(&format!(r#""f": {{"kind": "gate", "default": "{huge}"}}"#)),
        gates(&format!(r#""f": {{"kind": "gate", "{huge}": 1}}"#)),
        gates(&format!(r#""f": {{"kind": "gate", "rules": [{{"id": "{huge}", "variant": "on"}}]}}"#)),
    ];
    for document in &documents {
        let (error, _) = isolated(document.as_bytes());
        assert_clear(&error, &document[..200.min(document.len())]);
    }
    // As a value it may be as long as it likes.
    let engine = Engine::new();
    engine.load(tested("eq", &format!("\"{huge}\"")).as_bytes()).unwrap();
    assert!(engine.check("f", &engine.context().with("a", &huge).build()));
    assert!(!engine.check("f", &engine.context().with("a", &huge[1..]).build()));
    peak.assert_below_mb(300);
}

#[test]
fn huge_network_is_not_quoted_whole() {
    let _peak = Peak::start();
    let huge = "x".repeat(5 << 20);
    isolated(tested("in_cidr", &format!("\"{huge}\"")).as_bytes());
}
