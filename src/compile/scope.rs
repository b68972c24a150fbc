//! What lowering carries along: numbers of names, process attributes, and the places for problems.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::condition::{Reference, Target};
use super::definition::switch;
use super::operands::Operands;
use super::path::Path;
use crate::context::{AttributeKey, Attributes, too_many_attributes};
use crate::error::{Code, Diagnostic, Diagnostics, Severity, quote};
use crate::model::{Key, Mode};
use crate::program::VariantList;
use crate::value::{KeyedMap, Value};

/// The numbers of features, or of segments: given once, never again.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    numbers: KeyedMap<Key, u32>,
    names: Vec<Key>,
}

impl Numbers {
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    pub(super) fn number(&mut self, name: &str) -> u32 {
        self.find(name).unwrap_or_else(|| self.add(Key::from(name)))
    }

    /// As [`number`](Self::number), without a copy of the name.
    pub(super) fn number_of(&mut self, name: &Key) -> u32 {
        self.find(name).unwrap_or_else(|| self.add(Key::clone(name)))
    }

    fn add(&mut self, name: Key) -> u32 {
        let number = self.names.len() as u32;
        self.numbers.insert(Key::clone(&name), number);
        self.names.push(name);
        number
    }

    pub(super) fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", |name| name)
    }

    /// The name of a number that was given.
    pub(super) fn key(&self, number: u32) -> Key {
        self.names.get(number as usize).cloned().unwrap_or_default()
    }

    /// Those from `first` on.
    pub(super) fn since(&self, first: usize) -> &[Key] {
        self.names.get(first..).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

/// Whose definitions count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Environment<'e> {
    /// Those of this environment, or the shared ones.
    Fixed(Option<&'e str>),
    /// Those of the environment that the context names.
    Attribute(AttributeKey),
}

/// What lowering looks names up in.
pub(super) struct Scope<'c> {
    attributes: &'c Attributes,
    process: &'c BTreeMap<String, Value>,
    features: &'c mut Numbers,
    segments: &'c mut Numbers,
    environment: Environment<'c>,
    switch: VariantList,
    pub(super) operands: &'c mut Operands,
}

impl<'c> Scope<'c> {
    pub(super) fn new(
        attributes: &'c Attributes,
        process: &'c BTreeMap<String, Value>,
        features: &'c mut Numbers,
        segments: &'c mut Numbers,
        operands: &'c mut Operands,
    ) -> Self {
        let environment = match process.get("environment") {
            Some(value) => Environment::Fixed(value.as_str()),
            None => match attributes.declare("environment") {
                Some(key) => Environment::Attribute(key),
                None => Environment::Fixed(None),
            },
        };
        Self { attributes, process, features, segments, environment, switch: switch(), operands }
    }

    pub(super) fn process(&self, name: &str) -> Option<&'c Value> {
        if self.process.is_empty() { None } else { self.process.get(name) }
    }

    pub(super) fn environment(&self) -> Environment<'c> {
        self.environment
    }

    pub(super) fn attribute(&self, name: &str, path: &Path<'_>, sink: &mut Sink) -> AttributeKey {
        self.attributes.declare(name).unwrap_or_else(|| {
            sink.report(Code::Limit, path, too_many_attributes());
            AttributeKey(0)
        })
    }

    pub(super) fn feature(&mut self, name: &str) -> u32 {
        self.features.number(name)
    }

    pub(super) fn segment(&mut self, name: &str) -> u32 {
        self.segments.number(name)
    }

    pub(super) fn switch(&self) -> VariantList {
        Arc::clone(&self.switch)
    }
}

/// Where the problems and references of one definition go.
#[derive(Debug, Default)]
pub(super) struct Sink {
    pub(super) diagnostics: Vec<Diagnostic>,
    references: Vec<Reference>,
    failed: usize,
}

impl Sink {
    pub(super) fn report(&mut self, code: Code, path: &Path<'_>, message: String) {
        self.failed = self.failed.saturating_add(1);
        self.diagnostics.push(Diagnostic::new(code, path.pointer(), message).with_severity(Severity::Error));
    }

    /// What to do about the problem that was reported last.
    pub(super) fn hint(&mut self, hint: &str) {
        if let Some(last) = self.diagnostics.last_mut() {
            last.hint = Some(hint.to_owned());
        }
    }

    /// The definition is invalid, for a reason that is reported elsewhere.
    pub(super) fn fail(&mut self) {
        self.failed = self.failed.saturating_add(1);
    }

    pub(super) fn errors(&self) -> usize {
        self.failed
    }

    pub(super) fn refer(&mut self, target: Target, path: &Path<'_>, variants: &[Key]) {
        self.references.push(Reference { target, pointer: path.pointer(), variants: variants.to_vec() });
    }

    pub(super) fn take_references(&mut self) -> Vec<Reference> {
        std::mem::take(&mut self.references)
    }
}

/// The problems of a whole document.
#[derive(Debug)]
pub(super) struct Report {
    mode: Mode,
    diagnostics: Diagnostics,
}

impl Report {
    pub(super) fn new(mode: Mode) -> Self {
        Self { mode, diagnostics: Diagnostics::default() }
    }

    pub(super) fn is_strict(&self) -> bool {
        self.mode == Mode::Strict
    }

    pub(super) fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in diagnostics {
            self.diagnostics.push(diagnostic);
        }
    }

    pub(super) fn add(&mut self, code: Code, pointer: String, message: String) {
        self.diagnostics.push(Diagnostic::new(code, pointer, message));
    }

    pub(super) fn add_with_hint(
        &mut self,
        code: Code,
        pointer: String,
        message: String,
        hint: Option<String>,
    ) {
        self.diagnostics.push(Diagnostic::new(code, pointer, message).with_hint(hint));
    }

    /// Whether a hint is worth its time: they are for people, who read the first ones.
    pub(super) fn wants_hint(&self) -> bool {
        self.diagnostics.len() < 32
    }

    /// Whether another problem would still be listed.
    pub(super) fn has_room(&self) -> bool {
        self.diagnostics.has_room()
    }

    pub(super) fn has_errors(&self) -> bool {
        self.diagnostics.errors() > 0
    }

    /// Whether the mode refuses the document.
    pub(super) fn refuses(&self) -> bool {
        self.is_strict() && self.has_errors()
    }

    pub(super) fn into_vec(self) -> Vec<Diagnostic> {
        self.diagnostics.into_vec()
    }
}

/// What the compiler removed: rules that are never reached, or whose condition never holds in this process.
pub(super) struct Notices<'r> {
    pub(super) report: &'r mut Report,
    seen: HashSet<(Code, String, Key)>,
    /// Whether there are process attributes.
    process: bool,
}

impl<'r> Notices<'r> {
    pub(super) fn new(report: &'r mut Report, process: bool) -> Self {
        Self { report, seen: HashSet::new(), process }
    }

    pub(super) fn never_reached(&mut self, feature: &Key, place: RulePlace<'_>) {
        self.add(
            Code::RuleNeverReached,
            feature,
            place,
            "is never reached: a rule before it serves everyone",
        );
    }

    pub(super) fn never_holds(&mut self, feature: &Key, place: RulePlace<'_>) {
        let message = if self.process {
            "never holds in this process: it was removed"
        } else {
            "never holds: it was removed"
        };
        self.add(Code::ConstantCondition, feature, place, message);
    }

    fn add(&mut self, code: Code, feature: &Key, place: RulePlace<'_>, message: &str) {
        let Some(rule) = place.id else { return };
        let mut pointer = place.release.map_or_else(String::new, |release| format!("/releases/{release}"));
        pointer.push_str("/features");
        crate::error::push_step(&mut pointer, feature);
        if place.release.is_some() {
            pointer.push_str("/candidate");
        }
        if let Some(name) = place.environment {
            pointer.push_str("/environments");
            crate::error::push_step(&mut pointer, name);
        }
        pointer.push_str("/rules");
        crate::error::push_step(&mut pointer, &place.index.to_string());
        if self.seen.insert((code, pointer.clone(), Key::clone(rule))) {
            self.report.add(code, pointer, format!("rule {} {message}", quote(rule)));
        }
    }
}

/// Which rule of a feature is meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct RulePlace<'p> {
    pub(super) id: Option<&'p Key>,
    /// The environment whose block has the rules.
    pub(super) environment: Option<&'p str>,
    pub(super) index: usize,
    /// Of a candidate's rule: the release.
    pub(super) release: Option<usize>,
}
