//! Walks over calls, values and scopes.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use crate::{Call, CallId, Origin, Program, Scope, ScopeId, ScopeKind, Value, ValueId};

impl Program {
    /// The call with this id.
    #[must_use]
    #[inline]
    pub fn call(&self, id: CallId) -> &Call {
        &self.calls[id.index()]
    }

    /// The value with this id.
    #[must_use]
    #[inline]
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.index()]
    }

    /// The scope with this id.
    #[must_use]
    #[inline]
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.index()]
    }

    /// Every call with its id, in evaluation order.
    pub fn calls_with_ids(&self) -> impl DoubleEndedIterator<Item = (CallId, &Call)> {
        self.calls.iter().enumerate().map(|(index, call)| (CallId(index as u32), call))
    }

    /// The call whose result `value` is.
    #[must_use]
    #[inline]
    pub fn producer(&self, value: ValueId) -> Option<CallId> {
        match self.value(value).origin {
            Origin::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The values that `call` reads: its receiver, then the Spark values in its arguments.
    #[must_use]
    pub fn inputs(&self, call: CallId) -> Vec<ValueId> {
        let mut inputs = Vec::new();
        self.each_input(call, &mut |value| inputs.push(value));
        inputs
    }

    /// Visits what [`Program::inputs`] gives.
    pub fn each_input(&self, call: CallId, visit: &mut impl FnMut(ValueId)) {
        let call = self.call(call);
        if let Some(receiver) = call.receiver {
            visit(receiver.value);
        }
        for argument in &call.arguments {
            argument.value.each_value(visit);
        }
    }

    /// The values one step up the lineage of `value`.
    #[must_use]
    pub fn parents(&self, value: ValueId) -> Vec<ValueId> {
        match &self.value(value).origin {
            Origin::Call(call) => self.inputs(*call),
            Origin::Merge(values) => values.clone(),
            Origin::Loop { entry, carried } => std::iter::once(*entry).chain(*carried).collect(),
            Origin::Parameter { .. } | Origin::Ambient(_) | Origin::Returned(_) => Vec::new(),
        }
    }

    /// `value` and everything upstream of it, nearest first.
    #[must_use]
    pub fn lineage(&self, value: ValueId) -> Vec<ValueId> {
        let mut seen = FxHashSet::default();
        let mut order = vec![value];
        seen.insert(value);
        let mut next = 0;
        while next < order.len() {
            for parent in self.parents(order[next]) {
                if seen.insert(parent) {
                    order.push(parent);
                }
            }
            next += 1;
        }
        order
    }

    /// The first value in the order of [`Program::lineage`] that a call makes, with that call. Goes no further than it.
    #[must_use]
    pub fn nearest_producer(&self, value: ValueId) -> Option<(ValueId, CallId)> {
        let first = match &self.value(value).origin {
            Origin::Call(call) => return Some((value, *call)),
            Origin::Merge(values) => *values.first()?,
            Origin::Loop { entry, .. } => *entry,
            Origin::Parameter { .. } | Origin::Ambient(_) | Origin::Returned(_) => return None,
        };
        // Mostly there is no need to look further.
        if let Some(producer) = self.producer(first) {
            return Some((first, producer));
        }
        let mut seen = FxHashSet::default();
        let mut order = VecDeque::from([value]);
        seen.insert(value);
        while let Some(value) = order.pop_front() {
            if let Some(producer) = self.producer(value) {
                return Some((value, producer));
            }
            order.extend(self.parents(value).into_iter().filter(|parent| seen.insert(*parent)));
        }
        None
    }

    /// The calls upstream of `call`, nearest first, without itself.
    #[must_use]
    pub fn upstream_calls(&self, call: CallId) -> Vec<CallId> {
        let mut seen = FxHashSet::default();
        let mut calls = Vec::new();
        for input in self.inputs(call) {
            for value in self.lineage(input) {
                if let Some(producer) = self.producer(value)
                    && seen.insert(producer)
                {
                    calls.push(producer);
                }
            }
        }
        calls
    }

    /// `scope` and its ancestors, innermost first.
    pub fn ancestors(&self, scope: ScopeId) -> impl Iterator<Item = ScopeId> + '_ {
        std::iter::successors(Some(scope), |&id| self.scope(id).parent)
    }

    /// The innermost loop around `call` that does not lie outside its function.
    #[must_use]
    pub fn enclosing_loop(&self, call: CallId) -> Option<ScopeId> {
        self.ancestors(self.call(call).scope)
            .take_while(|&id| {
                !matches!(self.scope(id).kind, ScopeKind::Function(_) | ScopeKind::Closure)
            })
            .find(|&id| matches!(self.scope(id).kind, ScopeKind::Loop { .. }))
    }

    /// The function around `call`, none for code at the top of the file or of a class body.
    #[must_use]
    pub fn enclosing_function(&self, call: CallId) -> Option<ScopeId> {
        self.ancestors(self.call(call).scope)
            .find(|&id| matches!(self.scope(id).kind, ScopeKind::Function(_)))
    }

    /// Whether two scopes lie in different arms of one branching statement, so that one run takes at most one of them.
    #[must_use]
    pub fn exclusive(&self, left: ScopeId, right: ScopeId) -> bool {
        let arms = |scope| {
            self.ancestors(scope).filter_map(|id| match self.scope(id).kind {
                ScopeKind::Branch { statement, arm } => Some((statement, arm)),
                _ => None,
            })
        };
        let right: Vec<_> = arms(right).collect();
        arms(left).any(|(statement, arm)| {
            right.iter().any(|other| other.0 == statement && other.1 != arm)
        })
    }
}
