//! Where text goes: data to stdout, everything else to stderr, colour only where it is wanted.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use tidegate::error::{Diagnostic, Severity};

use crate::failure::Failure;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// Stdout, buffered.
pub(crate) struct Output {
    writer: BufWriter<StdoutLock<'static>>,
    coloured: bool,
    terminal: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        let stdout = io::stdout();
        let coloured = AutoStream::choice(&stdout) != ColorChoice::Never;
        let terminal = stdout.is_terminal();
        Self { writer: BufWriter::with_capacity(1 << 16, stdout.lock()), coloured, terminal }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.writer.write_all(text.as_bytes())?)
    }

    /// Text in a style, if stdout has any.
    pub(crate) fn styled(&mut self, style: Style, text: &str) -> Result<(), Failure> {
        if self.coloured && !text.is_empty() {
            return Ok(write!(self.writer, "{style}{text}{style:#}")?);
        }
        self.text(text)
    }

    /// A tree of marks and text, its marks in colour.
    pub(crate) fn tree(&mut self, text: &str) -> Result<(), Failure> {
        let text = printable(text);
        if !self.coloured {
            return self.text(&text);
        }
        let good = format!("{GOOD}✓{GOOD:#}");
        let bad = format!("{BAD}✗{BAD:#}");
        self.text(&text.replace('✓', &good).replace('✗', &bad))
    }

    pub(crate) fn diagnostic(&mut self, diagnostic: &Diagnostic) -> Result<(), Failure> {
        let text = paint(diagnostic);
        if self.coloured {
            self.text(&text)
        } else {
            self.text(&anstream::adapter::strip_str(&text).to_string())
        }
    }

    /// One document, to be read by people as well.
    pub(crate) fn json(&mut self, data: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.writer, data)?;
        self.text("\n")
    }

    /// One line.
    pub(crate) fn json_line(&mut self, data: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.writer, data)?;
        self.text("\n")
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.writer.flush()?)
    }
}

/// Says an error on stderr. What cannot be said is not said.
pub(crate) fn error(message: &str, hint: Option<&str>) {
    say(ERROR, "error", message, hint.map(|hint| ("\n", hint)));
}

/// Says a warning on stderr; more compact than an error, as there may be several.
pub(crate) fn warning(message: &str, hint: Option<&str>) {
    say(WARNING, "warning", message, hint.map(|hint| ("  ", hint)));
}

fn say(style: Style, word: &str, message: &str, hint: Option<(&str, &str)>) {
    let mut stderr = anstream::stderr().lock();
    // What the library says begins with `error[TG…]: ` by itself.
    let coded = message.strip_prefix(word).filter(|rest| rest.starts_with('['));
    let (between, message) = coded.map_or((": ", message), |rest| ("", rest));
    let _ = writeln!(stderr, "{style}{word}{style:#}{between}{}", printable(message));
    if let Some((before, hint)) = hint {
        let _ = writeln!(stderr, "{before}{HINT}hint{HINT:#}: {}", printable(hint));
    }
}

/// Says a line on stderr.
pub(crate) fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", printable(text));
}

/// Says a diagnostic on stderr.
pub(crate) fn diagnostic(diagnostic: &Diagnostic) {
    let _ = write!(anstream::stderr().lock(), "{}", paint(diagnostic));
}

/// The display of a diagnostic, its first word and `hint` in colour.
fn paint(diagnostic: &Diagnostic) -> String {
    let style = match diagnostic.severity {
        Severity::Error => ERROR,
        _ => WARNING,
    };
    let text = printable(&diagnostic.to_string());
    let word = diagnostic.severity.as_str();
    let rest = text.strip_prefix(word).unwrap_or_default();
    let rest = rest.replacen("\n  hint:", &format!("\n  {HINT}hint{HINT:#}:"), 1);
    format!("{style}{word}{style:#}{rest}\n")
}

/// A text of others, without what would move the cursor.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// `1 error`, `2 errors`.
pub(crate) fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// Names for a hint: the first few.
pub(crate) fn some_of<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 8;
    let all = names.len();
    let mut text = names.take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if all > MOST {
        text.push_str(&format!(" and {} more", all - MOST));
    }
    text
}
