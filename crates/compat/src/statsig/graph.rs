//! References between definitions: which would close a cycle, and which chains are too long.
//!
//! Statsig finds a cycle while evaluating, and gives up at depth 300; our documents are refused for one (SEMANTICS 2.8,
//! 9.7). So references within a strongly connected component are cut, and those on too long a chain.
//! INVARIANT: what [`Graph::allows`] has no cycle, and no chain longer than [`LONGEST`].

use std::collections::HashMap;

use super::payload::{Payload, Rule, Space};
use crate::report::Kind;

/// Chains of references of 64 are valid; some room is left for segments made here.
const LONGEST: usize = 60;

type Node<'p> = (Space, &'p str);

#[derive(Debug)]
pub(super) struct Graph<'p> {
    /// The component of a node and the length of the longest chain from it.
    nodes: HashMap<Node<'p>, (usize, usize)>,
    loops: Vec<Node<'p>>,
}

impl<'p> Graph<'p> {
    pub(super) fn of(payload: &Payload<'p>) -> Self {
        let edges = edges(payload);
        let loops =
            edges.iter().filter(|(node, targets)| targets.contains(node)).map(|(node, _)| *node).collect();
        let mut graph = Self { nodes: HashMap::new(), loops };
        let components = components(&edges);
        // Components come with what they refer to first, so that the lengths of their targets are known.
        for (number, component) in components.iter().enumerate() {
            let targets = component.iter().filter_map(|node| edges.get(node)).flatten();
            let longest = targets
                .filter_map(|target| graph.nodes.get(target))
                .map(|(_, length)| length.saturating_add(1));
            let length = longest.max().unwrap_or(0);
            graph.nodes.extend(component.iter().map(|node| (*node, (number, length))));
        }
        graph
    }

    /// Whether a definition may refer to another; if not, why.
    pub(super) fn allows(&self, from: Node<'_>, to: Node<'_>) -> Result<(), Kind> {
        let find = |(space, name)| self.nodes.get(&(space, name)).copied();
        let (Some((own, _)), Some((other, length))) = (find(from), find(to)) else {
            return Ok(());
        };
        if own == other && (from != to || self.loops.contains(&to)) {
            return Err(Kind::ReferenceCycle);
        }
        if length >= LONGEST { Err(Kind::ReferenceTooDeep) } else { Ok(()) }
    }
}

fn edges<'p>(payload: &Payload<'p>) -> HashMap<Node<'p>, Vec<Node<'p>>> {
    let mut edges: HashMap<Node<'p>, Vec<Node<'p>>> = HashMap::new();
    let referred = |rule: &Rule<'p>| -> Vec<Node<'p>> {
        let named = rule.conditions.iter().filter_map(|id| {
            let condition = payload.conditions.get(*id)?;
            match condition.get("type")?.as_str()? {
                "pass_gate" | "fail_gate" => Some((Space::Gates, condition.get("targetValue")?.as_str()?)),
                "experiment_group" => Some((Space::Configs, condition.get("field")?.as_str()?)),
                _ => None,
            }
        });
        named.chain(rule.delegate.map(|delegate| (Space::Configs, delegate))).collect()
    };
    for (node, spec) in payload.definitions() {
        let rules = spec.iter().flat_map(|spec| &spec.rules);
        edges.insert(node, rules.flat_map(referred).collect());
    }
    for (name, mappings) in payload.overrides() {
        for mapping in mappings {
            for space in Space::ALL {
                let rules = mapping.rules.iter().filter_map(|(rule, _)| payload.override_rule(rule));
                let targets = edges.entry((space, name)).or_default();
                targets.push((space, mapping.new));
                targets.extend(rules.flat_map(|rule| referred(&rule)));
            }
        }
    }
    edges
}

/// The strongly connected components, each after those that it refers to (Tarjan's algorithm, without recursion).
fn components<'p>(edges: &HashMap<Node<'p>, Vec<Node<'p>>>) -> Vec<Vec<Node<'p>>> {
    let mut visits = Visits::default();
    let mut starts: Vec<_> = edges.keys().copied().collect();
    starts.sort_unstable();
    for start in starts {
        if visits.indices.contains_key(&start) {
            continue;
        }
        let mut work = vec![(start, 0_usize)];
        visits.enter(start);
        while let Some((node, position)) = work.pop() {
            let Some(next) = edges.get(&node).and_then(|targets| targets.get(position)) else {
                visits.leave(node);
                if let Some((parent, _)) = work.last() {
                    visits.lower(*parent, node);
                }
                continue;
            };
            work.push((node, position.saturating_add(1)));
            if !visits.indices.contains_key(next) {
                visits.enter(*next);
                work.push((*next, 0));
            } else if visits.stack.contains(next) {
                visits.lower(node, *next);
            }
        }
    }
    visits.components
}

#[derive(Default)]
struct Visits<'p> {
    /// The order of entering, and the earliest node on the stack that is reached.
    indices: HashMap<Node<'p>, (usize, usize)>,
    stack: Vec<Node<'p>>,
    components: Vec<Vec<Node<'p>>>,
}

impl<'p> Visits<'p> {
    fn enter(&mut self, node: Node<'p>) {
        let index = self.indices.len();
        self.indices.insert(node, (index, index));
        self.stack.push(node);
    }

    fn lower(&mut self, node: Node<'p>, reached: Node<'p>) {
        let Some((_, low)) = self.indices.get(&reached).copied() else { return };
        if let Some((_, own)) = self.indices.get_mut(&node) {
            *own = low.min(*own);
        }
    }

    fn leave(&mut self, node: Node<'p>) {
        if self.indices.get(&node).is_none_or(|(index, low)| index != low) {
            return;
        }
        let mut component = Vec::new();
        while let Some(member) = self.stack.pop() {
            component.push(member);
            if member == node {
                break;
            }
        }
        self.components.push(component);
    }
}
