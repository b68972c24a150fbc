//! Who may do what: every operation of the document × every role, against the table below.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use crate::common::{START, reply};
use crate::world::{World, body, condition, gate};

/// The roles: a letter, and what it is.
const ROLES: &[(char, &str)] =
    &[('v', "viewer"), ('e', "editor"), ('p', "approver"), ('r', "releaser"), ('a', "admin")];

/// Everybody who has a role.
const ALL: &str = "vepra";
/// Who may write.
const WRITE: &str = "era";
/// Who may administer.
const ADMIN: &str = "a";

/// Each operation, and the letters of those who may. `-` in front: nobody's token is needed; `*`: any token does, without a role too.
const TABLE: &[(&str, &str)] = &[
    ("list_environments", ALL),
    ("create_environment", ADMIN),
    ("show_environment", ALL),
    ("update_environment", ADMIN),
    ("delete_environment", ADMIN),
    ("list_attributes", ALL),
    ("show_attribute", ALL),
    ("put_attribute", WRITE),
    ("delete_attribute", WRITE),
    ("list_exclusion_groups", ALL),
    ("show_exclusion_group", ALL),
    ("put_exclusion_group", WRITE),
    ("delete_exclusion_group", WRITE),
    ("list_features", ALL),
    ("create_feature", WRITE),
    ("show_feature", ALL),
    ("save_feature", WRITE),
    ("preview_feature", WRITE),
    ("enable_feature", WRITE),
    ("disable_feature", WRITE),
    ("resalt_feature", WRITE),
    ("archive_feature", WRITE),
    ("unarchive_feature", WRITE),
    ("launch_feature", WRITE),
    ("delete_feature", WRITE),
    // `prod` takes part in pipelines and is production.
    ("attach_feature", ADMIN),
    ("tag_feature", WRITE),
    ("kill_feature", "ra"),
    ("unkill_feature", "ra"),
    ("list_feature_references", ALL),
    ("list_segments", ALL),
    ("create_segment", WRITE),
    ("show_segment", ALL),
    ("save_segment", WRITE),
    ("preview_segment", WRITE),
    ("delete_segment", WRITE),
    ("attach_segment", ADMIN),
    ("list_segment_references", ALL),
    ("apply_change", WRITE),
    ("preview_change", WRITE),
    ("list_schedules", ALL),
    ("show_schedule", ALL),
    ("cancel_schedule", WRITE),
    ("list_pipelines", ALL),
    ("create_pipeline", WRITE),
    ("show_pipeline", ALL),
    ("update_pipeline", WRITE),
    ("delete_pipeline", WRITE),
    ("publish_pipeline", WRITE),
    ("unpublish_pipeline", WRITE),
    ("archive_pipeline", WRITE),
    ("clone_pipeline", WRITE),
    ("show_pipeline_version", ALL),
    ("add_feature_to_pipeline", ADMIN),
    ("remove_feature_from_pipeline", ADMIN),
    ("list_pipeline_references", ALL),
    ("list_releases", ALL),
    ("show_release", ALL),
    ("preview_release_action", ALL),
    ("list_release_history", ALL),
    ("approve_release", "pa"),
    ("reject_release", "pa"),
    ("pause_release", "epra"),
    ("unpause_release", "ra"),
    ("skip_release", "ra"),
    ("abort_release", "ra"),
    ("full_roll_out_release", "ra"),
    ("revert_release", "ra"),
    ("supersede_release", WRITE),
    ("give_verdict", "epra"),
    ("list_change_requests", ALL),
    ("show_change_request", ALL),
    ("list_proposals", ALL),
    ("show_proposal", ALL),
    ("approve_proposal", ADMIN),
    ("reject_proposal", ADMIN),
    ("list_principals", ALL),
    ("create_principal", ADMIN),
    ("show_principal", ALL),
    ("update_principal", ADMIN),
    ("disable_principal", ADMIN),
    ("delete_principal", ADMIN),
    ("show_me", "*"),
    // One's own; another's is in `others_tokens_are_for_admins`.
    ("list_tokens", "*"),
    ("create_token", "*"),
    ("show_token", ADMIN),
    ("revoke_token", ADMIN),
    ("list_webhooks", ALL),
    ("create_webhook", ADMIN),
    ("show_webhook", ALL),
    ("update_webhook", ADMIN),
    ("delete_webhook", ADMIN),
    ("rotate_webhook", ADMIN),
    ("test_webhook", ADMIN),
    ("list_webhook_deliveries", ALL),
    ("list_deliveries", ALL),
    ("show_delivery", ALL),
    ("resend_delivery", ADMIN),
    ("show_snapshot", ALL),
    ("show_environment_snapshot", ALL),
    ("list_audit", ALL),
    ("show_audit_event", ALL),
    ("verify_audit", ALL),
    ("export_audit", ALL),
    ("follow_events", ALL),
];

/// A request of an operation that is right in everything but perhaps who sends it: what fills the path, and the body.
async fn request(world: &World, operation: &str) -> (Vec<String>, Option<Json>) {
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
        "show_feature" | "list_feature_references" => (vec![w.feature().await], None),
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
fn operations() -> BTreeMap<String, (String, String)> {
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
fn fill(path: &str, keys: &[String]) -> String {
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

#[test]
fn the_table_names_every_operation_and_no_other() {
    let documented: BTreeSet<String> = operations().into_keys().collect();
    let listed: BTreeSet<String> = TABLE.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(listed.len(), TABLE.len(), "an operation is listed twice");
    assert_eq!(documented, listed);
}

#[tokio::test]
async fn every_operation_lets_on_whom_the_table_says_and_nobody_else() {
    let world = World::new().await;
    let h = &world.harness;
    let mut tokens = Vec::new();
    for (letter, role) in ROLES {
        tokens.push((*letter, h.person(&format!("the-{role}"), json!([{ "role": role }])).await));
    }
    let nobody = h.person("nobody", json!([])).await;
    let operations = operations();
    let mut wrong = Vec::new();
    for (id, allowed) in TABLE {
        let (method, path) = &operations[*id];
        for (letter, token) in
            tokens.iter().map(|(l, t)| (*l, t)).chain([('-', &nobody), (' ', &String::new())])
        {
            let (keys, body) = request(&world, id).await;
            let path = fill(path, &keys);
            let seq = h.seq();
            let mut sent = h.request(token, method, &path);
            if let Some(body) = &body {
                sent = sent.json(body);
            }
            // A stream does not end: its head says it all.
            let (status, text) = if *id == "follow_events" {
                (sent.send().await.unwrap().status().as_u16(), String::new())
            } else {
                let answer = reply(sent).await;
                (answer.status, answer.body.to_string())
            };
            let unchanged = h.seq() == seq;
            let right = match letter {
                ' ' => status == 401 && unchanged,
                _ if allowed.contains(letter) || *allowed == "*" => (200..300).contains(&status),
                // What is not one's own is not there.
                _ if *id == "show_token" => status == 404,
                _ => status == 403 && unchanged,
            };
            if !right {
                let text: String = text.chars().take(300).collect();
                wrong.push(format!("{id} by `{letter}` (allowed: {allowed}): {status} {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.harness.stop().await;
}

#[tokio::test]
async fn a_role_in_one_environment_does_nothing_in_another() {
    let world = World::new().await;
    let h = &world.harness;
    let scoped = |role: &str| json!([{ "role": role, "environments": ["dev"] }]);
    let releaser = h.person("releaser-dev", scoped("releaser")).await;
    let viewer = h.person("viewer-dev", scoped("viewer")).await;
    let approver = h.person("approver-dev", scoped("approver")).await;
    let editor = h.person("editor-dev", scoped("editor")).await;
    let admin = h.person("admin-dev", scoped("admin")).await;

    let feature = world.feature().await;
    let kill = |environment: &str| json!({ "environment": environment, "reason": "test" });
    let path = format!("/features/{feature}/kill");
    h.post_as(&releaser, &path, kill("dev")).await.expect(200);
    h.post_as(&releaser, &path, kill("prod")).await.problem(403, "forbidden");
    let path = format!("/features/{feature}/unkill");
    h.post_as(&releaser, &path, json!({ "environment": "dev" })).await.expect(200);

    h.call(&viewer, "GET", "/snapshots/dev", None).await.expect(200);
    h.call(&viewer, "GET", "/snapshots/prod", None).await.problem(403, "forbidden");
    h.call(&viewer, "GET", "/features", None).await.expect(200);

    // The phase is for all environments; so is what moves it.
    let (release, _) = world.waiting().await;
    let seen = world.seen(&release, json!({})).await;
    h.post_as(&approver, &format!("/releases/{release}/approve"), seen.clone())
        .await
        .problem(403, "forbidden");
    for action in ["abort", "full-roll-out", "skip"] {
        let refused = h.post_as(&releaser, &format!("/releases/{release}/{action}"), seen.clone()).await;
        refused.problem(403, "forbidden");
    }

    // A definition that is the same in `prod` may be written by who may write in `dev`.
    let save = |definition: Json| json!({ "definition": definition, "base_revision": 1 });
    let path = format!("/features/{feature}");
    h.call(&editor, "PUT", &path, Some(save(gate(true)))).await.problem(403, "forbidden");
    let only_dev =
        json!({ "kind": "gate", "enabled": false, "environments": { "dev": { "enabled": true } } });
    h.call(&editor, "PUT", &path, Some(save(only_dev))).await.expect(200);

    let update = |text: &str| Some(json!({ "description": text }));
    h.call(&admin, "PUT", "/environments/dev", update("other")).await.expect(200);
    h.call(&admin, "PUT", "/environments/prod", update("other")).await.problem(403, "forbidden");
    h.post_as(&admin, "/environments", json!({ "name": "other" })).await.problem(403, "forbidden");
    let person = json!({ "id": "eve", "kind": "person", "grants": [{ "role": "admin" }] });
    h.post_as(&admin, "/principals", person).await.problem(403, "forbidden");
    h.post_as(&admin, "/tokens", json!({ "principal": "admin" })).await.problem(403, "forbidden");
    h.post_as(&admin, "/webhooks", json!({ "url": "http://127.0.0.1:9/" })).await.problem(403, "forbidden");
    world.harness.stop().await;
}

#[tokio::test]
async fn nobody_approves_their_own_change() {
    let world = World::new().await;
    let h = &world.harness;
    let (release, _) = world.waiting().await;
    let seen = world.seen(&release, json!({})).await;
    let path = format!("/releases/{release}/approve");
    let maker = h.post("/tokens", json!({ "principal": "maker" })).await.expect(201);
    h.post_as(maker.body["secret"].as_str().unwrap(), &path, seen.clone())
        .await
        .problem(403, "self_approval");
    h.post(&path, seen).await.expect(200);
    world.harness.stop().await;
}

#[tokio::test]
async fn the_one_time_token_makes_one_token_of_its_own_and_nothing_else() {
    let config = tidegate_admin::config::Config {
        listen: ([127, 0, 0, 1], 0).into(),
        store: "sqlite::memory:".to_owned(),
        key_file: Some(std::env::temp_dir().join(format!("tidegate-once-{}", uuid::Uuid::new_v4()))),
        ..tidegate_admin::config::Config::default()
    };
    let clock = std::sync::Arc::new(tidegate_admin::clock::ManualClock::new(START));
    let server = tidegate_admin::server::serve_with(config.clone(), clock).await.unwrap();
    let once = server.admin_token().unwrap().to_owned();
    let http = tidegate_admin::outbound::client(std::time::Duration::from_secs(60)).unwrap();
    let url = |path: &str| format!("{}/api/v1{path}", server.url());
    for path in ["/me", "/environments", "/tokens"] {
        reply(http.get(url(path)).bearer_auth(&once)).await.problem(403, "forbidden");
    }
    let make = || http.post(url("/environments")).bearer_auth(&once).json(&json!({ "name": "dev" }));
    reply(make()).await.problem(403, "forbidden");
    let token = |body: Json| reply(http.post(url("/tokens")).bearer_auth(&once).json(&body));
    token(json!({ "principal": "other" })).await.problem(403, "forbidden");
    let made = token(json!({})).await.expect(201);
    token(json!({})).await.problem(401, "unauthenticated");
    let secret = made.body["secret"].as_str().unwrap();
    reply(http.get(url("/environments")).bearer_auth(secret)).await.expect(200);
    server.shut_down().await;
    std::fs::remove_file(config.key_path()).unwrap();
}
