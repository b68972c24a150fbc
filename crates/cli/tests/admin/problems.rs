//! What goes wrong, and what is said then: problem documents, exit codes, tokens, confirmations.

use super::server::ON;
use super::{Run, Server, command};

#[test]
fn a_problem_is_told_with_code_place_and_hint() {
    let server = Server::start();
    let stderr = server.run(&["feature", "show", "nothing"]).fails(5);
    assert!(stderr.starts_with("error: there is no feature `nothing` [not_found]\n"), "{stderr}");
    server.file("bad.yaml", "kind: gate\nrules:\n  - {id: r, variant: onn}\n");
    let stderr = server.run(&["feature", "create", "checkout", "--file", "bad.yaml"]).fails(5);
    assert!(stderr.contains("[invalid]") && stderr.contains("/rules/0/variant"), "{stderr}");
    server.file("unknown.yaml", "kind: gate\nrule: []\n");
    let stderr = server.run(&["feature", "create", "checkout", "--file", "unknown.yaml"]).fails(5);
    assert!(stderr.contains("rule"), "{stderr}");
}

#[test]
fn a_problem_as_json_is_the_document() {
    let server = Server::start();
    let stderr = server.run(&["feature", "show", "nothing", "--format", "json"]).fails(5);
    let problem: serde_json::Value = serde_json::from_str(&stderr).unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&"not_found".into(), &404.into()));
}

#[test]
fn a_server_that_is_not_there_has_its_own_code() {
    let run: Run = command(&["feature", "list", "--server", "http://127.0.0.1:9"]).output().unwrap().into();
    let stderr = run.fails(6);
    assert!(
        stderr.contains("cannot reach the server http://127.0.0.1:9") && stderr.contains("tidegate serve"),
        "{stderr}"
    );
    let run: Run = command(&["feature", "list", "--server", "tidegate.example"]).output().unwrap().into();
    assert!(run.fails(2).contains("is no URL of a server"));
}

#[test]
fn tokens_come_from_files_that_nobody_else_reads() {
    use std::os::unix::fs::PermissionsExt as _;

    let server = Server::start();
    let without = |arguments: &[&str]| -> Run {
        server.command(arguments).env_remove("TIDEGATE_TOKEN").output().unwrap().into()
    };
    assert!(without(&["env", "list"]).fails(5).contains("no token was given"));
    let name = server.file("token", &format!("{}\n", server.token));
    let path = server.directory.join(&name);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let stderr = without(&["env", "list", "--token-file", &name]).fails(2);
    assert!(stderr.contains("others may read it") && stderr.contains("chmod 600"), "{stderr}");
    assert!(!stderr.contains(&server.token));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    without(&["env", "list", "--token-file", &name]).ok();
    // The configuration file.
    let config = server.file(
        "config/tidegate/config.toml",
        &format!("server = \"{}\"\ntoken_file = \"{}\"\n", server.url, path.display()),
    );
    assert!(server.directory.join(config).exists());
    let run: Run = command(&["env", "list"])
        .env("XDG_CONFIG_HOME", server.directory.join("config"))
        .output()
        .unwrap()
        .into();
    run.ok();
    server.file("config/tidegate/config.toml", "sever = 3\n");
    let run: Run = command(&["env", "list"])
        .env("XDG_CONFIG_HOME", server.directory.join("config"))
        .output()
        .unwrap()
        .into();
    assert!(run.fails(2).contains("is no configuration"));
}

#[test]
fn without_a_terminal_nothing_is_done_without_yes() {
    let server = Server::start();
    server.run(&["feature", "create", "checkout"]).ok();
    server.file("on.yaml", ON);
    let run = server.run(&["feature", "save", "checkout", "--file", "on.yaml"]);
    assert!(run.stdout.contains("diff:"), "the preview is shown first: {run:#?}");
    let stderr = run.fails(7);
    assert!(
        stderr.contains("no terminal to ask on; nothing was changed") && stderr.contains("--yes"),
        "{stderr}"
    );
    assert_eq!(
        server.run(&["feature", "show", "checkout", "--format", "json"]).json()["definition_revision"],
        1
    );
    server.run(&["feature", "delete", "checkout"]).fails(7);
    server.run(&["feature", "show", "checkout"]).ok();
}

#[test]
fn a_definition_comes_from_stdin_as_well() {
    let server = Server::start();
    server.run_with(&["feature", "create", "checkout", "--file", "-"], ON).ok();
    assert_eq!(
        server.run(&["feature", "show", "checkout", "--format", "json"]).json()["definition"]["rules"][0]["variant"],
        "on"
    );
    let stderr =
        server.run_with(&["feature", "create", "other", "--file", "-"], "kind: gate\nrules: [\n").fails(1);
    assert!(stderr.contains("stdin:"), "{stderr}");
}

#[test]
fn keys_cannot_leave_their_path() {
    let server = Server::start();
    let stderr = server.run(&["feature", "show", "../environments"]).fails(5);
    assert!(stderr.contains("there is no feature `../environments`"), "{stderr}");
}

#[test]
fn a_second_server_on_the_same_file_is_refused() {
    let server = Server::start();
    let run: Run = command(&["serve", "--listen", "127.0.0.1:0"])
        .current_dir(&server.directory)
        .output()
        .unwrap()
        .into();
    run.fails(6);
    let address = server.url.strip_prefix("http://").unwrap();
    let run: Run = command(&["serve", "--listen", address, "--store", "sqlite:other.db"])
        .current_dir(&server.directory)
        .output()
        .unwrap()
        .into();
    assert!(run.fails(6).contains("cannot listen at"));
}
