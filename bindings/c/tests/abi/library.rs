//! The library as C sees it: programs in `tests/c` are compiled, linked with what was built, and run, with sanitizers and under
//! Valgrind; and what the shared library gives to the world.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::support::{
    Linked, WARNINGS, has, libraries, program, project, root, soname, succeed, with_library,
};

pub(crate) const SANITIZERS: [&str; 3] =
    ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

fn snapshot() -> String {
    project().join("examples/snapshots/checkout.json").to_string_lossy().into_owned()
}

/// Runs a program of `tests/c` as it is linked in practice, and under the sanitizers.
fn run(name: &str, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let source = root().join("tests/c").join(name).with_extension("c");
    let plain = program(&source, folder.path(), Linked::Shared, &[]);
    succeed(with_library(&plain, folder.path()).args(arguments));
    let checked = program(&source, folder.path(), Linked::Static, &SANITIZERS);
    succeed(Command::new(&checked).args(arguments).env("ASAN_OPTIONS", "detect_leaks=1"));
    if has("valgrind") {
        succeed(valgrind(&plain, folder.path()).args(arguments));
    }
}

/// A program that is linked with the shared library, under Valgrind.
pub(crate) fn valgrind(program: &Path, folder: &Path) -> Command {
    let mut valgrind = with_library("valgrind", folder);
    valgrind.args([
        "--quiet",
        "--error-exitcode=9",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite,indirect",
    ]);
    valgrind.arg(program);
    valgrind
}

#[test]
fn every_function_does_what_it_says() {
    run("api", &[&snapshot()]);
}

#[test]
fn misuse_is_told() {
    run("misuse", &[]);
}

#[test]
fn threads_check_while_another_swaps() {
    let folder = tempfile::tempdir().unwrap();
    let source = root().join("tests/c/threads.c");
    let checked = program(&source, folder.path(), Linked::Static, &SANITIZERS);
    succeed(&mut Command::new(checked));
}

#[test]
fn client_follows_a_file_where_it_is_built() {
    run("client", &[&snapshot()]);
}

/// Neither a check nor a swap leaves anything behind: the program compares the memory that is resident, part by part.
#[test]
fn checks_and_swaps_leave_the_resident_size_flat() {
    let folder = tempfile::tempdir().unwrap();
    let leak = program(&root().join("tests/c/leak.c"), folder.path(), Linked::Shared, &["-O2"]);
    print!("{}", succeed(with_library(&leak, folder.path()).args(["10000000", "10000"])));
}

/// The program counts what is allocated, in the GNU C library's own way.
#[cfg(target_env = "gnu")]
#[test]
fn decisions_allocate_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = root().join("tests/c/allocations.c");
    let made = program(&source, folder.path(), Linked::Shared, &[]);
    succeed(&mut with_library(&made, folder.path()));
}

/// A sanitizer that is not linked finds nothing.
#[test]
fn sanitizers_are_in_the_programs_that_they_check() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("bad.c");
    fs::write(
        &source,
        "#include <stdlib.h>\n#include \"tidegate.h\"\nint main(void) { char *p = malloc(4); tg_version(); free(p); return p[1]; }\n",
    )
    .unwrap();
    let mut flags = SANITIZERS.to_vec();
    flags.push("-Wno-use-after-free");
    let bad = program(&source, folder.path(), Linked::Static, &flags);
    let output = Command::new(bad).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("heap-use-after-free"), "{said}");
}

/// The functions of the header.
fn functions() -> BTreeSet<String> {
    let header = fs::read_to_string(root().join("include/tidegate.h")).unwrap();
    let names = header.lines().filter_map(|line| {
        let before = line.split_once('(')?.0;
        let name = before.rsplit([' ', '*']).next()?;
        let is_function =
            !line.starts_with([' ', '#', '/']) && !line.starts_with("typedef") && name.starts_with("tg_");
        is_function.then(|| name.to_owned())
    });
    names.collect()
}

#[test]
fn library_exports_the_functions_of_the_header_and_nothing_else() {
    let listing =
        succeed(Command::new("nm").args(["-D", "--defined-only"]).arg(libraries().join("libtidegate_c.so")));
    let exported: BTreeSet<String> =
        listing.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect();
    assert_eq!(exported, functions());
    assert!(exported.len() > 60);
    let listed = succeed(Command::new("readelf").arg("-d").arg(libraries().join("libtidegate_c.so")));
    assert!(listed.contains(&format!("Library soname: [{}]", soname())), "{listed}");
}

#[test]
fn every_function_is_used_by_the_tests_in_c() {
    let tests: String = ["api.c", "client.c", "misuse.c"]
        .iter()
        .map(|name| fs::read_to_string(root().join("tests/c").join(name)).unwrap())
        .collect();
    let missing: Vec<String> =
        functions().into_iter().filter(|name| !tests.contains(&format!("{name}("))).collect();
    assert!(missing.is_empty(), "functions that no test in C calls: {missing:?}");
}

#[test]
fn header_is_c99_and_cpp17() {
    let folder = tempfile::tempdir().unwrap();
    for (compiler, standards, extension) in [("cc", ["c99", "c11"], "c"), ("c++", ["c++17", "c++20"], "cpp")]
    {
        let source = folder.path().join("header").with_extension(extension);
        fs::write(&source, "#include \"tidegate.h\"\n#include \"tidegate.h\"\nint main(void) { return (int)tg_version() - TG_VERSION; }\n")
            .unwrap();
        for standard in standards {
            let mut command = Command::new(compiler);
            command.arg(format!("-std={standard}")).args(WARNINGS);
            command.arg("-I").arg(root().join("include")).arg("-fsyntax-only").arg(&source);
            succeed(&mut command);
        }
    }
}
