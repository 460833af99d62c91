//! Loops around calls, and what in them comes from outside.

use std::collections::BTreeMap;

use analysis::RuleContext;
use program::{Call, CallId, Effect, Expression, Origin, Program, ScopeId, ScopeKind, ValueId};

/// How many steps a lineage is followed within a loop: bodies are shorter, and hostile ones must end.
const STEPS: u32 = 200;

/// The nearest loop around `call` in its function that may run more than `few` times.
pub(crate) fn repeating_loop(program: &Program, call: &Call, few: u64) -> Option<ScopeId> {
    program
        .ancestors(call.scope)
        .take_while(|&id| {
            !matches!(program.scope(id).kind, ScopeKind::Function(_) | ScopeKind::Closure)
        })
        .find(|&id| match program.scope(id).kind {
            ScopeKind::Loop { iterations } => iterations.is_none_or(|it| it > few),
            _ => false,
        })
}

/// Whether evaluating the code leaves it a loop of more than `few` iterations. Asked last: it costs more than all that is asked before.
pub(crate) fn repeats(ctx: &RuleContext<'_>, scope: ScopeId, few: u64) -> bool {
    ctx.facts.iterations(scope).is_none_or(|it| it > few)
}

/// Whether `scope` lies within `outer`, or is it.
pub(crate) fn lies_within(program: &Program, scope: ScopeId, outer: ScopeId) -> bool {
    program.ancestors(scope).any(|it| it == outer)
}

/// Whether a loop runs until a condition ends it: `while`, `do`.
pub(crate) fn is_conditional(ctx: &RuleContext<'_>, scope: ScopeId) -> bool {
    let header = ctx.program.scope(scope).header.of(ctx.text).trim_start();
    header.starts_with("while") || header.starts_with("do ") || header.starts_with("do{")
}

/// Tells datasets that a loop uses from those that it makes.
pub(crate) struct Loops<'a> {
    program: &'a Program,
    /// Where a value was bound to a name first.
    bound: BTreeMap<ValueId, ScopeId>,
}

impl<'a> Loops<'a> {
    pub(crate) fn of(program: &'a Program) -> Self {
        let mut bound = BTreeMap::new();
        for binding in &program.bindings {
            bound.entry(binding.value).or_insert(binding.scope);
        }
        Self { program, bound }
    }

    fn is_made_within(&self, value: ValueId, scope: ScopeId) -> bool {
        self.program.producer(value).is_some_and(|it| self.is_within(it, scope))
    }

    fn is_within(&self, call: CallId, scope: ScopeId) -> bool {
        lies_within(self.program, self.program.call(call).scope, scope)
    }

    fn is_bound_outside(&self, value: ValueId, scope: ScopeId) -> bool {
        self.bound.get(&value).is_some_and(|it| !lies_within(self.program, *it, scope))
    }

    /// Whether an ambient name means the same dataset everywhere: an attribute of the own object, or what is imported. Others are results of
    /// functions of other files, and attributes of objects that the loop may have made.
    fn is_fixed(&self, name: &str) -> bool {
        name.starts_with("self.")
            || name.starts_with("this.")
            || self
                .program
                .imports
                .iter()
                .any(|it| it.alias.as_deref().or(it.member.as_deref()).is_some_and(|it| it == name))
    }

    /// Whether the rows of `value` come from datasets outside of the loop `scope`, the same ones on every iteration: nothing is read in
    /// it, carried from one iteration to the next, or one of a collection.
    pub(crate) fn is_from_outside(&self, value: ValueId, scope: ScopeId) -> bool {
        let program = self.program;
        let mut pending = vec![value];
        let mut found = false;
        let mut steps = 0;
        while let Some(value) = pending.pop() {
            steps += 1;
            if steps > STEPS {
                return false;
            }
            match &program.value(value).origin {
                Origin::Call(made) if self.is_within(*made, scope) => {
                    let call = program.call(*made);
                    if matches!(call.effect, Effect::Read | Effect::Sql) {
                        return false;
                    }
                    pending.extend(call.receiver.map(|it| it.value));
                    for argument in &call.arguments {
                        if let Expression::Value(value) = argument.value
                            && program.value(value).kind.is_dataset()
                        {
                            pending.push(value);
                        }
                    }
                }
                Origin::Merge(values) if values.len() == 1 => return false,
                Origin::Merge(values)
                    if values.iter().any(|it| self.is_made_within(*it, scope)) =>
                {
                    return false;
                }
                Origin::Loop { carried: Some(carried), .. }
                    if self.is_made_within(*carried, scope) =>
                {
                    return false;
                }
                Origin::Returned(_) if !self.is_bound_outside(value, scope) => return false,
                Origin::Ambient(name)
                    if !self.is_bound_outside(value, scope) && !self.is_fixed(name) =>
                {
                    return false;
                }
                _ => found = true,
            }
        }
        found
    }
}
