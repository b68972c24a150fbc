//! The binary as a user meets it: verbs, exit codes, streams, the table cases, and a real payload.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the helpers of tests are not marked as tests"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

mod cases;
mod statsig;
mod stream;
mod verbs;

/// A document with a mistake that strict mode refuses and lenient mode isolates.
const INVALID: &str = r#"{"schema_version": 1, "version": 3, "features": {
    "good": {"kind": "gate", "rules": [{"id": "r", "variant": "on"}]},
    "bad": {"kind": "gate", "rules": [{"id": "r", "variant": "onn"}]}}}"#;

/// A document with one gate by plan, and one by environment.
const SMALL: &str = r#"{"schema_version": 1, "version": 7, "environments": {"dev": {}, "prod": {"production": true}}, "features": {
    "by_plan": {"kind": "gate", "rules": [{"id": "pro", "if": {"attribute": "plan", "op": "eq", "value": "pro"}, "variant": "on"}]},
    "by_environment": {"kind": "gate", "environments": {"prod": {"default": "on"}}}}}"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn checkout() -> String {
    root().join("examples/snapshots/checkout.json").display().to_string()
}

/// A file of its own for a test.
fn file(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR");
    command
}

/// What a run left behind.
#[derive(Debug)]
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Run {
    fn json(&self) -> serde_json::Value {
        assert!(self.stdout.starts_with('{'), "no JSON: {self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }
}

fn run(arguments: &[&str]) -> Run {
    command(arguments).output().unwrap().into()
}

fn run_with(arguments: &[&str], stdin: impl Into<Vec<u8>>) -> Run {
    let mut child = command(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let bytes = stdin.into();
    // A child that ends early leaves a broken pipe.
    let writer = std::thread::spawn(move || drop(pipe.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.into()
}
