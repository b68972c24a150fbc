//! Asking before something is done.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::failure::{Exit, Failure};
use crate::output::printable;

/// Asks, unless `yes`; without a terminal to ask on, refuses.
pub(super) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::new(
            Exit::NotConfirmed,
            "this asks for a yes, and there is no terminal to ask on; nothing was changed",
        )
        .hint("--yes does it without asking"));
    }
    let mut stderr = anstream::stderr().lock();
    let asked = write!(stderr, "{} [y/N] ", printable(question)).and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes" | "Yes") => Ok(()),
        _ => Err(Failure::new(Exit::NotConfirmed, "not confirmed; nothing was changed")),
    }
}
