//! The verbs, one file each.

use tidegate::model::Mode;

use crate::args::{Foreign, Import, Verb};
use crate::failure::{Exit, Failure};

mod bulk;
mod completions;
mod eval;
mod explain;
mod listing;
mod schema;
mod statsig;
mod stream;
mod table;
mod validate;

/// Runs a verb to its end.
pub(crate) fn run(verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Validate(args) => validate::run(&args),
        Verb::Eval(args) => eval::run(&args),
        Verb::Explain(args) => explain::run(&args),
        Verb::Listing(args) => listing::run(&args),
        Verb::Schema(args) => schema::run(&args),
        Verb::Import(Import { from: Foreign::Statsig(args) }) => statsig::run(&args),
        Verb::Completions(args) => completions::run(&args),
        Verb::Bulk => bulk::run(),
    }
}

fn mode(lenient: bool) -> Mode {
    if lenient { Mode::Lenient } else { Mode::Strict }
}
