//! Bad input: a clear error with a code and a pointer, bounded memory, never a panic, and the running snapshot untouched.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value as Json, json};
use tidegate::error::{Code, Error};
use tidegate::model::Mode;
use tidegate::{Engine, Update};

const CHECKOUT: &str = include_str!("../examples/snapshots/checkout.json");

/// One test at a time, so that the peak of memory is that of the test.
static ALONE: Mutex<()> = Mutex::new(());

/// The memory that a test takes at its peak, where the system tells (Linux).
struct Peak {
    start_kb: Option<u64>,
    _alone: MutexGuard<'static, ()>,
}

impl Peak {
    fn start() -> Self {
        let alone = ALONE.lock();
        // Resets the peak to what is used now.
        let reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
        Self { start_kb: if reset { status_kb("VmRSS:") } else { None }, _alone: alone }
    }

    fn grown_kb(&self) -> u64 {
        match (self.start_kb, status_kb("VmHWM:")) {
            (Some(start), Some(peak)) => peak.saturating_sub(start),
            _ => 0,
        }
    }

    fn assert_below_mb(&self, limit: u64) {
        let grown = self.grown_kb() / 1_024;
        assert!(grown < limit, "expected less than {limit} MB at the peak, found {grown} MB");
    }
}

fn status_kb(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// An engine that serves something.
fn running(mode: Mode) -> Engine {
    let engine = Engine::builder().mode(mode).build();
    engine.load(br#"{"schema_version": 1, "version": 1, "features": {"running": {"kind": "gate", "default": "on"}}}"#).unwrap();
    engine
}

fn assert_untouched(engine: &Engine) {
    assert_eq!(engine.version(), 1);
    assert!(engine.check("running", &engine.context().build()));
    assert_eq!(engine.view().evaluate_all(&engine.context().build()).count(), 1);
}

/// What an error must be, whatever it is about: it has a code and says where, in few words.
fn assert_clear(error: &Error, what: &str) {
    assert!(Code::all().contains(&error.code()), "{what}");
    assert!(!error.diagnostics().is_empty() && error.diagnostics().len() <= 1_001, "{what}");
    for own in error.diagnostics() {
        assert!(own.pointer.is_empty() || own.pointer.starts_with('/'), "{what}: {}", own.pointer);
        assert!(!own.message.is_empty() && !own.message.contains('\n'), "{what}: {}", own.message);
        assert!(own.message.len() < 1_000, "{what}: a message of {} bytes", own.message.len());
        assert!(own.pointer.len() < 10_000, "{what}: a pointer of {} bytes", own.pointer.len());
    }
    let size: usize = error.diagnostics().iter().map(|own| own.message.len() + own.pointer.len()).sum();
    assert!(size < 10_000_000, "{what}: {size} bytes of problems");
}

/// Refused in both modes.
fn refused(document: &[u8]) -> Error {
    for mode in [Mode::Lenient, Mode::Strict] {
        let engine = running(mode);
        let error = engine.load(document).expect_err("the document must be refused");
        assert_clear(&error, "refused");
        assert_untouched(&engine);
        if mode == Mode::Strict {
            return error;
        }
    }
    unreachable!()
}

/// Refused in strict mode, isolated in lenient mode.
fn isolated(document: &[u8]) -> (Error, Update) {
    let engine = running(Mode::Strict);
    let error = engine.load(document).expect_err("the document must be refused");
    assert_clear(&error, "isolated");
    assert_untouched(&engine);
    let lenient = Engine::builder().mode(Mode::Lenient).build();
    (error, lenient.load(document).unwrap())
}

fn first(error: &Error) -> String {
    let own = error.diagnostics().iter().find(|own| own.code == error.code()).unwrap();
    format!("{} {}", own.code, own.pointer)
}

fn all(error: &Error) -> Vec<String> {
    error.diagnostics().iter().map(|own| format!("{} {}", own.code, own.pointer)).collect()
}

fn gates(features: &str) -> String {
    format!(r#"{{"schema_version": 1, "version": 2, "features": {{{features}}}}}"#)
}

/// A document of a gate `f` whose rule has the condition.
fn conditioned(condition: &str) -> String {
    gates(&format!(
        r#""f": {{"kind": "gate", "rules": [{{"id": "r", "if": {condition}, "variant": "on"}}]}}"#
    ))
}

fn tested(op: &str, value: &str) -> String {
    conditioned(&format!(r#"{{"attribute": "a", "op": "{op}", "value": {value}}}"#))
}

const VALUE: &str = "/features/f/rules/0/if/value";

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

/// A config `f` under a release, of so many rules; in each of so many phases, a patch for a segment sets a variant, one
/// disables or enables, and one applies the candidate; and in so many environments it has the members.
fn patched(rules: usize, phases: usize, environments: usize, block: fn(usize) -> Json) -> Json {
    let variants: serde_json::Map<String, Json> = (0..100).map(|i| (format!("v{i}"), json!(i))).collect();
    let blocks: serde_json::Map<String, Json> =
        (0..environments).map(|i| (format!("e{i}"), block(i))).collect();
    let definition = |shift: usize| {
        let condition = |i| json!({"attribute": "a", "op": "eq", "value": i + shift});
        let rule =
            |i| json!({"id": format!("r{i}"), "if": condition(i), "variant": "v0", "otherwise": "default"});
        let rules: Vec<Json> = (0..rules).map(rule).collect();
        json!({"kind": "config", "variants": variants, "default": "v0", "rules": rules, "environments": blocks})
    };
    let segment = |i: usize| (format!("s{i}"), json!({"if": {"attribute": "x", "op": "eq", "value": i}}));
    let segments: serde_json::Map<String, Json> = (0..3 * phases).map(segment).collect();
    let phase = |i: usize| {
        let set = json!({"patch": "set", "feature": "f", "variant": format!("v{}", i % 100), "for": format!("s{}", 3 * i)});
        let switch = ["enable", "disable"][i % 2];
        let switch = json!({"patch": switch, "feature": "f", "for": format!("s{}", 3 * i + 1)});
        let apply = json!({"patch": "apply", "feature": "f", "for": format!("s{}", 3 * i + 2)});
        json!({"id": format!("p{i}"), "live": true, "patches": [set, switch, apply]})
    };
    let phases: Vec<Json> = (0..phases).map(phase).collect();
    json!({
        "schema_version": 1, "version": 2, "segments": segments, "features": {"f": definition(0)},
        "releases": [{"id": "x", "features": {"f": {"candidate": definition(7)}}, "phases": phases}],
    })
}

#[test]
fn what_patches_and_environments_repeat_is_written_once() {
    let peak = Peak::start();
    // Environments that differ in nothing, and a hundred patches that lead to the same rules.
    let document = patched(100, 30, 100, |_| json!({"enabled": true}));
    let engine = Engine::builder().mode(Mode::Strict).build();
    engine.load(document.to_string().as_bytes()).unwrap();
    let context = engine.context().with("environment", "e7").with("x", 89).with("a", 106).build();
    assert_eq!(engine.view().decide(engine.feature("f"), &context).phase(), Some("p29"));
    peak.assert_below_mb(100);
}

#[test]
fn what_patches_and_environments_repeat_too_often_is_refused() {
    let peak = Peak::start();
    let documents = [
        (patched(100, 100, 100, |i| json!({"default": format!("v{i}")})), "/releases/0/features/f"),
        (patched(5_000, 100, 0, |_| json!({})), "/releases/0/features/f"),
    ];
    for (document, place) in documents {
        let (error, update) = isolated(document.to_string().as_bytes());
        assert_eq!(all(&error), [format!("TG2015 {place}")]);
        // Its base is served, as if there were no release.
        assert_eq!(update.isolated.iter().map(|own| &**own).collect::<Vec<_>>(), ["f"]);
    }
    let mut many = patched(10_000, 0, 200, |i| json!({"default": format!("v{}", i % 100)}));
    many["releases"] = json!([]);
    let (error, update) = isolated(many.to_string().as_bytes());
    assert_eq!(all(&error), ["TG2015 /features/f/environments"]);
    assert_eq!(update.isolated.len(), 1);
    peak.assert_below_mb(400);
}

#[test]
fn a_target_is_written_for_few_patches_only() {
    let peak = Peak::start();
    let leaf = |i: usize| json!({"attribute": "a", "op": "eq", "value": i});
    let of = |leaves: usize, patches: usize| {
        let target = json!([{"if": {"any": (0..leaves).map(leaf).collect::<Vec<_>>()}}]);
        let patch = json!({"patch": "set", "feature": "f", "variant": "on", "for": "s"});
        let phase = json!({"id": "p", "live": true, "target": target, "patches": vec![patch; patches]});
        json!({
            "schema_version": 1, "version": 2, "segments": {"s": {"if": leaf(1)}}, "features": {"f": {"kind": "gate"}},
            "releases": [{"id": "x", "features": {"f": {}}, "phases": [phase]}],
        })
    };
    let (error, _) = isolated(of(10, 501).to_string().as_bytes());
    assert_eq!(all(&error), ["TG2015 /releases/0/features/f"]);
    let (error, _) = isolated(of(2_000, 400).to_string().as_bytes());
    assert_eq!(all(&error), ["TG2015 /releases/0/features/f"]);
    let engine = running(Mode::Strict);
    engine.load(of(900, 500).to_string().as_bytes()).unwrap();
    assert!(engine.check("f", &engine.context().with("a", 1).build()));
    assert!(!engine.check("f", &engine.context().with("a", 2).build()));
    peak.assert_below_mb(300);
}

/// A document of these features, and of one release with these features and phases.
fn under_release(features: &Json, released: &Json, phases: &Json) -> Json {
    let release = json!({"id": "x", "ramp": {"unit": "u"}, "features": released, "phases": phases});
    json!({"schema_version": 1, "version": 2, "features": features, "releases": [release]})
}

fn members(count: usize, prefix: &str, member: impl Fn(usize) -> Json) -> Json {
    Json::Object((0..count).map(|i| (format!("{prefix}{i}"), member(i))).collect())
}

fn rules(count: usize, condition: impl Fn(usize) -> Json) -> Json {
    (0..count).map(|i| json!({"id": format!("r{i}"), "if": condition(i), "variant": "on"})).collect()
}

/// A config of so many variants, each the default of an environment of its own.
fn in_many_environments(count: usize, rules: &Json) -> Json {
    let mut variants = members(count, "v", |i| json!(i));
    variants["on"] = json!(true);
    let blocks = members(count, "e", |i| json!({"default": format!("v{i}")}));
    json!({"kind": "config", "variants": variants, "default": "on", "rules": rules, "environments": blocks})
}

#[test]
fn nothing_that_is_written_often_is_copied_each_time() {
    let is = |attribute: &str, value: String| json!({"attribute": attribute, "op": "eq", "value": value});
    let gate = |members: Json| {
        let mut gate = members;
        gate["kind"] = json!("gate");
        gate
    };
    let live = |phase: Json| {
        let mut phase = phase;
        (phase["id"], phase["live"]) = (json!("p"), json!(true));
        json!([phase])
    };
    let documents = [
        // A release that is not live yet: its candidate's environments do not divide the base.
        under_release(
            &json!({"f": gate(json!({"rules": rules(2_000, |i| is("a", format!("v{i}")))}))}),
            &json!({"f": {"candidate": gate(json!({"environments": members(2_000, "e", |_| json!({"enabled": false}))}))}}),
            &json!([{"id": "p", "live": false}]),
        ),
        // Environments without rules are all alike.
        under_release(
            &json!({"f": gate(json!({}))}),
            &json!({"f": {"candidate": gate(json!({"environments": members(2_000, "e", |_| json!({"rules": []}))}))}}),
            &live(
                json!({"target": [{"if": {"any": (0..2_000).map(|i| is("a", format!("v{i}"))).collect::<Vec<_>>()}}]}),
            ),
        ),
        // Names of variants, long texts and lists are the same however often the rule is written.
        json!({"schema_version": 1, "version": 2, "features": {
            "g": gate(json!({})),
            "f": in_many_environments(1_000, &rules(1, |_| json!({"feature": "g", "variants": vec!["on"; 50_000]}))),
        }}),
        json!({"schema_version": 1, "version": 2, "features": {
            "f": in_many_environments(1_000, &rules(30, |i| is("a", format!("{i}{}", "x".repeat(10_000))))),
        }}),
        json!({"schema_version": 1, "version": 2, "features": {
            "f": in_many_environments(1_000, &rules(1, |_| {
                json!({"attribute": "a", "op": "in", "value": (0..10_000).map(|i| format!("user-{i:08}")).collect::<Vec<_>>()})
            })),
        }}),
        // What environments share is not in the switch of each.
        under_release(
            &json!({"f": gate(json!({"rules": rules(3_000, |i| is("environment", format!("x{i}")))}))}),
            &json!({"f": {"candidate": gate(json!({"environments": members(3_000, "e", |_| {
                json!({"rules": [{"id": "r", "variant": "on"}]})
            })}))}}),
            &live(json!({"target": [{"environments": ["prod"]}], "ramp": {"percent": 50}})),
        ),
    ];
    for (index, document) in documents.into_iter().enumerate() {
        let text = document.to_string();
        let peak = Peak::start();
        let engine = Engine::builder().mode(Mode::Strict).build();
        engine.load(text.as_bytes()).unwrap();
        assert!(peak.grown_kb() < 60 << 10, "document {index}: {} KB", peak.grown_kb());
    }
}

#[test]
fn targets_of_many_features_are_bounded_together() {
    let peak = Peak::start();
    let features = members(2_000, "f", |_| json!({"kind": "gate"}));
    let released = members(2_000, "f", |_| json!({"candidate": {"kind": "gate", "default": "on"}}));
    let names: Vec<String> = (0..5_000).map(|i| format!("e{i}")).collect();
    let phases = json!([{"id": "p", "live": true, "target": [{"environments": names}]}]);
    let (error, update) = isolated(under_release(&features, &released, &phases).to_string().as_bytes());
    assert_eq!((error.code(), error.diagnostics().len()), (Code::Limit, 1_001));
    // As many as fit; they are served by the release, the others without it.
    assert_eq!(update.isolated.len(), 2_000 - 1_000_000 / 5_001);
    peak.assert_below_mb(250);
}

#[test]
fn patches_beyond_the_limit_take_time_in_proportion() {
    let time = |patches: usize| {
        let set = |i| json!({"patch": "set", "feature": "f", "variant": format!("v{i}")});
        let phases = json!([{"id": "p", "live": true, "patches": (0..patches).map(set).collect::<Vec<_>>()}]);
        let broken = json!({"f": {"kind": "config", "variants": 5, "default": "a"}});
        let text = under_release(&broken, &json!({"f": {}}), &phases).to_string();
        (0..3)
            .map(|_| {
                let start = std::time::Instant::now();
                let _ = Engine::new().load(text.as_bytes());
                start.elapsed()
            })
            .min()
            .unwrap()
    };
    let (few, many) = (time(2_000), time(40_000));
    assert!(many < few * 200, "{few:?}, {many:?}");
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

/// How long it takes until a document is served, at best of two.
fn time_to_serve(document: &str) -> Duration {
    let once = || {
        let engine = Engine::builder().mode(Mode::Strict).build();
        let began = Instant::now();
        engine.load(document.as_bytes()).unwrap();
        began.elapsed()
    };
    once().min(once())
}

/// Sixteen times as many names take far less than the 256 times of what looks at each for each; in those, and nowhere
/// else, `f` is `inside`.
fn assert_in_proportion(name: &str, inside: bool, document: impl Fn(usize) -> String) {
    let engine = Engine::new();
    // The 30 names are not in the order of their bytes: 10 is before 2.
    engine.load(document(30).as_bytes()).unwrap();
    for i in 0..31 {
        let environment = format!("{name}{i}");
        let context = engine.context().with("environment", &*environment).build();
        assert_eq!(engine.check("f", &context), inside == (i < 30), "{name}{i}");
    }
    let (few, many) = (time_to_serve(&document(2_500)), time_to_serve(&document(40_000)));
    assert!(many < few * 50, "2 500 take {few:?}, 40 000 take {many:?}");
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

// --- mutations ----------------------------------------------------------------------------------------------------

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

#[test]
fn pointer_to_a_patch_counts_those_that_are_ignored() {
    let _peak = Peak::start();
    let document = json!({"schema_version": 1, "version": 2, "segments": {"s": {"if": {"segment": "s"}}},
        "features": {"f": {"kind": "gate"}, "g": {"kind": "gate"}},
        "releases": [{"id": "r",
            "features": {"f": {"candidate": {"kind": "nonsense"}}, "g": {"candidate": {"kind": "gate"}}},
            "phases": [{"id": "p", "live": true, "patches": [
                {"patch": "apply", "feature": "f"}, {"patch": "apply", "feature": "g", "for": "s"}]}]}]});
    let update = Engine::new().load(document.to_string().as_bytes()).unwrap();
    let places: Vec<&str> = update.diagnostics.iter().map(|own| own.pointer.as_str()).collect();
    assert!(places.contains(&"/releases/0/phases/0/patches/1/for"), "{places:?}");
}
