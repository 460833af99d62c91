//! Methods of values that are not known to be Spark's: collections of the language, and receivers without a type.

use std::sync::Arc;

use program::{
    Confidence, Expression, Language, Origin, ResultUse, TextRange, Type, UnresolvedReason,
};

use super::Lowering;
use super::bounds::iterations;
use super::calls::Site;
use super::environment::{Lowered, Meaning};
use super::expressions::applied;
use super::flow::rebound;
use super::functions::Runs;
use super::types;
use crate::syntax::{Arg, ExprKind, Name, Parameter, Stmt};

impl<'a> Lowering<'a> {
    pub(super) fn local_method(&mut self, site: &Site<'a>, object: Lowered) -> Lowered {
        if let Some(guessed) = self.guess(site.name, site.receiver_range, &object) {
            return self.method_call(site, guessed);
        }
        let name = site.name.text.as_str();
        if let Some(dataset) = self.rows_to_dataset(site, &object) {
            return dataset;
        }
        if let Some(made) = self.option_when(site).or_else(|| self.for_each_batch(site)) {
            return made;
        }
        let reason = match object.meaning {
            Meaning::Unknown(reason) => Some(reason),
            Meaning::Parameter(..) => Some(UnresolvedReason::Parameter),
            _ => None,
        };
        if let Some((parameters, body, initial)) = lambda_of(site.arguments)
            && !(self.in_lambda() && matches!(object.meaning, Meaning::Local(_)))
        {
            self.set_use(&object, ResultUse::Iterated);
            let fold = carries_result(name).then_some(initial).flatten();
            if reason.is_none() || is_iteration(name) {
                return self.driver_loop(site, &object, parameters, body, fold);
            }
        }
        let arguments = self.arguments(site.arguments, Runs::Locally);
        if self.language == Language::Scala {
            if reason.is_none()
                && let Some(found) = self.given_by_name(site, &object, &arguments)
            {
                return found;
            }
            if matches!(name, "andThen" | "compose")
                && let Some(found) = self.composed(name, &object, &arguments)
            {
                return found;
            }
        }
        if self.language == Language::Python
            && let Some(found) = self.in_pool(site, &arguments)
        {
            return found;
        }
        if let (Some(_), "transform", [(_, Lowered { meaning: Meaning::Spark(value), .. })]) =
            (reason, name, arguments.lowered.as_slice())
            && self.program.value(*value).kind == Type::DataFrame
        {
            // A transformer of Spark ML: what it makes of a dataset is a dataset, and comes from it.
            let made = self.value(
                Type::DataFrame,
                Confidence::Declared,
                Origin::Merge(vec![*value]),
                None,
            );
            return Lowered::spark(made);
        }
        if let Some(reason) = reason
            && !(self.language == Language::Scala
                && types::is_of_collections(name, site.arguments.is_empty()))
        {
            self.unresolved(name, (site.range, site.name_range), reason);
        }
        if reason.is_none() {
            self.perhaps_started(name, (site.range, site.name_range));
        }
        if let Some(found) = self.collection_method(site, &object, &arguments) {
            return found;
        }
        let range = matches!(name, "to" | "until" | "range");
        let mut operands: Vec<Expression> =
            std::iter::once(object.expression).chain(arguments.into_expressions()).collect();
        if range
            && let [start, end] = operands.as_slice()
            && let (Some(start), Some(end)) = (start.as_integer(), end.as_integer())
        {
            // Scala's ranges, as Python counts them.
            let end = if name == "to" { end.saturating_add(1) } else { end };
            let integer = |value| Expression::Literal(program::Literal::Integer(value));
            operands =
                if start == 0 { vec![integer(end)] } else { vec![integer(start), integer(end)] };
            return Lowered::local(Expression::Apply {
                function: "range".into(),
                arguments: operands,
            });
        }
        let expression = applied(name, operands);
        match reason {
            Some(_) => Lowered {
                meaning: Meaning::Unknown(UnresolvedReason::ForeignCall),
                expression,
                call: None,
            },
            None => Lowered::local(expression),
        }
    }

    /// Scala's call without parentheses on a receiver without a type.
    pub(super) fn unknown_scala_attribute(
        &mut self,
        range: TextRange,
        receiver_range: TextRange,
        name: &'a Name,
        object: Lowered,
    ) -> Lowered {
        let site = Self::bare_site(range, receiver_range, name);
        let reason = match object.meaning {
            Meaning::Unknown(reason) => reason,
            Meaning::Parameter(..) => UnresolvedReason::Parameter,
            _ => UnresolvedReason::Attribute,
        };
        if let Some(guessed) = self.guess(name, receiver_range, &object) {
            return self.method_call(&site, guessed);
        }
        if name.text == "rdd" && self.program.uses_spark {
            // Wrappers of datasets call the dataset that is in them so, and nothing else does.
            let origin = Origin::Ambient(range.of(self.text).to_owned());
            let value = self.value(Type::Rdd, Confidence::Guessed, origin, None);
            return Lowered { call: object.call, ..Lowered::spark(value) };
        }
        if !types::is_of_collections(&name.text, true) {
            self.unresolved(&name.text, (range, name.range), reason);
        }
        let expression = super::expressions::local_attribute(object.expression, &name.text);
        Lowered { meaning: Meaning::Unknown(UnresolvedReason::Attribute), expression, call: None }
    }

    /// The receiver as the only type that has the method, where the name cannot mean anything else.
    fn guess(
        &mut self,
        name: &Name,
        receiver_range: TextRange,
        object: &Lowered,
    ) -> Option<Lowered> {
        let unknown = matches!(object.meaning, Meaning::Unknown(_) | Meaning::Parameter(..));
        if !unknown || !self.program.uses_spark || !types::is_distinctive(&name.text) {
            return None;
        }
        let mut kinds = spark::api()
            .receivers(self.language, &name.text)
            .filter(|kind| kind.is_dataset() || *kind == Type::Session);
        let kind = kinds.next()?;
        if kinds.next().is_some() {
            return None;
        }
        let receiver = receiver_range.of(self.text).to_owned();
        let named = is_identifier(&receiver);
        let origin = match object.meaning {
            Meaning::Parameter(function, index) => Origin::Parameter { function, index },
            _ => Origin::Ambient(if named { receiver.clone() } else { String::new() }),
        };
        let value = self.value(kind, Confidence::Guessed, origin, None);
        if named {
            self.define(&receiver, Meaning::Spark(value));
        }
        Some(Lowered { call: object.call, ..Lowered::spark(value) })
    }

    /// `xs.foreach { x => … }`, `xs.map(…)`, `xs.foldLeft(df)((d, x) => …)` on the driver: a loop.
    fn driver_loop(
        &mut self,
        site: &Site<'a>,
        object: &Lowered,
        parameters: &'a [Parameter],
        body: &'a [Stmt],
        initial: Option<&'a Arg>,
    ) -> Lowered {
        let name = site.name.text.as_str();
        let mapping = matches!(object.meaning, Meaning::Mapping(_) | Meaning::Record(_));
        let element = match name {
            "mapValues" if mapping => self.some_value(&object.meaning),
            _ => self.element(object),
        };
        let carried = match initial {
            Some(initial) => Some(self.expression(&initial.value)),
            None => carries_result(name).then(|| element.clone()),
        };
        let count = iterations(&object.expression);
        let folded =
            self.fold(site.range, count, carried.as_ref(), name, &element, parameters, body);
        if name.ends_with("Option") {
            return Lowered { meaning: Self::maybe_of(folded.meaning.clone()), ..folded };
        }
        match name {
            "filter" | "filterNot" | "withFilter" | "sortBy" | "takeWhile" | "dropWhile"
                if super::collections::carries(&object.meaning) =>
            {
                // Which are left, and in which order, is not known.
                match object.meaning {
                    Meaning::Tuple(_) => self.slice(object),
                    _ => Lowered { call: None, ..object.clone() },
                }
            }
            "partition" | "span" if super::collections::carries(&object.meaning) => {
                let halves = vec![object.meaning.clone(), object.meaning.clone()];
                Lowered {
                    meaning: Meaning::Tuple(Arc::new(halves)),
                    expression: Expression::Unknown,
                    call: None,
                }
            }
            "find" if super::collections::carries(&element.meaning) => {
                Lowered { meaning: Self::maybe_of(element.meaning.clone()), ..element }
            }
            "mapValues" | "map" if mapping => {
                let item = self.element(&folded).meaning;
                match item {
                    Meaning::Tuple(pair) if name == "map" && pair.len() == 2 => {
                        let value = pair.get(1).cloned().unwrap_or(Meaning::Tuple(pair));
                        Lowered { meaning: Meaning::Mapping(Arc::new(value)), ..folded }
                    }
                    item if name == "mapValues" && super::collections::carries(&item) => {
                        Lowered { meaning: Meaning::Mapping(Arc::new(item)), ..folded }
                    }
                    _ => folded,
                }
            }
            "flatMap" => match self.element(&folded) {
                // What the function gives is put together, not in each other.
                inner if matches!(inner.meaning, Meaning::Maybe(_)) => {
                    let item = self.part_of_maybe(&inner, 0).unwrap_or(inner);
                    Lowered { meaning: Self::collection_of(item.meaning), ..folded }
                }
                inner
                    if matches!(
                        inner.meaning,
                        Meaning::Many(_) | Meaning::Each(_) | Meaning::Tuple(_)
                    ) =>
                {
                    let item = self.element(&inner).meaning;
                    Lowered { meaning: Self::collection_of(item), ..folded }
                }
                _ => folded,
            },
            _ => folded,
        }
    }

    /// `reduce(f, xs, initial)`: a loop that carries its result, or a plain function of the language.
    pub(super) fn reduce(&mut self, range: TextRange, arguments: &'a [Arg]) -> Lowered {
        if let [function, rest @ ..] = arguments
            && let ExprKind::Lambda { parameters, body } = &function.value.kind
            && !self.in_lambda()
        {
            let values: Vec<Lowered> = rest.iter().map(|it| self.expression(&it.value)).collect();
            if let Some(collection) = values.first() {
                let element = self.element(collection);
                let carried = values.get(1).cloned().unwrap_or_else(|| element.clone());
                return self.fold(
                    range,
                    iterations(&collection.expression),
                    Some(&carried),
                    "reduce",
                    &element,
                    parameters,
                    body,
                );
            }
        }
        let evaluated = self.arguments(arguments, Runs::Locally);
        if let ([(_, function), (_, collection), rest @ ..], Some(written)) =
            (evaluated.lowered.as_slice(), arguments.first())
            && !self.in_lambda()
            && let Some(result) = self.reduced(
                range,
                (function, written.value.range),
                collection,
                rest.first().map(|it| &it.1),
            )
        {
            return result;
        }
        if let Some((_, collection)) = evaluated.lowered.get(1)
            && matches!(collection.meaning, Meaning::Many(_) | Meaning::Tuple(_))
        {
            let element = self.element(collection);
            if let Meaning::Spark(value) = element.meaning {
                let kind = self.program.value(value).kind;
                let value =
                    self.value(kind, Confidence::Declared, Origin::Merge(vec![value]), None);
                return Lowered::spark(value);
            }
        }
        Lowered::local(applied("reduce", evaluated.expressions()))
    }

    /// What a loop carries, a dataset or several in a tuple, as it is at the beginning of each turn; none for anything else. `heads` are
    /// these datasets by their place.
    fn loop_heads(
        &mut self,
        carried: &Meaning,
        heads: &mut Vec<Option<program::ValueId>>,
    ) -> Option<Meaning> {
        match carried {
            Meaning::Spark(entry) => {
                let value = self.program.value(*entry);
                let (kind, confidence) = (value.kind, value.confidence);
                let origin = Origin::Loop { entry: *entry, carried: None };
                let head = self.value(kind, confidence, origin, None);
                heads.push(Some(head));
                Some(Meaning::Spark(head))
            }
            Meaning::Tuple(items) if items.iter().any(|it| matches!(it, Meaning::Spark(_))) => {
                let mut parts = Vec::new();
                for item in items.iter() {
                    match item {
                        Meaning::Spark(_) => parts.extend(self.loop_heads(item, heads)),
                        other => {
                            heads.push(None);
                            parts.push(other.clone());
                        }
                    }
                }
                Some(Meaning::Tuple(Arc::new(parts)))
            }
            _ => None,
        }
    }

    /// What a loop leaves of what it carries, where a turn ends with `last`; none where that is something else.
    fn loop_results(
        &mut self,
        heads: &[Option<program::ValueId>],
        last: &Meaning,
    ) -> Option<Meaning> {
        match (heads, last) {
            ([Some(head)], Meaning::Spark(end)) => {
                if end != head
                    && let Some(value) = self.program.values.get_mut(head.index())
                    && let Origin::Loop { carried, .. } = &mut value.origin
                {
                    *carried = Some(*end);
                }
                Some(Meaning::Spark(*head))
            }
            ([_, _, ..], Meaning::Tuple(ends)) if ends.len() == heads.len() => {
                let parts = heads.iter().zip(ends.iter()).map(|(head, end)| {
                    let same = match (head, end) {
                        (Some(head), Meaning::Spark(value)) => {
                            self.program.value(*head).kind == self.program.value(*value).kind
                        }
                        _ => false,
                    };
                    match same.then(|| self.loop_results(&[*head], end)).flatten() {
                        Some(carried) => carried,
                        None if head.is_none() => end.clone(),
                        None => Meaning::Unknown(UnresolvedReason::Other),
                    }
                });
                Some(Meaning::Tuple(Arc::new(parts.collect())))
            }
            _ => None,
        }
    }

    #[expect(clippy::too_many_arguments)]
    pub(super) fn fold(
        &mut self,
        range: TextRange,
        count: Option<u64>,
        carried: Option<&Lowered>,
        name: &str,
        element: &Lowered,
        parameters: &'a [Parameter],
        body: &'a [Stmt],
    ) -> Lowered {
        let before = self.before();
        let mut names = rebound(body);
        let saved: Vec<(String, Option<Meaning>)> = parameters
            .iter()
            .flat_map(|it| super::bindings::pattern_names(&it.pattern))
            .map(|name| {
                let meaning = self.frame().names.get(name.as_str()).cloned();
                (name, meaning)
            })
            .collect();
        names.retain(|name| !saved.iter().any(|it| it.0 == *name));
        let mut result = Lowered::unknown(UnresolvedReason::Other);
        self.looped(count, range, range, &names, |lowering| {
            let mut heads = Vec::new();
            let mut given = Vec::new();
            if let Some(carried) = carried {
                let meaning = lowering.loop_heads(&carried.meaning, &mut heads);
                given.push(match meaning {
                    Some(meaning) => lowering.lowered(meaning),
                    None => Lowered { call: None, ..carried.clone() },
                });
            }
            given.push(element.clone());
            if name.ends_with("Right") {
                given.reverse();
            }
            lowering.bind_given(parameters, &given);
            let (last, _) = lowering.block_value(body);
            if name == "foreach" {
                lowering.set_use(&last, ResultUse::Discarded);
            }
            if let Some(carried) = lowering.loop_results(&heads, &last.meaning) {
                result = lowering.lowered(carried);
            } else {
                result = match last.meaning {
                    Meaning::Spark(value) => Lowered {
                        meaning: Meaning::Many(value),
                        expression: Expression::Unknown,
                        call: None,
                    },
                    meaning if super::collections::carries(&meaning) => Lowered {
                        meaning: Self::collection_of(meaning),
                        expression: Expression::Unknown,
                        call: None,
                    },
                    Meaning::Column(_) => Lowered::column(Expression::List(vec![last.expression])),
                    _ => Lowered::local(Expression::Unknown),
                };
            }
        });
        for (name, meaning) in saved {
            match meaning {
                Some(meaning) => self.frame().names.insert(name.into(), meaning),
                None => self.frame().names.remove(name.as_str()),
            };
        }
        if self.program.calls.len() == before.calls
            && self.program.scopes.len() == before.scopes + 1
        {
            // Nothing of Spark's happens in it.
            self.take_back_scopes(before);
        }
        result
    }
}

/// The lambda among arguments, and the argument before it.
fn lambda_of(arguments: &[Arg]) -> Option<(&[Parameter], &[Stmt], Option<&Arg>)> {
    let (initial, last) = match arguments {
        [last] => (None, last),
        [initial, last] => (Some(initial), last),
        _ => return None,
    };
    match &last.value.kind {
        ExprKind::Lambda { parameters, body } => Some((parameters, body, initial)),
        _ => None,
    }
}

/// Methods that carry a result from element to element.
pub(super) fn carries_result(name: &str) -> bool {
    matches!(
        name,
        "fold"
            | "foldLeft"
            | "foldRight"
            | "reduce"
            | "reduceLeft"
            | "reduceRight"
            | "reduceOption"
            | "reduceLeftOption"
            | "reduceRightOption"
    )
}

/// Methods that run a function once per element.
fn is_iteration(name: &str) -> bool {
    matches!(
        name,
        "foreach"
            | "map"
            | "flatMap"
            | "filter"
            | "forEach"
            | "foldLeft"
            | "foldRight"
            | "fold"
            | "collect"
            | "withFilter"
            | "exists"
            | "forall"
            | "find"
            | "submit"
    )
}

pub(super) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
}
