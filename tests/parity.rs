//! docs/PARITY.md is what the parity files say: what there is to do, and how each language calls it.
//!
//! ```text
//!  bindings/parity.json            the rows, in order: what there is to do        ┐
//!  bindings/rust.parity.json       row → the names that do it in this language    ├─▶ docs/PARITY.md
//!  bindings/<language>/parity.json likewise, a file for each language             ┘   UPDATE_PARITY=1 cargo test --test parity
//!        │ each name exists in its language, and each public function has a row, or a reason in `apart`
//!        ▼
//!  src/ · bindings/c/include/tidegate.h · bindings/python/python/tidegate/*.pyi · bindings/node/lib/*.d.ts
//! ```
//! A language whose file does not exist is left out. A name ending in `.*` in `apart` stands for all functions of that class.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot read the table has nothing to check"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A language of the table.
struct Language {
    head: &'static str,
    /// The file that says how this language calls what the rows name.
    parity: &'static str,
    /// The file or folder whose text declares its names.
    source: &'static str,
    /// How the names of those files end.
    endings: &'static [&'static str],
    /// The public functions that a text declares, each of which needs a row; of files that end in the first part.
    declared: Option<(&'static str, Declared)>,
}

/// Finds the public functions in a text: `Class.method`, or the name of a plain function.
type Declared = fn(&str) -> BTreeSet<String>;

const LANGUAGES: &[Language] = &[
    Language {
        head: "Rust",
        parity: "bindings/rust.parity.json",
        source: "src",
        endings: &[".rs"],
        declared: None,
    },
    Language {
        head: "C",
        parity: "bindings/c/parity.json",
        source: "bindings/c/include/tidegate.h",
        endings: &[".h"],
        declared: Some((".h", declared_in_c)),
    },
    Language {
        head: "Python",
        parity: "bindings/python/parity.json",
        source: "bindings/python/python/tidegate",
        endings: &[".py", ".pyi"],
        declared: Some(("_tidegate.pyi", declared_in_python)),
    },
    Language {
        head: "Node",
        parity: "bindings/node/parity.json",
        source: "bindings/node",
        endings: &["lib/index.d.ts", ".mts"],
        declared: Some(("lib/index.d.ts", declared_in_node)),
    },
];

/// A language's own file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    rows: BTreeMap<String, Vec<String>>,
    /// Public functions without a row, and why.
    #[serde(default)]
    apart: BTreeMap<String, String>,
}

/// The rows, in order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    rows: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rows() -> Vec<String> {
    let text = fs::read(root().join("bindings/parity.json")).expect("bindings/parity.json");
    serde_json::from_slice::<Rows>(&text).expect("bindings/parity.json").rows
}

/// The languages that have a file, with it.
fn languages() -> Vec<(&'static Language, Names)> {
    let read = |language: &'static Language| {
        let text = fs::read(root().join(language.parity)).ok()?;
        let names =
            serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", language.parity));
        Some((language, names))
    };
    LANGUAGES.iter().filter_map(read).collect()
}

fn rendered(rows: &[String], languages: &[(&Language, Names)]) -> String {
    let mut text = String::from(
        "# What each language has\n\nGenerated from the `parity.json` files of `bindings/` by `UPDATE_PARITY=1 cargo test --test parity`, which \
         also checks that each name\nexists and that each public function is here. A dash: it is not there, or the language does it by itself.\n\n| what |",
    );
    text.extend(languages.iter().map(|(language, _)| format!(" {} |", language.head)));
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(languages.len()));
    text.push('\n');
    for row in rows {
        text.push_str(&format!("| {row} |"));
        for (_, names) in languages {
            let names: Vec<String> =
                names.rows.get(row).into_iter().flatten().map(|name| format!("`{name}`")).collect();
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
    let (path, wanted) = (root().join("docs/PARITY.md"), rendered(&rows(), &languages()));
    if std::env::var_os("UPDATE_PARITY").is_some_and(|value| value == "1") {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/PARITY.md is not what the table says; hint: UPDATE_PARITY=1 cargo test --test parity"
    );
}

#[test]
fn each_row_of_a_language_is_a_row_of_the_table() {
    let rows: BTreeSet<String> = rows().into_iter().collect();
    for (language, names) in languages() {
        let unknown: Vec<&String> = names.rows.keys().filter(|row| !rows.contains(*row)).collect();
        assert!(unknown.is_empty(), "{}: not in bindings/parity.json: {unknown:?}", language.parity);
    }
}

/// The texts of a file, or of all files below a folder that are the project's own.
fn texts(path: &Path, endings: &[&str]) -> Vec<(PathBuf, String)> {
    if path.is_dir() {
        if path.file_name().is_some_and(|name| name == "node_modules") {
            return Vec::new();
        }
        let entries = fs::read_dir(path).unwrap().flat_map(|entry| texts(&entry.unwrap().path(), endings));
        return entries.collect();
    }
    if !endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
        return Vec::new();
    }
    fs::read_to_string(path).map(|text| (path.to_owned(), text)).into_iter().collect()
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
    let mut wrong = Vec::new();
    for (language, names) in languages() {
        let texts = texts(&root().join(language.source), language.endings);
        assert!(!texts.is_empty(), "{} has no text", language.source);
        for name in names.rows.values().flatten() {
            if !texts.iter().any(|(_, text)| declares(text, name)) {
                wrong.push(format!("{}: `{name}` is not in {}", language.head, language.source));
            }
        }
    }
    assert!(wrong.is_empty(), "names that do not exist:\n  {}", wrong.join("\n  "));
}

#[test]
fn each_public_function_has_a_row_or_a_reason() {
    let mut wrong = Vec::new();
    for (language, names) in languages() {
        let Some((ending, declared)) = language.declared else { continue };
        let texts = texts(&root().join(language.source), &[ending]);
        let declared: BTreeSet<String> = texts.iter().flat_map(|(_, text)| declared(text)).collect();
        assert!(!declared.is_empty(), "no function is declared in {}", language.source);
        let told: BTreeSet<&String> = names.rows.values().flatten().collect();
        for name in &declared {
            let class = name.split_once('.').map(|(class, _)| format!("{class}.*"));
            let apart =
                [Some(name), class.as_ref()].into_iter().flatten().any(|name| names.apart.contains_key(name));
            match (told.contains(name), apart) {
                (false, false) => {
                    wrong.push(format!("{}: `{name}` has no row, nor a reason in `apart`", language.parity))
                }
                (true, true) if names.apart.contains_key(name) => {
                    wrong.push(format!("{}: `{name}` has a row, and stands in `apart`", language.parity));
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n  "));
}

#[test]
fn a_function_of_the_header_has_one_row() {
    let (_, names) = languages().into_iter().find(|(language, _)| language.head == "C").unwrap();
    let mut seen = BTreeSet::new();
    let twice: Vec<&String> = names.rows.values().flatten().filter(|name| !seen.insert(*name)).collect();
    assert!(twice.is_empty(), "functions with two rows: {twice:?}");
}

/// Functions of a C header: lines that begin with a type.
fn declared_in_c(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with([' ', '#', '/']) && !line.starts_with("typedef"))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("tg_"))
        .map(str::to_owned)
        .collect()
}

/// Functions of a Python stub, and methods and properties of its classes; not those whose name begins with `_`.
fn declared_in_python(text: &str) -> BTreeSet<String> {
    let mut class = None;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let inner = line.trim_start();
        let depth = line.len() - inner.len();
        if depth == 0 && !inner.is_empty() && !inner.starts_with([')', '#', '@']) {
            class = inner.strip_prefix("class ").map(word);
        }
        let function = inner.strip_prefix("async ").unwrap_or(inner).strip_prefix("def ").map(word);
        let name = match (function, class) {
            (Some(name), None) if depth == 0 => name.to_owned(),
            (Some(name), Some(class)) if depth == 4 && !class.starts_with('_') => {
                if name.starts_with('_') {
                    continue;
                }
                format!("{class}.{name}")
            }
            _ => continue,
        };
        if !name.starts_with('_') {
            found.insert(name);
        }
    }
    found
}

/// Functions of a TypeScript declaration file, and methods of its classes.
fn declared_in_node(text: &str) -> BTreeSet<String> {
    let mut class = None;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let inner = line.trim_start();
        let depth = line.len() - inner.len();
        if depth == 0 {
            let plain = inner.trim_start_matches("export ").trim_start_matches("declare ");
            if let Some(name) = plain.strip_prefix("function ") {
                found.insert(word(name).to_owned());
            }
            if !inner.is_empty() && !inner.starts_with(['*', '/']) {
                class = plain.trim_start_matches("abstract ").strip_prefix("class ").map(word);
            }
            continue;
        }
        let Some(class) = class.filter(|_| depth <= 4) else { continue };
        let member = ["static ", "readonly ", "async ", "get "]
            .iter()
            .fold(inner, |member, modifier| member.trim_start_matches(modifier));
        let name = word(member);
        let is_method = member.get(name.len()..).is_some_and(|rest| rest.starts_with(['(', '<']));
        if is_method && !name.is_empty() && name != "constructor" && !member.starts_with("private ") {
            found.insert(format!("{class}.{name}"));
        }
    }
    found
}

/// The identifier that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[test]
fn functions_are_found_in_stubs() {
    let python = "class Engine:\n    @property\n    def version(self) -> int: ...\n    def __init__(self) -> None: ...\n    async def load(\n        self,\n    ) -> Update: ...\n\
                  def connect(to: str) -> Client: ...\nSEMANTICS: int\nclass _Hidden:\n    def no(self) -> None: ...\n";
    let expected = ["Engine.load", "Engine.version", "connect"].map(str::to_owned);
    assert_eq!(declared_in_python(python), BTreeSet::from(expected));
    let node = "export declare class Engine {\n  constructor(options?: EngineOptions)\n  /** Loads. */\n  load(document: Buffer): Promise<Update>\n  static fromFile(path: string): Engine\n  \
                get version(): number\n  on<E>(event: E): this\n}\nexport interface Update {\n  not(): void\n}\nexport declare function connect(to: string): Client\n";
    let expected =
        ["Engine.fromFile", "Engine.load", "Engine.on", "Engine.version", "connect"].map(str::to_owned);
    assert_eq!(declared_in_node(node), BTreeSet::from(expected));
}
