//! Definitions seen together: references exist, form no cycle and no long chain; what is invalid is isolated
//! (SEMANTICS 2.8, 9.4, 9.5).
//!
//! ```text
//!  unknown references ─▶ base cycles ─▶ what refers to invalid bases ─▶ phases ─▶ candidates ─▶ cycles by overlays ─▶ depth
//! ```

use std::rc::Rc;

use super::Report;
use super::condition::{Reference, Target};
use super::draft::{Drafts, SegmentSide};
use super::emit::Side;
use super::graph::{Graph, Node, depth, graph, on_cycles, path_to, reach, sort};
use super::remains::Remains;
use crate::error::{Code, quote};
use crate::value::{KeyedMap, KeyedSet, order};

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
    /// What its base and its candidate refer to.
    own: Vec<Target>,
    /// What the phases of its release refer to.
    phases: Option<Rc<[Target]>>,
    /// Whether answers must be remembered, and in the large memory.
    pub(super) memo: Option<bool>,
}

impl Linked {
    /// What it refers to; the base and the overlay that counts.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.own.iter().chain(self.phases.iter().flat_map(|phases| phases.iter()))
    }
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
    let mut cyclic: Vec<Target> = on_cycles(&bases).into_iter().filter_map(Node::definition).collect();
    cyclic.retain(|target| tell_cycle(&bases, *target, "", drafts, report));
    for target in cyclic {
        drafts.invalidate(target);
        if let Some(next) = bases.get_mut(&Node::Definition(target)) {
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

fn nodes<'r>(references: impl IntoIterator<Item = &'r Reference>) -> Vec<Node> {
    references.into_iter().map(|reference| Node::Definition(reference.target)).collect()
}

fn base_graph(drafts: &Drafts<'_, '_>) -> Graph {
    graph(&mut drafts.bases().map(|(target, references)| (Node::Definition(target), nodes(references))))
}

/// The references of bases, also of those that are invalid.
fn written_bases(drafts: &Drafts<'_, '_>) -> Graph {
    let mut graph = base_graph(drafts);
    for (index, remains) in drafts.remains.iter().enumerate().filter(|(_, remains)| remains.release.is_none())
    {
        add_remains(&mut graph, index, remains, &mut remains.owners.iter().copied());
    }
    graph
}

/// The references of overlays, also of what is invalid in them.
fn written_overlays(drafts: &Drafts<'_, '_>) -> Graph {
    let mut graph = overlay_graph(drafts, drafts.released(), true);
    for (index, remains) in drafts.remains.iter().enumerate() {
        let Some(release) = remains.release else { continue };
        let owners = remains.owners.iter().copied().filter(|owner| !drafts.is_of_another(*owner, release));
        add_remains(&mut graph, index, remains, &mut { owners });
    }
    graph
}

fn add_remains(graph: &mut Graph, index: usize, remains: &Remains, owners: &mut dyn Iterator<Item = Target>) {
    let node = Node::Remains(index);
    for owner in owners {
        graph.entry(Node::Definition(owner)).or_default().push(node);
    }
    graph.insert(node, nodes(&remains.references));
}

/// The references of overlays, those of their candidates and of all phases (SEMANTICS 2.8).
fn overlay_graph(drafts: &Drafts<'_, '_>, released: Vec<Target>, invalid_phases: bool) -> Graph {
    let overlays = released.into_iter().map(|target| {
        let mut next = nodes(drafts.candidate_references(target).unwrap_or_default());
        next.extend(drafts.course_index(target).map(Node::Phases));
        (Node::Definition(target), next)
    });
    let phases = drafts.courses.iter().enumerate().map(|(index, course)| {
        let phases = course.phases.iter().filter(|phase| invalid_phases || phase.valid);
        (Node::Phases(index), nodes(phases.flat_map(|phase| &phase.references)))
    });
    graph(&mut overlays.chain(phases))
}

/// Bases at the end of a chain that is too long are invalid.
fn long_chains(graph: &Graph, drafts: &mut Drafts<'_, '_>, report: &mut Report) {
    let mut depths: KeyedMap<Node, usize> = KeyedMap::default();
    for node in sort(graph) {
        let depth = depth(graph, node, &depths);
        depths.insert(node, depth);
        if let Node::Definition(target) = node
            && depth > LONGEST_CHAIN
        {
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
    order::sort(&mut todo);
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

/// Every overlay with an edge on a cycle is ignored (SEMANTICS 9.5); bases alone have none left.
///
/// `bases`, `overlays`: as written.
fn overlay_cycles(bases: Graph, overlays: &Graph, drafts: &mut Drafts<'_, '_>, report: &mut Report) {
    let live = overlay_graph(drafts, drafts.released(), false);
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
    for (node, more) in overlays {
        graph.entry(*node).or_default().extend(more);
    }
    // In the order of the overlays; of most, one look tells that there is nothing to find.
    let cyclic: KeyedSet<Node> = on_cycles(&graph).into_iter().collect();
    let mut closing = Vec::new();
    for (node, more) in overlays.iter().filter(|(node, _)| cyclic.contains(node)) {
        let Node::Definition(target) = *node else { continue };
        let Some(path) = path_to(&graph, more, target) else { continue };
        for member in path {
            if told.insert(member) {
                tell_cycle(&graph, member, " that a release closes", drafts, report);
            }
        }
        closing.push(target);
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
        let next = graph.get(&Node::Definition(target)).map(Vec::as_slice).unwrap_or_default();
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

/// Depth, paths and memory of each definition, in order.
fn finish(drafts: &mut Drafts<'_, '_>, report: &mut Report) -> (Vec<Target>, KeyedMap<Target, Linked>) {
    let mut graph = graph(&mut drafts.all().map(|target| (Node::Definition(target), Vec::new())));
    for (node, next) in base_graph(drafts).into_iter().chain(overlay_graph(drafts, drafts.released(), false))
    {
        graph.entry(node).or_default().extend(next);
    }
    let order = sort(&graph);
    let mut shapes = Shapes::default();
    let mut memos: KeyedMap<Target, Option<bool>> = KeyedMap::default();
    for node in &order {
        let mut shape = shapes.of(&graph, *node);
        if let Node::Definition(target) = *node {
            if !shape.fits() {
                // The base alone has a chain of a lawful length: that was checked before.
                report.add(Code::ChainTooLong, drafts.pointer(target), shape.message());
                drafts.ignore_overlay(target);
                graph.insert(*node, nodes(base_references(drafts, target)));
                shape = shapes.of(&graph, *node);
                if !shape.fits() {
                    drafts.invalidate(target);
                    graph.insert(*node, Vec::new());
                    shape = Shape::default();
                }
            }
            memos.insert(target, (shape.paths > FEW_PATHS).then_some(shape.reached > super::SMALL_MEMO));
        }
        shapes.depths.insert(*node, shape.depth);
        shapes.paths.insert(*node, shape.paths);
    }
    spread(drafts, report);
    let phases: KeyedMap<Node, Rc<[Target]>> = graph
        .iter()
        .filter(|(node, _)| node.definition().is_none())
        .map(|(node, next)| (*node, next.iter().filter_map(|next| next.definition()).collect()))
        .collect();
    let order: Vec<Target> = order.into_iter().filter_map(Node::definition).collect();
    let linked = order.iter().map(|target| {
        let next = graph.remove(&Node::Definition(*target)).unwrap_or_default();
        let own = next.iter().filter_map(|next| next.definition()).collect();
        let phases = next.iter().find_map(|next| phases.get(next)).cloned();
        (*target, Linked { own, phases, memo: memos.get(target).copied().flatten() })
    });
    let linked = linked.collect();
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
    fn fits(&self) -> bool {
        self.depth <= LONGEST_CHAIN && self.reached <= MOST_REACHED
    }

    fn message(&self) -> String {
        if self.depth > LONGEST_CHAIN {
            chain_message(self.depth)
        } else {
            format!("expected at most {MOST_REACHED} definitions to be reached, found more")
        }
    }
}

/// Of the nodes so far, each after those that it leads to.
#[derive(Default)]
struct Shapes {
    depths: KeyedMap<Node, usize>,
    paths: KeyedMap<Node, u64>,
}

impl Shapes {
    fn of(&self, graph: &Graph, node: Node) -> Shape {
        let next = graph.get(&node).map(Vec::as_slice).unwrap_or_default();
        let paths = next.iter().fold(0_u64, |sum, next| {
            let own = self.paths.get(next).copied().unwrap_or(0);
            sum.saturating_add(own).saturating_add(next.length() as u64)
        });
        let counts = node.definition().is_some() && paths > FEW_PATHS;
        Shape {
            depth: depth(graph, node, &self.depths),
            paths,
            reached: if counts { reach(graph, next, MOST_REACHED) } else { 0 },
        }
    }
}

/// The references of a definition's base.
fn base_references<'d>(drafts: &'d Drafts<'_, '_>, target: Target) -> &'d [Reference] {
    match target {
        Target::Feature(number) => match drafts.features.get(&number).map(|draft| &draft.base) {
            Some(Side::Definition(definition)) => definition.references.as_slice(),
            _ => &[],
        },
        Target::Segment(number) => match drafts.segments.get(&number).map(|draft| &draft.base) {
            Some(SegmentSide::Condition { references, .. }) => references.as_slice(),
            _ => &[],
        },
    }
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
