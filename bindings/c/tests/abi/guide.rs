//! The quickstart of docs/guide/c.md, compiled and run as it is written.

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
    let folder = tempfile::tempdir().unwrap();
    for (title, json) in blocks(&guide, "json") {
        fs::write(folder.path().join(title), json).unwrap();
    }
    let programs = blocks(&guide, "c");
    let outputs = blocks(&guide, "text");
    assert!(
        !programs.is_empty() && programs.len() == outputs.len(),
        "each program in C has its output below"
    );
    for ((title, source), (_, output)) in programs.iter().zip(&outputs) {
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
