//! The programs in C of docs/guide, compiled and run as they are written.

use std::fs;
use std::process::Command;

use super::support::{Linked, program, project, succeed, with_library};

/// The text of the fenced blocks of a language, each with what its line says after the language.
fn blocks(text: &str, language: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("```").filter(|rest| !rest.is_empty()) {
            let body: String =
                lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            let (name, title) = rest.split_once(' ').unwrap_or((rest, ""));
            if name == language {
                found.push((title.to_owned(), body));
            }
        }
    }
    found
}

/// The name of the program that needs a server, and of its output.
const CONNECTED: &str = "connected.c";

#[test]
fn quickstart_prints_what_the_guide_says() {
    let guide = fs::read_to_string(project().join("docs/guide/c.md")).unwrap();
    let plain = |language| {
        let mut found = blocks(&guide, language);
        found.retain(|(title, _)| title != CONNECTED);
        found
    };
    let outputs: Vec<String> = plain("text").into_iter().map(|(_, output)| output).collect();
    run(&guide, &plain("c"), &outputs, &[]);
}

/// Without the client in the library, it is compiled and says so.
#[test]
fn connected_prints_what_the_guide_says() {
    let guide = fs::read_to_string(project().join("docs/guide/c.md")).unwrap();
    let only = |language| {
        let mut found = blocks(&guide, language);
        found.retain(|(title, _)| title == CONNECTED);
        found
    };
    let (programs, outputs) = (only("c"), only("text"));
    #[cfg(feature = "http")]
    {
        let server = super::server::Server::start();
        let outputs: Vec<String> = outputs.into_iter().map(|(_, output)| output).collect();
        run(&guide, &programs, &outputs, &[("TIDEGATE_CONNECTION", &server.connection()), ("NO_PROXY", "*")]);
    }
    #[cfg(not(feature = "http"))]
    {
        assert!(programs.len() == 1 && outputs.len() == 1);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(CONNECTED);
        fs::write(&file, &programs[0].1).unwrap();
        let made = program(&file, folder.path(), Linked::Static, &[]);
        let output = Command::new(made).env("TIDEGATE_CONNECTION", "any").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.starts_with("connect: "), "{said}");
    }
}

/// They print nothing: each asserts what it says.
#[test]
fn migration_notes_are_true() {
    for page in ["migrate-flagsmith.md", "migrate-statsig.md"] {
        let page = fs::read_to_string(project().join("docs/guide").join(page)).unwrap();
        run(&page, &blocks(&page, "c"), &[String::new()], &[]);
    }
}

/// Runs programs of a page, each of which prints what is told.
fn run(guide: &str, programs: &[(String, String)], outputs: &[String], environment: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    for (title, json) in blocks(guide, "json") {
        fs::write(folder.path().join(title), json).unwrap();
    }
    assert!(!programs.is_empty() && programs.len() == outputs.len(), "each program in C has its output");
    for ((title, source), output) in programs.iter().zip(outputs) {
        let file = folder.path().join(title);
        fs::write(&file, source).unwrap();
        for linked in [Linked::Shared, Linked::Static] {
            let made = program(&file, folder.path(), linked, &[]);
            let mut run = if linked == Linked::Shared {
                with_library(&made, folder.path())
            } else {
                Command::new(&made)
            };
            run.current_dir(folder.path()).envs(environment.iter().copied());
            assert_eq!(succeed(&mut run), *output, "{title}");
            // Each starts with nothing.
            let _ = fs::remove_dir_all(folder.path().join("cache"));
        }
    }
}
