//! Handles of names that no document has had yet.

use super::*;

#[test]
fn handles_of_unknown_features_make_no_other_program() {
    let engine = loaded(json!({"f": always(true)}));
    let (before, reader) = (engine.program(), engine.reader());
    for i in 0..5_000 {
        let _ = (engine.gate(&format!("g{i}")), engine.feature(&format!("g{i}")));
    }
    assert!(Arc::ptr_eq(&before, &engine.program()));
    assert_eq!(engine.reader().epoch(), reader.epoch());
    assert!(engine.inner.writer.lock().retired.is_empty());
}

#[test]
fn names_of_unknown_features_are_never_confused() {
    let engine = loaded(json!({"f": always(true)}));
    let (mut reader, old, context) = (engine.reader(), engine.view(), engine.context().build());
    let mut handles: Vec<(String, Feature)> = Vec::new();
    let mut version = 1;
    for round in 0..20 {
        for i in 0..100 {
            let name = format!("{}feature_{round}_{i}", "x".repeat(i % 30));
            let handle = engine.feature(&name);
            handles.push((name, handle));
        }
        version += 1;
        // Of what was asked for, some is there now; with names that nobody has asked for, and those of a refused document.
        let here = |i: usize| i % 7 == round % 7;
        let mut features = serde_json::Map::new();
        for (name, _) in handles.iter().enumerate().filter(|(i, _)| here(*i)).map(|(_, handle)| handle) {
            features.insert(name.clone(), always(true));
        }
        features.insert(format!("other_{round}"), always(true));
        let refused = json!({"features": {format!("refused_{round}"): always(true)}, "version": 0, "schema_version": 1});
        assert!(engine.load(&bytes(&refused)).is_err());
        if round % 5 == 4 {
            engine.set_override(&format!("overridden_{round}"), Override::value(true)).unwrap();
        } else if round % 5 == 2 {
            engine.clear_overrides();
        }
        engine.load(&document(version, Json::Object(features))).unwrap();
        for (i, (name, handle)) in handles.iter().enumerate() {
            assert_eq!(engine.feature(name), *handle);
            let decision = reader.decide(*handle, &context);
            assert_eq!((decision.feature(), decision.is_on()), (&**name, here(i)));
            let view = engine.view();
            assert_eq!(view.decide(*handle, &context).feature(), name);
            assert_eq!(view.decide(*handle, &context).is_on(), here(i));
        }
        let names: std::collections::BTreeSet<u32> =
            handles.iter().map(|(_, handle)| handle.number()).collect();
        assert_eq!(names.len(), handles.len());
        let refused = engine.feature(&format!("refused_{round}"));
        assert_eq!(reader.decide(refused, &context).feature(), format!("refused_{round}"));
        assert_eq!(engine.feature(&format!("refused_{round}")), refused);
    }
    for (name, handle) in &handles {
        assert_eq!(
            old.decide(*handle, &context).feature(),
            name,
            "also by a view that is older than the handle"
        );
        assert_eq!(old.decide(*handle, &context).reason(), Reason::UnknownFeature);
    }
}

#[test]
fn a_handle_that_many_threads_take_at_once_is_one() {
    let engine = Engine::new();
    let all: Vec<Vec<Feature>> = std::thread::scope(|scope| {
        let take = || scope.spawn(|| (0..500).map(|i| engine.feature(&format!("g{i}"))).collect());
        let threads: Vec<_> = (0..4).map(|_| take()).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(all.iter().all(|own| own == &all[0]));
}
