//! `eval`: decides features, for one context of the options or for a stream of contexts.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};

use serde::Serialize;
use tidegate::Value;
use tidegate::engine::{Clock as _, Engine, Feature, SystemClock};
use tidegate::eval::DecisionText;
use tidegate::operand::instant::format_instant;

use super::{mode, stream, table};
use crate::args::{Eval, Format};
use crate::document::{Document, Outline, is_stdin};
use crate::failure::{Exit, Failure};
use crate::output::{DIM, Output};
use crate::warnings;

/// A document that is served, and what is asked of it.
pub(crate) struct Served {
    pub(crate) engine: Engine,
    pub(crate) outline: Outline,
    pub(crate) process: BTreeMap<String, Value>,
    pub(crate) features: Vec<Feature>,
    /// The instant of contexts that bring none.
    pub(crate) now_ms: i64,
}

#[derive(Serialize)]
struct Answer<'a> {
    now_ms: i64,
    decisions: Vec<DecisionText<'a>>,
}

pub(crate) fn run(args: &Eval) -> Result<Exit, Failure> {
    let process = args.process.attributes()?;
    let single = if args.context.is_given() { Some(args.context.attributes()?) } else { None };
    if single.is_none() {
        check_stdin(args)?;
    }
    let document = Document::read(&args.file)?;
    let engine = document.serve(&process, mode(args.how.lenient))?;
    let outline = Outline::of(&document.bytes);
    drop(document);
    let features = outline.select(&args.features)?.iter().map(|key| engine.feature(key)).collect();
    warnings::of_process(&outline, &process);
    let now_ms = args.how.now.unwrap_or_else(|| SystemClock.now_ms());
    let served = Served { engine, outline, process, features, now_ms };
    match single {
        Some(context) => one(&served, &context, args.format),
        None => stream::run(&served, args),
    }
}

/// Contexts that are to come from stdin must be able to.
fn check_stdin(args: &Eval) -> Result<(), Failure> {
    let from_stdin = args.contexts.as_deref().is_none_or(is_stdin);
    let hint = "give one with --context JSON or --set NAME=VALUE (--context '{}' is the empty one), or many with --contexts FILE";
    if from_stdin && is_stdin(&args.file) {
        return Err(Failure::usage("stdin cannot be both the document and the contexts").hint(hint));
    }
    if from_stdin && args.contexts.is_none() && io::stdin().is_terminal() {
        return Err(Failure::usage("expected a context, or contexts on stdin, found a terminal").hint(hint));
    }
    Ok(())
}

fn one(served: &Served, context: &BTreeMap<String, Value>, format: Option<Format>) -> Result<Exit, Failure> {
    warnings::of_context(&served.outline, &served.process, context);
    let mut builder = served.engine.context();
    for (name, value) in context {
        builder = builder.with(name, value);
    }
    let context = builder.build();
    let view = served.engine.view().at(served.now_ms);
    let decisions: Vec<_> =
        served.features.iter().map(|feature| view.decide(*feature, &context).text()).collect();
    let mut output = Output::new();
    let otherwise = if output.is_terminal() { Format::Table } else { Format::Json };
    match format.unwrap_or(otherwise) {
        Format::Json => output.json(&Answer { now_ms: served.now_ms, decisions })?,
        Format::Table => {
            table::print(&mut output, &decisions)?;
            let about = format!("snapshot {}, now {}", view.version(), format_instant(served.now_ms));
            output.styled(DIM, &about)?;
            output.text("\n")?;
        }
    }
    output.flush()?;
    Ok(Exit::Done)
}
