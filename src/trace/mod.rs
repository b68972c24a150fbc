//! The trace behind `explain`: a decision with every step that led to it.
//!
//! A second evaluator, slow and simple, that walks the snapshot as written instead of the compiled program (SEMANTICS §2
//! to §8). It shares the comparisons of `operand` and `value` with the engine, and nothing else, so that the two check
//! each other.
//!
//! ```text
//!  Snapshot + process attributes ─▶ Tracer ── trace(feature, context, now) ─▶ Trace { decision, steps } ─▶ tree of text
//! ```
//! INVARIANT: per decision each segment (by sign), feature and phase target is evaluated once; a later mention says
//! `as above`. So a trace is bounded by the size of the snapshot, however often references share references.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::model::{Key, Snapshot};
use crate::value::Value;

mod condition;
mod definition;
mod isolate;
mod operator;
mod overlay;
mod render;
#[cfg(test)]
mod tests;
mod tree;

pub use self::isolate::Ignored;
pub use self::tree::{Draw, Node, Outcome, PatchNode, Share, Source, Step};

/// The attribute that chooses the environment (SEMANTICS 1.5).
const ENVIRONMENT: &str = "environment";

/// Traces decisions over a snapshot.
///
/// # Examples
/// ```
/// use std::collections::BTreeMap;
/// use tidegate::model::Snapshot;
/// use tidegate::trace::Tracer;
///
/// let snapshot: Snapshot = serde_json::from_str(r#"{
///     "schema_version": 1, "version": 7,
///     "features": {"f": {"kind": "gate", "rules": [
///         {"id": "staff", "if": {"attribute": "plan", "op": "eq", "value": "staff"}, "variant": "on"}]}}
/// }"#)?;
/// let trace = Tracer::new(&snapshot, BTreeMap::new()).trace("f", &BTreeMap::new(), 0);
/// assert!(!trace.check);
/// assert!(trace.to_string().contains("rule `staff`: plan eq \"staff\" ✗ (missing)"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tracer<'s> {
    snapshot: &'s Snapshot,
    process: BTreeMap<String, Value>,
    ignored: Ignored,
}

impl<'s> Tracer<'s> {
    /// For a snapshot that is valid, and the process attributes of the engine (SEMANTICS 1.4, 1.5).
    #[must_use]
    pub fn new(snapshot: &'s Snapshot, mut process: BTreeMap<String, Value>) -> Self {
        if let Some(environment) = &snapshot.environment {
            process.entry(ENVIRONMENT.to_owned()).or_insert_with(|| Value::Str((&**environment).into()));
        }
        Self { snapshot, process, ignored: Ignored::default() }
    }

    /// For a snapshot of which a lenient compile ignored some parts.
    #[must_use]
    pub fn with_ignored(mut self, ignored: Ignored) -> Self {
        self.ignored = ignored;
        self
    }

    /// Decides a feature, and notes each step.
    #[must_use]
    pub fn trace(&self, feature: &str, context: &BTreeMap<String, Value>, now_ms: i64) -> Trace {
        let mut run = Run {
            tracer: self,
            context,
            now_ms,
            segments: HashMap::new(),
            features: HashMap::new(),
            targets: HashMap::new(),
            depth: 0,
        };
        let decided = run.decide(&Key::from(feature));
        let check = decided.gate && decided.decision.value == Value::Bool(true);
        Trace { decision: decided.decision, check, steps: decided.steps }
    }
}

/// A decision and the steps that led to it. [`Display`](std::fmt::Display) writes it as a tree of text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Trace {
    /// The decision.
    pub decision: Decision,
    /// What `check` says (SEMANTICS 6.6).
    pub check: bool,
    /// The steps, in order.
    pub steps: Vec<Node>,
}

impl Trace {
    /// The trace as a tree of text, for people.
    #[must_use]
    pub fn render(&self) -> String {
        self.to_string()
    }
}

/// What was decided (SEMANTICS 6.4).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// The feature.
    pub feature: Key,
    /// The value; `null` where the caller's default is served.
    pub value: Value,
    /// The variant that was served, if one was.
    pub variant: Option<Key>,
    /// Why.
    pub reason: Reason,
    /// The rule that served, or that led to the default.
    pub rule: Option<Key>,
    /// The release that took part.
    pub release: Option<Key>,
    /// Its phase.
    pub phase: Option<Key>,
    /// Whether the release took part only in what was referred to.
    pub indirect: bool,
    /// The version of the snapshot.
    pub version: u64,
}

/// Why a decision is what it is (SEMANTICS 6.5). Overrides are no part of a snapshot, and of no trace.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The feature is archived.
    Archived,
    /// No rule served.
    Default,
    /// The feature is disabled.
    Disabled,
    /// The base is invalid.
    InvalidDefinition,
    /// The feature is killed in the environment.
    Killed,
    /// A rule served.
    Rule,
    /// A rule served a share.
    Split,
    /// There is no such feature.
    UnknownFeature,
}

/// The release and phase that served.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Attribution {
    release: Key,
    phase: Key,
}

/// The first attribution of the references evaluated so far (SEMANTICS 8.2, 8.4).
#[derive(Default)]
struct Refs(Option<Attribution>);

impl Refs {
    fn note(&mut self, attribution: Option<Attribution>) {
        if self.0.is_none() {
            self.0 = attribution;
        }
    }
}

/// What is remembered of something that was evaluated.
#[derive(Clone)]
struct Verdict {
    outcome: Outcome,
    attribution: Option<Attribution>,
}

/// What is remembered of a feature that was decided.
#[derive(Clone, Default)]
struct Served {
    variant: Option<Key>,
    attribution: Option<Attribution>,
}

/// One decision.
struct Run<'t, 's> {
    tracer: &'t Tracer<'s>,
    context: &'t BTreeMap<String, Value>,
    now_ms: i64,
    /// By key and sign.
    segments: HashMap<(Key, Sign), Verdict>,
    features: HashMap<Key, Served>,
    /// By release and phase.
    targets: HashMap<(Key, Key), Verdict>,
    /// How many conditions are being evaluated, one within the other.
    depth: usize,
}

impl<'s> Run<'_, 's> {
    /// An attribute, and whether it is a process attribute (SEMANTICS 1.1, 1.4).
    fn attribute(&self, name: &str) -> (Option<&Value>, bool) {
        let own = self.tracer.process.get(name);
        let value = own.or_else(|| self.context.get(name)).filter(|value| **value != Value::Null);
        (value, own.is_some())
    }

    /// The environment (SEMANTICS 1.5), and whether it is a process attribute.
    fn environment(&self) -> (Option<&str>, bool) {
        match self.attribute(ENVIRONMENT) {
            (Some(Value::Str(name)), process) => (Some(name), process),
            (_, process) => (None, process),
        }
    }

    fn snapshot(&self) -> &'s Snapshot {
        self.tracer.snapshot
    }
}

/// Whether a condition is asked for itself or for its negation (SEMANTICS 2.3).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Sign {
    Itself,
    Negated,
}

impl Sign {
    fn flipped(self) -> Self {
        match self {
            Self::Itself => Self::Negated,
            Self::Negated => Self::Itself,
        }
    }

    fn is_negated(self) -> bool {
        self == Self::Negated
    }

    /// The outcome of a leaf that is applicable.
    fn of(self, holds: bool) -> Outcome {
        Outcome::from(holds != self.is_negated())
    }
}
