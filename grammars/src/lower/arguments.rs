//! Arguments: values, named functions and lambdas given to Spark.

use compact_str::CompactString;
use program::{Argument, Confidence, Expression, ResultUse, Type};

use super::Lowering;
use super::environment::{FrameKind, Lowered, Meaning};
use super::functions::Runs;
use crate::syntax::{Arg, Expr, ExprKind};
use program::summary::Shape;

/// What stands for the name of arguments that a collection holds: `f(*frames)`.
pub(super) const SPREAD: &str = "*";

/// What stands for the name of arguments that a mapping holds: `f(**frames)`.
pub(super) const SPREAD_KEYWORDS: &str = "**";

/// Evaluated arguments.
#[derive(Debug, Clone)]
pub(super) struct Arguments {
    pub(super) lowered: Vec<(Option<CompactString>, Lowered)>,
    pub(super) model: Vec<Argument>,
}

impl Arguments {
    pub(super) fn expressions(&self) -> Vec<Expression> {
        self.model.iter().map(|it| it.value.clone()).collect()
    }

    /// What they stand for, taken out of them.
    pub(super) fn into_expressions(self) -> impl Iterator<Item = Expression> {
        self.model.into_iter().map(|it| it.value)
    }

    /// The first positional argument, or the one with this keyword.
    pub(super) fn first(&self, keyword: &str) -> Option<&Expression> {
        let named = self.model.iter().find(|it| it.name.as_deref() == Some(keyword));
        named.or_else(|| self.model.first().filter(|it| it.name.is_none())).map(|it| &it.value)
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn arguments(&mut self, arguments: &'a [Arg], runs: Runs) -> Arguments {
        let mut out = Arguments {
            lowered: Vec::with_capacity(arguments.len()),
            model: Vec::with_capacity(arguments.len()),
        };
        for argument in arguments {
            let lowered = self.argument(&argument.value, runs);
            let name = argument.name.as_ref().map(|name| name.text.clone());
            let mut value = lowered.expression.clone();
            if argument.spread && !matches!(value, Expression::List(_)) {
                value = Expression::Apply { function: "spread".into(), arguments: vec![value] };
            }
            match (argument.spread, value) {
                // `f(*[a, b])` and `f(Seq(a, b): _*)` are `f(a, b)`.
                (true, Expression::List(items)) => {
                    for value in items {
                        out.model.push(Argument { name: None, value, range: argument.value.range });
                    }
                }
                (_, value) => out.model.push(Argument {
                    name: name.clone(),
                    value,
                    range: argument.value.range,
                }),
            }
            match &lowered.meaning {
                _ if !argument.spread => out.lowered.push((name, lowered)),
                Meaning::Tuple(items) => {
                    for item in items.clone().iter() {
                        out.lowered.push((None, self.lowered(item.clone())));
                    }
                }
                // Which places these take is not known.
                Meaning::Mapping(_) | Meaning::Record(_) => {
                    out.lowered.push((Some(SPREAD_KEYWORDS.into()), lowered));
                }
                _ => out.lowered.push((Some(SPREAD.into()), lowered)),
            }
        }
        out
    }

    /// Evaluates arguments that nothing is made of.
    pub(super) fn each_argument(&mut self, arguments: &'a [Arg], runs: Runs) {
        for argument in arguments {
            self.argument(&argument.value, runs);
        }
    }

    pub(super) fn argument(&mut self, value: &'a Expr, runs: Runs) -> Lowered {
        match &value.kind {
            ExprKind::Lambda { parameters, body } => {
                self.lambda(parameters, body, value.range, runs)
            }
            ExprKind::Name(name) => {
                let lowered = self.name(name);
                self.function_value(name, lowered, value, runs)
            }
            ExprKind::Attribute { name, .. } => {
                let lowered = self.expression(value);
                self.function_value(&name.text, lowered, value, runs)
            }
            _ => self.expression(value),
        }
    }

    /// A name given where a function is asked for: a function of the file, or one of the language's.
    fn function_value(
        &mut self,
        name: &str,
        lowered: Lowered,
        value: &Expr,
        runs: Runs,
    ) -> Lowered {
        match (&lowered.meaning, runs) {
            (Meaning::Function(index), Runs::Executors(_)) => {
                self.mark_closure(*index);
                lowered
            }
            (Meaning::Foreign(function), Runs::Executors(_)) => {
                self.give_foreign(&function.clone(), true, Shape::Unknown);
                lowered
            }
            (Meaning::Foreign(function), Runs::Driver(kind)) => {
                let first = Shape::spark(kind, Confidence::Known);
                self.give_foreign(&function.clone(), false, first);
                lowered
            }
            (
                Meaning::Unknown(_) | Meaning::Path(_) | Meaning::Local(_),
                Runs::Executors(arity),
            ) if lowered.call.is_none() && is_known_function(name) => {
                let expression = self.named_function(name, arity, value.range, true);
                Lowered { expression, ..lowered }
            }
            (Meaning::Unknown(_) | Meaning::Path(_), Runs::Locally)
                if lowered.call.is_none()
                    && self.in_lambda()
                    && super::expressions::is_binary_operator(name) =>
            {
                let expression = self.named_function(name, 2, value.range, false);
                Lowered { expression, ..lowered }
            }
            _ => lowered,
        }
    }

    pub(super) fn in_lambda(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.kind == FrameKind::Lambda)
    }

    /// Marks the calls among arguments as used by `call`.
    pub(super) fn used_by(&mut self, arguments: &Arguments, call: program::CallId) {
        for (_, lowered) in &arguments.lowered {
            self.set_use(lowered, ResultUse::Argument(call));
        }
    }

    /// How a function given to `method` runs.
    pub(super) fn runs(kind: Type, method: &str) -> Runs {
        match (kind, method) {
            (Type::StreamWriter, "foreachBatch") | (Type::DataFrame, "transform") => {
                Runs::Driver(Type::DataFrame)
            }
            (
                Type::Rdd,
                "reduce" | "reduceByKey" | "fold" | "foldByKey" | "aggregate" | "aggregateByKey"
                | "treeReduce" | "treeAggregate" | "combineByKey" | "reduceByKeyLocally",
            )
            | (
                Type::DataFrame | Type::KeyValueGrouped,
                "reduce" | "reduceGroups" | "mapGroups" | "flatMapGroups",
            ) => Runs::Executors(2),
            _ => Runs::Executors(1),
        }
    }
}

/// Functions of the languages' libraries that are given to Spark by name.
fn is_known_function(name: &str) -> bool {
    super::expressions::is_binary_operator(name)
        || matches!(
            name,
            "sum"
                | "len"
                | "max"
                | "min"
                | "list"
                | "set"
                | "tuple"
                | "dict"
                | "sorted"
                | "str"
                | "int"
                | "float"
                | "abs"
                | "bool"
                | "prod"
                | "any"
                | "all"
                | "round"
                | "repr"
        )
}
