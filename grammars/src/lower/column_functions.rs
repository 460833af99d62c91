//! Column functions, and the user-defined functions that some of them make.

use program::{Argument, Confidence, Effect, Expression, Literal, TextRange, Type};

use super::Lowering;
use super::arguments::Arguments;
use super::calls::Emission;
use super::environment::{Lowered, Meaning};
use super::functions::Runs;
use super::types;
use crate::syntax::{Arg, ExprKind};

impl<'a> Lowering<'a> {
    pub(super) fn column_function_call(
        &mut self,
        function: &str,
        range: TextRange,
        name_range: TextRange,
        arguments: &'a [Arg],
        arguments_range: TextRange,
    ) -> Lowered {
        if makes_function(function) {
            let arguments = self.arguments(arguments, Runs::Executors(1));
            return self.make_udf(function, range, name_range, arguments_range, arguments);
        }
        let evaluated = self.arguments(arguments, Runs::Locally);
        self.apply_column_function(function, range, name_range, arguments_range, evaluated)
    }

    /// A column function, other than those that make user-defined ones, applied to evaluated arguments.
    pub(super) fn apply_column_function(
        &mut self,
        function: &str,
        range: TextRange,
        name_range: TextRange,
        arguments_range: TextRange,
        evaluated: Arguments,
    ) -> Lowered {
        if function == "broadcast"
            && let Some((_, Lowered { meaning: Meaning::Spark(value), .. })) =
                evaluated.lowered.first()
            && self.program.value(*value).kind == Type::DataFrame
        {
            let (confidence, bound) = {
                let value = self.program.value(*value);
                (value.confidence, value.bound)
            };
            let emission = Emission {
                method: "broadcast",
                receiver_type: Type::DataFrame,
                receiver: None,
                effect: Effect::BroadcastHint,
                confidence,
                result: Some(Type::DataFrame),
                range,
                name_range,
                arguments_range,
            };
            let lowered = self.emit(emission, evaluated);
            if let Meaning::Spark(value) = lowered.meaning {
                self.program.values[value.index()].bound = bound;
            }
            return lowered;
        }
        if matches!(function, "col" | "column")
            && let Some(Expression::Literal(Literal::Text(name))) = evaluated.first("col")
        {
            return Lowered::column(Expression::Column { name: name.clone(), of: None });
        }
        if function == "expr"
            && let Some(expression) = self.sql_column(&evaluated)
        {
            return Lowered::column(expression);
        }
        Lowered::column(Expression::Apply {
            function: types::column_function_name(self.language, function).into(),
            arguments: evaluated.into_expressions().collect(),
        })
    }

    fn make_udf(
        &mut self,
        function: &str,
        range: TextRange,
        name_range: TextRange,
        arguments_range: TextRange,
        arguments: Arguments,
    ) -> Lowered {
        let emission = Emission {
            method: function,
            receiver_type: Type::UserDefinedFunction,
            receiver: None,
            effect: Effect::Other,
            confidence: Confidence::Known,
            result: Some(Type::UserDefinedFunction),
            range,
            name_range,
            arguments_range,
        };
        self.emit(emission, arguments)
    }

    /// The value that `@udf` makes of a function: a call with the function as its argument.
    pub(super) fn decorated_udf(
        &mut self,
        def: &'a crate::syntax::FunctionDef,
        index: usize,
    ) -> Option<Meaning> {
        for decorator in &def.decorators {
            let (callee, arguments, arguments_range) = match &decorator.kind {
                ExprKind::Call { callee, arguments, arguments_range, .. } => {
                    (&**callee, arguments.as_slice(), *arguments_range)
                }
                _ => (decorator, &[][..], TextRange::new(decorator.range.end, decorator.range.end)),
            };
            let lowered = match &callee.kind {
                ExprKind::Name(name) => self.name(name),
                ExprKind::Attribute { .. } => self.expression(callee),
                _ => continue,
            };
            let Meaning::Path(path) = &lowered.meaning else { continue };
            let Some(function @ ("udf" | "pandas_udf" | "arrow_udf")) =
                types::column_function(path)
            else {
                continue;
            };
            self.mark_closure(index);
            let function = function.to_owned();
            let mut evaluated = self.arguments(arguments, Runs::Locally);
            let value = Expression::Function(self.definitions[index].function);
            evaluated.model.insert(0, Argument { name: None, value, range: def.name.range });
            let made =
                self.make_udf(&function, decorator.range, callee.range, arguments_range, evaluated);
            return Some(made.meaning);
        }
        None
    }
}

/// Whether a column function gives no column, but a function.
pub(super) fn makes_function(function: &str) -> bool {
    matches!(function, "udf" | "pandas_udf" | "udaf" | "arrow_udf")
}
