//! Calls of functions, classes and modules' members: what is no method of a value of Spark.

use program::summary::Shape;
use program::{
    Argument, Effect, Expression, Language, Literal, ResultUse, TextRange, Type, UnresolvedReason,
};

use super::Lowering;
use super::arguments::Arguments;
use super::calls::{Emission, Site};
use super::collections::{carries, row};
use super::environment::{Lowered, Meaning};
use super::functions::Runs;
use super::types;
use crate::syntax::{Arg, Expr, ExprKind};

impl<'a> Lowering<'a> {
    /// `name(arguments)` and `new Name(arguments)`.
    pub(super) fn function_call(
        &mut self,
        range: TextRange,
        callee: &'a Expr,
        arguments: &'a [Arg],
        arguments_range: TextRange,
    ) -> Lowered {
        let ExprKind::Name(name) = &callee.kind else {
            let object = self.expression(callee);
            return self.apply(range, callee.range, object, arguments, arguments_range);
        };
        let object = self.name(name);
        match object.meaning.clone() {
            Meaning::Class(kind) => {
                self.construct(kind, name, (range, callee.range), arguments, arguments_range)
            }
            Meaning::Unknown(UnresolvedReason::Name) => {
                self.free_function(name, range, callee.range, arguments, arguments_range)
            }
            _ => self.apply(range, callee.range, object, arguments, arguments_range),
        }
    }

    /// An evaluated callee applied to arguments.
    pub(super) fn apply(
        &mut self,
        range: TextRange,
        name_range: TextRange,
        callee: Lowered,
        arguments: &'a [Arg],
        arguments_range: TextRange,
    ) -> Lowered {
        match callee.meaning.clone() {
            Meaning::Function(index) => {
                // A method that is a value is bound to what it was taken from.
                let bound = self.definitions[index].class.is_some();
                let arguments = self.arguments(arguments, Runs::Locally);
                self.call_or_curry(index, arguments, bound)
            }
            Meaning::LocalClass(class) => {
                let arguments = self.arguments(arguments, Runs::Locally);
                if self.language == Language::Scala
                    && let Some(index) = self.method_of(&class, "apply")
                    && matches!(
                        self.returns_of(index),
                        Shape::Spark { .. } | Shape::Many(..) | Shape::Maybe(_)
                    )
                {
                    return self.call_local(index, &arguments.lowered, true);
                }
                if let Some(index) = self.method_of(&class, "__init__") {
                    self.learn(index, &arguments.lowered, true);
                }
                let extended = self.extended(&class);
                self.created(Meaning::Instance(class), extended)
            }
            Meaning::Path(path) => {
                self.path_call(&path, range, name_range, arguments, arguments_range)
            }
            Meaning::Foreign(function) => {
                let arguments = self.arguments(arguments, Runs::Locally);
                self.call_foreign(&function, &arguments.lowered, true)
            }
            Meaning::ForeignClass(class) => {
                let arguments = self.arguments(arguments, Runs::Locally);
                for constructor in ["__init__", "apply"] {
                    if let Some(Meaning::Foreign(function)) =
                        self.foreign_member(&class, constructor)
                    {
                        let made = self.call_foreign(&function, &arguments.lowered, true);
                        if constructor == "apply" && !matches!(made.meaning, Meaning::Unknown(_)) {
                            return made;
                        }
                    }
                }
                let extended = self.extended_elsewhere(&class);
                self.created(Meaning::ForeignInstance(class), extended)
            }
            Meaning::Bound(index) => {
                self.apply_callable(index, range, name_range, arguments, arguments_range)
            }
            Meaning::Callable(result) => {
                self.each_argument(arguments, Runs::Locally);
                self.called(&result)
            }
            Meaning::Library(library) => {
                self.each_argument(arguments, Runs::Locally);
                self.lowered(Meaning::Library(library))
            }
            Meaning::Instance(class) => {
                let arguments = self.arguments(arguments, Runs::Locally);
                let method = self.method_of(&class, "__call__");
                match method.or_else(|| self.method_of(&class, "apply")) {
                    Some(index) => self.call_local(index, &arguments.lowered, true),
                    None => Lowered::unknown(UnresolvedReason::ForeignCall),
                }
            }
            Meaning::Spark(value) => {
                let kind = self.program.value(value).kind;
                let arguments = self.arguments(arguments, Runs::Executors(1));
                match kind {
                    Type::UserDefinedFunction if self.unapplied_decorator(&callee) => {
                        // `udf(returnType=…)(f)`: the call that gives the function.
                        Lowered::spark(value)
                    }
                    Type::UserDefinedFunction => column_of("udf", callee, arguments),
                    Type::DataFrame => match arguments.first("colName") {
                        Some(Expression::Literal(Literal::Text(name))) => {
                            Lowered::column(Expression::Column {
                                name: name.clone(),
                                of: Some(value),
                            })
                        }
                        Some(_) if self.language == Language::Scala => {
                            column_of("getItem", callee, arguments)
                        }
                        _ => Lowered::unknown(UnresolvedReason::Other),
                    },
                    _ => Lowered::unknown(UnresolvedReason::Other),
                }
            }
            Meaning::Column(_) => {
                let arguments = self.arguments(arguments, Runs::Locally);
                column_of("getItem", callee, arguments)
            }
            Meaning::Tuple(_)
            | Meaning::Many(_)
            | Meaning::Each(_)
            | Meaning::Mapping(_)
            | Meaning::Record(_) => {
                let arguments = self.arguments(arguments, Runs::Locally);
                let key = arguments.first("").cloned().unwrap_or_default();
                self.item(&callee, &key)
                    .unwrap_or_else(|| Lowered::unknown(UnresolvedReason::Other))
            }
            meaning => {
                let evaluated = self.arguments(arguments, Runs::Locally);
                // Scala indexes by application: `rows(0)`.
                if let (Language::Scala, Some(at), [_]) =
                    (self.language, evaluated.first("").and_then(Expression::as_integer), arguments)
                {
                    self.set_use(&callee, ResultUse::Indexed(at));
                    if let (Meaning::Local(_), Ok(place)) = (&meaning, u32::try_from(at)) {
                        return Lowered::local(Expression::Item(
                            Box::new(callee.expression),
                            place,
                        ));
                    }
                }
                Lowered::unknown(UnresolvedReason::ForeignCall)
            }
        }
    }

    /// Whether a user-defined function was made without the function it is to run.
    fn unapplied_decorator(&self, callee: &Lowered) -> bool {
        let call = callee.call.and_then(|call| self.program.calls.get(call.index()));
        call.is_some_and(|call| {
            call.method == "udf"
                && !call.arguments.iter().any(|it| matches!(it.value, Expression::Function(_)))
        })
    }

    /// A call of an imported function, by its full path.
    pub(super) fn path_call(
        &mut self,
        path: &str,
        range: TextRange,
        name_range: TextRange,
        arguments: &'a [Arg],
        arguments_range: TextRange,
    ) -> Lowered {
        let last = path.rsplit('.').next().unwrap_or(path);
        if let Some(function) = types::column_function(path) {
            let function = function.to_owned();
            return self.column_function_call(
                &function,
                range,
                name_range,
                arguments,
                arguments_range,
            );
        }
        if let Some(kind) = types::class_of_path(path, self.language) {
            return self.construct(kind, last, (range, name_range), arguments, arguments_range);
        }
        if let Some(result) = self.using(path, arguments) {
            return result;
        }
        if last == "reduce" && path.ends_with("functools.reduce") {
            return self.reduce(range, arguments);
        }
        if path == "typing.cast"
            && let [kind, value] = arguments
        {
            return self.declared_as(&kind.value, &value.value);
        }
        if path == "functools.partial" {
            return self.partial(arguments);
        }
        match self.path_meaning(path) {
            None => {}
            // What another file imported, by its own name.
            Some(Meaning::Path(other)) => {
                if let Some(function) = types::column_function(&other) {
                    let function = function.to_owned();
                    return self.column_function_call(
                        &function,
                        range,
                        name_range,
                        arguments,
                        arguments_range,
                    );
                }
            }
            Some(meaning) => {
                let callee = self.lowered(meaning);
                return self.apply(range, name_range, callee, arguments, arguments_range);
            }
        }
        let arguments = self.arguments(arguments, Runs::Locally);
        if path.starts_with("scala.") {
            let found = match last {
                "Map" | "HashMap" | "LinkedHashMap" | "TreeMap" | "SortedMap" => {
                    self.collection_builtin("Map", &arguments)
                }
                _ => self.wrapped(last, &arguments),
            };
            if let Some(found) = found {
                return found;
            }
        }
        if let Some(made) = spark::library_call(path) {
            return self.library_value(made, "");
        }
        if let Some(found) = self.iterated_by(path, &arguments) {
            return found;
        }
        self.in_thread(path, name_range, &arguments);
        if last == "getOrCreate" || last == "builder" {
            return Lowered::unknown(UnresolvedReason::ForeignCall);
        }
        let expression = super::expressions::applied(last, arguments.into_expressions().collect());
        if is_foreign_library(path)
            || path.starts_with("pyspark.sql.types")
            || path.starts_with("org.apache.spark.sql.types")
        {
            return Lowered::local(expression);
        }
        Lowered { meaning: Meaning::Unknown(UnresolvedReason::ForeignCall), expression, call: None }
    }

    /// A function that is neither defined nor imported here.
    fn free_function(
        &mut self,
        name: &str,
        range: TextRange,
        name_range: TextRange,
        arguments: &'a [Arg],
        arguments_range: TextRange,
    ) -> Lowered {
        if name == "reduce" {
            return self.reduce(range, arguments);
        }
        if name == "super"
            && let Some(parent) = self.parent()
        {
            self.each_argument(arguments, Runs::Locally);
            return self.lowered(parent);
        }
        if self.program.uses_spark && matches!(name, "col" | "lit") {
            return self.column_function_call(name, range, name_range, arguments, arguments_range);
        }
        if self.language == Language::Python
            && let Some(found) = self.over_elements(name, range, arguments)
        {
            return found;
        }
        let evaluated = self.arguments(arguments, Runs::Locally);
        if name == "display"
            && let Some((_, Lowered { meaning: Meaning::Spark(value), .. })) =
                evaluated.lowered.first()
            && self.program.value(*value).kind == Type::DataFrame
        {
            let emission = Emission {
                method: "display",
                receiver_type: Type::DataFrame,
                receiver: None,
                effect: Effect::Action,
                confidence: self.program.value(*value).confidence,
                result: None,
                range,
                name_range,
                arguments_range,
            };
            return self.emit(emission, evaluated);
        }
        if name == "Map" && self.language == Language::Scala {
            return self.scala_mapping(&evaluated);
        }
        if matches!(name, "Seq" | "List" | "Array" | "Vector" | "Set" | "IndexedSeq" | "Tuple") {
            return self.collection(evaluated);
        }
        let expression = super::expressions::applied(name, evaluated.expressions());
        if let Some(found) = self.collection_builtin(name, &evaluated) {
            return found;
        }
        if let ("len", [(_, only)]) = (name, evaluated.lowered.as_slice()) {
            // What becomes of the length becomes of what was brought home.
            return Lowered { call: only.call, ..Lowered::local(expression) };
        }
        if let Some(found) = self.wrapped(name, &evaluated) {
            return found;
        }
        if is_builtin(name) {
            return Lowered::local(expression);
        }
        Lowered { meaning: Meaning::Unknown(UnresolvedReason::ForeignCall), expression, call: None }
    }

    fn collection(&mut self, items: Arguments) -> Lowered {
        let expression = Expression::List(items.expressions());
        if items.lowered.iter().any(|(_, item)| carries(&item.meaning)) {
            let meanings = items.lowered.into_iter().map(|(_, item)| item.meaning).collect();
            return Lowered { meaning: row(meanings), expression, call: None };
        }
        Lowered::local(expression)
    }

    /// Rows of the language made a dataset (`Seq(…).toDF("a")`).
    pub(super) fn literal_rows(&mut self, site: &Site<'a>, object: Lowered) -> Lowered {
        let mut arguments = self.arguments(site.arguments, Runs::Locally);
        let rows = Argument { name: None, value: object.expression, range: site.receiver_range };
        arguments.model.insert(0, rows);
        let emission = Emission {
            method: &site.name.text,
            receiver_type: Type::Session,
            receiver: None,
            effect: Effect::Read,
            confidence: self.implicit_rows(),
            result: Some(Type::DataFrame),
            range: site.range,
            name_range: site.name_range,
            arguments_range: site.arguments_range,
        };
        self.emit(emission, arguments)
    }
}

/// Libraries whose values are never Spark's, whatever their methods are called.
pub(super) fn is_foreign_library(path: &str) -> bool {
    let root = path.split('.').next().unwrap_or_default();
    matches!(
        root,
        "pandas"
            | "polars"
            | "numpy"
            | "os"
            | "re"
            | "json"
            | "datetime"
            | "math"
            | "random"
            | "sys"
            | "time"
            | "logging"
            | "threading"
            | "collections"
            | "itertools"
            | "requests"
            | "boto3"
            | "dask"
            | "sklearn"
            | "matplotlib"
            | "scipy"
            | "pathlib"
            | "glob"
            | "shutil"
            | "subprocess"
            | "argparse"
            | "csv"
            | "pickle"
            | "string"
            | "uuid"
            | "hashlib"
            | "urllib"
            | "multiprocessing"
            | "concurrent"
            | "operator"
            | "functools"
            | "builtins"
            | "copy"
            | "io"
            | "tempfile"
            | "seaborn"
            | "pyarrow"
            | "duckdb"
            | "sqlite3"
            | "psycopg2"
            | "dbldatagen"
            | "decimal"
            | "java"
            | "scala"
            | "queue"
            | "asyncio"
            | "yaml"
            | "configparser"
    )
}

/// Builtin functions: their results are of the language.
fn is_builtin(name: &str) -> bool {
    matches!(
        name,
        "len"
            | "sum"
            | "min"
            | "max"
            | "sorted"
            | "list"
            | "set"
            | "tuple"
            | "dict"
            | "str"
            | "int"
            | "float"
            | "range"
            | "zip"
            | "enumerate"
            | "map"
            | "filter"
            | "abs"
            | "round"
            | "print"
            | "isinstance"
            | "open"
            | "any"
            | "all"
            | "type"
            | "reversed"
            | "bool"
            | "repr"
            | "println"
            | "ord"
            | "chr"
            | "format"
            | "hash"
            | "input"
            | "frozenset"
            | "bytes"
            | "iter"
            | "vars"
            | "dir"
            | "hasattr"
            | "Map"
            | "String"
            | "Some"
            | "Thread"
    )
}

/// A column that is made by applying a function to what is called and to its arguments.
fn column_of(function: &str, callee: Lowered, arguments: Arguments) -> Lowered {
    let operands = std::iter::once(callee.expression).chain(arguments.into_expressions());
    Lowered::column(Expression::Apply { function: function.into(), arguments: operands.collect() })
}
