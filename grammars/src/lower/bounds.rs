//! The most rows a dataset can have, where the source alone says so.

use program::{Argument, Bound, BoundReason, Expression, Language, Literal, Type, ValueId};
use spark::FunctionClass;

use super::Lowering;
use super::arguments::Arguments;
use super::environment::Meaning;

impl Lowering<'_> {
    /// The bound that holds whichever of several values it is.
    pub(super) fn widest_bound(&self, values: &[ValueId]) -> Option<Bound> {
        let mut widest: Option<Bound> = None;
        for value in values {
            let bound = self.program.value(*value).bound?;
            if widest.is_none_or(|it| it.rows < bound.rows) {
                widest = Some(bound);
            }
        }
        widest
    }

    /// The bound of the result of `method` on `receiver`.
    pub(super) fn bound_of_call(
        &self,
        receiver_type: Type,
        receiver: Option<ValueId>,
        method: &str,
        arguments: &[Argument],
    ) -> Option<Bound> {
        let upstream = receiver.and_then(|value| self.program.value(value).bound);
        let first = arguments.first().map(|argument| &argument.value);
        let rows = |rows, reason| Some(Bound { rows, reason });
        match (receiver_type, method) {
            (Type::Session, "createDataFrame" | "createDataset" | "toDF" | "toDS")
            | (Type::Context, "parallelize" | "makeRDD") => {
                let count = rows_of(first?)?;
                rows(count.0, count.1)
            }
            (Type::Session | Type::Context, "range") => {
                rows(range_rows(arguments)?, BoundReason::Range)
            }
            (Type::Session, "emptyDataFrame" | "emptyDataset") | (Type::Context, "emptyRDD") => {
                rows(0, BoundReason::LiteralRows)
            }
            (Type::Session, "sql") => {
                let text = text_start(first?)?.trim_start().to_ascii_lowercase();
                let mut words = text.split(|c: char| !c.is_alphanumeric());
                let first = words.next()?;
                matches!(first, "show" | "describe" | "desc")
                    .then_some(Bound { rows: 10_000, reason: BoundReason::Catalog })
            }
            (Type::Catalog, _) => rows(10_000, BoundReason::Catalog),
            (Type::DataFrame, "limit") => {
                let count = u64::try_from(first?.as_integer()?).ok()?;
                match upstream {
                    Some(bound) if bound.rows <= count => Some(bound),
                    _ => rows(count, BoundReason::Limit),
                }
            }
            (Type::DataFrame, "select") if arguments.iter().any(|it| is_aggregate(&it.value)) => {
                rows(1, BoundReason::GlobalAggregate)
            }
            (Type::NaFunctions, "drop" | "fill" | "replace") => upstream,
            (Type::DataFrame, "agg") => rows(1, BoundReason::GlobalAggregate),
            (Type::DataFrame, "describe") => rows(5, BoundReason::Description),
            (Type::DataFrame, "summary") if arguments.is_empty() => {
                rows(8, BoundReason::Description)
            }
            (Type::DataFrame, "summary") => {
                let written_out = arguments.iter().all(|it| it.value.as_text().is_some());
                rows(arguments.len() as u64, BoundReason::Description).filter(|_| written_out)
            }
            (Type::DataFrame, "groupBy" | "rollup" | "cube") if arguments.is_empty() => {
                rows(1, BoundReason::GlobalAggregate)
            }
            // Grouping never makes more rows than there were; without keys the group itself carries the bound.
            (Type::GroupedData, "agg" | "count" | "sum" | "avg" | "mean" | "min" | "max") => {
                upstream
            }
            (Type::DataFrame, "groupBy") => upstream,
            // With replacement a row can come several times.
            (Type::DataFrame | Type::Rdd, "sample") => {
                let replaces = matches!(first, Some(Expression::Literal(Literal::Boolean(true))));
                upstream.filter(|_| !replaces)
            }
            (Type::DataFrame | Type::Rdd, "union" | "unionAll" | "unionByName") => {
                let other = match first? {
                    Expression::Value(value) => self.program.value(*value).bound?,
                    _ => return None,
                };
                let upstream = upstream?;
                rows(upstream.rows.saturating_add(other.rows), upstream.reason)
            }
            (Type::DataFrame | Type::Rdd, _)
                if keeps_rows(method) && !arguments.iter().any(generates_rows) =>
            {
                upstream
            }
            _ => None,
        }
    }

    /// The bound of a dataset that is made of another one, or of what an action brought home: `createDataFrame(df.head(5))`.
    pub(super) fn bound_of_rows(
        &self,
        receiver_type: Type,
        method: &str,
        arguments: &Arguments,
    ) -> Option<Bound> {
        let makes = matches!(
            (receiver_type, method),
            (Type::Session, "createDataFrame" | "createDataset")
                | (Type::Context, "parallelize" | "makeRDD")
        );
        let (_, rows) = arguments.lowered.first().filter(|_| makes)?;
        if let Meaning::Spark(value) = rows.meaning {
            return self.program.value(value).bound;
        }
        let call = self.program.calls.get(rows.call?.index())?;
        let upstream = call.receiver.and_then(|it| self.program.value(it.value).bound);
        match call.method.as_str() {
            "collect" | "collectAsList" | "toLocalIterator" | "toPandas" => upstream,
            "head" | "tail" | "take" | "takeAsList" => {
                let count = u64::try_from(call.arguments.first()?.value.as_integer()?).ok()?;
                match upstream {
                    Some(bound) if bound.rows <= count => Some(bound),
                    _ => Some(Bound { rows: count, reason: BoundReason::Limit }),
                }
            }
            _ => None,
        }
    }
}

/// Whether a column is one value of all rows: selected, it is all that is left of them.
fn is_aggregate(expression: &Expression) -> bool {
    let Expression::Apply { function, arguments } = expression else { return false };
    let known = [Language::Python, Language::Scala]
        .into_iter()
        .find_map(|language| spark::functions().function(language, function));
    match known.map(|it| it.class) {
        Some(FunctionClass::Aggregate) => true,
        // An aggregate over a window is one value per row.
        _ if function == "over" => false,
        _ => arguments.iter().any(is_aggregate),
    }
}

/// Methods whose result has at most the rows of their receiver.
fn keeps_rows(method: &str) -> bool {
    matches!(
        method,
        "filter"
            | "where"
            | "select"
            | "selectExpr"
            | "withColumn"
            | "withColumns"
            | "withColumnRenamed"
            | "withColumnsRenamed"
            | "withMetadata"
            | "withWatermark"
            | "drop"
            | "alias"
            | "as"
            | "cache"
            | "persist"
            | "unpersist"
            | "checkpoint"
            | "localCheckpoint"
            | "repartition"
            | "repartitionByRange"
            | "coalesce"
            | "distinct"
            | "dropDuplicates"
            | "orderBy"
            | "sort"
            | "sortWithinPartitions"
            | "hint"
            | "broadcast"
            | "toDF"
            | "to"
            | "rdd"
            | "map"
            | "mapValues"
            | "keyBy"
            | "keys"
            | "values"
            | "sortBy"
            | "sortByKey"
            | "zipWithIndex"
            | "setName"
            | "na"
            | "fill"
            | "replace"
            | "except"
            | "exceptAll"
            | "intersect"
            | "intersectAll"
            | "subtract"
            | "reduceByKey"
            | "groupByKey"
            | "toJSON"
            | "offset"
            | "observe"
            | "dropna"
            | "fillna"
            | "sampleBy"
            | "dropDuplicatesWithinWatermark"
    )
}

/// Whether a column makes several rows of one.
fn generates_rows(argument: &Argument) -> bool {
    const GENERATORS: [&str; 4] = ["explode", "inline", "stack", "json_tuple"];
    let mut found = false;
    argument.value.walk(&mut |expression| match expression {
        Expression::Apply { function, .. } => {
            found |= GENERATORS.iter().any(|name| function.contains(name));
        }
        Expression::Literal(Literal::Text(text)) => {
            found |= text.contains('(')
                && GENERATORS.iter().any(|name| text.to_ascii_lowercase().contains(name));
        }
        _ => {}
    });
    found
}

/// The number of rows written out in a list, or counted off by a range.
fn rows_of(expression: &Expression) -> Option<(u64, BoundReason)> {
    match expression {
        Expression::List(items) if items.iter().any(is_spread) => None,
        Expression::List(items) => Some((items.len() as u64, BoundReason::LiteralRows)),
        Expression::Apply { function, arguments } if function == "range" => {
            Some((count_of(arguments)?, BoundReason::Range))
        }
        Expression::Apply { function, arguments } if function == "list" => {
            rows_of(arguments.first()?)
        }
        _ => None,
    }
}

/// Whether an item of a list stands for several (`*rows`).
fn is_spread(item: &Expression) -> bool {
    matches!(item, Expression::Apply { function, .. } if function == "spread")
}

/// How often a loop over `expression` runs at most.
pub(super) fn iterations(expression: &Expression) -> Option<u64> {
    match expression {
        Expression::Apply { function, arguments }
            if matches!(function.as_str(), "enumerate" | "sorted" | "reversed") =>
        {
            iterations(arguments.first()?)
        }
        // What is made element by element is no longer than what it is made of.
        Expression::Apply { function, arguments } if function == "map" && arguments.len() == 2 => {
            iterations(&arguments[0])
        }
        other => rows_of(other).map(|it| it.0),
    }
}

fn range_rows(arguments: &[Argument]) -> Option<u64> {
    let values: Vec<Expression> = arguments
        .iter()
        .filter(|it| it.name.as_deref().is_none_or(|name| matches!(name, "start" | "end" | "step")))
        .map(|it| it.value.clone())
        .collect();
    count_of(&values)
}

/// The length of `range(end)`, `range(start, end)` or `range(start, end, step)`.
fn count_of(arguments: &[Expression]) -> Option<u64> {
    let integers: Vec<i64> =
        arguments.iter().take(3).map(Expression::as_integer).collect::<Option<_>>()?;
    let (start, end, step) = match integers.as_slice() {
        [end] => (0, *end, 1),
        [start, end] => (*start, *end, 1),
        [start, end, step] => (*start, *end, *step),
        _ => return None,
    };
    if step == 0 {
        return None;
    }
    let span = if step > 0 {
        i128::from(end) - i128::from(start)
    } else {
        i128::from(start) - i128::from(end)
    };
    let step = i128::from(step).abs();
    u64::try_from(((span + step - 1) / step).max(0)).ok()
}

fn text_start(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::Literal(Literal::Text(text)) => Some(text),
        Expression::Text(parts) => match parts.first()? {
            program::TextPart::Literal(text) => Some(text),
            program::TextPart::Hole(_) => None,
        },
        _ => None,
    }
}
