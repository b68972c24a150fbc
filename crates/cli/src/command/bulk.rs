//! `bulk`: decides many documents in one process, for comparison with other evaluators. Hidden: its format may change.
//!
//! ```text
//!  {"process", "now", "mode", "snapshot", "contexts", "trace"} ─▶ {"decisions": [[…] per context], "traces", "error"}
//! ```
//! The features of a line are those that SEMANTICS 6.1 knows, sorted by bytes, and last one that it doesn't.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tidegate::error::{Diagnostic, Error};
use tidegate::model::{Mode, decode};
use tidegate::trace::{Decision, Ignored, Tracer};
use tidegate::value::parse;
use tidegate::{Engine, Value};

use super::mode;
use crate::contexts::{Lines, object};
use crate::document::{known_features, unreadable};
use crate::failure::{Exit, Failure};
use crate::output::Output;

const UNKNOWN: &str = "no_such_feature";
const LONGEST_LINE: usize = 1 << 30;

/// A line; fields that are not named here are ignored, so that what the oracle writes can be read.
#[derive(Deserialize)]
struct Task<'l> {
    #[serde(default)]
    process: BTreeMap<String, Value>,
    now: i64,
    #[serde(default)]
    mode: Strictness,
    #[serde(borrow)]
    snapshot: &'l RawValue,
    #[serde(borrow)]
    contexts: Vec<&'l RawValue>,
    #[serde(default)]
    trace: bool,
}

#[derive(Clone, Copy, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Strictness {
    Lenient,
    #[default]
    Strict,
}

#[derive(Default, Serialize)]
struct Answer {
    decisions: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traces: Option<Vec<Vec<Decision>>>,
    error: Option<Refusal>,
}

#[derive(Serialize)]
struct Refusal {
    code: Option<&'static str>,
    message: String,
    diagnostics: Vec<Diagnostic>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let diagnostics = error.diagnostics().to_vec();
        Self { code: Some(error.code().as_str()), message: error.to_string(), diagnostics }
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self { code: None, message, diagnostics: Vec::new() }
    }
}

pub(crate) fn run() -> Result<Exit, Failure> {
    let mut lines = Lines::new(io::stdin().lock());
    let mut output = Output::new();
    while let Some(line) = lines.next(LONGEST_LINE).map_err(|error| unreadable(Path::new("-"), &error))? {
        let number = line.number;
        let task: Task<'_> = serde_json::from_slice(line.text.unwrap_or_default())
            .map_err(|error| Failure::new(Exit::Context, format!("line {number}: {error}")))?;
        let answer = decide(&task).unwrap_or_else(|error| Answer { error: Some(error), ..Answer::default() });
        output.json_line(&answer)?;
        output.flush()?;
    }
    Ok(Exit::Done)
}

fn decide(task: &Task<'_>) -> Result<Answer, Refusal> {
    let document = task.snapshot.get().as_bytes();
    let mut builder = Engine::builder().mode(mode(task.mode == Strictness::Lenient));
    for (name, value) in &task.process {
        builder = builder.process(name, value.clone());
    }
    let engine = builder.build();
    engine.load(document)?;
    let parsed = parse(document).map_err(Error::from)?;
    let mut features = known_features(&parsed.root.into_value());
    features.push(UNKNOWN.to_owned());
    let read = |(index, text): (usize, &&RawValue)| {
        object(text.get().as_bytes()).map_err(|problem| Refusal::from(format!("context {index}: {problem}")))
    };
    let contexts: Vec<Value> = task.contexts.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let view = engine.view().at(task.now);
    let mut answer = Answer::default();
    for context in &contexts {
        let context = engine.context().with_object(context).build();
        let decisions: Vec<_> = features.iter().map(|key| view.decide_name(key, &context).text()).collect();
        let raw = serde_json::value::to_raw_value(&decisions).map_err(|error| error.to_string())?;
        answer.decisions.push(raw);
    }
    if task.trace {
        answer.traces = Some(traces(task, &features, contexts)?);
    }
    Ok(answer)
}

fn traces(task: &Task<'_>, features: &[String], contexts: Vec<Value>) -> Result<Vec<Vec<Decision>>, Refusal> {
    let decoded = decode(parse(task.snapshot.get().as_bytes()).map_err(Error::from)?, Mode::Lenient);
    if decoded.refused {
        return Err("the trace refuses what the engine serves".to_owned().into());
    }
    let ignored = Ignored::find(&decoded);
    let tracer = Tracer::new(&decoded.snapshot, task.process.clone()).with_ignored(ignored);
    let all = contexts.into_iter().map(|context| {
        let Value::Object(members) = context else { return Vec::new() };
        let context = members.into_iter().map(|(name, value)| (name.into(), value)).collect();
        features.iter().map(|key| tracer.trace(key, &context, task.now).decision).collect()
    });
    Ok(all.collect())
}
