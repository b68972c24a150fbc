//! A right request of every operation.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::world::{World, body, condition, gate, key};

/// A request of an operation that is right in everything but perhaps who sends it: what fills the path, and the body.
pub(crate) async fn request(world: &World, operation: &str) -> (Vec<String>, Option<Json>) {
    let w = world;
    let one = |key: String, body: Json| (vec![key], Some(body));
    let none = json!({});
    match operation {
        "create_environment" => (vec![], Some(json!({ "name": w.name("env"), "pipelines": false }))),
        "show_environment" => (vec![w.environment().await], None),
        "update_environment" => {
            one(w.environment().await, json!({ "pipelines": false, "description": "other" }))
        }
        "delete_environment" => one(w.environment().await, none),
        "show_attribute" => (vec![w.attribute().await], None),
        "put_attribute" => one(w.name("attribute"), json!({ "type": "number" })),
        "delete_attribute" => one(w.attribute().await, none),
        "show_exclusion_group" => (vec![w.group().await], None),
        "put_exclusion_group" => one(w.name("group"), json!({ "ranges": {} })),
        "delete_exclusion_group" => one(w.group().await, none),
        "create_feature" => (vec![], Some(json!({ "key": w.name("feature"), "definition": gate(false) }))),
        "show_feature" | "list_feature_references" | "list_feature_history" | "list_feature_exposures" => {
            (vec![w.feature().await], None)
        }
        "save_feature" | "preview_feature" => {
            one(w.feature().await, json!({ "definition": gate(true), "base_revision": 1 }))
        }
        "enable_feature" | "disable_feature" | "resalt_feature" | "archive_feature" | "delete_feature" => {
            one(w.feature().await, none)
        }
        "unarchive_feature" => {
            let feature = w.feature().await;
            w.make("POST", &format!("/features/{feature}/archive"), json!({})).await;
            one(feature, none)
        }
        "launch_feature" => one(w.experiment().await, json!({ "variant": "b" })),
        "attach_feature" => one(w.feature().await, json!({ "pipeline": w.pipeline().await })),
        "tag_feature" => one(w.feature().await, json!({ "tags": ["x"] })),
        "kill_feature" => one(w.feature().await, json!({ "environment": "prod", "reason": "test" })),
        "unkill_feature" => {
            let feature = w.feature().await;
            let kill = json!({ "environment": "prod", "reason": "test" });
            w.make("POST", &format!("/features/{feature}/kill"), kill).await;
            one(feature, json!({ "environment": "prod" }))
        }
        "create_segment" => {
            (vec![], Some(json!({ "key": w.name("segment"), "definition": condition("us") })))
        }
        "show_segment" | "list_segment_references" => (vec![w.segment().await], None),
        "save_segment" | "preview_segment" => {
            one(w.segment().await, json!({ "definition": condition("de"), "base_revision": 1 }))
        }
        "delete_segment" => one(w.segment().await, none),
        "attach_segment" => one(w.segment().await, json!({ "pipeline": w.pipeline().await })),
        "apply_change" | "preview_change" => {
            let feature = w.feature().await;
            let (features, revisions) = (json!({ feature.clone(): gate(true) }), json!({ feature: 1 }));
            (vec![], Some(json!({ "features": features, "base_revisions": revisions })))
        }
        "show_schedule" => (vec![w.schedule().await], None),
        "cancel_schedule" => one(w.schedule().await, none),
        "create_pipeline" => (vec![], Some(json!({ "key": w.name("pipeline"), "body": body(false, &[]) }))),
        "show_pipeline" | "list_pipeline_references" => (vec![w.pipeline().await], None),
        "update_pipeline" => {
            let (key, revision) = w.draft().await;
            one(key, json!({ "body": body(true, &[]), "base_revision": revision }))
        }
        "delete_pipeline" => one(w.draft().await.0, none),
        "publish_pipeline" => {
            let (key, revision) = w.draft().await;
            one(key, json!({ "base_revision": revision }))
        }
        "unpublish_pipeline" | "archive_pipeline" => one(w.pipeline().await, none),
        "clone_pipeline" => one(w.pipeline().await, json!({ "key": w.name("pipeline") })),
        "show_pipeline_version" => (vec![w.pipeline().await, "1".to_owned()], None),
        "add_feature_to_pipeline" => one(patching(w).await, json!({ "feature": w.feature().await })),
        "remove_feature_from_pipeline" => {
            let (_, feature) = w.completed().await;
            let shown = w.harness.get(&format!("/features/{feature}")).await.body;
            (vec![shown["pipeline"].as_str().unwrap().to_owned(), feature], Some(none))
        }
        "show_release" | "list_release_history" | "show_change_request" => (vec![w.waiting().await.0], None),
        "preview_release_action" => (vec![w.waiting().await.0 + "/preview?action=pause"], None),
        "approve_release" | "reject_release" | "full_roll_out_release" | "skip_release" => {
            let release = w.waiting().await.0;
            let bypass = matches!(operation, "full_roll_out_release" | "skip_release");
            let release = if bypass { w.baking().await.0 } else { release };
            let seen = w.seen(&release, none).await;
            one(release, seen)
        }
        "pause_release" => one(w.baking().await.0, json!({ "reason": "test" })),
        "abort_release" => one(w.waiting().await.0, json!({ "reason": "test" })),
        "unpause_release" => {
            let release = w.baking().await.0;
            w.make("POST", &format!("/releases/{release}/pause"), json!({})).await;
            let seen = w.seen(&release, none).await;
            one(release, seen)
        }
        "revert_release" => one(w.completed().await.0, json!({ "reason": "test" })),
        "supersede_release" => {
            let (release, feature) = w.waiting().await;
            let shown = w.harness.get(&format!("/features/{feature}")).await.body;
            let (features, revisions) =
                (json!({ feature.clone(): gate(false) }), json!({ feature: shown["definition_revision"] }));
            one(release, json!({ "features": features, "base_revisions": revisions }))
        }
        "give_verdict" => (vec![w.baking().await.0, "errors".to_owned()], Some(json!({ "verdict": "pass" }))),
        "show_proposal" => (vec![w.proposal().await], None),
        "approve_proposal" | "reject_proposal" => one(w.proposal().await, none),
        "create_principal" => {
            (vec![], Some(json!({ "id": w.name("person"), "kind": "service", "grants": [] })))
        }
        "show_principal" => (vec![w.principal().await], None),
        "update_principal" => one(w.principal().await, json!({ "grants": [], "name": "Other" })),
        "disable_principal" | "delete_principal" => one(w.principal().await, none),
        "create_token" => (vec![], Some(none)),
        "show_token" => (vec![w.token().await], None),
        "revoke_token" => one(w.token().await, none),
        "create_webhook" => (vec![], Some(json!({ "url": "http://127.0.0.1:9/", "disabled": true }))),
        "show_webhook" | "list_webhook_deliveries" => (vec![w.webhook().await], None),
        "update_webhook" => {
            one(w.webhook().await, json!({ "url": "http://127.0.0.1:9/x", "disabled": true }))
        }
        "delete_webhook" | "rotate_webhook" | "test_webhook" => one(w.webhook().await, none),
        "create_sdk_key" => (vec![], Some(json!({ "environment": "dev" }))),
        "revoke_sdk_key" => one(w.sdk_key().await, none),
        "create_signing_key" => {
            w.no_next_key().await;
            (vec![], Some(none))
        }
        "rotate_signing_key" => (vec![], Some(json!({ "reason": "test" }))),
        "retire_signing_key" => {
            w.no_next_key().await;
            one(key(&w.make("POST", "/signing-keys", json!({})).await), none)
        }
        "show_delivery" => (vec![w.delivery().await], None),
        "resend_delivery" => one(w.delivery().await, none),
        "show_environment_snapshot" => (vec!["dev".to_owned()], None),
        "show_audit_event" => (vec!["1".to_owned()], None),
        _ => (vec![], None),
    }
}

/// A published pipeline whose phase enables what goes through it.
async fn patching(world: &World) -> String {
    let key = world.name("pipeline");
    let body = json!({ "phases": [{ "id": "all", "patches": [{ "patch": "enable" }] }] });
    let made = world.make("POST", "/pipelines", json!({ "key": key, "body": body })).await;
    world
        .make("POST", &format!("/pipelines/{key}/publish"), json!({ "base_revision": made["revision"] }))
        .await;
    key
}

/// method and path of every operation of the document.
pub(crate) fn operations() -> BTreeMap<String, (String, String)> {
    let document: Json = serde_json::from_str(&tidegate_admin::http::openapi().unwrap()).unwrap();
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            let path = path.strip_prefix("/api/v1").unwrap().to_owned();
            operations.insert(id, (method.to_uppercase(), path));
        }
    }
    operations
}

/// A path with its parameters; what has a query replaces the rest.
pub(crate) fn fill(path: &str, keys: &[String]) -> String {
    let mut keys = keys.iter();
    let mut filled = String::new();
    for part in path.split('/').skip(1) {
        let part = if part.starts_with('{') { keys.next().unwrap().clone() } else { part.to_owned() };
        filled.push('/');
        filled.push_str(&part);
        if part.contains('?') {
            break;
        }
    }
    filled
}
