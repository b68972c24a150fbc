//! `eval` over JSON lines: one line in, one line out, in bounded memory.

use std::path::Path;

use serde::Serialize;
use tidegate::Value;
use tidegate::eval::DecisionText;

use super::eval::Served;
use super::table;
use crate::args::{Eval, Format, OnError};
use crate::contexts::{LONGEST_LINE, Lines, object, with_meta};
use crate::document::{open, unreadable};
use crate::failure::{Exit, Failure};
use crate::output::{self, DIM, Output, count};
use crate::progress::Progress;

/// So many bad lines are told one by one.
const MOST: usize = 20;

#[derive(Serialize)]
struct Answer<'a> {
    line: u64,
    decisions: Vec<DecisionText<'a>>,
}

pub(crate) fn run(served: &Served, args: &Eval) -> Result<Exit, Failure> {
    let path = args.contexts.as_deref().unwrap_or_else(|| Path::new("-"));
    let (reader, length) = open(path)?;
    let mut lines = Lines::new(reader);
    let mut output = Output::new();
    let mut progress = Progress::new(length);
    let (mut good, mut bad) = (0_usize, 0_usize);
    loop {
        // Who writes line by line and waits for the answer gets it.
        if lines.may_wait() {
            output.flush()?;
        }
        let Some(line) = lines.next(LONGEST_LINE).map_err(|error| unreadable(path, &error))? else { break };
        progress.line(line.bytes);
        let read = match line.text {
            Some(text) => object(text).and_then(|value| meta(value, args.with_meta)),
            None => Err(format!("expected at most {} MiB in a line", LONGEST_LINE >> 20)),
        };
        let number = line.number;
        match read {
            Ok((context, now)) => {
                if good == 0 {
                    progress.say(|| look(served, args, &context));
                }
                good += 1;
                answer(served, args.format, &mut output, (number, &context, now))?;
            }
            Err(problem) if args.on_error == OnError::Stop => {
                output.flush()?;
                progress.finish();
                let failure = Failure::new(Exit::Context, format!("line {number}: {problem}"));
                return Err(failure.hint("with --on-error skip, bad lines are reported and passed over"));
            }
            Err(problem) => {
                bad += 1;
                if bad <= MOST {
                    progress.say(|| output::warning(&format!("line {number}: {problem}"), None));
                }
            }
        }
    }
    output.flush()?;
    progress.finish();
    if good == 0 && bad == 0 {
        let hint = "for one context: --context JSON or --set NAME=VALUE (--context '{}' is the empty one)";
        output::warning("there was no context to read", args.contexts.is_none().then_some(hint));
    }
    if bad > 0 {
        let all = count(good.saturating_add(bad), "line");
        output::warning(&format!("passed over {bad} of {all}"), None);
    }
    Ok(Exit::Done)
}

fn meta(value: Value, has_meta: bool) -> Result<(Value, Option<i64>), String> {
    if has_meta { with_meta(value) } else { Ok((value, None)) }
}

/// Looks at the first context for what was probably not meant.
fn look(served: &Served, args: &Eval, context: &Value) {
    let wrapped = context.get("context").is_some_and(|inner| inner.as_object().is_some());
    if wrapped && !args.with_meta && !served.outline.attributes.contains("context") {
        let hint = "with --with-meta, a line is {\"context\": {…}, \"now\": …}";
        output::warning("the first line has its context in `context`, which nothing reads", Some(hint));
    }
}

fn answer(
    served: &Served,
    format: Option<Format>,
    output: &mut Output,
    (line, context, now): (u64, &Value, Option<i64>),
) -> Result<(), Failure> {
    let context = served.engine.context().with_object(context).build();
    let view = served.engine.view().at(now.unwrap_or(served.now_ms));
    let decisions: Vec<_> =
        served.features.iter().map(|feature| view.decide(*feature, &context).text()).collect();
    if format == Some(Format::Table) {
        output.styled(DIM, &format!("line {line}"))?;
        output.text("\n")?;
        return table::print(output, &decisions);
    }
    output.json_line(&Answer { line, decisions })
}
