//! The table cases of `testdata/cases`, through the engine and through the trace (format: `testdata/README.md`).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on must fail")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value as Json, json};
use tidegate::engine::trace_document;
use tidegate::model::Mode;
use tidegate::value::ValueRef;
use tidegate::{AttributeKey, Context, Engine, Override, Subject, Value};

use self::table::same;

#[path = "support/cases.rs"]
mod table;

/// A case, as the engine in Rust takes it.
struct Case {
    name: String,
    document: Vec<u8>,
    mode: Mode,
    process: BTreeMap<String, Value>,
    now: i64,
    context: Value,
    feature: String,
    expect: Json,
}

impl From<table::Case> for Case {
    fn from(case: table::Case) -> Self {
        let table::Case { name, mode, process, now, document, context, feature, expect } = case;
        Self {
            name,
            document: serde_json::to_vec(&document).unwrap(),
            mode: if mode == "lenient" { Mode::Lenient } else { Mode::Strict },
            process: serde_json::from_value(process).unwrap(),
            now,
            context: serde_json::from_value(context).unwrap(),
            feature,
            expect,
        }
    }
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn engine(case: &Case) -> Result<Engine, String> {
    let mut builder = Engine::builder().mode(case.mode);
    for (name, value) in &case.process {
        builder = builder.process(name, value.clone());
    }
    let engine = builder.build();
    engine.load(&case.document).map_err(|error| format!("refused: {error}"))?;
    Ok(engine)
}

/// What is wrong with a decision, if something is.
fn difference(expect: &Json, check: bool, decision: &Json) -> Option<String> {
    match expect {
        Json::Bool(expected) => (*expected != check).then(|| format!("expected {expected}, got {decision}")),
        Json::Object(fields) => {
            let wrong: Vec<_> = fields
                .iter()
                .filter(|(name, value)| !same(value, &decision[name.as_str()]))
                .map(|(name, value)| format!("{name}: expected {value}, got {}", decision[name.as_str()]))
                .collect();
            (!wrong.is_empty()).then(|| wrong.join("; "))
        }
        other => Some(format!("a case must expect a boolean or an object, not {other}")),
    }
}

fn run(door: fn(&Case) -> Result<(bool, Json), String>) {
    let cases: Vec<Case> = table::cases(project()).into_iter().map(Case::from).collect();
    let mut wrong = Vec::new();
    for case in &cases {
        let what = match door(case) {
            Ok((check, decision)) => difference(&case.expect, check, &decision),
            Err(what) => Some(what),
        };
        wrong.extend(what.map(|what| format!("{}: {what}", case.name)));
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_case_holds_in_the_engine() {
    run(|case| {
        let engine = engine(case)?;
        let context = engine.context().with_object(&case.context).build();
        let view = engine.view().at(case.now);
        let decision = view.decide_name(&case.feature, &context);
        let check = view.check_name(&case.feature, &context);
        if decision.is_on() != check {
            return Err("check and decide differ".to_owned());
        }
        Ok((check, serde_json::to_value(decision).map_err(|error| error.to_string())?))
    });
}

/// A context that notes what it is asked for.
struct Noting<'c> {
    context: &'c Context<'c>,
    asked: RefCell<BTreeSet<AttributeKey>>,
}

impl Subject for Noting<'_> {
    fn value(&self, attribute: AttributeKey) -> ValueRef<'_> {
        self.asked.borrow_mut().insert(attribute);
        self.context.value(attribute)
    }
}

#[test]
fn every_case_asks_only_for_what_its_program_reads() {
    run(|case| {
        let engine = engine(case)?;
        let context = engine.context().with_object(&case.context).build();
        let noting = Noting { context: &context, asked: RefCell::default() };
        let view = engine.view().at(case.now);
        let decision = view.decide_name(&case.feature, &noting);
        let reads = engine.program().reads(engine.feature(&case.feature).number());
        let asked = noting.asked.borrow();
        if let Some(outside) = asked.iter().find(|attribute| !reads.contains(attribute)) {
            return Err(format!(
                "{:?} is asked for, and not among what is read",
                engine.attributes().name(*outside)
            ));
        }
        Ok((decision.is_on(), serde_json::to_value(decision).map_err(|error| error.to_string())?))
    });
}

#[test]
fn what_is_read_follows_references_overlays_and_overrides() {
    let gate = |attribute: &str| json!({"attribute": attribute, "op": "eq", "value": "x"});
    let rule = |condition: Json| json!({"id": "r", "if": condition, "variant": "on"});
    let of = |condition: Json| json!({"kind": "gate", "rules": [rule(condition)]});
    let document = json!({"schema_version": 1, "version": 1,
        "segments": {"inner": {"if": gate("of_inner")}, "outer": {"if": {"all": [{"segment": "inner"}, gate("of_outer")]}}},
        "features": {
            "plain": of(gate("own")),
            "segment": of(json!({"not": {"segment": "outer"}})),
            "feature": of(json!({"feature": "plain", "variants": ["on"]})),
            "process": of(gate("region")),
            "split": {"kind": "experiment", "unit": "visitor", "variants": {"a": 1, "b": 2},
                "default": "a",
                "rules": [{"id": "r", "split": [{"variant": "a", "weight": 50}, {"variant": "b", "weight": 50}]}]},
            "nothing": {"kind": "gate"}}});
    let engine = Engine::builder().process("region", "eu").build();
    engine.load(&serde_json::to_vec(&document).unwrap()).unwrap();
    let reads = |feature: &str| {
        let program = engine.program();
        let keys = program.reads(engine.feature(feature).number());
        keys.into_iter().map(|key| engine.attributes().name(key).unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(reads("plain"), names(&["own"]));
    assert_eq!(reads("segment"), names(&["of_inner", "of_outer"]));
    assert_eq!(reads("feature"), names(&["own"]));
    assert_eq!(reads("process"), names(&[]));
    assert_eq!(reads("split"), names(&["visitor"]));
    assert_eq!(reads("nothing"), names(&[]));
    assert_eq!(reads("unknown"), names(&[]));
    engine.set_override("nothing", Override::value(true).for_unit("tester", "u-1")).unwrap();
    assert_eq!(reads("nothing"), names(&["tester"]));
}

#[test]
fn every_case_holds_in_the_trace() {
    run(|case| {
        let members = case.context.as_object().unwrap_or_default();
        let context = members.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let trace = trace_document(&case.document, &case.process, &case.feature, &context, case.now)
            .map_err(|error| error.to_string())?;
        Ok((trace.check, serde_json::to_value(&trace.decision).map_err(|error| error.to_string())?))
    });
}

#[test]
fn every_bucket_vector_holds() {
    use tidegate::bucket::{bucket, salt_hash, unit_hash};
    let text = std::fs::read(project().join("testdata/vectors/bucket.json")).unwrap();
    let vectors: Vec<Json> = serde_json::from_slice(&text).unwrap();
    assert!(vectors.len() >= 200);
    for vector in &vectors {
        let text = |name: &str| vector[name].as_str().unwrap().to_owned();
        let found = bucket(salt_hash(&text("salt")), unit_hash(text("unit").as_bytes()));
        assert_eq!(u64::from(found), vector["bucket"].as_u64().unwrap(), "{vector}");
    }
}
