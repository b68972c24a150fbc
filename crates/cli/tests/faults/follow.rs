//! An SDK: `tidegate follow` as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::{PATIENCE, command};

/// A running `tidegate follow`, and what it said.
pub(crate) struct Follow {
    child: Child,
    lines: Receiver<Json>,
    pub(crate) said: Vec<Json>,
}

/// The command, before it is started.
pub(crate) fn follow(connection: &str, arguments: &[&str]) -> Command {
    let mut all = vec!["follow", "--every", "100", "--report-interval", "1s", "--poll-interval", "1s"];
    all.extend_from_slice(arguments);
    let mut command = command(&all);
    command.env("TIDEGATE_CONNECTION", connection).stderr(Stdio::inherit());
    command
}

impl Follow {
    pub(crate) fn start(connection: &str, arguments: &[&str]) -> Self {
        Self::of(follow(connection, arguments))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let out = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, said: Vec::new() }
    }

    /// Reads on to the first line that is wanted.
    pub(crate) fn until(&mut self, what: &str, wanted: impl Fn(&Json) -> bool) -> Json {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if wanted(&line) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("{what} did not happen; it said {:#?}", self.said),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended before {what}: {:#?}", self.said),
            }
        }
    }

    pub(crate) fn until_event(&mut self, event: &str) -> Json {
        self.until(event, |line| line["event"] == event)
    }

    /// Until a gate decides so; its last decision may be that.
    pub(crate) fn until_served(&mut self, gate: &str, on: bool) -> Json {
        let is_of_gate = |line: &Json| line["event"] == "decision" && line["feature"] == gate;
        let wanted = |line: &Json| is_of_gate(line) && line["value"] == on && line["version"] != 0;
        let last = self.said.iter().rfind(|line| is_of_gate(line));
        match last.filter(|line| wanted(line)).cloned() {
            Some(line) => line,
            None => self.until(&format!("`{gate}` is {on}"), wanted),
        }
    }

    pub(crate) fn until_error(&mut self, code: &str) -> Json {
        self.until(&format!("error {code}"), |line| line["event"] == "error" && line["code"] == code)
    }

    /// It said so already, or says so.
    pub(crate) fn said_error(&mut self, code: &str) {
        if !self.said.iter().any(|line| line["code"] == code) {
            self.until_error(code);
        }
    }

    /// Nothing that it said, up to now, is such a line.
    pub(crate) fn never_said(&mut self, bad: impl Fn(&Json) -> bool) {
        self.said.extend(self.lines.try_iter());
        assert!(!self.said.iter().any(bad), "{:#?}", self.said);
    }

    /// What it says in a span of time.
    pub(crate) fn listen(&mut self, span: Duration) -> Vec<Json> {
        let deadline = Instant::now() + span;
        let mut heard = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            heard.push(line);
        }
        self.said.extend(heard.iter().cloned());
        heard
    }

    /// Ends it, as an orchestrator would, and gives how it ended.
    pub(crate) fn end(mut self) -> Option<i32> {
        let process = self.child.id().to_string();
        Command::new("kill").arg(process).status().unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.code(),
                None if Instant::now() > deadline => panic!("it does not end"),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
