//! Definitions: functions, decorators, classes.

use std::rc::Rc;

use program::Language;
use program::driver::{ClassId, CodeFunctionId, ExpressionId, ExpressionKind, List};

use super::heap::{CellId, NamesKind};
use super::interpreter::Interpreter;
use super::names::Symbol;
use super::value::{Argument, ClassCell, Closure, FunctionKind, Value};

impl Interpreter<'_> {
    pub(super) fn declare_outer(&mut self, name: Symbol) {
        let scope = self.activation().scope;
        let mut cell = scope;
        let mut found = None;
        for _ in 0..200 {
            let parent = match self.heap.kind(cell) {
                Some(NamesKind::Scope(parent)) => *parent,
                Some(NamesKind::Class(class)) => Some(class.scope),
                Some(NamesKind::Instance(_, scope)) => *scope,
                None => None,
            };
            let Some(parent) = parent else { break };
            cell = parent;
            if self.heap.get(cell, name).is_some() {
                found = Some(cell);
                break;
            }
        }
        let owner = found.unwrap_or(cell);
        self.activation().outer.insert(name, owner);
    }

    pub(super) fn define_function(&mut self, id: CodeFunctionId) {
        let code = self.code();
        let Some(function) = code.functions.get(id.index()).copied() else { return };
        let name = self.symbol(function.name);
        let value = self.closure(id, FunctionKind::Plain);
        let decorators: Vec<ExpressionId> = code.expression_ids(function.decorators).collect();
        let value =
            decorators.into_iter().rev().fold(value, |value, it| self.decorated(it, value, name));
        let scope = self.activation().scope;
        // `@x.setter` defines the property's other half under the same name.
        let keeps = matches!(self.heap.get(scope, name), Some(Value::Function(known)) if known.kind == FunctionKind::Property)
            && code.expression_ids(function.decorators).len() > 0
            && matches!(&value, Value::Function(new) if new.kind == FunctionKind::Plain);
        if !keeps {
            self.bind_name(name, value);
        }
    }

    pub(super) fn closure(&mut self, function: CodeFunctionId, kind: FunctionKind) -> Value {
        let file = self.file();
        let activation = self.activation();
        let (scope, class) = (activation.scope, activation.class);
        // A Python method does not see the names of its class.
        let (scope, class) = match self.heap.kind(scope) {
            Some(NamesKind::Class(cell)) => (cell.scope, Some(scope)),
            _ => (scope, class),
        };
        Value::Function(Rc::new(Closure { file, function, scope, class, kind }))
    }

    /// What a decorator makes of a function or class.
    pub(super) fn decorated(
        &mut self,
        decorator: ExpressionId,
        value: Value,
        name: Symbol,
    ) -> Value {
        let code = self.code();
        let expression = code.expression(decorator);
        let called = matches!(expression.kind, ExpressionKind::Call { .. });
        let evaluated = self.expression(decorator);
        let path = match &evaluated {
            Value::Path(path) | Value::Library(path, _) => Some(self.names.text(*path)),
            _ => None,
        };
        let kind = match path.as_deref().map(|it| it.rsplit('.').next().unwrap_or_default()) {
            Some("staticmethod") => Some(FunctionKind::Static),
            Some("classmethod") => Some(FunctionKind::Class),
            Some("property" | "cached_property") => Some(FunctionKind::Property),
            Some("contextmanager") => Some(FunctionKind::Context),
            Some("udf" | "pandas_udf" | "udtf") => return Value::ExecutorFunction(name),
            _ => None,
        };
        if let (Some(kind), Value::Function(closure)) = (kind, &value) {
            return Value::Function(Rc::new(Closure { kind, ..(**closure).clone() }));
        }
        if matches!(evaluated, Value::ExecutorFunction(_)) {
            return Value::ExecutorFunction(name);
        }
        if !evaluated.is_callable() || (called && path.is_some()) {
            return value;
        }
        let place = self.place(expression.range, expression.range);
        let made = self.call(&evaluated, vec![Argument::positional(value.clone())], place);
        match made {
            // A decorator that only registers may return nothing that is known.
            Value::Unknown(_) | Value::Null => value,
            made => made,
        }
    }

    pub(super) fn define_class(&mut self, id: ClassId) {
        let code = self.code();
        let Some(class) = code.classes.get(id.index()).copied() else { return };
        let file = self.file();
        let name = self.symbol(class.name);
        let scope = self.activation().scope;
        if self.language() == Language::Scala {
            self.define_scala(file, id, name, scope);
            return;
        }
        let bases: Vec<ExpressionId> = code.expression_ids(class.bases).collect();
        let bases = bases.into_iter().map(|it| self.expression(it)).collect();
        let cell =
            self.heap.class(ClassCell { file, class: id, name, bases, scope, companion: None });
        self.run_body(cell, Some(cell), class.body);
        let mut value = Value::Class(cell);
        let decorators: Vec<ExpressionId> = code.expression_ids(class.decorators).collect();
        for decorator in decorators.into_iter().rev() {
            value = self.decorated(decorator, value, name);
        }
        self.bind_name(name, value);
        // `__init_subclass__` is how some registries see their classes.
        let hook = self.names.symbol("__init_subclass__");
        let parents = self.heap.class_of(cell).map(|it| it.bases.clone()).unwrap_or_default();
        for parent in parents {
            if let Value::Class(parent) = parent
                && let Some(Value::Function(closure)) = self.class_member(parent, hook)
            {
                let place = self.place(class.range, class.range);
                self.call_function(&closure, Some(Value::Class(cell)), Vec::new(), place);
            }
        }
    }

    pub(super) fn define_scala(
        &mut self,
        file: super::FileId,
        id: ClassId,
        name: Symbol,
        scope: CellId,
    ) {
        let code = self.code();
        let Some(class) = code.classes.get(id.index()).copied() else { return };
        // What a class extends is named by symbols that are looked up when it is made.
        let bases: Vec<Value> = code
            .expression_ids(class.bases)
            .filter_map(|it| match code.expression(it).kind {
                ExpressionKind::Name(name) => Some(name),
                _ => None,
            })
            .collect::<Vec<_>>()
            .into_iter()
            .map(|name| Value::Path(self.symbol(name)))
            .collect();
        let cell =
            self.heap.class(ClassCell { file, class: id, name, bases, scope, companion: None });
        if let Some(Value::Class(other)) = self.heap.get(scope, name)
            && let Some(known) = self.heap.class_of(other)
        {
            let known_runs =
                self.code_of(known.file).classes.get(known.class.index()).is_some_and(|it| it.runs);
            if known_runs != class.runs {
                let (object, plain) = if class.runs { (cell, other) } else { (other, cell) };
                if let Some(of_object) = self.heap.class_of(object) {
                    let linked = ClassCell { companion: Some(plain), ..(*of_object).clone() };
                    self.heap.set_class(object, linked);
                }
                self.bind_name(name, Value::Class(object));
                return;
            }
        }
        self.bind_name(name, Value::Class(cell));
    }

    /// Runs the body of a file or class in a scope of its own.
    pub(super) fn run_body(&mut self, scope: CellId, class: Option<CellId>, body: List) {
        let activation = self.activation();
        let outer_scope = std::mem::replace(&mut activation.scope, scope);
        let outer_class = std::mem::replace(&mut activation.class, class);
        self.block(body);
        let activation = self.activation();
        activation.scope = outer_scope;
        activation.class = outer_class;
    }
}
