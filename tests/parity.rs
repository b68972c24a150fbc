//! docs/PARITY.md is what bindings/parity.json says: what there is to do, and how each language calls it.
//!
//! ```text
//!  bindings/parity.json ─▶ docs/PARITY.md            UPDATE_PARITY=1 cargo test --test parity writes it
//!        │ each name exists in its language, and each function of tidegate.h has a row
//!        ▼
//!  src/ · bindings/c/include/tidegate.h · …
//! ```
//! A language is added with a column in `languages`, and an entry in [`SOURCES`] that says where its names are declared.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot read the table has nothing to check"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// By language: how it is headed, and the file or folder whose text declares its names.
const SOURCES: &[(&str, &str, &str)] =
    &[("rust", "Rust", "src"), ("c", "C", "bindings/c/include/tidegate.h")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn table() -> Json {
    serde_json::from_slice(&fs::read(root().join("bindings/parity.json")).unwrap())
        .expect("bindings/parity.json")
}

fn languages(table: &Json) -> Vec<&'static (&'static str, &'static str, &'static str)> {
    let named: Vec<&str> = table["languages"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    let find =
        |name: &&str| SOURCES.iter().find(|(language, ..)| language == name).expect("a language of SOURCES");
    named.iter().map(find).collect()
}

fn names<'t>(row: &'t Json, language: &str) -> Vec<&'t str> {
    row[language].as_array().map(|names| names.iter().filter_map(Json::as_str).collect()).unwrap_or_default()
}

fn rendered(table: &Json) -> String {
    let languages = languages(table);
    let mut text = String::from(
        "# What each language has\n\nGenerated from `bindings/parity.json` by `UPDATE_PARITY=1 cargo test --test parity`, which also checks \
         that each name exists. A dash: it\nis not there, or the language does it by itself.\n\n| what |",
    );
    text.extend(languages.iter().map(|(_, head, _)| format!(" {head} |")));
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(languages.len()));
    text.push('\n');
    for row in table["rows"].as_array().unwrap() {
        text.push_str(&format!("| {} |", row["what"].as_str().unwrap()));
        for (language, ..) in &languages {
            let names: Vec<String> = names(row, language).iter().map(|name| format!("`{name}`")).collect();
            text.push_str(&if names.is_empty() {
                " – |".to_owned()
            } else {
                format!(" {} |", names.join(", "))
            });
        }
        text.push('\n');
    }
    text
}

#[test]
fn page_is_what_the_table_says() {
    let (path, wanted) = (root().join("docs/PARITY.md"), rendered(&table()));
    if std::env::var_os("UPDATE_PARITY").is_some_and(|value| value == "1") {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/PARITY.md is not what the table says; hint: UPDATE_PARITY=1 cargo test --test parity"
    );
}

/// The text of a file, or of all files below a folder.
fn text(path: PathBuf) -> String {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| text(entry.unwrap().path()));
        return entries.collect();
    }
    fs::read_to_string(path).unwrap_or_default()
}

/// Whether a name is declared: its last part as a whole word.
fn declares(text: &str, name: &str) -> bool {
    let last = name.rsplit([':', '.', '#']).next().unwrap_or(name);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(last).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + last.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[test]
fn each_name_exists_in_its_language() {
    let table = table();
    let mut wrong = Vec::new();
    for (language, _, source) in languages(&table) {
        let text = text(root().join(source));
        assert!(!text.is_empty(), "{source} is empty");
        for row in table["rows"].as_array().unwrap() {
            let missing = names(row, language).into_iter().filter(|name| !declares(&text, name));
            wrong.extend(missing.map(|name| format!("{language}: `{name}` is not in {source}")));
        }
    }
    assert!(wrong.is_empty(), "names that do not exist:\n  {}", wrong.join("\n  "));
}

#[test]
fn each_function_of_the_header_has_a_row() {
    let table = table();
    let rows = table["rows"].as_array().unwrap();
    let told: Vec<&str> =
        rows.iter().flat_map(|row| names(row, "c")).filter(|name| *name != "tg_engine_options").collect();
    let header = fs::read_to_string(root().join("bindings/c/include/tidegate.h")).unwrap();
    let declared: BTreeSet<&str> = header
        .lines()
        .filter(|line| !line.starts_with([' ', '#', '/']) && !line.starts_with("typedef"))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("tg_"))
        .collect();
    let once: BTreeSet<&str> = told.iter().copied().collect();
    assert_eq!(once.len(), told.len(), "a function that has two rows");
    assert_eq!(once, declared);
}
