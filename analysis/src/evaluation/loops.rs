//! Loops: what is iterated over, unrolling, and passes that learn what a body carries over.

use std::rc::Rc;

use program::TextRange;
use program::driver::{ExpressionId, List, PatternId};
use rustc_hash::FxHashSet;

use super::automaton::EdgeKind;
use super::heap::{Content, Mapping, Sequence, Slot, Writes};
use super::interpreter::{Interpreter, LoopFrame, NESTING, Yields, dataset_in};
use super::value::{Prepared, UNKNOWN, Value};
use super::{LoopRecord, NodeId, Reason, StateId};

impl Interpreter<'_> {
    /// What a value yields when it is iterated over.
    pub(super) fn iterated(&mut self, value: &Value) -> Iterated {
        match value {
            Value::Sequence(cell) => match self.heap.sequence_of(*cell).cloned() {
                Some(sequence)
                    if sequence.complete && sequence.items.len() <= self.limits.unrolled =>
                {
                    Iterated::Known(sequence.items.to_vec())
                }
                Some(sequence) => {
                    let element = self.element(&sequence.items);
                    Iterated::Any(element, sequence.collected)
                }
                None => Iterated::Any(UNKNOWN, None),
            },
            Value::Mapping(cell) => match self.heap.mapping_of(*cell).cloned() {
                Some(mapping)
                    if mapping.complete && mapping.entries.len() <= self.limits.unrolled =>
                {
                    Iterated::Known(mapping.entries.iter().map(|it| it.0.clone()).collect())
                }
                Some(mapping) => {
                    let keys: Vec<Value> = mapping.entries.iter().map(|it| it.0.clone()).collect();
                    let element = self.element(&keys);
                    Iterated::Any(element, None)
                }
                None => Iterated::Any(UNKNOWN, None),
            },
            Value::Generator(prepared) => Iterated::Generator(Rc::clone(prepared)),
            Value::Alternatives(values) => {
                let first = values.iter().find(|it| !matches!(it, Value::Null)).cloned();
                match (first, values.len()) {
                    (Some(only), 1 | 2) if values.iter().any(|it| matches!(it, Value::Null)) => {
                        self.iterated(&only)
                    }
                    _ => {
                        let frames = self.frames(value);
                        Iterated::Any(Value::may_hold(&frames), None)
                    }
                }
            }
            Value::Instance(cell) => {
                let name = self.names.symbol("__iter__");
                match self.instance_member(*cell, name) {
                    Some(method) if self.nesting < NESTING => {
                        let place = self.place(TextRange::default(), TextRange::default());
                        let made = self.call(&method, Vec::new(), place);
                        if matches!(made, Value::Instance(_)) {
                            Iterated::Any(UNKNOWN, None)
                        } else {
                            self.iterated(&made)
                        }
                    }
                    _ => Iterated::Any(UNKNOWN, None),
                }
            }
            other => {
                let frames = self.frames(other);
                // Iterating over a dataset's rows yields rows.
                let rows = other.dataset().is_some();
                Iterated::Any(if rows { UNKNOWN } else { Value::may_hold(&frames) }, None)
            }
        }
    }

    /// One of several items.
    pub(super) fn element(&mut self, items: &[Value]) -> Value {
        let tuples: Vec<Vec<Value>> = items
            .iter()
            .filter_map(|it| match it {
                Value::Sequence(cell) => self.heap.sequence_of(*cell).map(|it| it.items.to_vec()),
                _ => None,
            })
            .collect();
        if tuples.len() == items.len()
            && let Some(first) = tuples.first()
            && tuples.iter().all(|it| it.len() == first.len())
        {
            let parts: Vec<Value> = (0..first.len())
                .map(|at| {
                    let column: Vec<Value> = tuples.iter().map(|it| it[at].clone()).collect();
                    self.join_all(&column)
                })
                .collect();
            return self.heap.sequence(parts, true);
        }
        self.join_all(items)
    }

    pub(super) fn for_loop(
        &mut self,
        target: PatternId,
        iterated: &Value,
        body: List,
        range: TextRange,
    ) {
        let iterated = self.iterated(iterated);
        let count = match &iterated {
            Iterated::Known(items) => Some(items.len() as u64),
            _ => None,
        };
        self.record_loop(range, count);
        if let Iterated::Generator(prepared) = iterated {
            self.consume(&prepared, target, body);
            return;
        }
        self.activation().loops.push(LoopFrame::default());
        let active = self.active;
        match iterated {
            Iterated::Known(items) => {
                for item in items {
                    if self.exhausted() {
                        let place = self.place(range, range);
                        self.note(Reason::Budget, place, "");
                        break;
                    }
                    if self.current.is_none() {
                        break;
                    }
                    self.bind(target, item);
                    self.iteration(body);
                }
            }
            Iterated::Any(element, collected) => {
                let first = self.automaton.states;
                self.repeat(&mut |this| {
                    this.bind(target, element.clone());
                    this.iteration(body);
                });
                if let Some((from, to)) = collected
                    && self.dry == 0
                {
                    self.interleave((from.0, to.0), (first, self.automaton.states));
                }
            }
            Iterated::Generator(_) => {}
        }
        debug_assert_eq!(active, self.active);
        self.end_loop();
    }

    /// What one run of a loop's body does, `continue` included.
    pub(super) fn iteration(&mut self, body: List) {
        self.block(body);
        self.end_iteration();
    }

    pub(super) fn end_iteration(&mut self) {
        let activation = self.activation();
        let Some(innermost) = activation.loops.last_mut() else { return };
        let mut ends = std::mem::take(&mut innermost.continues);
        let pending = std::mem::take(&mut innermost.pending);
        ends.extend(self.current);
        self.current = self.meet(&ends);
        self.merge_pending(pending);
    }

    pub(super) fn end_loop(&mut self) {
        let Some(frame) = self.activation().loops.pop() else { return };
        let mut ends = frame.breaks;
        ends.extend(self.current);
        self.current = self.meet(&ends);
        self.merge_pending(frame.pending);
    }

    pub(super) fn while_loop(&mut self, condition: ExpressionId, body: List) {
        let value = self.expression(condition);
        if self.truth(&value) == Some(false) {
            return;
        }
        self.activation().loops.push(LoopFrame::default());
        self.repeat(&mut |this| {
            this.iteration(body);
            if this.current.is_some() {
                this.expression(condition);
            }
        });
        self.end_loop();
    }

    /// Cheap edges between the states of a generator that was collected and those of the loop over it, both ways.
    pub(super) fn interleave(&mut self, generator: (u32, u32), body: (u32, u32)) {
        const MOST: u32 = 40;
        if generator.1.saturating_sub(generator.0) > MOST || body.1.saturating_sub(body.0) > MOST {
            return;
        }
        for one in generator.0..=generator.1 {
            for other in body.0..body.1 {
                self.edge(StateId(one), StateId(other), EdgeKind::Interleaving);
                self.edge(StateId(other), StateId(one), EdgeKind::Interleaving);
            }
        }
    }

    pub(super) fn record_loop(&mut self, range: TextRange, count: Option<u64>) {
        if self.dry > 0 {
            return;
        }
        let (file, alone) = (self.file(), self.alone);
        let new = LoopRecord { file, range, iterations: count, alone };
        self.loops
            .entry((file, range))
            .and_modify(|known| {
                known.iterations = known.iterations.zip(count).map(|(a, b)| a.max(b));
                known.alone |= alone;
            })
            .or_insert(new);
    }

    /// Runs `body` once for what may be any number of times: a pass that learns what it carries over, then one with a phi for each carried dataset.
    pub(super) fn repeat(&mut self, body: &mut dyn FnMut(&mut Self)) {
        self.perhaps += 1;
        self.repeated(body);
        self.perhaps -= 1;
    }

    fn repeated(&mut self, body: &mut dyn FnMut(&mut Self)) {
        let Some(entry) = self.current else { return };
        if self.dry > 0 {
            let mark = self.heap.mark();
            body(self);
            let writes = self.heap.writes(mark);
            self.heap.undo(mark);
            self.merge(&[writes, Writes::new()]);
            self.current = Some(entry);
            return;
        }
        let learnt = self.rehearse(body);
        let head = self.new_state();
        self.edge(entry, head, EdgeKind::Empty);
        self.current = Some(head);
        let mut carried: Vec<(Slot, NodeId)> = Vec::new();
        for (slot, after) in learnt {
            let before = self.heap.content(slot);
            let content = match (&before, &after) {
                (Content::Absent, _) | (_, Content::Absent) => continue,
                (Content::Value(a), Content::Value(b)) => {
                    if a.same(b) {
                        continue;
                    }
                    let Some(value) = self.carried(a, b, slot, &mut carried) else { continue };
                    Content::Value(value)
                }
                (Content::Value(_), _) => continue,
                (Content::Sequence(sequence), _) => {
                    Content::Sequence(Sequence { complete: false, ..sequence.clone() })
                }
                (Content::Mapping(mapping), _) => {
                    Content::Mapping(Mapping { complete: false, ..mapping.clone() })
                }
            };
            self.heap.put(slot, content);
        }
        let mark = self.heap.mark();
        body(self);
        let writes = self.heap.writes(mark);
        for (slot, phi) in &carried {
            if let Content::Value(value) = self.heap.content(*slot) {
                for node in self.frames(&value) {
                    let parents = &mut self.nodes[phi.index()].parents;
                    if node != *phi && !parents.contains(&node) {
                        parents.push(node);
                    }
                }
            }
        }
        self.heap.undo(mark);
        let mut paths = vec![Writes::new()];
        if let Some(end) = self.current {
            self.edge(end, head, EdgeKind::Empty);
            // What a carried name holds after the loop is its phi, which the body's end feeds.
            let slots: FxHashSet<Slot> = carried.iter().map(|it| it.0).collect();
            paths.push(writes.into_iter().filter(|it| !slots.contains(&it.0)).collect());
        }
        self.merge(&paths);
        self.current = Some(head);
    }

    /// The value of a name at the head of a loop: what it was before, or what the body left.
    pub(super) fn carried(
        &mut self,
        before: &Value,
        after: &Value,
        slot: Slot,
        carried: &mut Vec<(Slot, NodeId)>,
    ) -> Option<Value> {
        if let Some(Value::Spark(spark)) = dataset_in(after).or_else(|| dataset_in(before)) {
            let parents = self.frames(before);
            let phi = self.phi(spark.kind, parents);
            carried.push((slot, phi));
            let value = Value::spark(spark.kind, Some(phi));
            let null = matches!(before, Value::Null)
                || matches!(before, Value::Alternatives(items) if items.iter().any(|it| matches!(it, Value::Null)));
            return Some(if null {
                Value::Alternatives(vec![Value::Null, value].into())
            } else {
                value
            });
        }
        Some(match (before, after) {
            (Value::Text(a), Value::Text(b)) => Value::Text(a.join(b)),
            (Value::Integer(_) | Value::Float(_) | Value::Boolean(_), _) => UNKNOWN,
            _ => self.join(before, after),
        })
    }

    /// A pass over a loop's body that leaves nothing but what it would write.
    pub(super) fn rehearse(&mut self, body: &mut dyn FnMut(&mut Self)) -> Writes {
        let mark = self.heap.mark();
        let loaded = self.loaded.len();
        let kept: Vec<_> = self
            .activations
            .iter()
            .map(|it| {
                let loops: Vec<(usize, usize, usize)> = it
                    .loops
                    .iter()
                    .map(|it| (it.breaks.len(), it.continues.len(), it.pending.len()))
                    .collect();
                let yields = match &it.yields {
                    Yields::Collect(values, _) => values.len(),
                    _ => 0,
                };
                (it.returns.len(), it.pending.len(), loops, yields)
            })
            .collect();
        let state = self.current;
        self.dry += 1;
        body(self);
        self.dry -= 1;
        self.current = state;
        for (activation, (returns, pending, loops, yields)) in self.activations.iter_mut().zip(kept)
        {
            activation.returns.truncate(returns);
            activation.pending.truncate(pending);
            for (frame, (breaks, continues, pending)) in activation.loops.iter_mut().zip(loops) {
                frame.breaks.truncate(breaks);
                frame.continues.truncate(continues);
                frame.pending.truncate(pending);
            }
            if let Yields::Collect(values, _) = &mut activation.yields {
                values.truncate(yields);
            }
        }
        while self.loaded.len() > loaded {
            if let Some(file) = self.loaded.pop() {
                self.modules.remove(&file);
            }
        }
        let writes = self.heap.writes(mark);
        self.heap.undo(mark);
        writes
    }
}

/// What a loop runs over.
pub(super) enum Iterated {
    /// These, and nothing else.
    Known(Vec<Value>),
    /// Any number of these.
    Any(Value, Option<(StateId, StateId)>),
    Generator(Rc<Prepared>),
}
