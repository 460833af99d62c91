//! `nested-loop-join`: a join that compares every row of one side with every row of the other.

use crate::found::Found;
use crate::run::{Run, metric, rows};
use crate::{Category, Measure};
use eventlog::SqlExecution;

/// Pairs of rows from which it is worth a word.
const PAIRS: u64 = 10_000_000;

pub(crate) const EXPLANATION: &str = "With an equality in its condition, a join finds the partners of a row by its key. Without one, Spark has to compare each row of \
     one side with each row of the other: twice the rows on both sides are four times the work.";

pub(crate) fn find(run: &Run<'_>, execution: &SqlExecution) -> Vec<Found> {
    let mut found = Vec::new();
    for node in execution.plan.preorder() {
        if !matches!(node.name.as_str(), "CartesianProduct" | "BroadcastNestedLoopJoin") {
            continue;
        }
        let [left, right] = &node.children[..] else { continue };
        let out = metric(execution, node, "number of output rows").unwrap_or(0);
        let sides = rows(execution, left).zip(rows(execution, right));
        let pairs = sides.map_or(out, |(left, right)| left.saturating_mul(right).max(out));
        let stages = run.stages_of(node);
        if pairs < PAIRS {
            continue;
        }
        let of = sides.map(|(left, right)| format!(", {left} with {right}")).unwrap_or_default();
        let mut diagnosis = Found::of_execution("nested-loop-join", Category::Algorithm, execution, &stages, EXPLANATION)
            .operator(execution, node)
            .summary(format!(
                "execution {} compares {pairs} pairs of rows in a {}{of}; {out} rows come out",
                execution.execution_id, node.name
            ))
            .measure(Measure::of("pairs compared", pairs, "rows"))
            .measure(Measure::of("output rows", out, "rows"))
            .advice(
                "join on an equality of columns; for ranges, add a bucket column that both sides share (a day, a prefix, a grid cell) and keep the \
                 range as a second condition; filter both sides first",
            );
        if let Some((left, right)) = sides {
            diagnosis = diagnosis
                .measure(Measure::of("left rows", left, "rows"))
                .measure(Measure::of("right rows", right, "rows"));
        }
        found.push(diagnosis);
    }
    found
}
