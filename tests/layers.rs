//! Imports point down, `eval` stays lean, files stay readable, SQL stays in the store.
//!
//! ```text
//!  error ← value, operand ← model, context, bucket ← program ← compile | eval ← engine ← client
//!  (trace, wire: beside, over the model)
//! ```
//! It reads the text of the sources, not the compiler's view of them: comments, strings and test code are blanked out, then
//! each `crate::…` path and each chain of `super::` that leaves its module is looked up in [`ALLOWED`].
//! INVARIANT: a module of `src/` that has no row in [`ALLOWED`] fails the test, as does a row without a module.

#![expect(clippy::expect_used, reason = "a test that cannot read the sources has nothing to check")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What each top-level module may name. `lib.rs`, the façade, may name all.
const ALLOWED: &[(&str, &[&str])] = &[
    ("bucket", &["error", "operand", "value"]),
    ("client", &["engine", "error", "model", "value", "wire"]),
    ("compile", &["bucket", "context", "error", "model", "operand", "program", "value"]),
    ("context", &["bucket", "error", "operand", "value"]),
    (
        "engine",
        &[
            "bucket",
            "compile",
            "context",
            "error",
            "eval",
            "model",
            "operand",
            "program",
            "telemetry",
            "trace",
            "value",
        ],
    ),
    ("error", &[]),
    ("eval", &["bucket", "context", "error", "operand", "program", "value"]),
    ("model", &["error", "value"]),
    ("operand", &["error", "value"]),
    ("program", &["bucket", "context", "error", "operand", "value"]),
    ("release", &["error", "model", "value"]),
    ("telemetry", &["error", "eval", "program"]),
    ("trace", &["bucket", "error", "model", "operand", "value"]),
    ("value", &["error"]),
    ("wire", &["error", "model", "value"]),
];

/// What would let `eval` read a clock, wait for a lock or allocate.
const NOT_IN_EVAL: &[&str] = &[
    "Arc::new",
    "Box::new",
    "Instant",
    "Mutex",
    "Rc::new",
    "RwLock",
    "String::",
    "SystemTime",
    "Vec::new",
    "format!",
    "to_owned",
    "to_string",
    "to_vec",
    "vec!",
    "with_capacity",
];

/// Beginnings of statements, as they stand in string literals.
const SQL: &[&str] =
    &["ALTER TABLE ", "CREATE INDEX ", "CREATE TABLE ", "DELETE FROM ", "INSERT INTO ", "SELECT "];

const STORE: &str = "crates/admin/src/store";
const C_BINDING: &str = "bindings/c";

/// The files of functions that Node and Python call, by pointer: nothing can link them.
const CALLBACKS: [&str; 3] =
    ["bindings/node/src/hot.rs", "bindings/python/src/hot.rs", "bindings/python/src/raw.rs"];
const SOFT_LINES: usize = 400;
const HARD_LINES: usize = 800;

/// The files beside the oracle's evaluator, which is all the others together.
const BESIDE_ORACLE: [&str; 4] = ["bucket_vectors.py", "generate.py", "run_cases.py", "test_oracle.py"];
const ORACLE_LINES: usize = 799;

#[test]
fn imports_point_down() {
    let mut found = Vec::new();
    for source in sources(&["src"]) {
        let Some(module) = source.layer() else { continue };
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else { continue };
        for Reference { target, at } in root_references(&source.code, source.depth()) {
            let fault = if target == module || allowed.contains(&target.as_str()) {
                continue;
            } else if ALLOWED.iter().any(|(name, _)| *name == target) {
                format!("`{module}` may not name `{target}`")
            } else {
                format!("`{target}` is reached through the façade: name the module that it lives in")
            };
            found.push(source.at(at, &fault));
        }
    }
    report("imports that do not point down", &found);
}

#[test]
fn each_module_has_a_row() {
    let modules: BTreeSet<String> = sources(&["src"]).iter().filter_map(Source::layer).collect();
    let rows: BTreeSet<String> = ALLOWED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found: Vec<String> = modules.symmetric_difference(&rows).cloned().collect();
    report("modules of src/ and rows of ALLOWED that lack the other", &found);
}

#[test]
fn rows_form_no_cycle() {
    let mut left: Vec<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    for _ in ALLOWED {
        let above = |name: &str| {
            ALLOWED
                .iter()
                .any(|(row, allowed)| *row == name && allowed.iter().any(|lower| left.contains(lower)))
        };
        left = left.iter().copied().filter(|name| above(name)).collect();
    }
    assert!(left.is_empty(), "rows that name each other in a circle: {left:?}");
}

#[test]
fn eval_has_no_clock_lock_or_allocation() {
    let mut found = Vec::new();
    for source in sources(&["src"]).iter().filter(|source| source.layer().as_deref() == Some("eval")) {
        for word in NOT_IN_EVAL {
            found.extend(words(&source.code, word).map(|at| source.at(at, &format!("`{word}` in eval"))));
        }
    }
    report("what eval must not contain", &found);
}

#[test]
fn files_stay_readable() {
    let mut found = Vec::new();
    for source in sources(&["src", "crates", "bindings"]) {
        let lines = source.lines_without_tests;
        if lines > HARD_LINES {
            found.push(format!("{}: {lines} lines, at most {HARD_LINES}", source.path));
        } else if lines > SOFT_LINES {
            // Not eprintln!, which the test harness swallows when the test passes.
            let text = format!(
                "warning: {}: {lines} lines; above {SOFT_LINES}, is it still one thing?",
                source.path
            );
            writeln!(io::stderr(), "{text}").expect("stderr");
        }
    }
    let oracle = oracle_lines();
    if oracle > ORACLE_LINES {
        found.push(format!("oracle: {oracle} lines, at most {ORACLE_LINES}"));
    }
    report("files that are too long", &found);
}

#[test]
fn sql_stays_in_the_store() {
    let mut found = Vec::new();
    for source in sources(&["src", "crates", "bindings"]) {
        if source.path.starts_with(STORE) {
            continue;
        }
        for statement in SQL {
            let starts = words(&source.strings, statement);
            found.extend(starts.map(|at| source.at(at, &format!("SQL outside {STORE}"))));
        }
    }
    report("SQL outside the store", &found);
}

#[test]
fn c_abi_is_in_its_binding_alone() {
    let mut found = Vec::new();
    for source in sources(&["src", "crates", "bindings"]) {
        if source.path.starts_with(C_BINDING) || CALLBACKS.iter().any(|file| source.path.ends_with(file)) {
            continue;
        }
        for abi in ["\"C\"", "\"C-unwind\"", "\"system\""] {
            for (at, _) in source.strings.match_indices(abi) {
                let before = source.code.get(..at).unwrap_or_default().trim_end();
                if before.ends_with("extern") {
                    found.push(source.at(at, &format!("extern {abi} outside {C_BINDING}")));
                }
            }
        }
    }
    report("functions for C outside the C binding", &found);
}

#[test]
fn scanner_sees_what_it_should() {
    let text = "use crate::{error::Error, value::{Value, x}};\n// crate::engine\n/* crate::eval /* */ */\n\
                fn f() { $crate::model::f(\"crate::eval\"); let c = '\"'; let s = r#\"crate::\"#; super::super::program::g(b'\\''); }\n\
                mod inner { use super::super::super::{compile::a, eval}; use super::super::near; use crate::*; use crate::value as v; }\n\
                #[cfg(test)]\nmod tests {\n use crate::engine::E;\n}\nuse super::sibling; fn g<'a>(x: &'a str) { self::super::k(x) }";
    let parts = blank(text);
    let code = without_tests(&parts.code).0;
    let targets: Vec<String> =
        root_references(&code, 2).into_iter().map(|reference| reference.target).collect();
    assert_eq!(targets, ["error", "value", "model", "program", "compile", "eval", "*", "value"]);
    assert!(parts.strings.contains("crate::eval") && !parts.strings.contains("fn f"));
    assert_eq!(code.lines().count(), text.lines().count());
}

/// A file of Rust, with what is not code blanked out.
struct Source {
    /// Relative to the project, with `/`.
    path: String,
    /// Code only: no comments, literals or tests. Offsets and lines are those of the file.
    code: String,
    /// Literals only.
    strings: String,
    lines_without_tests: usize,
}

impl Source {
    /// The module chain of the file, without `src`: `["eval"]` of src/eval/mod.rs, `["eval", "set"]` of src/eval/set.rs.
    fn modules(&self) -> Vec<&str> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let mut parts: Vec<&str> =
            inside.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part)).collect();
        if matches!(parts.last(), Some(&"mod" | &"lib" | &"main")) {
            parts.pop();
        }
        parts
    }

    fn layer(&self) -> Option<String> {
        self.modules().first().map(|name| (*name).to_owned())
    }

    fn depth(&self) -> usize {
        self.modules().len()
    }

    fn at(&self, offset: usize, fault: &str) -> String {
        let line = self.code.bytes().take(offset).filter(|byte| *byte == b'\n').count().saturating_add(1);
        format!("{}:{line}: {fault}", self.path)
    }
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in folders {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    paths.iter().map(|path| read(root, path)).collect()
}

/// The Rust files below a folder that are not all test or bench; none if there is no such folder.
fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a folder's entry").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            if !["benches", "node_modules", "target", "tests"].contains(&name.as_str()) {
                collect(&path, into);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            into.push(path);
        }
    }
}

fn read(root: &Path, path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a source file in UTF-8");
    let parts = blank(&text);
    let (code, test_lines) = without_tests(&parts.code);
    let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let lines_without_tests = text.lines().count().saturating_sub(test_lines);
    Source { path, code, strings: parts.strings, lines_without_tests }
}

/// The two halves of a text; each as long as the text, with spaces where the other half or a comment stands.
struct Parts {
    code: String,
    strings: String,
}

fn blank(text: &str) -> Parts {
    let mut parts = Parts { code: String::new(), strings: String::new() };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, kind) = token(rest, parts.code.chars().next_back());
        let (taken, after) = rest.split_at(length.max(first.len_utf8()));
        let spaces: String =
            taken.chars().map(|c| if c == '\n' { "\n".into() } else { " ".repeat(c.len_utf8()) }).collect();
        parts.code.push_str(if kind == Kind::Code { taken } else { &spaces });
        parts.strings.push_str(if kind == Kind::Literal { taken } else { &spaces });
        rest = after;
    }
    parts
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// The length and kind of what `rest` begins with.
fn token(rest: &str, before: Option<char>) -> (usize, Kind) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Kind::Comment);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), Kind::Comment);
    }
    if rest.starts_with('"') {
        return (escaped(rest, '"'), Kind::Literal);
    }
    if let Some(quoted) = rest.strip_prefix('\'') {
        let mut characters = quoted.chars();
        let is_escape = characters.next() == Some('\\');
        // Else a lifetime or a label.
        return if is_escape || characters.next() == Some('\'') {
            (escaped(rest, '\''), Kind::Literal)
        } else {
            (1, Kind::Code)
        };
    }
    if !before.is_some_and(is_word) {
        let raw = rest.strip_prefix('b').or_else(|| rest.strip_prefix('c')).unwrap_or(rest);
        let hashes = raw
            .strip_prefix('r')
            .map(|hashes| hashes.len().saturating_sub(hashes.trim_start_matches('#').len()));
        if let Some(hashes) = hashes {
            let opening = format!("r{}\"", "#".repeat(hashes));
            if let Some(body) = raw.strip_prefix(opening.as_str()) {
                let closing = format!("\"{}", "#".repeat(hashes));
                let end = body.find(&closing).map_or(body.len(), |end| end.saturating_add(closing.len()));
                return (rest.len().saturating_sub(body.len()).saturating_add(end), Kind::Literal);
            }
        }
    }
    (1, Kind::Code)
}

fn escaped(rest: &str, quote: char) -> usize {
    let mut skip = false;
    for (at, c) in rest.char_indices().skip(1) {
        if !skip && c == quote {
            return at.saturating_add(1);
        }
        skip = !skip && c == '\\';
    }
    rest.len()
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0_usize);
    while let Some(here) = rest.as_bytes().get(at..) {
        let step = if here.starts_with(b"/*") {
            depth = depth.saturating_add(1);
            2
        } else if here.starts_with(b"*/") {
            depth = depth.saturating_sub(1);
            2
        } else {
            1
        };
        at = at.saturating_add(step).min(rest.len());
        if depth == 0 || at == rest.len() {
            return at;
        }
    }
    rest.len()
}

/// The code with each item under `#[cfg(test)]` blanked out, and the number of lines that it had.
fn without_tests(code: &str) -> (String, usize) {
    let mut kept = code.as_bytes().to_vec();
    let mut lines = 0_usize;
    for (start, attribute) in code.match_indices("#[cfg(test)]") {
        let mut depth = 0_i32;
        let mut from = start;
        for (at, byte) in code.bytes().enumerate().skip(start.saturating_add(attribute.len())) {
            depth = depth.saturating_add(match byte {
                b'(' | b'[' | b'{' => 1,
                b')' | b']' | b'}' => -1,
                _ => 0,
            });
            if depth == 0 && (byte == b'}' || byte == b';') || depth < 0 {
                from = at.saturating_add(1);
                break;
            }
        }
        for byte in kept.iter_mut().take(from).skip(start) {
            if *byte == b'\n' {
                lines = lines.saturating_add(1);
            } else {
                *byte = b' ';
            }
        }
    }
    (String::from_utf8(kept).expect("items end at ASCII"), lines)
}

/// A path that begins at the crate's root: its first name, and where it stands.
struct Reference {
    target: String,
    at: usize,
}

/// The names that the code reaches through `crate::` or through enough `super::` to leave its top-level module.
fn root_references(code: &str, depth: usize) -> Vec<Reference> {
    let mut found = Vec::new();
    // One entry per open brace: whether it opened an inline module.
    let mut braces: Vec<bool> = Vec::new();
    let mut at = 0_usize;
    while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
        let starts_word = !code.get(..at).and_then(|before| before.chars().next_back()).is_some_and(is_word);
        let inline = braces.iter().filter(|is_module| **is_module).count();
        let supers = supers(rest);
        if starts_word && rest.starts_with("crate::") {
            found.extend(
                first_names(rest.trim_start_matches("crate::")).map(|target| Reference { target, at }),
            );
        } else if starts_word && supers > 0 {
            if supers >= depth.saturating_add(inline) {
                found.extend(
                    first_names(rest.trim_start_matches("super::")).map(|target| Reference { target, at }),
                );
            }
            at = at.saturating_add("super::".len().saturating_mul(supers));
            continue;
        } else if rest.starts_with('{') {
            braces.push(opens_module(code.get(..at).unwrap_or_default()));
        } else if rest.starts_with('}') {
            braces.pop();
        }
        at = at.saturating_add(rest.chars().next().map_or(1, char::len_utf8));
    }
    found
}

fn supers(rest: &str) -> usize {
    let chain = rest.len().saturating_sub(rest.trim_start_matches("super::").len());
    chain.checked_div("super::".len()).unwrap_or_default()
}

/// Whether the code before a brace ends with `mod name`.
fn opens_module(before: &str) -> bool {
    let before = before.trim_end();
    let keyword = before.trim_end_matches(is_word);
    keyword.len() < before.len() && keyword.ends_with("mod ")
}

/// The first name of the path, or of each path of a group: `a::b` → a; `{a::{b, c}, d}` → a, d.
fn first_names(path: &str) -> impl Iterator<Item = String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let (mut depth, mut fresh) = (0_usize, true);
    let is_group = path.starts_with('{');
    for c in path.chars() {
        match c {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            // A glob counts as a name, so that it is reported.
            _ if (is_word(c) || c == '*') && fresh => name.push(c),
            _ if c.is_whitespace() && name.is_empty() => {}
            _ => fresh = false,
        }
        let is_over = if is_group { depth == 0 } else { !fresh };
        if c == ',' && depth == 1 || is_over {
            names.push(std::mem::take(&mut name));
            fresh = true;
        }
        if is_over {
            break;
        }
    }
    names.push(name);
    names.into_iter().filter(|name| !name.is_empty())
}

/// Where `word` stands, not as a part of a longer word.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let ends_in_word = word.chars().next_back().is_some_and(is_word);
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        let after = text.get(at.saturating_add(word.len())..).and_then(|after| after.chars().next());
        !(before.is_some_and(is_word) || ends_in_word && after.is_some_and(is_word))
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn oracle_lines() -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle");
    let paths = fs::read_dir(folder).expect("the oracle").map(|entry| entry.expect("a file").path());
    let evaluator = paths.filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(".py") && !BESIDE_ORACLE.contains(&name)
    });
    evaluator.map(|path| fs::read_to_string(path).expect("a file in UTF-8").lines().count()).sum()
}

fn report(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}
