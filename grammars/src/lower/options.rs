//! Scala's `Option`, `Try` and their like: a thing that may be there or not. What is done with it happens at most once, so that it
//! is a branch and no loop. Functions given by name to methods of collections stand here too.

use std::sync::Arc;

use compact_str::CompactString;
use program::{Argument, Expression, Language, ResultUse, ScopeKind, TextRange, UnresolvedReason};

use super::Lowering;
use super::arguments::Arguments;
use super::calls::Site;
use super::collections::carries;
use super::environment::{Lowered, Meaning, is_null};
use super::functions::Runs;
use crate::syntax::{Arg, ExprKind, Name, Parameter, Stmt};

impl<'a> Lowering<'a> {
    /// A thing that may be there.
    pub(super) fn maybe_of(item: Meaning) -> Meaning {
        match item {
            item if carries(&item) => Meaning::Maybe(Arc::new(item)),
            Meaning::Unknown(reason) => Meaning::Unknown(reason),
            item if is_null(&item) => item,
            _ => Meaning::Local(Arc::new(Expression::Unknown)),
        }
    }

    /// `Some(x)`, `Option(x)`, `Try { x }`; none for another name.
    pub(super) fn wrapped(&mut self, name: &str, arguments: &Arguments) -> Option<Lowered> {
        if self.language != Language::Scala
            || !matches!(
                name,
                "Some" | "Option" | "Try" | "Success" | "Right" | "Left" | "Future" | "Eval"
            )
        {
            return None;
        }
        let [(_, only)] = arguments.lowered.as_slice() else { return None };
        if !carries(&only.meaning) {
            return None;
        }
        Some(Lowered { meaning: Self::maybe_of(only.meaning.clone()), ..only.clone() })
    }

    /// A method of a thing that may be there.
    pub(super) fn maybe_method(&mut self, site: &Site<'a>, object: &Lowered) -> Lowered {
        let Meaning::Maybe(inner) = &object.meaning else {
            return Lowered::unknown(UnresolvedReason::Other);
        };
        let inner = Meaning::clone(inner);
        let item = Lowered {
            meaning: inner.clone(),
            expression: object.expression.clone(),
            call: object.call,
        };
        let name = site.name.text.as_str();
        let function = site.arguments.last();
        match name {
            "get" | "head" | "last" | "orNull" | "value" | "result" => {
                self.each_argument(site.arguments, Runs::Locally);
                item
            }
            "getOrElse" | "fold" | "orElse" | "recover" | "recoverWith" | "map" | "flatMap"
            | "foreach" | "filter" | "filterNot" | "withFilter" | "collect" | "exists"
            | "forall" | "tap" | "andThen" => {
                let Some(function) = function else { return item };
                match name {
                    "getOrElse" => {
                        let otherwise = self.expression(&function.value).meaning;
                        self.either(&[inner, otherwise])
                    }
                    "orElse" | "recover" | "recoverWith" => {
                        let otherwise = match self.argument(&function.value, Runs::Locally).meaning
                        {
                            Meaning::Maybe(other) => Meaning::clone(&other),
                            Meaning::Callable(_) => Meaning::Unknown(UnresolvedReason::Other),
                            other => other,
                        };
                        let merged = self.either(&[inner, otherwise]);
                        Lowered { meaning: Self::maybe_of(merged.meaning.clone()), ..merged }
                    }
                    "fold" => {
                        let mut ways = Vec::new();
                        if let [first, _] = site.arguments {
                            ways.push(self.expression(&first.value).meaning);
                        }
                        ways.push(self.once(site, function, item).meaning);
                        self.either(&ways)
                    }
                    "map" => {
                        let made = self.once(site, function, item);
                        Lowered { meaning: Self::maybe_of(made.meaning.clone()), ..made }
                    }
                    "flatMap" => self.once(site, function, item),
                    "foreach" | "exists" | "forall" => {
                        self.once(site, function, item);
                        Lowered::local(Expression::Unknown)
                    }
                    _ => {
                        self.once(site, function, item);
                        Lowered { call: None, ..object.clone() }
                    }
                }
            }
            "toSeq" | "toList" | "toVector" | "toArray" | "iterator" | "toIterable" => Lowered {
                meaning: Self::collection_of(inner),
                ..Lowered::local(Expression::Unknown)
            },
            "toOption" | "toTry" | "toRight" | "toLeft" | "toEither" | "right" | "flatten" => {
                self.each_argument(site.arguments, Runs::Locally);
                match inner {
                    Meaning::Maybe(_) if name == "flatten" => self.lowered(inner),
                    _ => Lowered { call: None, ..object.clone() },
                }
            }
            _ => {
                self.each_argument(site.arguments, Runs::Locally);
                Lowered::local(Expression::Unknown)
            }
        }
    }

    /// The same without parentheses.
    pub(super) fn maybe_attribute(
        &mut self,
        range: TextRange,
        receiver_range: TextRange,
        name: &'a Name,
        object: &Lowered,
    ) -> Lowered {
        self.maybe_method(&Self::bare_site(range, receiver_range, name), object)
    }

    /// One of several, those left out that are no value at all.
    fn either(&mut self, ways: &[Meaning]) -> Lowered {
        let known: Vec<Meaning> = ways.iter().filter(|it| carries(it)).cloned().collect();
        let meaning = self.merge(if known.is_empty() { ways } else { &known });
        self.lowered(meaning)
    }

    /// A function given for a thing that may be there: a branch that runs it once.
    fn once(&mut self, site: &Site<'a>, function: &'a Arg, item: Lowered) -> Lowered {
        let before = self.before();
        let names = self.frame().names.clone();
        let kind = ScopeKind::Branch { statement: site.range.start, arm: 0 };
        let outer = self.open(kind, site.range, site.name_range);
        let item = Lowered { call: None, ..item };
        let result = self.run_given(function, &[item]);
        self.scope = outer;
        let after = std::mem::take(&mut self.frame().names);
        self.merge_frames(vec![after, names]);
        if self.program.calls.len() == before.calls
            && self.program.scopes.len() == before.scopes + 1
        {
            self.drop_scopes(before);
        }
        Lowered { call: None, ..result }
    }

    /// Runs a function that is given as an argument, here and now.
    pub(super) fn run_given(&mut self, function: &'a Arg, given: &[Lowered]) -> Lowered {
        if let ExprKind::Lambda { parameters, body } = &function.value.kind {
            return self.inline(parameters, body, given);
        }
        let range = function.value.range;
        let callee = self.argument(&function.value, Runs::Locally);
        self.run_evaluated(range, &callee, given)
    }

    /// Runs a function that is a value, here and now.
    pub(super) fn run_evaluated(
        &mut self,
        range: TextRange,
        callee: &Lowered,
        given: &[Lowered],
    ) -> Lowered {
        let given = given.iter().map(|it| (None, it.clone())).collect();
        self.run_named(range, callee, given)
    }

    /// The same with arguments of which some are by name.
    pub(super) fn run_named(
        &mut self,
        range: TextRange,
        callee: &Lowered,
        given: Vec<(Option<CompactString>, Lowered)>,
    ) -> Lowered {
        let arguments = Arguments {
            model: given
                .iter()
                .map(|(name, it)| Argument {
                    name: name.clone(),
                    value: it.expression.clone(),
                    range,
                })
                .collect(),
            lowered: given,
        };
        let end = TextRange::new(range.end, range.end);
        let result = self.apply_evaluated(range, range, end, callee, arguments);
        self.set_use(&result, ResultUse::Other);
        result
    }

    /// The body of a function literal with its parameters bound.
    fn inline(
        &mut self,
        parameters: &'a [Parameter],
        body: &'a [Stmt],
        given: &[Lowered],
    ) -> Lowered {
        let saved: Vec<(String, Option<Meaning>)> = parameters
            .iter()
            .flat_map(|it| super::bindings::pattern_names(&it.pattern))
            .map(|name| {
                let meaning = self.frame().names.get(name.as_str()).cloned();
                (name, meaning)
            })
            .collect();
        self.bind_given(parameters, given);
        let result = self.block_value(body).0;
        for (name, meaning) in saved {
            match meaning {
                Some(meaning) => self.frame().names.insert(name.into(), meaning),
                None => self.frame().names.remove(name.as_str()),
            };
        }
        result
    }

    /// Binds a function literal's parameters to what it is given; a single one takes several things as a tuple.
    pub(super) fn bind_given(&mut self, parameters: &'a [Parameter], given: &[Lowered]) {
        if let ([only], [_, _, ..]) = (parameters, given) {
            let tuple = Lowered {
                meaning: Meaning::Tuple(Arc::new(
                    given.iter().map(|it| it.meaning.clone()).collect(),
                )),
                expression: Expression::Unknown,
                call: None,
            };
            self.bind_quietly(&only.pattern, &tuple);
            return;
        }
        for (index, parameter) in parameters.iter().enumerate() {
            let item = given.get(index).cloned();
            let item = item.unwrap_or_else(|| Lowered::local(Expression::Unknown));
            let known = carries(&item.meaning);
            let declared = match &parameter.annotation {
                Some(written) if !known => self.annotation(written),
                _ => program::summary::Shape::Unknown,
            };
            let origin = program::Origin::Ambient(String::new());
            let item = match self.materialize(&declared, &origin) {
                Some(meaning) => self.lowered(meaning),
                None => item,
            };
            self.bind_quietly(&parameter.pattern, &item);
        }
    }

    /// A method of a local collection that is given a function by name: a loop that calls it; none for anything else.
    pub(super) fn given_by_name(
        &mut self,
        site: &Site<'a>,
        object: &Lowered,
        arguments: &Arguments,
    ) -> Option<Lowered> {
        let (function, initial) = match arguments.lowered.as_slice() {
            [(_, function)] => (function, None),
            [(_, initial), (_, function)] => (function, Some(initial)),
            _ => return None,
        };
        if !matches!(
            function.meaning,
            Meaning::Function(_) | Meaning::Bound(_) | Meaning::Callable(_)
        ) {
            return None;
        }
        let written = site.arguments.last()?.value.range;
        let name = site.name.text.as_str();
        if super::local::carries_result(name) {
            return self.reduced(site.range, (function, written), object, initial);
        }
        if initial.is_some() || !matches!(name, "foreach" | "map" | "flatMap" | "filter") {
            return None;
        }
        let made =
            self.run_over(site.range, written, function, std::slice::from_ref(object), false);
        let meaning = match name {
            "filter" => object.meaning.clone(),
            "foreach" => Meaning::Local(Arc::new(Expression::Unknown)),
            _ => Self::collection_of(made.meaning),
        };
        Some(Lowered { meaning, expression: Expression::Unknown, call: None })
    }

    /// What the pattern `Some(x)` takes out of a thing that may be there.
    pub(super) fn part_of_maybe(&self, whole: &Lowered, index: u32) -> Option<Lowered> {
        let Meaning::Maybe(inner) = &whole.meaning else { return None };
        Some(if index == 0 {
            Lowered {
                meaning: Meaning::clone(inner),
                expression: whole.expression.clone(),
                call: None,
            }
        } else {
            Lowered::unknown(UnresolvedReason::Other)
        })
    }

    /// What a generator of a `for` opens: a loop, or a branch where there is at most one.
    pub(super) fn generator_scope(
        collection: &Lowered,
        range: TextRange,
        index: usize,
    ) -> ScopeKind {
        if matches!(collection.meaning, Meaning::Maybe(_)) {
            return ScopeKind::Branch {
                statement: range.start.saturating_add(index as u32),
                arm: 0,
            };
        }
        ScopeKind::Loop { iterations: super::bounds::iterations(&collection.expression) }
    }
}
