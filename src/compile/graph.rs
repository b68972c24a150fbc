//! Graphs of references, and what is asked of them.
//!
//! What many refer to together is a node of its own, between them and it, or a release of thousands of features whose phases have
//! thousands of references would be millions of edges:
//! ```text
//!  feature ─┐              ┌─▶ segment
//!  feature ─┼─▶ phases of ─┼─▶ segment
//!  feature ─┘   a release  └─▶ feature
//! ```

use std::collections::BTreeMap;

use super::condition::Target;
use crate::value::{KeyedMap, KeyedSet};

/// A node of a graph of references.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Node {
    Definition(Target),
    /// What the phases of a release refer to, by its index among the courses; all that it changes leads here.
    Phases(usize),
    /// What remains of something refer to, by their index; all their owners lead here.
    Remains(usize),
}

impl Node {
    pub(super) fn definition(self) -> Option<Target> {
        match self {
            Self::Definition(target) => Some(target),
            Self::Phases(_) | Self::Remains(_) => None,
        }
    }

    /// How many references it is to come here.
    pub(super) fn length(self) -> usize {
        usize::from(self.definition().is_some())
    }
}

pub(super) type Graph = BTreeMap<Node, Vec<Node>>;

/// One function for all iterators, and node by node: to collect them would be to compile a sort for them.
pub(super) fn graph(nodes: &mut dyn Iterator<Item = (Node, Vec<Node>)>) -> Graph {
    let mut graph = Graph::new();
    for (node, next) in nodes {
        *graph.entry(node).or_default() = next;
    }
    graph
}

/// The nodes on cycles: what is left when nodes without successors, then those without predecessors, are taken away.
pub(super) fn on_cycles(nodes: &Graph) -> Vec<Node> {
    let sorted: KeyedSet<Node> = sort(nodes).into_iter().collect();
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
    let before: KeyedSet<Node> = sort(&back).into_iter().collect();
    left.into_keys().filter(|target| !before.contains(target)).collect()
}

/// Nodes, each after those that it leads to; those on or before a cycle are left out.
pub(super) fn sort(graph: &Graph) -> Vec<Node> {
    let mut waiting: KeyedMap<Node, usize> = KeyedMap::default();
    let mut back: KeyedMap<Node, Vec<Node>> = KeyedMap::default();
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

/// How long the longest way is from a node on; of what it leads to, that is known.
pub(super) fn depth(graph: &Graph, node: Node, depths: &KeyedMap<Node, usize>) -> usize {
    let next = graph.get(&node).into_iter().flatten();
    next.map(|next| depths.get(next).copied().unwrap_or(0).saturating_add(next.length())).max().unwrap_or(0)
}

/// The definitions on a shortest way from one of `starts` to `goal`, the last one first.
pub(super) fn path_to(graph: &Graph, starts: &[Node], goal: Target) -> Option<Vec<Target>> {
    let mut search = Search { graph, seen: KeyedSet::default(), from: KeyedMap::default(), todo: Vec::new() };
    search.visit(starts, None);
    let mut done = 0;
    while let Some(target) = search.todo.get(done).copied() {
        done = done.saturating_add(1);
        if target == goal {
            let mut path = vec![goal];
            let mut at = search.from.get(&target).copied().flatten();
            while let Some(step) = at {
                path.push(step);
                at = search.from.get(&step).copied().flatten();
            }
            return Some(path);
        }
        let next = graph.get(&Node::Definition(target)).map(Vec::as_slice).unwrap_or_default();
        search.visit(next, Some(target));
    }
    None
}

/// A breadth-first search over definitions; the nodes between them are no step.
struct Search<'g> {
    graph: &'g Graph,
    /// Nodes between definitions.
    seen: KeyedSet<Node>,
    /// From which definition each was found; none: a start.
    from: KeyedMap<Target, Option<Target>>,
    todo: Vec<Target>,
}

impl Search<'_> {
    fn visit(&mut self, next: &[Node], from: Option<Target>) {
        for node in next {
            match node {
                Node::Definition(target) => {
                    if !self.from.contains_key(target) {
                        self.from.insert(*target, from);
                        self.todo.push(*target);
                    }
                }
                between => {
                    if self.seen.insert(*between) {
                        self.visit(self.graph.get(between).map(Vec::as_slice).unwrap_or_default(), from);
                    }
                }
            }
        }
    }
}

/// How many definitions can be reached; it ends where they are more than `most`, as thousands may reach the same thousands.
pub(super) fn reach(graph: &Graph, starts: &[Node], most: usize) -> usize {
    let mut seen: KeyedSet<Node> = KeyedSet::default();
    let mut todo: Vec<Node> = Vec::new();
    let mut count = 0_usize;
    let mut next = starts;
    loop {
        for node in next {
            if seen.insert(*node) {
                count = count.saturating_add(node.length());
                todo.push(*node);
            }
        }
        let Some(node) = todo.pop().filter(|_| count <= most) else { return count };
        next = graph.get(&node).map(Vec::as_slice).unwrap_or_default();
    }
}
