//! Calls: what is called, with which arguments, in which context.

use std::rc::Rc;

use program::driver::{ExpressionId, ExpressionKind, List, Parameter, Pattern};
use program::{Language, TextRange};
use spark::Type;

use super::heap::CellId;
use super::interpreter::{ALTERNATIVES, Activation, Interpreter, NESTING, Yields};
use super::names::Symbol;
use super::statements::Iterated;
use super::value::{Argument, Closure, FunctionKind, Prepared, UNKNOWN, Value};
use super::{Features, FileId, NodeKind, Place, Reason};

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

    /// `object.name(arguments)`.
    pub(super) fn method(
        &mut self,
        object: &Value,
        name: Symbol,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        if self.nesting >= NESTING || self.current.is_none() {
            return UNKNOWN;
        }
        self.nesting += 1;
        let value = self.method_within(object, name, arguments, place);
        self.nesting -= 1;
        value
    }

    fn method_within(
        &mut self,
        object: &Value,
        name: Symbol,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        match object {
            Value::Spark(spark) => {
                let spark = Rc::clone(spark);
                let text = self.names.text(name);
                if let Some(closure) = self.attached(spark.kind, name) {
                    return self.call_function(&closure, Some(object.clone()), arguments, place);
                }
                self.spark_method(object, &spark, &text, arguments, place)
            }
            Value::Column(_) => {
                let text = self.names.text(name);
                self.column_method(object, &text, &arguments)
            }
            Value::Sequence(_) | Value::Mapping(_) | Value::Text(_) => {
                self.container_method(object, name, &arguments, place)
            }
            Value::Alternatives(values) => {
                let values: Vec<Value> =
                    values.iter().filter(|it| !matches!(it, Value::Null)).cloned().collect();
                let indexes: Vec<usize> = (0..values.len()).collect();
                self.fork(&indexes, &mut |this, at| {
                    this.method(&values[at], name, arguments.clone(), place)
                })
            }
            Value::Unknown(_) => self.unknown_method(object, name, &arguments, place),
            Value::Library(path, _) => {
                let path = *path;
                self.library_method(object, path, name, &arguments, place)
            }
            Value::Pool => self.pool_method(name, arguments, place),
            Value::Method(_) | Value::Generator(_) | Value::Context(_) | Value::Partial(_) => {
                let text = self.names.text(name);
                match (&*text, object) {
                    // A thread that was made from a function.
                    ("start" | "run", Value::Partial(_)) => self.call(object, Vec::new(), place),
                    ("join" | "is_alive", Value::Partial(_)) => Value::Null,
                    ("__next__", Value::Generator(_)) => {
                        let collected = self.collected(object);
                        self.index(&collected, &Value::Integer(0), place)
                    }
                    _ => {
                        let value = Value::may_hold(&self.frames_of(
                            std::iter::once(object).chain(arguments.iter().map(|it| &it.value)),
                        ));
                        self.unknown_method(&value, name, &arguments, place)
                    }
                }
            }
            Value::ExecutorFunction(_) => {
                // `udf.asNondeterministic()` and its like.
                object.clone()
            }
            Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => {
                if matches!(&*self.names.text(name), "toString" | "toInt" | "toLong" | "toDouble") {
                    return object.clone();
                }
                if matches!(&*self.names.text(name), "to" | "until")
                    && let (Value::Integer(from), Some(Value::Integer(to))) =
                        (object, arguments.first().map(|it| it.value.clone()))
                {
                    let end =
                        if &*self.names.text(name) == "to" { to.saturating_add(1) } else { to };
                    return self.integer_range(*from, end, 1);
                }
                UNKNOWN
            }
            Value::Path(path) => {
                let joined = format!("{}.{}", self.names.text(*path), self.names.text(name));
                if (self.resolve)(self.file(), &self.names.text(*path)).is_some() {
                    let member = self.attribute(object, name, place);
                    return self.call(&member, arguments, place);
                }
                self.call_path_named(&joined, &arguments, place)
            }
            Value::Function(_) | Value::Bound(_) => match &*self.names.text(name) {
                "apply" | "__call__" => self.call(object, arguments, place),
                "andThen" | "compose" => {
                    // `f andThen g`: one after the other, as it is called.
                    let mut all = vec![object.clone()];
                    all.extend(arguments.iter().map(|it| it.value.clone()));
                    if &*self.names.text(name) == "compose" {
                        all.reverse();
                    }
                    let chain = self.heap.sequence(all, true);
                    let marker = Value::Path(self.names.symbol("<chain>"));
                    Value::Partial(Rc::new((marker, vec![Argument::positional(chain)])))
                }
                _ => UNKNOWN,
            },
            Value::Instance(_) | Value::Class(_) | Value::Module(_) | Value::Super(..) => {
                let member = self.member_to_call(object, name, place);
                match member {
                    Some(member) => self.call(&member, arguments, place),
                    None => {
                        let held = Value::may_hold(&self.frames(object));
                        if matches!(object, Value::Super(..)) {
                            return held;
                        }
                        let text = self.names.text(name);
                        if let (Value::Class(cell), "apply") = (object, &*text) {
                            return self.instantiate(*cell, arguments, place);
                        }
                        if matches!(object, Value::Class(_)) && matches!(&*text, "copy") {
                            return object.clone();
                        }
                        if let (Value::Instance(_), "copy" | "_replace") = (object, &*text) {
                            return object.clone();
                        }
                        self.unknown_method(&held, name, &arguments, place)
                    }
                }
            }
        }
    }

    /// A member that is called: unlike an attribute, a Scala method is not yet applied.
    fn member_to_call(&mut self, object: &Value, name: Symbol, place: Place) -> Option<Value> {
        match object {
            Value::Instance(cell) => self.instance_member(*cell, name),
            Value::Class(cell) => {
                if let Some(instance) = self.scala_object(*cell) {
                    return self.instance_member(instance, name);
                }
                let value = self.attribute(object, name, place);
                (!value.is_unknown()).then_some(value)
            }
            Value::Module(_) | Value::Super(..) => {
                let value = self.attribute(object, name, place);
                (!value.is_unknown()).then_some(value)
            }
            _ => None,
        }
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
        if function.generator {
            let prepared = Self::prepared(closure, bound, arguments, place);
            return match closure.kind {
                FunctionKind::Context => Value::Context(prepared),
                _ => Value::Generator(prepared),
            };
        }
        self.run_function(closure, bound, &arguments, place, Yields::Collect(Vec::new())).0
    }

    /// Runs a generator's or context's body with what its yields do.
    pub(super) fn run_prepared(&mut self, prepared: &Rc<Prepared>, yields: Yields) -> Vec<Value> {
        if self.current.is_none() || self.nesting >= NESTING {
            return Vec::new();
        }
        let bound = prepared.bound.clone();
        self.nesting += 1;
        let (_, yielded) =
            self.run_function(&prepared.closure, bound, &prepared.arguments, prepared.call, yields);
        self.nesting -= 1;
        yielded
    }

    /// What a generator yields, collected.
    pub(super) fn collected(&mut self, value: &Value) -> Value {
        let Value::Generator(prepared) = value else { return value.clone() };
        let before = self.automaton.states;
        let items = self.run_prepared(&Rc::clone(prepared), Yields::Collect(Vec::new()));
        let after = self.automaton.states;
        // A yield within a loop of unknown length was seen once.
        let complete = items.len() != 1 && !items.is_empty();
        let list = self.heap.sequence(items, complete);
        if after > before
            && self.dry == 0
            && let Value::Sequence(cell) = &list
        {
            let range = (super::StateId(before), super::StateId(after - 1));
            self.heap.change_sequence(*cell, |sequence| sequence.collected = Some(range));
        }
        list
    }

    fn run_function(
        &mut self,
        closure: &Rc<Closure>,
        bound: Option<Value>,
        arguments: &[Argument],
        place: Place,
        yields: Yields,
    ) -> (Value, Vec<Value>) {
        let code = self.code_of(closure.file);
        let Some(function) = code.functions.get(closure.function.index()).copied() else {
            return (UNKNOWN, Vec::new());
        };
        let name = code.name(function.name);
        let key = (closure.file, closure.function);
        let recursive = self.activations.iter().filter(|it| it.function == Some(key)).count();
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
            let frames = self.frames_of(bound.iter().chain(arguments.iter().map(|it| &it.value)));
            let value = function
                .returns
                .and_then(|it| {
                    let held = Value::may_hold(&frames);
                    self.declared(code.name(it), &held, place)
                })
                .unwrap_or_else(|| Value::may_hold(&frames));
            return (value, Vec::new());
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
            Some(Activation { yields: Yields::Collect(values), .. }) => values,
            _ => Vec::new(),
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
            yields: Yields::Collect(Vec::new()),
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

    pub(super) fn bind_parameters(
        &mut self,
        parameters: &[Parameter],
        bound: Option<Value>,
        arguments: &[Argument],
        place: Place,
    ) {
        let code = self.code();
        let unknown_rest: Option<Value> =
            arguments.iter().find(|it| it.rest).map(|it| it.value.clone());
        let mut positional: std::collections::VecDeque<Value> = bound
            .into_iter()
            .chain(
                arguments
                    .iter()
                    .filter(|it| it.name.is_none() && !it.rest)
                    .map(|it| it.value.clone()),
            )
            .collect();
        let mut used: Vec<Symbol> = Vec::new();
        let scala = self.language() == Language::Scala;
        for parameter in parameters {
            match code.pattern(parameter.pattern) {
                Pattern::Rest { name, keywords: false } => {
                    let mut items: Vec<Value> = positional.drain(..).collect();
                    items.extend(unknown_rest.clone());
                    let value = self.heap.sequence(items, unknown_rest.is_none());
                    let name = self.symbol(name);
                    self.bind_name(name, value);
                }
                Pattern::Rest { name, keywords: true } => {
                    let entries: Vec<(Value, Value)> = arguments
                        .iter()
                        .filter_map(|it| it.name.map(|name| (name, it.value.clone())))
                        .filter(|it| !used.contains(&it.0))
                        .map(|(name, value)| (Value::text(&self.names.text(name)), value))
                        .collect();
                    let value = self.heap.mapping(entries, unknown_rest.is_none());
                    let name = self.symbol(name);
                    self.bind_name(name, value);
                }
                Pattern::Name(id) => {
                    let name = self.symbol(id);
                    let keyword = arguments
                        .iter()
                        .find(|it| it.name == Some(name))
                        .map(|it| it.value.clone());
                    let given = match keyword {
                        Some(value) => {
                            used.push(name);
                            Some(value)
                        }
                        None => positional.pop_front().or_else(|| {
                            parameter.default.is_none().then(|| unknown_rest.clone()).flatten()
                        }),
                    };
                    let value = match (given, parameter.default) {
                        (Some(value), _) => value,
                        (None, Some(default)) => self.expression(default),
                        (None, None) => UNKNOWN,
                    };
                    let value = self.guessed(parameter, code.name(id), value, place);
                    let scope = self.activation().scope;
                    self.heap.set(scope, name, value);
                }
                Pattern::Ignore => {
                    positional.pop_front();
                }
                _ => {
                    let value = positional.pop_front().unwrap_or(UNKNOWN);
                    // `{ case (a, b) => … }` given two arguments takes each for one part.
                    let value = if scala && !positional.is_empty() && parameters.len() == 1 {
                        let mut items = vec![value];
                        items.extend(positional.drain(..));
                        self.heap.sequence(items, true)
                    } else {
                        value
                    };
                    self.bind(parameter.pattern, value);
                }
            }
        }
    }

    /// A parameter whose argument is not known, by its annotation or conventional name.
    fn guessed(&mut self, parameter: &Parameter, name: &str, value: Value, place: Place) -> Value {
        if !value.is_unknown() {
            return value;
        }
        if let Some(annotation) = parameter.annotation {
            let annotation = self.code().name(annotation);
            if let Some(declared) = self.declared(annotation, &value, place) {
                return declared;
            }
            return value;
        }
        match (&value, self.ambient(name)) {
            (Value::Unknown(None), Some(ambient)) => ambient,
            _ => value,
        }
    }

    /// A value that is not known, of a declared type.
    pub(super) fn declared(
        &mut self,
        annotation: &str,
        value: &Value,
        place: Place,
    ) -> Option<Value> {
        let kind = match annotation {
            "SparkSession" | "SQLContext" | "HiveContext" => Type::Session,
            "SparkContext" => Type::Context,
            "DataFrame" | "Dataset" => Type::DataFrame,
            "RDD" => Type::Rdd,
            "GroupedData" | "RelationalGroupedDataset" => Type::GroupedData,
            "DataFrameReader" => Type::Reader,
            "DataFrameWriter" => Type::Writer,
            "DataStreamWriter" => Type::StreamWriter,
            "Column" => {
                let features = Features { names_open: true, ..Features::default() };
                return Some(Value::Column(Rc::new(features)));
            }
            _ => {
                let symbol = self.names.known(annotation)?;
                return match self.lookup(symbol)? {
                    Value::Class(cell) if matches!(value, Value::Unknown(_)) => {
                        self.some_instance(cell, place)
                    }
                    _ => None,
                };
            }
        };
        if !kind.is_dataset() && !matches!(kind, Type::Writer | Type::StreamWriter) {
            return Some(Value::spark(kind, None));
        }
        let frames = self.frames(value);
        let of = if kind.is_dataset() { kind } else { Type::DataFrame };
        let node = if frames.is_empty() {
            let features =
                Features { names_open: true, literals_open: true, ..Features::default() };
            self.node(NodeKind::Parameter, of, "", Some(place), Vec::new(), features)
        } else {
            self.opaque_dataset(of, &frames, place)
        };
        Some(Value::spark(kind, Some(node)))
    }

    /// An instance of a class for one that is not known: those that were made, or one made for it.
    pub(super) fn some_instance(&mut self, class: CellId, place: Place) -> Option<Value> {
        let of = self.heap.class_of(class)?;
        let key = (of.file, of.class);
        let mut known: Vec<Value> = self
            .instances
            .get(&key)
            .into_iter()
            .flatten()
            .rev()
            .take(ALTERNATIVES)
            .map(|it| Value::Instance(*it))
            .collect();
        if known.is_empty() {
            let depth = self.path_depths.get(self.path().0 as usize).copied().unwrap_or(0);
            if depth >= self.limits.depth || self.tired() {
                return None;
            }
            return Some(self.instantiate(class, Vec::new(), place));
        }
        Some(if known.len() == 1 {
            known.swap_remove(0)
        } else {
            Value::Alternatives(known.into())
        })
    }

    // Classes.

    pub(super) fn instantiate(
        &mut self,
        class: CellId,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        let Some(of) = self.heap.class_of(class) else { return UNKNOWN };
        let code = self.code_of(of.file);
        let scala = self.files[of.file.index()].program.language == Language::Scala;
        let instance = self.heap.instance(class, scala.then_some(of.scope));
        let value = Value::Instance(instance);
        if self.dry == 0 {
            let known = self.instances.entry((of.file, of.class)).or_default();
            if known.len() < 64 {
                known.push(instance);
            }
        }
        if scala {
            let this = self.names.symbol("this");
            self.heap.set(instance, this, value.clone());
            let depth = self.activations.len();
            if depth < 60 && !self.tired() {
                self.scala_body(&of, instance, &arguments, 0);
            } else {
                self.note(Reason::Depth, place, code.name(code.classes[of.class.index()].name));
            }
            return value;
        }
        let hook = self.names.symbol("__init__");
        match self.class_member(class, hook) {
            Some(Value::Function(closure)) => {
                self.call_function(&closure, Some(value.clone()), arguments, place);
            }
            _ => self.fields(class, instance, &arguments, place),
        }
        value
    }

    /// The fields that a dataclass or a named tuple takes in order.
    fn fields(&mut self, class: CellId, instance: CellId, arguments: &[Argument], place: Place) {
        use program::driver::StatementKind;
        let mut chain = vec![class];
        let mut at = 0;
        while let Some(&cell) = chain.get(at)
            && chain.len() < 10
        {
            at += 1;
            if let Some(of) = self.heap.class_of(cell) {
                chain.extend(of.bases.iter().filter_map(|it| match it {
                    Value::Class(base) => Some(*base),
                    _ => None,
                }));
            }
        }
        let mut positional = arguments.iter().filter(|it| it.name.is_none() && !it.rest);
        for cell in chain.into_iter().rev() {
            let Some(of) = self.heap.class_of(cell) else { continue };
            let code = self.code_of(of.file);
            let Some(definition) = code.classes.get(of.class.index()).copied() else { continue };
            for id in code.statement_ids(definition.body) {
                let Some(statement) = code.statements.get(id.index()) else { continue };
                let StatementKind::Assign { target, annotation: Some(annotation), value } =
                    statement.kind
                else {
                    continue;
                };
                let Pattern::Name(name) = code.pattern(target) else { continue };
                let name = self.symbol_in(of.file, name);
                let given = arguments
                    .iter()
                    .find(|it| it.name == Some(name))
                    .or_else(|| positional.next())
                    .map(|it| it.value.clone());
                let default = value.and_then(|_| self.class_member(class, name));
                let value = match (given, default) {
                    (Some(value), _) | (None, Some(value)) => value,
                    (None, None) => UNKNOWN,
                };
                let annotation = code.name(annotation);
                let value = match value {
                    Value::Unknown(_) => self.declared(annotation, &value, place).unwrap_or(value),
                    value => value,
                };
                self.heap.set(instance, name, value);
            }
        }
        for argument in arguments {
            if let Some(name) = argument.name
                && self.heap.get(instance, name).is_none()
            {
                self.heap.set(instance, name, argument.value.clone());
            }
        }
    }
}
