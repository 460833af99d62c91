//! Calls: what is called, with which arguments, in which context.

use std::rc::Rc;

use program::driver::{ExpressionId, ExpressionKind, List, Parameter, Pattern};
use program::{Language, TextRange};
use spark::Type;

use super::heap::CellId;
use super::interpreter::{Activation, Interpreter, NESTING, Yields};
use super::loops::Iterated;
use super::value::{Argument, Closure, FunctionKind, UNKNOWN, Value};
use super::{Features, FileId, Place, Reason};

impl Interpreter<'_> {
    pub(super) fn call_expression(
        &mut self,
        range: TextRange,
        callee: ExpressionId,
        arguments: List,
    ) -> Value {
        let code = self.code();
        let expression = code.expression(callee);
        if let ExpressionKind::Attribute { object, name, name_start } = expression.kind {
            let object_value = self.expression(object);
            let arguments = self.arguments(arguments);
            if self.current.is_none() {
                return UNKNOWN;
            }
            let length = code.name(name).len() as u32;
            let place = self.place(TextRange::new(name_start, name_start + length), range);
            let name = self.symbol(name);
            return self.method(&object_value, name, arguments, place);
        }
        if let ExpressionKind::Name(name) = expression.kind {
            let text = code.name(name);
            if text == "super" && self.language() == Language::Python {
                return self.super_of();
            }
        }
        let callee = match expression.kind {
            ExpressionKind::Name(name) => {
                let name = self.symbol(name);
                self.name(name)
            }
            _ => self.expression(callee),
        };
        let arguments = self.arguments(arguments);
        if self.current.is_none() {
            return UNKNOWN;
        }
        let place = self.place(expression.range, range);
        self.call(&callee, arguments, place)
    }

    fn super_of(&mut self) -> Value {
        let activation = self.activation();
        match (activation.receiver.clone(), activation.class) {
            (Some(Value::Instance(instance)), Some(class)) => Value::Super(instance, class),
            _ => UNKNOWN,
        }
    }

    pub(super) fn arguments(&mut self, list: List) -> Vec<Argument> {
        let code = self.code();
        let mut read = Vec::with_capacity(list.length as usize);
        for argument in code.arguments_of(list) {
            let value = self.expression(argument.value);
            let name = argument.name.map(|it| self.symbol(it));
            if !argument.spread {
                read.push(Argument { name, value, rest: false });
                continue;
            }
            match &value {
                Value::Mapping(cell) => {
                    let mapping = self.heap.mapping_of(*cell).cloned();
                    for (key, value) in mapping.iter().flat_map(|it| it.entries.iter()).take(200) {
                        if let Value::Text(text) = key
                            && let Some(text) = text.as_exact()
                        {
                            let name = self.names.symbol(text);
                            read.push(Argument {
                                name: Some(name),
                                value: value.clone(),
                                rest: false,
                            });
                        }
                    }
                    if !mapping.is_some_and(|it| it.complete) {
                        read.push(Argument { name: None, value: UNKNOWN, rest: true });
                    }
                }
                _ => match self.iterated(&value) {
                    Iterated::Known(items) => {
                        read.extend(items.into_iter().map(Argument::positional));
                    }
                    Iterated::Any(element, _) => {
                        read.push(Argument { name: None, value: element, rest: true });
                    }
                    Iterated::Generator(_) => {
                        read.push(Argument { name: None, value: UNKNOWN, rest: true });
                    }
                },
            }
        }
        read
    }

    pub(super) fn call(&mut self, callee: &Value, arguments: Vec<Argument>, place: Place) -> Value {
        if self.nesting >= NESTING || self.current.is_none() {
            return UNKNOWN;
        }
        self.nesting += 1;
        let value = self.call_within(callee, arguments, place);
        self.nesting -= 1;
        value
    }

    fn call_within(&mut self, callee: &Value, arguments: Vec<Argument>, place: Place) -> Value {
        match callee {
            Value::Function(closure) => {
                self.call_function(&Rc::clone(closure), None, arguments, place)
            }
            Value::Bound(pair) => {
                let pair = Rc::clone(pair);
                self.call_function(&pair.1, Some(pair.0.clone()), arguments, place)
            }
            Value::Partial(pair) => {
                let pair = Rc::clone(pair);
                if let Value::Path(path) = &pair.0
                    && &*self.names.text(*path) == "<chain>"
                {
                    let functions = pair
                        .1
                        .first()
                        .and_then(|it| self.sequence_items(&it.value))
                        .map(|it| it.0)
                        .unwrap_or_default();
                    let mut value = arguments.first().map_or(UNKNOWN, |it| it.value.clone());
                    for function in functions {
                        value = self.call(&function, vec![Argument::positional(value)], place);
                    }
                    return value;
                }
                let arguments = self.next_list(&pair, arguments);
                let mut all: Vec<Argument> = pair.1.clone();
                self.steps += all.len() as u64;
                for argument in arguments {
                    if argument.name.is_some() {
                        all.retain(|it| it.name != argument.name);
                    }
                    all.push(argument);
                }
                // Positional arguments go before keywords.
                all.sort_by_key(|it| it.name.is_some());
                self.call(&pair.0, all, place)
            }
            Value::Class(cell) => {
                if let Some(of) = self.heap.class_of(*cell) {
                    let apply = self.names.symbol("apply");
                    if let Some(object) = self.scala_object(*cell) {
                        if let Some(method) = self.heap.get(object, apply) {
                            return self.call(&method, arguments, place);
                        }
                        if let Some(companion) = of.companion {
                            return self.instantiate(companion, arguments, place);
                        }
                    }
                }
                self.instantiate(*cell, arguments, place)
            }
            Value::Instance(cell) => {
                let scala = self.language() == Language::Scala;
                let hook = self.names.symbol(if scala { "apply" } else { "__call__" });
                match self.instance_member(*cell, hook) {
                    Some(method) => self.call(&method, arguments, place),
                    None => self.opaque_call(Reason::UnknownCallee, callee, &arguments, place, ""),
                }
            }
            Value::Alternatives(values) => {
                let fitting: Vec<Value> = values
                    .iter()
                    .filter(|it| !matches!(it, Value::Null | Value::Text(_) | Value::Integer(_)))
                    .filter(|it| self.accepts(it, &arguments))
                    .cloned()
                    .collect();
                let indexes: Vec<usize> = (0..fitting.len()).collect();
                if indexes.is_empty() {
                    return self.opaque_call(Reason::UnknownCallee, callee, &arguments, place, "");
                }
                self.fork(&indexes, &mut |this, at| {
                    this.call(&fitting[at], arguments.clone(), place)
                })
            }
            Value::Path(path) => {
                let path = self.names.text(*path);
                self.call_path_named(&path, &arguments, place)
            }
            Value::Method(pair) => {
                let pair = Rc::clone(pair);
                self.method(&pair.0, pair.1, arguments, place)
            }
            Value::ExecutorFunction(name) => {
                let mut features = Features::default();
                features.function(&self.names.text(*name));
                for argument in &arguments {
                    self.column_features(&argument.value, &mut features, true);
                }
                Value::Column(Rc::new(features))
            }
            Value::Sequence(_) | Value::Mapping(_) => match arguments.first() {
                Some(argument) => self.index(callee, &argument.value, place),
                None => UNKNOWN,
            },
            Value::Spark(spark) if spark.kind == Type::DataFrame => match arguments.first() {
                Some(argument) => self.index(callee, &argument.value, place),
                None => UNKNOWN,
            },
            Value::Spark(spark) if spark.kind == Type::UserDefinedFunction => {
                let mut features = (*spark.features).clone();
                for argument in &arguments {
                    self.column_features(&argument.value, &mut features, true);
                }
                Value::Column(Rc::new(features))
            }
            Value::Column(_) => self.column_method(callee, "apply", &arguments),
            _ => self.opaque_call(Reason::UnknownCallee, callee, &arguments, place, ""),
        }
    }

    /// Whether a callable may take so many arguments.
    pub(super) fn accepts(&self, callee: &Value, arguments: &[Argument]) -> bool {
        let (closure, bound) = match callee {
            Value::Function(closure) => (closure, false),
            Value::Bound(pair) => (&pair.1, true),
            _ => return true,
        };
        if arguments.iter().any(|it| it.rest) {
            return true;
        }
        let code = self.code_of(closure.file);
        let Some(function) = code.functions.get(closure.function.index()) else { return false };
        let parameters = code.parameters_of(function.parameters);
        let given = arguments.len() + usize::from(bound);
        let rest =
            parameters.iter().any(|it| matches!(code.pattern(it.pattern), Pattern::Rest { .. }));
        let required = parameters
            .iter()
            .filter(|it| {
                it.default.is_none() && !matches!(code.pattern(it.pattern), Pattern::Rest { .. })
            })
            .count();
        given >= required && (rest || given <= parameters.len())
    }

    /// A call of what is not known: its result may hold the datasets that went in, and functions that went in may be called.
    pub(super) fn opaque_call(
        &mut self,
        reason: Reason,
        callee: &Value,
        arguments: &[Argument],
        place: Place,
        name: &str,
    ) -> Value {
        let frames =
            self.frames_of(std::iter::once(callee).chain(arguments.iter().map(|it| &it.value)));
        let holds = arguments.iter().any(|it| {
            it.value.is_callable()
                || matches!(&it.value, Value::Spark(spark) if spark.kind == Type::Session)
        });
        if !frames.is_empty() || holds {
            self.note(reason, place, name);
        }
        Value::may_hold(&frames)
    }

    // Functions.

    pub(super) fn call_function(
        &mut self,
        closure: &Rc<Closure>,
        bound: Option<Value>,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        let code = self.code_of(closure.file);
        let Some(function) = code.functions.get(closure.function.index()).copied() else {
            return UNKNOWN;
        };
        if let Some(partial) = self.first_lists(closure, bound.as_ref(), &arguments) {
            return partial;
        }
        if function.generator {
            let prepared = Self::prepared(closure, bound, arguments, place);
            return match closure.kind {
                FunctionKind::Context => Value::Context(prepared),
                _ => Value::Generator(prepared),
            };
        }
        self.run_function(closure, bound, &arguments, place, Yields::collecting()).0
    }

    pub(super) fn run_function(
        &mut self,
        closure: &Rc<Closure>,
        bound: Option<Value>,
        arguments: &[Argument],
        place: Place,
        yields: Yields,
    ) -> (Value, (Vec<Value>, bool)) {
        let code = self.code_of(closure.file);
        let Some(function) = code.functions.get(closure.function.index()).copied() else {
            return (UNKNOWN, (Vec::new(), false));
        };
        let name = code.name(function.name);
        let key = (closure.file, closure.function);
        let recursive =
            self.activations.iter().filter(|it| it.function == Some(key) && !it.waits).count();
        let depth = self.path_depths.get(self.path().0 as usize).copied().unwrap_or(0);
        let reason = if recursive >= 2 {
            Some(Reason::Recursion)
        } else if depth >= self.limits.depth {
            Some(Reason::Depth)
        } else if self.tired() {
            Some(Reason::Budget)
        } else {
            None
        };
        if let Some(reason) = reason {
            self.note(reason, place, name);
            self.refused = true;
            let frames = self.frames_of(bound.iter().chain(arguments.iter().map(|it| &it.value)));
            let value = function
                .returns
                .and_then(|it| {
                    let held = Value::may_hold(&frames);
                    self.declared(code.name(it), &held, place)
                })
                .unwrap_or_else(|| Value::may_hold(&frames));
            return (value, (Vec::new(), false));
        }
        if self.dry == 0 {
            self.reached.insert(key);
        }
        let scope = self.heap.scope(Some(closure.scope));
        let parameters: Vec<Parameter> = code.parameters_of(function.parameters).to_vec();
        // Where evaluation begins, nothing has called.
        let path =
            if self.activations.is_empty() { super::PathId(0) } else { self.call_path(place) };
        let receiver = match &bound {
            Some(value @ (Value::Instance(_) | Value::Class(_))) => Some(value.clone()),
            _ => None,
        };
        let outer = self.active;
        self.activations.push(Activation {
            file: closure.file,
            scope,
            path,
            function: Some(key),
            class: closure.class,
            receiver,
            returns: Vec::new(),
            pending: Vec::new(),
            loops: Vec::new(),
            yields,
            waits: false,
            perhaps: self.perhaps,
            outer: rustc_hash::FxHashMap::default(),
        });
        self.active = self.activations.len() - 1;
        self.bind_parameters(&parameters, bound, arguments, place);
        let result = if function.last_is_result {
            self.block_value(function.body)
        } else {
            self.block(function.body);
            Value::Null
        };
        self.active = self.activations.len() - 1;
        let value = self.leave(result);
        let yielded = match self.activations.pop() {
            Some(Activation { yields: Yields::Collect(values, all), .. }) => (values, all),
            _ => (Vec::new(), false),
        };
        self.active = outer;
        let value = match (&value, function.returns) {
            (Value::Unknown(_), Some(returns)) => {
                self.declared(code.name(returns), &value, place).unwrap_or(value)
            }
            _ => value,
        };
        (value, yielded)
    }

    /// Joins what the paths through a function returned.
    fn leave(&mut self, result: Value) -> Value {
        let activation = self.activation();
        let returns = std::mem::take(&mut activation.returns);
        let pending = std::mem::take(&mut activation.pending);
        let mut states: Vec<_> = returns.iter().map(|it| it.0).collect();
        let mut values: Vec<Value> = returns.into_iter().map(|it| it.1).collect();
        if let Some(state) = self.current {
            states.push(state);
            values.push(result);
        }
        self.current = self.meet(&states);
        self.merge_pending(pending);
        if values.is_empty() { UNKNOWN } else { self.join_all(&values) }
    }

    /// Runs something in a file's scope, as the body of a file or class.
    pub(super) fn enter(
        &mut self,
        file: FileId,
        scope: CellId,
        receiver: Option<Value>,
        class: Option<CellId>,
        run: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let path = if self.activations.is_empty() { super::PathId(0) } else { self.path() };
        let outer = self.active;
        self.activations.push(Activation {
            file,
            scope,
            path,
            function: None,
            class,
            receiver,
            returns: Vec::new(),
            pending: Vec::new(),
            loops: Vec::new(),
            yields: Yields::collecting(),
            waits: false,
            perhaps: self.perhaps,
            outer: rustc_hash::FxHashMap::default(),
        });
        self.active = self.activations.len() - 1;
        let result = run(self);
        self.active = self.activations.len() - 1;
        let value = self.leave(result);
        self.activations.pop();
        self.active = outer;
        value
    }
}
