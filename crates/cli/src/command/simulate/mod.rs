//! `simulate`: a pipeline over simulated time, without a server.
//!
//! ```text
//!  pipeline ─▶ plan ─▶ start ─▶ state ──┐ next: a timer, an instant, a window, an approval, a verdict, an action
//!                               ▲       ▼ (whichever is first)
//!                               └──── step ─▶ events ─▶ the time line
//! ```
//! The state machine is the one that the server runs; only the clock is made up: the server is up all the time.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};
use tidegate::error::Severity;
use tidegate::release::{Action, Pipeline, Status, Verdict, check_pipeline};

use crate::admin::{duration, read_document};
use crate::args::{Format, instant};
use crate::failure::{Exit, Failure};
use crate::output::{self, Output, printable};

mod line;
mod run;

use self::run::{Deed, Moment};

const HELP: &str = "\
A TIME is an instant (RFC 3339), or a duration from the start: 90m, 3h, 2d6h.
Guards pass whenever they are asked, until --verdict says otherwise.

Examples:
  tidegate simulate --pipeline standard.yaml --approve-after 2h
  tidegate simulate --pipeline standard.yaml --verdict errors=fail@1d --action unpause@1d2h
  tidegate simulate --pipeline standard.yaml --apply-after 10m          # slow instances, where propagation is waited for
  tidegate simulate --pipeline standard.yaml --start 2026-12-18T09:00:00Z --days 30   # over a freeze

Exit codes:
  0  it completed
  1  the pipeline is invalid
  2  wrong usage: options, an unknown phase or guard
  4  the pipeline cannot be read
  8  it was aborted
  9  it still runs after --days";

/// Runs a pipeline over simulated days, without a server, and prints when what happens
#[derive(Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Simulate {
    /// The pipeline, JSON or YAML, alone or as a document of `apply`; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pipeline: PathBuf,
    /// How many days at most
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3660))]
    days: u32,
    /// When it starts; now if left out
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    start: Option<i64>,
    /// The phase to start at; those before are skipped
    #[arg(long, value_name = "PHASE")]
    start_at: Option<String>,
    /// How long people take to approve a phase; left out, nobody does
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    approve_after: Option<u64>,
    /// How long the instances take to apply a share, where a phase has `propagation`
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    apply_after: u64,
    /// From a time on, what a guard says, repeatable: errors=fail@3h; pass, fail or no_data
    #[arg(long = "verdict", value_name = "GUARD=VERDICT@TIME", value_parser = verdict)]
    verdicts: Vec<(String, Verdict, Moment)>,
    /// From a time on, a guard fails: --verdict GUARD=fail@TIME
    #[arg(long = "fail", value_name = "GUARD@TIME", value_parser = fail)]
    fails: Vec<(String, Moment)>,
    /// What somebody does at a time, repeatable: pause@2h; pause, unpause, skip, abort, full-roll-out
    #[arg(long = "action", value_name = "ACTION@TIME", value_parser = action)]
    actions: Vec<(Action, Moment)>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(crate) fn run(args: &Simulate) -> Result<Exit, Failure> {
    let pipeline = read(&args.pipeline)?;
    let start = args.start.unwrap_or_else(|| jiff::Timestamp::now().as_millisecond());
    let ends = start.saturating_add(i64::from(args.days).saturating_mul(86_400_000));
    let mut deeds = Vec::new();
    for (action, at) in &args.actions {
        deeds.push((at.from(start), Deed::Act(*action)));
    }
    for (guard, verdict, at) in &args.verdicts {
        deeds.push((at.from(start), Deed::Say(known(&pipeline, guard)?, *verdict)));
    }
    for (guard, at) in &args.fails {
        deeds.push((at.from(start), Deed::Say(known(&pipeline, guard)?, Verdict::Fail)));
    }
    if let Some((at, _)) = deeds.iter().find(|(at, _)| *at < start) {
        return Err(Failure::usage(format!("{} is before the start", crate::admin::instant(*at))));
    }
    deeds.sort_by_key(|(at, _)| *at);
    let start_at = match &args.start_at {
        None => 0,
        Some(id) => pipeline.phases.iter().position(|phase| *phase.id == **id).ok_or_else(|| {
            let ids = pipeline.phases.iter().map(|phase| &*phase.id);
            Failure::usage(format!("the pipeline has no phase `{id}`"))
                .hint(format!("it has {}", output::some_of(ids)))
        })?,
    };
    let told = run::simulate(&pipeline, start_at, start, ends, args.approve_after, args.apply_after, deeds);
    print(args, start, &told)?;
    Ok(match told.status {
        Status::Completed => Exit::Done,
        Status::Running => Exit::Running,
        Status::Aborted | Status::Reverted => Exit::Ended,
    })
}

fn read(path: &std::path::Path) -> Result<Pipeline, Failure> {
    let mut json = read_document(path)?;
    if json.get("kind") == Some(&json!("pipeline"))
        && let Some(spec) = json.get_mut("spec")
    {
        json = spec.take();
    }
    let name = path.display();
    let pipeline: Pipeline = serde_json::from_value(json)
        .map_err(|error| Failure::new(Exit::Document, format!("{name} is no pipeline: {error}")))?;
    let mut wrong = false;
    for diagnostic in check_pipeline(&pipeline) {
        output::diagnostic(&diagnostic);
        wrong |= diagnostic.severity == Severity::Error;
    }
    if wrong {
        return Err(Failure::new(Exit::Document, format!("{name} is no valid pipeline")));
    }
    Ok(pipeline)
}

fn known(pipeline: &Pipeline, guard: &str) -> Result<tidegate::model::Key, Failure> {
    let mut guards = pipeline.phases.iter().flat_map(|phase| &phase.guards).map(|guard| &guard.id);
    match guards.clone().find(|id| ***id == *guard) {
        Some(id) => Ok(tidegate::model::Key::clone(id)),
        None => {
            let failure = Failure::usage(format!("the pipeline has no guard `{guard}`"));
            Err(match guards.next() {
                None => failure.hint("it has none"),
                Some(_) => {
                    let all: Vec<&str> = pipeline
                        .phases
                        .iter()
                        .flat_map(|phase| &phase.guards)
                        .map(|guard| &*guard.id)
                        .collect();
                    failure.hint(format!("it has {}", output::some_of(all.into_iter())))
                }
            })
        }
    }
}

fn print(args: &Simulate, start: i64, told: &run::Told) -> Result<(), Failure> {
    let mut output = Output::new();
    if args.format == Format::Json {
        let lines: Vec<Json> = told.lines.iter().map(|line| line.to_json(start)).collect();
        output.json(&json!({
            "start": start,
            "status": told.status,
            "ended_at": (told.status != Status::Running).then_some(told.now),
            "time_line": lines,
            "waiting_for": told.waiting,
        }))?;
    } else {
        let mut grid = crate::admin::Grid::new(["AT", "AFTER", "WHAT"]);
        for line in &told.lines {
            grid.row([line.at(), line.after(start), line.what()]);
        }
        grid.print(&mut output)?;
        let after = crate::admin::span(u64::try_from(told.now.saturating_sub(start)).unwrap_or(0));
        let end = match told.status {
            Status::Completed => format!("completed after {after}"),
            Status::Running => format!("still running after {after}"),
            Status::Aborted | Status::Reverted => format!("aborted after {after}"),
        };
        output.text(&format!("{end}\n"))?;
        for wait in &told.waiting {
            output.text(&format!("waiting for: {}\n", printable(&wait.to_string())))?;
        }
    }
    output.flush()
}

fn verdict(text: &str) -> Result<(String, Verdict, Moment), String> {
    let (guard, rest) = text.split_once('=').ok_or("expected GUARD=VERDICT@TIME")?;
    let (verdict, at) = rest.rsplit_once('@').ok_or("expected GUARD=VERDICT@TIME")?;
    let verdict = match verdict {
        "fail" => Verdict::Fail,
        "no_data" => Verdict::NoData,
        "pass" => Verdict::Pass,
        other => return Err(format!("`{other}` is no verdict; expected pass, fail or no_data")),
    };
    Ok((guard.to_owned(), verdict, Moment::parse(at)?))
}

fn fail(text: &str) -> Result<(String, Moment), String> {
    let (guard, at) = text.rsplit_once('@').ok_or("expected GUARD@TIME")?;
    Ok((guard.to_owned(), Moment::parse(at)?))
}

fn action(text: &str) -> Result<(Action, Moment), String> {
    let (action, at) = text.rsplit_once('@').ok_or("expected ACTION@TIME")?;
    let action = match action {
        "abort" => Action::Abort,
        "full-roll-out" => Action::FullRollOut,
        "pause" => Action::Pause,
        "skip" => Action::Skip,
        "unpause" => Action::Unpause,
        other => {
            return Err(format!("`{other}` is none of abort, full-roll-out, pause, skip, unpause"));
        }
    };
    Ok((action, Moment::parse(at)?))
}
