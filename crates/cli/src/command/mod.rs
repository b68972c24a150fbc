//! The verbs, one file each.

use tidegate::model::Mode;

use crate::admin;
use crate::args::{Foreign, Import, Verb};
use crate::failure::{Exit, Failure};

mod bulk;
mod completions;
mod eval;
mod explain;
pub(crate) mod follow;
mod listing;
pub(crate) mod publish;
pub(crate) mod relay;
mod schema;
pub(crate) mod serve;
pub(crate) mod simulate;
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
        Verb::Follow(args) => follow::run(&args),
        Verb::Serve(args) => serve::run(&args),
        Verb::Publish(args) => publish::run(&args),
        Verb::Relay(args) => relay::run(&args),
        Verb::Simulate(args) => simulate::run(&args),
        Verb::Apply(noun) => admin::run(&noun),
        Verb::Env(noun) => admin::run(&noun),
        Verb::Feature(noun) => admin::run(&noun),
        Verb::Segment(noun) => admin::run(&noun),
        Verb::Pipeline(noun) => admin::run(&noun),
        Verb::Release(noun) => admin::run(&noun),
        Verb::ChangeRequest(noun) => admin::run(&noun),
        Verb::Schedule(noun) => admin::run(&noun),
        Verb::Backup(noun) => admin::run(&noun),
        Verb::Snapshot(noun) => admin::run(&noun),
        Verb::Proposal(noun) => admin::run(&noun),
        Verb::Principal(noun) => admin::run(&noun),
        Verb::Token(noun) => admin::run(&noun),
        Verb::SdkKey(noun) => admin::run(&noun),
        Verb::Keys(noun) => admin::run(&noun),
        Verb::Webhook(noun) => admin::run(&noun),
        Verb::Deliveries(noun) => admin::run(&noun),
        Verb::Fleet(noun) => admin::run(&noun),
        Verb::Audit(noun) => admin::run(&noun),
        Verb::Bulk => bulk::run(),
    }
}

fn mode(lenient: bool) -> Mode {
    if lenient { Mode::Lenient } else { Mode::Strict }
}
