//! `release watch`: a release, live.
//!
//! ```text
//!  thread: GET /events (SSE) ──▶ "something happened" ─┐  reconnects with Last-Event-ID
//!                                                      ▼
//!  loop:   wait (event, or a second, or the timeout) ─▶ GET /releases/{id} ─▶ redraw, or lines for what is new
//! ```
//! The stream only wakes: what is shown always comes from the release itself, so a lost event costs nothing but time.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::Session;
use super::client::Client;
use super::json::{at, text};
use super::release::{changes, path, phase_lines, status, waiting_lines};
use crate::failure::{Exit, Failure};
use crate::output::printable;

/// How often a terminal is redrawn, so that timers count down.
const REDRAW: Duration = Duration::from_secs(1);
/// How often a release is looked at though nothing was heard.
const LOOK: Duration = Duration::from_secs(5);

/// Follows a release to its end. `timeout`: in milliseconds.
pub(super) fn run(session: &mut Session, id: &str, timeout: Option<u64>) -> Result<Exit, Failure> {
    let mut shown = session.client.get(&path(id))?;
    let woken = listen(Arc::clone(&session.client));
    let started = Instant::now();
    let terminal = session.output.is_terminal() && io::stderr().is_terminal() && !session.is_json();
    let mut screen = Screen { terminal, height: 0, last: Vec::new(), last_json: Json::Null };
    let mut seen = Instant::now();
    loop {
        screen.show(session, id, &shown, seen.elapsed())?;
        match status(&shown).as_str() {
            "completed" => return Ok(Exit::Done),
            "aborted" | "reverted" => return Ok(Exit::Ended),
            _ => {}
        }
        let left = timeout.map(|ms| Duration::from_millis(ms).saturating_sub(started.elapsed()));
        if left == Some(Duration::ZERO) {
            return Ok(Exit::Running);
        }
        let wait = if terminal { REDRAW } else { LOOK };
        let heard = wait_for(&woken, left.map_or(wait, |left| left.min(wait)));
        if heard || seen.elapsed() >= LOOK || !terminal {
            match session.client.get(&path(id)) {
                Ok(now) => {
                    shown = now;
                    seen = Instant::now();
                }
                // A server that restarts comes back; what was refused stays so.
                Err(Failure::Problem { exit: Exit::Server, .. }) => {}
                Err(failure) => return Err(failure),
            }
        }
    }
}

/// Waits for an event, and takes all that came meanwhile.
fn wait_for(woken: &Receiver<()>, most: Duration) -> bool {
    match woken.recv_timeout(most) {
        Ok(()) => {
            while woken.try_recv().is_ok() {}
            true
        }
        Err(RecvTimeoutError::Timeout) => false,
        Err(RecvTimeoutError::Disconnected) => {
            thread::sleep(most);
            false
        }
    }
}

/// Hears the stream of events in a thread of its own, which ends with the process.
fn listen(client: Arc<Client>) -> Receiver<()> {
    let (wake, woken) = mpsc::channel();
    thread::spawn(move || {
        let mut last: Option<String> = None;
        let mut pause = Duration::from_millis(200);
        loop {
            if hear(&client, &mut last, &wake) {
                pause = Duration::from_millis(200);
            }
            if wake.send(()).is_err() {
                return;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    });
    woken
}

/// Hears one connection to its end; whether anything came.
fn hear(client: &Client, last: &mut Option<String>, wake: &Sender<()>) -> bool {
    let Ok(mut lines) = client.lines("/events", last.as_deref()) else { return false };
    let mut line = String::new();
    let mut any = false;
    loop {
        line.clear();
        match lines.read_line(&mut line) {
            Ok(read) if read > 0 => {}
            _ => return any,
        }
        any = true;
        if let Some(id) = line.strip_prefix("id:") {
            *last = Some(id.trim().to_owned());
        } else if line.starts_with("data:") && wake.send(()).is_err() {
            return any;
        }
    }
}

/// What is on the screen.
struct Screen {
    terminal: bool,
    height: usize,
    last: Vec<String>,
    last_json: Json,
}

impl Screen {
    fn show(
        &mut self,
        session: &mut Session,
        id: &str,
        release: &Json,
        age: Duration,
    ) -> Result<(), Failure> {
        if session.is_json() {
            return self.json_line(session, release);
        }
        let lines = lines(id, release, self.terminal.then_some(age));
        if self.terminal { self.redraw(&lines) } else { self.append(session, lines) }
    }

    /// A line of JSON for each state.
    fn json_line(&mut self, session: &mut Session, release: &Json) -> Result<(), Failure> {
        let state = json!({ "state": release.get("state"), "status": status(release) });
        if state != self.last_json {
            session.output.json_line(release)?;
            session.output.flush()?;
            self.last_json = state;
        }
        Ok(())
    }

    /// The lines that are new since the last time.
    fn append(&mut self, session: &mut Session, lines: Vec<String>) -> Result<(), Failure> {
        for line in &lines {
            if !self.last.contains(line) {
                session.say(line)?;
            }
        }
        session.output.flush()?;
        self.last = lines;
        Ok(())
    }

    /// All lines, over those of the last time.
    fn redraw(&mut self, lines: &[String]) -> Result<(), Failure> {
        let mut out = anstream::stderr().lock();
        if self.height > 0 {
            write!(out, "\x1b[{}A\x1b[J", self.height)?;
        }
        // A line that wraps would be two to go up over.
        let width = terminal_size::terminal_size().map_or(usize::MAX, |(width, _)| usize::from(width.0));
        for line in lines {
            let line: String = printable(line).chars().take(width.saturating_sub(1)).collect();
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        self.height = lines.len();
        Ok(())
    }
}

/// A release in lines. `age`: how long ago it was asked; given, timers are told and count down.
fn lines(id: &str, release: &Json, age: Option<Duration>) -> Vec<String> {
    let mut lines = vec![format!("release {id} of {}: {}", changes(release), status(release))];
    lines.extend(phase_lines(release).into_iter().map(|line| format!("  {line}")));
    let mut waiting = release.get("waiting_for").cloned().unwrap_or(Json::Null);
    if let Json::Array(waits) = &mut waiting {
        match age {
            Some(age) => waits.iter_mut().for_each(|wait| count_down(wait, age)),
            // Lines that are appended say what is waited for, not how long at each look.
            None => waits.retain(|wait| text(wait, "wait") != Some("timer")),
        }
    }
    lines.extend(waiting_lines(Some(&waiting)).into_iter().map(|wait| format!("  waiting for: {wait}")));
    lines
}

/// Takes the time off that passed since the server said it.
fn count_down(wait: &mut Json, age: Duration) {
    let passed = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    for name in ["remaining_ms", "deadline_ms"] {
        if let Some(left) = at(wait, &format!("/{name}")).and_then(Json::as_u64)
            && let Some(member) = wait.get_mut(name)
        {
            *member = json!(left.saturating_sub(passed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_count_down_and_stop_at_nothing() {
        let mut wait = json!({"wait": "timer", "phase": "dev", "timer": "bake", "remaining_ms": 5_000});
        count_down(&mut wait, Duration::from_secs(2));
        assert_eq!(wait["remaining_ms"], 3_000);
        count_down(&mut wait, Duration::from_secs(20));
        assert_eq!(wait["remaining_ms"], 0);
    }

    #[test]
    fn appended_lines_have_no_countdown() {
        let release = json!({"status": "running", "features": ["a"], "waiting_for": [
            {"wait": "timer", "phase": "dev", "timer": "bake", "remaining_ms": 5_000},
            {"wait": "guard", "guard": "errors", "verdict": "fail"}]});
        assert_eq!(
            lines("r", &release, None),
            ["release r of a: running", "  waiting for: guard `errors` fails"]
        );
        let live = lines("r", &release, Some(Duration::from_secs(1)));
        assert_eq!(live[1], "  waiting for: phase `dev` bakes for 4 s");
    }
}
