//! What is handed out, without what only passes of loops made which learn types.

use super::interpreter::Interpreter;
use super::{CallRecord, Constant, Evaluation, LoopRecord, Node, NodeId};

impl Interpreter<'_> {
    /// What was found, without the datasets that only passes of loops made which learn types.
    pub(super) fn finished(mut self) -> Evaluation {
        let steps = self.total_steps + self.spent();
        let mut kept = vec![false; self.nodes.len()];
        let mut open: Vec<NodeId> = (0..self.nodes.len() as u32)
            .map(NodeId)
            .filter(|it| !self.rehearsed[it.index()])
            .collect();
        open.extend(self.automaton.sites.iter().filter_map(|it| it.node));
        for record in &self.records {
            open.extend(record.node);
            for argument in &record.arguments {
                datasets(&argument.value, &mut open);
            }
        }
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut kept[node.index()], true) {
                open.extend(self.nodes[node.index()].parents.iter().copied());
            }
        }
        let mut next = 0;
        let moved: Vec<NodeId> = kept
            .iter()
            .map(|kept| {
                let id = NodeId(next);
                next += u32::from(*kept);
                id
            })
            .collect();
        let nodes: Vec<Node> = self
            .nodes
            .into_iter()
            .zip(&kept)
            .filter(|it| *it.1)
            .map(|(mut node, _)| {
                node.parents.iter_mut().for_each(|it| *it = moved[it.index()]);
                node
            })
            .collect();
        for site in &mut self.automaton.sites {
            site.node = site.node.map(|it| moved[it.index()]);
        }
        let renamed = |record: &mut CallRecord| {
            record.node = record.node.map(|it| moved[it.index()]);
            for argument in &mut record.arguments {
                renumber(&mut argument.value, &moved);
            }
        };
        self.records.iter_mut().for_each(renamed);
        let mut loops: Vec<LoopRecord> = self.loops.into_values().collect();
        loops.sort_by_key(|it| (it.file, it.range));
        let mut unresolved: Vec<_> = self.unresolved.into_values().collect();
        unresolved.sort_by_key(|it| (it.place, it.reason));
        Evaluation {
            automaton: self.automaton,
            nodes,
            paths: self.paths,
            records: self.records,
            loops,
            unresolved,
            steps,
        }
    }
}

/// Adds the datasets that a value names.
pub(super) fn datasets(value: &Constant, found: &mut Vec<NodeId>) {
    match value {
        Constant::Dataset(node) => found.push(*node),
        Constant::List { items, .. } | Constant::Alternatives(items) => {
            items.iter().for_each(|it| datasets(it, found));
        }
        Constant::Mapping { entries, .. } => entries.iter().for_each(|(key, value)| {
            datasets(key, found);
            datasets(value, found);
        }),
        _ => {}
    }
}

/// Gives the datasets that a value names their new numbers.
pub(super) fn renumber(value: &mut Constant, moved: &[NodeId]) {
    match value {
        Constant::Dataset(node) => *node = moved[node.index()],
        Constant::List { items, .. } | Constant::Alternatives(items) => {
            items.iter_mut().for_each(|it| renumber(it, moved));
        }
        Constant::Mapping { entries, .. } => entries.iter_mut().for_each(|(key, value)| {
            renumber(key, moved);
            renumber(value, moved);
        }),
        _ => {}
    }
}
