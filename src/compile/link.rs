//! Definitions seen together: references exist, form no cycle and no long chain; what is invalid is isolated
//! (SEMANTICS 2.8, 9.4, 9.5).
//!
//! ```text
//!  unknown references ─▶ base cycles ─▶ what refers to invalid bases ─▶ phases ─▶ candidates ─▶ cycles by overlays ─▶ depth
//! ```

use std::collections::BTreeMap;

use super::Report;
use super::condition::{Reference, Target};
use super::draft::{Drafts, SegmentSide};
use super::emit::Side;
use crate::error::{Code, quote};
use crate::value::{KeyedMap, KeyedSet};

/// The longest chain of references (SEMANTICS 9.7).
const LONGEST_CHAIN: usize = 64;
/// So many definitions may be reached from one.
const MOST_REACHED: usize = 900;
/// After so many bytes, the names of a cycle are left out, but for the last one.
const LONGEST_WAY: usize = 300;
/// Up to so many evaluations of references, nothing is remembered.
const FEW_PATHS: u64 = 8;

/// What linking found of a definition.
#[derive(Clone, Debug, Default)]
pub(super) struct Linked {
    /// What it refers to; the base and the overlay that counts.
    pub(super) targets: Vec<Target>,
    /// Whether answers must be remembered, and in the large memory.
    pub(super) memo: Option<bool>,
}

/// Links all drafts; order: what is referred to comes before what refers to it.
pub(super) fn link(
    drafts: &mut Drafts<'_, '_>,
    report: &mut Report,
) -> (Vec<Target>, KeyedMap<Target, Linked>) {
    // As written, with what is invalid: that a cycle goes through something invalid must not hide it (SEMANTICS 9.2). It changes
    // nothing in what is served, as what refers to something invalid is invalid as well.
    let mut bases = written_bases(drafts);
    let overlays = written_overlays(drafts);
    unknown_references(drafts, report);
    let mut cyclic = on_cycles(&bases);
    cyclic.retain(|target| tell_cycle(&bases, *target, "", drafts, report));
    for target in cyclic {
        drafts.invalidate(target);
        if let Some(next) = bases.get_mut(&target) {
            next.clear();
        }
    }
    long_chains(&bases, drafts, report);
    spread(drafts, report);
    phases(drafts, report);
    candidates(drafts, report);
    overlay_cycles(bases, &overlays, drafts, report);
    finish(drafts, report)
}

fn check(references: &[Reference], drafts: &Drafts<'_, '_>, report: &mut Report) -> bool {
    let mut all = true;
    for reference in references {
        if !drafts.exists(reference.target) {
            let (code, message) = match reference.target {
                Target::Feature(_) => (Code::UnknownFeature, "unknown feature"),
                Target::Segment(_) => (Code::UnknownSegment, "unknown segment"),
            };
            let name = drafts.name(reference.target);
            let hint = if report.wants_hint() { drafts.nearest(reference.target) } else { None };
            report.add_with_hint(code, reference.pointer.clone(), format!("{message} {name}"), hint);
            all = false;
        } else if let Target::Feature(number) = reference.target {
            for (index, variant) in reference.variants.iter().enumerate() {
                if !drafts.has_variant(number, variant) {
                    let pointer = reference.pointer.strip_suffix("/feature").unwrap_or(&reference.pointer);
                    let message =
                        format!("{} has no variant {}", drafts.name(reference.target), quote(variant));
                    report.add(Code::UnknownTestedVariant, format!("{pointer}/variants/{index}"), message);
                }
            }
        }
    }
    all
}

fn unknown_references(drafts: &mut Drafts<'_, '_>, report: &mut Report) {
    let mut invalid = Vec::new();
    for (target, references) in drafts.bases() {
        if !check(references, drafts, report) {
            invalid.push(target);
        }
    }
    for target in invalid {
        drafts.invalidate(target);
    }
    let mut courses = std::mem::take(&mut drafts.courses);
    for course in &mut courses {
        for phase in &mut course.phases {
            phase.valid &= check(&phase.references, drafts, report);
        }
    }
    drafts.courses = courses;
    for remains in &drafts.remains {
        check(&remains.references, drafts, report);
    }
}

type Graph = BTreeMap<Target, Vec<Target>>;

/// One function for all iterators: each would be compiled with a sort of its own.
fn graph(nodes: &mut dyn Iterator<Item = (Target, Vec<Target>)>) -> Graph {
    nodes.collect()
}

fn base_graph(drafts: &Drafts<'_, '_>) -> Graph {
    graph(
        &mut drafts.bases().map(|(target, references)| {
            (target, references.iter().map(|reference| reference.target).collect())
        }),
    )
}

/// The references of bases, also of those that are invalid.
fn written_bases(drafts: &Drafts<'_, '_>) -> Graph {
    let mut graph = base_graph(drafts);
    for remains in drafts.remains.iter().filter(|remains| remains.release.is_none()) {
        for owner in &remains.owners {
            graph.entry(*owner).or_default().extend(remains.targets());
        }
    }
    graph
}

/// The references of overlays, also of what is invalid in them.
fn written_overlays(drafts: &Drafts<'_, '_>) -> Graph {
    let released = drafts.released().into_iter();
    let mut graph = graph(&mut released.map(|target| (target, overlay_targets(drafts, target, true))));
    for remains in &drafts.remains {
        let Some(release) = remains.release else { continue };
        for owner in remains.owners.iter().filter(|owner| !drafts.is_of_another(**owner, release)) {
            graph.entry(*owner).or_default().extend(remains.targets());
        }
    }
    graph
}

/// The nodes on cycles: what is left when nodes without successors, then those without predecessors, are taken away.
fn on_cycles(nodes: &Graph) -> Vec<Target> {
    let sorted: KeyedSet<Target> = sort(nodes).into_iter().collect();
    let left = nodes.iter().filter(|(target, _)| !sorted.contains(target));
    let left = graph(&mut left.map(|(target, next)| {
        (*target, next.iter().copied().filter(|next| !sorted.contains(next)).collect())
    }));
    let mut back = graph(&mut left.keys().map(|target| (*target, Vec::new())));
    for (target, next) in &left {
        for next in next {
            back.entry(*next).or_default().push(*target);
        }
    }
    let before: KeyedSet<Target> = sort(&back).into_iter().collect();
    left.into_keys().filter(|target| !before.contains(target)).collect()
}

/// Nodes, each after those that it leads to; those on or before a cycle are left out.
fn sort(graph: &Graph) -> Vec<Target> {
    let mut waiting: KeyedMap<Target, usize> = KeyedMap::default();
    let mut back: KeyedMap<Target, Vec<Target>> = KeyedMap::default();
    let mut ready = Vec::new();
    for (target, next) in graph {
        let next: Vec<_> = next.iter().filter(|next| graph.contains_key(next)).collect();
        if next.is_empty() {
            ready.push(*target);
        }
        waiting.insert(*target, next.len());
        for next in next {
            back.entry(*next).or_default().push(*target);
        }
    }
    let mut sorted = Vec::with_capacity(graph.len());
    while let Some(target) = ready.pop() {
        sorted.push(target);
        for other in back.get(&target).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(other) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(*other);
                }
            }
        }
    }
    sorted
}

/// Bases at the end of a chain that is too long are invalid.
fn long_chains(graph: &Graph, drafts: &mut Drafts<'_, '_>, report: &mut Report) {
    let mut depths: KeyedMap<Target, usize> = KeyedMap::default();
    for target in sort(graph) {
        let next = graph.get(&target).into_iter().flatten();
        let depth =
            next.map(|next| depths.get(next).copied().unwrap_or(0).saturating_add(1)).max().unwrap_or(0);
        depths.insert(target, depth);
        if depth > LONGEST_CHAIN {
            report.add(Code::ChainTooLong, drafts.pointer(target), chain_message(depth));
            drafts.invalidate(target);
        }
    }
}

fn chain_message(depth: usize) -> String {
    format!("expected at most {LONGEST_CHAIN} references in a chain, found {depth}")
}

/// What refers to an invalid base is invalid (SEMANTICS 9.4).
fn spread(drafts: &mut Drafts<'_, '_>, report: &mut Report) {
    let mut back: KeyedMap<Target, Vec<(Target, Reference)>> = KeyedMap::default();
    for (target, references) in drafts.bases() {
        for reference in references {
            back.entry(reference.target).or_default().push((target, reference.clone()));
        }
    }
    let mut todo: Vec<Target> = back.keys().copied().filter(|target| drafts.is_invalid(*target)).collect();
    todo.sort_unstable();
    while let Some(invalid) = todo.pop() {
        for (target, reference) in back.remove(&invalid).unwrap_or_default() {
            if !drafts.is_invalid(target) {
                refers_to_invalid(drafts, &reference, report);
                drafts.invalidate(target);
                todo.push(target);
            }
        }
    }
}

/// Told in lenient mode, where it decides what is served; in strict mode the cause refuses the document.
fn refers_to_invalid(drafts: &Drafts<'_, '_>, reference: &Reference, report: &mut Report) {
    if report.is_strict() {
        return;
    }
    let message = format!("{} is invalid", drafts.name(reference.target));
    report.add(Code::InvalidReference, reference.pointer.clone(), message);
}

fn phases(drafts: &mut Drafts<'_, '_>, report: &mut Report) {
    let mut courses = std::mem::take(&mut drafts.courses);
    for phase in courses.iter_mut().flat_map(|course| &mut course.phases) {
        if let Some(reference) = phase.references.iter().find(|reference| drafts.is_invalid(reference.target))
        {
            refers_to_invalid(drafts, reference, report);
            phase.valid = false;
        }
    }
    drafts.courses = courses;
}

fn candidates(drafts: &mut Drafts<'_, '_>, report: &mut Report) {
    for target in drafts.released() {
        let Some(references) = drafts.candidate_references(target) else {
            // Lowering it failed, and that was reported.
            drafts.ignore_overlay(target);
            continue;
        };
        let references = references.to_vec();
        let mut valid = check(&references, drafts, report);
        if let Some(reference) = references.iter().find(|reference| drafts.is_invalid(reference.target)) {
            refers_to_invalid(drafts, reference, report);
            valid = false;
        }
        if !valid {
            drafts.ignore_overlay(target);
        }
    }
}

/// The references of a definition's overlay, those of its candidate and of all its phases (SEMANTICS 2.8).
fn overlay_targets(drafts: &Drafts<'_, '_>, target: Target, invalid_phases: bool) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    targets
        .extend(drafts.candidate_references(target).into_iter().flatten().map(|reference| reference.target));
    if let Some(course) = drafts.course(target) {
        let phases = course.phases.iter().filter(|phase| invalid_phases || phase.valid);
        targets.extend(phases.flat_map(|phase| &phase.references).map(|reference| reference.target));
    }
    targets
}

/// Every overlay with an edge on a cycle is ignored (SEMANTICS 9.5); bases alone have none left.
///
/// `bases`, `overlays`: as written.
fn overlay_cycles(bases: Graph, overlays: &Graph, drafts: &mut Drafts<'_, '_>, report: &mut Report) {
    let released = drafts.released().into_iter().filter(|target| drafts.has_overlay(*target));
    let live = graph(&mut released.map(|target| (target, overlay_targets(drafts, target, false))));
    let mut told = KeyedSet::default();
    for target in closed_cycles(base_graph(drafts), &live, &mut told, drafts, report) {
        drafts.ignore_overlay(target);
    }
    if report.has_errors() {
        closed_cycles(bases, overlays, &mut told, drafts, report);
    }
}

/// Tells the cycles that overlays close, and returns those with an edge on one.
fn closed_cycles(
    mut graph: Graph,
    overlays: &Graph,
    told: &mut KeyedSet<Target>,
    drafts: &Drafts<'_, '_>,
    report: &mut Report,
) -> Vec<Target> {
    for (target, more) in overlays {
        graph.entry(*target).or_default().extend(more);
    }
    let mut closing = Vec::new();
    for (target, more) in overlays {
        let Some(path) = path_to(&graph, more, *target) else { continue };
        for member in path {
            if told.insert(member) {
                tell_cycle(&graph, member, " that a release closes", drafts, report);
            }
        }
        closing.push(*target);
    }
    closing
}

/// Tells that a definition is on a cycle, and which way it leads; false if it only lies between two cycles.
fn tell_cycle(
    graph: &Graph,
    target: Target,
    which: &str,
    drafts: &Drafts<'_, '_>,
    report: &mut Report,
) -> bool {
    if !report.has_room() {
        report.add(Code::Cycle, String::new(), String::new());
        return true;
    }
    let mut message = format!("{} refers to itself through a cycle{which}", drafts.name(target));
    // As a hint: not worth its time if nobody reads it.
    if report.wants_hint() {
        let next = graph.get(&target).map(Vec::as_slice).unwrap_or_default();
        let Some(mut path) = path_to(graph, next, target) else { return false };
        path.push(target);
        let mut arrow = ": ";
        for (left, step) in path.iter().enumerate().rev() {
            if left > 0 && message.len() > LONGEST_WAY {
                arrow = " → … → ";
                continue;
            }
            message.push_str(arrow);
            message.push_str(&drafts.name(*step));
            arrow = " → ";
        }
    }
    report.add(Code::Cycle, drafts.pointer(target), message);
    true
}

/// The nodes on a shortest way from one of `starts` to `goal`, the last one first.
fn path_to(graph: &Graph, starts: &[Target], goal: Target) -> Option<Vec<Target>> {
    let mut from: KeyedMap<Target, Option<Target>> = starts.iter().map(|start| (*start, None)).collect();
    let mut todo = starts.to_vec();
    let mut done = 0;
    while let Some(target) = todo.get(done).copied() {
        done = done.saturating_add(1);
        if target == goal {
            let mut path = vec![goal];
            let mut at = from.get(&target).copied().flatten();
            while let Some(step) = at {
                path.push(step);
                at = from.get(&step).copied().flatten();
            }
            return Some(path);
        }
        for next in graph.get(&target).into_iter().flatten() {
            if !from.contains_key(next) {
                from.insert(*next, Some(target));
                todo.push(*next);
            }
        }
    }
    None
}

/// Depth, paths and memory of each definition, in order.
fn finish(drafts: &mut Drafts<'_, '_>, report: &mut Report) -> (Vec<Target>, KeyedMap<Target, Linked>) {
    let mut graph = graph(&mut drafts.all().map(|target| (target, Vec::new())));
    for (target, next) in base_graph(drafts) {
        graph.entry(target).or_default().extend(next);
    }
    for target in drafts.released() {
        if drafts.has_overlay(target) {
            let more = overlay_targets(drafts, target, false);
            graph.entry(target).or_default().extend(more);
        }
    }
    let order = sort(&graph);
    let mut depths: KeyedMap<Target, usize> = KeyedMap::default();
    let mut paths: KeyedMap<Target, u64> = KeyedMap::default();
    let mut linked: KeyedMap<Target, Linked> =
        KeyedMap::with_capacity_and_hasher(order.len(), Default::default());
    for target in &order {
        let mut next = graph.remove(target).unwrap_or_default();
        let mut shape = Shape::of(&next, &depths, &paths, &linked);
        if !shape.fits() {
            // The base alone has a chain of a lawful length: that was checked before.
            report.add(Code::ChainTooLong, drafts.pointer(*target), shape.message());
            drafts.ignore_overlay(*target);
            next = base_graph_of(drafts, *target);
            shape = Shape::of(&next, &depths, &paths, &linked);
            if !shape.fits() {
                drafts.invalidate(*target);
                next = Vec::new();
                shape = Shape::default();
            }
        }
        depths.insert(*target, shape.depth);
        paths.insert(*target, shape.paths);
        let memo = (shape.paths > FEW_PATHS).then_some(shape.reached > super::SMALL_MEMO);
        linked.insert(*target, Linked { targets: next, memo });
    }
    spread(drafts, report);
    (order, linked)
}

/// How far a definition's references lead.
#[derive(Default)]
struct Shape {
    depth: usize,
    /// Evaluations of references, if nothing is remembered.
    paths: u64,
    /// Definitions, if they were counted.
    reached: usize,
}

impl Shape {
    fn of(
        next: &[Target],
        depths: &KeyedMap<Target, usize>,
        paths: &KeyedMap<Target, u64>,
        linked: &KeyedMap<Target, Linked>,
    ) -> Self {
        let depth = next
            .iter()
            .map(|next| depths.get(next).copied().unwrap_or(0).saturating_add(1))
            .max()
            .unwrap_or(0);
        let paths = next.iter().fold(0_u64, |sum, next| {
            sum.saturating_add(paths.get(next).copied().unwrap_or(0)).saturating_add(1)
        });
        Self { depth, paths, reached: if paths > FEW_PATHS { reach(linked, next) } else { 0 } }
    }

    fn fits(&self) -> bool {
        self.depth <= LONGEST_CHAIN && self.reached <= MOST_REACHED
    }

    fn message(&self) -> String {
        if self.depth > LONGEST_CHAIN {
            chain_message(self.depth)
        } else {
            format!("expected at most {MOST_REACHED} definitions to be reached, found {}", self.reached)
        }
    }
}

/// The targets of a definition's base.
fn base_graph_of(drafts: &Drafts<'_, '_>, target: Target) -> Vec<Target> {
    let references = match target {
        Target::Feature(number) => match drafts.features.get(&number).map(|draft| &draft.base) {
            Some(Side::Definition(definition)) => definition.references.as_slice(),
            _ => &[],
        },
        Target::Segment(number) => match drafts.segments.get(&number).map(|draft| &draft.base) {
            Some(SegmentSide::Condition { references, .. }) => references.as_slice(),
            _ => &[],
        },
    };
    references.iter().map(|reference| reference.target).collect()
}

fn reach(linked: &KeyedMap<Target, Linked>, starts: &[Target]) -> usize {
    let mut seen: KeyedSet<Target> = starts.iter().copied().collect();
    let mut todo: Vec<Target> = seen.iter().copied().collect();
    while let Some(target) = todo.pop() {
        for next in linked.get(&target).iter().flat_map(|linked| &linked.targets) {
            if seen.insert(*next) {
                todo.push(*next);
            }
        }
    }
    seen.len()
}

impl Drafts<'_, '_> {
    /// The bases that are definitions, with their references.
    fn bases(&self) -> impl Iterator<Item = (Target, &[Reference])> {
        let features = self.features.iter().filter_map(|(number, draft)| match &draft.base {
            Side::Definition(definition) if !definition.references.is_empty() => {
                Some((Target::Feature(*number), &*definition.references))
            }
            _ => None,
        });
        let segments = self.segments.iter().filter_map(|(number, draft)| match &draft.base {
            SegmentSide::Condition { references, .. } if !references.is_empty() => {
                Some((Target::Segment(*number), &**references))
            }
            _ => None,
        });
        segments.chain(features)
    }
}
