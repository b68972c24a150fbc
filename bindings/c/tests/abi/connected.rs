//! Connected engines: a program in C follows a real server, which is stopped in the end.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::library::{SANITIZERS, valgrind};
use super::server::Server;
use super::support::{Linked, has, program, root, with_library};

/// Ended with the test: one that waits would go on for minutes.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Does the server's part; see `tests/c/connected.c`.
fn follow(mut command: Command) {
    let mut server = Server::start();
    command.arg(server.connection()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = Program(command.spawn().unwrap());
    let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines();
    let mut errors = program.0.stderr.take().unwrap();
    let mut after = |start: &str| {
        let line = lines.next().and_then(Result::ok).unwrap_or_default();
        line.strip_prefix(start).map(str::to_owned).unwrap_or_else(|| {
            let mut said = String::new();
            let _ = errors.read_to_string(&mut said);
            panic!("expected `{start}`, found `{line}`: {said}")
        })
    };
    after("ready");
    server.turn_on();
    let reported: u64 = after("reported ").parse().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let release = server.release();
        let counted = release.pointer("/exposures/phases/0/count").and_then(serde_json::Value::as_u64);
        if counted == Some(reported) {
            break;
        }
        assert!(Instant::now() < end, "{reported} were reported: {release:#}");
    }
    server.stop();
    after("alone");
    let status = program.0.wait().unwrap();
    let mut said = String::new();
    errors.read_to_string(&mut said).unwrap();
    assert!(status.success(), "{status}: {said}");
}

#[test]
fn server_is_followed_and_decisions_go_on_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let source = root().join("tests/c/connected.c");
    let plain = program(&source, folder.path(), Linked::Shared, &[]);
    follow(with_library(&plain, folder.path()));
    let mut checked = Command::new(program(&source, folder.path(), Linked::Static, &SANITIZERS));
    checked.env("ASAN_OPTIONS", "detect_leaks=1");
    follow(checked);
    if has("valgrind") {
        follow(valgrind(&plain, folder.path()));
    }
}
