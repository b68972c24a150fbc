//! The header, and the parts of the sources that are generated: they are what the sources say, and every export has its boundary.
//!
//! `UPDATE_HEADER=1 cargo test -p tidegate-c --test header` writes them anew: first the statuses from the catalogue of codes, then
//! the header from the sources. The second run then finds all as it should be.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must fail"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use tidegate::error::Code;
use tidegate_c::version;

const HEAD: &str = include_str!("head.h");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_updating() -> bool {
    std::env::var_os("UPDATE_HEADER").is_some_and(|value| value == "1")
}

/// Compares a file with what it should be, or writes it.
fn agree(path: &Path, wanted: &str) {
    let found = fs::read_to_string(path).unwrap_or_default();
    if found == wanted {
        return;
    }
    if is_updating() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, wanted).unwrap();
        return;
    }
    let line = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    let line = line.unwrap_or_else(|| found.lines().count().min(wanted.lines().count()));
    panic!(
        "{} is not what the sources say, from line {} on: found\n  {}\nexpected\n  {}\n\
         hint: UPDATE_HEADER=1 cargo test -p tidegate-c --test header, twice",
        path.display(),
        line + 1,
        found.lines().nth(line).unwrap_or_default(),
        wanted.lines().nth(line).unwrap_or_default()
    );
}

/// The text with what stands between two marks replaced.
fn with_region(text: &str, mark: &str, lines: impl Iterator<Item = String>) -> String {
    let (open, close) = (format!("// <{mark}>\n"), format!("// </{mark}>"));
    let start = text.find(&open).expect("the opening mark") + open.len();
    let end = text.find(&close).expect("the closing mark");
    let indent = text[..end].rfind('\n').map_or(start, |line| line + 1);
    let body: String = lines.map(|line| format!("{line}\n")).collect();
    format!("{}{body}{}", &text[..start], &text[indent..])
}

#[test]
fn statuses_are_those_of_the_catalogue() {
    let path = root().join("src/status.rs");
    let text = fs::read_to_string(&path).unwrap();
    let variants = Code::all().iter().map(|code| {
        let (meaning, number) = (code.meaning(), *code as i32);
        format!("    /// `{code}`: {meaning}.\n    {code:?} = {number},")
    });
    let text = with_region(&text, "variants", variants);
    let codes = Code::all().iter().map(|code| format!("            Code::{code:?} => Self::{code:?},"));
    agree(&path, &with_region(&text, "codes", codes));
    let mut numbers = BTreeSet::new();
    assert!(Code::all().iter().all(|code| *code as i32 >= 1_000 && numbers.insert(*code as i32)));
}

fn header() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let parts: Vec<u32> = version::VERSION_TEXT.split('.').map(|part| part.parse().unwrap()).collect();
    let [major, minor, patch] = parts[..] else { panic!("{}", version::VERSION_TEXT) };
    let versions = format!(
        "\n/** The version of this header; of the library that is linked, `tg_version()`. */\n\
         #define TG_VERSION_MAJOR {major}\n#define TG_VERSION_MINOR {minor}\n#define TG_VERSION_PATCH {patch}\n\
         /** major * 1000000 + minor * 1000 + patch */\n#define TG_VERSION {}\n\
         #define TG_VERSION_TEXT \"{}\"",
        version::packed(),
        version::VERSION_TEXT
    );
    let mut builder = cbindgen::Builder::new().with_config(config).with_header(HEAD.trim_end());
    builder = builder.with_after_include(versions);
    for source in sources() {
        builder = builder.with_src(source);
    }
    let mut written = Vec::new();
    builder.generate().expect("sources that cbindgen understands").write(&mut written);
    String::from_utf8(written).unwrap()
}

/// The files below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] }).collect()
}

/// In an order that reads well: what is made first comes first.
fn sources() -> Vec<PathBuf> {
    let order = [
        "status",
        "text",
        "version",
        "engine",
        "context",
        "reader",
        "view",
        "decision",
        "value",
        "report",
        "overrides",
        "exposure",
        "trace",
        "log",
        "client/mod",
    ];
    let sources: Vec<PathBuf> =
        order.iter().map(|name| root().join("src").join(name).with_extension("rs")).collect();
    let mut all = rust_files(&root().join("src"));
    all.retain(|path| {
        ![
            "lib.rs",
            "boundary.rs",
            "further.rs",
            "readers.rs",
            "thread.rs",
            "client/enabled.rs",
            "client/disabled.rs",
        ]
        .iter()
        .any(|other| path.ends_with(other))
    });
    let (wanted, found): (BTreeSet<_>, BTreeSet<_>) = (all.iter().collect(), sources.iter().collect());
    assert_eq!(found, wanted, "a file of src/ that has no place in the header");
    sources
}

#[test]
fn header_is_what_the_sources_say() {
    agree(&root().join("include/tidegate.h"), &header());
}

#[test]
fn version_is_packed_as_the_header_says() {
    let header = fs::read_to_string(root().join("include/tidegate.h")).unwrap();
    let of = |name: &str| -> u32 {
        let line = header.lines().find_map(|line| line.strip_prefix(&format!("#define {name} ")));
        line.unwrap().parse().unwrap()
    };
    let (major, minor, patch) = (of("TG_VERSION_MAJOR"), of("TG_VERSION_MINOR"), of("TG_VERSION_PATCH"));
    assert_eq!(of("TG_VERSION"), major * 1_000_000 + minor * 1_000 + patch);
    assert_eq!(format!("{major}.{minor}.{patch}"), env!("CARGO_PKG_VERSION"));
    // SAFETY: it has no argument.
    assert_eq!(unsafe { version::tg_version() }, of("TG_VERSION"));
}

/// What an export must be.
#[derive(Default)]
struct Exports {
    names: Vec<String>,
    wrong: Vec<String>,
}

impl<'ast> Visit<'ast> for Exports {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let is_exported = function.attrs.iter().any(|attribute| attribute.path().is_ident("unsafe"));
        // Also those that an export jumps to, which have no name for C.
        if is_exported || function.sig.abi.is_some() {
            let name = function.sig.ident.to_string();
            let is_guarded = match &function.block.stmts[..] {
                [syn::Stmt::Macro(only)] => only.mac.path.is_ident("boundary"),
                [syn::Stmt::Expr(syn::Expr::Macro(only), None)] => only.mac.path.is_ident("boundary"),
                _ => false,
            };
            let is_sound = is_guarded
                && name.starts_with("tg_") == is_exported
                && function.sig.unsafety.is_some()
                && function
                    .sig
                    .abi
                    .as_ref()
                    .and_then(|abi| abi.name.as_ref())
                    .is_some_and(|abi| abi.value() == "C");
            if !is_sound {
                self.wrong.push(name.clone());
            }
            if is_exported {
                self.names.push(name);
            }
        }
        syn::visit::visit_item_fn(self, function);
    }
}

/// All exports, in the order of the sources.
fn exports() -> Exports {
    let mut exports = Exports::default();
    for path in rust_files(&root().join("src")) {
        let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
        exports.visit_file(&file);
    }
    exports
}

#[test]
fn each_export_is_one_boundary() {
    let exports = exports();
    assert!(exports.names.len() > 60, "{:?}", exports.names);
    assert!(exports.wrong.is_empty(), "exports that are not one boundary!: {:?}", exports.wrong);
    let header = fs::read_to_string(root().join("include/tidegate.h")).unwrap();
    assert!(header.is_ascii());
    let missing: Vec<_> = exports.names.iter().filter(|name| !header.contains(&format!("{name}("))).collect();
    assert!(missing.is_empty(), "exports that the header lacks: {missing:?}");
}
