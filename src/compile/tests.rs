mod edits;
mod operands;
mod stream;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::*;
use crate::context::Context;
use crate::eval::{Decision, DecisionText, decide};
use crate::model::Key;
use crate::program::{Entry, Program};

const NOW: i64 = 1_700_000_000_000;

/// A compiler, and what it made last.
struct Rig {
    compiler: Compiler,
    attributes: Arc<Attributes>,
    program: Arc<Program>,
}

impl Rig {
    fn new(mode: Mode) -> Self {
        let attributes = Arc::new(Attributes::default());
        let compiler = Compiler::new(Arc::clone(&attributes), BTreeMap::new(), mode);
        Self { compiler, attributes, program: Arc::default() }
    }

    fn loaded(mode: Mode, document: &Json) -> Self {
        let mut rig = Self::new(mode);
        rig.load(document).unwrap();
        rig
    }

    fn load(&mut self, document: &Json) -> Result<Compiled, Error> {
        let compiled = self.compiler.load(document.to_string().as_bytes())?;
        self.program = Arc::clone(&compiled.program);
        Ok(compiled)
    }

    fn apply(&mut self, delta: &Json) -> Result<Compiled, Error> {
        let compiled = self.compiler.apply(delta.to_string().as_bytes())?;
        self.program = Arc::clone(&compiled.program);
        Ok(compiled)
    }

    fn context(&self, attributes: &Json) -> Context<'static> {
        let mut context = Context::with_capacity(8);
        for (name, value) in attributes.as_object().unwrap() {
            let value: Value = serde_json::from_value(value.clone()).unwrap();
            context.set_owned(self.attributes.find_or_add(name).unwrap(), &value);
        }
        context
    }

    fn contexts(&self) -> Vec<Context<'static>> {
        (0..50).map(|i| self.context(&context(i))).collect()
    }

    fn decide(&self, feature: &str, attributes: &Json) -> Json {
        serde_json::to_value(text(&self.program, feature, &self.context(attributes))).unwrap()
    }

    /// The decisions of these features for 50 contexts, by feature.
    fn decisions(&self, features: &BTreeSet<String>) -> BTreeMap<String, Vec<DecisionText<'_>>> {
        let contexts = self.contexts();
        let of = |name: &str| contexts.iter().map(|context| text(&self.program, name, context)).collect();
        features.iter().map(|name| (name.clone(), of(name))).collect()
    }

    fn full_chunks(&self) -> usize {
        self.program.chunks.iter().filter(|chunk| !chunk.code.is_empty()).count()
    }
}

/// The decision, without the feature's name; whether it is on is checked against its value.
fn text<'p>(program: &'p Program, feature: &str, context: &Context<'_>) -> DecisionText<'p> {
    let entry = program.feature(feature).map_or(Entry::ABSENT, |number| program.entry(number));
    let raw = decide(program, entry, context, &NOW);
    let text = Decision::new(program, "", raw).text();
    assert_eq!(raw.is_on(), text.value == Some(&Value::Bool(true)), "{feature}: {text:?}");
    text
}

fn context(i: usize) -> Json {
    let mut context = json!({
        "user_id": format!("u-{i}"),
        "plan": (["free", "pro", "team", "enterprise"][i % 4]),
        "country": (["CA", "DE", "US"][i % 3]),
        "seats": i,
        "app_version": format!("{}.{}.0", i % 5, i % 7),
    });
    match i % 5 {
        0 => {}
        1 => context["environment"] = json!("dev"),
        _ => context["environment"] = json!("prod"),
    }
    if i.is_multiple_of(7) {
        context.as_object_mut().unwrap().remove("user_id");
    }
    context
}

/// The features that a document has, or gives a candidate.
fn features_of(document: &Json) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = keys(&document["features"]).collect();
    for release in document["releases"].as_array().into_iter().flatten() {
        names.extend(keys(&release["features"]));
    }
    names
}

fn keys(value: &Json) -> impl Iterator<Item = String> + '_ {
    value.as_object().into_iter().flat_map(|members| members.keys().cloned())
}

fn names(list: &[Key]) -> Vec<&str> {
    list.iter().map(|key| &**key).collect()
}

fn places(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|own| format!("{} {}", own.code, own.pointer)).collect()
}

fn gate(condition: Json) -> Json {
    json!({"kind": "gate", "rules": [{"id": "r", "if": condition, "variant": "on"}]})
}

fn at_least(seats: usize) -> Json {
    json!({"attribute": "seats", "op": "gte", "value": seats})
}

fn document(features: Json) -> Json {
    json!({"schema_version": 1, "version": 1, "features": features})
}

/// 1 000 gates that stand alone.
fn thousand() -> Json {
    let features: Map<String, Json> = (0..1_000).map(|i| (format!("f{i:03}"), gate(at_least(i)))).collect();
    document(Json::Object(features))
}

fn next(document: &Json) -> Json {
    let mut next = document.clone();
    next["version"] = json!(document["version"].as_u64().unwrap() + 1);
    next
}

// --- what is compiled again ---------------------------------------------------------------------------------------

#[test]
fn one_changed_feature_of_a_thousand_is_compiled_alone() {
    let first = thousand();
    let mut rig = Rig::new(Mode::Strict);
    let compiled = rig.load(&first).unwrap();
    assert_eq!((compiled.recompiled, compiled.changed.len()), (1_000, 1_000));
    let old = Arc::clone(&rig.program);

    let same = next(&first);
    let compiled = rig.load(&same).unwrap();
    assert_eq!((compiled.recompiled, compiled.changed.len(), compiled.program.version), (0, 0, 2));

    let mut edited = next(&same);
    edited["features"]["f500"] = gate(at_least(7));
    let compiled = rig.load(&edited).unwrap();
    assert_eq!((compiled.recompiled, names(&compiled.changed)), (1, vec!["f500"]));
    assert!(Arc::ptr_eq(&old.chunks[0], &rig.program.chunks[0]), "the chunk of the others is shared");
    assert!(Arc::ptr_eq(&old.names, &rig.program.names), "the names are shared");
    assert_eq!(rig.decide("f500", &json!({"seats": 8}))["value"], true);
    assert_eq!(rig.decide("f501", &json!({"seats": 8}))["value"], false);
}

#[test]
fn a_feature_that_comes_or_goes_is_the_only_change() {
    let first = thousand();
    let mut rig = Rig::loaded(Mode::Strict, &first);
    let mut more = next(&first);
    more["features"]["new"] = gate(at_least(1));
    let compiled = rig.load(&more).unwrap();
    assert_eq!((compiled.recompiled, names(&compiled.changed)), (1, vec!["new"]));
    let compiled =
        rig.load(&json!({"schema_version": 1, "version": 3, "features": first["features"]})).unwrap();
    assert_eq!((compiled.recompiled, names(&compiled.changed)), (0, vec!["new"]));
    assert_eq!(rig.decide("new", &json!({"seats": 9}))["reason"], "unknown_feature");
}

/// Segments a ← b, gates on them, a gate on a gate, and gates that stand alone.
fn referring() -> Json {
    let mut document = thousand();
    document["segments"] = json!({"a": {"if": at_least(3)}, "b": {"if": {"all": [{"segment": "a"}, at_least(4)]}},
        "c": {"if": at_least(5)}});
    document["features"]["on_a"] = gate(json!({"segment": "a"}));
    document["features"]["on_b"] = gate(json!({"segment": "b"}));
    document["features"]["on_c"] = gate(json!({"segment": "c"}));
    document["features"]["on_on_b"] = gate(json!({"feature": "on_b", "variants": ["on"]}));
    document
}

#[test]
fn a_changed_segment_is_compiled_with_what_depends_on_it() {
    let first = referring();
    let mut rig = Rig::loaded(Mode::Strict, &first);
    let mut edited = next(&first);
    edited["segments"]["b"] = json!({"if": {"all": [{"segment": "a"}, at_least(9)]}});
    let compiled = rig.load(&edited).unwrap();
    assert_eq!(names(&compiled.changed), ["on_b", "on_on_b"]);
    assert_eq!(compiled.recompiled, 3, "segment b and two features");

    let mut edited = next(&edited);
    edited["segments"]["a"] = json!({"if": at_least(1)});
    let compiled = rig.load(&edited).unwrap();
    assert_eq!(names(&compiled.changed), ["on_a", "on_b", "on_on_b"]);
    assert_eq!(compiled.recompiled, 5, "segments a and b and three features");
}

#[test]
fn the_same_document_again_compiles_nothing() {
    let mut first = referring();
    first["features"]["on_f000"] = gate(json!({"feature": "f000", "variants": ["on"]}));
    let mut rig = Rig::loaded(Mode::Strict, &first);
    let mut document = first;
    for _ in 0..3 {
        document = next(&document);
        let compiled = rig.load(&document).unwrap();
        assert_eq!(
            (compiled.recompiled, names(&compiled.changed)),
            (0, vec![]),
            "version {}",
            document["version"]
        );
    }
}

#[test]
fn a_feature_on_which_another_depends_is_compiled_with_it() {
    let mut first = referring();
    first["features"]["on_f000"] = gate(json!({"feature": "f000", "variants": ["on"]}));
    let mut rig = Rig::loaded(Mode::Strict, &first);
    let mut document = first;
    for seats in [5, 6] {
        document = next(&document);
        document["features"]["f000"] = gate(at_least(seats));
        let compiled = rig.load(&document).unwrap();
        assert_eq!(names(&compiled.changed), ["f000", "on_f000"]);
        assert_eq!(compiled.recompiled, 2);
    }
}

#[test]
fn other_declarations_compile_everything_again() {
    let first = thousand();
    let mut rig = Rig::loaded(Mode::Strict, &first);
    let mut edited = next(&first);
    edited["attributes"] = json!({"seats": {"type": "number"}});
    assert_eq!(rig.load(&edited).unwrap().recompiled, 1_000);
}

#[test]
fn many_updates_of_different_features_compile_one_each() {
    let mut document = thousand();
    let mut rig = Rig::loaded(Mode::Strict, &document);
    let mut more = Vec::new();
    for i in 0..200 {
        document = next(&document);
        let name = format!("f{i:03}");
        document["features"][&name] = gate(at_least(i + 1));
        let compiled = rig.load(&document).unwrap();
        if compiled.recompiled > 1 {
            more.push((i, compiled.recompiled));
        }
        assert!(compiled.changed.iter().any(|key| **key == *name));
    }
    assert!(more.len() <= 200 / 50, "all is put together anew now and then, not at each of: {more:?}");
}

#[test]
fn what_is_only_put_together_anew_is_not_listed_as_changed() {
    let mut document = thousand();
    let mut rig = Rig::loaded(Mode::Strict, &document);
    for i in 0..80 {
        document = next(&document);
        let name = format!("f{i:03}");
        document["features"][&name] = gate(at_least(i + 1));
        assert_eq!(names(&rig.load(&document).unwrap().changed), [&*name], "update {i}");
    }
}

// --- garbage ------------------------------------------------------------------------------------------------------

/// Gates that stand alone, few enough to load hundreds of times.
fn fifty() -> Json {
    let features: Map<String, Json> = (0..50).map(|i| (format!("f{i:03}"), gate(at_least(i)))).collect();
    document(Json::Object(features))
}

/// Non-empty chunks and bytes, at the start and after 500 updates.
fn growth(mut rig: Rig, mut update: impl FnMut(&mut Rig, usize)) -> [(usize, usize); 2] {
    let before = (rig.full_chunks(), rig.program.memory_usage());
    for i in 0..500 {
        update(&mut rig, i);
    }
    [before, (rig.full_chunks(), rig.program.memory_usage())]
}

fn assert_bounded([before, after]: [(usize, usize); 2]) {
    assert!(after.0 <= before.0 + 2, "chunks: {before:?}, then {after:?}");
    assert!(after.1 <= before.1 + before.1 / 4 + 10_000, "bytes: {before:?}, then {after:?}");
}

#[test]
fn five_hundred_loads_of_one_feature_leave_no_garbage() {
    let mut document = fifty();
    assert_bounded(growth(Rig::loaded(Mode::Strict, &document), |rig, i| {
        document = next(&document);
        document["features"]["f000"] = gate(at_least(i + 1));
        rig.load(&document).unwrap();
    }));
}

#[test]
fn five_hundred_deltas_of_one_feature_leave_no_garbage() {
    assert_bounded(growth(Rig::loaded(Mode::Strict, &fifty()), |rig, i| {
        rig.apply(&json!({"from": i + 1, "version": i + 2, "features": {"f000": gate(at_least(i + 1))}}))
            .unwrap();
    }));
}

#[test]
fn segments_that_come_and_go_leave_no_garbage() {
    let first = fifty();
    assert_bounded(growth(Rig::loaded(Mode::Strict, &first), |rig, i| {
        let mut document = first.clone();
        document["version"] = json!(i + 2);
        document["segments"] = json!({format!("s{i}"): {"if": at_least(i)}});
        rig.load(&document).unwrap();
    }));
}

// --- deltas -------------------------------------------------------------------------------------------------------

/// One of everything: gates alone and on others, segments, a release with two features, a kill, an exclusion group.
fn shop() -> Json {
    json!({
        "schema_version": 1, "version": 1,
        "attributes": {"seats": {"type": "number"}},
        "segments": {"big": {"if": at_least(20)}, "pro": {"if": {"attribute": "plan", "op": "eq", "value": "pro"}}},
        "features": {
            "alone": gate(at_least(10)),
            "other": gate(at_least(30)),
            "on_big": gate(json!({"segment": "big"})),
            "on_alone": gate(json!({"feature": "alone", "variants": ["on"]})),
            "one": gate(at_least(40)),
            "two": gate(at_least(40)),
            "killed": gate(at_least(0)),
            "x": {"kind": "experiment", "exclusion_group": "g", "variants": {"a": 1, "b": 2}, "default": "b",
                  "rules": [{"id": "r", "split": [{"variant": "a", "weight": 100}]}]}
        },
        "exclusion_groups": {"g": {"ranges": {"x": {"from": 0, "to": 500_000}}}},
        "releases": [{
            "id": "rel", "features": {"one": {"candidate": gate(at_least(0))}, "two": {"candidate": gate(at_least(0))}},
            "ramp": {"unit": "user_id"},
            "phases": [{"id": "p1", "live": true, "target": [{"environments": ["dev"]}]},
                       {"id": "p2", "target": [{"environments": ["prod"]}], "ramp": {"percent": 50}}]
        }],
        "kills": [{"feature": "killed", "environment": "prod"}]
    })
}

fn edited(edit: impl FnOnce(&mut Json)) -> Json {
    let mut document = next(&shop());
    edit(&mut document);
    document
}

/// The delta does what the document does; so does what comes after it.
fn assert_delta(delta: &Json, to: &Json) {
    let whole = patched(shop().to_string().as_bytes(), &[delta.to_string().as_bytes().into()]).unwrap();
    assert_eq!(&serde_json::from_slice::<Json>(&whole).unwrap(), to, "{delta}");
    let mut by_delta = Rig::loaded(Mode::Strict, &shop());
    by_delta.apply(delta).unwrap_or_else(|error| panic!("{delta}: {error:?}"));
    let mut all = features_of(to);
    all.extend(features_of(&shop()));
    let same = Rig::loaded(Mode::Strict, to);
    assert_eq!(by_delta.decisions(&all), same.decisions(&all), "{delta}");

    by_delta.apply(&json!({"from": 2, "version": 3})).unwrap();
    let same = Rig::loaded(Mode::Strict, &next(to));
    assert_eq!(by_delta.decisions(&all), same.decisions(&all), "{delta}, then an empty one");

    let mut later = next(&next(to));
    later["segments"]["big"] = json!({"if": at_least(1)});
    by_delta.apply(&json!({"from": 3, "version": 4, "segments": {"big": later["segments"]["big"]}})).unwrap();
    let same = Rig::loaded(Mode::Strict, &later);
    assert_eq!(by_delta.decisions(&all), same.decisions(&all), "{delta}, then one of a segment");
}

#[test]
fn delta_of_a_changed_feature_is_the_document() {
    let to = edited(|document| document["features"]["alone"] = gate(at_least(1)));
    assert_delta(&json!({"from": 1, "version": 2, "features": {"alone": gate(at_least(1))}}), &to);
    let to = edited(|document| document["features"]["on_big"] = gate(at_least(1)));
    assert_delta(&json!({"from": 1, "version": 2, "features": {"on_big": gate(at_least(1))}}), &to);
}

#[test]
fn delta_of_an_added_feature_is_the_document() {
    let to = edited(|document| {
        document["features"]["new"] = gate(json!({"feature": "alone", "variants": ["off"]}))
    });
    assert_delta(&json!({"from": 1, "version": 2, "features": {"new": to["features"]["new"]}}), &to);
}

#[test]
fn delta_of_a_removed_feature_is_the_document() {
    for name in ["other", "on_big", "on_alone"] {
        let to = edited(|document| drop(document["features"].as_object_mut().unwrap().remove(name)));
        assert_delta(&json!({"from": 1, "version": 2, "features": {name: null}}), &to);
    }
}

#[test]
fn delta_of_a_segment_is_the_document() {
    let to = edited(|document| document["segments"]["big"] = json!({"if": at_least(2)}));
    assert_delta(&json!({"from": 1, "version": 2, "segments": {"big": {"if": at_least(2)}}}), &to);
    let to = edited(|document| {
        document["segments"].as_object_mut().unwrap().remove("big");
        document["features"]["on_big"] = gate(at_least(3));
    });
    let delta = json!({"from": 1, "version": 2, "segments": {"big": null}, "features": {"on_big": gate(at_least(3))}});
    let mut rig = Rig::loaded(Mode::Strict, &shop());
    rig.apply(&delta).unwrap();
    assert_eq!(rig.decisions(&features_of(&to)), Rig::loaded(Mode::Strict, &to).decisions(&features_of(&to)));
}

#[test]
fn delta_of_a_new_release_is_the_document() {
    let release = json!({"id": "more", "features": {"alone": {"candidate": gate(at_least(0))}},
        "phases": [{"id": "p", "live": true}]});
    let to = edited(|document| document["releases"].as_array_mut().unwrap().push(release.clone()));
    let alone = &shop()["features"]["alone"];
    assert_delta(&json!({"from": 1, "version": 2, "releases": [release], "features": {"alone": alone}}), &to);
}

#[test]
fn delta_of_an_advanced_release_is_the_document() {
    let to = edited(|document| document["releases"][0]["phases"][1]["live"] = json!(true));
    assert_delta(&json!({"from": 1, "version": 2, "releases": to["releases"]}), &to);
}

#[test]
fn delta_of_a_removed_release_is_the_document() {
    let to = edited(|document| document["releases"] = json!([]));
    assert_delta(&json!({"from": 1, "version": 2, "removed_releases": ["rel"]}), &to);
}

#[test]
fn delta_of_kills_is_the_document() {
    let kill = json!([{"feature": "alone", "environment": "prod"}]);
    let to = edited(|document| document["kills"] = kill.clone());
    let alone = &shop()["features"]["alone"];
    assert_delta(&json!({"from": 1, "version": 2, "kills": kill, "features": {"alone": alone}}), &to);
    let to = edited(|document| document["kills"] = json!([]));
    assert_delta(&json!({"from": 1, "version": 2, "kills": []}), &to);
}

#[test]
fn delta_of_an_exclusion_group_is_the_document() {
    let groups = json!({"g": {"ranges": {"x": {"from": 500_000, "to": 1_000_000}}}});
    let to = edited(|document| document["exclusion_groups"] = groups.clone());
    assert_delta(&json!({"from": 1, "version": 2, "exclusion_groups": groups}), &to);
}

#[test]
fn delta_that_ends_a_release_ends_the_features_that_were_only_in_it() {
    let new = json!({"id": "rel", "features": {"born": {"candidate": gate(at_least(0))}}, "phases": [{"id": "p", "live": true}]});
    let mut first = document(json!({"alone": gate(at_least(10))}));
    first["releases"] = json!([new]);
    let mut rig = Rig::loaded(Mode::Strict, &first);
    assert_eq!(rig.decide("born", &json!({"seats": 1}))["phase"], "p");
    let compiled = rig.apply(&json!({"from": 1, "version": 2, "removed_releases": ["rel"]})).unwrap();
    assert_eq!(names(&compiled.changed), ["born"]);
    assert_eq!(rig.decide("born", &json!({"seats": 1}))["reason"], "unknown_feature");
}

#[test]
fn delta_leaves_invalid_what_refers_to_an_invalid_feature() {
    let first = document(json!({"broken": {"kind": "gate", "default": "none"},
        "on_broken": {"kind": "gate", "default": "on", "rules": [
            {"id": "r", "if": {"feature": "broken", "variants": ["on"]}, "variant": "off"}]}}));
    let mut rig = Rig::loaded(Mode::Lenient, &first);
    assert_eq!(rig.decide("on_broken", &json!({}))["reason"], "invalid_definition");
    rig.apply(&json!({"from": 1, "version": 2})).unwrap();
    assert_eq!(rig.decide("on_broken", &json!({}))["reason"], "invalid_definition");
}

#[test]
fn delta_that_cannot_be_applied_is_refused_and_nothing_changes() {
    let alone = &shop()["features"]["alone"];
    let deltas = [
        ("TG5005", json!({"from": 7, "version": 8})),
        ("TG5005", json!({"from": 0, "version": 2})),
        ("TG5005", json!({"version": 2})),
        ("TG5005", json!({"from": "1", "version": 2})),
        ("TG5006", json!({"from": 1, "version": 2, "attributes": {}})),
        ("TG5006", json!({"from": 1, "version": 2, "environments": {"prod": {}}})),
        ("TG5006", json!({"from": 1, "version": 2, "environment": "prod"})),
        ("TG5006", json!({"from": 1, "version": 2, "kills": [{"feature": "alone", "environment": "prod"}]})),
        (
            "TG5006",
            json!({"from": 1, "version": 2, "releases": [{"id": "more", "phases": [{"id": "p", "live": true}],
            "features": {"alone": {"candidate": alone}}}]}),
        ),
        (
            "TG5006",
            json!({"from": 1, "version": 2, "exclusion_groups": {"g": {"ranges": {
            "x": {"from": 0, "to": 5}, "other": {"from": 5, "to": 9}}}}}),
        ),
        ("TG1006", json!([1])),
        ("TG2004", json!({"from": 1, "version": 2, "features": []})),
        ("TG2004", json!({"from": 1, "version": 2, "segments": 5})),
        ("TG2004", json!({"from": 1, "version": 2, "releases": 5})),
        ("TG2001", json!({"from": 1, "version": 2, "feature": {}})),
        ("TG3002", json!({"from": 1, "version": 2, "features": {"alone": null}})),
        ("TG3001", json!({"from": 1, "version": 2, "segments": {"big": null}})),
        ("TG2003", json!({"from": 1, "version": 2, "features": {"alone": {"kind": "gate", "default": "x"}}})),
    ];
    for (code, delta) in deltas {
        let mut rig = Rig::loaded(Mode::Strict, &shop());
        let (old, all) = (Arc::clone(&rig.program), features_of(&shop()));
        let same = Rig::loaded(Mode::Strict, &shop());
        let expected = same.decisions(&all);
        let error = rig.apply(&delta).expect_err(&delta.to_string());
        assert_eq!(error.code().as_str(), code, "{delta}: {error:?}");
        assert!(Arc::ptr_eq(&old, &rig.program));
        rig.apply(&json!({"from": 1, "version": 1})).unwrap();
        assert_eq!(rig.decisions(&all), expected, "after {delta}");
    }
}

#[test]
fn refused_document_changes_nothing_in_either_mode() {
    for mode in [Mode::Lenient, Mode::Strict] {
        let mut rig = Rig::loaded(mode, &shop());
        let all = features_of(&shop());
        let same = Rig::loaded(mode, &shop());
        let expected = same.decisions(&all);
        let mut refused = vec![json!([]), json!({"schema_version": 2, "version": 2}), json!({"version": 2})];
        if mode == Mode::Strict {
            refused.push(edited(|document| document["features"]["alone"] = json!({"kind": "gat"})));
            refused
                .push(edited(|document| document["features"]["on_big"] = gate(json!({"segment": "none"}))));
            refused.push(edited(|document| document["segments"]["big"] = json!({"if": {"segment": "big"}})));
            refused.push(edited(|document| document["releases"][0]["phases"][0]["colour"] = json!(1)));
        }
        for document in refused {
            let error = rig.load(&document).expect_err(&document.to_string());
            assert!(error.diagnostics().iter().any(|own| own.code == error.code()));
            assert_eq!(rig.decisions(&all), expected, "{document}");
        }
        // What a refused document brought is not taken for known.
        let compiled =
            rig.load(&edited(|document| document["features"]["alone"] = gate(at_least(1)))).unwrap();
        assert_eq!(names(&compiled.changed), ["alone", "on_alone"]);
    }
}

// --- what is reported ---------------------------------------------------------------------------------------------

#[test]
fn rules_that_are_never_reached_or_never_hold_are_reported() {
    let features = json!({"f": {"kind": "gate", "rules": [
        {"id": "never", "if": {"any": []}, "variant": "on"},
        {"id": "other-region", "if": {"attribute": "region", "op": "eq", "value": "eu"}, "variant": "on"},
        {"id": "all", "variant": "on"},
        {"id": "late", "variant": "off"}]},
        "g": gate(at_least(1))});
    let process = BTreeMap::from([("region".to_owned(), Value::from("us"))]);
    let warnings = validate(document(features).to_string().as_bytes(), &process).unwrap();
    let mut found: Vec<String> = warnings.iter().map(|own| format!("{} {}", own.code, own.message)).collect();
    found.sort();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("TG6001 rule `late`"), "{found:?}");
    assert!(found[1].starts_with("TG6002 rule `never`"), "{found:?}");
    assert!(found[2].starts_with("TG6002 rule `other-region`"), "{found:?}");
    assert!(warnings.iter().all(|own| own.pointer.starts_with("/features/f")), "{:?}", places(&warnings));
}

#[test]
fn warnings_of_what_did_not_change_are_told_once() {
    let first = document(
        json!({"f": {"kind": "gate", "rules": [{"id": "all", "variant": "on"}, {"id": "late", "variant": "off"}]}}),
    );
    let mut rig = Rig::new(Mode::Strict);
    assert_eq!(rig.load(&first).unwrap().diagnostics.len(), 1);
    assert_eq!(rig.load(&next(&first)).unwrap().diagnostics.len(), 0);
}

// --- references ---------------------------------------------------------------------------------------------------

#[test]
fn a_diamond_of_forty_levels_is_decided_fast_and_right() {
    let mut segments = Map::new();
    for i in 0..40 {
        let below = json!({"segment": format!("s{}", i + 1)});
        // Some are negated twice, so that both signs are remembered.
        let condition = match i % 3 {
            0 => json!({"all": [below, below]}),
            1 => json!({"any": [{"all": [below, {"any": []}]}, below]}),
            _ => json!({"not": {"any": [{"not": below}, {"not": below}]}}),
        };
        segments.insert(format!("s{i}"), json!({"if": condition}));
    }
    segments.insert("s40".to_owned(), json!({"if": at_least(5)}));
    let mut whole =
        document(json!({"f": gate(json!({"segment": "s0"})), "n": gate(json!({"not": {"segment": "s0"}}))}));
    whole["segments"] = Json::Object(segments);
    let rig = Rig::loaded(Mode::Strict, &whole);
    for (seats, holds) in [(json!(5), true), (json!(4), false)] {
        assert_eq!(rig.decide("f", &json!({"seats": seats}))["value"], holds);
        assert_eq!(rig.decide("n", &json!({"seats": seats}))["value"], !holds);
    }
    assert_eq!(rig.decide("f", &json!({}))["value"], false);
    assert_eq!(
        rig.decide("n", &json!({}))["value"],
        false,
        "a leaf that is not applicable is false, and its negation too"
    );
}

#[test]
fn a_diamond_of_features_is_decided_fast_and_right() {
    let mut features = Map::new();
    for i in 0..40 {
        let below = |variant: &str| json!({"feature": format!("f{}", i + 1), "variants": [variant]});
        features.insert(format!("f{i}"), gate(json!({"all": [below("on"), {"not": below("off")}]})));
    }
    features.insert("f40".to_owned(), gate(at_least(5)));
    let rig = Rig::loaded(Mode::Strict, &document(Json::Object(features)));
    assert_eq!(rig.decide("f0", &json!({"seats": 5}))["value"], true);
    assert_eq!(rig.decide("f0", &json!({"seats": 4}))["value"], false);
}

/// A gate on a chain of so many segments, of which each refers to the next.
fn chain(references: usize) -> Json {
    let mut segments = Map::new();
    for i in 1..references {
        segments.insert(format!("s{i}"), json!({"if": {"segment": format!("s{}", i + 1)}}));
    }
    segments.insert(format!("s{references}"), json!({"if": at_least(5)}));
    let mut whole = document(json!({"f": gate(json!({"segment": "s1"})), "sound": gate(at_least(1))}));
    whole["segments"] = Json::Object(segments);
    whole
}

#[test]
fn chain_of_64_references_is_accepted_and_of_65_refused() {
    let rig = Rig::loaded(Mode::Strict, &chain(64));
    assert_eq!(rig.decide("f", &json!({"seats": 5}))["value"], true);
    let error = Rig::new(Mode::Strict).load(&chain(65)).unwrap_err();
    assert_eq!(places(error.diagnostics()), ["TG3008 /features/f"]);

    let rig = Rig::loaded(Mode::Lenient, &chain(65));
    assert_eq!(rig.decide("f", &json!({"seats": 5}))["reason"], "invalid_definition");
    assert_eq!(rig.decide("sound", &json!({"seats": 5}))["value"], true);
}

#[test]
fn more_than_900_definitions_reached_are_refused() {
    let wide = |count: usize| {
        let segments: Map<String, Json> =
            (0..count).map(|i| (format!("s{i}"), json!({"if": at_least(i)}))).collect();
        let any: Vec<Json> = (0..count)
            .rev()
            .map(|i| json!({"all": [{"segment": format!("s{i}")}, {"not": {"segment": format!("s{i}")}}]}))
            .collect();
        let mut whole = document(json!({"f": gate(json!({"any": any}))}));
        whole["segments"] = Json::Object(segments);
        whole
    };
    let rig = Rig::loaded(Mode::Strict, &wide(900));
    assert_eq!(rig.decide("f", &json!({"seats": 5}))["value"], false);
    let error = Rig::new(Mode::Strict).load(&wide(901)).unwrap_err();
    assert_eq!(places(error.diagnostics()), ["TG3008 /features/f"]);
}

#[test]
fn candidate_that_refers_to_what_a_long_chain_made_invalid_is_ignored() {
    // SEMANTICS 9.5: the segment s1 is invalid (its chain is too long), and so is a candidate that refers to it.
    let mut whole = chain(66);
    whole["features"]["f"] = json!({"kind": "gate", "default": "on"});
    whole["releases"] = json!([{"id": "rel", "features": {"f": {"candidate": gate(json!({"segment": "s1"}))}},
        "phases": [{"id": "p", "live": true}]}]);
    let rig = Rig::loaded(Mode::Lenient, &whole);
    let decision = rig.decide("f", &json!({"seats": 5}));
    assert_eq!((&decision["value"], &decision["release"]), (&json!(true), &Json::Null), "{decision}");
}

#[test]
fn phase_that_refers_to_what_a_long_chain_made_invalid_is_ignored() {
    let mut whole = chain(66);
    whole["features"]["f"] = json!({"kind": "gate", "default": "on"});
    whole["releases"] = json!([{"id": "rel", "features": {"f": {"candidate": {"kind": "gate"}}},
        "phases": [{"id": "p", "live": true, "target": [{"if": {"any": [{"segment": "s1"}, at_least(1)]}}]}]}]);
    let rig = Rig::loaded(Mode::Lenient, &whole);
    let decision = rig.decide("f", &json!({"seats": 5}));
    assert_eq!((&decision["value"], &decision["release"]), (&json!(true), &Json::Null), "{decision}");
}
