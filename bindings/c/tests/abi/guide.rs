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

#[test]
fn quickstart_prints_what_the_guide_says() {
    let guide = fs::read_to_string(project().join("docs/guide/c.md")).unwrap();
    let outputs: Vec<String> = blocks(&guide, "text").into_iter().map(|(_, output)| output).collect();
    run(&guide, &outputs);
}

/// They print nothing: each asserts what it says.
#[test]
fn migration_notes_are_true() {
    for page in ["migrate-flagsmith.md", "migrate-statsig.md"] {
        run(&fs::read_to_string(project().join("docs/guide").join(page)).unwrap(), &[String::new()]);
    }
}

/// Runs each program of a page, which prints what is told.
fn run(guide: &str, outputs: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    for (title, json) in blocks(guide, "json") {
        fs::write(folder.path().join(title), json).unwrap();
    }
    let programs = blocks(guide, "c");
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
            assert_eq!(succeed(run.current_dir(folder.path())), *output, "{title}");
        }
    }
}
