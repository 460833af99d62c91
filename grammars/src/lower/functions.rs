//! Functions and classes of the file, and what crosses their borders.

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;
use program::{
    Confidence, Expression, Function, FunctionId, Origin, ResultUse, ScopeId, ScopeKind, TextRange,
    Type, UnresolvedReason,
};
use rustc_hash::FxHashMap;

use program::summary::{ClassName, PassedOver, Shape};

use super::Lowering;
use super::annotations::is_scalar;
use super::classes::is_decorated;
use super::definitions::ON_THE_WAY;
use super::environment::{Frame, FrameKind, Lowered, Meaning, is_null};
use crate::syntax::{FunctionDef, Parameter, Pattern, Stmt, StmtKind};

/// Decorators that make a generator what `with` enters.
pub(super) const CONTEXT_MANAGERS: &[&str] = &["contextmanager", "asynccontextmanager"];

/// What is known of one function from its uses and its body.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Summary {
    pub(super) parameters: Vec<Shape>,
    pub(super) returns: Shape,
    /// Whether it is given to Spark to run on the executors.
    pub(super) closure: bool,
    /// Whether some path returns what is not known.
    pub(super) unsure: bool,
}

/// What one pass over the file learns for the next.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Summaries {
    /// By the function's key.
    pub(super) functions: FxHashMap<u32, Summary>,
    /// Attributes by class and name.
    pub(super) attributes: FxHashMap<Arc<str>, BTreeMap<String, Shape>>,
    /// Names of the file's own scope, as they are at its end.
    pub(super) globals: BTreeMap<String, Shape>,
    /// What loops make of names that are nothing before them, by the loop's position and the name.
    pub(super) carried: FxHashMap<u32, BTreeMap<String, Shape>>,
}

/// Something that a pass learns for the next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// Spark is given the function of this key.
    Closure(u32),
    /// What a call gives a function's parameters.
    Given(u32, Vec<Shape>),
    /// What one parameter of a function, which has so many, is given whatever else was found.
    Runs(u32, usize, usize, Shape),
    /// What a function returns, and whether some path returns what is not known.
    Returns(u32, Shape, bool),
    /// What an attribute of a class is set to.
    Attribute(Arc<str>, Box<str>, Shape),
    /// What a name of the file's own scope is set to.
    Global(Box<str>, Shape),
    /// What the loop at a place makes of a name.
    Carried(u32, Box<str>, Shape),
}

impl Summaries {
    /// Learns what was found.
    pub(super) fn take(&mut self, found: &Found) {
        match found {
            Found::Closure(key) => self.functions.entry(*key).or_default().closure = true,
            Found::Given(key, shapes) => self.record_given(*key, shapes),
            Found::Runs(key, count, place, shape) => {
                self.record_runs(*key, *count, *place, shape.clone());
            }
            Found::Returns(key, returns, unsure) => {
                let entry = self.functions.entry(*key).or_default();
                entry.returns.clone_from(returns);
                entry.unsure = *unsure;
            }
            Found::Attribute(class, name, shape) => self.record_attribute(class, name, shape),
            Found::Global(name, shape) => self.record_global(name, shape),
            Found::Carried(place, name, shape) => {
                self.record_carried(*place, name, shape.clone());
            }
        }
    }

    fn record_given(&mut self, key: u32, shapes: &[Shape]) {
        let summary = self.functions.entry(key).or_default();
        summary.parameters.resize(shapes.len(), Shape::Unknown);
        for (known, shape) in summary.parameters.iter_mut().zip(shapes) {
            *known = std::mem::take(known).join(shape);
        }
    }

    fn record_runs(&mut self, key: u32, count: usize, place: usize, shape: Shape) {
        let summary = self.functions.entry(key).or_default();
        summary.parameters.resize(count, Shape::Unknown);
        if let Some(parameter) = summary.parameters.get_mut(place) {
            *parameter = shape;
        }
    }

    pub(super) fn record_global(&mut self, name: &str, shape: &Shape) {
        if matches!(shape, Shape::Function(_) | Shape::Class(_)) {
            // What `def` and `class` define is found by its name.
            return;
        }
        join_at(&mut self.globals, name, shape);
    }

    pub(super) fn record_attribute(&mut self, class: &Arc<str>, name: &str, shape: &Shape) {
        if !self.attributes.contains_key(class) {
            self.attributes.insert(class.clone(), BTreeMap::new());
        }
        if let Some(names) = self.attributes.get_mut(class) {
            join_at(names, name, shape);
        }
    }

    pub(super) fn record_carried(&mut self, place: u32, name: &str, shape: Shape) {
        self.carried.entry(place).or_default().insert(name.to_owned(), shape);
    }

    /// Whether anything goes by its place in the text.
    pub(super) fn has_places(&self) -> bool {
        !self.carried.is_empty() || self.functions.keys().any(|key| key & ON_THE_WAY != 0)
    }

    /// Forgets how many rows functions return: they may feed on each other, and have not come to rest.
    pub(super) fn forget_bounds(&mut self) {
        for summary in self.functions.values_mut() {
            summary.returns = summary.returns.unbounded();
        }
    }
}

/// Joins what is known by a name with something else.
fn join_at(names: &mut BTreeMap<String, Shape>, name: &str, shape: &Shape) {
    let shape = shape.unbounded();
    match names.get_mut(name) {
        Some(known) => *known = std::mem::take(known).join(&shape),
        None => {
            names.insert(name.to_owned(), Shape::Unknown.join(&shape));
        }
    }
}

/// The function whose body is being lowered.
#[derive(Debug, Default)]
pub(super) struct Activation {
    pub(super) returns: Shape,
    /// Whether some path returns what is not known.
    pub(super) unsure: bool,
    /// What a generator hands out.
    pub(super) yields: Shape,
    pub(super) expressions: Vec<Expression>,
}

/// How a lambda given as an argument will be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// On the executors, with so many parameters if it is a function known by name.
    Executors(u32),
    /// On the driver, with a dataset as its first parameter.
    Driver(Type),
    /// As a plain value of the language.
    Locally,
}

impl<'a> Lowering<'a> {
    /// Lowers a definition where it stands.
    pub(super) fn function(&mut self, def: &'a FunctionDef, range: TextRange) {
        let known = self.definitions.at(def.name.range.start);
        let index = known.unwrap_or_else(|| {
            let next = FunctionId(self.program.functions.len() as u32);
            let (index, function) = self.definitions.find(def, range, next);
            self.program.functions.push(function);
            index
        });
        let decorated = self.decorated_udf(def, index);
        if decorated.is_none() {
            for decorator in &def.decorators {
                self.expression(decorator);
            }
        }
        self.define(&def.name.text, decorated.unwrap_or(Meaning::Function(index)));
        self.function_body(def, index, range);
    }

    fn function_body(&mut self, def: &'a FunctionDef, index: usize, range: TextRange) {
        let function = self.definitions[index].function;
        let class = self.definitions[index].class.clone();
        let (known, key) = (self.known, self.definitions[index].key);
        let skipped = receivers(def, class.as_ref());
        let declared: Vec<Shape> = def.parameters.iter().map(|it| self.declared(it)).collect();
        let counts: Vec<bool> = def
            .parameters
            .iter()
            .zip(&declared)
            .map(|(it, declared)| counts(it, declared))
            .collect();
        let passed_over = passed_over(def, skipped, &counts);
        let elsewhere = self.called_from_elsewhere(def, index, passed_over);
        let found = self.found_closure(index);
        self.asked_closure(index, found);
        let closure = known.is_closure(key) || elsewhere.closure || found;
        let outer_scope =
            self.open(ScopeKind::Function(def.name.text.to_string()), range, def.header);
        self.lowers_definition(index);
        self.program.functions[function.index()].scope = Some(self.scope);
        if closure {
            self.open(ScopeKind::Closure, range, def.header);
        }
        self.frames.push(Frame::new(FrameKind::Function, class.clone()));
        for (position, (parameter, declared)) in def.parameters.iter().zip(declared).enumerate() {
            if let Some(default) = &parameter.default {
                self.expression(default);
            }
            if position < skipped
                && let Pattern::Name(name) = &parameter.pattern
                && let Some(class) = &class
            {
                let meaning = if name.text == "cls" || is_decorated(def, &["classmethod"]) {
                    Meaning::LocalClass(class.clone())
                } else {
                    Meaning::Instance(class.clone())
                };
                self.define(&name.text, meaning);
                continue;
            }
            let place = position.checked_sub(skipped);
            let placed = super::rest::placed(def, parameter, place, &elsewhere);
            let named = super::bindings::pattern_name(&parameter.pattern)
                .and_then(|name| elsewhere.keywords.get(name.as_str()));
            // Nothing is asked for that would not count: it is no reason for another pass.
            let seen = match declared {
                _ if !counts[position] => None,
                Shape::Unknown => known.parameter(key, position).cloned(),
                Shape::Spark { kind, confidence: Confidence::Declared, bound: None }
                    if named.is_none() && placed.is_none() =>
                {
                    let certain = known.is_certain(key, position, kind);
                    certain.then(|| Shape::spark(kind, Confidence::Known))
                }
                Shape::Spark { .. } => known.parameter(key, position).cloned(),
                _ => None,
            };
            let seen = seen.unwrap_or_default();
            let seen = named.into_iter().chain(&placed).fold(seen, |seen, it| seen.join(it));
            let index = place.unwrap_or_default() as u32;
            self.parameter(parameter, function, index, declared, &seen);
        }
        let statement = self.statement;
        self.activations.push(Activation::default());
        if def.last_is_result {
            if let (Some(returns), Some(Stmt { kind: StmtKind::Expr(last), .. })) =
                (&def.returns, def.body.last())
            {
                self.expect(last, returns);
            }
            self.returning(&def.body);
        } else {
            self.block(&def.body);
        }
        let activation = self.activations.pop().unwrap_or_default();
        self.statement = statement;
        self.frames.pop();
        self.scope = outer_scope;
        let (returns, declared) = self.summarized_returns(def, class.as_ref(), &activation);
        let returns = if activation.unsure { returns.unbounded() } else { returns };
        let unsure = activation.unsure && !declared;
        self.found_out(|| Found::Returns(key, returns.clone(), unsure));
        self.found.take(&Found::Returns(key, returns, unsure));
        if let Some(only) = self.returned_expression(activation.expressions) {
            self.program.functions[function.index()].returns = only;
        }
    }

    /// What a call of the function gives, from its annotation and its body, and whether the annotation says anything.
    fn summarized_returns(
        &self,
        def: &FunctionDef,
        class: Option<&Arc<str>>,
        activation: &Activation,
    ) -> (Shape, bool) {
        let declared = match def.returns.as_ref().map(|it| (it, self.annotation(it))) {
            // `-> "Job"` of a class may name itself.
            Some((written, Shape::Unknown)) => {
                class.filter(|it| ***it == written.name).map_or(Shape::Unknown, |it| {
                    Shape::Instance(ClassName { file: None, name: it.clone() })
                })
            }
            Some((_, declared)) => declared,
            None => Shape::Unknown,
        };
        let yields = activation.yields.clone();
        let (declared, found) = if is_decorated(def, CONTEXT_MANAGERS) {
            // What `with` binds is what the generator hands out.
            (declared.element(), yields)
        } else if yields == Shape::Unknown {
            (declared, activation.returns.clone())
        } else if is_decorated(def, &["fixture"]) {
            (declared.element(), yields)
        } else {
            (declared, Shape::collection(yields))
        };
        let declares = !declared.is_unknown();
        let returns = match (declared, found) {
            (declared, Shape::Unknown) => declared,
            (Shape::Spark { kind, .. }, found @ Shape::Spark { kind: other, .. })
                if kind == other =>
            {
                found
            }
            (Shape::Unknown, found) => found,
            (declared @ Shape::Tuple(_), found @ Shape::Tuple(_)) => {
                let joined = found.clone().join(&declared);
                if joined.unbounded().at_most(Confidence::Guessed)
                    == found.unbounded().at_most(Confidence::Guessed)
                {
                    found
                } else {
                    declared
                }
            }
            (declared, _) => declared,
        };
        (returns, declares)
    }

    /// The expression that stands for what a function returns: the only one, or a merge where each is a dataset of one type.
    fn returned_expression(&mut self, mut expressions: Vec<Expression>) -> Option<Expression> {
        if expressions.len() <= 1 {
            return expressions.pop();
        }
        let mut values = Vec::new();
        for expression in &expressions {
            let Expression::Value(value) = expression else { return None };
            if !values.contains(value) {
                values.push(*value);
            }
        }
        let kind = self.program.value(*values.first()?).kind;
        if values.iter().any(|it| self.program.value(*it).kind != kind) {
            return None;
        }
        if let [only] = values.as_slice() {
            return Some(Expression::Value(*only));
        }
        let confidence = values.iter().map(|it| self.program.value(*it).confidence).min()?;
        let bound = self.widest_bound(&values);
        Some(Expression::Value(self.value(kind, confidence, Origin::Merge(values), bound)))
    }

    /// What a parameter's annotation says of it.
    fn declared(&self, parameter: &Parameter) -> Shape {
        let declared =
            parameter.annotation.as_ref().map(|it| self.annotation(it)).unwrap_or_default();
        match parameter.pattern {
            // The annotation of `*args` and `**options` is that of each.
            Pattern::Rest { keywords: false, .. } => Shape::collection(declared),
            Pattern::Rest { keywords: true, .. } => Shape::mapping(declared),
            _ => declared,
        }
    }

    fn parameter(
        &mut self,
        parameter: &'a Parameter,
        function: FunctionId,
        index: u32,
        declared: Shape,
        seen: &Shape,
    ) {
        let shape = match (&declared, seen) {
            (Shape::Unknown, seen) => seen.clone(),
            // Call sites of the file can make a declaration certain, but not contradict it.
            (Shape::Spark { kind, .. }, Shape::Spark { kind: other, confidence, .. })
                if kind == other =>
            {
                Shape::spark(*kind, (*confidence).max(Confidence::Declared))
            }
            _ => declared,
        };
        let shape = match (
            &shape,
            &parameter.annotation,
            super::bindings::pattern_name(&parameter.pattern),
        ) {
            // A parameter by the conventional name of a session is one, unless it says otherwise.
            (Shape::Unknown, None, Some(name)) if self.program.uses_spark => {
                match self.fixture(&name) {
                    Shape::Unknown => super::types::ambient(&name)
                        .map_or(shape, |kind| Shape::spark(kind, Confidence::Declared)),
                    given => given,
                }
            }
            _ => shape,
        };
        let origin = Origin::Parameter { function, index };
        let typed = parameter.annotation.is_some();
        let meaning = self.materialize(&shape, &origin);
        let meaning = meaning.unwrap_or(if typed || shape == Shape::Local {
            Meaning::Local(Arc::new(Expression::Parameter(index)))
        } else {
            Meaning::Parameter(function, index)
        });
        let lowered = match &meaning {
            Meaning::Spark(value) => Lowered::spark(*value),
            _ => Lowered { meaning, expression: Expression::Parameter(index), call: None },
        };
        self.bind_quietly(&parameter.pattern, &lowered);
    }

    /// Takes note of a `return`, or of the last expression of a Scala body.
    pub(super) fn returned(&mut self, result: Lowered) {
        self.set_use(&result, ResultUse::Returned);
        let shape = self.shape_of(&result.meaning);
        if let Some(activation) = self.activations.last_mut() {
            if !is_null(&result.meaning) {
                activation.unsure |= shape == Shape::Unknown;
                activation.returns = std::mem::take(&mut activation.returns).join(&shape);
            }
            activation.expressions.push(result.expression);
        }
    }

    /// What a test's parameter by the name of a fixture of this file is given.
    fn fixture(&self, name: &str) -> Shape {
        let fixture = self.function_named(name, |def| is_decorated(def, &["fixture"]));
        fixture.map_or(Shape::Unknown, |index| self.returns_of(index).unbounded())
    }

    /// The first definition of this name outside of classes that is one of those asked for.
    pub(super) fn function_named(
        &self,
        name: &str,
        is_it: impl Fn(&FunctionDef) -> bool,
    ) -> Option<usize> {
        self.definitions.named(name).find(|&index| {
            let definition = &self.definitions[index];
            definition.class.is_none() && is_it(definition.def)
        })
    }

    /// What a function of the file returns, as far as it is known yet.
    pub(super) fn returns_of(&self, index: usize) -> Shape {
        let (def, key) = (self.definitions[index].def, self.definitions[index].key);
        self.asked_returns(index);
        let returns = self.found_returns(index).or_else(|| self.known.returns(key));
        match (returns, &def.returns) {
            (Some(returns), _) => returns.clone(),
            (None, Some(declared)) => {
                let declared = self.annotation(declared);
                if is_decorated(def, CONTEXT_MANAGERS) { declared.element() } else { declared }
            }
            (None, None) => Shape::Unknown,
        }
    }

    /// What the pass found a function to return so far.
    pub(super) fn found_returns(&self, index: usize) -> Option<&Shape> {
        let found = self.found.functions.get(&self.definitions.get(index)?.key)?;
        Some(&found.returns).filter(|it| **it != Shape::Unknown)
    }

    /// Whether the pass found a function to be given to Spark so far.
    pub(super) fn found_closure(&self, index: usize) -> bool {
        let key = self.definitions.get(index).map(|it| it.key);
        key.and_then(|it| self.found.functions.get(&it)).is_some_and(|it| it.closure)
    }

    /// How many of the first parameters a call gives without writing them: `self` or `cls`.
    pub(super) fn implicit(&self, index: usize, bound: bool) -> usize {
        let def = self.definitions[index].def;
        let named = matches!(def.parameters.first().map(|it| &it.pattern), Some(Pattern::Name(name)) if name.text == "self" || name.text == "cls");
        usize::from(named && (bound || is_decorated(def, &["classmethod"])))
    }

    /// Takes note of what a function of the file is called with.
    pub(super) fn learn(
        &mut self,
        index: usize,
        arguments: &[(Option<CompactString>, Lowered)],
        bound: bool,
    ) {
        let def = self.definitions[index].def;
        let skip = self.implicit(index, bound);
        let shapes = self.parameter_shapes(def, skip, arguments);
        let key = self.definitions[index].key;
        self.found_out(|| Found::Given(key, shapes.clone()));
        self.found.record_given(key, &shapes);
    }

    /// `yield value` and `yield from values`.
    pub(super) fn yielded(&mut self, operands: &'a [crate::syntax::Expr], from: bool) -> Lowered {
        for operand in operands {
            let lowered = self.expression(operand);
            let handed = if from { self.element(&lowered).meaning } else { lowered.meaning };
            let shape = self.shape_of(&handed).unbounded();
            if let Some(activation) = self.activations.last_mut() {
                activation.yields = std::mem::take(&mut activation.yields).join(&shape);
            }
        }
        Lowered::unknown(UnresolvedReason::Other)
    }

    /// The result of calling a function of the file, whose parameters learn from the arguments.
    pub(super) fn call_local(
        &mut self,
        index: usize,
        arguments: &[(Option<CompactString>, Lowered)],
        bound: bool,
    ) -> Lowered {
        self.learn(index, arguments, bound);
        let definition = &self.definitions[index];
        let (def, function) = (definition.def, definition.function);
        let mut returns = self.returns_of(index);
        if returns == Shape::Unknown {
            returns = self.overriding_returns(index);
        } else if self.is_overridden(index) {
            returns = returns.unbounded();
        }
        let values = arguments.iter().map(|it| it.1.expression.clone()).collect();
        let expression = Expression::Apply { function: def.name.text.clone(), arguments: values };
        match self.materialize(&returns, &Origin::Returned(function)) {
            Some(Meaning::Spark(value)) => Lowered::spark(value),
            Some(meaning) => Lowered { meaning, expression, call: None },
            None => Lowered {
                meaning: Meaning::Unknown(UnresolvedReason::ForeignCall),
                expression,
                call: None,
            },
        }
    }

    /// Marks a function of the file as one that the executors run.
    pub(super) fn mark_closure(&mut self, index: usize) {
        let key = self.definitions[index].key;
        self.gave_to_spark(index);
        self.found_out(|| Found::Closure(key));
        self.found.take(&Found::Closure(key));
    }

    /// A function literal given to Spark, as a function of the model.
    pub(super) fn lambda(
        &mut self,
        parameters: &'a [Parameter],
        body: &'a [Stmt],
        range: TextRange,
        runs: Runs,
    ) -> Lowered {
        let kind = match runs {
            Runs::Executors(_) => ScopeKind::Closure,
            Runs::Driver(_) | Runs::Locally => ScopeKind::Function(String::new()),
        };
        let (before, values) = (self.before(), self.program.values.len());
        let outer = self.open(kind, range, range);
        let function = FunctionId(self.program.functions.len() as u32);
        self.program.functions.push(Function {
            name: String::new(),
            scope: Some(self.scope),
            parameters: parameters.len() as u32,
            returns: Expression::Unknown,
            range,
        });
        self.frames.push(Frame::new(FrameKind::Lambda, None));
        for (index, parameter) in parameters.iter().enumerate() {
            let index = index as u32;
            let shape = match runs {
                Runs::Driver(kind) if index == 0 => Shape::spark(kind, Confidence::Known),
                _ => {
                    let written = parameter.annotation.as_ref().map(|it| self.annotation(it));
                    written.unwrap_or_else(|| {
                        let expected = self.expected.get(&range.start);
                        expected.and_then(|it| it.get(index as usize)).cloned().unwrap_or_default()
                    })
                }
            };
            let lowered = match self.materialize(&shape, &Origin::Parameter { function, index }) {
                Some(Meaning::Spark(value)) => Lowered::spark(value),
                Some(meaning) => {
                    Lowered { meaning, expression: Expression::Parameter(index), call: None }
                }
                None => Lowered::local(Expression::Parameter(index)),
            };
            self.bind_quietly(&parameter.pattern, &lowered);
        }
        let statement = self.statement;
        self.activations.push(Activation::default());
        let (result, _) = self.block_value(body);
        self.set_use(&result, ResultUse::Returned);
        self.activations.pop();
        self.statement = statement;
        self.frames.pop();
        self.scope = outer;
        self.program.functions[function.index()].returns = result.expression;
        if runs == Runs::Locally
            && self.program.calls.len() == before.calls
            && self.program.scopes.len() == before.scopes + 1
            && self.program.values.len() == values
            && function.index() + 1 == self.program.functions.len()
        {
            // Nothing of Spark's happens in it: a function of the language, of no matter to the model.
            self.drop_scopes(before);
            let returns = self.program.functions.pop().map(|it| it.returns).unwrap_or_default();
            let local = Expression::Apply { function: "lambda".into(), arguments: vec![returns] };
            return Lowered::local(local);
        }
        let meaning = match (runs, self.shape_of(&result.meaning).unbounded()) {
            (Runs::Locally, shape) if !shape.is_unknown() => Meaning::Callable(Arc::new(shape)),
            _ => Meaning::Unknown(UnresolvedReason::Other),
        };
        Lowered { meaning, expression: Expression::Function(function), call: None }
    }

    /// A function known by name, given as a value; one that the executors run has a scope as a lambda has.
    pub(super) fn named_function(
        &mut self,
        name: &str,
        arity: u32,
        range: TextRange,
        closure: bool,
    ) -> Expression {
        let arity = if super::expressions::is_binary_operator(name) { 2 } else { arity };
        let arguments = (0..arity).map(Expression::Parameter).collect();
        let scope = closure.then(|| {
            let outer = self.open(ScopeKind::Closure, range, range);
            std::mem::replace(&mut self.scope, outer)
        });
        let function = FunctionId(self.program.functions.len() as u32);
        self.program.functions.push(Function {
            name: String::new(),
            scope,
            parameters: arity,
            returns: super::expressions::applied(name, arguments),
            range,
        });
        Expression::Function(function)
    }

    pub(super) fn class(
        &mut self,
        name: &str,
        parameters: &'a [Parameter],
        body: &'a [Stmt],
        range: TextRange,
        header: TextRange,
        runs: bool,
    ) {
        let class: Arc<str> = name.into();
        self.define(name, Meaning::LocalClass(class.clone()));
        let outer: ScopeId = self.open(ScopeKind::Class(name.to_owned()), range, header);
        self.frames.push(Frame::new(FrameKind::Class, Some(class.clone())));
        for parameter in parameters {
            let shape =
                parameter.annotation.as_ref().map(|it| self.annotation(it)).unwrap_or_default();
            if let Pattern::Name(name) = &parameter.pattern {
                let origin = Origin::Ambient(name.text.to_string());
                let meaning = self.materialize(&shape, &origin);
                let text = name.text.as_str();
                self.found_out(|| Found::Attribute(class.clone(), text.into(), shape.clone()));
                self.found.record_attribute(&class, text, &shape);
                self.define(
                    &name.text,
                    meaning.unwrap_or(Meaning::Unknown(UnresolvedReason::Parameter)),
                );
            }
        }
        self.block(body);
        self.places(&class, body);
        let frame = self.frames.pop();
        for (name, meaning) in frame.into_iter().flat_map(|it| it.names) {
            let shape = self.shape_of(&meaning);
            self.found_out(|| Found::Attribute(class.clone(), (*name).into(), shape.clone()));
            self.found.record_attribute(&class, &name, &shape);
            if runs {
                self.made_member();
                // The body has run: whoever names a member means this very value.
                self.members.entry(class.clone()).or_default().insert(name, meaning);
            }
        }
        self.scope = outer;
    }

    /// A field of a named tuple is an attribute by its place, too.
    fn places(&mut self, class: &Arc<str>, body: &'a [Stmt]) {
        let bases = self.collected.bases.get(class).map_or(&[][..], Vec::as_slice);
        if !bases.iter().any(|base| base.rsplit('.').next() == Some("NamedTuple")) {
            return;
        }
        for (place, field) in fields(body).enumerate() {
            if let Some(meaning) = self.frame().names.get(field).cloned() {
                self.define(&place.to_string(), meaning);
            }
        }
    }
}

/// The fields that the body of a class declares, in order.
fn fields(body: &[Stmt]) -> impl Iterator<Item = &str> {
    body.iter().filter_map(|statement| match &statement.kind {
        StmtKind::Assign { target: Pattern::Name(name), annotation: Some(_), .. } => {
            Some(name.text.as_str())
        }
        _ => None,
    })
}

/// Whether what calls give a parameter counts beside what it is declared to be.
fn counts(parameter: &Parameter, declared: &Shape) -> bool {
    match declared {
        Shape::Unknown => !parameter.annotation.as_ref().is_some_and(is_scalar),
        Shape::Spark { .. } => true,
        _ => false,
    }
}

/// What of calls from other files does not count for a function whose first parameters are passed by as receivers.
fn passed_over(def: &FunctionDef, receivers: usize, counts: &[bool]) -> PassedOver {
    if def.parameters.iter().any(|it| matches!(it.pattern, Pattern::Rest { .. })) {
        // What is left over is told apart by the names and places of all others.
        return PassedOver::default();
    }
    let parameters = def.parameters.iter().zip(counts).skip(receivers).enumerate();
    let parameters = parameters.filter(|(_, (_, counts))| !**counts).map(|(place, (it, _))| {
        (place, super::bindings::pattern_name(&it.pattern).unwrap_or_default().into())
    });
    PassedOver { parameters: parameters.collect(), unknown: true }
}

/// How many of a method's parameters are the object or the class that it is called on: `self` or `cls`, which Scala does not write.
pub(super) fn receivers(def: &FunctionDef, class: Option<&Arc<str>>) -> usize {
    let first = def.parameters.first().map(|it| &it.pattern);
    let named =
        matches!(first, Some(Pattern::Name(name)) if matches!(name.text.as_str(), "self" | "cls"));
    usize::from(class.is_some() && named && !is_decorated(def, &["staticmethod"]))
}
