//! Functions as values: bound methods, functions with some of their arguments, and what `reduce` does with them.

use std::sync::Arc;

use compact_str::CompactString;
use program::{
    Confidence, Expression, Language, Origin, ResultUse, TextRange, Type, UnresolvedReason,
};

use program::summary::Shape;

use super::Lowering;
use super::arguments::Arguments;
use super::calls::Site;
use super::column_functions::makes_function;
use super::environment::{Lowered, Meaning};
use super::functions::{Found, Runs};
use super::types;
use crate::syntax::{Arg, Name};

/// How many times over a function is given some of its arguments.
const PARTIALS: usize = 16;

/// A function that is a value.
#[derive(Debug, Clone)]
pub(super) enum Callable<'a> {
    /// `spark.read.parquet` without a call.
    Method { object: Lowered, name: &'a Name },
    /// `DataFrame.union`: a method that takes its receiver as the first argument.
    Unbound { kind: Type, name: &'a Name },
    /// `partial(function, …)`.
    Partial { function: Lowered, arguments: Arguments },
}

impl<'a> Lowering<'a> {
    pub(super) fn callable(&mut self, callable: Callable<'a>) -> Lowered {
        let expression = match &callable {
            Callable::Partial { function, .. } => function.expression.clone(),
            _ => Expression::Unknown,
        };
        let index = self.callables.len();
        self.callables.push(callable);
        Lowered { meaning: Meaning::Bound(index), expression, call: None }
    }

    /// A function of the file applied; to fewer arguments than it asks for, where Scala then makes a function of the rest.
    pub(super) fn call_or_curry(
        &mut self,
        index: usize,
        arguments: Arguments,
        bound: bool,
    ) -> Lowered {
        let parameters = &self.definitions[index].def.parameters;
        let open = parameters.iter().filter(|it| it.default.is_none()).count();
        // The last may take any number of arguments.
        let any = parameters
            .last()
            .and_then(|it| it.annotation.as_ref())
            .is_some_and(|it| it.name == "Seq");
        let given = arguments.lowered.len();
        if self.language == Language::Scala
            && given > 0
            && given < open.saturating_sub(usize::from(any))
            && arguments.model.len() == given
        {
            let function = self.lowered(Meaning::Function(index));
            return self.callable(Callable::Partial { function, arguments });
        }
        self.call_local(index, &arguments.lowered, bound)
    }

    /// `f andThen g`, `f compose g`: what the last of them gives.
    pub(super) fn composed(
        &mut self,
        name: &str,
        object: &Lowered,
        arguments: &Arguments,
    ) -> Option<Lowered> {
        let [(_, other)] = arguments.lowered.as_slice() else { return None };
        let functions = [&object.meaning, &other.meaning];
        let is_function = |it: &&Meaning| {
            matches!(it, Meaning::Function(_) | Meaning::Bound(_) | Meaning::Callable(_))
        };
        if !functions.iter().any(is_function) {
            return None;
        }
        let last = if name == "compose" { object } else { other };
        let result = self.result_of(&last.meaning);
        if result.is_unknown() {
            return None;
        }
        let operands = vec![object.expression.clone(), other.expression.clone()];
        Some(Lowered {
            meaning: Meaning::Callable(Arc::new(result)),
            expression: Expression::Apply { function: name.into(), arguments: operands },
            call: None,
        })
    }

    /// What a call of a function that is a value gives.
    pub(super) fn result_of(&self, function: &Meaning) -> Shape {
        let mut function = function;
        for _ in 0..PARTIALS {
            match function {
                Meaning::Bound(index) => match self.callables.get(*index) {
                    Some(Callable::Partial { function: inner, .. }) => function = &inner.meaning,
                    _ => return Shape::Unknown,
                },
                Meaning::Function(index) => return self.returns_of(*index).unbounded(),
                Meaning::Foreign(function) => return function.summary.returns.unbounded(),
                Meaning::Callable(result) => return Shape::clone(result),
                _ => return Shape::Unknown,
            }
        }
        Shape::Unknown
    }

    /// `partial(function, …)`.
    pub(super) fn partial(&mut self, arguments: &'a [Arg]) -> Lowered {
        let mut arguments = self.arguments(arguments, Runs::Locally);
        if arguments.lowered.is_empty() || arguments.model.len() < arguments.lowered.len() {
            return Lowered::unknown(UnresolvedReason::ForeignCall);
        }
        let function = arguments.lowered.remove(0).1;
        arguments.model.remove(0);
        let known = match &function.meaning {
            Meaning::Function(_)
            | Meaning::Foreign(_)
            | Meaning::Bound(_)
            | Meaning::Callable(_) => true,
            Meaning::Path(path) => column_function(path).is_some(),
            _ => false,
        };
        if !known {
            return Lowered::unknown(UnresolvedReason::ForeignCall);
        }
        self.callable(Callable::Partial { function, arguments })
    }

    /// A callable applied to arguments as they stand in the source.
    pub(super) fn apply_callable(
        &mut self,
        index: usize,
        range: TextRange,
        name_range: TextRange,
        arguments: &'a [Arg],
        arguments_range: TextRange,
    ) -> Lowered {
        if let Some(Callable::Method { object, name }) = self.callables.get(index).cloned() {
            let site = Site {
                range,
                name,
                name_range,
                receiver_range: name_range,
                arguments,
                arguments_range,
                typed: false,
            };
            return self.method_call(&site, object);
        }
        let evaluated = self.arguments(arguments, Runs::Locally);
        let callee = self.lowered(Meaning::Bound(index));
        self.apply_evaluated(range, name_range, arguments_range, &callee, evaluated)
    }

    /// A function that is a value, applied to evaluated arguments.
    pub(super) fn apply_evaluated(
        &mut self,
        range: TextRange,
        name_range: TextRange,
        arguments_range: TextRange,
        callee: &Lowered,
        mut arguments: Arguments,
    ) -> Lowered {
        let unknown = Lowered::unknown(UnresolvedReason::ForeignCall);
        match &callee.meaning {
            Meaning::Function(index) => {
                // A method that is a value is bound to what it was taken from.
                let bound = self.definitions[*index].class.is_some();
                self.call_local(*index, &arguments.lowered, bound)
            }
            Meaning::Foreign(function) => {
                self.call_foreign(&function.clone(), &arguments.lowered, true)
            }
            Meaning::Callable(result) => self.called(&result.clone()),
            Meaning::Path(path) => match column_function(path) {
                Some(function) => {
                    let function = function.to_owned();
                    self.apply_column_function(
                        &function,
                        range,
                        name_range,
                        arguments_range,
                        arguments,
                    )
                }
                None => unknown,
            },
            Meaning::Bound(index) => match self.callables.get(*index).cloned() {
                Some(Callable::Partial { function, arguments: given }) => {
                    let later = std::mem::replace(&mut arguments, given);
                    arguments.lowered.extend(later.lowered);
                    arguments.model.extend(later.model);
                    self.apply_evaluated(range, name_range, arguments_range, &function, arguments)
                }
                Some(Callable::Method { object, name }) => self.method_of_spark(
                    range,
                    name_range,
                    arguments_range,
                    object,
                    name,
                    arguments,
                ),
                Some(Callable::Unbound { kind, name }) => {
                    if arguments.lowered.is_empty()
                        || arguments.model.len() != arguments.lowered.len()
                    {
                        return unknown;
                    }
                    let receiver = arguments.lowered.remove(0).1;
                    arguments.model.remove(0);
                    let fits = matches!(receiver.meaning, Meaning::Spark(value) if self.program.value(value).kind == kind);
                    if !fits {
                        return unknown;
                    }
                    self.method_of_spark(
                        range,
                        name_range,
                        arguments_range,
                        receiver,
                        name,
                        arguments,
                    )
                }
                None => unknown,
            },
            _ => unknown,
        }
    }

    fn method_of_spark(
        &mut self,
        range: TextRange,
        name_range: TextRange,
        arguments_range: TextRange,
        object: Lowered,
        name: &'a Name,
        arguments: Arguments,
    ) -> Lowered {
        let Meaning::Spark(value) = object.meaning else {
            return Lowered::unknown(UnresolvedReason::ForeignCall);
        };
        let kind = self.program.value(value).kind;
        let Some(method) = spark::api().method(self.language, kind, &name.text) else {
            return Lowered::unknown(UnresolvedReason::Method);
        };
        let site = Site {
            range,
            name,
            name_range,
            receiver_range: name_range,
            arguments: &[],
            arguments_range,
            typed: false,
        };
        self.emit_method(&site, object, method, arguments)
    }

    /// What a call of something gives of which only that is known.
    pub(super) fn called(&mut self, result: &Shape) -> Lowered {
        match self.materialize(result, &Origin::Ambient(String::new())) {
            Some(meaning) => self.lowered(meaning),
            None => Lowered::unknown(UnresolvedReason::ForeignCall),
        }
    }

    /// A function given to run on the driver with a dataset as its first argument learns that it is one.
    pub(super) fn runs_on_driver(
        &mut self,
        function: &Lowered,
        kind: Type,
        rest: &[(Option<CompactString>, Lowered)],
    ) {
        let (function, mut given) = match &function.meaning {
            Meaning::Bound(index) => match self.callables.get(*index) {
                Some(Callable::Partial { function, arguments }) => {
                    (function.clone(), arguments.lowered.clone())
                }
                _ => return,
            },
            _ => (function.clone(), Vec::new()),
        };
        let Meaning::Function(index) = function.meaning else { return };
        let made = Lowered::unknown(UnresolvedReason::Other);
        let place = given.iter().filter(|it| it.0.is_none()).count();
        given.insert(place, (None, made));
        given.extend(rest.iter().cloned());
        self.learn(index, &given, true);
        let key = self.definitions[index].key;
        let skip = self.implicit(index, true);
        let count = self.definitions[index].def.parameters.len();
        let runs = || Found::Runs(key, count, place + skip, Shape::spark(kind, Confidence::Known));
        self.found_out(runs);
        self.found.take(&runs());
    }

    /// `reduce(function, collection, initial)` with a function by name: a loop that carries its result.
    pub(super) fn reduced(
        &mut self,
        range: TextRange,
        function: (&Lowered, TextRange),
        collection: &Lowered,
        initial: Option<&Lowered>,
    ) -> Option<Lowered> {
        let (function, name_range) = function;
        if !matches!(
            function.meaning,
            Meaning::Function(_) | Meaning::Bound(_) | Meaning::Callable(_)
        ) {
            return None;
        }
        let element = self.element(collection);
        let start = initial.unwrap_or(&element).clone();
        let Meaning::Spark(entry) = start.meaning else { return None };
        let count = super::bounds::iterations(&collection.expression);
        let before = self.before();
        let (kind, confidence) = {
            let value = self.program.value(entry);
            (value.kind, value.confidence)
        };
        let mut head = None;
        self.looped(count, range, range, &[], |lowering| {
            let value =
                lowering.value(kind, confidence, Origin::Loop { entry, carried: None }, None);
            head = Some(value);
            let given = [Lowered::spark(value), Lowered { call: None, ..element.clone() }];
            let arguments = Arguments {
                model: given
                    .iter()
                    .map(|it| program::Argument {
                        name: None,
                        value: it.expression.clone(),
                        range: name_range,
                    })
                    .collect(),
                lowered: given.into_iter().map(|it| (None, it)).collect(),
            };
            let end = TextRange::new(name_range.end, name_range.end);
            let result = lowering.apply_evaluated(name_range, name_range, end, function, arguments);
            lowering.set_use(&result, ResultUse::Other);
            if let Meaning::Spark(end) = result.meaning
                && let Some(value) = lowering.program.values.get_mut(value.index())
                && let Origin::Loop { carried, .. } = &mut value.origin
            {
                *carried = Some(end);
            }
        });
        if self.program.calls.len() == before.calls
            && self.program.scopes.len() == before.scopes + 1
        {
            self.take_back_scopes(before);
        }
        head.map(Lowered::spark)
    }
}

/// The column function of a full path, if it is one that gives a column.
fn column_function(path: &str) -> Option<&str> {
    types::column_function(path).filter(|function| !makes_function(function))
}
