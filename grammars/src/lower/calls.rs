//! Calls of Spark's API.

use program::{
    Argument, Call, Confidence, Effect, Expression, Language, Literal, Origin, Receiver, ResultUse,
    TextRange, Type, Uncalled, UnresolvedReason, ValueId,
};
use spark::{Library, Method, Outcome};

use super::Lowering;
use super::arguments::Arguments;
use super::callables::Callable;
use super::environment::{Lowered, Meaning};
use super::functions::Runs;
use super::types;
use crate::syntax::{Arg, Name};

/// A method call as it stands in the source.
pub(super) struct Site<'a> {
    pub(super) range: TextRange,
    pub(super) name: &'a Name,
    /// Where the name stands, or the other name that the method goes by here.
    pub(super) name_range: TextRange,
    pub(super) receiver_range: TextRange,
    pub(super) arguments: &'a [Arg],
    pub(super) arguments_range: TextRange,
    /// Whether type arguments stand before the parentheses.
    pub(super) typed: bool,
}

/// A call about to enter the model.
pub(super) struct Emission<'n> {
    pub(super) method: &'n str,
    pub(super) receiver_type: Type,
    pub(super) receiver: Option<(Lowered, TextRange)>,
    pub(super) effect: Effect,
    pub(super) confidence: Confidence,
    pub(super) result: Option<Type>,
    pub(super) range: TextRange,
    pub(super) name_range: TextRange,
    pub(super) arguments_range: TextRange,
}

impl<'a> Lowering<'a> {
    /// `object.name(arguments)`.
    pub(super) fn method_call(&mut self, site: &Site<'a>, object: Lowered) -> Lowered {
        match object.meaning.clone() {
            Meaning::Spark(value) => self.spark_method(site, object, value),
            Meaning::Class(kind) => self.static_method(site, kind),
            Meaning::Column(_) => {
                let function = self.column_method(&site.name.text);
                let arguments = self.arguments(site.arguments, Runs::Locally);
                let mut operands = vec![object.expression];
                operands
                    .extend(column_arguments(&function, arguments.into_expressions().collect()));
                Lowered::column(Expression::Apply { function, arguments: operands })
            }
            Meaning::Path(module)
                if types::is_function_module(&module) && !site.name.text.contains('.') =>
            {
                self.column_function_call(
                    &site.name.text,
                    site.range,
                    site.name_range,
                    site.arguments,
                    site.arguments_range,
                )
            }
            Meaning::Path(path) => {
                let path = format!("{path}.{}", site.name.text);
                self.path_call(
                    &path,
                    site.range,
                    site.name_range,
                    site.arguments,
                    site.arguments_range,
                )
            }
            Meaning::Instance(class) | Meaning::LocalClass(class) => {
                self.member_call(site, &object, &class)
            }
            Meaning::ForeignInstance(class) | Meaning::ForeignClass(class) => {
                let bound = matches!(object.meaning, Meaning::ForeignInstance(_));
                let member = self.foreign_member(&class, &site.name.text);
                if member.is_none()
                    && bound
                    && self.is_of_spark(&site.name.text)
                    && let Some(kind) = self.extended_elsewhere(&class)
                    && let Some(result) = self.inherited_of_spark(site, kind)
                {
                    return result;
                }
                let own = matches!(&member, Some(Meaning::Foreign(method)) if method.summary.own);
                let result = self.call_member(site, member, bound);
                if own { result.of_class(Meaning::ForeignInstance(class)) } else { result }
            }
            Meaning::Library(library) => {
                self.each_argument(site.arguments, Runs::Locally);
                let text = self.path_text(site.receiver_range);
                self.library_member(library, &site.name.text, &text)
            }
            Meaning::Maybe(_) => self.maybe_method(site, &object),
            _ => self.local_method(site, object),
        }
    }

    /// A call of what a class has by the name, whatever that is.
    pub(super) fn call_member(
        &mut self,
        site: &Site<'a>,
        member: Option<Meaning>,
        bound: bool,
    ) -> Lowered {
        match &member {
            Some(Meaning::Foreign(function)) => {
                let arguments = self.arguments(site.arguments, Runs::Locally);
                return self.call_foreign(function, &arguments.lowered, bound);
            }
            Some(Meaning::Function(index)) => {
                let arguments = self.arguments(site.arguments, Runs::Locally);
                return self.call_or_curry(*index, arguments, bound);
            }
            _ => {}
        }
        match member.map(|meaning| self.lowered(meaning)) {
            Some(member) => self.apply(
                site.range,
                site.name_range,
                member,
                site.arguments,
                site.arguments_range,
            ),
            None => {
                self.each_argument(site.arguments, Runs::Locally);
                let places = (site.range, site.name_range);
                self.unresolved(&site.name.text, places, UnresolvedReason::Attribute);
                Lowered::unknown(UnresolvedReason::ForeignCall)
            }
        }
    }

    pub(super) fn spark_method(
        &mut self,
        site: &Site<'a>,
        object: Lowered,
        value: ValueId,
    ) -> Lowered {
        let kind = self.program.value(value).kind;
        let name = site.name.text.as_str();
        let name =
            if name == "as" && !site.typed && site.arguments.len() == 1 { "alias" } else { name };
        let Some(method) = spark::api().method(self.language, kind, name) else {
            if self.is_same_rdd(kind, name) {
                return object;
            }
            if let Some(extension) = self.extension(kind, name) {
                let arguments = self.arguments(site.arguments, Runs::Locally);
                return self.call_extension(extension, object, arguments);
            }
            if kind == Type::PandasFrame {
                self.each_argument(site.arguments, Runs::Locally);
                return self.library_member(Library::PandasOnSpark, name, "");
            }
            if let Some(extension) = self.foreign_extension(kind, name) {
                let arguments = self.arguments(site.arguments, Runs::Locally);
                return self.call_foreign_extension(&extension, object, arguments);
            }
            if let Some(result) = self.chained_function(site, &object) {
                return result;
            }
            let arguments = self.arguments(site.arguments, Runs::Locally);
            self.unresolved(name, (site.range, site.name_range), UnresolvedReason::Method);
            let operands =
                std::iter::once(object.expression).chain(arguments.into_expressions()).collect();
            let expression = Expression::Apply { function: name.into(), arguments: operands };
            return Lowered {
                meaning: Meaning::Unknown(UnresolvedReason::Method),
                expression,
                call: None,
            };
        };
        if self.language == Language::Scala
            && method.python_property
            && let [argument] = site.arguments
        {
            // What takes no arguments is called first: `rates.value(key)`, `df.columns(0)`.
            let range = TextRange::new(site.range.start, site.name_range.end);
            let property = self.property(range, site.receiver_range, site.name, object, method);
            if matches!(property.meaning, Meaning::Local(_)) {
                let place = self.argument(&argument.value, Runs::Locally).expression;
                if let Some(at) = place.as_integer() {
                    self.set_use(&property, ResultUse::Indexed(at));
                }
                return Lowered::local(match place.as_integer().map(u32::try_from) {
                    Some(Ok(at)) => Expression::Item(Box::new(property.expression), at),
                    _ => Expression::Apply {
                        function: "getItem".into(),
                        arguments: vec![property.expression, place],
                    },
                });
            }
            return self.apply(
                site.range,
                site.name_range,
                property,
                site.arguments,
                site.arguments_range,
            );
        }
        if self.language == Language::Python && method.python_property {
            let range = TextRange::new(site.range.start, site.name_range.end);
            let property = self.property(range, site.receiver_range, site.name, object, method);
            self.each_argument(site.arguments, Runs::Locally);
            return property;
        }
        let runs = Self::runs(kind, method.name());
        let arguments = self.arguments(site.arguments, runs);
        if let (Runs::Driver(kind), Some(((_, function), rest))) =
            (runs, arguments.lowered.split_first())
        {
            self.runs_on_driver(function, kind, rest);
        }
        if Self::makes_column(method.outcome) || kind == Type::Column {
            return self.column_of(method, object, value, &arguments);
        }
        if kind == Type::Session
            && method.name() == "sql"
            && let Some(lowered) = self.sql_call(site, &object, &arguments)
        {
            return lowered;
        }
        let named = arguments.model.first().and_then(|it| it.value.as_text()).map(str::to_owned);
        if method.name() == "table"
            && matches!(kind, Type::Session | Type::Reader)
            && let Some(view) = named.as_deref().and_then(|name| self.view(name))
        {
            return self.view_by_name(site, object, arguments, view);
        }
        let viewed = (method.effect == Effect::View).then_some(named).flatten();
        let lowered = self.emit_method(site, object, method, arguments);
        if let Some(name) = viewed {
            self.define_view(&name, value);
        }
        lowered
    }

    /// `spark.table(name)` of a temporary view: the dataset that the view was made of.
    fn view_by_name(
        &mut self,
        site: &Site<'a>,
        object: Lowered,
        arguments: Arguments,
        view: ValueId,
    ) -> Lowered {
        let kind = match object.meaning {
            Meaning::Spark(value) => self.program.value(value).kind,
            _ => Type::Session,
        };
        let emission = Emission {
            method: "table",
            receiver_type: kind,
            receiver: Some((object, site.receiver_range)),
            effect: Effect::Other,
            confidence: self.program.value(view).confidence,
            result: None,
            range: site.range,
            name_range: site.name.range,
            arguments_range: site.arguments_range,
        };
        let lowered = self.emit(emission, arguments);
        if let Some(call) = lowered.call.and_then(|id| self.program.calls.get_mut(id.index())) {
            call.result = Some(view);
        }
        Lowered { call: lowered.call, ..Lowered::spark(view) }
    }

    /// A method that evaluates to a column: an expression, not a call.
    fn column_of(
        &mut self,
        method: &Method,
        object: Lowered,
        value: ValueId,
        arguments: &Arguments,
    ) -> Lowered {
        let kind = self.program.value(value).kind;
        if kind == Type::DataFrame
            && matches!(method.name(), "col" | "apply" | "colRegex")
            && let Some(Expression::Literal(Literal::Text(name))) = arguments.first("colName")
        {
            return Lowered::column(Expression::Column { name: name.clone(), of: Some(value) });
        }
        let function = if kind == Type::UserDefinedFunction { "udf" } else { method.name() };
        let mut operands = vec![object.expression];
        operands.extend(column_arguments(function, arguments.expressions()));
        Lowered::column(Expression::Apply { function: function.into(), arguments: operands })
    }

    pub(super) fn emit_method(
        &mut self,
        site: &Site<'a>,
        object: Lowered,
        method: &Method,
        arguments: Arguments,
    ) -> Lowered {
        let kind = method.receiver;
        let mut effect = method.effect;
        if method.name() == "hint"
            && arguments.first("name").and_then(Expression::as_text).is_some_and(|hint| {
                matches!(
                    hint.to_ascii_lowercase().as_str(),
                    "broadcast" | "broadcastjoin" | "mapjoin"
                )
            })
        {
            effect = Effect::BroadcastHint;
        }
        let confidence = match object.meaning {
            Meaning::Spark(value) => self.program.value(value).confidence,
            _ => Confidence::Known,
        };
        let splits = method.name() == "randomSplit";
        let result = match method.outcome {
            Outcome::Spark(result) => Some(result),
            Outcome::Local if splits => Some(kind),
            Outcome::Local | Outcome::Unit => None,
        };
        let emission = Emission {
            method: method.name_of(&site.name.text),
            receiver_type: kind,
            receiver: Some((object, site.receiver_range)),
            effect,
            confidence,
            result,
            range: site.range,
            name_range: site.name_range,
            arguments_range: site.arguments_range,
        };
        let mut lowered = self.emit(emission, arguments);
        if splits && let Meaning::Spark(value) = lowered.meaning {
            lowered.meaning = Meaning::Many(value);
        }
        lowered
    }

    pub(super) fn emit_static(
        &mut self,
        method: &Method,
        range: TextRange,
        name_range: TextRange,
        arguments_range: TextRange,
        arguments: Arguments,
    ) -> Lowered {
        let result = match method.outcome {
            Outcome::Spark(result) => Some(result),
            Outcome::Local | Outcome::Unit => None,
        };
        let emission = Emission {
            method: method.name(),
            receiver_type: method.receiver,
            receiver: None,
            effect: method.effect,
            confidence: Confidence::Known,
            result,
            range,
            name_range,
            arguments_range,
        };
        self.emit(emission, arguments)
    }

    /// An attribute of a Spark value or class: a property, a call without parentheses, or a column.
    pub(super) fn spark_attribute(
        &mut self,
        range: TextRange,
        receiver_range: TextRange,
        name: &'a Name,
        object: Lowered,
    ) -> Lowered {
        let (kind, value) = match object.meaning {
            Meaning::Spark(value) => (self.program.value(value).kind, Some(value)),
            Meaning::Class(kind) => (kind, None),
            _ => return Lowered::unknown(UnresolvedReason::Other),
        };
        let method = spark::api().method(self.language, kind, &name.text);
        let Some(method) = method else {
            if self.is_same_rdd(kind, &name.text) {
                return object;
            }
            return match (kind, value, self.language) {
                (Type::DataFrame, Some(value), Language::Python) => {
                    Lowered::column(Expression::Column { name: name.text.clone(), of: Some(value) })
                }
                (Type::Column, Some(_), _) => Lowered::column(Expression::Apply {
                    function: "getField".into(),
                    arguments: vec![
                        object.expression,
                        Expression::Literal(Literal::Text(name.text.clone())),
                    ],
                }),
                (Type::PandasFrame, Some(_), _) => {
                    let text = self.path_text(range);
                    self.library_member(Library::PandasOnSpark, &name.text, &text)
                }
                (_, None, _) => {
                    let expression =
                        Expression::Apply { function: name.text.clone(), arguments: Vec::new() };
                    Lowered {
                        meaning: Meaning::Unknown(UnresolvedReason::Other),
                        expression,
                        call: None,
                    }
                }
                _ => {
                    if let Some(extension) = self.extension(kind, &name.text) {
                        let none = Arguments { lowered: Vec::new(), model: Vec::new() };
                        return self.call_extension(extension, object, none);
                    }
                    if let Some(extension) = self.foreign_extension(kind, &name.text) {
                        let none = Arguments { lowered: Vec::new(), model: Vec::new() };
                        return self.call_foreign_extension(&extension, object, none);
                    }
                    self.unresolved(&name.text, (range, name.range), UnresolvedReason::Method);
                    Lowered::unknown(UnresolvedReason::Method)
                }
            };
        };
        if self.language == Language::Python && !method.python_property {
            if let Some(receiver) = value {
                self.program.uncalled.push(Uncalled {
                    method: method.name().to_owned(),
                    receiver,
                    range,
                    name_range: name.range,
                    statement: self.statement,
                });
            }
            // A bound method that is not called.
            let callable = match value {
                Some(_) => Callable::Method { object: Lowered { call: None, ..object }, name },
                None => Callable::Unbound { kind, name },
            };
            return self.callable(callable);
        }
        if Self::makes_column(method.outcome) || kind == Type::Column {
            return Lowered::column(Expression::Apply {
                function: method.name().into(),
                arguments: vec![object.expression],
            });
        }
        if value.is_none() {
            if kind != Type::Window && method.effect != Effect::Configure {
                return Lowered::unknown(UnresolvedReason::Other);
            }
            if kind == Type::Window && method.outcome == Outcome::Local {
                let expression =
                    Expression::Apply { function: method.name().into(), arguments: Vec::new() };
                return Lowered::local(expression);
            }
            let end = TextRange::new(range.end, range.end);
            let none = Arguments { lowered: Vec::new(), model: Vec::new() };
            return self.emit_static(method, range, name.range, end, none);
        }
        self.property(range, receiver_range, name, object, method)
    }

    fn property(
        &mut self,
        range: TextRange,
        receiver_range: TextRange,
        name: &'a Name,
        object: Lowered,
        method: &Method,
    ) -> Lowered {
        let site = Self::bare_site(range, receiver_range, name);
        let none = Arguments { lowered: Vec::new(), model: Vec::new() };
        self.emit_method(&site, object, method, none)
    }

    /// `df[…]` with columns or a condition: a selection or a filter by another spelling.
    pub(super) fn bracket(
        &mut self,
        range: TextRange,
        index_range: TextRange,
        object: Lowered,
        method: &str,
        index: Lowered,
    ) -> Lowered {
        let Meaning::Spark(value) = object.meaning else {
            return Lowered::unknown(UnresolvedReason::Other);
        };
        let confidence = self.program.value(value).confidence;
        let items = match &index.expression {
            Expression::List(items) => items.clone(),
            other => vec![other.clone()],
        };
        let model = items
            .into_iter()
            .map(|value| Argument { name: None, value, range: index_range })
            .collect();
        let brackets = TextRange::new(index_range.start.saturating_sub(1), range.end);
        let receiver_range = TextRange::new(range.start, brackets.start);
        let emission = Emission {
            method,
            receiver_type: Type::DataFrame,
            receiver: Some((object, receiver_range)),
            effect: Effect::Narrow,
            confidence,
            result: Some(Type::DataFrame),
            range,
            name_range: TextRange::new(brackets.start, brackets.start),
            arguments_range: brackets,
        };
        self.emit(emission, Arguments { lowered: vec![(None, index)], model })
    }

    /// A call that a generator of a `for` stands for.
    pub(super) fn emit_generator(
        &mut self,
        dataset: Lowered,
        name: &str,
        range: TextRange,
        header: TextRange,
        place: TextRange,
        arguments: Arguments,
    ) -> Lowered {
        let Meaning::Spark(value) = dataset.meaning else { return dataset };
        let (kind, confidence) = {
            let value = self.program.value(value);
            (value.kind, value.confidence)
        };
        let Some(method) = spark::api().method(self.language, kind, name) else {
            return Lowered::unknown(UnresolvedReason::Method);
        };
        let emission = Emission {
            method: method.name(),
            receiver_type: kind,
            receiver: Some((dataset, header)),
            effect: method.effect,
            confidence,
            result: match method.outcome {
                Outcome::Spark(result) => Some(result),
                Outcome::Local | Outcome::Unit => None,
            },
            range,
            name_range: header,
            arguments_range: place,
        };
        self.emit(emission, arguments)
    }

    pub(super) fn emit(&mut self, emission: Emission<'_>, arguments: Arguments) -> Lowered {
        let receiver_call = emission.receiver.as_ref().and_then(|it| it.0.call);
        let receiver = emission.receiver.and_then(|(lowered, range)| match lowered.meaning {
            Meaning::Spark(value) | Meaning::Many(value) => Some(Receiver { value, range }),
            _ => None,
        });
        let bound = self.bound_of_call(
            emission.receiver_type,
            receiver.map(|it| it.value),
            emission.method,
            &arguments.model,
        );
        let bound = bound
            .or_else(|| self.bound_of_rows(emission.receiver_type, emission.method, &arguments));
        let id = program::CallId(self.program.calls.len() as u32);
        self.used_by(&arguments, id);
        let result = emission
            .result
            .map(|kind| self.value(kind, emission.confidence, Origin::Call(id), bound));
        let id = self.push_call(Call {
            method: emission.method.to_owned(),
            receiver_type: emission.receiver_type,
            receiver,
            effect: emission.effect,
            confidence: emission.confidence,
            arguments: arguments.model,
            result,
            result_use: ResultUse::Other,
            scope: self.scope,
            range: emission.range,
            name_range: emission.name_range,
            arguments_range: emission.arguments_range,
            statement: self.statement,
            in_sql: false,
        });
        if let Some(call) = receiver_call
            && let Some(call) = self.program.calls.get_mut(call.index())
        {
            call.result_use = ResultUse::Receiver(id);
        }
        match result {
            Some(value) => Lowered { call: Some(id), ..Lowered::spark(value) },
            // What an action brings home is of the language: its methods are not Spark's.
            None => Lowered { call: Some(id), ..Lowered::local(Expression::Unknown) },
        }
    }
}

/// The arguments of a column's method: PySpark's `isin` takes them in a list too.
fn column_arguments(method: &str, arguments: Vec<Expression>) -> Vec<Expression> {
    match arguments.as_slice() {
        [Expression::List(items)] if method == "isin" => items.clone(),
        _ => arguments,
    }
}
