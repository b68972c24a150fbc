//! A real server: the command `tidegate serve` on a store of its own, and what is done there by the command line.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::support::{libraries, succeed};

/// Off for everyone; on for everyone by a release, in its one phase.
const PIPELINE: &str = "phases:\n  - {id: all, target: [{environments: [prod]}], bake_s: 3600}\n";
const OFF: &str = "kind: gate\n";
const ON: &str = "kind: gate\nrules:\n  - {id: everyone, variant: on}\n";

/// A running server, ended with the test; it has a gate `checkout`, which is off in `prod`.
pub(crate) struct Server {
    process: Child,
    url: String,
    token: String,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The command, which cargo puts into the folder above.
fn binary() -> PathBuf {
    let binary = libraries().parent().unwrap().join("tidegate");
    assert!(binary.is_file(), "no {}: `make test-c-client` builds it", binary.display());
    binary
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("pipeline.yaml", PIPELINE), ("off.yaml", OFF), ("on.yaml", ON)] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut serve = Self::command(&folder);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--store", "sqlite:tidegate.db"]);
        let mut process = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut after = |start: &str| {
            let line = lines.next().unwrap_or_else(|| panic!("the server ended early")).unwrap();
            line.strip_prefix(start)
                .unwrap_or_else(|| panic!("expected `{start}…`, found `{line}`"))
                .to_owned()
        };
        let (url, token) = (after("listening on "), after("one-time admin token: "));
        let mut server = Self { process, url, token, folder };
        server.token = server.run(&["token", "create"]);
        server.run(&["env", "create", "prod", "--production"]);
        server.run(&["feature", "create", "checkout", "--file", "off.yaml"]);
        server.run(&["pipeline", "create", "all", "--file", "pipeline.yaml"]);
        server.run(&["pipeline", "publish", "all", "--yes"]);
        server.run(&["feature", "attach", "checkout", "--pipeline", "all"]);
        server
    }

    /// Without anything of the surroundings that it would read.
    fn command(folder: &tempfile::TempDir) -> Command {
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TIDEGATE_") {
                command.env_remove(name);
            }
        }
        command.env_remove("RUST_LOG").env("XDG_CONFIG_HOME", folder.path()).current_dir(folder.path());
        command.stdin(Stdio::null());
        command
    }

    /// What a command prints.
    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Self::command(&self.folder);
        command.env("TIDEGATE_SERVER", &self.url).env("TIDEGATE_TOKEN", &self.token);
        succeed(command.args(arguments)).trim().to_owned()
    }

    /// A connection string.
    pub(crate) fn connection(&self) -> String {
        self.run(&["sdk-key", "new", "--env", "prod"])
    }

    /// Turns the gate on, by a release.
    pub(crate) fn turn_on(&self) {
        self.run(&["feature", "save", "checkout", "--file", "on.yaml", "--yes"]);
    }

    /// The release of `turn_on`, as it is shown: with what was served of it.
    pub(crate) fn release(&self) -> serde_json::Value {
        let all = self.run(&["release", "list", "--format", "json"]);
        let all: serde_json::Value = serde_json::from_str(&all).unwrap();
        let id = all.pointer("/0/key").and_then(|id| id.as_str()).unwrap_or_else(|| panic!("{all:#}"));
        serde_json::from_str(&self.run(&["release", "show", id, "--format", "json"])).unwrap()
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
