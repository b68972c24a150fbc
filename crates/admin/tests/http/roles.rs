//! Who may do what: every operation of the document × every role, against the table below.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::common::{START, reply};
use crate::requests::{fill, operations, request};
use crate::world::{World, gate};

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
    ("list_feature_history", ALL),
    ("list_feature_exposures", ALL),
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
    // Of the action `pause`: who could not do it is told so.
    ("preview_release_action", "epra"),
    ("list_release_history", ALL),
    ("approve_release", "pa"),
    ("reject_release", "pa"),
    ("pause_release", "epra"),
    ("unpause_release", "ra"),
    ("skip_release", "ra"),
    ("abort_release", "ra"),
    ("full_roll_out_release", "ra"),
    ("revert_release", "ra"),
    ("supersede_release", "ra"),
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
    ("list_sdk_keys", ADMIN),
    ("create_sdk_key", ADMIN),
    ("revoke_sdk_key", ADMIN),
    ("list_signing_keys", ADMIN),
    ("create_signing_key", ADMIN),
    ("rotate_signing_key", ADMIN),
    ("retire_signing_key", ADMIN),
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
    ("list_fleet", ALL),
    ("list_propagation", ALL),
    ("show_snapshot", ALL),
    ("show_environment_snapshot", ALL),
    ("list_audit", ALL),
    ("show_audit_event", ALL),
    ("verify_audit", ALL),
    ("export_audit", ALL),
    ("backup", ADMIN),
    ("follow_events", ALL),
];

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
        let mut prepared = None;
        for (letter, token) in
            tokens.iter().map(|(l, t)| (*l, t)).chain([('-', &nobody), (' ', &String::new())])
        {
            // What was refused has changed nothing, so that the next may be asked the same.
            let (keys, body) = match prepared.take() {
                Some(prepared) => prepared,
                None => request(&world, id).await,
            };
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
            if method == "GET" || (unchanged && status >= 400) {
                prepared = Some((keys, body));
            }
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
    let sdk_key = |environment: &str| json!({ "environment": environment });
    let made = h.post_as(&admin, "/sdk-keys", sdk_key("dev")).await.expect(201);
    h.post_as(&admin, "/sdk-keys", sdk_key("prod")).await.problem(403, "forbidden");
    let others = h.post("/sdk-keys", sdk_key("prod")).await.expect(201);
    let shown = h.call(&admin, "GET", "/sdk-keys", None).await.expect(200);
    assert_eq!(shown.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(shown.body["items"][0]["key"], made.body["key"]);
    let path = format!("/sdk-keys/{}/revoke", others.body["key"].as_str().unwrap());
    h.post_as(&admin, &path, json!({})).await.problem(403, "forbidden");
    h.post_as(&admin, "/signing-keys", json!({})).await.problem(403, "forbidden");
    h.post_as(&admin, "/signing-keys/rotate", json!({})).await.problem(403, "forbidden");
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
