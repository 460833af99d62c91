//! `join-explosion`: far more rows come out of a join than went in.

use crate::found::Found;
use crate::run::{Run, metric, rows};
use crate::skew::float;
use crate::{Category, Measure};
use eventlog::SqlExecution;

/// Rows out over the larger side's rows, and rows out, from which it is worth a word.
const RATIO: u64 = 10;
const ROWS: u64 = 1_000_000;

pub(crate) const EXPLANATION: &str = "A join gives one row for each pair of rows with the same key. When a key stands on many rows of both sides, the pairs are the \
     product of the two numbers, and everything after the join works on them.";

pub(crate) fn find(run: &Run<'_>, execution: &SqlExecution) -> Vec<Found> {
    let mut found = Vec::new();
    for node in execution.plan.preorder() {
        if !matches!(node.name.as_str(), "SortMergeJoin" | "BroadcastHashJoin" | "ShuffledHashJoin")
        {
            continue;
        }
        let [left, right] = &node.children[..] else { continue };
        let Some(out) = metric(execution, node, "number of output rows") else { continue };
        let Some((left, right)) = rows(execution, left).zip(rows(execution, right)) else {
            continue;
        };
        let most = left.max(right);
        if out < ROWS || most == 0 || out / RATIO < most {
            continue;
        }
        found.push(
            Found::of_execution("join-explosion", Category::Algorithm, execution, &run.stages_of(node), EXPLANATION)
                .operator(execution, node)
                .summary(format!(
                    "execution {} joins {left} with {right} rows and {out} come out, {:.0} times the larger side",
                    execution.execution_id,
                    float(out) / float(most)
                ))
                .measure(Measure::of("left rows", left, "rows"))
                .measure(Measure::of("right rows", right, "rows"))
                .measure(Measure::of("output rows", out, "rows"))
                .measure(Measure { name: "output over the larger side", value: float(out) / float(most), unit: "ratio" })
                .advice("look for keys that repeat on both sides: deduplicate or aggregate one side before, add the missing key column, or use a semi join where only existence matters"),
        );
    }
    found
}
