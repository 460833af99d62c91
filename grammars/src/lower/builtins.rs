//! Python's functions that run a function over a collection: `map`, `filter`, and the key of `sorted`, `min` and `max`.

use program::{Literal, Origin, ResultUse, TextRange, UnresolvedReason};

use super::Lowering;
use super::bounds::iterations;
use super::collections::carries;
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
        if !matches!(
            callee.meaning,
            Meaning::Function(_) | Meaning::Bound(_) | Meaning::Callable(_)
        ) {
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
        let made = self.run_over(range, function.value.range, &callee, &collection, &element);
        let result = Lowered { meaning: Self::collection_of(made.meaning), ..made };
        Some(self.selected(name, &collection, element, result))
    }

    /// A function run for each of the elements of a collection: a loop.
    pub(super) fn run_over(
        &mut self,
        range: TextRange,
        name_range: TextRange,
        function: &Lowered,
        collection: &Lowered,
        element: &Lowered,
    ) -> Lowered {
        let before = (self.program.calls.len(), self.program.scopes.len());
        let mut made = Lowered::unknown(UnresolvedReason::Other);
        self.looped(iterations(&collection.expression), range, range, &[], |lowering| {
            let given = Lowered { call: None, ..element.clone() };
            made = lowering.run_evaluated(name_range, function, &[given]);
        });
        if self.program.calls.len() == before.0 && self.program.scopes.len() == before.1 + 1 {
            self.program.scopes.truncate(before.1);
        }
        Lowered { expression: program::Expression::Unknown, call: None, ..made }
    }

    /// `typing.cast(kind, value)`: the value itself, of the type that is said where nothing else is known.
    pub(super) fn declared_as(&mut self, kind: &'a Expr, value: &'a Expr) -> Lowered {
        let lowered = self.expression(value);
        if !matches!(lowered.meaning, Meaning::Unknown(_) | Meaning::Parameter(..)) {
            return lowered;
        }
        let name = match &kind.kind {
            ExprKind::Literal(Literal::Text(name)) => name.clone(),
            _ => self.path_text(kind.range),
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
