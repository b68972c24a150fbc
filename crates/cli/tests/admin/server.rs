//! A server for a test: started on a free port with a fresh database, ended when it is dropped.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Run, command};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A running server and somebody who may do everything there.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) token: String,
    /// Where the commands run: files of the test are here.
    pub(crate) directory: PathBuf,
}

impl Server {
    /// Starts one, with `dev`, `staging` and a production environment `prod`.
    pub(crate) fn start() -> Self {
        let server = Self::empty();
        server.run(&["env", "create", "dev"]).ok();
        server.run(&["env", "create", "staging"]).ok();
        server.run(&["env", "create", "prod", "--production"]).ok();
        server
    }

    /// Starts one that has nothing but its first admin.
    pub(crate) fn empty() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("admin-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let mut child = command(&["serve", "--listen", "127.0.0.1:0"])
            .current_dir(&directory)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut after = |start: &str| {
            let line = lines.next().unwrap_or_else(|| panic!("the server ended early")).unwrap();
            line.strip_prefix(start)
                .unwrap_or_else(|| panic!("expected `{start}…`, found `{line}`"))
                .to_owned()
        };
        let url = after("listening on ");
        let once = after("one-time admin token: ");
        let mut server = Self { child, url, token: once, directory };
        server.token = server.run(&["token", "create", "--description", "laptop"]).ok().trim().to_owned();
        server
    }

    /// Kills it, and starts it again at the same address with the same database.
    pub(crate) fn restart(&mut self) {
        self.restart_after(|_| {});
    }

    /// As [`Server::restart`], with something done to its directory in between.
    pub(crate) fn restart_after(&mut self, between: impl FnOnce(&Path)) {
        self.restart_with(|directory, _| between(directory));
    }

    /// As [`Server::restart_after`], with something done to the command as well.
    pub(crate) fn restart_with(&mut self, between: impl FnOnce(&Path, &mut Command)) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let address = self.url.strip_prefix("http://").unwrap();
        let mut command = command(&["serve", "--listen", address]);
        command.current_dir(&self.directory).stderr(Stdio::null());
        between(&self.directory, &mut command);
        self.child = command.spawn().unwrap();
        let mut lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), format!("listening on {}", self.url));
    }

    /// A command for it, as the admin.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(arguments);
        command
            .current_dir(&self.directory)
            .env("TIDEGATE_SERVER", &self.url)
            .env("TIDEGATE_TOKEN", &self.token);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().unwrap().into()
    }

    /// As somebody else.
    pub(crate) fn run_as(&self, token: &str, arguments: &[&str]) -> Run {
        self.command(arguments).env("TIDEGATE_TOKEN", token).output().unwrap().into()
    }

    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &str) -> Run {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap().into()
    }

    /// Makes a person with a role everywhere; gives their token.
    pub(crate) fn person(&self, id: &str, role: &str) -> String {
        self.run(&["principal", "create", id, "--grant", role]).ok();
        self.run(&["token", "create", "--principal", id]).ok().trim().to_owned()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        name.to_owned()
    }

    /// A published pipeline: dev at once, then prod after one approval; staging is in dev's phase.
    pub(crate) fn pipeline(&self) {
        self.file("standard.yaml", STANDARD);
        self.run(&["pipeline", "create", "standard", "--file", "standard.yaml"]).ok();
        self.run(&["pipeline", "publish", "standard", "--yes"]).ok();
    }

    /// A feature of that pipeline, on in no environment, and a release that turns it on; gives the release's id.
    pub(crate) fn release(&self, key: &str) -> String {
        self.run(&["feature", "create", key]).ok();
        self.run(&["feature", "attach", key, "--pipeline", "standard"]).ok();
        self.file("on.yaml", ON);
        let answer =
            self.run(&["feature", "save", key, "--file", "on.yaml", "--yes", "--format", "json"]).json();
        let id = answer.pointer("/release/key").or_else(|| answer.pointer("/release/id"));
        id.and_then(|id| id.as_str()).unwrap_or_else(|| panic!("{answer:#}")).to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// A gate that is on for everyone.
pub(crate) const ON: &str = "kind: gate\nrules:\n  - {id: everyone, variant: on}\n";

/// Dev and staging at once; then prod, after one approval.
pub(crate) const STANDARD: &str = "\
description: dev and staging at once, then prod
notice: tell support before prod
phases:
  - id: inside
    target: [{environments: [dev, staging]}]
  - id: prod
    target: [{environments: [prod]}]
    entry: {approvals: {count: 1}}
";
