//! What the documentation names exists: error codes, clauses of SEMANTICS.md, files that links lead to.
//!
//! It scans text and parses nothing, so it knows no Markdown or JSON beyond what it looks for.

#![expect(clippy::expect_used, reason = "a test that cannot read the documentation has nothing to check")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SEMANTICS: &str = "docs/SEMANTICS.md";

#[test]
fn codes_in_the_documentation_exist() {
    let errors: String = files("src/error", &["rs"]).iter().map(|file| file.text.as_str()).collect();
    let mut found = Vec::new();
    for file in documents() {
        for (line, text) in numbered(&file.text) {
            for code in codes(text).filter(|code| !names_code(&errors, code)) {
                found.push(format!("{}:{line}: TG{code} is in no catalogue", file.path));
            }
        }
    }
    report("codes that src/error does not have", &found);
}

#[test]
fn clauses_that_cases_cite_exist() {
    let clauses = clauses();
    let mut found = Vec::new();
    for file in files("testdata/cases", &["json"]) {
        for (line, text) in numbered(&file.text) {
            for cited in values_of(text, "clause").filter(|cited| !clauses.contains(*cited)) {
                found.push(format!("{}:{line}: `{cited}`", file.path));
            }
        }
    }
    report("clauses that SEMANTICS.md does not have", &found);
}

#[test]
fn clauses_that_sources_cite_exist() {
    let clauses = clauses();
    let mut found = Vec::new();
    for file in ["src", "crates"].iter().flat_map(|folder| files(folder, &["rs"])) {
        for (line, text) in numbered(&file.text) {
            for (_, after) in
                text.match_indices("SEMANTICS ").map(|(at, word)| text.split_at(at + word.len()))
            {
                let cited = leading_number(after).trim_end_matches('.');
                if cited.contains('.') && !clauses.contains(cited) {
                    found.push(format!("{}:{line}: `{cited}`", file.path));
                }
            }
        }
    }
    report("clauses that SEMANTICS.md does not have", &found);
}

#[test]
fn each_file_of_cases_cites_a_clause() {
    let silent =
        files("testdata/cases", &["json"]).into_iter().filter(|file| !file.text.contains("\"clause\""));
    let found: Vec<String> = silent.map(|file| file.path).collect();
    report("files of cases that cite no clause", &found);
}

#[test]
fn relative_links_lead_somewhere() {
    let mut found = Vec::new();
    for file in documents() {
        let folder = root().join(&file.path).parent().map(Path::to_path_buf).unwrap_or_default();
        for (line, text) in numbered(&without_code(&file.text)) {
            for target in links(text) {
                let path = target.split('#').next().unwrap_or_default();
                let is_elsewhere = path.contains("://") || path.starts_with("mailto:") || path.is_empty();
                if !is_elsewhere && !folder.join(path).exists() {
                    found.push(format!("{}:{line}: `{target}`", file.path));
                }
            }
        }
    }
    report("links that lead nowhere", &found);
}

/// The tables of the migration notes say what each call becomes: it is in a program of that language, here or in the language's
/// guide, all of which are run by tests.
#[test]
fn calls_that_the_migration_notes_name_are_run() {
    let pages = files("docs/guide", &["md"]);
    let guide = |language: &str| pages.iter().find(|page| page.path == format!("docs/guide/{language}.md"));
    let mut found = Vec::new();
    let mut count = 0;
    for page in pages.iter().filter(|page| page.path.contains("/migrate-")) {
        for (language, fences) in
            [("Python", &["python"][..]), ("Node", &["js", "ts"]), ("Rust", &["rust"]), ("C", &["c"])]
        {
            let guide = guide(&language.to_lowercase()).map(|page| page.text.as_str()).unwrap_or_default();
            let run: BTreeSet<String> =
                [&page.text, guide].iter().flat_map(|text| words_of_programs(text, fences)).collect();
            assert!(!run.is_empty(), "{}: no program in {language}", page.path);
            let named = if language == "C" {
                let spans =
                    numbered(&page.text).flat_map(|(line, text)| spans(text).map(move |span| (line, span)));
                spans.flat_map(|(line, span)| c_functions(span).map(move |name| (line, name))).collect()
            } else {
                calls_of_column(&page.text, language)
            };
            count += named.len();
            let missing = named.iter().filter(|(_, name)| !run.contains(*name));
            found.extend(missing.map(|(line, name)| format!("{}:{line}: `{name}` in {language}", page.path)));
        }
    }
    report("calls that no program makes", &found);
    assert!(count > 80, "only {count} calls are seen");
}

#[test]
fn scanners_see_what_they_should() {
    assert_eq!(
        calls("x.status().source, f(g.h) || Engine::connect(y)?").collect::<Vec<_>>(),
        ["status", "source", "f", "h", "connect"]
    );
    let table = "| there: Node | here: Node | other |\n|---|---|---|\n| `a()` | `b.c` and `d()` | `e()` |\n";
    assert_eq!(calls_of_column(table, "Node"), [(3, "c"), (3, "d")]);
    let program = "`f()`\n```js a.mjs\nb(c); // d\n```\n```c\ne();\n```\n";
    assert_eq!(words_of_programs(program, &["js"]).collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(
        codes("`TG1042`, (TG2003) but not TG104 or XTG1042 or TG10423").collect::<Vec<_>>(),
        ["1042", "2003"]
    );
    assert!(names_code("1042 => …", "1042") && names_code("TG1042", "1042") && !names_code("21042", "1042"));
    assert_eq!(
        values_of(r#"{"clause": "4.1", "x": "clause", "clause":"6.1.3"}"#, "clause").collect::<Vec<_>>(),
        ["4.1", "6.1.3"]
    );
    assert_eq!(links("[a](b.md#c) and ![d](e) (f)").collect::<Vec<_>>(), ["b.md#c", "e"]);
    assert!(!without_code("a\n```\n[b](c)\n```\n`[d](e)`").contains('('));
    let clauses = clauses();
    for clause in ["1.1", "4.3", "4.8", "4.16", "6.1", "6.1.7", "9", "9.7"] {
        assert!(clauses.contains(clause), "clause {clause} is not seen");
    }
}

struct File {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Markdown of the project.
fn documents() -> Vec<File> {
    files("", &["md"])
}

/// The files below a folder with one of some extensions; none if there is no such folder.
fn files(folder: &str, extensions: &[&str]) -> Vec<File> {
    let mut paths = Vec::new();
    collect(&root().join(folder), extensions, &mut paths);
    paths.sort();
    let read = |path: PathBuf| File {
        path: path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(&path).expect("a file in UTF-8"),
    };
    paths.into_iter().map(read).collect()
}

fn collect(folder: &Path, extensions: &[&str], into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a folder's entry").path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            let is_made = name.starts_with('.') || name == "node_modules" || name.starts_with("target");
            if !is_made {
                collect(&path, extensions, into);
            }
        } else if path.extension().is_some_and(|found| extensions.iter().any(|wanted| found == *wanted)) {
            into.push(path);
        }
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

/// The digits of each word `TG` + four digits.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter_map(|word| word.strip_prefix("TG"))
        .filter(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether the catalogue has the code, written `TG1042` or `1042`.
fn names_code(catalogue: &str, code: &str) -> bool {
    catalogue
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| word.trim_start_matches("TG") == code)
}

/// The string values that a JSON text gives to a key.
fn values_of<'a>(text: &'a str, key: &str) -> impl Iterator<Item = &'a str> {
    let quoted = format!("\"{key}\"");
    let starts: Vec<usize> = text.match_indices(&quoted).map(|(at, key)| at + key.len()).collect();
    starts.into_iter().filter_map(|at| {
        let value = text.get(at..)?.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        value.split('"').next()
    })
}

/// The clauses of SEMANTICS.md: `4.1` where a line begins with it or where it stands before a name in code (`4.4 …`), `6.1.3` for
/// the third of the numbered lines in 6.1, and `9` for the section.
fn clauses() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(SEMANTICS)).expect("SEMANTICS.md");
    let mut found = BTreeSet::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(section) = line.strip_prefix("## ") {
            found.insert(leading_number(section).trim_end_matches('.').to_owned());
        }
        let number = leading_number(line);
        if number.contains('.') {
            number.clone_into(&mut current);
            found.insert(current.clone());
        }
        if let Some(step) = line.strip_prefix(' ').map(leading_number).and_then(|step| step.strip_suffix('.'))
        {
            found.insert(format!("{current}.{step}"));
        }
        let words: Vec<&str> = line.split(' ').collect();
        for pair in words.windows(2) {
            if let [number, name] = pair
                && name.starts_with('`')
                && number.contains('.')
                && leading_number(number) == *number
            {
                found.insert((*number).to_owned());
            }
        }
    }
    found
}

/// The digits and points that a text begins with.
fn leading_number(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// The targets of links and images.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|after| after.split(')').next())
}

/// The text with fenced blocks and code spans emptied; lines stay where they are.
fn without_code(text: &str) -> String {
    let mut is_fenced = false;
    let mut kept = String::new();
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_fenced ^= is_fence;
        if !is_fenced && !is_fence {
            kept.extend(line.split('`').step_by(2));
        }
        kept.push('\n');
    }
    kept
}

/// The code spans of a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The names of what is called or asked of something: before a parenthesis, or after a point.
fn calls(code: &str) -> impl Iterator<Item = &str> {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let names = code.split(|c| !is_name(c)).filter(move |name| name.starts_with(is_first));
    names.filter(move |name| {
        let at = name.as_ptr().addr().wrapping_sub(code.as_ptr().addr());
        let (before, after) = (code.get(..at), code.get(at.wrapping_add(name.len())..));
        before.is_some_and(|text| text.ends_with('.')) || after.is_some_and(|text| text.starts_with('('))
    })
}

/// The functions of C that a code span names.
fn c_functions(span: &str) -> impl Iterator<Item = &str> {
    span.split(|c| !is_name(c)).filter(|name| name.starts_with("tg_"))
}

/// What is called in a language's columns of tables, each with its line: columns are headed by the language, the first of ours with
/// `here: ` before it.
fn calls_of_column<'t>(text: &'t str, language: &str) -> Vec<(usize, &'t str)> {
    let mut found = Vec::new();
    let mut column = None;
    for (line, text) in numbered(text) {
        let mut cells = text.split(" | ").map(|cell| cell.trim_matches(['|', ' ']));
        if !text.starts_with('|') {
            column = None;
        } else if let Some(column) = column {
            let cell = cells.nth(column).unwrap_or_default();
            found.extend(spans(cell).flat_map(calls).map(|name| (line, name)));
        } else {
            // No table has the language's name twice for itself; one without it has no such column.
            column =
                cells.position(|cell| cell.trim_start_matches("here: ") == language).or(Some(usize::MAX));
        }
    }
    found
}

/// The words of the programs in a language, but for their comments. A block's first word is its language.
fn words_of_programs(text: &str, fences: &[&str]) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    let mut is_program = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("```") {
            let language = rest.split([' ', ',']).next().unwrap_or_default();
            is_program = if is_program.is_some() { None } else { Some(fences.contains(&language)) };
        } else if is_program == Some(true) {
            let code = ["//", "# ", "/*"]
                .iter()
                .fold(line, |code, mark| code.split(mark).next().unwrap_or_default());
            words.extend(code.split(|c| !is_name(c)).filter(|word| !word.is_empty()).map(str::to_owned));
        }
    }
    words.into_iter()
}

fn report(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}
