//! docs/PARITY.md is what the parity files say: what there is to do, and how each language calls it.
//!
//! ```text
//!  bindings/parity.json            the rows, in order: what there is to do        ┐
//!  bindings/rust.parity.json       row → the names that do it in this language    ├─▶ docs/PARITY.md
//!  bindings/<language>/parity.json likewise, a file for each language             ┘   UPDATE_PARITY=1 cargo test --test parity
//!        │ each name exists in its language, and each public function has a row, or a reason in `apart`
//!        ▼
//!  src/, of the types in RUST · bindings/c/include/tidegate.h · what `__all__` of Python's modules names · Node's types of each entry
//! ```
//! A language whose file does not exist is left out. A name ending in `.*` or `::*` in `apart` stands for all functions of that class.
//! Operations of the admin API are not here: the tests of both clients hold them against docs/openapi.json. Nor are options and plain records.

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
    /// Finds the public functions in the texts, each of which needs a row: `Class.method`, or the name of a plain function.
    declared: fn(&[(PathBuf, String)]) -> BTreeSet<String>,
}

/// The types of Rust whose functions need a row: what decides, and what it is asked with. Others are what these are made of.
const RUST: &[&str] = &[
    "Client",
    "ConnectOptions",
    "Context",
    "ContextBuilder",
    "Decision",
    "Engine",
    "EngineBuilder",
    "Events",
    "Override",
    "Reader",
    "Subscription",
    "Value",
    "View",
];

/// Node's entries, and the files of classes that they give out.
const NODE: &[&str] = &[
    "lib/index.d.ts",
    "ts/admin/error.mts",
    "ts/admin/index.mts",
    "ts/admin/list.mts",
    "ts/openfeature/provider.mts",
    "ts/otel/index.mts",
];

const LANGUAGES: &[Language] = &[
    Language {
        head: "Rust",
        parity: "bindings/rust.parity.json",
        source: "src",
        endings: &[".rs"],
        declared: declared_in_rust,
    },
    Language {
        head: "C",
        parity: "bindings/c/parity.json",
        source: "bindings/c/include/tidegate.h",
        endings: &[".h"],
        declared: |texts| texts.iter().flat_map(|(_, text)| declared_in_c(text)).collect(),
    },
    Language {
        head: "Python",
        parity: "bindings/python/parity.json",
        source: "bindings/python/python/tidegate",
        endings: &[".py", ".pyi"],
        declared: exported_by_python,
    },
    Language {
        head: "Node",
        parity: "bindings/node/parity.json",
        source: "bindings/node",
        endings: &["lib/index.d.ts", ".mts"],
        declared: exported_by_node,
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
         also checks that each name\nexists (as a word of the language's files), and that each public function of these is here or has a reason in `apart` of its `parity.json`: \
         all of\n`tidegate.h`; what `__all__` of Python's modules names; what Node's four entries export; of Rust, the types of which an engine, a client, a context and a \
         decision\nare made (`RUST` of tests/parity.rs). Not checked so: the members of options and records, the properties of Node's classes, and the operations of the admin API, which the tests of both\n\
         admin clients hold against [openapi.json](openapi.json). A dash: it is not there, or the language does it by itself.\n\n| what |",
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
        let declared = (language.declared)(&texts(&root().join(language.source), language.endings));
        assert!(!declared.is_empty(), "no function is declared in {}", language.source);
        let told: BTreeSet<&String> = names.rows.values().flatten().collect();
        for name in &declared {
            let class = name.rsplit_once(['.', ':']).map(|(class, _)| match class.strip_suffix(':') {
                Some(class) => format!("{class}::*"),
                None => format!("{class}.*"),
            });
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

/// Public functions of the types in `RUST`, in all files but tests.
fn declared_in_rust(texts: &[(PathBuf, String)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in texts {
        if path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs") {
            continue;
        }
        let mut class = None;
        for line in text.lines() {
            if let Some(head) = line.strip_prefix("impl") {
                let head = head
                    .strip_prefix('<')
                    .map_or(head, |head| head.split_once("> ").map_or("", |(_, rest)| rest));
                let name = word(head.trim_start());
                class = RUST.iter().find(|known| **known == name && !head.contains(" for "));
            }
            let function = line.strip_prefix("    pub ").map(|line| line.trim_start_matches("const "));
            if let (Some(class), Some(name)) = (class, function.and_then(|line| line.strip_prefix("fn "))) {
                found.insert(format!("{class}::{}", word(name)));
            }
        }
    }
    found
}

/// What Python's modules give out: functions of a module that names them in `__all__`, and methods of classes that a public module names.
fn exported_by_python(texts: &[(PathBuf, String)]) -> BTreeSet<String> {
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let is_public = |path: &Path| stem(path) == "__init__" || !stem(path).starts_with('_');
    let public: BTreeSet<&str> =
        texts.iter().filter(|(path, _)| is_public(path)).flat_map(|(_, text)| all_of_python(text)).collect();
    let mut found = BTreeSet::new();
    for (path, text) in texts {
        let own: BTreeSet<&str> = all_of_python(text).collect();
        for name in declared_in_python(text) {
            match name.split_once('.') {
                Some((class, _)) if public.contains(class) => found.insert(name),
                None if path.extension().is_some_and(|ending| ending == "pyi") => found.insert(name),
                None if own.contains(&*name) && is_public(path) => {
                    found.insert(format!("{}.{name}", stem(path)))
                }
                _ => false,
            };
        }
    }
    found
}

/// The names that `__all__` of a module has.
fn all_of_python(text: &str) -> impl Iterator<Item = &str> {
    let list = text.split_once("\n__all__ = [").and_then(|(_, rest)| rest.split_once(']'));
    list.map_or("", |(list, _)| list).split('"').skip(1).step_by(2)
}

/// What Node's entries give out; a function of one that is not the first has the entry's name before it.
fn exported_by_node(texts: &[(PathBuf, String)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in texts {
        let Some(entry) = NODE.iter().find(|entry| path.ends_with(entry)) else { continue };
        let parts: Vec<&str> = entry.split('/').collect();
        for name in declared_in_node(text) {
            match *parts {
                _ if name.contains('.') => found.insert(name),
                ["lib", _] => found.insert(name),
                ["ts", module, "index.mts"] => found.insert(format!("{module}.{name}")),
                _ => false,
            };
        }
    }
    found
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

/// Exported functions of a text in TypeScript, and methods of its classes.
fn declared_in_node(text: &str) -> BTreeSet<String> {
    let mut class = None;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let inner = line.trim_start();
        let depth = line.len() - inner.len();
        if depth == 0 {
            let plain = inner.trim_start_matches("export ").trim_start_matches("declare ");
            if let (true, Some(name)) = (inner.starts_with("export "), plain.strip_prefix("function ")) {
                found.insert(word(name).to_owned());
            }
            if !inner.is_empty() && !inner.starts_with(['*', '/']) {
                class = plain.trim_start_matches("abstract ").strip_prefix("class ").map(word);
            }
            continue;
        }
        let Some(class) = class.filter(|_| depth == 2) else { continue };
        let member = ["static ", "readonly ", "async ", "get ", "*"]
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
    let texts = [
        ("a/__init__.py", "\n__all__ = [\"Engine\"]\n".to_owned()),
        ("a/_native.pyi", format!("{python}class Hidden:\n    def no(self) -> None: ...\n")),
        (
            "a/otel.py",
            "\n__all__ = [\n    \"record\",\n]\ndef record() -> None: ...\ndef own() -> None: ...\n"
                .to_owned(),
        ),
    ]
    .map(|(path, text)| (PathBuf::from(path), text));
    let expected = ["Engine.load", "Engine.version", "connect", "otel.record"].map(str::to_owned);
    assert_eq!(exported_by_python(&texts), BTreeSet::from(expected));
    let rust = "impl Engine {\n    pub fn load(&self) {}\n    fn own(&self) {}\n}\nimpl<'e> View<'e> {\n    pub const fn version(&self) {}\n}\n\
                impl Drop for View<'_> {\n    pub fn no(&self) {}\n}\nimpl Other {\n    pub fn no(&self) {}\n}\n";
    let expected = ["Engine::load", "View::version"].map(str::to_owned);
    assert_eq!(declared_in_rust(&[(PathBuf::from("src/a.rs"), rust.to_owned())]), BTreeSet::from(expected));
}
