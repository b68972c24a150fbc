//! Each family of verbs, from first to last.

use super::Server;
use super::server::{ON, STANDARD};

#[test]
fn environments_are_made_changed_and_deleted() {
    let server = Server::start();
    let made =
        server.run(&["env", "create", "qa", "--description", "for testers", "--pipelines", "false"]).ok();
    assert_eq!(made, "environment qa: done\n");
    let list = server.run(&["env", "list"]).ok();
    assert!(list.starts_with("ENVIRONMENT  PRODUCTION  PIPELINES  FLOOR  DESCRIPTION\n"), "{list}");
    assert!(list.contains("\nqa           no          no         -      for testers\n"), "{list}");
    // What is not given stays.
    server.run(&["env", "update", "qa", "--pipelines"]).ok();
    let shown = server.run(&["env", "show", "qa", "--format", "json"]).json();
    assert_eq!((&shown["pipelines"], &shown["description"]), (&true.into(), &"for testers".into()));
    server.run(&["env", "update", "qa", "--approvals", "2"]).ok();
    assert!(server.run(&["env", "list"]).ok().contains("approvals 2"));
    server.run(&["env", "delete", "qa", "--yes"]).ok();
    server.run(&["env", "show", "qa"]).fails(5);
}

#[test]
fn features_without_a_pipeline_are_live_at_once() {
    let server = Server::start();
    assert_eq!(
        server.run(&["feature", "create", "checkout", "--tag", "shop"]).ok(),
        "feature checkout: live, revision 1\n"
    );
    server.file("on.yaml", ON);
    let preview = server.run(&["feature", "preview", "checkout", "--file", "on.yaml"]).ok();
    assert!(
        preview.starts_with("live at once: no release is needed\ntouches: dev, prod, staging\ndiff:\n"),
        "{preview}"
    );
    let saved = server.run(&["feature", "save", "checkout", "--file", "on.yaml", "--yes"]).ok();
    assert!(saved.ends_with("feature checkout: live, revision 2\n"), "{saved}");
    let again = server.run(&["feature", "save", "checkout", "--file", "on.yaml", "--yes"]).ok();
    assert_eq!(again, "feature checkout: nothing to change\n");
    let list = server.run(&["feature", "list", "--tag", "shop"]).ok();
    assert!(list.contains("\ncheckout  gate  yes"), "{list}");
    assert_eq!(server.run(&["feature", "list", "--tag", "none", "--format", "json"]).ok(), "[]\n");
    server.run(&["feature", "disable", "checkout", "--environment", "prod", "--yes"]).ok();
    let shown = server.run(&["feature", "show", "checkout", "--format", "json"]).json();
    assert_eq!(shown["definition"]["environments"]["prod"]["enabled"], false);
    server.run(&["feature", "enable", "checkout", "--environment", "prod", "--yes"]).ok();
    server.run(&["feature", "resalt", "checkout", "--salt", "new", "--yes"]).ok();
    let shown = server.run(&["feature", "show", "checkout"]).ok();
    assert!(shown.contains("\"salt\": \"new\""), "{shown}");
    server.run(&["feature", "archive", "checkout", "--yes"]).ok();
    assert!(server.run(&["feature", "list", "--archived"]).ok().contains("archived"));
    server.run(&["feature", "unarchive", "checkout", "--yes"]).ok();
    server.run(&["feature", "delete", "checkout", "--yes"]).ok();
    assert_eq!(server.run(&["feature", "list", "--format", "json"]).ok(), "[]\n");
}

#[test]
fn an_editor_edits_what_is_there() {
    let server = Server::start();
    server.run(&["feature", "create", "checkout"]).ok();
    let script = server
        .file("editor.sh", "#!/bin/sh\nsed -i 's/\"gate\"/\"gate\", \"description\": \"edited\"/' \"$1\"\n");
    let editor = format!("sh {}", server.directory.join(script).display());
    let run =
        server.command(&["feature", "edit", "checkout", "--yes"]).env("EDITOR", editor).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    assert_eq!(
        server.run(&["feature", "show", "checkout", "--format", "json"]).json()["definition"]["description"],
        "edited"
    );
    let stderr = server.run(&["feature", "edit", "checkout"]).fails(2);
    assert!(stderr.contains("no editor is set") && stderr.contains("--file"), "{stderr}");
}

#[test]
fn kills_are_at_once_and_taken_back() {
    let server = Server::start();
    server.run(&["feature", "create", "checkout"]).ok();
    server
        .run(&["feature", "kill", "checkout", "--environment", "prod", "--reason", "it burns", "--yes"])
        .ok();
    let shown = server.run(&["feature", "show", "checkout"]).ok();
    assert!(shown.contains("killed in prod: it burns (by admin)"), "{shown}");
    assert!(server.run(&["feature", "list"]).ok().contains("prod"));
    server.run(&["feature", "unkill", "checkout", "--environment", "prod", "--yes"]).ok();
    assert!(!server.run(&["feature", "show", "checkout"]).ok().contains("killed"));
}

#[test]
fn segments_are_named_conditions_with_users() {
    let server = Server::start();
    server.file("staff.yaml", "if: {attribute: email, op: ends_with, value: '@corp.example'}\n");
    server.run(&["segment", "create", "staff", "--file", "staff.yaml"]).ok();
    server.file("by-staff.yaml", "kind: gate\nrules:\n  - {id: staff, if: {segment: staff}, variant: on}\n");
    server.run(&["feature", "create", "beta", "--file", "by-staff.yaml"]).ok();
    assert_eq!(
        server.run(&["segment", "references", "staff"]).ok(),
        "feature beta at /definition/rules/0/if/segment\n"
    );
    let stderr = server.run(&["segment", "delete", "staff", "--yes"]).fails(5);
    assert!(stderr.contains("[in_use]") && stderr.contains("feature `beta`"), "{stderr}");
    server.run(&["feature", "delete", "beta", "--yes"]).ok();
    server.run(&["segment", "delete", "staff", "--yes"]).ok();
    assert_eq!(server.run(&["segment", "list", "--format", "json"]).ok(), "[]\n");
}

#[test]
fn pipelines_are_drafts_then_versions() {
    let server = Server::start();
    server.file("standard.yaml", STANDARD);
    server.run(&["pipeline", "create", "standard", "--file", "standard.yaml"]).ok();
    let list = server.run(&["pipeline", "list", "--state", "draft"]).ok();
    assert!(list.contains("\nstandard  draft  -        2       0         0\n"), "{list}");
    let published = server.run(&["pipeline", "publish", "standard", "--yes"]).ok();
    assert_eq!(
        published,
        "phases:\n  1. inside: dev, staging\n  2. prod: prod; 1 approval\npipeline standard: version 1 is published\n"
    );
    let stderr = server.run(&["pipeline", "publish", "standard", "--yes"]).fails(5);
    assert!(stderr.contains("[already_published]"), "{stderr}");
    server.file("longer.yaml", &STANDARD.replace("count: 1", "count: 2"));
    server.run(&["pipeline", "update", "standard", "--file", "longer.yaml"]).ok();
    assert!(server.run(&["pipeline", "list"]).ok().contains("published, draft"));
    server.run(&["pipeline", "publish", "standard", "--yes"]).ok();
    let first = server.run(&["pipeline", "show", "standard", "--revision", "1"]).ok();
    assert!(first.contains("2. prod: prod; 1 approval\n"), "{first}");
    server.run(&["pipeline", "clone", "standard", "copy"]).ok();
    assert!(server.run(&["pipeline", "show", "copy"]).ok().contains("cloned from: standard"));
    server.run(&["pipeline", "delete", "copy", "--yes"]).ok();
    server.run(&["feature", "create", "checkout"]).ok();
    server.run(&["feature", "attach", "checkout", "--pipeline", "standard"]).ok();
    assert!(server.run(&["pipeline", "references", "standard"]).ok().contains("feature checkout"));
    let stderr = server.run(&["pipeline", "unpublish", "standard"]).fails(5);
    assert!(stderr.contains("checkout"), "{stderr}");
    server.run(&["feature", "detach", "checkout"]).ok();
    server.run(&["pipeline", "unpublish", "standard"]).ok();
    server.run(&["pipeline", "archive", "standard", "--yes"]).ok();
    assert!(server.run(&["pipeline", "show", "standard"]).ok().contains("state: archived"));
}

#[test]
fn a_feature_is_added_to_a_pipeline_and_removed() {
    let server = Server::start();
    server.file(
        "stages.yaml",
        "phases:\n  - {id: on, target: [{environments: [dev, staging]}], patches: [{patch: enable}]}\n  - {id: later, entry: {approvals: {count: 1}}, target: [{environments: [prod]}], patches: [{patch: enable}]}\n",
    );
    server.run(&["pipeline", "create", "stages", "--file", "stages.yaml"]).ok();
    server.run(&["pipeline", "publish", "stages", "--yes"]).ok();
    server.file("off.yaml", "kind: gate\nenabled: false\nrules:\n  - {id: r, variant: on}\n");
    server.run(&["feature", "create", "checkout", "--file", "off.yaml"]).ok();
    let added = server.run(&["pipeline", "add-feature", "stages", "checkout", "--yes"]).ok();
    assert!(added.contains("release ") && added.contains("started"), "{added}");
    assert!(
        server.run(&["pipeline", "show", "stages"]).ok().contains("running:\n  checkout at later (entering)")
    );
    server.run(&["pipeline", "remove-feature", "stages", "checkout", "--keep", "--yes"]).ok();
    let shown = server.run(&["feature", "show", "checkout"]).ok();
    assert!(!shown.contains("pipeline: stages"), "{shown}");
}

#[test]
fn principals_act_by_their_tokens_and_grants() {
    let server = Server::start();
    let viewer = server.person("vera", "viewer");
    let me = server.run_as(&viewer, &["token", "whoami", "--format", "json"]).json();
    assert_eq!(me["principal"]["key"], "vera");
    let stderr = server.run_as(&viewer, &["feature", "create", "checkout"]).fails(5);
    assert!(stderr.contains("[forbidden]"), "{stderr}");
    server.run(&["principal", "update", "vera", "--grant", "editor", "--name", "Vera"]).ok();
    server.run_as(&viewer, &["feature", "create", "checkout"]).ok();
    assert!(server.run(&["principal", "list"]).ok().contains("vera       person  Vera  editor  no"));
    let list = server.run(&["token", "list", "--format", "json"]).json();
    let id =
        list.as_array().unwrap().iter().find(|token| token["principal"] == "vera").unwrap()["key"].clone();
    server.run(&["token", "revoke", id.as_str().unwrap(), "--yes"]).ok();
    let stderr = server.run_as(&viewer, &["feature", "list"]).fails(5);
    assert!(stderr.contains("[unauthenticated]"), "{stderr}");
    server.run(&["principal", "disable", "vera", "--yes"]).ok();
    assert_eq!(server.run(&["principal", "show", "vera", "--format", "json"]).json()["disabled"], true);
}

#[test]
fn webhooks_have_secrets_and_deliveries() {
    let server = Server::start();
    let made =
        server.run(&["webhook", "create", "--url", "http://127.0.0.1:9/hook", "--fact", "feature.created"]);
    assert!(made.stdout.starts_with("whsec_"), "{made:#?}");
    let id =
        server.run(&["webhook", "list", "--format", "json"]).json()[0]["key"].as_str().unwrap().to_owned();
    assert!(server.run(&["webhook", "list"]).ok().contains("feature.created"));
    let rotated = server.run(&["webhook", "rotate", &id, "--yes"]).ok();
    assert!(rotated.starts_with("whsec_") && rotated != made.stdout);
    server.run(&["feature", "create", "checkout"]).ok();
    let deliveries = server.run(&["webhook", "deliveries", &id, "--format", "json"]).json();
    let delivery = deliveries[0]["id"].as_str().unwrap().to_owned();
    assert!(server.run(&["deliveries", "list"]).ok().contains(&delivery));
    server.run(&["deliveries", "resend", &delivery]).ok();
    server.run(&["webhook", "update", &id, "--disabled"]).ok();
    assert!(server.run(&["webhook", "list"]).ok().contains("yes"));
    server.run(&["webhook", "delete", &id, "--yes"]).ok();
    assert_eq!(server.run(&["webhook", "list", "--format", "json"]).ok(), "[]\n");
}

#[test]
fn sdk_keys_are_made_as_one_line_listed_and_revoked() {
    let server = Server::start();
    let run = server.run(&["sdk-key", "new", "--env", "prod", "--description", "shop"]);
    let stderr = run.stderr.clone();
    let made = run.ok();
    assert_eq!(made.lines().count(), 1, "{made}");
    let host = server.url.strip_prefix("http://").unwrap();
    let rest = made.trim().strip_prefix("tidegate+http://tgs_").unwrap_or_else(|| panic!("{made}"));
    let (secret, rest) = rest.split_once('@').unwrap();
    assert!(secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit()), "{made}");
    let keys = server.run(&["keys", "list", "--format", "json"]).json();
    let public = keys[0]["public"].as_str().unwrap();
    assert_eq!(rest, format!("{host}?environment=prod&key={public}"));
    assert!(!stderr.contains(secret) && stderr.contains("shown this once"), "{stderr}");
    server.run(&["sdk-key", "new", "--env", "nowhere"]).fails(5);
    server.run(&["sdk-key", "new", "--env", "dev"]).ok();
    let list = server.run(&["sdk-key", "list", "--env", "prod", "--format", "json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert!(!list.to_string().contains(secret));
    let id = list[0]["key"].as_str().unwrap();
    server.run(&["sdk-key", "revoke", id]).fails(7);
    server.run(&["sdk-key", "revoke", id, "--reason", "leaked", "--yes"]).ok();
    let list = server.run(&["sdk-key", "list", "--env", "prod", "--format", "json"]).json();
    assert!(list[0]["revoked_at"].is_i64(), "{list}");
}

#[test]
fn signing_keys_are_made_rotated_and_retired() {
    let server = Server::start();
    let states = || {
        let list = server.run(&["keys", "list", "--format", "json"]).json();
        let mut states: Vec<(String, String)> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|key| (key["state"].as_str().unwrap().to_owned(), key["key"].as_str().unwrap().to_owned()))
            .collect();
        states.sort();
        states
    };
    let [(active, first)] = states().try_into().unwrap();
    assert_eq!(active, "active");
    assert!(server.run(&["keys", "new"]).ok().contains(": next (public key "));
    assert!(server.run(&["keys", "new"]).fails(5).contains("[wrong_state]"));
    server.run(&["keys", "rotate", "--reason", "test"]).fails(7);
    assert!(server.run(&["keys", "rotate", "--reason", "test", "--yes"]).ok().contains(": active "));
    assert!(server.run(&["keys", "rotate", "--lost", "--yes"]).fails(5).contains("[reason_required]"));
    assert!(states().contains(&("retiring".to_owned(), first.clone())));
    server.run(&["keys", "retire", &first, "--yes"]).ok();
    assert!(states().contains(&("retired".to_owned(), first)));
    let active = states().into_iter().find(|(state, _)| state == "active").unwrap().1;
    server.run(&["keys", "retire", &active, "--yes"]).fails(5);
    // A reason that cannot stand in a header is refused before anything is sent.
    server.run(&["feature", "create", "x", "--force-sdk", "a\nb"]).fails(2);
    server.run(&["feature", "create", "x", "--force-sdk", "später"]).ok();
}

#[test]
fn the_audit_log_is_listed_verified_and_exported() {
    let server = Server::start();
    server.run(&["feature", "create", "checkout"]).ok();
    let list = server.run(&["audit", "list", "--kind", "feature"]).ok();
    assert!(list.contains("feature.created") && list.contains("feature checkout"), "{list}");
    let verified = server.run(&["audit", "verify", "--format", "json"]).json();
    assert_eq!(verified["whole"], true);
    let head = verified["head"].as_str().unwrap();
    server.run(&["feature", "create", "other"]).ok();
    let text = server.run(&["audit", "verify", "--head", head]).ok();
    assert!(text.starts_with("the audit log is whole: "), "{text}");
    let stderr = server.run(&["audit", "verify", "--head", &"f".repeat(64)]).fails(5);
    assert!(stderr.contains("the audit log is not whole"), "{stderr}");
    let exported = server.run(&["audit", "export"]).ok();
    assert_eq!(exported.lines().count() as u64, verified["events"].as_u64().unwrap() + 1);
    server.run(&["audit", "export", "--output", "log.jsonl"]).ok();
    assert_eq!(std::fs::read_to_string(server.directory.join("log.jsonl")).unwrap(), exported);
}

#[test]
fn a_snapshot_is_fetched_and_evaluated() {
    let server = Server::start();
    server.run_with(&["feature", "create", "checkout", "--file", "-"], ON).ok();
    server.run(&["snapshot", "--output", "snapshot.json"]).ok();
    let decided = server.run(&["eval", "snapshot.json", "--set", "user_id=u", "--format", "json"]).ok();
    assert!(decided.contains("\"value\": true") || decided.contains("\"value\":true"), "{decided}");
    let one: serde_json::Value =
        serde_json::from_str(&server.run(&["snapshot", "--environment", "prod"]).ok()).unwrap();
    assert_eq!(one["environment"], "prod");
    server.run(&["snapshot", "--environment", "nowhere"]).fails(5);
}

#[test]
fn a_backup_is_taken_while_the_server_runs_and_restored() {
    let mut server = Server::start();
    server.run(&["feature", "create", "before"]).ok();
    server.run(&["backup", "--output", "backup.db"]).ok();
    // It is no place to write over.
    server.run(&["backup", "--output", "backup.db"]).fails(4);
    server.run(&["feature", "create", "after"]).ok();
    let version = |server: &Server| {
        server.run(&["snapshot", "--environment", "prod"]).json()["version"].as_u64().unwrap()
    };
    let published = version(&server);
    server.restart_after(|directory| {
        let _ = std::fs::remove_file(directory.join("tidegate.db-wal"));
        std::fs::rename(directory.join("backup.db"), directory.join("tidegate.db")).unwrap();
    });
    server.run(&["feature", "show", "before"]).ok();
    server.run(&["feature", "show", "after"]).fails(5);
    assert!(server.run(&["audit", "verify"]).ok().starts_with("the audit log is whole: "));
    // Engines take what is published after the restore.
    server.run(&["feature", "create", "again"]).ok();
    assert!(version(&server) > published);
}

#[test]
fn scheduled_changes_wait_and_are_cancelled() {
    let server = Server::start();
    server.run(&["feature", "create", "checkout"]).ok();
    server.file("on.yaml", ON);
    let saved = server
        .run(&["feature", "save", "checkout", "--file", "on.yaml", "--at", "2999-01-01T00:00:00Z", "--yes"])
        .ok();
    assert!(saved.contains("scheduled for 2999-01-01T00:00:00Z as "), "{saved}");
    let list = server.run(&["schedule", "list", "--format", "json"]).json();
    let id = list[0]["key"].as_str().unwrap();
    assert!(server.run(&["schedule", "show", id]).ok().contains("pending"));
    server.run(&["schedule", "cancel", id, "--yes"]).ok();
    assert!(server.run(&["schedule", "list"]).ok().contains("cancelled"));
}

#[test]
fn a_second_person_approves_what_weakens_production() {
    let server = Server::start();
    let second = server.person("sam", "admin");
    server.run(&["env", "update", "prod", "--approvals", "1"]).ok();
    let answer = server.run(&["env", "update", "prod", "--approvals", "0", "--reason", "too slow"]).ok();
    assert!(answer.contains("waits for a second person"), "{answer}");
    let id = answer.trim().rsplit(' ').next().unwrap();
    assert!(server.run(&["proposal", "list"]).ok().contains("pending"));
    let stderr = server.run(&["proposal", "approve", id, "--yes"]).fails(5);
    assert!(stderr.contains("[self_approval]"), "{stderr}");
    server.run_as(&second, &["proposal", "approve", id, "--yes"]).ok();
    assert!(!server.run(&["env", "list"]).ok().contains("approvals"));
}

#[test]
fn completions_know_the_new_verbs() {
    for shell in ["bash", "fish", "zsh"] {
        let script = super::command(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(script.stdout).unwrap();
        for word in ["full-roll-out", "change-request", "simulate", "waiting-for-me", "token-file"] {
            assert!(script.contains(word), "{shell} {word}");
        }
    }
}
