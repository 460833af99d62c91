//! Joins: what a value or the heap may be where paths meet.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use spark::Type;

use super::NodeId;
use super::heap::{Content, Mapping, Sequence, Slot, Writes};
use super::interpreter::{ALTERNATIVES, Interpreter};
use super::value::{UNKNOWN, Value};

impl Interpreter<'_> {
    pub(super) fn join(&mut self, left: &Value, right: &Value) -> Value {
        self.join_within(left, right, 6)
    }

    pub(super) fn join_all(&mut self, values: &[Value]) -> Value {
        let mut values = values.iter();
        let Some(first) = values.next() else { return UNKNOWN };
        let mut result = first.clone();
        for value in values {
            result = self.join(&result, value);
        }
        result
    }

    pub(super) fn join_within(&mut self, left: &Value, right: &Value, depth: u32) -> Value {
        if left.same(right) {
            return left.clone();
        }
        match (left, right) {
            (Value::Spark(a), Value::Spark(b)) if a.kind == b.kind => {
                let mut joined = (**a).clone();
                joined.node = match (a.node, b.node) {
                    (Some(a_node), Some(b_node)) if a_node == b_node => Some(a_node),
                    (Some(a_node), Some(b_node)) => Some(self.merged(a.kind, a_node, b_node)),
                    (a_node, b_node) => a_node.or(b_node),
                };
                if a.settings != b.settings {
                    let shared: Vec<_> =
                        a.settings.iter().filter(|it| b.settings.contains(it)).cloned().collect();
                    joined.settings = Rc::new(shared);
                }
                if a.features != b.features {
                    let mut features = (*a.features).clone();
                    features.add(&b.features);
                    joined.features = Rc::new(features);
                }
                if joined.batch.is_none() {
                    joined.batch.clone_from(&b.batch);
                }
                Value::Spark(Rc::new(joined))
            }
            (Value::Column(a), Value::Column(b)) => {
                let mut features = (**a).clone();
                features.add(b);
                Value::Column(Rc::new(features))
            }
            (Value::Sequence(a), Value::Sequence(b)) if depth > 0 => {
                match (self.heap.sequence_of(*a).cloned(), self.heap.sequence_of(*b).cloned()) {
                    (Some(a), Some(b)) => {
                        let joined = self.join_sequences(&a, &b, depth - 1);
                        self.heap.sequence(joined.items.to_vec(), joined.complete)
                    }
                    _ => UNKNOWN,
                }
            }
            (Value::Mapping(a), Value::Mapping(b)) if depth > 0 => {
                match (self.heap.mapping_of(*a).cloned(), self.heap.mapping_of(*b).cloned()) {
                    (Some(a), Some(b)) => {
                        let joined = self.join_mappings(&a, &b, depth - 1);
                        self.heap.mapping(joined.entries.to_vec(), joined.complete)
                    }
                    _ => UNKNOWN,
                }
            }
            // What is not known at all says more than what is: it may be anything.
            (Value::Unknown(frames), other) | (other, Value::Unknown(frames)) => {
                // A dataset or something to call is worth keeping even where another path is not known.
                if other.dataset().is_some() && frames.is_none()
                    || other.is_callable()
                    || matches!(other, Value::Instance(_) | Value::Module(_))
                {
                    return other.clone();
                }
                let mut all: Vec<NodeId> =
                    frames.iter().flat_map(|it| it.iter().copied()).collect();
                for node in self.frames(other) {
                    if !all.contains(&node) {
                        all.push(node);
                    }
                }
                Value::may_hold(&all)
            }
            (Value::Integer(_), Value::Integer(_))
            | (Value::Float(_), Value::Float(_))
            | (Value::Boolean(_), Value::Boolean(_)) => UNKNOWN,
            _ => self.alternatives(left, right),
        }
    }

    pub(super) fn alternatives(&mut self, left: &Value, right: &Value) -> Value {
        let mut all: Vec<Value> = Vec::new();
        for side in [left, right] {
            let items: &[Value] = match side {
                Value::Alternatives(items) => items,
                single => std::slice::from_ref(single),
            };
            for item in items {
                if all.iter().any(|it| it.same(item)) {
                    continue;
                }
                // Datasets of one kind become one.
                if let Value::Spark(new) = item
                    && let Some(at) = all
                        .iter()
                        .position(|it| matches!(it, Value::Spark(known) if known.kind == new.kind))
                {
                    let known = all[at].clone();
                    all[at] = self.join_within(&known, item, 1);
                    continue;
                }
                all.push(item.clone());
            }
        }
        if all.len() > ALTERNATIVES {
            if all.iter().all(|it| matches!(it, Value::Text(_) | Value::Null)) {
                let mut texts = all.iter().filter_map(|it| match it {
                    Value::Text(text) => Some(text.clone()),
                    _ => None,
                });
                if let Some(first) = texts.next() {
                    return Value::Text(texts.fold(first, |a, b| a.join(&b)));
                }
            }
            all.truncate(ALTERNATIVES);
        }
        match all.as_slice() {
            [only] => only.clone(),
            _ => Value::Alternatives(all.into()),
        }
    }

    /// The phi of two nodes, flattened where one of them is a phi made for the same merge.
    pub(super) fn merged(&mut self, value: Type, left: NodeId, right: NodeId) -> NodeId {
        self.phi(value, vec![left, right])
    }

    pub(super) fn join_sequences(
        &mut self,
        left: &Sequence,
        right: &Sequence,
        depth: u32,
    ) -> Sequence {
        if Rc::ptr_eq(&left.items, &right.items) {
            let mut joined = left.clone();
            joined.complete &= right.complete;
            return joined;
        }
        if left.items.len() == right.items.len() {
            let items = left
                .items
                .iter()
                .zip(right.items.iter())
                .map(|(a, b)| self.join_within(a, b, depth))
                .collect();
            let complete = left.complete && right.complete;
            return Sequence { items: Rc::new(items), complete, collected: None };
        }
        let mut items: Vec<Value> = Vec::new();
        for item in left.items.iter().chain(right.items.iter()) {
            if items.len() < 200 && !items.iter().any(|it| it.same(item)) {
                items.push(item.clone());
            }
        }
        Sequence { items: Rc::new(items), complete: false, collected: None }
    }

    pub(super) fn join_mappings(&mut self, left: &Mapping, right: &Mapping, depth: u32) -> Mapping {
        let mut entries: Vec<(Value, Value)> = left.entries.to_vec();
        let mut complete = left.complete && right.complete;
        if left.entries.len() != right.entries.len() {
            complete = false;
        }
        for (key, value) in right.entries.iter() {
            match entries.iter().position(|it| it.0.same(key)) {
                Some(at) => {
                    let old = entries[at].1.clone();
                    entries[at].1 = self.join_within(&old, value, depth);
                }
                None if entries.len() < 500 => {
                    complete = false;
                    entries.push((key.clone(), value.clone()));
                }
                None => complete = false,
            }
        }
        Mapping { entries: Rc::new(entries), complete }
    }

    pub(super) fn join_contents(&mut self, left: &Content, right: &Content) -> Content {
        match (left, right) {
            (Content::Value(a), Content::Value(b)) => Content::Value(self.join(a, b)),
            (Content::Sequence(a), Content::Sequence(b)) => {
                Content::Sequence(self.join_sequences(a, b, 4))
            }
            (Content::Mapping(a), Content::Mapping(b)) => {
                Content::Mapping(self.join_mappings(a, b, 4))
            }
            // A name that only one path binds: a use of it means that path.
            (Content::Absent, other) | (other, _) => other.clone(),
        }
    }

    /// Leaves the heap as any of the paths may have left it. A path without writes is an empty one.
    pub(super) fn merge(&mut self, paths: &[Writes]) {
        if let [only] = paths {
            for (slot, content) in only {
                self.heap.put(*slot, content.clone());
            }
            return;
        }
        let mut slots: Vec<Slot> = Vec::new();
        let mut seen = FxHashSet::default();
        for (slot, _) in paths.iter().flatten() {
            if seen.insert(*slot) {
                slots.push(*slot);
            }
        }
        let by_path: Vec<FxHashMap<Slot, &Content>> = paths
            .iter()
            .map(|writes| writes.iter().map(|(slot, content)| (*slot, content)).collect())
            .collect();
        for slot in slots {
            let base = self.heap.content(slot);
            let mut joined: Option<Content> = None;
            for path in &by_path {
                let content = path.get(&slot).map_or(&base, |it| *it);
                joined = Some(match joined {
                    None => content.clone(),
                    Some(before) => self.join_contents(&before, content),
                });
            }
            if let Some(joined) = joined {
                self.heap.put(slot, joined);
            }
        }
    }

    /// Keeps the writes of a path that ended for where it goes on: the end of the loop or of the function.
    pub(super) fn note_ended(&mut self, writes: Writes) {
        if std::mem::take(&mut self.raised) || writes.is_empty() {
            return;
        }
        let activation = self.activation();
        let kept = match activation.loops.last_mut() {
            Some(innermost) => &mut innermost.pending,
            None => &mut activation.pending,
        };
        if kept.len() < 64 {
            kept.push(writes);
        }
    }

    /// Evaluates arms that exclude one another, each from here, and joins what they leave.
    pub(super) fn fork<T: Copy>(
        &mut self,
        arms: &[T],
        run: &mut dyn FnMut(&mut Self, T) -> Value,
    ) -> Value {
        let Some(start) = self.current else { return UNKNOWN };
        if let [only] = arms {
            return run(self, *only);
        }
        let mut ends = Vec::new();
        let mut results = Vec::new();
        let mut live = Vec::new();
        for arm in arms {
            let mark = self.heap.mark();
            self.current = Some(start);
            self.raised = false;
            self.perhaps += 1;
            let result = run(self, *arm);
            self.perhaps -= 1;
            let writes = self.heap.writes(mark);
            self.heap.undo(mark);
            match self.current {
                Some(state) => {
                    ends.push(state);
                    results.push(result);
                    live.push(writes);
                }
                None => self.note_ended(writes),
            }
        }
        self.current = self.meet(&ends);
        if ends.is_empty() {
            return UNKNOWN;
        }
        self.merge(&live);
        self.join_all(&results)
    }

    /// Adds the writes of ended paths to what is here.
    pub(super) fn merge_pending(&mut self, pending: Vec<Writes>) {
        if pending.is_empty() {
            return;
        }
        let mut paths = vec![Writes::new()];
        paths.extend(pending);
        self.merge(&paths);
    }
}
