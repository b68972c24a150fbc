//! Documents that are refused tell all that is wrong with them.

use super::*;

fn problems(error: &Error) -> Vec<String> {
    error.diagnostics().iter().map(|one| format!("{} {}", one.code.as_str(), one.pointer)).collect()
}

/// A wrong default, an operand that is none, and a reference to nothing: found by three parts of the compiler.
fn wrong() -> Json {
    json!({"a": {"kind": "gate", "default": "x"},
        "b": {"kind": "gate", "rules": [{"id": "r", "if": {"attribute": "v", "op": "semver_gt", "value": "?"}, "variant": "on"}]},
        "c": {"kind": "gate", "rules": [{"id": "r", "if": {"segment": "none"}, "variant": "on"}]}})
}

#[test]
fn an_older_version_hides_no_other_problem() {
    let load = |features: Json, version: u64, environment: &str| {
        let engine = Engine::builder().mode(Mode::Strict).process("environment", "prod").build();
        engine.load(&document(5, json!({"f": always(true)}))).unwrap();
        let error = engine
            .load(&bytes(&json!({"schema_version": 1, "version": version, "features": features,
            "environment": environment})))
            .unwrap_err();
        assert!(engine.check("f", &engine.context().build()) && engine.version() == 5);
        // What was refused leaves nothing behind.
        engine.load(&document(6, json!({"f": always(false), "g": always(true)}))).unwrap();
        assert!(engine.check("g", &engine.context().build()));
        (error.code(), problems(&error))
    };
    let (code, alone) = load(wrong(), 6, "prod");
    assert_eq!(alone.len(), 3, "{alone:?}");
    assert_ne!(code, Code::OlderVersion);
    let (code, all) = load(wrong(), 4, "prod");
    assert_eq!(code, Code::OlderVersion);
    assert_eq!(all, [vec!["TG5003 /version".to_owned()], alone.clone()].concat());
    // Nor does another environment.
    let (code, all) = load(wrong(), 4, "dev");
    assert_eq!(code, Code::OtherEnvironment);
    let both = ["TG1008 /environment", "TG5003 /version"].map(str::to_owned).to_vec();
    assert_eq!(all, [both, alone].concat());
    // A document that is sound otherwise.
    assert_eq!(load(json!({"f": always(true)}), 4, "prod").1, ["TG5003 /version"]);
    // One that is broken as a whole.
    let (_, all) = load(json!([]), 4, "prod");
    assert_eq!(all[0], "TG5003 /version");
    assert_eq!(all.len(), 2, "{all:?}");
}

#[test]
fn an_older_delta_hides_no_other_problem() {
    let engine = Engine::builder().mode(Mode::Strict).build();
    engine.load(&document(5, json!({"f": always(true)}))).unwrap();
    let error =
        engine.apply_delta(&bytes(&json!({"from": 5, "version": 4, "features": wrong()}))).unwrap_err();
    assert_eq!((error.code(), error.diagnostics().len()), (Code::OlderVersion, 4));
    engine.apply_delta(br#"{"from": 5, "version": 6}"#).unwrap();
}

#[test]
fn a_version_that_cannot_be_read_is_not_called_older() {
    for mode in [Mode::Strict, Mode::Lenient] {
        let engine = Engine::builder().mode(mode).build();
        engine.load(&document(5, json!({"f": always(true)}))).unwrap();
        for version in [json!(null), json!(-1), json!("4")] {
            let error = engine.load(&bytes(&json!({"schema_version": 1, "version": version}))).unwrap_err();
            assert_eq!(problems(&error), ["TG1009 /version"]);
        }
        let error = engine.load(&bytes(&json!({"schema_version": 2, "version": 4}))).unwrap_err();
        assert_eq!(problems(&error), ["TG1007 /schema_version"]);
    }
}

#[test]
fn a_lenient_engine_refuses_an_older_version_for_that_alone() {
    let engine = loaded(json!({"f": always(true)}));
    engine.load(&document(5, json!({"f": always(true)}))).unwrap();
    let error = engine.load(&document(4, wrong())).unwrap_err();
    assert_eq!(problems(&error), ["TG5003 /version"]);
}
