//! Overlays: what a release does to a feature or segment, patch by patch (SEMANTICS §7).

use std::sync::Arc;

use super::condition::{Cond, Reference, simplify};
use super::definition::{Share, share};
use super::operator::Part;
use super::path::Path;
use super::{Environment, Scope, Sink};
use crate::bucket::Span;
use crate::error::Code;
use crate::model::{Key, Patch, PatchKind, Phase, Release, Target};
use crate::operand::word;
use crate::value::order;

/// The phases of a release, lowered once for all that it changes.
#[derive(Debug)]
pub(super) struct Course<'m> {
    pub(super) release: &'m Release,
    /// Where it is in the document.
    pub(super) index: usize,
    pub(super) phases: Vec<LoweredPhase<'m>>,
}

/// A phase.
#[derive(Debug)]
pub(super) struct LoweredPhase<'m> {
    pub(super) phase: &'m Phase,
    /// Shared by its patches.
    pub(super) target: Arc<Cond<'m>>,
    pub(super) references: Vec<Reference>,
    /// False: invalid, to be ignored (SEMANTICS 9.5).
    pub(super) valid: bool,
}

/// A patch of a live phase on one feature or segment.
#[derive(Debug)]
pub(super) struct LoweredPatch<'m> {
    pub(super) phase: &'m Key,
    pub(super) kind: PatchKind,
    pub(super) variant: Option<&'m Key>,
    pub(super) target: Arc<Cond<'m>>,
    pub(super) ramp: Option<Share>,
    pub(super) audience: Option<u32>,
}

impl LoweredPatch<'_> {
    /// Whether it takes no part, and examining it does not show.
    pub(super) fn is_idle(&self) -> bool {
        let outside = matches!(self.ramp, Some(Share::Constant(false)));
        self.target.is(false) || (outside && !self.target.refers())
    }
}

/// What a patch is on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Subject<'k> {
    Feature(&'k str),
    Segment(&'k str),
}

/// The patches of a release on one feature or segment, in application order (SEMANTICS 7.7).
pub(super) fn patches<'m>(
    release: &Course<'m>,
    subject: Subject<'_>,
    has_candidate: bool,
    unit: Option<&str>,
    scope: &mut Scope<'_>,
    sink: &mut Sink,
) -> Vec<LoweredPatch<'m>> {
    let root = Path::Root;
    let releases = root.name("releases");
    let place = releases.index(release.index);
    let place = place.name("phases");
    let mut everyone = Vec::new();
    let mut segments = Vec::new();
    for lowered in &release.phases {
        let phase = lowered.phase;
        if !phase.live || !lowered.valid {
            continue;
        }
        let place = place.index(phase.place.0);
        let mut add = |kind, variant, audience: Option<&Key>| {
            let target = Arc::clone(&lowered.target);
            let ramp = ramp(release.release, phase, unit, &place, scope, sink);
            let audience = audience.map(|segment| scope.segment(segment));
            let list = if audience.is_some() { &mut segments } else { &mut everyone };
            list.push(LoweredPatch { phase: &phase.id, kind, variant, target, ramp, audience });
        };
        match &phase.patches {
            None if has_candidate => add(PatchKind::Apply, None, None),
            None => {}
            Some(patches) => {
                for patch in patches.iter().filter(|patch| is_on(patch, subject)) {
                    add(patch.patch, patch.variant.as_ref(), patch.audience.as_ref());
                }
            }
        }
    }
    everyone.append(&mut segments);
    everyone
}

fn is_on(patch: &Patch, subject: Subject<'_>) -> bool {
    match subject {
        Subject::Feature(key) => patch.feature.as_deref() == Some(key),
        Subject::Segment(key) => patch.segment.as_deref() == Some(key),
    }
}

/// Checks a phase: its target and what its patches refer to.
pub(super) fn check<'m>(
    phase: &'m Phase,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    mode_errors: &mut Sink,
) -> LoweredPhase<'m> {
    let before = mode_errors.errors();
    let target = Arc::new(target(phase, path, scope, mode_errors));
    let place = path.name("patches");
    for patch in phase.patches.iter().flatten() {
        if let Some(segment) = &patch.audience {
            let segment = scope.segment(segment);
            mode_errors.refer(
                super::condition::Target::Segment(segment),
                &place.index(patch.place.0).name("for"),
                &[],
            );
        }
    }
    let references = mode_errors.take_references();
    LoweredPhase { phase, target, references, valid: mode_errors.errors() == before }
}

/// The target of a phase as one condition (SEMANTICS 7.3).
fn target<'m>(phase: &'m Phase, path: &Path<'_>, scope: &mut Scope<'_>, sink: &mut Sink) -> Cond<'m> {
    let Some(targets) = &phase.target else { return Cond::Constant(true) };
    let place = path.name("target");
    let mut any = Vec::new();
    let mut certain = false;
    for (index, entry) in targets.iter().enumerate() {
        match entry_condition(entry, &place.index(index), scope, sink) {
            Cond::Constant(value) => certain |= value,
            other => any.push(other),
        }
    }
    if certain {
        return Cond::Constant(true);
    }
    match any.len() {
        0 => Cond::Constant(false),
        _ => Cond::Any(any),
    }
}

fn entry_condition<'m>(
    entry: &'m Target,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    sink: &mut Sink,
) -> Cond<'m> {
    let condition = match &entry.condition {
        Some(condition) => simplify(condition, false, &path.name("if"), scope, sink),
        None => Cond::Constant(true),
    };
    let environment = match &entry.environments {
        Some(names) => environment(names, scope),
        None => Cond::Constant(true),
    };
    match (environment, condition) {
        (Cond::Constant(false), _) | (_, Cond::Constant(false)) => Cond::Constant(false),
        (Cond::Constant(true), other) | (other, Cond::Constant(true)) => other,
        (environment, condition) => Cond::All(vec![environment, condition]),
    }
}

/// Whether the environment is one of these.
fn environment<'m>(names: &'m [Key], scope: &Scope<'_>) -> Cond<'m> {
    let attribute = match scope.environment() {
        Environment::Fixed(own) => {
            return Cond::Constant(own.is_some_and(|own| names.iter().any(|name| **name == *own)));
        }
        Environment::Attribute(attribute) => attribute,
    };
    let leaf = |name: &'m Key| {
        let part = if name.len() < word::SHORT {
            Part::Word(word::of(name.as_bytes()))
        } else {
            Part::Suffix(name, true)
        };
        Cond::Part { attribute, part, negated: false }
    };
    Cond::Any(names.iter().map(leaf).collect())
}

/// The ramp of a phase (SEMANTICS 7.4); `None` at 100 %.
fn ramp(
    release: &Release,
    phase: &Phase,
    unit: Option<&str>,
    path: &Path<'_>,
    scope: &mut Scope<'_>,
    sink: &mut Sink,
) -> Option<Share> {
    let percent = phase.ramp?.percent;
    if percent >= super::definition::WHOLE {
        return None;
    }
    let place = path.name("ramp");
    let own = release.ramp.as_ref();
    let Some(unit) = own.and_then(|ramp| ramp.unit.as_deref()).or(unit) else {
        sink.report(Code::RampWithoutUnit, &place, "expected `ramp.unit` of the release".to_owned());
        return Some(Share::Constant(false));
    };
    let span = Span::new(0, percent.0);
    let salt = match own.and_then(|ramp| ramp.salt.as_deref()) {
        Some(salt) => salt.to_owned(),
        None => default_salt(release),
    };
    Some(share(unit, &salt, span, &place, scope, sink))
}

/// `ramp/<keys>` (SEMANTICS 7.4).
pub(crate) fn default_salt(release: &Release) -> String {
    let mut keys: Vec<String> = release.features.keys().map(|key| key.to_string()).collect();
    keys.extend(release.segments.keys().map(|key| format!("segment:{key}")));
    order::sort(&mut keys);
    format!("ramp/{}", keys.join(","))
}
