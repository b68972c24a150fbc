//! What is left of what is not sound is looked through for more problems: operands and references (SEMANTICS 9.2). It is never
//! lowered, let alone served.

use super::condition::{Reference, Target, span};
use super::operator::parts;
use super::path::Path;
use super::{Report, Scope, Sink};
use crate::model::{Condition, Definition, Part, Remnant, Rule};

/// References that nothing served has.
#[derive(Debug)]
pub(super) struct Remains {
    /// Whose they are.
    pub(super) owners: Vec<Target>,
    /// The index of the release that they stand in; none: in bases.
    pub(super) release: Option<usize>,
    pub(super) references: Vec<Reference>,
}

impl Remains {
    /// Tells the problems of a remnant but for those of its references.
    pub(super) fn of(remnant: &Remnant, scope: &mut Scope<'_>, report: &mut Report) -> Self {
        let mut owners: Vec<Target> =
            remnant.features.iter().map(|key| Target::Feature(scope.feature(key))).collect();
        owners.extend(remnant.segments.iter().map(|key| Target::Segment(scope.segment(key))));
        let mut search = Search { scope, sink: Sink::default() };
        for (pointer, part) in &remnant.parts {
            search.part(part, &Path::Text(pointer));
        }
        let references = search.sink.take_references();
        report.extend(search.sink.diagnostics);
        Self { owners, release: remnant.release, references }
    }
}

struct Search<'s, 'c> {
    scope: &'s mut Scope<'c>,
    sink: Sink,
}

impl Search<'_, '_> {
    fn part(&mut self, part: &Part, path: &Path<'_>) {
        match part {
            Part::Audience(key) => self.segment(key, path),
            Part::Definition(Definition::Feature(feature)) => {
                self.rules(&feature.rules, path);
                let place = path.name("environments");
                for (name, block) in &feature.environments {
                    self.rules(block.rules.as_deref().unwrap_or_default(), &place.name(name));
                }
            }
            Part::Phase(phase) => {
                let place = path.name("target");
                for (index, target) in phase.target.iter().flatten().enumerate() {
                    self.optional(target.condition.as_ref(), &place.index(index));
                }
                let place = path.name("patches");
                for patch in phase.patches.iter().flatten() {
                    if let Some(key) = &patch.audience {
                        self.segment(key, &place.index(patch.place.0).name("for"));
                    }
                }
            }
            Part::Definition(Definition::Segment(segment)) => self.optional(Some(&segment.condition), path),
        }
    }

    fn rules(&mut self, rules: &[Rule], path: &Path<'_>) {
        let place = path.name("rules");
        for (index, rule) in rules.iter().enumerate() {
            self.optional(rule.condition.as_ref(), &place.index(index));
        }
    }

    fn optional(&mut self, condition: Option<&Condition>, path: &Path<'_>) {
        if let Some(condition) = condition {
            self.condition(condition, &path.name("if"));
        }
    }

    fn segment(&mut self, key: &str, path: &Path<'_>) {
        self.sink.refer(Target::Segment(self.scope.segment(key)), path, &[]);
    }

    fn condition(&mut self, condition: &Condition, path: &Path<'_>) {
        match condition {
            Condition::All { all } => self.all(all, &path.name("all")),
            Condition::Any { any } => self.all(any, &path.name("any")),
            Condition::Not { not } => self.condition(not, &path.name("not")),
            Condition::Bucket { .. } => {}
            Condition::Feature(test) => {
                let feature = Target::Feature(self.scope.feature(&test.feature));
                self.sink.refer(feature, &path.name("feature"), &test.variants);
            }
            Condition::Segment(test) => self.segment(&test.segment, &path.name("segment")),
            Condition::Test(test) => drop(parts(test, path, self.scope.operands, &mut self.sink)),
            Condition::Time { time } => drop(span(time, false, &path.name("time"), &mut self.sink)),
        }
    }

    fn all(&mut self, conditions: &[Condition], path: &Path<'_>) {
        for (index, condition) in conditions.iter().enumerate() {
            self.condition(condition, &path.index(index));
        }
    }
}
