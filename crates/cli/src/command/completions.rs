//! `completions`: a script for a shell.

use clap::CommandFactory as _;

use crate::args::{Cli, Completions};
use crate::failure::{Exit, Failure};
use crate::output::Output;

pub(crate) fn run(args: &Completions) -> Result<Exit, Failure> {
    // Into memory first: the generator panics if it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tidegate", &mut script);
    let mut output = Output::new();
    output.text(&String::from_utf8_lossy(&script))?;
    output.flush()?;
    Ok(Exit::Done)
}
