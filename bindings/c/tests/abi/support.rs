//! What the tests share: where the libraries are, and how programs in C are made and run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The folder of this package.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the project.
pub(crate) fn project() -> &'static Path {
    root().ancestors().nth(2).unwrap()
}

/// The folder with the libraries that were built for this test: beside it.
pub(crate) fn libraries() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    for name in ["libtidegate_c.a", "libtidegate_c.so"] {
        assert!(folder.join(name).is_file(), "no {name} beside the test");
    }
    folder
}

/// How a program is linked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Linked {
    Shared,
    Static,
}

/// What is strict about our C, and C++.
pub(crate) const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// A program in C, made of one file.
pub(crate) fn program(source: &Path, into: &Path, linked: Linked, flags: &[&str]) -> PathBuf {
    let kind = if linked == Linked::Static { "static" } else { "shared" };
    let made = into.join(format!("{}_{kind}", source.file_stem().unwrap().to_string_lossy()));
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu99", "-g", "-O1"]).args(WARNINGS).args(flags);
    compiler.arg("-I").arg(root().join("include")).arg("-I").arg(root().join("tests/c"));
    compiler.arg(source).arg("-o").arg(&made);
    match linked {
        Linked::Static => compiler.arg(libraries().join("libtidegate_c.a")).args(["-lm", "-ldl", "-lrt"]),
        Linked::Shared => compiler.arg(libraries().join("libtidegate_c.so")),
    };
    compiler.arg("-pthread");
    succeed(&mut compiler);
    made
}

/// A command that finds the shared library under the name that it was given (its SONAME).
pub(crate) fn with_library(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let link = folder.join(soname());
    if !link.exists() {
        std::os::unix::fs::symlink(libraries().join("libtidegate_c.so"), &link).unwrap();
    }
    let mut command = Command::new(program);
    command.env("LD_LIBRARY_PATH", folder).stdin(Stdio::null());
    command
}

/// The name that programs look for.
pub(crate) fn soname() -> String {
    let (major, minor) = (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
    if major == "0" { format!("libtidegate.so.0.{minor}") } else { format!("libtidegate.so.{major}") }
}

/// Runs it; what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// Whether a tool is there; says so if not. With `TIDEGATE_REQUIRE_TOOLS=1`, as where it was to be installed, a test does not go on
/// without it.
pub(crate) fn has(tool: &str) -> bool {
    is_there(tool, std::env::var_os("TIDEGATE_REQUIRE_TOOLS").is_some_and(|value| value == "1"))
}

fn is_there(tool: &str, is_required: bool) -> bool {
    let found = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    assert!(found || !is_required, "expected `{tool}`, which is not here");
    if !found {
        use std::io::Write as _;
        // Not eprintln!, which the test harness swallows when the test passes.
        let _ = writeln!(std::io::stderr(), "skipped: no `{tool}` here");
    }
    found
}

#[test]
#[should_panic(expected = "expected `no-such-tool`")]
fn tool_that_is_required_is_not_skipped() {
    is_there("no-such-tool", true);
}
