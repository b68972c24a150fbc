//! A progress bar on stderr, where it helps: stderr is a terminal, and stdout isn't the same one.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far a stream of contexts has come.
pub(crate) struct Progress {
    bar: ProgressBar,
    lines: u64,
}

impl Progress {
    /// `bytes`: how many there are to read, if that is known.
    pub(crate) fn new(bytes: Option<u64>) -> Self {
        let shown = io::stderr().is_terminal() && !io::stdout().is_terminal();
        let target =
            if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(bytes, target);
        let template = match bytes {
            Some(_) => "{bar:30} {percent:>3} %  {msg}  {elapsed} (ready in {eta})",
            None => "{spinner} {msg}  {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if shown {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { bar, lines: 0 }
    }

    /// One more line, of so many bytes.
    pub(crate) fn line(&mut self, bytes: usize) {
        self.lines = self.lines.wrapping_add(1);
        self.bar.inc(bytes as u64);
        if self.lines.is_multiple_of(1024) && !self.bar.is_hidden() {
            self.bar.set_message(format!("{} contexts", self.lines));
        }
    }

    /// Says something on stderr, above the bar.
    pub(crate) fn say(&self, how: impl FnOnce()) {
        self.bar.suspend(how);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
