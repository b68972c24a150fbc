//! What is shown: a picture that is drawn again and again on a terminal; elsewhere the lines that are new.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::clock::SPEED;
use crate::service::Seen;
use crate::story::{FEATURE, PLACES};

const BAR: usize = 20;
/// How often the picture is drawn.
const FRAME: Duration = Duration::from_millis(80);

/// Where the demo is shown.
#[derive(Debug)]
pub(crate) struct Screen {
    begin: Instant,
    terminal: bool,
    colour: bool,
    /// Lines of the picture that is on the terminal now.
    drawn: usize,
    next: Instant,
}

/// What a picture is of.
#[derive(Debug)]
pub(crate) struct Scene<'s> {
    pub(crate) release: &'s Json,
    pub(crate) services: &'s [Seen],
    /// What is asked of whoever watches.
    pub(crate) prompt: Option<&'s str>,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let terminal = io::stdout().is_terminal();
        let colour = terminal && std::env::var_os("NO_COLOR").is_none();
        Self { begin: Instant::now(), terminal, colour, drawn: 0, next: Instant::now() }
    }

    /// A line that stays, with the time since the beginning.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        self.wipe()?;
        let mut out = io::stdout().lock();
        writeln!(out, "{:7.2} s  {text}", self.begin.elapsed().as_secs_f64())?;
        out.flush()
    }

    /// A line without the time.
    pub(crate) fn plain(&mut self, text: &str) -> io::Result<()> {
        self.wipe()?;
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// Draws the picture, if it is time to.
    pub(crate) fn draw(&mut self, scene: &Scene<'_>) -> io::Result<()> {
        if !self.terminal || Instant::now() < self.next {
            return Ok(());
        }
        self.next = Instant::now() + FRAME;
        let picture = self.picture(scene);
        self.wipe()?;
        self.drawn = picture.lines().count();
        let mut out = io::stdout().lock();
        out.write_all(picture.as_bytes())?;
        out.flush()
    }

    /// Takes the picture away.
    pub(crate) fn wipe(&mut self) -> io::Result<()> {
        if self.drawn > 0 {
            let mut out = io::stdout().lock();
            write!(out, "\x1b[{}A\x1b[J", self.drawn)?;
            self.drawn = 0;
        }
        Ok(())
    }

    fn picture(&self, scene: &Scene<'_>) -> String {
        let mut out = String::new();
        let text = |pointer: &str| scene.release.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
        let _ = writeln!(
            out,
            "\n  release of `{FEATURE}` · {} · {SPEED} s of uptime in one second",
            text("/status")
        );
        let _ = writeln!(out, "  {}", self.phases(scene.release));
        let waits = scene.release.pointer("/waiting_for").and_then(Json::as_array);
        let wait =
            waits.and_then(|waits| waits.first()).and_then(|wait| wait.get("text")).and_then(Json::as_str);
        let _ = writeln!(out, "  {}\n", wait.unwrap_or("moving on"));
        let _ = writeln!(out, "  {:13} {:13} {:>15}  candidate served to", "service", "region", "snapshot");
        let head = scene.services.iter().map(|seen| seen.version).max().unwrap_or(0);
        for (place, seen) in PLACES.iter().zip(scene.services) {
            let version = if seen.version == 0 { "none yet".to_owned() } else { seen.version.to_string() };
            let bar = self.paint(if seen.on == 100 { "32" } else { "36" }, &bar(u64::from(seen.on), 100));
            let _ = writeln!(
                out,
                "  {:13} {:13} {version:>15}  {bar} {:3} %{}",
                place.environment,
                place.region,
                seen.on,
                if seen.version == head && head > 0 { "  ◂ latest change" } else { "" },
            );
        }
        let _ = writeln!(out, "\n  applied   {}", self.applied(scene.release));
        if let Some(prompt) = scene.prompt {
            let _ = writeln!(out, "\n  {}", self.paint("1;33", prompt));
        }
        out
    }

    fn phases(&self, release: &Json) -> String {
        let phases = release.get("phases").and_then(Json::as_array);
        let one = |phase: &Json| {
            let text = |name: &str| phase.get(name).and_then(Json::as_str).unwrap_or_default();
            let percent = phase.get("percent").map(ToString::to_string).unwrap_or_default();
            match text("status") {
                "done" => self.paint("32", &format!("✓ {}", text("id"))),
                "pending" => self.paint("2", &format!("○ {}", text("id"))),
                "skipped" => self.paint("2", &format!("– {}", text("id"))),
                "entering" => self.paint("33", &format!("◔ {}", text("id"))),
                status => self.paint("1;36", &format!("● {} {percent} % {status}", text("id"))),
            }
        };
        phases.map(|phases| phases.iter().map(one).collect::<Vec<_>>().join("  ")).unwrap_or_default()
    }

    /// Who has applied what the phase that is live serves: the bar that it waits for.
    fn applied(&self, release: &Json) -> String {
        let phases = release.get("phases").and_then(Json::as_array).into_iter().flatten();
        let states = release.pointer("/state/phases").and_then(Json::as_array).into_iter().flatten();
        let heard =
            phases.zip(states).filter_map(|(phase, state)| Some((phase.get("id")?, state.get("applied")?)));
        let Some((phase, applied)) = heard.last() else { return self.paint("2", "no phase is live yet") };
        let number = |name: &str| applied.get(name).and_then(Json::as_u64).unwrap_or(0);
        let (phase, applied, targeted) =
            (phase.as_str().unwrap_or_default(), number("applied"), number("targeted"));
        format!(
            "{} {applied} of {targeted} in {phase} acked its current share",
            bar(applied, targeted.max(1))
        )
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn bar(part: u64, whole: u64) -> String {
    let cells = u64::try_from(BAR).unwrap_or(1);
    let full = usize::try_from(part.saturating_mul(cells) / whole.max(1)).unwrap_or(0).min(BAR);
    format!("{}{}", "█".repeat(full), "░".repeat(BAR.saturating_sub(full)))
}
