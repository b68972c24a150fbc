//! The guide: every command in it is run against a real server, in order, and must answer as it is shown.
//!
//! A page is one session. In a ```console fence a line that begins with `$ ` is a command, and what follows is its
//! output: `[..]` stands for anything within a line, a line `...` for any lines. A ```yaml fence whose first line is
//! `# file: NAME` is a file that commands then read. Before `$ ` there may be who it is: `ana $ `.
//! `$RELEASE` in a command or its output stands for the release that was started last, `$CONNECTION` for the connection string
//! that was printed last.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Run, Server};

/// A part of a page.
#[derive(Debug)]
enum Part {
    File { name: String, text: String },
    Command { line: usize, who: Option<String>, command: String, output: Vec<String> },
}

fn parts(page: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut fence: Option<&str> = None;
    for (number, line) in page.lines().enumerate() {
        match (fence, line.strip_prefix("```")) {
            (None, Some(language)) => {
                fence = Some(language);
                if language == "yaml" {
                    parts.push(Part::File { name: String::new(), text: String::new() });
                }
            }
            (Some(_), Some(_)) => fence = None,
            (Some("yaml"), None) => {
                if let Some(Part::File { name, text }) = parts.last_mut() {
                    match line.strip_prefix("# file: ") {
                        Some(file) if name.is_empty() => file.clone_into(name),
                        _ => {
                            text.push_str(line);
                            text.push('\n');
                        }
                    }
                }
            }
            (Some("console"), None) => match line
                .split_once("$ ")
                .filter(|(who, _)| who.is_empty() || !who.trim_end().contains(' ') && who.ends_with(' '))
            {
                Some((who, command)) => parts.push(Part::Command {
                    line: number + 1,
                    who: Some(who.trim().to_owned()).filter(|who| !who.is_empty()),
                    command: command.to_owned(),
                    output: Vec::new(),
                }),
                None => {
                    if let Some(Part::Command { output, .. }) = parts.last_mut() {
                        output.push(line.to_owned());
                    }
                }
            },
            _ => {}
        }
    }
    parts.retain(|part| !matches!(part, Part::File { name, .. } if name.is_empty()));
    parts
}

/// Words of a command line; quotes keep words together.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut any = false;
    for c in command.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                any = true;
            }
            (None, ' ') => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            (None, c) => word.push(c),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether lines are as shown: `[..]` is anything in a line, `...` any lines.
fn matches(shown: &[String], found: &[&str]) -> bool {
    match shown.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first == "..." => (0..=found.len()).any(|skip| matches(rest, &found[skip..])),
        Some((first, rest)) => match found.split_first() {
            Some((line, more)) => line_matches(first, line) && matches(rest, more),
            None => false,
        },
    }
}

fn line_matches(shown: &str, found: &str) -> bool {
    let mut parts = shown.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = found.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Runs a page from top to bottom.
fn follow(page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide").join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let server = Server::empty();
    let mut people: BTreeMap<String, String> = BTreeMap::new();
    let mut release = String::new();
    let mut connection = String::new();
    let mut commands = 0;
    for part in parts(&text) {
        let (line, who, command, output) = match part {
            Part::File { name, text } => {
                server.file(&name, &text);
                continue;
            }
            Part::Command { line, who, command, output } => (line, who, command, output),
        };
        commands += 1;
        let words = words(&command.replace("$RELEASE", &release).replace("$CONNECTION", &connection));
        assert_eq!(
            words.first().map(String::as_str),
            Some("tidegate"),
            "{page}:{line}: only tidegate is run"
        );
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let run: Run = match &who {
            None => server.run(&arguments),
            Some(who) => {
                let token = people.entry(who.clone()).or_insert_with(|| {
                    server.run(&["token", "create", "--principal", who]).ok().trim().to_owned()
                });
                server.run_as(token, &arguments)
            }
        };
        let found = format!("{}{}", run.stdout, run.stderr);
        let lines: Vec<&str> = found.lines().collect();
        let shown: Vec<String> = output.iter().map(|line| line.replace("$RELEASE", &release)).collect();
        assert!(
            matches(&shown, &lines),
            "{page}:{line}: {command}\n--- shown\n{}\n--- found ({})\n{found}",
            shown.join("\n"),
            run.code
        );
        if let Some(line) = run.stdout.lines().find(|line| line.starts_with("tidegate+")) {
            line.clone_into(&mut connection);
        }
        if let Some((_, id)) = found.rsplit_once("tidegate release watch ") {
            id.lines().next().unwrap_or_default().trim().clone_into(&mut release);
        }
    }
    assert!(commands > 0, "{page} has no command");
}

#[test]
fn overview() {
    follow("overview.md");
}

#[test]
fn pipelines() {
    follow("pipelines.md");
}

#[test]
fn trigger() {
    follow("trigger.md");
}

#[test]
fn actions() {
    follow("actions.md");
}

#[test]
fn guards() {
    follow("guards.md");
}

#[test]
fn fleet() {
    follow("fleet.md");
}

#[test]
fn relay() {
    follow("relay.md");
}

#[test]
fn best_practices() {
    follow("best-practices.md");
}

#[test]
fn static_hosting() {
    follow("static-hosting.md");
}

#[test]
fn recipes_from_statsig() {
    follow("recipes-statsig.md");
}

#[test]
fn recipes_from_flagsmith() {
    follow("recipes-flagsmith.md");
}

#[test]
fn delivery() {
    follow("delivery.md");
}

/// Pages whose programs are run by the tests of the language that they are written in.
const ELSEWHERE: [&str; 6] =
    ["c.md", "migrate-flagsmith.md", "migrate-statsig.md", "node.md", "python.md", "rust.md"];

#[test]
fn every_page_is_followed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    let mut pages: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    pages.retain(|page| !ELSEWHERE.contains(&page.as_str()));
    pages.sort();
    let source = include_str!("guide.rs");
    for page in &pages {
        assert!(source.contains(&format!("follow(\"{page}\")")), "{page} is not followed");
    }
    assert_eq!(pages.len(), 12);
}

#[test]
fn wildcards_stand_for_what_they_should() {
    let shown = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert!(matches(&shown(&["a [..] c", "...", "z"]), &["a b c", "x", "y", "z"]));
    assert!(matches(&shown(&["...", "z"]), &["z"]));
    assert!(!matches(&shown(&["a [..] c"]), &["a b d"]));
    assert!(!matches(&shown(&["a"]), &["a", "b"]));
    assert!(!matches(&shown(&["a", "b"]), &["a"]));
    assert_eq!(words("a 'b c' \"d\" ''"), ["a", "b c", "d", ""]);
}
