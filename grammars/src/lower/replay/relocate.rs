//! A unit's ids and places, where it stood as where it stands.

use std::sync::Arc;

use program::{
    Argument, Binding, Call, CallId, Expression, Function, FunctionId, Import, Origin, Receiver,
    ResultUse, Scope, ScopeId, ScopeKind, TextPart, TextRange, Uncalled, Unresolved, Value,
    ValueId,
};

use super::unit::{Bases, Externals};
use crate::lower::environment::Meaning;

/// From where a unit stood to where it stands. None where something is not the unit's own and not known.
#[derive(Debug)]
pub(super) struct Relocation<'u> {
    pub(super) from: &'u Bases,
    pub(super) to: Bases,
    /// How many definitions the file has; functions after them are literals.
    pub(super) definitions: u32,
    pub(super) externals: &'u Externals,
}

impl Relocation<'_> {
    pub(super) fn offset(&self, offset: u32) -> Option<u32> {
        let inside = self.from.start <= offset && offset <= self.from.end;
        inside.then(|| offset - self.from.start + self.to.start)
    }

    pub(super) fn range(&self, range: TextRange) -> Option<TextRange> {
        if range == TextRange::default() && self.from.start > 0 {
            // No place at all.
            return Some(range);
        }
        if range == TextRange::default() && self.from.end > 0 && self.to.start > 0 {
            return None;
        }
        Some(TextRange { start: self.offset(range.start)?, end: self.offset(range.end)? })
    }

    pub(super) fn value_id(&self, id: ValueId) -> Option<ValueId> {
        if id.0 >= self.from.values {
            return Some(ValueId(id.0 - self.from.values + self.to.values));
        }
        self.externals.values.iter().find(|it| it.0 == id).map(|it| it.1)
    }

    pub(super) fn call_id(&self, id: CallId) -> Option<CallId> {
        let own = id.0.checked_sub(self.from.calls)?;
        Some(CallId(own + self.to.calls))
    }

    pub(super) fn scope_id(&self, id: ScopeId) -> Option<ScopeId> {
        if id == self.from.scope {
            return Some(self.to.scope);
        }
        let own = id.0.checked_sub(self.from.scopes)?;
        Some(ScopeId(own + self.to.scopes))
    }

    pub(super) fn function_id(&self, id: FunctionId) -> Option<FunctionId> {
        if id.0 < self.definitions {
            return Some(id);
        }
        if id.0 >= self.from.functions {
            return Some(FunctionId(id.0 - self.from.functions + self.to.functions));
        }
        self.externals.functions.iter().find(|it| it.0 == id).map(|it| it.1)
    }

    pub(super) fn value(
        &self,
        value: &Value,
        copied: impl FnOnce(&Origin) -> Option<Origin>,
    ) -> Option<Value> {
        let origin = match self.origin(&value.origin) {
            Some(origin) => origin,
            // A part of what another statement made comes from where that comes from.
            None => copied(&value.origin)?,
        };
        Some(Value { kind: value.kind, confidence: value.confidence, origin, bound: value.bound })
    }

    fn origin(&self, origin: &Origin) -> Option<Origin> {
        Some(match origin {
            Origin::Call(call) => Origin::Call(self.call_id(*call)?),
            Origin::Parameter { function, index } => {
                Origin::Parameter { function: self.function_id(*function)?, index: *index }
            }
            Origin::Merge(values) => {
                let values: Option<Vec<ValueId>> =
                    values.iter().map(|it| self.value_id(*it)).collect();
                Origin::Merge(values?)
            }
            Origin::Loop { entry, carried } => Origin::Loop {
                entry: self.value_id(*entry)?,
                carried: match carried {
                    Some(carried) => Some(self.value_id(*carried)?),
                    None => None,
                },
            },
            Origin::Ambient(name) => Origin::Ambient(name.clone()),
            Origin::Returned(function) => Origin::Returned(self.function_id(*function)?),
        })
    }

    pub(super) fn call(&self, call: &Call) -> Option<Call> {
        let mut moved = self.bare_call(call)?;
        self.complete(&mut moved, call)?;
        Some(moved)
    }

    /// A call without what lowering other statements does not ask of it: its method's name and its arguments.
    pub(super) fn bare_call(&self, call: &Call) -> Option<Call> {
        let receiver = match call.receiver {
            Some(it) => {
                Some(Receiver { value: self.value_id(it.value)?, range: self.range(it.range)? })
            }
            None => None,
        };
        Some(Call {
            method: String::new(),
            receiver_type: call.receiver_type,
            receiver,
            effect: call.effect,
            confidence: call.confidence,
            arguments: Vec::new(),
            result: match call.result {
                Some(value) => Some(self.value_id(value)?),
                None => None,
            },
            result_use: self.result_use(call.result_use)?,
            scope: self.scope_id(call.scope)?,
            range: self.range(call.range)?,
            name_range: self.range(call.name_range)?,
            arguments_range: self.range(call.arguments_range)?,
            statement: self.range(call.statement)?,
            in_sql: call.in_sql,
        })
    }

    /// Gives a bare call the rest of what it was made from.
    pub(super) fn complete(&self, moved: &mut Call, call: &Call) -> Option<()> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for it in &call.arguments {
            arguments.push(Argument {
                name: it.name.clone(),
                value: self.expression(&it.value)?,
                range: self.range(it.range)?,
            });
        }
        moved.method.clone_from(&call.method);
        moved.arguments = arguments;
        Some(())
    }

    /// What lowering other statements asks of a call.
    pub(super) fn outline_of_call(&self, call: &Call) -> Option<Call> {
        let receiver = match call.receiver {
            Some(it) => Some(Receiver { value: self.value_id(it.value)?, range: it.range }),
            None => None,
        };
        Some(Call {
            method: String::new(),
            receiver_type: call.receiver_type,
            receiver,
            effect: call.effect,
            confidence: call.confidence,
            arguments: Vec::new(),
            result: None,
            result_use: ResultUse::Other,
            scope: self.to.scope,
            range: call.range,
            name_range: call.name_range,
            arguments_range: call.arguments_range,
            statement: call.statement,
            in_sql: call.in_sql,
        })
    }

    /// A binding that only counts.
    pub(super) fn outline_of_binding(&self) -> Binding {
        let none = TextRange::default();
        Binding {
            name: String::new(),
            value: ValueId(0),
            scope: self.to.scope,
            name_range: none,
            value_range: none,
            statement: none,
        }
    }

    /// A function literal that only counts.
    pub(super) fn outline_of_function(&self) -> Function {
        Function {
            name: String::new(),
            scope: None,
            parameters: 0,
            returns: Expression::Unknown,
            range: TextRange::default(),
        }
    }

    /// What lowering other statements asks of a scope.
    pub(super) fn outline_of_scope(&self, scope: &Scope) -> Option<Scope> {
        Some(Scope {
            kind: match &scope.kind {
                ScopeKind::Function(_) => ScopeKind::Function(String::new()),
                ScopeKind::Class(_) => ScopeKind::Class(String::new()),
                kind => kind.clone(),
            },
            parent: match scope.parent {
                Some(parent) => Some(self.scope_id(parent)?),
                None => None,
            },
            range: scope.range,
            header: scope.header,
        })
    }

    pub(super) fn result_use(&self, result_use: ResultUse) -> Option<ResultUse> {
        Some(match result_use {
            ResultUse::Receiver(call) => ResultUse::Receiver(self.call_id(call)?),
            ResultUse::Argument(call) => ResultUse::Argument(self.call_id(call)?),
            ResultUse::Bound(index) => {
                let own = index.checked_sub(self.from.bindings)?;
                ResultUse::Bound(own + self.to.bindings)
            }
            ResultUse::Compared { comparison, with, range } => {
                ResultUse::Compared { comparison, with, range: self.range(range)? }
            }
            ResultUse::Tested { negated, range } => {
                ResultUse::Tested { negated, range: self.range(range)? }
            }
            ResultUse::Discarded
            | ResultUse::Returned
            | ResultUse::Indexed(_)
            | ResultUse::Iterated
            | ResultUse::Other => result_use,
        })
    }

    pub(super) fn binding(&self, binding: &Binding) -> Option<Binding> {
        Some(Binding {
            name: binding.name.clone(),
            value: self.value_id(binding.value)?,
            scope: self.scope_id(binding.scope)?,
            name_range: self.range(binding.name_range)?,
            value_range: self.range(binding.value_range)?,
            statement: self.range(binding.statement)?,
        })
    }

    pub(super) fn function(&self, function: &Function) -> Option<Function> {
        Some(Function {
            name: function.name.clone(),
            scope: match function.scope {
                Some(scope) => Some(self.scope_id(scope)?),
                None => None,
            },
            parameters: function.parameters,
            returns: self.expression(&function.returns)?,
            range: self.range(function.range)?,
        })
    }

    pub(super) fn scope(&self, scope: &Scope) -> Option<Scope> {
        Some(Scope {
            kind: match &scope.kind {
                ScopeKind::Branch { statement, arm } => {
                    ScopeKind::Branch { statement: self.offset(*statement)?, arm: *arm }
                }
                kind => kind.clone(),
            },
            parent: match scope.parent {
                Some(parent) => Some(self.scope_id(parent)?),
                None => None,
            },
            range: self.range(scope.range)?,
            header: self.range(scope.header)?,
        })
    }

    pub(super) fn import(&self, import: &Import) -> Option<Import> {
        Some(Import { range: self.range(import.range)?, ..import.clone() })
    }

    pub(super) fn unresolved(&self, it: &Unresolved) -> Option<Unresolved> {
        Some(Unresolved {
            method: it.method.clone(),
            range: self.range(it.range)?,
            name_range: self.range(it.name_range)?,
            scope: self.scope_id(it.scope)?,
            on_dataset: it.on_dataset,
            reason: it.reason,
        })
    }

    pub(super) fn uncalled(&self, it: &Uncalled) -> Option<Uncalled> {
        Some(Uncalled {
            method: it.method.clone(),
            receiver: self.value_id(it.receiver)?,
            range: self.range(it.range)?,
            name_range: self.range(it.name_range)?,
            statement: self.range(it.statement)?,
        })
    }

    pub(super) fn expression(&self, expression: &Expression) -> Option<Expression> {
        Some(match expression {
            Expression::Unknown => Expression::Unknown,
            Expression::Literal(literal) => Expression::Literal(literal.clone()),
            Expression::Parameter(place) => Expression::Parameter(*place),
            Expression::Text(parts) => {
                let mut moved = Vec::with_capacity(parts.len());
                for part in parts {
                    moved.push(match part {
                        TextPart::Literal(text) => TextPart::Literal(text.clone()),
                        TextPart::Hole(hole) => TextPart::Hole(self.expression(hole)?),
                    });
                }
                Expression::Text(moved)
            }
            Expression::Column { name, of } => Expression::Column {
                name: name.clone(),
                of: match of {
                    Some(value) => Some(self.value_id(*value)?),
                    None => None,
                },
            },
            Expression::Item(inner, place) => {
                Expression::Item(Box::new(self.expression(inner)?), *place)
            }
            Expression::List(items) => Expression::List(self.expressions(items)?),
            Expression::Apply { function, arguments } => Expression::Apply {
                function: function.clone(),
                arguments: self.expressions(arguments)?,
            },
            Expression::Value(value) => Expression::Value(self.value_id(*value)?),
            Expression::Function(function) => Expression::Function(self.function_id(*function)?),
        })
    }

    fn expressions(&self, items: &[Expression]) -> Option<Vec<Expression>> {
        let mut moved = Vec::with_capacity(items.len());
        for item in items {
            moved.push(self.expression(item)?);
        }
        Some(moved)
    }

    pub(super) fn meaning(&self, meaning: &Meaning) -> Option<Meaning> {
        Some(match meaning {
            Meaning::Parameter(function, place) => {
                Meaning::Parameter(self.function_id(*function)?, *place)
            }
            Meaning::Spark(value) => Meaning::Spark(self.value_id(*value)?),
            Meaning::Many(value) => Meaning::Many(self.value_id(*value)?),
            Meaning::Each(item) => Meaning::Each(Arc::new(self.meaning(item)?)),
            Meaning::Mapping(item) => Meaning::Mapping(Arc::new(self.meaning(item)?)),
            Meaning::Maybe(item) => Meaning::Maybe(Arc::new(self.meaning(item)?)),
            Meaning::Record(items) => {
                let mut moved = Vec::with_capacity(items.len());
                for (key, item) in items.iter() {
                    moved.push((key.clone(), self.meaning(item)?));
                }
                Meaning::Record(Arc::new(moved))
            }
            Meaning::Tuple(items) => {
                let mut moved = Vec::with_capacity(items.len());
                for item in items.iter() {
                    moved.push(self.meaning(item)?);
                }
                Meaning::Tuple(Arc::new(moved))
            }
            Meaning::Column(expression) if has_ids(expression) => {
                Meaning::Column(Arc::new(self.expression(expression)?))
            }
            Meaning::Local(expression) if has_ids(expression) => {
                Meaning::Local(Arc::new(self.expression(expression)?))
            }
            // What it was taken from is kept by the pass that made it.
            Meaning::Bound(_) => return None,
            Meaning::Unknown(_)
            | Meaning::Column(_)
            | Meaning::Local(_)
            | Meaning::Path(_)
            | Meaning::Class(_)
            | Meaning::Function(_)
            | Meaning::LocalClass(_)
            | Meaning::Instance(_)
            | Meaning::Foreign(_)
            | Meaning::ForeignClass(_)
            | Meaning::ForeignInstance(_)
            | Meaning::Callable(_)
            | Meaning::Library(_) => meaning.clone(),
        })
    }
}

fn has_ids(expression: &Expression) -> bool {
    let mut found = false;
    expression.walk(&mut |it| {
        found |= matches!(
            it,
            Expression::Value(_) | Expression::Function(_) | Expression::Column { of: Some(_), .. }
        );
    });
    found
}
