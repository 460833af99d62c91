//! The end of a program that an edit leaves alone but for its ids and places.
//!
//! Where what is typed leaves the same to all that comes after it as what stood there before, what the last pass made of the text behind it is
//! that of the text before, moved.

use std::sync::Arc;

use program::{
    Binding, Call, CallId, Expression, Function, FunctionId, Origin, Program, ResultUse, Scope,
    ScopeId, ScopeKind, Summary, TextPart, TextRange, Uncalled, Unresolved, Value, ValueId,
};

use super::Replay;
use super::contents::{Contents, Lengths};
use super::trace::{Pass, Put, Start, Step, is_inert, lasting, leave_the_same, left_by, told};
use super::unit::{Bases, Externals, Unit};
use crate::lower::Lowering;
use crate::lower::functions::Summaries;

/// How what stands behind an edit has moved.
#[derive(Debug)]
pub(super) struct Splice {
    /// Functions below this are definitions of the file.
    definitions: u32,
    values: Ids,
    calls: Ids,
    bindings: Ids,
    functions: Ids,
    scopes: Ids,
    /// How much of the program there was in front of what stands behind the edit, before and now.
    before: Lengths,
    now: Lengths,
    /// The first byte behind the edit, before and now.
    byte_before: u32,
    byte_now: u32,
}

/// Ids of one kind. Those in front of what was lowered again stay, those behind it move; those between stand for each other in their order,
/// but for those of statements that nothing comes of.
#[derive(Debug)]
struct Ids {
    /// The first that was lowered again.
    first: u32,
    before: Side,
    now: Side,
}

/// What was lowered again, or what stood there before.
#[derive(Debug)]
struct Side {
    /// One past the last.
    end: u32,
    /// Those of statements that nothing comes of: the first, and how many.
    inert: Vec<(u32, u32)>,
}

impl Ids {
    fn new(
        first: usize,
        (before, old): (usize, &[Step]),
        (now, new): (usize, &[Step]),
        own: impl Fn(&Bases, &Unit) -> (u32, usize),
    ) -> Option<Self> {
        let side = |end: usize, steps: &[Step]| {
            let puts = steps.iter().filter_map(|it| Some((it.put.as_ref()?, &it.to)));
            let inert = puts.filter(|(put, _)| is_inert(&put.unit));
            let own = inert.map(|(put, to)| own(to, &put.unit));
            let own = own.filter(|it| it.1 > 0).map(|(first, count)| (first, count as u32));
            Side { end: end as u32, inert: own.collect() }
        };
        let (before, now) = (side(before, old), side(now, new));
        let count = |it: &Side| {
            let inert: u32 = it.inert.iter().map(|it| it.1).sum();
            it.end.checked_sub(inert)
        };
        (count(&before)? == count(&now)?).then_some(Self { first: first as u32, before, now })
    }

    /// What an id of before is now.
    fn moved(&self, id: u32) -> Option<u32> {
        if id < self.first { Some(id) } else { self.before.over_to(&self.now, id) }
    }

    /// What an id was before.
    fn back(&self, id: u32) -> Option<u32> {
        if id < self.first { Some(id) } else { self.now.over_to(&self.before, id) }
    }
}

impl Side {
    fn over_to(&self, other: &Self, id: u32) -> Option<u32> {
        if id >= self.end {
            return Some(id - self.end + other.end);
        }
        let mut over = id;
        for &(first, count) in self.inert.iter().take_while(|it| it.0 <= id) {
            if id < first + count {
                return None;
            }
            over -= count;
        }
        for &(first, count) in &other.inert {
            if first <= over {
                over += count;
            }
        }
        Some(over)
    }
}

impl Splice {
    /// Of the edit that a pass has come to the end of, if the statements that it changed leave to what stands behind it what those before
    /// left.
    fn of(replay: &Replay, byte: u32, program: &Program) -> Option<Self> {
        let (difference, definitions) = (replay.difference, replay.definitions);
        if replay.passing || replay.off || replay.touched || replay.part != difference.end {
            return None;
        }
        let pass = replay.before().filter(|it| it.whole)?;
        let trace = replay.trace.as_ref()?;
        let part = replay.pass.first_part;
        let (first, end) = (pass.parts.get(part)?, pass.parts.get(difference.old_end)?);
        let old = pass.steps.get(first.step..end.step)?;
        let new = replay.pass.steps.as_slice();
        let old_parts = trace.file.parts.get(part..difference.old_end)?;
        let new_parts = replay.file.parts.get(part..difference.end)?;
        let byte_before = trace.file.parts.get(difference.old_end)?.range.start;
        if byte_before == 0
            || (pass.found.has_places() && byte_before != byte)
            || left_by(old_parts, old)? != left_by(new_parts, new)?
            || !told(new).all(|(told, start)| pass.found.holds(told, start))
        {
            return None;
        }
        let (first, before, now) = (first.lengths, end.lengths, Lengths::of(program));
        let ids = |of: fn(Lengths) -> usize, own: fn(&Bases, &Unit) -> (u32, usize)| {
            Ids::new(of(first), (of(before), old), (of(now), new), own)
        };
        let splice = Self {
            definitions,
            values: ids(|it| it.values, |to, it| (to.values, it.values.len()))?,
            calls: ids(|it| it.calls, |to, it| (to.calls, it.calls.len()))?,
            bindings: ids(|it| it.bindings, |to, it| (to.bindings, it.bindings.len()))?,
            functions: ids(|it| it.functions, |to, it| (to.functions, it.functions.len()))?,
            scopes: ids(|it| it.scopes, |to, it| (to.scopes, it.scopes.len()))?,
            before,
            now,
            byte_before,
            byte_now: byte,
        };
        let mut pairs = old.iter().filter_map(lasting).zip(new.iter().filter_map(lasting));
        let same = pairs.all(|((old, old_to), (new, new_to))| {
            let Some(externals) = splice.before(&new.externals) else { return false };
            let new = Put { unit: Arc::clone(&new.unit), externals: Arc::new(externals) };
            splice.stands_for(old_to, new_to)
                && leave_the_same((old, old_to), (&new, old_to), definitions)
        });
        (same && splice.is_between(replay, program)).then_some(splice)
    }

    /// What ids were before.
    fn before(&self, externals: &Externals) -> Option<Externals> {
        let mut before = Externals::default();
        for &(own, value) in &externals.values {
            before.values.push((own, ValueId(self.values.back(value.0)?)));
        }
        for &(own, function) in &externals.functions {
            let known = if function.0 < self.definitions {
                function.0
            } else {
                self.functions.back(function.0)?
            };
            before.functions.push((own, FunctionId(known)));
        }
        Some(before)
    }

    /// Whether the ids of a statement are those that stand for the ones of another.
    fn stands_for(&self, old: &Bases, new: &Bases) -> bool {
        old.definitions == new.definitions
            && self.values.moved(old.values) == Some(new.values)
            && self.calls.moved(old.calls) == Some(new.calls)
            && self.bindings.moved(old.bindings) == Some(new.bindings)
            && self.functions.moved(old.functions) == Some(new.functions)
            && self.scopes.moved(old.scopes) == Some(new.scopes)
            && self.scope_id(old.scope) == Some(new.scope)
    }

    /// Whether all values that were made again are those that they stand for.
    fn is_between(&self, replay: &Replay, program: &Program) -> bool {
        replay.values_before.iter().enumerate().all(|(index, before)| {
            let Some(now) = self.values.moved(self.values.first + index as u32) else {
                return true;
            };
            let mut moved = before.clone();
            self.value(&mut moved).is_some() && program.values.get(now as usize) == Some(&moved)
        })
    }

    fn value_id(&self, id: ValueId) -> Option<ValueId> {
        self.values.moved(id.0).map(ValueId)
    }

    fn call_id(&self, id: CallId) -> Option<CallId> {
        self.calls.moved(id.0).map(CallId)
    }

    fn function_id(&self, id: FunctionId) -> Option<FunctionId> {
        if id.0 < self.definitions {
            return Some(id);
        }
        self.functions.moved(id.0).map(FunctionId)
    }

    fn scope_id(&self, id: ScopeId) -> Option<ScopeId> {
        self.scopes.moved(id.0).map(ScopeId)
    }

    fn offset(&self, offset: u32) -> Option<u32> {
        Some(offset.checked_sub(self.byte_before)? + self.byte_now)
    }

    fn range(&self, range: &mut TextRange) -> Option<()> {
        if *range != TextRange::default() {
            range.start = self.offset(range.start)?;
            range.end = self.offset(range.end)?;
        }
        Some(())
    }

    /// Moves all that stood behind the edit. None where something there goes back to what is another one now.
    fn contents(&self, rest: &mut Contents) -> Option<()> {
        let Contents { values, calls, bindings, functions, scopes, imports, unresolved, uncalled } =
            rest;
        values.iter_mut().try_for_each(|it| self.value(it))?;
        calls.iter_mut().try_for_each(|it| self.call(it))?;
        bindings.iter_mut().try_for_each(|it| self.binding(it))?;
        functions.iter_mut().try_for_each(|it| self.function(it))?;
        scopes.iter_mut().try_for_each(|it| self.scope(it))?;
        imports.iter_mut().try_for_each(|it| self.range(&mut it.range))?;
        unresolved.iter_mut().try_for_each(|it| self.unresolved(it))?;
        uncalled.iter_mut().try_for_each(|it| self.uncalled(it))
    }

    fn value(&self, value: &mut Value) -> Option<()> {
        match &mut value.origin {
            Origin::Call(call) => *call = self.call_id(*call)?,
            Origin::Parameter { function, .. } | Origin::Returned(function) => {
                *function = self.function_id(*function)?;
            }
            Origin::Merge(values) => {
                for value in values {
                    *value = self.value_id(*value)?;
                }
            }
            Origin::Loop { entry, carried } => {
                *entry = self.value_id(*entry)?;
                if let Some(carried) = carried {
                    *carried = self.value_id(*carried)?;
                }
            }
            Origin::Ambient(_) => {}
        }
        Some(())
    }

    fn call(&self, call: &mut Call) -> Option<()> {
        if let Some(receiver) = &mut call.receiver {
            receiver.value = self.value_id(receiver.value)?;
            self.range(&mut receiver.range)?;
        }
        if let Some(result) = &mut call.result {
            *result = self.value_id(*result)?;
        }
        match &mut call.result_use {
            ResultUse::Receiver(call) | ResultUse::Argument(call) => *call = self.call_id(*call)?,
            ResultUse::Bound(index) => *index = self.bindings.moved(*index)?,
            ResultUse::Compared { range, .. } | ResultUse::Tested { range, .. } => {
                self.range(range)?;
            }
            ResultUse::Discarded
            | ResultUse::Returned
            | ResultUse::Indexed(_)
            | ResultUse::Iterated
            | ResultUse::Other => {}
        }
        for argument in &mut call.arguments {
            self.expression(&mut argument.value)?;
            self.range(&mut argument.range)?;
        }
        call.scope = self.scope_id(call.scope)?;
        self.range(&mut call.range)?;
        self.range(&mut call.name_range)?;
        self.range(&mut call.arguments_range)?;
        self.range(&mut call.statement)
    }

    fn binding(&self, binding: &mut Binding) -> Option<()> {
        binding.value = self.value_id(binding.value)?;
        binding.scope = self.scope_id(binding.scope)?;
        self.range(&mut binding.name_range)?;
        self.range(&mut binding.value_range)?;
        self.range(&mut binding.statement)
    }

    fn function(&self, function: &mut Function) -> Option<()> {
        if let Some(scope) = &mut function.scope {
            *scope = self.scope_id(*scope)?;
        }
        self.expression(&mut function.returns)?;
        self.range(&mut function.range)
    }

    fn scope(&self, scope: &mut Scope) -> Option<()> {
        if let ScopeKind::Branch { statement, .. } = &mut scope.kind {
            *statement = self.offset(*statement)?;
        }
        if let Some(parent) = &mut scope.parent {
            *parent = self.scope_id(*parent)?;
        }
        self.range(&mut scope.range)?;
        self.range(&mut scope.header)
    }

    fn unresolved(&self, it: &mut Unresolved) -> Option<()> {
        it.scope = self.scope_id(it.scope)?;
        self.range(&mut it.range)?;
        self.range(&mut it.name_range)
    }

    fn uncalled(&self, it: &mut Uncalled) -> Option<()> {
        it.receiver = self.value_id(it.receiver)?;
        self.range(&mut it.range)?;
        self.range(&mut it.name_range)?;
        self.range(&mut it.statement)
    }

    fn expression(&self, expression: &mut Expression) -> Option<()> {
        match expression {
            Expression::Unknown | Expression::Literal(_) | Expression::Parameter(_) => Some(()),
            Expression::Text(parts) => parts.iter_mut().try_for_each(|part| match part {
                TextPart::Literal(_) => Some(()),
                TextPart::Hole(hole) => self.expression(hole),
            }),
            Expression::Column { of, .. } => {
                if let Some(value) = of {
                    *value = self.value_id(*value)?;
                }
                Some(())
            }
            Expression::Item(inner, _) => self.expression(inner),
            Expression::List(items) | Expression::Apply { arguments: items, .. } => {
                items.iter_mut().try_for_each(|it| self.expression(it))
            }
            Expression::Value(value) => {
                *value = self.value_id(*value)?;
                Some(())
            }
            Expression::Function(function) => {
                *function = self.function_id(*function)?;
                Some(())
            }
        }
    }

    /// A statement behind the edit, where it stands now.
    fn step(&self, step: &Step) -> Option<Step> {
        let Self { before, now, .. } = self;
        let moved = |id: u32, before: usize, now: usize| (id as usize - before + now) as u32;
        let to = Bases {
            start: self.offset(step.to.start)?,
            end: self.offset(step.to.end)?,
            values: moved(step.to.values, before.values, now.values),
            calls: moved(step.to.calls, before.calls, now.calls),
            bindings: moved(step.to.bindings, before.bindings, now.bindings),
            functions: moved(step.to.functions, before.functions, now.functions),
            scopes: moved(step.to.scopes, before.scopes, now.scopes),
            definitions: step.to.definitions,
            scope: self.scope_id(step.to.scope)?,
        };
        let put = match &step.put {
            None => None,
            Some(put) => {
                let known = &*put.externals;
                let mut moved = Externals {
                    values: Vec::with_capacity(known.values.len()),
                    functions: Vec::with_capacity(known.functions.len()),
                };
                for (own, value) in &known.values {
                    moved.values.push((*own, self.value_id(*value)?));
                }
                for (own, function) in &known.functions {
                    moved.functions.push((*own, self.function_id(*function)?));
                }
                let externals =
                    if moved == *known { Arc::clone(&put.externals) } else { Arc::new(moved) };
                Some(Put { unit: Arc::clone(&put.unit), externals })
            }
        };
        Some(Step { key: step.key, to, put })
    }

    /// What a pass went through that was at the end of `now` where what stood in `before` from part `old_end` on came again.
    pub(super) fn pass(&self, now: &mut Pass, before: &Pass, old_end: usize) -> Option<()> {
        let first = before.parts.get(old_end)?.step;
        let here = now.first_step + now.steps.len();
        for step in before.steps.get(first..)? {
            now.steps.push(self.step(step)?);
        }
        // The part that begins here was begun.
        now.parts.pop();
        for part in before.parts.get(old_end..)? {
            let step = part.step - first + here;
            now.parts.push(Start { step, lengths: part.lengths.moved(self.before, self.now) });
        }
        Some(())
    }
}

impl Replay {
    /// What the file says to others, and what was found out, where the end of the program was known.
    pub(in crate::lower) fn spliced_in(&mut self) -> Option<(Summary, Arc<Summaries>)> {
        self.splice.as_ref()?;
        let found = Arc::clone(&self.before()?.found);
        Some((std::mem::take(&mut self.resumption.as_mut()?.summary), found))
    }
}

impl Lowering<'_> {
    /// Puts what stood behind the edit into the program, at the beginning of that. False where it has to be lowered.
    pub(in crate::lower) fn spliced(&mut self) -> bool {
        let Some(replay) = &mut self.replay else { return false };
        if replay.rest.is_none() {
            return false;
        }
        let byte = replay.file.parts.get(replay.part).map(|it| it.range.start);
        let splice = byte.and_then(|byte| Splice::of(replay, byte, &self.program));
        let Some(splice) = splice else { return false };
        let Some(mut rest) = replay.rest.take() else { return false };
        let mut definitions = std::mem::take(&mut replay.definitions_before);
        let behind = replay.definition as usize;
        let moved = splice.contents(&mut rest).is_some()
            && definitions.iter_mut().skip(behind).all(|it| {
                it.range = TextRange::default();
                splice.function(it).is_some()
            });
        if !moved {
            return false;
        }
        let program = &mut self.program;
        for (function, before) in program.functions.iter_mut().zip(definitions).skip(behind) {
            function.scope = before.scope;
            function.returns = before.returns;
        }
        rest.append_to(program);
        replay.splice = Some(splice);
        true
    }
}
