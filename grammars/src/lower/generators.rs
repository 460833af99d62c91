//! Scala's `for` over a dataset: its generators are `map`, `flatMap`, `filter` and `foreach` by another spelling, so that what
//! stands in it runs on the executors.

use program::{
    Argument, Expression, Function, FunctionId, ResultUse, ScopeKind, TextRange, ValueId,
};

use super::Lowering;
use super::arguments::Arguments;
use super::environment::{Frame, FrameKind, Lowered, Meaning};
use crate::syntax::{Expr, ExprKind, Pattern, Stmt};

/// A generator with its conditions.
type Clause = (Pattern, Expr, Vec<Expr>);

impl<'a> Lowering<'a> {
    /// The dataset that a generator goes over.
    pub(super) fn generator(&self, collection: &Lowered) -> Option<ValueId> {
        match collection.meaning {
            Meaning::Spark(value)
                if self.language == program::Language::Scala
                    && self.program.value(value).kind.is_dataset() =>
            {
                Some(value)
            }
            _ => None,
        }
    }

    /// `for (x <- dataset if …; y <- ys) yield element`.
    pub(super) fn generated(
        &mut self,
        range: TextRange,
        collection: Lowered,
        clauses: &'a [Clause],
        element: &'a Expr,
    ) -> Lowered {
        let Some(((target, iterated, conditions), rest)) = clauses.split_first() else {
            return collection;
        };
        let header = iterated.range;
        let mut dataset = collection;
        if let (Some(first), Some(last)) = (conditions.first(), conditions.last()) {
            let place = TextRange::new(first.range.start, last.range.end);
            dataset = self.over(dataset, "filter", (range, header), place, target, |lowering| {
                let mut tests: Vec<Expression> =
                    conditions.iter().map(|it| lowering.expression(it).expression).collect();
                let only = if tests.len() == 1 { tests.pop() } else { None };
                Lowered::local(only.unwrap_or_else(|| Expression::Apply {
                    function: "and".into(),
                    arguments: tests,
                }))
            });
        }
        // A binding is a generator over the one value that it binds.
        let binds = |it: &Clause| matches!(&it.1.kind, ExprKind::List(items) if items.len() == 1);
        let method = if rest.iter().all(binds) { "map" } else { "flatMap" };
        self.over(dataset, method, (range, header), element.range, target, |lowering| {
            if rest.iter().all(binds) {
                for (target, value, _) in rest {
                    if let ExprKind::List(items) = &value.kind {
                        let value = items
                            .first()
                            .map(|it| lowering.expression(it))
                            .unwrap_or_else(|| Lowered::local(Expression::Unknown));
                        lowering.bind_quietly(target, &value);
                    }
                }
                lowering.expression(element)
            } else {
                lowering.comprehension(range, element, rest)
            }
        })
    }

    /// `for (x <- dataset) …`.
    pub(super) fn for_each(
        &mut self,
        range: TextRange,
        header: TextRange,
        collection: Lowered,
        target: &'a Pattern,
        body: &'a [Stmt],
    ) {
        let result = self.over(collection, "foreach", (range, header), range, target, |lowering| {
            lowering.block(body);
            Lowered::local(Expression::Unknown)
        });
        self.set_use(&result, ResultUse::Discarded);
    }

    /// A call of `method` on the dataset with a function whose only parameter is `target`.
    fn over(
        &mut self,
        dataset: Lowered,
        method: &str,
        (range, header): (TextRange, TextRange),
        place: TextRange,
        target: &'a Pattern,
        body: impl FnOnce(&mut Self) -> Lowered,
    ) -> Lowered {
        let outer = self.open(ScopeKind::Closure, place, header);
        let function = FunctionId(self.program.functions.len() as u32);
        self.program.functions.push(Function {
            name: String::new(),
            scope: Some(self.scope),
            parameters: 1,
            returns: Expression::Unknown,
            range: place,
        });
        self.frames.push(Frame::new(FrameKind::Lambda, None));
        self.bind_quietly(target, &Lowered::local(Expression::Parameter(0)));
        let result = body(self);
        self.set_use(&result, ResultUse::Returned);
        self.frames.pop();
        self.scope = outer;
        self.program.functions[function.index()].returns = result.expression;
        let value = Expression::Function(function);
        let arguments = Arguments {
            lowered: Vec::new(),
            model: vec![Argument { name: None, value, range: place }],
        };
        self.emit_generator(dataset, method, range, header, place, arguments)
    }
}
