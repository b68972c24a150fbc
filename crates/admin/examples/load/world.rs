//! What the scenarios act on: environments, a pipeline, features with lists of ten ids, people.

use serde_json::{Value as Json, json};

use crate::http::Connection;
use crate::server::Fails;

/// How many features, and releases.
pub(crate) const FEATURES: usize = 1_000;

/// Makes two environments that take part in pipelines.
pub(crate) fn environments(admin: &mut Connection) -> Fails<()> {
    for (name, production) in [("staging", false), ("production", true)] {
        let body = json!({"name": name, "production": production});
        admin.send("POST", "/api/v1/environments", Some(&body))?.ok()?;
    }
    Ok(())
}

/// Makes and publishes a pipeline.
pub(crate) fn pipeline(admin: &mut Connection, key: &str, phases: &Json) -> Fails<()> {
    let made = json!({"key": key, "body": {"phases": phases}});
    let made = admin.send("POST", "/api/v1/pipelines", Some(&made))?.ok()?;
    let publish = json!({"base_revision": made.get("revision")});
    admin.send("POST", &format!("/api/v1/pipelines/{key}/publish"), Some(&publish))?.ok()?;
    Ok(())
}

/// A gate that is on for ten ids; another one for each `seed`.
pub(crate) fn definition(seed: usize) -> Json {
    let ids: Vec<String> = (0..10).map(|n| format!("user-{seed}-{n}")).collect();
    json!({
        "kind": "gate",
        "rules": [{"id": "list", "if": {"attribute": "user_id", "op": "in", "value": ids}, "variant": "on"}],
    })
}

/// Makes a feature that is attached to a pipeline, so that a release of it starts; gives the release.
pub(crate) fn release(admin: &mut Connection, key: &str, pipeline: &str, seed: usize) -> Fails<String> {
    let body = json!({"key": key, "definition": definition(seed), "pipeline": pipeline});
    let made = admin.send("POST", "/api/v1/features", Some(&body))?.ok()?;
    started(&made)
}

/// The release that an answer says was started.
pub(crate) fn started(answer: &Json) -> Fails<String> {
    let release = answer.get("release").and_then(|release| match release {
        Json::String(id) => Some(id.clone()),
        other => other.get("key").or_else(|| other.get("id")).and_then(Json::as_str).map(str::to_owned),
    });
    Ok(release.ok_or_else(|| format!("no release was started: {answer}"))?)
}

/// Makes people who may do everything; gives their tokens.
pub(crate) fn people(admin: &mut Connection, count: usize) -> Fails<Vec<String>> {
    let mut tokens = Vec::with_capacity(count);
    for n in 0..count {
        let id = format!("person-{n}");
        let body = json!({"id": id, "kind": "person", "grants": [{"role": "admin"}]});
        admin.send("POST", "/api/v1/principals", Some(&body))?.ok()?;
        let made = admin.send("POST", "/api/v1/tokens", Some(&json!({"principal": id})))?.ok()?;
        tokens.push(made.get("secret").and_then(Json::as_str).ok_or("no secret")?.to_owned());
    }
    Ok(tokens)
}

/// The number of the last event.
pub(crate) fn events(admin: &mut Connection) -> Fails<u64> {
    let verified = admin.send("GET", "/api/v1/audit/verify", None)?.ok()?;
    if verified.get("whole") != Some(&Json::Bool(true)) {
        return Err(format!("the audit log is not whole: {verified}").into());
    }
    Ok(verified.get("events").and_then(Json::as_u64).ok_or("no number of events")?)
}
