//! Python's functions that run a function over a collection: `map`, `filter`, and the key of `sorted`, `min` and `max`.

use std::sync::Arc;

use program::{Literal, Origin, ResultUse, TextRange, UnresolvedReason};

use super::Lowering;
use super::arguments::Arguments;
use super::bounds::iterations;
use super::collections::{carries, is_collection, row};
use super::environment::{Lowered, Meaning};
use super::functions::Runs;
use crate::syntax::{Arg, Expr, ExprKind, TypeRef};

impl<'a> Lowering<'a> {
    /// A builtin function with a function among its arguments, as a loop; none for any other.
    pub(super) fn over_elements(
        &mut self,
        name: &str,
        range: TextRange,
        arguments: &'a [Arg],
    ) -> Option<Lowered> {
        if self.in_lambda() || arguments.iter().any(|it| it.spread) {
            return None;
        }
        let (function, collection) = match (name, arguments) {
            ("map" | "filter", [function, collection]) => (function, collection),
            ("sorted" | "min" | "max", [collection, rest @ ..]) => {
                let key =
                    rest.iter().find(|it| it.name.as_ref().is_some_and(|it| it.text == "key"));
                (key?, collection)
            }
            _ => return None,
        };
        let ExprKind::Lambda { parameters, body } = &function.value.kind else {
            return self.over_elements_by_name(name, range, function, collection);
        };
        let collection = self.expression(&collection.value);
        self.set_use(&collection, ResultUse::Iterated);
        let element = self.element(&collection);
        let count = iterations(&collection.expression);
        let made = self.fold(range, count, None, "map", &element, parameters, body);
        Some(self.selected(name, &collection, element, made))
    }

    /// The same with a function that has a name. Only one of the file, or a method of a Spark value, is run.
    fn over_elements_by_name(
        &mut self,
        name: &str,
        range: TextRange,
        function: &'a Arg,
        collection: &'a Arg,
    ) -> Option<Lowered> {
        if !matches!(function.value.kind, ExprKind::Name(_) | ExprKind::Attribute { .. }) {
            return None;
        }
        let left =
            |lowering: &Self| (lowering.program.calls.len(), lowering.program.unresolved.len());
        let before = left(self);
        let callee = self.argument(&function.value, Runs::Locally);
        if !runs(&callee.meaning) {
            if before == left(self) {
                return None;
            }
            // What it left stands once.
            self.expression(&collection.value);
            return Some(Lowered::unknown(UnresolvedReason::ForeignCall));
        }
        let collection = self.expression(&collection.value);
        self.set_use(&collection, ResultUse::Iterated);
        let element = self.element(&collection);
        let collections = std::slice::from_ref(&collection);
        let made = self.run_over(range, function.value.range, &callee, collections, false);
        let result = Lowered { meaning: Self::collection_of(made.meaning), ..made };
        Some(self.selected(name, &collection, element, result))
    }

    /// What a function of `itertools`, or one that waits for futures, hands on of the collections it is given.
    pub(super) fn iterated_by(&mut self, path: &str, arguments: &Arguments) -> Option<Lowered> {
        let (module, name) = path.rsplit_once('.')?;
        let given: Vec<Lowered> = arguments
            .lowered
            .iter()
            .filter(|it| it.0.is_none() && is_collection(&it.1.meaning))
            .map(|it| it.1.clone())
            .collect();
        let first = given.first()?;
        let meaning = match (module, name) {
            ("itertools", "chain") => {
                let items: Vec<Meaning> = given.iter().map(|it| self.element(it).meaning).collect();
                Self::collection_of(self.merge(&items))
            }
            ("itertools.chain", "from_iterable") => {
                let inner = self.element(first);
                Self::collection_of(self.element(&inner).meaning)
            }
            ("itertools", "islice" | "cycle" | "takewhile" | "dropwhile" | "filterfalse")
            | ("concurrent.futures" | "asyncio", "as_completed") => {
                let at = usize::from(name.ends_with("while") || name.ends_with("false"));
                let place = arguments.lowered.get(at)?;
                Self::collection_of(self.element(&place.1.clone()).meaning)
            }
            ("itertools", "combinations" | "permutations" | "product" | "pairwise") => {
                let item = self.element(first).meaning;
                let others = given.get(1).map(|it| self.element(it).meaning);
                let width = arguments.lowered.get(1).and_then(|it| it.1.expression.as_integer());
                let pair = matches!(name, "pairwise" | "product") || width == Some(2);
                if !pair || given.len() > 2 {
                    return None;
                }
                Meaning::Each(Arc::new(row(vec![item.clone(), others.unwrap_or(item)])))
            }
            _ => return None,
        };
        let carried = is_collection(&meaning);
        carried.then_some(Lowered { meaning, expression: program::Expression::Unknown, call: None })
    }

    /// `typing.cast(kind, value)`: the value itself, of the type that is said where nothing else is known.
    pub(super) fn declared_as(&mut self, kind: &'a Expr, value: &'a Expr) -> Lowered {
        let lowered = self.expression(value);
        if !matches!(lowered.meaning, Meaning::Unknown(_) | Meaning::Parameter(..)) {
            return lowered;
        }
        let name = match &kind.kind {
            ExprKind::Literal(Literal::Text(name)) => name.clone(),
            _ => self.path_text(kind.range).into(),
        };
        let declared = self.annotation(&TypeRef { name, arguments: Vec::new() });
        match self.materialize(&declared, &Origin::Ambient(self.path_text(value.range))) {
            Some(meaning) => self.lowered(meaning),
            None => lowered,
        }
    }

    fn selected(
        &mut self,
        name: &str,
        collection: &Lowered,
        element: Lowered,
        made: Lowered,
    ) -> Lowered {
        match name {
            "map" => made,
            // Which are left, and in which order, is not known.
            "filter" | "sorted" if carries(&collection.meaning) => self.slice(collection),
            "min" | "max" if carries(&element.meaning) => Lowered { call: None, ..element },
            _ => Lowered::local(program::Expression::Unknown),
        }
    }
}

/// Whether a call of this runs a function of the workspace, or a method of a Spark value.
pub(super) fn runs(function: &Meaning) -> bool {
    matches!(
        function,
        Meaning::Function(_) | Meaning::Bound(_) | Meaning::Callable(_) | Meaning::Foreign(_)
    )
}
