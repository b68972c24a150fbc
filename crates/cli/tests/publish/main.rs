//! `tidegate publish`: the routes of a real server in front, a directory or a small bucket behind.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the helpers of tests are not marked as tests"
)]

mod bucket;
mod directory;
mod origin;
mod store;
mod watch;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tidegate::wire::{Head, KeyRing};

pub(crate) use origin::Origin;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A directory that is not there yet, of its own for a test.
pub(crate) fn directory() -> PathBuf {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let directory =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("publish-{}-{number}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    directory
}

/// The command, without anything of the surroundings that it would read.
pub(crate) fn command(to: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.args(["publish", "--to", to]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("NO_COLOR", "1");
    for (name, _) in std::env::vars() {
        let of_others =
            ["AWS_", "GOOGLE_", "TIDEGATE_", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
        if of_others.iter().any(|start| name.starts_with(start)) {
            command.env_remove(name);
        }
    }
    command
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Run {
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert!(!self.stderr.contains("error"), "{self:#?}");
        self.stdout
    }

    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self.stderr
    }
}

/// Publishes once, with the connection string in the variable.
pub(crate) fn publish(connection: &str, to: &str, arguments: &[&str]) -> Run {
    command(to, arguments).env("TIDEGATE_CONNECTION", connection).output().unwrap().into()
}

/// What a client of static hosting does: the head, then what it stands for.
pub(crate) fn follow(directory: &Path, ring: &KeyRing) -> (Head, Vec<u8>) {
    let mut ring = ring.clone();
    let keys: Vec<String> =
        serde_json::from_slice(&std::fs::read(directory.join("keys.json")).unwrap()).unwrap();
    ring.trust_all(&keys);
    let token = std::fs::read_to_string(directory.join("head")).unwrap();
    let head = ring.verify(&token, &"prod".into()).unwrap();
    let document = std::fs::read(directory.join("snapshot.json")).unwrap();
    head.matches(&document).unwrap();
    (head, document)
}
